"""The warehouse on disk: a work file for the pipeline, a published file for everybody else.

It knows DuckDB, not Imgur: what the tables mean it takes from ``models``. It is
the only module that opens DuckDB files. Loading belongs to dlt, the relations
of ``sql/`` to whoever applies them; here rows are checked, described and
published.

The published file is only ever replaced whole, so that any number of readers
may hold it open at any time and never see half a night.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, NamedTuple

import duckdb
from run_lock import RunLock

from imgur_source.clock import Clock, SystemClock
from imgur_source.models import (
    ACCOUNTS,
    ALBUMS,
    MARKER,
    POSTS,
    REJECTED_RECORDS,
    SYNC_RUNS,
    TABLES,
    Field,
    Kind,
    Table,
)

logger = logging.getLogger(__name__)

RAW_SCHEMA = "imgur_raw"
STAGING_SCHEMA = "imgur_raw_staging"  # dlt's, where a package waits for its merge
DLT_PREFIX = "_dlt_"
LOAD_ID = "_dlt_load_id"
LOAD_ID_DESCRIPTION = (
    "The load that wrote this row, in seconds since the epoch; rows that were loaded together share it."
)

FEWEST_ROWS_COMPARED = 20  # a small table halves when somebody tidies up one album
GREATEST_LOSS = 0.5  # share of a table's rows; people delete a few per cent, only an accident takes half
MAY_SHRINK = frozenset({REJECTED_RECORDS.name})  # a quarantine that a person empties after a look

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
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

Check = Literal["duplicate key", "null key", "no key column", "marker row", "rows lost", "table lost"]


class WarehouseError(Exception):
    """Root of what this module raises on purpose."""


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
class Problem:
    """Why the work file should not be published.

    Attributes:
        table: the table, without its schema.
        check: what it failed.
        detail: a sentence with numbers and an example.
    """

    table: str
    check: Check
    detail: str

    def __str__(self) -> str:
        return f"{self.table}, {self.check}: {self.detail}"


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


class HeldAlbum(NamedTuple):
    """An album that we hold; what is null Imgur did not say."""

    id: str
    account_url: str | None
    images_count: int | None


class HeldPost(NamedTuple):
    """A gallery post that we hold; what is null Imgur did not say."""

    id: str
    account_url: str | None
    is_album: bool
    images_count: int | None
    comment_count: int | None


class HeldAccount(NamedTuple):
    """An account that we hold and know by name."""

    id: int
    url: str


@dataclass(frozen=True, slots=True)
class HeldParents:
    """Things whose images and comments may be asked for without reading their lists again; newest first."""

    albums: tuple[HeldAlbum, ...] = ()
    posts: tuple[HeldPost, ...] = ()
    accounts: tuple[HeldAccount, ...] = ()


@dataclass(frozen=True, slots=True)
class Warehouse:
    """Everything of one warehouse, under one directory."""

    data_dir: Path
    clock: Clock = field(default_factory=SystemClock)

    @property
    def work_dir(self) -> Path:
        return self.data_dir / "work"

    @property
    def work_file(self) -> Path:
        """What dlt loads into; its stem differs from every schema (dlt-facts: catalog name trap)."""
        return self.work_dir / "imgur_work.duckdb"

    @property
    def published_file(self) -> Path:
        """What analysts open."""
        return self.data_dir / "imgur.duckdb"

    @property
    def pipelines_dir(self) -> Path:
        """dlt's working folder."""
        return self.work_dir / "dlt"

    @property
    def lock_file(self) -> Path:
        """Held by the one run that works here."""
        return self.work_dir / "run.lock"

    @property
    def has_work_file(self) -> bool:
        return self.work_file.is_file()

    def ensure_free(self) -> None:
        """Find out before a credit is spent whether the work file can be written.

        Raises:
            FileInUseError: another program holds it open.
            DamagedFileError: it is no DuckDB file.
        """
        if self.has_work_file:
            with self._work():
                pass

    def row_counts(self, schema: str = RAW_SCHEMA) -> dict[str, int]:
        """Rows per table of *schema* in the work file, dlt's own tables left out; empty without a file."""
        if not self.has_work_file:
            return {}
        with self._work() as connection:
            return _row_counts(connection, schema)

    def check(self) -> list[Problem]:
        """Look for what must not be published; an empty list is a clean bill.

        Keys are checked within the work file, sizes against the published one.
        A table that is not there yet, or not published yet, is no problem.
        """
        if not self.has_work_file:
            return []
        published = self._published_row_counts()
        problems: list[Problem] = []
        with self._work() as connection:
            columns = _columns(connection, RAW_SCHEMA)
            counts = _row_counts(connection, RAW_SCHEMA)
            for table in TABLES.values():
                if table.name in columns:
                    problems += _key_problems(connection, table, columns[table.name])
                problems += self._loss_problems(
                    table.name, before=published.get(table.name, 0), now=counts.get(table.name)
                )
        return problems

    def publish(self) -> Publication:
        """Replace the published file by a described copy of the work file.

        The copy is finished and flushed before it takes the place of the old
        file, so a crash at any point leaves one whole file; what it leaves
        beside it is removed by the next publication. Readers of the old file
        keep it until they close it.

        Raises:
            FileInUseError: another program holds the work file open.
            DamagedFileError: the work file cannot be read.
            PublicationError: nothing to publish, no room, no permission.
        """
        if not self.has_work_file:
            raise PublicationError(
                self.published_file, f"nothing is loaded yet, there is no {self.work_file}"
            )
        try:
            self._remove_drafts()
            self._copy_work_file()
            self._finish_draft()
            tables, rows = self._measure_draft()
            _flush(self._draft)
            size_bytes = self._draft.stat().st_size
            # Left by somebody who opened the published file for writing and was killed; beside
            # the new file it would keep everybody from opening that ("WAL does not match").
            _log_of(self.published_file).unlink(missing_ok=True)
            self._draft.replace(self.published_file)
        except OSError as error:
            raise PublicationError(self.published_file, error.strerror or str(error)) from error
        except duckdb.Error as error:  # the draft could not be written: no room, mostly
            raise PublicationError(self.published_file, _first_line(error)) from error
        finally:
            self._remove_drafts()
        published_at = self.clock.now()
        _flush(self.data_dir)
        logger.info(
            "published path=%s tables=%d rows=%d bytes=%d", self.published_file, tables, rows, size_bytes
        )
        return Publication(
            path=self.published_file,
            tables=tables,
            rows=rows,
            size_bytes=size_bytes,
            published_at=published_at,
        )

    def complete_publication(self, run_id: str, *, outcome: str, published_at: datetime | None) -> bool:
        """Note in the work file what came of the publication of *run_id*; the next published file shows it.

        Returns:
            Whether the run was there to be completed.
        """
        if not self.has_work_file:
            return False
        with self._work() as connection:
            if SYNC_RUNS.name not in _columns(connection, RAW_SCHEMA):
                return False
            updated = connection.execute(
                f"update {_quoted(RAW_SCHEMA, SYNC_RUNS.name)} set publication = ?, published_at = ? "
                "where run_id = ? returning run_id",
                [outcome, published_at, run_id],
            ).fetchall()
        return bool(updated)

    def show(self, query: str) -> str:
        """The rows of *query* against the published file, as a person reads them in DuckDB."""
        with _opened(self.published_file, instead=self.published_file, read_only=True) as connection:
            connection.execute("set timezone = 'UTC'")
            return str(connection.sql(query))

    def held_parents(self) -> HeldParents:
        """Albums, posts and accounts that the work file holds, newest first; empty where it has none."""
        if not self.has_work_file:
            return HeldParents()
        with self._work() as connection:
            albums = _select(connection, ALBUMS, HeldAlbum._fields, newest_by="datetime")
            posts = _select(connection, POSTS, HeldPost._fields, newest_by="datetime")
            accounts = _select(connection, ACCOUNTS, HeldAccount._fields, newest_by="created")
        return HeldParents(
            albums=tuple(HeldAlbum(**row) for row in albums),
            posts=tuple(HeldPost(**{**row, "is_album": bool(row["is_album"])}) for row in posts),
            accounts=tuple(HeldAccount(**row) for row in accounts if row["url"]),
        )

    def last_runs(self, limit: int = 10) -> list[dict[str, Any]]:
        """The latest *limit* rows of ``sync_runs``, newest first; times aware, JSON columns decoded.

        They come from the published file and, while no run works on it, from
        the work file, which also knows runs that published nothing. Neither a
        missing nor a locked file is an error.
        """
        runs: dict[str, dict[str, Any]] = {}
        with self._published() as connection:
            if connection is not None:
                runs |= _runs(connection, limit)
        # dlt fails when the work file is open elsewhere as it connects: never look while a run is on
        with RunLock(self.lock_file, clock=self.clock).glance() as is_free:
            if is_free and self.has_work_file:
                try:
                    with _opened(self.work_file, instead=self.published_file, read_only=True) as connection:
                        runs |= _runs(connection, limit)
                except WarehouseError as error:
                    logger.warning("work file not read for the list of runs: %s", error)
        latest = sorted(
            runs.values(), key=lambda run: (run["started_at"] or _EPOCH, run["run_id"]), reverse=True
        )
        return latest[:limit]

    @property
    def _draft(self) -> Path:
        # one name, so that what a crash leaves never grows; hidden from whoever lists the directory
        return self.data_dir / ".imgur_draft.duckdb"

    @contextmanager
    def _work(self) -> Iterator[duckdb.DuckDBPyConnection]:
        # for writing, always: beside a connection of dlt in this process DuckDB allows nothing else
        with _opened(self.work_file, instead=self.published_file) as connection:
            yield connection

    @contextmanager
    def _published(self) -> Iterator[duckdb.DuckDBPyConnection | None]:
        """A connection whose current catalog is the published file; ``None`` where it cannot be had.

        Attached to a database in memory: connecting to the file by name would
        give the cached one to a process that still holds yesterday's open.
        """
        if not self.published_file.is_file():
            yield None
            return
        with ExitStack() as stack:
            connection = stack.enter_context(duckdb.connect(":memory:"))
            try:
                try:
                    _attach(connection, self.published_file)
                except duckdb.Error:
                    # Somebody opened it for writing, or was killed while at it: that must not stop
                    # the night. A copy has no lock, and without their log it is what we published.
                    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="imgur_look_")))
                    _attach(connection, shutil.copyfile(self.published_file, folder / "imgur_look.duckdb"))
            except (duckdb.Error, OSError) as error:
                logger.warning("published file not read path=%s reason=%s", self.published_file, error)
                yield None
                return
            yield connection

    def _published_row_counts(self) -> dict[str, int]:
        with self._published() as connection:
            return {} if connection is None else _row_counts(connection, RAW_SCHEMA)

    def _loss_problems(self, table: str, *, before: int, now: int | None) -> Iterator[Problem]:
        if before == 0 or table in MAY_SHRINK:
            return
        advice = f"If that is right, move {self.published_file} away and run again."
        if now is None:
            yield Problem(
                table, "table lost", f"The published file has {before} rows, this one no such table. {advice}"
            )
        elif before >= FEWEST_ROWS_COMPARED and now < before * (1 - GREATEST_LOSS):
            yield Problem(table, "rows lost", f"{now} rows, {before} in the published file. {advice}")

    def _copy_work_file(self) -> None:
        with self._work() as connection:
            if not _columns(connection, RAW_SCHEMA):
                raise PublicationError(self.published_file, f"nothing is loaded yet into {self.work_file}")
            connection.execute("checkpoint")
            # Copied while we hold it, so that no other program writes meanwhile. Closing the
            # copied file gives up DuckDB's lock (POSIX locks are the process's): nothing after it.
            shutil.copyfile(self.work_file, self._draft)

    def _finish_draft(self) -> None:
        with duckdb.connect(str(self._draft)) as connection:
            connection.execute(f"drop schema if exists {_quoted(STAGING_SCHEMA)} cascade")
            for schema, table in _tables(connection):
                if table.startswith(DLT_PREFIX):
                    connection.execute(f"drop table {_quoted(schema, table)}")
            for table, columns in _columns(connection, RAW_SCHEMA).items():
                if MARKER in columns:
                    connection.execute(
                        f"alter table {_quoted(RAW_SCHEMA, table)} drop column {_quoted(MARKER)}"
                    )
            comment(connection)
            connection.execute("checkpoint")

    def _measure_draft(self) -> tuple[int, int]:
        """Number of tables and rows; opened anew, so that a file nobody can open is never published."""
        with duckdb.connect(str(self._draft), read_only=True) as connection:
            counts = _counts(connection, _tables(connection))
        return len(counts), sum(counts.values())

    def _remove_drafts(self) -> None:
        for path in (self._draft, _log_of(self._draft)):
            with suppress(OSError):  # what cannot be removed cannot be written either, and that is told
                path.unlink(missing_ok=True)
        spilled = self._draft.with_name(self._draft.name + ".tmp")
        shutil.rmtree(spilled, ignore_errors=True)


