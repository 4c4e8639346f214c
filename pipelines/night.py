"""One night: lock, load what a crash left, read, load, check, publish, tell."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
from dlt.common.configuration.exceptions import (
    ConfigurationException,
    ConfigValueCannotBeCoercedException,
)
from duckdb_files import WarehouseError
from loading import StopOnSignal, destination_of, load_pending, pipeline_of, read_and_load
from progress import Progress
from run_lock import RunLock
from summary import print_summary
from warehouse import HeldParents, Publication, Warehouse

from imgur_source.arrow import rows_table
from imgur_source.clock import Clock
from imgur_source.errors import ConfigurationError
from imgur_source.models import CREDIT_CHARGES, LIST_SWEEPS, SYNC_RUNS
from imgur_source.receipt import Receipt
from imgur_source.source import BOOKS, Runtime, StopFlag, imgur
from imgur_source.steps import ME, Candidates, HeldAlbum, HeldPost, with_companions


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
    with RunLock(warehouse.lock_file, clock=clock), StopOnSignal(stop) as signals:
        started_at = clock.now()
        run_id = f"{started_at:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
        receipt = Receipt()
        books = partial(_books, options=options, run_id=run_id, started_at=started_at, clock=clock)
        source = _source(options, Runtime(clock, receipt, stop, transport, books))
        with destination_of(options.destination, warehouse) as destination:
            pipeline = pipeline_of(options.destination, destination, warehouse)
            load_pending(pipeline, receipt, signals)
            with Progress(receipt, quiet=options.quiet):
                read_and_load(pipeline, source, signals)
        outcome, reason, exit_code = _judge(receipt)
        problems, publication = _publish(options, warehouse, run_id, receipt)
        if problems:
            exit_code = exit_code or 1
        result = NightResult(run_id, receipt, outcome, reason, problems, publication, exit_code)
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
    if options.only:
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


def _publish(
    options: Options, warehouse: Warehouse, run_id: str, receipt: Receipt
) -> tuple[tuple[str, ...], Publication | None]:
    """Check the work file and publish it; yesterday's file stays when that fails."""
    has_rows = receipt.rows.total() > receipt.rows[LIST_SWEEPS.name]
    if not options.is_published or not (has_rows or warehouse.published_file.exists()):
        return (), None  # a first file without a row would only look like one
    publication = None
    try:
        problems = tuple(str(problem) for problem in warehouse.check())
        if not problems:
            publication = warehouse.publish()
        warehouse.complete_publication(
            run_id,
            outcome="published" if publication else "kept",
            published_at=publication.published_at if publication else None,
        )
    except WarehouseError as error:
        problems = (str(error),)
    return problems, publication


def _words(error: BaseException) -> str:
    """*error* in one line."""
    return " ".join(str(error).split())[:300]
