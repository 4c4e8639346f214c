"""The one module that speaks HTTP: what is sent, how often, where to, and what is never shown."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Generator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from imgur_source.api.auth import BearerAuth, ClientIdAuth, RapidApiAuth
from imgur_source.api.client import MOST_REDIRECTS, ImgurClient
from imgur_source.api.journal import Journal
from imgur_source.api.replies import Reply
from imgur_source.api.token_store import Tokens, TokenVault
from imgur_source.credits.meter import CreditMeter
from imgur_source.errors import (
    ApplicationRefusedError,
    BlockedAddressError,
    ConfigurationError,
    CreditsExhaustedError,
    HourSpentError,
    ImgurError,
    LoginExpiredError,
    NotFoundError,
    OverCapacityError,
    PrivateError,
    RefusedError,
    StoppedError,
    TransientError,
    UnknownLimitError,
    WireShapeError,
)
from imgur_source.settings import IMGUR_URL, RAPIDAPI_URL
from tests.support.fakes import NIGHT, FakeClock
from tests.support.ledgers import shown

CLIENT_ID = "cid-5f0e2a"
CLIENT_SECRET = "csec-91b7c3"
REFRESH_TOKEN = "rtok-d44e08"
ACCESS_TOKEN = "atok-77a1f9"
RAPIDAPI_KEY = "rkey-2c6b55"
SECRETS = (CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, ACCESS_TOKEN, RAPIDAPI_KEY)

PATH = "/3/account/marmalade_fox/albums/0"
PAGE: list[dict[str, Any]] = [{"id": "Alb00", "title": "round things"}]
RATE_HEADERS = {
    "X-RateLimit-UserLimit": "500",
    "X-RateLimit-UserRemaining": "431",
    "X-RateLimit-UserReset": "3600",
    "X-RateLimit-ClientLimit": "12500",
    "X-RateLimit-ClientRemaining": "11876",
}

Answer = httpx.Response | Exception


def good(data: Any = PAGE, **headers: str) -> httpx.Response:
    return httpx.Response(
        200,
        json={"data": data, "success": True, "status": 200},
        headers={**RATE_HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}},
    )


def failed(status: int, words: object = "No such luck", **headers: str) -> httpx.Response:
    return httpx.Response(
        status,
        json={"data": {"error": words}, "success": False, "status": status},
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


def redirect(status: int, to: str) -> httpx.Response:
    return httpx.Response(status, headers={"Location": to})


class Script:
    """An Imgur that gives one answer after the other, and the last one for ever.

    Attributes:
        requests: everything that was sent.
    """

    def __init__(self, *answers: Answer | Callable[[httpx.Request], httpx.Response]) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
        return answer(request)

    @property
    def urls(self) -> list[str]:
        return [str(request.url) for request in self.requests]


def a_client(
    script: Script | Callable[[httpx.Request], httpx.Response],
    clock: FakeClock,
    *,
    base_url: str = IMGUR_URL,
    oauth_url: str | None = None,
    public: httpx.Auth | None = None,
    login: httpx.Auth | None = None,
    max_credits: int | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    timeout: timedelta = timedelta(seconds=30),
    journal: Journal | None = None,
    scope: str = "",
) -> ImgurClient:
    return ImgurClient(
        base_url=base_url,
        oauth_url=oauth_url,
        public=public or ClientIdAuth(CLIENT_ID),
        login=login,
        meter=CreditMeter(clock=clock, max_credits=max_credits),
        clock=clock,
        timeout=timeout,
        user_agent="imgur_source/test",
        should_stop=should_stop,
        transport=httpx.MockTransport(script),
        journal=journal,
        scope=scope,
    )


def get(client: ImgurClient, *, as_me: bool = False, **params: str) -> Reply:
    return client.get("account_albums", PATH, params=params, as_me=as_me)


def a_login(
    folder: Path, clock: FakeClock, *, access_token: str | None = ACCESS_TOKEN, base_url: str = IMGUR_URL
) -> BearerAuth:
    return BearerAuth(
        TokenVault(folder / "state", CLIENT_ID, clock=clock),
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        configured=Tokens(access_token=access_token, refresh_token=REFRESH_TOKEN, descends_from="origin"),
        token_url=f"{base_url}/oauth2/token",
        clock=clock,
    )


def token_reply(access_token: str = ACCESS_TOKEN) -> httpx.Response:
    return httpx.Response(
        200,
        json={
            "access_token": access_token,
            "expires_in": 2_419_200,
            "token_type": "bearer",
            "scope": None,
            "refresh_token": REFRESH_TOKEN,
            "account_id": 48_215,
            "account_username": "marmalade_fox",
        },
    )


def test_get__asks_and_reads(clock: FakeClock) -> None:
    """A request says who asks and for what; its reply comes as a value, at the time it was received."""
    script = Script(good())
    client = a_client(script, clock)

    reply = get(client, sort="newest", perPage="100")

    assert reply == Reply("account_albums", json.dumps(PAGE, separators=(",", ":")).encode(), NIGHT)
    [request] = script.requests
    assert (request.method, str(request.url)) == ("GET", f"{IMGUR_URL}{PATH}?sort=newest&perPage=100")
    assert request.headers["authorization"] == f"Client-ID {CLIENT_ID}"
    assert request.headers["user-agent"] == "imgur_source/test"
    assert request.headers["accept"] == "application/json"
    assert clock.sleeps == []


def test_get__does_not_look_like_a_browser(clock: FakeClock) -> None:
    """No Origin, Referer or remembered cookie is sent: with some of them Imgur answers "over capacity"."""
    script = Script(good(Set_Cookie="session=1; Path=/"))
    client = a_client(script, clock)
    get(client)
    get(client)

    sent = {name for request in script.requests for name in request.headers}
    assert sent == {"host", "accept", "accept-encoding", "connection", "user-agent", "authorization"}


def test_get__asks_with_the_login_only_when_told(clock: FakeClock, tmp_path: Path) -> None:
    """The login signs what is asked as the account, the client id everything else."""
    script = Script(good())
    client = a_client(script, clock, login=a_login(tmp_path, clock))
    get(client, as_me=True)
    get(client)

    assert [request.headers["authorization"] for request in script.requests] == [
        f"Bearer {ACCESS_TOKEN}",
        f"Client-ID {CLIENT_ID}",
    ]


def test_get__as_me_without_a_login_is_not_sent(clock: FakeClock) -> None:
    """What needs a login is refused without one, at no credit, with the command that helps."""
    script = Script(good())
    client = a_client(script, clock)

    with pytest.raises(ConfigurationError, match=r"Run: python pipelines/login\.py"):
        get(client, as_me=True)

    assert (script.requests, client.meter.credits.spent) == ([], 0)


def test_get__books_the_windows_of_the_reply(clock: FakeClock) -> None:
    """After a reply the meter knows what Imgur said of the credits."""
    client = a_client(Script(good()), clock)
    get(client)

    credits = client.meter.credits
    assert shown(credits.user) == (500, 431, NIGHT + timedelta(hours=1))
    assert (shown(credits.client), credits.spent) == ((12_500, 11_876, None), 1)


def test_get__believes_the_windows_of_an_error_too(clock: FakeClock) -> None:
    """A 429 tells which window is empty, and the next request is not sent at all."""
    script = Script(failed(429, "Too Many Requests", **{**RATE_HEADERS, "X-RateLimit-UserRemaining": "0"}))
    client = a_client(script, clock)

    with pytest.raises(CreditsExhaustedError, match="Imgur says the hour is used up"):
        get(client)
    with pytest.raises(CreditsExhaustedError, match="Imgur says the hour is used up"):
        get(client)

    assert len(script.requests) == 1


TRANSIENT: list[Answer] = [
    failed(500),
    httpx.Response(502, content=b"timed out"),
    httpx.Response(503, html="<html>503 client read error</html>"),
    httpx.Response(200, content=b""),
    httpx.Response(200, content=b'{"data": [{"id": "Al'),
    httpx.Response(200, html="<html></html>"),
    httpx.ConnectTimeout("slow"),
    httpx.ReadTimeout("slow"),
    httpx.WriteTimeout("slow"),
    httpx.PoolTimeout("slow"),
    httpx.ConnectError("refused"),
    httpx.ReadError("reset"),
    httpx.WriteError("reset"),
    httpx.RemoteProtocolError("Server disconnected without sending a response."),
]


@pytest.mark.parametrize("trouble", TRANSIENT, ids=repr)
def test_get__tries_again_what_may_pass(trouble: Answer, clock: FakeClock) -> None:
    """A broken reply, a broken connection and a silent Imgur are asked again; each attempt costs a credit."""
    script = Script(trouble, trouble, trouble, good())
    client = a_client(script, clock)

    assert json.loads(get(client).data) == PAGE
    assert script.urls == [f"{IMGUR_URL}{PATH}"] * 4
    assert client.meter.requests == client.meter.charges == {"account_albums": 4}
    assert client.meter.credits.spent == 4


@pytest.mark.parametrize("trouble", TRANSIENT, ids=repr)
def test_get__gives_up_after_three_retries(trouble: Answer, clock: FakeClock) -> None:
    """Four attempts are the end; the error counts them and names the kind of request only."""
    script = Script(trouble)
    client = a_client(script, clock)

    with pytest.raises(TransientError) as caught:
        get(client)

    assert (caught.value.endpoint, caught.value.attempts) == ("account_albums", 4)
    assert "(4 attempts)" in str(caught.value)
    assert "marmalade_fox" not in str(caught.value)
    assert len(script.requests) == client.meter.credits.spent == 4
    assert len(clock.sleeps) == 3


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (httpx.ReadTimeout("slow"), "no answer in time"),
        (httpx.ConnectError("[Errno -2] api"), "the connection failed (ConnectError)"),
        (failed(500, "Could not complete request"), "status 500, Could not complete request"),
    ],
    ids=repr,
)
def test_get__says_what_went_wrong(trouble: Answer, reason: str, clock: FakeClock) -> None:
    """The reason tells silence from a broken connection and from an error of Imgur's."""
    with pytest.raises(TransientError) as caught:
        get(a_client(Script(trouble), clock))

    assert caught.value.reason == reason


