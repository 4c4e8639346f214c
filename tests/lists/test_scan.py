"""Which pages of a list are read on a night, what ends a walk, what it costs and what it proves: worked by hand."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgur_source.errors import CreditsExhaustedError, TransientError
from imgur_source.lists.coverage import Coverage, Position, Range
from imgur_source.lists.scan import Scan
from imgur_source.lists.state import ListState
from tests.support.fakes import FakeClock
from tests.support.model_list import FIRST_SECOND, Item, ModelClient, ModelList, Night, numbered, read, rules

PAGE = 5
DEAR = rules(sweep_share=0.0, greatest_age_days=1_000, smallest_page=PAGE)
CHEAP = rules(smallest_page=PAGE)

quick = settings(max_examples=60, derandomize=True, deadline=None, database=None)


class World:
    """A list, a clock, and what is remembered from night to night."""

    def __init__(self, items: int = 0, *, clock: FakeClock, is_sorted: bool = True) -> None:
        self.clock = clock
        self.list = ModelList(is_sorted=is_sorted)
        self.list.add_many(FIRST_SECOND + number for number in range(items))
        self.memory = ListState()

    def add(self, number: int = 1) -> list[Item]:
        """As many new items, a second apart."""
        newest = max((item.at or 0 for item in self.list.items), default=FIRST_SECOND)
        return self.list.add_many(newest + step for step in range(1, number + 1))

    def night(
        self,
        *,
        by: Any = CHEAP,
        of: Any = None,
        page_size: int = PAGE,
        **over: Any,
    ) -> Night:
        """Read the list, and remember."""
        night = read(
            ModelClient(self.list, self.clock, page_size=page_size, **over),
            self.clock,
            memory=self.memory,
            by=by,
            of=of,
        )
        self.memory = night.memory
        self.clock.advance(timedelta(days=1))
        return night

    def ids(self, first: int = 0, last: int | None = None) -> list[str]:
        return [item.id for item in self.list.items[first:last]]


@pytest.fixture
def world(clock: FakeClock) -> Callable[..., World]:
    """Makes a list of so many items."""

    def make(items: int = 0, *, is_sorted: bool = True) -> World:
        return World(items, clock=clock, is_sorted=is_sorted)

    return make


def told(walk: Scan) -> tuple[str, int, int, bool, bool, str]:
    return walk.kind, walk.pages, walk.items, walk.is_complete, walk.is_proved, walk.reason


def at(request: int, *actions: Callable[[], Any]) -> Callable[[int], None]:
    """Has *actions* happen right before the request of that place."""

    def before(place: int) -> None:
        if place == request:
            for action in actions:
                action()

    return before


# Feeds


def test_feed__reads_the_wanted_pages_only(world: Callable[..., World]) -> None:
    """A feed is read to its last wanted page and no further, and nothing is remembered of it."""
    here = world(20)
    night = here.night(of=numbered(pages=2))
    assert (night.asked, night.ids, told(night.walks[0]), night.memory) == (
        [0, 1],
        here.ids(0, 10),
        ("feed", 2, 10, True, False, "the wanted 2 pages were read"),
        ListState(),
    )


def test_feed__of_one_page_says_so(world: Callable[..., World]) -> None:
    """One page is one page."""
    assert told(world(9).night(of=numbered(pages=1)).walks[0]) == (
        "feed", 1, 5, True, False, "the wanted page was read",
    )  # fmt: skip


def test_feed__ends_where_the_list_does(world: Callable[..., World]) -> None:
    """A feed that is shorter than wanted ends at its empty page."""
    night = world(3).night(of=numbered(pages=5))
    assert (night.asked, told(night.walks[0])) == ([0, 1], ("feed", 2, 3, True, False, "the list ended"))


# Sweeps


@pytest.mark.parametrize("items", [0, 1, 4, 5, 6, 10, 11])
def test_sweep__reads_to_the_empty_page(world: Callable[..., World], items: int) -> None:
    """A quiet list that is swept costs its pages and the empty one, on every night but the first."""
    here = world(items)
    here.night()
    night = here.night()
    assert night.asked == list(range(math.ceil(items / PAGE) + 1))
    assert night.ids == here.ids()
    assert told(night.walks[0])[:4] == ("sweep", len(night.asked), items, True)


def test_sweep__does_not_end_at_a_short_page(world: Callable[..., World]) -> None:
    """Pages are short in the middle of a list too."""
    here = world(15)
    for item in here.list.items[6:9]:
        item.is_hidden = True
    night = here.night()
    assert night.ids == [item.id for item in here.list.shown()]
    assert [len(page.ids) for page in night.pages] == [5, 2, 5]


def test_sweep__asks_for_a_page_only_when_it_is_wanted(clock: FakeClock) -> None:
    """Nothing is spent before somebody reads, and the end is not looked for ahead."""
    here = World(20, clock=clock)
    client = ModelClient(here.list, clock, page_size=PAGE)
    night = read(client, clock)
    assert night.asked == ["count", 0, 1, 2, 3, 4]


def test_sweep__of_known_pages_with_several_at_once(world: Callable[..., World]) -> None:
    """Four requests under way change neither the order of the rows nor what is asked for."""
    here = world(43)
    here.night()
    night = here.night(by=replace(CHEAP, max_in_flight=4))
    assert (sorted(night.numbers), night.ids) == (list(range(10)), here.ids())


def test_sweep__stops_at_start_date(world: Callable[..., World]) -> None:
    """What is older than the bound is none of ours; complete means complete down to it."""
    here = world(30)
    since = FIRST_SECOND + 18
    night = here.night(by=replace(CHEAP, since=since))
    assert (night.asked, night.ids) == ([0, 1, 2], here.ids(0, 15))
    assert told(night.walks[0]) == ("sweep", 3, 15, True, False, "start_date was reached")
    assert here.memory.coverage.is_complete(since=since)
    assert here.night(by=replace(CHEAP, since=since)).asked == [0, 1, 2]


def test_full_scan__that_cannot_be_paid_is_not_begun(world: Callable[..., World]) -> None:
    """With too few credits the front comes first, then the stored pages that they reach to."""
    here = world(30)
    here.night()
    night = here.night(budget=5)
    assert [walk.kind for walk in night.walks] == ["head", "refresh"]
    assert (night.asked, night.error) == ([0, 1, 2, 3, 4], None)


def test_sweep__of_too_few_credits_fills_holes_first(world: Callable[..., World]) -> None:
    """Where a hole is left, it is worth more than what is held already."""
    here = world(50)
    here.night(budget=5)
    night = here.night(budget=6)
    assert [walk.kind for walk in night.walks] == ["head", "gap"]
    assert set(here.ids(20, 40)) <= set(night.ids)


def test_sweep__knows_page_sizes_from_replies_only(world: Callable[..., World]) -> None:
    """A page size that changes overnight is noticed, and nothing is skipped or read twice."""
    here = world(40)
    here.night(page_size=10)
    night = here.night(page_size=4)
    assert (night.asked, night.ids) == ([*range(11)], here.ids())
    assert set(here.night(page_size=10).ids) == set(here.ids())


# Heads


def test_head__stops_inclusive_at_what_is_held(world: Callable[..., World]) -> None:
    """A quiet dear list costs one page a night."""
    here = world(30)
    here.night(by=DEAR)
    night = here.night(by=replace(DEAR, greatest_age_days=1_000), budget=1)
    assert (night.asked, night.ids, told(night.walks[0])) == (
        [0],
        here.ids(0, 5),
        ("head", 1, 5, True, True, "what is held was met"),
    )


@pytest.mark.parametrize(("new", "pages"), [(1, 1), (4, 2), (5, 2), (6, 2), (12, 3)])
def test_head__reads_the_new_and_one_page(world: Callable[..., World], new: int, pages: int) -> None:
    """The head costs the pages that hold new items, and one."""
    here = world(30)
    here.night(by=DEAR)
    here.add(new)
    head = here.night(by=DEAR).walks[0]
    assert (head.kind, head.pages, head.is_complete) == ("head", pages, True)


def test_head__passes_a_second_longer_than_a_page(world: Callable[..., World]) -> None:
    """Where more items than a page share the newest second, new ones may stand among them: all are read."""
    here = world(10)
    here.list.add_many([FIRST_SECOND + 100] * 12)
    here.night(by=DEAR)
    came = here.list.add(FIRST_SECOND + 100)
    night = here.night(by=DEAR)
    assert night.walks[0].pages == 3
    assert came.id in night.ids
    assert here.memory.coverage.is_complete()


def test_head__of_a_list_that_lost_everything_ends_with_it(world: Callable[..., World]) -> None:
    """Where nothing is left of what was held, the head is the whole list."""
    here = world(10)
    here.night(by=DEAR)
    for item in list(here.list.items):
        here.list.delete(item)
    here.list.add_many(FIRST_SECOND + number for number in (20, 21, 22))
    night = here.night(by=DEAR)
    assert (night.asked, told(night.walks[0])) == ([0, 1], ("sweep", 2, 3, True, True, "the list ended"))
    assert here.memory.coverage == Coverage(
        (Range(Position(FIRST_SECOND + 22, "I13"), Position(FIRST_SECOND + 20, "I11"), 3),), True
    )


# Gaps


def test_gap__goes_on_where_insertions_moved_it(world: Callable[..., World]) -> None:
    """The hint moves with what came: one page overlaps, and no page is read twice."""
    here = world(50)
    here.night(by=DEAR, budget=5)
    here.add(7)
    night = here.night(by=DEAR)
    assert night.asked == [0, 1, 2, *range(5, 13)]
    assert [walk.kind for walk in night.walks] == ["head", "refresh", "gap"]
    assert here.memory.coverage.is_complete()
    assert here.memory.coverage.items == 57


def test_gap__steps_back_over_deletions_before_it_goes_on(world: Callable[..., World]) -> None:
    """Deletions moved the hole to the front: back until the overlap is proved, then forward, never to and fro."""
    here = world(60)
    here.night(by=DEAR, budget=7, of=numbered(has_count=False))
    for item in here.list.items[2:14]:
        here.list.delete(item)
    night = here.night(by=DEAR, of=numbered(has_count=False))
    assert night.asked == [0, 1, 6, 5, 4, 7, 8, 9, 10]
    assert set(here.ids()) <= {*here.ids(0, 25), *night.ids}
    assert here.memory.coverage.is_complete()


def test_gap__goes_on_from_the_head_without_a_page_twice(world: Callable[..., World]) -> None:
    """Where the head ended at the hole itself, two new items in between do not look like disorder."""
    here = world(30)
    here.night(by=DEAR, budget=1)
    here.add(2)
    night = here.night(by=DEAR, before=at(2, lambda: here.add(2)))
    assert night.notes == []
    assert here.memory.coverage.is_complete()
    assert set(here.ids(4)) <= set(night.ids)


def test_gap__between_two_holes_closes_both(world: Callable[..., World]) -> None:
    """Two broken readings leave two holes, and a night with credits closes them, the newest first."""
    here = world(40)
    here.night(by=DEAR, budget=3)
    here.add(30)
    here.night(by=DEAR, budget=2)
    assert len(here.memory.coverage.ranges) == 2
    night = here.night(by=DEAR)
    assert [walk.reason for walk in night.walks] == [
        "what is held was met",
        "the hole was closed",
        "the list ended",
    ]
    assert here.memory.coverage.is_complete()
    assert max(night.numbers.count(number) for number in night.numbers) == 1


@pytest.mark.parametrize("pages", [40, 100])
def test_backfill__of_three_nights_costs_little_more_than_its_pages(
    world: Callable[..., World], pages: int
) -> None:
    """A first load interrupted twice costs 2 % and 2 more than its pages, and one head a night."""
    here = world(pages * PAGE)
    budget = math.ceil(pages / 3) + 1
    spent = [here.night(by=rules(smallest_page=PAGE, proof_pages=1_000), budget=budget) for _ in range(4)]
    cost = sum(len(night.asked) for night in spent[:3])
    left = spent[3].asked if not spent[2].memory.coverage.is_complete() else []
    assert here.memory.coverage.is_complete()
    assert cost + len(left) <= pages * 1.02 + 2 + 1 + 2 + len(spent)


def test_memory__stays_small_over_sixty_nights(world: Callable[..., World]) -> None:
    """Sixty nights of chance budgets leave few holes, and less than 3 kB."""
    here = world(300)
    chance = random.Random(7)
    for _ in range(60):
        here.add(chance.randrange(40))
        here.night(by=DEAR, budget=chance.randrange(8))
        assert len(json.dumps(here.memory.as_json())) < 3_000


# Bounds


def test_older_items__are_found_by_halving(world: Callable[..., World]) -> None:
    """What is older than ``until`` costs its pages, the empty one, the count, and the halvings."""
    here = world(200)
    until = FIRST_SECOND + 50
    night = here.night(by=replace(CHEAP, until=until))
    assert set(here.ids(149)) <= set(night.ids)
    assert max(night.numbers.count(number) for number in night.numbers) == 1
    assert len(night.asked) <= 11 + 1 + 1 + math.ceil(math.log2(40)) + 1
    assert here.memory.coverage.ranges[-1].oldest == Position(FIRST_SECOND, "I1")


def test_older_items__are_found_without_a_count(world: Callable[..., World]) -> None:
    """Where Imgur does not say how long a list is, ever larger steps find the place."""
    here = world(200)
    until = FIRST_SECOND + 50
    night = here.night(by=replace(CHEAP, until=until), of=numbered(has_count=False))
    assert set(here.ids(149)) <= set(night.ids)
    assert len(night.asked) <= 11 + 1 + 2 * math.ceil(math.log2(40))


def test_older_items__are_not_looked_for_beyond_a_list_without_end(world: Callable[..., World]) -> None:
    """A last page that comes again wherever one looks is the end of the search, not the end of the credits."""
    night = world(22).night(
        by=replace(CHEAP, until=FIRST_SECOND - 1), of=numbered(has_count=False), repeats_last=True
    )
    assert night.error is None
    assert len(night.asked) <= 2 * math.ceil(math.log2(5)) + 3 + 2


def test_older_items__of_which_there_are_none_are_no_proof_of_anything(world: Callable[..., World]) -> None:
    """A walk that begins beyond the end meets nothing, so it covers nothing: no item is missed by it."""
    walk = world(20).night(by=replace(CHEAP, until=FIRST_SECOND - 1)).walks[0]
    assert (walk.is_complete, walk.newest_at, walk.oldest_at) == (True, walk.started_at, walk.started_at)


def test_older_items__are_bounded_by_start_date_too(world: Callable[..., World]) -> None:
    """Between two bounds only the pages in between are read on."""
    here = world(200)
    night = here.night(by=replace(CHEAP, until=FIRST_SECOND + 50, since=FIRST_SECOND + 30))
    assert set(here.ids(149, 170)) <= set(night.ids)
    assert night.walks[-1].reason == "start_date was reached"
    assert len(night.asked) <= 6 + 1 + math.ceil(math.log2(40)) + 1


@quick
@given(st.integers(1, 60), st.integers(0, 70), st.booleans())
def test_older_items__are_all_found(items: int, older: int, has_count: bool) -> None:
    """Wherever the bound lies, every item as old is read, no page twice, and the search always ends."""
    here = World(items, clock=FakeClock())
    until = FIRST_SECOND + older
    night = here.night(by=replace(CHEAP, until=until), of=numbered(has_count=has_count))
    assert {item.id for item in here.list.items if (item.at or 0) <= until} <= set(night.ids)
    assert len(night.numbers) == len(set(night.numbers))


# Refresh


def test_refresh__goes_round_in_the_greatest_age(world: Callable[..., World]) -> None:
    """Each run a share of the stored pages, the longest unread first, and the page that joins them to others."""
    here = world(50)
    by = replace(DEAR, greatest_age_days=3)
    here.night(by=by)
    assert [here.night(by=by).asked for _ in range(4)] == [
        [0, 1, 2, 3, 4],
        [0, 4, 5, 6, 7, 8],
        [0, 1, 2, 8, 9, 10],
        [0, 2, 3, 4, 5, 6],
    ]


def test_refresh__of_one_page_a_night_moves_on(world: Callable[..., World]) -> None:
    """A share of one page is one page further each night, not the same page for ever."""
    here = world(20)
    here.night(by=DEAR)
    assert [here.night(by=DEAR).asked for _ in range(4)] == [[0, 1], [0, 1, 2], [0, 2, 3], [0, 3, 4]]


def test_refresh__moves_on_over_short_pages(world: Callable[..., World]) -> None:
    """Pages that do not show all their items do not hold the refresh back."""
    here = world(40)
    for place in [*range(6, 9), *range(11, 14), *range(16, 19), *range(21, 24)]:
        here.list.items[place].is_hidden = True
    here.night(by=DEAR)
    seen = {number for _ in range(8) for number in here.night(by=DEAR).numbers}
    assert seen == set(range(9))


def test_refresh__of_a_list_that_shrank_to_its_front_misses_the_rest(world: Callable[..., World]) -> None:
    """Behind the head nothing is met any more: what was held there is missed, and nobody says it is proved."""
    here = world(20)
    here.night(by=DEAR)
    second = here.list.items[3].at or 0
    for item in here.list.items[4:]:
        here.list.delete(item)
    walk = here.night(by=DEAR).walks[1]
    assert (walk.kind, walk.items, walk.is_complete, walk.is_proved) == ("refresh", 0, True, False)
    assert (walk.newest_at, walk.oldest_at) == (datetime.fromtimestamp(second + 1, UTC), None)


def test_refresh__covers_what_lay_between_it_and_the_head(world: Callable[..., World]) -> None:
    """An item that is gone from the boundary between page 0 and page 1 is missed by one of the two walks, not by none."""
    here = world(20)
    here.list.add_many([FIRST_SECOND + 30] * 3 + [FIRST_SECOND + number for number in (40, 41, 42)])
    here.night(by=DEAR)
    for place in (
        5,
        4,
    ):  # the first of page 1, and the last of page 0, which shares its second with its neighbours
        here.list.delete(here.list.items[place])
        head, refresh = here.night(by=DEAR).walks
        assert head.oldest_at is not None
        assert refresh.newest_at == head.oldest_at + timedelta(seconds=1)
        assert refresh.started_at < head.started_at + timedelta(
            seconds=1
        )  # it has missed nothing that the head shows


def test_refresh__stops_at_start_date(world: Callable[..., World]) -> None:
    """The refresh turns round where the wanted part of the list ends."""
    here = world(60)
    by = replace(DEAR, since=FIRST_SECOND + 48, greatest_age_days=2)
    here.night(by=by)
    assert [here.night(by=by).asked for _ in range(3)] == [[0, 1, 2], [0, 1, 2], [0, 1, 2]]


# Order


def test_head__that_passes_its_place_without_meeting_the_newest_item_misses_nothing(
    world: Callable[..., World],
) -> None:
    """New items with older times than those held are disorder; the head that takes them for held says of none that it is gone."""
    here = world(12, is_sorted=False)
    here.list.items.sort(key=lambda item: -(item.at or 0))
    here.night(by=DEAR)
    here.list.add_many([FIRST_SECOND + 5] * 3 * PAGE)
    head = here.night(by=DEAR).walks[0]
    assert (head.kind, head.newest_at == head.oldest_at == head.started_at) == ("head", True)
    assert here.night(by=DEAR).notes == [
        "things/me: not sorted by time as expected, so it is read whole each night."
    ]


@pytest.mark.parametrize("seed", range(4))
def test_unsorted_list__is_noticed_and_read_whole(world: Callable[..., World], seed: int) -> None:
    """A list in an order of its own is read whole, the night it shows and every night after, and a person is told."""
    here = world(is_sorted=False)
    times = [FIRST_SECOND + number for number in range(37)]
    random.Random(seed).shuffle(times)
    here.list.add_many(times)
    first, second = here.night(), here.night(by=DEAR)
    assert sorted(first.ids) == sorted(here.ids())
    assert first.notes == ["things/me: not sorted by time as expected, so it is read whole each night."]
    assert (second.ids, second.notes) == (here.ids(), [])
    assert told(second.walks[0])[:4] == ("sweep", 9, 37, True)


def test_unsorted_list__that_shows_in_the_head_is_read_whole(world: Callable[..., World]) -> None:
    """When disorder shows on page 0, what is held tells nothing, and the rest is read that night."""
    here = world(30)
    here.night(by=DEAR)
    here.list.is_sorted = False
    came = [here.list.add(at) for at in (FIRST_SECOND + 500, FIRST_SECOND + 10, FIRST_SECOND + 400)]
    night = here.night(by=DEAR)
    assert {item.id for item in came} | set(here.ids()) == set(night.ids)
    assert (len(night.notes), night.memory.is_unsorted) == (1, True)
    assert [walk.is_complete for walk in night.walks] == [False, False]


def test_unsorted_list__that_shows_in_a_gap_is_read_whole(world: Callable[..., World]) -> None:
    """Disorder deep down voids what the head of the same night took for granted."""
    here = world(40)
    here.night(by=DEAR, budget=3)
    here.list.items[30], here.list.items[33] = here.list.items[33], here.list.items[30]
    night = here.night(by=DEAR)
    assert [(walk.kind, walk.is_complete, walk.is_proved) for walk in night.walks] == [
        ("head", False, False),
        ("gap", False, False),
    ]
    assert night.memory.is_unsorted
    assert set(here.night(by=DEAR).ids) == set(here.ids())


def test_unsorted_list__that_breaks_off_goes_on_the_next_night(world: Callable[..., World]) -> None:
    """A whole reading that credits cut short is finished, then done again from the start."""
    here = world(30)
    here.memory = ListState(is_unsorted=True)
    nights = [here.night(budget=4), here.night(), here.night()]
    assert [night.asked for night in nights] == [[0, 1, 2, 3], [0, 3, 4, 5, 6], [*range(7)]]
    assert [night.walks[0].is_complete for night in nights] == [False, False, True]


# Guards


def test_walk__stops_at_a_page_that_comes_again(
    world: Callable[..., World], caplog: pytest.LogCaptureFixture
) -> None:
    """A last page that never ends is read twice, warned of, and the list is not called complete."""
    night = world(12).night(repeats_last=True, of=numbered(has_count=False))
    reason = "page 3 brought nothing that the pages before it had not shown"
    assert (night.asked, told(night.walks[0])) == ([*range(4)], ("sweep", 4, 12, False, False, reason))
    assert [record.getMessage() for record in caplog.records] == [
        f"scan stopped list=things/me reason={reason}"
    ]


def test_walk__of_a_list_without_end_is_read_whole_again(world: Callable[..., World]) -> None:
    """What was read up to the repetition is how long the list is: it goes on being swept."""
    here = world(12)
    here.night(repeats_last=True, of=numbered(has_count=False))
    night = here.night(repeats_last=True, of=numbered(has_count=False))
    assert ([walk.kind for walk in night.walks], night.asked) == (["sweep"], [*range(4)])


def test_walk__believes_nothing_behind_a_page_that_brought_nothing(world: Callable[..., World]) -> None:
    """Pages under way behind a repeated one are handed on, but what they cover does not count as joined."""
    here = world(40)
    here.night()
    night = here.night(by=replace(CHEAP, max_in_flight=4), shows={3: 2})
    assert told(night.walks[0])[3:] == (
        False, False, "page 3 brought nothing that the pages before it had not shown",
    )  # fmt: skip
    assert night.walks[0].items == 15


def test_walk__goes_on_where_pages_overlap(world: Callable[..., World]) -> None:
    """New items push others over to the next page: they come twice and count once."""
    here = world(12)
    night = here.night(before=at(2, lambda: here.add(2)))
    assert (night.walks[0].items, night.walks[0].is_complete) == (12, True)
    assert set(night.ids) == set(here.ids(2))


# Errors


def test_walk__keeps_what_came_after_an_error(world: Callable[..., World]) -> None:
    """With four under way, pages behind the failed one are paid for and handed on, and the hole is not held."""
    here = world(50)
    here.night()
    here.add(3)
    night = here.night(
        by=replace(CHEAP, max_in_flight=4), errors={5: TransientError("things", "no answer in time")}
    )
    failed = next(number for number in range(10) if number not in {page.number for page in night.pages})
    assert isinstance(night.error, TransientError)
    assert {page.number for page in night.pages} == set(night.numbers) - {failed}
    assert night.walks[0].items == failed * PAGE
    fresh = Coverage().with_read([mark for page in night.pages[:failed] for mark in page.marks])
    assert night.walks[0].oldest_at is not None
    assert night.walks[0].oldest_at.timestamp() == fresh.ranges[0].oldest.at


@pytest.mark.parametrize("budget", [1, 3, 4])
def test_walk__remembers_what_came_before_the_credits_ended(world: Callable[..., World], budget: int) -> None:
    """What was read is held, what was not is a hole, and the walk says why it ended."""
    here = world(30)
    night = here.night(budget=budget, tells_budget=False, of=numbered(has_count=False))
    assert isinstance(night.error, CreditsExhaustedError)
    assert night.ids == here.ids(0, budget * PAGE)
    assert here.memory.coverage.items == budget * PAGE
    assert not here.memory.coverage.is_complete()
    assert told(night.walks[0])[3:] == (False, False, "the night's credits are spent")


# Proof


@pytest.mark.parametrize("count_error", [0, -1, 3])
def test_proof__holds_where_the_count_moved_as_it_should(
    world: Callable[..., World], count_error: int
) -> None:
    """The count before and after and page 0 once more prove a long walk, though the count be off for good."""
    here = world(52)
    here.night(count_error=count_error)
    night = here.night(count_error=count_error)
    assert night.asked == ["count", *range(12), "count", 0]
    assert told(night.walks[0]) == ("sweep", 13, 52, True, True, "the list ended")


def test_proof__holds_where_items_came(world: Callable[..., World]) -> None:
    """Items that came while the list was read are met on page 0, and account for the count."""
    here = world(52)
    here.night()
    night = here.night(before=at(6, lambda: here.add(3)))
    assert (night.walks[0].is_complete, night.walks[0].is_proved, night.walks[0].doubt) == (True, True, None)
    assert set(night.ids) == set(here.ids())


def test_proof__fails_where_an_item_may_have_been_skipped(world: Callable[..., World]) -> None:
    """A deletion pulls an item over a boundary that was passed: the walk is not complete, and says why."""
    here = world(52)
    here.night()
    skipped = here.list.items[25]
    night = here.night(before=at(6, lambda: here.list.delete(here.list.items[3])))
    assert skipped.id not in night.ids
    assert (night.walks[0].is_complete, night.walks[0].is_proved) == (False, False)
    assert night.walks[0].doubt == (
        "the count went from 52 to 51 while 0 new items were met, so some may have been skipped"
    )


def test_proof__is_had_on_a_first_load(world: Callable[..., World]) -> None:
    """The count of a list that was never read is asked for first: nobody knows yet how long it is."""
    night = world(52).night()
    assert night.asked == ["count", *range(12), "count", 0]
    assert (night.walks[0].is_complete, night.walks[0].is_proved) == (True, True)


def test_proof__is_not_begun_where_credits_are_few(world: Callable[..., World]) -> None:
    """With fewer credits at hand than a proof makes sense for, all of them go into pages."""
    night = world(52).night(budget=19)
    assert night.asked == [*range(12)]
    assert (night.walks[-1].is_complete, night.walks[-1].is_proved) == (True, False)
    assert night.walks[-1].doubt == "it goes on from another walk"


def test_sweep__is_given_up_after_page_0_where_the_first_reply_tells_of_few_credits(
    world: Callable[..., World],
) -> None:
    """A run that knows nothing of its credits learns of them with page 0, and reads what is not held."""
    here = world(40)
    here.night()
    night = here.night(budget=5, knows_after=1)
    assert (night.asked, [walk.kind for walk in night.walks]) == ([0, 1, 2, 3], ["head", "refresh"])


def test_proof__needs_a_count(world: Callable[..., World]) -> None:
    """A list without a count is complete when its end was reached, and unproved."""
    here = world(52)
    here.night(of=numbered(has_count=False))
    night = here.night(of=numbered(has_count=False))
    assert (night.asked, told(night.walks[0])[3:5]) == ([*range(12)], (True, False))


def test_proof__fails_where_more_came_than_is_read_again(world: Callable[..., World]) -> None:
    """More than three pages of new items prove nothing."""
    here = world(52)
    here.night()
    night = here.night(before=lambda place: here.add(4) if 3 <= place <= 7 else None)
    assert night.asked[-3:] == [0, 1, 2]
    assert night.walks[0].is_proved is False
    assert night.walks[0].doubt == "more than 3 pages of new items came while it was read"


@pytest.mark.parametrize(("items", "is_proved"), [(0, True), (4, True), (5, False), (9, False)])
def test_proof__of_one_page_is_the_page(world: Callable[..., World], items: int, is_proved: bool) -> None:
    """One page that is not full shows the list at one instant; a full one may have had another behind it."""
    walk = world(items).night().walks[0]
    assert (walk.is_complete, walk.is_proved) == (True, is_proved)


def test_proof__of_one_page_is_not_taken_from_larger_pages(world: Callable[..., World]) -> None:
    """A full page of tonight's size is full, though pages were larger before."""
    here = world(20)
    here.night(page_size=10)
    for item in here.list.items[5:]:
        here.list.delete(item)
    assert here.night(page_size=5).walks[0].is_proved is False
