"""The answers of the engagement report, over marts with a handful of rows."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from math import isnan, log10
from pathlib import Path
from typing import Any

import duckdb
import engagement
import pytest
from design import BETTER, INK, WORSE, Answer
from engagement.trust import NAMES
from published import Published
from published_files import RUN_AT, file_without_a_row, fill

ANSWERS: list[Callable[[Published], Answer]] = [
    getattr(engagement, name) for name in engagement.__all__ if name != "summary"
]
FOOT = "data as of 23 Nov 2026, 02:00 UTC, n = "


@pytest.fixture(scope="module")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file without a row; not to be changed."""
    return file_without_a_row(tmp_path_factory.mktemp("nothing") / "nothing.duckdb")


@pytest.fixture
def file(nothing: Path, tmp_path: Path) -> Path:
    """A file that follows `fox`, for a test of its own."""
    file = shutil.copyfile(nothing, tmp_path / "some.duckdb")
    fill(file, "main.accounts", {"account_id": 1, "account_name": "fox", "fetched_at": RUN_AT})
    return file


def _posts(file: Path, *posts: dict[str, Any]) -> None:
    fill(
        file,
        "main.posts",
        *({"account_name": "fox", "is_own": True, "published_at": RUN_AT} | post for post in posts),
    )


def _until_now(file: Path, **asked: Any) -> Published:
    """The file, asked about days that end with that of the data, which is not over."""
    return Published.open(file, end="2026-11-23", **asked)


def _traces(answer: Answer) -> dict[str, Any]:
    """The traces of a chart by the names in its legend."""
    assert answer.figure is not None
    return {trace.name: trace for trace in answer.figure.data}


def _points(trace: Any) -> list[tuple[Any, Any]]:
    return list(zip(trace.x, trace.y, strict=True))


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: str(answer.__name__))
def test_answer__is_words_where_nothing_is_held(answer: Callable[[Published], Answer], nothing: Path) -> None:
    """A file without a row gives no empty axis and no error, but a reason, and the line that each answer has."""
    with_nothing = answer(Published.open(nothing))

    assert with_nothing.figure is None
    if answer is not engagement.freshness:
        assert "nothing" in with_nothing.html
        assert "python pipelines/sync.py" in with_nothing.html
    assert with_nothing.foot.startswith(FOOT + "0 ")
    assert ", coverage " in with_nothing.foot


def test_summary__says_whose_report_it_is(file: Path) -> None:
    """The account in question, the others that are followed, the days, the age of the data, and the clock."""
    fill(
        file, "main.accounts", {"account_id": 2, "account_name": "<owl>", "fetched_at": RUN_AT - timedelta(1)}
    )

    answer = engagement.summary(Published.open(file, days=4, time_zone="Europe/Berlin"))

    assert answer.html == (
        '<p class="lead"><strong>fox</strong> (also followed: &lt;owl&gt;)<br>'
        "19 Nov 2026 to 22 Nov 2026 · data as of 23 Nov 2026, 02:00 UTC<br>"
        "Days are UTC days; hours, weekdays and times are those of Europe/Berlin</p>"
    )


# What happened


def _days(file: Path, first: date, *post_views: int | None) -> None:
    """Days of `fox` from *first* on, which gained *post_views* and a point each."""
    fill(
        file,
        "main.account_daily",
        *(
            {
                "account_name": "fox", "day": first + timedelta(days=number), "reputation": 100 + number,
                "reputation_gained": 1 if number else None, "post_views_gained": views, "points_gained": 1,
            }
            for number, views in enumerate(post_views)
        ),
    )  # fmt: skip


def test_headline__compares_with_the_days_before(file: Path) -> None:
    """Two days with 300 + 150 views after two with 100 + 200 are 450, half as many again."""
    fill(file, "main.survival", _item("i", "alive", 5))
    _days(file, date(2026, 11, 19), None, 100, 200, 300, 150)
    _posts(file, {"post_id": "a"}, {"post_id": "b", "published_at": RUN_AT - timedelta(days=2)})

    answer = engagement.headline(_until_now(file, days=2))

    assert _tile("Views of posts", "+450", "+50 % against 300 in the 2 days before") in answer.html
    assert _tile("Points", "+2", "no change against 2 in the 2 days before") in answer.html
    assert _tile("Reputation gained", "+2", "no change against 2 in the 2 days before") in answer.html
    assert _tile("Posts published", "1", "no change against 1 in the 2 days before") in answer.html
    assert _tile("Views of images", "–") in answer.html
    assert "The last day, 23 Nov, was not over" in answer.html
    assert "not over" not in engagement.headline(Published.open(file, days=2)).html
    assert "nothing to compare" not in answer.html
    assert "not counted" not in answer.html
    assert answer.foot.startswith(FOOT + "2 posts, coverage ")


def test_headline__says_when_there_is_nothing_to_compare_with(file: Path) -> None:
    """Of the first day on record nobody knows what it added, so five days on record can compare two with two."""
    _days(file, date(2026, 11, 19), None, 100, 200, 300, 150)

    answer = engagement.headline(_until_now(file, days=3))

    # 21st to 23rd against 18th to 20th
    assert _tile("Views of posts", "+650") in answer.html
    assert answer.html.count("not held") == 1
    assert (
        "The 3 days before are not held in full, so but for posts there is nothing to compare" in answer.html
    )
    assert "<code>--days 2</code>" in answer.html
    assert "Counting began" not in answer.html


def test_headline__leaves_out_what_was_before_counting_began(file: Path) -> None:
    """Days up to the first reading have what young posts are taken to have gained, and nothing of older ones."""
    _days(file, date(2026, 11, 19), 100, 200, 300)
    fill(
        file,
        "main.account_daily",
        {"account_name": "fox", "day": date(2026, 11, 18), "post_views_gained": 5000, "points_gained": 50},
    )

    html = engagement.headline(Published.open(file)).html

    assert _tile("Views of posts", "+500") in html
    assert _tile("Points", "+2") in html
    assert "Counting began on 19 Nov 2026, within this period: gains up to the end of that day" in html
    of_first_day = engagement.headline(Published.open(file, days=2, end="2026-11-19")).html
    assert _tile("Views of posts", "–") in of_first_day


