"""Our nights beside dlt's own incremental loading, over the same simulated Imgur.

dlt's way as its documentation has it: a resource that reads page after page, newest
first, with ``dlt.sources.incremental("datetime", row_order="desc")``, which ends the reading
at the first item that is older than the newest one of the run before; where the
credits end, the resource returns. It merges on ``id``.

Each scenario ends with one more night without an allowance, whose credits are not
counted: what is missing then is lost for ever.

    python benchmarks/dlt_incremental.py
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import dlt
import duckdb
import httpx
from credits import (
    NEW_IMAGES,
    SMALL,
    TABLE_OF,
    Account,
    Clock,
    credentials_of,
    missing,
    upload,
)
from measuring import print_row

from imgur_source.settings import PER_PAGE_ASKED
from imgur_source.simulator import Simulator

sys.path.insert(0, str(Path(__file__).parents[1] / "pipelines"))  # programs, not a package
from nightly import run as night
from nightly.options import Options
from warehouse import Warehouse

IMAGES = ("account_images",)
PATHS = {
    "account_images": "account/me/images/{page}",
    "account_albums": "account/me/albums/{page}",
    "account_submissions": "account/me/submissions/{page}",
    "account_comments": "account/me/comments/newest/{page}",
}
DATASET = "raw"
BURST = 300  # new images of one day, more than the allowance of that night


class Meanwhile(httpx.BaseTransport):
    """Does something just before a page of the images is first asked for.

    Args:
        deeds: what to do, by the number of the page.
    """

    def __init__(self, simulator: Simulator, deeds: Mapping[int, Callable[[Simulator], None]]) -> None:
        self._simulator = simulator
        self._inner = httpx.MockTransport(simulator)
        self._deeds = dict(deeds)
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        found = re.search(r"/account/me/images/(\d+)$", request.url.path)
        with self._lock:
            deed = self._deeds.pop(int(found[1]), None) if found else None
            if deed is not None:
                deed(self._simulator)
        return self._inner.handle_request(request)


def delete_newest(simulator: Simulator) -> None:
    """The owner deletes the newest image, so that all others move up by one place."""
    simulator.world.delete_image(simulator.world.shelf(simulator.world.owner).images.newest(0, 1)[0].id)


def upload_one(simulator: Simulator) -> None:
    """The owner uploads an image, so that all others move down by one place."""
    simulator.world.add_image()


class Nights:
    """The nightly job's own nights in one warehouse; a day passes after each.

    Args:
        lists: what is read; each feeds its history, too.
        transport: what stands between the night and the simulator, for things that happen meanwhile.
    """

    def __init__(
        self,
        folder: Path,
        simulator: Simulator,
        *,
        lists: Sequence[str],
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.simulator = simulator
        self.lists = tuple(lists)
        self._transport = transport or httpx.MockTransport(simulator)
        self._options = Options(
            data_dir=folder / "data",
            state_dir=folder / "state",
            only=self.lists,
            accounts=("me",),
            publish=False,
            quiet=True,
            settings={"credentials": credentials_of(simulator), "feeds": []},
        )

    @property
    def warehouse(self) -> Warehouse:
        """Where the rows are; its time is the simulator's."""
        return replace(self._options.warehouse, clock=Clock(self.simulator))

    def run(self, *, max_credits: int | None = None) -> int:
        """One night, and the day after it; returns the credits spent."""
        result = night.run_job(
            replace(self._options, max_credits=max_credits),
            clock=Clock(self.simulator),
            transport=self._transport,
        )
        self.simulator.advance(timedelta(days=1))
        return result.run.meter.credits.spent


class DltNights:
    """Nights of dlt's own incremental loading; a day passes after each."""

    def __init__(
        self, folder: Path, simulator: Simulator, *, lists: Sequence[str], transport: httpx.BaseTransport
    ) -> None:
        self.simulator = simulator
        self.lists = tuple(lists)
        self._spent = 0  # tonight
        self.file = folder / "plain.duckdb"
        self._http = httpx.Client(
            base_url="https://api.imgur.com/3/",
            transport=transport,
            headers={"Authorization": f"Bearer {simulator.access_token}"},
        )
        self._pipeline = dlt.pipeline(
            "plain",
            destination=dlt.destinations.duckdb(str(self.file)),
            dataset_name=DATASET,
            pipelines_dir=str(folder / "pipelines"),
        )

    def run(self, *, max_credits: int | None = None) -> int:
        """One night, and the day after it; returns the credits spent."""
        self._spent = 0
        self._pipeline.run(
            [self._resource(name, max_credits) for name in self.lists], loader_file_format="parquet"
        )
        self.simulator.advance(timedelta(days=1))
        return self._spent

    def _resource(self, name: str, max_credits: int | None) -> Any:
        @dlt.resource(name=TABLE_OF[name], primary_key="id", write_disposition="merge", max_table_nesting=0)
        def items(
            newest: dlt.sources.incremental[int] = dlt.sources.incremental("datetime", row_order="desc"),  # noqa: B008 (dlt's own form)
        ) -> Iterator[list[dict[str, Any]]]:
            page = 0
            while max_credits is None or self._spent < max_credits:
                self._spent += 1
                reply = self._http.get(PATHS[name].format(page=page), params={"perPage": PER_PAGE_ASKED})
                records = reply.raise_for_status().json()["data"]
                if not records:
                    return
                seen_at = self.simulator.now()
                yield [
                    {"id": record["id"], "datetime": record["datetime"], "fetched_at": seen_at}
                    for record in records
                ]
                page += 1

        return items


