"""Answers of the engagement report as its tests fill, ask and read them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from charts import Answer
from published import Published

from tests.support.published_files import RUN_AT, fill

FOOT = "data as of 23 Nov 2026, 02:00 UTC, n = "  # how the line below each answer begins


def fill_posts(file: Path, *posts: dict[str, Any]) -> None:
    fill(
        file,
        "main.posts",
        *({"account_name": "fox", "is_own": True, "published_at": RUN_AT} | post for post in posts),
    )


def until_now(file: Path, **asked: Any) -> Published:
    """The file, asked about days that end with that of the data, which is not over."""
    return Published.open(file, end="2026-11-23", **asked)


def traces_of(answer: Answer) -> dict[str, Any]:
    """The traces of a chart by the names in its legend."""
    assert answer.figure is not None
    return {trace.name: trace for trace in answer.figure.data}


def points_of(trace: Any) -> list[tuple[Any, Any]]:
    return list(zip(trace.x, trace.y, strict=True))


def unbroken(text: str) -> str:
    """With spaces that no line breaks at."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def cells_of(html: str) -> list[list[str]]:
    body = html.partition("<tbody>")[2]
    return [
        [cell.partition(">")[2].removesuffix("</td>") for cell in row.split("<td")[1:]]
        for row in body.replace("</tr>", "").split("<tr>")[1:]
        for row in [row.partition("</tbody>")[0]]
    ]


def an_item(item_id: str, state: str, views: int, kind: str = "image", day: int = 20) -> dict[str, Any]:
    is_gone = state != "alive"
    return {
        "kind": kind, "item_id": item_id, "account_name": "fox", "state": state, "views": views,
        "age_at_loss_hours": 722.6 * 24 if is_gone else None,
        "missing_since": datetime(2026, 11, day, 23, 30, tzinfo=UTC) if is_gone else None,
    }  # fmt: skip
