"""What benchmarks measure alike, and the tables they print."""

from __future__ import annotations

from pathlib import Path

import duckdb


def peak_megabytes() -> float:
    """The most memory that this program has taken.

    ``getrusage`` would tell that of the program that started it, when that was larger: Linux keeps
    ``ru_maxrss`` over an exec.
    """
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def megabytes(file: Path) -> float:
    """Size of the DuckDB *file*, its log written into it."""
    with duckdb.connect(str(file)) as connection:
        connection.execute("checkpoint")
    return file.stat().st_size / 1e6


def print_row(*values: object) -> None:
    """A row of a table in Markdown."""
    print("|", " | ".join(map(str, values)), "|", flush=True)
