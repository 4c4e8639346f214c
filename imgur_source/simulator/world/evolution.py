"""What happens as time passes: uploads, posts, comments, and things that vanish.

Each day's events are drawn when the day begins and happen at their own second, so that
two advances of 12 hours do exactly what one of 24 hours does. Rates are proportional to
the size the world started with. Counters need no events: they follow from the time.
"""

import heapq
from collections.abc import Callable
from functools import partial

from imgur_source.simulator.world import text
from imgur_source.simulator.world.entities import DAY, HOUR, Image, Person
from imgur_source.simulator.world.people import Cast
from imgur_source.simulator.world.rng import Dice
from imgur_source.simulator.world.seeding import (
    ALBUM_SHARE,
    FAVORITE_SHARE,
    OWNER_POST_SHARE,
    POST_DAYS,
    SUBREDDIT_SHARE,
    UPLOAD_DAYS,
    Size,
    speak,
    upload_to_post,
)
from imgur_source.simulator.world.world import World

Deed = Callable[[Dice], None]

_FRESH_POSTS_DAYS = 2.5  # of posts, among which the next comment mostly falls


class Life:
    """Brings *world* from one time to a later one."""

    def __init__(self, world: World, cast: Cast, size: Size) -> None:
        self._world = world
        self._cast = cast
        self._size = size
        self._next_day = world.now
        self._agenda: list[tuple[int, int, Deed]] = []  # a heap; the middle number keeps equal times in order
        self._planned = 0
        self._rates = self._rates_for(size)

    def run_until(self, moment: int) -> None:
        """Let everything happen that happens up to *moment*, in order."""
        world = self._world
        while True:
            due = self._agenda[0][0] if self._agenda else None
            if self._next_day <= moment and (due is None or self._next_day <= due):
                self._plan_day()
            elif due is not None and due <= moment:
                world.now, number, deed = heapq.heappop(self._agenda)
                deed(Dice(world.seed, "deed", number))
            else:
                break
        world.now = moment

    def _rates_for(self, size: Size) -> tuple[tuple[float, Deed], ...]:
        """Return how often each deed is done, per day."""
        posts = size.posts / POST_DAYS
        return (
            (size.images * (1 - ALBUM_SHARE) / UPLOAD_DAYS, self._upload),
            (size.albums / UPLOAD_DAYS, self._upload_album),
            (posts * OWNER_POST_SHARE, self._submit),
            (posts * (1 - OWNER_POST_SHARE), self._others_post),
            (posts * SUBREDDIT_SHARE, self._turn_up_in_subreddit),
            (size.comments / POST_DAYS, self._comment),
            (posts * FAVORITE_SHARE, self._keep),
            (posts * FAVORITE_SHARE / 6, self._keep_no_longer),
            (size.images * 0.002, self._rename_image),
            (size.albums * 0.006, self._grow_album),
            (size.albums * 0.004, self._shrink_album),
            (size.images * 0.0005, self._delete_image),
            (size.albums * 0.0005, self._delete_album),
            (size.posts * 0.0004, self._remove_post),
            (size.comments / POST_DAYS * 0.03, self._delete_comment),
        )

    def _plan_day(self) -> None:
        start, self._next_day = self._next_day, self._next_day + DAY
        dice = Dice(self._world.seed, "day", start)
        for rate, deed in self._rates:
            for _ in range(dice.about(rate * (0.7 + 0.6 * dice.share()))):  # no two days are alike
                self._schedule(start + dice.below(DAY), deed)

    def _schedule(self, at: int, deed: Deed) -> None:
        self._planned += 1
        heapq.heappush(self._agenda, (at, self._planned, deed))

    # uploads

    def _upload(self, dice: Dice) -> None:
        self._world.add_image()

    def _upload_album(self, dice: Dice) -> None:
        mean = self._size.images * ALBUM_SHARE / self._size.albums
        count = min(120, max(1, int(dice.around(0.75 * mean, spread=0.7))))
        batch: list[Image] = []
        for place in range(count):
            self._schedule(self._world.now + place // 3, lambda _: batch.append(self._world.add_image()))
        self._schedule(self._world.now + 2 + count // 3, lambda _: self._make_album(batch))

    def _make_album(self, batch: list[Image]) -> None:
        self._world.add_album(images=[image for image in batch if image.id in self._world.images])

    # the gallery

    def _submit(self, dice: Dice) -> None:
        shelf = self._world.shelf(self._cast.owner)
        choices: list[str] = [image.id for image in shelf.images.newest(0, 12)]
        choices += [album.id for album in shelf.albums.newest(0, 3) if album.images]
        choices = [choice for choice in choices if choice not in self._world.posts]
        if choices:
            self._world.add_post(dice.pick(choices))

    def _others_post(self, dice: Dice) -> None:
        content = upload_to_post(self._world, dice, self._cast.poster(dice), at=self._world.now)
        delay = 30 + int(dice.waiting(3 * HOUR))
        self._schedule(self._world.now + delay, partial(self._post_now, content.id))

    def _post_now(self, content_id: str, _: Dice) -> None:
        if content_id in self._world.images or content_id in self._world.albums:
            self._world.add_post(content_id)

    def _turn_up_in_subreddit(self, dice: Dice) -> None:
        self._world.add_subreddit_image(
            text.SUBREDDITS[min(len(text.SUBREDDITS) - 1, int(dice.waiting(1.4)))]
        )

    def _comment(self, dice: Dice) -> None:
        gallery = self._world.gallery
        mean = max(3.0, self._size.posts / POST_DAYS * _FRESH_POSTS_DAYS)
        found = [gallery.newest(rank, rank + 1) for rank in (int(dice.waiting(mean)) for _ in range(3))]
        posts = [post for page in found for post in page]
        if posts:
            liveliest = max(posts, key=lambda post: post.burst.total)
            speak(self._world, dice, self._cast, liveliest, at=self._world.now)

    def _keep(self, dice: Dice) -> None:
        people: tuple[Person, ...] = (self._cast.owner, self._cast.owner, *self._cast.others)
        person = dice.pick(people)
        kept = {favorite.item.id for favorite in self._world.shelf(person).favorites}
        for post in self._world.gallery.newest(0, 40):
            if post.author is not person and post.id not in kept and dice.chance(0.2):
                self._world.add_favorite(post.id, person=person)
                return

    def _keep_no_longer(self, dice: Dice) -> None:
        favorites = self._world.shelf(self._cast.owner).favorites
        if len(favorites):
            rank = dice.below(len(favorites))
            self._world.drop_favorite(self._cast.owner, favorites.newest(rank, rank + 1)[0])

    # changes

    def _rename_image(self, dice: Dice) -> None:
        image = self._any_image(dice)
        if image is not None:
            description = text.caption(dice) if dice.chance(0.5) else image.description
            self._world.rename_image(image.id, text.title(dice), description=description)

    def _grow_album(self, dice: Dice) -> None:
        albums = self._world.shelf(self._cast.owner).albums
        image = self._any_image(dice)
        if image is not None and len(albums):
            rank = dice.below(len(albums))
            album = albums.newest(rank, rank + 1)[0]
            if image not in album.images:
                self._world.add_to_album(album.id, image.id)

    def _shrink_album(self, dice: Dice) -> None:
        albums = [album for album in self._world.shelf(self._cast.owner).albums if len(album.images) > 1]
        if albums:
            album = dice.pick(albums)
            self._world.remove_from_album(album.id, dice.pick(album.images).id)

    def _any_image(self, dice: Dice) -> Image | None:
        images = self._world.shelf(self._cast.owner).images
        if not len(images):
            return None
        rank = dice.below(len(images))
        return images.newest(rank, rank + 1)[0]

    # what vanishes

    def _delete_image(self, dice: Dice) -> None:
        image = self._any_image(dice)
        if image is not None:
            self._world.delete_image(image.id)

    def _delete_album(self, dice: Dice) -> None:
        albums = self._world.shelf(self._cast.owner).albums.oldest()
        if albums:
            self._world.delete_album(dice.pick(albums).id)

    def _remove_post(self, dice: Dice) -> None:
        posts = self._world.gallery.oldest()
        if posts:
            self._world.remove_post(dice.pick(posts).id)

    def _delete_comment(self, dice: Dice) -> None:
        gallery = self._world.gallery
        for post in gallery.newest(0, 60):
            said = [comment for comment in post.comments if not comment.is_deleted]
            if said and dice.chance(0.3):
                self._world.delete_comment(dice.pick(said).id)
                return
