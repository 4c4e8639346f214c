"""A model of one list of Imgur's: what stands in it, how it is paged, and what a request for a page costs.

It stands where the client does and shares no thought with the code under test.
Two things that the count of a list cannot show are left out, because no proof sees
them: a deletion that is made up for by a restore during the same walk, and the
deletion of an item that came during the same walk.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import msgspec

from imgur_source.api.client import ImgurClient
from imgur_source.api.replies import Reply
from imgur_source.errors import CreditsExhaustedError, ImgurError
from imgur_source.extract.facts import WarehouseFacts
from imgur_source.extract.plan_inputs import stored_list
from imgur_source.lists.pages import NumberedList, Page
from imgur_source.lists.reader import ListReader
from imgur_source.lists.scan import SMALLEST_PAGE, Scan, ScanRules
from imgur_source.lists.state import ListState
from imgur_source.planning.costs import PlanRules
from imgur_source.planning.plan import Budget, Order, Plan
from imgur_source.planning.planner import make_plan
from tests.support.fakes import FakeClock

FIRST_SECOND = 1_700_000_000
SECONDS_PER_REQUEST = 1
ENOUGH = 500  # requests of a night, after which it counts as endless


@dataclass(slots=True)
class Item:
    """An item; *version* is its counter, *is_hidden* takes its place on a page without being shown."""

    id: str
    at: int | None
    version: int = 0
    is_hidden: bool = False


@dataclass(slots=True)
class ModelList:
    """The items of a list, newest first; those of one second stand in an order that never changes.

    Attributes:
        items: what is live, in order.
        gone: what was deleted.
        is_sorted: whether the order is that of time; otherwise new items come first, whatever their time.
    """

    items: list[Item] = field(default_factory=list)
    gone: list[Item] = field(default_factory=list)
    is_sorted: bool = True
    _made: int = 0

    def add(self, at: int | None, *, is_hidden: bool = False) -> Item:
        """A new item."""
        self._made += 1
        item = Item(f"I{self._made}", at, is_hidden=is_hidden)
        self._place(item)
        return item

    def add_many(self, times: Iterable[int]) -> list[Item]:
        """New items, one for each time, in the order given."""
        return [self.add(at) for at in times]

    def delete(self, item: Item) -> None:
        """Take *item* out; those behind it move up."""
        self.items.remove(item)
        self.gone.append(item)

    def restore(self, item: Item) -> None:
        """Put a deleted *item* back where it stood."""
        self.gone.remove(item)
        self._place(item)

    def shown(self) -> list[Item]:
        """What a reader can see."""
        return [item for item in self.items if not item.is_hidden]

    def page(self, number: int, size: int, *, repeats_last: bool = False) -> list[Item]:
        """The items on page *number*; a page of nothing but hidden ones shows them after all."""
        if repeats_last and self.items:
            number = min(number, (len(self.items) - 1) // size)
        page = self.items[number * size : (number + 1) * size]
        if all(item.is_hidden for item in page):
            for item in page:
                item.is_hidden = False
        return [item for item in page if not item.is_hidden]

    def _place(self, item: Item) -> None:
        self.items.insert(0, item)
        if self.is_sorted:
            self.items.sort(key=_place_in_time)


def _place_in_time(item: Item) -> tuple[int, int]:
    """Newest first; within a second an order that is not that of coming."""
    return -(item.at or 0), int(item.id[1:]) * 7919 % 1009


class ModelClient:
    """What a reading asks of the client, answered from a ``ModelList``; one for each night.

    Args:
        count_error: by how much the count is off, for good.
        tells_budget: whether it is known beforehand how many requests are granted.
        repeats_last: whether the last page comes for ever, instead of an empty one.
        before: told the place of each request right before it is answered.
        errors: what some requests end with, by their place.
        shows: the page that comes instead of another.

    Attributes:
        asked: what was asked for, in order: numbers of pages, and ``count``.
        served: the numbers of the pages that came.
    """

    def __init__(
        self,
        model: ModelList,
        clock: FakeClock,
        *,
        page_size: int,
        count_error: int | None = 0,
        budget: int | None = None,
        tells_budget: bool = True,
        repeats_last: bool = False,
        before: Callable[[int], None] | None = None,
        errors: Mapping[int, ImgurError] | None = None,
        shows: Mapping[int, int] | None = None,
        knows_after: int = 0,
    ) -> None:
        self.asked: list[int | str] = []
        self.served: list[int] = []
        self.replays_only = False
        self.meter = SimpleNamespace(available=self._available, credits=SimpleNamespace(client=None, spent=0))
        self._model = model
        self._clock = clock
        self._page_size = page_size
        self._count_error = count_error
        self._budget = budget
        self._tells_budget = tells_budget
        self._knows_after = knows_after
        self._repeats_last = repeats_last
        self._before = before
        self._errors = errors or {}
        self._shows = shows or {}
        self._lock = threading.Lock()

    def get(
        self,
        endpoint: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        as_me: bool = False,
        is_replay_taken: bool = True,
    ) -> Reply:
        """The reply to one request; something may happen to the list right before it is made."""
        with self._lock:
            if self._budget is not None and len(self.asked) >= self._budget:
                raise CreditsExhaustedError("the night's credits are spent")
            place = len(self.asked)
            assert place < ENOUGH, "the reading goes on for ever"
            last = path.rsplit("/", 1)[-1]
            self.asked.append("count" if last == "count" else int(last))
            if self._before is not None:
                self._before(place)
            self._clock.advance(timedelta(seconds=SECONDS_PER_REQUEST))
            if place in self._errors:
                raise self._errors[place]
            return Reply(endpoint, msgspec.json.encode(self._answer(last)), self._clock.now())

    def _answer(self, last: str) -> Any:
        if last == "count":
            return len(self._model.items) + (self._count_error or 0)
        self.served.append(int(last))
        number = self._shows.get(int(last), int(last))
        page = self._model.page(number, self._page_size, repeats_last=self._repeats_last)
        return [{"id": item.id, "datetime": item.at, "version": item.version} for item in page]

    def _available(self) -> int | None:
        if self._budget is None or not self._tells_budget or len(self.asked) < self._knows_after:
            return None
        return max(0, self._budget - len(self.asked))


def numbered(*, has_count: bool = True, **over: Any) -> NumberedList:
    """The list as the code under test knows it."""
    return NumberedList(
        **{
            "name": "things/me",
            "endpoint": "things",
            "path": lambda number: f"/3/things/{number}",
            "is_sorted": True,
            "count_path": "/3/things/count" if has_count else None,
            **over,
        }
    )


@dataclass(frozen=True, slots=True)
class By:
    """What a run of the model goes by: settings of the same names."""

    sweep_share: float = 1.0
    greatest_age_days: int = 4
    proof_pages: int = 10
    max_in_flight: int = 1
    since: int | None = None
    until: int | None = None
    smallest_page: int = SMALLEST_PAGE

    @property
    def scan_rules(self) -> ScanRules:
        return ScanRules(
            max_in_flight=self.max_in_flight,
            proof_pages=self.proof_pages,
            since=self.since,
            until=self.until,
            smallest_page=self.smallest_page,
        )

    @property
    def plan_rules(self) -> PlanRules:
        return PlanRules(
            sweep_share=self.sweep_share,
            greatest_age=timedelta(days=self.greatest_age_days),
            proof_pages=self.proof_pages,
            is_bounded=self.since is not None or self.until is not None,
        )


def rules(**over: Any) -> By:
    """Those of a list that is cheap enough to be read whole in each run."""
    return By(**over)


@dataclass(slots=True)
class Night:
    """What a run came to: rows by page, the state it leaves, its scans, notes and requests.

    Attributes:
        error: what ended it early, if anything did.
        plan: what it was to do.
    """

    pages: list[Page]
    memory: ListState
    walks: Sequence[Scan]
    notes: Sequence[str]
    asked: list[int | str]
    error: ImgurError | None
    plan: Plan | None = None

    @property
    def ids(self) -> list[str]:
        """The ids of all rows, in the order they came."""
        return [item for page in self.pages for item in page.ids]

    @property
    def numbers(self) -> list[int]:
        """The numbers of the pages that were asked for, in order."""
        return [number for number in self.asked if isinstance(number, int)]


def plan_for(client: ModelClient, clock: FakeClock, *, memory: ListState, by: By, of: NumberedList) -> Plan:
    """The plan of a run that has this list alone, made of what earlier runs have left."""
    available = client.meter.available()
    return make_plan(
        fixed=[],
        lists=[stored_list(of, memory, WarehouseFacts(), since=by.since, now=clock.now())],
        observed=(),
        due=(),
        budget=Budget(credits=available, now=available, an_hour=500, day=12_500),
        rules=by.plan_rules,
        now=clock.now(),
    )


def read(
    client: ModelClient,
    clock: FakeClock,
    *,
    memory: ListState | None = None,
    by: By | None = None,
    of: NumberedList | None = None,
) -> Night:
    """Read the list in a run with a plan of its own; what ends it early is kept, not raised."""
    memory, by, of = memory or ListState(), by or rules(), of or numbered()
    reader = ListReader(cast(ImgurClient, client), of, state=memory, rules=by.scan_rules, clock=clock)
    plans = [plan_for(client, clock, memory=memory, by=by, of=of)]

    def order() -> Order:
        """What the plan allows; made anew once a reply has told of credits that it did not know."""
        if plans[0].budget.credits is None and client.meter.available() is not None:
            plans[0] = plan_for(client, clock, memory=memory, by=by, of=of)
        return plans[0].order_for(of.name)

    pages: list[Page] = []
    error: ImgurError | None = None
    try:
        for page in _parts(reader, of, order):
            pages.append(page)
    except ImgurError as raised:
        error = raised
    return Night(pages, reader.state, reader.scans, reader.notes, client.asked, error, plans[0])


def _parts(reader: ListReader, of: NumberedList, order: Callable[[], Order]) -> Iterator[Page]:
    yield from reader.front(order)
    if of.pages is None:
        now = order()
        yield from reader.refresh(sorted({*now.hot, *now.cold}), begins=now.begins)
        if now.backfill and reader.list.is_sorted:
            yield from reader.backfill(now.backfill)
