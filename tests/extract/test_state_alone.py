"""Without a warehouse: what dlt's state keeps is enough to read every list and every child, on few credits."""

from __future__ import annotations

import json
from collections import defaultdict
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from imgur_source.api import ImgurClient, authenticators, oauth_base_of
from imgur_source.credits import CreditMeter
from imgur_source.extract import Round, RunState, WarehouseFacts
from imgur_source.lists import SourceState
from imgur_source.settings import Settings
from imgur_source.simulator import Simulator
from tests.support.warehouses import SimulatorClock, credentials_of

LISTS = (
    "account",
    "account_images",
    "account_albums",
    "account_submissions",
    "account_favorites",
    "account_comments",
)
CHILDREN = ("album_images", "post_images", "post_comments")
CREDITS = len(LISTS) + 2
MOST_RUNS = 40


class Runs:
    """Runs in a row that know nothing but the state that the run before has left."""

    def __init__(self, folder: Path, simulator: Simulator) -> None:
        self.simulator = simulator
        self.ids: dict[str, set[Any]] = defaultdict(set)
        self.wanted = wanted_of(simulator)
        self._folder = folder
        self._state: dict[str, Any] = {}

    def run(self) -> RunState:
        """One run, a day after the one before; its state goes through JSON, as dlt's does."""
        clock = SimulatorClock(self.simulator)
        settings = Settings.of(state_dir=self._folder, max_credits=CREDITS)
        logins = authenticators(credentials_of(self.simulator), settings=settings, clock=clock)
        memory = SourceState(self._state, fetched=None)
        client = ImgurClient(
            base_url=settings.base_url,
            oauth_url=oauth_base_of(settings.base_url),
            public=logins.public,
            login=logins.login,
            meter=CreditMeter(clock=clock, max_credits=CREDITS),
            clock=clock,
            timeout=timedelta(seconds=30),
            user_agent="test",
            transport=httpx.MockTransport(self.simulator),
        )
        run = RunState(client.meter)
        extraction = Round(
            client, settings, clock, run, frozenset({*LISTS, *CHILDREN}), WarehouseFacts(), memory
        )
        with closing(client):
            for batch in extraction.batches():
                self._note(batch)
        self._state = json.loads(json.dumps(self._state))
        self.simulator.advance(timedelta(days=1))
        return run

    def _note(self, batch: dict[str, Any]) -> None:
        parents = {"post_comments": "post_id", "album_images": "album_id"}
        for resource, rows in batch.items():
            self.ids[resource].update(rows.column(parents.get(resource, rows.column_names[0])).to_pylist())

    def missing(self) -> dict[str, int]:
        """How much of what is there since before the first run has never come, by list and kind of child."""
        live = wanted_of(self.simulator)
        left = {name: len((ids & live[name]) - self.ids[name]) for name, ids in self.wanted.items()}
        return {name: number for name, number in left.items() if number}


def wanted_of(simulator: Simulator) -> dict[str, set[Any]]:
    """The ids that each list shows, and of the parents whose children there are."""
    truth = simulator.truth
    return {
        "account_images": {record["id"] for record in truth.account_images()},
        "account_albums": {record["id"] for record in truth.account_albums("me")},
        "account_submissions": {record["id"] for record in truth.submissions()},
        "account_comments": {record["id"] for record in truth.account_comments()},
        "post_comments": {post["id"] for post in truth.submissions() if post["comment_count"]},
        "album_images": {album["id"] for album in truth.account_albums("me") if album["images_count"]},
    }


def test_state_alone__reads_every_list_and_child_on_the_credits_of_its_lists_and_two(tmp_path: Path) -> None:
    """Six lists, eight credits a run: within 40 runs nothing is missing, though comments move every day."""
    runs = Runs(tmp_path, Simulator(seed=5, images=260, albums=6, posts=100, per_page="ignored"))
    assert {"account_images", "post_comments", "album_images"} <= runs.missing().keys()

    for _ in range(MOST_RUNS):
        assert runs.run().meter.credits.spent <= CREDITS
        if not runs.missing():
            break

    assert runs.missing() == {}


def test_state_alone__goes_on_refreshing_what_is_stored(tmp_path: Path) -> None:
    """Once all is read, stored pages have their turn: in twice as many runs each image is seen again."""
    runs = Runs(tmp_path, Simulator(seed=5, images=260, albums=2, posts=60, per_page="ignored"))
    for _ in range(MOST_RUNS // 2):
        runs.run()
    assert runs.missing() == {}

    runs.ids.clear()
    for _ in range(MOST_RUNS):
        runs.run()

    assert "account_images" not in runs.missing()
