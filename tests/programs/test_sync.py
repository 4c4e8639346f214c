"""The program as cron starts it: a process of its own, against a simulated Imgur behind a socket."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
import sync

from imgur_source.simulator import Fault, Simulator, serve

ROOT = Path(__file__).parents[2]
PATIENCE = 120  # seconds; a machine that runs other things at the same time is slow


@contextmanager
def _started(
    simulator: Simulator, base_url: str, folder: Path, *arguments: str, cwd: Path | None = None
) -> Iterator[subprocess.Popen[str]]:
    environment = {name: value for name, value in os.environ.items() if "SOURCES__" not in name}
    environment |= {
        "SOURCES__IMGUR__CREDENTIALS__CLIENT_ID": simulator.client_id,
        "SOURCES__IMGUR__CREDENTIALS__CLIENT_SECRET": simulator.client_secret,
        "SOURCES__IMGUR__CREDENTIALS__REFRESH_TOKEN": simulator.refresh_token,
    }
    command = [
        sys.executable, str(ROOT / "pipelines" / "sync.py"), "--base-url", base_url,
        "--data-dir", str(folder / "data"), "--state-dir", str(folder / "state"), *arguments,
    ]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=cwd or folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _run(simulator: Simulator, base_url: str, folder: Path, *arguments: str) -> tuple[int, str, str]:
    with _started(simulator, base_url, folder, *arguments) as process:
        out, err = process.communicate(timeout=PATIENCE)
        return process.returncode, out, err


def _count(file: Path, table: str) -> int:
    with duckdb.connect(str(file), read_only=True) as connection:
        [(count,)] = connection.execute(f"select count(*) from imgur_raw.{table}").fetchall()
    return int(count)


def test_sync__does_the_job_from_any_directory(tmp_path: Path) -> None:
    """Started elsewhere, without a terminal: plain lines, one summary, exit 0, a file to open, no secret said."""
    simulator = Simulator(seed=5, images=60, albums=3, posts=240)
    with serve(simulator, port=0) as base_url:
        token = simulator.refresh_token
        code, out, err = _run(simulator, base_url, tmp_path, "--only", "account_images", "-vv")

    assert code == 0
    assert "done after" in out
    assert "reading account_images/me" in err
    assert _count(tmp_path / "data" / "imgur.duckdb", "images") == 60
    for secret in (token, simulator.refresh_token, simulator.access_token, simulator.client_secret):
        assert secret not in out + err
    assert oct((tmp_path / "state").stat().st_mode)[-3:] == "700"


def test_sync__names_its_setup_errors(tmp_path: Path) -> None:
    """A dead login exits 2 and names the command that cures it; no traceback."""
    simulator = Simulator(seed=5, images=10)
    simulator.faults.add(Fault("token_invalid_403", path=r"^/3/", times=None))
    with serve(simulator, port=0) as base_url:
        code, out, err = _run(simulator, base_url, tmp_path, "--only", "account_images")

    assert code == sync.EXIT_USAGE
    assert "python pipelines/login.py" in out + err
    assert "Traceback" not in out + err


def test_sync__refuses_to_send_tokens_in_the_clear(tmp_path: Path) -> None:
    """http is for loopback only."""
    simulator = Simulator(seed=5, images=10)

    code, _, err = _run(simulator, "http://imgur.example", tmp_path)

    assert code == sync.EXIT_USAGE
    assert "https" in err


@dataclass(frozen=True)
class Twice:
    """Two runs with --report: exit code, output and errors of each. Nothing is in the way of the first report."""

    report: Path
    page: str
    first: tuple[int, str, str]
    second: tuple[int, str, str]  # verbose, and with a folder where the report is to be


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> Twice:
    """Run the job twice, for tests that read what it said."""
    folder = tmp_path_factory.mktemp("twice")
    simulator = Simulator(seed=5, images=60, albums=3, posts=240)
    report = folder / "data" / "report.html"
    with serve(simulator, port=0) as base_url:
        asked = ("--only", "account_images", "--report")
        first = _run(simulator, base_url, folder, *asked)
        page = report.read_text()
        report.unlink()
        report.mkdir()
        second = _run(simulator, base_url, folder, *asked, "-v")
    return Twice(report, page, first, second)


@pytest.mark.slow
def test_sync__report_comes_after_the_night(twice: Twice) -> None:
    """--report makes one of what was published; where it cannot, a line says why, and the night is done all the same."""
    assert (twice.first[0], twice.second[0]) == (0, 0)
    assert f"\nReport: {twice.report} (" in twice.first[1]
    assert "<title>Engagement report</title>" in twice.page
    assert "\nNo report: " in twice.second[1]
    assert "Traceback" not in "".join(twice.second[1:])


@pytest.mark.slow
def test_sync__verbose_tells_the_story_on_stderr(twice: Twice) -> None:
    """-v logs each list's end but no single request; without it only what is being read is said."""
    _, out, err = twice.second

    assert (
        "INFO imgur_source.extract.readers list read list=account_images/me scan=sweep pages=2 items=60"
        in err
    )
    assert " DEBUG " not in err
    assert "list read" not in "".join(twice.first[1:]) + out


