"""What this run spends, request by request: the first form of the ledger.

Knows one run in one process. A ledger shared by all processes will take its
place at the same seam: asked before each request, told after each reply.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

from imgur_source.clock import Clock
from imgur_source.credits import Credits, Stop, Wait
from imgur_source.errors import CreditsExhaustedError

FREE_ENDPOINTS = frozenset({"oauth2_token", "oauth2_secret"})  # docs/imgur-api.md: credits


class CreditMeter:
    """Counts attempts, reads the windows, and says stop before a credit is spent that must not be."""

    def __init__(self, *, clock: Clock, max_credits: int | None = None) -> None:
        self._clock = clock
        self.credits = Credits(max_credits=max_credits)
        self.requests: Counter[str] = Counter()
        self.charges: Counter[str] = Counter()

    def before(self, endpoint: str) -> None:
        """Book an attempt that is about to be sent.

        Raises:
            CreditsExhaustedError: instead of sending it.
        """
        cost = 0 if endpoint in FREE_ENDPOINTS else 1
        if cost:
            verdict = self.credits.verdict(now=self._clock.now(), cost=cost)
            if isinstance(verdict, Stop):
                raise CreditsExhaustedError(verdict.reason)
            if isinstance(verdict, Wait):
                minutes = math.ceil(verdict.duration / timedelta(minutes=1))
                raise CreditsExhaustedError(
                    f"{verdict.reason}, new ones come in {minutes} minute{'s' if minutes > 1 else ''}"
                )
            self.credits = self.credits.charged(cost)
        self.requests[endpoint] += 1
        self.charges[endpoint] += cost

    def after(self, headers: Mapping[str, str]) -> None:
        """Read the windows from the headers of a reply."""
        self.credits = self.credits.observed(headers, now=self._clock.now())
