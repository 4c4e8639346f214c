"""One night of reading: steps in, Arrow tables out, a few thousand rows at a time.

The night is one generator, so that what is read, and in which order, is
decided in one place and not by the order in which dlt asks its resources.
``source.py`` turns what it yields into dlt resources.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Literal, NamedTuple

import pyarrow as pa

from imgur_source.api import ImgurClient
from imgur_source.clock import Clock
from imgur_source.errors import (
    CreditsExhaustedError,
    ImgurError,
    NotFoundError,
    OverCapacityError,
    PrivateError,
    RefusedError,
    ReplayEndedError,
    SetupError,
    StoppedError,
    TransientError,
    UnknownLimitError,
    WireShapeError,
)
from imgur_source.extract.children import Detail, DetailReaders
from imgur_source.extract.facts import Candidates, Details
from imgur_source.extract.lookups import ITEM_LOOKS, Looker
from imgur_source.extract.readers import (
    DETAIL_FETCHES,
    LIST_ITEMS,
    LIST_SWEEPS,
    REJECTED_RECORDS,
    Readers,
    Rows,
)
from imgur_source.extract.run_state import Receipt
from imgur_source.extract.streams import COMPANIONS, Step, steps, wanted_resources
from imgur_source.lists import Memory
from imgur_source.planning import FEWEST_BACKFILL, Kind, Order, Plan, Tier
from imgur_source.records import Table, rows_table
from imgur_source.records import tables as models
from imgur_source.settings import BATCH_ROWS, Settings

logger = logging.getLogger(__name__)

FAILURES_IN_A_ROW = 3  # steps that could not be read, one after the other: Imgur is down, not the list
COOL_DOWNS_A_NIGHT = 2  # of a limit that Imgur does not show: the second one ends it
NAMES_OWED = 20  # more are summed up: a person wants to know what is owed, not three hundred ids

Batch = dict[str, pa.Table]  # rows by resource; only resources that are selected


class Reading(NamedTuple):
    """One thing to read.

    Attributes:
        name: for messages, and for what is owed.
        read: gives its rows.
        line: the line of the plan that pays for it, by name and kind; None without a plan.
        is_backfill: whether it stops at twice the day's floor.
        step: the step whose front it is; None where it is no front.
        is_owed: asked after it has been read; whether something of it is still owed.
    """

    name: str
    read: Callable[[], Iterator[Rows]]
    line: tuple[str, str] | None = None
    is_backfill: bool = False
    step: str | None = None
    is_owed: Callable[[], bool] = lambda: False


class Night:
    """Reads everything that is selected, within the credits there are.

    Args:
        selected: names of dlt resources whose rows are wanted.
        candidates: what the warehouse knows already.
        memory: what earlier runs have left, and what this one leaves.
        replays_first: whether the replies that an earlier run paid for are to be read by themselves,
            because they are too old to go on with; otherwise they are met on the way.
        make_plan: says what is read, in which order and for how much, once replies that come first have
            been read; None for all there is, list by list.
        held_among: says how many of the rows of a table are of things that are held; None where nobody knows.
    """

    def __init__(
        self,
        client: ImgurClient,
        settings: Settings,
        *,
        clock: Clock,
        selected: Collection[str],
        candidates: Candidates,
        memory: Memory,
        receipt: Receipt,
        replays_first: bool = False,
        make_plan: Callable[[], Plan | None] = lambda: None,
        held_among: Callable[[Table, pa.Table], int] | None = None,
    ) -> None:
        self._client = client
        self._settings = settings
        self._selected = frozenset(selected)
        self._candidates = candidates
        self._receipt = receipt
        self._memory = memory
        self._replays_first = replays_first
        self._make_plan = make_plan
        self._plan: Plan | None = None
        self._held_among = held_among
        self._spent_before = client.meter.credits.spent
        self._spent_before_in = {tier: receipt.spent_in(tier.name.lower()) for tier in Tier}
        self._found = receipt.found
        self._readers = Readers(
            client,
            settings,
            clock=clock,
            receipt=receipt,
            selected=self._selected,
            memory=memory,
            account_ids=candidates.accounts | self._numbers_read(),
            details=self._found,
        )
        self._detail_readers = DetailReaders(
            client,
            clock=clock,
            receipt=receipt,
            memory=memory,
            greatest_age=timedelta(days=settings.greatest_age_days),
        )
        self._looker = Looker(client, clock=clock, receipt=receipt)
        self._failures_in_a_row = 0
        self._failed: dict[str, ImgurError] = {}  # by name, what could not be read
        self._spared: str | None = None  # why what is old is no longer read, to spare the day
        self._stuck: set[str] = set()  # lists of which the night has tried to read more, and cannot

    def batches(self) -> Iterator[Batch]:
        """Tables by resource, each batch of about ``BATCH_ROWS`` rows; empty tables at the end.

        Ends early, and says so in the receipt, when credits are spent or
        somebody asks; whatever was fetched has been yielded by then. The empty
        tables make every table exist, whether anything was found or not.
        """
        held: dict[str, list[pa.Table]] = {}
        size = 0
        for resource, table in self._rows():
            if resource in self._selected:
                held.setdefault(resource, []).append(table)
                size += table.num_rows
                self._receipt.rows[TABLE_OF[resource].name] += table.num_rows
                if size >= BATCH_ROWS:
                    yield self._counted(_batch(held))
                    held, size = {}, 0
        for resource in self._selected & TABLE_OF.keys():
            held.setdefault(resource, [rows_table(TABLE_OF[resource], [])])
        yield self._counted(_batch(held))

    def _counted(self, batch: Batch) -> Batch:
        """*batch*, its rows booked as new or refreshed where that can be known."""
        if self._held_among is not None:
            for resource in batch.keys() & PAID_FOR:
                rows = batch[resource]
                refreshed = self._held_among(TABLE_OF[resource], rows) if rows.num_rows else 0
                self._receipt.rows_refreshed[resource] += refreshed
                self._receipt.rows_new[resource] += rows.num_rows - refreshed
        return batch

    def _rows(self) -> Iterator[Rows]:
        """Everything in order, lists first and then what hangs on their items."""
        if self._replays_first:
            self._client.replays_only = True
            yield from self._in_order(self._lists())
            yield from self._in_order(self._details())
            self._client.end_replays()
            self._readers.start_over()
        self._plan = self._make_plan()
        for readings in self._unplanned() if self._plan is None else self._planned(self._plan):
            yield from self._in_order(readings)
        if self._spared and self._receipt.owed and not self._receipt.ended:
            self._receipt.ended = self._spared

    def _numbers_read(self) -> dict[str, int]:
        """The numbers of accounts that an earlier round of this run has read."""
        numbers = {
            account: self._memory.account_number(account)
            for account in self._settings.accounts
            if f"account/{account}" in self._receipt.done
        }
        return {account: number for account, number in numbers.items() if number is not None}

    def _unplanned(self) -> Iterator[Sequence[Reading]]:
        """Lists, details, looks; each as far as the credits reach."""
        yield self._lists()
        yield self._details()
        yield self._looks()

    def _planned(self, plan: Plan) -> Iterator[Sequence[Reading]]:
        """The tiers of the plan, and at the end what details they have left."""
        found = [
            step
            for step in steps(self._settings, selected=self._selected, candidates=self._candidates)
            if not self._is_hidden(step)
        ]
        yield [self._front(step, plan) for step in found if step.name not in self._receipt.done]
        yield [self._again(step, plan, "hot") for step in found]
        granted = {line.name: line.granted for line in plan.lines if line.tier is Tier.DETAILS}
        yield self._details(granted)
        yield self._looks()[: self._cap_left(plan, Tier.DETAILS)]
        yield [self._again(step, plan, "cold") for step in found]
        yield [self._backfill(step, plan.order_for(step.name).backfill) for step in found]
        yield from self._more_backfill(plan, found)
        left = self._details()  # what the plan granted nothing, or what was never read has shown
        reach = self._cap_left(plan, Tier.DETAILS)
        yield left[:reach]
        if reach is not None and not self._receipt.ended:
            self._owe([reading.name for reading in left[reach:]])
        self._end_what_is_owed(plan, [step for step in found if step.name not in self._receipt.done])

    def _more_backfill(self, plan: Plan, found: Sequence[Step]) -> Iterator[Sequence[Reading]]:
        """What the plan granted and nobody used goes to lists that are still owed, as long as it lasts.

        A list that had its turn and came no further has no other: Imgur does not show the rest of it.
        """
        while plan.budget.credits is not None:
            owed = [step for step in found if _backfill_name(step.name) in self._receipt.owed]
            owed = [step for step in owed if step.name not in self._stuck]
            spent = self._client.meter.credits.spent
            left = plan.budget.credits - (spent - self._spent_before)
            cap_left = self._cap_left(plan, Tier.BACKFILL)
            left = left if cap_left is None else min(left, cap_left)
            owed = owed[: max(0, left) // FEWEST_BACKFILL]
            if not owed or self._receipt.ended or self._receipt.fatal:
                return
            before = {step.name: self._memory.of_list(step.name) for step in owed}
            yield [self._backfill(step, left // len(owed)) for step in owed]
            self._stuck |= {name for name in before if self._memory.of_list(name) == before[name]}
            if self._client.meter.credits.spent == spent:
                return

    def _cap_left(self, plan: Plan, tier: Tier) -> int | None:
        """Credits that the cap of *tier* leaves; None where it has none."""
        cap = dict(plan.budget.caps).get(tier)
        if cap is None:
            return None
        return max(0, cap - self._receipt.spent_in(tier.name.lower()) + self._spent_before_in[tier])

    def _end_what_is_owed(self, plan: Plan, fronts: Sequence[Step]) -> None:
        """Say why the night ends though something is owed: credits, of this hour or of the night."""
        receipt, credits = self._receipt, self._client.meter.credits
        short = [step for step in fronts if self._is_sweep_owed(step, plan.order_for(step.name))]
        for step in short:
            receipt.owe(step.name)
        if receipt.ended or receipt.fatal or self._spared or not receipt.owed:
            return
        if credits.max_credits is not None and credits.spent >= credits.max_credits:
            end = CreditsExhaustedError(f"the run's allowance of {credits.max_credits} credits is spent")
            receipt.ended = str(end)
        elif set(receipt.owed) <= set(map(_backfill_name, self._stuck)):
            receipt.ended = "What is owed could not be read now, though there are credits; the notes say why."
        elif not receipt.failures:
            receipt.ended = "The credits of the night do not reach to all that is owed; the next ones go on."
            is_hour_short = (
                credits.user is not None and self._client.meter.available() == credits.user.remaining
            )
            receipt.resumes_at = credits.user.resets_at if short and credits.user and is_hour_short else None

    def _front(self, step: Step, plan: Plan) -> Reading:
        kinds = [line.kind for line in plan.lines if line.name == step.name and line.tier is Tier.FRONT]
        order = plan.order_for(step.name)
        return Reading(
            step.name,
            partial(self._readers.read_front, step, order),
            line=(step.name, kinds[0] if kinds else "head"),
            step=step.name,
            is_owed=partial(self._is_sweep_owed, step, order),
        )

    def _is_sweep_owed(self, step: Step, order: Order) -> bool:
        """Whether the list was to be read whole, and was not, because the credits did not reach."""
        return order.is_swept and self._readers.is_cut_short(step)

    def _again(self, step: Step, plan: Plan, kind: Literal["hot", "cold"]) -> Reading:
        order = plan.order_for(step.name)
        pages = order.hot if kind == "hot" else order.cold
        return Reading(
            f"{step.name} (held pages)",
            partial(self._readers.read_again, step, pages, order.begins) if pages else _nothing,
            line=(step.name, kind),
        )

    def _backfill(self, step: Step, pages: int) -> Reading:
        is_list = step.kind not in ("account", "feed")
        return Reading(
            _backfill_name(step.name),
            partial(self._readers.read_backfill, step, pages) if pages and is_list else _nothing,
            line=(step.name, "backfill"),
            is_backfill=True,
            is_owed=lambda: is_list and self._readers.is_rest_owed(step),
        )

    def _lists(self) -> list[Reading]:
        lists: list[Reading] = []
        found = [
            step
            for step in steps(self._settings, selected=self._selected, candidates=self._candidates)
            if not self._is_hidden(step)
        ]
        for place, step in enumerate(found):
            if step.name in self._receipt.done and not self._client.replays_only:
                continue
            others_wait = any(self._waits(other) for other in found[place + 1 :])
            lists.append(Reading(step.name, partial(self._readers.read, step, others_wait=others_wait)))
        return lists

    def _is_hidden(self, step: Step) -> bool:
        """Whether Imgur shows the list to somebody else only; a person is told so."""
        if step.kind != "images" or step.as_me:
            return False
        self._receipt.note(
            f"{step.account}: Imgur shows images to their owner only; "
            "the public albums, submissions, comments and favourites are read."
        )
        return True

    def _waits(self, step: Step) -> bool:
        """Whether the step is a list of an account that was never read to its end."""
        return step.kind not in ("account", "feed") and not self._readers.is_whole(step)

    def _details(self, granted: Mapping[str, int] | None = None) -> list[Reading]:
        """Images and comments that are due; of a resource no more than are *granted*, None for all."""
        albums = {album.id: album for album in self._candidates.albums or ()}
        posts = {post.id: post for post in self._candidates.posts or ()}
        details = Details(albums | self._found.albums, posts | self._found.posts)
        found = self._detail_readers.plan(details, wanted=wanted_resources(self._selected))
        left = Counter(granted or {})
        wanted: list[Detail] = []
        for detail in found:
            resource = detail.name.partition("/")[0]
            if granted is None or left[resource] > 0:
                wanted.append(detail)
            left[resource] -= 1
        return [_detail(detail) for detail in wanted]

    def _looks(self) -> list[Reading]:
        followed = [look for look in self._candidates.looks if look.account in self._settings.accounts]
        return [
            _detail(look, kind="looks")
            for look in self._looker.plan(followed)
            if look.name not in self._receipt.done
        ]

    def _in_order(self, readings: Sequence[Reading]) -> Iterator[Rows]:
        """The rows of one reading after the other; errors become facts of the receipt."""
        for place, reading in enumerate(readings):
            if self._receipt.ended or self._receipt.fatal:
                self._owe(
                    [left.name for left in readings[place:] if left.read is not _nothing or left.is_owed()]
                )
                return
            spent = self._client.meter.credits.spent
            self._client.meter.is_backfill = reading.is_backfill
            try:
                is_read = yield from self._guarded(reading)
                if is_read and not reading.is_owed() and not self._client.replays_only:
                    self._receipt.read(reading.step or reading.name)
                elif reading.is_backfill and reading.is_owed():
                    self._receipt.owe(reading.name)
            except (CreditsExhaustedError, StoppedError) as end:
                self._receipt.owe(reading.name)
                if isinstance(end, CreditsExhaustedError) and end.is_backfill_floor:
                    self._spared = str(end)  # what is new may still be asked for
                    continue
                self._receipt.ended = str(end)
                self._receipt.cool_downs += isinstance(end, OverCapacityError | UnknownLimitError)
                self._receipt.resumes_at = self._resumption(end)
                logger.info("reading ended early name=%s reason=%s", reading.name, end)
            except SetupError as fatal:
                self._receipt.fatal = fatal
                self._receipt.owe(reading.name)
            finally:
                self._client.meter.is_backfill = False
                self._book(reading, self._client.meter.credits.spent - spent)
                self._receipt.sunsets = self._client.sunsets
                self._receipt.booked(self._client.meter)

    def _book(self, reading: Reading, spent: int) -> None:
        """Book what *reading* has spent on its line; a first load that went on at once, on two."""
        if reading.line is None or self._plan is None:
            return
        name, kind = reading.line
        prices: dict[str, int] = {line.kind: line.most for line in self._plan.lines if line.name == name}
        if kind == "head" and "backfill" in prices:
            rest = max(0, spent - prices[kind])
            self._receipt.spent_on[name, "backfill"] += rest
            spent -= rest
        self._receipt.spent_on[name, kind] += spent

    def _resumption(self, end: CreditsExhaustedError | StoppedError) -> datetime | None:
        """When the night may go on; None where it must not: whoever goes on asking is kept out longer."""
        is_hot = isinstance(end, OverCapacityError | UnknownLimitError) and (
            self._receipt.cool_downs >= COOL_DOWNS_A_NIGHT
        )
        return end.until if isinstance(end, CreditsExhaustedError) and not is_hot else None

    def _mended(self, name: str) -> None:
        """Forget that *name* could not be read before: now it was."""
        failure = self._failed.pop(name, None)
        if failure in self._receipt.failures:
            self._receipt.failures.remove(failure)
            self._receipt.read(name)

    def _owe(self, names: Sequence[str]) -> None:
        """Keep what was not read: by name where those are few, by kind and number otherwise."""
        if len(names) > NAMES_OWED:
            kinds = Counter(name.partition("/")[0] for name in names)
            names = [f"{kind} of {number} items" for kind, number in kinds.items()]
        for name in names:
            self._receipt.owe(name)

    def _guarded(self, reading: Reading) -> Generator[Rows, None, bool]:
        """One reading; what only concerns it ends it. Returns whether there is nothing to be asked again.

        Raises:
            SetupError, CreditsExhaustedError, StoppedError: what concerns the whole run.
        """
        name = reading.name
        try:
            yield from reading.read()
            if reading.read is not _nothing:
                self._failures_in_a_row = 0
                self._mended(name)
            return True
        except ReplayEndedError:
            return False  # what else there is of it is asked for afterwards
        except (NotFoundError, PrivateError) as absent:
            self._receipt.note(f"{name}: {str(absent).partition(': ')[2]}")
            self._failures_in_a_row = 0
            return True
        except (TransientError, WireShapeError, RefusedError) as failure:
            self._receipt.failures.append(failure)
            self._failed[name] = failure
            self._receipt.owe(name)
            logger.warning("could not be read name=%s error=%s", name, failure)
            self._failures_in_a_row += 1
            if self._failures_in_a_row >= FAILURES_IN_A_ROW:
                self._receipt.ended = (
                    f"{FAILURES_IN_A_ROW} in a row could not be read, Imgur seems to be in trouble."
                )
            return False


def _backfill_name(name: str) -> str:
    """What is owed of the list *name* where some of it was never read."""
    return f"{name} (what was never read)"


def _nothing() -> Iterator[Rows]:
    """The rows of a line that the plan grants nothing."""
    return iter(())


def _detail(detail: Detail, *, kind: Kind = "details") -> Reading:
    resource = detail.name.partition("/")[0]
    return Reading(detail.name, detail.read, line=(resource, kind))


def _batch(held: dict[str, list[pa.Table]]) -> Batch:
    """One table per resource, each in one piece: dlt writes hundreds of small pieces more slowly."""
    return {name: pa.concat_tables(held[name]).combine_chunks() for name in sorted(held)}


PAID_FOR = frozenset(COMPANIONS) | {"account_favorites", "post_images"}  # what credits are paid for

TABLE_OF: dict[str, Table] = {
    "account": models.ACCOUNTS,
    "account_images": models.IMAGES,
    "account_albums": models.ALBUMS,
    "account_submissions": models.POSTS,
    "account_favorites": models.FAVORITES,
    "account_comments": models.COMMENTS,
    "gallery_sections": models.POSTS,
    "gallery_tags": models.POSTS,
    "gallery_search": models.POSTS,
    "gallery_subreddits": models.SUBREDDIT_POSTS,
    "album_images": models.ALBUM_IMAGES,
    "post_images": models.POST_IMAGES,
    "post_comments": models.POST_COMMENTS,
    "post_tags": models.POST_TAGS,
    "tags": models.TAGS,
    "gallery_ranks": models.GALLERY_RANKS,
    "account_metrics": models.ACCOUNT_METRICS,
    "image_metrics": models.IMAGE_METRICS,
    "album_metrics": models.ALBUM_METRICS,
    "post_metrics": models.POST_METRICS,
    "comment_metrics": models.COMMENT_METRICS,
    LIST_SWEEPS: models.LIST_SWEEPS,
    LIST_ITEMS: models.LIST_ITEMS,
    ITEM_LOOKS: models.ITEM_LOOKS,
    DETAIL_FETCHES: models.DETAIL_FETCHES,
    REJECTED_RECORDS: models.REJECTED_RECORDS,
}
