"""What is held of lists, how fresh it is, and what it has cost."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from imgur_source.lists.state import ListState
from imgur_source.records.tables import (
    ACCOUNT_METRICS,
    ACCOUNTS,
    ALBUM_IMAGES,
    ALBUM_METRICS,
    ALBUMS,
    COMMENT_METRICS,
    COMMENTS,
    CREDIT_CHARGES,
    DETAIL_FETCHES,
    FAVORITES,
    GALLERY_RANKS,
    IMAGE_METRICS,
    IMAGES,
    ITEM_LOOKS,
    LIST_ITEMS,
    LIST_SWEEPS,
    POST_COMMENTS,
    POST_IMAGES,
    POST_METRICS,
    POST_TAGS,
    POSTS,
    SUBREDDIT_POSTS,
    SYNC_RUNS,
    TABLES,
    TAGS,
)
from tests.support.fakes import FakeClock
from tests.support.marts import Marts, in_memory
from tests.support.model_list import ModelClient, ModelList, numbered, read, rules
from tests.support.model_warehouse import ModelWarehouse
from tests.support.work_files import NIGHT

ONE_DAY = timedelta(days=1)
OWN = "account_images/me"
BOOKS = {
    "sync_runs",
    "credit_charges",
    "list_sweeps",
    "list_items",
    "item_looks",
    "detail_fetches",
    "rejected_records",
}


def at(days: float) -> datetime:
    """So many days after the first night, which is the time of the run."""
    return NIGHT + days * ONE_DAY


def shown(days: float) -> str:
    """The same as the texts of the file have it."""
    return f"{at(days):%Y-%m-%d %H:%M:%S}+00"


def a_walk(
    days: float, *, newest: float | None = None, oldest: float | None = None, **over: Any
) -> dict[str, Any]:
    """A walk that began at this day and covered what lies between two; None is the front, or the end."""
    return {
        "list": OWN,
        "kind": "sweep",
        "started_at": at(days),
        "is_complete": True,
        "items": 9,
        "newest_at": None if newest is None else at(newest),
        "oldest_at": None if oldest is None else at(oldest),
        **over,
    }


class Nights:
    """A list that is read for some nights: what is remembered of it, and what the marts says of it."""

    def __init__(self, items: int, *, is_sorted: bool = True, apart: int = 1, **over: Any) -> None:
        self.clock = FakeClock()
        self.list = ModelList(is_sorted=is_sorted)
        self.warehouse = ModelWarehouse()
        self.memory = ListState()
        self.of = numbered(is_sorted=is_sorted)
        self.by = rules(sweep_share=0.0, smallest_page=3, **over)  # too long to be read whole each night
        self.add(items, apart=apart)

    def add(self, items: int, *, apart: int = 1) -> None:
        """New *items* come by day, so many seconds apart."""
        first = int(self.clock.now().timestamp()) + 3600
        self.list.add_many(first + apart * number for number in range(items))

    def delete_newest(self) -> None:
        self.list.delete(self.list.items[0])

    def night(self, *, requests: int | None = None) -> tuple[int, int, bool]:
        """Read for a night, with at most so many *requests* for pages of three; what the SQL then says."""
        self.clock.advance(ONE_DAY)
        client = ModelClient(
            self.list, self.clock, page_size=3, count_error=None, budget=requests, tells_budget=False
        )
        night = read(client, self.clock, memory=self.memory, by=self.by, of=self.of)
        self.memory = night.memory
        self.warehouse.load(night)
        return self.warehouse.coverage()

    @property
    def remembered(self) -> tuple[int, int, bool]:
        """What the code that reads lists knows of this one, in the columns of the view."""
        coverage = self.memory.coverage
        stretches = len(coverage.ranges)
        return stretches, max(0, stretches - 1) + (not coverage.is_ended), coverage.is_complete()


# list_coverage: nights as they are really read, beside what the reading itself remembers


def test_list_coverage__closes_the_hole_of_a_front_that_broke_off() -> None:
    """A front that broke off leaves a hole above what was held; the next night reads on and closes it."""
    nights = Nights(9)
    assert nights.night() == nights.remembered == (1, 0, True)
    nights.add(12)
    assert nights.night(requests=2) == nights.remembered == (2, 1, False)
    assert nights.night() == nights.remembered == (1, 0, True)


def test_list_coverage__counts_holes_on_top_of_each_other() -> None:
    """Two fronts that broke off leave two holes, and one over a first load one more, to the list's end."""
    nights = Nights(12)
    assert nights.night(requests=3) == nights.remembered == (1, 1, False)
    for left in (2, 3):
        nights.add(12)
        assert nights.night(requests=1) == nights.remembered == (left, left, False)
    assert nights.night() == nights.remembered == (1, 0, True)


