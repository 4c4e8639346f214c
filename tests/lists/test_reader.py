"""Walks that a plan orders: the front, named pages once more, and so many pages of what was never read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgur_source.api.client import ImgurClient
from imgur_source.errors import CreditsExhaustedError, ImgurError, TransientError
from imgur_source.lists.pages import Page
from imgur_source.lists.reader import ListReader
from imgur_source.lists.scan import Scan
from imgur_source.lists.state import ListState
from imgur_source.planning.plan import Order
from tests.support.fakes import FakeClock
from tests.support.model_list import FIRST_SECOND, ModelClient, ModelList, numbered, rules

PAGE = 5
HEAD = Order()
SWEEP = Order(is_swept=True)
BY = rules(smallest_page=PAGE)


class List:
    """A list of Imgur's, what is remembered of it from night to night, and the rows that have come."""

    def __init__(self, items: int, *, is_sorted: bool = True) -> None:
        self.clock = FakeClock()
        self.model = ModelList(is_sorted=is_sorted)
        self.add(items)
        self.memory = ListState()
        self.versions: dict[str, int] = {}
        self.walks: list[Scan] = []
        self.asked: list[int | str] = []
        self.error: ImgurError | None = None

    def add(self, number: int) -> None:
        """As many new items, a second apart."""
        newest = max((item.at or 0 for item in self.model.items), default=FIRST_SECOND)
        self.model.add_many(newest + step for step in range(1, number + 1))

    def night(
        self,
        order: Order = HEAD,
        *,
        again: tuple[int, ...] = (),
        begins: dict[int, int] | None = None,
        backfill: int = 0,
        by: Any = BY,
        of: Any = None,
        **over: Any,
    ) -> list[str]:
        """Read in the order of a night; returns the kinds of its walks."""
        client = ModelClient(self.model, self.clock, page_size=PAGE, **over)
        reading = ListReader(
            cast(ImgurClient, client),
            of or numbered(has_count=False),
            state=self.memory,
            rules=by.scan_rules,
            clock=self.clock,
        )
        self.error = None
        try:
            self._load(reading.front(lambda: order))
            self._load(reading.refresh(again, begins=begins))
            if backfill:
                self._load(reading.backfill(backfill))
        except ImgurError as error:
            self.error = error
        self.memory, self.walks, self.asked = reading.state, list(reading.scans), client.asked
        self.clock.advance(timedelta(days=1))
        return [walk.kind for walk in reading.scans]

    def _load(self, pages: Iterator[Page]) -> None:
        for page in pages:
            for row in msgspec.json.decode(page.items):
                self.versions[row["id"]] = row["version"]

    @property
    def unseen(self) -> set[str]:
        """Live items that never came."""
        return {item.id for item in self.model.items} - self.versions.keys()


def test_front__reads_new_items_down_to_what_is_held_and_nothing_else() -> None:
    """Of a list that is held the front costs the pages with new items and the one where they end."""
    held = List(30)
    held.night(SWEEP)
    held.add(7)

    assert held.night(HEAD) == ["head"]

    assert held.asked == [0, 1]
    assert held.unseen == set()
    assert held.walks[0].is_complete


def test_front__of_a_list_never_read_is_its_first_page() -> None:
    """What nothing is granted for is left: page 0 tells how the list begins, and the rest is no failure."""
    held = List(30)

    held.night(HEAD)

    assert held.asked == [0]
    assert not held.walks[0].is_complete
    assert held.walks[0].is_left_to_plan
    assert not held.memory.is_whole(is_sorted=True, since=None)


def test_front__reads_a_short_list_at_once_where_its_rest_is_granted() -> None:
    """A first page that is not full is followed by the end at once, instead of being read twice."""
    held = List(3)

    held.night(Order(backfill=4), budget=100)

    assert held.asked == [0, 1]
    assert held.memory.is_whole(is_sorted=True, since=None)


