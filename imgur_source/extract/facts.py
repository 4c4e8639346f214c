"""Warehouse facts: what is known before anything is asked of Imgur, for the plan and for children.

Values only; ``pipelines/warehouse/facts.py`` fills them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from imgur_source.lists import Fetched
from imgur_source.planning import Due, Observed


@dataclass(frozen=True, slots=True)
class HeldAlbum:
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
class HeldPost:
    """A post whose images and comments may be fetched; its fields read like an album's."""

    id: str
    is_album: bool = False
    images_count: int | None = None
    comment_count: int | None = None
    as_me: bool = False


@dataclass(slots=True)
class Details:
    """Albums and posts met on the way whose images and comments are to be fetched; each once, by id."""

    albums: dict[str, HeldAlbum] = field(default_factory=dict)
    posts: dict[str, HeldPost] = field(default_factory=dict)


class Look(NamedTuple):
    """An item to look at directly: the list that no longer shows it, and its id there."""

    list: str
    item_id: str

    @property
    def account(self) -> str:
        """Whose list it is."""
        return self.list.partition("/")[2]


@dataclass(frozen=True, slots=True)
class Known:
    """What a warehouse can tell the plan of a night.

    Attributes:
        observed: what was last seen of each item of the lists.
        due: details and looks that are due.
        new_per_day: items that came a day lately, by list.
        read_at: when the front of a list was last read, by list.
        pages_before: pages that the last readings of a feed took on average, by feed.
        spent_before: what lines took lately beside what was likely, by name and kind.
    """

    observed: tuple[Observed, ...] = ()
    due: tuple[Due, ...] = ()
    new_per_day: Mapping[str, float] = field(default_factory=dict)
    read_at: Mapping[str, datetime] = field(default_factory=dict)
    pages_before: Mapping[str, float] = field(default_factory=dict)
    spent_before: Mapping[tuple[str, str], float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Candidates:
    """What a warehouse knows already, so that it need not be asked for again.

    Attributes:
        albums, posts: whose details may be fetched; None to find them by reading their lists.
        accounts: the number of each account by its name (or ``me``).
        fetched: the last fetches of details by resource and id; None to keep them in dlt's state.
        looks: items to look at directly, because their list no longer shows them.
        known: what the night's plan is made of; None for a night without a plan.
    """

    albums: tuple[HeldAlbum, ...] | None = None
    posts: tuple[HeldPost, ...] | None = None
    accounts: dict[str, int] = field(default_factory=dict)
    fetched: dict[tuple[str, str], Fetched] | None = None
    looks: tuple[Look, ...] = ()
    known: Known | None = None
