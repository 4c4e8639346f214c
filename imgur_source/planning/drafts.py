"""What there is to do, a draft of a line for each thing, before credits are granted: pure.

What things cost stands in ``costs``; how many credits each draft gets is ``planner``'s to decide.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

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
from imgur_source.planning.plan import Budget, LineKind, Tier, line_key


@dataclass(slots=True, eq=False)
class Draft:
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


class Drafts:
    """The drafts of one plan.

    Attributes:
        of: the drafts of each tier, in the order in which credits go to them.
    """

    def __init__(
        self,
        lists: Sequence[StoredList],
        *,
        budget: Budget,
        rules: PlanRules,
        ratios: Mapping[tuple[str, str], float],
    ) -> None:
        self._lists = lists
        self._budget = budget
        self._rules = rules
        self._ratios = ratios
        self.of: dict[Tier, list[Draft]] = {tier: [] for tier in Tier}

    def plan_fronts(
        self, fixed: Sequence[Fixed], due: Sequence[Due], *, credits: int, caps: Mapping[Tier, int]
    ) -> None:
        """Accounts, fronts and feeds; whole lists where all that is cheap fits into *credits* and *caps*."""
        accounts = [self._fixed(one) for one in fixed if one.kind == "account"]
        feeds = [self._fixed(one) for one in fixed if one.kind == "feed"]
        children = sum(draft.price.likely for draft in self._children(due))
        lists = [stored for stored in self._lists if not stored.is_read]
        swept = [
            self.full_scan(stored) if self._is_cheap(stored) else self._front(stored) for stored in lists
        ]
        needed = sum(draft.price.likely for draft in [*accounts, *swept, *feeds])
        if needed + children > credits or needed > caps[Tier.FRONT]:
            swept = [self._front(stored) for stored in lists]
        elif self._first_reads(swept) > caps[Tier.BACKFILL]:
            swept = [
                self._front(stored) if draft.kind == "sweep" and not stored.is_begun else draft
                for stored, draft in zip(lists, swept, strict=True)
            ]
        self.of[Tier.FRONT] = [*accounts, *swept, *feeds]

    def plan_children(self, due: Sequence[Due]) -> None:
        """Children that are due, and lookups."""
        self.of[Tier.DETAILS] = self._children(due)

    def plan_backfill(self) -> None:
        """What was never read of the lists that are not read whole."""
        for stored in self._lists:
            price = backfill_price(stored, self._rules, day=self._budget.day)
            if self.is_swept(stored.name) or price is None:
                continue
            is_known = stored.missing_pages is not None if stored.is_begun else stored.items is not None
            if not stored.is_sorted and stored.is_begun:
                reason = "an earlier reading broke off"
            elif not is_known:
                reason = "how long it is, nobody knows yet"
            else:
                reason = f"about {counted(price.likely, 'page')} never read"
            draft = self._draft(stored.name, "backfill", Tier.BACKFILL, price, reason)
            draft.wanted = draft.price.likely if is_known else draft.price.most
            self.of[Tier.BACKFILL].append(draft)

    def plan_unsorted(self) -> None:
        """Whole readings of lists without an order of time, which cannot be read in part."""
        for stored in self._lists:
            is_whole = (
                stored.is_begun and stored.is_complete and not stored.is_sorted and not stored.is_absent
            )
            if not is_whole or stored.is_read or self.is_swept(stored.name):
                continue
            price = sweep_price(stored, self._rules)
            rest = Price(*(max(0, credits - 1) for credits in price))
            draft = self._draft(
                stored.name,
                "sweep",
                Tier.COLD,
                rest,
                "it has no order of time, so it is read whole or not at all",
            )
            self.of[Tier.COLD].append(draft)

    def is_swept(self, name: str) -> bool:
        return any(draft.kind == "sweep" and draft.name == name for draft in self.of[Tier.FRONT])

    def _first_reads(self, drafts: list[Draft]) -> int:
        """Credits of *drafts* that go into pages never read before, beyond the first."""
        names = {stored.name for stored in self._lists if not stored.is_begun}
        return sum(
            draft.price.likely - 1 for draft in drafts if draft.kind == "sweep" and draft.name in names
        )

    @property
    def sweep_limit(self) -> int:
        """Pages up to which a list is read whole in each run."""
        return math.floor(self._rules.sweep_share * self._budget.day)

    def _draft(self, name: str, kind: LineKind, tier: Tier, price: Price, reason: str) -> Draft:
        corrected = price.corrected(self._ratios.get((name, kind)))
        return Draft(name, kind, tier, corrected, reason, price.likely)

    def _fixed(self, fixed: Fixed) -> Draft:
        reason = "the account" if fixed.kind == "account" else "a feed at its slot"
        return self._draft(fixed.name, fixed.kind, Tier.FRONT, fixed_price(fixed), reason)

    def _children(self, due: Iterable[Due]) -> list[Draft]:
        found = []
        for one in due:
            price = due_price(one, self._lists, day=self._budget.day)
            if not price.most:
                continue
            reason = f"{one.known:,} known to be due" if one.known else "none known to be due yet"
            if one.usual and round(one.usual):
                reason += f", about {round(one.usual):,} more as in other runs"
            draft = self._draft(one.name, one.kind, Tier.DETAILS, price, reason)
            draft.wanted = draft.price.likely
            if one.kind == "details" and one.usual is None and not (one.known or one.at_most):
                draft.reason = "how many are due, nobody knows yet"
                draft.wanted = draft.price.most
            found.append(draft)
        return found

    def _is_cheap(self, stored: StoredList) -> bool:
        """Whether reading it whole is worth its price, or has to be done once anyway.

        What an hour's credits do not reach to cannot be one scan, and is read page by page.
        """
        if stored.is_absent or sweep_price(stored, self._rules).likely > self._budget.an_hour:
            return False
        if stored.items is None:
            return self._budget.credits is None and not stored.is_begun
        return not stored.is_begun or math.ceil(stored.items / stored.page_size) <= self.sweep_limit

    def full_scan(self, stored: StoredList) -> Draft:
        price = sweep_price(stored, self._rules)
        if stored.items is None:
            reason = "the first load; how long it is, nobody knows yet"
            draft = self._draft(stored.name, "sweep", Tier.FRONT, price, reason)
            draft.price = draft.price._replace(most=self._budget.day)
            return draft
        first = "" if stored.is_begun else "the first load: "
        reason = f"{first}all of about {counted(stored.items + stored.expected_new, 'item')}"
        return self._draft(stored.name, "sweep", Tier.FRONT, price, reason)

    def _front(self, stored: StoredList) -> Draft:
        if stored.is_absent:
            reason = "there was no such list for us the last time"
        elif not stored.is_begun:
            reason = "its first page: it was never read"
        elif stored.new_per_day is None:
            reason = "new items; how many come a day, nobody knows yet"
        else:
            reason = f"about {counted(stored.expected_new, 'new item')}"
        if stored.is_begun and stored.near_pages:
            reason += f", and {counted(stored.near_pages, 'page')} that an earlier front has left"
        return self._draft(stored.name, "head", Tier.FRONT, front_price(stored), reason)


def counted(count: int, thing: str) -> str:
    """``1 page``, ``1,200 pages``."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"
