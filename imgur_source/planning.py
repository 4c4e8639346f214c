"""What to fetch with the credits there are, in which order, and what it will cost: pure.

Facts go in (what is held of each list, what was last seen of each item, how many
details are due, how many credits there are), a plan with prices comes out. No
clock, no I/O; what a walk does with its order is ``reading``'s to know. What things
cost stands in ``prices``, what pages are worth in ``expectation``.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Literal

from imgur_source.expectation import Layout, Observed, PageValue, Policy, page_values
from imgur_source.prices import (
    Due,
    Fixed,
    HeldList,
    Price,
    Rules,
    backfill_price,
    due_price,
    fixed_price,
    front_price,
    sweep_price,
)

__all__ = [
    "Budget",
    "Due",
    "Fixed",
    "HeldList",
    "Kind",
    "Line",
    "Observed",
    "Order",
    "Plan",
    "Policy",
    "Rules",
    "Tier",
    "make_plan",
]

HOT_SHARE = 0.5  # of the expected change: the fewest pages that hold it are hot, and come before details
EXPLORED_SHARE = 0.1  # of the credits for held pages: for the longest unseen, so that no estimate is for ever
OVERDUE_SHARE = 0.5  # of the credits for held pages, at most: for those unseen for the greatest age
FIRST_READ_SHARE = (
    0.5  # of what the fronts leave, at least: else held pages would keep a first load from its end
)
WORTH_A_CREDIT = 1.0  # expected change of a page below which only its age is a reason to read it
BOUNDLESS = 1_000_000_000  # credits, where nothing limits them


class Tier(IntEnum):
    """The classes in which credits are spent, most wanted first (docs/decisions.md)."""

    FRONT = 0  # accounts, new items, holes near the head, feeds at their slots, whole lists that are cheap
    HOT = 1  # held pages whose counters are expected to move most
    DETAILS = 2  # comment trees and images of what has moved, looks at missing items
    COLD = 3  # other held pages, the longest unseen among them
    BACKFILL = 4  # holes far down, and the rest of first loads


Kind = Literal["account", "feed", "sweep", "head", "hot", "details", "looks", "cold", "backfill"]


@dataclass(frozen=True, slots=True)
class Budget:
    """The credits of a night.

    Attributes:
        credits: that the night may spend in all; None where nothing limits it.
        now: of these, what may be spent before anything is waited for; None where nobody knows.
        an_hour: what comes back each hour.
        day: credits of the application's day, its limit.
        for_backfill: of ``credits``, what backfill may use: it stops at twice the day's floor.
        caps: the most credits of a tier; a tier without one has no cap of its own.
    """

    credits: int | None
    now: int | None
    an_hour: int
    day: int
    for_backfill: int | None = None
    caps: tuple[tuple[Tier, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a plan.

    Attributes:
        least, likely, most: credits that it takes, if all of it is done.
        granted: credits that it may spend tonight.
        pages: for hot and cold: the held pages to read once more, numbered as last seen.
        reason: why it is there, in words.
        left_out: likely credits that are not granted tonight.
        turn: when what is left out, or has to wait tonight, has its turn, in words; empty where nothing does.
        uncorrected: what was likely before earlier runs corrected it; to be kept with what was spent.
    """

    name: str
    kind: Kind
    tier: Tier
    least: int
    likely: int
    most: int
    granted: int
    reason: str
    pages: tuple[int, ...] = ()
    left_out: int = 0
    turn: str = ""
    uncorrected: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """What a plan allows for one list.

    Attributes:
        is_swept: whether it is read whole, in one walk from the front.
        hot, cold: held pages to read once more, numbered as last seen, in rising order: page
            p is now p + round(new items / page size).
        backfill: credits for what was never read, below the front.
    """

    is_swept: bool = False
    hot: tuple[int, ...] = ()
    cold: tuple[int, ...] = ()
    backfill: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a night does, in the order in which credits go to it."""

    lines: tuple[Line, ...]
    budget: Budget
    made_at: datetime

    @property
    def least(self) -> int:
        """Credits of all lines, if all goes well and all is done."""
        return sum(line.least for line in self.lines)

    @property
    def likely(self) -> int:
        """Credits that doing all of it is expected to take."""
        return sum(line.likely for line in self.lines)

    @property
    def most(self) -> int:
        """Credits of all lines that hardly ever are exceeded."""
        return sum(line.most for line in self.lines)

    @property
    def granted(self) -> int:
        """Credits that tonight may spend; those that lines need only at their most are among them."""
        return sum(line.granted for line in self.lines)

    @property
    def expected(self) -> int:
        """Credits that tonight is expected to spend."""
        return sum(min(line.granted, line.likely) for line in self.lines)

    @property
    def left_out(self) -> int:
        """Likely credits that are not granted tonight."""
        return sum(line.left_out for line in self.lines)

    @property
    def hours(self) -> int | None:
        """Full hours to wait for credits until tonight's part is done; None where none come back."""
        return _hours_for(self.expected, self.budget)

    def order_for(self, name: str) -> Order:
        """What is allowed for the list *name*."""
        of_list = [line for line in self.lines if line.name == name]
        return Order(
            is_swept=any(line.kind == "sweep" and line.granted for line in of_list),
            hot=next((line.pages for line in of_list if line.kind == "hot"), ()),
            cold=next((line.pages for line in of_list if line.kind == "cold"), ()),
            backfill=sum(line.granted for line in of_list if line.kind == "backfill"),
        )


