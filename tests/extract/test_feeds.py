"""How a person writes a feed: every right way to say it, and what every wrong one is told."""

from __future__ import annotations

from typing import Any

import pytest

from imgur_source.errors import ConfigurationError
from imgur_source.extract.feeds import Feed
from imgur_source.extract.streams import feeds_of
from imgur_source.settings import Settings

PREFIXES = {"section": "", "tag": "t", "subreddit": "r", "search": "search"}


def a_feed(name: str, kind: str, subject: str, sort: str, window: str, *, pages: int = 2) -> Feed:
    return Feed(name, PREFIXES[kind], subject, sort, window, pages)


def parsed(text: str, *, pages: int = 2) -> Feed:
    [feed] = feeds_of(Settings.of(feeds=[text], feed_pages=pages))
    return feed


@pytest.mark.parametrize(
    ("text", "feed"),
    [
        # sections
        ("hot", a_feed("hot", "section", "hot", "viral", "day")),
        ("hot/viral", a_feed("hot/viral", "section", "hot", "viral", "day")),
        ("hot/top", a_feed("hot/top", "section", "hot", "top", "day")),
        ("hot/time", a_feed("hot/time", "section", "hot", "time", "day")),
        ("top", a_feed("top", "section", "top", "viral", "day")),
        ("top/top", a_feed("top/top", "section", "top", "top", "day")),
        ("top/top/day", a_feed("top/top/day", "section", "top", "top", "day")),
        ("top/top/week", a_feed("top/top/week", "section", "top", "top", "week")),
        ("top/viral/month", a_feed("top/viral/month", "section", "top", "viral", "month")),
        ("top/time/year", a_feed("top/time/year", "section", "top", "time", "year")),
        ("top/top/all", a_feed("top/top/all", "section", "top", "top", "all")),
        ("user/rising", a_feed("user/rising", "section", "user", "rising", "day")),
        ("user/time@5", a_feed("user/time", "section", "user", "time", "day", pages=5)),
        # tags
        ("t/cats", a_feed("t/cats", "tag", "cats", "viral", "week")),
        ("t/cats/", a_feed("t/cats/", "tag", "cats", "viral", "week")),
        ("t/cats/time", a_feed("t/cats/time", "tag", "cats", "time", "week")),
        ("t/cats/top", a_feed("t/cats/top", "tag", "cats", "top", "week")),
        ("t/cats/top/month@1", a_feed("t/cats/top/month", "tag", "cats", "top", "month", pages=1)),
        ("t/top", a_feed("t/top", "tag", "top", "viral", "week")),
        ("t/top/top/day", a_feed("t/top/top/day", "tag", "top", "top", "day")),
        ("t/the_more_you_know", a_feed("t/the_more_you_know", "tag", "the_more_you_know", "viral", "week")),
        # subreddits
        ("r/aww", a_feed("r/aww", "subreddit", "aww", "time", "week")),
        ("r/aww/top", a_feed("r/aww/top", "subreddit", "aww", "top", "week")),
        ("r/aww/top/year@12", a_feed("r/aww/top/year", "subreddit", "aww", "top", "year", pages=12)),
        # searches
        ("search/dog", a_feed("search/dog", "search", "dog", "time", "all")),
        ("search/dog/viral", a_feed("search/dog/viral", "search", "dog", "viral", "all")),
        ("search/dog/top/week", a_feed("search/dog/top/week", "search", "dog", "top", "week")),
        (
            "search/cats/and/dogs@3",
            a_feed("search/cats/and/dogs", "search", "cats/and/dogs", "time", "all", pages=3),
        ),
        (
            "search/cats/and/dogs/top/month",
            a_feed("search/cats/and/dogs/top/month", "search", "cats/and/dogs", "top", "month"),
        ),
        (
            "search/long/time/ago/time",
            a_feed("search/long/time/ago/time", "search", "long/time/ago", "time", "all"),
        ),
        ("search/top", a_feed("search/top", "search", "top", "time", "all")),
        ("search/top/top", a_feed("search/top/top", "search", "top", "top", "all")),
        (
            "search/http://a.example/x",
            a_feed("search/http://a.example/x", "search", "http://a.example/x", "time", "all"),
        ),
        ("search/me@home", a_feed("search/me@home", "search", "me@home", "time", "all")),
        ("search/me@home@4", a_feed("search/me@home", "search", "me@home", "time", "all", pages=4)),
        (
            "search/tag: fox OR owl",
            a_feed("search/tag: fox OR owl", "search", "tag: fox OR owl", "time", "all"),
        ),
        ("search/...", a_feed("search/...", "search", "...", "time", "all")),
        ("  hot/viral@2 \n", a_feed("hot/viral", "section", "hot", "viral", "day", pages=2)),
    ],
)
def test_parse__reads_every_shape_of_a_feed(text: str, feed: Feed) -> None:
    """A section, a tag, a subreddit or a query, with a sort and a window where Imgur has them, and pages."""
    assert parsed(text) == feed


