"""What the warehouse keeps of a run itself: its row of ``sync_runs``, and ``credit_charges``."""

from __future__ import annotations

import json
from datetime import datetime
from importlib.metadata import version

import pyarrow as pa

from imgur_source.clock import Clock
from imgur_source.extract import RunState
from imgur_source.records import CREDIT_CHARGES, SYNC_RUNS, rows_table
from nightly.loading import DUCKDB
from nightly.options import Options
from nightly.plan_text import planned_lines


def verdict_of(run: RunState) -> tuple[str, str | None, int]:
    """Outcome, reason and exit code of what was read."""
    if run.fatal is not None:
        return "failed", str(run.fatal), 2
    if run.failures:
        return "failed", str(run.failures[0]), 1
    if run.ended:
        return "stopped", run.ended, 0
    return "done", None, 0


def run_records(
    run: RunState, *, options: Options, run_id: str, started_at: datetime, clock: Clock
) -> dict[str, pa.Table]:
    """``sync_runs`` and ``credit_charges``, so that the published file describes itself."""
    now = clock.now()
    outcome, reason, _ = verdict_of(run)
    credits = run.meter.credits
    sync_run = {
        "run_id": run_id,
        "started_at": started_at,
        "ended_at": now,
        "outcome": outcome,
        "reason": reason,
        "accounts": json.dumps(run.report.accounts),
        "feeds": json.dumps(run.report.feeds),
        "resources": json.dumps(run.report.resources),
        "rounds": run.rounds,
        "credits_planned": run.plan.expected if run.plan and run.plan.is_known else None,
        "credits_spent": credits.spent,
        "user_credits_left": credits.user.remaining if credits.user else None,
        "client_credits_left": credits.client.remaining if credits.client else None,
        "plan": json.dumps(planned_lines(run)) if run.plan else None,
        "rows_loaded": json.dumps(dict(sorted(run.report.rows.items()))),
        "owed": json.dumps(run.pending),
        "notes": json.dumps([*run.report.retirements, *run.report.notes]),
        "publication": None if options.is_published else "off",
        "published_at": run.report.published_at,  # by an earlier round
        "version": version("imgur_source"),
        "fetched_at": now,
    }
    is_counted = options.destination == DUCKDB
    charges = [
        {
            "run_id": run_id,
            "endpoint": endpoint,
            "credits": run.meter.charges[endpoint],
            "requests": run.meter.requests[endpoint],
            "unchanged": run.meter.unchanged[endpoint],
            "replays": run.meter.replays[endpoint],
            "rows_new": run.report.rows_new[endpoint] if is_counted else None,
            "rows_refreshed": run.report.rows_refreshed[endpoint] if is_counted else None,
            "fetched_at": now,
        }
        for endpoint in sorted(
            {*run.meter.requests, *run.meter.replays, *(+(run.report.rows_new + run.report.rows_refreshed))}
        )
    ]
    return {
        SYNC_RUNS.name: rows_table(SYNC_RUNS, [sync_run]),
        CREDIT_CHARGES.name: rows_table(CREDIT_CHARGES, charges),
    }
