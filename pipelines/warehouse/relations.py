"""The relations of ``sql/``: what each file defines, and how they are made in a file of the warehouse.

A file holds one ``select`` and its comments, and its stem is the relation's
name; ``sql/README.md`` says how it is written. Views come from ``sql/staging``,
tables from ``sql/marts``; audits and plans are queries that are only asked.
Which relation needs which is read from the SQL itself. What a file cannot know,
the time of the run and the time zone of its reports, stands in
``staging.parameters``. ``main.audit_results`` stands among the tables, is made
by ``audits`` and not dropped here. When relations are made, and what follows
from a query's rows, is left to the warehouse.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, Literal

import duckdb

from imgur_source.records import TABLES
from warehouse.catalog import RAW_SCHEMA, names_in, transaction
from warehouse.files import WarehouseError, first_line, literal, quoted

SQL_DIR = Path(__file__).resolve().parents[2] / "sql"

Kind = Literal["view", "table"]


class RelationError(WarehouseError):
    """A file of ``sql/`` is not what it should be; nothing is published."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(
            f"{path}: {reason}. The published file is as it was; correct this one and run again."
        )


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


PARAMETERS = "staging.parameters"
AUDIT_RESULTS = "main.audit_results"  # grows with the nights: no file defines it, and nothing here drops it
GIVEN = frozenset({PARAMETERS, AUDIT_RESULTS})  # what files may read besides loaded tables and each other
_PARSED: dict[Path, tuple[str, Query]] = {}  # texts and what they say; each round of a night asks for them
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
class Query:
    """The ``select`` of one file.

    Attributes:
        heading: the file's first line, without its dashes.
        text: the ``select``, without a semicolon.
        comments: the statements that follow it.
        inputs: the tables and views that it reads, with their schemas.
    """

    path: Path
    heading: str
    text: str
    comments: tuple[str, ...]
    inputs: frozenset[str]

    @property
    def name(self) -> str:
        return self.path.stem

    def missing(self, present: frozenset[str]) -> tuple[str, ...]:
        """The inputs that are not among *present*, in order."""
        return tuple(sorted(self.inputs - present))


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

    Every table of ``models`` has to be there, with all its columns (``catalog.complete``),
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
            with _named(relation.query.path):
                if relation.query.comments:
                    connection.execute(";".join(relation.query.comments))
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
    return {name: found[name] for name in _in_order({name: each.query for name, each in found.items()})}


def make(connection: duckdb.DuckDBPyConnection, relation: Relation) -> None:
    """Make one view or table, without its comments; what it reads has to be there.

    Raises:
        RelationError: DuckDB cannot make it.
    """
    with _named(relation.query.path):
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


def queries(connection: duckdb.DuckDBPyConnection, folder: Path) -> list[Query]:
    """The files of *folder* in the order of their names; none where there is no such folder.

    Raises:
        RelationError: a file is not one ``select`` with its comments.
    """
    return [_query(connection, path) for path in sorted(folder.glob("*.sql"))]


