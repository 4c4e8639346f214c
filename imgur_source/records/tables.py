"""The data dictionary: every table, every column, its type and its meaning.

A table of fields per record type, in the order of its columns. Names are
Imgur's own; what we add ourselves is marked ``ours``. Read from top to bottom
it says what the warehouse holds, and nothing else in the package repeats it:
Arrow schemas, dlt hints and the database's comments are made from here.
Facts about the fields and their sources stand in docs/imgur-api.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TypedDict, Unpack


class Type(Enum):
    """The type of a column, one per DuckDB type that we use."""

    TEXT = "VARCHAR"
    INTEGER = "BIGINT"
    BOOLEAN = "BOOLEAN"
    TIME = "TIMESTAMP WITH TIME ZONE"  # Imgur sends seconds since the epoch; 0 and false mean none
    JSON = "JSON"


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """One column.

    Attributes:
        name: the column's name.
        kind: its type.
        description: its meaning, with unit; becomes the database's comment.
        key: Imgur's own name for it where the column had to be called otherwise.
        ours: whether we fill it ourselves (Imgur does not send it).
        alias: its plain name in the views of ``staging``, where that is another.
        none: what stands for nothing in it, and is null in the views.
        alias_description: its meaning in the views, where that is another.
    """

    name: str
    kind: Type
    description: str
    key: str = ""
    ours: bool = False
    alias: str = ""
    none: str | int | None = None
    alias_description: str = ""

    @property
    def wire_key(self) -> str:
        """The member of Imgur's record that the column is read from."""
        return self.key or self.name

    @property
    def plain_name(self) -> str:
        """What the views of ``staging`` call the column."""
        return self.alias or self.name


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """One table.

    Attributes:
        key: the columns that tell its rows apart; never null.
        parent: the columns of the thing whose rows are replaced together
            (an album's images); empty where rows stand alone.
        absorbed: members of Imgur's record that are read into other tables,
            and so are not unknown.
    """

    name: str
    description: str
    key: tuple[str, ...]
    fields: tuple[Field, ...]
    parent: tuple[str, ...] = ()
    absorbed: tuple[str, ...] = ()

    def field(self, name: str) -> Field:
        """The column called *name*; raises ``KeyError`` where there is none."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(f"{self.name} has no column {name}")

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)

    @property
    def fields_in_view(self) -> tuple[Field, ...]:
        """The columns for its view in ``staging``: there a row of a history lasts until it was fetched."""
        is_history = OBSERVED_AT in self.fields
        return tuple(_SEEN_UNTIL if field is FETCHED_AT and is_history else field for field in self.fields)


MARKER = (
    "is_marker"  # tables with a parent carry it in the load: a row that only says "the parent is empty now"
)
SECRET_KEYS = frozenset(  # never stored, wherever they turn up
    {
        "deletehash",
        "email",
        "active_emails",
        "access_token",
        "refresh_token",
        "client_secret",
        "album_privacy",  # this and the rest are account settings
        "public_images",
        "blocked_users",
        "messaging_enabled",
        "newsletter_subscribed",
        "show_mature",
    }
)


class _More(TypedDict, total=False):
    """What few fields have."""

    key: str
    alias: str
    none: str | int
    alias_description: str


def _text(name: str, description: str, **more: Unpack[_More]) -> Field:
    return Field(name, Type.TEXT, description, **more)


def _integer(name: str, description: str, **more: Unpack[_More]) -> Field:
    return Field(name, Type.INTEGER, description, **more)


def _boolean(name: str, description: str, **more: Unpack[_More]) -> Field:
    return Field(name, Type.BOOLEAN, description, **more)


def _time(name: str, description: str, **more: Unpack[_More]) -> Field:
    return Field(name, Type.TIME, description, **more)


def _json(name: str, description: str, **more: Unpack[_More]) -> Field:
    return Field(name, Type.JSON, description, **more)


def _ours(name: str, kind: Type, description: str, **more: Unpack[_More]) -> Field:
    return Field(name, kind, description, ours=True, **more)


EXTRA = _ours(
    "extra",
    Type.JSON,
    "Fields of Imgur's reply that have no column here, as one JSON object; null if there are none.",
)
FETCHED_AT = _ours("fetched_at", Type.TIME, "When the reply that this row was read from was received, UTC.")
OBSERVED_AT = _ours(
    "observed_at",
    Type.TIME,
    "When the counters stood like this: the time the reply was received, UTC.",
    alias_description="When the counters were first seen to stand like this, UTC.",
)
_SEEN_UNTIL = replace(
    FETCHED_AT,
    alias="seen_until_at",
    alias_description="When the counters were last seen to stand like this, UTC.",
)

_VIEWS = _integer("views", "How often it has been viewed, as a total.")
_BANDWIDTH = _integer(
    "bandwidth", "Bytes served for it, as a total; about size times views.", alias="bandwidth_bytes"
)
_UPS = _integer("ups", "Up-votes, as a total; null where Imgur does not show votes.")
_DOWNS = _integer("downs", "Down-votes, as a total; null where Imgur does not show votes.")
_POINTS = _integer("points", "Up-votes less down-votes; null where Imgur does not show votes.")
_SCORE = _integer(
    "score", "Imgur's ranking number, not the same as points; in subreddit lists a score from reddit."
)
_COMMENT_COUNT = _integer("comment_count", "Number of comments, as a total.")
_FAVORITE_COUNT = _integer("favorite_count", "How many accounts have it among their favourites, as a total.")
_IN_MOST_VIRAL = _boolean(
    "in_most_viral", "Whether it stands in Imgur's list of most viral posts.", alias="is_in_most_viral"
)
_IMAGES_COUNT = _integer("images_count", "Number of images in the album, as Imgur says.")
_REPUTATION = _integer(
    "reputation", "Points of the account over all its posts and comments; may be negative."
)

_NAMING = (
    _text("title", "Title as its owner wrote it."),
    _text("description", "Description as its owner wrote it."),
)
_OWNER = (
    _text(
        "account_url",
        "User name of the owner; null for anonymous and for hidden owners.",
        alias="account_name",
    ),
    _integer(
        "account_id",
        "Number of the owner's account; null or 0 where it is not shown, even if account_url is.",
        none=0,
        alias_description="Number of the owner's account; null where it is not shown.",
    ),
)
_FILE = (
    _text("type", "MIME type of the file, such as image/jpeg or video/mp4.", alias="mime_type"),
    _boolean("animated", "Whether it moves (GIF or video).", alias="is_animated"),
    _integer("width", "Width in pixels.", alias="width_px"),
    _integer("height", "Height in pixels.", alias="height_px"),
    _integer("size", "Size of the file in bytes.", alias="size_bytes"),
    _boolean("has_sound", "Whether the video has sound."),
    _boolean("looping", "Whether the animation loops.", alias="is_looping"),
    _text("gifv", "Address of the page that plays the animation; animated files only.", alias="gifv_link"),
    _text("mp4", "Address of the MP4 rendition; animated files only.", alias="mp4_link"),
    _integer("mp4_size", "Size of the MP4 rendition in bytes.", alias="mp4_size_bytes"),
    _text("webm", "Address of the WebM rendition (seen 2015 and 2016 only).", alias="webm_link"),
    _integer(
        "webm_size", "Size of the WebM rendition in bytes (seen 2015 and 2016 only).", alias="webm_size_bytes"
    ),
    _text("hls", "Address of the HLS playlist; animated files since 2018.", alias="hls_link"),
    _json("processing", "State of the transcoding of a video, as Imgur sends it."),
)
_STANDING = (
    _text("vote", "The asking account's own vote: up, down or veto; null when asked without a login."),
    _boolean("favorite", "Whether the asking account has it among its favourites.", alias="is_favorite"),
    _boolean("nsfw", "Whether it is marked as not safe for work; null when not judged.", alias="is_nsfw"),
    _text(
        "section",
        "Section or subreddit that it is filed under; often empty.",
        none="",
        alias_description="Section or subreddit that it is filed under; null where there is none.",
    ),
    _boolean("in_gallery", "Whether it is published in the gallery.", alias="is_in_gallery"),
    _IN_MOST_VIRAL,
    _boolean("is_ad", "Whether it is an advertisement."),
    _integer("ad_type", "Kind of advertisement, 0 for none."),
    _text("ad_url", "Address that an advertisement leads to.", alias="ad_link"),
    _json("ad_config", "Imgur's advertising flags, as sent."),
)
_VOTES = (_UPS, _DOWNS, _POINTS, _SCORE, _COMMENT_COUNT, _FAVORITE_COUNT)
_EDITED = _integer("edited", "Imgur's mark of a later edit; 0 for none.", alias="edit_mark")
_TAGS = _json("tags", "Tags as Imgur sends them, a list.")
_COVER = (
    _text("cover", "Id of the cover image; null when the album is empty.", alias="cover_id"),
    _integer("cover_edited", "Imgur's mark of a later change of the cover.", alias="cover_edit_mark"),
    _integer(
        "cover_width",
        "Width of the cover image in pixels; null or 0 where it is not shown.",
        alias="cover_width_px",
    ),
    _integer(
        "cover_height",
        "Height of the cover image in pixels; null or 0 where it is not shown.",
        alias="cover_height_px",
    ),
)
_ALBUM_LOOK = (
    _text("privacy", "public, hidden (by link only) or secret (an old value)."),
    _text(
        "layout", "How the album is laid out: blog, grid, horizontal or vertical; no longer used by Imgur."
    ),
    _IMAGES_COUNT,
    _boolean(
        "include_album_ads", "Whether advertisements may be shown inside the album.", alias="has_album_ads"
    ),
)
_IMAGE = (
    *_NAMING,
    _time("datetime", "When it was uploaded, UTC.", alias="uploaded_at"),
    *_OWNER,
    _text("link", "Address of the file; above 20 MB a GIF's link leads to a preview."),
    _text("name", "Name of the file that was uploaded; shown to its owner only.", alias="file_name"),
    *_FILE,
    _EDITED,
    _VIEWS,
    _BANDWIDTH,
    *_VOTES,
    *_STANDING,
    _TAGS,
)
_COMMENT = (
    _text(
        "image_id",
        "Id of the image or album that was commented on (on_album tells which).",
        alias="item_id",
        alias_description="Id of the image or album that was commented on (is_on_album tells which).",
    ),
    _text("comment", "The text; may be empty where a comment was deleted."),
    _text("author", "User name of the author; null when the account is gone.", alias="author_name"),
    _integer(
        "author_id",
        "Number of the author's account; may be 0.",
        none=0,
        alias_description="Number of the author's account; null where it is not shown.",
    ),
    _boolean("on_album", "Whether image_id names an album.", alias="is_on_album"),
    _text(
        "album_cover",
        "Id of the album's cover image, where on_album.",
        alias="album_cover_id",
        alias_description="Id of the album's cover image, where is_on_album.",
    ),
    _UPS,
    _DOWNS,
    _POINTS,
    _time("datetime", "When it was written, UTC.", alias="commented_at"),
    _boolean(
        "deleted",
        "Whether it was deleted; the stub stays in the tree.",
        alias="is_stub",
        alias_description="Whether Imgur shows it as deleted: a stub that stays in its tree.",
    ),
    _text("vote", "The asking account's own vote: up, down or veto; null when asked without a login."),
    _text("platform", "What it was written with, such as iphone, android, desktop, mweb, api."),
    _boolean("has_admin_badge", "Whether the author bears the badge of Imgur's staff."),
)
_POST = (
    _text("id", "Id of the image or album; upper and lower case differ.", alias="post_id"),
    _boolean("is_album", "Whether the post is an album; otherwise it is a single image."),
    *_NAMING,
    _time(
        "datetime",
        "When it was put into the gallery, UTC; not when its files were uploaded.",
        alias="published_at",
    ),
    *_OWNER,
    _text("link", "Address of the album's page, or of the file of a single image."),
    _VIEWS,
    *_VOTES,
    _text("topic", "Topic (no longer used by Imgur; null since about 2021)."),
    _integer("topic_id", "Number of the topic (no longer used by Imgur)."),
    *_COVER,
    *_ALBUM_LOOK,
    *_FILE,
    _EDITED,
    _BANDWIDTH,
    *_STANDING,
    _TAGS,
    EXTRA,
    FETCHED_AT,
)

ACCOUNTS = Table(
    "accounts",
    "One row per account that is followed, as last seen.",
    key=("id",),
    fields=(
        _integer("id", "Number of the account; stays when it is renamed.", alias="account_id"),
        _text("url", "User name; may be changed by its owner.", alias="account_name"),
        _text("bio", "What the owner wrote about the account."),
        _text("avatar", "Address of the avatar.", alias="avatar_link"),
        _text("avatar_name", "Name of the avatar, such as default/G."),
        _text("cover", "Address of the picture at the head of the profile.", alias="cover_link"),
        _text("cover_name", "Name of that picture, such as default/1-space."),
        _REPUTATION,
        _text("reputation_name", "Imgur's word for the reputation, such as Neutral."),
        _time("created", "When the account was made, UTC.", alias="created_at"),
        _time("pro_expiration", "When the paid membership ends, UTC; null for none.", alias="pro_expires_at"),
        _boolean("is_blocked", "Whether the asking account has blocked it."),
        _json("user_follow", "Whether the asking account follows it, as Imgur sends it."),
        EXTRA,
        FETCHED_AT,
    ),
)
IMAGES = Table(
    "images",
    "One row per image of the account that is logged in, in the owner's view, as last seen.",
    key=("id",),
    fields=(
        _text("id", "Id of the image; upper and lower case differ.", alias="image_id"),
        *_IMAGE,
        EXTRA,
        FETCHED_AT,
    ),
)
ALBUMS = Table(
    "albums",
    "One row per album of a followed account, as last seen.",
    key=("id",),
    fields=(
        _text("id", "Id of the album; upper and lower case differ.", alias="album_id"),
        *_NAMING,
        _time("datetime", "When the album was made, UTC.", alias="created_at"),
        *_OWNER,
        _text("link", "Address of the album's page."),
        _VIEWS,
        _integer("order", "Place among the owner's albums; shown to the owner only.", alias="position"),
        *_COVER,
        *_ALBUM_LOOK,
        _boolean("is_album", "Always true where Imgur sends it."),
        *(field for field in _STANDING if field.name not in ("ad_type", "ad_url")),
        EXTRA,
        FETCHED_AT,
    ),
    absorbed=("images",),
)
ALBUM_IMAGES = Table(
    "album_images",
    "One row per image in an album of a followed account; an album's rows are replaced together.",
    key=("album_id", "image_id"),
    fields=(
        _ours("album_id", Type.TEXT, "Id of the album."),
        _text("image_id", "Id of the image.", key="id"),
        _ours("position", Type.INTEGER, "Place in the album, 0 is the first."),
        *_IMAGE,
        EXTRA,
        FETCHED_AT,
    ),
    parent=("album_id",),
)
COMMENTS = Table(
    "comments",
    "One row per comment written by a followed account, as last seen.",
    key=("id",),
    fields=(
        _integer("id", "Number of the comment.", alias="comment_id"),
        _integer(
            "parent_id",
            "Number of the comment that it answers; 0 when it answers none.",
            none=0,
            alias_description="Number of the comment that it answers; null when it answers none.",
        ),
        *_COMMENT,
        EXTRA,
        FETCHED_AT,
    ),
    absorbed=("children",),
)
POST_COMMENTS = Table(
    "post_comments",
    "One row per comment under a post whose comments are followed, with its place in the tree.",
    key=("id",),
    fields=(
        _integer("id", "Number of the comment.", alias="comment_id"),
        _ours("post_id", Type.TEXT, "Id of the post whose tree it was read from."),
        _ours("parent_id", Type.INTEGER, "Number of the comment that it answers; null at the root."),
        _ours("root_id", Type.INTEGER, "Number of the comment that starts its thread; its own at the root."),
        _ours("depth", Type.INTEGER, "Number of comments above it in the tree; 0 at the root."),
        _ours("position", Type.INTEGER, "Place in the whole tree read from top to bottom, 0 is the first."),
        *_COMMENT,
        EXTRA,
        FETCHED_AT,
    ),
    absorbed=("children", "parent_id"),
)
POSTS = Table(
    "posts",
    "One row per gallery post, from submissions, gallery sections, tags and searches, as last seen.",
    key=("id",),
    fields=_POST,
    absorbed=("images",),
)
SUBREDDIT_POSTS = Table(
    "subreddit_posts",
    "One row per post in a subreddit gallery, as last seen; Imgur shows neither author nor votes there.",
    key=("id",),
    fields=_POST,
    absorbed=("images",),
)
POST_IMAGES = Table(
    "post_images",
    "One row per image of a gallery album; a post's rows are replaced together, and only by a complete set.",
    key=("post_id", "image_id"),
    fields=(
        _ours("post_id", Type.TEXT, "Id of the post."),
        _text("image_id", "Id of the image.", key="id"),
        _ours("position", Type.INTEGER, "Place in the post, 0 is the first."),
        *_IMAGE,
        EXTRA,
        FETCHED_AT,
    ),
    parent=("post_id",),
)
POST_TAGS = Table(
    "post_tags",
    "One row per tag of a post; a post's rows are replaced together.",
    key=("post_id", "tag"),
    fields=(
        _ours("post_id", Type.TEXT, "Id of the post."),
        _ours("tag", Type.TEXT, "Name of the tag; the key of tags."),
        _ours("position", Type.INTEGER, "Place among the post's tags, 0 is the first."),
        FETCHED_AT,
    ),
    parent=("post_id",),
)
TAGS = Table(
    "tags",
    "One row per tag that a post bears or a feed is about, as last seen.",
    key=("name",),
    fields=(
        _text("name", "Name of the tag as in its address.", alias="tag"),
        _text("display_name", "Name of the tag as shown."),
        _text("description", "What the tag is for."),
        _integer("followers", "Accounts that follow the tag."),
        _integer(
            "total_items", "Posts that bear the tag; Imgur counts it differently on different endpoints."
        ),
        _boolean(
            "following",
            "Whether the asking account follows it; null when asked without a login.",
            alias="is_followed",
        ),
        _boolean("is_whitelisted", "Imgur's mark of an allowed tag."),
        _boolean("is_promoted", "Whether the tag is promoted by Imgur."),
        _text("accent", "Colour, six hexadecimal digits."),
        _text("background_hash", "Id of the background image.", alias="background_image_id"),
        _boolean(
            "background_is_animated", "Whether the background image moves.", alias="is_background_animated"
        ),
        _text("thumbnail_hash", "Id of the thumbnail image.", alias="thumbnail_image_id"),
        _boolean("thumbnail_is_animated", "Whether the thumbnail moves.", alias="is_thumbnail_animated"),
        _text("logo_hash", "Id of the logo image.", alias="logo_image_id"),
        _text("logo_destination_url", "Address that the logo leads to.", alias="logo_link"),
        EXTRA,
        FETCHED_AT,
    ),
    absorbed=("items", "description_annotations"),
)
FAVORITES = Table(
    "favorites",
    "One row per favourite of a followed account, in the order of the list; "
    "Imgur does not say when it was favourited.",
    key=("account_id", "item_id"),
    fields=(
        _ours("account_id", Type.INTEGER, "Number of the account that has it among its favourites."),
        _text("item_id", "Id of the favourite image or album.", key="id"),
        _ours("position", Type.INTEGER, "Place in the list when last read, 0 is the latest favourite."),
        _ours("kind", Type.TEXT, "album or image."),
        _text("title", "Title as its owner wrote it."),
        _text("link", "Address of the album's page, or of the file of a single image."),
        _time(
            "datetime",
            "When the item was put into the gallery, UTC; not when it was favourited.",
            alias="published_at",
        ),
        _text(
            "item_account_url", "User name of the item's owner.", key="account_url", alias="item_account_name"
        ),
        _integer(
            "item_account_id",
            "Number of the account of the item's owner.",
            key="account_id",
            none=0,
            alias_description="Number of the account of the item's owner; null where it is not shown.",
        ),
        _IMAGES_COUNT,
        _VIEWS,
        *_VOTES,
        _boolean("nsfw", "Whether it is marked as not safe for work; null when not judged.", alias="is_nsfw"),
        _boolean("in_gallery", "Whether it is published in the gallery.", alias="is_in_gallery"),
        EXTRA,
        FETCHED_AT,
    ),
    absorbed=("is_album", "images"),
)
GALLERY_RANKS = Table(
    "gallery_ranks",
    "One row per place in a feed each time it was read: who stood where.",
    key=("feed", "observed_at", "position"),
    fields=(
        _ours("feed", Type.TEXT, "The feed as configured, such as hot/viral, t/cats, r/aww or search/dog."),
        _ours(
            "observed_at", Type.TIME, "When the reading of the feed began, the same for all its pages, UTC."
        ),
        _ours("position", Type.INTEGER, "Place in the feed, 0 is the top."),
        _ours("post_id", Type.TEXT, "Id of the post that stood there."),
        FETCHED_AT,
    ),
)


def _history(name: str, of: Table, *counters: Field, note: str = "") -> Table:
    return Table(
        name,
        f"One row per value of the counters in {of.name}{note}: from when until when they stood so.",
        key=("id", "observed_at"),
        fields=(of.field("id"), OBSERVED_AT, *counters, FETCHED_AT),
    )


IMAGE_METRICS = _history(
    "image_metrics", IMAGES, _VIEWS, _BANDWIDTH, note=" and, for other accounts, album_images"
)
ALBUM_METRICS = _history("album_metrics", ALBUMS, _VIEWS, _IMAGES_COUNT)
POST_METRICS = _history("post_metrics", POSTS, _VIEWS, *_VOTES, _IN_MOST_VIRAL)
COMMENT_METRICS = _history("comment_metrics", COMMENTS, _UPS, _DOWNS, _POINTS, note=" and post_comments")
ACCOUNT_METRICS = _history("account_metrics", ACCOUNTS, _REPUTATION)

LIST_SWEEPS = Table(
    "list_sweeps",
    "One row per walk over a list or feed: what it covered, whether whole, and whether that is proved.",
    key=("list", "started_at"),
    fields=(
        _ours("list", Type.TEXT, "Which list, such as account_images/me or hot/viral."),
        _ours(
            "started_at",
            Type.TIME,
            "When its first page was asked for, or received where that was in a run that broke off, UTC.",
        ),
        _ours("ended_at", Type.TIME, "When the walk ended, UTC."),
        _ours(
            "kind",
            Type.TEXT,
            "sweep (the whole list), head (from the front down to what is held), gap (what an earlier walk "
            "left out), refresh (held pages once more) or feed.",
        ),
        _ours("pages", Type.INTEGER, "Pages read, the empty one at the end included, 1 credit each."),
        _ours("items", Type.INTEGER, "Items met, each counted once."),
        _ours(
            "newest_at",
            Type.TIME,
            "Upper end of what it covered, by the items' datetime, UTC; null where it began at the front.",
        ),
        _ours(
            "oldest_at",
            Type.TIME,
            "Lower end of what it covered, by the items' datetime, UTC; null where it reached the end.",
        ),
        _ours(
            "is_complete",
            Type.BOOLEAN,
            "Whether all between the two ends was read, as far as one can tell; of a feed, its wanted pages.",
        ),
        _ours(
            "is_proved",
            Type.BOOLEAN,
            "Whether the list's count, or the whole of it on one page, shows that nothing was skipped.",
        ),
        _ours("reason", Type.TEXT, "Why the walk ended where it did."),
        _ours("doubt", Type.TEXT, "Why it is not proved; null where it is."),
        FETCHED_AT,
    ),
)
LIST_ITEMS = Table(
    "list_items",
    "One row per item that a list of an account has ever shown: when it did so last.",
    key=("list", "item_id"),
    fields=(
        _ours("list", Type.TEXT, "Which list, such as account_images/me."),
        _ours("item_id", Type.TEXT, "Id of the image, album, post or comment, as text."),
        _ours(
            "datetime",
            Type.TIME,
            "The item's own time in that list, UTC; null where it has none.",
            alias="item_at",
        ),
        FETCHED_AT,
    ),
)
ITEM_LOOKS = Table(
    "item_looks",
    "One row per direct look at an item that its list no longer showed.",
    key=("list", "item_id", "looked_at"),
    fields=(
        _ours("list", Type.TEXT, "The list that no longer showed it."),
        _ours("item_id", Type.TEXT, "Id of the image, album, post or comment, as text."),
        _ours("looked_at", Type.TIME, "When the answer was received, UTC."),
        _ours("is_gone", Type.BOOLEAN, "Whether Imgur answered that there is no such thing (404)."),
        FETCHED_AT,
    ),
)
DETAIL_FETCHES = Table(
    "detail_fetches",
    "One row per album or post whose images or comments have been fetched: what it looked like then.",
    key=("resource", "item_id"),
    fields=(
        _ours("resource", Type.TEXT, "What was fetched: album_images, post_images or post_comments."),
        _ours("item_id", Type.TEXT, "Id of the album or post."),
        _ours("fingerprint", Type.TEXT, "What decides whether it is fetched again: counts, cover, time."),
        _ours(
            "items",
            Type.INTEGER,
            "Images or comments that came; null where Imgur answered that there is nothing, or that nobody "
            "may see it.",
        ),
        FETCHED_AT,
    ),
)
REJECTED_RECORDS = Table(
    "rejected_records",
    "One row per record of a reply that could not be understood, kept for a person to look at.",
    key=("id",),
    fields=(
        _ours(
            "id",
            Type.TEXT,
            "Hash of endpoint and text, so that the same record stands here once.",
            alias="record_id",
        ),
        _ours("endpoint", Type.TEXT, "The kind of request whose reply held it."),
        _ours("reason", Type.TEXT, "What could not be understood."),
        _ours("raw", Type.TEXT, "The record as it came, without its secrets."),
        FETCHED_AT,
    ),
)
SYNC_RUNS = Table(
    "sync_runs",
    "One row per run of pipelines/sync.py: what it read, spent and still owes.",
    key=("run_id",),
    fields=(
        _ours("run_id", Type.TEXT, "The run's name: the time it started, and a few random letters."),
        _ours("started_at", Type.TIME, "When the run started, UTC."),
        _ours("ended_at", Type.TIME, "When the run had read everything, UTC; loading and publishing follow."),
        _ours("outcome", Type.TEXT, "done, stopped (credits or a person ended it early) or failed."),
        _ours(
            "reason",
            Type.TEXT,
            "Why nothing was published, and why it was stopped or failed; null when all went well.",
        ),
        _ours("accounts", Type.JSON, "Accounts that were asked for, a list."),
        _ours("feeds", Type.JSON, "Feeds that were asked for, a list."),
        _ours("resources", Type.JSON, "Resources that were read, a list."),
        _ours(
            "rounds",
            Type.INTEGER,
            "How often it spent the hour's credits, or what there was to do; each is a load.",
        ),
        _ours(
            "credits_planned",
            Type.INTEGER,
            "Credits that its plan expected to spend; null where nobody knew.",
        ),
        _ours("credits_spent", Type.INTEGER, "Credits that the run spent, retries included."),
        _ours(
            "user_credits_left",
            Type.INTEGER,
            "Credits of the hour that were left at its end; null when Imgur did not say.",
        ),
        _ours(
            "client_credits_left",
            Type.INTEGER,
            "Credits of the application's day that were left; null when Imgur did not say.",
        ),
        _ours(
            "plan",
            Type.JSON,
            "The lines of its plan: name, kind, tier, and credits: least, likely, most, granted, spent.",
        ),
        _ours("rows_loaded", Type.JSON, "Rows loaded per table, an object."),
        _ours("owed", Type.JSON, "Lists and items that were not read, a list of lines."),
        _ours("notes", Type.JSON, "What a person may want to know, a list of lines."),
        _ours(
            "publication",
            Type.TEXT,
            "published, kept (an older file stays, see reason), off, or null while it is not known.",
        ),
        _ours(
            "published_at",
            Type.TIME,
            "When its file was published, the last time where it had many rounds, UTC; completed by the next "
            "run's file.",
        ),
        _ours("version", Type.TEXT, "Version of imgur_source."),
        FETCHED_AT,
    ),
)
CREDIT_CHARGES = Table(
    "credit_charges",
    "One row per run and kind of request: what it cost.",
    key=("run_id", "endpoint"),
    fields=(
        _ours("run_id", Type.TEXT, "The run, as in sync_runs."),
        _ours("endpoint", Type.TEXT, "The kind of request, such as account_images."),
        _ours(
            "credits",
            Type.INTEGER,
            "Credits spent, one per attempt; requests to /oauth2 cost none.",
            alias="credits_spent",
        ),
        _ours("requests", Type.INTEGER, "Requests sent, retries and token refreshes included."),
        _ours("unchanged", Type.INTEGER, "Of these, how many were answered that nothing has changed (304)."),
        _ours("replays", Type.INTEGER, "Replies that an earlier run had paid for, used again at no credit."),
        _ours(
            "rows_new",
            Type.INTEGER,
            "Rows of things that were not held before; null where that is not known.",
        ),
        _ours("rows_refreshed", Type.INTEGER, "Rows of things that were held; null where that is not known."),
        FETCHED_AT,
    ),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        ACCOUNTS,
        IMAGES,
        ALBUMS,
        ALBUM_IMAGES,
        COMMENTS,
        POST_COMMENTS,
        POSTS,
        SUBREDDIT_POSTS,
        POST_IMAGES,
        POST_TAGS,
        TAGS,
        FAVORITES,
        GALLERY_RANKS,
        IMAGE_METRICS,
        ALBUM_METRICS,
        POST_METRICS,
        COMMENT_METRICS,
        ACCOUNT_METRICS,
        LIST_SWEEPS,
        LIST_ITEMS,
        ITEM_LOOKS,
        DETAIL_FETCHES,
        REJECTED_RECORDS,
        SYNC_RUNS,
        CREDIT_CHARGES,
    )
}
