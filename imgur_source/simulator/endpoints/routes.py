"""The routes of the API: which path is answered by which endpoint."""

import re
from collections.abc import Callable

from imgur_source.simulator.endpoints import accounts, gallery, media
from imgur_source.simulator.endpoints.context import Call, Desk, Refused
from imgur_source.simulator.endpoints.responses import Answer, html

Endpoint = Callable[[Desk, Call], Answer]

_PAGE = r"(?:/(?P<page>\d+))?"
_USER = r"account/(?P<user>[^/]+)"
_ID = r"(?P<id>[A-Za-z0-9]+)"
_REST = r"(?:/(?P<rest>.*))?"
_COMMENT_SORT = r"(?:/(?P<sort>newest|oldest|best|worst))?"
_FAVORITE_SORT = r"(?:/(?P<sort>newest|oldest))?"

# The first that fits answers.
_PATHS: tuple[tuple[str, Endpoint], ...] = (
    (r"account", accounts.account_by_id),
    (_USER, accounts.account),
    (rf"{_USER}/images/count", accounts.image_count),
    (rf"{_USER}/images/ids{_PAGE}", accounts.image_ids),
    (rf"{_USER}/images{_PAGE}", accounts.images),
    (rf"{_USER}/albums/count", accounts.album_count),
    (rf"{_USER}/albums/ids{_PAGE}", accounts.album_ids),
    (rf"{_USER}/albums{_PAGE}", accounts.albums),
    (rf"{_USER}/album/{_ID}", accounts.album),
    (rf"{_USER}/comments/count", accounts.comment_count),
    (rf"{_USER}/comments/ids{_COMMENT_SORT}{_PAGE}", accounts.comment_ids),
    (rf"{_USER}/comments{_COMMENT_SORT}{_PAGE}", accounts.comments),
    (rf"{_USER}/submissions{_PAGE}(?:/(?P<sort>newest|oldest|best|worst))?", accounts.submissions),
    (rf"{_USER}/favorites{_PAGE}{_FAVORITE_SORT}", accounts.favorites),
    (rf"{_USER}/gallery_favorites{_PAGE}{_FAVORITE_SORT}", accounts.gallery_favorites),
    (rf"{_USER}/gallery_profile", accounts.gallery_profile),
    (rf"image/{_ID}", media.image),
    (rf"album/{_ID}/images", media.album_images),
    (rf"album/{_ID}", media.album),
    (r"comment/(?P<id>\d+)/replies", media.replies),
    (r"comment/(?P<id>\d+)", media.comment),
    (r"tags", gallery.tags),
    (r"gallery/tag_info/(?P<name>[^/]+)", gallery.tag_info),
    (rf"gallery/search{_REST}", gallery.search),
    (rf"gallery/r/(?P<name>[^/]+){_REST}", gallery.subreddit),
    (rf"gallery/t/(?P<name>[^/]+){_REST}", gallery.tag),
    (rf"gallery/(?P<name>hot|top|user){_REST}", gallery.section),
    (r"gallery", gallery.section),
    (rf"gallery/(?P<kind>album|image)/{_ID}", gallery.post),
    (rf"gallery/{_ID}", gallery.post),
    (rf"gallery/{_ID}/tags", gallery.post_tags),
    (rf"gallery/{_ID}/votes", gallery.post_votes),
    (rf"gallery/{_ID}/comments/ids", gallery.post_comment_ids),
    (rf"gallery/{_ID}/comments/count", gallery.post_comment_count),
    (rf"gallery/{_ID}/comments(?:/(?P<sort>best|top|new))?", gallery.post_comments),
)
_ROUTES = tuple((re.compile(rf"/3/{path}/?"), endpoint) for path, endpoint in _PATHS)


def answer(desk: Desk, call: Call) -> Answer:
    """Answer one authenticated GET; an unknown path gets a page of HTML, as at Imgur."""
    for pattern, endpoint in _ROUTES:
        match = pattern.fullmatch(call.path)
        if match is not None:
            values = {name: value or "" for name, value in match.groupdict().items()}
            try:
                return endpoint(desk, call.with_values(values))
            except Refused as refused:
                return refused.answer
    return html(404, "imgur: the simple 404 page")
