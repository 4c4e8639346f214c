"""What a period brought: its numbers beside those of the days before, and its days."""

from __future__ import annotations

from html import escape
from typing import Any

from charts import (
    BLUE,
    DAY_AXIS,
    OTHERS,
    PALE_BLUE,
    PALE_GREY,
    Answer,
    count,
    figure,
    gain,
    is_known,
    nothing,
    number,
)
from published import Period, Published

from engagement.wording import FOLLOW, NO_POSTS, foot_of, outside_of_what_is_stored, own_posts

GAINS = {
    "post_views": "Views of posts",
    "image_views": "Views of images",
    "points": "Points",
    "comments": "Comments received",
    "reputation": "Reputation gained",
}
COMPARABLE = 10  # of less a percentage says nothing
TOLD_BY = ("images", "posts")


def summary(report: Published) -> Answer:
    """Whose report this is, of which days, how old the data is, and what clock it goes by."""
    whose = f"<strong>{escape(report.whose)}</strong>"
    others = [name for name in report.followed if name not in report.accounts]
    if others:
        whose += f" (also followed: {escape(', '.join(others))})"
    if not report.followed:
        whose = "This file follows <strong>no account</strong>: what there is comes from gallery feeds"
    days = f"{report.period} · data as of {report.read_at:%d %b %Y, %H:%M} UTC"
    clock = f"Days are UTC days; hours, weekdays and times are those of {escape(report.time_zone)}"
    return Answer(html=f'<p class="lead">{whose}<br>{days}<br>{clock}</p>')


def headline(report: Published) -> Answer:
    """What the period brought, beside as many days before it."""
    periods = report.periods()
    foot = foot_of(report, count(own_posts(report), "post"), *TOLD_BY)
    if not periods:
        return nothing(f"Nothing has been counted for a followed account yet. {FOLLOW}", foot=foot)
    if outside := outside_of_what_is_stored(report):
        return nothing(outside, foot=foot)
    periods = {name: one for name, one in periods.items() if one.meets(report.period)}
    days, before = report.period.days, report.period.before
    began = max(one.start for one in periods.values())
    # of the first day on record nobody knows all that it added
    is_comparable = began < before.start
    now, then = _gained(report, report.period), _gained(report, before)
    tiles = [
        _tile(name, gain(now[key]), _change(now[key], then[key], days=days) if is_comparable else "")
        for key, name in GAINS.items()
    ]
    # when a post was published is known whenever it was read
    tiles.append(
        _tile("Posts published", number(now["posts"]), _change(now["posts"], then["posts"], days=days))
    )
    notes = [*_beginnings(report, periods), *_unwatched(report)]
    if unread := [escape(name) for name in report.accounts if name not in periods]:
        notes.append(f"Nothing of {' and '.join(unread)} was read in it.")
    if report.unfinished_day:
        notes.append(f"The last day, {report.unfinished_day:%d %b}, was not over when the data was read.")
    if not is_comparable:
        then_days = f"The {days} days before are" if days > 1 else "The day before is"
        notes.append(f"{then_days} not stored in full, so but for posts there is nothing to compare with.")
        shorter = (report.period.end - began).days // 2
        if shorter > 0:
            notes.append(f"A shorter period can be compared: <code>--days {shorter}</code>.")
    return Answer(
        html=f'<div class="tiles">{"".join(tiles)}</div>' + (f"<p>{' '.join(notes)}</p>" if notes else ""),
        foot=foot,
    )


def _beginnings(report: Published, periods: dict[str, Period]) -> list[str]:
    """Says of which days of the period nothing is counted, because they were over when counting began."""
    within = {name: one.start for name, one in periods.items() if report.period.contains(one.start)}
    if not within:
        return []
    began = (
        " and ".join(f"on {day:%d %b %Y} for {escape(name)}" for name, day in within.items())
        if len(set(within.values())) > 1 or len(within) < len(report.accounts)
        else f"on {next(iter(within.values())):%d %b %Y}"
    )
    return [f"Counting began {began}, within this period: gains up to the end of that day are left out."]


def _unwatched(report: Published) -> list[str]:
    """Says of which accounts the sum of views of images has nothing: no list shows them in each run."""
    watched = report.watched("image")
    unwatched = [escape(name) for name in report.accounts if name not in watched]
    if not unwatched:
        return []
    return [
        f"Images of {' and '.join(unwatched)} are not counted: "
        "their list, which only a login may read, is not read."
    ]


