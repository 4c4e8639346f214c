"""What an author can choose, and what it seems to bring: the hour, the tags and the format of a post."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import log10
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from charts import (
    BETTER,
    DIVERGING,
    GRID,
    INK,
    LINE,
    SOFT_INK,
    THIN,
    THIN_EDGE,
    WORSE,
    Answer,
    count,
    figure,
    label,
    nothing,
)
from plotly.colors import sample_colorscale
from published import Published

from engagement.wording import NO_POSTS, compared, compared_within, foot_of, own_posts

ENOUGH = 5  # posts of an hour or a weekday; fewer say little
PRIOR = 5  # posts that are taken to have done as usual, as in main.posting_heatmap.score
FOR_A_WEEK = 100  # posts from which on the 168 hours of a week say something
FURTHEST = 4  # times as good or as bad as usual, where the colours end
HOURS = tuple(f"{hour:02}" for hour in range(24))
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
LIFTS = 14  # lines in one chart
STEPS = {
    1 / 100: "1/100 ×", 1 / 10: "1/10 ×", 1 / 4: "¼ ×", 1 / 3: "⅓ ×", 1 / 2: "½ ×", 1: "same",
    2: "2 ×", 3: "3 ×", 4: "4 ×", 10: "10 ×", 100: "100 ×",
}  # fmt: skip
# the longer an axis, the fewer of them a phone has room for
SHORT, LONG, LONGEST = (1 / 4, 1 / 2, 1, 2, 4), (1 / 10, 1 / 3, 1, 3, 10), (1 / 100, 1 / 10, 1, 10, 100)


def posting_times(report: Published) -> Answer:
    """How posts did by hour of publication, and by weekday."""
    times = _times(report)
    posts = 0 if times.empty else int(times["posts"].max())
    foot = foot_of(report, count(posts, "post"), "posts", "post_metrics")
    if not posts:
        return nothing(_not_compared(report), foot=foot)
    clock = f"({escape(report.time_zone)})"
    drawn = figure(y_title="views against the usual (logarithmic)", height=540, bargap=0.15, showlegend=False)
    hours, weekdays = times[times["kind"] == "hour"], times[times["kind"] == "weekday"]
    _add_bars(drawn, "x", "y", [HOURS[int(hour)] for hour in hours["hour"]], hours)
    _add_bars(drawn, "x2", "y2", [WEEKDAYS[int(day) - 1] for day in weekdays["weekday"]], weekdays)
    drawn.update_layout(
        xaxis={"anchor": "y", "tickvals": HOURS[::3], **_categories(HOURS)},
        xaxis2={"anchor": "y2", "tickvals": WEEKDAYS, **_categories(WEEKDAYS)},
        yaxis={"anchor": "x", "domain": [0.55, 1]},
        yaxis2={"anchor": "x2", "domain": [0, 0.37]},
    )
    drawn.update_xaxes(type="category", tickangle=0, ticks="", showline=False)
    steps = {log10(step): "usual" if step == 1 else STEPS[step] for step in SHORT}
    # room for the numbers at the longest bars
    highest = 1.3 * max(
        log10(2), *(abs(log10(_capped(score))) for score in [*hours["score"], *weekdays["score"]])
    )
    drawn.update_yaxes(
        range=[-highest, highest], tickvals=list(steps), ticktext=list(steps.values()),
        zeroline=True, zerolinecolor=INK, zerolinewidth=1,
    )  # fmt: skip
    drawn.layout.xaxis.title.text = f"hour {clock}"
    drawn.layout.xaxis2.title.text = f"weekday {clock}"
    about = (
        "The number at a bar is how many posts it rests on. "
        f"Fewer than {ENOUGH} say little, so their bar is hatched in grey."
    ) + _uncounted(report, posts)
    return Answer(drawn, html=f"<p>{about}</p>", foot=foot, above=compared_within(report))


def _add_bars(drawn: go.Figure, x_axis: str, y_axis: str, names: list[str], times: pd.DataFrame) -> None:
    """A bar for each row of *times*, up or down from usual, hatched in grey where it rests on few posts."""
    heights = [log10(_capped(score)) for score in times["score"]]
    is_thin = times["posts"] < ENOUGH
    drawn.add_bar(
        x=names, y=heights, xaxis=x_axis, yaxis=y_axis,
        marker={
            "color": [
                THIN_EDGE if thin else _colour(height) for height, thin in zip(heights, is_thin, strict=True)
            ],
            "line": {"color": [LINE if thin else SOFT_INK for thin in is_thin], "width": 1},
            "pattern": {
                "shape": ["/" if thin else "" for thin in is_thin],
                "fillmode": "replace", "size": 6, "solidity": 0.2,
            },
        },
        text=[str(posts) for posts in times["posts"]], textposition="outside", textangle=0,
        cliponaxis=False, textfont={"size": 10, "color": [SOFT_INK if thin else INK for thin in is_thin]},
        customdata=[
            f"{count(posts, 'post')}, {score:.2f} × usual"
            for posts, score in zip(times["posts"], times["score"], strict=True)
        ],
        hovertemplate="%{x}: %{customdata}<extra></extra>",
    )  # fmt: skip


def _categories(names: Sequence[str]) -> dict[str, Any]:
    """An axis that has room for all *names*, in their order."""
    return {"categoryorder": "array", "categoryarray": names, "range": [-0.6, len(names) - 0.4]}


def _colour(height: float) -> str:
    """The colour of a bar that high, on the scale of the hours of the week."""
    [colour] = sample_colorscale([list(step) for step in DIVERGING], [0.5 + height / (2 * log10(FURTHEST))])
    return str(colour)


def _capped(score: float) -> float:
    return min(max(score, 1 / FURTHEST), FURTHEST)


def posting_week(report: Published) -> Answer:
    """How posts did by hour of the week."""
    times = _times(report)
    posts = 0 if times.empty else int(times["posts"].max())
    foot = foot_of(report, count(posts, "post"), "posts", "post_metrics")
    if not posts:
        return nothing(_not_compared(report), foot=foot)
    cells = {
        (int(cell.hour), int(cell.weekday) - 1): cell for cell in times[times["kind"] == "both"].itertuples()
    }
    furthest = log10(FURTHEST)
    drawn = figure(y_title=f"hour ({escape(report.time_zone)})", height=600)
    for is_judged in (False, True):
        shown = [
            [
                cell if (cell := cells.get((hour, day))) and (cell.posts >= ENOUGH) == is_judged else None
                for day in range(len(WEEKDAYS))
            ]
            for hour in range(24)
        ]
        drawn.add_heatmap(
            x=list(WEEKDAYS), y=[f"{hour:02}:00" for hour in range(24)],
            z=[[cell and log10(cell.score) for cell in row] for row in shown],
            text=[[str(cell.posts) if cell else "" for cell in row] for row in shown], texttemplate="%{text}",
            textfont={"size": 11} if is_judged else {"size": 11, "color": SOFT_INK},
            customdata=[
                [f"{count(cell.posts, 'post')}, {cell.score:.2f} × usual" if cell else "" for cell in row]
                for row in shown
            ],
            hovertemplate="%{x} %{y}: %{customdata}<extra></extra>", hoverongaps=False, xgap=2, ygap=2,
            colorscale=DIVERGING if is_judged else [(0, THIN), (1, THIN)],
            zmin=-furthest, zmax=furthest, showscale=is_judged,
            colorbar={
                "orientation": "h", "x": 0, "xanchor": "left",
                "yref": "container", "y": 0, "yanchor": "bottom",
                "len": 1, "thickness": 10, "outlinewidth": 0, "tickfont": {"size": 12, "color": SOFT_INK},
                "tickvals": [-log10(3), 0, log10(3)],
                "ticktext": [f"{STEPS[1 / 3]} usual", "usual", STEPS[3]],
            },
        )  # fmt: skip
    for (hour, weekday), cell in cells.items():
        if cell.posts < ENOUGH:
            drawn.add_shape(
                type="rect", x0=weekday - 0.46, x1=weekday + 0.46, y0=hour - 0.4, y1=hour + 0.4,
                line={"color": THIN_EDGE, "width": 1, "dash": "dot"},
            )  # fmt: skip
    drawn.update_xaxes(type="category", ticks="", showline=False, side="top")
    drawn.update_yaxes(type="category", autorange="reversed", dtick=1, ticks="", showgrid=False)
    drawn.update_layout(margin_t=56)
    drawn.layout.annotations[0].yshift = 28
    thin = sum(cell.posts < ENOUGH for cell in cells.values())
    about = (
        f"{len(cells) - thin} of 168 hours of the week have {ENOUGH} compared posts or more; "
        f"{thin} with fewer {'is' if thin == 1 else 'are'} grey with a dotted edge."
    )
    if posts < FOR_A_WEEK:
        about += (
            f" {count(posts, 'post')} are too few for so many hours: go by the bars above, "
            f"and come back with {FOR_A_WEEK} posts or more."
        )
    return Answer(drawn, html=f"<p>{about}</p>", foot=foot, above=compared_within(report))


def _times(report: Published) -> pd.DataFrame:
    """How many compared posts, and how they did, by weekday, by hour, and by both, on the report's clock."""
    return report.rows(
        """
        with times as (
            select
                isodow(posts.published_at at time zone $zone) as weekday,
                hour(posts.published_at at time zone $zone) as hour,
                benchmark.views_index,
            from main.post_benchmark as benchmark
            join main.posts on posts.post_id = benchmark.post_id
            where
                benchmark.is_comparable
                and list_contains($compared, benchmark.account_name)
                and posts.published_at is not null
        )
        select
            case
                when grouping(weekday) = 0 and grouping(hour) = 0 then 'both'
                when grouping(weekday) = 0 then 'weekday'
                when grouping(hour) = 0 then 'hour'
                else 'all'
            end as kind,
            weekday,
            hour,
            count(*) as posts,
            -- as main.posting_heatmap.score: as if some usual posts stood beside the real ones
            exp(count(*) * ln(greatest(0.01, median(views_index))) / (count(*) + $prior)) as score,
        from times
        group by grouping sets ((weekday, hour), (weekday), (hour), ())
        having count(*) > 0
        order by kind, weekday, hour
        """,
        compared=compared(report),
        prior=PRIOR,
    )


