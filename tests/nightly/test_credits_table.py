"""The scenarios of benchmarks/credits.py in small: what a night may cost beyond the least possible."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from credits import (
    ACCOUNTS,
    SMALL,
    Account,
    Outcome,
    Price,
    Readings,
    dear_nights,
    interrupted,
    ordinary_nights,
    outcomes,
)

ROOT = Path(__file__).parents[2]

# 13 pages of images: long enough to be proved, and too dear to sweep where that is the scenario
ACCOUNT = Account(images=650, albums=20, submissions=70, comments=110, page_size=50)


def _verdict(outcome: Outcome) -> tuple[str, dict[str, int], int]:
    return outcome.scenario, outcome.over(), outcome.missing


def test_price__counts_pages_their_end_and_the_proof_of_a_long_walk() -> None:
    """The least possible is what the documents say it is, on either side of each threshold."""
    prices = [
        Price(items, 50, is_counted=counted) for items, counted in ((450, True), (451, True), (451, False))
    ]

    assert [(price.sweep(), price.head(new=50), price.backfill(3, is_proved=False)) for price in prices] == [
        (10, 2, 14),
        (14, 2, 15),
        (11, 2, 15),
    ]
    assert prices[1].backfill(1, is_proved=True) == prices[1].sweep()
    assert [prices[1].held(is_swept=swept, reread=4) for swept in (True, False)] == [14, 5]
    assert [Price(items, 50).refresh() for items in (1_500, 1_501)] == [1, 2]


def test_ordinary_nights__cost_hardly_more_than_the_least_possible(tmp_path: Path) -> None:
    """A first load, a quiet night and one with new images stay within 2 % and 2 credits a list, and lack nothing."""
    assert list(map(_verdict, ordinary_nights(tmp_path, ACCOUNT))) == [
        ("first load", {}, 0),
        ("quiet night", {}, 0),
        ("60 new images", {}, 0),
    ]


def test_dear_nights__cost_hardly_more_than_the_least_possible(tmp_path: Path) -> None:
    """Of a list too dear to sweep the front and the night's share are read, and every new image is found."""
    outcomes = list(dear_nights(tmp_path, ACCOUNT, lists=["account_images"]))

    assert list(map(_verdict, outcomes)) == [
        ("quiet night, too dear to sweep", {}, 0),
        ("60 new images, too dear to sweep", {}, 0),
    ]
    assert [outcome.nights[0].pages["account_images", "head"] for outcome in outcomes] == [1, 2]


def test_interrupted__list_is_whole_after_three_nights(tmp_path: Path) -> None:
    """A first load that its allowance breaks off twice goes on where it was, for 2 % and 2 credits more."""
    first, again = interrupted(tmp_path, ACCOUNT, lists=["account_images"])

    assert (first.over(), first.missing, again.spent) == ({}, 0, 0)
    assert [cost.is_done for cost in first.nights] == [False, False, True]


@pytest.mark.parametrize("page_size", [50, 100])
def test_interrupted__all_lists_are_whole_after_three_nights(tmp_path: Path, page_size: int) -> None:
    """A list that is held does not take each night's allowance from lists that were never read."""
    first, again = interrupted(tmp_path, replace(SMALL, page_size=page_size))

    assert (first.over(), again.over(), first.missing) == ({}, {}, 0)
    assert all(
        first.spent_on(name) > first.pages[name] for name in first.least
    )  # each came to its empty page


def test_readings__list_longer_than_an_hours_credits_is_whole_after_three_nights(tmp_path: Path) -> None:
    """A sweep that the hour's credits cannot pay for is not begun again each night; the rest is read."""
    readings = Readings(tmp_path, ACCOUNT.simulated(hour_credits=10), lists=["account_images"])

    for _ in range(3):
        readings.run()

    assert readings.missing() == 0


@pytest.mark.parametrize(
    "account",
    [
        account if account.images < 1_000 else pytest.param(account, marks=pytest.mark.slow)
        for account in ACCOUNTS
    ],
    ids=lambda account: f"{account.images} by {account.page_size}",
)
def test_table__in_the_documents_is_what_is_measured(account: Account) -> None:
    """Every row of docs/credits.md is measured again, lacks nothing, and stays within its bound."""
    written = [
        tuple(cell.strip() for cell in line.strip("|").split("|"))
        for line in (ROOT / "docs" / "credits.md").read_text().splitlines()
        if line.startswith(f"| {account.images:,} | {account.page_size} |")
    ]
    measured = list(outcomes(account))

    assert [outcome.row() for outcome in measured] == written
    assert [(outcome.over(), outcome.missing) for outcome in measured] == [({}, 0)] * len(measured)
