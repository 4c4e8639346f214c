"""What the headers of ``sql/`` say, and the steps that are made from them for files to read.

A header is a comment line such as ``-- key: post_id, day`` between a file's
first line and its ``select``; ``sql/README.md`` lists headers and steps. Texts
are made from texts here, and no database is asked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from imgur_source.extract import STREAMS
from imgur_source.records import EXTRA, FETCHED_AT, TABLES, Field, Table, Type
from warehouse.catalog import RAW_SCHEMA
from warehouse.files import literal, quoted

LOADED = "loaded"  # the step with the rows of the loaded table that a view is named after
LOADED_FILE = "loaded.sql"  # in staging: headers of the views of loaded tables that have no file of their own
PARAMETERS = "staging.parameters"
AGE = "data_age_hours"
AGE_DESCRIPTION = "Hours from fetched_at to the time of the run: how old this view of it is."

_HEADER = re.compile(r"-- (key|ref|counter|run_tables): (.+)")
_OPENING = re.compile(r"(?:--.*\n|\s)*(with\s)?")
_IDS = ("list", "tag")  # besides names that end in _id
_RANKS = {Type.TEXT: 1, Type.JSON: 2, Type.INTEGER: 3, Type.BOOLEAN: 4, Type.TIME: 5}  # ids come before all


@dataclass(frozen=True, slots=True)
class Step:
    """A step that a file reads.

    Attributes:
        text: a ``select``.
        inputs: the tables and views that it reads, with their schemas.
    """

    text: str
    inputs: frozenset[str]


def after(steps: Mapping[str, Step], select: str) -> str:
    """*select* with the *steps* that it reads before its own."""
    made = ",\n".join(f"{name} as (\n{step.text}\n)" for name, step in steps.items())
    opening = _OPENING.match(select)
    assert opening is not None  # it matches nothing, too
    return f"with {made}{',' if opening[1] else ''}\n{select[opening.end() :]}"


def steps_of(sql_dir: Path, present: Collection[str]) -> dict[str, Step]:
    """What files may read without a schema, but for ``loaded``; *present* are the relations that stand."""
    headers = [
        (path, word, said) for path in sorted(sql_dir.glob("*/*.sql")) for word, said in _headers(path)
    ]
    keys = {path.stem: said for path, word, said in headers if word == "key" and path.parent.name == "marts"}
    refs = [
        said if path.name == LOADED_FILE else f"{path.stem}.{said}"
        for path, word, said in headers
        if word == "ref"
    ]
    counters = [said for _, word, said in headers if word == "counter"]
    run_tables = {name for _, word, said in headers if word == "run_tables" for name in said.split(", ")}
    return {
        "keys": _keys(keys),
        "refs": _refs(refs),
        "counters": _counters(counters, present),
        "loaded_tables": _loaded_tables(run_tables),
        "streams": _streams(),
    }


def _headers(path: Path) -> Iterator[tuple[str, str]]:
    """The headers of a file: their words, and what they say."""
    with path.open(encoding="utf-8") as lines:
        next(lines, None)
        for line in lines:
            if not line.startswith("--"):
                return
            if found := _HEADER.fullmatch(line.rstrip()):
                yield found[1], found[2]


def _keys(keys: Mapping[str, str]) -> Step:
    """Every key of every mart as text, and how many rows have it.

    ``a or b`` is b where a is null, upper and lower case being the same.
    """
    nothing = "select null::varchar as table_name, null::varchar as key, 0 as copies where false"
    selects = [
        f"select {literal(mart)} as table_name, {_key(said)} as key, count(*) as copies "
        f"from {quoted('main', mart)} group by all"
        for mart, said in keys.items()
    ]
    return Step(_union(selects or [nothing]), frozenset(f"main.{mart}" for mart in keys))


def _key(said: str) -> str:
    parts = said.split(", ")
    if not any(" or " in part for part in parts):
        return " || ' ' || ".join(f"{quoted(part)}::varchar" for part in parts)
    texts, separator = [], ", ' ', "
    for part in parts:
        column, _, instead = part.partition(" or ")
        texts.append(quoted(column))
        if instead:
            texts.append(f"case when {quoted(column)} is null then lower({quoted(instead)}) end")
    return f"concat({separator.join(texts)})"


def _refs(refs: Sequence[str]) -> Step:
    """Every reference of every row of a view: what it names, and whether that is nowhere."""
    there: dict[str, str] = {}  # what is there, by the name of its step
    selects, inputs = [], set()
    for ref in refs:
        source, _, said = ref.partition(" -> ")
        view, _, column = source.removesuffix("?").partition(".")
        targets = [target.partition(".") for target in said.split(", ")]
        step = quoted(f"of {said} as {column}")
        there[step] = " union ".join(
            f"select {quoted(of or column)} as id from {quoted('staging', name)}" for name, _, of in targets
        )
        inputs |= {f"staging.{name}" for name in (view, *(name for name, _, _ in targets))}
        selects.append(
            f"select {literal(f'{view}.{column}')} as reference, {quoted(view, column)}::varchar as target, "
            f"there.id is null as is_dangling from {quoted('staging', view)} "
            f"left join {step} as there on there.id = {quoted(view, column)}"
            + (f" where {quoted(view, column)} is not null" if source.endswith("?") else "")
        )
    nothing = "select null::varchar as reference, null::varchar as target, false as is_dangling where false"
    steps = ", ".join(f"{name} as ({text})" for name, text in there.items())
    return Step((f"with {steps}\n" if steps else "") + _union(selects or [nothing]), frozenset(inputs))


def _counters(counters: Sequence[str], present: Collection[str]) -> Step:
    """Each value of what counts for the items of a kind of list; a view that is not there has none."""
    selects, inputs = [], set()
    for counter in counters:
        resource, _, said = counter.partition(" -> ")
        source, _, value = said.partition(", ")
        view, _, column = source.partition(".")
        if f"staging.{view}" in present:
            inputs.add(f"staging.{view}")
            selects.append(
                f"select {literal(resource)} as resource, {quoted(column)}::varchar as item_id, "
                f"coalesce({quoted(value)}, 0) as value, observed_at, seen_until_at "
                f"from {quoted('staging', view)}"
            )
    nothing = (
        "select null::varchar as resource, null::varchar as item_id, null::bigint as value, "
        "null::timestamptz as observed_at, null::timestamptz as seen_until_at where false"
    )
    return Step(_union(selects or [nothing]), frozenset(inputs))


def _streams() -> Step:
    """What is read of Imgur, a row for each stream: its shape, where its rows go, how its feeds begin."""
    rows = ",\n".join(
        "    ("
        + ", ".join(
            literal(word)
            for word in (
                stream.resource,
                stream.shape.value,
                stream.table.name,
                stream.feed.prefix if stream.feed else "",
            )
        )
        + ")"
        for stream in STREAMS.values()
    )
    names = "resource, shape, table_name, feed_prefix"
    return Step(f"select {names} from (values\n{rows}\n) as streams ({names})", frozenset())


def _loaded_tables(run_tables: set[str]) -> Step:
    """The names of the loaded tables that tell of Imgur: all but those in which runs tell of themselves."""
    names = ", ".join(literal(name) for name in TABLES if name not in run_tables)
    return Step(f"select unnest([{names}]) as table_name", frozenset())


def _union(selects: Sequence[str]) -> str:
    return "\nunion all\n".join(selects)


# the views of loaded tables


def loaded(table: Table) -> Step:
    """The rows of *table* under their plain names, with their age where they tell of a thing of Imgur's."""
    inputs = {f"{RAW_SCHEMA}.{table.name}"} | ({PARAMETERS} if _grows_old(table) else set())
    columns = {field.plain_name: _value(field) for field in table.fields_in_view}
    columns[AGE] = f"(epoch(parameters.run_at) - epoch({FETCHED_AT.name})) / 3600"
    values = ",\n".join(f"    {columns[name]} as {quoted(name)}" for name in names_in_view(table))
    source = quoted(RAW_SCHEMA, table.name) + (f" cross join {PARAMETERS}" if _grows_old(table) else "")
    return Step(f"select\n{values}\nfrom {source}", frozenset(inputs))


