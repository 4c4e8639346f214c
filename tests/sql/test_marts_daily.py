"""What posts and images gained from day to day, and had at which age."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from imgur_source.records.tables import (
    ALBUM_IMAGES,
    IMAGE_METRICS,
    IMAGES,
    ITEM_LOOKS,
    LIST_ITEMS,
    POST_METRICS,
    POSTS,
    TABLES,
)
from tests.support.marts import Marts, in_memory
from tests.support.work_files import NIGHT

ONE_DAY = timedelta(days=1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SUBMISSIONS = "account_submissions/me"


def on(day: float, hour: float = 0) -> datetime:
    """An hour of a day of November 2026, UTC; days may run on into December."""
    return datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=day - 1, hours=hour)


def the(day: int) -> date:
    return date(2026, 11, day)


def an_image(image_id: str, *, uploaded: datetime | None) -> dict[str, Any]:
    return {"id": image_id, "account_id": 1, "account_url": "me", "datetime": uploaded, "fetched_at": NIGHT}


def an_image_value(
    image_id: str,
    views: int | None,
    since: datetime,
    until: datetime | None = None,
    *,
    bandwidth: int | None = 0,
) -> dict[str, Any]:
    """Counters that stood so from *since* to *until*, or were seen once."""
    return {
        "id": image_id,
        "views": views,
        "bandwidth": bandwidth,
        "observed_at": since,
        "fetched_at": until or since,
    }


def a_post(post_id: str, *, published: datetime | None, seen: datetime = NIGHT) -> dict[str, Any]:
    return {"id": post_id, "account_id": 1, "account_url": "me", "datetime": published, "fetched_at": seen}


def a_post_value(
    post_id: str,
    counters: tuple[int | None, int | None, int | None, int | None, int | None],
    since: datetime,
    until: datetime | None = None,
) -> dict[str, Any]:
    """Views, up-votes, down-votes, comments and favourites that stood so from *since* to *until*."""
    views, ups, downs, comments, favorites = counters
    return {
        "id": post_id,
        "views": views,
        "ups": ups,
        "downs": downs,
        "points": None if ups is None or downs is None else ups - downs,
        "comment_count": comments,
        "favorite_count": favorites,
        "observed_at": since,
        "fetched_at": until or since,
    }


def a_total(
    post_id: str, views: int | None, since: datetime, until: datetime | None = None
) -> dict[str, Any]:
    """Views and nothing else."""
    return a_post_value(post_id, (views, 0, 0, 0, 0), since, until)


def fill(marts: Marts) -> None:
    """Put in the histories that the tests below ask for, each under its own id."""
    for table in TABLES.values():
        marts.load(table)
    marts.load(
        IMAGES,
        *(
            an_image(image_id, uploaded=uploaded)
            for image_id, uploaded in (
                ("unread", on(1)),
                ("gap", on(1, 12)),
                ("once", LONG_AGO),
                ("timeless", None),
                ("same day", on(2, 6)),
                ("held", LONG_AGO),
                ("fell", LONG_AGO),
                ("midnight", LONG_AGO),
                ("in time", on(1, 12)),
                ("too late", on(1, 12) - timedelta(seconds=1)),
                ("over the change", on(0)),
                ("dark", LONG_AGO),
                ("untouched", on(1, 12)),
                ("lit at midnight", LONG_AGO),
            )
        ),
    )
    marts.load(
        ALBUM_IMAGES,
        {
            "album_id": "A",
            "image_id": "theirs",
            "account_url": "bob",
            "datetime": on(1, 12),
            "fetched_at": NIGHT,
        },
        {
            "album_id": "B",
            "image_id": "theirs",
            "account_url": "bob",
            "datetime": on(1, 12),
            "fetched_at": NIGHT,
        },
    )
    marts.load(
        IMAGE_METRICS,
        an_image_value("gap", 24, on(2, 12), bandwidth=24_000),
        an_image_value("gap", 192, on(9, 12), bandwidth=192_000),
        an_image_value("once", 5, on(2, 6)),
        an_image_value("timeless", 5, on(2, 6)),
        an_image_value("same day", 6, on(2, 18)),
        an_image_value("held", 5, on(2, 6), on(4, 6)),
        an_image_value("held", 29, on(5, 6)),
        an_image_value("fell", 10, on(2, 6)),
        an_image_value("fell", 2, on(3, 6)),
        an_image_value("midnight", 3, on(2, 12)),
        an_image_value("midnight", 7, on(3)),
        an_image_value("in time", 70, on(8, 12)),
        an_image_value("too late", 70, on(8, 12)),
        an_image_value("over the change", 70, on(7, 0.5)),
        an_image_value("dark", 1, on(2, 12), bandwidth=None),
        an_image_value("dark", 3, on(3, 12), bandwidth=9),
        an_image_value("untouched", 0, on(3, 12)),
        an_image_value("lit at midnight", None, on(2, 12), bandwidth=None),
        an_image_value("lit at midnight", 3, on(3), bandwidth=9),
        an_image_value("lit at midnight", 5, on(4), bandwidth=9),
        an_image_value("theirs", 2, on(2, 12)),
    )
    marts.load(
        POSTS,
        *(
            a_post(post_id, published=published)
            for post_id, published in (
                ("unread", on(1)),
                ("day by day", on(1, 12)),
                ("late", LONG_AGO),
                ("timeless", None),
                ("aging", on(1)),
                ("still", on(1)),
                ("unseen", on(1)),
                ("at 14 days", on(1)),
                ("90 days", on(1)),
                ("fell", on(1)),
                ("in time", on(1, 12)),
                ("too late", on(1, 12) - timedelta(seconds=1)),
                ("over the change", on(0)),
                ("at once", on(2, 12)),
                *((f"{hours} hours", on(1)) for hours in (18, 19, 36, 37)),
                ("lit at midnight", LONG_AGO),
            )
        ),
        a_post("gone", published=on(1, 12), seen=on(2, 12)),
    )
    marts.load(
        POST_METRICS,
        a_post_value("day by day", (240, 24, 8, 4, 2), on(2, 12)),
        a_post_value("day by day", (480, None, None, 4, 4), on(3, 12)),
        a_post_value("late", (100, 10, 4, 6, 2), on(2, 12), on(3, 12)),
        a_post_value("late", (140, 6, 8, 4, 1), on(4, 12)),
        a_total("gone", 24, on(2, 12)),
        a_total("timeless", 24, on(2, 12)),
        a_post_value("aging", (60, 6, 0, 2, 0), on(1, 6)),
        a_post_value("aging", (300, 30, 0, 2, 0), on(1, 30)),
        a_post_value("aging", (700, 70, 0, 2, 0), on(1, 70)),
        a_post_value("aging", (1700, None, None, 2, 0), on(1, 170)),
        a_total("still", 50, on(2), on(21)),
        a_total("unseen", 0, on(2)),
        a_total("at 14 days", 9, on(15)),
        a_total("90 days", 50, on(2), on(1, 2160)),
        a_total("fell", 80, on(2)),
        a_total("fell", 40, on(3)),
        a_total("in time", 70, on(8, 12)),
        a_total("too late", 70, on(8, 12)),
        a_total("over the change", 70, on(7, 0.5)),
        a_total("at once", 5, on(2, 12)),
        a_total("at once", 7, on(3)),
        *(a_total(f"{hours} hours", hours, on(1, hours)) for hours in (18, 19, 36, 37)),
        a_post_value("lit at midnight", (None, None, None, None, None), on(2, 12)),
        a_post_value("lit at midnight", (9, 3, 1, 4, 5), on(3)),
    )
    marts.load(
        LIST_ITEMS,
        {"list": SUBMISSIONS, "item_id": "gone", "datetime": on(1, 12), "fetched_at": on(2, 12)},
    )
    marts.load(
        ITEM_LOOKS,
        {"list": SUBMISSIONS, "item_id": "gone", "looked_at": on(5), "is_gone": True},
    )


@pytest.fixture(scope="module")
def world() -> Marts:
    marts = in_memory()
    fill(marts)
    return marts


def daily(world: Marts, image_id: str) -> list[tuple[Any, ...]]:
    """The days of an image: views, views gained, interpolated, observed, partial."""
    return world.read(
        "select day, views, views_gained, is_interpolated, is_observed, is_partial "
        f"from image_daily where image_id = '{image_id}' order by day",
    )


# image_daily


def test_image_daily__spreads_a_gap_evenly(world: Marts) -> None:
    """One view an hour, from the upload at noon of the 1st to the reading at noon of the 9th, a week after the one before."""
    # 12 hours until midnight, then 24 views a day, 12 on the last half day; 1000 bytes a view
    between = [
        (the(day), 12 + 24 * (day - 1), 1000 * (12 + 24 * (day - 1)), 24, 24_000, True, False, False)
        for day in range(3, 9)
    ]
    assert world.read("select * exclude (image_id) from image_daily where image_id = 'gap' order by day") == [
        ("me", the(1), 12, 12_000, 12, 12_000, True, False, False),
        ("me", the(2), 36, 36_000, 24, 24_000, True, True, False),
        *(("me", *row) for row in between),
        ("me", the(9), 192, 192_000, 12, 12_000, False, True, True),
    ]  # fmt: skip


def test_image_daily__has_no_day_without_a_reading(world: Marts) -> None:
    """An image that was never read has no row, though its upload is known."""
    assert daily(world, "unread") == []


@pytest.mark.parametrize("image_id", ["once", "timeless"])
def test_image_daily__one_reading_is_one_day(world: Marts, image_id: str) -> None:
    """A single reading of an old image, or of one whose upload is not known, gains nothing that one knows of."""
    assert world.read(f"from image_daily where image_id = '{image_id}'") == [
        (image_id, "me", the(2), 5, 0, None, None, False, True, True)
    ]


def test_image_daily__counts_from_the_upload_on_the_same_day(world: Marts) -> None:
    """What was read on the day of the upload came on this day."""
    assert daily(world, "same day") == [(the(2), 6, 6, False, True, True)]


def test_image_daily__nothing_moves_while_a_value_stands(world: Marts) -> None:
    """Days within one value are observed and gain nothing; the next value is reached evenly from its last sighting."""
    # 24 views in the 24 hours from 6:00 of the 4th: 18 until midnight
    assert daily(world, "held") == [
        (the(2), 5, None, False, True, False),
        (the(3), 5, 0, False, True, False),
        (the(4), 23, 18, True, True, False),
        (the(5), 29, 6, False, True, True),
    ]


def test_image_daily__shows_a_counter_that_fell(world: Marts) -> None:
    """A loss is a negative gain, not hidden."""
    # 8 fewer in 24 hours: 6 of them until midnight
    assert daily(world, "fell") == [(the(2), 4, None, True, True, False), (the(3), 2, -2, False, True, True)]


def test_image_daily__takes_a_reading_at_midnight_for_the_end_of_the_day(world: Marts) -> None:
    """At 0:00 the day before has ended with exactly this total, and the new one has gained nothing yet."""
    assert daily(world, "midnight") == [
        (the(2), 7, None, False, True, False),
        (the(3), 7, 0, False, True, True),
    ]


def test_image_daily__knows_a_start_for_a_week(world: Marts) -> None:
    """An upload counts as the start when the first reading came 7 days later, and not a second more."""
    # 10 views a day, 5 on the two half days
    assert daily(world, "in time") == [
        (the(1), 5, 5, True, False, False),
        *((the(day), 10 * day - 5, 10, True, False, False) for day in range(2, 8)),
        (the(8), 70, 5, False, True, True),
    ]
    assert daily(world, "too late") == [(the(8), 70, None, False, True, True)]


def test_image_daily__leaves_an_unknown_counter_unknown(world: Marts) -> None:
    """Where bandwidth was not shown its totals are null until it is, and so is the first gain; views are not touched."""
    assert world.read(
        "select day, views, bandwidth_bytes, views_gained, bandwidth_gained_bytes from image_daily "
        "where image_id = 'dark' order by day",
    ) == [(the(2), 2, None, None, None), (the(3), 3, 9, 1, None)]


def test_image_daily__takes_a_counter_from_a_reading_at_midnight(world: Marts) -> None:
    """A day that ends with a reading has the counters that it shows, though the one before showed none."""
    assert world.read(
        "select day, views, bandwidth_bytes, views_gained, bandwidth_gained_bytes from image_daily "
        "where image_id = 'lit at midnight' order by day",
    ) == [(the(2), 3, 9, None, None), (the(3), 5, 9, 2, 0), (the(4), 5, 9, 0, 0)]


def test_image_daily__start_is_no_observation(world: Marts) -> None:
    """Between the upload and a first reading of 0 views nothing was seen, though nothing can have moved."""
    assert daily(world, "untouched") == [
        (the(1), 0, 0, False, False, False),
        (the(2), 0, 0, False, False, False),
        (the(3), 0, 0, False, True, True),
    ]


def test_image_daily__counts_an_image_of_two_albums_once(world: Marts) -> None:
    """Images of another account's albums have their start, and one row a day."""
    assert world.read(
        "select account_name, day, views, views_gained from image_daily where image_id = 'theirs' order by day",
    ) == [("bob", the(1), 1, 1), ("bob", the(2), 2, 1)]


