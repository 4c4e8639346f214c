"""What a person can set: every right way to say it, and what every wrong one is told."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import dlt
import pytest

from imgur_source.errors import ConfigurationError
from imgur_source.settings import IMGUR_URL, RAPIDAPI_URL, Feed, ImgurCredentials, Settings, checked_base_url

SECRETS = {
    "client_id": "cid-5f0e2a",
    "client_secret": "csec-91b7c3",
    "refresh_token": "rtok-d44e08",
    "access_token": "atok-77a1f9",
    "rapidapi_key": "rkey-2c6b55",
}


def a_feed(name: str, kind: Any, subject: str, sort: str, window: str, *, pages: int = 2) -> Feed:
    return Feed(name=name, kind=kind, subject=subject, sort=sort, window=window, pages=pages)


def some_settings(**changes: Any) -> Settings:
    values: dict[str, Any] = {
        "accounts": ["me"],
        "feeds": [],
        "feed_pages": 2,
        "base_url": None,
        "post_details": "own",
        "max_credits": None,
        "request_timeout_seconds": 30.0,
        "state_dir": "/somewhere/state",
    }
    return Settings.checked(**{**values, **changes})


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
    assert Feed.parse(text) == feed


def test_parse__pages_of_a_feed_win_over_the_setting() -> None:
    """The setting says how many pages are read, unless the feed says so itself."""
    assert [Feed.parse(text, pages=9).pages for text in ("hot", "hot@1", "t/cats@20")] == [9, 1, 20]


START = "It must be hot, top or user, or t/<tag>, r/<subreddit>, search/<query>."
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
        Feed.parse(text)

    assert str(caught.value) == message


def test_checked__takes_everything_a_person_set() -> None:
    """Loose values become one frozen value; an account that is named twice is read once."""
    settings = some_settings(
        accounts=["me", "marmalade_fox", "me"],
        feeds=["hot/viral", "t/cats@5"],
        feed_pages=3,
        base_url="http://127.0.0.1:8099/3/",
        post_details="all",
        max_credits=0,
        request_timeout_seconds=5,
        state_dir="~/imgur-state",
    )

    assert settings == Settings(
        accounts=("me", "marmalade_fox"),
        feeds=(
            a_feed("hot/viral", "section", "hot", "viral", "day", pages=3),
            a_feed("t/cats", "tag", "cats", "viral", "week", pages=5),
        ),
        base_url="http://127.0.0.1:8099",
        post_details="all",
        max_credits=0,
        request_timeout_seconds=5.0,
        state_dir=Path.home() / "imgur-state",
    )


def test_checked__nothing_set_means_imgur_and_the_own_account(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without a word from anybody the own account is read, from Imgur, and the usual directory used."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    assert some_settings(state_dir=None) == Settings(
        accounts=("me",),
        feeds=(),
        base_url="https://api.imgur.com",
        post_details="own",
        max_credits=None,
        request_timeout_seconds=30.0,
        state_dir=tmp_path / "imgur_source",
    )
    assert Settings().state_dir == tmp_path / "imgur_source"


def test_checked__state_dir_without_xdg(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no state directory is named, it is the usual one below the home."""
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)

    assert some_settings(state_dir="").state_dir == Path.home() / ".local" / "state" / "imgur_source"


def test_checked__a_rapidapi_key_leads_to_the_gateway() -> None:
    """With a key of the gateway the gateway is asked, unless another server is named."""
    assert some_settings(has_rapidapi_key=True).base_url == RAPIDAPI_URL
    assert some_settings(has_rapidapi_key=False).base_url == IMGUR_URL
    assert some_settings(has_rapidapi_key=True, base_url="https://a.example").base_url == "https://a.example"


