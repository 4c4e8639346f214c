"""Each audit by itself: cases with what is sound beside what is not."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from warehouse.relations import SQL_DIR
from warehouse.warehouse import Warehouse

from imgur_source.records.tables import (
    ACCOUNT_METRICS,
    ACCOUNTS,
    ALBUM_IMAGES,
    ALBUM_METRICS,
    ALBUMS,
    COMMENT_METRICS,
    COMMENTS,
    DETAIL_FETCHES,
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
    TAGS,
    Table,
)
from tests.support.marts import Marts
from tests.support.work_files import (
    NIGHT,
    StandingClock,
    load,
    without_marts,
)

Tables = list[tuple[Table, list[dict[str, Any]]]]

ONE_DAY = timedelta(days=1)


def days(number: float) -> datetime:
    return NIGHT + number * ONE_DAY


def shown(number: float) -> str:
    return f"{days(number):%Y-%m-%d %H:%M:%S}+00"


LISTS_OF_POSTS = [
    "account_submissions",
    "gallery_search",
    "gallery_sections",
    "gallery_subreddits",
    "gallery_tags",
]


def a_run_of(run_id: str, resources: list[str], *, day: float = 0) -> dict[str, Any]:
    """A run that read *resources*, from that day on for an hour."""
    return {
        "run_id": run_id,
        "resources": json.dumps(resources),
        "started_at": days(day),
        "ended_at": days(day + 1 / 24),
    }


def a_feed(day: float, items: int, *, name: str = "hot/viral", complete: bool = True) -> dict[str, Any]:
    return {
        "list": name,
        "kind": "feed",
        "items": items,
        "is_complete": complete,
        "started_at": days(day),
    }


def a_last_run(**fields: Any) -> dict[str, Any]:
    return {
        "run_id": "last",
        "started_at": days(0),
        "accounts": '["me", "Bob"]',
        "feeds": '["hot/viral"]',
        "resources": '["account_images", "account_albums", "gallery_sections"]',
    } | fields


def items_in(name: str, number: int, *, day: float = 0) -> list[dict[str, Any]]:
    """Items 0, 1, 2 and so on in a list, last seen on that day."""
    return [{"list": name, "item_id": str(item), "fetched_at": days(day)} for item in range(number)]


def a_glance(name: str, *, day: float = -1) -> dict[str, Any]:
    """A walk that says nothing of what is missing, but that its list is still read."""
    return {"list": name, "kind": "head", "is_complete": False, "started_at": days(day)}


def trees_of(
    post: dict[str, Any],
    fetch: dict[str, Any],
    *readings: tuple[float, float, int],
    resources: str = '["post_comments"]',
) -> Tables:
    """An own post, the last fetch of its comments (if any), and its count from one day to another."""
    return [
        (POSTS, [{"id": "0", "fetched_at": days(0)} | post]),
        (LIST_ITEMS, items_in("account_submissions/me", 1)),
        (LIST_SWEEPS, [a_glance("account_submissions/me")]),
        (SYNC_RUNS, [a_last_run(resources=resources)]),
        (DETAIL_FETCHES, [{"resource": "post_comments", "item_id": "0"} | fetch] if fetch else []),
        (
            POST_METRICS,
            [
                {"id": "0", "observed_at": days(since), "fetched_at": days(until), "comment_count": comments}
                for since, until, comments in readings
            ],
        ),
    ]


CASES: dict[str, tuple[str, Tables, list[tuple[str | None, ...]]]] = {
    "an album that is held, one that is not, two that runs of few resources or that were killed read, and two of no run": (
        "album_images_without_album",
        [
            (ALBUMS, [{"id": "a"}]),
            (
                ALBUM_IMAGES,
                [
                    {"album_id": "a", "image_id": "i", "fetched_at": days(-0.98)},
                    {"album_id": "b", "image_id": "i", "fetched_at": days(-0.98)},
                    {"album_id": "b", "image_id": "j", "fetched_at": days(-0.98)},
                    {"album_id": "c", "image_id": "i", "fetched_at": days(0.02)},
                    {"album_id": "d", "image_id": "i", "fetched_at": days(-5)},
                    {"album_id": "e", "image_id": "i", "fetched_at": days(-5)},  # and nobody fetched it
                    {"album_id": "f", "image_id": "i", "fetched_at": days(2)},  # after the last run
                ],
            ),
            (
                DETAIL_FETCHES,
                [{"resource": "album_images", "item_id": id_} for id_ in "abcdf"]
                + [{"resource": "post_images", "item_id": "e"}],
            ),
            (
                SYNC_RUNS,
                [a_run_of("all", ["account_albums", "album_images"], day=-1), a_run_of("few", ["album_images"])],
            ),
        ],
        [("b", shown(-0.98)), ("e", shown(-5)), ("f", shown(2))],
    ),
    "images of albums and posts in a file that knows of no run": (
        "album_images_without_album",
        [
            (ALBUM_IMAGES, [{"album_id": "a", "image_id": "i", "fetched_at": days(0)}]),
            (DETAIL_FETCHES, [{"resource": "album_images", "item_id": "a"}]),
        ],
        [("a", shown(0))],
    ),
    "posts and posts of subreddits that are held, one that is not, two of a run of few resources or killed, one of no run": (
        "post_images_without_post",
        [
            (POSTS, [{"id": "a"}]),
            (SUBREDDIT_POSTS, [{"id": "b"}]),
            (
                POST_IMAGES,
                [
                    *({"post_id": id_, "image_id": "i", "fetched_at": days(-0.98)} for id_ in "abc"),
                    {"post_id": "d", "image_id": "i", "fetched_at": days(0.02)},
                    {"post_id": "e", "image_id": "i", "fetched_at": days(-5)},
                    {"post_id": "f", "image_id": "i", "fetched_at": days(2)},
                ],
            ),
            (SYNC_RUNS, [a_run_of("all", LISTS_OF_POSTS, day=-1), a_run_of("few", LISTS_OF_POSTS[:4])]),
        ],
        [("c", shown(-0.98)), ("f", shown(2))],
    ),
    "one tag of 100 that is not held is told by nobody, two are": (
        "dangling_references",
        [
            (POSTS, [{"id": "p"}]),
            (TAGS, [{"name": f"{number:03}"} for number in range(98)]),
            (POST_TAGS, [{"post_id": "p", "tag": f"{number:03}"} for number in range(100)]),
            (POST_METRICS, [{"id": id_, "observed_at": days(0)} for id_ in ["p"] * 99 + ["q"]]),
        ],
        [("post_tags.tag", "098", "2", "100")],
    ),
    "the first day of Imgur, and the edges of what clocks may differ by": (
        "impossible_times",
        [
            (
                IMAGES,
                [
                    {"id": "old", "datetime": datetime(2009, 2, 1, tzinfo=UTC), "fetched_at": days(0)},
                    {"id": "older", "datetime": datetime(2009, 1, 31, tzinfo=UTC), "fetched_at": days(0)},
                    {"id": "skewed", "datetime": days(1 / 24), "fetched_at": days(0)},
                    {"id": "unmade", "datetime": days(1.1 / 24), "fetched_at": days(0)},
                    {"id": "future", "datetime": days(1.5), "fetched_at": days(1.5)},
                    {"id": "timeless", "datetime": None, "fetched_at": None},
                ],
            ),
        ],
        [
            ("images", "future", shown(1.5), shown(1.5)),
            ("images", "older", "2009-01-31 00:00:00+00", shown(0)),
            ("images", "unmade", shown(1.1 / 24), shown(0)),
        ],
    ),
    "times in the future, one without the other": (
        "impossible_times",
        [
            (
                IMAGES,
                [
                    {"id": "fetched", "datetime": days(-1), "fetched_at": days(1.5)},
                    {"id": "made", "datetime": days(1.5), "fetched_at": None},
                    {"id": "sound", "datetime": days(1), "fetched_at": days(1)},
                ],
            ),
        ],
        [("images", "fetched", shown(-1), shown(1.5)), ("images", "made", shown(1.5), None)],
    ),
    "answers that are older than what they answer": (
        "impossible_times",
        [
            (
                POST_COMMENTS,
                [
                    {"id": 1, "post_id": "p", "datetime": days(-1), "fetched_at": days(0)},
                    {"id": 2, "post_id": "p", "parent_id": 1, "datetime": days(-25 / 24), "fetched_at": days(0)},
                    {"id": 3, "post_id": "p", "parent_id": 1, "datetime": days(-1.05), "fetched_at": days(0)},
                    {"id": 4, "post_id": "p", "parent_id": 9, "datetime": days(-9), "fetched_at": days(0)},
                ],
            ),
        ],
        [("post_comments", "3", shown(-1.05), shown(0))],
    ),
    "histories that begin or end in the future, or end before they begin": (
        "impossible_times",
        [
            (
                POST_METRICS,
                [
                    {"id": "a", "observed_at": days(-1), "fetched_at": days(1)},
                    {"id": "b", "observed_at": days(-1), "fetched_at": days(1.5)},
                    {"id": "c", "observed_at": days(0), "fetched_at": days(-1)},
                ],
            ),
        ],
        [("post_metrics", "b", shown(-1), shown(1.5)), ("post_metrics", "c", shown(0), shown(-1))],
    ),
    "counters of albums and comments, and one that was hidden meanwhile": (
        "falling_counters",
        [
            (
                ALBUM_METRICS,
                [
                    {"id": "a", "observed_at": days(-3), "views": 500},
                    {"id": "a", "observed_at": days(-2), "views": None},
                    {"id": "a", "observed_at": days(-1), "views": 5},
                ],
            ),
            (
                COMMENT_METRICS,
                [
                    {"id": 1, "observed_at": days(-2), "ups": 50, "downs": 30, "points": 20},
                    {"id": 1, "observed_at": days(-1), "ups": 5, "downs": 20, "points": -15},
                ],
            ),
            (
                IMAGE_METRICS,
                [
                    {"id": "i", "observed_at": days(-9), "views": 500},
                    {"id": "i", "observed_at": days(-8), "views": None},
                    {"id": "i", "observed_at": days(-1), "views": 5},
                ],
            ),
        ],
        [
            ("albums", "a", "views", "500", "5", shown(-1)),
            ("comments", "1", "ups", "50", "5", shown(-1)),
            ("images", "i", "views", "500", "5", shown(-1)),
        ],
    ),
    "counters by more than ten and a hundredth, and none of long ago": (
        "falling_counters",
        [
            (
                IMAGE_METRICS,
                [
                    {"id": "i", "observed_at": days(-2), "views": 500},
                    {"id": "i", "observed_at": days(-1), "views": 489},
                    {"id": "j", "observed_at": days(-9), "views": 500},
                    {"id": "j", "observed_at": days(-8), "views": 100},
                    {"id": "j", "observed_at": days(-1), "views": 100},
                    {"id": "k", "observed_at": days(-2), "views": None},
                    {"id": "k", "observed_at": days(-1), "views": 5},
                    # two lists show it in one night, each from a cache of its own
                    {"id": "l", "observed_at": days(-2), "views": 90_000},
                    {"id": "l", "observed_at": days(-1), "views": 89_100},
                ],
            ),
            (
                POST_METRICS,
                [
                    {"id": "p", "observed_at": days(-2), "ups": 500, "downs": 2_000, "points": 900, "views": 3},
                    {"id": "p", "observed_at": days(-1), "ups": 489, "downs": 1_980, "points": 0, "views": 3},
                    {"id": "q", "observed_at": days(-2), "ups": 100, "comment_count": 40},
                    {"id": "q", "observed_at": days(-1), "ups": 90, "comment_count": 20},
                ],
            ),
        ],
        [
            ("images", "i", "views", "500", "489", shown(-1)),
            # 11 of 500 is more than a hundredth; 20 of 2,000 is a hundredth, and no more
            ("posts", "p", "ups", "500", "489", shown(-1)),
            # 10 of 100 is no more than ten
            ("posts", "q", "comment_count", "40", "20", shown(-1)),
        ],
    ),
    "a sum that is right, one that is wrong, and one that is not told": (
        "points_are_not_votes",
        [
            (
                POSTS,
                [
                    {"id": "a", "ups": 5, "downs": 2, "points": 3},
                    {"id": "b", "ups": 5, "downs": 2, "points": 4},
                    {"id": "c", "ups": None, "downs": 2, "points": 4},
                ],
            ),
            (COMMENTS, [{"id": 7, "ups": 1, "downs": 0, "points": 0}]),
        ],
        [("comments", "7", "1", "0", "0"), ("posts", "b", "5", "2", "4")],
    ),
    "a reading with a hole, one without its top, one that broke off, and one of long ago": (
        "holes_in_ranks",
        [
            (GALLERY_RANKS, [{"feed": "past", "observed_at": days(-8), "position": 1, "post_id": "p"}]),
            (LIST_SWEEPS, [a_feed(-8, 1, name="past")]),
            (
                GALLERY_RANKS,
                [
                    {"feed": feed, "observed_at": days(-1), "position": position, "post_id": "p"}
                    for feed, positions in (("hole", (0, 1, 3)), ("sound", (0, 1)), ("top", (1,)), ("cut", (5,)))
                    for position in positions
                ],
            ),
            (
                LIST_SWEEPS,
                [a_feed(-1, 3, name=name, complete=name != "cut") for name in ("hole", "sound", "top", "cut")],
            ),
        ],
        [("hole", "3", "0", "3", shown(-1)), ("top", "1", "1", "1", shown(-1))],
    ),
    "a tenth of what is usual is enough, less is not, and a small feed may be empty": (
        "feeds_collapsed",
        [
            (
                LIST_SWEEPS,
                [
                    *(a_feed(-day, 120) for day in (5, 4, 3, 2)),
                    a_feed(-1, 11),
                    *(a_feed(-day, 120, name="enough") for day in (3, 2)),
                    a_feed(-1, 12, name="enough"),
                    a_feed(0, 1, name="enough", complete=False),
                    a_feed(-2, 19, name="small"),
                    a_feed(-1, 0, name="small"),
                ],
            ),
        ],
        [("hot/viral", "11", "120.0", shown(-1))],
    ),
    "five albums gone are told, four images, or seven of eight comments, are not": (
        "lists_emptied",
        [
            (
                LIST_ITEMS,
                [
                    {"list": name, "item_id": str(item), "fetched_at": days(-3 if item < gone else 0)}
                    for name, number, gone in (
                        ("account_albums/me", 5, 5),
                        ("account_images/me", 4, 4),
                        ("account_comments/me", 8, 7),
                        ("account_favorites/me", 21, 21),  # so many make an error
                    )
                    for item in range(number)
                ],
            ),
            (
                LIST_SWEEPS,
                [
                    {"list": f"account_{kind}/me", "started_at": days(-1), "kind": "sweep", "is_complete": True}
                    for kind in ("albums", "images", "comments", "favorites")
                ],
            ),
            (SYNC_RUNS, [{"run_id": "before", "publication": "published", "published_at": days(-2)}]),
        ],
        [("account_albums/me", "0 1 2", "5")],
    ),
    "what the last run asked for and has not read whole for more than three days": (
        "lists_stale",
        [
            (
                SYNC_RUNS,
                [a_last_run(), a_last_run(run_id="before", started_at=days(-9), accounts='["left"]', feeds="[]")],
            ),
            (
                LIST_SWEEPS,
                [
                    {"list": name, "kind": "head", "started_at": days(day), "is_complete": complete}
                    for name, day, complete in (
                        ("account_images/me", -4, True),
                        ("account_images/me", -1, False),
                        ("account_images/bob", -3, True),
                        ("account_albums/me", -4, False),
                        ("account_albums/left", -9, True),
                        ("account_comments/me", -9, True),
                    )
                ],
            ),
            (LIST_SWEEPS, [a_feed(-3.5, 60), a_feed(-9, 60, name="hot/top")]),
        ],
        [
            ("account_albums/me", None),
            ("account_images/me", shown(-4)),
            ("hot/viral", shown(-3.5)),
        ],
    ),
    "feeds that a run of other resources knows and does not read": (
        "lists_stale",
        [
            (
                SYNC_RUNS,
                [
                    a_last_run(
                        feeds='["hot/viral", "user/time", "t/cats", "r/aww", "search/dog"]',
                        resources='["account_images", "gallery_tags", "gallery_search"]',
                    )
                ],
            ),
            (
                LIST_SWEEPS,
                [a_feed(-4, 60, name=name) for name in ("hot/viral", "user/time", "t/cats", "r/aww", "search/dog")],
            ),
        ],
        [("search/dog", shown(-4)), ("t/cats", shown(-4))],
    ),
    "subreddits alone": (
        "lists_stale",
        [
            (SYNC_RUNS, [a_last_run(feeds='["hot/viral", "r/aww"]', resources='["gallery_subreddits"]')]),
            (LIST_SWEEPS, [a_feed(-4, 60, name=name) for name in ("hot/viral", "r/aww")]),
        ],
        [("r/aww", shown(-4))],
    ),
    "what was asked for more than three days ago, is owed, and never had a walk": (
        "lists_stale",
        [
            (
                SYNC_RUNS,
                [
                    a_last_run(run_id="first", started_at=days(-4)),
                    a_last_run(
                        accounts='["me", "Bob", "new"]',
                        feeds='["hot/viral", "top/new"]',
                        owed='["account_albums/me (what was never read)", "account_albums/new", '
                        '"account_images/Bob", "hot of 30 items", "account_albums/nobody"]',
                    ),
                ],
            ),
            (
                LIST_SWEEPS,
                [
                    # not there, says Imgur; there, but not to be had; no longer there
                    {"list": "account_images/me", "kind": "sweep", "pages": 0, "started_at": days(-4)},
                    {"list": "account_images/bob", "kind": "sweep", "pages": 0, "started_at": days(-1)},
                    {"list": "account_albums/bob", "kind": "sweep", "is_complete": True, "started_at": days(-4)},
                    {"list": "account_albums/bob", "kind": "sweep", "pages": 0, "started_at": days(-1)},
                ],
            ),
        ],
        [("account_albums/me", None), ("account_images/Bob", None), ("hot/viral", None)],
    ),
    "the age of the oldest but one row of twenty": (
        "rows_stale",
        [
            # 20 rows: the 95 % quantile lies at 0.95 * 19 = 18.05, so 100 + 0.05 * (100 - 100) days
            (ALBUMS, [{"id": str(row), "fetched_at": days(-100 if row >= 18 else -1)} for row in range(20)]),
            (IMAGES, [{"id": str(row), "fetched_at": days(-100 if row >= 19 else -1)} for row in range(20)]),
            (LIST_ITEMS, items_in("account_albums/me", 20) + items_in("account_images/me", 20)),
            (LIST_SWEEPS, [a_glance("account_albums/me"), a_glance("account_images/me")]),
        ],
        [("albums", "20", "100")],
    ),
    "own posts, images and comments that were seen long ago, beside posts of feeds": (
        "rows_stale",
        [
            *((table, [{"id": id_, "fetched_at": days(-70)} for id_ in range(2)]) for table in (IMAGES, COMMENTS)),
            (POSTS, [{"id": "0", "fetched_at": days(-80)}, *({"id": f"f{n}", "fetched_at": days(0)} for n in range(99))]),
            (
                LIST_ITEMS,
                [
                    *items_in("account_submissions/me", 1),
                    *items_in("account_images/me", 2),
                    *items_in("account_comments/me", 2),
                ],
            ),
            (LIST_SWEEPS, [a_glance(f"account_{kind}/me") for kind in ("submissions", "images", "comments")]),
        ],
        [("comments", "2", "70"), ("images", "2", "70"), ("posts", "1", "80")],
    ),
    "what has gone, a stub, and a list that is left": (
        "rows_stale",
        [
            *((table, [{"id": 0, "fetched_at": days(-100)}]) for table in (IMAGES, ALBUMS, POSTS)),
            (COMMENTS, [{"id": 0, "deleted": True, "fetched_at": days(-100)}, {"id": 1, "fetched_at": days(-1)}]),
            (
                LIST_ITEMS,
                [
                    *items_in("account_images/me", 1, day=-100),
                    *items_in("account_submissions/me", 1, day=-100),
                    *items_in("account_albums/left", 1, day=-100),
                    *items_in("account_comments/me", 2),
                ],
            ),
            (
                LIST_SWEEPS,
                [
                    {"list": name, "kind": "sweep", "is_complete": True, "started_at": days(-1)}
                    for name in ("account_images/me", "account_submissions/me")
                ],
            ),
            (LIST_SWEEPS, [a_glance("account_albums/left", day=-8), a_glance("account_comments/me")]),
        ],
        [],
    ),
    "an account whose lists are read, beside one that is left": (
        "rows_stale",
        [
            (ACCOUNTS, [{"id": 1, "url": "Bob", "fetched_at": days(-61)}, {"id": 2, "url": "left", "fetched_at": days(-200)}]),
            (SYNC_RUNS, [a_last_run(resources='["account"]')]),
            (LIST_SWEEPS, [a_glance("account_images/bob"), a_glance("account_images/left", day=-8)]),
        ],
        [("accounts", "1", "61")],
    ),
    "an account that the runs of the last week were not asked for": (
        "rows_stale",
        [
            (ACCOUNTS, [{"id": 1, "url": "Bob", "fetched_at": days(-61)}]),
            (SYNC_RUNS, [a_last_run(), a_last_run(run_id="before", started_at=days(-8), resources='["account"]')]),
            (LIST_SWEEPS, [a_glance("account_images/bob")]),
        ],
        [],
    ),
    "a tree whose count has moved 61 days ago": (
        "rows_stale",
        trees_of({"comment_count": 5}, {"fingerprint": "4", "fetched_at": days(-200)}, (-200, -61, 4), (-60, 0, 5)),
        [("post_comments", "1", "61")],
    ),
    "a tree whose count has moved lately": (
        "rows_stale",
        trees_of({"comment_count": 5}, {"fingerprint": "4", "fetched_at": days(-200)}, (-200, -59, 4), (-58, 0, 5)),
        [],
    ),
    "a tree that was fetched long ago and has not moved since": (
        "rows_stale",
        trees_of({"comment_count": 5}, {"fingerprint": "5", "fetched_at": days(-200)}, (-200, -199, 4), (-199, 0, 5)),
        [],
    ),
    "a tree that is as its post says, though no reading of the history does": (
        "rows_stale",
        trees_of({"comment_count": 5}, {"fingerprint": "5", "fetched_at": days(-150)}, (-200, -199, 4)),
        [],
    ),
    "a tree that was never fetched": (
        "rows_stale",
        trees_of({"comment_count": 5}, {}, (-200, -100, 0), (-90, 0, 5)),
        [("post_comments", "1", "90")],
    ),
    "a tree without a comment": ("rows_stale", trees_of({"comment_count": 0}, {}, (-200, 0, 0)), []),
    "a tree that nobody asks for any more": (
        "rows_stale",
        trees_of({"comment_count": 5}, {}, (-90, 0, 5), resources='["account_submissions"]'),
        [],
    ),
    "three failures in a row, after one that was not": (
        "runs_failing",
        [
            (
                SYNC_RUNS,
                [
                    {"run_id": str(run), "outcome": outcome, "reason": "Why.", "started_at": days(run)}
                    for run, outcome in ((-4, "failed"), (-3, "done"), (-2, "failed"), (-1, "failed"), (0, "failed"))
                ],
            ),
        ],
        [("0", "Why.", shown(0)), ("-1", "Why.", shown(-1)), ("-2", "Why.", shown(-2))],
    ),
    "three runs that published nothing, for one reason or another": (
        "runs_failing",
        [
            (
                SYNC_RUNS,
                [
                    {"run_id": str(day), "outcome": outcome, "publication": publication, "started_at": days(day)}
                    for day, outcome, publication in (
                        (-3, "done", "published"),
                        (-2, "failed", None),
                        (-1, "done", "kept"),
                        (0, "stopped", "kept"),
                    )
                ],
            ),
        ],
        [("0", None, shown(0)), ("-1", None, shown(-1)), ("-2", None, shown(-2))],
    ),
    "two failures, and a run of which nobody knows yet what came": (
        "runs_failing",
        [
            (
                SYNC_RUNS,
                [
                    {"run_id": str(day), "outcome": outcome, "publication": publication, "started_at": days(day)}
                    for day, outcome, publication in ((-2, "failed", None), (-1, "done", "kept"), (0, None, None))
                ],
            ),
        ],
        [],
    ),
    "a hole of eight days is told, one of six is not, nor one in a list that is left": (
        "gaps_open",
        [
            (
                LIST_SWEEPS,
                [
                    {
                        "list": f"account_images/{name}",
                        "kind": "head",
                        "started_at": days(day),
                        "is_complete": True,
                        "newest_at": None,
                        "oldest_at": None if oldest is None else days(oldest),
                        "items": 9,
                    }
                    for name, day, oldest in (
                        ("a", -8, -8.5),
                        ("a", -1, -8),
                        ("b", -6, -6.5),
                        ("b", -1, -6),
                        ("old", -20, None),  # a list that is held for longer has a hole of six days
                        ("old", -6, -6.5),
                        ("left", -9, -9.5),
                    )
                ],
            ),
        ],
        [("account_images/a", "1", shown(-8), shown(-8.5))],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_audit__finds_what_is_wrong_and_nothing_else(marts: Marts, case: str) -> None:
    """Beside what is just sound, each audit tells exactly the rows that are not, ordered, and counts them."""
    name, tables, expected = CASES[case]
    for table, rows in tables:
        marts.load(table, *rows)
    found = marts.finding(name)
    assert [tuple(row.values()) for row in found.examples] == expected
    assert found.rows_found == len(expected)


def test_runs_failing__counts_the_run_that_asks(tmp_path: Path) -> None:
    """A run that an error keeps from publishing is the third one before anybody has written that down."""
    warehouse = Warehouse(tmp_path / "data", clock=StandingClock(), sql_dir=without_marts())
    runs = [{"run_id": str(day), "outcome": "failed", "started_at": days(day)} for day in (-2, -1)]
    load(warehouse, SYNC_RUNS, *runs, {"run_id": "0", "outcome": "done", "started_at": days(0)})
    load(warehouse, ALBUM_IMAGES, {"album_id": "a", "image_id": "i", "fetched_at": days(0)})
    warehouse.apply_sql()
    found = {finding.audit for finding in warehouse.audit(run_id="0") if finding.rows_found}
    assert found == {"album_images_without_album", "runs_failing"}
    assert warehouse.last_runs(1)[0]["reason"] == "Not published: album_images_without_album."


def test_audit__each_has_a_case() -> None:
    """No audit of the project is without a case of its own."""
    tested = {name for name, _, _ in CASES.values()} | {"keys_not_unique", "vanished_at_once"}
    assert tested == {path.stem for path in (SQL_DIR / "audits").glob("*.sql")}


DANGLING: dict[str, tuple[Table, list[dict[str, Any]]]] = {
    "account_metrics.account_id": (ACCOUNT_METRICS, [{"id": 9, "observed_at": days(0)}]),
    "album_metrics.album_id": (ALBUM_METRICS, [{"id": "x", "observed_at": days(0)}]),
    "comment_metrics.comment_id": (COMMENT_METRICS, [{"id": 99, "observed_at": days(0)}]),
    "comments.item_id": (COMMENTS, [{"id": n, "image_id": "x", "datetime": days(-1)} for n in range(10, 16)]),
    "comments.parent_id": (
        COMMENTS,
        [{"id": n, "image_id": "p", "parent_id": 99, "datetime": days(-1)} for n in range(10, 16)],
    ),
    "gallery_ranks.post_id": (GALLERY_RANKS, [{"feed": "f", "position": 1, "post_id": "x"}]),
    "image_metrics.image_id": (IMAGE_METRICS, [{"id": "x", "observed_at": days(0)}]),
    "post_comments.item_id": (POST_COMMENTS, [{"id": n, "post_id": "p", "image_id": "y"} for n in range(10, 16)]),
    "post_comments.parent_id": (POST_COMMENTS, [{"id": 2, "post_id": "p", "parent_id": 99}]),
    "post_comments.post_id": (POST_COMMENTS, [{"id": 2, "post_id": "x"}]),
    "post_metrics.post_id": (POST_METRICS, [{"id": "x", "observed_at": days(0)}]),
    "post_tags.post_id": (POST_TAGS, [{"post_id": "x", "tag": "t"}]),
    "post_tags.tag": (POST_TAGS, [{"post_id": "p", "tag": "x"}]),
}  # fmt: skip


@pytest.mark.parametrize("reference", [None, *DANGLING])
def test_dangling_references__of_each_column(marts: Marts, reference: str | None) -> None:
    """Each reference is looked after by itself, beside rows that are sound, and comments on what nobody follows."""
    marts.load(POSTS, {"id": "p"})
    marts.load(IMAGES, {"id": "i"})
    marts.load(ALBUMS, {"id": "a"})
    marts.load(TAGS, {"name": "t"})
    marts.load(POST_TAGS, {"post_id": "p", "tag": "t"})
    marts.load(GALLERY_RANKS, {"feed": "f", "position": 0, "post_id": "p"})
    marts.load(ACCOUNTS, {"id": 1})
    for table, id_ in (
        (ACCOUNT_METRICS, 1),
        (ALBUM_METRICS, "a"),
        (COMMENT_METRICS, 1),
        (IMAGE_METRICS, "i"),
        (POST_METRICS, "p"),
    ):
        marts.load(table, {"id": id_, "observed_at": days(-1)})
    marts.load(POST_COMMENTS, {"id": 1, "post_id": "p", "image_id": "p"})
    marts.load(
        POST_COMMENTS,
        *({"id": n, "post_id": "p", "image_id": "a", "parent_id": 1} for n in (3, 4)),
    )
    marts.load(POST_COMMENTS, *({"id": n, "post_id": "p", "image_id": "x"} for n in range(5, 10)))
    marts.load(
        DETAIL_FETCHES,
        {"resource": "post_comments", "item_id": "p", "items": 9, "fetched_at": days(0)},
    )
    marts.load(COMMENTS, {"id": 1, "image_id": "p", "parent_id": 0, "datetime": days(-1)})
    marts.load(
        COMMENTS,
        *({"id": 30 + n, "image_id": "z", "parent_id": 98, "datetime": days(-1)} for n in range(9)),
    )
    marts.load(
        COMMENTS,
        *({"id": 40 + n, "image_id": "p", "parent_id": 98, "datetime": days(1)} for n in range(9)),
    )
    if reference is not None:
        table, rows = DANGLING[reference]
        marts.load(table, *rows)
    if reference == "comments.item_id":
        tree = {"resource": "post_comments", "item_id": "x", "items": 9, "fetched_at": days(0)}
        marts.load(DETAIL_FETCHES, tree)
    assert [row[0] for row in marts.audit("dangling_references")] == [reference] * (reference is not None)


IN_THE_FUTURE = days(1.5)
DATED: dict[str, tuple[Table, dict[str, Any]]] = {
    "account_metrics": (ACCOUNT_METRICS, {"id": 1, "observed_at": IN_THE_FUTURE}),
    "album_metrics": (ALBUM_METRICS, {"id": "a", "observed_at": IN_THE_FUTURE}),
    "comment_metrics": (COMMENT_METRICS, {"id": 1, "observed_at": IN_THE_FUTURE}),
    "detail_fetches": (DETAIL_FETCHES, {"item_id": "p", "fetched_at": IN_THE_FUTURE}),
    "gallery_ranks": (
        GALLERY_RANKS,
        {"feed": "f", "position": 0, "post_id": "p", "observed_at": IN_THE_FUTURE},
    ),
    "image_metrics": (IMAGE_METRICS, {"id": "i", "observed_at": IN_THE_FUTURE}),
    "item_looks": (ITEM_LOOKS, {"list": "l", "item_id": "i", "looked_at": IN_THE_FUTURE}),
    "list_items": (LIST_ITEMS, {"list": "l", "item_id": "i", "fetched_at": IN_THE_FUTURE}),
    "list_sweeps": (LIST_SWEEPS, {"list": "l", "started_at": IN_THE_FUTURE}),
    "post_metrics": (POST_METRICS, {"id": "p", "observed_at": IN_THE_FUTURE}),
    "accounts": (ACCOUNTS, {"id": 1, "created": IN_THE_FUTURE}),
    "album_images": (ALBUM_IMAGES, {"album_id": "a", "image_id": "i", "datetime": IN_THE_FUTURE}),
    "albums": (ALBUMS, {"id": "a", "datetime": IN_THE_FUTURE}),
    "comments": (COMMENTS, {"id": 1, "datetime": IN_THE_FUTURE}),
    "images": (IMAGES, {"id": "i", "datetime": IN_THE_FUTURE}),
    "post_comments": (POST_COMMENTS, {"id": 1, "post_id": "p", "datetime": IN_THE_FUTURE}),
    "post_images": (POST_IMAGES, {"post_id": "p", "image_id": "i", "datetime": IN_THE_FUTURE}),
    "posts": (POSTS, {"id": "p", "datetime": IN_THE_FUTURE}),
    "subreddit_posts": (SUBREDDIT_POSTS, {"id": "p", "datetime": IN_THE_FUTURE}),
}
VOTED: dict[str, tuple[Table, dict[str, Any]]] = {
    "album_images": (ALBUM_IMAGES, {"album_id": "a", "image_id": "i"}),
    "post_images": (POST_IMAGES, {"post_id": "p", "image_id": "i"}),
    "comments": (COMMENTS, {"id": 1}),
    "images": (IMAGES, {"id": "i"}),
    "post_comments": (POST_COMMENTS, {"id": 1, "post_id": "p"}),
    "posts": (POSTS, {"id": "p"}),
}


def test_impossible_times__of_each_table(marts: Marts) -> None:
    """Every thing that is dated is looked at."""
    for table, row in DATED.values():
        marts.load(table, row)
    assert [row[0] for row in marts.audit("impossible_times")] == sorted(DATED)


def test_points_are_not_votes__of_each_table(marts: Marts) -> None:
    """Every thing that is voted on is looked at."""
    for table, row in VOTED.values():
        marts.load(table, row | {"ups": 5, "downs": 2, "points": 4})
    assert [row[0] for row in marts.audit("points_are_not_votes")] == sorted(VOTED)


def test_points_are_not_votes__tells_an_image_of_two_albums_once(marts: Marts) -> None:
    """What it says twice of one image is one finding."""
    row = {"image_id": "i", "ups": 5, "downs": 2, "points": 4}
    marts.load(ALBUM_IMAGES, row | {"album_id": "a"}, row | {"album_id": "b"})
    assert marts.audit("points_are_not_votes") == [("album_images", "i", "5", "2", "4")]


def test_falling_counters__of_each_counter(marts: Marts) -> None:
    """Every counter of a post that only grows is looked at."""
    counters = ("comment_count", "downs", "favorite_count", "ups", "views")
    for day, value in ((-3, 100), (-2, None), (-1, 50)):  # hidden in between
        marts.load(POST_METRICS, {"id": "p", "observed_at": days(day)} | dict.fromkeys(counters, value))
    assert [row[2] for row in marts.audit("falling_counters")] == list(counters)


def test_keys_not_unique__of_a_mart(marts: Marts) -> None:
    """A key that two rows of a mart share is told with their number, and so is a row without one."""
    marts.load(POSTS, {"id": "a"}, {"id": "b"})
    marts.load(ALBUMS, {"id": "a"})
    assert [finding.audit for finding in marts.findings() if finding.blocks_publication] == []
    marts.work(
        "insert into main.posts from main.posts where post_id = 'b'",
        "update main.albums set album_id = null",
        "insert into main.post_daily (post_id, day) values ('a', '2026-11-22'), ('a', '2026-11-23'), ('a', '2026-11-23')",
    )
    [found] = [finding for finding in marts.findings() if finding.blocks_publication]
    assert (found.audit, [tuple(row.values()) for row in found.examples]) == (
        "keys_not_unique",
        [("albums", None, "1"), ("post_daily", "a 2026-11-23", "2"), ("posts", "b", "2")],
    )
    # all the others at once: two rows of which nothing is known share their key, or have none
    names = sorted({path.stem for path in (SQL_DIR / "marts").glob("*.sql")} - {"image_daily"})
    for mart in names:
        [columns] = marts.read(
            f"select string_agg('null', ', ') from duckdb_columns() "
            f"where schema_name = 'main' and table_name = '{mart}'",
        )
        marts.work(
            f"delete from main.{mart}",
            f"insert into main.{mart} select {columns[0]} from range(2)",
        )
    told = marts.audit("keys_not_unique")
    assert [(row[0], row[2]) for row in told] == [(mart, "2") for mart in names]


def test_audit__nothing_loaded_is_nothing_wrong(marts: Marts) -> None:
    """Over tables without a row no audit finds anything, and none is passed over."""
    found = marts.findings()
    assert [finding.audit for finding in found if finding.rows_found] == []
    assert len(found) == len(list((SQL_DIR / "audits").glob("*.sql")))
