"""Pruning: history that grows with change, and books that do not grow for ever."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest
from warehouse.files import FileAccessError
from warehouse.pruning import Tidied
from warehouse.warehouse import Warehouse

from imgur_source.records.tables import CREDIT_CHARGES, IMAGE_METRICS, POST_METRICS, SYNC_RUNS, TABLES, TAGS
from tests.support.warehouses import rows_resource
from tests.support.work_files import (
    NIGHT,
    StandingClock,
    load,
    load_tags,
    no_file_larger_than,
    read,
    texts,
    work,
)

ONE_DAY = timedelta(days=1)
A_YEAR = timedelta(days=365)


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "data", clock=StandingClock())


def at(days: float) -> datetime:
    return NIGHT + days * ONE_DAY


def seen(days: float, views: int | None, *, until: float | None = None, id_: str = "a") -> dict[str, Any]:
    """An observation of an image so many days after the first night, or a run of equal ones."""
    return {
        "id": id_,
        "observed_at": at(days),
        "views": views,
        "bandwidth": 10,
        "fetched_at": at(days if until is None else until),
        "_dlt_load_id": f"load {days:g}",
    }


def history(warehouse: Warehouse) -> list[tuple[str, float, int | None, float]]:
    """Image, first and last day, and views of each row."""
    return [
        (id_, days_to(first), views, days_to(last))
        for id_, first, views, last in read(
            warehouse.work_file,
            "select id, epoch(observed_at), views, epoch(fetched_at) from imgur_raw.image_metrics "
            "order by id, observed_at",
        )
    ]


def days_to(seconds: float) -> float:
    return round((seconds - NIGHT.timestamp()) / ONE_DAY.total_seconds(), 6)


# repetitions


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        ([seen(0, 5)], [(0, 5, 0)]),
        ([seen(0, 5), seen(1, 5), seen(2, 5)], [(0, 5, 2)]),
        ([seen(0, 5), seen(1, 6), seen(2, 5)], [(0, 5, 0), (1, 6, 1), (2, 5, 2)]),
        ([seen(0, 5), seen(1, 5), seen(2, 6), seen(3, 6), seen(4, 5)], [(0, 5, 1), (2, 6, 3), (4, 5, 4)]),
        ([seen(2, 5), seen(0, 5), seen(1, 5)], [(0, 5, 2)]),
        ([seen(0, None), seen(1, None), seen(2, 0), seen(3, None)], [(0, None, 1), (2, 0, 2), (3, None, 3)]),
        ([seen(0, 5, until=3), seen(4, 5)], [(0, 5, 4)]),
        ([seen(0, 5, until=3), seen(2, 5)], [(0, 5, 3)]),
        ([seen(0, 5, until=3), seen(2, 6)], [(0, 5, 0), (2, 6, 2), (3, 5, 3)]),
        ([seen(0, 5, until=4), seen(1, 5), seen(2, 6)], [(0, 5, 1), (2, 6, 2), (4, 5, 4)]),
        ([seen(0, 5, until=3), seen(2, 6), seen(4, 5)], [(0, 5, 0), (2, 6, 2), (3, 5, 4)]),
        ([seen(0, 5, until=3), seen(2, 6), seen(3, 5)], [(0, 5, 0), (2, 6, 2), (3, 5, 3)]),
        ([seen(0, 5, until=3), seen(2, 6), seen(3, 7)], [(0, 5, 0), (2, 6, 2), (3, 7, 3)]),
        ([seen(0, 5, until=3), seen(3, 5)], [(0, 5, 3)]),
        ([seen(0, 5, until=3), seen(3, 6)], [(0, 5, 3), (3, 6, 3)]),
    ],
    ids=[
        "one row",
        "three equal",
        "there and back",
        "two and two and one",
        "out of order",
        "nulls are equal, and not 0",
        "a later equal one",
        "a late equal one",
        "a late different one",
        "late ones of both kinds",
        "a late different one, then a new one",
        "a late different one, and the end again",
        "a late different one, and another at the end",
        "the end again",
        "a different one at the end",
    ],
)
def test_tidy__keeps_changes_only(
    warehouse: Warehouse, rows: list[dict[str, Any]], kept: list[tuple[float, int | None, float]]
) -> None:
    """Rows with equal neighbours become one, from the first time to the last; once more changes nothing."""
    load(warehouse, IMAGE_METRICS, *rows)
    for _ in range(2):
        warehouse.tidy(keep_runs=A_YEAR)
        assert history(warehouse) == [("a", first, views, last) for first, views, last in kept]
    load_ids = read(warehouse.work_file, "select distinct _dlt_load_id is null from imgur_raw.image_metrics")
    assert load_ids == [(False,)]


def test_tidy__counts_what_went(warehouse: Warehouse) -> None:
    """Each image is compared with itself, every history by all its counters, and the dropped rows are counted."""
    load(
        warehouse,
        IMAGE_METRICS,
        seen(0, 5, id_="a"),
        seen(1, 5, id_="b"),
        seen(2, 5, id_="a"),
        seen(3, 6, id_="b"),
        {**seen(3, 5, id_="a"), "bandwidth": 11},
    )
    unknown = {"views": None, "bandwidth": None}
    load(warehouse, IMAGE_METRICS, *({**seen(day, None, id_="c"), **unknown} for day in (4, 5)))
    post = {"id": "p", "views": 1, "ups": 2, "in_most_viral": False}
    load(
        warehouse,
        POST_METRICS,
        *({**post, "observed_at": at(day), "fetched_at": at(day)} for day in (0, 1)),
        {**post, "in_most_viral": True, "observed_at": at(2), "fetched_at": at(2)},
    )
    assert warehouse.tidy(keep_runs=A_YEAR) == Tidied(repetitions=3)
    assert history(warehouse) == [
        ("a", 0, 5, 2),
        ("a", 3, 5, 3),
        ("b", 1, 5, 1),
        ("b", 3, 6, 3),
        ("c", 4, None, 5),
    ]
    assert read(
        warehouse.work_file, "select in_most_viral from imgur_raw.post_metrics order by observed_at"
    ) == [(False,), (True,)]
    assert warehouse.tidy(keep_runs=A_YEAR) == Tidied()


def test_tidy__says_the_same_however_often_it_is_done(warehouse: Warehouse) -> None:
    """Tidied after some nights or after many, with each load in any order, history is the changes and how long they lasted."""
    rng = random.Random(20261123)
    expected: list[tuple[str, float, int | None, float]] = []
    batches: list[list[dict[str, Any]]] = []
    for night in range(60):
        observation = seen(night, rng.choice((1, 2, None)))
        if night and expected[-1][2] == observation["views"]:
            expected[-1] = (*expected[-1][:3], night)
        else:
            expected.append(("a", night, observation["views"], night))
        if not batches or rng.random() < 0.4:
            batches.append([])
        batches[-1].append(observation)
    for batch in batches:
        load(warehouse, IMAGE_METRICS, *rng.sample(batch, len(batch)))
        warehouse.tidy(keep_runs=A_YEAR)
    assert history(warehouse) == expected


def test_tidy__spares_a_history_that_shrinks_the_alarm(warehouse: Warehouse) -> None:
    """Ten nights of equal counters become one row each, and that is no loss; an image that is gone is one."""
    load(warehouse, IMAGE_METRICS, *(seen(day, 5, id_=str(id_)) for day in range(10) for id_ in range(30)))
    warehouse.publish()
    assert warehouse.tidy(keep_runs=A_YEAR) == Tidied(repetitions=270)
    assert warehouse.check() == []
    work(warehouse, "delete from imgur_raw.image_metrics where id >= '19'")
    assert [str(problem) for problem in warehouse.check()] == [
        "image_metrics, rows lost: 11 ids, 30 in the published file. "
        "If that is right, run once with --accept-vanished."
    ]


def test_tidy__is_all_or_nothing(warehouse: Warehouse) -> None:
    """What cannot be finished leaves every row, and the next time does it."""
    load(warehouse, IMAGE_METRICS, seen(0, 5), seen(1, 5))
    load(warehouse, SYNC_RUNS, {"run_id": "old", "started_at": at(-900)})
    work(warehouse, "create table imgur_raw.credit_charges (of_another_shape varchar)")
    with pytest.raises(duckdb.BinderException, match="run_id"):
        warehouse.tidy(keep_runs=A_YEAR)
    assert history(warehouse) == [("a", 0, 5, 0), ("a", 1, 5, 1)]
    work(warehouse, "drop table imgur_raw.credit_charges")
    assert warehouse.tidy(keep_runs=A_YEAR) == Tidied(repetitions=1, runs=1)
    assert history(warehouse) == [("a", 0, 5, 1)]


@pytest.mark.slow
def test_tidy__keeps_the_file_from_growing(warehouse: Warehouse) -> None:
    """Ten nights of repetitions leave a file of two million rows as large as it was, in half a gigabyte."""
    load(warehouse, IMAGE_METRICS)

    def nights(first: int, number: int, views: str) -> None:
        instant = f"timestamptz '{NIGHT}' + to_days(night::integer) + to_milliseconds(i)"
        work(
            warehouse,
            f"insert into imgur_raw.image_metrics (id, observed_at, views, bandwidth, fetched_at) "
            f"select 'image' || i, {instant}, hash(i) % 1000000 * 100 + {views}, hash(i) % 1000000, {instant} "
            f"from range(60000) as images(i), range({first}, {first + number}) as nights(night)",
            "checkpoint",
        )

    nights(0, 33, "night")
    sizes = []
    for night in range(10):
        nights(40 + night, 1, "32")
        assert warehouse.tidy(keep_runs=A_YEAR) == Tidied(repetitions=60_000)
        sizes.append(warehouse.work_file.stat().st_size)
    assert read(warehouse.work_file, "select count(*) from imgur_raw.image_metrics") == [(33 * 60_000,)]
    assert sizes[-1] <= 1.1 * sizes[0]


# dlt's states


def nights_of_dlt(warehouse: Warehouse, folder: Path, *, nights: range) -> dlt.Pipeline:
    """Load once for each of *nights*, each time with another state."""

    @dlt.resource(name="counting")
    def counting() -> Iterator[Any]:
        state = dlt.current.resource_state()
        state["nights"] = [*state.get("nights", []), night]
        yield {"night": night}

    pipeline = dlt.pipeline(
        "states",
        destination=dlt.destinations.duckdb(str(warehouse.work_file)),
        dataset_name="imgur_raw",
        pipelines_dir=str(folder),
    )
    for night in nights:
        pipeline.run([counting(), rows_resource(TAGS, [{"name": str(night), "fetched_at": NIGHT}])])
    return pipeline


def nights_in(pipeline: dlt.Pipeline) -> list[int]:
    state: Any = pipeline.state["sources"]["states"]["resources"]["counting"]["nights"]
    return list(state)


def test_tidy__leaves_dlt_its_newest_states(warehouse: Warehouse, tmp_path: Path) -> None:
    """Three states stay; a pipeline whose folder is lost restores the newest and goes on counting."""
    warehouse.work_dir.mkdir(parents=True)
    nights_of_dlt(warehouse, tmp_path / "first", nights=range(4))
    newest = read(
        warehouse.work_file,
        "select version from imgur_raw._dlt_pipeline_state order by version desc limit 3",
    )
    assert warehouse.tidy(keep_runs=A_YEAR) == Tidied(states=1)
    assert (
        read(warehouse.work_file, "select version from imgur_raw._dlt_pipeline_state order by version desc")
        == newest
    )
    assert warehouse.tidy(keep_runs=A_YEAR) == Tidied()
    restored = nights_of_dlt(warehouse, tmp_path / "second", nights=range(4, 5))
    assert nights_in(restored) == [0, 1, 2, 3, 4]


def test_tidy__counts_only_states_that_dlt_may_restore(warehouse: Warehouse) -> None:
    """Each pipeline keeps three states of completed loads, by dlt's order; those of other loads stay beside them."""
    load_tags(warehouse, 1)
    work(
        warehouse,
        "create table imgur_raw._dlt_loads (load_id varchar, status bigint)",
        "insert into imgur_raw._dlt_loads select '17' || range, case when range in (5, 9) then 1 else 0 end "
        "from range(1, 10)",
        "create table imgur_raw._dlt_pipeline_state (version bigint, pipeline_name varchar, _dlt_load_id varchar)",
        # a version may start again with a new folder: the load decides, not the version
        "insert into imgur_raw._dlt_pipeline_state select 100 - range, 'imgur', '17' || range from range(1, 10)",
        "insert into imgur_raw._dlt_pipeline_state values (1, 'other', '171'), (2, 'lost', '99')",
    )
    assert warehouse.tidy(keep_runs=A_YEAR) == Tidied(states=4)
    assert read(
        warehouse.work_file,
        "select pipeline_name, _dlt_load_id from imgur_raw._dlt_pipeline_state order by all",
    ) == [
        ("imgur", "175"),
        ("imgur", "176"),
        ("imgur", "177"),
        ("imgur", "178"),
        ("imgur", "179"),
        ("lost", "99"),
        ("other", "171"),
    ]


