"""One run per warehouse: the lock, and who holds it.

It knows files and processes, neither Imgur nor DuckDB. The lock is the
operating system's (``flock``): it goes with its process, so that a killed run
locks nobody out. The file beside it only names the holder.
"""

from __future__ import annotations

import json
import os
import shlex
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType

from filelock import FileLock, Timeout

from imgur_source.clock import Clock

PATIENCE = timedelta(
    seconds=1
)  # so that a glance (sync.py --status) at the wrong moment never fails a nightly run
POLL_INTERVAL = timedelta(milliseconds=20)  # a glance takes about as long


@dataclass(frozen=True, slots=True)
class Holder:
    """The run that holds the lock.

    Attributes:
        pid: number of its process.
        host: name of the machine it runs on.
        started_at: when it took the lock, UTC.
        command: its command line.
    """

    pid: int
    host: str
    started_at: datetime
    command: str

    @classmethod
    def from_json(cls, text: str) -> Holder:
        """Read what ``to_json`` wrote; raises ``ValueError`` for anything else."""
        try:
            facts = json.loads(text)
            return cls(
                pid=int(facts["pid"]),
                host=str(facts["host"]),
                started_at=datetime.fromisoformat(facts["started_at"]).astimezone(UTC),
                command=str(facts["command"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"not the facts of a run: {text[:80]!r}") from error

    def to_json(self) -> str:
        return json.dumps(
            {
                "pid": self.pid,
                "host": self.host,
                "started_at": self.started_at.isoformat(),
                "command": self.command,
            }
        )

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {self.started_at:%Y-%m-%d %H:%M} UTC"


class RunLockedError(Exception):
    """Another run works on the same warehouse.

    Attributes:
        path: the lock.
        holder: that run; ``None`` where it could not be read.
    """

    def __init__(self, path: Path, holder: Holder | None) -> None:
        self.path = path
        self.holder = holder
        who = f"Another run ({holder})" if holder else "Another run"
        super().__init__(f"{who} works on {path.parent}; it ends by itself. Nothing was done.")


class RunLock:
    """Held from ``with`` to its end by one run; the next one is told who holds it."""

    def __init__(self, path: Path, *, clock: Clock, patience: timedelta = PATIENCE) -> None:
        """Prepare the lock at *path*; nothing is taken yet, nothing is written.

        Args:
            patience: how long to wait for somebody who has it, real time.
        """
        self.path = path
        self._clock = clock
        self._patience = patience
        self._held: FileLock | None = None

    @property
    def holder_file(self) -> Path:
        return self.path.with_name(self.path.name + ".holder.json")

    def __enter__(self) -> RunLock:
        """Take the lock, or raise ``RunLockedError``."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lock = self._lock(self._patience)
        try:
            lock.acquire()
        except Timeout as error:
            raise RunLockedError(self.path, self._written_holder()) from error
        try:
            self._write_holder()
        except BaseException:
            lock.release()
            raise
        self._held = lock
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._held is None:
            return
        try:
            self.holder_file.unlink(
                missing_ok=True
            )  # before the release: afterwards it may be the next run's
        finally:
            self._held.release()
            self._held = None

    def holder(self) -> Holder | None:
        """The run that holds the lock now; ``None`` when there is none, or it has not said yet who it is."""
        with self.glance() as is_free:
            return None if is_free else self._written_holder()

    @contextmanager
    def glance(self) -> Iterator[bool]:
        """Yield whether no run works here, and keep any from starting meanwhile; for glances of milliseconds.

        A run that starts in between waits for it (``PATIENCE``). Where the lock
        may not be opened (another user's), it counts as held.
        """
        if not self.path.exists():  # no run yet: leave no trace before the first one
            yield True
            return
        lock = self._lock(timedelta(0))
        try:
            lock.acquire()
        except OSError:  # Timeout is one, too
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    def _lock(self, patience: timedelta) -> FileLock:
        # a new one each time: one object would let its own process in twice
        return FileLock(
            self.path, timeout=patience.total_seconds(), poll_interval=POLL_INTERVAL.total_seconds()
        )

    def _written_holder(self) -> Holder | None:
        try:
            return Holder.from_json(self.holder_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None  # between taking the lock and writing, or a file that somebody spoiled

    def _write_holder(self) -> None:
        holder = Holder(
            pid=os.getpid(),
            host=socket.gethostname(),
            started_at=self._clock.now(),
            command=shlex.join(sys.argv),
        )
        draft = self.holder_file.with_suffix(".tmp")  # replaced whole, so that nobody reads half of it
        draft.write_text(holder.to_json(), encoding="utf-8")
        draft.replace(self.holder_file)
