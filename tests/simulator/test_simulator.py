"""The endpoints of the simulated Imgur: pages, views, shapes, and the truth tests compare with."""

from __future__ import annotations

import ast
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

import imgur_source.simulator
from imgur_source.simulator import Options, Simulator

Record = dict[str, Any]


def ask(sim: Simulator, path: str, *, public: bool = False, etag: str = "") -> httpx.Response:
    """Send a GET as the owner, or with the client id only."""
    credential = f"Client-ID {sim.client_id}" if public else f"Bearer {sim.access_token}"
    with httpx.Client(transport=httpx.MockTransport(sim), base_url="https://api.imgur.com/3/") as client:
        return client.get(
            path, headers={"Authorization": credential} | ({"If-None-Match": etag} if etag else {})
        )


def data(sim: Simulator, path: str, *, public: bool = False) -> Any:
    """Return what an endpoint answers, out of its envelope."""
    response = ask(sim, path, public=public)
    reply = response.json()
    assert (response.status_code, reply["success"], reply["status"]) == (200, True, 200), path
    return reply["data"]


def walk(sim: Simulator, path: str, *, public: bool = False) -> list[Any]:
    """Return all pages of a list; ``{page}`` in *path* is the number."""
    found: list[Any] = []
    for page in range(100):
        items = data(sim, path.format(page=page), public=public)
        if not items:
            return found
        found += items
    raise AssertionError(f"{path} has no end")


@pytest.fixture(scope="module")
def world() -> Simulator:
    """A world nobody changes, with credits without end."""
    return Simulator(seed=7, user_limit=100_000, client_limit=100_000)


# lists and truth


@pytest.mark.parametrize(
    ("path", "public", "expected"),
    [
        ("account/me/images/{page}", False, lambda sim: sim.truth.account_images()),
        ("account/me/albums/{page}", False, lambda sim: sim.truth.account_albums()),
        ("account/marmalade_fox/albums/{page}", True, lambda sim: sim.truth.account_albums("marmalade_fox")),
        ("account/me/comments/newest/{page}", False, lambda sim: sim.truth.account_comments()),
        ("account/me/submissions/{page}", False, lambda sim: sim.truth.submissions()),
        ("account/me/favorites/{page}/newest", False, lambda sim: sim.truth.favorites()),
        ("account/me/gallery_favorites/{page}/newest", False, lambda sim: sim.truth.gallery_favorites()),
        ("gallery/hot/viral/{page}", True, lambda sim: sim.truth.feed("hot/viral")),
        ("gallery/top/top/month/{page}", True, lambda sim: sim.truth.feed("top/top/month")),
        ("gallery/user/time/{page}", True, lambda sim: sim.truth.feed("user/time@5")),
        ("gallery/user/rising/day/{page}", True, lambda sim: sim.truth.feed("user/rising")),
        ("gallery/search/time/all/{page}?q=the", True, lambda sim: sim.truth.feed("search/the")),
        ("gallery/r/aww/time/week/{page}", True, lambda sim: sim.truth.feed("r/aww")),
        ("gallery/r/aww/top/month/{page}", True, lambda sim: sim.truth.feed("r/aww/top/month")),
    ],
)
def test_lists__pages_joined_are_the_truth(world: Simulator, path: str, public: bool, expected: Any) -> None:
    """Read page by page up to the empty one, each list is exactly what ``truth`` says."""
    found = walk(world, path, public=public)
    assert found == expected(world)
    assert found


def test_tag_gallery__items_joined_are_the_truth(world: Simulator) -> None:
    """A tag's posts come inside the object of the tag, and an empty ``items`` is the end."""
    found: list[Record] = []
    while page := data(world, f"gallery/t/cats/time/week/{len(found) // 60}", public=True)["items"]:
        found += page
        if len(page) < 60:
            break
    assert found == world.truth.feed("t/cats/time")
    assert len(found) > 30