def test_list_coverage__follows_a_first_load_to_the_end() -> None:
    """A first load that goes on each night leaves one hole, towards the end of the list, until it is there."""
    nights = Nights(30)
    for _ in range(3):
        assert nights.night(requests=4) == nights.remembered == (1, 1, False)
    assert nights.night() == nights.remembered == (1, 0, True)


def test_list_coverage__holds_nothing_after_a_night_without_a_page() -> None:
    """A first run that broke off before its first page leaves the whole list to be read."""
    nights = Nights(9)
    assert nights.night(requests=1) == nights.remembered == (0, 1, False)  # the count was asked for
    assert nights.night() == nights.remembered == (1, 0, True)


def test_list_coverage__passes_seconds_longer_than_a_page() -> None:
    """Where pages end within one second, walks that share an item at their ends leave no hole."""
    nights = Nights(10, apart=0)
    assert nights.night(requests=3) == nights.remembered == (1, 1, False)
    assert nights.night() == nights.remembered == (1, 0, True)
    nights.add(8, apart=0)
    assert nights.night() == nights.remembered == (1, 0, True)


def test_list_coverage__sees_no_hole_where_the_newest_item_was_deleted() -> None:
    """A front that passes the place of a deleted item is no word on deletions, but it has read what it read."""
    nights = Nights(12)
    assert nights.night() == nights.remembered == (1, 0, True)
    nights.delete_newest()
    nights.add(4)
    assert nights.night() == nights.remembered == (1, 0, True)
    nights.add(4)
    assert nights.night() == nights.remembered == (1, 0, True)


def test_list_coverage__wants_nothing_older_than_the_start_date() -> None:
    """Down to start_date there is no hole, though the list itself is not whole."""
    nights = Nights(30)
    oldest_wanted = nights.list.items[10].at
    nights = Nights(30, since=oldest_wanted)
    assert nights.night() == (1, 0, False)
    assert nights.memory.coverage.is_complete(since=oldest_wanted)


def test_list_coverage__does_not_place_a_hole_in_an_unsorted_list() -> None:
    """Of a list without an order of time a walk that broke off leaves a hole somewhere, until it is read whole."""
    nights = Nights(12, is_sorted=False)
    assert nights.night() == (1, 0, True)
    assert nights.memory.is_whole(is_sorted=False, since=None)
    assert nights.night(requests=3) == (1, 1, False)
    assert not nights.memory.is_whole(is_sorted=False, since=None)
    nights.night()  # reads the rest, which is a walk in pieces and proves nothing
    assert nights.night() == (1, 0, True)
    assert nights.memory.is_whole(is_sorted=False, since=None)


def test_list_coverage__takes_an_empty_list_for_whole() -> None:
    """A list that showed its end at once has been read."""
    assert Nights(0).night() == (1, 0, True)


# list_coverage: its columns


