"""Trees of comments, flattened: every comment once, in the order of reading, below the one it answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgur_source.records.arrow import Rejected, schema_of
from imgur_source.records.comments import FlatTree, flatten
from imgur_source.records.tables import POST_COMMENTS
from tests.support.builders import UPLOADED_AT, Record, a_comment, page_of, without

NIGHT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
bounded = settings(max_examples=100, deadline=None)


def flat(*roots: Any) -> FlatTree:
    return flatten(page_of(*roots), post_id="P0stAaa", fetched_at=NIGHT)


def places(tree: FlatTree) -> list[tuple[Any, ...]]:
    """Each row's id, parent, root, depth and position."""
    columns = ("id", "parent_id", "root_id", "depth", "position")
    return [tuple(row[name] for name in columns) for row in tree.rows.to_pylist()]


def test_flatten__gives_each_comment_its_place() -> None:
    """Rows come in the order of reading: a comment, what hangs below it, then its neighbour."""
    tree = flat(
        a_comment(a_comment(a_comment(id=3), id=2), a_comment(id=4), id=1),
        a_comment(id=5),
        a_comment(a_comment(id=7), id=6),
    )
    assert places(tree) == [
        (1, None, 1, 0, 0),
        (2, 1, 1, 1, 1),
        (3, 2, 1, 2, 2),
        (4, 1, 1, 1, 3),
        (5, None, 5, 0, 4),
        (6, None, 6, 0, 5),
        (7, 6, 6, 1, 6),
    ]
    assert tree.rejected == ()


def test_flatten__keeps_the_whole_comment() -> None:
    """A row has all of the comment; the parent is the one above it, whatever parent_id says."""
    tree = flat(a_comment(id=1, parent_id=99, comment='Why? 🌉\n[{"children":[', novelty=True))
    assert tree.rows.schema == schema_of(POST_COMMENTS)
    assert tree.rows.to_pylist() == [
        {
            "id": 1,
            "post_id": "P0stAaa",
            "parent_id": None,
            "root_id": 1,
            "depth": 0,
            "position": 0,
            "image_id": "P0stAaa",
            "comment": 'Why? 🌉\n[{"children":[',
            "author": "walker",
            "author_id": 4002,
            "on_album": False,
            "album_cover": None,
            "ups": 4,
            "downs": 1,
            "points": 3,
            "datetime": UPLOADED_AT,
            "deleted": False,
            "vote": None,
            "platform": "desktop",
            "has_admin_badge": False,
            "extra": '{"novelty":true}',
            "fetched_at": NIGHT,
        }
    ]


def test_flatten__of_no_comments_has_no_rows() -> None:
    """A post without comments gives an empty table of the exact schema."""
    tree = flat()
    assert (tree.rows.schema, tree.rows.num_rows, tree.rejected) == (schema_of(POST_COMMENTS), 0, ())


def test_flatten__keeps_the_stub_of_a_deleted_comment_above_its_answers() -> None:
    """A deleted comment stays in the tree with an empty text and perhaps no author."""
    stub = a_comment(a_comment(id=2), id=1, deleted=True, comment="", author=None, author_id=0)
    rows = flat(stub).rows.to_pylist()
    assert [(row["id"], row["deleted"], row["comment"], row["author"], row["parent_id"]) for row in rows] == [
        (1, True, "", None, None),
        (2, False, "What a span!", "walker", 1),
    ]


@pytest.mark.parametrize("children", [None, [], {}, False, 0, "", 7, [7], "[1]"])
def test_flatten__takes_anything_but_comments_for_no_children(children: Any) -> None:
    """A comment whose children are missing, empty or nonsense ends its branch; its neighbours stay."""
    strange = {**a_comment(id=1), "children": children}
    tree = flat(strange, without(a_comment(id=2), "children"), a_comment(a_comment(id=4), id=3))
    assert places(tree) == [(1, None, 1, 0, 0), (2, None, 2, 0, 1), (3, None, 3, 0, 2), (4, 3, 3, 1, 3)]


def test_flatten__takes_children_of_something_else_for_a_field() -> None:
    """A list called children inside an unknown field holds no comments."""
    tree = flat(a_comment(a_comment(id=2), id=1, novelty={"children": [{"id": 9}]}))
    assert places(tree) == [(1, None, 1, 0, 0), (2, 1, 1, 1, 1)]
    assert tree.rows["extra"].to_pylist() == ['{"novelty":{"children":[{"id":9}]}}', None]


def test_flatten__reads_a_tree_with_blanks_between_its_marks() -> None:
    """How a reply is laid out makes no difference."""
    roots = [a_comment(a_comment(a_comment(id=3), id=2), id=1), a_comment(id=4)]
    spaced = json.dumps(roots, indent=2, separators=(" ,", " : ")).encode()
    tree = flatten(b" \n" + spaced, post_id="P0stAaa", fetched_at=NIGHT)
    assert tree.rows.equals(flat(*roots).rows)


def test_flatten__lands_the_answers_to_a_rejected_comment_below_its_number() -> None:
    """A comment that cannot be read is rejected by itself; its answers name it still."""
    bad = a_comment(a_comment(a_comment(id=4), id=3), id=2, ups="many")
    tree = flat(a_comment(bad, a_comment(id=5), id=1))
    assert places(tree) == [(1, None, 1, 0, 0), (3, 2, 1, 2, 1), (4, 3, 1, 3, 2), (5, 1, 1, 1, 3)]
    assert tree.rejected == (
        Rejected(
            page_of(without(bad, "children"))[1:-1].decode(), 'ups: "many" is not a whole number', place=1
        ),
    )


