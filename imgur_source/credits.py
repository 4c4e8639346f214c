"""Arithmetic of Imgur's credit windows: no clock, no I/O.

Imgur keeps two windows (docs/imgur-api.md: credits): the *user* window, 500
credits an hour per address and application, and the *client* window, 12,500 a
day per application. Both stand in the headers of most replies.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from imgur_source.settings import DAY_FLOOR_CREDITS, DAY_FLOOR_SHARE

SAME_RESET_WITHIN = timedelta(minutes=1)  # one window's end, told in seconds from now, moves a little
_EPOCH_STARTS_AT = 1_000_000_000  # a smaller UserReset counts seconds from now, a larger one is a time


@dataclass(frozen=True, slots=True)
class Window:
    """One window as last seen: credits, and when it starts anew (None where Imgur did not say)."""

    limit: int
    remaining: int
    resets_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Go:
    """The request may be sent."""


@dataclass(frozen=True, slots=True)
class Wait:
    """The request may be sent after *duration*, when credits return."""

    duration: timedelta
    reason: str


@dataclass(frozen=True, slots=True)
class Stop:
    """No request may be sent in this run."""

    reason: str


@dataclass(frozen=True, slots=True)
class Credits:
    """What is known of both windows, and what this run has spent.

    A window not yet seen in a reply counts as open.
    """

    user: Window | None = None
    client: Window | None = None
    spent: int = 0
    max_credits: int | None = None

    def charged(self, cost: int = 1) -> Credits:
        """Book *cost* credits for a request that is about to be sent.

        The windows are taken down too, so that replies without headers (errors
        of the content network have none) don't make credits out of nothing.
        """
        return replace(
            self,
            spent=self.spent + cost,
            user=_less(self.user, cost),
            client=_less(self.client, cost),
        )

    def observed(self, headers: Mapping[str, str], *, now: datetime, in_flight: int = 0) -> Credits:
        """Believe the headers of a reply received at *now*; missing or broken ones change nothing.

        Replies come out of order where several requests are under way, and
        none counts those that Imgur had yet to see. So within one window (same
        limit, same reset) credits only go down, by charges or by what Imgur
        says; a new window is believed as told, less what is under way. Where
        the reset is not told, as with the day, a rise of more than this run
        has spent is a new window: no late reply of its own can say that.

        Args:
            in_flight: requests charged that have had no reply.
        """
        return replace(
            self,
            user=self._window_from(headers, "user", self.user, now=now, in_flight=in_flight),
            client=self._window_from(headers, "client", self.client, now=now, in_flight=in_flight),
        )

    def at_hand(self, *, now: datetime) -> int | None:
        """How many requests of one credit ``verdict`` would grant at *now*; None when nothing limits them."""
        grants: list[int] = []
        if self.max_credits is not None:
            grants.append(self.max_credits - self.spent)
        if self.client is not None and _is_open(self.client, now):
            grants.append(self.client.remaining - day_floor(self.client.limit))
        if self.user is not None and _is_open(self.user, now):
            grants.append(self.user.remaining)
        return max(0, min(grants)) if grants else None

    def verdict(self, *, now: datetime, cost: int = 1) -> Go | Wait | Stop:
        """Say whether a request of *cost* credits may be sent at *now*.

        The hour may be used to its end, an empty hour is no strike. The day is
        never taken below its floor. The run's own allowance comes first.

        Returns:
            ``Go``; ``Wait`` with the time until the hour starts anew; or
            ``Stop`` with the reason when waiting would not help tonight.
        """
        if self.max_credits is not None and self.spent + cost > self.max_credits:
            return Stop(f"the run's allowance of {self.max_credits} credits is spent")
        if self.client is not None and _is_open(self.client, now):
            floor = day_floor(self.client.limit)
            if self.client.remaining - cost < floor:
                return Stop(
                    f"the application has {self.client.remaining} of {self.client.limit} credits left today, "
                    f"and the last {floor} are never touched"
                )
        if self.user is not None and _is_open(self.user, now) and self.user.remaining < cost:
            return Wait(
                (self.user.resets_at - now) if self.user.resets_at else timedelta(hours=1),
                f"the hour's {self.user.limit} credits are spent",
            )
        return Go()

    def _window_from(
        self, headers: Mapping[str, str], name: str, before: Window | None, *, now: datetime, in_flight: int
    ) -> Window | None:
        limit = _whole(headers.get(f"x-ratelimit-{name}limit"))
        remaining = _whole(headers.get(f"x-ratelimit-{name}remaining"))
        if limit is None or remaining is None:
            return before
        known = before if before and _is_open(before, now) else None
        resets_at = reset_time(headers.get(f"x-ratelimit-{name}reset", ""), now=now)
        if resets_at is None or resets_at <= now:  # missing, broken or long over: it tells nothing
            resets_at = known.resets_at if known else None
        if known and self._is_same_window(known, Window(limit, remaining, resets_at)):
            return Window(limit, min(remaining, known.remaining), resets_at)
        return Window(limit, max(0, remaining - in_flight), resets_at)

    def _is_same_window(self, known: Window, told: Window) -> bool:
        if known.limit != told.limit:
            return False
        if known.resets_at and told.resets_at:
            return abs(told.resets_at - known.resets_at) <= SAME_RESET_WITHIN
        return told.remaining <= known.remaining + self.spent


def day_floor(limit: int) -> int:
    """Credits of the day that are never spent: the larger of a number and a share of *limit*."""
    return max(DAY_FLOOR_CREDITS, math.ceil(DAY_FLOOR_SHARE * limit))


def reset_time(text: str, *, now: datetime) -> datetime | None:
    """Read ``UserReset``: an epoch as documented, or seconds from *now* as seen since 2025."""
    try:
        number = int(float(text))
        if number < 0:
            return None
        return (
            datetime.fromtimestamp(number, UTC)
            if number >= _EPOCH_STARTS_AT
            else now + timedelta(seconds=number)
        )
    except (ValueError, OverflowError, OSError):
        return None


def _whole(text: str | None) -> int | None:
    try:
        return int(text) if text is not None and int(text) >= 0 else None
    except ValueError:
        return None


def _less(window: Window | None, cost: int) -> Window | None:
    return window and replace(window, remaining=max(0, window.remaining - cost))


def _is_open(window: Window, now: datetime) -> bool:
    """Whether what was seen of *window* still holds; a window past its reset is not known."""
    return window.resets_at is None or now < window.resets_at
