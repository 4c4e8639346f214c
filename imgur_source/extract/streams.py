"""The streams: what a list of Imgur's is stands in one row here, and everything that asks reads that row.

Pure: settings, what is wanted and what is known go in, slices of streams come out.
How many credits each of them gets is ``planning``'s to decide.
A list more is one row more (docs/adding-a-list.md).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum

from imgur_source.api import api_path
from imgur_source.errors import ConfigurationError
from imgur_source.extract.facts import WarehouseFacts
from imgur_source.extract.feeds import Feed, FeedSyntax
from imgur_source.lists import NumberedList
from imgur_source.records import TABLES, Table, tables
from imgur_source.settings import Settings

ME = "me"
PREVIEWS = {"album_previews": "true"}  # gallery lists show up to 3 images of an album only when asked


class Shape(Enum):
    """What one reading of a stream is."""

    SINGLE = "single"  # one record of an account
    LIST = "list"  # all pages of a list of an account
    FEED = "feed"  # the first pages of a ranked gallery list
    CHILD = "child"  # one request for each album or post


@dataclass(frozen=True, slots=True)
class Lookup:
    """How an item that its list no longer shows is looked up directly.

    Attributes:
        path: its path, with ``{id}``.
        as_owner: whether it is asked for with the login where the list is the login's own.
    """

    path: str
    as_owner: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """One row: a list, record or child of Imgur's (docs/imgur-api.md: endpoints, paging).

    Attributes:
        resource: the dlt resource, and the endpoint in ``credit_charges``.
        path: with ``{account}``, ``{page}``, ``{id}`` or a feed's ``{subject}``, ``{sort}``, ``{window}``.
        table: where its records go.
        history: where their counters are kept as seen; None where they have none.
        also: further tables that its replies fill.
        owner_only: whether Imgur shows it to the account that is logged in and to nobody else.
        is_sorted: whether Imgur sends the newest ``datetime`` first.
        count: where Imgur tells how many items it has; empty where it does not.
        takes_per_page: whether ``perPage`` is worth asking for.
        params: sent with each request.
        inside: the key under ``data`` that holds the items, where ``data`` itself is not the list.
        public_path: its path for accounts other than the one logged in, where that is another.
        needs_account_id: whether its rows carry the account's number, which has to be read first.
        lookup: how a missing item is looked up; None where a lookup does not say whether it is listed.
        of: of a child, the resource of its parents.
        feed: of a feed, how a person writes it.
    """

    resource: str
    path: str
    table: Table
    shape: Shape
    history: Table | None = None
    also: tuple[Table, ...] = ()
    owner_only: bool = False
    is_sorted: bool = False
    count: str = ""
    takes_per_page: bool = False
    params: dict[str, str] = field(default_factory=dict)
    inside: str | None = None
    public_path: str = ""
    needs_account_id: bool = False
    lookup: Lookup | None = None
    of: str = ""
    feed: FeedSyntax | None = None

    @property
    def companions(self) -> dict[str, Table]:
        """What its replies fill besides its own table, by resource."""
        return {table.name: table for table in (self.history, *self.also) if table is not None}

    @property
    def folder(self) -> str:
        """How the paths of all its requests begin, for a child."""
        return self.path.partition("{")[0]


POST_EXTRAS = (tables.POST_TAGS, tables.TAGS)  # what posts bring besides
RANKED_EXTRAS = (*POST_EXTRAS, tables.GALLERY_RANKS)
SECTIONS = {  # and their sorts (docs/imgur-api.md: gallery)
    "hot": ("viral", "top", "time"),
    "top": ("viral", "top", "time"),
    "user": ("viral", "top", "time", "rising"),
}

STREAMS: dict[str, Stream] = {
    stream.resource: stream
    for stream in (  # in the order in which they are read
        Stream(
            "account", "/3/account/{account}", tables.ACCOUNTS, Shape.SINGLE, history=tables.ACCOUNT_METRICS,
        ),
        Stream(
            "account_images", "/3/account/{account}/images/{page}", tables.IMAGES, Shape.LIST,
            history=tables.IMAGE_METRICS, owner_only=True, is_sorted=True, takes_per_page=True,
            count="/3/account/{account}/images/count", lookup=Lookup("/3/image/{id}", as_owner=True),
        ),
        Stream(
            "account_albums", "/3/account/{account}/albums/{page}", tables.ALBUMS, Shape.LIST,
            history=tables.ALBUM_METRICS, is_sorted=True, takes_per_page=True,
            count="/3/account/{account}/albums/count", lookup=Lookup("/3/album/{id}", as_owner=True),
        ),
        Stream(
            "account_submissions", "/3/account/{account}/submissions/{page}", tables.POSTS, Shape.LIST,
            history=tables.POST_METRICS, also=POST_EXTRAS, is_sorted=True, params=PREVIEWS,
            lookup=Lookup("/3/gallery/{id}"),
        ),
        Stream(
            "account_favorites", "/3/account/{account}/favorites/{page}/newest", tables.FAVORITES, Shape.LIST,
            public_path="/3/account/{account}/gallery_favorites/{page}/newest", needs_account_id=True,
        ),
        Stream(
            "account_comments", "/3/account/{account}/comments/newest/{page}", tables.COMMENTS, Shape.LIST,
            history=tables.COMMENT_METRICS, is_sorted=True, takes_per_page=True,
            count="/3/account/{account}/comments/count", lookup=Lookup("/3/comment/{id}"),
        ),
        Stream(
            "gallery_sections", "/3/gallery/{subject}/{sort}/{window}/{page}", tables.POSTS, Shape.FEED,
            feed=FeedSyntax("", "section", (), "viral", "day", SECTIONS),
            history=tables.POST_METRICS, also=RANKED_EXTRAS, params=PREVIEWS,
        ),
        Stream(
            "gallery_tags", "/3/gallery/t/{subject}/{sort}/{window}/{page}", tables.POSTS, Shape.FEED,
            feed=FeedSyntax("t", "tag", ("viral", "top", "time"), "viral", "week"),
            history=tables.POST_METRICS, also=RANKED_EXTRAS, params=PREVIEWS, inside="items",
        ),
        Stream(
            "gallery_search", "/3/gallery/search/{sort}/{window}/{page}", tables.POSTS, Shape.FEED,
            feed=FeedSyntax("search", "query", ("time", "viral", "top"), "time", "all", is_query=True),
            history=tables.POST_METRICS, also=RANKED_EXTRAS, params=PREVIEWS | {"q": "{subject}"},
        ),
        Stream(
            "gallery_subreddits", "/3/gallery/r/{subject}/{sort}/{window}/{page}", tables.SUBREDDIT_POSTS,
            Shape.FEED, feed=FeedSyntax("r", "subreddit", ("time", "top"), "time", "week"),
            also=(tables.GALLERY_RANKS,),
        ),
        Stream(
            "album_images", "/3/album/{id}/images", tables.ALBUM_IMAGES, Shape.CHILD,
            of="account_albums", history=tables.IMAGE_METRICS,
        ),
        Stream(
            "post_images", "/3/album/{id}/images", tables.POST_IMAGES, Shape.CHILD, of="account_submissions",
        ),
        Stream(
            "post_comments", "/3/gallery/{id}/comments/best", tables.POST_COMMENTS, Shape.CHILD,
            of="account_submissions", history=tables.COMMENT_METRICS,
        ),
    )
}  # fmt: skip

RUN_TABLES = {  # what a run notes of itself, kept whatever is read
    table.name: table
    for table in (
        tables.LIST_SWEEPS,
        tables.LIST_ITEMS,
        tables.ITEM_LOOKS,
        tables.DETAIL_FETCHES,
        tables.REJECTED_RECORDS,
    )
}


@contextmanager
def declared(stream: Stream) -> Iterator[Stream]:
    """Read *stream* too while the block lasts; its table joins the data dictionary for as long."""
    before, tables_before = dict(STREAMS), dict(TABLES)
    STREAMS[stream.resource] = stream
    TABLES.setdefault(stream.table.name, stream.table)
    try:
        yield stream
    finally:
        for registry, entries in ((STREAMS, before), (TABLES, tables_before)):
            registry.clear()
            registry.update(entries)  # type: ignore[arg-type]


def children() -> list[Stream]:
    """The streams of which each album or post has one."""
    return [stream for stream in STREAMS.values() if stream.shape is Shape.CHILD]


def resource_tables() -> dict[str, Table]:
    """The table of each resource: of streams, of what they fill besides, and of a run's own notes."""
    found = {name: stream.table for name, stream in STREAMS.items()}
    for stream in STREAMS.values():
        found |= stream.companions
    return found | RUN_TABLES


