"""The audits of ``sql/audits``: what they find, which of it a person has accepted, and the record of it.

Each audit is a query that returns what is wrong; its first line says how bad
that is. What is found is kept in ``main.audit_results``, so that a published
file says of itself what was wrong. What follows from a finding is left to the
warehouse.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

import duckdb

from warehouse.checks import Problem
from warehouse.files import literal, quoted
from warehouse.queries import Query, RelationError, ask_and_count, queries, without_input
from warehouse.relations import AUDIT_RESULTS, PARAMETERS, present_in

EXAMPLES = 3  # rows of an audit that are told
AUDITS = "audits"  # the folder in sql/
VANISHED = "vanished_at_once"  # the audit that a person may accept
LOADED_TABLES = "loaded_tables"  # stands in the results for what checks found, which is no query of ours

Severity = Literal["error", "warn"]

RESULTS_DESCRIPTION = (
    "One row per audit and time of asking: what was wrong when a file was about to be published."
)
RESULTS_COLUMNS = (
    ("run_id", "varchar", "The run that asked, as in sync_runs; null where a person did."),
    ("audit", "varchar", "Name of the audit, that of its file in sql/audits."),
    ("severity", "varchar", "error, which blocks publication, or warn, which is only told."),
    ("meaning", "varchar", "What a row of the audit means, and what to do."),
    ("examples", "json", "The first three of its rows, a list of objects; empty where all is well."),
    ("rows_found", "bigint", "Rows that it returned; 0 where all is well."),
    ("is_accepted", "boolean", "Whether a person had accepted what it may find (--accept-vanished)."),
    (
        "audited_at",
        "timestamptz",
        "The time of the run whose tables were asked about, UTC; a run has one for each of its rounds.",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """What one audit found.

    Attributes:
        audit: its name.
        meaning: its first line, without the severity.
        rows_found: how many rows it returned.
        examples: the first of them, every value as text.
        is_accepted: whether a person said beforehand that it may find something.
    """

    audit: str
    severity: Severity
    meaning: str
    rows_found: int
    examples: tuple[Mapping[str, str | None], ...] = ()
    is_accepted: bool = False

    @property
    def blocks_publication(self) -> bool:
        """Whether nothing may be published."""
        return self.severity == "error" and self.rows_found > 0 and not self.is_accepted

    @property
    def is_warning(self) -> bool:
        """Whether a person may want to look at it."""
        return self.severity == "warn" and self.rows_found > 0

    def __str__(self) -> str:
        told = "; ".join(_told(row) for row in self.examples)
        if more := self.rows_found - len(self.examples):
            told += f"; and {more:,} more (sql/README.md says how to see all, {AUDIT_RESULTS} has these)"
        return f"{self.audit}: {self.meaning} Found: {told}."


def findings(
    connection: duckdb.DuckDBPyConnection, sql_dir: Path, wanted: Severity, *, accepted: Collection[str] = ()
) -> Iterator[Finding]:
    """Ask the audits of one severity about the relations as last made: a finding each, good ones too.

    Before the relations are made there is nothing to ask.

    Raises:
        RelationError: an audit cannot be asked, reads what is not there, or its first line does not
            begin with its severity.
    """
    present = present_in(connection)
    if PARAMETERS not in present:
        return
    for audit in queries(connection, sql_dir / AUDITS):
        if missing := audit.missing(present):
            raise without_input(audit, missing[0])
        if _severity(audit)[0] == wanted:
            yield finding(connection, audit, accepted=accepted)


def finding(
    connection: duckdb.DuckDBPyConnection, audit: Query, *, accepted: Collection[str] = ()
) -> Finding:
    """What one audit finds; everything that it reads has to be there.

    Raises:
        RelationError: it cannot be asked, or its first line does not begin with its severity.
    """
    severity, meaning = _severity(audit)
    examples, rows_found = ask_and_count(connection, audit, limit=EXAMPLES)
    return Finding(audit.name, severity, meaning, rows_found, tuple(examples), audit.name in accepted)


def _severity(audit: Query) -> tuple[Severity, str]:
    """How bad it is what an audit finds, and what that means."""
    for severity in get_args(Severity):
        if audit.heading.startswith(f"{severity}: "):
            return severity, audit.heading.removeprefix(f"{severity}: ")
    raise RelationError(audit.path, "its first line begins neither with error: nor with warn:")


def finding_of(problems: Sequence[Problem], *, accept_losses: bool = False) -> Finding:
    """What the checks of the loaded tables found, as the results tell it.

    It is accepted where nothing but losses was found, and a person has accepted those.
    """
    return Finding(
        LOADED_TABLES,
        "error",
        "A loaded table has a key twice or none, or has lost too much. The run that found it says more.",
        len(problems),
        tuple(asdict(problem) for problem in problems[:EXAMPLES]),
        accept_losses and bool(problems) and all(problem.is_loss for problem in problems),
    )


def add_results(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table of results where it is not there yet, and describe it."""
    table = quoted(*AUDIT_RESULTS.split("."))
    columns = ", ".join(f"{quoted(name)} {kind}" for name, kind, _ in RESULTS_COLUMNS)
    connection.execute(f"create table if not exists {table} ({columns})")
    connection.execute(f"comment on table {table} is {literal(RESULTS_DESCRIPTION)}")
    for name, _, meaning in RESULTS_COLUMNS:
        connection.execute(f"comment on column {table}.{quoted(name)} is {literal(meaning)}")


def keep(connection: duckdb.DuckDBPyConnection, found: Sequence[Finding], *, run_id: str | None) -> None:
    """Add *found* to the results, in place of what an earlier audit of the same relations found.

    The caller owns the transaction.
    """
    add_results(connection)
    connection.execute(f"delete from {AUDIT_RESULTS} where audited_at in (select run_at from {PARAMETERS})")
    for finding in found:
        connection.execute(
            f"insert into {AUDIT_RESULTS} select ?, ?, ?, ?, ?::json, ?, ?, run_at from {PARAMETERS}",
            [
                run_id,
                finding.audit,
                finding.severity,
                finding.meaning,
                json.dumps(finding.examples, ensure_ascii=False),
                finding.rows_found,
                finding.is_accepted,
            ],
        )


def _told(row: Mapping[str, str | None]) -> str:
    return ", ".join(f"{name} = {'null' if value is None else value}" for name, value in row.items())
