"""Children of albums and posts: their images and their comments, one request each.

Which of them are due is ``due``'s to know.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from imgur_source.api import ImgurClient, Reply, api_path
from imgur_source.clock import Clock
from imgur_source.errors import NotFoundError, PrivateError
from imgur_source.extract.due import Child, children_due
from imgur_source.extract.facts import Parents, StoredAlbum, StoredPost
from imgur_source.extract.readers import Rows, kept_fetch, rejected_rows
from imgur_source.extract.run_state import RunState
from imgur_source.extract.streams import STREAMS
from imgur_source.lists import ChildFetch, SourceState
from imgur_source.records import flatten, history_of, marker_table, read_records, table_of
from imgur_source.records import tables as models


class ChildReading(NamedTuple):
    """One thing to read in detail: its name for messages, and how."""

    name: str
    read: Callable[[], Iterator[Rows]]


class ChildReaders:
    """Reads the images of albums, the images of posts, and the comments of posts.

    Args:
        memory: knows the last fetches, and is told of new ones.
        greatest_age: after which an album's images are fetched again though nothing has moved.
    """

    def __init__(
        self,
        client: ImgurClient,
        *,
        clock: Clock,
        run: RunState,
        memory: SourceState,
        greatest_age: timedelta,
    ) -> None:
        self._client = client
        self._clock = clock
        self._run = run
        self._memory = memory
        self._greatest_age = greatest_age
        self._done: set[tuple[str, str]] = set()  # two fetches of one parent in one package would be mixed

    def plan(self, parents: Parents, *, wanted: Collection[str]) -> list[ChildReading]:
        """What to read of *parents*: albums, then posts, then comments; only what is due.

        One request serves an album that is also a post.
        """
        return [
            ChildReading(f"{child.resource}/{child.parent_id}", self._read(child))
            for child in self.due(parents, wanted=wanted)
        ]

    def due(self, parents: Parents, *, wanted: Collection[str]) -> Iterator[Child]:
        """What is due of *parents* and was not read in this run."""
        return children_due(
            parents,
            wanted=wanted,
            last=self._memory.fetched,
            now=self._clock.now(),
            greatest_age=self._greatest_age,
            done=self._done,
        )

    def _read(self, child: Child) -> Callable[[], Iterator[Rows]]:
        if child.resource == "post_comments":
            assert child.post is not None
            return partial(self._tree, child.post)
        return partial(self._album, child.album, child.post)

    def _album(self, album: StoredAlbum | None, post: StoredPost | None) -> Iterator[Rows]:
        """The images of an album, for ``album_images``, for ``post_images``, or for both."""
        kind = "album_images" if album else "post_images"
        held = album or post
        assert held is not None
        self._run.report.reading = kind
        if held.images_count == 0:
            yield from self._empty_album(album, post)
            return
        path = api_path(STREAMS[kind].path, id=held.id)
        try:
            reply = self._client.get(kind, path, as_me=held.as_me)
        except (NotFoundError, PrivateError):
            yield from self._fetched(album, post, items=None, at=self._clock.now())
            raise
        images = reply.items()
        self._run.report.pages += 1
        if album and album.images_count and not images:
            self._run.report.note(
                f"{kind}/{album.id}: none of {album.images_count} images came, those held stay."
            )
        elif album:
            yield from self._album_rows(album, reply, len(images))
        if post and post.is_album:
            if post.images_count is not None and len(images) < post.images_count:
                came = f"{len(images)} of {post.images_count} images came"
                self._run.report.note(f"{kind}/{post.id}: {came}, so none of them are written.")
            else:
                yield from self._media_rows(post, reply, len(images))
        yield from self._fetched(album, post, items=len(images), at=reply.received_at)

    def _empty_album(self, album: StoredAlbum | None, post: StoredPost | None) -> Iterator[Rows]:
        """An album without images says so in its list: nothing has to be asked."""
        now = self._clock.now()
        if album:
            yield Rows("album_images", marker_table(models.ALBUM_IMAGES, fetched_at=now, album_id=album.id))
        if post and post.is_album and not post.images_count:
            yield Rows("post_images", marker_table(models.POST_IMAGES, fetched_at=now, post_id=post.id))
        yield from self._fetched(album, post, items=0, at=now)

    def _fetched(
        self, album: StoredAlbum | None, post: StoredPost | None, *, items: int | None, at: datetime
    ) -> Iterator[Rows]:
        if album:
            yield self._kept("album_images", album.id, ChildFetch(album.fingerprint, items, at))
        if post and post.is_album:
            yield self._kept("post_images", post.id, ChildFetch(str(post.images_count), items, at))

    def _kept(self, resource: str, item_id: str, fetched: ChildFetch) -> Rows:
        """Remember a fetch, and give the row that says so."""
        self._done.add((resource, item_id))
        return kept_fetch(self._memory, resource, item_id, fetched)

    def _album_rows(self, album: StoredAlbum, reply: Reply, count: int) -> Iterator[Rows]:
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

    def _media_rows(self, post: StoredPost, reply: Reply, count: int) -> Iterator[Rows]:
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

    def _tree(self, post: StoredPost) -> Iterator[Rows]:
        self._run.report.reading = "post_comments"
        count = str(post.comment_count)
        try:
            reply = self._client.get("post_comments", api_path(STREAMS["post_comments"].path, id=post.id))
        except (NotFoundError, PrivateError):
            yield self._kept("post_comments", post.id, ChildFetch(count, None, self._clock.now()))
            raise
        reply.items()
        self._run.report.pages += 1
        tree = flatten(reply.data, post_id=post.id, fetched_at=reply.received_at)
        yield from rejected_rows("post_comments", reply, tree.rejected)
        yield Rows("post_comments", tree.rows)
        yield Rows("comment_metrics", history_of(tree.rows, models.COMMENT_METRICS))
        yield self._kept("post_comments", post.id, ChildFetch(count, tree.rows.num_rows, reply.received_at))
