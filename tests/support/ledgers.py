"""A ledger's surroundings: windows, rate headers as Imgur sends them, and a request from lease to reply."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from imgur_source.credits.ledger import CreditLedger
from imgur_source.credits.rules import HOUR, Answer, RequestKind, Window
from imgur_source.credits.status import Lease
from tests.support.fakes import NIGHT


def rate_headers(
    *,
    hour: object = 431,
    day: object = 11_876,
    reset: object = 3600,
    hour_limit: object = 500,
    day_limit: object = 12_500,
    day_reset: object = None,
) -> dict[str, str]:
    """Rate headers of a usual reply; None leaves one out."""
    named = {
        "x-ratelimit-userlimit": hour_limit,
        "x-ratelimit-userremaining": hour,
        "x-ratelimit-userreset": reset,
        "x-ratelimit-clientlimit": day_limit,
        "x-ratelimit-clientremaining": day,
        "x-ratelimit-clientreset": day_reset,
    }
    return {name: str(value) for name, value in named.items() if value is not None}


def leased(
    ledger: CreditLedger, cost: int = 1, *, kind: RequestKind = "read", is_backfill: bool = False
) -> Lease:
    """A lease that the ledger has to give."""
    granted = ledger.reserve(cost, kind=kind, is_backfill=is_backfill)
    assert isinstance(granted, Lease), granted
    return granted


def asked(
    ledger: CreditLedger,
    headers: Mapping[str, str] | None = None,
    *,
    cost: int = 1,
    kind: RequestKind = "read",
    status: int = 200,
) -> Lease:
    """Send a request that has this reply, by default one with the usual headers."""
    lease = leased(ledger, cost, kind=kind)
    ledger.settle(lease, Answer(status, rate_headers() if headers is None else headers))
    return lease


def an_hour(remaining: int = 431, **over: Any) -> Window:
    """The user's window, told of at NIGHT, to end an hour later."""
    facts: dict[str, Any] = {
        "known_limit": 500,
        "resets_at": NIGHT + HOUR,
        "told": remaining,
        "told_at": NIGHT,
        "generation": 1,
    }
    return Window("user", **{**facts, "remaining": remaining, **over})


def a_day(remaining: int = 11_876, **over: Any) -> Window:
    """The application's window, told of at NIGHT, its reset unknown."""
    facts: dict[str, Any] = {"known_limit": 12_500, "told": remaining, "told_at": NIGHT, "generation": 1}
    return Window("client", **{**facts, "remaining": remaining, **over})


def shown(window: Window | None) -> tuple[int, int, datetime | None]:
    """What a person is shown of a window: its limit, what remains, and when it starts anew."""
    assert window is not None
    return window.limit, window.remaining, window.resets_at
