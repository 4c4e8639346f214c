"""What the plan asks of the work file: observations, details that are due, new items, what plans have cost."""

from __future__ import annotations

import json
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from warehouse.facts import NewItems, PlanFacts
from warehouse.warehouse import Warehouse

from imgur_source.planning.planner import Due, Observed
from imgur_source.records.tables import (
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
from tests.support.lean_sql import sql_with
from tests.support.work_files import NIGHT, StandingClock, load, work

IMAGES, ALBUMS_LIST = "account_images/me", "account_albums/me"
SUBMISSIONS, COMMENTS = "account_submissions/me", "account_comments/me"
GREATEST_AGE = timedelta(days=30)
ONE_DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a warehouse in which every table has been loaded, without a row."""
    warehouse = Warehouse(tmp_path_factory.mktemp("empty") / "data", clock=StandingClock())
    for table in TABLES.values():
        load(warehouse, table)
    return warehouse.data_dir


class Filling:
    """A warehouse that is being filled; rows are loaded together, for opening a file takes its time."""

    def __init__(self, data_dir: Path) -> None:
        self.warehouse = Warehouse(data_dir, clock=StandingClock(), sql_dir=sql_with())
        self._rows: dict[str, list[dict[str, Any]]] = {}

    def put(self, table: Table, row: dict[str, Any]) -> None:
        self._rows.setdefault(table.name, []).append(row)

    def work(self, *statements: str) -> None:
        """Execute *statements* after what has been put in."""
        for name, rows in self._rows.items():
            load(self.warehouse, TABLES[name], *rows)
        self._rows = {}
        work(self.warehouse, *statements)

    def facts(self) -> PlanFacts:
        """What the plan is told, with the relations made anew."""
        self.work()
        self.warehouse.apply_sql()
        return self.warehouse.plan_facts(accounts=("me",), greatest_age=GREATEST_AGE)


@pytest.fixture
def filling(empty: Path, tmp_path: Path) -> Filling:
    return Filling(shutil.copytree(empty, tmp_path / "data"))


def at(days: float) -> datetime:
    """So many days before tonight."""
    return NIGHT - days * ONE_DAY


def seconds(days: float) -> int:
    """The same, since the epoch."""
    return int(at(days).timestamp())


def put_item(filling: Filling, item_id: str, *, name: str = IMAGES, age: float = 50) -> None:
    """Have a list show an item, as of last night."""
    row = {"list": name, "item_id": item_id, "datetime": at(age), "fetched_at": at(1)}
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


def put_walk(
    filling: Filling, days: float, *, name: str = IMAGES, kind: str = "sweep", pages: int = 3
) -> None:
    row = {
        "list": name,
        "kind": kind,
        "pages": pages,
        "started_at": at(days),
        "ended_at": at(days),
        "is_complete": True,
        "is_proved": False,
    }
    filling.put(LIST_SWEEPS, row)


# before anything is known


def test_plan_facts__are_none_without_a_file(tmp_path: Path) -> None:
    """Before the first night nothing is known, and nothing is made."""
    warehouse = Warehouse(tmp_path / "data", clock=StandingClock())
    assert warehouse.plan_facts(accounts=("me",), greatest_age=GREATEST_AGE) == PlanFacts()
    assert not warehouse.data_dir.exists()


def test_plan_facts__are_none_where_nothing_is_loaded(filling: Filling) -> None:
    """Tables without rows say nothing."""
    assert filling.facts() == PlanFacts()


def test_plan_facts__do_with_the_tables_that_there_are(tmp_path: Path) -> None:
    """A night that reads images only is planned by images only."""
    filling = Filling(tmp_path / "data")
    for table in (LIST_ITEMS, LIST_SWEEPS, ITEM_LOOKS, POSTS, IMAGE_METRICS):
        load(filling.warehouse, table)
    put_item(filling, "a")
    put_counters(filling, "a", (5, 1, 1))
    put_walk(filling, 1)
    found = filling.facts()
    assert [item.list for item in found.observed] == [IMAGES]
    assert found.due == ()
    assert found.new_items.keys() == {IMAGES}


# observations


def test_observed__has_the_counter_now_and_the_last_that_differed(filling: Filling) -> None:
    """The value before stood until its own row's end, whatever came in between."""
    put_item(filling, "a", age=50)
    put_counters(filling, "a", (5, 30, 20), (7, 12, 8), (9, 3, 1))
    assert filling.facts().observed == (Observed(IMAGES, 0, seconds(50), 9, seconds(1), 7, seconds(8)),)


def test_observed__of_a_counter_that_never_moved_begins_with_the_first_look(filling: Filling) -> None:
    """It was watched from the first look to the last, and gained nothing."""
    put_item(filling, "a", age=50)
    put_counters(filling, "a", (5, 30, 1))
    assert filling.facts().observed == (Observed(IMAGES, 0, seconds(50), 5, seconds(1), 5, seconds(30)),)


def test_observed__of_one_look_has_nothing_before(filling: Filling) -> None:
    """One observation is no interval; a counter that was not sent counts as nothing."""
    put_item(filling, "a", age=50)
    put_item(filling, "b", age=60)
    put_counters(filling, "a", (5, 1, 1))
    put_counters(filling, "b", (None, 1, 1))
    assert filling.facts().observed == (
        Observed(IMAGES, 0, seconds(50), 5, seconds(1)),
        Observed(IMAGES, 1, seconds(60), 0, seconds(1)),
    )


def test_observed__passes_over_rows_in_which_only_another_counter_moved(filling: Filling) -> None:
    """A history row that differs in its votes only is no change of the views."""
    put_item(filling, "a", name=SUBMISSIONS, age=50)
    put_counters(filling, "a", (5, 30, 20), (9, 12, 8), (9, 3, 1), table=POST_METRICS)
    [item] = filling.facts().observed
    assert item[3:] == (9, seconds(1), 5, seconds(20))


def test_observed__ranks_what_each_list_still_shows(filling: Filling) -> None:
    """Newest first, list by list, without what a walk has missed."""
    for item_id, age in (("old", 90), ("gone", 70), ("new", 50)):
        put_item(filling, item_id, age=age)
        put_counters(filling, item_id, (1, 1, 1))
    filling.put(LIST_ITEMS, {"list": IMAGES, "item_id": "early", "datetime": at(99), "fetched_at": at(9)})
    put_counters(filling, "early", (1, 9, 9))
    put_walk(filling, 5)
    filling.work("delete from imgur_raw.list_items where item_id = 'gone'")
    assert [(item.rank, item.at) for item in filling.facts().observed] == [
        (0, seconds(50)),
        (1, seconds(90)),
    ]


def test_observed__comes_from_all_lists_with_counters(filling: Filling) -> None:
    """Views of images, albums and posts, points of comments, whose ids are numbers."""
    put_item(filling, "a")
    put_counters(filling, "a", (1, 1, 1))
    put_item(filling, "b", name=ALBUMS_LIST)
    put_counters(filling, "b", (2, 1, 1), table=ALBUM_METRICS)
    put_item(filling, "c", name=SUBMISSIONS)
    put_counters(filling, "c", (3, 1, 1), table=POST_METRICS)
    put_item(filling, "77", name=COMMENTS)
    put_counters(filling, 77, (-4, 1, 1), table=COMMENT_METRICS, column="points")
    assert [(item.list, item.value) for item in filling.facts().observed] == [
        (IMAGES, 1),
        (ALBUMS_LIST, 2),
        (SUBMISSIONS, 3),
        (COMMENTS, -4),
    ]


# new items


def test_new_items__are_those_of_the_week_before_the_front_was_read(filling: Filling) -> None:
    """Fourteen in the week before the last reading are two a day; gaps and refreshes read no front."""
    for number in range(14):
        put_item(filling, f"new{number}", age=2 + number / 2)
    put_item(filling, "old", age=9.5)
    put_walk(filling, 9)
    put_walk(filling, 2, kind="head")
    put_walk(filling, 1, kind="gap")
    put_walk(filling, 1, kind="refresh")
    assert filling.facts().new_items == {IMAGES: NewItems(IMAGES, 2.0, seconds(2))}


def test_new_items__of_an_empty_list_are_none(filling: Filling) -> None:
    """A list that was read and had nothing is known to get nothing; one whose page did not come is not known."""
    put_walk(filling, 1, pages=1)
    put_walk(filling, 1, name=ALBUMS_LIST, pages=0)
    assert filling.facts().new_items == {IMAGES: NewItems(IMAGES, 0.0, seconds(1))}


# details


def put_album(
    filling: Filling,
    album_id: str,
    *,
    count: int | None = 3,
    cover: str | None = "x",
    listed: bool = True,
) -> None:
    row = {"id": album_id, "images_count": count, "cover": cover, "datetime": at(50), "fetched_at": at(1)}
    filling.put(ALBUMS, row)
    if listed:
        put_item(filling, album_id, name=ALBUMS_LIST)


def put_post(
    filling: Filling,
    post_id: str,
    *,
    images: int | None = 1,
    comments: int | None = 4,
    album: bool = False,
    listed: bool = True,
) -> None:
    row = {
        "id": post_id,
        "images_count": images,
        "comment_count": comments,
        "is_album": album,
        "fetched_at": at(1),
    }
    filling.put(POSTS, row)
    if listed:
        put_item(filling, post_id, name=SUBMISSIONS)


def put_fetch(
    filling: Filling,
    resource: str,
    item_id: str,
    fingerprint: str,
    *,
    items: int | None = 3,
    days: float = 2,
) -> None:
    row: dict[str, Any] = {"resource": resource, "item_id": item_id, "fingerprint": fingerprint}
    filling.put(DETAIL_FETCHES, {**row, "items": items, "fetched_at": at(days)})


def due(filling: Filling) -> dict[str, tuple[int, int]]:
    """How many are due and can be, by resource."""
    return {one.name: (one.known, one.at_most) for one in filling.facts().due}


def test_due__album_images_are_due_where_something_has_moved(filling: Filling) -> None:
    """Never fetched, another count, another cover, or long ago; not an empty album, nor one that is gone."""
    put_album(filling, "same")
    put_fetch(filling, "album_images", "same", f"3 x {seconds(50)}")
    put_album(filling, "unknown", count=None, cover=None)
    put_fetch(filling, "album_images", "unknown", f"None None {seconds(50)}")
    assert due(filling) == {"album_images": (0, 2)}
    put_album(filling, "never")
    put_album(filling, "grown", count=4)
    put_fetch(filling, "album_images", "grown", f"3 x {seconds(50)}")
    put_album(filling, "covered", cover="y")
    put_fetch(filling, "album_images", "covered", f"3 x {seconds(50)}")
    put_album(filling, "stale")
    put_fetch(filling, "album_images", "stale", f"3 x {seconds(50)}", days=31)
    put_album(filling, "empty", count=0)
    put_album(filling, "gone", listed=False)
    assert due(filling) == {"album_images": (4, 6)}


def test_due__post_images_are_due_where_their_number_has_moved(filling: Filling) -> None:
    """Another number than was fetched; one that a fetch could not confirm only after the greatest age."""
    for post_id in ("same", "never", "grown", "unsure", "unsure long ago", "unknown"):
        put_post(filling, post_id, images=5, comments=0, album=True)
    put_post(filling, "image", comments=0)
    put_post(filling, "other people's", images=5, comments=9, album=True, listed=False)
    put_fetch(filling, "post_images", "same", "5", items=5)
    put_fetch(filling, "post_images", "grown", "4", items=4)
    put_fetch(filling, "post_images", "unsure", "5", items=4)
    put_fetch(filling, "post_images", "unsure long ago", "5", items=4, days=40)
    put_fetch(filling, "post_images", "unknown", "None", items=None)
    filling.work("update imgur_raw.posts set images_count = null where id = 'unknown'")
    assert due(filling)["post_images"] == (3, 6)


def test_due__one_request_serves_an_album_that_is_also_a_post(filling: Filling) -> None:
    """It is counted once, with the albums."""
    put_album(filling, "both")
    put_post(filling, "both", images=3, comments=0, album=True)
    assert due(filling) == {"album_images": (1, 1), "post_comments": (0, 1)}


def test_due__comments_are_due_where_their_number_has_moved(filling: Filling) -> None:
    """A tree that was never fetched, unless it is empty, or whose count is another one."""
    for post_id, comments in (("same", 4), ("never", 4), ("empty", 0), ("moved", 5), ("unknown", None)):
        put_post(filling, post_id, comments=comments)
    put_fetch(filling, "post_comments", "same", "4", days=90)
    put_fetch(filling, "post_comments", "moved", "4")
    assert due(filling) == {"post_comments": (3, 5)}


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


def test_due__usual_is_what_the_last_runs_took(filling: Filling) -> None:
    """The middle of the last seven that asked for it; not the first of all, which fetches everything."""
    put_post(filling, "a", comments=0)
    assert filling.facts().due == (Due("post_comments", "details", known=0, usual=None, at_most=1),)
    put_run(filling, 20, credits=900)
    assert filling.facts().due[0].usual is None
    for days, credits in ((12, 70), (11, 80), (9, 3), (8, None), (7, 5), (6, 4), (5, 40), (4, 6), (3, 5)):
        put_run(filling, days, credits=credits)
    put_run(filling, 2, credits=None, resources=("account_images",))
    put_run(filling, 1, credits=1, outcome="failed")
    assert filling.facts().due[0].usual == 5


def test_due__details_of_other_accounts_are_not_counted(filling: Filling) -> None:
    """What was read of an account once, and is not read tonight, is nobody's to pay for."""
    put_post(filling, "mine")
    put_post(filling, "other", listed=False)
    put_item(filling, "other", name="account_submissions/somebody")
    assert due(filling) == {"post_comments": (1, 1)}


def test_due__usual_leaves_out_runs_that_read_for_the_first_time(filling: Filling) -> None:
    """A first load that took two runs says nothing of other nights, and neither does a run that broke off."""
    put_post(filling, "a", comments=0)
    put_run(filling, 9, credits=400)
    put_run(filling, 8, credits=300)
    put_run(filling, 7, credits=1, outcome="stopped")
    put_run(filling, 6, credits=5)
    lines = [{"name": "account_submissions/me", "kind": "backfill", "spent": 7}]
    filling.work(f"update imgur_raw.sync_runs set plan = '{json.dumps(lines)}' where run_id = 'run 8'")
    assert filling.facts().due[0].usual == 5


# what plans have cost


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
    assert filling.facts().spent == {(IMAGES, "sweep"): pytest.approx((6 * 12 + 5) / 70)}


def test_spent__leaves_out_runs_that_broke_off(filling: Filling) -> None:
    """A run that was stopped has not read what it planned, and must not make that look cheap."""
    put_plan(filling, 2, a_line(likely=10, spent=10))
    put_plan(filling, 1, a_line(likely=10, spent=0))
    filling.work("update imgur_raw.sync_runs set outcome = 'stopped' where run_id = 'run 1'")
    assert filling.facts().spent == {(IMAGES, "sweep"): 1.0}


def test_spent__is_beside_what_was_likely_before_it_was_corrected(filling: Filling) -> None:
    """Otherwise a correction would take itself back in the next night."""
    put_plan(filling, 1, a_line(likely=12, granted=12, spent=12, uncorrected=10))
    assert filling.facts().spent == {(IMAGES, "sweep"): 1.2}


def test_spent__is_not_known_of_runs_without_a_plan(filling: Filling) -> None:
    """A file of an earlier version has no such column, and runs of it no plan."""
    put_run(filling, 1)
    filling.work("alter table imgur_raw.sync_runs drop column if exists plan")
    assert filling.warehouse.plan_facts(accounts=("me",), greatest_age=GREATEST_AGE).spent == {}
    filling.work("alter table imgur_raw.sync_runs add column plan json")
    assert filling.warehouse.plan_facts(accounts=("me",), greatest_age=GREATEST_AGE).spent == {}
