"""Nights with a plan: what it costs, what it waits for, and what it leaves."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import credits
import httpx
import pytest
from nightly import run as night
from nightly.plan_text import plan_lines
from warehouse.publication import Publication, PublicationError
from warehouse.warehouse import Warehouse

from imgur_source.planning.plan import Plan
from imgur_source.simulator import Fault
from tests.support.nights import Nights
from tests.support.warehouses import SimulatorClock, credentials_of

LISTS = ("account_images", "account_albums", "account_submissions", "account_comments")


def plan_before(nights: Nights, **changes: Any) -> Plan:
    """The plan that ``--plan`` prints."""
    return night.plan_before(replace(nights.options, **changes), clock=SimulatorClock(nights.simulator))


class Watching(SimulatorClock):
    """Notes how many images the published file holds when a run begins to sleep."""

    def __init__(self, nights: Nights) -> None:
        super().__init__(nights.simulator)
        self.seen: dict[int, int] = {}  # by the time at which the file was written
        self._nights = nights

    def sleep(self, duration: timedelta) -> None:
        published = self._nights.options.warehouse.published_file
        if published.exists() and published.stat().st_mtime_ns not in self.seen:
            [(count,)] = self._nights.published("select count(*) from imgur_raw.images")
            self.seen[published.stat().st_mtime_ns] = count
        super().sleep(duration)


@pytest.fixture(scope="module")
def hours(tmp_path_factory: pytest.TempPathFactory) -> tuple[Nights, Watching]:
    """A run of several hours, because each has few credits, and what was published meanwhile."""
    nights = Nights(tmp_path_factory.mktemp("hours"), images=500, user_limit=6, per_page="ignored")
    clock = Watching(nights)
    nights.run(only=("account_images",), clock=clock)
    return nights, clock


def test_rounds__wait_for_the_hour_and_go_on(hours: tuple[Nights, Watching]) -> None:
    """When the hour is spent the night publishes, waits for new credits, and reads the rest: one run, all there."""
    nights, _ = hours
    [result] = nights.results
    taken = nights.simulator.now() - nights.simulator.options.now

    assert (result.outcome, result.exit_code, result.run.rounds) == ("done", 0, 3)
    assert nights.published("select count(*) from imgur_raw.images") == [(500,)]
    assert nights.published("select rounds, credits_spent, outcome from imgur_raw.sync_runs") == [
        (3, result.run.meter.credits.spent, "done")
    ]
    assert result.run.meter.credits.spent == nights.simulator.credits_spent <= 18
    assert timedelta(hours=2) <= taken < timedelta(hours=2, minutes=5)
    assert not [request for request in nights.simulator.requests if request.status == 429]


def test_rounds__publish_before_they_wait(hours: tuple[Nights, Watching]) -> None:
    """While a night waits for credits, readers have what it has read so far."""
    counts = list(hours[1].seen.values())

    assert len(counts) > 1
    assert counts == sorted(counts)
    assert 0 < counts[0] < 500


def test_rounds__end_at_the_deadline(tmp_path: Path) -> None:
    """A deadline before the credits return is not waited for, and what is owed is said."""
    nights = Nights(tmp_path, images=900, user_limit=6, per_page="ignored")
    began = nights.simulator.now()

    result = nights.run(only=("account_images",), deadline="30m")

    assert (result.outcome, result.exit_code, result.run.rounds) == ("stopped", 0, 1)
    assert result.run.pending
    assert nights.simulator.now() - began < timedelta(minutes=1)


def test_rounds__send_nothing_after_the_deadline(tmp_path: Path) -> None:
    """A night that reads slowly ends its reading in time, and loads what it has."""
    nights = Nights(tmp_path, images=900, per_page="ignored", seconds_per_request=60.0)
    began = nights.simulator.now()

    result = nights.run(only=("account_images",), deadline="10m")

    assert (result.outcome, result.exit_code) == ("stopped", 0)
    assert "deadline" in (result.reason or "")
    assert nights.simulator.requests[-1].at - began <= timedelta(minutes=9 + 4)  # four were under way then
    assert 0 < nights.published("select count(*) from imgur_raw.images")[0][0] < 900


@pytest.mark.slow
def test_rounds__that_are_kept_leave_what_an_earlier_one_has_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers have the first round's file, and the run's row says when they got it, and why no newer one."""
    nights = Nights(tmp_path, images=300, user_limit=6, per_page="ignored")
    publish = Warehouse.publish
    published: list[Publication] = []

    def once(warehouse: Warehouse) -> Publication:
        if published:
            raise PublicationError(warehouse.published_file, "no room")
        published.append(publish(warehouse))
        return published[0]

    monkeypatch.setattr(Warehouse, "publish", once)

    result = nights.run(only=("account_images",))

    assert (result.exit_code, result.run.rounds) == (1, 2)
    [run] = nights.options.warehouse.last_runs()
    assert (run["publication"], run["published_at"]) == ("kept", published[0].published_at)
    assert "no room" in run["reason"]


