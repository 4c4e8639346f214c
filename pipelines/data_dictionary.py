"""The data dictionary for people: ``docs/data-dictionary.md``, written from the database's own comments.

The relations are made once without a row, so no data and no account is needed.
What they mean stands in ``records.tables`` and in the files of ``sql/``; nothing is
added here but the order. Run it after a change there: ``make docs``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import duckdb
from warehouse import (
    AUDITS,
    RAW_SCHEMA,
    SQL_DIR,
    Parameters,
    add_results,
    add_tables,
    apply,
    comment,
    names_in,
    queries,
    quoted,
)

FILE = Path(__file__).resolve().parent.parent / "docs" / "data-dictionary.md"
SCHEMAS = {
    "main": "Marts: tables that answer questions, made anew by each run. Start here.",
    "staging": "Views of the loaded tables under plain names, with what has gone from its list.",
    RAW_SCHEMA: "What was loaded, under Imgur's own field names.",
}
KINDS: tuple[Literal["table", "view"], ...] = ("table", "view")
INTRODUCTION = (
    "# Data dictionary",
    "",
    "Every table, view and column of the published file.",
    "Written by `make docs` from the comments inside the database; do not edit it.",
    "All times are UTC, and days are UTC days unless a column says otherwise.",
)


def main() -> int:
    """Write the file anew."""
    FILE.write_text(data_dictionary(), encoding="utf-8")
    print(f"Written {FILE}")
    return 0


def data_dictionary() -> str:
    """The whole text, in Markdown."""
    with empty_database() as connection:
        lines = [*INTRODUCTION, "", *_contents(connection)]
        for schema, meaning in SCHEMAS.items():
            lines += ["", f"## {schema}", "", meaning, *_relations(connection, schema)]
        lines += ["", "## Audits", "", *_audits(connection)]
    return "\n".join(lines) + "\n"


@contextmanager
def empty_database() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory with every loaded table and all of ``sql/``, described, and no row."""
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"create schema {quoted(RAW_SCHEMA)}")
        add_tables(connection)
        comment(connection)
        add_results(connection)
        apply(connection, SQL_DIR, Parameters(datetime(2026, 1, 1, tzinfo=UTC)))
        yield connection


def _contents(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """A line per schema, with a link to each of its relations."""
    for schema in SCHEMAS:
        names = sorted(name for kind in KINDS for name in names_in(connection, schema, kind))
        links = (f"[{name}](#{(schema + name).lower()})" for name in names)
        yield f"- [{schema}](#{schema.lower()}): {', '.join(links)}"
    yield "- [audits](#audits)"


def _relations(connection: duckdb.DuckDBPyConnection, schema: str) -> Iterator[str]:
    """Each table and view of *schema* in the order of their names, with its columns."""
    columns: dict[str, list[str]] = {}
    for relation, column, data_type, meaning in connection.execute(
        "select table_name, column_name, data_type, comment from duckdb_columns() "
        "where schema_name = ? and not internal order by table_name, column_index",
        [schema],
    ).fetchall():
        columns.setdefault(relation, []).append(f"| `{column}` | {_type(data_type)} | {_cell(meaning)} |")
    for relation, meaning in connection.execute(
        "select table_name, comment from duckdb_tables() where schema_name = $schema and not internal "
        "union all select view_name, comment from duckdb_views() "
        "where schema_name = $schema and not internal order by all",
        {"schema": schema},
    ).fetchall():
        yield from ("", f"### {schema}.{relation}", "", meaning or "", "")
        yield from ("| column | type | meaning |", "|---|---|---|", *columns[relation])


def _audits(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """What is asked before a file is published, and what an answer means."""
    yield "Queries that are asked before each publication; a row of an answer is something wrong."
    yield "An error keeps the published file as it is, a warning is only told."
    yield from ("", "| audit | severity | a row means |", "|---|---|---|")
    for audit in queries(connection, SQL_DIR / AUDITS):
        severity, _, meaning = audit.heading.partition(": ")
        yield f"| `{audit.name}` | {severity} | {_cell(meaning)} |"


def _type(data_type: str) -> str:
    return data_type.lower().replace("timestamp with time zone", "timestamptz")


def _cell(text: str | None) -> str:
    """*text* inside a table of Markdown."""
    return (text or "").replace("|", "\\|")


if __name__ == "__main__":
    raise SystemExit(main())
