"""Which stored pages are read once more."""

from __future__ import annotations

from collections import defaultdict

import pytest

from imgur_source.planning.forecast import PageValue
from imgur_source.planning.refresh import Refresh, price_of

NOW = 1_000
OVERDUE_AT = 100
BOUNDLESS = 10_000


def a_page(page: int, value: float, *, seen_at: int = 500, price: int = 1, name: str = "a") -> PageValue:
    return PageValue(name, page, value, seen_at, price=price)


def refresh(*pages: PageValue, pages_a_list: int = BOUNDLESS) -> Refresh:
    return Refresh(pages, overdue_at=OVERDUE_AT, pages_a_list=defaultdict(lambda: pages_a_list))


def chosen(of: Refresh, credits: int, *, most_hot: int = BOUNDLESS, most_cold: int = BOUNDLESS) -> list[int]:
    return sorted(page.page for page in of.chosen(credits, most_hot=most_hot, most_cold=most_cold))


def test_refresh__the_fewest_pages_with_most_of_the_change_are_hot() -> None:
    """Half of the change makes a page hot, the rest is cold."""
    of = refresh(a_page(1, 60), a_page(2, 20), a_page(3, 15), a_page(4, 5))
    assert [of.heat(page) for page in of.pages] == ["hot", "cold", "cold", "cold"]
    assert (of.price("hot"), of.price("cold")) == (1, 3)


def test_refresh__leaves_out_what_is_not_worth_a_credit() -> None:
    """A page of which no change is expected is read for its age only."""
    of = refresh(a_page(1, 0.9), a_page(2, 1.0), a_page(3, 0.0, seen_at=OVERDUE_AT))
    assert [page.page for page in of.pages] == [2, 3]


def test_refresh__takes_no_more_of_a_list_than_its_share() -> None:
    """The overdue first, then the best; another list has a share of its own."""
    of = refresh(a_page(1, 9), a_page(2, 8), a_page(3, 2, seen_at=50), a_page(1, 1, name="b"), pages_a_list=2)
    assert [(page.list, page.page) for page in of.pages] == [("a", 1), ("a", 3), ("b", 1)]


def test_chosen__are_the_best() -> None:
    """With few credits only the pages of most value are read."""
    of = refresh(*(a_page(page, 100 - page) for page in range(20)))
    assert chosen(of, 3) == [0, 1, 2]
    assert chosen(of, 0) == []
    assert chosen(of, 500) == list(range(20))


def test_chosen__has_up_to_half_for_the_overdue() -> None:
    """What is unseen for the greatest age comes before others, and cannot take all."""
    pages = [a_page(page, 100 - page) for page in range(20)]
    late = [a_page(20 + page, 2, seen_at=90 - page) for page in range(20)]
    assert chosen(refresh(*pages, *late), 10) == [0, 1, 2, 3, 4, 35, 36, 37, 38, 39]
    assert chosen(refresh(*pages, *late[:2]), 10) == [*range(8), 20, 21]


def test_chosen__keeps_the_caps() -> None:
    """Neither the hot nor the cold take more than they may, whatever the reason."""
    pages = [a_page(page, 100 - page, seen_at=page) for page in range(40)]
    of = refresh(*pages)
    found = of.chosen(20, most_hot=3, most_cold=5)
    assert price_of(page for page in found if of.heat(page) == "hot") == 3
    assert price_of(page for page in found if of.heat(page) == "cold") == 5


@pytest.mark.parametrize("credits", [0, 1, 2])
def test_chosen__takes_along_what_costs_nothing(credits: int) -> None:
    """A page that the front is expected to show is named, in case that it does not."""
    of = refresh(a_page(0, 50, price=0), a_page(1, 40), a_page(2, 30))
    assert chosen(of, credits) == list(range(credits + 1))
