"""Checks: what would be wrong in a published file is told with numbers and an example."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from warehouse.checks import Problem
from warehouse.warehouse import Warehouse

from imgur_source.records.tables import (
    ALBUM_IMAGES,
    ALBUMS,
    DETAIL_FETCHES,
    IMAGE_METRICS,
    IMAGES,
    MARKER,
    POST_IMAGES,
    POST_TAGS,
    POSTS,
    REJECTED_RECORDS,
    Table,
)
from tests.support.work_files import NIGHT, StandingClock, load, load_tags, work


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "data", clock=StandingClock())


def test_check__finds_nothing_wrong_in_sound_tables(warehouse: Warehouse) -> None:
    """Sound tables pass, before the first publication and after it."""
    load(warehouse, IMAGES, {"id": "aaa"}, {"id": "AAA"})
    load(warehouse, POST_TAGS, {"post_id": "p", "tag": "cats"}, {"post_id": "p", "tag": "dogs"})
    load(warehouse, ALBUMS)
    assert warehouse.check() == []
    warehouse.publish()
    assert warehouse.check() == []


def test_check__finds_duplicate_keys(warehouse: Warehouse) -> None:
    """A key that stands twice is told with the number of such keys and the worst example."""
    load(warehouse, IMAGES, *({"id": id_} for id_ in ("a", "a", "b", "c", "c", "c")))
    seen = {"id": "a", "observed_at": NIGHT}
    load(warehouse, IMAGE_METRICS, seen, seen, {"id": "b", "observed_at": NIGHT})
    assert warehouse.check() == [
        Problem("images", "duplicate key", "2 keys stand more than once, for example id = c (3 rows)."),
        Problem(
            "image_metrics",
            "duplicate key",
            "1 keys stand more than once, for example id = a, observed_at = 2026-11-23 02:00:00+00 (2 rows).",
        ),
    ]


def test_check__finds_null_keys(warehouse: Warehouse) -> None:
    """A null in any column of a key is told, and is not taken for a duplicate."""
    row: dict[str, Any] = {"post_id": "p", "tag": None}
    load(warehouse, POST_TAGS, row, row, {"post_id": "p", "tag": "cats"})
    assert warehouse.check() == [
        Problem("post_tags", "null key", "2 rows have no key, for example post_id = p, tag = null.")
    ]


def test_check__finds_rows_that_only_mark_an_empty_parent(warehouse: Warehouse) -> None:
    """A marker that outlived the merge would look like a thing with an empty id."""
    load(warehouse, ALBUM_IMAGES, {"album_id": "a", "image_id": "", MARKER: True})
    load(warehouse, POST_TAGS, {"post_id": "p", "tag": "cats", MARKER: False})
    assert warehouse.check() == [
        Problem(
            "album_images",
            "marker row",
            "1 rows only say that a parent is empty and should have gone in the merge, "
            "for example album_id = a.",
        )
    ]


def test_check__finds_an_absent_key_column(warehouse: Warehouse) -> None:
    """A table without its key is told, instead of failing in SQL."""
    load(warehouse, POST_TAGS)
    work(warehouse, "alter table imgur_raw.post_tags drop column tag")
    assert warehouse.check() == [Problem("post_tags", "no key column", "Key columns are absent: tag.")]


def test_check__finds_a_table_that_lost_more_than_half_of_its_rows(warehouse: Warehouse) -> None:
    """Half of a table may go in a night, one row more may not."""
    load_tags(warehouse, 20)
    warehouse.publish()
    load_tags(warehouse, 10)
    assert warehouse.check() == []
    load_tags(warehouse, 9)
    problem = Problem(
        "tags",
        "rows lost",
        "9 rows, 20 in the published file.",
    )
    assert warehouse.check() == [problem]
    advice = "If that is right, run once with --accept-vanished."
    assert str(problem) == f"tags, rows lost: {problem.detail} {advice}"


def test_check__lets_small_tables_and_the_quarantine_shrink(warehouse: Warehouse) -> None:
    """A handful of rows may go, and so may rejected records, which a person empties."""
    load_tags(warehouse, 19)
    load(warehouse, REJECTED_RECORDS, *({"id": str(number)} for number in range(30)))
    warehouse.publish()
    load_tags(warehouse, 0)
    work(warehouse, "delete from imgur_raw.rejected_records")
    assert warehouse.check() == []


def test_check__finds_a_lost_table(warehouse: Warehouse) -> None:
    """A table that had rows and is gone is told, however small it was; an empty one is not missed."""
    load_tags(warehouse, 1)
    load(warehouse, IMAGES)
    load(warehouse, ALBUMS)
    warehouse.publish()
    work(warehouse, "drop table imgur_raw.tags", "drop table imgur_raw.images")
    assert warehouse.check() == [
        Problem(
            "tags",
            "table lost",
            "The published file has 1 rows, this one no such table.",
        )
    ]


@pytest.mark.parametrize("table", [ALBUM_IMAGES, POST_IMAGES], ids=lambda table: str(table.name))
@pytest.mark.parametrize(
    ("brought", "left", "lost"),
    [
        (40, 40, None),
        (0, 0, None),
        (3, 3, None),
        (None, 40, None),
        (40, 3, (13, 50)),
        (30, 3, (13, 40)),
        (None, 0, (10, 50)),
    ],
    ids=["as it was", "emptied", "cut down", "gone", "lost", "smaller and lost", "gone and lost"],
)
def test_check__lets_a_parent_shrink_to_what_its_last_fetch_brought(
    warehouse: Warehouse, table: Table, brought: int | None, left: int, lost: tuple[int, int] | None
) -> None:
    """An album that is most of a table may be emptied; what Imgur still shows of it must be there."""
    [parent] = table.parent
    large = [{parent: "large", "image_id": str(number)} for number in range(40)]
    small = [{parent: "small", "image_id": str(number)} for number in range(10)]
    load(warehouse, table, *large, *small)
    load(warehouse, DETAIL_FETCHES, {"resource": table.name, "item_id": "large", "items": 40})
    warehouse.publish()
    work(
        warehouse,
        f"delete from imgur_raw.{table.name} where {parent} = 'large' and image_id::bigint >= {left}",
        f"update imgur_raw.detail_fetches set items = {'null' if brought is None else brought}",
        # what another resource has brought of a parent of that name says nothing
        "insert into imgur_raw.detail_fetches (resource, item_id, items) values ('post_comments', 'small', 0)",
    )
    told = lost and [
        Problem(
            table.name,
            "rows lost",
            f"{lost[0]} rows, {lost[1]} in the published file that nothing has replaced since.",
        )
    ]
    assert warehouse.check() == (told or [])


def test_check__does_not_set_new_rows_against_lost_ones(warehouse: Warehouse) -> None:
    """A new album that is as large as what was lost hides nothing."""
    held = [{"album_id": "held", "image_id": str(number)} for number in range(20)]
    load(warehouse, ALBUM_IMAGES, *held)
    warehouse.publish()
    work(warehouse, "update imgur_raw.album_images set album_id = 'new'")
    assert [problem.title for problem in warehouse.check()] == ["album_images, rows lost"]


def test_check__lets_posts_that_were_seen_again_lose_their_tags(warehouse: Warehouse) -> None:
    """Tags of other posts must stay: nobody has said that they are gone."""
    load(warehouse, POSTS, *({"id": id_, "fetched_at": NIGHT} for id_ in ("seen", "unseen")))
    for post in ("seen", "unseen"):
        load(warehouse, POST_TAGS, *({"post_id": post, "tag": str(number)} for number in range(20)))
    warehouse.publish()
    work(
        warehouse,
        "delete from imgur_raw.post_tags where post_id = 'seen'",
        "update imgur_raw.posts set fetched_at = fetched_at + interval 1 hour where id = 'seen'",
    )
    assert warehouse.check() == []
    work(warehouse, "delete from imgur_raw.post_tags where tag::bigint >= 9")
    assert [str(problem) for problem in warehouse.check()] == [
        "post_tags, rows lost: 9 rows, 20 in the published file that nothing has replaced since. "
        "If that is right, run once with --accept-vanished."
    ]


def test_check__takes_new_tables_and_columns_as_they_come(warehouse: Warehouse) -> None:
    """A table or column that the published file does not know yet is no problem."""
    load_tags(warehouse, 30)
    warehouse.publish()
    work(warehouse, "alter table imgur_raw.tags add column of_tomorrow varchar")
    load(warehouse, IMAGES, {"id": "a"})
    assert warehouse.check() == []
