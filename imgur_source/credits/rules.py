"""The windows of Imgur's credits: values in, values out; no clock, no I/O.

Imgur keeps several windows (docs/imgur-api.md: credits): the *user* window, 500
credits an hour per address and application; the *client* window, 12,500 a day
per application; the *posts* of an hour, HTTP requests with POST, among them token
refreshes; and behind the commercial gateway the *requests* of a plan. What is
known of one is a ``Window``; what a reply changes of it is said here. What may be
sent is decided in ``status.py``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from imgur_source.settings import (
    DAY_CREDITS,
    DAY_FLOOR_CREDITS,
    DAY_FLOOR_SHARE,
    HOUR_CREDITS,
    HOUR_POST_REQUESTS,
)

WindowName = Literal["user", "client", "requests", "posts"]
RequestKind = Literal["read", "post", "free"]  # a read costs credits, a POST one of its own, the rest nothing

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
COOL_DOWNS = tuple(
    timedelta(minutes=minutes) for minutes in (10, 20, 40, 60)
)  # docs/imgur-api.md: hidden limit
_EPOCH_STARTS_AT = 1_000_000_000  # a smaller reset counts seconds from now, a larger one is a time
_DAY_RESET_CONSTANT = "86400"  # recorded with every reply, so it tells nothing
FURTHEST_RESET = timedelta(days=62)  # the gateway's plans are monthly; what lies further ahead is no reset
MOST_CREDITS = 1_000_000_000  # a larger number is no number of credits


@dataclass(frozen=True, slots=True)
class WindowRule:
    """What is always so with a window.

    Attributes:
        length: after it credits are back, at the latest.
        limit: until a reply says otherwise.
        header: the name of its headers, to be completed by limit, remaining and reset.
        is_reset_told: whether its reset usually stands in the headers.
        floor_share: of its limit, never spent.
        floor_credits: never spent, whatever the limit.
    """

    length: timedelta
    limit: int
    header: str
    is_reset_told: bool
    floor_share: float = 0.0
    floor_credits: int = 0


RULES: dict[WindowName, WindowRule] = {
    "user": WindowRule(HOUR, HOUR_CREDITS, "x-ratelimit-user{}", is_reset_told=True),
    "client": WindowRule(DAY, DAY_CREDITS, "x-ratelimit-client{}", False, DAY_FLOOR_SHARE, DAY_FLOOR_CREDITS),
    "requests": WindowRule(DAY, DAY_CREDITS, "x-ratelimit-requests-{}", False, DAY_FLOOR_SHARE),
    "posts": WindowRule(HOUR, HOUR_POST_REQUESTS, "x-post-rate-limit-{}", is_reset_told=True),
}
APPLYING: dict[RequestKind, tuple[WindowName, ...]] = {
    "read": ("user", "client", "requests"),
    "post": ("posts",),
    "free": (),
}


class Answer(NamedTuple):
    """What is read of a reply: its status, and its headers with lower-case names."""

    status: int
    headers: Mapping[str, str]

    @property
    def is_good(self) -> bool:
        """Whether Imgur answered what was asked; that something does not exist is an answer."""
        return self.status < 400 or self.status == 404


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reply says of one window; *limit* is None where it does not say it."""

    limit: int | None
    remaining: int
    resets_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """What is known of one window at one instant; one for all processes.

    Attributes:
        known_limit: None while nothing is known of the window.
        remaining: what Imgur last said less all that was leased since; not for windows that are not told.
        resets_at: None where it is not known.
        told: the least that Imgur has said within this window; None where replies do not tell of it.
        told_at: when it last said anything of it.
        generation: grows by one with each window that is taken anew.
        spent_elsewhere: what others under the same client id have spent of it, as far as noticed.
        leased: what was leased of it, ever.
        unanswered: of that, what had no reply that told of the window.
        own_charges: ours within its length, up to now.
        own_since_end: the same, less those before the end of what was known of it.
        own_frees_at: when the oldest of them drop out, so that a request fits again; None where one fits now.
    """

    name: WindowName
    known_limit: int | None = None
    remaining: int = 0
    resets_at: datetime | None = None
    told: int | None = None
    told_at: datetime | None = None
    generation: int = 0
    spent_elsewhere: int = 0
    leased: int = 0
    unanswered: int = 0
    own_charges: int = 0
    own_since_end: int = 0
    own_frees_at: datetime | None = None

    @property
    def rule(self) -> WindowRule:
        return RULES[self.name]

    @property
    def limit(self) -> int:
        """Credits that the window has when it is new."""
        return self.rule.limit if self.known_limit is None else self.known_limit

    @property
    def is_told(self) -> bool:
        """Whether replies tell of it; if not, our own charges are all there is."""
        return self.told is not None

    @property
    def ends_at(self) -> datetime | None:
        """When what is known of it is no longer true; None for a window that is not told of."""
        if not self.is_told or self.told_at is None:
            return None
        return self.resets_at or self.told_at + self.rule.length

    def is_known(self, now: datetime) -> bool:
        """Whether what was said of it still holds. A refill is never assumed: past its end it is unknown."""
        return self.ends_at is not None and now < self.ends_at

    def left(self, now: datetime) -> int | None:
        """Credits left, the floor among them, by all that is known; None where only the next reply can tell.

        While the day's reset is not known, neither is which of our charges it still
        holds: all of a day count against its limit then.
        """
        if self.known_limit is not None and not self.is_told:
            return max(0, self.limit - self.own_charges)
        if not self.is_known(now):
            return None
        if self.resets_at is None and not self.rule.is_reset_told:
            return max(0, min(self.remaining, self.limit - self.own_charges))
        return self.remaining

    def left_at_most(self, now: datetime) -> int:
        """Credits left; where only the next reply can tell, what our own charges leave of a new window."""
        left = self.left(now)
        return max(0, self.limit - self.own_since_end) if left is None else left

    def floor(self, *, strikes: int, is_backfill: bool = False) -> int:
        """Credits that are never spent: doubled with each strike of the month, and for backfill once more.

        Where a limit is so small that twice the floor is more than half of it, a share alone is kept.
        """
        share = math.ceil(self.rule.floor_share * self.limit)
        floor = max(self.rule.floor_credits, share)
        if 2 * floor > self.limit / 2:
            floor = share
        return floor << strikes + is_backfill

    def charged(self, cost: int) -> Window:
        """The window after *cost* credits were leased."""
        return replace(self, remaining=max(0, self.remaining - cost), leased=self.leased + cost)


