"""One night of reading: steps in, Arrow tables out, a few thousand rows at a time.

The night is one generator, so that what is read, and in which order, is
decided in one place and not by the order in which dlt asks its resources.
``source.py`` turns what it yields into dlt resources.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pyarrow as pa

from imgur_source import models
from imgur_source.arrow import rows_table
from imgur_source.client import ImgurClient
from imgur_source.clock import Clock
from imgur_source.details import DetailReaders
from imgur_source.errors import (
    CreditsExhaustedError,
    NotFoundError,
    PrivateError,
    RefusedError,
    ReplayEndedError,
    SetupError,
    StoppedError,
    TransientError,
    WireShapeError,
)
from imgur_source.looks import ITEM_LOOKS, Looker
from imgur_source.memory import Memory
from imgur_source.models import Table
from imgur_source.readers import DETAIL_FETCHES, LIST_ITEMS, LIST_SWEEPS, REJECTED_RECORDS, Readers, Rows
from imgur_source.receipt import Receipt
from imgur_source.settings import BATCH_ROWS, Settings
from imgur_source.steps import (
    ME,
    Candidates,
    Details,
    HeldAlbum,
    HeldPost,
    Step,
    steps,
    wanted_resources,
)

logger = logging.getLogger(__name__)

FAILURES_IN_A_ROW = 3  # steps that could not be read, one after the other: Imgur is down, not the list
NAMES_OWED = 20  # more are summed up: a person wants to know what is owed, not three hundred ids

Batch = dict[str, pa.Table]  # rows by resource; only resources that are selected
Reading = tuple[str, Callable[[], Iterator[Rows]]]  # a name for messages, and how to read it


class Night:
    """Reads everything that is selected, within the credits there are.

    Args:
        selected: names of dlt resources whose rows are wanted.
        candidates: what the warehouse knows already.
        memory: what earlier runs have left, and what this one leaves.
        replays_first: whether the replies that an earlier run paid for are to be read by themselves,
            because they are too old to go on with; otherwise they are met on the way.
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
    ) -> None:
        self._client = client
        self._settings = settings
        self._selected = frozenset(selected)
        self._candidates = candidates
        self._receipt = receipt
        self._replays_first = replays_first
        self._found = Details()
        self._readers = Readers(
            client,
            settings,
            clock=clock,
            receipt=receipt,
            selected=self._selected,
            memory=memory,
            account_ids=dict(candidates.accounts),
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
                    yield _batch(held)
                    held, size = {}, 0
        for resource in self._selected & TABLE_OF.keys():
            held.setdefault(resource, [rows_table(TABLE_OF[resource], [])])
        yield _batch(held)

    def _rows(self) -> Iterator[Rows]:
        """Everything in order, lists first and then what hangs on their items."""
        if self._replays_first:
            self._client.replays_only = True
            yield from self._in_order(self._lists())
            yield from self._in_order(self._details())
            self._client.end_replays()
            self._readers.start_over()
        yield from self._in_order(self._lists())
        yield from self._in_order(self._details())
        followed = [look for look in self._candidates.looks if look.account in self._settings.accounts]
        yield from self._in_order(self._looker.plan(followed))

    def _lists(self) -> list[Reading]:
        lists: list[Reading] = []
        found = steps(self._settings, selected=self._selected, candidates=self._candidates)
        for place, step in enumerate(found):
            if step.kind == "images" and not step.as_me:
                self._receipt.note(
                    f"{step.account}: Imgur shows images to their owner only; "
                    "the public albums, submissions, comments and favourites are read."
                )
            else:
                others_wait = any(self._waits(other) for other in found[place + 1 :])
                lists.append((step.name, partial(self._readers.read, step, others_wait=others_wait)))
        return lists

    def _waits(self, step: Step) -> bool:
        """Whether the step is a list of an account that was never read to its end."""
        is_list = step.kind not in ("account", "feed") and (step.kind != "images" or step.as_me)
        return is_list and not self._readers.is_whole(step)

    def _details(self) -> Sequence[Reading]:
        held = self._candidates
        albums = {album.id: replace(album, as_me=self._is_mine(album)) for album in held.albums or ()}
        posts = {post.id: replace(post, as_me=self._is_mine(post)) for post in held.posts or ()}
        details = Details(albums | self._found.albums, posts | self._found.posts)
        return self._detail_readers.plan(details, wanted=wanted_resources(self._selected))

    def _is_mine(self, held: HeldAlbum | HeldPost) -> bool:
        """Whether *held* is asked for with the login: it is nobody's who is followed by name."""
        return ME in self._settings.accounts and held.owner not in self._settings.accounts

    def _in_order(self, readings: Sequence[Reading]) -> Iterator[Rows]:
        """The rows of one reading after the other; errors become facts of the receipt."""
        for place, (name, read) in enumerate(readings):
            if self._receipt.ended or self._receipt.fatal:
                self._owe([name for name, _ in readings[place:]])
                return
            try:
                yield from self._guarded(name, read)
            except (CreditsExhaustedError, StoppedError) as end:
                self._receipt.ended = str(end)
                self._receipt.owe(name)
                logger.warning("reading ended early name=%s reason=%s", name, end)
            except SetupError as fatal:
                self._receipt.fatal = fatal
                self._receipt.owe(name)
            finally:
                self._receipt.sunsets = self._client.sunsets
                self._receipt.booked(self._client.meter)

    def _owe(self, names: Sequence[str]) -> None:
        """Keep what was not read: by name where those are few, by kind and number otherwise."""
        if len(names) > NAMES_OWED:
            kinds = Counter(name.partition("/")[0] for name in names)
            names = [f"{kind} of {number} items" for kind, number in kinds.items()]
        for name in names:
            self._receipt.owe(name)

    def _guarded(self, name: str, read: Callable[[], Iterator[Rows]]) -> Iterator[Rows]:
        """One reading; what only concerns it ends it.

        Raises:
            SetupError, CreditsExhaustedError, StoppedError: what concerns the whole run.
        """
        try:
            yield from read()
            self._failures_in_a_row = 0
        except ReplayEndedError:
            return  # what else there is of it is asked for afterwards
        except (NotFoundError, PrivateError) as absent:
            self._receipt.note(f"{name}: {absent}")
            self._failures_in_a_row = 0
        except (TransientError, WireShapeError, RefusedError) as failure:
            self._receipt.failures.append(failure)
            self._receipt.owe(name)
            logger.warning("could not be read name=%s error=%s", name, failure)
            self._failures_in_a_row += 1
            if self._failures_in_a_row >= FAILURES_IN_A_ROW:
                self._receipt.ended = (
                    f"{FAILURES_IN_A_ROW} in a row could not be read, Imgur seems to be in trouble."
                )


def _batch(held: dict[str, list[pa.Table]]) -> Batch:
    """One table per resource, each in one piece: dlt writes hundreds of small pieces more slowly."""
    return {name: pa.concat_tables(held[name]).combine_chunks() for name in sorted(held)}


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
