"""The summary of a night: each fact has its line, and long lists say where the rest stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from nightly.options import Options, RunResult
from nightly.summary import summary_lines
from warehouse.publication import Publication

from imgur_source.errors import TransientError
from imgur_source.extract.run_state import RunState
from tests.support.runs import a_run
from tests.support.work_files import NIGHT

FILE = Path("imgur.duckdb")
OPTIONS = Options(data_dir=Path("data"))


def a_result(run: RunState | None = None, **fields: Any) -> RunResult:
    """A night that has published its file; *fields* replace attributes of ``RunResult``."""
    facts: dict[str, Any] = {
        "run_id": "a",
        "run": run or a_run(),
        "outcome": "done",
        "reason": None,
        "problems": (),
        "publication": Publication(FILE, tables=1, rows=1, size_bytes=2_000_000, published_at=NIGHT),
        "exit_code": 0,
    }
    return RunResult(**facts | fields)


def lines_of(result: RunResult) -> list[str]:
    return list(summary_lines(result, OPTIONS, seconds=1.0))


def test_summary__of_a_night_without_a_word_to_say() -> None:
    """A night that has read nothing and published all the same: four facts."""
    assert lines_of(a_result()) == [
        "Run a: done after 1 s",
        "Rows fetched",
        "  none",
        "Credits: 0 spent",
        "Published imgur.duckdb (2.0 MB): open it at any time",
    ]


def test_summary__tells_what_went_wrong_from_reading_to_publishing() -> None:
    """What is owed and could not be read, notes, warnings of audits, and why nothing was published."""
    run = a_run(
        pending=["hot/viral"], notes=["Something."], failures=[TransientError("account", "no answer")]
    )
    result = a_result(
        run,
        outcome="failed",
        reason="No answer.",
        warnings=("rows_stale: Old.",),
        problems=("images, rows lost: Gone.",),
        publication=None,
    )
    assert lines_of(result)[1:2] + lines_of(result)[5:] == [
        "  No answer.",
        "Still pending",
        "  hot/viral",
        "Could not be read",
        f"  {run.failures[0]}",
        "Worth knowing",
        "  Something.",
        "The audits warn",
        "  rows_stale: Old.",
        "Not published, the published file stays as it was",
        "  images, rows lost: Gone.",
        f"  The file with the trouble is {OPTIONS.warehouse.work_file}",
    ]


NINE = [f"line {number}" for number in range(9)]


@pytest.mark.parametrize(
    ("result", "rest"),
    [
        (a_result(a_run(pending=NINE)), "in imgur_raw.sync_runs"),
        (a_result(a_run(notes=NINE)), "in imgur_raw.sync_runs"),
        (a_result(a_run(failures=[TransientError(line, "") for line in NINE])), "with -v each is logged"),
        (a_result(warnings=tuple(NINE)), "in main.audit_results"),
        (
            a_result(problems=tuple(NINE), publication=None),
            "in main.audit_results of the file with the trouble",
        ),
    ],
    ids=["owed", "notes", "failures", "warnings", "problems"],
)
def test_summary__says_where_the_rest_of_a_long_list_stands(result: RunResult, rest: str) -> None:
    """Eight lines of a kind are told; what follows differs by the kind."""
    assert f"  and 1 more ({rest})" in lines_of(result)
