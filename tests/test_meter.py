"""What a run spends: booked before it is sent, or not sent."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from fakes import FakeClock

from imgur_source.credits import Credits, Window
from imgur_source.errors import CreditsExhaustedError, OverCapacityError
from imgur_source.meter import FREE_ENDPOINTS, CreditMeter


def headers_of(*, hour: int = 431, day: int = 11_876, reset: int = 3600) -> dict[str, str]:
    return {
        "x-ratelimit-userlimit": "500",
        "x-ratelimit-userremaining": str(hour),
        "x-ratelimit-userreset": str(reset),
        "x-ratelimit-clientlimit": "12500",
        "x-ratelimit-clientremaining": str(day),
    }


def test_before__books_every_attempt_by_endpoint(clock: FakeClock) -> None:
    """Requests and credits are counted by the kind of request, and in total."""
    meter = CreditMeter(clock=clock)
    for endpoint in ("account_images", "post_comments", "account_images"):
        meter.before(endpoint)

    assert meter.requests == {"account_images": 2, "post_comments": 1}
    assert meter.charges == {"account_images": 2, "post_comments": 1}
    assert meter.credits == Credits(spent=3)


@pytest.mark.parametrize("endpoint", ["oauth2_token", "oauth2_secret"])
def test_before__tokens_cost_nothing_and_are_never_stopped(clock: FakeClock, endpoint: str) -> None:
    """A request about tokens is counted at no credit, and sent even when nothing is left to spend."""
    meter = CreditMeter(clock=clock, max_credits=0)
    meter.after(headers_of(hour=0, day=0))
    before = meter.credits

    meter.before(endpoint)

    assert meter.credits == before
    assert (meter.requests, meter.charges) == ({endpoint: 1}, {endpoint: 0})
    assert endpoint in FREE_ENDPOINTS


def test_before__stops_at_the_allowance(clock: FakeClock) -> None:
    """The request that would exceed the allowance is refused and leaves no trace in the books."""
    meter = CreditMeter(clock=clock, max_credits=2)
    meter.before("gallery")
    meter.before("gallery")

    with pytest.raises(CreditsExhaustedError, match="allowance of 2 credits is spent"):
        meter.before("gallery")

    assert (meter.requests, meter.charges) == ({"gallery": 2}, {"gallery": 2})
    assert meter.credits == Credits(spent=2, max_credits=2)


def test_before__stops_at_the_floor_of_the_day(clock: FakeClock) -> None:
    """The day's last credits are not touched, although Imgur would still answer."""
    meter = CreditMeter(clock=clock)
    meter.after(headers_of(day=251))
    meter.before("gallery")

    with pytest.raises(CreditsExhaustedError) as caught:
        meter.before("gallery")

    assert caught.value.reason == (
        "the application has 250 of 12500 credits left today, and the last 250 are never touched"
    )
    assert not isinstance(caught.value, OverCapacityError)
    assert meter.requests == {"gallery": 1}


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (timedelta(), "60 minutes"),
        (timedelta(minutes=59, seconds=59), "1 minute"),
        (timedelta(minutes=58, seconds=30), "2 minutes"),
        (timedelta(minutes=59), "1 minute"),
    ],
)
def test_before__says_when_the_hour_begins_anew(clock: FakeClock, passed: timedelta, words: str) -> None:
    """An empty hour ends the run with the minutes to wait, rounded up; the meter itself never waits."""
    meter = CreditMeter(clock=clock)
    meter.after(headers_of(hour=0))
    clock.advance(passed)

    with pytest.raises(CreditsExhaustedError) as caught:
        meter.before("gallery")

    assert caught.value.reason == f"the hour's 500 credits are spent, new ones come in {words}"
    assert clock.sleeps == []
    assert meter.requests == {}


def test_before__goes_on_in_a_new_hour(clock: FakeClock) -> None:
    """When the hour has passed, requests are sent again."""
    meter = CreditMeter(clock=clock)
    meter.after(headers_of(hour=0))
    clock.advance(timedelta(hours=1))

    meter.before("gallery")

    assert meter.requests == {"gallery": 1}


