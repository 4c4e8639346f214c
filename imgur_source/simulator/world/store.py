"""What exists in the simulated world and in what order: registers, not behaviour.

Lists are kept sorted, so that a page of 60,000 images is a slice and not a search.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from imgur_source.simulator.world.entities import Album, Comment, Image, Person, Post

T = TypeVar("T")


class Timeline(Generic[T]):
    """Things in order of time, and of their serial number within one second."""

    __slots__ = ("_keys", "_things")

    def __init__(self) -> None:
        self._keys: list[tuple[int, int]] = []
        self._things: list[T] = []

    def add(self, at: int, serial: int, thing: T) -> None:
        """Put *thing* in its place."""
        key = (at, serial)
        place = bisect_left(self._keys, key)
        self._keys.insert(place, key)
        self._things.insert(place, thing)

    def discard(self, at: int, serial: int) -> None:
        """Take out the thing filed under (*at*, *serial*), if it is there."""
        key = (at, serial)
        place = bisect_left(self._keys, key)
        if place < len(self._keys) and self._keys[place] == key:
            del self._keys[place]
            del self._things[place]

    def newest(self, start: int = 0, stop: int | None = None) -> list[T]:
        """Return the things ranked *start* up to, not including, *stop*, newest first."""
        size = len(self._things)
        low = 0 if stop is None else max(0, size - stop)
        return self._things[low : max(0, size - start)][::-1]

    def oldest(self, start: int = 0, stop: int | None = None) -> list[T]:
        """Return the things ranked *start* up to, not including, *stop*, oldest first."""
        return self._things[start:stop]

    def since(self, at: int) -> list[T]:
        """Return what is not older than *at*, newest first."""
        return self._things[bisect_left(self._keys, (at, -1)) :][::-1]

    def __len__(self) -> int:
        return len(self._things)

    def __iter__(self) -> Iterator[T]:
        return iter(self._things)


@dataclass(slots=True, eq=False)
class Shelf:
    """What belongs to one person."""

    images: Timeline[Image] = field(default_factory=Timeline)
    albums: Timeline[Album] = field(default_factory=Timeline)
    submissions: Timeline[Post] = field(default_factory=Timeline)
    comments: Timeline[Comment] = field(default_factory=Timeline)
    favorites: Timeline["Favorite"] = field(default_factory=Timeline)


@dataclass(slots=True, frozen=True)
class Favorite:
    """Something a person keeps: a post of the gallery, or an image which is not in it."""

    at: int
    serial: int
    item: Post | Image


class Holdings:
    """Every thing by its id, and every list in its order.

    ``version`` changes whenever something is put or dropped, so that ranked lists
    may be remembered until then.
    """

    def __init__(self) -> None:
        self.version = 0
        self.people: list[Person] = []
        self.images: dict[str, Image] = {}
        self.albums: dict[str, Album] = {}
        self.posts: dict[str, Post] = {}
        self.comments: dict[int, Comment] = {}
        self.gallery: Timeline[Post] = Timeline()
        self.subreddits: dict[str, Timeline[Image]] = defaultdict(Timeline)
        self.tag_counts: Counter[str] = Counter()
        self._shelves: dict[int, Shelf] = {}
        self._by_name: dict[str, Person] = {}
        self._albums_of: dict[str, list[Album]] = defaultdict(list)
        self._kept: dict[int, frozenset[str]] = {}  # ids of favourites by person, as of one version
        self._kept_version = -1

    # people

    def put_person(self, person: Person) -> None:
        """Let *person* join."""
        self.people.append(person)
        self._shelves[person.id] = Shelf()
        self._by_name[person.name.lower()] = person

    def person(self, name: str) -> Person | None:
        """Return who has this name; Imgur does not mind capitals in user names."""
        return self._by_name.get(name.lower())

    def put_name(self, person: Person, name: str) -> None:
        """Give *person* another name."""
        del self._by_name[person.name.lower()]
        person.name = name
        self._by_name[name.lower()] = person
        self.version += 1

    def shelf(self, person: Person) -> Shelf:
        """Return what belongs to *person*."""
        return self._shelves[person.id]

    # images

    def put_image(self, image: Image) -> None:
        """File *image* under its id, its owner and its subreddit."""
        self.images[image.id] = image
        if image.owner is not None:
            self.shelf(image.owner).images.add(image.uploaded, image.serial, image)
        elif image.section:
            self.subreddits[image.section.lower()].add(image.uploaded, image.serial, image)
        self.version += 1

    def drop_image(self, image: Image) -> None:
        """Take *image* out of everything that shows it, as Imgur does when it is deleted."""
        del self.images[image.id]
        if image.owner is not None:
            self.shelf(image.owner).images.discard(image.uploaded, image.serial)
        elif image.section:
            self.subreddits[image.section.lower()].discard(image.uploaded, image.serial)
        for album in self._albums_of.pop(image.id, []):
            album.images.remove(image)
        post = self.posts.get(image.id)
        if post is not None:
            self.drop_post(post)
        self._forget_favorite(image)
        self.version += 1

    # albums

    def put_album(self, album: Album) -> None:
        """File *album* under its id and its owner."""
        self.albums[album.id] = album
        self.shelf(album.owner).albums.add(album.created, album.serial, album)
        for image in album.images:
            self._albums_of[image.id].append(album)
        self.version += 1

    def drop_album(self, album: Album) -> None:
        """Take *album* away; its images stay."""
        self.take_out(album, list(album.images))
        del self.albums[album.id]
        self.shelf(album.owner).albums.discard(album.created, album.serial)
        post = self.posts.get(album.id)
        if post is not None:
            self.drop_post(post)
        self.version += 1

    def put_in(self, album: Album, image: Image) -> None:
        """Append *image* to *album*."""
        album.images.append(image)
        self._albums_of[image.id].append(album)
        self.version += 1

    def take_out(self, album: Album, images: list[Image]) -> None:
        """Remove *images* from *album*; they go on existing."""
        for image in images:
            album.images.remove(image)
            self._albums_of[image.id].remove(album)
        self.version += 1

    # posts

    def put_post(self, post: Post) -> None:
        """Show *post* in the gallery."""
        self.posts[post.id] = post
        self.gallery.add(post.posted, post.serial, post)
        self.shelf(post.author).submissions.add(post.posted, post.serial, post)
        self.tag_counts.update(post.tags)
        self.version += 1

    def drop_post(self, post: Post) -> None:
        """Take *post* out of the gallery, with its comments; its image or album stays."""
        del self.posts[post.id]
        self.gallery.discard(post.posted, post.serial)
        self.shelf(post.author).submissions.discard(post.posted, post.serial)
        self.tag_counts.subtract(post.tags)
        for comment in post.comments:
            del self.comments[comment.id]
            self.shelf(comment.author).comments.discard(comment.written, comment.id)
        self._forget_favorite(post)
        self.version += 1

    # comments

    def put_comment(self, comment: Comment) -> None:
        """File *comment* under its post and its author."""
        self.comments[comment.id] = comment
        comment.post.comments.append(comment)
        self.shelf(comment.author).comments.add(comment.written, comment.id, comment)
        self.version += 1

    def hide_comment(self, comment: Comment) -> None:
        """Mark *comment* deleted: its author's list loses it, a tree keeps a stub above its replies."""
        comment.is_deleted = True
        self.shelf(comment.author).comments.discard(comment.written, comment.id)
        self.version += 1

    # favourites

    def put_favorite(self, person: Person, favorite: Favorite) -> None:
        """Keep *favorite* for *person*."""
        self.shelf(person).favorites.add(favorite.at, favorite.serial, favorite)
        self.version += 1

    def drop_favorite(self, person: Person, favorite: Favorite) -> None:
        """Let *person* no longer keep *favorite*."""
        self.shelf(person).favorites.discard(favorite.at, favorite.serial)
        self.version += 1

    def is_kept(self, person: Person, item_id: str) -> bool:
        """Say whether *person* keeps the item of this id."""
        if self._kept_version != self.version:
            self._kept = {}
            self._kept_version = self.version
        if person.id not in self._kept:
            self._kept[person.id] = frozenset(favorite.item.id for favorite in self.shelf(person).favorites)
        return item_id in self._kept[person.id]

    def _forget_favorite(self, item: Post | Image) -> None:
        for shelf in self._shelves.values():
            for favorite in [kept for kept in shelf.favorites if kept.item is item]:
                shelf.favorites.discard(favorite.at, favorite.serial)
