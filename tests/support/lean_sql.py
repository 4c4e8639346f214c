"""Folders with only those of the project's relations that a test is about."""

from __future__ import annotations

import atexit
import re
import shutil
import tempfile
from functools import cache
from pathlib import Path

from warehouse.relations import SQL_DIR

FOLDER_OF = {
    "staging": "staging",
    "main": "marts",
}  # the folder in which the relations of a schema are written


@cache
def sql_with(*wanted: str) -> Path:
    """The project's plans, the files *wanted*, such as ``staging/images``, and what they read.

    One folder for all tests of a process, whose files are parsed once.
    """
    lean = Path(tempfile.mkdtemp(prefix="imgur_sql_"))
    atexit.register(shutil.rmtree, lean)
    left = [*SQL_DIR.glob("plan/*.sql"), *(SQL_DIR / f"{name}.sql" for name in wanted)]
    while left:
        file = left.pop()
        if not file.exists() and file.parent.name == "staging":
            file = SQL_DIR / "staging" / "loaded.sql"  # the views that have no file of their own
        link = lean / file.parent.name / file.name
        if file.exists() and not link.exists():
            link.parent.mkdir(exist_ok=True)
            link.symlink_to(file)
            left += [
                SQL_DIR / FOLDER_OF[schema] / f"{name}.sql"
                for schema, name in re.findall(r"\b(staging|main)\.(\w+)", file.read_text())
            ]
    return lean