# post_daily


def test_post_daily__has_each_counter(world: Marts) -> None:
    """All counters move evenly; votes that are hidden later stay unknown, also in what is gained."""
    assert world.read("from post_daily where post_id = 'day by day' order by day") == [
        ("day by day", "me", the(1), 120, 12, 4, 8, 2, 1, 120, 8, 2, 1, True, False, False),
        ("day by day", "me", the(2), 360, None, None, None, 4, 3, 240, None, 2, 2, True, True, False),
        ("day by day", "me", the(3), 480, None, None, None, 4, 4, 120, None, 0, 1, False, True, True),
    ]


def test_post_daily__of_a_history_that_began_late(world: Marts) -> None:
    """The first day of an old post gains what nobody knows; votes, comments and favourites may be taken back."""
    # by midnight of the 3rd half of the way: 120 views, 8 up, 6 down, 5 comments, 1.5 favourites, which is
    # 2 less half of 1: rounded away from 0 that is 1
    assert world.read("from post_daily where post_id = 'late' order by day") == [
        ("late", "me", the(2), 100, 10, 4, 6, 6, 2, None, None, None, None, False, True, False),
        ("late", "me", the(3), 120, 8, 6, 2, 5, 1, 20, -4, -1, -1, True, True, False),
        ("late", "me", the(4), 140, 6, 8, -2, 4, 1, 20, -4, -1, 0, False, True, True),
    ]


