"""Steps: what files read without a schema, made from their headers and from the loaded tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import takewhile
from pathlib import Path
from typing import Any

import duckdb
import pytest
from warehouse.catalog import add_tables
from warehouse.queries import RelationError, queries
from warehouse.relations import SQL_DIR, Parameters, apply

from imgur_source.records.tables import IMAGES, TABLES
from tests.support.work_files import NIGHT, write_sql


@pytest.fixture
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """Every loaded table, without a row."""
    with duckdb.connect(":memory:") as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute("create schema imgur_raw")
        add_tables(connection)
        yield connection


def answer(
    database: duckdb.DuckDBPyConnection, sql_dir: Path, folder: str, name: str
) -> list[tuple[Any, ...]]:
    """The rows of a query of the folder, over the relations of *sql_dir*."""
    apply(database, sql_dir, Parameters(NIGHT))
    [query] = [query for query in queries(database, sql_dir / folder) if query.name == name]
    return database.execute(query.text).fetchall()


def columns(database: duckdb.DuckDBPyConnection, relation: str) -> list[str]:
    return [name for name, *_ in database.execute(f"describe {relation}").fetchall()]


# loaded


def test_loaded__gives_every_table_a_view(database: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Where the folder says so each loaded table has a view, of its own file or of its aliases; else none has."""
    own = write_sql(tmp_path, staging__tags="select 1 as one")
    assert apply(database, own, Parameters(NIGHT)).made == ("staging.tags",)
    write_sql(tmp_path, staging__loaded="-- Views of loaded tables.\n")
    assert sorted(apply(database, own, Parameters(NIGHT)).made) == sorted(
        f"staging.{name}" for name in TABLES
    )
    assert database.execute("from staging.tags").fetchall() == [(1,)]
    database.execute("alter table imgur_raw.item_looks add column is_new boolean")
    apply(database, own, Parameters(NIGHT))
    assert columns(database, "staging.item_looks") == [
        "list",
        "item_id",
        "is_gone",
        "looked_at",
        "fetched_at",
    ]


