"""What a run tells: counted while it reads, printed and stored at its end. Nothing is decided by it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class RunReport:
    """The facts of a run that are only told; credits are in the books of its meter.

    Attributes:
        accounts, feeds, resources: what was asked for.
        reading: what is being read just now, for a progress line.
        pages, rows: replies that had rows, and rows per table.
        rows_new, rows_refreshed: rows of things that were not stored, and of those that were, by resource.
        notes: lines that a person may want to read.
        sunsets: endpoints that Imgur announced to retire, and when.
        published_at: when a round of the run was last published, UTC; None before.
        on_change: called after each change that a progress line would show.
    """

    accounts: list[str] = field(default_factory=list)
    feeds: list[str] = field(default_factory=list)
    resources: list[str] = field(default_factory=list)
    reading: str = ""
    pages: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    rows_new: Counter[str] = field(default_factory=Counter)
    rows_refreshed: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    sunsets: dict[str, str] = field(default_factory=dict)
    published_at: datetime | None = None
    on_change: Callable[[], None] = field(default=lambda: None, repr=False)

    @property
    def retirements(self) -> list[str]:
        """A line for each endpoint that Imgur announced to retire."""
        return [f"{endpoint}: Imgur will retire it on {date}" for endpoint, date in self.sunsets.items()]

    def note(self, line: str) -> None:
        """Keep *line* for the summary, once."""
        if line not in self.notes:
            self.notes.append(line)
