"""One run: lock, load what a crash left, rounds of reading, loading, checking and publishing, tell.

A round ends when all is read, or when the hour's credits are spent; in that case the
run waits for new ones, if the deadline allows, and goes round again.
"""

from __future__ import annotations

import secrets
import sys
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

import dlt
import httpx
from dlt.common.configuration.exceptions import (
    ConfigurationException,
    ConfigValueCannotBeCoercedException,
)
from warehouse import Publication, RelationError, RunLock, Warehouse, WarehouseError

from imgur_source.api import Journal
from imgur_source.clock import Clock
from imgur_source.errors import ConfigurationError
from imgur_source.extract import Receipt, WarehouseFacts, with_companions
from imgur_source.planning import Plan
from imgur_source.records import LIST_SWEEPS, scrubbed
from imgur_source.settings import LOOKS_A_NIGHT, ImgurCredentials, Settings
from imgur_source.source import BOOKS, Runtime, StopFlag, first_plan, imgur
from nightly.deadlines import deadline_of
from nightly.loading import (
    DUCKDB,
    StopOnSignal,
    agree_on_state,
    destination_of,
    load_pending,
    pipeline_of,
    read_and_load,
    state_of,
)
from nightly.options import Options, RunResult
from nightly.plan_text import plan_lines, print_plan_in_short
from nightly.progress import Progress
from nightly.run_records import run_records, verdict_of
from nightly.summary import print_summary
from nightly.waiting import EACH_MINUTE, EACH_QUARTER, is_worth_waiting, wait

RUNS_KEPT = timedelta(days=730)  # how long a person may want to look back at single runs


