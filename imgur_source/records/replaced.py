"""Rows that are replaced together: an album's images, a post's images, a post's tags.

Such a table names its parent (``Table.parent``). What brings the rows of one
parent is an ``Origin``, and every set of rows passes through it. It has one of
three outcomes:

- ``REPLACED``: the load removes all rows of the parent and writes those that came.
- ``EMPTIED``: a marker row is loaded, which removes them: no row came that could.
- ``UNCHANGED``: nothing is loaded, all rows stay as they are.

=================  ==============================  =====================  ====================
origin             replaced                        emptied                unchanged
=================  ==============================  =====================  ====================
``ALBUM_REPLY``    an image came                   none came, and the     none came though the
                                                   count is 0 or unknown  count says otherwise
``POST_REPLY``     as many as the count came, or   the same with none     fewer came
                   more, or the count is unknown
``POST_PREVIEWS``  exactly as many as the count    the count is 0, and    otherwise
                   came, and all are readable      none came
``POST_TAGS``      a name came                     the list is empty      no list came
=================  ==============================  =====================  ====================

The count is the parent's ``images_count``. A count of 0 in the parent's list is
a set in which none came: nothing has to be asked. Rows that cannot be read are
rejected and the others replace what is stored; where none can be read, nothing
changes. A parent that is absent or private changes nothing either: its rows
stay, and ``detail_fetches`` has a row without a number.

A package must not bring two sets for one parent: dlt would keep both. Whoever
reads them hands on the first (``extract.readers`` by post, ``extract.children``
by resource and parent).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple

import pyarrow as pa

from imgur_source.records import tables
from imgur_source.records.arrow import Rejected, read_records, rows_table, table_of
from imgur_source.records.tables import ALBUM_IMAGES, FETCHED_AT, MARKER, POST_IMAGES, Table


class Outcome(Enum):
    """What becomes of the stored rows of a parent."""

    REPLACED = "replaced"
    EMPTIED = "emptied"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Origin:
    """What brings all rows of one parent at once.

    Attributes:
        table: where the rows go.
        is_enough: whether the number that came may replace the stored rows, given the parent's count
            (None where that is unknown).
        is_all_or_nothing: whether one row that cannot be read keeps the others from replacing anything.
    """

    table: Table
    is_enough: Callable[[int, int | None], bool]
    is_all_or_nothing: bool = False

    def outcome(self, *, came: int | None, count: int | None = None, readable: int | None = None) -> Outcome:
        """Say what *came* does to the rows of its parent.

        Args:
            came: how many rows came; None where nothing was said of them.
            count: how many the parent has, as its list says; None where that is unknown.
            readable: how many of them can be read; None before they were read, and then all can.
        """
        if came is None or not self.is_enough(came, count):
            return Outcome.UNCHANGED
        if came == 0:
            return Outcome.EMPTIED
        fewest = came if self.is_all_or_nothing else 1
        is_readable = readable is None or readable >= fewest
        return Outcome.REPLACED if is_readable else Outcome.UNCHANGED


ALBUM_REPLY = Origin(ALBUM_IMAGES, lambda came, count: came > 0 or not count)
POST_REPLY = Origin(POST_IMAGES, lambda came, count: count is None or came >= count)
POST_PREVIEWS = Origin(POST_IMAGES, lambda came, count: came == count, is_all_or_nothing=True)
POST_TAGS = Origin(tables.POST_TAGS, lambda came, count: True)


class Replacement(NamedTuple):
    """What is loaded for one parent.

    Attributes:
        outcome: what becomes of its stored rows.
        rows: those to load; None where nothing changes.
        rejected: what could not be read.
    """

    outcome: Outcome
    rows: pa.Table | None = None
    rejected: Sequence[Rejected] = ()


def images_from(
    origin: Origin, page: bytes, *, parent: str, came: int, count: int | None, fetched_at: datetime
) -> Replacement:
    """The images on *page*, a JSON list, in the place of those stored for *parent*.

    A page that changes nothing for the number on it is not read.
    """
    table, outcome = origin.table, origin.outcome(came=came, count=count)
    if outcome is Outcome.EMPTIED:
        marker = marker_row(table, parent=parent, fetched_at=fetched_at)
        return Replacement(outcome, rows_table(table, [marker]))
    if outcome is Outcome.UNCHANGED:
        return Replacement(outcome)
    images = read_records(table, page)
    outcome = origin.outcome(came=came, count=count, readable=len(images.rows))
    if outcome is Outcome.UNCHANGED:
        return Replacement(outcome, rejected=images.rejected)
    own = {table.parent[0]: parent, "position": range(len(images.rows))}
    return Replacement(outcome, table_of(images, fetched_at=fetched_at, **own), images.rejected)


def marker_row(table: Table, *, parent: str, fetched_at: datetime) -> dict[str, Any]:
    """The row that removes those of *parent*: a set of none has no row that could replace them."""
    blanks = dict.fromkeys(table.key, "")
    return {**blanks, table.parent[0]: parent, FETCHED_AT.name: fetched_at, MARKER: True}


def merge_hints(table: Table) -> dict[str, Any]:
    """What a load has to know to replace the rows of a parent: dlt's ``merge_key`` and the marker's hint."""
    if not table.parent:
        return {}
    return {"merge_key": list(table.parent), "columns": {MARKER: {"name": MARKER, "hard_delete": True}}}
