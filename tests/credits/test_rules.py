"""The rules of Imgur's windows: what is left of them, what is never spent, and what a reply changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from imgur_source.credits.rules import (
    HOUR,
    Reading,
    Window,
    cool_down,
    day_floor,
    read_window,
    reset_time,
    settled,
    spent,
    turned_back,
    unanswered,
)
from tests.support.fakes import NIGHT
from tests.support.ledgers import a_day, an_hour, rate_headers

IN_AN_HOUR = NIGHT + HOUR
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


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
        rate_headers(hour=None, day=None),
        rate_headers(hour="", day=""),
        rate_headers(hour="many", day="12.5"),
        rate_headers(hour="9223372036854775808", day="1e400"),
    ],
    ids=str,
)
def test_read_window__missing_or_broken_headers_say_nothing(headers: dict[str, str]) -> None:
    """Errors of the content network have no rate headers; without a number of credits left nothing is told."""
    assert [read_window(headers, name, now=NIGHT) for name in ("user", "client")] == [None, None]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (rate_headers(hour="-3", day="-40"), [(500, 0), (12_500, 0)]),
        (rate_headers(hour_limit=None, day_limit="nan", hour="0", day="7"), [(None, 0), (None, 7)]),
        (rate_headers(hour_limit="-500", day_limit="99999999999"), [(0, 431), (None, 11_876)]),
    ],
    ids=["below nothing", "no limit", "odd limits"],
)
def test_read_window__odd_numbers_are_clamped(
    headers: dict[str, str], expected: list[tuple[int | None, int]]
) -> None:
    """Less than nothing is nothing left, and a limit that is missing or absurd leaves what is known of it."""
    found = [read_window(headers, name, now=NIGHT) for name in ("user", "client")]

    assert [(reading.limit, reading.remaining) for reading in found if reading] == expected


@pytest.mark.parametrize(
    ("days", "expected"), [(25, NIGHT + timedelta(days=25)), (61, NIGHT + timedelta(days=61)), (63, None)]
)
def test_read_window__the_reset_of_a_plan_is_believed_for_months(
    days: int, expected: datetime | None
) -> None:
    """The gateway's plans are monthly: a reset 25 days ahead is no mistake, one years ahead is none at all."""
    headers = {
        "x-ratelimit-requests-limit": "10000",
        "x-ratelimit-requests-remaining": "17",
        "x-ratelimit-requests-reset": str(days * 86_400),
    }

    assert read_window(headers, "requests", now=NIGHT) == Reading(10_000, 17, expected)


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
    """A reset that is over tells nothing; one of an hour that seems further off tells of a wrong clock."""
    reading = read_window(rate_headers(reset=reset), "user", now=NIGHT)

    assert reading == Reading(500, 431, expected)


@pytest.mark.parametrize(("reset", "expected"), [("86400", None), ("7200", NIGHT + 2 * HOUR)])
def test_read_window__a_constant_day_tells_nothing(reset: str, expected: datetime | None) -> None:
    """The undocumented reset of the day comes as the constant 86400; only another value would be one."""
    reading = read_window(rate_headers(day_reset=reset), "client", now=NIGHT)

    assert reading == Reading(12_500, 11_876, expected)


# what is left


@pytest.mark.parametrize(
    ("window", "own_charges", "now", "left"),
    [
        (Window("user"), 3, NIGHT, None),
        (an_hour(7), 400, NIGHT, 7),
        (an_hour(7), 400, IN_AN_HOUR - SECOND, 7),
        (an_hour(7), 400, IN_AN_HOUR, None),
        (an_hour(7, resets_at=None), 400, IN_AN_HOUR - SECOND, 7),
        (an_hour(7, resets_at=None), 400, IN_AN_HOUR, None),
        (a_day(9_000), 500, NIGHT, 9_000),
        (a_day(9_000), 4_000, NIGHT, 8_500),
        (a_day(9_000, resets_at=NIGHT + HOUR), 4_000, NIGHT, 9_000),
        (a_day(9_000), 500, NIGHT + DAY, None),
        (unanswered(a_day(9_000), cost=1, is_untold=True), 500, NIGHT + DAY, 12_000),
        (unanswered(Window("user"), cost=1, is_untold=True), 501, NIGHT, 0),
    ],
    ids=str,
)
def test_left__is_the_stricter_word_and_never_a_guess(
    window: Window, own_charges: int, now: datetime, left: int | None
) -> None:
    """Imgur's word less what was leased; our own charges where it is silent; nothing where only a reply can tell."""
    assert replace(window, own_charges=own_charges).left(now) == left