def test_post_daily__of_a_deleted_post_ends_with_its_last_reading(world: Marts) -> None:
    """What is gone gains nothing more, and has no days."""
    assert world.read(
        "select day, daily.views, views_gained, is_partial, deleted_at is not null "
        "from post_daily as daily join posts using (post_id) where post_id = 'gone' order by day",
    ) == [(the(1), 12, 12, False, True), (the(2), 24, 12, True, True)]


@pytest.mark.parametrize(("post_id", "days"), [("unread", 0), ("timeless", 1)])
def test_post_daily__without_a_start(world: Marts, post_id: str, days: int) -> None:
    """No reading is no day; one reading of a post that has no time is one day without a gain."""
    expected = [(the(2), 24, None, True)]
    assert world.read(f"select day, views, views_gained, is_partial from post_daily where post_id = '{post_id}' order by day",
    ) == expected[:days]  # fmt: skip


def test_post_daily__knows_a_start_for_a_week(world: Marts) -> None:
    """A publication counts as the start when the first reading came 7 days later, and not a second more."""
    assert world.read(
        "select post_id, count(*), sum(views_gained)::bigint from post_daily "
        "where post_id in ('in time', 'too late') group by post_id order by post_id",
    ) == [("in time", 8, 70), ("too late", 1, None)]


