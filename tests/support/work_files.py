"""Files of a warehouse as a test needs them: rows put in, programs that hold them, disks that are full."""

from __future__ import annotations

import atexit
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
from warehouse.catalog import LOAD_ID_DESCRIPTION, transaction
from warehouse.relations import SQL_DIR
from warehouse.warehouse import Warehouse

from imgur_source.records.tables import MARKER, TAGS, Table

NIGHT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
HOLDING = """
import sys
import duckdb

path, mode, query, before = sys.argv[1:]
with duckdb.connect(path, read_only=mode == "read") as connection:
    if before:
        connection.execute(before)
    print("open", flush=True)
    for _ in sys.stdin:
        print(connection.execute(query).fetchall(), flush=True)
"""


class StandingClock:
    """A clock that always shows the same time."""

    def now(self) -> datetime:
        return NIGHT

    def sleep(self, duration: timedelta) -> None:
        raise AssertionError("nothing sleeps here")


def load(warehouse: Warehouse, table: Table, *rows: dict[str, Any]) -> None:
    """Put *rows* into the work file, in a table as dlt would have made it."""
    warehouse.work_dir.mkdir(parents=True, exist_ok=True)
    columns = [f'"{field.name}" {field.kind.value}' for field in table.fields]
    columns += [f"{MARKER} boolean"] if table.parent else []
    with duckdb.connect(str(warehouse.work_file)) as connection, transaction(connection):
        connection.execute("create schema if not exists imgur_raw")
        connection.execute(
            f"create table if not exists imgur_raw.{table.name} ({', '.join(columns)}, _dlt_load_id varchar)"
        )
        for row in rows:
            names = ", ".join(f'"{name}"' for name in row)
            marks = ", ".join("?" for _ in row)
            connection.execute(
                f"insert into imgur_raw.{table.name} ({names}) values ({marks})", list(row.values())
            )


def load_tags(warehouse: Warehouse, number: int) -> None:
    """Have *number* tags in the work file, named 0, 1, 2 and so on."""
    load(warehouse, TAGS)
    work(
        warehouse,
        "delete from imgur_raw.tags",
        f"insert into imgur_raw.tags (name) select range::varchar from range({number})",
    )


def work(warehouse: Warehouse, *statements: str) -> None:
    """Execute *statements* in the work file."""
    with duckdb.connect(str(warehouse.work_file)) as connection:
        for statement in statements:
            connection.execute(statement)


def read(path: Path, query: str) -> list[tuple[Any, ...]]:
    """All rows of *query* in the file at *path*."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


def storage_version(path: Path) -> str:
    """The oldest DuckDB that reads the file at *path*, as the file itself says."""
    [(version,)] = read(path, "select tags['storage_version'] from duckdb_databases() where not internal")
    return str(version)


def texts(path: Path, query: str) -> list[tuple[str | None, ...]]:
    """All rows of *query* in the file at *path*, every value as text, instants in UTC."""
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        return connection.execute(f"select columns(*)::varchar from ({query})").fetchall()


def write_sql(folder: Path, **files: str) -> Path:
    """A folder of relations, such as ``staging__tags="select …"``; returns the folder."""
    for name, text in files.items():
        path = folder.joinpath(*name.split("__")).with_suffix(".sql")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text if text.startswith("--") else f"-- One row per thing.\n{text}")
    return folder


@cache
def without_marts() -> Path:
    """The project's relations but for the marts and their audits, which take most of the time; one folder, parsed once."""
    lean = Path(tempfile.mkdtemp(prefix="imgur_sql_without_marts_"))
    atexit.register(shutil.rmtree, lean)
    for name in ("staging", "plan"):
        (lean / name).symlink_to(SQL_DIR / name)
    (lean / "audits").mkdir()
    for audit in (SQL_DIR / "audits").glob("*.sql"):
        if not re.search(r" main\.|from keys\b", audit.read_text()):
            (lean / "audits" / audit.name).symlink_to(audit)
    return lean


def tables_in(path: Path) -> list[str]:
    return [
        f"{schema}.{table}"
        for schema, table in read(path, "select schema_name, table_name from duckdb_tables() order by all")
    ]


def files_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


class Other:
    """Another program that holds a DuckDB file open; asked, it answers its query."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def answer(self) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()


@contextmanager
def another_program(path: Path, *, mode: str, query: str = "select 1", before: str = "") -> Iterator[Other]:
    """A real process that has *path* open to ``read`` or ``write`` until the block ends."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(path), mode, query, before],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        try:
            yield Other(process)
        finally:
            process.kill()


@contextmanager
def no_file_larger_than(size_bytes: int) -> Iterator[None]:
    """A full disk, as far as this process can tell."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def descriptions_in(path: Path) -> set[tuple[str, str, str]]:
    """Table, column (empty for the table itself) and description of all of ``imgur_raw``."""
    return set(
        read(
            path,
            "select table_name, '', comment from duckdb_tables() where schema_name = 'imgur_raw' "
            "union all select table_name, column_name, comment from duckdb_columns() "
            "where schema_name = 'imgur_raw'",
        )
    )


def descriptions_of(*tables: Table, load_id: bool = True) -> set[tuple[str, str, str]]:
    """What ``descriptions_in`` has to give for *tables*, with dlt's column (it is a setting) or without."""
    described = {(table.name, "", table.description) for table in tables}
    described |= {(table.name, field.name, field.description) for table in tables for field in table.fields}
    return described | {(table.name, "_dlt_load_id", LOAD_ID_DESCRIPTION) for table in tables if load_id}
