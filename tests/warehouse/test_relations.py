"""The relations of sql/: made in the order of their needs, left out with them, and never half."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from data_dictionary import empty_database
from warehouse.queries import RelationError, ask, queries
from warehouse.relations import Applied
from warehouse.warehouse import Warehouse

from imgur_source.records.tables import ALBUM_IMAGES, TAGS
from tests.support.work_files import NIGHT, StandingClock, load, load_tags, read, work, write_sql

STANDING = (
    "select schema_name || '.' || view_name from duckdb_views() where schema_name = 'staging' "
    "union all select schema_name || '.' || table_name from duckdb_tables() where schema_name = 'main' "
    "and table_name <> 'audit_results' order by all"
)


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """A warehouse whose relations are those of a folder of the test's own, still without files."""
    return Warehouse(tmp_path / "data", clock=StandingClock(), sql_dir=tmp_path / "sql")


def standing(warehouse: Warehouse) -> list[str]:
    return [name for (name,) in read(warehouse.work_file, STANDING)]


def described(warehouse: Warehouse) -> dict[str, str | None]:
    """What views, tables and columns mean, but for what no file defines."""
    return dict(
        read(
            warehouse.work_file,
            "select table_name, comment from duckdb_tables() "
            "where schema_name = 'main' and table_name <> 'audit_results' "
            "union all select view_name, comment from duckdb_views() where schema_name = 'staging' "
            "union all select table_name || '.' || column_name, comment from duckdb_columns() "
            "where schema_name in ('staging', 'main') and not internal "
            "and table_name not in ('parameters', 'audit_results')",
        )
    )


def test_apply_sql__has_nothing_to_do_without_a_work_file(warehouse: Warehouse) -> None:
    """Before the first load nothing is made, and no trace is left."""
    write_sql(warehouse.sql_dir, staging__tags="select name from imgur_raw.tags")
    assert warehouse.apply_sql() == Applied()
    assert not warehouse.data_dir.exists()


def test_apply_sql__makes_each_relation_after_what_it_needs(warehouse: Warehouse) -> None:
    """Views and tables are made in the order of their needs, whatever their names, and again just so."""
    write_sql(
        warehouse.sql_dir,
        staging__a="with c as (select tag from staging.c) select * from c join staging.b using (tag);",
        staging__b="select tag, 1 as posts from staging.c",
        staging__c="select name as tag from imgur_raw.tags",
        marts__a="select count(*) as tags from main.z",
        marts__z="select a.tag from staging.a",
    )
    load_tags(warehouse, 2)
    expected = Applied(made=("staging.c", "staging.b", "staging.a", "main.z", "main.a"))
    assert warehouse.apply_sql() == expected
    load_tags(warehouse, 3)
    assert warehouse.apply_sql() == expected
    assert read(warehouse.work_file, "from main.a") == [(3,)]
    assert read(warehouse.work_file, "select tag, posts from staging.a order by tag") == [
        ("0", 1),
        ("1", 1),
        ("2", 1),
    ]


def test_apply_sql__describes_what_it_makes(warehouse: Warehouse) -> None:
    """The comments of a file stand on its view or table, and on the columns; its first line does where none is said."""
    write_sql(
        warehouse.sql_dir,
        staging__tags=(
            "-- One row per tag.\nselect name as tag from imgur_raw.tags;\n\n"
            "comment on view staging.tags is 'One row per tag; it''s all.';\n"
            "comment on column staging.tags.tag is 'Its name.';\n"
        ),
        marts__counts=(
            "-- One row: it's all.\nselect count(*) as tags from staging.tags;\n"
            "comment on column main.counts.tags is 'Tags.';"
        ),
    )
    load_tags(warehouse, 1)
    warehouse.apply_sql()
    assert described(warehouse) == {
        "counts": "One row: it's all.",
        "counts.tags": "Tags.",
        "tags": "One row per tag; it's all.",
        "tags.tag": "Its name.",
    }


def test_apply_sql__hands_on_what_columns_mean(warehouse: Warehouse) -> None:
    """A column means what it means in the inputs that have it: in the one of the same name, or in all if they agree."""
    write_sql(
        warehouse.sql_dir,
        staging__tags=(
            "select name, followers, description, 1 as own from imgur_raw.tags; "
            "comment on column staging.tags.name is 'The tag''s own name.'; "
            "comment on column staging.tags.own is 'One.'"
        ),
        staging__others=(
            "select name, followers, description, 2 as own from imgur_raw.tags; "
            "comment on column staging.others.own is 'Two.'"
        ),
        marts__tags="select t.*, run_at from staging.tags t, staging.others, staging.parameters",
        marts__all="select o.* from staging.tags, staging.others o",
    )
    load_tags(warehouse, 1)
    warehouse.apply_sql()
    meanings = described(warehouse)
    followers, about = TAGS.field("followers").description, TAGS.field("description").description
    assert {name: meaning for name, meaning in meanings.items() if name.startswith(("tags.", "all."))} == {
        "tags.name": "The tag's own name.",
        "tags.followers": followers,
        "tags.description": about,
        "tags.own": "One.",
        "tags.run_at": "When they were made, UTC; ages are counted to this time.",
        "all.name": None,
        "all.followers": followers,
        "all.description": about,
        "all.own": None,
    }


