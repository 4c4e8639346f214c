"""The marts of what stands now: posts, images, albums and accounts, and what has become of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from imgur_source.records.tables import (
    ACCOUNTS,
    ALBUM_IMAGES,
    ALBUMS,
    COMMENTS,
    GALLERY_RANKS,
    IMAGE_METRICS,
    IMAGES,
    LIST_ITEMS,
    LIST_SWEEPS,
    POST_COMMENTS,
    POST_IMAGES,
    POST_METRICS,
    POST_TAGS,
    POSTS,
    SUBREDDIT_POSTS,
    TABLES,
)
from tests.support.marts import Marts
from tests.support.work_files import NIGHT

AMY: dict[str, Any] = {"id": 8, "url": "Amy"}
BOB: dict[str, Any] = {"id": 9, "url": "Bob"}
MARTS = (
    *("posts", "images", "albums", "accounts", "comments", "album_performance", "comment_threads"),
    *("top_commenters", "gallery_rank_history", "gallery_trajectory", "survival", "social_rollup"),
    *("data_freshness", "credit_daily", "credit_by_endpoint", "run_history"),
)


def at(days: float) -> datetime:
    """So many days after the run."""
    return NIGHT + timedelta(days=days)


def shown(days: float) -> str:
    """The same as the texts of the file have it."""
    return f"{at(days):%Y-%m-%d %H:%M:%S}+00"


def followed(marts: Marts, *accounts: dict[str, Any]) -> None:
    """Have *accounts* followed, seen at the time of the run."""
    marts.load(ACCOUNTS, *({"fetched_at": at(0)} | account for account in accounts))


def listed(item: str, resource: str, *, seen: float, name: str = "me") -> dict[str, Any]:
    """An item that a list has shown, made 30 days ago."""
    return {
        "list": f"{resource}/{name}",
        "item_id": item,
        "datetime": at(-30),
        "fetched_at": at(seen),
    }


def swept(resource: str, *days: float) -> list[dict[str, Any]]:
    """Proved walks over the whole of a list."""
    return [
        {
            "list": f"{resource}/me",
            "kind": "sweep",
            "started_at": at(day),
            "is_complete": True,
            "is_proved": True,
        }
        for day in days
    ]


# all of them


def test_marts__are_there_without_a_row(marts: Marts) -> None:
    """Of an empty warehouse every mart is made, empty but for the tables of which the freshness is told."""
    marts.load(POSTS)
    counts = {name: marts.read(f"select count(*) from main.{name}") for name in MARTS}
    assert counts == {name: [(0,)] for name in MARTS} | {"data_freshness": [(len(TABLES) - 7,)]}


# posts


def test_posts__tells_all_of_a_post(marts: Marts) -> None:
    """A post of a followed account, in its present name, with its tags in order."""
    followed(marts, AMY)
    marts.load(
        POSTS,
        {
            "id": "p",
            "account_id": 8,
            "account_url": "amy_before",
            "title": "Cat",
            "description": "A cat.",
            "link": "https://i.imgur.com/p.mp4",
            "privacy": "public",
            "section": "aww",
            "type": "video/mp4",
            "views": 100,
            "ups": 9,
            "downs": 2,
            "points": 7,
            "score": 8,
            "comment_count": 3,
            "favorite_count": 4,
            "width": 640,
            "height": 480,
            "size": 2048,
            "is_album": False,
            "animated": True,
            "has_sound": False,
            "nsfw": False,
            "in_most_viral": True,
            "datetime": at(-2),
            "fetched_at": at(-0.5),
        },
    )
    marts.load(
        POST_TAGS,
        {"post_id": "p", "tag": "b", "position": 0},
        {"post_id": "p", "tag": "c", "position": 1},
        {"post_id": "p", "tag": "a", "position": 1},
    )
    marts.load(
        POST_METRICS,
        {"id": "p", "observed_at": at(-1), "fetched_at": at(-0.5)},
        {"id": "p", "observed_at": at(-1.5), "fetched_at": at(-1.5)},
    )
    # fetched at an age of 1.5 days, half a day before the run
    assert marts.texts("select * from main.posts") == [
        (
            *("p", "8", "Amy", "Cat", "A cat.", "https://i.imgur.com/p.mp4", "public", "aww", "video/mp4"),
            *("animation", "[b, a, c]", "100", "9", "2", "7", "8", "3", "4", None, "640", "480", "2048"),
            *("36.0", "12.0", "false", "true", "false", "true", "false", "true", "false"),
            *(shown(-2), shown(-1.5), None, None, shown(-0.5)),
        )
    ]


def test_posts__finds_whose_a_post_is(marts: Marts) -> None:
    """By number, else by name, else by the list that has shown it; a number of somebody else decides against a name.

    Of two lists the one that showed it last tells; favourites of an account are not its posts.
    """
    followed(marts, AMY, BOB)
    posts: list[dict[str, Any]] = [
        {"id": "by number", "account_id": 8, "account_url": "former"},
        {"id": "by name", "account_id": 0, "account_url": "AMY"},
        {"id": "former name", "account_id": 77, "account_url": "amy"},
        {"id": "hidden", "account_id": None, "account_url": None},
        {"id": "of my login", "account_id": 0, "account_url": None},
        {"id": "of bob's list", "account_id": 0, "account_url": "bobby"},
        {"id": "of both, at last mine", "account_id": 0, "fetched_at": at(-9)},
        {"id": "of both at once", "account_id": 0, "fetched_at": at(-9)},
        {"id": "theirs, in my list", "account_id": 77, "account_url": "zoe"},
    ]
    marts.load(POSTS, *({"fetched_at": at(0)} | post for post in posts))
    marts.load(
        LIST_ITEMS,
        listed("by number", "account_submissions", seen=0),
        listed("of my login", "account_submissions", seen=0),
        listed("of bob's list", "account_submissions", seen=0, name="Bob"),
        listed("of both, at last mine", "account_submissions", seen=-5, name="Bob"),
        listed("of both, at last mine", "account_submissions", seen=0),
        listed("of both at once", "account_submissions", seen=0),
        listed("of both at once", "account_submissions", seen=0, name="Bob"),
        listed("theirs, in my list", "account_submissions", seen=0),
        listed("hidden", "account_favorites", seen=0),
    )
    assert marts.texts(
        "select post_id, account_id, account_name, is_own from main.posts order by post_id"
    ) == [
        ("by name", "8", "Amy", "true"),
        ("by number", "8", "Amy", "true"),
        ("former name", "77", "amy", "false"),
        ("hidden", None, None, "false"),
        ("of bob's list", "9", "Bob", "true"),
        ("of both at once", "9", "Bob", "true"),
        ("of both, at last mine", "8", "Amy", "true"),
        ("of my login", "8", "Amy", "true"),
        ("theirs, in my list", "77", "zoe", "true"),
    ]


def test_posts__gives_a_name_to_who_bears_it_now(marts: Marts) -> None:
    """An account that is not seen any more has left its name to another."""
    followed(marts, AMY | {"fetched_at": at(-9)}, {"id": 10, "url": "amy", "fetched_at": at(0)})
    marts.load(POSTS, {"id": "p", "account_id": 0, "account_url": "Amy"})
    assert marts.texts("select account_id, account_name from main.posts") == [("10", "amy")]


def test_posts__adds_posts_of_subreddit_galleries(marts: Marts) -> None:
    """Where nothing richer is held the subreddit's view stands, first seen when the feed showed it."""
    marts.load(POSTS, {"id": "both", "account_url": "amy", "views": 5, "fetched_at": at(-9)})
    marts.load(
        SUBREDDIT_POSTS,
        {"id": "both", "views": 50, "fetched_at": at(0)},
        {"id": "only", "views": 7, "score": 3, "fetched_at": at(0)},
    )
    marts.load(
        GALLERY_RANKS,
        *(
            {"feed": "r/aww", "observed_at": at(day), "position": 0, "post_id": "only", "fetched_at": at(day)}
            for day in (-2, -1)
        ),
    )
    columns = "post_id, account_name, views, score, tags, is_subreddit, is_own, is_missing, first_seen_at"
    assert marts.texts(f"select {columns} from main.posts order by post_id") == [
        ("both", "amy", "5", None, "[]", "false", "false", "false", None),
        ("only", None, "7", "3", "[]", "true", "false", "false", shown(-2)),
    ]


