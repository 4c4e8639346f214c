"""How answers look: one plotly template, one palette, and the words below each chart.

It knows colours, type and numbers for people. It asks no database.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from html import escape
from math import ceil, floor, isfinite, log10
from typing import Any

import plotly.graph_objects as go
from IPython.display import HTML, display

INK = "#1b1f24"
SOFT_INK = "#57606a"
LINE = "#c9ced6"
GRID = "#eceef1"
OTHERS = "#a3aab4"  # what is there for comparison
PALE_BLUE, PALE_GREY = "#a6cee6", "#dcdfe4"  # what is only estimated
THIN, THIN_EDGE = "#e7e9ed", "#8c96a3"  # what is too little to be judged: hatched, or with a dotted edge

# Okabe and Ito's colours, told apart by colour-blind readers too; the first is for what a chart is about
BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY = (
    "#0072b2", "#d55e00", "#009e73", "#b8578c", "#c98a00", "#56b4e9",
)  # fmt: skip
HIGHLIGHTS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)
BAND = "rgba(0, 114, 178, 0.13)"
WORSE, BETTER = "#b35806", "#0b5d93"
DIVERGING = [(0.0, WORSE), (0.25, "#f1a340"), (0.5, "#f7f7f7"), (0.75, "#67a9cf"), (1.0, BETTER)]
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")  # so that no line needs its colour
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "x", "star")

FONT = "Inter, 'Helvetica Neue', 'Segoe UI', Roboto, 'DejaVu Sans', Arial, sans-serif"
HEIGHT = 430  # pixels, of most charts
PUNCTUATION = " .,;:!?…\"'“”„‘’«»-–—"  # what looks odd before an ellipsis
HARD_SPACE = "\N{NO-BREAK SPACE}"
LABEL_LENGTH = 30  # characters of a title that fit into a phone's legend

TEMPLATE = go.layout.Template(
    layout={
        "font": {"family": FONT, "size": 13, "color": INK},
        "colorway": HIGHLIGHTS,
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "height": HEIGHT,
        "margin": {"l": 4, "r": 14, "t": 34, "b": 4},
        "hovermode": "closest",
        "dragmode": False,  # a finger on a chart scrolls the page
        "hoverlabel": {
            "bgcolor": "white", "bordercolor": LINE, "align": "left", "font": {"color": INK, "size": 13},
        },
        "showlegend": True,
        "legend": {
            "orientation": "h", "xref": "container", "x": 0, "yref": "container", "y": 0, "yanchor": "bottom",
            "font": {"size": 12}, "itemclick": "toggle", "itemdoubleclick": "toggleothers",
        },
        "xaxis": {
            "showgrid": False, "zeroline": False, "linecolor": LINE, "tickcolor": LINE, "ticks": "outside",
            "ticklen": 4, "automargin": True, "tickfont": {"size": 12, "color": SOFT_INK},
            "title": {"standoff": 8, "font": {"size": 12, "color": SOFT_INK}}, "fixedrange": True,
        },
        "yaxis": {
            "gridcolor": GRID, "zeroline": False, "automargin": True, "fixedrange": True,
            "tickformat": ",.10~g", "ticklabelstandoff": 6, "tickfont": {"size": 12, "color": SOFT_INK},
        },
    }
)  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """A chart, a text, or both, and the line that says what they rest on.

    Attributes:
        above: shown above the chart.
        html: shown below the chart, or instead of it.
        foot: as of when, how many, how complete.
    """

    figure: go.Figure | None = None
    html: str = ""
    foot: str = ""
    above: str = ""

    def _ipython_display_(self) -> None:
        _show(self.above)
        if self.figure is not None:
            self.figure.show(config={"responsive": True, "displayModeBar": False})
        _show(self.html + (f'<p class="foot">{escape(self.foot)}</p>' if self.foot else ""))


def _show(html: str) -> None:
    """Show *html*, in which no line parts a number from its percent sign, unless it is empty."""
    if html:
        display(HTML(html.replace(" %", f"{HARD_SPACE}%")))  # type: ignore[no-untyped-call]


def nothing(words: str, *, foot: str = "") -> Answer:
    """What stands where a chart would be empty: why, and what to do."""
    return Answer(html=f'<p class="nothing">{escape(words)}</p>', foot=foot)


def figure(*, y_title: str = "", x_title: str = "", **layout: Any) -> go.Figure:
    """An empty figure in our design; *y_title* stands level above the axis, where a phone has room for it."""
    drawn = go.Figure(layout={"template": TEMPLATE, **layout})
    drawn.update_xaxes(title_text=x_title)
    if not y_title:
        return drawn.update_layout(margin_t=8)
    drawn.add_annotation(
        text=y_title, x=0, xref="paper", xanchor="left", y=1, yref="paper", yanchor="bottom", yshift=8,
        showarrow=False, font={"size": 12, "color": SOFT_INK},
    )  # fmt: skip
    return drawn


DAY_AXIS = {
    "type": "date",
    "nticks": 5,
    # an axis of a few days has hours on it, and each day's name once
    "tickformatstops": [
        {"dtickrange": [None, 86_399_999], "value": "%H:%M\n%d %b"},
        {"dtickrange": [86_400_000, None], "value": "%d %b"},
    ],
}


def log_axis(*values: float, is_across: bool = False) -> dict[str, Any]:
    """A logarithmic axis over the positive *values*, with few round labels, fewer across the page."""
    low, high = float(min(values)), float(max(values))
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    # an axis that spans little has labels between the powers of ten
    closeness = (high / low <= 1_000) + (high / low <= 30)
    steps = ((1,), (1, 3), (1, 2, 5))[max(0, closeness - is_across)]
    ticks = [step * 10.0**power for power in powers for step in steps]
    return {
        "type": "log",
        "range": [log10(low) - 0.08, log10(high) + 0.08],
        "tickvals": ticks,
        "ticktext": [_short(tick) for tick in ticks],
    }


def _short(value: float) -> str:
    for size, unit in ((1e9, "B"), (1e6, "M")):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:,g}"


def table(columns: dict[str, list[str]], *, numeric: set[str]) -> str:
    """An HTML table of texts; *numeric* columns are set to the right."""
    kind = {name: ' class="number"' if name in numeric else "" for name in columns}
    head = "".join(f"<th{kind[name]}>{escape(name)}</th>" for name in columns)
    rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    body = "".join(
        f"<tr>{''.join(f'<td{kind[name]}>{escape(cell)}</td>' for name, cell in row.items())}</tr>"
        for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def name_of(title: object, item_id: object) -> str:
    """The title of something, or its id where it has none."""
    text = " ".join(title.split()) if isinstance(title, str) else ""
    return text or f"(untitled, {item_id})"


def label(title: object, item_id: object, *, length: int = LABEL_LENGTH) -> str:
    """A name short enough for a legend, in which nothing reads as a mark of plotly's."""
    text = name_of(title, item_id)
    short = (
        text if len(text) <= length else (text[: length - 1].rstrip(PUNCTUATION) or text[: length - 1]) + "…"
    )
    # plotly takes $…$ for mathematics and %{…} for a value of the point
    return escape(short, quote=False).replace("$", "&#36;").replace("%{", "%&#123;")