def comment(connection: duckdb.DuckDBPyConnection) -> int:
    """Describe every table and column of ``models`` that exists in ``imgur_raw``, in one transaction.

    (DuckDB 2.0 has no comments on schemas.)

    Returns:
        Number of descriptions.
    """
    statements: list[str] = []
    for table, present in _columns(connection, RAW_SCHEMA).items():
        target = _quoted(RAW_SCHEMA, table)
        descriptions = {LOAD_ID: LOAD_ID_DESCRIPTION}
        if table in TABLES:
            statements.append(f"comment on table {target} is {_literal(TABLES[table].description)}")
            descriptions |= {column.name: column.description for column in TABLES[table].fields}
        elif table.startswith(DLT_PREFIX):
            continue
        statements += [
            f"comment on column {target}.{_quoted(name)} is {_literal(descriptions[name])}"
            for name in present
            if name in descriptions
        ]
    connection.execute("begin transaction")
    try:
        for statement in statements:
            connection.execute(statement)
        connection.execute("commit")
    except BaseException:
        with suppress(duckdb.Error):  # a commit that failed for want of room has rolled back by itself
            connection.execute("rollback")
        raise
    return len(statements)


def _key_problems(
    connection: duckdb.DuckDBPyConnection, table: Table, columns: Sequence[str]
) -> Iterator[Problem]:
    source = _quoted(RAW_SCHEMA, table.name)
    absent = [name for name in table.key if name not in columns]
    if absent:
        yield Problem(table.name, "no key column", f"Key columns are absent: {', '.join(absent)}.")
        return
    keys = ", ".join(_quoted(name) for name in table.key)
    texts = ", ".join(f"{_quoted(name)}::varchar" for name in table.key)
    is_null = " or ".join(f"{_quoted(name)} is null" for name in table.key)
    nulls = connection.execute(
        f"select {texts}, count(*) over () from {source} where {is_null} order by all limit 1"
    ).fetchone()
    if nulls is not None:
        *example, rows = nulls
        yield Problem(
            table.name, "null key", f"{rows} rows have no key, for example {_named(table.key, example)}."
        )
    repeated = connection.execute(
        f"select {texts}, count(*) as copies, count(*) over () from {source} where not ({is_null}) "
        f"group by {keys} having count(*) > 1 order by copies desc, {keys} limit 1"
    ).fetchone()
    if repeated is not None:
        *example, copies, number = repeated
        yield Problem(
            table.name,
            "duplicate key",
            f"{number} keys stand more than once, for example {_named(table.key, example)} ({copies} rows).",
        )
    if MARKER in columns:
        parents = ", ".join(f"{_quoted(name)}::varchar" for name in table.parent)
        marked = connection.execute(
            f"select {parents}, count(*) over () from {source} where {_quoted(MARKER)} order by all limit 1"
        ).fetchone()
        if marked is not None:
            *example, rows = marked
            yield Problem(
                table.name,
                "marker row",
                f"{rows} rows only say that a parent is empty and should have gone in the merge, "
                f"for example {_named(table.parent, example)}.",
            )


