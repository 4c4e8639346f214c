"""One night, from the lock to the published file."""

from __future__ import annotations

import glob
import json
import os
import signal
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import dlt
import duckdb
import httpx
import pyarrow as pa
import pytest
from nightly.loading import StopOnSignal, destination_of, pipeline_of
from nightly.options import settings_of
from nightly.status import status_lines
from nightly.summary import summary_lines
from warehouse.files import FileInUseError
from warehouse.run_lock import RunLock, RunLockedError

from imgur_source.errors import ConfigurationError
from imgur_source.records.tables import IMAGES as IMAGES_TABLE
from imgur_source.settings import ImgurCredentials
from imgur_source.simulator import Fault
from imgur_source.source import StopFlag, hints_of
from tests.support.nights import IMAGES, Nights
from tests.support.warehouses import Lab, SimulatorClock, credentials_of
from tests.support.work_files import without_marts


def test_run__publishes_what_it_read(first_run: Nights) -> None:
    """After one night the published file has every image, and everything has its comment."""
    [result] = first_run.results

    assert (result.outcome, result.exit_code) == ("done", 0)
    assert first_run.published("select count(*) from imgur_raw.images") == [(40,)]
    assert first_run.published("select count(*) from imgur_raw.image_metrics") == [(40,)]
    assert first_run.published(
        "select count(*) from duckdb_columns() where schema_name = 'imgur_raw' and comment is null"
    ) == [(0,)]
    assert first_run.published(
        "select count(*) from duckdb_tables() where table_name like '\\_dlt%' escape '\\'"
    ) == [(0,)]


def test_run__file_describes_its_own_run(first_run: Nights) -> None:
    """sync_runs and credit_charges are in the file that the run publishes."""
    [result] = first_run.results

    [row] = first_run.published(
        "select run_id, outcome, credits_spent, accounts, rows_loaded, publication, version from imgur_raw.sync_runs"
    )
    assert row[:3] == (result.run_id, "done", 3)
    assert json.loads(row[3]) == ["me"]
    assert json.loads(row[4])["images"] == 40
    assert row[5] is None
    assert row[6]
    assert first_run.published(
        "select endpoint, credits, requests from imgur_raw.credit_charges order by 1"
    ) == [
        ("account_images", 2, 2),
        ("account_images_count", 1, 1),
        ("oauth2_token", 0, 1),
    ]


@pytest.fixture(scope="module")
def day_after(first_run: Nights, tmp_path_factory: pytest.TempPathFactory) -> Nights:
    """The same with a second run a day later, which reports in another zone."""
    nights = first_run.copied(tmp_path_factory.mktemp("day_after"))
    nights.simulator.advance(timedelta(days=1))
    nights.options.settings["report_timezone"] = "Asia/Kolkata"
    nights.run(only=IMAGES)
    return nights


def test_run__next_file_says_what_came_of_the_publication(day_after: Nights) -> None:
    """The publication of a run is completed by the file of the next."""
    first, second = day_after.results

    assert day_after.published(
        "select run_id, publication, published_at is not null from imgur_raw.sync_runs order by 1"
    ) == [
        (first.run_id, "published", True),
        (second.run_id, None, False),
    ]


def test_run__file_says_in_which_zone_it_reports(first_run: Nights, day_after: Nights) -> None:
    """The setting stands in the file with the time of the run, and the next run may change it."""
    zone = "select report_timezone from staging.parameters"

    assert first_run.published(zone) == [("UTC",)]
    assert day_after.published(zone) == [("Asia/Kolkata",)]


@pytest.mark.slow
def test_run__details_of_held_things_do_not_pay_for_their_parents(tmp_path: Path) -> None:
    """--only album_images asks for the albums that are held, and not for their list."""
    nights = Nights(tmp_path)
    nights.run(only=("account_albums", "account"))
    before = nights.asked_for("/albums/")

    result = nights.run(only=("album_images",))

    assert nights.asked_for("/albums/") == before
    assert dict(result.run.meter.charges) == {"album_images": len(
        [album for album in nights.simulator.truth.account_albums("me") if album["images_count"]]
    )}  # fmt: skip
    assert nights.published("select count(distinct album_id) > 0 from imgur_raw.album_images") == [(True,)]


