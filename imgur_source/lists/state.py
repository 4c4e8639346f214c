"""What one run remembers for the next, in a mapping that is kept with the rows.

``source.py`` hands in dlt's state, which is committed with the package it belongs
to; numbers and texts only, and few of them: every version of it is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from imgur_source.lists.coverage import Coverage

AGES_GRAIN = 3_600  # seconds

_LISTS, _ACCOUNTS, _DETAILS, _PACKAGE = "lists", "accounts", "details", "journal_package"
_PASSED_OVER, _PARENTS = "passed_over", "parents"


@dataclass(frozen=True, slots=True)
class ListState:
    """What is kept of a list.

    Attributes:
        coverage: what is stored of it, where it is sorted.
        page_size: items on the largest page of the last reading.
        items: how many the list had, by its count or by the last reading to its end.
        is_unsorted: whether it turned out not to be in the order of time.
        resume_page: the page at which a reading of an unsorted list broke off; 0 where none did.
        is_absent: whether Imgur answered the last time that there is no such list for us.
        read_at: when its front was last read, seconds since the epoch; None where that is not known.
        ages: when each page, the empty one at the end among them, was last read: pairs of a page number
            and seconds since the epoch, which hold up to the next pair's page; 0 for pages not read.
    """

    coverage: Coverage = field(default_factory=Coverage)
    page_size: int | None = None
    items: int | None = None
    is_unsorted: bool = False
    resume_page: int = 0
    is_absent: bool = False
    read_at: int | None = None
    ages: tuple[tuple[int, int], ...] = ()

    def is_whole(self, *, is_sorted: bool, since: int | None) -> bool:
        """Whether nothing waits to be read for the first time, down to *since*; new items left aside."""
        if self.is_absent:
            return True
        if is_sorted and not self.is_unsorted:
            return self.coverage.is_complete(since=since)
        return self.items is not None and self.resume_page == 0

    def as_json(self) -> dict[str, Any]:
        """Numbers and texts only; what is at its default is left out."""
        value: dict[str, Any] = {"coverage": self.coverage.as_json()}
        if self.items is not None:
            value["items"] = self.items
        for name in ("page_size", "is_unsorted", "resume_page", "is_absent", "read_at"):
            if getattr(self, name):
                value[name] = getattr(self, name)
        if self.ages:
            value["ages"] = [list(pair) for pair in self.ages]
        return value

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> ListState:
        """What ``as_json`` made."""
        return cls(
            coverage=Coverage.from_json(value["coverage"]),
            page_size=value.get("page_size"),
            items=value.get("items"),
            is_unsorted=value.get("is_unsorted", False),
            resume_page=value.get("resume_page", 0),
            is_absent=value.get("is_absent", False),
            read_at=value.get("read_at"),
            ages=tuple((page, at) for page, at in value.get("ages", ())),
        )

    def page_ages(self, pages: int) -> list[int]:
        """When each of the first *pages* pages was last read, seconds since the epoch; 0: not at all."""
        found = [0] * pages
        ends = [page for page, _ in self.ages[1:]] + [pages]
        for (first, at), end in zip(self.ages, ends, strict=False):
            found[first:end] = [at] * (min(end, pages) - first) if first < pages else []
        return found


def ages_after(
    ages: tuple[tuple[int, int], ...], numbers: Collection[int], *, at: int, moved: int, end: int | None
) -> tuple[tuple[int, int], ...]:
    """*ages* of a list's pages after the pages *numbers* were read.

    Args:
        at: when that was, seconds since the epoch; kept to the hour, so that few pairs are kept.
        moved: pages by which new items have moved what was stored.
        end: the page behind the last one, which was read too; None where the list's end was not met.
    """
    at -= at % AGES_GRAIN
    numbers = {*numbers, *([] if end is None else [end])}
    pages = max([*numbers, *(first + moved for first, _ in ages)], default=-1) + 1
    known = [0] * moved + ListState(ages=ages).page_ages(max(0, pages - moved))
    for number in numbers:
        known[number] = at
    known = [*(known if end is None else known[: end + 1]), 0]  # the last pair says where the known pages end
    pairs = ((page, seen) for page, seen in enumerate(known) if page == 0 or seen != known[page - 1])
    return tuple(pairs)


@dataclass(frozen=True, slots=True)
class ChildFetch:
    """When an album's or post's images or comments were fetched, and what it looked like then.

    Attributes:
        fingerprint: what decides whether they are fetched again.
        items: how many came; None where that was not kept.
    """

    fingerprint: str
    items: int | None
    fetched_at: datetime


class SourceState:
    """A run's view of what was kept; changes go into the mapping at once.

    Args:
        state: the mapping.
        fetched: the fetches of details by resource and id, where the warehouse knows them;
            None to keep them in *state*.
    """

    def __init__(
        self, state: MutableMapping[str, Any], *, fetched: MutableMapping[tuple[str, str], ChildFetch] | None
    ) -> None:
        self._state = state
        self._fetched = fetched

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever remembered: a new warehouse, or one that lost its state."""
        return not self._state.get(_LISTS) and _PACKAGE not in self._state

    @property
    def journal_package(self) -> int | None:
        """The last package of the journal whose rows are loaded; None where there is none."""
        package = self._state.get(_PACKAGE)
        return None if package is None else int(package)

    def keep_journal_package(self, package: int) -> None:
        """Have *package* confirmed once the rows under way are loaded."""
        self._state[_PACKAGE] = package

    def account_number(self, account: str) -> int | None:
        """The number of *account* when it was last read; None where it never was."""
        number = self._state.get(_ACCOUNTS, {}).get(account)
        return None if number is None else int(number)

    def is_somebody_else(self, account: str, number: int) -> bool:
        """Whether *account* had another number before; then what is kept of its lists is forgotten."""
        known = self._state.setdefault(_ACCOUNTS, {})
        before = known.get(account)
        known[account] = number
        if before is None or before == number:
            return False
        self.forget(lambda name: name.endswith(f"/{account}"))
        return True

    def of_list(self, name: str) -> ListState:
        """What is kept of the list *name*; nothing, for one that is new."""
        value = self._state.get(_LISTS, {}).get(name)
        return ListState.from_json(value) if value else ListState()

    def keep_list(self, name: str, memory: ListState) -> None:
        """Remember *memory* of the list *name*."""
        self._state.setdefault(_LISTS, {})[name] = memory.as_json()

    def forget(self, is_meant: Callable[[str], bool], *, details_of: Collection[str] = ()) -> None:
        """Forget the lists whose name *is_meant*, and the fetches of the resources *details_of*."""
        lists = self._state.get(_LISTS, {})
        for name in [name for name in lists if is_meant(name)]:
            del lists[name]
        for resource in details_of:
            self._state.get(_DETAILS, {}).pop(resource, None)
        if details_of:
            self._state.pop(_PARENTS, None)  # their lists show them again
        if self._fetched is not None:
            for key in [key for key in self._fetched if key[0] in details_of]:
                del self._fetched[key]

    def forget_fetched(self, details_of: Collection[str], *, before: datetime) -> None:
        """Forget the fetches of the resources *details_of* that the warehouse knows from *before* then."""
        if self._fetched is not None:
            for key, held in list(self._fetched.items()):
                if key[0] in details_of and held.fetched_at < before:
                    del self._fetched[key]

    @property
    def passed_over(self) -> dict[str, int]:
        """Runs in a row that have spent nothing on a line of their plans, by the line's key."""
        return dict(self._state.get(_PASSED_OVER, {}))

    def keep_passed_over(self, runs: dict[str, int]) -> None:
        """Keep how often lines were passed over; those that were not are left out."""
        self._state[_PASSED_OVER] = {key: number for key, number in sorted(runs.items()) if number}

    @property
    def keeps_children(self) -> bool:
        """Whether no warehouse knows of fetches and parents, so that they are kept here."""
        return self._fetched is None

    @property
    def parents(self) -> dict[str, Any]:
        """Albums and posts with children that are due, as ``keep_parents`` got them."""
        return dict(self._state.get(_PARENTS, {}))

    def keep_parents(self, parents: dict[str, Any]) -> None:
        """Keep albums and posts whose children are due and were not read; numbers and texts only."""
        self._state[_PARENTS] = parents

    def fetched(self, resource: str, item_id: str) -> ChildFetch | None:
        """The last fetch of *resource* for *item_id*; None where there was none."""
        if self._fetched is not None:
            return self._fetched.get((resource, item_id))
        kept = self._state.get(_DETAILS, {}).get(resource, {}).get(item_id)
        return ChildFetch(kept[0], kept[1], datetime.fromtimestamp(kept[2], UTC)) if kept else None

    def keep_fetched(self, resource: str, item_id: str, fetched: ChildFetch) -> None:
        """Remember a fetch."""
        if self._fetched is not None:
            self._fetched[resource, item_id] = fetched
            return
        self._state.setdefault(_DETAILS, {}).setdefault(resource, {})[item_id] = [
            fetched.fingerprint,
            fetched.items,
            int(fetched.fetched_at.timestamp()),
        ]
