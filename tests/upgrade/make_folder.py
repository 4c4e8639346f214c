"""Make the data and state folder that this version leaves, for later versions to go on with (README.md).

The runs are played against the simulator, in a process that is killed in the last one in the
middle of loading. What the simulator saw is logged, so that a later version can put another one
into the same state. Only ``job_of_this_version`` knows how a version names its parts.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import importlib.metadata
import json
import lzma
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import httpx

import imgur_source
from imgur_source.settings import ImgurCredentials
from imgur_source.simulator import Simulator

FOLDERS = Path(__file__).parent / "folders"
PROJECT = Path(imgur_source.__file__).parents[1]  # of the version that is imported
IMGUR = "https://api.imgur.com"

WORLD: dict[str, Any] = {
    "seed": 11,
    "images": 300,
    "albums": 6,
    "posts": 40,
    "comments": 160,
    "now": "2026-11-09T03:00:00+00:00",
    "per_page": "ignored",
    "token_life": 86_400,  # each run that comes a day later has to refresh its login
    "seconds_per_request": 1.0,
}
SETTINGS: dict[str, Any] = {
    "feeds": ["hot/viral@1"],
    "sweep_share": 0.0,
}  # no list is cheap enough for a full scan
ALL_BUT_IMAGES = (
    "account",
    "account_albums",
    "account_submissions",
    "account_favorites",
    "account_comments",
    "gallery_sections",
    "album_images",
    "post_comments",
)


@dataclass(frozen=True)
class Run:
    """A run of the job, and what happens before it.

    Attributes:
        after: the time since the end of the run before it.
        uploads: images that the owner uploads meanwhile.
        spent_elsewhere: credits that others use meanwhile under the same client id.
    """

    after: timedelta
    uploads: int = 0
    spent_elsewhere: int = 0
    max_credits: int | None = None
    only: tuple[str, ...] = ()


RUNS = (
    # it cannot pay for the oldest images and for some children
    Run(timedelta(0), max_credits=18),
    # the day's credits are used up: a strike
    Run(timedelta(hours=9), spent_elsewhere=12_500, only=("account",)),
    # counters have changed
    Run(timedelta(hours=39), uploads=120, max_credits=14),
    # an incremental scan ends early and leaves a gap
    Run(timedelta(hours=1), uploads=130, max_credits=2, only=("account_images",)),
    # the gap stays as it is; this run is killed
    Run(timedelta(hours=23), max_credits=10, only=ALL_BUT_IMAGES),
)
KILLED_AT = (
    "PackageStorage.complete_job",
    27,
)  # a function of dlt, and its call: some tables are merged, some not


def job_of_this_version() -> tuple[Any, Any]:
    """The type of a run's options, and the function that runs it."""
    try:
        nightly = importlib.import_module("nightly")
    except ModuleNotFoundError:  # all modules lay in one folder, until 8fdcb65
        night = importlib.import_module("night")
        return night.Options, night.run
    return nightly.Options, nightly.run_job


