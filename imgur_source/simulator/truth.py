"""What a complete and fresh copy would hold: the answers of every page, without pages.

For tests, which compare a warehouse with it. Records have the very shape of the replies.
``me`` stands for the owner with a token; any name, the owner's too, for the public view.
"""

from imgur_source.simulator.endpoints import Call, Desk, Record, Shapes, public_favorites, visible_albums
from imgur_source.simulator.world import SECTIONS, Feed, Person, account_record, comment_record, comment_tree


class Truth:
    """The world as it is now."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._world = desk.world

    def account(self, user: str = "me") -> Record:
        """Return an account."""
        person, viewer = self._person(user)
        return account_record(self._world, person, viewer=viewer)

    def account_images(self) -> list[Record]:
        """Return the owner's images, newest first."""
        shapes = Shapes(self._world, self._world.owner)
        return [shapes.image(image) for image in self._world.shelf(self._world.owner).images.newest()]

    def account_albums(self, user: str = "me") -> list[Record]:
        """Return an account's albums, newest first."""
        person, viewer = self._person(user)
        call = Call("GET", "", {}, viewer)
        return [
            Shapes(self._world, viewer).album(album) for album in visible_albums(self._desk, call, person)
        ]

    def album_images(self, album_id: str) -> list[Record]:
        """Return the images of an album in its order; the owner's with what only the owner sees."""
        album = self._world.albums[album_id]
        shapes = Shapes(self._world, self._world.owner)
        return [shapes.nested_image(image) for image in album.images]

    def account_comments(self, user: str = "me") -> list[Record]:
        """Return what a person said and did not delete, newest first."""
        person, _ = self._person(user)
        return [
            comment_record(comment, at=self._world.now)
            for comment in self._world.shelf(person).comments.newest()
        ]

    def submissions(self, user: str = "me", *, previews: int | None = None) -> list[Record]:
        """Return what a person posted, newest first."""
        person, viewer = self._person(user)
        shapes = Shapes(self._world, viewer)
        return [
            shapes.post(post, previews=previews) for post in self._world.shelf(person).submissions.newest()
        ]

    def favorites(self) -> list[Record]:
        """Return what the owner keeps, latest first."""
        shapes = Shapes(self._world, self._world.owner)
        return [
            shapes.favorite(kept.item) for kept in self._world.shelf(self._world.owner).favorites.newest()
        ]

    def gallery_favorites(self, user: str = "me") -> list[Record]:
        """Return what of the gallery a person keeps, latest first; also when it is hidden from the public."""
        person, viewer = self._person(user)
        shapes = Shapes(self._world, viewer)
        return [shapes.favorite(kept.item) for kept in public_favorites(self._desk, person)]

    def feed(self, name: str, *, previews: int | None = None) -> list[Record]:
        """Return a whole list of the gallery as the public gets it.

        *name* reads like ``hot/viral``, ``top/top/week``, ``t/cats``, ``r/aww`` or
        ``search/dog``; ``@5`` at its end is left out of account.
        """
        shapes = Shapes(self._world, None)
        feed = _feed(name.partition("@")[0])
        if feed.kind == "subreddit":
            return [shapes.subreddit_item(image) for image in self._desk.feeds.subreddit(feed)]
        return [shapes.post(post, previews=previews) for post in self._desk.feeds.posts(feed)]

    def post(self, post_id: str) -> Record:
        """Return a post with all its images, as the public gets it."""
        return Shapes(self._world, None).whole_post(self._world.posts[post_id])

    def post_comments(self, post_id: str) -> list[Record]:
        """Return the tree of comments under a post, best first."""
        return comment_tree(self._world.posts[post_id], at=self._world.now)

    def _person(self, user: str) -> tuple[Person, Person | None]:
        if user == "me":
            return self._world.owner, self._world.owner
        person = self._world.person(user)
        if person is None:
            raise KeyError(f"nobody is called {user}")
        return person, None


def _feed(name: str) -> Feed:
    first, *rest = name.split("/")
    kinds = {"t": "tag", "r": "subreddit", "search": "search"}
    if first in SECTIONS:
        found = Feed.from_segments("section", first, rest)
    else:
        found = Feed.from_segments(kinds[first], rest[0], rest[1:])
    if found is None or found[1] is not None:
        raise ValueError(f"{name!r} is no list of the gallery")
    return found[0]
