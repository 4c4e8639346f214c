"""What a report reads of a published file: which accounts, which days, how complete."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import published
import pytest
from published import Period, Published, PublishedFileError, QuestionError, opened, published_file

from tests.support.published_files import RUN_AT, fill


@pytest.fixture
def file(nothing: Path, tmp_path: Path) -> Path:
    """The same, for a test of its own."""
    return shutil.copyfile(nothing, tmp_path / "some.duckdb")


def _follow(file: Path, *names: str, as_set: str) -> None:
    """Accounts that are held, the last one read last, under the setting *as_set*."""
    for place, name in enumerate(names):
        fill(
            file,
            "main.accounts",
            {"account_id": place, "account_name": name, "fetched_at": RUN_AT.replace(minute=place)},
        )
    fill(file, "imgur_raw.sync_runs", {"run_id": "a", "started_at": RUN_AT, "accounts": as_set})


@pytest.mark.parametrize(
    ("held", "setting", "followed"),
    [
        (["other", "mine"], '["me", "other"]', ("mine", "other")),
        (["mine", "other"], '["other", "me"]', ("other", "mine")),
        (["Zoe", "Abe"], '["zoe", "abe"]', ("Zoe", "Abe")),
        (["before", "now"], '["now"]', ("now", "before")),
        (["before"], "[]", ("before",)),
        ([], "[]", ()),
    ],
)
def test_open__first_account_is_the_first_of_the_settings(
    file: Path, held: list[str], setting: str, followed: tuple[str, ...]
) -> None:
    """The last run's order, `me` being the account that it does not name; what is followed no more comes last."""
    _follow(file, *held, as_set=setting)

    assert Published.open(file).followed == followed
    assert Published.open(file).accounts == followed[:1]
    assert Published.open(file, account=None).accounts == followed


def test_open__account_is_found_whatever_its_case(file: Path) -> None:
    """Imgur's names have no case."""
    _follow(file, "Mine", "other", as_set='["me", "other"]')

    assert Published.open(file, account="MINE").accounts == ("Mine",)


def test_open__names_the_accounts_that_there_are(file: Path) -> None:
    """A name that is not followed is refused with those that are."""
    _follow(file, "mine", "other", as_set='["me", "other"]')

    with pytest.raises(
        QuestionError, match=r"nobody is not followed in this file\. Choose one of: mine, other"
    ):
        Published.open(file, account="nobody")


def test_open__asks_once_for_a_name_that_two_accounts_bear(file: Path) -> None:
    """A name may have passed to somebody else, and both are held."""
    _follow(file, "mine", "mine", as_set='["mine"]')

    assert Published.open(file, account=None).accounts == ("mine",)


def test_open__period_ends_on_the_last_whole_day(nothing: Path) -> None:
    """Thirty days, both ends included, unless something else is said; two hours of a day are no day."""
    assert Published.open(nothing).period == Period(date(2026, 10, 24), date(2026, 11, 22))
    assert Published.open(nothing, days=1).period == Period(date(2026, 11, 22), date(2026, 11, 22))
    assert Published.open(nothing).unfinished_day is None
    assert Published.open(nothing, days=2, end="2026-11-10").period == Period(
        date(2026, 11, 9), date(2026, 11, 10)
    )
    assert Published.open(nothing, start="2026-11-20").period == Period(
        date(2026, 11, 20), date(2026, 11, 22)
    )


@pytest.mark.parametrize(
    "asked", [{"end": "2026-11-23", "days": 1}, {"start": "2026-11-23"}, {"end": "2026-12-31", "days": 1}]
)
def test_open__period_has_the_unfinished_day_where_it_is_asked_for(
    nothing: Path, asked: dict[str, Any]
) -> None:
    """The day of the data can be had by name, and it is known to be unfinished; later ones have no data."""
    report = Published.open(nothing, **asked)

    assert report.period == Period(date(2026, 11, 23), date(2026, 11, 23))
    assert report.unfinished_day == date(2026, 11, 23)


