"""What a year of nightly observations of 60,000 images takes, in rows and megabytes.

The first nights are real ones: every page is read from the simulator, loaded by
dlt and tidied. In the others the night's observations are made from what the
simulator knows after another day, written into the same work file, and tidied
by the very ``Warehouse.tidy``. Beside it a file grows that is never pruned.

    python benchmarks/history_year.py
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
from dlt_incremental import Nights
from measuring import megabytes, peak_megabytes, print_row

from imgur_source.records import IMAGE_METRICS, schema_of
from imgur_source.simulator import Simulator

sys.path.insert(0, str(Path(__file__).parents[1] / "pipelines"))  # programs, not a package
from warehouse import Warehouse

IMAGES = 60_000
YEARS_BEFORE = 5  # in which they were uploaded, evenly: 33 a day
POSTED = 20  # one image of so many was shown in the gallery, where most views come from
NIGHTS = 365
REAL_NIGHTS = 3
PAGE = 100
MONTH = 30  # nights
KEEP_RUNS = timedelta(days=730)
HISTORY = f"imgur_raw.{IMAGE_METRICS.name}"


def settled_simulator(images: int) -> Simulator:
    """An Imgur with one old account, whose images get views as in life and to which we upload."""
    simulator = Simulator(
        images=0,
        albums=0,
        posts=0,
        comments=0,
        user_limit=12_500,  # or each night would wait for the next hour
        seconds_per_request=1.0,
    )
    step = YEARS_BEFORE * 365 * 86_400 // images
    for place in range(images):
        _upload(simulator, at=simulator.world.now - (images - place) * step, is_posted=place % POSTED == 0)
    return simulator


def upload_of_a_day(simulator: Simulator, images: int) -> None:
    """As many images as on any day before."""
    new = round(images / (YEARS_BEFORE * 365))
    for place in range(new):
        at = simulator.world.now - 86_400 * (new - place) // (new + 1)
        _upload(simulator, at=at, is_posted=place % POSTED == 0)


def _upload(simulator: Simulator, *, at: int, is_posted: bool) -> None:
    image = simulator.world.add_image(at=at)
    if is_posted:
        simulator.world.add_post(image.id, at=at)


def observations(simulator: Simulator) -> pa.Table:
    """What a sweep of tonight would add to the history: a row per image, a second per page."""
    world, now = simulator.world, simulator.now()
    images = world.shelf(world.owner).images.newest()
    views = [image.views(world.now) for image in images]
    seen_at = [now + timedelta(seconds=place // PAGE) for place in range(len(images))]
    columns = {
        "id": [image.id for image in images],
        "observed_at": seen_at,
        "views": views,
        "bandwidth": [count * image.size for count, image in zip(views, images, strict=True)],
        "fetched_at": seen_at,
    }
    schema = schema_of(IMAGE_METRICS)
    return pa.Table.from_arrays(
        [pa.array(columns[field.name], field.type) for field in schema], schema=schema
    )


def write(file: Path, table: pa.Table) -> None:
    """Add *table* to the history in *file*, as a load would leave it."""
    with duckdb.connect(str(file)) as connection:
        connection.register("tonight", table)
        connection.execute("set preserve_insertion_order = false")
        connection.execute(f"insert into {HISTORY} by name from tonight")


def rows_in(file: Path) -> int:
    """Rows of the history in *file*."""
    with duckdb.connect(str(file)) as connection:
        [(rows,)] = connection.execute(f"select count(*) from {HISTORY}").fetchall()
    return int(rows)


def tidied(data_dir: Path) -> dict[str, float]:
    """Seconds and peak megabytes of one tidying, for a process of its own."""
    before = peak_megabytes()
    started = time.perf_counter()
    dropped = Warehouse(data_dir).tidy(keep_runs=KEEP_RUNS).repetitions
    seconds = time.perf_counter() - started
    return {
        "seconds": seconds,
        "dropped": dropped,
        "peak_mb": peak_megabytes(),
        "peak_mb_before": before,
    }


def main() -> int:
    """Measure and print tables in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=IMAGES)
    parser.add_argument("--nights", type=int, default=NIGHTS)
    parser.add_argument("--tidy", type=Path, help="tidy this warehouse in this process, print JSON")
    arguments = parser.parse_args()
    if arguments.tidy:
        print(json.dumps(tidied(arguments.tidy)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), images=arguments.images, nights=arguments.nights)
    return 0


def measure(folder: Path, *, images: int, nights: int) -> None:
    """The whole year, in *folder*."""
    simulator = settled_simulator(images)
    real = Nights(folder, simulator, lists=["account_images"])
    warehouse = real.warehouse
    unpruned = folder / "unpruned.duckdb"
    print_row("real night", "credits", "seconds", "rows of history", "MB of the work file")
    print_row(*["---"] * 5)
    for number in range(1, REAL_NIGHTS + 1):
        if number > 1:
            upload_of_a_day(simulator, images)
        seen = observations(simulator)
        started = time.perf_counter()
        credits = real.run()
        seconds = time.perf_counter() - started
        print_row(
            number,
            credits,
            f"{seconds:.0f}",
            f"{rows_in(warehouse.work_file):,}",
            f"{megabytes(warehouse.work_file):.0f}",
        )
        if number == 1:
            _make_like(unpruned, warehouse.work_file)
        write(unpruned, seen)
    print()
    print_row("nights", "images", "rows, pruned", "MB", "tidy, seconds", "rows, unpruned", "MB")
    print_row(*["---"] * 7)
    for number in range(REAL_NIGHTS + 1, nights + 1):
        upload_of_a_day(simulator, images)
        seen = observations(simulator)
        write(warehouse.work_file, seen)
        write(unpruned, seen)
        if number == nights:
            last = _in_a_process(warehouse.data_dir)
            seconds = last["seconds"]
        else:
            started = time.perf_counter()
            warehouse.tidy(keep_runs=KEEP_RUNS)
            seconds = time.perf_counter() - started
        if number % MONTH == 0 or number == nights:
            print_row(
                number,
                f"{seen.num_rows:,}",
                f"{rows_in(warehouse.work_file):,}",
                f"{megabytes(warehouse.work_file):.0f}",
                f"{seconds:.1f}",
                f"{rows_in(unpruned):,}",
                f"{megabytes(unpruned):.0f}",
            )
        simulator.advance(timedelta(days=1))
    print(
        f"\nThe last tidying dropped {last['dropped']:,.0f} rows in {last['seconds']:.1f} s; "
        f"its process took {last['peak_mb']:,.0f} MB at most, "
        f"{last['peak_mb_before']:,.0f} MB of them before it."
    )


def _in_a_process(data_dir: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--tidy", str(data_dir)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _make_like(file: Path, work_file: Path) -> None:
    """An empty history in *file*, of the columns that dlt gave the one in *work_file*."""
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"attach '{work_file}' as work (read_only)")
        connection.execute("create schema imgur_raw")
        connection.execute(f"create table {HISTORY} as from work.{HISTORY} limit 0")


if __name__ == "__main__":
    sys.exit(main())
