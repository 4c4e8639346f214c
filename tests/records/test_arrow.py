"""From Imgur's records to Arrow: exact types, no loss, no secret kept, a bad record costs only itself."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgur_source.records.arrow import (
    Rejected,
    history_of,
    read_record,
    read_records,
    rejected_table,
    rows_table,
    schema_of,
    table_of,
)
from imgur_source.records.scrubbing import SECRET_KEYS, scrubbed
from imgur_source.records.tables import (
    ACCOUNTS,
    ALBUM_IMAGES,
    ALBUMS,
    COMMENT_METRICS,
    COMMENTS,
    FAVORITES,
    GALLERY_RANKS,
    IMAGE_METRICS,
    IMAGES,
    MARKER,
    POST_COMMENTS,
    POST_IMAGES,
    POST_METRICS,
    POSTS,
    REJECTED_RECORDS,
    SUBREDDIT_POSTS,
    TABLES,
    TAGS,
    Field,
    Table,
    Type,
)
from tests.support.builders import (
    UPLOADED,
    UPLOADED_AT,
    Record,
    a_comment,
    a_post,
    a_preview,
    a_tag,
    an_account,
    an_album,
    an_album_post,
    an_animation,
    an_image,
    page_of,
    without,
)

NIGHT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SECRET = "Sh0uldNeverLand"
ARROW = {
    "text": pa.string(),
    "json": pa.string(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "time": pa.timestamp("us", tz="UTC"),
}
COLUMNS = {  # every table, in order: column:kind, with ! where it is part of the key
    "accounts": """
        id:integer! url:text bio:text avatar:text avatar_name:text cover:text cover_name:text
        reputation:integer reputation_name:text created:time pro_expiration:time is_blocked:boolean
        user_follow:json extra:json fetched_at:time
    """,
    "images": """
        id:text! title:text description:text datetime:time account_url:text account_id:integer link:text
        name:text type:text animated:boolean width:integer height:integer size:integer has_sound:boolean
        looping:boolean gifv:text mp4:text mp4_size:integer webm:text webm_size:integer hls:text
        processing:json edited:integer views:integer bandwidth:integer ups:integer downs:integer
        points:integer score:integer comment_count:integer favorite_count:integer vote:text favorite:boolean
        nsfw:boolean section:text in_gallery:boolean in_most_viral:boolean is_ad:boolean ad_type:integer
        ad_url:text ad_config:json tags:json extra:json fetched_at:time
    """,
    "albums": """
        id:text! title:text description:text datetime:time account_url:text account_id:integer link:text
        views:integer order:integer cover:text cover_edited:integer cover_width:integer cover_height:integer
        privacy:text layout:text images_count:integer include_album_ads:boolean is_album:boolean vote:text
        favorite:boolean nsfw:boolean section:text in_gallery:boolean in_most_viral:boolean is_ad:boolean
        ad_config:json extra:json fetched_at:time
    """,
    "album_images": """
        album_id:text! image_id:text! position:integer title:text description:text datetime:time
        account_url:text account_id:integer link:text name:text type:text animated:boolean width:integer
        height:integer size:integer has_sound:boolean looping:boolean gifv:text mp4:text mp4_size:integer
        webm:text webm_size:integer hls:text processing:json edited:integer views:integer bandwidth:integer
        ups:integer downs:integer points:integer score:integer comment_count:integer favorite_count:integer
        vote:text favorite:boolean nsfw:boolean section:text in_gallery:boolean in_most_viral:boolean
        is_ad:boolean ad_type:integer ad_url:text ad_config:json tags:json extra:json fetched_at:time
        is_marker:boolean
    """,
    "comments": """
        id:integer! parent_id:integer image_id:text comment:text author:text author_id:integer
        on_album:boolean album_cover:text ups:integer downs:integer points:integer datetime:time
        deleted:boolean vote:text platform:text has_admin_badge:boolean extra:json fetched_at:time
    """,
    "post_comments": """
        id:integer! post_id:text parent_id:integer root_id:integer depth:integer position:integer
        image_id:text comment:text author:text author_id:integer on_album:boolean album_cover:text
        ups:integer downs:integer points:integer datetime:time deleted:boolean vote:text platform:text
        has_admin_badge:boolean extra:json fetched_at:time
    """,
    "posts": """
        id:text! is_album:boolean title:text description:text datetime:time account_url:text
        account_id:integer link:text views:integer ups:integer downs:integer points:integer score:integer
        comment_count:integer favorite_count:integer topic:text topic_id:integer cover:text
        cover_edited:integer cover_width:integer cover_height:integer privacy:text layout:text
        images_count:integer include_album_ads:boolean type:text animated:boolean width:integer
        height:integer size:integer has_sound:boolean looping:boolean gifv:text mp4:text mp4_size:integer
        webm:text webm_size:integer hls:text processing:json edited:integer bandwidth:integer vote:text
        favorite:boolean nsfw:boolean section:text in_gallery:boolean in_most_viral:boolean is_ad:boolean
        ad_type:integer ad_url:text ad_config:json tags:json extra:json fetched_at:time
    """,
    "subreddit_posts": """
        id:text! is_album:boolean title:text description:text datetime:time account_url:text
        account_id:integer link:text views:integer ups:integer downs:integer points:integer score:integer
        comment_count:integer favorite_count:integer topic:text topic_id:integer cover:text
        cover_edited:integer cover_width:integer cover_height:integer privacy:text layout:text
        images_count:integer include_album_ads:boolean type:text animated:boolean width:integer
        height:integer size:integer has_sound:boolean looping:boolean gifv:text mp4:text mp4_size:integer
        webm:text webm_size:integer hls:text processing:json edited:integer bandwidth:integer vote:text
        favorite:boolean nsfw:boolean section:text in_gallery:boolean in_most_viral:boolean is_ad:boolean
        ad_type:integer ad_url:text ad_config:json tags:json extra:json fetched_at:time
    """,
    "post_images": """
        post_id:text! image_id:text! position:integer title:text description:text datetime:time
        account_url:text account_id:integer link:text name:text type:text animated:boolean width:integer
        height:integer size:integer has_sound:boolean looping:boolean gifv:text mp4:text mp4_size:integer
        webm:text webm_size:integer hls:text processing:json edited:integer views:integer bandwidth:integer
        ups:integer downs:integer points:integer score:integer comment_count:integer favorite_count:integer
        vote:text favorite:boolean nsfw:boolean section:text in_gallery:boolean in_most_viral:boolean
        is_ad:boolean ad_type:integer ad_url:text ad_config:json tags:json extra:json fetched_at:time
        is_marker:boolean
    """,
    "post_tags": """
        post_id:text! tag:text! position:integer fetched_at:time is_marker:boolean
    """,
    "tags": """
        name:text! display_name:text description:text followers:integer total_items:integer
        following:boolean is_whitelisted:boolean is_promoted:boolean accent:text background_hash:text
        background_is_animated:boolean thumbnail_hash:text thumbnail_is_animated:boolean logo_hash:text
        logo_destination_url:text extra:json fetched_at:time
    """,
    "favorites": """
        account_id:integer! item_id:text! position:integer kind:text title:text link:text datetime:time
        item_account_url:text item_account_id:integer images_count:integer views:integer ups:integer
        downs:integer points:integer score:integer comment_count:integer favorite_count:integer nsfw:boolean
        in_gallery:boolean extra:json fetched_at:time
    """,
    "gallery_ranks": """
        feed:text! observed_at:time! position:integer! post_id:text fetched_at:time
    """,
    "image_metrics": """
        id:text! observed_at:time! views:integer bandwidth:integer fetched_at:time
    """,
    "album_metrics": """
        id:text! observed_at:time! views:integer images_count:integer fetched_at:time
    """,
    "post_metrics": """
        id:text! observed_at:time! views:integer ups:integer downs:integer points:integer score:integer
        comment_count:integer favorite_count:integer in_most_viral:boolean fetched_at:time
    """,
    "comment_metrics": """
        id:integer! observed_at:time! ups:integer downs:integer points:integer fetched_at:time
    """,
    "account_metrics": """
        id:integer! observed_at:time! reputation:integer fetched_at:time
    """,
    "list_sweeps": """
        list:text! started_at:time! ended_at:time kind:text pages:integer items:integer newest_at:time
        oldest_at:time is_complete:boolean is_proved:boolean reason:text doubt:text fetched_at:time
    """,
    "list_items": """
        list:text! item_id:text! datetime:time fetched_at:time
    """,
    "item_looks": """
        list:text! item_id:text! looked_at:time! is_gone:boolean fetched_at:time
    """,
    "detail_fetches": """
        resource:text! item_id:text! fingerprint:text items:integer fetched_at:time
    """,
    "rejected_records": """
        id:text! endpoint:text reason:text raw:text fetched_at:time
    """,
    "sync_runs": """
        run_id:text! started_at:time ended_at:time outcome:text reason:text accounts:json feeds:json
        resources:json rounds:integer credits_planned:integer credits_spent:integer user_credits_left:integer client_credits_left:integer
        plan:json rows_loaded:json owed:json notes:json publication:text published_at:time version:text
        fetched_at:time
    """,
    "credit_charges": """
        run_id:text! endpoint:text! credits:integer requests:integer unchanged:integer replays:integer
        rows_new:integer rows_refreshed:integer fetched_at:time
    """,
}
bounded = settings(max_examples=100, deadline=None)


def landed(table: Table, *records: Any, **ours: Any) -> list[Record]:
    """The rows that *records* become."""
    return rows_of(read_records(table, page_of(*records)), **ours)


def rows_of(records: Any, **ours: Any) -> list[Record]:
    rows: list[Record] = table_of(records, fetched_at=NIGHT, **ours).to_pylist()
    return rows


def only(table: Table, column: str, *records: Record, **ours: Any) -> list[Any]:
    """One column of the rows that *records* become."""
    return [row[column] for row in landed(table, *records, **ours)]


def json_text(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def refused(table: Table, *records: Any) -> list[Rejected]:
    return list(read_records(table, page_of(*records)).rejected)


# Schemas


@pytest.mark.parametrize("name", sorted(TABLES))
def test_schema_of__is_exactly_the_one_that_is_written_down(name: str) -> None:
    """Every table has these columns in this order with these types, and only its key is never null."""
    columns = [column.partition(":") for column in COLUMNS[name].split()]
    assert schema_of(TABLES[name]) == pa.schema(
        [
            pa.field(column, ARROW[kind.rstrip("!")], nullable=not kind.endswith("!"))
            for column, _, kind in columns
        ]
    )


def test_columns__are_written_down_for_every_table() -> None:
    """No table is missing from the list above, and none is there that does not exist."""
    assert list(COLUMNS) == list(TABLES)


def test_schema_of__leaves_the_marker_out_when_asked() -> None:
    """The marker travels in the load only; without it the schema is that of the warehouse's table."""
    with_marker, without_marker = schema_of(ALBUM_IMAGES), schema_of(ALBUM_IMAGES, with_marker=False)
    assert with_marker.names == [*without_marker.names, MARKER]
    assert without_marker.names == list(ALBUM_IMAGES.column_names)


