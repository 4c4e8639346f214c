"""Faults on demand: everything that was ever seen to go wrong with Imgur, as rows of a table.

A row says where the fault strikes, which decides what the request costs:

* ``edge``: before Imgur itself, at the CDN or a gateway. No credit, no rate headers.
* ``api``: instead of the endpoint. One credit, rate headers as usual.
* ``reply``: the endpoint answers, and the answer is spoilt on its way. One credit.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

import httpx

from imgur_source.simulator.endpoints import (
    Answer,
    bare,
    enveloped,
    failure,
    html,
    too_many_requests,
)

Place = Literal["edge", "api", "reply"]


@dataclass
class Fault:
    """Something that shall go wrong.

    Attributes:
        kind: A key of ``KINDS``.
        path: Regular expression searched in path and query; None fits every request.
        times: How often it strikes; None means until ``clear``.
        after: How many fitting requests pass before it strikes first.
        param: What some kinds can be told, see their row.
    """

    kind: str
    path: str | None = None
    times: int | None = 1
    after: int = 0
    param: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"There is no fault {self.kind!r}. Choose one of: {', '.join(sorted(KINDS))}")
        if self.path is not None:
            re.compile(self.path)

    @property
    def place(self) -> Place:
        """Where it strikes."""
        return KINDS[self.kind].place


@dataclass
class Faults:
    """The faults still to come, in the order they were added; the first that fits strikes."""

    waiting: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        """Let *fault* happen."""
        self.waiting.append(fault)

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self.waiting.clear()

    def strike(self, target: str) -> Fault | None:
        """Return the fault which hits the request for *target* (path and query), and count it down."""
        struck = None
        for fault in list(self.waiting):
            if fault.path is not None and not re.search(fault.path, target):
                continue
            if fault.after > 0:
                fault.after -= 1
            elif struck is None:
                struck = fault
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.waiting.remove(fault)
        return struck


class Endpoint(Protocol):
    """The endpoint as it would answer, for faults which spoil a good answer."""

    def __call__(self, *, pages_back: int = 0, one_item: bool = False) -> Answer:
        """Answer the request, or another page of the same list."""


@dataclass(frozen=True)
class Struck:
    """A request which is hit: what it asked for, the fault's parameter, and the answer it would have got."""

    request: httpx.Request
    param: str
    endpoint: Endpoint

    def failure(self, status: int, error: Any) -> Answer:
        """Return an error made by the API, which names the request."""
        return failure(status, error, path=self.request.url.path, method=self.request.method)


@dataclass(frozen=True)
class Kind:
    """A row of the table."""

    place: Place
    effect: Callable[[Struck], Answer]


def _timeout(struck: Struck) -> Answer:
    raise httpx.ReadTimeout("The simulated Imgur does not answer", request=struck.request)


def _reset(struck: Struck) -> Answer:
    raise httpx.ReadError("The simulated Imgur reset the connection", request=struck.request)


def _forbidden_by_cdn(struck: Struck) -> Answer:
    answer = failure(400, "These actions are forbidden.")
    return answer.having(CDN_Error="yes", Retry_After="0", Cache_Control="no-store", Connection="close")


def _redirect(struck: Struck) -> Answer:
    host = struck.param or "elsewhere.example"
    return html(302, "Found").having(Location=f"https://{host}{struck.request.url.raw_path.decode()}")


def _banned_country(struck: Struck) -> Answer:
    error = {
        "code": 1016,
        "message": f"Banned country attempt ({struck.param or 'XX'})",
        "type": "Exception_Logged",
        "exception": [],
    }
    return struck.failure(400, error)


def _error_object(struck: Struck) -> Answer:
    error = {"code": 500, "message": "Could not complete request", "type": "ImgurException", "exception": {}}
    return struck.failure(500, error)


def _daily_limit(struck: Struck) -> Answer:
    return struck.failure(429, "Daily client requests exceeded")


def _success_with_error(struck: Struck) -> Answer:
    data = {
        "error": "Could not be found",
        "request": struck.request.url.path,
        "method": struck.request.method,
    }
    return enveloped(data)


