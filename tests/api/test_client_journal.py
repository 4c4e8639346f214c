"""The client and its journal: what is paid for is not asked for again, and a 304 has something to give."""

from __future__ import annotations

import json
import sqlite3
import zlib
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from imgur_source.api.auth import BearerAuth, ClientIdAuth
from imgur_source.api.client import ImgurClient
from imgur_source.api.journal import Journal
from imgur_source.api.replies import Reply
from imgur_source.api.token_store import Tokens, TokenVault
from imgur_source.errors import (
    ImgurError,
    NotFoundError,
    PrivateError,
    ReplayEndedError,
)
from imgur_source.records import scrubbed
from imgur_source.settings import IMGUR_URL
from imgur_source.simulator import Simulator
from tests.api.test_client import FINAL, PAGE, PATH, SUNSET, Script, a_client, a_login, failed, get, good
from tests.support.fakes import NIGHT, FakeClock


def a_journal(folder: Path, clock: FakeClock) -> Journal:
    """A journal at the start of a run that follows one of which nothing was loaded."""
    journal = Journal(folder / "journal.sqlite", clock=clock, scrub=scrubbed)
    journal.begin(confirmed=None)
    return journal


def test_replay__comes_before_asking_and_costs_nothing(clock: FakeClock, tmp_path: Path) -> None:
    """What a lost run paid for comes as it came then, page by page; after the last one Imgur is asked."""
    script = Script(good([1], Sunset=SUNSET), good([2]))
    with a_journal(tmp_path, clock) as journal:
        lost = [get(a_client(script, clock, journal=journal), page=page) for page in "01"]
    clock.advance(timedelta(hours=2))
    script = Script(good([3]))
    with a_journal(tmp_path, clock) as journal:
        client = a_client(script, clock, journal=journal)
        replies = [get(client, page=page) for page in "010"]

    assert lost == [Reply("account_albums", b"[1]", NIGHT, SUNSET), Reply("account_albums", b"[2]", NIGHT)]
    assert replies == [
        Reply("account_albums", b"[1]", NIGHT, SUNSET, is_replayed=True),
        Reply("account_albums", b"[2]", NIGHT, is_replayed=True),
        Reply("account_albums", b"[3]", NIGHT + timedelta(hours=2)),
    ]
    assert script.urls == [f"{IMGUR_URL}{PATH}?page=0"]
    assert (client.meter.replays, client.meter.requests) == ({"account_albums": 2}, {"account_albums": 1})
    assert (client.meter.credits.spent, client.sunsets) == (1, {"account_albums": SUNSET})


def test_replay__what_was_not_there_is_not_there(clock: FakeClock, tmp_path: Path) -> None:
    """A 404 was an answer, paid for like any other: its replay says the same at no credit."""
    for script in (Script(failed(404, "No such album")), Script(good())):
        with a_journal(tmp_path, clock) as journal:
            client = a_client(script, clock, journal=journal)
            with pytest.raises(NotFoundError, match="No such album"):
                get(client)

    assert (script.requests, client.meter.replays) == ([], {"account_albums": 1})


def test_replay__passes_over_what_was_no_answer(clock: FakeClock, tmp_path: Path) -> None:
    """A broken reply is on disk like all that were paid for; replayed is the whole one that came after it."""
    broken = httpx.Response(200, content=b'{"data": [{"id": "Al')
    with a_journal(tmp_path, clock) as journal:
        get(a_client(Script(broken, good()), clock, journal=journal))
    script = Script(good())
    with a_journal(tmp_path, clock) as journal:
        left = journal.left
        reply = get(a_client(script, clock, journal=journal))

    assert (left, reply.is_replayed, json.loads(reply.data), script.requests) == (2, True, PAGE, [])