def test_get__waits_longer_each_time(clock: FakeClock) -> None:
    """The waits are 1, 2 and 4 seconds and up to a second of jitter each, on the clock handed in."""
    for _ in range(20):
        with pytest.raises(TransientError):
            get(a_client(Script(failed(500)), clock))

    seconds = [wait.total_seconds() for wait in clock.sleeps]
    assert len(seconds) == 60
    for place, least in enumerate((1, 2, 4)):
        waits = seconds[place::3]
        assert least <= min(waits) <= max(waits) <= least + 1
        assert len(set(waits)) > 1


FINAL: list[tuple[httpx.Response, type[ImgurError]]] = [
    (failed(429, "Too Many Requests"), UnknownLimitError),
    (httpx.Response(429, json={"errors": [{"code": "429", "detail": "Too Many"}]}), UnknownLimitError),
    (httpx.Response(429, html="<html></html>", headers={"Retry-After": "0"}), UnknownLimitError),
    (failed(403, "Imgur is temporarily over capacity. Please try again later."), OverCapacityError),
    (failed(500, "Imgur is temporarily over capacity. Please try again later."), OverCapacityError),
    (httpx.Response(503, html="<title>Imgur is over capacity!</title>"), OverCapacityError),
    (failed(404, "Unable to find an album with the id, Alb00"), NotFoundError),
    (httpx.Response(404, html="<html></html>"), NotFoundError),
    (httpx.Response(404), NotFoundError),
    (failed(403, "Unauthorized"), PrivateError),
    (failed(401, "Authentication required"), ApplicationRefusedError),
    (failed(403, "Invalid client_id"), ApplicationRefusedError),
    (failed(400, "These actions are forbidden.", Retry_After="0", CDN_Error="yes"), BlockedAddressError),
    (failed(409, "Not following tag"), RefusedError),
    (httpx.Response(200, json={"data": "An error occurred", "success": True, "status": 200}), RefusedError),
    (httpx.Response(200, json={"data": None, "success": True, "status": 200}), WireShapeError),
    (httpx.Response(304), WireShapeError),
]


