"""The things of the simulated world, as they are, not as Imgur's replies show them.

People, images, albums, posts and comments, and how attention to them grows.
Times are UNIX seconds, as Imgur counts them.
"""

import math
from dataclasses import dataclass, field

DAY = 86_400
HOUR = 3_600

_SLOW_SHARE = 0.15  # of a burst, which comes in over years instead of days
_SLOW_SPAN = math.log1p(3650)  # ten years of days


@dataclass(slots=True, eq=False)
class Burst:
    """Attention that begins at *start*: *total* views, half of them within *half_life* seconds."""

    start: int
    total: float
    half_life: float

    def seen(self, at: int) -> float:
        """Return how much of it has come by *at*; never less than at an earlier time."""
        age = at - self.start
        if age <= 0:
            return 0.0
        fast: float = 1.0 - 2.0 ** (-age / self.half_life)
        slow = math.log1p(age / DAY) / _SLOW_SPAN
        return self.total * ((1.0 - _SLOW_SHARE) * fast + _SLOW_SHARE * slow)


@dataclass(slots=True, eq=False)
class Person:
    """An account."""

    id: int
    name: str
    joined: int
    salt: int
    bio: str | None = None
    reputation: int = 0  # what it had before the oldest post we know
    is_pro: bool = False
    has_private_favorites: bool = False


@dataclass(slots=True, eq=False)
class Image:
    """An uploaded file. *salt* decides what varies between otherwise equal records."""

    id: str
    serial: int
    owner: Person | None  # None: uploaded without an account
    uploaded: int
    type: str
    width: int
    height: int
    size: int
    salt: int
    title: str | None = None
    description: str | None = None
    name: str | None = None
    section: str | None = None
    bursts: list[Burst] = field(default_factory=list)

    def views(self, at: int) -> int:
        """Return how often it was seen by *at*."""
        return int(sum(burst.seen(at) for burst in self.bursts))

    @property
    def is_animated(self) -> bool:
        """Whether it moves."""
        return self.type in ("image/gif", "video/mp4")


@dataclass(slots=True, eq=False)
class Album:
    """An ordered collection of images."""

    id: str
    serial: int
    owner: Person
    created: int
    salt: int
    title: str | None = None
    description: str | None = None
    privacy: str = "public"
    images: list[Image] = field(default_factory=list)
    bursts: list[Burst] = field(default_factory=list)

    def views(self, at: int) -> int:
        """Return how often it was seen by *at*."""
        return int(sum(burst.seen(at) for burst in self.bursts))


@dataclass(slots=True, eq=False)
class Comment:
    """A comment under a post; *parent* is None at the root."""

    id: int
    post: "Post"
    author: Person
    parent: "Comment | None"
    text: str
    written: int
    platform: str
    salt: int
    burst: Burst
    is_deleted: bool = False

    def ups(self, at: int) -> int:
        """Return the upvotes by *at*; the author's own is the first."""
        return 1 + int(self.burst.seen(at))

    def downs(self, at: int) -> int:
        """Return the downvotes by *at*."""
        return int(self.burst.seen(at) * (self.salt % 7) / 30)


@dataclass(slots=True, eq=False)
class Post:
    """An image or album shown in the gallery since *posted*; it has the id of what it shows."""

    content: Image | Album
    author: Person
    serial: int
    posted: int
    salt: int
    burst: Burst
    up_share: float  # upvotes per view
    down_share: float  # downvotes per upvote
    title: str
    tags: tuple[str, ...] = ()
    section: str = ""
    is_mature: bool = False
    comments: list[Comment] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The id of its image or album."""
        return self.content.id

    def ups(self, at: int) -> int:
        """Return the upvotes by *at*."""
        return int(self.burst.seen(at) * self.up_share)

    def downs(self, at: int) -> int:
        """Return the downvotes by *at*."""
        return int(self.burst.seen(at) * self.up_share * self.down_share)

    def points(self, at: int) -> int:
        """Return upvotes less downvotes, which is how Imgur defines points."""
        return self.ups(at) - self.downs(at)

    def favorites(self, at: int) -> int:
        """Return how many people keep it by *at*."""
        return int(self.burst.seen(at) * self.up_share * 0.12)

    def is_viral(self, at: int) -> bool:
        """Say whether it has made it to the front page by *at*."""
        return self.points(at) >= VIRAL_POINTS


VIRAL_POINTS = 120  # about two posts of three get there
