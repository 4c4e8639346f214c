"""The warehouse: a published file that is always whole, and tells of its runs."""

from __future__ import annotations

import logging
import os
import random
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest
from warehouse.catalog import RAW_SCHEMA
from warehouse.files import DamagedFileError, FileAccessError, FileInUseError
from warehouse.publication import Publication, PublicationError
from warehouse.run_lock import RunLock
from warehouse.warehouse import Warehouse

from imgur_source.records.tables import (
    ALBUM_IMAGES,
    ALBUMS,
    IMAGES,
    MARKER,
    POST_TAGS,
    SYNC_RUNS,
    TAGS,
)
from tests.support.warehouses import rows_resource
from tests.support.work_files import (
    NIGHT,
    StandingClock,
    another_program,
    descriptions_in,
    descriptions_of,
    files_in,
    load,
    load_tags,
    no_file_larger_than,
    read,
    storage_version,
    tables_in,
    work,
)

PIPELINES = Path(__file__).parents[2] / "pipelines"
KILLS = 10
PUBLISHING = """
import sys
from itertools import count
from pathlib import Path

import duckdb
from warehouse.warehouse import Warehouse

warehouse = Warehouse(Path(sys.argv[1]))
print("ready", flush=True)
for generation in count(1):
    with duckdb.connect(str(warehouse.work_file)) as connection:
        connection.execute("update imgur_raw.tags set followers = ?", [generation])
    warehouse.publish()
"""
LAST_RUNS = """
import sys
from pathlib import Path

from warehouse.warehouse import Warehouse

print([run["started_at"].isoformat() for run in Warehouse(Path(sys.argv[1])).last_runs()])
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "data", clock=StandingClock())


def test_check__has_nothing_to_say_without_a_work_file(warehouse: Warehouse) -> None:
    """Before the first load there is nothing to check, and checking leaves no trace."""
    assert warehouse.check() == []
    assert not warehouse.data_dir.exists()


@pytest.mark.parametrize("mode", ["read", "write"])
def test_check__compares_whoever_has_the_published_file_open(warehouse: Warehouse, mode: str) -> None:
    """A reader, or somebody who opened it for writing against the rules, does not stop the comparison."""
    load_tags(warehouse, 30)
    warehouse.publish()
    load_tags(warehouse, 3)
    with another_program(warehouse.published_file, mode=mode):
        assert [(problem.table, problem.check) for problem in warehouse.check()] == [("tags", "rows lost")]


@pytest.mark.parametrize("read_only", [True, False])
def test_check__compares_with_the_new_file_where_the_old_is_still_open(
    warehouse: Warehouse, read_only: bool
) -> None:
    """A connection of this very process to yesterday's file does not hide today's."""
    load_tags(warehouse, 30)
    warehouse.publish()
    with duckdb.connect(str(warehouse.published_file), read_only=read_only):
        load_tags(warehouse, 90)
        warehouse.publish()
        load_tags(warehouse, 30)
        assert [(problem.table, problem.check) for problem in warehouse.check()] == [("tags", "rows lost")]


def test_check__goes_on_without_a_published_file_that_cannot_be_read(
    warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    """A spoiled published file is a warning: the publication that follows heals it."""
    load_tags(warehouse, 3)
    warehouse.published_file.write_bytes(b"not a database" * 1000)
    with caplog.at_level(logging.WARNING):
        assert warehouse.check() == []
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    warehouse.publish()
    assert read(warehouse.published_file, "select count(*) from imgur_raw.tags") == [(3,)]


# publish


def test_publish__makes_a_clean_described_copy(warehouse: Warehouse) -> None:
    """The published file has our tables with their rows and descriptions, and nothing of dlt's."""
    load(warehouse, ALBUMS, {"id": "a", "order": 1, "datetime": NIGHT, "_dlt_load_id": "1.5"})
    load(warehouse, ALBUM_IMAGES, {"album_id": "a", "image_id": "i", "tags": '["x"]', MARKER: False})
    work(
        warehouse,
        "create schema imgur_raw_staging",
        "create table imgur_raw_staging.albums as from imgur_raw.albums",
        "create table imgur_raw_staging._dlt_version (version bigint)",
        "create table imgur_raw._dlt_loads (load_id varchar)",
        "create table imgur_raw._dlt_version (version bigint)",
        "create table imgur_raw._dlt_pipeline_state (version bigint)",
    )
    before = tables_in(warehouse.work_file)
    assert warehouse.publish() == Publication(
        path=warehouse.published_file,
        tables=2,
        rows=2,
        size_bytes=warehouse.published_file.stat().st_size,
        published_at=NIGHT,
    )
    published = warehouse.published_file
    assert tables_in(published) == ["imgur_raw.album_images", "imgur_raw.albums"]
    assert read(published, "select schema_name from duckdb_schemas() where schema_name like 'imgur%'") == [
        ("imgur_raw",)
    ]
    assert descriptions_in(published) == descriptions_of(ALBUMS, ALBUM_IMAGES)
    assert read(
        published, 'select id, "order", epoch(datetime)::bigint, _dlt_load_id from imgur_raw.albums'
    ) == [("a", 1, int(NIGHT.timestamp()), "1.5")]
    assert read(published, "select album_id, image_id, tags ->> 0 from imgur_raw.album_images") == [
        ("a", "i", "x")
    ]
    assert tables_in(warehouse.work_file) == before
    assert files_in(warehouse.data_dir) == ["imgur.duckdb", "work"]
    assert files_in(warehouse.work_dir) == ["imgur_work.duckdb"]


