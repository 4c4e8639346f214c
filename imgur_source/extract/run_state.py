"""What steers a run: what is done, found and pending, and what ended it. One for all rounds of a run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from imgur_source.credits import CreditMeter
from imgur_source.errors import ImgurError
from imgur_source.extract.facts import Parents
from imgur_source.extract.run_report import RunReport
from imgur_source.planning import TIER_OF, Plan


@dataclass(slots=True)
class RunState:
    """The state of one run, in the order in which it comes to be.

    Attributes:
        meter: what counts the run's requests and credits.
        report: what the run reports besides.
        rounds: how often credits were spent until there were none for the hour, or nothing was left to do.
        began_at: when its first plan was made, UTC; None before.
        plan: what the run meant to do when it began; None before.
        spent_on: credits by line of the plan, its name and kind.
        done: what was read, by stream or name, so that a later round of the run need not read it again.
        found: albums and posts that were met, so that a later round knows whose children are due.
        left_out: accounts that are not there, or that another name has brought.
        own_posts: ids of posts that the accounts' own lists have shown.
        pending: what was not read, and why.
        failures: errors that kept something from being read.
        fatal: the error that ended the run, if one did.
        cool_downs: how often Imgur said that it is over capacity.
        ended: why the reading ended early and cleanly; None when it did not.
        resumes_at: when it may go on, UTC; None where it did not end, or waiting does not help in this run.
        journal_package: what to confirm with the journal once the rows are loaded; None where there is none.
    """

    meter: CreditMeter
    report: RunReport = field(default_factory=RunReport)
    rounds: int = 1
    began_at: datetime | None = None
    plan: Plan | None = None
    spent_on: Counter[tuple[str, str]] = field(default_factory=Counter)
    done: set[str] = field(default_factory=set)
    found: Parents = field(default_factory=Parents)
    left_out: set[str] = field(default_factory=set)
    own_posts: set[str] = field(default_factory=set)
    pending: list[str] = field(default_factory=list)
    failures: list[ImgurError] = field(default_factory=list)
    fatal: ImgurError | None = None
    cool_downs: int = 0
    ended: str | None = None
    resumes_at: datetime | None = None
    journal_package: int | None = None

    def spent_in(self, tier: str) -> int:
        """Credits that the run has spent so far in *tier*, by its name in lower case."""
        tiers: dict[str, str] = {kind: of.name.lower() for kind, of in TIER_OF.items()}
        return sum(credits for (_, kind), credits in self.spent_on.items() if tiers.get(kind) == tier)

    def read(self, name: str) -> None:
        """Keep *name* among what was read, and no longer among what is pending."""
        self.done.add(name)
        if name in self.pending:
            self.pending.remove(name)

    def keep_pending(self, name: str) -> None:
        """Keep *name* among what was not read, once."""
        if name not in self.pending:
            self.pending.append(name)

    def next_round(self) -> None:
        """Make ready for another round: what ended the last one is over, what it left pending is read now."""
        self.pending, self.failures, self.ended, self.resumes_at = [], [], None, None
        self.rounds += 1