def test_headline__says_for_each_account_when_counting_began(file: Path) -> None:
    """Of several accounts each has its own first day, and the latest decides what can be compared."""
    fill(file, "main.accounts", {"account_id": 2, "account_name": "owl", "fetched_at": RUN_AT})
    for name, day, views in (
        ("fox", 12, 100), ("fox", 13, 10), ("owl", 17, 1000), ("owl", 20, 100), ("owl", 21, 2), ("owl", 22, 1),
    ):  # fmt: skip
        fill(
            file,
            "main.account_daily",
            {
                "account_name": name, "day": date(2026, 11, day), "post_views_gained": views,
                "reputation": None if views == 1000 else 7,
            },
        )  # fmt: skip

    html = engagement.headline(Published.open(file, account=None)).html

    assert _tile("Views of posts", "+13") in html
    assert "Counting began on 12 Nov 2026 for fox and on 20 Nov 2026 for owl, within this period" in html
    assert "<code>--days 1</code>" in html
    fill(
        file,
        "main.account_daily",
        {"account_name": "fox", "day": date(2026, 11, 20), "reputation": 7, "post_views_gained": 0},
    )
    of_fox = engagement.headline(Published.open(file, account=None, days=8, end="2026-11-19")).html
    assert "Counting began on 12 Nov 2026 for fox, within this period" in of_fox
    assert "Nothing of owl was read in it." in of_fox


def test_headline__says_once_when_counting_began_for_all(file: Path) -> None:
    """Two accounts that were first read in one night need no names."""
    fill(file, "main.accounts", {"account_id": 2, "account_name": "owl", "fetched_at": RUN_AT})
    for name in ("fox", "owl"):
        for day in (12, 13):
            fill(
                file,
                "main.account_daily",
                {"account_name": name, "day": date(2026, 11, day), "reputation": 7, "post_views_gained": 1},
            )

    html = engagement.headline(Published.open(file, account=None)).html

    assert "Counting began on 12 Nov 2026, within this period" in html


def test_headline__counts_views_of_images_that_a_list_shows_each_night(file: Path) -> None:
    """Images that came with their albums once have few gains that are known, and no sum is made of them."""
    fill(file, "main.accounts", {"account_id": 2, "account_name": "<owl>", "fetched_at": RUN_AT})
    for name, views in (("fox", 10), ("<owl>", 63)):
        fill(
            file,
            "main.account_daily",
            *(
                {
                    "account_name": name,
                    "day": date(2026, 11, day),
                    "reputation": 7,
                    "image_views_gained": views,
                }
                for day in (21, 22)
            ),
        )
    fill(
        file,
        "main.survival",
        _item("i", "alive", 5),
        _item("p", "alive", 5, "post") | {"account_name": "<owl>"},
    )

    of_both = engagement.headline(Published.open(file, account=None)).html
    of_owl = engagement.headline(Published.open(file, account="<owl>")).html

    assert _tile("Views of images", "+10") in of_both
    assert "Images of &lt;owl&gt; are not counted" in of_both
    assert _tile("Views of images", "–") in of_owl


def test_headline__names_no_shorter_period_where_none_can_be_compared(file: Path) -> None:
    """After one whole day there is nothing to compare with, however short the period."""
    _days(file, date(2026, 11, 21), None, 100)

    html = engagement.headline(Published.open(file)).html

    assert "nothing to compare with" in html
    assert "--days" not in html
    of_a_day = engagement.headline(Published.open(file, days=1)).html
    assert "The day before is not held in full" in of_a_day


@pytest.mark.parametrize("asked", [{"end": "2026-11-18"}, {"start": "2026-11-23"}])
@pytest.mark.parametrize("answer", [engagement.headline, engagement.views_by_day])
def test_period__without_a_reading(
    answer: Callable[[Published], Answer], asked: dict[str, Any], file: Path
) -> None:
    """Before the first reading and after the last one nothing was read; no other reason is made up."""
    _posts(file, {"post_id": "a"})
    _days(file, date(2026, 11, 19), None, 100, 200)

    html = answer(Published.open(file, **asked)).html

    assert html == (
        '<p class="nothing">Nothing was read in this period; '
        "what is held runs from 19 Nov 2026 to 21 Nov 2026.</p>"
    )


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        (100, 76, "−24 %"),
        (100, 100, "no change"),
        (1000, 1001, "hardly a change"),
        (1000, 999, "hardly a change"),
        (10, 15, "+50 %"),
    ],
)
def test_headline__says_how_much_has_changed(before: int, now: int, words: str, file: Path) -> None:
    """A minus is as wide as a plus, and nothing changes by +0 %."""
    _days(file, date(2026, 11, 21), None, before, now)

    html = engagement.headline(_until_now(file, days=1)).html

    assert _tile("Views of posts", f"+{now:,}", f"{words} against {before:,} on the day before") in html


def test_headline__has_no_percentage_of_next_to_nothing(file: Path) -> None:
    """From 3 views to 4 is no third more, and a loss has its sign."""
    _days(file, date(2026, 11, 20), None, 3, 4, -2)

    html = engagement.headline(Published.open(file, days=1)).html
    lost = engagement.headline(_until_now(file, days=1)).html

    assert _tile("Views of posts", "+4", "against 3 on the day before") in html
    assert _tile("Views of posts", "−2", "against 4 on the day before") in lost


def _tile(name: str, value: str, change: str = "") -> str:
    return (
        f'<div class="tile"><div class="name">{name}</div><div class="value">{value}</div>'
        + (f'<div class="change">{change}</div>' if change else "")
        + "</div>"
    )


