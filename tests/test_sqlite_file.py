"""SQLite files of ours: who may read them, and which ones are refused."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path

import pytest

from imgur_source.sqlite_file import UnusableFileError, open_sqlite

TABLES = "create table if not exists things (name text) strict; create index if not exists n on things (name)"


def test_open_sqlite__makes_a_file_for_its_owner_alone(tmp_path: Path) -> None:
    """File, log and folder are closed to others, also a file that was open to them before."""
    path = tmp_path / "state" / "things.sqlite"
    db = open_sqlite(path, tables=TABLES, version=3)
    db.execute("insert into things values ('one')")
    modes = {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    db.close()
    path.chmod(0o644)
    db = open_sqlite(path, tables=TABLES, version=3)

    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert modes == {stat.S_IMODE(path.stat().st_mode)} == {0o600}
    assert db.execute("select name from things").fetchall() == [("one",)]
    assert db.execute("pragma journal_mode").fetchall() == [("wal",)]
    db.close()


def test_open_sqlite__without_a_path_is_in_memory() -> None:
    """It has the tables, and no file."""
    db = open_sqlite(None, tables=TABLES, version=3)

    assert db.execute("select count(*) from things").fetchall() == [(0,)]
    assert db.execute("pragma database_list").fetchall()[0][2] == ""
    db.close()


def test_open_sqlite__of_another_version_is_left_as_it_is(tmp_path: Path) -> None:
    """A later program's file is refused, and no table is added to it."""
    path = tmp_path / "things.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("pragma user_version = 4")
    db.close()

    with pytest.raises(UnusableFileError, match="tables of version 4, this program knows 3"):
        open_sqlite(path, tables=TABLES, version=3)

    with sqlite3.connect(path) as db:
        assert db.execute("select name from sqlite_master").fetchall() == []
    db.close()


def test_open_sqlite__that_is_damaged_is_refused(tmp_path: Path) -> None:
    """Damage is found when the file is opened, not with the row that it hit."""
    path = tmp_path / "things.sqlite"
    db = open_sqlite(path, tables=TABLES, version=3)
    db.executemany("insert into things values (?)", [(f"{number:0500}",) for number in range(100)])
    db.close()
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)
    path.write_bytes(content)

    with pytest.raises(sqlite3.DatabaseError):
        open_sqlite(path, tables=TABLES, version=3)
