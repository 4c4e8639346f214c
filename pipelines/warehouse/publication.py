"""The copy that becomes the published file: what stays in it, and that it is whole before it takes its place.

When a file is published, and which, is ``warehouse``'s to know.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from imgur_source.records import MARKER
from warehouse.catalog import (
    DLT_PREFIX,
    RAW_SCHEMA,
    STAGING_SCHEMA,
    columns_of,
    comment,
    counts_of,
    tables_of,
)
from warehouse.files import WarehouseError, log_of, quoted


class PublicationError(WarehouseError):
    """The new file could not be made; the published one is as it was."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(
            f"{path} was not replaced: {reason}. The previous file is untouched; "
            "make room or correct the permissions, the next run publishes what is loaded."
        )


@dataclass(frozen=True, slots=True)
class Publication:
    """What was published.

    Attributes:
        tables: number of tables in the file, of all schemas.
        rows: rows in all of them.
        size_bytes: size of the file.
        published_at: when it took its place, UTC.
    """

    path: Path
    tables: int
    rows: int
    size_bytes: int
    published_at: datetime


def finish_draft(draft: Path) -> None:
    """Leave in the copy what analysts read, and describe it."""
    with duckdb.connect(str(draft)) as connection:
        connection.execute(f"drop schema if exists {quoted(STAGING_SCHEMA)} cascade")
        for schema, table in tables_of(connection):
            if table.startswith(DLT_PREFIX):
                connection.execute(f"drop table {quoted(schema, table)}")
        for table, columns in columns_of(connection, RAW_SCHEMA).items():
            if MARKER in columns:
                connection.execute(f"alter table {quoted(RAW_SCHEMA, table)} drop column {quoted(MARKER)}")
        comment(connection)
        connection.execute("checkpoint")


def measure_draft(draft: Path) -> tuple[int, int]:
    """Number of tables and rows; opened anew, so that a file nobody can open is never published."""
    with duckdb.connect(str(draft), read_only=True) as connection:
        counts = counts_of(connection, tables_of(connection))
    return len(counts), sum(counts.values())


def remove_drafts(draft: Path) -> None:
    """Remove *draft* and what DuckDB has written beside it, where they are there."""
    for path in (draft, log_of(draft)):
        with suppress(OSError):  # what cannot be removed cannot be written either, and that is told
            path.unlink(missing_ok=True)
    spilled = draft.with_name(draft.name + ".tmp")
    shutil.rmtree(spilled, ignore_errors=True)


def flush(path: Path) -> None:
    """Have the file, or the entries of the directory, on the disk before going on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