@pytest.mark.parametrize(
    ("path", "size"),
    [
        ("account/me/images", 50),
        ("account/me/images/ids", 50),
        ("account/me/images/0?perPage=100", 100),
        ("account/me/images/0?perPage=500", 100),
        ("account/me/comments/newest/0", 50),
        ("account/me/submissions/0", 60),
        ("gallery/hot/viral/0", 60),
        ("gallery/hot/viral/0?perPage=100", 60),
        ("account/me/favorites/0/newest", 60),
    ],
)
def test_pages__have_imgurs_sizes(world: Simulator, path: str, size: int) -> None:
    """Account lists bring 50 or up to 100 on request, gallery lists always 60."""
    assert len(data(world, path)) == size


def test_per_page__may_be_ignored() -> None:
    """With ``per_page="ignored"`` the page stays at 50, whatever is asked for."""
    sim = Simulator(images=120, posts=0, per_page="ignored")
    assert len(data(sim, "account/me/images/0?perPage=100")) == 50


def test_search__third_pages_are_short_in_the_middle(world: Simulator) -> None:
    """A search page of 59 is followed by a full one, and nothing is lost between them."""
    sizes = [len(data(world, f"gallery/search/time/all/{page}?q=a")) for page in range(4)]
    assert sizes == [60, 59, 60, 60]


def test_page__number_may_stand_in_the_query(world: Simulator) -> None:
    """``?page=2`` is the same as page 2 in the path, and no number means the first page."""
    assert data(world, "account/me/images?page=2") == data(world, "account/me/images/2")
    assert data(world, "gallery/hot/time?page=1") == data(world, "gallery/hot/time/1")
    assert data(world, "account/me/albums") == data(world, "account/me/albums/0")


def test_short_gallery_paths__mean_the_defaults(world: Simulator) -> None:
    """Segments left out of a gallery path stand for viral, day and page 0."""
    full = data(world, "gallery/hot/viral/day/0")
    assert data(world, "gallery/hot/viral") == data(world, "gallery/hot") == data(world, "gallery") == full


def test_counts_and_ids__agree_with_the_lists(world: Simulator) -> None:
    """Ids are those of the records in the same order, and counts say how many."""
    images = world.truth.account_images()
    assert walk(world, "account/me/images/ids/{page}") == [image["id"] for image in images]
    assert data(world, "account/me/images/count") == len(images) == 500
    assert data(world, "account/me/albums/count") == len(world.truth.account_albums()) == 41
    comments = world.truth.account_comments()
    assert walk(world, "account/me/comments/ids/newest/{page}") == [comment["id"] for comment in comments]
    assert data(world, "account/me/comments/count") == len(comments)


def test_comment_counts__may_be_off_by_one() -> None:
    """Imgur's comment count was recorded one below the list; the option reproduces it."""
    sim = Simulator(images=20, comment_count_error=-1)
    assert data(sim, "account/me/comments/count") == len(sim.truth.account_comments()) - 1
    post = max(sim.world.posts.values(), key=lambda post: len(post.comments))
    assert data(sim, f"gallery/{post.id}/comments/count") == sim.truth.post(post.id)["comment_count"] - 1


def test_lists__are_newest_first(world: Simulator) -> None:
    """Images, albums, comments and submissions are sorted by time, latest first, with ties among images."""
    truth = world.truth
    for records in (
        truth.account_images(),
        truth.account_albums(),
        truth.account_comments(),
        truth.submissions(),
    ):
        times = [record["datetime"] for record in records]
        assert times == sorted(times, reverse=True)
    uploads = [image["datetime"] for image in truth.account_images()]
    assert len(set(uploads)) < len(uploads)


def test_sorts__reverse_and_rank(world: Simulator) -> None:
    """``oldest`` is ``newest`` backwards; ``best`` begins with the most points."""
    newest = world.truth.account_comments()
    assert data(world, "account/me/comments/oldest/0") == newest[::-1][:50]
    best = data(world, "account/me/comments/best/0")
    assert best[0]["points"] == max(comment["points"] for comment in newest)
    assert data(world, "account/me/submissions/0/worst")[0]["points"] == min(
        post["points"] for post in world.truth.submissions()
    )
    assert data(world, "account/me/favorites/0/oldest")[0] == world.truth.favorites()[-1]


