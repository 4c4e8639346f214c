"""The relations of ``sql/``: which there are, and how they are made in a file of the warehouse.

Views come from ``sql/staging``, tables from ``sql/marts``, and the views of
loaded tables that have no file from ``records.tables``. Which relation needs
which is read from the SQL itself. What a file cannot know, the time of the run
and the time zone of its reports, stands in ``staging.parameters``.
``main.audit_results`` stands among the tables, is made by ``audits`` and not
dropped here. When relations are made is left to the warehouse.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Literal

import duckdb

from imgur_source.records import TABLES
from warehouse.catalog import RAW_SCHEMA, names_in, transaction
from warehouse.files import literal, quoted
from warehouse.queries import Query, RelationError, named, queries, without_input
from warehouse.steps import LOADED_FILE, descriptions_in_view, loaded
from warehouse.steps import PARAMETERS as PARAMETERS

SQL_DIR = Path(__file__).resolve().parents[2] / "sql"

Kind = Literal["view", "table"]


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of relations.

    Attributes:
        schema: the schema that they are made in.
        kind: what they are made as.
    """

    name: str
    schema: str
    kind: Kind


AUDIT_RESULTS = "main.audit_results"  # grows with the runs: no file defines it, and nothing here drops it
GIVEN = frozenset({PARAMETERS, AUDIT_RESULTS})  # what files may read besides loaded tables and each other
FOLDERS = (Folder("staging", "staging", "view"), Folder("marts", "main", "table"))