@pytest.mark.slow
def test_rounds__share_the_allowance_of_the_run(tmp_path: Path) -> None:
    """--max-credits is for all rounds together."""
    nights = Nights(tmp_path, images=900, user_limit=6, per_page="ignored")

    result = nights.run(only=("account_images",), max_credits=8)

    assert nights.simulator.credits_spent == result.run.meter.credits.spent == 8
    assert (result.outcome, result.exit_code) == ("stopped", 0)


@pytest.mark.slow
def test_rounds__two_cool_downs_end_the_night(tmp_path: Path) -> None:
    """Over capacity is waited out once; the second time in a night it ends it."""
    nights = Nights(tmp_path, images=300, per_page="ignored")
    nights.options.settings["max_in_flight"] = 1  # which of several requests meets the limit is chance
    nights.simulator.faults.add(Fault("over_capacity_403", path="images/2", times=None))
    began = nights.simulator.now()

    result = nights.run(only=("account_images",))

    assert (result.outcome, result.exit_code, result.run.rounds) == ("stopped", 0, 2)
    assert result.run.cool_downs == 2
    assert timedelta(minutes=10) <= nights.simulator.now() - began < timedelta(minutes=12)


@pytest.mark.slow
def test_rounds__read_feeds_and_accounts_once(tmp_path: Path) -> None:
    """What a round has read whole is not read again by the next one of the same night."""
    nights = Nights(tmp_path, images=600, user_limit=8, per_page="ignored", client_limit=12_500)
    nights.options.settings["feeds"] = ["hot/viral@2"]

    result = nights.run(only=("account", "account_images", "gallery_sections"))

    assert result.run.rounds > 1
    assert result.outcome == "done"
    assert nights.asked_for("/gallery/hot/viral/day/0") == 1
    assert nights.asked_for("/gallery/hot/viral/day/1") == 1
    assert len([r for r in nights.simulator.requests if r.path == "/3/account/me"]) == 1


@pytest.mark.slow
def test_rounds__details_that_an_hour_did_not_reach_to_are_read_in_the_next(tmp_path: Path) -> None:
    """Comment trees of posts that were found before the hour ended are fetched after it."""
    nights = Nights(tmp_path, images=60, albums=5, posts=240, user_limit=20)

    result = nights.run(only=("account_submissions", "post_comments", "account_albums", "album_images"))

    assert result.run.rounds > 1
    assert result.outcome == "done"
    own = len(nights.simulator.truth.submissions())
    with_comments = sum(post["comment_count"] > 0 for post in nights.simulator.truth.submissions())
    assert own >= with_comments > 0
    fetched = nights.published(
        "select count(*) from imgur_raw.detail_fetches where resource = 'post_comments'"
    )
    assert fetched == [(with_comments,)]


def test_plan__spends_nothing_and_leaves_nothing_before_the_first_run(tmp_path: Path) -> None:
    """--plan works on an empty disk, sends no request, and makes no folder."""
    nights = Nights(tmp_path)

    plan = plan_before(nights)

    assert "\n".join(plan_lines(plan)).count("account_images/me") >= 1
    assert plan.expected > 0
    assert nights.simulator.requests == []
    assert not nights.options.data_dir.exists()
    assert not (tmp_path / "state").exists()


