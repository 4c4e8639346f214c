"""The people, things and days of the simulated Imgur; no HTTP."""

from imgur_source.simulator.world import seeding, text
from imgur_source.simulator.world.conversations import (
    account_record,
    comment_record,
    comment_tree,
    profile_record,
    tag_record,
    tag_votes,
    tree_ids,
)
from imgur_source.simulator.world.entities import DAY, HOUR, Album, Burst, Comment, Image, Person, Post
from imgur_source.simulator.world.evolution import Life
from imgur_source.simulator.world.rankings import SECTIONS, Feed, Feeds
from imgur_source.simulator.world.rng import Dice
from imgur_source.simulator.world.seeding import Size
from imgur_source.simulator.world.store import Favorite
from imgur_source.simulator.world.world import World

__all__ = [
    "DAY",
    "HOUR",
    "SECTIONS",
    "Album",
    "Burst",
    "Comment",
    "Dice",
    "Favorite",
    "Feed",
    "Feeds",
    "Image",
    "Life",
    "Person",
    "Post",
    "Size",
    "World",
    "account_record",
    "comment_record",
    "comment_tree",
    "profile_record",
    "seeding",
    "tag_record",
    "tag_votes",
    "text",
    "tree_ids",
]