def _gained(report: Published, period: Period) -> dict[str, Any]:
    """The sums of *period*, by the keys of ``GAINS``, and its posts.

    Days up to that of an account's first reading do not count: what posts of that week are taken to have
    gained on them is there, and what all older ones did is not. Nor do views of images that no list shows
    in each run: of those read with their albums few gains are known.
    """
    [gained] = report.rows(
        """
        with days as (
            select *, min(day) filter (where reputation is not null) over (partition by account_name) as began
            from main.account_daily
            where list_contains($accounts, account_name)
        ),
        gained as (
            select
                sum(post_views_gained) as post_views,
                sum(image_views_gained) filter (where list_contains($watched, account_name)) as image_views,
                sum(points_gained) as points,
                sum(comments_gained) as comments,
                sum(reputation_gained) as reputation,
            from days
            where day between $first and $last and day > began
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
        watched=list(report.watched("image")),
    ).to_dict("records")
    return {str(key): value for key, value in gained.items()}


def _change(now: object, before: object, *, days: int) -> str:
    """How *now* differs from *before*, in words."""
    if not is_known(now):
        return ""
    if not is_known(before):
        return "before: not stored"
    new, old = float(str(now)), float(str(before))
    against = number(old) + (f" in the {days} days before" if days > 1 else " on the day before")
    if new == old:
        return f"no change against {against}"
    if old < COMPARABLE:
        return f"against {against}"
    rounded = f"{100 * (new - old) / old:+.0f} %".replace("-", "−")
    return f"{'hardly a change' if rounded[1:] == '0 %' else rounded} against {against}"


def _tile(name: str, value: str, change: str) -> str:
    return (
        f'<div class="tile"><div class="name">{escape(name)}</div>'
        f'<div class="value">{value}</div>'
        + (f'<div class="change">{escape(change)}</div>' if change else "")
        + "</div>"
    )


def views_by_day(report: Published) -> Answer:
    """Views gained each day, those of posts of this period apart from those of older ones."""
    daily = report.rows(
        """
        with began as (
            select account_name, min(day) as day from main.account_daily
            where reputation is not null
            group by account_name
        )
        select
            strftime(post_daily.day, '%Y-%m-%d') as day,
            coalesce((posts.published_at at time zone 'UTC')::date >= $start, false) as is_new,
            -- until something had been read, a day has what its posts are taken to have gained
            coalesce(post_daily.day <= began.day, false) as is_estimate,
            sum(post_daily.views_gained) as views,
        from main.post_daily
        join main.posts on posts.post_id = post_daily.post_id
        left join began on began.account_name = posts.account_name
        where
            posts.is_own
            and list_contains($accounts, posts.account_name)
            and post_daily.day between $start and $end
        group by all
        having sum(post_daily.views_gained) is not null
        order by day
        """
    )
    foot = foot_of(report, count(daily["day"].nunique(), "day"), "post_metrics", "posts")
    if daily.empty:
        return nothing(
            NO_POSTS
            if not own_posts(report)
            else outside_of_what_is_stored(report)
            or "No day of this period has a gain yet: that takes two readings of a post, or one that came "
            "within a week of its publication. Run the job again tomorrow.",
            foot=foot,
        )
    unfinished = report.unfinished_day
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
                x=part["day"], y=part["views"], name=name,
                marker={
                    "color": colour,
                    "pattern": {
                        "shape": ["/" if day == str(unfinished) else "" for day in part["day"]],
                        "fillmode": "replace", "solidity": 0.4,
                    },
                },
                hovertemplate="%{x|%a %d %b}<br>%{y:,.0f} views<extra>" + name + "</extra>",
            )  # fmt: skip
    shown = daily["day"].unique()
    # few days have a label each, and no hours
    drawn.update_xaxes(
        **({"type": "date", "tickvals": shown, "tickformat": "%d %b"} if len(shown) < 5 else DAY_AXIS)
    )
    drawn.update_yaxes(nticks=6)
    about = []
    if daily["is_estimate"].any():
        about.append(
            "The paler days are estimates, up to the one on which counting began: what a post had by its "
            "first reading, spread evenly since its publication. They are not in the sums above."
        )
    if unfinished:
        about.append(f"The hatched day, {unfinished:%d %b}, was not over when the data was read.")
    return Answer(drawn, html=f"<p>{' '.join(about)}</p>" if about else "", foot=foot)
