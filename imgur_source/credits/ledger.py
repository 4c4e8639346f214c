"""The credits of one application, shared by every process and thread of the host.

Knows one SQLite file: the windows, the leases that are out, our own charges, the
strikes and the cool-down. What they mean for a request is decided by the rules
in ``credits.py``. The file holds no secret; only a hash of the client id is in
its name.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, cast

from imgur_source.clock import Clock
from imgur_source.credits.rules import (
    APPLYING,
    COOL_DOWNS,
    DAY,
    RULES,
    Book,
    Denied,
    Go,
    Held,
    Own,
    RequestKind,
    Stamp,
    WaitUntil,
    Window,
    WindowName,
    cool_down,
    decide,
    read_window,
    settled,
    spent,
    strikes_forbid,
    turned_back,
    untold,
)
from imgur_source.credits.status import LeaseOut, Standing, Strike, standing_of_window
from imgur_source.errors import ConfigurationError
from imgur_source.sqlite_file import open_sqlite

logger = logging.getLogger(__name__)

LEASE_LIFETIME = timedelta(minutes=10)  # far beyond a request's timeout; then its process has been killed
KEEP_STRIKES = timedelta(days=400)  # they count for a month, a person may look back further

_VERSION = 1  # of the tables
# Kept for earlier versions, which read them: processes, leases.process, windows.refilled_…
_TABLES = """
    create table if not exists windows (
        name text primary key,
        limit_ integer,
        remaining integer not null,
        resets_at real,
        told integer,
        told_at real,
        is_told integer not null,
        generation integer not null,
        foreign_ integer not null,
        leased integer not null,
        blind integer not null,
        refilled_after real,
        refilled_before real
    ) strict;
    create table if not exists leases (
        number integer primary key autoincrement,
        process text not null,
        pid integer not null,
        at real not null,
        expires_at real not null,
        credits integer not null,
        posts integer not null,
        probes text not null
    ) strict;
    create table if not exists charges (
        second integer primary key,
        credits integer not null,
        posts integer not null
    ) strict;
    create table if not exists processes (
        process text primary key,
        seen_at real not null,
        generation integer not null,
        taken integer not null
    ) strict;
    create table if not exists strikes (
        at real not null,
        month text not null,
        generation integer not null unique,
        told text not null,
        own_charges integer not null,
        foreign_ integer not null
    ) strict;
    create table if not exists state (
        one integer primary key check (one = 1),
        last_at real not null,
        silent_until real,
        step integer not null
    ) strict;
    insert or ignore into state values (1, 0, null, 0);
    insert or ignore into windows (name, remaining, is_told, generation, foreign_, leased, blind)
    values ('user', 0, 0, 0, 0, 0, 0), ('client', 0, 0, 0, 0, 0, 0),
        ('requests', 0, 0, 0, 0, 0, 0), ('posts', 0, 0, 0, 0, 0, 0)
"""
_WINDOWS = (
    "select name, limit_, remaining, resets_at, told, told_at, is_told, generation, foreign_, leased, "
    "blind, refilled_after, refilled_before from windows"
)


class Answer(NamedTuple):
    """What the ledger reads of a reply: its status, and its headers with lower-case names."""

    status: int
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to send one request, to be settled when its reply is there.

    Attributes:
        stamps: the windows when it was given.
        shown: the windows after it was charged, for whoever shows them.
    """

    number: int
    at: datetime
    cost: int
    kind: RequestKind
    probes: frozenset[WindowName] = frozenset()
    stamps: Mapping[WindowName, Stamp] = field(default_factory=dict, repr=False)
    shown: Mapping[WindowName, Window] = field(default_factory=dict, repr=False)


