"""DuckDB files: opened for certain, in UTC, with errors that say what to do; names and texts in SQL."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from warehouse.files import (
    DamagedFileError,
    FileAccessError,
    FileInUseError,
    attach,
    create,
    literal,
    opened,
    quoted,
)

from tests.support.work_files import another_program, no_file_larger_than, read, storage_version

INSTEAD = Path("other.duckdb")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A whole file with a table of one row."""
    path = tmp_path / "some.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table things as select 1 as thing")
    return path


def test_create__makes_a_file_that_older_programs_read(tmp_path: Path) -> None:
    """DBeaver's DuckDB is often older than ours; what is written later leaves the file's version as it is."""
    create(tmp_path / "it's new.duckdb")

    with opened(tmp_path / "it's new.duckdb", instead=INSTEAD) as connection:
        connection.execute("create table things as select range::varchar as thing from range(100_000)")
        connection.execute("checkpoint")
    assert storage_version(tmp_path / "it's new.duckdb") == "v1.2.0+"


def test_create__names_a_disk_that_does_not_let_us(tmp_path: Path) -> None:
    """Where there is no folder for it, the error names the file and what to do."""
    with pytest.raises(FileAccessError, match=r"away/new\.duckdb cannot be used .* run again\.$"):
        create(tmp_path / "away" / "new.duckdb")


def test_opened__is_in_utc_and_closed(path: Path) -> None:
    """Time is UTC in the connection, what is written stays, and the file is free for others afterwards."""
    with opened(path, instead=INSTEAD) as connection:
        assert connection.execute("select current_setting('TimeZone')").fetchall() == [("UTC",)]
        connection.execute("insert into things values (2)")
    with another_program(path, mode="write", query="select thing from things order by all") as other:
        assert other.answer() == "[(1,), (2,)]"


def test_opened__has_sound_joins(path: Path) -> None:
    """The optimizer that now and then breaks joins is off (docs/decisions/warehouse.md), in what is opened from it, too."""
    with opened(path, instead=INSTEAD) as connection, connection.cursor() as cursor:
        for each in (connection, cursor):
            [(switched_off,)] = each.execute("select current_setting('disabled_optimizers')").fetchall()
            assert switched_off == "statistics_propagation"


def test_opened__to_read_only_writes_nothing(path: Path) -> None:
    """A connection that only reads refuses to write."""
    with (
        opened(path, instead=INSTEAD, read_only=True) as connection,
        pytest.raises(duckdb.InvalidInputException, match="read-only"),
    ):
        connection.execute("insert into things values (2)")


@pytest.mark.parametrize("mode", ["read", "write"])
def test_opened__names_the_program_that_holds_the_file(path: Path, mode: str) -> None:
    """A file that is open elsewhere is told with the process and with the file to open instead."""
    with (
        another_program(path, mode=mode) as other,
        pytest.raises(FileInUseError) as refused,
        opened(path, instead=INSTEAD),
    ):
        raise AssertionError("opened")
    assert (refused.value.path, refused.value.pid, refused.value.instead) == (
        path,
        other.process.pid,
        INSTEAD,
    )


def test_opened__says_so_when_this_program_holds_the_file(path: Path) -> None:
    """A connection of our own that only reads stands in the way, too, and has no process to name."""
    with (
        duckdb.connect(str(path), read_only=True),
        pytest.raises(FileInUseError) as refused,
        opened(path, instead=INSTEAD),
    ):
        raise AssertionError("opened")
    assert refused.value.pid is None


def test_opened__names_damage(path: Path) -> None:
    """What is no database is told with the reason, in one line without a full stop."""
    path.write_bytes(b"hello" * 1000)
    with pytest.raises(DamagedFileError) as failed, opened(path, instead=INSTEAD):
        raise AssertionError("opened")
    assert failed.value.path == path
    assert "not a valid DuckDB database" in failed.value.reason
    assert "\n" not in failed.value.reason
    assert not failed.value.reason.endswith(".")


def test_opened__names_a_disk_that_does_not_let_us(path: Path) -> None:
    """Trouble with the disk or its permissions is told as such, not as damage."""
    path.with_name("some.duckdb.wal").mkdir()  # even root cannot read a directory as a file
    with (
        pytest.raises(FileAccessError, match=r"Make room or correct the permissions, and run again\.$"),
        opened(path, instead=INSTEAD),
    ):
        raise AssertionError("opened")


def test_opened__names_a_full_disk(path: Path) -> None:
    """What does not fit is told as such, also when it happens long after opening, and is not half written."""
    with (
        no_file_larger_than(10),
        pytest.raises(FileAccessError, match="File too large"),
        opened(path, instead=INSTEAD) as connection,
    ):
        connection.execute("insert into things values (2)")
    assert read(path, "select thing from things") == [(1,)]


def test_opened__lets_errors_in_sql_pass(path: Path) -> None:
    """A query that is wrong is no trouble with the file."""
    with pytest.raises(duckdb.CatalogException), opened(path, instead=INSTEAD) as connection:
        connection.execute("select * from nothing")


def test_attach__takes_any_path_for_reading(path: Path) -> None:
    """A path with an apostrophe becomes the current catalog, and is not written to."""
    awkward = path.rename(path.with_name("somebody's.duckdb"))
    with duckdb.connect(":memory:") as connection:
        attach(connection, awkward)
        assert connection.execute("from things").fetchall() == [(1,)]
        with pytest.raises(duckdb.InvalidInputException, match="read-only"):
            connection.execute("insert into things values (2)")


def test_quoted__and_literal_give_back_what_they_were_given() -> None:
    """Quotes of either kind in a name or a text end neither."""
    name, text = 'a "b" c', "it's 'so'"
    with duckdb.connect(":memory:") as connection:
        row = connection.sql(f"select {literal(text)} as {quoted(name)}")
        assert (row.columns, row.fetchall()) == ([name], [(text,)])
    assert quoted("imgur_raw", "albums") == '"imgur_raw"."albums"'
