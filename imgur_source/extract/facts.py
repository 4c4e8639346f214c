"""Warehouse facts: what is known before anything is asked of Imgur, for the plan and for children.

Values only; ``pipelines/warehouse/facts.py`` fills them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from imgur_source.lists import ChildFetch
from imgur_source.planning import Observation


@dataclass(frozen=True, slots=True)
class StoredAlbum:
    """An album whose images may be fetched.

    Attributes:
        images_count, cover, inserted_at: as last seen; None where they were not sent.
        as_me: whether it is asked for with the login.
    """

    id: str
    images_count: int | None = None
    as_me: bool = False
    cover: str | None = None
    inserted_at: datetime | None = None

    @property
    def fingerprint(self) -> str:
        """What moves when its images may have changed."""
        inserted = int(self.inserted_at.timestamp()) if self.inserted_at else None
        return f"{self.images_count} {self.cover} {inserted}"


@dataclass(frozen=True, slots=True)
class StoredPost:
    """A post whose images and comments may be fetched; its fields read like an album's."""

    id: str
    is_album: bool = False
    images_count: int | None = None
    comment_count: int | None = None
    as_me: bool = False


@dataclass(slots=True)
class Parents:
    """Albums and posts met on the way whose images and comments are to be fetched; each once, by id."""

    albums: dict[str, StoredAlbum] = field(default_factory=dict)
    posts: dict[str, StoredPost] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Numbers and texts only, for dlt's state."""
        return {
            "albums": [
                [album.id, album.images_count, album.as_me, album.cover, _seconds(album.inserted_at)]
                for album in self.albums.values()
            ],
            "posts": [
                [post.id, post.is_album, post.images_count, post.comment_count, post.as_me]
                for post in self.posts.values()
            ],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Parents:
        """What ``as_json`` made; nothing of an empty mapping."""
        albums = (
            StoredAlbum(item, count, as_me=as_me, cover=cover, inserted_at=_instant(at))
            for item, count, as_me, cover, at in value.get("albums", ())
        )
        posts = (
            StoredPost(item, is_album, images, comments, as_me=as_me)
            for item, is_album, images, comments, as_me in value.get("posts", ())
        )
        return cls({album.id: album for album in albums}, {post.id: post for post in posts})


class MissingItem(NamedTuple):
    """An item to look up directly: the list that no longer shows it, and its id there."""

    list: str
    item_id: str

    @property
    def account(self) -> str:
        """Whose list it is."""
        return self.list.partition("/")[2]


@dataclass(frozen=True, slots=True)
class WarehouseFacts:
    """What a warehouse knows already; empty where there is none, and dlt's state has to do.

    Attributes:
        albums, posts: whose children may be fetched; None to find them by reading their lists.
        accounts: the number of each account by its name (or ``me``).
        fetched: the last fetches of children by resource and id; None to keep them in dlt's state.
        lookups: items to look up directly, because their list no longer shows them.
        observed: what was last seen of each item of the lists.
        usual_children: children that a run took lately, by resource.
        new_per_day: items that came a day lately, by list.
        read_at: when the front of a list was last read, by list.
        pages_before: pages that the last readings of a feed took on average, by feed.
        spent_before: what lines took lately beside what was likely, by name and kind.
    """

    albums: tuple[StoredAlbum, ...] | None = None
    posts: tuple[StoredPost, ...] | None = None
    accounts: dict[str, int] = field(default_factory=dict)
    fetched: dict[tuple[str, str], ChildFetch] | None = None
    lookups: tuple[MissingItem, ...] = ()
    observed: tuple[Observation, ...] = ()
    usual_children: Mapping[str, float] = field(default_factory=dict)
    new_per_day: Mapping[str, float] = field(default_factory=dict)
    read_at: Mapping[str, datetime] = field(default_factory=dict)
    pages_before: Mapping[str, float] = field(default_factory=dict)
    spent_before: Mapping[tuple[str, str], float] = field(default_factory=dict)


def _seconds(instant: datetime | None) -> int | None:
    return None if instant is None else int(instant.timestamp())


def _instant(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
