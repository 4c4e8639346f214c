"""What Imgur's replies mean. Every shape that was ever recorded, and what it must become."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgur_source.api.replies import Reply, error_text, is_dead_token, read_reply
from imgur_source.errors import (
    ApplicationRefusedError,
    BlockedAddressError,
    BlockedRegionError,
    DaySpentError,
    GatewayLimitError,
    GatewayRefusedError,
    HourSpentError,
    ImgurError,
    LoginExpiredError,
    NotFoundError,
    OverCapacityError,
    PostRequestsSpentError,
    PrivateError,
    RefusedError,
    TransientError,
    UnknownLimitError,
    WireShapeError,
)
from tests.support.fakes import NIGHT

ENDPOINT = "account_images"
RATE_HEADERS = {
    "x-ratelimit-userlimit": "500",
    "x-ratelimit-userremaining": "431",
    "x-ratelimit-userreset": "3600",
    "x-ratelimit-clientlimit": "12500",
    "x-ratelimit-clientremaining": "11876",
}
CDN_HEADERS = {"retry-after": "0", "cdn-error": "yes", "connection": "close", "server": "cat factory 1.0"}

CAPACITY_TEXT = "Imgur is temporarily over capacity. Please try again later."
DEAD_TOKEN_TEXT = "The access token provided is invalid."
TOO_MANY = {
    "errors": [
        {
            "id": "legacy-api-1111/AAAA-2222",
            "code": "429",
            "status": "Too Many Requests",
            "detail": "Too Many Requests",
        }
    ]
}
VARNISH_PAGE = (
    b'<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n<html>'
    b"</head><body><h1>Error 503 client read error</h1><p>Error 54113</p></body></html>"
)
NGINX_PAGE = b"\r\n <html>\r\n<head><title>405 Not Allowed</title></head><body>nginx</body></html>"


def dumped(value: object) -> bytes:
    return json.dumps(value).encode()


def enveloped(data: object, *, success: object = True, status: object = 200) -> bytes:
    return dumped({"data": data, "success": success, "status": status})


def refusal(error: object, *, status: object, success: object = False, request: str | None = "/3/x") -> bytes:
    """An error of Imgur's own in its envelope; those of the content network name no request."""
    named = {"request": request, "method": "GET"} if request else {}
    return enveloped({"error": error, **named}, success=success, status=status)


def error_object(code: int, message: str, *, exception: object = ()) -> dict[str, Any]:
    return {"code": code, "message": message, "type": "ImgurException", "exception": exception}


