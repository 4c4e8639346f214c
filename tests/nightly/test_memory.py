"""Memory does not grow with the number of pages, nor much with the rows of a load."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
MOST_MEGABYTES = 500
MOST_GROWTH = 1.3  # five times the rows


def _peak_megabytes(rows: int) -> float:
    command = [sys.executable, str(BENCHMARKS / "load_images.py"), "--way", "ours", "--stream", "--rows"]
    done = subprocess.run([*command, str(rows)], check=True, capture_output=True, text=True)
    return float(json.loads(done.stdout.splitlines()[-1])["peak_mb"])


@pytest.mark.slow
def test_load__of_five_times_the_rows_takes_little_more_memory() -> None:
    """100,000 rows load within 500 MB, and 500,000 within 1.3 times what those took."""
    small, large = _peak_megabytes(100_000), _peak_megabytes(500_000)

    assert small < MOST_MEGABYTES
    assert large / small < MOST_GROWTH


def test_peak_megabytes__of_a_program_do_not_count_the_one_that_started_it() -> None:
    """A test runner of half a gigabyte says nothing about the load that it starts."""
    child = "from measuring import peak_megabytes; print(peak_megabytes())"
    parent = (
        "import subprocess, sys; from measuring import peak_megabytes; "
        "held = bytes(range(256)) * 2**20; "
        f"subprocess.run([sys.executable, '-c', {child!r}]); "
        "print(peak_megabytes())"
    )

    done = subprocess.run(
        [sys.executable, "-c", parent], cwd=BENCHMARKS, check=True, capture_output=True, text=True
    )
    of_child, of_parent = map(float, done.stdout.split())

    assert of_child < of_parent / 2
    assert of_parent > 256