@pytest.mark.parametrize(
    ("table", "ours"),
    [
        (IMAGES, {}),
        (ALBUM_IMAGES, {"album_id": "Alb0m", "position": []}),
        (FAVORITES, {"account_id": 1, "position": [], "kind": []}),
        (POST_COMMENTS, dict.fromkeys(("post_id", "parent_id", "root_id", "depth", "position"))),
    ],
)
def test_table_of__has_the_exact_schema_even_without_rows(table: Table, ours: Record) -> None:
    """A page of nothing is a table of nothing, with every column in its place and type."""
    empty = table_of(read_records(table, b"[]"), fetched_at=NIGHT, **ours)
    assert empty.schema == schema_of(table)
    assert empty.num_rows == 0


# Whole rows


def test_read_records__keeps_every_field_of_an_image() -> None:
    """An image lands as Imgur sent it: times as instants, "0" as 0, flags as JSON, its deletehash nowhere."""
    assert landed(IMAGES, an_animation(id="M0vingA", mp4_size="90000", vote="veto", tags=["over"])) == [
        {
            "id": "M0vingA",
            "title": "A bridge",
            "description": None,
            "datetime": UPLOADED_AT,
            "account_url": "builder",
            "account_id": 4001,
            "link": "https://i.imgur.com/M0vingA.jpg",
            "name": "bridge.jpg",
            "type": "video/mp4",
            "animated": True,
            "width": 640,
            "height": 480,
            "size": 20_000,
            "has_sound": True,
            "looping": True,
            "gifv": "https://i.imgur.com/M0vingA.gifv",
            "mp4": "https://i.imgur.com/M0vingA.mp4",
            "mp4_size": 90_000,
            "webm": None,
            "webm_size": None,
            "hls": "https://i.imgur.com/M0vingA.m3u8",
            "processing": '{"status":"completed"}',
            "edited": 0,
            "views": 30,
            "bandwidth": 600_000,
            "ups": None,
            "downs": None,
            "points": None,
            "score": None,
            "comment_count": None,
            "favorite_count": None,
            "vote": "veto",
            "favorite": False,
            "nsfw": None,
            "section": None,
            "in_gallery": False,
            "in_most_viral": False,
            "is_ad": False,
            "ad_type": 0,
            "ad_url": "",
            "ad_config": '{"safeFlags":["album"],"highRiskFlags":[],"unsafeFlags":[],"wallUnsafeFlags":[],'
            '"showsAds":true,"showAdLevel":2}',
            "tags": '["over"]',
            "extra": None,
            "fetched_at": NIGHT,
        }
    ]


