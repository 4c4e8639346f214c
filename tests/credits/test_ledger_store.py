"""The ledger's file: what an earlier version has left in it counts, and what this one writes it can read."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from imgur_source.credits.ledger import CreditLedger
from imgur_source.credits.rules import RequestKind
from imgur_source.credits.status import Strike, WaitUntil
from tests.support.fakes import NIGHT, FakeClock
from tests.support.ledgers import asked, leased, rate_headers

AT, MINUTE = NIGHT.timestamp(), timedelta(minutes=1)
# as the version before this one has left it: one request under way, another process that shared the hour
EARLIER = f"""
    create table windows (name text primary key, limit_ integer, remaining integer not null, resets_at real,
        told integer, told_at real, is_told integer not null, generation integer not null,
        foreign_ integer not null, leased integer not null, blind integer not null, refilled_after real,
        refilled_before real) strict;
    create table leases (number integer primary key autoincrement, process text not null, pid integer not null,
        at real not null, expires_at real not null, credits integer not null, posts integer not null,
        probes text not null) strict;
    create table charges (second integer primary key, credits integer not null, posts integer not null) strict;
    create table processes (process text primary key, seen_at real not null, generation integer not null,
        taken integer not null) strict;
    create table strikes (at real not null, month text not null, generation integer not null unique,
        told text not null, own_charges integer not null, foreign_ integer not null) strict;
    create table state (one integer primary key check (one = 1), last_at real not null, silent_until real,
        step integer not null) strict;
    insert into state values (1, {AT}, {AT + 600}, 1);
    insert into windows values
        ('user', 500, 90, {AT + 1800}, 91, {AT}, 1, 3, 20, 400, 2, null, null),
        ('client', 12500, 8000, {AT + 7200}, 8001, {AT}, 1, 5, 700, 3000, 2, {AT - 9000}, {AT - 3600}),
        ('requests', null, 0, null, null, null, 0, 0, 0, 0, 0, null, null),
        ('posts', null, 0, null, null, null, 0, 0, 0, 2, 2, null, null);
    insert into leases values (7, '12-ab', 12, {AT - 1}, {AT + 599}, 1, 0, '');
    insert into charges values ({int(AT) - 4000}, 100, 1), ({int(AT) - 1}, 160, 2);
    insert into processes values ('12-ab', {AT}, 3, 40);
    insert into strikes values ({AT - 86400}, '2026-11', 2, '0 of 12500 left, with status 429', 900, 11600);
    pragma user_version = 1
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "credits.sqlite"
    with sqlite3.connect(path) as db:
        db.executescript(EARLIER)
    db.close()
    return path


def test_file__of_the_version_before_goes_on(path: Path, clock: FakeClock) -> None:
    """Windows, charges, strikes, the cool-down and what is under way are all heeded."""
    ledger = CreditLedger(path, clock=clock)
    status = ledger.status()

    assert [status.left(name) for name in ("user", "client", "requests", "posts")] == [90, 8_000, None, None]
    assert [status.windows[name].own_charges for name in ("user", "client", "posts")] == [60, 160, 1]
    assert [status.windows[name].spent_elsewhere for name in ("user", "client")] == [20, 700]
    assert status.floor("client") == 500
    assert status.strikes == (
        Strike(NIGHT - timedelta(days=1), "0 of 12500 left, with status 429", 900, 11_600),
    )
    assert [(lease.number, lease.kind, lease.cost) for lease in status.leases] == [(7, "read", 1)]
    assert status.silent_until == NIGHT + 10 * MINUTE
    assert isinstance(ledger.reserve(), WaitUntil)
    clock.advance(10 * MINUTE)
    asked(ledger, rate_headers(hour=88, day=7_998, reset=1_200))
    assert (ledger.status().left("user"), ledger.over_capacity() - clock.now()) == (88, 10 * MINUTE)
    ledger.close()


def test_file__has_what_the_version_before_reads(path: Path, tmp_path: Path, clock: FakeClock) -> None:
    """Whoever goes back a version finds each table with the same columns, and every window in its row."""
    new = tmp_path / "new.sqlite"
    CreditLedger(new, clock=clock).close()
    found = []
    for file in (path, new):
        with sqlite3.connect(file) as db:
            tables = [
                name
                for (name,) in db.execute("select name from sqlite_master where type = 'table' order by 1")
            ]
            columns = {name: db.execute(f"pragma table_info({name})").fetchall() for name in tables}
            rows = db.execute("select name from windows order by 1").fetchall()
            found.append((columns, rows, db.execute("pragma user_version").fetchall()))
        db.close()

    assert found[0] == found[1]


KINDS: tuple[RequestKind, ...] = ("read", "post", "free")


@pytest.mark.parametrize("kind", KINDS)
def test_leases__are_read_back_as_they_were_given(kind: RequestKind, clock: FakeClock) -> None:
    """What another process has leased is known by kind, cost and what it is to tell of."""
    ledger = CreditLedger(None, clock=clock)
    lease = leased(ledger, 3, kind=kind)
    [other] = ledger.status().leases

    assert (lease.kind, lease.cost) == (kind, {"read": 3, "post": 1, "free": 0}[kind])
    assert (other.number, other.kind, other.cost) == (lease.number, lease.kind, lease.cost)
    assert (other.at, other.probes) == (lease.at, lease.probes)
