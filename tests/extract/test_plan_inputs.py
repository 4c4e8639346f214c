"""What is known before the first request, put as the plan wants it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from imgur_source.credits.rules import HOUR, RULES, Window
from imgur_source.credits.status import CreditStatus, Strike
from imgur_source.extract.facts import MissingItem, Parents, StoredAlbum, StoredPost, WarehouseFacts
from imgur_source.extract.plan_inputs import budget_of, parents_of, plan_of, stored_list
from imgur_source.lists import ChildFetch, NumberedList
from imgur_source.lists.coverage import Coverage, Position, Range
from imgur_source.lists.state import ListState, SourceState
from imgur_source.planning import StoredList
from imgur_source.planning.forecast import Observation
from imgur_source.planning.plan import Budget, Line, Plan, Tier
from imgur_source.settings import Settings
from tests.support.fakes import NIGHT
from tests.support.ledgers import a_day, an_hour

NOW = int(NIGHT.timestamp())
ONE_DAY = timedelta(days=1)
IMAGES, ALBUMS, SUBMISSIONS = "account_images/me", "account_albums/me", "account_submissions/me"
CHILDREN = {"album_images", "post_images", "post_comments"}


def a_status(
    *, hour: int | None = None, day: int | None = None, strikes: int = 0, **over: Any
) -> CreditStatus:
    """Credits of which so many are left of the hour and the day; None where nothing was told yet."""
    windows = {name: Window(name) for name in RULES}
    if hour is not None:
        windows["user"] = an_hour(hour)
    if day is not None:
        windows["client"] = a_day(day)
    seen = Strike(NIGHT, "0 of 12500 left, with status 429", 1, 0)
    return CreditStatus(NIGHT, windows, strikes=(seen,) * strikes, **over)


def held(number: int, *, is_ended: bool = True, **over: Any) -> ListState:
    """What is remembered of a list whose newest items are held, an hour apart."""
    stretch = Range(Position(NOW, "new"), Position(NOW - 3600 * number, "old"), number)
    return ListState(
        **{"coverage": Coverage((stretch,), is_ended), "page_size": 100, "items": number, **over}
    )


def a_plan(
    *,
    selected: set[str] | None = None,
    lists: dict[str, ListState] | None = None,
    facts: WarehouseFacts | None = None,
    fetched: dict[tuple[str, str], ChildFetch] | None = None,
    passed_over: dict[str, int] | None = None,
    done: set[str] | None = None,
    status: CreditStatus | None = None,
    allowance: int | None = None,
    hours: int = 0,
    began_at: datetime | None = None,
    **settings: Any,
) -> Plan:
    memory = SourceState({}, fetched=fetched)
    memory.keep_passed_over(passed_over or {})
    for name, value in (lists or {}).items():
        memory.keep_list(name, value)
    return plan_of(
        Settings.of(**settings),
        selected=selected or {"account", "account_images"},
        facts=facts or WarehouseFacts(),
        memory=memory,
        budget=budget_of(
            status or a_status(hour=500, day=12_250),
            allowance=allowance,
            now=NIGHT,
            ends_at=NIGHT + timedelta(hours=hours),
        ),
        now=NIGHT,
        done=done or (),
        began_at=began_at,
    )


def line(plan: Plan, name: str, kind: str) -> Line:
    [found] = [line for line in plan.lines if (line.name, line.kind) == (name, kind)]
    return found


# the credits of a run


@pytest.mark.parametrize(
    ("status", "allowance", "hours", "in_all", "now", "backfill"),
    [
        (None, None, 0, 500, 500, 500),  # nobody knows: a new hour, a new day
        (None, None, 8, 4_500, 500, 4_500),
        (None, None, 40, 12_250, 500, 12_000),
        (a_status(), None, 8, 4_500, 500, 4_500),
        (a_status(hour=40, day=1_150), None, 8, 900, 40, 650),
        (a_status(hour=40, day=1_150), 30, 8, 30, 30, 30),
        (a_status(hour=40, day=500), 300, 1, 250, 40, 0),
        (a_status(hour=40, day=400), 300, 1, 150, 40, 0),
        (a_status(hour=0, day=1_150), None, 0, 0, 0, 0),
        (a_status(hour=0, day=250), None, 8, 0, 0, 0),
        (a_status(hour=40), None, 8, 4_040, 40, 4_040),
        (a_status(hour=40, day=1_150, strikes=1), None, 8, 650, 40, 150),
        (a_status(strikes=4), None, 8, 0, 0, 0),
    ],
)
def test_budget_of__is_the_tightest_of_hour_day_and_allowance(
    status: CreditStatus | None, allowance: int | None, hours: int, in_all: int, now: int, backfill: int
) -> None:
    """Hours that the night waits for bring a new window each; the day and the run's own allowance bound all."""
    budget = budget_of(status, allowance=allowance, now=NIGHT, ends_at=NIGHT + timedelta(hours=hours))

    assert (budget.credits, budget.now, budget.for_backfill) == (in_all, now, backfill)
    assert (budget.an_hour, budget.day) == (500, 12_500)


