"""What there is to read, and in which order: lists first, then what hangs on their items.

Pure: settings, what is wanted and what is held go in, steps come out.
How many credits each of them gets is ``planning``'s to decide.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from imgur_source.extract.facts import Candidates
from imgur_source.lists import NumberedList, api_path
from imgur_source.settings import Feed, Settings

ME = "me"
LOOK = {"album_previews": "true"}  # gallery lists show up to 3 images of an album only when asked

COMPANIONS: dict[str, frozenset[str]] = {  # what each list feeds besides its own table
    "account": frozenset({"account_metrics"}),
    "account_images": frozenset({"image_metrics"}),
    "account_albums": frozenset({"album_metrics"}),
    "account_comments": frozenset({"comment_metrics"}),
    "account_submissions": frozenset({"post_metrics", "post_tags", "tags"}),
    "gallery_sections": frozenset({"post_metrics", "post_tags", "tags", "gallery_ranks"}),
    "gallery_tags": frozenset({"post_metrics", "post_tags", "tags", "gallery_ranks"}),
    "gallery_search": frozenset({"post_metrics", "post_tags", "tags", "gallery_ranks"}),
    "gallery_subreddits": frozenset({"gallery_ranks"}),
    "album_images": frozenset({"image_metrics"}),
    "post_comments": frozenset({"comment_metrics"}),
}
ALWAYS = frozenset(
    {"list_sweeps", "list_items", "item_looks", "detail_fetches", "rejected_records"}
)  # a run's own books, kept whatever is read
FEED_RESOURCES: dict[str, str] = {
    "section": "gallery_sections",
    "tag": "gallery_tags",
    "subreddit": "gallery_subreddits",
    "search": "gallery_search",
}


Kind = Literal["account", "images", "albums", "submissions", "favorites", "comments", "feed"]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to read whole: an account, a list of an account, or a feed."""

    kind: Kind
    resource: str
    account: str = ""
    feed: Feed | None = None

    @property
    def name(self) -> str:
        return self.feed.name if self.feed else f"{self.resource}/{self.account}"

    @property
    def as_me(self) -> bool:
        return self.account == ME

    def list(self) -> NumberedList:
        """The list behind the step (docs/imgur-api.md: endpoints, paging)."""
        if self.feed is not None:
            return _feed_list(self.feed, self.resource)
        account, kind = self.account, self.kind
        middle: tuple[str, ...] = (kind,)
        if kind == "comments":
            middle = ("comments", "newest")
        if kind == "favorites":
            kinds = "favorites" if self.as_me else "gallery_favorites"
            return NumberedList(
                self.name, self.resource, lambda n: api_path("account", account, kinds, n, "newest"),
                as_me=self.as_me,
            )  # fmt: skip
        is_gallery = kind == "submissions"
        return NumberedList(
            self.name,
            self.resource,
            lambda n: api_path("account", account, *middle, n),
            params=LOOK if is_gallery else {},
            takes_per_page=not is_gallery,
            as_me=self.as_me,
            is_sorted=True,
            count_path=None if is_gallery else api_path("account", account, kind, "count"),
        )


def _feed_list(feed: Feed, resource: str) -> NumberedList:
    tail = (feed.sort, feed.window)
    if feed.kind == "section":
        return NumberedList(
            feed.name,
            resource,
            lambda n: api_path("gallery", feed.subject, *tail, n),
            params=LOOK,
            pages=feed.pages,
        )
    if feed.kind == "tag":
        return NumberedList(
            feed.name, resource, lambda n: api_path("gallery", "t", feed.subject, *tail, n),
            params=LOOK, inside="items", pages=feed.pages,
        )  # fmt: skip
    if feed.kind == "subreddit":
        return NumberedList(
            feed.name, resource, lambda n: api_path("gallery", "r", feed.subject, *tail, n), pages=feed.pages
        )
    return NumberedList(
        feed.name, resource, lambda n: api_path("gallery", "search", *tail, n),
        params={**LOOK, "q": feed.subject}, pages=feed.pages,
    )  # fmt: skip


def wanted_resources(selected: Collection[str]) -> frozenset[str]:
    """The resources to read for what is *selected*.

    A companion (a history, the tags) that is selected alone asks for all its
    sources; beside one of its sources it only follows.
    """
    chosen = frozenset(selected)
    wanted = chosen & COMPANIONS.keys() | chosen & {"account_favorites", "post_images"}
    for companion in chosen:
        sources = {source for source, fed in COMPANIONS.items() if companion in fed}
        if sources and companion not in COMPANIONS and not sources & chosen:
            wanted |= sources
    return wanted


def with_companions(resources: Collection[str]) -> frozenset[str]:
    """*resources* and what they feed: a history must not have holes because only its list was asked for."""
    return frozenset(resources).union(
        ALWAYS, *(COMPANIONS.get(resource, frozenset()) for resource in resources)
    )


def steps(settings: Settings, *, selected: Collection[str], candidates: Candidates) -> list[Step]:
    """The lists to read, in order: accounts, their lists, then the feeds.

    Parents of selected details (the albums of ``album_images``) are among them,
    unless *candidates* says what is held.
    """
    wanted = wanted_resources(selected)
    parents: set[str] = set()
    if "album_images" in wanted and candidates.albums is None:
        parents.add("account_albums")
    if wanted & {"post_images", "post_comments"} and candidates.posts is None:
        parents.add("account_submissions")
        if settings.post_details == "all":
            parents |= {"gallery_sections", "gallery_tags", "gallery_search"}
    asked = wanted | parents
    found: list[Step] = []
    for account in settings.accounts:
        known = account in candidates.accounts
        if "account" in asked or ("account_favorites" in asked and not known):
            found.append(Step("account", "account", account))
    kinds: tuple[tuple[Kind, str], ...] = (
        ("images", "account_images"),
        ("albums", "account_albums"),
        ("submissions", "account_submissions"),
        ("favorites", "account_favorites"),
        ("comments", "account_comments"),
    )
    for kind, resource in kinds:
        if resource in asked:
            found += [Step(kind, resource, account) for account in settings.accounts]
    found += [
        Step("feed", FEED_RESOURCES[feed.kind], feed=feed)
        for feed in settings.feeds
        if FEED_RESOURCES[feed.kind] in asked
    ]
    return found
