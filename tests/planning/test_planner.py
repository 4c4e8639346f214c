"""The plan of a night: what the credits go to, in which order, and what is left out."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from imgur_source.planning import (
    Budget,
    Due,
    Fixed,
    Line,
    Observation,
    Order,
    Plan,
    PlanRules,
    Policy,
    StoredList,
    Tier,
    make_plan,
)

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
DAY = 86_400
RULES = PlanRules(sweep_share=0.05, greatest_age=timedelta(days=30), proof_pages=10)
ACCOUNT = Fixed("account/me", "account")
FEED = Fixed("hot/viral", "feed", pages=2)
IMAGES, ALBUMS, SUBMISSIONS = "account_images/me", "account_albums/me", "account_submissions/me"


def budget(credits: int | None, **fields: object) -> Budget:
    """So many credits, all of them at hand."""
    return replace(Budget(credits, now=credits, an_hour=500, day=12_500), **fields)  # type: ignore[arg-type]


def held(name: str, items: int | None, **fields: object) -> StoredList:
    """A list that is held whole, was read a day ago, and has no new items."""
    usual = StoredList(
        name, items=items, is_begun=True, is_complete=True, new_per_day=0.0, days_since_read=1.0
    )
    return replace(usual, **fields)  # type: ignore[arg-type]


def observed(
    items: int, *, name: str = IMAGES, busy: Iterable[int] = (), seen: float = 1, old: Iterable[int] = ()
) -> list[Observation]:
    """Items that gain one a day, or 100 where their page (of 50) is *busy*; *old* pages were seen 40 days ago."""
    busy, old, found = set(busy), set(old), []
    for rank in range(items):
        at = SECONDS - 100 * DAY - rank * 600
        seen_at = SECONDS - int((40 if rank // 50 in old else seen) * DAY)
        gain = 100 if rank // 50 in busy else 1
        found.append(Observation(name, rank, at, 5_000, seen_at, 5_000 - gain, seen_at - DAY))
    return found


def plan(
    lists: Sequence[StoredList],
    *,
    credits: int | None = 100,
    fixed: Sequence[Fixed] = (),
    items: Sequence[Observation] = (),
    due: Sequence[Due] = (),
    of: Budget | None = None,
    rules: PlanRules = RULES,
    spent_before: dict[tuple[str, str], float] | None = None,
    passed_over: dict[str, int] | None = None,
    policy: Policy = "expected_change",
) -> Plan:
    return make_plan(
        fixed=fixed,
        lists=lists,
        observed=items,
        due=due,
        budget=of or budget(credits),
        rules=rules,
        now=NOW,
        spent_before=spent_before,
        passed_over=passed_over,
        policy=policy,
    )


def line(of: Plan, name: str, kind: str) -> Line:
    return next(line for line in of.lines if (line.name, line.kind) == (name, kind))


def kinds(of: Plan) -> list[tuple[str, str]]:
    return [(line.name, line.kind) for line in of.lines]


# fronts and sweeps


def test_plan__reads_cheap_lists_whole_where_all_fits() -> None:
    """With credits for everything, each list is swept and nothing else has to be chosen."""
    made = plan(
        [held(IMAGES, 1_000, has_count=True), held(ALBUMS, 60)],
        fixed=[ACCOUNT, FEED],
        due=[Due("post_comments", "details", known=3, usual=10, at_most=100, of="account_submissions")],
        items=observed(1_000),
    )
    assert kinds(made) == [
        ("account/me", "account"),
        (IMAGES, "sweep"),
        (ALBUMS, "sweep"),
        ("hot/viral", "feed"),
        ("post_comments", "details"),
    ]
    assert [line.likely for line in made.lines] == [1, 24, 3, 2, 13]
    assert (made.likely, made.expected, made.left_out, made.hours) == (43, 43, 0, 0)
    assert made.order_for(IMAGES) == Order(is_swept=True)


def test_plan__reads_fronts_where_not_all_fits() -> None:
    """Where one list too many would be swept, all are read by their fronts, and pages are chosen."""
    lists = [held(IMAGES, 1_000, has_count=True), held(ALBUMS, 60)]
    whole = plan(lists, credits=27, items=observed(1_000))
    short = plan(lists, credits=20, items=observed(1_000))
    assert [line.kind for line in whole.lines] == ["sweep", "sweep"]
    assert [(line.kind, line.granted) for line in short.lines if line.tier is Tier.FRONT] == [
        ("head", 1),
        ("head", 1),
    ]
    assert not short.order_for(IMAGES).is_swept


def test_plan__does_not_read_whole_what_is_too_dear() -> None:
    """A list of more pages than its share of the day is never swept for its own sake, however many credits there are."""
    made = plan([held(IMAGES, 60_000)], credits=5_000, items=observed(60_000))
    order = made.order_for(IMAGES)
    assert not order.is_swept
    assert len(order.hot) + len(order.cold) <= 0.05 * 12_500 + 1


def test_plan__reads_whole_what_it_reads_anyway() -> None:
    """Where details do not let everything fit, a list of which all pages are chosen is still one walk."""
    due = [Due("post_comments", "details", known=500, usual=0, at_most=500, of="account_submissions")]
    made = plan(
        [held(IMAGES, 500)],
        items=observed(500),
        due=due,
        of=budget(100, caps=((Tier.DETAILS, 50),)),
    )
    assert made.order_for(IMAGES) == Order(is_swept=True)
    assert line(made, IMAGES, "sweep").likely == 11
    assert (IMAGES, "hot") not in kinds(made)
    assert made.granted <= 100


def test_plan__counts_new_items_by_the_days_since_the_last_reading() -> None:
    """After three days there are three days of new items above what is held."""
    lists = [held(IMAGES, 10_000, new_per_day=40.0, days_since_read=3.0)]
    head = line(plan(lists, credits=20, items=observed(10_000)), IMAGES, "head")
    assert (head.least, head.likely, head.reason) == (1, 3, "about 120 new items")
    assert head.most > head.likely


def test_plan__knows_nothing_on_the_first_night() -> None:
    """With no file at all each list has its first page, and the rest what there is, evenly."""
    names = (IMAGES, ALBUMS, SUBMISSIONS)
    made = plan([StoredList(name) for name in names], fixed=[ACCOUNT], credits=100)
    assert [(line.kind, line.least, line.likely) for line in made.lines] == [
        ("account", 1, 1),
        *[("head", 1, 1)] * 3,
        *[("backfill", 0, 1)] * 3,
    ]
    assert [made.order_for(name).backfill for name in names] == [32, 32, 32]
    assert line(made, IMAGES, "backfill").reason == "how long it is, nobody knows yet"
    assert line(made, IMAGES, "backfill").most == 12_500
    assert made.granted == 100


def test_plan__sweeps_new_lists_where_nothing_limits_it() -> None:
    """Without a limit a list of unknown length is simply read to its end."""
    made = plan([StoredList(IMAGES, has_count=True)], of=budget(None))
    assert made.order_for(IMAGES) == Order(is_swept=True)
    assert (made.lines[0].least, made.lines[0].most) == (1, 12_500)


def test_plan__without_anything_is_empty() -> None:
    """Nothing asked, nothing planned."""
    made = plan([])
    assert (made.lines, made.likely, made.hours) == ((), 0, 0)
    assert made.order_for(IMAGES) == Order()


def test_plan__asks_an_absent_list_once_more() -> None:
    """A list that did not exist costs one request and no backfill."""
    made = plan([held(IMAGES, None, is_begun=False, is_complete=False, is_absent=True)])
    assert [(line.kind, line.likely) for line in made.lines] == [("head", 1)]


def test_plan__reads_a_list_without_order_whole_or_not_at_all() -> None:
    """Favourites have no order of time: page numbers of last night say nothing."""
    favorites = held("account_favorites/me", 300, page_size=60, is_sorted=False)
    lists = [held(IMAGES, 10_000), favorites]
    enough = plan(lists, credits=220, items=observed(10_000))
    short = plan(lists, credits=30, items=observed(10_000))
    assert enough.order_for("account_favorites/me").is_swept
    assert not short.order_for("account_favorites/me").is_swept
    assert line(short, "account_favorites/me", "head").granted == 1


# stored pages


def test_plan__reads_the_pages_that_change_most() -> None:
    """Three busy pages of 200 are hot, and come before all others."""
    made = plan([held(IMAGES, 10_000)], credits=21, items=observed(10_000, busy=[7, 90, 150]))
    order = made.order_for(IMAGES)
    assert order.hot == (7, 90, 150)
    assert len(order.cold) in (17, 18)  # page 0 comes with the front
    hot, cold = line(made, IMAGES, "hot"), line(made, IMAGES, "cold")
    assert (hot.likely, hot.granted, hot.left_out, hot.turn) == (3, 3, 0, "")
    assert cold.left_out == cold.likely - cold.granted
    assert cold.turn == "in about 11 runs like this one"


def test_plan__sees_details_between_hot_and_cold_pages() -> None:
    """Credits that do not reach to all go to fronts, hot pages, details, and cold pages last."""
    due = [Due("post_comments", "details", known=10, usual=0, at_most=10, of="account_submissions")]
    items = observed(10_000, busy=[7, 90, 150])
    made = {
        credits: plan([held(IMAGES, 10_000)], credits=credits, items=items, due=due)
        for credits in (1, 3, 9, 14, 20)
    }
    granted = {
        credits: [sum(line.granted for line in of.lines if line.tier is tier) for tier in list(Tier)[:4]]
        for credits, of in made.items()
    }
    assert granted == {
        1: [1, 0, 0, 0],
        3: [1, 2, 0, 0],
        9: [1, 3, 5, 0],
        14: [1, 3, 10, 0],
        20: [1, 3, 10, 6],
    }


def test_plan__looks_at_every_page_within_the_greatest_age() -> None:
    """Pages that nobody has seen for 40 days come before others, with up to half of the credits."""
    items = observed(10_000, busy=range(30), old=range(100, 200))
    order = plan([held(IMAGES, 10_000)], credits=41, items=items).order_for(IMAGES)
    assert sum(page >= 100 for page in (*order.hot, *order.cold)) == 20


def test_plan__reads_the_longest_unread_pages_of_a_list_without_observations() -> None:
    """Where nothing is known of the items, credits go to the pages longest unread, so that each has its turn."""
    ages = [int((NOW - timedelta(days=9)).timestamp())] * 200
    read: list[int] = []
    for night in range(13):
        now = NOW + timedelta(days=night)
        made = make_plan(
            fixed=[],
            lists=[held(IMAGES, 10_000, ages=tuple(ages))],
            observed=[],
            due=[],
            budget=budget(20),
            rules=RULES,
            now=now,
        )
        assert made.granted <= 20
        for page in made.order_for(IMAGES).cold:
            ages[page] = int(now.timestamp())
            read.append(page)
    assert set(read) == set(range(1, 200))
    assert read[:19] == list(range(1, 20))


def test_plan__reads_pages_of_an_age_that_nobody_kept() -> None:
    """A stored list whose pages' ages are not known, as an earlier version left it, is read again all the same."""
    made = plan([held(IMAGES, 1_000, stored_pages=20)], credits=15)
    assert made.order_for(IMAGES).cold == tuple(range(1, 15))


