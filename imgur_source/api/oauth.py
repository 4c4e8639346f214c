"""What an answer of ``/oauth2/token`` means: tokens, or an error that says what happens next.

Takes a status, headers and bytes and returns a value. Who asks for tokens and
when is left to ``auth.py``, where they are kept to ``vault.py``, and what any
other reply means to ``replies.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NoReturn

import msgspec

from imgur_source.api.replies import error_text, read_reply
from imgur_source.api.token_store import Tokens
from imgur_source.errors import (
    LoginExpiredError,
    NotFoundError,
    PrivateError,
    RefusedError,
    TransientError,
    WireShapeError,
)

REFRESH_MARGIN = timedelta(minutes=5)  # so that a token never ends between the check and Imgur's reading it
LONGEST_TOKEN_LIFE = timedelta(days=20 * 366)  # ten years were seen; more is a mistake, not a promise
REFRESH_ENDPOINT = "oauth2_token"  # by this name the meter books a refresh at no credit

_REFUSALS = frozenset({400, 401, 403})  # of a refresh: asking again does not cure them


def read_token_reply(
    *,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    body_to_show: bytes,
    before: Tokens,
    received_at: datetime,
) -> Tokens:
    """The tokens that the reply gives; what it leaves out is as *before*.

    Args:
        body_to_show: *body* without what was sent to get it; errors quote from this one only.

    Raises:
        SetupError: when a person has to act.
        CreditsExhaustedError: when the limit is reached.
        TransientError: when it may work later; also for a shape that is not known.
    """
    tokens = _tokens_of(body, before, now=received_at) if status < 300 else None
    if tokens is None:
        _raise_refusal(status, headers, body_to_show, now=received_at)
    return tokens


class _TokenReply(msgspec.Struct):
    """The bare object of a token reply; only the access token has always been there."""

    access_token: str
    refresh_token: Any = None
    expires_in: Any = None
    account_id: Any = None
    account_username: Any = None


def _tokens_of(body: bytes, before: Tokens, *, now: datetime) -> Tokens | None:
    """Read a token reply; what it leaves out stays as it was. None when it is no token reply."""
    try:
        reply = msgspec.json.decode(body, type=_TokenReply)
    except msgspec.MsgspecError:
        return None
    if not is_sendable(reply.access_token):
        return None
    return Tokens(
        access_token=reply.access_token,
        refresh_token=reply.refresh_token if is_sendable(reply.refresh_token) else before.refresh_token,
        expires_at=_expiry(reply.expires_in, now=now),
        username=reply.account_username if is_sendable(reply.account_username) else before.username,
        account_id=_whole(reply.account_id) or before.account_id,
        descends_from=before.descends_from,
    )


def _expiry(expires_in: object, *, now: datetime) -> datetime | None:
    """When a token ends, None where Imgur's word cannot be true.

    A life within the margin counts as such: with it every request would refresh first.
    """
    seconds = _whole(expires_in)
    if seconds is None or not REFRESH_MARGIN.total_seconds() < seconds <= LONGEST_TOKEN_LIFE.total_seconds():
        return None
    return now + timedelta(seconds=seconds)


def _raise_refusal(status: int, headers: Mapping[str, str], body: bytes, *, now: datetime) -> NoReturn:
    """Raise what a token reply without tokens means; *body* is the reply's, without secrets."""
    if status in _REFUSALS and not body.strip():
        raise LoginExpiredError(f"the refresh was refused with status {status}")
    if status >= 300 or error_text(body):
        try:
            read_reply(
                REFRESH_ENDPOINT,
                status=status,
                headers=headers,
                body=body,
                received_at=now,
                with_login=True,
            )
        except (NotFoundError, PrivateError, RefusedError) as refusal:
            # As they are, these would tell the client that a record is gone or private.
            said = refusal.status if isinstance(refusal, RefusedError) else status
            if said in _REFUSALS:
                raise LoginExpiredError(refusal.reason) from refusal
            raise TransientError(REFRESH_ENDPOINT, f"status {status}, {refusal.reason}") from refusal
        except WireShapeError as error:
            raise TransientError(REFRESH_ENDPOINT, f"status {status}, {error.reason}") from error
    # What else came is not shown: it might be tokens in a shape that is not known.
    raise TransientError(REFRESH_ENDPOINT, f"status {status} without an access token")


def is_sendable(value: object) -> bool:
    """Whether *value* is a text that a header can carry as it is."""
    return isinstance(value, str) and bool(value) and all("!" <= letter <= "~" for letter in value)


def _whole(value: object) -> int | None:
    try:
        return int(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
    except (ValueError, OverflowError):
        return None