def test_views_by_day__tells_new_posts_from_older_ones(file: Path) -> None:
    """Days of the period only; a gain that nobody knows is no bar."""
    _posts(file, {"post_id": "new"}, {"post_id": "old", "published_at": RUN_AT - timedelta(days=90)})
    fill(
        file,
        "main.post_daily",
        {"post_id": "old", "day": date(2026, 11, 1), "views_gained": 77},
        {"post_id": "old", "day": date(2026, 11, 22), "views_gained": 5},
        {"post_id": "old", "day": date(2026, 11, 23), "views_gained": None},
        {"post_id": "new", "day": date(2026, 11, 23), "views_gained": 40},
    )

    answer = engagement.views_by_day(_until_now(file, days=7))

    traces = _traces(answer)
    assert _points(traces["older posts"]) == [("2026-11-22", 5)]
    assert _points(traces["posts of this period"]) == [("2026-11-23", 40)]
    assert list(traces["older posts"].marker.pattern.shape) == [""]
    assert list(traces["posts of this period"].marker.pattern.shape) == ["/"]
    assert "The hatched day, 23 Nov, was not over when the data was read." in answer.html
    assert answer.figure is not None
    assert list(answer.figure.layout.xaxis.tickvals) == ["2026-11-22", "2026-11-23"]
    assert "hatched" not in engagement.views_by_day(Published.open(file, days=7)).html
    assert answer.foot.startswith(FOOT + "2 days, coverage ")


def test_views_by_day__what_nobody_saw_is_paler(file: Path) -> None:
    """Days up to the account's first reading are estimates, and told from those that were counted."""
    _posts(file, {"post_id": "a"}, {"post_id": "b"})
    _days(file, date(2026, 11, 20), None, None)
    days = [("a", 20, 3), ("a", 21, 4), ("b", 21, 1), ("b", 22, 2)]
    fill(
        file,
        "main.post_daily",
        *({"post_id": post, "day": date(2026, 11, day), "views_gained": views} for post, day, views in days),
    )

    answer = engagement.views_by_day(Published.open(file, days=7))

    traces = _traces(answer)
    assert _points(traces["posts of this period, estimated"]) == [("2026-11-20", 3)]
    assert _points(traces["posts of this period"]) == [("2026-11-21", 5), ("2026-11-22", 2)]
    assert "estimates, up to the one on which counting began" in answer.html
    assert "They are not in the sums above." in answer.html


def test_views_by_day__says_what_a_single_reading_lacks(file: Path) -> None:
    """One night of old posts has no gain: the answer says when there will be one."""
    _posts(file, {"post_id": "old"})
    fill(file, "main.post_daily", {"post_id": "old", "day": date(2026, 11, 23), "views": 9})

    assert "Run the job again tomorrow." in engagement.views_by_day(Published.open(file)).html


# How posts do


def _benchmark(post_id: str, age_hours: int | None, views: int, **over: Any) -> dict[str, Any]:
    return {
        "post_id": post_id, "account_name": "fox", "age_bucket": "final" if age_hours is None else f"{age_hours}h",
        "age_hours": age_hours, "views": views, "median_views": 50, "p20_views": 20, "p80_views": 80, "posts": 6,
    } | over  # fmt: skip


