"""Records in the shape of Imgur's replies: name only what the test is about, the rest is sensible."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

UPLOADED = 1_700_000_000
UPLOADED_AT = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)

Record = dict[str, Any]

_AD_CONFIG = {
    "safeFlags": ["album"],
    "highRiskFlags": [],
    "unsafeFlags": [],
    "wallUnsafeFlags": [],
    "showsAds": True,
    "showAdLevel": 2,
}


def page_of(*records: Any) -> bytes:
    """A page's JSON list, as bytes."""
    return msgspec.json.encode(list(records))


def without(record: Mapping[str, Any], *names: str) -> Record:
    """*record* as Imgur sends it where it leaves the members *names* out."""
    return {name: value for name, value in record.items() if name not in names}


def an_image(**over: Any) -> Record:
    """An image of the account that is logged in, as its owner sees it."""
    image_id = over.get("id", "Im4geAa")
    return {
        "id": image_id,
        "title": "A bridge",
        "description": None,
        "datetime": UPLOADED,
        "type": "image/jpeg",
        "animated": False,
        "width": 640,
        "height": 480,
        "size": 20_000,
        "views": 30,
        "bandwidth": 600_000,
        "vote": None,
        "favorite": False,
        "nsfw": None,
        "section": None,
        "account_url": "builder",
        "account_id": 4001,
        "is_ad": False,
        "in_most_viral": False,
        "has_sound": False,
        "tags": [],
        "ad_type": 0,
        "ad_url": "",
        "edited": "0",
        "in_gallery": False,
        "deletehash": "dh0builder00001",
        "name": "bridge.jpg",
        "link": f"https://i.imgur.com/{image_id}.jpg",
        "ad_config": _AD_CONFIG,
        **over,
    }


def an_animation(**over: Any) -> Record:
    """An image that moves, with its renditions."""
    image_id = over.get("id", "M0vingA")
    return an_image(
        **{
            "id": image_id,
            "type": "video/mp4",
            "animated": True,
            "has_sound": True,
            "looping": True,
            "mp4": f"https://i.imgur.com/{image_id}.mp4",
            "mp4_size": 90_000,
            "gifv": f"https://i.imgur.com/{image_id}.gifv",
            "hls": f"https://i.imgur.com/{image_id}.m3u8",
            "processing": {"status": "completed"},
            **over,
        }
    )


def an_album(**over: Any) -> Record:
    """An album as an account's list shows it to its owner: without its images."""
    album_id = over.get("id", "Alb0m")
    return {
        "id": album_id,
        "title": "Bridges",
        "description": None,
        "datetime": UPLOADED,
        "cover": "Im4geAa",
        "cover_edited": None,
        "cover_width": 640,
        "cover_height": 480,
        "account_url": "builder",
        "account_id": 4001,
        "privacy": "hidden",
        "layout": "blog",
        "views": 12,
        "link": f"https://imgur.com/a/{album_id}",
        "favorite": False,
        "nsfw": None,
        "section": None,
        "images_count": 2,
        "in_gallery": False,
        "is_ad": False,
        "include_album_ads": False,
        "is_album": True,
        "deletehash": "dh0builder00002",
        "order": 0,
        **over,
    }


def a_post(**over: Any) -> Record:
    """A single image in the gallery."""
    post_id = over.get("id", "P0stAaa")
    return {
        **without(an_image(id=post_id), "deletehash", "name", "ad_config"),
        "in_gallery": True,
        "is_album": False,
        "ups": 12,
        "downs": 2,
        "points": 10,
        "score": 14,
        "comment_count": 3,
        "favorite_count": 1,
        "topic": None,
        "topic_id": None,
        **over,
    }


def an_album_post(**over: Any) -> Record:
    """An album in the gallery, with as many previews as *images* says (here: both of two)."""
    post_id = over.get("id", "P0stAlb")
    return {
        **without(an_album(id=post_id), "deletehash", "order"),
        "in_gallery": True,
        "ups": 12,
        "downs": 2,
        "points": 10,
        "score": 14,
        "comment_count": 3,
        "favorite_count": 1,
        "topic": None,
        "topic_id": None,
        "vote": None,
        "tags": [],
        "images": [a_preview(id="Prev1ew"), a_preview(id="Prev2ew")],
        **over,
    }


def a_preview(**over: Any) -> Record:
    """An image that stands inside an album: its owner and its votes are not shown there."""
    return {
        **without(an_image(), "deletehash", "name"),
        "account_url": None,
        "account_id": None,
        "comment_count": None,
        "favorite_count": None,
        "ups": None,
        "downs": None,
        "points": None,
        "score": None,
        **over,
    }


def a_tag(**over: Any) -> Record:
    """A tag as posts carry it."""
    name = over.get("name", "bridges")
    return {
        "name": name,
        "display_name": str(name),
        "followers": 50,
        "total_items": 700,
        "following": False,
        "is_whitelisted": False,
        "background_hash": "Backgr0",
        "thumbnail_hash": None,
        "accent": "51535A",
        "background_is_animated": False,
        "thumbnail_is_animated": False,
        "is_promoted": False,
        "description": "Over water",
        "logo_hash": None,
        "logo_destination_url": None,
        "description_annotations": {},
        **over,
    }


def a_comment(*children: Any, **over: Any) -> Record:
    """A comment with its answers below it."""
    return {
        "id": 1001,
        "image_id": "P0stAaa",
        "comment": "What a span!",
        "author": "walker",
        "author_id": 4002,
        "on_album": False,
        "album_cover": None,
        "ups": 4,
        "downs": 1,
        "points": 3,
        "datetime": UPLOADED,
        "parent_id": 0,
        "deleted": False,
        "vote": None,
        "platform": "desktop",
        "has_admin_badge": False,
        "children": list(children),
        **over,
    }


def an_account(**over: Any) -> Record:
    """An account as everybody sees it."""
    return {
        "id": 4001,
        "url": "builder",
        "bio": None,
        "avatar": "https://imgur.com/user/builder/avatar",
        "avatar_name": "default/G",
        "cover": "https://imgur.com/user/builder/cover",
        "cover_name": "default/1-space",
        "reputation": 77,
        "reputation_name": "Neutral",
        "created": UPLOADED,
        "pro_expiration": False,
        "user_follow": {"status": False},
        "is_blocked": False,
        **over,
    }
