"""Children of albums and posts: their images and their comments, one request each.

Which of them are due is ``due``'s to know.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

import pyarrow as pa

from imgur_source.api import ImgurClient, Reply, api_path
from imgur_source.clock import Clock
from imgur_source.errors import NotFoundError, PrivateError
from imgur_source.extract.due import Child, children_due
from imgur_source.extract.facts import Parents, StoredAlbum, StoredPost
from imgur_source.extract.rows import Rows, kept_fetch, rejected_rows
from imgur_source.extract.run_state import RunState
from imgur_source.extract.streams import STREAMS
from imgur_source.lists import ChildFetch, SourceState
from imgur_source.records import ALBUM_REPLY, POST_REPLY, Origin, Outcome, flatten, history_of, images_from
from imgur_source.records import tables as models


class ChildReading(NamedTuple):
    """One child to read: its name for messages, and how."""

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
        parent = album or post
        assert parent is not None
        self._run.report.reading = kind
        if parent.images_count == 0:  # its list says so: nothing has to be asked
            yield from self._images(album, post, None)
            return
        path = api_path(STREAMS[kind].path, id=parent.id)
        try:
            reply = self._client.get(kind, path, as_me=parent.as_me)
        except (NotFoundError, PrivateError):
            yield from self._fetched(album, post, items=None, at=self._clock.now())
            raise
        yield from self._images(album, post, reply)

    def _images(
        self, album: StoredAlbum | None, post: StoredPost | None, reply: Reply | None
    ) -> Iterator[Rows]:
        """The images in *reply*, or none without one, in the place of those stored."""
        at = self._clock.now() if reply is None else reply.received_at
        came = 0 if reply is None else len(reply.items())
        self._run.report.pages += reply is not None
        if album:
            rows = yield from self._replaced(ALBUM_REPLY, album, reply, came=came, at=at)
            if rows is not None and came and not album.as_me:  # the owner's stand in account_images already
                yield Rows("image_metrics", history_of(rows, models.IMAGE_METRICS, id_column="image_id"))
        if post and post.is_album:
            yield from self._replaced(POST_REPLY, post, reply, came=came, at=at)
        yield from self._fetched(album, post, items=came, at=at)

    def _replaced(
        self,
        origin: Origin,
        parent: StoredAlbum | StoredPost,
        reply: Reply | None,
        *,
        came: int,
        at: datetime,
    ) -> Generator[Rows, None, pa.Table | None]:
        """What *reply* changes of the images of *parent*; returns the rows, None where nothing changes."""
        name, count = origin.table.name, parent.images_count
        page = b"[]" if reply is None else reply.data
        images = images_from(origin, page, parent=parent.id, came=came, count=count, fetched_at=at)
        if reply is not None:
            yield from rejected_rows(name, reply, images.rejected)
            if images.outcome is Outcome.UNCHANGED and not images.rejected:
                self._run.report.note(
                    f"{name}/{parent.id}: {came} of {count} images came, so the stored ones stay."
                )
        if images.rows is not None:
            yield Rows(name, images.rows)
        return images.rows

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
