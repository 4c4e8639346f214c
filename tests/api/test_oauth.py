"""Answers of the token endpoint: the tokens in them, or what happens next."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from imgur_source.api.oauth import read_token_reply
from imgur_source.api.token_store import Tokens
from imgur_source.errors import (
    ApplicationRefusedError,
    BlockedAddressError,
    ImgurError,
    LoginExpiredError,
    OverCapacityError,
    PostRequestsSpentError,
    TransientError,
    UnknownLimitError,
)

NOW = datetime(2026, 11, 9, 3, 0, tzinfo=UTC)
BEFORE = Tokens(
    access_token="access-1",
    refresh_token="refresh-1",
    expires_at=NOW,
    username="marmalade_fox",
    account_id=48215,
    descends_from="origin",
)


def read_tokens(reply: dict[str, Any], *, before: Tokens = BEFORE) -> Tokens:
    """The tokens in a reply of status 200."""
    body = json.dumps(reply).encode()
    return read_token_reply(
        status=200, headers={}, body=body, body_to_show=body, before=before, received_at=NOW
    )


def test_read_token_reply__takes_all_that_is_told() -> None:
    """A whole reply replaces everything but the login's origin."""
    reply = {
        "access_token": "access-2",
        "expires_in": 2_419_200,
        "token_type": "bearer",
        "scope": None,
        "refresh_token": "refresh-2",
        "account_id": "48216",
        "account_username": "quince_owl",
    }
    assert read_tokens(reply) == Tokens(
        access_token="access-2",
        refresh_token="refresh-2",
        expires_at=NOW + timedelta(days=28),
        username="quince_owl",
        account_id=48216,
        descends_from="origin",
    )


@pytest.mark.parametrize(
    "left_out",
    [
        {},
        {"refresh_token": None, "account_id": None, "account_username": None},
        {"refresh_token": "", "account_id": 0, "account_username": ""},
        {"refresh_token": "two\nlines", "account_id": "unknown", "account_username": ["fox"]},
    ],
    ids=["absent", "null", "empty", "unusable"],
)
def test_read_token_reply__keeps_what_is_left_out(left_out: dict[str, Any]) -> None:
    """What the reply does not say usably stays as it was; an unknown expiry is unknown."""
    assert read_tokens({"access_token": "access-2", **left_out}) == Tokens(
        access_token="access-2",
        refresh_token="refresh-1",
        expires_at=None,
        username="marmalade_fox",
        account_id=48215,
        descends_from="origin",
    )


@pytest.mark.parametrize(
    ("expires_in", "life"),
    [
        (3600, timedelta(hours=1)),
        ("3600", timedelta(hours=1)),
        (2_419_200, timedelta(days=28)),
        (315_360_000, timedelta(days=3650)),
        (None, None),
        (0, None),
        (-1, None),
        (300, None),
        (True, None),
        ("soon", None),
        (10**30, None),
        (1e300, None),
        ([3600], None),
    ],
)
def test_read_token_reply__believes_only_a_sensible_expiry(
    expires_in: object, life: timedelta | None
) -> None:
    """A life that cannot be true, or would have every request refresh, counts as unknown."""
    tokens = read_tokens({"access_token": "access-2", "expires_in": expires_in})
    assert tokens.expires_at == (NOW + life if life else None)


CAPACITY = {"data": {"error": "Imgur is temporarily over capacity. Please try again later."}, "status": 403}
REFUSED = {"data": {"error": "Refresh token doesn't exist or is invalid for the client"}, "status": 400}


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (httpx.Response(400, json=REFUSED), LoginExpiredError, "Refresh token doesn't exist"),
        (httpx.Response(400, json={"data": {"error": "It does not exist"}}), LoginExpiredError, "not exist"),
        (httpx.Response(400, json={"error": "invalid_grant"}), LoginExpiredError, "invalid_grant"),
        (httpx.Response(400), LoginExpiredError, "status 400"),
        (httpx.Response(401, json={"data": {"error": "No"}, "status": 401}), LoginExpiredError, "No"),
        (httpx.Response(403, json={"data": {"error": "Unauthorized"}}), LoginExpiredError, "Unauthorized"),
        (httpx.Response(200, json={**REFUSED, "success": False}), LoginExpiredError, "doesn't exist"),
        (
            httpx.Response(403, json={"data": {"error": "Invalid client_id"}}),
            ApplicationRefusedError,
            "client_id",
        ),
        (httpx.Response(403, json=CAPACITY), OverCapacityError, "over capacity"),
        (
            httpx.Response(400, json={"data": {"error": "These actions are forbidden."}}),
            BlockedAddressError,
            "forbidden",
        ),
        (httpx.Response(429, json={"errors": [{"code": "429"}]}), UnknownLimitError, "429"),
        (
            httpx.Response(429, json={"errors": []}, headers={"X-Post-Rate-Limit-Remaining": "0"}),
            PostRequestsSpentError,
            "POST",
        ),
        (
            httpx.Response(500, json={"data": {"error": "An error occurred"}}),
            TransientError,
            "An error occurred",
        ),
        (httpx.Response(503, text="<html>Guru Meditation</html>"), TransientError, "503"),
        (httpx.Response(404, json={"data": {"error": "Not Found"}}), TransientError, "404"),
        (httpx.Response(404, text="<html>gone</html>"), TransientError, "404"),
        (httpx.Response(302, headers={"Location": "https://example.com/"}), TransientError, "redirect"),
        (httpx.Response(403, text="<html>hold on</html>"), TransientError, "web page"),
        (httpx.Response(200, text="<html>hello</html>"), TransientError, "without an access token"),
        (httpx.Response(200, text=""), TransientError, "without an access token"),
        (httpx.Response(200, text='{"access_token": "acc'), TransientError, "without an access token"),
        (httpx.Response(200, json={"access_token": ""}), TransientError, "without an access token"),
        (httpx.Response(200, json={"access_token": "two\nlines"}), TransientError, "without an access token"),
        (httpx.Response(200, json={"access": "new-1", "refresh_token": "new-2"}), TransientError, "without"),
        (httpx.Response(200, json={"data": {"access_token": "new-1"}}), TransientError, "without"),
        (httpx.Response(200, json=["new-1"]), TransientError, "without an access token"),
        (httpx.Response(400, text='{"data": {"err'), TransientError, "broken JSON"),
        (httpx.Response(400, json=["no"]), TransientError, "not an object"),
    ],
)
def test_read_token_reply__fails_by_what_happens_next(
    reply: httpx.Response, error: type[ImgurError], words: str
) -> None:
    """A refusal says if a person acts, the night ends or it may work later, and shows nothing like a token."""
    with pytest.raises(error, match=words) as caught:
        read_token_reply(
            status=reply.status_code,
            headers=reply.headers,
            body=reply.content,
            body_to_show=reply.content,
            before=BEFORE,
            received_at=NOW,
        )
    assert caught.type is error
    assert "new-" not in str(caught.value)


def test_read_token_reply__quotes_only_what_may_be_shown() -> None:
    """An error has its words from the body without secrets."""
    with pytest.raises(LoginExpiredError, match="… is not known") as caught:
        read_token_reply(
            status=400,
            headers={},
            body=b'{"data": {"error": "refresh-1 is not known"}}',
            body_to_show='{"data": {"error": "… is not known"}}'.encode(),
            before=BEFORE,
            received_at=NOW,
        )
    assert "refresh-1" not in str(caught.value)
