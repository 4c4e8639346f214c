"""The journal of paid replies: what a kill cannot lose, what comes back, and what never does."""

from __future__ import annotations

import json
import logging
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from imgur_source.api.journal import REPLAY_WITHIN, Body, Journal, Recorded, request_key
from imgur_source.clock import SystemClock
from imgur_source.records import scrubbed
from tests.support.fakes import NIGHT, FakeClock

PAGE_0 = "s|me|/3/account/me/images/0?"
PAGE_1 = "s|me|/3/account/me/images/1?"
SECOND = timedelta(seconds=1)


def a_body(name: str = "one") -> bytes:
    return json.dumps({"data": [{"id": name}], "success": True, "status": 200}).encode()


def a_journal(folder: Path, clock: FakeClock, *, bodies_limit_bytes: int = 64_000_000) -> Journal:
    return Journal(
        folder / "work" / "journal.sqlite",
        clock=clock,
        scrub=scrubbed,
        bodies_limit_bytes=bodies_limit_bytes,
    )


def begun(folder: Path, clock: FakeClock, *, confirmed: int | None = None) -> Journal:
    journal = a_journal(folder, clock)
    journal.begin(confirmed=confirmed)
    return journal


def record(journal: Journal, key: str, body: bytes, clock: FakeClock) -> None:
    journal.record(key, status=200, body=body, headers={}, received_at=clock.now())


def a_reply(body: bytes, after: timedelta = timedelta()) -> Recorded:
    return Recorded(200, {}, body, NIGHT + after, False)


def all_left(journal: Journal, *keys: str) -> list[Recorded | None]:
    """Everything that can be replayed for *keys*, and one None per key."""
    replies: list[Recorded | None] = []
    for key in keys:
        replies.append(journal.replay(key))
        while replies[-1]:
            replies.append(journal.replay(key))
    return replies


def warnings_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [entry.getMessage() for entry in caplog.records if entry.levelno >= logging.WARNING]


def held(path: Path) -> list[tuple[Any, ...]]:
    """Package, key and body of the replies in the file."""
    with sqlite3.connect(path) as db:
        rows = db.execute("select package, key, body from replies order by number").fetchall()
    db.close()
    return [(package, key, zlib.decompress(body)) for package, key, body in rows]


# what the caller calls a request


def test_request_key__is_the_same_for_the_same_request() -> None:
    """Parameters come in any order and are quoted; server, login and path tell requests apart."""
    key = request_key("/3/gallery/search", params={"q": "a|b c", "page": "0"}, as_me=False, scope="5f0e")

    assert key == "5f0e|public|/3/gallery/search?page=0&q=a%7Cb+c"
    assert key == request_key(
        "/3/gallery/search", params={"page": "0", "q": "a|b c"}, as_me=False, scope="5f0e"
    )
    assert request_key("/3/account/me", params=None, as_me=True, scope="") == "|me|/3/account/me?"


# the life of a reply


def test_record__is_on_disk_when_it_returns(tmp_path: Path, clock: FakeClock) -> None:
    """Another connection finds the reply in this run's package while the journal is still open."""
    with begun(tmp_path, clock) as journal:
        record(journal, PAGE_0, a_body(), clock)

        assert held(journal.path) == [(1, PAGE_0, a_body())]


def test_replay__gives_back_what_a_run_left(tmp_path: Path, clock: FakeClock) -> None:
    """The next run gets status, body, time and announcement of each reply as they came, and nothing invented."""
    with begun(tmp_path, clock) as journal:
        journal.record(
            PAGE_0,
            status=404,
            body=a_body(),
            headers={"sunset": "Sat, 31 Jul 2027 00:00:00 GMT", "set-cookie": "session=1"},
            received_at=NIGHT,
            is_unchanged=True,
        )
    clock.advance(timedelta(hours=3))
    with begun(tmp_path, clock) as journal:
        assert (journal.package, journal.left, journal.newest_left) == (2, 1, NIGHT)
        assert all_left(journal, PAGE_1, PAGE_0) == [
            None,
            Recorded(404, {"sunset": "Sat, 31 Jul 2027 00:00:00 GMT"}, a_body(), NIGHT, True),
            None,
        ]
        assert journal.left == 0