def test_list_coverage__tells_of_the_newest_hole(marts: Marts) -> None:
    """Ends of what is held and of the newest hole are those of the walks; feeds are no lists of accounts."""
    marts.load(
        LIST_SWEEPS,
        a_walk(0, kind="head", is_complete=False, oldest=-1),
        a_walk(-5, kind="head", oldest=-8),
        a_walk(-5.5, newest=-7.5, oldest=-20, kind="gap", is_complete=False),
        a_walk(-30, newest=-25, oldest=-28, kind="gap", list=OWN),
        a_walk(-3, list="account_albums/bob"),
        a_walk(-2, list="account_albums/bob", kind="head", oldest=-9),
        a_walk(0, list="hot/viral", kind="feed"),
    )
    # me: from 0 to -1, from -5 to -20, from -25 to -28; holes below each of the three
    assert marts.texts("select * from staging.list_coverage order by list") == [
        (
            *("account_albums/bob", "account_albums", "1", "0", "true"),
            *(None, shown(-2), None, None, shown(-3), shown(-2)),
        ),
        (
            *(OWN, "account_images", "3", "3", "false"),
            *(shown(-28), shown(0), shown(-5), shown(-1), None, shown(0)),
        ),
    ]


def test_list_coverage__joins_walks_that_share_an_end(marts: Marts) -> None:
    """A walk ends with an item that the next one begins with: nothing lies between them."""
    marts.load(LIST_SWEEPS, a_walk(0, oldest=-4), a_walk(-1, newest=-4, oldest=None, kind="gap"))
    columns = "stretches, open_gaps, is_whole, hole_until_at"
    assert marts.texts(f"select {columns} from staging.list_coverage") == [("1", "0", "true", None)]


@pytest.mark.parametrize(
    ("over", "gaps"),
    [
        ({"kind": "sweep", "items": 3}, "1"),
        ({"kind": "sweep", "items": 0}, "0"),
        ({"kind": "head", "items": 3}, "0"),
    ],
    ids=["a part", "no page", "the front"],
)
def test_list_coverage__asks_what_a_walk_without_ends_has_left(
    marts: Marts, over: dict[str, Any], gaps: str
) -> None:
    """In a list without an order of time a part is a hole; a night without a page, and page 0 alone, are none."""
    marts.load(LIST_SWEEPS, a_walk(-1), a_walk(0, is_complete=False, **over))
    assert marts.texts("select open_gaps from staging.list_coverage") == [(gaps,)]


@pytest.mark.parametrize(
    ("walks", "expected"),
    [
        ([a_walk(-1, reason="the list ended", is_complete=False)], ("1", "0", "true")),
        (
            [
                a_walk(-3, reason="the list ended", is_complete=False),
                a_walk(-1, kind="gap", is_complete=False),
            ],
            ("1", "1", "false"),
        ),
        (
            [
                a_walk(-9, oldest=-12, is_complete=False),
                a_walk(-1, oldest=-3, reason="start_date was reached"),
            ],
            ("2", "0", "false"),
        ),
        (
            [
                a_walk(-1, oldest=-9, is_complete=False),
                a_walk(-1.5, oldest=-8, reason="start_date was reached"),
            ],
            ("1", "1", "false"),
        ),
    ],
    ids=[
        "a sweep whose count is off",
        "one without order that broke off since",
        "a hole older than start_date",
        "a start_date that was set back",
    ],
)
def test_list_coverage__knows_what_is_no_hole(
    marts: Marts, walks: list[dict[str, Any]], expected: tuple[str, str, str]
) -> None:
    """A sweep that came to the end has left none, though its count is off; nor does what is older than start_date."""
    marts.load(LIST_SWEEPS, *walks)
    assert marts.texts("select stretches, open_gaps, is_whole from staging.list_coverage") == [expected]


# data_freshness


def test_data_freshness__has_a_row_for_each_table_of_imgur(marts: Marts) -> None:
    """Without a row nothing is known but that there is none; our own books are left out."""
    marts.load(IMAGES)
    assert set(marts.texts("select * from main.data_freshness")) == {
        (name, "0", None, None, None, None, None, None) for name in TABLES.keys() - BOOKS
    }


