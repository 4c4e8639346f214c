"""What lies in a DuckDB file of the warehouse: its schemas, its tables, their rows and descriptions.

Every function works on the current catalog of a connection that it is given.
What the tables mean comes from ``records.tables``; opening files is left to ``files``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import duckdb

from imgur_source.records import OBSERVED_AT, TABLES, Field, Table, Type
from warehouse.files import literal, quoted

RAW_SCHEMA = "imgur_raw"
STAGING_SCHEMA = "imgur_raw_staging"  # dlt's, where a package waits for its merge
DLT_PREFIX = "_dlt_"
LOAD_ID = "_dlt_load_id"
LOAD_ID_DESCRIPTION = (
    "The load that wrote this row, in seconds since the epoch; rows that were loaded together share it."
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HISTORIES = tuple(table for table in TABLES.values() if table.key == ("id", OBSERVED_AT.name))


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All that is executed inside, or nothing of it."""
    connection.execute("begin transaction")
    try:
        yield
        connection.execute("commit")
    except BaseException:
        with suppress(duckdb.Error):  # a commit that failed for want of room has rolled back by itself
            connection.execute("rollback")
        raise


def tables_of(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """Schema and name of every table of the current catalog, in order."""
    return connection.execute(
        "select schema_name, table_name from duckdb_tables() "
        "where database_name = current_database() and not internal order by all"
    ).fetchall()


def names_in(connection: duckdb.DuckDBPyConnection, schema: str, kind: Literal["table", "view"]) -> list[str]:
    """The tables or the views of *schema* in the current catalog, in order."""
    rows = connection.execute(
        f"select {kind}_name from duckdb_{kind}s() "
        "where database_name = current_database() and schema_name = ? and not internal order by all",
        [schema],
    ).fetchall()
    return [name for (name,) in rows]


def columns_of(connection: duckdb.DuckDBPyConnection, schema: str) -> dict[str, list[str]]:
    """Columns of each table of *schema* in the current catalog, in their order; views left out."""
    found: dict[str, list[str]] = {table: [] for owner, table in tables_of(connection) if owner == schema}
    for table, column in connection.execute(
        "select table_name, column_name from duckdb_columns() "
        "where database_name = current_database() and schema_name = ? order by table_name, column_index",
        [schema],
    ).fetchall():
        if table in found:
            found[table].append(column)
    return found


def row_counts(connection: duckdb.DuckDBPyConnection, schema: str) -> dict[str, int]:
    """Rows per table of *schema*, dlt's own tables left out."""
    ours = [
        (owner, name)
        for owner, name in tables_of(connection)
        if owner == schema and not name.startswith(DLT_PREFIX)
    ]
    return {name: rows for (_, name), rows in counts_of(connection, ours).items()}


def counts_of(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[tuple[str, str]]
) -> Mapping[tuple[str, str], int]:
    """Rows in each of *tables*, given and returned as schema and name."""
    counts: dict[tuple[str, str], int] = {}
    for table in tables:
        [(counts[table],)] = connection.execute(f"select count(*) from {quoted(*table)}").fetchall()
    return counts


def sizes(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """How much each loaded table holds: its rows, but of a history the things that it is about.

    Dropping repetitions may take most rows of a history, and never the last one of a thing.
    """
    found = row_counts(connection, RAW_SCHEMA)
    for table in HISTORIES:
        if table.name in found:
            [(found[table.name],)] = connection.execute(
                f"select count(distinct id) from {quoted(RAW_SCHEMA, table.name)}"
            ).fetchall()
    return found


def newest_rows(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    names: Sequence[str],
    *,
    newest_by: str,
    limit: int | None = None,
) -> list[dict[str, Any]]:
    """The columns *names* of *table* as Python values, newest first; null where it has no such column."""
    present = columns_of(connection, RAW_SCHEMA).get(table.name)
    if present is None:
        return []
    selected = ", ".join(
        (_instant_as_number(name) if table.field(name).kind is Type.TIME else quoted(name))
        if name in present
        else "null"
        for name in names
    )
    newest = f"{quoted(newest_by)} desc nulls last, " if newest_by in present else ""
    keys = ", ".join(quoted(name) for name in table.key)
    rows = connection.execute(
        f"select {selected} from {quoted(RAW_SCHEMA, table.name)} order by {newest}{keys} limit ?", [limit]
    ).fetchall()
    fields = [table.field(name) for name in names]
    return [
        {column.name: _python_value(column, value) for column, value in zip(fields, row, strict=True)}
        for row in rows
    ]


def _instant_as_number(name: str) -> str:
    # fetched as a number: DuckDB's own conversion needs pytz and takes the zone of the machine
    return f"epoch_us({quoted(name)})"


def _python_value(column: Field, value: Any) -> Any:
    if value is None:
        return None
    if column.kind is Type.TIME:
        return EPOCH + timedelta(microseconds=value)
    return json.loads(value) if column.kind is Type.JSON else value


def comment(connection: duckdb.DuckDBPyConnection) -> int:
    """Describe every table and column of ``records.tables`` that exists in ``imgur_raw``, in one transaction.

    (DuckDB 2.0 has no comments on schemas.)

    Returns:
        Number of descriptions.
    """
    statements: list[str] = []
    for table, present in columns_of(connection, RAW_SCHEMA).items():
        target = quoted(RAW_SCHEMA, table)
        descriptions = {LOAD_ID: LOAD_ID_DESCRIPTION}
        if table in TABLES:
            statements.append(f"comment on table {target} is {literal(TABLES[table].description)}")
            descriptions |= {column.name: column.description for column in TABLES[table].fields}
        elif table.startswith(DLT_PREFIX):
            continue
        statements += [
            f"comment on column {target}.{quoted(name)} is {literal(descriptions[name])}"
            for name in present
            if name in descriptions
        ]
    with transaction(connection):
        for statement in statements:
            connection.execute(statement)
    return len(statements)


def add_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the loaded tables that are not there, without a row."""
    present = names_in(connection, RAW_SCHEMA, "table")
    for table in TABLES.values():
        if table.name not in present:
            defined = ", ".join(f"{quoted(field.name)} {field.kind.value}" for field in table.fields)
            connection.execute(f"create table {quoted(RAW_SCHEMA, table.name)} ({defined})")


def complete(connection: duckdb.DuckDBPyConnection) -> None:
    """Give the loaded tables what ``sql/`` counts on, though the loads so far had no occasion to.

    These are columns that a table of an older version lacks, and empty tables
    where nothing of a kind was ever read, so that whoever follows no feed has
    the marts that tell of feeds too. dlt takes both for its own. Nothing is
    done where nothing is loaded yet.
    """
    columns = columns_of(connection, RAW_SCHEMA)
    if not columns:
        return
    add_tables(connection)
    for name, present in columns.items():
        if name in TABLES:
            for field in TABLES[name].fields:
                if field.name not in present:
                    connection.execute(
                        f"alter table {quoted(RAW_SCHEMA, name)} "
                        f"add column {quoted(field.name)} {field.kind.value}"
                    )