def test_loaded__takes_what_a_file_adds(database: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """What a file adds stands between booleans and times; the rest is renamed, aged and freed of what means nothing."""
    write_sql(
        tmp_path,
        staging__images=(
            "with\nsizes as (select 1 as width_px)\n\n"
            "select loaded.*, sizes.width_px is not null as is_wide, loaded.title as words from loaded "
            "left join sizes using (width_px)"
        ),
    )
    database.execute(
        "insert into imgur_raw.images (id, account_id, section, width, animated, title, fetched_at) values "
        "('a', 0, '', 1, true, 'Cat', $fetched_at), ('b', 7, 'aww', 2, null, null, null)",
        {"fetched_at": NIGHT - timedelta(hours=5)},
    )
    apply(database, tmp_path, Parameters(NIGHT))
    found = columns(database, "staging.images")
    assert found[:3] == ["image_id", "account_id", "title"]
    assert found[-6:] == ["is_in_most_viral", "is_ad", "is_wide", "words", "uploaded_at", "fetched_at"]
    assert len(found) == len(IMAGES.fields) + 3
    assert database.execute(
        "select image_id, account_id, section, data_age_hours, is_animated, is_wide, words "
        "from staging.images order by all"
    ).fetchall() == [("a", None, None, 5.0, True, True, "Cat"), ("b", 7, "aww", None, None, False, None)]


@pytest.mark.parametrize(("folder", "step"), [("staging", "loaded"), ("marts", "lodaed"), ("audits", "key")])
def test_step__that_nobody_makes(
    database: duckdb.DuckDBPyConnection, tmp_path: Path, folder: str, step: str
) -> None:
    """A name without a schema that is no step is an error of its file, and so is ``loaded`` without its table."""
    write_sql(tmp_path, **{f"{folder}__wrong": f"select 1 as one from {step}"})
    with pytest.raises(RelationError, match=rf"wrong\.sql: {step} is read without its schema"):
        queries(database, tmp_path / folder)


# keys


def test_keys__are_those_of_the_headers(database: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Each key with its rows: columns side by side, null where one is, and a name in place of a number that is null."""
    write_sql(
        tmp_path,
        marts__days="-- Days.\n-- key: id, day\nselect * from (values (1, 'a'), (1, 'a'), (null, 'b')) as t(id, day)",
        marts__names=(
            "-- Names.\n-- key: id or name, day\n"
            "select * from (values (1, 'Amy', 'a'), (null, 'Amy', 'a'), (null, 'amy', 'a')) as t(id, name, day)"
        ),
        marts__without="-- No key.\nselect 1 as one",
        audits__all="-- error: Keys.\nselect table_name, key, copies from keys order by all",
    )
    assert answer(database, tmp_path, "audits", "all") == [
        ("days", "1 a", 2),
        ("days", None, 1),
        ("names", " amy a", 2),
        ("names", "1  a", 1),
    ]


def test_keys__of_every_mart_are_said() -> None:
    """No mart of the project is without the columns that tell its rows apart, after its grain."""
    headers = {path.stem: path.read_text().splitlines()[1] for path in (SQL_DIR / "marts").glob("*.sql")}
    assert {name: line for name, line in headers.items() if not line.startswith("-- key: ")} == {}


# refs


def test_refs__dangle_where_none_of_their_targets_is(
    database: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """Each reference of each row, by the file's own name or that of a view without file; ``?`` is one that may be null."""
    write_sql(
        tmp_path,
        staging__loaded="-- Views.\n-- ref: post_tags.tag -> tags",
        staging__replies=(
            "-- Replies.\n-- Which may be to a comment or to a post.\n"
            "-- ref: parent? -> replies.id, posts.post_id\n-- ref: post_id -> posts\n"
            "select * from (values ('r', null, 'p'), ('s', 'r', 'q'), ('t', 'p', 'p'), ('u', 'v', null)) "
            "as t(id, parent, post_id)"
        ),
        audits__all="-- warn: References.\nselect reference, target, is_dangling from refs order by all",
    )
    database.execute("insert into imgur_raw.posts (id) values ('p')")
    database.execute("insert into imgur_raw.post_tags (post_id, tag) values ('p', 'cats'), ('p', 'dogs')")
    database.execute("insert into imgur_raw.tags (name) values ('cats')")
    assert answer(database, tmp_path, "audits", "all") == [
        ("post_tags.tag", "cats", False),
        ("post_tags.tag", "dogs", True),
        ("replies.parent", "p", False),
        ("replies.parent", "r", False),
        ("replies.parent", "v", True),
        ("replies.post_id", "p", False),
        ("replies.post_id", "p", False),
        ("replies.post_id", "q", True),
        ("replies.post_id", None, True),
    ]


# counters


def test_counters__are_of_the_views_that_stand(database: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """A history that is not there yet leaves the others alone, and its counters out."""
    write_sql(
        tmp_path,
        staging__numbers=(
            "select 5 as id, null::bigint as points, timestamptz '2026-11-01 00:00:00+00' as observed_at, "
            "timestamptz '2026-11-02 00:00:00+00' as seen_until_at"
        ),
        plan__all=(
            "-- Counters.\n-- counter: of_numbers -> numbers.id, points\n-- counter: of_none -> none.id, views\n"
            "select resource, item_id, value, (seen_until_at - observed_at)::varchar from counters"
        ),
    )
    assert answer(database, tmp_path, "plan", "all") == [("of_numbers", "5", 0, "1 day")]
    (tmp_path / "staging" / "numbers.sql").unlink()
    assert answer(database, tmp_path, "plan", "all") == []


# loaded_tables


def test_loaded_tables__are_those_that_tell_of_imgur(
    database: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """All loaded tables but the books that the header names."""
    write_sql(
        tmp_path,
        staging__loaded="-- Views.\n-- run_tables: sync_runs, list_items",
        plan__all="-- Tables.\nselect table_name from loaded_tables",
    )
    assert answer(database, tmp_path, "plan", "all") == [
        (name,) for name in TABLES if name not in ("sync_runs", "list_items")
    ]


# the headers of the project


def test_headers__are_of_known_words() -> None:
    """A word that nobody reads, such as a misspelt one, is no header of any file."""
    words = {
        word
        for path in SQL_DIR.glob("*/*.sql")
        for line in takewhile(lambda line: line.startswith("--"), path.read_text().splitlines()[1:])
        for word in re.findall(r"^-- (\w+): ", line)
    }
    assert words == {"key", "ref", "counter", "run_tables"}
