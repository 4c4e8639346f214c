"""What an author can choose, and what it seems to bring: the hour, the tags and the format of a post."""

from __future__ import annotations

from html import escape
from math import log10

import pandas as pd
from design import (
    BLUE,
    DIVERGING,
    GRID,
    INK,
    SOFT_INK,
    THIN,
    Answer,
    count,
    figure,
    label,
    nothing,
)
from published import Published

from engagement.wording import NO_POSTS, compared_within, foot_of, own_posts

ENOUGH = 3  # posts in an hour of the week; fewer say little
PRIOR = 5  # posts that are taken to have done as usual, as in main.posting_heatmap.score
LIFTS = 14  # lines in one chart
STEPS = {
    1 / 100: "1/100 ×", 1 / 10: "1/10 ×", 1 / 4: "¼ ×", 1 / 3: "⅓ ×", 1 / 2: "½ ×", 1: "same",
    2: "2 ×", 3: "3 ×", 4: "4 ×", 10: "10 ×", 100: "100 ×",
}  # fmt: skip
# the longer an axis, the fewer of them a phone has room for
SHORT, LONG, LONGEST = (1 / 4, 1 / 2, 1, 2, 4), (1 / 10, 1 / 3, 1, 3, 10), (1 / 100, 1 / 10, 1, 10, 100)

Cell = tuple[int, float]  # posts, and how they did: 1 is usual


def posting_times(report: Published) -> Answer:
    """How posts did by weekday and hour of publication."""
    hours = report.rows(
        """
        -- a comparison is one account's: that with the most posts
        with account as (
            select account_name from main.posting_heatmap
            where list_contains($accounts, account_name)
            group by account_name
            order by sum(posts_with_index) desc, account_name
            limit 1
        )
        select
            account_name, weekday, weekday_name, hour,
            posts as published, posts_with_index as posts, median_index, score
        from main.posting_heatmap
        semi join account using (account_name)
        order by weekday, hour
        """
    )
    posts = int(hours["posts"].sum())
    foot = foot_of(report, count(posts, "post"), "posts", "post_metrics")
    if not posts:
        return nothing(
            "No post has been compared with the others yet: that takes posts that are a day old. "
            "Run the job again tomorrow."
            if own_posts(report)
            else NO_POSTS,
            foot=foot,
        )
    columns = [*(name[:3] for name in hours["weekday_name"].unique()), "<b>all</b>"]
    rows = ["<b>all</b>", *(f"{hour:02}:00" for hour in range(24))]
    cells = _cells(hours)
    judged = [score for row in cells for count_of, score in row if count_of >= ENOUGH]
    furthest = max(1.5, *judged, *(1 / score for score in judged if score > 0)) if judged else 1.5
    drawn = figure(y_title=f"hour of publication ({escape(report.time_zone)})", height=660)
    for is_judged in (False, True):
        shown = [
            [cell if cell[0] and (cell[0] >= ENOUGH) == is_judged else None for cell in row] for row in cells
        ]
        drawn.add_heatmap(
            x=columns, y=rows, z=[[cell and log10(max(cell[1], 0.01)) for cell in row] for row in shown],
            text=[[str(cell[0]) if cell else "" for cell in row] for row in shown], texttemplate="%{text}",
            textfont={"size": 11} if is_judged else {"size": 11, "color": SOFT_INK},
            customdata=[
                [f"{count(cell[0], 'post')}, {cell[1]:.2f} × usual" if cell else "" for cell in row]
                for row in shown
            ],
            hovertemplate="%{x} %{y}: %{customdata}<extra></extra>", hoverongaps=False, xgap=2, ygap=2,
            colorscale=DIVERGING if is_judged else [(0, THIN), (1, THIN)],
            zmin=-log10(furthest), zmax=log10(furthest), showscale=is_judged,
            colorbar={
                "orientation": "h", "x": 0, "xanchor": "left",
                "yref": "container", "y": 0, "yanchor": "bottom",
                "len": 1, "thickness": 10, "outlinewidth": 0, "tickfont": {"size": 12, "color": SOFT_INK},
                "tickvals": [-0.9 * log10(furthest), 0, 0.9 * log10(furthest)],
                "ticktext": [f"{furthest**-0.9:.2g} × usual", "usual", f"{furthest**0.9:.2g} ×"],
            },
        )  # fmt: skip
    drawn.update_xaxes(type="category", ticks="", showline=False)
    drawn.update_yaxes(type="category", autorange="reversed", dtick=1, ticks="", showgrid=False)
    enough = int((hours["posts"] >= ENOUGH).sum())
    thin = int(((hours["posts"] > 0) & (hours["posts"] < ENOUGH)).sum())
    about = (
        f"{count(enough, 'hour') if enough else 'No hour'} of the week {'have' if enough > 1 else 'has'} "
        f"{ENOUGH} compared posts or more. {thin} with fewer {'is' if thin == 1 else 'are'} grey, because so "
        "few say little; “all” puts hours together."
    ) + compared_within(report, hours["account_name"].iloc[0])
    published = int(hours["published"].sum())
    if published > posts:
        about += (
            f" {published - posts:,} of {count(published, 'post')} are not counted: they are less than a day "
            "old, were not seen near an age that is compared, or had fewer than five posts to compare."
        )
    return Answer(drawn, html=f"<p>{about}</p>", foot=foot)


