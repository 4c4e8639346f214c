"""What a person sees while a run reads."""

from __future__ import annotations

from collections import Counter
from io import StringIO

from nightly.progress import Progress
from rich.console import Console

from imgur_source.credits.meter import Credits
from imgur_source.credits.rules import Window
from imgur_source.extract.run_state import RunState
from tests.support.runs import a_run


def _read(run: RunState, reading: str) -> None:
    """One more page of *reading*."""
    run.report.reading = reading
    run.report.pages += 1
    run.report.rows["images"] += 50
    run.meter.credits = Credits(
        user=Window("user", known_limit=500, remaining=498),
        client=Window("client", known_limit=12_500, remaining=12_400),
        spent=2,
    )
    run.report.on_change()


def _shown(*, is_terminal: bool, quiet: bool = False) -> str:
    out = StringIO()
    run = a_run(rows=Counter())
    console = Console(file=out, force_terminal=is_terminal, width=200, highlight=False)
    with Progress(run, quiet=quiet, console=console):
        _read(run, "account_images/me")
        _read(run, "account_images/me")
        _read(run, "hot/viral")
        if not is_terminal:
            _read(run, "account_images/me")
    run.report.reading = "after the end"
    run.report.on_change()
    return out.getvalue()


def test_progress__says_each_list_once_without_a_terminal() -> None:
    """Under cron a line per list is enough, however often a night comes back to it; the summary has the figures."""
    assert _shown(is_terminal=False).splitlines() == ["reading account_images/me", "reading hot/viral"]


def test_progress__keeps_one_line_alive_on_a_terminal() -> None:
    """On a terminal the line changes with each page and is gone at the end."""
    shown = _shown(is_terminal=True)

    assert "reading hot/viral: 3 replies, 150 rows, 2 credits spent, 498 left this hour" in shown
    assert shown.endswith("\x1b[2K")  # the line is taken away
    assert "after the end" not in shown


def test_progress__is_silent_when_asked() -> None:
    """The demo's nights say one line each, and nothing of theirs."""
    assert _shown(is_terminal=False, quiet=True) == ""