def test_lifetimes__latest_posts_stand_before_the_band(file: Path) -> None:
    """The band has the account's own quantiles, the four newest posts are drawn, what has no age or view is not."""
    _posts(
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

    traces = _traces(answer)
    assert list(traces) == [
        "usual (the middle 60 %)", "median", "other posts", "1 days", "2 days", "3 days", "4 days",
    ]  # fmt: skip
    assert _points(traces["usual (the middle 60 %)"]) == [(6, 80), (6, 20)]
    assert _points(traces["median"]) == [(6, 50)]
    assert _points(traces["2 days"]) == [(6, 20), (24, 90)]
    assert _points(traces["other posts"]) == [(6, 50), (None, None), (6, 60), (None, None)]
    assert answer.figure is not None
    lowest, highest = answer.figure.layout.xaxis.range
    assert (lowest, highest) == (pytest.approx(log10(6), abs=0.1), pytest.approx(log10(24), abs=0.1))
    assert lowest < log10(6) < log10(24) < highest
    assert answer.foot.startswith(FOOT + "6 posts, coverage ")


def test_lifetimes__have_no_band_of_few_posts(file: Path) -> None:
    """Four posts of an age say nothing of what is usual, as in the standing of a post."""
    _posts(file, {"post_id": "p", "title": "P"})
    fill(file, "main.post_benchmark", _benchmark("p", 6, 10, posts=4))

    answer = engagement.lifetimes(Published.open(file))

    assert list(_traces(answer)) == ["P"]
    assert "There is no band yet: it takes 5 posts" in answer.html


def test_latest_posts__newest_first(file: Path) -> None:
    """A post in numbers, beside what is usual at its age; what is not known is a dash."""
    _posts(file, {"post_id": "a"})
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

    assert _cells(html) == [
        [
            "A &lt;b&gt;",
            "1,200",
            "2.04",
            "0.40 to 1.60",
            "above",
            "3d",
            _unbroken("22 Nov"),
            "50 %",
            "30 to 54 h",
        ],
        ["(untitled, b)", "–", "0.17", "–", "–", "–", _unbroken("31 Dec 2025"), "–", "–"],
    ]
    of_berlin = engagement.latest_posts(Published.open(file, time_zone="Europe/Berlin")).html
    assert _cells(of_berlin)[1][6] == _unbroken("01 Jan")


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

    [cells] = _cells(engagement.latest_posts(Published.open(file)).html)
    assert cells[-1] == words


def test_latest_posts__are_of_the_account_of_the_chart(file: Path) -> None:
    """Of several accounts chart and table take one, that with most posts, and name it first."""
    fill(file, "main.accounts", {"account_id": 2, "account_name": "owl", "fetched_at": RUN_AT})
    _posts(file, {"post_id": "a"}, {"post_id": "b"}, {"post_id": "c", "account_name": "owl"})
    for post_id, name in (("a", "fox"), ("c", "owl")):
        fill(
            file,
            "main.post_scorecard",
            {"post_id": post_id, "account_name": name, "is_own": True, "published_at": RUN_AT},
        )
        fill(file, "main.post_benchmark", _benchmark(post_id, 6, 10) | {"account_name": name})
    report = Published.open(file, account=None)

    table, chart = engagement.latest_posts(report), engagement.lifetimes(report)

    assert [row[0] for row in _cells(table.html)] == ["(untitled, a)"]
    assert "(untitled, a)" in _traces(chart)
    assert "(untitled, c)" not in _traces(chart)
    assert table.above == chart.above == "<p>This is fox alone, which has most posts.</p>"


def _unbroken(text: str) -> str:
    """With spaces that no line breaks at."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def _cells(html: str) -> list[list[str]]:
    body = html.partition("<tbody>")[2]
    return [
        [cell.partition(">")[2].removesuffix("</td>") for cell in row.split("<td")[1:]]
        for row in body.replace("</tr>", "").split("<tr>")[1:]
        for row in [row.partition("</tbody>")[0]]
    ]


# Beside others


def _rank(
    post_id: str, rank: int, night: int, *, feed: str = "hot/viral", own: bool = False
) -> dict[str, Any]:
    return {
        "feed": feed, "post_id": post_id, "title": post_id.upper(), "account_name": "fox" if own else "owl",
        "rank": rank, "is_own": own, "observed_at": RUN_AT - timedelta(days=night),
    }  # fmt: skip


def test_rank_trajectories__line_breaks_where_the_post_was_not_there(file: Path) -> None:
    """Own posts in the feed that showed them, 1 at the top; a reading without the post is a gap, not a slope."""
    fill(
        file,
        "main.gallery_rank_history",
        *(_rank("other", 1, night) for night in range(4)),
        _rank("mine", 8, 3, feed="user/time", own=True),
        _rank("other", 9, 2, feed="user/time"),
        _rank("mine", 2, 0, feed="user/time", own=True),
    )

    answer = engagement.rank_trajectories(_until_now(file))

    [(name, trace)] = _traces(answer).items()
    assert (name, trace.connectgaps) == ("MINE", False)
    assert [rank for rank in trace.y if not isnan(rank)] == [8, 2]
    assert isnan(trace.y[1])
    assert answer.figure is not None
    lowest, highest = answer.figure.layout.yaxis.range
    assert lowest > log10(8) > log10(1) > highest
    assert "rank in user/time" in answer.figure.layout.annotations[0].text
    assert answer.figure.layout.xaxis.title.text == "time (UTC)"
    assert answer.foot.startswith(FOOT + "3 readings of 2 posts, coverage ")


def test_rank_trajectories__prefer_the_feed_that_everybody_sees(file: Path) -> None:
    """One post of ours in hot/viral tells more than two among the newest."""
    fill(
        file,
        "main.gallery_rank_history",
        _rank("a", 1, 0, feed="user/time", own=True),
        _rank("b", 2, 0, feed="user/time", own=True),
        _rank("b", 50, 0, own=True),
        _rank("other", 1, 0),
        _rank("other", 1, 1),
    )

    assert list(_traces(engagement.rank_trajectories(_until_now(file)))) == ["B"]


def test_rank_trajectories__without_posts_of_ours_tells_the_best(file: Path) -> None:
    """The feed that everybody sees, its best posts by their best rank, at most six, and it says so."""
    fill(
        file,
        "main.gallery_rank_history",
        *(_rank(f"p{rank}", rank, night) for rank in range(1, 9) for night in (0, 1)),
        *(_rank(f"q{rank}", rank, 0, feed="user/time") for rank in range(1, 30)),
        _rank("long ago", 1, 300),
    )

    answer = engagement.rank_trajectories(_until_now(file))

    assert list(_traces(answer)) == ["P1", "P2", "P3", "P4", "P5", "P6"]
    assert "No feed showed a post of a followed account" in answer.html


def test_rank_trajectories__are_the_best_however_seldom_they_were_read(file: Path) -> None:
    """A post that one reading showed at rank 1 is a mark without a line, before six that stood lower."""
    fill(
        file,
        "main.gallery_rank_history",
        _rank("once", 1, 0, own=True),
        *(_rank(f"p{rank}", rank, night, own=True) for rank in range(2, 8) for night in (0, 1)),
    )

    answer = engagement.rank_trajectories(_until_now(file))

    traces = _traces(answer)
    assert list(traces) == ["ONCE", "P2", "P3", "P4", "P5", "P6"]
    assert "markers" in traces["ONCE"].mode
    assert answer.html == (
        "<p>These are the best of fox in hot/viral. "
        "A mark without a line is a post that a single reading showed.</p>"
    )


def test_rank_trajectories__are_shown_in_the_zone_that_is_asked_for(file: Path) -> None:
    """Two in the morning in UTC is three in Berlin, in November, and the axis says whose three."""
    fill(file, "main.gallery_rank_history", _rank("p", 1, 0), _rank("p", 2, 1))

    answer = engagement.rank_trajectories(_until_now(file, time_zone="Europe/Berlin"))

    assert [str(at)[:16] for at in _traces(answer)["P"].x] == ["2026-11-22T03:00", "2026-11-23T03:00"]
    assert answer.figure is not None
    assert answer.figure.layout.xaxis.title.text == "time (Europe/Berlin)"


def test_rank_trajectories__of_one_reading_are_a_table(file: Path) -> None:
    """A single point makes no line, and an axis around it would repeat one day."""
    fill(file, "main.gallery_rank_history", _rank("p", 7, 0), _rank("q", 3, 0))

    answer = engagement.rank_trajectories(_until_now(file, time_zone="Europe/Berlin"))

    assert answer.figure is None
    assert _cells(answer.html) == [["Q", "3"], ["P", "7"]]
    assert "It was read once in this period, on 23 Nov 2026, 03:00 (Europe/Berlin)" in answer.html


def test_rank_trajectories__tell_a_period_without_a_reading_from_none_at_all(file: Path) -> None:
    """Whoever reads feeds needs no advice to read some."""
    fill(file, "main.gallery_rank_history", _rank("p", 7, 20), _rank("p", 7, 4))

    html = engagement.rank_trajectories(Published.open(file, days=2)).html

    assert "No feed was read in this period; readings are held from 03 Nov 2026 to 19 Nov 2026." in html
    assert "config.toml" not in html


def test_votes_against_views__ours_stand_out(file: Path) -> None:
    """A logarithmic axis has no zero, so a post without votes is left out; the line is the middle share of votes."""
    fill(
        file,
        "main.post_scorecard",
        {
            "post_id": "a",
            "account_name": "fox",
            "title": "A",
            "views": 100,
            "ups": 9,
            "downs": 1,
            "is_own": True,
        },
        {"post_id": "b", "account_name": "owl", "views": 1000, "ups": 20, "downs": 0, "is_own": False},
        {"post_id": "c", "account_name": "owl", "views": 2000, "ups": 100, "downs": 0, "is_own": None},
        {"post_id": "d", "account_name": "owl", "views": 50, "ups": 0, "downs": 0, "is_own": False},
        {"post_id": "e", "account_name": "owl", "views": None, "ups": None, "downs": None, "is_own": False},
    )

    answer = engagement.votes_against_views(Published.open(file))

    traces = _traces(answer)
    assert _points(traces["fox"]) == [(100, 10)]
    assert sorted(_points(traces["posts of others"])) == [(1000, 20), (2000, 100)]
    # 10 %, 2 % and 5 % of the views are votes: the middle is 5 %
    assert _points(traces["typical: 50.0 votes per 1,000 views"]) == [(100, 5), (2000, 100)]
    assert answer.figure is not None
    assert [note.text for note in answer.figure.layout.annotations] == ["votes, up and down", "A"]
    assert answer.foot.startswith(FOOT + "3 posts, coverage ")


def test_votes_against_views__names_the_farthest(file: Path) -> None:
    """Three posts whose votes are least like their views."""
    fill(
        file,
        "main.post_scorecard",
        *(
            {"post_id": name, "title": name, "account_name": "fox", "views": views, "ups": ups, "downs": 0,
             "is_own": True}
            for name, views, ups in (
                ("usual", 1000, 100), ("many", 500, 400), ("also many", 500, 390), ("few", 60_000, 300),
                ("hardly any", 90_000, 20), ("like others", 2000, 200), ("as well", 4000, 400),
            )
        ),
    )  # fmt: skip

    figure = engagement.votes_against_views(Published.open(file)).figure

    assert figure is not None
    assert [note.text for note in figure.layout.annotations[1:]] == ["hardly any", "few", "many"]


def test_votes_against_views__titles_stand_where_no_mark_is(file: Path) -> None:
    """Beside a cloud of others' posts, each title has a line to its mark, its own height, and no ground of its own."""
    fill(
        file,
        "main.post_scorecard",
        *(
            {"post_id": f"o{place}", "account_name": "owl", "views": views, "ups": views * share // 100, "downs": 0}
            for place, views in enumerate(range(1000, 100_000, 1500)) for share in (4, 10, 25)
        ),
        *(
            {"post_id": end, "title": f"Restoring a ferry: part {end}", "account_name": "fox", "views": views,
             "ups": ups, "downs": 0, "is_own": True}
            for end, views, ups in (("one", 40_000, 1200), ("two", 40_000, 1250), ("six", 5000, 2500))
        ),
    )  # fmt: skip

    answer = engagement.votes_against_views(Published.open(file))

    assert answer.figure is not None
    _, *notes = answer.figure.layout.annotations
    assert {note.text.replace("<br>", " ") for note in notes} == {
        f"Restoring a ferry: part {end}" for end in ("one", "two", "six")
    }
    assert all(note.showarrow and note.bgcolor is None for note in notes)
    assert len({note.ay for note in notes}) == 3
    marks = [point for trace in answer.figure.data if trace.mode == "markers" for point in _points(trace)]
    covered = [
        (note.text, views, votes)
        for note in notes
        for views, votes in marks
        # two lines of text, a third of the chart wide on a phone
        if abs(log10(votes) - note.ay) < 0.1
        and 0 <= (log10(views) - note.ax) * (1 if note.xanchor == "left" else -1) < 0.6
    ]
    assert covered == []


def test_votes_against_views__no_line_crosses_a_title(file: Path) -> None:
    """Of two posts side by side below all others, the title of the left one is not on the line of the other."""
    fill(
        file,
        "main.post_scorecard",
        *(
            {"post_id": f"{place} {share}", "account_name": "owl", "views": round(10 ** (2 + place / 20)),
             "ups": round(10 ** (2 + place / 20) * share / 100), "downs": 0}
            for place in range(80) for share in (2, 4, 8, 16)
        ),
        *(
            {"post_id": end, "title": f"Found this hammock: {end}", "account_name": "fox", "views": views,
             "ups": ups, "downs": 0, "is_own": True}
            for end, views, ups in (("left", 5000, 75), ("right", 7000, 140))
        ),
    )  # fmt: skip

    figure = engagement.votes_against_views(Published.open(file)).figure

    assert figure is not None
    left, right = sorted(figure.layout.annotations[1:], key=lambda note: float(note.x))
    assert right.ax == pytest.approx(right.x)  # its line is upright
    assert left.ax < right.x < left.ax + 1  # as far as the title of the left one reaches
    assert not min(right.y, right.ay) < left.ay < max(right.y, right.ay)


# What works


def _compared(file: Path, *posts: tuple[datetime, float | None], account: str = "fox") -> None:
    """Posts of *account* by their publication, with the index that stands for each; without one, not compared."""
    for number, (published_at, index) in enumerate(posts):
        post_id = f"{account}{number}"
        _posts(file, {"post_id": post_id, "account_name": account, "published_at": published_at})
        fill(
            file,
            "main.post_benchmark",
            {
                "post_id": post_id,
                "account_name": account,
                "views_index": index or 9,
                "is_comparable": bool(index),
            },
        )


MONDAY, TUESDAY = datetime(2026, 11, 16, 9, 30, tzinfo=UTC), datetime(2026, 11, 17, 23, 30, tzinfo=UTC)


def _bars(answer: Answer) -> dict[str, tuple[str, Any, bool]]:
    """Of each hour and weekday with a post: the number at the bar, what it says, and whether it is filled, not hatched."""
    assert answer.figure is not None
    return {
        name: (text, pytest.approx(10**height), not shape)
        for trace in answer.figure.data
        for name, height, text, shape in zip(
            trace.x, trace.y, trace.text, trace.marker.pattern.shape, strict=True
        )
    }


def test_posting_times__take_each_post_by_itself(file: Path) -> None:
    """An hour has the median of its posts' indices, drawn to the usual by five; fewer than five are hatched."""
    wednesday = MONDAY + timedelta(days=2)
    _compared(
        file,
        *((MONDAY, index) for index in (8, 8, 8)),
        *((wednesday, index) for index in (0.5, 1, 2)),
        (TUESDAY, 0.001),
        (TUESDAY, None),
    )

    answer = engagement.posting_times(Published.open(file))

    assert _bars(answer) == {
        # of 0.5, 1, 2, 8, 8, 8 the middle is 5; that of the days' medians, each as often as its posts, were 4.5
        "09": ("6", 5 ** (6 / 11), True),
        "23": ("1", 0.01 ** (1 / 6), False),
        "Mon": ("3", 8 ** (3 / 8), False),
        "Tue": ("1", 0.01 ** (1 / 6), False),
        "Wed": ("3", 1, False),
    }
    assert "Fewer than 5 say little, so their bar is hatched in grey." in answer.html
    assert "1 of 8 posts are not counted" in answer.html
    assert answer.foot.startswith(FOOT + "7 posts, coverage ")


def test_posting_times__what_is_as_usual_does_not_look_like_few_posts(file: Path) -> None:
    """A bar too flat for its hatch is told from one that rests on five posts: by its edge and its number."""
    _compared(file, *[(MONDAY, 1)] * 5, *[(TUESDAY, 1)] * 4)

    answer = engagement.posting_times(Published.open(file))

    assert answer.figure is not None
    for bars in answer.figure.data:
        assert len(set(bars.marker.color)) == len(set(bars.marker.line.color)) == 2
        assert len(set(bars.textfont.color)) == 2


def test_posting_times__go_by_the_clock_that_is_asked_for(file: Path) -> None:
    """Half past eleven on Tuesday night in UTC is half past midnight on Wednesday in Berlin."""
    _compared(file, *[(TUESDAY, 2)] * 5)

    of_berlin = Published.open(file, time_zone="Europe/Berlin")
    bars, week = engagement.posting_times(of_berlin), engagement.posting_week(of_berlin)

    assert list(_bars(engagement.posting_times(Published.open(file)))) == ["23", "Tue"]
    assert list(_bars(bars)) == ["00", "Wed"]
    assert bars.figure is not None
    assert week.figure is not None
    assert bars.figure.layout.xaxis.title.text == "hour (Europe/Berlin)"
    assert bars.figure.layout.annotations[0].text == "views against the usual (logarithmic)"
    assert list(_marks(week.figure.data[1])) == [("Wed", "00:00")]
    assert "(Europe/Berlin)" in week.figure.layout.annotations[0].text


def test_posting_times__end_at_four_times_the_usual(file: Path) -> None:
    """One splendid hour does not flatten the others: bars and colours end at a quarter and at four times."""
    _compared(file, *[(MONDAY, 1000)] * 20, *[(TUESDAY, 0.01)] * 20)
    report = Published.open(file)

    bars, week = engagement.posting_times(report), engagement.posting_week(report).figure

    assert {name: bar[1] for name, bar in _bars(bars).items()} == {
        "09": 4, "23": 0.25, "Mon": 4, "Tue": 0.25,
    }  # fmt: skip
    assert week is not None
    assert (week.data[1].zmin, week.data[1].zmax) == (-log10(4), log10(4))


def test_posting_week__few_posts_are_grey_with_a_dotted_edge(file: Path) -> None:
    """Every cell has its number; five posts have a colour, four do not; and few posts say little of a week."""
    _compared(file, *[(MONDAY, 3)] * 5, *[(TUESDAY, 0.5)] * 4)

    answer = engagement.posting_week(Published.open(file))

    assert answer.figure is not None
    grey, coloured = answer.figure.data
    assert _marks(grey) == {("Tue", "23:00"): ("4", 0.5 ** (4 / 9))}
    assert _marks(coloured) == {("Mon", "09:00"): ("5", 3**0.5)}
    assert (
        "1 of 168 hours of the week have 5 compared posts or more; 1 with fewer is grey with a dotted edge."
        in answer.html
    )
    [edge] = answer.figure.layout.shapes
    assert (edge.x0 < 1 < edge.x1, edge.y0 < 23 < edge.y1) == (True, True)
    assert edge.line.dash == "dot"
    assert "9 posts are too few for so many hours" in answer.html


@pytest.mark.parametrize("answer", [engagement.posting_times, engagement.posting_week, engagement.tag_lift])
def test_comparison__says_whose_it_is(answer: Callable[[Published], Answer], file: Path) -> None:
    """Of all accounts together, the one with most posts is shown and named; of one account, there is no need."""
    fill(file, "main.accounts", {"account_id": 2, "account_name": "owl", "fetched_at": RUN_AT})
    _compared(file, (MONDAY, 3), (MONDAY, 3))
    _compared(file, (MONDAY, 3), account="owl")
    fill(file, "main.tag_lift", _lift("cats", 2.0, 1.5, 2.5))

    of_all = answer(Published.open(file, account=None))

    assert of_all.above == "<p>This is fox alone, which has most posts.</p>"
    assert of_all.foot.startswith(FOOT + ("20" if answer is engagement.tag_lift else "2"))
    assert answer(Published.open(file, account="fox")).above == ""


def _marks(heatmap: Any) -> dict[tuple[str, str], tuple[str, Any]]:
    """What is drawn of a heatmap: number and score by column and row."""
    return {
        (column, row): (heatmap.text[y][x], pytest.approx(10 ** heatmap.z[y][x]))
        for y, row in enumerate(heatmap.y)
        for x, column in enumerate(heatmap.x)
        if heatmap.text[y][x]
    }


def _lift(tag: str, lift: float, low: float | None, high: float | None, posts: int = 9) -> dict[str, Any]:
    return {
        "account_name": "fox", "tag": tag, "posts": posts, "posts_without": 20 - posts, "lift": lift,
        "lift_low": low, "lift_high": high,
    }  # fmt: skip


def test_tag_lift__says_what_may_be_chance(file: Path) -> None:
    """An interval that holds 1 is told from one that does not; without an interval nothing is drawn."""
    fill(
        file,
        "main.tag_lift",
        _lift("cats", 2.0, 1.5, 2.5),
        _lift("dogs", 1.1, 0.8, 1.5),
        _lift("birds", 0.5, 0.25, 0.75, posts=8),
        _lift("rare", 9.0, None, None, posts=2),
    )

    answer = engagement.tag_lift(Published.open(file))

    traces = _traces(answer)
    better, worse = traces["clearly better"], traces["clearly worse"]
    assert _points(better) == [(2.0, "cats (9)")]
    assert (list(better.error_x.array), list(better.error_x.arrayminus)) == ([0.5], [0.5])
    assert _points(worse) == [(0.5, "birds (8)")]
    assert (list(worse.error_x.array), list(worse.error_x.arrayminus)) == ([0.25], [0.25])
    assert (better.marker.color, worse.marker.color) == (BETTER, WORSE)
    assert _points(traces["may be chance"]) == [(1.1, "dogs (9)")]
    assert answer.html == (
        "<p>The axis is logarithmic: half as many views lie as far from the line as twice as many. "
        "3 tags could be compared, and one in twenty that makes no difference looks clearly better or worse "
        "by chance. 1 tag with fewer than 5 posts on a side is left out.</p>"
    )
    assert answer.foot.startswith(FOOT + "20 posts, coverage ")


def test_tag_lift__says_what_it_does_not_show(file: Path) -> None:
    """Where every bar crosses 1 that is said first, then how many tags have no room in the chart."""
    fill(file, "main.tag_lift", *(_lift(f"tag {number:02}", 1.1, 0.8, 1.5) for number in range(16)))

    answer = engagement.tag_lift(Published.open(file))

    assert len(_traces(answer)["may be chance"].x) == 14
    assert answer.html == (
        "<p>The axis is logarithmic: half as many views lie as far from the line as twice as many. "
        "No tag has shown a difference yet. These are the 14 with most posts; 2 more could be compared.</p>"
    )
    assert answer.figure is not None
    assert [line.x0 for line in answer.figure.layout.shapes if line.line.color == INK] == [1]
    assert not answer.figure.layout.xaxis.showgrid  # a grid line at 1 would lie upon it


def test_tag_lift__says_when_none_can_be_judged(file: Path) -> None:
    """Tags on too few posts give words, not an empty chart."""
    fill(file, "main.tag_lift", _lift("rare", 9.0, None, None, posts=2))

    answer = engagement.tag_lift(Published.open(file))

    assert answer.figure is None
    assert "None of 1 tag can be judged yet" in answer.html


def test_format_lift__has_the_formats(file: Path) -> None:
    """The same chart for what a post is made of."""
    row = _lift("", 2.0, 1.5, 2.5)
    del row["tag"]
    fill(file, "main.format_lift", row | {"format": "video"})

    answer = engagement.format_lift(Published.open(file))

    assert _points(_traces(answer)["clearly better"]) == [(2.0, "video (9)")]
    assert answer.figure is not None
    assert "tag" not in answer.html + answer.figure.to_json()


# What people say, and what is gone


def test_comment_velocity__counts_up_from_the_publication(file: Path) -> None:
    """Comments by their age, oldest first; one that seems older than its post lies at the axis's end."""
    at = datetime(2026, 11, 20, tzinfo=UTC)
    _posts(file, {"post_id": "p", "title": "P", "published_at": at}, {"post_id": "q", "published_at": at})
    fill(
        file,
        "main.comments",
        {"comment_id": 1, "post_id": "p", "commented_at": at + timedelta(hours=5)},
        {"comment_id": 2, "post_id": "p", "commented_at": at + timedelta(minutes=30)},
        {"comment_id": 3, "post_id": "p", "commented_at": at - timedelta(minutes=1)},
        {"comment_id": 4, "post_id": "p", "commented_at": None},
        {"comment_id": 5, "post_id": "somebody's", "commented_at": at},
    )
    card = {"account_name": "fox", "is_own": True}
    fill(
        file,
        "main.post_scorecard",
        card | {"post_id": "p", "comments_first_hour": 2, "comments_first_day": 3},
        card | {"post_id": "q", "comments_first_hour": 0, "comments_first_day": 1},
        card | {"post_id": "never fetched"},
    )
    fill(
        file,
        "main.comment_threads",
        {"root_id": 1, "post_id": "p", "first_reply_minutes": 90, "author_replied": True},
        {"root_id": 2, "post_id": "p", "first_reply_minutes": None, "author_replied": False},
        {
            "root_id": 3,
            "post_id": "p",
            "first_reply_minutes": 30,
            "author_replied": True,
            "author_name": "fox",
        },
        {"root_id": 5, "post_id": "somebody's", "first_reply_minutes": 1, "author_replied": True},
    )

    answer = engagement.comment_velocity(Published.open(file))

    assert _points(_traces(answer)["P"]) == [(0.1, 1), (0.5, 2), (5, 3)]
    assert answer.figure is not None
    assert answer.figure.layout.xaxis.title.text == "time since publication (logarithmic)"
    assert answer.above == "<p>This is the post of fox with most comments, published on 20 Nov 2026.</p>"
    assert "the middle one got 1 comments in its first hour, 2 in its first day." in answer.html
    assert (
        "2 of 3 threads under them all got an answer, half of them within 1.0 h; "
        "the author answered in 1 of 2 that others began." in answer.html
    )
    assert answer.foot.startswith(FOOT + "3 comments under 1 post, coverage ")
    with duckdb.connect(str(file)) as connection:
        connection.execute("update main.comment_threads set author_name = 'fox'")
    html = engagement.comment_velocity(Published.open(file)).html
    assert "half of them within 1.0 h; others began none." in html


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (312, "Half of all comments held were last read 13 days before the time named below, or earlier."),
        (23, ""),
    ],
)
def test_comment_velocity__says_how_old_comments_are(hours: float, words: str, file: Path) -> None:
    """The foot has the newest reading of anything, and comments are read again when they have moved."""
    _posts(file, {"post_id": "p"})
    fill(file, "main.comments", {"comment_id": 1, "post_id": "p", "commented_at": RUN_AT})
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "update main.data_freshness set median_age_hours = ? where table_name = 'post_comments'", [hours]
        )

    assert engagement.comment_velocity(Published.open(file)).html == f"<p>{words}</p>"


