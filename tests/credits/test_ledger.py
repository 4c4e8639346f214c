"""The ledger: one truth about the credits for every process of the host."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from imgur_source.credits.ledger import CreditLedger, credit_status_of, ledger_path
from imgur_source.credits.ledger_store import LEASE_LIFETIME
from imgur_source.credits.rules import Answer
from imgur_source.credits.status import Denied, Lease, Strike, WaitUntil
from imgur_source.errors import ConfigurationError
from tests.support.fakes import NIGHT, FakeClock
from tests.support.ledgers import asked, leased, rate_headers, shown

HOUR, DAY, MINUTE, SECOND = (timedelta(seconds=seconds) for seconds in (3600, 86_400, 60, 1))
CLIENT_ID = "cid-5f0e2a"
Open = Callable[..., CreditLedger]


@pytest.fixture
def open_ledger(tmp_path: Path, clock: FakeClock) -> Iterator[Open]:
    """Opens ledgers on one file, as so many processes would."""
    opened: list[CreditLedger] = []

    def open_one(*, accept_strike_risk: bool = False) -> CreditLedger:
        ledger = CreditLedger.of_application(
            tmp_path / "state", client_id=CLIENT_ID, clock=clock, accept_strike_risk=accept_strike_risk
        )
        opened.append(ledger)
        return ledger

    yield open_one
    for ledger in opened:
        ledger.close()


@pytest.fixture
def ledger(open_ledger: Open) -> CreditLedger:
    return open_ledger()


# the file


def test_file__is_the_owners_and_named_by_a_hash(ledger: CreditLedger, tmp_path: Path) -> None:
    """File and folder are readable by their owner only, and neither name nor content holds the client id."""
    asked(ledger)
    assert ledger.path == ledger_path(tmp_path / "state", client_id=CLIENT_ID)
    files = sorted((tmp_path / "state").iterdir())

    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert [file.suffix for file in files] == [".sqlite", ".sqlite-shm", ".sqlite-wal"]
    assert all(CLIENT_ID not in file.name and CLIENT_ID.encode() not in file.read_bytes() for file in files)


def test_file__outlives_a_process(open_ledger: Open) -> None:
    """What one process has learned and spent, the next one knows."""
    first = open_ledger()
    asked(first, rate_headers(hour=7))
    first.close()

    assert open_ledger().status().available() == 7


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"no database at all, but a letter to somebody", "not a database"), (None, "directory")],
)
def test_file__that_is_no_ledger_is_told_before_the_first_request(
    content: bytes | None, words: str, tmp_path: Path, clock: FakeClock
) -> None:
    """Something else in its place stays as it is, and a person is told what to do."""
    path = tmp_path / "credits.sqlite"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)

    with pytest.raises(ConfigurationError, match=words) as caught:
        CreditLedger(path, clock=clock)

    assert "move it away" in str(caught.value)
    assert content is None or path.read_bytes() == content


def test_file__of_another_version_is_left_alone(tmp_path: Path, clock: FakeClock) -> None:
    """A ledger that a later version has written is not understood, and not touched."""
    path = tmp_path / "credits.sqlite"
    CreditLedger(path, clock=clock).close()
    with sqlite3.connect(path) as db:
        db.execute("pragma user_version = 2")
    db.close()

    with pytest.raises(ConfigurationError, match="tables of version 2, this program knows 1"):
        CreditLedger(path, clock=clock)


def test_file__that_goes_bad_ends_the_asking_but_loses_no_reply(
    ledger: CreditLedger, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A reply that was paid for is handed on though it cannot be booked; the next request is not sent."""
    lease = leased(ledger)
    with sqlite3.connect(ledger.path or "") as db:
        db.execute("drop table windows")
    db.close()

    assert ledger.settle(lease, Answer(200, rate_headers())) == lease.windows
    assert "could not be booked" in caplog.text
    with pytest.raises(ConfigurationError, match="no such table"):
        ledger.reserve()


def test_credit_status_of__makes_no_file(tmp_path: Path, clock: FakeClock) -> None:
    """Asking how the credits stand before the first run leaves nothing behind."""
    assert credit_status_of(tmp_path, client_id=CLIENT_ID, clock=clock) is None
    assert list(tmp_path.iterdir()) == []