def test_apply_sql__leaves_no_column_of_the_project_without_a_meaning() -> None:
    """Each view, table and column of sql/ is described, by its file or by what it comes from."""
    with empty_database() as connection:
        assert (
            connection.execute(
                "select table_name, column_name from duckdb_columns() where not internal and comment is null "
                "union all select table_name, null from duckdb_tables() where not internal and comment is null "
                "union all select view_name, null from duckdb_views() where not internal and comment is null"
            ).fetchall()
            == []
        )


def test_apply_sql__makes_what_reads_tables_that_were_never_loaded(warehouse: Warehouse) -> None:
    """Of what was never read there are empty tables, so nothing that reads them is left out."""
    write_sql(
        warehouse.sql_dir,
        staging__albums="select id as album_id, views from imgur_raw.albums",
        staging__tags="select name as tag from imgur_raw.tags",
        marts__both="select tag, views from staging.tags left join staging.albums on true",
    )
    load_tags(warehouse, 1)
    assert warehouse.apply_sql() == Applied(made=("staging.albums", "staging.tags", "main.both"))
    assert read(warehouse.work_file, "from main.both") == [("0", None)]


def test_apply_sql__tells_what_it_is_made_for(warehouse: Warehouse) -> None:
    """The time of the run and the time zone of its reports are there for every file to read."""
    write_sql(
        warehouse.sql_dir,
        marts__ages="select report_timezone, run_at - fetched_at as age from imgur_raw.tags cross join staging.parameters",
    )
    load(warehouse, TAGS, {"name": "a", "fetched_at": NIGHT - timedelta(hours=5)})
    warehouse.apply_sql(report_timezone="Europe/Berlin")
    assert read(warehouse.work_file, "from main.ages") == [("Europe/Berlin", timedelta(hours=5))]


def test_apply_sql__drops_what_has_no_file_any_more(warehouse: Warehouse) -> None:
    """What stands in the schemas of the relations without a file goes, also under the name of another kind."""
    write_sql(warehouse.sql_dir, staging__tags="select name as tag from imgur_raw.tags")
    load_tags(warehouse, 1)
    work(
        warehouse,
        "create schema staging",
        "create table staging.tags as select 1 as one",
        "create view staging.old as select 1 as one",
        "create table main.old as select 1 as one",
        "create view main.older as select 1 as one",
    )
    assert warehouse.apply_sql() == Applied(
        made=("staging.tags",), dropped=("staging.old", "main.old", "main.older")
    )
    assert standing(warehouse) == ["staging.tags"]
    assert read(warehouse.work_file, "from staging.tags") == [("0",)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("--select 1", "its first line is no comment"),
        ("-- Nothing.\n", "its first statement is no select"),
        ("create table x as select 1", "its first statement is no select"),
        ("select 1; select 2", "after its select only comments may stand, not 'select 2'"),
        ("selec 1", 'Parser Error: syntax error at or near "selec"'),
        ("select name from tags", "tags is read without its schema"),
        ("select name from imgur_raw.tagz", "it reads imgur_raw.tagz, which is neither loaded nor in sql/"),
        ("select tag from staging.tags", "it reads staging.tags, which is neither loaded nor in sql/"),
        (
            "select nam from imgur_raw.tags",
            'Binder Error: Referenced column "nam" not found in FROM clause!',
        ),
        (
            "select name from imgur_raw.tags; comment on column staging.wrong.nam is 'x'",
            'Binder Error: View "wrong" does not have a column with name "nam"',
        ),
    ],
)
def test_apply_sql__names_the_file_that_is_wrong(warehouse: Warehouse, text: str, reason: str) -> None:
    """A file that is no relation is told with its path, and the relations stay as they were."""
    write_sql(warehouse.sql_dir, staging__good="select name as tag from imgur_raw.tags")
    load_tags(warehouse, 1)
    warehouse.apply_sql()
    write_sql(warehouse.sql_dir, staging__wrong=text, staging__another="select name from imgur_raw.tags")
    with pytest.raises(RelationError) as failed:
        warehouse.apply_sql()
    assert (failed.value.path, failed.value.reason) == (warehouse.sql_dir / "staging" / "wrong.sql", reason)
    assert standing(warehouse) == ["staging.good"]


