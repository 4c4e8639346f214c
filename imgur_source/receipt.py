"""What a run did and still owes: filled while it reads, printed and stored at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from imgur_source.credits import Credits
from imgur_source.errors import ImgurError
from imgur_source.meter import CreditMeter


@dataclass(slots=True)
class Receipt:
    """The facts of one run, in the order in which they came to be.

    Attributes:
        accounts, feeds, resources: what was asked for.
        reading: what is being read just now, for a progress line.
        pages, rows: replies that held rows, and rows per table.
        notes: lines that a person may want to read.
        owed: what was not read, and why.
        ended: why the reading ended early and cleanly; None when it did not.
        failures: errors that kept something from being read.
        fatal: the error that ended the run, if one did.
        credits, charges, requests: what was spent, in total and by endpoint.
        replays: replies that an earlier run had paid for, by endpoint.
        journal_package: what to confirm with the journal once the rows are loaded; None where there is none.
        sunsets: endpoints that Imgur announced to retire, and when.
        on_change: called after each change that a progress line would show.
    """

    accounts: list[str] = field(default_factory=list)
    feeds: list[str] = field(default_factory=list)
    resources: list[str] = field(default_factory=list)
    reading: str = ""
    pages: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    owed: list[str] = field(default_factory=list)
    ended: str | None = None
    failures: list[ImgurError] = field(default_factory=list)
    fatal: ImgurError | None = None
    credits: Credits = field(default_factory=Credits)
    charges: Counter[str] = field(default_factory=Counter)
    requests: Counter[str] = field(default_factory=Counter)
    replays: Counter[str] = field(default_factory=Counter)
    journal_package: int | None = None
    sunsets: dict[str, str] = field(default_factory=dict)
    on_change: Callable[[Receipt], None] = field(default=lambda receipt: None, repr=False)

    @property
    def retirements(self) -> list[str]:
        """A line for each endpoint that Imgur announced to retire."""
        return [f"{endpoint}: Imgur will retire it on {date}" for endpoint, date in self.sunsets.items()]

    def note(self, line: str) -> None:
        """Keep *line* for the summary, once."""
        if line not in self.notes:
            self.notes.append(line)

    def owe(self, name: str) -> None:
        """Keep *name* among what was not read, once."""
        if name not in self.owed:
            self.owed.append(name)

    def booked(self, meter: CreditMeter) -> None:
        """Take over what *meter* has counted so far, and tell whoever watches."""
        self.credits = meter.credits
        self.charges = meter.charges
        self.requests = meter.requests
        self.replays = meter.replays
        self.on_change(self)