def test_read_record__reads_a_single_account() -> None:
    """An account that is asked for by itself lands as one row; no paid membership is null."""
    assert rows_of(read_record(ACCOUNTS, msgspec.json.encode(an_account(reputation=-252)))) == [
        {
            "id": 4001,
            "url": "builder",
            "bio": None,
            "avatar": "https://imgur.com/user/builder/avatar",
            "avatar_name": "default/G",
            "cover": "https://imgur.com/user/builder/cover",
            "cover_name": "default/1-space",
            "reputation": -252,
            "reputation_name": "Neutral",
            "created": UPLOADED_AT,
            "pro_expiration": None,
            "is_blocked": False,
            "user_follow": '{"status":false}',
            "extra": None,
            "fetched_at": NIGHT,
        }
    ]


def test_table_of__fills_our_columns_with_one_value_or_with_one_each() -> None:
    """What Imgur does not send is handed in: the same for all rows, or a sequence of as many."""
    records = read_records(
        FAVORITES, page_of(a_post(id="One", account_url="elsewhere"), an_album_post(id="Two"))
    )
    rows = rows_of(records, account_id=7, position=range(2), kind=["image", "album"])
    picked = ("account_id", "item_id", "position", "kind", "item_account_url", "images_count", "fetched_at")
    assert [tuple(row[name] for name in picked) for row in rows] == [
        (7, "One", 0, "image", "elsewhere", None, NIGHT),
        (7, "Two", 1, "album", "builder", 2, NIGHT),
    ]