def test_apply_sql__leaves_no_half_made_table(warehouse: Warehouse) -> None:
    """Where a table cannot be made there is none, and the views are as they were."""
    write_sql(
        warehouse.sql_dir,
        staging__tags="select name as tag from imgur_raw.tags",
        marts__good="select tag from staging.tags",
        marts__sums="select sum(tag::bigint) as tags from staging.tags",
    )
    load_tags(warehouse, 2)
    warehouse.apply_sql()
    assert standing(warehouse) == ["main.good", "main.sums", "staging.tags"]
    load(warehouse, TAGS, {"name": "x"})
    write_sql(warehouse.sql_dir, staging__more="select name as tag from imgur_raw.tags")
    with pytest.raises(RelationError, match=r"marts/sums\.sql: Conversion Error"):
        warehouse.apply_sql()
    assert standing(warehouse) == ["staging.tags"]


def test_apply_sql__makes_tables_anew_in_the_same_room(warehouse: Warehouse) -> None:
    """The file does not grow from night to night: what new tables take is what the old ones gave back."""
    write_sql(
        warehouse.sql_dir,
        marts__numbers="select hash(range + (select count(*) from imgur_raw.tags)) as number from range(1000000)",
    )
    sizes = []
    for tags in range(1, 6):
        load_tags(warehouse, tags)
        warehouse.apply_sql()
        sizes.append(warehouse.work_file.stat().st_size)
    assert sizes[0] > 8_000_000  # a million random numbers of 8 bytes: the table is most of the file
    assert max(sizes) < 1.2 * sizes[0]


def test_apply_sql__names_the_circle(warehouse: Warehouse) -> None:
    """Relations that need each other are told by the whole circle."""
    write_sql(
        warehouse.sql_dir,
        staging__a="select 1 as one from staging.b",
        staging__b="select 1 as one from staging.c",
        staging__c="select 1 as one from staging.a",
    )
    load_tags(warehouse, 1)
    with pytest.raises(RelationError, match=r"needs itself: staging\.") as failed:
        warehouse.apply_sql()
    first, *others = failed.value.reason.removeprefix("it needs itself: ").split(" < ")
    assert sorted(others) == ["staging.a", "staging.b", "staging.c"]
    assert (others[-1], failed.value.path.name) == (first, f"{first.removeprefix('staging.')}.sql")


def test_apply_sql__views_work_in_the_published_file_under_any_name(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    """Attached under another name, beside a catalog with the same schemas, views read their own tables."""
    write_sql(
        warehouse.sql_dir,
        staging__members="select album_id, image_id from imgur_raw.album_images",
        staging__albums="select album_id, count(*) as images from staging.members group by album_id",
        marts__sizes="select images from staging.albums",
    )
    load(warehouse, ALBUM_IMAGES, {"album_id": "a", "image_id": "i"}, {"album_id": "a", "image_id": "j"})
    warehouse.apply_sql()
    warehouse.publish()
    moved = shutil.copyfile(warehouse.published_file, tmp_path / "elsewhere.duckdb")
    with duckdb.connect(":memory:") as connection:
        connection.execute("create schema imgur_raw")
        connection.execute("create table imgur_raw.album_images (album_id varchar, image_id varchar)")
        connection.execute("create schema staging")
        connection.execute("create view staging.members as from imgur_raw.album_images")
        connection.execute(f"attach '{moved}' as ours (read_only)")
        assert connection.execute("from ours.staging.albums").fetchall() == [("a", 2)]
        assert connection.execute("from ours.main.sizes").fetchall() == [(2,)]


def test_apply_sql__without_files_makes_nothing(warehouse: Warehouse, tmp_path: Path) -> None:
    """A folder that is not there is no error: the package may be used without its SQL."""
    load_tags(warehouse, 1)
    assert replace(warehouse, sql_dir=tmp_path / "none").apply_sql() == Applied()


@pytest.mark.parametrize("fault", [duckdb.InternalException, duckdb.OutOfMemoryException])
def test_apply_sql__says_which_file_it_was_when_duckdb_is_at_fault(
    warehouse: Warehouse, fault: type[duckdb.Error]
) -> None:
    """A fault inside DuckDB, or no room for it, is an error of the file, so that the night ends with a sentence."""
    [path] = write_sql(warehouse.sql_dir, marts__sums="select 1 as one").glob("marts/*.sql")
    with duckdb.connect(":memory:") as connection:
        [query] = queries(connection, path.parent)

        class Faulty:
            def execute(self, *_: object) -> None:
                raise fault("it went wrong")

        with pytest.raises(RelationError, match=r"sums\.sql: it went wrong"):
            ask(Faulty(), query, limit=1)  # type: ignore[arg-type]
