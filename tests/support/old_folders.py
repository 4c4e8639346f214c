"""A folder that an earlier version has left, and runs of this version on it against a simulator made again."""

from __future__ import annotations

import json
import re
import shutil
import tarfile
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import duckdb
import httpx
from nightly import Options, RunResult, run_job
from nightly.status import status_lines

from imgur_source.settings import ImgurCredentials
from imgur_source.simulator import SeenRequest, Simulator
from tests.upgrade.make_folder import SimulatorClock, made_again, simulator_of

IMAGES = re.compile(r"/3/account/me/images/(\d+)")

Row = dict[str, Any]
Tables = dict[str, list[Row]]


@dataclass(frozen=True)
class Left:
    """What a version has left: a copy of its folder, and the facts beside the archive."""

    folder: Path
    facts: Row

    @property
    def killed_paths(self) -> list[str]:
        """What the killed run has paid for."""
        moves = (move.split() for move in self.facts["moves"])
        return [what for number, _, kind, what in moves if (int(number), kind) == (self.killed_run, "GET")]

    @property
    def killed_run(self) -> int:
        return int(self.facts["killed_run"])

    @property
    def killed_run_began(self) -> datetime:
        moves = (move.split() for move in self.facts["moves"])
        return min(datetime.fromisoformat(at) for number, at, _, _ in moves if int(number) == self.killed_run)

    def package(self) -> Tables:
        """The rows of the package that the killed run was loading."""
        found: Tables = {}
        with duckdb.connect() as connection:
            connection.execute("set timezone = 'UTC'")
            for file in self.folder.rglob("load/normalized/*/*_jobs/*.parquet"):
                table = file.name.partition(".")[0]
                found.setdefault(table, []).extend(_rows(connection, f"from read_parquet('{file}')"))
        return found


@dataclass(frozen=True)
class Ran:
    """A run of this version: what came of it, what Imgur saw, and what the work file holds afterwards."""

    result: RunResult
    requests: list[SeenRequest]
    login_forms: list[dict[str, list[str]]]
    tables: Tables

    @property
    def paths(self) -> list[str]:
        """What was asked for, but for tokens."""
        return [request.path for request in self.requests if "/oauth2/" not in request.path]

    @property
    def image_pages(self) -> set[int]:
        """The numbers of the pages of images that were asked for."""
        return {int(match[1]) for match in map(IMAGES.match, self.paths) if match}

    @property
    def credits(self) -> int:
        """What Imgur charged."""
        return sum(request.cost for request in self.requests)

    @property
    def own_row(self) -> Row:
        """The run's row in ``sync_runs``."""
        [row] = (row for row in self.tables["sync_runs"] if row["run_id"] == self.result.run_id)
        return row


class Job:
    """Runs of this version, one after the other, in one folder and against one simulator.

    The settings are those of the old runs, its refresh token included. Pages that are stored are not
    read again for their counters: so what is asked for is what was not stored.
    """

    def __init__(self, folder: Path, simulator: Simulator, facts: Row, *, refresh_token: str) -> None:
        self.simulator = simulator
        credentials = ImgurCredentials(
            client_id=simulator.client_id,
            client_secret=simulator.client_secret,
            refresh_token=refresh_token,
        )
        self.options = Options(
            data_dir=folder / "data",
            state_dir=folder / "state",
            accounts=("me",),
            quiet=True,
            settings={**facts["settings"], "tier_caps": ["hot@0", "cold@0"], "credentials": credentials},
        )

    def run(self) -> Ran:
        before = len(self.simulator.requests)
        forms: list[dict[str, list[str]]] = []

        def answer(request: httpx.Request) -> httpx.Response:
            if request.url.path == "/oauth2/token":
                forms.append(parse_qs(request.read().decode()))
            return self.simulator(request)

        result = run_job(
            self.options, clock=SimulatorClock(self.simulator), transport=httpx.MockTransport(answer)
        )
        tables = tables_of(self.options.data_dir / "work" / "imgur_work.duckdb")
        return Ran(result, self.simulator.requests[before:], forms, tables)

    def status(self) -> str:
        """What ``--status`` prints."""
        return "\n".join(status_lines(self.options, clock=SimulatorClock(self.simulator)))


def tables_of(file: Path) -> Tables:
    """All rows of the raw tables; the file, and the log that a killed run has left beside it, stay as they are."""
    with tempfile.TemporaryDirectory() as look:
        for part in file.parent.glob(f"{file.name}*"):
            shutil.copy(part, look)
        with duckdb.connect(str(Path(look) / file.name)) as connection:
            connection.execute("set timezone = 'UTC'")
            names = connection.execute(
                "select table_name from duckdb_tables() where schema_name = 'imgur_raw'"
            ).fetchall()
            return {name: _rows(connection, f'from imgur_raw."{name}"') for (name,) in names}


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[Row]:
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def unpacked(archive: Path, folder: Path) -> Left:
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    facts = json.loads(archive.with_name(archive.name.removesuffix(".tar.xz") + ".json").read_text())
    return Left(folder, facts)


def job_on(left: Left, *, after: timedelta) -> Job:
    """The job of this version, *after* the kill."""
    simulator = made_again(left.facts)
    simulator.advance(after)
    start = simulator_of(left.facts["world"])
    return Job(left.folder, simulator, left.facts, refresh_token=start.refresh_token)