@pytest.mark.parametrize(("answer", "expected"), FINAL, ids=repr)
def test_get__never_repeats_what_will_not_pass(
    answer: httpx.Response, expected: type[ImgurError], clock: FakeClock
) -> None:
    """A limit, a refusal and a missing thing are asked for once, whatever Retry-After says."""
    script = Script(answer)
    client = a_client(script, clock)

    with pytest.raises(ImgurError) as caught:
        get(client)

    assert type(caught.value) is expected
    assert (len(script.requests), client.meter.credits.spent, clock.sleeps) == (1, 1, [])


def test_get__a_retry_that_meets_a_limit_ends_there(clock: FakeClock) -> None:
    """When a second attempt is told that credits are gone, there is no third."""
    script = Script(failed(500), failed(429, "Too Many Requests"))

    with pytest.raises(CreditsExhaustedError):
        get(a_client(script, clock))

    assert len(script.requests) == 2


def test_get__retries_keep_to_the_allowance(clock: FakeClock) -> None:
    """A retry is an attempt like any other: without a credit left it is not sent."""
    script = Script(failed(500))
    client = a_client(script, clock, max_credits=2)

    with pytest.raises(CreditsExhaustedError, match="allowance of 2 credits"):
        get(client)

    assert (len(script.requests), client.meter.credits.spent) == (2, 2)


