"""Paths of requests."""

from __future__ import annotations

import pytest

from imgur_source.api import api_path


@pytest.mark.parametrize(
    ("template", "values", "path"),
    [
        ("/3/account/{account}/images/{page}", {"account": "me", "page": 0}, "/3/account/me/images/0"),
        ("/3/gallery/t/{subject}/viral", {"subject": "a b/c?"}, "/3/gallery/t/a%20b%2Fc%3F/viral"),
        (
            "/3/gallery/r/{subject}/{page}",
            {"subject": "50%#&=+", "page": 12},
            "/3/gallery/r/50%25%23%26%3D%2B/12",
        ),
        ("/3/gallery/t/{subject}", {"subject": "käse 🧀"}, "/3/gallery/t/k%C3%A4se%20%F0%9F%A7%80"),
        ("/3/account/{account}", {"account": "a_b-c.d"}, "/3/account/a_b-c.d"),
        ("/3/account/{account}", {"account": "{page}"}, "/3/account/%7Bpage%7D"),
    ],
)
def test_api_path__quotes_each_value(template: str, values: dict[str, str | int], path: str) -> None:
    """Whatever a name holds, it stays one segment of the path."""
    assert api_path(template, **values) == path
