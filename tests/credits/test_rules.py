"""The rules of Imgur's windows: what may be sent, what must wait, what must never happen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from imgur_source.credits.rules import (
    HOUR,
    Book,
    Denied,
    Go,
    Held,
    Own,
    Reading,
    Stamp,
    WaitUntil,
    Window,
    WindowName,
    cool_down,
    day_floor,
    decide,
    floor_of,
    read_window,
    reset_time,
    room_in,
    settled,
    spent,
    strikes_forbid,
    turned_back,
    untold,
)
from tests.support.fakes import NIGHT
from tests.support.ledgers import rate_headers

IN_AN_HOUR = NIGHT + HOUR
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def an_hour(remaining: int = 431, **over: Any) -> Held:
    """The user's window, told of at NIGHT, to end an hour later."""
    return Held(
        "user",
        **{
            "limit": 500,
            "remaining": remaining,
            "resets_at": IN_AN_HOUR,
            "told": remaining,
            "told_at": NIGHT,
            "is_told": True,
            "generation": 1,
            **over,
        },
    )


def a_day(remaining: int = 11_876, **over: Any) -> Held:
    """The application's window, told of at NIGHT, its reset unknown."""
    return Held(
        "client",
        **{
            "limit": 12_500,
            "remaining": remaining,
            "told": remaining,
            "told_at": NIGHT,
            "is_told": True,
            "generation": 1,
            **over,
        },
    )


def a_book(*windows: Held, own: dict[WindowName, Own] | None = None, **over: Any) -> Book:
    """All that a decision depends on; windows that are not named were never told of."""
    held: dict[WindowName, Held] = {name: Held(name) for name in ("user", "client", "requests", "posts")} | {
        window.name: window for window in windows
    }
    return Book(held, {name: Own() for name in held} | (own or {}), **over)


def verdict(book: Book, *, now: datetime = NIGHT, **asked: Any) -> Go | WaitUntil | Denied:
    return decide(book, now=now, **asked)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3600", IN_AN_HOUR),
        ("1", NIGHT + timedelta(seconds=1)),
        ("0", NIGHT),
        ("3600.0", IN_AN_HOUR),
        (" 3600 ", IN_AN_HOUR),
        ("86400", NIGHT + timedelta(days=1)),
        ("999999999", NIGHT + timedelta(seconds=999_999_999)),
        ("1000000000", datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)),
        (str(int(IN_AN_HOUR.timestamp())), IN_AN_HOUR),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("1" * 30, None),
        ("Mon, 09 Nov 2026 04:00:00 GMT", None),
    ],
)
def test_reset_time__is_an_epoch_or_seconds(text: str, expected: datetime | None) -> None:
    """A large number is a time since 1970, a small one seconds from now, anything else nothing."""
    assert reset_time(text, now=NIGHT) == expected


@pytest.mark.parametrize("reset", [3600, int(IN_AN_HOUR.timestamp())], ids=["seconds", "epoch"])
def test_read_window__takes_each_window_from_its_headers(reset: int) -> None:
    """Limit, what remains and when the window starts anew stand in the headers, whichever way Imgur counts."""
    headers = rate_headers(reset=reset) | {
        "x-ratelimit-requests-limit": "1000",
        "x-ratelimit-requests-remaining": "17",
        "x-post-rate-limit-limit": "1250",
        "x-post-rate-limit-remaining": "1206",
        "x-post-rate-limit-reset": "1648",
    }

    assert [read_window(headers, name, now=NIGHT) for name in ("user", "client", "requests", "posts")] == [
        Reading(500, 431, IN_AN_HOUR),
        Reading(12_500, 11_876),
        Reading(1_000, 17),
        Reading(1_250, 1_206, NIGHT + timedelta(seconds=1_648)),
    ]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"retry-after": "0", "cdn-error": "yes"},
        rate_headers(hour_limit=None, day_limit=None),
        rate_headers(hour=None, day=None),
        rate_headers(hour="", day=""),
        rate_headers(hour="many", day="12.5"),
        rate_headers(hour="-3", day="-1"),
        rate_headers(hour_limit="nan", day_limit="-12500"),
    ],
    ids=str,
)
def test_read_window__missing_or_broken_headers_say_nothing(headers: dict[str, str]) -> None:
    """Errors of the content network have no rate headers; half a window is none."""
    assert [read_window(headers, name, now=NIGHT) for name in ("user", "client")] == [None, None]


