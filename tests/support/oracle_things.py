"""What marts should say of what stands now: whose it is, whether it is still there, and what hangs together.

Each ``expected_…`` takes a ``World`` and gives the rows of one mart, worked out
from docs/metrics.md, docs/decisions/sql.md and the columns' meanings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from tests.support.oracle_readings import hours_between, per, total
from tests.support.random_warehouse import DAY, LOGIN, Row, World, by_id


class Owners:
    """Whose a post, an image or a comment is, and under which name it goes."""

    def __init__(self, world: World) -> None:
        self.followed = world.followed
        seen = sorted(world.rows["accounts"], key=lambda row: (row["fetched_at"], row["id"]))
        self.by_name: dict[str, int] = {row["url"].lower(): row["id"] for row in seen}  # of who was seen last
        self.listed = {
            (row["list"].split("/")[0], row["item_id"]): self.of_list(row["list"])
            for row in world.rows["list_items"]
        }

    def of_list(self, name: str) -> int:
        """The account whose list it is."""
        owner = name.split("/")[1]
        return LOGIN if owner == "me" else self.by_name[owner]

    def number(self, number: int | None, name: str | None, resource: str = "", item: str = "") -> int | None:
        """By the account's number, else by the name, else by the list that has shown it."""
        if number:
            return number
        if name is not None and name.lower() in self.by_name:
            return self.by_name[name.lower()]
        return self.listed.get((resource, item)) if name is None else None

    def name(self, number: int | None, name: str | None) -> str | None:
        """The present name of a followed account, else what the reply shows."""
        return self.followed.get(number, name) if number is not None else name


@dataclass(frozen=True, slots=True)
class Post:
    """A gallery post, with what marts repeat of it."""

    row: Row
    account_id: int | None
    account_name: str | None
    is_own: bool

    @property
    def published_at(self) -> datetime | None:
        published_at: datetime | None = self.row["datetime"]
        return published_at


def posts_of(world: World) -> dict[str, Post]:
    """Every post by its id; the gallery's view wins over that of a subreddit."""
    owners = Owners(world)
    found: dict[str, Post] = {}
    for row in (*world.rows["posts"], *world.rows["subreddit_posts"]):
        if row["id"] not in found:
            number, name = row.get("account_id"), row.get("account_url")
            owner = owners.number(number, name, "account_submissions", row["id"])
            found[row["id"]] = Post(row, owner, owners.name(owner, name), owner in world.followed)
    return found


@dataclass(frozen=True, slots=True)
class Image:
    """An image in its richest view: its owner's, an album's, or a gallery album's."""

    row: Row
    account_id: int | None
    account_name: str | None


def images_of(world: World) -> dict[str, Image]:
    """The view of each image that wins, its owner's over an album's over a gallery album's, and whose it is.

    Where an image does not show its owner's number or name, those of the album or post which has shown
    it count, unless its own number is that of somebody else.
    """
    owners = Owners(world)
    holders = {row["id"]: row for table in ("posts", "albums") for row in world.rows[table]}
    views = [(row["id"], row) for row in world.rows["images"]]
    for table, key in (("album_images", "album_id"), ("post_images", "post_id")):
        rows = sorted(world.rows[table], key=lambda row: str(row[key]))
        rows.sort(key=lambda row: row["fetched_at"], reverse=True)
        views += [(row["image_id"], row) for row in rows]
    found: dict[str, Image] = {}
    for image_id, row in views:
        if image_id not in found:
            number, name = row["account_id"], row["account_url"]
            holder = holders.get(row.get("album_id") or row.get("post_id"), {})
            if name is None and number in (None, 0, holder.get("account_id")):
                name = holder.get("account_url")
            number = owners.number(number or holder.get("account_id"), name, "account_images", image_id)
            found[image_id] = Image(row, number, owners.name(number, name))
    return found


@dataclass(slots=True)
class State:
    """Whether the lists that have shown an item still do."""

    last_seen_at: datetime
    missing_since: datetime | None
    is_deleted: bool


