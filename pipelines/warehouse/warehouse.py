"""The warehouse on disk: a work file for the pipeline, a published file for everybody else.

It knows which files there are, what is published and when. How a file is opened
stands in ``files``, what lies in it in ``catalog``, what is made of it in
``relations``, what need not stay in ``pruning``, what must not be published
in ``checks``, how the copy is made in ``publication``, what the next run asks of
it in ``facts``. Loading belongs to dlt.

The published file is only ever replaced whole, so that any number of readers
may keep it open at any time and never see a half-finished run.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from imgur_source.clock import Clock, SystemClock
from imgur_source.extract import WarehouseFacts
from imgur_source.records import Table
from warehouse.audits import VANISHED, Finding, add_results, finding_of, findings, keep
from warehouse.catalog import (
    EPOCH,
    RAW_SCHEMA,
    columns_of,
    complete,
    row_counts,
    transaction,
)
from warehouse.checks import Holding, Problem, holding_of, table_problems
from warehouse.facts import stored_among, warehouse_facts
from warehouse.files import WarehouseError, attach, create, first_line, log_of, opened
from warehouse.overview import Audited, Overview, last_audit, overview_of
from warehouse.pruning import Tidied, drop_old_results, drop_old_runs, drop_old_states, drop_repetitions
from warehouse.publication import (
    Publication,
    PublicationError,
    finish_draft,
    flush,
    measure_draft,
    remove_drafts,
)
from warehouse.relations import PARAMETERS, SQL_DIR, Applied, Parameters, apply, present_in
from warehouse.run_lock import RunLock
from warehouse.runs import UNPUBLISHED, complete_run, last_runs

logger = logging.getLogger(__name__)

LOADING_MEMORY = "256MB"  # a merge takes as much as it may get; half a million rows pass as fast with this
TIDYING_MEMORY = "512MB"  # two million rows of history pass in two seconds with it
RELATIONS_MEMORY = "512MB"  # two million rows of history take no longer with it (benchmarks/README.md)


@dataclass(frozen=True, slots=True)
class Warehouse:
    """Everything of one warehouse, under one directory; its relations are those of *sql_dir*."""

    data_dir: Path
    clock: Clock = field(default_factory=SystemClock)
    sql_dir: Path = SQL_DIR

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
        """Taken by the one run that works here."""
        return self.work_dir / "run.lock"

    @property
    def has_work_file(self) -> bool:
        return self.work_file.is_file()

    @contextmanager
    def loading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to the work file for dlt to load through, open from before the first credit on.

        While it is open nobody else can lock the file, and it is not closed and
        written out after each of dlt's jobs; the order of rows means nothing.
        Together that makes a load a third faster; what does not fit into the memory
        that DuckDB may take goes to disk (benchmarks/README.md).

        Raises:
            FileInUseError: another program holds the work file open.
            DamagedFileError: it is no DuckDB file.
        """
        self.work_dir.mkdir(parents=True, exist_ok=True)
        with self._work() as connection:
            connection.execute("set preserve_insertion_order = false")
            connection.execute(f"set memory_limit = '{LOADING_MEMORY}'")
            connection.execute("set timezone = 'UTC'")
            yield connection

    def row_counts(self, schema: str = RAW_SCHEMA) -> dict[str, int]:
        """Rows per table of *schema* in the work file, dlt's own tables left out; empty without a file."""
        if not self.has_work_file:
            return {}
        with self._work() as connection:
            return row_counts(connection, schema)

    def tidy(self, *, keep_runs: timedelta) -> Tidied:
        """Drop from the work file what need not stay: all of it, or nothing when that fails.

        Args:
            keep_runs: how long a run, and what audits found, is remembered; the latest published
                run always is.
        """
        if not self.has_work_file:
            return Tidied()
        with self._work() as connection:
            connection.execute("set preserve_insertion_order = false")
            connection.execute(f"set memory_limit = '{TIDYING_MEMORY}'")
            with transaction(connection):
                tidied = Tidied(
                    repetitions=drop_repetitions(connection),
                    states=drop_old_states(connection),
                    runs=drop_old_runs(connection, before=self.clock.now() - keep_runs),
                    results=drop_old_results(connection, before=self.clock.now() - keep_runs),
                )
        return tidied

    def apply_sql(self, *, report_timezone: str = "UTC") -> Applied:
        """Make the relations of ``sql/`` anew in the work file: all of them, or no table when one fails.

        Args:
            report_timezone: IANA name of the zone in which hours and weekdays are reported.

        Raises:
            RelationError: a file of ``sql/`` is not what it should be.
        """
        if not self.has_work_file:
            return Applied()
        with self._work() as connection:
            connection.execute("set preserve_insertion_order = false")
            connection.execute(f"set memory_limit = '{RELATIONS_MEMORY}'")
            with transaction(connection):
                complete(connection)
                add_results(connection)
            return apply(connection, self.sql_dir, Parameters(self.clock.now(), report_timezone))

    def check(self) -> list[Problem]:
        """Find what must not be published; an empty list means that nothing is wrong.

        Keys are checked within the work file, sizes against the published one.
        A table that is not there yet, or not published yet, is no problem.
        """
        if not self.has_work_file:
            return []
        with self._published() as connection:
            published = Holding() if connection is None else holding_of(connection)
        with self._work() as connection:
            return list(table_problems(connection, published=published))

    def audit(
        self,
        *,
        run_id: str | None = None,
        problems: Sequence[Problem] = (),
        accept_vanished: bool = False,
    ) -> list[Finding]:
        """Ask the audits about the relations as last made, and store in the work file what they found.

        Errors are looked for first: where one blocks publication, the run is noted as
        not published, with what did it, so that the audits of runs count it.

        Args:
            run_id: the run that asks.
            problems: what ``check`` found, to be stored with it.
            accept_vanished: whether many items of a list, or rows of a table, may be missing at once.

        Raises:
            RelationError: an audit cannot be asked.
        """
        if not self.has_work_file:
            return []
        accepted = {VANISHED} if accept_vanished else set()
        loaded = finding_of(problems, accept_losses=accept_vanished)
        with self._work() as connection:
            connection.execute(f"set memory_limit = '{RELATIONS_MEMORY}'")
            errors = list(findings(connection, self.sql_dir, "error", accepted=accepted))
            blocking = [finding.audit for finding in errors if finding.blocks_publication]
            if loaded.blocks_publication:
                blocking = [*(problem.title for problem in problems), *blocking]
            if blocking and run_id is not None:
                complete_run(connection, run_id, outcome=UNPUBLISHED, why=f"{'; '.join(blocking)}.")
            found = [*errors, *findings(connection, self.sql_dir, "warn")]
            if PARAMETERS in present_in(connection):
                with transaction(connection):
                    keep(connection, [*found, loaded], run_id=run_id)
        return sorted(found, key=lambda finding: finding.audit)

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
            remove_drafts(self._draft)
            self._copy_work_file()
            finish_draft(self._draft)
            tables, rows = measure_draft(self._draft)
            flush(self._draft)
            size_bytes = self._draft.stat().st_size
            # Left by somebody who opened the published file for writing and was killed; beside
            # the new file it would keep everybody from opening that ("WAL does not match").
            log_of(self.published_file).unlink(missing_ok=True)
            self._draft.replace(self.published_file)
        except OSError as error:
            raise PublicationError(self.published_file, error.strerror or str(error)) from error
        except duckdb.Error as error:  # the draft could not be written: no room, mostly
            raise PublicationError(self.published_file, first_line(error)) from error
        finally:
            remove_drafts(self._draft)
        published_at = self.clock.now()
        flush(self.data_dir)
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

    def complete_publication(self, run_id: str, *, published_at: datetime) -> bool:
        """Note in the work file that *run_id* was published; the next published file shows it.

        Returns:
            Whether the run was there to be completed.
        """
        if not self.has_work_file:
            return False
        with self._work() as connection:
            return complete_run(connection, run_id, outcome="published", published_at=published_at)

    def note_unpublished(self, run_id: str, *, why: str) -> bool:
        """Note in the work file that *run_id* was not published, and *why*.

        Returns:
            Whether the run was there to be completed.
        """
        if not self.has_work_file:
            return False
        with self._work() as connection:
            return complete_run(connection, run_id, outcome=UNPUBLISHED, why=why)

    def show(self, query: str) -> str:
        """The rows of *query* against the published file, as a person reads them in DuckDB."""
        with opened(self.published_file, instead=self.published_file, read_only=True) as connection:
            connection.execute("set timezone = 'UTC'")
            return str(connection.sql(query))

    def stored_among(self, table: Table, rows: pa.Table) -> int:
        """How many of *rows*, which are about to be loaded into *table*, are of things stored already."""
        if not self.has_work_file:
            return 0
        with self._work() as connection:
            return stored_among(connection, table, rows)

    def facts(self, *, accounts: Collection[str], lookups: int) -> WarehouseFacts:
        """What the work file knows of *accounts*; relations of an earlier version raise.

        Raises:
            RelationError: a query cannot be asked.
        """
        if not self.has_work_file:
            return WarehouseFacts(fetched={})
        with self._work() as connection:
            return warehouse_facts(connection, self.sql_dir, accounts=accounts, lookups=lookups)

    def last_runs(self, limit: int = 10) -> list[dict[str, Any]]:
        """The latest *limit* rows of ``sync_runs``, newest first; times aware, JSON columns decoded.

        They come from the published file and, while no run works on it, from
        the work file, which also knows runs that published nothing. Neither a
        missing nor a locked file is an error.
        """
        runs: dict[str, dict[str, Any]] = {}
        with self._published() as connection:
            if connection is not None:
                runs |= last_runs(connection, limit)
        with self._work_at_rest() as connection:
            if connection is not None:
                runs |= last_runs(connection, limit)
        latest = sorted(
            runs.values(), key=lambda run: (run["started_at"] or EPOCH, run["run_id"]), reverse=True
        )
        return latest[:limit]

    def overview(self) -> Overview:
        """What the published file says of itself; nothing where it cannot be read.

        Where nothing was published since, what the audits found last stands in the work
        file, and comes from there while no run works on it.
        """
        with self._published() as connection:
            overview = Overview() if connection is None else overview_of(connection)
        with self._work_at_rest() as connection:
            latest = Audited() if connection is None else last_audit(connection)
        return replace(overview, audited=latest) if latest.is_after(overview.audited) else overview

    @property
    def _draft(self) -> Path:
        # one name, so that what a crash leaves never grows; hidden from whoever lists the directory
        return self.data_dir / ".imgur_draft.duckdb"

    @contextmanager
    def _work(self) -> Iterator[duckdb.DuckDBPyConnection]:
        # for writing, always: beside a connection of dlt in this process DuckDB allows nothing else
        if not self.has_work_file:
            create(self.work_file)
        with opened(self.work_file, instead=self.published_file) as connection:
            yield connection

    @contextmanager
    def _work_at_rest(self) -> Iterator[duckdb.DuckDBPyConnection | None]:
        """A connection that reads the work file; ``None`` where it cannot be had at once.

        dlt fails when the file is open elsewhere as it connects: never open it while a run works.
        """
        with ExitStack() as stack:
            is_free = stack.enter_context(RunLock(self.lock_file, clock=self.clock).glance())
            if not is_free or not self.has_work_file:
                yield None
                return
            try:
                connection = stack.enter_context(
                    opened(self.work_file, instead=self.published_file, read_only=True)
                )
            except WarehouseError as error:
                logger.warning("work file not read: %s", error)
                yield None
                return
            yield connection

    @contextmanager
    def _published(self) -> Iterator[duckdb.DuckDBPyConnection | None]:
        """A connection whose current catalog is the published file; ``None`` where it cannot be had.

        Attached to a database in memory: connecting to the file by name would
        give the cached one to a process that still has the previous one open.
        """
        if not self.published_file.is_file():
            yield None
            return
        with ExitStack() as stack:
            connection = stack.enter_context(duckdb.connect(":memory:"))
            try:
                try:
                    attach(connection, self.published_file)
                except duckdb.Error:
                    # Somebody opened it for writing, or was killed while at it: that must not stop
                    # the run. A copy has no lock, and without their log it is what we published.
                    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="imgur_look_")))
                    attach(connection, shutil.copyfile(self.published_file, folder / "imgur_look.duckdb"))
            except (duckdb.Error, OSError) as error:
                logger.warning("published file not read path=%s reason=%s", self.published_file, error)
                yield None
                return
            yield connection

    def _copy_work_file(self) -> None:
        with self._work() as connection:
            if not columns_of(connection, RAW_SCHEMA):
                raise PublicationError(self.published_file, f"nothing is loaded yet into {self.work_file}")
            connection.execute("checkpoint")
            # Copied while we have it open, so that no other program writes meanwhile. Closing the
            # copied file gives up DuckDB's lock (POSIX locks are the process's): nothing after it.
            shutil.copyfile(self.work_file, self._draft)
