"""Which ranges of a newest-first list we store: interval arithmetic, no clock, no I/O.

A list is a line of items, newest first. A scan reads a run of neighbours on it,
and what it read is stored from then on. Where scans broke off, gaps stay between
the ranges, and a gap is work: nothing is forgotten because a newer item is stored.

Seconds are as fine as Imgur's times get, and any number of items may share one.
So only what lies strictly between the ends of a range is stored for certain; in
the second of an end itself it is the end's own id that tells how far we came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple


class Position(NamedTuple):
    """The place of an item in its list: its ``datetime`` in seconds since the epoch, and its id."""

    at: int
    id: str


@dataclass(frozen=True, slots=True)
class Range:
    """A run of neighbouring items that we store.

    Attributes:
        newest, oldest: its ends, both stored.
        items: how many it had when it was read; deletions since are not known.
    """

    newest: Position
    oldest: Position
    items: int


@dataclass(frozen=True, slots=True)
class Gap:
    """A gap below a range.

    Attributes:
        above: what is stored above it.
        below: what is stored below it; None where the gap reaches to the end of the list.
        offset: items of the list above the gap, as far as we know.
    """

    above: Range
    below: Range | None
    offset: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """What we store of one list.

    Attributes:
        ranges: newest first, each followed by a gap; never touching each other.
        is_ended: whether the last one reaches to the end of the list.
    """

    ranges: tuple[Range, ...] = ()
    is_ended: bool = False

    @property
    def items(self) -> int:
        """Items stored."""
        return sum(span.items for span in self.ranges)

    def is_complete(self, *, since: int | None = None) -> bool:
        """Whether nothing is missing from the newest item stored down to *since* (None: to the end)."""
        if not self.ranges:
            return self.is_ended
        return self.first_gap(since=since) is None

    def meets(self, position: Position) -> bool:
        """Whether a scan that comes from the front and sees *position* has reached what is stored.

        It has when it is past the second of our newest item: items of that second
        may have come since, and may stand on either side of it.
        """
        return bool(self.ranges) and position.at < self.ranges[0].newest.at

    def first_gap(self, *, since: int | None = None, until: int | None = None) -> Gap | None:
        """The newest gap that reaches below *until* and above *since*; None where there is none.

        Gaps between *until* and the front are left out; what is older than *since* is none of ours.
        """
        offset = 0
        for place, span in enumerate(self.ranges):
            offset += span.items
            below = self.ranges[place + 1] if place + 1 < len(self.ranges) else None
            if below is None and self.is_ended:
                return None
            if since is not None and span.oldest.at < since:
                return None
            if until is None or span.oldest.at <= until:
                return Gap(span, below, offset)
        return None

    def with_read(
        self, positions: Sequence[Position], *, is_from_front: bool = False, is_to_end: bool = False
    ) -> Coverage:
        """This coverage and a run of neighbours that has been read, given in the list's order.

        Args:
            is_from_front: whether the run began with the list's first item; what was stored above it is gone.
            is_to_end: whether it went on to the list's end; what was stored below it is gone.
        """
        if not positions:
            return Coverage((), True) if is_from_front and is_to_end else self
        read = Range(positions[0], positions[-1], len(positions))
        above: list[Range] = []
        below: list[Range] = []
        for stored in self.ranges:
            if _touch(read, stored, positions):
                read = _union(read, stored, positions)
            elif stored.newest.at == stored.oldest.at == read.newest.at > read.oldest.at:
                continue  # of one second, and no telling any more on which side of the read: forgotten
            elif (stored.newest.at, stored.oldest.at) > (read.newest.at, read.oldest.at):
                above.append(stored)
            else:
                below.append(stored)
        if is_from_front:
            read = replace(read, newest=positions[0])
        if is_to_end:
            read = replace(read, oldest=positions[-1], items=len(positions) if is_from_front else read.items)
        kept = (*(() if is_from_front else above), read, *(() if is_to_end else below))
        return Coverage(kept, is_ended=is_to_end or (self.is_ended and (bool(below) or self._ends_in(read))))

    def at_most(self, items: int) -> Coverage:
        """This coverage, where the list is known to have no more than so many *items*: some were deleted."""
        excess = self.items - items
        if excess <= 0 or not self.ranges:
            return self
        *others, last = self.ranges
        return replace(self, ranges=(*others, replace(last, items=max(1, last.items - excess))))

    def _ends_in(self, read: Range) -> bool:
        """Whether *read*, grown by what it touched, holds our own last item."""
        return bool(self.ranges) and read.oldest == self.ranges[-1].oldest

    def as_json(self) -> dict[str, Any]:
        """Numbers and texts only, for dlt's state."""
        return {
            "stretches": [[*span.newest, *span.oldest, span.items] for span in self.ranges],
            "is_ended": self.is_ended,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Coverage:
        """What ``as_json`` made."""
        return cls(
            tuple(
                Range(Position(newest_at, newest), Position(oldest_at, oldest), items)
                for newest_at, newest, oldest_at, oldest, items in value["stretches"]
            ),
            value["is_ended"],
        )


def reaches(positions: Sequence[Position], end: Position) -> bool:
    """Whether a page of *positions* overlaps a range that ends with *end*: nothing lies between the two."""
    return any(position.at > end.at or position == end for position in positions)


def _touch(read: Range, stored: Range, positions: Sequence[Position]) -> bool:
    """Whether nothing lies between the two: they overlap in time, or share the item at an end."""
    if read.oldest.at < stored.newest.at and stored.oldest.at < read.newest.at:
        return True
    if read.oldest.at > stored.newest.at or stored.oldest.at > read.newest.at:
        return False
    return stored.newest in positions or stored.oldest in positions


def _union(read: Range, stored: Range, positions: Sequence[Position]) -> Range:
    """One range of two that touch; *positions* is what was just read, *read* may have grown by others."""
    is_above = read.newest.at > stored.newest.at or (
        read.newest.at == stored.newest.at and stored.newest in positions
    )
    newest = read.newest if is_above else stored.newest
    is_past = read.oldest.at < stored.oldest.at or (
        read.oldest.at == stored.oldest.at and stored.oldest in positions
    )
    oldest = read.oldest if is_past else stored.oldest
    first = positions.index(stored.newest) if stored.newest in positions else None
    last = positions.index(stored.oldest) if stored.oldest in positions else None
    again = sum(
        stored.oldest.at < position.at < stored.newest.at
        or (position.at == stored.newest.at and first is not None and place >= first)
        or (position.at == stored.oldest.at and last is not None and place <= last)
        for place, position in enumerate(positions)
    )
    is_inside = newest == read.newest and oldest == read.oldest
    return replace(
        read,
        newest=newest,
        oldest=oldest,
        items=read.items if is_inside else read.items + max(0, stored.items - again),
    )