class SimulatorClock:
    """The simulator's time; sleeping lets it pass."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def now(self) -> datetime:
        return self._simulator.now()

    def sleep(self, duration: timedelta) -> None:
        self._simulator.advance(duration)


# the world, and how it is made again


def simulator_of(world: dict[str, Any]) -> Simulator:
    """A simulator at the start of its time; *world* as ``WORLD``."""
    return Simulator(**{**world, "now": datetime.fromisoformat(world["now"])})


def upload(simulator: Simulator, count: int) -> None:
    """Let the owner have uploaded *count* images, three a minute, the last one now."""
    for number in reversed(range(count)):
        simulator.world.add_image(at=simulator.now() - number * timedelta(seconds=20))


def spend_elsewhere(simulator: Simulator, credits: int) -> None:
    """Let others use *credits* of the hour and of the day."""
    simulator.limits.spend_elsewhere(credits, now=simulator.world.now)


DEEDS = {"upload": upload, "spend_elsewhere": spend_elsewhere}


def made_again(facts: dict[str, Any]) -> Simulator:
    """A simulator in the state in which the killed run has left its own.

    The moves are made again at their times, requests included: so the tokens are the same, which
    follow from one another, and so are the credits of hour and day.
    """
    simulator = simulator_of(facts["world"])
    pause = timedelta(seconds=simulator.options.seconds_per_request)
    for move in facts["moves"]:
        _, at, kind, what = move.split()
        moment = datetime.fromisoformat(at) - (timedelta(0) if kind in DEEDS else pause)
        simulator.advance(moment - simulator.now())
        if kind in DEEDS:
            DEEDS[kind](simulator, int(what))
        else:
            simulator(_request(simulator, kind, what))
    return simulator


def _request(simulator: Simulator, method: str, path: str) -> httpx.Request:
    if method == "POST":
        form = {
            "grant_type": "refresh_token",
            "refresh_token": simulator.refresh_token,
            "client_id": simulator.client_id,
            "client_secret": simulator.client_secret,
        }
        return httpx.Request(method, IMGUR + path, data=form)
    return httpx.Request(method, IMGUR + path, headers={"Authorization": f"Bearer {simulator.access_token}"})


def digest_of(simulator: Simulator) -> str:
    """Stands for all that the owner's lists hold now, counters included."""
    truth = simulator.truth
    lists = (
        truth.account_images(),
        truth.account_albums("me"),
        truth.submissions("me"),
        truth.favorites(),
        truth.account_comments("me"),
    )
    return hashlib.sha256(json.dumps(lists, sort_keys=True, default=str).encode()).hexdigest()


# the runs


def play(folder: Path) -> None:
    """Play all runs into *folder*, and log the moves; this process is killed in the last run."""
    options_type, run_job = job_of_this_version()
    simulator = simulator_of(WORLD)
    credentials = ImgurCredentials(
        client_id=simulator.client_id,
        client_secret=simulator.client_secret,
        refresh_token=simulator.refresh_token,
    )
    with (folder / "moves").open("w") as log:
        for number, run in enumerate(RUNS):

            def note(kind: str, what: object, number: int = number) -> None:
                print(number, simulator.now().isoformat(), kind, what, file=log, flush=True)

            def answer(request: httpx.Request, note: Callable[..., None] = note) -> httpx.Response:
                response = simulator(request)
                note(request.method, request.url.raw_path.decode())
                return response

            simulator.advance(run.after)
            for name, amount in (("upload", run.uploads), ("spend_elsewhere", run.spent_elsewhere)):
                if amount:
                    DEEDS[name](simulator, amount)
                    note(name, amount)
            if run is RUNS[-1]:
                die_at(*KILLED_AT)
            options = options_type(
                data_dir=folder / "data",
                state_dir=folder / "state",
                accounts=("me",),
                only=run.only,
                max_credits=run.max_credits,
                settings={**SETTINGS, "credentials": credentials},
            )
            run_job(options, clock=SimulatorClock(simulator), transport=httpx.MockTransport(answer))


def die_at(function: str, number: int) -> None:
    """Kill this process with SIGKILL when *function* is called for the *number*-th time, in any thread."""
    calls = 0

    def called(frame: Any, event: str, argument: object) -> None:
        nonlocal calls
        if frame.f_code.co_qualname == function:
            calls += 1
            if calls == number:
                os.kill(os.getpid(), signal.SIGKILL)

    threading.settrace(called)
    sys.settrace(called)


# what is kept


def rows_by_table(work_file: Path) -> dict[str, int]:
    """How many rows each raw table of *work_file* has; the file, and the log beside it, stay as they are."""
    with tempfile.TemporaryDirectory() as look:
        for file in work_file.parent.glob(f"{work_file.name}*"):
            shutil.copy(file, look)
        with duckdb.connect(str(Path(look) / work_file.name)) as connection:
            names = connection.execute(
                "select table_name from duckdb_tables() where schema_name = 'imgur_raw' "
                "and not starts_with(table_name, '_dlt') order by 1"
            ).fetchall()
            return {
                name: len(connection.execute(f'select 1 from imgur_raw."{name}"').fetchall())
                for (name,) in names
            }


