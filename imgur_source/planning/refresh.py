"""Which stored pages to read once more, for so many credits: pure.

What a page is worth comes from ``forecast``; how many credits there are for
stored pages is ``planner``'s to decide.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal

from imgur_source.planning.forecast import PageValue

HOT_SHARE = 0.5  # of the expected change: the fewest pages that hold it are hot, and come before children
OVERDUE_SHARE = 0.5  # of these credits, at most: for pages unseen for the greatest age
WORTH_A_CREDIT = 1.0  # expected change of a page below which only its age is a reason to read it

Heat = Literal["hot", "cold"]


class Refresh:
    """The stored pages that are worth reading, the best first.

    Args:
        pages: all that may be read.
        overdue_at: what was not seen since then is overdue, seconds since the epoch.
        pages_a_list: so many of each list at the most, by its name.

    Attributes:
        pages: what changes or is overdue.
    """

    def __init__(
        self, pages: Sequence[PageValue], *, overdue_at: int, pages_a_list: Mapping[str, int]
    ) -> None:
        self._overdue_at = overdue_at
        of_list: Counter[str] = Counter()
        worth: list[PageValue] = []
        for page in sorted(pages, key=lambda page: (not self.is_overdue(page), *_best_first(page))):
            is_worth = page.value >= WORTH_A_CREDIT or self.is_overdue(page)
            if is_worth and of_list[page.list] < pages_a_list[page.list]:
                of_list[page.list] += 1
                worth.append(page)
        self.pages = sorted(worth, key=_best_first)
        self._hot = _hottest(page for page in self.pages if page.is_learned)

    def is_overdue(self, page: PageValue) -> bool:
        """Whether *page* was unseen for the greatest age."""
        return page.seen_at <= self._overdue_at

    def heat(self, page: PageValue) -> Heat:
        """Whether *page* is one of the few that hold most of the change."""
        return "hot" if page in self._hot else "cold"

    def is_late(self, page: PageValue) -> bool:
        """Whether *page* is read only with credits that nothing else wants: nothing but its age is known."""
        return not (page.is_learned or self.is_overdue(page))

    def price(self, heat: Heat) -> int:
        """Credits that all hot, or all cold pages take; late ones are left aside."""
        return price_of(page for page in self.pages if self.heat(page) == heat and not self.is_late(page))

    def oldest(self, name: str, credits: int, *, most_hot: int, most_cold: int) -> set[PageValue]:
        """The longest unseen pages of the list *name* that *credits* reach to."""
        of_list = [page for page in self.pages if page.list == name and page.price]
        found: set[PageValue] = set()
        by_age = sorted(of_list, key=lambda page: (page.seen_at, *_best_first(page)))
        self._take(by_age, credits, {"hot": most_hot, "cold": most_cold}, found)
        return found

    def chosen(
        self, credits: int, *, most_hot: int, most_cold: int, first: Collection[PageValue] = ()
    ) -> set[PageValue]:
        """The pages to read for *credits*: the overdue, then those of most value.

        Args:
            first: pages that are read in any case, and are paid for apart.
        """
        room: dict[Heat, int] = {"hot": most_hot, "cold": most_cold}
        pages = [page for page in self.pages if not self.is_late(page)]
        overdue = sorted(
            (page for page in pages if self.is_overdue(page)),
            key=lambda page: (page.seen_at, *_best_first(page)),
        )
        found: set[PageValue] = set(first)
        paid = price_of(found)
        for found_in, share in ((overdue, math.floor(credits * OVERDUE_SHARE)), (pages, credits)):
            self._take(found_in, share - (price_of(found) - paid), room, found)
        return found

    def late(self, credits: int, *, most: int, first: Collection[PageValue] = ()) -> set[PageValue]:
        """The longest unseen late pages that *credits* reach to, at *most* so many, none of *first*."""
        pages = sorted(
            (page for page in self.pages if self.is_late(page)),
            key=lambda page: (page.seen_at, page.list, page.page),
        )
        found = set(first)
        self._take(pages, credits, {"hot": 0, "cold": most}, found)
        return found.difference(first)

    def _take(
        self, pages: Iterable[PageValue], credits: int, room: dict[Heat, int], found: set[PageValue]
    ) -> None:
        """Add the first of *pages* to what is *found*, as far as *credits* and *room* reach."""
        for page in pages:
            heat = self.heat(page)
            if page not in found and page.price <= min(credits, room[heat]):
                found.add(page)
                credits -= page.price
                room[heat] -= page.price


def price_of(pages: Iterable[PageValue]) -> int:
    """Credits that *pages* take."""
    return sum(page.price for page in pages)


def _best_first(page: PageValue) -> tuple[float, str, int]:
    return -page.value, page.list, page.page


def _hottest(pages: Iterable[PageValue]) -> set[PageValue]:
    """The first of *pages*, in falling order of value, that together hold most of it."""
    pages = list(pages)
    limit = HOT_SHARE * sum(page.value for page in pages)
    found: set[PageValue] = set()
    held = 0.0
    for page in pages:
        if held >= limit:
            break
        found.add(page)
        held += page.value
    return found