def test_replay__of_a_refusal_is_asked_anew(clock: FakeClock, tmp_path: Path) -> None:
    """An error in disguise is recorded before it is read, and worth no replay."""
    disguised = httpx.Response(200, json={"data": {"error": "Unauthorized"}, "success": False, "status": 403})
    with a_journal(tmp_path, clock) as journal, pytest.raises(PrivateError):
        get(a_client(Script(disguised), clock, journal=journal))
    with a_journal(tmp_path, clock) as journal:
        left = journal.left
        client = a_client(Script(good()), clock, journal=journal)
        reply = get(client)

    assert (left, reply.is_replayed, client.meter.replays, client.meter.credits.spent) == (1, False, {}, 1)


@pytest.mark.parametrize(
    "answer", [answer for answer, _ in FINAL if answer.status_code not in (200, 404)], ids=repr
)
def test_journal__keeps_only_answers(answer: httpx.Response, clock: FakeClock, tmp_path: Path) -> None:
    """A limit, a refusal or a 304 that nobody asked for says nothing worth keeping."""
    with a_journal(tmp_path, clock) as journal:
        with pytest.raises(ImgurError):
            get(a_client(Script(answer), clock, journal=journal))
        journal.begin(confirmed=None)

        assert journal.left == 0


def test_replay__belongs_to_who_asked(clock: FakeClock, tmp_path: Path) -> None:
    """Neither another login or server nor the client id is given what a login was told."""
    with a_journal(tmp_path, clock) as journal:
        get(
            a_client(Script(good()), clock, login=a_login(tmp_path, clock), journal=journal, scope="a"),
            as_me=True,
        )
    with a_journal(tmp_path, clock) as journal:
        other, same = (
            a_client(Script(good()), clock, login=a_login(tmp_path, clock), journal=journal, scope=scope)
            for scope in "ba"
        )
        replays = [get(other, as_me=True), get(same), get(same, as_me=True)]

    assert [reply.is_replayed for reply in replays] == [False, False, True]


def test_replays_only__asks_nothing(clock: FakeClock, tmp_path: Path) -> None:
    """While only replays are wanted, the first request without one ends the reading; then it is sent."""
    with a_journal(tmp_path, clock) as journal:
        get(a_client(Script(good()), clock, journal=journal))
    script = Script(good())
    with a_journal(tmp_path, clock) as journal:
        client = a_client(script, clock, journal=journal)
        client.replays_only = True
        first = get(client)
        with pytest.raises(ReplayEndedError, match="account_albums"):
            get(client)
        sent, client.replays_only = len(script.requests), False
        second = get(client)

    assert (first.is_replayed, sent, second.is_replayed, len(script.requests)) == (True, 0, False, 1)


def of_world(world: Simulator, clock: FakeClock, folder: Path, **given: Any) -> ImgurClient:
    """A client of the simulated Imgur, with its owner's login."""
    login = BearerAuth(
        TokenVault(folder / "state", world.client_id, clock=clock),
        client_id=world.client_id,
        client_secret=world.client_secret,
        configured=Tokens(
            access_token=given.pop("access_token", world.access_token),
            refresh_token=world.refresh_token,
            descends_from="origin",
        ),
        token_url=f"{IMGUR_URL}/oauth2/token",
        clock=clock,
    )
    return a_client(world, clock, public=ClientIdAuth(world.client_id), login=login, **given)


OWN_IMAGES = "/3/account/me/images/0"


def test_unchanged__hands_back_the_body_that_is_kept(clock: FakeClock, tmp_path: Path) -> None:
    """A 304 is the last reply again, come just now and paid for; when something changed, it comes whole."""
    world = Simulator(images=20, posts=240, comments=100)
    with a_journal(tmp_path, clock) as journal:
        client = of_world(world, clock, tmp_path, journal=journal)
        first = client.get("account_images", OWN_IMAGES, as_me=True)
        clock.advance(timedelta(minutes=5))
        second = client.get("account_images", OWN_IMAGES, as_me=True)
        world.advance(timedelta(days=3))
        third = client.get("account_images", OWN_IMAGES, as_me=True)

    assert "deletehash" in json.loads(first.data)[0]
    assert json.loads(second.data) == scrubbed(json.loads(first.data))
    assert second.received_at == NIGHT + timedelta(minutes=5)
    assert (first.is_unchanged, second.is_unchanged, third.is_unchanged) == (False, True, False)
    assert third.data != first.data
    assert [(seen.status, seen.cost) for seen in world.requests] == [(200, 1), (304, 1), (200, 1)]
    assert client.meter.credits.spent == 3
    assert client.meter.unchanged == {"account_images": 1}