def test_plan__can_go_by_age_alone() -> None:
    """The simple policy chooses young pages that were not seen for long, whatever they gained."""
    items = [
        Observation(IMAGES, rank, SECONDS - rank * 3_600, 10, SECONDS - DAY, 10, SECONDS - 2 * DAY)
        for rank in range(5_000)
    ]
    made = plan([held(IMAGES, 5_000)], credits=12, items=items, policy="age_tiers")
    order = made.order_for(IMAGES)
    assert {1, 2, 3} <= {*order.hot, *order.cold}
    assert plan([held(IMAGES, 5_000)], credits=12, items=items).order_for(IMAGES).hot == ()


# first loads and holes


def test_plan__keeps_half_for_what_was_never_read() -> None:
    """Held pages do not keep a first load from its end: behind the fronts it has half of the credits."""
    lists = [held(IMAGES, 10_000), held(ALBUMS, 5_000, is_complete=False, missing_pages=60)]
    made = plan(lists, credits=42, items=observed(10_000))
    assert line(made, ALBUMS, "backfill").granted == 20
    assert line(made, ALBUMS, "backfill").turn == "in about 3 runs like this one"
    assert sum(line.granted for line in made.lines if line.tier in (Tier.HOT, Tier.COLD)) == 20


def test_plan__stops_backfill_where_the_day_is_spared() -> None:
    """What the day keeps for page 0 is not spent on old items."""
    lists = [held(IMAGES, 10_000, is_complete=False, missing_pages=100)]
    made = plan(lists, of=budget(80, for_backfill=7), items=observed(5_000))
    assert line(made, IMAGES, "backfill").granted == 7
    none = plan(lists, of=budget(80, for_backfill=0), items=observed(5_000))
    assert line(none, IMAGES, "backfill").granted == 0
    assert line(none, IMAGES, "backfill").turn == "in a run that has credits left for it"


