"""The credits of one application, shared by every process and thread of the host.

Grants requests and books their replies. What the windows allow and what a reply
changes is decided in ``status.py`` and ``rules.py``; ``ledger_store.py`` keeps it.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from imgur_source.clock import Clock
from imgur_source.credits.ledger_store import LedgerStore
from imgur_source.credits.rules import (
    APPLYING,
    Answer,
    Reading,
    RequestKind,
    Window,
    WindowName,
    cool_down,
    read_window,
    settled,
    spent,
    unanswered,
)
from imgur_source.credits.status import CreditStatus, Denied, Go, Lease, Strike, WaitUntil
from imgur_source.errors import ConfigurationError

logger = logging.getLogger(__name__)


class CreditLedger:
    """Grants requests, one lease each, and books what came of them; may be shared by threads.

    Several processes, each with a ledger of its own on the same file, never spend
    more together than the windows grant.

    Args:
        path: the file, made when it is not there; None for one in memory, for this object alone.
        accept_strike_risk: whether a month with three strikes may be gone on with.

    Raises:
        ConfigurationError: when the file cannot be used.
    """

    def __init__(self, path: Path | None, *, clock: Clock, accept_strike_risk: bool = False) -> None:
        self.path = path
        self._accept_strike_risk = accept_strike_risk
        self._store = LedgerStore(path, clock=clock)
        with self._store.transaction():
            pass  # proves that it can be written

    @classmethod
    def of_application(
        cls, state_dir: Path, *, client_id: str, clock: Clock, accept_strike_risk: bool = False
    ) -> CreditLedger:
        """The ledger of *client_id* in the state directory.

        Raises:
            ConfigurationError: when its file cannot be used.
        """
        return cls(
            ledger_path(state_dir, client_id=client_id), clock=clock, accept_strike_risk=accept_strike_risk
        )

    def __repr__(self) -> str:
        return f"CreditLedger({str(self.path) if self.path else 'in memory'!r})"

    def reserve(
        self, cost: int = 1, *, kind: RequestKind = "read", is_backfill: bool = False
    ) -> Lease | WaitUntil | Denied:
        """Charge *cost* credits for a request that is about to be sent, if all windows grant it.

        A POST costs one of its own and no credit, the rest nothing, whatever *cost* says.

        Raises:
            ConfigurationError: when the file cannot be used any more; the request must not be sent.
        """
        cost = {"read": cost, "post": 1, "free": 0}[kind]
        with self._store.transaction() as now:
            status = self._status(now)
            verdict = status.verdict(cost, kind=kind, is_backfill=is_backfill)
            if not isinstance(verdict, Go):
                return verdict
            charged = {name: status.windows[name].charged(cost) for name in APPLYING[kind]}
            for window in charged.values():
                self._store.keep(window)
            lease = self._store.add_lease(kind, cost=cost, now=now, probes=verdict.probes)
            return replace(lease, windows={**status.windows, **charged})

    def settle(self, lease: Lease, answer: Answer | None) -> Mapping[WindowName, Window]:
        """Book the reply to a request, None where there was none; returns the windows as they are then.

        What was charged stays charged. A file that cannot be used any more is told by
        the next ``reserve``: a reply that was paid for must not be lost for it.
        """
        try:
            with self._store.transaction() as now:
                self._store.drop_lease(lease.number)
                windows = {
                    name: self._settled(window, lease=lease, answer=answer, now=now)
                    for name, window in self._store.windows(now).items()
                }
                if answer is not None and answer.is_good:
                    self._forget_cool_down(lease)
                return windows
        except ConfigurationError as error:
            logger.warning("a reply could not be booked: %s", error)
            return lease.windows

    def over_capacity(self) -> datetime:
        """Book an "over capacity": how long all processes are silent.

        Several replies may say so before the first of them is heard: they are one.

        Raises:
            ConfigurationError: when the file cannot be used any more.
        """
        with self._store.transaction() as now:
            silent_until, step = self._store.silence()
            if silent_until is None or now >= silent_until:
                silent_until = now + cool_down(step + 1)
                self._store.be_silent(silent_until, step=step + 1)
                logger.info("cool-down step=%d silent_until=%s", step + 1, silent_until)
            return silent_until

    def day_spent(self, words: str) -> None:
        """Book a refusal that says in words, not in headers, that the day is used up: a strike.

        Raises:
            ConfigurationError: when the file cannot be used any more.
        """
        with self._store.transaction() as now:
            day = self._store.windows(now)["client"]
            if not day.is_known(now):  # what was known of it, a strike perhaps, was of a day before
                day = replace(day, generation=day.generation + 1)
            self._strike(day, told=words, generation=day.generation, now=now)
            self._store.keep(spent(day, now=now))

    def status(self) -> CreditStatus:
        """All that is known now; nothing is asked or charged.

        Raises:
            ConfigurationError: when the file cannot be used any more.
        """
        with self._store.transaction() as now:
            return self._status(now)

    def close(self) -> None:
        """Give the file back."""
        self._store.close()

    def _status(self, now: datetime) -> CreditStatus:
        return self._store.status(now, accept_strike_risk=self._accept_strike_risk)

    def _settled(self, window: Window, *, lease: Lease, answer: Answer | None, now: datetime) -> Window:
        """*window* after the reply, which is kept where it has changed."""
        reading = read_window(answer.headers, window.name, now=now) if answer else None
        if reading is not None:
            after = self._after_reading(window, reading, lease=lease, now=now)
        elif window.name in APPLYING[lease.kind]:
            is_untold = (
                answer is not None
                and answer.is_good
                and window.name in lease.probes
                and window.generation == lease.windows[window.name].generation
            )
            after = unanswered(window, cost=lease.cost, is_untold=is_untold)
        else:
            return window
        if after != window:
            self._store.keep(after)
        if answer is not None and reading is not None and window.name == "client" and not reading.remaining:
            leased = lease.windows["client"]
            is_late = window.is_told and leased.generation != window.generation
            words = f"0 of {after.limit} left, with status {answer.status}"
            self._strike(after, told=words, generation=(leased if is_late else after).generation, now=now)
        return after

    def _after_reading(self, window: Window, reading: Reading, *, lease: Lease, now: datetime) -> Window:
        outstanding = [other for other in self._store.leases(now) if window.name in APPLYING[other.kind]]
        return settled(
            window,
            reading,
            leased=lease.windows[window.name],
            now=now,
            is_probe=window.name in lease.probes,
            outstanding=sum(other.cost for other in outstanding),
            outstanding_before=sum(other.cost for other in outstanding if other.number < lease.number),
        )

    def _forget_cool_down(self, lease: Lease) -> None:
        silent_until, step = self._store.silence()
        if step and silent_until is not None and lease.at >= silent_until:
            self._store.be_silent(None, step=0)

    def _strike(self, day: Window, *, told: str, generation: int, now: datetime) -> None:
        strike = Strike(now, told, day.own_charges, day.spent_elsewhere)
        if self._store.add_strike(strike, generation=generation):
            logger.warning("the application's day is used up, a strike: %s", told)


def ledger_path(state_dir: Path, *, client_id: str) -> Path:
    """Where the ledger of *client_id* lies; only a hash of the id is in its name."""
    return state_dir / f"credits.{hashlib.sha256(client_id.encode()).hexdigest()[:16]}.sqlite"


def credit_status_of(state_dir: Path, *, client_id: str, clock: Clock) -> CreditStatus | None:
    """What the ledger of *client_id* knows; None where it was never used, and it is not made then.

    Raises:
        ConfigurationError: when its file cannot be used.
    """
    path = ledger_path(state_dir, client_id=client_id)
    if not path.exists():
        return None
    ledger = CreditLedger(path, clock=clock)
    try:
        return ledger.status()
    finally:
        ledger.close()
