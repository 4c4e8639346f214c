"""What the credit ledger keeps, in one SQLite file: windows, leases, charges, strikes and the cool-down.

Knows tables, transactions and the clock that may jump; what they mean for a request
is decided in ``ledger.py``. The file holds no secret.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from imgur_source.clock import Clock
from imgur_source.credits.rules import (
    COOL_DOWNS,
    DAY,
    RULES,
    RequestKind,
    Window,
    WindowName,
    turned_back,
)
from imgur_source.credits.status import CreditStatus, Lease, Strike
from imgur_source.errors import ConfigurationError
from imgur_source.sqlite_file import open_sqlite

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


class LedgerStore:
    """One file of a ledger; may be shared by threads, and by processes that each have a store of their own.

    Every method but ``transaction`` and ``close`` is called within a transaction.

    Args:
        path: the file, made where it is not there; None for one in memory, for this object alone.

    Raises:
        ConfigurationError: when the file cannot be used.
    """

    def __init__(self, path: Path | None, *, clock: Clock) -> None:
        self.path = path
        self._clock = clock
        self._lock = threading.RLock()
        try:
            self._db = open_sqlite(path, tables=_TABLES, version=_VERSION)
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error
        weakref.finalize(self, self._db.close)

    @contextmanager
    def transaction(self) -> Iterator[datetime]:
        """Everything or nothing, and nobody else in between; the value is the present instant.

        Raises:
            ConfigurationError: when the file cannot be used any more.
        """
        with self._lock:
            try:
                self._ask("begin immediate")
                try:
                    now = self._clock.now()  # not before: waiting for the others takes time
                    self._let_pass(now)
                    yield now
                except BaseException:
                    self._ask("rollback")
                    raise
                self._ask("commit")
            except sqlite3.Error as error:
                raise self._unusable(error) from error

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            self._db.close()

    def status(self, now: datetime, *, accept_strike_risk: bool) -> CreditStatus:
        """All that is known at *now*."""
        silent_until, _ = self.silence()
        return CreditStatus(
            at=now,
            windows=self.windows(now),
            leases=self.leases(now),
            strikes=self._strikes(now),
            silent_until=silent_until if silent_until and now < silent_until else None,
            accept_strike_risk=accept_strike_risk,
        )

    def windows(self, now: datetime) -> dict[WindowName, Window]:
        """Every window, with our own charges up to *now*."""
        windows = {name: Window(name) for name in RULES}
        for name, told, is_told, resets_at, told_at, *rest in self._ask(
            "select name, told, is_told, resets_at, told_at, limit_, remaining, generation, foreign_, "
            "leased, blind from windows"
        ):
            limit, remaining, generation, spent_elsewhere, leased, unanswered = rest
            windows[name] = Window(
                name,
                known_limit=limit,
                remaining=remaining,
                resets_at=_time_or_none(resets_at),
                told=told if is_told else None,
                told_at=_time_or_none(told_at),
                generation=generation,
                spent_elsewhere=spent_elsewhere,
                leased=leased,
                unanswered=unanswered,
            )
        return {name: self._with_own_charges(window, now=now) for name, window in windows.items()}

    def keep(self, window: Window) -> None:
        """Write *window* in the place of what was known of it."""
        self._ask(
            "insert or replace into windows (name, limit_, remaining, resets_at, told, told_at, is_told, "
            "generation, foreign_, leased, blind) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            window.name,
            window.known_limit,
            window.remaining,
            _number_or_none(window.resets_at),
            window.told,
            _number_or_none(window.told_at),
            window.is_told,
            window.generation,
            window.spent_elsewhere,
            window.leased,
            window.unanswered,
        )

    def leases(self, now: datetime) -> tuple[Lease, ...]:
        """The leases that are neither settled nor expired, oldest first."""
        rows = self._ask(
            "select number, pid, at, credits, posts, probes from leases where expires_at > ? order by number",
            _number(now),
        )
        return tuple(
            Lease(
                number,
                _kind_of(credits=credits, posts=posts),
                credits or posts,
                _time(at),
                _windows_of(probes, pid=pid),
            )
            for number, pid, at, credits, posts, probes in rows
        )

    def add_lease(
        self, kind: RequestKind, *, cost: int, now: datetime, probes: frozenset[WindowName]
    ) -> Lease:
        """Put down a lease and its charge; those that have expired are forgotten, and stay charged."""
        credits, posts = (cost if kind == "read" else 0), (cost if kind == "post" else 0)
        self._ask("delete from leases where expires_at <= ?", _number(now))
        [(number,)] = self._ask(
            "insert into leases (process, pid, at, expires_at, credits, posts, probes) "
            "values ('', ?, ?, ?, ?, ?, ?) returning number",
            os.getpid(),
            _number(now),
            _number(now + LEASE_LIFETIME),
            credits,
            posts,
            ",".join(sorted(probes)),
        )
        if cost:
            self._charge(credits=credits, posts=posts, now=now)
        return Lease(number, kind, cost, now, probes)

    def drop_lease(self, number: int) -> None:
        """Forget a lease that is settled."""
        self._ask("delete from leases where number = ?", number)

    def add_strike(self, strike: Strike, *, generation: int) -> bool:
        """Put down a strike; False where that *generation* of the day has one already."""
        added = self._ask(
            "insert into strikes (at, month, generation, told, own_charges, foreign_) "
            "values (?, ?, ?, ?, ?, ?) on conflict (generation) do nothing returning 1",
            _number(strike.at),
            _month(strike.at),
            generation,
            strike.told,
            strike.own_charges,
            strike.spent_elsewhere,
        )
        self._ask("delete from strikes where at < ?", _number(strike.at - KEEP_STRIKES))
        return bool(added)

    def silence(self) -> tuple[datetime | None, int]:
        """The end of the last cool-down, None where there was none since a good reply, and its step."""
        [(silent_until, step)] = self._ask("select silent_until, step from state")
        return _time_or_none(silent_until), step

    def be_silent(self, until: datetime | None, *, step: int) -> None:
        """Put down a cool-down; None and step 0 forget it."""
        self._ask("update state set silent_until = ?, step = ?", _number_or_none(until), step)

    def _strikes(self, now: datetime) -> tuple[Strike, ...]:
        rows = self._ask(
            "select at, told, own_charges, foreign_ from strikes where month = ? order by at", _month(now)
        )
        return tuple(Strike(_time(at), *evidence) for at, *evidence in rows)

    def _with_own_charges(self, window: Window, *, now: datetime) -> Window:
        column, length = ("posts" if window.name == "posts" else "credits"), window.rule.length
        total = self._total(column)
        ended_at = max(now - length, window.ends_at or now - length)
        frees_at = None
        if not window.is_known(now):
            [(second,)] = self._ask(
                f"select min(second) from charges where {column} > ?", max(0, total - max(window.limit, 1))
            )
            frees_at = None if second is None else _time(second + 1) + length
        return replace(
            window,
            own_charges=total - self._total(column, before=now - length),
            own_since_end=total - self._total(column, before=ended_at) if ended_at <= now else 0,
            own_frees_at=frees_at,
        )

    def _total(self, column: str, *, before: datetime | None = None) -> int:
        """What was charged ever, or until a second before *before*."""
        rows = self._ask(
            f"select {column} from charges where second < ? order by second desc limit 1",
            2**62 if before is None else int(before.timestamp()),
        )
        return int(rows[0][0]) if rows else 0

    def _charge(self, *, credits: int, posts: int, now: datetime) -> None:
        """Add to the charges: running totals, so that those of a time are one subtraction."""
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

    def _let_pass(self, now: datetime) -> None:
        [(last_at,)] = self._ask("select last_at from state")
        if _number(now) < last_at - 1:
            self._turn_back(now)
        if abs(_number(now) - last_at) >= 1:
            self._ask("update state set last_at = ?", _number(now))

    def _turn_back(self, now: datetime) -> None:
        """Mend what a clock that was set back has left in the future."""
        at = _number(now)
        for window in self.windows(now).values():
            if (mended := turned_back(window, now=now)) != window:
                self.keep(mended)
        self._ask(
            "update leases set at = min(at, ?), expires_at = min(expires_at, ?)",
            at,
            _number(now + LEASE_LIFETIME),
        )
        self._ask("update state set silent_until = min(silent_until, ?)", _number(now + COOL_DOWNS[-1]))
        rows = self._ask("select credits, posts from charges order by second desc limit 1")
        if rows and self._ask("delete from charges where second >= ? returning 1", int(at)):
            self._ask("insert into charges values (?, ?, ?)", int(at), *rows[0])

    def _ask(self, sql: str, *values: object) -> list[Any]:
        return self._db.execute(sql, values).fetchall()

    def _unusable(self, error: Exception) -> ConfigurationError:
        words = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return ConfigurationError(
            f"The credit ledger {self.path} cannot be used ({words}). Without it nothing is asked. "
            "Make it a file that this user can write to, or move it away: windows are learned anew "
            "from the next reply, but strikes of this month are forgotten with it."
        )


def _kind_of(*, credits: int, posts: int) -> RequestKind:
    """The kind of a stored lease: each costs credits, a POST request, or nothing."""
    if posts:
        return "post"
    return "read" if credits else "free"


def _windows_of(probes: str, *, pid: int) -> frozenset[WindowName]:
    """The windows that a stored lease is to tell of; a process that is gone tells nothing."""
    if not probes or not _is_alive(pid):
        return frozenset()
    return frozenset(cast(list[WindowName], probes.split(",")))


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
