"""Who asks: headers, refreshes, and what is never lost, sent twice or shown."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from imgur_source.api.auth import (
    BearerAuth,
    ClientIdAuth,
    RapidApiAuth,
    authenticators,
    configured_tokens,
    token_url_of,
)
from imgur_source.api.oauth import REFRESH_MARGIN
from imgur_source.api.token_store import Tokens, TokenVault, fingerprint
from imgur_source.errors import (
    ConfigurationError,
    ImgurError,
    LoginExpiredError,
    TransientError,
    UnknownLimitError,
)
from imgur_source.settings import IMGUR_URL, RAPIDAPI_URL, ImgurCredentials, Settings
from imgur_source.simulator import Fault, Simulator

NOW = datetime(2026, 11, 9, 3, 0, tzinfo=UTC)
CLIENT_ID, CLIENT_SECRET = "client-0a1b", "client-secret-77"
DATA_URL = f"{IMGUR_URL}/3/account/me/images/0"
TOKEN_URL = f"{IMGUR_URL}/oauth2/token"
DEAD = {"data": {"error": "The access token provided is invalid."}, "success": False, "status": 403}


class StillClock:
    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> datetime:
        return self.time

    def sleep(self, duration: timedelta) -> None:
        raise AssertionError("nothing here sleeps")


@dataclass
class Imgur:
    """As much of Imgur as a token needs: one live access token, one live refresh token, both rotate."""

    access_token: str = "access-1"
    refresh_token: str = "refresh-1"
    expires_in: object = 2_419_200
    rotates: bool = True
    dead_status: int = 403
    refusal: Callable[[httpx.Request], httpx.Response] | None = None
    log: list[str] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)
    refreshes: int = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.url.path == "/oauth2/token":
            self.log.append("refresh")
            return self.refusal(request) if self.refusal else self._refresh(request)
        self.log.append(request.headers["Authorization"].removeprefix("Bearer "))
        if request.headers["Authorization"] != f"Bearer {self.access_token}":
            return httpx.Response(self.dead_status, json=DEAD)
        return httpx.Response(200, json={"data": [], "success": True, "status": 200})

    def _refresh(self, request: httpx.Request) -> httpx.Response:
        if form_of(request) != {
            "grant_type": "refresh_token",
            "refresh_token": self.refresh_token,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
        }:
            words = "Refresh token doesn't exist or is invalid for the client"
            return httpx.Response(400, json={"data": {"error": words}, "success": False, "status": 400})
        self.refreshes += 1
        self.access_token = f"access-{self.refreshes + 1}"
        if self.rotates:
            self.refresh_token = f"refresh-{self.refreshes + 1}"
        return httpx.Response(200, json=self.token_reply())

    def token_reply(self) -> dict[str, Any]:
        return {
            "access_token": self.access_token,
            "expires_in": self.expires_in,
            "token_type": "bearer",
            "scope": None,
            "refresh_token": self.refresh_token,
            "account_id": 48215,
            "account_username": "marmalade_fox",
        }


def form_of(request: httpx.Request) -> dict[str, str]:
    return dict(parse_qsl(request.content.decode()))


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def vault(tmp_path: Path, clock: StillClock) -> TokenVault:
    return TokenVault(tmp_path / "state", CLIENT_ID, clock=clock, patience=timedelta(seconds=20))


@pytest.fixture
def imgur() -> Imgur:
    return Imgur()


def some_tokens(
    access_token: str | None = "access-1",
    refresh_token: str | None = "refresh-1",
    *,
    expires_at: datetime | None = None,
) -> Tokens:
    return Tokens(
        access_token=access_token, refresh_token=refresh_token, expires_at=expires_at, descends_from="origin"
    )


def an_auth(
    vault: TokenVault,
    clock: StillClock,
    *,
    configured: Tokens | None = None,
    client_secret: str | None = CLIENT_SECRET,
) -> BearerAuth:
    return BearerAuth(
        vault,
        client_id=CLIENT_ID,
        client_secret=client_secret,
        configured=configured,
        token_url=TOKEN_URL,
        clock=clock,
    )


def get(
    auth: httpx.Auth, handler: Callable[[httpx.Request], httpx.Response], url: str = DATA_URL
) -> httpx.Response:
    with httpx.Client(transport=httpx.MockTransport(handler)) as http:
        return http.get(url, auth=auth, extensions={"imgur_endpoint": "account_images"})


def vault_is_free(vault: TokenVault) -> bool:
    """Whether nobody holds the lock."""
    impatient = TokenVault(vault.path.parent, CLIENT_ID, clock=StillClock(), patience=timedelta(0))
    try:
        with impatient.lock():
            return True
    except TransientError:
        return False


def test_client_id__is_sent_as_such(imgur: Imgur) -> None:
    """A public request names the application and nobody else."""
    get(ClientIdAuth(CLIENT_ID), imgur)
    assert imgur.requests[0].headers["Authorization"] == f"Client-ID {CLIENT_ID}"


def test_bearer__sends_a_live_token_as_it_is(vault: TokenVault, clock: StillClock, imgur: Imgur) -> None:
    """A token that works is sent once, and the vault is not touched."""
    configured = some_tokens(expires_at=NOW + timedelta(days=1))
    assert get(an_auth(vault, clock, configured=configured), imgur).status_code == 200
    assert imgur.log == ["access-1"]
    assert vault.load() is None


@pytest.mark.parametrize("dead_status", [401, 403])
def test_bearer__refreshes_a_dead_token_and_sends_once_more(
    vault: TokenVault, clock: StillClock, dead_status: int
) -> None:
    """Both ways in which Imgur has said that a token is dead lead to one refresh and one second sending."""
    imgur = Imgur(access_token="access-9", dead_status=dead_status)
    assert get(an_auth(vault, clock, configured=some_tokens()), imgur).status_code == 200
    assert imgur.log == ["access-1", "refresh", "access-2"]
    assert vault.load() == Tokens(
        access_token="access-2",
        refresh_token="refresh-2",
        expires_at=NOW + timedelta(days=28),
        username="marmalade_fox",
        account_id=48215,
        descends_from="origin",
    )


def test_bearer__uses_the_new_token_from_then_on(vault: TokenVault, clock: StillClock) -> None:
    """One refresh serves all requests that follow."""
    imgur = Imgur(access_token="access-9")
    auth = an_auth(vault, clock, configured=some_tokens())
    for _ in range(3):
        get(auth, imgur)
    assert imgur.log == ["access-1", "refresh", "access-2", "access-2", "access-2"]


@pytest.mark.parametrize(
    ("before_expiry", "log"),
    [
        (REFRESH_MARGIN + timedelta(seconds=1), ["access-1"]),
        (REFRESH_MARGIN, ["refresh", "access-2"]),
        (timedelta(0), ["refresh", "access-2"]),
        (timedelta(days=-40), ["refresh", "access-2"]),
    ],
)
def test_bearer__refreshes_within_the_margin_before_sending(
    vault: TokenVault, clock: StillClock, imgur: Imgur, before_expiry: timedelta, log: list[str]
) -> None:
    """A token that is about to end is replaced before a credit is spent on it."""
    get(an_auth(vault, clock, configured=some_tokens(expires_at=NOW + before_expiry)), imgur)
    assert imgur.log == log


def test_bearer__starts_from_a_refresh_token_alone(
    vault: TokenVault, clock: StillClock, imgur: Imgur
) -> None:
    """Without an access token the first request is the refresh."""
    get(an_auth(vault, clock, configured=some_tokens(None)), imgur)
    assert imgur.log == ["refresh", "access-2"]


def test_bearer__never_refreshes_a_brand_new_token(
    vault: TokenVault, clock: StillClock, imgur: Imgur
) -> None:
    """A token that was made a moment ago and is refused gets no second refresh: the refusal is handed on."""

    def refuses(request: httpx.Request) -> httpx.Response:
        reply = imgur(request)
        return reply if request.method == "POST" else httpx.Response(403, json=DEAD)

    assert get(an_auth(vault, clock, configured=some_tokens(None)), refuses).status_code == 403
    assert imgur.log == ["refresh", "access-2"]
    imgur.log.clear()
    vault.path.unlink()
    again = some_tokens("access-1", "refresh-2")
    assert get(an_auth(vault, clock, configured=again), refuses).status_code == 403
    assert imgur.log == ["access-1", "refresh", "access-3"]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (
            403,
            {"data": {"error": "Imgur is temporarily over capacity. Please try again later."}, "status": 403},
        ),
        (500, {"data": {"error": "An error occurred"}, "success": False, "status": 500}),
        (404, {"data": {"error": "Not Found"}, "success": False, "status": 404}),
    ],
)
def test_bearer__never_sends_anything_else_again(
    vault: TokenVault, clock: StillClock, status: int, body: dict[str, Any]
) -> None:
    """A limit or a failure is handed on after one sending, with no refresh."""
    seen: list[str] = []

    def answers(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.path)
        return httpx.Response(status, json=body)

    assert get(an_auth(vault, clock, configured=some_tokens()), answers).status_code == status
    assert seen == ["/3/account/me/images/0"]


TOO_MANY = {"errors": [{"code": "429", "detail": "Too Many Requests"}]}


@pytest.mark.parametrize("body", [TOO_MANY, DEAD], ids=["a limit's words", "a dead token's words"])
def test_bearer__a_limit_that_may_be_in_disguise_expires_the_token(
    vault: TokenVault, clock: StillClock, body: dict[str, Any]
) -> None:
    """It is handed on after one sending; whoever asks next, in another run too, refreshes first."""
    vault.save(some_tokens())
    seen: list[str] = []

    def answers(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("authorization", request.url.path))
        if request.url.path == "/oauth2/token":
            return httpx.Response(200, json={"access_token": "access-2", "refresh_token": "refresh-2"})
        return httpx.Response(429, json=body)

    assert get(an_auth(vault, clock, configured=some_tokens()), answers).status_code == 429
    assert vault.load() == some_tokens(expires_at=NOW)
    auth = an_auth(vault, clock, configured=some_tokens())
    assert get(auth, answers).status_code == 429

    assert seen == ["Bearer access-1", "/oauth2/token", "Bearer access-2"]
    assert (
        vault.load() == auth.tokens == some_tokens("access-2", "refresh-2")
    )  # a new token gets one more try


def test_bearer__a_limit_does_not_expire_what_another_has_refreshed(
    vault: TokenVault, clock: StillClock
) -> None:
    """A 429 to an older token says nothing of the one that another process has put in its place."""
    fresh = some_tokens("access-2", "refresh-2", expires_at=NOW + timedelta(days=1))
    seen: list[str] = []

    def answers(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["Authorization"])
        with vault.lock():
            vault.save(fresh)
        return httpx.Response(429 if len(seen) == 1 else 200, json=TOO_MANY)

    auth = an_auth(vault, clock, configured=some_tokens())

    assert [get(auth, answers).status_code for _ in range(2)] == [429, 200]
    assert seen == ["Bearer access-1", "Bearer access-2"]
    assert vault.load() == auth.tokens == fresh


def test_bearer__a_limit_puts_nothing_into_the_vault_that_was_not_there(
    vault: TokenVault, clock: StillClock, imgur: Imgur
) -> None:
    """Tokens that Imgur has not confirmed yet take nobody's place; they are refreshed by whoever holds them."""
    other = Tokens("access-7", "refresh-7", descends_from="elsewhere")
    vault.save(other)
    auth = an_auth(vault, clock, configured=some_tokens())

    assert get(auth, lambda request: httpx.Response(429, json=TOO_MANY)).status_code == 429
    assert vault.load() == other
    assert get(auth, imgur).status_code == 200
    assert imgur.log == ["refresh", "access-2"]


