"""What is known of a run before its first request, put as the plan wants it. Pure.

Settings, streams, what earlier runs remember and what the warehouse knows go in; the
plan comes out of ``planning``, which decides.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from imgur_source.credits import CreditStatus, day_floor
from imgur_source.extract.due import children_due
from imgur_source.extract.facts import Parents, WarehouseFacts
from imgur_source.extract.streams import Shape, StreamSlice, children, slices, wanted_resources
from imgur_source.lists import ListState, NumberedList, SourceState
from imgur_source.planning import Budget, Due, Fixed, Plan, PlanRules, StoredList, Tier, make_plan
from imgur_source.settings import DAY_CREDITS, HOUR_CREDITS, Settings

ACCOUNT_PAGE, GALLERY_PAGE = 50, 60  # items, until a page has shown how many (docs/imgur-api.md: paging)
HOUR = timedelta(hours=1)


def plan_of(
    settings: Settings,
    *,
    selected: Collection[str],
    facts: WarehouseFacts,
    memory: SourceState,
    budget: Budget,
    now: datetime,
    done: Collection[str] = (),
    began_at: datetime | None = None,
) -> Plan:
    """The plan of a run, or of what is left of it.

    Args:
        facts: what a warehouse knows; where there is none, *memory* alone has to do.
        done: names of streams that this run has read already.
        began_at: when the run began; what was seen since then is not read again.
    """
    wanted_from = settings.wanted_from
    found = slices(settings, selected=selected, facts=facts)
    fixed = [_fixed(part, facts) for part in found if not part.is_list and part.name not in done]
    lists = [
        stored_list(
            part.list(),
            memory.of_list(part.name),
            facts,
            since=None if wanted_from is None else int(wanted_from.timestamp()),
            now=now,
            is_done=part.name in done,
        )
        for part in found
        if part.is_list and not part.is_hidden
    ]
    is_first = not facts.read_at and all(memory.of_list(part.name).read_at is None for part in found)
    return make_plan(
        fixed=fixed,
        lists=lists,
        observed=[item for item in facts.observed if began_at is None or item.seen_at < began_at.timestamp()],
        due=_due(settings, facts, memory, selected, now=now, is_first=is_first),
        budget=budget,
        rules=PlanRules(
            sweep_share=settings.sweep_share,
            greatest_age=timedelta(days=settings.greatest_age_days),
            proof_pages=settings.proof_pages,
            is_bounded=bool(settings.start_date or settings.end_date),
        ),
        now=now,
        spent_before=facts.spent_before,
        passed_over=memory.passed_over,
    )


def parents_of(facts: WarehouseFacts, memory: SourceState) -> Parents:
    """The albums and posts whose children may be due, as far as known before their lists are read."""
    known = Parents.from_json(memory.parents)
    albums = {album.id: album for album in facts.albums or ()}
    posts = {post.id: post for post in facts.posts or ()}
    return Parents(albums | known.albums, posts | known.posts)


def budget_of(
    status: CreditStatus | None,
    *,
    allowance: int | None,
    now: datetime,
    ends_at: datetime | None,
    caps: Mapping[str, int] = MappingProxyType({}),
) -> Budget:
    """The credits of a run.

    Args:
        status: of the application's credits; None where there is no application yet.
        allowance: what the run itself may spend; None for no limit of its own.
        ends_at: when the last request may be sent, where the run waits for the hour's
            credits to return; None where it does not wait.
        caps: the most credits of some tiers, by their names in lower case.
    """
    if status is None:
        floor = day_floor(DAY_CREDITS)
        an_hour, a_day, right_now = HOUR_CREDITS, DAY_CREDITS, HOUR_CREDITS
        day_left, backfill_left = DAY_CREDITS - floor, DAY_CREDITS - 2 * floor
    else:
        an_hour, a_day = status.windows["user"].limit, status.windows["client"].limit
        right_now, day_left = status.available_in("user"), status.available_today()
        backfill_left = status.available_today(is_backfill=True)
    hours = 0 if ends_at is None else max(0, math.floor((ends_at - now) / HOUR))
    limits = [right_now + hours * an_hour, day_left]
    if allowance is not None:
        limits.append(allowance)
    in_all = 0 if status is not None and status.denied else max(0, min(limits))
    return Budget(
        credits=in_all,
        now=max(0, min(right_now, in_all)),
        an_hour=an_hour,
        day=a_day,
        for_backfill=max(0, min(in_all, backfill_left)),
        caps=tuple((Tier[name.upper()], cap) for name, cap in caps.items()),
        silent_until=status.silent_until if status else None,
        is_assumed=status is None or None in (status.left("user"), status.left("client")),
    )


def _due(
    settings: Settings,
    facts: WarehouseFacts,
    memory: SourceState,
    selected: Collection[str],
    *,
    now: datetime,
    is_first: bool,
) -> list[Due]:
    """What is due of each kind of child that is wanted, and lookups.

    Before the first run it is not known how much that is; later what is not known to be due is not.
    """
    wanted = wanted_resources(selected)
    parents = parents_of(facts, memory)
    due = Counter(
        child.resource
        for child in children_due(
            parents,
            wanted=wanted,
            last=memory.fetched,
            now=now,
            greatest_age=timedelta(days=settings.greatest_age_days),
        )
        if not child.is_free
    )
    there = {
        "album_images": sum(album.images_count != 0 for album in parents.albums.values()),
        "post_images": sum(
            post.is_album and post.images_count != 0 and post.id not in parents.albums
            for post in parents.posts.values()
        ),
        "post_comments": len(parents.posts),
    }
    found = [
        Due(
            child.resource,
            "details",
            known=due[child.resource],
            usual=None
            if is_first
            else facts.usual_children.get(child.resource, None if there[child.resource] else 0.0),
            at_most=there[child.resource],
            of=child.of,
        )
        for child in children()
        if child.resource in wanted
    ]
    lookups = sum(item.account in settings.accounts for item in facts.lookups)
    return [*found, Due("item_looks", "looks", known=lookups, at_most=lookups)] if lookups else found


def _fixed(part: StreamSlice, facts: WarehouseFacts) -> Fixed:
    if part.stream.shape is Shape.SINGLE or part.feed is None:
        return Fixed(part.name, "account")
    return Fixed(part.name, "feed", part.feed.pages or 1, facts.pages_before.get(part.name))


def stored_list(
    numbered: NumberedList,
    memory: ListState,
    facts: WarehouseFacts,
    *,
    since: int | None,
    now: datetime,
    is_done: bool = False,
) -> StoredList:
    """What the planner has to know of a list.

    Args:
        since: seconds since the epoch from which on items are wanted; None for all.
        is_done: whether this run has read its front already.
    """
    is_sorted = numbered.is_sorted and not memory.is_unsorted
    size = memory.page_size or (ACCOUNT_PAGE if numbered.takes_per_page else GALLERY_PAGE)
    read_at = facts.read_at.get(numbered.name) or (
        None if memory.read_at is None else datetime.fromtimestamp(memory.read_at, UTC)
    )
    missing, near = _missing_pages(memory, size, since=since)
    is_whole_part = since is not None and memory.coverage.is_complete(since=since)
    return StoredList(
        numbered.name,
        items=memory.coverage.items if is_whole_part else memory.items,
        page_size=size,
        is_begun=bool(memory.coverage.ranges)
        or memory.coverage.is_ended
        or memory.resume_page > 0
        or (not is_sorted and memory.items is not None),
        is_complete=memory.is_whole(is_sorted=numbered.is_sorted, since=since),
        missing_pages=missing,
        near_pages=near,
        new_per_day=facts.new_per_day.get(numbered.name),
        days_since_read=None if read_at is None else max(0.0, (now - read_at) / timedelta(days=1)),
        has_count=numbered.count_path is not None and since is None,
        is_sorted=is_sorted,
        is_absent=memory.is_absent,
        is_read=is_done,
        stored_pages=math.ceil(memory.coverage.ranges[0].items / size) if memory.coverage.ranges else 0,
        ages=tuple(memory.page_ages(memory.ages[-1][0] if memory.ages else 0)),
    )


def _missing_pages(memory: ListState, size: int, *, since: int | None) -> tuple[int | None, int]:
    """Pages of the gaps, None where it is not known, and of these those above something that is stored."""
    coverage = memory.coverage
    if coverage.is_complete(since=since):
        return 0, 0
    gaps = max(0, len(coverage.ranges) - 1)
    if memory.items is None:
        return (None, gaps)
    missing = math.ceil(max(0, memory.items - coverage.items) / size)
    if coverage.is_ended:
        return max(missing, gaps), max(missing, gaps)
    return max(missing, gaps + 1), gaps  # how many items it has may have been told long ago
