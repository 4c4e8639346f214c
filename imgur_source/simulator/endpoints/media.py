"""The endpoints of single images, albums and comments."""

from imgur_source.simulator.endpoints.context import Call, Desk
from imgur_source.simulator.endpoints.responses import Answer, enveloped
from imgur_source.simulator.world import Album, Comment, comment_record, comment_tree


def image(desk: Desk, call: Call) -> Answer:
    """Answer ``image/{id}``."""
    found = desk.world.images.get(call.values["id"])
    if found is None:
        raise call.refusal(404, f"Unable to find an image with the id, {call.values['id']}")
    return enveloped(desk.shapes(call).image(found))


def album(desk: Desk, call: Call) -> Answer:
    """Answer ``album/{id}``; who knows the id of a hidden album may see it."""
    return enveloped(desk.shapes(call).whole_album(_album(desk, call)))


def album_images(desk: Desk, call: Call) -> Answer:
    """Answer ``album/{id}/images``, which has no pages."""
    shapes = desk.shapes(call)
    return enveloped([shapes.nested_image(image) for image in _album(desk, call).images])


def _album(desk: Desk, call: Call) -> Album:
    found = desk.world.albums.get(call.values["id"])
    if found is None:
        raise call.refusal(404, f"Unable to find an album with the id, {call.values['id']}")
    if found.privacy == "secret" and found.owner is not call.viewer:
        raise call.refusal(403, "Unauthorized")
    return found


def comment(desk: Desk, call: Call) -> Answer:
    """Answer ``comment/{id}``."""
    found = _comment(desk, call)
    return enveloped(_NO_COMMENT) if found is None else enveloped(comment_record(found, at=desk.world.now))


def replies(desk: Desk, call: Call) -> Answer:
    """Answer ``comment/{id}/replies``: the comment with everything below it."""
    found = _comment(desk, call)
    if found is None:
        return enveloped(_NO_COMMENT)
    children = comment_tree(found.post, at=desk.world.now, below=found)
    return enveloped(comment_record(found, at=desk.world.now) | {"children": children})


_NO_COMMENT = "An error occurred while fetching the comment"  # recorded with status 200 and success true


def _comment(desk: Desk, call: Call) -> Comment | None:
    found = desk.world.comments.get(int(call.values["id"]))
    return None if found is None or found.is_deleted else found
