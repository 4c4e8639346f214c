"""Which stretches of a newest-first list we store: interval arithmetic, no clock, no I/O.

A list is a line of items, newest first. A scan reads a run of neighbours on it,
and what it read is stored from then on. Where scans broke off, gaps stay between
the stretches, and a gap is work: nothing is forgotten because a newer item is stored.

Seconds are as fine as Imgur's times get, and any number of items may share one.
So only what lies strictly between the ends of a stretch is stored for certain; in
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
        newest, oldest: its ends, both held.
        items: how many it held when it was read; deletions since are not known.
    """

    newest: Position
    oldest: Position
    items: int


@dataclass(frozen=True, slots=True)
class Gap:
    """A gap below a stretch.

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
        stretches: newest first, each followed by a gap; never touching each other.
        is_ended: whether the last one reaches to the end of the list.
    """

    stretches: tuple[Range, ...] = ()
    is_ended: bool = False

    @property
    def items(self) -> int:
        """Items held."""
        return sum(stretch.items for stretch in self.stretches)

    def is_complete(self, *, since: int | None = None) -> bool:
        """Whether nothing is missing from the newest item held down to *since* (None: to the end)."""
        if not self.stretches:
            return self.is_ended
        return self.first_gap(since=since) is None

    def meets(self, mark: Position) -> bool:
        """Whether a scan that comes from the front and sees *mark* has reached what is stored.

        It has when it is past the second of our newest item: items of that second
        may have come since, and may stand on either side of it.
        """
        return bool(self.stretches) and mark.at < self.stretches[0].newest.at

    def first_gap(self, *, since: int | None = None, until: int | None = None) -> Gap | None:
        """The newest gap that reaches below *until* and above *since*; None where there is none.

        Gaps between *until* and the front are left out; what is older than *since* is none of ours.
        """
        offset = 0
        for place, stretch in enumerate(self.stretches):
            offset += stretch.items
            below = self.stretches[place + 1] if place + 1 < len(self.stretches) else None
            if below is None and self.is_ended:
                return None
            if since is not None and stretch.oldest.at < since:
                return None
            if until is None or stretch.oldest.at <= until:
                return Gap(stretch, below, offset)
        return None

    def with_read(
        self, marks: Sequence[Position], *, is_from_front: bool = False, is_to_end: bool = False
    ) -> Coverage:
        """This coverage and a run of neighbours that has been read, given in the list's order.

        Args:
            is_from_front: whether the run began with the list's first item; what was stored above it is gone.
            is_to_end: whether it went on to the list's end; what was stored below it is gone.
        """
        if not marks:
            return Coverage((), True) if is_from_front and is_to_end else self
        read = Range(marks[0], marks[-1], len(marks))
        above: list[Range] = []
        below: list[Range] = []
        for held in self.stretches:
            if _touch(read, held, marks):
                read = _union(read, held, marks)
            elif held.newest.at == held.oldest.at == read.newest.at > read.oldest.at:
                continue  # of one second, and no telling any more on which side of the read: forgotten
            elif (held.newest.at, held.oldest.at) > (read.newest.at, read.oldest.at):
                above.append(held)
            else:
                below.append(held)
        if is_from_front:
            read = replace(read, newest=marks[0])
        if is_to_end:
            read = replace(read, oldest=marks[-1], items=len(marks) if is_from_front else read.items)
        kept = (*(() if is_from_front else above), read, *(() if is_to_end else below))
        return Coverage(kept, is_ended=is_to_end or (self.is_ended and (bool(below) or self._ends_in(read))))

    def at_most(self, items: int) -> Coverage:
        """This coverage, where the list is known to have no more than so many *items*: some were deleted."""
        excess = self.items - items
        if excess <= 0 or not self.stretches:
            return self
        *others, last = self.stretches
        return replace(self, stretches=(*others, replace(last, items=max(1, last.items - excess))))

    def _ends_in(self, read: Range) -> bool:
        """Whether *read*, grown by what it touched, holds our own last item."""
        return bool(self.stretches) and read.oldest == self.stretches[-1].oldest

    def as_json(self) -> dict[str, Any]:
        """Numbers and texts only, for dlt's state."""
        return {
            "stretches": [[*stretch.newest, *stretch.oldest, stretch.items] for stretch in self.stretches],
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


def reaches(marks: Sequence[Position], end: Position) -> bool:
    """Whether a page of *marks* overlaps a stretch that ends with *end*: nothing lies between the two."""
    return any(mark.at > end.at or mark == end for mark in marks)


def _touch(read: Range, held: Range, marks: Sequence[Position]) -> bool:
    """Whether nothing lies between the two: they overlap in time, or share the item at an end."""
    if read.oldest.at < held.newest.at and held.oldest.at < read.newest.at:
        return True
    if read.oldest.at > held.newest.at or held.oldest.at > read.newest.at:
        return False
    return held.newest in marks or held.oldest in marks


def _union(read: Range, held: Range, marks: Sequence[Position]) -> Range:
    """One stretch of two that touch; *marks* is what was just read, *read* may have grown by others."""
    is_above = read.newest.at > held.newest.at or (read.newest.at == held.newest.at and held.newest in marks)
    newest = read.newest if is_above else held.newest
    is_past = read.oldest.at < held.oldest.at or (read.oldest.at == held.oldest.at and held.oldest in marks)
    oldest = read.oldest if is_past else held.oldest
    first = marks.index(held.newest) if held.newest in marks else None
    last = marks.index(held.oldest) if held.oldest in marks else None
    again = sum(
        held.oldest.at < mark.at < held.newest.at
        or (mark.at == held.newest.at and first is not None and place >= first)
        or (mark.at == held.oldest.at and last is not None and place <= last)
        for place, mark in enumerate(marks)
    )
    is_inside = newest == read.newest and oldest == read.oldest
    return replace(
        read,
        newest=newest,
        oldest=oldest,
        items=read.items if is_inside else read.items + max(0, held.items - again),
    )
