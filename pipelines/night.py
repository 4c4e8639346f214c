"""One night: lock, load what a crash left, read, load, check, publish, tell."""

from __future__ import annotations

import json
import logging
import secrets
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import Any

import dlt
import httpx
import pyarrow as pa
from catalog import RAW_SCHEMA
from dlt.common.configuration.exceptions import ConfigurationException
from dlt.pipeline.exceptions import PipelineStepFailed
from duckdb_files import WarehouseError
from progress import Progress
from run_lock import RunLock
from summary import print_summary
from warehouse import HeldParents, Publication, PublicationError, Warehouse

from imgur_source.arrow import rows_table
from imgur_source.clock import Clock
from imgur_source.errors import ConfigurationError, ImgurError
from imgur_source.models import CREDIT_CHARGES, LIST_SWEEPS, SYNC_RUNS
from imgur_source.receipt import Receipt
from imgur_source.source import BOOKS, Runtime, StopFlag, imgur
from imgur_source.steps import ME, Candidates, HeldAlbum, HeldPost, with_companions

logger = logging.getLogger(__name__)

PIPELINE_NAME = "imgur"


@dataclass(frozen=True)
class Options:
    """What the command line says; None leaves a value to the configuration.

    Attributes:
        settings: further arguments of ``imgur()``, for programs that own them (the demo).
    """

    data_dir: Path
    state_dir: Path | None = None
    only: tuple[str, ...] = ()
    accounts: tuple[str, ...] | None = None
    max_credits: int | None = None
    base_url: str | None = None
    destination: str = "duckdb"
    publish: bool = True
    quiet: bool = False
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(self.data_dir)

    @property
    def is_published(self) -> bool:
        """Whether the run ends with a published file: only DuckDB has one."""
        return self.publish and self.destination == "duckdb"


@dataclass(frozen=True)
class NightResult:
    """What became of a night: the facts of the summary."""

    run_id: str
    receipt: Receipt
    outcome: str
    reason: str | None
    problems: tuple[str, ...]
    publication: Publication | None
    exit_code: int


def run(options: Options, *, clock: Clock, transport: httpx.BaseTransport | None = None) -> NightResult:
    """Run one night and print its summary.

    Raises:
        RunLockedError: when another run works on the same warehouse; nothing was done then.
        SetupError: when a setting is wrong; before the first request.
    """
    warehouse = replace(options.warehouse, clock=clock)
    stop = StopFlag()
    with RunLock(warehouse.lock_file, clock=clock), _stops_on_signal(stop):
        started_at = clock.now()
        run_id = f"{started_at:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
        receipt = Receipt()
        books = partial(_books, options=options, run_id=run_id, started_at=started_at, clock=clock)
        source = _source(options, Runtime(clock, receipt, stop, transport, books))
        with _destination(options) as destination:
            pipeline = _pipeline(options, destination)
            _load_what_is_pending(pipeline, receipt)
            with Progress(receipt, quiet=options.quiet):
                _read_and_load(pipeline, source)
        outcome, reason, exit_code = _judge(receipt)
        problems, publication = _publish(options, warehouse, run_id, receipt)
        if problems:
            exit_code = exit_code or 1
        result = NightResult(run_id, receipt, outcome, reason, problems, publication, exit_code)
        print_summary(result, options, seconds=(clock.now() - started_at).total_seconds())
        return result


@contextmanager
def _destination(options: Options) -> Iterator[Any]:
    """Where to load to, as dlt wants it; the work file is held for as long."""
    if options.destination == "duckdb":
        with options.warehouse.loading() as connection:
            yield dlt.destinations.duckdb(connection)
    else:
        yield options.destination


def _pipeline(options: Options, destination: Any) -> dlt.Pipeline:
    return dlt.pipeline(
        PIPELINE_NAME,
        destination=destination,
        dataset_name=RAW_SCHEMA,
        pipelines_dir=str(options.warehouse.pipelines_dir),
    )


def _load_what_is_pending(pipeline: dlt.Pipeline, receipt: Receipt) -> None:
    """Load what a killed run left; what cannot be loaded is given up, and will be fetched again."""
    if not pipeline.has_pending_data:
        return
    try:
        with (
            _signals_held()
        ):  # not run(): that compares with the destination first, and a new one wipes the package
            pipeline.normalize()
            pipeline.load(raise_on_failed_jobs=True)
        receipt.note("A run before this one was interrupted; what it had fetched has been loaded first.")
    except PipelineStepFailed as error:
        logger.warning("pending package given up: %s", error)
        pipeline.abort_packages()
        receipt.note("A run before this one left rows that could not be loaded; they are fetched again.")


def _source(options: Options, runtime: Runtime) -> Any:
    overrides: dict[str, Any] = dict(options.settings)
    if options.accounts is not None:
        overrides["accounts"] = list(options.accounts)
    if options.max_credits is not None:
        overrides["max_credits"] = options.max_credits
    if options.base_url is not None:
        overrides["base_url"] = options.base_url
    if options.state_dir is not None:
        overrides["state_dir"] = str(options.state_dir)
    if options.only:
        overrides["candidates"] = _candidates(options)
    try:
        source = imgur(runtime=runtime, **overrides)
    except ConfigurationException as error:
        raise ConfigurationError(_first_line(error)) from error
    return (
        source.with_resources(*sorted(with_companions(options.only) | BOOKS.keys()))
        if options.only
        else source
    )