def _not_compared(report: Published) -> str:
    if not own_posts(report):
        return NO_POSTS
    return (
        "No post has been compared with the others yet: that takes posts that are a day old. "
        "Run the job again tomorrow."
    )


def _uncounted(report: Published, posts: int) -> str:
    """Says why not all posts of the account are among the *posts*; empty where they are."""
    [(published,)] = report.rows(
        "select count(*) from main.posts where is_own and list_contains($compared, account_name)",
        compared=compared(report),
    ).to_numpy()
    if published <= posts:
        return ""
    return (
        f" {published - posts:,} of {count(int(published), 'post')} are not counted: they are less than "
        "a day old, were not seen near an age that is compared, or had fewer than five posts to compare."
    )


def tag_lift(report: Published) -> Answer:
    """What posts under a tag got, compared with the same account's others."""
    return _lift(report, "tag", "post_tags")


def format_lift(report: Published) -> Answer:
    """What posts of a format got, compared with the same account's others."""
    return _lift(report, "format", "posts")


def _lift(report: Published, kind: str, told_by: str) -> Answer:
    lifts = report.rows(
        f"""
        select *, {kind} as name from main.{kind}_lift
        where list_contains($compared, account_name)
        order by posts desc, name
        """,
        compared=compared(report),
    )
    posts = 0 if lifts.empty else int((lifts["posts"] + lifts["posts_without"]).max())
    foot = foot_of(report, count(posts, "post"), "posts", told_by)
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
        f"{label(name, kind, length=18)} ({posts_with})"
        for name, posts_with in zip(judged["name"], judged["posts"], strict=True)
    ]
    judged = judged.assign(shown=names)
    is_better, is_worse = judged["lift_low"] > 1, judged["lift_high"] < 1
    drawn = figure(x_title="views against the other posts", height=130 + 34 * len(judged))
    for is_meant, name, colour, symbol in (
        (is_better, "clearly better", BETTER, "circle"),
        (is_worse, "clearly worse", WORSE, "diamond"),
        (~is_better & ~is_worse, "may be chance", SOFT_INK, "circle-open"),
    ):
        part = judged[is_meant]
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
    about = ["The axis is logarithmic: half as many views lie as far from the line as twice as many."]
    about.append(
        f"{count(len(judged) + max(0, left_out), kind)} could be compared, and one in twenty that makes no "
        "difference looks clearly better or worse by chance."
        if (is_better | is_worse).any()
        else f"No {kind} has shown a difference yet."
    )
    if left_out > 0:
        about.append(f"These are the {LIFTS} with most posts; {left_out:,} more could be compared.")
    if thin:
        about.append(
            f"{count(thin, kind)} with fewer than 5 posts on a side {'is' if thin == 1 else 'are'} left out."
        )
    return Answer(drawn, html=f"<p>{' '.join(about)}</p>", foot=foot, above=compared_within(report))
