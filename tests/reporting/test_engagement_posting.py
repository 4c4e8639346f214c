"""When to post, under which tags and in which format, over marts with a handful of rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import log10
from pathlib import Path
from typing import Any

import engagement
import pytest
from charts import BETTER, INK, WORSE, Answer
from published import Published

from tests.support.answers import FOOT, fill_posts, points_of, traces_of
from tests.support.published_files import RUN_AT, fill


def _compared(file: Path, *posts: tuple[datetime, float | None], account: str = "fox") -> None:
    """Posts of *account* by their publication, with the index that stands for each; without one, not compared."""
    named = [{"post_id": f"{account}{number}", "account_name": account} for number in range(len(posts))]
    fill_posts(file, *(post | {"published_at": at} for post, (at, _) in zip(named, posts, strict=True)))
    fill(
        file,
        "main.post_benchmark",
        *(
            post | {"views_index": index or 9, "is_comparable": bool(index)}
            for post, (_, index) in zip(named, posts, strict=True)
        ),
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

    traces = traces_of(answer)
    better, worse = traces["clearly better"], traces["clearly worse"]
    assert points_of(better) == [(2.0, "cats (9)")]
    assert (list(better.error_x.array), list(better.error_x.arrayminus)) == ([0.5], [0.5])
    assert points_of(worse) == [(0.5, "birds (8)")]
    assert (list(worse.error_x.array), list(worse.error_x.arrayminus)) == ([0.25], [0.25])
    assert (better.marker.color, worse.marker.color) == (BETTER, WORSE)
    assert points_of(traces["may be chance"]) == [(1.1, "dogs (9)")]
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

    assert len(traces_of(answer)["may be chance"].x) == 14
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

    assert points_of(traces_of(answer)["clearly better"]) == [(2.0, "video (9)")]
    assert answer.figure is not None
    assert "tag" not in answer.html + answer.figure.to_json()
