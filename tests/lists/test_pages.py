"""The pages of a numbered list: how they are asked for, and what comes."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from imgur_source.api.client import ImgurClient
from imgur_source.api.replies import Reply
from imgur_source.errors import (
    CreditsExhaustedError,
    ImgurError,
    NotFoundError,
    PrivateError,
    RefusedError,
    TransientError,
    WireShapeError,
)
from imgur_source.lists.coverage import Position
from imgur_source.lists.pages import NumberedList, Page, Pages
from tests.support.builders import an_image, page_of

NIGHT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that reached the script."""

    endpoint: str
    path: str
    params: dict[str, str]
    as_me: bool


class ScriptedClient:
    """Answers a request by the last segment of its path: the ``data`` of a reply, or an error.

    Attributes:
        asked: every request, in order.
    """

    def __init__(self, script: Mapping[str, Any], *, replays: Collection[str] = ()) -> None:
        self.replays_only = False
        self.asked: list[Asked] = []
        self._replays = replays
        self.meter = SimpleNamespace(available=lambda: 7, credits=SimpleNamespace(client=None))
        self._script = script
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
        with self._lock:
            self.asked.append(Asked(endpoint, path, dict(params or {}), as_me))
            last = path.rsplit("/", 1)[-1]
            data = self._script[last]
            if isinstance(data, ImgurError):
                raise data
            is_replayed = is_replay_taken and last in self._replays
            received_at = NIGHT + timedelta(seconds=len(self.asked))
            return Reply(endpoint, msgspec.json.encode(data), received_at, is_replayed=is_replayed)


def items(*ids: Any) -> list[Any]:
    return [{"id": item_id} for item_id in ids]


def pages_of(
    script: Mapping[str, Any], *, replays: Collection[str] = (), **over: Any
) -> tuple[Pages, ScriptedClient]:
    client = ScriptedClient(script, replays=replays)
    numbered = NumberedList(
        **{"name": "things/me", "endpoint": "things", "path": lambda n: f"/3/things/{n}", **over}
    )
    return Pages(cast(ImgurClient, client), numbered), client


# One page


def test_one__is_a_page_as_it_came() -> None:
    """A page has its number, its items' own bytes, and the time its reply was received."""
    images = [an_image(id="One", title="🌉\n"), an_image(id="Two", views=10**14)]
    page = pages_of({"4": images})[0].one(4)
    assert (page.number, page.items, page.ids) == (4, page_of(*images), ("One", "Two"))
    assert (page.received_at, page.reply.endpoint) == (NIGHT + timedelta(seconds=1), "things")


def test_one__has_no_items_at_the_end() -> None:
    """The empty page has neither ids nor times."""
    page = pages_of({"0": []})[0].one(0)
    assert (page.items, page.ids, page.times, page.marks) == (b"[]", (), (), [])


def test_one__finds_the_items_inside_of_an_object() -> None:
    """The posts of a tag stand in a member of the tag, and the tag itself is still there."""
    page = pages_of({"0": {"name": "bridges", "items": items("A")}}, inside="items")[0].one(0)
    assert (page.ids, bytes(page.reply.fields()["name"])) == (("A",), b'"bridges"')


@pytest.mark.parametrize("data", [{}, {"items": items("B")}, False, "An error occurred", 5])
def test_one__takes_nothing_but_a_list_for_a_page(data: Any) -> None:
    """Something else than a list is an error, never the end of the list."""
    with pytest.raises(WireShapeError):
        pages_of({"0": data})[0].one(0)


@pytest.mark.parametrize("data", [{"name": "bridges"}, {"name": "bridges", "items": None}, items("A")])
def test_one__takes_a_tag_without_posts_for_an_error(data: Any) -> None:
    """A tag whose member of posts is missing is not a tag with no posts."""
    with pytest.raises(WireShapeError):
        pages_of({"0": data}, inside="items")[0].one(0)


def test_one__tells_items_apart_by_id_and_else_by_their_text() -> None:
    """Case and type of an id count; an item without a usable one is told apart by its bytes."""
    page = pages_of(
        {"0": [{"id": "a"}, {"id": "A"}, {"id": 1}, {"id": "1"}, {"title": "x"}, {"id": [1]}, 7]}
    )[0].one(0)
    assert page.ids == ("a", "A", 1, "1", b'{"title":"x"}', b'{"id":[1]}', b"7")


@pytest.mark.parametrize(
    ("sent", "at"),
    [(9, 9), ("9", 9), (None, None), ("soon", None), (True, None), (0, None), (-5, None), (9.5, None)],
)
def test_one__reads_times_where_there_are_any(sent: Any, at: int | None) -> None:
    """A time is a positive number, or the text of one; anything else is no time, and the item has no mark."""
    page = pages_of({"0": [{"id": "A", "datetime": sent}]})[0].one(0)
    assert (page.times, page.marks) == ((at,), [] if at is None else [Position(at, "A")])


