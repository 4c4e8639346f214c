"""The marts of the gallery: who rose and fell in a feed, reading by reading and over all."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from imgur_source.records.tables import ACCOUNTS, GALLERY_RANKS, LIST_SWEEPS, POST_METRICS, POSTS
from tests.support.marts import Marts
from tests.support.work_files import NIGHT

VIRAL = "hot/viral"


def at(hours: float) -> datetime:
    """So many hours after the first reading."""
    return NIGHT + timedelta(hours=hours)


def shown(hours: float) -> str:
    """The same as the texts of the file have it."""
    return f"{at(hours):%Y-%m-%d %H:%M:%S}+00"


def place(hours: float, post_id: str, rank: int, *, feed: str = VIRAL) -> dict[str, Any]:
    """A post at this place of a reading; 1 is the top, and the reply came a minute after its beginning."""
    return {
        "feed": feed,
        "post_id": post_id,
        "position": rank - 1,
        "observed_at": at(hours),
        "fetched_at": at(hours) + timedelta(minutes=1),
    }


def a_walk(hours: float, *, complete: bool, feed: str = VIRAL) -> dict[str, Any]:
    return {"list": feed, "kind": "feed", "started_at": at(hours), "is_complete": complete}


def a_post(post_id: str, *, published: float, **over: Any) -> dict[str, Any]:
    return {
        "id": post_id,
        "title": f"Title of {post_id}",
        "account_url": "amy",
        "account_id": 8,
        "datetime": at(published),
        "fetched_at": at(0),
        **over,
    }


def counters(hours: float, post_id: str, views: int, points: int) -> dict[str, Any]:
    return {
        "id": post_id,
        "observed_at": at(hours),
        "views": views,
        "points": points,
        "fetched_at": at(hours),
    }


def trajectory(marts: Marts, columns: str, where: str = "true") -> list[tuple[str | None, ...]]:
    query = f"select {columns} from main.gallery_trajectory where {where} order by feed, post_id"
    return marts.texts(query)


# gallery_trajectory


def test_gallery_trajectory__tells_a_whole_story(marts: Marts) -> None:
    """Places count from 1; a post of an account that is followed came, rose, left and came back."""
    marts.load(ACCOUNTS, {"id": 8, "url": "Amy", "fetched_at": at(0)})
    marts.load(POSTS, a_post("a", published=2))
    marts.load(
        GALLERY_RANKS,
        place(0, "other", 1),
        place(12, "a", 11),
        place(24, "a", 5),
        place(36, "other", 1),
        place(48, "a", 5),
        place(60, "other", 1),
    )
    # seen at 12, 24 and 48; each of these stands for 6 h to either side: 24 h in the first 10, 36 h in the first 60
    assert trajectory(marts, "*", "post_id = 'a'") == [
        (
            VIRAL,
            "a",
            "Title of a",
            "Amy",
            *("11", "5", "5", "3", "2"),
            *("24.0", "36.0", "10.0", "10.0"),
            *("false", "true"),
            *(shown(12), shown(24), shown(48), shown(60)),
        )
    ]


def test_gallery_trajectory__does_not_count_hours_that_nobody_watched(marts: Marts) -> None:
    """An interval of 36 hours counts, a longer one does not, though the post stands at both of its ends.

    Nor does the first reading tell when the post came, though later ones show it.
    """
    marts.load(POSTS, a_post("a", published=-5))
    marts.load(
        GALLERY_RANKS,
        place(0, "a", 10),
        place(36, "a", 1),
        place(36 + 168, "a", 1),
        place(36 + 168 + 12, "a", 61),
        place(36 + 168 + 12 + 36.5, "a", 1),
        place(36 + 168 + 12 + 73, "a", 61),
    )
    # 36 h whole, the week not, half of the 12 h, at whose end it is out of both, and 36.5 h not on either side
    assert trajectory(marts, "top_10_hours, top_60_hours, hours_to_entry, readings, stays") == [
        ("42.0", "42.0", None, "6", "1")
    ]


def test_gallery_trajectory__knows_no_hours_of_one_reading(marts: Marts) -> None:
    """With one reading there is no interval, and nobody knows when what it shows has come."""
    marts.load(POSTS, a_post("a", published=-5))
    marts.load(GALLERY_RANKS, place(0, "a", 3))
    columns = "entered_rank, top_10_hours, hours_to_entry, hours_to_viral, stays, is_there, exited_at"
    assert trajectory(marts, columns) == [("3", "0.0", None, None, "1", "true", None)]


def test_gallery_trajectory__leaves_incomplete_readings_out(marts: Marts) -> None:
    """A reading that broke off does not say who has left, and its places count for nothing."""
    marts.load(LIST_SWEEPS, a_walk(0, complete=True), a_walk(12, complete=False))
    marts.load(
        GALLERY_RANKS,
        place(0, "a", 2),
        place(0, "b", 3),
        place(0, "no id", 4) | {"post_id": None},
        place(12, "a", 1),
        place(24, "a", 2),
        place(24, "b", 3),
    )
    # 24 h between the two whole readings, at most 36
    assert trajectory(marts, "post_id, best_rank, readings, stays, top_10_hours, is_there") == [
        ("a", "2", "2", "1", "24.0", "true"),
        ("b", "3", "2", "1", "24.0", "true"),
    ]


def test_gallery_trajectory__takes_an_empty_feed_for_a_reading(marts: Marts) -> None:
    """What stood in a feed that is found empty has left it."""
    marts.load(LIST_SWEEPS, a_walk(0, complete=True), a_walk(12, complete=True))
    marts.load(GALLERY_RANKS, place(0, "a", 1))
    assert trajectory(marts, "is_there, exited_at, top_10_hours") == [("false", shown(12), "6.0")]


def test_gallery_trajectory__takes_the_better_of_two_places(marts: Marts) -> None:
    """A feed that shifts between two pages shows a post twice in one reading; it counts once."""
    marts.load(GALLERY_RANKS, place(0, "a", 60), place(0, "a", 61), place(12, "a", 60))
    columns = "entered_rank, readings, stays, top_10_hours, top_60_hours"
    assert trajectory(marts, columns) == [("60", "2", "1", "0.0", "12.0")]


def test_gallery_trajectory__tells_in_each_feed_when_a_post_became_viral(marts: Marts) -> None:
    """The way into hot/viral stands in the rows of other feeds, too; each feed has readings of its own."""
    marts.load(POSTS, a_post("a", published=1))
    marts.load(
        GALLERY_RANKS,
        place(0, "other", 1),
        place(9, "a", 1),
        place(11, "a", 1),
        place(2, "cat", 61, feed="t/cats"),
        place(4, "a", 1, feed="t/cats"),
        place(10, "a", 1, feed="t/cats"),
    )
    columns = "feed, post_id, stays, top_60_hours, hours_to_entry, hours_to_viral, is_own"
    assert trajectory(marts, columns, "post_id <> 'other'") == [
        (VIRAL, "a", "1", "6.5", "8.0", "8.0", "false"),
        ("t/cats", "a", "1", "7.0", "3.0", "8.0", "false"),
        ("t/cats", "cat", "1", "0.0", None, None, "false"),
    ]


def test_gallery_trajectory__keeps_a_post_that_is_not_held(marts: Marts) -> None:
    """A place says that a post was there, though the post itself may have been rejected."""
    marts.load(GALLERY_RANKS, place(0, "other", 1), place(1, "a", 1))
    columns = "title, account_name, hours_to_entry, is_own"
    assert trajectory(marts, columns, "post_id = 'a'") == [(None, None, None, "false")]


# gallery_rank_history


def test_gallery_rank_history__compares_with_the_reading_before(marts: Marts) -> None:
    """A post that rises gains places; the counters are those of the reading, or the last ones before it.

    Where it is shown twice, the better place counts, with the counters of its reply.
    """
    marts.load(ACCOUNTS, {"id": 8, "url": "amy", "fetched_at": at(0)})
    marts.load(POSTS, a_post("a", published=-1))
    marts.load(
        POST_METRICS,
        counters(12, "a", 10, 1),
        counters(24 + 1 / 60, "a", 50, 2),
        counters(24 + 3 / 60, "a", 60, 3),
    )
    marts.load(
        GALLERY_RANKS,
        place(0, "a", 9),
        place(12, "a", 4),
        place(24, "a", 6),
        place(24, "a", 70) | {"fetched_at": at(24 + 5 / 60)},
        place(36, "b", 1),
        place(36, "no id", 2) | {"post_id": None},
        place(48, "a", 6),
    )
    known = ("a", "Title of a", "amy")
    # the counters of a minute past 24 h came with the reading of 24 h, whose reply was received then
    assert marts.texts("select * from main.gallery_rank_history order by observed_at, rank") == [
        (VIRAL, *known, "9", None, None, None, None, "true", "true", shown(0)),
        (VIRAL, *known, "4", "9", "5", "10", "1", "true", "true", shown(12)),
        (VIRAL, *known, "6", "4", "-2", "50", "2", "true", "true", shown(24)),
        (VIRAL, "b", None, None, "1", None, None, None, None, "true", "false", shown(36)),
        (VIRAL, *known, "6", None, None, "60", "3", "true", "true", shown(48)),
    ]


def test_gallery_rank_history__has_the_places_of_incomplete_readings(marts: Marts) -> None:
    """What a reading that broke off has shown is true; that it is incomplete is said."""
    marts.load(LIST_SWEEPS, a_walk(12, complete=False))
    marts.load(
        GALLERY_RANKS,
        place(0, "a", 70),
        place(12, "b", 1),
        place(24, "a", 70),
        place(24, "b", 71),
        place(24, "b", 72),
    )
    assert marts.texts(
        "select post_id, rank, rank_before, rank_gained, is_complete "
        "from main.gallery_rank_history order by observed_at, post_id",
    ) == [
        ("a", "70", None, None, "true"),
        ("b", "1", None, None, "false"),
        ("a", "70", None, None, "true"),
        ("b", "71", "1", "-70", "true"),
    ]
