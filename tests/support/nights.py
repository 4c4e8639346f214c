"""Runs of the nightly job in a row against one simulated Imgur."""

from __future__ import annotations

import copy
import shutil
from dataclasses import replace
from pathlib import Path
from threading import RLock
from typing import Any, Self

import duckdb
import httpx
from nightly import run as night
from nightly.options import Options, RunResult

from imgur_source.clock import Clock
from imgur_source.simulator import Simulator
from tests.support.lean_sql import sql_with
from tests.support.warehouses import SimulatorClock, credentials_of

IMAGES = ("account_images",)


class Nights:
    """Runs in a row against one simulated Imgur.

    Args:
        sql_dir: the relations to be made; without it those that plans need, because few tests look at others.
    """

    def __init__(self, folder: Path, *, sql_dir: Path | None = None, **world: Any) -> None:
        self.simulator = Simulator(**({"seed": 5, "images": 40, "albums": 3, "posts": 240} | world))
        self.options = Options(
            data_dir=folder / "data",
            state_dir=folder / "state",
            accounts=("me",),
            quiet=True,
            settings={"credentials": credentials_of(self.simulator), "feeds": []},
            sql_dir=sql_dir or sql_with(),
        )
        self.results: list[RunResult] = []

    def copied(self, folder: Path) -> Self:
        """The same runs and the same world, to go on with in *folder*."""
        for ours in (self.options.data_dir, self.options.state_dir):
            assert ours is not None
            shutil.copytree(ours, folder / ours.name)
        twin = copy.copy(self)
        lock = vars(self.simulator)["_lock"]
        twin.simulator = copy.deepcopy(self.simulator, {id(lock): RLock()})  # locks cannot be copied
        twin.options = replace(
            self.options,
            data_dir=folder / "data",
            state_dir=folder / "state",
            settings=dict(self.options.settings),
        )
        twin.results = list(self.results)
        return twin

    def run(
        self,
        *,
        clock: Clock | None = None,
        transport: httpx.BaseTransport | None = None,
        **changes: Any,
    ) -> RunResult:
        """One run; *changes* are fields of ``Options``."""
        result = night.run_job(
            replace(self.options, **changes),
            clock=clock or SimulatorClock(self.simulator),
            transport=transport or httpx.MockTransport(self.simulator),
        )
        self.results.append(result)
        return result

    def published(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the published file."""
        with duckdb.connect(str(self.options.warehouse.published_file), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def work(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the work file."""
        with duckdb.connect(str(self.options.warehouse.work_file)) as connection:
            return connection.execute(query).fetchall()

    def asked_for(self, part: str) -> int:
        """How many requests had *part* in their path."""
        return sum(part in request.path for request in self.simulator.requests)
