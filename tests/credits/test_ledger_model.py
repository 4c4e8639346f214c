"""The ledger against a tiny Imgur: whatever happens, in whatever order, our own doing harms nothing."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from imgur_source.credits.ledger import CreditLedger
from imgur_source.credits.rules import Answer, WindowName
from imgur_source.credits.status import Denied, Lease, WaitUntil
from imgur_source.settings import STRIKES_TO_ACCEPT
from tests.support.fakes import NIGHT

HOUR_LIMIT, DAY_LIMIT, FLOOR = 12, 50, 1  # of so small a day a share is kept
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
WORKERS, MOST_UNDER_WAY = 3, 5
QUICK = timedelta(
    seconds=30
)  # in which requests stay under way; after more they are over, one way or another

ResetStyle = Literal["epoch", "seconds", "constant", "none"]


@dataclass
class TinyImgur:
    """Two windows as the documentation has them: an hour from the first request on, and a day of UTC."""

    style: ResetStyle
    hour_spent: int = 0
    hour_ends: datetime = LONG_AGO
    day_spent: int = 0
    day: datetime = NIGHT
    foreign_today: int = 0

    def settle(self, now: datetime) -> None:
        if now >= self.hour_ends:
            self.hour_spent, self.hour_ends = 0, now + timedelta(hours=1)
        if now.date() != self.day.date():
            self.day, self.day_spent, self.foreign_today = now, 0, 0

    @property
    def day_left(self) -> int:
        return DAY_LIMIT - self.day_spent

    def left(self, now: datetime) -> dict[WindowName, int]:
        """What the hour and the day hold, for somebody who only looks."""
        is_new_hour, is_new_day = now >= self.hour_ends, now.date() != self.day.date()
        return {
            "user": HOUR_LIMIT - (0 if is_new_hour else self.hour_spent),
            "client": DAY_LIMIT - (0 if is_new_day else self.day_spent),
        }

    def spend(self, count: int, now: datetime) -> None:
        """Let others under the same client id spend, elsewhere too, as far as there is anything."""
        self.settle(now)
        self.hour_spent += min(count, HOUR_LIMIT - self.hour_spent)
        taken = min(count, self.day_left)
        self.day_spent += taken
        self.foreign_today += taken

    def answer(self, now: datetime) -> Answer:
        self.settle(now)
        is_refused = self.hour_spent >= HOUR_LIMIT or self.day_spent >= DAY_LIMIT
        if not is_refused:
            self.hour_spent += 1
            self.day_spent += 1
        left = self.hour_ends - now
        resets: dict[ResetStyle, str] = {
            "epoch": str(int(self.hour_ends.timestamp())),
            "seconds": str(int(left.total_seconds()) + 1),
            "constant": "3600",
            "none": "",
        }
        return Answer(
            429 if is_refused else 200,
            {
                "x-ratelimit-userlimit": str(HOUR_LIMIT),
                "x-ratelimit-userremaining": str(HOUR_LIMIT - self.hour_spent),
                "x-ratelimit-userreset": resets[self.style],
                "x-ratelimit-clientlimit": str(DAY_LIMIT),
                "x-ratelimit-clientremaining": str(self.day_left),
                "x-ratelimit-clientreset": "86400",
            },
        )


@dataclass
class HostClock:
    """The clock of our host, which may be off by *error*."""

    true: datetime = NIGHT
    error: timedelta = timedelta()
    has_jumped: bool = False

    def now(self) -> datetime:
        return self.true + self.error

    def sleep(self, duration: timedelta) -> None:
        raise AssertionError("the ledger never sleeps")


@dataclass
class UnderWay:
    """A request that was sent, and what Imgur answered once it has seen it."""

    worker: int
    lease: Lease
    answer: Answer | None = None
    is_over: bool = field(default=False)


class LedgerMachine(RuleBasedStateMachine):
    """N workers on one file. Nothing is spent elsewhere: every bound is exact."""

    has_foreign = False

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = HostClock()
        path = Path(self.folder.name) / "credits.sqlite"
        self.workers = [CreditLedger(path, clock=self.clock) for _ in range(WORKERS)]
        self.imgur = TinyImgur("epoch")
        self.under_way: list[UnderWay] = []
        self.sent = 0
        self.probes_today = 0  # that Imgur saw at the day's floor
        self.day = self.imgur.day

    def teardown(self) -> None:
        try:
            self.end_all()
            self.somebody_is_granted_again()
        finally:
            for worker in self.workers:
                worker.close()
            self.folder.cleanup()

    # what happens

    @precondition(lambda self: self.sent == 0)
    @rule(style=st.sampled_from(["epoch", "seconds", "constant", "none"]))
    def imgur_tells_its_reset(self, style: ResetStyle) -> None:
        self.imgur.style = style

    @precondition(lambda self: len(self.under_way) < MOST_UNDER_WAY)
    @rule(worker=st.integers(0, WORKERS - 1), times=st.integers(1, 4))
    def ask(self, worker: int, times: int) -> None:
        for _ in range(min(times, MOST_UNDER_WAY - len(self.under_way))):
            granted = self.workers[worker].reserve()
            if isinstance(granted, Lease):
                self.under_way.append(UnderWay(worker, granted))
                self.sent += 1
            elif isinstance(granted, WaitUntil):
                assert timedelta() < granted.at - self.clock.now() <= timedelta(hours=1, seconds=2)

    @rule(worker=st.integers(0, WORKERS - 1), times=st.sampled_from([1, 2, 3, 5, 12]))
    def read_pages(self, worker: int, times: int) -> None:
        """A worker that asks and is answered, one request after the other."""
        for _ in range(times):
            granted = self.workers[worker].reserve()
            if not isinstance(granted, Lease):
                return
            self.sent += 1
            self.workers[worker].settle(granted, self.answer_to(granted))

    @precondition(lambda self: self.under_way)
    @rule(place=st.integers(0, 9))
    def imgur_sees(self, place: int) -> None:
        request = self.under_way[place % len(self.under_way)]
        if request.answer is None:
            request.answer = self.answer_to(request.lease)

    @precondition(lambda self: self.under_way)
    @rule(place=st.integers(0, 9))
    def reply_comes(self, place: int) -> None:
        request = self.under_way.pop(place % len(self.under_way))
        answer = request.answer or self.answer_to(request.lease)
        self.workers[request.worker].settle(request.lease, answer)

    @precondition(lambda self: self.under_way)
    @rule(place=st.integers(0, 9), is_seen=st.booleans())
    def reply_is_lost(self, place: int, is_seen: bool) -> None:
        request = self.under_way.pop(place % len(self.under_way))
        if is_seen and request.answer is None:
            self.answer_to(request.lease)
        self.workers[request.worker].settle(request.lease, None)

    @precondition(lambda self: self.under_way)
    @rule(place=st.integers(0, 9), is_seen=st.booleans())
    def worker_is_killed(self, place: int, is_seen: bool) -> None:
        request = self.under_way.pop(place % len(self.under_way))
        if is_seen and request.answer is None:
            self.answer_to(request.lease)

    @precondition(lambda self: not self.under_way)
    @rule(
        worker=st.integers(0, WORKERS - 1),
        other=st.integers(0, WORKERS - 1),
        seen=st.sampled_from(["first", "when the hour has turned", "last"]),
        is_turning=st.booleans(),
        is_another_lost=st.booleans(),
        reads=st.integers(0, 3),
    )
    def request_is_overtaken(
        self, worker: int, other: int, seen: str, is_turning: bool, is_another_lost: bool, reads: int
    ) -> None:
        """A slow one: others read meanwhile, one of their replies may be lost, and the hour may turn."""
        if is_turning:
            self.clock.true = max(self.clock.true, self.imgur.hour_ends - timedelta(seconds=10))
        granted = self.workers[worker].reserve()
        if not isinstance(granted, Lease):
            return
        self.sent += 1
        answer = self.answer_to(granted) if seen == "first" else None
        if is_turning:
            self.clock.true += timedelta(seconds=20)
        if seen == "when the hour has turned":
            answer = self.answer_to(granted)
        if is_another_lost and isinstance(lost := self.workers[other].reserve(), Lease):
            self.answer_to(lost)
            self.workers[other].settle(lost, None)
        self.read_pages(other, reads)
        self.workers[worker].settle(granted, answer or self.answer_to(granted))

    @rule(seconds=st.integers(1, 30))
    def moments_pass(self, seconds: int) -> None:
        self.clock.true += timedelta(seconds=seconds)

    @rule(minutes=st.sampled_from([1, 5, 59, 60, 61, 240, 24 * 60, 3 * 24 * 60]))
    def time_passes(self, minutes: int) -> None:
        self.end_all()
        self.clock.true += timedelta(minutes=minutes)

    @rule(minutes=st.sampled_from([-600_000, -3_000, -90, -10, -1, 1, 10, 90, 3_000, 600_000]))
    def clock_jumps(self, minutes: int) -> None:
        if minutes > 0:
            self.end_all()  # a host that was asleep: what was under way is over
        self.clock.error += timedelta(minutes=minutes)
        self.clock.has_jumped = True

    # what must be so

    @invariant()
    def no_strike_is_ours(self) -> None:
        """The floor stands; a clock that jumps a day ahead may send one request to ask whether it does."""
        assert self.imgur.day_left >= FLOOR - self.probes_today
        assert self.workers[0].status().strikes == ()

    @invariant()
    def nothing_is_left_that_is_not_there(self) -> None:
        """What the ledger would still grant, and what it has leased, is there at Imgur."""
        if self.has_foreign:
            return
        unseen = sum(request.answer is None for request in self.under_way)
        there = self.imgur.left(self.clock.true)
        status = self.workers[0].status()
        for name in there:
            left = status.left(name)
            assert left is None or left <= max(0, there[name] - unseen), name

    # in detail

    def answer_to(self, lease: Lease) -> Answer:
        """Imgur's answer to a request; never a 429, but to one that was sent to find out."""
        self.imgur.settle(self.clock.true)
        if self.imgur.day != self.day:
            self.day, self.probes_today = self.imgur.day, 0
        self.probes_today += (
            self.imgur.day_left <= FLOOR and "client" in lease.probes and self.clock.has_jumped
        )
        answer = self.imgur.answer(self.clock.true)
        assert answer.status == 200 or "user" in lease.probes, "more was sent than the hour held"
        return answer

    def end_all(self) -> None:
        while self.under_way:
            self.reply_comes(0)

    def somebody_is_granted_again(self) -> None:
        """After a day and an hour, waits sat out, a request is granted: nothing is stuck for ever."""
        self.clock.true += timedelta(hours=25)
        for _ in range(3_000):
            granted = self.workers[0].reserve()
            if isinstance(granted, Lease):
                return
            assert isinstance(granted, WaitUntil), granted
            self.clock.true = max(self.clock.true, granted.at - self.clock.error)
        raise AssertionError("nobody is granted a request any more")


