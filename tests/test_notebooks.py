"""The notebooks: committed without outputs, and each cell of them runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
import report
from published_files import file_of_nights
from report_page import PLOTLY

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))


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


def test_explore__answers_five_questions(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Each question's cell runs over two nights and shows a table or a chart."""
    file = file_of_nights(tmp_path_factory, "two_nights", nights=2, images=40, albums=3, posts=120)
    [path] = [path for path in NOTEBOOKS if path.stem == "explore"]

    cells = report.executed(path, {"DATABASE": str(file)}).cells

    questions = [place for place, cell in enumerate(cells) if cell.source.startswith("## ")]
    shown = [[kind for output in cells[place + 1].outputs for kind in output.data] for place in questions]
    assert len(questions) == 5
    assert all("text/html" in kinds or PLOTLY in kinds for kinds in shown), shown
