"""What it takes to make the relations of ``sql/`` anew in a warehouse that has grown for 400 nights.

The loaded tables are made up by grown_warehouse.sql: 60,000 images with 2,000,000 rows of
history, 10,000 posts with 300,000, 50,000 comments, 400 readings of a feed.
Each rebuild and each publication has a process of its own, so that its memory
can be told apart, and is the very ``Warehouse.apply_sql`` of the nightly job.

    python benchmarks/rebuild_sql.py
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import duckdb
from measuring import megabytes, peak_megabytes, print_row

from imgur_source.records import TABLES

sys.path.insert(0, str(Path(__file__).parents[1] / "pipelines"))  # programs, not a package
from warehouse import RAW_SCHEMA, SQL_DIR, Parameters, Warehouse, apply, create

ROWS = Path(__file__).with_name("grown_warehouse.sql")
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
NIGHTS = 400
IMAGES = 60_000
IMAGE_ROWS = 2_000_000
POSTS = 10_000
POST_ROWS = 300_000
COMMENTS = 50_000
ALBUMS = 600
REBUILDS = 3
SLOWEST = 8  # relations that are named

QUERIES = (
    (
        "my latest posts beside others of their age",
        "select title, age_bucket, views, views_index, standing, upvote_share from post_scorecard "
        "where is_own order by published_at desc limit 10",
    ),
    (
        "what the last fortnight brought",
        "select day, account_name, post_views_gained, points_gained, comments_gained, reputation "
        "from account_daily order by day desc, account_name limit 14",
    ),
    (
        "images viewed most in the last week",
        "select image_id, any_value(images.title) as title, sum(image_daily.views_gained) as gained "
        "from image_daily inner join images using (image_id) "
        "where day > (select max(day) - 7 from image_daily) group by image_id order by gained desc limit 10",
    ),
    (
        "when to post",
        "select weekday_name, hour, posts, median_views_7d, score from posting_heatmap "
        "where posts > 0 order by score desc limit 10",
    ),
    (
        "which tags go with more views",
        "select account_name, tag, posts, lift, lift_low, lift_high from tag_lift "
        "order by lift_low desc limit 10",
    ),
    (
        "who stayed longest at the top of a feed",
        "select title, best_rank, top_10_hours, hours_to_viral from gallery_trajectory "
        "order by top_10_hours desc limit 10",
    ),
)


def fill(work_file: Path, *, share: float = 1.0) -> None:
    """Write the loaded tables of such a warehouse, or a *share* of its things over as many nights."""
    sizes = {
        "nights": NIGHTS,
        "images": round(IMAGES * share),
        "image_steps": IMAGE_ROWS // IMAGES,
        "posts": round(POSTS * share),
        "post_steps": POST_ROWS // POSTS,
        "comments": round(COMMENTS * share),
        "albums": round(ALBUMS * share),
    }
    work_file.parent.mkdir(parents=True, exist_ok=True)
    create(work_file)
    with duckdb.connect(str(work_file)) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"create schema {RAW_SCHEMA}")
        for table in TABLES.values():
            columns = ", ".join(f'"{field.name}" {field.kind.value}' for field in table.fields)
            connection.execute(f"create table {RAW_SCHEMA}.{table.name} ({columns})")
        connection.execute(f"set variable now = timestamptz '{NOW}'")
        for name, size in sizes.items():
            connection.execute(f"set variable {name} = {size}")
        connection.execute(ROWS.read_text())


class StoppedClock:
    """A clock that shows the time of the last night."""

    def now(self) -> datetime:
        return NOW

    def sleep(self, duration: timedelta) -> None:
        raise AssertionError("a rebuild waits for nothing")


class Stopwatch:
    """A connection that notes how long each statement took."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.seconds: dict[str, float] = {}
        self._connection = connection

    def execute(self, statement: str, values: Any = None) -> duckdb.DuckDBPyConnection:
        started = time.perf_counter()
        done = self._connection.execute(statement, values)
        self.seconds[statement] = time.perf_counter() - started
        return done

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def seconds_of_relations(work_file: Path) -> dict[str, float]:
    """Seconds that each table takes to make, and each view to be read whole."""
    with duckdb.connect(str(work_file)) as connection:
        connection.execute("set timezone = 'UTC'")
        watched = Stopwatch(connection)
        made = apply(cast(duckdb.DuckDBPyConnection, watched), SQL_DIR, Parameters(NOW)).made
        seconds = {
            name: took
            for statement, took in watched.seconds.items()
            if statement.startswith("create table ")
            for name in [statement.split(maxsplit=3)[2].replace('"', "")]
            if name in made
        }
        for name in made:
            if name not in seconds:
                started = time.perf_counter()
                connection.execute(f"create or replace temp table looked_at as from {name}")
                seconds[name] = time.perf_counter() - started
    return seconds


