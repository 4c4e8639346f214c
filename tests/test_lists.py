"""Walking a list page by page: where it ends, what it covered, and that it never goes round for ever."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import msgspec
import pytest
from builders import an_image, page_of

from imgur_source.client import ImgurClient
from imgur_source.errors import CreditsExhaustedError, ImgurError, TransientError, WireShapeError
from imgur_source.lists import NumberedList, Page, Walk, api_path
from imgur_source.replies import Reply

NIGHT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
ENOUGH = 200  # requests after which a walk counts as endless


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that reached the script."""

    endpoint: str
    path: str
    params: dict[str, str]
    as_me: bool


class ScriptedClient:
    """Answers the n-th request with what the script says for n: the ``data`` of a reply, or an error.

    Attributes:
        asked: every request, in order.
    """

    def __init__(self, script: Sequence[Any] | Callable[[int], Any]) -> None:
        self.asked: list[Asked] = []
        self._script = script

    def get(
        self, endpoint: str, path: str, *, params: Mapping[str, str] | None = None, as_me: bool = False
    ) -> Reply:
        number = len(self.asked)
        assert number < ENOUGH, "the walk goes on for ever"
        self.asked.append(Asked(endpoint, path, dict(params or {}), as_me))
        data = self._script(number) if callable(self._script) else self._script[number]
        if isinstance(data, ImgurError):
            raise data
        return Reply(endpoint, msgspec.json.encode(data), NIGHT + timedelta(seconds=number))


def items(*ids: Any) -> list[Any]:
    return [{"id": item_id} for item_id in ids]


def numbered(first: int, count: int) -> list[Any]:
    """*count* items with ids of their own, from *first* on."""
    return items(*(f"Id{number}" for number in range(first, first + count)))


def a_list(**over: Any) -> NumberedList:
    return NumberedList(
        **{"name": "things/me", "endpoint": "things", "path": lambda n: f"/3/things/{n}", **over}
    )


def a_walk(script: Sequence[Any] | Callable[[int], Any], **over: Any) -> tuple[Walk, ScriptedClient]:
    client = ScriptedClient(script)
    return Walk(cast(ImgurClient, client), a_list(**over), started_at=NIGHT), client


def ids_of(pages: Sequence[Page]) -> list[list[Any]]:
    return [[item["id"] for item in msgspec.json.decode(page.items)] for page in pages]


def covered(walk: Walk) -> tuple[int, int, bool, str]:
    return walk.pages, walk.items, walk.is_complete, walk.reason


# Where it ends


def test_walk__ends_at_an_empty_page() -> None:
    """A list is read from page 0 to its empty page, which costs a credit like any other."""
    walk, client = a_walk([items("A", "B"), items("C"), []])
    assert ids_of(list(walk)) == [["A", "B"], ["C"]]
    assert covered(walk) == (3, 3, True, "the list ended")
    assert client.asked == [Asked("things", f"/3/things/{number}", {}, False) for number in range(3)]


def test_walk__of_an_empty_list_is_complete() -> None:
    """A list that has nothing ends on page 0."""
    walk, _ = a_walk([[]])
    assert (list(walk), covered(walk)) == ([], (1, 0, True, "the list ended"))


def test_walk__does_not_end_at_a_short_page() -> None:
    """Pages of a gallery are short in the middle of the list too."""
    walk, _ = a_walk([numbered(0, 60), numbered(60, 1), numbered(61, 60), numbered(121, 59), []])
    assert [len(page) for page in ids_of(list(walk))] == [60, 1, 60, 59]
    assert covered(walk) == (5, 180, True, "the list ended")


def test_walk__reads_the_wanted_pages_only() -> None:
    """A feed is read to its last wanted page and no further, and is complete there."""
    walk, client = a_walk(lambda n: numbered(n * 60, 60), pages=2)
    assert [page.number for page in walk] == [0, 1]
    assert covered(walk) == (2, 120, True, "the wanted 2 pages were read")
    assert len(client.asked) == 2


def test_walk__of_one_wanted_page_says_so() -> None:
    """One page is one page."""
    walk, _ = a_walk([items("A")], pages=1)
    assert ids_of(list(walk)) == [["A"]]
    assert covered(walk) == (1, 1, True, "the wanted page was read")


def test_walk__ends_before_the_wanted_pages_where_the_list_does() -> None:
    """A feed that is shorter than wanted ends at its empty page."""
    walk, _ = a_walk([items("A"), []], pages=5)
    assert ids_of(list(walk)) == [["A"]]
    assert covered(walk) == (2, 1, True, "the list ended")


# Guards


def repeated(number: int) -> str:
    return f"page {number} brought nothing that the pages before it had not shown"


def test_walk__stops_at_a_page_that_comes_again() -> None:
    """A page that was shown before is not handed out again, and the list counts as unfinished."""
    walk, _ = a_walk([items("A", "B"), items("C", "D"), items("C", "D"), items("E")])
    assert ids_of(list(walk)) == [["A", "B"], ["C", "D"]]
    assert covered(walk) == (3, 4, False, repeated(2))


