"""Stand-ins that more than one test file needs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

NIGHT = datetime(2026, 11, 9, 3, 0, tzinfo=UTC)


class FakeClock:
    """Time that passes only when it is told to, or when somebody sleeps.

    Attributes:
        sleeps: every wait that was asked for, in order.
    """

    def __init__(self, start: datetime = NIGHT) -> None:
        self.time = start
        self.sleeps: list[timedelta] = []

    def now(self) -> datetime:
        return self.time

    def sleep(self, duration: timedelta) -> None:
        self.sleeps.append(duration)
        self.advance(duration)

    def advance(self, duration: timedelta) -> None:
        """Let *duration* pass."""
        self.time += duration