def test_get__without_credits_nothing_is_sent(clock: FakeClock) -> None:
    """At the floor of the day the request is not sent."""
    script = Script(good(**{**RATE_HEADERS, "X-RateLimit-ClientRemaining": "250"}))
    client = a_client(script, clock)
    get(client)

    with pytest.raises(CreditsExhaustedError, match="never touched"):
        get(client)

    assert len(script.requests) == 1


def test_get__backfill_at_its_end_leaves_what_is_new(clock: FakeClock) -> None:
    """What is old stops at twice the day's floor, without a request; what is new is asked for after it."""
    script = Script(
        good(**{**RATE_HEADERS, "X-RateLimit-ClientRemaining": "500"}),
        good(**{**RATE_HEADERS, "X-RateLimit-ClientRemaining": "499"}),
    )
    client = a_client(script, clock)
    get(client)
    client.meter.is_backfill = True
    with pytest.raises(CreditsExhaustedError, match="the last 500") as caught:
        get(client)
    client.meter.is_backfill = False
    get(client)

    assert (caught.value.until, caught.value.is_backfill_floor) == (None, True)
    assert len(script.requests) == 2


def test_get__a_refusal_is_told_with_the_time_when_credits_return(clock: FakeClock) -> None:
    """Whoever waits for credits finds the instant in the error, also when the request is not sent any more."""
    script = Script(failed(429, "Too Many Requests", **{**RATE_HEADERS, "X-RateLimit-UserRemaining": "0"}))
    client = a_client(script, clock)
    until = []
    for _ in range(2):
        with pytest.raises(HourSpentError) as caught:
            get(client)
        until.append(caught.value.until)

    assert until == [NIGHT + timedelta(hours=1)] * 2


def test_get__stops_before_an_attempt(clock: FakeClock) -> None:
    """Whoever asks the run to stop is heard before each attempt, at no credit."""
    script = Script(good())
    client = a_client(script, clock, should_stop=lambda: True)

    with pytest.raises(StoppedError):
        get(client)

    assert (script.requests, client.meter.credits.spent) == ([], 0)


def test_get__stops_between_attempts(clock: FakeClock) -> None:
    """A stop that is asked for while a retry waits is heard before the retry is sent."""
    script = Script(failed(500))
    client = a_client(script, clock, should_stop=lambda: len(clock.sleeps) == 2)

    with pytest.raises(StoppedError):
        get(client)

    assert (len(script.requests), client.meter.credits.spent) == (2, 2)


