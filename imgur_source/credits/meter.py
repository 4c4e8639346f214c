"""What this run spends, request by request.

Sits on the ledger, which all processes share: asked before each request, told
after each reply. Knows the run's own allowance and its books; what the windows
grant is left to the ledger.
"""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from imgur_source.clock import Clock
from imgur_source.credits.ledger import CreditLedger
from imgur_source.credits.rules import Answer, RequestKind, Window, WindowName
from imgur_source.credits.status import Denied, Lease, WaitUntil
from imgur_source.errors import (
    CreditsExhaustedError,
    DaySpentError,
    GatewayLimitError,
    OverCapacityError,
    PostRequestsSpentError,
    StoppedError,
    UnknownLimitError,
)

FREE_ENDPOINTS = frozenset({"oauth2_token", "oauth2_secret"})  # docs/imgur-api.md: credits
POST_REQUEST_ENDPOINTS = frozenset({"oauth2_token"})  # the only requests of ours that are no GET
LONGEST_PAUSE = timedelta(seconds=5)  # a wait that a request sits out; a longer one ends the reading
UNKNOWN_LIMIT = timedelta(hours=1)  # to wait where Imgur does not say: the longest of its hourly windows


@dataclass(frozen=True, slots=True)
class Credits:
    """What a run has spent of its allowance, and both windows as last seen (None: never)."""

    user: Window | None = None
    client: Window | None = None
    spent: int = 0
    max_credits: int | None = None