def test_end_replays__leaves_the_rest_to_another_run(tmp_path: Path, clock: FakeClock) -> None:
    """What is no longer wanted in this run is neither given nor lost."""
    with begun(tmp_path, clock) as journal:
        record(journal, PAGE_0, a_body("0"), clock)
    with begun(tmp_path, clock) as journal:
        journal.end_replays()
        assert journal.replay(PAGE_0) is None
        package = journal.seal()
    with begun(tmp_path, clock, confirmed=package) as journal:
        assert journal.replay(PAGE_0) is not None


def test_replay__keeps_the_order_of_two_replies_to_one_request(tmp_path: Path, clock: FakeClock) -> None:
    """A page that was read twice comes twice, the older reply first, and a third time not at all."""
    with begun(tmp_path, clock) as journal:
        record(journal, PAGE_0, a_body("first"), clock)
        record(journal, PAGE_1, a_body("other"), clock)
        clock.advance(SECOND)
        record(journal, PAGE_0, a_body("second"), clock)

    with begun(tmp_path, clock) as journal:
        assert (journal.left, journal.newest_left) == (3, NIGHT + SECOND)
        assert all_left(journal, PAGE_0) == [
            a_reply(a_body("first")),
            a_reply(a_body("second"), SECOND),
            None,
        ]
        assert journal.left == 1


def test_replay__does_not_give_what_this_run_recorded(tmp_path: Path, clock: FakeClock) -> None:
    """A reply of this run is in use already; asking again means wanting a new one."""
    with begun(tmp_path, clock) as journal:
        record(journal, PAGE_0, a_body(), clock)

        assert (journal.replay(PAGE_0), journal.left, journal.newest_left) == (None, 0, None)


def test_replay__joins_the_package_of_the_run_that_uses_it(tmp_path: Path, clock: FakeClock) -> None:
    """A replayed reply is confirmed with the package that holds its rows, and left again if that is lost."""
    with begun(tmp_path, clock) as journal:
        record(journal, PAGE_0, a_body(), clock)
    with begun(tmp_path, clock) as killed:
        assert killed.replay(PAGE_0) == a_reply(a_body())
    with begun(tmp_path, clock, confirmed=1) as journal:
        assert held(journal.path) == [(2, PAGE_0, a_body())]
        assert journal.replay(PAGE_0) == a_reply(a_body())
        package = journal.seal()
        journal.confirm(package)

        assert (package, held(journal.path)) == (3, [])


def test_begin__drops_what_is_known_to_be_loaded(tmp_path: Path, clock: FakeClock) -> None:
    """A run that was killed after its load, before it could confirm, leaves nothing to replay."""
    with begun(tmp_path, clock) as journal:
        record(journal, PAGE_0, a_body(), clock)
        loaded = journal.seal()

    with begun(tmp_path, clock, confirmed=loaded) as journal:
        assert (journal.left, journal.newest_left, journal.replay(PAGE_0)) == (0, None, None)
        assert (journal.package, held(journal.path)) == (2, [])


@pytest.mark.parametrize(("late", "is_left"), [(timedelta(), True), (SECOND, False)])
def test_begin__drops_what_is_older_than_a_day(
    late: timedelta, is_left: bool, tmp_path: Path, clock: FakeClock
) -> None:
    """A reply counts for a day to the second, whatever zone its time was told in."""
    with begun(tmp_path, clock) as journal:
        record(journal, PAGE_0, a_body(), clock)
    clock.advance(REPLAY_WITHIN + late)

    with begun(tmp_path, clock) as journal:
        assert journal.left == int(is_left)
        assert held(journal.path) == ([(1, PAGE_0, a_body())] if is_left else [])


@pytest.mark.parametrize(("confirmed", "package"), [(None, 3), (0, 3), (1, 3), (2, 3), (40, 41)])
def test_begin__opens_a_package_above_all_known(
    confirmed: int | None, package: int, tmp_path: Path, clock: FakeClock
) -> None:
    """No package of the file and none of the state is ever filled a second time."""
    for _ in range(2):
        with begun(tmp_path, clock) as journal:
            record(journal, PAGE_0, a_body(), clock)

    with begun(tmp_path, clock, confirmed=confirmed) as journal:
        assert journal.package == package


