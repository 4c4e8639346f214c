"""``sync.py --demo``: the real job, a fortnight of nights, against a simulated Imgur.

The simulator is started for it on 127.0.0.1, and the job takes its clock from
there: each night a day passes, and the last night is now.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import night
from warehouse import Warehouse

from imgur_source.errors import ConfigurationError
from imgur_source.settings import (
    DEFAULT_GREATEST_AGE_DAYS,
    DEFAULT_MAX_IN_FLIGHT,
    DEFAULT_PROOF_PAGES,
    DEFAULT_REPORT_TIMEZONE,
    DEFAULT_SWEEP_SHARE,
    ImgurCredentials,
)
from imgur_source.simulator import Simulator, serve

NIGHTS = 14
SEED = 7
IMAGES = 300
ALBUMS = 16
POSTS = 300  # everybody's; a fifth are the owner's, enough for tags and hours to be compared
FEEDS = ("hot/viral", "top/top/week", "user/time", "t/cats@1", "r/aww@1", "search/dog@1")
LOSSES_AFTER = 4  # nights, so that those after it can find out; what vanishes by itself may be nothing
ALLOWANCE = 500  # credits a night, an hour's worth
MARK = "made by sync.py --demo, which may delete this folder"


class SimulatedClock:
    """The simulator's time, going on by the real seconds since the night began."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._began = time.monotonic()

    def now(self) -> datetime:
        return self._simulator.now() + timedelta(seconds=time.monotonic() - self._began)

    def sleep(self, duration: timedelta) -> None:
        self._simulator.advance(duration)


def simulated(nights: int = NIGHTS) -> Simulator:
    """An Imgur in which the last of *nights* is now."""
    start = datetime.now(UTC) - timedelta(days=nights - 1)
    return Simulator(seed=SEED, images=IMAGES, albums=ALBUMS, posts=POSTS, now=start)


def run(options: night.Options, *, nights: int = NIGHTS, simulator: Simulator | None = None) -> int:
    """Run the demo; returns the exit code of its last night.

    Args:
        options: only its ``data_dir`` counts.
        simulator: one of ``simulated(nights)``, for whoever wants to look at it afterwards.

    Raises:
        ConfigurationError: when the folder for it holds something else.
    """
    folder = options.data_dir / "demo"
    _clear(folder)
    simulator = simulator or simulated(nights)
    print(f"A simulated Imgur, {nights} nights of {simulator.username}'s account; files in {folder}")
    with serve(simulator, port=0) as base_url:
        options = night.Options(  # afresh: no flag and no setting of the user's reaches the demo
            data_dir=folder,
            state_dir=folder / "state",
            accounts=("me", simulator.other_usernames[0]),
            base_url=base_url,
            max_credits=ALLOWANCE,
            runs_kept=night.RUNS_KEPT,
            settings={
                "feeds": list(FEEDS),
                "feed_pages": 2,
                "post_details": "own",
                "request_timeout_seconds": 30.0,
                "start_date": "",  # dlt looks for what is None in the user's settings
                "end_date": "",
                "sweep_share": DEFAULT_SWEEP_SHARE,
                "max_in_flight": DEFAULT_MAX_IN_FLIGHT,
                "greatest_age_days": DEFAULT_GREATEST_AGE_DAYS,
                "proof_pages": DEFAULT_PROOF_PAGES,
                "tier_caps": [],
                "report_timezone": DEFAULT_REPORT_TIMEZONE,
                "credentials": ImgurCredentials(
                    client_id=simulator.client_id,
                    client_secret=simulator.client_secret,
                    refresh_token=simulator.refresh_token,
                    access_token="",  # dlt looks for what is None in the user's secrets
                    rapidapi_key="",
                ),
            },
        )
        for number in range(1, nights + 1):
            is_last = number == nights
            result = night.run(replace(options, quiet=not is_last), clock=SimulatedClock(simulator))
            if not is_last:
                print(
                    f"night {number:>2}  {simulator.now():%a %d %b}  {result.outcome}, "
                    f"{result.receipt.rows.total():>6,} rows, {result.receipt.credits.spent:>3} credits"
                )
                simulator.advance(timedelta(days=1))
            if number == LOSSES_AFTER:
                _lose_something(simulator)
            if result.exit_code:
                return result.exit_code
    _show_queries(options.warehouse)
    return 0


def _lose_something(simulator: Simulator) -> None:
    """Let the account delete an image and take a post out of the gallery."""
    simulator.world.delete_image(simulator.truth.account_images()[-1]["id"])
    simulator.world.remove_post(simulator.truth.submissions()[-1]["id"])


def _clear(folder: Path) -> None:
    """Start anew, and never delete what the demo did not make."""
    mark = folder / "README"
    if folder.exists():
        if not mark.exists() or MARK not in mark.read_text():
            raise ConfigurationError(
                f"{folder} is there and was not made by the demo. Choose another --data-dir."
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    mark.write_text(MARK + "\n")


QUERIES = (
    (
        "The latest posts of the followed accounts, beside the account's others at the same age (1 is usual)",
        "select title, age_bucket, post_benchmark.views, round(views_index, 2) as views_index, standing\n"
        "from post_benchmark join posts using (post_id)\n"
        "where is_latest order by published_at desc limit 5",
    ),
    (
        "How the one of them that gained most gathered its views, day by day (UTC)",
        "select day, views, views_gained, points from post_daily\n"
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
