"""The simulated world and all that may be done to it.

The past (``genesis``), the passing of time (``life``) and a test that needs something to
happen all go through the same methods. What a new thing looks like follows from the seed
and the number of things made before it.

Times are UNIX seconds; a ``datetime`` is taken as well, and None means now.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from imgur_source.simulator.world import text
from imgur_source.simulator.world.entities import DAY, HOUR, Album, Burst, Comment, Image, Person, Post
from imgur_source.simulator.world.rng import Dice
from imgur_source.simulator.world.store import Favorite, Holdings

When = int | datetime | None

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_FIRST_COMMENT_ID = 2_380_000_000  # Imgur's own are beyond 32 bits by now
_TYPES = ("image/jpeg",) * 12 + ("image/png",) * 5 + ("video/mp4",) * 2 + ("image/gif",)
_SIZES = {"image/jpeg": 350_000, "image/png": 700_000, "video/mp4": 4_000_000, "image/gif": 9_000_000}
_WIDTHS = (480, 640, 720, 800, 1080, 1200, 1600, 2048, 3024, 4032)
_HEIGHTS = (360, 480, 600, 720, 800, 1024, 1350, 1920, 3024, 4000)
_TWIN_SHARE = 0.02  # ids which differ from another one in the case of a letter only


class World(Holdings):
    """People, their uploads, what is shown in the gallery and said about it."""

    def __init__(self, *, seed: int, now: int) -> None:
        super().__init__()
        self.seed = seed
        self.now = now
        self.old_until = now - 600 * DAY  # uploads older than this have ids of five characters
        self.owner = Person(id=0, name="", joined=0, salt=0)  # the first to join takes this place
        self._made = 0
        self._ids: set[str] = set()
        self._last_id = ""
        self._last_comment_id = _FIRST_COMMENT_ID

    # people

    def add_person(self, name: str, *, joined: When = None, **fields: Any) -> Person:
        """Let somebody join; the first one is the owner of the access token."""
        dice, serial = self._next("person")
        person = Person(
            id=61_000_000 + serial * 1000 + dice.below(1000),
            name=name,
            joined=self._seconds(joined),
            salt=dice.number(),
            bio=text.bio(dice) if dice.chance(0.6) else None,
            reputation=dice.between(-300, 9000),
        )
        _set(person, fields)
        if not self.people:
            self.owner = person
        self.put_person(person)
        return person

    def rename_account(self, old_name: str, new_name: str) -> None:
        """Give an account another name; its number stays."""
        self.put_name(self._known(old_name), new_name)

    # images

    def add_image(self, *, at: When = None, owner: Person | str | None = None, **fields: Any) -> Image:
        """Upload an image; *fields* replace attributes of ``things.Image``."""
        image = self._new_image(self._person(owner), self._seconds(at), fields)
        self.put_image(image)
        return image

    def add_subreddit_image(self, subreddit: str, *, at: When = None, **fields: Any) -> Image:
        """Let an image turn up in a subreddit; nobody on Imgur owns it."""
        image = self._new_image(None, self._seconds(at), {"section": subreddit, **fields})
        image.title = image.title or text.title(Dice(image.salt))
        image.bursts[0].total *= 100
        self.put_image(image)
        return image

    def delete_image(self, image_id: str) -> Image:
        """Delete an image everywhere; what comes back can be given to ``restore_image``."""
        image = self.images[image_id]
        self.drop_image(image)
        return image

    def restore_image(self, image: Image) -> None:
        """Bring a deleted image back to its owner's list."""
        self.put_image(image)

    def rename_image(self, image_id: str, title: str | None, *, description: str | None = None) -> None:
        """Change the words of an image."""
        image = self.images[image_id]
        image.title, image.description = title, description
        self.version += 1

    # albums

    def add_album(
        self,
        *,
        at: When = None,
        owner: Person | str | None = None,
        images: Sequence[Image] = (),
        **fields: Any,
    ) -> Album:
        """Make an album of *images*; *fields* replace attributes of ``things.Album``."""
        dice, serial = self._next("album")
        created = self._seconds(at)
        album = Album(
            id=self._new_id(dice, short=created < self.old_until or dice.chance(0.15)),
            serial=serial,
            owner=self._person(owner),
            created=created,
            salt=dice.number(),
            title=text.title(dice) if dice.chance(0.8) else None,
            description=text.caption(dice) if dice.chance(0.2) else None,
            privacy="hidden" if dice.chance(0.3) else "public",
            images=list(images),
            bursts=[Burst(created, dice.around(30, spread=1.3), dice.around(2 * DAY, spread=0.5))],
        )
        _set(album, fields)
        self.put_album(album)
        return album

    def empty_album(self, album_id: str) -> None:
        """Take every image out of an album; the images stay."""
        album = self.albums[album_id]
        self.take_out(album, list(album.images))

    def add_to_album(self, album_id: str, image_id: str) -> None:
        """Append an image to an album."""
        self.put_in(self.albums[album_id], self.images[image_id])

    def remove_from_album(self, album_id: str, image_id: str) -> None:
        """Take one image out of an album."""
        self.take_out(self.albums[album_id], [self.images[image_id]])

    def reorder_album(self, album_id: str, image_ids: Sequence[str]) -> None:
        """Put the images of an album into another order."""
        album = self.albums[album_id]
        album.images.sort(key=lambda image: image_ids.index(image.id))
        self.version += 1

    def delete_album(self, album_id: str) -> None:
        """Delete an album; its images stay."""
        self.drop_album(self.albums[album_id])

    def rename_album(self, album_id: str, title: str | None, *, description: str | None = None) -> None:
        """Change the words of an album."""
        album = self.albums[album_id]
        album.title, album.description = title, description
        self.version += 1

    def set_privacy(self, album_id: str, privacy: str) -> None:
        """Make an album ``public``, ``hidden`` or ``secret``."""
        self.albums[album_id].privacy = privacy
        self.version += 1

    # the gallery

    def add_post(self, content_id: str, *, at: When = None, **fields: Any) -> Post:
        """Show an image or album in the gallery; *fields* replace attributes of ``things.Post``."""
        content = self.images.get(content_id) or self.albums[content_id]
        if content.owner is None:
            raise ValueError(f"{content_id} was uploaded without an account and cannot be posted")
        dice, serial = self._next("post")
        posted = self._seconds(at)
        burst = Burst(posted, dice.around(9000, spread=1.6), dice.around(20 * HOUR, spread=0.6))
        post = Post(
            content=content,
            author=content.owner,
            serial=serial,
            posted=posted,
            salt=dice.number(),
            burst=burst,
            up_share=0.01 + 0.05 * dice.share(),
            down_share=0.01 + 0.14 * dice.share(),
            title=content.title or text.title(dice),
            tags=tuple(dict.fromkeys(dice.pick(text.TAGS) for _ in range(dice.below(5)))),
            section=dice.pick(text.SUBREDDITS) if dice.chance(0.1) else "",
            is_mature=dice.chance(0.03),
        )
        _set(post, fields)
        content.bursts.append(burst)
        if isinstance(content, Album):
            for position, image in enumerate(content.images):
                share = burst.total * (0.3 + 0.6 / (1 + position))
                image.bursts.append(Burst(posted, share, burst.half_life))
        self.put_post(post)
        return post

    def remove_post(self, post_id: str) -> None:
        """Take a post out of the gallery; its image or album stays."""
        self.drop_post(self.posts[post_id])

    def add_comment(
        self,
        post_id: str,
        *,
        at: When = None,
        author: Person | str | None = None,
        parent_id: int | None = None,
        **fields: Any,
    ) -> Comment:
        """Write under a post, or under a comment of it; *fields* replace attributes of ``things.Comment``."""
        dice, _ = self._next("comment")
        self._last_comment_id += dice.between(1, 40)
        written = self._seconds(at)
        comment = Comment(
            id=self._last_comment_id,
            post=self.posts[post_id],
            author=self._person(author),
            parent=None if parent_id is None else self.comments[parent_id],
            text=text.comment(dice),
            written=written,
            platform=dice.pick(text.PLATFORMS),
            salt=dice.number(),
            burst=Burst(written, dice.around(4, spread=1.5), dice.around(12 * HOUR, spread=0.5)),
        )
        _set(comment, fields)
        self.put_comment(comment)
        return comment

    def delete_comment(self, comment_id: int) -> None:
        """Delete a comment; a stub stays in the tree as long as it has replies."""
        self.hide_comment(self.comments[comment_id])

    def add_favorite(self, item_id: str, *, at: When = None, person: Person | str | None = None) -> None:
        """Let a person (the owner by default) keep a post, or an image which is not in the gallery."""
        _, serial = self._next("favorite")
        item = self.posts.get(item_id) or self.images[item_id]
        self.put_favorite(self._person(person), Favorite(self._seconds(at), serial, item))

    def remove_favorite(self, item_id: str, *, person: Person | str | None = None) -> None:
        """Let a person (the owner by default) no longer keep an item."""
        keeper = self._person(person)
        for favorite in [kept for kept in self.shelf(keeper).favorites if kept.item.id == item_id]:
            self.drop_favorite(keeper, favorite)

    # how new things come to be

    def _new_image(self, owner: Person | None, uploaded: int, fields: dict[str, Any]) -> Image:
        dice, serial = self._next("image")
        mime = dice.pick(_TYPES)
        image = Image(
            id=self._new_id(dice, short=uploaded < self.old_until),
            serial=serial,
            owner=owner,
            uploaded=uploaded,
            type=mime,
            width=dice.pick(_WIDTHS),
            height=dice.pick(_HEIGHTS),
            size=1000 + int(dice.around(_SIZES[mime], spread=0.9)),
            salt=dice.number(),
            title=text.title(dice) if dice.chance(0.55) else None,
            description=text.caption(dice) if dice.chance(0.25) else None,
            name=text.file_name(dice) if dice.chance(0.8) else None,
            bursts=[Burst(uploaded, dice.around(25, spread=1.4), dice.around(DAY, spread=0.6))],
        )
        _set(image, fields)
        return image

    def _new_id(self, dice: Dice, *, short: bool) -> str:
        if self._last_id and dice.chance(_TWIN_SHARE):
            place = dice.below(len(self._last_id))
            letter = self._last_id[place].swapcase()
            new = self._last_id[:place] + letter + self._last_id[place + 1 :]
        else:
            new = dice.text(_ALPHABET, 5 if short else 7)
        while new in self._ids:
            new = dice.text(_ALPHABET, 5 if short else 7)
        self._ids.add(new)
        self._last_id = new
        return new

    def _next(self, kind: str) -> tuple[Dice, int]:
        self._made += 1
        return Dice(self.seed, kind, self._made), self._made

    def _seconds(self, when: When) -> int:
        if when is None:
            return self.now
        return when if isinstance(when, int) else int(when.timestamp())

    def _person(self, person: Person | str | None) -> Person:
        if person is None:
            return self.owner
        return person if isinstance(person, Person) else self._known(person)

    def _known(self, name: str) -> Person:
        person = self.person(name)
        if person is None:
            raise KeyError(f"nobody is called {name}")
        return person


def _set(thing: object, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        if not hasattr(thing, name):
            raise TypeError(f"{type(thing).__name__} has no attribute {name}")
        setattr(thing, name, value)
