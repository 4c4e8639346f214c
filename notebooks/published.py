"""The published file as a report reads it: read-only, for some accounts and a range of days.

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
LONGEST = 36_500  # days of a period; older than anything on Imgur, and far from the calendar's ends
SOUND_JOINS = "set disabled_optimizers = 'statistics_propagation'"  # why: docs/decisions/warehouse.md


class PublishedFileError(Exception):
    """The published file cannot be used; the last sentence says what to do."""


class QuestionError(PublishedFileError):
    """What is asked cannot be answered from this file, or from any: the asker has to mend it."""


@dataclass(frozen=True)
class Period:
    """A range of UTC days, both ends included."""

    start: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1

    def contains(self, day: date) -> bool:
        return self.start <= day <= self.end

    def meets(self, other: Period) -> bool:
        return self.start <= other.end and other.start <= self.end

    @property
    def before(self) -> Period:
        """As many days, right before this one."""
        return Period(self.start - timedelta(days=self.days), self.start - timedelta(days=1))

    def __str__(self) -> str:
        return f"{self.start:%d %b %Y} to {self.end:%d %b %Y}" if self.days > 1 else f"{self.end:%d %b %Y}"


@dataclass(frozen=True)
class Published:
    """One published file, and what is asked about.

    Attributes:
        accounts: names of the accounts in question.
        followed: names of all accounts that the file follows.
        read_at: when something was last read from Imgur; runs that failed publish again, and read nothing.
        time_zone: in which times of day, hours and weekdays are shown.
    """

    database: Path
    connection: duckdb.DuckDBPyConnection
    accounts: tuple[str, ...]
    followed: tuple[str, ...]
    period: Period
    read_at: datetime
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
            end: last UTC day, at most that on which the data was read; without it, the last one that was
                over by then.
            time_zone: in which times are shown; without it, the file's ``report_timezone``.

        Raises:
            QuestionError: there is no such account, period or time zone.
            PublishedFileError: there is no such file, it is damaged, or it has no marts.
        """
        database = published_file(database)
        connection = opened(database)
        read_at, report_time_zone = _parameters(connection, database)
        followed = _followed(connection)
        time_zone = time_zone or report_time_zone
        try:
            ZoneInfo(time_zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise QuestionError(
                f"There is no time zone {time_zone!r}. Name one such as Europe/Berlin."
            ) from error
        return cls(
            database,
            connection,
            accounts=_chosen(account, followed),
            followed=followed,
            period=_period(read_at.date(), days=days, start=start, end=end),
            read_at=read_at,
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
        try:
            return self.connection.execute(query, {name: known[name] for name in named}).df()
        except duckdb.IOException as error:
            raise PublishedFileError(_unreadable(self.database, error)) from error
        except (duckdb.BinderException, duckdb.CatalogException) as error:
            raise PublishedFileError(
                f"{self.database} was published by another version ({_first_line(error)}). "
                "Run: python pipelines/sync.py"
            ) from error

    def coverage(self, tables: Iterable[str]) -> float | None:
        """The share, 0 to 1, of what should be stored that is, the least of *tables*; None if unknown."""
        shares = self.rows(
            "select coverage_share from main.data_freshness "
            "where list_contains($tables, table_name) and coverage_share is not null",
            tables=list(tables),
        )
        return None if shares.empty else float(shares["coverage_share"].min())

    @property
    def unfinished_day(self) -> date | None:
        """The last day of the period, where it was not over when the data was read."""
        return self.read_at.date() if self.period.contains(self.read_at.date()) else None

    def periods(self) -> dict[str, Period]:
        """From the first reading to the last, of each account in question that has been read."""
        days = self.rows(
            """
            select account_name, min(day)::varchar as first_day, max(day)::varchar as last_day
            from main.account_daily
            where list_contains($accounts, account_name) and reputation is not null
            group by account_name
            order by first_day, account_name
            """
        )
        return {
            name: Period(date.fromisoformat(first), date.fromisoformat(last))
            for name, first, last in days.itertuples(index=False)
        }

    def watched(self, kind: str) -> frozenset[str]:
        """The accounts in question whose list of *kind*, such as "image", has been read."""
        owners = self.rows(
            "select distinct account_name from main.survival "
            "where kind = $kind and list_contains($accounts, account_name)",
            kind=kind,
        )
        return frozenset(owners["account_name"])

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


def opened(database: str | Path) -> duckdb.DuckDBPyConnection:
    """A connection that only reads *database* (see ``published_file``), as it was published last.

    The file is attached to a database in memory: connecting to it by name would give the previous one
    to a process that still has that open, as a notebook does.

    Raises:
        PublishedFileError: there is no such file, or it cannot be read.
    """
    file = published_file(database)
    connection = duckdb.connect(":memory:")
    name = str(file).replace("'", "''")
    try:
        connection.execute(f"attach '{name}' as published (read_only)")
    except duckdb.IOException as error:
        raise PublishedFileError(_unreadable(file, error)) from error
    connection.execute("use published")
    connection.execute(SOUND_JOINS)
    return connection


def _unreadable(file: Path, error: duckdb.Error) -> str:
    if "set lock on file" in str(error):
        return f"{file} is open for writing in another program. Close it there, or open it read-only."
    return (
        f"{file} cannot be read ({_first_line(error)}). "
        "If it is damaged, have it published anew: python pipelines/sync.py, or for the demo: make demo"
    )


def _first_line(error: duckdb.Error) -> str:
    return str(error).partition("\n")[0].rstrip(".!")


def _parameters(connection: duckdb.DuckDBPyConnection, database: str | Path) -> tuple[datetime, str]:
    """When the data was read, and the zone of its hours."""
    try:
        connection.execute("select 1 from main.data_freshness limit 0")
        found = connection.execute(
            "select coalesce((select max(newest_at) from main.data_freshness), run_at) at time zone 'UTC', "
            "report_timezone from staging.parameters"
        ).fetchone()
    except duckdb.IOException as error:
        raise PublishedFileError(_unreadable(Path(database), error)) from error
    except duckdb.CatalogException as error:
        raise PublishedFileError(
            f"{database} has no marts: an older version published it. Run: python pipelines/sync.py"
        ) from error
    assert found is not None
    read_at, report_time_zone = found
    return read_at.replace(tzinfo=UTC), report_time_zone


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
    return tuple(dict.fromkeys(name for (name,) in found))  # two numbers may bear one name


def _chosen(account: str | None, followed: tuple[str, ...]) -> tuple[str, ...]:
    if account is None:
        return followed
    if account == FIRST:
        return followed[:1]
    chosen = tuple(name for name in followed if name.lower() == account.lower())
    if not chosen:
        raise QuestionError(
            f"The account {account} is not followed in this file. "
            + (f"Choose one of: {', '.join(followed)}." if followed else "It follows none.")
        )
    return chosen


def _period(read_on: date, *, days: int, start: str | None, end: str | None) -> Period:
    """The period that is asked for, of data that was read on *read_on*."""
    if not 1 <= days <= LONGEST:
        raise QuestionError(f"A period has 1 to {LONGEST:,} days, not {days:,}.")
    try:
        first = date.fromisoformat(start) if start else None
        last = date.fromisoformat(end) if end else None
    except ValueError as error:
        raise QuestionError(
            f"The period cannot be read ({error}). Days are written like 2026-11-01."
        ) from error
    if first and first > read_on:
        raise QuestionError(
            f"The period would begin on {first}, after the data was read ({read_on}). Begin it earlier."
        )
    if first and last and first > last:
        raise QuestionError(f"The period would end ({last}) before it begins ({first}). Exchange them.")
    # a whole day, unless another is asked for: a few hours say little beside a day
    last = min(last, read_on) if last else max(read_on - timedelta(days=1), first or date.min)
    try:
        period = Period(first or last - timedelta(days=days - 1), last)
        _ = period.before
    except OverflowError as error:
        raise QuestionError(f"The calendar has no {days:,} days before {last}. Begin later.") from error
    if period.days > LONGEST:
        raise QuestionError(f"A period has at most {LONGEST:,} days; this would have {period.days:,}.")
    return period
