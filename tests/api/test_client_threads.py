"""The client in the hands of several threads: they spend what is granted, and no more."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from imgur_source.api.client import ImgurClient
from imgur_source.errors import (
    CreditsExhaustedError,
)
from imgur_source.simulator import Simulator
from tests.api.test_client import SUNSET, Script, a_client, good
from tests.api.test_client_journal import a_journal, of_world
from tests.support.fakes import FakeClock


@pytest.fixture
def restless_threads() -> Iterator[None]:
    """Threads take turns after a few instructions, so that what is not atomic comes apart."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def ask_with_threads(client: ImgurClient, requests: int) -> list[int]:
    """Which of *requests*, asked by eight threads, had an answer; the others met the end of the credits."""

    def ask(number: int) -> int | None:
        try:
            client.get("gallery", f"/3/gallery/hot/viral/{number}")
        except CreditsExhaustedError:
            return None
        return number

    with ThreadPoolExecutor(8) as pool:
        return [number for number in pool.map(ask, range(requests)) if number is not None]


@pytest.mark.parametrize(
    ("limits", "max_credits", "expected"),
    [
        ({}, 60, 60),
        ({"user_limit": 90}, None, 90),
        ({"user_limit": 90, "user_reset_style": "seconds"}, None, 90),
        ({"client_limit": 92}, None, 90),
    ],
    ids=["allowance", "hour", "hour in seconds", "floor of the day"],
)
def test_threads__together_spend_what_is_granted(
    limits: dict[str, Any], max_credits: int | None, expected: int, clock: FakeClock, tmp_path: Path
) -> None:
    """Eight threads never ask for more than the allowance, the hour or the day above its floor; no 429 comes.

    Up to seven credits may stay unused: what is under way when a window is first seen counts as spent.
    """
    world = Simulator(images=20, posts=240, comments=100, **limits)
    with a_journal(tmp_path, clock) as journal:
        client = of_world(world, clock, tmp_path, max_credits=max_credits, journal=journal)
        answered = ask_with_threads(client, 300)
        journal.begin(confirmed=None)
        left = journal.left

    assert {seen.status for seen in world.requests} == {200}
    assert expected - 7 <= len(answered) <= expected
    assert len(answered) == left == len(world.requests) == world.credits_spent == client.meter.credits.spent
    assert client.meter.requests == client.meter.charges == {"gallery": len(answered)}


@pytest.mark.usefixtures("restless_threads")
def test_threads__warn_once_of_a_retirement(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    """However many threads hear of it at once, a person is told once."""
    client = a_client(Script(good(Sunset=SUNSET)), clock)
    ask_with_threads(client, 100)

    assert caplog.text.count("endpoint will be retired") == 1
    assert client.sunsets == {"gallery": SUNSET}
