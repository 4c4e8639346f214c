"""Posts among those of others, over marts with a handful of rows."""

from __future__ import annotations

from datetime import timedelta
from math import isnan, log10
from pathlib import Path
from typing import Any

import engagement
import pytest
from published import Published

from tests.support.answers import FOOT, cells_of, points_of, traces_of, until_now
from tests.support.published_files import RUN_AT, fill


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

    answer = engagement.rank_trajectories(until_now(file))

    [(name, trace)] = traces_of(answer).items()
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

    assert list(traces_of(engagement.rank_trajectories(until_now(file)))) == ["B"]


def test_rank_trajectories__without_posts_of_ours_tells_the_best(file: Path) -> None:
    """The feed that everybody sees, its best posts by their best rank, at most six, and it says so."""
    fill(
        file,
        "main.gallery_rank_history",
        *(_rank(f"p{rank}", rank, night) for rank in range(1, 9) for night in (0, 1)),
        *(_rank(f"q{rank}", rank, 0, feed="user/time") for rank in range(1, 30)),
        _rank("long ago", 1, 300),
    )

    answer = engagement.rank_trajectories(until_now(file))

    assert list(traces_of(answer)) == ["P1", "P2", "P3", "P4", "P5", "P6"]
    assert "No feed showed a post of a followed account" in answer.html


def test_rank_trajectories__are_the_best_however_seldom_they_were_read(file: Path) -> None:
    """A post that one reading showed at rank 1 is a mark without a line, before six that stood lower."""
    fill(
        file,
        "main.gallery_rank_history",
        _rank("once", 1, 0, own=True),
        *(_rank(f"p{rank}", rank, night, own=True) for rank in range(2, 8) for night in (0, 1)),
    )

    answer = engagement.rank_trajectories(until_now(file))

    traces = traces_of(answer)
    assert list(traces) == ["ONCE", "P2", "P3", "P4", "P5", "P6"]
    assert "markers" in traces["ONCE"].mode
    assert answer.html == (
        "<p>These are the best of fox in hot/viral. "
        "A mark without a line is a post that a single reading showed.</p>"
    )


def test_rank_trajectories__are_shown_in_the_zone_that_is_asked_for(file: Path) -> None:
    """Two in the morning in UTC is three in Berlin, in November, and the axis says whose three."""
    fill(file, "main.gallery_rank_history", _rank("p", 1, 0), _rank("p", 2, 1))

    answer = engagement.rank_trajectories(until_now(file, time_zone="Europe/Berlin"))

    assert [str(at)[:16] for at in traces_of(answer)["P"].x] == ["2026-11-22T03:00", "2026-11-23T03:00"]
    assert answer.figure is not None
    assert answer.figure.layout.xaxis.title.text == "time (Europe/Berlin)"


def test_rank_trajectories__of_one_reading_are_a_table(file: Path) -> None:
    """A single point makes no line, and an axis around it would repeat one day."""
    fill(file, "main.gallery_rank_history", _rank("p", 7, 0), _rank("q", 3, 0))

    answer = engagement.rank_trajectories(until_now(file, time_zone="Europe/Berlin"))

    assert answer.figure is None
    assert cells_of(answer.html) == [["Q", "3"], ["P", "7"]]
    assert "It was read once in this period, on 23 Nov 2026, 03:00 (Europe/Berlin)" in answer.html


def test_rank_trajectories__tell_a_period_without_a_reading_from_none_at_all(file: Path) -> None:
    """Whoever reads feeds needs no advice to read some."""
    fill(file, "main.gallery_rank_history", _rank("p", 7, 20), _rank("p", 7, 4))

    html = engagement.rank_trajectories(Published.open(file, days=2)).html

    assert "No feed was read in this period; readings are stored from 03 Nov 2026 to 19 Nov 2026." in html
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

    traces = traces_of(answer)
    assert points_of(traces["fox"]) == [(100, 10)]
    assert sorted(points_of(traces["posts of others"])) == [(1000, 20), (2000, 100)]
    # 10 %, 2 % and 5 % of the views are votes: the middle is 5 %
    assert points_of(traces["typical: 50.0 votes per 1,000 views"]) == [(100, 5), (2000, 100)]
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
    marks = [point for trace in answer.figure.data if trace.mode == "markers" for point in points_of(trace)]
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