class CreditMeter:
    """Counts attempts, and says stop before a credit is spent that must not be.

    May be shared by threads: together they never spend more than is granted. Its
    books are replaced, not changed, so that each is whole for whoever reads it.

    Args:
        ledger: what all processes share; None for one of this meter's own, in memory.

    Attributes:
        credits: what the run has spent, and the windows as last seen.
        requests, charges: attempts and credits by endpoint.
        replays: replies by endpoint that an earlier run had paid for.
        unchanged: replies by endpoint that said nothing has changed (304).
        is_backfill: whether what is asked now is old, so that it must leave more of the day.
    """

    def __init__(
        self, *, clock: Clock, max_credits: int | None = None, ledger: CreditLedger | None = None
    ) -> None:
        self._clock = clock
        self._ledger = ledger or CreditLedger(None, clock=clock)
        self.credits = Credits(max_credits=max_credits)
        self.requests: Counter[str] = Counter()
        self.charges: Counter[str] = Counter()
        self.replays: Counter[str] = Counter()
        self.unchanged: Counter[str] = Counter()
        self.is_backfill = False
        self._under_way = 0
        self._changed = threading.Condition()

    @property
    def ledger(self) -> CreditLedger:
        return self._ledger

    def before(self, endpoint: str, *, should_stop: Callable[[], bool] = lambda: False) -> Lease:
        """Book an attempt that is about to be sent; a short wait is sat out.

        Args:
            should_stop: asked while it waits.

        Raises:
            CreditsExhaustedError: instead of sending it.
            StoppedError: when it was asked to stop while it waited.
            ConfigurationError: when the ledger cannot be used any more.
        """
        kind: RequestKind = "read"
        if endpoint in FREE_ENDPOINTS:
            kind = "post" if endpoint in POST_REQUEST_ENDPOINTS else "free"
        while True:
            with self._changed:
                granted = self._asked(endpoint, kind=kind)
                if isinstance(granted, Lease):
                    return granted
                pause = granted.at - self._clock.now()
                if pause > LONGEST_PAUSE:
                    raise CreditsExhaustedError(f"{granted.reason}, {_how_long(pause)}", until=granted.at)
                is_ours = self._under_way > 0
                if is_ours:  # most likely one of them is what is waited for, and it tells when it is there
                    self._changed.wait(pause.total_seconds())
            if not is_ours:
                self._clock.sleep(pause)
            if should_stop():
                raise StoppedError()

    def after(self, lease: Lease, answer: Answer | None) -> None:
        """Book the end of an attempt; None where it had no reply."""
        windows = self._ledger.settle(lease, answer)
        with self._changed:
            self._under_way -= 1
            self._show(windows)
            self._changed.notify_all()

    def replayed(self, endpoint: str) -> None:
        """Count a reply that the journal gave, at no credit."""
        with self._changed:
            self.replays = _with_more(self.replays, endpoint, 1)

    def found_unchanged(self, endpoint: str) -> None:
        """Count a reply that said nothing has changed; it costs a credit like any other."""
        with self._changed:
            self.unchanged = _with_more(self.unchanged, endpoint, 1)

    def available(self) -> int | None:
        """How many requests would be granted right now; None when nothing limits them that is known."""
        grants = [self._ledger.status().available(is_backfill=self.is_backfill), self._allowance_left()]
        return min((max(0, grant) for grant in grants if grant is not None), default=None)

    def heeded(self, refusal: CreditsExhaustedError) -> CreditsExhaustedError:
        """Book what a refusal of Imgur's means for all processes.

        Returns:
            the refusal, with the instant when credits return where that is known.
        """
        if isinstance(refusal, OverCapacityError):
            return refusal.returning(self._ledger.over_capacity())
        if isinstance(refusal, DaySpentError):
            if refusal.is_told_in_words:
                self._ledger.day_spent(refusal.reason)
            return refusal
        if type(refusal) is CreditsExhaustedError or refusal.until is not None:
            return refusal  # the meter's own, or heeded before
        in_an_hour = self._clock.now() + UNKNOWN_LIMIT
        if isinstance(refusal, GatewayLimitError | UnknownLimitError):
            return refusal.returning(in_an_hour)
        verdict = self._ledger.status().verdict(
            kind="post" if isinstance(refusal, PostRequestsSpentError) else "read"
        )
        if isinstance(verdict, Denied):
            return refusal
        return refusal.returning(verdict.at if isinstance(verdict, WaitUntil) else in_an_hour)

    def close(self) -> None:
        """Give the ledger's file back."""
        self._ledger.close()

    def _asked(self, endpoint: str, *, kind: RequestKind) -> Lease | WaitUntil:
        """A lease that is in the books, or how long to wait for one."""
        cost = 1 if kind == "read" else 0
        left = self._allowance_left()
        if cost and left is not None and left < cost:
            raise CreditsExhaustedError(f"the run's allowance of {self.credits.max_credits} credits is spent")
        granted = self._ledger.reserve(cost, kind=kind, is_backfill=self.is_backfill)
        if isinstance(granted, Denied):
            raise CreditsExhaustedError(
                granted.reason, advice=granted.advice, is_backfill_floor=granted.is_backfill_floor
            )
        if isinstance(granted, Lease):
            self._under_way += 1
            self.requests = _with_more(self.requests, endpoint, 1)
            self.charges = _with_more(self.charges, endpoint, cost)
            self._show(granted.windows, more_spent=cost)
        return granted

    def _allowance_left(self) -> int | None:
        most = self.credits.max_credits
        return None if most is None else most - self.credits.spent

    def _show(self, windows: Mapping[WindowName, Window], *, more_spent: int = 0) -> None:
        user, client = windows["user"], windows["client"]
        self.credits = Credits(
            user=None if user.known_limit is None else user,
            client=None if client.known_limit is None else client,
            spent=self.credits.spent + more_spent,
            max_credits=self.credits.max_credits,
        )


def _how_long(pause: timedelta) -> str:
    minutes = math.ceil(pause / timedelta(minutes=1))
    return f"it may go on in {minutes} minute{'s' if minutes > 1 else ''}"


def _with_more(counted: Counter[str], endpoint: str, number: int) -> Counter[str]:
    more = counted.copy()
    more[endpoint] += number  # kept where it is 0, which adding counters would not do
    return more