def list_state(world: World, row: Row) -> State:
    """What one list, and direct looks, say of an item of it."""
    looks = [
        look
        for look in world.rows["item_looks"]
        if (look["list"], look["item_id"]) == (row["list"], row["item_id"])
    ]
    seen = [row["fetched_at"], *(look["looked_at"] for look in looks if not look["is_gone"])]
    if row["list"].startswith("account_submissions/"):  # feeds show it, too
        seen += [post["fetched_at"] for post in world.rows["posts"] if post["id"] == row["item_id"]]
    last = max(seen)
    gone = [look["looked_at"] for look in looks if look["is_gone"] and look["looked_at"] > last]
    missed = [
        walk
        for walk in world.rows["list_sweeps"]
        if walk["list"] == row["list"] and has_missed(walk, row, last)
    ]
    since = [*gone, *(walk["started_at"] for walk in missed)]
    proved = sum(walk["is_proved"] for walk in missed)
    return State(last, min(since, default=None), bool(gone) or proved >= 2 or len(missed) >= 3)


def state_of(world: World, rows: Sequence[Row]) -> State:
    """What all lists together say of an item: what one missed since it was last seen in any."""
    states = [list_state(world, row) for row in rows]
    last = max(state.last_seen_at for state in states)
    gone = [state for state in states if state.missing_since is not None and state.missing_since > last]
    since = min((state.missing_since for state in gone if state.missing_since), default=None)
    return State(last, since, any(state.is_deleted for state in gone))


def has_missed(walk: Row, row: Row, last: datetime) -> bool:
    """Whether a complete walk began after the item was last seen, and covered its time."""
    if walk["kind"] in ("gap", "feed") or not walk["is_complete"] or walk["started_at"] <= last:
        return False
    newest, oldest, at = walk.get("newest_at"), walk.get("oldest_at"), row["datetime"]
    if at is None:
        return newest is None and oldest is None
    return (newest is None or at < newest) and (oldest is None or at > oldest)


def states_of(world: World, resource: str) -> dict[str, State]:
    """The state of every item that a list of that kind has shown."""
    listed = [row for row in world.rows["list_items"] if row["list"].startswith(f"{resource}/")]
    return {item: state_of(world, rows) for item, rows in by_id(listed, "item_id").items()}


def format_of(row: Row) -> str:
    """album of more than one image, video, animation or image; an album of one image is what its image is."""
    if row.get("is_album") and row.get("images_count") != 1:
        return "album"
    if row.get("animated"):
        return "video" if row.get("has_sound") else "animation"
    return "image"


def expected_posts(world: World) -> Iterator[Row]:
    tags, observed, ranks = (
        by_id(world.rows[table], key)
        for table, key in (("post_tags", "post_id"), ("post_metrics", "id"), ("gallery_ranks", "post_id"))
    )
    states = states_of(world, "account_submissions")
    held = {row["id"] for row in world.rows["posts"]}
    for post_id, post in posts_of(world).items():
        row, state = post.row, states.get(post_id)
        firsts = [seen["observed_at"] for seen in observed.get(post_id, ())]
        firsts = firsts or [rank["fetched_at"] for rank in ranks.get(post_id, ())]
        yield {
            "post_id": post_id,
            "account_id": post.account_id,
            "account_name": post.account_name,
            "title": row["title"],
            "format": format_of(row),
            "tags": [tag["tag"] for tag in sorted(tags.get(post_id, ()), key=lambda tag: tag["position"])],
            "views": row.get("views"),
            "age_hours": hours_between(row["datetime"], row["fetched_at"]),
            "data_age_hours": hours_between(row["fetched_at"], world.run_at),
            "is_subreddit": post_id not in held,
            "is_own": post.is_own,
            "is_missing": state is not None and state.missing_since is not None,
            "published_at": row["datetime"],
            "first_seen_at": min(firsts, default=None),
            "missing_since": state.missing_since if state else None,
            "deleted_at": state.missing_since if state and state.is_deleted else None,
            "fetched_at": row["fetched_at"],
        }