def test_posts__tells_formats_apart(marts: Marts) -> None:
    """More than one image is an album, one image is what it is, though it may lie in an album."""
    posts: list[dict[str, Any]] = [
        {"id": "album", "is_album": True, "images_count": 2},
        {"id": "album of unknown size", "is_album": True},
        {"id": "album of zero", "is_album": True, "images_count": 0},
        {"id": "animation", "is_album": False, "animated": True, "has_sound": False},
        {"id": "image", "is_album": False, "animated": False},
        {"id": "one animation", "is_album": True, "images_count": 1},
        {"id": "one image", "is_album": True, "images_count": 1},
        {"id": "one image, two held", "is_album": True, "images_count": 1},
        {"id": "one video", "is_album": True, "images_count": 1},
        {"id": "unknown"},
        {"id": "video", "is_album": False, "animated": True, "has_sound": True},
    ]
    marts.load(POSTS, *posts)
    marts.load(
        POST_IMAGES,
        {"post_id": "one animation", "image_id": "a", "animated": True, "has_sound": False},
        {"post_id": "one image", "image_id": "i", "animated": False},
        {"post_id": "one image, two held", "image_id": "v", "animated": True, "has_sound": True},
        {"post_id": "one image, two held", "image_id": "w", "animated": True, "has_sound": True},
        {"post_id": "one video", "image_id": "v", "animated": True, "has_sound": True},
    )
    assert marts.texts("select post_id, format from main.posts order by post_id") == [
        ("album", "album"),
        ("album of unknown size", "album"),
        ("album of zero", "album"),
        ("animation", "animation"),
        ("image", "image"),
        ("one animation", "animation"),
        ("one image", "image"),
        ("one image, two held", "image"),
        ("one video", "video"),
        ("unknown", "image"),
        ("video", "video"),
    ]