def test_unchanged__is_replayed_as_such(clock: FakeClock, tmp_path: Path) -> None:
    """A lost 304 comes back with its body and its own time, still unchanged."""
    script = Script(good(ETag='"1"'), httpx.Response(304))
    with a_journal(tmp_path, clock) as journal:
        client = a_client(script, clock, journal=journal)
        get(client)
        clock.advance(timedelta(minutes=5))
        get(client)
    with a_journal(tmp_path, clock) as journal:
        client = a_client(Script(good()), clock, journal=journal)
        replies = [get(client), get(client)]

    data = json.dumps(PAGE, separators=(",", ":")).encode()
    later = NIGHT + timedelta(minutes=5)
    assert replies == [
        Reply("account_albums", data, NIGHT, is_replayed=True),
        Reply("account_albums", data, later, is_unchanged=True, is_replayed=True),
    ]


def test_unchanged__is_asked_for_only_while_the_body_is_there(clock: FakeClock, tmp_path: Path) -> None:
    """If-None-Match is sent for the same request by the same asker, and not once the body was dropped."""
    script = Script(good(ETag='"1"'))
    with a_journal(tmp_path, clock) as journal:
        client = a_client(script, clock, login=a_login(tmp_path, clock), journal=journal)
        get(client)
        get(client)
        get(client, page="1")
        get(client, as_me=True)
        journal.forget_bodies(["/3/account/"])
        get(client)
    a_client(script, clock).get("account_albums", PATH)

    assert [request.headers.get("if-none-match") for request in script.requests] == [
        None, '"1"', None, None, None, None,
    ]  # fmt: skip


OF_NO_HEADER = httpx.Response(
    200, json={"data": PAGE, "success": True, "status": 200}, headers=[(b"ETag", b"\xc3\xa9")]
)


@pytest.mark.parametrize("answer", [good(), OF_NO_HEADER, failed(404, ETag='"1"')], ids=repr)
def test_unchanged__nothing_is_kept_of_what_has_no_usable_tag(
    answer: httpx.Response, clock: FakeClock, tmp_path: Path
) -> None:
    """A reply without an ETag, with one that no header can carry, or an error leaves no body."""
    script = Script(answer, good())
    with a_journal(tmp_path, clock) as journal:
        client = a_client(script, clock, journal=journal)
        with suppress(NotFoundError):
            get(client)
        get(client)

    assert [request.headers.get("if-none-match") for request in script.requests] == [None, None]


def test_journal__holds_no_secret(clock: FakeClock, tmp_path: Path) -> None:
    """No token, id of the application or deletehash is in the file, though each was on the wire."""
    world = Simulator(images=20, posts=240, comments=100)
    with a_journal(tmp_path, clock) as journal:
        secrets = {world.client_id, world.client_secret, world.refresh_token, world.access_token}
        client = of_world(world, clock, tmp_path, journal=journal, access_token=None)
        reply = client.get("account_images", OWN_IMAGES, as_me=True)
        secrets |= {world.refresh_token, world.access_token}
        secrets |= {image["deletehash"] for image in json.loads(reply.data)}
        with sqlite3.connect(journal.path) as db:
            packed = db.execute("select body from replies union all select body from bodies").fetchall()
        db.close()
        on_disk = b"".join(path.read_bytes() for path in tmp_path.glob("journal.sqlite*"))
    on_disk += b"".join(zlib.decompress(body) for (body,) in packed)

    assert client.meter.requests == {"oauth2_token": 1, "account_images": 1}
    assert (len(packed), len(secrets) > 20, b"/3/account/me/images/0" in on_disk) == (2, True, True)
    assert [secret for secret in secrets if secret.encode() in on_disk] == []
