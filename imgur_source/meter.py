"""What this run spends, request by request: the first form of the ledger.

Knows one run in one process. A ledger shared by all processes will take its
place at the same seam: asked before each request, told after each reply.
"""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

from imgur_source.clock import Clock
from imgur_source.credits import Credits, Stop, Wait
from imgur_source.errors import CreditsExhaustedError

FREE_ENDPOINTS = frozenset({"oauth2_token", "oauth2_secret"})  # docs/imgur-api.md: credits


class CreditMeter:
    """Counts attempts, reads the windows, and says stop before a credit is spent that must not be.

    May be shared by threads: together they never spend more than is granted. Its
    books are replaced, not changed, so that each is whole for whoever reads it.

    Attributes:
        requests, charges: attempts and credits by endpoint.
        replays: replies by endpoint that an earlier run had paid for.
    """

    def __init__(self, *, clock: Clock, max_credits: int | None = None) -> None:
        self._clock = clock
        self.credits = Credits(max_credits=max_credits)
        self.requests: Counter[str] = Counter()
        self.charges: Counter[str] = Counter()
        self.replays: Counter[str] = Counter()
        self._in_flight = 0
        self._lock = threading.Lock()

    def before(self, endpoint: str) -> None:
        """Book an attempt that is about to be sent.

        Raises:
            CreditsExhaustedError: instead of sending it.
        """
        cost = 0 if endpoint in FREE_ENDPOINTS else 1
        with self._lock:
            if cost:
                self._charge(cost)
            self._in_flight += 1
            self.requests = _with_more(self.requests, endpoint, 1)
            self.charges = _with_more(self.charges, endpoint, cost)

    def after(self, headers: Mapping[str, str]) -> None:
        """Book the end of an attempt: the windows from the headers of its reply, none if it had no reply."""
        with self._lock:
            self._in_flight = max(0, self._in_flight - 1)
            self.credits = self.credits.observed(headers, now=self._clock.now(), in_flight=self._in_flight)

    def replayed(self, endpoint: str) -> None:
        """Count a reply that the journal gave, at no credit."""
        with self._lock:
            self.replays = _with_more(self.replays, endpoint, 1)

    def at_hand(self) -> int | None:
        """How many requests would be granted right now; None when nothing limits them that is known."""
        return self.credits.at_hand(now=self._clock.now())

    def _charge(self, cost: int) -> None:
        verdict = self.credits.verdict(now=self._clock.now(), cost=cost)
        if isinstance(verdict, Stop):
            raise CreditsExhaustedError(verdict.reason)
        if isinstance(verdict, Wait):
            minutes = math.ceil(verdict.duration / timedelta(minutes=1))
            raise CreditsExhaustedError(
                f"{verdict.reason}, new ones come in {minutes} minute{'s' if minutes > 1 else ''}"
            )
        self.credits = self.credits.charged(cost)


def _with_more(counted: Counter[str], endpoint: str, number: int) -> Counter[str]:
    more = counted.copy()
    more[endpoint] += number  # kept where it is 0, which adding counters would not do
    return more