# runs


def test_tidy__forgets_old_runs_but_the_last_published(warehouse: Warehouse) -> None:
    """Runs older than wanted go with their charges, at the very limit they stay; so does the latest published one."""
    runs: dict[str, tuple[float, str | None]] = {
        "older published": (-40, "published"),
        "last published": (-30, "kept"),  # of its rounds an earlier one was published
        "kept": (-20, "kept"),
        "at the limit": (-10, "kept"),
        "new": (-1, None),
    }
    for run_id, (days, publication) in runs.items():
        load(
            warehouse,
            SYNC_RUNS,
            {
                "run_id": run_id,
                "started_at": at(days),
                "publication": publication,
                "published_at": at(days) if "published" in run_id else None,
            },
        )
        load(warehouse, CREDIT_CHARGES, {"run_id": run_id, "endpoint": "account", "credits": 1})
    assert warehouse.tidy(keep_runs=timedelta(days=10)) == Tidied(runs=2)
    kept = [("at the limit",), ("last published",), ("new",)]
    assert read(warehouse.work_file, "select run_id from imgur_raw.sync_runs order by all") == kept
    assert read(warehouse.work_file, "select run_id from imgur_raw.credit_charges order by all") == kept


def test_tidy__forgets_runs_without_an_alarm(warehouse: Warehouse) -> None:
    """When most runs are forgotten at once, after a long pause, that is no lost table."""
    runs = [{"run_id": str(number)} for number in range(40)]
    load(warehouse, SYNC_RUNS, *(run | {"started_at": at(-99)} for run in runs))
    load(warehouse, CREDIT_CHARGES, *(run | {"endpoint": "account"} for run in runs))
    warehouse.publish()
    assert warehouse.tidy(keep_runs=timedelta(days=10)) == Tidied(runs=40)
    assert warehouse.check() == []


# the rest


def test_tidy__has_nothing_to_do(warehouse: Warehouse) -> None:
    """Without a file, without these tables and with empty ones nothing is dropped."""
    assert warehouse.tidy(keep_runs=A_YEAR) == Tidied()
    assert not warehouse.data_dir.exists()
    load_tags(warehouse, 3)
    assert warehouse.tidy(keep_runs=A_YEAR) == Tidied()
    for table in TABLES.values():
        load(warehouse, table)
    assert warehouse.tidy(keep_runs=A_YEAR) == Tidied()
    assert texts(warehouse.work_file, "select count(*) from imgur_raw.tags") == [("3",)]


def test_tidy__on_a_full_disk(warehouse: Warehouse) -> None:
    """On a full disk it fails as such, and the rows are as they were."""
    load(warehouse, IMAGE_METRICS, seen(0, 5), seen(1, 5))
    with no_file_larger_than(10), pytest.raises(FileAccessError, match="File too large"):
        warehouse.tidy(keep_runs=A_YEAR)
    assert history(warehouse) == [("a", 0, 5, 0), ("a", 1, 5, 1)]
