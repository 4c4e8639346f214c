"""Direct lookups of items that their list no longer shows: one request each, a few a run.

A scan that cannot prove itself may have skipped an item; one lookup tells whether it is gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import msgspec

from imgur_source.api import ImgurClient, api_path
from imgur_source.clock import Clock
from imgur_source.errors import NotFoundError, PrivateError, RefusedError, WireShapeError
from imgur_source.extract.children import ChildReading
from imgur_source.extract.facts import MissingItem
from imgur_source.extract.rows import Rows
from imgur_source.extract.run_state import RunState
from imgur_source.extract.streams import ME, STREAMS, Lookup
from imgur_source.records import rows_table
from imgur_source.records import tables as models

ITEM_LOOKS = "item_looks"
_TRUE = msgspec.Raw(b"true")


class LookupReader:
    """Looks at single items."""

    def __init__(self, client: ImgurClient, *, clock: Clock, run: RunState) -> None:
        self._client = client
        self._clock = clock
        self._run = run

    def plan(self, items: Sequence[MissingItem]) -> list[ChildReading]:
        """What to look up; items of lists that are no proof of their existence (favourites) are left out."""
        return [
            ChildReading(f"{ITEM_LOOKS}/{item.item_id}", partial(self._read, item))
            for item in items
            if _lookup_of(item) is not None
        ]

    def _read(self, item: MissingItem) -> Iterator[Rows]:
        lookup = _lookup_of(item)
        assert lookup is not None
        self._run.report.reading = ITEM_LOOKS
        try:
            reply = self._client.get(
                f"{lookup.path.split('/')[2]}_look",
                api_path(lookup.path, id=item.item_id),
                as_me=lookup.as_owner and item.account == ME,
            )
        except NotFoundError:
            at, is_gone = self._clock.now(), True
        except (PrivateError, RefusedError, WireShapeError):
            return  # it tells neither
        else:
            self._run.report.pages += 1
            at, is_gone = reply.received_at, reply.fields().get("deleted") == _TRUE
        row = {
            "list": item.list,
            "item_id": item.item_id,
            "looked_at": at,
            "is_gone": is_gone,
            "fetched_at": at,
        }
        yield Rows(ITEM_LOOKS, rows_table(models.ITEM_LOOKS, [row]))


def _lookup_of(item: MissingItem) -> Lookup | None:
    """How an item of that list is looked up; None where a lookup does not say whether it is listed."""
    stream = STREAMS.get(item.list.partition("/")[0])
    return stream.lookup if stream else None
