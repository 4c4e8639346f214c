"""The audits: what they find keeps yesterday's file, or is told and no more; all of it is remembered."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from warehouse.audits import Finding
from warehouse.queries import RelationError
from warehouse.relations import SQL_DIR
from warehouse.warehouse import Warehouse

from imgur_source.records.tables import POST_TAGS
from tests.support.work_files import (
    NIGHT,
    StandingClock,
    load,
    load_tags,
    read,
    texts,
    write_sql,
)

ONE_DAY = timedelta(days=1)


class FixedClock(StandingClock):
    """A clock that always shows the time it was given."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now


@pytest.fixture
def own_audits(tmp_path: Path) -> Warehouse:
    """A warehouse whose audits are those of a folder of the test's own, still without files."""
    return Warehouse(tmp_path / "data", clock=StandingClock(), sql_dir=tmp_path / "sql")


def test_audits__say_what_they_found(own_audits: Warehouse) -> None:
    """Each is one finding, also where all is well: how many rows, and the first three, nulls and times as text."""
    write_sql(
        own_audits.sql_dir,
        audits__bad_tags="-- error: Tags are bad.\nselect name as tag, followers from imgur_raw.tags order by name;",
        audits__clean="-- error: Never.\nselect name from imgur_raw.tags where false",
        audits__odd_tags=(
            f"-- warn: Tags are odd.\nselect timestamptz '{NIGHT}' as seen_at, count(*) as tags from imgur_raw.tags"
        ),
    )
    load_tags(own_audits, 1_234)
    own_audits.apply_sql()
    three = tuple({"tag": tag, "followers": None} for tag in ("0", "1", "10"))
    odd = ({"seen_at": "2026-11-23 02:00:00+00", "tags": "1234"},)
    found = own_audits.audit()
    assert found == [
        Finding("bad_tags", "error", "Tags are bad.", 1_234, three),
        Finding("clean", "error", "Never.", 0),
        Finding("odd_tags", "warn", "Tags are odd.", 1, odd),
    ]
    assert [(each.blocks_publication, each.is_warning) for each in found] == [
        (True, False),
        (False, False),
        (False, True),
    ]
    told = "tag = 0, followers = null; tag = 1, followers = null; tag = 10, followers = null"
    assert [str(found[0]), str(found[2])] == [
        f"bad_tags: Tags are bad. Found: {told}; and 1,231 more "
        "(sql/README.md says how to see all, main.audit_results has these).",
        "odd_tags: Tags are odd. Found: seen_at = 2026-11-23 02:00:00+00, tags = 1234.",
    ]


def test_audits__are_none_without_a_work_file(own_audits: Warehouse) -> None:
    """Before the first load nothing is asked, not even a wrong audit."""
    write_sql(own_audits.sql_dir, audits__wrong="-- error: Wrong.\nselec")
    assert own_audits.audit() == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("-- One row per tag.\nselect 1", "its first line begins neither with error: nor with warn:"),
        (
            "-- error: Wrong.\nselect nam from imgur_raw.tags",
            'Binder Error: Referenced column "nam" not found',
        ),
        (
            "-- error: Wrong.\nselect post_id from main.postz",
            "it reads main.postz, which is neither loaded nor in sql/",
        ),
        (
            "-- warn: Wrong.\nselect name from imgur_raw.tagz",
            "it reads imgur_raw.tagz, which is neither loaded nor in sql/",
        ),
    ],
)
def test_audits__name_the_file_that_is_wrong(own_audits: Warehouse, text: str, reason: str) -> None:
    """An audit that cannot be asked is an error with its path: it must not pass for a clean bill."""
    write_sql(own_audits.sql_dir, audits__wrong=text)
    load_tags(own_audits, 1)
    own_audits.apply_sql()
    with pytest.raises(RelationError, match=r"audits/wrong\.sql: ") as failed:
        own_audits.audit()
    assert failed.value.reason.startswith(reason)


