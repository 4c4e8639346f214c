"""What must not be published: keys that are none, and tables that a load has cut short.

It reads tables through a connection that it is given, and judges; what the
audits of ``sql/`` find stands in ``audits``, and what follows from a problem is
left to the warehouse.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import duckdb

from imgur_source.records import (
    CREDIT_CHARGES,
    DETAIL_FETCHES,
    FETCHED_AT,
    MARKER,
    REJECTED_RECORDS,
    SYNC_RUNS,
    TABLES,
    Table,
)
from warehouse.catalog import HISTORIES, RAW_SCHEMA, columns_of, sizes
from warehouse.files import quoted

FEWEST_ROWS_COMPARED = 20  # of fewer rows half are soon gone
GREATEST_LOSS = 0.5  # share of the rows that no lawful run takes away; only an accident takes half
MAY_SHRINK = frozenset(  # a quarantine that a person empties after a look, and runs, which are forgotten
    {REJECTED_RECORDS.name, SYNC_RUNS.name, CREDIT_CHARGES.name}
)
ADVICE = "If that is right, run once with --accept-vanished."
LOSSES = frozenset({"table lost", "rows lost"})


@dataclass(frozen=True, slots=True)
class Problem:
    """Why the work file should not be published.

    Attributes:
        table: the table, without its schema.
        check: what it failed, such as ``duplicate key``.
        detail: a sentence with numbers and an example.
    """

    table: str
    check: str
    detail: str

    @property
    def is_loss(self) -> bool:
        """Whether something has gone, which a person may find right (--accept-vanished)."""
        return self.check in LOSSES

    @property
    def title(self) -> str:
        """The table and what it failed."""
        return f"{self.table}, {self.check}"

    def __str__(self) -> str:
        return f"{self.title}: {self.detail}{f' {ADVICE}' if self.is_loss else ''}"


@dataclass(frozen=True, slots=True)
class Holding:
    """How much a file holds, to be compared with what another one does.

    Attributes:
        sizes: of each loaded table, as ``catalog.sizes`` has them.
        children: of a table whose rows are replaced together, the rows of each parent.
        brought: of those whose fetches are counted, how many rows the last fetch of a parent brought;
            none where the fetch failed.
        read: of the others, when a parent was last read, in microseconds since the epoch.
    """

    sizes: Mapping[str, int] = field(default_factory=dict)
    children: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    brought: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    read: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def holding_of(connection: duckdb.DuckDBPyConnection) -> Holding:
    """How much the current catalog holds; what an older version did not know is left out."""
    columns = columns_of(connection, RAW_SCHEMA)

    def numbers(table: Table, key: str, value: str, *, where: str = "true") -> dict[str, int]:
        if table.name not in columns:
            return {}
        rows = connection.execute(
            f"select {quoted(key)}, {value} from {quoted(RAW_SCHEMA, table.name)} "
            f"where {where} and {quoted(key)} is not null group by all"
        ).fetchall()
        return {name: number for name, number in rows if number is not None}

    replaced = [table for table in TABLES.values() if table.parent]
    counted = [table for table in replaced if table.parent_read_in == DETAIL_FETCHES.name]
    parents = {table.name: TABLES[table.parent_read_in] for table in replaced if table not in counted}
    fetched_us = f"max(epoch_us({quoted(FETCHED_AT.name)}))"
    return Holding(
        sizes=sizes(connection),
        children={
            table.name: numbers(table, table.parent[0], "count(*)")
            for table in replaced
            if table.name in columns
        },
        brought={
            table.name: numbers(DETAIL_FETCHES, "item_id", "max(items)", where=f"resource = '{table.name}'")
            for table in counted
        },
        read={name: numbers(parent, parent.key[0], fetched_us) for name, parent in parents.items()},
    )


def table_problems(connection: duckdb.DuckDBPyConnection, *, published: Holding) -> Iterator[Problem]:
    """Look through the loaded tables; *published* is what the published file holds."""
    columns = columns_of(connection, RAW_SCHEMA)
    now = holding_of(connection)
    for table in TABLES.values():
        if table.name in columns:
            yield from key_problems(connection, table, columns[table.name])
        yield from loss_problems(table, before=published, now=now)


def key_problems(
    connection: duckdb.DuckDBPyConnection, table: Table, columns: Sequence[str]
) -> Iterator[Problem]:
    """Look for rows of *table* that its key does not tell apart; *columns* are those it has."""
    source = quoted(RAW_SCHEMA, table.name)
    absent = [name for name in table.key if name not in columns]
    if absent:
        yield Problem(table.name, "no key column", f"Key columns are absent: {', '.join(absent)}.")
        return
    keys = ", ".join(quoted(name) for name in table.key)
    texts = ", ".join(f"{quoted(name)}::varchar" for name in table.key)
    is_null = " or ".join(f"{quoted(name)} is null" for name in table.key)
    nulls = connection.execute(
        f"select {texts}, count(*) over () from {source} where {is_null} order by all limit 1"
    ).fetchone()
    if nulls is not None:
        *example, rows = nulls
        yield Problem(
            table.name, "null key", f"{rows} rows have no key, for example {_named(table.key, example)}."
        )
    repeated = connection.execute(
        f"select {texts}, count(*) as copies, count(*) over () from {source} where not ({is_null}) "
        f"group by {keys} having count(*) > 1 order by copies desc, {keys} limit 1"
    ).fetchone()
    if repeated is not None:
        *example, copies, number = repeated
        yield Problem(
            table.name,
            "duplicate key",
            f"{number} keys stand more than once, for example {_named(table.key, example)} ({copies} rows).",
        )
    if MARKER in columns:
        parents = ", ".join(f"{quoted(name)}::varchar" for name in table.parent)
        marked = connection.execute(
            f"select {parents}, count(*) over () from {source} where {quoted(MARKER)} order by all limit 1"
        ).fetchone()
        if marked is not None:
            *example, rows = marked
            yield Problem(
                table.name,
                "marker row",
                f"{rows} rows only say that a parent is empty and should have gone in the merge, "
                f"for example {_named(table.parent, example)}.",
            )


def loss_problems(table: Table, *, before: Holding, now: Holding) -> Iterator[Problem]:
    """Compare what the work file holds of *table* with what was published *before*.

    Things are merged and stay, so a table of things that is cut to half is an accident.
    Where rows are replaced together, those count that nothing has replaced: an owner may
    empty an album that is most of the table.
    """
    name = table.name
    unit = "ids" if table in HISTORIES else "rows"
    if not before.sizes.get(name) or name in MAY_SHRINK:
        return
    if name not in now.sizes:
        detail = f"The published file has {before.sizes[name]} {unit}, this one no such table."
        yield Problem(name, "table lost", detail)
        return
    if table.parent:
        expected = _to_be_kept(table, before=before, now=now)
        rows = now.children[name]
        there = sum(min(rows.get(parent, 0), number) for parent, number in expected.items())
        wanted, words = sum(expected.values()), "in the published file that nothing has replaced since"
    else:
        there, wanted, words = now.sizes[name], before.sizes[name], "in the published file"
    if wanted >= FEWEST_ROWS_COMPARED and there < wanted * (1 - GREATEST_LOSS):
        yield Problem(name, "rows lost", f"{there} {unit}, {wanted} {words}.")


def _to_be_kept(table: Table, *, before: Holding, now: Holding) -> Mapping[str, int]:
    """How many rows of each parent have to be there still, by what Imgur has said of the parent since.

    No more than the last fetch of a parent has brought. Where no fetch is counted, nobody knows
    how many rows a parent had when it was read again, so those of the others count.
    """
    published = before.children[table.name]
    if table.name in now.brought:
        brought = now.brought[table.name]
        return {parent: min(number, brought.get(parent, number)) for parent, number in published.items()}
    last, earlier = now.read[table.name], before.read[table.name]
    return {
        parent: number
        for parent, number in published.items()
        if last.get(parent, 0) <= earlier.get(parent, 0)
    }


def _named(names: Sequence[str], values: Sequence[str | None]) -> str:
    return ", ".join(
        f"{name} = {'null' if value is None else value}" for name, value in zip(names, values, strict=True)
    )
