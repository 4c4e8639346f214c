"""What marts should say of how posts and images fared: by day, by age, beside their peers, and in feeds.

Each ``expected_…`` takes a ``World`` and gives the rows of one mart, worked out
from docs/metrics.md and the columns' meanings.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from statistics import median
from zoneinfo import ZoneInfo

from tests.support.oracle_readings import (
    Reading,
    around,
    days_of,
    hours_between,
    per,
    percentile,
    readings,
    total,
    totals,
)
from tests.support.oracle_things import Owners, format_of, images_of, latest_trees, posts_of
from tests.support.random_warehouse import DAY, HOUR, Row, World, by_id, utc_day

POST_COUNTERS = ("views", "ups", "downs", "points", "comment_count", "favorite_count")
IMAGE_COUNTERS = ("views", "bandwidth")
BUCKETS = {
    "1h": 1,
    "3h": 3,
    "6h": 6,
    "12h": 12,
    "1d": 24,
    "2d": 48,
    "3d": 72,
    "7d": 168,
    "14d": 336,
    "30d": 720,
    "60d": 1440,
    "90d": 2160,
}
LONGEST_INTERVAL = 36 * HOUR
FEWEST_PEERS = 5
VIRAL = "hot/viral"
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
Z = 1.96
Z_OF_A_MEDIAN = 2.5758


def post_readings(world: World) -> dict[str, list[Reading]]:
    """The readings of every post that has any."""
    every = (*POST_COUNTERS, "score", "in_most_viral")
    observed = by_id(world.rows["post_metrics"])
    return {
        post_id: readings(observed[post_id], post.published_at, POST_COUNTERS, every)
        for post_id, post in posts_of(world).items()
        if post_id in observed
    }


def image_readings(world: World) -> dict[str, list[Reading]]:
    images = images_of(world)
    return {
        image_id: readings(rows, images[image_id].row["datetime"], IMAGE_COUNTERS, IMAGE_COUNTERS)
        for image_id, rows in by_id(world.rows["image_metrics"]).items()
    }


def expected_post_daily(world: World) -> Iterator[Row]:
    posts = posts_of(world)
    for post_id, known in post_readings(world).items():
        for day in days_of(known):
            gains = dict(zip(POST_COUNTERS, day.gains, strict=True))
            yield {
                "post_id": post_id,
                "account_name": posts[post_id].account_name,
                "day": day.day,
                **dict(zip(POST_COUNTERS, day.totals, strict=True)),
                "views_gained": gains["views"],
                "points_gained": gains["points"],
                "comments_gained": gains["comment_count"],
                "favorites_gained": gains["favorite_count"],
                "is_interpolated": day.is_interpolated,
                "is_observed": day.is_observed,
                "is_partial": day.is_partial,
            }


def expected_image_daily(world: World) -> Iterator[Row]:
    images = images_of(world)
    for image_id, known in image_readings(world).items():
        for day in days_of(known):
            yield {
                "image_id": image_id,
                "account_name": images[image_id].account_name,
                "day": day.day,
                "views": day.totals[0],
                "bandwidth_bytes": day.totals[1],
                "views_gained": day.gains[0],
                "bandwidth_gained_bytes": day.gains[1],
                "is_interpolated": day.is_interpolated,
                "is_observed": day.is_observed,
                "is_partial": day.is_partial,
            }


def expected_account_daily(world: World) -> Iterator[Row]:
    owners, posts, images = Owners(world), posts_of(world), images_of(world)
    post_days, image_days = list(expected_post_daily(world)), list(expected_image_daily(world))
    holders = {post_id: post.account_id for post_id, post in posts.items()}
    image_holders = {image_id: image.account_id for image_id, image in images.items()}
    comments = {row["id"]: row for row in (*world.rows["comments"], *world.rows["post_comments"])}
    for account, name in world.followed.items():
        made = {
            "posts_published": [p.published_at for p in posts.values() if p.account_id == account],
            "images_uploaded": [i.row["datetime"] for i in images.values() if i.account_id == account],
            "comments_written": [
                row["datetime"]
                for row in comments.values()
                if owners.number(row["author_id"], row["author"], "account_comments", str(row["id"]))
                == account
            ],
        }
        made_on = {kind: [utc_day(at) for at in times if at] for kind, times in made.items()}
        of_posts = [row for row in post_days if holders[row["post_id"]] == account]
        of_images = [row for row in image_days if image_holders[row["image_id"]] == account]
        rows = [row for row in world.rows["account_metrics"] if row["id"] == account]
        reputation = {day.day: day for day in days_of(readings(rows, None, ("reputation",), ("reputation",)))}
        days = {*reputation, *(day for found in made_on.values() for day in found)}
        days |= {row["day"] for row in (*of_posts, *of_images)}
        day = min(days, default=None)
        while day is not None and day <= max(days):
            read = reputation.get(day)
            yield {
                "account_id": account,
                "account_name": name,
                "day": day,
                "reputation": read.totals[0] if read else None,
                "reputation_gained": read.gains[0] if read else None,
                **{kind: found.count(day) for kind, found in made_on.items()},
                "post_views_gained": total(row["views_gained"] for row in of_posts if row["day"] == day),
                "image_views_gained": total(row["views_gained"] for row in of_images if row["day"] == day),
                "points_gained": total(row["points_gained"] for row in of_posts if row["day"] == day),
                "comments_gained": total(row["comments_gained"] for row in of_posts if row["day"] == day),
            }
            day += DAY


def expected_post_lifetime(world: World) -> Iterator[Row]:
    posts = posts_of(world)
    for post_id, known in post_readings(world).items():
        post = posts[post_id]
        highest = max((reading.counters[0] or 0 for reading in known), default=0)
        for label, hours in BUCKETS.items():
            at = post.published_at and post.published_at + hours * HOUR
            pair = around(known, at) if at else None
            if at is None or pair is None:
                continue
            shown = [POST_COUNTERS.index(name) for name in ("views", "points", "comment_count")]
            stands = all(pair[0].counters[place] == pair[1].counters[place] for place in shown)
            apart = pair[1].at - pair[0].at
            if not stands and apart > min(1.5 * hours * HOUR, max(LONGEST_INTERVAL, hours * HOUR)):
                continue
            now = dict(zip(POST_COUNTERS, totals(*pair, at), strict=True))
            views = now["views"]
            yield {
                "post_id": post_id,
                "account_name": post.account_name,
                "age_bucket": label,
                "age_hours": hours,
                "views": views,
                "points": now["points"],
                "comment_count": now["comment_count"],
                "views_share": None if views is None or not highest else views / highest,
                "is_interpolated": not stands,
            }


def expected_post_benchmark(world: World) -> Iterator[Row]:
    posts = posts_of(world)
    known = [
        (row["post_id"], row["age_bucket"], row["age_hours"], row["views"])
        for row in expected_post_lifetime(world)
        if posts[row["post_id"]].is_own and row["views"] is not None
    ]
    for post_id, post in posts.items():
        published, views = post.published_at, post.row.get("views")
        if post.is_own and published and views is not None and post.row["fetched_at"] - published > 90 * DAY:
            known.append((post_id, "final", None, views))
    for post_id, label, hours, views in known:
        account = posts[post_id].account_id
        peers = [v for other, its, _, v in known if its == label and posts[other].account_id == account]
        low, middle, high = (percentile(peers, Fraction(part, 10)) for part in (2, 5, 8))
        standing = "above" if views > high else "below" if views < low else "normal"
        ages = [math.inf if h is None else h for other, _, h, _ in known if other == post_id]
        age = math.inf if hours is None else hours
        yield {
            "post_id": post_id,
            "account_id": account,
            "account_name": posts[post_id].account_name,
            "age_bucket": label,
            "standing": standing if len(peers) >= FEWEST_PEERS else None,
            "age_hours": hours,
            "views": views,
            "median_views": float(middle),
            "p20_views": float(low),
            "p80_views": float(high),
            "posts": len(peers),
            "views_index": float(views / middle) if middle else None,
            "is_latest": age == max(ages),
            "is_comparable": age == max(ages) and age >= 24 and len(peers) >= FEWEST_PEERS and middle > 0,
        }


def index_of(world: World) -> dict[str, float]:
    """The index that stands for each own post where posts are compared."""
    return {
        row["post_id"]: row["views_index"] for row in expected_post_benchmark(world) if row["is_comparable"]
    }


def expected_post_scorecard(world: World) -> Iterator[Row]:
    known = post_readings(world)
    latest = {row["post_id"]: row for row in expected_post_benchmark(world) if row["is_latest"]}
    viral = {row["post_id"]: row for row in expected_gallery_trajectory(world) if row["feed"] == VIRAL}
    trees = latest_trees(world)
    comments = by_id(world.rows["post_comments"], "post_id")
    for post_id, post in posts_of(world).items():
        row = post.row
        views, ups, downs = row.get("views"), row.get("ups"), row.get("downs")
        talk, favorites = row.get("comment_count"), row.get("favorite_count")
        votes = None if ups is None or downs is None else ups + downs
        acts = None if votes is None or talk is None or favorites is None else votes + talk + favorites
        half = half_life(known.get(post_id, []), post.published_at)
        peak = peak_of(known.get(post_id, []))
        looks = [at for at in (trees.get(post_id), row["fetched_at"] if talk == 0 else None) if at]
        counts = [
            comments_within(comments.get(post_id, []), post.published_at, max(looks, default=None), hours)
            for hours in (1, 24)
        ]
        yield {
            "post_id": post_id,
            "account_name": post.account_name,
            "title": row["title"],
            "standing": latest.get(post_id, {}).get("standing"),
            "age_bucket": latest.get(post_id, {}).get("age_bucket"),
            "views": views,
            "ups": ups,
            "downs": downs,
            "points": row.get("points"),
            "comment_count": talk,
            "favorite_count": favorites,
            "upvote_share": ups / votes if votes else None,
            "upvote_share_low": wilson(ups, votes) if ups is not None and votes else None,
            "comments_per_1000_views": per(talk, views, 1000),
            "favorites_per_1000_views": per(favorites, views, 1000),
            "engagement_rate": per(acts, views),
            "half_life_hours": half[0],
            "half_life_from_hours": half[1],
            "half_life_to_hours": half[2],
            "peak_views_per_hour": peak[0],
            "views_index": latest.get(post_id, {}).get("views_index"),
            "best_rank": viral.get(post_id, {}).get("best_rank"),
            "front_page_hours": viral.get(post_id, {}).get("top_60_hours"),
            "comments_first_hour": counts[0],
            "comments_first_day": counts[1],
            "is_own": post.is_own,
            "peak_at": peak[1],
            "published_at": post.published_at,
        }


def wilson(ups: int, votes: int) -> float:
    """The lower end of Wilson's interval."""
    p, n = ups / votes, votes
    return (p + Z**2 / (2 * n) - Z * math.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))) / (1 + Z**2 / n)