# what is charged


def test_reserve__charges_when_it_leases(ledger: CreditLedger) -> None:
    """A lease takes its credits from both windows before the request is sent."""
    asked(ledger, rate_headers(hour=9, day=300))

    windows = leased(ledger, 2).windows
    assert [shown(windows[name]) for name in ("user", "client")] == [
        (500, 7, NIGHT + HOUR),
        (12_500, 298, None),
    ]


def test_settle__in_any_order_leaves_the_same(open_ledger: Open) -> None:
    """Replies that overtake each other, also between processes, neither give back nor take anything."""
    one, other = open_ledger(), open_ledger()
    asked(one, rate_headers(hour=100, day=5_000))
    leases = [(ledger, leased(ledger)) for ledger in (one, other, one, other)]
    for place in (2, 0, 3, 1):
        ledger, lease = leases[place]
        ledger.settle(lease, Answer(200, rate_headers(hour=99 - place, day=4_999 - place)))

    status = one.status()
    left = [(status.left(name), status.windows[name].spent_elsewhere) for name in ("user", "client")]
    assert left == [(96, 399), (4_996, 7_499)]  # what others had spent before
    assert status.leases == ()


def test_settle__a_lower_word_is_somebody_else(ledger: CreditLedger) -> None:
    """Imgur says less than our own charges explain: others spend too, and what is under way is not theirs."""
    asked(ledger, rate_headers(hour=500, day=12_500))
    first, _second = leased(ledger), leased(ledger)
    ledger.settle(first, Answer(200, rate_headers(hour=450, day=12_440)))

    hour, day = (ledger.status().windows[name] for name in ("user", "client"))
    assert (hour.remaining, hour.spent_elsewhere) == (449, 48)
    assert (day.remaining, day.spent_elsewhere) == (12_439, 58)


def test_settle__a_higher_word_in_the_same_window_changes_nothing(ledger: CreditLedger) -> None:
    """A lease that was never sent stays spent, though Imgur knows nothing of it."""
    asked(ledger, rate_headers(hour=100))
    leased(ledger)  # its process dies
    asked(ledger, rate_headers(hour=99))

    assert ledger.status().left("user") == 98


def test_reserve__a_lease_that_nobody_settles_stays_spent(ledger: CreditLedger, clock: FakeClock) -> None:
    """A process that was killed leaves its lease; it expires, and its credit is gone."""
    asked(ledger, rate_headers(hour=100))
    leased(ledger)
    outstanding = ledger.status().leases
    clock.advance(LEASE_LIFETIME)
    leased(ledger)

    assert [(lease.at, lease.cost) for lease in outstanding] == [(NIGHT, 1)]
    assert [lease.at for lease in ledger.status().leases] == [clock.now()]
    assert ledger.status().left("user") == 98


# new windows


def test_reserve__one_asks_about_an_unknown_window_the_others_wait(
    open_ledger: Open, clock: FakeClock
) -> None:
    """Of a window that nobody knows one reply has to tell; until it is there the others wait a moment."""
    one, other = open_ledger(), open_ledger()
    probe = leased(one)
    waits = [other.reserve(), one.reserve()]
    one.settle(probe, Answer(200, rate_headers(hour=2)))

    assert probe.probes == {"user", "client"}
    assert waits == [WaitUntil(NIGHT + 0.2 * SECOND, "another request is finding out what is left")] * 2
    assert leased(other).probes == frozenset()


def test_reserve__a_probe_that_is_lost_is_followed_by_another(ledger: CreditLedger, clock: FakeClock) -> None:
    """Without a reply, or with an error that says nothing, the next request asks; a dead one is waited for."""
    for answer in (None, Answer(403, {}), Answer(503, {"server": "x"})):
        ledger.settle(leased(ledger), answer)
    dead = leased(ledger)
    waits = []
    while isinstance(granted := ledger.reserve(), WaitUntil):
        waits.append(granted.at - clock.now())
        clock.advance(waits[-1])

    assert isinstance(granted, Lease)
    assert granted.at >= dead.at + LEASE_LIFETIME
    assert max(waits) <= 4 * SECOND