def _named(names: Sequence[str], values: Sequence[str | None]) -> str:
    return ", ".join(
        f"{name} = {'null' if value is None else value}" for name, value in zip(names, values, strict=True)
    )


def _runs(connection: duckdb.DuckDBPyConnection, limit: int) -> dict[str, dict[str, Any]]:
    names = SYNC_RUNS.column_names
    rows = _select(connection, SYNC_RUNS, names, newest_by="started_at", limit=limit)
    return {row["run_id"]: row for row in rows}


def _select(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    names: Sequence[str],
    *,
    newest_by: str,
    limit: int | None = None,
) -> list[dict[str, Any]]:
    """The columns *names* of *table* as Python values, newest first; null where it has no such column."""
    present = _columns(connection, RAW_SCHEMA).get(table.name)
    if present is None:
        return []
    selected = ", ".join(
        (_instant_as_number(name) if table.field(name).kind is Kind.TIME else _quoted(name))
        if name in present
        else "null"
        for name in names
    )
    newest = f"{_quoted(newest_by)} desc nulls last, " if newest_by in present else ""
    keys = ", ".join(_quoted(name) for name in table.key)
    rows = connection.execute(
        f"select {selected} from {_quoted(RAW_SCHEMA, table.name)} order by {newest}{keys} limit ?", [limit]
    ).fetchall()
    fields = [table.field(name) for name in names]
    return [
        {column.name: _python_value(column, value) for column, value in zip(fields, row, strict=True)}
        for row in rows
    ]