@dataclass(frozen=True, slots=True)
class Sent:
    """One HTTP reply, as it came."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: RATE_HEADERS)
    with_login: bool = False

    def read(self, endpoint: str = ENDPOINT) -> Reply:
        return read_reply(
            endpoint,
            status=self.status,
            headers=self.headers,
            body=self.body,
            received_at=NIGHT,
            with_login=self.with_login,
        )


def read(body: bytes, *, endpoint: str = ENDPOINT) -> Reply:
    return Sent(200, body).read(endpoint)


# What came, the error that it means, and words that the message must hold.
ERRORS: dict[str, tuple[Sent, type[ImgurError], str]] = {
    # the envelope's own errors
    "error as text": (
        Sent(409, refusal("Not following tag", status=409)),
        RefusedError,
        "status 409 (Not following tag)",
    ),
    "error as object, exception an object": (
        Sent(500, refusal(error_object(500, "Could not complete request", exception={}), status=500)),
        TransientError,
        "status 500, Could not complete request",
    ),
    "error as object, exception a list": (
        Sent(400, refusal(error_object(1003, "No such sort", exception=[]), status=400)),
        RefusedError,
        "status 400 (No such sort)",
    ),
    "error as object without words": (
        Sent(400, refusal({"code": 77}, status=400)),
        RefusedError,
        "an error without words",
    ),
    "a very deep page that timed out": (
        Sent(200, refusal(error_object(504, "operation timed out"), status=200, success=True)),
        TransientError,
        "status 504, operation timed out",
    ),
    "success true, error inside": (
        Sent(200, refusal("Album not foundQx7kTz2", status=200, success=True), with_login=True),
        NotFoundError,
        "Album not foundQx7kTz2",
    ),
    "success true, error inside, of no known kind": (
        Sent(200, refusal("Something else", status=200, success=True), with_login=True),
        RefusedError,
        "status 200 (Something else)",
    ),
    "success true, data a text": (
        Sent(200, enveloped("An error occurred while fetching it")),
        RefusedError,
        "status 200 (An error occurred while fetching it)",
    ),
    "success true, data an empty text": (Sent(200, enveloped("")), RefusedError, "an empty text"),
    "data a text, status 500": (
        Sent(500, enveloped("An error occurred", success=False, status=500)),
        TransientError,
        "status 500, An error occurred",
    ),
    "data a text, status 500 in the body only": (
        Sent(200, enveloped("An error occurred", success=False, status=500)),
        TransientError,
        "status 500, An error occurred",
    ),
    "data false": (Sent(400, enveloped(False, success=False, status=400)), RefusedError, "status 400"),
    "data null, success false": (
        Sent(400, enveloped(None, success=False, status=400)),
        RefusedError,
        "status 400",
    ),
    "data null, success true": (Sent(200, enveloped(None)), WireShapeError, "no data"),
    "no data at all": (Sent(200, dumped({"success": True, "status": 200})), WireShapeError, "no data"),
    "empty object": (Sent(200, b"{}"), WireShapeError, "no data"),
    "empty list with success false": (Sent(200, enveloped([], success=False)), RefusedError, "status 200"),
    "empty list with success 0": (Sent(200, enveloped([], success=0)), RefusedError, "status 200"),
    "empty list with status 500 in the body": (
        Sent(200, enveloped([], status=500)),
        TransientError,
        "status 500",
    ),
    "empty list with status 500 in the body, as a text": (
        Sent(200, dumped({"data": [], "status": "500"})),
        TransientError,
        "status 500",
    ),
    "empty list with HTTP status 500": (Sent(500, enveloped([])), TransientError, "status 500"),
    "empty list with HTTP status 404": (Sent(404, enveloped([])), NotFoundError, ENDPOINT),
    "errors list beside an empty list": (
        Sent(
            200, dumped({"data": [], "errors": [{"code": "500", "detail": "Backend gone"}], "success": True})
        ),
        TransientError,
        "status 500, Backend gone",
    ),
    "errors list, no data, not about limits": (
        Sent(503, dumped({"errors": [{"code": "503", "status": "Service Unavailable"}]})),
        TransientError,
        "status 503, Service Unavailable",
    ),
    "errors list of texts": (
        Sent(400, dumped({"errors": ["Bad page"]})),
        RefusedError,
        "status 400 (Bad page)",
    ),
    "a list instead of an envelope": (Sent(200, b"[]"), WireShapeError, "not an object"),
    "null instead of an envelope": (Sent(200, b"null"), WireShapeError, "not an object"),
    "a text instead of an envelope, status 502": (
        Sent(502, b'"timeout"', headers={}),
        TransientError,
        "status 502 with a reply that is not an object",
    ),
    # limits
    "429, errors list, hour spent": (
        Sent(
            429,
            dumped(TOO_MANY),
            headers={**RATE_HEADERS, "x-ratelimit-userremaining": "0", "x-post-rate-limit-remaining": "1206"},
        ),
        HourSpentError,
        "hour is used up",
    ),
    "429, errors list, day spent": (
        Sent(429, dumped(TOO_MANY), headers={**RATE_HEADERS, "x-ratelimit-clientremaining": "0"}),
        DaySpentError,
        "application's day is used up",
    ),
    "429, errors list, POST requests spent": (
        Sent(429, dumped(TOO_MANY), headers={**RATE_HEADERS, "x-post-rate-limit-remaining": "0"}),
        PostRequestsSpentError,
        "hour's POST requests are used up",
    ),
    "429, errors list, credits left: perhaps a dead token": (
        Sent(429, dumped(TOO_MANY), with_login=True),
        UnknownLimitError,
        "429, too many requests",
    ),
    "429 of 2016": (
        Sent(429, refusal("Daily client requests exceeded", status=429), headers={}),
        DaySpentError,
        "application's day is used up",
    ),
    "429 whose body says 500": (
        Sent(429, refusal(error_object(500, "Could not complete request"), status=500)),
        UnknownLimitError,
        "429",
    ),
    "429 whose body says 400": (Sent(429, refusal("Too fast", status=400)), UnknownLimitError, "429"),
    "429 as a web page": (Sent(429, VARNISH_PAGE, headers={}), UnknownLimitError, "429"),
    "429 without a body": (Sent(429, b"", headers={}), UnknownLimitError, "429"),
    "429 in the body only": (
        Sent(200, refusal("Daily client requests exceeded", status=429), headers={}),
        DaySpentError,
        "application's day is used up",
    ),
    "429 in an errors list only": (Sent(200, dumped(TOO_MANY)), UnknownLimitError, "429"),
    "over capacity as 403": (
        Sent(403, refusal(CAPACITY_TEXT, status=403, request=None), headers={}, with_login=True),
        OverCapacityError,
        "over capacity",
    ),
    "over capacity as 500": (
        Sent(500, refusal(CAPACITY_TEXT, status=500, request=None), headers={}),
        OverCapacityError,
        "over capacity",
    ),
    "over capacity as 429": (
        Sent(429, refusal(CAPACITY_TEXT, status=429, request=None), headers={}),
        OverCapacityError,
        "over capacity",
    ),
    "over capacity with success true": (
        Sent(200, refusal(CAPACITY_TEXT, status=200, success=True), headers={}),
        OverCapacityError,
        "over capacity",
    ),
    "over capacity as 1203": (
        Sent(500, refusal("Imgur is over capacity. Please try again.", status=1203)),
        OverCapacityError,
        "over capacity",
    ),
    "1203 in other words": (
        Sent(403, refusal("Please come back later", status=1203)),
        OverCapacityError,
        "over capacity",
    ),
    "1203 with an empty list": (Sent(200, enveloped([], status=1203)), OverCapacityError, "over capacity"),
    "over capacity as a web page": (
        Sent(503, b"<!doctype html><title>Imgur is over capacity!</title>", headers={}),
        OverCapacityError,
        "over capacity",
    ),
    # this network
    "forbidden by the content network": (
        Sent(400, refusal("These actions are forbidden.", status=400, request=None), headers=CDN_HEADERS),
        BlockedAddressError,
        "These actions are forbidden.",
    ),
    "banned country": (
        Sent(400, refusal(error_object(1016, "Banned country attempt (ZZ)"), status=400)),
        BlockedRegionError,
        "Banned country attempt (ZZ)",
    ),
    "banned country in other words": (
        Sent(400, refusal(error_object(1016, "Not from there"), status=400), with_login=True),
        BlockedRegionError,
        "Not from there",
    ),
    "region, as a web page": (
        Sent(
            403,
            b"<html><body><p>Content not available in your region.</p></body></html>",
            headers={},
            with_login=True,
        ),
        BlockedRegionError,
        "status 403 with a web page",
    ),
    "region, as a web page with status 200": (
        Sent(200, b"<html><body>Content not available in your region</body></html>", headers={}),
        BlockedRegionError,
        "status 200 with a web page",
    ),
    "region, as plain text": (
        Sent(403, b"Content not available in your region", headers={}),
        BlockedRegionError,
        "status 403",
    ),
    "451": (
        Sent(451, b"<html>Unavailable For Legal Reasons</html>", headers={}),
        BlockedRegionError,
        "status 451",
    ),
    # who asks
    "no authorization": (
        Sent(401, refusal("Authentication required", status=401)),
        ApplicationRefusedError,
        "Authentication required",
    ),
    "unknown client id": (
        Sent(403, refusal("Invalid client_id", status=403)),
        ApplicationRefusedError,
        "Invalid client_id",
    ),
    "unknown client id with a login": (
        Sent(401, refusal("Invalid client_id", status=401), with_login=True),
        ApplicationRefusedError,
        "Invalid client_id",
    ),
    "dead token as 403": (
        Sent(403, refusal(DEAD_TOKEN_TEXT, status=403), with_login=True),
        LoginExpiredError,
        DEAD_TOKEN_TEXT,
    ),
    "dead token as 401": (
        Sent(401, refusal("Authentication required", status=401), with_login=True),
        LoginExpiredError,
        "Authentication required",
    ),
    "dead token as a web page": (
        Sent(401, b"<html>401</html>", headers={}, with_login=True),
        LoginExpiredError,
        "a web page",
    ),
    "dead token without a body": (
        Sent(401, b"", headers={}, with_login=True),
        LoginExpiredError,
        "an empty reply",
    ),
    "401 without a body": (Sent(401, b"", headers={}), ApplicationRefusedError, "an empty reply"),
    "private": (
        Sent(403, refusal("You are not allowed to see it", status=403)),
        PrivateError,
        "not allowed to see it",
    ),
    "private, data a text": (
        Sent(403, enveloped("Unauthorized", success=False, status=403), with_login=True),
        PrivateError,
        "Unauthorized",
    ),
    # the gateway
    "gateway, no key": (
        Sent(401, dumped({"message": "Missing application key."}), headers={}),
        GatewayRefusedError,
        "Missing application key.",
    ),
    "gateway, no key, with a login": (
        Sent(401, dumped({"message": "Missing application key."}), headers={}, with_login=True),
        GatewayRefusedError,
        "Missing application key.",
    ),
    "gateway, not subscribed": (
        Sent(403, dumped({"message": "You are not subscribed to this API."}), headers={}, with_login=True),
        GatewayRefusedError,
        "not subscribed",
    ),
    "gateway, quota": (
        Sent(429, dumped({"message": "You have exceeded the DAILY quota"}), headers={}),
        GatewayLimitError,
        "You have exceeded the DAILY quota",
    ),
    "gateway, plan used up": (
        Sent(429, b"", headers={"x-ratelimit-requests-limit": "100", "x-ratelimit-requests-remaining": "0"}),
        GatewayLimitError,
        "requests of the plan are used up",
    ),
    "gateway, no route: nothing of Imgur's is gone": (
        Sent(404, dumped({"message": "Endpoint does not exist"}), headers={}),
        RefusedError,
        "status 404 (Endpoint does not exist)",
    ),
    "gateway, with 200": (
        Sent(200, dumped({"message": "Missing application key."}), headers={}),
        RefusedError,
        "Missing application key.",
    ),
    "gateway, with 200 and data null": (
        Sent(200, dumped({"message": "Missing application key.", "data": None}), headers={}),
        RefusedError,
        "Missing application key.",
    ),
    "gateway, 502": (
        Sent(502, dumped({"message": "Bad gateway"}), headers={}),
        TransientError,
        "status 502, Bad gateway",
    ),
    # gone
    "404, an image": (
        Sent(404, refusal("Unable to find an image with the id, Zz0Zz0Z", status=404), with_login=True),
        NotFoundError,
        "Unable to find an image",
    ),
    "404, an album": (
        Sent(404, refusal("Unable to find an album with the id, Zz0Zz", status=404)),
        NotFoundError,
        "Unable to find an album",
    ),
    "404, gallery": (Sent(404, refusal("Not Found", status=404)), NotFoundError, "Not Found"),
    "404, a tag": (Sent(404, refusal("Tag does not exist", status=404)), NotFoundError, "Tag does not exist"),
    "404 in the body only": (Sent(200, refusal("Gone fishing", status=404)), NotFoundError, "Gone fishing"),
    "404 as a web page": (Sent(404, b"<html>404</html>", headers={}), NotFoundError, "a web page"),
    "404 without a body": (Sent(404, b" \n", headers={}), NotFoundError, "an empty reply"),
    "404 as plain text": (Sent(404, b"404 page not found", headers={}), NotFoundError, "not found"),
    # the way to Imgur
    "502 as a web page": (
        Sent(502, b"<html>Bad Gateway</html>", headers={}),
        TransientError,
        "status 502 with a web page",
    ),
    "502, nine bytes": (Sent(502, b"timed out", headers={}), TransientError, "status 502 with broken JSON"),
    "503 of the content network": (
        Sent(503, VARNISH_PAGE, headers={}, with_login=True),
        TransientError,
        "status 503 with a web page",
    ),
    "405 of nginx, blanks first": (
        Sent(405, NGINX_PAGE, headers={}),
        TransientError,
        "status 405 with a web page",
    ),
    "a web page with status 200": (
        Sent(200, b"<!doctype html><html></html>", headers={}),
        TransientError,
        "status 200 with a web page",
    ),
    "an empty body with status 200": (
        Sent(200, b"", headers={}),
        TransientError,
        "status 200 with an empty reply",
    ),
    "an empty body with status 204": (
        Sent(204, b"", headers={}),
        TransientError,
        "status 204 with an empty reply",
    ),
    "an empty body with status 500": (
        Sent(500, b"", headers={}),
        TransientError,
        "status 500 with an empty reply",
    ),
    "JSON cut in the middle": (
        Sent(200, enveloped([{"id": "Ab3dE5f", "title": "a fox"}])[:31]),
        TransientError,
        "status 200 with broken JSON",
    ),
    "JSON cut in the middle of words like an error's": (
        Sent(200, enveloped([{"comment": "Imgur is over capacity and not available in your region"}])[:-20]),
        TransientError,
        "status 200 with broken JSON",
    ),
    "not a number": (
        Sent(200, b'{"data": [NaN], "success": true}', headers={}),
        TransientError,
        "with broken JSON",
    ),
    "nested without end": (
        Sent(200, b'{"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}", headers={}),
        WireShapeError,
        "nested too deeply",
    ),
    "304": (Sent(304, b""), WireShapeError, "304 Not Modified"),
    "a redirect without an address": (
        Sent(302, b"", headers={}, with_login=True),
        RefusedError,
        "status 302",
    ),
}


@pytest.mark.parametrize(("sent", "expected", "words"), ERRORS.values(), ids=ERRORS.keys())
def test_read_reply__errors_of_every_shape_become_the_right_error(
    sent: Sent, expected: type[ImgurError], words: str
) -> None:
    """Wherever Imgur, its network or its gateway puts an error, the right error comes of it, never a page."""
    with pytest.raises(ImgurError) as caught:
        sent.read().items()

    assert type(caught.value) is expected
    assert words in str(caught.value)


@pytest.mark.parametrize("data", [{}, {"items": []}, 0, 105, False, True], ids=repr)
def test_items__only_a_list_is_a_page(data: object) -> None:
    """Data that is an object, a number or a truth value is a reply, but not a page without items."""
    with pytest.raises(WireShapeError, match="a list was expected"):
        read(enveloped(data)).items()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ({"items": {}}, "an object"),
        ({"items": None}, "nothing"),
        ({"items": "x"}, "a text"),
        ({"items": 3}, "a number"),
        ({"items": False}, "a truth value"),
        ({"items": True}, "a truth value"),
        ({"name": "foxes"}, "nothing"),
    ],
    ids=repr,
)
def test_items__inside_names_what_came_instead_of_the_list(data: object, kind: str) -> None:
    """A tag whose items are missing or no list is a reply of an unknown shape, not a tag without posts."""
    with pytest.raises(WireShapeError, match=f"a list was expected, {kind} came"):
        read(enveloped(data), endpoint="gallery_tags").items(inside="items")


def test_items__inside_wants_an_object_around_it() -> None:
    """A bare list where a tag was asked for is a reply of an unknown shape."""
    with pytest.raises(WireShapeError, match="an object was expected, a list came"):
        read(enveloped([])).items(inside="items")


def values(items: list[msgspec.Raw]) -> list[Any]:
    return [json.loads(bytes(item)) for item in items]


IMAGE: dict[str, Any] = {
    "id": "Ab3dE5f",
    "title": None,
    "description": 'An "error" of mine: {"error": 1}',
    "datetime": 1_700_000_000,
    "type": "image/jpeg",
    "animated": False,
    "width": 640,
    "height": 480,
    "size": 51_200,
    "views": 12,
    "bandwidth": 614_400,
    "vote": None,
    "favorite": False,
    "nsfw": None,
    "section": None,
    "account_url": None,
    "account_id": None,
    "tags": [],
    "link": "https://i.example/Ab3dE5f.jpg",
}
VIDEO = {**IMAGE, "id": "Vid0Vid", "mp4_size": "90210", "edited": "0", "processing": {"status": "completed"}}
ALBUM = {"id": "Alb00", "cover": "Ab3dE5f", "privacy": "hidden", "images_count": 1, "order": 3}
POST = {**ALBUM, "is_album": True, "ups": 9, "downs": 2, "points": 7, "ad_config": {"safeFlags": []}}
OLD_FAVORITE = {"id": "Fav0000", "title": "keys missing", "datetime": 1_400_000_000}
COMMENT = {"id": 88_001, "image_id": "Alb00", "comment": "so round", "parent_id": 0, "children": []}
REPLY = {**COMMENT, "id": 88_002, "parent_id": 88_001, "children": [{**COMMENT, "id": 88_003}]}
TAG = {"name": "foxes", "followers": 76, "logo_hash": None, "description_annotations": {}}

LISTS: dict[str, list[Any]] = {
    "images": [IMAGE, VIDEO],
    "albums, a full page": [ALBUM] * 50,
    "submissions, a full page": [POST, {**IMAGE, "is_album": False}] * 30,
    "favorites of 2014, keys missing": [OLD_FAVORITE, {}],
    "subreddit posts, votes null": [{**POST, "ups": None, "downs": None, "account_url": None}],
    "comments, flat": [COMMENT],
    "comments, nested": [REPLY, COMMENT],
    "ids of images": ["Ab3dE5f", "Vid0Vid"],
    "ids of comments": [88_001, 88_002],
    "the end": [],
}


@pytest.mark.parametrize("data", LISTS.values(), ids=LISTS.keys())
def test_items__come_whole_and_in_order(data: list[Any]) -> None:
    """Every list that Imgur sends comes as its records, in Imgur's order, with every field as it was."""
    assert values(read(enveloped(data)).items()) == data