def expected_images(world: World) -> Iterator[Row]:
    own = {row["id"] for row in world.rows["images"]}
    in_albums = {row["image_id"] for row in world.rows["album_images"]}
    states = states_of(world, "account_images")
    holders: dict[str, list[str]] = {}
    for table, holder in (("album_images", "album_id"), ("post_images", "post_id")):
        for row in world.rows[table]:
            holders.setdefault(row["image_id"], []).append(row[holder])
    for image_id, image in images_of(world).items():
        state = states.get(image_id)
        yield {
            "image_id": image_id,
            "album_id": min(holders.get(image_id, ()), default=None),
            "account_id": image.account_id,
            "account_name": image.account_name,
            "seen_in": "account" if image_id in own else "album" if image_id in in_albums else "post",
            "views": image.row.get("views"),
            "data_age_hours": hours_between(image.row["fetched_at"], world.run_at),
            "is_own": image_id in own or image.account_id in world.followed,
            "is_missing": state is not None and state.missing_since is not None,
            "uploaded_at": image.row["datetime"],
            "missing_since": state.missing_since if state else None,
            "deleted_at": state.missing_since if state and state.is_deleted else None,
            "fetched_at": image.row["fetched_at"],
        }


def expected_accounts(world: World) -> Iterator[Row]:
    """What is taken for deleted is not counted."""
    owners = Owners(world)
    posts = [row for row in expected_posts(world) if row["deleted_at"] is None]
    images = [row for row in expected_images(world) if row["deleted_at"] is None]
    comments = [row for row in expected_comments(world) if row["deleted_at"] is None and not row["is_stub"]]
    gone = {album for album, state in states_of(world, "account_albums").items() if state.is_deleted}
    albums = [row for row in world.rows["albums"] if row["id"] not in gone]
    album_owners = [owners.number(row["account_id"], row["account_url"]) for row in albums]
    for row in world.rows["accounts"]:
        its = [[thing for thing in things if thing["account_id"] == row["id"]] for things in (posts, images)]
        yield {
            "account_id": row["id"],
            "account_name": row["url"],
            "reputation": row["reputation"],
            "posts": len(its[0]),
            "albums": album_owners.count(row["id"]),
            "images": len(its[1]),
            "comments": len([comment for comment in comments if comment["author_id"] == row["id"]]),
            "post_views": total(post["views"] for post in its[0]) or 0,
            "image_views": total(image["views"] for image in its[1]) or 0,
            "data_age_hours": hours_between(row["fetched_at"], world.run_at),
            "created_at": row["created"],
            "fetched_at": row["fetched_at"],
        }


def expected_albums(world: World) -> Iterator[Row]:
    owners, images = Owners(world), images_of(world)
    states = states_of(world, "account_albums")
    held = by_id(world.rows["album_images"], "album_id")
    for row in world.rows["albums"]:
        number = owners.number(row["account_id"], row["account_url"])
        state, its = states[row["id"]], held.get(row["id"], [])
        yield {
            "album_id": row["id"],
            "account_id": number,
            "account_name": owners.name(number, row["account_url"]),
            "title": row["title"],
            "views": row["views"],
            "images_count": row["images_count"],
            "images_held": len(its),
            "image_views": total(images[image["image_id"]].row.get("views") for image in its),
            "data_age_hours": hours_between(row["fetched_at"], world.run_at),
            "is_missing": state.missing_since is not None,
            "created_at": row["datetime"],
            "missing_since": state.missing_since,
            "deleted_at": state.missing_since if state.is_deleted else None,
            "fetched_at": row["fetched_at"],
        }


def expected_survival(world: World) -> Iterator[Row]:
    things: dict[str, dict[str, Post] | dict[str, Image]] = {
        "post": posts_of(world),
        "image": images_of(world),
    }
    of_kind = (("account_submissions", "post", "post_metrics"), ("account_images", "image", "image_metrics"))
    for resource, kind, metrics in of_kind:
        observed = by_id(world.rows[metrics])
        for item, state in states_of(world, resource).items():
            thing = things[kind][item]
            row = thing.row
            first = min((seen["observed_at"] for seen in observed.get(item, ())), default=state.last_seen_at)
            missing = state.missing_since
            yield {
                "kind": kind,
                "item_id": item,
                "account_name": thing.account_name,
                "title": row["title"],
                "state": "alive" if missing is None else "deleted" if state.is_deleted else "missing",
                "views": row.get("views"),
                "age_at_loss_hours": hours_between(row["datetime"], missing) if missing else None,
                "days_observed": (state.last_seen_at - first) / DAY,
                "made_at": row["datetime"],
                "first_seen_at": first,
                "last_seen_at": state.last_seen_at,
                "missing_since": missing,
                "deleted_at": missing if state.is_deleted else None,
            }


