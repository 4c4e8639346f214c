"""What is remembered of lists and details, and that it comes back as it was."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgur_source.lists.coverage import Coverage, Position
from imgur_source.lists.state import AGES_GRAIN, ChildFetch, ListState, SourceState, ages_after

AT = datetime(2026, 11, 9, 3, 0, tzinfo=UTC)
HELD = Coverage().with_read([Position(9, "A"), Position(8, "B")], is_from_front=True)


@pytest.mark.parametrize(
    "memory",
    [
        ListState(),
        ListState(items=0),
        ListState(
            coverage=HELD, page_size=50, items=120, read_at=1_800_000_000, ages=((0, 1_799_996_400), (3, 0))
        ),
        ListState(is_unsorted=True, resume_page=7),
    ],
)
def test_list_memory__comes_back_from_its_json(memory: ListState) -> None:
    """Nothing is lost on the way through dlt's state; no items is told apart from not knowing."""
    assert ListState.from_json(json.loads(json.dumps(memory.as_json()))) == memory


def test_list_memory__leaves_out_what_is_not_there() -> None:
    """A list of which little is known takes little room."""
    assert ListState().as_json() == {"coverage": {"stretches": [], "is_ended": False}}


def test_memory__is_new_until_something_is_kept() -> None:
    """A list, or a package of the journal, makes a memory that is not new."""
    with_list, with_package = SourceState({}, fetched=None), SourceState({}, fetched=None)
    assert (with_list.is_new, with_package.is_new, with_package.journal_package) == (True, True, None)
    with_list.keep_list("hot/viral", ListState())
    with_package.keep_journal_package(0)
    assert (with_list.is_new, with_package.is_new, with_package.journal_package) == (False, False, 0)


def test_memory__keeps_lists_by_name() -> None:
    """A list is found again by its name, through the mapping that is stored; others are new."""
    state: dict[str, Any] = {}
    kept = ListState(coverage=HELD, page_size=50)
    SourceState(state, fetched=None).keep_list("images/me", kept)
    again = SourceState(json.loads(json.dumps(state)), fetched=None)
    assert (again.of_list("images/me"), again.of_list("albums/me")) == (kept, ListState())


def test_memory__keeps_fetches_in_the_state() -> None:
    """Without a warehouse the fetches of details stand with the rest."""
    state: dict[str, Any] = {}
    SourceState(state, fetched=None).keep_fetched("album_images", "A", ChildFetch("f", None, AT))
    again = SourceState(json.loads(json.dumps(state)), fetched=None)
    assert again.fetched("album_images", "A") == ChildFetch("f", None, AT)
    assert again.fetched("album_images", "B") is None


def test_memory__leaves_fetches_to_the_warehouse() -> None:
    """Where the warehouse knows the fetches, the state stays free of them."""
    state: dict[str, Any] = {}
    fetched: dict[tuple[str, str], ChildFetch] = {}
    memory = SourceState(state, fetched=fetched)
    memory.keep_fetched("album_images", "A", ChildFetch("f", 3, AT))
    assert (state, fetched) == ({}, {("album_images", "A"): ChildFetch("f", 3, AT)})
    assert memory.fetched("album_images", "A") == ChildFetch("f", 3, AT)


@pytest.mark.parametrize("is_in_warehouse", [True, False])
def test_memory__forgets_what_is_meant(is_in_warehouse: bool) -> None:
    """A full refresh of some resources leaves the others alone, wherever their fetches are known."""
    memory = SourceState({}, fetched={} if is_in_warehouse else None)
    memory.keep_list("images/me", ListState(items=1))
    memory.keep_list("albums/me", ListState(items=2))
    memory.keep_fetched("album_images", "A", ChildFetch("f", 3, AT))
    memory.keep_fetched("post_comments", "P", ChildFetch("g", 4, AT))
    memory.forget(lambda name: name.startswith("albums"), details_of=frozenset({"album_images"}))
    assert [memory.of_list("images/me"), memory.of_list("albums/me")] == [ListState(items=1), ListState()]
    assert memory.fetched("album_images", "A") is None
    assert memory.fetched("post_comments", "P") == ChildFetch("g", 4, AT)


@pytest.mark.parametrize("is_in_warehouse", [True, False])
def test_memory__knows_whether_it_keeps_children(is_in_warehouse: bool) -> None:
    """Fetches and parents stand in the state where no warehouse knows them."""
    memory = SourceState({}, fetched={} if is_in_warehouse else None)
    assert memory.keeps_children == (not is_in_warehouse)


def test_memory__keeps_how_often_lines_were_passed_over() -> None:
    """Each run says it anew; what was served in between is left out."""
    state: dict[str, Any] = {}
    assert SourceState(state, fetched={}).passed_over == {}
    SourceState(state, fetched={}).keep_passed_over({"images/me pages": 2, "albums/me front": 1})
    SourceState(state, fetched={}).keep_passed_over({"images/me pages": 3, "albums/me front": 0})
    again = SourceState(json.loads(json.dumps(state)), fetched={})
    assert again.passed_over == {"images/me pages": 3}