# What is asked


@pytest.mark.parametrize(
    ("over", "asked"),
    [
        ({}, Asked("things", "/3/things/2", {}, False)),
        ({"as_me": True}, Asked("things", "/3/things/2", {}, True)),
        ({"params": {"q": "tall bridges"}}, Asked("things", "/3/things/2", {"q": "tall bridges"}, False)),
        (
            {"params": {"a": "b"}, "takes_per_page": True},
            Asked("things", "/3/things/2", {"a": "b", "perPage": "100"}, False),
        ),
    ],
)
def test_one__asks_as_its_list_says(over: dict[str, Any], asked: Asked) -> None:
    """Login, parameters and page size are the list's; perPage is sent only where it may be honoured."""
    pages, client = pages_of({"2": []}, **over)
    pages.one(2)
    assert client.asked == [asked]


def test_pages__leave_the_parameters_of_their_list_alone() -> None:
    """The page size is no part of the list, which may be read again."""
    params = {"a": "b"}
    pages_of({"0": []}, params=params, takes_per_page=True)[0].one(0)
    assert params == {"a": "b"}


# Several pages


@pytest.mark.parametrize("at_once", [1, 4])
def test_several__come_in_their_order(at_once: int) -> None:
    """However many requests are under way, the pages come in the order of their numbers."""
    pages, client = pages_of({str(number): items(number) for number in range(9)})
    came = list(pages.several(deque(range(9)), at_once=at_once))
    assert [page.ids for page in came if isinstance(page, Page)] == [(number,) for number in range(9)]
    assert len(client.asked) == 9


@pytest.mark.parametrize("at_once", [1, 4])
def test_several__take_no_replay_behind_a_page_of_tonight(at_once: int) -> None:
    """A page from the journal is older than the one before it: what moved in between would be missed."""
    pages, _ = pages_of({str(number): items(number) for number in range(6)}, replays="01345")
    came = [page for page in pages.several(deque(range(6)), at_once=at_once) if isinstance(page, Page)]
    assert [page.number for page in came] == [0, 1, 2, 3, 4, 5]
    assert [page.number for page in came if page.reply.is_replayed] == [0, 1]
    assert not pages.one(3).reply.is_replayed


def test_several__hand_on_an_error_in_its_place_and_ask_no_further() -> None:
    """What was under way behind a failed page still comes; nothing new is asked for."""
    error = TransientError("things", "no answer in time")
    pages, client = pages_of({**{str(number): items(number) for number in range(9)}, "1": error})
    came = list(pages.several(deque(range(9)), at_once=3))
    assert [page if isinstance(page, ImgurError) else page.number for page in came] == [0, error, 2, 3]
    assert len(client.asked) == 4


def test_several__stop_when_the_numbers_are_cleared() -> None:
    """Whoever has seen enough clears the numbers; what is paid for is handed on."""
    pages, client = pages_of({str(number): items(number) for number in range(9)})
    numbers = deque(range(9))
    came = []
    for page in pages.several(numbers, at_once=2):
        came.append(page)
        numbers.clear()
    assert (len(came), len(client.asked)) == (2, 2)


# Counts and credits


@pytest.mark.parametrize(
    ("data", "count"), [(12, 12), ("12", 12), (0, 0), (-1, 0), ({}, None), ("many", None)]
)
def test_count__is_a_number_or_unknown(data: Any, count: int | None) -> None:
    """The count may come as a number or as a text; anything else tells nothing."""
    pages, client = pages_of({"count": data}, count_path="/3/things/count", as_me=True)
    assert pages.count() == count
    assert client.asked == [Asked("things_count", "/3/things/count", {}, True)]


@pytest.mark.parametrize(
    "error", [NotFoundError("c", "no"), PrivateError("c", "no"), RefusedError("c", 400, "no")]
)
def test_count__is_unknown_where_it_is_refused(error: ImgurError) -> None:
    """A list can be read without its count."""
    assert pages_of({"count": error}, count_path="/3/things/count")[0].count() is None


def test_count__passes_on_what_ends_the_night() -> None:
    """That no request may be sent is not about the count."""
    pages, _ = pages_of({"count": CreditsExhaustedError("spent")}, count_path="/3/things/count")
    with pytest.raises(CreditsExhaustedError):
        pages.count()


def test_count__costs_nothing_where_imgur_has_none() -> None:
    """A list without a place for its count is not asked for it."""
    pages, client = pages_of({})
    assert (pages.count(), client.asked) == (None, [])


def test_pages__know_the_credits_of_their_client() -> None:
    """What is at hand is the meter's to say; the day has its documented size until Imgur tells another."""
    pages, _ = pages_of({})
    assert (pages.available(), pages.day_credits()) == (7, 12_500)