@pytest.mark.parametrize(
    ("reset", "expected"),
    [
        (None, None),
        ("soon", None),
        ("0", None),
        (int(NIGHT.timestamp()) - 1, None),
        ("90", NIGHT + 90 * SECOND),
        ("86400", IN_AN_HOUR),
        (int((NIGHT + DAY).timestamp()), IN_AN_HOUR),
    ],
)
def test_read_window__a_reset_is_ahead_and_within_the_window(
    reset: object, expected: datetime | None
) -> None:
    """A reset that is over tells nothing; one that is further off than the window is long cannot be true."""
    reading = read_window(rate_headers(reset=reset), "user", now=NIGHT)

    assert reading == Reading(500, 431, expected)


@pytest.mark.parametrize(("reset", "expected"), [("86400", None), ("7200", NIGHT + 2 * HOUR)])
def test_read_window__a_constant_day_tells_nothing(reset: str, expected: datetime | None) -> None:
    """The undocumented reset of the day comes as the constant 86400; only another value would be one."""
    reading = read_window(rate_headers(day_reset=reset), "client", now=NIGHT)

    assert reading == Reading(12_500, 11_876, expected)


# what is left


@pytest.mark.parametrize(
    ("window", "own", "now", "room"),
    [
        (Held("user"), Own(3), NIGHT, None),
        (an_hour(7), Own(400), NIGHT, 7),
        (an_hour(7), Own(400), IN_AN_HOUR - SECOND, 7),
        (an_hour(7), Own(400), IN_AN_HOUR, None),
        (an_hour(7, resets_at=None), Own(400), IN_AN_HOUR - SECOND, 7),
        (an_hour(7, resets_at=None), Own(400), IN_AN_HOUR, None),
        (a_day(9_000), Own(500), NIGHT, 9_000),
        (a_day(9_000), Own(4_000), NIGHT, 8_500),
        (a_day(9_000, resets_at=NIGHT + HOUR), Own(4_000), NIGHT, 9_000),
        (a_day(9_000), Own(500), NIGHT + DAY, None),
        (untold(a_day(9_000)), Own(500), NIGHT + DAY, 12_000),
        (untold(Held("user")), Own(501), NIGHT, -1),
    ],
    ids=str,
)
def test_room_in__is_the_stricter_word_and_never_a_guess(
    window: Held, own: Own, now: datetime, room: int | None
) -> None:
    """Imgur's word less what was leased; our own charges where it is silent; nothing where only a reply can tell."""
    assert room_in(window, own, now=now) == room


@pytest.mark.parametrize(
    ("limit", "floor"),
    [(12_500, 250), (15_000, 300), (12_501, 251), (500, 250), (0, 250), (1_000_000, 20_000)],
)
def test_day_floor__is_the_larger_of_a_number_and_a_share(limit: int, floor: int) -> None:
    """The day keeps 250 credits, or 2 % of a larger limit, rounded up."""
    assert day_floor(limit) == floor


@pytest.mark.parametrize(
    ("window", "strikes", "is_backfill", "floor"),
    [
        (a_day(), 0, False, 250),
        (a_day(), 0, True, 500),
        (a_day(), 1, False, 500),
        (a_day(), 2, True, 2_000),
        (a_day(), 3, False, 2_000),
        (an_hour(), 2, True, 0),
        (Held("requests", limit=1_000), 0, False, 20),
        (Held("requests", limit=1_000), 1, True, 80),
        (Held("posts"), 3, False, 0),
    ],
    ids=str,
)
def test_floor_of__doubles_with_strikes_and_for_backfill(
    window: Held, strikes: int, is_backfill: bool, floor: int
) -> None:
    """The hour has no floor; the day's and the plan's double with each strike, and once more for what is old."""
    assert floor_of(window, strikes=strikes, is_backfill=is_backfill) == floor


# what may be sent


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
        (251, 500, 1, True),
        (250, 500, 1, False),
    ],
)
def test_decide__the_day_is_never_taken_below_its_floor(
    day: int, day_limit: int, cost: int, goes: bool
) -> None:
    """The day may be used down to its floor exactly, and no credit further; waiting does not help."""
    floor = 300 if day_limit == 15_000 else 250
    reason = (
        f"the application has {day} of {day_limit} credits left today, and the last {floor} are never touched"
    )

    assert verdict(a_book(an_hour(), a_day(day, limit=day_limit)), cost=cost) == (
        Go() if goes else Denied(reason)
    )


@pytest.mark.parametrize(("hour", "cost", "goes"), [(1, 1, True), (0, 1, False), (5, 5, True), (4, 5, False)])
def test_decide__the_hour_may_be_used_to_its_end(hour: int, cost: int, goes: bool) -> None:
    """The last credit of the hour may be spent, an empty hour is no strike; then its reset is waited for."""
    waiting = WaitUntil(IN_AN_HOUR, "the hour's 500 credits are spent")

    assert verdict(a_book(an_hour(hour), a_day()), cost=cost) == (Go() if goes else waiting)