@pytest.mark.slow
def test_plan__says_what_the_run_then_spends(tmp_path: Path) -> None:
    """Over ten different nights the likely credits of the lists are within a tenth of what they took."""
    nights = Nights(tmp_path, images=1_500, albums=40, posts=900, per_page="ignored")
    for number in range(10):
        if number == 4:
            changes: dict[str, Any] = {"max_credits": 25}
        elif number == 7:
            changes = {"max_credits": 60}
        else:
            changes = {}
        plan = plan_before(nights, **changes)
        result = nights.run(**changes)
        run = result.run
        assert run.plan is not None
        if number:
            names = {line.name for line in run.plan.lines if "/" in line.name}
            likely = sum(min(line.granted, line.likely) for line in plan.lines if line.name in names)
            spent = sum(credits for (name, _), credits in run.spent_on.items() if name in names)
            assert spent == pytest.approx(likely, rel=0.1, abs=2), (number, likely, spent)
            for line in plan.lines:
                if line.kind == "details" and not changes:
                    took = run.spent_on[line.name, line.kind]
                    assert line.least <= took <= line.most, (number, line, took)
        nights.simulator.advance(timedelta(days=(1, 2, 1, 3, 1, 1, 5, 1, 1, 1)[number]))


@pytest.mark.slow
def test_plan__estimates_stand_beside_what_was_spent(tmp_path: Path) -> None:
    """sync_runs keeps each line of the plan with its price and what it took, and the summary says so."""
    nights = Nights(tmp_path)
    nights.run()
    nights.simulator.advance(timedelta(days=1))

    result = nights.run()

    [(plan, planned, spent)] = nights.published(
        "select plan, credits_planned, credits_spent from imgur_raw.sync_runs order by started_at desc limit 1"
    )
    lines = json.loads(plan)
    assert sum(line["spent"] for line in lines) == spent == result.run.meter.credits.spent
    assert {"name", "kind", "tier", "least", "likely", "most", "granted", "uncorrected", "spent"} == lines[
        0
    ].keys()
    assert planned == result.run.plan.expected  # type: ignore[union-attr]


def test_charges__tell_new_rows_from_refreshed_ones(nights: Nights) -> None:
    """credit_charges says per endpoint what was new, what was seen again, and what was answered with 304."""
    first = "select rows_new, rows_refreshed, unchanged from imgur_raw.credit_charges where endpoint = 'account_images'"
    assert nights.published(first) == [(40, 0, 0)]
    for _ in range(3):
        nights.simulator.world.add_image()

    nights.run(only=("account_images",))

    [(_, second), (new, refreshed)] = nights.published(
        "select rows_new, rows_refreshed from imgur_raw.credit_charges join imgur_raw.sync_runs using (run_id) "
        "where endpoint = 'account_images' order by started_at"
    )
    assert (second, new, refreshed) == (0, 3, 40)


@pytest.mark.slow
def test_plan__costs_no_more_than_the_least_and_two_credits_a_list(tmp_path: Path) -> None:
    """A first load, a quiet night and a night of 60 new images stay within the bound of docs/credits.md."""
    account = replace(credits.SMALL, page_size=50)
    nights = Nights(tmp_path)
    nights.simulator = account.simulated()
    nights.options.settings["credentials"] = credentials_of(nights.simulator)
    lists = account.lists()

    def least(items: dict[str, int]) -> float:
        """Pages and the empty one, and three credits of proof where Imgur counts a list that is long."""
        needed = 0
        for name, number in items.items():
            pages = math.ceil(number / (60 if name == "account_submissions" else account.page_size))
            needed += pages + 1 + (3 if pages >= 10 and name != "account_submissions" else 0)
        return needed * 1.02 + 2 * len(items)

    first = nights.run(only=tuple(lists)).run.meter.credits.spent
    nights.simulator.advance(timedelta(days=1))
    quiet = nights.run(only=tuple(lists)).run.meter.credits.spent
    for _ in range(60):
        nights.simulator.world.add_image()
    nights.simulator.advance(timedelta(days=1))
    busy = nights.run(only=tuple(lists)).run.meter.credits.spent

    assert first <= least(lists)
    assert quiet <= least(lists)
    assert busy <= least(lists | {"account_images": account.images + 60})
    assert nights.published("select count(*) from imgur_raw.images") == [(account.images + 60,)]


