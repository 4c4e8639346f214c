"""Interval arithmetic of a list against the plainest model of it: a line of items, and the set of those that were read."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgur_source.lists.coverage import Coverage, Gap, Position, Range, reaches

Reads = list[tuple[int, int]]

quick = settings(max_examples=120, derandomize=True, deadline=None, database=None)

# seconds between an item and the next older one; 0 is a tie
lines = st.lists(st.sampled_from([0, 0, 1, 2]), min_size=1, max_size=14)
reads = st.lists(st.tuples(st.integers(0, 13), st.integers(1, 6)), max_size=7)


def a_line(steps: list[int]) -> list[Position]:
    """A list's items, newest first."""
    marks, at = [], 100
    for number, step in enumerate(steps):
        at -= step
        marks.append(Position(at, f"I{number}"))
    return marks


def marks(*times: int) -> list[Position]:
    return [Position(at, f"I{at}") for at in times]


def after(line: list[Position], done: Reads) -> tuple[Coverage, set[Position]]:
    """What is held when runs of neighbours, by place and length, were read; and the set of what was."""
    coverage, read = Coverage(), set[Position]()
    for first, length in done:
        run = line[first : first + length]
        if run:
            coverage = coverage.with_read(
                run, is_from_front=first == 0, is_to_end=first + length >= len(line)
            )
            read |= set(run)
    return coverage, read


@quick
@given(lines, reads)
def test_coverage__holds_nothing_that_was_not_read(steps: list[int], done: Reads) -> None:
    """The ends of each stretch, and all that lies strictly between their seconds, were read."""
    line = a_line(steps)
    coverage, read = after(line, done)
    for stretch in coverage.ranges:
        inside = {mark for mark in line if stretch.newest.at > mark.at > stretch.oldest.at}
        assert inside | {stretch.newest, stretch.oldest} <= read


@quick
@given(lines, reads)
def test_coverage__is_complete_only_where_nothing_is_missing(steps: list[int], done: Reads) -> None:
    """Complete means that everything older than the newest item held was read, down to the bound or to the end."""
    line = a_line(steps)
    coverage, read = after(line, done)
    if not coverage.ranges:
        return
    newest = coverage.ranges[0].newest.at
    for since in [None, *range(70, 101)]:
        if coverage.is_complete(since=since):
            assert {m for m in line if m.at < newest and (since is None or m.at >= since)} <= read


@quick
@given(lines)
def test_coverage__of_a_line_read_whole_is_complete(steps: list[int]) -> None:
    """A list read page by page, each page overlapping the one before, is held whole and counted once."""
    line = a_line(steps)
    done = [(first, 3) for first in range(0, len(line), 2)]
    coverage, _ = after(line, done)
    assert coverage == Coverage((Range(line[0], line[-1], len(line)),), is_ended=True)


@quick
@given(lines, reads)
def test_coverage__stretches_are_sorted_and_never_touch(steps: list[int], done: Reads) -> None:
    """The newest stretch comes first, and no two of them overlap in time or share an end."""
    coverage, _ = after(a_line(steps), done)
    for above, below in zip(coverage.ranges, coverage.ranges[1:], strict=False):
        assert above.oldest.at >= below.newest.at
        assert above.oldest != below.newest


@quick
@given(st.integers(1, 20), st.lists(st.tuples(st.integers(0, 19), st.integers(1, 6)), max_size=7))
def test_coverage__counts_each_item_once_where_seconds_differ(length: int, done: Reads) -> None:
    """Without ties and deletions each stretch holds as many items as lie between its ends, so that offsets are right."""
    line = marks(*range(100, 100 - length, -1))
    coverage, read = after(line, done)
    assert coverage.items == len(read)
    gap = coverage.first_gap()
    if gap is not None and gap.above.newest == line[0]:
        assert gap.offset == line.index(gap.above.oldest) + 1


@quick
@given(lines, reads)
def test_coverage__comes_back_from_its_json(steps: list[int], done: Reads) -> None:
    """What is kept with the rows is what was there."""
    coverage, _ = after(a_line(steps), done)
    assert Coverage.from_json(json.loads(json.dumps(coverage.as_json()))) == coverage


def test_coverage__writes_numbers_and_texts_only() -> None:
    """A stretch is five plain values, because every version of them is stored."""
    coverage = Coverage().with_read(marks(9, 8, 7), is_from_front=True)
    assert coverage.as_json() == {"stretches": [[9, "I9", 7, "I7", 3]], "is_ended": False}


def test_coverage__of_an_empty_list_is_complete() -> None:
    """A list that was read from its front to its end and had nothing is held whole."""
    read = Coverage().with_read([], is_from_front=True, is_to_end=True)
    assert (read, read.is_complete(), Coverage().is_complete()) == (Coverage((), True), True, False)


