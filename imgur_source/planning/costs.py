"""What things cost: the credits of accounts, feeds, lists and details, least, likely and most. Pure.

What of it is granted is ``planning``'s to decide.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, NamedTuple

PROOF_CREDITS = 3  # the count of a list before and after a scan, and page 0 once more
BATCH = 4  # items that come together: uploads come in albums, so their number spreads more widely
SIGMAS = 3.0  # of the spread of a number of new items, up to the most that is planned for
RATIO_BOUNDS = (0.5, 2.0)  # what was spent, beside what was likely, corrects an estimate no further


class Price(NamedTuple):
    """Credits that something takes."""

    least: int
    likely: int
    most: int

    def corrected(self, ratio: float | None) -> Price:
        """This price where such things took *ratio* times what was likely; None where it is not known."""
        if ratio is None:
            return self
        low, high = RATIO_BOUNDS
        likely = round(self.likely * min(high, max(low, ratio)))
        likely = max(likely, min(1, self.likely))
        return Price(min(self.least, likely), likely, max(self.most, likely))


@dataclass(frozen=True, slots=True)
class StoredList:
    """What is stored of one list of an account.

    Attributes:
        items: how many it has, as last known; None where it is not known.
        page_size: items a page, as last seen or as expected.
        is_begun: whether anything of it is stored.
        is_complete: whether nothing waits to be read for the first time but new items.
        missing_pages: pages of its gaps, as far as known; None where it is not known.
        near_pages: of these, pages of gaps above something that is stored, which fronts have left.
        new_per_day: items that came a day, lately; None where it is not known.
        days_since_read: days since its front was read; None where it never was.
        has_count: whether Imgur tells how many items it has.
        is_sorted: whether its newest item comes first.
        is_absent: whether Imgur answered the last time that there is no such list for us.
        is_read: whether its front was read in this very run, before the credits of an hour ended.
        ages: when each of its pages, the empty one among them, was last read, seconds since the epoch;
            0 where it was not.
        stored_pages: pages from the first one on that are stored, without a gap.
    """

    name: str
    items: int | None = None
    page_size: int = 50
    is_begun: bool = False
    is_complete: bool = False
    missing_pages: int | None = 0
    near_pages: int = 0
    new_per_day: float | None = None
    days_since_read: float | None = None
    has_count: bool = False
    is_sorted: bool = True
    is_absent: bool = False
    is_read: bool = False
    ages: tuple[int, ...] = ()
    stored_pages: int = 0

    @property
    def pages(self) -> int | None:
        """Pages that had items when it was last read; None where it is not known."""
        return None if self.items is None else math.ceil(self.items / self.page_size)

    @property
    def expected_new(self) -> int:
        """New items to expect since its front was read."""
        return round(self._new)

    @property
    def most_new(self) -> int:
        """New items that hardly ever are exceeded."""
        return math.ceil(self._new + SIGMAS * math.sqrt(BATCH * max(1.0, self._new)))

    @property
    def _new(self) -> float:
        days = 1.0 if self.days_since_read is None else self.days_since_read
        return (self.new_per_day or 0.0) * max(0.0, days) if self.is_begun else 0.0


@dataclass(frozen=True, slots=True)
class Fixed:
    """Something of a fixed price: an account, or a feed at its slot.

    Attributes:
        pages_before: what the last readings took on average; None where there was none.
    """

    name: str
    kind: Literal["account", "feed"]
    pages: int = 1
    pages_before: float | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """Details or looks of one resource, 1 credit each.

    Attributes:
        known: how many are due as far as the warehouse knows.
        usual: how many a run took lately; None where there was no run.
        at_most: how many there can be, those that only this run's lists will show left aside.
        of: the resource of the lists whose new items bring them; empty where there is none.
    """

    name: str
    kind: Literal["details", "looks"]
    known: int = 0
    usual: float | None = None
    at_most: int = 0
    of: str = ""


@dataclass(frozen=True, slots=True)
class PlanRules:
    """The settings that a plan heeds; see ``Settings`` for the names that are the same."""

    sweep_share: float
    greatest_age: timedelta
    proof_pages: int
    is_bounded: bool = False  # start_date or end_date is set: the count of a list says little


def fixed_price(fixed: Fixed) -> Price:
    """An account is one request; a feed has its pages, or fewer where it ends before."""
    before = fixed.pages if fixed.pages_before is None else round(fixed.pages_before)
    return Price(1, max(1, min(fixed.pages, before)), fixed.pages)


def front_price(held: StoredList) -> Price:
    """From page 0 down to what is stored, through the gaps that fronts have left.

    Of a list that was never read it is page 0, and the count of it where Imgur has one.
    """
    if held.is_absent or not held.is_sorted:
        return Price(1, 1, 1)
    if not held.is_begun:
        return Price(1, 1 + held.has_count, 1 + held.has_count)
    holes = held.near_pages + 1 if held.near_pages else 0  # the page where a front left off comes again
    likely = 1 + held.expected_new // held.page_size + holes
    most = 1 + math.ceil(held.most_new / held.page_size) + (holes + 1 if holes else 0)
    return Price(1, likely, max(likely, most))


def sweep_price(held: StoredList, rules: PlanRules) -> Price:
    """The whole list: its pages and the empty one, for Imgur has no other end, and what proves it."""
    if held.items is None:
        return Price(1, 2 + held.has_count, 2 + held.has_count)
    grown = [held.items, held.items + held.expected_new, held.items + held.most_new]
    least, likely, most = (
        pages + 1 + _proof(pages, held, rules) for pages in (math.ceil(n / held.page_size) for n in grown)
    )
    return Price(min(least, likely), likely, most + 2)  # new items may push the proof's page 0 twice


def _proof(pages: int, held: StoredList, rules: PlanRules) -> int:
    """Credits that prove a scan of so many *pages*; the first one asks for the count before it knows."""
    if not held.has_count or rules.is_bounded:
        return 0
    if pages >= rules.proof_pages:
        return PROOF_CREDITS
    return 0 if held.is_begun else 1


def backfill_price(held: StoredList, rules: PlanRules, *, day: int) -> Price | None:
    """What waits to be read for the first time below the front; None where nothing does."""
    if held.is_absent or held.is_complete:
        return None
    if not held.is_begun:
        if held.items is None:
            return Price(0, 1, day)
        rest = sweep_price(held, rules).likely - front_price(held).likely
        return Price(rest, rest, rest + 3) if rest > 0 else None
    if held.missing_pages is None:
        return Price(1, 1, day)
    pages = held.missing_pages - held.near_pages
    if pages <= 0:
        return None
    proof = PROOF_CREDITS if held.has_count and pages >= rules.proof_pages and not rules.is_bounded else 0
    return Price(pages, pages + 1 + proof, pages + 3 + proof)  # the page where it left off, the empty one


def due_price(due: Due, lists: Sequence[StoredList], *, day: int) -> Price:
    """What is known to be due, and what this run's lists will show.

    Half of what is known at the least: a list of which only the front is read does not show the rest.
    """
    if due.kind == "looks":
        return Price(0, due.known, max(due.known, due.at_most))
    parents = [held for held in lists if due.of and held.name.startswith(f"{due.of}/")]
    likely = due.known + round(due.usual or 0.0)
    if due.usual is None:
        likely += sum(held.items or 0 for held in parents if not held.is_begun)
    most = max(due.at_most, due.known) + sum(held.most_new for held in parents)
    for held in parents:
        if not held.is_complete:
            most += day if held.items is None else held.items
    return Price(min(due.known // 2, likely), likely, max(likely, most))
