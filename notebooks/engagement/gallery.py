"""How posts stand beside those of others: in a feed's order, and in votes for their views."""

from __future__ import annotations

from html import escape
from math import log, log10
from textwrap import wrap

import pandas as pd
import plotly.graph_objects as go
from charts import (
    DASHES,
    DAY_AXIS,
    HIGHLIGHTS,
    INK,
    OTHERS,
    SOFT_INK,
    SYMBOLS,
    VERMILLION,
    Answer,
    count,
    figure,
    label,
    log_axis,
    name_of,
    nothing,
    number,
    percent,
    table,
)
from published import Published

from engagement.wording import SAMPLE, foot_of

TRAJECTORIES = 6  # posts that can be told apart
NAMED = 3  # posts whose votes lie farthest from what is typical
OUTLYING = 1.5  # times as many votes as typical, or as few
WRAPPED = 16  # letters in a line of their titles
LETTER, ROOM = 0.028, 0.12  # width of a letter, distance from a title, as shares of a small phone's chart
HEIGHTS = [step / 20 for step in range(1, 20)]  # where a title may stand, as shares of a chart
DRAWN = 1_500  # posts of others in one chart: more make it slow and no clearer
RANKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


def rank_trajectories(report: Published) -> Answer:
    """Where our posts stood in the feed that matters most; the feed's best where none showed any of ours."""
    ranks = report.rows(
        """
        with readings as (
            select *, is_own and list_contains($accounts, account_name) as is_ours
            from main.gallery_rank_history
            where (observed_at at time zone 'UTC')::date between $start and $end
        ),
        -- a feed with posts of ours, rather the one that everybody sees, then that with most of ours
        feed as (
            select feed from readings
            group by feed
            order by
                coalesce(bool_or(is_ours), false) desc,
                feed = 'hot/viral' desc,
                count(distinct post_id) filter (where is_ours) desc,
                count(*) desc,
                feed
            limit 1
        ),
        told as (
            select post_id, max(title) as title, bool_or(is_ours) as is_ours, min(rank) as best_rank
            from readings semi join feed using (feed)
            group by post_id
            order by is_ours desc nulls last, best_rank, post_id
            limit $trajectories
        ),
        times as (
            select distinct feed, observed_at from readings semi join feed using (feed)
        )
        -- a row for each reading, so that a line breaks where the post was not there
        select
            times.feed,
            told.post_id,
            told.title,
            readings.rank,
            coalesce(told.is_ours, false) as is_ours,
            times.observed_at at time zone $zone as seen_at,
        from times
        cross join told
        left join readings
            on readings.feed = times.feed
            and readings.observed_at = times.observed_at
            and readings.post_id = told.post_id
        order by told.is_ours desc nulls last, told.best_rank, told.post_id, seen_at
        """,
        trajectories=TRAJECTORIES,
    )
    readings = ranks["seen_at"].nunique()
    times = f"({escape(report.time_zone)})"
    foot = foot_of(
        report,
        f"{count(readings, 'reading')} of {count(ranks['post_id'].nunique(), 'post')}",
        "gallery_ranks",
    )
    if ranks.empty:
        return nothing(_no_ranks(report), foot=foot)
    feed, has_ours = escape(ranks["feed"].iloc[0]), bool(ranks["is_ours"].any())
    if has_ours:
        ranks = ranks[ranks["is_ours"]]
    about = (
        f"No feed showed a post of a followed account in this period, so these are the best of {feed}."
        if not has_ours
        else f"These are the best of {escape(report.whose)} in {feed}."
    )
    if readings == 1:
        about += (
            f" It was read once in this period, on {ranks['seen_at'].iloc[0]:%d %b %Y, %H:%M} {times}; "
            "lines come with the second run."
        )
        names = [name_of(*pair) for pair in zip(ranks["title"], ranks["post_id"], strict=True)]
        places = table({"Post": names, "Rank": [number(rank) for rank in ranks["rank"]]}, numeric={"Rank"})
        return Answer(html=f"<p>{about}</p>{places}", foot=foot)
    drawn = figure(y_title=f"rank in {feed}, 1 is the top", x_title=f"time {times}", height=480)
    for place, (post_id, places) in enumerate(ranks.groupby("post_id", sort=False)):
        name = label(places["title"].iloc[0], post_id)
        drawn.add_scatter(
            x=places["seen_at"], y=places["rank"], name=name, mode="lines+markers", connectgaps=False,
            line={"color": HIGHLIGHTS[place], "width": 2.5, "dash": DASHES[place]},
            marker={"symbol": SYMBOLS[place], "size": 8},
            hovertemplate="rank %{y}, %{x|%d %b %H:%M}<extra>" + name + "</extra>",
        )  # fmt: skip
    lowest = float(ranks["rank"].max())
    drawn.update_yaxes(
        type="log", range=[log10(lowest * 1.25), log10(0.85)], tickvals=RANKS, ticktext=list(map(str, RANKS))
    )
    drawn.update_xaxes(**DAY_AXIS)
    if (ranks.groupby("post_id")["rank"].count() == 1).any():
        about += " A mark without a line is a post that a single reading showed."
    return Answer(drawn, html=f"<p>{about}</p>", foot=foot)


def _no_ranks(report: Published) -> str:
    """Why there is no rank of this period."""
    [(first, last)] = report.rows(
        """
        select strftime(min(observed_at), '%d %b %Y') as first, strftime(max(observed_at), '%d %b %Y') as last
        from (select observed_at at time zone 'UTC' as observed_at from main.gallery_rank_history) as readings
        """
    ).itertuples(index=False)
    if not isinstance(first, str):
        return f"No feed has been read yet. {SAMPLE}"
    return f"No feed was read in this period; readings are stored from {first} to {last}."


