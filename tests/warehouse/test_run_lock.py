"""The run lock: one run per warehouse, its holder named, gone with its process."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from warehouse.run_lock import Holder, RunLock, RunLockedError

TWO_O_CLOCK = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
NO_PATIENCE = timedelta(0)
PIPELINES = Path(__file__).parents[2] / "pipelines"
HOLDING = """
import sys
from pathlib import Path
from imgur_source.clock import SystemClock
from warehouse.run_lock import RunLock

with RunLock(Path(sys.argv[1]), clock=SystemClock()):
    print("held", flush=True)
    sys.stdin.readline()
"""


class StandingClock:
    """A clock that always shows the same time."""

    def now(self) -> datetime:
        return TWO_O_CLOCK

    def sleep(self, duration: timedelta) -> None:
        raise AssertionError("nothing sleeps here")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "work" / "run.lock"


def a_lock(path: Path, *, patience: timedelta = NO_PATIENCE) -> RunLock:
    return RunLock(path, clock=StandingClock(), patience=patience)


@contextmanager
def another_process_holding(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A real process that holds the lock until the block ends, or until it is killed."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(path)],
        env={**os.environ, "PYTHONPATH": str(PIPELINES)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def this_process() -> Holder:
    return Holder(
        pid=os.getpid(), host=socket.gethostname(), started_at=TWO_O_CLOCK, command=shlex.join(sys.argv)
    )


def test_lock__names_its_holder_while_it_is_held(path: Path) -> None:
    """The run that holds the lock is known to everybody, and forgotten when it ends."""
    with a_lock(path):
        assert a_lock(path).holder() == this_process()
    assert a_lock(path).holder() is None
    assert sorted(file.name for file in path.parent.iterdir()) == ["run.lock"]


def test_lock__refuses_a_second_run(path: Path) -> None:
    """A second run is told who is at work, since when and where, and that nothing was done."""
    with a_lock(path), pytest.raises(RunLockedError) as refused, a_lock(path):
        pass
    assert refused.value.holder == this_process()
    assert str(refused.value) == (
        f"Another run (process {os.getpid()} on {socket.gethostname()}, since 2026-11-23 02:00 UTC) "
        f"works on {path.parent}; it ends by itself. Nothing was done."
    )


def test_lock__a_refused_run_leaves_the_holder_alone(path: Path) -> None:
    """After a refusal the first run still holds the lock and is still named."""
    with a_lock(path):
        with pytest.raises(RunLockedError), a_lock(path):
            pass
        assert a_lock(path).holder() == this_process()


def test_lock__is_free_again_after_an_error(path: Path) -> None:
    """A run that fails gives the lock back."""
    with pytest.raises(RuntimeError, match="the night failed"), a_lock(path):
        raise RuntimeError("the night failed")
    with a_lock(path):
        assert a_lock(path).holder() == this_process()


def test_lock__names_another_process(path: Path) -> None:
    """The lock works between processes, and the other one is named."""
    with another_process_holding(path) as process:
        with pytest.raises(RunLockedError) as refused, a_lock(path):
            pass
        holder = a_lock(path).holder()
    assert holder is not None
    assert holder == refused.value.holder
    assert (holder.pid, holder.host, holder.command) == (process.pid, socket.gethostname(), f"-c {path}")


def test_lock__goes_with_a_killed_process(path: Path) -> None:
    """A run that was killed with SIGKILL locks nobody out; the next one's facts replace those it left."""
    with another_process_holding(path) as process:
        process.kill()
        process.wait()
        left = Holder.from_json(a_lock(path).holder_file.read_text(encoding="utf-8"))
        assert left.pid == process.pid
        assert a_lock(path).holder() is None
        with a_lock(path):
            assert a_lock(path).holder() == this_process()


def test_holder__is_nobody_before_the_first_run(path: Path) -> None:
    """Asking who holds the lock writes nothing where no run has been."""
    assert a_lock(path).holder() is None
    assert not path.parent.exists()


@pytest.mark.parametrize("spoiled", ["", "{", "[]", '{"pid": 1}', '{"pid": null}'])
def test_holder__is_unknown_when_its_file_is_spoiled(path: Path, spoiled: str) -> None:
    """A file that cannot be read costs the name of the holder, not the lock."""
    with a_lock(path) as lock:
        lock.holder_file.write_text(spoiled, encoding="utf-8")
        assert a_lock(path).holder() is None
        with pytest.raises(RunLockedError) as refused, a_lock(path):
            pass
    assert str(refused.value) == (f"Another run works on {path.parent}; it ends by itself. Nothing was done.")


def test_glance__tells_whether_a_run_is_on(path: Path) -> None:
    """A glance says whether the warehouse is free, before, during and after a run."""
    seen = []
    for lock in (None, a_lock(path), None):
        if lock is None:
            with a_lock(path).glance() as is_free:
                seen.append(is_free)
        else:
            with lock, a_lock(path).glance() as is_free:
                seen.append(is_free)
    assert seen == [True, False, True]


def test_glance__only_delays_a_run(path: Path) -> None:
    """A run that starts while somebody glances waits a moment; without patience it would have failed."""
    with a_lock(path):
        pass
    entered = threading.Event()

    def run() -> None:
        with a_lock(path, patience=timedelta(seconds=30)):
            entered.set()

    with a_lock(path).glance():
        with pytest.raises(RunLockedError), a_lock(path):
            pass
        thread = threading.Thread(target=run)
        thread.start()
        assert not entered.is_set()
    thread.join()
    assert entered.is_set()


def test_glance__counts_a_lock_that_may_not_be_opened_as_held(path: Path) -> None:
    """Where the lock cannot be opened, nobody can know that it is free."""
    path.mkdir(parents=True)  # a directory can no more be opened for writing than another user's file
    with a_lock(path).glance() as is_free:
        assert not is_free