def test_plan__does_not_sweep_a_new_list_beyond_what_backfill_may_use() -> None:
    """A first load is backfill as well, but for its first page."""
    new = StoredList(IMAGES, items=1_000)
    assert plan([new], of=budget(100, for_backfill=20)).order_for(IMAGES) == Order(is_swept=True)
    made = plan([new], of=budget(100, for_backfill=19))
    assert made.order_for(IMAGES) == Order(backfill=19)


def test_plan__goes_through_holes_near_the_head_with_the_front() -> None:
    """A hole that a front has left is closed before anything held is read again."""
    lists = [held(IMAGES, 10_000, is_complete=False, missing_pages=3, near_pages=3)]
    made = plan(lists, credits=6, items=observed(9_850))
    assert line(made, IMAGES, "head").granted == 5
    assert made.order_for(IMAGES).backfill == 0


def test_plan__shares_first_loads_evenly() -> None:
    """Short lists are finished, the long one has the rest."""
    lists = [
        held(IMAGES, 10_000, is_complete=False, missing_pages=100),
        held(ALBUMS, 500, is_complete=False, missing_pages=4),
    ]
    made = plan(lists, of=budget(32))
    assert (line(made, ALBUMS, "backfill").granted, line(made, ALBUMS, "backfill").left_out) == (5, 0)
    assert line(made, IMAGES, "backfill").granted == 25 - len(made.order_for(IMAGES).cold) - len(
        made.order_for(ALBUMS).cold
    )


