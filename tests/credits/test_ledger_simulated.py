"""The client on its ledger against the simulated Imgur, in each of its manners and from several processes."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from imgur_source.api.auth import ClientIdAuth
from imgur_source.api.client import ImgurClient
from imgur_source.credits.ledger import CreditLedger, credit_status_of
from imgur_source.credits.meter import CreditMeter
from imgur_source.errors import (
    CreditsExhaustedError,
    DaySpentError,
    GatewayLimitError,
    HourSpentError,
    ImgurError,
    OverCapacityError,
)
from imgur_source.simulator import Fault, Simulator, serve
from imgur_source.simulator.options import Options
from tests.support.fakes import FakeClock

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
READER = Path(__file__).parents[1] / "support" / "ledger_reader.py"


def a_world(**options: Any) -> Simulator:
    return Simulator(Options(images=20, albums=2, posts=240, comments=20), **options)


class Reader:
    """One process's client of *world*, on the ledger of the host; time is the world's."""

    def __init__(self, world: Simulator, folder: Path, clock: FakeClock, **ledger: bool) -> None:
        self.world = world
        self.clock = clock
        clock.time = world.now()
        self.ledger = CreditLedger.of_application(folder, client_id=world.client_id, clock=clock, **ledger)
        self.client = ImgurClient(
            base_url="https://api.imgur.com",
            public=ClientIdAuth(world.client_id),
            login=None,
            meter=CreditMeter(clock=clock, ledger=self.ledger),
            clock=clock,
            timeout=timedelta(seconds=30),
            user_agent="imgur_source/test",
            transport=httpx.MockTransport(world),
        )

    def get(self, page: int = 0) -> None:
        self.client.get("gallery", f"/3/gallery/hot/viral/{page}")

    def read(self, most: int) -> CreditsExhaustedError | None:
        """Read up to *most* pages; what ended it earlier."""
        for page in range(most):
            try:
                self.get(page)
            except CreditsExhaustedError as end:
                return end
        return None


def let_pass(world: Simulator, clock: FakeClock, duration: timedelta) -> None:
    world.advance(duration)
    clock.advance(duration)


@pytest.mark.parametrize("client_window", ["fixed", "midnight"])
@pytest.mark.parametrize("user_window", ["fixed", "sliding"])
@pytest.mark.parametrize("style", ["epoch", "seconds", "constant"])
def test_windows__in_every_manner_are_used_and_never_exceeded(
    style: Any, user_window: Any, client_window: Any, tmp_path: Path, clock: FakeClock
) -> None:
    """Three days of runs, each as long as the hour lasts: no 429, no strike, and most of the day is used."""
    world = a_world(
        user_limit=20,
        client_limit=340,  # of which 2 % are kept
        user_reset_style=style,
        user_window=user_window,
        client_window=client_window,
    )
    spent = []
    for _ in range(3):
        before = world.credits_spent
        for _ in range(24):
            run = Reader(world, tmp_path, clock)
            run.read(30)
            run.client.close()
            let_pass(world, clock, HOUR)
        spent.append(world.credits_spent - before)

    assert {request.status for request in world.requests} == {200}
    status = credit_status_of(tmp_path, client_id=world.client_id, clock=clock)
    assert status is not None
    assert (world.strikes, status.strikes) == (0, ())
    assert world.limits.client.remaining >= 7
    assert spent[0] >= 333  # at midnight a second day began
    assert sum(spent) >= 666


def test_windows__that_others_use_as_well_are_planned_around(tmp_path: Path, clock: FakeClock) -> None:
    """Others under the same client id are noticed from the next reply on; the floor is kept for both."""
    world = a_world(client_limit=1_000, user_limit=1_000)
    run = Reader(world, tmp_path, clock)
    run.read(20)
    world.limits.spend_elsewhere(700, now=world.world.now)
    end = run.read(200)
    status = run.ledger.status()

    assert "250 of 1000 credits left today" in str(end)
    assert (world.credits_spent, world.limits.client.remaining, world.strikes) == (50, 250, 0)
    assert status.windows["client"].spent_elsewhere == 700


def test_windows__of_the_gateway_keep_their_floor(tmp_path: Path, clock: FakeClock) -> None:
    """A plan of 100 requests is used to its last two, and nothing else is known."""
    world = a_world(plan_limit=100)
    run = Reader(world, tmp_path, clock)
    end = run.read(200)

    assert "the plan has 2 of 100 requests left, and the last 2 are never touched" in str(end)
    assert world.limits.plan is not None
    assert world.limits.plan.remaining == 2


def test_windows__that_are_told_nowhere_are_our_own_count(tmp_path: Path, clock: FakeClock) -> None:
    """Without a rate header the hour is 500 of ours, and comes back as they grow older than an hour."""
    world = a_world(credits_headers=False)
    run = Reader(world, tmp_path, clock)
    first = run.read(600)
    let_pass(world, clock, HOUR + timedelta(seconds=1))
    again = Reader(world, tmp_path, clock).read(100)

    assert isinstance(first, CreditsExhaustedError)
    assert (first.until, again) == (clock.now(), None)
    assert world.credits_spent == 600
    assert {request.status for request in world.requests} == {200}


# refusals, told apart


def test_refusal__an_empty_hour_says_when_it_is_over(tmp_path: Path, clock: FakeClock) -> None:
    """When others have used up the hour, the one 429 is enough, and every process knows until when."""
    world = a_world(user_limit=10)
    run, other = (Reader(world, tmp_path, clock) for _ in range(2))
    run.get()
    world.limits.spend_elsewhere(9, now=world.world.now)
    with pytest.raises(HourSpentError) as caught:
        run.get()

    assert caught.value.until == clock.now() + HOUR
    assert "the hour's 10 credits are spent" in str(other.read(1))
    assert [request.status for request in world.requests] == [200, 429]
    assert run.ledger.status().strikes == ()


def test_refusal__an_empty_day_is_a_strike(tmp_path: Path, clock: FakeClock) -> None:
    """The day at 0 goes on record with its evidence, and waiting does not help this run."""
    world = a_world(client_limit=12_500)
    run = Reader(world, tmp_path, clock)
    run.read(20)
    world.limits.spend_elsewhere(12_480, now=world.world.now)
    with pytest.raises(DaySpentError) as caught:
        run.get()
    [strike] = run.ledger.status().strikes

    assert caught.value.until is None
    assert str(caught.value).endswith("look at python pipelines/sync.py --status")
    assert (strike.told, strike.own_charges, strike.spent_elsewhere) == (
        "0 of 12500 left, with status 429",
        21,
        12_479,
    )
    assert run.ledger.status().floor("client") == 500


def test_refusal__a_day_spent_in_words_is_a_strike_too(tmp_path: Path, clock: FakeClock) -> None:
    """The text of 2016 counts, though its headers say that there is room."""
    world = a_world()
    world.faults.add(Fault("daily_429"))
    run = Reader(world, tmp_path, clock)
    with pytest.raises(DaySpentError):
        run.get()

    assert [strike.told for strike in run.ledger.status().strikes] == [
        "Imgur says the application's day is used up"
    ]
    assert "0 of 12500 credits left today" in str(Reader(world, tmp_path, clock).read(1))


@pytest.mark.parametrize("kind", ["over_capacity_403", "over_capacity_500"])
def test_refusal__over_capacity_silences_every_process(kind: str, tmp_path: Path, clock: FakeClock) -> None:
    """The hidden limit is met once; then all are silent, longer each time, until a good reply."""
    world = a_world()
    world.faults.add(Fault(kind, times=2))
    silences = []
    for _ in range(2):
        run, other = (Reader(world, tmp_path, clock) for _ in range(2))
        with pytest.raises(OverCapacityError) as caught:
            run.get()
        assert caught.value.until is not None
        silences.append(caught.value.until - clock.now())
        assert 'Imgur said "over capacity"' in str(other.read(1))
        let_pass(world, clock, silences[-1])
    run = Reader(world, tmp_path, clock)
    run.get()

    assert [silence / timedelta(minutes=1) for silence in silences] == [10, 20]
    assert [request.status for request in world.requests] == [int(kind[-3:])] * 2 + [200]
    assert run.ledger.over_capacity() - clock.now() == timedelta(minutes=10)


def test_refusal__a_gateways_limit_is_not_imgurs(tmp_path: Path, clock: FakeClock) -> None:
    """The gateway's own 429 is quoted, ends the reading for an hour, and is no strike."""
    world = a_world()
    world.faults.add(Fault("gateway_message", param="429"))
    run = Reader(world, tmp_path, clock)
    with pytest.raises(GatewayLimitError, match="429, You have exceeded the rate limit per second") as caught:
        run.get()

    assert caught.value.until == clock.now() + HOUR
    assert run.ledger.status().strikes == ()


