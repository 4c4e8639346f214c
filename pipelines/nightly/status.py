"""``sync.py --status``: what is there, how fresh and whole, what the last runs did, how the credits stand.

One screen of 24 lines, unless runs failed for different reasons, or there are strikes and
other rare things to tell of the credits. Sends no request, and works before the first run too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from warehouse import Overview, RunLock

from imgur_source.api import client_id_of
from imgur_source.clock import Clock, SystemClock
from imgur_source.credits import CreditStatus, WindowName, credit_status_of
from imgur_source.errors import ConfigurationError
from imgur_source.plain_text import plain
from nightly.options import Options, settings_of
from nightly.plan_text import count

RUNS_SHOWN = 3
PENDING_SHOWN = 2
LONGEST_LINE = 100  # characters, but for paths
HOURS_TOLD = 48  # from there on days are told
PUBLICATIONS = {"kept": "not published", "off": "not to be published", None: "publication not finished"}
WINDOWS: dict[WindowName, str] = {
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
    """Published file and what is in it, run at work, last runs, what is pending, warnings, credits."""
    clock = clock or SystemClock()
    warehouse = options.warehouse
    published = warehouse.published_file
    overview = warehouse.overview()
    lines = []
    if published.exists():
        made = f", made {overview.made_at:%Y-%m-%d %H:%M} UTC" if overview.made_at else ""
        lines.append(f"Published file: {published} ({published.stat().st_size / 1e6:.1f} MB{made})")
    else:
        lines.append(f"Published file: none yet; python pipelines/sync.py writes {published}")
    holder = RunLock(warehouse.lock_file, clock=clock).holder()
    lines.append(f"At work now: {holder}" if holder else "At work now: no run")
    lines += _content_lines(overview)
    runs = warehouse.last_runs(RUNS_SHOWN)
    lines.append("Last runs:" if runs else "Last runs: none")
    lines += _run_lines(runs)
    lines += _pending_lines(runs[0]["owed"] if runs else None)
    lines += _audit_lines(overview)
    lines += _credit_lines(options, clock)
    return lines


def _content_lines(overview: Overview) -> Iterator[str]:
    """Accounts, and what is stored of them, with the age of its rows when the file was made."""
    if overview.accounts:
        yield plain(f"Accounts: {', '.join(overview.accounts)}", longest=LONGEST_LINE)
    if not overview.freshness:
        return
    gaps = sum(table.open_gaps for table in overview.freshness)
    told = count(gaps, "gap") if gaps else "no gap"
    heading = f"Tables ({told} left in lists)"
    yield f"{heading:<38}{'rows':>11}{'median age':>15}{'95 % within':>15}{'complete':>11}"
    for table in overview.freshness:
        share = "" if table.coverage_share is None else f"{table.coverage_share:.0%}"
        yield (
            f"  {table.table:<36}{table.rows:>11,}{_age(table.median_age_hours):>15}"
            f"{_age(table.p95_age_hours):>15}{share:>11}"
        )


def _age(hours: float | None) -> str:
    """A number of hours as a person tells it."""
    if hours is None:
        return ""
    return f"{hours:,.0f} h" if hours < HOURS_TOLD else f"{hours / 24:,.0f} days"


def _pending_lines(pending: list[str] | None) -> Iterator[str]:
    """What the last run left to the next one, shortened."""
    if pending:
        more = f"; and {len(pending) - PENDING_SHOWN} more" if len(pending) > PENDING_SHOWN else ""
        shown = f"Pending from the last: {'; '.join(pending[:PENDING_SHOWN])}"
        yield plain(shown, longest=LONGEST_LINE - len(more)) + more


def _audit_lines(overview: Overview) -> Iterator[str]:
    """What the audits found last, by name; main.audit_results says what that means."""
    if overview.audited.found:
        found = ", ".join(f"{audit} ({rows:,})" for audit, rows in overview.audited.found)
        yield plain(f"The audits found: {found}", longest=LONGEST_LINE)


def _credit_lines(options: Options, clock: Clock) -> Iterator[str]:
    try:
        settings = settings_of(options)
        client_id = client_id_of(settings.credentials)
        status = credit_status_of(settings.state_path, client_id=client_id, clock=clock)
    except ConfigurationError as error:
        yield f"Credits: not known ({error})"
        return
    if status is None:
        yield "Credits: nothing spent on this machine yet"
        return
    yield "Credits of the application:"
    yield from (f"  {_window_line(status, name)}" for name in WINDOWS if _is_shown(status, name))
    yield from (f"  {line}" for line in credit_status_lines(status))


def _is_shown(status: CreditStatus, name: WindowName) -> bool:
    window, left = status.windows[name], status.left(name)
    if name == "posts":  # a handful of token refreshes a day: worth a line only where they run out
        return left is not None and left < window.limit / 2
    return window.known_limit is not None


def _window_line(status: CreditStatus, name: WindowName) -> str:
    window, left = status.windows[name], status.left(name)
    line = f"{'an unknown number' if left is None else f'{left:,}'} of {window.limit:,} left {WINDOWS[name]}"
    if floor := status.floor(name):
        line += f", the last {floor:,} are never touched"
    if window.resets_at is not None and window.is_known(status.at):
        line += f", new ones at {window.resets_at:%Y-%m-%d %H:%M} UTC"
    if window.spent_elsewhere:
        line += f"; others spent {window.spent_elsewhere:,}"
    return line


def credit_status_lines(status: CreditStatus) -> Iterator[str]:
    """Strikes, cool-down and leases, as far as there are any."""
    yield f"{count(len(status.strikes), 'strike')} this month (days used up; five block the application)"
    for strike in status.strikes:
        yield (
            f"  {strike.at:%Y-%m-%d %H:%M} UTC: {strike.told}; "
            f"{strike.own_charges:,} credits were ours, {strike.spent_elsewhere:,} others'"
        )
    if status.denied is not None:
        yield f"Nothing may be asked this month: {status.denied.reason}. {status.denied.advice}"
    if status.silent_until is not None:
        yield f"Silent until {status.silent_until:%H:%M} UTC, because Imgur said that it is over capacity"
    if status.leases:
        yield f"{count(len(status.leases), 'request')} under way, or cut off with a killed process"


def _run_lines(runs: Sequence[dict[str, Any]]) -> Iterator[str]:
    """A line for each run, newest first, and its reason where that is another than the one above."""
    told = None
    for run in runs:
        planned = f" of {run['credits_planned']} planned" if run["credits_planned"] is not None else ""
        yield (
            f"  {run['started_at']:%Y-%m-%d %H:%M} UTC  {run['outcome']}, "
            f"{count(run['credits_spent'], 'credit')}{planned}, "
            f"{PUBLICATIONS.get(run['publication'], run['publication'])}"
        )
        if run["reason"] and run["reason"] != told:
            yield f"    {plain(run['reason'], longest=LONGEST_LINE - 4)}"
        told = run["reason"]
