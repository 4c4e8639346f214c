"""Images, albums and posts as Imgur's replies show them: one method per kind of list.

What differs between recorded replies of one field (``edited`` "0" or 0, ``nsfw`` null or
a boolean, a key which is there or not) differs here too, by the object's salt: the same
object keeps its quirks. Comments, accounts and tags are in ``world.conversations``.
"""

from typing import Any

from imgur_source.simulator.world import Album, Dice, Image, Person, Post, World, tag_record

Record = dict[str, Any]

PREVIEWS = 3  # images of an album in lists, at most
_SECRET_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "video/mp4": "mp4"}
_VOTES = {1: "up", 2: "up", 3: "down", 4: "veto"}  # of a viewer with a token, by the salt of the post
_PREVIEW_OF_GIF = 20_000_000  # bytes; the link of a larger GIF shows a still picture


def deletehash(thing: Image | Album) -> str:
    """Return the secret by which its owner, or anybody else, may delete *thing*."""
    return Dice("deletehash", thing.salt).text(_SECRET_ALPHABET, 15)


class Shapes:
    """The world as *viewer* gets it now; None is the public."""

    def __init__(self, world: World, viewer: Person | None) -> None:
        self._world = world
        self._viewer = viewer
        self._at = world.now

    # images

    def image(self, image: Image) -> Record:
        """Return an image by itself, or in its owner's list."""
        record = self._file(image)
        record["in_gallery"] = image.id in self._world.posts
        if self._is_mine(image.owner):
            record |= {"deletehash": deletehash(image), "name": image.name}
        return record | self._ad_config(image.salt)

    def nested_image(self, image: Image) -> Record:
        """Return an image as ``album/{id}/images`` and an album's ``images`` show it."""
        record = self._file(image)
        record |= {"account_url": None, "account_id": None, "edited": "0", "in_gallery": False}
        if self._is_mine(image.owner):
            record |= {"deletehash": deletehash(image), "name": image.name}
        return record | self._ad_config(image.salt)

    def _posted_image(self, image: Image) -> Record:
        counters = ("comment_count", "favorite_count", "ups", "downs", "points", "score")
        return self.nested_image(image) | dict.fromkeys(counters)

    def _file(self, image: Image) -> Record:
        salt, views = image.salt, image.views(self._at)
        extension = _EXTENSIONS[image.type]
        is_still = extension == "gif" and image.size > _PREVIEW_OF_GIF
        record: Record = {
            "id": image.id,
            "title": image.title,
            "description": image.description,
            "datetime": image.uploaded,
            "type": image.type,
            "animated": image.is_animated,
            "width": image.width,
            "height": image.height,
            "size": image.size,
            "views": views,
            "bandwidth": image.size * views,
            "vote": None,
            "favorite": self._is_favorite(image.id),
            "nsfw": None if salt & 0b11 else bool(salt & 0b11111100 == 0),
            "section": image.section or (None if salt & 0b100 else ""),
            "account_url": image.owner.name if image.owner and salt & 0b111000 else None,
            "account_id": image.owner.id if image.owner else None,
            "is_ad": False,
            "in_most_viral": False,
            "has_sound": image.type == "video/mp4" and bool(salt & 0b1000),
            "tags": [],
            "ad_type": 0,
            "ad_url": "",
            "edited": "0" if salt & 0b10000 else 0,
        }
        if salt % 11 == 0:
            del record["vote"]
        if image.is_animated:
            base = f"https://i.imgur.com/{image.id}"
            mp4_size = image.size // 3 + 1
            record |= {
                "mp4": f"{base}.mp4",
                "gifv": f"{base}.gifv",
                "hls": f"{base}.m3u8",
                "mp4_size": str(mp4_size) if salt & 0b100000 else mp4_size,
                "looping": extension == "gif",
                "processing": {"status": "completed"},
            }
        record["link"] = f"https://i.imgur.com/{image.id}{'h' if is_still else ''}.{extension}"
        return record

    # albums

    def album(self, album: Album) -> Record:
        """Return an album without its images, as account lists show it."""
        cover = album.images[0] if album.images else None
        record: Record = {
            "id": album.id,
            "title": album.title,
            "description": album.description,
            "datetime": album.created,
            "cover": cover.id if cover else None,
            "cover_edited": None,
            "cover_width": cover.width if cover else None,
            "cover_height": cover.height if cover else None,
            "account_url": album.owner.name,
            "account_id": album.owner.id,
            "privacy": album.privacy,
            "layout": ("blog", "vertical", "grid", "horizontal")[album.salt % 4],
            "views": album.views(self._at),
            "link": f"https://imgur.com/a/{album.id}",
            "favorite": self._is_favorite(album.id),
            "nsfw": None if album.salt & 0b111 else False,
            "section": None if album.salt & 0b1000 else "",
            "images_count": len(album.images),
            "in_gallery": album.id in self._world.posts,
            "is_ad": False,
            "include_album_ads": False,
            "is_album": True,
        }
        if self._is_mine(album.owner):
            record |= {"deletehash": deletehash(album), "order": 0}
        return record | self._ad_config(album.salt)

    def whole_album(self, album: Album) -> Record:
        """Return an album by itself, with all its images."""
        return self.album(album) | {"images": [self.nested_image(image) for image in album.images]}

    # the gallery

    def post(self, post: Post, *, previews: int | None = None) -> Record:
        """Return a post as gallery lists show it.

        *previews* is how many of its images an album brings; None leaves the key ``images`` out.
        """
        content = post.content
        record = self.album(content) if isinstance(content, Album) else self.image(content)
        ups, downs = post.ups(self._at), post.downs(self._at)
        record |= {
            "title": post.title,
            "datetime": post.posted,
            "account_url": post.author.name,
            "account_id": post.author.id,
            "is_album": isinstance(content, Album),
            "vote": None if self._viewer is None else _VOTES.get(post.salt % 16),
            "favorite": None if self._viewer is None and post.salt & 0b1 else self._is_favorite(post.id),
            "nsfw": post.is_mature,
            "section": post.section,
            "in_gallery": True,
            "in_most_viral": post.is_viral(self._at),
            "topic": None if post.salt & 0b10 else "No Topic",
            "topic_id": None if post.salt & 0b10 else 29,
            "tags": [tag_record(self._world, tag) for tag in post.tags],
            "comment_count": self.comment_count(post),
            "favorite_count": post.favorites(self._at),
            "ups": ups,
            "downs": downs,
            "points": ups - downs,
            # Imgur's own ranking: near the points for some, far off for others
            "score": ups - downs if post.salt & 0b100 else (ups - downs) * 21 // 20 + post.salt % 40,
        }
        if isinstance(content, Album) and previews is not None:
            record["images"] = [self._posted_image(image) for image in content.images[:previews]]
        return record

    def whole_post(self, post: Post) -> Record:
        """Return a post by itself: an album with all its images."""
        return self.post(post, previews=len(post.content.images) if isinstance(post.content, Album) else None)

    def comment_count(self, post: Post) -> int:
        """Return how many comments a post has, deleted ones left out."""
        return sum(not comment.is_deleted for comment in post.comments)

    def favorite(self, item: Post | Image) -> Record:
        """Return an item of a favourites list: no score, counters and owner often missing."""
        if isinstance(item, Image):  # not in the gallery, so nobody voted
            record = self._file(item) | {
                "favorite": True,
                "is_album": False,
                "account_id": None,
                "score": None,
            }
            if item.salt & 0b1:
                record |= {"ups": None, "downs": None, "points": None}
            return record
        record = self.post(item)
        for key in ("tags", "ad_config", "deletehash", "name", "order", "in_most_viral", "favorite_count"):
            record.pop(key, None)
        record |= {"favorite": True, "score": None, "comment_count": None, "account_id": None}
        if isinstance(item.content, Album):
            record |= {"privacy": None, "layout": None}
            if item.salt & 0b1000:
                record |= {"cover_width": 0, "cover_height": 0}
        return record

    def subreddit_item(self, image: Image) -> Record:
        """Return an image of a subreddit's list: author and votes null, the score is reddit's."""
        nothing = ("account_url", "account_id", "comment_count", "favorite_count", "ups", "downs", "points")
        record = self._file(image) | dict.fromkeys(nothing)
        return record | {
            "nsfw": False,
            "section": image.section,
            "in_gallery": False,
            "is_album": False,
            "topic": None,
            "topic_id": None,
            "score": int(image.views(self._at) * 0.4),
        }

    # what depends on who asks

    def _is_mine(self, owner: Person | None) -> bool:
        return owner is not None and owner is self._viewer

    def _is_favorite(self, item_id: str) -> bool:
        return self._viewer is not None and self._world.is_kept(self._viewer, item_id)

    def _ad_config(self, salt: int) -> Record:
        if salt & 0b11000000 == 0:
            return {}
        config: Record = {
            "safeFlags": ["share", "page_load"] if salt & 0b1 else [],
            "highRiskFlags": [],
            "unsafeFlags": [] if salt & 0b1 else ["sixth_mod_unsafe"],
            "wallUnsafeFlags": [],
            "showsAds": bool(salt & 0b1),
        }
        if salt & 0b100000000:
            config |= {"showAdLevel": 2 if salt & 0b1 else 0, "nsfw_score": (salt % 100) / 1000}
        return {"ad_config": config}
