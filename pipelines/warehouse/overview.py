"""What a published file says of itself: whose data it is, how fresh, how complete, and what its audits found.

Every function works on the current catalog of a connection that it is given. A
table that is not there, because the file is of an older version, is passed
over. How it is shown to a person is left to ``status``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb

from imgur_source.records import (
    ALBUM_IMAGES,
    ALBUMS,
    COMMENTS,
    FAVORITES,
    IMAGES,
    POST_COMMENTS,
    POST_IMAGES,
    POSTS,
    SUBREDDIT_POSTS,
)
from warehouse.catalog import EPOCH, names_in
from warehouse.relations import AUDIT_RESULTS

FRESHNESS = ("main", "data_freshness")
TOLD = tuple(  # things that people ask for, in this order; histories and tags go with them
    table.name
    for table in (
        IMAGES,
        ALBUMS,
        ALBUM_IMAGES,
        POSTS,
        POST_IMAGES,
        POST_COMMENTS,
        SUBREDDIT_POSTS,
        COMMENTS,
        FAVORITES,
    )
)


@dataclass(frozen=True, slots=True)
class Freshness:
    """How fresh one loaded table is; what is None does not apply to it.

    Attributes:
        median_age_hours, p95_age_hours: from the fetch of its rows to the making of the file.
        coverage_share: how much of it is complete, 0 to 1.
    """

    table: str
    rows: int
    median_age_hours: float | None
    p95_age_hours: float | None
    coverage_share: float | None
    open_gaps: int


@dataclass(frozen=True, slots=True)
class Audited:
    """What the audits of one run found.

    Attributes:
        at: the time of the run whose tables were asked about, UTC; None where none was.
        found: names of those that found something, errors first, and how many rows.
    """

    at: datetime | None = None
    found: tuple[tuple[str, int], ...] = ()

    def is_after(self, other: Audited) -> bool:
        """Whether it is of a later run than *other*."""
        return self.at is not None and (other.at is None or self.at > other.at)


@dataclass(frozen=True, slots=True)
class Overview:
    """What is in a file.

    Attributes:
        made_at: when its tables were made, UTC; None where that is not known.
        accounts: names of the accounts in it.
        freshness: one entry per table of ``TOLD`` that has a row.
        audited: what its audits found last.
    """

    made_at: datetime | None = None
    accounts: tuple[str, ...] = ()
    freshness: tuple[Freshness, ...] = ()
    audited: Audited = Audited()


def overview_of(connection: duckdb.DuckDBPyConnection) -> Overview:
    """What is in the current catalog."""
    there = {
        (schema, name)
        for schema in ("staging", "main")
        for name in (*names_in(connection, schema, "table"), *names_in(connection, schema, "view"))
    }
    return Overview(
        made_at=_made_at(connection) if ("staging", "parameters") in there else None,
        accounts=_accounts(connection) if ("staging", "accounts") in there else (),
        freshness=_freshness(connection) if FRESHNESS in there else (),
        audited=last_audit(connection),
    )


def last_audit(connection: duckdb.DuckDBPyConnection) -> Audited:
    """What the audits of the current catalog found when they were last asked."""
    schema, table = AUDIT_RESULTS.split(".")
    if table not in names_in(connection, schema, "table"):
        return Audited()
    rows = connection.execute(
        f"select epoch_us(audited_at), audit, rows_found from {AUDIT_RESULTS} "
        f"where audited_at = (select max(audited_at) from {AUDIT_RESULTS}) order by severity, audit"
    ).fetchall()
    if not rows:
        return Audited()
    return Audited(
        at=EPOCH + timedelta(microseconds=rows[0][0]),
        found=tuple((audit, found) for _, audit, found in rows if found),
    )


def _made_at(connection: duckdb.DuckDBPyConnection) -> datetime | None:
    # as a number: DuckDB's own conversion of times needs pytz
    row = connection.execute("select epoch_us(run_at) from staging.parameters").fetchone()
    return None if row is None else EPOCH + timedelta(microseconds=row[0])


def _accounts(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    rows = connection.execute(
        "select coalesce(account_name, account_id::varchar) from staging.accounts order by all"
    ).fetchall()
    return tuple(name for (name,) in rows)


def _freshness(connection: duckdb.DuckDBPyConnection) -> tuple[Freshness, ...]:
    rows = connection.execute(
        "select table_name, rows, median_age_hours::double, p95_age_hours::double, "
        "coverage_share::double, coalesce(open_gaps, 0) "
        "from main.data_freshness where rows > 0"
    ).fetchall()
    found = {row[0]: Freshness(*row) for row in rows}
    return tuple(found[name] for name in TOLD if name in found)
