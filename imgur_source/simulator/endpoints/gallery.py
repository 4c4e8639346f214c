"""The endpoints under ``/3/gallery``, and the list of tags."""

from dataclasses import replace

from imgur_source.simulator.endpoints.context import Call, Desk
from imgur_source.simulator.endpoints.records import PREVIEWS
from imgur_source.simulator.endpoints.responses import Answer, enveloped
from imgur_source.simulator.world import (
    Album,
    Feed,
    Post,
    comment_tree,
    tag_record,
    tag_votes,
    text,
    tree_ids,
)

_FEATURED_TAGS = 3


# lists


def section(desk: Desk, call: Call) -> Answer:
    """Answer ``gallery/{section}/{sort}/{window}/{page}``."""
    feed, call = _feed(call, "section", call.values.get("name") or "hot")
    feed = replace(feed, with_viral=call.query.get("showViral", "true") != "false")
    return _posts(desk, call, feed)


def search(desk: Desk, call: Call) -> Answer:
    """Answer ``gallery/search/{sort}/{window}/{page}?q=``."""
    words_wanted = call.query.get("q_all") or call.query.get("q", "")
    feed, call = _feed(call, "search", words_wanted)
    return _posts(desk, call, feed)


def subreddit(desk: Desk, call: Call) -> Answer:
    """Answer ``gallery/r/{subreddit}/{sort}/{window}/{page}``, or one image of it."""
    image = desk.world.images.get(call.values["rest"])
    if image is not None and image.owner is None:
        return enveloped(desk.shapes(call).subreddit_item(image))
    feed, call = _feed(call, "subreddit", call.values["name"])
    shapes = desk.shapes(call)
    return enveloped(
        [shapes.subreddit_item(image) for image in desk.gallery_page(call, desk.feeds.subreddit(feed))]
    )


def tag(desk: Desk, call: Call) -> Answer:
    """Answer ``gallery/t/{tag}/{sort}/{window}/{page}``: the tag with its posts as ``items``, or one post."""
    name = _known_tag(call)
    if call.values["rest"] in desk.world.posts:
        return enveloped(desk.shapes(call).whole_post(desk.world.posts[call.values["rest"]]))
    feed, call = _feed(call, "tag", name)
    shapes = desk.shapes(call)
    previews = desk.previews(call, PREVIEWS)
    items = [
        shapes.post(post, previews=previews)
        for post in desk.gallery_page(call, desk.feeds.posts(_adult(call, feed)))
    ]
    return enveloped({**tag_record(desk.world, name), "items": items})


def _posts(desk: Desk, call: Call, feed: Feed) -> Answer:
    shapes = desk.shapes(call)
    previews = desk.previews(call, PREVIEWS)
    posts = desk.feeds.posts(_adult(call, feed))
    page = desk.gallery_page(call, posts, has_short_pages=feed.kind == "search")
    return enveloped([shapes.post(post, previews=previews) for post in page])


def _adult(call: Call, feed: Feed) -> Feed:
    return replace(feed, with_mature=call.query.get("mature") == "true")


def _feed(call: Call, kind: str, name: str) -> tuple[Feed, Call]:
    """Return the list which the path names, and the call with its page."""
    found = Feed.from_segments(kind, name, [part for part in call.values.get("rest", "").split("/") if part])
    if found is None:
        raise call.refusal(404, "Not Found")
    feed, page = found
    return feed, call if page is None else call.with_values({**call.values, "page": str(page)})


# tags


def tags(desk: Desk, call: Call) -> Answer:
    """Answer ``tags``."""
    shapes = desk.shapes(call)
    galleries = []
    for place, (name, label) in enumerate((("hot", "Most Viral"), ("user", "User Submitted"))):
        top = desk.feeds.posts(Feed("section", name, "viral", "day"))[:1]
        galleries += (
            [{"id": place, "name": label, "description": f"{label} posts", "topPost": shapes.post(top[0])}]
            if top
            else []
        )
    records = [tag_record(desk.world, name) for name in text.TAGS]
    return enveloped({"tags": records, "featured": text.TAGS[_FEATURED_TAGS], "galleries": galleries})


def tag_info(desk: Desk, call: Call) -> Answer:
    """Answer ``gallery/tag_info/{tag}``."""
    return enveloped(tag_record(desk.world, _known_tag(call)))


def _known_tag(call: Call) -> str:
    if call.values["name"] not in text.TAGS:
        raise call.refusal(404, "Tag does not exist")
    return call.values["name"]


# one post


def post(desk: Desk, call: Call) -> Answer:
    """Answer ``gallery/{id}``, ``gallery/album/{id}`` and ``gallery/image/{id}``."""
    found = _post(desk, call)
    kind = call.values.get("kind")
    if kind and (kind == "album") != isinstance(found.content, Album):
        raise call.refusal(404, "Not Found")
    return enveloped(desk.shapes(call).whole_post(found))


def post_tags(desk: Desk, call: Call) -> Answer:
    """Answer ``gallery/{id}/tags``."""
    return enveloped(tag_votes(_post(desk, call), at=desk.world.now))


def post_votes(desk: Desk, call: Call) -> Answer:
    """Answer ``gallery/{id}/votes``."""
    found, now = _post(desk, call), desk.world.now
    return enveloped({"ups": found.ups(now), "downs": found.downs(now)})


def post_comments(desk: Desk, call: Call) -> Answer:
    """Answer ``gallery/{id}/comments/{sort}``: the whole tree, without pages."""
    sort = call.values.get("sort") or "best"
    return enveloped(comment_tree(_post(desk, call), at=desk.world.now, sort=sort))


def post_comment_ids(desk: Desk, call: Call) -> Answer:
    """Answer ``gallery/{id}/comments/ids``."""
    return enveloped(tree_ids(comment_tree(_post(desk, call), at=desk.world.now)))


def post_comment_count(desk: Desk, call: Call) -> Answer:
    """Answer ``gallery/{id}/comments/count``, which may be off."""
    return enveloped(desk.shapes(call).comment_count(_post(desk, call)) + desk.comment_count_error)


def _post(desk: Desk, call: Call) -> Post:
    found = desk.world.posts.get(call.values["id"])
    if found is None:
        raise call.refusal(404, "Not Found")
    return found