LISTS = 'accounts, feeds and tier_caps are lists: write accounts = ["me"], not accounts = "me".'
NAME = "is not an account name. Use the name in imgur.com/user/<name>, or me."
SECONDS = "It must be more than 0, and 3600 at most."


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"accounts": "me"}, LISTS),
        ({"feeds": "hot/viral"}, LISTS),
        ({"accounts": ["me", "marmalade fox"]}, f"'marmalade fox' {NAME}"),
        ({"accounts": [""]}, f"'' {NAME}"),
        ({"accounts": ["me/images"]}, f"'me/images' {NAME}"),
        ({"accounts": [".."]}, f"'..' {NAME}"),
        ({"accounts": ["fox\n"]}, f"'fox\\n' {NAME}"),
        ({"accounts": ["f" * 64]}, f"'{'f' * 64}' {NAME}"),
        ({"accounts": [48215]}, f"48215 {NAME}"),
        ({"post_details": "none"}, 'post_details is \'none\'. It must be "own" or "all".'),
        ({"max_credits": -1}, "max_credits is -1. It must be 0 or more."),
        ({"request_timeout_seconds": 0}, f"request_timeout_seconds is 0. {SECONDS}"),
        ({"request_timeout_seconds": -3.5}, f"request_timeout_seconds is -3.5. {SECONDS}"),
        ({"request_timeout_seconds": float("nan")}, f"request_timeout_seconds is nan. {SECONDS}"),
        ({"request_timeout_seconds": float("inf")}, f"request_timeout_seconds is inf. {SECONDS}"),
        ({"feeds": ["cats"]}, f"Feed 'cats' starts with 'cats'. {START}"),
        (
            {"feeds": ["hot"], "feed_pages": 0},
            "Feed 'hot' has no page to read. Write @1 or more after its name.",
        ),
        ({"feeds": ["hot", "top", "hot"]}, "Feed 'hot' is there twice. Remove one of the two."),
        ({"feeds": ["t/cats@2", "t/cats@5"]}, "Feed 't/cats' is there twice. Remove one of the two."),
    ],
)
def test_checked__refuses_what_cannot_be_used(changes: dict[str, Any], message: str) -> None:
    """A wrong value is named, with what it must be, before anything is asked of Imgur."""
    with pytest.raises(ConfigurationError) as caught:
        some_settings(**changes)

    assert str(caught.value) == message


@pytest.mark.parametrize("account", ["me", "marmalade_fox", "A.B-c_9", "f", "f" * 63])
def test_checked__takes_every_name_imgur_gives(account: str) -> None:
    """Letters, digits, dots, dashes and underscores make an account name."""
    assert some_settings(accounts=[account]).accounts == (account,)


@pytest.mark.parametrize(
    ("url", "base_url"),
    [
        ("https://api.imgur.com", "https://api.imgur.com"),
        ("https://api.imgur.com/", "https://api.imgur.com"),
        ("https://api.imgur.com/3", "https://api.imgur.com"),
        ("https://api.imgur.com/3/", "https://api.imgur.com"),
        ("https://api.imgur.com//3//", "https://api.imgur.com"),
        ("https://mirror.example:8443/imgur/3", "https://mirror.example:8443/imgur"),
        ("https://mirror.example/v3", "https://mirror.example/v3"),
        ("HTTPS://mirror.example", "HTTPS://mirror.example"),
        ("http://127.0.0.1:8099", "http://127.0.0.1:8099"),
        ("http://localhost/3", "http://localhost"),
        ("http://LOCALHOST:80", "http://LOCALHOST:80"),
        ("http://[::1]:8099", "http://[::1]:8099"),
    ],
)
def test_base_url__is_a_server_without_the_version(url: str, base_url: str) -> None:
    """Any https server will do, http on loopback only; the version and trailing slashes are dropped."""
    assert checked_base_url(url) == base_url


CLEAR = "Use https; http is allowed for 127.0.0.1 and localhost only."


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://api.imgur.com", f"base_url 'http://api.imgur.com' would send tokens in the clear. {CLEAR}"),
        (
            "http://localhost.evil.example",
            f"base_url 'http://localhost.evil.example' would send tokens in the clear. {CLEAR}",
        ),
        ("http://127.0.0.2", f"base_url 'http://127.0.0.2' would send tokens in the clear. {CLEAR}"),
        ("ftp://127.0.0.1", f"base_url 'ftp://127.0.0.1' would send tokens in the clear. {CLEAR}"),
        *(
            (url, f"base_url {shown!r} is not the address of a server. Write it like https://api.imgur.com.")
            for url, shown in [
                ("", ""),
                ("api.imgur.com", "api.imgur.com"),
                ("https://", "https://"),
                ("https:///3", "https:///3"),
                ("https://[::1", "https://[::1"),
                ("https://a.example:port", "https://a.example:port"),
                ("https://a.example:99999", "https://a.example:99999"),
                ("https://a.example/ 3", "https://a.example/ 3"),
                (" https://a.example", " https://a.example"),
                ("https://a.example/?key=s3cret-key", "https://a.example/"),
                ("https://a.example/3?", "https://a.example/3"),
                ("https://a.example/#s3cret-key", "https://a.example/"),
                ("https:fox:s3cret-key@a.example", "…@a.example"),
            ]
        ),
        *(
            (url, "base_url holds a user name or password. Put secrets into .dlt/secrets.toml instead.")
            for url in [
                "https://fox:s3cret-key@a.example",
                "https://s3cret-key@a.example",
                "https://:s3cret-key@a.example",
                "https://@a.example",
                "http://fox:s3cret-key@127.0.0.1?x",
            ]
        ),
    ],
)
def test_base_url__refuses_what_would_give_secrets_away(url: str, message: str) -> None:
    """An address in the clear, of no server, or with a secret in it is refused without repeating it."""
    with pytest.raises(ConfigurationError) as caught:
        checked_base_url(url)

    assert str(caught.value) == message
    assert "s3cret-key" not in str(caught.value)


