"""The documentation says what the code does: commands, settings, flags, paths, headings and queries."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path, PurePosixPath
from typing import Any

import duckdb
import login
import pytest
import report
import sync
from data_dictionary import empty_database
from warehouse.relations import SQL_DIR
from warehouse.warehouse import Warehouse

from imgur_source import __version__
from imgur_source.errors import ConfigurationError
from imgur_source.extract import RUN_TABLES, feeds_of, resource_tables
from imgur_source.records.tables import TABLES
from imgur_source.settings import IMGUR_URL, ImgurCredentials, Settings, default_state_dir
from imgur_source.simulator import Simulator, serve
from imgur_source.simulator import __main__ as simulator_program
from tests.support.published_files import fill

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
METRICS = (ROOT / "docs" / "metrics.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
CONFIG = (ROOT / ".dlt" / "config.toml").read_text()
SECRETS = (ROOT / ".dlt" / "example.secrets.toml").read_text()
SCHEMA = "imgur_raw"
PATIENCE = 120  # seconds; a machine that runs other things at the same time is slow
A_METRIC = re.compile(
    r".*_(share|rate|index|hours)|.*_per_.*|(score|lift|rank)(_.*)?|standing|state"
)  # what is worked out, by the names of columns

TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
VARIABLES = set(re.findall(r"^(\w+) \?=", MAKEFILE, re.MULTILINE))


class UnknownCommandError(Exception):
    """A command that the program it names would not take."""


# What stands in the documents


def _blocks(language: str) -> list[str]:
    """The fenced blocks of the README in *language*."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def _commands() -> list[list[str]]:
    """Every command of the README's shell blocks and crontab lines, as a shell would split it."""
    lines = [line for block in _blocks("sh") for line in block.replace("\\\n", " ").splitlines()]
    lines += [line.split(maxsplit=5)[5] for block in _blocks("crontab") for line in block.splitlines()]
    commands = [shlex.split(part, comments=True) for line in lines for part in line.split(" && ")]
    return [command for command in map(_without_redirection, commands) if command]


def _without_redirection(command: list[str]) -> list[str]:
    ends = [place for place, word in enumerate(command) if word.startswith((">", "2>"))]
    return command[: ends[0]] if ends else command


