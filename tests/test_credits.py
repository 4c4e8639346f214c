"""The arithmetic of Imgur's two windows: what may be sent, what must wait, what must never happen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from fakes import NIGHT

from imgur_source.credits import reset_time

HOUR = timedelta(hours=1)
IN_AN_HOUR = NIGHT + HOUR


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3600", IN_AN_HOUR),
        ("1", NIGHT + timedelta(seconds=1)),
        ("0", NIGHT),
        ("3600.0", IN_AN_HOUR),
        (" 3600 ", IN_AN_HOUR),
        ("86400", NIGHT + timedelta(days=1)),
        ("999999999", NIGHT + timedelta(seconds=999_999_999)),
        ("1000000000", datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)),
        (str(int(IN_AN_HOUR.timestamp())), IN_AN_HOUR),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("1" * 30, None),
        ("Mon, 09 Nov 2026 04:00:00 GMT", None),
    ],
)
def test_reset_time__is_an_epoch_or_seconds(text: str, expected: datetime | None) -> None:
    """A large number is a time since 1970, a small one seconds from now, anything else nothing."""
    assert reset_time(text, now=NIGHT) == expected
