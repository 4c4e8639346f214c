"""Runs that many tests read, or go on from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.nights import IMAGES, Nights
from tests.support.work_files import without_marts


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    """A first run that has read 40 images; not to be changed."""
    nights = Nights(tmp_path_factory.mktemp("first_run"), sql_dir=without_marts())
    nights.run(only=IMAGES)
    return nights


@pytest.fixture
def nights(first_run: Nights, tmp_path: Path) -> Nights:
    """The same run in a folder of this test's own, to go on from; its next runs make what plans need."""
    return first_run.copied(tmp_path)
