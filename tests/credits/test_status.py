"""What may be sent now: what is available, what must wait, what must never happen."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from imgur_source.credits.rules import HOUR, RULES, Window, WindowName
from imgur_source.credits.status import CreditStatus, Denied, Go, Lease, Strike, WaitUntil
from tests.support.fakes import NIGHT
from tests.support.ledgers import a_day, an_hour

IN_AN_HOUR = NIGHT + HOUR
SECOND = timedelta(seconds=1)


def a_status(*windows: Window, at: datetime = NIGHT, **over: Any) -> CreditStatus:
    """All that a verdict depends on; windows that are not named were never told of."""
    every = {name: Window(name) for name in RULES} | {window.name: window for window in windows}
    return CreditStatus(at, every, **over)


def a_probe(name: WindowName, *, at: datetime) -> Lease:
    """A request under way that is to tell of a window."""
    return Lease(1, "read", 1, at, frozenset({name}))


def some_strikes(number: int) -> tuple[Strike, ...]:
    return (Strike(NIGHT, "0 of 12500 left, with status 429", 1, 0),) * number


@pytest.mark.parametrize(
    ("day", "day_limit", "cost", "goes"),
    [
        (251, 12_500, 1, True),
        (250, 12_500, 1, False),
        (260, 12_500, 10, True),
        (259, 12_500, 10, False),
        (0, 12_500, 1, False),
        (301, 15_000, 1, True),
        (300, 15_000, 1, False),
        (11, 500, 1, True),
        (10, 500, 1, False),
    ],
)
def test_verdict__the_day_is_never_taken_below_its_floor(
    day: int, day_limit: int, cost: int, goes: bool
) -> None:
    """The day may be used down to its floor exactly, and no credit further; waiting does not help."""
    floor = {15_000: 300, 500: 10}.get(day_limit, 250)
    reason = (
        f"the application has {day} of {day_limit} credits left today, and the last {floor} are never touched"
    )

    assert a_status(an_hour(), a_day(day, known_limit=day_limit)).verdict(cost) == (
        Go() if goes else Denied(reason)
    )


@pytest.mark.parametrize(("hour", "cost", "goes"), [(1, 1, True), (0, 1, False), (5, 5, True), (4, 5, False)])
def test_verdict__the_hour_may_be_used_to_its_end(hour: int, cost: int, goes: bool) -> None:
    """The last credit of the hour may be spent, an empty hour is no strike; then its reset is waited for."""
    waiting = WaitUntil(IN_AN_HOUR, "the hour's 500 credits are spent")

    assert a_status(an_hour(hour), a_day()).verdict(cost) == (Go() if goes else waiting)


def test_verdict__windows_that_are_unknown_are_probed() -> None:
    """The first request goes out to ask; while it is under way the others wait a moment, longer as it takes longer."""
    status = a_status(an_hour(0), a_day(), at=IN_AN_HOUR)

    assert a_status().verdict() == Go(frozenset({"user", "client"}))
    assert status.verdict() == Go(frozenset({"user"}))
    for passed, pause in ((0.0, 0.2), (4.0, 1.0), (60.0, 4.0)):
        now = IN_AN_HOUR + passed * SECOND
        waiting = replace(status, at=now, leases=(a_probe("user", at=IN_AN_HOUR),))
        assert waiting.verdict() == WaitUntil(
            now + pause * SECOND, "another request is finding out what is left"
        )


def test_verdict__a_probe_keeps_to_our_own_count() -> None:
    """Requests that are to ask and learn nothing are bounded too, by what we spent since the window was known."""
    day = Window("client", own_charges=12_400, own_since_end=12_250)
    hour = Window("user", own_charges=500, own_since_end=500, own_frees_at=IN_AN_HOUR)

    assert isinstance(a_status(day).verdict(), Denied)
    assert a_status(hour).verdict() == WaitUntil(IN_AN_HOUR, "the hour's 500 credits are spent")


def test_verdict__the_reason_that_lasts_longest_is_told() -> None:
    """Strikes come before a cool-down, that before the day, the day before the hour, the hour before a probe."""
    soon = NIGHT + 10 * timedelta(minutes=1)
    everything = a_status(an_hour(0), a_day(0), strikes=some_strikes(4), silent_until=soon)

    assert "used up 4 times" in str(everything.verdict())
    assert replace(everything, strikes=()).verdict() == WaitUntil(
        soon, 'Imgur said "over capacity", its hidden limit per address'
    )
    assert "credits left today" in str(replace(everything, strikes=(), silent_until=None).verdict())
    assert a_status(an_hour(0), leases=(a_probe("client", at=NIGHT),)).verdict() == WaitUntil(
        IN_AN_HOUR, "the hour's 500 credits are spent"
    )


def test_verdict__the_gateways_window_counts_where_it_was_told_of() -> None:
    """A plan that nobody has is not asked about; one that is told of has to grant as well."""
    plan = Window("requests", known_limit=1_000, remaining=20, told=20, told_at=NIGHT)

    assert a_status(an_hour(), a_day()).verdict() == Go()
    assert a_status(an_hour(), a_day(), plan).verdict() == Denied(
        "the plan has 20 of 1000 requests left, and the last 20 are never touched"
    )


@pytest.mark.parametrize(("strikes", "accepted", "goes"), [
    (2, False, True), (3, False, False), (3, True, True), (4, True, False), (5, True, False),
])  # fmt: skip
def test_denied__three_but_for_a_persons_word_and_four_in_any_case(
    strikes: int, accepted: bool, goes: bool
) -> None:
    """Past three somebody has to take the risk, past four nobody can; the last sentence says what to do."""
    denied = a_status(strikes=some_strikes(strikes), accept_strike_risk=accepted).denied

    assert (denied is None) == goes
    if denied:
        assert denied.advice == (
            "To go on all the same, run: python pipelines/sync.py --accept-strike-risk"
            if strikes == 3
            else "Nothing is asked before the next month begins (UTC)."
        )


# what is available


@pytest.mark.parametrize(
    ("windows", "available", "for_backfill"),
    [
        ([], None, None),
        ([an_hour(7), a_day(12_000)], 7, 7),
        ([an_hour(), a_day(600)], 350, 100),
        ([an_hour(), a_day(400)], 150, 0),
        ([an_hour(7, told_at=NIGHT - HOUR, resets_at=NIGHT), a_day(12_000)], 500, 500),
        ([Window("requests", known_limit=1_000, remaining=25, told=25, told_at=NIGHT)], 5, 0),
    ],
    ids=str,
)
def test_available__is_the_least_of_the_windows_above_their_floors(
    windows: list[Window], available: int | None, for_backfill: int | None
) -> None:
    """Hour, day and plan have to grant; what a window may hold at most counts where only a reply can tell."""
    status = a_status(*windows)

    assert (status.available(), status.available(is_backfill=True)) == (available, for_backfill)


@pytest.mark.parametrize(
    "over", [{"strikes": some_strikes(3)}, {"silent_until": IN_AN_HOUR}], ids=["denied", "silent"]
)
def test_available__is_nothing_while_nothing_may_be_asked(over: dict[str, Any]) -> None:
    """Neither strikes nor a cool-down leave anything, whatever the windows hold."""
    assert a_status(an_hour(), a_day(), **over).available() == 0


@pytest.mark.parametrize(
    ("windows", "today"),
    [
        ([], 12_250),
        ([a_day(9_000)], 8_750),
        ([a_day(9_000), Window("requests", known_limit=1_000, remaining=25, told=25, told_at=NIGHT)], 5),
        ([a_day(100)], 0),
    ],
    ids=str,
)
def test_available_today__is_of_the_day_and_of_the_plan(windows: list[Window], today: int) -> None:
    """The hour does not count; a plan counts where there is one; a day that nobody knows is a new one."""
    assert a_status(*windows).available_today() == today


@pytest.mark.parametrize(("days", "today"), [(0.5, 9_800), (1.5, 4_900), (25, 392)])
def test_available_today__shares_a_monthly_plan_among_its_days(days: float, today: int) -> None:
    """A plan whose reset lies 25 days ahead is not spent in one night."""
    plan = Window(
        "requests",
        known_limit=10_000,
        remaining=10_000,
        told=10_000,
        told_at=NIGHT,
        resets_at=NIGHT + timedelta(days=days),
    )

    assert a_status(plan).available_today() == today