def test_memory__gives_copies_of_what_lines_were_passed_over() -> None:
    """Whoever counts on changes nothing that is stored."""
    memory = SourceState({}, fetched={})
    memory.keep_passed_over({"images/me pages": 2})
    memory.passed_over["images/me pages"] = 9
    assert memory.passed_over == {"images/me pages": 2}


def test_memory__keeps_parents_until_their_fetches_are_forgotten() -> None:
    """Each run says them anew; where fetches are forgotten the lists will show all parents again."""
    state: dict[str, Any] = {}
    assert SourceState(state, fetched=None).parents == {}
    SourceState(state, fetched=None).keep_parents({"albums": [["old"]], "posts": []})
    SourceState(state, fetched=None).keep_parents({"albums": [["a", 3]], "posts": []})
    again = SourceState(json.loads(json.dumps(state)), fetched=None)
    assert again.parents == {"albums": [["a", 3]], "posts": []}
    again.forget(lambda name: True)
    assert again.parents == {"albums": [["a", 3]], "posts": []}
    again.forget(lambda name: False, details_of=frozenset({"album_images"}))
    assert again.parents == {}


# the ages of pages

HOUR = AGES_GRAIN
MOST_PAGES = 40  # more than any of these lists has


@pytest.mark.parametrize(
    ("ages", "pages", "found"),
    [
        ((), 3, [0, 0, 0]),
        (((0, 7), (2, 5), (3, 0)), 0, []),
        (((0, 7), (2, 5), (3, 0)), 1, [7]),
        (((0, 7), (2, 5), (3, 0)), 3, [7, 7, 5]),
        (((0, 7), (2, 5), (3, 0)), 5, [7, 7, 5, 0, 0]),
        (((0, 0), (2, 5), (3, 0)), 4, [0, 0, 5, 0]),
    ],
)
def test_page_ages__are_told_page_by_page(
    ages: tuple[tuple[int, int], ...], pages: int, found: list[int]
) -> None:
    """Each pair holds up to the next one; pages of which nothing is kept were not read."""
    assert ListState(ages=ages).page_ages(pages) == found


def test_ages_after__keeps_few_pairs_to_the_hour() -> None:
    """Pages that were read within the same hour are one pair, and the last pair says where they end."""
    ages = ages_after((), range(5), at=9 * HOUR + 17, moved=0, end=None)
    assert ages == ((0, 9 * HOUR), (5, 0))
    ages = ages_after(ages, [1, 2], at=30 * HOUR + 3_599, moved=0, end=None)
    assert ages == ((0, 9 * HOUR), (1, 30 * HOUR), (3, 9 * HOUR), (5, 0))


def test_ages_after__moves_with_new_items_and_ends_with_the_list() -> None:
    """Two pages of new items push what was known down; what the list no longer has is forgotten."""
    ages = ((0, 9 * HOUR), (1, 8 * HOUR), (5, 0))
    assert ages_after(ages, [0, 1], at=10 * HOUR, moved=2, end=None) == (
        (0, 10 * HOUR),
        (2, 9 * HOUR),
        (3, 8 * HOUR),
        (7, 0),
    )
    assert ages_after(ages, [], at=10 * HOUR, moved=0, end=3) == (
        (0, 9 * HOUR),
        (1, 8 * HOUR),
        (3, 10 * HOUR),  # the empty page was read as well
        (4, 0),
    )
    empty = ListState(ages=ages_after(ages, [], at=10 * HOUR, moved=0, end=0))
    assert empty.page_ages(9) == [10 * HOUR] + [0] * 8


some_readings = st.lists(
    st.tuples(st.sets(st.integers(0, 12)), st.integers(0, 3), st.none() | st.integers(0, 12)),
    max_size=6,
)


@given(readings=some_readings)
def test_ages_after__is_as_if_each_page_were_kept(readings: list[tuple[set[int], int, int | None]]) -> None:
    """Whatever is read, moved and cut off: each page has the hour at which it was read last, in few pairs."""
    ages: tuple[tuple[int, int], ...] = ()
    model: dict[int, int] = {}
    for hour, (numbers, moved, end) in enumerate(readings, 1):
        ages = ages_after(ages, numbers, at=hour * HOUR + 99, moved=moved, end=end)
        read = numbers if end is None else {*numbers, end}
        model = {page + moved: at for page, at in model.items()} | dict.fromkeys(read, hour * HOUR)
        model = {page: at for page, at in model.items() if end is None or page <= end}
        assert ListState(ages=ages).page_ages(MOST_PAGES) == [
            model.get(page, 0) for page in range(MOST_PAGES)
        ]
        assert all(first < second and at != then for (first, at), (second, then) in pairwise(ages))