def expected_social_rollup(world: World) -> Iterator[Row]:
    for post in posts_of(world).values():
        if post.is_own:
            yield {
                "created_timestamp": post.published_at,
                "post_id": post.row["id"],
                "post_message": post.row["title"],
                "page_id": str(post.account_id),
                "page_name": post.account_name,
                "post_url": f"https://imgur.com/{'a' if post.row['is_album'] else 'gallery'}/{post.row['id']}",
                "platform": "imgur",
                "clicks": None,
                "impressions": post.row.get("views"),
                "likes": post.row.get("ups"),
                "shares": None,
                "comments": post.row.get("comment_count"),
            }


def expected_album_performance(world: World) -> Iterator[Row]:
    """An album that is a post, too, is shown as the album."""
    owners, posts, images = Owners(world), posts_of(world), images_of(world)
    albums = {row["id"]: row for row in world.rows["albums"]}
    held = by_id(world.rows["post_images"], "post_id") | by_id(world.rows["album_images"], "album_id")
    for album_id, rows in held.items():
        album, post = albums.get(album_id), posts.get(album_id)
        number = owners.number(album["account_id"], album["account_url"]) if album else None
        names = [owners.name(number, album["account_url"]) if album else None, post and post.account_name]
        titles = [album and album["title"], post and post.row["title"]]
        sizes = [album and album["images_count"], post and post.row.get("images_count")]
        ordered = sorted(rows, key=lambda row: row["position"])
        views = [images[row["image_id"]].row.get("views") for row in ordered]
        for place, row in enumerate(ordered):
            yield {
                "album_id": album_id,
                "image_id": row["image_id"],
                "account_name": next((name for name in names if name is not None), None),
                "album_title": next((title for title in titles if title is not None), None),
                "position": place + 1,
                "images": len(rows),
                "images_count": next((size for size in sizes if size is not None), None),
                "views": views[place],
                "views_per_first": per(views[place], views[0]),
                "album_views_share": per(views[place], total(views)),
                "is_post": post is not None,
            }


def expected_comments(world: World) -> Iterator[Row]:
    """The tree tells the place of a comment, the later look its counters."""
    owners, posts, states = Owners(world), posts_of(world), states_of(world, "account_comments")
    latest_tree = latest_trees(world)
    trees, lists = ({row["id"]: row for row in world.rows[name]} for name in ("post_comments", "comments"))
    replies: Counter[int] = Counter()
    found: list[Row] = []
    for comment_id in trees.keys() | lists.keys():
        tree, listed = trees.get(comment_id), lists.get(comment_id)
        latest = max((row for row in (tree, listed) if row), key=lambda row: row["fetched_at"])
        number = owners.number(latest["author_id"], latest["author"])
        post_id = tree["post_id"] if tree else latest["image_id"]
        place = tree or {"parent_id": latest["parent_id"] or None, "depth": None, "root_id": None}
        if tree is None and not latest["parent_id"]:
            place |= {"depth": 0, "root_id": comment_id}
        state = states.get(str(comment_id))
        missing = is_comment_missing(state, tree, latest_tree.get(post_id))
        is_stub = bool(latest.get("deleted"))
        if not missing and not is_stub:
            replies[place["parent_id"]] += 1
        found.append(
            {
                "comment_id": comment_id,
                "post_id": post_id,
                **{name: place[name] for name in ("parent_id", "root_id", "depth")},
                "author_id": number,
                "author_name": owners.name(number, latest["author"]),
                "points": latest.get("points"),
                "is_own": listed is not None or number in world.followed,
                "is_on_own_post": post_id in posts and posts[post_id].is_own,
                "is_stub": is_stub,
                "is_missing": missing,
                "commented_at": latest["datetime"],
                "missing_since": state.missing_since if state and missing else None,
                "deleted_at": state.missing_since if state and missing and state.is_deleted else None,
                "fetched_at": latest["fetched_at"],
            }
        )
    yield from ({**row, "replies": replies[row["comment_id"]]} for row in found)


