"""The answers of the engagement report, over marts with a handful of rows."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from math import isnan, log10
from pathlib import Path
from typing import Any

import engagement
import pytest
from design import INK, Answer
from published import Published
from published_files import RUN_AT, file_without_a_row, fill

ANSWERS: list[Callable[[Published], Answer]] = [
    getattr(engagement, name) for name in engagement.__all__ if name != "summary"
]
FOOT = "data as of 2026-11-23 02:00 UTC, n = "


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
    """The account in question, the others that are followed, the days and the age of the data."""
    fill(
        file, "main.accounts", {"account_id": 2, "account_name": "<owl>", "fetched_at": RUN_AT - timedelta(1)}
    )

    answer = engagement.summary(Published.open(file, days=4))

    assert answer.html == (
        '<p class="lead"><strong>fox</strong> (also followed: &lt;owl&gt;)<br>'
        "20 Nov 2026 to 23 Nov 2026 · data as of 23 Nov 2026, 02:00 UTC</p>"
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
    _days(file, date(2026, 11, 19), None, 100, 200, 300, 150)
    _posts(file, {"post_id": "a"}, {"post_id": "b", "published_at": RUN_AT - timedelta(days=2)})

    answer = engagement.headline(Published.open(file, days=2))

    assert _tile("Views of posts", "450", "+50 % against 300 in the 2 days before") in answer.html
    assert _tile("Points", "2", "no change against 2 in the 2 days before") in answer.html
    assert _tile("Posts published", "1", "no change against 1 in the 2 days before") in answer.html
    assert _tile("Views of images", "–", "before: not held") in answer.html
    assert "nothing to compare" not in answer.html
    assert answer.foot.startswith(FOOT + "2 posts, coverage ")


def test_headline__says_when_there_is_nothing_to_compare_with(file: Path) -> None:
    """Of the first day on record nobody knows what it added, so five days on record can compare two with two."""
    _days(file, date(2026, 11, 19), None, 100, 200, 300, 150)

    answer = engagement.headline(Published.open(file, days=3))

    # 21st to 23rd against 18th to 20th
    assert _tile("Views of posts", "650", "before: not held") in answer.html
    assert "The 3 days before are not held in full" in answer.html
    assert "such as 2 days." in answer.html
    assert "Counting began" not in answer.html
    of_a_month = engagement.headline(Published.open(file)).html
    assert "Counting began on 19 Nov 2026" in of_a_month
    assert _tile("Reputation", "4", "since 19 Nov 2026") in of_a_month


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        (100, 76, "−24 %"),
        (100, 100, "no change"),
        (1000, 1001, "hardly a change"),
        (1000, 999, "hardly a change"),
    ],
)
def test_headline__says_how_much_has_changed(before: int, now: int, words: str, file: Path) -> None:
    """A minus is as wide as a plus, and nothing changes by +0 %."""
    _days(file, date(2026, 11, 21), None, before, now)

    html = engagement.headline(Published.open(file, days=1)).html

    assert _tile("Views of posts", f"{now:,}", f"{words} against {before:,} on the day before") in html


def _tile(name: str, value: str, change: str) -> str:
    return f'<div class="name">{name}</div><div class="value">{value}</div><div class="change">{change}</div>'


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

    answer = engagement.views_by_day(Published.open(file, days=7))

    traces = _traces(answer)
    assert _points(traces["older posts"]) == [("2026-11-22", 5)]
    assert _points(traces["posts of this period"]) == [("2026-11-23", 40)]
    assert answer.foot.startswith(FOOT + "2 days, coverage ")


def test_views_by_day__what_nobody_saw_is_paler(file: Path) -> None:
    """Days before the first reading of any post are estimates, and told from those that were read."""
    _posts(file, {"post_id": "a"}, {"post_id": "b"})
    days = [("a", 20, False, 3), ("a", 21, True, 4), ("b", 21, False, 1), ("b", 22, False, 2)]
    fill(
        file,
        "main.post_daily",
        *(
            {"post_id": post, "day": date(2026, 11, day), "views_gained": views, "is_observed": is_observed}
            for post, day, is_observed, views in days
        ),
    )

    answer = engagement.views_by_day(Published.open(file, days=7, end="2026-11-22"))

    traces = _traces(answer)
    assert _points(traces["posts of this period, estimated"]) == [("2026-11-20", 3)]
    assert _points(traces["posts of this period"]) == [("2026-11-21", 5), ("2026-11-22", 2)]
    assert "Nothing was read before 21 Nov 2026." in answer.html


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
    """A post in numbers; what is not known is a dash."""
    fill(
        file,
        "main.post_scorecard",
        {
            "post_id": "a", "account_name": "fox", "title": "A <b>", "views": 1200, "views_index": 2.04,
            "standing": "above", "age_bucket": "3d", "upvote_share": 0.5, "half_life_hours": 0.5, "is_own": True,
            "published_at": RUN_AT - timedelta(days=1),
        },
        {"post_id": "b", "account_name": "fox", "is_own": True, "published_at": RUN_AT},
        {"post_id": "c", "account_name": "owl", "is_own": False, "published_at": RUN_AT},
    )  # fmt: skip

    fill(
        file,
        "main.post_benchmark",
        _benchmark("a", 24, 500, is_latest=False),
        _benchmark("a", 72, 900, is_latest=True),
    )

    html = engagement.latest_posts(Published.open(file)).html

    assert _cells(html) == [
        ["(untitled, b)", "23 Nov 2026", "–", "–", "–", "–", "–", "–", "–"],
        ["A &lt;b&gt;", "22 Nov 2026", "1,200", "3d", "900", "2.0", "above", "50 %", "30 min"],
    ]


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

    answer = engagement.rank_trajectories(Published.open(file))

    [(name, trace)] = _traces(answer).items()
    assert (name, trace.connectgaps) == ("MINE", False)
    assert [rank for rank in trace.y if not isnan(rank)] == [8, 2]
    assert isnan(trace.y[1])
    assert answer.figure is not None
    lowest, highest = answer.figure.layout.yaxis.range
    assert lowest > log10(8) > log10(1) > highest
    assert "rank in user/time" in answer.figure.layout.annotations[0].text
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
    )

    assert list(_traces(engagement.rank_trajectories(Published.open(file)))) == ["B"]


def test_rank_trajectories__without_posts_of_ours_tells_the_best(file: Path) -> None:
    """The feed that everybody sees, its best posts by their best rank, at most six, and it says so."""
    fill(
        file,
        "main.gallery_rank_history",
        *(_rank(f"p{rank}", rank, night) for rank in range(1, 9) for night in (0, 1)),
        *(_rank(f"q{rank}", rank, 0, feed="user/time") for rank in range(1, 30)),
        _rank("long ago", 1, 300),
    )

    answer = engagement.rank_trajectories(Published.open(file))

    assert list(_traces(answer)) == ["P1", "P2", "P3", "P4", "P5", "P6"]
    assert "No feed showed a post of a followed account" in answer.html


def test_rank_trajectories__are_shown_in_the_zone_that_is_asked_for(file: Path) -> None:
    """Two in the morning in UTC is three in Berlin, in November; and after one night there are no lines yet."""
    fill(file, "main.gallery_rank_history", _rank("p", 1, 0))

    answer = engagement.rank_trajectories(Published.open(file, time_zone="Europe/Berlin"))

    assert [str(at)[:16] for at in _traces(answer)["P"].x] == ["2026-11-23T03:00"]
    assert "lines come with the second night" in answer.html


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
    assert answer.foot.startswith(FOOT + "3 posts, coverage ")


# What works


def _week(counted: dict[tuple[int, int], tuple[int, float, float]]) -> Iterator[dict[str, Any]]:
    """All 168 hours, with posts, median and score where they are *counted*."""
    names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    for weekday, name in enumerate(names, start=1):
        for hour in range(24):
            posts, median, score = counted.get((weekday, hour), (0, None, 1.0))
            yield {
                "account_name": "fox", "weekday": weekday, "weekday_name": name, "hour": hour,
                "posts": posts + 1 if posts else 0, "posts_with_index": posts, "median_index": median, "score": score,
            }  # fmt: skip


def test_posting_times__few_posts_are_grey(file: Path) -> None:
    """Every cell has its number; three posts have a colour, two do not; “all” takes the middle post."""
    _posts(file, *({"post_id": f"p{number}"} for number in range(5)))
    fill(
        file,
        "main.posting_heatmap",
        *_week({(1, 9): (3, 3.0, 1.75), (2, 9): (2, 0.5, 6 / 7)}),  # (3 · 3 + 5) / 8, (2 · 0.5 + 5) / 7
    )

    answer = engagement.posting_times(Published.open(file))

    assert answer.figure is not None
    grey, coloured = answer.figure.data
    assert _marks(grey) == {("Tue", "09:00"): ("2", 6 / 7), ("Tue", "<b>all</b>"): ("2", 6 / 7)}
    assert _marks(coloured) == {
        ("Mon", "09:00"): ("3", 1.75),
        ("Mon", "<b>all</b>"): ("3", 1.75),
        ("<b>all</b>", "09:00"): ("5", 2.0),  # of 0.5, 0.5, 3, 3, 3 the middle one is 3: (5 · 3 + 5) / 10
        ("<b>all</b>", "<b>all</b>"): ("5", 2.0),
    }
    assert "1 hour of the week has 3 compared posts or more. 1 with fewer is grey" in answer.html
    assert "2 of 7 posts are not counted" in answer.html
    assert answer.foot.startswith(FOOT + "5 posts, coverage ")


@pytest.mark.parametrize("answer", [engagement.posting_times, engagement.tag_lift])
def test_comparison__says_whose_it_is(answer: Callable[[Published], Answer], file: Path) -> None:
    """Of all accounts together, the one with most posts is shown and named; of one account, there is no need."""
    fill(file, "main.accounts", {"account_id": 2, "account_name": "owl", "fetched_at": RUN_AT})
    fill(file, "main.posting_heatmap", *_week({(1, 9): (3, 3.0, 1.75)}))
    fill(file, "main.tag_lift", _lift("cats", 2.0, 1.5, 2.5))

    assert "This is fox alone, which has most posts." in answer(Published.open(file, account=None)).html
    assert "alone" not in answer(Published.open(file, account="fox")).html


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
    assert _points(traces["clearly different"]) == [(0.5, "birds (8)"), (2.0, "cats (9)")]
    assert list(traces["clearly different"].error_x.array) == [0.25, 0.5]
    assert list(traces["clearly different"].error_x.arrayminus) == [0.25, 0.5]
    assert _points(traces["may be chance"]) == [(1.1, "dogs (9)")]
    assert answer.html == "<p>1 tag with fewer than 5 posts on a side is left out.</p>"
    assert answer.foot.startswith(FOOT + "20 posts, coverage ")


def test_tag_lift__says_what_it_does_not_show(file: Path) -> None:
    """Where every bar crosses 1 that is said first, then how many tags have no room in the chart."""
    fill(file, "main.tag_lift", *(_lift(f"tag {number:02}", 1.1, 0.8, 1.5) for number in range(16)))

    answer = engagement.tag_lift(Published.open(file))

    assert len(_traces(answer)["may be chance"].x) == 14
    assert answer.html == (
        "<p>No tag has shown a difference yet. These are the 14 with most posts; 2 more could be compared.</p>"
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

    assert _points(_traces(engagement.format_lift(Published.open(file)))["clearly different"]) == [
        (2.0, "video (9)")
    ]


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
        {"root_id": 5, "post_id": "somebody's", "first_reply_minutes": 1, "author_replied": True},
    )

    answer = engagement.comment_velocity(Published.open(file))

    assert _points(_traces(answer)["P"]) == [(0.1, 1), (0.5, 2), (5, 3)]
    assert "The middle one of 2 posts got 1 comments in its first hour, 2 in its first day." in answer.html
    assert (
        "1 of 2 threads got an answer, half of them within 1.5 h; the author took part in 1." in answer.html
    )
    assert answer.foot.startswith(FOOT + "3 comments under 1 post, coverage ")


@pytest.mark.parametrize(("days", "end"), [(3, 72), (300, 168)])
def test_comment_velocity__lies_flat_where_no_comment_came(days: int, end: float, file: Path) -> None:
    """A line goes on to the last fetch of its comments, or to the first label after the last comment."""
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
        {"item_id": "p", "resource": "post_comments", "fetched_at": at + timedelta(days=days)},
        {"item_id": "q", "resource": "post_images", "fetched_at": at + timedelta(days=days)},
    )

    traces = _traces(engagement.comment_velocity(Published.open(file)))

    assert _points(traces["P"]) == [(5, 1), (7, 2), (end, 2)]
    assert list(traces["P"].marker.size) == [5, 5, 0]
    assert _points(traces["Q"]) == [(30, 1)]


def _item(item_id: str, state: str, views: int, kind: str = "image") -> dict[str, Any]:
    return {
        "kind": kind, "item_id": item_id, "account_name": "fox", "state": state, "views": views,
        "age_at_loss_hours": None if state == "alive" else 96,
    }  # fmt: skip


def test_losses__most_viewed_first(file: Path) -> None:
    """What is missing is told from what is proved gone; the items follow with what is known of them."""
    fill(
        file,
        "main.survival",
        _item("a", "alive", 5000),
        _item("b", "deleted", 7),
        _item("c", "missing", 20),
        _item("p", "deleted", 1000, "post"),
    )

    answer = engagement.losses(Published.open(file))

    traces = _traces(answer)
    assert _points(traces["missing: not seen by one walk"]) == [(1, "images")]
    assert _points(traces["deleted: proved gone"]) == [(1, "images"), (1, "posts")]
    assert (
        "1 post seen, 1 gone; 3 images seen, 2 gone. What has gone was viewed 1,027 times. “Age then” is how"
        in answer.html
    )
    assert _cells(answer.html) == [
        ["(untitled, p)", "post", "deleted", "1,000", "4.0 days"],
        ["(untitled, c)", "image", "missing", "20", "4.0 days"],
        ["(untitled, b)", "image", "deleted", "7", "4.0 days"],
    ]


def test_losses__says_that_nothing_has_gone(file: Path) -> None:
    """No loss is an answer, too."""
    fill(file, "main.survival", _item("a", "alive", 5), _item("p", "alive", 5, "post"))

    answer = engagement.losses(Published.open(file))

    assert answer.figure is None
    assert "Age then" not in answer.html
    assert "Nothing has gone: 1 post seen, 0 gone; 1 image seen, 0 gone." in answer.html
