"""The audits of lists that lose much at once: what is new to those who read the published file."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from warehouse.audits import VANISHED
from warehouse.warehouse import Warehouse

from imgur_source.records.tables import (
    LIST_ITEMS,
    LIST_SWEEPS,
    SYNC_RUNS,
)
from tests.support.marts import Marts
from tests.support.work_files import (
    NIGHT,
    StandingClock,
    load,
    without_marts,
)

ONE_DAY = timedelta(days=1)
OWN = "account_images/me"
ERRORS = ("album_images_without_album", "post_images_without_post", VANISHED)
MEANING = (
    "Many items of one list are gone since the last publication. "
    "If they were really deleted, run once with --accept-vanished."
)


def items_of(marts: Marts, number: int, *, seen: float, name: str = OWN, first: int = 0) -> None:
    """Have *number* items in a list, last seen so many days after the first night."""
    marts.work(
        "insert into imgur_raw.list_items (list, item_id, fetched_at) "
        f"select '{name}', format('{{:05d}}', range), timestamptz '{NIGHT + seen * ONE_DAY}' "
        f"from range({first}, {first + number})",
    )


def a_walk(days: float, *, name: str = OWN, ended: float | None = None) -> dict[str, Any]:
    """A walk that began so many days after the first night; where none is said it *ended* at once."""
    return {
        "list": name,
        "started_at": NIGHT + days * ONE_DAY,
        "ended_at": NIGHT + (days if ended is None else ended) * ONE_DAY,
        "is_complete": True,
        "is_proved": False,
    }


def a_run(
    days: float, publication: str | None = "published", *, published: bool | None = None
) -> dict[str, Any]:
    """A run that ended so many days after the first night, and published then, or in an earlier round."""
    is_published = publication == "published" if published is None else published
    return {
        "run_id": str(days),
        "publication": publication,
        "published_at": NIGHT + days * ONE_DAY if is_published else None,
    }


def errors_of(marts: Marts, *, accept_vanished: bool = False) -> list[str]:
    """What keeps the file from being published, as a person is told."""
    accepted = {VANISHED} if accept_vanished else set()
    found = [marts.finding(name, accepted=accepted) for name in ERRORS]
    return [str(finding) for finding in found if finding.blocks_publication]


def vanished(name: str, *, examples: str, vanished: int, items: int) -> str:
    return f"list = {name}, examples = {examples}, vanished = {vanished}, items = {items}"


@pytest.mark.parametrize(
    ("gone", "there", "is_told"),
    [(20, 0, False), (21, 0, True), (21, 1028, True), (21, 1029, False), (30, 1470, False), (31, 1470, True)],
    ids=["20 of 20", "21 of 21", "21 of 1,049", "21 of 1,050", "30 of 1,500", "31 of 1,501"],
)
def test_vanished_at_once__more_than_twenty_and_two_per_cent(
    marts: Marts, gone: int, there: int, is_told: bool
) -> None:
    """More than 20 items and more than 2 % of a list are too many to have gone at once."""
    items_of(marts, gone, seen=0)
    items_of(marts, there, seen=2, first=gone)
    marts.load(LIST_SWEEPS, a_walk(1))
    marts.load(SYNC_RUNS, a_run(0.5))
    found = vanished(OWN, examples="00000 00001 00002", vanished=gone, items=gone + there)
    assert errors_of(marts) == ([f"vanished_at_once: {MEANING} Found: {found}."] if is_told else [])
    assert errors_of(marts, accept_vanished=True) == []


def test_vanished_at_once__names_each_list(marts: Marts) -> None:
    """Each list is judged by itself: the losses of two small ones make no great one."""
    for name, number in (("account_images/me", 25), ("account_albums/me", 21), ("account_comments/me", 15)):
        items_of(marts, number, seen=0, name=name)
        marts.load(LIST_SWEEPS, a_walk(1, name=name))
    marts.load(SYNC_RUNS, a_run(0.5))
    found = [
        vanished("account_albums/me", examples="00000 00001 00002", vanished=21, items=21),
        vanished("account_images/me", examples="00000 00001 00002", vanished=25, items=25),
    ]
    assert errors_of(marts) == [f"vanished_at_once: {MEANING} Found: {'; '.join(found)}."]


@pytest.mark.parametrize(
    ("runs", "numbers"),
    [
        ([a_run(0.5)], (50, 100)),
        ([a_run(0.5), a_run(1.5, "kept"), a_run(1.6, "off"), a_run(1.7, None)], (50, 100)),
        ([], (50, 100)),
        ([a_run(1.5, "kept")], (50, 100)),
        ([a_run(0.5), a_run(1.5)], (25, 75)),
        ([a_run(2.5)], None),
        ([a_run(0.5), a_run(1.5, "kept", published=True)], (25, 75)),
        ([a_run(0.5), a_run(1.5, None, published=True)], (25, 75)),
    ],
    ids=[
        "before both",
        "kept since",
        "no run",
        "never published",
        "between them",
        "accepted",
        "round before",
        "killed in a round",
    ],
)
def test_vanished_at_once__counts_since_the_last_publication(
    marts: Marts, runs: list[dict[str, Any]], numbers: tuple[int, int] | None
) -> None:
    """What goes in several nights counts together until it is published; then it is past, and no longer in the list."""
    items_of(marts, 25, seen=0)
    items_of(marts, 25, seen=1.2, first=25)
    items_of(marts, 50, seen=3, first=50)
    marts.load(LIST_SWEEPS, a_walk(1), a_walk(2))
    marts.load(SYNC_RUNS, *runs)
    if numbers is None:
        assert errors_of(marts) == []
        return
    first = "00000 00001 00002" if numbers[0] == 50 else "00025 00026 00027"
    found = vanished(OWN, examples=first, vanished=numbers[0], items=numbers[1])
    assert errors_of(marts) == [f"vanished_at_once: {MEANING} Found: {found}."]


@pytest.mark.parametrize("audit", ["vanished_at_once", "lists_emptied"])
@pytest.mark.parametrize(("ended", "is_told"), [(1.4, False), (1.6, True)])
def test_vanished__what_a_killed_run_had_read_counts_when_it_is_loaded(
    marts: Marts, audit: str, ended: float, is_told: bool
) -> None:
    """A walk that was begun before a publication, and ended after it, was no part of what that published."""
    items_of(marts, 21 if audit == "vanished_at_once" else 20, seen=0)
    marts.load(LIST_SWEEPS, a_walk(1, ended=ended))
    marts.load(SYNC_RUNS, a_run(1.5))
    assert marts.finding(audit).rows_found == int(is_told)


def test_vanished_at_once__is_not_asked_without_its_inputs(tmp_path: Path) -> None:
    """Before the views are made the audit has nothing to ask."""
    warehouse = Warehouse(tmp_path / "data", clock=StandingClock(), sql_dir=without_marts())
    items = [{"list": OWN, "item_id": str(number), "fetched_at": NIGHT} for number in range(30)]
    load(warehouse, LIST_ITEMS, *items)
    load(warehouse, LIST_SWEEPS, a_walk(1))
    assert warehouse.audit() == []
    warehouse.apply_sql()
    assert [finding.audit for finding in warehouse.audit() if finding.blocks_publication] == [
        "vanished_at_once"
    ]
