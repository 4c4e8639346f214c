"""What is remembered of lists and details, and that it comes back as it was."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from imgur_source.lists.coverage import Coverage, Mark
from imgur_source.lists.state import Cursor, Fetched, ListMemory, Memory

AT = datetime(2026, 11, 9, 3, 0, tzinfo=UTC)
HELD = Coverage().with_read([Mark(9, "A"), Mark(8, "B")], is_from_front=True)


@pytest.mark.parametrize(
    "memory",
    [
        ListMemory(),
        ListMemory(items=0),
        ListMemory(coverage=HELD, page_size=50, items=120, cursor=Cursor(Mark(8, "B"), 50)),
        ListMemory(is_unsorted=True, resume_page=7),
    ],
)
def test_list_memory__comes_back_from_its_json(memory: ListMemory) -> None:
    """Nothing is lost on the way through dlt's state; no items is told apart from not knowing."""
    assert ListMemory.from_json(json.loads(json.dumps(memory.as_json()))) == memory


def test_list_memory__leaves_out_what_is_not_there() -> None:
    """A list of which little is known takes little room."""
    assert ListMemory().as_json() == {"coverage": {"stretches": [], "is_ended": False}}


def test_memory__is_new_until_something_is_kept() -> None:
    """A list, or a package of the journal, makes a memory that is not new."""
    with_list, with_package = Memory({}, fetched=None), Memory({}, fetched=None)
    assert (with_list.is_new, with_package.is_new, with_package.journal_package) == (True, True, None)
    with_list.keep_list("hot/viral", ListMemory())
    with_package.keep_journal_package(0)
    assert (with_list.is_new, with_package.is_new, with_package.journal_package) == (False, False, 0)


def test_memory__keeps_lists_by_name() -> None:
    """A list is found again by its name, through the mapping that is stored; others are new."""
    state: dict[str, Any] = {}
    kept = ListMemory(coverage=HELD, page_size=50)
    Memory(state, fetched=None).keep_list("images/me", kept)
    again = Memory(json.loads(json.dumps(state)), fetched=None)
    assert (again.of_list("images/me"), again.of_list("albums/me")) == (kept, ListMemory())


def test_memory__keeps_fetches_in_the_state() -> None:
    """Without a warehouse the fetches of details stand with the rest."""
    state: dict[str, Any] = {}
    Memory(state, fetched=None).keep_fetched("album_images", "A", Fetched("f", None, AT))
    again = Memory(json.loads(json.dumps(state)), fetched=None)
    assert again.fetched("album_images", "A") == Fetched("f", None, AT)
    assert again.fetched("album_images", "B") is None


def test_memory__leaves_fetches_to_the_warehouse() -> None:
    """Where the warehouse knows the fetches, the state stays free of them."""
    state: dict[str, Any] = {}
    fetched: dict[tuple[str, str], Fetched] = {}
    memory = Memory(state, fetched=fetched)
    memory.keep_fetched("album_images", "A", Fetched("f", 3, AT))
    assert (state, fetched) == ({}, {("album_images", "A"): Fetched("f", 3, AT)})
    assert memory.fetched("album_images", "A") == Fetched("f", 3, AT)


@pytest.mark.parametrize("is_in_warehouse", [True, False])
def test_memory__forgets_what_is_meant(is_in_warehouse: bool) -> None:
    """A full refresh of some resources leaves the others alone, wherever their fetches are known."""
    memory = Memory({}, fetched={} if is_in_warehouse else None)
    memory.keep_list("images/me", ListMemory(items=1))
    memory.keep_list("albums/me", ListMemory(items=2))
    memory.keep_fetched("album_images", "A", Fetched("f", 3, AT))
    memory.keep_fetched("post_comments", "P", Fetched("g", 4, AT))
    memory.forget(lambda name: name.startswith("albums"), details_of=frozenset({"album_images"}))
    assert [memory.of_list("images/me"), memory.of_list("albums/me")] == [ListMemory(items=1), ListMemory()]
    assert memory.fetched("album_images", "A") is None
    assert memory.fetched("post_comments", "P") == Fetched("g", 4, AT)