def make_plan(
    *,
    fixed: Sequence[Fixed],
    lists: Sequence[HeldList],
    observed: Sequence[Observed],
    due: Sequence[Due],
    budget: Budget,
    rules: Rules,
    now: datetime,
    spent_before: Mapping[tuple[str, str], float] | None = None,
    policy: Policy = "expected_change",
) -> Plan:
    """Decide what the credits of *budget* are spent on.

    Args:
        fixed, lists, due: in the order in which they are read.
        spent_before: what lines took lately beside what was likely, by name and kind.
        policy: what a held page is worth: the change that is expected, or how long it is due by its age.
    """
    planner = _Planner(
        lists=lists, budget=budget, rules=rules, ratios=spent_before or {}, now=int(now.timestamp())
    )
    planner.plan_fronts(fixed, due)
    planner.plan_details(due)
    planner.plan_backfill()
    planner.grant(planner.pages_of(observed, policy))
    return Plan(planner.lines(), budget, now)


@dataclass(slots=True, eq=False)
class _Draft:
    """A line before its credits are granted; *wanted* is what it may take where its price is unknown."""

    name: str
    kind: Kind
    tier: Tier
    price: Price
    reason: str
    uncorrected: int
    wanted: int = 0
    granted: int = 0
    pages: tuple[int, ...] = ()