@pytest.mark.parametrize(("items", "days", "end"), [(2, 3, 72), (2, 300, 168), (None, 3, 12)])
def test_comment_velocity__lies_flat_where_no_comment_came(
    items: int | None, days: int, end: float, file: Path
) -> None:
    """A line goes on to the last reading of its comments, no refused look, or to the first label after them all."""
    at = datetime(2025, 11, 20, tzinfo=UTC)
    _posts(
        file,
        {"post_id": "p", "title": "P", "published_at": at},
        {"post_id": "q", "title": "Q", "published_at": at},
    )
    fill(
        file,
        "main.comments",
        *(
            {"comment_id": hours, "post_id": "p", "commented_at": at + timedelta(hours=hours)}
            for hours in (5, 7)
        ),
        {"comment_id": 1, "post_id": "q", "commented_at": at + timedelta(hours=30)},
    )
    fill(
        file,
        "imgur_raw.detail_fetches",
        {
            "item_id": "p",
            "resource": "post_comments",
            "items": items,
            "fetched_at": at + timedelta(days=days),
        },
        {"item_id": "q", "resource": "post_images", "items": 1, "fetched_at": at + timedelta(days=days)},
    )
    fill(
        file,
        "imgur_raw.post_comments",
        {"id": 7, "post_id": "p", "fetched_at": at + timedelta(hours=12)},
    )

    answer = engagement.comment_velocity(Published.open(file))

    traces = _traces(answer)
    assert "the 2 posts of fox with most comments, published on 20 Nov 2025." in answer.above
    assert {trace.mode for trace in traces.values()} == {"lines+markers"}
    assert _points(traces["P"]) == [(5, 1), (7, 2), (end, 2)]
    assert _points(traces["Q"]) == [(30, 1)]


