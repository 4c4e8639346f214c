"""Which pages of a list to read tonight.

A list that is cheap enough is *swept* each night: read whole. Any other is read
from the front down to what is held (*head*), then where earlier walks broke off
(*gap*), then a share of what is held, the longest unread first (*refresh*).
How a walk goes is ``walks``' to know, what is held is ``coverage``'s.
Where there is a plan its order decides instead: first the *front*, and then, once
other lists have had theirs, the held pages that it names and the holes far down.

What a walk may cost, in requests:
    sweep: its pages and the empty one, and 3 for the proof;
        ``max_in_flight`` - 1 more where the list shrank to half meanwhile.
    head: the pages that hold new items, and one; each page full of the second of our newest item, one more.
    gap: the pages of the hole and 2, and one for each page by which deletions or short pages have moved it.
    refresh: its share and 1, and one for each page by which deletions have moved it.
With a plan:
    front: a sweep or a head, as above, and the holes that have something held below them.
    again: the pages that it names.
    backfill: what it grants.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from imgur_source.errors import AllowanceSpentError, ImgurError
from imgur_source.lists.coverage import Coverage
from imgur_source.lists.pages import Page
from imgur_source.lists.scan import PROOF_CREDITS, Run, Walker
from imgur_source.lists.state import Cursor
from imgur_source.planning import Order

PAGES_OVERSHOT = 3  # at most, that one page is believed to show: times between items differ


class ListReading(Walker):
    """Tonight's reading of one list; iterate over it once, then ask what came of it.

    Instead of iterating, whoever has a plan asks for ``front``, ``again`` and ``backfill``.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._grown_from: int | None = None  # items held before the front was read
        self._spent_in_front: int | None = None  # credits of the run when it had been read
        self._moved: dict[int, int] = {}  # by how many items held pages have moved, by their planned number

    def __iter__(self) -> Iterator[Page]:
        """The pages that hold items, as they come.

        Raises:
            ImgurError: when a page cannot be had; what came before stands, in ``memory`` too.
        """
        return self._guarded(self._unplanned())

    def front(self, order: Order) -> Iterator[Page]:
        """The pages in front: new items, near holes, or the whole list where *order* says so.

        Raises:
            ImgurError: as ``__iter__`` does.
        """
        self._grown_from = self.memory.coverage.items
        yield from self._guarded(self._front(order))
        self._spent_in_front = self._pages.spent()

    def again(self, numbers: Sequence[int], *, begins: Mapping[int, int] | None = None) -> Iterator[Page]:
        """The held pages *numbers*, counted as before tonight's front was read, once more.

        Args:
            begins: the time of the first item of a page, as last seen, by its number. What was deleted
                above it has moved it to the front; a page that shows how far helps to find the next.

        Raises:
            ImgurError: as ``__iter__`` does.
        """
        self._pages.allow(None)
        return self._guarded(self._again(sorted(numbers), begins or {}))

    def backfill(self, pages: int) -> Iterator[Page]:
        """Pages of the holes, as many as *pages* at most; what is left is left to another night.

        Raises:
            ImgurError: as ``__iter__`` does.
        """
        self._pages.allow(pages)
        return self._guarded(self._gaps(until=self._rules.until))

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the list waits to be read for the first time."""
        return self.memory.is_whole(is_sorted=self.list.is_sorted, since=self._rules.since)

    def _guarded(self, pages: Iterator[Page]) -> Iterator[Page]:
        """*pages*, and what a break leaves: walks that are closed, and pages that were paid for."""
        try:
            yield from pages
        except AllowanceSpentError as spent:
            if not self._run.walk.is_complete:
                self._run.walk.reason, self._run.walk.is_left_to_plan = spent.reason, True
        except ImgurError as error:
            if self._runs and not self._run.walk.is_complete:
                self._run.walk.reason = str(getattr(error, "reason", error))
            yield from self._stray()
            raise
        finally:
            self._close()
        yield from self._stray()

    def _unplanned(self) -> Iterator[Page]:
        if self.list.pages is not None:
            yield from self._feed(self.list.pages)
        elif not self._is_sorted:
            yield from self._whole()
        elif self._rules.until is not None:
            yield from self._older_than(self._rules.until)
        else:
            yield from self._from_the_front()
        if self._is_turned:
            yield from self._rest_of_unsorted()

    def _front(self, order: Order) -> Iterator[Page]:
        if self.list.pages is not None:
            yield from self._feed(self.list.pages)
        elif not self._is_sorted and self.is_whole and not order.is_swept:
            yield from self._first_of_unsorted()
        elif not self._is_sorted:
            if not order.is_swept:
                self._pages.allow(1 + order.backfill)
            yield from self._whole()
        elif self._rules.until is not None:
            yield from self._older_than(self._rules.until)
        else:
            yield from self._ordered(order)
        if self._is_turned:
            yield from self._rest_of_unsorted()

    def _ordered(self, order: Order) -> Iterator[Page]:
        """Page 0, and then the whole list, or only what is new and the holes that have something below them.

        A sweep that the credits turn out not to reach to is not begun: half of one proves nothing.
        """
        is_first = not self.memory.coverage.stretches
        run = self._begin("sweep", is_from_front=True)
        if is_first and self.memory.items is None and self._can_prove():
            self._count_before = self._pages.count()
            self.memory = replace(self.memory, items=self._count_before)
        elif order.is_swept:
            self._count_if_long(self._estimate())
        page = yield from self._next(0)
        if page is None or self._is_over(page, None):
            return
        if (
            self._is_swept_at_once(order)
            if is_first
            else order.is_swept and self._reaches_to(self._estimate())
        ):
            if is_first:
                self._pages.spare_the_day()
            yield from self._down(1)
            yield from self._prove()
            return
        run.walk.kind, held, number = "head", self.memory.coverage, 1
        while page is not None and self._is_sorted and not any(map(held.meets, page.marks)):
            if is_first:
                run.walk.reason = "the rest of a first load is left to what the plan grants for it"
                run.walk.is_left_to_plan = True
                return
            page = yield from self._next(number)
            number += 1
        if page is None or not self._is_sorted:
            return
        self._close_met(run, held)
        yield from self._gaps(are_ended=False)

    def _is_swept_at_once(self, order: Order) -> bool:
        """Whether a list that was never read is read whole, now that page 0 has shown how long it may be.

        Where the plan does not say so, it is when that takes no more than the plan grants
        for the rest, and leaves half of the credits to lists that come after it.
        """
        pages = self._estimate() if self.memory.items is not None else None
        if order.is_swept:
            return pages is None or self._reaches_to(pages)
        if pages is None and self._page_size < self._rules.smallest_page:
            pages = 1
        at_hand = self._pages.at_hand()
        return pages is not None and pages <= order.backfill and (at_hand is None or pages <= at_hand // 2)

    def _again(self, numbers: Sequence[int], begins: Mapping[int, int]) -> Iterator[Page]:
        """Each run of neighbours among *numbers* is a walk of its own, and covers what lies between."""
        if not self._moved:
            grown_from = self.memory.coverage.items if self._grown_from is None else self._grown_from
            self._moved[0] = max(0, self.memory.coverage.items - grown_from)
        read = set().union(*(run.numbers for run in self._runs))
        left = deque(numbers)
        while left and self._is_sorted:
            first = left.popleft()
            moved = self._moved[min(self._moved, key=lambda known: abs(known - first))]
            number = max(0, first + round(moved / self._size))
            if number in read:
                continue
            ahead = deque([number])
            while left and left[0] == first + len(ahead) and number + len(ahead) not in read:
                left.popleft()
                ahead.append(number + len(ahead))
            run = self._begin("refresh")
            is_front_fresh = (
                self._pages.spent() == self._spent_in_front
            )  # else deletions may have moved items
            for head in self._runs if is_front_fresh else ():
                if head.numbers and max(head.numbers) == number - 1:
                    self._go_on_from(head, run)
            error: ImgurError | None = None
            for came in self._several(ahead):
                if isinstance(came, ImgurError):
                    error = error or came
                elif error is not None or run.is_to_end or run.is_broken:
                    self._kept[came.number] = came
                elif (yield from self._take(came)) is None:
                    ahead.clear()
                    left.clear()
            if error is not None:
                raise error
            if not (run.is_to_end or run.is_broken):
                self._ended("the pages that the plan names were read")
            read |= run.numbers
            self._moved[first] = moved - self._overshot(run, begins.get(first))
            self._close()

    def _overshot(self, run: Run, begins_at: int | None) -> int:
        """Items by which *run* began behind what it was meant to begin with, or in front of it (negative)."""
        if begins_at is None or len(run.marks) < 2:
            return 0
        first, last = run.marks[0].at, run.marks[-1].at
        if first >= begins_at:
            return -sum(mark.at > begins_at for mark in run.marks[: self._size])
        if first == last:
            return 0
        items = round((begins_at - first) * len(run.marks) / (first - last))
        return min(items, PAGES_OVERSHOT * self._size)

    def _feed(self, pages: int) -> Iterator[Page]:
        walk = self._begin("feed", is_from_front=True).walk
        for number in range(pages):
            if (yield from self._next(number)) is None:
                return
        walk.is_complete = True
        walk.reason = "the wanted page was read" if pages == 1 else f"the wanted {pages} pages were read"

    def _from_the_front(self) -> Iterator[Page]:
        """Page 0, and then the whole list, down to ``since``, or only what is not held.

        What the credits reach to is looked at once more after page 0: a run's first reply tells of them.
        """
        is_first = not self.memory.coverage.stretches
        run = self._begin("sweep", is_from_front=True)
        is_swept = is_first or self._can_sweep()
        if is_first and self.memory.items is None and self._can_prove():
            self._count_before = self._pages.count()
            self.memory = replace(self.memory, items=self._count_before)
        elif is_swept:
            self._count_if_long(self._estimate())
        page = yield from self._next(0)
        if page is None or self._is_over(page, None):
            return
        if is_first or (is_swept and self._can_sweep(is_begun=True)):
            if is_first:
                self._pages.spare_the_day()
            yield from self._down(1)
            yield from self._prove()
        else:
            run.walk.kind = "head"
            yield from self._head_gaps_refresh(page)

    def _head_gaps_refresh(self, page: Page | None) -> Iterator[Page]:
        """On from page 0 to what is held, then the holes, then a share of what is held."""
        run, held, number = self._run, self.memory.coverage, 1
        was_complete = held.is_complete(since=self._rules.since)
        while page is not None and self._is_sorted and not any(map(held.meets, page.marks)):
            page = yield from self._next(number)
            number += 1
        if page is None or not self._is_sorted:
            return
        self._close_met(run, held)
        yield from self._gaps()
        is_all_held = (was_complete and self._run is run) or self._run.is_broken  # and no hole was read
        if self._is_sorted and not self._others_wait and is_all_held:
            yield from self._refresh(first=number, grown=max(0, self.memory.coverage.items - held.items))

    def _gaps(self, *, until: int | None = None, are_ended: bool = True) -> Iterator[Page]:
        """Close holes, the newest first, until one cannot be closed.

        Args:
            are_ended: whether the hole that reaches to the end of the list is closed, too.
        """
        while (gap := self.memory.coverage.first_gap(since=self._rules.since, until=until)) is not None:
            if gap.below is None and not are_ended:
                return
            before = next((run for run in reversed(self._runs) if run.walk.kind != "refresh"), None)
            run = self._begin("gap")
            pages = math.ceil(((self.memory.items or 0) - gap.offset) / self._size)
            if self._reaches_to(pages + PROOF_CREDITS):
                self._count_if_long(pages)
            first = max(before.numbers) + 1 if before and before.numbers else 0
            number = self._seek(gap.above.oldest, (gap.offset - 1) // self._size, first=first)
            if before and number == first > 0:
                run.marks += before.marks[-1:]  # the walk before has just been there
                run.seen_before = before.seen
            yield from self._down(number, below=gap.below)
            yield from self._prove()
            self._close()
            if not (run.walk.is_complete and self._is_sorted):
                return

    def _refresh(self, *, first: int, grown: int) -> Iterator[Page]:
        """A share of the held pages once more, from where the last run left off; *first* is not read yet.

        The page where it left off comes again, because only that shows that nothing lies between.
        Behind the head itself it goes on from there, so that it covers what lies between the two.
        """
        pages = math.ceil(self.memory.coverage.items / self._size)
        share = math.ceil(pages / self._rules.greatest_age_days)
        at_hand = self._pages.at_hand()
        if at_hand is not None:
            share = at_hand // 2 if self._is_cheap() else min(share, at_hand // 2)
        if share < 1:
            return
        head, run = self._run, self._begin("refresh")
        cursor, start = self.memory.cursor, first
        if cursor:
            start = self._seek(cursor.mark, (cursor.offset + grown - 1) // self._size, first=first)
            share += 1  # for the page where it left off
        if start == first:
            self._go_on_from(head, run)
        for number in range(start, start + share):
            page = yield from self._next(number)
            if not self._is_sorted:
                return
            if page is None or self._is_over(page, None):
                self.memory = replace(self.memory, cursor=None)  # the next one begins behind the head again
                return
            if run.marks:
                offset = number * self._size + len(page.ids)
                self.memory = replace(self.memory, cursor=Cursor(run.marks[-1], offset))
        self._ended(f"{len(run.numbers)} of {max(pages, number + 1)} pages, tonight's share, were read")

    def _close_met(self, run: Run, held: Coverage) -> None:
        """End a head that has come to what is *held*."""
        self._ended("what is held was met")
        run.is_doubtful = held.stretches[0].newest.id not in {mark.id for mark in run.marks}
        self._close()

    def _go_on_from(self, head: Run, run: Run) -> None:
        """Have *run*, which begins right behind *head*, cover what lies between the two."""
        if head.walk.kind == "head" and head.marks and not head.is_doubtful:
            run.marks += head.marks[-1:]
            run.seen_before = head.seen
            run.walk.started_at = head.walk.started_at  # what the head has just shown was not missed

    def _older_than(self, until: int) -> Iterator[Page]:
        """What is older than *until*, found by halving the list instead of reading down to it."""
        held = self.memory.coverage.stretches
        if not any(stretch.newest.at >= until >= stretch.oldest.at for stretch in held):
            run = self._begin("gap")
            number = self._halve(until)
            run.is_from_front = number == 0
            below = next((stretch for stretch in held if stretch.newest.at < until), None)
            yield from self._down(number, below=below)
            self._close()
            if not run.walk.is_complete:
                return
        if self._is_sorted:
            yield from self._gaps(until=until)

    def _halve(self, until: int) -> int:
        """The number of the first page that holds something as old as *until*; pages asked for are kept."""
        if self._is_as_old(0, until):
            return 0
        low, high = 1, math.ceil((self._pages.count() or 0) / self._size)
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
        page = self._pages.one(number)
        is_beyond = not page.ids or any(page.ids == other.ids for other in self._kept.values())
        self._kept[number] = page
        self._page_size = max(self._page_size, len(page.ids))
        return is_beyond or (bool(page.marks) and page.marks[-1].at <= until)

    def _whole(self) -> Iterator[Page]:
        """A list in an order of its own: all of it, or page 0 and from where the last run broke off."""
        resumed_at = self._resumed_at
        run = self._begin("gap" if resumed_at else "sweep", is_from_front=True)
        if not resumed_at:
            self._count_if_long(self._estimate())
        if (yield from self._next(0)) is not None:
            yield from self._down(max(1, resumed_at - 1))  # one page back: deletions pull items forward
        if run.is_to_end and resumed_at > 2:
            run.walk.is_complete = False
            run.walk.doubt = f"pages 1 to {resumed_at - 2} were read by an earlier run"
        yield from self._prove()

    def _first_of_unsorted(self) -> Iterator[Page]:
        """Page 0 of a list in an order of its own that is held: what was added last stands there mostly."""
        walk = self._begin("head", is_from_front=True).walk
        walk.reason, walk.is_left_to_plan = "the rest of it is left to a night that can read it whole", True
        yield from self._next(0)

    def _rest_of_unsorted(self) -> Iterator[Page]:
        """All that has not been read tonight of a list that turned out not to be in the order of time."""
        read: set[int] = set().union(*(run.numbers for run in self._runs))
        is_ended = any(run.is_to_end for run in self._runs)
        left = sorted(set(range(max(read) + 1)) - read)
        if is_ended and not left:
            return  # a sweep was under way, and has read it all
        run = self._begin("gap")
        for number in left:
            if (yield from self._next(number)) is None:
                return
        if not is_ended:
            yield from self._down(max(read) + 1)
        run.walk.is_complete = False
        run.walk.doubt = "it was read in pieces, because it is not sorted by time as expected"

    def _can_sweep(self, *, is_begun: bool = False) -> bool:
        """Whether reading the whole list is worth its price tonight, and can be paid to the end.

        One whose length nobody knows is begun where there is credit for twice what is held of it.
        While lists wait that have never been read to their end, half of the credits are left to them.
        """
        pages = self._estimate()
        if not self._is_cheap():
            return False
        if not pages:
            held = math.ceil(self.memory.coverage.items / self._size)
            return self._pages.at_hand() is not None and self._reaches_to(2 * held + 1)
        needed = pages + 1 + (PROOF_CREDITS if pages >= self._rules.proof_pages else 0)
        return self._reaches_to(needed - 1 if is_begun else needed)

    def _can_prove(self) -> bool:
        """Whether a list of unknown length may turn out to be long, and there is credit for its proof."""
        return self._rules.since is None and self._reaches_to(2 * self._rules.proof_pages)

    def _reaches_to(self, requests: int) -> bool:
        """Whether the credits at hand are enough for so many *requests*, as far as they are known."""
        at_hand = self._pages.at_hand()
        return at_hand is None or requests <= (at_hand // 2 if self._others_wait else at_hand)

    def _is_cheap(self) -> bool:
        return self._estimate() <= self._rules.sweep_share * self._pages.day_credits()

    def _estimate(self) -> int:
        """Pages that a sweep has to read; 0 where that is not known."""
        coverage, since, items = self.memory.coverage, self._rules.since, self.memory.items
        if coverage.is_complete(since=since) and (since is not None or items is None):
            items = coverage.items
        return math.ceil((items or 0) / self._size)
