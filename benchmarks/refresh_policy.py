"""Engagement that is missing from the warehouse at report time, by policy of rereading.

An account lives in the simulator's world for 60 nights. Its four lists are so long that
no night's credits reach through them. Each policy begins with everything held, has the
same credits each night, and reads the fronts of the lists first; what it then reads of
the held pages is its own. Missing is what the counters have moved since the warehouse
last saw them, over all items, when the night is over.

*Age tiers* and *ours* are plans of ``imgur_source.planning``. Pages are read from the world
itself, without requests: what a plan is worth does not depend on HTTP.

    python benchmarks/refresh_policy.py --chart docs/refresh.svg
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from bisect import insort
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import mean
from typing import NamedTuple

from imgur_source.planning import Budget, Observation, Order, PlanRules, Policy, StoredList, make_plan
from imgur_source.settings import DAY_CREDITS, Settings
from imgur_source.simulator import Simulator

DAY = 86_400  # seconds
BUDGETS = (30, 60, 120, 240)  # credits a night
SEEDS = (1, 2, 3)
NIGHTS = 60
WARM_UP = 15  # nights that are not counted, in which a policy learns
LOOK_BACK = 7 * DAY
RATE_NIGHTS = 7  # over which new items a day are counted
PAGE_SIZES = {
    "account_images/me": 50,
    "account_albums/me": 50,
    "account_submissions/me": 60,
    "account_comments/me": 50,
}
RULES = PlanRules(
    sweep_share=Settings.sweep_share,
    greatest_age=timedelta(days=Settings.greatest_age_days),
    proof_pages=Settings.proof_pages,
)


class Item(NamedTuple):
    """An item as its list shows it: its counter is views, or points of a comment."""

    id: str
    at: int
    value: int


Lists = dict[str, list[Item]]  # by name, newest first


def world(seed: int, *, images: int = 20_000) -> Simulator:
    """An account with so many images, and what else belongs to it."""
    return Simulator(seed=seed, images=images, albums=images // 50, posts=images // 4, comments=images // 2)


def lists_of(simulator: Simulator) -> Lists:
    """What the account's lists show now."""
    now, shelf = simulator.world.now, simulator.world.shelf(simulator.world.owner)
    return {
        "account_images/me": [Item(one.id, one.uploaded, one.views(now)) for one in shelf.images.newest()],
        "account_albums/me": [Item(one.id, one.created, one.views(now)) for one in shelf.albums.newest()],
        "account_submissions/me": [
            Item(one.id, one.posted, one.content.views(now)) for one in shelf.submissions.newest()
        ],
        "account_comments/me": [
            Item(str(one.id), one.written, one.ups(now) - one.downs(now)) for one in shelf.comments.newest()
        ],
    }


@dataclass(slots=True)
class Seen:
    """What the warehouse holds of one item, as ``*_metrics`` does.

    Attributes:
        since, until: from when until when its counter was seen to stand like this.
        before: the counter before, and when it was last seen; None where there was none.
    """

    at: int
    value: int
    since: int
    until: int
    before: tuple[int, int] | None = None

    def look(self, value: int, now: int) -> None:
        """See the item once more."""
        if value != self.value:
            self.before, self.value, self.since = (self.value, self.until), value, now
        self.until = now


class Warehouse:
    """What a policy has read.

    Attributes:
        credits: spent so far.
        passed_over: nights in a row in which a line of the plan was wanted and got nothing, by its key.
    """

    def __init__(self, lists: Lists, now: int) -> None:
        self.credits = 0
        self.passed_over: dict[str, int] = {}
        self.now = now
        self.held: dict[str, dict[str, Seen]] = {
            name: {item.id: Seen(item.at, item.value, now, now) for item in items}
            for name, items in lists.items()
        }
        self.news: dict[str, deque[int]] = {name: deque(maxlen=RATE_NIGHTS) for name in lists}

    def observed(self) -> Iterator[Observation]:
        """What is held, as ``sql/plan/observed.sql`` tells it."""
        for name, held in self.held.items():
            for rank, seen in enumerate(sorted(held.values(), key=lambda seen: -seen.at)):
                before = seen.before or (
                    (seen.value, seen.since) if seen.since < seen.until else (None, None)
                )
                yield Observation(name, rank, seen.at, seen.value, seen.until, *before)

    def held_lists(self) -> list[StoredList]:
        """What is known of the lists before a night."""
        return [
            StoredList(
                name,
                items=len(held),
                page_size=PAGE_SIZES[name],
                is_begun=True,
                is_complete=True,
                new_per_day=mean(self.news[name]) if self.news[name] else None,
                days_since_read=1.0,
                has_count=name != "account_submissions/me",
            )
            for name, held in self.held.items()
        ]

    def missing(self, lists: Lists) -> int:
        """How much the counters have moved since they were seen; an item that is not held misses all."""
        total = 0
        for name, items in lists.items():
            held = self.held[name]
            for item in items:
                seen = held.get(item.id)
                total += abs(item.value - seen.value) if seen else abs(item.value)
        return total


