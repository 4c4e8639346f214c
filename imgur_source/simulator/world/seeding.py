"""The past of the simulated world: about two years of uploads, posts and talk before it starts."""

import math
from bisect import bisect
from dataclasses import dataclass
from itertools import accumulate

from imgur_source.simulator.world import text
from imgur_source.simulator.world.entities import DAY, HOUR, Album, Comment, Image, Person, Post
from imgur_source.simulator.world.people import Cast
from imgur_source.simulator.world.rng import Dice
from imgur_source.simulator.world.world import World

PAST_DAYS = 730
UPLOAD_DAYS = 150.0  # the account grew by 1/150 a day, so that most uploads are recent
POST_DAYS = 60.0  # the gallery forgets faster
ALBUM_SHARE = 0.6  # of the owner's images, in albums
OWNER_POST_SHARE = 0.2  # of the gallery, by the owner
SUBREDDIT_SHARE = 0.4  # images of subreddits, for each post of the gallery
FAVORITE_SHARE = 0.25  # of other people's posts, kept by the owner
COMMENT_DELAY = 1.5 * DAY  # mean time between a post and what is said about it
_DEEPEST_REPLY = 9
_DELETED_COMMENT_SHARE = 0.02


@dataclass(frozen=True)
class Size:
    """How much there is when the world starts."""

    images: int  # of the owner, those in albums included
    albums: int  # of the owner
    posts: int  # in the gallery, everybody's
    comments: int  # under these posts, everybody's


def create(world: World, size: Size) -> Cast:
    """Fill *world* with a past of the given size and return who lives in it."""
    dice = Dice(world.seed, "genesis")
    cast = Cast.from_world(world, oldest=world.now - PAST_DAYS * DAY)
    _uploads(world, dice, size)
    _posts(world, dice, cast, size.posts)
    _subreddits(world, dice, size.posts)
    _comments(world, dice, cast, size.comments)
    _favorites(world, dice, cast)
    return cast