def present_in(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """Everything that a query may read in the current catalog, with its schema."""
    raw = (f"{RAW_SCHEMA}.{table}" for table in names_in(connection, RAW_SCHEMA, "table"))
    return frozenset([*raw, *_standing(connection)])


def ask(connection: duckdb.DuckDBPyConnection, query: Query, *, limit: int) -> list[dict[str, str | None]]:
    """The first *limit* rows of *query*, in its order, every value as text.

    Raises:
        RelationError: DuckDB cannot execute it.
    """
    with _named(query.path):
        # as text: DuckDB's own conversion of times needs pytz and takes the zone of the machine
        cursor = connection.execute(f"select columns(*)::varchar from ({query.text}) limit ?", [limit])
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def ask_and_count(
    connection: duckdb.DuckDBPyConnection, query: Query, *, limit: int
) -> tuple[list[dict[str, str | None]], int]:
    """The same, and how many rows there are in all; DuckDB executes the query once.

    Raises:
        RelationError: DuckDB cannot execute it.
    """
    with _named(query.path):
        connection.execute(f"create or replace temp table answer as {query.text}")
    first = replace(query, text="select * from temp.answer")
    rows = ask(connection, first, limit=limit)
    [(number,)] = connection.execute("select count(*) from temp.answer").fetchall()
    connection.execute("drop table temp.answer")
    return rows, number


def without_input(query: Query, name: str) -> RelationError:
    """The error that says of *query* that *name*, which it reads, can never be there."""
    return RelationError(query.path, f"it reads {name}, which is neither loaded nor in sql/")


def _query(connection: duckdb.DuckDBPyConnection, path: Path) -> Query:
    text = path.read_text(encoding="utf-8")
    known = _PARSED.get(path)
    if known is None or known[0] != text:
        _PARSED[path] = known = (text, _parsed(connection, path, text))
    return known[1]


def _parsed(connection: duckdb.DuckDBPyConnection, path: Path, text: str) -> Query:
    heading = text.partition("\n")[0]
    if not heading.startswith("-- "):
        raise RelationError(path, "its first line is no comment")
    with _named(path):
        statements = connection.extract_statements(text)
    if not statements or statements[0].type != duckdb.StatementType.SELECT:
        raise RelationError(path, "its first statement is no select")
    body = statements[0].query.strip().removesuffix(";")
    comments = tuple(statement.query.strip() for statement in statements[1:])
    for comment in comments:
        if not comment.startswith("comment on "):
            raise RelationError(path, f"after its select only comments may stand, not {comment[:40]!r}")
    inputs = frozenset(_inputs(connection, path, body))
    return Query(path, heading.removeprefix("-- ").strip(), body, comments, inputs)


def _inputs(connection: duckdb.DuckDBPyConnection, path: Path, body: str) -> Iterator[str]:
    """What *body* reads, with its schema."""
    try:
        tables = tables_read(connection, body)
    except ValueError as error:
        raise RelationError(path, str(error)) from error
    for schema, table in tables:
        if not schema:
            raise RelationError(path, f"{table} is read without its schema")
        yield f"{schema}.{table}"


def tables_read(connection: duckdb.DuckDBPyConnection, select: str) -> list[tuple[str, str]]:
    """Schema, empty where none is written, and name of each table or view that *select* reads.

    From DuckDB's parser: its ``get_table_names`` looks into the views that there
    are, and names what they read in their place.

    Raises:
        ValueError: it is no select, and why.
    """
    [(syntax,)] = connection.execute("select json_serialize_sql(?)", [select]).fetchall()
    tree = json.loads(syntax)
    if tree["error"]:
        raise ValueError(tree["error_message"])
    nodes = list(_nodes(tree))
    steps = {entry["key"] for node in nodes if "cte_map" in node for entry in node["cte_map"]["map"]}
    read = ((node["schema_name"], node["table_name"]) for node in nodes if node.get("type") == "BASE_TABLE")
    return [(schema, table) for schema, table in read if schema or table not in steps]


def _nodes(syntax: Any) -> Iterator[dict[str, Any]]:
    if isinstance(syntax, dict):
        yield syntax
    if isinstance(syntax, dict | list):
        for part in syntax.values() if isinstance(syntax, dict) else syntax:
            yield from _nodes(part)


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


def _clear(connection: duckdb.DuckDBPyConnection, kind: Kind) -> None:
    """Drop all of *kind* in the schemas of the relations but what is given; what has no file goes too."""
    for folder in FOLDERS:
        connection.execute(f"create schema if not exists {quoted(folder.schema)}")
        for name in names_in(connection, folder.schema, kind):
            if f"{folder.schema}.{name}" not in GIVEN:
                connection.execute(f"drop {kind} {quoted(folder.schema, name)}")


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Say which file it was that DuckDB refused."""
    try:
        yield
    except (
        duckdb.ProgrammingError,
        duckdb.DataError,
        duckdb.NotSupportedError,
        # a fault of DuckDB's own, or no room for it: the night still has to end with a sentence
        duckdb.InternalError,
        duckdb.OutOfMemoryException,
    ) as error:
        raise RelationError(path, first_line(error)) from error
