"""What the next run asks of the work file: parents, fetches, lookups, observations, new items, what plans have cost."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from warehouse.warehouse import Warehouse

from imgur_source.extract import MissingItem, StoredAlbum, StoredPost, WarehouseFacts
from imgur_source.lists import ChildFetch
from imgur_source.planning import Observation
from imgur_source.records.tables import (
    ACCOUNTS,
    ALBUM_METRICS,
    ALBUMS,
    COMMENT_METRICS,
    CREDIT_CHARGES,
    DETAIL_FETCHES,
    IMAGE_METRICS,
    ITEM_LOOKS,
    LIST_ITEMS,
    LIST_SWEEPS,
    POST_METRICS,
    POSTS,
    SYNC_RUNS,
    TABLES,
    Table,
)
from tests.support.work_files import NIGHT, StandingClock, load, load_tags, without_marts, work

IMAGES, ALBUMS_LIST = "account_images/me", "account_albums/me"
SUBMISSIONS, COMMENTS = "account_submissions/me", "account_comments/me"
ONE_DAY = timedelta(days=1)
NOTHING = WarehouseFacts(fetched={})


def facts_of(
    warehouse: Warehouse, *, accounts: tuple[str, ...] = ("me",), lookups: int = 9
) -> WarehouseFacts:
    return warehouse.facts(accounts=accounts, lookups=lookups)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a warehouse in which every table has been loaded, without a row."""
    warehouse = Warehouse(tmp_path_factory.mktemp("empty") / "data", clock=StandingClock())
    for table in TABLES.values():
        load(warehouse, table)
    return warehouse.data_dir


class Filling:
    """A warehouse that is being filled; rows are loaded together, because opening a file takes its time."""

    def __init__(self, data_dir: Path) -> None:
        self.warehouse = Warehouse(data_dir, clock=StandingClock(), sql_dir=without_marts())
        self._rows: dict[str, list[dict[str, Any]]] = {}

    def put(self, table: Table, row: dict[str, Any]) -> None:
        self._rows.setdefault(table.name, []).append(row)

    def work(self, *statements: str) -> None:
        """Execute *statements* after what has been put in."""
        for name, rows in self._rows.items():
            load(self.warehouse, TABLES[name], *rows)
        self._rows = {}
        work(self.warehouse, *statements)

    def facts(self, *, accounts: tuple[str, ...] = ("me",), lookups: int = 9) -> WarehouseFacts:
        """What the next run is told, with the relations made anew."""
        self.work()
        self.warehouse.apply_sql()
        return facts_of(self.warehouse, accounts=accounts, lookups=lookups)


@pytest.fixture
def filling(empty: Path, tmp_path: Path) -> Filling:
    return Filling(shutil.copytree(empty, tmp_path / "data"))


def at(days: float) -> datetime:
    """So many days before tonight."""
    return NIGHT - days * ONE_DAY


def seconds(days: float) -> int:
    """The same, since the epoch."""
    return int(at(days).timestamp())


def put_items(filling: Filling, name: str, *items: str, age: float = 50, seen: float = 1) -> None:
    """Have a list show items, as of last night or of *seen* days ago."""
    for item_id in items:
        row = {"list": name, "item_id": item_id, "datetime": at(age), "fetched_at": at(seen)}
        filling.put(LIST_ITEMS, row)


def put_counters(
    filling: Filling,
    item_id: str | int,
    *values: tuple[int | None, float, float],
    table: Table = IMAGE_METRICS,
    column: str = "views",
) -> None:
    """Rows of a history: a counter, and from how many until how many days ago it stood so."""
    for value, since, until in values:
        row = {"id": item_id, column: value, "observed_at": at(since), "fetched_at": at(until)}
        filling.put(table, row)


def put_walk(filling: Filling, days: float, *, name: str = IMAGES, **over: Any) -> None:
    usual = {"kind": "sweep", "pages": 3, "is_complete": True, "is_proved": False}
    filling.put(LIST_SWEEPS, {"list": name, "started_at": at(days), "ended_at": at(days)} | usual | over)


# before anything is known


def test_facts__are_none_without_a_file(tmp_path: Path) -> None:
    """Before the first night nothing is known, and nothing is made; fetches will be the warehouse's to know."""
    warehouse = Warehouse(tmp_path / "data", clock=StandingClock())
    assert facts_of(warehouse) == NOTHING
    assert not warehouse.data_dir.exists()
    load_tags(warehouse, 1)  # none of the tables that are asked
    assert facts_of(warehouse) == NOTHING


