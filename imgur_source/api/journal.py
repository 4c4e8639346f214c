"""The journal of paid replies: on disk before they are read, kept until their rows are loaded.

A credit is spent when a reply comes, its rows are safe when their load package
is. What a run records in between belongs to a *package*, a number that the
caller keeps in dlt state with the rows. The next run says up to which number
that state got; replies of later packages were paid for and lost, and are
replayed instead of asked for again. Beside them stands the last body of each
request that had an ETag, so that a 304 has something to give.

Knows one SQLite file and what a request is called in it; requests, replies and
the destination are left to others. A journal that cannot be kept is given up
with one warning: it saves credits, and a run works without it.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
import zlib
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from imgur_source.clock import Clock
from imgur_source.sqlite_file import UnusableFileError, open_sqlite

logger = logging.getLogger(__name__)

REPLAY_WITHIN = timedelta(days=1)  # an older reply tells less than a new one is worth
BODIES_LIMIT_BYTES = 64_000_000  # compressed; some 10,000 pages of a list
KEPT_HEADERS = ("sunset",)  # what a reply that is replayed may still have to say
COMPRESSION = 1  # the fastest level: a third of the size, for a millisecond a page

_VERSION = 1  # of the tables; a file of another one is begun anew
_TABLES = """
    create table if not exists replies (
        number integer primary key autoincrement,
        package integer not null,
        key text not null,
        status integer not null,
        headers text not null,
        body blob not null,
        received_at text not null,
        is_unchanged integer not null
    ) strict;
    create table if not exists bodies (
        key text primary key,
        etag text not null,
        body blob not null,
        used_at text not null,
        size integer not null
    ) strict;
    create index if not exists bodies_by_use on bodies (used_at);
    create table if not exists plans (
        package integer primary key,
        plan text not null
    ) strict
"""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A reply as it was paid for, its secrets left out; a 304 with the body that it stood for."""

    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)
    received_at: datetime
    is_unchanged: bool


@dataclass(frozen=True, slots=True)
class Body:
    """The last body of a request, and the ETag under which Imgur knows it."""

    etag: str
    body: bytes = field(repr=False)


def request_key(path: str, *, params: Mapping[str, str] | None, as_me: bool, scope: str) -> str:
    """Name a request, the same in each run; it holds no token.

    Args:
        scope: stands for the server, the application and the login, without a bar.
    """
    asked_by = "me" if as_me else "public"
    return f"{scope}|{asked_by}|{path}?{urlencode(sorted((params or {}).items()))}"


