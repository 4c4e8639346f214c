"""Direct looks at items that their list no longer shows: one request each, a few a night.

A walk that cannot prove itself may have skipped an item; one look tells whether it is gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import msgspec

from imgur_source.api import ImgurClient
from imgur_source.clock import Clock
from imgur_source.errors import NotFoundError, PrivateError, RefusedError, WireShapeError
from imgur_source.extract.children import Detail
from imgur_source.extract.facts import Look
from imgur_source.extract.readers import Rows
from imgur_source.extract.run_state import Receipt
from imgur_source.extract.streams import ME
from imgur_source.lists import api_path
from imgur_source.records import rows_table
from imgur_source.records import tables as models

ITEM_LOOKS = "item_looks"
_PLACES = {  # where an item of each list is asked for by itself, and whether with the login that owns it
    "account_images": ("image", True),
    "account_albums": ("album", True),
    "account_comments": ("comment", False),
    "account_submissions": ("gallery", False),
}
_TRUE = msgspec.Raw(b"true")


class Looker:
    """Looks at single items."""

    def __init__(self, client: ImgurClient, *, clock: Clock, receipt: Receipt) -> None:
        self._client = client
        self._clock = clock
        self._receipt = receipt

    def plan(self, looks: Sequence[Look]) -> list[Detail]:
        """What to look at; items of lists that are no proof of their existence (favourites) are left out."""
        return [
            Detail(f"{ITEM_LOOKS}/{look.item_id}", partial(self._look, look))
            for look in looks
            if look.list.partition("/")[0] in _PLACES
        ]

    def _look(self, look: Look) -> Iterator[Rows]:
        resource, _, account = look.list.partition("/")
        place, needs_owner = _PLACES[resource]
        self._receipt.reading = ITEM_LOOKS
        try:
            reply = self._client.get(
                f"{place}_look", api_path(place, look.item_id), as_me=needs_owner and account == ME
            )
        except NotFoundError:
            at, is_gone = self._clock.now(), True
        except (PrivateError, RefusedError, WireShapeError):
            return  # it tells neither
        else:
            self._receipt.pages += 1
            at, is_gone = reply.received_at, reply.fields().get("deleted") == _TRUE
        row = {
            "list": look.list,
            "item_id": look.item_id,
            "looked_at": at,
            "is_gone": is_gone,
            "fetched_at": at,
        }
        yield Rows(ITEM_LOOKS, rows_table(models.ITEM_LOOKS, [row]))
