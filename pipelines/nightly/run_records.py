"""What the warehouse keeps of a run itself: its row of ``sync_runs``, and ``credit_charges``."""

from __future__ import annotations

import json
from datetime import datetime
from importlib.metadata import version

import pyarrow as pa

from imgur_source.clock import Clock
from imgur_source.extract import Receipt
from imgur_source.records import CREDIT_CHARGES, SYNC_RUNS, rows_table
from nightly.loading import DUCKDB
from nightly.options import Options
from nightly.plan_text import planned_lines


def verdict_of(receipt: Receipt) -> tuple[str, str | None, int]:
    """Outcome, reason and exit code of what was read."""
    if receipt.fatal is not None:
        return "failed", str(receipt.fatal), 2
    if receipt.failures:
        return "failed", str(receipt.failures[0]), 1
    if receipt.ended:
        return "stopped", receipt.ended, 0
    return "done", None, 0


def run_records(
    receipt: Receipt, *, options: Options, run_id: str, started_at: datetime, clock: Clock
) -> dict[str, pa.Table]:
    """``sync_runs`` and ``credit_charges``, so that the published file describes itself."""
    now = clock.now()
    outcome, reason, _ = verdict_of(receipt)
    credits = receipt.credits
    sync_run = {
        "run_id": run_id,
        "started_at": started_at,
        "ended_at": now,
        "outcome": outcome,
        "reason": reason,
        "accounts": json.dumps(receipt.accounts),
        "feeds": json.dumps(receipt.feeds),
        "resources": json.dumps(receipt.resources),
        "rounds": receipt.rounds,
        "credits_planned": receipt.plan.expected if receipt.plan and receipt.plan.is_known else None,
        "credits_spent": credits.spent,
        "user_credits_left": credits.user.remaining if credits.user else None,
        "client_credits_left": credits.client.remaining if credits.client else None,
        "plan": json.dumps(planned_lines(receipt)) if receipt.plan else None,
        "rows_loaded": json.dumps(dict(sorted(receipt.rows.items()))),
        "owed": json.dumps(receipt.pending),
        "notes": json.dumps([*receipt.retirements, *receipt.notes]),
        "publication": None if options.is_published else "off",
        "published_at": receipt.published_at,  # by an earlier round
        "version": version("imgur_source"),
        "fetched_at": now,
    }
    is_counted = options.destination == DUCKDB
    charges = [
        {
            "run_id": run_id,
            "endpoint": endpoint,
            "credits": receipt.charges[endpoint],
            "requests": receipt.requests[endpoint],
            "unchanged": receipt.unchanged[endpoint],
            "replays": receipt.replays[endpoint],
            "rows_new": receipt.rows_new[endpoint] if is_counted else None,
            "rows_refreshed": receipt.rows_refreshed[endpoint] if is_counted else None,
            "fetched_at": now,
        }
        for endpoint in sorted(
            {*receipt.requests, *receipt.replays, *(+(receipt.rows_new + receipt.rows_refreshed))}
        )
    ]
    return {
        SYNC_RUNS.name: rows_table(SYNC_RUNS, [sync_run]),
        CREDIT_CHARGES.name: rows_table(CREDIT_CHARGES, charges),
    }
