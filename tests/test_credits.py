"""The arithmetic of Imgur's two windows: what may be sent, what must wait, what must never happen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from fakes import NIGHT
from hypothesis import given, settings
from hypothesis import strategies as st

from imgur_source.credits import Credits, Go, Stop, Wait, Window, day_floor, reset_time

HOUR = timedelta(hours=1)
IN_AN_HOUR = NIGHT + HOUR


def headers_of(
    *,
    user_limit: object = 500,
    user_remaining: object = 431,
    user_reset: object = 3600,
    client_limit: object = 12_500,
    client_remaining: object = 11_876,
    client_reset: object = None,
) -> dict[str, str]:
    """Rate headers of a usual reply; None leaves one out."""
    named = {
        "x-ratelimit-userlimit": user_limit,
        "x-ratelimit-userremaining": user_remaining,
        "x-ratelimit-userreset": user_reset,
        "x-ratelimit-clientlimit": client_limit,
        "x-ratelimit-clientremaining": client_remaining,
        "x-ratelimit-clientreset": client_reset,
    }
    return {name: str(value) for name, value in named.items() if value is not None}


def some_credits(
    *,
    hour: int = 431,
    day: int = 11_876,
    day_limit: int = 12_500,
    resets_at: datetime | None = IN_AN_HOUR,
    spent: int = 0,
    max_credits: int | None = None,
) -> Credits:
    return Credits(
        user=Window(500, hour, resets_at),
        client=Window(day_limit, day),
        spent=spent,
        max_credits=max_credits,
    )


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


@pytest.mark.parametrize("user_reset", [3600, int(IN_AN_HOUR.timestamp())], ids=["seconds", "epoch"])
def test_observed__takes_both_windows_from_the_headers(user_reset: int) -> None:
    """Limits, what remains and when the hour starts anew stand in the headers, whichever way Imgur counts."""
    seen = Credits(spent=3, max_credits=40).observed(headers_of(user_reset=user_reset), now=NIGHT)

    assert seen == Credits(
        user=Window(500, 431, IN_AN_HOUR), client=Window(12_500, 11_876, None), spent=3, max_credits=40
    )


def test_observed__takes_the_reset_of_the_day_where_it_is_told() -> None:
    """The undocumented reset of the day is believed when it is there."""
    seen = Credits().observed(headers_of(client_reset=86_400), now=NIGHT)

    assert seen.client == Window(12_500, 11_876, NIGHT + timedelta(days=1))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"retry-after": "0", "cdn-error": "yes"},
        {"x-ratelimit-requests-limit": "100", "x-ratelimit-requests-remaining": "99"},
        headers_of(user_limit=None, client_limit=None),
        headers_of(user_remaining=None, client_remaining=None),
        headers_of(user_remaining="", client_remaining=""),
        headers_of(user_remaining="many", client_remaining="12.5"),
        headers_of(user_remaining="-3", client_remaining="-1"),
        headers_of(user_limit="nan", client_limit="-12500"),
    ],
    ids=str,
)
def test_observed__missing_or_broken_headers_change_nothing(headers: dict[str, str]) -> None:
    """Errors of the content network have no rate headers; what is known stays known."""
    known = some_credits(hour=7, day=300, spent=9)

    assert known.observed(headers, now=NIGHT) == known
    assert Credits().observed(headers, now=NIGHT) == Credits()


def test_observed__one_broken_window_leaves_the_other() -> None:
    """Each window is read for itself."""
    seen = some_credits(hour=7, day=300).observed(headers_of(user_remaining="?"), now=NIGHT)

    assert (seen.user, seen.client) == (Window(500, 7, IN_AN_HOUR), Window(12_500, 11_876))


@pytest.mark.parametrize("user_reset", [None, "", "soon", "-5", "0", int(NIGHT.timestamp()) - 1], ids=str)
def test_observed__a_reset_that_tells_nothing_keeps_the_known_one(user_reset: object) -> None:
    """A reset that is missing, broken or long over neither opens a window nor makes its end unknown."""
    headers = headers_of(user_remaining=4, user_reset=user_reset)

    assert some_credits(hour=7).observed(headers, now=NIGHT).user == Window(500, 4, IN_AN_HOUR)
    assert Credits().observed(headers, now=NIGHT).user == Window(500, 4, None)


def test_observed__a_new_hour_does_not_inherit_the_old_end() -> None:
    """When the old window is over, a reply without a reset leaves the end of the new one unknown."""
    later = IN_AN_HOUR + timedelta(minutes=1)

    seen = some_credits(hour=0).observed(headers_of(user_remaining=499, user_reset=None), now=later)

    assert seen.user == Window(500, 499, None)


@pytest.mark.parametrize("hour", [8, 7, 6, 0])
@pytest.mark.parametrize("seconds", [3_599, 3_600, 3_660])
def test_observed__within_one_window_credits_never_rise(hour: int, seconds: int) -> None:
    """A reply that was overtaken tells of more than is left; its reset, told in seconds, is a little off."""
    seen = some_credits(hour=7).observed(headers_of(user_remaining=hour, user_reset=seconds), now=NIGHT)

    assert seen.user == Window(500, min(7, hour), NIGHT + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    "changed", [{"user_reset": 3_661}, {"user_reset": 3_539}, {"user_limit": 600}], ids=str
)
def test_observed__a_new_window_is_believed_as_told(changed: dict[str, object]) -> None:
    """Another reset or another limit is another window, less what was sent and not yet answered."""
    headers = headers_of(user_remaining=400, **changed)

    alone, among_others = (
        some_credits(hour=7).observed(headers, now=NIGHT, in_flight=others).user for others in (0, 3)
    )
    assert alone is not None
    assert among_others is not None
    assert (alone.remaining, among_others.remaining) == (400, 397)
    assert Credits().observed(headers_of(user_remaining=2), now=NIGHT, in_flight=3).user == Window(
        500, 0, IN_AN_HOUR
    )


@pytest.mark.parametrize(
    ("told", "believed"), [(299, 299), (301, 300), (340, 300), (341, 341), (12_499, 12_499)]
)
def test_observed__a_day_without_reset_begins_anew_with_a_jump(told: int, believed: int) -> None:
    """A late reply tells of no more credits than this run has spent since; a larger rise is a new day."""
    seen = some_credits(day=300, spent=40).observed(headers_of(client_remaining=told), now=NIGHT)

    assert seen.client == Window(12_500, believed)


@pytest.mark.parametrize(
    ("credits", "expected"),
    [
        (Credits(), None),
        (Credits(spent=9), None),
        (Credits(spent=9, max_credits=12), 3),
        (some_credits(), 431),
        (some_credits(day=260), 10),
        (some_credits(day=249), 0),
        (some_credits(spent=39, max_credits=40), 1),
        (some_credits(hour=0, spent=39, max_credits=40), 0),
        (Credits(user=Window(500, 4, NIGHT)), None),
        (Credits(user=Window(500, 4, NIGHT), client=Window(12_500, 300)), 50),
    ],
    ids=str,
)
def test_at_hand__is_the_tightest_of_all_that_is_known(credits: Credits, expected: int | None) -> None:
    """The hour, the day above its floor and the allowance limit it; a window past its reset does not."""
    assert credits.at_hand(now=NIGHT) == expected


@given(
    hour=st.integers(0, 30),
    day=st.integers(240, 290),
    spent=st.integers(0, 30),
    max_credits=st.none() | st.integers(0, 40),
)
def test_at_hand__agrees_with_the_verdict(hour: int, day: int, spent: int, max_credits: int | None) -> None:
    """As many requests as are at hand are granted one after the other, and then no more."""
    credits = some_credits(hour=hour, day=day, spent=spent, max_credits=max_credits)
    granted = 0
    while isinstance(credits.verdict(now=NIGHT), Go):
        credits = credits.charged()
        granted += 1

    assert granted == some_credits(hour=hour, day=day, spent=spent, max_credits=max_credits).at_hand(
        now=NIGHT
    )


def test_charged__takes_down_both_windows_and_counts() -> None:
    """A request is booked before it is sent, on the run, the hour and the day alike."""
    assert some_credits(hour=10, day=400, spent=5).charged(3) == some_credits(hour=7, day=397, spent=8)


def test_charged__never_below_nothing() -> None:
    """A window cannot hold less than no credits."""
    assert some_credits(hour=0, day=1).charged(2) == some_credits(hour=0, day=0, spent=2)


def test_charged__counts_while_the_windows_are_unknown() -> None:
    """Before the first reply only the run's own spending is known."""
    assert Credits().charged() == Credits(spent=1)


