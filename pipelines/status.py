"""``sync.py --status``: what the last runs did, without a request and before the first run too."""

from __future__ import annotations

from typing import Any

from night import Options
from run_lock import RunLock

from imgur_source.clock import SystemClock

RUNS_SHOWN = 5


def print_status(options: Options) -> int:
    """Print the state of the warehouse; always 0."""
    print("\n".join(status_lines(options)))
    return 0


def status_lines(options: Options) -> list[str]:
    """Published file, run at work, last runs."""
    warehouse = options.warehouse
    published = warehouse.published_file
    lines = []
    if published.exists():
        lines.append(f"Published file: {published} ({published.stat().st_size / 1e6:.1f} MB)")
    else:
        lines.append(f"Published file: none yet; python pipelines/sync.py writes {published}")
    holder = RunLock(warehouse.lock_file, clock=SystemClock()).holder()
    lines.append(f"At work now: {holder}" if holder else "At work now: no run")
    runs = warehouse.last_runs(RUNS_SHOWN)
    lines.append("Last runs:" if runs else "Last runs: none")
    lines += [_run_line(run) for run in runs]
    return lines


def _run_line(run: dict[str, Any]) -> str:
    reason = f" ({run['reason']})" if run["reason"] else ""
    return (
        f"  {run['started_at']:%Y-%m-%d %H:%M} UTC  {run['outcome']}, {run['credits_spent']} credits, "
        f"{run['publication'] or 'publication not finished'}{reason}"
    )