def test_items__of_a_tag_stand_inside_its_object() -> None:
    """A tag's posts are found in ``items``, an empty list there being an empty page."""
    full = read(enveloped({**TAG, "items": [POST, IMAGE]}), endpoint="gallery_tags")
    empty = read(enveloped({**TAG, "items": []}), endpoint="gallery_tags")

    assert values(full.items(inside="items")) == [POST, IMAGE]
    assert empty.items(inside="items") == []


OBJECTS: dict[str, dict[str, Any]] = {
    "account": {"id": 48_215, "url": "marmalade_fox", "bio": None, "pro_expiration": False},
    "account with an avatar": {"id": 48_215, "avatar": None, "user_follow": {"status": False}},
    "album with its images": {**ALBUM, "images": [IMAGE] * 42},
    "image": VIDEO,
    "comment with replies": REPLY,
    "credits": {"UserLimit": 500, "UserRemaining": 431, "UserReset": 1_700_000_000, "ClientLimit": 12_500},
    "votes": {"ups": 11, "downs": 7},
    "tags of a post": {"tags": [{"name": "foxes", "ups": 2, "downs": 0}]},
    "all tags": {"tags": [TAG], "featured": "foxes", "galleries": []},
    "tag": TAG,
    "an error that is null or false is none": {**TAG, "error": None, "errors": False},
}