@pytest.mark.parametrize(("now", "left"), [(NIGHT, 7), (IN_AN_HOUR, 480)])
def test_left_at_most__is_a_new_window_less_our_charges_since(now: datetime, left: int) -> None:
    """Past its end a window may be full, but for what we have spent since without learning of it."""
    assert an_hour(7, own_charges=400, own_since_end=20).left_at_most(now) == left


@pytest.mark.parametrize(
    ("limit", "floor"),
    [(12_500, 250), (15_000, 300), (12_501, 251), (1_000, 250), (1_000_000, 20_000)],
)
def test_day_floor__is_the_larger_of_a_number_and_a_share(limit: int, floor: int) -> None:
    """The day keeps 250 credits, or 2 % of a larger limit, rounded up."""
    assert day_floor(limit) == floor


@pytest.mark.parametrize(("limit", "floor"), [(999, 20), (500, 10), (300, 6), (1, 1), (0, 0)])
def test_day_floor__of_a_small_day_is_a_share(limit: int, floor: int) -> None:
    """Where 250 credits for us and 250 for backfill are more than half of the day, 2 % are kept."""
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
        (Window("requests", known_limit=1_000), 0, False, 20),
        (Window("requests", known_limit=1_000), 1, True, 80),
        (Window("posts"), 3, False, 0),
    ],
    ids=str,
)
def test_floor__doubles_with_strikes_and_for_backfill(
    window: Window, strikes: int, is_backfill: bool, floor: int
) -> None:
    """The hour has no floor; the day's and the plan's double with each strike, and once more for what is old."""
    assert window.floor(strikes=strikes, is_backfill=is_backfill) == floor


def test_cool_down__grows_to_an_hour() -> None:
    """Ten minutes, then twenty, forty, and an hour from then on."""
    assert [cool_down(step) / timedelta(minutes=1) for step in range(1, 7)] == [10, 20, 40, 60, 60, 60]


# what a reply changes


def after(
    window: Window, reading: Reading, leased: Window | None = None, *, now: datetime = NIGHT, **over: Any
) -> Window:
    """*window* after a reply to a request that was leased when it was as in *leased*, by default just now."""
    facts: dict[str, Any] = {"is_probe": False, "outstanding": 0, "outstanding_before": 0, **over}
    return settled(window, reading, leased=leased or window, now=now, **facts)


@pytest.mark.parametrize(
    ("told", "remaining", "spent_elsewhere"), [(10, 7, 0), (8, 7, 0), (7, 7, 0), (6, 3, 1), (0, 0, 7)]
)
def test_settled__within_a_window_a_reply_only_tightens(
    told: int, remaining: int, spent_elsewhere: int
) -> None:
    """A reply that was overtaken changes nothing; a lower word is others' spending, less what is under way."""
    window = an_hour(7, told=12)

    found = after(window, Reading(500, told, IN_AN_HOUR), outstanding=3)

    assert (found.remaining, found.spent_elsewhere, found.generation) == (remaining, spent_elsewhere, 1)
    assert found.told == min(told, 12)


