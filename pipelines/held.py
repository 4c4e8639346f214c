"""What the work file holds that the next night asks about: parents, earlier fetches, looks that are due.

Each function works on the current catalog of a connection that it is given;
where there is no such table, nothing is held.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import duckdb
from catalog import newest_rows
from relations import ask, present_in, queries

from imgur_source.models import ACCOUNTS, ALBUMS, DETAIL_FETCHES, POSTS

PLAN = "plan"  # the folder of sql/ with what is worth asking Imgur for
LOOKS = "looks"


class HeldAlbum(NamedTuple):
    """An album that we hold; what is null Imgur did not say."""

    id: str
    account_url: str | None
    images_count: int | None
    cover: str | None
    datetime: datetime | None


class HeldPost(NamedTuple):
    """A gallery post that we hold; what is null Imgur did not say."""

    id: str
    account_url: str | None
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


@dataclass(frozen=True, slots=True)
class HeldParents:
    """Things whose images and comments may be asked for without reading their lists again; newest first."""

    albums: tuple[HeldAlbum, ...] = ()
    posts: tuple[HeldPost, ...] = ()
    accounts: tuple[HeldAccount, ...] = ()


def held_parents(connection: duckdb.DuckDBPyConnection) -> HeldParents:
    """Albums, posts and named accounts."""
    albums = newest_rows(connection, ALBUMS, HeldAlbum._fields, newest_by="datetime")
    posts = newest_rows(connection, POSTS, HeldPost._fields, newest_by="datetime")
    accounts = newest_rows(connection, ACCOUNTS, HeldAccount._fields, newest_by="created")
    return HeldParents(
        albums=tuple(HeldAlbum(**row) for row in albums),
        posts=tuple(HeldPost(**{**row, "is_album": bool(row["is_album"])}) for row in posts),
        accounts=tuple(HeldAccount(**row) for row in accounts if row["url"]),
    )


def held_fetches(connection: duckdb.DuckDBPyConnection) -> list[HeldFetch]:
    """What the images and comments of albums and posts were fetched for last; newest first."""
    rows = newest_rows(connection, DETAIL_FETCHES, HeldFetch._fields, newest_by="fetched_at")
    return [HeldFetch(**row) for row in rows]


def looks_due(connection: duckdb.DuckDBPyConnection, sql_dir: Path, *, limit: int) -> list[LookDue]:
    """The first *limit* items of ``sql/plan/looks.sql``; none where the views that it reads are not made.

    Raises:
        RelationError: the query cannot be asked.
    """
    present = present_in(connection)
    return [
        LookDue(row["list"] or "", row["item_id"] or "")
        for query in queries(connection, sql_dir / PLAN)
        if query.name == LOOKS and not query.missing(present)
        for row in ask(connection, query, limit=limit)
    ]