def test_period__before_is_as_long_and_ends_the_day_before() -> None:
    """The 20th to the 23rd are four days; the four before are the 16th to the 19th."""
    period = Period(date(2026, 11, 20), date(2026, 11, 23))

    assert period.before == Period(date(2026, 11, 16), date(2026, 11, 19))
    assert period.before.days == period.days == 4


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"start": "yesterday"}, "Days are written like 2026-11-01"),
        ({"start": "2026-11-31"}, "The period cannot be read \\(day is out of range for month\\)"),
        ({"start": "2026-12-01"}, "would begin on 2026-12-01, after the data was read \\(2026-11-23\\)"),
        (
            {"start": "2026-11-20", "end": "2026-11-10"},
            "would end \\(2026-11-10\\) before it begins \\(2026-11-20\\)",
        ),
        ({"days": 0}, "A period has 1 to 36,500 days, not 0"),
        ({"days": 10_000_000}, "A period has 1 to 36,500 days"),
        ({"start": "1900-01-01"}, "A period has at most 36,500 days; this would have 46,347"),
        ({"end": "0001-01-20"}, "The calendar has no 30 days before 0001-01-20"),
        ({"start": "0001-01-02", "end": "0001-01-20"}, "The calendar"),
        ({"time_zone": "Nowhere"}, "There is no time zone 'Nowhere'. Name one such as Europe/Berlin"),
        ({"time_zone": "../etc"}, "There is no time zone"),
        ({"account": "nobody"}, "The account nobody is not followed in this file. It follows none"),
    ],
)
def test_open__says_what_cannot_be(nothing: Path, asked: dict[str, object], said: str) -> None:
    """A wrong period, zone or account is named, with what can be asked instead."""
    with pytest.raises(QuestionError, match=said):
        Published.open(nothing, **asked)  # type: ignore[arg-type]


def test_open__names_the_command_that_publishes(tmp_path: Path) -> None:
    """Without a file there is nothing to report, and none is made."""
    with pytest.raises(PublishedFileError, match=r"There is no published file .*python pipelines/sync\.py"):
        Published.open(tmp_path / "imgur.duckdb")

    assert list(tmp_path.iterdir()) == []


def test_published_file__is_the_demos_where_there_is_no_other(tmp_path: Path) -> None:
    """After `make demo` alone a notebook opens what it wrote, as `make report` does."""
    real, demo = tmp_path / "imgur.duckdb", tmp_path / "demo" / "imgur.duckdb"
    demo.parent.mkdir()
    demo.touch()

    assert published_file(real) == demo
    real.touch()
    assert published_file(real) == real


def test_open__says_that_a_file_is_too_old(tmp_path: Path) -> None:
    """A file from before there were marts is refused in words."""
    with duckdb.connect(str(tmp_path / "old.duckdb")) as connection:
        connection.execute("create schema imgur_raw")

    with pytest.raises(PublishedFileError, match="has no marts: an older version published it"):
        Published.open(tmp_path / "old.duckdb")


@pytest.mark.parametrize("size_bytes", [0, 100, 300_000])
def test_open__says_what_to_do_about_a_damaged_file(size_bytes: int, nothing: Path, tmp_path: Path) -> None:
    """A file that breaks off is named, with the command that publishes it anew."""
    file = tmp_path / "damaged.duckdb"
    file.write_bytes(nothing.read_bytes()[:size_bytes])

    with pytest.raises(
        PublishedFileError, match=r"damaged\.duckdb cannot be read .*python pipelines/sync\.py"
    ):
        Published.open(file)


def test_rows__say_that_another_version_has_published(file: Path) -> None:
    """A column that an older version did not have is no riddle about SQL."""
    with duckdb.connect(str(file)) as connection:
        connection.execute("alter table main.posts drop column points")

    with pytest.raises(PublishedFileError, match=r"published by another version .*python pipelines/sync\.py"):
        Published.open(file).rows("select points from main.posts")


