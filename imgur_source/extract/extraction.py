"""One extraction: the plan's lines in, Arrow tables out, a few thousand rows at a time.

It is one generator, so that what is read, and in which order, is decided in
one place and not by the order in which dlt asks its resources. ``source.py``
turns what it yields into dlt resources.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Literal

import pyarrow as pa

from imgur_source.api import ImgurClient
from imgur_source.clock import Clock
from imgur_source.errors import CreditsExhaustedError
from imgur_source.extract.children import ChildReaders
from imgur_source.extract.facts import Parents, WarehouseFacts
from imgur_source.extract.isolation import Isolation, Reading
from imgur_source.extract.lookups import ITEM_LOOKS, LookupReader
from imgur_source.extract.plan_inputs import parents_of
from imgur_source.extract.readers import Readers
from imgur_source.extract.rows import Rows
from imgur_source.extract.run_state import RunState
from imgur_source.extract.streams import (
    STREAMS,
    StreamSlice,
    children,
    resource_tables,
    slices,
    wanted_resources,
)
from imgur_source.lists import SourceState
from imgur_source.planning import FEWEST_BACKFILL, Order, Plan, Tier
from imgur_source.records import Table, rows_table
from imgur_source.settings import BATCH_ROWS, Settings

Batch = dict[str, pa.Table]  # rows by resource; only resources that are selected


class Extraction:
    """Reads everything that is selected, in the order of a plan, within the credits there are.

    Args:
        selected: names of dlt resources whose rows are wanted.
        facts: what the warehouse knows already.
        memory: what earlier runs have left, and what this one leaves.
        make_plan: says what is read, in which order and for how much, by what is known then; told
            whether it makes this extraction's plan anew.
        replayed_plan: the plan by which an earlier run has paid for replies that are too old to go on
            with, so that they are read by themselves first; None where there are none, or where they
            are met on the way.
        stored_among: says how many of the rows of a table are of things that are stored; None where
            it is not known.
    """

    def __init__(
        self,
        client: ImgurClient,
        settings: Settings,
        *,
        clock: Clock,
        selected: Collection[str],
        facts: WarehouseFacts,
        memory: SourceState,
        run: RunState,
        make_plan: Callable[[bool], Plan],
        replayed_plan: Plan | None = None,
        stored_among: Callable[[Table, pa.Table], int] | None = None,
    ) -> None:
        self._client = client
        self._settings = settings
        self._selected = frozenset(selected)
        self._wanted = wanted_resources(selected)
        self._tables = resource_tables()
        self._facts = facts
        self._run = run
        self._memory = memory
        self._make_plan = make_plan
        self._replayed_plan = replayed_plan
        self._plan: Plan | None = None
        self._is_replanned = False
        self._stored_among = stored_among
        self._count_from_here()
        self._found = run.found
        self._isolation = Isolation(client, run, book=self._book)
        self._readers = Readers(
            client,
            settings,
            clock=clock,
            run=run,
            selected=self._selected,
            memory=memory,
            account_ids=facts.accounts | self._numbers_read(),
            details=self._found,
        )
        self._children = ChildReaders(
            client,
            clock=clock,
            run=run,
            memory=memory,
            greatest_age=timedelta(days=settings.greatest_age_days),
        )
        self._lookup_reader = LookupReader(client, clock=clock, run=run)
        self._stuck: set[str] = set()  # lists of which the run has tried to read more, and cannot

    def batches(self) -> Iterator[Batch]:
        """Tables by resource, each batch of about ``BATCH_ROWS`` rows; empty tables at the end.

        Ends early, and says so in the run's state, when credits are spent or
        somebody asks; whatever was fetched has been yielded by then. The empty
        tables make every table exist, whether anything was found or not.
        """
        waiting: dict[str, list[pa.Table]] = {}
        size = 0
        for resource, table in self._rows():
            if resource in self._selected:
                waiting.setdefault(resource, []).append(table)
                size += table.num_rows
                self._run.report.rows[self._tables[resource].name] += table.num_rows
                if size >= BATCH_ROWS:
                    yield self._counted(_batch(waiting))
                    waiting, size = {}, 0
        for resource in self._selected & self._tables.keys():
            waiting.setdefault(resource, [rows_table(self._tables[resource], [])])
        yield self._counted(_batch(waiting))

    def _counted(self, batch: Batch) -> Batch:
        """*batch*, its rows booked as new or refreshed where that can be known."""
        if self._stored_among is not None:
            for resource in batch.keys() & STREAMS.keys():
                rows = batch[resource]
                refreshed = self._stored_among(self._tables[resource], rows) if rows.num_rows else 0
                self._run.report.rows_refreshed[resource] += refreshed
                self._run.report.rows_new[resource] += rows.num_rows - refreshed
        return batch

    def _rows(self) -> Iterator[Rows]:
        """Replies that an earlier run paid for, by its plan, and then everything, by this run's."""
        if self._replayed_plan is not None:
            self._client.replays_only = True
            self._plan = self._replayed_plan
            for readings in self._parts():
                yield from self._isolation.in_order(readings)
            self._client.end_replays()
            self._readers.start_over()
        self._plan = self._make_plan(False)
        for readings in self._parts():
            yield from self._isolation.in_order(readings)
        self._end()
        self._keep_state()
        if self._isolation.spared and self._run.pending and not self._run.ended:
            self._run.ended = self._isolation.spared

    def _numbers_read(self) -> dict[str, int]:
        """The numbers of accounts that an earlier round of this run has read."""
        numbers = {
            account: self._memory.account_number(account)
            for account in self._settings.accounts
            if f"account/{account}" in self._run.done
        }
        return {account: number for account, number in numbers.items() if number is not None}

    def _count_from_here(self) -> None:
        """What is spent from now on, is spent of the plan's credits."""
        self._spent_before = self._client.meter.credits.spent
        self._spent_before_in = {tier: self._run.spent_in(tier.name.lower()) for tier in Tier}

    # the parts of a plan

    def _plan_now(self) -> Plan:
        """The plan; one made from assumed credits is made anew once a reply has told the true ones."""
        assert self._plan is not None
        credits = self._client.meter.credits
        is_told = credits.user is not None or credits.client is not None
        if self._plan.budget.is_assumed and is_told and not (self._is_replanned or self._client.replays_only):
            self._is_replanned = True
            self._plan = self._make_plan(True)
            self._count_from_here()
        return self._plan

    def _parts(self) -> Iterator[Sequence[Reading]]:
        """The parts of the plan in order, and at the end what else has turned out to be due."""
        found = [
            part
            for part in slices(self._settings, selected=self._selected, facts=self._facts)
            if not self._is_hidden(part)
        ]
        yield from self._passed_over(found)
        yield [self._front(part) for part in found if part.name not in self._run.done]
        yield [self._pages(part, "hot") for part in found]
        plan = self._plan_now()
        yield self._due(self._granted(Tier.DETAILS))
        yield self._lookups()[: self._cap_left(plan, Tier.DETAILS)]
        yield [self._pages(part, "cold") for part in found]
        yield [self._backfill(part, self._order(part).backfill) for part in found]
        if self._client.replays_only:
            return
        yield from self._more_backfill(plan, found)
        left = self._due()  # what the plan granted nothing, or what was never read has shown
        reach = self._cap_left(plan, Tier.DETAILS)
        yield left[:reach]
        if reach is not None and not self._run.ended:
            self._isolation.keep_pending([reading.name for reading in left[reach:]])

    def _passed_over(self, found: Sequence[StreamSlice]) -> Iterator[Sequence[Reading]]:
        """What got nothing for some runs comes before everything else."""
        done = self._run.done
        lines = [line for line in self._plan_now().lines if line.comes_first and line.name not in done]
        by_name = {part.name: part for part in found}
        for line in lines:
            if line.tier is Tier.DETAILS:
                due = self._lookups() if line.kind == "looks" else self._due({line.name: line.granted})
                yield due[: line.granted]
            elif line.name not in by_name:
                continue
            elif line.tier is Tier.FRONT or line.kind == "sweep":
                yield [self._front(by_name[line.name])]
            elif line.tier is Tier.BACKFILL:
                yield [self._backfill(by_name[line.name], line.granted)]
            elif line.kind == "hot" or line.kind == "cold":
                yield [self._pages(by_name[line.name], line.kind)]

    def _more_backfill(self, plan: Plan, found: Sequence[StreamSlice]) -> Iterator[Sequence[Reading]]:
        """Unused credits of the plan go to lists that are still pending, as long as they last.

        A list that had its turn and came no further has no other: Imgur does not show the rest of it.
        """
        while plan.budget.credits is not None:
            pending = [part for part in found if _backfill_name(part.name) in self._run.pending]
            pending = [part for part in pending if part.name not in self._stuck]
            spent = self._client.meter.credits.spent
            left = plan.budget.credits - (spent - self._spent_before)
            cap_left = self._cap_left(plan, Tier.BACKFILL)
            left = left if cap_left is None else min(left, cap_left)
            pending = pending[: max(0, left) // FEWEST_BACKFILL]
            if not pending or self._isolation.is_over:
                return
            before = {part.name: self._memory.of_list(part.name) for part in pending}
            yield [self._backfill(part, left // len(pending)) for part in pending]
            self._stuck |= {name for name in before if self._memory.of_list(name) == before[name]}
            if self._client.meter.credits.spent == spent:
                return

    def _cap_left(self, plan: Plan, tier: Tier) -> int | None:
        """Credits that the cap of *tier* leaves; None where it has none."""
        cap = dict(plan.budget.caps).get(tier)
        if cap is None:
            return None
        return max(0, cap - self._run.spent_in(tier.name.lower()) + self._spent_before_in[tier])

    def _granted(self, tier: Tier) -> dict[str, int]:
        return {line.name: line.granted for line in self._plan_now().lines if line.tier is tier}

    def _order(self, part: StreamSlice) -> Order:
        return self._plan_now().order_for(part.name)

    def _front(self, part: StreamSlice) -> Reading:
        return Reading(
            part.name,
            "front",
            partial(self._readers.read_front, part, partial(self._order, part)),
            line=part.name,
            is_pending=partial(self._is_full_scan_pending, part),
        )

    def _is_full_scan_pending(self, part: StreamSlice) -> bool:
        """Whether the list was to be read whole, and was not, because the credits did not reach."""
        return self._order(part).is_swept and self._readers.is_cut_short(part)

    def _pages(self, part: StreamSlice, kind: Literal["hot", "cold"]) -> Reading:
        order = self._order(part)
        pages = order.hot if kind == "hot" else order.cold
        return Reading(
            f"{part.name} (stored pages)",
            kind,
            partial(self._readers.read_again, part, pages, order.begins) if pages else None,
            line=part.name,
        )

    def _backfill(self, part: StreamSlice, pages: int) -> Reading:
        is_list = part.is_list
        return Reading(
            _backfill_name(part.name),
            "backfill",
            partial(self._readers.read_backfill, part, pages) if pages and is_list else None,
            line=part.name,
            is_pending=lambda: is_list and self._readers.is_rest_pending(part),
        )

    def _is_hidden(self, part: StreamSlice) -> bool:
        """Whether Imgur shows the list to somebody else only; a person is told so."""
        if not part.is_hidden:
            return False
        self._run.report.note(
            f"{part.account}: Imgur shows {part.resource.removeprefix('account_')} to their owner only; "
            "the public albums, submissions, comments and favourites are read."
        )
        return True

    def _parents(self) -> Parents:
        known = parents_of(self._facts, self._memory)
        return Parents(known.albums | self._found.albums, known.posts | self._found.posts)

    def _due(self, granted: Mapping[str, int] | None = None) -> list[Reading]:
        """Images and comments that are due; of a resource no more than are *granted*, None for all."""
        left = Counter(granted or {})
        found = []
        for child in self._children.plan(self._parents(), wanted=self._wanted):
            resource = child.name.partition("/")[0]
            if granted is None or left[resource] > 0:
                found.append(Reading(child.name, "details", child.read, line=resource))
            left[resource] -= 1
        return found

    def _lookups(self) -> list[Reading]:
        followed = [item for item in self._facts.lookups if item.account in self._settings.accounts]
        return [
            Reading(item.name, "looks", item.read, line=ITEM_LOOKS)
            for item in self._lookup_reader.plan(followed)
            if item.name not in self._run.done
        ]

    # what an extraction leaves

    def _book(self, reading: Reading, spent: int) -> None:
        """Book what *reading* has spent on its line; a first load that went on at once, on two."""
        plan, name, kind = self._plan, reading.line, str(reading.part)
        if plan is None:
            return
        prices: dict[str, int] = {line.kind: line.most for line in plan.lines if line.name == name}
        if reading.part == "front":
            kinds = [line.kind for line in plan.lines if line.name == name and line.tier is Tier.FRONT]
            kind = kinds[0] if kinds else "head"
            if kind == "head" and "backfill" in prices and kind in prices:
                rest = max(0, spent - prices[kind])
                self._run.spent_on[name, "backfill"] += rest
                spent -= rest
        self._run.spent_on[name, kind] += spent

    def _end(self) -> None:
        """Say why the extraction ends though something is pending: credits, of this hour or of the run."""
        run, credits = self._run, self._client.meter.credits
        found = slices(self._settings, selected=self._selected, facts=self._facts)
        short = [part for part in found if part.name not in run.done and self._is_full_scan_pending(part)]
        for part in short:
            run.keep_pending(part.name)
        if self._isolation.is_over or self._isolation.spared or not run.pending:
            return
        if credits.max_credits is not None and credits.spent >= credits.max_credits:
            end = CreditsExhaustedError(f"the run's allowance of {credits.max_credits} credits is spent")
            run.ended = str(end)
        elif set(run.pending) <= set(map(_backfill_name, self._stuck)):
            run.ended = "What is pending could not be read now, though there are credits; the notes say why."
        elif not run.failures:
            run.ended = "The credits of this run do not reach to all that is pending; the next runs go on."
            is_hour_short = (
                credits.user is not None and self._client.meter.available() == credits.user.remaining
            )
            run.resumes_at = credits.user.resets_at if short and credits.user and is_hour_short else None

    def _keep_state(self) -> None:
        """Keep what the next run's plan needs: which lines got nothing, and which children are due."""
        plan, run, memory = self._plan_now(), self._run, self._memory
        if self._client.meter.credits.spent and run.fatal is None:
            before, now = memory.passed_over, {}
            for line in plan.lines:
                spent = sum(run.spent_on[line.name, kind] for kind in _kinds_of(line.key, plan))
                is_served = (
                    spent > 0 or not line.likely or (line.tier is Tier.FRONT and line.name in run.done)
                )
                if not is_served:
                    now[line.key] = before.get(line.key, 0) + (run.rounds == 1)
            memory.keep_passed_over(now)
        if memory.keeps_children:
            parents, known = self._parents(), Parents.from_json(memory.parents)
            due = [
                *self._children.due(parents, wanted=self._wanted),
                *self._children.due(known, wanted={child.resource for child in children()}),
            ]
            ids = {child.parent_id for child in due}
            left = Parents(
                {item: album for item, album in parents.albums.items() if item in ids},
                {item: post for item, post in parents.posts.items() if item in ids},
            )
            memory.keep_parents(left.as_json())


def _kinds_of(key: str, plan: Plan) -> set[str]:
    """The kinds of the lines of *plan* that are counted under *key*."""
    return {line.kind for line in plan.lines if line.key == key}


def _backfill_name(name: str) -> str:
    """What is pending of the list *name* where some of it was never read."""
    return f"{name} (what was never read)"


def _batch(waiting: dict[str, list[pa.Table]]) -> Batch:
    """One table per resource, each in one piece: dlt writes hundreds of small pieces more slowly."""
    return {name: pa.concat_tables(waiting[name]).combine_chunks() for name in sorted(waiting)}
