"""The dlt source: one resource per endpoint and per table that endpoints feed.

``imgur()`` reads the settings and makes no request. When a pipeline runs it,
one extraction feeds all selected resources: each is a transformer that picks
its rows from the extraction's batches.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Collection, Iterator, MutableMapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Any

import dlt
import httpx
import pyarrow as pa
from dlt.extract import DltResource

from imgur_source.api import ImgurClient, Journal, authenticators, client_id_of, oauth_base_of
from imgur_source.clock import Clock, SystemClock
from imgur_source.credits import CreditLedger, CreditMeter, credit_status_of
from imgur_source.errors import ConfigurationError, DeadlineError, ImgurError
from imgur_source.extract import (
    ME,
    Batch,
    Round,
    RunState,
    WarehouseFacts,
    budget_of,
    feeds_of,
    forget,
    plan_of,
    resource_tables,
)
from imgur_source.lists import SourceState
from imgur_source.planning import Plan
from imgur_source.records import Table, Type, merge_hints
from imgur_source.records import tables as models
from imgur_source.settings import Settings

logger = logging.getLogger(__name__)

RUN_RECORDS = {table.name: table for table in (models.SYNC_RUNS, models.CREDIT_CHARGES)}
MERGE = {"disposition": "merge", "strategy": "delete-insert"}  # the one that survives a kill at any point


class StopFlag:
    """Raised where the run is to end cleanly; looked at before each request.

    Args:
        clock, ends_at: from when on no further request is sent, if there is such a time.
    """

    def __init__(self, *, clock: Clock | None = None, ends_at: datetime | None = None) -> None:
        self.is_up = False
        self.ends_at = ends_at
        self._clock = clock

    def raise_(self) -> None:
        """Ask the run to end after the request under way."""
        self.is_up = True

    def asked(self) -> bool:
        """Whether the run is to end.

        Raises:
            DeadlineError: its time is over.
        """
        if not self.is_up and self._clock and self.ends_at and self._clock.now() >= self.ends_at:
            raise DeadlineError()
        return self.is_up


@dataclass(frozen=True)
class Runtime:
    """What a program hands in besides settings; see ``Round`` for the names that are the same.

    Attributes:
        client: sends all requests of the run, in all its rounds; whoever made it closes it.
        run: the state of the run, with the client's meter.
        run_records: asked at the end for the rows of ``sync_runs`` and ``credit_charges``, so that they
            are loaded in one package with what they speak of; None for a run that keeps none.
        journal: the client's; what ``run.journal_package`` names is to be confirmed after the load.
    """

    clock: Clock
    client: ImgurClient
    run: RunState
    stop: StopFlag
    run_records: Callable[[RunState], Batch] | None = None
    journal: Journal | None = None
    full_refresh: bool = False
    stored_among: Callable[[Table, pa.Table], int] | None = None
    on_plan: Callable[[Plan], None] | None = None


@dlt.source(name="imgur", section="imgur")
def imgur(settings: object = None, facts: object = None, runtime: object = None, **values: Any) -> Any:
    """Imgur accounts and gallery feeds as dlt resources: ``imgur(accounts=["me"], feeds=["hot/viral"])``.

    Args:
        settings: ``Settings`` that are read already; None: they are read here.
        facts: ``WarehouseFacts``; without them the plan is made of dlt's state alone.
        runtime: a ``Runtime``, for programs that own time, network or the state of a run.
        values: settings, in place of those that are configured; ``Settings`` has their names and meanings.

    Raises:
        ConfigurationError: when a value cannot be used. No request is made here.
    """
    # the types are loose so that dlt does not look for these three in the configuration
    if settings is None:
        settings = Settings.configured(**values)
    elif values:
        raise ConfigurationError(f"Settings are given twice: settings, and {', '.join(sorted(values))}.")
    if facts is None:
        facts = WarehouseFacts()
    if not isinstance(settings, Settings):
        raise ConfigurationError("settings must be an imgur_source.settings.Settings, or None.")
    if not isinstance(facts, WarehouseFacts):
        raise ConfigurationError("facts must be an imgur_source.extract.WarehouseFacts, or None.")
    if not isinstance(runtime, Runtime | None):
        raise ConfigurationError("runtime must be an imgur_source.source.Runtime, or None.")
    feeds_of(settings)  # one that cannot be read is refused here
    extraction = _extraction_resource(settings, facts, runtime)
    tables = resource_tables() | (RUN_RECORDS if runtime and runtime.run_records else {})
    return [extraction] + [_table_resource(extraction, name, table) for name, table in tables.items()]


def client_of(
    settings: Settings,
    *,
    clock: Clock,
    stop: StopFlag,
    transport: httpx.BaseTransport | None = None,
    journal: Journal | None = None,
) -> ImgurClient:
    """A client for what *settings* name, with a meter on the application's ledger; sends nothing.

    Args:
        transport: what takes the place of the network.

    Raises:
        ConfigurationError: when a credential is missing or cannot be used.
    """
    credentials = settings.credentials
    logins = authenticators(credentials, settings=settings, clock=clock)
    if ME in settings.accounts and logins.login is None:
        raise ConfigurationError(
            "The account me needs a login, and none is configured. Run: python pipelines/login.py, "
            "or name other accounts (accounts = [] under [sources.imgur] for feeds only)."
        )
    ledger = CreditLedger.of_application(
        settings.state_path,
        client_id=client_id_of(credentials),
        clock=clock,
        accept_strike_risk=settings.accept_strike_risk,
    )
    holders = (settings.base_url, credentials.client_id, logins.descends_from)
    return ImgurClient(
        base_url=settings.base_url,
        oauth_url=oauth_base_of(settings.base_url),
        public=logins.public,
        login=logins.login,
        meter=CreditMeter(clock=clock, max_credits=settings.max_credits, ledger=ledger),
        clock=clock,
        timeout=timedelta(seconds=settings.request_timeout_seconds),
        user_agent=f"imgur_source/{version('imgur_source')}",
        should_stop=stop.asked,
        transport=transport,
        journal=journal,
        scope=hashlib.blake2b(repr(holders).encode(), digest_size=8).hexdigest(),
    )


def first_plan(
    settings: Settings,
    *,
    selected: Collection[str],
    facts: WarehouseFacts,
    state: MutableMapping[str, Any],
    clock: Clock,
    ends_at: datetime | None,
    full_refresh: bool = False,
) -> Plan:
    """The plan that a run with these would make now; sends nothing, and spends nothing.

    Args:
        state: what earlier runs have left in dlt's state; a copy, it may be changed.
        ends_at: as for ``budget_of``.
    """
    memory = SourceState(state, fetched=facts.fetched)
    if full_refresh:
        forget(settings, selected, facts, memory)
    try:
        client_id = client_id_of(settings.credentials)
        status = credit_status_of(settings.state_path, client_id=client_id, clock=clock)
    except ConfigurationError:  # no client id yet: the plan is what brings a person to get one
        status = None
    return plan_of(
        settings,
        selected=selected,
        facts=facts,
        memory=memory,
        budget=budget_of(
            status,
            allowance=settings.max_credits,
            now=clock.now(),
            ends_at=ends_at,
            caps=settings.tier_limits,
        ),
        now=clock.now(),
    )


def _extraction_resource(settings: Settings, facts: WarehouseFacts, runtime: Runtime | None) -> DltResource:
    """The parent of all resources: it reads, they pick. Not a table of its own."""

    @dlt.resource(name="extraction", selected=False)
    def extraction() -> Iterator[Batch]:
        memory = SourceState(dlt.current.source_state(), fetched=facts.fetched)
        selected = frozenset(dlt.current.source().resources.selected)
        if runtime is not None:
            yield from _round(runtime, settings, facts, memory, selected).batches()
            if runtime.run_records is not None:
                yield runtime.run_records(runtime.run)
            return
        clock, stop = SystemClock(), StopFlag()
        with closing(client_of(settings, clock=clock, stop=stop)) as client:
            alone = Runtime(clock, client, RunState(client.meter), stop)
            yield from _raising(alone.run, _round(alone, settings, facts, memory, selected).batches())

    return extraction


def _round(
    runtime: Runtime,
    settings: Settings,
    facts: WarehouseFacts,
    memory: SourceState,
    selected: frozenset[str],
) -> Round:
    return Round(
        runtime.client,
        settings,
        runtime.clock,
        runtime.run,
        selected,
        facts,
        memory,
        journal=runtime.journal,
        ends_at=runtime.stop.ends_at,
        full_refresh=runtime.full_refresh,
        stored_among=runtime.stored_among,
        on_plan=runtime.on_plan,
    )


def _raising(run: RunState, batches: Iterator[Batch]) -> Iterator[Batch]:
    """*batches*, for a pipeline that has nobody else to look at the state of the run.

    Raises:
        ImgurError: where the run failed before anything was fetched; afterwards what was paid for is loaded.
    """
    for batch in batches:
        error: ImgurError | None = run.fatal or next(iter(run.failures), None)
        if error is not None:
            if not run.report.pages:
                raise error
            logger.error("not everything could be read, what was read is loaded: %s", error)
        yield batch


def _table_resource(extraction: DltResource, name: str, table: Table) -> DltResource:
    """The resource *name*: its rows in each batch."""

    @dlt.transformer(data_from=extraction, name=name, **hints_of(table))
    def rows(batch: Batch) -> Iterator[pa.Table]:
        if name in batch:
            yield batch[name]
            declare_json(table)

    return rows


def hints_of(table: Table) -> dict[str, Any]:
    """What dlt has to know of *table*: its name, its keys, how it is merged, what its columns mean.

    Types are left to Arrow: a type that is said twice makes dlt warn on every batch.
    """
    columns: dict[str, dict[str, Any]] = {
        field.name: {"name": field.name, "description": field.description} for field in table.fields
    }
    for key in table.key:
        columns[key]["nullable"] = False
    columns["fetched_at"]["dedup_sort"] = "desc"  # of two views in one package the newer one stays
    hints: dict[str, Any] = {
        "table_name": table.name,
        "primary_key": list(table.key),
        "write_disposition": MERGE,
        "columns": columns,
    }
    replaced = merge_hints(table)
    columns |= replaced.pop("columns", {})
    return hints | replaced


def declare_json(table: Table) -> None:
    """Give JSON columns their type, for which Arrow has no word.

    Called after dlt has taken the type of a batch from Arrow. Said as a column
    hint it would make dlt warn on every batch that the two differ.
    """
    columns = dlt.current.source_schema().tables[table.name]["columns"]
    for field in table.fields:
        if field.kind is Type.JSON and field.name in columns:
            columns[field.name]["data_type"] = "json"