def day_floor(limit: int) -> int:
    """Credits of a day of *limit* that are never spent while no strike is on record."""
    return Window("client", known_limit=limit).floor(strikes=0)


def settled(
    window: Window,
    reading: Reading,
    *,
    leased: Window,
    now: datetime,
    is_probe: bool,
    outstanding: int,
    outstanding_before: int,
) -> Window:
    """*window* after a reply that came at *now* and says *reading*.

    Everything was charged when it was leased, so within a window a reply can only
    show that others have spent: Imgur says less than is left by our own count. A
    window is taken as told when it was not known, or when Imgur says more than it
    had said before the request was sent, which no reply of the same window can.

    Args:
        leased: the window when the request's lease had been charged; the reply is judged by it, however
            late it comes.
        is_probe: whether the lease was given to find out about the window.
        outstanding: credits that are leased to others and not settled yet.
        outstanding_before: the part of them that was leased before.
    """
    if window.is_told and leased.generation != window.generation:
        return window
    is_refill = leased.told is not None and reading.remaining > leased.told
    if is_refill or is_probe or not window.is_told:
        # whatever was leased since may belong to the new window and not be in what was said
        under_way = outstanding_before + window.leased - leased.leased
        return _begun_anew(window, reading, now=now, under_way=under_way, is_refill=is_refill)
    if not window.is_known(now):
        return window  # the reply of a request from before the reset
    spent_elsewhere = max(0, window.remaining - reading.remaining)
    under_way = outstanding + window.unanswered - leased.unanswered  # what may not be in what was said
    ends = [at for at in (window.resets_at, reading.resets_at) if at is not None]
    return replace(
        window,
        known_limit=window.limit if reading.limit is None else reading.limit,
        remaining=max(0, reading.remaining - under_way) if spent_elsewhere else window.remaining,
        resets_at=min(ends, default=None),  # one that moves on with each reply is a constant
        told=min(reading.remaining, reading.remaining if window.told is None else window.told),
        told_at=now,
        spent_elsewhere=window.spent_elsewhere + spent_elsewhere,
    )