def with_added(table: Table, select: str, added: Sequence[str]) -> str:
    """The view of *table* whose file's *select* adds these columns to the loaded ones."""
    columns = ",\n".join(f"    {quoted(name)}" for name in names_in_view(table, added))
    return f"with whole as (\n{after({LOADED: loaded(table)}, select)}\n)\nselect\n{columns}\nfrom whole"


def names_in_view(table: Table, added: Sequence[str] = ()) -> list[str]:
    """The columns of the view of *table*: ids, texts, numbers, age, booleans, what is *added*, times."""
    ranked = sorted(table.fields_in_view, key=_rank)
    until_numbers = [field.plain_name for field in ranked if _rank(field) < _RANKS[Type.BOOLEAN]]
    booleans = [field.plain_name for field in ranked if _rank(field) == _RANKS[Type.BOOLEAN]]
    times = [field.plain_name for field in ranked if _rank(field) == _RANKS[Type.TIME]]
    return [*until_numbers, *([AGE] if _grows_old(table) else []), *booleans, *added, *times]


def descriptions_in_view(table: Table) -> dict[str, str]:
    """What the columns mean that a view has from *table*."""
    described = {
        field.plain_name: field.alias_description or field.description for field in table.fields_in_view
    }
    return described | {AGE: AGE_DESCRIPTION}


def _value(field: Field) -> str:
    if field.none is None:
        return quoted(field.name)
    none = literal(field.none) if isinstance(field.none, str) else str(field.none)
    return f"nullif({quoted(field.name)}, {none})"


def _grows_old(table: Table) -> bool:
    """Whether it is a record of Imgur's as last seen: those alone may have fields that we do not know."""
    return EXTRA in table.fields


def _rank(field: Field) -> int:
    is_id = field.plain_name.endswith("_id") or field.plain_name in _IDS
    return 0 if is_id else _RANKS[field.kind]
