"""What one reserve and settle of the credit ledger takes: python benchmarks/ledger.py

Alone, and while three other processes do nothing else on the same file. No
request is sent: the replies are rate headers that are made up.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from imgur_source.clock import SystemClock
from imgur_source.credits import Answer, CreditLedger, Lease

ROUNDS = 3_000  # of each process
LIMIT = 10_000_000  # so that nothing is ever waited for
WARM_UP = 100  # rounds that are not measured


def measure(path: Path, rounds: int) -> list[float]:
    """Seconds that each reserve and settle took."""
    ledger = CreditLedger(path, clock=SystemClock())
    taken = []
    for _ in range(WARM_UP + rounds):
        began = time.perf_counter()
        lease = ledger.reserve()
        reserved = time.perf_counter() - began
        while not isinstance(lease, Lease):  # only at the very start, while another asks about the windows
            time.sleep(0.05)
            began = time.perf_counter()
            lease = ledger.reserve()
            reserved = time.perf_counter() - began
        left = LIMIT - lease.number
        headers = {
            "x-ratelimit-userlimit": str(LIMIT),
            "x-ratelimit-userremaining": str(left),
            "x-ratelimit-userreset": "3600",
            "x-ratelimit-clientlimit": str(LIMIT),
            "x-ratelimit-clientremaining": str(left),
        }
        began = time.perf_counter()
        ledger.settle(lease, Answer(200, headers))
        taken.append(reserved + time.perf_counter() - began)
    ledger.close()
    return taken[WARM_UP:]


def together(processes: int, rounds: int) -> list[float]:
    """The same of all of *processes* that work on one file at once."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "credits.sqlite"
        started = [
            subprocess.Popen(
                [sys.executable, __file__, str(path), str(rounds)], stdout=subprocess.PIPE, text=True
            )
            for _ in range(processes)
        ]
        return [seconds for process in started for seconds in json.loads(process.communicate()[0])]


def row(name: str, taken: Sequence[float]) -> str:
    """A line of the table, in milliseconds."""
    cuts = statistics.quantiles(taken, n=100)
    return (
        f"| {name} | {statistics.median(taken) * 1e3:.2f} | {cuts[98] * 1e3:.2f} | {max(taken) * 1e3:.1f} |"
    )


def main() -> None:
    print("| processes | median ms | p99 ms | longest ms |")
    print("|---|---:|---:|---:|")
    for processes in (1, 4):
        print(row(str(processes), together(processes, ROUNDS)))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(Path(sys.argv[1]), int(sys.argv[2]))))
    else:
        main()