# images and albums


def test_images__takes_the_richest_view(marts: Marts) -> None:
    """The owner's view wins over an album's, though that may be newer, and an album's over a post's.

    Of views of one kind the newest wins, and at the same time that of the first id.
    """
    followed(marts, AMY, BOB)
    marts.load(ALBUMS, {"id": "a1", "account_id": 9}, {"id": "a2", "account_id": 9})
    marts.load(
        POSTS,
        {"id": "g", "account_id": 0, "account_url": "zoe"},
        {"id": "a2", "account_id": 0, "account_url": "zoe"},
    )
    marts.load(
        IMAGES,
        {"id": "i", "account_id": 8, "account_url": "amy", "views": 10, "name": "cat", "fetched_at": at(-2)},
    )
    marts.load(
        ALBUM_IMAGES,
        {"album_id": "a2", "image_id": "i", "views": 12, "fetched_at": at(-1)},
        {"album_id": "a1", "image_id": "j", "views": 3, "fetched_at": at(-3)},
        {"album_id": "a2", "image_id": "j", "views": 4, "fetched_at": at(-1)},
    )
    marts.load(
        POST_IMAGES,
        {"post_id": "g", "image_id": "j", "views": 5, "fetched_at": at(0)},
        {"post_id": "h", "image_id": "k", "views": 8, "fetched_at": at(0)},
        {"post_id": "g", "image_id": "k", "views": 6, "fetched_at": at(0)},
    )
    columns = (
        "image_id, album_id, account_id, account_name, file_name, seen_in, views, data_age_hours, is_own"
    )
    assert marts.texts(f"select {columns} from main.images order by image_id") == [
        ("i", "a2", "8", "Amy", "cat", "account", "10", "48.0", "true"),
        ("j", "a1", "9", "Bob", None, "album", "4", "24.0", "true"),
        ("k", "g", None, "zoe", None, "post", "6", "0.0", "false"),
    ]


def test_images__gives_nobody_the_name_of_another(marts: Marts) -> None:
    """An image that shows a number only takes the name of its album's owner if that has the same number."""
    followed(marts, AMY)
    marts.load(
        ALBUMS,
        {"id": "a", "account_id": 8, "account_url": "amy"},
        {"id": "b", "account_id": 9, "account_url": "bob"},
    )
    marts.load(
        ALBUM_IMAGES,
        {"album_id": "a", "image_id": "of 7", "account_id": 7},
        {"album_id": "a", "image_id": "of 8", "account_id": 8},
        {"album_id": "b", "image_id": "of 9", "account_id": 9},
    )
    assert marts.texts(
        "select image_id, account_id, account_name, is_own from main.images order by image_id"
    ) == [
        ("of 7", "7", None, "false"),
        ("of 8", "8", "Amy", "true"),
        ("of 9", "9", "bob", "false"),
    ]