def test_data_freshness__tells_ages_of_what_is_there(marts: Marts) -> None:
    """What has gone does not age; of a history the newest row of each thing counts."""
    marts.load(
        IMAGES,
        *({"id": f"i{days}", "fetched_at": at(-days)} for days in (0, 1, 2, 4)),
        {"id": "gone", "fetched_at": at(-90)},
    )
    marts.load(LIST_ITEMS, {"list": OWN, "item_id": "gone", "datetime": at(-99), "fetched_at": at(-90)})
    marts.load(LIST_SWEEPS, a_walk(-3), a_walk(-0.5, kind="head", oldest=-4))
    marts.load(
        IMAGE_METRICS,
        {"id": "i0", "observed_at": at(-9), "fetched_at": at(-9)},
        {"id": "i0", "observed_at": at(-2), "fetched_at": at(-1)},
        {"id": "gone", "observed_at": at(-90), "fetched_at": at(-90)},
    )
    # images are 0, 24, 48 and 96 h old: the median is 36, and 95 % are below 48 + 0.85 * 48 = 88.8
    assert marts.texts(
        "select * replace (round(p95_age_hours, 6) as p95_age_hours) from main.data_freshness "
        "where rows > 0 order by 1",
    ) == [
        ("image_metrics", "3", "24.0", "24.0", None, None, None, shown(-1)),
        ("images", "5", "36.0", "88.8", "1.0", "0", shown(-3), shown(0)),
    ]


def test_data_freshness__leaves_what_has_gone_out_of_each_table(marts: Marts) -> None:
    """Of each kind one thing has gone; what bears its id among other kinds is there, as fresh as the rest."""
    kinds = {
        "account_images": (IMAGES, IMAGE_METRICS),
        "account_albums": (ALBUMS, ALBUM_METRICS),
        "account_submissions": (POSTS, POST_METRICS),
        "account_comments": (COMMENTS, COMMENT_METRICS),
    }
    for gone, (resource, (table, history)) in enumerate(kinds.items()):
        seen = {number: at(-90 if number == gone else 0) for number in range(len(kinds))}
        ids = {number: number if table is COMMENTS else str(number) for number in seen}
        marts.load(table, *({"id": ids[number], "fetched_at": last} for number, last in seen.items()))
        marts.load(
            history,
            *(
                {"id": ids[number], "observed_at": since, "fetched_at": until}
                for number, last in seen.items()
                for since, until in ((at(-95), at(-94)), (at(-93), last))
            ),
        )
        marts.load(
            LIST_ITEMS,
            *(
                {"list": f"{resource}/me", "item_id": str(number), "datetime": at(-99), "fetched_at": last}
                for number, last in seen.items()
            ),
        )
    for item, last in (("there", at(0)), ("gone", at(-90))):
        marts.load(FAVORITES, {"account_id": 8, "item_id": item, "fetched_at": last})
        marts.load(
            LIST_ITEMS,
            {
                "list": "account_favorites/me",
                "item_id": item,
                "datetime": at(-99),
                "fetched_at": last,
            },
        )
    marts.load(
        LIST_SWEEPS,
        *(a_walk(-1, list=f"{resource}/me") for resource in (*kinds, "account_favorites")),
    )
    marts.load(
        POST_COMMENTS,
        *({"id": 10 + days, "post_id": "0", "fetched_at": at(-days)} for days in (0, 90)),
    )
    marts.load(DETAIL_FETCHES, {"resource": "post_comments", "item_id": "0", "fetched_at": at(0)})
    marts.load(ACCOUNTS, {"id": 8, "url": "amy", "fetched_at": at(0)})
    marts.load(
        ACCOUNT_METRICS,
        *({"id": 8, "observed_at": at(days - 1), "fetched_at": at(days)} for days in (-9, 0)),
    )
    marts.load(ALBUM_IMAGES, {"album_id": "0", "image_id": "0", "fetched_at": at(0)})
    marts.load(POST_IMAGES, {"post_id": "0", "image_id": "0", "fetched_at": at(0)})
    marts.load(POST_TAGS, {"post_id": "0", "tag": "cats", "fetched_at": at(0)})
    marts.load(TAGS, {"name": "cats", "fetched_at": at(0)})
    marts.load(SUBREDDIT_POSTS, {"id": "0", "fetched_at": at(0)})
    marts.load(
        GALLERY_RANKS,
        *(
            {
                "feed": "r/aww",
                "observed_at": at(-days),
                "position": 0,
                "post_id": "0",
                "fetched_at": at(-days),
            }
            for days in (0, 1)
        ),
    )
    held = dict.fromkeys(("images", "albums", "posts", "comments"), 4)
    held |= dict.fromkeys(("image_metrics", "album_metrics", "post_metrics", "comment_metrics"), 8)
    held |= dict.fromkeys(("favorites", "post_comments", "account_metrics", "gallery_ranks"), 2)
    held |= dict.fromkeys(
        ("accounts", "album_images", "post_images", "post_tags", "tags", "subreddit_posts"), 1
    )
    columns = "table_name, rows, median_age_hours, p95_age_hours, newest_at"
    assert marts.texts(f"select {columns} from main.data_freshness order by 1") == [
        (name, str(number), "0.0", "0.0", shown(0)) for name, number in sorted(held.items())
    ]


