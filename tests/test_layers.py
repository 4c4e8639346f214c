"""Who may import whom: the picture in docs/decisions.md, as a table."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "imgur_source"
PROGRAMS = ROOT / "pipelines"
NOTEBOOKS = ROOT / "notebooks"

ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "clock": set(),
    "settings": {"errors"},
    "credits": {"settings"},
    "models": set(),
    "replies": {"errors"},
    "vault": {"clock", "errors"},
    "token_replies": {"errors", "replies", "vault"},
    "auth": {"clock", "errors", "replies", "settings", "token_replies", "vault"},
    "standing": {"credits"},
    "ledger": {"clock", "credits", "errors", "standing"},
    "meter": {"clock", "credits", "errors", "ledger"},
    "journal": {"clock"},
    "client": {"clock", "errors", "journal", "ledger", "meter", "replies", "settings"},
    "coverage": set(),
    "memory": {"coverage"},
    "lists": {"client", "coverage", "errors", "replies", "settings"},
    "walks": {"client", "clock", "coverage", "errors", "lists", "memory", "settings"},
    "plan": set(),
    "prices": set(),
    "expectation": set(),
    "refresh": {"expectation"},
    "planning": {"expectation", "plan", "prices", "refresh"},
    "reading": {"coverage", "errors", "lists", "memory", "plan", "walks"},
    "steps": {"expectation", "lists", "memory", "prices", "settings"},
    "outlook": {"credits", "memory", "plan", "planning", "prices", "settings", "steps"},
    "arrow": {"models"},
    "comments": {"arrow", "models"},
    "posts": {"arrow", "models"},
    "receipt": {"credits", "errors", "meter", "plan", "steps"},
    "readers": {
        "arrow", "client", "clock", "errors", "lists", "memory", "models",
        "plan", "posts", "reading", "receipt", "replies", "settings", "steps", "walks",
    },
    "details": {
        "arrow", "client", "clock", "comments", "errors", "lists", "memory", "models",
        "readers", "receipt", "replies", "steps",
    },
    "looks": {
        "arrow", "client", "clock", "details", "errors", "lists", "models", "readers", "receipt", "steps",
    },
    "resources": {
        "arrow", "client", "clock", "details", "errors", "looks", "memory", "models",
        "plan", "planning", "readers", "receipt", "settings", "steps",
    },
    "source": {
        "auth", "client", "clock", "errors", "journal", "ledger", "memory", "meter", "models",
        "outlook", "plan", "receipt", "standing", "resources", "settings", "steps",
    },
    "__init__": {"source"},
}  # fmt: skip

PURE = {
    "errors",
    "coverage",
    "expectation",
    "plan",
    "planning",
    "prices",
    "refresh",
    "credits",
    "memory",
    "models",
    "outlook",
    "replies",
    "standing",
    "arrow",
    "comments",
    "posts",
    "steps",
    "token_replies",
}
NO_IO = {"duckdb", "httpx", "os", "pathlib", "random", "socket", "sqlite3", "subprocess", "tempfile", "time"}


def _imports(file: Path) -> set[str]:
    """Every module that *file* imports, as dotted names; names imported from a package count as modules too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{file.name}: relative import"
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def _own_imports(file: Path) -> set[str]:
    modules = {path.stem for path in PACKAGE.glob("*.py")} | {"simulator"}
    parts = {name.split(".")[1] for name in _imports(file) if name.startswith("imgur_source.")}
    return parts & modules


def test_layers__table_names_every_module() -> None:
    """A new module has its place in the table before it lands."""
    assert {path.stem for path in PACKAGE.glob("*.py")} == set(ALLOWED)


@pytest.mark.parametrize("module", sorted(ALLOWED))
def test_layers__module_imports_from_its_left_only(module: str) -> None:
    """A module imports nothing of the package but what its row allows."""
    assert _own_imports(PACKAGE / f"{module}.py") <= ALLOWED[module]


def test_layers__table_has_no_circle() -> None:
    """Reading the rows in order, each module comes after all that it may import."""
    met: set[str] = set()
    for module, allowed in ALLOWED.items():
        assert allowed <= met, module
        met.add(module)


@pytest.mark.parametrize("module", sorted(PURE))
def test_layers__pure_module_does_no_io(module: str) -> None:
    """Thinking and doing are apart: what takes values and returns values imports no means to do anything else."""
    assert not {name.split(".")[0] for name in _imports(PACKAGE / f"{module}.py")} & NO_IO


def test_layers__only_the_client_and_its_logins_speak_http() -> None:
    """httpx is imported by the client and by what signs its requests; others only hand a transport on."""
    speakers = {path.stem for path in PACKAGE.glob("*.py") if "httpx" in _imports(path)}

    assert speakers == {"auth", "client", "source"}


def test_layers__only_the_warehouse_opens_duckdb() -> None:
    """DuckDB is known to the modules of the warehouse: two open files, the others use a connection they are given.

    The dictionary needs a database in memory, for what its comments say.
    """
    knowing = {
        path.stem for path in [*PACKAGE.rglob("*.py"), *PROGRAMS.glob("*.py")] if "duckdb" in _imports(path)
    }

    assert knowing == {
        "audits", "catalog", "checks", "dictionary", "duckdb_files", "held", "overview", "pruning",
        "relations", "warehouse",
    }  # fmt: skip
    # `duckdb_files` opens what is there; `warehouse` makes the draft, whose errors mean something else
    assert {name for name in knowing if "duckdb.connect(" in (PROGRAMS / f"{name}.py").read_text()} == {
        "dictionary",
        "duckdb_files",
        "warehouse",
    }


def test_layers__notebooks_know_the_published_file_only() -> None:
    """What draws a report reaches neither the work file nor Imgur, and opens the published file in one place."""
    ours = {path.stem for path in PROGRAMS.glob("*.py")} | {"imgur_source"}
    modules = sorted(NOTEBOOKS.rglob("*.py"))

    assert modules
    assert {name.split(".")[0] for file in modules for name in _imports(file)} & ours == set()
    assert {file.stem for file in modules if "duckdb" in _imports(file)} == {"published"}


@pytest.mark.parametrize(
    "file", sorted((PACKAGE / "simulator").glob("*.py")), ids=lambda file: str(file.stem)
)
def test_layers__simulator_shares_no_code_with_the_client(file: Path) -> None:
    """An error in one must show against the other."""
    assert {name for name in _imports(file) if name.startswith("imgur_source.")} <= {
        name for name in _imports(file) if name.startswith("imgur_source.simulator")
    }


def test_layers__package_does_not_import_its_simulator() -> None:
    """The simulator is a program of its own, started by the demo and by tests."""
    assert all("simulator" not in _own_imports(path) for path in PACKAGE.glob("*.py"))