def test_front__closes_holes_that_have_something_below_them() -> None:
    """A head that broke off left a hole near the front, which the next front closes."""
    held = List(30)
    held.night(SWEEP)
    held.add(20)
    held.night(HEAD, budget=2)
    assert isinstance(held.error, CreditsExhaustedError)

    held.night(HEAD)

    assert held.unseen == set()
    assert held.memory.is_whole(is_sorted=True, since=None)


def test_front__does_not_begin_a_sweep_that_the_credits_do_not_reach_to() -> None:
    """Where fewer credits are there than the plan thought, the front is read and the sweep left to later."""
    held = List(30)
    held.night(SWEEP)

    assert held.night(SWEEP, budget=3) == ["head"]

    assert held.asked == [0]
    assert held.error is None


def test_again__reads_named_pages_and_says_what_each_run_covers() -> None:
    """Pages next to each other are one walk; a walk claims nothing of what lies between two runs."""
    held = List(50)
    held.night(SWEEP)
    for item in held.model.items:
        item.version += 1

    assert held.night(HEAD, again=(2, 3, 7)) == ["head", "refresh", "refresh"]

    assert held.asked == [0, 2, 3, 7]
    assert [walk.pages for walk in held.walks] == [1, 2, 1]
    assert all(walk.is_complete for walk in held.walks)
    fresh = {item.id for item in held.model.items if held.versions[item.id] == item.version}
    expected = {*range(0, 5), *range(10, 20), *range(35, 40)}
    assert fresh == {held.model.items[place].id for place in expected}
    first, second = held.walks[1:]
    assert first.oldest_at is not None
    assert second.newest_at is not None
    assert first.oldest_at > second.newest_at


def test_again__follows_what_new_items_have_moved() -> None:
    """A page that was number 4 when it was planned is number 6 after two pages of new items."""
    held = List(50)
    held.night(SWEEP)
    meant = [item.id for item in held.model.items[20:25]]
    for item in held.model.items:
        item.version += 1
    held.add(10)

    held.night(HEAD, again=(4,))

    assert held.asked == [0, 1, 2, 6]
    assert {held.versions[item] for item in meant} == {1}


def test_again__does_not_read_twice_what_the_front_has_shown() -> None:
    """A page that the front came to is not paid for again in the same night."""
    held = List(50)
    held.night(SWEEP)
    held.add(4)

    held.night(HEAD, again=(0, 1, 2))

    assert len(held.asked) == len(set(held.asked))


def test_again__stops_at_the_end_of_a_list_that_has_shrunk() -> None:
    """Pages that no longer exist cost one request, not one each."""
    held = List(50)
    held.night(SWEEP)
    for item in list(held.model.items[20:]):
        held.model.delete(item)

    held.night(HEAD, again=(2, 5, 6, 7, 8, 9), by=rules(smallest_page=PAGE, max_in_flight=1))

    assert held.asked == [0, 2, 5]


def test_again__pages_paid_for_beside_one_that_failed_are_kept() -> None:
    """With several requests under way one that fails costs no row of the others."""
    held = List(100)
    held.night(SWEEP)
    for item in held.model.items:
        item.version += 1

    held.night(
        HEAD,
        again=(2, 3, 4, 5),
        by=rules(smallest_page=PAGE, max_in_flight=4),
        errors={2: TransientError("things", "trouble")},
    )

    assert isinstance(held.error, TransientError)
    served = [number for number in held.asked if isinstance(number, int)]
    fresh = [item for item in held.model.items if held.versions[item.id] == item.version]
    assert len(fresh) == PAGE * (len(served) - 1)


@pytest.mark.parametrize("granted", [1, 3, 6])
def test_backfill__spends_what_is_granted_and_no_more(granted: int) -> None:
    """Of what was never read so many pages are read, the first of them the one where it left off."""
    held = List(60)
    held.night(HEAD)

    held.night(HEAD, again=(), backfill=granted, by=rules(smallest_page=PAGE, max_in_flight=4))

    assert len(held.asked) == 1 + granted
    assert held.error is None
    assert held.walks[-1].kind == "gap"
    assert held.walks[-1].is_left_to_plan


