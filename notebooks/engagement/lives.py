"""How posts do at their age, beside what is usual for the account."""

from __future__ import annotations

from html import escape
from math import log10

import pandas as pd
from design import (
    BAND,
    BLUE,
    DASHES,
    HIGHLIGHTS,
    OTHERS,
    SYMBOLS,
    VERMILLION,
    Answer,
    count,
    duration,
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

from engagement.wording import NO_POSTS, foot_of, own_posts

LATEST = 4  # posts that stand out among the others
LISTED = 8
PEERS = 5  # posts of an age below which nothing is usual, as in main.post_benchmark.standing
MARGIN = 0.06  # beyond the first and the last age, as powers of ten: room for a mark
AGES = {
    1: "1h", 3: "3h", 6: "6h", 12: "12h", 24: "1d", 72: "3d", 168: "7d", 336: "14d", 720: "30d", 2160: "90d",
}  # fmt: skip


def lifetimes(report: Published) -> Answer:
    """The latest posts' views by age, before the band in which the account's posts usually lie."""
    curves = report.rows(
        """
        with own as (
            select benchmark.*, posts.title, posts.published_at
            from main.post_benchmark as benchmark
            join main.posts on posts.post_id = benchmark.post_id
            where
                list_contains($accounts, benchmark.account_name)
                and benchmark.age_hours is not null
                and benchmark.views > 0
        ),
        -- a band is one account's: that with the most posts
        account as (
            select account_name from own group by account_name order by count(*) desc, account_name limit 1
        )
        select * from own
        semi join account using (account_name)
        order by published_at desc, post_id, age_hours
        """
    )
    foot = foot_of(report, count(curves["post_id"].nunique(), "post"), "posts", "post_metrics")
    if curves.empty:
        return nothing(
            "No post has readings near to one of the ages that are compared, from an hour to 90 days. "
            "They come with the nights: run the job again tomorrow."
            if own_posts(report)
            else NO_POSTS,
            foot=foot,
        )
    band = curves.drop_duplicates("age_hours").sort_values("age_hours")
    band = band[(band["posts"] >= PEERS) & (band["p20_views"] > 0)]  # a logarithmic axis has no zero
    drawn = figure(y_title="views", x_title="age of the post", height=480)
    if not band.empty:
        drawn.add_scatter(
            x=[*band["age_hours"], *band["age_hours"][::-1]],
            y=[*band["p80_views"], *band["p20_views"][::-1]],
            name="usual (the middle 60 %)", mode="lines", line={"width": 0}, fill="toself", fillcolor=BAND,
            hoverinfo="skip",
        )  # fmt: skip
        drawn.add_scatter(
            x=band["age_hours"], y=band["median_views"], name="median", mode="lines",
            line={"color": BLUE, "width": 1.5, "dash": "dot"}, customdata=band["posts"],
            hovertemplate="median of %{customdata} posts<br>%{y:,.0f} views<extra></extra>",
        )  # fmt: skip
    latest = list(curves["post_id"].unique()[:LATEST])
    others = curves[~curves["post_id"].isin(latest)]
    # one trace for all of them, with a gap after each
    lines = [
        point
        for _, curve in others.groupby("post_id", sort=False)
        for point in [*zip(curve["age_hours"], curve["views"], strict=True), (None, None)]
    ]
    if lines:
        drawn.add_scatter(
            x=[age for age, _ in lines], y=[views for _, views in lines], name="other posts", mode="lines",
            line={"color": OTHERS, "width": 1}, opacity=0.6, hoverinfo="skip",
        )  # fmt: skip
    colours = [VERMILLION, *(colour for colour in HIGHLIGHTS if colour not in (VERMILLION, BLUE))]
    for place, post_id in enumerate(latest):
        curve = curves[curves["post_id"] == post_id]
        name = label(curve["title"].iloc[0], post_id)
        drawn.add_scatter(
            x=curve["age_hours"], y=curve["views"], name=name, mode="lines+markers",
            line={"color": colours[place], "width": 2.5, "dash": DASHES[place]},
            marker={"symbol": SYMBOLS[place], "size": 7}, customdata=curve["age_bucket"],
            hovertemplate="%{y:,.0f} views after %{customdata}<extra>" + name + "</extra>",
        )  # fmt: skip
    # another post of which one age is known has no line
    is_seen = curves["post_id"].isin(latest) | curves["post_id"].duplicated(keep=False)
    seen = curves[is_seen]
    ages = [*seen["age_hours"], *band["age_hours"]]
    drawn.update_xaxes(
        type="log", tickvals=list(AGES), ticktext=list(AGES.values()), tickangle=0,
        range=[log10(min(ages)) - MARGIN, log10(max(ages)) + MARGIN],
    )  # fmt: skip
    drawn.update_yaxes(**log_axis(*seen["views"], *band["p80_views"], *band["p20_views"]))
    about = []
    if band.empty:
        about.append(f"There is no band yet: it takes {PEERS} posts that were seen at the same age.")
    if len(report.accounts) > 1:
        about.append(f"The posts are those of {escape(curves['account_name'].iloc[0])}.")
    return Answer(drawn, html=f"<p>{' '.join(about)}</p>" if about else "", foot=foot)


def latest_posts(report: Published) -> Answer:
    """The latest posts in numbers."""
    posts = report.rows(
        """
        select
            cards.*,
            cards.published_at at time zone $zone as published,
            compared.views as views_then,
        from main.post_scorecard as cards
        left join main.post_benchmark as compared on compared.post_id = cards.post_id and compared.is_latest
        where cards.is_own and list_contains($accounts, cards.account_name)
        order by cards.published_at desc nulls last, cards.post_id
        limit $listed
        """,
        listed=LISTED,
    )
    foot = foot_of(report, count(len(posts), "post"), "posts", "post_metrics")
    if posts.empty:
        return nothing(NO_POSTS, foot=foot)
    ages = ["> 90d" if age == "final" else age for age in posts["age_bucket"]]
    names = [name_of(*pair) for pair in zip(posts["title"], posts["post_id"], strict=True)]
    return Answer(
        html=table(
            {
                "Post": names,
                "Published": [f"{at:%d %b %Y}" if pd.notna(at) else "–" for at in posts["published"]],
                "Views now": [number(views) for views in posts["views"]],
                "At age": [age if isinstance(age, str) else "–" for age in ages],
                "Views then": [number(views) for views in posts["views_then"]],
                "× median": [number(index, digits=1) for index in posts["views_index"]],
                "Standing": [word if isinstance(word, str) else "–" for word in posts["standing"]],
                "Votes up": [percent(share) for share in posts["upvote_share"]],
                "Half of views after": [duration(hours) for hours in posts["half_life_hours"]],
            },
            numeric={"Views now", "At age", "Views then", "× median", "Votes up", "Half of views after"},
        ),
        foot=foot,
    )