class CreditLedger:
    """Grants requests, one lease each, and books what came of them; may be shared by threads.

    Several processes, each with a ledger of its own on the same file, never spend
    more together than the windows grant.

    Args:
        path: the file, made when it is not there; None for one in memory, for this object alone.
        accept_strike_risk: whether a month with three strikes may be gone on with.

    Raises:
        ConfigurationError: when the file cannot be used.
    """

    def __init__(self, path: Path | None, *, clock: Clock, accept_strike_risk: bool = False) -> None:
        self.path = path
        self._clock = clock
        self._accept_strike_risk = accept_strike_risk
        self._lock = threading.RLock()
        try:
            self._db = open_sqlite(path, tables=_TABLES, version=_VERSION)
            weakref.finalize(self, self._db.close)
            with self._transaction():
                pass  # proves that it can be written
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error

    @classmethod
    def of_application(
        cls, state_dir: Path, client_id: str, *, clock: Clock, accept_strike_risk: bool = False
    ) -> CreditLedger:
        """The ledger of *client_id* in the state directory.

        Raises:
            ConfigurationError: when its file cannot be used.
        """
        return cls(ledger_path(state_dir, client_id), clock=clock, accept_strike_risk=accept_strike_risk)

    def __repr__(self) -> str:
        return f"CreditLedger({str(self.path) if self.path else 'in memory'!r})"

    def reserve(
        self, cost: int = 1, *, kind: RequestKind = "read", is_backfill: bool = False
    ) -> Lease | WaitUntil | Denied:
        """Charge *cost* for a request that is about to be sent, if all windows grant it.

        A post costs one POST and no credit, whatever *cost* says.

        Raises:
            ConfigurationError: when the file cannot be used any more; the request must not be sent.
        """
        with self._told_if_unusable(), self._transaction() as now:
            book = self._book(now)
            verdict = decide(
                book,
                now=now,
                cost=1 if kind == "post" else cost,
                kind=kind,
                is_backfill=is_backfill,
                accept_strike_risk=self._accept_strike_risk,
            )
            if not isinstance(verdict, Go):
                return verdict
            return self._lease(book, now, cost=cost, kind=kind, probes=verdict.probes)

    def settle(self, lease: Lease, answer: Answer | None) -> Mapping[WindowName, Window]:
        """Book the reply to a request, None where there was none; returns the windows as they are then.

        What was charged stays charged. A file that cannot be used any more is told by
        the next ``reserve``: a reply that was paid for must not be lost for it.
        """
        try:
            with self._transaction() as now:
                return self._settle(lease, answer, now)
        except sqlite3.Error as error:
            logger.warning("a reply could not be booked ledger=%s: %s", self.path, error)
            return lease.shown

    def over_capacity(self) -> datetime:
        """Book an "over capacity": how long all processes are silent.

        Several replies may say so before the first of them is heard: they are one.
        """
        with self._told_if_unusable(), self._transaction() as now:
            silent_until, step = self._silence()
            if silent_until is None or now >= silent_until:
                silent_until = now + cool_down(step + 1)
                self._ask("update state set silent_until = ?, step = ?", _number(silent_until), step + 1)
                logger.info("cool-down step=%d silent_until=%s", step + 1, silent_until)
            return silent_until

    def day_spent(self, words: str) -> None:
        """Book a refusal that says in words, not in headers, that the day is used up: a strike."""
        with self._told_if_unusable(), self._transaction() as now:
            day = self._windows(now)["client"]
            self._strike(day, day.generation, words, now)
            self._keep(spent(day, now=now))

    def ask(self, *, kind: RequestKind = "read", is_backfill: bool = False) -> WaitUntil | Denied | None:
        """Say why a request of one credit would not be granted now; None where it would be."""
        with self._told_if_unusable(), self._transaction() as now:
            verdict = decide(
                self._book(now),
                now=now,
                kind=kind,
                is_backfill=is_backfill,
                accept_strike_risk=self._accept_strike_risk,
            )
        return None if isinstance(verdict, Go) else verdict

    def at_hand(self, *, is_backfill: bool = False) -> int | None:
        """How many requests of one credit may be granted now; None where nothing known limits them.

        A window that has to be asked about holds its limit at most.
        """
        standing = self.standing(is_backfill=is_backfill)
        if standing.denied or standing.silent_until:
            return 0
        windows = [window for name, window in standing.windows.items() if name in APPLYING["read"]]
        return min(
            (
                max(0, window.limit - window.floor) if window.at_hand is None else window.at_hand
                for window in windows
            ),
            default=None,
        )

    def standing(self, *, is_backfill: bool = False) -> Standing:
        """All that is known now; nothing is asked or charged.

        Args:
            is_backfill: whether the floors of a backfill are to be shown.
        """
        with self._told_if_unusable(), self._transaction() as now:
            book = self._book(now)
            leases = self._ask("select pid, at, expires_at, credits, posts from leases order by number")
            strikes = self._ask(
                "select at, told, own_charges, foreign_ from strikes where month = ? order by at", _month(now)
            )
        return Standing(
            at=now,
            windows={
                name: standing_of_window(window, book, now, is_backfill=is_backfill)
                for name, window in book.windows.items()
                if window.limit is not None
            },
            leases=tuple(
                LeaseOut(pid, _time(at), _time(expires_at), credits, posts)
                for pid, at, expires_at, credits, posts in leases
            ),
            strikes=tuple(Strike(_time(at), told, own, foreign) for at, told, own, foreign in strikes),
            denied=strikes_forbid(book.strikes, accept_strike_risk=self._accept_strike_risk),
            silent_until=book.silent_until if book.silent_until and now < book.silent_until else None,
        )

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            self._db.close()

    def _lease(
        self, book: Book, now: datetime, *, cost: int, kind: RequestKind, probes: frozenset[WindowName]
    ) -> Lease:
        credits, posts = (cost, 0) if kind == "read" else (0, 1 if kind == "post" else 0)
        windows = dict(book.windows)
        for name in APPLYING[kind]:
            windows[name] = windows[name].charged(credits or posts)
            self._ask(
                "update windows set remaining = ?, leased = ? where name = ?",
                windows[name].remaining,
                windows[name].leased,
                name,
            )
        [(number,)] = self._ask(
            "insert into leases (process, pid, at, expires_at, credits, posts, probes) "
            "values (?, ?, ?, ?, ?, ?, ?) returning number",
            "",
            os.getpid(),
            _number(now),
            _number(now + LEASE_LIFETIME),
            credits,
            posts,
            ",".join(sorted(probes)),
        )
        if credits or posts:
            self._charge(credits, posts, now)
        return Lease(
            number,
            now,
            credits or posts,
            kind,
            probes,
            {name: window.stamp() for name, window in windows.items()},
            _shown(windows),
        )

    def _settle(self, lease: Lease, answer: Answer | None, now: datetime) -> Mapping[WindowName, Window]:
        self._ask("delete from leases where number = ?", lease.number)
        windows = self._windows(now)
        before_it = "coalesce(sum({0}) filter (where number < ?), 0)"
        [(credits, credits_before, posts, posts_before)] = self._ask(
            f"select coalesce(sum(credits), 0), {before_it.format('credits')}, "
            f"coalesce(sum(posts), 0), {before_it.format('posts')} from leases where expires_at > ?",
            lease.number,
            lease.number,
            _number(now),
        )
        is_good = answer is not None and (answer.status < 400 or answer.status == 404)
        for name, before in windows.items():
            reading = read_window(answer.headers, name, now=now) if answer else None
            stamp, window = lease.stamps.get(name, Stamp()), before
            if reading is not None:
                window = settled(
                    before,
                    reading,
                    stamp,
                    now=now,
                    is_probe=name in lease.probes,
                    outstanding=posts if name == "posts" else credits,
                    outstanding_before=posts_before if name == "posts" else credits_before,
                    own=self._own(before, now),
                )
                if name == "client" and reading.remaining == 0 and answer is not None:
                    is_late = before.is_told and stamp.generation != before.generation
                    words = f"0 of {reading.limit} left, with status {answer.status}"
                    self._strike(window, stamp.generation if is_late else window.generation, words, now)
            elif name in APPLYING[lease.kind]:
                window = replace(before, blind=before.blind + lease.cost)
                if name in lease.probes and is_good and stamp.generation == before.generation:
                    window = untold(window)
            if window != before:
                self._keep(window)
                windows[name] = window
        if is_good:
            self._forget_cool_down(lease)
        return _shown(windows)

    def _forget_cool_down(self, lease: Lease) -> None:
        silent_until, step = self._silence()
        if step and silent_until is not None and lease.at >= silent_until:
            self._ask("update state set silent_until = null, step = 0")

    def _strike(self, day: Held, generation: int, told: str, now: datetime) -> None:
        added = self._ask(
            "insert into strikes (at, month, generation, told, own_charges, foreign_) "
            "values (?, ?, ?, ?, ?, ?) on conflict (generation) do nothing returning 1",
            _number(now),
            _month(now),
            generation,
            told,
            self._own(day, now).in_length,
            day.foreign,
        )
        if added:
            logger.warning("the application's day is used up, a strike: %s", told)
            self._ask("delete from strikes where at < ?", _number(now - KEEP_STRIKES))

    # what lies in the file

    def _book(self, now: datetime) -> Book:
        self._ask("delete from leases where expires_at <= ?", _number(now))
        windows = self._windows(now)
        silent_until, _ = self._silence()
        [(strikes,)] = self._ask("select count(*) from strikes where month = ?", _month(now))
        return Book(
            windows=windows,
            own={name: self._own(window, now) for name, window in windows.items()},
            probed=self._probed(),
            strikes=strikes,
            silent_until=silent_until,
        )

    def _windows(self, now: datetime) -> dict[WindowName, Held]:
        windows: dict[WindowName, Held] = {name: Held(name) for name in RULES}
        for row in self._ask(_WINDOWS):
            name = cast(WindowName, row[0])
            windows[name] = Held(
                name,
                limit=row[1],
                remaining=row[2],
                resets_at=_time_or_none(row[3]),
                told=row[4],
                told_at=_time_or_none(row[5]),
                is_told=bool(row[6]),
                generation=row[7],
                foreign=row[8],
                leased=row[9],
                blind=row[10],
                refilled_after=_time_or_none(row[11]),
                refilled_before=_time_or_none(row[12]),
            )
        return windows

    def _keep(self, window: Held) -> None:
        self._ask(
            "insert or replace into windows values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            window.name,
            window.limit,
            window.remaining,
            _number_or_none(window.resets_at),
            window.told,
            _number_or_none(window.told_at),
            window.is_told,
            window.generation,
            window.foreign,
            window.leased,
            window.blind,
            _number_or_none(window.refilled_after),
            _number_or_none(window.refilled_before),
        )

    def _own(self, window: Held, now: datetime) -> Own:
        column, length = ("posts" if window.name == "posts" else "credits"), window.rule.length
        total = self._total(column)
        in_length = total - self._total(column, before=now - length)
        ended_at = max(now - length, window.ends_at or now - length)
        since_end = total - self._total(column, before=ended_at) if ended_at <= now else 0
        frees_at = None
        if not window.is_known(now):
            limit = window.rule.limit if window.limit is None else window.limit
            [(second,)] = self._ask(
                f"select min(second) from charges where {column} > ?", max(0, total - max(limit, 1))
            )
            frees_at = None if second is None else datetime.fromtimestamp(second + 1, UTC) + length
        return Own(in_length, since_end, frees_at)

    def _total(self, column: str, *, before: datetime | None = None) -> int:
        """What was charged ever, or until a second before *before*."""
        rows = self._ask(
            f"select {column} from charges where second < ? order by second desc limit 1",
            2**62 if before is None else int(before.timestamp()),
        )
        return int(rows[0][0]) if rows else 0

    def _charge(self, credits: int, posts: int, now: datetime) -> None:
        """Add to the charges: running totals, so that a stretch of them is one subtraction."""
        second = int(now.timestamp())
        rows = self._ask("select second, credits, posts from charges order by second desc limit 1")
        last, all_credits, all_posts = rows[0] if rows else (0, 0, 0)
        self._ask(
            "insert or replace into charges values (?, ?, ?)",
            max(second, last),
            all_credits + credits,
            all_posts + posts,
        )
        if second > last:  # one is kept from before the day, from which the others count
            self._ask(
                "delete from charges where second < (select max(second) from charges where second < ?)",
                second - int(DAY.total_seconds()) - 60,
            )

    def _probed(self) -> dict[WindowName, datetime]:
        """Windows that a lease is to tell of, and since when; a process that is gone tells nothing."""
        probed: dict[WindowName, datetime] = {}
        for names, at, pid in self._ask("select probes, at, pid from leases where probes != ''"):
            if _is_alive(pid):
                for name in cast(list[WindowName], names.split(",")):
                    probed[name] = min(_time(at), probed.get(name, _time(at)))
        return probed

    def _silence(self) -> tuple[datetime | None, int]:
        [(silent_until, step)] = self._ask("select silent_until, step from state")
        return _time_or_none(silent_until), step

    def _turn_back(self, now: datetime) -> None:
        """Mend what a clock that was set back has left in the future."""
        at = _number(now)
        for window in self._windows(now).values():
            if (mended := turned_back(window, now=now)) != window:
                self._keep(mended)
        self._ask("update leases set at = min(at, ?), expires_at = min(expires_at, ?)", at, at + _LIFETIME)
        self._ask("update state set silent_until = min(silent_until, ?)", _number(now + COOL_DOWNS[-1]))
        rows = self._ask("select credits, posts from charges order by second desc limit 1")
        if rows and self._ask("delete from charges where second >= ? returning 1", int(at)):
            self._ask("insert into charges values (?, ?, ?)", int(at), *rows[0])

    @contextmanager
    def _transaction(self) -> Iterator[datetime]:
        """Everything or nothing, and nobody else in between; the value is the present instant."""
        with self._lock:
            self._db.execute("begin immediate")
            try:
                now = self._clock.now()  # not before: waiting for the others takes time
                self._let_pass(now)
                yield now
            except BaseException:
                self._db.execute("rollback")
                raise
            self._db.execute("commit")

    def _let_pass(self, now: datetime) -> None:
        [(last_at,)] = self._ask("select last_at from state")
        if _number(now) < last_at - 1:
            self._turn_back(now)
        if abs(_number(now) - last_at) >= 1:
            self._ask("update state set last_at = ?", _number(now))

    def _ask(self, sql: str, *values: object) -> list[Any]:
        return self._db.execute(sql, values).fetchall()

    @contextmanager
    def _told_if_unusable(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> ConfigurationError:
        words = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return ConfigurationError(
            f"The credit ledger {self.path} cannot be used ({words}). Without it nothing is asked. "
            "Make it a file that this user can write to, or move it away: windows are learned anew "
            "from the next reply, but strikes of this month are forgotten with it."
        )


def ledger_path(state_dir: Path, client_id: str) -> Path:
    """Where the ledger of *client_id* lies; only a hash of the id is in its name."""
    return state_dir / f"credits.{hashlib.sha256(client_id.encode()).hexdigest()[:16]}.sqlite"


def standing_of(state_dir: Path, client_id: str, *, clock: Clock) -> Standing | None:
    """What the ledger of *client_id* knows; None where it was never used, and it is not made then.

    Raises:
        ConfigurationError: when its file cannot be used.
    """
    path = ledger_path(state_dir, client_id)
    if not path.exists():
        return None
    ledger = CreditLedger(path, clock=clock)
    try:
        return ledger.standing()
    finally:
        ledger.close()


_LIFETIME = LEASE_LIFETIME.total_seconds()


def _shown(windows: Mapping[WindowName, Held]) -> dict[WindowName, Window]:
    return {name: shown for name, window in windows.items() if (shown := window.shown()) is not None}


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # somebody else's
    return True


def _month(now: datetime) -> str:
    return now.astimezone(UTC).strftime("%Y-%m")


def _number(moment: datetime) -> float:
    return moment.timestamp()


def _number_or_none(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def _time(number: float) -> datetime:
    return datetime.fromtimestamp(number, UTC)


def _time_or_none(number: float | None) -> datetime | None:
    return None if number is None else datetime.fromtimestamp(number, UTC)