@pytest.mark.slow
def test_plan__too_few_credits_still_come_to_the_end(tmp_path: Path) -> None:
    """Six credits a night read a list of 500 images by 50 to its end within four nights, and lose nothing."""
    nights = Nights(tmp_path, images=500, per_page="ignored")
    for _ in range(4):
        result = nights.run(only=("account_images",), max_credits=6)
        nights.simulator.advance(timedelta(hours=2))

    assert result.outcome == "done"
    truth = {image["id"] for image in nights.simulator.truth.account_images()}
    held = {row[0] for row in nights.published("select id from imgur_raw.images")}
    assert truth - held == set()


@pytest.mark.slow
def test_plan__details_of_what_was_never_read_are_read_in_the_same_night(tmp_path: Path) -> None:
    """A first night fetches the trees of all posts, those on later pages of the list too."""
    nights = Nights(tmp_path, images=300, albums=5, posts=400)
    posts = [post for post in nights.simulator.truth.submissions() if post["comment_count"]]
    assert len(nights.simulator.truth.submissions()) > 60

    nights.run(only=("account_submissions", "post_comments"))

    fetched = {
        row[0]
        for row in nights.published(
            "select item_id from imgur_raw.detail_fetches where resource = 'post_comments'"
        )
    }
    assert fetched == {post["id"] for post in posts}


def test_plan__keeps_the_caps_of_tiers(tmp_path: Path) -> None:
    """A cap on what was never read bounds a night's first load, though there are credits left."""
    nights = Nights(tmp_path, images=600, per_page="ignored")
    nights.options.settings["tier_caps"] = ["backfill@4"]

    result = nights.run(only=("account_images",))

    assert result.run.spent_on["account_images/me", "backfill"] <= 4
    assert result.outcome == "stopped"
    assert 50 < nights.published("select count(*) from imgur_raw.images")[0][0] <= 250


def test_plan__leaves_a_list_that_shows_no_more_of_itself(tmp_path: Path) -> None:
    """A list that gives the same page again and again takes a few credits a night, and not all there are."""
    nights = Nights(tmp_path, images=600, albums=0, posts=0, per_page="ignored")

    def stuck(request: httpx.Request) -> httpx.Response:
        path, _, number = request.url.path.rpartition("/")
        if path.endswith("/images") and number.isdecimal() and int(number) > 5:
            request = httpx.Request("GET", request.url.copy_with(path=f"{path}/5"), headers=request.headers)
        return nights.simulator(request)

    result = nights.run(only=("account_images",), transport=httpx.MockTransport(stuck))

    assert result.run.meter.credits.spent <= 15
    assert result.run.rounds == 1
    assert result.run.pending == ["account_images/me (what was never read)"]
    assert "though there are credits" in (result.reason or "")


@pytest.mark.slow
def test_rounds__a_full_refresh_reads_all_details_anew(tmp_path: Path) -> None:
    """Albums that the first hour of a full refresh did not reach to are read in the next."""
    nights = Nights(tmp_path, images=60, albums=14, posts=0, user_limit=10)
    only = ("account_albums", "album_images")
    nights.run(only=only)
    first = nights.asked_for("/3/album/")
    nights.simulator.advance(timedelta(days=1))

    result = nights.run(only=only, full_refresh=True)

    assert result.run.rounds > 1
    assert first > 10
    assert nights.asked_for("/3/album/") == 2 * first


