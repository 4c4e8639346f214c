"""The published file as a report reads it: read-only, for some accounts and a stretch of days.

It knows how the file is opened, whose posts and which days are asked about, and
how fresh and complete the data is. What is drawn of it is left to others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import duckdb
import pandas as pd

FIRST = ""  # the account that the settings name first
DEFAULT_DAYS = 30
SOUND_JOINS = "set disabled_optimizers = 'statistics_propagation'"  # why: docs/decisions.md


class PublishedFileError(Exception):
    """The published file, or what is asked of it, cannot be used; the last sentence says what to do."""


@dataclass(frozen=True)
class Period:
    """A stretch of UTC days, both ends included."""

    start: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1

    @property
    def before(self) -> Period:
        """As many days, right before this one."""
        return Period(self.start - timedelta(days=self.days), self.start - timedelta(days=1))

    def __str__(self) -> str:
        return f"{self.start:%d %b %Y} to {self.end:%d %b %Y}"


@dataclass(frozen=True)
class Published:
    """One published file, and what is asked about.

    Attributes:
        accounts: names of the accounts in question.
        followed: names of all accounts that the file follows.
        run_at: when the data was read.
        report_time_zone: the zone in which the file counts hours and weekdays.
    """

    connection: duckdb.DuckDBPyConnection
    accounts: tuple[str, ...]
    followed: tuple[str, ...]
    period: Period
    run_at: datetime
    report_time_zone: str
    time_zone: str

    @classmethod
    def open(
        cls,
        database: str | Path,
        *,
        account: str | None = FIRST,
        days: int = DEFAULT_DAYS,
        start: str | None = None,
        end: str | None = None,
        time_zone: str | None = None,
    ) -> Self:
        """Open the file at *database*.

        Args:
            account: a followed account; ``""`` is the one that the settings name first, ``None`` is all.
            days: length of the period, where *start* is not given.
            start: first UTC day, such as ``2026-11-01``.
            end: last UTC day; without it, the day on which the data was read.
            time_zone: in which times are shown; without it, the file's ``report_timezone``.

        Raises:
            PublishedFileError: there is no such file, account, period or time zone, or no marts in the file.
        """
        database = published_file(database)
        connection = duckdb.connect(str(database), read_only=True)
        connection.execute(SOUND_JOINS)
        run_at, report_time_zone = _parameters(connection, database)
        followed = _followed(connection)
        time_zone = time_zone or report_time_zone
        try:
            ZoneInfo(time_zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise PublishedFileError(
                f"There is no time zone {time_zone!r}. Name one such as Europe/Berlin."
            ) from error
        return cls(
            connection,
            accounts=_chosen(account, followed),
            followed=followed,
            period=_period(run_at.date(), days=days, start=start, end=end),
            run_at=run_at,
            report_time_zone=report_time_zone,
            time_zone=time_zone,
        )

    def rows(self, query: str, **values: Any) -> pd.DataFrame:
        """The rows of *query*.

        It may name ``$accounts``, ``$start`` and ``$end`` (days), ``$zone``, and the *values* it is given.
        """
        known = {
            "accounts": list(self.accounts),
            "start": self.period.start,
            "end": self.period.end,
            "zone": self.time_zone,
        } | values
        named = set(re.findall(r"\$(\w+)", query))
        return self.connection.execute(query, {name: known[name] for name in named}).df()

    def coverage(self, tables: Iterable[str]) -> float | None:
        """The share, 0 to 1, of what should be held that is, the least of *tables*; None if unknown."""
        shares = self.rows(
            "select coverage_share from main.data_freshness "
            "where list_contains($tables, table_name) and coverage_share is not null",
            tables=list(tables),
        )
        return None if shares.empty else float(shares["coverage_share"].min())

    @property
    def whose(self) -> str:
        """The accounts in question, for a heading."""
        return ", ".join(self.accounts) or "no account"


def published_file(database: str | Path) -> Path:
    """The file *database*, or the demo's beside it where only the demo was run, as for ``make report``.

    Raises:
        PublishedFileError: there is neither.
    """
    file = Path(database)
    for there in (file, file.parent / "demo" / file.name):
        if there.is_file():
            return there
    raise PublishedFileError(
        f"There is no published file {database}. Run: python pipelines/sync.py, or: make demo"
    )


def _parameters(connection: duckdb.DuckDBPyConnection, database: str | Path) -> tuple[datetime, str]:
    """When the data was read, and the zone of its hours."""
    try:
        connection.execute("select 1 from main.data_freshness limit 0")
        found = connection.execute(
            "select run_at at time zone 'UTC', report_timezone from staging.parameters"
        ).fetchone()
    except duckdb.CatalogException as error:
        raise PublishedFileError(
            f"{database} has no marts: an older version published it. Run: python pipelines/sync.py"
        ) from error
    assert found is not None
    run_at, report_time_zone = found
    return run_at.replace(tzinfo=UTC), report_time_zone


def _followed(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """The accounts of the file, those of the last run first, in the order of its settings.

    The settings may say ``me``: that is the account that they do not name, and that was read last.
    """
    found = connection.execute(
        """
        with last_run as (
            select lower(accounts)::varchar[] as names from staging.sync_runs
            order by started_at desc limit 1
        ),
        placed as (
            select
                accounts.account_name,
                accounts.fetched_at,
                coalesce(
                    list_position(last_run.names, lower(accounts.account_name)),
                    list_position(last_run.names, 'me')
                ) as place,
            from main.accounts
            left join last_run on true
            where accounts.account_name is not null  -- nothing that is asked by name is theirs
        )
        select account_name from placed order by place nulls last, fetched_at desc, account_name
        """
    ).fetchall()
    return tuple(name for (name,) in found)


def _chosen(account: str | None, followed: tuple[str, ...]) -> tuple[str, ...]:
    if account is None:
        return followed
    if account == FIRST:
        return followed[:1]
    chosen = tuple(name for name in followed if name.lower() == account.lower())
    if not chosen:
        raise PublishedFileError(
            f"The account {account} is not followed in this file. "
            + (f"Choose one of: {', '.join(followed)}." if followed else "It follows none.")
        )
    return chosen


def _period(last: date, *, days: int, start: str | None, end: str | None) -> Period:
    try:
        last = date.fromisoformat(end) if end else last
        first = date.fromisoformat(start) if start else last - timedelta(days=days - 1)
    except (ValueError, OverflowError) as error:
        raise PublishedFileError(
            f"The period cannot be read ({error}). Days are written like 2026-11-01."
        ) from error
    if first > last:
        raise PublishedFileError(f"The period would end ({last}) before it begins ({first}). Take more days.")
    return Period(first, last)
