"""Which lists are read for what is wanted, in which order, and by which path."""

from __future__ import annotations

from typing import Any

import pytest

from imgur_source.extract.facts import StoredAlbum, StoredPost, WarehouseFacts
from imgur_source.extract.feeds import Feed
from imgur_source.extract.streams import (
    RUN_TABLES,
    STREAMS,
    StreamSlice,
    feeds_of,
    slices,
    wanted_resources,
    with_companions,
)
from imgur_source.settings import Settings

FEEDS = ("hot/viral", "t/bridges", "r/rivers", "search/tall dams", "top/top/week@5")
POSTS_LISTS = {"account_submissions", "gallery_sections", "gallery_tags", "gallery_search"}
EVERYTHING = set(STREAMS)
NOTHING_HELD = WarehouseFacts(albums=(), posts=())


def some_settings(
    accounts: tuple[str, ...] = ("me",), feeds: tuple[str, ...] = FEEDS, **over: Any
) -> Settings:
    return Settings.of(accounts=accounts, feeds=feeds, **over)


def names(*selected: str, candidates: WarehouseFacts | None = None, **over: Any) -> list[str]:
    """The names of the steps for what is *selected*."""
    found = slices(some_settings(**over), selected=selected, facts=candidates or WarehouseFacts())
    return [step.name for step in found]


ALL_STEPS = [
    "account/me",
    "account_images/me",
    "account_albums/me",
    "account_submissions/me",
    "account_favorites/me",
    "account_comments/me",
    *("hot/viral", "t/bridges", "r/rivers", "search/tall dams", "top/top/week"),
]


# Which steps


def test_steps__of_everything_are_accounts_then_lists_then_feeds() -> None:
    """Everything is read in one order: accounts, their lists kind by kind, then the feeds as configured."""
    assert names(*EVERYTHING) == ALL_STEPS


def test_steps__read_each_list_for_every_account() -> None:
    """Accounts are gone through list by list, in the order in which they were named."""
    assert names(*EVERYTHING, accounts=("me", "walker"), feeds=()) == [
        *("account/me", "account/walker"),
        *("account_images/me", "account_images/walker"),
        *("account_albums/me", "account_albums/walker"),
        *("account_submissions/me", "account_submissions/walker"),
        *("account_favorites/me", "account_favorites/walker"),
        *("account_comments/me", "account_comments/walker"),
    ]


@pytest.mark.parametrize(
    ("selected", "expected"),
    [
        ("account", ["account/me"]),
        ("account_images", ["account_images/me"]),
        ("account_albums", ["account_albums/me"]),
        ("account_submissions", ["account_submissions/me"]),
        ("account_comments", ["account_comments/me"]),
        ("gallery_sections", ["hot/viral", "top/top/week"]),
        ("gallery_tags", ["t/bridges"]),
        ("gallery_subreddits", ["r/rivers"]),
        ("gallery_search", ["search/tall dams"]),
    ],
)
def test_steps__of_one_list_are_that_list_alone(selected: str, expected: list[str]) -> None:
    """A list that is selected alone costs its own pages and nothing else."""
    assert names(selected) == expected
    assert names(selected, candidates=NOTHING_HELD) == expected


def test_steps__of_nothing_are_none() -> None:
    """The run's own books, which are kept always, ask for no list; feeds that are not wanted are not read."""
    assert names() == []
    assert names(*RUN_TABLES) == []
    assert names("gallery_sections", feeds=("t/bridges",)) == []


def test_steps__of_favorites_learn_the_account_first() -> None:
    """Favourites are kept under the number of the account, so one that is not known is asked for."""
    assert names("account_favorites") == ["account/me", "account_favorites/me"]
    known = WarehouseFacts(accounts={"me": 4001})
    assert names("account_favorites", candidates=known) == ["account_favorites/me"]
    assert names("account_favorites", candidates=known, accounts=("me", "walker")) == [
        "account/walker",
        "account_favorites/me",
        "account_favorites/walker",
    ]
    assert names("account", "account_favorites", candidates=known) == ["account/me", "account_favorites/me"]


@pytest.mark.parametrize(
    ("companion", "expected"),
    [
        ("account_metrics", ["account/me"]),
        ("image_metrics", ["account_images/me", "account_albums/me"]),
        ("album_metrics", ["account_albums/me"]),
        ("comment_metrics", ["account_submissions/me", "account_comments/me"]),
        ("gallery_ranks", ["hot/viral", "t/bridges", "r/rivers", "search/tall dams", "top/top/week"]),
        *(
            (
                name,
                ["account_submissions/me", "hot/viral", "t/bridges", "search/tall dams", "top/top/week"],
            )
            for name in ("post_metrics", "post_tags", "tags")
        ),
    ],
)
def test_steps__of_a_companion_alone_are_all_its_sources(companion: str, expected: list[str]) -> None:
    """A history that is selected alone is read whole: every list that feeds it, with the parents it needs."""
    assert names(companion) == expected