# the credits


def test_plan__keeps_the_caps_of_tiers() -> None:
    """No tier takes more than its cap, and what it leaves goes to the next."""
    caps = ((Tier.HOT, 2), (Tier.DETAILS, 4), (Tier.COLD, 3))
    due = [Due("post_comments", "details", known=9, usual=0, at_most=9, of="account_submissions")]
    made = plan(
        [held(IMAGES, 10_000)], of=budget(50, caps=caps), items=observed(10_000, busy=range(5)), due=due
    )
    for tier, cap in caps:
        assert sum(line.granted for line in made.lines if line.tier is tier) == cap


def test_plan__gives_what_is_left_to_lines_that_may_need_more() -> None:
    """Where credits are plenty a front and details may take their most; they are expected to take less."""
    due = [Due("post_comments", "details", known=3, usual=7, at_most=40, of="account_submissions")]
    made = plan([held(ALBUMS, 100, new_per_day=10.0)], credits=200, due=due)
    assert [(line.kind, line.likely, line.granted) for line in made.lines] == [
        ("sweep", 4, 6),
        ("details", 10, 40),
    ]
    assert (made.expected, made.granted) == (14, 46)


def test_plan__says_how_long_it_takes() -> None:
    """What is at hand first, then what comes back each hour."""
    made = plan([held(IMAGES, 1_000)], of=Budget(1_000, now=5, an_hour=25, day=12_500))
    assert made.expected == 21
    assert made.hours == 1
    assert made.lines[0].turn == "when the hour's credits return, in 1 hour"
    due = [Due("post_comments", "details", known=9, usual=0, at_most=9, of="account_submissions")]
    stuck = plan([held(IMAGES, 1_000)], due=due, of=Budget(1_000, now=5, an_hour=0, day=12_500))
    assert stuck.hours is None


def test_plan__reads_page_by_page_what_an_hour_does_not_reach_to() -> None:
    """A walk of more pages than an hour has credits would break off every night, and prove nothing."""
    made = plan([held(IMAGES, 30_000)], of=Budget(4_500, now=500, an_hour=500, day=12_500))
    assert not made.order_for(IMAGES).is_swept
    assert line(made, IMAGES, "head").granted > 0
    short = plan([held(IMAGES, 20_000)], of=Budget(4_500, now=500, an_hour=500, day=12_500))
    assert short.order_for(IMAGES).is_swept