def test_seal__leaves_what_nobody_asked_for_to_the_next_run(tmp_path: Path, clock: FakeClock) -> None:
    """A reply that was not replayed is not among the rows, so confirming them does not drop it."""
    with begun(tmp_path, clock) as journal:
        record(journal, PAGE_0, a_body("asked for"), clock)
        record(journal, PAGE_1, a_body("not asked for"), clock)
    with begun(tmp_path, clock) as journal:
        journal.replay(PAGE_0)
        package = journal.seal()
        journal.confirm(package)
        assert (package, journal.package) == (2, 2)

    with begun(tmp_path, clock, confirmed=package) as journal:
        assert all_left(journal, PAGE_0, PAGE_1) == [None, a_reply(a_body("not asked for")), None]


def test_seal__keeps_later_replies_out_of_the_package(tmp_path: Path, clock: FakeClock) -> None:
    """What is recorded, or replayed, after the rows were handed over is not confirmed with them."""
    with begun(tmp_path, clock) as journal:
        record(journal, PAGE_0, a_body("left"), clock)
    with begun(tmp_path, clock) as journal:
        package = journal.seal()
        journal.replay(PAGE_0)
        record(journal, PAGE_1, a_body("late"), clock)
        journal.confirm(package)

        assert held(journal.path) == [(3, PAGE_0, a_body("left")), (3, PAGE_1, a_body("late"))]


def test_begin__opens_the_next_round_of_the_same_run(tmp_path: Path, clock: FakeClock) -> None:
    """A run may fill one package after the other: what one left comes in the next."""
    with begun(tmp_path, clock) as journal:
        package = journal.seal()
        record(journal, PAGE_0, a_body("late"), clock)
        journal.confirm(package)
        journal.begin(confirmed=package)

        assert (journal.package, journal.replay(PAGE_0)) == (3, a_reply(a_body("late")))


def test_forget_replies__drops_all(tmp_path: Path, clock: FakeClock) -> None:
    """Rows that the destination refuses do not come back for ever; kept bodies are not touched."""
    with begun(tmp_path, clock) as journal:
        record(journal, PAGE_0, a_body(), clock)
    with begun(tmp_path, clock) as journal:
        record(journal, PAGE_1, a_body(), clock)
        journal.keep(PAGE_1, etag='"1"', body=a_body())
        journal.forget_replies()

        assert (journal.left, journal.replay(PAGE_0), held(journal.path)) == (0, None, [])
        assert journal.known(PAGE_1) == Body('"1"', a_body())


# bodies by their ETag


def test_known__is_the_last_body_of_a_request(tmp_path: Path, clock: FakeClock) -> None:
    """Each request has one body, the last one, also in the next run."""
    with begun(tmp_path, clock) as journal:
        journal.keep(PAGE_0, etag='"1"', body=a_body("old"))
        journal.keep(PAGE_0, etag='W/"2"', body=a_body("new"))
    with begun(tmp_path, clock) as journal:
        assert (journal.known(PAGE_0), journal.known(PAGE_1)) == (Body('W/"2"', a_body("new")), None)


def test_forget_bodies__by_path(tmp_path: Path, clock: FakeClock) -> None:
    """Bodies are dropped by the start of their path, whoever asked, or all."""
    keys = [
        "s|me|/3/account/me/images/0?",
        "s|public|/3/account/me/images/1?",
        "s|me|/3/album/x?a=/3/account",
    ]
    with begun(tmp_path, clock) as journal:
        for key in keys:
            journal.keep(key, etag='"1"', body=a_body())
        journal.forget_bodies(["/3/account/", "/3/gallery/"])
        by_path = [journal.known(key) is not None for key in keys]
        journal.forget_bodies([])
        by_none = [journal.known(key) is not None for key in keys]
        journal.forget_bodies()

        assert (by_path, by_none) == ([False, False, True], [False, False, True])
        assert [journal.known(key) for key in keys] == [None, None, None]