def number(value: object, *, digits: int = 0) -> str:
    """A number with its thousands apart; a dash where there is none."""
    if not is_known(value):
        return "–"
    return f"{float(str(value)):,.{digits}f}".replace("-", "−")


def percent(share: object) -> str:
    """A share as a percentage: 0 and 100 are exact, what is nearly so has a digit more."""
    if not is_known(share):
        return "–"
    value = 100 * float(str(share))
    if 0 < value < 1 or 99 < value < 100:
        return f"{min(max(value, 0.1), 99.9):.1f} %"
    return f"{value:.0f} %"


def duration(hours: object) -> str:
    """Hours in the unit that fits."""
    if not is_known(hours):
        return "–"
    value = float(str(hours))
    if value < 1:
        return f"{value * 60:.0f} min" if value * 60 >= 1 else "< 1 min"
    if value < 48:
        return f"{value:.1f} h"
    return f"{value / 24:.1f} days" if value < 240 else f"{value / 24:,.0f} days"


def day(at: date | None, *, today: date) -> str:
    """A day that no table breaks in two, with its year where it is not that of *today*."""
    if at is None:
        return "–"
    written = f"{at:%d %b}" if at.year == today.year else f"{at:%d %b %Y}"
    return written.replace(" ", HARD_SPACE)


def gain(value: object) -> str:
    """What came on top, with its sign."""
    return f"+{number(value)}" if is_known(value) and float(str(value)) > 0 else number(value)


def count(number_of: int, one: str, many: str = "") -> str:
    """Such as "1 post" and "1,200 posts"."""
    return f"{number_of:,} {one if number_of == 1 else many or one + 's'}"


def is_known(value: object) -> bool:
    """Whether *value* is a number that can be shown: not null, not NaN, not infinite."""
    try:
        return isfinite(float(str(value)))
    except ValueError:
        return False
