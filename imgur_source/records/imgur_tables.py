"""The tables of Imgur's things, each column as Imgur names it, and their histories.

Names are Imgur's own; what we add ourselves is marked ``ours``. Facts about the
fields and their sources stand in docs/imgur-api.md.
"""

from __future__ import annotations

from imgur_source.records.columns import (
    EXTRA,
    FETCHED_AT,
    OBSERVED_AT,
    Field,
    Table,
    Type,
    boolean,
    integer,
    json,
    ours,
    text,
    time,
)

_VIEWS = integer("views", "How often it has been viewed, as a total.")
_BANDWIDTH = integer(
    "bandwidth", "Bytes served for it, as a total; about size times views.", alias="bandwidth_bytes"
)
_UPS = integer("ups", "Up-votes, as a total; null where Imgur does not show votes.")
_DOWNS = integer("downs", "Down-votes, as a total; null where Imgur does not show votes.")
_POINTS = integer("points", "Up-votes less down-votes; null where Imgur does not show votes.")
_SCORE = integer(
    "score", "Imgur's ranking number, not the same as points; in subreddit lists a score from reddit."
)
_COMMENT_COUNT = integer("comment_count", "Number of comments, as a total.")
_FAVORITE_COUNT = integer("favorite_count", "How many accounts have it among their favourites, as a total.")
_IN_MOST_VIRAL = boolean(
    "in_most_viral", "Whether it stands in Imgur's list of most viral posts.", alias="is_in_most_viral"
)
_IMAGES_COUNT = integer("images_count", "Number of images in the album, as Imgur says.")
_REPUTATION = integer("reputation", "Points of the account over all its posts and comments; may be negative.")

