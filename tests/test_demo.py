"""The demo: the real job against a simulated Imgur, sealed against what the user has set."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import demo
import duckdb
import night
import pytest
import sync

README = (Path(__file__).parent.parent / "README.md").read_text()
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


@pytest.mark.slow
def test_demo__is_the_real_job_in_small(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two nights leave a published file with history in every table; nothing of the user's reaches the demo."""
    for name, value in (SECRETS | SETTINGS | {"STATE_DIR": str(tmp_path / "theirs")}).items():
        monkeypatch.setenv(f"SOURCES__IMGUR__{name}", value)
    simulator = demo.simulated(2)
    theirs = night.Options(
        data_dir=tmp_path, state_dir=tmp_path / "theirs", only=("tags",), accounts=("never_asked",),
        max_credits=1, base_url="http://127.0.0.1:9", destination="filesystem", publish=False,
    )  # fmt: skip

    code = demo.run(theirs, nights=2, simulator=simulator)

    out = capsys.readouterr().out
    file = tmp_path / "demo" / "imgur.duckdb"
    assert code == 0
    assert f"Open {file} with any DuckDB client" in out
    assert abs(datetime.now(UTC) - simulator.now()) < timedelta(days=1)

    with duckdb.connect(str(file), read_only=True) as connection:
        tables = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'imgur_raw'"
        ).fetchall()
        runs = connection.execute(
            "select outcome, accounts, feeds from imgur_raw.sync_runs order by started_at"
        ).fetchall()
        days = connection.execute(
            "select count(distinct (observed_at at time zone 'UTC')::date) from imgur_raw.post_metrics"
        ).fetchall()
        depth = connection.execute(
            "select distinct pages from imgur_raw.list_sweeps where list = 'hot/viral'"
        ).fetchall()
        empty = [
            table
            for (table,) in tables
            if connection.execute(f"select count(*) from imgur_raw.{table}").fetchall() == [(0,)]
        ]
        answers = [connection.execute(query).fetchall() for _, query in demo.QUERIES]
    assert [outcome for outcome, _, _ in runs] == ["done", "done"]
    assert days == [(2,)]
    assert depth == [(2,)]  # pages, not their nine
    assert sorted(empty) == ["item_looks", "rejected_records"]
    assert all(answers)

    sent = "\n".join(
        f"{request.path} {value}" for request in simulator.requests for value in request.headers.values()
    )
    assert simulator.client_id in sent  # what is searched does hold what signs a request
    assert [secret for secret in SECRETS.values() if secret in sent] == []
    assert "x-rapidapi-key" not in {name for request in simulator.requests for name in request.headers}
    assert "never" not in sent + str(runs)
    assert not (tmp_path / "theirs").exists()


def test_demo__nights_are_a_fortnight() -> None:
    """The last of them is now, so the first was thirteen days before."""
    first = demo.simulated().now()

    assert demo.NIGHTS == 14
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


@pytest.fixture(scope="module")
def fortnight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that the whole demo leaves."""
    data_dir = tmp_path_factory.mktemp("fortnight")
    assert demo.run(night.Options(data_dir=data_dir, state_dir=data_dir / "none")) == 0
    return data_dir / "demo" / "imgur.duckdb"


@pytest.mark.slow
def test_demo__answers_the_questions_of_the_readme(fortnight: Path) -> None:
    """Each query of the README has an answer in the file that its reader has just made."""
    queries = [
        query.strip()
        for block in re.findall(r"```sql\n(.*?)```", README, re.DOTALL)
        for query in block.split(";")
        if query.strip()
    ]
    with duckdb.connect(str(fortnight), read_only=True) as connection:
        unanswered = [query for query in queries if not connection.execute(query).fetchall()]

    assert len(queries) > 10
    assert [query for query in unanswered if not any(name in query for name in MAY_BE_EMPTY)] == []


@pytest.mark.slow
def test_demo__leaves_marts_worth_a_look(fortnight: Path) -> None:
    """No mart is empty, and what they tell differs: good and bad posts, curves, exits from feeds, sound audits."""
    with duckdb.connect(str(fortnight), read_only=True) as connection:
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
