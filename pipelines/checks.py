"""What must not be published: keys that are none, and tables that lost too much.

It reads tables through a connection that it is given, and judges; what the
audits of ``sql/`` find stands in ``audits``, and what follows from a problem is
left to the warehouse.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
from catalog import HISTORIES, RAW_SCHEMA, columns_of, sizes
from duckdb_files import quoted

from imgur_source.models import CREDIT_CHARGES, MARKER, REJECTED_RECORDS, SYNC_RUNS, TABLES, Table

FEWEST_ROWS_COMPARED = 20  # a small table halves when somebody tidies up one album
GREATEST_LOSS = 0.5  # share of a table's rows; people delete a few per cent, only an accident takes half
MAY_SHRINK = frozenset(  # a quarantine that a person empties after a look, and runs, which are forgotten
    {REJECTED_RECORDS.name, SYNC_RUNS.name, CREDIT_CHARGES.name}
)


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

    def __str__(self) -> str:
        return f"{self.table}, {self.check}: {self.detail}"


def table_problems(
    connection: duckdb.DuckDBPyConnection, *, published: Mapping[str, int], published_file: Path
) -> Iterator[Problem]:
    """Look through the loaded tables; *published* are the sizes of those in the published file."""
    columns = columns_of(connection, RAW_SCHEMA)
    now = sizes(connection)
    for table in TABLES.values():
        if table.name in columns:
            yield from key_problems(connection, table, columns[table.name])
        yield from loss_problems(
            table.name,
            before=published.get(table.name, 0),
            now=now.get(table.name),
            published_file=published_file,
        )


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


def loss_problems(table: str, *, before: int, now: int | None, published_file: Path) -> Iterator[Problem]:
    """Compare the size of *table*, None where it is gone, with that *before*, in the published file.

    Sizes are those of ``catalog.sizes``.
    """
    unit = "ids" if table in {history.name for history in HISTORIES} else "rows"
    if before == 0 or table in MAY_SHRINK:
        return
    advice = f"If that is right, move {published_file} away and run again."
    if now is None:
        yield Problem(
            table, "table lost", f"The published file has {before} {unit}, this one no such table. {advice}"
        )
    elif before >= FEWEST_ROWS_COMPARED and now < before * (1 - GREATEST_LOSS):
        yield Problem(table, "rows lost", f"{now} {unit}, {before} in the published file. {advice}")


def _named(names: Sequence[str], values: Sequence[str | None]) -> str:
    return ", ".join(
        f"{name} = {'null' if value is None else value}" for name, value in zip(names, values, strict=True)
    )
