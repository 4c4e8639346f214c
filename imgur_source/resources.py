"""One night of reading: steps in, Arrow tables out, a few thousand rows at a time.

The night is one generator, so that what is read, and in which order, is
decided in one place and not by the order in which dlt asks its resources.
Every reader has the same shape: pages from a walk, records from a page, Arrow
tables for the resources that the records feed. ``source.py`` turns each of
those into a dlt resource.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Generator, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import pyarrow as pa

from imgur_source import models
from imgur_source.arrow import (
    Records,
    Rejected,
    history_of,
    marker_table,
    read_record,
    read_records,
    rejected_table,
    rows_table,
    table_of,
)
from imgur_source.client import ImgurClient
from imgur_source.clock import Clock
from imgur_source.comments import flatten
from imgur_source.errors import (
    CreditsExhaustedError,
    ImgurError,
    NotFoundError,
    PrivateError,
    RefusedError,
    SetupError,
    StoppedError,
    TransientError,
    WireShapeError,
)
from imgur_source.lists import Page, Walk, api_path
from imgur_source.models import Table
from imgur_source.posts import media_of, tags_of, whole_media
from imgur_source.receipt import Receipt
from imgur_source.replies import Reply
from imgur_source.settings import BATCH_ROWS, Settings
from imgur_source.steps import ME, Candidates, HeldAlbum, HeldPost, Step, steps, wanted_resources

logger = logging.getLogger(__name__)

LIST_SWEEPS = "list_sweeps"
REJECTED_RECORDS = "rejected_records"
FAILURES_IN_A_ROW = 3  # lists that could not be read, one after the other: Imgur is down, not the list


class Rows(NamedTuple):
    """Rows for one resource."""

    resource: str
    table: pa.Table


Batch = dict[str, pa.Table]  # rows by resource; only resources that are selected


@dataclass(slots=True)
class Details:
    """Albums and posts met on the way whose images and comments are to be fetched; each once."""

    albums: dict[str, HeldAlbum] = field(default_factory=dict)
    posts: dict[str, HeldPost] = field(default_factory=dict)


class Night:
    """Reads everything that is selected, within the credits there are.

    Args:
        selected: names of dlt resources whose rows are wanted.
        candidates: what is held already; None to find the parents of details by reading their lists.
    """

    def __init__(
        self,
        client: ImgurClient,
        settings: Settings,
        *,
        clock: Clock,
        selected: Collection[str],
        candidates: Candidates | None,
        receipt: Receipt,
    ) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock
        self._selected = frozenset(selected)
        self._wanted = wanted_resources(selected)
        self._candidates = candidates
        self._receipt = receipt
        self._account_ids: dict[str, int] = dict(candidates.accounts) if candidates else {}
        self._details = Details()
        self._failures_in_a_row = 0

    def batches(self) -> Iterator[Batch]:
        """Tables by resource, each batch of about ``BATCH_ROWS`` rows; empty tables at the end.

        Ends early, and says so in the receipt, when credits are spent or
        somebody asks; whatever was fetched has been yielded by then. The empty
        tables make every table exist, whether anything was found or not.
        """
        held: dict[str, list[pa.Table]] = {}
        size = 0
        for resource, table in self._rows():
            if resource in self._selected:
                held.setdefault(resource, []).append(table)
                size += table.num_rows
                self._receipt.rows[TABLE_OF[resource].name] += table.num_rows
                if size >= BATCH_ROWS:
                    yield {name: pa.concat_tables(tables) for name, tables in held.items()}
                    held, size = {}, 0
        for resource in self._selected & TABLE_OF.keys():
            held.setdefault(resource, [rows_table(TABLE_OF[resource], [])])
        yield {name: pa.concat_tables(held[name]) for name in sorted(held)}

    def _rows(self) -> Iterator[Rows]:
        """Everything in order; errors become facts of the receipt."""
        plan = self._plan()
        for place, (name, read) in enumerate(plan):
            try:
                yield from self._guarded(name, read)
            except (CreditsExhaustedError, StoppedError) as end:
                self._receipt.ended = str(end)
                self._receipt.owed += [name for name, _ in plan[place:]]
            except SetupError as fatal:
                self._receipt.fatal = fatal
                self._receipt.owed += [name for name, _ in plan[place:]]
            finally:
                self._tell()
            if self._receipt.ended or self._receipt.fatal:
                return
        yield from self._detail_rows()

    def _plan(self) -> list[tuple[str, Callable[[], Iterator[Rows]]]]:
        plan: list[tuple[str, Callable[[], Iterator[Rows]]]] = []
        for step in steps(self._settings, selected=self._selected, candidates=self._candidates):
            if step.kind == "images" and not step.as_me:
                self._receipt.note(
                    f"{step.account}: Imgur shows images to their owner only; "
                    "the public albums, submissions, comments and favourites are read."
                )
                continue
            plan.append((step.name, lambda step=step: self._read(step)))  # type: ignore[misc]
        return plan

    def _guarded(self, name: str, read: Callable[[], Iterator[Rows]]) -> Iterator[Rows]:
        """One step; what only concerns the step ends the step.

        Raises:
            SetupError, CreditsExhaustedError, StoppedError: what concerns the whole run.
        """
        try:
            yield from read()
            self._failures_in_a_row = 0
        except (NotFoundError, PrivateError) as absent:
            self._receipt.note(f"{name}: {absent}")
            self._failures_in_a_row = 0
        except (TransientError, WireShapeError, RefusedError) as failure:
            self._receipt.failures.append(failure)
            self._receipt.owed.append(name)
            logger.warning("step failed step=%s error=%s", name, failure)
            self._failures_in_a_row += 1
            if self._failures_in_a_row >= FAILURES_IN_A_ROW:
                raise CreditsExhaustedError(
                    f"{FAILURES_IN_A_ROW} steps in a row could not be read, Imgur seems to be in trouble"
                ) from failure

    def _read(self, step: Step) -> Iterator[Rows]:
        self._receipt.reading = step.name
        if step.kind == "account":
            yield from self._read_account(step)
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

    # One reader per kind of record, all of one shape.

    def _read_account(self, step: Step) -> Iterator[Rows]:
        reply = self._client.get("account", api_path("account", step.account), as_me=step.as_me)
        self._receipt.pages += 1
        records = read_record(models.ACCOUNTS, reply.data)
        yield from self._rejected("account", reply, records.rejected)
        if records.rows:
            self._account_ids[step.account] = int(records.columns["id"][0].as_py())
        rows = table_of(records, fetched_at=reply.received_at)
        yield Rows("account", rows)
        yield Rows("account_metrics", history_of(rows, models.ACCOUNT_METRICS))

    def _read_images(self, step: Step, walk: Walk) -> Iterator[Rows]:
        for page in self._pages(walk):
            records = yield from self._records(models.IMAGES, page)
            rows = table_of(records, fetched_at=page.received_at)
            yield Rows("account_images", rows)
            yield Rows("image_metrics", history_of(rows, models.IMAGE_METRICS))

    def _read_albums(self, step: Step, walk: Walk) -> Iterator[Rows]:
        for page in self._pages(walk):
            records = yield from self._records(models.ALBUMS, page)
            rows = table_of(records, fetched_at=page.received_at)
            yield Rows("account_albums", rows)
            yield Rows("album_metrics", history_of(rows, models.ALBUM_METRICS))
            for row, count in zip(records.rows, records.columns["images_count"].to_pylist(), strict=True):
                self._details.albums[row.id] = HeldAlbum(row.id, count, as_me=step.as_me)

    def _read_comments(self, step: Step, walk: Walk) -> Iterator[Rows]:
        for page in self._pages(walk):
            records = yield from self._records(models.COMMENTS, page)
            rows = table_of(records, fetched_at=page.received_at)
            yield Rows("account_comments", rows)
            yield Rows("comment_metrics", history_of(rows, models.COMMENT_METRICS))

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
        yield Rows(step.resource, rows)
        yield Rows("post_metrics", history_of(rows, models.POST_METRICS))
        links, tags = tags_of(records, fetched_at=page.received_at)
        yield Rows("post_tags", links)
        yield Rows("tags", table_of(tags, fetched_at=page.received_at))
        yield from self._rejected("tags", page.reply, tags.rejected)
        for media in media_of(records):
            images, rejected = whole_media(media, fetched_at=page.received_at)
            yield from self._rejected("post_images", page.reply, rejected)
            if images is not None:
                yield Rows("post_images", images)
        if are_own or self._settings.post_details == "all":
            self._remember_posts(records, as_me=are_own and step.as_me)
        return records

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
            yield from self._rejected("tags", page.reply, tag.rejected)
            yield Rows("tags", table_of(tag, fetched_at=page.received_at))

    # Details: one request per album and per post.

    def _detail_rows(self) -> Iterator[Rows]:
        """Images of albums, then of posts, then comments; one request serves an album that is also a post."""
        plan = self._detail_plan()
        for place, (name, read) in enumerate(plan):
            try:
                yield from self._guarded(name, read)
            except (CreditsExhaustedError, StoppedError) as end:
                self._receipt.ended = str(end)
            except SetupError as fatal:
                self._receipt.fatal = fatal
            finally:
                self._tell()
            if self._receipt.ended or self._receipt.fatal:
                self._receipt.owed.append(f"details of {len(plan) - place} albums and posts")
                return

    def _detail_plan(self) -> list[tuple[str, Callable[[], Iterator[Rows]]]]:
        albums = dict(self._details.albums)
        posts = dict(self._details.posts)
        if self._candidates is not None:
            as_me = ME in self._settings.accounts  # whose they are is not known here; the login may see all
            albums |= {album.id: replace(album, as_me=as_me) for album in self._candidates.albums}
            posts |= {post.id: replace(post, as_me=as_me) for post in self._candidates.posts}
        wants_albums, wants_media = "album_images" in self._wanted, "post_images" in self._wanted
        plan: list[tuple[str, Callable[[], Iterator[Rows]]]] = []
        if wants_albums:
            for album in albums.values():
                post = posts.get(album.id) if wants_media else None
                plan.append((f"album_images/{album.id}", lambda a=album, p=post: self._read_album(a, p)))  # type: ignore[misc]
        if wants_media:
            for post in posts.values():
                if post.is_album and not (wants_albums and post.id in albums):
                    plan.append((f"post_images/{post.id}", lambda p=post: self._read_album(None, p)))  # type: ignore[misc]
        if "post_comments" in self._wanted:
            for post in posts.values():
                if post.comment_count != 0:
                    plan.append((f"post_comments/{post.id}", lambda p=post: self._read_tree(p)))  # type: ignore[misc]
        return plan

    def _read_album(self, album: HeldAlbum | None, post: HeldPost | None) -> Iterator[Rows]:
        """The images of an album, for ``album_images``, for ``post_images``, or for both."""
        kind = "album_images" if album else "post_images"
        held = album or post
        assert held is not None
        self._receipt.reading = kind
        if held.images_count == 0:
            now = self._clock.now()
            if album:
                yield Rows(kind, marker_table(models.ALBUM_IMAGES, fetched_at=now, album_id=album.id))
            return
        reply = self._client.get(kind, api_path("album", held.id, "images"), as_me=held.as_me)
        images = reply.items()
        self._receipt.pages += 1
        if album:
            yield from self._album_rows(album, reply, len(images))
        if post and post.is_album:
            if post.images_count is not None and len(images) < post.images_count:
                self._receipt.note(
                    f"{kind}/{post.id}: {len(images)} of {post.images_count} images came, so those held stay."
                )
                return
            yield from self._media_rows(post, reply, len(images))

    def _album_rows(self, album: HeldAlbum, reply: Reply, count: int) -> Iterator[Rows]:
        if not count:
            yield Rows(
                "album_images",
                marker_table(models.ALBUM_IMAGES, fetched_at=reply.received_at, album_id=album.id),
            )
            return
        records = read_records(models.ALBUM_IMAGES, reply.data)
        yield from self._rejected("album_images", reply, records.rejected)
        rows = table_of(
            records, fetched_at=reply.received_at, album_id=album.id, position=range(len(records.rows))
        )
        yield Rows("album_images", rows)
        if not album.as_me:  # the owner's images stand in account_images already
            yield Rows("image_metrics", history_of(rows, models.IMAGE_METRICS, id_column="image_id"))

    def _media_rows(self, post: HeldPost, reply: Reply, count: int) -> Iterator[Rows]:
        if not count:
            yield Rows(
                "post_images", marker_table(models.POST_IMAGES, fetched_at=reply.received_at, post_id=post.id)
            )
            return
        records = read_records(models.POST_IMAGES, reply.data)
        yield from self._rejected("post_images", reply, records.rejected)
        yield Rows(
            "post_images",
            table_of(
                records, fetched_at=reply.received_at, post_id=post.id, position=range(len(records.rows))
            ),
        )

    def _read_tree(self, post: HeldPost) -> Iterator[Rows]:
        self._receipt.reading = "post_comments"
        reply = self._client.get("post_comments", api_path("gallery", post.id, "comments", "best"))
        reply.items()
        self._receipt.pages += 1
        tree = flatten(reply.data, post_id=post.id, fetched_at=reply.received_at)
        yield from self._rejected("post_comments", reply, tree.rejected)
        yield Rows("post_comments", tree.rows)
        yield Rows("comment_metrics", history_of(tree.rows, models.COMMENT_METRICS))

    # What the readers share.

    def _pages(self, walk: Walk) -> Iterator[Page]:
        for page in walk:
            self._receipt.pages += 1
            self._tell()
            yield page

    def _records(self, table: Table, page: Page) -> Generator[Rows, None, Records]:
        """The records of a page; yields what was rejected, returns the rest."""
        records = read_records(table, page.items)
        yield from self._rejected(page.reply.endpoint, page.reply, records.rejected)
        return records

    def _rejected(self, endpoint: str, reply: Reply, rejected: Collection[Rejected]) -> Iterator[Rows]:
        if rejected:
            yield Rows(
                REJECTED_RECORDS,
                rejected_table(list(rejected), endpoint=endpoint, fetched_at=reply.received_at),
            )

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

    def _tell(self) -> None:
        meter = self._client.meter
        self._receipt.credits = meter.credits
        self._receipt.charges = meter.charges
        self._receipt.requests = meter.requests
        self._receipt.sunsets = self._client.sunsets
        self._receipt.changed()


TABLE_OF: dict[str, Table] = {
    "account": models.ACCOUNTS,
    "account_images": models.IMAGES,
    "account_albums": models.ALBUMS,
    "account_submissions": models.POSTS,
    "account_favorites": models.FAVORITES,
    "account_comments": models.COMMENTS,
    "gallery_sections": models.POSTS,
    "gallery_tags": models.POSTS,
    "gallery_search": models.POSTS,
    "gallery_subreddits": models.SUBREDDIT_POSTS,
    "album_images": models.ALBUM_IMAGES,
    "post_images": models.POST_IMAGES,
    "post_comments": models.POST_COMMENTS,
    "post_tags": models.POST_TAGS,
    "tags": models.TAGS,
    "gallery_ranks": models.GALLERY_RANKS,
    "account_metrics": models.ACCOUNT_METRICS,
    "image_metrics": models.IMAGE_METRICS,
    "album_metrics": models.ALBUM_METRICS,
    "post_metrics": models.POST_METRICS,
    "comment_metrics": models.COMMENT_METRICS,
    LIST_SWEEPS: models.LIST_SWEEPS,
    REJECTED_RECORDS: models.REJECTED_RECORDS,
}
