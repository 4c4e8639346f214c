"""Which children of albums and posts are due: their images and comments, one request each. Pure.

Each is a credit, so it is spent only where something has moved since the last
fetch: an album's count, cover or time, a post's number of images or comments.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from imgur_source.extract.facts import Parents, StoredAlbum, StoredPost
from imgur_source.lists import ChildFetch

LastFetch = Callable[[str, str], ChildFetch | None]  # of a resource, for the id of an album or post


@dataclass(frozen=True, slots=True)
class Child:
    """What one request brings of an album, of a post, or of an album that is also a post."""

    resource: str
    album: StoredAlbum | None = None
    post: StoredPost | None = None

    @property
    def parent_id(self) -> str:
        parent = self.album or self.post
        assert parent is not None
        return parent.id

    @property
    def is_free(self) -> bool:
        """Whether nothing has to be asked: an album without images says so in its list."""
        parent = self.album or self.post
        return self.resource != "post_comments" and parent is not None and parent.images_count == 0


def children_due(
    parents: Parents,
    *,
    wanted: Collection[str],
    last: LastFetch,
    now: datetime,
    greatest_age: timedelta,
    done: Collection[tuple[str, str]] = (),
) -> Iterator[Child]:
    """What is due of *parents*: images of albums, then those of posts, then comments.

    Of each kind those that were never fetched come first, then the longest unread: with few
    credits the ones that always move must not keep others from their turn.

    Args:
        wanted: resources to read.
        done: resources and ids that this run has read.
    """

    def in_turn(children: Iterable[Child]) -> list[Child]:
        """*children* that are wanted and not done, the longest unread first."""
        turns = []
        for child in children:
            if child.resource in wanted and (child.resource, child.parent_id) not in done:
                fetched = last(child.resource, child.parent_id)
                turns.append((0.0 if fetched is None else fetched.fetched_at.timestamp(), child))
        return [child for _, child in sorted(turns, key=lambda turn: turn[0])]

    with_album: set[str] = set()
    for child in in_turn(Child("album_images", album) for album in parents.albums.values()):
        assert child.album is not None
        fetched = last("album_images", child.parent_id)
        if (
            fetched is None
            or fetched.fingerprint != child.album.fingerprint
            or now - fetched.fetched_at >= greatest_age
        ):
            with_album.add(child.parent_id)
            post = parents.posts.get(child.parent_id) if "post_images" in wanted else None
            yield replace(child, post=post)
    for child in in_turn(Child("post_images", post=post) for post in parents.posts.values()):
        assert child.post is not None
        fetched = last("post_images", child.parent_id)
        is_old = fetched is not None and now - fetched.fetched_at >= greatest_age
        has_moved = fetched is None or _have_media_moved(child.post, fetched, is_old=is_old)
        if child.post.is_album and child.parent_id not in with_album and has_moved:
            yield child
    for child in in_turn(Child("post_comments", post=post) for post in parents.posts.values()):
        assert child.post is not None
        fetched, count = last("post_comments", child.parent_id), child.post.comment_count
        if count != 0 if fetched is None else count is not None and fetched.fingerprint != str(count):
            yield child


def _have_media_moved(post: StoredPost, fetched: ChildFetch, *, is_old: bool) -> bool:
    """Whether the post has another number of images than is stored.

    A number that a fetch could not confirm is not asked for in every run, but after the greatest age.
    """
    has_moved = fetched.fingerprint != str(post.images_count)
    return post.images_count not in (None, fetched.items) and (has_moved or is_old)
