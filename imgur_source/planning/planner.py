"""What to fetch with the credits there are, in which order, and what it will cost: pure.

Facts go in (what is stored of each list, what was last seen of each item, how many
details are due, how many credits there are), a plan with prices comes out. No
clock, no I/O; what a scan does with its order is ``reading``'s to know. What things
cost stands in ``prices``, what pages are worth in ``expectation``, which of them are
read in ``refresh``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from imgur_source.planning.costs import (
    Due,
    Fixed,
    PlanRules,
    Price,
    StoredList,
    backfill_price,
    due_price,
    fixed_price,
    front_price,
    sweep_price,
)
from imgur_source.planning.forecast import DAY, Layout, Observation, PageValue, Policy, page_values
from imgur_source.planning.plan import Budget, Line, LineKind, Order, Plan, Tier, line_key
from imgur_source.planning.refresh import Heat, Refresh, price_of

__all__ = [
    "Budget",
    "Due",
    "Fixed",
    "Line",
    "LineKind",
    "Observation",
    "Order",
    "Plan",
    "PlanRules",
    "Policy",
    "StoredList",
    "Tier",
    "make_plan",
]

FIRST_READ_SHARE = (
    0.5  # of what the fronts leave, at least: else stored pages would keep a first load from its end
)
FEWEST_BACKFILL = 2  # credits: the first one reads the page where the last reading left off
WORTH_UNSEEN = 0.75 * DAY  # seconds after which a page of whose items nothing is known is worth a credit
RUNS_PASSED_OVER = 3  # in a row without a credit, after which a line comes before all others
HEATS: tuple[tuple[Heat, Tier], ...] = (("hot", Tier.HOT), ("cold", Tier.COLD))
BOUNDLESS = 1_000_000_000  # credits, where nothing limits them


def make_plan(
    *,
    fixed: Sequence[Fixed],
    lists: Sequence[StoredList],
    observed: Sequence[Observation],
    due: Sequence[Due],
    budget: Budget,
    rules: PlanRules,
    now: datetime,
    spent_before: Mapping[tuple[str, str], float] | None = None,
    passed_over: Mapping[str, int] | None = None,
    policy: Policy = "expected_change",
) -> Plan:
    """Decide what the credits of *budget* are spent on.

    Args:
        fixed, lists, due: in the order in which they are read.
        spent_before: what lines took lately beside what was likely, by name and kind.
        passed_over: runs in a row in which a line was wanted and got nothing, by ``Line.key``.
        policy: what a stored page is worth: the change that is expected, or how long it is due by its age.
    """
    planner = _Planner(
        lists=lists,
        budget=budget,
        rules=rules,
        ratios=spent_before or {},
        passed_over=passed_over or {},
        now=int(now.timestamp()),
    )
    planner.plan_fronts(fixed, due)
    planner.plan_details(due)
    planner.plan_backfill()
    planner.plan_unsorted()
    planner.grant(planner.pages_of(observed, policy))
    return Plan(planner.lines(), budget, now)


@dataclass(slots=True, eq=False)
class _Draft:
    """A line before its credits are granted; *wanted* is what it may take where its price is unknown."""

    name: str
    kind: LineKind
    tier: Tier
    price: Price
    reason: str
    uncorrected: int
    wanted: int = 0
    granted: int = 0
    pages: tuple[int, ...] = ()
    begins: tuple[int | None, ...] = ()
    comes_first: bool = False

    @property
    def key(self) -> str:
        return line_key(self.name, self.tier)


class _Planner:
    """The making of one plan.

    Credits are granted tier by tier, for the likely price of each line; what is
    left in the end goes to lines that may need more.
    """

    def __init__(
        self,
        *,
        lists: Sequence[StoredList],
        budget: Budget,
        rules: PlanRules,
        ratios: Mapping[tuple[str, str], float],
        passed_over: Mapping[str, int],
        now: int,
    ) -> None:
        self._lists = lists
        self._budget = budget
        self._rules = rules
        self._ratios = ratios
        self._passed_over = passed_over
        self._now = now
        self._left = BOUNDLESS if budget.credits is None else max(0, budget.credits)
        caps = dict(budget.caps)
        self._caps = {tier: caps.get(tier, BOUNDLESS) for tier in Tier}
        limit = BOUNDLESS if budget.for_backfill is None else max(0, budget.for_backfill)
        self._caps[Tier.BACKFILL] = min(self._caps[Tier.BACKFILL], limit)
        self._drafts: dict[Tier, list[_Draft]] = {tier: [] for tier in Tier}
        self._in_turn: set[str] = set()  # lists of whose items nothing is known

    # what there is to do

    def plan_fronts(self, fixed: Sequence[Fixed], due: Sequence[Due]) -> None:
        """Accounts, fronts and feeds; whole lists where all that is cheap fits into the credits."""
        accounts = [self._fixed(one) for one in fixed if one.kind == "account"]
        feeds = [self._fixed(one) for one in fixed if one.kind == "feed"]
        details = sum(draft.price.likely for draft in self._details(due))
        lists = [held for held in self._lists if not held.is_read]
        swept = [self._sweep(held) if self._is_cheap(held) else self._front(held) for held in lists]
        needed = sum(draft.price.likely for draft in [*accounts, *swept, *feeds])
        if needed + details > self._left or needed > self._caps[Tier.FRONT]:
            swept = [self._front(held) for held in lists]
        elif self._first_reads(swept) > self._caps[Tier.BACKFILL]:
            swept = [
                self._front(held) if draft.kind == "sweep" and not held.is_begun else draft
                for held, draft in zip(lists, swept, strict=True)
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
            draft.wanted = draft.price.likely if is_known else draft.price.most
            self._drafts[Tier.BACKFILL].append(draft)

    def pages_of(self, observed: Sequence[Observation], policy: Policy) -> list[PageValue]:
        """The stored pages that may be read once more."""
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
            greatest_age=self._now - self._overdue_at,
        )
        known = {page.list for page in found}
        self._in_turn = {name for name, held in lists.items() if name not in known and not held.is_read}
        for name in sorted(self._in_turn):
            found += self._pages_by_age(lists[name])
        return found

    def _pages_by_age(self, held: StoredList) -> list[PageValue]:
        """Stored pages of a list of whose items nothing is known: worth the time since they were read."""
        found = []
        for page in range(1, max(len(held.ages), held.stored_pages)):
            seen_at = held.ages[page] if page < len(held.ages) else 0
            if not seen_at and page < held.stored_pages:  # pages were larger then, or nobody kept when
                seen_at = self._overdue_at
            if seen_at:
                value = (self._now - seen_at) / WORTH_UNSEEN
                found.append(PageValue(held.name, page, value, seen_at, is_learned=False))
        return found

    # what is granted

    def grant(self, pages: list[PageValue]) -> None:
        """Give the credits out, in the order of the tiers."""
        refresh = Refresh(pages, overdue_at=self._overdue_at, pages_a_list=self._pages_a_list)
        first = self._grant_passed_over(refresh)
        self._grant_in_order(Tier.FRONT)
        waiting = sum(draft.wanted - draft.granted for draft in self._drafts[Tier.BACKFILL])
        kept = min(waiting, self._caps[Tier.BACKFILL], math.floor(self._left * FIRST_READ_SHARE))
        self._left -= kept
        for_hot = min(refresh.price("hot"), self._left, self._caps[Tier.HOT])
        self._left -= for_hot
        self._grant_in_order(Tier.DETAILS)
        for_cold = min(refresh.price("cold"), self._left, self._caps[Tier.COLD])
        chosen = refresh.chosen(
            for_hot + for_cold, most_hot=self._caps[Tier.HOT], most_cold=self._caps[Tier.COLD], first=first
        )
        self._left += for_hot
        self._pay(refresh, chosen - first)
        unknown = sum(
            draft.wanted - draft.granted
            for tier in (Tier.DETAILS, Tier.BACKFILL)
            for draft in self._drafts[tier]
        )
        late = refresh.late(
            min(self._left, self._left + kept - unknown), most=self._caps[Tier.COLD], first=first
        )
        chosen |= late
        self._pay(refresh, late)
        self._plan_pages(refresh, chosen, first)
        self._sweep_what_is_whole(chosen)
        self._grant_unsorted()
        self._left += kept
        self._grant_what_is_unknown()
        for tier in (Tier.FRONT, Tier.DETAILS, Tier.BACKFILL):
            for draft in self._drafts[tier]:
                if draft.granted >= draft.price.likely:
                    self._give(draft, draft.price.most - draft.granted)

    def _grant_passed_over(self, refresh: Refresh) -> set[PageValue]:
        """Give to what got nothing for ``RUNS_PASSED_OVER`` runs first, the longest waiting before others.

        Each gets a share of what is left, at least what takes it a step further. Returns the
        stored pages that come first.
        """
        pages: set[PageValue] = set()
        drafts = {draft.key: draft for tier in Tier for draft in self._drafts[tier] if draft.price.likely}
        lists = {line_key(page.list, Tier.COLD): page.list for page in refresh.pages}
        waiting = [key for key, runs in self._passed_over.items() if runs >= RUNS_PASSED_OVER]
        waiting = sorted(
            (key for key in waiting if key in drafts or key in lists), key=lambda key: -self._passed_over[key]
        )
        for place, key in enumerate(waiting):
            share = max(FEWEST_BACKFILL, self._left // (len(waiting) - place + 1))
            if (draft := drafts.get(key)) is None:
                found = refresh.oldest(
                    lists[key],
                    min(share, self._left),
                    most_hot=self._caps[Tier.HOT],
                    most_cold=self._caps[Tier.COLD],
                )
                pages |= found
                self._pay(refresh, found)
                continue
            is_whole = draft.tier in (Tier.FRONT, Tier.COLD)  # in part it would be worth nothing
            before = draft.granted
            if not is_whole or draft.price.likely <= self._left or draft.kind == "head":
                self._give(draft, draft.price.likely if is_whole else min(draft.wanted, share))
            draft.comes_first = draft.granted > before
        return pages

    def _give(self, draft: _Draft, credits: int) -> None:
        credits = max(0, min(credits, self._left, self._caps[draft.tier]))
        draft.granted += credits
        self._left -= credits
        self._caps[draft.tier] -= credits

    def _pay(self, refresh: Refresh, pages: set[PageValue]) -> None:
        self._left -= price_of(pages)
        for heat, tier in HEATS:
            self._caps[tier] -= price_of(page for page in pages if refresh.heat(page) == heat)

    def _grant_in_order(self, tier: Tier) -> None:
        for draft in self._drafts[tier]:
            if draft.kind != "sweep" or draft.price.likely <= min(self._left, self._caps[tier]):
                self._give(draft, draft.price.likely - draft.granted)

    def _grant_what_is_unknown(self) -> None:
        """First loads, and details that only they will show: to each the same, as far as it is wanted.

        So a long list does not keep short ones waiting, nor their details.
        """
        waiting = [*self._drafts[Tier.DETAILS], *self._drafts[Tier.BACKFILL]]
        waiting = sorted((draft for draft in waiting if draft.wanted), key=lambda draft: draft.wanted)
        for place, draft in enumerate(waiting):
            share = self._left // (len(waiting) - place)
            if draft.tier is Tier.BACKFILL:
                others = sum(other.tier is Tier.BACKFILL for other in waiting[place:])
                share = min(share, self._caps[Tier.BACKFILL] // others)
            more = draft.wanted - draft.granted
            if share >= min(more, FEWEST_BACKFILL) or draft.tier is not Tier.BACKFILL:
                self._give(draft, min(more, share))

    def plan_unsorted(self) -> None:
        """Whole readings of lists without an order of time, which cannot be read in part."""
        for held in self._lists:
            is_whole = held.is_begun and held.is_complete and not held.is_sorted and not held.is_absent
            if not is_whole or held.is_read or self._is_swept(held.name):
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
            self._drafts[Tier.COLD].append(draft)

    def _grant_unsorted(self) -> None:
        """As many of them as fit, each whole."""
        for draft in self._drafts[Tier.COLD]:
            if draft.kind == "sweep" and draft.price.likely <= min(self._left, self._caps[Tier.COLD]):
                self._give(draft, draft.price.likely - draft.granted)

    def _plan_pages(self, refresh: Refresh, chosen: set[PageValue], first: set[PageValue]) -> None:
        total = sum(page.value for page in refresh.pages) or 1.0
        for held in self._lists:
            of_list = [page for page in refresh.pages if page.list == held.name]
            for heat, tier in HEATS:
                pages = [page for page in of_list if refresh.heat(page) == heat]
                if not pages:
                    continue
                share = sum(page.value for page in pages) / total
                reason = f"{_number(len(pages), 'held page')} with {share:.0%} of the change that is expected"
                overdue = sum(map(refresh.is_overdue, pages))
                if overdue:
                    reason += f", {overdue} unseen for {_number(self._rules.greatest_age.days, 'day')}"
                if held.name in self._in_turn:
                    reason = "nothing is known of its items, so the pages longest unseen come first"
                read = sorted((page for page in pages if page in chosen), key=lambda page: page.page)
                if held.name in self._in_turn:
                    read = self._with_seams(held, read)
                price = Price(*[price_of({*pages, *read})] * 3)
                draft = _Draft(held.name, heat, tier, price, reason, price.likely, granted=price_of(read))
                draft.pages = tuple(page.page for page in read)
                draft.begins = tuple(page.begins_at for page in read)
                draft.comes_first = not first.isdisjoint(read)
                self._drafts[tier].append(draft)

    def _with_seams(self, held: StoredList, read: list[PageValue]) -> list[PageValue]:
        """*read* and the page before each run of neighbours, as far as credits reach.

        What was deleted between two pages is noticed only by a scan that has read both.
        """
        stored = self._pages_by_age(held)
        by_number = {page.page: page for page in stored}
        numbers = {page.page for page in read}
        seams = {number - 1 for number in numbers} & by_number.keys() - numbers
        for number in sorted(seams)[: max(0, min(self._left, self._caps[Tier.COLD]))]:
            numbers.add(number)
            self._left -= 1
            self._caps[Tier.COLD] -= 1
        return [by_number[number] for number in sorted(numbers)]

    def _sweep_what_is_whole(self, chosen: set[PageValue]) -> None:
        """A list of which every page is read anyway is read in one scan, where its proof can be paid."""
        for held in self._lists:
            fronts = self._drafts[Tier.FRONT]
            front = next((draft for draft in fronts if draft.name == held.name), None)
            refreshed = price_of(page for page in chosen if page.list == held.name)
            if (
                front is None
                or front.kind == "sweep"
                or not refreshed
                or not held.pages
                or not held.is_complete
            ):
                continue
            draft = self._sweep(held)
            draft.granted = draft.price.likely
            more = draft.granted - front.granted
            is_whole = front.granted + refreshed >= held.pages
            is_one_scan = draft.price.likely <= self._budget.an_hour
            if not (is_whole and is_one_scan) or more > min(self._left + refreshed, self._caps[Tier.FRONT]):
                continue
            parts = [front, *self._drafts[Tier.HOT], *self._drafts[Tier.COLD]]
            draft.comes_first = any(part.comes_first for part in parts if part.name == held.name)
            for tier in (Tier.HOT, Tier.COLD):
                self._drafts[tier] = [other for other in self._drafts[tier] if other.name != held.name]
            fronts[fronts.index(front)] = draft
            self._left -= more - refreshed
            self._caps[Tier.FRONT] -= more

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
                        begins=draft.begins,
                        left_out=left_out,
                        turn=self._turn(draft, left_out, spent),
                        uncorrected=draft.uncorrected,
                        comes_first=draft.comes_first,
                    )
                )
        return tuple(found)

    def _turn(self, draft: _Draft, left_out: int, spent: int) -> str:
        hours = self._budget.hours_for(spent) if draft.granted else 0
        if left_out and draft.granted:
            nights = math.ceil(left_out / draft.granted)
            return "in the next night" if nights == 1 else f"in about {nights} nights like this one"
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
        """Pages up to which a list is read whole in each run."""
        return math.floor(self._rules.sweep_share * self._budget.day)

    @property
    def _pages_a_list(self) -> dict[str, int]:
        """Pages of each list that a run may read once more: at least what its greatest age asks for.

        Of a list that is too long for full scans, and of whose items nothing is known, no more than that.
        """
        days = max(1, self._rules.greatest_age.days)
        found = {}
        for held in self._lists:
            pages = max(held.pages or 0, len(held.ages))
            is_guessed = held.name in self._in_turn and pages > self._sweep_limit
            share = math.ceil(pages / days)
            found[held.name] = share if is_guessed else max(self._sweep_limit, share)
        return found

    def _draft(self, name: str, kind: LineKind, tier: Tier, price: Price, reason: str) -> _Draft:
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
            reason = f"{one.known:,} known to be due" if one.known else "none known to be due yet"
            if one.usual and round(one.usual):
                reason += f", about {round(one.usual):,} more as in other nights"
            draft = self._draft(one.name, one.kind, Tier.DETAILS, price, reason)
            draft.wanted = draft.price.likely
            if one.kind == "details" and one.usual is None and not (one.known or one.at_most):
                draft.reason = "how many are due, nobody knows yet"
                draft.wanted = draft.price.most
            found.append(draft)
        return found

    def _is_cheap(self, held: StoredList) -> bool:
        """Whether reading it whole is worth its price, or has to be done once anyway.

        What an hour's credits do not reach to cannot be one scan, and is read page by page.
        """
        if held.is_absent or sweep_price(held, self._rules).likely > self._budget.an_hour:
            return False
        if held.items is None:
            return self._budget.credits is None and not held.is_begun
        return not held.is_begun or math.ceil(held.items / held.page_size) <= self._sweep_limit

    def _sweep(self, held: StoredList) -> _Draft:
        price = sweep_price(held, self._rules)
        if held.items is None:
            reason = "the first load; how long it is, nobody knows yet"
            draft = self._draft(held.name, "sweep", Tier.FRONT, price, reason)
            draft.price = draft.price._replace(most=self._budget.day)
            return draft
        first = "" if held.is_begun else "the first load: "
        reason = f"{first}all of about {_number(held.items + held.expected_new, 'item')}"
        return self._draft(held.name, "sweep", Tier.FRONT, price, reason)

    def _front(self, held: StoredList) -> _Draft:
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


def _number(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"
