"""100,000 image rows, from replies already in memory to the merged DuckDB table.

Three ways, each in a process of its own so that peak memory can be told apart:

* ``ours``: the nightly job's way, reply bytes to Arrow to dlt (parquet, merge).
* ``dicts``: the same replies through dlt as plain dicts, parquet, merge on the
  same key, nested members kept in one column (``max_table_nesting=0``).
* ``dicts-default``: the same with dlt's default, child tables for nested lists.
* ``floor``: decode to Arrow and one DuckDB insert, no dlt.

Beside them, without loading: ways from reply bytes to Arrow tables.

    python benchmarks/load_images.py [--rows 100000]
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dlt
import duckdb
import orjson
import pyarrow as pa
from measuring import peak_megabytes

from imgur_source.api import read_reply
from imgur_source.records import IMAGES, Type, read_records, schema_of, table_of
from imgur_source.settings import BATCH_ROWS
from imgur_source.source import MERGE, hints_of

sys.path.insert(0, str(Path(__file__).parents[1] / "pipelines"))  # programs, not a package
from warehouse import Warehouse

PAGE = 100
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def an_image(number: int, chance: random.Random) -> dict[str, Any]:
    """An image as its owner gets it, with the type drift seen in the wild."""
    image: dict[str, Any] = {
        "id": f"{number:07x}",
        "title": chance.choice([None, f"A brave toaster, part {number}"]),
        "description": None,
        "datetime": 1_700_000_000 + number,
        "type": "image/jpeg",
        "animated": False,
        "width": 1600,
        "height": 1200,
        "size": 150_117 + number,
        "views": 20_625 + number,
        "bandwidth": 3_096_163_125 + number,
        "vote": None,
        "favorite": False,
        "nsfw": None,
        "section": None,
        "account_url": "marmalade_fox",
        "account_id": 1234,
        "is_ad": False,
        "in_most_viral": False,
        "has_sound": False,
        "tags": [],
        "ad_type": 0,
        "ad_url": "",
        "edited": "0" if number % 2 else 0,
        "in_gallery": False,
        "deletehash": "x" * 15,
        "name": f"img_{number}",
        "link": f"https://i.imgur.com/{number:07x}.jpg",
        "ad_config": {"safeFlags": ["share"], "highRiskFlags": [], "unsafeFlags": [], "showsAds": False},
    }
    if number % 5 == 0:
        image |= {
            "animated": True,
            "mp4": f"https://i.imgur.com/{number:07x}.mp4",
            "mp4_size": 7_701_069 if number % 2 else "7701069",
            "looping": True,
            "processing": {"status": "completed"},
        }
    return image


def replies(rows: int) -> Iterator[bytes]:
    """Bodies of the pages of a list of *rows* images."""
    chance = random.Random(1)
    for start in range(0, rows, PAGE):
        data = [an_image(number, chance) for number in range(start, min(start + PAGE, rows))]
        yield orjson.dumps({"data": data, "success": True, "status": 200})


def our_tables(bodies: Iterable[bytes]) -> Iterator[pa.Table]:
    """Reply bytes to Arrow as the source does it, in its batches."""
    held: list[pa.Table] = []
    size = 0
    for body in bodies:
        reply = read_reply("account_images", status=200, headers={}, body=body, received_at=NOW)
        table = table_of(read_records(IMAGES, reply.data), fetched_at=reply.received_at)
        held.append(table)
        size += table.num_rows
        if size >= BATCH_ROWS:
            yield pa.concat_tables(held).combine_chunks()
            held, size = [], 0
    if held:
        yield pa.concat_tables(held)


def dict_tables(bodies: Iterable[bytes]) -> Iterator[pa.Table]:
    """Reply bytes to Arrow by way of plain dicts and column arrays, one way among others."""
    schema = schema_of(IMAGES)
    for body in bodies:
        rows = orjson.loads(body)["data"]
        columns = []
        for field in IMAGES.fields:
            values = [row.get(field.wire_key) for row in rows]
            if field.kind is Type.JSON:
                values = [None if value is None else orjson.dumps(value).decode() for value in values]
            elif field.kind is Type.TIME:
                values = [value and datetime.fromtimestamp(value, UTC) for value in values]
            elif field.kind is Type.INTEGER:
                values = [None if value is None else int(value) for value in values]
            columns.append(pa.array(values, schema.field(field.name).type))
        yield pa.Table.from_arrays(columns, names=list(IMAGES.column_names))


def pylist_tables(bodies: Iterable[bytes]) -> Iterator[pa.Table]:
    """Reply bytes to Arrow by way of ``Table.from_pylist``, Arrow guessing the types."""
    for body in bodies:
        rows = orjson.loads(body)["data"]
        yield pa.Table.from_pylist(
            [{k: None if k in ("edited", "mp4_size") else v for k, v in r.items()} for r in rows]
        )


def with_dlt(folder: Path, data: Any, database: Any) -> None:
    """Load *data* into *database*, the path of a DuckDB file or a connection to one."""
    pipeline = dlt.pipeline(
        "bench",
        destination=dlt.destinations.duckdb(database),
        dataset_name="imgur_raw",
        pipelines_dir=str(folder / "pipelines"),
    )
    pipeline.run(data, loader_file_format="parquet")


def load_ours(folder: Path, bodies: Iterable[bytes]) -> None:
    """The nightly job's own way."""
    with Warehouse(folder).loading() as connection:
        with_dlt(
            folder, dlt.resource(our_tables(bodies), name="account_images", **hints_of(IMAGES)), connection
        )