def test_reserve__does_not_wait_for_a_probe_of_a_process_that_is_gone(
    ledger: CreditLedger, tmp_path: Path
) -> None:
    """The probe of a process that was killed is not waited for."""
    leased(ledger)
    with sqlite3.connect(ledger.path or "") as db:
        db.execute("update leases set pid = ?", (2**22 + 1,))  # beyond the largest of Linux
    db.close()

    assert leased(ledger).probes == {"user", "client"}


def test_reserve__a_refill_is_never_assumed(ledger: CreditLedger, clock: FakeClock) -> None:
    """Past the hour's reset one request goes; should the hour be empty still, nobody else does."""
    asked(ledger, rate_headers(hour=0, reset=600))
    before = ledger.reserve()
    clock.advance(600 * SECOND)
    asked(ledger, rate_headers(hour=0, reset=3000), status=429)

    assert before == WaitUntil(NIGHT + 600 * SECOND, "the hour's 500 credits are spent")
    assert ledger.reserve() == WaitUntil(NIGHT + 3600 * SECOND, "the hour's 500 credits are spent")


def test_settle__a_new_window_is_taken_whole_less_what_is_under_way(
    open_ledger: Open, clock: FakeClock
) -> None:
    """Credits that came back are believed, but for those that Imgur may not have counted yet."""
    ledger = open_ledger()
    asked(ledger, rate_headers(hour=5))
    clock.advance(HOUR - SECOND)
    early = [leased(ledger) for _ in range(3)]
    clock.advance(SECOND)
    asked(ledger, rate_headers(hour=499, reset=3600))
    taken = ledger.status().left("user")
    for place, lease in enumerate(early):
        ledger.settle(lease, Answer(200, rate_headers(hour=498 - place)))

    assert taken == 496
    assert ledger.status().left("user") == 496


def test_settle__a_late_reply_of_the_old_window_is_ignored(ledger: CreditLedger, clock: FakeClock) -> None:
    """What a reply from before the reset says is neither taken for the new window nor for others' spending."""
    asked(ledger, rate_headers(hour=5))
    clock.advance(HOUR - SECOND)
    late = leased(ledger)
    clock.advance(SECOND)
    asked(ledger, rate_headers(hour=499))
    ledger.settle(late, Answer(200, rate_headers(hour=4, reset=0)))

    hour = ledger.status().windows["user"]
    assert (hour.remaining, hour.spent_elsewhere) == (498, 0)


@pytest.mark.parametrize("constant", [3600, 86_400])
def test_settle__a_constant_reset_neither_creates_nor_starves(
    constant: int, ledger: CreditLedger, clock: FakeClock
) -> None:
    """A server that says the same seconds with each reply moves no window on, and is asked when ours is over."""
    for left in range(499, 0, -100):
        asked(ledger, rate_headers(hour=left, reset=constant), cost=1)
        clock.advance(10 * MINUTE)
    asked(ledger, rate_headers(hour=0, reset=constant))
    waiting = ledger.reserve()
    clock.advance(10 * MINUTE)

    assert waiting == WaitUntil(NIGHT + HOUR, "the hour's 500 credits are spent")
    asked(ledger, rate_headers(hour=499, reset=constant))
    assert ledger.status().available() == 499


def test_settle__late_replies_under_a_constant_reset_give_nothing_back(
    ledger: CreditLedger, clock: FakeClock
) -> None:
    """A slow reply tells of more and of a later reset than is known, and is still no new window."""
    asked(ledger, rate_headers(hour=499, reset=3600))
    slow = leased(ledger)
    clock.advance(2 * MINUTE)
    for left in range(497, 447, -1):
        asked(ledger, rate_headers(hour=left, reset=3600))
    ledger.settle(slow, Answer(200, rate_headers(hour=498, reset=3600)))

    assert ledger.status().left("user") == 448


@pytest.mark.parametrize("skew", [-59, 59])
def test_settle__a_minute_of_skew_is_no_new_window(skew: int, ledger: CreditLedger) -> None:
    """A server whose clock is a little off tells of the same window."""
    epoch = int((NIGHT + HOUR).timestamp())
    asked(ledger, rate_headers(hour=10, reset=epoch))
    asked(ledger, rate_headers(hour=9, reset=epoch + skew))

    hour = ledger.status().windows["user"]
    assert hour.remaining == 9
    assert hour.resets_at == NIGHT + HOUR + min(skew, 0) * SECOND


