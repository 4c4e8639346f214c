"""The audits: what they find keeps yesterday's file, or is only told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from checks import Problem
from relations import SQL_DIR, RelationError
from warehouse import Warehouse
from work_files import NIGHT, StandingClock, load, load_tags, work, write_sql

from imgur_source.models import LIST_ITEMS, LIST_SWEEPS, SYNC_RUNS

ONE_DAY = timedelta(days=1)
OWN = "account_images/me"
MEANING = (
    "Many items of one list are gone since the last publication. "
    "If they were really deleted, run once with --accept-vanished."
)


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "data", clock=StandingClock())


@pytest.fixture
def own_audits(tmp_path: Path) -> Warehouse:
    """A warehouse whose audits are those of a folder of the test's own, still without files."""
    return Warehouse(tmp_path / "data", clock=StandingClock(), sql_dir=tmp_path / "sql")


def items_of(warehouse: Warehouse, number: int, *, seen: float, name: str = OWN, first: int = 0) -> None:
    """Have *number* items in a list, last seen so many days after the first night."""
    load(warehouse, LIST_ITEMS)
    work(
        warehouse,
        "insert into imgur_raw.list_items (list, item_id, fetched_at) "
        f"select '{name}', format('{{:05d}}', range), timestamptz '{NIGHT + seen * ONE_DAY}' "
        f"from range({first}, {first + number})",
    )


def a_walk(days: float, *, name: str = OWN) -> dict[str, Any]:
    return {"list": name, "started_at": NIGHT + days * ONE_DAY, "is_complete": True, "is_proved": False}


def a_run(days: float, publication: str | None = "published") -> dict[str, Any]:
    """A run that ended so many days after the first night."""
    return {"run_id": str(days), "publication": publication, "published_at": NIGHT + days * ONE_DAY}


def vanished(name: str, *, examples: str, vanished: int, items: int) -> str:
    return f"list = {name}, examples = {examples}, vanished = {vanished}, items = {items}"


# vanished_at_once


@pytest.mark.parametrize(
    ("gone", "there", "is_told"),
    [(20, 0, False), (21, 0, True), (21, 1028, True), (21, 1029, False), (30, 1470, False), (31, 1470, True)],
    ids=["20 of 20", "21 of 21", "21 of 1,049", "21 of 1,050", "30 of 1,500", "31 of 1,501"],
)
def test_vanished_at_once__more_than_twenty_and_two_per_cent(
    warehouse: Warehouse, gone: int, there: int, is_told: bool
) -> None:
    """More than 20 items and more than 2 % of a list are too many to have gone at once."""
    items_of(warehouse, gone, seen=0)
    items_of(warehouse, there, seen=2, first=gone)
    load(warehouse, LIST_SWEEPS, a_walk(1))
    load(warehouse, SYNC_RUNS, a_run(0.5))
    warehouse.apply_sql()
    found = vanished(OWN, examples="00000 00001 00002", vanished=gone, items=gone + there)
    assert warehouse.check() == (
        [Problem("audits", "vanished_at_once", f"{MEANING} Found: {found}.")] if is_told else []
    )
    assert warehouse.check(accept_vanished=True) == []


def test_vanished_at_once__names_each_list(warehouse: Warehouse) -> None:
    """Each list is judged by itself: the losses of two small ones make no great one."""
    for name, number in (("account_images/me", 25), ("account_albums/me", 21), ("account_comments/me", 15)):
        items_of(warehouse, number, seen=0, name=name)
        load(warehouse, LIST_SWEEPS, a_walk(1, name=name))
    load(warehouse, SYNC_RUNS, a_run(0.5))
    warehouse.apply_sql()
    found = [
        vanished("account_albums/me", examples="00000 00001 00002", vanished=21, items=21),
        vanished("account_images/me", examples="00000 00001 00002", vanished=25, items=25),
    ]
    assert [str(problem) for problem in warehouse.check()] == [
        f"audits, vanished_at_once: {MEANING} Found: {'; '.join(found)}."
    ]


