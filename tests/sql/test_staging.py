"""The staging views: every loaded table with plain names, and what has gone from its list."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from warehouse.relations import SQL_DIR, Parameters, apply
from warehouse.steps import LOADED_FILE
from warehouse.warehouse import Warehouse

from imgur_source.records.tables import (
    ACCOUNTS,
    ALBUMS,
    COMMENTS,
    DETAIL_FETCHES,
    FAVORITES,
    IMAGE_METRICS,
    IMAGES,
    ITEM_LOOKS,
    LIST_ITEMS,
    LIST_SWEEPS,
    POST_COMMENTS,
    POSTS,
    TABLES,
)
from tests.support.marts import Marts, in_memory
from tests.support.work_files import NIGHT, StandingClock, load, read, texts, without_marts

DATED = (  # what Imgur says of a thing, which grows old
    "accounts", "images", "albums", "album_images", "comments", "post_comments", "posts", "subreddit_posts",
    "post_images", "tags", "favorites",
)  # fmt: skip
HELPERS = {
    "comment_trees", "followed_names", "image_readings", "item_states", "list_coverage", "list_item_states", "list_owners", "parameters",
    "post_readings",
}  # fmt: skip
ONE_DAY = timedelta(days=1)
OWN = "account_images/me"
RANKS = {"VARCHAR": 0, "JSON": 1, "BIGINT": 2, "DOUBLE": 2, "BOOLEAN": 3, "TIMESTAMP WITH TIME ZONE": 4}


@pytest.fixture(scope="module")
def whole() -> Marts:
    """A warehouse without a row, with all views and their comments."""
    marts = in_memory()
    apply(marts.db, without_marts(), Parameters(NIGHT))
    return marts


def at(days: float) -> datetime:
    """So many days after the first night."""
    return NIGHT + days * ONE_DAY


def shown(days: float) -> str:
    """The same as the texts of the file have it."""
    return f"{at(days):%Y-%m-%d %H:%M:%S}+00"


def an_item(
    item_id: str = "a", *, seen: float, name: str = OWN, own_time: float | None = -9
) -> dict[str, Any]:
    """An item last seen and made at these days; ``own_time`` None has no time."""
    return {
        "list": name,
        "item_id": item_id,
        "datetime": None if own_time is None else at(own_time),
        "fetched_at": at(seen),
    }


def a_walk(
    days: float,
    *,
    name: str = OWN,
    proved: bool | None = False,
    complete: bool = True,
    kind: str = "sweep",
    newest: float | None = None,
    oldest: float | None = None,
) -> dict[str, Any]:
    return {
        "list": name,
        "started_at": at(days),
        "kind": kind,
        "is_complete": complete,
        "is_proved": proved,
        "newest_at": None if newest is None else at(newest),
        "oldest_at": None if oldest is None else at(oldest),
    }


def a_look(days: float, *, gone: bool | None, name: str = OWN, item_id: str = "a") -> dict[str, Any]:
    return {"list": name, "item_id": item_id, "looked_at": at(days), "is_gone": gone}


# the views as a whole


def test_staging__has_a_view_for_every_loaded_table(whole: Marts) -> None:
    """Each table of the data dictionary has its view, with all of its columns; nothing else but the helpers."""
    columns = dict(
        whole.read(
            "select table_name, count(*) from duckdb_columns() where schema_name = 'staging' group by all",
        )
    )
    ages = dict.fromkeys(DATED, 1)
    states = dict.fromkeys(("albums", "comments", "favorites", "images", "posts"), 3) | {"post_comments": 1}
    added = {name: ages.get(name, 0) + states.get(name, 0) for name in TABLES}
    assert {name: number for name, number in columns.items() if name not in HELPERS} == {
        table.name: len(table.fields) + added[table.name] for table in TABLES.values()
    }
    assert columns.keys() - TABLES.keys() == HELPERS


def test_staging__describes_every_view_and_column(whole: Marts) -> None:
    """Nothing is without a description, and that of a view begins with its file's first line, or its table's: the grain."""
    assert (
        whole.read(
            "select table_name, column_name from duckdb_columns() "
            "where schema_name = 'staging' and coalesce(comment, '') = ''",
        )
        == []
    )
    described = dict(
        whole.read(
            "select view_name, comment from duckdb_views() where schema_name = 'staging'",
        )
    )
    grains = {name: table.description for name, table in TABLES.items()} | {
        path.stem: path.read_text().partition("\n")[0].removeprefix("-- ")
        for path in (SQL_DIR / "staging").glob("*.sql")
        if path.name != LOADED_FILE
    }
    assert {name: comment[: len(grains[name])] for name, comment in described.items()} == grains
    assert {name for name, grain in grains.items() if not grain.startswith("One row per ")} == set()


def test_staging__orders_its_columns(whole: Marts) -> None:
    """Ids come first, then texts, numbers, booleans and times; booleans and times are called so."""
    for view in sorted(TABLES.keys() | HELPERS):
        columns = whole.read(
            "select column_name, data_type from duckdb_columns() "
            f"where schema_name = 'staging' and table_name = '{view}' order by column_index",
        )
        ids = [name.endswith("_id") or name in ("list", "tag", "resource") for name, _ in columns]
        ranks = [RANKS[kind] for (_, kind), is_id in zip(columns, ids, strict=True) if not is_id]
        assert ids == sorted(ids, reverse=True), view
        assert ranks == sorted(ranks), view
        for name, kind in columns:
            assert (kind == "BOOLEAN") == name.startswith(("is_", "has_")), f"{view}.{name}"
            assert (RANKS[kind] == 4) == name.endswith(("_at", "_since")), f"{view}.{name}"


def test_staging__renames_and_keeps_values(marts: Marts) -> None:
    """Sizes have their unit in the name, times their event, and nothing is what null is for."""
    image = {
        "id": "a",
        "title": "Cat",
        "datetime": at(-9),
        "account_url": "bob",
        "account_id": 0,
        "type": "image/gif",
        "animated": True,
        "width": 640,
        "size": 2048,
        "views": 3,
        "bandwidth": 6144,
        "section": "",
        "nsfw": None,
        "in_gallery": False,
        "fetched_at": at(0),
    }
    marts.load(IMAGES, image)
    marts.load(COMMENTS, {"id": 7, "parent_id": 0, "author_id": 5, "deleted": True, "on_album": False})
    marts.load(
        IMAGE_METRICS,
        {"id": "a", "observed_at": at(0), "views": 3, "bandwidth": 6144, "fetched_at": at(2)},
    )
    assert marts.texts(
        "select image_id, account_id, title, account_name, mime_type, section, width_px, size_bytes, views, "
        "bandwidth_bytes, is_animated, is_nsfw, is_in_gallery, is_missing, uploaded_at, missing_since, "
        "deleted_at, fetched_at from staging.images",
    ) == [
        (
            *("a", None, "Cat", "bob", "image/gif", None),
            *("640", "2048", "3", "6144"),
            *("true", None, "false", "false"),
            *(shown(-9), None, None, shown(0)),
        )
    ]
    assert marts.texts(
        "select comment_id, parent_id, author_id, is_stub, is_on_album, is_missing from staging.comments",
    ) == [("7", None, "5", "true", "false", "false")]
    assert marts.texts("from staging.image_metrics") == [("a", "3", "6144", shown(0), shown(2))]


@pytest.mark.parametrize("name", DATED)
def test_staging__says_how_old_each_row_is(marts: Marts, name: str) -> None:
    """Ages count from the fetch to the run: a day and a half are 36 hours, and what has no time has no age."""
    marts.load(TABLES[name], {"fetched_at": at(-1.5)}, {"fetched_at": at(0.25)}, {"fetched_at": None})
    assert marts.read(f"select data_age_hours from staging.{name} order by data_age_hours") == [
        (-6.0,),
        (36.0,),
        (None,),
    ]


def test_staging__of_a_night_that_read_images_only(tmp_path: Path) -> None:
    """Where only images were read they have their state, and views of what was never read are empty."""
    warehouse = Warehouse(tmp_path / "data", clock=StandingClock(), sql_dir=without_marts())
    load(warehouse, IMAGES, {"id": "a"})
    load(warehouse, LIST_ITEMS, an_item(seen=0))
    load(warehouse, LIST_SWEEPS, a_walk(1))
    warehouse.apply_sql()
    assert texts(
        warehouse.work_file, "select image_id, is_missing, missing_since, deleted_at from staging.images"
    ) == [("a", "true", shown(1), None)]
    assert read(warehouse.work_file, "from staging.albums") == []


# what has gone from its list


@pytest.mark.parametrize(
    ("walks", "looks", "expected"),
    [
        ([], [], (0, 0, None, False)),
        ([a_walk(-1)], [], (0, 0, None, False)),
        ([a_walk(0)], [], (0, 0, None, False)),
        ([a_walk(0), a_walk(1)], [], (1, 0, 1, False)),
        ([a_walk(1)], [], (1, 0, 1, False)),
        ([a_walk(1, proved=None)], [], (1, 0, 1, False)),
        ([a_walk(1, complete=False)], [], (0, 0, None, False)),
        ([a_walk(1, name="account_images/bob")], [], (0, 0, None, False)),
        ([a_walk(1, proved=True)], [], (1, 1, 1, False)),
        ([a_walk(2), a_walk(1)], [], (2, 0, 1, False)),
        ([a_walk(1), a_walk(2, proved=True)], [], (2, 1, 1, False)),
        ([a_walk(1, proved=True), a_walk(2, proved=True)], [], (2, 2, 1, True)),
        ([a_walk(1), a_walk(2), a_walk(3)], [], (3, 0, 1, True)),
        ([a_walk(1), a_walk(2, proved=True), a_walk(3)], [], (3, 1, 1, True)),
        ([a_walk(1, newest=-8, oldest=-10)], [], (1, 0, 1, False)),
        ([a_walk(1, newest=-9)], [], (0, 0, None, False)),
        ([a_walk(1, oldest=-9)], [], (0, 0, None, False)),
        ([a_walk(1, newest=-8)], [], (1, 0, 1, False)),
        ([a_walk(1, oldest=-10)], [], (1, 0, 1, False)),
        ([a_walk(1, newest=-10), a_walk(2, oldest=-8), a_walk(3)], [], (1, 0, 3, False)),
        ([a_walk(1)], [a_look(2, gone=True)], (1, 0, 1, True)),
        ([a_walk(3)], [a_look(2, gone=True)], (1, 0, 2, True)),
        ([], [a_look(1, gone=True)], (0, 0, 1, True)),
        ([a_walk(1), a_walk(3)], [a_look(2, gone=False)], (1, 0, 3, False)),
        ([a_walk(1)], [a_look(2, gone=False), a_look(3, gone=True)], (0, 0, 3, True)),
        ([a_walk(1)], [a_look(2, gone=True), a_look(3, gone=False)], (0, 0, None, False)),
        ([a_walk(1)], [a_look(-1, gone=True)], (1, 0, 1, False)),
        ([a_walk(1)], [a_look(2, gone=None)], (1, 0, 1, False)),
        ([a_walk(1)], [a_look(2, gone=True, item_id="b")], (1, 0, 1, False)),
    ],
    ids=[
        "no walk",
        "an earlier walk",
        "the walk that saw it",
        "the walk that saw it and one more",
        "one walk",
        "of an older version",
        "one that broke off",
        "another list",
        "one proved",
        "two unproved",
        "one of each",
        "two proved",
        "three unproved",
        "three, one proved",
        "a stretch around it",
        "a stretch that ends at it",
        "a stretch that begins at it",
        "from its right to the end",
        "from the front to its left",
        "two stretches beside it",
        "gone after a walk",
        "gone before a walk",
        "gone without a walk",
        "found, then missed again",
        "found, then gone",
        "gone, then found",
        "gone before it was seen",
        "a look without an answer",
        "another item is gone",
    ],
)
def test_list_item_states__of_one_item(
    marts: Marts,
    walks: list[dict[str, Any]],
    looks: list[dict[str, Any]],
    expected: tuple[int, int, float | None, bool],
) -> None:
    """An item of nine days before the first night, seen in it: which walks missed it, since when, and for good?"""
    walks_missed, proved, since, is_deleted = expected
    marts.load(LIST_ITEMS, an_item(seen=0))
    marts.load(LIST_SWEEPS, *walks)
    marts.load(ITEM_LOOKS, *looks)
    missing_since = None if since is None else shown(since)
    assert marts.texts(
        "select list, item_id, walks_missed, proved_walks_missed, is_missing, item_at, missing_since, deleted_at "
        "from staging.list_item_states",
    ) == [
        (
            *(OWN, "a", str(walks_missed), str(proved), "true" if missing_since else "false"),
            *(shown(-9), missing_since, missing_since if is_deleted else None),
        )
    ]


def test_list_item_states__of_items_without_a_time(marts: Marts) -> None:
    """An item without a time is missed only by a walk over the whole list."""
    marts.load(LIST_ITEMS, an_item(seen=0, own_time=None))
    marts.load(LIST_SWEEPS, a_walk(1, newest=9), a_walk(2, oldest=-99), a_walk(3, newest=9, oldest=-99))
    query = "select walks_missed, item_at, missing_since from staging.list_item_states"
    assert marts.texts(query) == [("0", None, None)]
    marts.load(LIST_SWEEPS, a_walk(4))
    assert marts.texts(query) == [("1", None, shown(4))]


def test_list_item_states__of_what_is_seen_again(marts: Marts) -> None:
    """An item that was deleted and is seen again is back, as if nothing had been."""
    marts.load(LIST_ITEMS, an_item(seen=4))
    marts.load(LIST_SWEEPS, *(a_walk(days, proved=True) for days in (1, 2, 3)))
    marts.load(ITEM_LOOKS, a_look(3.5, gone=True), a_look(3.2, gone=False))
    assert marts.texts(
        "select walks_missed, last_seen_at, looked_at, missing_since, deleted_at from staging.list_item_states",
    ) == [("0", shown(4), shown(3.5), None, None)]


@pytest.mark.parametrize(
    ("table", "resource", "view", "id_"),
    [
        (IMAGES, "account_images", "images", "image_id"),
        (ALBUMS, "account_albums", "albums", "album_id"),
        (COMMENTS, "account_comments", "comments", "comment_id"),
        (POSTS, "account_submissions", "posts", "post_id"),
    ],
    ids=["images", "albums", "comments", "posts"],
)
def test_staging__says_what_has_gone(marts: Marts, table: Any, resource: str, view: str, id_: str) -> None:
    """What is there, what is missing and what is deleted is told; other kinds of lists with the same id are not asked."""
    name = f"{resource}/me"
    marts.load(table, *({"id": number, "fetched_at": at(-1)} for number in (1, 2, 3, 4)))
    marts.load(
        LIST_ITEMS,
        an_item("1", seen=9, name=name),
        an_item("2", seen=1, name=name),
        an_item("3", seen=0, name=name),
        an_item("4", seen=0, name="account_other/me"),
    )
    marts.load(LIST_SWEEPS, a_walk(0.5, name=name, proved=True), a_walk(2, name=name, proved=True))
    marts.load(LIST_SWEEPS, a_walk(2, name="account_other/me", proved=True))
    assert marts.texts(
        f"select {id_}, is_missing, missing_since, deleted_at from staging.{view} order by {id_}",
    ) == [
        ("1", "false", None, None),
        ("2", "true", shown(2), None),
        ("3", "true", shown(0.5), shown(0.5)),
        ("4", "false", None, None),
    ]


def test_staging_posts__are_missing_where_no_list_shows_them(marts: Marts) -> None:
    """A post of two lists is missing once one has missed it since it was last seen in either."""
    me, bob = "account_submissions/me", "account_submissions/bob"
    marts.load(POSTS, *({"id": id_, "fetched_at": at(-1)} for id_ in ("one", "both", "deleted")))
    marts.load(
        LIST_ITEMS,
        an_item("one", seen=0, name=me),
        an_item("one", seen=9, name=bob),
        an_item("both", seen=0, name=me),
        an_item("both", seen=1, name=bob),
        an_item("deleted", seen=0, name=me),
        an_item("deleted", seen=0, name=bob),
    )
    marts.load(LIST_SWEEPS, *(a_walk(days, name=me, proved=True) for days in (0.5, 0.6)))
    marts.load(LIST_SWEEPS, *(a_walk(days, name=bob, proved=True) for days in (0.7, 2)))
    assert marts.texts(
        "select post_id, is_missing, missing_since, deleted_at from staging.posts order by post_id",
    ) == [
        ("both", "true", shown(2), None),
        ("deleted", "true", shown(0.5), shown(0.5)),
        ("one", "false", None, None),
    ]


def test_states__are_not_decided_by_walks_that_close_holes(marts: Marts) -> None:
    """Three complete walks over holes have not seen the item, a refresh has missed it once."""
    marts.load(LIST_ITEMS, an_item("a", seen=0), an_item("b", seen=2.5))
    marts.load(LIST_SWEEPS, *(a_walk(days, kind="gap", proved=True) for days in (1, 2, 3)))
    marts.load(LIST_SWEEPS, a_walk(2.2, kind="refresh"))
    assert marts.texts(
        "select item_id, is_missing, missing_since, deleted_at from staging.list_item_states order by item_id",
    ) == [("a", "true", shown(2.2), None), ("b", "false", None, None)]


def test_staging_albums__do_not_wait_for_a_list_that_nobody_reads_any_more(marts: Marts) -> None:
    """An account that was once read under its name and then as me: the old list keeps nothing alive."""
    me, name = "account_albums/me", "account_albums/bob"
    marts.load(ALBUMS, {"id": "gone", "fetched_at": at(0)})
    marts.load(LIST_ITEMS, an_item("gone", seen=0, name=me), an_item("gone", seen=0, name=name))
    marts.load(LIST_SWEEPS, *(a_walk(days, name=me, proved=True) for days in (1, 2)))
    assert marts.texts("select album_id, is_missing, missing_since, deleted_at from staging.albums") == [
        ("gone", "true", shown(1), shown(1))
    ]


def test_staging_posts__are_seen_in_feeds(marts: Marts) -> None:
    """A feed that shows an account's post has seen it; a post that only feeds have shown is never missing."""
    name = "account_submissions/me"
    marts.load(
        POSTS,
        {"id": "in_a_feed", "fetched_at": at(2)},
        {"id": "gone", "fetched_at": at(0)},
        {"id": "of_others", "fetched_at": at(0)},
    )
    marts.load(LIST_ITEMS, an_item("in_a_feed", seen=0, name=name), an_item("gone", seen=0, name=name))
    marts.load(LIST_ITEMS, an_item("in_a_feed", seen=0, name="account_favorites/me", own_time=None))
    marts.load(LIST_SWEEPS, a_walk(1, name=name), a_walk(1, name="account_favorites/me"))
    assert marts.texts("select post_id, is_missing, missing_since from staging.posts order by post_id") == [
        ("gone", "true", shown(1)),
        ("in_a_feed", "false", None),
        ("of_others", "false", None),
    ]
    assert marts.texts(
        "select list, is_missing, last_seen_at from staging.list_item_states where item_id = 'in_a_feed' order by list",
    ) == [("account_favorites/me", "true", shown(0)), (name, "false", shown(2))]


