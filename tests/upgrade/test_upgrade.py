"""An earlier version's folder, its last run killed while loading, and runs of this version on it.

README.md says what such a folder holds and how a release makes one. What is checked is what a user
sees: files, tables, what Imgur was asked for, and what a run says of itself.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.support.old_folders import Job, Left, Ran, Row, Tables, job_on, tables_of, unpacked
from tests.upgrade.make_folder import FOLDERS, digest_of, made_again, rows_by_table

ARCHIVES = sorted(FOLDERS.glob("*.tar.xz"))
SOON = timedelta(minutes=10)
DAY = timedelta(days=1)
PAGE = 50  # images, where perPage is ignored
GAPS = 2  # in the list of images: one of an interrupted scan, and what was never read
HISTORIES = ("account_metrics", "album_metrics", "comment_metrics", "image_metrics", "post_metrics")
KEYS = {  # of tables from which no run removes a row
    "accounts": ("id",),
    "albums": ("id",),
    "comments": ("id",),
    "credit_charges": ("run_id", "endpoint"),
    "gallery_ranks": ("feed", "fetched_at", "position", "post_id"),  # a replay has another observed_at
    "images": ("id",),
    "list_sweeps": ("list", "started_at"),
    "post_comments": ("id",),
    "posts": ("id",),
    "sync_runs": ("run_id",),
    "tags": ("name",),
}
OWN_BOOKS = {"credit_charges", "list_sweeps", "sync_runs"}  # what a run tells of itself
CHILD = re.compile(r"/3/(album/\w+/images|gallery/\w+/comments)")


@dataclass(frozen=True)
class Upgrade:
    """The first run of this version on a folder, ten minutes after the kill."""

    left: Left
    package: Tables
    before: Tables
    job: Job
    status_before: str
    run: Ran
    status_after: str


@pytest.fixture(scope="module", params=ARCHIVES, ids=lambda archive: archive.name.removesuffix(".tar.xz"))
def archive(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


@pytest.fixture(scope="module")
def upgrade(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Upgrade:
    left = unpacked(archive, tmp_path_factory.mktemp("left"))
    package, before = left.package(), tables_of(left.folder / "data" / "work" / "imgur_work.duckdb")
    job = job_on(left, after=SOON)
    status_before = job.status()
    run = job.run()
    return Upgrade(left, package, before, job, status_before, run, job.status())


@pytest.fixture(scope="module")
def two_runs(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Left, Ran, Ran]:
    """The first run on another copy of the folder, and the second one a day later."""
    left = unpacked(archive, tmp_path_factory.mktemp("left"))
    job = job_on(left, after=SOON)
    first = job.run()
    job.simulator.advance(DAY)
    return left, first, job.run()


@pytest.fixture(scope="module")
def second_run_from_nothing(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A run at the time of the second one, with an empty folder, and with the refresh token that is valid then."""
    left = unpacked(archive, tmp_path_factory.mktemp("left"))
    simulator = made_again(left.facts)
    simulator.advance(SOON + DAY)
    folder = tmp_path_factory.mktemp("empty")
    return Job(folder, simulator, left.facts, refresh_token=simulator.refresh_token).run()


@pytest.fixture(scope="module")
def replay(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Left, Tables, Ran]:
    """The first run of this version where dlt's folder, and the package in it, is lost."""
    left = unpacked(archive, tmp_path_factory.mktemp("left"))
    package = left.package()
    job = job_on(left, after=SOON)
    shutil.rmtree(left.folder / "data" / "work" / "dlt")
    return left, package, job.run()


# what is compared


def values_of(row: Row) -> Row:
    """What *row* says of its thing: not until when it was seen so, and not which package brought it."""
    return {name: value for name, value in row.items() if name != "fetched_at" and name[0] != "_"}


def key_of(table: str, row: Row) -> tuple[Any, ...]:
    return tuple(row[column] for column in KEYS[table])


