"""How posts do at their age, over marts with a handful of rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import log10
from pathlib import Path
from typing import Any

import engagement
import pytest
from published import Published

from tests.support.answers import FOOT, cells_of, fill_posts, points_of, traces_of, unbroken
from tests.support.published_files import RUN_AT, fill


def _benchmark(post_id: str, age_hours: int | None, views: int, **over: Any) -> dict[str, Any]:
    return {
        "post_id": post_id, "account_name": "fox", "age_bucket": "final" if age_hours is None else f"{age_hours}h",
        "age_hours": age_hours, "views": views, "median_views": 50, "p20_views": 20, "p80_views": 80, "posts": 6,
    } | over  # fmt: skip


def test_lifetimes__latest_posts_stand_before_the_band(file: Path) -> None:
    """The band has the account's own quantiles, the four newest posts are drawn, what has no age or view is not."""
    fill_posts(
        file,
        *(
            {"post_id": f"p{days}", "title": f"{days} days", "published_at": RUN_AT - timedelta(days=days)}
            for days in range(1, 7)
        ),
    )
    fill(
        file,
        "main.post_benchmark",
        *(_benchmark(f"p{days}", 6, 10 * days) for days in range(1, 7)),
        _benchmark("p2", 1, 0, median_views=0, p20_views=0, p80_views=0),
        _benchmark("p2", 24, 90, median_views=60, p20_views=60, p80_views=60, posts=4),
        _benchmark("p2", None, 900),
    )

    answer = engagement.lifetimes(Published.open(file))

    traces = traces_of(answer)
    assert list(traces) == [
        "usual (the middle 60 %)", "median", "other posts", "1 days", "2 days", "3 days", "4 days",
    ]  # fmt: skip
    assert points_of(traces["usual (the middle 60 %)"]) == [(6, 80), (6, 20)]
    assert points_of(traces["median"]) == [(6, 50)]
    assert points_of(traces["2 days"]) == [(6, 20), (24, 90)]
    assert points_of(traces["other posts"]) == [(6, 50), (None, None), (6, 60), (None, None)]
    assert answer.figure is not None
    lowest, highest = answer.figure.layout.xaxis.range
    assert (lowest, highest) == (pytest.approx(log10(6), abs=0.1), pytest.approx(log10(24), abs=0.1))
    assert lowest < log10(6) < log10(24) < highest
    assert answer.foot.startswith(FOOT + "6 posts, coverage ")


def test_lifetimes__have_no_band_of_few_posts(file: Path) -> None:
    """Four posts of an age say nothing of what is usual, as in the standing of a post."""
    fill_posts(file, {"post_id": "p", "title": "P"})
    fill(file, "main.post_benchmark", _benchmark("p", 6, 10, posts=4))

    answer = engagement.lifetimes(Published.open(file))

    assert list(traces_of(answer)) == ["P"]
    assert "There is no band yet: it takes 5 posts" in answer.html


def test_latest_posts__newest_first(file: Path) -> None:
    """A post in numbers, beside what is usual at its age; what is not known is a dash."""
    fill_posts(file, {"post_id": "a"})
    fill(
        file,
        "main.post_scorecard",
        {
            "post_id": "a", "account_name": "fox", "title": "A <b>", "views": 1200, "views_index": 2.04,
            "standing": "above", "age_bucket": "3d", "upvote_share": 0.5, "half_life_hours": 40.6,
            "half_life_from_hours": 30, "half_life_to_hours": 54, "is_own": True, "published_at": RUN_AT - timedelta(days=1),
        },
        {
            "post_id": "b", "account_name": "fox", "is_own": True, "views_index": 0.171,
            "published_at": datetime(2025, 12, 31, 23, 30, tzinfo=UTC),
        },
        {"post_id": "c", "account_name": "owl", "is_own": False, "published_at": RUN_AT},
    )  # fmt: skip

    fill(
        file,
        "main.post_benchmark",
        _benchmark("a", 24, 500, is_latest=False),
        _benchmark("a", 72, 900, is_latest=True),
        _benchmark("b", 72, 100, is_latest=True),  # beside too few others to be above or below
    )

    html = engagement.latest_posts(Published.open(file)).html

    assert cells_of(html) == [
        [
            "A &lt;b&gt;",
            "1,200",
            "2.04",
            "0.40 to 1.60",
            "above",
            "3d",
            unbroken("22 Nov"),
            "50 %",
            "30 to 54 h",
        ],
        ["(untitled, b)", "–", "0.17", "–", "–", "–", unbroken("31 Dec 2025"), "–", "–"],
    ]
    of_berlin = engagement.latest_posts(Published.open(file, time_zone="Europe/Berlin")).html
    assert cells_of(of_berlin)[1][6] == unbroken("01 Jan")


@pytest.mark.parametrize(
    ("hours", "since", "until", "words"),
    [
        (13.2, 0, 26.4, "&lt; 27 h"),
        (90, 0, 100, "&lt; 5 days"),
        (40.6, 30, 54, "30 to 54 h"),
        (7.2, 4.7, 28.7, "4 to 29 h"),
        (40.6, 40.2, 40.9, "41 h"),
        (70, 60, 72, "60 to 72 h"),
        (72, 60, 80, "2 to 4 days"),
        (100, 80, 120, "3 to 5 days"),
        (100, 97, 119, "4 days"),
        (40.6, None, None, "41 h"),
        (None, None, None, "–"),
    ],
)
def test_latest_posts__half_life_is_as_exact_as_it_is_known(
    hours: float | None, since: float | None, until: float | None, words: str, file: Path
) -> None:
    """A post that had half of its views by the first reading had them before it, at some hour."""
    fill(
        file,
        "main.post_scorecard",
        {
            "post_id": "a", "account_name": "fox", "is_own": True, "half_life_hours": hours,
            "half_life_from_hours": since, "half_life_to_hours": until,
        },
    )  # fmt: skip

    [cells] = cells_of(engagement.latest_posts(Published.open(file)).html)
    assert cells[-1] == words


def test_latest_posts__are_of_the_account_of_the_chart(file: Path) -> None:
    """Of several accounts chart and table take one, that with most posts, and name it first."""
    fill(file, "main.accounts", {"account_id": 2, "account_name": "owl", "fetched_at": RUN_AT})
    fill_posts(file, {"post_id": "a"}, {"post_id": "b"}, {"post_id": "c", "account_name": "owl"})
    for post_id, name in (("a", "fox"), ("c", "owl")):
        fill(
            file,
            "main.post_scorecard",
            {"post_id": post_id, "account_name": name, "is_own": True, "published_at": RUN_AT},
        )
        fill(file, "main.post_benchmark", _benchmark(post_id, 6, 10) | {"account_name": name})
    report = Published.open(file, account=None)

    table, chart = engagement.latest_posts(report), engagement.lifetimes(report)

    assert [row[0] for row in cells_of(table.html)] == ["(untitled, a)"]
    assert "(untitled, a)" in traces_of(chart)
    assert "(untitled, c)" not in traces_of(chart)
    assert table.above == chart.above == "<p>This is fox alone, which has most posts.</p>"
