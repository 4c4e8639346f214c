"""What a run is asked for, by the command line and the configuration, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import dlt
from dlt.common.configuration.exceptions import ConfigurationException
from warehouse import SQL_DIR, Publication, Warehouse

from imgur_source.errors import ConfigurationError
from imgur_source.extract import RunState, feeds_of
from imgur_source.settings import Settings
from nightly.loading import DUCKDB

RUNS_KEPT = timedelta(days=730)  # how long a person may want to look back at single runs


@dataclass(frozen=True)
class Options:
    """What the command line says; None leaves a value to the configuration.

    Attributes:
        settings: further settings of the source, for programs that own them (the demo).
        is_configured: whether what is not said here is looked up in the configuration.
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
    is_configured: bool = True
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
    run: RunState
    outcome: str
    reason: str | None
    problems: tuple[str, ...]
    publication: Publication | None
    exit_code: int
    warnings: tuple[str, ...] = ()


def settings_of(options: Options) -> Settings:
    """The settings of a run: what the command line says, and else what is configured.

    Raises:
        ConfigurationError: one of them cannot be used.
    """
    said = {
        "accounts": options.accounts,
        "max_credits": options.max_credits,
        "base_url": options.base_url,
        "state_dir": options.state_dir,
        "start_date": options.since,
        "end_date": options.until,
        "accept_strike_risk": options.accept_strike_risk or None,
    }
    values = options.settings | {name: value for name, value in said.items() if value is not None}
    try:
        settings = Settings.configured(**values) if options.is_configured else Settings.of(**values)
        feeds_of(settings)
    except ConfigurationError as error:
        told = str(error)
        if options.since is not None:
            told = told.replace("start_date", "--since")
        if options.until is not None:
            told = told.replace("end_date", "--until")
        raise ConfigurationError(told) from error
    return settings


def runs_kept() -> timedelta:
    """How long ``sync_runs`` keeps a run: ``runs_kept_days`` under ``[warehouse]``.

    Raises:
        ConfigurationError: when that is no number of days.
    """
    try:
        days = dlt.config.get("warehouse.runs_kept_days", int)
    except ConfigurationException as error:
        raise ConfigurationError("runs_kept_days under [warehouse] is not a number of days.") from error
    if days is None:
        return RUNS_KEPT
    if days < 1:
        raise ConfigurationError(f"runs_kept_days is {days}. It must be 1 or more.")
    return timedelta(days=days)