def test_data_freshness__leaves_details_out_with_what_has_gone(marts: Marts) -> None:
    """Of an album and a post that were found gone nobody sees images, tags or comments again.

    Comments that their authors' lists show, and images that stand in another album, are there.
    """
    marts.load(ACCOUNTS, {"id": 8, "url": "amy", "fetched_at": at(0)})
    marts.load(ALBUMS, *({"id": album, "fetched_at": at(-200)} for album in ("gone", "there")))
    marts.load(POSTS, *({"id": post, "fetched_at": at(-200)} for post in ("gone", "there")))
    lists = ("account_albums/amy", "account_submissions/amy")
    marts.load(
        LIST_ITEMS,
        *(
            {"list": name, "item_id": item, "datetime": at(-300), "fetched_at": at(-200)}
            for name in lists
            for item in ("gone", "there")
        ),
        {"list": "account_comments/amy", "item_id": "3", "datetime": at(-300), "fetched_at": at(-1)},
    )
    marts.load(
        ITEM_LOOKS,
        *(
            {"list": name, "item_id": "gone", "is_gone": True, "looked_at": at(-190), "fetched_at": at(-190)}
            for name in lists
        ),
    )
    seen = {"gone": at(-200), "there": at(-1)}
    marts.load(
        ALBUM_IMAGES,
        *({"album_id": item, "image_id": f"only {item}", "fetched_at": when} for item, when in seen.items()),
        *({"album_id": item, "image_id": "in both", "fetched_at": when} for item, when in seen.items()),
    )
    marts.load(
        IMAGE_METRICS,
        *(
            {"id": image, "views": 1, "observed_at": when, "fetched_at": when}
            for image, when in {
                "only gone": at(-200),
                "only there": at(-1),
                "in both": at(-1),
                "taken out": at(-200),
            }.items()
        ),
    )
    for item, when in seen.items():
        marts.load(POST_IMAGES, {"post_id": item, "image_id": item, "fetched_at": when})
        marts.load(POST_TAGS, {"post_id": item, "tag": "cats", "fetched_at": when})
    posts = {1: "gone", 2: "there", 3: "gone"}
    marts.load(
        POST_COMMENTS,
        *({"id": number, "post_id": post, "fetched_at": seen[post]} for number, post in posts.items()),
    )
    marts.load(COMMENTS, {"id": 3, "image_id": "gone", "author_id": 8, "fetched_at": at(-1)})
    last = {1: at(-200), 2: at(-1), 3: at(-1)}
    marts.load(
        COMMENT_METRICS,
        *({"id": number, "observed_at": when, "fetched_at": when} for number, when in last.items()),
    )
    tables = ("album_images", "comment_metrics", "image_metrics", "post_comments", "post_images", "post_tags")
    columns = "table_name, median_age_hours, p95_age_hours"
    assert marts.texts(
        f"select {columns} from main.data_freshness where table_name in {tables} order by 1"
    ) == [(name, "24.0", "24.0") for name in tables]


