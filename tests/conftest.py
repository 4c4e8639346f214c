"""What every test may ask for."""

from __future__ import annotations

import pytest
from fakes import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    """A clock of this test's own."""
    return FakeClock()
