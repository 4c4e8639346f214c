"""The endpoints under ``/3/account``: what belongs to one person."""

from collections.abc import Callable, Sequence

from imgur_source.simulator.endpoints.context import FAVORITES_END, Call, Desk
from imgur_source.simulator.endpoints.records import PREVIEWS
from imgur_source.simulator.endpoints.responses import Answer, enveloped
from imgur_source.simulator.world import (
    Album,
    Comment,
    Favorite,
    Image,
    Person,
    Post,
    account_record,
    comment_record,
    profile_record,
)


def account(desk: Desk, call: Call) -> Answer:
    """Answer ``account/{username}``."""
    return enveloped(account_record(desk.world, desk.person(call), viewer=call.viewer))


def account_by_id(desk: Desk, call: Call) -> Answer:
    """Answer ``account/?account_id=``."""
    wanted = call.query.get("account_id", "")
    for person in desk.world.people:
        if str(person.id) == wanted:
            return enveloped(account_record(desk.world, person, viewer=call.viewer))
    raise call.refusal(404, f"Unable to find a user with the id, {wanted}")


def gallery_profile(desk: Desk, call: Call) -> Answer:
    """Answer ``account/{username}/gallery_profile``."""
    return enveloped(profile_record(desk.world, desk.person(call)))


# images


def images(desk: Desk, call: Call) -> Answer:
    """Answer ``account/me/images/{page}``."""
    shapes = desk.shapes(call)
    return enveloped([shapes.image(image) for image in _image_page(desk, call)])


def image_ids(desk: Desk, call: Call) -> Answer:
    """Answer ``account/me/images/ids/{page}``."""
    return enveloped([image.id for image in _image_page(desk, call)])


def image_count(desk: Desk, call: Call) -> Answer:
    """Answer ``account/me/images/count``."""
    return enveloped(len(desk.world.shelf(_own_account(desk, call)).images))


def _image_page(desk: Desk, call: Call) -> Sequence[Image]:
    timeline = desk.world.shelf(_own_account(desk, call)).images
    return desk.account_page(call, timeline.newest, len(timeline))


def _own_account(desk: Desk, call: Call) -> Person:
    """Return whose account it is, who has to be the one asking."""
    if call.viewer is None:
        raise call.refusal(401 if call.values["user"] == "me" else 403, "Authentication required")
    person = desk.person(call)
    if person is not call.viewer:
        raise call.refusal(403, "Unauthorized")
    return person


# albums


def albums(desk: Desk, call: Call) -> Answer:
    """Answer ``account/{username}/albums/{page}``."""
    shapes = desk.shapes(call)
    return enveloped([shapes.album(album) for album in _album_page(desk, call)])


def album_ids(desk: Desk, call: Call) -> Answer:
    """Answer ``account/{username}/albums/ids/{page}``."""
    return enveloped([album.id for album in _album_page(desk, call)])


def album_count(desk: Desk, call: Call) -> Answer:
    """Answer ``account/{username}/albums/count``."""
    return enveloped(len(visible_albums(desk, call, desk.person(call))))


def album(desk: Desk, call: Call) -> Answer:
    """Answer ``account/{username}/album/{id}``."""
    found = desk.world.albums.get(call.values["id"])
    if found is None or found.owner is not desk.person(call):
        raise call.refusal(404, f"Unable to find an album with the id, {call.values['id']}")
    return enveloped(desk.shapes(call).whole_album(found))


def _album_page(desk: Desk, call: Call) -> Sequence[Album]:
    found = visible_albums(desk, call, desk.person(call))
    return desk.account_page(call, lambda start, stop: found[start:stop], len(found))


def visible_albums(desk: Desk, call: Call, person: Person) -> list[Album]:
    """Return the albums of *person*, newest first: all of them for the owner, the public ones for others."""
    found = desk.world.shelf(person).albums.newest()
    return found if person is call.viewer else [album for album in found if album.privacy == "public"]


# comments


def comments(desk: Desk, call: Call) -> Answer:
    """Answer ``account/{username}/comments/{sort}/{page}``."""
    return enveloped([comment_record(comment, at=desk.world.now) for comment in _comment_page(desk, call)])


def comment_ids(desk: Desk, call: Call) -> Answer:
    """Answer ``account/{username}/comments/ids/{sort}/{page}``."""
    return enveloped([comment.id for comment in _comment_page(desk, call)])


def comment_count(desk: Desk, call: Call) -> Answer:
    """Answer ``account/{username}/comments/count``, which may be off."""
    return enveloped(len(desk.world.shelf(desk.person(call)).comments) + desk.comment_count_error)


def _comment_page(desk: Desk, call: Call) -> Sequence[Comment]:
    timeline = desk.world.shelf(desk.person(call)).comments
    now = desk.world.now
    sort = call.values.get("sort") or "newest"
    if sort == "newest":
        return desk.account_page(call, timeline.newest, len(timeline))
    if sort == "oldest":
        return desk.account_page(call, timeline.oldest, len(timeline))
    sign = -1 if sort == "best" else 1
    ranked = sorted(
        timeline, key=lambda comment: (sign * (comment.ups(now) - comment.downs(now)), comment.id)
    )
    return desk.account_page(call, lambda start, stop: ranked[start:stop], len(ranked))


# the gallery


def submissions(desk: Desk, call: Call) -> Answer:
    """Answer ``account/{username}/submissions/{page}/{sort}``."""
    shapes, now = desk.shapes(call), desk.world.now
    ordered = _ORDERS[call.values.get("sort") or "newest"](
        desk.world.shelf(desk.person(call)).submissions.newest(), now
    )
    previews = desk.previews(call, PREVIEWS)
    return enveloped([shapes.post(post, previews=previews) for post in desk.gallery_page(call, ordered)])


_ORDERS: dict[str, Callable[[list[Post], int], list[Post]]] = {
    "newest": lambda posts, now: posts,
    "oldest": lambda posts, now: posts[::-1],
    "best": lambda posts, now: sorted(posts, key=lambda post: -post.points(now)),
    "worst": lambda posts, now: sorted(posts, key=lambda post: post.points(now)),
}


def favorites(desk: Desk, call: Call) -> Answer:
    """Answer ``account/{username}/favorites/{page}/{sort}``: also what is not in the gallery."""
    return _favorites(desk, call, desk.world.shelf(_own_account(desk, call)).favorites.newest())


def gallery_favorites(desk: Desk, call: Call) -> Answer:
    """Answer ``account/{username}/gallery_favorites/{page}/{sort}``, unless the person hides them."""
    person = desk.person(call)
    if person.has_private_favorites and person is not call.viewer:
        raise call.refusal(403, "Unauthorized")
    return _favorites(desk, call, public_favorites(desk, person))


def public_favorites(desk: Desk, person: Person) -> list[Favorite]:
    """Return what of the gallery *person* keeps, newest first."""
    return [kept for kept in desk.world.shelf(person).favorites.newest() if isinstance(kept.item, Post)]


def _favorites(desk: Desk, call: Call, kept: list[Favorite]) -> Answer:
    if call.values.get("sort") == "oldest":
        kept = kept[::-1]
    shapes = desk.shapes(call)
    return enveloped(
        [shapes.favorite(favorite.item) for favorite in desk.gallery_page(call, kept[:FAVORITES_END])]
    )
