"""What is known of an application's credits at one instant, and whether a request may be sent: pure.

The ledger, which stores it, gives a ``CreditStatus``. What is available is computed
here, for the next request as for the plan and for a person.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from imgur_source.credits.rules import APPLYING, DAY, RequestKind, Window, WindowName
from imgur_source.settings import STRIKES_DENIED, STRIKES_TO_ACCEPT

PROBE_WAIT = timedelta(seconds=0.2)  # until whoever waits for a probe asks again; about one reply's time
PROBE_WAIT_LONGEST = timedelta(seconds=4)
_OF_A_DAY: tuple[WindowName, ...] = ("client", "requests")  # at their floor waiting does not help this run


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to send one request, to be settled when its reply is there.

    Attributes:
        cost: credits, or POST requests where *kind* is ``post``.
        probes: windows of which its reply is to tell; none where its process is gone.
        windows: as they were when it had been charged; empty for a lease of another process.
    """

    number: int
    kind: RequestKind
    cost: int
    at: datetime
    probes: frozenset[WindowName] = frozenset()
    windows: Mapping[WindowName, Window] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Strike:
    """A day that was seen at 0, and the evidence: what was told, and who had spent what by then."""

    at: datetime
    told: str
    own_charges: int
    spent_elsewhere: int


@dataclass(frozen=True, slots=True)
class Go:
    """The request may be sent.

    Attributes:
        probes: windows of which its reply is to tell.
    """

    probes: frozenset[WindowName] = frozenset()


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """The request may be asked for again at *at*, not earlier."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Denied:
    """No request may be sent, and waiting does not help this run.

    Attributes:
        advice: what to do, a whole sentence.
        is_backfill_floor: whether a request that is no backfill would be granted.
    """

    reason: str
    advice: str = "What was read is kept."
    is_backfill_floor: bool = False


@dataclass(frozen=True, slots=True)
class CreditStatus:
    """All that is known at one instant.

    Attributes:
        windows: every window, also those that nothing is known of yet.
        leases: those that are not settled yet, oldest first.
        strikes: of this month (UTC), oldest first.
        silent_until: the end of a cool-down that lasts; None where none does.
        accept_strike_risk: whether a month with three strikes may be gone on with.
    """

    at: datetime
    windows: Mapping[WindowName, Window]
    leases: tuple[Lease, ...] = ()
    strikes: tuple[Strike, ...] = ()
    silent_until: datetime | None = None
    accept_strike_risk: bool = False

    @property
    def denied(self) -> Denied | None:
        """Why nothing may be read this month; None where the strikes allow it."""
        strikes = len(self.strikes)
        if strikes < STRIKES_TO_ACCEPT or (strikes < STRIKES_DENIED and self.accept_strike_risk):
            return None
        reason = (
            f"the application's day was used up {strikes} times this month, "
            "and the fifth time Imgur blocks it until the month ends"
        )
        if strikes < STRIKES_DENIED:
            return Denied(reason, "To go on all the same, run: python pipelines/sync.py --accept-strike-risk")
        return Denied(reason, "Nothing is asked before the next month begins (UTC).")

    def left(self, name: WindowName) -> int | None:
        """Credits left of a window, the floor among them; None where only the next reply can tell."""
        return self.windows[name].left(self.at)

    def floor(self, name: WindowName, *, is_backfill: bool = False) -> int:
        """Credits of a window that are never spent."""
        return self.windows[name].floor(strikes=len(self.strikes), is_backfill=is_backfill)

    def available_in(self, name: WindowName, *, is_backfill: bool = False) -> int:
        """Credits of a window that may be spent now; at most, where only the next reply can tell."""
        left = self.windows[name].left_at_most(self.at)
        return max(0, left - self.floor(name, is_backfill=is_backfill))

    def available(self, *, is_backfill: bool = False) -> int | None:
        """How many requests of one credit may be granted now; None where nothing known limits them."""
        if self.denied or self.silent_until:
            return 0
        known = [name for name in APPLYING["read"] if self.windows[name].known_limit is not None]
        return min((self.available_in(name, is_backfill=is_backfill) for name in known), default=None)

    def available_today(self, *, is_backfill: bool = False) -> int:
        """Credits that the application's day leaves, and the gateway's plan where there is one.

        A window that lasts for many days gives each of them an even part of what is left.
        """
        names = [name for name in _OF_A_DAY if not self._is_absent(name)]
        return min(
            math.ceil(self.available_in(name, is_backfill=is_backfill) / self._days_left(name))
            for name in names
        )

    def _days_left(self, name: WindowName) -> int:
        """Days that a window still has to last, the present one among them."""
        ends_at = self.windows[name].resets_at
        return 1 if ends_at is None else max(1, math.ceil((ends_at - self.at) / DAY))

    def verdict(
        self, cost: int = 1, *, kind: RequestKind = "read", is_backfill: bool = False
    ) -> Go | WaitUntil | Denied:
        """Say whether a request of *cost* credits may be sent now: all windows that apply must grant it.

        The hour may be used to its end, an empty hour is no strike; the day is never
        taken below its floor. The reason that lasts longest is told.
        """
        if kind == "read" and self.denied:
            return self.denied
        if kind != "free" and self.silent_until:
            return WaitUntil(self.silent_until, 'Imgur said "over capacity", its hidden limit per address')
        names = [name for name in APPLYING[kind] if not self._is_absent(name)]
        short = [name for name in names if self.available_in(name, is_backfill=is_backfill) < cost]
        for name in short:
            if name in _OF_A_DAY:
                return Denied(
                    self._floor_reason(name, is_backfill=is_backfill),
                    is_backfill_floor=self.available_in(name) >= cost,
                )
        if short:
            return max(map(self._wait_for, short), key=lambda wait: wait.at)
        probes = frozenset(name for name in names if self.left(name) is None)
        return self._wait_for_probe(probes) or Go(probes)

    def _is_absent(self, name: WindowName) -> bool:
        return name == "requests" and self.windows[name].known_limit is None  # only a gateway has it

    def _wait_for(self, name: WindowName) -> WaitUntil:
        """Until an hour that has too little left may have more."""
        window = self.windows[name]
        at = window.ends_at if window.is_known(self.at) else window.own_frees_at
        if at is None or at <= self.at:
            at = self.at + window.rule.length
        what = "POST requests" if name == "posts" else "credits"
        return WaitUntil(at, f"the hour's {window.limit} {what} are spent")

    def _wait_for_probe(self, probes: frozenset[WindowName]) -> WaitUntil | None:
        """A moment, longer as it takes longer, where a request under way is to tell of one of *probes*."""
        asked = [lease.at for lease in self.leases if lease.probes & probes]
        if not asked:
            return None
        pause = min(max(PROBE_WAIT, (self.at - min(asked)) / 4), PROBE_WAIT_LONGEST)
        return WaitUntil(self.at + pause, "another request is finding out what is left")

    def _floor_reason(self, name: WindowName, *, is_backfill: bool) -> str:
        window, floor = self.windows[name], self.floor(name, is_backfill=is_backfill)
        left = f"{window.left_at_most(self.at)} of {window.limit}"
        if name == "requests":
            return f"the plan has {left} requests left, and the last {floor} are never touched"
        return f"the application has {left} credits left today, and the last {floor} are never touched"
