"""Albums and posts in detail: their images and their comments, one request each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import NamedTuple

from imgur_source import models
from imgur_source.arrow import history_of, marker_table, read_records, table_of
from imgur_source.client import ImgurClient
from imgur_source.clock import Clock
from imgur_source.comments import flatten
from imgur_source.lists import api_path
from imgur_source.readers import Rows, rejected_rows
from imgur_source.receipt import Receipt
from imgur_source.replies import Reply
from imgur_source.steps import Details, HeldAlbum, HeldPost


class Detail(NamedTuple):
    """One thing to read in detail: its name for messages, and how."""

    name: str
    read: Callable[[], Iterator[Rows]]


class DetailReaders:
    """Reads the images of albums, the images of posts, and the comments of posts."""

    def __init__(self, client: ImgurClient, *, clock: Clock, receipt: Receipt) -> None:
        self._client = client
        self._clock = clock
        self._receipt = receipt

    def plan(self, details: Details, *, wanted: Collection[str]) -> list[Detail]:
        """What to read of *details*: albums, then posts, then comments.

        One request serves an album that is also a post.
        """
        wants_albums, wants_media = "album_images" in wanted, "post_images" in wanted
        plan: list[Detail] = []
        if wants_albums:
            for album in details.albums.values():
                post = details.posts.get(album.id) if wants_media else None
                plan.append(Detail(f"album_images/{album.id}", partial(self._album, album, post)))
        if wants_media:
            for post in details.posts.values():
                if post.is_album and not (wants_albums and post.id in details.albums):
                    plan.append(Detail(f"post_images/{post.id}", partial(self._album, None, post)))
        if "post_comments" in wanted:
            for post in details.posts.values():
                if post.comment_count != 0:
                    plan.append(Detail(f"post_comments/{post.id}", partial(self._tree, post)))
        return plan

    def _album(self, album: HeldAlbum | None, post: HeldPost | None) -> Iterator[Rows]:
        """The images of an album, for ``album_images``, for ``post_images``, or for both."""
        kind = "album_images" if album else "post_images"
        held = album or post
        assert held is not None
        self._receipt.reading = kind
        if held.images_count == 0:
            now = self._clock.now()
            if album:
                yield Rows(kind, marker_table(models.ALBUM_IMAGES, fetched_at=now, album_id=album.id))
            if post and post.is_album and not post.images_count:
                yield Rows("post_images", marker_table(models.POST_IMAGES, fetched_at=now, post_id=post.id))
            return
        reply = self._client.get(kind, api_path("album", held.id, "images"), as_me=held.as_me)
        images = reply.items()
        self._receipt.pages += 1
        if album and album.images_count and not images:
            self._receipt.note(
                f"{kind}/{album.id}: none of {album.images_count} images came, those held stay."
            )
        elif album:
            yield from self._album_rows(album, reply, len(images))
        if post and post.is_album:
            if post.images_count is not None and len(images) < post.images_count:
                came = f"{len(images)} of {post.images_count} images came"
                self._receipt.note(f"{kind}/{post.id}: {came}, so none of them are written.")
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
        yield from rejected_rows("album_images", reply, records.rejected)
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
        yield from rejected_rows("post_images", reply, records.rejected)
        yield Rows(
            "post_images",
            table_of(
                records, fetched_at=reply.received_at, post_id=post.id, position=range(len(records.rows))
            ),
        )

    def _tree(self, post: HeldPost) -> Iterator[Rows]:
        self._receipt.reading = "post_comments"
        reply = self._client.get("post_comments", api_path("gallery", post.id, "comments", "best"))
        reply.items()
        self._receipt.pages += 1
        tree = flatten(reply.data, post_id=post.id, fetched_at=reply.received_at)
        yield from rejected_rows("post_comments", reply, tree.rejected)
        yield Rows("post_comments", tree.rows)
        yield Rows("comment_metrics", history_of(tree.rows, models.COMMENT_METRICS))
