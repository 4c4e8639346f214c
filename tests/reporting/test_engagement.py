"""What all answers of the engagement report have in common, over marts with a handful of rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import engagement
import pytest
from charts import Answer
from published import Published

from tests.support.answers import FOOT
from tests.support.published_files import RUN_AT, fill

ANSWERS: list[Callable[[Published], Answer]] = [
    getattr(engagement, name) for name in engagement.__all__ if name != "summary"
]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: str(answer.__name__))
def test_answer__is_words_where_nothing_is_stored(
    answer: Callable[[Published], Answer], nothing: Path
) -> None:
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