def _uploads(world: World, dice: Dice, size: Size) -> None:
    album_sizes = _album_sizes(dice, size)
    moments: list[tuple[int, int | None]] = [
        (_moment(world, dice, UPLOAD_DAYS), count) for count in album_sizes
    ]
    moments += [(_moment(world, dice, UPLOAD_DAYS), None) for _ in range(size.images - sum(album_sizes))]
    for at, count in sorted(moments, key=lambda moment: moment[0]):
        if count is None:
            world.add_image(at=at)
        else:
            # three uploads share a second, and the album follows: ties are normal
            images = [world.add_image(at=at - 2 - (count - place) // 3) for place in range(count)]
            world.add_album(at=at, images=images)


def _album_sizes(dice: Dice, size: Size) -> list[int]:
    left = int(size.images * ALBUM_SHARE)
    median = 0.75 * left / max(1, size.albums)
    sizes = []
    for place in range(size.albums):
        wanted = (
            0 if place % 25 == 4 else max(1, int(dice.around(median, spread=0.7)))
        )  # some albums are empty
        sizes.append(min(wanted, left, 120))
        left -= sizes[-1]
    return sizes


def _posts(world: World, dice: Dice, cast: Cast, count: int) -> None:
    shelf = world.shelf(cast.owner)
    own: list[Image | Album] = [album for album in shelf.albums if album.images]
    in_albums = {image.id for album in shelf.albums for image in album.images}
    own += [image for image in shelf.images if image.id not in in_albums]
    latest = world.now - 60
    plan: list[tuple[int, Image | Album | None]] = []
    for _ in range(min(int(count * OWNER_POST_SHARE), len(own))):
        place = dice.below(len(own))
        own[place], own[-1] = own[-1], own[place]
        content = own.pop()
        made = content.created if isinstance(content, Album) else content.uploaded
        plan.append((max(made, min(latest, made + 30 + int(dice.waiting(6 * HOUR)))), content))
    plan += [(_moment(world, dice, POST_DAYS), None) for _ in range(count - len(plan))]
    for at, known in sorted(plan, key=lambda entry: entry[0]):
        content = known or upload_to_post(
            world, dice, cast.poster(dice), at=at - 30 - int(dice.waiting(3 * HOUR))
        )
        world.add_post(content.id, at=at)


def upload_to_post(world: World, dice: Dice, person: Person, *, at: int) -> Image | Album:
    """Let *person* upload something which is meant for the gallery: an image, or an album of one to many."""
    if dice.chance(0.6):
        return world.add_image(at=at, owner=person)
    count = min(80, 1 + int(dice.around(4, spread=0.9)))
    images = [world.add_image(at=at, owner=person) for _ in range(count)]
    return world.add_album(
        at=at, owner=person, images=images, privacy="hidden" if dice.chance(0.2) else "public"
    )


def _subreddits(world: World, dice: Dice, posts: int) -> None:
    plan = []
    for _ in range(int(posts * SUBREDDIT_SHARE)):
        # half of all images are in the first subreddit, a quarter in the second, and so on
        place = min(len(text.SUBREDDITS) - 1, int(dice.waiting(1.4)))
        plan.append((_moment(world, dice, POST_DAYS), place))
    for at, place in sorted(plan):
        world.add_subreddit_image(text.SUBREDDITS[place], at=at)


def _comments(world: World, dice: Dice, cast: Cast, count: int) -> None:
    posts = world.gallery.oldest()
    if not posts:
        return
    weights = list(accumulate(post.burst.total**0.8 for post in posts))
    plan: list[tuple[int, int]] = []
    for _ in range(count):
        place = bisect(weights, dice.share() * weights[-1])
        posted = posts[place].posted
        at = posted + 1 + int(dice.waiting(COMMENT_DELAY))
        if at > world.now:
            at = posted + int(dice.share() * (world.now - posted))
        plan.append((at, place))
    for at, place in sorted(plan):
        speak(world, dice, cast, posts[place], at=at)
    for comment in list(world.comments.values()):
        if dice.chance(_DELETED_COMMENT_SHARE):
            world.delete_comment(comment.id)


def speak(world: World, dice: Dice, cast: Cast, post: Post, *, at: int) -> Comment:
    """Let somebody comment on *post*, or answer one of its latest comments."""
    parent = None
    if post.comments and dice.chance(0.5):
        parent = post.comments[-1 - min(int(dice.waiting(3)), len(post.comments) - 1)]
        if parent.is_deleted or _depth(parent) >= _DEEPEST_REPLY:
            parent = None
    author = cast.commenter(dice)
    return world.add_comment(post.id, at=at, author=author, parent_id=parent.id if parent else None)


def _depth(comment: Comment) -> int:
    depth = 0
    while comment.parent is not None:
        comment, depth = comment.parent, depth + 1
    return depth


def _favorites(world: World, dice: Dice, cast: Cast) -> None:
    posts = world.gallery.oldest()
    # uploads of others which are not in the gallery, to be kept by their link
    loose = [
        world.add_image(at=_moment(world, dice, UPLOAD_DAYS), owner=dice.pick(cast.crowd)) for _ in range(8)
    ]
    for person in (cast.owner, *cast.others):
        share = FAVORITE_SHARE if person is cast.owner else FAVORITE_SHARE / 3
        items: list[Post | Image] = [
            post for post in posts if post.author is not person and dice.chance(share)
        ]
        items += loose if person is cast.owner and posts else []
        plan = [(_kept_at(world, dice, item), item) for item in items]
        for at, item in sorted(plan, key=lambda entry: entry[0]):
            world.add_favorite(item.id, at=at, person=person)


def _kept_at(world: World, dice: Dice, item: Post | Image) -> int:
    made = item.posted if isinstance(item, Post) else item.uploaded
    return min(world.now, made + 1 + int(dice.waiting(3 * DAY)))


def _moment(world: World, dice: Dice, mean_days: float) -> int:
    """Return a time of the past; the density falls by a factor e with each *mean_days*."""
    reach = 1.0 - math.exp(-PAST_DAYS / mean_days)
    age_days = -mean_days * math.log(1.0 - dice.share() * reach)
    return world.now - 60 - int(age_days * DAY)