def votes_against_views(report: Published) -> Answer:
    """Each post's votes and views, ours before everybody's."""
    posts = report.rows(
        """
        with voted as (
            select
                post_id,
                title,
                views,
                ups + downs as votes,
                upvote_share,
                coalesce(is_own and list_contains($accounts, account_name), false) as is_ours,
            from main.post_scorecard
            where views > 0 and ups + downs > 0  -- a logarithmic axis has no zero
        )
        select *, count(*) over () as stored from voted
        -- the same choice each time
        qualify is_ours or row_number() over (partition by is_ours order by hash(post_id)) <= $drawn
        order by is_ours, post_id
        """,
        drawn=DRAWN,
    )
    stored = 0 if posts.empty else int(posts["stored"].iloc[0])
    drawn_of = "" if stored == len(posts) else f" ({len(posts):,} of them drawn)"
    foot = foot_of(report, count(stored, "post") + drawn_of, "posts")
    if posts.empty:
        return nothing(f"No post with views and votes is stored. {SAMPLE}", foot=foot)
    typical = float((posts["votes"] / posts["views"]).median())
    drawn = figure(y_title="votes, up and down", x_title="views")
    for is_ours, name, colour, symbol in (
        (False, "posts of others", OTHERS, "circle"),
        (True, escape(report.whose), VERMILLION, "diamond"),
    ):
        part = posts[posts["is_ours"] == is_ours]
        if part.empty:
            continue
        names = [label(*pair, length=60) for pair in zip(part["title"], part["post_id"], strict=True)]
        drawn.add_scatter(
            x=part["views"], y=part["votes"], name=name, mode="markers",
            marker={
                "color": colour, "symbol": symbol, "size": 9 if is_ours else 6,
                "opacity": 0.85 if is_ours else 0.5, "line": {"color": "white", "width": 0.7},
            },
            text=names, customdata=[percent(share) for share in part["upvote_share"]],
            hovertemplate="%{text}<br>%{y:,} votes (%{customdata} up), %{x:,} views<extra></extra>",
        )  # fmt: skip
    _name_the_farthest(drawn, posts, typical)
    ends = [float(posts["views"].min()), float(posts["views"].max())]
    drawn.add_scatter(
        x=ends, y=[typical * end for end in ends], mode="lines", hoverinfo="skip",
        line={"color": INK, "width": 1, "dash": "dash"},
        name=f"typical: {number(1000 * typical, digits=1)} votes per 1,000 views",
    )  # fmt: skip
    drawn.update_xaxes(**log_axis(*ends, is_across=True))
    drawn.update_yaxes(**log_axis(*posts["votes"]))
    return Answer(drawn, foot=foot)


def _name_the_farthest(drawn: go.Figure, posts: pd.DataFrame, typical: float) -> None:
    """Lead a line from the posts with most or fewest votes for their views to their titles."""
    views, votes = posts["views"].map(log10), posts["votes"].map(log10)
    placed = posts.assign(across=_shares(views), up=_shares(votes))
    ours = placed[placed["is_ours"]] if placed["is_ours"].any() else placed
    distance = (ours["votes"] / ours["views"] / typical).map(log).abs()
    farthest = ours.assign(distance=distance)[distance >= log(OUTLYING)].nlargest(NAMED, "distance")
    taken = list(zip(placed["across"], placed["up"], strict=True))
    for post in farthest.sort_values("across", ascending=False).itertuples():
        lines = wrap(label(post.title, post.post_id), WRAPPED, break_long_words=False)
        width = LETTER * max(map(len, lines))
        # away from the other marks: of few votes to the right, of many to the left
        is_leftward = post.votes > typical * post.views
        left = max(0, post.across - width) if is_leftward else min(post.across, 1 - width)
        height = _free_height(taken, left=left, right=left + width, near=post.up)
        taken += [(left + width * step / 4, height) for step in range(5)]
        end = left + width if is_leftward else left
        taken += [  # the line to it
            (post.across + (end - post.across) * step / 8, post.up + (height - post.up) * step / 8)
            for step in range(1, 8)
        ]
        side = "right" if is_leftward else "left"
        drawn.add_annotation(
            text="<br>".join(lines), font={"size": 11, "color": INK}, align=side,
            x=log10(post.views), y=log10(post.votes),
            showarrow=True, arrowhead=0, arrowwidth=1, arrowcolor=SOFT_INK, standoff=5,
            axref="x", ax=_along(views, end), xanchor=side,
            ayref="y", ay=_along(votes, height), yanchor="middle",
        )  # fmt: skip


def _free_height(taken: list[tuple[float, float]], *, left: float, right: float, near: float) -> float:
    """The height with fewest of the *taken* places between *left* and *right*; of several the nearest."""
    between = [height for across, height in taken if left <= across <= right]
    return min(
        HEIGHTS, key=lambda height: (sum(abs(one - height) < ROOM for one in between), abs(height - near))
    )


def _shares(values: pd.Series[float]) -> pd.Series[float]:
    """How far along an axis of *values* each lies, 0 to 1."""
    return ((values - values.min()) / (values.max() - values.min())).fillna(0.5)


def _along(values: pd.Series[float], share: float) -> float:
    """What lies so far along an axis of *values*."""
    return float(values.min() + share * (values.max() - values.min()))
