"""From a part to rows: pages from a scan, records from a page, tables for the resources they feed.

One reader per kind of record, all of one shape. What hangs on single items
(an album's images, a post's comments) is only noted here; ``children`` reads it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import pyarrow as pa

from imgur_source.api import ImgurClient
from imgur_source.clock import Clock
from imgur_source.errors import (
    ImgurError,
    NotFoundError,
    PrivateError,
    RefusedError,
    ReplayEndedError,
    TransientError,
)
from imgur_source.extract.facts import Parents, StoredAlbum, StoredPost
from imgur_source.extract.rows import (
    LIST_ITEMS,
    LIST_SWEEPS,
    Rows,
    items_on,
    kept_fetch,
    rejected_rows,
    rows_without,
    sweep_rows,
)
from imgur_source.extract.run_state import RunState
from imgur_source.extract.streams import Shape, StreamSlice
from imgur_source.lists import ChildFetch, ListReader, ListState, Page, ScanRules, SourceState
from imgur_source.planning import Order
from imgur_source.records import (
    PostMedia,
    Records,
    Table,
    history_of,
    media_of,
    previews_of,
    read_record,
    read_records,
    rows_table,
    table_of,
    tags_of,
)
from imgur_source.records import tables as models
from imgur_source.settings import Settings

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Opened:
    """A list that is being read in this run.

    Attributes:
        before: what was kept of it.
        is_kept: whether what is read of it is kept.
        scans_told: of its scans, how many stand in ``list_sweeps`` already.
    """

    part: StreamSlice
    reading: ListReader
    before: ListState
    is_kept: bool
    scans_told: int = 0


class Readers:
    """Reads accounts, their lists, and feeds.

    Args:
        selected: names of the resources whose rows are loaded; a list that is read for its items'
            children only is not remembered as stored.
        memory: what earlier runs have left, and what this one leaves.
        account_ids: the numbers of accounts by name, as far as known; filled on the way.
        details: filled with the albums and posts that are met.
    """

    def __init__(
        self,
        client: ImgurClient,
        settings: Settings,
        *,
        clock: Clock,
        run: RunState,
        selected: Collection[str],
        memory: SourceState,
        account_ids: dict[str, int],
        details: Parents,
    ) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock
        self._run = run
        self._selected = selected
        self._memory = memory
        self._rules = ScanRules.from_settings(settings)
        self._account_ids = account_ids
        self._details = details
        self._open: dict[str, _Opened] = {}
        self._places: dict[str, int] = {}  # in the list being read
        self._numbers_read: set[int] = set()
        self._left_out = run.left_out  # accounts that are not there, or that another name has brought
        self._with_children: set[str] = set()  # posts whose tags and previews have been handed on

    def start_over(self) -> None:
        """Read accounts once more: what came before were the replayed replies of an earlier run."""
        self._numbers_read.clear()
        self._left_out.clear()
        self._open.clear()

    def is_whole(self, part: StreamSlice) -> bool:
        """Whether nothing of the part's list waits to be read for the first time."""
        memory, is_sorted = self._memory.of_list(part.name), part.list().is_sorted
        return memory.is_whole(is_sorted=is_sorted, since=self._rules.since)

    def is_rest_pending(self, part: StreamSlice) -> bool:
        """Whether some of the part's list was never read; of one read for its items' details, in this run."""
        if part.account in self._left_out or self._is_known_by_another_name(part.account):
            return False
        if part.resource in self._selected:
            coverage, until = self._memory.of_list(part.name).coverage, self._rules.until
            if until is not None and coverage.ranges:  # what is newer is left to a run without it
                return coverage.first_gap(since=self._rules.since, until=until) is not None
            return not self.is_whole(part)
        opened = self._open.get(part.name)
        return opened is not None and opened.reading.pages > 0 and not opened.reading.is_whole

    def is_cut_short(self, part: StreamSlice) -> bool:
        """Whether this run's front of the part's list came no further than to what is stored."""
        opened = self._open.get(part.name)
        return opened is not None and any(scan.kind == "head" for scan in opened.reading.scans)

    def read_front(self, part: StreamSlice, order_of: Callable[[], Order]) -> Iterator[Rows]:
        """The rows of a stream's front, and of a list those that say how far it was read.

        Args:
            order_of: says what the plan allows for the list, by what is known when it is asked.

        Raises:
            ImgurError: when the reading ended early; what came before it has been yielded.
        """
        yield from self._read(part, lambda reading: reading.front(order_of))

    def read_again(
        self, part: StreamSlice, pages: Sequence[int], begins: Mapping[int, int]
    ) -> Iterator[Rows]:
        """The held *pages* of the part's list once more, numbered as before its front was read.

        Raises:
            ImgurError: as ``read_front`` does.
        """
        yield from self._read(part, lambda reading: reading.refresh(pages, begins=begins))

    def read_backfill(self, part: StreamSlice, pages: int) -> Iterator[Rows]:
        """At most so many *pages* of what of the part's list was never read.

        Raises:
            ImgurError: as ``read_front`` does.
        """
        yield from self._read(part, lambda reading: reading.backfill(pages))

    def _read(self, part: StreamSlice, pages_of: Callable[[ListReader], Iterator[Page]]) -> Iterator[Rows]:
        self._run.report.reading = part.name
        if part.stream.table is models.ACCOUNTS:
            yield from self._read_account(part)
            return
        if part.account in self._left_out or self._is_known_by_another_name(part.account):
            return
        if part.stream.needs_account_id and part.account not in self._account_ids:
            if self._client.replays_only:
                raise ReplayEndedError("account")
            raise NotFoundError(part.resource, "the account itself could not be read")
        if part.stream.shape is Shape.SINGLE:
            yield from self._read_single(part)
            return
        opened = self._open.get(part.name) or self._opened(part)
        yield from self._listed(opened, pages_of(opened.reading))

    def _opened(self, part: StreamSlice) -> _Opened:
        self._places = {}
        is_kept = part.is_list and part.resource in self._selected  # else its rows are not loaded
        before = self._memory.of_list(part.name) if is_kept else ListState()
        reading = ListReader(self._client, part.list(), state=before, rules=self._rules, clock=self._clock)
        self._open[part.name] = _Opened(part, reading, before, is_kept)
        return self._open[part.name]

    def _listed(self, opened: _Opened, pages: Iterator[Page]) -> Iterator[Rows]:
        """The rows of *pages* and of the scans that brought them; the list is kept as it is then."""
        part, reading = opened.part, opened.reading
        readers = {
            models.ALBUMS: self._read_albums,
            models.FAVORITES: self._read_favorites,
            models.POSTS: self._read_posts,
        }
        read = readers.get(part.stream.table, self._read_counted)
        if part.stream.shape is Shape.FEED:
            read = self._read_feed
        error: ImgurError | None = None
        try:
            for page in pages:
                self._run.report.pages += 1
                self._run.report.on_change()
                yield from read(part, page, reading)
                if part.is_list:
                    yield Rows(LIST_ITEMS, items_on(page, part.name))
        except (NotFoundError, PrivateError) as raised:
            error = raised
            if not reading.pages and opened.is_kept:
                self._memory.keep_list(part.name, replace(opened.before, is_absent=True))
            if reading.pages:  # the list is there: a page of it that is not cannot be the end
                error = TransientError(raised.endpoint, f"page {reading.pages}: {raised.reason}")
        except ImgurError as raised:
            error = raised
        if opened.is_kept and reading.pages and reading.state != opened.before:
            self._memory.keep_list(part.name, reading.state)
        scans = [
            scan
            for scan in reading.scans[opened.scans_told :]
            if scan.pages or not isinstance(error, ReplayEndedError)
        ]
        opened.scans_told = len(reading.scans)
        yield Rows(LIST_SWEEPS, sweep_rows(scans, part.name, at=self._clock.now()))
        for scan in scans:
            logger.info(
                "list read list=%s scan=%s pages=%d items=%d reason=%s doubt=%s",
                part.name, scan.kind, scan.pages, scan.items, scan.reason, scan.doubt,
            )  # fmt: skip
        for line in reading.notes:
            self._run.report.note(line)
        if error is not None:
            raise error
        for scan in scans:
            if not scan.is_complete and not scan.is_left_to_plan:
                self._run.report.note(f"{part.name}: not read to its end, {scan.reason} ({scan.doubt}).")

    def _is_known_by_another_name(self, account: str) -> bool:
        """Whether an earlier run has learned that *account* is one that is named before it."""
        number = self._memory.account_number(account)
        names = self._settings.accounts
        before = names[: names.index(account)] if account in names else ()
        return number is not None and number in map(self._memory.account_number, before)

    def _read_account(self, part: StreamSlice) -> Iterator[Rows]:
        try:
            reply = self._client.get(part.resource, part.path(), as_me=part.as_me)
        except NotFoundError as error:
            if part.as_me:  # a login without an account is trouble, not an absence
                raise RefusedError("account", 404, error.reason) from error
            self._left_out.add(part.account)
            raise
        self._run.report.pages += 1
        records = read_record(models.ACCOUNTS, reply.data)
        yield from rejected_rows("account", reply, records.rejected)
        if records.rows:
            number = int(records.columns["id"][0].as_py())
            is_somebody_else = self._memory.is_somebody_else(part.account, number)
            if number in self._numbers_read:
                self._left_out.add(part.account)
                self._run.report.note(
                    f"{part.account}: the same account as one read before; it is read once."
                )
                return
            self._numbers_read.add(number)
            self._account_ids[part.account] = number
            if is_somebody_else:
                self._run.report.note(
                    f"{part.account}: another account than before; its lists are read anew."
                )
        rows = table_of(records, fetched_at=reply.received_at)
        yield Rows("account", rows)
        yield Rows("account_metrics", history_of(rows, models.ACCOUNT_METRICS))

    def _read_single(self, part: StreamSlice) -> Iterator[Rows]:
        """One record of an account, which carries the account's number where its table has a place for it."""
        table = part.stream.table
        reply = self._client.get(part.resource, part.path(), as_me=part.as_me)
        self._run.report.pages += 1
        records = read_record(table, reply.data)
        yield from rejected_rows(part.resource, reply, records.rejected)
        own = {"account_id": self._account_ids[part.account]} if part.stream.needs_account_id else {}
        yield from self._rows_of(part, table_of(records, fetched_at=reply.received_at, **own))

    def _rows_of(self, part: StreamSlice, rows: pa.Table) -> Iterator[Rows]:
        """*rows* of the stream's table, and their counters as history where they have any."""
        yield Rows(part.resource, rows)
        if (history := part.stream.history) is not None:
            yield Rows(history.name, history_of(rows, history))

    def _read_albums(self, part: StreamSlice, page: Page, reading: ListReader) -> Iterator[Rows]:
        records = yield from self._counted(part, page)
        columns = [records.columns[name].to_pylist() for name in ("id", "images_count", "cover", "datetime")]
        for album, count, cover, inserted_at in zip(*columns, strict=True):
            self._details.albums[album] = StoredAlbum(
                album, count, as_me=part.as_me, cover=cover, inserted_at=inserted_at
            )

    def _read_counted(self, part: StreamSlice, page: Page, reading: ListReader) -> Iterator[Rows]:
        yield from self._counted(part, page)

    def _counted(self, part: StreamSlice, page: Page) -> Generator[Rows, None, Records]:
        """The records of a page and their counters as history; returns the records."""
        records = yield from self._records(part.stream.table, page)
        yield from self._rows_of(part, table_of(records, fetched_at=page.received_at))
        return records

    def _read_favorites(self, part: StreamSlice, page: Page, reading: ListReader) -> Iterator[Rows]:
        first = page.number * (reading.state.page_size or 0) if reading.is_resumed else 0
        records = yield from self._records(models.FAVORITES, page)
        rows = table_of(
            records,
            fetched_at=page.received_at,
            account_id=self._account_ids[part.account],
            position=[first + place for place in self._places_of(records)],
            kind=["album" if bytes(row.is_album) == b"true" else "image" for row in records.rows],
        )
        yield Rows("account_favorites", rows)

    def _read_posts(self, part: StreamSlice, page: Page, reading: ListReader) -> Iterator[Rows]:
        yield from self._posts_on(page, part, are_own=True)

    def _read_feed(self, part: StreamSlice, page: Page, reading: ListReader) -> Iterator[Rows]:
        feed = part.feed
        assert feed is not None
        if part.stream.table is models.SUBREDDIT_POSTS:
            records = yield from self._records(models.SUBREDDIT_POSTS, page)
            yield Rows(part.resource, table_of(records, fetched_at=page.received_at))
        else:
            records = yield from self._posts_on(page, part, are_own=False)
        if part.stream.inside and page.number == 0:  # what is around the posts tells of the tag
            yield from self._tag_itself(page)
        ranked = len(self._places)  # a shifted page shows posts again: ranks have no repetitions
        ranks = [
            {
                "feed": feed.name,
                "observed_at": reading.scans[0].started_at,
                "position": place,
                "post_id": row.id,
                "fetched_at": page.received_at,
            }
            for row, place in zip(records.rows, self._places_of(records), strict=True)
            if place >= ranked
        ]
        yield Rows("gallery_ranks", rows_table(models.GALLERY_RANKS, ranks))

    def _places_of(self, records: Records) -> list[int]:
        """The place of each record in the list being read; one that is shown again keeps its first one."""
        return [self._places.setdefault(row.id, len(self._places)) for row in records.rows]

    def _posts_on(self, page: Page, part: StreamSlice, *, are_own: bool) -> Generator[Rows, None, Records]:
        """The posts of a page, their histories, tags and whole previews; returns the records."""
        records = yield from self._records(models.POSTS, page)
        rows = table_of(records, fetched_at=page.received_at)
        if are_own:
            self._run.own_posts.update(row.id for row in records.rows)
        # A feed is asked for without the login, so it knows neither vote nor favourite of own posts.
        yield Rows(part.resource, rows if are_own else rows_without(rows, self._run.own_posts))
        yield Rows("post_metrics", history_of(rows, models.POST_METRICS))
        # Two views of one post in one package would leave the children of both: the first one's stay.
        links, tags = tags_of(records, fetched_at=page.received_at, but_for=self._with_children)
        yield Rows("post_tags", links)
        yield Rows("tags", table_of(tags, fetched_at=page.received_at))
        yield from rejected_rows("tags", page.reply, tags.rejected)
        for media in media_of(records):
            if media.post_id in self._with_children:
                continue
            previews = previews_of(media, fetched_at=page.received_at)
            yield from rejected_rows("post_images", page.reply, previews.rejected)
            if previews.rows is not None:
                yield Rows("post_images", previews.rows)
                yield from self._previews_kept(media, at=page.received_at)
        self._with_children.update(row.id for row in records.rows)
        if are_own or self._settings.post_details == "all":
            self._remember_posts(records, as_me=are_own and part.as_me)
        return records

    def _previews_kept(self, media: PostMedia, *, at: datetime) -> Iterator[Rows]:
        """Remember previews that are the whole set like a fetch of it, which they spare."""
        last = self._memory.fetched("post_images", media.post_id)
        if last is None or last.items != media.shown:
            fetched = ChildFetch(str(media.images_count), media.shown, at)
            yield kept_fetch(self._memory, "post_images", media.post_id, fetched)

    def _remember_posts(self, records: Records, *, as_me: bool) -> None:
        unknown = {media.post_id: media for media in media_of(records) if not media.is_complete}
        for row, count in zip(records.rows, records.columns["comment_count"].to_pylist(), strict=True):
            media = unknown.get(row.id)
            known = self._details.posts.get(row.id)
            self._details.posts[row.id] = StoredPost(
                row.id,
                is_album=media is not None,
                images_count=media.images_count if media else None,
                comment_count=count,
                as_me=as_me or (known is not None and known.as_me),
            )

    def _tag_itself(self, page: Page) -> Iterator[Rows]:
        if "name" in page.reply.fields():
            tag = read_record(models.TAGS, page.reply.data)
            yield from rejected_rows("tags", page.reply, tag.rejected)
            yield Rows("tags", table_of(tag, fetched_at=page.received_at))

    def _records(self, table: Table, page: Page) -> Generator[Rows, None, Records]:
        """The records of a page; yields what was rejected, returns the rest."""
        records = read_records(table, page.items)
        yield from rejected_rows(page.reply.endpoint, page.reply, records.rejected)
        return records
