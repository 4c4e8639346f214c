"""The demo: the real job against a simulated Imgur, sealed against what the user has set."""

from __future__ import annotations

import os
import re
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import duckdb
import pytest
import sync
from nightly import demo
from warehouse.run_lock import RunLock

from imgur_source.simulator import Fault, Simulator
from tests.support.work_files import StandingClock

README = (Path(__file__).parents[2] / "README.md").read_text()
MAY_BE_EMPTY = ("main.audit_results where rows_found > 0",)  # all may be well
SECRETS = {
    "CREDENTIALS__CLIENT_ID": "their-id",
    "CREDENTIALS__CLIENT_SECRET": "their-secret",
    "CREDENTIALS__REFRESH_TOKEN": "their-refresh",
    "CREDENTIALS__ACCESS_TOKEN": "their-access",
    "CREDENTIALS__RAPIDAPI_KEY": "their-key",
}
SETTINGS = {
    "ACCOUNTS": '["never_asked"]',
    "FEEDS": '["r/never"]',
    "FEED_PAGES": "9",
    "POST_DETAILS": "all",
    "MAX_CREDITS": "1",
    "BASE_URL": "http://127.0.0.1:9",
    "REQUEST_TIMEOUT_SECONDS": "0.000001",
    "CANDIDATES": "theirs",
    "RUNTIME": "theirs",
}


@dataclass(frozen=True)
class Fortnight:
    """What the whole demo has left, and what it said."""

    data_dir: Path
    theirs: Path  # the state directory of the user's settings
    simulator: Simulator
    said: str

    @property
    def file(self) -> Path:
        return self.data_dir / "demo" / "imgur.duckdb"


def set_all(monkeypatch: pytest.MonkeyPatch, theirs: Path) -> None:
    """Have everything set that a user may set, with the state directory *theirs*."""
    for name, value in (SECRETS | SETTINGS | {"STATE_DIR": str(theirs)}).items():
        monkeypatch.setenv(f"SOURCES__IMGUR__{name}", value)


@pytest.fixture(scope="module")
def fortnight(tmp_path_factory: pytest.TempPathFactory) -> Fortnight:
    """The whole demo, run by somebody who has set everything."""
    data_dir = tmp_path_factory.mktemp("fortnight")
    theirs, simulator, said = data_dir / "theirs", demo.simulated(), StringIO()
    with pytest.MonkeyPatch.context() as monkeypatch, redirect_stdout(said):
        set_all(monkeypatch, theirs)
        assert demo.run_demo(data_dir, simulator=simulator) == 0
    return Fortnight(data_dir, theirs, simulator, said.getvalue())


@pytest.mark.slow
def test_demo__is_the_real_job(fortnight: Fortnight) -> None:
    """It leaves a published file with history in every table, and answers the questions that it prints."""
    assert f"Open {fortnight.file} with any DuckDB client" in fortnight.said
    assert abs(datetime.now(UTC) - fortnight.simulator.now()) < timedelta(days=1)

    with duckdb.connect(str(fortnight.file), read_only=True) as connection:
        tables = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'imgur_raw'"
        ).fetchall()
        outcomes = connection.execute(
            "select outcome, count(*) from imgur_raw.sync_runs group by 1"
        ).fetchall()
        days = connection.execute(
            "select count(distinct (observed_at at time zone 'UTC')::date) from imgur_raw.post_metrics"
        ).fetchall()
        empty = {
            table
            for (table,) in tables
            if connection.execute(f"select count(*) from imgur_raw.{table}").fetchall() == [(0,)]
        }
        answers = [connection.execute(query).fetchall() for _, query in demo.QUERIES]
    assert outcomes == [("done", demo.RUNS)]
    assert days == [(demo.RUNS,)]
    assert empty <= {"item_looks", "rejected_records"}
    assert all(answers)


@pytest.mark.slow
def test_demo__takes_nothing_that_the_user_has_set(fortnight: Fortnight) -> None:
    """No secret and no setting of the user's reaches the demo, nor does the demo touch the user's folders."""
    simulator = fortnight.simulator
    with duckdb.connect(str(fortnight.file), read_only=True) as connection:
        runs = connection.execute("select accounts, feeds from imgur_raw.sync_runs").fetchall()
        depth = connection.execute(
            "select distinct pages from imgur_raw.list_sweeps where list = 'hot/viral'"
        ).fetchall()
    sent = "\n".join(
        f"{request.path} {value}" for request in simulator.requests for value in request.headers.values()
    )

    assert depth == [(2,)]  # pages, not their nine
    assert simulator.client_id in sent  # what is searched does hold what signs a request
    assert [secret for secret in SECRETS.values() if secret in sent] == []
    assert "x-rapidapi-key" not in {name for request in simulator.requests for name in request.headers}
    assert "never" not in sent + str(runs)
    assert not fortnight.theirs.exists()