def missing_keys(wanted: Tables, found: Tables) -> dict[str, set[tuple[Any, ...]]]:
    """The keys of *wanted* that are not in *found*, by table."""
    missing = {
        table: {key_of(table, row) for row in wanted.get(table, ())}
        - {key_of(table, row) for row in found[table]}
        for table in KEYS
    }
    return {table: keys for table, keys in missing.items() if keys}


def repeated_keys(found: Tables) -> dict[str, list[tuple[Any, ...]]]:
    """The keys that more than one row of *found* has, by table."""
    counts = {table: Counter(key_of(table, row) for row in found[table]) for table in KEYS}
    repeated = {table: [key for key, rows in count.items() if rows > 1] for table, count in counts.items()}
    return {table: keys for table, keys in repeated.items() if keys}


def missing_observations(wanted: Tables, found: Tables) -> dict[str, list[Row]]:
    """The observations of *wanted* that no row of *found* covers, by table.

    A row covers the time from ``observed_at`` to ``fetched_at``: repetitions are dropped.
    """
    missing: dict[str, list[Row]] = {}
    for table in HISTORIES:
        rows: dict[Any, list[Row]] = {}
        for row in found[table]:
            rows.setdefault(row["id"], []).append(row)
        for row in wanted.get(table, ()):
            if not any(_covers(candidate, row) for candidate in rows.get(row["id"], ())):
                missing.setdefault(table, []).append(row)
    return missing


def _covers(row: Row, observation: Row) -> bool:
    at = observation["observed_at"]
    counters = values_of(row) | {"observed_at": at}
    return bool(row["observed_at"] <= at <= row["fetched_at"] and counters == values_of(observation))


# the folder


def test_folders__every_release_has_one() -> None:
    """What the changelog calls released has an archive; the first one is there before any release."""
    changelog = (Path(__file__).parents[2] / "CHANGELOG.md").read_text()
    released = re.findall(r"^## (\d+\.\d+\.\d+)(?! \(unreleased\))", changelog, re.MULTILINE)
    versions = {archive.name.partition("-")[0] for archive in ARCHIVES}

    assert {"0.1.0", *released} <= versions


def test_folder__is_what_its_facts_say(upgrade: Upgrade, archive: Path, tmp_path: Path) -> None:
    """The simulator is made again as it was, and the archive holds a package of which half is loaded."""
    left = unpacked(archive, tmp_path)
    simulator = made_again(left.facts)

    assert digest_of(simulator) == left.facts["digest"], "the simulator makes another world: see README.md"
    assert simulator.credits_spent == left.facts["credits_spent"]
    assert rows_by_table(left.folder / "data" / "work" / "imgur_work.duckdb") == left.facts["rows"]
    lacking = missing_keys(upgrade.package, upgrade.before) | missing_observations(
        upgrade.package, upgrade.before
    )
    assert set() < lacking.keys() < KEYS.keys() | set(HISTORIES)
    assert {path for path in left.killed_paths if CHILD.match(path)}


# the first run


def test_first_run__succeeds(upgrade: Upgrade) -> None:
    """It ends with exit code 0, finds nothing wrong, publishes, and leaves nothing to be read."""
    result = upgrade.run.result

    assert (result.exit_code, result.outcome, result.problems, result.warnings) == (0, "done", (), ())
    assert result.publication is not None
    assert json.loads(upgrade.run.own_row["owed"]) == []


def test_first_run__keeps_every_history(upgrade: Upgrade) -> None:
    """Every row of every history is there with the same values, and was seen as long or longer.

    What the killed run had loaded was not tidied yet: a repetition is joined to the row that it repeats.
    """
    for table in HISTORIES:
        after = {(row["id"], row["observed_at"]): row for row in upgrade.run.tables[table]}
        tidied = [row for row in upgrade.before[table] if row["observed_at"] < upgrade.left.killed_run_began]
        assert tidied
        for row in tidied:
            kept = after[row["id"], row["observed_at"]]
            assert values_of(kept) == values_of(row)
            assert kept["fetched_at"] >= row["fetched_at"]
    assert missing_observations(upgrade.before, upgrade.run.tables) == {}


