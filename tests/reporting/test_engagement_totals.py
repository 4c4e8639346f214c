"""What a period brought, over marts with a handful of rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import engagement
import pytest
from charts import Answer
from published import Published

from tests.support.answers import FOOT, an_item, fill_posts, points_of, traces_of, until_now
from tests.support.published_files import RUN_AT, fill


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
    fill(file, "main.survival", an_item("i", "alive", 5))
    _days(file, date(2026, 11, 19), None, 100, 200, 300, 150)
    fill_posts(file, {"post_id": "a"}, {"post_id": "b", "published_at": RUN_AT - timedelta(days=2)})

    answer = engagement.headline(until_now(file, days=2))

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

    answer = engagement.headline(until_now(file, days=3))

    # 21st to 23rd against 18th to 20th
    assert _tile("Views of posts", "+650") in answer.html
    assert answer.html.count("not stored") == 1
    assert (
        "The 3 days before are not stored in full, so but for posts there is nothing to compare"
        in answer.html
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


def test_headline__counts_views_of_images_that_a_list_shows_in_each_run(file: Path) -> None:
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
        an_item("i", "alive", 5),
        an_item("p", "alive", 5, "post") | {"account_name": "<owl>"},
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
    assert "The day before is not stored in full" in of_a_day


@pytest.mark.parametrize("asked", [{"end": "2026-11-18"}, {"start": "2026-11-23"}])
@pytest.mark.parametrize("answer", [engagement.headline, engagement.views_by_day])
def test_period__without_a_reading(
    answer: Callable[[Published], Answer], asked: dict[str, Any], file: Path
) -> None:
    """Before the first reading and after the last one nothing was read; no other reason is made up."""
    fill_posts(file, {"post_id": "a"})
    _days(file, date(2026, 11, 19), None, 100, 200)

    html = answer(Published.open(file, **asked)).html

    assert html == (
        '<p class="nothing">Nothing was read in this period; '
        "what is stored runs from 19 Nov 2026 to 21 Nov 2026.</p>"
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

    html = engagement.headline(until_now(file, days=1)).html

    assert _tile("Views of posts", f"+{now:,}", f"{words} against {before:,} on the day before") in html


def test_headline__has_no_percentage_of_next_to_nothing(file: Path) -> None:
    """From 3 views to 4 is no third more, and a loss has its sign."""
    _days(file, date(2026, 11, 20), None, 3, 4, -2)

    html = engagement.headline(Published.open(file, days=1)).html
    lost = engagement.headline(until_now(file, days=1)).html

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
    fill_posts(file, {"post_id": "new"}, {"post_id": "old", "published_at": RUN_AT - timedelta(days=90)})
    fill(
        file,
        "main.post_daily",
        {"post_id": "old", "day": date(2026, 11, 1), "views_gained": 77},
        {"post_id": "old", "day": date(2026, 11, 22), "views_gained": 5},
        {"post_id": "old", "day": date(2026, 11, 23), "views_gained": None},
        {"post_id": "new", "day": date(2026, 11, 23), "views_gained": 40},
    )

    answer = engagement.views_by_day(until_now(file, days=7))

    traces = traces_of(answer)
    assert points_of(traces["older posts"]) == [("2026-11-22", 5)]
    assert points_of(traces["posts of this period"]) == [("2026-11-23", 40)]
    assert list(traces["older posts"].marker.pattern.shape) == [""]
    assert list(traces["posts of this period"].marker.pattern.shape) == ["/"]
    assert "The hatched day, 23 Nov, was not over when the data was read." in answer.html
    assert answer.figure is not None
    assert list(answer.figure.layout.xaxis.tickvals) == ["2026-11-22", "2026-11-23"]
    assert "hatched" not in engagement.views_by_day(Published.open(file, days=7)).html
    assert answer.foot.startswith(FOOT + "2 days, coverage ")


def test_views_by_day__what_nobody_saw_is_paler(file: Path) -> None:
    """Days up to the account's first reading are estimates, and told from those that were counted."""
    fill_posts(file, {"post_id": "a"}, {"post_id": "b"})
    _days(file, date(2026, 11, 20), None, None)
    days = [("a", 20, 3), ("a", 21, 4), ("b", 21, 1), ("b", 22, 2)]
    fill(
        file,
        "main.post_daily",
        *({"post_id": post, "day": date(2026, 11, day), "views_gained": views} for post, day, views in days),
    )

    answer = engagement.views_by_day(Published.open(file, days=7))

    traces = traces_of(answer)
    assert points_of(traces["posts of this period, estimated"]) == [("2026-11-20", 3)]
    assert points_of(traces["posts of this period"]) == [("2026-11-21", 5), ("2026-11-22", 2)]
    assert "estimates, up to the one on which counting began" in answer.html
    assert "They are not in the sums above." in answer.html


def test_views_by_day__says_what_a_single_reading_lacks(file: Path) -> None:
    """One run over old posts has no gain: the answer says when there will be one."""
    fill_posts(file, {"post_id": "old"})
    fill(file, "main.post_daily", {"post_id": "old", "day": date(2026, 11, 23), "views": 9})

    assert "Run the job again tomorrow." in engagement.views_by_day(Published.open(file)).html
