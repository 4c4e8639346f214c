"""Albums and posts on their way through dlt's state."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from imgur_source.extract.facts import MissingItem, Parents, StoredAlbum, StoredPost

AT = datetime(2026, 11, 9, 3, 0, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    "details",
    [
        Parents(),
        Parents(
            {
                "a": StoredAlbum("a"),
                "b": StoredAlbum("b", 3, as_me=True, cover="x", inserted_at=AT),
                "c": StoredAlbum("c", 0),
            },
            {
                "p": StoredPost("p"),
                "a": StoredPost("a", is_album=True, images_count=0, comment_count=7, as_me=True),
            },
        ),
    ],
)
def test_details__come_back_from_their_json(details: Parents) -> None:
    """Nothing is lost on the way through dlt's state, nor the order; nothing is told apart from not knowing."""
    again = Parents.from_json(json.loads(json.dumps(details.as_json())))
    assert again == details
    assert [list(again.albums), list(again.posts)] == [list(details.albums), list(details.posts)]


def test_details__of_a_state_that_keeps_none_are_none() -> None:
    """A state of an earlier version says nothing of them."""
    assert Parents.from_json({}) == Parents()


def test_details__keep_the_fingerprint_of_albums() -> None:
    """An album that comes from the state must not seem to have moved."""
    album = StoredAlbum("b", 3, cover="x", inserted_at=AT.replace(microsecond=700_000))
    again = Parents.from_json(Parents({"b": album}).as_json())
    assert again.albums["b"].fingerprint == album.fingerprint


def test_look__knows_whose_list_it_is() -> None:
    """The account stands in the list's name."""
    assert MissingItem("account_images/me", "x").account == "me"
