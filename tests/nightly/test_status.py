"""What --status says of the published file: what is there, how fresh and whole, and what its audits found."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from nightly.options import Options
from nightly.status import LONGEST_LINE, status_lines
from warehouse.overview import TOLD, Audited, Freshness, Overview
from warehouse.run_lock import RunLock
from warehouse.warehouse import Warehouse

from imgur_source.credits.ledger import CreditLedger
from imgur_source.records.tables import ACCOUNTS, SYNC_RUNS
from imgur_source.settings import ImgurCredentials
from tests.support.ledgers import asked
from tests.support.work_files import NIGHT, StandingClock, load, without_marts, work

FRESHNESS = (
    "create table main.data_freshness as select * from (values "
    "('images', 12345, 5.4, 47.6, 1.0, 0), ('tags', 3, 1.0, 2.0, null, null), ('albums', 80, 50.0, 720.0, 0.985, 2), ('subreddit_posts', 3, 1.0, 2.0, null, null), "
    "('posts', 0, null, null, null, 0), ('image_metrics', 99999, 1.0, 2.0, null, 0)) as t"
    "(table_name, rows, median_age_hours, p95_age_hours, coverage_share, open_gaps)"
)


@pytest.fixture
def options(tmp_path: Path) -> Options:
    return Options(data_dir=tmp_path / "data", state_dir=tmp_path / "state")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a published file with two accounts, made on the first night."""
    data_dir = tmp_path_factory.mktemp("made") / "data"
    warehouse = Warehouse(data_dir, clock=StandingClock(), sql_dir=without_marts())
    load(warehouse, ACCOUNTS, {"id": 2, "url": "bob"}, {"id": 1, "url": "alice"}, {"id": 7})
    load(
        warehouse,
        SYNC_RUNS,
        {
            "run_id": "a",
            "started_at": NIGHT,
            "outcome": "stopped",
            "reason": "The credits of the run do not reach to all that is pending. " * 4,
            "credits_spent": 39,
            "credits_planned": 40,
            "publication": "published",
            "owed": '["account_images/me (what was never read)", "hot/viral", "t/cats"]',
        },
    )
    warehouse.apply_sql()
    warehouse.audit()
    warehouse.publish()
    return data_dir


@pytest.fixture
def warehouse(made: Path, options: Options) -> Warehouse:
    """A copy of this test's own."""
    return Warehouse(shutil.copytree(made, options.data_dir), clock=StandingClock(), sql_dir=without_marts())


def in_published(warehouse: Warehouse, *statements: str) -> None:
    """Have the published file be of another version."""
    with duckdb.connect(str(warehouse.published_file)) as connection:
        for statement in statements:
            connection.execute(statement)


def test_overview__before_the_first_publication(tmp_path: Path) -> None:
    """Without a file nothing is known, and that is no error."""
    assert Warehouse(tmp_path / "data").overview() == Overview()


def test_overview__tells_what_the_file_says_of_itself(warehouse: Warehouse) -> None:
    """Accounts by name, the tables of things that hold a row, in their order, and the audits that found something last."""
    in_published(
        warehouse,
        "drop table if exists main.data_freshness",
        FRESHNESS,
        "insert into main.audit_results (audit, severity, rows_found, audited_at) values "
        f"('old', 'warn', 3, '{NIGHT}'::timestamptz - interval 1 day), ('new', 'warn', 1200, '{NIGHT}')",
    )
    assert warehouse.overview() == Overview(
        made_at=NIGHT,
        accounts=("7", "alice", "bob"),
        freshness=(
            Freshness("images", 12345, 5.4, 47.6, 1.0, 0),
            Freshness("albums", 80, 50.0, 720.0, 0.985, 2),
            Freshness("subreddit_posts", 3, 1.0, 2.0, None, 0),
        ),
        audited=Audited(NIGHT, (("new", 1200),)),
    )


def test_overview__of_a_file_of_an_older_version(warehouse: Warehouse) -> None:
    """What is not in the file is passed over."""
    in_published(warehouse, "drop schema staging cascade", "drop table main.audit_results")
    in_published(warehouse, "drop table if exists main.data_freshness")
    warehouse.work_file.unlink()
    assert warehouse.overview() == Overview()