def _candidates(options: Options) -> Candidates | None:
    """What is held, so that ``--only album_images`` need not read the lists of albums again.

    None where the parents of what is wanted are not held: then their lists are read.
    """
    held = options.warehouse.held_parents() if options.destination == "duckdb" else HeldParents()
    names = {account.url: account.id for account in held.accounts}
    asked = frozenset(options.accounts or ())
    own = frozenset(names) if not asked or ME in asked else asked
    albums = tuple(
        HeldAlbum(album.id, album.images_count, album.account_url)
        for album in held.albums
        if album.account_url is None or album.account_url in own
    )
    posts = tuple(
        HeldPost(post.id, post.is_album, post.images_count, post.comment_count, post.account_url)
        for post in held.posts
        if post.account_url in own
    )
    needs_albums = "album_images" in options.only
    needs_posts = not {"post_images", "post_comments"}.isdisjoint(options.only)
    if (needs_albums and not albums) or (needs_posts and not posts):
        return None
    return Candidates(albums=albums, posts=posts, accounts=names)


def _read_and_load(pipeline: dlt.Pipeline, source: Any) -> None:
    """Fetch and load one package; what Imgur refused stands in the receipt afterwards.

    Raises:
        SetupError: when there was nothing to begin with; no request was made then.
        WarehouseError: when the rows could not be loaded.
    """
    try:
        pipeline.sync_destination()
        pipeline.extract(source, loader_file_format="parquet")
        with _signals_held():
            pipeline.normalize()
            pipeline.load(raise_on_failed_jobs=True)
    except PipelineStepFailed as error:
        cause = _imgur_error(error)
        if cause is not None:
            raise cause from error
        raise WarehouseError(
            f"The rows could not be loaded ({_last_line(error)}). "
            "They are kept; the next run tries again, and gives them up if they cannot be loaded."
        ) from error


def _judge(receipt: Receipt) -> tuple[str, str | None, int]:
    """Outcome, reason and exit code of what was read."""
    if receipt.fatal is not None:
        return "failed", str(receipt.fatal), 2
    if receipt.failures:
        return "failed", str(receipt.failures[0]), 1
    if receipt.ended:
        return "stopped", receipt.ended, 0
    return "done", None, 0


def _books(
    receipt: Receipt, *, options: Options, run_id: str, started_at: datetime, clock: Clock
) -> dict[str, pa.Table]:
    """``sync_runs`` and ``credit_charges``, so that the published file describes itself."""
    now = clock.now()
    outcome, reason, _ = _judge(receipt)
    credits = receipt.credits
    sync_run = {
        "run_id": run_id,
        "started_at": started_at,
        "ended_at": now,
        "outcome": outcome,
        "reason": reason,
        "accounts": json.dumps(receipt.accounts),
        "feeds": json.dumps(receipt.feeds),
        "resources": json.dumps(receipt.resources),
        "credits_spent": credits.spent,
        "user_credits_left": credits.user.remaining if credits.user else None,
        "client_credits_left": credits.client.remaining if credits.client else None,
        "rows_loaded": json.dumps(dict(sorted(receipt.rows.items()))),
        "owed": json.dumps(receipt.owed),
        "notes": json.dumps(receipt.notes),
        "publication": None if options.is_published else "off",
        "version": version("imgur_source"),
        "fetched_at": now,
    }
    charges = [
        {
            "run_id": run_id,
            "endpoint": endpoint,
            "credits": receipt.charges[endpoint],
            "requests": requests,
            "fetched_at": now,
        }
        for endpoint, requests in sorted(receipt.requests.items())
    ]
    return {
        SYNC_RUNS.name: rows_table(SYNC_RUNS, [sync_run]),
        CREDIT_CHARGES.name: rows_table(CREDIT_CHARGES, charges),
    }


def _publish(
    options: Options, warehouse: Warehouse, run_id: str, receipt: Receipt
) -> tuple[tuple[str, ...], Publication | None]:
    """Check the work file and publish it; yesterday's file stays when that fails."""
    has_rows = receipt.rows.total() > receipt.rows[LIST_SWEEPS.name]
    if not options.is_published or not (has_rows or warehouse.published_file.exists()):
        return (), None  # a first file without a row would only look like one
    problems = tuple(str(problem) for problem in warehouse.check())
    publication = None
    if not problems:
        try:
            publication = warehouse.publish()
        except PublicationError as error:
            problems = (str(error),)
    warehouse.complete_publication(
        run_id,
        outcome="published" if publication else "kept",
        published_at=publication.published_at if publication else None,
    )
    return problems, publication


@contextmanager
def _stops_on_signal(stop: StopFlag) -> Iterator[None]:
    """The first Ctrl-C or SIGTERM ends the reading cleanly, a second one at once."""

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.is_up:
            raise KeyboardInterrupt
        stop.raise_()
        print("Stopping after the request under way; what was read is loaded.", file=sys.stderr)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _signals_held() -> Iterator[None]:
    """Loading takes seconds and is not interrupted: a signal waits until it is over."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _imgur_error(error: BaseException) -> ImgurError | None:
    """The error of ours that dlt wrapped, if there is one."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ImgurError):
            return cause
        cause = cause.__cause__ or cause.__context__
    return None


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _last_line(error: PipelineStepFailed) -> str:
    """What went wrong in the end, without dlt's advice around it."""
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    return _first_line(cause)