# views


def test_owner_view__carries_secrets_and_hidden_albums(world: Simulator) -> None:
    """The owner sees deletehashes of 15 characters, file names and hidden albums; the public none of them."""
    mine, public = data(world, "account/me/albums"), data(world, "account/marmalade_fox/albums", public=True)
    assert {album["privacy"] for album in mine} == {"public", "hidden"}
    assert {album["privacy"] for album in public} == {"public"}
    assert all(len(album["deletehash"]) == 15 for album in mine)
    image = data(world, "account/me/images")[0]
    assert len(image["deletehash"]) == 15
    assert "name" in image
    alone = data(world, f"image/{image['id']}", public=True)
    seen = json.dumps([public, alone, data(world, "gallery", public=True)])
    assert "deletehash" not in seen
    assert '"name": "IMG_' not in seen


def test_album_lists__never_carry_images(world: Simulator) -> None:
    """An account's album list has counts only; the album itself has all its images in its order."""
    albums = data(world, "account/me/albums")
    assert not any("images" in album for album in albums)
    album = max(albums, key=lambda record: record["images_count"])
    whole = data(world, f"album/{album['id']}")
    assert whole == data(world, f"account/me/album/{album['id']}")
    assert (
        whole["images"] == data(world, f"album/{album['id']}/images") == world.truth.album_images(album["id"])
    )
    assert len(whole["images"]) == album["images_count"] > 3


def test_empty_albums__exist_and_have_no_cover(world: Simulator) -> None:
    """Some albums hold nothing, and their cover is null."""
    empty = [album for album in data(world, "account/me/albums") if album["images_count"] == 0]
    assert empty
    assert {album["cover"] for album in empty} == {None}
    assert data(world, f"album/{empty[0]['id']}/images") == []


def test_album_previews__bring_three_images_at_most(world: Simulator) -> None:
    """Without the parameter posts have no ``images``; with it albums have up to 3, their votes null."""
    plain = data(world, "gallery/hot/viral/0", public=True)
    assert not any("images" in post for post in plain)
    previews = data(world, "gallery/hot/viral/0?album_previews=true", public=True)
    assert previews == world.truth.feed("hot/viral", previews=3)[:60]
    albums = [post for post in previews if post["is_album"]]
    assert all(len(post["images"]) == min(3, post["images_count"]) for post in albums)
    assert max(post["images_count"] for post in albums) > 3
    nested = albums[0]["images"][0]
    assert [nested[key] for key in ("ups", "downs", "points", "score", "account_id")] == [None] * 5
    assert not any("images" in post for post in previews if not post["is_album"])


def test_subreddit__has_neither_author_nor_votes(world: Simulator) -> None:
    """Subreddit images come with null authors and votes, are not in the gallery, and do have a score."""
    items = data(world, "gallery/r/aww/time/0", public=True)
    empty = {"account_url", "account_id", "ups", "downs", "points", "comment_count"}
    assert all(item[key] is None for item in items for key in empty)
    assert {(item["in_gallery"], item["section"], item["is_album"]) for item in items} == {
        (False, "aww", False)
    }
    assert max(item["score"] for item in items) > 0
    assert data(world, f"gallery/r/aww/{items[0]['id']}", public=True) == items[0]
    assert data(world, "gallery/r/nowhere_at_all", public=True) == []


def test_favorites__lack_scores_and_include_what_is_not_in_the_gallery(world: Simulator) -> None:
    """Favourites have null scores; those with a token show images outside the gallery too."""
    mine, of_gallery = world.truth.favorites(), world.truth.gallery_favorites()
    assert {favorite["score"] for favorite in mine} == {None}
    assert {favorite["favorite"] for favorite in mine} == {True}
    loose = [favorite for favorite in mine if favorite not in of_gallery]
    assert len(loose) == 8
    assert any("ups" not in favorite for favorite in loose)
    assert any(favorite.get("ups", 1) is None for favorite in loose)
    times = [favorite["datetime"] for favorite in mine]
    assert times != sorted(times, reverse=True)