# the day


def test_day__until_its_reset_is_known_our_charges_of_a_day_count(
    ledger: CreditLedger, clock: FakeClock
) -> None:
    """The stricter of Imgur's word and our own charges over 24 hours, less the floor, may be spent."""
    asked(ledger, rate_headers(hour=499, day=1_600, day_limit=1_601, day_reset=86_400), cost=1)
    for left in (299, 199, 99):
        clock.advance(HOUR)
        asked(ledger, rate_headers(hour=400, day=left + 1_260, day_limit=1_601), cost=100)

    # 1,601 less the 301 charged, although Imgur says 1,359
    status = ledger.status()
    day = status.windows["client"]
    assert (status.left("client"), status.available_in("client")) == (1_300, 1_050)
    assert (day.own_charges, day.resets_at) == (301, None)


def test_day__its_reset_is_learned_from_a_jump(ledger: CreditLedger, clock: FakeClock) -> None:
    """Credits that rose between two readings were filled up there, and will be again within a day."""
    asked(ledger, rate_headers(day=5_000))
    clock.advance(3 * HOUR)
    asked(ledger, rate_headers(day=12_499))
    status = ledger.status()

    assert status.windows["client"].resets_at == NIGHT + 3 * HOUR + DAY
    assert (status.left("client"), status.available_in("client")) == (12_499, 12_249)


def test_day__at_its_floor_is_asked_about_once_a_day(ledger: CreditLedger, clock: FakeClock) -> None:
    """At the floor nothing is sent until the last reading is a day old; then one request asks."""
    asked(ledger, rate_headers(day=250))
    denials = [ledger.reserve()]
    clock.advance(DAY - SECOND)
    denials.append(ledger.reserve())
    clock.advance(SECOND)
    probe = leased(ledger)
    ledger.settle(probe, Answer(200, rate_headers(day=249)))

    reason = "the application has 250 of 12500 credits left today, and the last 250 are never touched"
    assert denials == [Denied(reason)] * 2
    assert "client" in probe.probes
    assert isinstance(ledger.reserve(), Denied)
    clock.advance(DAY)
    asked(ledger, rate_headers(day=12_499))
    assert ledger.status().available_in("client") == 12_249


def test_day__backfill_stops_at_twice_the_floor(ledger: CreditLedger) -> None:
    """What is old leaves more of the day than what is new."""
    asked(ledger, rate_headers(day=500))

    assert ledger.status().available(is_backfill=True) == 0
    assert ledger.status().available() == 250
    assert ledger.reserve(is_backfill=True) == Denied(
        "the application has 500 of 12500 credits left today, and the last 500 are never touched",
        is_backfill_floor=True,
    )
    leased(ledger)


# strikes


def struck(ledger: CreditLedger, clock: FakeClock, times: int) -> None:
    """Let others use up *times* days."""
    for _ in range(times):
        clock.advance(DAY)
        asked(ledger, rate_headers(day=0))


def test_strike__is_recorded_once_a_day_with_its_evidence(ledger: CreditLedger, clock: FakeClock) -> None:
    """However many replies say that the day is at 0, it is one strike; it says who had spent what."""
    asked(ledger, rate_headers(day=12_000), cost=3)
    leases = [leased(ledger) for _ in range(2)]
    clock.advance(MINUTE)
    for lease in leases:
        ledger.settle(lease, Answer(429, rate_headers(hour=400, day=0)))

    assert ledger.status().strikes == (
        Strike(
            NIGHT + MINUTE, "0 of 12500 left, with status 429", own_charges=5, spent_elsewhere=497 + 11_998
        ),
    )


def test_strike__is_one_for_each_day_that_words_refuse(ledger: CreditLedger, clock: FakeClock) -> None:
    """Replies without a header count as well: six days are six, however often each of them says so."""
    for _ in range(6):
        for _ in range(2):
            ledger.day_spent("Daily client requests exceeded")
            clock.advance(MINUTE)
        clock.advance(DAY)

    assert len(ledger.status().strikes) == 6