def jobs_in(folder: Path, state: str) -> int:
    """How many jobs of the package that was being loaded are ``new``, ``started`` or ``completed``."""
    return len(list(folder.rglob(f"load/normalized/*/{state}_jobs/*")))


def leave_out(folder: Path) -> None:
    """Drop what no run reads and what tells of this machine: dlt's trace and the packages that are loaded."""
    for trace in folder.rglob("trace.pickle"):
        trace.unlink()
    for package in folder.rglob("load/loaded/*"):
        shutil.rmtree(package)
    for holder in folder.rglob("*.holder.json"):
        content = json.loads(holder.read_text()) | {"host": "localhost", "command": "sync.py"}
        holder.write_text(json.dumps(content))


def pack(folder: Path, archive: Path) -> None:
    """Put the two folders into *archive*; owners and times are left out, modes are kept."""

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = member.mtime = 0
        member.uname = member.gname = ""
        return member

    with lzma.open(archive, "wb", preset=9) as packed, tarfile.open(fileobj=packed, mode="w") as tar:
        for name in ("data", "state"):
            tar.add(folder / name, name, filter=plain)


def make(folders: Path) -> Path:
    """Make the archive of this version, and the facts beside it; returns the archive."""
    commit = _output("git", "-C", str(PROJECT), "rev-parse", "--short=7", "HEAD")
    version = importlib.metadata.version("imgur_source")
    archive = folders / f"{version}-{commit}.tar.xz"
    with tempfile.TemporaryDirectory(prefix="imgur_upgrade_") as made:
        folder = Path(made)
        # dlt writes down where its configuration lies: that is to be a place that says nothing
        shutil.copytree(PROJECT / ".dlt", folder / ".dlt", ignore=shutil.ignore_patterns("secrets.toml"))
        environment = {name: value for name, value in os.environ.items() if "SOURCES__" not in name}
        environment |= {"DLT_PROJECT_DIR": made, "PYTHONPATH": str(PROJECT / "pipelines")}
        played = subprocess.run(
            [sys.executable, str(Path(__file__).resolve()), "--play", made], cwd=folder, env=environment
        )
        if played.returncode != -signal.SIGKILL:
            raise SystemExit(
                f"The last run was not killed: KILLED_AT is never reached ({played.returncode})."
            )
        if not (jobs_in(folder, "completed") and jobs_in(folder, "new") + jobs_in(folder, "started")):
            raise SystemExit(
                "The last run was not killed in the middle of loading: KILLED_AT is badly chosen."
            )
        moves = (folder / "moves").read_text().splitlines()
        facts: dict[str, Any] = {"version": version, "commit": commit, "world": WORLD, "settings": SETTINGS}
        simulator = made_again(facts | {"moves": moves})
        facts |= {
            "killed_run": len(RUNS) - 1,
            "credits_spent": simulator.credits_spent,
            "digest": digest_of(simulator),
            "rows": rows_by_table(folder / "data" / "work" / "imgur_work.duckdb"),
            "moves": moves,  # number of the run, time, what
        }
        leave_out(folder)
        pack(folder, archive)
    archive.with_name(f"{version}-{commit}.json").write_text(json.dumps(facts, indent=2) + "\n")
    return archive


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description="Make the folder that this version leaves.")
    parser.add_argument("--to", type=Path, default=FOLDERS, help="where the archive and its facts are put")
    parser.add_argument("--play", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.play:
        play(chosen.play)
    else:
        archive = make(chosen.to)
        sys.stdout.write(f"{archive}: {archive.stat().st_size / 1e3:.0f} kB\n")


if __name__ == "__main__":
    main(sys.argv[1:])
