"""What has been lost, and how far the data can be trusted."""

from __future__ import annotations

from html import escape
from math import ceil

import pandas as pd
import plotly.graph_objects as go
from charts import (
    ORANGE,
    VERMILLION,
    Answer,
    count,
    day,
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
SIX_DAYS = 6 * 86_400_000  # milliseconds: a week's bar, with room to the next one
LABELLED = 5  # weeks
STATES = {"missing": "not shown by one scan", "deleted": "taken for deleted, after several scans"}
# what a reader calls the contents of the tables
NAMES = {
    "accounts": "Accounts",
    "images": "Images",
    "albums": "Albums",
    "album_images": "Which images are in albums",
    "comments": "Comments written by the accounts",
    "post_comments": "Comments under posts",
    "posts": "Posts",
    "subreddit_posts": "Posts of subreddit galleries",
    "post_images": "Which images are in posts",
    "post_tags": "Tags of posts",
    "tags": "Tags",
    "favorites": "Favourites",
    "gallery_ranks": "Places in feeds",
    "image_metrics": "History of images",
    "album_metrics": "History of albums",
    "post_metrics": "History of posts",
    "comment_metrics": "History of comments",
    "account_metrics": "History of accounts",
}


def losses(report: Published) -> Answer:
    """What lists of the accounts no longer show."""
    items = report.rows(
        """
        select
            *,
            (missing_since at time zone $zone)::date as missed_on,
            date_trunc('week', missing_since at time zone $zone) as missed_in,
        from main.survival
        where list_contains($accounts, account_name)
        order by views desc nulls last, item_id, kind desc
        """
    )
    foot = foot_of(report, count(len(items), "item"), "images", "posts")
    if items.empty:
        return nothing(
            f"No list of a followed account has been read, so nothing can be missed. {FOLLOW}", foot=foot
        )
    lost = items[items["state"] != "alive"]
    seen = "; ".join(
        f"{count(number_seen, kind)} seen, {int((lost['kind'] == kind).sum()):,} lost"
        if (number_seen := int((items["kind"] == kind).sum()))
        else f"no list of {kind}s was read"
        for kind in ("post", "image")
    )
    if lost.empty:
        return nothing(f"Nothing was lost: {seen}.", foot=foot)
    # a post of one image has the image's id, and its views
    kinds = lost.groupby("item_id")["kind"].agg(lambda kinds: " and its ".join(sorted(kinds, reverse=True)))
    things = lost.drop_duplicates("item_id")
    told = things.head(LISTED)
    rows = table(
        {
            "Lost": [name_of(*pair) for pair in zip(told["title"], told["item_id"], strict=True)],
            "Views": [number(views) for views in told["views"]],
            "When": [
                day(at if pd.notna(at) else None, today=report.read_at.date()) for at in told["missed_on"]
            ],
            "Age then": [duration(hours) for hours in told["age_at_loss_hours"]],
            "Kind": list(told["item_id"].map(kinds)),
            "State": list(told["state"]),
        },
        numeric={"Views", "Age then"},
    )
    said = (
        f"{seen}. What was lost had been viewed {number(things['views'].sum())} times; a post and its only "
        "image count once. “When” is when it was first missed, “age then” how old it was"
        + "".join(
            f"; “{state}” means {meaning}" for state, meaning in STATES.items() if state in set(told["state"])
        )
        + "."
    )
    return Answer(_losses_by_week(things, report), html=f"<p>{said}</p>{rows}", foot=foot)


def _losses_by_week(things: pd.DataFrame, report: Published) -> go.Figure | None:
    """When items were first missed; none where all were in one week."""
    if things["missed_in"].nunique() < 2:
        return None
    drawn = figure(
        y_title="posts and images first missed in a week",
        x_title=f"week from Monday ({escape(report.time_zone)})",
        barmode="stack", height=300,
    )  # fmt: skip
    weeks = things.groupby(["state", "missed_in"]).size()
    for state, colour, pattern in (("missing", ORANGE, "/"), ("deleted", VERMILLION, "")):
        if state not in weeks:
            continue
        sizes = weeks[state]
        drawn.add_bar(
            x=[f"{week:%Y-%m-%d}" for week in sizes.index], y=sizes, name=f"{state}: {STATES[state]}",
            width=SIX_DAYS, marker={"color": colour, "pattern": {"shape": pattern}},
            hovertemplate="week of %{x|%d %b %Y}: %{y} " + state + "<extra></extra>",
        )  # fmt: skip
    most = int(things.groupby("missed_in").size().max())
    mondays = sorted(things["missed_in"].dropna().unique())
    drawn.update_xaxes(
        type="date", tickformat="%d %b",
        tickvals=[f"{monday:%Y-%m-%d}" for monday in mondays[:: ceil(len(mondays) / LABELLED)]],
    )  # fmt: skip
    drawn.update_yaxes(rangemode="tozero", dtick=1 if most < 5 else None, nticks=5)
    return drawn


def freshness(report: Published) -> Answer:
    """How old and how complete each table is, oldest and least complete first."""
    tables = report.rows(
        """
        select * from main.data_freshness
        where rows > 0
        order by coalesce(coverage_share, 1), p95_age_hours desc nulls last, median_age_hours desc, table_name
        """
    )
    names = list(tables["table_name"])
    return Answer(
        html=table(
            {
                "What": [NAMES.get(name, name) for name in names],
                "Rows": [number(rows) for rows in tables["rows"]],
                "Complete": [percent(share) for share in tables["coverage_share"]],
                "Gaps": [number(gaps) for gaps in tables["open_gaps"]],
                "Half younger than": [duration(hours) for hours in tables["median_age_hours"]],
                "19 of 20 than": [duration(hours) for hours in tables["p95_age_hours"]],
            },
            numeric={"Rows", "Complete", "Gaps", "Half younger than", "19 of 20 than"},
        ),
        foot=foot_of(report, count(len(names), "table"), *names),
    )