def test_keep__drops_the_longest_unused_when_full(tmp_path: Path, clock: FakeClock) -> None:
    """The bodies stay within their limit, by size; the ones used last stay, also over two runs."""
    size = len(zlib.compress(a_body("a"), 1))
    with a_journal(tmp_path, clock, bodies_limit_bytes=3 * size) as journal:
        for name in "abc":
            journal.keep(name, etag=name, body=a_body(name))
            clock.advance(SECOND)
        journal.keep("c", etag="c", body=a_body("c"))
        journal.known("a")
    clock.advance(SECOND)
    with a_journal(tmp_path, clock, bodies_limit_bytes=3 * size) as journal:
        journal.keep("d", etag="d", body=a_body("d"))

        assert [journal.known(name) for name in "abcd"] == [
            Body("a", a_body("a")),
            None,
            Body("c", a_body("c")),
            Body("d", a_body("d")),
        ]


# secrets and damage


def test_record__leaves_secrets_out(tmp_path: Path, clock: FakeClock) -> None:
    """No deletehash and no e-mail reaches the disk, however deep; half an emoji beside it is no matter."""
    body = b'{"data": [{"id": "a", "DeleteHash": "dh-77", "by": {"email": "x@y.z", "n": "\\ud83d\x01"}}]}'
    with begun(tmp_path, clock) as journal:
        record(journal, PAGE_0, body, clock)
        journal.keep(PAGE_0, etag='"1"', body=body)
        kept = journal.known(PAGE_0)
    with begun(tmp_path, clock) as journal:
        reply = journal.replay(PAGE_0)

    clean = b'{"data":[{"id":"a","by":{"n":"\\ud83d\\u0001"}}]}'
    assert (reply, kept) == (a_reply(clean), Body('"1"', clean))


@pytest.mark.parametrize(
    "body", [b'{"data": [{"deletehash": "dh-77"', b"<html>dh-77</html>", b"", b"[" * 200_000]
)
def test_record__keeps_nothing_of_a_body_that_cannot_be_read(
    body: bytes, tmp_path: Path, clock: FakeClock
) -> None:
    """Where secrets cannot be found they cannot be left out, so the body is; that there was a reply is kept."""
    with begun(tmp_path, clock) as journal:
        record(journal, PAGE_0, body, clock)
    with begun(tmp_path, clock) as journal:
        assert journal.replay(PAGE_0) == a_reply(b"")


@pytest.mark.parametrize(
    "body",
    [b'\xef\xbb\xbf{"data":[]}', b'{"data": [1.50, 12345678901234567890123]}', b'{"data": "\xff\\ud83d"}'],
)
def test_record__changes_nothing_where_there_is_no_secret(
    body: bytes, tmp_path: Path, clock: FakeClock
) -> None:
    """A body that holds no secret comes back byte for byte, whatever oddities it has."""
    with begun(tmp_path, clock) as journal:
        record(journal, PAGE_0, body, clock)
    with begun(tmp_path, clock) as journal:
        assert journal.replay(PAGE_0) == a_reply(body)


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o277], ids=oct)
def test_file__is_for_its_owner_only(umask: int, tmp_path: Path, clock: FakeClock) -> None:
    """The file and those that SQLite puts beside it have mode 0600, whatever the umask."""
    (tmp_path / "work").mkdir()
    before = os.umask(umask)
    try:
        with begun(tmp_path, clock) as journal:
            record(journal, PAGE_0, a_body(), clock)
            modes = {path.name: oct(path.stat().st_mode & 0o777) for path in journal.path.parent.iterdir()}
    finally:
        os.umask(before)

    assert modes == dict.fromkeys(["journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm"], "0o600")


def test_file__that_others_could_read_is_closed_to_them(tmp_path: Path, clock: FakeClock) -> None:
    """A file that was copied or restored with a wider mode gets its own back."""
    begun(tmp_path, clock).close()
    path = tmp_path / "work" / "journal.sqlite"
    path.chmod(0o644)
    begun(tmp_path, clock).close()

    assert oct(path.stat().st_mode & 0o777) == "0o600"


