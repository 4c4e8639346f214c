"""What goes back over the wire: a status, headers and bytes, in Imgur's several manners.

Here are the envelope, the known bodies of errors, and the pages of HTML which the
machines in front of Imgur send.
"""

import json
from dataclasses import dataclass, field, replace
from typing import Any

_JSON_HEADERS = {"Content-Type": "application/json", "Server": "cat factory 1.0"}
_HTML_HEADERS = {"Content-Type": "text/html; charset=utf-8"}


@dataclass(frozen=True)
class Answer:
    """One HTTP response."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    tells_limits: bool = True  # whether rate headers may be added to it

    def having(self, **headers: str) -> "Answer":
        """Return the same with more headers; an underscore in a name stands for a hyphen."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **named})


def bare(content: Any, *, status: int = 200) -> Answer:
    """Return JSON without Imgur's envelope."""
    return Answer(status, json.dumps(content, separators=(",", ":")).encode(), dict(_JSON_HEADERS))


def enveloped(data: Any, *, status: int = 200, success: bool | None = None) -> Answer:
    """Return JSON in Imgur's envelope; *success* follows from the status unless given."""
    is_success = status < 400 if success is None else success
    return bare({"data": data, "success": is_success, "status": status}, status=status)


def failure(status: int, error: Any, *, path: str = "", method: str = "GET") -> Answer:
    """Return an error in the envelope; without *path* it is one made by the CDN, which does not name it."""
    data: dict[str, Any] = {"error": error}
    if path:
        data |= {"request": path, "method": method}
    return enveloped(data, status=status)


def too_many_requests() -> Answer:
    """Return the 429 of the years since 2024: no envelope, the same for every kind of limit."""
    error = {
        "id": "legacy-api-0123456789-abcde/SIMULATED-0000001",
        "code": "429",
        "status": "Too Many Requests",
        "detail": "Too Many Requests",
    }
    return bare({"errors": [error]}, status=429)


def html(status: int, title: str, *, text: str = "") -> Answer:
    """Return a page for people."""
    head, body = f"<head><title>{title}</title></head>", f"<body><h1>{title}</h1>{text}</body>"
    return Answer(status, f"<!DOCTYPE html>\n<html>{head}{body}</html>\n".encode(), dict(_HTML_HEADERS))
