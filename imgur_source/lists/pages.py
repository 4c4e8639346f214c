"""Lists that are numbered page by page: what one is, and how its pages are had.

Which pages are worth a credit is decided in ``reading.py``.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from imgur_source.api import ImgurClient, Reply
from imgur_source.errors import (
    AllowanceSpentError,
    ImgurError,
    NotFoundError,
    PrivateError,
    RefusedError,
    WireShapeError,
)
from imgur_source.lists.coverage import Position
from imgur_source.settings import DAY_CREDITS, PER_PAGE_ASKED


@dataclass(frozen=True, slots=True)
class NumberedList:
    """A list of Imgur's.

    Attributes:
        name: ours for it, such as ``account_images/me`` or ``hot/viral``.
        endpoint: the kind of request.
        path: the path of a page, by its number.
        inside: the key under ``data`` that holds the items, where ``data`` itself is not the list.
        takes_per_page: whether ``perPage`` is worth asking for.
        as_me: whether it is asked for with the login.
        pages: how many pages are wanted; None for all.
        is_sorted: whether Imgur sends the newest ``datetime`` first (docs/imgur-api.md: paging).
        count_path: where its number of items is asked for; None where Imgur has no such place.
    """

    name: str
    endpoint: str
    path: Callable[[int], str]
    params: Mapping[str, str] = field(default_factory=dict)
    inside: str | None = None
    takes_per_page: bool = False
    as_me: bool = False
    pages: int | None = None
    is_sorted: bool = False
    count_path: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page as it came; an empty one has no items.

    Attributes:
        number: counted from 0.
        items: the page's JSON list, as bytes.
        reply: where it came from.
        ids: one per item, in order; an item without an id is told apart by its bytes.
        times: the items' ``datetime`` in seconds since the epoch; None where there is none.
    """

    number: int
    items: bytes
    reply: Reply
    ids: tuple[Any, ...]
    times: tuple[int | None, ...]

    @property
    def received_at(self) -> datetime:
        return self.reply.received_at

    @property
    def marks(self) -> list[Position]:
        """The places of the items that have a time."""
        return [
            Position(at, str(item)) for item, at in zip(self.ids, self.times, strict=True) if at is not None
        ]


class Pages:
    """The pages of one list, one by one or a few at a time."""

    def __init__(self, client: ImgurClient, numbered: NumberedList) -> None:
        self._client = client
        self._list = numbered
        self._is_live = False  # whether a page of this run has come
        self._allowance: int | None = None  # pages that may still be paid for; None: as many as credits are
        self._lock = threading.Lock()
        self._params = dict(numbered.params)
        if numbered.takes_per_page:
            self._params["perPage"] = str(PER_PAGE_ASKED)

    def allow(self, pages: int | None) -> None:
        """Pay for so many *pages* more and no further one; None for as many as there are credits for."""
        with self._lock:
            self._allowance = pages

    @property
    def allowance(self) -> int | None:
        """Pages that may still be paid for; None where nothing but the credits limits them."""
        return self._allowance

    def one(self, number: int) -> Page:
        """The page *number*.

        Raises:
            ImgurError: when it cannot be had, or must not be paid for.
        """
        page = self._page(number)
        self._is_live = self._is_live or not page.reply.is_replayed
        return page

    def _page(self, number: int) -> Page:
        self._take_from_allowance()
        reply = self._client.get(
            self._list.endpoint,
            self._list.path(number),
            params=self._params,
            as_me=self._list.as_me,
            is_replay_taken=not self._is_live,
        )
        raws = reply.items(inside=self._list.inside)
        heads = [_head_of(raw) for raw in raws]
        return Page(
            number,
            b"[" + b",".join(map(bytes, raws)) + b"]",
            reply,
            tuple(item for item, _ in heads),
            tuple(at for _, at in heads),
        )

    def several(self, numbers: deque[int], *, at_once: int) -> Iterator[Page | ImgurError]:
        """The pages *numbers* in their order, at most *at_once* requests under way.

        A page that cannot be had comes as its error, and no further page is asked for.
        Whoever clears *numbers* ends the asking as well; what is under way still comes,
        because it is paid for.
        """
        under_way: deque[Future[Page | ImgurError]] = deque()
        with ThreadPoolExecutor(max_workers=at_once) as threads:
            while numbers or under_way:
                while numbers and len(under_way) < at_once:
                    under_way.append(threads.submit(self._one_or_error, numbers.popleft()))
                came = under_way.popleft().result()
                if isinstance(came, Page) and came.reply.is_replayed and self._is_live:
                    # older than the page before it: items that have moved in between would be missed
                    came = self._one_or_error(came.number)
                if isinstance(came, ImgurError):
                    numbers.clear()
                else:
                    self._is_live = self._is_live or not came.reply.is_replayed
                yield came

    def count(self) -> int | None:
        """How many items Imgur says the list has; None where it does not say.

        Raises:
            ImgurError: when no request may be sent, or none gets through.
        """
        if self._list.count_path is None:
            return None
        try:
            reply = self._client.get(
                f"{self._list.endpoint}_count", self._list.count_path, as_me=self._list.as_me
            )
            return max(0, _NUMBER.decode(reply.data))
        except (NotFoundError, PrivateError, RefusedError, WireShapeError, msgspec.ValidationError):
            return None

    def available(self) -> int | None:
        """Requests that may be sent right now; None where nothing is known of it, or none is sent."""
        return None if self._client.replays_only else self._client.meter.available()

    def spare_the_day(self) -> None:
        """Count what is asked from now on as backfill, which stops at twice the day's floor."""
        self._client.meter.is_backfill = True

    def spent(self) -> int:
        """Credits that the run has spent so far, on this list and on others."""
        return self._client.meter.credits.spent

    def day_credits(self) -> int:
        """Credits that the application has a day, as last seen."""
        client = self._client.meter.credits.client
        return client.limit if client else DAY_CREDITS

    def _take_from_allowance(self) -> None:
        with self._lock:
            if self._allowance == 0:
                raise AllowanceSpentError()
            if self._allowance is not None:
                self._allowance -= 1

    def _one_or_error(self, number: int) -> Page | ImgurError:
        try:
            return self._page(number)
        except ImgurError as error:
            return error


class _Head(msgspec.Struct):
    id: Any = None
    datetime: Any = None


_LATEST_SECOND = 253_402_300_799  # 9999-12-31, the last that a TIMESTAMPTZ and Python both know
_HEAD = msgspec.json.Decoder(_Head)
_NUMBER = msgspec.json.Decoder(int, strict=False)


def _head_of(raw: msgspec.Raw) -> tuple[Any, int | None]:
    """The id and the time of an item."""
    try:
        head = _HEAD.decode(raw)
    except msgspec.ValidationError:
        return bytes(raw), None
    item = head.id if isinstance(head.id, str | int) else bytes(raw)
    at = head.datetime
    if isinstance(at, str) and at.isdecimal():
        at = int(at)
    is_time = isinstance(at, int) and not isinstance(at, bool) and 0 < at <= _LATEST_SECOND
    return item, at if is_time else None