def _item(item_id: str, state: str, views: int, kind: str = "image", day: int = 20) -> dict[str, Any]:
    is_gone = state != "alive"
    return {
        "kind": kind, "item_id": item_id, "account_name": "fox", "state": state, "views": views,
        "age_at_loss_hours": 722.6 * 24 if is_gone else None,
        "missing_since": datetime(2026, 11, day, 23, 30, tzinfo=UTC) if is_gone else None,
    }  # fmt: skip


def test_losses__most_viewed_first(file: Path) -> None:
    """What has gone follows with what is known of it; a post and the image of its id are one thing."""
    fill(
        file,
        "main.survival",
        _item("a", "alive", 5000),
        _item("b", "deleted", 7),
        _item("c", "missing", 20),
        _item("p", "deleted", 1000),
        _item("p", "deleted", 1000, "post") | {"title": "P"},
    )

    answer = engagement.losses(Published.open(file, time_zone="Europe/Berlin"))

    assert answer.figure is None
    assert "1 post seen, 1 gone; 4 images seen, 3 gone. What has gone was viewed 1,027 times" in answer.html
    assert "“missing” means not shown by one look; “deleted” means taken for gone" in answer.html
    day = _unbroken("21 Nov")
    assert _cells(answer.html) == [
        ["P", "1,000", day, "723 days", "post and its image", "deleted"],
        ["(untitled, c)", "20", day, "723 days", "image", "missing"],
        ["(untitled, b)", "7", day, "723 days", "image", "deleted"],
    ]


