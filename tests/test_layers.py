"""The house: which room may import which, and only through its face (docs/architecture.md)."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "imgur_source"
PIPELINES = ROOT / "pipelines"
NOTEBOOKS = ROOT / "notebooks"

LOWEST = {"errors", "clock", "plain_text", "settings", "records", "sqlite_file"}  # every room may use these
ROOMS: dict[str, set[str]] = {  # each room of the package, and the rooms that it may import
    "errors": set(),
    "clock": set(),
    "plain_text": set(),
    "settings": {"errors"},
    "records": {"plain_text"},
    "sqlite_file": set(),
    "planning": LOWEST,
    "credits": LOWEST,
    "api": LOWEST | {"credits"},
    "lists": LOWEST | {"api", "credits", "planning"},
    "extract": LOWEST | {"api", "credits", "lists", "planning"},
    "source": LOWEST | {"api", "credits", "extract", "lists", "planning"},
    "simulator": set(),
}
SIMULATOR: dict[str, set[str]] = {  # the rooms of the simulator
    "world": set(),
    "endpoints": {"world"},
    "behaviour": {"endpoints", "world"},
}
JOB: dict[str, set[str]] = {  # the rooms beside the programs
    "warehouse": set(),
    "reporting": set(),
    "nightly": {"warehouse", "reporting"},
}
PURE = {
    "errors", "plain_text", "records/columns", "records/scrubbing", "records/imgur_tables", "records/run_tables", "records/tables", "records/coercion", "records/arrow", "records/replaced", "records/posts", "records/comments",
    "planning/costs", "planning/drafts", "planning/forecast", "planning/plan", "planning/planner", "planning/refresh",
    "credits/rules", "credits/status", "lists/coverage", "lists/state",
    "api/replies", "api/oauth", "extract/feeds", "extract/streams", "extract/plan_inputs", "extract/run_report",
}  # fmt: skip
NO_IO = {"duckdb", "httpx", "os", "pathlib", "random", "socket", "sqlite3", "subprocess", "tempfile", "time"}
LONGEST_FILE = 420  # lines: what is read in one sitting
LONGER_FILES = {  # and how long they may be at most: none of them grows, and what is split leaves the list
    "imgur_source/records/imgur_tables.py": 441,  # the data dictionary: one kind of thing
}


def _modules(top: Path) -> list[Path]:
    return sorted(path for path in top.rglob("*.py") if "__pycache__" not in path.parts)


def _imports(file: Path) -> set[str]:
    """Every module that *file* imports, as dotted names; of ``from a import b``, ``a`` alone."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file.name}: relative import"
            assert node.module
            found.add(node.module)
    return found


def _room_of(file: Path) -> str:
    """The room of the package in which *file* lies, such as ``api``; a module beside the rooms is its own."""
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _past_a_face(imports: set[str], *, prefix: str, rooms: set[str], own: str) -> set[str]:
    """The imports that reach into another room than *own*."""
    return {
        name
        for name in imports
        for room in rooms - {own}
        if name.startswith(f"{prefix}{room}.") and (room != "simulator" or own != "simulator")
    }


def _is_acyclic(rooms: dict[str, set[str]]) -> bool:
    return bool(list(TopologicalSorter(rooms).static_order()))


def test_layers__table_names_every_room() -> None:
    """A new room or module has its place in the table before it lands."""
    found = {_room_of(path) for path in _modules(PACKAGE)} - {"__init__"}
    sides = {path.name for path in PIPELINES.iterdir() if path.is_dir() and path.name != "__pycache__"}

    assert found == set(ROOMS)
    assert sides == set(JOB)


@pytest.mark.parametrize("rooms", [ROOMS, SIMULATOR, JOB], ids=["package", "simulator", "job"])
def test_layers__rooms_import_downwards(rooms: dict[str, set[str]]) -> None:
    """The tables have no circle, and so neither has the house."""
    assert _is_acyclic(rooms)


