"""How fast comments come, and who answers."""

from __future__ import annotations

from html import escape

from charts import (
    DASHES,
    HIGHLIGHTS,
    SYMBOLS,
    Answer,
    count,
    duration,
    figure,
    is_known,
    label,
    nothing,
    number,
)
from published import Period, Published

from engagement.wording import NO_POSTS, foot_of, own_posts

TOLD = 4  # posts, those with the most comments
MARKS, MARK = 25, 8  # marks of one line, more would hide it; pixels of each
OLD = 24  # hours since comments were read, from which on that is told
SOONEST = 0.1  # hours; a logarithmic axis has no zero
AGES = {0.1: "6 min", 1: "1h", 6: "6h", 24: "1d", 168: "7d", 720: "30d", 4380: "½ year", 17520: "2 years"}


def comment_velocity(report: Published) -> Answer:
    """How comments gathered under the posts that got most of them."""
    comments = report.rows(
        """
        with under_own as (
            select
                comments.post_id,
                posts.title,
                posts.published_at at time zone $zone as published_at,
                greatest(
                    date_diff('second', posts.published_at, comments.commented_at) / 3600, $soonest
                ) as hours,
                date_diff('second', posts.published_at, trees.read_at) / 3600 as read_hours,
            from main.comments
            join main.posts on posts.post_id = comments.post_id
            left join staging.comment_trees as trees on trees.post_id = comments.post_id
            where
                posts.is_own
                and list_contains($accounts, posts.account_name)
                and comments.commented_at is not null
                and posts.published_at is not null
        )
        select
            *,
            row_number() over (partition by post_id order by hours) as comments,
            count(*) over (partition by post_id) as all_comments,
        from under_own
        order by all_comments desc, post_id, comments
        """,
        soonest=SOONEST,
    )
    posts = list(dict.fromkeys(comments["post_id"]))
    foot = foot_of(
        report, f"{count(len(comments), 'comment')} under {count(len(posts), 'post')}", "post_comments"
    )
    if comments.empty:
        return nothing(
            "No comment under a post of these accounts is stored. They are fetched as far as a run's credits "
            "reach: python pipelines/sync.py --plan says when that will be."
            if own_posts(report)
            else NO_POSTS,
            foot=foot,
        )
    drawn = figure(y_title="comments so far", x_title="time since publication (logarithmic)")
    told = comments[comments["post_id"].isin(posts[:TOLD])]
    # the first label after the last comment, so that each line has room to lie flat
    ends = min((age for age in AGES if age > told["hours"].max()), default=float(told["hours"].max()))
    for place, post_id in enumerate(posts[:TOLD]):
        curve = told[told["post_id"] == post_id]
        hours, numbers, sizes = list(curve["hours"]), list(curve["comments"]), [MARK] * len(curve)
        until = min(float(curve["read_hours"].iloc[0]), ends)
        if until > hours[-1]:  # nothing came since then, as far as was seen
            hours, numbers, sizes = [*hours, until], [*numbers, numbers[-1]], [*sizes, 0]
        name = label(curve["title"].iloc[0], post_id)
        drawn.add_scatter(
            x=hours, y=numbers, name=name,
            mode="lines+markers",
            line={"shape": "hv", "color": HIGHLIGHTS[place], "width": 2, "dash": DASHES[place]},
            marker={
                "symbol": SYMBOLS[place], "size": sizes, "maxdisplayed": MARKS,
                "opacity": 1, "line": {"width": 0},
            },
            hovertemplate="%{y} comments after %{x:.1f} h<extra>" + name + "</extra>",
        )  # fmt: skip
    drawn.update_xaxes(type="log", tickvals=list(AGES), ticktext=list(AGES.values()), tickangle=0)
    drawn.update_yaxes(rangemode="tozero", nticks=6, tickformat=",d")
    published = told["published_at"]
    days = Period(published.min().date(), published.max().date())
    drawn_of = "This is the post" if len(posts) == 1 else f"These are the {min(TOLD, len(posts))} posts"
    whose = (
        f"<p>{drawn_of} of {escape(report.whose)} with most comments, "
        f"published {'on ' if days.days == 1 else ''}{days}.</p>"
    )
    return Answer(drawn, html=f"<p>{_pace(report)}</p>", foot=foot, above=whose)


def _pace(report: Published) -> str:
    """How fast comments and answers come, in a few sentences."""
    [pace] = report.rows(
        """
        with firsts as (
            select
                count(comments_first_day) as posts,
                median(comments_first_hour) as first_hour,
                median(comments_first_day) as first_day,
            from main.post_scorecard
            where is_own and list_contains($accounts, account_name)
        ),
        threads as (
            select
                count(*) as threads,
                count(first_reply_minutes) as answered,
                median(first_reply_minutes) / 60 as first_reply_hours,
                count(*) filter (where is_of_others) as of_others,
                count(*) filter (where is_of_others and author_replied) as joined,
            from (
                select
                    comment_threads.*,
                    comment_threads.author_name is distinct from posts.account_name as is_of_others,
                from main.comment_threads
                join main.posts on posts.post_id = comment_threads.post_id
                where posts.is_own and list_contains($accounts, posts.account_name)
            ) as under_own
        )
        select firsts.*, threads.*, freshness.median_age_hours as age_hours
        from firsts
        cross join threads
        left join main.data_freshness as freshness on freshness.table_name = 'post_comments'
        """
    ).to_dict("records")
    said = []
    if pace["posts"]:
        said.append(
            f"Of all {count(pace['posts'], 'post')} whose first day is known, the middle one got "
            f"{number(pace['first_hour'])} comments in its first hour, "
            f"{number(pace['first_day'])} in its first day."
        )
    if is_known(pace["first_reply_hours"]):
        joined = (
            f"the author answered in {pace['joined']:,} of {pace['of_others']:,} that others began"
            if pace["of_others"]
            else "others began none"
        )
        said.append(
            f"{pace['answered']:,} of {count(pace['threads'], 'thread')} under them all got an answer, "
            f"half of them within {duration(pace['first_reply_hours'])}; {joined}."
        )
    if is_known(pace["age_hours"]) and pace["age_hours"] >= OLD:
        said.append(
            f"Half of all stored comments were last read {duration(pace['age_hours'])} "
            "before the time named below, or earlier."
        )
    return " ".join(said)