def test_publish__keeps_marts_views_and_their_descriptions(warehouse: Warehouse) -> None:
    """What sql/ made goes with the copy, views over a table that loses its marker column too."""
    load(warehouse, POST_TAGS, {"post_id": "p", "tag": "cats"})
    work(
        warehouse,
        "create schema staging",
        "create view staging.stg_tags as select post_id, tag as tag_name from imgur_raw.post_tags",
        "create view staging.whole as select * exclude (is_marker) from imgur_raw.post_tags",
        "create table main.mart as select tag_name, 1 as posts from staging.stg_tags",
        "comment on table main.mart is 'Posts per tag.'",
        "comment on column main.mart.posts is 'Number of posts.'",
        "comment on view staging.stg_tags is 'Tags.'",
        "comment on column staging.stg_tags.tag_name is 'Name of the tag.'",
    )
    publication = warehouse.publish()
    published = warehouse.published_file
    assert (publication.tables, publication.rows) == (2, 2)
    assert read(published, "from mart") == [("cats", 1)]
    assert read(published, "from staging.stg_tags") == [("p", "cats")]
    assert read(
        published,
        "select schema_name, table_name, column_name, comment from duckdb_columns() "
        "where schema_name in ('main', 'staging') and comment is not null "
        "union all select schema_name, table_name, '', comment from duckdb_tables() "
        "where schema_name = 'main' "
        "union all select schema_name, view_name, '', comment from duckdb_views() "
        "where schema_name = 'staging' and comment is not null order by all",
    ) == [
        ("main", "mart", "", "Posts per tag."),
        ("main", "mart", "posts", "Number of posts."),
        ("staging", "stg_tags", "", "Tags."),
        ("staging", "stg_tags", "tag_name", "Name of the tag."),
    ]


def test_publish__of_what_dlt_loaded(warehouse: Warehouse) -> None:
    """Two real loads with markers and a replacement are published with exact types, and checks pass."""

    def load_a_night(images: list[dict[str, Any]], members: list[dict[str, Any]]) -> None:
        dlt.pipeline(
            "warehouse_test",
            destination=dlt.destinations.duckdb(str(warehouse.work_file)),
            dataset_name=RAW_SCHEMA,
            pipelines_dir=str(warehouse.pipelines_dir),
        ).run(
            [rows_resource(IMAGES, images), rows_resource(ALBUM_IMAGES, members)],
            loader_file_format="parquet",
        )

    def an_image(id_: str, **values: Any) -> dict[str, Any]:
        return {"id": id_, "fetched_at": NIGHT, **values}

    def a_member(album: str, image: str, **values: Any) -> dict[str, Any]:
        return {"album_id": album, "image_id": image, "fetched_at": NIGHT, **values}

    warehouse.work_dir.mkdir(parents=True)
    load_a_night(
        [an_image("a", views=1, tags='["x"]'), an_image("b", views=2)],
        [a_member("one", "a"), a_member("two", "b"), a_member("three", "", is_marker=True)],
    )
    load_a_night(
        [an_image("b", views=5)],
        [a_member("one", "b"), a_member("two", "", is_marker=True)],
    )

    assert warehouse.check() == []
    publication = warehouse.publish()
    published = warehouse.published_file
    assert (publication.tables, publication.rows) == (2, 3)
    assert tables_in(published) == ["imgur_raw.album_images", "imgur_raw.images"]
    assert read(published, "select id, views, tags ->> 0 from imgur_raw.images order by id") == [
        ("a", 1, "x"),
        ("b", 5, None),
    ]
    assert read(published, "select album_id, image_id from imgur_raw.album_images") == [("one", "b")]
    types = dict(
        read(published, "select column_name, data_type from duckdb_columns() where table_name = 'images'")
    )
    assert types == {field.name: field.kind.value for field in IMAGES.fields}
    assert descriptions_in(published) == descriptions_of(IMAGES, ALBUM_IMAGES, load_id=False)
    assert warehouse.row_counts() == {"album_images": 1, "images": 2}


