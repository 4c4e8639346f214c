"""The data dictionary: made from the database's comments, whole, and as current as the file in docs/."""

from __future__ import annotations

import data_dictionary as dictionary
import pytest
from warehouse.relations import FOLDERS, SQL_DIR
from warehouse.steps import LOADED_FILE

from imgur_source.records.tables import TABLES


@pytest.fixture(scope="module")
def text() -> str:
    """The data dictionary as it would be written now."""
    return dictionary.data_dictionary()


def test_data_dictionary__is_current(text: str) -> None:
    """The file in docs/ is what the comments say now; ``make docs`` writes it."""
    assert dictionary.FILE.read_text() == text


def test_data_dictionary__has_each_relation_with_its_columns(text: str) -> None:
    """Each loaded table, its view and each file of sql/ has its section, with a line for each of its columns."""
    headings = {line.removeprefix("### ") for line in text.splitlines() if line.startswith("### ")}
    relations = {f"{schema}.{name}" for name in TABLES for schema in ("imgur_raw", "staging")} | {
        f"{folder.schema}.{path.stem}"
        for folder in FOLDERS
        for path in (SQL_DIR / folder.name).glob("*.sql")
        if path.name != LOADED_FILE
    }
    assert relations <= headings
    section = text.partition("### imgur_raw.tags\n")[2].partition("\n##")[0]
    fields = TABLES["tags"].fields
    assert [line for line in section.splitlines() if line.startswith("| `")] == [
        f"| `{field.name}` | {field.kind.value.lower()} | {field.description} |".replace(
            "timestamp with time zone", "timestamptz"
        )
        for field in fields
    ]


def test_data_dictionary__leaves_nothing_without_a_meaning(text: str) -> None:
    """No column, relation or audit is without a word about it."""
    assert [line for line in text.splitlines() if line.endswith("|  |")] == []
    assert [section[:40] for section in text.split("\n### ")[1:] if section.split("\n")[2] == ""] == []


def test_data_dictionary__tells_what_the_audits_find(text: str) -> None:
    """Each audit is there with its severity and its first line."""
    for path in (SQL_DIR / "audits").glob("*.sql"):
        severity, _, meaning = path.read_text().partition("\n")[0].removeprefix("-- ").partition(": ")
        assert f"| `{path.stem}` | {severity} | {meaning} |" in text
