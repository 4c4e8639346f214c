"""An executed notebook as one HTML page that needs nothing from anywhere.

It takes what the cells showed, not their code: text, tables, and plotly figures
beside one copy of plotly.js. It executes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from markdown_it import MarkdownIt
from plotly.offline import get_plotlyjs

TEMPLATE = Path(__file__).parent / "page.html"
PLOTLY = "application/vnd.plotly.v1+json"


def page_of(notebook: Any) -> str:
    """The page of *notebook*, an executed one as nbformat reads it; its first heading is the title."""
    parts = list(_parts(notebook.cells))
    headings = [name for kind, name in parts if kind == "heading"]
    return Template(TEMPLATE.read_text()).substitute(
        title=escape(headings[0] if headings else "Report"),
        body="\n".join(text for kind, text in parts if kind == "body"),
        plotly=get_plotlyjs(),
    )


def _parts(cells: list[Any]) -> Iterator[tuple[str, str]]:
    """Headings as plain text, and everything that is shown as HTML, in the order of the notebook."""
    markdown = MarkdownIt("commonmark").enable("table")
    heading = ""
    for cell in cells:
        if cell.cell_type == "markdown":
            lines = [line.lstrip("# ") for line in cell.source.splitlines() if line.startswith("#")]
            for heading in lines:
                yield "heading", heading
            yield "body", markdown.render(cell.source)
        for output in cell.get("outputs", []):
            if shown := _shown(output.get("data", {}), heading):
                yield "body", shown


def _shown(data: dict[str, Any], heading: str) -> str:
    """One output as HTML; *heading* names a figure to those who cannot see it."""
    if PLOTLY in data:
        figure = {"config": {}, **data[PLOTLY]}
        height = figure["layout"].get("height") or figure["layout"]["template"]["layout"]["height"]
        # "</" would end the script element
        text = json.dumps(figure, separators=(",", ":")).replace("</", "<\\/")
        return (
            f'<div class="chart" role="img" aria-label="{escape(heading)}" style="height: {height}px">'
            f'<script type="application/json">{text}</script></div>'
        )
    if "text/html" in data:
        return str(data["text/html"])
    return f"<pre>{escape(data['text/plain'])}</pre>" if "text/plain" in data else ""
