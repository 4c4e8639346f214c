"""Imgur's records as raw JSON in, Arrow tables with an exact schema out.

A page is read in one pass by a decoder made from ``tables.py``, column by
column into Arrow. A page that holds a surprise (an unknown field, a text where
a number belongs) is read again record by record: unknown fields go to
``extra``, values are coerced where nothing is lost, and a record that cannot
be understood is handed back as rejected while the rest of its page lands.
Both ways give the same rows; ``benchmarks/`` compares this with other ways.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any

import msgspec
import pyarrow as pa

from imgur_source.records.coercion import (
    LATEST_SECOND,
    UnreadableRecordError,
    as_boolean,
    as_integer,
    as_seconds,
)
from imgur_source.records.scrubbing import SECRET_KEYS, scrubbed
from imgur_source.records.tables import (
    EXTRA,
    FETCHED_AT,
    MARKER,
    REJECTED_RECORDS,
    Field,
    Table,
    Type,
)

logger = logging.getLogger(__name__)

INSTANT = pa.timestamp("us", tz="UTC")  # DuckDB's TIMESTAMPTZ counts microseconds
_ARROW_TYPES: dict[Type, pa.DataType] = {
    Type.TEXT: pa.string(),
    Type.INTEGER: pa.int64(),
    Type.BOOLEAN: pa.bool_(),
    Type.TIME: INSTANT,
    Type.JSON: pa.string(),
}
_WIRE_TYPES: dict[
    Type, Any
] = {  # what the fast way accepts; a float could be cut silently, so it is not among them
    Type.TEXT: str | None,
    Type.INTEGER: int | str | bool | None,
    Type.BOOLEAN: bool | int | str | None,
    Type.TIME: int | str | bool | None,
    Type.JSON: msgspec.Raw,
}
_NULL = msgspec.Raw(b"null")
_NO_KEY = frozenset({None, "", 0})  # what Imgur may send for an id where there is none
_RAW_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_RAW_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that could not be understood.

    Attributes:
        raw: its JSON, without its secrets.
        reason: what could not be understood.
        place: where in its page it stood, 0 is the first.
    """

    raw: str
    reason: str
    place: int = 0


@dataclass(frozen=True, slots=True)
class Records:
    """The records of one page that could be read.

    Attributes:
        rows: one object per record, with Imgur's names as attributes.
        columns: the same as Arrow columns, by column name.
        rejected: those that could not be read.
    """

    table: Table
    rows: Sequence[Any]
    columns: Mapping[str, pa.Array]
    rejected: Sequence[Rejected] = ()


@cache
def schema_of(table: Table, *, with_marker: bool = True) -> pa.Schema:
    """The exact Arrow schema of *table*; keys are not nullable."""
    fields = [pa.field(f.name, _ARROW_TYPES[f.kind], nullable=f.name not in table.key) for f in table.fields]
    if table.parent and with_marker:
        fields.append(pa.field(MARKER, pa.bool_()))
    return pa.schema(fields)


def read_records(table: Table, page: bytes) -> Records:
    """Read a JSON list of Imgur's records for *table*.

    Raises:
        ValueError: when *page* is not a JSON list; what stands inside never raises.
    """
    try:
        rows = _reader(table).decode(page)
        return Records(table, rows, _columns(table, rows))
    except (msgspec.ValidationError, UnreadableRecordError):
        rows, rejected = _read_one_by_one(table, _RAW_LIST.decode(page))
        return Records(table, rows, _columns(table, rows), rejected)


def read_record(table: Table, record: bytes) -> Records:
    """Read one of Imgur's records for *table*."""
    return read_records(table, b"[" + record + b"]")


def table_of(records: Records, *, fetched_at: datetime, **ours: Sequence[Any] | Any) -> pa.Table:
    """An Arrow table of *records*, in the order of the table's columns.

    Args:
        fetched_at: when the reply was received.
        ours: the columns that Imgur does not send, as one value for all rows or a sequence of as many.
    """
    table, rows = records.table, records.rows
    columns: list[pa.Array] = []
    for field in table.fields:
        if field is FETCHED_AT:
            columns.append(_constant(fetched_at, INSTANT, len(rows)))
        elif field is EXTRA:
            columns.append(pa.array(map(_EXTRA_OF, rows), pa.string()))
        elif field.ours:
            columns.append(_ours_column(ours[field.name], _ARROW_TYPES[field.kind], len(rows)))
        else:
            columns.append(records.columns[field.name])
    if table.parent:
        columns.append(pa.nulls(len(rows), pa.bool_()))
    return pa.Table.from_arrays(columns, schema=schema_of(table))


