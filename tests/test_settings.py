"""What a person can set: every right way to say it, and what every wrong one is told."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import dlt
import pytest

from imgur_source.errors import ConfigurationError
from imgur_source.settings import IMGUR_URL, RAPIDAPI_URL, ImgurCredentials, Settings, checked_base_url
from imgur_source.source import imgur

SECRETS = {
    "client_id": "cid-5f0e2a",
    "client_secret": "csec-91b7c3",
    "refresh_token": "rtok-d44e08",
    "access_token": "atok-77a1f9",
    "rapidapi_key": "rkey-2c6b55",
}


def some_settings(**changes: Any) -> Settings:
    return Settings.of(**{"state_dir": "/somewhere/state", **changes})


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

    assert settings.accounts == ["me", "marmalade_fox"]
    assert settings.feeds == ["hot/viral", "t/cats@5"]
    assert settings.feed_pages == 3
    assert settings.base_url == "http://127.0.0.1:8099"
    assert settings.post_details == "all"
    assert settings.max_credits == 0
    assert settings.request_timeout_seconds == 5.0
    assert settings.state_path == Path.home() / "imgur-state"


def test_checked__nothing_set_means_imgur_and_the_own_account(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without a word from anybody the own account is read, from Imgur, and the usual directory used."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    settings = Settings.of()

    assert (settings.accounts, settings.feeds) == (["me"], [])
    assert settings.base_url == "https://api.imgur.com"
    assert settings.max_credits is None
    assert (settings.wanted_from, settings.wanted_until) == (None, None)
    assert settings.state_path == tmp_path / "imgur_source"


def test_checked__state_dir_without_xdg(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no state directory is named, it is the usual one below the home."""
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)

    assert some_settings(state_dir="").state_path == Path.home() / ".local" / "state" / "imgur_source"


def test_checked__a_rapidapi_key_leads_to_the_gateway() -> None:
    """With a key of the gateway the gateway is asked, unless another server is named."""
    with_key = ImgurCredentials(rapidapi_key="rkey-2c6b55")

    assert some_settings(credentials=with_key).base_url == RAPIDAPI_URL
    assert some_settings().base_url == IMGUR_URL
    assert some_settings(credentials=with_key, base_url="https://a.example").base_url == "https://a.example"


LISTS = (
    "The setting {} cannot be read. Lists are written with brackets and quotes, "
    'like accounts = ["me"]; .dlt/config.toml shows all settings.'
)
NAME = "is not an account name. Use the name in imgur.com/user/<name>, or me."
SECONDS = "It must be more than 0, and 3600 at most."


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"accounts": "me"}, LISTS.format("accounts")),
        ({"feeds": "hot/viral"}, LISTS.format("feeds")),
        ({"accounts": ["me", "marmalade fox"]}, f"'marmalade fox' {NAME}"),
        ({"accounts": [""]}, f"'' {NAME}"),
        ({"accounts": ["me/images"]}, f"'me/images' {NAME}"),
        ({"accounts": [".."]}, f"'..' {NAME}"),
        ({"accounts": ["fox\n"]}, f"'fox\\n' {NAME}"),
        ({"accounts": ["f" * 64]}, f"'{'f' * 64}' {NAME}"),
        ({"accounts": [48215]}, f"48215 {NAME}"),
        ({"post_details": "none"}, 'post_details is \'none\'. It must be "own" or "all".'),
        ({"max_credits": -1}, "max_credits is -1. It must be 0 or more."),
        ({"request_timeout_seconds": 0}, f"request_timeout_seconds is 0.0. {SECONDS}"),
        ({"request_timeout_seconds": -3.5}, f"request_timeout_seconds is -3.5. {SECONDS}"),
        ({"request_timeout_seconds": float("nan")}, f"request_timeout_seconds is nan. {SECONDS}"),
        ({"request_timeout_seconds": float("inf")}, f"request_timeout_seconds is inf. {SECONDS}"),
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
    assert some_settings(accounts=[account]).accounts == [account]


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
    caps = some_settings(tier_caps=["backfill@200", " details@0 "]).tier_limits

    assert caps == {"backfill": 200, "details": 0}


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


def test_configured__takes_values_then_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is given wins over what is configured, and None means that nothing is given."""
    monkeypatch.setenv("SOURCES__IMGUR__FEED_PAGES", "7")
    monkeypatch.setenv("SOURCES__IMGUR__FEEDS", '["hot/viral"]')

    settings = Settings.configured(feeds=("t/cats",), feed_pages=None)

    assert (settings.feeds, settings.feed_pages) == (["t/cats"], 7)


@pytest.mark.parametrize("section", ["SOURCES__TEAM", "NAMED__SOURCES__IMGUR"])
def test_configured__follows_a_clone_and_a_pipeline(
    section: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A source that is cloned into a section, and one of a named pipeline, have settings of their own."""
    monkeypatch.setenv(f"{section}__ACCOUNTS", '["two words"]')
    dlt.pipeline("named", pipelines_dir=str(tmp_path)).activate()
    source = imgur.clone(section="team") if "TEAM" in section else imgur

    with pytest.raises(ConfigurationError, match="'two words' is not an account name"):
        source()


def test_configured__refuses_a_setting_that_there_is_not() -> None:
    """A name that is spelled wrong is told, and not taken for nothing."""
    with pytest.raises(ConfigurationError, match=r"There is no setting acounts\. There are: .*accounts"):
        Settings.configured(acounts=["me"])


@pytest.mark.parametrize("value", ["many", 2.5, [1]])
def test_configured__refuses_a_value_of_another_kind(value: object) -> None:
    """A number is a number, wherever it comes from."""
    with pytest.raises(ConfigurationError, match="The setting feed_pages cannot be read"):
        Settings.configured(feed_pages=value)