def test_accounts__answer_by_name_me_and_number(world: Simulator) -> None:
    """An account is the same by ``me``, by its name in any capitals, and by its number."""
    me = data(world, "account/me")
    assert me["url"] == world.username == "marmalade_fox"
    assert me == data(world, "account/Marmalade_FOX") == data(world, f"account?account_id={me['id']}")
    assert me == world.truth.account()
    profile = data(world, "account/me/gallery_profile")
    assert profile["total_gallery_submissions"] == len(world.truth.submissions())


def test_others__have_public_lists(world: Simulator) -> None:
    """Other accounts can be asked with the client id: albums, submissions over one page, comments."""
    name = world.other_usernames[0]
    for path in ("albums", "submissions", "comments/newest"):
        assert data(world, f"account/{name}/{path}", public=True), path
    posts = walk(world, f"account/{name}/submissions/{{page}}", public=True)
    assert posts == world.truth.submissions(name)
    assert len(posts) > 60
    assert {post["account_url"] for post in posts} == {name}


# single things


def test_posts__by_id_are_whole(world: Simulator) -> None:
    """``gallery/{id}`` and ``gallery/album/{id}`` bring every image; the wrong kind is a 404."""
    post = max(
        (post for post in world.truth.feed("user/time") if post["is_album"]),
        key=lambda post: post["images_count"],
    )
    whole = data(world, f"gallery/{post['id']}", public=True)
    assert whole == data(world, f"gallery/album/{post['id']}", public=True) == world.truth.post(post["id"])
    assert len(whole["images"]) == post["images_count"] > 10
    assert ask(world, f"gallery/image/{post['id']}").status_code == 404
    assert data(world, f"gallery/{post['id']}/votes") == {"ups": post["ups"], "downs": post["downs"]}
    votes = data(world, f"gallery/{post['id']}/tags")["tags"]
    assert [vote["name"] for vote in votes] == [tag["name"] for tag in post["tags"]]


