"""What Imgur's replies mean: status, headers and bytes in, a value or an error out. No I/O.

Facts and their sources stand in docs/imgur-api.md, under the heading named in
the comments here.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

import msgspec

from imgur_source.errors import (
    ApplicationRefusedError,
    BlockedAddressError,
    BlockedRegionError,
    CreditsExhaustedError,
    DaySpentError,
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
    TransientError,
    UnknownLimitError,
    WireShapeError,
)
from imgur_source.plain_text import plain


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply that answers what was asked.

    Attributes:
        endpoint: the kind of request, such as ``account_images``; never an id or a name.
        data: the envelope's ``data`` as raw JSON; never ``null``, never an error.
        received_at: when its last byte was here.
        sunset: Imgur's announcement that the endpoint will end, if it made one.
        is_unchanged: whether Imgur said that nothing changed since the last reply, whose data this is.
        is_replayed: whether an earlier run paid for it, and the journal kept it.
    """

    endpoint: str
    data: bytes
    received_at: datetime
    sunset: str | None = None
    is_unchanged: bool = False
    is_replayed: bool = False

    def items(self, *, inside: str | None = None) -> list[msgspec.Raw]:
        """The records of a list reply as raw JSON, in Imgur's order.

        Only an empty list is an empty page.

        Args:
            inside: the key under ``data`` that holds the list (a tag's list stands in ``items``).

        Raises:
            WireShapeError: when there is no list.
        """
        data = self.data
        if inside is not None:
            data = bytes(self.fields().get(inside, msgspec.Raw(b"null")))
        if not data.startswith(b"["):
            raise WireShapeError(self.endpoint, f"a list was expected, {_kind_of(data)} came")
        return _RAW_LIST.decode(data)

    def fields(self) -> dict[str, msgspec.Raw]:
        """The members of an object reply as raw JSON.

        Raises:
            WireShapeError: when there is no object.
        """
        if not self.data.startswith(b"{"):
            raise WireShapeError(self.endpoint, f"an object was expected, {_kind_of(self.data)} came")
        return _RAW_OBJECT.decode(self.data)


class _Envelope(msgspec.Struct):
    data: msgspec.Raw = msgspec.Raw(b"")
    success: Any = None
    status: Any = None
    errors: Any = None
    message: Any = None


_ENVELOPE = msgspec.json.Decoder(_Envelope)
_RAW_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_RAW_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])

_OVER_CAPACITY = "over capacity"
_DEAD_TOKEN = "access token provided is invalid"
_BLOCKED_ADDRESS = "these actions are forbidden"
_BLOCKED_REGION = ("banned country", "not available in your region")
_DAY_SPENT = b"Daily client requests"
_UNKNOWN_CLIENT = "invalid client_id"
_MISSING = ("unable to find", "not found", "does not exist")
_BANNED_COUNTRY_CODE = 1016
_CAPACITY_STATUS = 1203


def read_reply(
    endpoint: str,
    *,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    received_at: datetime,
    with_login: bool = False,
) -> Reply:
    """Turn one HTTP reply into its value, or raise what it means.

    The HTTP status decides before the body's own status, which has been
    recorded to disagree. Nothing that is not a list is ever an empty list.

    Args:
        headers: with lower-case names.
        with_login: whether the request carried an access token.

    Raises:
        ImgurError: one of the tree in ``errors.py``, chosen by what happens next.
    """
    if status == 429:
        if _OVER_CAPACITY in _words(body):
            raise OverCapacityError()
        raise _limit_of(headers, body, with_login=with_login)
    if status == 304:
        raise WireShapeError(endpoint, "304 Not Modified, though no earlier reply was named")
    if 300 <= status < 400:
        raise RefusedError(endpoint, status, "a redirect to another place")
    envelope = _open(endpoint, status, body, with_login=with_login)
    text, code = _error_text(envelope)
    inner = _whole(envelope.status) or 0
    if status < 400 and inner < 400 and not text and (envelope.success or envelope.success is None):
        if not _has_data(envelope):
            raise WireShapeError(endpoint, "there is no data in it")
        return Reply(endpoint, bytes(envelope.data), received_at, headers.get("sunset"))
    if _CAPACITY_STATUS in (inner, code):
        raise OverCapacityError()
    if status < 400:  # an error in disguise: its own numbers say which
        status = next((number for number in (inner, code or 0) if 400 <= number < 600), status)
    _raise_refusal(
        endpoint,
        status,
        text or _first_words(body),
        code,
        with_login=with_login,
        by_gateway=_is_gateways(envelope),
    )


