"""The simulated world: what follows from the seed, what time does, and what a test may do to it."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgur_source.simulator import Simulator

DAY = timedelta(days=1)


def everything(sim: Simulator) -> str:
    """Return all that may be read from a world, as one text."""
    truth = sim.truth
    lists: list[Any] = [
        truth.account_images(),
        truth.account_albums(),
        truth.account_comments(),
        truth.submissions(),
        truth.favorites(),
        [
            truth.feed(name)
            for name in ("hot/viral", "top/top/week", "user/time", "r/aww", "t/cats", "search/the")
        ],
        [truth.post_comments(post_id) for post_id in sim.world.posts],
        [truth.account(name) for name in sim.other_usernames],
        [truth.album_images(album_id) for album_id in sim.world.albums],
        sim.client_id,
        sim.refresh_token,
    ]
    return json.dumps(lists)


def ids(records: list[dict[str, Any]]) -> list[Any]:
    """Return the ids of records."""
    return [record["id"] for record in records]


# seed and time


def test_seed__decides_everything() -> None:
    """The same seed gives the same world to the byte, also after some days; another seed another one."""
    one, two, other = Simulator(seed=3), Simulator(seed=3), Simulator(seed=4)
    assert everything(one) == everything(two) != everything(other)
    for sim in (one, two):
        sim.advance(5 * DAY)
    assert everything(one) == everything(two)


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(min_value=0, max_value=30 * 3600), min_size=1, max_size=6))
def test_advance__does_not_mind_how_it_is_cut(steps: list[int]) -> None:
    """Several short advances do exactly what one long one does."""
    in_steps, at_once = (Simulator(seed=11, images=80, posts=60) for _ in range(2))
    for step in steps:
        in_steps.advance(timedelta(seconds=step))
    at_once.advance(timedelta(seconds=sum(steps)))
    assert in_steps.now() == at_once.now()
    assert everything(in_steps) == everything(at_once)


def test_world__has_the_size_asked_for() -> None:
    """Images, albums, posts and comments are as many as the options say, also for odd sizes."""
    for images, albums, posts, comments in (
        (500, 41, 500, 3000),
        (7, 3, 10, 5),
        (0, 0, 0, 0),
        (3, 9, 40, 0),
        (30, 0, 5, 9),
    ):
        sim = Simulator(images=images, albums=albums, posts=posts, comments=comments)
        assert len(sim.truth.account_images()) == images
        assert len(sim.truth.account_albums()) == albums
        assert (len(sim.world.gallery), len(sim.world.comments)) == (posts, comments)
        sim.advance(3 * DAY)


def test_past__is_two_years_long_and_mostly_recent() -> None:
    """Uploads reach back beyond a year, most are younger than half a year, none is from the future."""
    sim = Simulator()
    ages = [sim.now().timestamp() - image["datetime"] for image in sim.truth.account_images()]
    assert 0 < min(ages) < 5 * 86_400
    assert 365 * 86_400 < max(ages) < 731 * 86_400
    assert sorted(ages)[250] < 182 * 86_400


def test_ids__come_in_two_lengths_and_differ_by_case() -> None:
    """Old ids have 5 characters, new ones 7, and some differ from another only in the case of a letter."""
    found = ids(Simulator().truth.account_images())
    assert {len(image_id) for image_id in found} == {5, 7}
    assert len(set(found)) == len(found) > len({image_id.lower() for image_id in found})


def test_nights__bring_new_things_and_change_counters() -> None:
    """In two weeks every list gains items at its head, counters grow, and some things vanish."""
    sim = Simulator()
    before = {name: list_of(sim) for name, list_of in _LISTS.items()}
    hot = ids(sim.truth.feed("hot/viral"))
    for _ in range(14):
        sim.advance(DAY)
    for name, list_of in _LISTS.items():
        after = list_of(sim)
        new = set(ids(after)) - set(ids(before[name]))
        assert len(new) >= 3, name
        assert after[0]["id"] in new, name
    images = {image["id"]: image for image in sim.truth.account_images()}
    gone = [image for image in before["images"] if image["id"] not in images]
    assert 1 <= len(gone) <= 20
    grown = [
        image
        for image in before["images"]
        if image["id"] in images and image["views"] < images[image["id"]]["views"]
    ]
    assert 50 < len(grown) < 450
    assert ids(sim.truth.feed("hot/viral"))[:60] != hot[:60]
    sizes = {album["id"]: album["images_count"] for album in before["albums"]}
    changed = [
        album
        for album in sim.truth.account_albums()
        if sizes.get(album["id"]) not in (None, album["images_count"])
    ]
    assert changed
    titles = {image["id"]: image["title"] for image in before["images"]}
    assert any(image["title"] != titles.get(image["id"], image["title"]) for image in images.values())


_LISTS: dict[str, Any] = {
    "images": lambda sim: sim.truth.account_images(),
    "albums": lambda sim: sim.truth.account_albums(),
    "comments": lambda sim: sim.truth.account_comments(),
    "submissions": lambda sim: sim.truth.submissions(),
    "favorites": lambda sim: sim.truth.favorites(),
    "feed": lambda sim: sim.truth.feed("user/time"),
    "subreddit": lambda sim: sim.truth.feed("r/aww"),
    "others": lambda sim: sim.truth.submissions(sim.other_usernames[0]),
}


def test_counters__never_fall() -> None:
    """Hour by hour, views, votes and favourites of everything stay or grow, and fast ones grow at once."""
    sim = Simulator(images=60, posts=60)
    seen: dict[tuple[str, str], int] = {}
    for _ in range(30):
        sim.advance(timedelta(hours=1))
        for record in sim.truth.account_images() + sim.truth.feed("user/time") + sim.truth.account_albums():
            for counter in ("views", "ups", "downs", "favorite_count"):
                if counter in record:
                    key = (record["id"], counter)
                    assert record[counter] >= seen.get(key, 0)
                    seen[key] = record[counter]
    young = sim.world.add_post(sim.world.add_image().id)
    young.burst.total = 100_000
    sim.advance(DAY)
    assert sim.truth.post(young.id)["views"] > 30_000


def test_ages__decide_how_fast_views_grow() -> None:
    """A post gains most on its first day and less on each that follows, hardly anything on the tenth."""
    sim = Simulator(images=3, posts=0)
    post = sim.world.add_post(sim.world.add_image().id)
    post.burst.total, post.burst.half_life = 1e6, 86_400.0
    views = [0]
    for _ in range(10):
        sim.advance(DAY)
        views.append(sim.truth.post(post.id)["views"])
    gains = [later - earlier for earlier, later in pairwise(views)]
    assert gains == sorted(gains, reverse=True)
    assert gains[0] > 10 * gains[-1]


def test_top__respects_its_window() -> None:
    """``top`` of a day holds the posts of 24 hours only, of a week more, ranked by points."""
    sim = Simulator()
    day, week = sim.truth.feed("top/top/day"), sim.truth.feed("top/top/week")
    oldest = sim.now().timestamp() - 86_400 - 300  # ranks are up to five minutes old
    assert all(post["datetime"] >= oldest for post in day)
    assert set(ids(day)) < set(ids(week))
    points = [post["points"] for post in week]
    assert sum(a >= b for a, b in pairwise(points)) >= len(points) - 3


def test_mature__posts_show_on_request_only() -> None:
    """Mature posts are left out unless ``mature=true``; ``showViral=false`` leaves out the front page."""
    sim = Simulator(posts=100)
    post = sim.world.add_post(sim.world.add_image().id, is_mature=True)
    with httpx.Client(
        transport=httpx.MockTransport(sim),
        base_url="https://api.imgur.com/3/",
        headers={"Authorization": f"Client-ID {sim.client_id}"},
    ) as client:

        def newest(query: str) -> list[dict[str, Any]]:
            data: list[dict[str, Any]] = client.get(f"gallery/user/time/0?{query}").json()["data"]
            return data

        assert post.id not in ids(newest(""))
        assert newest("mature=true")[0]["id"] == post.id
        assert {record["in_most_viral"] for record in newest("")} == {True, False}
        assert {record["in_most_viral"] for record in newest("showViral=false")} == {False}


# what a test may do


def test_images__can_be_added_deleted_and_restored() -> None:
    """An image added stands at the head as told; deleted, it leaves albums too; restored, it is back."""
    sim = Simulator(images=20, albums=2, posts=0)
    image = sim.world.add_image(title="A 'quoted' title", size=10, type="image/png")
    assert sim.truth.account_images()[0]["title"] == "A 'quoted' title"
    assert sim.truth.account_images()[0]["datetime"] == sim.now().timestamp()
    album = sim.world.add_album(images=[image], title="Mine")
    sim.world.delete_image(image.id)
    assert image.id not in ids(sim.truth.account_images())
    assert sim.truth.album_images(album.id) == []
    assert sim.truth.account_albums()[0]["cover"] is None
    sim.world.restore_image(image)
    assert sim.truth.account_images()[0]["id"] == image.id
    old = sim.world.add_image(at=datetime(2025, 12, 24, tzinfo=UTC))
    records = sim.truth.account_images()
    assert records[ids(records).index(old.id)]["datetime"] == 1766534400
    with pytest.raises(TypeError, match="no attribute colour"):
        sim.world.add_image(colour="red")


def test_albums__can_be_changed_in_every_way() -> None:
    """Albums can be emptied, filled, reordered, renamed, hidden and deleted; their images stay."""
    sim = Simulator(images=20, albums=0, posts=0)
    images = sim.world.shelf(sim.world.owner).images.newest(0, 3)
    album = sim.world.add_album(images=images, privacy="public")
    assert ids(sim.truth.album_images(album.id)) == [image.id for image in images]
    backwards = [image.id for image in images[::-1]]
    sim.world.reorder_album(album.id, backwards)
    assert ids(sim.truth.album_images(album.id)) == backwards
    sim.world.remove_from_album(album.id, images[1].id)
    sim.world.rename_album(album.id, "Plan B", description="changed")
    sim.world.set_privacy(album.id, "hidden")
    record = sim.truth.account_albums()[0]
    assert (record["title"], record["description"], record["images_count"]) == ("Plan B", "changed", 2)
    assert sim.truth.account_albums(sim.username) == []
    sim.world.empty_album(album.id)
    assert sim.truth.album_images(album.id) == []
    sim.world.add_to_album(album.id, images[1].id)
    assert sim.truth.account_albums()[0]["cover"] == images[1].id
    sim.world.delete_album(album.id)
    assert sim.truth.account_albums() == []
    assert len(sim.truth.account_images()) == 20


def test_posts_comments_and_favourites__can_be_made_and_removed() -> None:
    """A post takes its comments and favourites with it; a deleted comment leaves a stub above its replies."""
    sim = Simulator(images=5, albums=0, posts=0)
    other = sim.other_usernames[0]
    image = sim.world.add_image(owner=other, title="Look")
    post = sim.world.add_post(image.id, tags=("cats",))
    sim.world.add_favorite(post.id)
    root = sim.world.add_comment(post.id, text="first")
    reply = sim.world.add_comment(post.id, text="second", author=other, parent_id=root.id)
    assert ids(sim.truth.feed("t/cats")) == ids(sim.truth.favorites()) == [post.id]
    assert sim.truth.submissions(other)[0]["title"] == "Look"
    sim.world.delete_comment(root.id)
    tree = sim.truth.post_comments(post.id)
    assert (tree[0]["deleted"], tree[0]["comment"], tree[0]["children"][0]["comment"]) == (True, "", "second")
    assert sim.truth.account_comments() == []
    sim.world.delete_comment(reply.id)
    assert sim.truth.post_comments(post.id) == []
    sim.world.add_comment(post.id, text="third")
    sim.world.remove_post(post.id)
    assert sim.truth.account_comments() == sim.truth.favorites() == sim.truth.feed("user/time") == []
    sim.world.rename_account(other, "brand_new_name")
    assert sim.truth.account("brand_new_name")["id"] == image.owner.id if image.owner else False


def test_owner__can_be_renamed_and_keeps_the_number() -> None:
    """After a rename the old name is unknown, and ``me`` shows the new one with the same id."""
    sim = Simulator(images=5, posts=0)
    number = sim.truth.account()["id"]
    sim.world.rename_account("marmalade_fox", "lemon_curd")
    assert sim.truth.account()["url"] == "lemon_curd"
    assert sim.truth.account("lemon_curd")["id"] == number
    with pytest.raises(KeyError, match="marmalade_fox"):
        sim.truth.account("marmalade_fox")
    sim.world.rename_image(sim.truth.account_images()[0]["id"], "New words")
    assert sim.truth.account_images()[0]["title"] == "New words"


def test_time__passes_with_requests_if_told_so() -> None:
    """With ``seconds_per_request`` the lists move while somebody walks them."""
    sim = Simulator(images=50, posts=0, seconds_per_request=3600)
    with httpx.Client(transport=httpx.MockTransport(sim)) as client:
        client.get("https://api.imgur.com/3/credits")
    assert sim.now() == datetime(2026, 11, 9, 4, tzinfo=UTC)


# speed


def test_speed__of_nights_and_of_large_accounts() -> None:
    """14 nights at 500 images take well under a second, and a page of 60,000 images a few milliseconds."""
    sim = Simulator()
    began = time.perf_counter()
    for _ in range(14):
        sim.advance(DAY)
    assert time.perf_counter() - began < 1.0
    large = Simulator(images=60_000, albums=100, posts=100)
    with httpx.Client(
        transport=httpx.MockTransport(large), headers={"Authorization": f"Bearer {large.access_token}"}
    ) as client:
        began = time.perf_counter()
        for page in range(0, 1200, 60):
            assert len(client.get(f"https://api.imgur.com/3/account/me/images/{page}").json()["data"]) == 50
        assert (time.perf_counter() - began) / 20 < 0.05