def _cells(hours: pd.DataFrame) -> list[list[Cell]]:
    """The rows of the chart: of all hours, then each hour; in each the seven weekdays, then all of them."""

    def of(part: pd.DataFrame) -> Cell:
        """Several hours as one: the median of their medians, each as often as it has posts, and its score."""
        posts = int(part["posts"].sum())
        median = float(part["median_index"].repeat(part["posts"]).median()) if posts else 1.0
        return posts, (posts * median + PRIOR) / (posts + PRIOR)

    days = [part for _, part in hours.groupby("weekday")]
    each_hour = [
        [*((int(cell.posts), float(cell.score)) for cell in part.itertuples()), of(part)]
        for _, part in hours.groupby("hour")
    ]
    return [[*(of(day) for day in days), of(hours)], *each_hour]


def tag_lift(report: Published) -> Answer:
    """What posts under a tag got, compared with the same account's others."""
    return _lift(report, "tag", "post_tags")


def format_lift(report: Published) -> Answer:
    """What posts of a format got, compared with the same account's others."""
    return _lift(report, "format", "posts")


def _lift(report: Published, kind: str, told_by: str) -> Answer:
    lifts = report.rows(
        f"""
        -- a comparison is one account's: that with the most posts
        with account as (
            select account_name from main.{kind}_lift
            where list_contains($accounts, account_name)
            group by account_name
            order by max(posts + posts_without) desc, account_name
            limit 1
        )
        select *, {kind} as name from main.{kind}_lift
        semi join account using (account_name)
        order by posts desc, name
        """
    )
    compared = 0 if lifts.empty else int((lifts["posts"] + lifts["posts_without"]).max())
    foot = foot_of(report, count(compared, "post"), "posts", told_by)
    if lifts.empty:
        return nothing(
            f"No post that is at least a day old and has a {kind} is compared with others yet. "
            "Run the job again tomorrow."
            if own_posts(report)
            else NO_POSTS,
            foot=foot,
        )
    judged = lifts[lifts["lift_low"].notna() & lifts["lift_high"].notna() & (lifts["lift_low"] > 0)]
    thin = len(lifts) - len(judged)
    if judged.empty:
        return nothing(
            f"None of {count(len(lifts), kind)} can be judged yet: a comparison needs at least 5 posts "
            f"with the {kind} and 5 without it. The longer the history, the more can be.",
            foot=foot,
        )
    left_out = len(judged) - LIFTS
    judged = judged.head(LIFTS).sort_values("lift", kind="stable")
    names = [
        f"{label(name, kind, length=18)} ({posts})"
        for name, posts in zip(judged["name"], judged["posts"], strict=True)
    ]
    judged = judged.assign(shown=names)
    is_clear = (judged["lift_low"] > 1) | (judged["lift_high"] < 1)
    drawn = figure(x_title="views against posts without it", height=130 + 34 * len(judged))
    for clear, name, colour, symbol in (
        (True, "clearly different", BLUE, "circle"),
        (False, "may be chance", SOFT_INK, "circle-open"),
    ):
        part = judged[is_clear == clear]
        if part.empty:
            continue
        drawn.add_scatter(
            x=part["lift"], y=part["shown"], name=name, mode="markers",
            marker={"color": colour, "symbol": symbol, "size": 11, "line": {"color": colour, "width": 2}},
            error_x={
                "type": "data", "symmetric": False, "color": colour, "thickness": 2, "width": 0,
                "array": part["lift_high"] - part["lift"], "arrayminus": part["lift"] - part["lift_low"],
            },
            customdata=part[["posts", "posts_without", "lift_low", "lift_high"]],
            hovertemplate="%{y}: %{x:.2f} ×, between %{customdata[2]:.2f} and %{customdata[3]:.2f}<br>"
            "%{customdata[0]} posts with, %{customdata[1]} without<extra></extra>",
        )  # fmt: skip
    low = max(0.01, min(0.5, judged["lift_low"].min()))
    high = min(100.0, max(2.0, judged["lift_high"].max()))
    steps = SHORT if high / low < 20 else LONG if high / low < 500 else LONGEST
    for step in steps:  # a grid of its own, as plotly's would lie upon the line at 1
        drawn.add_vline(x=step, line={"color": INK if step == 1 else GRID, "width": 1}, layer="below")
    drawn.update_xaxes(
        type="log", range=[log10(low * 0.85), log10(high * 1.15)], showgrid=False,
        tickvals=steps, ticktext=[STEPS[step] for step in steps], tickangle=0,
    )  # fmt: skip
    drawn.update_yaxes(type="category", categoryorder="array", categoryarray=names, showgrid=False)
    about = []
    if not is_clear.any():
        about.append(f"No {kind} has shown a difference yet.")
    if left_out > 0:
        about.append(f"These are the {LIFTS} with most posts; {left_out:,} more could be compared.")
    if thin:
        about.append(
            f"{count(thin, kind)} with fewer than 5 posts on a side {'is' if thin == 1 else 'are'} left out."
        )
    about.append(compared_within(report, lifts["account_name"].iloc[0]).strip())
    said = " ".join(filter(None, about))
    return Answer(drawn, html=f"<p>{said}</p>" if said else "", foot=foot)