def is_dead_token(body: bytes, *, status: int) -> bool:
    """Whether a reply to a request with an access token says that the token is invalid or expired.

    Seen as 403 with a text (to 2018) and as 401 (docs/imgur-api.md: tokens). A 429 is not
    taken for one (``may_be_dead_token``), nor is the gateway's 401, which is about its key.
    """
    if status != 401:
        return status == 403 and _DEAD_TOKEN in _words(body)
    try:
        return not _is_gateways(_decoded(body))
    except (ValueError, RecursionError):
        return True


def may_be_dead_token(body: bytes, *, status: int, headers: Mapping[str, str]) -> bool:
    """Whether a 429 to a request with a token may be about the token: no window is said to be empty."""
    if status != 429 or _OVER_CAPACITY in _words(body):
        return False
    return isinstance(_limit_of(headers, body, with_login=True), UnknownLimitError)


def error_text(body: bytes) -> str:
    """The words of an error reply, for a person; empty when it has none."""
    try:
        return _error_text(_decoded(body))[0]
    except (ValueError, RecursionError):
        return ""


def _open(endpoint: str, status: int, body: bytes, *, with_login: bool) -> _Envelope:
    cause: Exception
    try:
        return _decoded(body)
    except msgspec.ValidationError as error:
        if status < 400:
            raise WireShapeError(endpoint, "the reply is not an object") from error
        what, cause = "a reply that is not an object", error
    except RecursionError as error:
        raise WireShapeError(endpoint, "the reply is nested too deeply") from error
    except ValueError as error:
        what, cause = _what_is_no_json(body), error
    is_error = status >= 400 or body.lstrip().startswith(b"<")
    words = _words(body) if is_error else ""  # half a page of comments may hold any words
    if _OVER_CAPACITY in words:
        raise OverCapacityError() from cause
    if (blocked := _blocked(words, f"status {status} with {what} that says so")) is not None:
        raise blocked from cause
    if status == 451:
        raise BlockedRegionError(f"status 451 with {what}") from cause
    if status == 401 and with_login:
        raise LoginExpiredError(f"status 401 with {what}") from cause
    if status == 401:
        raise ApplicationRefusedError(f"status 401 with {what}") from cause
    if status == 404:
        raise NotFoundError(endpoint, what) from cause
    raise TransientError(endpoint, f"status {status} with {what}") from cause


def _what_is_no_json(body: bytes) -> str:
    stripped = body.strip()
    if stripped.startswith(b"<"):
        return "a web page instead of data"
    return "broken JSON" if stripped else "an empty reply"