class Night:
    """One night's reading: the fronts, and what the policy chooses.

    Attributes:
        grown: new items that the front of each list has shown.
    """

    def __init__(self, warehouse: Warehouse, lists: Lists, now: int, credits: int) -> None:
        self.warehouse = warehouse
        self.lists = lists
        self.now = now
        self.credits_left = credits
        self._read: set[tuple[str, int]] = set()
        self.grown: dict[str, int] = {}

    def read_fronts(self) -> None:
        """Each list from page 0 down to what is held."""
        for name in self.lists:
            held = self.warehouse.held[name]
            ids = set(held)
            newest = max((seen.at for seen in held.values()), default=0)
            number = 0
            while page := self.read(name, number):
                number += 1
                if page[-1].at < newest:
                    break
            self.grown[name] = len(held.keys() - ids)
            self.warehouse.news[name].append(self.grown[name])

    def read(self, name: str, number: int) -> list[Item]:
        """A page as the list stands now; nothing where it was read tonight, or the credits are spent."""
        if self.credits_left <= 0 or (name, number) in self._read:
            return []
        self.credits_left -= 1
        self.warehouse.credits += 1
        self._read.add((name, number))
        size = PAGE_SIZES[name]
        page = self.lists[name][number * size : (number + 1) * size]
        held = self.warehouse.held[name]
        for item in page:
            if item.id in held:
                held[item.id].look(item.value, self.now)
            else:
                held[item.id] = Seen(item.at, item.value, self.now, self.now)
        return page

    def read_held(self, name: str, order: Order) -> None:
        """The held pages of *order*, numbered as last seen: first the hot, then the cold.

        Where a page stands now is told by those read above it: new items move it down, and
        deleted ones, of which nobody knows yet, up. Neighbours move together, so that
        nothing is left out between them.
        """
        size = PAGE_SIZES[name]
        seen = [(0, round(self.grown[name] / size))]  # pages, and by how many they have moved
        wanted = {*order.hot, *order.cold}
        moved: dict[int, int] = {}  # by the first page of each run of neighbours
        for page in (*order.hot, *order.cold):
            first = next(first for first in range(page, -1, -1) if first - 1 not in wanted)
            if first not in moved:
                moved[first] = next(by for above, by in reversed(seen) if above <= first)
            shown = self.read(name, max(0, page + moved[first]))
            if len(shown) > 1 and page in order.begins:
                begins_at = order.begins[page]
                late = sum(item.at > begins_at for item in shown) / size  # in pages
                if begins_at > shown[0].at:
                    late = (shown[0].at - begins_at) / max(1, shown[0].at - shown[-1].at)
                insort(seen, (page, moved[first] + max(-3, min(1, round(late)))))

    def forget_deleted(self) -> None:
        """Drop what the pages of tonight should have shown and did not."""
        for name in self.lists:
            size, items = PAGE_SIZES[name], self.lists[name]
            there = {item.id for item in items}
            spans = [
                (page[0].at, page[-1].at)
                for listed, number in self._read
                if listed == name and (page := items[number * size : (number + 1) * size])
            ]
            held = self.warehouse.held[name]
            for gone in [item for item in held if item not in there]:
                if any(oldest < held[gone].at < newest for newest, oldest in spans):
                    del held[gone]


Choice = Callable[[Night], None]


def cursor_only(night: Night) -> None:
    """What is held is never read again."""
    night.read_fronts()


def look_back(night: Night) -> None:
    """All pages with items of the last 7 days, the first of each list first."""
    night.read_fronts()
    names, number = list(night.lists), 0
    while names and night.credits_left:
        for name in list(names):
            rest = night.lists[name][number * PAGE_SIZES[name] :]
            if rest and rest[0].at >= night.now - LOOK_BACK:
                night.read(name, number)
            else:
                names.remove(name)
        number += 1


def down_from_the_front(night: Night) -> None:
    """As far as the credits reach, the first page of each list first: a look-back without a bound."""
    night.read_fronts()
    longest = max(math.ceil(len(items) / PAGE_SIZES[name]) for name, items in night.lists.items())
    for number in range(longest):
        for name, items in night.lists.items():
            if number * PAGE_SIZES[name] < len(items):
                night.read(name, number)