def half_life(
    known: Sequence[Reading], published: datetime | None
) -> tuple[float, float, float] | tuple[None, None, None]:
    """The age in hours at which it first had half of the highest views ever read, and those read before and after."""
    unknown = (None, None, None)
    seen = [(reading.at, reading.counters[0]) for reading in known if reading.counters[0] is not None]
    if not seen or published is None or not known[0].is_start or seen[-1][0] - published <= 24 * HOUR:
        return unknown
    half = Fraction(max(views for _, views in seen), 2)
    if not half:
        return unknown
    for (start, low), (end, high) in pairwise(seen):
        if high >= half:
            part = Fraction(half - low, high - low)
            age = (start - published) + float(part) * (end - start)
            if end - start > max(LONGEST_INTERVAL, age):
                return unknown
            return age / HOUR, (start - published) / HOUR, (end - published) / HOUR
    raise AssertionError("half of the highest is reached at the highest")


def peak_of(known: Sequence[Reading]) -> tuple[float | None, datetime | None]:
    """Most views per hour between a reading and the last one an hour earlier, and the middle of that time."""
    best: tuple[float | None, datetime | None] = (None, None)
    seen = [(reading.at, reading.counters[0]) for reading in known if reading.counters[0] is not None]
    for end, high in seen:
        earlier = [(at, views) for at, views in seen if end - at >= HOUR]
        if earlier and end - earlier[-1][0] <= LONGEST_INTERVAL:
            start, low = earlier[-1]
            rate = (high - low) / ((end - start) / HOUR)
            if rate > 0 and (best[0] is None or rate > best[0] * (1 + 1e-12)):
                best = rate, start + (end - start) / 2
    return best