def test_charged__replies_without_headers_make_no_credits() -> None:
    """Errors without headers are booked too: ten of them leave ten credits less."""
    credits = some_credits(hour=10, day=400)
    for _ in range(10):
        credits = credits.charged().observed({"cdn-error": "yes"}, now=NIGHT)

    assert credits == some_credits(hour=0, day=390, spent=10)
    assert isinstance(credits.verdict(now=NIGHT), Wait)


@pytest.mark.parametrize(
    ("limit", "floor"),
    [(12_500, 250), (15_000, 300), (12_501, 251), (500, 250), (0, 250), (1_000_000, 20_000)],
)
def test_day_floor__is_the_larger_of_a_number_and_a_share(limit: int, floor: int) -> None:
    """The day keeps 250 credits, or 2 % of a larger limit, rounded up."""
    assert day_floor(limit) == floor


def test_verdict__unknown_windows_are_open() -> None:
    """The first request of a run may be sent: nothing speaks against it yet."""
    assert Credits().verdict(now=NIGHT) == Go()


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
def test_verdict__the_day_is_never_taken_below_its_floor(
    day: int, day_limit: int, cost: int, goes: bool
) -> None:
    """The day may be used down to its floor exactly, and no credit further; waiting does not help."""
    verdict = some_credits(day=day, day_limit=day_limit).verdict(now=NIGHT, cost=cost)

    floor = 300 if day_limit == 15_000 else 250
    reason = (
        f"the application has {day} of {day_limit} credits left today, and the last {floor} are never touched"
    )
    assert verdict == (Go() if goes else Stop(reason))