@pytest.mark.parametrize(
    ("selected", "expected"),
    [
        (("account_images", "image_metrics"), ["account_images/me"]),
        (("gallery_tags", "post_metrics", "tags", "gallery_ranks"), ["t/bridges"]),
        (("account_comments", "comment_metrics"), ["account_comments/me"]),
    ],
)
def test_steps__of_a_companion_beside_its_source_are_the_source(
    selected: tuple[str, ...], expected: list[str]
) -> None:
    """Beside one of its sources a history only follows."""
    assert names(*selected) == expected


@pytest.mark.parametrize(
    ("selected", "parents"),
    [
        (("album_images",), ["account_albums/me"]),
        (("post_images",), ["account_submissions/me"]),
        (("post_comments",), ["account_submissions/me"]),
        (("album_images", "post_comments"), ["account_albums/me", "account_submissions/me"]),
        (("gallery_tags", "post_images"), ["account_submissions/me", "t/bridges"]),
        (("account_submissions", "post_comments"), ["account_submissions/me"]),
    ],
)
def test_steps__of_details_are_their_parents_unless_they_are_held(
    selected: tuple[str, ...], parents: list[str]
) -> None:
    """Details need the albums and posts that they belong to: from a list, or from what is held."""
    assert names(*selected) == parents
    held = WarehouseFacts(albums=(StoredAlbum("Alb0m"),), posts=(StoredPost("P0stAaa"),))
    lists = {"account_submissions": "account_submissions/me", "gallery_tags": "t/bridges"}
    chosen = [lists[name] for name in selected if name in lists]
    assert names(*selected, candidates=held) == chosen
    assert names(*selected, candidates=NOTHING_HELD) == chosen


@pytest.mark.parametrize("selected", ["post_images", "post_comments"])
def test_steps__of_all_details_read_the_feeds_too(selected: str) -> None:
    """With post_details "all" the posts of feeds count, save those of subreddits, which name no author."""
    everywhere = ["account_submissions/me", "hot/viral", "t/bridges", "search/tall dams", "top/top/week"]
    assert names(selected, post_details="all") == everywhere
    assert names(selected, post_details="all", candidates=NOTHING_HELD) == []
    assert names("album_images", post_details="all") == ["account_albums/me"]


def test_wanted_resources__leave_companions_to_their_sources() -> None:
    """Wanted is what has pages of its own; histories and books come along."""
    assert wanted_resources(EVERYTHING | {"tags", *RUN_TABLES}) == EVERYTHING
    assert wanted_resources({"image_metrics"}) == {"account_images", "album_images"}
    assert wanted_resources({"post_tags"}) == POSTS_LISTS
    assert wanted_resources({"post_tags", "gallery_tags"}) == {"gallery_tags"}
    assert wanted_resources({"post_tags", "account_images"}) == {*POSTS_LISTS, "account_images"}
    assert wanted_resources(RUN_TABLES) == set()


@pytest.mark.parametrize(
    ("resource", "fed"),
    [
        ("account", {"account_metrics"}),
        ("account_images", {"image_metrics"}),
        ("account_albums", {"album_metrics"}),
        ("account_comments", {"comment_metrics"}),
        ("account_submissions", {"post_metrics", "post_tags", "tags"}),
        ("account_favorites", set()),
        ("gallery_sections", {"post_metrics", "post_tags", "tags", "gallery_ranks"}),
        ("gallery_tags", {"post_metrics", "post_tags", "tags", "gallery_ranks"}),
        ("gallery_search", {"post_metrics", "post_tags", "tags", "gallery_ranks"}),
        ("gallery_subreddits", {"gallery_ranks"}),
        ("album_images", {"image_metrics"}),
        ("post_images", set()),
        ("post_comments", {"comment_metrics"}),
    ],
)
def test_with_companions__adds_what_a_list_feeds(resource: str, fed: set[str]) -> None:
    """A list brings its histories and the run's books, so that neither has a hole."""
    assert with_companions([resource]) == {resource, *fed, *RUN_TABLES}


def test_with_companions__of_several_adds_for_each() -> None:
    """Several lists bring what each of them feeds."""
    assert with_companions(["account", "gallery_subreddits"]) == {
        *("account", "account_metrics", "gallery_subreddits", "gallery_ranks"),
        *RUN_TABLES,
    }
    assert with_companions([]) == set(RUN_TABLES)


# By which path

LOOK = {"album_previews": "true"}


