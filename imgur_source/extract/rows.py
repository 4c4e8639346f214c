"""Rows for resources: of what was fetched, rejected, listed and scanned, whichever reader has them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from imgur_source.api import Reply
from imgur_source.lists import ChildFetch, Page, Scan, SourceState
from imgur_source.records import INSTANT, Rejected, rejected_table, rows_table, schema_of
from imgur_source.records import tables as models

LIST_SWEEPS = "list_sweeps"
LIST_ITEMS = "list_items"
DETAIL_FETCHES = "detail_fetches"
REJECTED_RECORDS = "rejected_records"


class Rows(NamedTuple):
    """Rows for one resource."""

    resource: str
    table: pa.Table


def rejected_rows(endpoint: str, reply: Reply, rejected: Collection[Rejected]) -> Iterator[Rows]:
    """What could not be read in *reply*, for the quarantine; nothing when all could."""
    if rejected:
        table = rejected_table(list(rejected), endpoint=endpoint, fetched_at=reply.received_at)
        yield Rows(REJECTED_RECORDS, table)


def kept_fetch(memory: SourceState, resource: str, item_id: str, fetched: ChildFetch) -> Rows:
    """Remember a fetch of *resource*, and give the row that says so."""
    memory.keep_fetched(resource, item_id, fetched)
    row = {
        "resource": resource,
        "item_id": item_id,
        "fingerprint": fetched.fingerprint,
        "items": fetched.items,
        "fetched_at": fetched.fetched_at,
    }
    return Rows(DETAIL_FETCHES, rows_table(models.DETAIL_FETCHES, [row]))


def rows_without(rows: pa.Table, ids: Collection[str]) -> pa.Table:
    """*rows* but for those of *ids*."""
    return rows.filter(pc.invert(pc.is_in(rows.column("id"), value_set=pa.array(sorted(ids), pa.string()))))


def sweep_rows(scans: Sequence[Scan], name: str, *, at: datetime) -> pa.Table:
    """Rows of ``list_sweeps`` for *scans* of the list *name*."""
    return rows_table(
        models.LIST_SWEEPS, [{"list": name, "fetched_at": at, **_columns(scan)} for scan in scans]
    )


def _columns(scan: Scan) -> dict[str, Any]:
    """*scan* as ``list_sweeps`` has it."""
    own = {"list", "fetched_at"}
    return {name: getattr(scan, name) for name in models.LIST_SWEEPS.column_names if name not in own}


def items_on(page: Page, name: str) -> pa.Table:
    """Rows of ``list_items`` for the items that *page* of the list *name* shows."""
    shown = {
        str(item): at for item, at in zip(page.ids, page.times, strict=True) if isinstance(item, str | int)
    }
    return pa.Table.from_arrays(
        [
            pa.repeat(pa.scalar(name), len(shown)),
            pa.array(list(shown)),
            pa.array(list(shown.values()), pa.timestamp("s", tz="UTC")).cast(INSTANT),
            pa.repeat(pa.scalar(page.received_at, INSTANT), len(shown)),
        ],
        schema=schema_of(models.LIST_ITEMS),
    )