def _instant_as_number(name: str) -> str:
    # fetched as a number: DuckDB's own conversion needs pytz and takes the zone of the machine
    return f"epoch_us({_quoted(name)})"


def _python_value(column: Field, value: Any) -> Any:
    if value is None:
        return None
    if column.kind is Kind.TIME:
        return _EPOCH + timedelta(microseconds=value)
    return json.loads(value) if column.kind is Kind.JSON else value


def _tables(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """Schema and name of every table of the current catalog, in order."""
    return connection.execute(
        "select schema_name, table_name from duckdb_tables() "
        "where database_name = current_database() and not internal order by all"
    ).fetchall()


def _columns(connection: duckdb.DuckDBPyConnection, schema: str) -> dict[str, list[str]]:
    """Columns of each table of *schema* in the current catalog, in their order; views left out."""
    found: dict[str, list[str]] = {table: [] for owner, table in _tables(connection) if owner == schema}
    for table, column in connection.execute(
        "select table_name, column_name from duckdb_columns() "
        "where database_name = current_database() and schema_name = ? order by table_name, column_index",
        [schema],
    ).fetchall():
        if table in found:
            found[table].append(column)
    return found


def _row_counts(connection: duckdb.DuckDBPyConnection, schema: str) -> dict[str, int]:
    ours = [
        (owner, name)
        for owner, name in _tables(connection)
        if owner == schema and not name.startswith(DLT_PREFIX)
    ]
    return {name: rows for (_, name), rows in _counts(connection, ours).items()}


def _counts(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[tuple[str, str]]
) -> Mapping[tuple[str, str], int]:
    counts: dict[tuple[str, str], int] = {}
    for table in tables:
        [(counts[table],)] = connection.execute(f"select count(*) from {_quoted(*table)}").fetchall()
    return counts


def _quoted(*names: str) -> str:
    """An identifier, such as ``"imgur_raw"."albums"``; the only way a name gets into SQL."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def _literal(text: str) -> str:
    """A text in SQL, for statements that take no parameters (``comment on``, ``attach``)."""
    return "'" + text.replace("'", "''") + "'"


def _attach(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    connection.execute(f"attach {_literal(str(path))} as published (read_only)")
    connection.execute("use published")


@contextmanager
def _opened(path: Path, *, instead: Path, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to *path* that is closed for certain; time is UTC in it, whatever the machine says."""
    with (
        _named_errors(path, instead=instead),
        duckdb.connect(str(path), read_only=read_only) as connection,
    ):
        connection.execute("set TimeZone = 'UTC'")
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
        reason = _first_line(error)
        if any(sign in reason for sign in _SIGNS_OF_DAMAGE):
            raise DamagedFileError(path, reason) from error
        if isinstance(error, duckdb.IOException) or _SIGN_OF_A_FULL_DISK in reason:
            raise FileAccessError(path, reason) from error
        raise


def _is_lock_conflict(error: duckdb.Error) -> bool:
    return any(sign in str(error) for sign in _SIGNS_OF_A_LOCK)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".")


def _log_of(database: Path) -> Path:
    """DuckDB's write-ahead log beside *database*."""
    return database.with_name(database.name + ".wal")


def _flush(path: Path) -> None:
    """Have the file, or the entries of the directory, on the disk before going on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