def test_plan__of_no_credits_says_when_each_has_its_turn() -> None:
    """Nothing is granted, and nothing is hidden."""
    due = [Due("post_comments", "details", known=3, usual=0, at_most=3, of="account_submissions")]
    made = plan([held(IMAGES, 10_000)], credits=0, fixed=[ACCOUNT], items=observed(10_000), due=due)
    assert made.granted == 0
    assert made.left_out == made.likely > 0
    assert {line.turn for line in made.lines if line.tier is Tier.FRONT} == {"first thing in the next run"}
    assert line(made, "post_comments", "details").turn == "in a run that has credits left for it"


def test_plan__corrects_its_estimates_by_what_was_spent() -> None:
    """Where short pages have made a list cost a fifth more, the next plan says so, and keeps what it thought."""
    lists = [held(IMAGES, 1_000), held(ALBUMS, 1_000)]
    made = plan(lists, spent_before={(IMAGES, "sweep"): 1.2, (ALBUMS, "head"): 2.0})
    assert (line(made, IMAGES, "sweep").likely, line(made, IMAGES, "sweep").uncorrected) == (25, 21)
    assert (line(made, ALBUMS, "sweep").likely, line(made, ALBUMS, "sweep").uncorrected) == (21, 21)


def test_plan__without_a_limit_does_all_that_is_worth_it() -> None:
    """Nothing is left out where nothing limits the night."""
    made = plan([held(IMAGES, 60_000), held(ALBUMS, 60)], of=budget(None), items=observed(5_000))
    assert made.left_out == 0
    assert made.hours == 0


def test_plan__of_60_000_items_is_made_at_once() -> None:
    """A night does not wait for its plan."""
    items = observed(60_000, busy=range(0, 1_200, 7))
    lists = [held(IMAGES, 60_000)]
    started = time.process_time()
    plan(lists, credits=400, items=items)
    assert time.process_time() - started < 2.0


# what was passed over


PENDING = Due("post_comments", "details", known=9, usual=0, at_most=9)


def crowded(passed_over: dict[str, int], *, credits: int = 5, **more: object) -> Plan:
    """A plan whose fronts take five credits; a first load, stored pages and comments are wanted as well."""
    lists = [held(IMAGES, 10_000), held(ALBUMS, 5_000, is_complete=False, missing_pages=60)]
    usual = {"fixed": [ACCOUNT, FEED], "items": observed(10_000, busy=[3]), "due": [PENDING]}
    return plan(lists, credits=credits, passed_over=passed_over, **usual | more)  # type: ignore[arg-type]


def first_of(made: Plan) -> dict[str, int]:
    """What is granted to the lines that come first, by their key."""
    found: dict[str, int] = {}
    for one in made.lines:
        if one.comes_first:
            found[one.key] = found.get(one.key, 0) + one.granted
    return found


@pytest.mark.parametrize("part", [f"{IMAGES} pages", f"{ALBUMS} backfill", "post_comments details"])
def test_plan__begins_with_what_was_passed_over_for_three_runs(part: str) -> None:
    """Where fronts take everything, run after run, the rest has a turn all the same, and fronts have what is left."""
    [usual, late] = [crowded({part: runs}) for runs in (2, 3)]
    assert first_of(usual) == {}
    assert sum(line.granted for line in usual.lines if line.tier is Tier.FRONT) == usual.granted == 5
    assert first_of(late) == {part: 2}
    assert sum(line.granted for line in late.lines if line.tier is Tier.FRONT) == 3
    assert late.granted == 5


def test_plan__begins_with_a_front_that_was_passed_over() -> None:
    """The last of the fronts is granted whole before the others, where it is worth nothing in part."""
    [usual, late] = [crowded({"hot/viral front": runs}, credits=3) for runs in (2, 3)]
    assert (first_of(usual), line(usual, "hot/viral", "feed").granted) == ({}, 0)
    assert first_of(late) == {"hot/viral front": 2}
    assert line(late, "account/me", "account").granted == 1
    assert first_of(crowded({"hot/viral front": 9}, credits=1)) == {}