@pytest.mark.parametrize(
    ("table", "record"),
    [
        (IMAGES, an_image()),
        (IMAGES, an_animation()),
        (ALBUMS, an_album()),
        (ALBUM_IMAGES, an_image()),
        (POST_IMAGES, a_preview()),
        (POSTS, a_post()),
        (POSTS, an_album_post()),
        (SUBREDDIT_POSTS, a_post(ups=None, account_url=None)),
        (COMMENTS, a_comment()),
        (POST_COMMENTS, a_comment(a_comment(id=2))),
        (TAGS, a_tag()),
        (ACCOUNTS, an_account()),
    ],
)
def test_read_records__knows_every_field_that_imgur_sends_today(table: Table, record: Record) -> None:
    """A record of the shape that was recorded has nothing left over for extra."""
    records = read_records(table, page_of(record))
    assert ([row.extra_text for row in records.rows], list(records.rejected)) == ([None], [])


# One type for each column


@pytest.mark.parametrize(
    ("table", "base", "name", "sent", "kept"),
    [
        (IMAGES, an_image(), "edited", ["0", 0, 1_600_000_000, None], [0, 0, 1_600_000_000, None]),
        (IMAGES, an_image(), "mp4_size", [12, "12", "", None], [12, 12, None, None]),
        (IMAGES, an_image(), "webm_size", ["77", 78], [77, 78]),
        (IMAGES, an_image(), "bandwidth", [10**14, str(10**14)], [10**14, 10**14]),
        (IMAGES, an_image(), "views", [2**63 - 1, -(2**63), "-5"], [2**63 - 1, -(2**63), -5]),
        (IMAGES, an_image(), "views", [7.0, 1e3], [7, 1000]),
        (IMAGES, an_image(), "favorite_count", [False, 3], [0, 3]),
        (IMAGES, an_image(), "account_id", [0, None, 3], [0, None, 3]),
        (IMAGES, an_image(), "nsfw", [None, True, False], [None, True, False]),
        (IMAGES, an_image(), "favorite", ["0", "1", 0, 1], [False, True, False, True]),
        (IMAGES, an_image(), "has_sound", [True, "false", "TRUE", ""], [True, False, True, None]),
        (IMAGES, an_image(), "vote", [None, "up", "down", "veto"], [None, "up", "down", "veto"]),
        (IMAGES, an_image(), "account_url", [None, "builder"], [None, "builder"]),
        (IMAGES, an_image(), "section", ["", None, "pics"], ["", None, "pics"]),
        (IMAGES, an_image(), "title", [2024, 1.5, True, "x"], ["2024", "1.5", "true", "x"]),
        (IMAGES, an_image(), "title", [{"a": [1]}, ["b"]], ['{"a":[1]}', '["b"]']),
        (IMAGES, an_image(), "tags", [[], None, ["a"]], ["[]", None, '["a"]']),
        (IMAGES, an_image(), "tags", [[{"name": "a"}]], ['[{"name":"a"}]']),
        (IMAGES, an_image(), "processing", [{"status": "completed"}, None], ['{"status":"completed"}', None]),
        (IMAGES, an_image(), "ad_config", [{"showsAds": True}, []], ['{"showsAds":true}', "[]"]),
        (POSTS, a_post(), "score", [None, -4], [None, -4]),
        (POSTS, a_post(), "topic_id", [None, 0, 29], [None, 0, 29]),
        (COMMENTS, a_comment(), "parent_id", [0, "12"], [0, 12]),
        (COMMENTS, a_comment(), "id", ["12", 13], [12, 13]),
        (ACCOUNTS, an_account(), "user_follow", [{"status": True}, None], ['{"status":true}', None]),
    ],
)
def test_read_records__turns_what_drifts_into_one_type(
    table: Table, base: Record, name: str, sent: list[Any], kept: list[Any]
) -> None:
    """Numbers that come as text, truths as "0", lists as PHP pleases: one column, one type, nothing lost."""
    assert only(table, name, *({**base, name: value} for value in sent)) == kept
    assert [only(table, name, {**base, name: value})[0] for value in sent] == kept


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (UPLOADED, UPLOADED_AT),
        (str(UPLOADED), UPLOADED_AT),
        (0, None),
        ("0", None),
        (False, None),
        (None, None),
        ("", None),
        (-62_169_984_000, None),
        (253_402_300_799, datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_read_records__reads_times_as_instants(sent: Any, kept: datetime | None) -> None:
    """Seconds since the epoch become UTC instants; 0, false and less are none; a neighbour is left alone."""
    neighbour = an_image(datetime=UPLOADED + 60)
    assert only(IMAGES, "datetime", an_image(datetime=sent), neighbour) == [
        kept,
        UPLOADED_AT + timedelta(minutes=1),
    ]
    assert only(ACCOUNTS, "pro_expiration", an_account(pro_expiration=sent)) == [kept]


@pytest.mark.parametrize("name", ["score", "vote", "nsfw", "account_url", "ups", "tags", "datetime"])
def test_read_records__takes_a_missing_member_for_null(name: str) -> None:
    """A member that is left out gives the same row as one that is null."""
    assert landed(POSTS, without(a_post(), name)) == landed(POSTS, {**a_post(), name: None})


@pytest.mark.parametrize("sent", [{}, [], None, [{"term": "x"}]])
def test_read_records__drops_the_annotations_of_tags(sent: Any) -> None:
    """description_annotations is an object or a list as PHP pleases, and in no case a column or extra."""
    assert landed(TAGS, a_tag(description_annotations=sent)) == landed(TAGS, a_tag())


def test_read_records__keeps_emoji_newlines_and_quotes() -> None:
    """Text lands letter by letter, whichever way it is escaped."""
    text = 'a 🐈‍⬛ said\n"no"\t\\ \u2028 é'
    escaped = json.dumps([an_image(title=text)], ensure_ascii=True).encode()
    assert only(IMAGES, "title", an_image(title=text)) == [text]
    assert [row["title"] for row in rows_of(read_records(IMAGES, escaped))] == [text]


def test_read_records__keeps_ids_apart_that_differ_by_case_only() -> None:
    """Upper and lower case name different images, so ids stay exactly as sent."""
    assert only(IMAGES, "id", an_image(id="aBcDe"), an_image(id="AbCdE")) == ["aBcDe", "AbCdE"]


def test_read_records__keeps_a_large_page_in_its_order() -> None:
    """Hundreds of records keep the order in which Imgur listed them."""
    ids = [f"Id{number:05d}" for number in range(500)]
    assert only(IMAGES, "id", *(an_image(id=image_id) for image_id in ids)) == ids


# Unknown fields


def test_read_records__keeps_unknown_fields_in_extra() -> None:
    """What has no column lands in extra as one JSON object; nulls and neighbours without any do not."""
    rows = landed(
        IMAGES,
        an_image(id="New1", mood={"calm": [1, None]}, rank=3, later=None),
        an_image(id="New2", later=None),
        an_image(id="Old1"),
    )
    assert [(row["id"], row["extra"]) for row in rows] == [
        ("New1", '{"mood":{"calm":[1,null]},"rank":3}'),
        ("New2", None),
        ("Old1", None),
    ]


@pytest.mark.parametrize("sent", [0, False, "", [], {}])
def test_read_records__keeps_an_unknown_field_that_is_empty(sent: Any) -> None:
    """Zero, false and empty are values; only null is none."""
    assert only(IMAGES, "extra", an_image(novelty=sent)) == [json_text({"novelty": sent})]


def test_read_records__keeps_what_is_absorbed_out_of_extra() -> None:
    """Images of a post and children of a comment are read into other tables, so they are not left over."""
    assert only(POSTS, "extra", an_album_post(), an_album_post(id="Two", novelty=1)) == [
        None,
        '{"novelty":1}',
    ]
    assert only(COMMENTS, "extra", a_comment(a_comment(id=2), novelty=1)) == ['{"novelty":1}']


def test_read_records__lets_no_member_pose_as_extra() -> None:
    """A member of Imgur's that is called like our own attribute is unknown like any other."""
    names = {"(extra)": '"x"', "extra_text": "y", "extra": "z"}
    assert [json.loads(text) for text in only(IMAGES, "extra", an_image(**names))] == [names]


# Rejected records


@pytest.mark.parametrize(
    ("name", "sent", "reason"),
    [
        ("views", "many", 'views: "many" is not a whole number'),
        ("views", 1.5, "views: 1.5 is not a whole number"),
        ("views", "1.5", 'views: "1.5" is not a whole number'),
        ("views", "1_000", 'views: "1_000" is not a whole number'),
        ("views", 2**63, "views: 9223372036854775808 does not fit 64 bits"),
        ("views", -(2**63) - 1, "views: -9223372036854775809 does not fit 64 bits"),
        ("views", str(2**63), 'views: "9223372036854775808" does not fit 64 bits'),
        ("views", 10**30, "views: 1000000000000000000000000000000 does not fit 64 bits"),
        ("views", {"total": 5}, 'views: {"total":5} is not a whole number'),
        ("views", [5], "views: [5] is not a whole number"),
        ("animated", "perhaps", 'animated: "perhaps" is not a truth value'),
        ("animated", 2, "animated: 2 is not a truth value"),
        ("animated", [], "animated: [] is not a truth value"),
        ("datetime", UPLOADED * 1000, "datetime: 1700000000000 is not a time in seconds"),
        ("datetime", "yesterday", 'datetime: "yesterday" is not a whole number'),
        ("datetime", True, "datetime: true is not a time in seconds"),
        ("id", None, "no id"),
        ("id", "", "no id"),
        ("id", False, "no id"),
        ("id", [], "no id"),
        ("id", {"hash": "x"}, "no id"),
    ],
)
def test_read_records__rejects_what_it_cannot_read_and_lands_the_rest(
    name: str, sent: Any, reason: str
) -> None:
    """A record with a value that means nothing is handed back with reason and text; its neighbours land."""
    first, last = an_image(id="First"), an_image(id="Last")
    bad = without({**an_image(id="Bad"), name: sent}, "deletehash")
    records = read_records(IMAGES, page_of(first, bad, last))
    assert rows_of(records) == landed(IMAGES, first, last)
    assert list(records.rejected) == [Rejected(json_text(bad), reason, 1)]


@pytest.mark.parametrize("sent", [None, 5, "text", [], [{"id": "x"}], True])
def test_read_records__rejects_what_is_no_object(sent: Any) -> None:
    """Something else than an object among the records is rejected by itself."""
    records = read_records(IMAGES, page_of(an_image(), sent))
    assert rows_of(records) == landed(IMAGES, an_image())
    assert list(records.rejected) == [Rejected(json_text(sent), "not an object", 1)]


@pytest.mark.parametrize("table", [ACCOUNTS, COMMENTS])
@pytest.mark.parametrize("sent", [None, 0, "0", False, True, "", 1.5, []])
def test_read_records__rejects_a_number_that_names_nothing(table: Table, sent: Any) -> None:
    """Accounts and comments are told apart by a number, and nothing else is taken for one."""
    base = an_account() if table is ACCOUNTS else a_comment()
    records = read_records(table, page_of({**base, "id": sent}, {**base, "id": 1}))
    assert ([row["id"] for row in rows_of(records)], len(records.rejected)) == ([1], 1)


def test_read_records__rejects_a_record_without_id() -> None:
    """A record whose id is left out altogether can be merged with nothing."""
    assert [rejected.reason for rejected in refused(IMAGES, without(an_image(), "id"))] == ["no id"]


@pytest.mark.parametrize("digits", [b"1e999", b"-1e999", b"1" * 5000])
@pytest.mark.parametrize("name", [b"views", b"novelty"])
def test_read_records__keeps_the_digits_of_a_number_that_no_type_holds(name: bytes, digits: bytes) -> None:
    """A number beyond every type rejects its record, whose text keeps all its digits."""
    records = read_records(IMAGES, b'[{"id":"Bad","%s":%s},{"id":"Good"}]' % (name, digits))
    assert records.columns["id"].to_pylist() == ["Good"]
    assert [rejected.raw for rejected in records.rejected] == [
        f'{{"id":"Bad","{name.decode()}":"{digits.decode()}"}}'
    ]


def test_read_records__rejects_a_secret_that_cannot_be_taken_out() -> None:
    """Where a column of JSON holds a secret beside a number that no type holds, its record is rejected."""
    page = b'[{"id":"Bad","ad_config":{"email":"%s","n":1e999}},{"id":"Good"}]' % SECRET.encode()
    records = read_records(IMAGES, page)
    assert records.columns["id"].to_pylist() == ["Good"]
    assert [rejected.raw for rejected in records.rejected] == ['{"id":"Bad","ad_config":{"n":"1e999"}}']


def test_read_records__names_the_place_of_each_rejected_record() -> None:
    """Rejected records say where in their page they stood, so that others can be matched with theirs."""
    page = page_of(None, an_image(id="A"), an_image(views="x"), an_image(id="B"), 5)
    assert [rejected.place for rejected in read_records(IMAGES, page).rejected] == [0, 2, 4]


def test_read_records__keeps_a_reason_short() -> None:
    """A reason shows the beginning of a long value only; the record's text has all of it."""
    (rejected,) = refused(IMAGES, an_image(views="x" * 10_000))
    assert len(rejected.reason) < 200
    assert "x" * 10_000 in rejected.raw


@pytest.mark.parametrize("page", [b"{}", b'{"id":"A"}', b"5", b"null", b"[", b"", b'[{"id":"A"'])
def test_read_records__raises_where_there_is_no_list(page: bytes) -> None:
    """Something else than a JSON list is the caller's error."""
    with pytest.raises(ValueError):
        read_records(IMAGES, page)


def test_read_records__warns_of_a_rejected_record(caplog: pytest.LogCaptureFixture) -> None:
    """A person may want to look at a rejected record, so the log has its table and reason."""
    with caplog.at_level(logging.WARNING, logger="imgur_source.records.arrow"):
        refused(IMAGES, an_image(views="many"))
    assert [record.getMessage() for record in caplog.records] == [
        'record rejected table=images reason=views: "many" is not a whole number'
    ]


def test_rejected_table__has_a_row_with_a_stable_id_per_record() -> None:
    """The id comes from endpoint and text only: not from the night, the reason or the process."""
    rejected = [Rejected("{}", "no id", 4), Rejected("[]", "not an object")]
    rows = rejected_table(rejected, endpoint="account_images", fetched_at=NIGHT)
    assert rows.schema == schema_of(REJECTED_RECORDS)
    assert rows.to_pylist() == [
        {
            "id": "1c6c0d4e689f0cb7e3fcbc7d2ec5504f",
            "endpoint": "account_images",
            "reason": "no id",
            "raw": "{}",
            "fetched_at": NIGHT,
        },
        {
            "id": "6863abc62d8809b78c879eef5cdf2863",
            "endpoint": "account_images",
            "reason": "not an object",
            "raw": "[]",
            "fetched_at": NIGHT,
        },
    ]
    again = rejected_table(
        [Rejected("{}", "another reason")], endpoint="account_images", fetched_at=NIGHT + timedelta(days=1)
    )
    elsewhere = rejected_table([Rejected("{}", "no id")], endpoint="album_images", fetched_at=NIGHT)
    assert again["id"][0] == rows["id"][0]
    assert elsewhere["id"][0] != rows["id"][0]


# Secrets


def everything_of(records: Any, **ours: Any) -> str:
    """All that is kept of a page: rows, rejected text and reasons."""
    return repr(rows_of(records, **ours)) + repr(list(records.rejected))


def hidden(value: Any, way: list[str]) -> Any:
    """*value* put away inside lists (``-``) and objects (any other name)."""
    for name in way:
        value = [value] if name == "-" else {name: value}
    return value


secret_names = st.sampled_from(sorted(SECRET_KEYS)).flatmap(
    lambda name: st.sampled_from([name, name.upper(), name.title(), name.swapcase()])
)
hiding_places = st.sampled_from(
    ["(top)", "novelty", "tags", "ad_config", "processing", "title", "views", "animated", "datetime", "id"]
)


@bounded
@given(name=secret_names, place=hiding_places, way=st.lists(st.sampled_from(["-", "a", "tags"]), max_size=6))
def test_read_records__keeps_no_secret_anywhere(name: str, place: str, way: list[str]) -> None:
    """A secret reaches no column, no extra, no rejected text and no reason: in any case, at any depth."""
    secret = {name: SECRET, "harmless": 1}
    record = {**an_image(), **(secret if place == "(top)" else {place: hidden(secret, way)})}
    for page in (page_of(record), page_of(record, an_image(id="Other", novelty=1)), page_of(record, None)):
        assert SECRET not in everything_of(read_records(IMAGES, page))


@bounded
@given(name=secret_names, way=st.lists(st.sampled_from(["-", "a"]), max_size=4))
def test_read_records__keeps_no_secret_of_what_is_no_object(name: str, way: list[str]) -> None:
    """A list that stands among the records is rejected without the secrets inside of it."""
    assert SECRET not in everything_of(read_records(IMAGES, page_of([hidden({name: SECRET}, way)])))


@pytest.mark.parametrize("place", ["ad_config", "novelty", "title", "views"])
def test_read_records__sees_a_secret_whose_name_is_escaped(place: str) -> None:
    r"""``delet\u0065hash`` is the same name, so its value is kept as little."""
    page = b'[{"id":"A","%s":{"delet\\u0065hash":"%s"}}]' % (place.encode(), SECRET.encode())
    assert SECRET not in everything_of(read_records(IMAGES, page))


def test_read_records__logs_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    """The reason of a rejected record goes to the log, and no secret with it."""
    with caplog.at_level(logging.DEBUG):
        refused(IMAGES, an_image(views={"deletehash": SECRET}))
    assert "rejected" in caplog.text
    assert SECRET not in caplog.text


def test_read_records__takes_only_the_secret_out() -> None:
    """What stands beside a secret stays as it was sent."""
    sent = {"email": SECRET, "flags": [1, {"DeleteHash": SECRET, "n": 2.5}], "on": True}
    assert only(IMAGES, "ad_config", an_image(ad_config=sent)) == ['{"flags":[1,{"n":2.5}],"on":true}']
    assert only(IMAGES, "extra", an_image(novelty=sent)) == ['{"novelty":{"flags":[1,{"n":2.5}],"on":true}}']


def test_scrubbed__copies_and_knows_no_depth() -> None:
    """The value handed in stays as it was, and nesting beyond Python's limit is no matter."""
    value = {"a": [{"email": "x", "b": 1}]}
    assert scrubbed(value) == {"a": [{"b": 1}]}
    assert value == {"a": [{"email": "x", "b": 1}]}
    deep = hidden({"email": "x"}, ["-"] * 5000)
    innermost = scrubbed(deep)
    for _ in range(5000):
        (innermost,) = innermost
    assert innermost == {}


def test_secrets__are_no_columns() -> None:
    """No table has a column for something that must never be stored."""
    assert {field.wire_key.lower() for table in TABLES.values() for field in table.fields}.isdisjoint(
        SECRET_KEYS
    )


# Fast and slow

INTEGERS = st.integers(-(2**63), 2**63 - 1)
WIRE_VALUES = {
    Type.TEXT: st.none() | st.text(max_size=8),
    Type.INTEGER: st.none() | INTEGERS | INTEGERS.map(str) | st.booleans() | st.just(""),
    Type.BOOLEAN: st.none() | st.booleans() | st.sampled_from([0, 1, "0", "1", "true", "False", ""]),
    Type.TIME: st.none()
    | st.integers(-5, 253_402_300_799)
    | st.integers(0, 2**31).map(str)
    | st.sampled_from([False, ""]),
    Type.JSON: st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(st.sampled_from(["a", "email", "name"]), inner, max_size=2)
        ),
        max_leaves=4,
    ),
}
KEYS = {Type.TEXT: st.text(min_size=1, max_size=6), Type.INTEGER: st.integers(1, 2**63 - 1)}