def spoil_all(path: Path) -> None:
    path.write_bytes(b"this is no database at all, but a text of some length" * 100)


def spoil_a_page(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)


def make_of_another_version(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("pragma user_version = 99")
    db.close()


@pytest.mark.parametrize("spoil", [spoil_all, spoil_a_page, make_of_another_version])
def test_file__that_is_broken_is_moved_aside(
    spoil: Any, tmp_path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that cannot be used is kept for a person under another name, and the run has a journal again."""
    with begun(tmp_path, clock) as journal:
        record(journal, PAGE_0, a_body("lost"), clock)
    spoil(journal.path)
    spoilt = journal.path.read_bytes()

    with begun(tmp_path, clock) as journal:
        record(journal, PAGE_1, a_body("new"), clock)
        assert (journal.replay(PAGE_0), held(journal.path)) == (None, [(1, PAGE_1, a_body("new"))])

    aside = journal.path.with_name("journal.sqlite.broken")
    assert aside.read_bytes() == spoilt
    [warning] = warnings_in(caplog)
    assert warning.startswith("journal was broken (")
    assert warning.endswith(f"moved to {aside} and begun anew")


def test_file__a_reply_damaged_on_disk_is_passed_over(tmp_path: Path, clock: FakeClock) -> None:
    """A body that does not unpack is no reply and no known body; the ones after it are."""
    with begun(tmp_path, clock) as journal:
        record(journal, PAGE_0, a_body("damaged"), clock)
        journal.keep(PAGE_0, etag='"1"', body=a_body())
        with sqlite3.connect(journal.path) as db:
            db.execute("update replies set body = x'00'")
            db.execute("update bodies set body = x'00'")
        db.close()
        record(journal, PAGE_0, a_body("whole"), clock)
        assert journal.known(PAGE_0) is None

    with begun(tmp_path, clock) as journal:
        assert all_left(journal, PAGE_0) == [a_reply(a_body("whole")), None]


@contextmanager
def a_full_disk(allowed_bytes: int) -> Iterator[None]:
    """No file may grow beyond *allowed_bytes*: writing more fails as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (allowed_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_record__on_a_full_disk_ends_the_journal_and_not_the_run(
    tmp_path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """The first write that fails is warned of, once; nothing is raised, and everything else still answers."""
    with begun(tmp_path, clock) as journal:
        record(journal, PAGE_0, a_body("left"), clock)
    with begun(tmp_path, clock) as journal:
        with a_full_disk(500_000):
            for _ in range(3):
                record(journal, PAGE_1, json.dumps(os.urandom(1_000_000).hex()).encode(), clock)
                journal.keep(PAGE_1, etag='"1"', body=a_body())
        journal.confirm(1)
        journal.forget_bodies()

        assert (journal.replay(PAGE_0), journal.known(PAGE_1), journal.seal()) == (None, None, 2)

    [warning] = warnings_in(caplog)
    assert warning.startswith(f"the run goes on without its journal {journal.path}: ")
    assert held(journal.path) == [(1, PAGE_0, a_body("left"))]


def test_file__in_a_place_that_cannot_be_is_done_without(
    tmp_path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A folder that cannot be made costs the journal, not the run; packages are still counted."""
    (tmp_path / "work").write_text("a file, where a folder should be")
    with begun(tmp_path, clock, confirmed=7) as journal:
        record(journal, PAGE_0, a_body(), clock)

        assert (journal.package, journal.left, journal.replay(PAGE_0), journal.seal()) == (8, 0, None, 8)
    assert len(warnings_in(caplog)) == 1


def test_close__ends_it_quietly(tmp_path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    """After closing, twice even, nothing is written, known or complained of."""
    journal = begun(tmp_path, clock)
    journal.keep(PAGE_0, etag='"1"', body=a_body())
    journal.close()
    journal.close()
    record(journal, PAGE_0, a_body(), clock)

    assert (journal.known(PAGE_0), held(journal.path), warnings_in(caplog)) == (None, [], [])


# threads and kills


@pytest.fixture
def restless_threads() -> Iterator[None]:
    """Threads take turns after a few instructions, so that what is not atomic comes apart."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("restless_threads")
def test_journal__is_shared_by_threads(tmp_path: Path, clock: FakeClock) -> None:
    """Of replies asked for by eight threads at once each comes once, and none is lost that they record."""
    bodies = [a_body(str(number)) for number in range(400)]
    with begun(tmp_path, clock) as journal, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda body: record(journal, PAGE_0, body, clock), bodies))
    with begun(tmp_path, clock) as journal, ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: journal.replay(PAGE_0), range(800)))

    got = [reply.body for reply in replies if reply]
    assert (sorted(got), journal.left) == (sorted(bodies), 0)


@pytest.mark.usefixtures("restless_threads")
def test_keep__by_threads_stays_within_the_limit(tmp_path: Path, clock: FakeClock) -> None:
    """Eight threads that keep bodies at once fill the store to its limit, neither over nor much under it."""
    keys = [str(number) for number in range(1_000, 1_300)]
    size = len(zlib.compress(a_body(keys[0]), 1))
    with (
        a_journal(tmp_path, clock, bodies_limit_bytes=100 * size) as journal,
        ThreadPoolExecutor(8) as pool,
    ):
        list(pool.map(lambda key: journal.keep(key, etag=key, body=a_body(key)), keys * 3))
        known = [body for body in pool.map(journal.known, keys) if body]

    assert 95 <= len(known) <= 105  # bodies differ in size by a byte or two
    assert [body for body in known if body.body != a_body(body.etag)] == []


KILLED = """
import os, signal, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from imgur_source.clock import SystemClock
from imgur_source.api.journal import Journal

journal = Journal(Path(sys.argv[1]), clock=SystemClock(), scrub=lambda value: value)
journal.begin(confirmed=None)
first = journal.replay("key-left")
at = datetime.now(UTC)
for number in range(300):
    journal.record(f"key-{number}", status=200, body=b'{"data":%d}' % number, headers={}, received_at=at)
print("replayed" if first else "nothing", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
def test_record__survives_a_kill(tmp_path: Path) -> None:
    """Of a process killed by SIGKILL every reply is there, those it had replayed too."""
    path, clock = tmp_path / "journal.sqlite", SystemClock()
    paid_at = clock.now()
    with Journal(path, clock=clock, scrub=scrubbed) as journal:
        journal.begin(confirmed=None)
        journal.record("key-left", status=200, body=b"1", headers={}, received_at=paid_at)

    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(path)], capture_output=True, text=True, check=False
    )
    assert (killed.returncode, killed.stdout.strip()) == (-signal.SIGKILL, "replayed"), killed.stderr

    with Journal(path, clock=clock, scrub=scrubbed) as journal:
        journal.begin(confirmed=1)
        assert journal.left == 301
        bodies = [getattr(journal.replay(f"key-{number}"), "body", None) for number in range(300)]
        again = journal.replay("key-left")

    assert bodies == [b'{"data":%d}' % number for number in range(300)]
    assert again == Recorded(200, {}, b"1", paid_at, False)


def test_plan__is_left_with_the_replies_that_it_paid_for(tmp_path: Path, clock: FakeClock) -> None:
    """The plan of a run that broke off comes back with its replies; of several the latest."""
    with begun(tmp_path, clock) as journal:
        journal.keep_plan({"lines": ["first"]})
        journal.keep_plan({"lines": ["made anew"]})
        record(journal, PAGE_0, a_body(), clock)
    with begun(tmp_path, clock) as journal:
        assert journal.plan_left == {"lines": ["made anew"]}


def test_plan__is_dropped_with_the_replies_that_were_loaded(tmp_path: Path, clock: FakeClock) -> None:
    """Once the package is confirmed nothing is left to follow, nor where no reply is left."""
    with begun(tmp_path, clock) as journal:
        journal.keep_plan({"lines": []})
        record(journal, PAGE_0, a_body(), clock)
        journal.confirm(journal.seal())
    with begun(tmp_path, clock) as journal:
        assert journal.plan_left is None
        journal.keep_plan({"lines": []})
    with begun(tmp_path, clock) as journal:
        assert journal.plan_left is None  # a plan that paid for nothing
