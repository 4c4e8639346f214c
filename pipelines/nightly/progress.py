"""Says what is being read: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.status import Status

from imgur_source.extract import RunState


class Progress:
    """Follows a run while the block runs."""

    def __init__(self, run: RunState, *, quiet: bool = False, console: Console | None = None) -> None:
        self._run = run
        self._quiet = quiet
        self._console = console or Console(file=sys.stderr, highlight=False)
        self._status: Status | None = None
        self._said: set[str] = set()

    def __enter__(self) -> Self:
        if not self._quiet:
            if self._console.is_terminal:
                self._status = self._console.status("starting")
                self._status.start()
            self._run.report.on_change = self._show
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run.report.on_change = lambda: None
        if self._status is not None:
            self._status.stop()

    def _show(self) -> None:
        run = self._run
        if self._status is not None:
            self._status.update(f"reading {run.report.reading}: {_figures(run)}")
        elif run.report.reading and run.report.reading not in self._said:
            self._said.add(run.report.reading)
            self._console.print(f"reading {run.report.reading}", soft_wrap=True)


def _figures(run: RunState) -> str:
    credits = run.meter.credits
    left = [f"{window.remaining} left {name}" for name, window in
            (("this hour", credits.user), ("today", credits.client)) if window]  # fmt: skip
    return ", ".join(
        [
            f"{run.report.pages} replies",
            f"{run.report.rows.total()} rows",
            f"{credits.spent} credits spent",
            *left,
        ]
    )
