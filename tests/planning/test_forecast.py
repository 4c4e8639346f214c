"""What a stored page is expected to bring."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from imgur_source.planning.forecast import (
    AGE_EDGES,
    DAY,
    FEWEST_OBSERVATIONS,
    GrowthCurve,
    Layout,
    Observation,
    due_by_age,
    page_values,
)

NOW = 1_800_000_000
OWN = "account_images/me"


def an_item(
    *,
    age: float = 10,
    value: int = 100,
    seen: float = 1,
    before: tuple[int, float] | None = None,
    rank: int = 0,
    name: str = OWN,
) -> Observation:
    """An item so many days old, with what was seen so many days ago."""
    return Observation(
        name,
        rank,
        NOW - int(age * DAY),
        value,
        NOW - int(seen * DAY),
        None if before is None else before[0],
        None if before is None else NOW - int(before[1] * DAY),
    )


def steady(per_day: float = 10, *, ages: int = 400, name: str = OWN) -> Iterator[Observation]:
    """Items of many ages that have all gained the same in a day."""
    for rank in range(ages):
        yield an_item(
            age=rank + 2, value=1000, seen=1, before=(1000 - round(per_day), 2), rank=rank, name=name
        )


def waning(*, ages: int = 400) -> Iterator[Observation]:
    """Items that gain 1,000 a day, divided by their age in days."""
    for rank in range(ages):
        age = rank + 2
        yield an_item(age=age, value=9_000, seen=1, before=(9_000 - round(1_000 / (age - 1)), 2), rank=rank)


def the(course: GrowthCurve | None) -> GrowthCurve:
    assert course is not None
    return course


# what is learned


def test_course__needs_observations_to_tell_ages_apart() -> None:
    """Fewer pairs than that, or items that were seen once, teach nothing."""
    assert GrowthCurve.learned([]) is None
    assert GrowthCurve.learned(an_item(rank=rank) for rank in range(1_000)) is None
    assert GrowthCurve.learned(list(steady())[: FEWEST_OBSERVATIONS - 1]) is None
    assert GrowthCurve.learned(list(steady())[:FEWEST_OBSERVATIONS]) is not None


def test_course__is_the_mean_rate_at_each_age() -> None:
    """Where all gain ten a day, an ordinary item gains ten a day at every age that was seen."""
    course = the(GrowthCurve.learned(steady(10)))
    assert course.gained(100 * DAY) - course.gained(90 * DAY) == pytest.approx(100)


def test_course__falls_with_age_as_what_was_seen_does() -> None:
    """Young items gain more, and their share is kept."""
    course = the(GrowthCurve.learned(waning()))
    young = course.gained(5 * DAY) - course.gained(4 * DAY)
    old = course.gained(101 * DAY) - course.gained(100 * DAY)
    assert young == pytest.approx(1_000 / 4.5, rel=0.35)
    assert old == pytest.approx(1_000 / 100, rel=0.35)


def test_course__goes_on_beyond_what_was_seen() -> None:
    """An age that nobody has seen takes its neighbour's rate: half of the younger, twice the older."""
    only = [an_item(age=20, value=70, seen=1, before=(60, 2), rank=rank) for rank in range(200)]
    course = the(GrowthCurve.learned(only))
    seen = next(place for place, edge in enumerate(AGE_EDGES) if edge > 18.5 * DAY) - 1
    assert course.rates[seen] * DAY == pytest.approx(10)
    assert course.rates[seen + 1] == pytest.approx(course.rates[seen] / 2)
    assert course.rates[seen - 1] == pytest.approx(course.rates[seen] * 2)


def test_course__of_what_never_moves_is_nothing() -> None:
    """No division by nothing where no counter has ever moved."""
    course = the(GrowthCurve.learned(steady(0)))
    assert course.expected_of(an_item(before=(100, 3)), now=NOW) == 0


def test_course__counts_losses_as_changes() -> None:
    """Points go down as well, and a report that shows yesterday's is as wrong."""
    falling = [an_item(age=rank + 2, value=-5, seen=1, before=(5, 2), rank=rank) for rank in range(200)]
    course = the(GrowthCurve.learned(falling))
    assert course.expected_of(falling[50], now=NOW) == pytest.approx(10, rel=0.1)


# what is expected of an item


def test_expected__is_what_it_gained_lately_where_all_is_steady() -> None:
    """An item that gains thrice what others do goes on so."""
    course = the(GrowthCurve.learned(steady(10)))
    assert course.expected_of(an_item(age=50, seen=1, before=(70, 2)), now=NOW) == pytest.approx(30, rel=0.1)
    assert course.expected_of(an_item(age=50, seen=4, before=(70, 5)), now=NOW) == pytest.approx(120, rel=0.1)


def test_expected__fades_as_items_of_its_age_do() -> None:
    """What a young item gained in its second day it does not gain again in its tenth."""
    course = the(GrowthCurve.learned(waning()))
    lately = course.expected_of(an_item(age=3, value=700, seen=1, before=(200, 2)), now=NOW)
    later = course.expected_of(an_item(age=11, value=700, seen=9, before=(200, 10)), now=NOW)
    assert 0 < later < 9 * lately


