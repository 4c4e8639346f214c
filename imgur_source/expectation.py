"""What reading a held page once more is expected to bring: pure.

What was last seen of each item goes in, a value for each page comes out: how much
its counters are expected to have moved since. What a page costs, and whether its
credit is spent, is for others to decide.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Literal, NamedTuple

DAY = 86_400  # seconds
AGE_EDGES = (0, *(DAY // 4 << step for step in range(14)))  # seconds: buckets from 6 hours up to 5 years
FEWEST_OBSERVATIONS = 100  # intervals of a list below which ages cannot be told apart
EVIDENCE = 0.5  # change that an item has to show before it is believed to differ from others of its age
TIERS = (  # age up to, and how often an item of it is looked at: the policy that needs no observations
    (2 * DAY, 1 * DAY),
    (7 * DAY, 2 * DAY),
    (30 * DAY, 5 * DAY),
    (180 * DAY, 15 * DAY),
)
OLD_INTERVAL = 30 * DAY

Policy = Literal["expected_change", "age_tiers"]


class Observed(NamedTuple):
    """What was last seen of one held item of a list.

    Attributes:
        list: the list that shows it, such as ``account_images/me``.
        rank: its place in the list as last seen, from 0, newest first.
        at: its ``datetime``, seconds since the epoch.
        value: its counter as last seen (views; for comments, points).
        seen_at: when that was, seconds since the epoch.
        value_before: the counter at an earlier observation: the last one that differed, or
            else the first one; None where there is only one observation.
        seen_before_at: when that one was last seen, or for the first one made, seconds since the epoch.
    """

    list: str
    rank: int
    at: int
    value: int
    seen_at: int
    value_before: int | None = None
    seen_before_at: int | None = None


class PageValue(NamedTuple):
    """A held page, and what reading it once more is worth.

    Attributes:
        page: its number.
        value: the change that is expected of its items together.
        seen_at: when the longest unseen of its items was last seen, seconds since the epoch.
    """

    list: str
    page: int
    value: float
    seen_at: int


@dataclass(frozen=True, slots=True)
class Course:
    """How an ordinary item of a list gains as it ages.

    Attributes:
        rates: change a second in each bucket of ``AGE_EDGES``; the last one has no end.
        totals: change by the start of each bucket.
    """

    rates: tuple[float, ...]
    totals: tuple[float, ...]

    @classmethod
    def learned(cls, observed: Iterable[Observed]) -> Course | None:
        """The mean of what was seen; None where that is too little to tell ages apart.

        An interval between two observations counts for the age in its middle. A bucket
        in which nothing was seen takes its younger neighbour's rate, halved with each
        doubling of the age, as views do (docs/refresh.md).
        """
        gained = [0.0] * len(AGE_EDGES)
        watched = [0.0] * len(AGE_EDGES)
        intervals = 0
        for item in observed:
            value, since = _before(item)
            duration = item.seen_at - since
            if item.value_before is None or duration <= 0:
                continue
            bucket = _bucket(max(0, (since + item.seen_at) // 2 - item.at))
            gained[bucket] += abs(item.value - value)
            watched[bucket] += duration
            intervals += 1
        if intervals < FEWEST_OBSERVATIONS:
            return None
        rates: list[float] = []
        for gain, seconds in zip(gained, watched, strict=True):
            younger = rates[-1] / 2 if rates else 0.0
            rates.append(gain / seconds if seconds else younger)
        first = next((place for place, seconds in enumerate(watched) if seconds), 0)
        for place in range(first - 1, -1, -1):  # younger than anything that was watched
            rates[place] = 2 * rates[place + 1]
        spans = [newer - older for older, newer in pairwise(AGE_EDGES)]
        steps = (rate * span for rate, span in zip(rates, spans, strict=False))
        return cls(tuple(rates), tuple(accumulate(steps, initial=0.0)))

    def gained(self, age: float) -> float:
        """What an ordinary item has gained by *age*, in seconds."""
        bucket = _bucket(age)
        return self.totals[bucket] + self.rates[bucket] * (age - AGE_EDGES[bucket])

    def expected_of(self, item: Observed, *, now: int) -> float:
        """How much *item* is expected to have moved since it was last seen.

        It goes on as items of its age do, at its own pace: what it has gained between
        its last observations, beside what an ordinary item gains in that time. One that
        was seen once began with nothing.
        """
        value, since = _before(item)
        seen = self.gained(max(0, item.seen_at - item.at))
        ordinary = seen - self.gained(max(0, since - item.at))
        pace = (EVIDENCE + abs(item.value - value)) / (EVIDENCE + max(0.0, ordinary))
        return pace * max(0.0, self.gained(max(0, now - item.at)) - seen)


def page_values(
    observed: Sequence[Observed],
    *,
    page_sizes: dict[str, int],
    shifts: dict[str, int],
    now: int,
    policy: Policy,
) -> list[PageValue]:
    """The pages of the lists in *page_sizes*, each with its value.

    A page begins ``shifts`` items higher up than it did when it was last seen.
    A list of which too little is known goes by what all lists have shown, or else by the tiers of age.
    """
    of_list: dict[str, list[Observed]] = defaultdict(list)
    for item in observed:
        if item.list in page_sizes:
            of_list[item.list].append(item)
    courses = {name: Course.learned(items) for name, items in of_list.items()}
    common = Course.learned(observed) if None in courses.values() else None
    found: list[PageValue] = []
    for name, items in of_list.items():
        course = (courses[name] or common) if policy == "expected_change" else None
        size, shift = page_sizes[name], shifts.get(name, 0)
        values: dict[int, float] = defaultdict(float)
        seen: dict[int, int] = {}
        for item in items:
            page = (item.rank + shift) // size
            values[page] += course.expected_of(item, now=now) if course else due_by_age(item, now=now)
            seen[page] = min(item.seen_at, seen.get(page, item.seen_at))
        found += [PageValue(name, page, values[page], seen[page]) for page in sorted(values)]
    return found


def due_by_age(item: Observed, *, now: int) -> float:
    """How long ago *item* was seen, in intervals of its tier of age."""
    age = now - item.at
    interval = next((interval for limit, interval in TIERS if age <= limit), OLD_INTERVAL)
    return max(0, now - item.seen_at) / interval


def _before(item: Observed) -> tuple[int, int]:
    """The value at the earlier observation, and when that was; at the first one, nothing at its birth."""
    if item.value_before is None or item.seen_before_at is None:
        return 0, item.at
    return item.value_before, item.seen_before_at


def _bucket(age: float) -> int:
    return bisect_right(AGE_EDGES, age) - 1