def listed(step: StreamSlice) -> tuple[Any, ...]:
    """What a step's list asks for: its third page, parameters, and how they are asked."""
    things = step.list()
    assert (things.name, things.endpoint) == (step.name, step.resource)
    return (
        *(things.path(2), dict(things.params), things.inside, things.takes_per_page),
        *(things.as_me, things.pages),
    )


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        (
            "me",
            {
                "account_images": ("/3/account/me/images/2", {}, None, True, True, None),
                "account_albums": ("/3/account/me/albums/2", {}, None, True, True, None),
                "account_submissions": ("/3/account/me/submissions/2", LOOK, None, False, True, None),
                "account_favorites": ("/3/account/me/favorites/2/newest", {}, None, False, True, None),
                "account_comments": ("/3/account/me/comments/newest/2", {}, None, True, True, None),
            },
        ),
        (
            "walker",
            {
                "account_images": ("/3/account/walker/images/2", {}, None, True, False, None),
                "account_albums": ("/3/account/walker/albums/2", {}, None, True, False, None),
                "account_submissions": ("/3/account/walker/submissions/2", LOOK, None, False, False, None),
                "account_favorites": (
                    *("/3/account/walker/gallery_favorites/2/newest", {}, None, False, False, None),
                ),
                "account_comments": ("/3/account/walker/comments/newest/2", {}, None, True, False, None),
            },
        ),
    ],
)
def test_step_list__of_an_account_asks_as_documented(
    account: str, expected: dict[str, tuple[Any, ...]]
) -> None:
    """Lists come newest first, in large pages where perPage counts, all favourites to their owner only."""
    found = slices(some_settings(accounts=(account,), feeds=()), selected=EVERYTHING, facts=WarehouseFacts())
    assert {step.resource: listed(step) for step in found if step.is_list or step.feed} == expected


@pytest.mark.parametrize(
    ("feed", "expected"),
    [
        ("hot/viral", ("/3/gallery/hot/viral/day/2", LOOK, None, False, False, 2)),
        ("top/top/week@5", ("/3/gallery/top/top/week/2", LOOK, None, False, False, 5)),
        ("user/rising", ("/3/gallery/user/rising/day/2", LOOK, None, False, False, 2)),
        ("t/bridges", ("/3/gallery/t/bridges/viral/week/2", LOOK, "items", False, False, 2)),
        ("t/bridges/top/all", ("/3/gallery/t/bridges/top/all/2", LOOK, "items", False, False, 2)),
        ("t/a b?", ("/3/gallery/t/a%20b%3F/viral/week/2", LOOK, "items", False, False, 2)),
        ("r/rivers", ("/3/gallery/r/rivers/time/week/2", {}, None, False, False, 2)),
        ("r/rivers/top/day@1", ("/3/gallery/r/rivers/top/day/2", {}, None, False, False, 1)),
        ("search/dam", ("/3/gallery/search/time/all/2", {**LOOK, "q": "dam"}, None, False, False, 2)),
        (
            "search/a b/c?&q=d/top/month",
            ("/3/gallery/search/top/month/2", {**LOOK, "q": "a b/c?&q=d"}, None, False, False, 2),
        ),
    ],
)
def test_step_list__of_a_feed_asks_as_documented(feed: str, expected: tuple[Any, ...]) -> None:
    """Feeds are asked for without a login, with previews where there are any, for as many pages as wanted."""
    (step,) = slices(
        some_settings(feeds=(feed,)),
        selected={"gallery_sections", "gallery_tags", "gallery_subreddits", "gallery_search"},
        facts=WarehouseFacts(),
    )
    assert listed(step) == expected


def test_step_list__keeps_an_odd_name_in_one_segment() -> None:
    """A tag or an account with blanks, slashes and marks cannot lead to another path."""
    odd = "a b/c?"
    tag = Feed(name=f"t/{odd}", prefix="t", subject=odd, sort="viral", window="week", pages=1)
    subreddit = Feed(name=f"r/{odd}", prefix="r", subject=odd, sort="time", window="week", pages=1)
    assert [
        StreamSlice(STREAMS["gallery_tags"], feed=tag).list().path(0),
        StreamSlice(STREAMS["gallery_subreddits"], feed=subreddit).list().path(0),
        StreamSlice(STREAMS["account_albums"], odd).list().path(0),
        StreamSlice(STREAMS["account_favorites"], odd).list().path(0),
    ] == [
        "/3/gallery/t/a%20b%2Fc%3F/viral/week/0",
        "/3/gallery/r/a%20b%2Fc%3F/time/week/0",
        "/3/account/a%20b%2Fc%3F/albums/0",
        "/3/account/a%20b%2Fc%3F/gallery_favorites/0/newest",
    ]


def test_step__is_known_by_list_and_account_or_by_its_feed() -> None:
    """Names stand in list_sweeps, so they stay; only me is asked for with the login."""
    [feed] = feeds_of(some_settings(feeds=("top/top/week@5",)))
    found = [
        StreamSlice(STREAMS["account_images"], "me"),
        StreamSlice(STREAMS["account"], "walker"),
        StreamSlice(STREAMS["gallery_sections"], feed=feed),
    ]
    assert [(step.name, step.as_me) for step in found] == [
        ("account_images/me", True),
        ("account/walker", False),
        ("top/top/week", False),
    ]
