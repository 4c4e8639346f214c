"""The report program: one file from the published one, or a line that says why there is none."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
import psutil
import pytest
import report
from nbformat import v4
from reporting import default_data_dir, report_after_run, write_report
from reporting.page import page_of

from tests.support.published_files import file_of_nights, file_without_a_row

ROOT = Path(__file__).parents[2]
PATIENCE = 120  # seconds; a machine that runs other things at the same time is slow
HEADINGS = [
    "What did this period bring?",
    "Where did the views come from, day by day?",
    "Are the latest posts doing better than usual?",
    "Where did posts stand in the gallery?",
    "Do views turn into votes?",
    "When should I post?",
    "Which tags help?",
    "Which formats help?",
    "How fast do comments come?",
    "What has been lost?",
    "How far can this be trusted?",
]


@pytest.fixture(scope="module")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file without a row; made once, because all of ``sql/`` takes seconds."""
    return file_without_a_row(tmp_path_factory.mktemp("nothing") / "nothing.duckdb")


@pytest.fixture
def published(nothing: Path, tmp_path: Path) -> Path:
    """A data directory with a published file in which there is nothing."""
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    shutil.copyfile(nothing, data_dir / "imgur.duckdb")
    return data_dir


def _text(path: Path) -> str:
    """The page without plotly's own script, which names hosts that it never asks here."""
    whole = path.read_text(encoding="utf-8")
    return whole[: whole.index("<script>/**")] + whole[whole.rindex("<script>") :]


def test_report__shows_two_nights(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    """Every question has its heading, its answer, and the line that says what it rests on; no code is shown."""
    file = file_of_nights(tmp_path_factory, "two_nights", nights=2, images=40, albums=3, posts=120)

    written = write_report(file.parent, out=tmp_path / "out.html")

    text = _text(tmp_path / "out.html")
    assert re.findall(r"<h2>(.*?)</h2>", text) == HEADINGS
    sections = text.split("<h2>")[1:]
    assert [section.count('<p class="foot">data as of 23 Nov 2026, ') for section in sections] == [
        1, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1,
    ]  # fmt: skip
    assert all(re.search(r", n = [\d,]+ [^<]*, coverage (\d|unknown)", section) for section in sections)
    assert text.count('<div class="chart"') >= 5
    assert " %" not in re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)  # no line breaks there
    assert "import engagement" not in text
    assert "Published.open" not in text
    assert written.path == tmp_path / "out.html"
    assert written.size_bytes == (tmp_path / "out.html").stat().st_size < 7_000_000


