"""One scan of a list: what it met, where it ended, what it covers and proves; and the rules of scanning.

``scanner`` makes scans, ``reader`` knows which are worth their credits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from imgur_source.lists.coverage import Position
from imgur_source.settings import Settings

SMALLEST_PAGE = 50  # items; Imgur has not been seen to have smaller ones (docs/imgur-api.md: paging)
_TOO_SHORT = "a list of fewer pages than proof_pages is cheaper read again than proved"

ScanKind = Literal["sweep", "head", "gap", "refresh", "feed"]  # as list_sweeps stores them


@dataclass(slots=True)
class Scan:
    """Pages read one after the other: a row of ``list_sweeps``, and what it takes to fill it.

    Attributes:
        kind: ``sweep`` is a full scan, ``head`` an incremental one, ``refresh`` stored pages once more.
        newest_at, oldest_at: what it covered, exclusive; None where it began at the front or reached the end.
        reason: why it ended where it did.
        doubt: why it is not proved; None where it is.

    Attributes that are no columns:
        is_left_to_plan: whether it ends where it does because the plan has the rest read later.
        numbers: the pages that had items.
        marks: the positions of their items, each once, in order.
        seen: their items' ids.
        seen_before: ids that the scan it continues has shown; None where it stands for itself.
        is_from_front, is_to_end: whether it began with page 0, and came to the empty page.
        end_page: the number of the empty page that it came to, or of the one that brought nothing new.
        is_stepped_back: whether a page was read before the one in front of it.
        is_broken: whether a page brought nothing new, so that it is not known what stands behind it.
        is_doubtful: whether it passed the position of the newest stored item without meeting it: that one
            is deleted, or new items are not sorted in by time; it is not evidence that an item is missing.
    """

    kind: ScanKind
    started_at: datetime
    ended_at: datetime | None = None
    pages: int = 0
    items: int = 0
    newest_at: datetime | None = None
    oldest_at: datetime | None = None
    is_complete: bool = False
    is_proved: bool = False
    reason: str = "not finished"
    doubt: str | None = _TOO_SHORT
    is_left_to_plan: bool = False
    is_from_front: bool = False
    is_to_end: bool = False
    end_page: int = 0
    is_stepped_back: bool = False
    is_broken: bool = False
    is_doubtful: bool = False
    seen_before: set[Any] | None = None
    numbers: set[int] = field(default_factory=set)
    marks: list[Position] = field(default_factory=list)
    seen: set[Any] = field(default_factory=set)

    def end(self, reason: str) -> None:
        """It has come to where it was meant to end."""
        self.is_complete, self.reason = True, reason

    @property
    def is_unbroken(self) -> bool:
        """Whether it read every page from the first on."""
        return self.is_from_front and len(self.numbers) == max(self.numbers, default=-1) + 1


@dataclass(frozen=True, slots=True)
class ScanRules:
    """What decides how lists are scanned; see ``Settings`` for the names that are the same.

    Attributes:
        since, until: seconds since the epoch between which items are wanted; None for no bound.
        smallest_page: items; a page with fewer is not full, whatever the page size of this run is.
    """

    max_in_flight: int
    proof_pages: int
    since: int | None = None
    until: int | None = None
    smallest_page: int = SMALLEST_PAGE

    def is_provable(self, pages: int) -> bool:
        """Whether a scan of so many *pages* is worth its proof."""
        return pages >= self.proof_pages

    @property
    def pages_for_proof(self) -> int:
        """Requests that must be left where a list of unknown length is to be counted before it is read."""
        return 2 * self.proof_pages

    @classmethod
    def from_settings(cls, settings: Settings) -> ScanRules:
        """The rules that a run's settings ask for."""
        return cls(
            max_in_flight=settings.max_in_flight,
            proof_pages=settings.proof_pages,
            since=_seconds(settings.wanted_from),
            until=_seconds(settings.wanted_until),
        )


def _seconds(instant: datetime | None) -> int | None:
    return None if instant is None else int(instant.timestamp())