@dataclass(frozen=True, slots=True)
class StreamSlice:
    """A stream of one account, or of one feed."""

    stream: Stream
    account: str = ""
    feed: Feed | None = None

    @property
    def name(self) -> str:
        return self.feed.name if self.feed else f"{self.resource}/{self.account}"

    @property
    def resource(self) -> str:
        return self.stream.resource

    @property
    def as_me(self) -> bool:
        return self.account == ME

    @property
    def is_list(self) -> bool:
        """Whether it has pages that are worth reading to their end."""
        return self.stream.shape is Shape.LIST

    @property
    def is_hidden(self) -> bool:
        """Whether Imgur shows it to somebody else only."""
        return self.stream.owner_only and not self.as_me

    def path(self, page: int = 0) -> str:
        """The path of a page, or of the record itself."""
        stream = self.stream
        template = stream.path if self.as_me or not stream.public_path else stream.public_path
        values: dict[str, str | int] = {"account": self.account, "page": page}
        if self.feed is not None:
            values |= {
                "subject": self.feed.subject, "sort": self.feed.sort, "window": self.feed.window,
            }  # fmt: skip
        return api_path(template, **values)

    def list(self) -> NumberedList:
        """The list behind it."""
        stream, feed = self.stream, self.feed
        subject = feed.subject if feed else ""
        return NumberedList(
            self.name,
            self.resource,
            self.path,
            params={name: value.replace("{subject}", subject) for name, value in stream.params.items()},
            inside=stream.inside,
            takes_per_page=stream.takes_per_page,
            as_me=self.as_me,
            pages=feed.pages if feed else None,
            is_sorted=stream.is_sorted,
            count_path=api_path(stream.count, account=self.account) if stream.count else None,
        )