def test_after__reads_the_windows_at_the_time_of_the_reply(clock: FakeClock) -> None:
    """Seconds until the reset count from when the reply came."""
    meter = CreditMeter(clock=clock, max_credits=9)
    meter.before("gallery")
    clock.advance(timedelta(seconds=20))
    meter.after(headers_of(hour=430, reset=600))

    assert meter.credits == Credits(
        user=Window(500, 430, clock.now() + timedelta(seconds=600)),
        client=Window(12_500, 11_876),
        spent=1,
        max_credits=9,
    )


def test_after__replies_without_headers_leave_what_was_booked(clock: FakeClock) -> None:
    """A reply that says nothing of credits gives none back."""
    meter = CreditMeter(clock=clock)
    meter.after(headers_of(hour=5, day=300))
    meter.before("gallery")
    meter.after({"cdn-error": "yes"})

    assert meter.credits == Credits(
        user=Window(500, 4, clock.now() + timedelta(hours=1)), client=Window(12_500, 299), spent=1
    )


def test_after__what_is_under_way_is_not_there_to_spend(clock: FakeClock) -> None:
    """The first reply of three requests knows nothing of the other two, which are spent nevertheless."""
    meter = CreditMeter(clock=clock)
    for _ in range(3):
        meter.before("gallery")
    meter.after(headers_of(hour=9, day=259))

    assert meter.at_hand() == 7
    for hour, day in ((8, 258), (7, 257)):
        meter.after(headers_of(hour=hour, day=day))
    assert meter.at_hand() == 7


def test_after__an_attempt_without_a_reply_is_no_longer_under_way(clock: FakeClock) -> None:
    """A connection that broke is not taken off the next window for ever."""
    meter = CreditMeter(clock=clock)
    meter.before("gallery")
    meter.after({})
    meter.before("gallery")
    meter.after(headers_of(hour=9))

    assert meter.at_hand() == 9


def test_after__a_late_reply_gives_nothing_back(clock: FakeClock) -> None:
    """Two replies that come in the wrong order leave what the later one said."""
    meter = CreditMeter(clock=clock)
    meter.after(headers_of(hour=100))
    meter.before("gallery")
    meter.before("gallery")
    meter.after(headers_of(hour=98, day=11_874))
    meter.after(headers_of(hour=99, day=11_875))

    assert meter.credits == Credits(
        user=Window(500, 98, clock.now() + timedelta(hours=1)), client=Window(12_500, 11_874), spent=2
    )


@pytest.fixture
def restless_threads() -> Iterator[None]:
    """Threads take turns after a few instructions, so that what is not atomic comes apart."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("restless_threads")
def test_before__threads_together_keep_to_the_allowance(clock: FakeClock) -> None:
    """However many threads ask at once, the last credit is granted once, and every grant is in the books."""
    meter = CreditMeter(clock=clock, max_credits=1_000)

    def ask(number: int) -> bool:
        try:
            meter.before(f"endpoint_{number % 7}")
        except CreditsExhaustedError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        granted = list(pool.map(ask, range(3_000)))

    assert sum(granted) == meter.credits.spent == meter.requests.total() == meter.charges.total() == 1_000
    assert meter.at_hand() == 0


def test_at_hand__is_what_may_be_asked_now(clock: FakeClock) -> None:
    """Nothing is known at first; then it is what the hour has left, until the hour is over."""
    meter = CreditMeter(clock=clock)
    before = meter.at_hand()
    meter.after({**headers_of(hour=3), "x-ratelimit-clientlimit": ""})
    in_the_hour = meter.at_hand()
    clock.advance(timedelta(hours=1))

    assert (before, in_the_hour, meter.at_hand()) == (None, 3, None)


def test_replayed__is_counted_at_no_credit(clock: FakeClock) -> None:
    """Replies of the journal have a count of their own; nothing was sent and nothing spent for them."""
    meter = CreditMeter(clock=clock)
    for endpoint in ("gallery", "album", "gallery"):
        meter.replayed(endpoint)

    assert meter.replays == {"gallery": 2, "album": 1}
    assert (meter.requests, meter.charges, meter.credits) == ({}, {}, Credits())


def test_books__that_were_read_do_not_change(clock: FakeClock) -> None:
    """Who reads the books while others go on asking holds them as they were."""
    meter = CreditMeter(clock=clock)
    meter.before("gallery")
    requests, charges, replays = meter.requests, meter.charges, meter.replays
    meter.before("album")
    meter.replayed("album")

    assert (requests, charges, replays) == ({"gallery": 1}, {"gallery": 1}, {})