@pytest.mark.parametrize(
    ("kind", "param", "name"),
    [
        ("forbidden_cdn", "", "BlockedAddressError"),
        ("banned_country", "EG", "BlockedRegionError"),
        ("region_html", "", "BlockedRegionError"),
        ("gateway_message", "403", "GatewayRefusedError"),
        ("invalid_client_403", "", "ApplicationRefusedError"),
        ("errors_list_429", "", "UnknownLimitError"),
        ("html_404", "", "NotFoundError"),
    ],
)
def test_refusal__each_kind_has_its_own_error_and_one_request(
    kind: str, param: str, name: str, tmp_path: Path, clock: FakeClock
) -> None:
    """What asking again does not cure is asked once, booked, and says what it is."""
    world = a_world()
    world.faults.add(Fault(kind, param=param, times=9))
    run = Reader(world, tmp_path, clock)
    with pytest.raises(ImgurError) as caught:
        run.get()

    assert type(caught.value).__name__ == name
    assert (len(world.requests), run.client.meter.charges) == (1, {"gallery": 1})


# processes


def in_processes(world: Simulator, folder: Path, *, count: int = 8) -> list[dict[str, Any]]:
    """Let *count* processes read all they are granted, at the same time; what each says of itself."""
    with serve(world) as base_url:
        started = [
            subprocess.Popen(
                [sys.executable, str(READER), base_url, world.client_id, str(folder)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )
            for _ in range(count)
        ]  # fmt: skip
        for process in started:  # all are ready before any begins
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in started:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        return [json.loads(process.communicate(timeout=120)[0]) for process in started]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("limits", "spent", "words"),
    [
        ({"user_limit": 300}, 300, "the hour's 300 credits are spent"),
        ({"client_limit": 130, "client_window": "midnight"}, 127, "the last 3 are never touched"),
    ],
    ids=["hour", "day"],
)
def test_processes__spend_one_ledger_together(
    limits: dict[str, Any], spent: int, words: str, tmp_path: Path
) -> None:
    """Eight processes on a real socket use what there is to the last credit, without a 429, and each gets some."""
    world = a_world(latency=0.05, now=datetime.now(UTC).replace(microsecond=0), **limits)
    said = in_processes(world, tmp_path)

    assert [request.status for request in world.requests] == [200] * spent
    assert (world.credits_spent, world.strikes) == (spent, 0)
    assert sum(one["read"] for one in said) == spent
    assert min(one["read"] for one in said) >= 1
    assert all(words in one["end"] for one in said)
