"""Rules of Imgur's credit windows: values in, values out; no clock, no I/O.

Imgur keeps several windows (docs/imgur-api.md: credits): the *user* window, 500
credits an hour per address and application; the *client* window, 12,500 a day
per application; the *posts* of an hour, among them token refreshes; and behind
the commercial gateway the *requests* of a plan. What is known of each is a
``Window``; what may be sent, and what a reply changes, is decided here. Where
the windows are kept, and for whom, is left to ``ledger.py``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from imgur_source.settings import (
    DAY_CREDITS,
    DAY_FLOOR_CREDITS,
    DAY_FLOOR_SHARE,
    HOUR_CREDITS,
    HOUR_POSTS,
    STRIKES_DENIED,
    STRIKES_TO_ACCEPT,
)

WindowName = Literal["user", "client", "requests", "posts"]
RequestKind = Literal["read", "post", "free"]  # a read costs credits, a POST one of its own, the rest nothing

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PROBE_WAIT = timedelta(seconds=0.2)  # until whoever waits for a probe asks again; about one reply's time
PROBE_WAIT_LONGEST = timedelta(seconds=4)
COOL_DOWNS = tuple(
    timedelta(minutes=minutes) for minutes in (10, 20, 40, 60)
)  # docs/imgur-api.md: hidden limit
_EPOCH_STARTS_AT = 1_000_000_000  # a smaller reset counts seconds from now, a larger one is a time
_DAY_RESET_CONSTANT = "86400"  # recorded with every reply, so it tells nothing


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
    "posts": WindowRule(HOUR, HOUR_POSTS, "x-post-rate-limit-{}", is_reset_told=True),
}
APPLYING: dict[RequestKind, tuple[WindowName, ...]] = {
    "read": ("user", "client", "requests"),
    "post": ("posts",),
    "free": (),
}


@dataclass(frozen=True, slots=True)
class Window:
    """One window as a person is shown it: credits, and when it starts anew (None where that is not known)."""

    limit: int
    remaining: int
    resets_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Credits:
    """What a run has spent of its allowance, and both windows as last seen (None: never)."""

    user: Window | None = None
    client: Window | None = None
    spent: int = 0
    max_credits: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reply says of one window."""

    limit: int
    remaining: int
    resets_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """What is known of one window, shared by all processes.

    Attributes:
        limit: None where no reply has told of the window yet.
        remaining: what Imgur last said less all that was leased since; not for windows that are not told.
        resets_at: None where it is not known.
        told: the least that Imgur has said within this window.
        told_at: when it last said anything of it.
        is_told: whether replies tell of it; if not, our own charges are all there is.
        generation: grows by one with each window that is taken anew.
        foreign: credits of this window that others under the same client id have spent, as far as noticed.
        leased: what was leased of it, ever.
        blind: of that, what had no reply that told of the window.
        refilled_after, refilled_before: between which readings it was last seen to be filled up.
    """

    name: WindowName
    limit: int | None = None
    remaining: int = 0
    resets_at: datetime | None = None
    told: int | None = None
    told_at: datetime | None = None
    is_told: bool = False
    generation: int = 0
    foreign: int = 0
    leased: int = 0
    blind: int = 0
    refilled_after: datetime | None = None
    refilled_before: datetime | None = None

    @property
    def rule(self) -> WindowRule:
        return RULES[self.name]

    @property
    def ends_at(self) -> datetime | None:
        """When what is known of it is no longer true; None for a window that is not told of."""
        if not self.is_told or self.told_at is None:
            return None
        return self.resets_at or self.told_at + self.rule.length

    def is_known(self, now: datetime) -> bool:
        """Whether what was said of it still holds. A refill is never assumed: past its end it is unknown."""
        return self.is_told and self.ends_at is not None and now < self.ends_at

    def stamp(self) -> Stamp:
        return Stamp(self.generation, self.told if self.is_told else None, self.leased, self.blind)

    def charged(self, cost: int) -> Held:
        return replace(self, remaining=max(0, self.remaining - cost), leased=self.leased + cost)

    def shown(self) -> Window | None:
        if self.limit is None:
            return None
        return Window(self.limit, self.remaining, self.resets_at)


@dataclass(frozen=True, slots=True)
class Stamp:
    """A window as it was when a lease had been charged; by it the reply is judged, however late it comes."""

    generation: int = 0
    told: int | None = None
    leased: int = 0
    blind: int = 0


