"""What people say, over marts with a handful of rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import engagement
import pytest
from published import Published

from tests.support.answers import FOOT, fill_posts, points_of, traces_of
from tests.support.published_files import RUN_AT, fill


def test_comment_velocity__counts_up_from_the_publication(file: Path) -> None:
    """Comments by their age, oldest first; one that seems older than its post lies at the axis's end."""
    at = datetime(2026, 11, 20, tzinfo=UTC)
    fill_posts(file, {"post_id": "p", "title": "P", "published_at": at}, {"post_id": "q", "published_at": at})
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

    assert points_of(traces_of(answer)["P"]) == [(0.1, 1), (0.5, 2), (5, 3)]
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
        (312, "Half of all stored comments were last read 13 days before the time named below, or earlier."),
        (23, ""),
    ],
)
def test_comment_velocity__says_how_old_comments_are(hours: float, words: str, file: Path) -> None:
    """The foot has the newest reading of anything, and comments are read again when they have moved."""
    fill_posts(file, {"post_id": "p"})
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
    fill_posts(
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

    traces = traces_of(answer)
    assert "the 2 posts of fox with most comments, published on 20 Nov 2025." in answer.above
    assert {trace.mode for trace in traces.values()} == {"lines+markers"}
    assert points_of(traces["P"]) == [(5, 1), (7, 2), (end, 2)]
    assert points_of(traces["Q"]) == [(30, 1)]