def test_strike__needs_no_limit_beside_the_nothing_that_is_left(ledger: CreditLedger) -> None:
    """``ClientRemaining: 0`` alone is a strike, and nothing is granted after it."""
    asked(ledger, {"x-ratelimit-clientremaining": "0"}, status=429)

    assert [strike.told for strike in ledger.status().strikes] == ["0 of 12500 left, with status 429"]
    assert isinstance(ledger.reserve(), Denied)


def test_strike__an_empty_hour_is_none(ledger: CreditLedger) -> None:
    """Only the day counts."""
    asked(ledger, rate_headers(hour=0), status=429)

    assert ledger.status().strikes == ()


@pytest.mark.parametrize(("strikes", "floor"), [(0, 250), (1, 500), (2, 1_000)])
def test_strike__doubles_the_floor(strikes: int, floor: int, ledger: CreditLedger, clock: FakeClock) -> None:
    """The nearer the application is to being blocked, the more of each day is left."""
    struck(ledger, clock, strikes)
    clock.advance(DAY)
    asked(ledger, rate_headers(day=12_499))

    status = ledger.status()
    assert (status.floor("client"), status.available_in("client")) == (floor, 12_499 - floor)
    assert status.floor("client", is_backfill=True) == 2 * floor


def test_strike__three_need_somebody_to_accept_the_risk(open_ledger: Open, clock: FakeClock) -> None:
    """After three nothing is read unless a person says so; token refreshes go on."""
    ledger = open_ledger()
    struck(ledger, clock, 3)
    clock.advance(DAY)
    denied = ledger.reserve()

    assert isinstance(denied, Denied)
    assert denied.reason.startswith("the application's day was used up 3 times this month")
    assert denied.advice.endswith("--accept-strike-risk")
    assert (ledger.status().available(), ledger.status().denied) == (0, denied)
    leased(ledger, kind="post")
    accepting = open_ledger(accept_strike_risk=True)
    asked(accepting, rate_headers(day=12_499))
    assert accepting.status().floor("client") == 2_000


def test_strike__four_are_the_end_whatever_is_accepted(open_ledger: Open, clock: FakeClock) -> None:
    """Nothing gets past four, until the month ends."""
    ledger = open_ledger(accept_strike_risk=True)
    struck(ledger, clock, 4)
    clock.advance(DAY)
    denied = ledger.reserve()

    assert isinstance(denied, Denied)
    assert denied.advice == "Nothing is asked before the next month begins (UTC)."
    clock.advance(NIGHT.replace(month=12, day=1) - clock.now())
    asked(ledger, rate_headers(day=12_499))
    assert ledger.status().floor("client") == 250
    assert ledger.status().strikes == ()


# cool-down


def test_cool_down__grows_and_holds_for_all(open_ledger: Open, clock: FakeClock) -> None:
    """Each "over capacity" after a cool-down makes the next one longer, for every process."""
    one, other = open_ledger(), open_ledger()
    waits = []
    for _ in range(5):
        asked(one, {}, status=403)
        until = one.over_capacity()
        assert other.over_capacity() == until  # two replies, one event
        assert other.reserve() == WaitUntil(until, 'Imgur said "over capacity", its hidden limit per address')
        assert other.status().silent_until == until
        assert isinstance(other.reserve(kind="post"), WaitUntil)
        waits.append((until - clock.now()) / MINUTE)
        clock.advance(until - clock.now())

    assert waits == [10, 20, 40, 60, 60]


def test_cool_down__a_good_reply_begins_it_anew(ledger: CreditLedger, clock: FakeClock) -> None:
    """A reply after the silence says that it is over; one from before it does not."""
    early = leased(ledger)
    ledger.over_capacity()
    ledger.settle(early, Answer(200, rate_headers()))
    clock.advance(10 * MINUTE)
    second = ledger.over_capacity() - clock.now()
    clock.advance(second)
    asked(ledger)

    assert second == 20 * MINUTE
    assert ledger.over_capacity() - clock.now() == 10 * MINUTE


# other windows


