"""``sync.py --status``: what the last runs did and how the credits stand.

Sends no request, and works before the first run too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from night import Options, settings_of
from plans import count
from run_lock import RunLock

from imgur_source.auth import client_id_of
from imgur_source.clock import Clock, SystemClock
from imgur_source.errors import ConfigurationError
from imgur_source.ledger import standing_of
from imgur_source.standing import Standing, WindowStanding

RUNS_SHOWN = 5
LONGEST_REASON = 90  # characters
WINDOWS = {
    "user": "this hour",
    "client": "today",
    "requests": "of the gateway's plan",
    "posts": "POST requests this hour",
}


def print_status(options: Options) -> int:
    """Print the state of the warehouse; always 0."""
    print("\n".join(status_lines(options)))
    return 0


def status_lines(options: Options, *, clock: Clock | None = None) -> list[str]:
    """Published file, run at work, credits, last runs."""
    clock = clock or SystemClock()
    warehouse = options.warehouse
    published = warehouse.published_file
    lines = []
    if published.exists():
        lines.append(f"Published file: {published} ({published.stat().st_size / 1e6:.1f} MB)")
    else:
        lines.append(f"Published file: none yet; python pipelines/sync.py writes {published}")
    holder = RunLock(warehouse.lock_file, clock=clock).holder()
    lines.append(f"At work now: {holder}" if holder else "At work now: no run")
    lines += _credit_lines(options, clock)
    runs = warehouse.last_runs(RUNS_SHOWN)
    lines.append("Last runs:" if runs else "Last runs: none")
    lines += [_run_line(run) for run in runs]
    return lines


def _credit_lines(options: Options, clock: Clock) -> Iterator[str]:
    try:
        settings, credentials = settings_of(options, clock=clock)
        standing = standing_of(settings.state_dir, client_id_of(credentials), clock=clock)
    except ConfigurationError as error:
        yield f"Credits: not known ({error})"
        return
    if standing is None:
        yield "Credits: nothing spent on this machine yet"
        return
    yield "Credits of the application:"
    yield from (f"  {_window_line(name, window)}" for name, window in _windows(standing))
    yield from (f"  {line}" for line in standing_lines(standing))


def _windows(standing: Standing) -> Iterator[tuple[str, WindowStanding]]:
    shown = {str(name): window for name, window in standing.windows.items()}
    for name, words in WINDOWS.items():
        window = shown.get(name)
        # posts are a handful of token refreshes a day: worth a line only where they run out
        if window is not None and (name != "posts" or _is_low(window)):
            yield words, window


def _is_low(window: WindowStanding) -> bool:
    return window.remaining is not None and window.remaining < window.limit / 2


def _window_line(words: str, window: WindowStanding) -> str:
    left = "an unknown number" if window.remaining is None else f"{window.remaining:,}"
    line = f"{left} of {window.limit:,} left {words}"
    if window.floor:
        line += f", the last {window.floor:,} are never touched"
    if window.resets_at is not None:
        line += f", new ones at {window.resets_at:%Y-%m-%d %H:%M} UTC"
    if window.foreign:
        line += f"; others under the same client id have spent {window.foreign:,}"
    return line


def standing_lines(standing: Standing) -> Iterator[str]:
    """Strikes, cool-down and leases, as far as there are any."""
    yield f"{count(len(standing.strikes), 'strike')} this month (days used up; five block the application)"
    for strike in standing.strikes:
        yield (
            f"  {strike.at:%Y-%m-%d %H:%M} UTC: {strike.told}; "
            f"{strike.own_charges:,} credits were ours, {strike.foreign:,} others'"
        )
    if standing.denied is not None:
        advice = standing.denied.advice or ""
        yield f"Nothing may be asked this month: {standing.denied.reason}. {advice}".rstrip()
    if standing.silent_until is not None:
        yield f"Silent until {standing.silent_until:%H:%M} UTC, because Imgur said that it is over capacity"
    if standing.leases:
        yield f"{count(len(standing.leases), 'request')} under way, or cut off with a killed process"


def _run_line(run: dict[str, Any]) -> str:
    reason = f" ({_in_short(run['reason'])})" if run["reason"] else ""
    planned = f" of {run['credits_planned']} planned" if run.get("credits_planned") is not None else ""
    publication = {"off": "not published", None: "publication not finished"}
    return (
        f"  {run['started_at']:%Y-%m-%d %H:%M} UTC  {run['outcome']}, "
        f"{count(run['credits_spent'], 'credit')}{planned}, "
        f"{publication.get(run['publication'], run['publication'])}{reason}"
    )


def _in_short(reason: str) -> str:
    """A reason on one line; the whole of it stands in ``sync_runs``."""
    return reason if len(reason) <= LONGEST_REASON else f"{reason[:LONGEST_REASON].rsplit(' ', 1)[0]} …"