def test_budget_of__does_not_count_on_hours_that_are_not_waited_for() -> None:
    """A night that does not wait has what is left of this hour; of an hour in part nothing comes back."""
    status = a_status(hour=40, day=12_000)

    assert budget_of(status, allowance=None, now=NIGHT, ends_at=None).credits == 40
    for minutes, credits in ((-90, 40), (59, 40), (60, 540)):
        ends_at = NIGHT + timedelta(minutes=minutes)
        assert budget_of(status, allowance=None, now=NIGHT, ends_at=ends_at).credits == credits


@pytest.mark.parametrize(
    ("status", "is_assumed"),
    [
        (None, True),
        (a_status(), True),
        (a_status(hour=40), True),
        (a_status(day=900), True),
        (a_status(hour=40, day=900), False),
        (a_status(hour=0, day=250), False),
    ],
)
def test_budget_of__says_where_credits_are_assumed(status: CreditStatus | None, is_assumed: bool) -> None:
    """Until Imgur has told of both windows the plan is made anew after the first reply."""
    assert budget_of(status, allowance=None, now=NIGHT, ends_at=None).is_assumed == is_assumed


def test_budget_of__takes_the_limits_that_imgur_has_told() -> None:
    """A paid application has another hour and another day, and its floor goes with the day."""
    status = a_status()
    windows = {
        **status.windows,
        "user": an_hour(700, known_limit=800),
        "client": a_day(15_000, known_limit=15_000),
    }
    status = CreditStatus(NIGHT, windows)

    budget = budget_of(status, allowance=None, now=NIGHT, ends_at=NIGHT + timedelta(hours=30))

    assert budget == Budget(14_700, now=700, an_hour=800, day=15_000, for_backfill=14_400)


def test_budget_of__keeps_caps_and_silence() -> None:
    """Caps come by the names of tiers; while Imgur is silent its end is told, and the credits stay."""
    until = NIGHT + timedelta(minutes=20)
    status = a_status(hour=40, day=1_150, silent_until=until)

    budget = budget_of(status, allowance=None, now=NIGHT, ends_at=None, caps={"details": 9, "backfill": 0})

    assert budget == Budget(
        40,
        now=40,
        an_hour=500,
        day=12_500,
        for_backfill=40,
        caps=((Tier.DETAILS, 9), (Tier.BACKFILL, 0)),
        silent_until=until,
    )


# the plan


def test_plan_of__first_night_reads_fronts_and_then_what_the_credits_reach_to() -> None:
    """With nothing known there is a plan all the same, and it says that nobody knows."""
    plan = a_plan()

    assert line(plan, "account/me", "account").likely == 1
    assert line(plan, IMAGES, "head").granted > 0
    assert "nobody knows" in line(plan, IMAGES, "backfill").reason
    assert plan.order_for(IMAGES).backfill > 0


def test_plan_of__sweeps_a_list_that_is_held_and_cheap() -> None:
    """Its pages, the empty one, and the three credits of the proof where it is long."""
    plan = a_plan(lists={IMAGES: held(1_200)})

    assert line(plan, IMAGES, "sweep").likely == 12 + 1 + 3
    assert plan.order_for(IMAGES).is_swept


def test_plan_of__new_items_lengthen_a_front() -> None:
    """What came a day lately, times the days since the front was read, decides how long the front is."""
    facts = WarehouseFacts(new_per_day={IMAGES: 60.0}, read_at={IMAGES: NIGHT - timedelta(days=5)})

    plan = a_plan(lists={IMAGES: held(40_000)}, facts=facts, allowance=20)

    assert line(plan, IMAGES, "head").likely == 1 + 3


