"""One round of a run: what earlier runs left is made ready, a plan made and followed, the package sealed.

A run has more than one where it waits for the hour's credits in between.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow as pa

from imgur_source.api import ImgurClient, Journal
from imgur_source.clock import Clock
from imgur_source.extract.extraction import Batch, Extraction
from imgur_source.extract.facts import WarehouseFacts
from imgur_source.extract.plan_inputs import budget_of, plan_of
from imgur_source.extract.run_state import RunState
from imgur_source.extract.streams import Shape, children, feeds_of, slices, wanted_resources
from imgur_source.lists import SourceState
from imgur_source.planning import Plan
from imgur_source.records import Table
from imgur_source.settings import Settings

CONTINUED_WITHIN = timedelta(hours=1)  # a run that broke off longer ago is not gone on with


@dataclass(frozen=True, slots=True)
class Round:
    """What a round reads with, and for whom.

    Attributes:
        selected: names of the dlt resources whose rows are wanted.
        facts: what the warehouse knows.
        memory: what earlier runs have left in dlt's state, and what this one leaves.
        journal: keeps paid replies until their rows are loaded; None: nothing is kept.
        ends_at: when the last request may be sent, where the run waits for credits; None where it does not.
        full_refresh: whether what is kept of the selected lists is forgotten before they are read;
            later rounds of the run keep what its first one has read.
        stored_among: says how many of the rows of a table are of things that are stored; None where that
            is not known.
        on_plan: told the plan before the first request.
    """

    client: ImgurClient
    settings: Settings
    clock: Clock
    run: RunState
    selected: frozenset[str]
    facts: WarehouseFacts
    memory: SourceState
    journal: Journal | None = None
    ends_at: datetime | None = None
    full_refresh: bool = False
    stored_among: Callable[[Table, pa.Table], int] | None = None
    on_plan: Callable[[Plan], None] | None = None

    def batches(self) -> Iterator[Batch]:
        """Rows by resource; the run's state says in the end what was not read, and why."""
        run, report = self.run, self.run.report
        report.accounts = list(self.settings.accounts)
        report.feeds = [feed.name for feed in feeds_of(self.settings)]
        report.resources = sorted(self.selected)
        if self.journal is not None:
            if self.memory.is_new:  # a new warehouse has to be sent everything once more
                self.journal.forget_bodies()
            self.journal.begin(confirmed=self.memory.journal_package)
        if self.full_refresh and run.rounds == 1:
            forget(self.settings, self.selected, self.facts, self.memory, journal=self.journal)
        elif self.full_refresh and run.began_at is not None:  # lists have their state from the first round
            self.memory.forget_fetched(wanted_resources(self.selected), before=run.began_at)
        yield from Extraction(
            self.client,
            self.settings,
            clock=self.clock,
            selected=self.selected,
            facts=self.facts,
            memory=self.memory,
            run=run,
            make_plan=self._plan,
            replayed_plan=self._replayed_plan(),
            stored_among=self.stored_among,
        ).batches()
        if self.journal is not None:
            run.journal_package = self.journal.seal()
            self.memory.keep_journal_package(run.journal_package)

    def _plan(self, is_made_anew: bool) -> Plan:
        """What this round does.

        The first round's plan is the run's, to which its summary compares what was spent.

        Args:
            is_made_anew: whether it takes the place of one that was made from assumed credits.
        """
        run, before, plan = self.run, self.run.plan, self._plan_from_here()
        run.began_at = run.began_at or self.clock.now()
        if before is None or (is_made_anew and run.rounds == 1):
            run.plan = plan
        if self.journal is not None:
            self.journal.keep_plan(plan.as_json())
        if self.on_plan is not None and not (is_made_anew and before and before.granted == plan.granted):
            self.on_plan(plan)
        return plan

    def _plan_from_here(self) -> Plan:
        run, most, now = self.run, self.settings.max_credits, self.clock.now()
        return plan_of(
            self.settings,
            selected=self.selected,
            facts=self.facts,
            memory=self.memory,
            budget=budget_of(
                run.meter.ledger.status(),
                allowance=None if most is None else most - run.meter.credits.spent,
                now=now,
                ends_at=self.ends_at,
                caps={
                    tier: max(0, cap - run.spent_in(tier)) for tier, cap in self.settings.tier_limits.items()
                },
            ),
            now=now,
            done=run.done,
            began_at=run.began_at,
        )

    def _replayed_plan(self) -> Plan | None:
        """The plan that paid for replies too old to go on from, as if the run had not broken off; or None.

        A journal of an earlier version kept no plan: the one made now asks for much of the same.
        """
        newest = self.journal.newest_left if self.journal else None
        if self.journal is None or newest is None or self.clock.now() - newest <= CONTINUED_WITHIN:
            return None
        now, kept = self._plan_from_here(), self.journal.plan_left
        return now if kept is None else Plan.from_json(kept, budget=now.budget)


def forget(
    settings: Settings,
    selected: Collection[str],
    facts: WarehouseFacts,
    memory: SourceState,
    *,
    journal: Journal | None = None,
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
