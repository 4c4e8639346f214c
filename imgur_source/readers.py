"""From a step to rows: pages from a walk, records from a page, tables for the resources they feed.

One reader per kind of record, all of one shape. What hangs on single items
(an album's images, a post's comments) is only noted here; ``details.py`` reads it.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Generator, Iterator
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from imgur_source import models
from imgur_source.arrow import (
    Records,
    Rejected,
    history_of,
    read_record,
    read_records,
    rejected_table,
    rows_table,
    table_of,
)
from imgur_source.client import ImgurClient
from imgur_source.clock import Clock
from imgur_source.errors import ImgurError, NotFoundError, PrivateError, RefusedError, TransientError
from imgur_source.lists import Page, Walk, api_path
from imgur_source.models import Table
from imgur_source.posts import media_of, tags_of, whole_media
from imgur_source.receipt import Receipt
from imgur_source.replies import Reply
from imgur_source.settings import Settings
from imgur_source.steps import Details, HeldAlbum, HeldPost, Step

logger = logging.getLogger(__name__)

LIST_SWEEPS = "list_sweeps"
REJECTED_RECORDS = "rejected_records"


class Rows(NamedTuple):
    """Rows for one resource."""

    resource: str
    table: pa.Table


def rejected_rows(endpoint: str, reply: Reply, rejected: Collection[Rejected]) -> Iterator[Rows]:
    """What could not be read in *reply*, for the quarantine; nothing when all could."""
    if rejected:
        table = rejected_table(list(rejected), endpoint=endpoint, fetched_at=reply.received_at)
        yield Rows(REJECTED_RECORDS, table)


class Readers:
    """Reads accounts, their lists, and feeds.

    Args:
        account_ids: the numbers of accounts by name, as far as known; filled on the way.
        details: filled with the albums and posts that are met.
    """

    def __init__(
        self,
        client: ImgurClient,
        settings: Settings,
        *,
        clock: Clock,
        receipt: Receipt,
        account_ids: dict[str, int],
        details: Details,
    ) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock
        self._receipt = receipt
        self._account_ids = account_ids
        self._details = details
        self._numbers_read: set[int] = set()
        self._left_out: set[str] = set()  # accounts that are not there, or that another name has brought
        self._own_posts: set[str] = set()
        self._with_children: set[str] = set()  # posts whose tags and previews have been handed on

    def read(self, step: Step) -> Iterator[Rows]:
        """The rows of one step, and at the end of a list the row that says how far it was read.

        Raises:
            ImgurError: when the step ended early; what came before it has been yielded.
        """
        self._receipt.reading = step.name
        if step.kind == "account":
            yield from self._read_account(step)
            return
        if step.account in self._left_out:
            return
        walk = Walk(self._client, step.list(), started_at=self._clock.now())
        read = {
            "images": self._read_images,
            "albums": self._read_albums,
            "submissions": self._read_posts,
            "favorites": self._read_favorites,
            "comments": self._read_comments,
            "feed": self._read_feed,
        }[step.kind]
        error: ImgurError | None = None
        try:
            yield from read(step, walk)
        except (NotFoundError, PrivateError) as raised:
            error, walk.reason = raised, str(raised)
            if walk.pages:  # the list is there: a page of it that is not cannot be the end
                error = TransientError(raised.endpoint, f"page {walk.pages}: {raised.reason}")
        except ImgurError as raised:
            error, walk.reason = raised, str(raised)
        yield Rows(LIST_SWEEPS, self._sweep_row(walk))
        logger.info(
            "list read list=%s pages=%d items=%d reason=%s", step.name, walk.pages, walk.items, walk.reason
        )
        if error is not None:
            raise error
        if not walk.is_complete:
            self._receipt.note(f"{step.name}: not read to its end, {walk.reason}.")

    def _read_account(self, step: Step) -> Iterator[Rows]:
        try:
            reply = self._client.get("account", api_path("account", step.account), as_me=step.as_me)
        except NotFoundError as error:
            if step.as_me:  # a login without an account is trouble, not an absence
                raise RefusedError("account", 404, error.reason) from error
            self._left_out.add(step.account)
            raise
        self._receipt.pages += 1
        records = read_record(models.ACCOUNTS, reply.data)
        yield from rejected_rows("account", reply, records.rejected)
        if records.rows:
            number = int(records.columns["id"][0].as_py())
            if number in self._numbers_read:
                self._left_out.add(step.account)
                self._receipt.note(f"{step.account}: the same account as one read before; it is read once.")
                return
            self._numbers_read.add(number)
            self._account_ids[step.account] = number
        rows = table_of(records, fetched_at=reply.received_at)
        yield Rows("account", rows)
        yield Rows("account_metrics", history_of(rows, models.ACCOUNT_METRICS))

    def _read_images(self, step: Step, walk: Walk) -> Iterator[Rows]:
        for page in self._pages(walk):
            yield from self._counted(step, page, models.IMAGES, "image_metrics", models.IMAGE_METRICS)

    def _read_albums(self, step: Step, walk: Walk) -> Iterator[Rows]:
        for page in self._pages(walk):
            records = yield from self._counted(
                step, page, models.ALBUMS, "album_metrics", models.ALBUM_METRICS
            )
            for row, count in zip(records.rows, records.columns["images_count"].to_pylist(), strict=True):
                self._details.albums[row.id] = HeldAlbum(row.id, count, as_me=step.as_me)

    def _read_comments(self, step: Step, walk: Walk) -> Iterator[Rows]:
        for page in self._pages(walk):
            yield from self._counted(step, page, models.COMMENTS, "comment_metrics", models.COMMENT_METRICS)

    def _counted(
        self, step: Step, page: Page, table: Table, history: str, history_table: Table
    ) -> Generator[Rows, None, Records]:
        """The records of a page and their counters as history; returns the records."""
        records = yield from self._records(table, page)
        rows = table_of(records, fetched_at=page.received_at)
        yield Rows(step.resource, rows)
        yield Rows(history, history_of(rows, history_table))
        return records

    def _read_favorites(self, step: Step, walk: Walk) -> Iterator[Rows]:
        account_id = self._account_ids.get(step.account)
        if account_id is None:
            raise NotFoundError("account_favorites", "the account itself could not be read")
        places: dict[str, int] = {}  # an item that a shifted page shows again keeps its first place
        for page in self._pages(walk):
            records = yield from self._records(models.FAVORITES, page)
            rows = table_of(
                records,
                fetched_at=page.received_at,
                account_id=account_id,
                position=[places.setdefault(row.id, len(places)) for row in records.rows],
                kind=["album" if bytes(row.is_album) == b"true" else "image" for row in records.rows],
            )
            yield Rows("account_favorites", rows)

    def _read_posts(self, step: Step, walk: Walk) -> Iterator[Rows]:
        for page in self._pages(walk):
            yield from self._posts_on(page, step, are_own=True)

    def _read_feed(self, step: Step, walk: Walk) -> Iterator[Rows]:
        feed = step.feed
        assert feed is not None
        places: dict[str, int] = {}  # the same here: ranks have neither holes nor repetitions
        for page in self._pages(walk):
            if feed.kind == "subreddit":
                records = yield from self._records(models.SUBREDDIT_POSTS, page)
                yield Rows(step.resource, table_of(records, fetched_at=page.received_at))
            else:
                records = yield from self._posts_on(page, step, are_own=False)
            if feed.kind == "tag" and page.number == 0:
                yield from self._tag_itself(page)
            ranks = []
            for row in records.rows:
                if row.id not in places:
                    places[row.id] = len(places)
                    ranks.append(
                        {
                            "feed": feed.name,
                            "observed_at": walk.started_at,
                            "position": places[row.id],
                            "post_id": row.id,
                            "fetched_at": page.received_at,
                        }
                    )
            yield Rows("gallery_ranks", rows_table(models.GALLERY_RANKS, ranks))

    def _posts_on(self, page: Page, step: Step, *, are_own: bool) -> Generator[Rows, None, Records]:
        """The posts of a page, their histories, tags and whole previews; returns the records."""
        records = yield from self._records(models.POSTS, page)
        rows = table_of(records, fetched_at=page.received_at)
        if are_own:
            self._own_posts.update(row.id for row in records.rows)
        yield Rows(step.resource, rows if are_own else self._without_own(rows))
        yield Rows("post_metrics", history_of(rows, models.POST_METRICS))
        # Two views of one post in one package would leave the children of both: the first one's stay.
        links, tags = tags_of(records, fetched_at=page.received_at, but_for=self._with_children)
        yield Rows("post_tags", links)
        yield Rows("tags", table_of(tags, fetched_at=page.received_at))
        yield from rejected_rows("tags", page.reply, tags.rejected)
        for media in media_of(records):
            if media.post_id in self._with_children:
                continue
            images, rejected = whole_media(media, fetched_at=page.received_at)
            yield from rejected_rows("post_images", page.reply, rejected)
            if images is not None:
                yield Rows("post_images", images)
        self._with_children.update(row.id for row in records.rows)
        if are_own or self._settings.post_details == "all":
            self._remember_posts(records, as_me=are_own and step.as_me)
        return records

    def _without_own(self, posts: pa.Table) -> pa.Table:
        """*posts* of a feed less those that the accounts' own lists have shown: a poorer view of them.

        A feed is asked for without the login, so it knows neither vote nor favourite.
        """
        if self._own_posts.isdisjoint(posts.column("id").to_pylist()):
            return posts
        known = pa.array(sorted(self._own_posts), pa.string())
        return posts.filter(pc.invert(pc.is_in(posts.column("id"), value_set=known)))

    def _remember_posts(self, records: Records, *, as_me: bool) -> None:
        unknown = {
            media.post_id: media for media in media_of(records) if not (media.is_whole or media.is_empty)
        }
        for row, count in zip(records.rows, records.columns["comment_count"].to_pylist(), strict=True):
            media = unknown.get(row.id)
            known = self._details.posts.get(row.id)
            self._details.posts[row.id] = HeldPost(
                row.id,
                is_album=media is not None,
                images_count=media.images_count if media else None,
                comment_count=count,
                as_me=as_me or (known is not None and known.as_me),
            )

    def _tag_itself(self, page: Page) -> Iterator[Rows]:
        if "name" in page.reply.fields():
            tag = read_record(models.TAGS, page.reply.data)
            yield from rejected_rows("tags", page.reply, tag.rejected)
            yield Rows("tags", table_of(tag, fetched_at=page.received_at))

    def _pages(self, walk: Walk) -> Iterator[Page]:
        for page in walk:
            self._receipt.pages += 1
            self._receipt.booked(self._client.meter)
            yield page

    def _records(self, table: Table, page: Page) -> Generator[Rows, None, Records]:
        """The records of a page; yields what was rejected, returns the rest."""
        records = read_records(table, page.items)
        yield from rejected_rows(page.reply.endpoint, page.reply, records.rejected)
        return records

    def _sweep_row(self, walk: Walk) -> pa.Table:
        now = self._clock.now()
        return rows_table(
            models.LIST_SWEEPS,
            [
                {
                    "list": walk.list.name,
                    "started_at": walk.started_at,
                    "ended_at": now,
                    "pages": walk.pages,
                    "items": walk.items,
                    "is_complete": walk.is_complete,
                    "reason": walk.reason,
                    "fetched_at": now,
                }
            ],
        )