def test_plan_of__names_the_pages_whose_items_move() -> None:
    """Where a list cannot be read whole, the pages whose counters moved last are read again."""
    observed = [
        Observation(
            IMAGES,
            rank,
            NOW - 3600 * rank,
            5_000 if 700 <= rank < 800 else 10,
            NOW - 86_400,
            1_000 if 700 <= rank < 800 else 10,
            NOW - 172_800,
        )
        for rank in range(4_000)
    ]
    facts = WarehouseFacts(observed=tuple(observed), new_per_day={IMAGES: 0.0})

    plan = a_plan(lists={IMAGES: held(4_000)}, facts=facts, allowance=10)

    assert 7 in plan.order_for(IMAGES).hot


def test_plan_of__hole_below_what_is_held_is_backfill() -> None:
    """A first load that broke off goes on where it stopped."""
    plan = a_plan(lists={IMAGES: held(300, is_ended=False, items=2_000)}, allowance=10)

    backfill = line(plan, IMAGES, "backfill")
    assert backfill.likely in range(17, 23)
    assert 0 < backfill.granted < 10


def test_plan_of__feeds_have_their_slots() -> None:
    """A feed costs its pages, or what it took lately where it ends before."""
    feeds = ["hot/viral@3", "r/aww@4"]
    facts = WarehouseFacts(pages_before={"r/aww": 1.0})

    plan = a_plan(selected={"gallery_sections", "gallery_subreddits"}, feeds=feeds, facts=facts)

    assert line(plan, "hot/viral", "feed").likely == 3
    assert line(plan, "r/aww", "feed").likely == 1


def test_plan_of__later_round_leaves_out_what_is_read() -> None:
    """Accounts, feeds and fronts that the night has read are not paid for again."""
    plan = a_plan(lists={IMAGES: held(1_200)}, done={"account/me", IMAGES})

    assert not [line for line in plan.lines if line.kind in ("account", "head", "sweep")]


def test_plan_of__images_of_others_are_no_line() -> None:
    """Imgur shows nobody else's images, so nothing is planned for them."""
    plan = a_plan(accounts=("somebody",))

    assert [line.name for line in plan.lines] == ["account/somebody"]


def test_plan_of__does_not_read_again_what_this_run_has_seen() -> None:
    """A later round judges pages by what earlier runs have seen; its own readings are not stale."""
    items = tuple(
        Observation(IMAGES, rank, NOW - 3600 * rank, 5_000, NOW - 86_400, 1_000, NOW - 172_800)
        for rank in range(4_000)
    )
    seen = tuple(item._replace(seen_at=NOW - 7 * 3600) if item.rank < 3_900 else item for item in items)
    lists = {IMAGES: held(4_000)}

    def pages(observed: tuple[Observation, ...], began_at: datetime | None) -> set[int]:
        facts = WarehouseFacts(observed=observed, new_per_day={IMAGES: 0.0})
        order = a_plan(lists=lists, facts=facts, allowance=10, began_at=began_at).order_for(IMAGES)
        return {*order.hot, *order.cold} - {0}

    assert min(pages(seen, NIGHT - 8 * HOUR)) == 39
    assert min(pages(seen, NIGHT - 6 * HOUR)) < 39
    assert min(pages(items, None)) < 39


def test_plan_of__heeds_what_was_passed_over() -> None:
    """What the state counts reaches the plan."""
    lists = {IMAGES: held(300, is_ended=False, items=2_000)}
    key = f"{IMAGES} backfill"

    [usual, late] = [a_plan(lists=lists, allowance=2, passed_over={key: runs}) for runs in (2, 3)]

    assert line(usual, IMAGES, "backfill").granted == 0
    assert (line(late, IMAGES, "backfill").granted, line(late, IMAGES, "backfill").comes_first) == (2, True)


# children


def a_fetch(fingerprint: str, *, items: int | None = 3) -> ChildFetch:
    return ChildFetch(fingerprint, items, NIGHT - 2 * ONE_DAY)


def details(plan: Plan) -> dict[str, tuple[int, int]]:
    """What children are likely to take, and at most, by resource."""
    return {one.name: (one.likely, one.most) for one in plan.lines if one.kind == "details"}


PARENTS = WarehouseFacts(
    albums=(
        StoredAlbum("same", 3),
        StoredAlbum("moved", 4),
        StoredAlbum("empty", 0),
        StoredAlbum("both", 2),
    ),
    posts=(
        StoredPost("both", is_album=True, images_count=2, comment_count=0),
        StoredPost("post", is_album=True, images_count=5, comment_count=7),
        StoredPost("empty", is_album=True, images_count=0, comment_count=0),
        StoredPost("image", comment_count=1),
    ),
    read_at={ALBUMS: NIGHT - ONE_DAY, SUBMISSIONS: NIGHT - ONE_DAY},
)
FETCHED = {
    ("album_images", "same"): a_fetch("3 None None"),
    ("album_images", "moved"): a_fetch("3 None None"),
    ("post_comments", "image"): a_fetch("1"),
}


