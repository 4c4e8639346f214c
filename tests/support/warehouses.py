"""Running the source into a DuckDB file of a test, and reading back what landed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dlt
import duckdb
import httpx

from imgur_source.extract.run_state import RunState
from imgur_source.records.arrow import rows_table
from imgur_source.records.tables import Table
from imgur_source.settings import ImgurCredentials, Settings
from imgur_source.simulator import Simulator
from imgur_source.source import Runtime, StopFlag, client_of, declare_json, hints_of, imgur

FEEDS = ("hot/viral@2", "top/top/week@1", "user/rising@1", "t/cats@1", "r/aww@1", "search/dog@1")


class Lab:
    """A simulated Imgur, a pipeline into a file of its own, and the means to ask what landed."""

    def __init__(
        self, folder: Path, simulator: Simulator, *, transport: httpx.BaseTransport | None = None
    ) -> None:
        self.folder = folder
        self.simulator = simulator
        self.transport = transport or httpx.MockTransport(simulator)
        self.file = folder / "lab_work.duckdb"
        self.pipeline = dlt.pipeline(
            "lab",
            destination=dlt.destinations.duckdb(str(self.file)),
            dataset_name="imgur_raw",
            pipelines_dir=str(folder / "pipelines"),
        )

    def source(self, *, only: Sequence[str] = (), **settings: Any) -> Any:
        """The source against the simulator; *settings* as for ``imgur()``."""
        return self.begun(only=only, **settings)[0]

    def begun(self, *, only: Sequence[str] = (), **settings: Any) -> tuple[Any, RunState]:
        """The same, and the state of the run that will read it."""
        values = {
            "accounts": ["me"],
            "feeds": [],
            "state_dir": self.folder / "state",
            "credentials": credentials_of(self.simulator),
        } | settings
        facts = values.pop("facts", None)
        read, clock, stop = Settings.configured(**values), SimulatorClock(self.simulator), StopFlag()
        client = client_of(read, clock=clock, stop=stop, transport=self.transport)
        runtime = Runtime(clock, client, RunState(client.meter), stop)
        source = imgur(settings=read, facts=facts, runtime=runtime)
        return source.with_resources(*only) if only else source, runtime.run

    def run(self, *, only: Sequence[str] = (), **settings: Any) -> RunState:
        """One run; returns its state."""
        source, run = self.begun(only=only, **settings)
        self.pipeline.run(source, loader_file_format="parquet")
        return run

    def extract(self, *, only: Sequence[str] = (), **settings: Any) -> tuple[RunState, Counter[str]]:
        """One run that loads nothing, at half the price: its state, and how many rows dlt got for each table."""
        source, run = self.begun(only=only, **settings)
        info = self.pipeline.extract(source, loader_file_format="parquet")
        rows: Counter[str] = Counter()
        for metrics in info.metrics[info.loads_ids[0]]:
            rows |= {table: metric.items_count for table, metric in metrics["table_metrics"].items()}
        return run, rows

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows that *query* gives, instants in UTC."""
        with duckdb.connect(str(self.file), read_only=True) as connection:
            connection.execute("set timezone = 'UTC'")
            return connection.execute(query).fetchall()

    def records(self, query: str) -> list[dict[str, Any]]:
        """The same as dicts."""
        with duckdb.connect(str(self.file), read_only=True) as connection:
            connection.execute("set timezone = 'UTC'")
            cursor = connection.execute(query)
            names = [column[0] for column in cursor.description or []]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def rows_resource(table: Table, rows: Sequence[Mapping[str, Any]]) -> Any:
    """Rows of a test's own, as a resource that loads like the source's."""

    @dlt.resource(name=table.name, **hints_of(table))
    def own_rows() -> Iterator[Any]:
        yield rows_table(table, rows)
        declare_json(table)

    return own_rows


class SimulatorClock:
    """The simulator's time; sleeping lets it pass."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def now(self) -> Any:
        return self._simulator.now()

    def sleep(self, duration: Any) -> None:
        self._simulator.advance(duration)


def credentials_of(simulator: Simulator) -> ImgurCredentials:
    """What its application and its owner hold."""
    return ImgurCredentials(
        client_id=simulator.client_id,
        client_secret=simulator.client_secret,
        refresh_token=simulator.refresh_token,
    )