def with_hindsight(night: Night) -> None:
    """The pages that have changed most, known before they are read: what no policy can do."""
    night.read_fronts()
    changes = []
    for name, items in night.lists.items():
        held, size = night.warehouse.held[name], PAGE_SIZES[name]
        for start in range(0, len(items), size):
            page = [item for item in items[start : start + size] if item.id in held]
            changed = sum(abs(item.value - held[item.id].value) for item in page)
            changes.append((-changed, name, start // size))
    for _, name, number in sorted(changes):
        night.read(name, number)


def by_plan(night: Night, policy: Policy) -> None:
    """The fronts, and then the pages that a plan chooses."""
    warehouse = night.warehouse
    plan = make_plan(
        fixed=[],
        lists=warehouse.held_lists(),
        observed=list(warehouse.observed()),
        due=[],
        budget=Budget(
            credits=night.credits_left, now=night.credits_left, an_hour=0, day=DAY_CREDITS, for_backfill=0
        ),
        rules=RULES,
        now=datetime.fromtimestamp(night.now, UTC),
        passed_over=warehouse.passed_over,
        policy=policy,
    )
    granted: dict[str, int] = defaultdict(int)
    for line in plan.lines:
        granted[line.key] += line.granted
    wanted = {line.key for line in plan.lines if line.likely}
    before = warehouse.passed_over
    warehouse.passed_over = {key: before.get(key, 0) + 1 for key in wanted if not granted[key]}
    night.read_fronts()
    orders = {name: plan.order_for(name) for name in night.lists}
    for name, order in orders.items():
        if order.is_swept:
            number = 0
            while number * PAGE_SIZES[name] < len(night.lists[name]):
                night.read(name, number)
                number += 1
    for name, order in orders.items():
        night.read_held(name, order)


POLICIES: dict[str, Choice] = {
    "cursor only": cursor_only,
    "look-back of 7 days": look_back,
    "down from the front": down_from_the_front,
    "age tiers": partial(by_plan, policy="age_tiers"),
    "ours": partial(by_plan, policy="expected_change"),
    "with hindsight": with_hindsight,
}
OTHERS = ("cursor only", "look-back of 7 days", "down from the front", "age tiers")


class Result(NamedTuple):
    """What a policy came to, each night on average.

    Attributes:
        missing: engagement missing at the end of a night.
        gained: engagement that a day brings.
        credits: spent.
    """

    missing: float
    gained: float
    credits: float

    @property
    def share(self) -> float:
        """What is missing, as a share of what a day brings."""
        return self.missing / self.gained


Results = dict[tuple[str, int], Result]  # by policy and credits a night


def run(
    simulator: Simulator,
    *,
    budgets: Sequence[int],
    nights: int,
    warm_up: int,
    policies: Mapping[str, Choice] = POLICIES,
) -> Results:
    """Every policy with every budget, in one world, side by side."""
    before, now = lists_of(simulator), simulator.world.now
    warehouses = {(name, credits): Warehouse(before, now) for name in policies for credits in budgets}
    missing: dict[tuple[str, int], list[int]] = defaultdict(list)
    gained: list[int] = []
    for number in range(nights):
        simulator.advance(timedelta(days=1))
        lists, now = lists_of(simulator), simulator.world.now
        is_counted = number >= warm_up
        if is_counted:
            gained.append(_gain(before, lists))
        for (name, credits), warehouse in warehouses.items():
            night = Night(warehouse, lists, now=now, credits=credits)
            policies[name](night)
            night.forget_deleted()
            if is_counted:
                missing[name, credits].append(warehouse.missing(lists))
        before = lists
    return {
        key: Result(mean(missing[key]), mean(gained), warehouse.credits / nights)
        for key, warehouse in warehouses.items()
    }


def _gain(before: Lists, lists: Lists) -> int:
    total = 0
    for name, items in lists.items():
        values = {item.id: item.value for item in before[name]}
        total += sum(abs(item.value - values.get(item.id, 0)) for item in items)
    return total


def table(results: Mapping[int, Results], budgets: Sequence[int]) -> Iterator[Sequence[str]]:
    """Rows of what is missing, as a share of a day's gain: the mean over the worlds, and its range."""
    yield "policy", *(f"{credits} credits" for credits in budgets)
    yield "---", *("---:" for _ in budgets)
    for name in POLICIES:
        cells = []
        for credits in budgets:
            shares = [of_world[name, credits].share for of_world in results.values()]
            cells.append(f"{mean(shares):.1%} ({min(shares):.1%} to {max(shares):.1%})")
        yield name, *cells


def comparison(results: Mapping[int, Results], budgets: Sequence[int]) -> Iterator[Sequence[str]]:
    """Rows of how much less is missing with ours: on average, and in the world where it shows least."""
    yield "ours, beside", *(f"{credits} credits" for credits in budgets)
    yield "---", *("---:" for _ in budgets)
    for name in OTHERS:
        cells = []
        for credits in budgets:
            less = [
                1 - world["ours", credits].missing / world[name, credits].missing
                for world in results.values()
            ]
            cells.append(f"{mean(less):.0%} less (at least {min(less):.0%})")
        yield name, *cells


COLOURS = ("#9a9a9a", "#c98f2b", "#7a5fb5", "#2f7fc1", "#c0392b", "#3d8b4f")
LEFT, TOP, WIDTH, HEIGHT = 70, 50, 460, 320  # of the field of the chart, in pixels
LABELS = 190  # pixels beside it


def chart(results: Mapping[int, Results], budgets: Sequence[int]) -> str:
    """An SVG of the shares over the credits, both on logarithmic scales."""
    lines = {
        name: [mean(of_world[name, credits].share for of_world in results.values()) for credits in budgets]
        for name in POLICIES
    }
    low = math.floor(math.log10(min(map(min, lines.values()))))
    high = math.ceil(math.log10(max(map(max, lines.values()))))
    first, last = math.log(budgets[0]), math.log(budgets[-1])

    def x(credits: float) -> float:
        return LEFT + WIDTH * (math.log(credits) - first) / ((last - first) or 1)

    def y(share: float) -> float:
        return TOP + HEIGHT * (high - math.log10(share)) / (high - low)

    def text(at: tuple[float, float], words: str, *, anchor: str = "start", colour: str = "#333") -> str:
        return f'<text x="{at[0]:.0f}" y="{at[1]:.0f}" text-anchor="{anchor}" fill="{colour}">{words}</text>'

    total = LEFT + WIDTH + LABELS
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total} {TOP + HEIGHT + 50}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{total}" height="{TOP + HEIGHT + 50}" fill="#fff"/>',
        text((LEFT, 24), "Engagement missing at the end of a night, as a share of what a day brings"),
        text((LEFT + WIDTH / 2, TOP + HEIGHT + 40), "credits a night", anchor="middle"),
    ]
    for power in range(low, high + 1):
        height = y(10.0**power)
        drawn.append(
            f'<line x1="{LEFT}" x2="{LEFT + WIDTH}" y1="{height:.0f}" y2="{height:.0f}" stroke="#ddd"/>'
        )
        drawn.append(text((LEFT - 8, height + 4), f"{100 * 10.0**power:g} %", anchor="end"))
    for credits in budgets:
        drawn.append(text((x(credits), TOP + HEIGHT + 20), str(credits), anchor="middle"))
    lowest = 0.0
    by_height = sorted(zip(lines, COLOURS, strict=True), key=lambda line: -lines[line[0]][-1])
    for name, colour in by_height:
        points = " ".join(f"{x(c):.1f},{y(s):.1f}" for c, s in zip(budgets, lines[name], strict=True))
        drawn.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        lowest = max(y(lines[name][-1]) + 4, lowest + 15)  # names must not lie on each other
        drawn.append(text((LEFT + WIDTH + 8, lowest), name, colour=colour))
    return "\n".join([*drawn, "</svg>", ""])