def _rows(header: str) -> list[list[str]]:
    """The cells of the README's table whose first line is *header*."""
    _, _, after = README.partition(f"\n{header}\n")
    rows = []
    for line in after.splitlines()[1:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def _words(text: str) -> set[str]:
    """What *text* quotes as code and could name a relation or a column: not a formula, a letter or a feed."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return set(re.findall(r"`([a-z]\w+(?:\.\w+)?)`", prose))


def _is_ignored(path: str) -> bool:
    """Whether git ignores *path*: what a run or a person makes, and a clone does not hold."""
    ignored = [line for line in (ROOT / ".gitignore").read_text().splitlines() if line and line[0] != "#"]
    return any(path == entry or (entry.endswith("/") and f"{path}/".startswith(entry)) for entry in ignored)


def _is_feed(text: str) -> bool:
    try:
        feeds_of(Settings.of(feeds=[text]))
    except ConfigurationError:
        return False
    return True


def _paths(text: str) -> set[str]:
    """What *text* names as code or links to, and looks like a path within the project."""
    named = re.findall(r"`([^`\n]+)`", text) + re.findall(r"\]\((?!https?:|#)([^)]+)\)", text)
    for command in re.findall(r"`([^`\n]+)`", text):
        named += command.split()
    path = re.compile(r"[\w.][\w.-]*(/[\w.-]+)*/?")
    return {
        name
        for name in named
        if path.fullmatch(name)
        and ("/" in name or re.search(r"\.(py|toml|md|txt|duckdb)$", name))
        and not _is_feed(name)
    }


# What the programs take


def _check(command: list[str]) -> None:
    """Let the program that *command* names parse its arguments, and run nothing.

    Raises:
        UnknownCommandError: when it would not take them; other programs than ours are not judged.
    """
    program, arguments = PurePosixPath(command[0]).name, command[1:]
    try:
        match program, arguments:
            case "make", _:
                known = all(
                    word in TARGETS or (name in VARIABLES and separator)
                    for word in arguments
                    for name, separator, _ in [word.partition("=")]
                )
            case "git", ["clone", _]:
                known = True
            case "python", ["-m", "imgur_source.simulator", *rest]:
                known = bool(simulator_program._parser().parse_args(rest))
            case "python", ["-c", code]:
                known = bool(compile(code, "README.md", "exec"))
            case "python", ["pipelines/sync.py", *rest]:
                known = bool(sync.parser().parse_args(rest))
            case "python", ["pipelines/report.py", *rest]:
                known = bool(report.parser().parse_args(rest))
            case "python", ["pipelines/login.py", *rest]:
                known = bool(login._options(rest))
            case _:
                known = program not in ("git", "python")
    except (SystemExit, SyntaxError) as error:
        raise UnknownCommandError(shlex.join(command)) from error
    if not known:
        raise UnknownCommandError(shlex.join(command))


def _options_of(parser: ArgumentParser) -> list[list[str]]:
    """Rows as the README has them: the flag as code, and the first sentence of its help."""
    rows = []
    for action in parser._actions:
        if action.dest != "help":
            value = f" {action.metavar}" if action.metavar and action.nargs != 0 else ""
            names = ", ".join(f"`{name}{value}`" for name in action.option_strings)
            rows.append(
                [
                    names,
                    (action.help or "").removesuffix(
                        ": " + ", ".join(sorted(resource_tables().keys() - RUN_TABLES.keys()))
                    ),
                ]
            )
    return rows


def _settings() -> dict[str, tuple[Any, bool]]:
    """Each setting of ``config.toml`` with its value, and whether it is commented out."""
    _, _, after = CONFIG.partition("[sources.imgur]\n")
    section = re.split(r"^\[", after, maxsplit=1, flags=re.MULTILINE)[0]
    found = {}
    for mark, name, value in re.findall(r"^(# )?([a-z_]+) = (.+)$", section, re.MULTILINE):
        assert name not in found, f"{name} is there twice"
        found[name] = (tomllib.loads(f"{name} = {value}")[name], bool(mark))
    return found


@pytest.fixture(scope="module")
def empty() -> Iterator[duckdb.DuckDBPyConnection]:
    """Every table and relation, without a row; only to be read."""
    with empty_database() as connection:
        yield connection


# The README


def test_readme__has_what_these_tests_look_for() -> None:
    """Each kind of block is there, so that no check below passes for want of something to check."""
    programs = {PurePosixPath(command[0]).name for command in _commands()}

    assert {"make", "python"} <= programs
    assert _blocks("crontab")
    assert _blocks("sql")
    assert _blocks("python")
    assert {"pipelines/login.py", ".dlt/config.toml", "docs/decisions/"} <= _paths(README)


@pytest.mark.parametrize("command", _commands(), ids=shlex.join)
def test_readme__command_parses(command: list[str]) -> None:
    """What a reader pastes is taken by the program it names."""
    _check(command)


@pytest.mark.parametrize(
    "command",
    [
        "make coffee",
        "make demo SNAKE=python3",
        "git push",
        "python pipelines/sync.py --no-such-flag",
        "python pipelines/sync.py --only no_such_resource",
        "python pipelines/login.py secret",
        "python pipelines/report.py --days none",
        "python -m imgur_source.simulator --images many",
        "python -c 'print('",
        "python pipelines/no_such_program.py",
    ],
)
def test_check__refuses_what_the_program_would_refuse(command: str) -> None:
    """The check above has teeth."""
    with pytest.raises(UnknownCommandError):
        _check(shlex.split(command))


def test_readme__lists_the_flags_as_the_program_does() -> None:
    """The table holds each flag of sync.py with the words of its help, and no other."""
    assert _rows("| flag | what it does |") == [["---", "---"], *_options_of(sync.parser())][1:]


def test_readme__names_no_flag_that_does_not_exist() -> None:
    """A flag anywhere in the text belongs to one of the four programs."""
    login_help = subprocess.run(
        [sys.executable, str(ROOT / "pipelines" / "login.py"), "--help"],
        capture_output=True, text=True, check=True, timeout=PATIENCE,
    ).stdout  # fmt: skip
    known = {"--help"} | set(re.findall(r"--[a-z][a-z-]*", login_help))
    for parser in (sync.parser(), report.parser(), simulator_program._parser()):
        known |= {name for action in parser._actions for name in action.option_strings}

    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", README)) <= known


def test_readme__lists_the_exit_codes_as_the_program_does() -> None:
    """Each exit code of sync.py stands in the table with the words of its help."""
    codes = {value for name, value in vars(sync).items() if name.startswith("EXIT_")}
    rows = _rows("| exit code | meaning |")
    help_text = sync.parser().epilog or ""

    assert [int(code) for code, _ in rows] == sorted(codes)
    assert all(f"{code} {meaning}" in help_text for code, meaning in rows)


def test_readme__names_make_targets_that_exist() -> None:
    """Every `make …` in the text is a target."""
    words = {word for words in re.findall(r"`make ([^`]+)`", README) for word in words.split()}

    assert words
    assert words <= TARGETS


@pytest.mark.parametrize("document", [ROOT / "README.md", *DECISIONS], ids=lambda path: path.stem)
def test_docs__name_paths_that_exist(document: Path) -> None:
    """Every path is in the clone, in one of its two folders of code, beside the document, or made by a run."""
    places = (ROOT, ROOT / "imgur_source", ROOT / "pipelines", document.parent)
    missing = {
        path
        for path in _paths(document.read_text())
        if not _is_ignored(path) and not any((place / path).exists() for place in places)
    }

    assert missing == set()


def test_decisions__state_each_in_ten_lines_at_most() -> None:
    """Each file has the heading of its room, and no decision is longer than it may be."""
    rooms = {path.stem: path.read_text() for path in DECISIONS if path.stem != "README"}
    long = [
        decision.partition("\n")[0]
        for text in rooms.values()
        for decision in text.split("\n## ")[1:]
        if len([line for line in decision.splitlines() if line]) > 1 + 10
    ]

    assert rooms
    assert {room: text.partition("\n")[0] for room, text in rooms.items()} == {
        room: f"# Decisions: {room}" for room in rooms
    }
    assert long == []


def test_readme__links_to_its_own_headings() -> None:
    """A link within the page leads somewhere."""
    headings = {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", README, re.MULTILINE)
    }

    assert set(re.findall(r"\]\(#([^)]+)\)", README)) <= headings


def test_readme__names_environment_variables_that_are_read() -> None:
    """Each variable is the name of a credential, and all of them are named."""
    named = set(re.findall(r"SOURCES__IMGUR__CREDENTIALS__(\w+)", README))

    assert {name.lower() for name in named} == set(ImgurCredentials().get_resolvable_fields())


@pytest.mark.parametrize(
    "query", [query.strip() for block in _blocks("sql") for query in block.split(";") if query.strip()]
)
def test_readme__query_runs(empty: duckdb.DuckDBPyConnection, query: str) -> None:
    """Every query finds its tables and columns, with their types."""
    empty.execute(query).fetchall()


def test_readme__names_tables_that_exist() -> None:
    """A table that is named outside of a query exists, too."""
    assert set(re.findall(rf"{SCHEMA}\.(\w+)", README)) <= TABLES.keys()


def test_readme__tells_which_mart_answers_what(empty: duckdb.DuckDBPyConnection) -> None:
    """Every mart stands in the table of questions, and nothing that is none."""
    marts = empty.execute("select table_name from duckdb_tables() where schema_name = 'main'").fetchall()
    cells = [_words(cell) for _, cell in _rows("| you want to know | look into |")]

    assert all(cells)
    assert sorted(name for cell in cells for name in cell) == sorted(name for (name,) in marts)


def test_readme__pandas_reads_the_published_file(nothing: Path, tmp_path: Path) -> None:
    """The expression in the table gives the posts as a frame, in the folder that holds data/."""
    [how] = [how.strip("`") for tool, how in _rows("| with | how |") if tool == "Python, pandas"]
    (tmp_path / "data").mkdir()
    file = shutil.copyfile(nothing, Warehouse(tmp_path / "data").published_file)
    fill(file, "main.posts", {"post_id": "p", "views": 7})

    with chdir(tmp_path):
        frame = eval(how, {"duckdb": duckdb})  # as the reader types it

    assert frame[["post_id", "views"]].to_dict("records") == [{"post_id": "p", "views": 7}]


def test_readme__opens_the_files_that_are_published() -> None:
    """The command line names the file of the nightly job; beside it only the demo's is ever named."""
    published = [Warehouse(Path(folder)).published_file for folder in ("data", "data/demo")]
    tools = {re.sub(r".*\[(.+?)\].*", r"\1", tool): how for tool, how in _rows("| with | how |")}

    assert tools["DuckDB command line"] == f"`duckdb -readonly {published[0]}`"
    assert "`duckdb.read_only` to `true`" in tools["DBeaver"]
    assert set(re.findall(r"(?<![\w/])data/[\w/.]+\.duckdb", README)) == {str(path) for path in published}


def test_readme__python_compiles() -> None:
    """No example has a slip of the pen."""
    for block in _blocks("python"):
        compile(block, "README.md", "exec")


def test_readme__pipeline_of_ones_own_runs_as_it_stands(tmp_path: Path) -> None:
    """The example loads what it asks for into a file beside it, with nothing but credentials in the environment."""
    [example] = [block for block in _blocks("python") if "from imgur_source import imgur" in block]
    simulator = Simulator(seed=5, images=60, albums=3, posts=240)
    with serve(simulator, port=0) as base_url:
        environment = {name: value for name, value in os.environ.items() if "SOURCES__" not in name}
        environment |= {
            "SOURCES__IMGUR__BASE_URL": base_url,
            "SOURCES__IMGUR__STATE_DIR": str(tmp_path / "state"),
            "SOURCES__IMGUR__CREDENTIALS__CLIENT_ID": simulator.client_id,
            "SOURCES__IMGUR__CREDENTIALS__CLIENT_SECRET": simulator.client_secret,
            "SOURCES__IMGUR__CREDENTIALS__REFRESH_TOKEN": simulator.refresh_token,
            "DLT_PROJECT_DIR": str(tmp_path),
            "DLT_DATA_DIR": str(tmp_path / "dlt"),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
        }
        subprocess.run(
            [sys.executable, "-c", example], cwd=tmp_path, env=environment, check=True, timeout=PATIENCE,
            capture_output=True,
        )  # fmt: skip

    with duckdb.connect(str(tmp_path / "imgur_copy.duckdb"), read_only=True) as connection:
        lists = connection.execute(
            f"select list, items, is_complete from {SCHEMA}.list_sweeps order by list"
        ).fetchall()
        assert lists == [("account_images/me", 60, True), ("hot/viral", 120, True)]


# The metrics


def test_metrics__tell_of_every_mart_and_of_what_it_works_out(empty: duckdb.DuckDBPyConnection) -> None:
    """Each file of sql/marts is named, and each of its columns whose name says that it is a share, a rate or a rank."""
    marts = {path.stem for path in (SQL_DIR / "marts").glob("*.sql")}
    columns = empty.execute(
        "select table_name, column_name from duckdb_columns() where schema_name = 'main'"
    ).fetchall()
    metrics = {column for table, column in columns if table in marts and A_METRIC.fullmatch(column)}

    assert {"views_index", "engagement_rate", "lift_low", "state"} <= metrics
    assert (marts | metrics) - _words(METRICS) == set()


def test_metrics__name_nothing_that_does_not_exist(empty: duckdb.DuckDBPyConnection) -> None:
    """What is quoted is a relation, a column, one of the values that a mart writes out, or a setting."""
    named = empty.execute(
        "select unnest([table_name, schema_name || '.' || table_name, column_name]) from duckdb_columns()"
    ).fetchall()
    values = re.findall(r"'(\w+)'", "".join(path.read_text() for path in (SQL_DIR / "marts").glob("*.sql")))

    assert _words(METRICS) - {name for (name,) in named} - set(values) - _settings().keys() == set()


def test_changelog__speaks_of_this_version() -> None:
    """The version that is installed has its section."""
    assert f"\n## {__version__} (" in (ROOT / "CHANGELOG.md").read_text()


# The configuration files


def test_config__holds_every_setting_and_no_other() -> None:
    """``config.toml`` names every setting, less what is not for it."""
    for_one_run = {"accept_strike_risk"}  # that risk is taken by a person, each time

    assert _settings().keys() == Settings.get_resolvable_fields().keys() - {"credentials"} - for_one_run


def test_config__shows_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each value that stands there, commented out or not, is what the code takes without it."""
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    defaults = dict(Settings()) | {"base_url": IMGUR_URL, "state_dir": default_state_dir()}
    shown = {name: value for name, (value, _) in _settings().items()}
    example = shown.pop("max_credits")  # has no default that could be written, like the two dates
    assert {name: defaults[name] for name in ("start_date", "end_date")} == {
        "start_date": "",
        "end_date": "",
    }
    del shown["start_date"], shown["end_date"]
    shown["state_dir"] = Path(shown["state_dir"]).expanduser()

    assert shown == {name: defaults[name] for name in shown}
    assert defaults["max_credits"] is None
    assert f"max_credits = {example}" in CONFIG
    assert "(default: no limit of its own" in CONFIG
    assert _settings()["max_credits"][1], "an example must not be in force"


def test_secrets__example_names_every_credential_and_holds_none() -> None:
    """``example.secrets.toml`` has a place for each, all of them empty."""
    _, _, section = SECRETS.partition("[sources.imgur.credentials]\n")
    found = re.findall(r"^(?:# )?([a-z_]+) = (\S+)", section, re.MULTILINE)

    assert sorted(found) == sorted((name, '""') for name in ImgurCredentials().get_resolvable_fields())


def test_constraints__pin_exact_versions() -> None:
    """``constraints.txt`` holds ``name==version`` lines only."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()

    assert lines
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.+!-]*", line)] == []


