"""What the work file holds that the next night asks about: parents, fetches, looks, facts for its plan.

Each function works on the current catalog of a connection that it is given;
where there is no such table, nothing is held.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa

from imgur_source.planning import Due, Observed
from imgur_source.records import ACCOUNTS, DETAIL_FETCHES, SYNC_RUNS, Table
from warehouse.catalog import RAW_SCHEMA, columns_of, newest_rows
from warehouse.files import quoted
from warehouse.queries import Query, ask, queries
from warehouse.relations import present_in

PLAN = "plan"  # the folder of sql/ with what is worth asking Imgur for
LOOKS = "looks"
OBSERVED = "observed"
MOST_ROWS = 10_000_000  # of a query whose rows are all wanted

Answerable = dict[str, Query]  # the queries of sql/plan whose inputs are there, by name


class HeldAlbum(NamedTuple):
    """An album that the list of an account shows; what is null Imgur did not say. Times are seconds."""

    list: str
    id: str
    images_count: int | None
    cover: str | None
    inserted_at: int | None


class HeldPost(NamedTuple):
    """A gallery post that the submissions of an account show; what is null Imgur did not say."""

    list: str
    id: str
    is_album: bool
    images_count: int | None
    comment_count: int | None


class HeldAccount(NamedTuple):
    """An account that we hold and know by name."""

    id: int
    url: str


class HeldFetch(NamedTuple):
    """The last time that the images or comments of an album or post were fetched.

    ``fetched_at`` is aware, UTC; ``fingerprint`` says what the thing looked like then.
    """

    resource: str
    item_id: str
    fingerprint: str | None
    items: int | None
    fetched_at: datetime


class LookDue(NamedTuple):
    """A missing item that a direct look could decide, and the list that no longer shows it."""

    list: str
    item_id: str


class NewItems(NamedTuple):
    """What has come into a list lately.

    ``per_day`` items, in the week before its front was read last; ``read_at`` is when that
    was, in seconds since the epoch.
    """

    list: str
    per_day: float
    read_at: int


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """What the plan of the next night asks of the warehouse.

    Attributes:
        observed: held items of the lists that have counters, with their last observations.
        due: details that are due, by resource.
        new_items: what has come into each list lately, by list.
        spent: what lines of the last plans took beside what was likely, by name and kind.
        feed_pages: pages that the last readings of a feed took on average, by feed.
    """

    observed: tuple[Observed, ...] = ()
    due: tuple[Due, ...] = ()
    new_items: dict[str, NewItems] = field(default_factory=dict)
    spent: dict[tuple[str, str], float] = field(default_factory=dict)
    feed_pages: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HeldParents:
    """Things whose images and comments may be asked for without reading their lists again; newest first."""

    albums: tuple[HeldAlbum, ...] = ()
    posts: tuple[HeldPost, ...] = ()
    accounts: tuple[HeldAccount, ...] = ()


def held_parents(connection: duckdb.DuckDBPyConnection, sql_dir: Path) -> HeldParents:
    """Albums and posts of followed accounts that have not gone missing, and named accounts.

    Raises:
        RelationError: a query cannot be asked.
    """
    plan = _answerable(connection, sql_dir)
    accounts = newest_rows(connection, ACCOUNTS, HeldAccount._fields, newest_by="created")
    return HeldParents(
        albums=tuple(
            HeldAlbum(
                row["list"] or "",
                row["id"] or "",
                _whole(row["images_count"]),
                row["cover"],
                _whole(row["inserted_at"]),
            )
            for row in _rows(connection, plan, "held_albums")
        ),
        posts=tuple(
            HeldPost(
                row["list"] or "",
                row["id"] or "",
                row["is_album"] == "true",
                _whole(row["images_count"]),
                _whole(row["comment_count"]),
            )
            for row in _rows(connection, plan, "held_posts")
        ),
        accounts=tuple(HeldAccount(**row) for row in accounts if row["url"]),
    )


def _whole(text: str | None) -> int | None:
    return None if text is None else int(text)


def held_fetches(connection: duckdb.DuckDBPyConnection) -> list[HeldFetch]:
    """What the images and comments of albums and posts were fetched for last; newest first."""
    rows = newest_rows(connection, DETAIL_FETCHES, HeldFetch._fields, newest_by="fetched_at")
    return [HeldFetch(**row) for row in rows]


def held_among(connection: duckdb.DuckDBPyConnection, table: Table, rows: pa.Table) -> int:
    """How many of *rows* have a key that *table* holds; none where there is no such table."""
    if table.name not in columns_of(connection, RAW_SCHEMA):
        return 0
    connection.register("rows_at_hand", rows)
    keys = " and ".join(f"held.{quoted(key)} = at_hand.{quoted(key)}" for key in table.key)
    [(count,)] = connection.execute(
        f"select count(*) from rows_at_hand as at_hand where exists "
        f"(select 1 from {quoted(RAW_SCHEMA, table.name)} as held where {keys})"
    ).fetchall()
    connection.unregister("rows_at_hand")
    return int(count)


def looks_due(connection: duckdb.DuckDBPyConnection, sql_dir: Path, *, limit: int) -> list[LookDue]:
    """The first *limit* items of ``sql/plan/looks.sql``; none where the views that it reads are not made.

    Raises:
        RelationError: the query cannot be asked.
    """
    return [
        LookDue(row["list"] or "", row["item_id"] or "")
        for row in _rows(connection, _answerable(connection, sql_dir), LOOKS, limit=limit)
    ]


def plan_facts(
    connection: duckdb.DuckDBPyConnection,
    sql_dir: Path,
    *,
    accounts: Collection[str],
    now: datetime,
    greatest_age: timedelta,
) -> PlanFacts:
    """What the plan asks; what was never loaded is not known.

    Args:
        accounts: whose details count, by their names or ``me``.
        greatest_age: after which details are due though nothing has moved.

    Raises:
        RelationError: a query cannot be asked.
    """
    plan = _answerable(connection, sql_dir)
    new_items = [
        NewItems(row["list"] or "", float(row["per_day"] or 0), int(row["read_at"] or 0))
        for row in _rows(connection, plan, "new_items")
    ]
    return PlanFacts(
        observed=tuple(_observed(connection, plan)),
        due=_details_due(connection, plan, accounts=accounts, now=now, greatest_age=greatest_age),
        new_items={new.list: new for new in new_items},
        spent=_spent(connection, plan),
        feed_pages={
            row["list"] or "": float(row["pages"] or 0) for row in _rows(connection, plan, "feed_pages")
        },
    )


def _observed(connection: duckdb.DuckDBPyConnection, plan: Answerable) -> Iterator[Observed]:
    for row in _rows(connection, plan, OBSERVED):
        before, before_at = row["value_before"], row["seen_before_at"]
        yield Observed(
            row["list"] or "",
            int(row["rank"] or 0),
            int(row["at"] or 0),
            int(row["value"] or 0),
            int(row["seen_at"] or 0),
            None if before is None else int(before),
            None if before_at is None else int(before_at),
        )


def _details_due(
    connection: duckdb.DuckDBPyConnection,
    plan: Answerable,
    *,
    accounts: Collection[str],
    now: datetime,
    greatest_age: timedelta,
) -> tuple[Due, ...]:
    usual = (
        {row["resource"]: float(row["usual"] or 0) for row in _rows(connection, plan, "usual_details")}
        if _keeps_plans(connection)
        else {}
    )
    old_at = (now - greatest_age).timestamp()
    known: dict[str, int] = {}
    there: dict[str, int] = {}
    for row in _rows(connection, plan, "details"):
        if (row["list"] or "").partition("/")[2] not in accounts:
            continue
        resource, day = row["resource"] or "", row["fetched_day"]
        due = row["due_with_age"] if day is not None and int(day) <= old_at else row["due"]
        known[resource] = known.get(resource, 0) + int(due or 0)
        there[resource] = there.get(resource, 0) + int(row["there"] or 0)
    return tuple(
        Due(resource, "details", known=known[resource], usual=usual.get(resource), at_most=there[resource])
        for resource in known
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
