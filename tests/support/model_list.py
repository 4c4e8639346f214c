"""A model of one list of Imgur's: what stands in it, how it is paged, and what a request for a page costs.

It stands where the client does and shares no thought with the code under test.
Two things that the count of a list cannot show are left out, because no proof sees
them: a deletion that is made up for by a restore during the same walk, and the
deletion of an item that came during the same walk.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import msgspec

from imgur_source.api.client import ImgurClient
from imgur_source.api.replies import Reply
from imgur_source.errors import CreditsExhaustedError, ImgurError
from imgur_source.lists.pages import NumberedList, Page
from imgur_source.lists.reader import ListReading
from imgur_source.lists.scan import Rules, Walk
from imgur_source.lists.state import ListMemory
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
        self.meter = SimpleNamespace(at_hand=self._at_hand, credits=SimpleNamespace(client=None, spent=0))
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

    def _at_hand(self) -> int | None:
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


def rules(**over: Any) -> Rules:
    """Rules of a list that is cheap enough to sweep."""
    return Rules(
        **{"sweep_share": 1.0, "max_in_flight": 1, "greatest_age_days": 4, "proof_pages": 10, **over}
    )


@dataclass(slots=True)
class Night:
    """What a night came to: rows by page, the memory it leaves, its walks, notes and requests.

    Attributes:
        error: what ended it early, if anything did.
    """

    pages: list[Page]
    memory: ListMemory
    walks: list[Walk]
    notes: list[str]
    asked: list[int | str]
    error: ImgurError | None

    @property
    def ids(self) -> list[str]:
        """The ids of all rows, in the order they came."""
        return [item for page in self.pages for item in page.ids]

    @property
    def numbers(self) -> list[int]:
        """The numbers of the pages that were asked for, in order."""
        return [number for number in self.asked if isinstance(number, int)]


def read(
    client: ModelClient,
    clock: FakeClock,
    *,
    memory: ListMemory | None = None,
    by: Rules | None = None,
    of: NumberedList | None = None,
    others_wait: bool = False,
) -> Night:
    """Read the list for a night; what ends it early is kept, not raised."""
    reading = ListReading(
        cast(ImgurClient, client),
        of or numbered(),
        memory=memory or ListMemory(),
        rules=by or rules(),
        clock=clock,
        others_wait=others_wait,
    )
    pages: list[Page] = []
    error: ImgurError | None = None
    try:
        for page in reading:
            pages.append(page)
    except ImgurError as raised:
        error = raised
    return Night(pages, reading.memory, reading.walks, reading.notes, client.asked, error)
