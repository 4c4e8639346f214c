"""What ``--deadline`` means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from nightly.deadlines import LOADING_TIME, LONGEST_RUN, deadline_of

from imgur_source.errors import ConfigurationError

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = datetime(2026, 11, 9, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("90m", timedelta(minutes=90)),
        ("2h", timedelta(hours=2)),
        ("1h30m", timedelta(minutes=90)),
        (" 45m ", timedelta(minutes=45)),
        (None, LONGEST_RUN),
    ],
)
def test_deadline_of__duration_counts_from_now(text: str | None, length: timedelta) -> None:
    """A duration ends so much later; without one a run ends after eight hours."""
    assert deadline_of(text, now=NIGHT, zone=UTC).at == NIGHT + length


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("06:00", datetime(2026, 11, 9, 5, 0, tzinfo=UTC)),  # it is 4 in Berlin
        ("4:00", datetime(2026, 11, 10, 3, 0, tzinfo=UTC)),  # just now, so tomorrow
        ("03:30", datetime(2026, 11, 10, 2, 30, tzinfo=UTC)),
    ],
)
def test_deadline_of__time_of_day_is_the_next_time_clocks_show_it(text: str, at: datetime) -> None:
    """A time of day is local, and lies in the future."""
    assert deadline_of(text, now=NIGHT, zone=BERLIN).at == at


def test_deadline_of__knows_that_clocks_are_changed() -> None:
    """Six in the morning after the change of clocks is an hour later in UTC than the day before."""
    evening = datetime(2026, 10, 24, 20, 0, tzinfo=UTC)  # Berlin goes back to winter time that night

    assert deadline_of("06:00", now=evening, zone=BERLIN).at == datetime(2026, 10, 25, 5, 0, tzinfo=UTC)


def test_deadline_of__takes_the_clocks_of_this_machine() -> None:
    """Without a zone it is the machine's: the answer shows the time that was asked for there."""
    local = deadline_of("06:00", now=NIGHT).at.astimezone()

    assert (local.hour, local.minute) == (6, 0)


def test_deadline_of__leaves_time_to_load() -> None:
    """Reading ends five minutes before a long run does, and a tenth before the end of a short one."""
    assert deadline_of("2h", now=NIGHT).reading_ends_at == NIGHT + timedelta(hours=2) - LOADING_TIME
    assert deadline_of("10m", now=NIGHT).reading_ends_at == NIGHT + timedelta(minutes=9)


@pytest.mark.parametrize("text", ["", "0m", "6", "24:00", "12:60", "soon", "-2h", "2d", "h", "1.5h"])
def test_deadline_of__refuses_what_is_neither(text: str) -> None:
    """A deadline that nobody can read is a set-up error that shows how it is written."""
    with pytest.raises(ConfigurationError, match="06:00"):
        deadline_of(text, now=NIGHT, zone=UTC)