def test_first_run__keeps_every_row(upgrade: Upgrade) -> None:
    """Whatever had a row still has one, and no key stands there twice."""
    assert missing_keys(upgrade.before, upgrade.run.tables) == {}
    assert repeated_keys(upgrade.run.tables) == {}


def test_first_run__loads_the_killed_package(upgrade: Upgrade) -> None:
    """All rows that the killed run had paid for are there, those that it had loaded once."""
    assert missing_keys(upgrade.package, upgrade.run.tables) == {}
    assert missing_observations(upgrade.package, upgrade.run.tables) == {}


def test_first_run__pays_for_no_child_again(upgrade: Upgrade) -> None:
    """Images and comments that the killed run had fetched are not asked for."""
    paid = {path for path in upgrade.left.killed_paths if CHILD.match(path)}

    assert paid.isdisjoint(upgrade.run.paths)


def test_first_run__reads_what_was_left_to_read(upgrade: Upgrade) -> None:
    """Gaps are closed, and the images of an album that the killed run could not pay for are there."""
    truth = upgrade.job.simulator.truth
    images = [row["id"] for row in upgrade.run.tables["images"]]
    in_albums = {(row["album_id"], row["image_id"]) for row in upgrade.run.tables["album_images"]}
    wanted = {
        (album["id"], image["id"])
        for album in truth.account_albums("me")
        for image in truth.album_images(album["id"])
    }

    assert {image["id"] for image in truth.account_images()} <= set(images)
    assert wanted <= in_albums
    assert wanted - {(row["album_id"], row["image_id"]) for row in upgrade.before["album_images"]}


def test_first_run__reads_of_a_list_what_is_not_stored(upgrade: Upgrade) -> None:
    """Of the images it asks for the newest page, those in gaps, and one more for each gap at most."""
    stored = {row["id"] for row in upgrade.before["images"]}
    images = [image["id"] for image in upgrade.job.simulator.truth.account_images()]
    wanted = {place // PAGE for place, image in enumerate(images) if image not in stored}
    asked = upgrade.run.image_pages

    assert wanted
    assert wanted <= asked
    assert len(asked - wanted - {0}) <= GAPS
    assert len(asked) <= len(images) // PAGE // 2


def test_first_run__spends_what_it_says(upgrade: Upgrade) -> None:
    """Its row says what Imgur has charged for it, and the rows of earlier runs say what they said."""
    said = {row["run_id"]: row["credits_spent"] for row in upgrade.run.tables["sync_runs"]}
    earlier = [*upgrade.before["sync_runs"], *upgrade.package["sync_runs"]]

    assert said.pop(upgrade.run.result.run_id) == upgrade.run.credits
    assert said == {row["run_id"]: row["credits_spent"] for row in earlier}
    assert upgrade.job.simulator.credits_spent == upgrade.left.facts["credits_spent"] + upgrade.run.credits


def test_first_run__goes_on_with_the_ledger(upgrade: Upgrade) -> None:
    """The credits that the killed run has spent are known before the first request, and the strike is not forgotten."""
    limits = upgrade.job.simulator.options
    killed = len(upgrade.left.killed_paths)
    for status, spent in (
        (upgrade.status_before, killed),
        (upgrade.status_after, killed + upgrade.run.credits),
    ):
        assert f"{limits.user_limit - spent:,} of {limits.user_limit:,} left" in status
        assert f"{limits.client_limit - spent:,} of {limits.client_limit:,} left" in status
        assert "the last 500 " in status  # twice the floor, for one strike
        assert re.search(r"\b1 strike\b", status)


def test_first_run__uses_the_login_of_the_vault(upgrade: Upgrade) -> None:
    """The access token is good for a day: no token is asked for."""
    assert upgrade.run.login_forms == []
    tokens = {request.headers["authorization"] for request in upgrade.run.requests}
    assert {token for token in tokens if token.startswith("Bearer")} == {
        f"Bearer {made_again(upgrade.left.facts).access_token}"
    }


def test_first_run__uses_bodies_of_the_journal(upgrade: Upgrade) -> None:
    """What has not changed since an earlier run is not sent again by Imgur, and is there all the same."""
    first = {request.path: request.status for request in reversed(upgrade.run.requests)}
    assert 304 in first.values()

    began = upgrade.run.own_row["started_at"]
    comments = upgrade.run.tables["comments"]
    assert {row["id"] for row in comments if row["fetched_at"] >= began} == {
        comment["id"] for comment in upgrade.job.simulator.truth.account_comments("me")
    }


def test_first_run__publishes_a_whole_file(upgrade: Upgrade) -> None:
    """Readers find all raw tables, all marts, and audits that have found nothing."""
    options = upgrade.job.options
    raw = {table: len(rows) for table, rows in upgrade.run.tables.items() if not table.startswith("_dlt")}
    assert rows_by_table(options.data_dir / "imgur.duckdb") == raw
    with duckdb.connect(str(options.data_dir / "imgur.duckdb"), read_only=True) as connection:
        marts = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'main'"
        ).fetchall()
        audits = connection.execute(
            "select count(*), sum(rows_found) from main.audit_results where run_id = ?",
            [upgrade.run.result.run_id],
        ).fetchall()
    assert {file.stem for file in (options.sql_dir / "marts").glob("*.sql")} <= {name for (name,) in marts}
    [(asked, found)] = audits
    assert asked > 0
    assert found == 0


