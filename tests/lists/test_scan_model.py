"""A living list, read night after night by a machine that may do anything to it: what stays true of what we hold.

Make it long with ``WALKS_STEPS=100000 pytest -m slow tests/lists/test_scan_model.py``.
"""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from imgur_source.errors import TransientError
from imgur_source.lists.coverage import Position
from imgur_source.lists.scan import Scan
from imgur_source.lists.state import ListState
from tests.support.fakes import FakeClock
from tests.support.model_list import FIRST_SECOND, Item, ModelClient, ModelList, Night, numbered, read, rules
from tests.support.model_warehouse import ModelWarehouse, State

STEPS_A_HISTORY = 30
DEFAULT_STEPS = 3_000  # under a minute
SMALLEST_PAGE = 3
NIGHTS_FOR_ROTATION = 3  # one for holes, one to reach the end, one to begin behind the head again
MOST_MEMORY_BYTES = 3_000
WALKS_TO_BE_SURE = 3  # complete ones that have to miss an item, where none is proved

Event = tuple[int, str, int]

events = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from(["insert", "delete", "bump"]), st.integers(0, 12)),
    max_size=4,
)
some = st.integers(1, 12)
place = st.integers(0, 60)


class LivingList(RuleBasedStateMachine):
    """One list, its warehouse, and what is remembered between the nights.

    Bounds that are held:
        A cheap list equals the truth after one unhindered night, a dear one after
        twice ``greatest_age_days`` and ``NIGHTS_FOR_ROTATION`` of them; one more where its length or its order was not known before.
        By then what is gone is missing, and after as much again twice it is deleted, as the SQL of the warehouse has it.
        No live item is called deleted unless deletions fell inside three of the walks that missed it.
        No walk of a quiet night takes more pages than the docstring of ``reading`` says.
    """

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.list = ModelList()
        self.warehouse = ModelWarehouse()
        self.states: dict[str, State] = {}
        self.restored_at: dict[str, datetime] = {}
        self.found_gone: set[str] = set()
        self.memory = ListState()
        self.second = FIRST_SECOND
        self.deleted_at: list[datetime] = []

    @initialize(
        page_size=st.integers(SMALLEST_PAGE, 6),
        is_cheap=st.booleans(),
        is_sorted=st.sampled_from([True, True, True, False]),
        count_error=st.sampled_from([0, 0, -1, 2, None]),
        repeats_last=st.sampled_from([False, False, False, True]),
        in_flight=st.sampled_from([1, 1, 1, 4]),
        since=st.sampled_from([None, None, FIRST_SECOND + 3]),
        proof_pages=st.integers(2, 4),
        age_days=st.integers(2, 5),
        items=st.integers(0, 30),
    )
    def begin(
        self,
        page_size: int,
        is_cheap: bool,
        is_sorted: bool,
        count_error: int | None,
        repeats_last: bool,
        in_flight: int,
        since: int | None,
        proof_pages: int,
        age_days: int,
        items: int,
    ) -> None:
        self.page_size = page_size
        self.is_cheap = is_cheap
        self.count_error = count_error
        self.repeats_last = repeats_last
        self.in_flight = in_flight
        self.list.is_sorted = is_sorted
        self.of = numbered(has_count=count_error is not None)
        self.by = rules(
            sweep_share=1.0 if is_cheap else 0.0,
            max_in_flight=in_flight,
            greatest_age_days=age_days,
            proof_pages=proof_pages,
            smallest_page=SMALLEST_PAGE,
            since=since if is_sorted else None,
        )
        for _ in range(items):
            self._insert(1)

    # what may happen by day

    @rule(number=some, seconds=st.integers(0, 2))
    def insert(self, number: int, seconds: int) -> None:
        """New items come, all of one second where *seconds* is 0."""
        for _ in range(number):
            self._insert(seconds)

    @rule()
    def insert_hidden(self) -> None:
        """An item that is never shown takes a place on its page."""
        self.second += 1
        self.list.add(self._time(), is_hidden=True)

    @rule(first=place, number=some)
    def delete(self, first: int, number: int) -> None:
        """Neighbours are deleted."""
        for item in self.list.items[first : first + number]:
            self.list.delete(item)

    @rule(at=place)
    def restore(self, at: int) -> None:
        """A deleted item comes back."""
        if self.list.gone:
            item = self.list.gone[at % len(self.list.gone)]
            self.list.restore(item)
            self.restored_at[item.id] = self.clock.now()

    @rule(first=place, number=some)
    def change_counters(self, first: int, number: int) -> None:
        """Somebody looks at neighbours."""
        for item in self.list.items[first : first + number]:
            item.version += 1

    @rule(page_size=st.integers(SMALLEST_PAGE, 6))
    def change_page_size(self, page_size: int) -> None:
        """perPage is honoured from now on, or no longer."""
        self.page_size = page_size

    @rule(number=some)
    def look_directly(self, number: int) -> None:
        """Some of the items that their list no longer shows are asked for by themselves."""
        self.clock.advance(timedelta(minutes=1))
        live = {item.id for item in self.list.shown()}
        missing = {item for item, state in self.states.items() if state.is_missing and not state.is_deleted}
        gone = self.warehouse.look(live.__contains__, at=self.clock.now(), limit=number)
        self.clock.advance(timedelta(minutes=1))
        self.found_gone.update(gone)
        self.states = self.warehouse.states()
        assert set(gone) <= missing
        assert all(self.states[item].is_deleted for item in gone)

    @rule()
    def lose_memory(self) -> None:
        """The state of the pipeline is gone."""
        self.memory = ListState()

    # nights

    @rule(budget=st.integers(0, 12), tells_budget=st.booleans())
    def poor_night(self, budget: int, tells_budget: bool) -> None:
        """The credits end somewhere."""
        self._night(budget=budget, tells_budget=tells_budget)

    @precondition(lambda self: self.in_flight == 1)  # which request comes first is chance with more
    @rule(happening=events, fails_at=st.none() | st.integers(0, 9))
    def busy_night(self, happening: list[Event], fails_at: int | None) -> None:
        """Things happen between two requests, and one may fail."""
        errors = {} if fails_at is None else {fails_at: TransientError("things", "no answer in time")}
        fresh = set(map(id, self.list.items))

        def before(request: int) -> None:
            for _, kind, number in [event for event in happening if event[0] == request]:
                self._happens(kind, number, may_go=fresh)

        self._night(before=before, errors=errors)

    @precondition(lambda self: self.list.is_sorted)  # bounds in time tell nothing of any other
    @rule(until=st.integers(FIRST_SECOND, FIRST_SECOND + 60), budget=st.none() | st.integers(0, 12))
    def night_of_older_items(self, until: int, budget: int | None) -> None:
        """A person asks for what is older than some day."""
        self._night(by=replace(self.by, until=until), budget=budget)

    @rule()
    def quiet_night(self) -> None:
        """Nothing happens, and there are credits enough."""
        is_ready = self._is_ready()
        night = self._quiet()
        if is_ready and (self.is_cheap or self.memory.is_unsorted):
            self._holds_the_truth(night)

    @precondition(lambda self: not self.is_cheap)
    @rule()
    def quiet_spell(self) -> None:
        """As many quiet nights as it takes to read everything once more."""
        for _ in range(self._nights_to_the_truth()):
            self._quiet()
        self._holds_the_truth(None)
        self._misses_what_is_gone()

    @invariant()
    def calls_no_live_item_deleted(self) -> None:
        """A live item may be missed; to be called deleted it takes deletions inside three walks.

        An item that was deleted and came back may still be called so until it is seen: what missed it
        while it was gone was right.
        """
        for item in self.list.shown():
            if item.id in self.states and self.states[item.id].is_deleted:
                restored_at = self.restored_at.get(item.id)
                walks = self.warehouse.items[item.id].missed_by
                right = [walk for walk in walks if restored_at and walk.started_at < restored_at]
                excused = len(right) + sum(self._was_disturbed(walk) for walk in walks if walk not in right)
                assert (
                    excused >= 3
                    or sum(walk.is_proved for walk in right) >= 2
                    or (restored_at and item.id in self.found_gone)
                ), (item, walks)

    @invariant()
    def remembers_little(self) -> None:
        """What is remembered stays small."""
        assert len(json.dumps(self.memory.as_json())) < MOST_MEMORY_BYTES

    def teardown(self) -> None:
        """Whatever has happened, quiet nights mend it."""
        if not hasattr(self, "by"):
            return
        for _ in range(2):  # from whatever was left, and from rest
            self.change_counters(first=0, number=len(self.list.items))
            for _ in range(self._nights_to_the_truth()):
                night = self._quiet()
            self._holds_the_truth(night if self.is_cheap else None)
        for _ in range(WALKS_TO_BE_SURE - 1):
            for _ in range(self._nights_to_the_truth()):
                self._quiet()
        self._calls_deleted_what_is_gone()
        self.calls_no_live_item_deleted()

    # the machinery

    def _nights_to_the_truth(self) -> int:
        """One for a cheap list, and one more where it has to be understood first."""
        # twice round: what deletions or short pages move over the border of what was read has another turn
        nights = 1 if self.is_cheap else 2 * self.by.greatest_age_days + NIGHTS_FOR_ROTATION
        return nights if self._is_ready() else nights + 1

    def _is_ready(self) -> bool:
        """Whether it is known how long the list is, and in which order, and no whole reading is under way."""
        memory, since = self.memory, self.by.since
        if not self.list.is_sorted or memory.is_unsorted:
            return memory.is_unsorted and memory.resume_page == 0
        is_counted = since is None and memory.items is not None
        return not memory.coverage.ranges or is_counted or memory.coverage.is_complete(since=since)

    def _insert(self, seconds: int) -> Item:
        self.second += seconds
        return self.list.add(self._time())

    def _time(self) -> int:
        """The time of the next item: later than all others, or any at all where the list is not sorted."""
        return self.second if self.list.is_sorted else FIRST_SECOND + self.second * 7919 % 997

    def _happens(self, kind: str, number: int, *, may_go: set[int]) -> None:
        if kind == "insert":
            self._insert(1)
        elif self.list.items:
            item = self.list.items[number * len(self.list.items) // 13]
            if kind == "bump":
                item.version += 1
            elif id(item) in may_go:
                self.list.delete(item)
                self.deleted_at.append(self.clock.now())

    def _quiet(self) -> Night:
        """A night in which nothing happens, and which may cost what it has to cost and no more."""
        before, night = self.memory, self._night()
        self._spends_within_bounds(before, night)
        return night

    def _night(self, **over: Any) -> Night:
        by = over.pop("by", self.by)
        self.clock.advance(timedelta(hours=24))
        client = ModelClient(
            self.list,
            self.clock,
            page_size=self.page_size,
            count_error=self.count_error,
            repeats_last=self.repeats_last,
            **over,
        )
        night = read(client, self.clock, memory=self.memory, by=by, of=self.of)
        self.memory = ListState.from_json(json.loads(json.dumps(night.memory.as_json())))
        assert self.memory == night.memory
        self.warehouse.load(night)
        self._agrees_with_sql()
        assert not night.notes or not self.list.is_sorted or self.repeats_last
        return night

    def _agrees_with_sql(self) -> None:
        """The staging views count the walks that missed an item as we do by hand."""
        self.states = self.warehouse.states()
        assert {
            item: (state.walks_missed, state.proved_walks_missed) for item, state in self.states.items()
        } == {
            item: (len(held.missed_by), sum(walk.is_proved for walk in held.missed_by))
            for item, held in self.warehouse.items.items()
        }

    def _was_disturbed(self, walk: Scan) -> bool:
        assert walk.ended_at is not None
        return any(walk.started_at <= at <= walk.ended_at for at in self.deleted_at)

    def _holds_the_truth(self, night: Night | None) -> None:
        """The warehouse equals the list; what is gone was missed by the *night*, where that read it whole."""
        since = self.by.since if not self.memory.is_unsorted else None
        wanted = {
            item.id: item.version
            for item in self.list.shown()
            if since is None or (item.at is not None and item.at >= since)
        }
        held = self.warehouse.items
        assert {item: held[item].version for item in wanted if item in held} == wanted
        assert [item for item in wanted if self.states[item].is_missing] == []
        if night is not None:
            self._misses_what_is_gone()

    def _misses_what_is_gone(self) -> None:
        """The SQL says of each item that is gone from the wanted part of its list that it is missing."""
        assert [item for item in self._gone() if not self.states[item].is_missing] == []

    def _calls_deleted_what_is_gone(self) -> None:
        """The SQL says of each item that is gone from the wanted part of its list that it is deleted."""
        assert [item for item in self._gone() if not self.states[item].is_deleted] == []

    def _gone(self) -> list[str]:
        """Held items that were deleted, and that a walk over the wanted part of the list has to miss."""
        if self.repeats_last:
            return []  # a list without an end is never known to be whole
        since = self.by.since if not self.memory.is_unsorted else None
        live = {item.id for item in self.list.shown()}
        return [
            item
            for item, held in self.warehouse.items.items()
            if item not in live
            and (since is None or (held.at or 0) >= since)
            and not self._is_of_a_long_second(held.at)
        ]

    def _is_of_a_long_second(self, at: int | None) -> bool:
        """Whether a page of a dear list may show nothing but items of this second: a refresh may end in it each time."""
        if self.is_cheap or self.memory.is_unsorted:
            return False
        hidden = sum(item.is_hidden for item in self.list.items)
        same = sum(item.at == at for item in self.list.items)
        return same > 0 and same + hidden >= SMALLEST_PAGE

    def _spends_within_bounds(self, before: ListState, night: Night) -> None:
        """No page twice but for proof, and no more requests than the docstring of ``reading`` says."""
        assert night.error is None
        again = {number for number, times in Counter(night.numbers).items() if times > 1}
        # the page where a gap begins may have been refreshed before; an endless list's end is looked for
        assert len(again - {0}) <= 1 or self.repeats_last, night.asked
        spent = Counter[str]()
        for walk in night.walks:
            spent[walk.kind] += walk.pages
        assert spent.total() == len(night.numbers), "a request that is on the books of no walk"
        assert night.asked.count("count") <= 1 + len(night.walks)
        most = self._most(before, night)
        assert {kind: pages for kind, pages in spent.items() if pages > most[kind]} == {}, (most, night.asked)

    def _most(self, before: ListState, night: Night) -> dict[str, int]:
        """Pages that each kind of walk may take on a quiet night."""
        size = self.page_size
        shown = [(place, item) for place, item in enumerate(self.list.items) if not item.is_hidden]
        pages, proof = math.ceil(len(self.list.items) / size), 1
        most = {"sweep": pages + 1 + proof + (self.in_flight - 1), "head": 0, "gap": 0, "refresh": 0}
        if not self.list.is_sorted or self.memory.is_unsorted or self.repeats_last:
            # read whole, whatever the kind; its end comes again, and a window reaches beyond what shrank
            return dict.fromkeys(most, 2 * pages + 2 + (self.in_flight - 1))
        stretches = before.coverage.ranges
        if not stretches:
            return most

        def first_below(at: int) -> int:
            return next((place for place, item in shown if (item.at or 0) < at), len(self.list.items))

        def last_reaching(end: Position) -> int:
            reaching = [place for place, item in shown if (item.at or 0) > end.at or item.id == end.id]
            return max(reaching, default=0)

        since = self.by.since or 0
        most["head"] = first_below(stretches[0].newest.at) // size + 1
        if not any(item.at is not None and item.at < stretches[0].newest.at for _, item in shown):
            most["head"] = pages + 1
        seen = [len(page.ids) for page in night.pages] or [1]
        sizes = {seen[0], max(seen)}  # the largest page that had come when a place was guessed
        came = sum((item.at or 0) > stretches[0].newest.at for _, item in shown)

        def moved(offset: int, place: int) -> int:
            return max(abs((offset - 1) // guessed - place // size) for guessed in sizes)

        offset = came
        for number, stretch in enumerate(stretches):
            offset += stretch.items
            is_last = number + 1 == len(stretches)
            if is_last and before.coverage.is_ended:
                break
            start = last_reaching(stretch.oldest)
            end = len(self.list.items) if is_last else first_below(stretches[number + 1].newest.at)
            end = min(end, first_below(since)) if since else end
            hole = max(0, end - start - 1)
            most["gap"] += math.ceil(hole / size) + 2 + moved(offset, start) + proof
            offset += hole
        held = max(before.coverage.items + came, len(shown))  # deletions since they were read are not known
        share = math.ceil(math.ceil(held / min(sizes)) / self.by.greatest_age_days)
        # each page may need one that joins it to others; of a cheap list that is not whole all may be read
        most["refresh"] = 2 * (pages if self.is_cheap else share) + 2
        return most


def run_machine(machine: type[LivingList], *, steps: int, derandomize: bool) -> None:
    """So many *steps* of *machine*, in histories of ``STEPS_A_HISTORY``."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=max(1, steps // STEPS_A_HISTORY),
            stateful_step_count=STEPS_A_HISTORY,
            derandomize=derandomize,
            deadline=None,
            database=None,
            report_multiple_bugs=False,  # the first one ends it
            phases=[Phase.generate],  # a history made smaller is worth minutes only to who debugs it
            suppress_health_check=list(HealthCheck),
        ),
    )


def run_long(machine: type[LivingList]) -> None:
    """The histories of a slow test: the same each time, or ``WALKS_STEPS`` of new ones where that is set."""
    steps = os.environ.get("WALKS_STEPS")
    run_machine(machine, steps=int(steps or DEFAULT_STEPS), derandomize=steps is None)


def test_model__truth_survives_what_a_list_may_do() -> None:
    """Whatever happened to a list, quiet nights bring what is held in line with it, and nothing live is called gone."""
    run_machine(LivingList, steps=500, derandomize=True)


@pytest.mark.slow
def test_model__truth_survives_many_histories() -> None:
    """The same, in more histories."""
    run_long(LivingList)