def test_walk__stops_when_it_comes_round_to_page_0() -> None:
    """A page that repeats one from long before stops the walk too."""
    walk, _ = a_walk(lambda n: numbered(n % 7 * 10, 10))
    assert len(list(walk)) == 7
    assert covered(walk) == (8, 70, False, repeated(7))


def test_walk__stops_at_the_same_items_in_another_order() -> None:
    """A page whose items stood on the page before, however arranged, brings nothing new."""
    walk, _ = a_walk([items("A", "B", "C"), items("C", "A", "B"), items("D")])
    assert ids_of(list(walk)) == [["A", "B", "C"]]
    assert covered(walk) == (2, 3, False, repeated(1))


@pytest.mark.parametrize("around", [1, 2, 3, 5])
def test_walk__stops_at_endless_pages_of_one_item(around: int) -> None:
    """Pages of one item without end, once seen in a subreddit, are left as soon as an item comes again."""
    walk, client = a_walk(lambda n: numbered(n % around, 1))
    assert len(list(walk)) == around
    assert covered(walk) == (around + 1, around, False, repeated(around))
    assert len(client.asked) == around + 1


def test_walk__goes_on_where_pages_overlap() -> None:
    """New items push others over to the next page: what two neighbours show counts once, and is handed on."""
    walk, _ = a_walk([items("A", "B", "C"), items("C", "D", "E"), items("E", "C", "F"), []])
    assert ids_of(list(walk)) == [["A", "B", "C"], ["C", "D", "E"], ["E", "C", "F"]]
    assert covered(walk) == (4, 6, True, "the list ended")


def test_walk__knows_an_item_again_by_its_id_alone() -> None:
    """An item whose counters moved between two pages is the same item, whatever kind of id it has."""
    for item_id in ("A", 1001):
        walk, _ = a_walk([[{"id": item_id, "ups": 1}], [{"id": item_id, "ups": 2}]])
        assert len(list(walk)) == 1
        assert covered(walk) == (2, 1, False, repeated(1))


def test_walk__counts_an_item_once_that_comes_again_two_pages_later() -> None:
    """Neighbours are the two pages before; what is further away is not remembered."""
    walk, _ = a_walk([items("A", "B"), items("C", "D"), items("A", "E"), items("B", "F"), []])
    assert len(list(walk)) == 4
    assert covered(walk) == (5, 7, True, "the list ended")


def test_walk__counts_an_item_once_that_a_page_shows_twice() -> None:
    """The same item twice on a page is one item."""
    walk, _ = a_walk([items("A", "A", "B"), []])
    assert ids_of(list(walk)) == [["A", "A", "B"]]
    assert covered(walk) == (2, 2, True, "the list ended")


def test_walk__keeps_ids_apart_that_differ_by_case_or_type() -> None:
    """Upper and lower case, text and number name different things."""
    walk, _ = a_walk([items("a", "A"), items("1"), items(1), []])
    assert [len(page) for page in ids_of(list(walk))] == [2, 1, 1]
    assert covered(walk) == (4, 4, True, "the list ended")


def test_walk__tells_items_without_id_apart_by_their_text() -> None:
    """An item without an id is handed on; only the very same one again stops the walk."""
    strange = [[{"title": "x"}], [{"title": "y"}], [None, 7, "text", [1]], [{"id": None}], [{"id": [1]}]]
    walk, _ = a_walk([*strange, []])
    assert [msgspec.json.decode(page.items) for page in walk] == strange
    assert covered(walk) == (6, 8, True, "the list ended")
    again, _ = a_walk([[{"title": "x"}], [{"title": "x"}]])
    assert len(list(again)) == 1
    assert covered(again) == (2, 1, False, repeated(1))


def test_walk__warns_when_it_stops(caplog: pytest.LogCaptureFixture) -> None:
    """A list that repeats itself is something that a person may want to look at."""
    walk, _ = a_walk([items("A"), items("A")])
    list(walk)
    assert [record.getMessage() for record in caplog.records] == [
        f"walk stopped list=things/me reason={repeated(1)}"
    ]


# Page size


def test_walk__asks_on_for_large_pages_where_they_come() -> None:
    """perPage=100 halves the price of an account's list where Imgur honours it."""
    walk, client = a_walk([numbered(0, 100), numbered(100, 100), numbered(200, 3), []], takes_per_page=True)
    assert len(list(walk)) == 3
    assert [asked.params for asked in client.asked] == [{"perPage": "100"}] * 4
    assert covered(walk) == (4, 203, True, "the list ended")


@pytest.mark.parametrize("size", [1, 49, 50, 51, 100])
def test_walk__asks_every_page_for_the_same_size(size: int) -> None:
    """Whether perPage is honoured or not, page n starts where the same size puts it: a short page 0 skips nothing."""
    walk, client = a_walk([numbered(0, size), numbered(100, 50), numbered(200, 50), []], takes_per_page=True)
    list(walk)
    assert [asked.params for asked in client.asked] == [{"perPage": "100"}] * 4