def wire_value(field: Field, table: Table) -> st.SearchStrategy[Any]:
    return KEYS[field.kind] if field.name in table.key else WIRE_VALUES[field.kind]


def wire_records(table: Table) -> st.SearchStrategy[Record]:
    """Records that can be read, with every drift that was seen; any member but the key may be missing."""
    fields = [field for field in table.fields if not field.ours]
    required = {f.wire_key: wire_value(f, table) for f in fields if f.name in table.key}
    optional = {f.wire_key: wire_value(f, table) for f in fields if f.name not in table.key}
    return st.fixed_dictionaries(
        required,
        optional={**optional, "deletehash": st.just(SECRET), "images": st.just([])}
        if table is POSTS
        else {**optional, "deletehash": st.just(SECRET)},
    )


@pytest.mark.parametrize("table", [IMAGES, POSTS, COMMENTS, TAGS, ACCOUNTS], ids=lambda table: table.name)
def test_read_records__reads_alike_on_both_ways(table: Table) -> None:
    """A surprise in one record (which sends its page the slow way) changes no other record of the page."""

    @bounded
    @given(records=st.lists(wire_records(table), min_size=1, max_size=4), data=st.data())
    def reads_alike(records: list[Record], data: st.DataObject) -> None:
        place = data.draw(st.integers(0, len(records)))
        surprise = data.draw(st.sampled_from([{"novelty": 1}, {"views": "x", "datetime": "x"}, None, 5]))
        odd = {**records[0], **surprise} if isinstance(surprise, dict) else surprise
        calm = read_records(table, page_of(*records))
        read = read_records(table, page_of(*records[:place], odd, *records[place:]))
        assert list(calm.rejected) == []
        rows = rows_of(read)
        if not read.rejected:
            del rows[place]
        assert rows == rows_of(calm)

    reads_alike()