def test_plan__shares_among_all_that_was_passed_over() -> None:
    """Each has a share, stored pages but a step; of few credits the longest waiting has two first."""
    waiting = {f"{ALBUMS} backfill": 3, f"{IMAGES} pages": 5, "post_comments details": 4}
    assert first_of(crowded(waiting, credits=20)) == {
        f"{ALBUMS} backfill": 6,
        f"{IMAGES} pages": 3,
        "post_comments details": 6,
    }
    assert first_of(crowded(waiting, credits=4)) == {f"{IMAGES} pages": 2, "post_comments details": 2}
    assert first_of(crowded(waiting, credits=1)) == {f"{IMAGES} pages": 1}
    assert first_of(crowded(waiting, credits=0)) == {}


def test_plan__tells_each_list_which_of_its_parts_come_first() -> None:
    """What a reader of the list needs: the part that was passed over, and nothing of other lists."""
    made = crowded({f"{IMAGES} pages": 3, f"{ALBUMS} backfill": 3}, credits=8)
    assert made.order_for(IMAGES).first == {"pages"}
    assert made.order_for(ALBUMS).first == {"backfill"}


def test_plan__begins_with_the_pages_longest_unread() -> None:
    """The turn of stored pages goes to the oldest of them, not to those that change most."""
    items = observed(10_000, busy=[3], old=[77, 150])
    order = crowded({f"{IMAGES} pages": 3}, items=items).order_for(IMAGES)
    assert sorted({*order.hot, *order.cold} - {0}) == [77, 150]  # page 0 comes with the front


def test_plan__keeps_the_caps_of_what_was_passed_over() -> None:
    """The cap of a tier holds for what was passed over too, whichever of the pages would come first."""
    caps = ((Tier.HOT, 0), (Tier.COLD, 1), (Tier.DETAILS, 1))
    waiting = {f"{IMAGES} pages": 3, "post_comments details": 3}
    made = crowded(waiting, of=budget(20, caps=caps))
    assert first_of(made) == {f"{IMAGES} pages": 1, "post_comments details": 1}
    assert set(made.order_for(IMAGES).hot) <= {0}  # which comes with the front


def test_plan__begins_with_a_whole_scan_of_what_was_passed_over() -> None:
    """Where all of a list is read anyway, its scan takes the place of its pages, and their turn."""
    made = plan(
        [held(IMAGES, 500)],
        items=observed(500),
        due=[Due("post_comments", "details", known=500, usual=0, at_most=500)],
        of=budget(100, caps=((Tier.DETAILS, 50),)),
        passed_over={f"{IMAGES} pages": 3},
    )
    assert (list(first_of(made)), made.order_for(IMAGES).is_swept) == ([f"{IMAGES} front"], True)


def test_plan__comes_back_from_its_json() -> None:
    """A replay follows the lines that paid, all of them as they were, with the credits of another run."""
    made = crowded({f"{IMAGES} pages": 3, f"{ALBUMS} backfill": 3}, credits=30)
    again = Plan.from_json(json.loads(json.dumps(made.as_json())), budget=budget(7))
    assert again == replace(made, budget=budget(7))
    assert again.order_for(IMAGES) == made.order_for(IMAGES) != Order()
    assert {type(one.tier) for one in again.lines} == {Tier}


# all plans


