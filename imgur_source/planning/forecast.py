"""What reading a stored page once more is expected to bring: pure.

What was last seen of each item goes in, a value for each page comes out: how much
its counters are expected to have moved since. What a page costs, and whether its
credit is spent, is for others to decide.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Literal, NamedTuple

DAY = 86_400  # seconds
AGE_EDGES = (0, *(DAY // 4 << step for step in range(14)))  # seconds: buckets from 6 hours up to 5 years
FEWEST_OBSERVATIONS = 100  # intervals of a list below which ages cannot be told apart
LATE_SHARE = 0.25  # of a page's items: as long as fewer are left unseen, the page counts as read
EVIDENCE = 0.5  # change that an item has to show before it is believed to differ from others of its age
TIERS = (  # age up to, and how often an item of it is looked at: the policy that needs no observations
    (2 * DAY, 1 * DAY),
    (7 * DAY, 2 * DAY),
    (30 * DAY, 5 * DAY),
    (180 * DAY, 15 * DAY),
)
OLD_INTERVAL = 30 * DAY
YOUNG_CHANGE = 10.0  # a day, of an item of the first tier: a guess, so that tiers and changes are of one unit

Policy = Literal["expected_change", "age_tiers"]


class Observation(NamedTuple):
    """What was last seen of one stored item of a list.

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
    """A stored page, and what reading it once more is worth.

    Attributes:
        page: its number, as last seen.
        value: the change that is expected of its items together.
        seen_at: when it was last read as a page, seconds since the epoch: pages never lie quite as
            before, so a few items at its ends may be unseen for longer.
        begins_at: the ``datetime`` of its first item, by which it is recognised; None where not known.
        price: credits that it takes; 0 where the front is expected to show it anyway.
        is_learned: whether its value was learned from what its items have shown, and is not only its age.
    """

    list: str
    page: int
    value: float
    seen_at: int
    begins_at: int | None = None
    price: int = 1
    is_learned: bool = True


@dataclass(frozen=True, slots=True)
class GrowthCurve:
    """How an ordinary item of a list gains as it ages.

    Attributes:
        rates: change a second in each bucket of ``AGE_EDGES``; the last one has no end.
        totals: change by the start of each bucket.
    """

    rates: tuple[float, ...]
    totals: tuple[float, ...]

    @classmethod
    def learned(cls, observed: Iterable[Observation]) -> GrowthCurve | None:
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

    def expected_of(self, item: Observation, *, now: int) -> float:
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


class Layout(NamedTuple):
    """How a list's pages lie in this run.

    Attributes:
        size: items a page.
        grown: new items that are expected at its front.
    """

    size: int
    grown: int

    @property
    def moved(self) -> int:
        """By how many pages what is stored has moved: page p as last seen is now near page p + moved."""
        return round(self.grown / self.size)

    @property
    def in_front(self) -> int:
        """The last page that a scan from the front down to what is stored will read."""
        return self.grown // self.size


def page_values(
    observed: Sequence[Observation],
    *,
    layouts: Mapping[str, Layout],
    now: int,
    policy: Policy,
    greatest_age: int,
) -> list[PageValue]:
    """The stored pages of the lists in *layouts*, each with its value.

    A list of which too little is known goes by what all lists have shown, or else by the tiers of age.
    A page with an item that was not seen for twice *greatest_age*, in seconds, counts as unread since.
    """
    of_list: dict[str, list[Observation]] = defaultdict(list)
    for item in observed:
        if item.list in layouts:
            of_list[item.list].append(item)
    courses: dict[str, GrowthCurve | None] = {}
    if policy == "expected_change":
        courses = {name: GrowthCurve.learned(items) for name, items in of_list.items()}
        if None in courses.values():
            common = GrowthCurve.learned(observed)
            courses = {name: course or common for name, course in courses.items()}
    found: list[PageValue] = []
    for name, items in of_list.items():
        layout, course = layouts[name], courses.get(name)
        values: dict[int, float] = defaultdict(float)
        seen: dict[int, list[int]] = defaultdict(list)
        begins: dict[int, int] = {}
        for item in items:
            page = (item.rank + layout.grown) // layout.size - layout.moved
            values[page] += course.expected_of(item, now=now) if course else due_by_age(item, now=now)
            seen[page].append(item.seen_at)
            begins[page] = max(item.at, begins.get(page, item.at))
        for page in sorted(values):
            times = sorted(seen[page])
            seen_at = min(times[int(len(times) * LATE_SHARE)], times[0] + greatest_age)
            if page >= 0:
                price = int(page + layout.moved > layout.in_front)
                found.append(PageValue(name, page, values[page], seen_at, begins[page], price))
    return found


def due_by_age(item: Observation, *, now: int) -> float:
    """How much *item* is taken to have moved since it was seen, where nothing but its age is known.

    It is due once in an interval of its tier; of two that are equally due the younger moves more.
    """
    age = now - item.at
    interval = next((interval for limit, interval in TIERS if age <= limit), OLD_INTERVAL)
    return YOUNG_CHANGE * max(0, now - item.seen_at) / interval * DAY / interval


def _before(item: Observation) -> tuple[int, int]:
    """The value at the earlier observation, and when that was; at the first one, nothing at its birth."""
    if item.value_before is None or item.seen_before_at is None:
        return 0, item.at
    return item.value_before, item.seen_before_at


def _bucket(age: float) -> int:
    return bisect_right(AGE_EDGES, age) - 1