def test_opened__sees_what_was_published_since(file: Path, tmp_path: Path) -> None:
    """A process that has yesterday's file open, as a notebook does, gets today's when it opens it again."""
    yesterday = opened(file)
    today = shutil.copyfile(file, tmp_path / "today.duckdb")
    fill(today, "main.accounts", {"account_id": 1, "account_name": "fox"})
    today.replace(file)

    assert opened(file).execute("select account_name from main.accounts").fetchall() == [("fox",)]
    assert Published.open(file).followed == ("fox",)
    assert yesterday.execute("select account_name from main.accounts").fetchall() == []


def test_opened__whatever_the_file_is_called(nothing: Path, tmp_path: Path) -> None:
    """A quote in a folder's name ends no text in SQL."""
    file = shutil.copyfile(nothing, tmp_path / "fox's.duckdb")

    assert Published.open(file).followed == ()


def test_periods__are_from_the_first_reading_to_the_last(file: Path) -> None:
    """Days on which an account's reputation is known, whatever else is known of earlier ones."""
    _follow(file, "mine", "other", as_set='["me", "other"]')
    for name, day, reputation in (("mine", 1, None), ("mine", 5, 10), ("mine", 9, 11), ("other", 7, 1)):
        fill(
            file,
            "main.account_daily",
            {"account_name": name, "day": date(2026, 11, day), "reputation": reputation},
        )

    assert Published.open(file, account=None).periods() == {
        "mine": Period(date(2026, 11, 5), date(2026, 11, 9)),
        "other": Period(date(2026, 11, 7), date(2026, 11, 7)),
    }
    assert Published.open(file).periods().keys() == {"mine"}


def test_open__only_reads(nothing: Path) -> None:
    """Nothing can be written through a report's connection, and it knows when the data was read."""
    report = Published.open(nothing)

    with pytest.raises(duckdb.InvalidInputException, match="read-only"):
        report.connection.execute("create table main.mine as select 1")
    assert report.read_at == datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def test_open__knows_that_failed_nights_read_nothing(file: Path) -> None:
    """They publish again; the data is as old as its newest row, and so is the period."""
    fill(
        file,
        "main.data_freshness",
        {"table_name": "images", "newest_at": datetime(2026, 11, 16, 2, 30, tzinfo=UTC)},
        {"table_name": "posts", "newest_at": datetime(2026, 11, 17, 2, 30, tzinfo=UTC)},
    )

    report = Published.open(file)

    assert report.read_at == datetime(2026, 11, 17, 2, 30, tzinfo=UTC)
    assert report.period.end == date(2026, 11, 16)


def test_open__has_sound_joins(nothing: Path) -> None:
    """A report is made without the optimizer that now and then breaks joins (docs/decisions/warehouse.md)."""
    report = Published.open(nothing)

    [(switched_off,)] = report.connection.execute("select current_setting('disabled_optimizers')").fetchall()
    assert switched_off == "statistics_propagation"


def test_coverage__is_the_least_of_what_is_known(file: Path) -> None:
    """Of tables without a coverage nothing is known, of several the least counts."""
    fill(file, "imgur_raw.sync_runs", {"run_id": "a", "started_at": RUN_AT, "accounts": "[]"})
    with duckdb.connect(str(file)) as connection:
        connection.execute("delete from main.data_freshness")
    fill(
        file,
        "main.data_freshness",
        {"table_name": "posts", "coverage_share": 0.5},
        {"table_name": "images", "coverage_share": 0.9},
        {"table_name": "tags", "coverage_share": None},
    )
    report = Published.open(file)

    assert report.coverage(["images"]) == 0.9
    assert report.coverage(["images", "posts", "tags"]) == 0.5
    assert report.coverage(["tags", "no_such_table"]) is None


def test_followed__leaves_out_an_account_without_a_name() -> None:
    """An account whose name Imgur left out is no account that a report can be asked for, and breaks none."""
    with duckdb.connect(":memory:") as connection:
        connection.execute(
            "create schema staging; create table staging.sync_runs (accounts json, started_at timestamptz); "
            "create table main.accounts (account_name varchar, fetched_at timestamptz); "
            "insert into main.accounts values (null, null), ('alice', null)"
        )
        assert published._followed(connection) == ("alice",)