def test_images__finds_whose_an_image_is(marts: Marts) -> None:
    """By its own number, else by what holds it, else by the login whose list it is in; else by its name."""
    followed(marts, AMY, BOB)
    marts.load(ALBUMS, {"id": "a", "account_id": 9})
    marts.load(IMAGES, {"id": "mine", "account_id": 8}, {"id": "unsaid", "account_id": 0})
    marts.load(
        ALBUM_IMAGES,
        {"album_id": "a", "image_id": "mine in bob's", "account_id": 8},
        {"album_id": "a", "image_id": "unsaid in bob's"},
    )
    marts.load(
        POST_IMAGES,
        {"post_id": "not held", "image_id": "named", "account_id": 0, "account_url": "BOB"},
    )
    marts.load(
        LIST_ITEMS,
        listed("mine", "account_images", seen=0),
        listed("a", "account_albums", seen=0, name="bob"),
    )
    assert marts.texts(
        "select image_id, account_id, account_name, is_own from main.images order by image_id"
    ) == [
        ("mine", "8", "Amy", "true"),
        ("mine in bob's", "8", "Amy", "true"),
        ("named", "9", "Bob", "true"),
        ("unsaid", "8", "Amy", "true"),
        ("unsaid in bob's", "9", "Bob", "true"),
    ]


def test_images__tells_what_has_gone(marts: Marts) -> None:
    """What two proved walks missed is deleted; what only an album has shown is never missing."""
    marts.load(IMAGES, {"id": "gone", "fetched_at": at(-9)}, {"id": "late", "fetched_at": at(-2)})
    marts.load(ALBUM_IMAGES, {"album_id": "a", "image_id": "of an album", "fetched_at": at(-9)})
    marts.load(
        LIST_ITEMS,
        listed("gone", "account_images", seen=-9),
        listed("late", "account_images", seen=-2),
    )
    marts.load(LIST_SWEEPS, *swept("account_images", -5, -1))
    columns = "image_id, is_missing, missing_since, deleted_at"
    assert marts.texts(f"select {columns} from main.images order by image_id") == [
        ("gone", "true", shown(-5), shown(-5)),
        ("late", "true", shown(-1), None),
        ("of an album", "false", None, None),
    ]


def test_albums__adds_up_its_images(marts: Marts) -> None:
    """Views of images are those of the richest view; an album whose images were not fetched has none."""
    followed(marts, AMY)
    marts.load(
        ALBUMS,
        {
            "id": "a",
            "account_url": "AMY",
            "account_id": 0,
            "cover": "i",
            "title": "Cats",
            "views": 90,
            "images_count": 3,
            "datetime": at(-9),
            "fetched_at": at(-1),
        },
        {"id": "b", "account_id": 5, "account_url": "zoe", "fetched_at": at(0)},
    )
    marts.load(IMAGES, {"id": "i", "views": 50, "fetched_at": at(0)})
    marts.load(
        ALBUM_IMAGES,
        {"album_id": "a", "image_id": "i", "views": 40, "fetched_at": at(-1)},
        {"album_id": "a", "image_id": "j", "views": 7, "fetched_at": at(-1)},
    )
    # 50 as the owner sees i, and 7
    assert marts.texts("select * from main.albums order by album_id") == [
        (
            *("a", "8", "i", "Amy", "Cats", None, None, None, "90", "3", "2", "57", "24.0"),
            *(None, None, "false", shown(-9), None, None, shown(-1)),
        ),
        (
            *("b", "5", None, "zoe", None, None, None, None, None, None, "0", None, "0.0"),
            *(None, None, "false", None, None, None, shown(0)),
        ),
    ]


