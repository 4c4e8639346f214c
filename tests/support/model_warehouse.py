"""A warehouse for the model of a list: rows land as dlt merges them, and the project's own SQL judges them.

DuckDB is in memory, and one for the whole process: to make the relations takes longer than a night.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import duckdb
import msgspec
from warehouse.queries import Query, ask, queries
from warehouse.relations import SQL_DIR

from imgur_source.lists.scan import Scan
from imgur_source.records.arrow import rows_table
from imgur_source.records.tables import ITEM_LOOKS, LIST_ITEMS, LIST_SWEEPS, Table
from tests.support.marts import in_memory
from tests.support.model_list import Night

NAME = "things/me"
LOADED = (LIST_ITEMS, LIST_SWEEPS, ITEM_LOOKS)


@dataclass(slots=True)
class Held:
    """What is held of an item, and the walks that should have met it since it was last seen.

    Attributes:
        seen_at: when the list, or a direct look, showed it last.
    """

    at: int | None
    version: int
    seen_at: datetime
    missed_by: list[Scan] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class State:
    """What ``staging.list_item_states`` says of an item."""

    walks_missed: int
    proved_walks_missed: int
    is_missing: bool
    is_deleted: bool


class ModelWarehouse:
    """Items by id, and by SQL whether their list still shows them; only the newest one may be used."""

    def __init__(self) -> None:
        self.items: dict[str, Held] = {}
        self._db = _database()
        for table in LOADED:
            self._db.execute(f"delete from imgur_raw.{table.name}")

    def load(self, night: Night) -> None:
        """Merge the rows of *night*, and count by hand which walks missed an item."""
        shown: dict[str, dict[str, Any]] = {}
        for page in night.pages:
            for row in msgspec.json.decode(page.items):
                held = self.items.get(row["id"])
                if held is None or held.seen_at <= page.received_at:
                    self.items[row["id"]] = Held(row["datetime"], row["version"], page.received_at)
                    shown[row["id"]] = {
                        "list": NAME,
                        "item_id": row["id"],
                        "datetime": row["datetime"]
                        and datetime.fromtimestamp(row["datetime"], page.received_at.tzinfo),
                        "fetched_at": page.received_at,
                    }
        self._insert(LIST_ITEMS, list(shown.values()), key="item_id")
        self._insert(
            LIST_SWEEPS,
            [{"list": NAME, "fetched_at": walk.ended_at, **asdict(walk)} for walk in night.walks],
            key="started_at",
        )
        for held in self.items.values():
            held.missed_by.extend(walk for walk in night.walks if misses(walk, held))

    def states(self) -> dict[str, State]:
        """What the SQL says of each item."""
        rows = self._db.execute(
            "select item_id, walks_missed, proved_walks_missed, is_missing, deleted_at is not null "
            "from staging.list_item_states"
        ).fetchall()
        return {item: State(*state) for item, *state in rows}

    def coverage(self) -> tuple[int, int, bool]:
        """What the SQL says is held of the list: stretches, open gaps, and whether it is whole."""
        [row] = self._db.execute(
            "select stretches, open_gaps, is_whole from staging.list_coverage"
        ).fetchall()
        return row

    def look(self, is_there: Callable[[str], bool], *, at: datetime, limit: int) -> list[str]:
        """Look directly at the first *limit* items that ``sql/plan`` asks for; returns those that are gone."""
        due = [str(row["item_id"]) for row in ask(self._db, _looks(), limit=limit)]
        self._insert(
            ITEM_LOOKS,
            [
                {
                    "list": NAME,
                    "item_id": item,
                    "looked_at": at,
                    "is_gone": not is_there(item),
                    "fetched_at": at,
                }
                for item in due
            ],
            key="item_id",
        )
        for item in filter(is_there, due):
            self.items[item].seen_at = at
            self.items[item].missed_by.clear()
        return [item for item in due if not is_there(item)]

    def _insert(self, table: Table, rows: Sequence[dict[str, Any]], *, key: str) -> None:
        """Put *rows* in the place of those with the same *key*."""
        if not rows:
            return
        self._db.register("came", rows_table(table, rows))
        name = f"imgur_raw.{table.name}"
        self._db.execute(f"delete from {name} where {key} in (select {key} from came)")
        self._db.execute(f"insert into {name} by name select * from came")
        self._db.unregister("came")


def misses(walk: Scan, held: Held) -> bool:
    """Whether *walk* should have met the item, and was begun after it was last seen."""
    if walk.kind in ("feed", "gap") or not walk.is_complete or walk.started_at <= held.seen_at:
        return False
    if held.at is None:
        return walk.newest_at is None and walk.oldest_at is None
    return (walk.newest_at is None or held.at < walk.newest_at.timestamp()) and (
        walk.oldest_at is None or held.at > walk.oldest_at.timestamp()
    )


@functools.cache
def _database() -> duckdb.DuckDBPyConnection:
    return in_memory().db


@functools.cache
def _looks() -> Query:
    [query] = [query for query in queries(_database(), SQL_DIR / "plan") if query.name == "lookups"]
    return query
