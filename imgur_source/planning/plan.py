"""What a plan says: its lines with their prices, in the order in which credits go to them. Values only.

How it is made stands in ``planning``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any, Literal


class Tier(IntEnum):
    """The classes in which credits are spent, most wanted first (docs/decisions/planning.md)."""

    FRONT = 0  # accounts, new items, gaps near the head, feeds at their slots, whole lists that are cheap
    HOT = 1  # stored pages whose counters are expected to move most
    DETAILS = 2  # comment trees and images of what has moved, looks at missing items
    COLD = 3  # other stored pages, the longest unseen among them
    BACKFILL = 4  # gaps far down, and the rest of first loads


LineKind = Literal["account", "feed", "sweep", "head", "hot", "details", "looks", "cold", "backfill"]


TIER_OF: dict[LineKind, Tier] = {  # where each kind of line stands; a sweep that only fits late is cold
    "account": Tier.FRONT,
    "feed": Tier.FRONT,
    "sweep": Tier.FRONT,
    "head": Tier.FRONT,
    "hot": Tier.HOT,
    "details": Tier.DETAILS,
    "looks": Tier.DETAILS,
    "cold": Tier.COLD,
    "backfill": Tier.BACKFILL,
}


@dataclass(frozen=True, slots=True)
class Budget:
    """The credits of a run.

    Attributes:
        credits: that the run may spend in all; None where nothing limits it.
        now: of these, what may be spent before anything is waited for; None where it is not known.
        an_hour: what comes back each hour.
        day: credits of the application's day, its limit.
        for_backfill: of ``credits``, what backfill may use: it stops at twice the day's floor.
        caps: the most credits of a tier; a tier without one has no cap of its own.
        silent_until: until when nothing is asked, because Imgur said that it is over capacity; None for now.
        is_assumed: whether Imgur has not told yet how many credits there are.
    """

    credits: int | None
    now: int | None
    an_hour: int
    day: int
    for_backfill: int | None = None
    caps: tuple[tuple[Tier, int], ...] = ()
    silent_until: datetime | None = None
    is_assumed: bool = False

    def hours_for(self, credits: int) -> int | None:
        """Full hours until so many *credits* can have been spent; None where none come back."""
        if self.now is None or credits <= self.now:
            return 0
        return math.ceil((credits - self.now) / self.an_hour) if self.an_hour else None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a plan.

    Attributes:
        least, likely, most: credits that it takes, if all of it is done.
        granted: credits that it may spend in this run.
        pages: for hot and cold: the stored pages to read once more, numbered as last seen, in rising order.
        begins: of each of these the ``datetime`` of its first item, in seconds; None where it is not known.
        reason: why it is there, in words.
        left_out: likely credits that are not granted in this run.
        turn: when what is left out, or has to wait in this run, has its turn, in words; else empty.
        uncorrected: what was likely before earlier runs corrected it; to be kept with what was spent.
        comes_first: whether it was passed over for so long that it is read before all others.
    """

    name: str
    kind: LineKind
    tier: Tier
    least: int
    likely: int
    most: int
    granted: int
    reason: str
    pages: tuple[int, ...] = ()
    begins: tuple[int | None, ...] = ()
    left_out: int = 0
    turn: str = ""
    uncorrected: int = 0
    comes_first: bool = False

    @property
    def key(self) -> str:
        """What it is counted under where it is passed over: its list or resource, and the part of it."""
        return line_key(self.name, self.tier)


def line_key(name: str, tier: Tier) -> str:
    """The key of a line; stored pages are one part of a list, however much they are worth."""
    return f"{name} {'pages' if tier in (Tier.HOT, Tier.COLD) else tier.name.lower()}"


@dataclass(frozen=True, slots=True)
class Order:
    """What a plan allows for one list.

    Attributes:
        is_swept: whether it is read whole, in one scan from the front.
        hot, cold: stored pages to read once more, numbered as last seen, in rising order: page
            p is now near p + round(new items / page size), and nearer to the front by what was
            deleted above it; where a page shows that, ``begins`` tells how far the next is off.
        backfill: credits for what was never read, below the front.
        begins: the ``datetime`` of the first item of hot and cold pages, in seconds since the epoch.
        first: which parts of it come before all other lists: ``front``, ``pages`` or ``backfill``.
    """

    is_swept: bool = False
    hot: tuple[int, ...] = ()
    cold: tuple[int, ...] = ()
    backfill: int = 0
    begins: Mapping[int, int] = field(default_factory=dict)
    first: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run does, in the order in which credits go to it."""

    lines: tuple[Line, ...]
    budget: Budget
    made_at: datetime

    @property
    def least(self) -> int:
        """Credits of all lines, if all goes well and all is done."""
        return sum(line.least for line in self.lines)

    @property
    def likely(self) -> int:
        """Credits that doing all of it is expected to take."""
        return sum(line.likely for line in self.lines)

    @property
    def most(self) -> int:
        """Credits of all lines that hardly ever are exceeded."""
        return sum(line.most for line in self.lines)

    @property
    def is_known(self) -> bool:
        """Whether all that it names is known so well that its likely price says something."""
        return all(line.most < self.budget.day for line in self.lines)

    @property
    def granted(self) -> int:
        """Credits that this run may spend; those that lines need only at their most are among them."""
        return sum(line.granted for line in self.lines)

    @property
    def expected(self) -> int:
        """Credits that this run is expected to spend."""
        return sum(min(line.granted, line.likely) for line in self.lines)

    @property
    def left_out(self) -> int:
        """Likely credits that are not granted in this run."""
        return sum(line.left_out for line in self.lines)

    @property
    def hours(self) -> int | None:
        """Full hours to wait for credits until this run's part is done; None where none come back."""
        return self.budget.hours_for(self.expected)

    def order_for(self, name: str) -> Order:
        """What is allowed for the list *name*."""
        of_list = [line for line in self.lines if line.name == name]
        pages = {line.kind: line.pages for line in of_list if line.pages}
        begins = (pair for line in of_list for pair in zip(line.pages, line.begins, strict=True))
        return Order(
            is_swept=any(line.kind == "sweep" and line.granted for line in of_list),
            hot=pages.get("hot", ()),
            cold=pages.get("cold", ()),
            backfill=sum(line.granted for line in of_list if line.kind == "backfill"),
            begins={page: at for page, at in begins if at is not None},
            first=frozenset(line.key.rpartition(" ")[2] for line in of_list if line.comes_first),
        )

    def as_json(self) -> dict[str, Any]:
        """Its lines, for the journal: what a replay follows."""
        return {"made_at": self.made_at.isoformat(), "lines": [asdict(line) for line in self.lines]}

    @classmethod
    def from_json(cls, value: Mapping[str, Any], *, budget: Budget) -> Plan:
        """What ``as_json`` made; a plan to follow, whose *budget* is another one's."""
        lines = (
            Line(
                **{
                    **line,
                    "tier": Tier(line["tier"]),
                    "pages": tuple(line["pages"]),
                    "begins": tuple(line["begins"]),
                }
            )
            for line in value["lines"]
        )
        return cls(tuple(lines), budget, datetime.fromisoformat(value["made_at"]))
