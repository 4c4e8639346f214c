"""The living list of ``test_walks_model``, on some nights read as a plan orders it.

Make it long with ``WALKS_STEPS=100000 pytest -m slow tests/lists/test_reader_model.py``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import cast

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from imgur_source.api.client import ImgurClient
from imgur_source.errors import ImgurError
from imgur_source.lists.pages import Page
from imgur_source.lists.reader import ListReader
from imgur_source.lists.state import ListState
from imgur_source.planning.plan import Order
from tests.lists.test_scan_model import LivingList, events, run_long, run_machine
from tests.support.model_list import ModelClient, Night


class PlannedList(LivingList):
    """A list of which a plan has some nights: a sweep or a front, named pages, a part of what was never read.

    All that ``LivingList`` promises stays true, whatever a plan orders: coverage claims nothing that was
    not read, unplanned nights mend whatever is left, and no live item is called deleted.
    """

    @rule(
        is_swept=st.booleans(),
        again=st.sets(st.integers(0, 20), max_size=5),
        is_timed=st.booleans(),
        backfill=st.integers(0, 6),
        budget=st.none() | st.integers(0, 12),
        happening=events,
    )
    def planned_night(
        self,
        is_swept: bool,
        again: set[int],
        is_timed: bool,
        backfill: int,
        budget: int | None,
        happening: list[tuple[int, str, int]],
    ) -> None:
        """A front, named pages once more, and some of what was never read, while things happen to the list."""
        self.clock.advance(timedelta(hours=24))
        fresh = set(map(id, self.list.items))

        def before(request: int) -> None:
            if self.in_flight == 1:
                for _, kind, number in [event for event in happening if event[0] == request]:
                    self._happens(kind, number, may_go=fresh)

        shown = self.list.shown()
        places = {number: number * self.page_size for number in again}
        begins = {
            number: shown[place].at or 0
            for number, place in places.items()
            if is_timed and place < len(shown)
        }
        client = ModelClient(
            self.list,
            self.clock,
            page_size=self.page_size,
            count_error=self.count_error,
            repeats_last=self.repeats_last,
            budget=budget,
            before=before,
        )
        reading = ListReader(
            cast(ImgurClient, client), self.of, state=self.memory, rules=self.by.scan_rules, clock=self.clock
        )
        pages: list[Page] = []
        error: ImgurError | None = None
        try:
            for part in _parts(reading, Order(is_swept=is_swept, backfill=backfill), again, begins):
                pages.extend(part)
        except ImgurError as raised:
            error = raised
        assert budget is None or len(client.asked) <= budget
        self.memory = ListState.from_json(json.loads(json.dumps(reading.state.as_json())))
        self.warehouse.load(Night(pages, reading.state, reading.scans, [], client.asked, error))
        self._agrees_with_sql()


def _parts(
    reading: ListReader, order: Order, again: set[int], begins: dict[int, int]
) -> Iterator[Iterator[Page]]:
    """The parts of a planned night, each begun when the one before it is through."""
    yield reading.front(lambda: order)
    yield reading.refresh(sorted(again), begins=begins)
    yield reading.backfill(order.backfill)


def test_orders__what_a_plan_leaves_is_mended_by_nights_without_one() -> None:
    """Planned nights among all others break nothing that the unplanned ones promise."""
    run_machine(PlannedList, steps=500, derandomize=True)


@pytest.mark.slow
def test_orders__what_a_plan_leaves_is_mended_in_many_histories() -> None:
    """The same, in more histories."""
    run_long(PlannedList)
