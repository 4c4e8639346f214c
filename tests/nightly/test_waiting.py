"""Waiting between two rounds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from nightly.waiting import EACH_MINUTE, EACH_QUARTER, JITTER, SHORTEST_ROUND, is_worth_waiting, wait

from imgur_source.source import StopFlag
from tests.support.fakes import NIGHT, FakeClock

HOUR = timedelta(hours=1)


def test_wait__ends_shortly_after_the_credits_return() -> None:
    """It sleeps until the instant and a jitter of less than a minute, looking up now and then."""
    clock = FakeClock()

    assert wait(NIGHT + HOUR, clock=clock, stop=StopFlag(), say=lambda line: None, line_each=EACH_QUARTER)

    assert NIGHT + HOUR <= clock.time <= NIGHT + HOUR + JITTER
    assert max(clock.sleeps) <= timedelta(seconds=5)


@pytest.mark.parametrize(("line_each", "lines"), [(EACH_MINUTE, range(60, 62)), (EACH_QUARTER, range(4, 6))])
def test_wait__says_so_now_and_then(line_each: timedelta, lines: range) -> None:
    """A line a minute on a terminal, one a quarter of an hour without; each says how long is left."""
    said: list[str] = []

    wait(NIGHT + HOUR, clock=FakeClock(), stop=StopFlag(), say=said.append, line_each=line_each)

    assert len(said) in lines
    assert said[0].startswith(("waiting 60 minutes", "waiting 61 minutes"))
    assert "until 04:00 UTC" in said[0]


def test_wait__ends_when_a_person_asks() -> None:
    """Ctrl-C while waiting ends the run within seconds."""
    stop, clock = StopFlag(), FakeClock()

    def ask(line: str) -> None:
        stop.raise_()

    assert not wait(NIGHT + HOUR, clock=clock, stop=stop, say=ask, line_each=EACH_MINUTE)
    assert clock.time - NIGHT <= timedelta(seconds=5)


def test_is_worth_waiting__asks_for_a_round_before_the_end() -> None:
    """Credits that return too late for a round are left to the next night; so is a run that was stopped."""
    ends_at = NIGHT + HOUR
    latest = ends_at - JITTER - SHORTEST_ROUND

    assert is_worth_waiting(latest, StopFlag(clock=FakeClock(), ends_at=ends_at))
    assert not is_worth_waiting(latest + timedelta(seconds=1), StopFlag(clock=FakeClock(), ends_at=ends_at))
    assert not is_worth_waiting(None, StopFlag())
    stopped = StopFlag()
    stopped.raise_()
    assert not is_worth_waiting(NIGHT, stopped)