def comments_within(
    rows: Sequence[Row], published: datetime | None, read_at: datetime | None, hours: int
) -> int | None:
    """Comments less than so many hours after publication; None where they were not read after that time."""
    if published is None or read_at is None or read_at - published < hours * HOUR:
        return None
    times = [row["datetime"] for row in rows if row["datetime"] is not None]
    return len([at for at in times if at - published < hours * HOUR])


def expected_tag_lift(world: World) -> Iterator[Row]:
    tags = by_id(world.rows["post_tags"], "post_id")
    yield from lifts(world, "tag", lambda post_id: {row["tag"] for row in tags.get(post_id, [])})


def expected_format_lift(world: World) -> Iterator[Row]:
    posts = posts_of(world)
    yield from lifts(world, "format", lambda post_id: {format_of(posts[post_id].row)})


def lifts(world: World, name: str, groups_of: Callable[[str], set[str]]) -> Iterator[Row]:
    """For each account and group of its posts, the indices of those in it beside the others."""
    posts, index = posts_of(world), index_of(world)
    for account, shown in world.followed.items():
        its = [post_id for post_id in index if posts[post_id].account_id == account]
        for group in sorted({group for post_id in its for group in groups_of(post_id)}):
            inside = [index[post_id] for post_id in its if group in groups_of(post_id)]
            outside = [index[post_id] for post_id in its if group not in groups_of(post_id)]
            yield {"account_id": account, "account_name": shown, name: group} | lift_of(inside, outside)


