"""Every mart over warehouses made by chance: its key, what has to add up, and its rows beside an oracle's.

Make it long with ``MARTS_WORLDS=1000 pytest -m slow tests/sql/test_marts_model.py``;
a world is the same each time, so a seed that is told can be looked at with ``random_world``.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from warehouse.audits import VANISHED, findings
from warehouse.relations import AUDIT_RESULTS, SQL_DIR

from tests.support import oracle_books, oracle_engagement, oracle_things
from tests.support.random_warehouse import Made, Row, World, made, random_world

DEFAULT_WORLDS = 25
TOLD = 3  # differences of a mart: more are seldom of another kind
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Mart:
    """What a mart promises.

    Attributes:
        key: what its first line says that there is one row of.
        expected: its oracle; None where only keys and laws are looked at.
        is_whole: whether the oracle tells every column.
        has_all_rows: whether it tells every row.
    """

    key: tuple[str, ...]
    expected: Callable[[World], Iterable[Row]] | None = None
    is_whole: bool = True
    has_all_rows: bool = True


MARTS = {
    "account_daily": Mart(("account_id", "day"), oracle_engagement.expected_account_daily),
    "accounts": Mart(("account_id",), oracle_things.expected_accounts, is_whole=False),
    "album_performance": Mart(("album_id", "image_id"), oracle_things.expected_album_performance),
    "albums": Mart(("album_id",), oracle_things.expected_albums, is_whole=False),
    "comment_threads": Mart(("root_id",), oracle_things.expected_comment_threads),
    "comments": Mart(("comment_id",), oracle_things.expected_comments, is_whole=False),
    "credit_by_endpoint": Mart(("endpoint",), oracle_books.expected_credit_by_endpoint),
    "credit_daily": Mart(("day",), oracle_books.expected_credit_daily),
    "data_freshness": Mart(
        ("table_name",), oracle_books.expected_data_freshness, is_whole=False, has_all_rows=False
    ),
    "format_lift": Mart(("account_id", "format"), oracle_engagement.expected_format_lift),
    "gallery_rank_history": Mart(
        ("feed", "observed_at", "post_id"), oracle_engagement.expected_gallery_rank_history
    ),
    "gallery_trajectory": Mart(("feed", "post_id"), oracle_engagement.expected_gallery_trajectory),
    "image_daily": Mart(("image_id", "day"), oracle_engagement.expected_image_daily),
    "images": Mart(("image_id",), oracle_things.expected_images, is_whole=False),
    "post_benchmark": Mart(("post_id", "age_bucket"), oracle_engagement.expected_post_benchmark),
    "post_daily": Mart(("post_id", "day"), oracle_engagement.expected_post_daily),
    "post_lifetime": Mart(("post_id", "age_bucket"), oracle_engagement.expected_post_lifetime),
    "post_scorecard": Mart(("post_id",), oracle_engagement.expected_post_scorecard),
    "posting_heatmap": Mart(("account_id", "weekday", "hour"), oracle_engagement.expected_posting_heatmap),
    "posts": Mart(("post_id",), oracle_things.expected_posts, is_whole=False),
    "run_history": Mart(("run_id",), oracle_books.expected_run_history, is_whole=False),
    "social_rollup": Mart(("post_id",), oracle_things.expected_social_rollup),
    "survival": Mart(("kind", "item_id"), oracle_things.expected_survival),
    "tag_lift": Mart(("account_id", "tag"), oracle_engagement.expected_tag_lift),
    # two authors may bear a name one after the other, so the key is told by number where there is one
    "top_commenters": Mart(("author_id", "author_name")),
}

# what breaks a law of docs/metrics.md or of a column's meaning; each query returns what does
LAWS = {
    "the gains of a post add up to its last total, or to that less the first day's": (
        "select post_id from main.post_daily group by post_id having count(views) = count(*) and sum(views_gained) "
        "<> arg_max(views, day) - if(arg_min_null(views_gained, day) is null, arg_min(views, day), 0)"
    ),
    "the gains of an image add up to its last total, or to that less the first day's": (
        "select image_id from main.image_daily group by image_id having count(views) = count(*) and sum(views_gained) "
        "<> arg_max(views, day) - if(arg_min_null(views_gained, day) is null, arg_min(views, day), 0)"
    ),
    "no day of a post is left out, and only its last one is partial": (
        "select post_id from main.post_daily group by post_id having count(*) <> max(day) - min(day) + 1 "
        "or count(*) filter (where is_partial) <> 1 or not arg_max(is_partial, day)"
    ),
    "no day of an image is left out, and only its last one is partial": (
        "select image_id from main.image_daily group by image_id having count(*) <> max(day) - min(day) + 1 "
        "or count(*) filter (where is_partial) <> 1 or not arg_max(is_partial, day)"
    ),
    "an account's days add up to those of its posts": (
        "select day, account_id, sum(views_gained) as gained from main.post_daily join main.posts using (post_id) "
        "where is_own group by all having gained is not null "
        "except all select day, account_id, post_views_gained from main.account_daily"
    ),
    "the lower end of a share's interval is not above the share": (
        "select post_id from main.post_scorecard where upvote_share_low > upvote_share + 1e-12 "
        "or (upvote_share is null) <> (upvote_share_low is null)"
    ),
    "engagement of a scorecard is what it is made of": (
        "select post_id from main.post_scorecard where abs(engagement_rate * views "
        "- (ups + downs + comment_count + favorite_count)) > 1e-6"
    ),
    "a lift lies within its interval": (
        "select tag from main.tag_lift where not lift between lift_low and lift_high "
        "union all select format from main.format_lift where not lift between lift_low and lift_high"
    ),
    "formats part the posts of an account that have an index": (
        "select account_id from main.format_lift group by account_id "
        "having sum(posts) <> any_value(posts + posts_without) or count(distinct posts + posts_without) > 1"
    ),
    "every post of a benchmark is its own peer, and has one latest age": (
        "select post_id from main.post_benchmark group by post_id having count(*) filter (where is_latest) <> 1 "
        "union all select age_bucket from main.post_benchmark join main.posts using (post_id) "
        "group by posts.account_id, age_bucket having count(*) <> any_value(posts)"
    ),
    "a heatmap has 168 cells, and every post in one": (
        "select account_id from main.posting_heatmap group by account_id having count(*) <> 168 or sum(posts) <> "
        "(select count(*) from main.posts where is_own and published_at is not null "
        "and posts.account_id = posting_heatmap.account_id)"
    ),
    "the views of an album's images are shared out among them": (
        "select album_id from main.album_performance group by album_id having abs(sum(album_views_share) - 1) > 1e-9 "
        "or max(position) <> count(*) or any_value(images) <> count(*)"
    ),
    "an album's images are counted and added up": (
        "select album_id from main.albums left join (select album_id, count(*) as images, sum(views) as views "
        "from main.album_performance where album_id in (select album_id from imgur_raw.album_images) "
        "group by album_id) as held using (album_id) "
        "where images_held <> coalesce(held.images, 0) or image_views is distinct from held.views"
    ),
    "who stood among the first ten stood among the first sixty": (
        "select post_id from main.gallery_trajectory where top_10_hours > top_60_hours or stays > readings "
        "or best_rank > least(entered_rank, last_rank) or exited_at <= last_seen_at or is_there <> (exited_at is null)"
    ),
    "the hours of all posts together fill the first ten places": (
        "select feed from main.gallery_trajectory group by feed having sum(top_10_hours) > 10 * 1e-9 + 10 * "
        "(epoch(max(last_seen_at)) - epoch(min(entered_at)) + 72 * 3600) / 3600"
    ),
    "every comment of a tree stands in one thread": (
        "select sum(comments) as comments from main.comment_threads having comments is not null "
        "except select count(*) from imgur_raw.post_comments"
    ),
    "answers that are still there are counted": (
        "select parents.comment_id from main.comments as parents left join main.comments as answers "
        "on answers.parent_id = parents.comment_id and not answers.is_missing and not answers.is_stub group by all "
        "having count(answers.comment_id) <> any_value(parents.replies)"
    ),
    "every comment under an own post that has an author is one of a commenter's": (
        "select count(*), sum(replies) from main.comments where is_on_own_post and not is_stub "
        "and coalesce(author_id::varchar, author_name) is not null having count(*) > 0 "
        "except select sum(comments), sum(replies_received) from main.top_commenters"
    ),
    "commenters are ranked by their comments, and who has as many shares the place": (
        "select author_name from (select *, rank() over (order by comments desc) as place from main.top_commenters) "
        "where rank <> place or posts > comments or first_comment_at > last_comment_at"
    ),
    "days, endpoints and runs have spent the same credits as their books": (
        "select 'days' where (select sum(credits_spent) from main.credit_daily) "
        "is distinct from (select sum(credits_spent) from imgur_raw.sync_runs) "
        "union all select 'endpoints' where (select sum(credits_spent) from main.credit_by_endpoint) "
        "is distinct from (select sum(credits) from imgur_raw.credit_charges) "
        "union all select 'shares' where abs((select sum(credits_share) from main.credit_by_endpoint) - 1) > 1e-9"
    ),
    "what is deleted is missing, and since then": (
        "select item_id from main.survival where (state = 'deleted') <> (deleted_at is not null) "
        "or (state = 'alive') <> (missing_since is null) or deleted_at <> missing_since "
        "or missing_since <= last_seen_at or days_observed < 0"
    ),
    "no table has more fresh rows than rows, nor an age below 0": (
        "select table_name from main.data_freshness where median_age_hours < 0 or p95_age_hours < median_age_hours"
    ),
    "a table of which there are rows is as new as its newest": (
        "select 'images' where (select newest_at from main.data_freshness where table_name = 'images') "
        "is distinct from (select max(fetched_at) from imgur_raw.images)"
    ),
}


def of_keys(world: Made) -> Iterator[str]:
    """Marts that this file does not know, rows that share a key, and rows without one."""
    tables = world.connection.execute("select table_name from duckdb_tables() where schema_name = 'main'")
    standing = {name for (name,) in tables.fetchall()} - {AUDIT_RESULTS.removeprefix("main.")}
    yield from (f"{name} stands on one side only" for name in standing ^ MARTS.keys())
    for name, mart in MARTS.items():
        keys = Counter(tuple(row[column] for column in mart.key) for row in world.rows(f"main.{name}"))
        yield from (f"{name}: {key} has {copies} rows" for key, copies in keys.items() if copies > 1)
        yield from (f"{name}: a row has no key" for key in keys if all(value is None for value in key))


def of_audits(world: Made) -> Iterator[str]:
    """Error audits that find something in what is lawful; that much of a list goes is for a person to accept."""
    found = findings(world.connection, SQL_DIR, "error", accepted={VANISHED})
    yield from (str(finding) for finding in found if finding.blocks_publication)


def of_laws(world: Made) -> Iterator[str]:
    """Laws that are broken, and shares that are none."""
    for law, query in LAWS.items():
        found = world.connection.execute(query).fetchmany(TOLD)
        if found:
            yield f"not so: {law}: {found}"
    for name in MARTS:
        for row in world.rows(f"main.{name}"):
            shares = {
                column: value for column, value in row.items() if "_share" in column and value is not None
            }
            yield from (
                f"{name}: {column} = {value}" for column, value in shares.items() if not 0 <= value <= 1
            )


def of_rows(world: Made) -> Iterator[str]:
    """Rows that an oracle tells differently, or that stand on one side only."""
    for name, mart in MARTS.items():
        if mart.expected is not None:
            found = list(row_differences(world, name, mart, mart.expected(world.world)))
            yield from (f"{name}: {difference}" for difference in found[:TOLD])


def row_differences(world: Made, name: str, mart: Mart, rows: Iterable[Row]) -> Iterator[str]:
    expected = {tuple(row[column] for column in mart.key): row for row in rows}
    standing = {tuple(row[column] for column in mart.key): row for row in world.rows(f"main.{name}")}
    for key in sorted(
        expected.keys() ^ standing.keys() if mart.has_all_rows else expected.keys() - standing.keys(), key=str
    ):
        yield f"{key} stands in {'the mart' if key in standing else 'the oracle'} only"
    for key in sorted(expected.keys() & standing.keys(), key=str):
        if mart.is_whole and expected[key].keys() != standing[key].keys():
            yield f"columns differ: {expected[key].keys() ^ standing[key].keys()}"
        different = {
            column: (standing[key][column], value)
            for column, value in expected[key].items()
            if not is_same(standing[key][column], value)
        }
        if different:
            yield f"{key} has, and should have: {different}"


def is_same(value: Any, expected: Any) -> bool:
    """Whether the two are equal, as far as fractions of two makers can be."""
    if isinstance(value, float) and isinstance(expected, int | float):
        return math.isclose(value, expected, rel_tol=1e-9, abs_tol=1e-9)
    if isinstance(value, datetime) and isinstance(expected, datetime):
        return abs(value - expected) <= MICROSECOND  # the middle of two times may be rounded either way
    return bool(value == expected) and type(value) is type(expected)


def differences(seed: str) -> list[str]:
    """All that is wrong with the marts of a world."""
    world = made(random_world(seed))
    with world.connection:
        return [
            f"world {seed}: {difference}"
            for look in (of_keys, of_audits, of_laws, of_rows)
            for difference in look(world)
        ]


def test_marts__of_a_random_warehouse_are_what_the_docs_say() -> None:
    """In a lawful warehouse every mart has its key, adds up, and has the rows of its oracle."""
    assert differences("15") == []


@pytest.mark.slow
def test_marts__of_many_random_warehouses_are_what_the_docs_say() -> None:
    """The same in more of them, so many as ``MARTS_WORLDS`` says; the first one that differs ends it."""
    for number in range(int(os.environ.get("MARTS_WORLDS", DEFAULT_WORLDS))):
        assert differences(str(number)) == []
