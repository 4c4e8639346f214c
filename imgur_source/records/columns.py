"""What a table and a column are, and the columns that many tables have."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TypedDict, Unpack


class Type(Enum):
    """The type of a column, one per DuckDB type that we use."""

    TEXT = "VARCHAR"
    INTEGER = "BIGINT"
    BOOLEAN = "BOOLEAN"
    TIME = "TIMESTAMP WITH TIME ZONE"  # Imgur sends seconds since the epoch; 0 and false mean none
    JSON = "JSON"


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """One column.

    Attributes:
        name: the column's name.
        kind: its type.
        description: its meaning, with unit; becomes the database's comment.
        key: Imgur's own name for it where the column had to be called otherwise.
        ours: whether we fill it ourselves (Imgur does not send it).
        alias: its plain name in the views of ``staging``, where that is another.
        none: what stands for nothing in it, and is null in the views.
        alias_description: its meaning in the views, where that is another.
    """

    name: str
    kind: Type
    description: str
    key: str = ""
    ours: bool = False
    alias: str = ""
    none: str | int | None = None
    alias_description: str = ""

    @property
    def wire_key(self) -> str:
        """The member of Imgur's record that the column is read from."""
        return self.key or self.name

    @property
    def plain_name(self) -> str:
        """What the views of ``staging`` call the column."""
        return self.alias or self.name


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """One table.

    Attributes:
        key: the columns that tell its rows apart; never null.
        parent: the columns of the thing whose rows are replaced together
            (an album's images); empty where rows stand alone. ``replaced`` has the rule.
        parent_read_in: the table that tells when a parent was read last: ``detail_fetches``,
            which also has how many rows came, or that of the parents themselves.
        absorbed: members of Imgur's record that are read into other tables,
            and so are not unknown.
    """

    name: str
    description: str
    key: tuple[str, ...]
    fields: tuple[Field, ...]
    parent: tuple[str, ...] = ()
    parent_read_in: str = "detail_fetches"
    absorbed: tuple[str, ...] = ()

    def field(self, name: str) -> Field:
        """The column called *name*; raises ``KeyError`` where there is none."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(f"{self.name} has no column {name}")

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)

    @property
    def fields_in_view(self) -> tuple[Field, ...]:
        """The columns for its view in ``staging``: there a row of a history lasts until it was fetched."""
        is_history = OBSERVED_AT in self.fields
        return tuple(SEEN_UNTIL if field is FETCHED_AT and is_history else field for field in self.fields)


MARKER = (
    "is_marker"  # tables with a parent carry it in the load: a row that only says "the parent is empty now"
)


class _More(TypedDict, total=False):
    """What few fields have."""

    key: str
    alias: str
    none: str | int
    alias_description: str


def text(name: str, description: str, **more: Unpack[_More]) -> Field:
    return Field(name, Type.TEXT, description, **more)


def integer(name: str, description: str, **more: Unpack[_More]) -> Field:
    return Field(name, Type.INTEGER, description, **more)


def boolean(name: str, description: str, **more: Unpack[_More]) -> Field:
    return Field(name, Type.BOOLEAN, description, **more)


def time(name: str, description: str, **more: Unpack[_More]) -> Field:
    return Field(name, Type.TIME, description, **more)


def json(name: str, description: str, **more: Unpack[_More]) -> Field:
    return Field(name, Type.JSON, description, **more)


def ours(name: str, kind: Type, description: str, **more: Unpack[_More]) -> Field:
    return Field(name, kind, description, ours=True, **more)


EXTRA = ours(
    "extra",
    Type.JSON,
    "Fields of Imgur's reply that have no column here, as one JSON object; null if there are none.",
)
FETCHED_AT = ours("fetched_at", Type.TIME, "When the reply that this row was read from was received, UTC.")
OBSERVED_AT = ours(
    "observed_at",
    Type.TIME,
    "When the counters stood like this: the time the reply was received, UTC.",
    alias_description="When the counters were first seen to stand like this, UTC.",
)
SEEN_UNTIL = replace(
    FETCHED_AT,
    alias="seen_until_at",
    alias_description="When the counters were last seen to stand like this, UTC.",
)
