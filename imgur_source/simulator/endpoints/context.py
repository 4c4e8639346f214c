"""What every endpoint needs to answer: the request as read, the page asked for, who is meant.

The endpoints themselves are in ``accounts``, ``media`` and ``gallery``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

from imgur_source.simulator.endpoints.records import Shapes
from imgur_source.simulator.endpoints.responses import Answer, failure
from imgur_source.simulator.world import Feeds, Person, World

T = TypeVar("T")

PerPage = Literal["honoured", "ignored"]

ACCOUNT_PAGE = 50
LARGEST_PAGE = 100  # what perPage may ask for
GALLERY_PAGE = 60
FAVORITES_END = 3060  # items; lists of favourites show no more (quirks 62)


class Refused(Exception):
    """An endpoint cannot answer; *answer* goes out instead."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


@dataclass(frozen=True)
class Call:
    """One request to the API, as an endpoint sees it."""

    method: str
    path: str
    query: Mapping[str, str]
    viewer: Person | None  # whose token came with it; None for a client id
    values: Mapping[str, str] = field(default_factory=dict)  # out of the path
    pages_back: int = 0  # a fault: answer an earlier page
    one_item: bool = False  # a fault: pages of one item, without end

    def with_values(self, values: Mapping[str, str]) -> "Call":
        """Return the call with what its path says."""
        return replace(self, values=values)

    @property
    def page(self) -> int:
        """The page asked for, in the path or the query."""
        text = self.values.get("page") or self.query.get("page", "")
        return max(0, (int(text) if text.isdigit() else 0) - self.pages_back)

    def refusal(self, status: int, error: str) -> Refused:
        """Return an error of the API which names the request."""
        return Refused(failure(status, error, path=self.path, method=self.method))


@dataclass(frozen=True)
class Desk:
    """The world, and the manners in which it is shown."""

    world: World
    feeds: Feeds
    per_page: PerPage
    comment_count_error: int  # what comment counts are off by
    honours_previews: bool

    def shapes(self, call: Call) -> Shapes:
        """Return the world as the caller may see it."""
        return Shapes(self.world, call.viewer)

    def person(self, call: Call) -> Person:
        """Return whose account the path is about."""
        name = call.values["user"]
        if name == "me":
            if call.viewer is None:
                raise call.refusal(401, "Authentication required")
            return call.viewer
        person = self.world.person(name)
        if person is None:
            raise call.refusal(404, f"Unable to find a user with the username, {name}")
        return person

    def previews(self, call: Call, limit: int) -> int | None:
        """Return how many images an album shows in this list, or None for no ``images`` at all."""
        is_asked_for = call.query.get("album_previews", "") in ("1", "true")
        return limit if is_asked_for and self.honours_previews else None

    def account_page(self, call: Call, fetch: Callable[[int, int], Sequence[T]], total: int) -> Sequence[T]:
        """Return the page of an account list; *fetch* takes the first rank and the one after the last."""
        size = ACCOUNT_PAGE
        wanted = call.query.get("perPage", "")
        if self.per_page == "honoured" and wanted.isdigit() and int(wanted):
            size = min(LARGEST_PAGE, int(wanted))
        return _page(call, fetch, total, start=call.page * size, stop=(call.page + 1) * size)

    def gallery_page(self, call: Call, items: Sequence[T], *, has_short_pages: bool = False) -> Sequence[T]:
        """Return a page of 60; in searches every third one is short by one, though more follow."""

        def start(page: int) -> int:
            return page * GALLERY_PAGE - ((page + 1) // 3 if has_short_pages else 0)

        fetch = _slices(items)
        return _page(call, fetch, len(items), start=start(call.page), stop=start(call.page + 1))


def _slices(items: Sequence[T]) -> Callable[[int, int], Sequence[T]]:
    return lambda start, stop: items[start:stop]


def _page(
    call: Call, fetch: Callable[[int, int], Sequence[T]], total: int, *, start: int, stop: int
) -> Sequence[T]:
    if call.one_item:
        place = min(call.page, max(0, total - 1))
        return fetch(place, place + 1)
    return fetch(start, stop)
