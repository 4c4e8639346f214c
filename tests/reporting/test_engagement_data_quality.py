"""What was lost, and how far the numbers can be trusted, over marts with a handful of rows."""

from __future__ import annotations

from pathlib import Path

import duckdb
import engagement
from engagement.data_quality import NAMES
from published import Published

from tests.support.answers import an_item, cells_of, points_of, traces_of, unbroken
from tests.support.published_files import fill


def test_losses__most_viewed_first(file: Path) -> None:
    """What was lost follows with what is known of it; a post and the image of its id are one thing."""
    fill(
        file,
        "main.survival",
        an_item("a", "alive", 5000),
        an_item("b", "deleted", 7),
        an_item("c", "missing", 20),
        an_item("p", "deleted", 1000),
        an_item("p", "deleted", 1000, "post") | {"title": "P"},
    )

    answer = engagement.losses(Published.open(file, time_zone="Europe/Berlin"))

    assert answer.figure is None
    assert (
        "1 post seen, 1 lost; 4 images seen, 3 lost. What was lost had been viewed 1,027 times" in answer.html
    )
    assert "“missing” means not shown by one scan; “deleted” means taken for deleted" in answer.html
    day = unbroken("21 Nov")
    assert cells_of(answer.html) == [
        ["P", "1,000", day, "723 days", "post and its image", "deleted"],
        ["(untitled, c)", "20", day, "723 days", "image", "missing"],
        ["(untitled, b)", "7", day, "723 days", "image", "deleted"],
    ]


def test_losses__are_drawn_by_week_where_there_are_several(file: Path) -> None:
    """Weeks begin on Monday by the report's clock: half past eleven on Sunday in UTC is Monday in Berlin."""
    fill(
        file,
        "main.survival",
        an_item("a", "deleted", 1, day=10),
        an_item("b", "missing", 1, day=15),
        an_item("b", "missing", 1, "post", day=15),
        an_item("c", "missing", 1, day=16),
    )

    traces = traces_of(engagement.losses(Published.open(file, time_zone="Europe/Berlin")))

    assert points_of(traces["deleted: taken for deleted, after several scans"]) == [("2026-11-09", 1)]
    assert points_of(traces["missing: not shown by one scan"]) == [("2026-11-16", 2)]


def test_losses__says_that_nothing_was_lost(file: Path) -> None:
    """No loss is an answer, too."""
    fill(file, "main.survival", an_item("a", "alive", 5), an_item("p", "alive", 5, "post"))

    answer = engagement.losses(Published.open(file))

    assert answer.figure is None
    assert "Age then" not in answer.html
    assert "Nothing was lost: 1 post seen, 0 lost; 1 image seen, 0 lost." in answer.html


def test_losses__says_which_lists_were_not_read(file: Path) -> None:
    """Where no list shows an account's images, none can be missed."""
    fill(file, "main.survival", an_item("p", "alive", 5, "post"))

    html = engagement.losses(Published.open(file)).html

    assert "Nothing was lost: 1 post seen, 0 lost; no list of images was read." in html


def test_freshness__oldest_and_least_complete_first(file: Path) -> None:
    """What leaves most to wish for is read first, under names that need no knowledge of the tables."""
    with duckdb.connect(str(file)) as connection:
        connection.execute("delete from main.data_freshness")
    fill(
        file,
        "main.data_freshness",
        *(
            {
                "table_name": name, "rows": 8000, "coverage_share": share, "median_age_hours": 1,
                "p95_age_hours": age, "open_gaps": None,
            }
            for name, share, age in (
                ("images", 1, 2), ("post_metrics", None, 400), ("posts", 0.5, 3), ("tags", 1, None),
            )
        ),
    )  # fmt: skip

    html = engagement.freshness(Published.open(file)).html

    assert cells_of(html) == [
        ["Posts", "8,000", "50 %", "–", "1.0 h", "3.0 h"],
        ["History of posts", "8,000", "–", "–", "1.0 h", "17 days"],
        ["Images", "8,000", "100 %", "–", "1.0 h", "2.0 h"],
        ["Tags", "8,000", "100 %", "–", "1.0 h", "–"],
    ]


def test_freshness__has_a_name_for_each_table(nothing: Path) -> None:
    """No table is shown under the name that only the database uses."""
    with duckdb.connect(str(nothing), read_only=True) as connection:
        tables = connection.execute("select table_name from main.data_freshness").fetchall()

    assert {name for (name,) in tables} == NAMES.keys()
