"""What a run spends: booked before it is sent, or not sent."""

from __future__ import annotations

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
