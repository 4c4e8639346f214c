"""The switches of the simulator: how large its world is, and which of Imgur's manners it has."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from imgur_source.simulator.behaviour import ResetStyle, WindowStyle
from imgur_source.simulator.endpoints import PerPage
from imgur_source.simulator.world import Size

ExpiredStatus = Literal[401, 403, 429]


@dataclass(frozen=True, kw_only=True)
class Options:
    """All there is to choose; every one has a sensible default.

    Attributes:
        seed: The same seed gives the same world, byte for byte.
        images: Images of the owner, those in albums included.
        albums: Albums of the owner; None: one for every 12 images.
        posts: Posts in the gallery, everybody's; None: as many as images, but 240 to 3,000.
        comments: Comments under them, everybody's; None: 6 for each post.
        now: The world's time at the start, aware.
        per_page: Whether ``perPage`` up to 100 counts on account lists. Imgur may do either.
        user_limit: Credits an hour.
        client_limit: Credits a day.
        user_reset_style: Whether ``X-RateLimit-UserReset`` is an epoch, seconds to go, or always 3600.
        user_window: Whether the hour is fixed, from its first credit on, or slides, each credit for itself.
        client_window: Whether the day is fixed like that, or begins at midnight in UTC.
        plan_limit: Requests a day of a plan at the commercial gateway, whose headers then take the
            place of all others; None: no gateway.
        token_life: Seconds an access token lives.
        rotate_refresh_tokens: Whether a refresh replaces the refresh token and ends the old one.
        refresh_ends_old_tokens: Whether it also ends the access tokens given before.
        expired_token_status: How a dead access token is refused; 429 comes with the body of a limit.
        etags: Whether replies carry an ``ETag`` and ``If-None-Match`` may bring a 304.
        latency: Seconds the HTTP server waits before each answer.
        credits_headers: Whether replies tell the credits left.
        album_previews: Whether ``album_previews=true`` adds up to 3 images to albums in lists.
        comment_count_error: What ``comments/count`` is off by; -1 was recorded.
        seconds_per_request: World time that passes with each request, so that lists move under a walk.
        requests_kept: How many requests the log holds, newest last.
    """

    seed: int = 7
    images: int = 500
    albums: int | None = None
    posts: int | None = None
    comments: int | None = None
    now: datetime = datetime(2026, 11, 9, 3, 0, tzinfo=UTC)
    per_page: PerPage = "honoured"
    user_limit: int = 500
    client_limit: int = 12_500
    user_reset_style: ResetStyle = "epoch"
    user_window: WindowStyle = "fixed"
    client_window: WindowStyle = "fixed"
    plan_limit: int | None = None
    token_life: int = 2_419_200
    rotate_refresh_tokens: bool = True
    refresh_ends_old_tokens: bool = False
    expired_token_status: ExpiredStatus = 403
    etags: bool = True
    latency: float = 0.0
    credits_headers: bool = True
    album_previews: bool = True
    comment_count_error: int = 0
    seconds_per_request: float = 0.0
    requests_kept: int = 10_000

    def __post_init__(self) -> None:
        if self.now.tzinfo is None:
            raise ValueError("The world's time needs a time zone, for example now=datetime(..., tzinfo=UTC)")

    @property
    def size(self) -> Size:
        """What the world starts with."""
        posts = min(max(240, self.images), 3000) if self.posts is None else self.posts
        return Size(
            images=self.images,
            albums=self.images // 12 if self.albums is None else self.albums,
            posts=posts,
            comments=6 * posts if self.comments is None else self.comments,
        )
