"""Memory does not grow with the number of pages, nor much with the rows of a load."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parent.parent / "benchmarks" / "load_images.py"
MOST_MEGABYTES = 500
MOST_GROWTH = 1.3  # five times the rows


def _peak_megabytes(rows: int) -> float:
    command = [sys.executable, str(BENCHMARK), "--way", "ours", "--stream", "--rows", str(rows)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(json.loads(done.stdout.splitlines()[-1])["peak_mb"])


@pytest.mark.slow
def test_load__of_five_times_the_rows_takes_little_more_memory() -> None:
    """100,000 rows load within 500 MB, and 500,000 within 1.3 times what those took."""
    small, large = _peak_megabytes(100_000), _peak_megabytes(500_000)

    assert small < MOST_MEGABYTES
    assert large / small < MOST_GROWTH
