"""When a run has to end: what ``--deadline`` means, and how long before it reading stops."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from imgur_source.errors import ConfigurationError

LONGEST_RUN = timedelta(hours=8)  # a run without --deadline ends then: the morning's readers are near
LOADING_TIME = timedelta(minutes=5)  # left for load and publication, which take seconds for a usual run
LOADING_SHARE = 0.1  # of a run that is too short to leave so much
_DURATION = re.compile(r"(?:(\d{1,4})h)?(?:(\d{1,5})m)?")
_TIME_OF_DAY = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a run ends.

    Attributes:
        at: when it has to be over, UTC.
        reading_ends_at: from when on no request is sent, UTC.
    """

    at: datetime
    reading_ends_at: datetime


def deadline_of(text: str | None, *, now: datetime, zone: tzinfo | None = None) -> Deadline:
    """What *text* means at *now*: a time of day, or a duration; ``LONGEST_RUN`` for None.

    Args:
        text: ``06:00`` is the next time that clocks in *zone* show it; ``90m``, ``2h`` and ``1h30m``
            are durations.
        zone: whose clocks; None for this machine's.

    Raises:
        ConfigurationError: when it is neither.
    """
    at = now + LONGEST_RUN if text is None else _instant(text.strip(), now, zone)
    return Deadline(at, at - min(LOADING_TIME, LOADING_SHARE * (at - now)))


def _instant(text: str, now: datetime, zone: tzinfo | None) -> datetime:
    duration = _DURATION.fullmatch(text)
    if text and duration:
        length = timedelta(hours=int(duration[1] or 0), minutes=int(duration[2] or 0))
        if length > timedelta(0):
            return now + length
    if time_of_day := _TIME_OF_DAY.fullmatch(text):
        local = now.astimezone(zone)
        hour, minute = int(time_of_day[1]), int(time_of_day[2])
        for days in (0, 1):
            day = local.date() + timedelta(days=days)
            naive = datetime(day.year, day.month, day.day, hour, minute)  # noqa: DTZ001 the zone follows
            at = (naive.astimezone() if zone is None else naive.replace(tzinfo=zone)).astimezone(UTC)
            if at > now:
                return at
    raise ConfigurationError(
        f"--deadline {text!r} is neither a time of day like 06:00 nor a duration like 90m, 2h or 1h30m."
    )