some_lists = st.lists(
    st.builds(
        StoredList,
        name=st.sampled_from([IMAGES, ALBUMS, SUBMISSIONS, "account_comments/me", "account_favorites/me"]),
        items=st.none() | st.integers(0, 3_000),
        page_size=st.sampled_from([50, 60, 100]),
        is_begun=st.booleans(),
        is_complete=st.booleans(),
        missing_pages=st.none() | st.integers(5, 60),
        near_pages=st.integers(0, 5),
        new_per_day=st.none() | st.floats(0, 300),
        days_since_read=st.none() | st.floats(0, 40),
        has_count=st.booleans(),
        is_sorted=st.booleans(),
        is_absent=st.booleans(),
        ages=st.lists(st.integers(0, 45).map(lambda days: SECONDS - days * DAY), max_size=12).map(tuple),
        stored_pages=st.integers(0, 12),
    ),
    unique_by=lambda held: held.name,
    max_size=5,
)
some_due = st.lists(
    st.builds(
        Due,
        name=st.sampled_from(["album_images", "post_images", "post_comments"]),
        kind=st.just("details"),
        known=st.integers(0, 50),
        usual=st.none() | st.floats(0, 50),
        at_most=st.integers(0, 200),
    ),
    unique_by=lambda due: due.name,
    max_size=3,
)
some_caps = st.lists(st.tuples(st.sampled_from(Tier), st.integers(0, 100)), unique_by=lambda cap: cap[0]).map(
    tuple
)
some_budget = st.builds(
    Budget,
    credits=st.none() | st.integers(0, 600),
    now=st.none() | st.integers(0, 600),
    an_hour=st.integers(0, 500),
    day=st.sampled_from([200, 12_500]),
    for_backfill=st.none() | st.integers(0, 600),
    caps=some_caps,
)
some_ratios = st.dictionaries(
    st.tuples(st.sampled_from([IMAGES, ALBUMS]), st.sampled_from(["sweep", "head", "backfill"])),
    st.floats(0, 5),
)
some_passed_over = st.dictionaries(
    st.sampled_from(
        [
            *[
                f"{name} {part}"
                for name in (IMAGES, ALBUMS, SUBMISSIONS)
                for part in ("front", "pages", "backfill")
            ],
            "account_favorites/me pages",
            "account/me front",
            "hot/viral front",
            "post_comments details",
            "album_images details",
            "item_looks details",
        ]
    ),
    st.integers(1, 6),
)


@given(
    lists=some_lists,
    due=some_due,
    of=some_budget,
    spent_before=some_ratios,
    passed_over=some_passed_over,
    seen=st.sampled_from([1, 20, 45]),
    policy=st.sampled_from(["expected_change", "age_tiers"]),
)
def test_plan__never_grants_more_than_there_is(
    lists: list[StoredList],
    due: list[Due],
    of: Budget,
    spent_before: dict[tuple[str, str], float],
    passed_over: dict[str, int],
    seen: int,
    policy: Policy,
) -> None:
    """Whatever is known: credits and caps are kept, prices are in order, orders and lines agree."""
    made = plan(
        lists,
        fixed=[ACCOUNT, FEED],
        items=observed(1_000, seen=seen, busy=[3, 9]),
        due=due,
        of=of,
        spent_before=spent_before,
        passed_over=passed_over,
        policy=policy,
    )
    if of.credits is not None:
        assert made.granted <= of.credits
    caps = dict(of.caps)
    for tier in Tier:
        granted = sum(line.granted for line in made.lines if line.tier is tier)
        assert granted <= caps.get(tier, granted)
    for one in made.lines:
        assert not one.comes_first or one.granted
    backfill = sum(line.granted for line in made.lines if line.tier is Tier.BACKFILL)
    assert of.for_backfill is None or backfill <= of.for_backfill
    for one in made.lines:
        assert 0 <= one.least <= one.likely <= one.most
        assert 0 <= one.granted <= one.most
        assert one.left_out == max(0, one.likely - one.granted)
        assert one.turn or not one.left_out
        assert one.granted <= len(one.pages) <= one.granted + 1 or one.kind not in ("hot", "cold")
    assert [one.tier for one in made.lines] == sorted(one.tier for one in made.lines)
    for stored_list in lists:
        order = made.order_for(stored_list.name)
        assert not set(order.hot) & set(order.cold)
        if order.is_swept:
            assert (order.hot, order.cold, order.backfill) == ((), (), 0)


@given(
    lists=some_lists,
    due=some_due,
    credits=st.integers(2, 600),
    passed_over=some_passed_over.filter(lambda runs: max(runs.values(), default=0) >= 3),
)
def test_plan__always_serves_what_waits_longest(
    lists: list[StoredList], due: list[Due], credits: int, passed_over: dict[str, int]
) -> None:
    """Two credits are enough for the line that was passed over most often, unless only a whole scan serves it."""
    longest = max(passed_over, key=lambda key: passed_over[key])
    made = plan(
        lists,
        fixed=[ACCOUNT, FEED],
        items=observed(200),
        due=due,
        credits=credits,
        passed_over=passed_over,
    )
    waiting = [one for one in made.lines if one.key == longest and one.likely]
    assume(waiting and all(one.kind != "sweep" for one in waiting))
    assert sum(one.granted for one in waiting) > 0
    assert any(one.comes_first for one in waiting)
