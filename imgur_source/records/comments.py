"""A tree of comments, flattened: each comment with its parent, its root, its depth and its place."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec
import pyarrow as pa

from imgur_source.records.arrow import Rejected, read_records, table_of
from imgur_source.records.coercion import UnreadableRecordError, as_integer
from imgur_source.records.tables import POST_COMMENTS


@dataclass(frozen=True, slots=True)
class FlatTree:
    """Rows of ``post_comments`` in the order of reading, and what could not be read."""

    rows: pa.Table
    rejected: tuple[Rejected, ...]


@dataclass(frozen=True, slots=True)
class _Branch:
    """Where a list of comments hangs; the list of the whole tree hangs nowhere."""

    parent_id: int | None = None
    root_id: int | None = None
    depth: int = 0


def flatten(tree: bytes, *, post_id: str, fetched_at: datetime) -> FlatTree:
    """Flatten *tree*, the JSON list of root comments with nested ``children``, from top to bottom.

    The depth of a tree is bounded by nothing but the reply. What hangs under a
    comment that cannot be read still lands: under its number, or in its place
    where it has none.

    Raises:
        ValueError: when *tree* is not a JSON list.
    """
    lists = _lists_in(tree)
    comments: list[bytes] = []
    branches: list[_Branch] = []
    stack = [(comment, _Branch()) for comment in reversed(_RAW_LIST.decode(lists[0]))]
    while stack:
        comment, branch = stack.pop()
        comments.append(bytes(comment))
        number, children = _head_of(comment)
        root_id = branch.root_id if branch.root_id is not None else number
        branches.append(replace(branch, root_id=root_id))
        if children is not None:
            inner = branch if number is None else _Branch(number, root_id, branch.depth + 1)
            stack += [(child, inner) for child in reversed(_RAW_LIST.decode(lists[children]))]
    records = read_records(POST_COMMENTS, b"[" + b",".join(comments) + b"]")
    unread = {rejected.place for rejected in records.rejected}
    read = [branch for place, branch in enumerate(branches) if place not in unread]
    rows = table_of(
        records,
        fetched_at=fetched_at,
        post_id=post_id,
        parent_id=[branch.parent_id for branch in read],
        root_id=[branch.root_id for branch in read],
        depth=[branch.depth for branch in read],
        position=range(len(read)),
    )
    return FlatTree(rows, tuple(replace(rejected, raw=_alone(rejected.raw)) for rejected in records.rejected))


_RAW_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_MARKS = re.compile(  # texts are among them so that what stands inside of one is passed over
    rb'(?P<children>"children"\s*:\s*\[(?!\s*\]))|"(?:[^"\\]++|\\.)*+"|(?P<opened>[\[{])|(?P<closed>[\]}])',
    re.DOTALL,
)
_COMMENT, _OTHER = -1, -2


def _lists_in(tree: bytes) -> list[bytes]:
    """The lists of comments in *tree*, none of which holds another.

    The first is the list of the roots. Where a comment's ``children`` stood,
    ``[n]`` stands, and their list is number n. Every JSON decoder gives up
    where things are nested some hundred levels deep, so the cuts are made here.
    """
    if not tree.lstrip().startswith(b"["):
        raise ValueError("the tree of comments is not a list")
    lists: list[list[bytes]] = []
    start = 0
    stack: list[int] = []  # what is open: the number of a list of comments, a comment, or something else
    for mark in _MARKS.finditer(tree):
        kind = mark.lastgroup
        if kind is None:
            continue
        if kind == "closed":
            closed = stack.pop()
            if closed >= 0:
                lists[closed].append(tree[start : mark.end()])
                start = mark.end()
        elif not stack:
            lists.append([])
            stack.append(0)
        elif kind == "children" and stack[-1] == _COMMENT:
            lists[stack[-2]].append(tree[start : mark.end()] + b"%d]" % len(lists))
            start = mark.end() - 1
            stack.append(len(lists))
            lists.append([])
        elif stack[-1] >= 0 and mark[0] == b"{":
            stack.append(_COMMENT)
        else:
            stack.append(_OTHER)
    return [b"".join(pieces) for pieces in lists]


class _Head(msgspec.Struct):
    id: Any = None
    children: Any = None


_HEAD = msgspec.json.Decoder(_Head)


def _head_of(comment: msgspec.Raw) -> tuple[int | None, int | None]:
    """The number of a comment, and the number of its children's list, where it has them."""
    try:
        head = _HEAD.decode(comment)
    except msgspec.ValidationError:
        return None, None
    try:
        number = None if isinstance(head.id, bool) else as_integer(head.id)
    except UnreadableRecordError:
        number = None
    match head.children:
        case [int(children)]:
            return number or None, children
        case _:
            return number or None, None


def _alone(raw: str) -> str:
    """A rejected comment without its children, which land on their own."""
    value = msgspec.json.decode(raw)
    if isinstance(value, dict):
        value.pop("children", None)
    return msgspec.json.encode(value).decode()
