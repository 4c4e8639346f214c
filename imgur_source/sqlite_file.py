"""How a SQLite file of ours is opened: its mode, its log, its version and its tables.

Used by the credit ledger and the journal, which know what the tables mean.
"""

from __future__ import annotations

import os
import sqlite3
from datetime import timedelta
from pathlib import Path

BUSY_TIMEOUT = timedelta(seconds=30)  # a holder is done in a millisecond; so long only a stopped one takes


class UnusableFileError(sqlite3.DatabaseError):
    """The file is a database, but it is damaged or has tables of another version."""


def open_sqlite(path: Path | None, *, tables: str, version: int) -> sqlite3.Connection:
    """A connection to the file, without implicit transactions; threads have to share it with a lock.

    Args:
        path: the file, made with its folder where it is not there, readable by its owner
            only; None for a database in memory.
        tables: statements that may be run on each opening.
        version: of these tables; a file of another one is left as it is.

    Raises:
        OSError, sqlite3.Error: when it cannot be opened; ``UnusableFileError`` when it can, but not used.
    """
    if path is not None:
        # An existing directory keeps its mode: it may be one that others share.
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        path.chmod(0o600)  # SQLite gives the files beside it the same mode
    db = sqlite3.connect(
        path or ":memory:",
        timeout=BUSY_TIMEOUT.total_seconds(),
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        db.execute("pragma journal_mode = wal")
        db.execute("pragma synchronous = normal")  # a kill loses nothing; a power cut may
        db.execute("begin immediate")  # two processes may open a new file at the same time
        _check(db, version)
        for statement in tables.split(";"):
            db.execute(statement)
        db.execute(f"pragma user_version = {version}")
        db.execute("commit")
    except BaseException:
        db.close()
        raise
    return db


def _check(db: sqlite3.Connection, version: int) -> None:
    [(check,)] = db.execute("pragma quick_check(1)").fetchall()
    if check != "ok":
        raise UnusableFileError(check)
    [(found,)] = db.execute("pragma user_version").fetchall()
    if found not in (0, version):
        raise UnusableFileError(f"tables of version {found}, this program knows {version}")
