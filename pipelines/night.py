"""One night: lock, load what a crash left, read, load, check, publish, tell."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dlt
import httpx
import pyarrow as pa
from dlt.common.configuration.exceptions import (
    ConfigurationException,
    ConfigValueCannotBeCoercedException,
)
from duckdb_files import WarehouseError
from loading import (
    DUCKDB,
    StopOnSignal,
    agree_on_state,
    destination_of,
    load_pending,
    pipeline_of,
    read_and_load,
)
from progress import Progress
from run_lock import RunLock
from summary import print_summary
from warehouse import Publication, Warehouse

from imgur_source.arrow import rows_table, scrubbed
from imgur_source.clock import Clock
from imgur_source.errors import ConfigurationError
from imgur_source.journal import Journal
from imgur_source.memory import Fetched
from imgur_source.models import CREDIT_CHARGES, LIST_SWEEPS, SYNC_RUNS
from imgur_source.receipt import Receipt
from imgur_source.settings import LOOKS_A_NIGHT
from imgur_source.source import BOOKS, Runtime, StopFlag, imgur
from imgur_source.steps import ME, Candidates, HeldAlbum, HeldPost, Look, with_companions

RUNS_KEPT = timedelta(days=730)  # how long a person may want to look back at single runs


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
    since: str | None = None
    until: str | None = None
    full_refresh: bool = False
    accept_vanished: bool = False
    destination: str = DUCKDB
    publish: bool = True
    runs_kept: timedelta | None = None
    quiet: bool = False
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(self.data_dir)

    @property
    def journal_file(self) -> Path:
        """Where paid replies wait for their load; one for each destination, as dlt's packages."""
        return self.warehouse.work_dir / f"paid_replies.{self.destination}.sqlite"

    @property
    def is_published(self) -> bool:
        """Whether the run ends with a published file: only DuckDB has one."""
        return self.publish and self.destination == DUCKDB


@dataclass(frozen=True)
class NightResult:
    """What became of a night: the facts of the summary.

    Attributes:
        problems: what kept the file from being published.
        warnings: what audits found that did not.
    """

    run_id: str
    receipt: Receipt
    outcome: str
    reason: str | None
    problems: tuple[str, ...]
    publication: Publication | None
    exit_code: int
    warnings: tuple[str, ...] = ()


def run(options: Options, *, clock: Clock, transport: httpx.BaseTransport | None = None) -> NightResult:
    """Run one night and print its summary.

    Raises:
        RunLockedError: when another run works on the same warehouse; nothing was done then.
        SetupError: when a setting is wrong; before the first request.
    """
    warehouse = replace(options.warehouse, clock=clock)
    keep_runs = options.runs_kept or _runs_kept()
    stop = StopFlag()
    with (
        RunLock(warehouse.lock_file, clock=clock),
        StopOnSignal(stop) as signals,
        Journal(options.journal_file, clock=clock, scrub=scrubbed) as journal,
    ):
        started_at = clock.now()
        run_id = f"{started_at:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
        receipt = Receipt()
        books = partial(_books, options=options, run_id=run_id, started_at=started_at, clock=clock)
        runtime = Runtime(clock, receipt, stop, transport, books, journal, options.full_refresh)
        with destination_of(options.destination, warehouse) as destination:
            pipeline = pipeline_of(options.destination, destination, warehouse)
            load_pending(pipeline, receipt, signals, journal)
            agree_on_state(pipeline, receipt, journal)
            source = _source(options, runtime)  # what is held may have come with the pending rows
            with Progress(receipt, quiet=options.quiet):
                read_and_load(pipeline, source, signals, journal)
        if receipt.journal_package is not None:
            journal.confirm(receipt.journal_package)
        outcome, reason, exit_code = _judge(receipt)
        finding = _publish(options, warehouse, run_id, receipt, keep_runs=keep_runs)
        if finding.problems:
            exit_code = exit_code or 1
        result = NightResult(
            run_id,
            receipt,
            outcome,
            reason,
            finding.problems,
            finding.publication,
            exit_code,
            finding.warnings,
        )
        print_summary(result, options, seconds=(clock.now() - started_at).total_seconds())
        return result


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
    if options.since is not None:
        overrides["start_date"] = options.since
    if options.until is not None:
        overrides["end_date"] = options.until
    if options.destination == DUCKDB:
        overrides["candidates"] = _candidates(options)
    try:
        source = imgur(runtime=runtime, **overrides)
    except ConfigValueCannotBeCoercedException as error:
        raise ConfigurationError(
            f"The setting {error.field_name} cannot be read. Lists are written with brackets and quotes, "
            f'like accounts = ["me"]; .dlt/config.toml shows all settings.'
        ) from error
    except ConfigurationException as error:
        raise ConfigurationError(f"The configuration cannot be read ({_words(error)}).") from error
    return (
        source.with_resources(*sorted(with_companions(options.only) | BOOKS.keys()))
        if options.only
        else source
    )