@pytest.mark.slow
def test_report__of_feeds_only(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    """One night without an account: the feeds are told, of the rest it says why there is nothing."""
    file = file_of_nights(tmp_path_factory, "feeds_only", nights=1, accounts=(), images=5, albums=1, posts=60)

    write_report(file.parent, out=tmp_path / "out.html")

    text = _text(tmp_path / "out.html")
    assert "This file follows <strong>no account</strong>" in text
    assert "No feed was read in this period; readings are stored from 23 Nov 2026" in text
    assert text.count('<div class="chart"') == 1  # votes against views
    assert text.count('<p class="nothing">') == 11


def test_report__needs_nothing_from_elsewhere(published: Path) -> None:
    """Nothing that a browser would fetch stands in the page but plotly's script, which is in it."""
    line = report_after_run(published)

    text = _text(published / "report.html")
    assert line.startswith(f"Report: {published}/report.html (")
    assert not re.findall(r"""(?:src|href)=["'](?!data:)|@import|url\(|https?://""", text)
    assert "<title>Engagement report</title>" in text
    assert (published / "report.html").read_text(encoding="utf-8").count("plotly.js v") == 1


def test_report__leaves_nothing_behind(published: Path, tmp_path: Path) -> None:
    """Started from elsewhere with a home of its own: nothing is written there, and no process stays.

    A kernel of the user's own under the usual name would end everything with an error.
    """
    home, kernels = tmp_path / "home", tmp_path / "share" / "kernels" / "python3"
    home.mkdir()
    kernels.mkdir(parents=True)
    (kernels / "kernel.json").write_text(json.dumps({"argv": ["/bin/false"], "display_name": "not this"}))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}

    done = subprocess.run(
        [sys.executable, str(ROOT / "pipelines" / "report.py"), "--data-dir", str(published)],
        cwd=tmp_path, env=environment | {"HOME": str(home), "JUPYTER_PATH": str(tmp_path / "share")},
        capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip

    assert done.returncode == report.EXIT_DONE, done.stderr
    assert re.search(rf"Report: {re.escape(str(published))}/report\.html \(\d\.\d MB\)", done.stdout)
    assert done.stderr == ""
    assert list(home.iterdir()) == []
    assert sorted(path.name for path in published.iterdir()) == ["imgur.duckdb", "report.html"]
    assert [
        process.pid
        for process in psutil.process_iter(["environ"])
        if (process.info["environ"] or {}).get("HOME") == str(home)
    ] == []


def test_report__without_a_published_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, the commands that make one, and nothing is written."""
    code = report.main(["--data-dir", str(tmp_path)])

    assert code == report.EXIT_USAGE
    assert f"There is no {tmp_path}/imgur.duckdb. Run: python pipelines/sync.py" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_report__question_without_an_answer_leaves_the_old_report(
    published: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2, what is wrong in one line, and the report of yesterday as it was."""
    (published / "report.html").write_text("yesterday's")

    code = report.main(["--data-dir", str(published), "--start", "2026-11-31"])

    assert code == report.EXIT_USAGE
    assert capsys.readouterr().err == (
        "The period cannot be read (day is out of range for month). Days are written like 2026-11-01.\n"
    )
    assert (published / "report.html").read_text() == "yesterday's"
    assert sorted(path.name for path in published.iterdir()) == ["imgur.duckdb", "report.html"]


def test_report__of_a_damaged_file(published: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1, because nobody has said anything wrong, with the command that publishes the file anew."""
    (published / "imgur.duckdb").write_bytes((published / "imgur.duckdb").read_bytes()[:300_000])

    code = report.main(["--data-dir", str(published)])

    assert code == report.EXIT_FAILED
    assert "If it is damaged, have it published anew: python pipelines/sync.py" in capsys.readouterr().err
    assert [path.name for path in published.iterdir()] == ["imgur.duckdb"]


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder whose name leaves room for sockets; that of a test may be too long."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def test_report__that_is_stopped_says_so(published: Path, tmp_path: Path, short_folder: Path) -> None:
    """A signal in the middle of a cell: exit 1, one line, yesterday's report, and nothing is left behind."""
    (published / "report.html").write_text("yesterday's")
    stopping = "import os, signal, time; os.kill(os.getppid(), signal.SIGTERM); time.sleep(100)"
    cells = [
        v4.new_code_cell("DATABASE = ''", metadata={"tags": ["parameters"]}),  # type: ignore[no-untyped-call]
        v4.new_code_cell(stopping),  # type: ignore[no-untyped-call]
    ]
    nbformat.write(_notebook(*cells), tmp_path / "stops.ipynb")  # type: ignore[no-untyped-call]
    program = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'pipelines')!r}); import report; from reporting import notebook; from pathlib import Path; "
        f"notebook.NOTEBOOK = Path({str(tmp_path / 'stops.ipynb')!r}); "
        f"sys.exit(report.main(['--data-dir', {str(published)!r}]))"
    )
    environment = os.environ | {"TMPDIR": str(short_folder)}

    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False,
        timeout=PATIENCE,
    )  # fmt: skip

    assert done.returncode == report.EXIT_FAILED
    assert (
        "The process that ran stops.ipynb ended too soon: it was stopped, or memory has run out.\n"
        in done.stderr
    )
    assert "AssertionError" not in done.stderr
    assert (published / "report.html").read_text() == "yesterday's"
    assert list(short_folder.iterdir()) == []
    assert [
        process.pid
        for process in psutil.process_iter(["environ"])
        if (process.info["environ"] or {}).get("TMPDIR") == str(short_folder)
    ] == []