def test_plan_of__children_are_those_that_are_due_and_cost_something() -> None:
    """An empty album costs nothing; an album that is also a post is counted once, with the albums."""
    assert details(a_plan(selected=CHILDREN, facts=PARENTS, fetched=dict(FETCHED))) == {
        "album_images": (2, 3),
        "post_images": (1, 1),
        "post_comments": (1, 4),
    }


def test_plan_of__only_children_that_are_wanted() -> None:
    """What is not selected is no line, and an album that is also a post is one request all the same."""
    assert details(a_plan(selected={"post_comments"}, facts=PARENTS, fetched={})) == {"post_comments": (2, 4)}
    assert details(a_plan(selected={"post_images"}, facts=PARENTS, fetched={})) == {"post_images": (2, 2)}


def test_plan_of__children_come_with_what_is_usual() -> None:
    """What earlier runs took beside what is known is likely to come again."""
    facts = WarehouseFacts(
        posts=PARENTS.posts, albums=(), read_at=PARENTS.read_at, usual_children={"post_comments": 3.0}
    )

    plan = a_plan(selected={"post_comments"}, facts=facts, fetched=dict(FETCHED))

    assert line(plan, "post_comments", "details").likely == 1 + 3


def test_plan_of__first_night_does_not_know_of_children() -> None:
    """With nothing known at all children have a line whose price nobody knows; a later run leaves them out."""
    first = a_plan(selected={"account_submissions", "post_comments"}, fetched={})
    later = a_plan(
        selected={"account_submissions", "post_comments"},
        fetched={},
        facts=WarehouseFacts(read_at={SUBMISSIONS: NIGHT - ONE_DAY}),
        lists={SUBMISSIONS: held(0)},
    )

    assert line(first, "post_comments", "details").reason == "how many are due, nobody knows yet"
    assert "nobody knows" not in line(later, "post_comments", "details").reason
    assert details(later)["post_comments"][0] == 0


def test_plan_of__children_of_the_state_are_due_without_a_warehouse() -> None:
    """Parents that earlier runs have met and could not pay for are known to be due."""
    memory = SourceState({}, fetched=None)
    memory.keep_list(SUBMISSIONS, held(50, read_at=NOW - 86_400))
    memory.keep_parents(Parents({}, {post.id: post for post in PARENTS.posts or ()}).as_json())
    memory.keep_fetched("post_comments", "image", a_fetch("1"))

    plan = plan_of(
        Settings.of(),
        selected={"post_comments"},
        facts=WarehouseFacts(),
        memory=memory,
        budget=Budget(100, now=100, an_hour=500, day=12_500),
        now=NIGHT,
    )

    assert line(plan, "post_comments", "details").reason == "1 known to be due"


def test_plan_of__lookups_of_followed_accounts_only() -> None:
    """An item of an account that is not read any more is looked up by nobody."""
    looks = tuple(MissingItem(f"account_images/{account}", "x") for account in ("me", "me", "other"))

    plan = a_plan(facts=WarehouseFacts(lookups=looks))

    assert (line(plan, "item_looks", "looks").likely, line(plan, "item_looks", "looks").most) == (2, 2)
    assert not [one for one in a_plan().lines if one.kind == "looks"]


def test_parents_of__are_those_of_the_warehouse_and_of_the_state() -> None:
    """What a run has met last counts where both know a parent."""
    memory = SourceState({}, fetched=None)
    new, post = StoredAlbum("moved", 9), StoredPost("new", comment_count=3)
    memory.keep_parents(Parents({"moved": new}, {"new": post}).as_json())

    found = parents_of(PARENTS, memory)

    assert found.albums == {album.id: album for album in PARENTS.albums or ()} | {"moved": new}
    assert found.posts == {post.id: post for post in PARENTS.posts or ()} | {"new": post}
    assert parents_of(WarehouseFacts(), SourceState({}, fetched=None)) == Parents()


# a list


def a_list(**over: Any) -> NumberedList:
    usual: dict[str, Any] = {"takes_per_page": True, "is_sorted": True, "count_path": "/count"}
    return NumberedList(IMAGES, "account_images", lambda n: f"/{n}", **(usual | over))


