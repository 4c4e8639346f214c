"""Fills ``WarehouseFacts``: what the work file knows that the next run's plan and children ask about.

Each function works on the current catalog of a connection that it is given;
where there is no such table, nothing is stored.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa

from imgur_source.extract import ME, MissingItem, StoredAlbum, StoredPost, WarehouseFacts
from imgur_source.lists import ChildFetch
from imgur_source.planning import Observation
from imgur_source.records import ACCOUNTS, DETAIL_FETCHES, SYNC_RUNS, Table
from warehouse.catalog import RAW_SCHEMA, columns_of, newest_rows
from warehouse.files import quoted
from warehouse.queries import Query, ask, queries
from warehouse.relations import present_in

PLAN = "plan"  # the folder of sql/ with what is worth asking Imgur for
OBSERVED = "observed"  # what was last seen of each item
MOST_ROWS = 10_000_000  # of a query whose rows are all wanted

Answerable = dict[str, Query]  # the queries of sql/plan whose inputs are there, by name


class StoredAccount(NamedTuple):
    """An account that is known by name."""

    id: int
    url: str


class StoredFetch(NamedTuple):
    """The last time that the images or comments of an album or post were fetched."""

    resource: str
    item_id: str
    fingerprint: str | None
    items: int | None
    fetched_at: datetime


def warehouse_facts(
    connection: duckdb.DuckDBPyConnection, sql_dir: Path, *, accounts: Collection[str], lookups: int
) -> WarehouseFacts:
    """What is known of *accounts* (their names, or ``me``); what was never loaded is not known.

    Args:
        lookups: the most items to look up directly.

    Raises:
        RelationError: a query cannot be asked.
    """
    plan = _answerable(connection, sql_dir)
    new_items = [
        (row["list"] or "", float(row["per_day"] or 0), _instant(row["read_at"]))
        for row in _rows(connection, plan, "new_items")
    ]
    return WarehouseFacts(
        albums=tuple(_albums(connection, plan, accounts)) or None,
        posts=tuple(_posts(connection, plan, accounts)) or None,
        accounts=_account_ids(connection),
        fetched=_fetches(connection),
        lookups=tuple(
            MissingItem(row["list"] or "", row["item_id"] or "")
            for row in _rows(connection, plan, "lookups", limit=lookups)
        ),
        observed=tuple(_observed(connection, plan)),
        usual_children=_usual_children(connection, plan),
        new_per_day={name: per_day for name, per_day, _ in new_items},
        read_at={name: read_at for name, _, read_at in new_items if read_at is not None},
        pages_before={
            row["list"] or "": float(row["pages"] or 0) for row in _rows(connection, plan, "feed_pages")
        },
        spent_before=_spent(connection, plan),
    )


def stored_among(connection: duckdb.DuckDBPyConnection, table: Table, rows: pa.Table) -> int:
    """How many of *rows* have a key that *table* holds; none where there is no such table."""
    if table.name not in columns_of(connection, RAW_SCHEMA):
        return 0
    connection.register("rows_at_hand", rows)
    keys = " and ".join(f"stored.{quoted(key)} = at_hand.{quoted(key)}" for key in table.key)
    [(count,)] = connection.execute(
        f"select count(*) from rows_at_hand as at_hand where exists "
        f"(select 1 from {quoted(RAW_SCHEMA, table.name)} as stored where {keys})"
    ).fetchall()
    connection.unregister("rows_at_hand")
    return int(count)


def _albums(
    connection: duckdb.DuckDBPyConnection, plan: Answerable, accounts: Collection[str]
) -> Iterator[StoredAlbum]:
    """Albums that the lists of *accounts* still show, the newest first."""
    for row in _rows(connection, plan, "stored_albums"):
        account = _account_of(row["list"])
        if account in accounts:
            yield StoredAlbum(
                row["id"] or "",
                _whole(row["images_count"]),
                as_me=account == ME,
                cover=row["cover"],
                inserted_at=_instant(row["inserted_at"]),
            )


def _posts(
    connection: duckdb.DuckDBPyConnection, plan: Answerable, accounts: Collection[str]
) -> Iterator[StoredPost]:
    """Posts that the submissions of *accounts* still show, the newest first."""
    for row in _rows(connection, plan, "stored_posts"):
        account = _account_of(row["list"])
        if account in accounts:
            yield StoredPost(
                row["id"] or "",
                row["is_album"] == "true",
                _whole(row["images_count"]),
                _whole(row["comment_count"]),
                as_me=account == ME,
            )


def _account_ids(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    rows = newest_rows(connection, ACCOUNTS, StoredAccount._fields, newest_by="created")
    return {account.url: account.id for account in (StoredAccount(**row) for row in rows) if account.url}


def _fetches(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], ChildFetch]:
    rows = newest_rows(connection, DETAIL_FETCHES, StoredFetch._fields, newest_by="fetched_at")
    return {
        (fetch.resource, fetch.item_id): ChildFetch(fetch.fingerprint or "", fetch.items, fetch.fetched_at)
        for fetch in (StoredFetch(**row) for row in rows)
    }


def _usual_children(connection: duckdb.DuckDBPyConnection, plan: Answerable) -> dict[str, float]:
    if not _keeps_plans(connection):
        return {}
    rows = _rows(connection, plan, "usual_children")
    return {row["resource"] or "": float(row["usual"] or 0) for row in rows}


def _observed(connection: duckdb.DuckDBPyConnection, plan: Answerable) -> Iterator[Observation]:
    for row in _rows(connection, plan, OBSERVED):
        before, before_at = row["value_before"], row["seen_before_at"]
        yield Observation(
            row["list"] or "",
            int(row["rank"] or 0),
            int(row["at"] or 0),
            int(row["value"] or 0),
            int(row["seen_at"] or 0),
            None if before is None else int(before),
            None if before_at is None else int(before_at),
        )


def _spent(connection: duckdb.DuckDBPyConnection, plan: Answerable) -> dict[tuple[str, str], float]:
    if not _keeps_plans(connection):
        return {}
    return {
        (row["name"] or "", row["kind"] or ""): float(row["ratio"] or 0)
        for row in _rows(connection, plan, "spent")
    }


def _keeps_plans(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether runs are kept with their plans; those of an earlier version were not."""
    return "plan" in columns_of(connection, RAW_SCHEMA).get(SYNC_RUNS.name, ())


def _answerable(connection: duckdb.DuckDBPyConnection, sql_dir: Path) -> Answerable:
    present = present_in(connection)
    return {query.name: query for query in queries(connection, sql_dir / PLAN) if not query.missing(present)}


def _rows(
    connection: duckdb.DuckDBPyConnection, plan: Answerable, name: str, *, limit: int = MOST_ROWS
) -> Iterator[dict[str, str | None]]:
    """The rows of the query *name*; none where it cannot be answered."""
    if name in plan:
        yield from ask(connection, plan[name], limit=limit)


def _account_of(name: str | None) -> str:
    """Whose list *name* is, such as ``me`` of ``account_albums/me``."""
    return (name or "").partition("/")[2]


def _whole(text: str | None) -> int | None:
    return None if text is None else int(text)


def _instant(seconds: str | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(int(seconds), UTC)
