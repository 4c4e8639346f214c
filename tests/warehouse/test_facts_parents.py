"""What a run asks the warehouse of the rows that are held: parents, earlier fetches, looks that are due."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from warehouse.facts import HeldAccount, HeldAlbum, HeldFetch, HeldParents, HeldPost, LookDue
from warehouse.warehouse import Warehouse

from imgur_source.records.tables import (
    ACCOUNTS,
    ALBUMS,
    DETAIL_FETCHES,
    ITEM_LOOKS,
    LIST_ITEMS,
    LIST_SWEEPS,
    POSTS,
)
from tests.support.lean_sql import sql_with
from tests.support.work_files import (
    NIGHT,
    StandingClock,
    load,
    load_tags,
)


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "data", clock=StandingClock(), sql_dir=sql_with())


def _shown(list_: str, *items: str) -> list[dict[str, Any]]:
    """Rows of ``list_items``: what a list has shown that night."""
    return [{"list": list_, "item_id": item, "datetime": NIGHT, "fetched_at": NIGHT} for item in items]


def test_held_parents__are_what_the_lists_of_accounts_show_newest_first(warehouse: Warehouse) -> None:
    """Albums, posts and named accounts come with what planning asks; what only a feed has shown does not."""
    later = NIGHT + timedelta(hours=1)
    load(
        warehouse,
        ALBUMS,
        {"id": "undated"},
        {"id": "old", "datetime": NIGHT, "images_count": 3, "cover": "c"},
        {"id": "new", "datetime": later},
    )
    load(
        warehouse,
        POSTS,
        {"id": "b", "datetime": NIGHT, "is_album": True, "images_count": 2, "comment_count": 9},
        {"id": "a", "datetime": NIGHT},
        {"id": "of a feed", "datetime": NIGHT},
    )
    load(
        warehouse,
        ACCOUNTS,
        {"id": 1, "url": "alice", "created": NIGHT},
        {"id": 2, "url": "bob", "created": later},
        {"id": 3, "url": None, "created": NIGHT},
    )
    load(
        warehouse,
        LIST_ITEMS,
        *_shown("account_albums/alice", "undated", "old"),
        *_shown("account_albums/me", "new"),
        *_shown("account_submissions/me", "a", "b"),
    )
    warehouse.apply_sql()

    assert warehouse.held_parents() == HeldParents(
        albums=(
            HeldAlbum("account_albums/me", "new", None, None, int(later.timestamp())),
            HeldAlbum("account_albums/alice", "old", 3, "c", int(NIGHT.timestamp())),
            HeldAlbum("account_albums/alice", "undated", None, None, None),
        ),
        posts=(
            HeldPost("account_submissions/me", "a", False, None, None),
            HeldPost("account_submissions/me", "b", True, 2, 9),
        ),
        accounts=(HeldAccount(2, "bob"), HeldAccount(1, "alice")),
    )


def test_held_parents__leave_out_what_has_gone_missing(warehouse: Warehouse) -> None:
    """An album that a later whole walk has missed is not asked for: that would be a credit for a 404."""
    later = NIGHT + timedelta(days=1)
    load(warehouse, ALBUMS, {"id": "gone"}, {"id": "there"})
    load(
        warehouse,
        LIST_ITEMS,
        *_shown("account_albums/me", "gone"),
        {"list": "account_albums/me", "item_id": "there", "datetime": NIGHT, "fetched_at": later},
    )
    walk = {"list": "account_albums/me", "started_at": later - timedelta(minutes=1), "kind": "sweep"}
    load(warehouse, LIST_SWEEPS, walk | {"is_complete": True, "is_proved": True})
    warehouse.apply_sql()

    assert [album.id for album in warehouse.held_parents().albums] == ["there"]


def test_held_parents__of_what_there_is(warehouse: Warehouse) -> None:
    """Without a file or the relations that are asked, less is held; nothing fails."""
    assert warehouse.held_parents() == HeldParents()
    load(warehouse, ALBUMS, {"id": "b"}, {"id": "a"})
    assert warehouse.held_parents() == HeldParents()


def test_held_fetches__newest_first(warehouse: Warehouse) -> None:
    """What was fetched of albums and posts comes with its fingerprint and its time in UTC."""
    later = NIGHT + timedelta(hours=1)
    assert warehouse.held_fetches() == []
    load_tags(warehouse, 1)
    assert warehouse.held_fetches() == []
    load(
        warehouse,
        DETAIL_FETCHES,
        {"resource": "album_images", "item_id": "a", "fingerprint": "3 c", "items": 3, "fetched_at": NIGHT},
        {"resource": "post_comments", "item_id": "p", "fetched_at": later},
    )
    assert warehouse.held_fetches() == [
        HeldFetch("post_comments", "p", None, None, later),
        HeldFetch("album_images", "a", "3 c", 3, NIGHT),
    ]


def test_looks_due__are_the_longest_missing_that_nothing_has_decided(warehouse: Warehouse) -> None:
    """Missed by unproved walks only, not deleted, not looked at since: oldest first, as many as asked for."""
    one_day = timedelta(days=1)
    name = "account_images/me"
    seen = {
        "kept": 0,  # seen after both walks
        "second": -1,  # missed by the second walk only
        "b": -2,  # missed by both
        "a": -2,
        "looked": -2,
        "unanswered": -2,
        "earlier": -2,
    }
    for item, days in seen.items():
        load(
            warehouse,
            LIST_ITEMS,
            {
                "list": name,
                "item_id": item,
                "datetime": NIGHT - 9 * one_day,
                "fetched_at": NIGHT + days * one_day,
            },
        )
    load(
        warehouse,
        LIST_ITEMS,
        {"list": "account_comments/me", "item_id": "proved", "fetched_at": NIGHT - 2 * one_day},
        {"list": "account_albums/me", "item_id": "last", "fetched_at": NIGHT - one_day},
    )
    load(
        warehouse,
        LIST_SWEEPS,
        {"list": name, "started_at": NIGHT - 1.5 * one_day, "is_complete": True, "is_proved": False},
        {"list": name, "started_at": NIGHT - 0.5 * one_day, "is_complete": True, "is_proved": False},
        {
            "list": "account_comments/me",
            "started_at": NIGHT - one_day,
            "is_complete": True,
            "is_proved": True,
        },
        {"list": "account_albums/me", "started_at": NIGHT - 0.4 * one_day, "is_complete": True},
    )
    load(
        warehouse,
        ITEM_LOOKS,
        {"list": name, "item_id": "looked", "looked_at": NIGHT - one_day, "is_gone": True},
        {"list": name, "item_id": "unanswered", "looked_at": NIGHT - one_day, "is_gone": None},
        {"list": name, "item_id": "earlier", "looked_at": NIGHT - 1.9 * one_day, "is_gone": None},
    )
    assert warehouse.looks_due(9) == []  # the views are not made yet
    warehouse.apply_sql()
    assert warehouse.looks_due(9) == [
        LookDue(name, "a"),
        LookDue(name, "b"),
        LookDue(name, "earlier"),
        LookDue(name, "second"),
        LookDue("account_albums/me", "last"),
    ]
    assert warehouse.looks_due(2) == [LookDue(name, "a"), LookDue(name, "b")]


def test_looks_due__are_none_without_file_or_plan(warehouse: Warehouse, tmp_path: Path) -> None:
    """Where there is no work file, or no such query, nothing is due."""
    assert warehouse.looks_due(9) == []
    load(warehouse, LIST_ITEMS, {"list": "account_images/me", "item_id": "a", "fetched_at": NIGHT})
    load(
        warehouse,
        LIST_SWEEPS,
        {"list": "account_images/me", "started_at": NIGHT + timedelta(days=1), "is_complete": True},
    )
    warehouse.apply_sql()
    assert warehouse.looks_due(9) == [LookDue("account_images/me", "a")]
    assert replace(warehouse, sql_dir=tmp_path / "none").looks_due(9) == []