def test_bearer__a_limit_is_told_though_the_vault_cannot_be_written(
    vault: TokenVault, clock: StillClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A token that cannot be marked as expired does not hide what Imgur said."""

    def answers(request: httpx.Request) -> httpx.Response:
        vault.path.parent.write_text("a file where the folder should be")
        return httpx.Response(429, json=TOO_MANY)

    assert get(an_auth(vault, clock, configured=some_tokens()), answers).status_code == 429
    assert "not marked as expired" in caplog.text
    assert "access-1" not in caplog.text


def test_bearer__without_a_way_to_refresh_a_limit_is_a_limit(vault: TokenVault, clock: StillClock) -> None:
    """A login that has only an access token takes the 429 for what it says, and is not marked."""
    auth = an_auth(vault, clock, configured=some_tokens(refresh_token=None))

    assert get(auth, lambda request: httpx.Response(429, json=TOO_MANY)).status_code == 429
    assert vault.load() is None


def test_refresh__is_a_request_that_can_be_booked_and_ends(vault: TokenVault, clock: StillClock) -> None:
    """A refresh is a form, sent under its own name and with the timeout of the request it serves."""
    imgur = Imgur(access_token="access-9")
    auth = an_auth(vault, clock, configured=some_tokens())
    with httpx.Client(
        transport=httpx.MockTransport(imgur), timeout=7.0, headers={"User-Agent": "test/1"}
    ) as http:
        http.get(DATA_URL, auth=auth, extensions={"imgur_endpoint": "account_images"})
    refresh = imgur.requests[1]
    assert (refresh.method, str(refresh.url)) == ("POST", TOKEN_URL)
    assert refresh.extensions == {
        "imgur_endpoint": "oauth2_token",
        "timeout": {"connect": 7.0, "read": 7.0, "write": 7.0, "pool": 7.0},
    }
    assert refresh.headers["User-Agent"] == "test/1"
    assert "Authorization" not in refresh.headers
    assert [request.extensions["imgur_endpoint"] for request in imgur.requests] == [
        "account_images",
        "oauth2_token",
        "account_images",
    ]


def test_refresh__ends_even_if_nobody_set_a_timeout(vault: TokenVault, clock: StillClock) -> None:
    """A request without a timeout does not make the refresh wait for ever while it holds the lock."""
    flow = an_auth(vault, clock, configured=some_tokens(None)).sync_auth_flow(httpx.Request("GET", DATA_URL))
    assert next(flow).extensions["timeout"]["read"] == 30.0
    flow.close()


def test_refresh__keeps_rotated_tokens_before_the_data_request(
    vault: TokenVault, clock: StillClock, imgur: Imgur
) -> None:
    """A run that is killed between refresh and data request has lost nothing."""
    flow = an_auth(vault, clock, configured=some_tokens(None)).sync_auth_flow(httpx.Request("GET", DATA_URL))
    data_request = flow.send(imgur(next(flow)))
    held = vault.load()
    flow.close()
    assert data_request.headers["Authorization"] == "Bearer access-2"
    assert held is not None
    assert (held.access_token, held.refresh_token) == ("access-2", "refresh-2")
    assert vault_is_free(vault)


def test_refresh__keeps_the_token_it_replaced(vault: TokenVault, clock: StillClock, imgur: Imgur) -> None:
    """The refresh token that was used stays in the vault beside the new one."""
    vault.save(some_tokens(None))
    get(an_auth(vault, clock), imgur)
    held = json.loads(vault.path.read_text())
    assert (held["refresh_token"], held["previous_refresh_token"]) == ("refresh-2", "refresh-1")


def test_refresh__keeps_a_token_that_did_not_rotate(vault: TokenVault, clock: StillClock) -> None:
    """The same refresh token, or none at all in the reply, leaves the one we have."""
    imgur = Imgur(rotates=False)

    def leaves_out(request: httpx.Request) -> httpx.Response:
        reply = imgur(request)
        if request.method == "GET":
            return reply
        told = {"access_token": imgur.access_token, "expires_in": 3600, "token_type": "bearer"}
        return httpx.Response(200, json=told)

    known = replace(some_tokens(None), username="marmalade_fox", account_id=48215)
    get(an_auth(vault, clock, configured=known), leaves_out)
    assert vault.load() == replace(known, access_token="access-2", expires_at=NOW + timedelta(hours=1))


def test_refresh__short_life_does_not_refresh_each_request(vault: TokenVault, clock: StillClock) -> None:
    """Tokens that live for a minute are replaced when they are dead, not before every request."""
    imgur = Imgur(expires_in=60)
    auth = an_auth(vault, clock, configured=some_tokens(None))
    for _ in range(3):
        get(auth, imgur)
    assert imgur.log == ["refresh", "access-2", "access-2", "access-2"]


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (httpx.Response(400, json={"error": "invalid_grant"}), LoginExpiredError, "invalid_grant"),
        (httpx.Response(429, json={"errors": [{"code": "429"}]}), UnknownLimitError, "429"),
        (httpx.Response(503, text="<html>Guru Meditation</html>"), TransientError, "503"),
        (httpx.Response(200, json={"access": "new-1", "refresh_token": "new-2"}), TransientError, "without"),
    ],
)
def test_refresh__fails_by_what_happens_next(
    vault: TokenVault,
    clock: StillClock,
    imgur: Imgur,
    reply: httpx.Response,
    error: type[ImgurError],
    words: str,
) -> None:
    """A failed refresh says if a person acts, the night ends or it may work later, and loses no token."""
    vault.save(some_tokens(None))
    before = vault.path.read_bytes()
    imgur.refusal = lambda _: reply
    with pytest.raises(error, match=words) as caught:
        get(an_auth(vault, clock), imgur)
    assert caught.type is error
    assert imgur.log == ["refresh"]
    assert vault.path.read_bytes() == before
    assert vault_is_free(vault)
    assert "new-" not in str(caught.value)


@pytest.mark.parametrize("failure", [httpx.ReadTimeout, httpx.ConnectError, KeyboardInterrupt])
def test_refresh__broken_off_releases_the_lock(
    vault: TokenVault, clock: StillClock, imgur: Imgur, failure: type[BaseException]
) -> None:
    """When the connection fails during a refresh, the error passes, the lock is free, the tokens stay."""
    vault.save(some_tokens(None))
    before = vault.path.read_bytes()

    def breaks(request: httpx.Request) -> httpx.Response:
        assert not vault_is_free(vault)
        raise failure("gone")

    imgur.refusal = breaks
    auth = an_auth(vault, clock)
    with pytest.raises(failure) as caught:
        get(auth, imgur)
    assert vault_is_free(vault), (
        caught
    )  # the traceback keeps every frame alive: the release does not wait for it
    assert vault.path.read_bytes() == before
    imgur.refusal = None
    assert get(auth, imgur).status_code == 200


def test_refresh__broken_off_does_not_wait_for_the_garbage_collector(
    vault: TokenVault, clock: StillClock, imgur: Imgur
) -> None:
    """The lock is free after a failed request even while something still refers to its flow."""
    flows: list[Generator[httpx.Request, httpx.Response, None]] = []

    class Remembering(BearerAuth):
        def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
            flows.append(super().auth_flow(request))
            return flows[-1]

    def breaks(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("gone")

    imgur.refusal = breaks
    auth = Remembering(
        vault,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        configured=some_tokens(None),
        token_url=TOKEN_URL,
        clock=clock,
    )
    with pytest.raises(httpx.ReadTimeout):
        get(auth, imgur)
    assert len(flows) == 1
    assert vault_is_free(vault)


def test_refresh__reply_cut_short_is_transient(vault: TokenVault, clock: StillClock, imgur: Imgur) -> None:
    """A connection that ends inside the token reply is worth another attempt, and frees the lock."""

    def pieces() -> Iterator[bytes]:
        yield b'{"access_token": '
        raise httpx.ReadError("gone")

    imgur.refusal = lambda _: httpx.Response(200, content=pieces())
    with pytest.raises(TransientError, match="broke off"):
        get(an_auth(vault, clock, configured=some_tokens(None)), imgur)
    assert vault_is_free(vault)


def test_refresh__abandoned_flow_releases_the_lock(vault: TokenVault, clock: StillClock) -> None:
    """Closing the flow while the refresh is under way frees the lock, from another thread too."""
    flow = an_auth(vault, clock, configured=some_tokens(None)).sync_auth_flow(httpx.Request("GET", DATA_URL))
    next(flow)
    assert not vault_is_free(vault)
    closing = threading.Thread(target=flow.close)
    closing.start()
    closing.join()
    assert vault_is_free(vault)


def test_refresh__is_not_sent_where_its_outcome_cannot_be_kept(
    tmp_path: Path, clock: StillClock, imgur: Imgur
) -> None:
    """Imgur is not asked for tokens that would be lost."""
    (tmp_path / "file").write_text("not a folder")
    vault = TokenVault(tmp_path / "file" / "state", CLIENT_ID, clock=clock)
    with pytest.raises(ConfigurationError, match="cannot be"):
        get(an_auth(vault, clock, configured=some_tokens(None)), imgur)
    assert imgur.log == []


def test_refresh__checks_the_place_before_it_asks(vault: TokenVault, clock: StillClock, imgur: Imgur) -> None:
    """A place that was writable once and is not any more is noticed before the refresh is sent."""

    class Full(TokenVault):
        def check_writable(self) -> None:
            raise ConfigurationError("The disk is full.")

    full = Full(vault.path.parent, CLIENT_ID, clock=clock)
    with pytest.raises(ConfigurationError, match="full"):
        get(an_auth(full, clock, configured=some_tokens(None)), imgur)
    assert imgur.log == []


def test_refresh__without_refresh_token_asks_for_a_login(
    vault: TokenVault, clock: StillClock, imgur: Imgur
) -> None:
    """A dead access token that cannot be renewed ends the run with Imgur's words and the command to run."""
    imgur.access_token = "access-9"
    auth = an_auth(vault, clock, configured=some_tokens(refresh_token=None))
    with pytest.raises(LoginExpiredError, match=r"token provided is invalid.*pipelines/login\.py"):
        get(auth, imgur)
    assert imgur.log == ["access-1"]


def test_refresh__without_refresh_token_tries_an_expired_token(
    vault: TokenVault, clock: StillClock, imgur: Imgur
) -> None:
    """Its expiry is only a hint: a token that cannot be renewed is used until Imgur refuses it."""
    configured = some_tokens(refresh_token=None, expires_at=NOW - timedelta(days=1))
    assert get(an_auth(vault, clock, configured=configured), imgur).status_code == 200


def test_refresh__without_client_secret_says_how_to_set_it(
    vault: TokenVault, clock: StillClock, imgur: Imgur
) -> None:
    """A refresh that Imgur would refuse is not sent."""
    auth = an_auth(vault, clock, configured=some_tokens(None), client_secret=None)
    with pytest.raises(ConfigurationError, match="SOURCES__IMGUR__CREDENTIALS__CLIENT_SECRET"):
        get(auth, imgur)
    assert imgur.log == []


def test_bearer__without_any_token_asks_for_a_login(
    vault: TokenVault, clock: StillClock, imgur: Imgur
) -> None:
    """Nobody is logged in: nothing is sent."""
    with pytest.raises(LoginExpiredError, match="no token"):
        get(an_auth(vault, clock), imgur)
    assert imgur.log == []


def test_sharing__second_process_takes_the_token_the_first_has_made(
    vault: TokenVault, clock: StillClock, imgur: Imgur
) -> None:
    """Of two processes with the same dead token the second finds the newer one and refreshes nothing."""
    imgur.access_token = "access-9"
    first, second = (an_auth(vault, clock, configured=some_tokens()) for _ in range(2))
    assert second.tokens.access_token == "access-1"
    get(first, imgur)
    assert get(second, imgur).status_code == 200
    assert imgur.log == ["access-1", "refresh", "access-2", "access-1", "access-2"]


def test_sharing__expired_token_in_memory_gives_way_to_the_vault(
    vault: TokenVault, clock: StillClock, imgur: Imgur
) -> None:
    """A process whose token has run out uses what another has put into the vault, without a refresh."""
    configured = some_tokens(expires_at=NOW + timedelta(hours=1))
    auth = an_auth(vault, clock, configured=configured)
    get(auth, imgur)
    imgur.access_token = "access-7"
    vault.save(some_tokens("access-7", "refresh-7", expires_at=NOW + timedelta(days=9)))
    clock.time += timedelta(hours=2)
    get(auth, imgur)
    assert imgur.log == ["access-1", "access-7"]


def test_sharing__dead_token_from_the_vault_may_still_be_refreshed(
    vault: TokenVault, clock: StillClock, imgur: Imgur
) -> None:
    """What another process has left may be dead too: then it is refreshed, once, from the vault."""
    auth = an_auth(vault, clock, configured=some_tokens(expires_at=NOW + timedelta(hours=1)))
    get(auth, imgur)
    imgur.access_token, imgur.refresh_token = "access-9", "refresh-7"
    vault.save(some_tokens("access-7", "refresh-7", expires_at=NOW + timedelta(days=9)))
    clock.time += timedelta(hours=2)
    assert get(auth, imgur).status_code == 200
    assert imgur.log == ["access-1", "access-7", "refresh", "access-2"]


def test_sharing__expired_token_in_the_vault_is_not_sent(
    vault: TokenVault, clock: StillClock, imgur: Imgur
) -> None:
    """A token of another process that has run out as well is refreshed before a credit is spent on it."""
    imgur.refresh_token = "refresh-7"
    auth = an_auth(vault, clock, configured=some_tokens(expires_at=NOW))
    assert auth.tokens.access_token == "access-1"
    vault.save(some_tokens("access-7", "refresh-7", expires_at=NOW))
    get(auth, imgur)
    assert imgur.log == ["refresh", "access-2"]


def test_sharing__emptied_vault_does_not_bring_back_an_older_token(
    vault: TokenVault, clock: StillClock, imgur: Imgur
) -> None:
    """When the vault is deleted during a run, the rotated token in memory is used, not the configured one."""
    auth = an_auth(vault, clock, configured=some_tokens(None))
    get(auth, imgur)
    vault.path.unlink()
    imgur.access_token = "access-9"
    assert get(auth, imgur).status_code == 200
    held = vault.load()
    assert held is not None
    assert held.refresh_token == "refresh-3"


def test_sharing__configured_token_that_changed_wins(vault: TokenVault, clock: StillClock) -> None:
    """A new token in the configuration is used, and its descendants replace the vault's."""
    imgur = Imgur(refresh_token="refresh-5")
    vault.save(some_tokens("access-1", "refresh-1"))
    configured = replace(some_tokens(None, "refresh-5"), descends_from=fingerprint("refresh-5"))
    get(an_auth(vault, clock, configured=configured), imgur)
    held = vault.load()
    assert held is not None
    assert (held.refresh_token, held.descends_from) == ("refresh-2", fingerprint("refresh-5"))
    assert get(an_auth(vault, clock, configured=configured), imgur).status_code == 200
    assert imgur.log == ["refresh", "access-2", "access-2"]


def test_sharing__threads_refresh_once(vault: TokenVault, clock: StillClock) -> None:
    """Four threads that meet a dead token together send one refresh, and all get their reply."""
    imgur = Imgur(access_token="access-9")
    auth = an_auth(vault, clock, configured=some_tokens())
    together = threading.Barrier(4, timeout=20)
    guard = threading.Lock()
    statuses: list[int] = []

    def answers(request: httpx.Request) -> httpx.Response:
        if request.headers.get("Authorization") == "Bearer access-1":
            together.wait()
        with guard:
            return imgur(request)

    def ask() -> None:
        statuses.append(get(auth, answers).status_code)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 4
    assert imgur.refreshes == 1
    assert sorted(imgur.log) == sorted(["access-1"] * 4 + ["refresh"] + ["access-2"] * 4)


def test_bearer__is_not_for_an_event_loop(vault: TokenVault, clock: StillClock) -> None:
    """An AsyncClient is refused instead of being blocked by a file lock."""
    with pytest.raises(RuntimeError, match=r"use httpx\.Client"):
        an_auth(vault, clock).async_auth_flow(httpx.Request("GET", DATA_URL))


def test_rapidapi__sends_its_key_beside_the_authorization(imgur: Imgur) -> None:
    """The gateway's three headers go with the request, and so does the signature."""
    get(RapidApiAuth(ClientIdAuth(CLIENT_ID), key="rapid-key", host="imgur-apiv3.p.rapidapi.com"), imgur)
    headers = imgur.requests[0].headers
    assert headers["Authorization"] == f"Client-ID {CLIENT_ID}"
    assert headers["X-Mashape-Key"] == headers["X-RapidAPI-Key"] == "rapid-key"
    assert headers["X-RapidAPI-Host"] == "imgur-apiv3.p.rapidapi.com"


def test_rapidapi__refresh_goes_to_imgur_without_the_key(
    vault: TokenVault, clock: StillClock, imgur: Imgur
) -> None:
    """The gateway serves no tokens: a refresh goes past it and does not carry its key."""
    bearer = an_auth(vault, clock, configured=some_tokens(None))
    auth = RapidApiAuth(bearer, key="rapid-key", host="imgur-apiv3.p.rapidapi.com")
    get(auth, imgur, f"{RAPIDAPI_URL}/3/account/me")
    refresh, data = imgur.requests
    assert (refresh.url.host, data.url.host) == ("api.imgur.com", "imgur-apiv3.p.rapidapi.com")
    assert not [name for name in refresh.headers if "rapidapi" in name or "mashape" in name]
    assert data.headers["X-RapidAPI-Key"] == "rapid-key"
    assert data.headers["Authorization"] == "Bearer access-2"


def test_rapidapi__broken_refresh_releases_the_lock(
    vault: TokenVault, clock: StillClock, imgur: Imgur
) -> None:
    """Wrapped or not, the flow ends with the request it serves."""

    def breaks(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("gone")

    imgur.refusal = breaks
    auth = RapidApiAuth(an_auth(vault, clock, configured=some_tokens(None)), key="rapid-key", host="host")
    with pytest.raises(httpx.ReadTimeout) as caught:
        get(auth, imgur)
    assert vault_is_free(vault), caught


@pytest.mark.parametrize(
    ("base_url", "token_url"),
    [
        (IMGUR_URL, "https://api.imgur.com/oauth2/token"),
        (RAPIDAPI_URL, "https://api.imgur.com/oauth2/token"),
        ("http://127.0.0.1:8765", "http://127.0.0.1:8765/oauth2/token"),
        ("https://rapidapi.com.example.org", "https://rapidapi.com.example.org/oauth2/token"),
    ],
)
def test_token_url__follows_the_server_but_not_the_gateway(base_url: str, token_url: str) -> None:
    """Tokens come from the server that is asked, except behind the commercial gateway."""
    assert token_url_of(base_url) == token_url


def credentials(**values: str) -> ImgurCredentials:
    made = ImgurCredentials()
    for name, value in {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **values}.items():
        setattr(made, name, value)
    return made


def test_authenticators__without_client_id_says_what_to_do(tmp_path: Path, clock: StillClock) -> None:
    """Nothing works without a client id: the message names the variable, the file and the way without one."""
    for client_id in ("", "  "):
        with pytest.raises(ConfigurationError) as caught:
            authenticators(
                credentials(client_id=client_id), settings=Settings.of(state_dir=tmp_path), clock=clock
            )
        for words in (
            "SOURCES__IMGUR__CREDENTIALS__CLIENT_ID",
            ".dlt/secrets.toml",
            "pipelines/sync.py --demo",
        ):
            assert words in str(caught.value)


def test_authenticators__without_tokens_have_no_login(
    tmp_path: Path, clock: StillClock, imgur: Imgur
) -> None:
    """A client id alone is enough for what is public."""
    made = authenticators(
        credentials(client_id=f" {CLIENT_ID}\n"), settings=Settings.of(state_dir=tmp_path), clock=clock
    )
    assert made.login is None
    get(made.public, imgur)
    assert imgur.requests[0].headers["Authorization"] == f"Client-ID {CLIENT_ID}"


def test_authenticators__log_in_with_configured_tokens(
    tmp_path: Path, clock: StillClock, imgur: Imgur
) -> None:
    """Configured tokens are a login, an access token alone too, and their descendants know their origin."""
    only_access = authenticators(
        credentials(access_token="access-1\n"), settings=Settings.of(state_dir=tmp_path), clock=clock
    )
    assert only_access.login is not None
    assert get(only_access.login, imgur).status_code == 200
    made = authenticators(
        credentials(refresh_token="refresh-1"), settings=Settings.of(state_dir=tmp_path), clock=clock
    )
    assert made.login is not None
    assert get(made.login, imgur).status_code == 200
    held = TokenVault(tmp_path, CLIENT_ID, clock=clock).load()
    assert held is not None
    assert held.descends_from == fingerprint("refresh-1")


def test_authenticators__log_in_with_the_vault(tmp_path: Path, clock: StillClock, imgur: Imgur) -> None:
    """Tokens in the vault are a login without any in the configuration."""
    TokenVault(tmp_path, CLIENT_ID, clock=clock).save(some_tokens())
    made = authenticators(credentials(), settings=Settings.of(state_dir=tmp_path), clock=clock)
    assert made.login is not None
    assert get(made.login, imgur).status_code == 200


def test_authenticators__send_the_gateway_key_with_both(
    tmp_path: Path, clock: StillClock, imgur: Imgur
) -> None:
    """With a RapidAPI key both kinds of request carry it, and the host they go to."""
    settings = Settings.of(state_dir=tmp_path, base_url=RAPIDAPI_URL)
    made = authenticators(
        credentials(rapidapi_key="rapid-key", access_token="access-1"), settings=settings, clock=clock
    )
    assert made.login is not None
    for auth in (made.public, made.login):
        get(auth, imgur, f"{RAPIDAPI_URL}/3/credits")
    assert [request.headers["X-RapidAPI-Host"] for request in imgur.requests] == [
        "imgur-apiv3.p.rapidapi.com"
    ] * 2
    assert [request.headers["Authorization"] for request in imgur.requests] == [
        f"Client-ID {CLIENT_ID}",
        "Bearer access-1",
    ]


@pytest.mark.parametrize(
    "name", ["client_id", "client_secret", "refresh_token", "access_token", "rapidapi_key"]
)
@pytest.mark.parametrize("value", ["two words-77", "two\nlines-77", "schlüssel-77"])
def test_authenticators__refuse_what_no_header_can_carry(
    tmp_path: Path, clock: StillClock, name: str, value: str
) -> None:
    """A credential that an HTTP library would quote in its own error is refused first, by its name only."""
    given = {"refresh_token": "refresh-1", name: value}
    with pytest.raises(ConfigurationError, match=name) as caught:
        authenticators(credentials(**given), settings=Settings.of(state_dir=tmp_path), clock=clock)
    assert "77" not in str(caught.value)


def test_configured_tokens__are_known_by_the_refresh_token() -> None:
    """The refresh token is what a person changes; the access token counts where there is no other."""
    both = configured_tokens(credentials(refresh_token="refresh-1", access_token="access-1"))
    alone = configured_tokens(credentials(access_token="access-1"))
    assert both == Tokens("access-1", "refresh-1", descends_from=fingerprint("refresh-1"))
    assert alone == Tokens("access-1", None, descends_from=fingerprint("access-1"))
    assert configured_tokens(credentials()) is None


class SimulatedClock:
    """The simulator's time."""

    def __init__(self, simulator: Simulator) -> None:
        self.now = simulator.now

    def sleep(self, duration: timedelta) -> None:
        raise AssertionError("nothing here sleeps")


def paths_of(simulator: Simulator) -> list[str]:
    return [f"{seen.method} {seen.path}" for seen in simulator.requests]


def simulated_login(simulator: Simulator, state_dir: Path) -> httpx.Auth:
    configured = credentials(
        client_id=simulator.client_id,
        client_secret=simulator.client_secret,
        refresh_token=simulator.refresh_token,
    )
    made = authenticators(
        configured, settings=Settings.of(state_dir=state_dir), clock=SimulatedClock(simulator)
    )
    assert made.login is not None
    return made.login


def test_simulator__a_login_lives_on_through_rotations(tmp_path: Path) -> None:
    """Tokens of one hour that rotate take five refreshes in five hours, and cost no credit more."""
    simulator = Simulator(images=20, token_life=3600, refresh_ends_old_tokens=True)
    auth = simulated_login(simulator, tmp_path)
    for _ in range(5):
        assert get(auth, simulator).status_code == 200
        assert get(auth, simulator).status_code == 200
        simulator.advance(timedelta(hours=1))
    data = "GET /3/account/me/images/0"
    assert paths_of(simulator) == ["POST /oauth2/token", data, data] * 5
    assert simulator.credits_spent == 10
    held = TokenVault(tmp_path, simulator.client_id, clock=SimulatedClock(simulator)).load()
    assert held is not None
    assert (held.refresh_token, held.username) == (simulator.refresh_token, simulator.username)


def test_simulator__next_night_goes_on_from_the_vault(tmp_path: Path) -> None:
    """A new process with the configured token of old finds the rotated ones in the vault."""
    simulator = Simulator(images=20, token_life=3600)
    configured = credentials(
        client_id=simulator.client_id,
        client_secret=simulator.client_secret,
        refresh_token=simulator.refresh_token,
    )
    for _ in range(3):
        made = authenticators(
            configured, settings=Settings.of(state_dir=tmp_path), clock=SimulatedClock(simulator)
        )
        assert made.login is not None
        assert get(made.login, simulator).status_code == 200
        simulator.advance(timedelta(days=1))
    assert paths_of(simulator).count("POST /oauth2/token") == 3


def test_simulator__login_that_was_revoked_ends_in_one_refresh(tmp_path: Path) -> None:
    """Somebody logged in anew elsewhere: the run stops with the command to run, and asks nothing more."""
    simulator = Simulator(images=20)
    auth = simulated_login(simulator, tmp_path)
    get(auth, simulator)
    simulator.tokens.revoke(now=int(simulator.now().timestamp()))
    with pytest.raises(LoginExpiredError, match=r"doesn't exist.*pipelines/login\.py"):
        get(auth, simulator)
    assert paths_of(simulator)[2:] == ["GET /3/account/me/images/0", "POST /oauth2/token"]


def test_simulator__limit_in_place_of_a_dead_token_is_sent_once(tmp_path: Path) -> None:
    """A dead token that is refused like a limit is not sent again: the next request has another one."""
    simulator = Simulator(images=20, expired_token_status=429)
    auth = simulated_login(simulator, tmp_path)
    get(auth, simulator)
    simulator.tokens.expire()
    assert get(auth, simulator).status_code == 429
    assert paths_of(simulator)[2:] == ["GET /3/account/me/images/0"]
    assert get(auth, simulator).status_code == 200


def test_simulator__refresh_that_breaks_off_works_the_next_time(tmp_path: Path) -> None:
    """A refresh that meets a web page is transient: nothing is lost, and the next request refreshes."""
    simulator = Simulator(images=20)
    simulator.faults.add(Fault("html_503", path="/oauth2/token"))
    auth = simulated_login(simulator, tmp_path)
    with pytest.raises(TransientError, match="503"):
        get(auth, simulator)
    assert get(auth, simulator).status_code == 200


def words_of(error: BaseException | None) -> list[str]:
    """What an error and those it came from have to say."""
    words: list[str] = []
    while error is not None:
        words += [str(error), repr(error), repr(error.args), repr(vars(error))]
        error = error.__cause__ or error.__context__
    return words


def test_secrets__appear_in_no_log_message_or_repr(
    vault: TokenVault, clock: StillClock, imgur: Imgur, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """Through a refresh, a refusal that repeats the tokens and a cut reply, no secret is written anywhere."""
    caplog.set_level(logging.DEBUG)
    auth = an_auth(vault, clock, configured=some_tokens(None))
    get(auth, imgur)
    shown = [repr(auth), repr(RapidApiAuth(auth, key="rapid-key", host="host")), repr(auth.tokens)]
    shown.append(
        repr(
            authenticators(
                credentials(access_token="access-1"), settings=Settings.of(state_dir=tmp_path), clock=clock
            )
        )
    )
    imgur.access_token = "access-9"
    for status in (200, 400, 403, 500):
        told = f"refresh-2 of {CLIENT_SECRET} after access-2 is no good"
        imgur.refusal = lambda _, status=status, told=told: httpx.Response(
            status, json={"data": {"error": told}}
        )
        with pytest.raises(ImgurError) as caught:
            get(auth, imgur)
        shown += words_of(caught.value)
        assert "is no good" in str(caught.value)

    def repeats(request: httpx.Request) -> httpx.Response:
        words = {"error": f"The access token provided is invalid. ({request.headers['Authorization']})"}
        return httpx.Response(403, json={"data": words})

    with pytest.raises(LoginExpiredError) as dead:
        get(an_auth(vault, clock, configured=Tokens("access-5", descends_from="other")), repeats)
    shown += words_of(dead.value)
    assert "access token refreshed" in caplog.text
    everything = "\n".join([*shown, caplog.text])
    for secret in ("access-2", "access-5", "refresh-1", "refresh-2", CLIENT_SECRET, CLIENT_ID, "rapid-key"):
        assert secret not in everything