def test_decide__windows_that_are_unknown_are_probed() -> None:
    """The first request goes out to ask; while it is under way the others wait a moment, longer as it takes longer."""
    book = a_book(an_hour(0), a_day())
    asked = replace(book, probed={"user": IN_AN_HOUR})

    assert verdict(a_book()) == Go(frozenset({"user", "client"}))
    assert verdict(book, now=IN_AN_HOUR) == Go(frozenset({"user"}))
    for passed, pause in ((0.0, 0.2), (4.0, 1.0), (60.0, 4.0)):
        now = IN_AN_HOUR + passed * SECOND
        assert verdict(asked, now=now) == WaitUntil(
            now + pause * SECOND, "another request is finding out what is left"
        )


def test_decide__a_probe_keeps_to_our_own_count() -> None:
    """Requests that are to ask and learn nothing are bounded too, by what we spent since the window was known."""
    assert isinstance(verdict(a_book(own={"client": Own(12_400, since_end=12_250)})), Denied)
    assert verdict(a_book(own={"user": Own(500, 500, frees_at=IN_AN_HOUR)})) == WaitUntil(
        IN_AN_HOUR, "the hour's 500 credits are spent"
    )


def test_decide__the_reason_that_lasts_longest_is_told() -> None:
    """Strikes come before a cool-down, that before the day, the day before the hour, the hour before a probe."""
    soon = NIGHT + 10 * timedelta(minutes=1)
    everything = a_book(an_hour(0), a_day(0), strikes=4, silent_until=soon)

    assert "used up 4 times" in str(verdict(everything))
    assert verdict(replace(everything, strikes=0)) == WaitUntil(
        soon, 'Imgur said "over capacity", its hidden limit per address'
    )
    assert "credits left today" in str(verdict(replace(everything, strikes=0, silent_until=None)))
    assert verdict(a_book(an_hour(0), probed={"client": NIGHT})) == WaitUntil(
        IN_AN_HOUR, "the hour's 500 credits are spent"
    )


def test_decide__the_gateways_window_counts_where_it_was_told_of() -> None:
    """A plan that nobody has is not asked about; one that is told of has to grant as well."""
    plan = Held("requests", limit=1_000, remaining=20, told=20, told_at=NIGHT, is_told=True)

    assert verdict(a_book(an_hour(), a_day())) == Go()
    assert verdict(a_book(an_hour(), a_day(), plan)) == Denied(
        "the plan has 20 of 1000 requests left, and the last 20 are never touched"
    )


@pytest.mark.parametrize(("strikes", "accepted", "goes"), [
    (2, False, True), (3, False, False), (3, True, True), (4, True, False), (5, True, False),
])  # fmt: skip
def test_strikes_forbid__three_but_for_a_persons_word_and_four_in_any_case(
    strikes: int, accepted: bool, goes: bool
) -> None:
    """Past three somebody has to take the risk, past four nobody can; the last sentence says what to do."""
    denied = strikes_forbid(strikes, accept_strike_risk=accepted)

    assert (denied is None) == goes
    if denied:
        assert denied.advice == (
            "To go on all the same, run: python pipelines/sync.py --accept-strike-risk"
            if strikes == 3
            else "Nothing is asked before the next month begins (UTC)."
        )


def test_cool_down__grows_to_an_hour() -> None:
    """Ten minutes, then twenty, forty, and an hour from then on."""
    assert [cool_down(step) / timedelta(minutes=1) for step in range(1, 7)] == [10, 20, 40, 60, 60, 60]


# what a reply changes


def after(
    window: Held, reading: Reading | None, stamp: Stamp | None = None, *, now: datetime = NIGHT, **over: Any
) -> Held:
    facts: dict[str, Any] = {
        "is_probe": False,
        "outstanding": 0,
        "outstanding_before": 0,
        "own": Own(),
        **over,
    }
    return settled(window, reading, stamp or window.stamp(), now=now, **facts)


@pytest.mark.parametrize(
    ("told", "remaining", "foreign"), [(10, 7, 0), (8, 7, 0), (7, 7, 0), (6, 3, 1), (0, 0, 7)]
)
def test_settled__within_a_window_a_reply_only_tightens(told: int, remaining: int, foreign: int) -> None:
    """A reply that was overtaken changes nothing; a lower word is others' spending, less what is under way."""
    window = an_hour(7, told=12)

    found = after(window, Reading(500, told, IN_AN_HOUR), outstanding=3)

    assert (found.remaining, found.foreign, found.generation) == (remaining, foreign, 1)
    assert found.told == min(told, 12)