def test_data_freshness__counts_holes_of_all_lists(marts: Marts) -> None:
    """Two of three lists have a hole; the third was swept, but not all of them were; where all were, the oldest tells."""
    marts.load(
        LIST_SWEEPS,
        a_walk(-3, list="account_submissions/me"),
        a_walk(-2, list="account_submissions/bob", kind="head", oldest=-9),
        a_walk(-2, list="account_submissions/cy", kind="head", oldest=-9),
        a_walk(-4, list="account_comments/me"),
        a_walk(-2, list="account_comments/bob"),
    )
    columns = "table_name, round(coverage_share, 3), open_gaps, last_complete_sweep_at"
    assert marts.texts(
        f"select {columns} from main.data_freshness where coverage_share is not null order by 1"
    ) == [("comments", "1.0", "0", shown(-4)), ("posts", "0.333", "2", None)]


def test_data_freshness__counts_details_that_are_wanted(marts: Marts) -> None:
    """Empty albums, posts without comments and what has gone have no details; a post that is an album is fetched as one.

    What may have any is wanted.
    """
    marts.load(
        ALBUMS,
        *({"id": f"a{number}", "images_count": number, "fetched_at": at(0)} for number in range(5)),
        {"id": "unknown", "fetched_at": at(0)},
    )
    marts.load(
        POSTS,
        {"id": "a1", "is_album": True, "images_count": 1, "comment_count": 0},
        {"id": "p", "is_album": True, "images_count": 2, "comment_count": 5},
        {"id": "q", "is_album": False, "images_count": 1, "comment_count": 1},
        {"id": "r", "is_album": True, "images_count": 3, "comment_count": 0},
        {"id": "empty", "is_album": True, "images_count": 0, "comment_count": 0},
        {"id": "not known", "is_album": True},
        {"id": "of a feed", "is_album": True, "images_count": 2, "comment_count": 1},
        {"id": "gone", "is_album": True, "images_count": 2, "comment_count": 1},
    )
    marts.load(
        LIST_ITEMS,
        *(
            {"list": "account_submissions/me", "item_id": item, "datetime": at(-9), "fetched_at": at(0)}
            for item in ("a1", "p", "q", "r", "empty", "not known")
        ),
        {"list": "account_submissions/me", "item_id": "gone", "datetime": at(-9), "fetched_at": at(-5)},
        {"list": "account_albums/me", "item_id": "a4", "datetime": at(-9), "fetched_at": at(-5)},
    )
    marts.load(
        LIST_SWEEPS,
        a_walk(-1, list="account_albums/me"),
        a_walk(-1, list="account_submissions/me"),
    )
    marts.load(
        DETAIL_FETCHES,
        {"resource": "album_images", "item_id": "a1", "items": 3},
        {"resource": "album_images", "item_id": "a2"},  # Imgur said that there is no such album
        {"resource": "post_comments", "item_id": "p", "items": 0},
        {"resource": "post_images", "item_id": "p", "items": 2},
    )
    columns = "table_name, round(coverage_share, 3) as coverage_share"
    # albums 1, 2, 3 and unknown, of which 1 is held; images of p, which are held, r and not known; comments of p,
    # which are held, q and not known
    assert marts.texts(
        f"select {columns} from main.data_freshness where table_name not in ('albums', 'posts') "
        "and coverage_share is not null order by 1",
    ) == [("album_images", "0.25"), ("post_comments", "0.333"), ("post_images", "0.333")]


