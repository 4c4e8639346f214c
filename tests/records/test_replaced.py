"""Rows that are replaced together: one rule for images of albums and posts, previews and tags."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest

from imgur_source.records.arrow import read_records, schema_of
from imgur_source.records.posts import media_of, previews_of, tags_of
from imgur_source.records.replaced import (
    ALBUM_REPLY,
    POST_PREVIEWS,
    POST_REPLY,
    POST_TAGS,
    Origin,
    Outcome,
    images_from,
    merge_hints,
)
from imgur_source.records.tables import MARKER, POSTS, TABLES
from tests.support.builders import Record, a_preview, a_tag, an_album_post, page_of

FETCHED = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
PARENT = "Par3nt"
STORED = ["stored 1", "stored 2"]
COUNTS = [None, 0, 1, 2, 3]
SETS = [(readable, unreadable) for readable, unreadable in product(range(4), range(3))]
Loaded = tuple[list[Record], int]  # rows to load, and how many records were rejected


def _images(readable: int, unreadable: int) -> list[Record]:
    return [
        *(a_preview(id=f"image {number}") for number in range(readable)),
        *({"id": f"bad {number}", "views": "many"} for number in range(unreadable)),
    ]


def _reply(origin: Origin, readable: int, unreadable: int, count: int | None) -> Loaded:
    came, page = readable + unreadable, page_of(*_images(readable, unreadable))
    replaced = images_from(origin, page, parent=PARENT, came=came, count=count, fetched_at=FETCHED)
    assert replaced.rows is None or replaced.rows.schema == schema_of(origin.table)
    return ([] if replaced.rows is None else replaced.rows.to_pylist()), len(replaced.rejected)


def _from_album_reply(readable: int, unreadable: int, count: int | None) -> Loaded:
    return _reply(ALBUM_REPLY, readable, unreadable, count)


def _from_post_reply(readable: int, unreadable: int, count: int | None) -> Loaded:
    return _reply(POST_REPLY, readable, unreadable, count)


def _from_previews(readable: int, unreadable: int, count: int | None) -> Loaded:
    post = an_album_post(id=PARENT, images_count=count, images=_images(readable, unreadable))
    [media] = media_of(read_records(POSTS, page_of(post)))
    replaced = previews_of(media, fetched_at=FETCHED)
    return ([] if replaced.rows is None else replaced.rows.to_pylist()), len(replaced.rejected)


def _from_tags(readable: int, unreadable: int, count: int | None) -> Loaded:
    tags = [*(a_tag(name=f"tag {number}") for number in range(readable)), *[{"name": None}] * unreadable]
    post = an_album_post(id=PARENT, images_count=count, tags=tags)
    links, named = tags_of(read_records(POSTS, page_of(post)), fetched_at=FETCHED)
    return links.to_pylist(), len(named.rejected)


ORIGINS: dict[str, tuple[Origin, Callable[[int, int, int | None], Loaded]]] = {
    "album reply": (ALBUM_REPLY, _from_album_reply),
    "post reply": (POST_REPLY, _from_post_reply),
    "previews": (POST_PREVIEWS, _from_previews),
    "tags": (POST_TAGS, _from_tags),
}


def _expected(name: str, *, readable: int, unreadable: int, count: int | None) -> Outcome:
    """The rule once more, in other words than the module's."""
    came = readable + unreadable
    if name == "previews" and (count != came or unreadable):
        return Outcome.UNCHANGED
    if name == "post reply" and came < (count or 0):
        return Outcome.UNCHANGED
    if name == "album reply" and not came and count:
        return Outcome.UNCHANGED
    if came and not readable:
        return Outcome.UNCHANGED
    return Outcome.REPLACED if came else Outcome.EMPTIED


def _after_load(rows: list[Record], origin: Origin) -> list[Any]:
    """What a merge on the parent leaves of the stored rows: dlt's rule in small."""
    [parent] = origin.table.parent
    child = next(name for name in origin.table.key if name != parent)
    assert all(row[parent] == PARENT for row in rows)
    return [row[child] for row in rows if not row[MARKER]] if rows else STORED


@pytest.mark.parametrize("name", ORIGINS)
def test_origin__replaces_empties_or_leaves_the_rows_of_a_parent(name: str) -> None:
    """For any number that came, could be read, and was announced, the stored rows become what the rule says."""
    origin, loaded = ORIGINS[name]
    for (readable, unreadable), count in product(SETS, COUNTS):
        case = {"readable": readable, "unreadable": unreadable, "count": count}
        came = readable + unreadable
        expected = _expected(name, readable=readable, unreadable=unreadable, count=count)
        rows, rejected = loaded(readable, unreadable, count)
        left = _after_load(rows, origin)

        assert origin.outcome(came=came, count=count, readable=readable) is expected, case
        if expected is Outcome.UNCHANGED:
            assert left == STORED, case
        elif expected is Outcome.EMPTIED:
            assert (left, [row[MARKER] for row in rows]) == ([], [True]), case
        else:
            kind = "tag" if name == "tags" else "image"
            assert left == [f"{kind} {number}" for number in range(readable)], case
            assert [row["position"] for row in rows] == list(range(readable)), case
        is_read = name == "tags" or origin.outcome(came=came, count=count) is Outcome.REPLACED
        assert rejected == (unreadable if is_read else 0), case


@pytest.mark.parametrize("name", ORIGINS)
def test_origin__marks_an_emptied_parent_with_one_row(name: str) -> None:
    """The row that empties a parent names it, has a blank child id and is marked; all else is null."""
    origin, loaded = ORIGINS[name]
    [parent] = origin.table.parent
    rows, _ = loaded(0, 0, 0)
    assert rows == [
        {
            **dict.fromkeys(origin.table.column_names),
            **dict.fromkeys(origin.table.key, ""),
            parent: PARENT,
            "fetched_at": FETCHED,
            MARKER: True,
        }
    ]


@pytest.mark.parametrize("origin", [origin for origin, _ in ORIGINS.values()], ids=list(ORIGINS))
def test_origin__without_a_list_changes_nothing(origin: Origin) -> None:
    """Where nothing was said of the rows, they stay, whatever the count."""
    assert {origin.outcome(came=None, count=count) for count in COUNTS} == {Outcome.UNCHANGED}


def test_merge_hints__replace_by_parent_in_every_table_that_has_one() -> None:
    """Each table with a parent has an origin here, and its load removes by parent and by marker."""
    hints = {table.name: merge_hints(table) for table in TABLES.values()}

    assert {name for name, hint in hints.items() if hint} == {
        origin.table.name for origin, _ in ORIGINS.values()
    }
    for origin, _ in ORIGINS.values():
        assert hints[origin.table.name] == {
            "merge_key": list(origin.table.parent),
            "columns": {MARKER: {"name": MARKER, "hard_delete": True}},
        }


def test_tables__say_where_the_last_reading_of_a_parent_stands() -> None:
    """Fetches of images are counted; tags come with their posts."""
    assert {table.name: table.parent_read_in for table in TABLES.values() if table.parent} == {
        "album_images": "detail_fetches",
        "post_images": "detail_fetches",
        "post_tags": "posts",
    }