def run_job(options: Options, *, clock: Clock, transport: httpx.BaseTransport | None = None) -> RunResult:
    """Do the job once and print its summary.

    Raises:
        RunLockedError: when another run works on the same warehouse; nothing was done then.
        SetupError: when a setting is wrong; before the first request.
    """
    warehouse = replace(options.warehouse, clock=clock)
    keep_runs = options.runs_kept or _runs_kept()
    settings, _ = settings_of(options, clock=clock)
    if not settings.accounts and not settings.feeds:
        raise ConfigurationError(
            "Nothing is asked for: name accounts or feeds under [sources.imgur] in .dlt/config.toml."
        )
    started_at = clock.now()
    stop = StopFlag(clock=clock, ends_at=deadline_of(options.deadline, now=started_at).reading_ends_at)
    receipt = Receipt()
    with (
        RunLock(warehouse.lock_file, clock=clock),
        StopOnSignal(stop) as signals,
        Journal(options.journal_file, clock=clock, scrub=scrubbed) as journal,
    ):
        run_id = f"{started_at:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
        books = partial(run_records, options=options, run_id=run_id, started_at=started_at, clock=clock)
        runtime = Runtime(
            clock,
            receipt,
            stop,
            transport,
            books,
            journal,
            options.full_refresh,
            stored_among=warehouse.stored_among if options.destination == DUCKDB else None,
            on_plan=None if options.quiet else print_plan_in_short,
        )
        while True:
            _read_a_round(options, warehouse, settings, runtime, signals, journal)
            finding = _publish(options, warehouse, settings, run_id, receipt, keep_runs=keep_runs)
            if finding.publication is not None:
                receipt.published_at = finding.publication.published_at
            signals.release()
            if not is_worth_waiting(receipt.resumes_at, stop):
                break
            if not _wait(options, receipt, stop, clock):
                receipt.ended = "Stopped on request while it waited for credits. What was read is kept."
                break
            receipt.next_round()
            runtime = replace(runtime, on_plan=None)
        outcome, reason, exit_code = verdict_of(receipt)
        if finding.problems:
            exit_code = exit_code or 1
        result = RunResult(
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


def _read_a_round(
    options: Options,
    warehouse: Warehouse,
    settings: Settings,
    runtime: Runtime,
    signals: StopOnSignal,
    journal: Journal,
) -> None:
    """Read until there is nothing left to do or to spend, and load it: one package."""
    receipt = runtime.receipt
    with destination_of(options.destination, warehouse) as destination:
        pipeline = pipeline_of(options.destination, destination, warehouse)
        load_pending(pipeline, receipt, signals, journal)
        agree_on_state(pipeline, receipt, journal)
        # what is stored may have come with the pending rows
        facts = _facts(options, warehouse, settings)
        source = _source(options, runtime, facts)
        with Progress(receipt, quiet=options.quiet):
            read_and_load(pipeline, source, signals, journal)
    if receipt.journal_package is not None:
        journal.confirm(receipt.journal_package)


def _wait(options: Options, receipt: Receipt, stop: StopFlag, clock: Clock) -> bool:
    """Wait for the credits that the receipt knows to return; whether another round begins."""
    assert receipt.resumes_at is not None
    is_terminal = sys.stderr.isatty()

    def say(line: str) -> None:
        if not options.quiet:
            print(line, file=sys.stderr)

    return wait(
        receipt.resumes_at,
        clock=clock,
        stop=stop,
        say=say,
        line_each=EACH_MINUTE if is_terminal else EACH_QUARTER,
    )


def print_plan(options: Options, *, clock: Clock) -> int:
    """Print what a run would read and cost, from what is known before its first request; always 0.

    Raises:
        RunLockedError: a run is at work, which knows more than this could.
        SetupError: a setting is wrong.
    """
    print("\n".join(plan_lines(plan_before(options, clock=clock))))
    return 0


def plan_before(options: Options, *, clock: Clock) -> Plan:
    """The plan that a run would make now; sends nothing, spends nothing, changes nothing.

    Raises:
        RunLockedError, SetupError: as ``print_plan`` does.
    """
    warehouse = replace(options.warehouse, clock=clock)
    with ExitStack() as stack:
        if warehouse.work_dir.exists():
            stack.enter_context(RunLock(warehouse.lock_file, clock=clock))
        state = _state_before(options, warehouse)
        settings, credentials, selected = _settled(options, clock=clock)
        facts = _facts(options, warehouse, settings)
    return first_plan(
        settings,
        credentials,
        selected=selected,
        facts=facts,
        state=state,
        clock=clock,
        ends_at=deadline_of(options.deadline, now=clock.now()).reading_ends_at,
        full_refresh=options.full_refresh,
    )


def settings_of(options: Options, *, clock: Clock) -> tuple[Settings, ImgurCredentials]:
    """The settings and credentials that a run would have.

    Raises:
        SetupError: one of them cannot be used.
    """
    settings, credentials, _ = _settled(options, clock=clock)
    return settings, credentials


def _settled(options: Options, *, clock: Clock) -> tuple[Settings, ImgurCredentials, frozenset[str]]:
    """Settings, credentials and selected resources, as the source has them when it is built."""
    settled: list[tuple[Settings, ImgurCredentials]] = []
    runtime = Runtime(clock, Receipt(), StopFlag(), on_settings=lambda *values: settled.append(values))
    source = _source(options, runtime, WarehouseFacts())
    [(settings, credentials)] = settled
    return settings, credentials, frozenset(source.resources.selected)


def _state_before(options: Options, warehouse: Warehouse) -> dict[str, Any]:
    """What earlier runs have left in dlt's state; empty where there was none."""
    if options.destination == DUCKDB and not warehouse.has_work_file:
        return {}
    if options.destination != DUCKDB and not (warehouse.pipelines_dir / options.destination).exists():
        return {}
    with destination_of(options.destination, warehouse) as destination:
        return state_of(pipeline_of(options.destination, destination, warehouse))


def _source(options: Options, runtime: Runtime, facts: WarehouseFacts) -> Any:
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
    if options.accept_strike_risk:
        overrides["accept_strike_risk"] = True
    try:
        source = imgur(runtime=runtime, facts=facts, **overrides)
    except ConfigurationError as error:
        said = str(error)
        if options.since is not None:
            said = said.replace("start_date", "--since")
        if options.until is not None:
            said = said.replace("end_date", "--until")
        raise ConfigurationError(said) from error
    except ConfigValueCannotBeCoercedException as error:
        raise ConfigurationError(
            f"The setting {error.field_name} cannot be read. Lists are written with brackets and quotes, "
            f'like accounts = ["me"]; .dlt/config.toml shows all settings.'
        ) from error
    except ConfigurationException as error:
        raise ConfigurationError(f"The configuration cannot be read ({_words(error)}).") from error
    if not options.only:
        return source
    wanted = with_companions(options.only) | BOOKS.keys()
    return source.with_resources(*sorted(wanted & source.resources.keys()))


def _facts(options: Options, warehouse: Warehouse, settings: Settings) -> WarehouseFacts:
    """What the work file knows; relations of an earlier version are made anew first.

    Parents are among it so that ``--only album_images`` need not read the lists of albums again (where
    none are stored their lists are read), and that what an earlier run left pending is not forgotten.
    """
    if options.destination != DUCKDB:
        return WarehouseFacts()
    facts = partial(warehouse.facts, accounts=settings.accounts, lookups=0 if options.only else LOOKS_A_NIGHT)
    try:
        return facts()
    except RelationError:
        warehouse.apply_sql(report_timezone=settings.report_timezone)
        return facts()


@dataclass(frozen=True)
class _Finding:
    """What came of the check and the publication."""

    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    publication: Publication | None = None


def _publish(
    options: Options,
    warehouse: Warehouse,
    settings: Settings,
    run_id: str,
    receipt: Receipt,
    *,
    keep_runs: timedelta,
) -> _Finding:
    """Tidy the work file, make its relations, check it, publish it; yesterday's file stays when one fails."""
    if options.destination != DUCKDB:
        return _Finding()
    publication = None
    try:
        warehouse.tidy(keep_runs=keep_runs)
        warehouse.apply_sql(report_timezone=settings.report_timezone)
        has_rows = receipt.rows.total() > receipt.rows[LIST_SWEEPS.name]
        if not options.publish or not (has_rows or warehouse.published_file.exists()):
            return _Finding()  # a first file without a row would only look like one
        broken = warehouse.check()
        found = warehouse.audit(run_id=run_id, problems=broken, accept_vanished=options.accept_vanished)
        accepted = [problem for problem in broken if problem.is_loss and options.accept_vanished]
        problems = (
            *(str(problem) for problem in broken if problem not in accepted),
            *(f"audit {finding}" for finding in found if finding.keeps_the_file),
        )
        warnings = (
            *(f"accepted: {problem.title}: {problem.detail}" for problem in accepted),
            *(str(finding) for finding in found if finding.is_warning),
        )
        if problems:  # the audit has noted in the run's row what they are
            return _Finding(problems, warnings)
        publication = warehouse.publish()
        warehouse.complete_publication(run_id, published_at=publication.published_at)
        return _Finding((), warnings, publication)
    except WarehouseError as error:
        if publication is None:
            with suppress(WarehouseError):  # the work file itself may be the trouble
                warehouse.note_kept(run_id, why=str(error))
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
