"""The catalog: what lies in a file is counted and described."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from catalog import comment
from warehouse import Warehouse
from work_files import (
    StandingClock,
    descriptions_in,
    descriptions_of,
    load,
    load_tags,
    no_file_larger_than,
    work,
)

from imgur_source.models import IMAGES, MARKER, TABLES, TAGS


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