def test_post_daily__of_a_post_read_at_its_publication(world: Marts) -> None:
    """What it had at that very moment came before; a reading at midnight ends the day, and estimates nothing."""
    assert world.read(
        "select day, views, views_gained, is_interpolated, is_observed, is_partial from post_daily "
        "where post_id = 'at once' order by day",
    ) == [(the(2), 7, None, False, True, False), (the(3), 7, 0, False, True, True)]


def test_post_daily__takes_counters_from_a_reading_at_midnight(world: Marts) -> None:
    """A day that ends with a reading has the counters that it shows, though the one before showed none."""
    assert world.read(
        "select * exclude (account_name) from post_daily where post_id = 'lit at midnight' order by day",
    ) == [
        ("lit at midnight", the(2), 9, 3, 1, 2, 4, 5, None, None, None, None, False, True, False),
        ("lit at midnight", the(3), 9, 3, 1, 2, 4, 5, 0, 0, 0, 0, False, True, True),
    ]


# post_lifetime


def test_post_lifetime__of_a_post_that_ages(world: Marts) -> None:
    """Each age between two readings has its total, unless these are too far apart for it."""
    # 10 views an hour up to 70 hours, with readings at 0, 6, 30 and 70 hours, then 1000 in 100 hours.
    # 3h lies in 6 hours, more than 4.5, and 12h in 24, more than 18; 2d lies in 40 hours, fewer than 48; 3d in 100, more than 72; 7d in the same 100, fewer than 168.
    # Votes are hidden in the last reading.
    assert world.read("from post_lifetime where post_id = 'aging' order by age_hours") == [
        ("aging", "me", "6h", 6, 60, 6, 2, 60 / 1700, False),
        ("aging", "me", "1d", 24, 240, 24, 2, 240 / 1700, True),
        ("aging", "me", "2d", 48, 480, 48, 2, 480 / 1700, True),
        ("aging", "me", "7d", 168, 1680, None, 2, 1680 / 1700, True),
    ]


