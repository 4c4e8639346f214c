"""How posts do at their age, beside what is usual for the account."""

from __future__ import annotations

from math import ceil, floor, log10

import pandas as pd
from charts import (
    BAND,
    BLUE,
    DASHES,
    HIGHLIGHTS,
    OTHERS,
    SYMBOLS,
    VERMILLION,
    Answer,
    count,
    day,
    figure,
    is_known,
    label,
    log_axis,
    name_of,
    nothing,
    number,
    percent,
    table,
)
from published import Published

from engagement.wording import NO_POSTS, compared, compared_within, foot_of, own_posts

LATEST = 4  # posts that stand out among the others
LISTED = 8
WHOLE_HOURS = 72  # beyond which a half-life is told in days
PEERS = 5  # posts of an age below which nothing is usual, as in main.post_benchmark.standing
MARGIN = 0.06  # beyond the first and the last age, as powers of ten: room for a mark
AGES = {
    1: "1h", 3: "3h", 6: "6h", 12: "12h", 24: "1d", 72: "3d", 168: "7d", 336: "14d", 720: "30d", 2160: "90d",
}  # fmt: skip


def lifetimes(report: Published) -> Answer:
    """The latest posts' views by age, before the band in which the account's posts usually lie."""
    curves = report.rows(
        """
        select benchmark.*, posts.title, posts.published_at
        from main.post_benchmark as benchmark
        join main.posts on posts.post_id = benchmark.post_id
        where
            list_contains($compared, benchmark.account_name)
            and benchmark.age_hours is not null
            and benchmark.views > 0
        order by posts.published_at desc, benchmark.post_id, benchmark.age_hours
        """,
        compared=compared(report),
    )
    foot = foot_of(report, count(curves["post_id"].nunique(), "post"), "posts", "post_metrics")
    if curves.empty:
        return nothing(
            "No post has readings near to one of the ages that are compared, from an hour to 90 days. "
            "They come with further runs: run the job again tomorrow."
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
    about = f"<p>There is no band yet: it takes {PEERS} posts that were seen at the same age.</p>"
    return Answer(drawn, html=about if band.empty else "", foot=foot, above=compared_within(report))


def latest_posts(report: Published) -> Answer:
    """The latest posts in numbers."""
    posts = report.rows(
        """
        select
            cards.post_id, cards.title, cards.standing, cards.age_bucket,
            cards.views, cards.views_index, cards.upvote_share,
            cards.half_life_hours, cards.half_life_from_hours, cards.half_life_to_hours,
            cards.published_at at time zone $zone as published,
            compared.p20_views / nullif(compared.median_views, 0) as usual_low,
            compared.p80_views / nullif(compared.median_views, 0) as usual_high,
        from main.post_scorecard as cards
        left join main.post_benchmark as compared on compared.post_id = cards.post_id and compared.is_latest
        where cards.is_own and list_contains($compared, cards.account_name)
        order by cards.published_at desc nulls last, cards.post_id
        limit $listed
        """,
        listed=LISTED,
        compared=compared(report),
    )
    foot = foot_of(report, count(len(posts), "post"), "posts", "post_metrics")
    if posts.empty:
        return nothing(NO_POSTS, foot=foot)
    ages = ["> 90d" if age == "final" else age for age in posts["age_bucket"]]
    return Answer(
        html=table(
            {
                "Post": [name_of(*pair) for pair in zip(posts["title"], posts["post_id"], strict=True)],
                "Views now": [number(views) for views in posts["views"]],
                "× median": [_index(index) for index in posts["views_index"]],
                "Usual": [
                    f"{number(low, digits=2)} to {number(high, digits=2)}" if isinstance(word, str) else "–"
                    for low, high, word in zip(
                        posts["usual_low"], posts["usual_high"], posts["standing"], strict=True
                    )
                ],
                "Standing": [word if isinstance(word, str) else "–" for word in posts["standing"]],
                "At age": [age if isinstance(age, str) else "–" for age in ages],
                "Published": [
                    day(at if pd.notna(at) else None, today=report.read_at.date())
                    for at in posts["published"]
                ],
                "Votes up": [percent(share) for share in posts["upvote_share"]],
                "Half of views after": [
                    _half_life(*life)
                    for life in zip(
                        posts["half_life_hours"],
                        posts["half_life_from_hours"],
                        posts["half_life_to_hours"],
                        strict=True,
                    )
                ],
            },
            numeric={"Views now", "At age", "× median", "Usual", "Votes up", "Half of views after"},
        ),
        foot=foot,
        above=compared_within(report),
    )


def _index(index: object) -> str:
    """How many times the median, where it is next to nothing without pretending to be nothing."""
    return "< 0.01" if is_known(index) and 0 < float(str(index)) < 0.01 else number(index, digits=2)


def _half_life(hours: object, since: object, until: object) -> str:
    """A half-life as exactly as it is known: between two readings, or only that it was over by one."""
    if not is_known(hours):
        return "–"
    known = float(str(hours))
    first = float(str(since)) if is_known(since) else known
    last = float(str(until)) if is_known(until) else known
    unit, length = ("h", 1) if last <= WHOLE_HOURS else ("days", 24)
    lowest, highest = floor(first / length), ceil(last / length)
    if first == 0:
        return f"< {highest} {unit}"
    if highest - lowest <= 1:
        return f"{known / length:.0f} {unit}"
    return f"{lowest} to {highest} {unit}"
