"""The benchmark of policies, in a small world: what docs/refresh.md says holds here, too."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from refresh_policy import PAGE_SIZES, POLICIES, RULES, Results, chart, lists_of, run, world

from imgur_source.planning import Budget, StoredList, make_plan

CREDITS = 14
NIGHTS = 24


@pytest.fixture(scope="module")
def results() -> Results:
    """24 nights with 14 credits each, of which a third are counted; all lists together have 100 pages."""
    return run(world(4, images=3_000), budgets=[CREDITS], nights=NIGHTS, warm_up=16)


@pytest.mark.parametrize("other", ["cursor only", "look-back of 7 days", "down from the front", "age tiers"])
def test_ours__leaves_less_unknown_by_a_third(results: Results, other: str) -> None:
    """With the same credits less engagement is missing than by any simple policy."""
    assert results["ours", CREDITS].missing < results[other, CREDITS].missing * 2 / 3


def test_policies__spend_no_more_than_they_have(results: Results) -> None:
    """All have the same credits, and nobody takes more."""
    assert results.keys() == {(name, CREDITS) for name in POLICIES}
    assert all(result.credits <= CREDITS for result in results.values())
    assert results["with hindsight", CREDITS].missing <= results["ours", CREDITS].missing


def test_chart__shows_every_policy(results: Results) -> None:
    """A name and a line for each."""
    drawn = chart({4: results}, [CREDITS])
    assert drawn.count("<polyline") == len(POLICIES)
    assert all(f">{name}</text>" in drawn for name in POLICIES)


def test_plan__says_what_ten_nights_of_whole_lists_cost() -> None:
    """Likely is within a tenth of what reading all lists takes, each night, with what was known the night before."""
    simulator = world(5, images=3_000)
    counts = [{name: len(items) for name, items in lists_of(simulator).items()}]
    for _ in range(10):
        known = counts[-1]
        new = {name: known[name] - counts[max(0, len(counts) - 7)][name] for name in known}
        held = [
            StoredList(
                name,
                items=known[name],
                page_size=PAGE_SIZES[name],
                is_begun=True,
                is_complete=True,
                new_per_day=max(0, new[name]) / max(1, min(6, len(counts) - 1)),
                days_since_read=1.0,
                has_count=name != "account_submissions/me",
            )
            for name in known
        ]
        plan = make_plan(
            fixed=[],
            lists=held,
            observed=[],
            due=[],
            budget=Budget(500, now=500, an_hour=500, day=12_500),
            rules=RULES,
            now=datetime(2026, 11, 24, tzinfo=UTC),
        )
        simulator.advance(timedelta(days=1))
        counts.append({name: len(items) for name, items in lists_of(simulator).items()})
        pages = {name: math.ceil(items / PAGE_SIZES[name]) for name, items in counts[-1].items()}
        spent = sum(
            pages[one.name] + 1 + (3 if one.has_count and pages[one.name] >= RULES.proof_pages else 0)
            for one in held
        )
        assert [line.kind for line in plan.lines] == ["sweep"] * 4
        assert plan.least <= spent <= plan.most
        assert plan.likely == pytest.approx(spent, rel=0.1)