@bounded
@given(records=st.lists(wire_records(IMAGES) | st.none() | st.just({"id": "A", "views": "x"}), max_size=5))
def test_read_records__loses_no_record(records: list[Any]) -> None:
    """Every record of a page is either a row or rejected, in the order of the page."""
    read = read_records(IMAGES, page_of(*records))
    bad = [place for place, record in enumerate(records) if record is None or record.get("views") == "x"]
    assert [rejected.place for rejected in read.rejected] == bad
    assert [row["id"] for row in rows_of(read)] == [
        record["id"] for place, record in enumerate(records) if place not in bad
    ]


# Histories and rows of our own


def test_table_of__marks_no_row_of_imgurs() -> None:
    """Images that are there are no markers: theirs is null."""
    assert only(ALBUM_IMAGES, MARKER, an_image(), album_id="Alb0m", position=[0]) == [None]


def test_history_of__observes_counters_when_they_were_fetched() -> None:
    """A history has the id, the time and the counters of each row, and nothing else."""
    images = table_of(read_records(IMAGES, page_of(an_image(views=5, bandwidth=9))), fetched_at=NIGHT)
    history = history_of(images, IMAGE_METRICS)
    assert history.schema == schema_of(IMAGE_METRICS)
    assert history.to_pylist() == [
        {"id": "Im4geAa", "observed_at": NIGHT, "views": 5, "bandwidth": 9, "fetched_at": NIGHT}
    ]