def test_parse__pages_of_a_feed_win_over_the_setting() -> None:
    """The setting says how many pages are read, unless the feed says so itself."""
    assert [parsed(text, pages=9).pages for text in ("hot", "hot@1", "t/cats@20")] == [9, 1, 20]


START = "It must be hot, top or user, or t/<tag>, search/<query>, r/<subreddit>."
WINDOW = "has a window, {!r}, that Imgur does not know there. Only {} has one: day, week, month, year, all."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", f"Feed '' starts with ''. {START}"),
        ("  ", f"Feed '  ' starts with ''. {START}"),
        ("/", f"Feed '/' starts with ''. {START}"),
        ("cats", f"Feed 'cats' starts with 'cats'. {START}"),
        ("Hot/viral", f"Feed 'Hot/viral' starts with 'Hot'. {START}"),
        ("section/hot", f"Feed 'section/hot' starts with 'section'. {START}"),
        ("tag/cats", f"Feed 'tag/cats' starts with 'tag'. {START}"),
        ("hot@-1", f"Feed 'hot@-1' starts with 'hot@-1'. {START}"),
        ("hot@²", f"Feed 'hot@²' starts with 'hot@²'. {START}"),
        ("hot@", f"Feed 'hot@' starts with 'hot@'. {START}"),
        ("hot@0", "Feed 'hot@0' has no page to read. Write @1 or more after its name."),
        ("hot/new", "Feed 'hot/new' cannot be read. After hot one of viral, top, time may follow."),
        ("hot/rising", "Feed 'hot/rising' cannot be read. After hot one of viral, top, time may follow."),
        (
            "user/new",
            "Feed 'user/new' cannot be read. After user one of viral, top, time, rising may follow.",
        ),
        ("t", "Feed 't' cannot be read. After t/<name> one of viral, top, time may follow."),
        ("t/", "Feed 't/' cannot be read. After t/<name> one of viral, top, time may follow."),
        ("t//top", "Feed 't//top' cannot be read. After t/<name> one of viral, top, time may follow."),
        ("t/..", "Feed 't/..' cannot be read. After t/<name> one of viral, top, time may follow."),
        (
            "t/cats/new",
            "Feed 't/cats/new' cannot be read. After t/<name> one of viral, top, time may follow.",
        ),
        ("r/@3", "Feed 'r/@3' cannot be read. After r/<name> one of time, top may follow."),
        ("r/.", "Feed 'r/.' cannot be read. After r/<name> one of time, top may follow."),
        ("r/aww/viral", "Feed 'r/aww/viral' cannot be read. After r/<name> one of time, top may follow."),
        ("search/", "Feed 'search/' cannot be read. After search/<name> one of time, viral, top may follow."),
        ("search", "Feed 'search' cannot be read. After search/<name> one of time, viral, top may follow."),
        ("hot/viral/week", f"Feed 'hot/viral/week' {WINDOW.format('week', 'the top section')}"),
        ("user/top/day", f"Feed 'user/top/day' {WINDOW.format('day', 'the top section')}"),
        ("top/top/decade", f"Feed 'top/top/decade' {WINDOW.format('decade', 'the top section')}"),
        ("top/top/week/3", f"Feed 'top/top/week/3' {WINDOW.format('week/3', 'the top section')}"),
        ("t/cats/viral/week", f"Feed 't/cats/viral/week' {WINDOW.format('week', 'the sort top')}"),
        ("t/cats/top/decade", f"Feed 't/cats/top/decade' {WINDOW.format('decade', 'the sort top')}"),
        ("r/aww/time/day", f"Feed 'r/aww/time/day' {WINDOW.format('day', 'the sort top')}"),
        ("search/dog/time/week", f"Feed 'search/dog/time/week' {WINDOW.format('week', 'the sort top')}"),
    ],
)
def test_parse__says_what_is_wrong_and_what_would_be_right(text: str, message: str) -> None:
    """A feed that cannot be read is refused with its own words, and with what may stand there."""
    with pytest.raises(ConfigurationError) as caught:
        parsed(text)

    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"feeds": ["cats"]}, f"Feed 'cats' starts with 'cats'. {START}"),
        (
            {"feeds": ["hot"], "feed_pages": 0},
            "Feed 'hot' has no page to read. Write @1 or more after its name.",
        ),
        ({"feeds": ["hot", "top", "hot"]}, "Feed 'hot' is there twice. Remove one of the two."),
        ({"feeds": ["t/cats@2", "t/cats@5"]}, "Feed 't/cats' is there twice. Remove one of the two."),
    ],
)
def test_feeds_of__refuses_what_cannot_be_read(changes: dict[str, Any], message: str) -> None:
    """A feed that is wrong, or there twice, is named before anything is asked of Imgur."""
    with pytest.raises(ConfigurationError) as caught:
        feeds_of(Settings.of(**changes))

    assert str(caught.value) == message