def as_planned(
    memory: ListState,
    *,
    numbered: NumberedList | None = None,
    facts: WarehouseFacts | None = None,
    **over: Any,
) -> StoredList:
    return stored_list(
        numbered or a_list(), memory, facts or WarehouseFacts(), **({"since": None, "now": NIGHT} | over)
    )


def test_held_list__of_a_list_that_is_held_whole() -> None:
    """What the state says of it, page by page."""
    memory = held(250, read_at=NOW - 2 * 86_400, ages=((0, 7_200), (2, 3_600), (3, 0)))

    assert as_planned(memory) == StoredList(
        IMAGES,
        items=250,
        page_size=100,
        is_begun=True,
        is_complete=True,
        days_since_read=2.0,
        has_count=True,
        ages=(7_200, 7_200, 3_600),
        stored_pages=3,
    )


def test_held_list__of_a_list_that_is_new() -> None:
    """Pages are taken to be as long as Imgur makes them by itself, until one has shown how long."""
    assert as_planned(ListState()) == StoredList(IMAGES, page_size=50, missing_pages=None, has_count=True)
    gallery = a_list(takes_per_page=False, is_sorted=False, count_path=None)
    assert as_planned(ListState(), numbered=gallery) == StoredList(
        IMAGES, page_size=60, missing_pages=None, is_sorted=False
    )


def test_held_list__was_read_when_the_warehouse_says() -> None:
    """The warehouse knows better than the state when it was read, and alone how many items are new."""
    facts = WarehouseFacts(new_per_day={IMAGES: 4.0}, read_at={IMAGES: NIGHT - 5 * ONE_DAY})

    found = as_planned(held(250, read_at=NOW - 86_400), facts=facts)

    assert (found.days_since_read, found.new_per_day) == (5.0, 4.0)
    assert as_planned(held(250, read_at=NOW + 60)).days_since_read == 0.0  # a clock that was set back


@pytest.mark.parametrize(
    ("memory", "missing", "near"),
    [
        (held(250, is_ended=False, items=1_000), 8, 0),
        (held(250, is_ended=False, items=None), None, 0),
        (held(250, is_ended=False, items=200), 1, 0),
    ],
)
def test_held_list__has_the_pages_that_were_never_read(
    memory: ListState, missing: int | None, near: int
) -> None:
    """What its count says beyond what is held lies below; without a count nobody knows."""
    found = as_planned(memory)

    assert (found.missing_pages, found.near_pages, found.is_complete) == (missing, near, False)


@pytest.mark.parametrize(
    ("is_ended", "items", "missing", "near"),
    [(True, 500, 3, 3), (True, 210, 1, 1), (False, 500, 3, 1), (False, None, None, 1)],
)
def test_held_list__has_holes_near_the_front(
    is_ended: bool, items: int | None, missing: int | None, near: int
) -> None:
    """A hole between two parts is at least one page; where the end is held, all that is missing lies in it."""
    parts = (
        Range(Position(NOW, "a"), Position(NOW - 9, "b"), 100),
        Range(Position(NOW - 99, "c"), Position(NOW - 999, "d"), 100),
    )
    memory = ListState(coverage=Coverage(parts, is_ended), page_size=100, items=items)

    found = as_planned(memory)

    assert (found.missing_pages, found.near_pages) == (missing, near)


def test_held_list__down_to_a_date_has_no_more_than_is_wanted() -> None:
    """With a start date what is held down to it is the list, and its count says nothing."""
    found = as_planned(held(250, is_ended=False, items=1_000), since=NOW - 3600 * 100)

    assert (found.items, found.is_complete, found.missing_pages, found.has_count) == (250, True, 0, False)


def test_held_list__without_order_is_begun_once_its_end_was_met() -> None:
    """A list that turned out to have no order of time has no parts, but a number of items and a page to go on at."""
    whole = as_planned(ListState(is_unsorted=True, items=300, page_size=60))
    broken_off = as_planned(ListState(is_unsorted=True, resume_page=3))

    assert (whole.is_sorted, whole.is_begun, whole.is_complete) == (False, True, True)
    assert (broken_off.is_sorted, broken_off.is_begun, broken_off.is_complete) == (False, True, False)


def test_held_list__tells_what_is_absent_and_what_is_done() -> None:
    """A list that is not there, and one whose front this run has read."""
    assert as_planned(ListState(is_absent=True)).is_absent
    assert as_planned(held(250), is_done=True).is_read
