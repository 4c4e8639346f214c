"""What marts should say of what runs have done and spent, worked out from docs/metrics.md and the columns' meanings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from fractions import Fraction

from tests.support.oracle_readings import per, percentile, total
from tests.support.oracle_things import latest_trees, states_of
from tests.support.random_warehouse import HOUR, LISTED, Row, World, by_id, utc_day


def expected_credit_daily(world: World) -> Iterator[Row]:
    runs = by_id(({**row, "day": utc_day(row["started_at"])} for row in world.rows["sync_runs"]), "day")
    for day, its in runs.items():
        names = {row["run_id"] for row in its}
        charges = [row for row in world.rows["credit_charges"] if row["run_id"] in names]
        spent, new = total(row["credits_spent"] for row in its), total(row["rows_new"] for row in charges)
        yield {
            "day": day,
            "runs": len(its),
            "runs_failed": sum(row["outcome"] == "failed" for row in its),
            "credits_planned": total(row["credits_planned"] for row in its),
            "credits_spent": spent,
            "requests": total(row["requests"] for row in charges),
            "unchanged": total(row["unchanged"] for row in charges),
            "rows_new": new,
            "rows_refreshed": total(row["rows_refreshed"] for row in charges),
            "credits_per_1000_new_rows": per(spent, new, 1000),
            "lowest_client_credits_left": min(
                (row["client_credits_left"] for row in its if row["client_credits_left"] is not None),
                default=None,
            ),
        }


def expected_credit_by_endpoint(world: World) -> Iterator[Row]:
    began: dict[str, datetime] = {row["run_id"]: row["started_at"] for row in world.rows["sync_runs"]}
    everything = sum(row["credits"] for row in world.rows["credit_charges"])
    for endpoint, rows in by_id(world.rows["credit_charges"], "endpoint").items():
        times: list[datetime] = [began.get(row["run_id"]) or row["fetched_at"] for row in rows]
        credits, requests = sum(row["credits"] for row in rows), sum(row["requests"] for row in rows)
        new, refreshed = total(row["rows_new"] for row in rows), total(row["rows_refreshed"] for row in rows)
        lately = [
            row["credits"] for row, at in zip(rows, times, strict=True) if world.run_at - at < 168 * HOUR
        ]
        yield {
            "endpoint": endpoint,
            "runs": len(rows),
            "credits_spent": credits,
            "credits_share": per(credits, everything),
            "requests": requests,
            "unchanged": sum(row["unchanged"] for row in rows),
            "unchanged_share": per(sum(row["unchanged"] for row in rows), requests),
            "replays": sum(row["replays"] for row in rows),
            "rows_new": new,
            "rows_refreshed": refreshed,
            "credits_per_1000_rows": per(credits, total((new, refreshed)), 1000),
            "credits_last_7_days": sum(lately),
            "last_used_at": max(times),
        }


def expected_run_history(world: World) -> Iterator[Row]:
    charges = by_id(world.rows["credit_charges"], "run_id")
    for row in world.rows["sync_runs"]:
        its, planned = charges.get(row["run_id"], []), row["credits_planned"]
        yield {
            "run_id": row["run_id"],
            "outcome": row["outcome"],
            "publication": row["publication"],
            "duration_minutes": (row["ended_at"] - row["started_at"]) / timedelta(minutes=1),
            "rounds": row["rounds"],
            "credits_planned": planned,
            "credits_spent": row["credits_spent"],
            "credits_over_plan": None if planned is None else row["credits_spent"] - planned,
            "rows_loaded": sum(json.loads(row["rows_loaded"]).values()) if row["rows_loaded"] else None,
            "rows_new": total(charge["rows_new"] for charge in its),
            "rows_refreshed": total(charge["rows_refreshed"] for charge in its),
            "owed": len(json.loads(row["owed"] or "[]")),
            "notes": len(json.loads(row["notes"] or "[]")),
            "started_at": row["started_at"],
            "ended_at": row["ended_at"],
            "published_at": row["published_at"],
        }


def expected_data_freshness(world: World) -> Iterator[Row]:
    """The tables that worlds have rows of; what has gone is left out of the ages, and its details with it."""
    gone = {
        table: {item for item, state in states_of(world, resource).items() if state.missing_since is not None}
        for resource, table in LISTED.items()
    }
    for table in (*LISTED.values(), "album_images", "post_images", "post_tags", "subreddit_posts"):
        rows = world.rows[table]
        there = [
            row
            for row in rows
            if str(row.get("id")) not in gone.get(table, ())
            and row.get("album_id") not in gone["albums"]
            and row.get("post_id") not in gone["posts"]
        ]
        yield freshness(world, table, rows, [row["fetched_at"] for row in there])
    ranks = by_id(world.rows["gallery_ranks"], "feed")
    latest = [max(row["fetched_at"] for row in rows) for rows in ranks.values()]
    yield freshness(world, "gallery_ranks", world.rows["gallery_ranks"], latest)
    trees = latest_trees(world)
    comments = world.rows["post_comments"]
    shown = [row for row in comments if row["fetched_at"] >= trees[row["post_id"]]]
    there = [row for row in shown if row["post_id"] not in gone["posts"]]
    yield freshness(world, "post_comments", comments, [row["fetched_at"] for row in there])
    in_albums = {
        row["image_id"] for row in world.rows["album_images"] if row["album_id"] not in gone["albums"]
    }
    listed = {row["id"] for row in world.rows["images"]} - gone["images"]
    seen = by_id(world.rows["image_metrics"])
    left = [image for image in seen if image in listed | (in_albums - gone["images"])]
    yield history_freshness(world, "image_metrics", [seen[image] for image in left])
    seen = by_id(world.rows["post_metrics"])
    yield history_freshness(world, "post_metrics", [seen[post] for post in seen if post not in gone["posts"]])


def history_freshness(world: World, table: str, histories: Sequence[Sequence[Row]]) -> Row:
    """Of each history the newest sighting counts; how many rows are left of it is another matter."""
    row = freshness(world, table, (), [max(row["fetched_at"] for row in rows) for rows in histories])
    return {name: row[name] for name in ("table_name", "median_age_hours", "p95_age_hours")}


def freshness(world: World, table: str, rows: Sequence[Row], looks: Sequence[datetime]) -> Row:
    ages = [(world.run_at - at) // timedelta(microseconds=1) for at in looks]
    return {
        "table_name": table,
        "rows": len(rows),
        "median_age_hours": float(percentile(ages, Fraction(1, 2))) / 3.6e9 if ages else None,
        "p95_age_hours": float(percentile(ages, Fraction(95, 100))) / 3.6e9 if ages else None,
        "newest_at": max((row["fetched_at"] for row in rows), default=None),
    }