def wanted_resources(selected: Collection[str]) -> frozenset[str]:
    """The streams to read for what is *selected*.

    A companion (a history, the tags) that is selected alone asks for all its
    sources; beside one of its sources it only follows.
    """
    chosen = frozenset(selected)
    wanted = chosen & STREAMS.keys()
    for companion in chosen - STREAMS.keys():
        sources = {name for name, stream in STREAMS.items() if companion in stream.companions}
        if not sources & chosen:
            wanted |= sources
    return wanted


def with_companions(resources: Collection[str]) -> frozenset[str]:
    """*resources* and what they feed: a history must not have gaps because only its list was asked for."""
    streams = (STREAMS[resource] for resource in resources if resource in STREAMS)
    return frozenset(resources).union(RUN_TABLES, *(stream.companions for stream in streams))


def feed_streams() -> dict[str, Stream]:
    """The streams of feeds, by the prefix of their syntax."""
    return {stream.feed.prefix: stream for stream in STREAMS.values() if stream.feed is not None}


def feeds_of(settings: Settings) -> list[Feed]:
    """The feeds that *settings* name.

    Raises:
        ConfigurationError: one of them cannot be read, or is there twice.
    """
    syntaxes = [stream.feed for stream in STREAMS.values() if stream.feed is not None]
    feeds = [Feed.parse(text, pages=settings.feed_pages, syntaxes=syntaxes) for text in settings.feeds]
    names = [feed.name for feed in feeds]
    for name in names:
        if names.count(name) > 1:
            raise ConfigurationError(f"Feed {name!r} is there twice. Remove one of the two.")
    return feeds


def slices(settings: Settings, *, selected: Collection[str], facts: WarehouseFacts) -> list[StreamSlice]:
    """What to read, in order: accounts, their lists, then the feeds; children are not among them.

    Parents of selected children (the albums of ``album_images``) are among them,
    unless *facts* says what is stored.
    """
    wanted = wanted_resources(selected)
    asked = wanted | _parents(settings, wanted, facts)
    needs_id = any(STREAMS[name].needs_account_id for name in asked)
    found: list[StreamSlice] = []
    for stream in STREAMS.values():
        if stream.shape is Shape.FEED:
            continue
        for account in settings.accounts if stream.shape is not Shape.CHILD else ():
            is_id_missing = stream.table is tables.ACCOUNTS and needs_id and account not in facts.accounts
            if stream.resource in asked or is_id_missing:
                found.append(StreamSlice(stream, account))
    streams = feed_streams()
    found += [
        StreamSlice(streams[feed.prefix], feed=feed)
        for feed in feeds_of(settings)
        if streams[feed.prefix].resource in asked
    ]
    return found


def _parents(settings: Settings, wanted: Collection[str], facts: WarehouseFacts) -> set[str]:
    """The lists that have to be read to find the parents of the children that are *wanted*."""
    stored = {tables.ALBUMS: facts.albums, tables.POSTS: facts.posts}
    found: set[str] = set()
    for child in children():
        parent = STREAMS[child.of]
        if child.resource not in wanted or stored.get(parent.table) is not None:
            continue
        found.add(parent.resource)
        if parent.table is tables.POSTS and settings.post_details == "all":
            found |= {
                name for name, stream in STREAMS.items() if stream.feed and stream.table is tables.POSTS
            }
    return found
