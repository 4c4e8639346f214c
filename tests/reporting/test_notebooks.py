"""The notebooks: committed without outputs, and each cell of them runs."""

from __future__ import annotations

import ast
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import nbformat
import pytest
from reporting.notebook import executed
from reporting.page import PLOTLY

from tests.support.published_files import RUN_AT, file_of_nights, file_without_a_row, fill

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


def _cells(path: Path, kind: str) -> list[Any]:
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    return [cell for cell in notebook.cells if cell.cell_type == kind]


def test_notebooks__are_there() -> None:
    """The checks below have something to check."""
    assert [path.name for path in NOTEBOOKS] == ["engagement_report.ipynb", "explore.ipynb"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: str(path.stem))
def test_notebook__is_committed_without_outputs(path: Path) -> None:
    """Nobody's numbers are in the repository, and a change of a cell is all that a commit shows."""
    cells = _cells(path, "code")

    assert [(cell.outputs, cell.execution_count) for cell in cells] == [([], None)] * len(cells)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: str(path.stem))
def test_notebook__begins_with_its_parameters(path: Path) -> None:
    """The first cell of code, and no other, says what can be chosen."""
    tags = [cell.metadata.get("tags", []) for cell in _cells(path, "code")]

    assert tags == [["parameters"], *[[]] * (len(tags) - 1)]


def test_report__says_of_each_answer_what_it_is_about() -> None:
    """Each question says first whether it asks about the period or about all stored data."""
    [path] = [path for path in NOTEBOOKS if path.stem == "engagement_report"]
    texts = [cell.source for cell in _cells(path, "markdown")[1:]]

    scopes = [text.split("\n\n")[1].split("*")[1].rstrip(":,") for text in texts]
    assert set(scopes) == {"In the period", "Of all stored data"}
    in_period = [
        text.split("\n")[0].lstrip("# ") for text, scope in zip(texts, scopes, strict=True) if "In" in scope
    ]
    assert in_period == [
        "What did this period bring?",
        "Where did the views come from, day by day?",
        "Where did posts stand in the gallery?",
    ]


def test_explore__answers_its_questions(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Each question's cell runs over two nights and shows a table or a chart."""
    file = file_of_nights(tmp_path_factory, "two_nights", nights=2, images=40, albums=3, posts=120)
    [path] = [path for path in NOTEBOOKS if path.stem == "explore"]

    cells = executed(path, {"DATABASE": str(file)}).cells

    questions = [place for place, cell in enumerate(cells) if cell.source.startswith("## ")]
    shown = [[kind for output in cells[place + 1].outputs for kind in output.data] for place in questions]
    assert [cells[place].source.splitlines()[0] for place in questions[:3]] == [
        "## Which posts do best?", "## When should I post?", "## Which tags lift?",
    ]  # fmt: skip
    tables = [
        output.data["text/html"]
        for place in questions
        for output in cells[place + 1].outputs
        if "text/html" in output.data
    ]
    assert not [table for table in tables if "NaN" in table or "None" in table or "NaT" in table]
    assert all("account_name" in table for table in tables if "author_name" not in table)
    assert all("text/html" in kinds or PLOTLY in kinds for kinds in shown), shown


def _queries(path: Path) -> list[str]:
    """Every text in the code of the notebook that is SQL, in order."""
    texts = [
        node.value
        for cell in _cells(path, "code")
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    return [text for text in texts if text.split()[:1] in (["select"], ["with"], ["from"])]


def _ranked(path: Path) -> Path:
    """A file in which each question has a first and a second answer, and a third that must not be among them."""
    file = file_without_a_row(path)
    names = ("first", "second", "wrong")
    account: dict[str, Any] = {"account_id": 8, "account_name": "amy"}
    one_day = timedelta(days=1)
    posts: list[dict[str, Any]] = [
        {"post_id": name, "title": name, "account_name": "amy", "views": views, "is_own": name != "wrong"}
        | {"published_at": RUN_AT - timedelta(hours=hours)}
        for name, views, hours in zip(names, (90, 50, 999), (50, 60, 70), strict=True)
    ]
    fill(file, "main.accounts", account)
    fill(file, "main.posts", *posts)
    fill(file, "main.post_scorecard", *posts)
    fill(
        file,
        "main.post_benchmark",
        *(
            {"post_id": name, "account_name": "amy", "views_index": index, "is_latest": True}
            | {"is_comparable": name != "wrong"}
            for name, index in zip(names, (2.0, 1.0, 9.0), strict=True)
        ),
    )
    fill(
        file,
        "main.post_daily",
        *(
            {"post_id": name, "account_name": "amy", "day": (RUN_AT - ago).date(), "views_gained": gained}
            for name, ago, gained in zip(
                names, (0 * one_day, 6 * one_day, 7 * one_day), (30, 10, 99), strict=True
            )
        ),
    )
    fill(
        file,
        "main.account_daily",
        account | {"day": RUN_AT.date(), "post_views_gained": 40, "points_gained": 4},
        account | {"day": (RUN_AT - one_day).date()},
    )
    fill(
        file,
        "main.top_commenters",
        *(
            {"author_name": name, "comments": comments, "is_own": name == "wrong"}
            for name, comments in zip(names, (5, 3, 9), strict=True)
        ),
    )
    fill(
        file,
        "main.tag_lift",
        *(
            {"account_name": "amy", "tag": name, "posts": 5, "lift": lift, "lift_low": low, "lift_high": 9.0}
            for name, lift, low in zip(names, (2.0, 1.5, 8.0), (0.5, 1.0, None), strict=True)
        ),
    )
    fill(
        file,
        "main.survival",
        *(
            {"kind": "post", "title": name, "item_id": name, "state": state, "missing_since": since}
            for name, state, since in zip(
                names, ("missing", "deleted", "alive"), (RUN_AT, RUN_AT - one_day, None), strict=True
            )
        ),
    )
    return file


def test_explore__asks_for_what_it_says(tmp_path: Path) -> None:
    """Each question finds something; where it names things, those that it is about, the first one first."""
    [path] = [path for path in NOTEBOOKS if path.stem == "explore"]
    queries = _queries(path)
    with duckdb.connect(str(_ranked(tmp_path / "ranked.duckdb")), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        answers = [connection.execute(query).fetchall() for query in queries]
    named = [
        [value for row in answer for value in row if value in ("first", "second", "wrong")]
        for answer in answers
    ]

    assert len(queries) == sum(cell.source.startswith("## ") for cell in _cells(path, "markdown"))
    assert all(answers)
    assert [names for names in named if names not in ([], ["first", "second"])] == []
    assert named.count(["first", "second"]) >= 4