def test_settled__more_than_was_said_before_is_a_new_window() -> None:
    """No reply of the same window can say more than one that came before its request was sent."""
    window = replace(an_hour(3, told=12), foreign=5)

    found = after(window, Reading(500, 13, IN_AN_HOUR + HOUR), outstanding=2, outstanding_before=2)

    assert (found.remaining, found.generation, found.told) == (11, 2, 13)
    assert found.resets_at == IN_AN_HOUR + HOUR
    assert found.foreign == 487


def test_settled__a_slow_reply_is_no_new_window() -> None:
    """It says more than is left by now, and under a constant reset a later end, but less than was said before it."""
    window = an_hour(440, told=440)
    slow = Reading(500, 498, IN_AN_HOUR + HOUR / 2)

    assert after(window, slow, Stamp(1, 499), outstanding=2) == replace(window, told_at=NIGHT)


def test_settled__a_new_window_may_hold_all_that_was_leased_since() -> None:
    """What was leased after the request, settled or not, and what was under way before it, is taken off."""
    window = replace(an_hour(3, told=12), leased=20)

    found = after(window, Reading(500, 490), Stamp(1, 12, leased=16), outstanding=5, outstanding_before=2)

    assert found.remaining == 490 - 4 - 2


def test_settled__lost_replies_are_not_taken_for_credits() -> None:
    """Others' spending is noticed by a word that may lack what was answered without headers since."""
    window = replace(an_hour(30, told=50), leased=20, blind=9)

    found = after(window, Reading(500, 20, IN_AN_HOUR), Stamp(1, 50, leased=16, blind=5), outstanding=3)

    assert (found.remaining, found.foreign) == (20 - 4 - 3, 10)


def test_settled__an_older_generation_is_not_heard() -> None:
    """A reply to a request from before the window was taken says nothing of it, high or low."""
    window = replace(an_hour(400), generation=2)

    for told in (0, 3, 499):
        assert after(window, Reading(500, told, IN_AN_HOUR), Stamp(1, 10)) == window


def test_settled__past_its_end_only_a_probe_is_heard() -> None:
    """A late reply does not make an old window a new one; the reply of the request that asks does."""
    window, reading = an_hour(7), Reading(500, 3, None)

    assert after(window, reading, now=IN_AN_HOUR) == window
    assert after(window, reading, now=IN_AN_HOUR, is_probe=True).told_at == IN_AN_HOUR
    assert after(Held("user"), reading).remaining == 3


@pytest.mark.parametrize(
    ("told", "expected"),
    [(None, IN_AN_HOUR), (IN_AN_HOUR + HOUR / 2, IN_AN_HOUR), (IN_AN_HOUR - HOUR / 2, IN_AN_HOUR - HOUR / 2)],
)
def test_settled__a_reset_moves_nearer_but_not_away(told: datetime | None, expected: datetime) -> None:
    """A reset that moves on with each reply is a constant; a nearer one is believed, for a reply will ask then."""
    assert after(an_hour(7), Reading(500, 6, told)).resets_at == expected


def test_settled__the_days_reset_is_learned_from_a_jump_only() -> None:
    """A day that was seen to be filled up ends within a day of that; one that was only asked about, nobody knows."""
    later = NIGHT + 2 * HOUR
    jumped = after(a_day(400), Reading(12_500, 12_499), now=later)
    probed = after(a_day(400), Reading(12_500, 399), now=NIGHT + DAY, is_probe=True)

    assert (jumped.resets_at, jumped.refilled_after, jumped.refilled_before) == (later + DAY, NIGHT, later)
    assert (probed.resets_at, probed.refilled_before) == (None, None)


def test_settled__without_a_reading_nothing_changes() -> None:
    """Errors of the content network have no headers."""
    assert after(an_hour(), None) == an_hour()


def test_charged__takes_the_window_down_and_never_below_nothing() -> None:
    """A lease is charged at once; a window cannot hold less than no credits."""
    assert [an_hour(3).charged(cost).remaining for cost in (1, 3, 5)] == [2, 0, 0]
    assert an_hour(3).charged(2).shown() == Window(500, 1, IN_AN_HOUR)


def test_spent__is_a_window_at_nothing_from_now_on() -> None:
    """What Imgur says in words counts like a header that says 0."""
    assert spent(Held("client"), now=NIGHT) == a_day(0, generation=0)


def test_turned_back__leaves_nothing_in_the_future() -> None:
    """After the clock was set back, resets are as far off as windows are long, and readings not ahead of time."""
    ahead = NIGHT + timedelta(days=300)

    assert turned_back(an_hour(7, told_at=ahead, resets_at=ahead + HOUR), now=NIGHT) == an_hour(7)
    assert turned_back(a_day(7, told_at=ahead), now=NIGHT) == a_day(7)