def measure(folder: Path, *, share: float) -> None:
    """Make such a warehouse in *folder*, rebuild, publish and ask, and print tables in Markdown."""
    warehouse = Warehouse(folder, clock=StoppedClock())
    fill(warehouse.work_file, share=share)
    print(f"{megabytes(warehouse.work_file):.0f} MB loaded\n")
    print_row(
        "rebuild", "seconds", "CPU seconds", "peak MB", "work file, MB", "publish, seconds", "published, MB"
    )
    print_row(*["---"] * 7)
    for number in range(1, REBUILDS + 1):
        made = in_a_process("--rebuild", folder)
        size = megabytes(warehouse.work_file)
        published = in_a_process("--publish", folder)
        print_row(
            number,
            f"{made['seconds']:.1f}",
            f"{made['cpu_seconds']:.1f}",
            f"{made['peak_mb']:.0f}",
            f"{size:.0f}",
            f"{published['seconds']:.1f}",
            f"{warehouse.published_file.stat().st_size / 1e6:.0f}",
        )
    seconds = seconds_of_relations(warehouse.work_file)
    print()
    print_row("relation", "seconds")
    print_row("---", "---")
    for schema in ("staging", "main"):
        total = sum(took for name, took in seconds.items() if name.startswith(f"{schema}."))
        print_row(f"all of {schema}", f"{total:.2f}")
    for name in sorted(seconds, key=lambda name: -seconds[name])[:SLOWEST]:
        print_row(f"`{name}`", f"{seconds[name]:.2f}")
    print()
    print_row("question", "seconds")
    print_row("---", "---")
    with duckdb.connect(str(warehouse.published_file), read_only=True) as connection:
        for question, query in QUERIES:
            started = time.perf_counter()
            connection.execute(query).fetchall()
            print_row(question, f"{time.perf_counter() - started:.3f}")


def in_a_process(task: str, folder: Path) -> dict[str, float]:
    """What ``--rebuild`` or ``--publish`` of the warehouse in *folder* takes: seconds, megabytes."""
    command = [sys.executable, __file__, task, str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def main() -> int:
    """Measure and print tables in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--share", type=float, default=1.0, help="of the rows, for a quick look")
    parser.add_argument("--keep", type=Path, help="make the warehouse in this folder, and leave it there")
    parser.add_argument("--rebuild", type=Path, help="rebuild this warehouse in this process, print JSON")
    parser.add_argument("--publish", type=Path, help="publish this warehouse in this process, print JSON")
    arguments = parser.parse_args()
    if arguments.rebuild or arguments.publish:
        warehouse = Warehouse(arguments.rebuild or arguments.publish, clock=StoppedClock())
        started, cpu_started = time.perf_counter(), time.process_time()
        if arguments.rebuild:
            warehouse.apply_sql()
        else:
            warehouse.publish()
        figures = {
            "seconds": time.perf_counter() - started,
            "cpu_seconds": time.process_time() - cpu_started,  # of all threads
            "peak_mb": peak_megabytes(),
        }
        print(json.dumps(figures))
    elif arguments.keep:
        measure(arguments.keep, share=arguments.share)
    else:
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), share=arguments.share)
    return 0


if __name__ == "__main__":
    sys.exit(main())