@pytest.mark.parametrize("data", OBJECTS.values(), ids=OBJECTS.keys())
def test_fields__hold_every_member(data: dict[str, Any]) -> None:
    """Every object that Imgur sends comes with all its members, as they were."""
    fields = read(enveloped(data)).fields()

    assert {name: json.loads(bytes(value)) for name, value in fields.items()} == data


def test_fields__want_an_object() -> None:
    """A list where an object was asked for is a reply of an unknown shape."""
    with pytest.raises(WireShapeError, match="an object was expected, a list came"):
        read(enveloped([])).fields()


@pytest.mark.parametrize("data", [0, 105, True, False], ids=repr)
def test_read_reply__a_count_and_a_truth_value_are_data(data: object) -> None:
    """Counts and yes-or-no replies are values, 0 and false among them."""
    assert read(enveloped(data)) == Reply(ENDPOINT, dumped(data), NIGHT)


def test_read_reply__keeps_when_it_came_and_what_is_announced() -> None:
    """A reply knows its endpoint, its data as sent, when it was received and what is announced with it."""
    headers = {**RATE_HEADERS, "sunset": "Sat, 31 Jul 2027 00:00:00 GMT"}
    body = b'{ "data" : [ {"id":"Ab3dE5f"} ] , "success":true, "status":200 }'

    assert Sent(200, body, headers).read() == Reply(
        endpoint=ENDPOINT,
        data=b'[ {"id":"Ab3dE5f"} ]',
        received_at=NIGHT,
        sunset="Sat, 31 Jul 2027 00:00:00 GMT",
    )


