"""What a period brought: its numbers beside those of the days before, and its days."""

from __future__ import annotations

from datetime import date
from html import escape
from typing import Any

from design import (
    BLUE,
    DAY_AXIS,
    OTHERS,
    PALE_BLUE,
    PALE_GREY,
    Answer,
    count,
    figure,
    is_known,
    nothing,
    number,
)
from published import Period, Published

from engagement.wording import FOLLOW, NO_POSTS, foot_of, own_posts

TILES = {
    "post_views": "Views of posts",
    "image_views": "Views of images",
    "points": "Points",
    "comments": "Comments received",
    "reputation": "Reputation",
    "posts": "Posts published",
}

NOT_HELD = "before: not held"
TOLD_BY = ("images", "posts")


def summary(report: Published) -> Answer:
    """Whose report this is, of which days, and how old the data is."""
    whose = f"<strong>{escape(report.whose)}</strong>"
    others = [name for name in report.followed if name not in report.accounts]
    if others:
        whose += f" (also followed: {escape(', '.join(others))})"
    if not report.followed:
        whose = "This file follows <strong>no account</strong>: what there is comes from gallery feeds"
    days = f"{report.period} · data as of {report.run_at:%d %b %Y, %H:%M} UTC"
    return Answer(html=f'<p class="lead">{whose}<br>{days}</p>')


def headline(report: Published) -> Answer:
    """What the period brought, beside as many days before it."""
    [(held_from,)] = report.rows(
        "select min(day)::varchar from main.account_daily "
        "where list_contains($accounts, account_name) and reputation is not null"
    ).to_numpy()
    if not isinstance(held_from, str):
        return nothing(
            f"Nothing has been counted for a followed account yet. {FOLLOW}",
            foot=foot_of(report, "0 posts", *TOLD_BY),
        )
    began = date.fromisoformat(held_from)
    days, before = report.period.days, report.period.before
    # of the first day on record nobody knows what it added
    is_comparable = began < before.start
    now, then = _gained(report, report.period), _gained(report, before)
    is_within = began > report.period.start
    tiles = "".join(
        # an account has no beginning to count from, so its reputation is counted from the first reading
        _tile(name, now[key], f"since {began:%d %b %Y}")
        if is_within and key == "reputation"
        # when a post was published is known whenever it was read
        else _tile(name, now[key], _change(now[key], then[key], days=days))
        if is_comparable or key == "posts"
        else _tile(name, now[key], NOT_HELD)
        for key, name in TILES.items()
    )
    notes = []
    if is_within:
        notes.append(
            f"Counting began on {began:%d %b %Y}, within this period: "
            "what older posts had gained before is not in it."
        )
    if not is_comparable:
        shorter = max(1, (report.period.end - began).days // 2)
        notes.append(
            f"The {days} days before are not held in full, so there is nothing to compare with; "
            f"a shorter period can be compared, such as {count(shorter, 'day')}."
        )
    return Answer(
        html=f'<div class="tiles">{tiles}</div>' + (f"<p>{' '.join(notes)}</p>" if notes else ""),
        foot=foot_of(report, count(own_posts(report), "post"), *TOLD_BY),
    )


def _gained(report: Published, period: Period) -> dict[str, Any]:
    """The sums of *period*, by the keys of ``TILES``."""
    [gained] = report.rows(
        """
        with gained as (
            select
                sum(post_views_gained) as post_views,
                sum(image_views_gained) as image_views,
                sum(points_gained) as points,
                sum(comments_gained) as comments,
                sum(reputation_gained) as reputation,
            from main.account_daily
            where list_contains($accounts, account_name) and day between $first and $last
        ),
        published as (
            select count(*) as posts from main.posts
            where
                is_own
                and list_contains($accounts, account_name)
                and (published_at at time zone 'UTC')::date between $first and $last
        )
        select * from gained cross join published
        """,
        first=period.start,
        last=period.end,
    ).to_dict("records")
    return {str(key): value for key, value in gained.items()}


def _change(now: object, before: object, *, days: int) -> str:
    """How *now* differs from *before*, in words."""
    if not (is_known(now) and is_known(before)):
        return NOT_HELD
    new, old = float(str(now)), float(str(before))
    against = number(old) + (f" in the {days} days before" if days > 1 else " on the day before")
    if old <= 0:
        return against
    rounded = f"{100 * (new - old) / old:+.0f} %".replace("-", "−")
    if rounded[1:] == "0 %":
        rounded = "no change" if new == old else "hardly a change"
    return f"{rounded} against {against}"


def _tile(name: str, now: object, change: str) -> str:
    return (
        f'<div class="tile"><div class="name">{escape(name)}</div>'
        f'<div class="value">{number(now)}</div><div class="change">{escape(change)}</div></div>'
    )


def views_by_day(report: Published) -> Answer:
    """Views gained each day, those of posts of this period apart from those of older ones."""
    daily = report.rows(
        """
        with daily as (
            select
                post_daily.day,
                post_daily.views_gained,
                coalesce((posts.published_at at time zone 'UTC')::date >= $start, false) as is_new,
                min(post_daily.day) filter (where post_daily.is_observed) over () as observed_from,
            from main.post_daily
            join main.posts on posts.post_id = post_daily.post_id
            where posts.is_own and list_contains($accounts, posts.account_name)
        )
        select
            strftime(day, '%Y-%m-%d') as day,
            is_new,
            -- before anything was read, a day has what its posts are taken to have gained
            coalesce(day < observed_from, false) as is_estimate,
            strftime(observed_from, '%d %b %Y') as observed_from,
            sum(views_gained) as views,
        from daily
        where day between $start and $end
        group by all
        having sum(views_gained) is not null
        order by day
        """
    )
    foot = foot_of(report, count(daily["day"].nunique(), "day"), "post_metrics", "posts")
    if daily.empty:
        return nothing(
            "No day of this period has a gain yet: that takes two readings of a post, or one that came "
            "within a week of its publication. Run the job again tomorrow."
            if own_posts(report)
            else NO_POSTS,
            foot=foot,
        )
    drawn = figure(y_title="views gained a day (UTC)", barmode="stack", bargap=0.25)
    for is_new, is_estimate, name, colour in (
        (True, False, "posts of this period", BLUE),
        (True, True, "posts of this period, estimated", PALE_BLUE),
        (False, False, "older posts", OTHERS),
        (False, True, "older posts, estimated", PALE_GREY),
    ):
        part = daily[(daily["is_new"] == is_new) & (daily["is_estimate"] == is_estimate)]
        if not part.empty:
            drawn.add_bar(
                x=part["day"], y=part["views"], name=name, marker_color=colour,
                hovertemplate="%{x|%a %d %b}<br>%{y:,.0f} views<extra>" + name + "</extra>",
            )  # fmt: skip
    drawn.update_xaxes(**DAY_AXIS)
    drawn.update_yaxes(nticks=6)
    about = ""
    if daily["is_estimate"].any():
        about = (
            f"<p>Nothing was read before {daily['observed_from'].iloc[0]}. The paler days before it are "
            "estimates: what a post had by its first reading, spread evenly since its publication.</p>"
        )
    return Answer(drawn, html=about, foot=foot)
