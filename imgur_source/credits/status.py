"""How the credits of an application stand, for a person and for the plan: values, and no I/O.

The ledger, which knows it, gives them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from imgur_source.credits.rules import Book, Denied, Held, WindowName, floor_of, room_in


@dataclass(frozen=True, slots=True)
class WindowStanding:
    """One window for a person or the planner.

    Attributes:
        limit, remaining: the floor among them; remaining is None where only the next reply can tell.
        resets_at: None where it is not known.
        floor: what is never spent of it.
        at_hand: what may be spent now; None where only the next reply can tell.
        told_at: when Imgur last said anything of it; None where our own charges are all there is.
        own_charges: ours within its length.
        foreign: what others under the same client id have spent of it, as far as noticed.
        refilled_between: the readings between which it was last filled up; None where that was not seen.
    """

    name: WindowName
    limit: int
    remaining: int | None
    resets_at: datetime | None
    floor: int
    at_hand: int | None
    told_at: datetime | None
    own_charges: int
    foreign: int
    refilled_between: tuple[datetime, datetime] | None


@dataclass(frozen=True, slots=True)
class LeaseOut:
    """A lease that is not settled yet."""

    pid: int
    at: datetime
    expires_at: datetime
    credits: int
    posts: int


@dataclass(frozen=True, slots=True)
class Strike:
    """A day that was seen at 0, and the evidence: what was told, and who had spent what by then."""

    at: datetime
    told: str
    own_charges: int
    foreign: int


@dataclass(frozen=True, slots=True)
class Standing:
    """All that the ledger knows at one instant.

    Attributes:
        windows: those that anything is known of.
        strikes: of this month (UTC), oldest first.
        denied: why nothing may be read at all for want of days; None where that is not so.
        silent_until: the end of a cool-down that lasts; None where none does.
    """

    at: datetime
    windows: Mapping[WindowName, WindowStanding]
    leases: tuple[LeaseOut, ...] = ()
    strikes: tuple[Strike, ...] = ()
    denied: Denied | None = None
    silent_until: datetime | None = None


def standing_of_window(window: Held, book: Book, now: datetime, *, is_backfill: bool) -> WindowStanding:
    """How *window* stands at *now*, with the floor of a backfill where that is asked for."""
    own = book.own[window.name]
    room = room_in(window, own, now=now)
    floor = floor_of(window, strikes=book.strikes, is_backfill=is_backfill)
    refilled = (window.refilled_after, window.refilled_before)
    return WindowStanding(
        name=window.name,
        limit=window.limit or 0,
        remaining=None if room is None else max(0, room),
        resets_at=window.resets_at if window.is_known(now) else None,
        floor=floor,
        at_hand=None if room is None else max(0, room - floor),
        told_at=window.told_at if window.is_told else None,
        own_charges=own.in_length,
        foreign=window.foreign,
        refilled_between=(refilled[0], refilled[1]) if refilled[0] and refilled[1] else None,
    )