def test_with_read__ends_where_the_list_does() -> None:
    """What was held beyond the list's own first or last item is gone from it, also where the rest is still there."""
    held = Coverage().with_read(
        [Position(at, str(at)) for at in range(9, 0, -1)], is_from_front=True, is_to_end=True
    )
    front = held.with_read([Position(7, "7"), Position(6, "6")], is_from_front=True)
    end = held.with_read([Position(4, "4"), Position(3, "3")], is_to_end=True)
    whole = held.with_read([Position(7, "7"), Position(3, "3")], is_from_front=True, is_to_end=True)
    assert [(each.ranges[0].newest.at, each.ranges[0].oldest.at) for each in (front, end, whole)] == [
        (7, 1),
        (9, 3),
        (7, 3),
    ]
    assert whole.items == 2
    assert all(each.is_complete() for each in (front, end, whole))


def test_coverage__forgets_what_was_above_the_front_and_below_the_end() -> None:
    """A run from the front to the end is the list: what was held outside of it is gone from it."""
    held = Coverage().with_read(marks(20, 19)).with_read(marks(3, 2), is_to_end=True)
    read = held.with_read(marks(12, 11, 10), is_from_front=True, is_to_end=True)
    assert read == Coverage((Range(Position(12, "I12"), Position(10, "I10"), 3),), True)


@pytest.mark.parametrize(
    ("mark", "is_met"), [(Position(9, "I9"), False), (Position(9, "new"), False), (Position(8, "new"), True)]
)
def test_meets__once_the_newest_second_is_passed(mark: Position, is_met: bool) -> None:
    """In the second of our newest item new ones may stand on either side of it; only beyond is all held."""
    assert Coverage().with_read(marks(9, 8)).meets(mark) is is_met


def test_meets__nothing_where_nothing_is_held() -> None:
    """The first walk has nothing to stop at."""
    assert Coverage().meets(Position(1, "A")) is False


def test_first_gap__is_the_newest_within_bounds() -> None:
    """Holes come newest first; those above ``until``, and those below ``since``, are left alone."""
    top, middle, last = (
        Range(Position(30, "I30"), Position(28, "I28"), 3),
        Range(Position(20, "I20"), Position(18, "I18"), 3),
        Range(Position(10, "I10"), Position(8, "I8"), 3),
    )
    held = Coverage((top, middle, last))
    assert [
        held.first_gap(),
        held.first_gap(until=20),
        held.first_gap(until=9),
        held.first_gap(since=28),
        held.first_gap(since=29),
        held.first_gap(since=25, until=20),
    ] == [
        Gap(top, middle, 3),
        Gap(middle, last, 6),
        Gap(last, None, 9),
        Gap(top, middle, 3),
        None,
        None,
    ]


def test_first_gap__is_none_below_the_end() -> None:
    """Below the list's end there is no hole."""
    assert Coverage().with_read(marks(9, 8), is_to_end=True).first_gap() is None


@pytest.mark.parametrize(
    ("page", "is_reached"),
    [
        ([Position(5, "A"), Position(4, "B")], False),
        ([Position(6, "E"), Position(4, "B")], True),
        ([Position(6, "other"), Position(4, "B")], False),
        ([Position(7, "other"), Position(4, "B")], True),
        ([], False),
    ],
)
def test_reaches__by_the_item_itself_or_by_a_newer_one(page: list[Position], is_reached: bool) -> None:
    """In the end's own second only its id proves the overlap."""
    assert reaches(page, Position(6, "E")) is is_reached


def test_with_read__forgets_a_stretch_of_one_second_that_lost_its_place() -> None:
    """Of one second and without a shared item, nobody can tell on which side of the read it stands: it is read again."""
    held = Coverage(
        (Range(Position(9, "A"), Position(9, "B"), 2), Range(Position(9, "C"), Position(9, "D"), 2))
    )
    read = held.with_read([Position(9, "B"), Position(9, "X"), Position(8, "Y")])
    assert read == Coverage((Range(Position(9, "A"), Position(8, "Y"), 4),))


def test_at_most__takes_what_is_too_much_from_the_last_stretch() -> None:
    """A walk that came to the end earlier than expected shows that items are gone, most likely further down."""
    upper = Range(Position(90, "z"), Position(80, "y"), 10)
    lower = Range(Position(50, "b"), Position(10, "a"), 40)
    held = Coverage((upper, lower), is_ended=True)

    assert held.at_most(50) == held
    assert held.at_most(30).ranges == (upper, Range(lower.newest, lower.oldest, 20))
    assert held.at_most(5).ranges == (upper, Range(lower.newest, lower.oldest, 1))
    assert Coverage().at_most(0) == Coverage()