def test_facts__are_none_where_nothing_is_loaded(filling: Filling) -> None:
    """Tables without rows say nothing; of no albums and posts their lists have to be read."""
    assert filling.facts() == NOTHING


def test_facts__do_with_the_tables_that_there_are(tmp_path: Path) -> None:
    """A night that reads images only is planned by images only."""
    filling = Filling(tmp_path / "data")
    for table in (LIST_ITEMS, LIST_SWEEPS, ITEM_LOOKS, POSTS, IMAGE_METRICS):
        load(filling.warehouse, table)
    put_items(filling, IMAGES, "a")
    put_counters(filling, "a", (5, 1, 1))
    put_walk(filling, 1)
    found = filling.facts()
    assert [item.list for item in found.observed] == [IMAGES]
    assert (found.albums, found.posts, found.fetched, found.usual_children) == (None, None, {}, {})
    assert found.read_at == {IMAGES: at(1)}


def test_facts__need_their_views_and_queries(tmp_path: Path) -> None:
    """Tables alone do not say what is still shown or missing, and without its queries nothing is asked."""
    filling = Filling(tmp_path / "data")
    load(filling.warehouse, ALBUMS, {"id": "a", "datetime": at(50)})
    load(filling.warehouse, LIST_ITEMS)
    load(filling.warehouse, ITEM_LOOKS)
    put_items(filling, IMAGES, "gone", seen=2)
    put_items(filling, ALBUMS_LIST, "a")
    put_walk(filling, 1)
    filling.work()
    before = facts_of(filling.warehouse)
    assert (before.albums, before.lookups) == (None, ())
    after = filling.facts()
    assert after.albums == (StoredAlbum("a", as_me=True, inserted_at=at(50)),)
    assert after.lookups == (MissingItem(IMAGES, "gone"),)
    assert facts_of(replace(filling.warehouse, sql_dir=tmp_path / "none")) == NOTHING


# parents and their fetches


def put_post(filling: Filling, post_id: str, **values: Any) -> None:
    row = {"id": post_id, "is_album": False, "images_count": 1, "comment_count": 4, "fetched_at": at(1)}
    filling.put(POSTS, row | values)


def test_parents__are_what_the_lists_of_accounts_show_newest_first(filling: Filling) -> None:
    """Albums and posts come with what decides about their children; what only a feed has shown does not."""
    filling.put(ALBUMS, {"id": "undated"})
    filling.put(ALBUMS, {"id": "old", "datetime": at(9), "images_count": 3, "cover": "c"})
    filling.put(ALBUMS, {"id": "new", "datetime": at(8)})
    put_post(filling, "b", datetime=at(9), is_album=True, images_count=2, comment_count=9)
    put_post(filling, "a", datetime=at(9), is_album=None, images_count=None, comment_count=None)
    put_post(filling, "of a feed", datetime=at(9))
    put_items(filling, "account_albums/alice", "undated", "old")
    put_items(filling, ALBUMS_LIST, "new")
    put_items(filling, SUBMISSIONS, "a", "b")
    found = filling.facts(accounts=("me", "alice"))
    assert found.albums == (
        StoredAlbum("new", as_me=True, inserted_at=at(8)),
        StoredAlbum("old", 3, cover="c", inserted_at=at(9)),
        StoredAlbum("undated"),
    )
    assert found.posts == (
        StoredPost("a", as_me=True),
        StoredPost("b", is_album=True, images_count=2, comment_count=9, as_me=True),
    )
    assert found.albums[1].fingerprint == f"3 c {seconds(9)}"


def test_parents__of_other_accounts_are_left_out(filling: Filling) -> None:
    """What was read of an account once, and is not read tonight, is nobody's to pay for."""
    filling.put(ALBUMS, {"id": "an album"})
    put_post(filling, "mine")
    put_post(filling, "other")
    put_items(filling, "account_albums/somebody", "an album")
    put_items(filling, SUBMISSIONS, "mine")
    put_items(filling, "account_submissions/somebody", "other")
    found = filling.facts()
    assert (found.albums, [post.id for post in found.posts or ()]) == (None, ["mine"])
    assert [post.as_me for post in filling.facts(accounts=("somebody",)).posts or ()] == [False]