def test_backfill__comes_to_the_end_over_the_nights() -> None:
    """Five pages a night, one of them for the seam, read a list of 60 to its end, and every item is there."""
    held = List(60)
    nights = 0
    while not held.memory.is_whole(is_sorted=True, since=None):
        held.night(HEAD, backfill=5)
        held.add(1)
        nights += 1
        assert nights < 6

    held.night(HEAD)
    assert held.unseen == set()


def test_front__of_a_list_without_order_of_time_is_bounded_where_it_is_not_swept() -> None:
    """A list that cannot be read in part goes on where it broke off, with what is granted."""
    held = List(30, is_sorted=False)
    of = numbered(has_count=False, is_sorted=False)

    held.night(Order(backfill=2), of=of)

    assert held.asked == [0, 1, 2]
    assert held.error is None
    held.night(SWEEP, of=of)
    assert held.unseen == set()


events = st.lists(
    st.tuples(
        st.sampled_from(["head", "sweep", "backfill", "again"]),
        st.integers(0, 12),  # new items before the night
        st.sets(st.integers(0, 14), max_size=4),  # pages named
        st.integers(0, 6),  # pages granted
        st.one_of(st.none(), st.integers(1, 9)),  # requests that the credits reach to
        st.booleans(),  # whether an item comes in the middle of the night
        st.integers(1, 4),  # requests under way at once
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=300, derandomize=True, deadline=None, database=None)
@given(first=st.integers(0, 60), nights=events)
def test_orders__never_claim_what_did_not_come(first: int, nights: list[Any]) -> None:
    """Whatever a plan orders and whatever interrupts it: what coverage claims has come, and a free night ends whole.

    Nothing is deleted here: what deletions pull over a boundary is the sweeps' to find.
    """
    held = List(first)
    for kind, new, pages, granted, budget, comes_in_between, at_once in nights:
        held.add(new)
        held.night(
            Order(is_swept=kind == "sweep", backfill=granted),
            again=tuple(sorted(pages)) if kind == "again" else (),
            backfill=granted if kind == "backfill" else 0,
            by=rules(smallest_page=PAGE, max_in_flight=at_once),
            budget=budget,
            before=(lambda place: held.add(1) if place == 2 else None) if comes_in_between else None,
        )
        assert len(held.asked) <= (budget if budget is not None else len(held.asked))
        coverage = held.memory.coverage
        for item in held.model.items:
            assert item.at is not None
            if any(stretch.newest.at > item.at > stretch.oldest.at for stretch in coverage.ranges):
                assert item.id in held.versions

    held.night(HEAD, backfill=200)
    held.night(HEAD, backfill=200)

    assert held.memory.is_whole(is_sorted=True, since=None)
    assert held.unseen == set()


def test_front__of_a_list_without_order_of_time_does_not_undo_what_is_held() -> None:
    """Page 0 alone, on a night that cannot read it whole, does not make a held list one that broke off."""
    held = List(30, is_sorted=False)
    of = numbered(has_count=False, is_sorted=False)
    held.night(SWEEP, of=of)
    held.add(2)

    assert held.night(HEAD, of=of) == ["head"]

    assert held.asked == [0]
    assert held.unseen == set()
    assert held.memory.is_whole(is_sorted=False, since=None)


def test_again__finds_pages_that_deletions_have_moved() -> None:
    """Two pages were deleted in front: the first page read shows it by its time, and the next one is found."""
    held = List(200)
    held.night(SWEEP)
    begins = {number: held.model.items[PAGE * number].at or 0 for number in (10, 30)}
    meant = [item.id for item in held.model.items[150:155]]
    for item in list(held.model.items[20:30]):
        held.model.delete(item)
    for item in held.model.items:
        item.version += 1

    held.night(HEAD, again=(10, 30), begins=begins)

    assert held.asked == [0, 10, 28]
    assert {held.versions[item] for item in meant} == {1}
