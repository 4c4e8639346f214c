"""Walking a list page by page: what a walk meets, where it ends, what it covered and what it proves.

Which walks are worth their credits tonight is decided in ``reading.py``; how a
page is had is ``lists``', what is held ``coverage``'s to know.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from imgur_source.api import ImgurClient
from imgur_source.clock import Clock
from imgur_source.errors import ImgurError
from imgur_source.lists.coverage import Mark, Stretch, reaches
from imgur_source.lists.pages import NumberedList, Page, Pages
from imgur_source.lists.state import ListMemory
from imgur_source.settings import Settings

logger = logging.getLogger(__name__)

PAGES_REREAD = 3  # from the front, at the end of a long walk: more new items than that prove nothing
SMALLEST_PAGE = 50  # items; Imgur has not been seen to have smaller ones (docs/imgur-api.md: paging)
PROOF_CREDITS = 3  # the count twice, and page 0 once more
_TOO_SHORT = "a list of fewer pages than proof_pages is cheaper read again than proved"

WalkKind = Literal["sweep", "head", "gap", "refresh", "feed"]


@dataclass(slots=True)
class Walk:
    """One walk, as it goes into ``list_sweeps``; its attributes are the columns.

    Attributes:
        is_left_to_plan: whether it ends where it does because the plan has the rest read later; no column.
        newest_at, oldest_at: what it covered, exclusive; None where it began at the front or reached the end.
        reason: why it ended where it did.
        doubt: why it is not proved; None where it is.
    """

    kind: WalkKind
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


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides how lists are read; see ``Settings`` for the names that are the same.

    Attributes:
        since, until: seconds since the epoch between which items are wanted; None for no bound.
        smallest_page: items; a page with fewer is not full, whatever the page size is tonight.
    """

    sweep_share: float
    max_in_flight: int
    greatest_age_days: int
    proof_pages: int
    since: int | None = None
    until: int | None = None
    smallest_page: int = SMALLEST_PAGE

    @classmethod
    def from_settings(cls, settings: Settings) -> Rules:
        """The rules that a run's settings ask for."""
        return cls(
            sweep_share=settings.sweep_share,
            max_in_flight=settings.max_in_flight,
            greatest_age_days=settings.greatest_age_days,
            proof_pages=settings.proof_pages,
            since=_seconds(settings.start_date),
            until=_seconds(settings.end_date),
        )


@dataclass(slots=True)
class Run:
    """Pages read one after the other.

    Attributes:
        numbers: the pages that held items.
        marks: the places of their items, each once, in order.
        seen: their items' ids.
        seen_before: ids that the run it goes on from has shown; None where it stands for itself.
        is_from_front, is_to_end: whether it began with page 0, and came to the empty page.
        end_page: the number of the empty page that it came to.
        is_stepped_back: whether a page was read before the one in front of it.
        is_broken: whether a page brought nothing, so that nobody knows what stands behind it.
        is_doubtful: whether it passed the place of the newest item held without meeting it: that one is
            gone, or new items are not sorted in by time; it says of no item that it is missing.
    """

    walk: Walk
    is_from_front: bool = False
    is_to_end: bool = False
    end_page: int = 0
    is_stepped_back: bool = False
    is_broken: bool = False
    is_doubtful: bool = False
    seen_before: set[Any] | None = None
    numbers: set[int] = field(default_factory=set)
    marks: list[Mark] = field(default_factory=list)
    seen: set[Any] = field(default_factory=set)


Taking = Generator[Page, None, Page | None]  # hands a page on and returns it; None where the walk ended