# later, and with files lost


@pytest.mark.slow
def test_second_run__is_quiet(two_runs: tuple[Left, Ran, Ran]) -> None:
    """It succeeds and has nothing to tell; of the images, a list that is complete, it reads the front."""
    _, first, second = two_runs
    result = second.result

    assert (result.exit_code, result.outcome, result.problems, result.warnings) == (0, "done", (), ())
    assert json.loads(second.own_row["owed"]) == []
    assert json.loads(second.own_row["notes"]) == []
    assert len(second.image_pages) <= 2
    assert missing_keys(first.tables, second.tables) == {}
    assert missing_observations(first.tables, second.tables) == {}


@pytest.mark.slow
def test_second_run__costs_no_more_than_from_nothing(
    two_runs: tuple[Left, Ran, Ran], second_run_from_nothing: Ran
) -> None:
    """What is stored saves credits: the same run on an empty folder costs more than twice as much."""
    _, _, second = two_runs

    assert second_run_from_nothing.result.exit_code == 0
    assert 0 < second.credits <= second_run_from_nothing.credits // 2


@pytest.mark.slow
def test_second_run__refreshes_the_login_of_the_vault(two_runs: tuple[Left, Ran, Ran]) -> None:
    """The token that is sent is the last one that Imgur gave, and not that of the settings, which is dead."""
    left, _, second = two_runs
    [form] = second.login_forms

    assert form["refresh_token"] == [made_again(left.facts).refresh_token]


@pytest.mark.slow
def test_replay__pays_for_nothing_again(replay: tuple[Left, Tables, Ran]) -> None:
    """Where the package is lost, its rows are made of the replies in the journal, and none is asked for again."""
    left, package, run = replay

    assert (run.result.exit_code, run.result.problems) == (0, ())
    assert set(left.killed_paths).isdisjoint(run.paths)
    assert run.paths
    of_imgur = {table: rows for table, rows in package.items() if table not in OWN_BOOKS}
    assert missing_keys(of_imgur, run.tables) == {}
    assert repeated_keys(run.tables) == {}
    assert missing_observations(package, run.tables) == {}