def test_gallery_post__was_uploaded_before_it_was_posted(world: Simulator) -> None:
    """The date of a post is its insertion into the gallery, some while after the upload."""
    waited = []
    for post in world.truth.submissions("marmalade_fox"):
        path = "album" if post["is_album"] else "image"
        waited.append(post["datetime"] - data(world, f"{path}/{post['id']}")["datetime"])
    assert min(waited) >= 0
    assert sorted(waited)[len(waited) // 2] > 3600


def test_comment_trees__are_nested_and_flat_lists_are_not(world: Simulator) -> None:
    """A tree hangs together by parent_id, reaches depth 5, keeps stubs; flat lists have no children."""
    deepest, stubs, empty = 0, [], 0

    def check(comments: list[Record], parent_id: int, depth: int) -> int:
        for comment in comments:
            assert comment["parent_id"] == parent_id
            assert comment["points"] == comment["ups"] - comment["downs"]
            stubs.extend([comment] if comment["deleted"] else [])
            check(comment["children"], comment["id"], depth + 1)
            nonlocal deepest
            deepest = max(deepest, depth)
        return depth

    for post_id in world.world.posts:
        tree = world.truth.post_comments(post_id)
        empty += not tree
        check(tree, 0, 0)
    assert deepest >= 5
    assert stubs
    assert {stub["comment"] for stub in stubs} == {""}
    assert all(stub["children"] for stub in stubs)
    assert empty
    assert {len(comment["children"]) for comment in world.truth.account_comments()} == {0}


def test_comment_endpoints__give_one_or_its_replies(world: Simulator) -> None:
    """A comment alone has no children, ``replies`` has them all; a missing one is a string, yet a success."""
    post_id = max(world.world.posts, key=lambda key: len(world.truth.post_comments(key)))
    tree = data(world, f"gallery/{post_id}/comments/best", public=True)
    assert tree == world.truth.post_comments(post_id)
    root = next(comment for comment in tree if comment["children"] and not comment["deleted"])
    assert data(world, f"comment/{root['id']}/replies") == root
    assert data(world, f"comment/{root['id']}") == root | {"children": []}
    assert isinstance(root["id"], int)
    assert root["id"] > 2**31
    newest = data(world, f"gallery/{post_id}/comments/new")
    assert newest == sorted(newest, key=lambda comment: comment["datetime"], reverse=True)
    assert data(world, "comment/1") == "An error occurred while fetching the comment"
    ids = data(world, f"gallery/{post_id}/comments/ids")
    assert len(ids) >= data(world, f"gallery/{post_id}/comments/count") > len(tree)


def test_tags__have_an_object_each(world: Simulator) -> None:
    """``tags`` lists them with the top posts, ``tag_info`` is one of them, an unknown one is a 404."""
    tags = data(world, "tags", public=True)
    assert set(tags) == {"tags", "featured", "galleries"}
    cats = next(tag for tag in tags["tags"] if tag["name"] == "cats")
    assert data(world, "gallery/tag_info/cats") == cats
    gallery = data(world, "gallery/t/cats/viral/week/0")
    assert {key: value for key, value in gallery.items() if key != "items"} == cats
    assert ask(world, "gallery/t/no_such_tag").json()["data"]["error"] == "Tag does not exist"
    assert {str(tag["description_annotations"]) for tag in tags["tags"]} == {"{}", "[]"}


@pytest.mark.parametrize(
    ("path", "public", "status", "error"),
    [
        ("image/nothing", True, 404, "Unable to find an image with the id, nothing"),
        ("album/nothing", True, 404, "Unable to find an album with the id, nothing"),
        ("gallery/nothing", True, 404, "Not Found"),
        ("account/nobody_here", True, 404, "Unable to find a user with the username, nobody_here"),
        ("account/me", True, 401, "Authentication required"),
        ("account/me/images/0", True, 401, "Authentication required"),
        ("account/me/favorites", True, 401, "Authentication required"),
        ("account/spotted_pelican/images", False, 403, "Unauthorized"),
        ("account/spotted_pelican/favorites", False, 403, "Unauthorized"),
        ("account/jolly_beaver/gallery_favorites", True, 403, "Unauthorized"),
    ],
)
def test_refusals__name_the_request(
    world: Simulator, path: str, public: bool, status: int, error: str
) -> None:
    """What is missing or not for the caller is refused in the envelope, with the path."""
    assert world.other_usernames[:2] == ("spotted_pelican", "jolly_beaver")
    response = ask(world, path, public=public)
    assert response.status_code == status
    expected = {"error": error, "request": f"/3/{path}", "method": "GET"}
    assert response.json() == {"data": expected, "success": False, "status": status}


def test_unknown_paths__get_a_page_for_people(world: Simulator) -> None:
    """A path nobody knows is answered with 404 and HTML, and writing is not allowed."""
    response = ask(world, "gallery/hot/viral/day/0/more")
    assert (response.status_code, response.json()["data"]["error"]) == (404, "Not Found")
    response = ask(world, "no/such/thing")
    assert response.status_code == 404
    assert response.headers["Content-Type"].startswith("text/html")
    with httpx.Client(transport=httpx.MockTransport(world)) as client:
        assert client.delete("https://api.imgur.com/3/image/abc").status_code == 405


# the wild


def test_fields__drift_as_recorded(world: Simulator) -> None:
    """Types of one field differ between records, as in recorded replies, and stay with their record."""
    images = world.truth.account_images()
    assert {json.dumps(image["edited"]) for image in images} == {'"0"', "0"}
    assert {type(image["mp4_size"]) for image in images if "mp4_size" in image} == {int, str}
    assert {image["nsfw"] for image in images} >= {None, False}
    assert {image["section"] for image in images} == {None, ""}
    assert {"vote" in image for image in images} == {True, False}
    assert {"ad_config" in image for image in images} == {True, False}
    assert None in {image["account_url"] for image in images}
    assert {image["account_id"] for image in images} == {world.world.owner.id}
    assert any(image["description"] and "\n" in image["description"] for image in images)
    assert any(not (image["title"] or "").isascii() for image in images)
    posts = world.truth.feed("user/time")
    assert {post["topic"] for post in posts} == {None, "No Topic"}
    assert any(post["tags"] == [] for post in posts)
    assert any(post["score"] != post["points"] for post in posts)
    accounts = [world.truth.account(name) for name in ("me", *world.other_usernames)]
    assert {type(account["pro_expiration"]) for account in accounts} == {bool, int}


def test_arithmetic__holds_everywhere(world: Simulator) -> None:
    """Points are ups less downs, and bandwidth is size times views and beyond 32 bits for many."""
    for post in world.truth.feed("user/top/all"):
        assert post["points"] == post["ups"] - post["downs"]
    images = world.truth.account_images()
    assert all(image["bandwidth"] == image["size"] * image["views"] for image in images)
    assert max(image["bandwidth"] for image in images) > 2**32


def test_links__of_large_gifs_are_still_pictures(world: Simulator) -> None:
    """A GIF above 20 MB links to its preview, whose name ends in ``h``."""
    sim = Simulator(images=5, albums=0, posts=0)
    gif = sim.world.add_image(type="image/gif", size=30_000_000)
    assert data(sim, f"image/{gif.id}")["link"] == f"https://i.imgur.com/{gif.id}h.gif"


def test_etag__brings_a_304_while_nothing_changed() -> None:
    """A page asked again with its ETag is a 304 without a body; once time changed it, a 200."""
    sim = Simulator(images=60, posts=20)
    first = ask(sim, "account/me/images/0")
    again = ask(sim, "account/me/images/0", etag=first.headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["X-RateLimit-UserRemaining"] == "498"
    sim.advance(timedelta(days=20))
    later = ask(sim, "account/me/images/0", etag=first.headers["ETag"])
    assert later.status_code == 200
    assert "ETag" not in ask(Simulator(images=5, etags=False), "account/me").headers


# the simulator as such


def test_options__are_checked() -> None:
    """An option that does not exist is an error, and so is a time without zone."""
    with pytest.raises(TypeError):
        Simulator(imagez=3)
    with pytest.raises(ValueError, match="time zone"):
        Simulator(now=datetime(2026, 1, 1))  # noqa: DTZ001 - the missing zone is the point
    with pytest.raises(ValueError, match="forwards"):
        Simulator(Options(images=3, posts=0)).advance(timedelta(seconds=-1))


def test_request_log__is_bounded_and_hides_tokens() -> None:
    """The log holds the last requests with path, status and cost; its repr shows no token."""
    sim = Simulator(images=5, posts=0, requests_kept=2)
    for path in ("credits", "account/me", "image/x"):
        ask(sim, path)
    assert [(seen.method, seen.path, seen.status, seen.cost) for seen in sim.requests] == [
        ("GET", "/3/account/me", 200, 1),
        ("GET", "/3/image/x", 404, 1),
    ]
    assert sim.requests[0].headers["authorization"] == f"Bearer {sim.access_token}"
    assert sim.requests[0].at == sim.now() == datetime(2026, 11, 9, 3, tzinfo=UTC)
    assert sim.access_token not in repr(sim.requests) + repr(sim) + repr(sim.tokens)


def test_package__imports_nothing_of_the_source() -> None:
    """The simulator uses the standard library, httpx and itself, so that no error is shared."""
    allowed = {"httpx", "imgur_source.simulator"}
    for file in Path(imgur_source.simulator.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            foreign = {
                name for name in names if name.startswith(("imgur_source", "dlt", "duckdb", "msgspec"))
            }
            assert all(name.startswith("imgur_source.simulator") for name in foreign - allowed), file.name