def test_get__stops_before_a_redirect_is_followed(clock: FakeClock) -> None:
    """A redirect is one more attempt, and a stop is heard before it."""
    script = Script(redirect(302, PATH + "/"))
    client = a_client(script, clock, should_stop=lambda: bool(script.requests))

    with pytest.raises(StoppedError):
        get(client)

    assert len(script.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "place", [f"{IMGUR_URL}/3/elsewhere", "/3/elsewhere", "https://API.imgur.com:443/3/elsewhere"]
)
def test_redirect__on_the_same_origin_is_followed_and_booked(
    status: int, place: str, clock: FakeClock
) -> None:
    """Imgur may send us to another path of its own; it is one more request, signed and paid too."""
    script = Script(redirect(status, place), good())
    client = a_client(script, clock)

    assert json.loads(get(client).data) == PAGE
    assert script.urls == [f"{IMGUR_URL}{PATH}", f"{IMGUR_URL}/3/elsewhere"]
    assert script.requests[1].headers["authorization"] == f"Client-ID {CLIENT_ID}"
    assert client.meter.requests == client.meter.charges == {"account_albums": 2}


def test_redirect__in_a_circle_is_left_soon(clock: FakeClock) -> None:
    """A chain of redirects costs a few credits, not twenty for each of four attempts."""
    script = Script(redirect(302, PATH))
    client = a_client(script, clock)

    with pytest.raises(RefusedError, match=f"more than {MOST_REDIRECTS} redirects"):
        get(client)

    assert len(script.requests) == client.meter.credits.spent == MOST_REDIRECTS + 1
    assert clock.sleeps == []


def test_redirect__without_an_address_is_a_refusal(clock: FakeClock) -> None:
    """A redirect that leads nowhere is no reply."""
    script = Script(httpx.Response(302))

    with pytest.raises(RefusedError, match="status 302"):
        get(a_client(script, clock))

    assert len(script.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "place",
    [
        "https://evil.example/3/x",
        "//evil.example/3/x",
        "http://api.imgur.com/3/x",
        "https://api.imgur.com:8443/3/x",
        "https://api.imgur.com.evil.example/3/x",
        "https://api.imgur.com@evil.example/3/x",
        "https://imgur.com/3/x",
        "https://i.imgur.com/removed.png",
    ],
)
def test_redirect__to_another_origin_is_never_followed(
    status: int, place: str, clock: FakeClock, tmp_path: Path
) -> None:
    """Another host, port or scheme is never asked: no token, client id or key can reach it."""
    script = Script(redirect(status, place))
    host = RAPIDAPI_URL.removeprefix("https://")
    client = a_client(
        script,
        clock,
        public=RapidApiAuth(ClientIdAuth(CLIENT_ID), key=RAPIDAPI_KEY, host=host),
        login=RapidApiAuth(a_login(tmp_path, clock), key=RAPIDAPI_KEY, host=host),
    )

    for as_me in (False, True):
        with pytest.raises(RefusedError, match=r"a redirect to another host, .+, was not followed"):
            get(client, as_me=as_me)

    assert script.urls == [f"{IMGUR_URL}{PATH}"] * 2
    assert (client.meter.credits.spent, clock.sleeps) == (2, [])


def test_get__another_host_in_the_path_is_never_asked(clock: FakeClock) -> None:
    """Not even our own code can send a signed request to another host."""
    script = Script(good())

    with pytest.raises(RefusedError, match=r"another host, evil\.example"):
        a_client(script, clock).get("account_albums", "https://evil.example/3/x")

    assert script.requests == []


def test_refresh__costs_nothing(clock: FakeClock, tmp_path: Path) -> None:
    """A new access token is fetched through the same transport, counted, and booked at no credit."""
    script = Script(token_reply("atok-new"), good())
    client = a_client(script, clock, login=a_login(tmp_path, clock, access_token=None))

    get(client, as_me=True)

    assert script.urls == [f"{IMGUR_URL}/oauth2/token", f"{IMGUR_URL}{PATH}"]
    assert script.requests[1].headers["authorization"] == "Bearer atok-new"
    assert client.meter.requests == {"oauth2_token": 1, "account_albums": 1}
    assert client.meter.charges == {"oauth2_token": 0, "account_albums": 1}
    assert client.meter.credits.spent == 1


