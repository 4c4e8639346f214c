"""``sync.py --demo``: the real job, fourteen runs, a day apart, against a simulated Imgur.

The simulator is started for it on 127.0.0.1, and the job takes its clock from
there: a day passes between two runs, and the last one is now.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from warehouse import RunLock, Warehouse

from imgur_source.clock import SystemClock
from imgur_source.errors import ConfigurationError
from imgur_source.settings import ImgurCredentials
from imgur_source.simulator import Simulator, serve
from nightly.options import RUNS_KEPT, Options, RunResult
from nightly.run import run_job
from nightly.summary import print_summary

RUNS = 14
SEED = 7
IMAGES = 300
ALBUMS = 16
POSTS = 300  # everybody's; a fifth are the owner's, enough for tags and hours to be compared
FEEDS = ("hot/viral", "top/top/week", "user/time", "t/cats@1", "r/aww@1", "search/dog@1")
LOSSES_AFTER = 4  # runs, so that those after it can find out; what vanishes by itself may be nothing
ALLOWANCE = 500  # credits a run, an hour's worth
MARK_FILE = "README"
MARK = "made by sync.py --demo"
LOCK = "demo.lock"  # held by the demo all the time; the lock of the warehouse is its runs'
STATE = "state"
NOWHERE = "http://127.0.0.1"  # nothing is asked there


class SimulatedClock:
    """The simulator's time, going on by the real seconds since the run began."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._began = time.monotonic()

    def now(self) -> datetime:
        return self._simulator.now() + timedelta(seconds=time.monotonic() - self._began)

    def sleep(self, duration: timedelta) -> None:
        self._simulator.advance(duration)


def simulated(runs: int = RUNS) -> Simulator:
    """An Imgur in which the last of *runs* is now."""
    start = datetime.now(UTC) - timedelta(days=runs - 1)
    return Simulator(seed=SEED, images=IMAGES, albums=ALBUMS, posts=POSTS, now=start)


def run_demo(data_dir: Path, *, runs: int = RUNS, simulator: Simulator | None = None) -> int:
    """Run the demo in a folder of its own within *data_dir*; returns the exit code of its last run.

    Args:
        simulator: one of ``simulated(runs)``, for whoever wants to look at it afterwards.

    Raises:
        ConfigurationError: when the folder for it holds something else.
        RunLockedError: when another demo, or another run, works there; nothing was done then.
    """
    folder = demo_folder(data_dir)
    _refuse_foreign(folder)
    with RunLock(folder / LOCK, clock=SystemClock()):
        _clear(folder)
        simulator = simulator or simulated(runs)
        print(f"A simulated Imgur, {runs} runs of {simulator.username}'s account; files in {folder}")
        with serve(simulator, port=0) as base_url:
            options = _options(folder, simulator, base_url)
            for number in range(1, runs + 1):
                result, seconds = _run_once(options, simulator, is_quiet=number < runs)
                run = result.run
                if result.exit_code:
                    if number < runs:
                        print_summary(result, options, seconds=seconds)
                    return result.exit_code
                if number < runs:
                    print(
                        f"run {number:>2}  {simulator.now():%a %d %b}  {result.outcome}, "
                        f"{run.report.rows.total():>6,} rows, {run.meter.credits.spent:>3} credits"
                    )
                    simulator.advance(timedelta(days=1))
                if number == LOSSES_AFTER:
                    _lose_something(simulator)
        _show_queries(options.warehouse)
        return 0


def demo_options(data_dir: Path) -> Options:
    """What the last demo in *data_dir* ran with, for whoever looks at what it left; nobody answers there.

    Raises:
        ConfigurationError: there was none.
    """
    folder = demo_folder(data_dir)
    options = _options(folder, simulated(), NOWHERE)
    if not _is_marked(folder) or not options.warehouse.has_work_file:
        raise ConfigurationError(
            f"There is no demo in {folder} yet. Run: make demo, or: python pipelines/sync.py --demo"
        )
    return options


