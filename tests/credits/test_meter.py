"""What a run spends: booked before it is sent, or not sent."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from imgur_source.credits.meter import FREE_ENDPOINTS, CreditMeter, Credits
from imgur_source.credits.rules import Answer
from imgur_source.errors import (
    CreditsExhaustedError,
    DaySpentError,
    GatewayLimitError,
    HourSpentError,
    OverCapacityError,
    PostRequestsSpentError,
    StoppedError,
    UnknownLimitError,
)
from tests.support.fakes import FakeClock
from tests.support.ledgers import shown


def headers_of(*, hour: int = 431, day: int = 11_876, reset: int = 3600) -> dict[str, str]:
    return {
        "x-ratelimit-userlimit": "500",
        "x-ratelimit-userremaining": str(hour),
        "x-ratelimit-userreset": str(reset),
        "x-ratelimit-clientlimit": "12500",
        "x-ratelimit-clientremaining": str(day),
    }


def ask(meter: CreditMeter, headers: dict[str, str] | None = None, *, status: int = 200) -> None:
    """Send a request that has this reply; without headers none at all."""
    lease = meter.before("gallery")
    meter.after(lease, None if headers is None else Answer(status, headers))


def test_before__books_every_attempt_by_endpoint(clock: FakeClock) -> None:
    """Requests and credits are counted by the kind of request, and in total."""
    meter = CreditMeter(clock=clock)
    for endpoint in ("account_images", "post_comments", "account_images"):
        meter.after(meter.before(endpoint), None)

    assert meter.requests == {"account_images": 2, "post_comments": 1}
    assert meter.charges == {"account_images": 2, "post_comments": 1}
    assert (meter.credits.spent, meter.credits.max_credits) == (3, None)
    assert (meter.credits.user, meter.credits.client) == (None, None)


@pytest.mark.parametrize("endpoint", ["oauth2_token", "oauth2_secret"])
def test_before__tokens_cost_no_credit_and_need_none(clock: FakeClock, endpoint: str) -> None:
    """A request about tokens is counted at no credit, and sent even when no credit is left to spend."""
    meter = CreditMeter(clock=clock, max_credits=1)
    ask(meter, headers_of(hour=0, day=250))
    before = meter.credits

    meter.before(endpoint)

    assert meter.credits.spent == before.spent == 1
    assert shown(meter.credits.user) == shown(before.user)
    assert shown(meter.credits.client) == shown(before.client)
    assert (meter.requests, meter.charges) == ({"gallery": 1, endpoint: 1}, {"gallery": 1, endpoint: 0})
    assert endpoint in FREE_ENDPOINTS


def test_before__a_refresh_is_a_post_and_waits_for_posts(clock: FakeClock) -> None:
    """With the hour's POST requests used up no token is refreshed; pages go on."""
    meter = CreditMeter(clock=clock)
    posts = {
        "x-post-rate-limit-limit": "1250",
        "x-post-rate-limit-remaining": "0",
        "x-post-rate-limit-reset": "1648",
    }
    meter.after(meter.before("oauth2_token"), Answer(200, posts))

    with pytest.raises(CreditsExhaustedError, match="the hour's 1250 POST requests are spent") as caught:
        meter.before("oauth2_token")

    assert caught.value.until == clock.now() + timedelta(seconds=1648)
    ask(meter, headers_of())
    assert meter.requests == {"oauth2_token": 1, "gallery": 1}


def test_before__stops_at_the_allowance(clock: FakeClock) -> None:
    """The request that would exceed the allowance is refused and leaves no trace in the books."""
    meter = CreditMeter(clock=clock, max_credits=2)
    ask(meter)
    ask(meter)

    with pytest.raises(CreditsExhaustedError, match="allowance of 2 credits is spent") as caught:
        meter.before("gallery")

    assert caught.value.until is None
    assert (meter.requests, meter.charges) == ({"gallery": 2}, {"gallery": 2})
    assert meter.credits == Credits(spent=2, max_credits=2)