def test_publish__is_for_older_programs_too(warehouse: Warehouse) -> None:
    """What was loaded through the job's own connection is published in the format of DuckDB 1.2."""
    with warehouse.loading() as connection:
        connection.execute(f"create schema {RAW_SCHEMA}")
        connection.execute(f"create table {RAW_SCHEMA}.images as select 'a' as id, now() as fetched_at")
    warehouse.publish()

    assert storage_version(warehouse.published_file) == "v1.2.0+"


def test_publish__leaves_readers_their_file(warehouse: Warehouse) -> None:
    """An open reader keeps its rows through two publications, while newcomers see the new ones."""
    query = "select count(*) from imgur_raw.tags"
    load_tags(warehouse, 1)
    warehouse.publish()
    with another_program(warehouse.published_file, mode="read", query=query) as reader:
        seen = [reader.answer()]
        for number in (2, 3):
            load_tags(warehouse, number)
            warehouse.publish()
            seen.append(reader.answer())
            with another_program(warehouse.published_file, mode="read", query=query) as newcomer:
                seen.append(newcomer.answer())
    assert seen == ["[(1,)]", "[(1,)]", "[(2,)]", "[(1,)]", "[(3,)]"]


def test_publish__clears_away_what_a_crash_left(warehouse: Warehouse) -> None:
    """Drafts of a killed publication, and the log of a killed writer of the published file, are removed."""
    load_tags(warehouse, 1)
    warehouse.publish()
    with another_program(warehouse.published_file, mode="write", before="create table mine as select 1"):
        pass
    draft = warehouse.data_dir / ".imgur_draft.duckdb"
    draft.write_bytes(b"half a database")
    draft.with_name(".imgur_draft.duckdb.wal").write_bytes(b"a log")
    draft.with_name(".imgur_draft.duckdb.tmp").mkdir()
    assert files_in(warehouse.data_dir) == [
        ".imgur_draft.duckdb",
        ".imgur_draft.duckdb.tmp",
        ".imgur_draft.duckdb.wal",
        "imgur.duckdb",
        "imgur.duckdb.wal",
        "work",
    ]
    load_tags(warehouse, 2)
    warehouse.publish()
    assert files_in(warehouse.data_dir) == ["imgur.duckdb", "work"]
    assert read(warehouse.published_file, "select count(*) from imgur_raw.tags") == [(2,)]


def test_publish__takes_over_the_log_of_a_killed_load(warehouse: Warehouse) -> None:
    """Rows that stand only in the work file's log, because their writer was killed, are published."""
    load_tags(warehouse, 1)
    with another_program(
        warehouse.work_file, mode="write", before="insert into imgur_raw.tags (name) values ('late')"
    ):
        pass
    assert files_in(warehouse.work_dir) == ["imgur_work.duckdb", "imgur_work.duckdb.wal"]
    assert warehouse.publish().rows == 2
    assert files_in(warehouse.work_dir) == ["imgur_work.duckdb"]


@pytest.mark.parametrize("mode", ["read", "write"])
def test_publish__names_the_program_that_holds_the_work_file(warehouse: Warehouse, mode: str) -> None:
    """A work file that is open elsewhere is told with the process, and with the file to open instead."""
    load_tags(warehouse, 1)
    with (
        another_program(warehouse.work_file, mode=mode) as other,
        pytest.raises(FileInUseError) as refused,
    ):
        warehouse.publish()
    assert str(refused.value) == (
        f"{warehouse.work_file} is open in another program (PID {other.process.pid}). Close it; "
        f"analysts should open {warehouse.published_file}, which is never locked."
    )
    assert files_in(warehouse.data_dir) == ["work"]


