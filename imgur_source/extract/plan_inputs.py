"""What is known of a night before its first request, put as the plan wants it. Pure.

Settings, steps, what earlier runs remember and what the warehouse knows go in; the
plan comes out of ``planning``, which decides.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from imgur_source.credits import day_floor
from imgur_source.extract.facts import Candidates, Known
from imgur_source.extract.streams import Step, steps, wanted_resources
from imgur_source.lists import ListMemory, Memory
from imgur_source.planning import Budget, Due, Fixed, HeldList, Plan, Rules, Tier, make_plan
from imgur_source.settings import DAY_CREDITS, HOUR_CREDITS, Settings

ACCOUNT_PAGE, GALLERY_PAGE = 50, 60  # items, until a page has shown how many (docs/imgur-api.md: paging)
DETAILS = ("album_images", "post_images", "post_comments")
HOUR = timedelta(hours=1)


def plan_of(
    settings: Settings,
    *,
    selected: Collection[str],
    candidates: Candidates,
    memory: Memory,
    budget: Budget,
    now: datetime,
    done: Collection[str] = (),
    began_at: datetime | None = None,
) -> Plan:
    """The plan of a night, or of what is left of it.

    Args:
        done: names of steps that this night has read already.
        began_at: when the night began; what was seen since then is not read again.
    """
    known = candidates.known or Known()
    found = steps(settings, selected=selected, candidates=candidates)
    fixed = [
        _fixed(step, known) for step in found if step.kind in ("account", "feed") and step.name not in done
    ]
    lists = [
        _held_list(step, memory.of_list(step.name), known, settings, now=now, is_done=step.name in done)
        for step in found
        if step.kind not in ("account", "feed") and (step.kind != "images" or step.as_me)
    ]
    return make_plan(
        fixed=fixed,
        lists=lists,
        observed=[item for item in known.observed if began_at is None or item.seen_at < began_at.timestamp()],
        due=_due(settings, candidates, selected),
        budget=budget,
        rules=Rules(
            sweep_share=settings.sweep_share,
            greatest_age=timedelta(days=settings.greatest_age_days),
            proof_pages=settings.proof_pages,
            is_bounded=settings.start_date is not None or settings.end_date is not None,
        ),
        now=now,
        spent_before=known.spent_before,
    )


@dataclass(frozen=True, slots=True)
class Purse:
    """The credits of an application, as its ledger knows them.

    Attributes:
        an_hour, a_day: what the windows hold when they are new.
        hour_left, day_left: what may be spent of them; None where only the next reply can tell.
        backfill_left: of the day, what backfill may spend; None likewise.
        is_denied: whether nothing may be spent this month.
        silent_until: the end of a cool-down that lasts; None where none does.
    """

    an_hour: int = HOUR_CREDITS
    a_day: int = DAY_CREDITS
    hour_left: int | None = None
    day_left: int | None = None
    backfill_left: int | None = None
    is_denied: bool = False
    silent_until: datetime | None = None


def budget_of(
    purse: Purse,
    *,
    allowance: int | None,
    now: datetime,
    ends_at: datetime | None,
    caps: Sequence[tuple[str, int]] = (),
) -> Budget:
    """The credits of a night.

    Args:
        allowance: what the run itself may spend; None for no limit of its own.
        ends_at: when the last request may be sent, where the night waits for the hour's
            credits to return; None where it does not wait.
        caps: the most credits of some tiers, by their names in lower case.
    """
    floor = day_floor(purse.a_day)
    day_left = max(0, purse.a_day - floor) if purse.day_left is None else purse.day_left
    backfill_left = max(0, day_left - floor) if purse.backfill_left is None else purse.backfill_left
    right_now = purse.an_hour if purse.hour_left is None else purse.hour_left
    hours = 0 if ends_at is None else max(0, math.floor((ends_at - now) / HOUR))
    limits = [right_now + hours * purse.an_hour, day_left]
    if allowance is not None:
        limits.append(allowance)
    in_all = 0 if purse.is_denied else max(0, min(limits))
    return Budget(
        credits=in_all,
        now=max(0, min(right_now, in_all)),
        an_hour=purse.an_hour,
        day=purse.a_day,
        for_backfill=max(0, min(in_all, backfill_left)),
        caps=tuple((Tier[name.upper()], cap) for name, cap in caps),
        silent_until=purse.silent_until,
    )


def _due(settings: Settings, candidates: Candidates, selected: Collection[str]) -> list[Due]:
    """What is due of each kind of detail that is wanted, and looks.

    On a first night nobody knows how much that is; later what is not known to be due is not.
    """
    known, wanted = candidates.known or Known(), wanted_resources(selected)
    due = {one.name: one for one in known.due if one.name in wanted}
    usual = 0.0 if known.read_at else None
    found = [due.get(name, Due(name, "details", usual=usual)) for name in DETAILS if name in wanted]
    looks = sum(look.account in settings.accounts for look in candidates.looks)
    return [*found, Due("item_looks", "looks", known=looks, at_most=looks)] if looks else found


def _fixed(step: Step, known: Known) -> Fixed:
    if step.feed is None:
        return Fixed(step.name, "account")
    return Fixed(step.name, "feed", step.feed.pages or 1, known.pages_before.get(step.name))


def _held_list(
    step: Step, memory: ListMemory, known: Known, settings: Settings, *, now: datetime, is_done: bool
) -> HeldList:
    numbered = step.list()
    is_sorted = numbered.is_sorted and not memory.is_unsorted
    since = None if settings.start_date is None else int(settings.start_date.timestamp())
    size = memory.page_size or (ACCOUNT_PAGE if numbered.takes_per_page else GALLERY_PAGE)
    read_at = known.read_at.get(step.name)
    missing, near = _missing_pages(memory, size, since=since)
    return HeldList(
        step.name,
        items=memory.items,
        page_size=size,
        is_begun=bool(memory.coverage.stretches)
        or memory.coverage.is_ended
        or memory.resume_page > 0
        or (not is_sorted and memory.items is not None),
        is_complete=memory.is_whole(is_sorted=numbered.is_sorted, since=since),
        missing_pages=missing,
        near_pages=near,
        new_per_day=known.new_per_day.get(step.name),
        days_since_read=None if read_at is None else max(0.0, (now - read_at) / timedelta(days=1)),
        has_count=numbered.count_path is not None and not settings.start_date,
        is_sorted=is_sorted,
        is_absent=memory.is_absent,
        is_read=is_done,
    )


def _missing_pages(memory: ListMemory, size: int, *, since: int | None) -> tuple[int | None, int]:
    """Pages of the holes, None where nobody knows, and of these those above something that is held."""
    coverage = memory.coverage
    if coverage.is_complete(since=since):
        return 0, 0
    holes = max(0, len(coverage.stretches) - 1)
    if memory.items is None:
        return (None, holes)
    missing = math.ceil(max(0, memory.items - coverage.items) / size)
    return max(missing, holes), max(missing, holes) if coverage.is_ended else holes