def test_parents__leave_out_what_has_gone_missing(filling: Filling) -> None:
    """What a later whole walk has missed is not asked for: that would be a credit for a 404."""
    filling.put(ALBUMS, {"id": "gone"})
    filling.put(ALBUMS, {"id": "there"})
    put_post(filling, "gone", fetched_at=at(2))
    put_items(filling, ALBUMS_LIST, "gone", seen=2)
    put_items(filling, ALBUMS_LIST, "there", seen=0.5)
    put_items(filling, SUBMISSIONS, "gone", seen=2)
    for name in (ALBUMS_LIST, SUBMISSIONS):
        put_walk(filling, 1, name=name, is_proved=True)
    found = filling.facts()
    assert [album.id for album in found.albums or ()] == ["there"]
    assert found.posts is None


def test_accounts__are_known_by_their_name(filling: Filling) -> None:
    """An account that is known need not be read for its number; one without a name is of no use."""
    for number, url in ((1, "alice"), (2, "bob"), (3, None)):
        filling.put(ACCOUNTS, {"id": number, "url": url, "created": at(9)})
    assert filling.facts().accounts == {"alice": 1, "bob": 2}


def test_fetched__are_the_last_fetches_of_children(filling: Filling) -> None:
    """With what they were fetched for, how many came, and their time in UTC."""
    row = {"resource": "album_images", "item_id": "a", "fingerprint": "3 c 7", "items": 3}
    filling.put(DETAIL_FETCHES, {**row, "fetched_at": at(2)})
    filling.put(DETAIL_FETCHES, {"resource": "post_comments", "item_id": "p", "fetched_at": at(1)})
    assert filling.facts().fetched == {
        ("album_images", "a"): ChildFetch("3 c 7", 3, at(2)),
        ("post_comments", "p"): ChildFetch("", None, at(1)),
    }


# lookups


def test_looks__are_the_longest_missing_that_nothing_has_decided(filling: Filling) -> None:
    """Missed by unproved walks only, not deleted, not looked at since: oldest first, as many as asked for."""
    days_ago = {"kept": 0, "second": 1} | dict.fromkeys(("b", "a", "looked", "unanswered", "earlier"), 2)
    for item_id, seen in days_ago.items():
        put_items(filling, IMAGES, item_id, seen=seen)
    put_items(filling, COMMENTS, "proved", seen=2)
    put_items(filling, ALBUMS_LIST, "last", seen=1)
    put_items(filling, "account_favorites/me", "not tellable", seen=2)
    put_walk(filling, 1.5)
    put_walk(filling, 0.5)
    put_walk(filling, 1, name=COMMENTS, is_proved=True)
    put_walk(filling, 0.4, name=ALBUMS_LIST)
    put_walk(filling, 1, name="account_favorites/me")
    for item_id, days, is_gone in (("looked", 1, True), ("unanswered", 1, None), ("earlier", 1.9, None)):
        row = {"list": IMAGES, "item_id": item_id, "looked_at": at(days), "is_gone": is_gone}
        filling.put(ITEM_LOOKS, row)
    found = filling.facts().lookups
    assert found == (
        MissingItem(IMAGES, "a"),
        MissingItem(IMAGES, "b"),
        MissingItem(IMAGES, "earlier"),
        MissingItem(IMAGES, "second"),
        MissingItem(ALBUMS_LIST, "last"),
    )
    assert facts_of(filling.warehouse, lookups=2).lookups == found[:2]
    assert facts_of(filling.warehouse, lookups=0).lookups == ()


# observations


def test_observed__has_the_counter_now_and_the_last_that_differed(filling: Filling) -> None:
    """The value before stood until its own row's end, whatever came in between."""
    put_items(filling, IMAGES, "a")
    put_counters(filling, "a", (5, 30, 20), (7, 12, 8), (9, 3, 1))
    assert filling.facts().observed == (Observation(IMAGES, 0, seconds(50), 9, seconds(1), 7, seconds(8)),)


def test_observed__of_a_counter_that_never_moved_begins_with_the_first_look(filling: Filling) -> None:
    """It was watched from the first look to the last, and gained nothing."""
    put_items(filling, IMAGES, "a")
    put_counters(filling, "a", (5, 30, 1))
    assert filling.facts().observed == (Observation(IMAGES, 0, seconds(50), 5, seconds(1), 5, seconds(30)),)