def test_losses__are_drawn_by_week_where_there_are_several(file: Path) -> None:
    """Weeks begin on Monday by the report's clock: half past eleven on Sunday in UTC is Monday in Berlin."""
    fill(
        file,
        "main.survival",
        _item("a", "deleted", 1, day=10),
        _item("b", "missing", 1, day=15),
        _item("b", "missing", 1, "post", day=15),
        _item("c", "missing", 1, day=16),
    )

    traces = _traces(engagement.losses(Published.open(file, time_zone="Europe/Berlin")))

    assert _points(traces["deleted: taken for gone, after several looks"]) == [("2026-11-09", 1)]
    assert _points(traces["missing: not shown by one look"]) == [("2026-11-16", 2)]


def test_losses__says_that_nothing_has_gone(file: Path) -> None:
    """No loss is an answer, too."""
    fill(file, "main.survival", _item("a", "alive", 5), _item("p", "alive", 5, "post"))

    answer = engagement.losses(Published.open(file))

    assert answer.figure is None
    assert "Age then" not in answer.html
    assert "Nothing has gone: 1 post seen, 0 gone; 1 image seen, 0 gone." in answer.html


def test_losses__says_which_lists_were_not_read(file: Path) -> None:
    """Where no list shows an account's images, none can be missed."""
    fill(file, "main.survival", _item("p", "alive", 5, "post"))

    html = engagement.losses(Published.open(file)).html

    assert "Nothing has gone: 1 post seen, 0 gone; no list of images was read." in html


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

    assert _cells(html) == [
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