def _decoded(body: bytes) -> _Envelope:
    """The envelope of *body*.

    People cut emoji in half: half a surrogate pair, a bare control character or
    a wrong byte in one comment must not cost the whole page. Each is replaced,
    everything else stays.

    Raises:
        msgspec.ValidationError: where it is no object.
        ValueError: where it is no JSON at all.
    """
    body = body.removeprefix(codecs.BOM_UTF8)
    try:
        body.decode()
        return _ENVELOPE.decode(body)
    except msgspec.ValidationError:
        raise
    except ValueError:
        value = json.loads(body.decode("utf-8", "replace"), strict=False)
        return _ENVELOPE.decode(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def _has_data(envelope: _Envelope) -> bool:
    return bytes(envelope.data) not in (b"", b"null")


def _is_gateways(envelope: _Envelope) -> bool:
    """Whether the commercial gateway made the reply: Imgur itself was not asked."""
    return isinstance(envelope.message, str) and not envelope.errors and not _has_data(envelope)


def _error_text(envelope: _Envelope) -> tuple[str, int | None]:
    """The words, in plain text, and the number of an error, wherever Imgur put them this time.

    ``("", None)`` if there is none.
    """
    words, number = _raw_error_text(envelope)
    return plain(words), number


def _raw_error_text(envelope: _Envelope) -> tuple[str, int | None]:
    if _is_gateways(envelope):
        return envelope.message or "an error without words", None
    if envelope.errors:
        return _words_and_number(
            envelope.errors[0] if isinstance(envelope.errors, list) else envelope.errors, "detail", "status"
        )
    raw = bytes(envelope.data)
    if raw.startswith(b'"'):
        return str(msgspec.json.decode(raw)) or "an empty text", None
    if raw.startswith(b"{") and b'"error"' in raw:
        error = msgspec.json.decode(raw).get("error")
        if error:
            return _words_and_number(error, "message")
    return "", None


def _words_and_number(error: Any, *keys: str) -> tuple[str, int | None]:
    if not isinstance(error, dict):
        return str(error), None
    words = next((str(error[key]) for key in keys if error.get(key)), "an error without words")
    return words, _whole(error.get("code"))


def _raise_refusal(
    endpoint: str, status: int, text: str, code: int | None, *, with_login: bool, by_gateway: bool
) -> NoReturn:
    words = text.lower()
    if _OVER_CAPACITY in words:
        raise OverCapacityError()
    if (blocked := _blocked(words, text)) is not None:
        raise blocked
    if code == _BANNED_COUNTRY_CODE:
        raise BlockedRegionError(text)
    if status == 429:
        raise _limit_of({}, text.encode(), with_login=with_login)
    if by_gateway and status in (401, 403):
        raise GatewayRefusedError(text)
    if _UNKNOWN_CLIENT in words:
        raise ApplicationRefusedError(text)
    if _DEAD_TOKEN in words or (status == 401 and with_login):
        raise LoginExpiredError(text)
    if status == 401:
        raise ApplicationRefusedError(text)
    if status >= 500:
        raise TransientError(endpoint, f"status {status}, {text}")
    if not by_gateway and (status == 404 or any(known in words for known in _MISSING)):
        raise NotFoundError(endpoint, text)
    if status == 403:
        raise PrivateError(endpoint, text)
    raise RefusedError(endpoint, status, text)


def _blocked(words: str, reason: str) -> ImgurError | None:
    """What the *words* of an error, in lower case, say of where the request came from."""
    if _BLOCKED_ADDRESS in words:
        return BlockedAddressError(reason)
    if any(known in words for known in _BLOCKED_REGION):
        return BlockedRegionError(reason)
    return None


def _limit_of(headers: Mapping[str, str], body: bytes, *, with_login: bool) -> CreditsExhaustedError:
    """Which limit a 429 is about.

    Its body is the same for all of Imgur's, the headers differ (docs/imgur-api.md: credits). A dead
    token has been seen to get the same body, so a person is told of that too.
    """
    is_day_told = headers.get("x-ratelimit-clientremaining") == "0"
    if is_day_told or _DAY_SPENT in body:
        day_spent = DaySpentError("Imgur says the application's day is used up")
        day_spent.is_told_in_words = not is_day_told
        return day_spent
    if headers.get("x-ratelimit-userremaining") == "0":
        return HourSpentError("Imgur says the hour is used up for this address")
    if headers.get("x-post-rate-limit-remaining") == "0":
        return PostRequestsSpentError("Imgur says the hour's POST requests are used up for this address")
    if headers.get("x-ratelimit-requests-remaining") == "0":
        return GatewayLimitError("the commercial gateway says the requests of the plan are used up")
    if words := _gateway_words(body):
        return GatewayLimitError(f"the commercial gateway answered 429, {words}")
    return UnknownLimitError(
        "Imgur answered 429, too many requests"
        + (
            "; if that lasts, the login may be dead (python pipelines/login.py checks it)"
            if with_login
            else ""
        )
    )


def _gateway_words(body: bytes) -> str:
    """What the commercial gateway says in an error of its own; empty where the error is Imgur's."""
    try:
        envelope = _decoded(body)
    except (ValueError, RecursionError):
        return ""
    return (envelope.message or "too many requests").rstrip(".") if _is_gateways(envelope) else ""


def _kind_of(data: bytes) -> str:
    kinds = {
        b"{": "an object",
        b"[": "a list",
        b'"': "a text",
        b"n": "nothing",
        b"t": "a truth value",
        b"f": "a truth value",
    }
    return kinds.get(data[:1], "a number")


def _words(body: bytes) -> str:
    return body.decode("utf-8", "replace").lower()


def _first_words(body: bytes) -> str:
    return plain(body[:120].decode("utf-8", "replace")) or "no words"


def _whole(value: object) -> int | None:
    try:
        return int(value) if isinstance(value, int | str) else None
    except ValueError:
        return None
