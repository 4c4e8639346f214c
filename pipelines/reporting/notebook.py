"""Executes the report's notebook over a published file, and writes what it shows as one HTML file."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from imgur_source.plain_text import plain

PROJECT_DIR = Path(__file__).resolve().parents[2]
NOTEBOOK = PROJECT_DIR / "notebooks" / "engagement_report.ipynb"
DATABASE = "imgur.duckdb"  # the published file's name, in every data directory
LONGEST_ERROR = 500  # characters: it names a file, and what to do
PATIENCE = 600  # seconds that one cell may take
LONGEST_FOLDER = 85  # bytes; a socket's path may have 103 on macOS, and "/kernel-ipc-5" follows
NEEDED = ("ipykernel", "markdown_it", "nbclient", "plotly")  # the extra "report"


class ReportError(Exception):
    """There is no new report; an older one is as it was."""


class ReportSetupError(ReportError):
    """A person has to do something first; the last sentence says what."""


@dataclass(frozen=True)
class Written:
    """A report that was written."""

    path: Path
    size_bytes: int

    def __str__(self) -> str:
        return f"Report: {self.path} ({self.size_bytes / 1e6:.1f} MB), open it in a browser"


def default_data_dir(project: Path = PROJECT_DIR) -> Path:
    """The real warehouse of *project*, or the demo's where that is all there is."""
    real = project / "data"
    demo = real / "demo"
    return demo if (demo / DATABASE).exists() and not (real / DATABASE).exists() else real


def report_after_run(data_dir: Path) -> str:
    """Make the report of *data_dir*; returns a line that says where it is, or why there is none.

    Nothing is raised: the run is done, and its exit code is about the run.
    """
    try:
        return str(write_report(data_dir))
    except KeyboardInterrupt:
        return "No report: stopped on request."
    except Exception as error:
        return f"No report: {plain(error, longest=LONGEST_ERROR)}"


def write_report(
    data_dir: Path, *, out: Path | None = None, parameters: dict[str, Any] | None = None
) -> Written:
    """Make the report of the file published in *data_dir*.

    Args:
        out: the file to write; ``report.html`` beside the published one.
        parameters: values of the notebook's first cell, by name.

    Raises:
        ReportSetupError: nothing is published, packages are missing, or what is asked cannot be answered.
        ReportError: a cell failed.
        OSError: the file cannot be written.
    """
    database = data_dir / DATABASE
    if data_dir.is_file():
        raise ReportSetupError(
            f"{data_dir} is a file. Name the folder in which {DATABASE} lies: --data-dir {data_dir.parent}"
        )
    if not database.is_file():
        raise ReportSetupError(f"There is no {database}. Run: python pipelines/sync.py, or: make demo")
    if any(find_spec(name) is None for name in NEEDED):
        raise ReportSetupError(
            "The report needs packages that are not installed. "
            "Run: python -m pip install --constraint constraints.txt --editable '.[report]'"
        )
    from reporting.page import page_of

    out = (out or data_dir / "report.html").expanduser().resolve()
    if not out.parent.is_dir():
        raise ReportSetupError(f"There is no folder {out.parent} to write {out.name} into.")
    if out.is_dir():
        raise ReportSetupError(f"{out} is a folder. Name a file in it: --out {out / 'report.html'}")
    text = page_of(executed(NOTEBOOK, {"DATABASE": str(database)} | (parameters or {})))
    draft = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)
    return Written(out, out.stat().st_size)


def executed(path: Path, parameters: dict[str, Any]) -> Any:
    """The notebook at *path* with its outputs, run by this Python with *parameters* in place of its own.

    The kernel is a process of its own that ends with this call. It sees no set-up of the
    user's, and leaves nothing in the user's home.

    Raises:
        ReportSetupError: the temporary folder cannot hold sockets, or what is asked cannot be answered.
        ReportError: a cell failed, in one line.
    """
    import nbformat
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    [place] = [
        place for place, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", [])
    ]
    values = "\n".join(f"{name} = {value!r}" for name, value in parameters.items())
    notebook.cells.insert(place + 1, nbformat.v4.new_code_cell(values))  # type: ignore[no-untyped-call]

    with tempfile.TemporaryDirectory() as folder:
        if len(os.fsencode(folder)) > LONGEST_FOLDER:
            raise ReportSetupError(
                f"The name of the temporary folder {folder} is too long. "
                "Set TMPDIR to a folder with a shorter one."
            )

        class OwnKernelManager(AsyncKernelManager):
            """Starts this Python, whatever kernels are installed under whatever names."""

            def __init__(self, **settings: Any) -> None:
                super().__init__(
                    kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),
                    connection_file=f"{folder}/kernel.json",
                    transport="ipc",  # sockets in that folder, which only this user can enter
                    **settings,
                )

        client = NotebookClient(
            notebook,
            kernel_name="python3",
            kernel_manager_class=OwnKernelManager,
            timeout=PATIENCE,
            resources={"metadata": {"path": str(path.parent)}},
        )
        homes = ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
        environment = os.environ | dict.fromkeys(homes, folder) | {
            "PLOTLY_RENDERER": "plotly_mimetype",  # figures as data, for the page to draw
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # the debugger that nobody uses warns of itself otherwise
        }  # fmt: skip
        ended = ReportError(
            f"The process that ran {path.name} ended too soon: it was stopped, or memory has run out."
        )
        try:
            return client.execute(env=environment)
        except CellExecutionError as error:
            if error.ename == "KeyboardInterrupt":  # the kernel heard of the signal first
                raise ended from error
            if error.ename == "QuestionError":
                raise ReportSetupError(plain(error.evalue, longest=LONGEST_ERROR)) from error
            said = error.evalue if error.ename == "PublishedFileError" else f"{error.ename}: {error.evalue}"
            raise ReportError(plain(said, longest=LONGEST_ERROR)) from error
        except CellTimeoutError as error:
            raise ReportError(f"A cell of {path.name} took longer than {PATIENCE} seconds.") from error
        # nbclient stumbles over the kernel that a signal has taken from it, in this way or that
        except (DeadKernelError, AssertionError, AttributeError) as error:
            raise ended from error
