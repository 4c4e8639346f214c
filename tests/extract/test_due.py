"""Which children of albums and posts are due, and in which order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from imgur_source.extract.due import Child, children_due
from imgur_source.extract.facts import Parents, StoredAlbum, StoredPost
from imgur_source.lists import ChildFetch
from tests.support.fakes import NIGHT

ONE_DAY = timedelta(days=1)
GREATEST_AGE = 30 * ONE_DAY
ALL = ("album_images", "post_images", "post_comments")
Fetches = dict[tuple[str, str], ChildFetch]


def an_album(album_id: str = "a", count: int | None = 3, **over: Any) -> StoredAlbum:
    usual: dict[str, Any] = {"cover": "x", "inserted_at": NIGHT - 50 * ONE_DAY}
    return StoredAlbum(album_id, count, **(usual | over))


def a_post(post_id: str = "p", **over: Any) -> StoredPost:
    return StoredPost(post_id, **{"comment_count": 0} | over)


def an_album_post(post_id: str = "p", images: int | None = 5, **over: Any) -> StoredPost:
    return a_post(post_id, is_album=True, images_count=images, **over)


def fetched(fingerprint: str, *, items: int | None = 3, days: float = 2) -> ChildFetch:
    return ChildFetch(fingerprint, items, NIGHT - days * ONE_DAY)


def due(
    *parents: StoredAlbum | StoredPost,
    fetches: Fetches | None = None,
    wanted: tuple[str, ...] = ALL,
    done: set[tuple[str, str]] | None = None,
) -> list[Child]:
    known = fetches or {}

    def last(resource: str, item_id: str) -> ChildFetch | None:
        return known.get((resource, item_id))

    details = Parents(
        {parent.id: parent for parent in parents if isinstance(parent, StoredAlbum)},
        {parent.id: parent for parent in parents if isinstance(parent, StoredPost)},
    )
    return list(
        children_due(
            details, wanted=wanted, last=last, now=NIGHT, greatest_age=GREATEST_AGE, done=done or set()
        )
    )


def names(children: list[Child]) -> list[str]:
    return [f"{child.resource}/{child.parent_id}" for child in children]


# what makes a child due


@pytest.mark.parametrize(
    ("album", "last", "is_due"),
    [
        (an_album(), None, True),
        (an_album(), fetched(an_album().fingerprint), False),
        (an_album(count=4), fetched(an_album().fingerprint), True),
        (an_album(cover="y"), fetched(an_album().fingerprint), True),
        (an_album(inserted_at=NIGHT), fetched(an_album().fingerprint), True),
        (an_album(count=None, cover=None), fetched(an_album(count=None, cover=None).fingerprint), False),
        (an_album(), fetched(an_album().fingerprint, days=30), True),
        (an_album(), fetched(an_album().fingerprint, days=29.99), False),
        (an_album(), fetched(an_album().fingerprint, items=None), False),
    ],
)
def test_children_due__album_images_where_something_has_moved(
    album: StoredAlbum, last: ChildFetch | None, is_due: bool
) -> None:
    """Never fetched, another count, cover or time, or long ago."""
    fetches = {("album_images", "a"): last} if last else {}
    assert due(album, fetches=fetches) == ([Child("album_images", album)] if is_due else [])


@pytest.mark.parametrize(
    ("album", "fingerprint"),
    [
        (StoredAlbum("a", 3, cover="x", inserted_at=NIGHT), f"3 x {int(NIGHT.timestamp())}"),
        (StoredAlbum("a"), "None None None"),
    ],
)
def test_fingerprint__is_as_it_is_stored(album: StoredAlbum, fingerprint: str) -> None:
    """Another text would have every album of a warehouse fetched again."""
    assert album.fingerprint == fingerprint


@pytest.mark.parametrize(
    ("images", "last", "is_due"),
    [
        (5, None, True),
        (None, None, True),
        (5, fetched("5", items=5), False),
        (5, fetched("4", items=4), True),
        (5, fetched("5", items=4), False),
        (5, fetched("5", items=4, days=40), True),
        (5, fetched("5", items=5, days=40), False),
        (5, fetched("4", items=5), False),
        (None, fetched("5", items=5, days=40), False),
        (None, fetched("None", items=None), False),
        (5, fetched("5", items=None), False),
        (5, fetched("5", items=None, days=40), True),
    ],
)
def test_children_due__post_images_where_their_number_has_moved(
    images: int | None, last: ChildFetch | None, is_due: bool
) -> None:
    """Another number than came; one that a fetch could not confirm only after the greatest age."""
    post = an_album_post(images=images)
    fetches = {("post_images", "p"): last} if last else {}
    assert due(post, fetches=fetches) == ([Child("post_images", post=post)] if is_due else [])


@pytest.mark.parametrize(
    ("comments", "last", "is_due"),
    [
        (4, None, True),
        (0, None, False),
        (None, None, True),
        (4, fetched("4", days=90), False),
        (5, fetched("4"), True),
        (0, fetched("4"), True),
        (None, fetched("4"), False),
        (4, fetched("4", items=None), False),
    ],
)
def test_children_due__comments_where_their_number_has_moved(
    comments: int | None, last: ChildFetch | None, is_due: bool
) -> None:
    """A tree that was never fetched, unless it is empty, or whose count is another one; never by age."""
    post = a_post(comment_count=comments)
    fetches = {("post_comments", "p"): last} if last else {}
    assert due(post, fetches=fetches) == ([Child("post_comments", post=post)] if is_due else [])


def test_children_due__a_post_that_is_one_image_has_no_images_to_fetch() -> None:
    """Its list has shown all of it."""
    assert due(a_post(images_count=1)) == []


# an album that is also a post


def test_children_due__one_request_serves_an_album_that_is_also_a_post() -> None:
    """It comes with the albums; its comments are another request."""
    album, post = an_album("b"), an_album_post("b", comment_count=2)
    assert due(album, post) == [Child("album_images", album, post), Child("post_comments", post=post)]


def test_children_due__the_post_of_an_album_that_has_not_moved_is_asked_for_by_itself() -> None:
    """What decides about the images of a post is its own count."""
    album, post = an_album("b"), an_album_post("b")
    fetches = {("album_images", "b"): fetched(album.fingerprint)}
    assert due(album, post, fetches=fetches) == [Child("post_images", post=post)]


def test_children_due__the_album_of_a_post_that_nobody_wants_comes_alone() -> None:
    """A request for both is one for the album where images of posts are not selected, and the other way round."""
    album, post = an_album("b"), an_album_post("b")
    assert due(album, post, wanted=("album_images",)) == [Child("album_images", album)]
    assert due(album, post, wanted=("post_images",)) == [Child("post_images", post=post)]


# what is left out


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ((), []),
        (("album_images",), ["album_images/a"]),
        (("post_images",), ["post_images/p"]),
        (("post_comments",), ["post_comments/p"]),
        (("account_albums",), []),
        (ALL, ["album_images/a", "post_images/p", "post_comments/p"]),
    ],
)
def test_children_due__only_what_is_wanted(wanted: tuple[str, ...], found: list[str]) -> None:
    """Albums first, then posts, then comments, of the resources that are read."""
    assert names(due(an_album(), an_album_post(comment_count=2), wanted=wanted)) == found


@pytest.mark.parametrize("resource", ALL)
def test_children_due__nothing_twice_in_a_run(resource: str) -> None:
    """What the run has read is done, though its count may have moved again; that parent only."""
    parents: list[StoredAlbum | StoredPost] = [
        an_album("a"),
        an_album("b"),
        an_album_post("p", comment_count=2),
        an_album_post("q", comment_count=2),
    ]
    first = {"album_images": "a", "post_images": "p", "post_comments": "p"}[resource]
    left = names(due(*parents, done={(resource, first)}))
    assert left == [name for name in names(due(*parents)) if name != f"{resource}/{first}"]
    assert len(left) == 5


@pytest.mark.parametrize(
    ("child", "is_free"),
    [
        (Child("album_images", an_album(count=0)), True),
        (Child("album_images", an_album(count=1)), False),
        (Child("album_images", an_album(count=None)), False),
        (Child("post_images", post=an_album_post(images=0)), True),
        (Child("post_images", post=an_album_post(images=None)), False),
        (Child("album_images", an_album(count=0), an_album_post(images=0)), True),
        (Child("post_comments", post=a_post(images_count=0, comment_count=4)), False),
    ],
)
def test_is_free__of_an_album_without_images(child: Child, is_free: bool) -> None:
    """Its list says so, and no request is made; comments are asked for whatever the images."""
    assert child.is_free == is_free


# the order


def moved(resource: str, **days: float) -> Fetches:
    """Fetches so many days ago whose fingerprint is another one by now."""
    return {(resource, parent): fetched("moved", items=1, days=ago) for parent, ago in days.items()}


@pytest.mark.parametrize(
    ("resource", "parents"),
    [
        ("album_images", [an_album(name) for name in ("young", "new", "old", "other")]),
        ("post_images", [an_album_post(name) for name in ("young", "new", "old", "other")]),
        ("post_comments", [a_post(name, comment_count=9) for name in ("young", "new", "old", "other")]),
    ],
)
def test_children_due__never_fetched_first_and_then_the_longest_unread(
    resource: str, parents: list[StoredAlbum | StoredPost]
) -> None:
    """With few credits what moves in every run must not keep others from their turn; equals stay as listed."""
    children = due(*parents, fetches=moved(resource, young=1, old=9))
    assert [child.parent_id for child in children] == ["new", "other", "old", "young"]


def test_children_due__each_has_its_turn_though_all_move_in_every_run() -> None:
    """Two of seven trees a run: after four runs each was read, and nobody waits longer than four."""
    fetches: Fetches = {}
    read: list[str] = []
    for run in range(8):
        posts = [a_post(f"{number}", comment_count=100 + run) for number in range(7)]
        for child in due(*posts, fetches=fetches)[:2]:
            read.append(child.parent_id)
            at = NIGHT - (20 - run) * ONE_DAY + timedelta(seconds=len(read))
            fetches["post_comments", child.parent_id] = ChildFetch(str(100 + run), 1, at)
    assert read == [str(number % 7) for number in range(16)]