def load_dicts(folder: Path, bodies: Iterable[bytes], *, nesting: Any = 0) -> None:
    """Plain dicts through dlt."""

    hints: dict[str, Any] = {"primary_key": "id", "write_disposition": MERGE, "max_table_nesting": nesting}

    @dlt.resource(name="images", **hints)
    def images() -> Iterator[Any]:
        for body in bodies:
            yield orjson.loads(body)["data"]

    with_dlt(folder, images, str(folder / "bench_work.duckdb"))


def load_floor(folder: Path, bodies: Iterable[bytes]) -> None:
    """No dlt: decode to Arrow, one insert."""
    table = pa.concat_tables(our_tables(bodies))
    with duckdb.connect(str(folder / "floor.duckdb")) as connection:
        connection.register("incoming", table)
        connection.execute("create table images as select * from incoming")


LOADS: dict[str, Callable[[Path, Iterable[bytes]], None]] = {
    "ours": load_ours,
    "dicts": load_dicts,
    "dicts-default": lambda folder, bodies: load_dicts(folder, bodies, nesting=None),
    "floor": load_floor,
}


def measure(way: str, rows: int, *, is_streamed: bool) -> dict[str, float]:
    """Seconds and peak megabytes of one way, after a small run that pays for imports.

    Streamed replies are made on the way: the seconds then mean nothing, but
    the megabytes are those of the load alone.
    """
    bodies: Any = replies(rows) if is_streamed else list(replies(rows))
    few = list(replies(2 * PAGE))
    with tempfile.TemporaryDirectory() as folder:
        warm_up = Path(folder) / "warm_up"
        warm_up.mkdir()
        LOADS[way](warm_up, few)
        before = peak_megabytes()
        started = time.perf_counter()
        cold = Path(folder) / "measured"
        cold.mkdir()
        LOADS[way](cold, bodies)
        seconds = time.perf_counter() - started
    return {"seconds": seconds, "peak_mb": peak_megabytes(), "peak_mb_before": before}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--way", choices=sorted(LOADS), help="measure this way in this process, print JSON")
    parser.add_argument("--stream", action="store_true", help="with --way: make the replies on the way")
    arguments = parser.parse_args()
    if arguments.way:
        print(json.dumps(measure(arguments.way, arguments.rows, is_streamed=arguments.stream)))
        return 0
    rows = arguments.rows
    bodies = list(replies(rows))
    print(
        f"{rows:,} image rows, {sum(map(len, bodies)) / 1e6:.0f} MB of replies\n\nreply bytes to Arrow tables"
    )
    for name, way in (
        ("ours", our_tables),
        ("dicts, columns", dict_tables),
        ("dicts, from_pylist", pylist_tables),
    ):
        started = time.perf_counter()
        for _ in way(bodies):
            pass
        seconds = time.perf_counter() - started
        print(f"  {name:<20}{rows / seconds:>10,.0f} rows/s")
    print("\nreply bytes to the merged DuckDB table")
    results = {}
    for name in LOADS:
        command = [sys.executable, __file__, "--rows", str(rows), "--way", name]
        results[name] = json.loads(
            subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
        )
        figures = results[name]
        print(
            f"  {name:<20}{rows / figures['seconds']:>10,.0f} rows/s {figures['seconds']:>7.2f} s "
            f"peak {figures['peak_mb']:>6,.0f} MB, {figures['peak_mb_before']:,.0f} MB of it before"
        )
    ours = results["ours"]["seconds"]
    print(
        f"\nours is {results['dicts']['seconds'] / ours:.1f} times dicts, "
        f"{results['dicts-default']['seconds'] / ours:.1f} times dicts-default, "
        f"{results['floor']['seconds'] / ours:.2f} of the floor"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