def main() -> int:
    """Measure, print tables in Markdown, and draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS, help="of the worlds")
    parser.add_argument("--budgets", type=int, nargs="+", default=BUDGETS, help="credits a night")
    parser.add_argument("--nights", type=int, default=NIGHTS, help=f"more than {WARM_UP}")
    parser.add_argument("--chart", type=Path, help="the SVG to write")
    chosen = parser.parse_args()
    results: dict[int, Results] = {}
    for seed in chosen.seeds:
        started = time.monotonic()
        results[seed] = run(world(seed), budgets=chosen.budgets, nights=chosen.nights, warm_up=WARM_UP)
        gained = results[seed]["ours", chosen.budgets[0]].gained
        spent = results[seed]["look-back of 7 days", chosen.budgets[-1]].credits
        print(
            f"- World {seed}: a day brings {gained:,.0f}, the look-back of 7 days takes {spent:.0f} credits; "
            f"{time.monotonic() - started:.0f} s."
        )
    for rows in (table(results, chosen.budgets), comparison(results, chosen.budgets)):
        print()
        for row in rows:
            print("|", " | ".join(row), "|", flush=True)
    if chosen.chart:
        chosen.chart.write_text(chart(results, chosen.budgets))
    return 0


if __name__ == "__main__":
    sys.exit(main())
