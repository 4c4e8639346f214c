"""A program that runs nights, each in a forked process that kills itself where it is told to.

Takes one order a line from its standard input, as JSON, and answers each with one line.
It has imported everything, has parsed the relations, and has no thread when it forks: a run
then costs its own work, and not the two seconds that all of that takes.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import duckdb
import httpx
from nightly import run as night
from nightly.options import Options
from warehouse.queries import queries

from imgur_source.settings import ImgurCredentials

IMPORTED_LATE = (  # by a night, on its way
    "dlt._workspace._plugins",
    "dlt.destinations.impl.duckdb.duck",
    "dlt.destinations.impl.duckdb.factory",
    "dlt.load.load",
    "dlt.normalize.normalize",
    "dlt.sources.helpers.requests",
    "httpcore",
    "pandas",
    "pyarrow.compute",
    "pyarrow.parquet",
)

Tracer = Callable[[FrameType, str, Any], Any]  # what Python tells of a call


class GoingClock:
    """Starts at the time of the order and goes on by the real seconds since then; sleeping takes none.

    Args:
        base_url: the simulated Imgur whose time passes with long sleeps; None where it stands still.
    """

    def __init__(self, start: datetime, base_url: str | None = None) -> None:
        self._start = start
        self._world = httpx.Client(base_url=base_url) if base_url is not None else None
        self._began = time.monotonic()
        self._told = start

    def now(self) -> datetime:
        return self._start + timedelta(seconds=time.monotonic() - self._began)

    def sleep(self, duration: timedelta) -> None:
        self._start += duration
        if self._world is not None:
            now = self.now()
            seconds = (now - self._told).total_seconds()
            self._world.post("/_simulator/advance", params={"seconds": seconds})
            self._told = now


class Death:
    """Kills this process with SIGKILL when a function is called, or has returned, for the n-th time.

    Functions are named like ``Journal.record``. They run as they are: Python tells of each
    call, in every thread, and nothing is put in a function's place.

    Args:
        at: the function's name, ``call`` or ``return``, and n; None to live on.
    """

    def __init__(self, at: tuple[str, str, int] | None) -> None:
        self.seen: Counter[tuple[str, str]] = Counter()
        self._at = at
        self._watched = at[:1] if at else ()

    def watch(self) -> None:
        """Begin, in this thread and in those that it starts."""
        if self._watched:
            threading.settrace(self._called)
            sys.settrace(self._called)

    def _called(self, frame: FrameType, event: str, _: object) -> Tracer | None:
        if frame.f_code.co_qualname not in self._watched:
            return None
        self._passed(frame.f_code.co_qualname, "call")
        frame.f_trace_lines = False
        return self._left

    def _left(self, frame: FrameType, event: str, _: object) -> Tracer:
        if event == "return":
            self._passed(frame.f_code.co_qualname, "return")
        return self._left

    def _passed(self, name: str, event: str) -> None:
        self.seen[name, event] += 1
        if (name, event, self.seen[name, event]) == self._at:
            os.kill(os.getpid(), signal.SIGKILL)


def options_of(order: dict[str, Any]) -> Options:
    """The options of the night that *order* asks for; the user's settings are out of it."""
    folder = Path(order["folder"])
    return Options(
        data_dir=folder / "data",
        state_dir=folder / "state",
        accounts=("me",),
        base_url=order["base_url"],
        only=tuple(order["only"]),
        publish=order["publish"],
        quiet=True,
        sql_dir=Path(order["sql_dir"]),
        settings={**order["settings"], "credentials": ImgurCredentials(**order["credentials"])},
    )


def run(order: dict[str, Any]) -> int:
    """Run the night; returns its exit code. What it says stands in ``said.txt`` afterwards."""
    folder = Path(order["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    said = os.open(folder / "said.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(said, sys.stdout.fileno())
    os.dup2(said, sys.stderr.fileno())
    world = order["base_url"] if order["time_passes"] else None
    options, clock = options_of(order), GoingClock(datetime.fromisoformat(order["now"]), world)
    Death(tuple(order["killed_at"]) if order["killed_at"] else None).watch()
    return night.run_job(options, clock=clock).exit_code


def parse(sql_dir: Path) -> None:
    """Parse the relations where that is not done yet; every run that is forked then knows them."""
    with duckdb.connect() as connection:
        for folder in sql_dir.iterdir():
            queries(connection, folder)


def main() -> None:
    for name in IMPORTED_LATE:
        importlib.import_module(name)
    for line in sys.stdin:
        order = json.loads(line)
        parse(Path(order["sql_dir"]))
        assert threading.active_count() == 1
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = run(order)
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
