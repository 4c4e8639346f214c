"""The report as a person sees it: in Chromium, on a phone and on a screen."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from charts import figure, table
from nbformat import v4
from playwright.sync_api import Browser, Page, Request, sync_playwright
from reporting import write_report
from reporting.page import PLOTLY, page_of

from tests.support.published_files import file_of_nights

pytestmark = pytest.mark.browser

WIDTHS = [320, 400, 1400]
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NO_NETWORK = {"file", "data", "blob"}

# Marks of a chart: points, lines, bars, and cells of a heatmap
MARKS_OF_EACH = """
charts => charts.map(chart => chart.querySelectorAll(
  ".points path, .lines path, .bars path, .heatmaplayer image, .heatmaplayer path"
).length)
"""
OVERLAPS = """
chart => {
  const texts = [...chart.querySelectorAll(
    ".xtick text, .ytick text, .legendtext, .xtitle, .ytitle, .annotation-text, .cbaxis text"
  )].filter(text => text.textContent.trim() && text.getBoundingClientRect().width);
  const boxes = texts.map(text => [text.textContent, text.getBoundingClientRect()]);
  const found = [];
  for (const [i, [a, p]] of boxes.entries())
    for (const [b, q] of boxes.slice(i + 1))
      if (p.left < q.right - 1 && q.left < p.right - 1 && p.top < q.bottom - 3 && q.top < p.bottom - 3)
        found.push(`${a} on ${b}`);
  return found;
}
"""
OUTSIDE = """
chart => {
  const frame = chart.getBoundingClientRect();
  return [...chart.querySelectorAll("text")]
    .map(text => [text.textContent, text.getBoundingClientRect()])
    .filter(([, box]) => box.width && (box.left < frame.left - 1 || box.right > frame.right + 1))
    .map(([text]) => text);
}
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """The Chromium that is installed; none is fetched."""
    chromium = shutil.which("chromium")
    assert chromium, "Chromium is missing. On Debian, run as root: apt-get install chromium fonts-dejavu-core"
    with sync_playwright() as playwright:
        context = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield context
        context.close()


