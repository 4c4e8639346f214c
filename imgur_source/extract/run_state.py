"""What a run did and still owes: filled while it reads, printed and stored at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from imgur_source.credits import CreditMeter, Credits
from imgur_source.errors import ImgurError
from imgur_source.extract.facts import Parents
from imgur_source.planning import TIER_OF, Plan


@dataclass(slots=True)
class Receipt:
    """The facts of one run, in the order in which they came to be.

    Attributes:
        accounts, feeds, resources: what was asked for.
        reading: what is being read just now, for a progress line.
        pages, rows: replies that had rows, and rows per table.
        rows_new, rows_refreshed: rows of things that were not stored, and of those that were, by resource.
        rounds: how often credits were spent until there were none for the hour, or nothing was left to do.
        cool_downs: how often Imgur said that it is over capacity.
        notes: lines that a person may want to read.
        pending: what was not read, and why.
        ended: why the reading ended early and cleanly; None when it did not.
        resumes_at: when it may go on, UTC; None where it did not end, or waiting does not help in this run.
        began_at: when its first plan was made, UTC; None before.
        done: what was read, by step or name, so that a later round of the run need not read it again.
        found: albums and posts that were met, so that a later round knows whose details are due.
        left_out: accounts that are not there, or that another name has brought.
        own_posts: ids of posts that the accounts' own lists have shown.
        plan: what the run meant to do when it began; None without a plan.
        spent_on: credits by line of the plan, its name and kind.
        failures: errors that kept something from being read.
        fatal: the error that ended the run, if one did.
        credits, charges, requests: what was spent, in total and by endpoint.
        unchanged: 304s by endpoint.
        meter: what counts all this, for all rounds of the run; None before the first one.
        published_at: when a round of it was last published, UTC; None before.
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
    rows_new: Counter[str] = field(default_factory=Counter)
    rows_refreshed: Counter[str] = field(default_factory=Counter)
    rounds: int = 1
    cool_downs: int = 0
    notes: list[str] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    ended: str | None = None
    resumes_at: datetime | None = None
    began_at: datetime | None = None
    done: set[str] = field(default_factory=set)
    found: Parents = field(default_factory=Parents)
    left_out: set[str] = field(default_factory=set)
    own_posts: set[str] = field(default_factory=set)
    plan: Plan | None = None
    spent_on: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: list[ImgurError] = field(default_factory=list)
    fatal: ImgurError | None = None
    credits: Credits = field(default_factory=Credits)
    charges: Counter[str] = field(default_factory=Counter)
    requests: Counter[str] = field(default_factory=Counter)
    unchanged: Counter[str] = field(default_factory=Counter)
    meter: CreditMeter | None = None
    published_at: datetime | None = None
    replays: Counter[str] = field(default_factory=Counter)
    journal_package: int | None = None
    sunsets: dict[str, str] = field(default_factory=dict)
    on_change: Callable[[Receipt], None] = field(default=lambda receipt: None, repr=False)

    @property
    def retirements(self) -> list[str]:
        """A line for each endpoint that Imgur announced to retire."""
        return [f"{endpoint}: Imgur will retire it on {date}" for endpoint, date in self.sunsets.items()]

    def spent_in(self, tier: str) -> int:
        """Credits that the run has spent so far in *tier*, by its name in lower case."""
        tiers: dict[str, str] = {kind: of.name.lower() for kind, of in TIER_OF.items()}
        return sum(credits for (_, kind), credits in self.spent_on.items() if tiers.get(kind) == tier)

    def read(self, name: str) -> None:
        """Keep *name* among what was read, and no longer among what is pending."""
        self.done.add(name)
        if name in self.pending:
            self.pending.remove(name)

    def next_round(self) -> None:
        """Make ready for another round: what ended the last one is over, what it left pending is read now."""
        self.pending, self.failures, self.ended, self.resumes_at = [], [], None, None
        self.rounds += 1

    def note(self, line: str) -> None:
        """Keep *line* for the summary, once."""
        if line not in self.notes:
            self.notes.append(line)

    def keep_pending(self, name: str) -> None:
        """Keep *name* among what was not read, once."""
        if name not in self.pending:
            self.pending.append(name)

    def booked(self, meter: CreditMeter) -> None:
        """Take over what *meter* has counted so far, and tell the observer."""
        self.credits = meter.credits
        self.charges = meter.charges
        self.requests = meter.requests
        self.unchanged = meter.unchanged
        self.replays = meter.replays
        self.on_change(self)