class _Planner:
    """The making of one plan.

    Credits are granted tier by tier, for the likely price of each line; what is
    left in the end goes to lines that may need more.
    """

    def __init__(
        self,
        *,
        lists: Sequence[HeldList],
        budget: Budget,
        rules: Rules,
        ratios: Mapping[tuple[str, str], float],
        now: int,
    ) -> None:
        self._lists = lists
        self._budget = budget
        self._rules = rules
        self._ratios = ratios
        self._now = now
        self._left = BOUNDLESS if budget.credits is None else max(0, budget.credits)
        caps = dict(budget.caps)
        self._caps = {tier: caps.get(tier, BOUNDLESS) for tier in Tier}
        limit = BOUNDLESS if budget.for_backfill is None else max(0, budget.for_backfill)
        self._caps[Tier.BACKFILL] = min(self._caps[Tier.BACKFILL], limit)
        self._drafts: dict[Tier, list[_Draft]] = {tier: [] for tier in Tier}

    # what there is to do

    def plan_fronts(self, fixed: Sequence[Fixed], due: Sequence[Due]) -> None:
        """Accounts, fronts and feeds; whole lists where all that is cheap fits into the credits."""
        accounts = [self._fixed(one) for one in fixed if one.kind == "account"]
        feeds = [self._fixed(one) for one in fixed if one.kind == "feed"]
        details = sum(draft.price.likely for draft in self._details(due))
        swept = [self._sweep(held) if self._is_cheap(held) else self._front(held) for held in self._lists]
        if sum(draft.price.likely for draft in [*accounts, *swept, *feeds]) + details > self._left:
            swept = [self._front(held) for held in self._lists]
        elif self._first_reads(swept) > self._caps[Tier.BACKFILL]:
            swept = [
                self._front(held) if draft.kind == "sweep" and not held.is_begun else draft
                for held, draft in zip(self._lists, swept, strict=True)
            ]
        self._drafts[Tier.FRONT] = [*accounts, *swept, *feeds]

    def plan_details(self, due: Sequence[Due]) -> None:
        """Details and looks."""
        self._drafts[Tier.DETAILS] = self._details(due)

    def plan_backfill(self) -> None:
        """What was never read of the lists that are not read whole."""
        for held in self._lists:
            price = backfill_price(held, self._rules, day=self._budget.day)
            if self._is_swept(held.name) or price is None:
                continue
            is_known = held.missing_pages is not None if held.is_begun else held.items is not None
            if not held.is_sorted and held.is_begun:
                reason = "an earlier reading broke off"
            elif not is_known:
                reason = "how long it is, nobody knows yet"
            else:
                reason = f"about {_number(price.likely, 'page')} never read"
            draft = self._draft(held.name, "backfill", Tier.BACKFILL, price, reason)
            draft.wanted = draft.price.likely if is_known else price.most
            self._drafts[Tier.BACKFILL].append(draft)

    def pages_of(self, observed: Sequence[Observed], policy: Policy) -> list[PageValue]:
        """The held pages that may be read once more, best first."""
        lists = {
            held.name: held
            for held in self._lists
            if held.is_begun and held.is_sorted and not held.is_absent and not self._is_swept(held.name)
        }
        found = page_values(
            observed,
            layouts={name: Layout(held.page_size, held.expected_new) for name, held in lists.items()},
            now=self._now,
            policy=policy,
        )
        for name in sorted(lists.keys() - {page.list for page in found}):
            found += self._in_turn(lists[name])
        return sorted(found, key=_best_first)

    def _in_turn(self, held: HeldList) -> list[PageValue]:
        """Pages of a list of whose items nothing is known: each has its night within the greatest age."""
        nights = max(1, self._rules.greatest_age.days)
        tonight = self._now // 86_400 % nights
        overdue = self._now - int(self._rules.greatest_age.total_seconds())
        return [
            PageValue(held.name, page, 0.0, overdue)
            for page in range(1, held.pages or 0)
            if page % nights == tonight
        ]

    # what is granted

    def grant(self, pages: list[PageValue]) -> None:
        """Give the credits out, in the order of the tiers."""
        self._grant_in_order(Tier.FRONT)
        waiting = sum(max(draft.wanted, draft.price.likely) for draft in self._drafts[Tier.BACKFILL])
        kept = min(waiting, self._caps[Tier.BACKFILL], math.floor(self._left * FIRST_READ_SHARE))
        self._left -= kept
        pages = self._worth_reading(pages)
        hot = _hottest(pages)
        for_hot = min(_price_of(hot), self._left, self._caps[Tier.HOT])
        self._left -= for_hot
        self._grant_in_order(Tier.DETAILS)
        for_cold = min(_price_of(pages) - _price_of(hot), self._left, self._caps[Tier.COLD])
        self._left -= for_cold
        chosen = self._chosen(pages, for_hot + for_cold)
        self._left += for_hot + for_cold - _price_of(chosen)
        self._plan_pages(pages, hot, chosen)
        self._sweep_what_is_whole(pages, chosen)
        self._grant_unsorted()
        self._left += kept
        self._grant_evenly(Tier.BACKFILL)
        for tier in (Tier.FRONT, Tier.DETAILS, Tier.BACKFILL):
            for draft in self._drafts[tier]:
                if draft.granted >= draft.price.likely:
                    self._give(draft, draft.price.most - draft.granted)

    def _give(self, draft: _Draft, credits: int) -> None:
        credits = max(0, min(credits, self._left, self._caps[draft.tier]))
        draft.granted += credits
        self._left -= credits
        self._caps[draft.tier] -= credits

    def _grant_in_order(self, tier: Tier) -> None:
        for draft in self._drafts[tier]:
            if draft.kind != "sweep" or draft.price.likely <= min(self._left, self._caps[tier]):
                self._give(draft, draft.price.likely)

    def _grant_evenly(self, tier: Tier) -> None:
        """To each the same, as far as it is wanted: a long first load must not keep short ones waiting."""
        open_drafts = sorted(self._drafts[tier], key=lambda draft: draft.wanted)
        for place, draft in enumerate(open_drafts):
            at_hand = min(self._left, self._caps[tier])
            self._give(draft, min(draft.wanted, at_hand // (len(open_drafts) - place)))

    def _grant_unsorted(self) -> None:
        """Whole readings of lists without an order of time, which cannot be read in part."""
        for held in self._lists:
            is_whole = held.is_begun and held.is_complete and not held.is_sorted and not held.is_absent
            if not is_whole or self._is_swept(held.name):
                continue
            price = sweep_price(held, self._rules)
            rest = Price(*(max(0, credits - 1) for credits in price))
            draft = self._draft(
                held.name,
                "sweep",
                Tier.COLD,
                rest,
                "it has no order of time, so it is read whole or not at all",
            )
            if draft.price.likely <= min(self._left, self._caps[Tier.COLD]):
                self._give(draft, draft.price.likely)
            self._drafts[Tier.COLD].append(draft)

    def _worth_reading(self, pages: list[PageValue]) -> list[PageValue]:
        """What may be read of *pages*: what changes or is overdue, and no more of a list than its share."""
        overdue, share = self._overdue_at, self._sweep_limit
        of_list: Counter[str] = Counter()
        found = []
        for page in sorted(pages, key=lambda page: (page.seen_at > overdue, *_best_first(page))):
            if of_list[page.list] < share and (page.value >= WORTH_A_CREDIT or page.seen_at <= overdue):
                of_list[page.list] += 1
                found.append(page)
        return sorted(found, key=_best_first)

    def _chosen(self, pages: list[PageValue], credits: int) -> set[PageValue]:
        """The pages to read for *credits*: the overdue, the longest unseen, and those of most value."""
        by_age = sorted(pages, key=lambda page: (page.seen_at, *_best_first(page)))
        overdue = [page for page in by_age if page.seen_at <= self._overdue_at]
        chosen = _taken(overdue, math.floor(credits * OVERDUE_SHARE))
        chosen |= _taken(by_age, round(credits * EXPLORED_SHARE))
        rest = [page for page in pages if page not in chosen]
        return chosen | _taken(rest, credits - _price_of(chosen))

    def _plan_pages(self, pages: list[PageValue], hot: set[PageValue], chosen: set[PageValue]) -> None:
        total = sum(page.value for page in pages) or 1.0
        kinds: tuple[tuple[Kind, Tier], ...] = (("hot", Tier.HOT), ("cold", Tier.COLD))
        for held in self._lists:
            for kind, tier in kinds:
                mine = [page for page in pages if page.list == held.name and (page in hot) == (kind == "hot")]
                if not mine:
                    continue
                read = [page for page in mine if page in chosen]
                share = sum(page.value for page in mine) / total
                reason = f"{_number(len(mine), 'held page')} with {share:.0%} of the change that is expected"
                overdue = sum(page.seen_at <= self._overdue_at for page in mine)
                if overdue:
                    reason += f", {overdue} unseen for {self._rules.greatest_age.days} days"
                price = Price(*[_price_of(mine)] * 3)
                draft = _Draft(held.name, kind, tier, price, reason, price.likely, granted=_price_of(read))
                draft.pages = tuple(sorted(page.page for page in read))
                self._drafts[tier].append(draft)

    def _sweep_what_is_whole(self, pages: list[PageValue], chosen: set[PageValue]) -> None:
        """A list of which every page is read anyway is read in one walk, where its proof can be paid."""
        of_list: Counter[str] = Counter()
        for page in chosen:
            of_list[page.list] += page.price
        for held in self._lists:
            front = next(draft for draft in self._drafts[Tier.FRONT] if draft.name == held.name)
            if front.kind == "sweep" or not held.pages or not of_list[held.name]:
                continue
            paid = front.granted + of_list[held.name]
            draft = self._sweep(held)
            if not held.is_complete or paid < held.pages or draft.price.likely - paid > self._left:
                continue
            self._left += paid
            for tier in (Tier.HOT, Tier.COLD):
                self._drafts[tier] = [other for other in self._drafts[tier] if other.name != held.name]
            fronts = self._drafts[Tier.FRONT]
            fronts[fronts.index(front)] = draft
            draft.granted = draft.price.likely
            self._left -= draft.granted

    # the lines

    def lines(self) -> tuple[Line, ...]:
        """The lines of the plan, in the order in which credits go to them."""
        found = []
        spent = 0
        for tier in Tier:
            for draft in self._drafts[tier]:
                left_out = max(0, draft.price.likely - draft.granted)
                spent += min(draft.granted, draft.price.likely)
                found.append(
                    Line(
                        draft.name,
                        draft.kind,
                        tier,
                        *draft.price,
                        granted=draft.granted,
                        reason=draft.reason,
                        pages=draft.pages,
                        left_out=left_out,
                        turn=self._turn(draft, left_out, spent),
                        uncorrected=draft.uncorrected,
                    )
                )
        return tuple(found)

    def _turn(self, draft: _Draft, left_out: int, spent: int) -> str:
        hours = _hours_for(spent, self._budget) if draft.granted else 0
        if left_out and draft.granted:
            nights = math.ceil(left_out / draft.granted)
            return "in the next night" if nights == 1 else f"in about {nights} nights"
        if left_out and draft.tier is Tier.FRONT:
            return "first thing in the next night"
        if left_out:
            return "in a night that has credits left for it"
        if hours:
            return f"when the hour's credits return, in {_number(hours, 'hour')}"
        return ""

    # parts

    @property
    def _overdue_at(self) -> int:
        return self._now - int(self._rules.greatest_age.total_seconds())

    @property
    def _sweep_limit(self) -> int:
        """Pages of a list that a night may read once more."""
        return math.floor(self._rules.sweep_share * self._budget.day)

    def _draft(self, name: str, kind: Kind, tier: Tier, price: Price, reason: str) -> _Draft:
        corrected = price.corrected(self._ratios.get((name, kind)))
        return _Draft(name, kind, tier, corrected, reason, price.likely)

    def _fixed(self, fixed: Fixed) -> _Draft:
        reason = "the account" if fixed.kind == "account" else "a feed at its slot"
        return self._draft(fixed.name, fixed.kind, Tier.FRONT, fixed_price(fixed), reason)

    def _details(self, due: Iterable[Due]) -> list[_Draft]:
        found = []
        for one in due:
            price = due_price(one, self._lists, day=self._budget.day)
            if not price.most:
                continue
            reason = f"{one.known} known to be due"
            if one.usual is not None:
                reason += f", about {round(one.usual)} more as in other nights"
            found.append(self._draft(one.name, one.kind, Tier.DETAILS, price, reason))
        return found

    def _is_cheap(self, held: HeldList) -> bool:
        """Whether reading it whole is worth its price, or has to be done once anyway."""
        if held.is_absent:
            return False
        if held.items is None:
            return self._budget.credits is None and not held.is_begun
        return not held.is_begun or math.ceil(held.items / held.page_size) <= self._sweep_limit

    def _sweep(self, held: HeldList) -> _Draft:
        price = sweep_price(held, self._rules)
        if held.items is None:
            reason = "the first load; how long it is, nobody knows yet"
            draft = self._draft(held.name, "sweep", Tier.FRONT, price, reason)
            draft.price = draft.price._replace(most=self._budget.day)
            return draft
        first = "" if held.is_begun else "the first load: "
        reason = f"{first}all of about {_number(held.items + held.expected_new, 'item')}"
        return self._draft(held.name, "sweep", Tier.FRONT, price, reason)

    def _front(self, held: HeldList) -> _Draft:
        if held.is_absent:
            reason = "there was no such list for us the last time"
        elif not held.is_begun:
            reason = "its first page: it was never read"
        elif held.new_per_day is None:
            reason = "new items; how many come a day, nobody knows yet"
        else:
            reason = f"about {_number(held.expected_new, 'new item')}"
        if held.is_begun and held.near_pages:
            reason += f", and {_number(held.near_pages, 'page')} that an earlier front has left"
        return self._draft(held.name, "head", Tier.FRONT, front_price(held), reason)

    def _is_swept(self, name: str) -> bool:
        return any(draft.kind == "sweep" and draft.name == name for draft in self._drafts[Tier.FRONT])

    def _first_reads(self, drafts: list[_Draft]) -> int:
        """Credits of *drafts* that go into pages never read before, beyond the first."""
        names = {held.name for held in self._lists if not held.is_begun}
        return sum(
            draft.price.likely - 1 for draft in drafts if draft.kind == "sweep" and draft.name in names
        )


def _best_first(page: PageValue) -> tuple[float, str, int]:
    return -page.value, page.list, page.page


def _price_of(pages: Iterable[PageValue]) -> int:
    return sum(page.price for page in pages)


def _taken(pages: Iterable[PageValue], credits: int) -> set[PageValue]:
    """The first of *pages* that so many *credits* pay for."""
    found: set[PageValue] = set()
    for page in pages:
        if page.price <= credits:
            found.add(page)
            credits -= page.price
    return found


def _hottest(pages: list[PageValue]) -> set[PageValue]:
    """The first of *pages*, in falling order of value, that together hold most of it."""
    limit = HOT_SHARE * sum(page.value for page in pages)
    found: set[PageValue] = set()
    held = 0.0
    for page in pages:
        if held >= limit:
            break
        found.add(page)
        held += page.value
    return found


def _hours_for(credits: int, budget: Budget) -> int | None:
    """Full hours until so many *credits* can have been spent; None where none come back."""
    if budget.now is None or credits <= budget.now:
        return 0
    return math.ceil((credits - budget.now) / budget.an_hour) if budget.an_hour else None


def _number(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"
