"""Published files as a report meets them: marts with the rows of one test, or what nights have left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
from filelock import FileLock
from nightly import run as night
from nightly.options import Options
from warehouse.catalog import transaction
from warehouse.relations import SQL_DIR, Parameters, apply

from imgur_source.records.tables import TABLES
from imgur_source.simulator import Simulator
from tests.support.warehouses import SimulatorClock, credentials_of

RUN_AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def file_without_a_row(path: Path) -> Path:
    """A file at *path* with all of ``sql/``, made at ``RUN_AT`` of tables in which there is nothing."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema imgur_raw")
        for table in TABLES.values():
            columns = ", ".join(f'"{field.name}" {field.kind.value}' for field in table.fields)
            connection.execute(f'create table imgur_raw."{table.name}" ({columns})')
        apply(connection, SQL_DIR, Parameters(RUN_AT))
    return path


def fill(path: Path, table: str, *rows: dict[str, Any]) -> None:
    """Put *rows* into *table*, such as ``main.posts``; columns that they do not name are null."""
    with duckdb.connect(str(path)) as connection, transaction(connection):
        for row in rows:
            marks = ", ".join("?" for _ in row)
            connection.execute(f"insert into {table} ({', '.join(row)}) values ({marks})", list(row.values()))


def file_of_nights(
    factory: pytest.TempPathFactory,
    name: str,
    *,
    nights: int,
    accounts: tuple[str, ...] = ("me",),
    **world: Any,
) -> Path:
    """The file that *nights* of the real job publish, a day apart; made once, however many workers want it."""
    folder = factory.getbasetemp()
    if folder.name.startswith("popen-"):  # pytest-xdist: one such folder per worker
        folder = folder.parent
    data_dir = folder / name
    with FileLock(folder / f"{name}.lock"):
        if not data_dir.exists():
            _run(data_dir, nights=nights, accounts=accounts, world=world)
    return data_dir / "imgur.duckdb"


def _run(data_dir: Path, *, nights: int, accounts: tuple[str, ...], world: dict[str, Any]) -> None:
    simulator = Simulator(seed=7, now=RUN_AT - timedelta(days=nights - 1), **world)
    options = Options(
        data_dir=data_dir,
        state_dir=data_dir / "state",
        accounts=accounts,
        quiet=True,
        settings={
            "credentials": credentials_of(simulator),
            "feeds": ["hot/viral", "user/time", "r/aww@1"],
        },
    )
    for number in range(nights):
        if number:
            simulator.advance(timedelta(days=1))
        result = night.run_job(
            options, clock=SimulatorClock(simulator), transport=httpx.MockTransport(simulator)
        )
        assert result.exit_code == 0, result