def test_refresh__goes_past_the_gateway_without_its_key(clock: FakeClock, tmp_path: Path) -> None:
    """Behind the gateway tokens are refreshed at Imgur itself, which never sees the gateway's key."""
    script = Script(token_reply("atok-new"), good())
    host = RAPIDAPI_URL.removeprefix("https://")
    login = RapidApiAuth(a_login(tmp_path, clock, access_token=None), key=RAPIDAPI_KEY, host=host)

    get(a_client(script, clock, base_url=RAPIDAPI_URL, oauth_url=IMGUR_URL, login=login), as_me=True)

    refresh, page = script.requests
    assert script.urls == [f"{IMGUR_URL}/oauth2/token", f"{RAPIDAPI_URL}{PATH}"]
    assert RAPIDAPI_KEY not in str(list(refresh.headers.items()))
    assert page.headers["x-rapidapi-key"] == RAPIDAPI_KEY


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize(
    "place",
    ["https://evil.example/oauth2/token", "http://api.imgur.com/oauth2/token", f"{RAPIDAPI_URL}/token"],
)
def test_refresh__never_follows_to_another_origin(
    status: int, place: str, clock: FakeClock, tmp_path: Path
) -> None:
    """The client secret and the refresh token go to the token's own address or nowhere."""
    script = Script(redirect(status, place))
    login = a_login(tmp_path, clock, access_token=None)
    client = a_client(script, clock, base_url=RAPIDAPI_URL, oauth_url=IMGUR_URL, login=login)

    with pytest.raises(RefusedError, match="a redirect to another host"):
        get(client, as_me=True)

    assert script.urls == [f"{IMGUR_URL}/oauth2/token"]


@pytest.mark.parametrize("status", [401, 403])
def test_refresh__a_dead_token_is_refreshed_once_and_no_more(
    status: int, clock: FakeClock, tmp_path: Path
) -> None:
    """A token that stays dead after one refresh ends the run; each sending of the page cost a credit."""
    script = Script(
        lambda request: (
            token_reply("atok-new")
            if request.url.path == "/oauth2/token"
            else failed(status, "The access token provided is invalid.")
        )
    )
    client = a_client(script, clock, login=a_login(tmp_path, clock))

    with pytest.raises(LoginExpiredError):
        get(client, as_me=True)

    assert client.meter.requests == {"account_albums": 2, "oauth2_token": 1}
    assert client.meter.credits.spent == 2


def test_refresh__a_dead_token_without_words_is_not_tried_four_times(
    clock: FakeClock, tmp_path: Path
) -> None:
    """A bare 401 is a dead token too, not a broken reply that is worth another three attempts."""
    script = Script(
        lambda request: token_reply() if request.url.path == "/oauth2/token" else httpx.Response(401)
    )
    client = a_client(script, clock, login=a_login(tmp_path, clock))

    with pytest.raises(LoginExpiredError):
        get(client, as_me=True)

    assert client.meter.requests == {"account_albums": 2, "oauth2_token": 1}


def test_refresh__a_limit_is_no_dead_token(clock: FakeClock, tmp_path: Path) -> None:
    """A 429 that says which window is empty is never answered with a refresh or a second sending."""
    script = Script(failed(429, "Too Many Requests", **{**RATE_HEADERS, "X-RateLimit-UserRemaining": "0"}))
    client = a_client(script, clock, login=a_login(tmp_path, clock))

    with pytest.raises(HourSpentError):
        get(client, as_me=True)

    assert script.urls == [f"{IMGUR_URL}{PATH}"]


def test_refresh__a_limit_in_disguise_ends_the_run_and_the_next_refreshes(
    clock: FakeClock, tmp_path: Path
) -> None:
    """A 429 though credits are left may be a dead token: it is sent once, and the next run has a new token."""
    script = Script(failed(429, "Too Many Requests", **RATE_HEADERS), token_reply("atok-new"), good())
    login = a_login(tmp_path, clock)
    TokenVault(tmp_path / "state", CLIENT_ID, clock=clock).save(login.tokens)
    client = a_client(script, clock, login=login)
    for _ in range(2):
        with pytest.raises(UnknownLimitError, match="too many requests"):
            get(client, as_me=True)
    sent = [request.url.path for request in script.requests]
    following = a_client(script, clock, login=a_login(tmp_path, clock))

    assert sent == [PATH]
    assert json.loads(get(following, as_me=True).data) == PAGE
    assert [request.headers.get("authorization") for request in script.requests] == [
        f"Bearer {ACCESS_TOKEN}", None, "Bearer atok-new",
    ]  # fmt: skip
    assert (client.meter.requests, clock.sleeps) == ({"account_albums": 1}, [])


