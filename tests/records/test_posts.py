"""What hangs on a page of posts: previews that are all there is, and tags."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from imgur_source.records.arrow import Records, read_records, schema_of, table_of
from imgur_source.records.posts import PostMedia, media_of, previews_of, tags_of
from imgur_source.records.tables import POST_IMAGES, POST_TAGS, POSTS, SUBREDDIT_POSTS
from tests.support.builders import Record, a_post, a_preview, a_tag, an_album_post, page_of, without

NIGHT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
PREVIEWS = [a_preview(id="One"), a_preview(id="Two"), a_preview(id="Three")]


def posts(*records: Record) -> Records:
    return read_records(POSTS, page_of(*records))


def image_rows(media: PostMedia) -> list[Record]:
    """The rows of post_images that *media* gives by itself."""
    table = previews_of(media, fetched_at=NIGHT).rows
    rows: list[Record] = table.to_pylist() if table is not None else []
    return rows


def links_of(*records: Record) -> list[Record]:
    rows: list[Record] = tags_of(posts(*records), fetched_at=NIGHT)[0].to_pylist()
    return rows


# Media


def test_media_of__tells_whole_short_empty_and_missing_previews_apart() -> None:
    """Each album post is listed with what Imgur counts and what it shows; single images are not."""
    found = media_of(
        posts(
            an_album_post(id="Whole", images_count=3, images=PREVIEWS),
            a_post(id="Single"),
            an_album_post(id="Short", images_count=50, images=PREVIEWS),
            an_album_post(id="Empty", images_count=0, images=[]),
            without(an_album_post(id="Missing", images_count=2), "images"),
            without(an_album_post(id="Uncounted", images=PREVIEWS), "images_count"),
        )
    )
    assert [(m.post_id, m.images_count, m.shown, m.is_complete) for m in found] == [
        ("Whole", 3, 3, True),
        ("Short", 50, 3, False),
        ("Empty", 0, 0, True),
        ("Missing", 2, 0, False),
        ("Uncounted", None, 3, False),
    ]
    assert [m.previews for m in found] == [
        page_of(*PREVIEWS),
        page_of(*PREVIEWS),
        b"[]",
        None,
        page_of(*PREVIEWS),
    ]


@pytest.mark.parametrize("images", [None, {}, False, "none"])
def test_media_of__takes_something_else_for_no_previews(images: Any) -> None:
    """Previews that are no list were not sent."""
    assert media_of(posts(an_album_post(images=images))) == [PostMedia("P0stAlb", 2, None, 0)]


@pytest.mark.parametrize("is_album", [False, None, 0, "0"])
def test_media_of__takes_only_albums_for_albums(is_album: Any) -> None:
    """A post that does not say it is an album is a single image, whatever else it holds."""
    assert media_of(posts(an_album_post(is_album=is_album))) == []


def test_media_of__reads_the_same_where_the_page_has_a_surprise() -> None:
    """An unknown field in one post changes what no other post shows."""
    calm = [an_album_post(id="One"), an_album_post(id="Two", images_count="2")]
    assert media_of(posts(*calm, a_post(novelty=1))) == media_of(posts(*calm))


def test_previews_of__lands_previews_that_are_all_there_is() -> None:
    """The images of a small album need no request: they came with the list, in their order."""
    (media,) = media_of(posts(an_album_post(id="Small")))
    _, table, rejected = previews_of(media, fetched_at=NIGHT)
    assert table is not None
    assert not rejected
    previews = [a_preview(id="Prev1ew"), a_preview(id="Prev2ew")]
    assert table.schema == schema_of(POST_IMAGES)
    assert (
        table.to_pylist()
        == table_of(
            read_records(POST_IMAGES, page_of(*previews)), fetched_at=NIGHT, post_id="Small", position=[0, 1]
        ).to_pylist()
    )
    assert [(row["post_id"], row["image_id"], row["position"]) for row in table.to_pylist()] == [
        ("Small", "Prev1ew", 0),
        ("Small", "Prev2ew", 1),
    ]


def test_previews_of__clears_an_empty_album() -> None:
    """An album without images sends nothing that could replace its rows, so a marker does."""
    (media,) = media_of(posts(an_album_post(id="Empty", images_count=0, images=[])))
    assert image_rows(media) == [
        {
            **dict.fromkeys(POST_IMAGES.column_names),
            "post_id": "Empty",
            "image_id": "",
            "fetched_at": NIGHT,
            "is_marker": True,
        }
    ]


@pytest.mark.parametrize(
    ("count", "images"),
    [
        (50, PREVIEWS),  # three of fifty
        (2, PREVIEWS),  # more than there should be
        (0, PREVIEWS),  # Imgur contradicts itself
        (None, PREVIEWS),
        (2, None),
        (2, []),
        (None, None),
        (3, [*PREVIEWS[:2], {"id": "Bad", "views": "many"}]),  # one that cannot be read
    ],
)
def test_previews_of__leaves_the_rows_where_the_set_is_not_whole(count: int | None, images: Any) -> None:
    """Only a complete set replaces the images of a post; anything less changes nothing."""
    (media,) = media_of(posts(an_album_post(images_count=count, images=images)))
    assert image_rows(media) == []


def test_previews_of__hands_back_what_could_not_be_read() -> None:
    """A preview that makes the set incomplete is not lost: it is there to be kept aside."""
    (media,) = media_of(posts(an_album_post(images_count=1, images=[{"id": "Bad", "views": "many"}])))
    _, table, rejected = previews_of(media, fetched_at=NIGHT)
    assert table is None
    assert [record.reason for record in rejected] == ['views: "many" is not a whole number']


# Tags


def test_tags_of__links_posts_and_tags() -> None:
    """A post's tags are rows in their order, and each tag is a record once, however many posts bear it."""
    bridges, rivers = a_tag(name="bridges"), a_tag(name="rivers")
    links, tags = tags_of(
        posts(a_post(id="Both", tags=[bridges, rivers]), an_album_post(id="One", tags=[rivers])),
        fetched_at=NIGHT,
    )
    assert links.schema == schema_of(POST_TAGS)
    blank = {"fetched_at": NIGHT, "is_marker": None}
    assert links.to_pylist() == [
        {"post_id": "Both", "tag": "bridges", "position": 0, **blank},
        {"post_id": "Both", "tag": "rivers", "position": 1, **blank},
        {"post_id": "One", "tag": "rivers", "position": 0, **blank},
    ]
    assert table_of(tags, fetched_at=NIGHT).to_pylist() == [
        {
            "name": name,
            "display_name": name,
            "description": "Over water",
            "followers": 50,
            "total_items": 700,
            "following": False,
            "is_whitelisted": False,
            "is_promoted": False,
            "accent": "51535A",
            "background_hash": "Backgr0",
            "background_is_animated": False,
            "thumbnail_hash": None,
            "thumbnail_is_animated": False,
            "logo_hash": None,
            "logo_destination_url": None,
            "extra": None,
            "fetched_at": NIGHT,
        }
        for name in ("bridges", "rivers")
    ]
    assert list(tags.rejected) == []


