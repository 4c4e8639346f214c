"""Scanning a list page by page: what a scan meets, where it ends, what it covers and what it proves.

Which pages are worth their credits in a run is ``reader``'s to know, how a page is
had ``pages``', what is stored ``coverage``'s.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from imgur_source.api import ImgurClient
from imgur_source.clock import Clock
from imgur_source.errors import ImgurError
from imgur_source.lists.coverage import Position, Range, reaches
from imgur_source.lists.pages import NumberedList, Page, Pages
from imgur_source.lists.scan import Scan, ScanKind, ScanRules
from imgur_source.lists.state import ListState, ages_after

logger = logging.getLogger(__name__)

PAGES_REREAD = 3  # from the front, at the end of a long scan: more new items than that prove nothing
PROOF_CREDITS = 3  # the count twice, and page 0 once more

Taking = Generator[Page, None, Page | None]  # hands a page on and returns it; None where the scan ended


class ListScanner:
    """Scans of one list, one after the other.

    Attributes:
        state: what is to be kept for the next run; true whenever a scan has been closed.
        scans: what was read, in order; the last one is under way until it is closed.
        notes: lines that a person may want to read.
        source: where pages come from.
        kept: pages that are paid for, and not yet part of a scan.
        page_size: items on the largest page of this run.
        count_before: Imgur's count of the list before its full scan; None where it was not asked.
        has_lost_order: whether a list sorted by time has shown in this run that it is not.
    """

    def __init__(
        self,
        client: ImgurClient,
        numbered: NumberedList,
        *,
        state: ListState,
        rules: ScanRules,
        clock: Clock,
    ) -> None:
        self.list = numbered
        self.state = replace(state, is_absent=False)
        self.scans: list[Scan] = []
        self.notes: list[str] = []
        self.source = Pages(client, numbered)
        self.rules = rules
        self.kept: dict[int, Page] = {}
        self.page_size = 0
        self.count_before: int | None = None
        self.has_lost_order = False
        self.resumed_at = state.resume_page
        self._clock = clock
        self._last_size = 0  # items on the page read last

    @property
    def scan(self) -> Scan:
        """The scan under way."""
        return self.scans[-1]

    @property
    def size(self) -> int:
        """Items a page, as far as known."""
        return self.page_size or self.state.page_size or 1

    @property
    def is_sorted(self) -> bool:
        """Whether the list is in the order of time, as far as known."""
        return self.list.is_sorted and not self.state.is_unsorted

    @property
    def pages_read(self) -> set[int]:
        """The numbers of all pages that had items in this run."""
        return set().union(*(scan.numbers for scan in self.scans))

    def begin(self, kind: ScanKind, *, is_from_front: bool = False) -> Scan:
        """Close the scan under way and begin another."""
        self.close()
        self.scans.append(Scan(kind, self._clock.now(), is_from_front=is_from_front))
        return self.scan

    def close(self) -> None:
        """Keep what the scan under way has read."""
        if not self.scans or self.scan.ended_at is not None:
            return
        scan, state = self.scan, self.state
        scan.ended_at = max(self._clock.now(), scan.started_at)
        while any(scan.started_at == other.started_at for other in self.scans if other is not scan):
            # (list, started_at) is a key, and a clock may stand still; not later, for a scan
            # that began after an item was seen has missed it
            scan.started_at -= timedelta(microseconds=1)
        scan.items = len(scan.seen)
        if scan.kind == "feed":
            return
        if not self.is_sorted and not scan.is_unbroken and scan.is_complete:
            scan.is_complete, scan.doubt = False, "it was read in pieces of a list that has no order of time"
        if scan.is_complete and self._is_snapshot(scan):
            scan.is_proved, scan.doubt = True, None
        state = replace(state, page_size=self.page_size or state.page_size)
        grown = 0
        if self.is_sorted:
            before = state.coverage.items
            state = self._with_coverage(scan, state)
            grown = state.coverage.items - before if scan.is_from_front and before else 0
        elif scan.kind != "head":
            state = self._with_resume_page(state)
        if scan.is_unbroken and (scan.is_to_end or scan.is_broken):
            state = replace(state, items=len(scan.seen))
        ages = ages_after(
            state.ages,
            scan.numbers,
            at=int(scan.started_at.timestamp()),
            moved=max(0, round(grown / self.size)),
            end=scan.end_page if scan.is_to_end or scan.is_broken else None,
        )
        if scan.is_from_front and scan.pages and scan.kind != "gap":
            state = replace(state, read_at=int(scan.started_at.timestamp()))
        self.state = replace(state, ages=ages)

    def _with_coverage(self, scan: Scan, state: ListState) -> ListState:
        """*state* with what *scan* has read of a sorted list; says in *scan* what it covered."""
        scan.newest_at = None if scan.is_from_front or not scan.marks else _instant(scan.marks[0].at)
        if scan.newest_at is not None and scan.seen_before is not None:
            scan.newest_at += timedelta(seconds=1)  # all of that second lies in the two scans together
        scan.oldest_at = None if scan.is_to_end or not scan.marks else _instant(scan.marks[-1].at)
        if scan.is_doubtful or (not scan.is_from_front and not scan.marks):
            scan.newest_at = scan.oldest_at = scan.started_at  # it covers nothing
        coverage = state.coverage.with_read(
            scan.marks, is_from_front=scan.is_from_front, is_to_end=scan.is_to_end
        )
        if scan.is_to_end:
            coverage = coverage.at_most(scan.end_page * self.size)
        state = replace(state, coverage=coverage)
        if coverage.is_complete() or (scan.is_broken and state.items is None):
            state = replace(state, items=coverage.items)
        return state

    def _with_resume_page(self, state: ListState) -> ListState:
        """*state* with the page at which an unfinished reading of an unsorted list goes on."""
        read = set(range(self.resumed_at)) | self.pages_read
        is_ended = any(scan.is_to_end or scan.is_broken for scan in self.scans)
        first_unread = min(set(range(len(read) + 1)) - read)
        is_whole = is_ended and first_unread > max(read, default=-1)
        return replace(state, resume_page=0 if is_whole else first_unread)

    def _is_snapshot(self, scan: Scan) -> bool:
        """Whether one reply shows all that *scan* covers; a full last page may have had another behind it."""
        if len(scan.numbers) > 1 or scan.kind == "gap" or scan.seen_before is not None:
            return False
        return not scan.is_to_end or self._last_size < self.rules.smallest_page

    def down(self, number: int, *, below: Range | None = None) -> Iterator[Page]:
        """Read on from page *number* to the end, to ``since`` or to what is stored *below*."""
        scan = self.scan
        while True:
            first_kept = min((n for n in self.kept if n > number), default=self._known_pages(below))
            first_alone = max(number + 1, min(first_kept, self._known_pages(below)))
            ahead = deque(range(number, first_alone))
            error: ImgurError | None = None
            is_over = False
            for came in self.several(ahead):
                if isinstance(came, ImgurError):
                    error = error or came
                elif error is not None or scan.is_to_end or scan.is_broken:
                    self.kept[came.number] = came  # paid for, but not next to what was read
                else:
                    page = yield from self.take(came)
                    is_over = is_over or page is None or self.is_over(page, below)
                    if is_over:
                        ahead.clear()
                number = number + 1
            if error is not None:
                raise error
            if is_over:
                return

    def several(self, ahead: deque[int]) -> Iterator[Page | ImgurError]:
        """The pages *ahead*, those first that are kept; one alone is asked for alone."""
        while ahead and ahead[0] in self.kept:
            yield self.kept.pop(ahead.popleft())
        granted = [grant for grant in (self.source.allowance, self.source.available()) if grant is not None]
        while granted and len(ahead) > max(1, min(granted)):
            ahead.pop()  # else a page behind one that is not granted may be paid for, and be part of no scan
        yield from self.source.several(ahead, at_once=min(self.rules.max_in_flight, max(1, len(ahead))))

    def _known_pages(self, below: Range | None) -> int:
        """Full pages that exist and are wanted for certain: the rest is asked for one by one."""
        coverage, items = self.state.coverage, self.state.items or 0
        if self.is_sorted and self.rules.since is not None:
            items = coverage.items if coverage.is_complete(since=self.rules.since) else 0
        if below is not None:
            if not coverage.is_ended or below != coverage.ranges[-1]:
                return 0
            items -= below.items
        return items // self.size

    def is_over(self, page: Page, below: Range | None) -> bool:
        """Whether the scan need not go beyond *page*; ends it where that is so."""
        if not self.is_sorted:
            return False
        since = self.rules.since
        if below is not None and any(mark.at < below.newest.at for mark in page.marks):
            self.scan.end("the hole was closed")
            return True
        if since is not None and any(mark.at < since for mark in page.marks):
            self.scan.end("start_date was reached")
            return True
        return False

    def seek(self, end: Position, number: int, *, first: int) -> int:
        """The number of a page that overlaps what ends with *end*, from *number* back; the pages are kept.

        It is *first* at the least: the pages in front of that have been read in this run.
        """
        number = max(number, first)
        while number > first:
            page = self.kept[number] = self.kept.get(number) or self.source.one(number)
            if reaches(page.marks, end):
                return number
            number -= 1
            self.scan.is_stepped_back = True
        self.scan.is_from_front = number == 0
        return number

    def next_page(self, number: int) -> Taking:
        """Read the page *number*, alone."""
        page = self.kept.pop(number) if number in self.kept else self.source.one(number)
        return (yield from self.take(page))

    def take(self, page: Page) -> Taking:
        """Make *page* part of the scan under way and hand it on."""
        scan = self.scan
        self._paid(page)
        if not page.ids:
            scan.is_to_end, scan.end_page = True, page.number
            scan.end("the list ended")
            return None
        shown = scan.seen_before or set()
        if all(item in scan.seen or item in shown for item in page.ids):
            scan.is_broken, scan.end_page = True, page.number
            scan.reason = f"page {page.number} brought nothing that the pages before it had not shown"
            logger.warning("scan stopped list=%s reason=%s", self.list.name, scan.reason)
            return None
        yield page
        scan.numbers.add(page.number)
        self._last_size = len(page.ids)
        self.page_size = max(self.page_size, len(page.ids))
        for item, at in zip(page.ids, page.times, strict=True):
            if item in scan.seen or item in shown:
                continue
            scan.seen.add(item)
            if at is None:
                continue
            if scan.marks and at > scan.marks[-1].at and self.is_sorted and scan.kind != "feed":
                self._lose_order()
            scan.marks.append(Position(at, str(item)))
        return page

    def _paid(self, page: Page) -> None:
        """Count *page*; one that is replayed was received before the scan began, and dates it back."""
        self.scan.pages += 1
        self.scan.started_at = min(self.scan.started_at, page.received_at)

    def _lose_order(self) -> None:
        """An unseen item is newer than those before it: what is stored tells nothing more."""
        self.has_lost_order = True
        for scan in self.scans[:-1]:  # they took times for positions
            scan.is_complete = scan.is_proved = False
            scan.doubt = "the list is not sorted by time as expected"
        logger.warning("list is not sorted by time, it is read whole list=%s", self.list.name)
        self.notes.append(
            f"{self.list.name}: not sorted by time as expected, so it is read whole each night."
        )
        self.state = ListState(is_unsorted=True, page_size=self.state.page_size, items=self.state.items)

    def stray_pages(self) -> Iterator[Page]:
        """Pages that were paid for and are part of no scan: their rows count, what they cover does not."""
        while self.kept:
            page = self.kept.pop(min(self.kept))
            self._paid(page)
            if page.ids:
                yield page

    def count_if_long(self, pages: int) -> None:
        """Ask for the list's count before a scan of so many *pages* that it has to prove itself."""
        if self.count_before is None and self.rules.is_provable(pages):
            self.count_before = self.source.count()

    def prove(self) -> Iterator[Page]:
        """Compare what the scan met with how the list's count has changed.

        Items that come in while a list is read only shift it: some are met twice. Items that
        are deleted pull others over a boundary that has been passed. So the count may have grown by
        the new items at the front and by nothing else; its absolute value is known to be off for good.
        """
        scan = self.scan
        if not self.rules.is_provable(len(scan.numbers)) or not scan.is_complete or self.rules.until:
            return
        if scan.seen_before is not None:
            scan.doubt = "it goes on from another walk"
            return
        if self.count_before is None:
            scan.doubt = "there was no count of the list before it"
            return
        scan.doubt = "its proof was not read to the end"
        self.close()
        count_after = self.source.count()
        seen = set().union(*(earlier.seen for earlier in self.scans))
        fronts = [earlier for earlier in self.scans if earlier.is_from_front] or self.scans
        newest = max((mark.at for mark in fronts[0].marks), default=0)
        came, new, is_met = [], 0, False
        for number in range(PAGES_REREAD):
            page = self.source.one(number)
            self._paid(page)
            if page.ids:
                yield page
            came += page.marks
            unseen = [at for item, at in zip(page.ids, page.times, strict=True) if item not in seen]
            new += sum(at is None or at >= newest or not self.is_sorted for at in unseen)
            is_met = len(unseen) < len(page.ids) or not page.ids
            if is_met:
                break
        if self.is_sorted and is_met:
            coverage = self.state.coverage.with_read(came, is_from_front=True)
            self.state = replace(self.state, coverage=coverage)
        if count_after is None:
            scan.doubt = "Imgur gives no count of the list"
        elif not is_met:
            scan.doubt = f"more than {PAGES_REREAD} pages of new items came while it was read"
        elif count_after - self.count_before == new and new and scan.is_stepped_back:
            scan.doubt = "pages were read from the back, so a new item may have pushed another past them"
        elif count_after - self.count_before == new:
            scan.is_proved, scan.doubt = True, None
        else:
            scan.is_complete = False
            scan.doubt = (
                f"the count went from {self.count_before:,} to {count_after:,} while {new} new items "
                "were met, so some may have been skipped"
            )


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