def test_data_freshness__counts_complete_readings_of_feeds(marts: Marts) -> None:
    """Of four readings three got all their pages; the feed that waits longest was read whole two days ago."""
    marts.load(
        LIST_SWEEPS,
        a_walk(-3, list="hot/viral", kind="feed"),
        a_walk(-1, list="hot/viral", kind="feed"),
        a_walk(-2, list="r/aww", kind="feed"),
        a_walk(-1, list="r/aww", kind="feed", is_complete=False),
    )
    marts.load(
        GALLERY_RANKS,
        {"feed": "hot/viral", "observed_at": at(-3), "position": 0, "post_id": "p", "fetched_at": at(-3)},
        {"feed": "hot/viral", "observed_at": at(-1), "position": 0, "post_id": "p", "fetched_at": at(-1)},
        {"feed": "r/aww", "observed_at": at(-2), "position": 0, "post_id": "q", "fetched_at": at(-2)},
    )
    # the last looks at the two feeds are 24 h and 48 h old
    assert marts.texts(
        "select * exclude (p95_age_hours) from main.data_freshness where coverage_share is not null order by 1",
    ) == [
        ("gallery_ranks", "3", "36.0", "0.75", None, shown(-2), shown(-1)),
        ("subreddit_posts", "0", None, "0.5", None, shown(-2), None),
    ]


def test_data_freshness__waits_for_a_feed_that_was_never_read_whole(marts: Marts) -> None:
    """While one of the feeds lacks a whole reading, nobody knows since when all of them are there."""
    marts.load(
        LIST_SWEEPS,
        a_walk(-2, list="hot/viral", kind="feed"),
        a_walk(-1, list="t/cats", kind="feed", is_complete=False),
    )
    columns = "table_name, coverage_share, last_complete_sweep_at"
    assert marts.texts(f"select {columns} from main.data_freshness where coverage_share is not null") == [
        ("gallery_ranks", "0.5", None)
    ]


# credits and runs


def a_run(run_id: str, days: float, **over: Any) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "outcome": "done",
        "publication": "published",
        "version": "0.1.0",
        "rounds": 1,
        "credits_planned": 100,
        "credits_spent": 110,
        "client_credits_left": 900,
        "rows_loaded": '{"images": 5, "posts": 2}',
        "owed": "[]",
        "notes": '["a line"]',
        "started_at": at(days),
        "ended_at": at(days) + timedelta(minutes=90),
        "published_at": at(days) + timedelta(minutes=95),
        **over,
    }


def a_charge(run_id: str, endpoint: str, credits: int, **over: Any) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "endpoint": endpoint,
        "credits": credits,
        "requests": credits,
        "unchanged": 0,
        "replays": 0,
        "rows_new": 10,
        "rows_refreshed": 30,
        "fetched_at": at(0),
        **over,
    }


def test_credit_daily__adds_up_runs_of_a_utc_day() -> None:
    """A run belongs to the UTC day on which it began, in whatever zone the session is; one without a time to none."""
    marts = in_memory(time_zone="Pacific/Auckland")
    # the first night is at 2:00 UTC, so that 0.9 days later it is 23:36 of the same day, and 0.95 days 0:48 of the next
    marts.load(
        SYNC_RUNS,
        a_run("a", 0),
        a_run("b", 0.9, outcome="failed", credits_planned=20, credits_spent=10, client_credits_left=1200),
        a_run("c", 0.95, credits_planned=None, credits_spent=7, client_credits_left=5000),
        a_run("d", 2, client_credits_left=None),
        a_run("timeless", 0, started_at=None),
    )
    marts.load(
        CREDIT_CHARGES,
        a_charge("a", "x", 60, unchanged=4),
        a_charge("a", "y", 50, requests=55, unchanged=2),
        a_charge("b", "x", 10, unchanged=3, rows_new=5, rows_refreshed=1),
        a_charge("c", "x", 7, rows_new=0, rows_refreshed=None),
    )
    # 110 + 10 credits for 25 new rows are 4,800 for a thousand
    assert marts.texts("select * from main.credit_daily order by day") == [
        ("2026-11-23", "2", "1", "120", "120", "125", "9", "25", "61", "4800.0", "900"),
        ("2026-11-24", "1", "0", None, "7", "7", "0", "0", None, None, "5000"),
        ("2026-11-25", "1", "0", "100", "110", None, None, None, None, None, None),
    ]


