"""What a person can set, and the constants that are not for a single module, with units and reasons.

Settings arrive through dlt (``.dlt/config.toml``, ``.dlt/secrets.toml``, the
environment), are checked here once, and are passed down as one value.
Nothing below reads the environment.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import dlt
from dlt.common.configuration import configspec, resolve_configuration
from dlt.common.configuration.container import Container
from dlt.common.configuration.exceptions import ConfigValueCannotBeCoercedException
from dlt.common.configuration.specs import (
    BaseConfiguration,
    ConfigSectionContext,
    CredentialsConfiguration,
    extract_inner_hint,
)
from dlt.common.configuration.utils import deserialize_value
from dlt.common.exceptions import DltException

from imgur_source.errors import ConfigurationError

IMGUR_URL = "https://api.imgur.com"
RAPIDAPI_URL = "https://imgur-apiv3.p.rapidapi.com"  # commercial use (docs/imgur-api.md: transport)

MOST_IN_FLIGHT = 16  # more would look like an attack, and httpx gains nothing from it
MOST_DAYS = 100_000  # a bound for settings that count days or pages, beyond any sense
LONGEST_TIMEOUT_SECONDS = 3_600.0  # an hour; "inf" would hang a run on one request
RETRIES = 3  # attempts after the first one; each costs a credit
RETRY_WAIT = timedelta(seconds=1)  # before the first retry; doubles, with jitter
RETRY_WAIT_LONGEST = timedelta(seconds=30)
HOUR_CREDITS = 500  # of a user, until a reply says otherwise (docs/imgur-api.md: credits)
HOUR_POST_REQUESTS = (
    1_250  # POST requests of an address, token refreshes among them (docs/imgur-api.md: credits)
)
STRIKES_TO_ACCEPT = 3  # used-up days of a month from which on a person must accept the risk
STRIKES_DENIED = 4  # from which on nothing is asked: the fifth blocks the application for the month
DAY_FLOOR_CREDITS = 250  # the day is never taken below this, nor below
DAY_FLOOR_SHARE = 0.02  # this share of its limit: five empty days block the application for a month
PER_PAGE_ASKED = 100  # account lists only; documented most, halves their price where honoured
DAY_CREDITS = 12_500  # of an application, until a reply says otherwise (docs/imgur-api.md: credits)
OWN_TIMEZONE = "localtime"  # the machine's, which some systems list among the zones and DuckDB does not know
LOOKUPS_A_RUN = 5  # direct lookups of items that unproved scans no longer showed, 1 credit each
BATCH_ROWS = 10_000  # rows that travel together: large enough for speed, small enough for memory

TIERS = ("front", "hot", "details", "cold", "backfill")  # of a run's credits (docs/decisions/planning.md)

_LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
_ACCOUNT_NAME = re.compile(r"(?!\.+$)[A-Za-z0-9_.-]{1,63}")  # dots alone would climb in the path
_SECTIONS = ("sources", "imgur")  # where dlt looks for them: [sources.imgur]


@configspec
class ImgurCredentials(CredentialsConfiguration):
    """``[sources.imgur.credentials]``. Every field is typed as a secret: dlt
    writes an ``Optional[str]`` into ``trace.pickle`` in the clear."""

    client_id: dlt.TSecretStrValue | None = None
    client_secret: dlt.TSecretStrValue | None = None
    refresh_token: dlt.TSecretStrValue | None = None
    access_token: dlt.TSecretStrValue | None = None
    rapidapi_key: dlt.TSecretStrValue | None = None

    def __repr__(self) -> str:
        held = [
            name
            for name in ("client_id", "client_secret", "refresh_token", "access_token", "rapidapi_key")
            if getattr(self, name)
        ]
        return f"ImgurCredentials(holds {', '.join(held) or 'nothing'})"

    __str__ = __repr__


@configspec
class Settings(BaseConfiguration):
    """``[sources.imgur]``: each setting with its type and its default, once; checked when it is made.

    Attributes:
        accounts: names of accounts; ``me`` is the one that is logged in.
        feeds: gallery lists such as ``hot/viral``, ``top/top/week``, ``t/cats``,
            ``r/aww``, ``search/dog``; ``@N`` at the end sets how many pages.
        feed_pages: pages of a feed without ``@N``, 1 credit each.
        post_details: whose comment trees and full media are fetched: ``own``
            (posts of the accounts) or ``all`` (those of the feeds too).
        max_credits: credits that the run may spend at most; None for no limit of its own.
        start_date: the day (UTC) or instant from which on items are wanted; empty for all there are.
        end_date: only items up to then are read in this run, found without reading what is newer.
        sweep_share: a list that costs at most this share of the day's credits is read whole each run.
        max_in_flight: requests of one scan under way at once.
        greatest_age_days: after so many days stored pages of dearer lists, and albums' images, are read anew.
        proof_pages: a scan this long proves by the list's count that it skipped nothing, for 3 credits.
        tier_caps: the most credits that the plan of a run gives to a tier, such as ``backfill@200``.
        report_timezone: IANA name of the zone in which reports tell hours; no loaded row depends on it.
        base_url: the server, without a path; https, or http on loopback. Empty for Imgur's, or for the
            gateway's where there is a ``rapidapi_key``.
        request_timeout_seconds: how long one request may take to connect, and between bytes.
        state_dir: where login and ledger of the application lie; empty for the user's state directory.
        accept_strike_risk: go on in a month in which the application's day was used up three times.
        credentials: at least a client id.
    """

    accounts: list[str] = field(default_factory=lambda: ["me"])
    feeds: list[str] = field(default_factory=list)
    feed_pages: int = 2  # pages of 60; the front of a ranked list is what people ask about
    post_details: str = "own"
    max_credits: int | None = None
    start_date: str = ""
    end_date: str = ""
    sweep_share: float = 0.05
    max_in_flight: int = 4  # most of a page's time is waiting
    greatest_age_days: int = 30
    proof_pages: int = 10  # a shorter list is cheaper read again than proved
    tier_caps: list[str] = field(default_factory=list)
    report_timezone: str = "UTC"
    base_url: str = ""
    request_timeout_seconds: float = 30.0  # a busy Imgur answers a whole comment tree in under 20 s
    state_dir: str = ""
    accept_strike_risk: bool = False
    credentials: ImgurCredentials = field(default_factory=ImgurCredentials)

    @classmethod
    def of(cls, **values: Any) -> Settings:
        """Settings of these *values* and of defaults; no configuration is read.

        Raises:
            ConfigurationError: one of them cannot be used.
        """
        settings = cls(**_typed(values))
        settings.resolve()
        return settings

    @classmethod
    def configured(cls, **values: Any) -> Settings:
        """Settings as dlt finds them: *values*, then the environment, then ``.dlt/*.toml``.

        A source that was cloned into a section of its own has its settings there.

        Raises:
            ConfigurationError: one of them cannot be used; before the first request.
        """
        try:
            sections = Container()[ConfigSectionContext].sections or _SECTIONS
            return resolve_configuration(cls(), sections=sections, explicit_value=_typed(values))
        except ConfigValueCannotBeCoercedException as error:
            raise _unreadable(error.field_name) from error
        except DltException as error:  # not quoted: it may hold a line of secrets.toml
            raise ConfigurationError(
                f"The configuration cannot be read ({type(error).__name__}). "
                "Check .dlt/secrets.toml and .dlt/config.toml."
            ) from error

    def on_resolved(self) -> None:
        """Check every value, and give each one spelling.

        Raises:
            ConfigurationError: naming the setting.
        """
        for account in self.accounts:
            if not isinstance(account, str) or not _ACCOUNT_NAME.fullmatch(account):
                raise ConfigurationError(
                    f"{account!r} is not an account name. Use the name in imgur.com/user/<name>, or me."
                )
        self.accounts = list(dict.fromkeys(self.accounts))
        if not all(isinstance(feed, str) for feed in self.feeds):
            raise ConfigurationError("feeds holds something that is not a name in quotes. Remove it.")
        if self.post_details not in ("own", "all"):
            raise ConfigurationError(f'post_details is {self.post_details!r}. It must be "own" or "all".')
        if self.max_credits is not None and self.max_credits < 0:
            raise ConfigurationError(f"max_credits is {self.max_credits}. It must be 0 or more.")
        if not 0 < self.request_timeout_seconds <= LONGEST_TIMEOUT_SECONDS:
            raise ConfigurationError(
                f"request_timeout_seconds is {self.request_timeout_seconds}. "
                f"It must be more than 0, and {LONGEST_TIMEOUT_SECONDS:.0f} at most."
            )
        if not 0 <= self.sweep_share <= 1:
            raise ConfigurationError(
                f"sweep_share is {self.sweep_share}. It is a share of the day's credits, from 0 to 1."
            )
        for name, most in (
            ("max_in_flight", MOST_IN_FLIGHT), ("greatest_age_days", MOST_DAYS), ("proof_pages", MOST_DAYS),
        ):  # fmt: skip
            if not 1 <= getattr(self, name) <= most:
                raise ConfigurationError(f"{name} is {getattr(self, name)}. It must be from 1 to {most}.")
        if self.report_timezone not in available_timezones() - {OWN_TIMEZONE}:
            raise ConfigurationError(
                f"report_timezone is {self.report_timezone!r}, which is no time zone. "
                "Write the IANA name of one, such as UTC, Europe/Berlin or America/New_York."
            )
        first, last = self.wanted_from, self.wanted_until
        if first and last and first >= last:
            raise ConfigurationError(f"start_date {first:%Y-%m-%d} is not before end_date {last:%Y-%m-%d}.")
        _ = self.tier_limits
        usual = RAPIDAPI_URL if self.credentials.rapidapi_key else IMGUR_URL
        self.base_url = checked_base_url(self.base_url or usual)

    @property
    def wanted_from(self) -> datetime | None:
        """The instant from which on items are wanted, UTC; None for all there are."""
        return _instant("start_date", self.start_date)

    @property
    def wanted_until(self) -> datetime | None:
        """The instant up to which items are wanted, UTC; None for all there are."""
        return _instant("end_date", self.end_date)

    @property
    def tier_limits(self) -> dict[str, int]:
        """The most credits of each tier that has a cap."""
        return _tier_limits(self.tier_caps)

    @property
    def state_path(self) -> Path:
        """The folder of login and ledger."""
        return Path(self.state_dir).expanduser() if self.state_dir else default_state_dir()


def _typed(values: Mapping[str, Any]) -> dict[str, Any]:
    """*values* with the types that they have in the configuration.

    None stands for a setting's default.

    Raises:
        ConfigurationError: there is no such setting, or its value is of another kind.
    """
    hints = Settings.get_resolvable_fields()
    typed: dict[str, Any] = {}
    for name, value in values.items():
        if name not in hints:
            raise ConfigurationError(f"There is no setting {name}. There are: {', '.join(sorted(hints))}.")
        if value is None:
            continue
        if isinstance(value, date):
            value = value.isoformat()
        elif isinstance(value, Path):
            value = str(value)
        try:
            if hints[name] is ImgurCredentials:
                typed[name] = value
            elif hints[name] == list[str]:
                if isinstance(value, str) or not isinstance(value, Iterable):
                    raise _unreadable(name)
                typed[name] = list(value)
            else:
                typed[name] = deserialize_value(name, value, extract_inner_hint(hints[name]))
        except ConfigValueCannotBeCoercedException as error:
            raise _unreadable(name) from error
    return typed


def _unreadable(name: str) -> ConfigurationError:
    return ConfigurationError(
        f"The setting {name} cannot be read. Lists are written with brackets and quotes, "
        'like accounts = ["me"]; .dlt/config.toml shows all settings.'
    )


def _tier_limits(texts: Sequence[str]) -> dict[str, int]:
    """Tiers and the most credits of each, from words like ``backfill@200``.

    Raises:
        ConfigurationError: when one of them is something else.
    """
    caps: dict[str, int] = {}
    for text in texts:
        tier, _, credits = str(text).strip().partition("@")
        if tier not in TIERS or not credits.isdecimal() or tier in caps:
            raise ConfigurationError(
                f"tier_caps holds {text!r}. Write each tier once, with its credits, like backfill@200; "
                f"the tiers are {', '.join(TIERS)}."
            )
        caps[tier] = int(credits)
    return caps


def _instant(name: str, value: str) -> datetime | None:
    """The start of a day, or an instant, in UTC.

    Raises:
        ConfigurationError: when it is neither.
    """
    if not value:
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError as error:
        raise ConfigurationError(
            f"{name} is {value!r}. Write a day like 2024-01-31, or an instant like 2024-01-31T12:00:00+00:00."
        ) from error
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def checked_base_url(url: str) -> str:
    """Return *url* without a trailing slash or ``/3``.

    Raises:
        ConfigurationError: unless it is https, or http on loopback; or if it holds a password.
    """
    not_a_server = ConfigurationError(
        f"base_url {_without_secrets(url)!r} is not the address of a server. Write it like {IMGUR_URL}."
    )
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise not_a_server from error
    if "@" in parts.netloc:
        raise ConfigurationError(
            "base_url holds a user name or password. Put secrets into .dlt/secrets.toml instead."
        )
    if "?" in url or "#" in url or not host or any(letter.isspace() for letter in url):
        raise not_a_server
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK_HOSTS):
        raise ConfigurationError(
            f"base_url {_without_secrets(url)!r} would send tokens in the clear. "
            "Use https; http is allowed for 127.0.0.1 and localhost only."
        )
    return url.rstrip("/").removesuffix("/3").rstrip("/")


def _without_secrets(url: str) -> str:
    """*url* for a message: without what may be a password or a key."""
    return re.sub(r"[^/]*@", "…@", re.sub(r"[?#].*", "", url, flags=re.DOTALL))


def default_state_dir() -> Path:
    """Where vault and ledger of an application lie: the user's state directory."""
    base = os.environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    return Path(base) / "imgur_source"