def _gateway_message(struck: Struck) -> Answer:
    status = int(struck.param or 403)
    text = (
        "You have exceeded the rate limit per second"
        if status == 429
        else "You are not subscribed to this API."
    )
    return bare({"message": text}, status=status)


def _cut(struck: Struck) -> Answer:
    answer = struck.endpoint()
    return replace(answer, body=answer.body[: len(answer.body) // 2])


def _empty(struck: Struck) -> Answer:
    return replace(struck.endpoint(), body=b"")


def _not_modified(struck: Struck) -> Answer:
    answer = struck.endpoint()
    kept = {name: value for name, value in answer.headers.items() if name != "Content-Type"}
    return Answer(304, b"", {"ETag": '"0000000000000000000000000000000000000000"', **kept})


def _without_rate_headers(struck: Struck) -> Answer:
    return replace(struck.endpoint(), tells_limits=False)


def _strange_record(struck: Struck) -> Answer:
    """Spoil the record in the middle of a page: it loses its id, or its views are a word."""
    answer = struck.endpoint()
    reply = json.loads(answer.body)
    data = reply.get("data")
    records = data.get("items") if isinstance(data, dict) else data
    if isinstance(records, list) and records and isinstance(records[0], dict):
        record = records[len(records) // 2]
        if struck.param == "views":
            record["views"] = "many"
        else:
            record.pop("id", None)
    return bare(reply, status=answer.status)


_CAPACITY = "Imgur is temporarily over capacity. Please try again later."
_DEAD_TOKEN = "The access token provided is invalid."

KINDS: dict[str, Kind] = {
    # at the edge
    "over_capacity_403": Kind("edge", lambda struck: failure(403, _CAPACITY)),
    "over_capacity_500": Kind("edge", lambda struck: failure(500, _CAPACITY)),
    "forbidden_cdn": Kind("edge", _forbidden_by_cdn),
    "html_404": Kind("edge", lambda struck: html(404, "imgur: the simple 404 page")),
    "html_502": Kind("edge", lambda struck: html(502, "502 Bad Gateway", text="<hr>nginx")),
    "html_503": Kind("edge", lambda struck: html(503, "503 client read error", text="<p>Error 54113</p>")),
    "region_html": Kind("edge", lambda struck: html(403, "Content not available in your region")),
    "redirect_other_host": Kind("edge", _redirect),  # param: the host
    "connection_reset": Kind("edge", _reset),
    "gateway_message": Kind("edge", _gateway_message),  # param: the status, 403 or 429
    "token_invalid_401": Kind("edge", lambda struck: struck.failure(401, _DEAD_TOKEN)),
    "token_invalid_403": Kind("edge", lambda struck: struck.failure(403, _DEAD_TOKEN)),
    "invalid_client_403": Kind("edge", lambda struck: struck.failure(403, "Invalid client_id")),
    # instead of the endpoint
    "banned_country": Kind("api", _banned_country),  # param: the country
    "error_500_object": Kind("api", _error_object),
    "error_500_string": Kind("api", lambda struck: enveloped("An error occurred", status=500)),
    "data_false_400": Kind("api", lambda struck: enveloped(False, status=400)),
    "data_null_200": Kind("api", lambda struck: enveloped(None)),
    "success_true_error": Kind("api", _success_with_error),
    "success_true_string": Kind(
        "api", lambda struck: enveloped("An error occurred while fetching the comment")
    ),
    "errors_list_429": Kind("api", lambda struck: too_many_requests()),
    "daily_429": Kind("api", _daily_limit),
    "timeout": Kind("api", _timeout),
    # on the way back
    "empty_body": Kind("reply", _empty),
    "broken_json": Kind("reply", _cut),
    "304": Kind("reply", _not_modified),
    "repeated_page": Kind("reply", lambda struck: struck.endpoint(pages_back=1)),
    "one_item_pages": Kind("reply", lambda struck: struck.endpoint(one_item=True)),
    "sunset_header": Kind(
        "reply", lambda struck: struck.endpoint().having(Sunset="Fri, 01 Jan 2027 00:00:00 GMT")
    ),
    "missing_rate_headers": Kind("reply", _without_rate_headers),
    "strange_record": Kind("reply", _strange_record),  # param: "id" (default) or "views"
}
