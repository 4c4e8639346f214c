"""The gallery's lists: which posts are in a section, a search, a tag or a subreddit, and in what order.

Ranks are computed once for five minutes of the world's time and remembered, as Imgur
caches its gallery; what appears or vanishes shows at once.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from imgur_source.simulator.world.entities import DAY, HOUR, Image, Post
from imgur_source.simulator.world.store import Timeline
from imgur_source.simulator.world.world import World

SECTIONS = ("hot", "top", "user")
SORTS = ("viral", "top", "time", "rising")
WINDOWS = {"day": DAY, "week": 7 * DAY, "month": 30 * DAY, "year": 365 * DAY, "all": 100 * 365 * DAY}

_RANKS_KEPT = 300  # seconds of the world's time
_REMEMBERED = 64  # lists
_FAME_HALF_LIFE = 36 * HOUR


@dataclass(frozen=True)
class Feed:
    """One list of the gallery. *kind* is section, search, tag or subreddit; *name* which of them."""

    kind: str
    name: str
    sort: str
    window: str
    with_mature: bool = False
    with_viral: bool = True

    @classmethod
    def from_segments(cls, kind: str, name: str, segments: list[str]) -> "tuple[Feed, int | None] | None":
        """Read what follows the name in a path: sort, window and page, each of which may be missing.

        Returns the feed and the page number, or None when a segment is none of these.
        """
        sort, window, page = None, None, None
        for segment in segments:
            if segment.isdigit() and page is None:
                page = int(segment)
            elif segment in SORTS and sort is None:
                sort = segment
            elif segment in WINDOWS and window is None:
                window = segment
            else:
                return None
        default_sort = {"search": "time", "subreddit": "time"}.get(kind, "viral")
        default_window = {"section": "day", "search": "all"}.get(kind, "week")
        return cls(kind, name, sort or default_sort, window or default_window), page


class Feeds:
    """The lists of *world*."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._remembered: dict[Feed, list[Post]] = {}
        self._remembered_at: tuple[int, int] = (-1, -1)

    def posts(self, feed: Feed) -> list[Post]:
        """Return all posts of a section, search or tag in their order; not to be changed."""
        moment = self._world.now - self._world.now % _RANKS_KEPT
        if self._remembered_at != (self._world.version, moment) or len(self._remembered) >= _REMEMBERED:
            self._remembered = {}
            self._remembered_at = (self._world.version, moment)
        if feed not in self._remembered:
            self._remembered[feed] = self._ranked(feed, moment)
        return self._remembered[feed]

    def subreddit(self, feed: Feed) -> list[Image]:
        """Return all images of a subreddit in their order."""
        images: Timeline[Image] = self._world.subreddits.get(feed.name.lower(), Timeline())
        if feed.sort != "top":
            return images.newest()
        moment = self._world.now - self._world.now % _RANKS_KEPT
        young = images.since(moment - WINDOWS[feed.window])
        return sorted(young, key=lambda image: (-image.views(moment), -image.serial))

    def _ranked(self, feed: Feed, moment: int) -> list[Post]:
        is_windowed = feed.sort == "top" or feed.name == "top"
        gallery = self._world.gallery
        posts = gallery.since(moment - WINDOWS[feed.window]) if is_windowed else gallery.newest()
        belongs = _MEMBERSHIP[feed.kind](feed, moment)
        posts = [post for post in posts if belongs(post) and (feed.with_mature or not post.is_mature)]
        if feed.sort == "time":
            return posts
        rank = _RANKING[feed.sort]
        return sorted(posts, key=lambda post: (-rank(post, moment), -post.serial))


Belongs = Callable[[Post], bool]


def _in_section(feed: Feed, moment: int) -> Belongs:
    if feed.name == "hot":
        return lambda post: post.is_viral(moment)
    if feed.name == "user" and feed.sort == "rising":
        return lambda post: post.posted > moment - 7 * DAY
    return lambda post: feed.with_viral or not post.is_viral(moment)


def _in_search(feed: Feed, moment: int) -> Belongs:
    """Every word of the query has to be somewhere in a post's title, description or tags."""
    wanted = feed.name.lower().split()

    def has_all(post: Post) -> bool:
        text = f"{post.title}\n{post.content.description or ''}\n{' '.join(post.tags)}".lower()
        return all(word in text for word in wanted)

    return has_all


def _in_tag(feed: Feed, moment: int) -> Belongs:
    return lambda post: feed.name in post.tags


_MEMBERSHIP: dict[str, Callable[[Feed, int], Belongs]] = {
    "section": _in_section,
    "search": _in_search,
    "tag": _in_tag,
}


def _virality(post: Post, moment: int) -> float:
    """Points count half with each 36 hours, so that a post stays on the first page for about a week."""
    age = max(0, moment - post.posted)
    return max(0, post.points(moment)) * math.pow(2.0, -age / _FAME_HALF_LIFE)


def _rise(post: Post, moment: int) -> float:
    return post.points(moment) / max(1, moment - post.posted)


_RANKING: dict[str, Callable[[Post, int], float]] = {
    "viral": _virality,
    "top": lambda post, moment: float(post.points(moment)),
    "rising": _rise,
}