def test_settled__more_than_was_said_before_is_a_new_window() -> None:
    """No reply of the same window can say more than one that came before its request was sent."""
    window = replace(an_hour(3, told=12), spent_elsewhere=5)

    found = after(window, Reading(500, 13, IN_AN_HOUR + HOUR), outstanding=2, outstanding_before=2)

    assert (found.remaining, found.generation, found.told) == (11, 2, 13)
    assert found.resets_at == IN_AN_HOUR + HOUR
    assert found.spent_elsewhere == 487


def test_settled__a_slow_reply_is_no_new_window() -> None:
    """It says more than is left by now, and under a constant reset a later end, but less than was said before it."""
    window = an_hour(440, told=440)
    slow = Reading(500, 498, IN_AN_HOUR + HOUR / 2)

    assert after(window, slow, an_hour(told=499), outstanding=2) == replace(window, told_at=NIGHT)


def test_settled__a_new_window_may_hold_all_that_was_leased_since() -> None:
    """What was leased after the request, settled or not, and what was under way before it, is taken off."""
    window = replace(an_hour(3, told=12), leased=20)

    found = after(window, Reading(500, 490), an_hour(told=12, leased=16), outstanding=5, outstanding_before=2)

    assert found.remaining == 490 - 4 - 2


def test_settled__lost_replies_are_not_taken_for_credits() -> None:
    """Others' spending is noticed by a word that may lack what was answered without headers since."""
    window = replace(an_hour(30, told=50), leased=20, unanswered=9)

    found = after(
        window, Reading(500, 20, IN_AN_HOUR), an_hour(told=50, leased=16, unanswered=5), outstanding=3
    )

    assert (found.remaining, found.spent_elsewhere) == (20 - 4 - 3, 10)


def test_settled__an_older_generation_is_not_heard() -> None:
    """A reply to a request from before the window was taken says nothing of it, high or low."""
    window = replace(an_hour(400), generation=2)

    for told in (0, 3, 499):
        assert after(window, Reading(500, told, IN_AN_HOUR), an_hour(told=10)) == window


def test_settled__past_its_end_only_a_probe_is_heard() -> None:
    """A late reply does not make an old window a new one; the reply of the request that asks does."""
    window, reading = an_hour(7), Reading(500, 3, None)

    assert after(window, reading, now=IN_AN_HOUR) == window
    assert after(window, reading, now=IN_AN_HOUR, is_probe=True).told_at == IN_AN_HOUR
    assert after(Window("user"), reading).remaining == 3


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

    assert (jumped.resets_at, probed.resets_at) == (later + DAY, None)


@pytest.mark.parametrize("is_untold", [False, True])
def test_unanswered__leaves_our_own_charges_where_nothing_is_told(is_untold: bool) -> None:
    """A reply that is lost changes nothing but the count; a good one that is silent says that none will tell."""
    found = unanswered(an_hour(7), cost=2, is_untold=is_untold)

    assert (found.unanswered, found.remaining, found.known_limit) == (2, 7, 500)
    assert found.is_told is not is_untold
    assert found.resets_at == (None if is_untold else IN_AN_HOUR)


def test_charged__takes_the_window_down_and_never_below_nothing() -> None:
    """A lease is charged at once; a window cannot hold less than no credits."""
    assert [an_hour(3).charged(cost).remaining for cost in (1, 3, 5)] == [2, 0, 0]
    assert an_hour(3).charged(2) == an_hour(1, told=3, leased=2)


def test_spent__is_a_window_at_nothing_from_now_on() -> None:
    """What Imgur says in words counts like a header that says 0."""
    assert spent(Window("client"), now=NIGHT) == a_day(0, generation=0)


def test_turned_back__leaves_nothing_in_the_future() -> None:
    """After the clock was set back, resets are as far off as windows are long, and readings not ahead of time."""
    ahead = NIGHT + timedelta(days=300)

    assert turned_back(an_hour(7, told_at=ahead, resets_at=ahead + HOUR), now=NIGHT) == an_hour(7)
    assert turned_back(a_day(7, told_at=ahead), now=NIGHT) == a_day(7)