def test_staging_favorites__ask_the_list_of_their_account(marts: Marts) -> None:
    """The same item is gone from one account's favourites and still among those of another."""
    marts.load(ACCOUNTS, {"id": 1, "url": "bob"}, {"id": 2, "url": "Alice"})
    marts.load(
        FAVORITES,
        *({"account_id": account, "item_id": "x", "fetched_at": at(0)} for account in (1, 2, 3)),
    )
    marts.load(
        LIST_ITEMS,
        an_item("x", seen=0, name="account_favorites/me", own_time=None),
        an_item("x", seen=9, name="account_favorites/alice", own_time=None),
        an_item("x", seen=9, name=OWN),
    )
    marts.load(
        LIST_SWEEPS,
        *(
            a_walk(days, name=name, proved=True)
            for name in ("account_favorites/me", "account_favorites/alice")
            for days in (1, 2)
        ),
    )
    assert marts.texts(
        "select account_id, item_id, is_missing, missing_since, deleted_at from staging.favorites order by all",
    ) == [
        ("1", "x", "true", shown(1), shown(1)),
        ("2", "x", "false", None, None),
        ("3", "x", "true", shown(1), shown(1)),
    ]


def test_staging_post_comments__are_missing_in_a_later_tree(marts: Marts) -> None:
    """A comment is missing when its post's tree was read after it was seen; looks without a tree do not count."""
    marts.load(
        POST_COMMENTS,
        {"id": 1, "post_id": "p", "fetched_at": at(1)},
        {"id": 2, "post_id": "p", "fetched_at": at(0)},
        {"id": 3, "post_id": "q", "fetched_at": at(0)},
        {"id": 4, "post_id": "refused", "fetched_at": at(1)},
        {"id": 5, "post_id": "refused", "fetched_at": at(0)},
    )
    marts.load(
        DETAIL_FETCHES,
        {"resource": "post_comments", "item_id": "refused", "items": None, "fetched_at": at(2)},
        {"resource": "post_comments", "item_id": "p", "items": 1, "fetched_at": at(1)},
        {"resource": "post_images", "item_id": "q", "fetched_at": at(1)},
    )
    assert marts.texts("select comment_id, is_missing from staging.post_comments order by comment_id") == [
        ("1", "false"),
        ("2", "true"),
        ("3", "false"),
        ("4", "false"),
        ("5", "true"),
    ]