def test_read_reply__new_members_beside_the_data_are_ignored() -> None:
    """A member that Imgur adds to its envelope one day does no harm."""
    body = dumped({"data": [], "success": True, "status": 200, "errors": None, "meta": {"page": 0}})

    assert read(body).items() == []


def test_read_reply__byte_order_mark_does_no_harm() -> None:
    """A byte order mark before the JSON, as PHP files like to have one, is passed over."""
    assert values(read(b"\xef\xbb\xbf" + enveloped([COMMENT])).items()) == [COMMENT]


SPOILT: dict[str, tuple[bytes, str]] = {
    "first half of a pair": (rb"cut \ud83d here", "cut ? here"),
    "first half at the end": (rb"cut \ud83d", "cut ?"),
    "second half alone": (rb"cut \ude00 here", "cut ? here"),
    "control character": (b"bell \x07 rings", "bell \x07 rings"),
    "line break": (b"two\nlines", "two\nlines"),
    "wrong byte": (b"caf\xe9!", "caf\N{REPLACEMENT CHARACTER}!"),
    "bytes of half a letter": (b"fox \xf0\x9f\xa6", "fox \N{REPLACEMENT CHARACTER}"),
    "surrogate as bytes": (b"cut \xed\xa0\xbd.", "cut " + "\N{REPLACEMENT CHARACTER}" * 3 + "."),
    "half a pair and a wrong byte": (b"\\ud83d caf\xe9", "? caf\N{REPLACEMENT CHARACTER}"),
}