def test_history_of__takes_the_id_from_another_column() -> None:
    """Images of an album are known by image_id there, and by id in their history."""
    rows = table_of(
        read_records(ALBUM_IMAGES, page_of(an_image(id="Inside", views=8))),
        fetched_at=NIGHT,
        album_id="Alb0m",
        position=[0],
    )
    assert history_of(rows, IMAGE_METRICS, id_column="image_id").to_pylist() == [
        {"id": "Inside", "observed_at": NIGHT, "views": 8, "bandwidth": 600_000, "fetched_at": NIGHT}
    ]


def test_history_of__keeps_all_counters_of_posts_and_comments() -> None:
    """Votes, comments and favourites of a post are history, and so are the votes of a comment."""
    posts = table_of(read_records(POSTS, page_of(a_post(in_most_viral=True))), fetched_at=NIGHT)
    comments = table_of(read_records(COMMENTS, page_of(a_comment())), fetched_at=NIGHT)
    assert history_of(posts, POST_METRICS).to_pylist() == [
        {
            "id": "P0stAaa",
            "observed_at": NIGHT,
            "views": 30,
            "ups": 12,
            "downs": 2,
            "points": 10,
            "score": 14,
            "comment_count": 3,
            "favorite_count": 1,
            "in_most_viral": True,
            "fetched_at": NIGHT,
        }
    ]
    assert history_of(comments, COMMENT_METRICS).to_pylist() == [
        {"id": 1001, "observed_at": NIGHT, "ups": 4, "downs": 1, "points": 3, "fetched_at": NIGHT}
    ]


def test_rows_table__gives_null_for_what_is_not_named() -> None:
    """Rows that we make ourselves need not name every column."""
    rows = rows_table(GALLERY_RANKS, [{"feed": "hot/viral", "observed_at": NIGHT, "position": 0}])
    assert rows.schema == schema_of(GALLERY_RANKS)
    assert rows.to_pylist() == [
        {"feed": "hot/viral", "observed_at": NIGHT, "position": 0, "post_id": None, "fetched_at": None}
    ]