@pytest.fixture(scope="module", params=["week", "two_nights", "feeds_only"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a week of nights, of two nights of a small world, and of feeds only."""
    worlds: dict[str, dict[str, Any]] = {
        "week": {"nights": 7, "images": 120, "albums": 8, "posts": 180},
        "two_nights": {"nights": 2, "images": 40, "albums": 3, "posts": 120},
        "feeds_only": {"nights": 1, "accounts": (), "images": 5, "albums": 1, "posts": 60},
    }
    file = file_of_nights(tmp_path_factory, request.param, **worlds[request.param])
    return write_report(file.parent, out=tmp_path_factory.mktemp("made") / "report.html").path


@pytest.fixture(scope="module", params=WIDTHS)
def seen(made: Path, browser: Browser, request: pytest.FixtureRequest) -> Iterator[tuple[Page, list[str]]]:
    """The report, opened at one width, and all that it complained of or asked for."""
    page, heard = _opened(browser, made, width=request.param)
    yield page, heard
    page.close()


def _opened(browser: Browser, path: Path, *, width: int) -> tuple[Page, list[str]]:
    """The page at *path* when all is drawn, and what it complained of or asked for."""
    heard: list[str] = []

    def hear(request: Request) -> None:
        if request.url.partition(":")[0] not in NO_NETWORK:
            heard.append(f"asked for {request.url}")

    page = browser.new_page(viewport={"width": width, "height": 900})
    page.on("console", lambda message: heard.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: heard.append(f"error: {error}"))
    page.on("request", hear)
    page.goto(path.as_uri(), wait_until="load")
    page.wait_for_function("[...document.querySelectorAll('.chart')].every(chart => chart._fullLayout)")
    return page, heard


def test_report__draws_every_chart(seen: tuple[Page, list[str]]) -> None:
    """No chart is empty: each has marks."""
    page, _ = seen

    marks = page.eval_on_selector_all(".chart", MARKS_OF_EACH)

    assert marks
    assert all(marks), marks


def test_report__is_silent_and_asks_for_nothing(seen: tuple[Page, list[str]]) -> None:
    """Nothing on the console, no request that leaves the page."""
    _, heard = seen

    assert heard == []


def test_report__fits_its_width(seen: tuple[Page, list[str]]) -> None:
    """The page does not scroll sideways, and no chart nor a text in it is wider than its place."""
    page, _ = seen
    width = page.viewport_size and page.viewport_size["width"]

    assert page.evaluate("document.documentElement.scrollWidth") == width
    charts = page.query_selector_all(".chart")
    assert [chart.evaluate(OUTSIDE) for chart in charts] == [[]] * len(charts)
    widths = page.eval_on_selector_all(
        ".chart", "charts => charts.map(chart => [chart.clientWidth, chart.querySelector('svg').clientWidth])"
    )
    assert all(chart == drawn for chart, drawn in widths), widths


def test_report__texts_do_not_overlap(seen: tuple[Page, list[str]]) -> None:
    """Labels, legends and titles of a chart leave room for each other."""
    page, _ = seen
    charts = page.query_selector_all(".chart")

    assert [chart.evaluate(OVERLAPS) for chart in charts] == [[]] * len(charts)


def test_report__follows_the_window(made: Path, browser: Browser) -> None:
    """A window that is made narrower makes its charts narrower."""
    page = browser.new_page(viewport={"width": 1000, "height": 800})
    page.goto(made.as_uri(), wait_until="load")
    page.set_viewport_size({"width": 420, "height": 800})

    page.wait_for_function(
        "[...document.querySelectorAll('.chart')].every(c => c.querySelector('svg')?.clientWidth === c.clientWidth)"
    )
    assert page.evaluate("document.documentElement.scrollWidth") == 420
    page.close()


@pytest.mark.parametrize("width", [400, 1400])
def test_report__tells_that_a_table_goes_on(width: int, browser: Browser, tmp_path: Path) -> None:
    """The shadow at the edge is as clear where a letter of the last column is cut as where columns are."""
    shown = v4.new_output(
        "display_data", data={"text/html": table({"Post": ["a"], "State": ["b"]}, numeric=set())}
    )  # type: ignore[no-untyped-call]
    cells = [v4.new_code_cell(outputs=[shown])]  # type: ignore[no-untyped-call]
    (tmp_path / "table.html").write_text(page_of(v4.new_notebook(cells=cells)))  # type: ignore[no-untyped-call]
    page, _ = _opened(browser, tmp_path / "table.html", width=width)
    [wide] = page.query_selector_all(".wide")
    padding = wide.evaluate(
        "wide => parseFloat(getComputedStyle(wide.querySelector('td:last-child')).paddingRight)"
    )

    def edge(beyond: float) -> bytes:
        """What is seen at the right, where there is no text, of a table so many pixels wider than its place."""
        wide.evaluate(
            "(wide, beyond) => { wide.firstChild.style.width = `${wide.clientWidth + beyond}px`; }", beyond
        )
        box = wide.bounding_box()
        assert box
        return page.screenshot(
            clip={"x": box["x"] + box["width"] - 30, "y": box["y"], "width": 30, "height": 6}
        )

    assert edge(padding) == edge(300) != edge(0)
    page.close()


def test_checks__find_what_is_wrong(browser: Browser, tmp_path: Path) -> None:
    """The checks above have teeth: a chart without marks, labels on each other, a label outside, a request."""
    empty = figure(y_title="nothing")
    crowded = figure(y_title="one", height=200)
    crowded.add_scatter(x=[1], y=[1], mode="markers")
    crowded.add_annotation(
        text="another",
        x=0,
        xref="paper",
        xanchor="left",
        y=1,
        yref="paper",
        yanchor="bottom",
        showarrow=False,
    )
    crowded.add_annotation(text="outside", x=1, xref="paper", xanchor="left", y=0.5, yref="paper", xshift=80)
    crowded.add_layout_image(source="http://127.0.0.1:9/image.png", x=0, y=1, sizex=1, sizey=1)
    cells = [v4.new_code_cell(outputs=[_output(chart)]) for chart in (empty, crowded)]  # type: ignore[no-untyped-call]
    (tmp_path / "bad.html").write_text(page_of(v4.new_notebook(cells=cells)))  # type: ignore[no-untyped-call]

    page, heard = _opened(browser, tmp_path / "bad.html", width=400)

    charts = page.query_selector_all(".chart")
    assert page.eval_on_selector_all(".chart", MARKS_OF_EACH) == [0, 1]
    assert charts[1].evaluate(OVERLAPS) == ["one on another"]
    assert charts[1].evaluate(OUTSIDE) == ["outside"]
    assert "asked for http://127.0.0.1:9/image.png" in heard
    page.close()


def _output(chart: Any) -> Any:
    data = {PLOTLY: json.loads(chart.to_json())}
    return v4.new_output("display_data", data=data)  # type: ignore[no-untyped-call]
