"""What every test may ask for."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.support.fakes import FakeClock


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect tests without a search for garbage, and leave modules and tests out of every later one."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_unconfigure() -> None:
    """Let go of all at the end; DuckDB complains of what is still there at exit."""
    gc.unfreeze()


@pytest.fixture
def clock() -> FakeClock:
    """A clock of this test's own."""
    return FakeClock()


@pytest.fixture(scope="session")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published file without a row; not to be changed."""
    from tests.support.published_files import file_without_a_row  # here, because it takes dlt with it

    return file_without_a_row(tmp_path_factory.mktemp("nothing") / "nothing.duckdb")


@pytest.fixture
def file(nothing: Path, tmp_path: Path) -> Path:
    """A published file that follows `fox`, of this test's own."""
    from tests.support.published_files import RUN_AT, fill

    file = shutil.copyfile(nothing, tmp_path / "some.duckdb")
    fill(file, "main.accounts", {"account_id": 1, "account_name": "fox", "fetched_at": RUN_AT})
    return file