def test_observed__of_one_look_has_nothing_before(filling: Filling) -> None:
    """One observation is no interval; a counter that was not sent counts as nothing."""
    put_items(filling, IMAGES, "a")
    put_items(filling, IMAGES, "b", age=60)
    put_counters(filling, "a", (5, 1, 1))
    put_counters(filling, "b", (None, 1, 1))
    assert filling.facts().observed == (
        Observation(IMAGES, 0, seconds(50), 5, seconds(1)),
        Observation(IMAGES, 1, seconds(60), 0, seconds(1)),
    )


def test_observed__passes_over_rows_in_which_only_another_counter_moved(filling: Filling) -> None:
    """A history row that differs in its votes only is no change of the views."""
    put_items(filling, SUBMISSIONS, "a")
    put_counters(filling, "a", (5, 30, 20), (9, 12, 8), (9, 3, 1), table=POST_METRICS)
    [item] = filling.facts().observed
    assert item[3:] == (9, seconds(1), 5, seconds(20))


def test_observed__ranks_what_each_list_still_shows(filling: Filling) -> None:
    """Newest first, list by list, without what a walk has missed."""
    for item_id, age in (("old", 90), ("gone", 70), ("new", 50)):
        put_items(filling, IMAGES, item_id, age=age)
        put_counters(filling, item_id, (1, 1, 1))
    put_items(filling, IMAGES, "early", age=99, seen=9)
    put_counters(filling, "early", (1, 9, 9))
    put_walk(filling, 5)
    filling.work("delete from imgur_raw.list_items where item_id = 'gone'")
    assert [(item.rank, item.at) for item in filling.facts().observed] == [
        (0, seconds(50)),
        (1, seconds(90)),
    ]


def test_observed__comes_from_all_lists_with_counters(filling: Filling) -> None:
    """Views of images, albums and posts, points of comments, whose ids are numbers."""
    put_items(filling, IMAGES, "a")
    put_counters(filling, "a", (1, 1, 1))
    put_items(filling, ALBUMS_LIST, "b")
    put_counters(filling, "b", (2, 1, 1), table=ALBUM_METRICS)
    put_items(filling, SUBMISSIONS, "c")
    put_counters(filling, "c", (3, 1, 1), table=POST_METRICS)
    put_items(filling, COMMENTS, "77")
    put_counters(filling, 77, (-4, 1, 1), table=COMMENT_METRICS, column="points")
    found = {(item.list, item.value) for item in filling.facts().observed}
    assert found == {(IMAGES, 1), (ALBUMS_LIST, 2), (SUBMISSIONS, 3), (COMMENTS, -4)}


# new items and feeds


def test_new_items__are_those_of_the_week_before_the_front_was_read(filling: Filling) -> None:
    """Fourteen in the week before the last reading are two a day; gaps and refreshes read no front."""
    for number in range(14):
        put_items(filling, IMAGES, f"new{number}", age=2 + number / 2)
    put_items(filling, IMAGES, "old", age=9.5)
    put_walk(filling, 9)
    put_walk(filling, 2, kind="head")
    put_walk(filling, 1, kind="gap")
    put_walk(filling, 1, kind="refresh")
    found = filling.facts()
    assert (found.new_per_day, found.read_at) == ({IMAGES: 2.0}, {IMAGES: at(2)})


def test_new_items__of_an_empty_list_are_none(filling: Filling) -> None:
    """A list that was read and had nothing is known to get nothing; one whose page did not come is not known."""
    put_walk(filling, 1, pages=1)
    put_walk(filling, 1, name=ALBUMS_LIST, pages=0)
    found = filling.facts()
    assert (found.new_per_day, found.read_at) == ({IMAGES: 0.0}, {IMAGES: at(1)})


def test_pages_before__are_what_the_last_readings_of_a_feed_took(filling: Filling) -> None:
    """The average of five complete ones; another kind of walk and one that broke off say nothing."""
    for days, pages in ((9, 50), (6, 1), (5, 1), (4, 1), (3, 2), (2, 3)):
        put_walk(filling, days, name="hot/viral", kind="feed", pages=pages)
    put_walk(filling, 1, name="hot/viral", kind="feed", pages=90, is_complete=False)
    put_walk(filling, 1)
    assert filling.facts().pages_before == {"hot/viral": pytest.approx(8 / 5)}


# what runs have cost


