"""What all answers say: the line below each, whose and when, and what to do where nothing is stored."""

from __future__ import annotations

from html import escape

from charts import percent
from published import Published

FOLLOW = 'Name accounts in .dlt/config.toml, such as accounts = ["me"], and run: python pipelines/sync.py'
SAMPLE = 'Name feeds in .dlt/config.toml, such as feeds = ["hot/viral"], and run: python pipelines/sync.py'
NO_POSTS = f"No post of a followed account is stored. {FOLLOW}"


def foot_of(report: Published, known: str, *tables: str) -> str:
    """The line below an answer that rests on *known*, such as "12 posts", from *tables*."""
    coverage = report.coverage(tables)
    return (
        f"data as of {report.read_at:%d %b %Y, %H:%M} UTC, n = {known}, coverage "
        f"{'unknown' if coverage is None else percent(coverage)}"
    )


def compared(report: Published) -> list[str]:
    """The account within which posts are compared, as a list: of several that with most posts."""
    if len(report.accounts) < 2:
        return list(report.accounts)
    return list(
        report.rows(
            """
            select account_name from main.posts
            where is_own and list_contains($accounts, account_name)
            group by account_name
            order by count(*) desc, account_name
            limit 1
            """
        )["account_name"]
    )


def compared_within(report: Published) -> str:
    """Whose posts a comparison takes, where the report is on several accounts: it is one account's."""
    if len(report.accounts) < 2:
        return ""
    return "".join(f"<p>This is {escape(name)} alone, which has most posts.</p>" for name in compared(report))


def outside_of_what_is_stored(report: Published) -> str:
    """Says that nothing of the accounts was read in the period; empty where something was."""
    periods = report.periods().values()
    if not periods or any(one.meets(report.period) for one in periods):
        return ""
    first, last = min(one.start for one in periods), max(one.end for one in periods)
    return f"Nothing was read in this period; what is stored runs from {first:%d %b %Y} to {last:%d %b %Y}."


def own_posts(report: Published) -> int:
    """How many posts of the accounts in question are stored."""
    [(posts,)] = report.rows(
        "select count(*) from main.posts where is_own and list_contains($accounts, account_name)"
    ).to_numpy()
    return int(posts)
