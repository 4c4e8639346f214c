"""What to fetch with the credits there are, in which order, and what it will cost: pure.

Facts go in (what is stored of each list, what was last seen of each item, how many
children are due, how many credits there are), a plan with prices comes out. What
there is to do stands in ``drafts``, what it costs in ``costs``, what pages are worth in
``forecast``, which of them are read in ``refresh``; here credits are granted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime

from imgur_source.planning.costs import Due, Fixed, PlanRules, Price, StoredList
from imgur_source.planning.drafts import Draft, Drafts, counted
from imgur_source.planning.forecast import DAY, Layout, Observation, PageValue, Policy, page_values
from imgur_source.planning.plan import Budget, Line, Plan, Tier, line_key
from imgur_source.planning.refresh import Heat, Refresh, price_of

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
    drafts = Drafts(lists, budget=budget, rules=rules, ratios=spent_before or {})
    planner = _Planner(
        drafts,
        lists=lists,
        budget=budget,
        rules=rules,
        passed_over=passed_over or {},
        now=int(now.timestamp()),
    )
    drafts.plan_fronts(fixed, due, credits=planner.left, caps=planner.caps)
    drafts.plan_children(due)
    drafts.plan_backfill()
    drafts.plan_unsorted()
    planner.grant(planner.pages_of(observed, policy))
    return Plan(planner.lines(), budget, now)


class _Planner:
    """The making of one plan.

    Credits are granted tier by tier, for the likely price of each line; what is
    left in the end goes to lines that may need more.
    """

    def __init__(
        self,
        drafts: Drafts,
        *,
        lists: Sequence[StoredList],
        budget: Budget,
        rules: PlanRules,
        passed_over: Mapping[str, int],
        now: int,
    ) -> None:
        self._lists = lists
        self._budget = budget
        self._rules = rules
        self._passed_over = passed_over
        self._now = now
        self.left = BOUNDLESS if budget.credits is None else max(0, budget.credits)
        caps = dict(budget.caps)
        self.caps = {tier: caps.get(tier, BOUNDLESS) for tier in Tier}
        limit = BOUNDLESS if budget.for_backfill is None else max(0, budget.for_backfill)
        self.caps[Tier.BACKFILL] = min(self.caps[Tier.BACKFILL], limit)
        self._drafts = drafts
        self._in_turn: set[str] = set()  # lists of whose items nothing is known

    def pages_of(self, observed: Sequence[Observation], policy: Policy) -> list[PageValue]:
        """The stored pages that may be read once more."""
        lists = {
            stored.name: stored
            for stored in self._lists
            if stored.is_begun
            and stored.is_sorted
            and not stored.is_absent
            and not self._drafts.is_swept(stored.name)
        }
        found = page_values(
            observed,
            layouts={name: Layout(stored.page_size, stored.expected_new) for name, stored in lists.items()},
            now=self._now,
            policy=policy,
            greatest_age=self._now - self._overdue_at,
        )
        known = {page.list for page in found}
        self._in_turn = {name for name, stored in lists.items() if name not in known and not stored.is_read}
        for name in sorted(self._in_turn):
            found += self._pages_by_age(lists[name])
        return found

    def _pages_by_age(self, stored: StoredList) -> list[PageValue]:
        """Stored pages of a list of whose items nothing is known: worth the time since they were read."""
        found = []
        for page in range(1, max(len(stored.ages), stored.stored_pages)):
            seen_at = stored.ages[page] if page < len(stored.ages) else 0
            if not seen_at and page < stored.stored_pages:  # pages were larger then, or nobody kept when
                seen_at = self._overdue_at
            if seen_at:
                value = (self._now - seen_at) / WORTH_UNSEEN
                found.append(PageValue(stored.name, page, value, seen_at, is_learned=False))
        return found

    # what is granted

    def grant(self, pages: list[PageValue]) -> None:
        """Give the credits out, in the order of the tiers."""
        refresh = Refresh(pages, overdue_at=self._overdue_at, pages_a_list=self._pages_a_list)
        first = self._grant_passed_over(refresh)
        self._grant_in_order(Tier.FRONT)
        waiting = sum(draft.wanted - draft.granted for draft in self._drafts.of[Tier.BACKFILL])
        kept = min(waiting, self.caps[Tier.BACKFILL], math.floor(self.left * FIRST_READ_SHARE))
        self.left -= kept
        for_hot = min(refresh.price("hot"), self.left, self.caps[Tier.HOT])
        self.left -= for_hot
        self._grant_in_order(Tier.DETAILS)
        for_cold = min(refresh.price("cold"), self.left, self.caps[Tier.COLD])
        chosen = refresh.chosen(
            for_hot + for_cold, most_hot=self.caps[Tier.HOT], most_cold=self.caps[Tier.COLD], first=first
        )
        self.left += for_hot
        self._pay(refresh, chosen - first)
        unknown = sum(
            draft.wanted - draft.granted
            for tier in (Tier.DETAILS, Tier.BACKFILL)
            for draft in self._drafts.of[tier]
        )
        late = refresh.late(
            min(self.left, self.left + kept - unknown), most=self.caps[Tier.COLD], first=first
        )
        chosen |= late
        self._pay(refresh, late)
        self._plan_pages(refresh, chosen, first)
        self._sweep_what_is_whole(chosen)
        self._grant_unsorted()
        self.left += kept
        self._grant_what_is_unknown()
        for tier in (Tier.FRONT, Tier.DETAILS, Tier.BACKFILL):
            for draft in self._drafts.of[tier]:
                if draft.granted >= draft.price.likely:
                    self._give(draft, draft.price.most - draft.granted)

    def _grant_passed_over(self, refresh: Refresh) -> set[PageValue]:
        """Give to what got nothing for ``RUNS_PASSED_OVER`` runs first, the longest waiting before others.

        Each gets a share of what is left, at least what takes it a step further; stored pages no more
        than that, because those of other lists may be worth much more. Returns the ones that come first.
        """
        pages: set[PageValue] = set()
        drafts = {draft.key: draft for tier in Tier for draft in self._drafts.of[tier] if draft.price.likely}
        lists = {line_key(page.list, Tier.COLD): page.list for page in refresh.pages}
        waiting = [key for key, runs in self._passed_over.items() if runs >= RUNS_PASSED_OVER]
        waiting = sorted(
            (key for key in waiting if key in drafts or key in lists), key=lambda key: -self._passed_over[key]
        )
        for place, key in enumerate(waiting):
            share = max(FEWEST_BACKFILL, self.left // (len(waiting) - place + 1))
            if (draft := drafts.get(key)) is None:
                found = refresh.oldest(
                    lists[key],
                    min(FEWEST_BACKFILL, self.left),
                    most_hot=self.caps[Tier.HOT],
                    most_cold=self.caps[Tier.COLD],
                )
                pages |= found
                self._pay(refresh, found)
                continue
            is_whole = draft.tier in (Tier.FRONT, Tier.COLD)  # in part it would be worth nothing
            before = draft.granted
            if not is_whole or draft.price.likely <= self.left or draft.kind == "head":
                self._give(draft, draft.price.likely if is_whole else min(draft.wanted, share))
            draft.comes_first = draft.granted > before
        return pages

    def _give(self, draft: Draft, credits: int) -> None:
        credits = max(0, min(credits, self.left, self.caps[draft.tier]))
        draft.granted += credits
        self.left -= credits
        self.caps[draft.tier] -= credits

    def _pay(self, refresh: Refresh, pages: set[PageValue]) -> None:
        self.left -= price_of(pages)
        for heat, tier in HEATS:
            self.caps[tier] -= price_of(page for page in pages if refresh.heat(page) == heat)

    def _grant_in_order(self, tier: Tier) -> None:
        for draft in self._drafts.of[tier]:
            if draft.kind != "sweep" or draft.price.likely <= min(self.left, self.caps[tier]):
                self._give(draft, draft.price.likely - draft.granted)

    def _grant_what_is_unknown(self) -> None:
        """First loads, and details that only they will show: to each the same, as far as it is wanted.

        So a long list does not keep short ones waiting, nor their details.
        """
        waiting = [*self._drafts.of[Tier.DETAILS], *self._drafts.of[Tier.BACKFILL]]
        waiting = sorted((draft for draft in waiting if draft.wanted), key=lambda draft: draft.wanted)
        for place, draft in enumerate(waiting):
            share = self.left // (len(waiting) - place)
            if draft.tier is Tier.BACKFILL:
                others = sum(other.tier is Tier.BACKFILL for other in waiting[place:])
                share = min(share, self.caps[Tier.BACKFILL] // others)
            more = draft.wanted - draft.granted
            if share >= min(more, FEWEST_BACKFILL) or draft.tier is not Tier.BACKFILL:
                self._give(draft, min(more, share))

    def _grant_unsorted(self) -> None:
        """As many of them as fit, each whole."""
        for draft in self._drafts.of[Tier.COLD]:
            if draft.kind == "sweep" and draft.price.likely <= min(self.left, self.caps[Tier.COLD]):
                self._give(draft, draft.price.likely - draft.granted)

    def _plan_pages(self, refresh: Refresh, chosen: set[PageValue], first: set[PageValue]) -> None:
        total = sum(page.value for page in refresh.pages) or 1.0
        for stored in self._lists:
            of_list = [page for page in refresh.pages if page.list == stored.name]
            for heat, tier in HEATS:
                pages = [page for page in of_list if refresh.heat(page) == heat]
                if not pages:
                    continue
                share = sum(page.value for page in pages) / total
                reason = (
                    f"{counted(len(pages), 'stored page')} with {share:.0%} of the change that is expected"
                )
                overdue = sum(map(refresh.is_overdue, pages))
                if overdue:
                    reason += f", {overdue} unseen for {counted(self._rules.greatest_age.days, 'day')}"
                if stored.name in self._in_turn:
                    reason = "nothing is known of its items, so the pages longest unseen come first"
                read = sorted((page for page in pages if page in chosen), key=lambda page: page.page)
                if stored.name in self._in_turn:
                    read = self._with_seams(stored, read)
                price = Price(*[price_of({*pages, *read})] * 3)
                draft = Draft(stored.name, heat, tier, price, reason, price.likely, granted=price_of(read))
                draft.pages = tuple(page.page for page in read)
                draft.begins = tuple(page.begins_at for page in read)
                draft.comes_first = not first.isdisjoint(read)
                self._drafts.of[tier].append(draft)

    def _with_seams(self, stored: StoredList, read: list[PageValue]) -> list[PageValue]:
        """*read* and the page before each run of neighbours, as far as credits reach.

        What was deleted between two pages is noticed only by a scan that has read both.
        """
        by_number = {page.page: page for page in self._pages_by_age(stored)}
        numbers = {page.page for page in read}
        seams = {number - 1 for number in numbers} & by_number.keys() - numbers
        for number in sorted(seams)[: max(0, min(self.left, self.caps[Tier.COLD]))]:
            numbers.add(number)
            self.left -= 1
            self.caps[Tier.COLD] -= 1
        return [by_number[number] for number in sorted(numbers)]

    def _sweep_what_is_whole(self, chosen: set[PageValue]) -> None:
        """A list of which every page is read anyway is read in one scan, where its proof can be paid."""
        for stored in self._lists:
            fronts = self._drafts.of[Tier.FRONT]
            front = next((draft for draft in fronts if draft.name == stored.name), None)
            refreshed = price_of(page for page in chosen if page.list == stored.name)
            if (
                front is None
                or front.kind == "sweep"
                or not refreshed
                or not stored.pages
                or not stored.is_complete
            ):
                continue
            draft = self._drafts.full_scan(stored)
            draft.granted = draft.price.likely
            more = draft.granted - front.granted
            is_whole = front.granted + refreshed >= stored.pages
            is_one_scan = draft.price.likely <= self._budget.an_hour
            if not (is_whole and is_one_scan) or more > min(self.left + refreshed, self.caps[Tier.FRONT]):
                continue
            parts = [front, *self._drafts.of[Tier.HOT], *self._drafts.of[Tier.COLD]]
            draft.comes_first = any(part.comes_first for part in parts if part.name == stored.name)
            for tier in (Tier.HOT, Tier.COLD):
                self._drafts.of[tier] = [
                    other for other in self._drafts.of[tier] if other.name != stored.name
                ]
            fronts[fronts.index(front)] = draft
            self.left -= more - refreshed
            self.caps[Tier.FRONT] -= more

    # the lines

    def lines(self) -> tuple[Line, ...]:
        """The lines of the plan, in the order in which credits go to them."""
        found = []
        spent = 0
        for tier in Tier:
            for draft in self._drafts.of[tier]:
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

    def _turn(self, draft: Draft, left_out: int, spent: int) -> str:
        hours = self._budget.hours_for(spent) if draft.granted else 0
        if left_out and draft.granted:
            runs = math.ceil(left_out / draft.granted)
            return "in the next run" if runs == 1 else f"in about {runs} runs like this one"
        if left_out and draft.tier is Tier.FRONT:
            return "first thing in the next run"
        if left_out:
            return "in a run that has credits left for it"
        if hours:
            return f"when the hour's credits return, in {counted(hours, 'hour')}"
        return ""

    # parts

    @property
    def _overdue_at(self) -> int:
        return self._now - int(self._rules.greatest_age.total_seconds())

    @property
    def _pages_a_list(self) -> dict[str, int]:
        """Pages of each list that a run may read once more: at least what its greatest age asks for.

        Of a list that is too long for full scans, and of whose items nothing is known, no more than that.
        """
        days = max(1, self._rules.greatest_age.days)
        found = {}
        for stored in self._lists:
            pages = max(stored.pages or 0, len(stored.ages))
            is_guessed = stored.name in self._in_turn and pages > self._drafts.sweep_limit
            share = math.ceil(pages / days)
            found[stored.name] = share if is_guessed else max(self._drafts.sweep_limit, share)
        return found
