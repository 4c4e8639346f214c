"""The catalog: what lies in a file is counted and described."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import dlt
import duckdb
import pytest
from warehouse.catalog import RAW_SCHEMA, comment, complete, sizes, transaction
from warehouse.warehouse import Warehouse

from imgur_source.records.tables import (
    ALBUMS,
    IMAGE_METRICS,
    IMAGES,
    LIST_ITEMS,
    LIST_SWEEPS,
    MARKER,
    TABLES,
    TAGS,
)
from tests.support.warehouses import rows_resource
from tests.support.work_files import (
    NIGHT,
    StandingClock,
    descriptions_in,
    descriptions_of,
    load,
    load_tags,
    no_file_larger_than,
    read,
    tables_in,
    work,
)


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "data", clock=StandingClock())


def test_comment__describes_every_table_and_column(warehouse: Warehouse) -> None:
    """Every table and column of the data dictionary bears its description, apostrophes and all."""
    for table in TABLES.values():
        load(warehouse, table)
    with duckdb.connect(str(warehouse.work_file)) as connection:
        number = comment(connection)
        for table in TABLES.values():
            if table.parent:
                connection.execute(f"alter table imgur_raw.{table.name} drop column {MARKER}")
    assert descriptions_in(warehouse.work_file) == descriptions_of(*TABLES.values())
    assert number == len(descriptions_of(*TABLES.values()))


def test_comment__leaves_alone_what_it_does_not_know(warehouse: Warehouse) -> None:
    """Missing columns, unknown columns, dlt's tables and a missing schema are no obstacle."""
    with duckdb.connect(":memory:") as connection:
        assert comment(connection) == 0
        connection.execute("create schema imgur_raw")
        connection.execute("create table imgur_raw.tags (name varchar, of_tomorrow varchar)")
        connection.execute("create table imgur_raw._dlt_loads (load_id varchar)")
        assert comment(connection) == 2
        rows = connection.execute(
            "select column_name, comment from duckdb_columns() where schema_name = 'imgur_raw' order by all"
        ).fetchall()
    assert rows == [("load_id", None), ("name", TAGS.field("name").description), ("of_tomorrow", None)]


def test_comment__tells_why_it_failed(warehouse: Warehouse) -> None:
    """On a full disk the error is the full disk, not the rollback after it."""
    load_tags(warehouse, 1)
    with (
        duckdb.connect(str(warehouse.work_file)) as connection,
        no_file_larger_than(10),
        pytest.raises(duckdb.Error, match="File too large"),
    ):
        comment(connection)


def test_row_counts__of_our_tables(warehouse: Warehouse) -> None:
    """Rows are counted per table of a schema, dlt's own tables left out."""
    assert warehouse.row_counts() == {}
    assert not warehouse.has_work_file
    load_tags(warehouse, 3)
    load(warehouse, IMAGES)
    work(
        warehouse,
        "create table imgur_raw._dlt_loads (load_id varchar)",
        "create table main.mart as select 1",
    )
    assert warehouse.has_work_file
    assert warehouse.row_counts() == {"images": 0, "tags": 3}
    assert warehouse.row_counts("main") == {"mart": 1}


def test_sizes__count_the_things_of_a_history(warehouse: Warehouse) -> None:
    """A history is as large as the number of things that it is about, so that repetitions may go."""
    load_tags(warehouse, 3)
    load(
        warehouse,
        IMAGE_METRICS,
        {"id": "a", "observed_at": NIGHT},
        {"id": "a", "observed_at": NIGHT + timedelta(days=1)},
        {"id": "b", "observed_at": NIGHT},
    )
    with duckdb.connect(str(warehouse.work_file)) as connection:
        assert sizes(connection) == {"image_metrics": 2, "tags": 3}


def test_transaction__is_all_or_nothing() -> None:
    """What fails halfway leaves nothing behind, and the next transaction is not hindered."""
    with duckdb.connect(":memory:") as connection:
        with pytest.raises(duckdb.CatalogException, match="no_such_table"), transaction(connection):
            connection.execute("create table half as select 1; from no_such_table")
        with transaction(connection):
            connection.execute("create table whole as select 1")
        assert connection.execute("show tables").fetchall() == [("whole",)]


def test_complete__adds_empty_tables_and_columns_of_older_versions(warehouse: Warehouse) -> None:
    """Each table is there, though nothing of its kind was read; a table of an older version has all columns."""
    load(warehouse, LIST_SWEEPS, {"list": "account_images/me"})
    work(warehouse, "alter table imgur_raw.list_sweeps drop column is_proved")
    with duckdb.connect(str(warehouse.work_file)) as connection:
        complete(connection)
        complete(connection)
        assert sizes(connection) == {table.name: 0 for table in TABLES.values()} | {"list_sweeps": 1}
    types = read(
        warehouse.work_file,
        "select column_name, data_type from duckdb_columns() where table_name = 'list_sweeps'",
    )
    assert dict(types) == {field.name: field.kind.value for field in LIST_SWEEPS.fields} | {
        "_dlt_load_id": "VARCHAR"
    }


def test_complete__makes_nothing_where_nothing_is_loaded() -> None:
    """An empty file stays empty: there would be nothing to publish."""
    with duckdb.connect(":memory:") as connection:
        complete(connection)
        assert connection.execute("show all tables").fetchall() == []


def test_complete__leaves_dlt_able_to_load(warehouse: Warehouse) -> None:
    """dlt loads into a table, and into a column, that was made before it had rows for them."""

    def load_a_night(*resources: object) -> None:
        dlt.pipeline(
            "complete_test",
            destination=dlt.destinations.duckdb(str(warehouse.work_file)),
            dataset_name=RAW_SCHEMA,
            pipelines_dir=str(warehouse.pipelines_dir),
        ).run(list(resources), loader_file_format="parquet")

    warehouse.work_dir.mkdir(parents=True)
    load_a_night(rows_resource(ALBUMS, [{"id": "a", "views": 1, "fetched_at": NIGHT}]))
    work(warehouse, "alter table imgur_raw.albums drop column privacy")
    with duckdb.connect(str(warehouse.work_file)) as connection:
        complete(connection)
    item = {"list": "account_albums/me", "item_id": "a", "datetime": None, "fetched_at": NIGHT}
    load_a_night(
        rows_resource(ALBUMS, [{"id": "a", "privacy": "hidden", "fetched_at": NIGHT}]),
        rows_resource(LIST_ITEMS, [item]),
    )
    assert read(warehouse.work_file, "select id, views, privacy from imgur_raw.albums") == [
        ("a", None, "hidden")
    ]
    assert read(warehouse.work_file, "select list, item_id, datetime from imgur_raw.list_items") == [
        ("account_albums/me", "a", None)
    ]
    assert "imgur_raw.item_looks" in tables_in(warehouse.work_file)
