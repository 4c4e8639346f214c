"""Says what is being read: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.status import Status

from imgur_source.extract import Receipt


class Progress:
    """Follows a receipt while the block runs."""

    def __init__(self, receipt: Receipt, *, quiet: bool = False, console: Console | None = None) -> None:
        self._receipt = receipt
        self._quiet = quiet
        self._console = console or Console(file=sys.stderr, highlight=False)
        self._status: Status | None = None
        self._said: set[str] = set()

    def __enter__(self) -> Self:
        if not self._quiet:
            if self._console.is_terminal:
                self._status = self._console.status("starting")
                self._status.start()
            self._receipt.on_change = self._show
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._receipt.on_change = lambda receipt: None
        if self._status is not None:
            self._status.stop()

    def _show(self, receipt: Receipt) -> None:
        if self._status is not None:
            self._status.update(f"reading {receipt.reading}: {_figures(receipt)}")
        elif receipt.reading and receipt.reading not in self._said:
            self._said.add(receipt.reading)
            self._console.print(f"reading {receipt.reading}", soft_wrap=True)


def _figures(receipt: Receipt) -> str:
    credits = receipt.credits
    left = [f"{window.remaining} left {name}" for name, window in
            (("this hour", credits.user), ("today", credits.client)) if window]  # fmt: skip
    return ", ".join(
        [f"{receipt.pages} replies", f"{receipt.rows.total()} rows", f"{credits.spent} credits spent", *left]
    )