@pytest.mark.parametrize(
    ("runs", "numbers"),
    [
        ([a_run(0.5)], (50, 100)),
        ([a_run(0.5), a_run(1.5, "kept"), a_run(1.6, "off"), a_run(1.7, None)], (50, 100)),
        ([], (50, 100)),
        ([a_run(1.5, "kept")], (50, 100)),
        ([a_run(0.5), a_run(1.5)], (25, 75)),
        ([a_run(2.5)], None),
    ],
    ids=["before both", "kept since", "no run", "never published", "between them", "accepted"],
)
def test_vanished_at_once__counts_since_the_last_publication(
    warehouse: Warehouse, runs: list[dict[str, Any]], numbers: tuple[int, int] | None
) -> None:
    """What goes in several nights counts together until it is published; then it is past, and no longer in the list."""
    items_of(warehouse, 25, seen=0)
    items_of(warehouse, 25, seen=1.2, first=25)
    items_of(warehouse, 50, seen=3, first=50)
    load(warehouse, LIST_SWEEPS, a_walk(1), a_walk(2))
    load(warehouse, SYNC_RUNS, *runs)
    warehouse.apply_sql()
    if numbers is None:
        assert warehouse.check() == []
        return
    first = "00000 00001 00002" if numbers[0] == 50 else "00025 00026 00027"
    found = vanished(OWN, examples=first, vanished=numbers[0], items=numbers[1])
    assert [problem.detail for problem in warehouse.check()] == [f"{MEANING} Found: {found}."]


def test_vanished_at_once__is_passed_over_without_its_inputs(warehouse: Warehouse) -> None:
    """Before the views are made the audit has nothing to ask."""
    items_of(warehouse, 30, seen=0)
    load(warehouse, LIST_SWEEPS, a_walk(1))
    assert warehouse.check() == []
    warehouse.apply_sql()
    assert [problem.check for problem in warehouse.check()] == ["vanished_at_once"]


# audits in general


def test_audits__errors_are_problems_and_warnings_are_not(own_audits: Warehouse) -> None:
    """Each kind is told by its own method, with its meaning, three rows at most, and nulls and times as text."""
    write_sql(
        own_audits.sql_dir,
        audits__bad_tags="-- error: Tags are bad.\nselect name as tag, followers from imgur_raw.tags order by name;",
        audits__clean="-- error: Never.\nselect name from imgur_raw.tags where false",
        audits__odd_tags=(
            f"-- warn: Tags are odd.\nselect timestamptz '{NIGHT}' as seen_at, count(*) as tags from imgur_raw.tags"
        ),
    )
    load_tags(own_audits, 3)
    three = "tag = 0, followers = null; tag = 1, followers = null; tag = 2, followers = null"
    assert own_audits.check() == [Problem("audits", "bad_tags", f"Tags are bad. Found: {three}.")]
    assert own_audits.warnings() == [
        Problem("audits", "odd_tags", "Tags are odd. Found: seen_at = 2026-11-23 02:00:00+00, tags = 3.")
    ]
    load_tags(own_audits, 4)
    assert [problem.detail for problem in own_audits.check()] == [f"Tags are bad. Found: {three}; and more."]


def test_audits__are_none_without_a_work_file(own_audits: Warehouse) -> None:
    """Before the first load nothing is asked, not even a wrong audit."""
    write_sql(own_audits.sql_dir, audits__wrong="-- error: Wrong.\nselec")
    assert (own_audits.check(), own_audits.warnings()) == ([], [])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("-- One row per tag.\nselect 1", "its first line begins neither with error: nor with warn:"),
        (
            "-- error: Wrong.\nselect nam from imgur_raw.tags",
            'Binder Error: Referenced column "nam" not found',
        ),
    ],
)
def test_audits__name_the_file_that_is_wrong(own_audits: Warehouse, text: str, reason: str) -> None:
    """An audit that cannot be asked is an error with its path: it must not pass for a clean bill."""
    write_sql(own_audits.sql_dir, audits__wrong=text)
    load_tags(own_audits, 1)
    with pytest.raises(RelationError, match=r"audits/wrong\.sql: ") as failed:
        own_audits.check()
    assert failed.value.reason.startswith(reason)


def test_audits__of_the_project_say_what_they_are() -> None:
    """Every audit of the project says in its first line whether it is an error, in a sentence."""
    headings = {
        path.stem: path.read_text().partition("\n")[0] for path in sorted((SQL_DIR / "audits").glob("*.sql"))
    }
    assert headings == {"vanished_at_once": f"-- error: {MEANING}"}