@dataclass(frozen=True, slots=True)
class Own:
    """Our own charges in one window.

    Attributes:
        in_length: within the length of the window, up to now.
        since_end: the same, less those before the end of what was known of it.
        frees_at: when the oldest of them drop out, so that a request fits again; None where one fits now.
    """

    in_length: int = 0
    since_end: int = 0
    frees_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Book:
    """All that a decision depends on.

    Attributes:
        probed: windows that a lease under way is to tell of, and since when.
        strikes: days of this month seen at 0.
        silent_until: the end of the cool-down, if there was one.
    """

    windows: Mapping[WindowName, Held]
    own: Mapping[WindowName, Own]
    probed: Mapping[WindowName, datetime] = field(default_factory=dict)
    strikes: int = 0
    silent_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Go:
    """The request may be sent.

    Attributes:
        probes: windows of which its reply is to tell.
    """

    probes: frozenset[WindowName] = frozenset()


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """The request may be asked for again at *at*, not earlier."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Denied:
    """No request may be sent, and waiting does not help tonight.

    Attributes:
        advice: what to do, a whole sentence.
        is_backfill_floor: whether a request that is no backfill would be granted.
    """

    reason: str
    advice: str = "What was read is kept."
    is_backfill_floor: bool = False


def decide(
    book: Book,
    *,
    now: datetime,
    cost: int = 1,
    kind: RequestKind = "read",
    is_backfill: bool = False,
    accept_strike_risk: bool = False,
) -> Go | WaitUntil | Denied:
    """Say whether a request may be sent at *now*: all windows that apply must grant it.

    The hour may be used to its end, an empty hour is no strike; the day is never
    taken below its floor. The reason that lasts longest is told.
    """
    if kind == "read" and (denied := strikes_forbid(book.strikes, accept_strike_risk=accept_strike_risk)):
        return denied
    if kind != "free" and book.silent_until and now < book.silent_until:
        return WaitUntil(book.silent_until, 'Imgur said "over capacity", its hidden limit per address')
    waits: list[WaitUntil] = []
    probes: set[WindowName] = set()
    for name in APPLYING[kind]:
        window, own = book.windows[name], book.own[name]
        if name == "requests" and window.limit is None:
            continue  # only a gateway has it
        room = room_in(window, own, now=now)
        floor = floor_of(window, strikes=book.strikes, is_backfill=is_backfill)
        if room is None:
            room = _limit(window) - own.since_end  # with which a probe must do
            probes.add(name)
        if room - cost >= floor:
            continue
        if name in ("client", "requests"):
            plain_floor = floor_of(window, strikes=book.strikes)
            return Denied(_floor_reason(window, room, floor), is_backfill_floor=room - cost >= plain_floor)
        at = window.ends_at if window.is_known(now) else own.frees_at
        if at is None or at <= now:
            at = now + window.rule.length
        what = "POST requests" if name == "posts" else "credits"
        waits.append(WaitUntil(at, f"the hour's {_limit(window)} {what} are spent"))
    if waits:
        return max(waits, key=lambda wait: wait.at)
    if asked := [book.probed[name] for name in probes if name in book.probed]:
        pause = min(max(PROBE_WAIT, (now - min(asked)) / 4), PROBE_WAIT_LONGEST)
        return WaitUntil(now + pause, "another request is finding out what is left")
    return Go(frozenset(probes))


def room_in(window: Held, own: Own, *, now: datetime) -> int | None:
    """Credits left, the floor among them, by all that is known; None where only a probe can tell.

    While the day's reset is not known, neither is which of our charges it still
    holds: all of a day count against its limit then.
    """
    if window.limit is not None and not window.is_told:
        return window.limit - own.in_length
    if not window.is_known(now):
        return None
    if window.resets_at is None and not window.rule.is_reset_told:
        return min(window.remaining, _limit(window) - own.in_length)
    return window.remaining


def floor_of(window: Held, *, strikes: int, is_backfill: bool = False) -> int:
    """What is never spent of *window*: doubled with each strike of the month, and for backfill once more."""
    rule = window.rule
    floor = max(rule.floor_credits, math.ceil(rule.floor_share * _limit(window)))
    return floor << strikes + is_backfill


def day_floor(limit: int) -> int:
    """Credits of a day of *limit* that are never spent while no strike is on record."""
    return floor_of(Held("client", limit=limit), strikes=0)


def strikes_forbid(strikes: int, *, accept_strike_risk: bool) -> Denied | None:
    """What so many strikes in a month forbid."""
    if strikes < STRIKES_TO_ACCEPT or (strikes < STRIKES_DENIED and accept_strike_risk):
        return None
    reason = (
        f"the application's day was used up {strikes} times this month, "
        "and the fifth time Imgur blocks it until the month ends"
    )
    if strikes < STRIKES_DENIED:
        return Denied(reason, "To go on all the same, run: python pipelines/sync.py --accept-strike-risk")
    return Denied(reason, "Nothing is asked before the next month begins (UTC).")


def settled(
    window: Held,
    reading: Reading | None,
    stamp: Stamp,
    *,
    now: datetime,
    is_probe: bool,
    outstanding: int,
    outstanding_before: int,
    own: Own,
) -> Held:
    """*window* after a reply that came at *now* to a lease given when the window was as in *stamp*.

    Everything was charged when it was leased, so within a window a reply can only
    show that others have spent: Imgur says less than is left by our own count. A
    window is taken as told when it was not known, or when Imgur says more than it
    had said before the request was sent, which no reply of the same window can.

    Args:
        is_probe: whether the lease was given to find out about the window.
        outstanding: what is leased to others and not settled yet.
        outstanding_before: the part of it that was leased before.
    """
    if reading is None or (window.is_told and stamp.generation != window.generation):
        return window
    is_refill = stamp.told is not None and reading.remaining > stamp.told
    if is_refill or is_probe or not window.is_told:
        is_learned = is_refill and not window.rule.is_reset_told
        return replace(
            window,
            limit=reading.limit,
            # whatever was leased since may belong to the new window and not be in what was said
            remaining=max(0, reading.remaining - outstanding_before - (window.leased - stamp.leased)),
            # a day filled up by now ends in a day at the latest, whether it is fixed or began with a request
            resets_at=reading.resets_at or (now + window.rule.length if is_learned else None),
            told=reading.remaining,
            told_at=now,
            is_told=True,
            generation=window.generation + 1,
            foreign=max(0, reading.limit - reading.remaining - own.in_length),
            refilled_after=window.told_at if is_learned else window.refilled_after,
            refilled_before=now if is_learned else window.refilled_before,
        )
    if not window.is_known(now):
        return window  # the reply of a request from before the reset
    foreign = max(0, window.remaining - reading.remaining)
    under_way = outstanding + window.blind - stamp.blind  # what may not be in what was said
    ends = [at for at in (window.resets_at, reading.resets_at) if at is not None]
    return replace(
        window,
        limit=reading.limit,
        remaining=max(0, reading.remaining - under_way) if foreign else window.remaining,
        resets_at=min(ends, default=None),  # one that moves on with each reply is a constant
        told=min(reading.remaining, reading.remaining if window.told is None else window.told),
        told_at=now,
        foreign=window.foreign + foreign,
    )


def untold(window: Held) -> Held:
    """*window* after a probe whose reply said nothing of it: our own charges are all that is known."""
    return replace(window, limit=_limit(window), is_told=False, resets_at=None, told=None)


def spent(window: Held, *, now: datetime) -> Held:
    """*window* after Imgur said in words that nothing is left of it."""
    return replace(window, limit=_limit(window), remaining=0, told=0, told_at=now, is_told=True)


def turned_back(window: Held, *, now: datetime) -> Held:
    """*window* after the clock was set back to *now*: nothing was told later, no reset is too far off."""
    return replace(
        window,
        resets_at=window.resets_at and min(window.resets_at, now + window.rule.length),
        told_at=window.told_at and min(window.told_at, now),
    )


def read_window(headers: Mapping[str, str], name: WindowName, *, now: datetime) -> Reading | None:
    """What the headers of a reply received at *now* say of a window; None where they are missing or broken.

    Args:
        headers: with lower-case names.
    """
    rule = RULES[name]
    limit = _whole(headers.get(rule.header.format("limit")))
    remaining = _whole(headers.get(rule.header.format("remaining")))
    if limit is None or remaining is None:
        return None
    text = headers.get(rule.header.format("reset"), "")
    if name == "client" and text.strip() == _DAY_RESET_CONSTANT:
        text = ""
    resets_at = reset_time(text, now=now)
    if resets_at is not None and resets_at <= now:  # long over: it tells nothing
        resets_at = None
    return Reading(limit, remaining, resets_at and min(resets_at, now + rule.length))


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


def _floor_reason(window: Held, room: int, floor: int) -> str:
    if window.name == "requests":
        return (
            f"the plan has {max(0, room)} of {_limit(window)} requests left, "
            f"and the last {floor} are never touched"
        )
    return (
        f"the application has {max(0, room)} of {_limit(window)} credits left today, "
        f"and the last {floor} are never touched"
    )


def _limit(window: Held) -> int:
    return window.rule.limit if window.limit is None else window.limit


def _whole(text: str | None) -> int | None:
    try:
        return int(text) if text is not None and int(text) >= 0 else None
    except ValueError:
        return None
