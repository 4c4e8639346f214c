"""The questions of the engagement report, each answered by a chart, a table, or a sentence.

Each function asks the marts of a published file one question. Where there is
nothing to draw, the answer says why, and what to do about it.
"""

from engagement.comments import comment_velocity
from engagement.data_quality import freshness, losses
from engagement.gallery import rank_trajectories, votes_against_views
from engagement.post_lifetimes import latest_posts, lifetimes
from engagement.posting import format_lift, posting_times, posting_week, tag_lift
from engagement.totals import headline, summary, views_by_day

__all__ = [
    "comment_velocity",
    "format_lift",
    "freshness",
    "headline",
    "latest_posts",
    "lifetimes",
    "losses",
    "posting_times",
    "posting_week",
    "rank_trajectories",
    "summary",
    "tag_lift",
    "views_by_day",
    "votes_against_views",
]
