"""Which pages of one list a run reads, in the order of its plan.

First the *front*: a full scan where the plan has one, else an incremental scan down to
what is stored, and the gaps above something that is stored. Then, once other lists have had
theirs, the stored pages that the plan names, and pages that were never read.
How a scan goes is ``scan``'s to know, what is stored ``coverage``'s.

What a part may cost, in requests:
    full scan: the list's pages and the empty one, and 3 for the proof;
        ``max_in_flight`` - 1 more where the list shrank to half meanwhile.
    incremental scan: the pages that hold new items, and one; each page full of the second of our newest
        item, one more; the pages of near gaps and 2 for each, and one for each page by which
        deletions or short pages have moved it.
    refresh: the pages that the plan names.
    backfill: what the plan grants.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from imgur_source.api import ImgurClient
from imgur_source.clock import Clock
from imgur_source.errors import AllowanceSpentError, ImgurError
from imgur_source.lists.coverage import Coverage
from imgur_source.lists.pages import NumberedList, Page
from imgur_source.lists.scan import Scan, ScanRules
from imgur_source.lists.scanner import PROOF_CREDITS, ListScanner
from imgur_source.lists.state import ListState
from imgur_source.planning import Order

PAGES_OVERSHOT = 3  # at most, that one page is believed to show: times between items differ


class ListReader:
    """One run's reading of one list; ask for its parts, read each to its end, then ask what came of it.

    Every part raises ``ImgurError`` when a page cannot be had; what came before stands, in ``state`` too.
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
        self._scanner = ListScanner(client, numbered, state=state, rules=rules, clock=clock)
        self._rules = rules
        self._grown_from: int | None = None  # items stored before the front was read
        self._spent_in_front: int | None = None  # credits of the run when it had been read
        self._moved: dict[int, int] = {}  # by how many items stored pages have moved, by their planned number

    @property
    def list(self) -> NumberedList:
        return self._scanner.list

    @property
    def state(self) -> ListState:
        """What is to be kept for the next run."""
        return self._scanner.state

    @property
    def scans(self) -> Sequence[Scan]:
        """What was read, in order."""
        return self._scanner.scans

    @property
    def notes(self) -> Sequence[str]:
        """Lines that a person may want to read."""
        return self._scanner.notes

    @property
    def pages(self) -> int:
        """Pages read so far."""
        return sum(scan.pages for scan in self.scans)

    @property
    def is_resumed(self) -> bool:
        """Whether pages were left out because an earlier run has read them."""
        return self._scanner.resumed_at > 0

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the list waits to be read for the first time."""
        return self.state.is_whole(is_sorted=self.list.is_sorted, since=self._rules.since)

    def front(self, order_of: Callable[[], Order]) -> Iterator[Page]:
        """The pages in front: new items, near gaps, or the whole list where the order says so.

        Args:
            order_of: what the plan allows for the list; asked again after page 0, because a run's
                first reply tells what credits there are.
        """
        self._grown_from = self.state.coverage.items
        self._scanner.source.allow(None)
        yield from self._guarded(self._front(order_of))
        self._spent_in_front = self._scanner.source.spent()

    def refresh(self, numbers: Sequence[int], *, begins: Mapping[int, int] | None = None) -> Iterator[Page]:
        """The stored pages *numbers*, counted as before this run's front was read, once more.

        Args:
            begins: the time of the first item of a page, as last seen, by its number. What was deleted
                above it has moved it to the front; a page that shows how far helps to find the next.
        """
        self._scanner.source.allow(None)
        return self._guarded(self._refresh(sorted(numbers), begins or {}))

    def backfill(self, pages: int) -> Iterator[Page]:
        """Pages of the gaps, as many as *pages* at most; what is left is left to another run."""
        self._scanner.source.allow(pages)
        if not self._scanner.is_sorted:  # its front reads on by itself
            return iter(()) if self.scans else self._guarded(self._whole())
        return self._guarded(self._gaps(until=self._rules.until))

    def _guarded(self, pages: Iterator[Page]) -> Iterator[Page]:
        """*pages*, and what a break leaves: scans that are closed, and pages that were paid for."""
        scanner = self._scanner
        try:
            yield from pages
        except AllowanceSpentError as spent:
            if scanner.scans and not scanner.scan.is_complete:
                scanner.scan.reason, scanner.scan.is_left_to_plan = spent.reason, True
        except ImgurError as error:
            if scanner.scans and not scanner.scan.is_complete:
                scanner.scan.reason = str(getattr(error, "reason", error))
            yield from scanner.stray_pages()
            raise
        finally:
            scanner.close()
        yield from scanner.stray_pages()

    def _front(self, order_of: Callable[[], Order]) -> Iterator[Page]:
        order = order_of()
        if self.list.pages is not None:
            yield from self._feed(self.list.pages)
        elif not self._scanner.is_sorted and self.is_whole and not order.is_swept:
            yield from self._first_of_unsorted()
        elif not self._scanner.is_sorted:
            if not order.is_swept:
                self._scanner.source.allow(1 + order.backfill)
            yield from self._whole()
        elif self._rules.until is not None:
            yield from self._older_than(self._rules.until)
        else:
            yield from self._ordered(order_of)
        if self._scanner.has_lost_order:
            yield from self._rest_of_unsorted()

    def _ordered(self, order_of: Callable[[], Order]) -> Iterator[Page]:
        """Page 0, and then the whole list, or only what is new and the gaps that have something below them.

        A full scan that the credits turn out not to reach to is not begun: half of one proves nothing.
        """
        scanner = self._scanner
        is_first = not self.state.coverage.ranges
        scan = scanner.begin("sweep", is_from_front=True)
        if is_first and self.state.items is None and self._can_prove():
            scanner.count_before = scanner.source.count()
            scanner.state = replace(self.state, items=scanner.count_before)
        elif order_of().is_swept:
            scanner.count_if_long(self._estimate())
        page = yield from scanner.next_page(0)
        if page is None or scanner.is_over(page, None):
            return
        order = order_of()
        if is_first and self._is_read_at_once(order):
            scanner.source.spare_the_day()
            yield from scanner.down(1)
            yield from scanner.prove()
            return
        if not is_first and order.is_swept and self._reaches_to(self._estimate()):
            yield from scanner.down(1)
            yield from scanner.prove()
            return
        scan.kind, stored, number = "head", self.state.coverage, 1
        while page is not None and scanner.is_sorted and not any(map(stored.meets, page.marks)):
            if is_first:
                scan.reason = "the rest of a first load is left to what the plan grants for it"
                scan.is_left_to_plan = True
                return
            page = yield from scanner.next_page(number)
            number += 1
        if page is None or not scanner.is_sorted:
            return
        self._close_met(scan, stored)
        yield from self._gaps(are_ended=False)

    def _is_read_at_once(self, order: Order) -> bool:
        """Whether a list that was never read is read whole, now that page 0 has shown how long it may be.

        Where the plan does not say so, it is when that takes no more than the plan grants
        for the rest, and leaves half of the credits to lists that come after it.
        """
        pages = self._estimate() if self.state.items is not None else None
        if order.is_swept:
            return pages is None or self._reaches_to(pages)
        if pages is None and self._scanner.page_size < self._rules.smallest_page:
            pages = 1
        available = self._scanner.source.available()
        return (
            pages is not None and pages <= order.backfill and (available is None or pages <= available // 2)
        )

    def _refresh(self, numbers: Sequence[int], begins: Mapping[int, int]) -> Iterator[Page]:
        """Each run of neighbours among *numbers* is a scan of its own, and covers what lies between."""
        scanner = self._scanner
        if not self._moved:
            grown_from = self.state.coverage.items if self._grown_from is None else self._grown_from
            self._moved[0] = max(0, self.state.coverage.items - grown_from)
        read = scanner.pages_read
        is_whole = self.state.coverage.is_complete(since=self._rules.since)
        last = self.state.ages[-1][0] - 1 if self.state.ages and is_whole else None
        left = deque(numbers)
        while left and scanner.is_sorted:
            first = left.popleft()
            moved = self._moved[min(self._moved, key=lambda known: abs(known - first))]
            number = max(0, first + round(moved / scanner.size))
            if number in read:
                continue
            ahead = deque([number])
            while left and left[0] == first + len(ahead) and number + len(ahead) not in read:
                left.popleft()
                ahead.append(number + len(ahead))
            scan = scanner.begin("refresh")
            if scanner.source.spent() == self._spent_in_front:  # else deletions may have moved items
                self._continue_front(scan, number)
            error: ImgurError | None = None
            for came in scanner.several(ahead):
                if isinstance(came, ImgurError):
                    error = error or came
                elif error is not None or scan.is_to_end or scan.is_broken:
                    scanner.kept[came.number] = came
                elif (yield from scanner.take(came)) is None:
                    ahead.clear()
                    left.clear()
            if error is not None:
                raise error
            is_open = not (scan.is_to_end or scan.is_broken)
            if is_open and last is not None and max(scan.numbers, default=0) >= last:
                yield from scanner.down(max(scan.numbers) + 1)  # the end has moved away
            elif is_open:
                scan.end("the pages that the plan names were read")
            read |= scan.numbers
            self._moved[first] = moved - self._overshot(scan, begins.get(first))
            scanner.close()

    def _overshot(self, scan: Scan, begins_at: int | None) -> int:
        """Items by which *scan* began behind what it was meant to begin with; negative: in front of it."""
        if begins_at is None or len(scan.marks) < 2:
            return 0
        size = self._scanner.size
        first, last = scan.marks[0].at, scan.marks[-1].at
        if first >= begins_at:
            return -sum(mark.at > begins_at for mark in scan.marks[:size])
        if first == last:
            return 0
        items = round((begins_at - first) * len(scan.marks) / (first - last))
        return min(items, PAGES_OVERSHOT * size)

    def _feed(self, pages: int) -> Iterator[Page]:
        scan = self._scanner.begin("feed", is_from_front=True)
        for number in range(pages):
            if (yield from self._scanner.next_page(number)) is None:
                return
        scan.end("the wanted page was read" if pages == 1 else f"the wanted {pages} pages were read")

    def _gaps(self, *, until: int | None = None, are_ended: bool = True) -> Iterator[Page]:
        """Close gaps, the newest first, until one cannot be closed.

        Args:
            are_ended: whether the gap that reaches to the end of the list is closed, too.
        """
        scanner = self._scanner
        while (gap := self.state.coverage.first_gap(since=self._rules.since, until=until)) is not None:
            if gap.below is None and not are_ended:
                return
            before = next((scan for scan in reversed(scanner.scans) if scan.kind != "refresh"), None)
            scan = scanner.begin("gap")
            pages = math.ceil(((self.state.items or 0) - gap.offset) / scanner.size)
            if self._reaches_to(pages + PROOF_CREDITS):
                scanner.count_if_long(pages)
            first = max(before.numbers) + 1 if before and before.numbers else 0
            number = scanner.seek(gap.above.oldest, (gap.offset - 1) // scanner.size, first=first)
            if before and number == first > 0:
                scan.marks += before.marks[-1:]  # the scan before has just been there
                scan.seen_before = before.seen
            yield from scanner.down(number, below=gap.below)
            yield from scanner.prove()
            scanner.close()
            if not (scan.is_complete and scanner.is_sorted):
                return

    def _close_met(self, scan: Scan, stored: Coverage) -> None:
        """End an incremental scan that has come to what is *stored*."""
        scan.end("what is held was met")
        scan.is_doubtful = stored.ranges[0].newest.id not in {mark.id for mark in scan.marks}
        self._scanner.close()

    def _continue_front(self, scan: Scan, number: int) -> None:
        """Have *scan*, whose page *number* follows an incremental scan, cover what lies between."""
        for front in self._scanner.scans:
            is_next = bool(front.numbers) and max(front.numbers) == number - 1
            if is_next and front.kind == "head" and front.marks and not front.is_doubtful:
                scan.marks += front.marks[-1:]
                scan.seen_before = front.seen
                scan.started_at = front.started_at  # what the front has just shown was not missed

    def _older_than(self, until: int) -> Iterator[Page]:
        """What is older than *until*, found by halving the list instead of reading down to it."""
        scanner = self._scanner
        stored = self.state.coverage.ranges
        if not any(span.newest.at >= until >= span.oldest.at for span in stored):
            scan = scanner.begin("gap")
            number = self._halve(until)
            scan.is_from_front = number == 0
            below = next((span for span in stored if span.newest.at < until), None)
            yield from scanner.down(number, below=below)
            scanner.close()
            if not scan.is_complete:
                return
        if scanner.is_sorted:
            yield from self._gaps(until=until)

    def _halve(self, until: int) -> int:
        """The number of the first page that holds something as old as *until*; pages asked for are kept."""
        if self._is_as_old(0, until):
            return 0
        low, high = 1, math.ceil((self._scanner.source.count() or 0) / self._scanner.size)
        if not high:  # Imgur does not say how long the list is: ever larger steps find out
            high = 1
            while not self._is_as_old(high, until):
                low, high = high + 1, high * 2
        while low < high:
            middle = (low + high) // 2
            if self._is_as_old(middle, until):
                high = middle
            else:
                low = middle + 1
        return low

    def _is_as_old(self, number: int, until: int) -> bool:
        """Whether the page *number* holds something as old as *until*, or lies beyond the end; it is kept."""
        scanner = self._scanner
        page = scanner.source.one(number)
        is_beyond = not page.ids or any(page.ids == other.ids for other in scanner.kept.values())
        scanner.kept[number] = page
        scanner.page_size = max(scanner.page_size, len(page.ids))
        return is_beyond or (bool(page.marks) and page.marks[-1].at <= until)

    def _whole(self) -> Iterator[Page]:
        """A list in an order of its own: all of it, or page 0 and from where the last run broke off."""
        scanner, resumed_at = self._scanner, self._scanner.resumed_at
        scan = scanner.begin("gap" if resumed_at else "sweep", is_from_front=True)
        if not resumed_at:
            scanner.count_if_long(self._estimate())
        if (yield from scanner.next_page(0)) is not None:
            yield from scanner.down(max(1, resumed_at - 1))  # one page back: deletions pull items forward
        if scan.is_to_end and resumed_at > 2:
            scan.is_complete = False
            scan.doubt = f"pages 1 to {resumed_at - 2} were read by an earlier run"
        yield from scanner.prove()

    def _first_of_unsorted(self) -> Iterator[Page]:
        """Page 0 of a stored list in an order of its own: what was added last stands there mostly."""
        scan = self._scanner.begin("head", is_from_front=True)
        scan.reason, scan.is_left_to_plan = "the rest of it is left to a night that can read it whole", True
        yield from self._scanner.next_page(0)

    def _rest_of_unsorted(self) -> Iterator[Page]:
        """All that this run has not read of a list that turned out not to be in the order of time."""
        scanner = self._scanner
        read = scanner.pages_read
        is_ended = any(scan.is_to_end for scan in scanner.scans)
        left = sorted(set(range(max(read) + 1)) - read)
        if is_ended and not left:
            return  # a full scan was under way, and has read it all
        scan = scanner.begin("gap")
        for number in left:
            if (yield from scanner.next_page(number)) is None:
                return
        if not is_ended:
            yield from scanner.down(max(read) + 1)
        scan.is_complete = False
        scan.doubt = "it was read in pieces, because it is not sorted by time as expected"

    def _can_prove(self) -> bool:
        """Whether a list of unknown length may turn out to be long, and there is credit for its proof."""
        return self._rules.since is None and self._reaches_to(self._rules.pages_for_proof)

    def _reaches_to(self, requests: int) -> bool:
        """Whether the available credits are enough for so many *requests*, as far as they are known."""
        available = self._scanner.source.available()
        return available is None or requests <= available

    def _estimate(self) -> int:
        """Pages that a full scan has to read; 0 where that is not known."""
        coverage, since, items = self.state.coverage, self._rules.since, self.state.items
        if coverage.is_complete(since=since) and (since is not None or items is None):
            items = coverage.items
        return math.ceil((items or 0) / self._scanner.size)