def test_timeout__is_set_on_everything(clock: FakeClock, tmp_path: Path) -> None:
    """Pages, retries, redirects and refreshes all have the configured limit on each step."""
    script = Script(token_reply(), failed(500), redirect(302, "/3/elsewhere"), good())
    client = a_client(
        script, clock, login=a_login(tmp_path, clock, access_token=None), timeout=timedelta(seconds=7.5)
    )

    get(client, as_me=True)

    assert [request.url.path for request in script.requests] == ["/oauth2/token", PATH, PATH, "/3/elsewhere"]
    assert [request.extensions["timeout"] for request in script.requests] == [
        {"connect": 7.5, "read": 7.5, "write": 7.5, "pool": 7.5}
    ] * 4


def test_environment__is_not_trusted(clock: FakeClock) -> None:
    """No proxy or password file of the environment takes part."""
    assert a_client(Script(good()), clock)._http.trust_env is False


SUNSET = "Sat, 31 Jul 2027 00:00:00 GMT"


def test_sunset__is_warned_of_once_per_endpoint(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    """An endpoint that will be retired is warned of once, however often it is asked, and remembered."""
    client = a_client(Script(good(Sunset=SUNSET)), clock)
    for endpoint in ("account_albums", "account_albums", "gallery"):
        client.get(endpoint, PATH)

    warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert warnings == [
        f"endpoint will be retired endpoint=account_albums sunset={SUNSET}",
        f"endpoint will be retired endpoint=gallery sunset={SUNSET}",
    ]
    assert client.sunsets == {"account_albums": SUNSET, "gallery": SUNSET}


def test_sunset__is_heard_from_an_error_too(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    """The announcement may come with an error; it is not lost."""
    client = a_client(Script(failed(410, "Gone", Sunset=SUNSET)), clock)

    with pytest.raises(RefusedError):
        get(client)

    assert client.sunsets == {"account_albums": SUNSET}
    assert f"sunset={SUNSET}" in caplog.text


def test_sunset__nothing_is_said_without_one(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    """A usual reply warns of nothing."""
    client = a_client(Script(good()), clock)
    get(client)

    assert client.sunsets == {}
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def chain(error: BaseException | None) -> Iterator[str]:
    while error is not None:
        yield repr(error)
        yield str(error)
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize(
    "answer",
    [
        good(),
        *(answer for answer, _ in FINAL),
        *TRANSIENT,
        failed(403, "The access token provided is invalid."),
        redirect(302, "https://evil.example/3/x"),
        redirect(302, PATH),
        httpx.Response(400, json={"data": {"error": "Invalid refresh token"}, "success": False}),
    ],
    ids=repr,
)
@pytest.mark.parametrize("access_token", [ACCESS_TOKEN, None], ids=["with a token", "to be refreshed"])
def test_secrets__appear_nowhere(
    answer: Answer,
    access_token: str | None,
    clock: FakeClock,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """No key, token or client id is in a message, a chained error, a repr or a log line, at any level."""
    caplog.set_level(logging.DEBUG)
    host = RAPIDAPI_URL.removeprefix("https://")
    public = RapidApiAuth(ClientIdAuth(CLIENT_ID), key=RAPIDAPI_KEY, host=host)
    login = RapidApiAuth(a_login(tmp_path, clock, access_token=access_token), key=RAPIDAPI_KEY, host=host)
    client = a_client(Script(answer), clock, public=public, login=login)

    shown = [repr(client), repr(client.meter), repr(public), repr(login)]
    for as_me in (False, True):
        try:
            shown.append(repr(get(client, as_me=as_me)))
        except ImgurError as error:
            shown.extend(chain(error))

    shown.append(caplog.text)
    assert [(secret, text) for secret in SECRETS for text in shown if secret in text] == []


class Interrupted(httpx.SyncByteStream):
    """A body whose connection breaks before its end."""

    def __iter__(self) -> Generator[bytes, None, None]:
        yield b'{"data": ['
        raise httpx.ReadError("reset")


def test_get__a_body_that_breaks_off_is_asked_for_again(clock: FakeClock) -> None:
    """A connection that breaks in the middle of a page costs an attempt, never half a page."""
    script = Script(lambda request: httpx.Response(200, stream=Interrupted()), good())
    client = a_client(script, clock)

    assert json.loads(get(client).data) == PAGE
    assert (len(script.requests), client.meter.credits.spent) == (2, 2)


def test_get__a_body_with_broken_compression_is_asked_for_again(clock: FakeClock) -> None:
    """A page that cannot be unpacked is a broken reply."""
    script = Script(
        lambda request: httpx.Response(
            200, stream=httpx.ByteStream(b"no gzip"), headers={"Content-Encoding": "gzip"}
        ),
        good(),
    )

    assert json.loads(get(a_client(script, clock)).data) == PAGE
    assert len(script.requests) == 2


def test_close__gives_the_connections_back(clock: FakeClock) -> None:
    """After closing, the transport that was handed in is closed, and nothing can be sent."""

    class Closable(httpx.MockTransport):
        is_closed = False

        def close(self) -> None:
            self.is_closed = True

    transport = Closable(Script(good()))
    client = ImgurClient(
        base_url=IMGUR_URL,
        public=ClientIdAuth(CLIENT_ID),
        login=None,
        meter=CreditMeter(clock=clock),
        clock=clock,
        timeout=timedelta(seconds=30),
        user_agent="imgur_source/test",
        transport=transport,
    )

    client.close()

    assert transport.is_closed
    with pytest.raises(RuntimeError, match="closed"):
        get(client)


def test_get__a_lost_attempt_is_not_held_against_the_next_window(clock: FakeClock) -> None:
    """A connection that broke is over: the windows of the next reply are believed as told."""
    client = a_client(Script(httpx.ConnectError("refused"), good()), clock)
    get(client)

    assert shown(client.meter.credits.user) == (500, 431, clock.now() + timedelta(hours=1))


def test_get__a_login_that_fails_meanwhile_ends_the_retries(tmp_path: Path) -> None:
    """When another list finds that no token is to be had, one that waits for its retry does not ask again."""

    class Meanwhile(FakeClock):
        def sleep(self, duration: timedelta) -> None:
            super().sleep(duration)
            if len(self.sleeps) == 1:
                with pytest.raises(TransientError):
                    client.get("account_images", "/3/account/me/images/0", as_me=True)

    def answer(request: httpx.Request) -> httpx.Response:
        return failed(401) if request.url.path == "/3/account/me/images/0" else failed(500)

    clock = Meanwhile()
    script = Script(answer)
    client = a_client(script, clock, login=a_login(tmp_path, clock))

    with pytest.raises(TransientError) as caught:
        get(client, as_me=True)

    assert (caught.value.endpoint, caught.value.attempts) == ("oauth2_token", 4)
    assert (script.urls.count(f"{IMGUR_URL}{PATH}"), len(clock.sleeps)) == (1, 4)


@pytest.mark.parametrize("status", [200, 403])
@pytest.mark.parametrize("as_me", [False, True])
def test_get__secret_that_comes_back_is_shown_to_nobody(
    status: int, as_me: bool, tmp_path: Path, clock: FakeClock
) -> None:
    """An answer that repeats the token or the client id loses them before it is an error, or in the journal."""
    secret = ACCESS_TOKEN if as_me else CLIENT_ID
    echo = {"data": {"error": f"no {secret}\x1b[2J here"}, "success": False, "status": 403}
    login = BearerAuth(
        TokenVault(tmp_path, CLIENT_ID, clock=clock),
        client_id=CLIENT_ID,
        client_secret=None,
        configured=Tokens(access_token=ACCESS_TOKEN),
        token_url="https://api.imgur.com/oauth2/token",
        clock=clock,
    )
    client = a_client(lambda request: httpx.Response(status, json=echo), clock, login=login)

    with pytest.raises(ImgurError) as caught:
        client.get("account_albums", PATH, as_me=as_me)

    assert "no …[2J here" in str(caught.value)