_NAMING = (
    text("title", "Title as its owner wrote it."),
    text("description", "Description as its owner wrote it."),
)
_OWNER = (
    text(
        "account_url",
        "User name of the owner; null for anonymous and for hidden owners.",
        alias="account_name",
    ),
    integer(
        "account_id",
        "Number of the owner's account; null or 0 where it is not shown, even if account_url is.",
        none=0,
        alias_description="Number of the owner's account; null where it is not shown.",
    ),
)
_FILE = (
    text("type", "MIME type of the file, such as image/jpeg or video/mp4.", alias="mime_type"),
    boolean("animated", "Whether it moves (GIF or video).", alias="is_animated"),
    integer("width", "Width in pixels.", alias="width_px"),
    integer("height", "Height in pixels.", alias="height_px"),
    integer("size", "Size of the file in bytes.", alias="size_bytes"),
    boolean("has_sound", "Whether the video has sound."),
    boolean("looping", "Whether the animation loops.", alias="is_looping"),
    text("gifv", "Address of the page that plays the animation; animated files only.", alias="gifv_link"),
    text("mp4", "Address of the MP4 rendition; animated files only.", alias="mp4_link"),
    integer("mp4_size", "Size of the MP4 rendition in bytes.", alias="mp4_size_bytes"),
    text("webm", "Address of the WebM rendition (seen 2015 and 2016 only).", alias="webm_link"),
    integer(
        "webm_size", "Size of the WebM rendition in bytes (seen 2015 and 2016 only).", alias="webm_size_bytes"
    ),
    text("hls", "Address of the HLS playlist; animated files since 2018.", alias="hls_link"),
    json("processing", "State of the transcoding of a video, as Imgur sends it."),
)
_STANDING = (
    text("vote", "The asking account's own vote: up, down or veto; null when asked without a login."),
    boolean("favorite", "Whether the asking account has it among its favourites.", alias="is_favorite"),
    boolean("nsfw", "Whether it is marked as not safe for work; null when not judged.", alias="is_nsfw"),
    text(
        "section",
        "Section or subreddit that it is filed under; often empty.",
        none="",
        alias_description="Section or subreddit that it is filed under; null where there is none.",
    ),
    boolean("in_gallery", "Whether it is published in the gallery.", alias="is_in_gallery"),
    _IN_MOST_VIRAL,
    boolean("is_ad", "Whether it is an advertisement."),
    integer("ad_type", "Kind of advertisement, 0 for none."),
    text("ad_url", "Address that an advertisement leads to.", alias="ad_link"),
    json("ad_config", "Imgur's advertising flags, as sent."),
)
_VOTES = (_UPS, _DOWNS, _POINTS, _SCORE, _COMMENT_COUNT, _FAVORITE_COUNT)
_EDITED = integer("edited", "Imgur's mark of a later edit; 0 for none.", alias="edit_mark")
_TAGS = json("tags", "Tags as Imgur sends them, a list.")
_COVER = (
    text("cover", "Id of the cover image; null when the album is empty.", alias="cover_id"),
    integer("cover_edited", "Imgur's mark of a later change of the cover.", alias="cover_edit_mark"),
    integer(
        "cover_width",
        "Width of the cover image in pixels; null or 0 where it is not shown.",
        alias="cover_width_px",
    ),
    integer(
        "cover_height",
        "Height of the cover image in pixels; null or 0 where it is not shown.",
        alias="cover_height_px",
    ),
)
_ALBUM_LOOK = (
    text("privacy", "public, hidden (by link only) or secret (an old value)."),
    text("layout", "How the album is laid out: blog, grid, horizontal or vertical; no longer used by Imgur."),
    _IMAGES_COUNT,
    boolean(
        "include_album_ads", "Whether advertisements may be shown inside the album.", alias="has_album_ads"
    ),
)
_IMAGE = (
    *_NAMING,
    time("datetime", "When it was uploaded, UTC.", alias="uploaded_at"),
    *_OWNER,
    text("link", "Address of the file; above 20 MB a GIF's link leads to a preview."),
    text("name", "Name of the file that was uploaded; shown to its owner only.", alias="file_name"),
    *_FILE,
    _EDITED,
    _VIEWS,
    _BANDWIDTH,
    *_VOTES,
    *_STANDING,
    _TAGS,
)
_COMMENT = (
    text(
        "image_id",
        "Id of the image or album that was commented on (on_album tells which).",
        alias="item_id",
        alias_description="Id of the image or album that was commented on (is_on_album tells which).",
    ),
    text("comment", "The text; may be empty where a comment was deleted."),
    text("author", "User name of the author; null when the account is gone.", alias="author_name"),
    integer(
        "author_id",
        "Number of the author's account; may be 0.",
        none=0,
        alias_description="Number of the author's account; null where it is not shown.",
    ),
    boolean("on_album", "Whether image_id names an album.", alias="is_on_album"),
    text(
        "album_cover",
        "Id of the album's cover image, where on_album.",
        alias="album_cover_id",
        alias_description="Id of the album's cover image, where is_on_album.",
    ),
    _UPS,
    _DOWNS,
    _POINTS,
    time("datetime", "When it was written, UTC.", alias="commented_at"),
    boolean(
        "deleted",
        "Whether it was deleted; the stub stays in the tree.",
        alias="is_stub",
        alias_description="Whether Imgur shows it as deleted: a stub that stays in its tree.",
    ),
    text("vote", "The asking account's own vote: up, down or veto; null when asked without a login."),
    text("platform", "What it was written with, such as iphone, android, desktop, mweb, api."),
    boolean("has_admin_badge", "Whether the author bears the badge of Imgur's staff."),
)
_POST = (
    text("id", "Id of the image or album; upper and lower case differ.", alias="post_id"),
    boolean("is_album", "Whether the post is an album; otherwise it is a single image."),
    *_NAMING,
    time(
        "datetime",
        "When it was put into the gallery, UTC; not when its files were uploaded.",
        alias="published_at",
    ),
    *_OWNER,
    text("link", "Address of the album's page, or of the file of a single image."),
    _VIEWS,
    *_VOTES,
    text("topic", "Topic (no longer used by Imgur; null since about 2021)."),
    integer("topic_id", "Number of the topic (no longer used by Imgur)."),
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
        integer("id", "Number of the account; stays when it is renamed.", alias="account_id"),
        text("url", "User name; may be changed by its owner.", alias="account_name"),
        text("bio", "What the owner wrote about the account."),
        text("avatar", "Address of the avatar.", alias="avatar_link"),
        text("avatar_name", "Name of the avatar, such as default/G."),
        text("cover", "Address of the picture at the head of the profile.", alias="cover_link"),
        text("cover_name", "Name of that picture, such as default/1-space."),
        _REPUTATION,
        text("reputation_name", "Imgur's word for the reputation, such as Neutral."),
        time("created", "When the account was made, UTC.", alias="created_at"),
        time("pro_expiration", "When the paid membership ends, UTC; null for none.", alias="pro_expires_at"),
        boolean("is_blocked", "Whether the asking account has blocked it."),
        json("user_follow", "Whether the asking account follows it, as Imgur sends it."),
        EXTRA,
        FETCHED_AT,
    ),
)
IMAGES = Table(
    "images",
    "One row per image of the account that is logged in, in the owner's view, as last seen.",
    key=("id",),
    fields=(
        text("id", "Id of the image; upper and lower case differ.", alias="image_id"),
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
        text("id", "Id of the album; upper and lower case differ.", alias="album_id"),
        *_NAMING,
        time("datetime", "When the album was made, UTC.", alias="created_at"),
        *_OWNER,
        text("link", "Address of the album's page."),
        _VIEWS,
        integer("order", "Place among the owner's albums; shown to the owner only.", alias="position"),
        *_COVER,
        *_ALBUM_LOOK,
        boolean("is_album", "Always true where Imgur sends it."),
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
        ours("album_id", Type.TEXT, "Id of the album."),
        text("image_id", "Id of the image.", key="id"),
        ours("position", Type.INTEGER, "Place in the album, 0 is the first."),
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
        integer("id", "Number of the comment.", alias="comment_id"),
        integer(
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
        integer("id", "Number of the comment.", alias="comment_id"),
        ours("post_id", Type.TEXT, "Id of the post whose tree it was read from."),
        ours("parent_id", Type.INTEGER, "Number of the comment that it answers; null at the root."),
        ours("root_id", Type.INTEGER, "Number of the comment that starts its thread; its own at the root."),
        ours("depth", Type.INTEGER, "Number of comments above it in the tree; 0 at the root."),
        ours("position", Type.INTEGER, "Place in the whole tree read from top to bottom, 0 is the first."),
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
        ours("post_id", Type.TEXT, "Id of the post."),
        text("image_id", "Id of the image.", key="id"),
        ours("position", Type.INTEGER, "Place in the post, 0 is the first."),
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
        ours("post_id", Type.TEXT, "Id of the post."),
        ours("tag", Type.TEXT, "Name of the tag; the key of tags."),
        ours("position", Type.INTEGER, "Place among the post's tags, 0 is the first."),
        FETCHED_AT,
    ),
    parent=("post_id",),
    parent_read_in="posts",
)
TAGS = Table(
    "tags",
    "One row per tag that a post bears or a feed is about, as last seen.",
    key=("name",),
    fields=(
        text("name", "Name of the tag as in its address.", alias="tag"),
        text("display_name", "Name of the tag as shown."),
        text("description", "What the tag is for."),
        integer("followers", "Accounts that follow the tag."),
        integer(
            "total_items", "Posts that bear the tag; Imgur counts it differently on different endpoints."
        ),
        boolean(
            "following",
            "Whether the asking account follows it; null when asked without a login.",
            alias="is_followed",
        ),
        boolean("is_whitelisted", "Imgur's mark of an allowed tag."),
        boolean("is_promoted", "Whether the tag is promoted by Imgur."),
        text("accent", "Colour, six hexadecimal digits."),
        text("background_hash", "Id of the background image.", alias="background_image_id"),
        boolean(
            "background_is_animated", "Whether the background image moves.", alias="is_background_animated"
        ),
        text("thumbnail_hash", "Id of the thumbnail image.", alias="thumbnail_image_id"),
        boolean("thumbnail_is_animated", "Whether the thumbnail moves.", alias="is_thumbnail_animated"),
        text("logo_hash", "Id of the logo image.", alias="logo_image_id"),
        text("logo_destination_url", "Address that the logo leads to.", alias="logo_link"),
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
        ours("account_id", Type.INTEGER, "Number of the account that has it among its favourites."),
        text("item_id", "Id of the favourite image or album.", key="id"),
        ours("position", Type.INTEGER, "Place in the list when last read, 0 is the latest favourite."),
        ours("kind", Type.TEXT, "album or image."),
        text("title", "Title as its owner wrote it."),
        text("link", "Address of the album's page, or of the file of a single image."),
        time(
            "datetime",
            "When the item was put into the gallery, UTC; not when it was favourited.",
            alias="published_at",
        ),
        text(
            "item_account_url", "User name of the item's owner.", key="account_url", alias="item_account_name"
        ),
        integer(
            "item_account_id",
            "Number of the account of the item's owner.",
            key="account_id",
            none=0,
            alias_description="Number of the account of the item's owner; null where it is not shown.",
        ),
        _IMAGES_COUNT,
        _VIEWS,
        *_VOTES,
        boolean("nsfw", "Whether it is marked as not safe for work; null when not judged.", alias="is_nsfw"),
        boolean("in_gallery", "Whether it is published in the gallery.", alias="is_in_gallery"),
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
        ours("feed", Type.TEXT, "The feed as configured, such as hot/viral, t/cats, r/aww or search/dog."),
        ours(
            "observed_at", Type.TIME, "When the reading of the feed began, the same for all its pages, UTC."
        ),
        ours("position", Type.INTEGER, "Place in the feed, 0 is the top."),
        ours("post_id", Type.TEXT, "Id of the post that stood there."),
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