def test_before__stops_at_the_floor_of_the_day(clock: FakeClock) -> None:
    """The day's last credits are not touched, although Imgur would still answer; waiting does not help."""
    meter = CreditMeter(clock=clock)
    ask(meter, headers_of(day=251))
    ask(meter, headers_of(hour=430, day=250))

    with pytest.raises(CreditsExhaustedError) as caught:
        meter.before("gallery")

    assert caught.value.reason == (
        "the application has 250 of 12500 credits left today, and the last 250 are never touched"
    )
    assert (type(caught.value), caught.value.until) == (CreditsExhaustedError, None)
    assert meter.requests == {"gallery": 2}


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (timedelta(), "60 minutes"),
        (timedelta(minutes=59, seconds=54), "1 minute"),
        (timedelta(minutes=58, seconds=30), "2 minutes"),
        (timedelta(minutes=59), "1 minute"),
    ],
)
def test_before__says_when_the_hour_begins_anew(clock: FakeClock, passed: timedelta, words: str) -> None:
    """An empty hour ends the reading with the instant of its reset; the meter itself does not wait so long."""
    meter = CreditMeter(clock=clock)
    ask(meter, headers_of(hour=0))
    resets_at = clock.now() + timedelta(hours=1)
    clock.advance(passed)

    with pytest.raises(CreditsExhaustedError) as caught:
        meter.before("gallery")

    assert caught.value.reason == f"the hour's 500 credits are spent, it may go on in {words}"
    assert caught.value.until == resets_at
    assert clock.sleeps == []
    assert meter.requests == {"gallery": 1}


def test_before__sits_out_a_short_wait(clock: FakeClock) -> None:
    """A reset that is seconds away is waited for, on the clock handed in."""
    meter = CreditMeter(clock=clock)
    ask(meter, headers_of(hour=0))
    clock.advance(timedelta(minutes=59, seconds=56))

    ask(meter, headers_of(hour=499))

    assert clock.sleeps == [timedelta(seconds=4)]
    assert meter.requests == {"gallery": 2}


def test_before__stops_on_request_while_it_waits(clock: FakeClock) -> None:
    """Whoever asks the run to stop is heard during a wait, and no credit is spent."""
    meter = CreditMeter(clock=clock)
    ask(meter, headers_of(hour=0))
    clock.advance(timedelta(minutes=59, seconds=56))

    with pytest.raises(StoppedError):
        meter.before("gallery", should_stop=lambda: bool(clock.sleeps))

    assert meter.credits.spent == 1


def test_before__goes_on_in_a_new_hour(clock: FakeClock) -> None:
    """When the hour has passed, requests are sent again."""
    meter = CreditMeter(clock=clock)
    ask(meter, headers_of(hour=0))
    clock.advance(timedelta(hours=1))

    meter.before("gallery")

    assert meter.requests == {"gallery": 2}


def test_before__backfill_leaves_twice_the_floor(clock: FakeClock) -> None:
    """What is old stops at twice the day's floor, what is new goes on; the error tells them apart."""
    meter = CreditMeter(clock=clock)
    ask(meter, headers_of(day=501))
    meter.is_backfill = True
    available = meter.available()
    ask(meter, headers_of(day=500))
    with pytest.raises(CreditsExhaustedError, match="the last 500 are never touched") as caught:
        meter.before("gallery")
    meter.is_backfill = False

    assert caught.value.is_backfill_floor
    assert (available, meter.available()) == (1, 250)
    ask(meter, headers_of(day=499))


def test_after__reads_the_windows_at_the_time_of_the_reply(clock: FakeClock) -> None:
    """Seconds until the reset count from when the reply came."""
    meter = CreditMeter(clock=clock, max_credits=9)
    lease = meter.before("gallery")
    clock.advance(timedelta(seconds=20))
    meter.after(lease, Answer(200, headers_of(hour=430, reset=600)))

    credits = meter.credits
    assert shown(credits.user) == (500, 430, clock.now() + timedelta(seconds=600))
    assert shown(credits.client) == (12_500, 11_876, None)
    assert (credits.spent, credits.max_credits) == (1, 9)