@pytest.mark.slow
def test_rounds__details_of_feeds_are_read_in_the_next(tmp_path: Path) -> None:
    """What a feed has shown before the hour ended is not forgotten, though the feed is not read again."""
    nights = Nights(tmp_path, images=0, albums=0, posts=70, user_limit=30)
    nights.options.settings.update(feeds=["hot/viral@2"], post_details="all")

    result = nights.run(only=("gallery_sections", "post_comments"))

    assert (result.outcome, result.run.pending) == ("done", [])
    [(posts,)] = nights.published("select count(*) from imgur_raw.posts where comment_count > 0")
    trees = "select count(*) from imgur_raw.detail_fetches where resource = 'post_comments'"
    [(fetched,)] = nights.published(trees)
    assert fetched >= posts > 30
    assert nights.asked_for("/gallery/hot/viral") == 2


@pytest.mark.slow
def test_rounds__without_a_warehouse_go_on_where_the_hour_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another destination plans from dlt's state; its rounds read no list twice, and come to the last one."""
    monkeypatch.setenv("DESTINATION__FILESYSTEM__BUCKET_URL", str(tmp_path / "lake"))
    nights = Nights(tmp_path, images=300, albums=5, user_limit=12, per_page="ignored")
    nights.options.settings["feeds"] = ["hot/viral@2"]

    result = nights.run(destination="filesystem")

    assert (result.outcome, result.run.pending) == ("done", [])
    assert nights.asked_for("/account/me/images/0") <= 2  # once more as the page where the front ended
    assert nights.asked_for("/gallery/hot/viral") == 2
    assert nights.asked_for("/comments/best") > 12


@pytest.mark.slow
def test_rounds__tell_no_failure_that_a_later_one_has_mended(tmp_path: Path) -> None:
    """A list that could not be read before the hour ended, and was after it, is no failure of the run."""
    nights = Nights(tmp_path, images=300, user_limit=8, per_page="ignored")
    nights.simulator.faults.add(Fault("html_503", path="/albums/0", times=4))

    result = nights.run(only=("account_images", "account_albums"))

    assert result.run.rounds > 1
    assert (result.outcome, result.exit_code, result.run.pending) == ("done", 0, [])


@pytest.mark.slow
def test_plan__keeps_the_cap_of_details(tmp_path: Path) -> None:
    """A cap on details holds for those, too, that only tonight's lists have shown."""
    nights = Nights(tmp_path, albums=20)
    nights.options.settings["tier_caps"] = ["details@5"]

    result = nights.run()

    assert result.run.spent_in("details") == 5
    assert result.outcome == "stopped"
    assert result.run.pending


@pytest.mark.slow
def test_plan__owes_nothing_of_a_list_that_was_read_for_its_details(tmp_path: Path) -> None:
    """A list of posts that is read whole for their comments only is not remembered, and is not owed."""
    nights = Nights(tmp_path)

    result = nights.run(only=("post_comments",))

    assert (result.outcome, result.run.pending) == ("done", [])


@pytest.mark.slow
def test_plan__owes_nothing_of_an_account_that_is_not_there(tmp_path: Path) -> None:
    """The lists of an account without a page are not asked for, in no round, and are not owed."""
    nights = Nights(tmp_path, images=250, albums=1, posts=20, user_limit=15, per_page="ignored")

    result = nights.run(accounts=("me", "nobody_at_all"))

    assert result.run.rounds > 1
    assert (result.outcome, result.run.pending) == ("done", [])
    assert nights.asked_for("nobody_at_all") == 1


@pytest.mark.slow
def test_plan__until_leaves_newer_holes(tmp_path: Path) -> None:
    """A run with --until closes no hole above it: what is newer is left to a run without it."""
    nights = Nights(tmp_path, images=900, per_page="ignored")
    times = sorted(image["datetime"] for image in nights.simulator.truth.account_images())
    until = datetime.fromtimestamp(times[450], UTC)
    nights.run(only=("account_images",), max_credits=3)

    result = nights.run(only=("account_images",), until=f"{until:%Y-%m-%d}")

    assert (result.outcome, result.run.pending) == ("done", [])
    [(newer,)] = nights.published(
        f"select count(*) from imgur_raw.images where epoch(datetime) > {times[450] + 86_400}"
    )
    assert newer < 400