def test_post_lifetime__bridges_a_night_that_was_missed(world: Marts) -> None:
    """The first day is known between readings 36 hours apart, half of it between those 18 hours apart, and no more."""
    assert world.read(
        "select post_id, age_bucket, views from post_lifetime where post_id like '% hours' order by all",
    ) == [("18 hours", "12h", 12), ("36 hours", "1d", 24)]


def test_post_lifetime__knows_a_counter_that_stood_still(world: Marts) -> None:
    """A value seen on the 2nd and on the 21st was the same all the time between, however long that is."""
    # 50 views in the first 24 hours, of which nobody knows the course
    assert world.read("select age_bucket, views, is_interpolated from post_lifetime where post_id = 'still' order by age_hours",
    ) == [
        ("1d", 50, False), ("2d", 50, False), ("3d", 50, False), ("7d", 50, False), ("14d", 50, False),
    ]  # fmt: skip


def test_post_lifetime__goes_on_for_90_days(world: Marts) -> None:
    """After a fortnight come a month, two and three, of 30 days each; what was last seen at 90 days is known there."""
    assert world.read(
        "select age_bucket, age_hours, views from post_lifetime where post_id = '90 days' and age_hours > 336 "
        "order by age_hours",
    ) == [("30d", 720, 50), ("60d", 1440, 50), ("90d", 2160, 50)]


def test_post_lifetime__of_no_views(world: Marts) -> None:
    """Of 0 views there is no share."""
    assert world.read(
        "select age_bucket, views, views_share, is_interpolated from post_lifetime "
        "where post_id = 'unseen' order by age_hours",
    ) == [(age, 0, None, False) for age in ("1h", "3h", "6h", "12h", "1d")]


def test_post_lifetime__of_one_reading(world: Marts) -> None:
    """A single reading tells of the very age it was made at, and of no other."""
    assert world.read("from post_lifetime where post_id = 'at 14 days'") == [
        ("at 14 days", "me", "14d", 336, 9, 0, 0, 1.0, False)
    ]


def test_post_lifetime__of_views_that_fell(world: Marts) -> None:
    """Shares are of the highest total, so none is above 1."""
    assert world.read(
        "select age_bucket, views, views_share from post_lifetime where post_id = 'fell' order by age_hours",
    ) == [("1d", 80, 1.0), ("2d", 40, 0.5)]


@pytest.mark.parametrize("post_id", ["unread", "timeless", "late"])
def test_post_lifetime__without_an_age(world: Marts, post_id: str) -> None:
    """Without a reading, without a time of publication, and years after it there is nothing to tell."""
    assert world.read(f"from post_lifetime where post_id = '{post_id}'") == []


# the series as a whole


def test_series__are_the_same_in_every_time_zone(world: Marts) -> None:
    """Days are UTC days and a week has 168 hours, whatever zone the session that makes them is in."""
    # New York's clocks went back an hour on the 1st, so its week around it has 169 hours; "over the
    # change" was first read after 168.5
    elsewhere = in_memory(time_zone="America/New_York")
    fill(elsewhere)
    for mart in ("image_daily", "post_daily", "post_lifetime"):
        rows = elsewhere.texts(f"from {mart} order by all")
        assert rows
        assert rows == world.texts(f"from {mart} order by all")


def test_series__of_nothing_are_empty(marts: Marts) -> None:
    """Before anything was read each of them is there, without a row."""
    for mart in ("image_daily", "post_daily", "post_lifetime"):
        assert marts.read(f"from {mart}") == []
