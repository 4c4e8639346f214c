"""What has been lost, and how far the data can be trusted."""

from __future__ import annotations

from design import (
    ORANGE,
    VERMILLION,
    Answer,
    count,
    duration,
    figure,
    name_of,
    nothing,
    number,
    percent,
    table,
)
from published import Published

from engagement.wording import FOLLOW, foot_of

LISTED = 8
AGE_THEN = "“Age then” is how old something was when it was first missed."


def losses(report: Published) -> Answer:
    """What lists of the accounts no longer show."""
    items = report.rows(
        """
        select * from main.survival
        where list_contains($accounts, account_name)
        order by views desc nulls last, item_id
        """
    )
    foot = foot_of(report, count(len(items), "item"), "images", "posts")
    if items.empty:
        return nothing(
            f"No list of a followed account has been read, so nothing can be missed. {FOLLOW}", foot=foot
        )
    lost = items[items["state"] != "alive"]
    seen = "; ".join(
        f"{count(int((items['kind'] == kind).sum()), kind)} seen, {int((lost['kind'] == kind).sum()):,} gone"
        for kind in ("post", "image")
    )
    if lost.empty:
        return nothing(f"Nothing has gone: {seen}.", foot=foot)
    drawn = figure(barmode="stack", height=190, bargap=0.35)
    for state, meaning, colour, pattern in (
        ("missing", "missing: not seen by one walk", ORANGE, "/"),
        ("deleted", "deleted: proved gone", VERMILLION, ""),
    ):
        sizes = lost[lost["state"] == state].groupby("kind").size()
        if not sizes.empty:
            drawn.add_bar(
                x=sizes, y=[f"{kind}s" for kind in sizes.index], orientation="h", name=meaning,
                marker={"color": colour, "pattern": {"shape": pattern}},
                hovertemplate="%{x} %{y} " + state + "<extra></extra>",
            )  # fmt: skip
    most = int(lost.groupby("kind").size().max())
    drawn.update_xaxes(rangemode="tozero", dtick=1 if most < 5 else None, nticks=5, tickformat=",d")
    drawn.update_yaxes(showgrid=False, type="category")
    told = lost.head(LISTED)
    rows = table(
        {
            "Gone": [name_of(*pair) for pair in zip(told["title"], told["item_id"], strict=True)],
            "Kind": list(told["kind"]),
            "State": list(told["state"]),
            "Views": [number(views) for views in told["views"]],
            "Age then": [duration(hours) for hours in told["age_at_loss_hours"]],
        },
        numeric={"Views", "Age then"},
    )
    views = number(lost["views"].sum())
    return Answer(
        drawn, html=f"<p>{seen}. What has gone was viewed {views} times. {AGE_THEN}</p>{rows}", foot=foot
    )


def freshness(report: Published) -> Answer:
    """How old and how complete each table is."""
    tables = report.rows("select * from main.data_freshness where rows > 0 order by table_name")
    names = list(tables["table_name"])
    return Answer(
        html=table(
            {
                "Table": names,
                "Rows": [number(rows) for rows in tables["rows"]],
                "Median age": [duration(hours) for hours in tables["median_age_hours"]],
                "95 % below": [duration(hours) for hours in tables["p95_age_hours"]],
                "Coverage": [percent(share) for share in tables["coverage_share"]],
                "Gaps": [number(gaps) for gaps in tables["open_gaps"]],
            },
            numeric={"Rows", "Median age", "95 % below", "Coverage", "Gaps"},
        ),
        foot=foot_of(report, count(len(names), "table"), *names),
    )