def test_album_performance__compares_with_the_first(marts: Marts) -> None:
    """Places count from 1 without holes; without a view at the first or in the album there is no ratio.

    Of an album that has grown since its images were read, the images held are compared.
    """
    followed(marts, AMY)
    marts.load(
        ALBUMS,
        {"id": "a", "account_id": 8, "title": "Cats", "images_count": 4},
        {"id": "b", "account_id": 8},
    )
    marts.load(
        POSTS,
        {"id": "a", "account_id": 8, "images_count": 5},
        {"id": "g", "account_url": "zoe", "title": "Dogs", "images_count": 10},
    )
    views: dict[str, dict[str, int | None]] = {
        "a": {"a0": 200, "a2": 50, "a3": None, "a4": 150},
        "b": {"b0": 0, "b1": 5},
        "empty": {"e0": 0, "e1": 0},
    }
    marts.load(
        ALBUM_IMAGES,
        *(
            {"album_id": album, "image_id": image, "position": int(image[1:]), "views": number}
            for album, images in views.items()
            for image, number in images.items()
        ),
    )
    marts.load(
        POST_IMAGES,
        {"post_id": "g", "image_id": "g0", "position": 0, "views": 4},
        {"post_id": "a", "image_id": "a0", "position": 0, "views": 1},
    )
    assert marts.texts("select * from main.album_performance order by album_id, position") == [
        ("a", "a0", "Amy", "Cats", "1", "4", "4", "200", "1.0", "0.5", "true"),
        ("a", "a2", "Amy", "Cats", "2", "4", "4", "50", "0.25", "0.125", "true"),
        ("a", "a3", "Amy", "Cats", "3", "4", "4", None, None, None, "true"),
        ("a", "a4", "Amy", "Cats", "4", "4", "4", "150", "0.75", "0.375", "true"),
        ("b", "b0", "Amy", None, "1", "2", None, "0", None, "0.0", "false"),
        ("b", "b1", "Amy", None, "2", "2", None, "5", None, "1.0", "false"),
        ("empty", "e0", None, None, "1", "2", None, "0", None, None, "false"),
        ("empty", "e1", None, None, "2", "2", None, "0", None, None, "false"),
        ("g", "g0", "zoe", "Dogs", "1", "1", "10", "4", "1.0", "1.0", "true"),
    ]


def test_album_performance__counts_places_of_equals_by_their_ids(marts: Marts) -> None:
    """The place goes by the position, and where two images share one, by their ids."""
    marts.load(
        ALBUM_IMAGES,
        *(
            {"album_id": "a", "image_id": image, "position": position, "views": views}
            for image, position, views in (("z", 0, 8), ("y", 1, 2), ("x", 1, 4))
        ),
    )
    columns = "image_id, position, views_per_first"
    assert marts.texts(f"select {columns} from main.album_performance order by position") == [
        ("z", "1", "1.0"),
        ("x", "2", "0.5"),
        ("y", "3", "0.25"),
    ]


# accounts


def test_accounts__counts_what_is_held(marts: Marts) -> None:
    """What is taken for deleted does not count, and an account of which nothing is held has zeros."""
    followed(
        marts,
        AMY | {"bio": "Hi", "reputation": 70, "reputation_name": "Liked", "created": at(-900)},
        BOB | {"fetched_at": at(-1)},
    )
    marts.load(
        POSTS,
        {"id": "p", "account_id": 8, "views": 10, "fetched_at": at(0)},
        {"id": "q", "account_id": 8, "views": None, "fetched_at": at(0)},
        {"id": "r", "account_id": 8, "views": 4, "fetched_at": at(0)},
        {"id": "gone", "account_id": 8, "views": 500, "fetched_at": at(-9)},
    )
    marts.load(
        IMAGES,
        {"id": "i", "account_id": 8, "views": 3, "fetched_at": at(0)},
        {"id": "gone", "account_id": 8, "views": 500, "fetched_at": at(-9)},
    )
    marts.load(ALBUMS, {"id": "a", "account_id": 8}, {"id": "gone", "account_id": 8})
    marts.load(
        ALBUM_IMAGES,
        {"album_id": "a", "image_id": "i", "views": 2},
        {"album_id": "a", "image_id": "j", "views": 4},
    )
    marts.load(
        COMMENTS,
        {"id": 1, "author_id": 8},
        {"id": 2, "author_id": 0, "author": "amy", "deleted": True},
        {"id": 9, "author_id": 8},
    )
    marts.load(POST_COMMENTS, {"id": 3, "author_id": 8}, {"id": 4, "author_id": 77})
    for resource in ("account_submissions", "account_albums", "account_images", "account_comments"):
        gone = "9" if resource == "account_comments" else "gone"
        marts.load(LIST_ITEMS, listed(gone, resource, seen=-9))
        marts.load(LIST_SWEEPS, *swept(resource, -3, -2))
    # posts p, q and r; images i (3 as its owner sees it) and j (4); comments 1 and 3
    assert marts.texts("select * from main.accounts order by account_id") == [
        (
            *("8", "Amy", "Hi", "Liked", "70", "3", "1", "2", "2", "14", "7", "0.0"),
            *(shown(-900), shown(0)),
        ),
        ("9", "Bob", None, None, None, "0", "0", "0", "0", "0", "0", "24.0", None, shown(-1)),
    ]


