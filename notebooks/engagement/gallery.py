"""How posts stand beside those of others: in a feed's order, and in votes for their views."""

from __future__ import annotations

from html import escape
from math import log10

from design import (
    DASHES,
    DAY_AXIS,
    HIGHLIGHTS,
    INK,
    OTHERS,
    SYMBOLS,
    VERMILLION,
    Answer,
    count,
    figure,
    label,
    log_axis,
    nothing,
    number,
    percent,
)
from published import Published

from engagement.wording import SAMPLE, foot_of

TRAJECTORIES = 6  # posts that can be told apart
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
            order by is_ours desc nulls last, count(*) > 1 desc, best_rank, post_id
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
    foot = foot_of(
        report,
        f"{count(readings, 'reading')} of {count(ranks['post_id'].nunique(), 'post')}",
        "gallery_ranks",
    )
    if ranks.empty:
        return nothing(f"No feed was read in this period. {SAMPLE}", foot=foot)
    feed, has_ours = escape(ranks["feed"].iloc[0]), bool(ranks["is_ours"].any())
    if has_ours:
        ranks = ranks[ranks["is_ours"]]
    drawn = figure(y_title=f"rank in {feed}, 1 is the top", height=480)
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
    about = (
        f"No feed showed a post of a followed account, so these are the best of {feed}."
        if not has_ours
        else f"These are the best of {escape(report.whose)} in {feed}."
    )
    if readings == 1:
        about += " It was read once so far; lines come with the second night."
    return Answer(drawn, html=f"<p>{about}</p>", foot=foot)


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
        select *, count(*) over () as held from voted
        -- the same choice each time
        qualify is_ours or row_number() over (partition by is_ours order by hash(post_id)) <= $drawn
        order by is_ours, post_id
        """,
        drawn=DRAWN,
    )
    held = 0 if posts.empty else int(posts["held"].iloc[0])
    drawn_of = "" if held == len(posts) else f" ({len(posts):,} of them drawn)"
    foot = foot_of(report, count(held, "post") + drawn_of, "posts")
    if posts.empty:
        return nothing(f"No post with views and votes is held. {SAMPLE}", foot=foot)
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
    ends = [float(posts["views"].min()), float(posts["views"].max())]
    drawn.add_scatter(
        x=ends, y=[typical * end for end in ends], mode="lines", hoverinfo="skip",
        line={"color": INK, "width": 1, "dash": "dash"},
        name=f"typical: {number(1000 * typical, digits=1)} votes per 1,000 views",
    )  # fmt: skip
    drawn.update_xaxes(**log_axis(*ends))
    drawn.update_yaxes(**log_axis(*posts["votes"]))
    return Answer(drawn, foot=foot)
