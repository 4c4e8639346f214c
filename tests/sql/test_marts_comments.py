"""The marts of comments: threads under posts, and who writes in them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from imgur_source.records.tables import (
    ACCOUNTS,
    COMMENTS,
    DETAIL_FETCHES,
    ITEM_LOOKS,
    LIST_ITEMS,
    LIST_SWEEPS,
    POST_COMMENTS,
    POSTS,
)
from tests.support.marts import Marts
from tests.support.work_files import NIGHT

ME = {"id": 8, "url": "Amy", "fetched_at": NIGHT}
POST = {"id": "p", "account_url": "Amy", "account_id": 8, "fetched_at": NIGHT}


def at(minutes: float) -> datetime:
    """So many minutes after the first comment."""
    return NIGHT + timedelta(minutes=minutes)


def shown(minutes: float) -> str:
    """The same as the texts of the file have it."""
    return f"{at(minutes):%Y-%m-%d %H:%M:%S}+00"


def in_tree(
    number: int, *, root: int = 1, parent: int | None = None, minutes: float | None = 0, **over: Any
) -> dict[str, Any]:
    """A comment as a tree has it; without a parent it is the root."""
    return {
        "id": number,
        "post_id": "p",
        "image_id": "p",
        "parent_id": parent,
        "root_id": root,
        "depth": 0 if parent is None else 1,
        "author": f"u{number}",
        "author_id": 100 + number,
        "comment": f"Text {number}",
        "points": 1,
        "datetime": None if minutes is None else at(minutes),
        "fetched_at": at(5000),
        **over,
    }


def written(number: int, *, parent: int = 0, **over: Any) -> dict[str, Any]:
    """A comment as the list of its author has it."""
    return {
        "id": number,
        "parent_id": parent,
        "image_id": "p",
        "author": "Amy",
        "author_id": 8,
        "comment": f"Text {number}",
        "datetime": at(0),
        "fetched_at": at(5000),
        **over,
    }


# comments


def test_comments__joins_tree_and_list(marts: Marts) -> None:
    """The place in the thread is the tree's, the counters are those that were seen last: at the same time, the tree's.

    Whose a comment is its number tells, though the name was another, and where that is hidden the name.
    """
    marts.load(ACCOUNTS, ME)
    marts.load(POSTS, POST)
    marts.load(
        POST_COMMENTS,
        in_tree(1, author="bob", author_id=0, ups=3, downs=2),
        in_tree(2, parent=1, minutes=4, author="amy", author_id=None, points=1, platform="api"),
        in_tree(3, root=3, author="before", author_id=8, points=1),
        in_tree(4, root=4, author="AMY", author_id=0),
    )
    marts.load(
        COMMENTS,
        written(2, parent=1, points=7, fetched_at=at(6000), datetime=at(4)),
        written(3, author="before", points=7),
    )
    assert marts.texts("select * from main.comments order by comment_id") == [
        (
            *("1", "p", None, "1", None, "bob", "Text 1", None, "0", "3", "2", "1", "1"),
            *("false", "true", "false", "false", shown(0), None, None, shown(5000)),
        ),
        (
            *("2", "p", "1", "1", "8", "Amy", "Text 2", None, "1", None, None, "7", "0"),
            *("true", "true", "false", "false", shown(4), None, None, shown(6000)),
        ),
        (
            *("3", "p", None, "3", "8", "Amy", "Text 3", None, "0", None, None, "1", "0"),
            *("true", "true", "false", "false", shown(0), None, None, shown(5000)),
        ),
        (
            *("4", "p", None, "4", "8", "Amy", "Text 4", None, "0", None, None, "1", "0"),
            *("true", "true", "false", "false", shown(0), None, None, shown(5000)),
        ),
    ]


def test_comments__knows_little_of_an_answer_elsewhere(marts: Marts) -> None:
    """Where no tree was fetched, a root is its own thread, and of an answer thread and depth are not known."""
    marts.load(ACCOUNTS, ME)
    marts.load(COMMENTS, written(1), written(2, parent=77))
    columns = "comment_id, parent_id, root_id, depth, replies, is_own, is_on_own_post"
    assert marts.texts(f"select {columns} from main.comments order by 1") == [
        ("1", None, "1", "0", "0", "true", "false"),
        ("2", "77", None, None, "0", "true", "false"),
    ]


def test_comments__tells_what_has_gone(marts: Marts) -> None:
    """Its author's list says whether a comment is gone, but a tree that shows it later says that it is back.

    A tree of before says nothing of that, nor does one that a later tree has left behind.
    """
    marts.load(ACCOUNTS, ME)
    marts.load(
        LIST_ITEMS,
        *(
            {"list": "account_comments/me", "item_id": item, "datetime": at(0), "fetched_at": at(10)}
            for item in ("1", "2", "5", "6")
        ),
    )
    marts.load(
        LIST_SWEEPS,
        *(
            {
                "list": "account_comments/me",
                "kind": "sweep",
                "started_at": at(minutes),
                "is_complete": True,
                "is_proved": True,
            }
            for minutes in (20, 30)
        ),
    )
    marts.load(COMMENTS, *(written(number, fetched_at=at(10)) for number in (1, 2, 5, 6)))
    marts.load(
        POST_COMMENTS,
        in_tree(2, root=2, author="Amy", author_id=8, fetched_at=at(40)),
        in_tree(3, root=3, fetched_at=at(30)),
        in_tree(4, root=4, fetched_at=at(40), deleted=True, author=None, author_id=0),
        in_tree(5, root=5, post_id="q", author="Amy", author_id=8, fetched_at=at(20)),
        in_tree(6, root=6, author="Amy", author_id=8, fetched_at=at(30)),
    )
    marts.load(
        DETAIL_FETCHES,
        {"resource": "post_comments", "item_id": "p", "items": 4, "fetched_at": at(40)},
        {"resource": "post_comments", "item_id": "q", "items": 1, "fetched_at": at(20)},
    )
    columns = "comment_id, author_name, is_stub, is_missing, missing_since, deleted_at, fetched_at"
    assert marts.texts(f"select {columns} from main.comments order by 1") == [
        ("1", "Amy", "false", "true", shown(20), shown(20), shown(10)),
        ("2", "Amy", "false", "false", None, None, shown(40)),
        ("3", "u3", "false", "true", None, None, shown(30)),
        ("4", None, "true", "false", None, None, shown(40)),
        ("5", "Amy", "false", "true", shown(20), shown(20), shown(20)),
        ("6", "Amy", "false", "true", shown(20), shown(20), shown(30)),
    ]


def test_comments__believes_a_tree_that_was_read_after_the_list(marts: Marts) -> None:
    """A tree that does not show a comment any more says that it has gone, until its author's list shows it again.

    A tree that never showed it says nothing: it may hide what the author's own list shows.
    """
    marts.load(ACCOUNTS, ME)
    seen = {1: at(10), 2: at(50), 3: at(10), 4: at(10)}
    marts.load(COMMENTS, *(written(number, fetched_at=when) for number, when in seen.items()))
    marts.load(
        LIST_ITEMS,
        *(
            {
                "list": "account_comments/me",
                "item_id": str(number),
                "datetime": at(0),
                "fetched_at": when,
            }
            for number, when in seen.items()
        ),
    )
    marts.load(
        ITEM_LOOKS,
        {
            "list": "account_comments/me",
            "item_id": "4",
            "is_gone": False,
            "looked_at": at(60),
            "fetched_at": at(60),
        },
    )
    marts.load(
        POST_COMMENTS,
        in_tree(9, root=9, fetched_at=at(40)),
        *(
            in_tree(number, root=9, parent=9, author="Amy", author_id=8, fetched_at=at(5))
            for number in (1, 2, 4)
        ),
    )
    columns = "comment_id, replies, is_missing, missing_since, deleted_at"
    assert marts.texts(f"select {columns} from main.comments order by 1") == [
        ("1", "0", "true", None, None),
        ("2", "0", "false", None, None),
        ("3", "0", "false", None, None),
        ("4", "0", "false", None, None),
        ("9", "2", "false", None, None),
    ]


def test_comments__does_not_count_replies_that_have_gone(marts: Marts) -> None:
    """A direct answer counts while the tree shows it, and not as a stub; what answers the answer does not count."""
    marts.load(
        POST_COMMENTS,
        in_tree(1, fetched_at=at(40)),
        in_tree(2, parent=1, fetched_at=at(40)),
        in_tree(3, parent=1, fetched_at=at(30)),
        in_tree(4, parent=2, depth=2, fetched_at=at(40)),
        in_tree(5, parent=1, fetched_at=at(40), deleted=True, author=None, author_id=0),
        in_tree(6, parent=5, depth=2, fetched_at=at(40)),
    )
    marts.load(
        DETAIL_FETCHES,
        {"resource": "post_comments", "item_id": "p", "items": 5, "fetched_at": at(40)},
    )
    assert marts.texts("select comment_id, replies from main.comments order by 1") == [
        ("1", "1"),
        ("2", "1"),
        ("3", "0"),
        ("4", "0"),
        ("5", "1"),
        ("6", "0"),
    ]


# comment_threads


def test_comment_threads__tells_how_quickly_a_thread_grew(marts: Marts) -> None:
    """Answers wait from what they answer; an hour and a day count from the root, and end with their last second."""
    marts.load(POSTS, POST)
    marts.load(
        POST_COMMENTS,
        in_tree(1, minutes=0, points=5),
        in_tree(2, parent=1, minutes=60, points=-4),
        in_tree(3, parent=2, minutes=61, depth=2, points=None),
        in_tree(4, parent=1, minutes=1440, author="amy", author_id=8),
        in_tree(6, parent=4, minutes=1460, depth=2, author="amy", author_id=8),
        in_tree(5, parent=3, minutes=1441, depth=3, author="u2", author_id=102),
        in_tree(7, root_id=None, points=None),
    )
    # waits: 60 (2 after 1), 1 (3 after 2), 1440 (4 after 1), 20 (6 after 4), 1380 (5 after 3)
    # points: 5 - 4 + 1 + 1 + 1
    assert marts.texts("select * from main.comment_threads") == [
        (
            *("1", "p", "u1", "6", "3", "4", "4", "60.0", "60.0", "1440.0", "1", "3", "true"),
            *(shown(0), shown(1460)),
        )
    ]


def test_comment_threads__knows_no_times_of_a_lone_root(marts: Marts) -> None:
    """The author of the post who starts a thread that nobody answers has not answered in it."""
    marts.load(POSTS, POST)
    marts.load(POST_COMMENTS, in_tree(1, author="Amy", author_id=8))
    columns = (
        "comments, max_depth, authors, first_reply_minutes, median_reply_minutes, author_reply_minutes, "
        "comments_first_hour, comments_first_day, author_replied"
    )
    assert marts.texts(f"select {columns} from main.comment_threads") == [
        ("1", "0", "1", None, None, None, "0", "0", "false")
    ]


def test_comment_threads__bears_what_is_not_held(marts: Marts) -> None:
    """Of an orphan whose root is gone no time from the root is known; a wait needs the comment that is answered."""
    marts.load(
        POST_COMMENTS,
        in_tree(2, root=9, parent=9, minutes=10, author=None, author_id=0),
        in_tree(3, root=9, parent=2, minutes=15, depth=2),
        in_tree(4, root=9, parent=88, minutes=None, depth=2),
    )
    columns = (
        "root_id, author_name, comments, authors, first_reply_minutes, median_reply_minutes, "
        "comments_first_hour, comments_first_day, author_replied, started_at, last_comment_at"
    )
    assert marts.texts(f"select {columns} from main.comment_threads") == [
        ("9", None, "3", "2", None, "5.0", None, None, "false", None, shown(15))
    ]


def test_comment_threads__knows_a_post_author_by_name(marts: Marts) -> None:
    """Where a number is hidden names decide, upper and lower case being one; two numbers decide against a name."""
    marts.load(
        POSTS,
        {"id": "p", "account_url": "Bob", "account_id": 0},
        {"id": "q", "account_url": "Bob", "account_id": 5},
    )
    marts.load(
        POST_COMMENTS,
        in_tree(1),
        in_tree(2, parent=1, author="bob", author_id=0),
        in_tree(3, root=3, post_id="q"),
        in_tree(4, root=3, parent=3, post_id="q", author="Bob", author_id=6),
        in_tree(5, root=3, parent=3, post_id="q", author="Robert", author_id=6),
        in_tree(6, parent=1, author="BOB", author_id=0),
        in_tree(7, root=7),
        in_tree(8, root=7, parent=7, author="BOB", author_id=5),
    )
    assert marts.texts("select root_id, authors, author_replied from main.comment_threads order by 1") == [
        ("1", "2", "true"),
        ("3", "2", "false"),
        ("7", "2", "true"),
    ]


# top_commenters


def test_top_commenters__ranks_authors(marts: Marts) -> None:
    """Who has as many comments shares the place; a name without its number is the one that bears it."""
    marts.load(ACCOUNTS, ME)
    marts.load(POSTS, POST, POST | {"id": "q"}, {"id": "elsewhere", "account_id": 5})
    bob: dict[str, Any] = {"author": "bob", "author_id": 5}
    marts.load(
        POST_COMMENTS,
        in_tree(1, minutes=1, points=4, **bob),
        in_tree(2, minutes=2, parent=1, author="Bob", author_id=0, points=2),
        in_tree(3, minutes=3, root=3, post_id="q", points=9, **bob),
        in_tree(4, minutes=4, root=4, author="Amy", author_id=8),
        in_tree(5, minutes=5, root=5, author="cy", author_id=0, points=None),
        in_tree(6, minutes=6, root=6, author=None, author_id=0),
        in_tree(7, minutes=7, root=7, deleted=True, **bob),
        in_tree(8, minutes=8, root=8, post_id="elsewhere", **bob),
    )
    assert marts.texts("select * from main.top_commenters order by rank, author_name") == [
        ("5", "bob", "1", "3", "2", "15", "4.0", "1", "false", shown(1), shown(3)),
        ("8", "Amy", "2", "1", "1", "1", "1.0", "0", "true", shown(4), shown(4)),
        (None, "cy", "2", "1", "1", None, None, "0", "false", shown(5), shown(5)),
    ]


def test_top_commenters__takes_names_from_comments_with_a_time(marts: Marts) -> None:
    """A comment without a time is no later one: it neither renames its author nor gives a name to another."""
    marts.load(ACCOUNTS, ME)
    marts.load(POSTS, POST)
    known: list[tuple[float | None, str, int]] = [
        (1, "new", 20),
        (None, "old", 20),
        (2, "shared", 21),
        (None, "shared", 22),
        (3, "shared", 0),
        (None, "undated", 23),
    ]
    marts.load(
        POST_COMMENTS,
        *(
            in_tree(number, root=number, minutes=minutes, author=author, author_id=author_id)
            for number, (minutes, author, author_id) in enumerate(known, start=1)
        ),
    )
    columns = "author_id, author_name, comments, last_comment_at"
    assert marts.texts(f"select {columns} from main.top_commenters order by author_id") == [
        ("20", "new", "2", shown(1)),
        ("21", "shared", "2", shown(3)),
        ("22", "shared", "1", None),
        ("23", "undated", "1", None),
    ]


def test_top_commenters__knows_authors_by_their_numbers(marts: Marts) -> None:
    """A number bears its latest name; a name without one is whose it was last, in upper or lower case."""
    marts.load(ACCOUNTS, ME)
    marts.load(POSTS, POST)
    roots: list[tuple[float, str, int]] = [
        (1, "Dan", 21),  # who left the name to 20
        (9, "dan", 20),
        (10, "DAN", 0),
        (3, "eve", 30),  # at the same time the higher number has it
        (3, "eve", 31),
        (4, "eva", 31),  # at the same time the name that comes later in the alphabet
        (4, "eve", 0),
        (1, "bob", 5),
        (9, "ali", 5),
        (5, "cy", 0),
        (6, "CY", 0),
    ]
    marts.load(
        POST_COMMENTS,
        *(
            in_tree(number, root=number, minutes=minutes, author=author, author_id=author_id)
            for number, (minutes, author, author_id) in enumerate(roots, start=1)
        ),
        in_tree(12, root=8, parent=8, minutes=11, author="zed", author_id=50),
        in_tree(13, root=9, parent=9, minutes=12, author="zed", author_id=50),
    )
    marts.load(COMMENTS, written(12, parent=8, author="zed", author_id=50))
    columns = "author_id, author_name, rank, comments, replies_received, is_own"
    assert marts.texts(f"select {columns} from main.top_commenters order by rank, author_id") == [
        ("31", "eve", "1", "3", "0", "false"),
        ("5", "ali", "2", "2", "2", "false"),
        ("20", "DAN", "2", "2", "0", "false"),
        ("50", "zed", "2", "2", "0", "true"),
        (None, "CY", "2", "2", "0", "false"),
        ("21", "Dan", "6", "1", "0", "false"),
        ("30", "eve", "6", "1", "0", "false"),
    ]