# survival


def test_survival__tells_what_has_become_of_what_lists_showed(marts: Marts) -> None:
    """Missed once is missing, missed by two proved walks deleted; a post that came back is alive."""
    followed(marts, AMY)
    marts.load(
        POSTS,
        {"id": "back", "account_id": 8, "title": "B", "views": 1, "datetime": at(-30), "fetched_at": at(-1)},
        {"id": "of a feed", "account_id": 5, "fetched_at": at(-1)},
    )
    marts.load(
        POST_METRICS,
        {"id": "back", "observed_at": at(-20), "fetched_at": at(-20)},
        {"id": "back", "observed_at": at(-1), "fetched_at": at(-1)},
    )
    marts.load(
        IMAGES,
        {"id": "gone", "account_id": 8, "views": 9, "datetime": at(-15), "fetched_at": at(-10)},
        {"id": "missed", "account_id": 8, "datetime": at(-15), "fetched_at": at(-4)},
    )
    marts.load(
        IMAGE_METRICS,
        *({"id": "gone", "observed_at": at(day), "fetched_at": at(-10)} for day in (-12, -14)),
    )
    marts.load(
        LIST_ITEMS,
        listed("back", "account_submissions", seen=-1),
        listed("gone", "account_images", seen=-10),
        listed("missed", "account_images", seen=-4),
        listed("an album", "account_albums", seen=-4),
    )
    marts.load(LIST_SWEEPS, *swept("account_images", -5, -2), *swept("account_submissions", -9, -8))
    # gone: ten days after its upload, seen from -14 to -10; missed: 13 days after it
    assert marts.texts("select * from main.survival order by kind, item_id") == [
        (
            *("image", "gone", "Amy", None, "deleted", "9", "240.0", "4.0"),
            *(shown(-15), shown(-14), shown(-10), shown(-5), shown(-5)),
        ),
        (
            *("image", "missed", "Amy", None, "missing", None, "312.0", "0.0"),
            *(shown(-15), shown(-4), shown(-4), shown(-2), None),
        ),
        (
            *("post", "back", "Amy", "B", "alive", "1", None, "19.0"),
            *(shown(-30), shown(-20), shown(-1), None, None),
        ),
    ]


def test_survival__dates_a_deletion_by_whichever_list_missed_it_first(marts: Marts) -> None:
    """Of two lists that have shown a post the one that proves that it is gone need not be the first that missed it."""
    followed(marts, AMY)
    marts.load(
        LIST_ITEMS,
        listed("p", "account_submissions", seen=-9),
        listed("p", "account_submissions", seen=-9, name="amy"),
    )
    once = swept("account_submissions", -6)
    twice = [{**walk, "list": "account_submissions/amy"} for walk in swept("account_submissions", -5, -4)]
    marts.load(LIST_SWEEPS, *once, *twice)
    assert marts.texts("select state, missing_since, deleted_at from main.survival") == [
        ("deleted", shown(-6), shown(-6))
    ]


def test_survival__knows_an_item_by_its_list_alone(marts: Marts) -> None:
    """Where the item itself is not held, its lists' earliest time is when it was made; lists of other things say nothing."""
    marts.load(
        LIST_ITEMS,
        listed("p", "account_submissions", seen=0) | {"datetime": at(-20)},
        listed("p", "account_submissions", seen=-1, name="former"),
        listed("i", "account_images", seen=0),
        listed("i", "account_favorites", seen=0) | {"datetime": at(-40)},
    )
    columns = "kind, item_id, account_name, state, views, made_at, first_seen_at"
    assert marts.texts(f"select {columns} from main.survival order by kind") == [
        ("image", "i", None, "alive", None, shown(-30), shown(0)),
        ("post", "p", None, "alive", None, shown(-30), shown(0)),
    ]