def _begun_anew(
    window: Window, reading: Reading, *, now: datetime, under_way: int, is_refill: bool
) -> Window:
    """The window that *reading* tells of, in the place of *window*."""
    resets_at = reading.resets_at
    if resets_at is None and is_refill and not window.rule.is_reset_told:
        # a day filled up by now ends in a day at the latest, whether it is fixed or began with a request
        resets_at = now + window.rule.length
    limit = window.limit if reading.limit is None else reading.limit
    return replace(
        window,
        known_limit=limit,
        remaining=max(0, reading.remaining - under_way),
        resets_at=resets_at,
        told=reading.remaining,
        told_at=now,
        generation=window.generation + 1,
        spent_elsewhere=max(0, limit - reading.remaining - window.own_charges),
    )


def unanswered(window: Window, *, cost: int, is_untold: bool) -> Window:
    """*window* after a request of *cost* credits had no reply that told of it.

    Args:
        is_untold: whether the reply was to tell of it and did not: our own charges are all that is known.
    """
    window = replace(window, unanswered=window.unanswered + cost)
    return replace(window, known_limit=window.limit, resets_at=None, told=None) if is_untold else window


def spent(window: Window, *, now: datetime) -> Window:
    """*window* after Imgur said in words that nothing is left of it."""
    return replace(window, known_limit=window.limit, remaining=0, told=0, told_at=now)


def turned_back(window: Window, *, now: datetime) -> Window:
    """*window* after the clock was set back to *now*: nothing was told later, no reset is too far off."""
    return replace(
        window,
        resets_at=window.resets_at and min(window.resets_at, now + window.rule.length),
        told_at=window.told_at and min(window.told_at, now),
    )


def read_window(headers: Mapping[str, str], name: WindowName, *, now: datetime) -> Reading | None:
    """What the headers of a reply received at *now* say of a window; None where they do not say what is left.

    A number below nothing is nothing: so the gateway counts what was used over its plan.

    Args:
        headers: with lower-case names.
    """
    rule = RULES[name]
    limit = _credits(headers.get(rule.header.format("limit")))
    remaining = _credits(headers.get(rule.header.format("remaining")))
    if remaining is None:
        return None
    text = headers.get(rule.header.format("reset"), "")
    if name == "client" and text.strip() == _DAY_RESET_CONSTANT:
        text = ""
    resets_at = reset_time(text, now=now)
    if resets_at is not None and not now < resets_at <= now + FURTHEST_RESET:  # it tells nothing
        resets_at = None
    if resets_at is not None and rule.length == HOUR:  # under a clock that is wrong it may seem days ahead
        resets_at = min(resets_at, now + HOUR)
    return Reading(limit, remaining, resets_at)


def reset_time(text: str, *, now: datetime) -> datetime | None:
    """Read a reset: an epoch as documented, or seconds from *now* as seen since 2025."""
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


def cool_down(step: int) -> timedelta:
    """How long to be silent after the *step*-th "over capacity" in a row, counted from 1."""
    return COOL_DOWNS[min(step, len(COOL_DOWNS)) - 1]


def _credits(text: str | None) -> int | None:
    """A number of credits as a header has it; None where it is none."""
    try:
        number = int(text or "")
    except ValueError:
        return None
    return max(0, number) if number <= MOST_CREDITS else None