def rows_table(table: Table, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """An Arrow table of rows that we made ourselves; a missing column is null."""
    return pa.Table.from_pylist([dict(row) for row in rows], schema=schema_of(table))


def history_of(rows: pa.Table, history: Table, *, id_column: str = "id") -> pa.Table:
    """The counters in *rows* as observations: what *history* keeps, observed when it was fetched."""
    return pa.Table.from_arrays(
        [
            rows.column({"id": id_column, "observed_at": FETCHED_AT.name}.get(field.name, field.name))
            for field in history.fields
        ],
        schema=schema_of(history),
    )


def rejected_table(rejected: Sequence[Rejected], *, endpoint: str, fetched_at: datetime) -> pa.Table:
    """Rows for ``rejected_records``."""
    return rows_table(
        REJECTED_RECORDS,
        [
            {
                "id": hashlib.sha256(f"{endpoint}\n{record.raw}".encode()).hexdigest()[:32],
                "endpoint": endpoint,
                "reason": record.reason,
                "raw": record.raw,
                "fetched_at": fetched_at,
            }
            for record in rejected
        ],
    )


_COERCE: dict[Type, Callable[[Any], Any]] = {
    Type.INTEGER: as_integer,
    Type.BOOLEAN: as_boolean,
    Type.TIME: as_seconds,
}
_EXTRA_OF = attrgetter("extra_text")


def _wire_fields(table: Table) -> list[Field]:
    return [field for field in table.fields if not field.ours]


def _wire_type(field: Field, table: Table) -> Any:
    is_number = field.name in table.key and field.kind is Type.INTEGER
    return int | None if is_number else _WIRE_TYPES[field.kind]


@cache
def _record_type(table: Table) -> type[Any]:
    """A struct with one attribute per wire field, per absorbed and per secret member, and ``extra_text``."""
    keys: list[Any] = [
        (f.wire_key, _wire_type(f, table), _NULL if f.kind is Type.JSON else None)
        for f in _wire_fields(table)
    ]
    known = {key for key, _, _ in keys}
    keys += [(key, msgspec.Raw, _NULL) for key in (*table.absorbed, *sorted(SECRET_KEYS)) if key not in known]
    keys.append(("extra_text", None, None))  # typed as null, so that no member of Imgur's fills it
    return msgspec.defstruct(
        f"{table.name}_record",
        keys,
        rename={"extra_text": "(extra)"},
        forbid_unknown_fields=True,
        gc=False,
    )


@cache
def _reader(table: Table) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(list[_record_type(table)])  # type: ignore[misc]


def _read_one_by_one(table: Table, records: Sequence[msgspec.Raw]) -> tuple[list[Any], list[Rejected]]:
    rows: list[Any] = []
    rejected: list[Rejected] = []
    for place, raw in enumerate(records):
        try:
            rows.append(_read_slowly(table, raw))
        except (UnreadableRecordError, msgspec.ValidationError) as error:  # the latter: numbers like 1e999
            rejected.append(Rejected(_scrubbed_text(raw), str(error), place))
            logger.warning("record rejected table=%s reason=%s", table.name, error)
    return rows, rejected


def _scrubbed_text(raw: msgspec.Raw) -> str:
    try:
        value = msgspec.json.decode(raw)
    except msgspec.ValidationError:  # a number that no type holds is kept as its digits
        value = json.loads(bytes(raw), parse_int=str, parse_float=str)
    return msgspec.json.encode(scrubbed(value)).decode()


def _read_slowly(table: Table, raw: msgspec.Raw) -> Any:
    if not bytes(raw).lstrip().startswith(b"{"):
        raise UnreadableRecordError("not an object")
    members = _RAW_OBJECT.decode(raw)
    values: dict[str, Any] = {}
    for field in _wire_fields(table):
        member = members.pop(field.wire_key, _NULL)
        if field.kind is Type.JSON:
            _json_text(bytes(member))  # raises here and not when the whole page is made into columns
            values[field.wire_key] = member
            continue
        value = msgspec.json.decode(member)
        if field.name in table.key and (isinstance(value, bool) or not isinstance(value, int | str)):
            raise UnreadableRecordError(f"no {field.wire_key}")
        values[field.wire_key] = value = _coerced(field, value)
        if field.name in table.key and value in _NO_KEY:
            raise UnreadableRecordError(f"no {field.wire_key}")
    for key in table.absorbed:
        if key in members:
            values[key] = members.pop(key)
    extra = scrubbed(
        {key: value for key, member in members.items() if (value := msgspec.json.decode(member)) is not None}
    )
    values["extra_text"] = msgspec.json.encode(extra).decode() if extra else None
    return _record_type(table)(**values)


def _coerced(field: Field, value: Any) -> Any:
    if value is None:
        return None
    if field.kind is Type.TEXT:
        return value if isinstance(value, str) else msgspec.json.encode(scrubbed(value)).decode()
    try:
        return _COERCE[field.kind](value)
    except UnreadableRecordError as error:
        raise UnreadableRecordError(f"{field.wire_key}: {error}") from error


@dataclass(frozen=True, slots=True, eq=False)
class _Column:
    """How one wire field becomes an Arrow column; made once per table, for pages are many and small."""

    field: Field
    type: pa.DataType
    is_key: bool


@cache
def _plan(table: Table) -> tuple[_Column, ...]:
    return tuple(
        _Column(
            field,
            pa.timestamp("s", tz="UTC") if field.kind is Type.TIME else _ARROW_TYPES[field.kind],
            field.name in table.key,
        )
        for field in _wire_fields(table)
    )


def _columns(table: Table, rows: Sequence[Any]) -> dict[str, pa.Array]:
    """The wire fields of *rows* as Arrow columns.

    Raises:
        UnreadableRecordError: when a value has no meaning for its column, or a key is missing.
    """
    plan = _plan(table)
    turned = zip(*map(msgspec.structs.astuple, rows), strict=True) if rows else ((),) * len(plan)
    columns = {}
    for column, values in zip(plan, turned, strict=False):  # the wire fields come first in a record
        field = column.field
        if column.is_key and not _NO_KEY.isdisjoint(values):
            raise UnreadableRecordError(f"no {field.wire_key}")
        is_json = field.kind is Type.JSON
        if rows and values.count(values[0]) == len(rows):  # two thirds of the columns of most pages
            first = bytes(values[0]) if is_json else values[0]
            columns[field.name] = _uniform(column, type(first).__name__, first, len(rows))
        else:
            columns[field.name] = _column(column, tuple(map(bytes, values)) if is_json else values)
    return columns


@lru_cache(maxsize=4096)  # what all rows of a page share they often share with the next page
def _uniform(column: _Column, kind: str, value: Any, count: int) -> pa.Array:
    """*value* for *count* rows; *kind* keeps 1 and true apart in the cache."""
    return pa.repeat(_column(column, (value,))[0], count)


def _column(column: _Column, values: Sequence[Any]) -> pa.Array:
    field = column.field
    if field.kind is Type.JSON:
        return pa.array(map(_json_text, values), column.type)
    if field.kind is Type.TIME:
        seconds = [
            value if type(value) is int and 0 < value <= LATEST_SECOND else _coerced(field, value)
            for value in values
        ]
        return pa.array(seconds, column.type).cast(INSTANT)
    try:
        return pa.array(values, column.type)
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # mostly texts among numbers
        known = {value: _coerced(field, value) for value in set(values) if type(value) is str}
        coerced = [known[value] if type(value) is str else _coerced(field, value) for value in values]
    except OverflowError as error:
        raise UnreadableRecordError(f"{field.wire_key}: a number does not fit 64 bits") from error
    return pa.array(coerced, column.type)


@lru_cache(maxsize=4096)  # most of these texts repeat: empty lists, the same flags on every image
def _json_text(data: bytes) -> str | None:
    if data == b"null":
        return None
    if _SECRET_HINT.search(data):
        return msgspec.json.encode(scrubbed(msgspec.json.decode(data))).decode()
    return data.decode()


_SECRET_HINT = re.compile(  # or a letter of ASCII that is written as an escape
    rb"\\u00[2-7]|" + "|".join(sorted(SECRET_KEYS)).encode(), re.IGNORECASE
)


def _ours_column(value: Any, type_: pa.DataType, length: int) -> pa.Array:
    if isinstance(value, list | tuple | range | pa.Array):
        return value if isinstance(value, pa.Array) else pa.array(value, type_)
    return _constant(value, type_, length)


def _constant(value: Any, type_: pa.DataType, length: int) -> pa.Array:
    return pa.repeat(pa.scalar(value, type_), length)
