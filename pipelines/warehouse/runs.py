"""The rows of ``sync_runs``: which are the latest, and what came of a run's publication."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import duckdb

from imgur_source.records import SYNC_RUNS
from warehouse.catalog import RAW_SCHEMA, columns_of, newest_rows
from warehouse.files import quoted

UNPUBLISHED = "kept"  # what sync_runs says where the published file stayed as it was
NOT_PUBLISHED = "Not published: "  # how its reason begins then


def last_runs(connection: duckdb.DuckDBPyConnection, limit: int) -> dict[str, dict[str, Any]]:
    """The latest rows of ``sync_runs`` by run id, at most *limit*."""
    names = SYNC_RUNS.column_names
    rows = newest_rows(connection, SYNC_RUNS, names, newest_by="started_at", limit=limit)
    return {row["run_id"]: row for row in rows}


def complete_run(
    connection: duckdb.DuckDBPyConnection,
    run_id: str,
    *,
    outcome: str,
    published_at: datetime | None = None,
    why: str | None = None,
) -> bool:
    """Say in its row what came of a run's publication; returns whether the row was there.

    Args:
        why: what blocked publication; it comes before what else the reason says, and once.
    """
    if SYNC_RUNS.name not in columns_of(connection, RAW_SCHEMA):
        return False
    updated = connection.execute(
        f"update {quoted(RAW_SCHEMA, SYNC_RUNS.name)} "
        "set publication = $outcome, published_at = coalesce($published_at, published_at), "
        "reason = case when $why is null or starts_with(coalesce(reason, ''), $sign) then reason "
        "else concat_ws(' ', $sign || $why, reason) end where run_id = $run_id returning run_id",
        {
            "outcome": outcome,
            "published_at": published_at,
            "why": why,
            "sign": NOT_PUBLISHED,
            "run_id": run_id,
        },
    ).fetchall()
    return bool(updated)