def test_audits__of_the_project_say_what_they_are() -> None:
    """Every audit of the project begins with its severity, what is wrong, and what to do; four keep the file."""
    headings = {
        path.stem: path.read_text().partition("\n")[0] for path in sorted((SQL_DIR / "audits").glob("*.sql"))
    }
    pattern = re.compile(r"-- (error|warn): [A-Z].*\. [A-Z].*\.")
    assert {name: heading for name, heading in headings.items() if not pattern.fullmatch(heading)} == {}
    assert {name for name, heading in headings.items() if heading.startswith("-- error: ")} == {
        "album_images_without_album",
        "keys_not_unique",
        "post_images_without_post",
        "vanished_at_once",
    }


# what is kept of them


RESULTS = (
    "select run_id, audit, severity, meaning, examples, rows_found, is_accepted, audited_at "
    "from main.audit_results where audit <> 'loaded_tables' order by audited_at, audit"
)


def test_audit_results__are_kept_from_night_to_night(own_audits: Warehouse) -> None:
    """Each night adds a row per audit; making the relations anew leaves them, and a second asking replaces the first."""
    write_sql(
        own_audits.sql_dir,
        audits__few="-- warn: Few.\nselect name as tag from imgur_raw.tags where name = '1'",
        audits__vanished_at_once="-- error: Gone.\nselect name as tag from imgur_raw.tags order by name desc",
    )
    load_tags(own_audits, 1)
    own_audits.apply_sql()
    own_audits.audit(run_id="first")
    assert own_audits.audit(run_id="second", accept_vanished=True)[1].is_accepted
    load_tags(own_audits, 2)
    tomorrow = replace(own_audits, clock=FixedClock(NIGHT + ONE_DAY))
    tomorrow.apply_sql()
    tomorrow.audit()
    tonight, then = "2026-11-23 02:00:00+00", "2026-11-24 02:00:00+00"
    assert texts(own_audits.work_file, RESULTS) == [
        ("second", "few", "warn", "Few.", "[]", "0", "false", tonight),
        ("second", "vanished_at_once", "error", "Gone.", '[{"tag": "0"}]', "1", "true", tonight),
        (None, "few", "warn", "Few.", '[{"tag": "1"}]', "1", "false", then),
        (None, "vanished_at_once", "error", "Gone.", '[{"tag": "1"}, {"tag": "0"}]', "2", "false", then),
    ]
    later = replace(own_audits, clock=FixedClock(NIGHT + 365 * ONE_DAY))
    assert later.tidy(keep_runs=365 * ONE_DAY).results == 0
    later = replace(own_audits, clock=FixedClock(NIGHT + 365 * ONE_DAY + timedelta(seconds=1)))
    assert later.tidy(keep_runs=365 * ONE_DAY).results == 3  # two audits, and the checks of the loaded tables
    assert [row[7] for row in texts(own_audits.work_file, RESULTS)] == [then, then]


def test_audit_results__are_published_with_their_meaning(own_audits: Warehouse) -> None:
    """The published file says what the audits found, and what each column of that means."""
    write_sql(own_audits.sql_dir, audits__tags="-- warn: Tags.\nselect name from imgur_raw.tags")
    load_tags(own_audits, 1)
    own_audits.apply_sql()
    own_audits.audit()
    own_audits.publish()
    assert read(own_audits.published_file, "select audit, rows_found from main.audit_results") == [
        ("tags", 1),
        ("loaded_tables", 0),
    ]
    assert read(
        own_audits.published_file,
        "select count(*) from duckdb_columns() where table_name = 'audit_results' and comment is null",
    ) == [(0,)]


def test_readme__shows_all_rows_of_an_audit(tmp_path: Path) -> None:
    """The command of sql/README.md gives every row of an audit from a published file, steps and all."""
    warehouse = Warehouse(tmp_path / "data", clock=StandingClock())
    load(warehouse, POST_TAGS, *({"post_id": f"p{number}", "tag": "t"} for number in range(9)))
    warehouse.apply_sql()
    warehouse.publish()
    readme = (SQL_DIR / "README.md").read_text(encoding="utf-8")
    script = readme.partition("<<'END'\n")[2].partition("\nEND\n")[0]
    shown = subprocess.run(
        [sys.executable, "-", warehouse.published_file, "dangling_references"],
        input=script,
        env={"PYTHONPATH": f"{SQL_DIR.parent}:{SQL_DIR.parent / 'pipelines'}"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    assert [line for line in shown.splitlines() if "post_tags.post_id" in line and " 9 " in line]
