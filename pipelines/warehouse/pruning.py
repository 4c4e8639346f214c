"""What the work file need not keep: repetitions, outlived states of dlt, old runs and results.

Each function works on the current catalog of a connection that it is given,
inside the caller's transaction, and says how many rows went. A table that is
not there is passed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb

from imgur_source.records import CREDIT_CHARGES, FETCHED_AT, SYNC_RUNS, Table
from warehouse.catalog import HISTORIES, LOAD_ID, RAW_SCHEMA, columns_of
from warehouse.files import quoted
from warehouse.relations import AUDIT_RESULTS

STATES_KEPT = 3  # dlt needs the newest; two more are for a person who investigates what went wrong
STATE_TABLE = "_dlt_pipeline_state"
LOADS_TABLE = "_dlt_loads"


@dataclass(frozen=True, slots=True)
class Tidied:
    """What was dropped, in rows.

    Attributes:
        repetitions: observations that repeated the one before.
        states: old versions of dlt's state.
        runs: forgotten runs; their charges went with them.
        results: forgotten results of audits.
    """

    repetitions: int = 0
    states: int = 0
    runs: int = 0
    results: int = 0


def drop_repetitions(connection: duckdb.DuckDBPyConnection) -> int:
    """Have every history grow with change: of neighbouring rows with equal counters the first one stays.

    Its ``fetched_at`` becomes that of the last one, so the row says from when
    until when the counters were seen to stand so. An observation that comes
    late and falls between these two is put in its place; what was seen
    between them before is then forgotten.
    """
    columns = columns_of(connection, RAW_SCHEMA)
    dropped = 0
    for table in HISTORIES:
        if table.name in columns:
            _part_overlaps(connection, table)
            dropped += _join_equals(connection, table, columns[table.name])
    return dropped


def drop_old_states(connection: duckdb.DuckDBPyConnection) -> int:
    """Keep the newest states of each pipeline that dlt may restore: those of loads that were completed.

    dlt restores the newest of them, adds one whenever the state has changed,
    and removes none. States of other loads are left to dlt.
    """
    columns = columns_of(connection, RAW_SCHEMA)
    if STATE_TABLE not in columns or LOADS_TABLE not in columns:
        return 0
    states, loads = quoted(RAW_SCHEMA, STATE_TABLE), quoted(RAW_SCHEMA, LOADS_TABLE)
    return _changed(
        connection,
        f"delete from {states} where rowid in ("
        f"select states.rowid from {states} as states "
        f"inner join {loads} as loads on loads.load_id = states.{quoted(LOAD_ID)} "
        "where loads.status = 0 "
        # the order in which dlt chooses, and its version where one load brought two
        "qualify row_number() over (partition by states.pipeline_name "
        f"order by loads.load_id desc, states.version desc) > {STATES_KEPT})",
    )


def drop_old_runs(connection: duckdb.DuckDBPyConnection, *, before: datetime) -> int:
    """Forget the runs that started *before*, and their charges; the latest published one stays.

    Missing items are counted from that publication on, however old it is.
    """
    columns = columns_of(connection, RAW_SCHEMA)
    if SYNC_RUNS.name not in columns:
        return 0
    runs = quoted(RAW_SCHEMA, SYNC_RUNS.name)
    old = (
        f"select run_id from {runs} where started_at < ? and run_id is distinct from ("
        f"select run_id from {runs} where published_at is not null "
        "order by published_at desc, run_id desc limit 1)"
    )
    if CREDIT_CHARGES.name in columns:
        connection.execute(
            f"delete from {quoted(RAW_SCHEMA, CREDIT_CHARGES.name)} where run_id in ({old})", [before]
        )
    return _changed(connection, f"delete from {runs} where run_id in ({old})", [before])


def drop_old_results(connection: duckdb.DuckDBPyConnection, *, before: datetime) -> int:
    """Forget what audits found *before*, as long ago as the runs that are forgotten."""
    schema, table = AUDIT_RESULTS.split(".")
    if table not in columns_of(connection, schema):
        return 0
    return _changed(connection, f"delete from {AUDIT_RESULTS} where audited_at < ?", [before])


def _part_overlaps(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Make two rows again, its first and its last observation, of a row that another one falls into."""
    source = quoted(RAW_SCHEMA, table.name)
    connection.execute(
        "create or replace temp table parted as "
        f"select id, observed_at, fetched_at from {source} "
        "qualify fetched_at > lead(observed_at) over (partition by id order by observed_at)"
    )
    connection.execute(
        f"insert into {source} by name "
        f"select history.* replace (history.fetched_at as observed_at) from {source} as history "
        "semi join parted on parted.id = history.id and parted.observed_at = history.observed_at "
        f"anti join {source} as present "
        "on present.id = history.id and present.observed_at = history.fetched_at"
    )
    connection.execute(
        f"update {source} as history set fetched_at = history.observed_at from parted "
        "where parted.id = history.id and parted.observed_at = history.observed_at"
    )
    connection.execute("drop table parted")


def _join_equals(connection: duckdb.DuckDBPyConnection, table: Table, present: list[str]) -> int:
    source = quoted(RAW_SCHEMA, table.name)
    counters = [
        name for name in table.column_names if name in present and name not in (*table.key, FETCHED_AT.name)
    ]
    is_equal = " and ".join(
        f"{quoted(name)} is not distinct from lag({quoted(name)}) over by_time" for name in counters
    )
    connection.execute(
        "create or replace temp table repetitions as "
        "with marked as ("
        "select rowid as place, id, observed_at, fetched_at, "
        f"lag(observed_at) over by_time is not null and {is_equal} as is_repetition "
        f"from {source} window by_time as (partition by id order by observed_at)), "
        "grouped as ("
        "select place, id, fetched_at, is_repetition, "
        "max(observed_at) filter (where not is_repetition) over (partition by id order by observed_at) "
        "as first_at from marked) "
        "select place, id, first_at, fetched_at from grouped where is_repetition"
    )
    connection.execute(
        f"update {source} as history set fetched_at = lasting.seen_until_at from ("
        "select id, first_at, max(fetched_at) as seen_until_at from repetitions group by id, first_at"
        ") as lasting where lasting.id = history.id and lasting.first_at = history.observed_at "
        "and lasting.seen_until_at > history.fetched_at"
    )
    dropped = _changed(connection, f"delete from {source} where rowid in (select place from repetitions)")
    connection.execute("drop table repetitions")
    return dropped


def _changed(
    connection: duckdb.DuckDBPyConnection, statement: str, values: list[datetime] | None = None
) -> int:
    """Execute *statement* and say how many rows it changed."""
    [(rows,)] = connection.execute(statement, values or []).fetchall()
    return int(rows)