class Journal:
    """One file, readable by its owner only; may be shared by threads, not by processes.

    Args:
        path: the file; it and its folder are made when they are not there.
        scrub: takes decoded JSON and gives it without secrets (``arrow.scrubbed``). Nothing
            is written that has not passed it.
        bodies_limit_bytes: how much the bodies kept for their ETag may take, compressed.

    Attributes:
        package: the number of this run's package, from ``begin`` on.
        newest_left: when the newest of the replies was received that ``begin`` found to be replayed;
            None when there were none.
        plan_left: the plan by which these were asked for; None when none was kept.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Clock,
        scrub: Callable[[Any], Any],
        bodies_limit_bytes: int = BODIES_LIMIT_BYTES,
    ) -> None:
        self.path = path
        self.package = 0
        self.newest_left: datetime | None = None
        self.plan_left: dict[str, Any] | None = None
        self._clock = clock
        self._scrub = scrub
        self._bodies_limit_bytes = bodies_limit_bytes
        self._filling = 0  # the package that replies go to: this run's, after ``seal`` the next one
        self._left: dict[str, deque[int]] = {}  # numbers of the replies to be replayed, by key
        self._lock = threading.RLock()
        self._db: sqlite3.Connection | None = None
        try:
            try:
                self._db = open_sqlite(path, tables=_TABLES, version=_VERSION)
            except sqlite3.DatabaseError as error:
                if not _is_beyond_repair(error):
                    raise
                aside = _moved_aside(path)
                logger.warning("journal was broken (%s), moved to %s and begun anew", error, aside)
                self._db = open_sqlite(path, tables=_TABLES, version=_VERSION)
        except (sqlite3.Error, OSError) as error:
            self._give_up(error)
        self._bodies_bytes = sum(size for (size,) in self._ask("select sum(size) from bodies") if size)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; nothing is recorded, replayed or known afterwards."""
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None

    def begin(self, *, confirmed: int | None) -> None:
        """Open a package, and make ready for replay what earlier ones left.

        Args:
            confirmed: the last package whose rows are known to be loaded, from dlt state;
                None when nothing is known, as with a new destination.
        """
        with self._lock:
            self._ask(
                "delete from replies where package <= ? or received_at < ?",
                confirmed or 0,
                _text_of(self._clock.now() - REPLAY_WITHIN),
            )
            rows = self._ask("select number, package, key, received_at from replies order by number")
            self.package = max([confirmed or 0, *(package for _, package, _, _ in rows)]) + 1
            self.newest_left = max((datetime.fromisoformat(at) for *_, at in rows), default=None)
            self._filling = self.package
            self._ask("delete from plans where package <= ?", confirmed or 0)
            plans = self._ask("select plan from plans order by package desc limit 1")
            self.plan_left = _plan_of(plans[0][0]) if rows and plans else None
            self._left = {}
            for number, _, key, _ in rows:
                self._left.setdefault(key, deque()).append(number)

    @property
    def left(self) -> int:
        """How many replies are still to be replayed."""
        with self._lock:
            return sum(map(len, self._left.values()))

    def replay(self, key: str) -> Recorded | None:
        """The oldest reply to *key* that an earlier run paid for, each one once; None when there is none.

        It joins this run's package on disk: loaded with it, or left again.
        """
        with self._lock:
            numbers = self._left.get(key)
            while numbers:
                for status, headers, packed, received_at, is_unchanged in self._ask(
                    "update replies set package = ? where number = ?"
                    " returning status, headers, body, received_at, is_unchanged",
                    self._filling,
                    numbers.popleft(),
                ):
                    body = _unpacked(packed)
                    if body is not None:
                        received = datetime.fromisoformat(received_at)
                        return Recorded(status, json.loads(headers), body, received, bool(is_unchanged))
        return None

    def keep_plan(self, plan: dict[str, Any]) -> None:
        """Keep the plan by which this package's replies are asked for, in the place of an earlier one."""
        with self._lock:
            self._ask(
                "insert or replace into plans (package, plan) values (?, ?)", self.package, json.dumps(plan)
            )

    def end_replays(self) -> None:
        """Replay nothing more in this run; what is left is kept for another one, until it is too old."""
        with self._lock:
            self._left = {}

    def record(
        self,
        key: str,
        *,
        status: int,
        body: bytes,
        headers: Mapping[str, str],
        received_at: datetime,
        is_unchanged: bool = False,
    ) -> None:
        """Keep a reply that was paid for; when it returns, a kill cannot lose it.

        Args:
            headers: with lower-case names; of them ``KEPT_HEADERS`` are kept.
            is_unchanged: whether it came as a 304, *body* being the one known before.
        """
        kept = {name: headers[name] for name in KEPT_HEADERS if name in headers}
        packed = self._packed(body)
        with self._lock:
            self._ask(
                "insert into replies (package, key, status, headers, body, received_at, is_unchanged)"
                " values (?, ?, ?, ?, ?, ?, ?)",
                self._filling,
                key,
                status,
                json.dumps(kept),
                packed,
                _text_of(received_at),
                int(is_unchanged),
            )

    def seal(self) -> int:
        """Close this run's package, once all that goes into the load has been handed over.

        Replies that nobody asked to be replayed, and those recorded from now
        on, go to the next package: they are not among the rows of this one.

        Returns:
            the number to keep in dlt state, with the rows.
        """
        with self._lock:
            self._filling = self.package + 1
            self._ask("update replies set package = ? where package < ?", self._filling, self.package)
            return self.package

    def confirm(self, package: int) -> None:
        """Drop the replies up to *package*, and their plans: their rows are loaded."""
        with self._lock:
            self._ask("delete from replies where package <= ?", package)
            self._ask("delete from plans where package <= ?", package)

    def forget_replies(self) -> None:
        """Drop all replies: rows that the destination refused must not come back for ever."""
        with self._lock:
            self._left = {}
            self._ask("delete from replies")

    def known(self, key: str) -> Body | None:
        """The last body kept for *key*, which counts as a use of it."""
        for etag, packed in self._ask(
            "update bodies set used_at = ? where key = ? returning etag, body",
            _text_of(self._clock.now()),
            key,
        ):
            body = _unpacked(packed)
            return None if body is None else Body(etag, body)
        return None

    def keep(self, key: str, *, etag: str, body: bytes) -> None:
        """Keep *body* in the place of an earlier one; where that is too much, the longest unused go."""
        packed = self._packed(body)
        with self._lock:
            self._drop([key])
            self._ask(
                "insert into bodies (key, etag, body, used_at, size) values (?, ?, ?, ?, ?)",
                key,
                etag,
                packed,
                _text_of(self._clock.now()),
                len(packed),
            )
            self._bodies_bytes += len(packed)
            while self._bodies_bytes > self._bodies_limit_bytes and self._drop(
                [key for (key,) in self._ask("select key from bodies order by used_at, rowid limit 1")]
            ):
                pass

    def forget_bodies(self, paths: Collection[str] | None = None) -> None:
        """Drop the bodies of requests whose path starts with one of *paths*; None drops all.

        What they answer is then sent whole again, though it did not change.
        """
        with self._lock:
            keys = [key for (key,) in self._ask("select key from bodies")]
            self._drop([key for key in keys if paths is None or _path_of(key).startswith(tuple(paths))])

    def _drop(self, keys: list[str]) -> bool:
        """Whether there was a body to drop."""
        sizes = [self._ask("delete from bodies where key = ? returning size", key) for key in keys]
        freed: int = sum(size for rows in sizes for (size,) in rows)
        self._bodies_bytes -= freed
        return freed > 0

    def _ask(self, sql: str, *values: object) -> list[Any]:
        """The rows of one statement, which is durable when it returns; none once the journal is given up."""
        with self._lock:
            if self._db is None:
                return []
            try:
                return self._db.execute(sql, values).fetchall()
            except sqlite3.Error as error:
                self._give_up(error)
                return []

    def _give_up(self, error: Exception) -> None:
        logger.warning("the run goes on without its journal %s: %s", self.path, error)
        self.close()

    def _packed(self, body: bytes) -> bytes:
        """*body* compressed, without its secrets; what is no JSON hides them from us, and is left out."""
        try:
            value = json.loads(body.decode("utf-8-sig", "replace"), strict=False)
            clean = self._scrub(value)
            if clean != value:
                body = json.dumps(clean, separators=(",", ":")).encode()
        except (ValueError, RecursionError):
            body = b""
        return zlib.compress(body, COMPRESSION)


def _is_beyond_repair(error: sqlite3.DatabaseError) -> bool:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF  # the rest are details
    return isinstance(error, UnusableFileError) or code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)


def _moved_aside(path: Path) -> Path:
    for name in (f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)
    return path.replace(path.with_name(f"{path.name}.broken"))


def _unpacked(packed: bytes) -> bytes | None:
    """The body again; None where the file was damaged in this place."""
    try:
        return zlib.decompress(packed)
    except zlib.error:
        return None


def _plan_of(text: str) -> dict[str, Any] | None:
    """The plan again; None where the file was damaged in this place."""
    try:
        plan = json.loads(text)
    except ValueError:
        return None
    return plan if isinstance(plan, dict) else None


def _path_of(key: str) -> str:
    return key.split("|", 2)[2]


def _text_of(moment: datetime) -> str:
    """*moment* in UTC, always of one length, so that texts sort like times."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
