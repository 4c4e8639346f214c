"""Waiting between two rounds until credits return."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from datetime import datetime, timedelta

from imgur_source.clock import Clock
from imgur_source.source import StopFlag

JITTER = timedelta(seconds=45)  # at most, so that two machines do not ask in the same second
LOOK_UP = timedelta(seconds=5)  # how soon Ctrl-C is noticed
SHORTEST_ROUND = timedelta(minutes=1)  # less time than that before the end of reading is no round
EACH_MINUTE, EACH_QUARTER = timedelta(minutes=1), timedelta(minutes=15)  # on a terminal, and without one


def is_worth_waiting(until: datetime | None, stop: StopFlag) -> bool:
    """Whether credits return early enough for another round."""
    return (
        until is not None
        and not stop.is_up
        and (stop.ends_at is None or until + JITTER + SHORTEST_ROUND <= stop.ends_at)
    )


def wait(
    until: datetime, *, clock: Clock, stop: StopFlag, say: Callable[[str], None], line_each: timedelta
) -> bool:
    """Sleep until *until* and a little longer; False when somebody asked to stop meanwhile.

    Args:
        say: takes a line about the waiting, now and then.
        line_each: how often.
    """
    until += random.random() * JITTER
    next_line = clock.now()
    while (left := until - clock.now()) > timedelta(0):
        if stop.is_up:
            return False
        if clock.now() >= next_line:
            minutes = math.ceil(left / timedelta(minutes=1))
            say(f"waiting {minutes} minute{'s' if minutes > 1 else ''}, until {until:%H:%M} UTC")
            next_line = clock.now() + line_each
        clock.sleep(min(left, LOOK_UP))
    return not stop.is_up