@pytest.mark.parametrize(("raw", "text"), SPOILT.values(), ids=SPOILT.keys())
def test_items__one_spoilt_text_does_not_cost_the_page(raw: bytes, text: str) -> None:
    """What cannot be read in one text is replaced; the rest of it and the other records stay as they are."""
    emoji = {
        **COMMENT,
        "id": 88_004,
        "comment": "a whole \N{FOX FACE} and a caf\N{LATIN SMALL LETTER E WITH ACUTE}",
    }
    body = enveloped([COMMENT, {**COMMENT, "comment": "SPOILT"}, emoji]).replace(b"SPOILT", raw)

    items = read(body).items()

    assert [msgspec.json.decode(item) for item in items] == [COMMENT, {**COMMENT, "comment": text}, emoji]


def test_read_reply__whole_letters_come_untouched() -> None:
    """A reply without a fault in it is handed on byte for byte."""
    body = json.dumps({"data": ["\N{FOX FACE} \u00e9 \\u0041"], "success": True}, ensure_ascii=False).encode()

    assert read(body).data == json.dumps(["\N{FOX FACE} \u00e9 \\u0041"], ensure_ascii=False).encode()


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
ENVELOPES = st.fixed_dictionaries(
    {},
    optional={
        "data": JSON_VALUES | st.just([]) | st.fixed_dictionaries({"error": JSON_VALUES}),
        "success": st.sampled_from([True, False, None, 0, 1]),
        "status": st.sampled_from([200, 400, 403, 404, 429, 500, 1203, "200", None, True, []]),
        "errors": JSON_VALUES,
        "message": JSON_VALUES,
    },
)