def latest_trees(world: World) -> dict[str, datetime]:
    """When the tree of each post was read last."""
    fetches = [row for row in world.rows["detail_fetches"] if row["resource"] == "post_comments"]
    read = {row["item_id"]: row["fetched_at"] for row in fetches if row["items"] is not None}
    for row in world.rows["post_comments"]:
        read[row["post_id"]] = max(row["fetched_at"], read.get(row["post_id"], row["fetched_at"]))
    return read


def is_comment_missing(state: State | None, tree: Row | None, tree_read_at: datetime | None) -> bool:
    """Whether the later of its author's list and its tree, as far as they have ever shown it, does not any more."""
    is_in_tree = tree is not None and tree_read_at is not None and tree["fetched_at"] >= tree_read_at
    if state is None:
        return not is_in_tree
    if tree is not None and tree_read_at is not None and not is_in_tree and tree_read_at > state.last_seen_at:
        return True
    if state.missing_since is None:
        return False
    return not (tree is not None and is_in_tree and tree["fetched_at"] > state.missing_since)


def expected_comment_threads(world: World) -> Iterator[Row]:
    posts = posts_of(world)
    for root_id, comments in by_id(world.rows["post_comments"], "root_id").items():
        held = {row["id"]: row for row in comments}
        root = held.get(root_id)
        answers = [row for row in comments if row["id"] != root_id]
        waits = [
            wait for row in answers if (wait := minutes_since(held.get(row["parent_id"]), row)) is not None
        ]
        firsts = [wait for row in answers if (wait := minutes_since(root, row)) is not None]
        times = [row["datetime"] for row in comments if row["datetime"] is not None]
        post = posts[comments[0]["post_id"]]
        points = [p for row in comments if (p := row.get("points")) is not None]
        is_dated = root is not None and root["datetime"] is not None
        yield {
            "root_id": root_id,
            "post_id": post.row["id"],
            "author_name": root["author"] if root else None,
            "comments": len(comments),
            "max_depth": max(row["depth"] for row in comments),
            "authors": len({key for row in comments if (key := author_key(row)) is not None}),
            "points": sum(points) if points else None,
            "first_reply_minutes": min(firsts, default=None),
            "median_reply_minutes": median(waits) if waits else None,
            "author_reply_minutes": min(
                (
                    wait
                    for row in answers
                    if is_by(row, post) and (wait := minutes_since(root, row)) is not None
                ),
                default=None,
            ),
            "comments_first_hour": sum(wait <= 60 for wait in firsts) if is_dated else None,
            "comments_first_day": sum(wait <= 24 * 60 for wait in firsts) if is_dated else None,
            "author_replied": any(is_by(row, post) for row in answers),
            "started_at": root["datetime"] if root else None,
            "last_comment_at": max(times, default=None),
        }


def minutes_since(earlier: Row | None, later: Row) -> float | None:
    if earlier is None or earlier["datetime"] is None or later["datetime"] is None:
        return None
    return (later["datetime"] - earlier["datetime"]) / timedelta(minutes=1)  # type: ignore[no-any-return]


def author_key(row: Row) -> Any:
    """What tells authors apart: the number, or the name where none is shown; None for nobody."""
    return None if row["deleted"] else row["author_id"] or (row["author"] and row["author"].lower())


def is_by(row: Row, post: Post) -> bool:
    """Whether a comment is by the author of the post: by number, else by name."""
    if row["author_id"] and post.account_id:
        return bool(row["author_id"] == post.account_id)
    author, other = row["author"], post.account_name
    return author is not None and other is not None and author.lower() == other.lower()