@dataclass(frozen=True, slots=True)
class Parameters:
    """What the relations are made for; the one row of ``staging.parameters``.

    Attributes:
        run_at: the time of the run, which stands for now: ages are counted to it.
        report_timezone: IANA name of the zone in which hours and weekdays are reported.
    """

    run_at: datetime
    report_timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Relation:
    """A view or table, and the query that it is made of."""

    schema: str
    kind: Kind
    query: Query


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of the relations; names are with their schema.

    Attributes:
        made: in the order in which they were made.
        dropped: what stood there and has no file any more.
    """

    made: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


def apply(connection: duckdb.DuckDBPyConnection, sql_dir: Path, parameters: Parameters) -> Applied:
    """Make every relation of *sql_dir* anew, each after what it reads.

    Every table of ``records.tables`` has to be there, with all its columns (``catalog.complete``),
    and the table of audit results. The old tables go in a transaction of their own: only
    then are their pages free for the new ones, and the file stays as small as it is
    (docs/decisions/warehouse.md). Where a file fails, views are as they were, and there is no table.

    Raises:
        RelationError: a file cannot be read as a relation, reads what can never
            be there, or needs itself.
    """
    found = relations(connection, sql_dir)
    before = [name for name in _standing(connection) if name not in GIVEN]
    with transaction(connection):
        _clear(connection, "table")
    connection.execute("checkpoint")
    with transaction(connection):
        _clear(connection, "view")
        write(connection, parameters)
        for relation in found.values():
            make(connection, relation)
            with named(relation.query.path):
                if relation.query.comments:
                    connection.execute(";".join(relation.query.comments))
        _describe(connection, found)
    return Applied(made=tuple(found), dropped=tuple(name for name in before if name not in found))


def relations(connection: duckdb.DuckDBPyConnection, sql_dir: Path) -> dict[str, Relation]:
    """The views and tables of *sql_dir* by their names with schema, each after what it reads.

    Raises:
        RelationError: as ``apply``.
    """
    found = {
        f"{folder.schema}.{query.name}": Relation(folder.schema, folder.kind, query)
        for folder in FOLDERS
        for query in queries(connection, sql_dir / folder.name)
    }
    for query in _views_without_file(sql_dir / FOLDERS[0].name):
        found.setdefault(
            f"{FOLDERS[0].schema}.{query.name}", Relation(FOLDERS[0].schema, FOLDERS[0].kind, query)
        )
    return {name: found[name] for name in _in_order({name: each.query for name, each in found.items()})}


def make(connection: duckdb.DuckDBPyConnection, relation: Relation) -> None:
    """Make one view or table, without its comments; what it reads has to be there.

    Raises:
        RelationError: DuckDB cannot make it.
    """
    with named(relation.query.path):
        connection.execute(
            f"create {relation.kind} {quoted(relation.schema, relation.query.name)} as {relation.query.text}"
        )


def write(connection: duckdb.DuckDBPyConnection, parameters: Parameters) -> None:
    """Make ``staging.parameters``, with its one row."""
    connection.execute(
        f"create or replace table {PARAMETERS} as "
        "select ?::varchar as report_timezone, ?::timestamptz as run_at",
        [parameters.report_timezone, parameters.run_at],
    )
    for subject, comment in (
        (f"table {PARAMETERS}", "One row: what the views and tables of this file were made for."),
        (f"column {PARAMETERS}.run_at", "When they were made, UTC; ages are counted to this time."),
        (
            f"column {PARAMETERS}.report_timezone",
            "Time zone in which hours and weekdays are reported, the setting report_timezone.",
        ),
    ):
        connection.execute(f"comment on {subject} is {literal(comment)}")


def present_in(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """Everything that a query may read in the current catalog, with its schema."""
    raw = (f"{RAW_SCHEMA}.{table}" for table in names_in(connection, RAW_SCHEMA, "table"))
    return frozenset([*raw, *_standing(connection)])


def _views_without_file(folder: Path) -> Iterator[Query]:
    """The views of the loaded tables, where *folder* has a file that says so."""
    path = folder / LOADED_FILE
    for table in TABLES.values() if path.is_file() else ():
        step = loaded(table)
        yield Query(path, table.name, table.description, step.text, (), step.inputs)


def _in_order(files: Mapping[str, Query]) -> Sequence[str]:
    """The names of *files*, each after what it reads."""
    for query in files.values():
        for name in sorted(query.inputs):
            schema, _, table = name.partition(".")
            is_given = name in GIVEN or (schema == RAW_SCHEMA and table in TABLES)
            if name not in files and not is_given:
                raise without_input(query, name)
    sorter = TopologicalSorter({name: sorted(files[name].inputs & files.keys()) for name in sorted(files)})
    try:
        return tuple(sorter.static_order())
    except CycleError as error:
        circle = error.args[1]
        raise RelationError(files[circle[0]].path, f"it needs itself: {' < '.join(circle)}") from error


def _standing(connection: duckdb.DuckDBPyConnection) -> list[str]:
    return [
        f"{folder.schema}.{name}"
        for folder in FOLDERS
        for kind in ("table", "view")
        for name in names_in(connection, folder.schema, kind)
    ]


def _describe(connection: duckdb.DuckDBPyConnection, found: Mapping[str, Relation]) -> None:
    """Say of each relation and column what its file does not.

    A relation is what its first line says. A column means what it means where it comes from: in the
    input that is called like the relation, or in all that have such a column, if they agree.
    """
    ours = "database_name = current_database() and not internal"
    relations_said = dict(
        connection.execute(
            f"select schema_name || '.' || table_name, comment from duckdb_tables() where {ours} "
            f"union all select schema_name || '.' || view_name, comment from duckdb_views() where {ours}"
        ).fetchall()
    )
    said: dict[str, dict[str, str | None]] = {name: {} for name in relations_said}
    for name, column, meaning in connection.execute(
        f"select schema_name || '.' || table_name, column_name, comment from duckdb_columns() where {ours}"
    ).fetchall():
        said[name][column] = meaning
    for table in TABLES.values():
        said[f"{RAW_SCHEMA}.{table.name}"] = {field.name: field.description for field in table.fields}
    statements = []
    for name, relation in found.items():
        target = quoted(relation.schema, relation.query.name)
        if relations_said[name] is None:
            statements.append(f"comment on {relation.kind} {target} is {literal(relation.query.heading)}")
        inherited = _inherited(relation, said)
        for column, meaning in said[name].items():
            if meaning is None and column in inherited:
                said[name][column] = inherited[column]
                statements.append(
                    f"comment on column {target}.{quoted(column)} is {literal(inherited[column])}"
                )
    connection.execute(";".join(statements))


def _inherited(relation: Relation, said: Mapping[str, Mapping[str, str | None]]) -> dict[str, str]:
    """What columns mean in the inputs of *relation*, by their names."""
    name = relation.query.name
    meanings: dict[str, set[str]] = {}
    for source in relation.query.inputs:
        for column, meaning in said.get(source, {}).items():
            if meaning is not None:
                meanings.setdefault(column, set()).add(meaning)
    agreed = {column: different.pop() for column, different in meanings.items() if len(different) == 1}
    if relation.schema == "main":
        nearest = said.get(f"staging.{name}", {}) if f"staging.{name}" in relation.query.inputs else {}
        return agreed | {column: meaning for column, meaning in nearest.items() if meaning is not None}
    return agreed | (descriptions_in_view(TABLES[name]) if name in TABLES else {})


def _clear(connection: duckdb.DuckDBPyConnection, kind: Kind) -> None:
    """Drop all of *kind* in the schemas of the relations but what is given; what has no file goes too."""
    for folder in FOLDERS:
        connection.execute(f"create schema if not exists {quoted(folder.schema)}")
        for name in names_in(connection, folder.schema, kind):
            if f"{folder.schema}.{name}" not in GIVEN:
                connection.execute(f"drop {kind} {quoted(folder.schema, name)}")