def test_report__temporary_folder_with_a_long_name(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A socket's path is short by the system's rule: exit 2, and what to do, before anything is started."""
    folder = tmp_path / ("long" * 25)
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))

    code = report.main(["--data-dir", str(published)])

    assert code == report.EXIT_USAGE
    assert "is too long. Set TMPDIR to a folder with a shorter one.\n" in capsys.readouterr().err
    assert [path.name for path in published.iterdir()] == ["imgur.duckdb"]


def test_report__arguments_reach_the_notebook(published: Path, tmp_path: Path) -> None:
    """A period and a file that are asked for."""
    out = tmp_path / "mine.html"

    code = report.main(
        [
            "--data-dir",
            str(published),
            "--out",
            str(out),
            "--days",
            "3",
            "--end",
            "2026-11-10",
            "--all-accounts",
        ]
    )

    assert code == report.EXIT_DONE
    assert "08 Nov 2026 to 10 Nov 2026" in _text(out)
    assert not (published / "report.html").exists()


def test_default_data_dir__is_the_demo_only_where_nothing_else_is(tmp_path: Path) -> None:
    """Before anything is published, and from then on, it is the real one; between, what the demo has made."""
    data, demo = tmp_path / "data", tmp_path / "data" / "demo"
    assert default_data_dir(tmp_path) == data

    demo.mkdir(parents=True)
    (demo / "imgur.duckdb").touch()
    assert default_data_dir(tmp_path) == demo

    (data / "imgur.duckdb").touch()
    assert default_data_dir(tmp_path) == data


def test_report__into_a_folder_that_is_not_there(published: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2 before the notebook is run; no folder is made."""
    code = report.main(["--data-dir", str(published), "--out", str(published / "no" / "mine.html")])

    assert code == report.EXIT_USAGE
    assert capsys.readouterr().err == f"There is no folder {published}/no to write mine.html into.\n"
    assert not (published / "no").exists()


def test_report__into_a_folder_instead_of_a_file(published: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2 before the notebook is run, with a file's name to take."""
    code = report.main(["--data-dir", str(published), "--out", str(published)])

    assert code == report.EXIT_USAGE
    assert capsys.readouterr().err == (
        f"{published} is a folder. Name a file in it: --out {published}/report.html\n"
    )


def test_report__of_a_file_instead_of_a_folder(published: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The published file itself is no data directory; the one it lies in is named."""
    code = report.main(["--data-dir", str(published / "imgur.duckdb")])

    assert code == report.EXIT_USAGE
    assert capsys.readouterr().err == (
        f"{published}/imgur.duckdb is a file. "
        f"Name the folder in which imgur.duckdb lies: --data-dir {published}\n"
    )


def test_report__days_or_a_start(capsys: pytest.CaptureFixture[str]) -> None:
    """A first day and a length together could contradict each other."""
    with pytest.raises(SystemExit) as raised:
        report.main(["--days", "3", "--start", "2026-11-01"])

    assert raised.value.code == report.EXIT_USAGE
    assert "not allowed with argument" in capsys.readouterr().err


@pytest.mark.parametrize("days", ["0", "-1", "many", "100000"])
def test_report__wrong_usage_exits_2(days: str, capsys: pytest.CaptureFixture[str]) -> None:
    """argparse says what is wrong, on stderr."""
    with pytest.raises(SystemExit) as raised:
        report.main(["--days", days])

    assert raised.value.code == report.EXIT_USAGE
    assert f"'{days}' is not a number of days: it must be from 1 to 36500" in capsys.readouterr().err


def test_report__names_the_command_that_installs_what_it_needs(published: Path) -> None:
    """Without the extra `report` it exits 2 and says which command brings it."""
    without_plotly = (
        "import sys; sys.modules['plotly'] = None; "
        f"sys.path.insert(0, {str(ROOT / 'pipelines')!r}); "
        f"import report; sys.exit(report.main(['--data-dir', {str(published)!r}]))"
    )

    done = subprocess.run(
        [sys.executable, "-c", without_plotly], capture_output=True, text=True, check=False, timeout=PATIENCE
    )

    assert done.returncode == report.EXIT_USAGE
    assert "python -m pip install --constraint constraints.txt --editable '.[report]'" in done.stderr


def test_after_a_night__says_why_there_is_no_report(published: Path, tmp_path: Path) -> None:
    """Nothing is raised: not without a file, not when the report cannot be written."""
    assert report_after_run(tmp_path).startswith(f"No report: There is no {tmp_path}/imgur.duckdb.")

    (published / "report.html").mkdir()
    assert report_after_run(published).startswith("No report: ")


# The page


def _notebook(*cells: object) -> object:
    return v4.new_notebook(cells=list(cells))  # type: ignore[no-untyped-call]


def _showing(data: dict[str, object]) -> object:
    output = v4.new_output("display_data", data=data)  # type: ignore[no-untyped-call]
    return v4.new_code_cell("secret_code()", outputs=[output])  # type: ignore[no-untyped-call]


def test_page__draws_figures_under_their_heading() -> None:
    """A figure is data in a script that its own text cannot end, named by the heading above it."""
    figure = {"data": [{"name": "</script><b>"}], "layout": {"height": 300}, "config": {"responsive": True}}

    html = page_of(
        _notebook(
            v4.new_markdown_cell("# A & B\n\n## How *much*?\n\nA text."),  # type: ignore[no-untyped-call]
            _showing({"application/vnd.plotly.v1+json": figure, "text/plain": "Figure()"}),
        )
    )

    assert "<title>A &amp; B</title>" in html
    assert '<div class="chart" role="img" aria-label="How *much*?" style="height: 300px">' in html
    [text] = re.findall(r'<script type="application/json">(.*?)</script>', html)
    assert json.loads(text) == figure
    assert "secret_code" not in html
    assert "Figure()" not in html


def test_page__shows_tables_and_plain_text() -> None:
    """HTML is shown as it is, plain text as text."""
    html = page_of(_notebook(_showing({"text/html": "<table></table>"}), _showing({"text/plain": "1 < 2"})))

    assert "<table></table>" in html
    assert "<pre>1 &lt; 2</pre>" in html
    assert "<title>Report</title>" in html
