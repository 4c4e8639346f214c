"""What becomes of an error of one reading: it ends that reading, the whole extraction, or nothing.

The one place for it; a reading only raises.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from imgur_source.api import ImgurClient
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
from imgur_source.extract.rows import Rows
from imgur_source.extract.run_state import RunState

logger = logging.getLogger(__name__)

FAILURES_IN_A_ROW = 3  # readings that failed, one after the other: Imgur is down, not the list
COOL_DOWNS_A_RUN = 2  # of a limit that Imgur does not show: the second one ends it
NAMES_PENDING = 20  # more are summed up: a person wants to know what is pending, not three hundred ids

Part = Literal["front", "hot", "cold", "backfill", "details", "looks"]


LIST_PARTS = ("front", "hot", "cold", "backfill")


class Reading(NamedTuple):
    """One thing to read.

    Attributes:
        name: for messages, and for what is pending.
        part: which part of the plan pays for it.
        read: gives its rows; None where the plan grants it nothing.
        line: the name of the plan's line: a list's, or a resource's.
        is_pending: asked after it has been read; whether something of it is still pending.
    """

    name: str
    part: Part
    read: Callable[[], Iterator[Rows]] | None
    line: str
    is_pending: Callable[[], bool] = lambda: False


class Isolation:
    """Reads one thing after the other; errors become facts of the run.

    Args:
        book: told what each reading has spent.

    Attributes:
        spared: why what is old is no longer read, to spare the day; None while it is.
    """

    def __init__(self, client: ImgurClient, run: RunState, *, book: Callable[[Reading, int], None]) -> None:
        self._client = client
        self._run = run
        self._book = book
        self._failures_in_a_row = 0
        self._failed: dict[str, ImgurError] = {}  # by name, what could not be read
        self._failed_lists: set[str] = set()  # lists that are left alone for the rest of the run
        self.spared: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more is read."""
        return bool(self._run.ended or self._run.fatal)

    def in_order(self, readings: Sequence[Reading]) -> Iterator[Rows]:
        """The rows of *readings*; what is left when the run ends is pending."""
        for place, reading in enumerate(readings):
            if self.is_over:
                left = [left for left in readings[place:] if left.read is not None or left.is_pending()]
                self.keep_pending([left.name for left in left if not self._is_told(left)])
                return
            if reading.line in self._failed_lists:
                self._run.keep_pending(reading.line)
                continue
            meter = self._client.meter
            spent = meter.credits.spent
            meter.is_backfill = reading.part == "backfill"
            try:
                yield from self._read(reading)
            finally:
                meter.is_backfill = False
                self._book(reading, meter.credits.spent - spent)
                self._run.report.sunsets = self._client.sunsets
                self._run.report.on_change()

    def keep_pending(self, names: Sequence[str]) -> None:
        """Keep what was not read: by name where those are few, by kind and number otherwise."""
        if len(names) > NAMES_PENDING:
            kinds = Counter(name.partition("/")[0] for name in names)
            names = [f"{kind} of {number} items" for kind, number in kinds.items()]
        for name in names:
            self._run.keep_pending(name)

    def _is_told(self, reading: Reading) -> bool:
        """Whether the whole list is pending, so that a part of it need not be named."""
        return reading.part in LIST_PARTS and reading.line in self._run.pending

    def _read(self, reading: Reading) -> Iterator[Rows]:
        run = self._run
        try:
            is_read = yield from self._guarded(reading)
            if is_read and not reading.is_pending() and not self._client.replays_only:
                run.read(reading.line if reading.part == "front" else reading.name)
            elif reading.part == "backfill" and reading.is_pending() and not self._is_told(reading):
                run.keep_pending(reading.name)
        except (CreditsExhaustedError, StoppedError) as end:
            run.keep_pending(reading.name)
            if isinstance(end, CreditsExhaustedError) and end.is_backfill_floor:
                self.spared = str(end)  # what is new may still be asked for
                return
            run.ended = str(end)
            run.cool_downs += isinstance(end, OverCapacityError | UnknownLimitError)
            run.resumes_at = self._resumption(end)
            logger.info("reading ended early name=%s reason=%s", reading.name, end)
        except SetupError as fatal:
            run.fatal = fatal
            run.keep_pending(reading.name)

    def _guarded(self, reading: Reading) -> Generator[Rows, None, bool]:
        """One reading; what only concerns it ends it. Returns whether there is nothing to be asked again.

        Raises:
            SetupError, CreditsExhaustedError, StoppedError: what concerns the whole run.
        """
        name, run = reading.name, self._run
        try:
            if reading.read is not None:
                yield from reading.read()
                self._failures_in_a_row = 0
                self._mended(name)
            return True
        except ReplayEndedError:
            return False  # what else there is of it is asked for afterwards
        except (NotFoundError, PrivateError) as absent:
            run.report.note(f"{name}: {str(absent).partition(': ')[2]}")
            self._failures_in_a_row = 0
            return True
        except (TransientError, WireShapeError, RefusedError) as failure:
            run.failures.append(failure)
            self._failed[name] = failure
            if reading.part in LIST_PARTS and not self._client.replays_only:
                self._failed_lists.add(reading.line)
            run.keep_pending(name)
            logger.warning("could not be read name=%s error=%s", name, failure)
            self._failures_in_a_row += 1
            if self._failures_in_a_row >= FAILURES_IN_A_ROW:
                run.ended = f"{FAILURES_IN_A_ROW} in a row could not be read, Imgur seems to be in trouble."
            return False

    def _mended(self, name: str) -> None:
        """Forget that *name* could not be read before: now it was."""
        failure = self._failed.pop(name, None)
        if failure in self._run.failures:
            self._run.failures.remove(failure)
            self._run.read(name)

    def _resumption(self, end: CreditsExhaustedError | StoppedError) -> datetime | None:
        """When the run may go on; None where it must not: asking on keeps us out longer."""
        is_hot = isinstance(end, OverCapacityError | UnknownLimitError) and (
            self._run.cool_downs >= COOL_DOWNS_A_RUN
        )
        return end.until if isinstance(end, CreditsExhaustedError) and not is_hot else None