@pytest.mark.slow
def test_plan__misses_no_live_image_when_others_are_deleted_meanwhile(tmp_path: Path) -> None:
    """Images that deletions pull over the end of the front, before held pages are read, are not missing."""
    nights = Nights(tmp_path, images=900, albums=4, per_page="ignored")
    only = ("account_images", "account_albums")
    nights.run(only=only)
    nights.simulator.advance(timedelta(days=1))
    nights.options.settings["sweep_share"] = 0.0002
    front = [image["id"] for image in nights.simulator.truth.account_images()[:3]]

    def deleting(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/albums/0"):
            while front:
                nights.simulator.world.delete_image(front.pop())
        return nights.simulator(request)

    result = nights.run(only=only, transport=httpx.MockTransport(deleting))

    assert result.run.spent_on["account_images/me", "cold"] > 0
    assert nights.work("select count(*) from staging.list_item_states where is_missing") == [(0,)]


@pytest.mark.slow
def test_backfill__leaves_twice_the_floor_of_the_day_and_new_items_are_read_all_the_same(
    tmp_path: Path,
) -> None:
    """A first load stops while the day still has twice its floor; what is left of it is for what is new."""
    nights = Nights(tmp_path, images=900, per_page="ignored", user_limit=50_000)
    nights.simulator.limits.spend_elsewhere(12_500 - 520, now=nights.simulator.world.now)

    result = nights.run(only=("account_images", "account_albums", "album_images"))

    others = sum(
        credits for endpoint, credits in result.run.meter.charges.items() if endpoint != "account_images"
    )
    assert 520 - result.run.meter.charges["account_images"] >= 2 * 250
    assert 520 - nights.simulator.credits_spent >= 2 * 250 - others
    assert any(name.startswith("account_images/me") for name in result.run.pending)
    assert nights.published("select count(*) from imgur_raw.albums") == [(3,)]
    assert (result.outcome, result.exit_code) == ("stopped", 0)
    assert "500" in (result.reason or "")


@pytest.mark.slow
def test_details__one_that_is_read_at_the_second_try_is_no_failure(tmp_path: Path) -> None:
    """An album that Imgur could not give before the cold pages, and gives after them, ends nothing with exit 1."""
    nights = Nights(tmp_path)
    nights.simulator.faults.add(Fault("html_502", path=r"^/3/album/[^/]+/images", times=4))

    result = nights.run(only=("account_albums", "album_images"))

    albums = [album for album in nights.simulator.truth.account_albums("me") if album["images_count"]]
    assert nights.published("select count(distinct album_id) from imgur_raw.album_images") == [(len(albums),)]
    assert (result.outcome, result.exit_code, result.run.pending) == ("done", 0, [])


@pytest.mark.slow
def test_rounds__limit_that_imgur_does_not_explain_is_waited_out_once(tmp_path: Path) -> None:
    """A 429 without a reason is tried again an hour later; the second one ends the night, not the deadline."""
    nights = Nights(tmp_path, images=300, per_page="ignored")
    nights.simulator.faults.add(Fault("errors_list_429", path="albums/0", times=None))

    result = nights.run(only=("account_albums", "gallery_sections", "account_submissions"))

    assert result.run.rounds <= 2
    assert nights.asked_for("albums/0") <= 4


@pytest.mark.slow
def test_plan__knows_of_a_cool_down(tmp_path: Path) -> None:
    """After "over capacity" --plan says until when nothing is asked, and counts the credits that there are."""
    nights = Nights(tmp_path)
    nights.run(only=("account_albums",))
    nights.simulator.faults.add(Fault("over_capacity_403", times=1))
    nights.run(only=("account_albums",), deadline="2m")

    budget = plan_before(nights).budget

    assert budget.silent_until is not None
    assert timedelta(minutes=8) < budget.silent_until - nights.simulator.now() <= timedelta(minutes=10)
    assert budget.now is not None
    assert budget.now > 400