class ForeignMachine(LedgerMachine):
    """The same with others under the same client id, who know no floor."""

    has_foreign = True

    def __init__(self) -> None:
        super().__init__()
        self.below_floor = 0  # requests of ours that Imgur saw below the floor, today

    @rule(count=st.integers(1, 30))
    def others_spend(self, count: int) -> None:
        self.imgur.spend(count, self.clock.true)

    def answer_to(self, lease: Lease) -> Answer:
        self.imgur.settle(self.clock.true)
        if self.imgur.day != self.day:
            self.day, self.below_floor = self.imgur.day, 0
        if self.imgur.day_left <= FLOOR:
            self.below_floor += 1
        return self.imgur.answer(self.clock.true)

    @invariant()
    def no_strike_is_ours(self) -> None:
        """Only what was under way when the others spent may go below the floor, never a request after its reply."""
        assert self.below_floor <= 2 * MOST_UNDER_WAY + 2
        assert self.imgur.day_left > 0 or self.imgur.foreign_today > 0

    def somebody_is_granted_again(self) -> None:
        """So it is here, unless the others' strikes have come so far that a person must take the risk."""
        if len(self.workers[0].status().strikes) < STRIKES_TO_ACCEPT:
            super().somebody_is_granted_again()
        else:
            assert isinstance(self.workers[0].reserve(), Denied | WaitUntil)


RULES_RUN = settings(
    max_examples=80, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestOwnDoing = LedgerMachine.TestCase
TestOwnDoing.settings = RULES_RUN
TestAmongOthers = ForeignMachine.TestCase
TestAmongOthers.settings = RULES_RUN
