"""What things cost: least, likely and most."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from imgur_source.planning.costs import (
    Due,
    Fixed,
    PlanRules,
    Price,
    StoredList,
    backfill_price,
    due_price,
    fixed_price,
    front_price,
    sweep_price,
)

RULES = PlanRules(sweep_share=0.05, greatest_age=timedelta(days=30), proof_pages=10)
DAY = 12_500


def held(name: str = "account_images/me", **fields: Any) -> StoredList:
    """A list of 1,000 items that is held whole, and was read a day ago."""
    usual = StoredList(
        name,
        items=1_000,
        is_begun=True,
        is_complete=True,
        new_per_day=0.0,
        days_since_read=1.0,
        has_count=True,
    )
    return replace(usual, **fields)


# fronts


@pytest.mark.parametrize(("new", "likely"), [(0, 1), (30, 1), (49, 1), (50, 2), (60, 2), (149, 3)])
def test_front_price__reaches_to_the_first_held_item(new: int, likely: int) -> None:
    """The pages that new items fill, and the one that shows a held item."""
    assert front_price(held(new_per_day=float(new))).likely == likely


def test_front_price__grows_with_the_days_since_the_last_reading() -> None:
    """A front that nobody has read for five days has five days of new items above it."""
    assert front_price(held(new_per_day=30.0, days_since_read=5.0)) == Price(1, 4, 6)


def test_front_price__allows_for_busier_days() -> None:
    """The most is what a rate that spreads as batches do hardly ever exceeds; an empty day costs one page."""
    least, likely, most = front_price(held(new_per_day=40.0))
    assert (least, likely) == (1, 1)
    assert most == 1 + 2  # 40 and three times the spread of 13


def test_front_price__goes_through_the_holes_that_fronts_have_left() -> None:
    """A hole above something held is near the head, and the page where the front left off comes again."""
    assert front_price(held(is_complete=False, missing_pages=40, near_pages=3)) == Price(1, 5, 7)


def test_front_price__of_a_new_list_is_its_first_page_and_its_count() -> None:
    """Before anything is held, page 0 tells whether there is anything, and the count how much."""
    assert front_price(StoredList("account_images/me", has_count=True)) == Price(1, 2, 2)
    assert front_price(StoredList("account_submissions/me")) == Price(1, 1, 1)


def test_front_price__of_an_absent_list_is_one_request() -> None:
    """A list that did not exist is asked for once more."""
    assert front_price(held(is_absent=True, new_per_day=500.0)) == Price(1, 1, 1)


# sweeps


def test_sweep_price__is_its_pages_the_empty_one_and_its_proof() -> None:
    """1,000 items by 50 are 20 pages, one more shows the end, three credits prove it."""
    assert sweep_price(held(), RULES) == Price(24, 24, 27)


@pytest.mark.parametrize(
    ("fields", "likely"),
    [
        ({"items": 450}, 10),  # 9 pages: too short for a proof
        ({"items": 451}, 14),
        ({"has_count": False}, 21),
        ({"items": 0}, 1),
        ({"items": 450, "is_begun": False}, 11),  # the count is asked before anybody knows how long it is
        ({"new_per_day": 100.0}, 26),
        ({"page_size": 100}, 14),
    ],
)
def test_sweep_price__depends_on_length_and_count(fields: dict[str, Any], likely: int) -> None:
    """A short walk proves nothing, and neither does one over a list that nobody counts."""
    assert sweep_price(held(**fields), RULES).likely == likely


def test_sweep_price__of_bounded_lists_has_no_proof() -> None:
    """The count of a list says nothing of its part since start_date."""
    assert sweep_price(held(), replace(RULES, is_bounded=True)).likely == 21


# what was never read


def test_backfill_price__is_nothing_where_nothing_waits() -> None:
    """A complete list has none, nor has one that does not exist."""
    assert backfill_price(held(), RULES, day=DAY) is None
    assert backfill_price(held(is_absent=True, is_complete=False), RULES, day=DAY) is None
    near = held(is_complete=False, missing_pages=3, near_pages=3)
    assert backfill_price(near, RULES, day=DAY) is None  # its front goes through them


def test_backfill_price__of_a_hole_is_its_pages_and_its_ends() -> None:
    """The page where the walk left off comes again, and a long hole proves itself."""
    assert backfill_price(held(is_complete=False, missing_pages=5), RULES, day=DAY) == Price(5, 6, 8)
    assert backfill_price(held(is_complete=False, missing_pages=20), RULES, day=DAY) == Price(20, 24, 26)


def test_backfill_price__of_an_unknown_length_may_be_anything() -> None:
    """Nobody knows how long a list is that was never read and is not counted."""
    assert backfill_price(StoredList("account_submissions/me"), RULES, day=DAY) == Price(0, 1, DAY)
    unknown = held(is_complete=False, missing_pages=None)
    assert backfill_price(unknown, RULES, day=DAY) == Price(1, 1, DAY)


# details, accounts, feeds


def test_due_price__adds_what_tonight_will_show() -> None:
    """What is known to be due and what other nights took are likely; new items may bring more."""
    due = Due("post_comments", "details", known=4, usual=10.4, at_most=200, of="account_submissions")
    lists = [held("account_submissions/me", new_per_day=5.0), held()]
    assert due_price(due, lists, day=DAY) == Price(2, 14, 200 + lists[0].most_new)


def test_due_price__of_lists_never_read_is_open() -> None:
    """Until its list was read nobody knows what hangs on it."""
    due = Due("album_images", "details", of="account_albums")
    assert due_price(due, [StoredList("account_albums/me")], day=DAY).most >= DAY
    counted = StoredList("account_albums/me", items=40)
    assert due_price(due, [counted], day=DAY) == Price(0, 40, 40 + counted.most_new)


def test_due_price__of_looks_is_what_is_due() -> None:
    """Looks are known before the night."""
    assert due_price(Due("looks", "looks", known=3, at_most=3), [], day=DAY) == Price(0, 3, 3)


def test_fixed_price__is_what_the_last_readings_took() -> None:
    """A feed that ends early costs what it did; it never takes more than its pages."""
    assert fixed_price(Fixed("account/me", "account")) == Price(1, 1, 1)
    assert fixed_price(Fixed("hot/viral", "feed", pages=5)) == Price(1, 5, 5)
    assert fixed_price(Fixed("hot/viral", "feed", pages=5, pages_before=2.2)) == Price(1, 2, 5)


# corrections


@pytest.mark.parametrize(
    ("ratio", "corrected"),
    [
        (None, Price(5, 10, 20)),
        (1.2, Price(5, 12, 20)),
        (0.4, Price(5, 5, 20)),  # no further than to a half
        (0.45, Price(5, 5, 20)),
        (9.0, Price(5, 20, 20)),  # no further than to twice
    ],
)
def test_corrected__moves_what_is_likely_within_bounds(ratio: float | None, corrected: Price) -> None:
    """What such things took lately corrects the estimate, and one strange night does not overturn it."""
    assert Price(5, 10, 20).corrected(ratio) == corrected


def test_corrected__keeps_the_order_of_the_three() -> None:
    """What is likely lies between least and most, and what costs anything costs a credit."""
    assert Price(9, 10, 11).corrected(2.0) == Price(9, 20, 20)
    assert Price(9, 10, 11).corrected(0.5) == Price(5, 5, 11)
    assert Price(1, 1, 1).corrected(0.1) == Price(1, 1, 1)
    assert Price(0, 0, 9).corrected(2.0) == Price(0, 0, 9)
