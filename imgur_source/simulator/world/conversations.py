"""Comments, accounts and tags as Imgur's replies show them."""

from functools import cache
from typing import Any

from imgur_source.simulator.world.entities import DAY, Album, Comment, Person, Post
from imgur_source.simulator.world.rng import Dice
from imgur_source.simulator.world.world import World

Record = dict[str, Any]

_REPUTATIONS = (
    (-1, "Forever Alone"),
    (399, "Neutral"),
    (999, "Accepted"),
    (1999, "Liked"),
    (3999, "Trusted"),
    (7999, "Idolized"),
    (19_999, "Renowned"),
)


# comments


def comment_record(comment: Comment, *, at: int) -> Record:
    """Return a comment as flat lists show it; of a deleted one only a stub is left."""
    content = comment.post.content
    ups, downs = comment.ups(at), comment.downs(at)
    is_nameless = comment.is_deleted and comment.salt & 0b1 == 0
    record: Record = {
        "id": comment.id,
        "image_id": content.id,
        "comment": "" if comment.is_deleted else comment.text,
        "author": None if is_nameless else comment.author.name,
        "author_id": 0 if is_nameless else comment.author.id,
        "on_album": isinstance(content, Album),
        "album_cover": content.images[0].id if isinstance(content, Album) and content.images else None,
        "ups": ups,
        "downs": downs,
        "points": ups - downs,
        "datetime": comment.written,
        "parent_id": 0 if comment.parent is None else comment.parent.id,
        "deleted": comment.is_deleted,
        "vote": None,
        "platform": comment.platform,
        "has_admin_badge": False,
        "children": [],
    }
    if comment.salt % 13 == 0:  # old applications told nothing of themselves
        del record["platform"]
    return record


def comment_tree(post: Post, *, at: int, sort: str = "best", below: Comment | None = None) -> list[Record]:
    """Return the comments of *post* (or the replies *below* one), each with its replies as ``children``.

    A deleted comment stays as a stub where a reply hangs on it.
    """
    replies: dict[int, list[Comment]] = {}
    for comment in post.comments:
        replies.setdefault(0 if comment.parent is None else comment.parent.id, []).append(comment)

    def branch(parent_id: int) -> list[Record]:
        found = []
        for comment in replies.get(parent_id, ()):
            children = branch(comment.id)
            if children or not comment.is_deleted:
                found.append(comment_record(comment, at=at) | {"children": children})
        key = "datetime" if sort == "new" else "points"
        return sorted(found, key=lambda record: (record[key], record["id"]), reverse=True)

    return branch(0 if below is None else below.id)


def tree_ids(tree: list[Record]) -> list[int]:
    """Return the ids of all comments of *tree*."""
    found = []
    for record in tree:
        found.append(record["id"])
        found += tree_ids(record["children"])
    return found


# accounts


def account_record(world: World, person: Person, *, viewer: Person | None) -> Record:
    """Return an account, as ``account/{username}`` shows it."""
    reputation = reputation_of(world, person)
    record: Record = {
        "id": person.id,
        "url": person.name,
        "bio": person.bio,
        "avatar": f"https://imgur.com/user/{person.name}/avatar?maxwidth=290",
        "avatar_name": f"default/{person.name[0].upper()}",
        "cover": f"https://imgur.com/user/{person.name}/cover?maxwidth=2560",
        "cover_name": "default/1-space",
        "reputation": reputation,
        "reputation_name": next((name for limit, name in _REPUTATIONS if reputation <= limit), "Glorious"),
        "created": person.joined,
        "pro_expiration": person.joined + 4000 * DAY if person.is_pro else False,
        "user_follow": {"status": False},
        "is_blocked": False,
    }
    if viewer is None and person.salt & 0b100:
        del record["is_blocked"]
    return record


def reputation_of(world: World, person: Person) -> int:
    """Return what all points of a person's posts come to."""
    return person.reputation + sum(post.points(world.now) for post in world.shelf(person).submissions)


def profile_record(world: World, person: Person) -> Record:
    """Return ``account/{username}/gallery_profile``."""
    shelf = world.shelf(person)
    return {
        "total_gallery_comments": len(shelf.comments),
        "total_gallery_favorites": sum(isinstance(kept.item, Post) for kept in shelf.favorites),
        "total_gallery_submissions": len(shelf.submissions),
        "trophies": [
            {
                "id": 4,
                "name": "Night Owl",
                "name_clean": "night-owl",
                "description": "Posted while everybody else slept.",
                "data": None,
                "data_link": None,
                "datetime": person.joined + 90 * DAY,
                "image": "https://s.imgur.com/images/trophies/example.png",
            }
        ],
    }


# tags


def tag_record(world: World, name: str) -> Record:
    """Return a tag without its items, as posts carry it."""
    return {**_tag_looks(name), "total_items": world.tag_counts[name]}


@cache
def _tag_looks(name: str) -> Record:
    dice = Dice("tag", name)
    return {
        "name": name,
        "display_name": name.replace("_", " "),
        "followers": dice.between(40, 900_000),
        "total_items": 0,
        "following": False,
        "is_whitelisted": dice.chance(0.3),
        "background_hash": _hash(dice),
        "thumbnail_hash": None if dice.chance(0.5) else _hash(dice),
        "accent": None if dice.chance(0.4) else f"{dice.below(1 << 24):06X}",
        "background_is_animated": dice.chance(0.2),
        "thumbnail_is_animated": False,
        "is_promoted": False,
        "description": "" if dice.chance(0.5) else f"All about {name.replace('_', ' ')}",
        "logo_hash": None,
        "logo_destination_url": None,
        "description_annotations": {} if dice.chance(0.5) else [],  # PHP cannot tell an empty map from a list
    }


def tag_votes(post: Post, *, at: int) -> Record:
    """Return ``gallery/{id}/tags``: who gave the tags of a post, and what others think of them."""
    return {
        "tags": [
            {
                "name": tag,
                "ups": 1 + post.favorites(at) // (2 + place),
                "downs": 0,
                "author": post.author.name,
            }
            for place, tag in enumerate(post.tags)
        ]
    }


def _hash(dice: Dice) -> str:
    return dice.text("ABCDEFGHIJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789", 7)
