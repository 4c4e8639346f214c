"""The tree of errors: who is caught with whom, and what a person reads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from imgur_source import errors
from imgur_source.errors import (
    AllowanceSpentError,
    ApplicationRefusedError,
    BlockedAddressError,
    BlockedRegionError,
    ConfigurationError,
    CreditsExhaustedError,
    DaySpentError,
    DeadlineError,
    GatewayLimitError,
    GatewayRefusedError,
    HourSpentError,
    ImgurError,
    LoginExpiredError,
    NotFoundError,
    OverCapacityError,
    PostRequestsSpentError,
    PrivateError,
    RefusedError,
    ReplayEndedError,
    SetupError,
    StoppedError,
    TransientError,
    UnknownLimitError,
    WireShapeError,
)

TREE = {
    SetupError: ImgurError,
    ConfigurationError: SetupError,
    LoginExpiredError: SetupError,
    ApplicationRefusedError: SetupError,
    GatewayRefusedError: SetupError,
    BlockedRegionError: SetupError,
    BlockedAddressError: SetupError,
    CreditsExhaustedError: ImgurError,
    HourSpentError: CreditsExhaustedError,
    DaySpentError: CreditsExhaustedError,
    PostRequestsSpentError: CreditsExhaustedError,
    GatewayLimitError: CreditsExhaustedError,
    UnknownLimitError: CreditsExhaustedError,
    OverCapacityError: CreditsExhaustedError,
    StoppedError: ImgurError,
    DeadlineError: StoppedError,
    AllowanceSpentError: ImgurError,
    ReplayEndedError: ImgurError,
    TransientError: ImgurError,
    NotFoundError: ImgurError,
    PrivateError: ImgurError,
    RefusedError: ImgurError,
    WireShapeError: ImgurError,
}

MESSAGES: list[tuple[ImgurError, str]] = [
    (
        LoginExpiredError("there is no refresh token"),
        "The Imgur login no longer works (there is no refresh token). Run: python pipelines/login.py",
    ),
    (
        ApplicationRefusedError("Invalid client_id"),
        "Imgur refused the application (Invalid client_id). Check client_id in .dlt/secrets.toml "
        "under [sources.imgur.credentials]; an id that was bundled with a public tool may be revoked.",
    ),
    (
        GatewayRefusedError("You are not subscribed to this API."),
        "The commercial gateway refused the request (You are not subscribed to this API.). "
        "Check rapidapi_key in .dlt/secrets.toml under [sources.imgur.credentials], "
        "and that its plan holds Imgur's API.",
    ),
    (
        BlockedRegionError("Banned country attempt (XX)"),
        "Imgur refuses requests from this country (Banned country attempt (XX)). "
        "It is about the place, not about the request: run from a network in another one.",
    ),
    (
        BlockedAddressError("These actions are forbidden."),
        "Imgur's content network refuses requests from this address (These actions are forbidden.). "
        "It is about the address, not about the request: run from another network, without a VPN.",
    ),
    (
        CreditsExhaustedError("the hour is used up"),
        "No further request in this run: the hour is used up. What was read is kept.",
    ),
    (
        OverCapacityError(),
        'No further request in this run: Imgur answered "over capacity", its hidden limit per address; '
        "wait at least ten minutes, often an hour, before the next run. What was read is kept.",
    ),
    (
        OverCapacityError().returning(datetime(2026, 11, 9, 3, 10, tzinfo=UTC)),
        'No further request for now: Imgur answered "over capacity", its hidden limit per address; '
        "wait until 03:10 UTC. What was read is kept.",
    ),
    (
        HourSpentError("Imgur says the hour is used up for this address"),
        "No further request in this run: Imgur says the hour is used up for this address. "
        "What was read is kept.",
    ),
    (
        DaySpentError("Imgur says the application's day is used up"),
        "No further request in this run: Imgur says the application's day is used up. "
        "What was read is kept. Something else spends under this client id, "
        "or the limit has changed: look at python pipelines/sync.py --status",
    ),
    (
        PostRequestsSpentError("Imgur says the hour's POST requests are used up for this address"),
        "No further request in this run: Imgur says the hour's POST requests are used up for this address. "
        "What was read is kept.",
    ),
    (
        GatewayLimitError("the commercial gateway answered 429, too much"),
        "No further request in this run: the commercial gateway answered 429, too much. "
        "What was read is kept. If it lasts, look at the limits of your plan at the gateway.",
    ),
    (
        UnknownLimitError("Imgur answered 429, too many requests"),
        "No further request in this run: Imgur answered 429, too many requests. What was read is kept.",
    ),
    (StoppedError(), "Stopped on request. What was read is kept."),
    (DeadlineError(), "The deadline has come. What was read is kept."),
    (
        AllowanceSpentError(),
        "No further request for this list: what the plan grants it in this run is spent.",
    ),
    (
        ReplayEndedError("account_images"),
        "account_images: the journal holds no further reply. The rest has to be asked for.",
    ),
    (
        TransientError("account_images", "no answer in time"),
        "account_images: no answer in time (1 attempt). "
        "Usually passes by itself; the next run reads it again.",
    ),
    (
        TransientError("account_images", "no answer in time", attempts=4),
        "account_images: no answer in time (4 attempts). "
        "Usually passes by itself; the next run reads it again.",
    ),
    (NotFoundError("album", "Not Found"), "album: not found (Not Found)."),
    (
        PrivateError("account_favorites", "Unauthorized"),
        "account_favorites: not shown to this login (Unauthorized).",
    ),
    (
        RefusedError("gallery", 409, "Not following tag"),
        "gallery: refused with status 409 (Not following tag).",
    ),
    (
        WireShapeError("gallery", "a list was expected, a text came"),
        "gallery: a reply of an unknown shape (a list was expected, a text came). "
        "Imgur may have changed: please report it with the endpoint's name.",
    ),
]


def every_error(root: type[ImgurError] = ImgurError) -> Iterator[type[ImgurError]]:
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child
            yield from every_error(child)


def test_tree__sorts_errors_by_what_happens_next() -> None:
    """Every error of the package has the parent by which the next step is chosen, and no other parent."""
    assert {error: error.__bases__ for error in every_error()} == {
        error: (parent,) for error, parent in TREE.items()
    }


@pytest.mark.parametrize(
    ("error", "message"), MESSAGES, ids=lambda value: type(value).__name__ if value is not str else None
)
def test_message__says_what_happened_and_what_to_do(error: ImgurError, message: str) -> None:
    """A person reads the reason and, where something can be done, what to do."""
    assert str(error) == message


def test_facts__are_kept_as_attributes() -> None:
    """A program reads the facts of an error from its attributes, not from its words."""
    transient = TransientError("album_images", "the connection failed", attempts=3)
    refused = RefusedError("album_images", 409, "no")

    assert (transient.endpoint, transient.reason, transient.attempts) == (
        "album_images",
        "the connection failed",
        3,
    )
    assert (refused.endpoint, refused.status, refused.reason) == ("album_images", 409, "no")
    assert [NotFoundError("a", "b").endpoint, PrivateError("a", "b").endpoint] == ["a", "a"]
    assert ReplayEndedError("gallery").endpoint == "gallery"
    assert WireShapeError("gallery", "no list").reason == "no list"
    assert LoginExpiredError("dead").reason == "dead"
    assert ApplicationRefusedError("revoked").reason == "revoked"
    assert BlockedRegionError("forbidden").reason == "forbidden"
    assert CreditsExhaustedError("spent").reason == "spent"