def test_flatten__lands_the_answers_to_a_rejected_root_below_its_number() -> None:
    """The thread of a root that cannot be read keeps its root's number."""
    assert places(flat(a_comment(a_comment(id=2), id=1, ups="many"), a_comment(id=3))) == [
        (2, 1, 1, 1, 0),
        (3, None, 3, 0, 1),
    ]


@pytest.mark.parametrize("number", [None, "first", 0, True, {"id": 2}, 1.5, 2**70])
def test_flatten__puts_answers_in_the_place_of_a_comment_without_number(number: Any) -> None:
    """Where the comment that they answer cannot even be named, its answers take its place."""
    nameless = a_comment(a_comment(id=3), id=number)
    tree = flat(a_comment(nameless, id=1), {**nameless, "children": [a_comment(id=5)]})
    assert places(tree) == [(1, None, 1, 0, 0), (3, 1, 1, 1, 1), (5, None, 5, 0, 2)]
    assert len(tree.rejected) == 2


def test_flatten__rejects_what_is_no_comment() -> None:
    """Something else among the comments is rejected, the comments around it land."""
    tree = flat(a_comment(id=1), None, a_comment("gone", a_comment(id=3), 7, [a_comment(id=8)], id=2))
    assert places(tree) == [(1, None, 1, 0, 0), (2, None, 2, 0, 1), (3, 2, 2, 1, 2)]
    assert [(rejected.reason, rejected.raw[:8]) for rejected in tree.rejected] == [
        ("not an object", "null"),
        ("not an object", '"gone"'),
        ("not an object", "7"),
        ("not an object", '[{"id":8'),
    ]


@pytest.mark.parametrize("tree", [b"{}", b'{"children":[]}', b"null", b"5", b'"[]"'])
def test_flatten__raises_where_there_is_no_list(tree: bytes) -> None:
    """Something else than a JSON list is the caller's error."""
    with pytest.raises(ValueError):
        flatten(tree, post_id="P0stAaa", fetched_at=NIGHT)


def chain(length: int, **lowest: Any) -> bytes:
    """A tree of one branch, from comment 1 down to comment *length*."""
    tree = b"[]"
    for number in range(length, 0, -1):
        comment = a_comment(id=number, **(lowest if number == length else {}))
        tree = page_of(comment).replace(b'"children":[]', b'"children":' + tree)
    return tree


def test_flatten__knows_no_greatest_depth() -> None:
    """A thread of 2,000 answers to answers, far beyond what a JSON decoder nests, lands whole."""
    tree = flatten(chain(2_000), post_id="P0stAaa", fetched_at=NIGHT)
    assert places(tree) == [
        (number, number - 1 or None, 1, number - 1, number - 1) for number in range(1, 2_001)
    ]


def test_flatten__rejects_alone_at_any_depth() -> None:
    """A comment that cannot be read costs no other, however many hang above it."""
    tree = flatten(chain(600, downs="few"), post_id="P0stAaa", fetched_at=NIGHT)
    assert (tree.rows.num_rows, [rejected.place for rejected in tree.rejected]) == (599, [599])


texts = st.text(alphabet='[]{}",:\\ children\n🌉', max_size=12)
shapes: st.SearchStrategy[Any] = st.recursive(
    st.tuples(texts, st.booleans(), st.just([])),
    lambda inner: st.tuples(texts, st.booleans(), st.lists(inner, max_size=4)),
    max_leaves=25,
)
Shape = tuple[str, bool, list[Any]]


@bounded
@given(forest=st.lists(shapes, max_size=5), spaced=st.booleans())
def test_flatten__gives_every_comment_once_below_its_parent(forest: list[Shape], spaced: bool) -> None:
    """Each comment is a row or rejected, positions count from 0, and a parent stands before its children."""
    expected: list[tuple[int, int | None, int, int, str]] = []
    bad: list[int] = []
    count = 0

    def grow(shape: Shape, parent: int | None, root: int | None, depth: int) -> Record:
        nonlocal count
        count += 1
        text, is_good, children = shape
        number = count
        root = root or number
        if is_good:
            expected.append((number, parent, root, depth, text))
        else:
            bad.append(number)
        return a_comment(
            *(grow(child, number, root, depth + 1) for child in children),
            id=number,
            comment=text,
            ups=1 if is_good else "many",
        )

    roots = [grow(shape, None, None, 0) for shape in forest]
    page = json.dumps(roots, indent=1 if spaced else None).encode()
    tree = flatten(page, post_id="P0stAaa", fetched_at=NIGHT)
    rows = tree.rows.to_pylist()
    seen = [tuple(row[name] for name in ("id", "parent_id", "root_id", "depth", "comment")) for row in rows]
    assert seen == expected
    assert [row["position"] for row in rows] == list(range(len(rows)))
    assert [json.loads(rejected.raw)["id"] for rejected in tree.rejected] == bad
    before = set(bad)
    for row in rows:
        assert row["parent_id"] is None or row["parent_id"] in before
        before.add(row["id"])