class Walker:
    """Walks over one list, one after the other.

    Attributes:
        memory: what is to be remembered for the next run; true whenever a walk has been closed.
        walks: what was covered, in order.
        notes: lines that a person may want to read.
    """

    def __init__(
        self,
        client: ImgurClient,
        numbered: NumberedList,
        *,
        memory: ListMemory,
        rules: Rules,
        clock: Clock,
        others_wait: bool = False,
    ) -> None:
        self.list = numbered
        self.memory = replace(memory, is_absent=False)
        self._others_wait = others_wait
        self.walks: list[Walk] = []
        self.notes: list[str] = []
        self._pages = Pages(client, numbered)
        self._rules = rules
        self._clock = clock
        self._runs: list[Run] = []
        self._resumed_at = memory.resume_page
        self._page_size = 0  # items on the largest page tonight
        self._last_size = 0  # items on the page read last
        self._count_before: int | None = None
        self._is_turned = False  # whether a sorted list has shown tonight that it is not
        self._kept: dict[int, Page] = {}  # pages that are paid for, and not yet part of a walk

    @property
    def pages(self) -> int:
        """Pages read so far."""
        return sum(walk.pages for walk in self.walks)

    @property
    def is_resumed(self) -> bool:
        """Whether pages were left out because an earlier run has read them."""
        return self._resumed_at > 0

    @property
    def is_complete(self) -> bool:
        """Whether every walk came to where it was meant to end."""
        return all(walk.is_complete for walk in self.walks)

    @property
    def _size(self) -> int:
        return self._page_size or self.memory.page_size or 1

    @property
    def _is_sorted(self) -> bool:
        return self.list.is_sorted and not self.memory.is_unsorted

    @property
    def _run(self) -> Run:
        return self._runs[-1]

    def _begin(self, kind: WalkKind, *, is_from_front: bool = False) -> Run:
        self._close()
        self.walks.append(Walk(kind, self._clock.now()))
        self._runs.append(Run(self.walks[-1], is_from_front=is_from_front))
        return self._run

    def _ended(self, reason: str) -> None:
        self._run.walk.is_complete, self._run.walk.reason = True, reason

    def _close(self) -> None:
        """Remember what the walk at hand has read."""
        if not self._runs or self._run.walk.ended_at is not None:
            return
        run, walk, memory = self._run, self._run.walk, self.memory
        walk.ended_at = max(self._clock.now(), walk.started_at)
        while any(walk.started_at == other.started_at for other in self.walks if other is not walk):
            # (list, started_at) is a key, and a clock may stand still; not later, for a walk
            # that began after an item was seen has missed it
            walk.started_at -= timedelta(microseconds=1)
        walk.items = len(run.seen)
        if walk.kind == "feed":
            return
        is_unbroken = run.is_from_front and len(run.numbers) == max(run.numbers, default=-1) + 1
        if not self._is_sorted and not is_unbroken and walk.is_complete:
            walk.is_complete, walk.doubt = False, "it was read in pieces of a list that has no order of time"
        if walk.is_complete and self._is_snapshot(run):
            walk.is_proved, walk.doubt = True, None
        memory = replace(memory, page_size=self._page_size or memory.page_size)
        if self._is_sorted:
            walk.newest_at = None if run.is_from_front or not run.marks else _instant(run.marks[0].at)
            if walk.newest_at is not None and run.seen_before is not None:
                walk.newest_at += timedelta(seconds=1)  # all of that second lies in the two walks together
            walk.oldest_at = None if run.is_to_end or not run.marks else _instant(run.marks[-1].at)
            if run.is_doubtful or (not run.is_from_front and not run.marks):
                walk.newest_at = walk.oldest_at = walk.started_at  # it covers nothing
            coverage = memory.coverage.with_read(
                run.marks, is_from_front=run.is_from_front, is_to_end=run.is_to_end
            )
            if run.is_to_end:
                coverage = coverage.at_most(run.end_page * self._size)
            memory = replace(memory, coverage=coverage)
            if coverage.is_complete() or (run.is_broken and memory.items is None):
                memory = replace(memory, items=coverage.items)
        elif walk.kind != "head":
            read = set(range(self._resumed_at)).union(*(run.numbers for run in self._runs))
            is_ended = any(run.is_to_end or run.is_broken for run in self._runs)
            first_unread = min(set(range(len(read) + 1)) - read)
            is_whole = is_ended and first_unread > max(read, default=-1)
            memory = replace(memory, resume_page=0 if is_whole else first_unread)
        if is_unbroken and (run.is_to_end or run.is_broken):
            memory = replace(memory, items=len(run.seen))
        self.memory = memory

    def _is_snapshot(self, run: Run) -> bool:
        """Whether one reply shows all that *run* covers; a full last page may have had another behind it."""
        if len(run.numbers) > 1 or run.walk.kind == "gap" or run.seen_before is not None:
            return False
        return not run.is_to_end or self._last_size < self._rules.smallest_page

    def _down(self, number: int, *, below: Stretch | None = None) -> Iterator[Page]:
        """Read on from page *number* to the end, to ``since`` or to what is held *below*."""
        run = self._run
        while True:
            first_kept = min((n for n in self._kept if n > number), default=self._known_pages(below))
            first_alone = max(number + 1, min(first_kept, self._known_pages(below)))
            ahead = deque(range(number, first_alone))
            error: ImgurError | None = None
            is_over = False
            for came in self._several(ahead):
                if isinstance(came, ImgurError):
                    error = error or came
                elif error is not None or run.is_to_end or run.is_broken:
                    self._kept[came.number] = came  # paid for, but not next to what was read
                else:
                    page = yield from self._take(came)
                    is_over = is_over or page is None or self._is_over(page, below)
                    if is_over:
                        ahead.clear()
                number = number + 1
            if error is not None:
                raise error
            if is_over:
                return

    def _several(self, ahead: deque[int]) -> Iterator[Page | ImgurError]:
        """The pages *ahead*, those first that are kept; one alone is asked for alone."""
        while ahead and ahead[0] in self._kept:
            yield self._kept.pop(ahead.popleft())
        granted = [grant for grant in (self._pages.allowance, self._pages.at_hand()) if grant is not None]
        while granted and len(ahead) > max(1, min(granted)):
            ahead.pop()  # else a page behind one that is not granted may be paid for, and be part of no walk
        yield from self._pages.several(ahead, at_once=min(self._rules.max_in_flight, max(1, len(ahead))))

    def _known_pages(self, below: Stretch | None) -> int:
        """Full pages that exist and are wanted for certain: the rest is asked for one by one."""
        coverage, items = self.memory.coverage, self.memory.items or 0
        if self._is_sorted and self._rules.since is not None:
            items = coverage.items if coverage.is_complete(since=self._rules.since) else 0
        if below is not None:
            if not coverage.is_ended or below != coverage.stretches[-1]:
                return 0
            items -= below.items
        return items // self._size

    def _is_over(self, page: Page, below: Stretch | None) -> bool:
        """Whether the walk need not go beyond *page*."""
        if not self._is_sorted:
            return False
        since = self._rules.since
        if below is not None and any(mark.at < below.newest.at for mark in page.marks):
            self._ended("the hole was closed")
            return True
        if since is not None and any(mark.at < since for mark in page.marks):
            self._ended("start_date was reached")
            return True
        return False

    def _seek(self, end: Mark, number: int, *, first: int) -> int:
        """The number of a page that overlaps what ends with *end*, from *number* back; the pages are kept.

        It is *first* at the least: the pages in front of that have been read tonight.
        """
        number = max(number, first)
        while number > first:
            page = self._kept[number] = self._pages.one(number)
            if reaches(page.marks, end):
                return number
            number -= 1
            self._run.is_stepped_back = True
        self._run.is_from_front = number == 0
        return number

    def _next(self, number: int) -> Taking:
        """Read the page *number*, alone."""
        page = self._kept.pop(number) if number in self._kept else self._pages.one(number)
        return (yield from self._take(page))

    def _take(self, page: Page) -> Taking:
        """Make *page* part of the walk at hand and hand it on."""
        run = self._run
        self._paid(page)
        if not page.ids:
            run.is_to_end, run.end_page = True, page.number
            self._ended("the list ended")
            return None
        shown = run.seen_before or set()
        if all(item in run.seen or item in shown for item in page.ids):
            run.is_broken = True
            run.walk.reason = f"page {page.number} brought nothing that the pages before it had not shown"
            logger.warning("walk stopped list=%s reason=%s", self.list.name, run.walk.reason)
            return None
        yield page
        run.numbers.add(page.number)
        self._last_size = len(page.ids)
        self._page_size = max(self._page_size, len(page.ids))
        for item, at in zip(page.ids, page.times, strict=True):
            if item in run.seen or item in shown:
                continue
            run.seen.add(item)
            if at is None:
                continue
            if run.marks and at > run.marks[-1].at and self._is_sorted and run.walk.kind != "feed":
                self._is_not_sorted()
            run.marks.append(Mark(at, str(item)))
        return page

    def _paid(self, page: Page) -> None:
        """Count *page*; one that is replayed was received before the walk began, and dates it back."""
        self._run.walk.pages += 1
        self._run.walk.started_at = min(self._run.walk.started_at, page.received_at)

    def _is_not_sorted(self) -> None:
        """An item that nobody has seen is newer than those before it: what is held tells nothing more."""
        self._is_turned = True
        for walk in self.walks[:-1]:  # they took times for places
            walk.is_complete = walk.is_proved = False
            walk.doubt = "the list is not sorted by time as expected"
        logger.warning("list is not sorted by time, it is read whole list=%s", self.list.name)
        self.notes.append(
            f"{self.list.name}: not sorted by time as expected, so it is read whole each night."
        )
        self.memory = ListMemory(is_unsorted=True, page_size=self.memory.page_size, items=self.memory.items)

    def _stray(self) -> Iterator[Page]:
        """Pages that were paid for and are part of no walk: their rows count, what they cover does not."""
        while self._kept:
            page = self._kept.pop(min(self._kept))
            self._paid(page)
            if page.ids:
                yield page

    def _count_if_long(self, pages: int) -> None:
        """Ask for the list's count before a walk of so many *pages* that it has to prove itself."""
        if self._count_before is None and pages >= self._rules.proof_pages:
            self._count_before = self._pages.count()

    def _prove(self) -> Iterator[Page]:
        """Compare what the walk met with how the list's count has changed.

        Items that come in while a list is read only shift it: some are met twice. Items that
        are deleted pull others over a boundary that has been passed. So the count may have grown by
        the new items at the front and by nothing else; its absolute value is known to be off for good.
        """
        run, walk = self._run, self._run.walk
        if len(run.numbers) < self._rules.proof_pages or not walk.is_complete or self._rules.until:
            return
        if run.seen_before is not None:
            walk.doubt = "it goes on from another walk"
            return
        if self._count_before is None:
            walk.doubt = "there was no count of the list before it"
            return
        walk.doubt = "its proof was not read to the end"
        self._close()
        count_after = self._pages.count()
        seen = set().union(*(run.seen for run in self._runs))
        newest = max((mark.at for mark in self._runs[0].marks), default=0)
        came, new, is_met = [], 0, False
        for number in range(PAGES_REREAD):
            page = self._pages.one(number)
            self._paid(page)
            if page.ids:
                yield page
            came += page.marks
            unseen = [at for item, at in zip(page.ids, page.times, strict=True) if item not in seen]
            new += sum(at is None or at >= newest or not self._is_sorted for at in unseen)
            is_met = len(unseen) < len(page.ids) or not page.ids
            if is_met:
                break
        if self._is_sorted and is_met:
            coverage = self.memory.coverage.with_read(came, is_from_front=True)
            self.memory = replace(self.memory, coverage=coverage)
        if count_after is None:
            walk.doubt = "Imgur gives no count of the list"
        elif not is_met:
            walk.doubt = f"more than {PAGES_REREAD} pages of new items came while it was read"
        elif count_after - self._count_before == new and new and run.is_stepped_back:
            walk.doubt = "pages were read from the back, so a new item may have pushed another past them"
        elif count_after - self._count_before == new:
            walk.is_proved, walk.doubt = True, None
        else:
            walk.is_complete = False
            walk.doubt = (
                f"the count went from {self._count_before:,} to {count_after:,} while {new} new items "
                "were met, so some may have been skipped"
            )


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _seconds(instant: datetime | None) -> int | None:
    return None if instant is None else int(instant.timestamp())
