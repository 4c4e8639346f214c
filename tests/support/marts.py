"""A warehouse in memory: rows are put in, and of the relations of ``sql/`` what a test asks for is made.

Tables and views are made once for the whole process, in a template; a test has
them within a transaction, and what it has put in goes with that. A mart is made
when something reads it, with what it needs itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import groupby
from typing import Any

import duckdb
from warehouse.audits import Finding, add_results, finding
from warehouse.files import SOUND_JOINS
from warehouse.queries import Query, ask, queries, tables_read
from warehouse.relations import SQL_DIR, Parameters, Relation, make, relations, write

from imgur_source.records.tables import MARKER, TABLES, Table
from tests.support.work_files import NIGHT


class Marts:
    """Loaded tables and the relations over them, each made once it is asked for.

    Attributes:
        db: what it shows is in UTC.
        time_zone: of the session in which marts are made.
    """

    def __init__(self, db: duckdb.DuckDBPyConnection, *, time_zone: str = "UTC") -> None:
        self.db = db
        self.time_zone = time_zone
        self._made: list[str] = []

    def load(self, table: Table, *rows: dict[str, Any]) -> None:
        """Put *rows* into a loaded table; the marts are made anew when they are asked for next."""
        self._drop()
        for columns, alike in groupby(rows, key=_columns):
            many = list(alike)
            names = ", ".join(f'"{name}"' for name in columns)
            marks = ", ".join([f"({', '.join('?' * len(columns))})"] * len(many))
            values = [value for row in many for value in row.values()]
            self.db.execute(f"insert into imgur_raw.{table.name} ({names}) values {marks}", values)

    def make(self, *names: str) -> None:
        """Make marts, named with their schema, and what they need."""
        found = _relations()
        wanted = set(names)
        for name in reversed(found):
            if name in wanted:
                wanted |= found[name].query.inputs & found.keys()
        self.db.execute(f"set timezone = '{self.time_zone}'")
        for name, relation in found.items():
            if name in wanted and relation.kind == "table" and name not in self._made:
                make(self.db, relation)
                self._made.append(name)
        self.db.execute("set timezone = 'UTC'")

    def read(self, query: str) -> list[tuple[Any, ...]]:
        """All rows of *query*, for which the marts that it reads are made."""
        self._make_for(query)
        return self.db.execute(query).fetchall()

    def texts(self, query: str) -> list[tuple[str | None, ...]]:
        """The same, every value as text."""
        self._make_for(query)
        return self.db.execute(f"select columns(*)::varchar from ({query})").fetchall()

    def work(self, *statements: str) -> None:
        """Execute *statements*."""
        for statement in statements:
            self.db.execute(statement)

    def audit(self, name: str) -> list[tuple[str | None, ...]]:
        """All rows of an audit, every value as text; a finding tells the first three."""
        query = _audits()[name]
        self.make(*query.inputs)
        return [tuple(row.values()) for row in ask(self.db, query, limit=1_000_000)]

    def finding(self, name: str, *, accepted: Collection[str] = ()) -> Finding:
        """What an audit tells."""
        query = _audits()[name]
        self.make(*query.inputs)
        return finding(self.db, query, accepted=accepted)

    def findings(self) -> list[Finding]:
        """What all audits tell."""
        return [self.finding(name) for name in _audits()]

    def _make_for(self, query: str) -> None:
        self.make(*(f"{schema or 'main'}.{table}" for schema, table in tables_read(self.db, query)))

    def _drop(self) -> None:
        for name in self._made:
            self.db.execute(f"drop table {name}")
        self._made.clear()


def in_memory(*, report_timezone: str = "UTC", time_zone: str = "UTC") -> Marts:
    """A warehouse of a test's own: every loaded table, without a row, and every view; it is ``NIGHT``."""
    db = duckdb.connect(":memory:")
    db.execute("set threads = 1")  # for a few rows one is quicker
    db.execute("set timezone = 'UTC'")
    db.execute(SOUND_JOINS)
    db.execute("create schema imgur_raw")
    db.execute("create schema staging")
    for table in TABLES.values():
        columns = [f'"{field.name}" {field.kind.value}' for field in table.fields]
        columns += [f"{MARKER} boolean"] if table.parent else []
        db.execute(f"create table imgur_raw.{table.name} ({', '.join(columns)}, _dlt_load_id varchar)")
    add_results(db)
    write(db, Parameters(NIGHT, report_timezone))
    for relation in _relations().values():
        if relation.kind == "view":
            make(db, relation)
    return Marts(db, time_zone=time_zone)


def _columns(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(row)


@contextmanager
def for_one_test() -> Iterator[Marts]:
    """The same from the template: what is put in and made goes when the block ends."""
    marts = Marts(_template().db)
    marts.db.execute("begin transaction")
    try:
        yield marts
    finally:
        marts.db.execute("rollback")


@cache
def _template() -> Marts:
    return in_memory()


@cache
def _relations() -> dict[str, Relation]:
    with duckdb.connect(":memory:") as parser:
        return relations(parser, SQL_DIR)


@cache
def _audits() -> dict[str, Query]:
    return {query.name: query for query in queries(_template().db, SQL_DIR / "audits")}