@pytest.mark.parametrize("file", _modules(PACKAGE), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_layers__module_imports_the_rooms_below_it_through_their_faces(file: Path) -> None:
    """A module imports only rooms that its own may use, and of them only what their faces name."""
    own, imports = _room_of(file), _imports(file)
    used = {name.split(".")[1] for name in imports if name.startswith("imgur_source.")}

    if own == "__init__":
        assert used <= {"source"}
        return
    assert used - {own} <= ROOMS[own]
    assert _past_a_face(imports, prefix="imgur_source.", rooms=set(ROOMS), own=own) == set()


@pytest.mark.parametrize(
    "file",
    _modules(PACKAGE / "simulator"),
    ids=lambda file: str(file.relative_to(PACKAGE / "simulator")),
)
def test_layers__simulator_rooms_import_downwards(file: Path) -> None:
    """The simulator's rooms keep the same rules among themselves."""
    own, imports = file.relative_to(PACKAGE / "simulator").parts[0], _imports(file)
    prefix = "imgur_source.simulator."
    used = {name.removeprefix(prefix).split(".")[0] for name in imports if name.startswith(prefix)}

    assert _past_a_face(imports, prefix=prefix, rooms=set(SIMULATOR), own=own) == set()
    if own in SIMULATOR:
        assert used - {own} <= SIMULATOR[own]


@pytest.mark.parametrize("file", _modules(PIPELINES), ids=lambda file: str(file.relative_to(PIPELINES)))
def test_layers__job_imports_rooms_through_their_faces(file: Path) -> None:
    """Programs and the rooms beside them import downwards, and no room's inside."""
    own, imports = file.relative_to(PIPELINES).parts[0].removesuffix(".py"), _imports(file)
    used = {name.split(".")[0] for name in imports} & JOB.keys()

    assert _past_a_face(imports, prefix="", rooms=set(JOB), own=own) == set()
    assert _past_a_face(imports, prefix="imgur_source.", rooms=set(ROOMS), own="") == set()
    if own in JOB:
        assert used - {own} <= JOB[own]


def test_layers__modules_within_a_room_have_no_circle() -> None:
    """Within a room a module imports from its left: there is an order in which all can be read."""
    for top, prefix in ((PACKAGE, "imgur_source."), (PIPELINES, "")):
        graph = {}
        for file in _modules(top):
            name = prefix + ".".join(file.relative_to(top).with_suffix("").parts)
            graph[name] = {imported for imported in _imports(file) if imported != name}
        assert list(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize(
    "face",
    [path for top in (PACKAGE, PIPELINES) for path in sorted(top.rglob("__init__.py"))],
    ids=lambda path: str(path.parent.relative_to(ROOT)),
)
def test_layers__face_says_what_its_room_knows(face: Path) -> None:
    """A face has a docstring and names what others may use, and imports only from its own room."""
    tree = ast.parse(face.read_text())
    names = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__"
    ]

    assert len(ast.get_docstring(tree) or "") > 40
    assert len(names) == 1


@pytest.mark.parametrize("module", sorted(PURE))
def test_layers__pure_module_does_no_io(module: str) -> None:
    """Thinking and doing are apart: what takes values and returns values imports no means to do anything else."""
    assert not {name.split(".")[0] for name in _imports(PACKAGE / f"{module}.py")} & NO_IO


def test_layers__only_the_api_speaks_http() -> None:
    """httpx is imported by the client and by what signs its requests; others only hand a transport on."""
    speakers = {
        str(path.relative_to(PACKAGE))
        for path in _modules(PACKAGE)
        if "httpx" in _imports(path) and _room_of(path) != "simulator"
    }

    assert speakers == {"api/auth.py", "api/client.py", "source.py"}


def test_layers__only_the_warehouse_knows_duckdb() -> None:
    """DuckDB is known to the warehouse alone, and three of its modules open files.

    The data dictionary needs a database in memory, for what its comments say.
    """
    knowing = {path for path in [*_modules(PACKAGE), *_modules(PIPELINES)] if "duckdb" in _imports(path)}
    openers = {
        path.stem for path in knowing if "duckdb.connect(" in path.read_text()
    }  # `files` opens what is there; `publication` the draft, whose errors mean something else

    assert {path.parent.name for path in knowing} - {"warehouse"} <= {"pipelines"}
    assert {path.name for path in knowing if path.parent == PIPELINES} <= {"data_dictionary.py"}
    assert openers == {"data_dictionary", "files", "publication", "warehouse"}


def test_layers__notebooks_know_the_published_file_only() -> None:
    """What draws a report reaches neither the work file nor Imgur, and opens the published file in one place."""
    ours = JOB.keys() | {"imgur_source"} | {path.stem for path in PIPELINES.glob("*.py")}
    modules = sorted(NOTEBOOKS.rglob("*.py"))

    assert modules
    assert {name.split(".")[0] for file in modules for name in _imports(file)} & ours == set()
    assert {file.stem for file in modules if "duckdb" in _imports(file)} == {"published"}


@pytest.mark.parametrize(
    "file",
    [*_modules(PACKAGE), *_modules(PIPELINES)],
    ids=lambda file: str(file.relative_to(ROOT)),
)
def test_layers__file_is_read_in_one_sitting(file: Path) -> None:
    """A module is no longer than one reading, and those that still are do not grow."""
    longest = LONGER_FILES.get(str(file.relative_to(ROOT)), LONGEST_FILE)

    assert len(file.read_text().splitlines()) <= longest


def test_layers__list_of_longer_files_is_no_longer_than_needed() -> None:
    """What was split leaves the list."""
    for name in LONGER_FILES:
        assert len((ROOT / name).read_text().splitlines()) > LONGEST_FILE, name


def test_layers__only_programs_lie_beside_the_rooms_of_the_job() -> None:
    """``pipelines/`` holds programs, which read the command line, and rooms, which do not."""
    for file in PIPELINES.glob("*.py"):
        assert '__name__ == "__main__"' in file.read_text(), file.name
    for room in JOB:
        assert not any("argparse" in _imports(file) for file in _modules(PIPELINES / room)), room