@pytest.mark.slow
def test_demo__tells_its_status_and_its_plan(
    fortnight: Fortnight, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """--demo --status and --demo --plan tell of the demo, whatever the user has set, and ask for nothing."""
    set_all(monkeypatch, fortnight.theirs)
    simulator = fortnight.simulator
    asked = len(simulator.requests)

    assert sync.main(["--demo", "--status", "--data-dir", str(fortnight.data_dir)]) == 0
    told = capsys.readouterr().out
    assert f"Published file: {fortnight.file} (" in told
    assert f"Accounts: {simulator.username}, {simulator.other_usernames[0]}" in told
    assert "of 12,500 left today" in told
    assert sync.main(["--demo", "--plan", "--data-dir", str(fortnight.data_dir)]) == 0
    assert "hot/viral" in capsys.readouterr().out
    assert len(simulator.requests) == asked
    assert not fortnight.theirs.exists()


def test_demo__nights_are_a_fortnight() -> None:
    """The last of them is now, so the first was thirteen days before."""
    first = demo.simulated().now()

    assert demo.RUNS == 14
    assert abs(datetime.now(UTC) - timedelta(days=13) - first) < timedelta(minutes=5)


def test_demo__never_deletes_what_it_did_not_make(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder of that name with something else in it is left alone, exit 2."""
    (tmp_path / "demo").mkdir()
    precious = tmp_path / "demo" / "imgur.duckdb"
    precious.write_text("mine")

    code = sync.main(["--demo", "--data-dir", str(tmp_path)])

    assert code == sync.EXIT_USAGE
    assert precious.read_text() == "mine"
    assert "was not made by the demo" in capsys.readouterr().err


@pytest.mark.parametrize("asked", ["--status", "--plan"])
def test_demo__says_how_to_begin_where_there_was_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], asked: str
) -> None:
    """Nothing to look at, nothing made: one line that names the command."""
    assert sync.main(["--demo", asked, "--data-dir", str(tmp_path)]) == sync.EXIT_USAGE
    assert "Run: make demo" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("lock", ["demo.lock", "work/run.lock"])
def test_demo__leaves_another_one_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lock: str
) -> None:
    """Two at once: the second deletes nothing, names the first, and exits 4."""
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "README").write_text(demo.MARK)
    file = folder / "imgur.duckdb"
    file.write_text("of the first")
    with RunLock(folder / lock, clock=StandingClock()):
        assert sync.main(["--demo", "--data-dir", str(tmp_path)]) == sync.EXIT_LOCKED
    assert f"process {os.getpid()} on" in capsys.readouterr().err
    assert file.read_text() == "of the first"


def test_demo__that_is_about_to_begin_is_no_foreign_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Between its first lock and its first file a demo is known by its lock."""
    with RunLock(tmp_path / "demo" / "demo.lock", clock=StandingClock()):
        assert sync.main(["--demo", "--data-dir", str(tmp_path)]) == sync.EXIT_LOCKED


def test_demo__begins_anew_and_tells_of_a_night_that_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it made goes, a report and a user's own files stay; a night that ends the demo prints its summary."""
    folder = tmp_path / "demo"
    mine = ("report.html", "notes.txt", "mine/notebook.ipynb")
    its = (
        "imgur.duckdb",
        "imgur.duckdb.wal",
        ".imgur_draft.duckdb",
        "work/imgur_work.duckdb",
        "state/vault.json",
    )
    for name in ("README", *mine, *its):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(demo.MARK)
    simulator = demo.simulated(2)
    simulator.faults.add(Fault("token_invalid_403", path=r"^/3/", times=None))

    assert demo.run_demo(tmp_path, runs=2, simulator=simulator) == 2

    assert [name for name in mine if (folder / name).read_text() != demo.MARK] == []
    assert [name for name in its if (folder / name).exists() and (folder / name).stat().st_size < 100] == []
    told = capsys.readouterr().out
    assert "failed after" in told
    assert "python pipelines/login.py" in told
    assert sync.main(["--demo", "--status", "--data-dir", str(tmp_path)]) == 0
    assert "failed, " in capsys.readouterr().out


@pytest.mark.slow
def test_demo__answers_the_questions_of_the_readme(fortnight: Fortnight) -> None:
    """Each query of the README has an answer in the file that its reader has just made."""
    queries = [
        query.strip()
        for block in re.findall(r"```sql\n(.*?)```", README, re.DOTALL)
        for query in block.split(";")
        if query.strip()
    ]
    with duckdb.connect(str(fortnight.file), read_only=True) as connection:
        unanswered = [query for query in queries if not connection.execute(query).fetchall()]

    assert len(queries) > 10
    assert [query for query in unanswered if not any(name in query for name in MAY_BE_EMPTY)] == []


@pytest.mark.slow
def test_demo__leaves_marts_worth_a_look(fortnight: Fortnight) -> None:
    """No mart is empty, and what they tell differs: good and bad posts, curves, exits from feeds, sound audits."""
    with duckdb.connect(str(fortnight.file), read_only=True) as connection:
        marts = [
            name
            for (name,) in connection.execute(
                "select table_name from duckdb_tables() where schema_name = 'main'"
            ).fetchall()
        ]
        empty = [name for name in marts if connection.execute(f"from main.{name} limit 1").fetchall() == []]

        def number(query: str) -> int:
            [(found,)] = connection.execute(query).fetchall()
            return int(found)

        assert empty == []
        assert number("select count(distinct standing) from post_scorecard where is_own") == 3
        assert number("select count(distinct age_bucket) from post_lifetime") > 8
        assert number("select count(*) from tag_lift where lift_low is not null") > 0
        assert number("select count(*) from posting_heatmap where median_views_7d is not null") > 3
        assert number("select count(*) from gallery_trajectory where not is_there") > 5
        assert number("select count(*) from comment_threads where author_replied") > 0
        assert number("select count(distinct kind) from survival where state = 'deleted'") == 2
        assert number("select count(*) from data_freshness where open_gaps > 0") == 0
        assert number("select count(*) from audit_results where rows_found > 0 and severity = 'error'") == 0