@dataclass(frozen=True, slots=True)
class Scenario:
    """What happens, night by night.

    Attributes:
        uploads: new images before each night.
        allowance: credits of each of these nights; None for no limit.
        deeds: what happens while the first night reads, by the page before which it does.
    """

    name: str
    lists: tuple[str, ...] = IMAGES
    uploads: tuple[int, ...] = (0,)
    allowance: tuple[int | None, ...] = (None,)
    deeds: Mapping[int, Callable[[Simulator], None]] = field(default_factory=dict)


EVERYTHING = tuple(TABLE_OF)
SCENARIOS = (
    Scenario("first load of all lists", EVERYTHING),
    Scenario("the same, and a quiet night", EVERYTHING, (0, 0), (None, None)),
    Scenario(
        f"the same, and a night with {NEW_IMAGES} new images", EVERYTHING, (0, NEW_IMAGES), (None, None)
    ),
    Scenario("first load in three nights of 6 credits", IMAGES, (0, 0, 0), (6, 6, 6)),
    Scenario(f"first load, then {BURST} new images and 5 credits", IMAGES, (0, BURST), (None, 5)),
    Scenario("first load, an image deleted meanwhile", IMAGES, deeds={4: delete_newest}),
    Scenario("first load, three deleted meanwhile", IMAGES, deeds=dict.fromkeys((2, 4, 6), delete_newest)),
    Scenario("first load, an image uploaded meanwhile", IMAGES, deeds={4: upload_one}),
)


@dataclass(frozen=True, slots=True)
class Result:
    """What one way made of a scenario.

    Attributes:
        spent: credits of all nights, but for the additional one.
        fresh_share: of the images held after the last night, those read in it, 0 to 1.
        lost: items still missing after one more night without an allowance.
    """

    spent: int
    fresh_share: float
    lost: int


def ours(folder: Path, scenario: Scenario, account: Account) -> Result:
    """The nightly job's way."""
    simulator = account.simulated()
    meanwhile = Meanwhile(simulator, scenario.deeds)
    nights = Nights(folder, simulator, lists=scenario.lists, transport=meanwhile)
    return _result(scenario, nights, nights.warehouse.work_file, "imgur_raw")


def theirs(folder: Path, scenario: Scenario, account: Account) -> Result:
    """dlt's own way."""
    simulator = account.simulated()
    meanwhile = Meanwhile(simulator, scenario.deeds)
    nights = DltNights(folder, simulator, lists=scenario.lists, transport=meanwhile)
    return _result(scenario, nights, nights.file, DATASET)


def _result(scenario: Scenario, nights: Nights | DltNights, file: Path, schema: str) -> Result:
    spent, started_at = 0, nights.simulator.now()
    for new, allowance in zip(scenario.uploads, scenario.allowance, strict=True):
        upload(nights.simulator, new)
        started_at = nights.simulator.now()
        spent += nights.run(max_credits=allowance)
    with duckdb.connect(str(file)) as connection:
        [(fresh_share,)] = connection.execute(
            f"select avg((fetched_at >= ?)::integer) from {schema}.images", [started_at]
        ).fetchall()
    nights.run()
    with duckdb.connect(str(file)) as connection:
        held = {
            name: {item for (item,) in connection.execute(f"select id from {schema}.{table}").fetchall()}
            for name, table in TABLE_OF.items()
            if name in scenario.lists
        }
    return Result(spent, fresh_share, missing(nights.simulator, held))


def main() -> int:
    """Measure and print a table in Markdown."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    print_row(
        "scenario", "ours: lost", "credits", "read that night", "dlt: lost", "credits", "read that night"
    )
    print_row("---", *["---:"] * 6)
    for scenario in SCENARIOS:
        cells: list[object] = []
        for place, way in enumerate((ours, theirs)):
            with tempfile.TemporaryDirectory() as folder:
                result = way(Path(folder) / str(place), scenario, SMALL)
            cells += [result.lost, result.spent, f"{result.fresh_share:.0%}"]
        print_row(scenario.name, *cells)
    return 0


if __name__ == "__main__":
    sys.exit(main())