def test_status__is_one_screen(options: Options, warehouse: Warehouse) -> None:
    """What is there and how old, how complete, what the last run did and owes, and what the audits found."""
    in_published(
        warehouse,
        "drop table if exists main.data_freshness",
        FRESHNESS,
        "update main.audit_results set rows_found = 1200 where audit in ('lists_stale', 'rows_stale')",
    )

    lines = status_lines(options, clock=StandingClock())

    made = f"MB, made {datetime(2026, 11, 23, 2, tzinfo=UTC):%Y-%m-%d %H:%M} UTC)"
    assert lines[0].startswith(f"Published file: {warehouse.published_file} (")
    assert lines[0].endswith(made)
    assert lines[1:12] == [
        "At work now: no run",
        "Accounts: 7, alice, bob",
        "Tables (2 gaps left in lists)                rows     median age    95 % within   complete",
        "  images                                   12,345            5 h           48 h       100%",
        "  albums                                       80         2 days        30 days        98%",
        "  subreddit_posts                               3            1 h            2 h           ",
        "Last runs:",
        "  2026-11-23 02:00 UTC  stopped, 39 credits of 40 planned, published",
        "    The credits of the run do not reach to all that is pending. The credits of the run do not …",
        "Pending from the last: account_images/me (what was never read); hot/viral; and 1 more",
        "The audits found: lists_stale (1,200), rows_stale (1,200)",
    ]
    assert max(len(line) for line in lines[1:12]) <= LONGEST_LINE
    assert len(lines) <= 24


def test_status__fits_one_screen_at_its_fullest(options: Options, warehouse: Warehouse) -> None:
    """Nine tables, three runs that failed for one reason, what is owed, warnings and credits: 24 lines of 100 columns."""
    values = ", ".join(f"('{table}', 1234567, 50.0, 720.0, 0.985, 2)" for table in TOLD)
    in_published(
        warehouse,
        "drop table if exists main.data_freshness",
        f"create table main.data_freshness as select * from (values {values}) as t"
        "(table_name, rows, median_age_hours, p95_age_hours, coverage_share, open_gaps)",
        "update main.audit_results set rows_found = 1200 where severity = 'warn'",
    )
    for hours in (1, 2, 3):
        run = {"run_id": str(hours), "started_at": NIGHT + timedelta(hours=hours), "outcome": "failed"}
        told = {"reason": "The disk is full. " * 9, "credits_spent": 1234, "credits_planned": 1234}
        owed = json.dumps(["account_submissions/somebody (what was never read)"] * 9)
        load(warehouse, SYNC_RUNS, run | told | {"publication": "kept", "owed": owed})
    assert options.state_dir is not None
    asked(CreditLedger.of_application(options.state_dir, client_id="an-id", clock=StandingClock()))
    credentials = ImgurCredentials(client_id="an-id", client_secret="", refresh_token="")

    lines = status_lines(replace(options, settings={"credentials": credentials}), clock=StandingClock())

    assert sum("The disk is full." in line for line in lines) == 1
    assert [line for line in lines if "The audits found" in line or "Pending from the last" in line]
    assert "0 strikes this month" in lines[-1]
    assert len(lines) == 24
    assert [line for line in lines[1:] if len(line) > LONGEST_LINE] == []


def test_status__tells_what_the_last_night_found_though_it_published_nothing(
    options: Options, warehouse: Warehouse
) -> None:
    """The work file knows of later nights than the published one; while a run works on it nobody looks."""
    later = f"'{NIGHT}'::timestamptz + interval 1 day"
    work(
        warehouse,
        "insert into main.audit_results (audit, severity, rows_found, audited_at) "
        f"values ('vanished_at_once', 'error', 1, {later}), ('rows_stale', 'warn', 2, {later})",
    )
    told = "The audits found: vanished_at_once (1), rows_stale (2)"
    assert told in status_lines(options, clock=StandingClock())
    with RunLock(warehouse.lock_file, clock=StandingClock()):
        assert told not in status_lines(options, clock=StandingClock())
    assert told in status_lines(options, clock=StandingClock())