def test_run__details_read_their_parents_when_nothing_is_held(tmp_path: Path) -> None:
    """The first run may be --only album_images."""
    nights = Nights(tmp_path)

    nights.run(only=("album_images",))

    assert nights.published("select count(*) > 0 from imgur_raw.album_images") == [(True,)]


def test_run__credits_end_it_cleanly(tmp_path: Path) -> None:
    """A run that its allowance ends is a success that says what it owes, and is published."""
    nights = Nights(tmp_path, images=300, per_page="ignored")

    result = nights.run(only=("account_images", "account_albums"), max_credits=5)

    assert (result.outcome, result.exit_code) == ("stopped", 0)
    assert nights.published("select count(*) from imgur_raw.images") == [(200,)]
    assert nights.published("select count(*) from imgur_raw.albums") == [(3,)]
    [(outcome, owed)] = nights.published("select outcome, owed from imgur_raw.sync_runs")
    assert outcome == "stopped"
    assert "account_images/me (what was never read)" in json.loads(owed)
    text = "\n".join(summary_lines(result, nights.options, seconds=3.0))
    assert "allowance of 5 credits" in text
    assert "account_images/me (what was never read)" in text


def test_run__person_may_stop_it(tmp_path: Path) -> None:
    """After SIGTERM no further request is sent; what was read is loaded, and the exit is clean."""
    nights = Nights(tmp_path, images=300, per_page="ignored")

    def stop_on_the_third(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/images/2"):
            os.kill(os.getpid(), signal.SIGTERM)
        return nights.simulator(request)

    nights.options.settings["max_in_flight"] = 1
    result = nights.run(only=IMAGES, transport=httpx.MockTransport(stop_on_the_third))

    assert (result.outcome, result.exit_code) == ("stopped", 0)
    assert nights.asked_for("/images/") == 4  # three pages and the list's count
    assert nights.published("select count(*) from imgur_raw.images") == [(150,)]


def test_run__dead_login_is_a_set_up_error_that_names_the_cure(tmp_path: Path) -> None:
    """A refresh token that Imgur refuses exits 2, and the run is on the books."""
    nights = Nights(tmp_path)
    dead = ImgurCredentials(
        client_id=nights.simulator.client_id,
        client_secret=nights.simulator.client_secret,
        refresh_token="dead",
    )

    result = nights.run(only=IMAGES, settings={"credentials": dead, "feeds": []})

    assert (result.outcome, result.exit_code) == ("failed", 2)
    assert "python pipelines/login.py" in (result.reason or "")
    assert nights.work("select outcome, credits_spent from imgur_raw.sync_runs") == [("failed", 0)]
    assert not nights.options.warehouse.published_file.exists()
    assert "nothing in it yet" in "\n".join(summary_lines(result, nights.options, seconds=1.0))


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    """A run in which the albums cannot be read, and the images end with a word of what Imgur will retire."""
    nights = Nights(tmp_path_factory.mktemp("troubled"))
    nights.simulator.faults.add(Fault("html_503", path=r"account/me/albums", times=4))
    nights.simulator.faults.add(Fault("sunset_header", path=r"account/me/images", times=1))
    nights.run(only=("account_images", "account_albums"))
    return nights


def test_run__list_that_fails_is_exit_1_and_the_others_are_published(troubled: Nights) -> None:
    """The engineer hears of it, the analyst gets the rest."""
    [result] = troubled.results

    assert (result.outcome, result.exit_code) == ("failed", 1)
    assert troubled.published("select count(*) from imgur_raw.images") == [(40,)]
    assert "account_albums/me" in result.run.pending


def test_run__sunset_is_in_the_summary(troubled: Nights) -> None:
    """An endpoint that Imgur will retire is something a person wants to know."""
    [result] = troubled.results

    assert "Imgur will retire" in "\n".join(summary_lines(result, troubled.options, seconds=1.0))
    [(notes,)] = troubled.published("select notes from imgur_raw.sync_runs")
    assert "account_images_count: Imgur will retire" in notes


def test_run__second_run_at_once_is_refused(tmp_path: Path) -> None:
    """One run per warehouse; the holder is named, nothing is asked of Imgur."""
    nights = Nights(tmp_path)
    lock_file = nights.options.warehouse.lock_file
    lock_file.parent.mkdir(parents=True)

    with (
        RunLock(lock_file, clock=SimulatorClock(nights.simulator)),
        pytest.raises(RunLockedError, match="process"),
    ):
        nights.run(only=IMAGES)

    assert not nights.simulator.requests


def test_run__work_file_held_by_another_program_costs_no_credit(nights: Nights) -> None:
    """Whoever opened the work file is told to open the published one; no request is made."""
    before = len(nights.simulator.requests)

    with (
        duckdb.connect(str(nights.options.warehouse.work_file), read_only=True),
        pytest.raises(FileInUseError, match=r"imgur\.duckdb"),
    ):
        nights.run(only=IMAGES)

    assert len(nights.simulator.requests) == before


def test_run__readers_of_the_published_file_are_never_in_the_way(nights: Nights) -> None:
    """A notebook keeps the file open over a run and goes on reading its own snapshot."""
    with duckdb.connect(str(nights.options.warehouse.published_file), read_only=True) as notebook:
        before = notebook.execute("select count(*) from imgur_raw.image_metrics").fetchall()
        nights.simulator.advance(timedelta(days=1))
        assert nights.run(only=IMAGES).exit_code == 0
        after = notebook.execute("select count(*) from imgur_raw.image_metrics").fetchall()

    assert before == after
    assert nights.published("select count(*) from imgur_raw.image_metrics") > before


def _leave_pending(nights: Nights, table_rows: Any) -> None:
    """Extract a package as a run would, and die before it is loaded."""
    warehouse = nights.options.warehouse
    with destination_of("duckdb", warehouse) as destination:
        pipeline = pipeline_of("duckdb", destination, warehouse)
        pipeline.extract(table_rows, loader_file_format="parquet")
    assert pipeline.has_pending_data


def test_run__loads_what_a_killed_run_had_fetched(tmp_path: Path) -> None:
    """Rows that were paid for are not paid for again."""
    nights = Nights(tmp_path)
    lab = Lab(tmp_path / "lab", nights.simulator)
    _leave_pending(nights, lab.source(only=("account_albums",), state_dir=str(nights.options.state_dir)))

    result = nights.run(only=IMAGES)

    assert nights.published("select count(*) from imgur_raw.albums") == [
        (len(nights.simulator.truth.account_albums("me")),)
    ]
    assert nights.published("select count(*) from imgur_raw.images") == [(40,)]
    assert any("interrupted" in note for note in result.run.report.notes)


@pytest.mark.slow
def test_run__gives_up_a_package_that_cannot_be_loaded(nights: Nights) -> None:
    """A poisoned package does not stop every later night: it is aborted, and said."""

    @dlt.resource(name="images", **hints_of(IMAGES_TABLE))
    def poison() -> Any:
        yield pa.table({"id": ["x"], "views": ["many"]})

    _leave_pending(nights, poison())

    result = nights.run(only=IMAGES)

    assert result.exit_code == 0
    assert any("fetched again" in note for note in result.run.report.notes)
    assert nights.published("select count(*) from imgur_raw.images") == [(40,)]
    warehouse = nights.options.warehouse
    with destination_of("duckdb", warehouse) as destination:
        assert not pipeline_of("duckdb", destination, warehouse).has_pending_data


def test_run__failed_check_keeps_the_published_file(nights: Nights) -> None:
    """When most rows are gone from the work file the old file stays, exit 1, until a person accepts what is named."""
    nights.options = replace(nights.options, sql_dir=without_marts())
    nights.work("delete from imgur_raw.images")
    for image in nights.simulator.truth.account_images()[5:]:
        nights.simulator.world.delete_image(image["id"])
    nights.simulator.advance(timedelta(days=1))

    result = nights.run(only=IMAGES)

    assert result.exit_code == 1
    assert any("images" in problem for problem in result.problems)
    assert nights.published("select count(*) from imgur_raw.images") == [(40,)]
    why = "Not published: images, rows lost; vanished_at_once."
    told = f"select publication, reason from imgur_raw.sync_runs where run_id = '{result.run_id}'"
    assert nights.work(told) == [("kept", why)]
    assert nights.work(
        "select rows_found, examples->0->>'table', examples->0->>'check' from main.audit_results "
        f"where run_id = '{result.run_id}' and audit = 'loaded_tables'"
    ) == [(1, "images", "rows lost")]
    assert "stays as it was" in "\n".join(summary_lines(result, nights.options, seconds=1.0))
    lines = status_lines(nights.options, clock=SimulatorClock(nights.simulator))
    [place] = [number for number, line in enumerate(lines) if line.endswith(", not published")]
    assert lines[place + 1] == f"    {why}"
    [found] = [line for line in lines if line.startswith("The audits found: ")]
    assert found == "The audits found: loaded_tables (1), vanished_at_once (1), dangling_references (1)"

    nights.simulator.advance(timedelta(days=1))
    accepted = nights.run(only=IMAGES, accept_vanished=True)
    nights.simulator.advance(timedelta(days=1))
    after = nights.run(only=IMAGES)

    assert (accepted.exit_code, after.exit_code) == (0, 0)
    assert nights.published(told) == [("kept", why)]
    assert "accepted: images, rows lost: 5 rows, 40 in the published file." in accepted.warnings
    assert nights.published(
        "select rows_found, is_accepted from main.audit_results "
        f"where audit = 'loaded_tables' and run_id = '{accepted.run_id}'"
    ) == [(1, True)]
    assert not any("accepted" in warning for warning in after.warnings)


def test_run__says_in_its_row_why_the_file_could_not_be_made(tmp_path: Path) -> None:
    """A published file that cannot be replaced is told like a check that failed."""
    nights = Nights(tmp_path)
    nights.options.warehouse.published_file.mkdir(parents=True)

    result = nights.run(only=IMAGES)

    assert result.exit_code == 1
    [(publication, reason)] = nights.work("select publication, reason from imgur_raw.sync_runs")
    assert publication == "kept"
    assert reason == f"Not published: {result.problems[0]}"


def test_run__no_publish_leaves_the_file_alone(tmp_path: Path) -> None:
    """--no-publish loads into the work file only."""
    nights = Nights(tmp_path)

    result = nights.run(only=IMAGES, publish=False)

    assert result.exit_code == 0
    assert not nights.options.warehouse.published_file.exists()
    assert nights.work(
        "select count(*), any_value(publication) from imgur_raw.images, imgur_raw.sync_runs"
    ) == [(40, "off")]


def test_run__other_destination_gets_the_raw_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--destination filesystem loads Parquet files, publishes nothing, and says so."""
    monkeypatch.setenv("DESTINATION__FILESYSTEM__BUCKET_URL", str(tmp_path / "lake"))
    nights = Nights(tmp_path)

    result = nights.run(only=IMAGES, destination="filesystem")

    assert result.exit_code == 0
    assert list((tmp_path / "lake" / "imgur_raw" / "images").glob("*.parquet"))
    assert not nights.options.warehouse.published_file.exists()
    assert "raw tables only" in "\n".join(
        summary_lines(result, replace(nights.options, destination="filesystem"), seconds=1.0)
    )


def test_run__wrong_setting_is_said_before_the_first_request(tmp_path: Path) -> None:
    """A feed that cannot be read is a set-up error; nothing is asked, no file appears."""
    nights = Nights(tmp_path)

    with pytest.raises(ConfigurationError, match="hot/nonsense"):
        nights.run(settings={"credentials": credentials_of(nights.simulator), "feeds": ["hot/nonsense"]})

    assert not nights.simulator.requests
    assert not nights.options.warehouse.published_file.exists()


@pytest.mark.parametrize("days", ["many", "0"])
def test_run__number_of_days_that_is_none_is_said_before_the_first_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: str
) -> None:
    """runs_kept_days is checked like any other setting."""
    monkeypatch.setenv("WAREHOUSE__RUNS_KEPT_DAYS", days)
    nights = Nights(tmp_path)

    with pytest.raises(ConfigurationError, match="runs_kept_days"):
        nights.run(only=IMAGES)

    assert nights.simulator.requests == []


def test_status__knows_the_last_runs_and_sends_nothing(first_run: Nights, tmp_path: Path) -> None:
    """--status works before the first run and after it."""
    before = len(first_run.simulator.requests)

    empty = "\n".join(status_lines(Nights(tmp_path).options))
    lines = "\n".join(status_lines(first_run.options, clock=SimulatorClock(first_run.simulator)))

    assert "none yet" in empty
    assert "done, 3 credits, published" in lines
    assert "nothing spent on this machine yet" in empty
    assert "497 of 500 left this hour, new ones at 2026-11-09 04:00 UTC" in lines
    assert "12,497 of 12,500 left today, the last 250 are never touched" in lines
    assert "0 strikes this month" in lines
    assert "no run" in lines
    assert len(first_run.simulator.requests) == before


@pytest.mark.parametrize("is_accepted", [False, True])
def test_run__strike_risk_is_taken_only_where_a_person_says_so(tmp_path: Path, is_accepted: bool) -> None:
    """--accept-strike-risk reaches the ledger, for that run alone."""
    nights = Nights(tmp_path)
    options = replace(nights.options, accept_strike_risk=is_accepted)

    assert settings_of(options).accept_strike_risk is is_accepted


def test_stop_on_signal__waits_while_rows_are_loaded(capsys: pytest.CaptureFixture[str]) -> None:
    """A signal while loading interrupts nothing, however often it comes; outside, the second one does."""
    stop = StopFlag()
    with StopOnSignal(stop) as signals:
        with signals.held():
            for _ in range(3):
                os.kill(os.getpid(), signal.SIGINT)
        held = capsys.readouterr().err
        assert stop.is_up
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)

    assert held.count("finished first") == 3


def test_run__signal_while_loading_does_not_break_the_load(tmp_path: Path) -> None:
    """SIGTERM from the first moment of the load on: everything is loaded and published all the same."""
    nights = Nights(tmp_path, images=300)
    sent: list[int] = []
    is_over = threading.Event()
    packages = nights.options.warehouse.pipelines_dir / "duckdb" / "imgur" / "load" / "normalized"

    def pester() -> None:
        while not is_over.wait(0.01):
            if glob.glob(
                str(packages / "*" / "*_jobs" / "*")
            ):  # a folder may go meanwhile, which Path.glob minds
                os.kill(os.getpid(), signal.SIGTERM)
                sent.append(signal.SIGTERM)

    thread = threading.Thread(target=pester)
    thread.start()
    try:
        result = nights.run(only=IMAGES)
    finally:
        is_over.set()
        thread.join()

    assert sent
    assert result.exit_code == 0
    assert nights.published("select count(*) from imgur_raw.images") == [(300,)]


def test_run__package_of_one_destination_is_not_loaded_into_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was fetched for DuckDB and not loaded waits for the next run into DuckDB."""
    monkeypatch.setenv("DESTINATION__FILESYSTEM__BUCKET_URL", str(tmp_path / "lake"))
    nights = Nights(tmp_path)
    lab = Lab(tmp_path / "lab", nights.simulator)
    _leave_pending(nights, lab.source(only=("account_albums",), state_dir=str(nights.options.state_dir)))

    elsewhere = nights.run(only=IMAGES, destination="filesystem")
    here = nights.run(only=IMAGES)

    assert not any("interrupted" in note for note in elsewhere.run.report.notes)
    assert any("interrupted" in note for note in here.run.report.notes)
    assert nights.published("select count(*) > 0 from imgur_raw.albums") == [(True,)]


@pytest.mark.parametrize("destination", ["nonsense", "filesystem"])
def test_run__destination_that_cannot_be_used_is_a_set_up_error(tmp_path: Path, destination: str) -> None:
    """An unknown destination, or one without its settings: one sentence, no request."""
    nights = Nights(tmp_path)

    with pytest.raises(ConfigurationError, match="destination"):
        nights.run(only=IMAGES, destination=destination)

    assert not nights.simulator.requests