def test_after__replies_without_headers_leave_what_was_booked(clock: FakeClock) -> None:
    """A reply that says nothing of credits gives none back."""
    meter = CreditMeter(clock=clock)
    ask(meter, headers_of(hour=5, day=300))
    ask(meter, {"cdn-error": "yes"}, status=400)

    assert shown(meter.credits.user) == (500, 4, clock.now() + timedelta(hours=1))
    assert shown(meter.credits.client) == (12_500, 299, None)
    assert meter.credits.spent == 2


def test_after__an_attempt_without_a_reply_is_no_longer_under_way(clock: FakeClock) -> None:
    """A connection that broke is not taken off the next window for ever."""
    meter = CreditMeter(clock=clock)
    ask(meter)
    ask(meter, headers_of(hour=9))

    assert meter.available() == 9


def test_after__a_late_reply_gives_nothing_back(clock: FakeClock) -> None:
    """Two replies that come in the wrong order leave what the later one said."""
    meter = CreditMeter(clock=clock)
    ask(meter, headers_of(hour=100))
    first, second = meter.before("gallery"), meter.before("gallery")
    meter.after(second, Answer(200, headers_of(hour=98, day=11_874)))
    meter.after(first, Answer(200, headers_of(hour=99, day=11_875)))

    assert shown(meter.credits.user) == (500, 98, clock.now() + timedelta(hours=1))
    assert shown(meter.credits.client) == (12_500, 11_874, None)
    assert meter.credits.spent == 3


@pytest.mark.parametrize(
    ("refusal", "minutes"),
    [
        (HourSpentError("spent"), 20),
        (PostRequestsSpentError("spent"), 60),
        (UnknownLimitError("429"), 60),
        (GatewayLimitError("429"), 60),
        (OverCapacityError(), 10),
        (DaySpentError("spent"), None),
        (CreditsExhaustedError("ours"), None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_heeded__says_until_when_to_wait(
    clock: FakeClock, refusal: CreditsExhaustedError, minutes: int | None
) -> None:
    """A refusal is completed with the instant when credits return; None where waiting does not help this run."""
    meter = CreditMeter(clock=clock)
    ask(meter, headers_of(hour=0, reset=1_200), status=429)

    heeded = meter.heeded(refusal)

    assert type(heeded) is type(refusal)
    assert heeded.until == (None if minutes is None else clock.now() + timedelta(minutes=minutes))
    assert heeded.reason == refusal.reason


def test_heeded__a_day_spent_in_words_is_a_strike(clock: FakeClock) -> None:
    """Where headers say nothing and the words do, the strike is on record, and nothing more is asked."""
    meter = CreditMeter(clock=clock)
    ask(meter, {}, status=429)
    refusal = DaySpentError("Imgur says the application's day is used up")
    refusal.is_told_in_words = True
    meter.heeded(refusal)

    [strike] = meter.ledger.status().strikes
    assert (strike.told, strike.own_charges) == ("Imgur says the application's day is used up", 1)
    with pytest.raises(CreditsExhaustedError, match="0 of 12500 credits left today"):
        meter.before("gallery")


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
    meter = CreditMeter(clock=clock, max_credits=400)

    def asked(number: int) -> bool:
        try:
            meter.after(meter.before(f"endpoint_{number % 7}"), Answer(200, {}))
        except CreditsExhaustedError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        granted = list(pool.map(asked, range(1_000)))

    assert sum(granted) == meter.credits.spent == meter.requests.total() == meter.charges.total() == 400
    assert meter.available() == 0


def test_available__is_what_may_be_asked_now(clock: FakeClock) -> None:
    """Nothing is known at first; then it is what the hour has left; after it an hour's limit at most."""
    meter = CreditMeter(clock=clock)
    before = meter.available()
    ask(meter, headers_of(hour=3))
    in_the_hour = meter.available()
    clock.advance(timedelta(hours=1))

    assert (before, in_the_hour, meter.available()) == (None, 3, 500)


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
    ask(meter)
    meter.found_unchanged("gallery")
    requests, charges, replays, unchanged = meter.requests, meter.charges, meter.replays, meter.unchanged
    ask(meter)
    meter.replayed("album")
    meter.found_unchanged("gallery")

    assert (requests, charges, replays) == ({"gallery": 1}, {"gallery": 1}, {})
    assert (unchanged, meter.unchanged) == ({"gallery": 1}, {"gallery": 2})
