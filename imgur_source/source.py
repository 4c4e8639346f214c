"""The dlt source: one resource per endpoint and per table that endpoints feed.

``imgur()`` turns settings into one frozen value and makes no request. When a
pipeline runs it, one run of reading feeds all selected resources: each is a
transformer that picks its rows from the run's batches.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Collection, Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from importlib.metadata import version
from typing import Any

import dlt
import httpx
import pyarrow as pa
from dlt.extract import DltResource

from imgur_source.api import Authenticators, ImgurClient, Journal, authenticators, client_id_of, oauth_base_of
from imgur_source.clock import Clock, SystemClock
from imgur_source.credits import CreditLedger, CreditMeter, credit_status_of
from imgur_source.errors import ConfigurationError, DeadlineError, ImgurError
from imgur_source.extract import (
    ME,
    Batch,
    Extraction,
    Receipt,
    Shape,
    WarehouseFacts,
    budget_of,
    children,
    plan_of,
    resource_tables,
    slices,
    wanted_resources,
)
from imgur_source.lists import SourceState
from imgur_source.planning import Plan
from imgur_source.records import Table, Type
from imgur_source.records import tables as models
from imgur_source.settings import (
    DEFAULT_ACCOUNTS,
    DEFAULT_FEED_PAGES,
    DEFAULT_GREATEST_AGE_DAYS,
    DEFAULT_MAX_IN_FLIGHT,
    DEFAULT_PROOF_PAGES,
    DEFAULT_REPORT_TIMEZONE,
    DEFAULT_REQUEST_TIMEOUT_SECONDS,
    DEFAULT_SWEEP_SHARE,
    ImgurCredentials,
    Settings,
)

CONTINUED_WITHIN = timedelta(hours=1)  # a run that broke off longer ago is not gone on with

logger = logging.getLogger(__name__)

BOOKS = {table.name: table for table in (models.SYNC_RUNS, models.CREDIT_CHARGES)}
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
    """What a program hands in besides settings.

    Attributes:
        receipt: where the run writes what happened.
        transport: what takes the place of the network.
        books: asked at the end for the rows of ``sync_runs`` and ``credit_charges``, so that they
            are loaded in one package with what they speak of; None for a run that keeps none.
        journal: keeps paid replies until their rows are loaded, and the last ones for their ETag; the
            package that ``receipt.journal_package`` names is to be confirmed after the load. None: off.
        full_refresh: whether what is kept of the selected lists is forgotten before they are read;
            later rounds of the run keep what its first one has read.
        stored_among: says how many of the rows of a table are of things that are stored; None where that
            is not known.
        on_settings: told the settings and credentials once they are checked, as the source is built.
        on_plan: told the plan of the run before its first request.
    """

    clock: Clock
    receipt: Receipt
    stop: StopFlag
    transport: httpx.BaseTransport | None = None
    books: Callable[[Receipt], Batch] | None = None
    journal: Journal | None = None
    full_refresh: bool = False
    stored_among: Callable[[Table, pa.Table], int] | None = None
    on_settings: Callable[[Settings, ImgurCredentials], None] | None = None
    on_plan: Callable[[Plan], None] | None = None


@dlt.source(name="imgur", section="imgur")
def imgur(
    accounts: Sequence[str] = DEFAULT_ACCOUNTS,
    feeds: Sequence[str] = (),
    feed_pages: int = DEFAULT_FEED_PAGES,
    post_details: str = "own",
    max_credits: int | None = None,
    start_date: str | None = None,
    end_date: str | None = None,
    sweep_share: float = DEFAULT_SWEEP_SHARE,
    max_in_flight: int = DEFAULT_MAX_IN_FLIGHT,
    greatest_age_days: int = DEFAULT_GREATEST_AGE_DAYS,
    proof_pages: int = DEFAULT_PROOF_PAGES,
    tier_caps: Sequence[str] = (),
    report_timezone: str = DEFAULT_REPORT_TIMEZONE,
    base_url: str | None = None,
    request_timeout_seconds: float = DEFAULT_REQUEST_TIMEOUT_SECONDS,
    state_dir: str | None = None,
    accept_strike_risk: bool = False,
    credentials: ImgurCredentials = dlt.secrets.value,
    facts: object = None,  # typed so that dlt does not look for it in the configuration
    runtime: object = None,
) -> Any:
    """Imgur accounts and gallery feeds as dlt resources.

    Args:
        accounts: names of accounts; ``me`` is the one that is logged in.
        feeds: gallery lists such as ``hot/viral``, ``top/top/week``, ``t/cats``,
            ``r/aww``, ``search/dog``; ``@N`` at the end sets how many pages.
        feed_pages: pages of a feed without ``@N``, 1 credit each.
        post_details: whose comment trees and full media are fetched: ``own``
            (posts of the accounts) or ``all`` (those of the feeds too).
        max_credits: credits that the run may spend at most; None for no limit of its own.
        start_date: the day (UTC) or instant from which on items are wanted; None for all there are.
        end_date: only items up to then are read in this run, found without reading what is newer.
        sweep_share: a list that costs at most this share of the day's credits is read whole each run.
        max_in_flight: requests of one scan under way at once.
        greatest_age_days: after so many days stored pages of dearer lists, and albums' images, are read anew.
        proof_pages: a scan this long proves by the list's count that it skipped nothing, for 3 credits.
        tier_caps: the most credits that the plan of a run gives to a tier, such as ``backfill@200``.
        report_timezone: IANA name of the zone in which reports tell hours; no loaded row depends on it.
        base_url: another server than Imgur's; https, or http on loopback.
        request_timeout_seconds: how long one request may take to connect, and between bytes.
        state_dir: where vault and ledger of the application lie; None for the user's state directory.
        accept_strike_risk: go on in a month in which the application's day was used up three times.
        credentials: see ``ImgurCredentials``; at least a client id.
        facts: ``WarehouseFacts``; without them the plan is made of dlt's state alone.
        runtime: a ``Runtime``, for programs that own time, network or the receipt.

    Raises:
        ConfigurationError: when a value cannot be used. No request is made here.
    """
    settings = Settings.checked(
        accounts=accounts,
        feeds=feeds,
        feed_pages=feed_pages,
        base_url=base_url,
        post_details=post_details,
        max_credits=max_credits,
        start_date=start_date,
        end_date=end_date,
        sweep_share=sweep_share,
        max_in_flight=max_in_flight,
        greatest_age_days=greatest_age_days,
        proof_pages=proof_pages,
        tier_caps=tier_caps,
        report_timezone=report_timezone,
        request_timeout_seconds=request_timeout_seconds,
        state_dir=state_dir,
        accept_strike_risk=accept_strike_risk,
        has_rapidapi_key=bool(credentials.rapidapi_key),
    )
    if facts is None:
        facts = WarehouseFacts()
    if not isinstance(facts, WarehouseFacts):
        raise ConfigurationError("facts must be an imgur_source.extract.WarehouseFacts, or None.")
    if not isinstance(runtime, Runtime | None):
        raise ConfigurationError("runtime must be an imgur_source.source.Runtime, or None.")
    if runtime is not None and runtime.on_settings is not None:
        runtime.on_settings(settings, credentials)
    night = _night_resource(settings, credentials, facts, runtime)
    tables = resource_tables() | (BOOKS if runtime and runtime.books else {})
    return [night] + [_table_resource(night, name, table) for name, table in tables.items()]


def first_plan(
    settings: Settings,
    credentials: ImgurCredentials,
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
        _forget(settings, selected, facts, memory, None)
    try:
        status = credit_status_of(settings.state_dir, client_id=client_id_of(credentials), clock=clock)
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
            caps=settings.tier_caps,
        ),
        now=clock.now(),
    )


def _night_resource(
    settings: Settings, credentials: ImgurCredentials, facts: WarehouseFacts, runtime: Runtime | None
) -> DltResource:
    """The parent of all resources: it reads, they pick. Not a table of its own."""

    @dlt.resource(name="night", selected=False)
    def night() -> Iterator[Batch]:
        yield from _read(
            settings,
            credentials,
            facts,
            runtime or Runtime(SystemClock(), Receipt(), StopFlag()),
            SourceState(dlt.current.source_state(), fetched=facts.fetched),
            selected=frozenset(dlt.current.source().resources.selected),
            raises=runtime is None,
        )

    return night


def _read(
    settings: Settings,
    credentials: ImgurCredentials,
    facts: WarehouseFacts,
    runtime: Runtime,
    memory: SourceState,
    *,
    selected: frozenset[str],
    raises: bool,
) -> Iterator[Batch]:
    """One run with a client of its own.

    Raises:
        ImgurError: where *raises* is set and the run failed before anything was
            fetched; afterwards what was paid for is loaded first.
    """
    receipt = runtime.receipt
    receipt.accounts = list(settings.accounts)
    receipt.feeds = [feed.name for feed in settings.feeds]
    receipt.resources = sorted(selected)
    authentication = authenticators(credentials, settings=settings, clock=runtime.clock)
    if ME in settings.accounts and authentication.login is None:
        raise ConfigurationError(
            "The account me needs a login, and none is configured. Run: python pipelines/login.py, "
            "or name other accounts (accounts = [] under [sources.imgur] for feeds only)."
        )
    ledger = CreditLedger.of_application(
        settings.state_dir,
        client_id=client_id_of(credentials),
        clock=runtime.clock,
        accept_strike_risk=settings.accept_strike_risk,
    )
    journal = runtime.journal
    if journal is not None:
        _open_journal(journal, memory)
    if runtime.full_refresh and receipt.rounds == 1:
        _forget(settings, selected, facts, memory, journal)
    elif runtime.full_refresh and receipt.began_at is not None:  # lists have their state from the first round
        memory.forget_fetched(wanted_resources(selected), before=receipt.began_at)
    client = ImgurClient(
        base_url=settings.base_url,
        oauth_url=oauth_base_of(settings.base_url),
        public=authentication.public,
        login=authentication.login,
        meter=CreditMeter(clock=runtime.clock, max_credits=settings.max_credits, ledger=ledger),
        clock=runtime.clock,
        timeout=timedelta(seconds=settings.request_timeout_seconds),
        user_agent=f"imgur_source/{version('imgur_source')}",
        should_stop=runtime.stop.asked,
        transport=runtime.transport,
        journal=journal,
        scope=_scope_of(settings, credentials, authentication),
    )
    if receipt.meter is not None:
        client.meter.go_on_from(receipt.meter)
    receipt.meter = client.meter
    try:
        extraction = Extraction(
            client,
            settings,
            clock=runtime.clock,
            selected=selected,
            facts=facts,
            memory=memory,
            receipt=receipt,
            make_plan=partial(_plan_of_round, settings, selected, facts, memory, runtime, client.meter),
            replayed_plan=_replayed_plan(settings, selected, facts, memory, runtime, client.meter),
            stored_among=runtime.stored_among,
        )
        for batch in extraction.batches():
            error: ImgurError | None = receipt.fatal or next(iter(receipt.failures), None)
            if raises and error is not None:
                if not receipt.pages:
                    raise error
                logger.error("not everything could be read, what was read is loaded: %s", error)
            yield batch
        if journal is not None:
            receipt.journal_package = journal.seal()
            memory.keep_journal_package(receipt.journal_package)
        if runtime.books is not None:
            yield runtime.books(receipt)
    finally:
        client.close()


def _plan_of_round(
    settings: Settings,
    selected: Collection[str],
    facts: WarehouseFacts,
    memory: SourceState,
    runtime: Runtime,
    meter: CreditMeter,
    is_made_anew: bool,
) -> Plan:
    """What this round does.

    The first round's plan is the run's, to which its summary compares what was spent.

    Args:
        is_made_anew: whether it takes the place of one that was made from assumed credits.
    """
    receipt, now = runtime.receipt, runtime.clock.now()
    plan = _plan_from_here(settings, selected, facts, memory, runtime, meter)
    receipt.began_at = receipt.began_at or now
    before = receipt.plan
    receipt.plan = plan if before is None or (is_made_anew and receipt.rounds == 1) else before
    if runtime.journal is not None:
        runtime.journal.keep_plan(plan.as_json())
    if runtime.on_plan is not None and not (is_made_anew and before and before.granted == plan.granted):
        runtime.on_plan(plan)
    return plan


def _plan_from_here(
    settings: Settings,
    selected: Collection[str],
    facts: WarehouseFacts,
    memory: SourceState,
    runtime: Runtime,
    meter: CreditMeter,
) -> Plan:
    receipt, now = runtime.receipt, runtime.clock.now()
    most = settings.max_credits
    return plan_of(
        settings,
        selected=selected,
        facts=facts,
        memory=memory,
        budget=budget_of(
            meter.ledger.status(),
            allowance=None if most is None else most - meter.credits.spent,
            now=now,
            ends_at=runtime.stop.ends_at,
            caps=[(tier, max(0, cap - receipt.spent_in(tier))) for tier, cap in settings.tier_caps],
        ),
        now=now,
        done=receipt.done,
        began_at=receipt.began_at,
    )


def _replayed_plan(
    settings: Settings,
    selected: Collection[str],
    facts: WarehouseFacts,
    memory: SourceState,
    runtime: Runtime,
    meter: CreditMeter,
) -> Plan | None:
    """The plan that paid for replies too old to go on from; None where there are none.

    A journal of an earlier version kept no plan: the one that would be made now asks for much of the same.
    """
    journal = runtime.journal
    if journal is None or not _are_replays_old(journal, runtime.clock):
        return None
    now = _plan_from_here(settings, selected, facts, memory, runtime, meter)
    kept = journal.plan_left
    return now if kept is None else Plan.from_json(kept, budget=now.budget)


def _open_journal(journal: Journal, memory: SourceState) -> None:
    """Make ready what earlier runs paid for; a new warehouse has to be sent everything once more."""
    if memory.is_new:
        journal.forget_bodies()
    journal.begin(confirmed=memory.journal_package)


def _are_replays_old(journal: Journal | None, clock: Clock) -> bool:
    """Whether the replies to be replayed are too old to go on from, as if the run had not broken off."""
    newest = journal.newest_left if journal else None
    return newest is not None and clock.now() - newest > CONTINUED_WITHIN


def _forget(
    settings: Settings,
    selected: Collection[str],
    facts: WarehouseFacts,
    memory: SourceState,
    journal: Journal | None,
) -> None:
    """Forget coverage, fetches and bodies of what is selected, so that all of it is read anew."""
    wanted = wanted_resources(selected)
    found = slices(settings, selected=selected, facts=facts)
    lists = [part for part in found if part.stream.shape is not Shape.SINGLE]
    names = {part.name for part in lists}
    memory.forget(lambda name: name in names, details_of=wanted)
    if journal is not None:
        paths = {part.path().rpartition("/")[0] for part in lists}
        journal.forget_bodies([*paths, *(child.folder for child in children() if child.resource in wanted)])


def _scope_of(settings: Settings, credentials: ImgurCredentials, who: Authenticators) -> str:
    """Stands for server, application and login, so that one login is never given another one's replies."""
    holders = (settings.base_url, credentials.client_id, who.descends_from)
    return hashlib.blake2b(repr(holders).encode(), digest_size=8).hexdigest()


def _table_resource(night: DltResource, name: str, table: Table) -> DltResource:
    """The resource *name*: its rows in each batch."""

    @dlt.transformer(data_from=night, name=name, **hints_of(table))
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
    if table.parent:
        hints["merge_key"] = list(table.parent)
        columns[models.MARKER] = {"name": models.MARKER, "hard_delete": True}
    return hints


def declare_json(table: Table) -> None:
    """Give JSON columns their type, for which Arrow has no word.

    Called after dlt has taken the type of a batch from Arrow. Said as a column
    hint it would make dlt warn on every batch that the two differ.
    """
    columns = dlt.current.source_schema().tables[table.name]["columns"]
    for field in table.fields:
        if field.kind is Type.JSON and field.name in columns:
            columns[field.name]["data_type"] = "json"