def test_walk__asks_no_page_size_of_other_lists() -> None:
    """Where perPage is ignored it is not sent, and a list's own parameters are sent with every page."""
    walk, client = a_walk([numbered(0, 60), []], params={"q": "tall bridges"})
    list(walk)
    assert [asked.params for asked in client.asked] == [{"q": "tall bridges"}] * 2


def test_walk__leaves_the_parameters_of_its_list_alone() -> None:
    """A walk's page size is its own; the list can be walked again."""
    things = a_list(takes_per_page=True, params={"a": "b"})
    for _ in range(2):
        client = ScriptedClient([items("A"), []])
        list(Walk(cast(ImgurClient, client), things, started_at=NIGHT))
        assert [asked.params for asked in client.asked] == [{"a": "b", "perPage": "100"}] * 2
    assert things.params == {"a": "b"}


# What it hands out and asks


def test_walk__hands_out_pages_with_their_reply() -> None:
    """A page has its number, its items as they came, and the time its reply was received."""
    images = [an_image(id="One", title="🌉\n"), an_image(id="Two", views=10**14)]
    walk, _ = a_walk([images, [an_image(id="Three")], []])
    pages = list(walk)
    assert [page.number for page in pages] == [0, 1]
    assert pages[0].items == page_of(*images)
    assert [page.received_at for page in pages] == [NIGHT, NIGHT + timedelta(seconds=1)]
    assert pages[0].reply.endpoint == "things"
    assert walk.started_at == NIGHT


def test_walk__finds_the_items_inside_of_an_object() -> None:
    """The posts of a tag stand in a member of the tag; the empty page is an empty member."""
    tag = {"name": "bridges"}
    walk, _ = a_walk([{**tag, "items": items("A")}, {**tag, "items": []}], inside="items")
    pages = list(walk)
    assert ids_of(pages) == [["A"]]
    assert bytes(pages[0].reply.fields()["name"]) == b'"bridges"'
    assert covered(walk) == (2, 1, True, "the list ended")


def test_walk__asks_with_the_login_where_the_list_is_its_own() -> None:
    """A list of the account that is logged in is asked for with the login, page by page."""
    walk, client = a_walk([items("A"), []], as_me=True)
    list(walk)
    assert [asked.as_me for asked in client.asked] == [True, True]


def test_walk__asks_for_a_page_only_when_it_is_wanted() -> None:
    """Nothing is spent before somebody reads, and no page is fetched ahead."""
    walk, client = a_walk([items("A"), items("B"), []])
    assert client.asked == []
    pages = iter(walk)
    next(pages)
    assert len(client.asked) == 1
    assert covered(walk) == (1, 1, False, "not finished")


# Errors


@pytest.mark.parametrize(
    "error", [TransientError("things", "no answer in time"), CreditsExhaustedError("the hour is used up")]
)
def test_walk__leaves_what_came_before_an_error(error: ImgurError) -> None:
    """An error passes through; the pages before it were handed out, and the list is not complete."""
    walk, _ = a_walk([items("A"), items("B"), error])
    came: list[Page] = []
    with pytest.raises(type(error)) as raised:
        came.extend(walk)
    assert raised.value is error
    assert ids_of(came) == [["A"], ["B"]]
    assert covered(walk) == (2, 2, False, "not finished")


@pytest.mark.parametrize("data", [{}, {"items": items("B")}, False, "An error occurred", 5])
def test_walk__takes_nothing_but_an_empty_list_for_its_end(data: Any) -> None:
    """Something else than a list in the middle is an error, never the end of the list."""
    walk, _ = a_walk([items("A"), data])
    came: list[Page] = []
    with pytest.raises(WireShapeError):
        came.extend(walk)
    assert ids_of(came) == [["A"]]
    assert covered(walk) == (1, 1, False, "not finished")


@pytest.mark.parametrize("data", [{"name": "bridges"}, {"name": "bridges", "items": None}, items("A")])
def test_walk__takes_a_tag_without_posts_for_an_error(data: Any) -> None:
    """A tag whose member of posts is missing is not a tag with no posts."""
    walk, _ = a_walk([data], inside="items")
    with pytest.raises(WireShapeError):
        list(walk)
    assert covered(walk) == (0, 0, False, "not finished")


# Paths


@pytest.mark.parametrize(
    ("segments", "path"),
    [
        (("account", "me", "images", 0), "/3/account/me/images/0"),
        (("gallery", "t", "a b/c?", "viral"), "/3/gallery/t/a%20b%2Fc%3F/viral"),
        (("gallery", "r", "50%#&=+", 12), "/3/gallery/r/50%25%23%26%3D%2B/12"),
        (("gallery", "t", "käse 🧀"), "/3/gallery/t/k%C3%A4se%20%F0%9F%A7%80"),
        (("account", "a_b-c.d"), "/3/account/a_b-c.d"),
    ],
)
def test_api_path__quotes_each_segment(segments: tuple[str | int, ...], path: str) -> None:
    """Whatever a name holds, it stays one segment of the path."""
    assert api_path(*segments) == path