def _candidates(options: Options) -> Candidates:
    """What the work file knows: earlier fetches, looks that are due, and parents.

    The last so that ``--only album_images`` need not read the lists of albums again;
    where none are held their lists are read.
    """
    warehouse = options.warehouse
    fetched = {
        (held.resource, held.item_id): Fetched(held.fingerprint or "", held.items, held.fetched_at)
        for held in warehouse.held_fetches()
    }
    looks = () if options.only else tuple(Look(*due) for due in warehouse.looks_due(LOOKS_A_NIGHT))
    if not options.only:
        return Candidates(fetched=fetched, looks=looks)
    held = warehouse.held_parents()
    names = {account.url: account.id for account in held.accounts}
    asked = frozenset(options.accounts or ())
    own = frozenset(names) if not asked or ME in asked else asked
    albums = tuple(
        HeldAlbum(
            album.id,
            album.images_count,
            album.account_url,
            cover=album.cover,
            inserted_at=album.datetime,
        )
        for album in held.albums
        if album.account_url is None or album.account_url in own
    )
    posts = tuple(
        HeldPost(post.id, post.is_album, post.images_count, post.comment_count, post.account_url)
        for post in held.posts
        if post.account_url in own
    )
    return Candidates(albums=albums or None, posts=posts or None, accounts=names, fetched=fetched)


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
        "notes": json.dumps([*receipt.retirements, *receipt.notes]),
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


@dataclass(frozen=True)
class _Finding:
    """What came of the check and the publication."""

    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    publication: Publication | None = None


def _publish(
    options: Options, warehouse: Warehouse, run_id: str, receipt: Receipt, *, keep_runs: timedelta
) -> _Finding:
    """Tidy the work file, make its relations, check it, publish it; yesterday's file stays when one fails."""
    if options.destination != DUCKDB:
        return _Finding()
    try:
        warehouse.tidy(keep_runs=keep_runs)
        warehouse.apply_sql()
        has_rows = receipt.rows.total() > receipt.rows[LIST_SWEEPS.name]
        if not options.publish or not (has_rows or warehouse.published_file.exists()):
            return _Finding()  # a first file without a row would only look like one
        problems = tuple(str(problem) for problem in warehouse.check(accept_vanished=options.accept_vanished))
        warnings = tuple(str(warning) for warning in warehouse.warnings())
        publication = None if problems else warehouse.publish()
        warehouse.complete_publication(
            run_id,
            outcome="published" if publication else "kept",
            published_at=publication.published_at if publication else None,
        )
        return _Finding(problems, warnings, publication)
    except WarehouseError as error:
        return _Finding((str(error),))


def _runs_kept() -> timedelta:
    """How long ``sync_runs`` keeps a run: ``runs_kept_days`` under ``[warehouse]``.

    Raises:
        ConfigurationError: when that is no number of days.
    """
    try:
        days = dlt.config.get("warehouse.runs_kept_days", int)
    except ConfigurationException as error:
        raise ConfigurationError("runs_kept_days under [warehouse] is not a number of days.") from error
    if days is None:
        return RUNS_KEPT
    if days < 1:
        raise ConfigurationError(f"runs_kept_days is {days}. It must be 1 or more.")
    return timedelta(days=days)


def _words(error: BaseException) -> str:
    """*error* in one line."""
    return " ".join(str(error).split())[:300]