def test_verdict__the_hour_may_be_used_to_its_end() -> None:
    """The last credit of the hour may be spent; an empty hour is no strike."""
    assert some_credits(hour=1).verdict(now=NIGHT) == Go()


def test_verdict__waits_when_only_user_credits_are_spent() -> None:
    """With the hour's credits gone and the day's left, it is a matter of waiting for the hour's reset."""
    now = NIGHT + timedelta(minutes=20)

    assert some_credits(hour=0).verdict(now=now) == Wait(
        timedelta(minutes=40), "the hour's 500 credits are spent"
    )
    assert some_credits(hour=4).verdict(now=now, cost=5) == Wait(
        timedelta(minutes=40), "the hour's 500 credits are spent"
    )


def test_verdict__waits_an_hour_when_the_reset_is_unknown() -> None:
    """Without a reset the full length of a window is waited; an early recovery is never assumed."""
    assert some_credits(hour=0, resets_at=None).verdict(now=NIGHT) == Wait(
        HOUR, "the hour's 500 credits are spent"
    )


@pytest.mark.parametrize(
    ("now", "goes"),
    [(IN_AN_HOUR - timedelta(seconds=1), False), (IN_AN_HOUR, True), (IN_AN_HOUR + HOUR, True)],
    ids=["before", "at", "after"],
)
def test_verdict__a_window_past_its_reset_counts_as_unknown(now: datetime, goes: bool) -> None:
    """From its reset on, what was seen of a window holds no longer, neither for the hour nor for the day."""
    spent_hour = some_credits(hour=0).verdict(now=now)
    spent_day = Credits(client=Window(12_500, 0, IN_AN_HOUR)).verdict(now=now)

    assert (spent_hour == Go(), spent_day == Go()) == (goes, goes)


