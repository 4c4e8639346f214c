"""What the tests of the SQL ask for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.marts import Marts, for_one_test


@pytest.fixture
def marts() -> Iterator[Marts]:
    """A warehouse in memory, without a row, of this test's own."""
    with for_one_test() as marts:
        yield marts
