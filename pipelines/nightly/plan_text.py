"""A plan as a person reads it: before the first request, beside what it came to, and for ``sync_runs``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from imgur_source.extract import RunState
from imgur_source.planning import Budget, Line, Plan, Tier

TIER_NAMES = {
    Tier.FRONT: "new items, whole lists, feeds",
    Tier.HOT: "stored pages, changing most",
    Tier.DETAILS: "comments, images, lookups",
    Tier.COLD: "other stored pages",
    Tier.BACKFILL: "what was never read",
}


def print_plan_in_short(plan: Plan) -> None:
    """Say in one line what the run is about to do and what that costs."""
    print(short_line(plan))


def short_line(plan: Plan) -> str:
    """The plan in one line."""
    credits = plan.budget.credits
    if credits is not None and credits == 0:
        return "Plan: nothing, for no credits may be spent"
    if not plan.is_known:
        most = "" if credits is None else f", {credits:,} at most"
        least = plan.least if credits is None else min(plan.least, credits)
        return f"Plan: {count(least, 'credit')} or more{most}: nobody knows yet how much there is to read"
    line = f"Plan: {count(plan.expected, 'credit')} likely in this run"
    if plan.left_out:
        line += f", {plan.left_out:,} more left to other runs"
    if plan.hours:
        line += f", waiting about {count(plan.hours, 'hour')} for credits"
    return line


def count(number: int, thing: str) -> str:
    """``1 credit``, ``1,200 credits``."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def plan_lines(plan: Plan) -> Iterator[str]:
    """The whole plan, one line each, for ``--plan``."""
    budget = plan.budget
    yield short_line(plan)
    if budget.credits is not None:
        right_now = ""
        if budget.now is not None and budget.now < budget.credits:
            right_now = f", {budget.now:,} of them before anything is waited for"
        yield f"  {count(budget.credits, 'credit')} may be spent{right_now}"
    if budget.silent_until is not None:
        yield f"  Nothing is asked until {budget.silent_until:%H:%M} UTC: Imgur said that it is over capacity"
    if not plan.lines:
        yield "  Nothing is asked for: name accounts or feeds in .dlt/config.toml"
        return
    width = max(len(line.name) for line in plan.lines)
    heads = f"{'pages':>6} {'least':>6} {'likely':>6} {'most':>6} {'this run':>8}"
    yield f"  {'':{width}}  {'how':8} {heads}  why"
    for tier in Tier:
        of_tier = [line for line in plan.lines if line.tier is tier]
        if not of_tier:
            continue
        turns = {line.turn for line in of_tier}
        heading = f"{TIER_NAMES[tier][:1].upper()}{TIER_NAMES[tier][1:]}"
        is_shared = len(of_tier) > 1 and len(turns) == 1 and turns != {""}
        yield f"{heading} ({turns.pop()})" if is_shared else heading
        for line in of_tier:
            yield from _line(line, width, budget, is_turn_said=is_shared)
    yield (
        f"  {'in all':{width}}  {'':8} {'':6} {plan.least:>6,} {plan.likely:>6,} "
        f"{_most(plan.most, budget):>6} {plan.expected:>8,}"
    )


def _line(line: Line, width: int, budget: Budget, *, is_turn_said: bool) -> Iterator[str]:
    pages = "" if line.kind in ("details", "looks") else f"{len(line.pages) or line.likely:,}"
    yield (
        f"  {line.name:{width}}  {line.kind:8} {pages:>6} {line.least:>6,} {line.likely:>6,} "
        f"{_most(line.most, budget):>6} {min(line.granted, line.likely):>8,}  {line.reason}"
    )
    rest = [f"left out: {line.left_out:,}"] if line.left_out else []
    if line.turn and not is_turn_said:
        rest.append(line.turn)
    if rest:
        yield f"  {'':{width}}  {', '.join(rest)}"


def _most(credits: int, budget: Budget) -> str:
    """The most that something may take, as far as anybody knows."""
    return "?" if credits >= budget.day else f"{credits:,}"


def planned_lines(run: RunState) -> list[dict[str, Any]]:
    """The lines of a run's plan and what each has spent, as ``sync_runs.plan`` keeps them."""
    assert run.plan is not None
    planned = {(line.name, line.kind) for line in run.plan.lines}
    others = [
        {
            "name": name,
            "kind": kind,
            "tier": None,
            "least": 0,
            "likely": 0,
            "most": 0,
            "granted": 0,
            "spent": spent,
        }
        for (name, kind), spent in run.spent_on.items()
        if spent and (name, kind) not in planned  # what a later round, or the children of the run, brought
    ]
    return [
        {
            "name": line.name,
            "kind": line.kind,
            "tier": line.tier.name.lower(),
            "least": line.least,
            "likely": line.likely,
            "most": line.most,
            "granted": line.granted,
            "uncorrected": line.uncorrected,
            "spent": run.spent_on[line.name, line.kind],
        }
        for line in run.plan.lines
    ] + others


def came_to(run: RunState) -> Iterator[str]:
    """What each tier was expected to cost, and what it came to."""
    if run.plan is None:
        return
    for tier in Tier:
        lines = [line for line in run.plan.lines if line.tier is tier]
        spent = sum(run.spent_on[line.name, line.kind] for line in lines)
        likely = sum(min(line.granted, line.likely) for line in lines)
        if lines and (spent or likely):
            yield f"{TIER_NAMES[tier]}: {likely:,} likely, {spent:,} spent"
