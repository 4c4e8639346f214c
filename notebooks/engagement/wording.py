"""What all answers say: the line below each, and what to do where nothing is held."""

from __future__ import annotations

from html import escape

from design import percent
from published import Published

FOLLOW = 'Name accounts in .dlt/config.toml, such as accounts = ["me"], and run: python pipelines/sync.py'
SAMPLE = 'Name feeds in .dlt/config.toml, such as feeds = ["hot/viral"], and run: python pipelines/sync.py'
NO_POSTS = f"No post of a followed account is held. {FOLLOW}"


def foot_of(report: Published, known: str, *tables: str) -> str:
    """The line below an answer that rests on *known*, such as "12 posts", of what *tables* hold."""
    coverage = report.coverage(tables)
    return (
        f"data as of {report.run_at:%Y-%m-%d %H:%M} UTC, n = {known}, coverage "
        f"{'unknown' if coverage is None else percent(coverage)}"
    )


def compared_within(report: Published, account: str) -> str:
    """Whose posts a comparison takes, where the report is on several accounts: it is one account's."""
    return f" This is {escape(account)} alone, which has most posts." if len(report.accounts) > 1 else ""


def own_posts(report: Published) -> int:
    """How many posts of the accounts in question are held."""
    [(posts,)] = report.rows(
        "select count(*) from main.posts where is_own and list_contains($accounts, account_name)"
    ).to_numpy()
    return int(posts)
