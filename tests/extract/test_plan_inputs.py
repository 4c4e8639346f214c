"""What is known before the first request, put as the plan wants it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from imgur_source.extract.facts import Candidates, Known
from imgur_source.extract.plan_inputs import Purse, budget_of, plan_of
from imgur_source.lists.coverage import Coverage, Mark, Stretch
from imgur_source.lists.state import ListMemory, Memory
from imgur_source.planning.forecast import Observed
from imgur_source.planning.plan import Line, Plan
from imgur_source.settings import Feed, Settings

NIGHT = datetime(2026, 11, 9, 3, 0, tzinfo=UTC)
NOW = int(NIGHT.timestamp())
IMAGES = "account_images/me"


def held(number: int, *, is_ended: bool = True, **over: Any) -> ListMemory:
    """What is remembered of a list whose newest items are held, an hour apart."""
    stretch = Stretch(Mark(NOW, "new"), Mark(NOW - 3600 * number, "old"), number)
    return ListMemory(
        **{"coverage": Coverage((stretch,), is_ended), "page_size": 100, "items": number, **over}
    )


def a_plan(
    *,
    selected: set[str] | None = None,
    lists: dict[str, ListMemory] | None = None,
    known: Known | None = None,
    done: set[str] | None = None,
    purse: Purse | None = None,
    allowance: int | None = None,
    hours: int = 0,
    **settings: Any,
) -> Plan:
    memory = Memory({}, fetched=None)
    for name, value in (lists or {}).items():
        memory.keep_list(name, value)
    return plan_of(
        Settings(**settings),
        selected=selected or {"account", "account_images"},
        candidates=Candidates(known=known or Known()),
        memory=memory,
        budget=budget_of(
            purse or Purse(hour_left=500, day_left=12_000),
            allowance=allowance,
            now=NIGHT,
            ends_at=NIGHT + timedelta(hours=hours),
        ),
        now=NIGHT,
        done=done or (),
    )


def line(plan: Plan, name: str, kind: str) -> Line:
    [found] = [line for line in plan.lines if (line.name, line.kind) == (name, kind)]
    return found


@pytest.mark.parametrize(
    ("purse", "allowance", "hours", "in_all", "now", "backfill"),
    [
        (Purse(), None, 0, 500, 500, 500),  # nobody knows: a new hour, a new day
        (Purse(), None, 8, 4_500, 500, 4_500),
        (Purse(hour_left=40, day_left=900, backfill_left=650), None, 8, 900, 40, 650),
        (Purse(hour_left=40, day_left=900, backfill_left=650), 30, 8, 30, 30, 30),
        (Purse(hour_left=40, day_left=900, backfill_left=0), 300, 1, 300, 40, 0),
        (Purse(hour_left=0, day_left=0, backfill_left=0), None, 8, 0, 0, 0),
        (Purse(is_denied=True), None, 8, 0, 0, 0),
    ],
)
def test_budget_of__is_the_tightest_of_hour_day_and_allowance(
    purse: Purse, allowance: int | None, hours: int, in_all: int, now: int, backfill: int
) -> None:
    """Hours that the night waits for bring a new window each; the day and the run's own allowance bound all."""
    budget = budget_of(purse, allowance=allowance, now=NIGHT, ends_at=NIGHT + timedelta(hours=hours))

    assert (budget.credits, budget.now, budget.for_backfill) == (in_all, now, backfill)


def test_budget_of__does_not_count_on_hours_that_are_not_waited_for() -> None:
    """A night that does not wait has what is left of this hour."""
    assert budget_of(Purse(hour_left=40), allowance=None, now=NIGHT, ends_at=None).credits == 40


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
    known = Known(new_per_day={IMAGES: 60.0}, read_at={IMAGES: NIGHT - timedelta(days=5)})

    plan = a_plan(lists={IMAGES: held(40_000)}, known=known, allowance=20)

    assert line(plan, IMAGES, "head").likely == 1 + 3


def test_plan_of__names_the_pages_whose_items_move() -> None:
    """Where a list cannot be read whole, the pages whose counters moved last are read again."""
    observed = [
        Observed(
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
    known = Known(observed=tuple(observed), new_per_day={IMAGES: 0.0})

    plan = a_plan(lists={IMAGES: held(4_000)}, known=known, allowance=10)

    assert 7 in plan.order_for(IMAGES).hot


def test_plan_of__hole_below_what_is_held_is_backfill() -> None:
    """A first load that broke off goes on where it stopped."""
    plan = a_plan(lists={IMAGES: held(300, is_ended=False, items=2_000)}, allowance=10)

    backfill = line(plan, IMAGES, "backfill")
    assert backfill.likely in range(17, 23)
    assert 0 < backfill.granted < 10


def test_plan_of__feeds_have_their_slots() -> None:
    """A feed costs its pages, or what it took lately where it ends before."""
    feeds = (Feed.parse("hot/viral@3"), Feed.parse("r/aww@4"))
    known = Known(pages_before={"r/aww": 1.0})

    plan = a_plan(selected={"gallery_sections", "gallery_subreddits"}, feeds=feeds, known=known)

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