def test_tags_of__clears_a_post_without_tags() -> None:
    """A post whose list of tags is empty loses those it had."""
    assert links_of(a_post(id="Bare", tags=[])) == [
        {"post_id": "Bare", "tag": "", "position": None, "fetched_at": NIGHT, "is_marker": True}
    ]


@pytest.mark.parametrize("post", [without(a_post(), "tags"), a_post(tags=None), a_post(tags={"name": "x"})])
def test_tags_of__says_nothing_of_a_post_that_says_nothing(post: Record) -> None:
    """A post whose tags were not sent keeps those it had."""
    assert links_of(post) == []


def test_tags_of__takes_a_tag_once_per_post() -> None:
    """A tag that is listed twice stands at its first place; upper and lower case are different tags."""
    tags = [a_tag(name="b"), a_tag(name="a"), a_tag(name="b"), a_tag(name="B"), "a"]
    assert [(row["tag"], row["position"]) for row in links_of(a_post(tags=tags))] == [
        ("b", 0),
        ("a", 1),
        ("B", 2),
    ]


def test_tags_of__takes_plain_names() -> None:
    """Tags that come as bare names, or as digits, are linked; they say nothing about the tag itself."""
    links, tags = tags_of(posts(a_post(tags=["old", 2024, {"name": 7}])), fetched_at=NIGHT)
    assert [(row["tag"], row["position"]) for row in links.to_pylist()] == [("old", 0), ("2024", 1), ("7", 2)]
    rows = table_of(tags, fetched_at=NIGHT).to_pylist()
    assert [(row["name"], row["display_name"]) for row in rows] == [("7", None)]


@pytest.mark.parametrize("tag", [{}, {"name": None}, {"name": ""}, {"name": ["x"]}, None, "", True, ["x"]])
def test_tags_of__rejects_a_tag_without_name(tag: Any) -> None:
    """A tag that has no name is rejected, the others land, and no tag is taken away for it."""
    links, tags = tags_of(
        posts(a_post(id="One", tags=[tag]), a_post(id="Two", tags=[tag, a_tag(name="a")])), fetched_at=NIGHT
    )
    assert [(row["post_id"], row["tag"], row["is_marker"]) for row in links.to_pylist()] == [
        ("Two", "a", None)
    ]
    assert tags.columns["name"].to_pylist() == ["a"]
    assert [rejected.reason for rejected in tags.rejected] == ["no name"] * 2


def test_tags_of__leaves_out_posts_whose_tags_were_handed_on() -> None:
    """Two views of one post in one package would leave the tags of both, so the second is not taken."""
    again = posts(a_post(id="Seen", tags=[a_tag(name="b")]), a_post(id="New", tags=[a_tag(name="c")]))
    links, tags = tags_of(again, fetched_at=NIGHT, but_for={"Seen"})
    assert [(row["post_id"], row["tag"]) for row in links.to_pylist()] == [("New", "c")]
    assert tags.columns["name"].to_pylist() == ["c"]


def test_tags_of__keeps_no_secret_of_a_tag() -> None:
    """A secret that comes with a tag is kept neither with the tag nor where the tag is rejected."""
    sent = [a_tag(deletehash="Hidden1"), {"name": None, "novelty": {"Email": "Hidden2"}}]
    _, tags = tags_of(posts(a_post(tags=sent)), fetched_at=NIGHT)
    kept = repr(table_of(tags, fetched_at=NIGHT).to_pylist()) + repr(tags.rejected)
    assert "Hidden" not in kept


def test_tags_of__reads_other_tables_of_posts_too() -> None:
    """Posts of subreddits bear tags in the same way."""
    records = read_records(SUBREDDIT_POSTS, page_of(a_post(tags=["a"])))
    links, _ = tags_of(records, fetched_at=NIGHT)
    assert links["tag"].to_pylist() == ["a"]


def test_tags_of__of_no_posts_is_empty() -> None:
    """A page without posts gives empty tables of the exact schema."""
    links, tags = tags_of(posts(), fetched_at=NIGHT)
    assert (links.schema, links.num_rows, len(tags.rows)) == (schema_of(POST_TAGS), 0, 0)
