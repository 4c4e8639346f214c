"""How DuckDB files are opened, and what DuckDB's errors about them mean to a person.

It knows DuckDB's locks, logs and messages, and how a name or a text is written
in SQL. What lies in a file is left to ``catalog``, which files there are to ``warehouse``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

# DuckDB 2.0.0 now and then fails, by a race of its threads, in a join that keeps dictionaries which were
# picked for what statistics promise (duckdb/duckdb#24807, "dict-surviving join"); without it is as fast
SOUND_JOINS = "set disabled_optimizers = 'statistics_propagation'"
READABLE_SINCE = "v1.2.0"  # the DuckDB that analysts' programs bring along is often older than ours

_SIGNS_OF_A_LOCK = (  # DuckDB 1.5 and 2.0 have no error class of their own for it
    "Could not set lock",  # another process
    "different configuration",  # another connection of this process, one that only reads
    "Unique file handle conflict",  # the same file attached to another connection of this process
)
_SIGNS_OF_DAMAGE = (
    "not a valid DuckDB database",
    "Corrupt database file",  # a wrong checksum; a plain duckdb.Error in 2.0
    "Could not read enough bytes",
    "WAL does not match",
    "version number",  # written by a newer DuckDB
    "deserialize",
)
_SIGN_OF_A_FULL_DISK = "Could not write file"  # comes as a failed transaction, too


class WarehouseError(Exception):
    """Root of what the warehouse raises on purpose."""


class FileInUseError(WarehouseError):
    """Another program holds a file open that we have to write."""

    def __init__(self, path: Path, *, pid: int | None, instead: Path) -> None:
        self.path = path
        self.pid = pid
        self.instead = instead
        who = f"another program (PID {pid})" if pid is not None else "another part of this program"
        super().__init__(
            f"{path} is open in {who}. Close it; analysts should open {instead}, which is never locked."
        )


class DamagedFileError(WarehouseError):
    """A file is not a DuckDB database, no longer a whole one, or of a newer DuckDB."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(
            f"{path} cannot be read as a DuckDB database ({reason}). "
            f"Move {path.parent} away as a whole and run again: the lists are then read anew."
        )


class FileAccessError(WarehouseError):
    """The disk or its permissions do not let us read or write a file."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(
            f"{path} cannot be used ({reason}). Make room or correct the permissions, and run again."
        )


def create(path: Path) -> None:
    """An empty file at *path* that DuckDB 1.2 and all newer ones can read; it stays so when it is written.

    Raises:
        FileAccessError: the disk does not let us.
    """
    with _named_errors(path, instead=path), duckdb.connect(":memory:") as connection:
        version = literal(READABLE_SINCE)
        connection.execute(f"attach {literal(str(path))} as created (storage_version {version})")


@contextmanager
def opened(path: Path, *, instead: Path, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to *path* that is closed for certain; time is UTC in it, whatever the machine says.

    Its joins are sound: see ``SOUND_JOINS``.
    """
    with (
        _named_errors(path, instead=instead),
        duckdb.connect(str(path), read_only=read_only) as connection,
    ):
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(SOUND_JOINS)
        yield connection


@contextmanager
def _named_errors(path: Path, *, instead: Path) -> Iterator[None]:
    """Turn what DuckDB says about the file *path* into errors that say what to do; SQL errors pass."""
    try:
        yield
    except duckdb.Error as error:
        if _is_lock_conflict(error):
            found = re.search(r"\(PID (\d+)\)", str(error))
            pid = int(found.group(1)) if found else None
            raise FileInUseError(path, pid=pid, instead=instead) from error
        reason = first_line(error)
        if any(sign in reason for sign in _SIGNS_OF_DAMAGE):
            raise DamagedFileError(path, reason) from error
        if isinstance(error, duckdb.IOException) or _SIGN_OF_A_FULL_DISK in reason:
            raise FileAccessError(path, reason) from error
        raise


def attach(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Make *path* the current catalog of *connection*, for reading."""
    connection.execute(f"attach {literal(str(path))} as published (read_only)")
    connection.execute("use published")


def quoted(*names: str) -> str:
    """An identifier, such as ``"imgur_raw"."albums"``; the only way a name gets into SQL."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def literal(text: str) -> str:
    """A text in SQL, for statements that take no parameters (``comment on``, ``attach``)."""
    return "'" + text.replace("'", "''") + "'"


def first_line(error: Exception) -> str:
    """The first line of what DuckDB says, without its full stop."""
    return str(error).strip().splitlines()[0].rstrip(".")


def log_of(database: Path) -> Path:
    """DuckDB's write-ahead log beside *database*."""
    return database.with_name(database.name + ".wal")


def _is_lock_conflict(error: duckdb.Error) -> bool:
    return any(sign in str(error) for sign in _SIGNS_OF_A_LOCK)