def some_credentials(**held: str) -> ImgurCredentials:
    credentials = ImgurCredentials()
    for name, value in held.items():
        setattr(credentials, name, value)
    return credentials


def test_credentials__show_what_they_hold_but_no_secret() -> None:
    """A person sees which secrets are set, never one of them, however the value is printed."""
    credentials = some_credentials(**SECRETS)

    shown = "ImgurCredentials(holds client_id, client_secret, refresh_token, access_token, rapidapi_key)"
    assert [repr(credentials), str(credentials), f"{credentials}", repr(copy.copy(credentials))] == [
        shown
    ] * 4
    assert repr(some_credentials(client_id="cid-5f0e2a")) == "ImgurCredentials(holds client_id)"
    assert repr(ImgurCredentials()) == "ImgurCredentials(holds nothing)"


def test_credentials__leave_no_secret_in_the_files_of_a_pipeline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Secrets from the environment reach the source, and no file that dlt writes, its trace included."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(f"SOURCES__IMGUR__CREDENTIALS__{name.upper()}", value)
    received: list[dict[str, str | None]] = []

    @dlt.source(name="imgur", section="imgur")
    def tiny(credentials: ImgurCredentials = dlt.secrets.value) -> Any:
        received.append({name: getattr(credentials, name) for name in SECRETS})
        return dlt.resource([{"id": 1}], name="rows")

    pipeline = dlt.pipeline(
        "secrets_test",
        pipelines_dir=str(tmp_path / "pipelines"),
        destination=dlt.destinations.filesystem(str(tmp_path / "landed")),
        dataset_name="tiny",
    )
    pipeline.run(tiny())

    assert received == [SECRETS]
    files = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert any(path.name == "trace.pickle" for path in files)
    assert [
        (path, name)
        for path, held in files.items()
        for name, value in SECRETS.items()
        if value.encode() in held
    ] == []


def test_settings__tier_caps_name_each_tier_once() -> None:
    """The most credits of a tier are read as a person writes them."""
    caps = some_settings(tier_caps=["backfill@200", " details@0 "]).tier_caps

    assert caps == (("backfill", 200), ("details", 0))


@pytest.mark.parametrize("text", ["backfill", "backfill@", "backfill@-1", "later@3", "hot@1.5", ""])
def test_settings__tier_cap_that_is_none_is_refused(text: str) -> None:
    """What is no tier with a number of credits is said before the first request."""
    with pytest.raises(ConfigurationError, match="like backfill@200"):
        some_settings(tier_caps=[text])


def test_settings__tier_capped_twice_is_refused() -> None:
    """Nobody has to guess which of two caps counts."""
    with pytest.raises(ConfigurationError, match="each tier once"):
        some_settings(tier_caps=["hot@1", "hot@2"])


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"])
def test_settings__report_timezone_is_an_iana_name(zone: str) -> None:
    """Reports tell hours in any zone of the time zone database; without a word in UTC."""
    assert some_settings(report_timezone=zone).report_timezone == zone
    assert some_settings().report_timezone == "UTC"


@pytest.mark.parametrize("zone", ["", "Berlin", "europe/berlin", "+02:00", "localtime", "Europe/Berlin "])
def test_settings__report_timezone_that_is_none_is_refused(zone: str) -> None:
    """What the database of the reports would not know is said before the first request."""
    with pytest.raises(ConfigurationError) as caught:
        some_settings(report_timezone=zone)

    assert str(caught.value) == (
        f"report_timezone is {zone!r}, which is no time zone. "
        "Write the IANA name of one, such as UTC, Europe/Berlin or America/New_York."
    )
