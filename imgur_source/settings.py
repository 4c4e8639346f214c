"""What a person can set, as frozen values with names, units and reasons.

Settings arrive through dlt (``.dlt/config.toml``, ``.dlt/secrets.toml``, the
environment), are checked here once, and are passed down as one value.
Nothing below reads the environment.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import dlt
from dlt.common.configuration import configspec
from dlt.common.configuration.specs import CredentialsConfiguration

from imgur_source.errors import ConfigurationError

IMGUR_URL = "https://api.imgur.com"
RAPIDAPI_URL = "https://imgur-apiv3.p.rapidapi.com"  # commercial use (docs/imgur-api.md: transport)

DEFAULT_ACCOUNTS = ("me",)
DEFAULT_FEED_PAGES = 2  # pages of 60; the front of a ranked list is what people ask about
DEFAULT_REQUEST_TIMEOUT_SECONDS = 30.0  # a busy Imgur answers a whole comment tree in under 20 s
MOST_IN_FLIGHT = 16  # more would look like an attack, and httpx gains nothing from it
MOST_DAYS = 100_000  # a bound for settings that count days or pages, beyond any sense
LONGEST_TIMEOUT_SECONDS = 3_600.0  # an hour; "inf" would hang a run on one request
RETRIES = 3  # attempts after the first one; each costs a credit
RETRY_WAIT = timedelta(seconds=1)  # before the first retry; doubles, with jitter
RETRY_WAIT_LONGEST = timedelta(seconds=30)
HOUR_CREDITS = 500  # of a user, until a reply says otherwise (docs/imgur-api.md: credits)
HOUR_POSTS = 1_250  # POST requests of an address, token refreshes among them (docs/imgur-api.md: credits)
STRIKES_TO_ACCEPT = 3  # used-up days of a month from which on a person must accept the risk
STRIKES_DENIED = 4  # from which on nothing is asked: the fifth blocks the application for the month
DAY_FLOOR_CREDITS = 250  # the day is never taken below this, nor below
DAY_FLOOR_SHARE = 0.02  # this share of its limit: five empty days block the application for a month
PER_PAGE_ASKED = 100  # account lists only; documented most, halves their price where honoured
DAY_CREDITS = 12_500  # of an application, until a reply says otherwise (docs/imgur-api.md: credits)
DEFAULT_SWEEP_SHARE = 0.05  # of the day's credits: a list that costs no more is read whole each run
DEFAULT_MAX_IN_FLIGHT = 4  # requests of one scan under way at once: most of a page's time is waiting
DEFAULT_GREATEST_AGE_DAYS = 30  # after that a stored page, or an album's images, are read again in any case
DEFAULT_PROOF_PAGES = 10  # a scan this long proves itself, for 3 credits; a shorter one is cheaper reread
DEFAULT_REPORT_TIMEZONE = "UTC"  # hours and weekdays of reports; days are UTC days everywhere
OWN_TIMEZONE = "localtime"  # the machine's, which some systems list among the zones and DuckDB does not know
LOOKS_A_NIGHT = 5  # direct looks at items that unproved scans no longer showed, 1 credit each
BATCH_ROWS = 10_000  # rows that travel together: large enough for speed, small enough for memory

TIERS = ("front", "hot", "details", "cold", "backfill")  # of a run's credits (docs/decisions/planning.md)

PostDetails = Literal["own", "all"]

_LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
_ACCOUNT_NAME = re.compile(r"(?!\.+$)[A-Za-z0-9_.-]{1,63}")  # dots alone would climb in the path


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


@dataclass(frozen=True, slots=True)
class Feed:
    """A gallery list to sample: ``hot/viral``, ``top/top/week``, ``t/cats``, ``r/aww``, ``search/dog``.

    Attributes:
        name: as configured, without ``@N``; the value of the ``feed`` column.
        kind: which of Imgur's list endpoints serves it.
        subject: the section, tag, subreddit or query.
        sort, window: as Imgur names them; the window counts only where the sort is ``top``.
        pages: how many pages to read, 1 credit each.
    """

    name: str
    kind: Literal["section", "tag", "subreddit", "search"]
    subject: str
    sort: str
    window: str
    pages: int

    @classmethod
    def parse(cls, text: str, *, pages: int = DEFAULT_FEED_PAGES) -> Feed:
        """Read a feed as a person writes it.

        Raises:
            ConfigurationError: with what is wrong and what would be right.
        """
        name, at, count = text.strip().rpartition("@")
        if at and count.isdecimal():
            pages = int(count)
        else:
            name = text.strip()
        if pages < 1:
            raise ConfigurationError(f"Feed {text!r} has no page to read. Write @1 or more after its name.")
        head, _, rest = name.partition("/")
        shape = _SECTION if head in _SECTION_SORTS else _FEED_SHAPES.get(head)
        if shape is None:
            raise ConfigurationError(
                f"Feed {text!r} starts with {head!r}. "
                "It must be hot, top or user, or t/<tag>, r/<subreddit>, search/<query>."
            )
        subject, tail = (head, rest) if shape.kind == "section" else _split_subject(rest, shape)
        sort, _, window = tail.partition("/")
        sorts = _SECTION_SORTS[subject] if shape.kind == "section" else shape.sorts
        sort = sort or shape.default_sort
        if subject in ("", ".", "..") or sort not in sorts:  # dots would climb in the path
            raise ConfigurationError(
                f"Feed {text!r} cannot be read. After {head}{'/<name>' if shape.kind != 'section' else ''} "
                f"one of {', '.join(sorts)} may follow."
            )
        window_counts = subject == "top" if shape.kind == "section" else sort == "top"
        if window and (not window_counts or window not in WINDOWS):
            raise ConfigurationError(
                f"Feed {text!r} has a window, {window!r}, that Imgur does not know there. "
                f"Only {'the top section' if shape.kind == 'section' else 'the sort top'} has one: "
                f"{', '.join(WINDOWS)}."
            )
        return cls(
            name=name,
            kind=shape.kind,
            subject=subject,
            sort=sort,
            window=window or shape.default_window,
            pages=pages,
        )


WINDOWS = ("day", "week", "month", "year", "all")
_SECTION_SORTS = {  # docs/imgur-api.md: gallery
    "hot": ("viral", "top", "time"),
    "top": ("viral", "top", "time"),
    "user": ("viral", "top", "time", "rising"),
}


@dataclass(frozen=True, slots=True)
class _FeedShape:
    kind: Literal["section", "tag", "subreddit", "search"]
    sorts: tuple[str, ...]
    default_sort: str
    default_window: str


_SECTION = _FeedShape("section", (), "viral", "day")
_FEED_SHAPES = {
    "t": _FeedShape("tag", ("viral", "top", "time"), "viral", "week"),
    "r": _FeedShape("subreddit", ("time", "top"), "time", "week"),
    "search": _FeedShape("search", ("time", "viral", "top"), "time", "all"),
}


def _split_subject(rest: str, shape: _FeedShape) -> tuple[str, str]:
    """Split ``cats/top/week`` from its right: a query may itself hold a slash."""
    parts = rest.split("/")
    for length in (2, 1):
        if len(parts) > length and parts[-length] in shape.sorts:
            return "/".join(parts[:-length]), "/".join(parts[-length:])
    if shape.kind == "search" or len(parts) == 1:
        return rest, ""
    return parts[0], "/".join(parts[1:])


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a run needs to know, checked."""

    accounts: tuple[str, ...] = DEFAULT_ACCOUNTS
    feeds: tuple[Feed, ...] = ()
    base_url: str = IMGUR_URL
    post_details: PostDetails = "own"
    max_credits: int | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    sweep_share: float = DEFAULT_SWEEP_SHARE
    max_in_flight: int = DEFAULT_MAX_IN_FLIGHT
    greatest_age_days: int = DEFAULT_GREATEST_AGE_DAYS
    proof_pages: int = DEFAULT_PROOF_PAGES
    tier_caps: tuple[tuple[str, int], ...] = ()
    request_timeout_seconds: float = DEFAULT_REQUEST_TIMEOUT_SECONDS
    report_timezone: str = DEFAULT_REPORT_TIMEZONE
    state_dir: Path = field(default_factory=lambda: default_state_dir())
    accept_strike_risk: bool = False

    @classmethod
    def checked(
        cls,
        *,
        accounts: Sequence[str],
        feeds: Sequence[str],
        feed_pages: int,
        base_url: str | None,
        post_details: str,
        max_credits: int | None,
        request_timeout_seconds: float,
        state_dir: str | Path | None,
        start_date: str | date | None = None,
        end_date: str | date | None = None,
        sweep_share: float = DEFAULT_SWEEP_SHARE,
        max_in_flight: int = DEFAULT_MAX_IN_FLIGHT,
        greatest_age_days: int = DEFAULT_GREATEST_AGE_DAYS,
        proof_pages: int = DEFAULT_PROOF_PAGES,
        tier_caps: Sequence[str] = (),
        report_timezone: str = DEFAULT_REPORT_TIMEZONE,
        accept_strike_risk: bool = False,
        has_rapidapi_key: bool = False,
    ) -> Settings:
        """Turn loose values into settings.

        Raises:
            ConfigurationError: before the first request, naming the value.
        """
        if isinstance(accounts, str) or isinstance(feeds, str) or isinstance(tier_caps, str):
            raise ConfigurationError(
                'accounts, feeds and tier_caps are lists: write accounts = ["me"], not accounts = "me".'
            )
        if not all(isinstance(feed, str) for feed in feeds):
            raise ConfigurationError("feeds holds something that is not a name in quotes. Remove it.")
        for account in accounts:
            if not isinstance(account, str) or not _ACCOUNT_NAME.fullmatch(account):
                raise ConfigurationError(
                    f"{account!r} is not an account name. Use the name in imgur.com/user/<name>, or me."
                )
        if post_details not in ("own", "all"):
            raise ConfigurationError(f'post_details is {post_details!r}. It must be "own" or "all".')
        if max_credits is not None and max_credits < 0:
            raise ConfigurationError(f"max_credits is {max_credits}. It must be 0 or more.")
        if not 0 < request_timeout_seconds <= LONGEST_TIMEOUT_SECONDS:
            raise ConfigurationError(
                f"request_timeout_seconds is {request_timeout_seconds}. "
                f"It must be more than 0, and {LONGEST_TIMEOUT_SECONDS:.0f} at most."
            )
        first, last = _instant("start_date", start_date), _instant("end_date", end_date)
        if first and last and first >= last:
            raise ConfigurationError(f"start_date {first:%Y-%m-%d} is not before end_date {last:%Y-%m-%d}.")
        if not 0 <= sweep_share <= 1:
            raise ConfigurationError(
                f"sweep_share is {sweep_share}. It is a share of the day's credits, from 0 to 1."
            )
        for name, number, most in (
            ("max_in_flight", max_in_flight, MOST_IN_FLIGHT),
            ("greatest_age_days", greatest_age_days, MOST_DAYS),
            ("proof_pages", proof_pages, MOST_DAYS),
        ):
            if not 1 <= number <= most:
                raise ConfigurationError(f"{name} is {number}. It must be from 1 to {most}.")
        if report_timezone not in available_timezones() - {OWN_TIMEZONE}:
            raise ConfigurationError(
                f"report_timezone is {report_timezone!r}, which is no time zone. "
                "Write the IANA name of one, such as UTC, Europe/Berlin or America/New_York."
            )
        parsed = tuple(Feed.parse(text, pages=feed_pages) for text in feeds)
        names = [feed.name for feed in parsed]
        for name in names:
            if names.count(name) > 1:
                raise ConfigurationError(f"Feed {name!r} is there twice. Remove one of the two.")
        return cls(
            accounts=tuple(dict.fromkeys(accounts)),
            feeds=parsed,
            base_url=checked_base_url(base_url or (RAPIDAPI_URL if has_rapidapi_key else IMGUR_URL)),
            post_details="all" if post_details == "all" else "own",
            max_credits=max_credits,
            start_date=first,
            end_date=last,
            sweep_share=float(sweep_share),
            max_in_flight=max_in_flight,
            greatest_age_days=greatest_age_days,
            proof_pages=proof_pages,
            tier_caps=_tier_caps(tier_caps),
            request_timeout_seconds=float(request_timeout_seconds),
            report_timezone=report_timezone,
            state_dir=Path(state_dir).expanduser() if state_dir else default_state_dir(),
            accept_strike_risk=accept_strike_risk,
        )


def _tier_caps(texts: Sequence[str]) -> tuple[tuple[str, int], ...]:
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
    return tuple(caps.items())


def _instant(name: str, value: str | date | None) -> datetime | None:
    """The start of a day, or an instant, in UTC.

    Raises:
        ConfigurationError: when it is neither.
    """
    if value is None or value == "":
        return None
    try:
        at = datetime.fromisoformat(value if isinstance(value, str) else value.isoformat())
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
