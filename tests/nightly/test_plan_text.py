"""A plan as a person reads it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from nightly.plan_text import came_to, plan_lines, planned_lines, short_line

from imgur_source.planning.plan import Budget, Line, Plan, Tier
from tests.support.runs import a_run

NIGHT = datetime(2026, 11, 9, 3, 0, tzinfo=UTC)
BUDGET = Budget(credits=50, now=20, an_hour=500, day=12_500)
FRONT = Line(
    "account_images/me", "head", Tier.FRONT, 1, 3, 6, granted=6, reason="about 120 new items", uncorrected=2
)
COLD = Line(
    "account_images/me", "cold", Tier.COLD, 40, 40, 40, granted=10, reason="the longest unseen",
    pages=tuple(range(10)), left_out=30, turn="in about 3 nights",
)  # fmt: skip


def a_plan(*lines: Line, budget: Budget = BUDGET) -> Plan:
    return Plan(lines, budget, NIGHT)


def test_plan_lines__shows_each_line_with_its_price_and_its_reason() -> None:
    """Pages, least, likely and most credits, what tonight spends of it, why, and what is left out."""
    lines = list(plan_lines(a_plan(FRONT, COLD)))

    [front] = [line for line in lines if "about 120 new items" in line]
    assert front.split()[:7] == ["account_images/me", "head", "3", "1", "3", "6", "3"]
    [cold] = [line for line in lines if "the longest unseen" in line]
    assert cold.split()[:7] == ["account_images/me", "cold", "10", "40", "40", "40", "10"]
    assert any("left out: 30, in about 3 nights" in line for line in lines)
    assert lines[-1].split() == ["in", "all", "41", "43", "46", "13"]
    assert any("50 credits may be spent, 20 of them before anything is waited for" in line for line in lines)


def test_plan_lines__says_when_there_is_nothing_to_do() -> None:
    """Without accounts and feeds a person is told what to name."""
    assert any("name accounts or feeds" in line for line in plan_lines(a_plan()))


def test_short_line__names_what_is_left_and_what_is_waited_for() -> None:
    """One line: what is spent tonight, what is left to other nights, how long credits are waited for."""
    assert (
        short_line(a_plan(FRONT, COLD)) == "Plan: 13 credits likely in this run, 30 more left to other runs"
    )
    waiting = Budget(credits=1_200, now=2, an_hour=5, day=12_500)
    assert short_line(a_plan(FRONT, COLD, budget=waiting)).endswith("waiting about 3 hours for credits")


def test_planned_lines__keep_what_each_line_has_spent() -> None:
    """sync_runs has the estimate beside what was spent, and what was spent on things that nobody planned."""
    run = a_run(plan=a_plan(FRONT))
    run.spent_on["account_images/me", "head"] = 4
    run.spent_on["account_images/me", "cold"] = 2

    assert planned_lines(run) == [
        {
            "name": "account_images/me", "kind": "head", "tier": "front",
            "least": 1, "likely": 3, "most": 6, "granted": 6, "uncorrected": 2, "spent": 4,
        },
        {
            "name": "account_images/me", "kind": "cold", "tier": None,
            "least": 0, "likely": 0, "most": 0, "granted": 0, "spent": 2,
        },
    ]  # fmt: skip


def test_came_to__sets_the_estimate_beside_what_was_spent() -> None:
    """The summary has a line for each tier that was planned or spent on."""
    run = a_run(plan=a_plan(FRONT, COLD))
    run.spent_on["account_images/me", "head"] = 4
    run.spent_on["account_images/me", "cold"] = 9

    assert list(came_to(run)) == [
        "new items, whole lists, feeds: 3 likely, 4 spent",
        "other stored pages: 10 likely, 9 spent",
    ]
    assert list(came_to(a_run())) == []


def test_short_line__does_not_pretend_to_know_a_first_load() -> None:
    """Where the length of a list is not known, the line says so instead of a likely figure."""
    unknown = Line(
        "account_images/me", "backfill", Tier.BACKFILL, 0, 1, 12_500, granted=40, reason="never read"
    )

    assert short_line(a_plan(FRONT, unknown)) == (
        "Plan: 1 credit or more, 50 at most: nobody knows yet how much there is to read"
    )


def test_short_line__of_no_credits_says_so() -> None:
    """A night that may spend nothing is not said to spend the least that all of it would take."""
    nothing = Budget(credits=0, now=0, an_hour=500, day=12_500)

    assert short_line(a_plan(FRONT, budget=nothing)) == "Plan: nothing, for no credits may be spent"


def test_plan_lines__says_once_what_all_lines_of_a_tier_wait_for() -> None:
    """In an exhausted hour each tier says when its turn is, and not each of its lines."""
    waiting = replace(FRONT, turn="when the hour's credits return, in 1 hour")

    lines = list(plan_lines(a_plan(waiting, replace(waiting, name="account_albums/me"))))

    assert sum("in 1 hour" in line for line in lines) == 1


def test_plan_lines__shows_no_number_where_nobody_knows_one() -> None:
    """The most that an unknown list may take is a question mark, not the whole day's credits."""
    unknown = Line(
        "account_images/me", "backfill", Tier.BACKFILL, 0, 1, 12_500, granted=40, reason="never read"
    )

    lines = list(plan_lines(a_plan(unknown)))

    assert "12,500" not in "".join(lines)
    assert lines[-1].split() == ["in", "all", "0", "1", "?", "1"]


def test_plan_lines__says_that_imgur_wants_silence() -> None:
    """During a cool-down the plan says until when nothing is asked, instead of blaming the credits."""
    silent = replace(BUDGET, silent_until=datetime(2026, 11, 9, 3, 10, tzinfo=UTC))

    assert "  Nothing is asked until 03:10 UTC: Imgur said that it is over capacity" in list(
        plan_lines(a_plan(FRONT, budget=silent))
    )