def demo_folder(data_dir: Path) -> Path:
    """Where the demo's files lie."""
    return data_dir / "demo"


def _options(folder: Path, simulator: Simulator, base_url: str) -> Options:
    """Options made afresh: no flag and no setting of the user's reaches the demo."""
    return Options(
        data_dir=folder,
        state_dir=folder / STATE,
        accounts=("me", simulator.other_usernames[0]),
        base_url=base_url,
        max_credits=ALLOWANCE,
        runs_kept=RUNS_KEPT,
        settings={
            "feeds": list(FEEDS),
            "credentials": ImgurCredentials(
                client_id=simulator.client_id,
                client_secret=simulator.client_secret,
                refresh_token=simulator.refresh_token,
            ),
        },
        is_configured=False,
    )


def _run_once(options: Options, simulator: Simulator, *, is_quiet: bool) -> tuple[RunResult, float]:
    """One run, and how many seconds it took."""
    began = time.monotonic()
    result = run_job(replace(options, quiet=is_quiet), clock=SimulatedClock(simulator))
    return result, time.monotonic() - began


def _lose_something(simulator: Simulator) -> None:
    """Let the account delete an image and take a post out of the gallery."""
    simulator.world.delete_image(simulator.truth.account_images()[-1]["id"])
    simulator.world.remove_post(simulator.truth.submissions()[-1]["id"])


def _is_marked(folder: Path) -> bool:
    """Whether the demo has made *folder*."""
    mark = folder / MARK_FILE
    return mark.is_file() and MARK in mark.read_text()


def _refuse_foreign(folder: Path) -> None:
    """Never begin in a folder of somebody's own.

    Raises:
        ConfigurationError: it holds something, and the demo did not make it.
    """
    if not folder.exists() or _is_marked(folder):
        return
    if any(not path.name.startswith(LOCK) for path in folder.iterdir()):  # a demo that has just begun
        raise ConfigurationError(
            f"{folder} is there and was not made by the demo. Choose another --data-dir."
        )


def _clear(folder: Path) -> None:
    """Start anew: delete what a demo before has made, and nothing else; a report is the report's own."""
    _refuse_foreign(folder)
    warehouse = Warehouse(folder)
    (folder / MARK_FILE).write_text(
        f"{MARK}, which deletes {warehouse.published_file.name}, work/ and {STATE}/ here when it begins\n"
    )
    with RunLock(warehouse.lock_file, clock=SystemClock()) as lock:
        held = {lock.path, lock.holder_file}
        files = [*folder.glob(f"{warehouse.published_file.name}*"), *folder.glob(".imgur_draft.duckdb*")]
        for path in [*files, folder / STATE, *warehouse.work_dir.iterdir()]:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path not in held:
                path.unlink(missing_ok=True)


QUERIES = (
    (
        "The latest posts of the followed accounts, beside the account's others at the same age (1 is usual)",
        "select title, age_bucket, post_benchmark.views, round(views_index, 2) as views_index, standing\n"
        "from post_benchmark join posts using (post_id)\n"
        "where is_latest order by published_at desc limit 5",
    ),
    (
        "How the one of them that gained most gathered its views, day by day (UTC); "
        "of days that are not observed only the line between two readings is known",
        "select day, views, views_gained, points, is_observed from post_daily\n"
        "where post_id = (select post_id from post_daily join posts using (post_id)\n"
        "                 where is_own group by post_id order by sum(views_gained) desc limit 1)\n"
        "order by day",
    ),
    (
        "Who stayed longest among the first ten of hot/viral",
        "select title, best_rank, round(top_10_hours) as top_10_hours, is_there from gallery_trajectory\n"
        "where feed = 'hot/viral' order by top_10_hours desc limit 5",
    ),
)


def _show_queries(warehouse: Warehouse) -> None:
    print(f"\nOpen {warehouse.published_file} with any DuckDB client from 1.2 on, for example:\n")
    for title, query in QUERIES:
        print(f"-- {title}\n{query};\n{warehouse.show(query)}")
    print("A report with charts: make report")