def test_publish__says_so_when_this_program_holds_the_work_file(warehouse: Warehouse) -> None:
    """A connection of our own that only reads stands in the way, too, and has no process to name."""
    load_tags(warehouse, 1)
    with (
        duckdb.connect(str(warehouse.work_file), read_only=True),
        pytest.raises(FileInUseError, match="open in another part of this program"),
    ):
        warehouse.publish()


def test_publish__works_beside_a_connection_of_dlt(warehouse: Warehouse) -> None:
    """A connection for writing in this process, as dlt has them, is no obstacle."""
    load_tags(warehouse, 1)
    with duckdb.connect(str(warehouse.work_file)) as connection:
        assert warehouse.check() == []
        assert warehouse.publish().rows == 1
        assert connection.execute("select count(*) from imgur_raw.tags").fetchall() == [(1,)]


def test_publish__keeps_the_old_file_when_the_disk_is_full(warehouse: Warehouse) -> None:
    """With no room for the copy the old file stays, the draft goes, and the next run publishes."""
    load_tags(warehouse, 1)
    warehouse.publish()
    load_tags(warehouse, 50_000)
    with (
        no_file_larger_than(warehouse.work_file.stat().st_size // 2),
        pytest.raises(PublicationError) as failed,
    ):
        warehouse.publish()
    assert str(failed.value) == (
        f"{warehouse.published_file} was not replaced: File too large. The previous file is untouched; "
        "make room or correct the permissions, the next run publishes what is loaded."
    )
    assert files_in(warehouse.data_dir) == ["imgur.duckdb", "work"]
    assert read(warehouse.published_file, "select count(*) from imgur_raw.tags") == [(1,)]
    assert warehouse.publish().rows == 50_000


def test_publish__keeps_the_old_file_when_the_draft_cannot_be_finished(warehouse: Warehouse) -> None:
    """What DuckDB cannot write into the draft ends the publication like any other trouble."""
    load_tags(warehouse, 1)
    warehouse.publish()
    load_tags(warehouse, 2)
    log = warehouse.data_dir / ".imgur_draft.duckdb.wal"
    log.mkdir()  # in the place of the draft's log
    with pytest.raises(PublicationError, match=r"was not replaced: IO Error: .* Is a directory"):
        warehouse.publish()
    log.rmdir()
    assert files_in(warehouse.data_dir) == ["imgur.duckdb", "work"]
    assert read(warehouse.published_file, "select count(*) from imgur_raw.tags") == [(1,)]


def test_publish__says_what_the_system_says(warehouse: Warehouse) -> None:
    """Where the file cannot take its place the reason is told, and no draft stays."""
    load_tags(warehouse, 1)
    warehouse.published_file.mkdir()
    with pytest.raises(PublicationError, match="was not replaced: Is a directory"):
        warehouse.publish()
    assert files_in(warehouse.data_dir) == ["imgur.duckdb", "work"]


def test_publish__has_nothing_to_publish_before_the_first_load(warehouse: Warehouse) -> None:
    """Neither a missing work file nor one without tables becomes an empty published file."""
    with pytest.raises(PublicationError, match="nothing is loaded yet, there is no"):
        warehouse.publish()
    assert not warehouse.data_dir.exists()
    warehouse.work_dir.mkdir(parents=True)
    work(warehouse, "create table main.mart as select 1")
    with pytest.raises(PublicationError, match="nothing is loaded yet into"):
        warehouse.publish()
    assert files_in(warehouse.data_dir) == ["work"]


@pytest.mark.parametrize(
    "damage", ["foreign", "cut", "scratched"], ids=["not a database", "cut short", "wrong checksum"]
)
def test_publish__names_a_damaged_work_file(warehouse: Warehouse, damage: str) -> None:
    """A work file that is no database any more is told, with what to do; the published one stays."""
    load_tags(warehouse, 1)
    warehouse.publish()
    whole = warehouse.work_file.read_bytes()
    spoiled = {
        "foreign": b"hello" * 1000,
        "cut": whole[:9000],
        "scratched": whole[:5000] + bytes(255 - byte for byte in whole[5000:9000]) + whole[9000:],
    }
    warehouse.work_file.write_bytes(spoiled[damage])
    with pytest.raises(DamagedFileError) as failed:
        warehouse.publish()
    assert str(failed.value) == (
        f"{warehouse.work_file} cannot be read as a DuckDB database ({failed.value.reason}). "
        f"Move {warehouse.work_dir} away as a whole and run again: the lists are then read anew."
    )
    assert read(warehouse.published_file, "select count(*) from imgur_raw.tags") == [(1,)]


@pytest.mark.slow
def test_publish__survives_being_killed_at_any_time(tmp_path: Path) -> None:
    """Killed at random moments, publications leave a whole file and never more than one draft."""
    warehouse = Warehouse(tmp_path / "data")
    load_tags(warehouse, 200_000)
    rng = random.Random(20261123)
    generations = [0]
    drafts_left = 0
    for _ in range(KILLS):
        with subprocess.Popen(
            [sys.executable, "-c", PUBLISHING, str(warehouse.data_dir)],
            env={**os.environ, "PYTHONPATH": str(PIPELINES)},
            stdout=subprocess.PIPE,
            text=True,
        ) as publishing:
            assert publishing.stdout is not None
            assert publishing.stdout.readline() == "ready\n"
            with pytest.raises(subprocess.TimeoutExpired):
                publishing.wait(timeout=rng.uniform(0.05, 0.8))
            publishing.kill()
        drafts = [name for name in files_in(warehouse.data_dir) if name.startswith(".")]
        assert set(drafts) <= {".imgur_draft.duckdb", ".imgur_draft.duckdb.wal"}
        drafts_left += bool(drafts)
        if warehouse.published_file.exists():
            [(rows, names, oldest, newest)] = read(
                warehouse.published_file,
                "select count(*), count(distinct name), coalesce(min(followers), 0), "
                "coalesce(max(followers), 0) from imgur_raw.tags",
            )
            assert (rows, names, oldest) == (200_000, 200_000, newest)
            assert descriptions_in(warehouse.published_file) == descriptions_of(TAGS)
            generations.append(newest)
    assert len(set(generations)) > 1, "no publication came through; the moments are too early"
    assert drafts_left > 0, "no publication was hit in the middle; the moments are wrong"
    warehouse.publish()
    assert files_in(warehouse.data_dir) == ["imgur.duckdb", "work"]


# what the runs did


def a_run(run_id: str, *, hours: int = 0, **values: Any) -> dict[str, Any]:
    return {"run_id": run_id, "started_at": NIGHT + timedelta(hours=hours), "outcome": "done", **values}


def shown(run: dict[str, Any]) -> dict[str, Any]:
    """A row of ``sync_runs`` as ``last_runs`` gives it back: all columns."""
    return dict.fromkeys(SYNC_RUNS.column_names) | run


def test_complete_publication__is_seen_in_the_next_file(warehouse: Warehouse) -> None:
    """What came of a publication stands in the row of its run, and of no other."""
    load(warehouse, SYNC_RUNS, a_run("one"), a_run("two", hours=1))
    warehouse.publish()
    assert warehouse.complete_publication("two", published_at=NIGHT) is True
    assert warehouse.last_runs() == [
        shown(a_run("two", hours=1, publication="published", published_at=NIGHT)),
        shown(a_run("one")),
    ]
    warehouse.publish()
    assert read(
        warehouse.published_file,
        "select run_id, publication, epoch(published_at)::bigint from imgur_raw.sync_runs order by run_id",
    ) == [("one", None, None), ("two", "published", int(NIGHT.timestamp()))]


def test_note_kept__leaves_when_an_earlier_round_was_published(warehouse: Warehouse) -> None:
    """What readers have is still the file of that round."""
    load(warehouse, SYNC_RUNS, a_run("one", published_at=NIGHT))
    assert warehouse.note_unpublished("one", why="Why.") is True
    [run] = warehouse.last_runs()
    assert (run["publication"], run["published_at"]) == ("kept", NIGHT)


def test_complete_publication__of_an_unknown_run(warehouse: Warehouse) -> None:
    """Where there is no such run, that is the answer."""
    assert warehouse.complete_publication("one", published_at=NIGHT) is False
    assert warehouse.note_unpublished("one", why="Why.") is False
    load_tags(warehouse, 1)
    assert warehouse.note_unpublished("one", why="Why.") is False
    load(warehouse, SYNC_RUNS, a_run("two"))
    assert warehouse.complete_publication("one", published_at=NIGHT) is False


def test_note_kept__says_why_once_and_before_all_else(warehouse: Warehouse) -> None:
    """What kept the file stands in front of why the run was stopped; the first word stays."""
    load(warehouse, SYNC_RUNS, a_run("one"), a_run("two", hours=1, reason="Stopped."))
    for run in ("one", "two"):
        assert warehouse.note_unpublished(run, why="The disk is full.") is True
        assert warehouse.note_unpublished(run, why="Another.") is True
    assert [(run["publication"], run["reason"]) for run in warehouse.last_runs()] == [
        ("kept", "Not published: The disk is full. Stopped."),
        ("kept", "Not published: The disk is full."),
    ]


def test_last_runs__are_none_before_the_first(warehouse: Warehouse) -> None:
    """Before the first run there is nothing to show, and looking leaves no trace."""
    assert warehouse.last_runs() == []
    assert not warehouse.data_dir.exists()
    load_tags(warehouse, 1)
    assert warehouse.last_runs() == []


def test_last_runs__newest_first_with_python_values(warehouse: Warehouse) -> None:
    """The latest runs come with aware times and decoded JSON, as many as asked for."""
    load(
        warehouse,
        SYNC_RUNS,
        a_run("one"),
        a_run("three", hours=2, owed='["a page"]', rows_loaded='{"images": 3}', credits_spent=7),
        a_run("two", hours=1),
    )
    assert warehouse.last_runs(2) == [
        shown(a_run("three", hours=2, owed=["a page"], rows_loaded={"images": 3}, credits_spent=7)),
        shown(a_run("two", hours=1)),
    ]


def test_last_runs__know_runs_that_published_nothing(warehouse: Warehouse) -> None:
    """A run after the last publication stands only in the work file, and is shown."""
    load(warehouse, SYNC_RUNS, a_run("one"))
    warehouse.publish()
    load(warehouse, SYNC_RUNS, a_run("two", hours=1, publication="kept"))
    assert warehouse.last_runs() == [shown(a_run("two", hours=1, publication="kept")), shown(a_run("one"))]


@pytest.mark.parametrize("hindrance", ["a run", "another program", "damage", "no file"])
def test_last_runs__fall_back_on_the_published_file(warehouse: Warehouse, hindrance: str) -> None:
    """While the work file cannot be looked at, the runs of the published file are shown."""
    load(warehouse, SYNC_RUNS, a_run("one"))
    warehouse.publish()
    load(warehouse, SYNC_RUNS, a_run("two", hours=1))
    if hindrance == "a run":
        with RunLock(warehouse.lock_file, clock=StandingClock()):
            runs = warehouse.last_runs()
    elif hindrance == "another program":
        with another_program(warehouse.work_file, mode="write"):
            runs = warehouse.last_runs()
    else:
        if hindrance == "damage":
            warehouse.work_file.write_bytes(b"hello")
        else:
            shutil.rmtree(warehouse.work_dir)
        runs = warehouse.last_runs()
    assert runs == [shown(a_run("one"))]


def test_last_runs__of_a_locked_warehouse_that_published_nothing(warehouse: Warehouse) -> None:
    """With no published file and a locked work file there is nothing to show, and nothing fails."""
    load(warehouse, SYNC_RUNS, a_run("one"))
    with another_program(warehouse.work_file, mode="write"):
        assert warehouse.last_runs() == []


def test_last_runs__are_the_same_in_every_time_zone(warehouse: Warehouse) -> None:
    """Times come back in UTC on a machine that lives elsewhere."""
    load(warehouse, SYNC_RUNS, a_run("one"))
    warehouse.publish()
    shown_in_tokyo = subprocess.run(
        [sys.executable, "-c", LAST_RUNS, str(warehouse.data_dir)],
        env={**os.environ, "PYTHONPATH": str(PIPELINES), "TZ": "Asia/Tokyo"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert shown_in_tokyo == "['2026-11-23T02:00:00+00:00']\n"


def test_work_file__on_a_full_disk(warehouse: Warehouse) -> None:
    """What does not fit on the disk is told as such, and is not half written."""
    load(warehouse, SYNC_RUNS, a_run("one"))
    with no_file_larger_than(10), pytest.raises(FileAccessError, match="File too large"):
        warehouse.note_unpublished("one", why="Why.")
    assert warehouse.last_runs() == [shown(a_run("one"))]
