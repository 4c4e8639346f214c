"""What a page of gallery posts holds besides the posts: previews of their images, and their tags."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import pyarrow as pa

from imgur_source.records.arrow import Records, read_records, rows_table
from imgur_source.records.replaced import (
    POST_PREVIEWS,
    POST_TAGS,
    Outcome,
    Replacement,
    images_from,
    marker_row,
)
from imgur_source.records.tables import TAGS

_RAW_LIST = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass(frozen=True, slots=True)
class PostMedia:
    """The images that a list shows of one album post.

    Attributes:
        images_count: images of the album as Imgur says; None where it was not sent.
        previews: the images that came with it, a JSON list; None where none were sent.
        shown: how many those are.
    """

    post_id: str
    images_count: int | None
    previews: bytes | None
    shown: int

    @property
    def is_complete(self) -> bool:
        """Whether the previews are all there is, be it none."""
        outcome = POST_PREVIEWS.outcome(came=self.shown, count=self.images_count)
        return outcome is not Outcome.UNCHANGED


def media_of(posts: Records) -> list[PostMedia]:
    """What *posts* shows of its albums, in order; single images are not among them."""
    albums = posts.columns["is_album"].to_pylist()
    counts = posts.columns["images_count"].to_pylist()
    found = []
    for row, is_album, count in zip(posts.rows, albums, counts, strict=True):
        if is_album:
            raw = bytes(row.images)
            previews = raw if raw.startswith(b"[") else None
            found.append(
                PostMedia(row.id, count, previews, len(_RAW_LIST.decode(previews)) if previews else 0)
            )
    return found


def previews_of(media: PostMedia, *, fetched_at: datetime) -> Replacement:
    """The previews of a post in the place of its stored images, where they are all there is."""
    return images_from(
        POST_PREVIEWS,
        media.previews or b"[]",
        parent=media.post_id,
        came=media.shown,
        count=media.images_count,
        fetched_at=fetched_at,
    )


def tags_of(
    posts: Records, *, fetched_at: datetime, but_for: Collection[str] = ()
) -> tuple[pa.Table, Records]:
    """Rows of ``post_tags`` and records of ``tags`` from the tags that *posts* bear.

    What cannot be read is among the rejected records of ``tags``.
    """
    links: list[dict[str, Any]] = []
    tags: dict[str, bytes] = {}
    nameless: list[bytes] = []
    for row in posts.rows:
        raw = bytes(row.tags)
        if row.id in but_for or not raw.startswith(b"["):
            continue
        listed = _RAW_LIST.decode(raw)
        names: list[str] = []
        for tag in map(bytes, listed):
            record = (
                tag if tag.startswith(b"{") else b'{"name":' + tag + b"}"
            )  # plain names were recorded too
            name = _name_of(record)
            if not name:
                nameless.append(record)
            elif name not in names:
                names.append(name)
                if record is tag:  # a bare name says nothing that a stored tag does not know better
                    tags.setdefault(name, record)
        outcome = POST_TAGS.outcome(came=len(listed), readable=len(names))
        if outcome is Outcome.REPLACED:
            links += [
                {"post_id": row.id, "tag": name, "position": position, "fetched_at": fetched_at}
                for position, name in enumerate(names)
            ]
        elif outcome is Outcome.EMPTIED:
            links.append(marker_row(POST_TAGS.table, parent=row.id, fetched_at=fetched_at))
    page = b"[" + b",".join([*tags.values(), *nameless]) + b"]"
    return rows_table(POST_TAGS.table, links), read_records(TAGS, page)


class _Named(msgspec.Struct):
    name: Any = None


_NAMED = msgspec.json.Decoder(_Named)


def _name_of(tag: bytes) -> str:
    """The name of a tag; empty where it has none. PHP may send a name of digits as a number."""
    name = _NAMED.decode(tag).name
    return str(name) if isinstance(name, str | int) and not isinstance(name, bool) else ""
