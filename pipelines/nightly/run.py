"""One run: lock, load what a crash left, rounds of reading, loading, checking and publishing, tell.

A round ends when all is read, or when the hour's credits are spent; in that case the
run waits for new ones, if the deadline allows, and goes round again.
"""

from __future__ import annotations

import secrets
import sys
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
from warehouse import Publication, RelationError, RunLock, Warehouse, WarehouseError

from imgur_source.api import Journal
from imgur_source.clock import Clock
from imgur_source.errors import ConfigurationError
from imgur_source.extract import RunState, WarehouseFacts, resource_tables, with_companions
from imgur_source.planning import Plan
from imgur_source.records import LIST_SWEEPS, scrubbed
from imgur_source.settings import LOOKUPS_A_RUN, Settings
from imgur_source.source import RUN_RECORDS, Runtime, StopFlag, client_of, first_plan, imgur
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
from nightly.options import Options, RunResult, runs_kept, settings_of
from nightly.plan_text import plan_lines, print_plan_in_short
from nightly.progress import Progress
from nightly.run_records import run_records, verdict_of
from nightly.summary import print_summary
from nightly.waiting import EACH_MINUTE, EACH_QUARTER, is_worth_waiting, wait


def run_job(options: Options, *, clock: Clock, transport: httpx.BaseTransport | None = None) -> RunResult:
    """Do the job once and print its summary.

    Raises:
        RunLockedError: when another run works on the same warehouse; nothing was done then.
        SetupError: when a setting is wrong; before the first request.
    """
    warehouse = replace(options.warehouse, clock=clock)
    keep_runs = options.runs_kept or runs_kept()
    settings = settings_of(options)
    if not settings.accounts and not settings.feeds:
        raise ConfigurationError(
            "Nothing is asked for: name accounts or feeds under [sources.imgur] in .dlt/config.toml."
        )
    started_at = clock.now()
    stop = StopFlag(clock=clock, ends_at=deadline_of(options.deadline, now=started_at).reading_ends_at)
    with (
        RunLock(warehouse.lock_file, clock=clock),
        StopOnSignal(stop) as signals,
        Journal(options.journal_file, clock=clock, scrub=scrubbed) as journal,
        closing(client_of(settings, clock=clock, stop=stop, transport=transport, journal=journal)) as client,
    ):
        run = RunState(client.meter)
        run_id = f"{started_at:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
        runtime = Runtime(
            clock,
            client,
            run,
            stop,
            run_records=partial(
                run_records, options=options, run_id=run_id, started_at=started_at, clock=clock
            ),
            journal=journal,
            full_refresh=options.full_refresh,
            stored_among=warehouse.stored_among if options.destination == DUCKDB else None,
            on_plan=None if options.quiet else print_plan_in_short,
        )
        while True:
            _read_a_round(options, warehouse, settings, runtime, signals, journal)
            published = _publish(options, warehouse, settings, run_id, run, keep_runs=keep_runs)
            if published.publication is not None:
                run.report.published_at = published.publication.published_at
            signals.release()
            if not is_worth_waiting(run.resumes_at, stop):
                break
            if not _wait(options, run, stop, clock):
                run.ended = "Stopped on request while it waited for credits. What was read is kept."
                break
            run.next_round()
            client.next_round()
            runtime = replace(runtime, on_plan=None)
        outcome, reason, exit_code = verdict_of(run)
        if published.problems:
            exit_code = exit_code or 1
        result = RunResult(
            run_id,
            run,
            outcome,
            reason,
            published.problems,
            published.publication,
            exit_code,
            published.warnings,
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
    run = runtime.run
    with destination_of(options.destination, warehouse) as destination:
        pipeline = pipeline_of(options.destination, destination, warehouse)
        load_pending(pipeline, run, signals, journal)
        agree_on_state(pipeline, run, journal)
        # what is stored may have come with the pending rows
        facts = _facts(options, warehouse, settings)
        source = imgur(settings=settings, facts=facts, runtime=runtime)
        source = source.with_resources(*sorted(_selected(options) & source.resources.keys()))
        with Progress(run, quiet=options.quiet):
            read_and_load(pipeline, source, signals, journal)
    if run.journal_package is not None:
        journal.confirm(run.journal_package)


def _wait(options: Options, run: RunState, stop: StopFlag, clock: Clock) -> bool:
    """Wait for the credits that the run knows to return; whether another round begins."""
    assert run.resumes_at is not None
    is_terminal = sys.stderr.isatty()

    def say(line: str) -> None:
        if not options.quiet:
            print(line, file=sys.stderr)

    return wait(
        run.resumes_at,
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
        settings = settings_of(options)
        facts = _facts(options, warehouse, settings)
    return first_plan(
        settings,
        selected=_selected(options),
        facts=facts,
        state=state,
        clock=clock,
        ends_at=deadline_of(options.deadline, now=clock.now()).reading_ends_at,
        full_refresh=options.full_refresh,
    )


def _state_before(options: Options, warehouse: Warehouse) -> dict[str, Any]:
    """What earlier runs have left in dlt's state; empty where there was none."""
    if options.destination == DUCKDB and not warehouse.has_work_file:
        return {}
    if options.destination != DUCKDB and not (warehouse.pipelines_dir / options.destination).exists():
        return {}
    with destination_of(options.destination, warehouse) as destination:
        return state_of(pipeline_of(options.destination, destination, warehouse))


def _selected(options: Options) -> frozenset[str]:
    """The dlt resources that are loaded."""
    if not options.only:
        return frozenset(resource_tables().keys() | RUN_RECORDS.keys())
    return with_companions(options.only) | RUN_RECORDS.keys()


def _facts(options: Options, warehouse: Warehouse, settings: Settings) -> WarehouseFacts:
    """What the work file knows; relations of an earlier version are made anew first.

    Parents are among it so that ``--only album_images`` need not read the lists of albums again (where
    none are stored their lists are read), and that what an earlier run left pending is not forgotten.
    """
    if options.destination != DUCKDB:
        return WarehouseFacts()
    facts = partial(warehouse.facts, accounts=settings.accounts, lookups=0 if options.only else LOOKUPS_A_RUN)
    try:
        return facts()
    except RelationError:
        warehouse.apply_sql(report_timezone=settings.report_timezone)
        return facts()


@dataclass(frozen=True)
class _PublicationOutcome:
    """What came of the checks and the publication."""

    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    publication: Publication | None = None


def _publish(
    options: Options,
    warehouse: Warehouse,
    settings: Settings,
    run_id: str,
    run: RunState,
    *,
    keep_runs: timedelta,
) -> _PublicationOutcome:
    """Tidy the work file, make its relations, check it, publish it; yesterday's file stays when one fails."""
    if options.destination != DUCKDB:
        return _PublicationOutcome()
    publication = None
    try:
        warehouse.tidy(keep_runs=keep_runs)
        warehouse.apply_sql(report_timezone=settings.report_timezone)
        has_rows = run.report.rows.total() > run.report.rows[LIST_SWEEPS.name]
        if not options.publish or not (has_rows or warehouse.published_file.exists()):
            return _PublicationOutcome()  # a first file without a row would only look like one
        broken = warehouse.check()
        found = warehouse.audit(run_id=run_id, problems=broken, accept_vanished=options.accept_vanished)
        accepted = [problem for problem in broken if problem.is_loss and options.accept_vanished]
        problems = (
            *(str(problem) for problem in broken if problem not in accepted),
            *(f"audit {finding}" for finding in found if finding.blocks_publication),
        )
        warnings = (
            *(f"accepted: {problem.title}: {problem.detail}" for problem in accepted),
            *(str(finding) for finding in found if finding.is_warning),
        )
        if problems:  # the audit has noted in the run's row what they are
            return _PublicationOutcome(problems, warnings)
        publication = warehouse.publish()
        warehouse.complete_publication(run_id, published_at=publication.published_at)
        return _PublicationOutcome((), warnings, publication)
    except WarehouseError as error:
        if publication is None:
            with suppress(WarehouseError):  # the work file itself may be the trouble
                warehouse.note_unpublished(run_id, why=str(error))
        return _PublicationOutcome((str(error),))
