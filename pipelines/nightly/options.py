"""What a run was asked for, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from warehouse import SQL_DIR, Publication, Warehouse

from imgur_source.extract import Receipt
from nightly.loading import DUCKDB


@dataclass(frozen=True)
class Options:
    """What the command line says; None leaves a value to the configuration.

    Attributes:
        settings: further arguments of ``imgur()``, for programs that own them (the demo).
        sql_dir: the relations that the run makes.
    """

    data_dir: Path
    state_dir: Path | None = None
    only: tuple[str, ...] = ()
    accounts: tuple[str, ...] | None = None
    max_credits: int | None = None
    base_url: str | None = None
    since: str | None = None
    until: str | None = None
    full_refresh: bool = False
    accept_vanished: bool = False
    destination: str = DUCKDB
    publish: bool = True
    runs_kept: timedelta | None = None
    deadline: str | None = None
    accept_strike_risk: bool = False
    quiet: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    sql_dir: Path = SQL_DIR

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(self.data_dir, sql_dir=self.sql_dir)

    @property
    def journal_file(self) -> Path:
        """Where paid replies wait for their load; one for each destination, as dlt's packages."""
        return self.warehouse.work_dir / f"paid_replies.{self.destination}.sqlite"

    @property
    def is_published(self) -> bool:
        """Whether the run ends with a published file: only DuckDB has one."""
        return self.publish and self.destination == DUCKDB


@dataclass(frozen=True)
class RunResult:
    """What became of a run: the facts of the summary.

    Attributes:
        problems: what kept the file from being published.
        warnings: what audits found that did not.
    """

    run_id: str
    receipt: Receipt
    outcome: str
    reason: str | None
    problems: tuple[str, ...]
    publication: Publication | None
    exit_code: int
    warnings: tuple[str, ...] = ()