def test_verdict__a_day_without_reset_stays_known() -> None:
    """A refill of the day is never assumed, however late it gets."""
    assert isinstance(some_credits(day=250).verdict(now=NIGHT + timedelta(days=3)), Stop)


@pytest.mark.parametrize(
    ("spent", "max_credits", "cost", "goes"),
    [
        (0, None, 1, True),
        (9_999, None, 1, True),
        (39, 40, 1, True),
        (40, 40, 1, False),
        (0, 0, 1, False),
        (30, 40, 10, True),
        (31, 40, 10, False),
    ],
)
def test_verdict__the_run_keeps_to_its_allowance(
    spent: int, max_credits: int | None, cost: int, goes: bool
) -> None:
    """A run spends its allowance to the last credit, never more; without one it has no limit of its own."""
    verdict = some_credits(spent=spent, max_credits=max_credits).verdict(now=NIGHT, cost=cost)

    assert verdict == (Go() if goes else Stop(f"the run's allowance of {max_credits} credits is spent"))


def test_verdict__the_reason_that_lasts_longest_is_told() -> None:
    """The run's allowance comes before the day, the day before the hour."""
    nothing_left = some_credits(hour=0, day=0, spent=40, max_credits=40)
    no_credits = some_credits(hour=0, day=0)

    assert nothing_left.verdict(now=NIGHT) == Stop("the run's allowance of 40 credits is spent")
    assert no_credits.verdict(now=NIGHT) == Stop(
        "the application has 0 of 12500 credits left today, and the last 250 are never touched"
    )


LIMITS = st.sampled_from([0, 100, 500, 12_500, 15_000, 40_000])
REMAINING = st.integers(0, 700) | st.sampled_from([0, 249, 250, 251, 300, 301, 800, 801])
RESETS = st.sampled_from(
    [None, "", "soon", "0", "1", "90", "3600", "-4", "1000000000", str(int(IN_AN_HOUR.timestamp()))]
)
HEADERS: st.SearchStrategy[dict[str, str]] = st.one_of(
    st.just({}),
    st.builds(
        headers_of,
        user_limit=st.just(500),
        user_remaining=REMAINING | st.sampled_from(["", "x", "-2", None]),
        user_reset=RESETS,
        client_limit=LIMITS,
        client_remaining=REMAINING | st.sampled_from(["", "x", "-2", None]),
        client_reset=RESETS,
    ),
)
COSTS = st.lists(st.sampled_from([1, 1, 1, 2, 10]), max_size=12)  # of requests sent in a row
PAUSES = st.integers(0, 5_000).map(lambda seconds: timedelta(seconds=seconds))


@settings(max_examples=150, deadline=None)
@given(
    moves=st.lists(st.tuples(HEADERS, PAUSES, COSTS), max_size=15), max_credits=st.none() | st.integers(0, 60)
)
def test_verdict__no_order_of_events_takes_a_known_day_below_its_floor(
    moves: list[tuple[dict[str, str], timedelta, list[int]]], max_credits: int | None
) -> None:
    """However headers and charges interleave, neither the day's floor nor the run's allowance is broken.

    The day is kept a second time here, in the simplest way: the last credible
    header less what was sent since, unknown again once its own reset is past.
    """
    credits = Credits(max_credits=max_credits)
    now, spent = NIGHT, 0
    limit, left, ends = 0, None, None  # of the day
    for headers, pause, costs in moves:
        credits = credits.observed(headers, now=now)
        if (text := headers.get("x-ratelimit-clientremaining", "")).isdecimal():
            limit, left = int(headers["x-ratelimit-clientlimit"]), int(text)
            told = reset_time(headers.get("x-ratelimit-clientreset", ""), now=now)
            ends = told if told and told > now else ends if ends and ends > now else None
        now += pause
        for cost in costs:
            if isinstance(credits.verdict(now=now, cost=cost), Go):
                assert max_credits is None or spent + cost <= max_credits
                if left is not None and (ends is None or now < ends):
                    assert left - cost >= max(250, limit * 2 / 100)
                credits = credits.charged(cost)
                spent += cost
                left = left and max(0, left - cost)
    assert credits.spent == spent
