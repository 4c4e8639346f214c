"""How posts did: beside their peers, by tag, format and hour, and for the account as a whole."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from math import exp, log, sqrt
from typing import Any

import pytest

from imgur_source.records.tables import (
    ACCOUNT_METRICS,
    ACCOUNTS,
    COMMENTS,
    DETAIL_FETCHES,
    GALLERY_RANKS,
    IMAGE_METRICS,
    IMAGES,
    LIST_ITEMS,
    LIST_SWEEPS,
    POST_COMMENTS,
    POST_METRICS,
    POST_TAGS,
    POSTS,
    TABLES,
)
from tests.support.marts import Marts, in_memory
from tests.support.work_files import NIGHT

LONG_AGO = datetime(2020, 1, 1, 12, tzinfo=UTC)  # a Wednesday, 13:00 in Berlin
MARTS = (
    "post_benchmark",
    "post_scorecard",
    "tag_lift",
    "format_lift",
    "posting_heatmap",
    "account_daily",
)
FOLLOWED = {
    "peers": 1,
    "few": 2,
    "dull": 3,
    "ages": 4,
    "tagger": 5,
    "former": 6,
    "same": 7,
    "berlin": 8,
    "busy": 9,
    "unseen": 10,
    "steady": 11,
    "weekly": 12,
}
OF_A_TAGGER = {"cats": (20, 40, 80, 160, 320, 640), "rare": (25,), None: (50, 100, 200, 400)}
VIDEOS = tuple(range(10, 210, 10))  # 20 posts: 10, 20, …, 200 views
IMAGES_OF_FORMER = (105, 105, 105, 105, 105)
Z = 2.5758


def on(day: float, hour: float = 0) -> datetime:
    """An hour of a day of November 2026, UTC."""
    return datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=day - 1, hours=hour)


def a_post(post_id: str, account: str, views: int | None, **fields: Any) -> dict[str, Any]:
    """A post as last seen; an old one if *fields* do not say otherwise."""
    return {
        "id": post_id,
        "account_id": FOLLOWED.get(account, 99),
        "account_url": account,
        "views": views,
        "datetime": LONG_AGO,
        "fetched_at": NIGHT,
        **fields,
    }


def a_reading(post_id: str, views: int | None, at: datetime, **counters: int) -> dict[str, Any]:
    return {"id": post_id, "views": views, "observed_at": at, "fetched_at": at, **counters}


def a_comment(comment_id: int, post_id: str, at: datetime, **values: Any) -> dict[str, Any]:
    place = {"id": comment_id, "post_id": post_id, "root_id": comment_id}
    return place | {"datetime": at, "fetched_at": NIGHT} | values


def a_fetch(post_id: str, at: datetime, resource: str = "post_comments") -> dict[str, Any]:
    return {"resource": resource, "item_id": post_id, "items": 0, "fetched_at": at}


def fill_benchmarks(marts: Marts) -> None:
    """Posts to compare: many and few, without a view, and at several ages."""
    marts.load(
        POSTS,
        *(a_post(f"peer {views}", "peers", views, animated=views == 10) for views in (10, 20, 30, 40, 100)),
        a_post("peer unknown", "peers", None),
        *(a_post(f"few {views}", "few", views) for views in (10, 20, 30, 40)),
        *(a_post(f"dull {number}", "dull", views) for number, views in enumerate((0, 0, 0, 5, 5))),
        a_post("ages", "ages", 70, datetime=on(1)),
        a_post("ages too", "ages", 30, datetime=on(1)),
        a_post("both", "ages", 12, datetime=NIGHT - timedelta(days=100)),
        a_post("at the limit", "ages", 1, datetime=NIGHT - timedelta(hours=2160)),
        a_post("theirs", "stranger", 1000),
        *(a_post(f"steady {number}", "steady", 20, datetime=on(1)) for number in range(5)),
    )
    marts.load(
        POST_METRICS,
        a_reading("ages", 24, on(2)),
        a_reading("ages", 70, on(3)),
        a_reading("both", 10, NIGHT - timedelta(days=86)),
        a_reading("ages too", 24, on(1, 12)),
        a_reading("ages too", 30, on(2, 12)),
        *(a_reading(f"steady {number}", 10 * day, on(1 + day)) for number in range(5) for day in (1, 2)),
    )


def fill_scorecards(marts: Marts) -> None:
    """A post of others that was read often, and some of which little is known."""
    marts.load(
        POSTS,
        a_post(
            "whole",
            "stranger",
            300,
            title="Cat",
            ups=9,
            downs=1,
            points=8,
            comment_count=3,
            favorite_count=2,
            datetime=on(1),
        ),
        a_post("hidden votes", "stranger", 100, comment_count=3, favorite_count=1),
        a_post("no views", "stranger", 0, ups=0, downs=0, points=0, comment_count=0, favorite_count=0),
        a_post("odd", "stranger", 100, ups=-1, downs=3, points=-4, comment_count=0, favorite_count=0),
        *(a_post(post_id, "stranger", 40, datetime=on(1)) for post_id in ("young", "early talk", "no talk")),
        a_post("late", "stranger", 40, datetime=on(1) - timedelta(days=30)),
        a_post("still", "stranger", 0, datetime=on(1)),
        a_post("a week later", "stranger", 60, datetime=on(1)),
        a_post("slow", "stranger", 100, datetime=on(1)),
        *(
            a_post(
                f"quiet, read after {hours} hours",
                "stranger",
                4,
                comment_count=0,
                datetime=on(1),
                fetched_at=on(1, hours),
            )
            for hours in (0.5, 1, 24)
        ),
    )
    marts.load(
        POST_METRICS,
        a_reading("whole", 100, on(1, 10)),
        a_reading("whole", 200, on(1, 10.5)),
        a_reading("whole", 230, on(1, 12)),
        a_reading("whole", 300, on(1, 40)),
        a_reading("whole", 290, on(1, 60)),
        a_reading("young", 40, on(1, 24)),
        a_reading("late", 10, on(2)),
        a_reading("late", 40, on(3)),
        a_reading("still", 0, on(3)),
        a_reading("a week later", 60, on(1, 144)),
        a_reading("slow", 10, on(1, 100)),
        a_reading("slow", 100, on(1, 190)),
    )
    marts.load(
        POST_COMMENTS,
        a_comment(1, "whole", on(1, 0.5)),
        a_comment(2, "whole", on(1, 1)),
        a_comment(3, "whole", on(1, 23)),
        a_comment(4, "whole", on(1, 25)),
        a_comment(5, "early talk", on(1, 0.5), fetched_at=on(1, 2)),
    )
    marts.load(
        DETAIL_FETCHES,
        a_fetch("whole", on(3)),
        a_fetch("early talk", on(1, 2)),
        a_fetch("no talk", on(3)),
        a_fetch("young", on(3), "post_images"),
    )
    marts.load(
        GALLERY_RANKS,
        *(
            {"feed": feed, "observed_at": at, "position": position, "post_id": "whole", "fetched_at": at}
            for feed, at, position in (
                ("hot/viral", on(2), 8),
                ("hot/viral", on(3), 3),
                ("t/cats", on(2), 0),
            )
        ),
        *(
            {"feed": "hot/viral", "observed_at": on(4), "position": 0, "post_id": post, "fetched_at": on(4)}
            for post in ("whole", "young")
        ),
    )
    marts.load(
        LIST_SWEEPS,
        {"list": "hot/viral", "kind": "feed", "started_at": on(4), "is_complete": False},
    )


def fill_lifts(marts: Marts) -> None:
    """Posts with and without tags, of two formats, and all alike."""
    marts.load(
        POSTS,
        *(
            a_post(f"tagged {views}", "tagger", views)
            for numbers in OF_A_TAGGER.values()
            for views in numbers
        ),
        *(a_post(f"video {views}", "former", views, has_sound=True) for views in VIDEOS),
        *(a_post(f"picture {number}", "former", views) for number, views in enumerate(IMAGES_OF_FORMER)),
        *(a_post(f"same {number}", "same", 10) for number in range(10)),
        *(
            a_post(f"unseen {number}", "unseen", views, has_sound=number < 5)
            for number, views in enumerate((0, 10, 10, 10, 20, 10, 10, 10, 10, 10))
        ),
    )
    marts.load(
        POST_TAGS,
        *(
            {"post_id": f"tagged {views}", "tag": tag, "position": 0, "fetched_at": NIGHT}
            for tag, numbers in OF_A_TAGGER.items()
            if tag
            for views in numbers
        ),
        *(
            {"post_id": f"same {number}", "tag": tag, "position": position, "fetched_at": NIGHT}
            for number in range(10)
            for position, tag in enumerate(("half", "all"))
            if tag == "all" or number < 5
        ),
        *(
            {"post_id": f"video {views}", "tag": "video", "position": 0, "fetched_at": NIGHT}
            for views in VIDEOS
        ),
        *(
            {"post_id": f"picture {number}", "tag": "image", "position": 0, "fetched_at": NIGHT}
            for number in range(len(IMAGES_OF_FORMER))
        ),
        *(
            {
                "post_id": f"unseen {number}",
                "tag": "video" if number < 5 else "image",
                "position": 0,
                "fetched_at": NIGHT,
            }
            for number in range(10)
        ),
        *(
            {"post_id": post_id, "tag": "cats", "position": 0, "fetched_at": NIGHT}
            for post_id in ("theirs", "few 10", "brand new 0")
        ),
    )


def fill_hours(marts: Marts) -> None:
    """Posts around the two hours in which Berlin's clocks are changed, on Sundays at 1:00 UTC."""
    marts.load(
        POSTS,
        *(
            a_post(f"hour {number}", "berlin", views, datetime=published)
            for number, (published, views) in enumerate(
                (
                    (datetime(2026, 3, 29, 0, 30, tzinfo=UTC), 10),
                    (datetime(2026, 3, 29, 1, 30, tzinfo=UTC), 40),
                    (datetime(2025, 10, 26, 0, 30, tzinfo=UTC), 30),
                    (datetime(2025, 10, 26, 1, 30, tzinfo=UTC), 20),
                    (LONG_AGO, 25),
                )
            )
        ),
        a_post("of late", "berlin", 9, datetime=datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        a_post("of late too", "berlin", 9, datetime=datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        *(
            a_post(f"brand new {number}", "berlin", 9, datetime=NIGHT - timedelta(hours=3))
            for number in range(5)
        ),
        *(
            a_post(f"week {views}", "weekly", views, datetime=datetime(2026, 11, 2, 9, tzinfo=UTC))
            for views in (84, 30, 12)
        ),
    )
    marts.load(
        POST_METRICS,
        # 168 views in 14 days, 84 of them in the first 7
        a_reading("of late", 84, datetime(2026, 11, 1, 0, 30, tzinfo=UTC)),
        *(a_reading(f"brand new {number}", 9, NIGHT) for number in range(5)),
        *(a_reading(f"week {views}", views, datetime(2026, 11, 9, 9, tzinfo=UTC)) for views in (84, 30, 12)),
    )


def fill_days(marts: Marts) -> None:
    """A few days of an account that does a little of everything."""
    marts.load(
        ACCOUNT_METRICS,
        {"id": 9, "reputation": 100, "observed_at": on(1, 12), "fetched_at": on(2, 12)},
        {"id": 9, "reputation": 148, "observed_at": on(4, 12), "fetched_at": on(4, 12)},
        {"id": 2, "reputation": 7, "observed_at": on(2, 1), "fetched_at": on(2, 1)},
        {"id": 99, "reputation": 7, "observed_at": on(1), "fetched_at": on(1)},
        {"id": 3, "reputation": None, "observed_at": on(2, 1), "fetched_at": on(2, 1)},
        {"id": 3, "reputation": 7, "observed_at": on(3), "fetched_at": on(3)},
    )
    marts.load(
        POSTS,
        a_post("day", "busy", 48, datetime=on(2, 12)),
        a_post("day too", "busy", 4, datetime=on(2, 12)),
    )
    marts.load(
        POST_METRICS,
        a_reading("day", 48, on(4, 12), points=4, comment_count=2),
        a_reading("day too", 4, on(4, 12), points=4, comment_count=4),
    )
    marts.load(
        IMAGES,
        *(
            {
                "id": image_id,
                "account_id": 9,
                "account_url": "busy",
                "datetime": uploaded,
                "fetched_at": NIGHT,
            }
            for image_id, uploaded in (
                ("old", on(-1)),
                ("new", on(3, 12)),
                ("new too", on(3, 12)),
                ("before Imgur", datetime(2009, 1, 31, tzinfo=UTC)),
                ("tomorrow", NIGHT + timedelta(days=1)),
            )
        ),
    )
    marts.load(
        IMAGE_METRICS,
        *(
            {"id": image_id, "views": 24, "bandwidth": 0, "observed_at": on(4, 12), "fetched_at": on(4, 12)}
            for image_id in ("new", "new too")
        ),
    )
    marts.load(COMMENTS, {"id": 50, "author_id": 9, "datetime": on(5, 3), "fetched_at": NIGHT})
    under_posts: dict[int, dict[str, Any]] = {
        50: {"author_id": 9},
        51: {"author": "Busy"},
        52: {"author": "stranger"},
    }
    marts.load(
        POST_COMMENTS,
        *(a_comment(number, "day", on(5, 3), **author) for number, author in under_posts.items()),
    )


def fill(marts: Marts) -> None:
    """Put in the accounts that the tests below ask for, and all that is of them."""
    for table in TABLES.values():
        marts.load(table)
    marts.load(
        ACCOUNTS,
        *({"id": number, "url": name, "fetched_at": NIGHT} for name, number in FOLLOWED.items()),
    )
    for put_in in (fill_benchmarks, fill_scorecards, fill_lifts, fill_hours, fill_days):
        put_in(marts)


@pytest.fixture(scope="module")
def world() -> Marts:
    marts = in_memory(report_timezone="Europe/Berlin")
    fill(marts)
    return marts


def error(lowest: float, highest: float) -> float:
    """McKean and Schrader's standard error from the two indices it is read from."""
    return (log(highest) - log(lowest)) / (2 * Z)


# post_benchmark


def test_post_benchmark__compares_with_the_median(world: Marts) -> None:
    """Five old posts: the median is 30, a fifth lies below 18 and a fifth above 52; unknown views are no peer."""
    # four fifths of the way from 10 to 20, and a fifth of the way from 40 to 100
    rows = [
        ("peer 10", "below", 10, 10 / 30),
        ("peer 20", "normal", 20, 20 / 30),
        ("peer 30", "normal", 30, 1.0),
        ("peer 40", "normal", 40, 40 / 30),
        ("peer 100", "above", 100, 100 / 30),
    ]
    assert world.read("from post_benchmark where account_name = 'peers' order by views") == [
        (
            post_id,
            1,
            "peers",
            "final",
            standing,
            None,
            views,
            30.0,
            18.0,
            pytest.approx(52),
            5,
            pytest.approx(index),
            True,
            True,
        )
        for post_id, standing, views, index in rows
    ]


def test_post_benchmark__judges_nobody_among_four(world: Marts) -> None:
    """With fewer than 5 peers there is an index, and no standing."""
    assert world.read(
        "select views, standing, median_views, posts, views_index from post_benchmark "
        "where account_name = 'few' order by views",
    ) == [(views, None, 25.0, 4, views / 25) for views in (10, 20, 30, 40)]


def test_post_benchmark__of_a_median_of_zero(world: Marts) -> None:
    """Where half of the posts have no view there is no index; views equal to the limits are normal."""
    assert world.read(
        "select post_id, standing, median_views, p20_views, p80_views, views_index from post_benchmark "
        "where account_name = 'dull' order by post_id",
    ) == [(f"dull {number}", "normal", 0.0, 0.0, 5.0, None) for number in range(5)]


def test_post_benchmark__compares_at_the_same_age(world: Marts) -> None:
    """Each age has the peers that are known at it; the greatest of a post is its latest; 90 days are not final yet."""
    # a view an hour for the one, two for the other until noon, and 6 in the next 24 hours
    assert world.read(
        "select post_id, age_bucket, age_hours, views, median_views, posts, views_index, is_latest "
        "from post_benchmark where account_name = 'ages' and coalesce(age_hours, 9999) >= 12 "
        "order by post_id, age_hours nulls last",
    ) == [
        ("ages", "1d", 24, 24, 25.5, 2, 24 / 25.5, False),
        ("ages", "2d", 48, 70, 70.0, 1, 1.0, True),
        ("ages too", "12h", 12, 24, 24.0, 1, 1.0, False),
        ("ages too", "1d", 24, 27, 25.5, 2, 27 / 25.5, True),
        ("both", "14d", 336, 10, 10.0, 1, 1.0, False),
        ("both", "final", None, 12, 12.0, 1, 1.0, True),
    ]
    assert world.read("from post_benchmark where post_id in ('at the limit', 'theirs')") == []


@pytest.mark.parametrize(
    ("post_id", "age_bucket", "is_comparable"),
    [
        ("peer 10", "final", True),
        ("few 10", "final", False),  # four peers
        ("dull 4", "final", False),  # the median is 0
        ("steady 1", "1d", False),  # not its greatest age
        ("steady 1", "2d", True),
        ("brand new 1", "3h", False),  # its greatest age, and too young
    ],
)
def test_post_benchmark__says_which_index_stands_for_a_post(
    world: Marts, post_id: str, age_bucket: str, is_comparable: bool
) -> None:
    """That of the greatest age, from a day on, beside 5 peers whose median is above 0."""
    assert world.read(
        f"select is_comparable from post_benchmark where post_id = '{post_id}' and age_bucket = '{age_bucket}'",
    ) == [(is_comparable,)]


# post_scorecard


def test_post_scorecard__of_a_post_that_was_read_often(world: Marts) -> None:
    """Each measure of a post of which all is known, worked out by hand."""
    # Wilson: (0.9 + 0.19208 - 1.96 * sqrt(0.009 + 0.009604)) / 1.38416 = (1.09208 - 0.267336) / 1.38416
    # Half of 300 views was reached half-way between 100 at 10:00 and 200 at 10:30.
    # Rates: 20 an hour from 200 at 10:30 to 230 at 12:00 is more than 200 in the first 10.5 hours;
    # 200 an hour from 10:00 to 10:30 does not count, 30 minutes being too short.
    # Two readings of the feed 24 hours apart: half of the time belongs to each.
    assert world.texts(
        "select post_id, account_name, title, standing, age_bucket, views, ups, downs, points, comment_count, "
        "favorite_count, views_index, best_rank, comments_first_hour, comments_first_day, is_own, peak_at, "
        "published_at from post_scorecard where post_id = 'whole'",
    ) == [
        (
            *("whole", "stranger", "Cat", None, None),
            *("300", "9", "1", "8", "3", "2"),
            *(None, "4", "1", "3", "false"),
            *("2026-11-01 11:15:00+00", "2026-11-01 00:00:00+00"),
        )
    ]
    assert world.read(
        "select upvote_share, upvote_share_low, comments_per_1000_views, favorites_per_1000_views, engagement_rate, "
        "half_life_hours, half_life_from_hours, half_life_to_hours, peak_views_per_hour, front_page_hours "
        "from post_scorecard where post_id = 'whole'",
    ) == [pytest.approx((0.9, 0.595844, 10, 2000 / 300, 0.05, 10.25, 10, 10.5, 20, 24), abs=1e-6)]


def test_post_scorecard__has_ranks_of_complete_readings_only(world: Marts) -> None:
    """At the top of a reading that broke off a post has no rank, whether or not others show it."""
    assert world.read(
        "select post_id, best_rank, front_page_hours from post_scorecard "
        "where post_id in ('whole', 'young') order by post_id",
    ) == [("whole", 4, 24.0), ("young", None, None)]


@pytest.mark.parametrize(
    ("post_id", "expected"),
    [
        ("hidden votes", (None, None, 30.0, 10.0, None)),
        ("no views", (None, None, None, None, None)),
        ("odd", (-0.5, None, 0.0, 0.0, 0.02)),
    ],
)
def test_post_scorecard__of_counters_that_are_no_base(
    world: Marts, post_id: str, expected: tuple[float | None, ...]
) -> None:
    """Without votes or views there is no share of them, and impossible votes have no bound; nothing breaks."""
    assert world.read(
        "select upvote_share, upvote_share_low, comments_per_1000_views, favorites_per_1000_views, engagement_rate "
        f"from post_scorecard where post_id = '{post_id}'",
    ) == [expected]


@pytest.mark.parametrize(
    ("post_id", "peak"),
    [("young", 40 / 24), ("late", 30 / 24), ("still", None), ("no talk", None), ("a week later", None)],
    ids=["read for a day only", "history began late", "never viewed", "never read", "read once, after days"],
)
def test_post_scorecard__without_a_half_life(world: Marts, post_id: str, peak: float | None) -> None:
    """A half-life needs a start and more than a day, a peak needs a rise; what lies in a gap of days is neither."""
    assert world.read(
        "select half_life_hours, half_life_from_hours, half_life_to_hours, peak_views_per_hour, peak_at is null "
        f"from post_scorecard where post_id = '{post_id}'",
    ) == [(None, None, None, peak, peak is None)]


def test_post_scorecard__half_life_may_lie_in_a_gap_shorter_than_it(world: Marts) -> None:
    """What comes later moves slower: 40 of 90 views after 100 hours of quiet are 40 of the 90 hours to the next reading."""
    assert world.read(
        "select half_life_hours, half_life_from_hours, half_life_to_hours, peak_views_per_hour "
        "from post_scorecard where post_id = 'slow'",
    ) == [(pytest.approx(140), 100, 190, None)]


@pytest.mark.parametrize(
    ("post_id", "expected"),
    [
        ("young", (None, None)),
        ("early talk", (1, None)),
        ("no talk", (0, 0)),
        ("quiet, read after 0.5 hours", (None, None)),
        ("quiet, read after 1 hours", (0, None)),
        ("quiet, read after 24 hours", (0, 0)),
    ],
)
def test_post_scorecard__counts_comments_that_it_can_know(
    world: Marts, post_id: str, expected: tuple[int | None, int | None]
) -> None:
    """Comments are counted where the tree, or that there is none, was read after the time in question."""
    assert world.read(
        f"select comments_first_hour, comments_first_day from post_scorecard where post_id = '{post_id}'",
    ) == [expected]


def test_post_scorecard__of_an_own_post_has_its_standing(world: Marts) -> None:
    """The latest row of post_benchmark stands there, too; other feeds than hot/viral have no part in it."""
    assert world.read(
        "select post_id, standing, age_bucket, views_index, best_rank, front_page_hours, is_own from post_scorecard "
        "where post_id in ('ages', 'peer 100') order by post_id",
    ) == [
        ("ages", None, "2d", 1.0, None, None, True),
        ("peer 100", "above", "final", pytest.approx(100 / 30), None, None, True),
    ]


# tag_lift and format_lift


def test_tag_lift__compares_with_the_posts_without(world: Marts) -> None:
    """Six posts with a tag and five without have a lift with its interval; one post has a lift only."""
    # The median of all 11 is 100 views, so indices are views / 100: of cats 0.2, 0.4, 0.8, 1.6, 3.2, 6.4,
    # of the others 0.25, 0.5, 1, 2, 4. Of so few the error is read from the lowest and the highest.
    # Without rare the middle of 20, 40, 50, 80, 100, 160, 200, 320, 400, 640 is 130.
    chance = exp(1.96 * sqrt(error(0.2, 6.4) ** 2 + error(0.25, 4) ** 2))
    assert world.read("from tag_lift where account_name = 'tagger' order by tag") == [
        (
            5,
            "tagger",
            "cats",
            6,
            5,
            *(pytest.approx(value) for value in (1.2, 1.0, 1.2, 1.2 / chance, 1.2 * chance)),
        ),
        (5, "tagger", "rare", 1, 10, 0.25, pytest.approx(1.3), pytest.approx(0.25 / 1.3), None, None),
    ]


@pytest.mark.parametrize("mart", ["format_lift", "tag_lift"])
def test_lifts__read_the_error_from_within(world: Marts, mart: str) -> None:
    """Of twenty posts the error is read from the 5th and the 16th; five that are all alike have none of their own."""
    # 25 posts: 10 videos below 105 views, 5 images of 105, 10 videos above: the median is 105. Each is
    # tagged with its format.
    # 10.5 - 2.5758 * sqrt(20) / 2 = 4.74, so the 5th video (50 views) and the 5th from the top (160) tell.
    index = {views: views / 105 for views in (50, 160)}
    chance = exp(1.96 * error(index[50], index[160]))
    assert world.read(f"from {mart} where account_name = 'former' order by all") == [
        (6, "former", "image", 5, 20, 1.0, 1.0, 1.0, pytest.approx(1 / chance), pytest.approx(chance)),
        (6, "former", "video", 20, 5, 1.0, 1.0, 1.0, pytest.approx(1 / chance), pytest.approx(chance)),
    ]


@pytest.mark.parametrize("mart", ["format_lift", "tag_lift"])
def test_lifts__of_a_post_without_a_view(world: Marts, mart: str) -> None:
    """No views have no logarithm, so an index of 0 counts as 0.01 for the error; the medians are as they are."""
    # The median of all 10 is 10 views, so the videos have 0, 1, 1, 1 and 2, the images 1 each.
    chance = exp(1.96 * error(0.01, 2))
    interval = (pytest.approx(1 / chance), pytest.approx(chance))
    assert world.read(f"from {mart} where account_name = 'unseen' order by all") == [
        (10, "unseen", "image", 5, 5, 1.0, 1.0, 1.0, *interval),
        (10, "unseen", "video", 5, 5, 1.0, 1.0, 1.0, *interval),
    ]


def test_format_lift__has_no_interval_of_four(world: Marts) -> None:
    """With fewer than 5 posts on either side there is a lift only."""
    # 20, 30, 40 and 100 of a median of 30 views have a median of 35, the animation has 10
    without = pytest.approx(35 / 30)
    assert world.read("from format_lift where account_name = 'peers' order by format") == [
        (1, "peers", "animation", 1, 4, pytest.approx(1 / 3), without, pytest.approx(10 / 35), None, None),
        (1, "peers", "image", 4, 1, without, pytest.approx(1 / 3), pytest.approx(35 / 10), None, None),
    ]


def test_tag_lift__of_posts_that_are_all_alike(world: Marts) -> None:
    """Ties on both sides measure no chance, so there is no interval; what all posts have has no lift."""
    assert world.read("from tag_lift where account_name = 'same' order by tag") == [
        (7, "same", "all", 10, 0, 1.0, None, None, None, None),
        (7, "same", "half", 5, 5, 1.0, 1.0, 1.0, None, None),
    ]
    assert world.read("from format_lift where account_name = 'same'") == [
        (7, "same", "image", 10, 0, 1.0, None, None, None, None)
    ]


def test_lifts__leave_out_what_has_no_index(world: Marts) -> None:
    """Posts of others, of a median of 0, of fewer than 5 peers, and those known for less than a day are in neither."""
    assert world.read("select account_name, sum(posts)::bigint from format_lift group by all order by all") == [
        ("berlin", 5),
        ("former", 25),
        ("peers", 5),
        ("same", 10),
        ("steady", 5),
        ("tagger", 11),
        ("unseen", 10),
    ]  # fmt: skip
    assert world.read("select distinct account_name from tag_lift order by all") == [
        ("former",),
        ("same",),
        ("tagger",),
        ("unseen",),
    ]


# posting_heatmap


def test_posting_heatmap__goes_by_the_wall_clock(world: Marts) -> None:
    """In spring an hour is left out, in autumn one comes twice; what is not known counts as usual."""
    # 0:30 and 1:30 UTC are 1:30 and 3:30 in spring, and 2:30 twice in autumn. The five old posts have
    # 10, 20, 25, 30 and 40 views, a median of 25. Of the two of this October one is known at 7 days, with
    # 84 views, but has no peers there. The five brand new ones (Sunday 23:00 UTC, Monday 0:00 in Berlin) have
    # peers, but are too young.
    assert world.read(
        "select * exclude (account_id, account_name) from posting_heatmap where account_name = 'berlin' and posts > 0 "
        "order by weekday, hour",
    ) == [
        ("Monday", 1, 0, 5, 0, None, 0, None, 1.0),
        ("Wednesday", 3, 13, 1, 0, None, 1, 1.0, 1.0),
        ("Sunday", 7, 1, 1, 0, None, 1, 0.4, pytest.approx(0.4 ** (1 / 6))),
        ("Sunday", 7, 2, 4, 1, 84.0, 2, 1.0, 1.0),
        ("Sunday", 7, 3, 1, 0, None, 1, 1.6, pytest.approx(1.6 ** (1 / 6))),
    ]


def test_posting_heatmap__has_the_median_of_a_week(world: Marts) -> None:
    """Of three posts of one hour that are known at 7 days the middle one tells; those of 9:00 UTC are of 10:00 in Berlin."""
    assert world.read(
        "select weekday_name, hour, posts, posts_with_views, median_views_7d from posting_heatmap "
        "where account_name = 'weekly' and posts > 0",
    ) == [("Monday", 10, 3, 3, 30.0)]


def test_posting_heatmap__has_every_hour_of_the_week(world: Marts) -> None:
    """Each account with posts has 168 cells, also those in which nothing was published."""
    names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    rows = world.read("from posting_heatmap where account_name = 'peers' order by weekday, hour")
    # five posts on a Wednesday at 13:00 in Berlin, with a median index of 1
    assert rows == [
        (1, "peers", name, weekday, hour, *((6, 0, None, 5, 1.0, 1.0) if (weekday, hour) == (3, 13) else (0, 0, None, 0, None, 1.0)))
        for weekday, name in enumerate(names, start=1)
        for hour in range(24)
    ]  # fmt: skip
    assert world.read("select account_name from posting_heatmap group by all order by all") == [
        (name,) for name in sorted(FOLLOWED)
    ]


# accounts that bear the same name


def namesakes() -> Marts:
    """Account 1 was amy once and is not read any more; account 2 is amy now, and a hundred times as big."""
    marts = in_memory(report_timezone="Europe/Berlin")
    marts.load(
        ACCOUNTS,
        {"id": 1, "url": "amy", "fetched_at": NIGHT - timedelta(days=900)},
        {"id": 2, "url": "Amy", "fetched_at": NIGHT},
    )
    posts = [
        a_post(f"{number} {more}", "amy", 100**number + more) | {"account_id": number}
        for number in (1, 2)
        for more in range(6)
    ]
    marts.load(POSTS, *posts)
    marts.load(
        POST_TAGS,
        *({"post_id": post["id"], "tag": "cats", "position": 0, "fetched_at": NIGHT} for post in posts),
    )
    return marts


def test_marts__keep_accounts_of_one_name_apart() -> None:
    """A name passes to another account: each is compared with its own posts, and has rows of its own."""
    marts = namesakes()
    peers = "select account_id, account_name, min(posts), max(posts), median_views from post_benchmark"
    assert marts.read(f"{peers} group by all order by all") == [
        (1, "amy", 6, 6, 102.5),
        (2, "Amy", 6, 6, 10002.5),
    ]
    usual = "select min(views_index) > 0.9 and max(views_index) < 1.1 from post_scorecard"
    assert marts.read(usual) == [(True,)]
    names = [(1, "amy"), (2, "Amy")]
    assert marts.read("select * exclude (median_index) from tag_lift order by all") == [
        (*name, "cats", 6, 0, None, None, None, None) for name in names
    ]
    assert marts.read("select * exclude (median_index) from format_lift order by all") == [
        (*name, "image", 6, 0, None, None, None, None) for name in names
    ]
    cells = "select account_id, account_name, count(*), sum(posts)::bigint from posting_heatmap"
    assert marts.read(f"{cells} group by all order by all") == [(*name, 168, 6) for name in names]
    assert [finding.audit for finding in marts.findings() if finding.blocks_publication] == []


def test_marts__go_by_the_name_where_no_number_is_shown(marts: Marts) -> None:
    """Posts of a list whose account nobody knows are peers by their names, and one without a name has no peer."""
    names = {"a": "zoe", "b": "Zoe", "c": "yves", "d": None, "e": None}
    marts.load(
        POSTS,
        *(a_post(post, "", 7) | {"account_id": 0, "account_url": name} for post, name in names.items()),
    )
    marts.load(
        LIST_ITEMS,
        *(
            {"list": "account_submissions/former", "item_id": post, "datetime": LONG_AGO, "fetched_at": NIGHT}
            for post in names
        ),
    )
    columns = "post_id, account_id, account_name, posts, median_views"
    assert marts.read(f"select {columns} from post_benchmark order by post_id") == [
        ("a", None, "zoe", 2, 7.0),
        ("b", None, "Zoe", 2, 7.0),
        ("c", None, "yves", 1, 7.0),
        ("d", None, None, 1, 7.0),
        ("e", None, None, 1, 7.0),
    ]
    cells = "select account_id, account_name, sum(posts)::bigint from posting_heatmap"
    assert marts.read(f"{cells} group by all order by all") == [
        (None, "yves", 1),
        (None, "zoe", 2),
    ]


# account_daily


def test_account_daily__has_every_day_of_what_is_known(world: Marts) -> None:
    """From the oldest thing held to the newest: reputation while it was read, what was made, and what was gained.

    What has a time before Imgur or after the run gives no days.
    """
    # Reputation stands at 100 until noon of the 2nd, then rises by one an hour until noon of the 4th.
    # One post gained 48 views, 4 points and 2 comments in the same 48 hours, the other 4 of each; two images
    # gained 24 views each in the last 24.
    # Of two comments one is in its list and under a post, the other under a post with its name only.
    nothing = (None, None, None, None)
    expected = [
        (date(2026, 10, 30), None, None, 0, 1, 0, *nothing),
        (date(2026, 10, 31), None, None, 0, 0, 0, *nothing),
        (date(2026, 11, 1), 100, None, 0, 0, 0, *nothing),
        (date(2026, 11, 2), 112, 12, 2, 0, 0, 13, None, 2, 2),
        (date(2026, 11, 3), 136, 24, 0, 2, 0, 26, 24, 4, 3),
        (date(2026, 11, 4), 148, 12, 0, 0, 0, 13, 24, 2, 1),
        (date(2026, 11, 5), None, None, 0, 0, 2, *nothing),
    ]
    assert world.read("from account_daily where account_name = 'busy' order by day") == [
        (9, "busy", *row) for row in expected
    ]


def test_account_daily__has_no_gain_where_none_is_known(world: Marts) -> None:
    """On the first day of a history that began late, posts have rows, and nobody knows what they gained."""
    assert world.read(
        "select sum(posts), any_value(post_views_gained), any_value(points_gained), any_value(comments_gained) "
        "from account_daily join (select account_id, day, count(*) as posts from post_daily "
        "join posts using (post_id) group by all) using (account_id, day) "
        "where account_name = 'ages' and day = '2026-08-29'",
    ) == [(1, None, None, None)]


def test_account_daily__takes_the_reputation_from_a_reading_at_midnight(world: Marts) -> None:
    """A day that ends with a reading has what it shows, though the one before showed nothing."""
    assert world.read(
        "select day, reputation, reputation_gained from account_daily where account_id = 3 and day >= '2026-11-02' order by day",
    ) == [(date(2026, 11, 2), 7, None), (date(2026, 11, 3), 7, 0)]


def test_account_daily__goes_on_to_the_day_of_the_run(world: Marts) -> None:
    """The day of the run is the last one, not yet whole, where something was read in that night."""
    assert world.read("select max(day) from account_daily where account_name = 'berlin'") == [(NIGHT.date(),)]


def test_account_daily__is_of_followed_accounts(world: Marts) -> None:
    """An account that is not followed has no days."""
    assert world.read("select distinct account_id from account_daily order by all") == [
        (number,) for number in sorted(FOLLOWED.values())
    ]


# the marts as a whole


def test_marts__are_the_same_in_every_time_zone(world: Marts) -> None:
    """Days are UTC days and hours those of the reports, whatever zone the session that makes them is in."""
    elsewhere = in_memory(report_timezone="Europe/Berlin", time_zone="America/New_York")
    fill(elsewhere)
    for mart in MARTS:
        rows = elsewhere.texts(f"from {mart} order by all")
        assert rows
        assert rows == world.texts(f"from {mart} order by all")


def test_marts__of_nothing_are_empty(marts: Marts) -> None:
    """Before anything was read each of them is there, without a row."""
    assert {mart: marts.read(f"from {mart}") for mart in MARTS} == {mart: [] for mart in MARTS}