def test_posts__are_a_window_of_their_own(ledger: CreditLedger) -> None:
    """A token refresh costs one POST and no credit; its window comes back after the seconds it says."""
    posts = {
        "x-post-rate-limit-limit": "1250",
        "x-post-rate-limit-remaining": "0",
        "x-post-rate-limit-reset": "90",
    }
    asked(ledger, posts, kind="post", cost=0)

    assert ledger.reserve(kind="post") == WaitUntil(
        NIGHT + 90 * SECOND, "the hour's 1250 POST requests are spent"
    )
    assert ledger.status().windows["posts"].own_charges == 1
    assert leased(ledger).probes == {"user", "client"}


def test_requests__of_the_gateway_are_a_window_with_a_floor(ledger: CreditLedger) -> None:
    """The commercial gateway tells of its plan only: a fiftieth of it is left; hour and day are our own count."""
    plan = {"x-ratelimit-requests-limit": "1000", "x-ratelimit-requests-remaining": "22"}
    asked(ledger, plan)
    available = ledger.status().available()
    for left in (21, 20):
        asked(ledger, {**plan, "x-ratelimit-requests-remaining": str(left)})

    assert available == 2
    assert ledger.reserve() == Denied(
        "the plan has 20 of 1000 requests left, and the last 20 are never touched"
    )
    assert {name: window.is_told for name, window in ledger.status().windows.items()} == {
        "user": False,
        "client": False,
        "requests": True,
        "posts": False,
    }


def test_untold__our_own_charges_are_the_truth(ledger: CreditLedger, clock: FakeClock) -> None:
    """Where no reply tells of a window it is what we spent within its length that counts."""
    asked(ledger, {}, cost=300)
    clock.advance(30 * MINUTE)
    asked(ledger, {}, cost=200)
    waiting = ledger.reserve()
    clock.advance(30 * MINUTE + SECOND)

    assert waiting == WaitUntil(NIGHT + HOUR + SECOND, "the hour's 500 credits are spent")
    assert (ledger.status().available(), ledger.status().left("client")) == (300, 12_000)


# the clock


def test_clock__set_back_starves_nobody(ledger: CreditLedger, clock: FakeClock) -> None:
    """After a jump of a year backwards no reset, charge or cool-down lies in a future that does not come."""
    clock.advance(timedelta(days=365))
    asked(ledger, rate_headers(hour=0, day=12_000))
    leased(ledger, kind="post")
    ledger.over_capacity()
    clock.time = NIGHT
    waits = []
    while isinstance(granted := ledger.reserve(), WaitUntil):
        waits.append(granted.at - clock.now())
        clock.advance(waits[-1])

    assert isinstance(granted, Lease)
    assert clock.now() - NIGHT <= HOUR
    ledger.settle(granted, Answer(200, rate_headers(hour=499, day=12_300)))
    assert ledger.status().windows["client"].own_charges == 2


def test_clock__set_forward_lets_one_request_go(ledger: CreditLedger, clock: FakeClock) -> None:
    """A jump forward makes windows look over; one request asks, and its reply says that they are not."""
    epoch = int((NIGHT + HOUR).timestamp())
    asked(ledger, rate_headers(hour=0, reset=epoch))
    clock.advance(timedelta(days=3))
    probe = leased(ledger)
    others = ledger.reserve()
    ledger.settle(probe, Answer(429, rate_headers(hour=0, reset=epoch)))

    assert isinstance(others, WaitUntil)
    assert ledger.reserve() == WaitUntil(clock.now() + HOUR, "the hour's 500 credits are spent")


# processes


def test_processes__take_the_hour_together_to_its_last_credit(open_ledger: Open) -> None:
    """Whoever asks first has what is left; together they take what there is, and none waits for another."""
    one, other = open_ledger(), open_ledger()
    asked(one, rate_headers(hour=91, day=9_000))
    asked(other, rate_headers(hour=90, day=8_999))
    got = [sum(isinstance(ledger.reserve(), Lease) for _ in range(50)) for ledger in (one, other)]

    assert got == [50, 40]
    assert other.reserve() == WaitUntil(NIGHT + HOUR, "the hour's 500 credits are spent")