def put_run(
    filling: Filling,
    days: float,
    *,
    credits: int | None = None,
    resources: tuple[str, ...] = ("post_comments",),
    outcome: str = "done",
) -> None:
    run_id = f"run {days:g}"
    row = {"run_id": run_id, "started_at": at(days), "outcome": outcome, "resources": json.dumps(resources)}
    filling.put(SYNC_RUNS, row)
    if credits is not None:
        filling.put(CREDIT_CHARGES, {"run_id": run_id, "endpoint": "post_comments", "credits": credits})


def test_usual_children__are_what_the_last_runs_took(filling: Filling) -> None:
    """The middle of the last seven that asked for it; not the first of all, which fetches everything."""
    assert filling.facts().usual_children == {}
    put_run(filling, 20, credits=900)
    assert filling.facts().usual_children == {}
    for days, credits in ((12, 70), (11, 80), (9, 3), (8, None), (7, 5), (6, 4), (5, 40), (4, 6), (3, 5)):
        put_run(filling, days, credits=credits)
    put_run(filling, 2, credits=None, resources=("account_images",))
    put_run(filling, 1, credits=1, outcome="failed")
    assert filling.facts().usual_children == {"post_comments": 5.0}


def test_usual_children__leave_out_runs_that_read_for_the_first_time(filling: Filling) -> None:
    """A first load that took two runs says nothing of other nights, and neither does a run that broke off."""
    put_run(filling, 9, credits=400)
    put_run(filling, 8, credits=300)
    put_run(filling, 7, credits=1, outcome="stopped")
    put_run(filling, 6, credits=5)
    lines = [{"name": SUBMISSIONS, "kind": "backfill", "spent": 7}]
    filling.work(f"update imgur_raw.sync_runs set plan = '{json.dumps(lines)}' where run_id = 'run 8'")
    assert filling.facts().usual_children == {"post_comments": 5.0}


def put_plan(filling: Filling, days: float, *lines: dict[str, Any]) -> None:
    put_run(filling, days)
    filling.work(
        "alter table imgur_raw.sync_runs add column if not exists plan json",
        f"update imgur_raw.sync_runs set plan = '{json.dumps(lines)}' where run_id = 'run {days:g}'",
    )


def a_line(
    kind: str = "sweep", *, likely: int = 10, granted: int = 10, spent: int | None = 12, **more: int
) -> dict[str, Any]:
    return {"name": IMAGES, "kind": kind, "likely": likely, "granted": granted, "spent": spent, **more}


def test_spent__is_what_lines_took_beside_what_was_likely(filling: Filling) -> None:
    """Over the last seven plans, of those lines that could be done to the end."""
    put_plan(filling, 30, a_line(spent=500))
    for days in (1, 2, 3, 4, 5, 6):
        put_plan(filling, days, a_line(), a_line("head", likely=2, granted=1, spent=1))
    put_plan(filling, 7, a_line(spent=5), a_line("details", spent=None), a_line("feed", likely=0, spent=0))
    assert filling.facts().spent_before == {(IMAGES, "sweep"): pytest.approx((6 * 12 + 5) / 70)}


def test_spent__leaves_out_runs_that_broke_off(filling: Filling) -> None:
    """A run that was stopped has not read what it planned, and must not make that look cheap."""
    put_plan(filling, 2, a_line(likely=10, spent=10))
    put_plan(filling, 1, a_line(likely=10, spent=0))
    filling.work("update imgur_raw.sync_runs set outcome = 'stopped' where run_id = 'run 1'")
    assert filling.facts().spent_before == {(IMAGES, "sweep"): 1.0}


def test_spent__is_beside_what_was_likely_before_it_was_corrected(filling: Filling) -> None:
    """Otherwise a correction would take itself back in the next night."""
    put_plan(filling, 1, a_line(likely=12, granted=12, spent=12, uncorrected=10))
    assert filling.facts().spent_before == {(IMAGES, "sweep"): 1.2}


def test_spent__is_not_known_of_runs_without_a_plan(filling: Filling) -> None:
    """A file of an earlier version has no such column, and runs of it no plan."""
    put_run(filling, 2, credits=9)
    put_run(filling, 1, credits=9)
    filling.work("alter table imgur_raw.sync_runs drop column if exists plan")
    found = facts_of(filling.warehouse)
    assert (found.spent_before, found.usual_children) == ({}, {})
    filling.work("alter table imgur_raw.sync_runs add column plan json")
    found = facts_of(filling.warehouse)
    assert (found.spent_before, found.usual_children) == ({}, {"post_comments": 9.0})