# What the code says of the documents


def test_api_notes__have_every_heading_that_the_code_cites() -> None:
    """A comment that names a heading of docs/imgur-api.md leads to it."""
    cited = {
        heading.strip()
        for folder in ("imgur_source", "pipelines", "tests", "benchmarks")
        for file in (ROOT / folder).rglob("*.py")
        for heading in re.findall(r"docs/imgur-api\.md: ([a-z ]+)", file.read_text())
    }
    headings = re.findall(r"^## (.+)$", (ROOT / "docs" / "imgur-api.md").read_text(), re.MULTILINE)

    assert "hidden limit" in cited
    assert cited <= {heading.lower() for heading in headings}


def test_architecture__names_every_room_and_only_modules_that_exist() -> None:
    """The drawing leaves no room out, and the modules that it names are there."""
    drawing = (ROOT / "docs" / "architecture.md").read_text()
    tops = (ROOT / "imgur_source", ROOT / "pipelines")
    rooms = {path.parent.name for top in tops for path in top.glob("*/__init__.py")}

    assert set(re.findall(r"^  (\w+)/", drawing, re.MULTILINE)) == rooms
    for room, modules in re.findall(r"^  (\w+)/ .*?: (.+ · .+)$", drawing, re.MULTILINE):
        folder = next(top / room for top in tops if (top / room).is_dir())
        for module in re.findall(r"\w+(?= ·|$|/|(?= \())", modules):
            assert (folder / f"{module}.py").is_file() or (folder / module).is_dir(), f"{room}/{module}"


def test_tree__holds_no_registry_and_no_path_of_a_machine() -> None:
    """What is checked in works elsewhere: no package registry's host, no folder of somebody's machine."""
    hosts = [r"py" r"pi\.org", r"python" r"hosted\.org", r"registry\." r"npmjs", r"deb\." r"debian\.org"]
    folders = ["work", "farm", "opt/pypi", "root", "home/[a-z]", "Users/[a-z]"]
    telltale = re.compile(rf"{'|'.join(hosts)}|(?:^|[\s\"'(=:])/(?:{'|'.join(folders)})/", re.MULTILINE)
    files = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split("\0")  # fmt: skip
    found = {
        name: match[0]
        for name in files
        if (ROOT / name).is_file()
        if (match := telltale.search((ROOT / name).read_text(errors="replace")))
    }

    assert "README.md" in files
    assert found == {}