@pytest.mark.slow
def test_sync__report_tells_of_what_is_published_whatever_came_of_the_night(tmp_path: Path) -> None:
    """The exit code is the night's; a night that fails or is kept leaves a report of the file that there is."""
    simulator = Simulator(seed=5, images=60, albums=3, posts=240)
    asked = ("--only", "account_images", "--only", "account_albums", "--only", "album_images", "--report")
    work_file = tmp_path / "data" / "work" / "imgur_work.duckdb"
    report = tmp_path / "data" / "report.html"
    with serve(simulator, port=0) as base_url:
        simulator.faults.add(Fault("token_invalid_403", path=r"^/3/", times=None))
        dead = _run(simulator, base_url, tmp_path, *asked)
        simulator.faults.clear()
        simulator.faults.add(Fault("html_503", path=r"account/me/images", times=4))
        failed = _run(simulator, base_url, tmp_path, *asked)
        assert report.exists()
        report.unlink()
        with duckdb.connect(str(work_file)) as connection:
            connection.execute("update imgur_raw.images set id = 'x'")
            connection.execute("insert into imgur_raw.images (id) values ('twice'), ('twice')")
        kept = _run(simulator, base_url, tmp_path, *asked)

    assert (dead[0], failed[0], kept[0]) == (2, 1, 1)
    assert f"\nNo report: There is no {tmp_path / 'data' / 'imgur.duckdb'}." in dead[1]
    assert f"\nReport: {report} (" in failed[1]
    assert "Not published" in kept[1]
    assert f"\nReport: {report} (" in kept[1]
    assert report.exists()
    assert "Traceback" not in "".join(dead[1:] + failed[1:] + kept[1:])


@pytest.mark.parametrize("arguments", [["--only", "nothing"], ["--max-credits", "many"], ["--nonsense"]])
def test_sync__wrong_usage_exits_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """argparse says what is wrong, on stderr."""
    with pytest.raises(SystemExit) as raised:
        sync.main(arguments)

    assert raised.value.code == sync.EXIT_USAGE
    assert "error" in capsys.readouterr().err


def test_sync__status_before_the_first_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--status needs neither credentials nor a file."""
    code = sync.main(["--status", "--data-dir", str(tmp_path)])

    assert code == 0
    assert "none yet" in capsys.readouterr().out


def test_sync__names_a_data_dir_that_cannot_be_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A data directory that is a file: one line, exit 2."""
    file = tmp_path / "file"
    file.write_text("mine")

    code = sync.main(["--data-dir", str(file), "--state-dir", str(tmp_path / "state")])

    assert code == sync.EXIT_USAGE
    assert str(file) in capsys.readouterr().err


@pytest.mark.slow
def test_sync__sigterm_stops_cleanly(tmp_path: Path) -> None:
    """Cron's TERM in the middle of a list: what was read is loaded and published, exit 0."""
    simulator = Simulator(seed=5, images=2_000, albums=3, posts=240, per_page="ignored", latency=0.05)
    with (
        serve(simulator, port=0) as base_url,
        _started(simulator, base_url, tmp_path, "--only", "account_images") as process,
    ):
        _wait_for_requests(simulator, process, 8)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=PATIENCE)

    assert process.returncode == 0
    assert "stopped" in out
    assert "Stopping after the request under way" in err
    count = _count(tmp_path / "data" / "imgur.duckdb", "images")
    assert 0 < count < 2_000
    assert count % 50 == 0


@pytest.mark.slow
def test_sync__second_process_exits_4(tmp_path: Path) -> None:
    """While one run works, another is told so and asks Imgur for nothing."""
    simulator = Simulator(seed=5, images=2_000, albums=3, posts=240, per_page="ignored", latency=1.0)
    with (
        serve(simulator, port=0) as base_url,
        _started(simulator, base_url, tmp_path, "--only", "account_images") as process,
    ):
        _wait_for_requests(simulator, process, 3)
        code, _, err = _run(simulator, base_url, tmp_path, "--only", "account_albums")
        asked = [request.path for request in simulator.requests if "albums" in request.path]
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)

    assert code == sync.EXIT_LOCKED
    assert str(process.pid) in err
    assert asked == []


def _wait_for_requests(simulator: Simulator, process: subprocess.Popen[str], count: int) -> None:
    """Wait until the simulator has seen *count* requests; the process must not have ended before."""
    for _ in range(int(PATIENCE / 0.02)):
        if len(simulator.requests) >= count:
            return
        try:
            process.wait(timeout=0.02)
        except subprocess.TimeoutExpired:
            continue
        raise AssertionError(process.communicate())
    raise AssertionError("the process sends nothing")


def test_parser__takes_one_thing_to_do() -> None:
    """A program that was told two things at once must not choose one of them silently."""
    with pytest.raises(SystemExit) as ended:
        sync.parser().parse_args(["--plan", "--status"])

    assert ended.value.code == 2


def test_main__demo_heeds_no_other_flags_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A flag beside --demo that would have no effect is refused before anything is made."""
    code = sync.main(["--demo", "--max-credits", "3", "--data-dir", str(tmp_path)])

    assert code == 2
    assert "--max-credits" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
