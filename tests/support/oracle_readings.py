"""What is known of counters at any time: readings, totals between them, and days (docs/metrics.md).

Nothing here was written from ``sql/`` and nothing is quick; a division is exact
until it is a column's.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from tests.support.random_warehouse import DAY, HOUR, Row, utc_day

START_KNOWN_FOR = 7 * DAY


@dataclass(frozen=True, slots=True)
class Reading:
    """Counters that are known at an instant.

    Attributes:
        is_start: whether it is no reading, but the beginning, when all stood at 0.
    """

    at: datetime
    counters: tuple[int | None, ...]
    is_start: bool = False


def readings(
    observations: Iterable[Row],
    made_at: datetime | None,
    counters: Sequence[str],
    all_counters: Sequence[str],
) -> list[Reading]:
    """All times at which *counters* are known: first and last sighting of each value, and the start."""
    spans: list[tuple[tuple[Any, ...], Row, Row]] = []
    for row in sorted(observations, key=lambda row: row["observed_at"]):
        value = tuple(row[name] for name in all_counters)
        if spans and spans[-1][0] == value:
            spans[-1] = (value, spans[-1][1], row)
        else:
            spans.append((value, row, row))
    known = {
        row["observed_at"]: Reading(row["observed_at"], tuple(row[name] for name in counters))
        for _, first, last in spans
        for row in (first, last)
    }
    found = [known[at] for at in sorted(known)]
    if found and made_at is not None and timedelta(0) < found[0].at - made_at <= START_KNOWN_FOR:
        found.insert(0, Reading(made_at, (0,) * len(counters), is_start=True))
    return found


def rounded(value: Fraction) -> int:
    """The nearest whole number, halves away from 0."""
    size = math.floor(abs(value) + Fraction(1, 2))
    return size if value >= 0 else -size


def around(known: Sequence[Reading], at: datetime) -> tuple[Reading, Reading] | None:
    """The readings before and after *at*, twice the same where one was made at that instant; None outside."""
    before = [reading for reading in known if reading.at <= at]
    after = [reading for reading in known if reading.at >= at]
    return (before[-1], after[0]) if before and after else None


def totals(before: Reading, after: Reading, at: datetime) -> tuple[int | None, ...]:
    """The counters at *at*, each taken to move evenly between the two, and rounded by itself."""
    if before.at == after.at:
        return before.counters
    part = Fraction(
        (at - before.at) // timedelta(microseconds=1), (after.at - before.at) // timedelta(microseconds=1)
    )
    return tuple(
        None if low is None or high is None else low + rounded((high - low) * part)
        for low, high in zip(before.counters, after.counters, strict=True)
    )


def has_stood(known: Sequence[Reading], midnight: datetime) -> bool:
    """Whether the last reading before the day that begins at *midnight*, and the first after it, show the same."""
    before = [reading for reading in known if reading.at < midnight and not reading.is_start]
    after = [reading for reading in known if reading.at >= midnight + DAY]
    return bool(before and after) and before[-1].counters == after[0].counters


@dataclass(frozen=True, slots=True)
class Day:
    """An item's totals at a day's end, what it gained, and how that is known."""

    day: Any
    totals: tuple[int | None, ...]
    gains: tuple[int | None, ...]
    is_interpolated: bool
    is_observed: bool
    is_partial: bool


def days_of(known: Sequence[Reading]) -> Iterator[Day]:
    """One for each UTC day, from that of the first reading to that of the last."""
    if not known:
        return
    last_day = utc_day(known[-1].at)
    day = utc_day(known[0].at)
    no_total: tuple[int | None, ...] = (None,) * len(known[0].counters)
    before_it = known[0].counters if known[0].is_start else no_total
    while day <= last_day:
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        end = known[-1].at if day == last_day else midnight + DAY
        pair = around(known, end)
        assert pair is not None
        now = totals(*pair, end)
        was_read = any(not reading.is_start and utc_day(reading.at) == day for reading in known)
        yield Day(
            day=day,
            totals=now,
            gains=tuple(
                None if a is None or b is None else a - b for a, b in zip(now, before_it, strict=True)
            ),
            is_interpolated=pair[0].counters != pair[1].counters,
            is_observed=was_read or has_stood(known, midnight),
            is_partial=day == last_day,
        )
        before_it = now
        day += DAY


def percentile(values: Sequence[int], part: Fraction) -> Fraction:
    """The value below which that *part* lies, taken evenly between two neighbours."""
    ordered = sorted(values)
    place = part * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def total(values: Iterable[int | None]) -> int | None:
    """The sum of what is known; None where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def per(number: int | None, whole: int | None, times: int = 1) -> float | None:
    return None if number is None or not whole else number * times / whole


def hours_between(start: datetime | None, end: datetime) -> float | None:
    return None if start is None else (end - start) / HOUR