def lift_of(inside: Sequence[float], outside: Sequence[float]) -> Row:
    without = median(outside) if outside else None
    lift = median(inside) / without if without else None
    error = None
    if lift is not None and min(len(inside), len(outside)) >= 5:
        error = math.hypot(error_of(inside), error_of(outside)) or None
    return {
        "posts": len(inside),
        "posts_without": len(outside),
        "median_index": median(inside),
        "median_index_without": without,
        "lift": lift,
        "lift_low": lift * math.exp(-Z * error) if lift is not None and error else None,
        "lift_high": lift * math.exp(Z * error) if lift is not None and error else None,
    }


def error_of(values: Sequence[float]) -> float:
    """McKean and Schrader's standard error of the median of the logarithms."""
    logs, n = sorted(math.log(max(value, 0.01)) for value in values), len(values)
    k = max(1, math.floor((n + 1) / 2 - Z_OF_A_MEDIAN * math.sqrt(n / 4) + 0.5))
    return (logs[-k] - logs[k - 1]) / (2 * Z_OF_A_MEDIAN)


def expected_posting_heatmap(world: World) -> Iterator[Row]:
    index = index_of(world)
    week = {
        row["post_id"]: row["views"] for row in expected_post_lifetime(world) if row["age_bucket"] == "7d"
    }
    zone = ZoneInfo(world.zone)
    own = [post for post in posts_of(world).values() if post.is_own and post.published_at]
    for account in {post.account_id for post in own}:
        cells: dict[tuple[int, int], list[str]] = {}
        for post in own:
            if post.account_id == account and post.published_at:
                at = post.published_at.astimezone(zone)
                cells.setdefault((at.isoweekday(), at.hour), []).append(post.row["id"])
        for weekday in range(1, 8):
            for hour in range(24):
                its = cells.get((weekday, hour), [])
                views = [week[post] for post in its if week.get(post) is not None]
                indices = [index[post] for post in its if post in index]
                middle = median(indices) if indices else None
                yield {
                    "account_id": account,
                    "account_name": world.followed[account or 0],
                    "weekday_name": WEEKDAYS[weekday - 1],
                    "weekday": weekday,
                    "hour": hour,
                    "posts": len(its),
                    "posts_with_views": len(views),
                    "median_views_7d": median(views) if views else None,
                    "posts_with_index": len(indices),
                    "median_index": middle,
                    "score": 1
                    if middle is None
                    else max(0.01, middle) ** (len(indices) / (len(indices) + 5)),
                }


