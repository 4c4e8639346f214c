"""The files of ``sql/``: what each of them says, and how it is asked.

A file holds one ``select`` and its comments, and its stem is its name;
``sql/README.md`` says how it is written. What it reads is learned from the SQL
itself; what ``steps`` makes for it is put in its place. What becomes of a query,
a view, a table, an audit, a fact of the plan, is left to those who ask.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from imgur_source.records import TABLES
from warehouse.catalog import names_in
from warehouse.files import WarehouseError, first_line
from warehouse.steps import LOADED, LOADED_FILE, after, loaded, steps_of, with_added

_PARSED: dict[Path, tuple[str, _Parsed]] = {}  # texts and what they say; each round of a run asks for them


class RelationError(WarehouseError):
    """A file of ``sql/`` is not what it should be; nothing is published."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(
            f"{path}: {reason}. The published file is as it was; correct this one and run again."
        )


@dataclass(frozen=True, slots=True)
class Query:
    """The ``select`` of one file.

    Attributes:
        name: the file's stem, or that of the loaded table whose view has no file.
        heading: the file's first line, without its dashes.
        text: the ``select``, without a semicolon.
        comments: the statements that follow it.
        inputs: the tables and views that it reads, with their schemas.
    """

    path: Path
    name: str
    heading: str
    text: str
    comments: tuple[str, ...]
    inputs: frozenset[str]

    def missing(self, present: frozenset[str]) -> tuple[str, ...]:
        """The inputs that are not among *present*, in order."""
        return tuple(sorted(self.inputs - present))


def queries(connection: duckdb.DuckDBPyConnection, folder: Path) -> list[Query]:
    """The files of *folder* in the order of their names; none where there is no such folder.

    Raises:
        RelationError: a file is not one ``select`` with its comments.
    """
    return [_query(connection, path) for path in sorted(folder.glob("*.sql")) if path.name != LOADED_FILE]


def ask(connection: duckdb.DuckDBPyConnection, query: Query, *, limit: int) -> list[dict[str, str | None]]:
    """The first *limit* rows of *query*, in its order, every value as text.

    Raises:
        RelationError: DuckDB cannot execute it.
    """
    with named(query.path):
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
    with named(query.path):
        connection.execute(f"create or replace temp table answer as {query.text}")
    first = replace(query, text="select * from temp.answer")
    rows = ask(connection, first, limit=limit)
    [(number,)] = connection.execute("select count(*) from temp.answer").fetchall()
    connection.execute("drop table temp.answer")
    return rows, number


def without_input(query: Query, name: str) -> RelationError:
    """The error that says of *query* that *name*, which it reads, can never be there."""
    return RelationError(query.path, f"it reads {name}, which is neither loaded nor in sql/")


def tables_read(connection: duckdb.DuckDBPyConnection, select: str) -> list[tuple[str, str]]:
    """Schema, empty where none is written, and name of each table or view that *select* reads.

    Raises:
        ValueError: it is no select, and why.
    """
    return _Syntax.of(connection, select).tables


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Say which file it was that DuckDB refused."""
    try:
        yield
    except (
        duckdb.ProgrammingError,
        duckdb.DataError,
        duckdb.NotSupportedError,
        # a fault of DuckDB's own, or no room for it: the run still has to end with a sentence
        duckdb.InternalError,
        duckdb.OutOfMemoryException,
    ) as error:
        raise RelationError(path, first_line(error)) from error


@dataclass(frozen=True, slots=True)
class _Parsed:
    """A file as it is written.

    Attributes:
        steps: what it reads without a schema.
        added: the columns that it names.
    """

    query: Query
    steps: frozenset[str]
    added: tuple[str, ...]


def _query(connection: duckdb.DuckDBPyConnection, path: Path) -> Query:
    text = path.read_text(encoding="utf-8")
    known = _PARSED.get(path)
    if known is None or known[0] != text:
        _PARSED[path] = known = (text, _parsed(connection, path, text))
    query, read, added = known[1].query, known[1].steps, known[1].added
    if not read:
        return query
    if LOADED in read and query.name in TABLES:
        steps = {LOADED: loaded(TABLES[query.name])}
        made = with_added(TABLES[query.name], query.text, added)
    else:
        staged = [f"staging.{view}" for view in names_in(connection, "staging", "view")]
        known_steps = steps_of(path.parents[1], staged)
        steps = {name: step for name, step in known_steps.items() if name in read}
        made = after(steps, query.text)
    if unknown := sorted(read - steps.keys()):
        raise RelationError(path, f"{unknown[0]} is read without its schema")
    return replace(query, text=made, inputs=query.inputs.union(*(step.inputs for step in steps.values())))


def _parsed(connection: duckdb.DuckDBPyConnection, path: Path, text: str) -> _Parsed:
    heading = text.partition("\n")[0]
    if not heading.startswith("-- "):
        raise RelationError(path, "its first line is no comment")
    with named(path):
        statements = connection.extract_statements(text)
    if not statements or statements[0].type != duckdb.StatementType.SELECT:
        raise RelationError(path, "its first statement is no select")
    body = statements[0].query.strip().removesuffix(";")
    comments = tuple(statement.query.strip() for statement in statements[1:])
    for comment in comments:
        if not comment.startswith("comment on "):
            raise RelationError(path, f"after its select only comments may stand, not {comment[:40]!r}")
    try:
        syntax = _Syntax.of(connection, body)
    except ValueError as error:
        raise RelationError(path, str(error)) from error
    inputs = frozenset(f"{schema}.{table}" for schema, table in syntax.tables if schema)
    steps = frozenset(table for schema, table in syntax.tables if not schema)
    query = Query(path, path.stem, heading.removeprefix("-- ").strip(), body, comments, inputs)
    return _Parsed(query, steps, syntax.columns)


@dataclass(frozen=True, slots=True)
class _Syntax:
    """What a ``select`` says.

    Attributes:
        tables: those that it reads, each with its schema, which is empty where none is written.
        columns: those that it names, without what a star stands for.
    """

    tables: list[tuple[str, str]]
    columns: tuple[str, ...]

    @classmethod
    def of(cls, connection: duckdb.DuckDBPyConnection, select: str) -> _Syntax:
        """From DuckDB's parser, whose own list of tables has what views read in place of the views.

        Raises:
            ValueError: it is no select, and why.
        """
        [(syntax,)] = connection.execute("select json_serialize_sql(?)", [select]).fetchall()
        tree = json.loads(syntax)
        if tree["error"]:
            raise ValueError(tree["error_message"])
        nodes = list(_nodes(tree))
        steps = {entry["key"] for node in nodes if "cte_map" in node for entry in node["cte_map"]["map"]}
        read = (
            (node["schema_name"], node["table_name"]) for node in nodes if node.get("type") == "BASE_TABLE"
        )
        named_columns = tree["statements"][0]["node"].get("select_list", ())
        return cls(
            tables=[(schema, table) for schema, table in read if schema or table not in steps],
            columns=tuple(
                column["alias"] or column["column_names"][-1]
                for column in named_columns
                if column["alias"] or column["type"] == "COLUMN_REF"
            ),
        )


def _nodes(syntax: Any) -> Iterator[dict[str, Any]]:
    if isinstance(syntax, dict):
        yield syntax
    if isinstance(syntax, dict | list):
        for part in syntax.values() if isinstance(syntax, dict) else syntax:
            yield from _nodes(part)