@settings(max_examples=150, deadline=None)
@given(
    status=st.sampled_from([200, 204, 301, 304, 400, 401, 403, 404, 429, 451, 500, 503]),
    body=st.binary(max_size=40) | JSON_VALUES.map(dumped) | ENVELOPES.map(dumped),
    with_login=st.booleans(),
)
def test_read_reply__any_body_is_a_reply_or_an_error_of_ours(
    status: int, body: bytes, with_login: bool
) -> None:
    """Whatever comes is a value or an error of ours; an empty page is an empty list in a good reply only."""
    try:
        items = Sent(status, body, with_login=with_login).read().items()
    except ImgurError:
        return

    envelope = json.loads(body)
    assert status in (200, 204)
    assert values(items) == envelope["data"]
    assert envelope.get("success") in (True, None)
    assert envelope.get("status") in (200, "200", None, True, [])
    assert not envelope.get("errors")


@pytest.mark.parametrize(
    ("status", "body", "is_dead"),
    [
        (403, refusal(DEAD_TOKEN_TEXT, status=403), True),
        (401, refusal("Authentication required", status=401), True),
        (401, b"", True),
        (401, b"<html>401</html>", True),
        (401, dumped({"message": "Missing application key."}), False),
        (403, refusal("You are not allowed to see it", status=403), False),
        (403, refusal("Invalid client_id", status=403), False),
        (403, refusal(CAPACITY_TEXT, status=403), False),
        (429, dumped(TOO_MANY), False),
        (429, refusal(DEAD_TOKEN_TEXT, status=429), False),
        (500, refusal(DEAD_TOKEN_TEXT, status=500), False),
        (200, enveloped([{"comment": DEAD_TOKEN_TEXT}]), False),
    ],
)
def test_is_dead_token__only_where_a_new_token_would_help(status: int, body: bytes, is_dead: bool) -> None:
    """A refused token is told from a refused item, application or key, and from every limit."""
    assert is_dead_token(body, status=status) is is_dead


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (refusal("Invalid refresh token", status=400), "Invalid refresh token"),
        (refusal(error_object(500, "Could not complete request"), status=500), "Could not complete request"),
        (enveloped("An error occurred", success=False, status=500), "An error occurred"),
        (dumped(TOO_MANY), "Too Many Requests"),
        (dumped({"message": "Missing application key."}), "Missing application key."),
        (dumped({"access_token": "x", "expires_in": 3600}), ""),
        (enveloped([]), ""),
        (b"<html></html>", ""),
        (b"[]", ""),
        (b"", ""),
        (b'{"data":' + b"[" * 100_000, ""),
    ],
)
def test_error_text__is_for_a_person_and_empty_where_there_is_none(body: bytes, words: str) -> None:
    """The words of an error are found wherever they stand, and nothing is made up where there are none."""
    assert error_text(body) == words