# social_rollup


def test_social_rollup__has_the_columns_of_other_platforms(marts: Marts) -> None:
    """Posts of followed accounts only; what Imgur does not tell is null, and every address is that of a page, https."""
    followed(marts, AMY)
    marts.load(
        POSTS,
        {
            "id": "p",
            "account_id": 8,
            "title": "Cat",
            "link": "http://imgur.com/a/p",
            "is_album": True,
            "views": 50,
            "ups": 6,
            "comment_count": 2,
            "datetime": at(-3),
        },
        {
            "id": "q",
            "account_url": "amy",
            "account_id": 0,
            "is_album": False,
            "link": "https://i.imgur.com/q.gif",
        },
        {"id": "of a feed", "account_id": 5},
    )
    marts.make("main.social_rollup")
    assert marts.read(
        "select column_name, data_type from duckdb_columns() where table_name = 'social_rollup' order by column_index",
    ) == [
        ("created_timestamp", "TIMESTAMP WITH TIME ZONE"),
        *((name, "VARCHAR") for name in ("post_id", "post_message", "page_id", "page_name", "post_url")),
        ("platform", "VARCHAR"),
        *((name, "BIGINT") for name in ("clicks", "impressions", "likes", "shares", "comments")),
    ]
    assert marts.texts("select * from main.social_rollup order by post_id") == [
        (
            *(shown(-3), "p", "Cat", "8", "Amy", "https://imgur.com/a/p", "imgur"),
            *(None, "50", "6", None, "2"),
        ),
        (
            *(None, "q", None, "8", "Amy", "https://imgur.com/gallery/q", "imgur"),
            *(None, None, None, None, None),
        ),
    ]


# whose a list is


def test_followed_names__knows_an_account_without_a_time(marts: Marts) -> None:
    """A name is of the account that was seen last; one that was never dated loses it to any other, but has one."""
    marts.load(
        ACCOUNTS,
        {"id": 1, "url": "Bob"},
        {"id": 2, "url": "bob", "fetched_at": at(-9)},
        {"id": 3, "url": "BOB", "fetched_at": at(-10)},
        {"id": 4, "url": "amy"},
        {"id": 5},
    )
    assert marts.texts("select account_id, name_key from staging.followed_names order by account_id") == [
        ("2", "bob"),
        ("4", "amy"),
    ]


def test_list_owners__knows_me_and_former_names(marts: Marts) -> None:
    """A name is its bearer's; me, and the list of a former name, are whose things they have shown."""
    followed(marts, AMY, BOB)
    marts.load(IMAGES, {"id": "i", "account_id": 8})
    marts.load(POSTS, {"id": "p", "account_id": 9}, {"id": "q", "account_id": 77})
    marts.load(
        LIST_ITEMS,
        listed("i", "account_images", seen=0),
        listed("p", "account_submissions", seen=-9, name="Robert"),
        listed("q", "account_submissions", seen=-9, name="stranger"),
    )
    marts.load(
        LIST_SWEEPS,
        {"list": "account_albums/bob", "kind": "sweep", "started_at": at(0)},
        {"list": "hot/viral", "kind": "feed", "started_at": at(0)},
    )
    assert marts.texts("select owner, account_id, account_name from staging.list_owners order by 1") == [
        ("bob", "9", "Bob"),
        ("me", "8", "Amy"),
        ("robert", "9", "Bob"),
        ("stranger", None, None),
    ]


def test_list_owners__takes_me_for_the_account_that_no_list_names(marts: Marts) -> None:
    """A login that has shown nothing yet is the one followed account that is not read by its name."""
    followed(marts, AMY, BOB)
    marts.load(
        LIST_SWEEPS,
        {"list": "account_albums/me", "kind": "sweep", "started_at": at(0)},
        {"list": "account_albums/bob", "kind": "sweep", "started_at": at(0)},
    )
    assert marts.texts("select owner, account_id from staging.list_owners order by 1") == [
        ("bob", "9"),
        ("me", "8"),
    ]