def complete_readings(world: World, feed: str) -> dict[datetime, dict[str, int]]:
    """Best place of each post, from 1, in every reading of *feed* that got all its pages."""
    found: dict[datetime, dict[str, int]] = {
        row["started_at"]: {}
        for row in sorted(world.rows["list_sweeps"], key=lambda row: row["started_at"])
        if row["list"] == feed and row["is_complete"]
    }
    for row in world.rows["gallery_ranks"]:
        if row["feed"] == feed and row["observed_at"] in found:
            ranks = found[row["observed_at"]]
            ranks[row["post_id"]] = min(ranks.get(row["post_id"], row["position"] + 1), row["position"] + 1)
    return found


def hours_among(first: int, seen: dict[datetime, dict[str, int]], post_id: str) -> float:
    """Hours among the first so many places: a whole interval for both ends, half for one."""
    hours = 0.0
    for start, end in pairwise(seen):
        if end - start <= LONGEST_INTERVAL:
            ends = sum(seen[at].get(post_id, math.inf) <= first for at in (start, end))
            hours += ends / 2 * ((end - start) / HOUR)
    return hours


def hours_to(seen: dict[datetime, dict[str, int]], post_id: str, published: datetime | None) -> float | None:
    """Hours from publication to the first reading that showed it; None where that was the very first."""
    shown = [at for at in seen if post_id in seen[at]]
    return hours_between(published, shown[0]) if shown and shown[0] != min(seen) else None


def expected_gallery_trajectory(world: World) -> Iterator[Row]:
    posts = posts_of(world)
    viral = complete_readings(world, VIRAL)
    for feed in {row["feed"] for row in world.rows["gallery_ranks"]}:
        seen = complete_readings(world, feed)
        times = list(seen)
        for post_id in {post_id for ranks in seen.values() for post_id in ranks}:
            shown = [at for at in times if post_id in seen[at]]
            best = min(seen[at][post_id] for at in shown)
            later = [at for at in times if at > shown[-1]]
            post = posts.get(post_id)
            published = post.published_at if post else None
            yield {
                "feed": feed,
                "post_id": post_id,
                "title": post.row["title"] if post else None,
                "account_name": post.account_name if post else None,
                "entered_rank": seen[shown[0]][post_id],
                "best_rank": best,
                "last_rank": seen[shown[-1]][post_id],
                "readings": len(shown),
                "stays": sum(
                    number == 0 or at != times[times.index(shown[number - 1]) + 1]
                    for number, at in enumerate(shown)
                ),
                "top_10_hours": hours_among(10, seen, post_id),
                "top_60_hours": hours_among(60, seen, post_id),
                "hours_to_entry": hours_to(seen, post_id, published),
                "hours_to_viral": hours_to(viral, post_id, published),
                "is_there": not later,
                "is_own": post.is_own if post else False,
                "entered_at": shown[0],
                "best_at": next(at for at in shown if seen[at][post_id] == best),
                "last_seen_at": shown[-1],
                "exited_at": later[0] if later else None,
            }


def expected_gallery_rank_history(world: World) -> Iterator[Row]:
    posts = posts_of(world)
    observed = by_id(world.rows["post_metrics"])
    for feed in {row["feed"] for row in world.rows["gallery_ranks"]}:
        walks = {row["started_at"]: row for row in world.rows["list_sweeps"] if row["list"] == feed}
        rows = [row for row in world.rows["gallery_ranks"] if row["feed"] == feed]
        seen: dict[datetime, dict[str, int]] = {at: {} for at in sorted(walks)}
        for row in rows:
            ranks = seen[row["observed_at"]]
            ranks[row["post_id"]] = min(ranks.get(row["post_id"], row["position"] + 1), row["position"] + 1)
        before: dict[str, int] = {}
        for at, ranks in seen.items():
            for post_id, rank in ranks.items():
                post = posts.get(post_id)
                known = [
                    row for row in observed.get(post_id, []) if row["observed_at"] <= walks[at]["fetched_at"]
                ]
                last = max(known, key=lambda row: row["observed_at"], default={})
                yield {
                    "feed": feed,
                    "post_id": post_id,
                    "title": post.row["title"] if post else None,
                    "account_name": post.account_name if post else None,
                    "rank": rank,
                    "rank_before": before.get(post_id),
                    "rank_gained": before[post_id] - rank if post_id in before else None,
                    "views": last.get("views"),
                    "points": last.get("points"),
                    "is_complete": walks[at]["is_complete"],
                    "is_own": post.is_own if post else False,
                    "observed_at": at,
                }
            before = ranks