def test_expected__of_an_item_seen_once_comes_from_its_whole_life() -> None:
    """It began with nothing: one that has gathered much is expected to gather more than one that has not."""
    course = the(GrowthCurve.learned(waning()))
    known, unknown = an_item(age=10, value=5_000), an_item(age=10, value=10)
    assert course.expected_of(known, now=NOW) > 10 * course.expected_of(unknown, now=NOW)


def test_expected__of_an_item_just_seen_is_nothing() -> None:
    """What was seen this moment, or by a clock ahead of ours, has not moved since."""
    course = the(GrowthCurve.learned(waning()))
    assert course.expected_of(an_item(seen=0, before=(50, 1)), now=NOW) == 0
    assert course.expected_of(an_item(seen=-1, before=(50, 1)), now=NOW) == 0


def test_expected__believes_an_item_that_does_not_move() -> None:
    """The longer it was watched without a change, the less is expected."""
    course = the(GrowthCurve.learned(steady(10)))
    briefly = course.expected_of(an_item(age=90, seen=1, before=(100, 2)), now=NOW)
    long = course.expected_of(an_item(age=90, seen=1, before=(100, 60)), now=NOW)
    assert long < briefly < 10


def test_due_by_age__looks_at_the_young_more_often() -> None:
    """Of two that were seen equally long ago the younger is taken to have moved more, and nothing moves backwards."""
    ages = [1.5, 5, 20, 100, 400]
    due = [due_by_age(an_item(age=age, seen=1), now=NOW) for age in ages]
    assert due == sorted(due, reverse=True)
    assert due_by_age(an_item(seen=-1), now=NOW) == 0


# pages


def page_of(values: list, page: int) -> float:  # type: ignore[type-arg]
    return float(next(value.value for value in values if value.page == page))


def test_page_values__are_the_sums_of_their_items() -> None:
    """Each page has its items' expected change, and the time of its first item."""
    values = page_values(
        list(steady(10, ages=120)),
        layouts={OWN: Layout(50, 0)},
        now=NOW,
        policy="expected_change",
        greatest_age=30 * DAY,
    )
    assert [(value.list, value.page) for value in values] == [(OWN, 0), (OWN, 1), (OWN, 2)]
    assert page_of(values, 1) == pytest.approx(500, rel=0.1)
    assert page_of(values, 2) == pytest.approx(200, rel=0.1)
    assert [value.begins_at for value in values] == [NOW - age * DAY for age in (2, 52, 102)]


@pytest.mark.parametrize(
    ("late", "days", "unread"),
    [
        (0, 9, 1),
        (12, 9, 1),  # of 50: a few at its ends, where the page lay differently
        (13, 9, 9),
        (1, 29, 1),
        (1, 70, 40),  # by now somebody has to look
        (13, 70, 70),
    ],
)
def test_page_values__a_page_is_read_when_most_of_it_was(late: int, days: int, unread: int) -> None:
    """Up to a quarter of a page may be unseen for longer, but no item for more than twice the greatest age."""
    items = [an_item(rank=rank, seen=days if rank < late else 1) for rank in range(50)]
    [value] = page_values(
        items, layouts={OWN: Layout(50, 0)}, now=NOW, policy="age_tiers", greatest_age=30 * DAY
    )
    assert NOW - value.seen_at == unread * DAY


def test_page_values__cost_nothing_where_the_front_shows_them() -> None:
    """Page 0 comes with the front, as long as new items do not push more than half of it out."""
    for new, prices in ((0, [0, 1, 1]), (20, [0, 1, 1]), (30, [1, 1, 1]), (60, [0, 1, 1]), (80, [1, 1, 1])):
        values = page_values(
            list(steady(ages=150)),
            layouts={OWN: Layout(50, new)},
            now=NOW,
            policy="expected_change",
            greatest_age=30 * DAY,
        )
        assert [value.price for value in values if value.page < 3] == prices, new


def test_page_values__borrow_what_other_lists_have_shown() -> None:
    """A list of which too little is known goes by all that is known, in the same unit as the others."""
    few = [an_item(age=30, seen=2, rank=rank, name="account_albums/me") for rank in range(10)]
    layouts = {OWN: Layout(50, 0), "account_albums/me": Layout(50, 0)}
    with_others = page_values(
        [*steady(10), *few], layouts=layouts, now=NOW, policy="expected_change", greatest_age=30 * DAY
    )
    alone = page_values(few, layouts=layouts, now=NOW, policy="expected_change", greatest_age=30 * DAY)
    by_age = page_values(
        [*steady(10), *few], layouts=layouts, now=NOW, policy="age_tiers", greatest_age=30 * DAY
    )
    assert [value.list for value in alone] == ["account_albums/me"]
    assert alone[0].value == sum(due_by_age(item, now=NOW) for item in few)
    assert alone == [value for value in by_age if value.list == "account_albums/me"]
    assert alone != [value for value in with_others if value.list == "account_albums/me"]


def test_page_values__leave_out_lists_that_nobody_asks_for() -> None:
    """A list that is read whole needs no values."""
    assert (
        page_values(list(steady()), layouts={}, now=NOW, policy="expected_change", greatest_age=30 * DAY)
        == []
    )