def test_credit_by_endpoint__says_where_credits_went(marts: Marts) -> None:
    """Shares are of all that was ever spent; a week is 168 hours before the run; what never cost anything has no share."""
    marts.load(SYNC_RUNS, a_run("a", -7), a_run("b", -6.9), a_run("c", -1))
    marts.load(
        CREDIT_CHARGES,
        a_charge("a", "x", 20, unchanged=3, replays=1),
        a_charge("b", "x", 10, replays=2, requests=20, unchanged=7),
        a_charge("b", "free", 0, rows_new=0, rows_refreshed=0),
        a_charge("c", "y", 10, rows_new=None, rows_refreshed=None),
        a_charge("lost", "y", 10, fetched_at=at(-2)),
        a_charge("c", "again", 40, rows_new=None),
        a_charge("c", "once", 10, rows_refreshed=None),
        dict.fromkeys(a_charge("", "", 0)) | {"run_id": "a", "endpoint": "unknown"},
    )
    # x: 30 of 100 credits, 10 of 40 requests unchanged, 30 credits for 80 rows; y: 20 credits for 40 rows
    assert marts.texts("select * from main.credit_by_endpoint order by 1") == [
        ("again", "1", "40", "0.4", "40", "0", "0.0", "0", None, "30", str(40_000 / 30), "40", shown(-1)),
        ("free", "1", "0", "0.0", "0", "0", None, "0", "0", "0", None, "0", shown(-6.9)),
        ("once", "1", "10", "0.1", "10", "0", "0.0", "0", "10", None, "1000.0", "10", shown(-1)),
        ("unknown", "1", "0", "0.0", "0", "0", None, "0", None, None, None, "0", shown(-7)),
        ("x", "2", "30", "0.3", "40", "10", "0.25", "3", "20", "60", "375.0", "10", shown(-6.9)),
        ("y", "2", "20", "0.2", "20", "0", "0.0", "0", "10", "30", "500.0", "20", shown(-1)),
    ]


def test_credit_by_endpoint__has_no_share_of_nothing(marts: Marts) -> None:
    """Before a credit was spent no endpoint has a part of it."""
    marts.load(CREDIT_CHARGES, a_charge("a", "free", 0))
    assert marts.texts("select endpoint, credits_spent, credits_share from main.credit_by_endpoint") == [
        ("free", "0", None)
    ]


def test_run_history__tells_what_a_run_came_to(marts: Marts) -> None:
    """Lines are counted, rows added up over tables and requests; what nobody knew stays unknown."""
    marts.load(
        SYNC_RUNS,
        a_run("a", -1),
        {
            "run_id": "b",
            "outcome": "failed",
            "reason": "the disk is full",
            "credits_spent": 3,
            "rows_loaded": "{}",
            "owed": '["x", "y"]',
            "started_at": at(0),
        },
    )
    marts.load(CREDIT_CHARGES, a_charge("a", "x", 60), a_charge("a", "y", 50))
    assert marts.texts("select * from main.run_history order by run_id") == [
        (
            *("a", "done", None, "published", "0.1.0", "90.0", "1", "100", "110", "10"),
            *("7", "20", "60", "0", "1", shown(-1)),
            *("2026-11-22 03:30:00+00", "2026-11-22 03:35:00+00"),
        ),
        (
            *("b", "failed", "the disk is full", None, None, None, None, None, "3", None),
            *(None, None, None, "2", None, shown(0), None, None),
        ),
    ]
