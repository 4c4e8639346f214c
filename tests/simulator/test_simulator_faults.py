"""Each fault of the simulated Imgur, and when it strikes."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from imgur_source.simulator import KINDS, Fault, Simulator

PATH = "/3/account/me/images/1"
CAPACITY = "Imgur is temporarily over capacity. Please try again later."
NAMED = {"request": PATH, "method": "GET"}


@pytest.fixture
def sim() -> Simulator:
    """A simulator with three pages of images."""
    return Simulator(images=120, albums=2, posts=60, comments=10)


def ask(sim: Simulator, path: str = PATH) -> httpx.Response:
    """Send a GET as the owner."""
    with httpx.Client(transport=httpx.MockTransport(sim), base_url="https://api.imgur.com") as client:
        return client.get(path, headers={"Authorization": f"Bearer {sim.access_token}"})


def enveloped(data: Any, status: int, *, success: bool = False) -> dict[str, Any]:
    """Return a reply in Imgur's envelope."""
    return {"data": data, "success": success, "status": status}


BODIES: dict[str, tuple[int, Any]] = {
    "over_capacity_403": (403, enveloped({"error": CAPACITY}, 403)),
    "over_capacity_500": (500, enveloped({"error": CAPACITY}, 500)),
    "forbidden_cdn": (400, enveloped({"error": "These actions are forbidden."}, 400)),
    "token_invalid_401": (401, enveloped({"error": "The access token provided is invalid.", **NAMED}, 401)),
    "token_invalid_403": (403, enveloped({"error": "The access token provided is invalid.", **NAMED}, 403)),
    "invalid_client_403": (403, enveloped({"error": "Invalid client_id", **NAMED}, 403)),
    "gateway_message": (403, {"message": "You are not subscribed to this API."}),
    "banned_country": (
        400,
        enveloped(
            {
                "error": {
                    "code": 1016,
                    "message": "Banned country attempt (XX)",
                    "type": "Exception_Logged",
                    "exception": [],
                },
                **NAMED,
            },
            400,
        ),
    ),
    "error_500_object": (
        500,
        enveloped(
            {
                "error": {
                    "code": 500,
                    "message": "Could not complete request",
                    "type": "ImgurException",
                    "exception": {},
                },
                **NAMED,
            },
            500,
        ),
    ),
    "error_500_string": (500, enveloped("An error occurred", 500)),
    "data_false_400": (400, enveloped(False, 400)),
    "data_null_200": (200, enveloped(None, 200, success=True)),
    "success_true_error": (200, enveloped({"error": "Could not be found", **NAMED}, 200, success=True)),
    "success_true_string": (
        200,
        enveloped("An error occurred while fetching the comment", 200, success=True),
    ),
    "errors_list_429": (
        429,
        {
            "errors": [
                {
                    "id": "legacy-api-0123456789-abcde/SIMULATED-0000001",
                    "code": "429",
                    "status": "Too Many Requests",
                    "detail": "Too Many Requests",
                }
            ]
        },
    ),
    "daily_429": (429, enveloped({"error": "Daily client requests exceeded", **NAMED}, 429)),
}
PAGES = {
    "html_404": (404, "imgur: the simple 404 page"),
    "html_502": (502, "502 Bad Gateway"),
    "html_503": (503, "503 client read error"),
    "region_html": (403, "Content not available in your region"),
}
BREAKS = {"timeout": httpx.ReadTimeout, "connection_reset": httpx.ReadError}
SPOILT = {
    "304",
    "broken_json",
    "empty_body",
    "missing_rate_headers",
    "one_item_pages",
    "redirect_other_host",
    "repeated_page",
    "strange_record",
    "sunset_header",
}


def test_kinds__are_all_shown_here() -> None:
    """Every kind of the table has a test in this file."""
    assert set(KINDS) == set(BODIES) | set(PAGES) | set(BREAKS) | SPOILT


@pytest.mark.parametrize("kind", BODIES)
def test_bodies__are_as_recorded(sim: Simulator, kind: str) -> None:
    """Status and body are those on record; afterwards the next request is answered as ever."""
    sim.faults.add(Fault(kind))
    response = ask(sim)
    assert (response.status_code, response.json()) == BODIES[kind]
    assert ask(sim).json()["data"] == sim.truth.account_images()[50:100]


@pytest.mark.parametrize("kind", [*BODIES, *PAGES])
def test_places__decide_cost_and_headers(sim: Simulator, kind: str) -> None:
    """What the CDN says costs nothing and has no rate headers; what the API says costs and has them."""
    sim.faults.add(Fault(kind))
    response = ask(sim)
    is_edge = KINDS[kind].place == "edge"
    assert sim.credits_spent == (0 if is_edge else 1)
    assert ("X-RateLimit-UserRemaining" in response.headers) != is_edge
    assert sim.requests[0].status == response.status_code


@pytest.mark.parametrize("kind", PAGES)
def test_pages__are_html(sim: Simulator, kind: str) -> None:
    """Machines in front of Imgur answer with a page for people."""
    sim.faults.add(Fault(kind))
    response = ask(sim)
    status, title = PAGES[kind]
    assert (response.status_code, response.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert f"<title>{title}</title>" in response.text


@pytest.mark.parametrize("kind", BREAKS)
def test_breaks__raise_what_httpx_raises(sim: Simulator, kind: str) -> None:
    """A broken connection is an exception, and status 0 in the log; a timeout did cost its credit."""
    sim.faults.add(Fault(kind))
    with pytest.raises(BREAKS[kind]):
        ask(sim)
    assert sim.requests[0].status == 0
    assert sim.requests[0].cost == sim.credits_spent == (1 if kind == "timeout" else 0)
    assert ask(sim).status_code == 200


def test_forbidden_cdn__has_its_headers(sim: Simulator) -> None:
    """The refusal of a whole address says ``CDN-Error: yes`` and a meaningless ``Retry-After: 0``."""
    sim.faults.add(Fault("forbidden_cdn"))
    headers = ask(sim).headers
    assert (headers["CDN-Error"], headers["Retry-After"], headers["Connection"]) == ("yes", "0", "close")


def test_broken_json__stops_in_the_middle(sim: Simulator) -> None:
    """Half a page is no JSON, though status and headers look well."""
    good = ask(sim)
    sim.faults.add(Fault("broken_json"))
    response = ask(sim)
    assert response.status_code == 200
    assert response.content == good.content[: len(good.content) // 2]
    with pytest.raises(json.JSONDecodeError):
        response.json()


def test_empty_body__is_nothing_with_200(sim: Simulator) -> None:
    """A success without a single byte."""
    sim.faults.add(Fault("empty_body"))
    response = ask(sim)
    assert (response.status_code, response.content) == (200, b"")


def test_304__comes_unasked(sim: Simulator) -> None:
    """A 304 with no body, although no ETag was sent, at the price of a credit."""
    sim.faults.add(Fault("304"))
    response = ask(sim)
    assert (response.status_code, response.content, sim.credits_spent) == (304, b"", 1)
    assert response.headers["X-RateLimit-UserRemaining"] == "499"


def test_redirect__leads_to_another_host(sim: Simulator) -> None:
    """The same path and query at a host which must never get the token."""
    sim.faults.add(Fault("redirect_other_host", param="evil.example"))
    response = ask(sim, f"{PATH}?perPage=100")
    assert response.status_code == 302
    assert response.headers["Location"] == f"https://evil.example{PATH}?perPage=100"


def test_repeated_page__is_the_one_before(sim: Simulator) -> None:
    """Page 1 brings what page 0 brought; the first page has none before it."""
    sim.faults.add(Fault("repeated_page", times=None))
    images = sim.truth.account_images()
    assert ask(sim).json()["data"] == images[:50]
    assert ask(sim, "/3/account/me/images/2").json()["data"] == images[50:100]
    assert ask(sim, "/3/account/me/images/0").json()["data"] == images[:50]


def test_one_item_pages__never_end(sim: Simulator) -> None:
    """Each page has one item, and past the end the last one comes for ever."""
    sim.faults.add(Fault("one_item_pages", path=r"/images/|/r/", times=None))
    images = sim.truth.account_images()
    assert ask(sim, "/3/account/me/images/0").json()["data"] == images[:1]
    assert ask(sim, "/3/account/me/images/7").json()["data"] == images[7:8]
    assert ask(sim, "/3/account/me/images/9000").json()["data"] == images[-1:]
    assert ask(sim, "/3/gallery/r/aww/time/9000").json()["data"] == sim.truth.feed("r/aww")[-1:]


def test_sunset_header__announces_the_end(sim: Simulator) -> None:
    """The reply is as ever, with the day on which the endpoint goes."""
    sim.faults.add(Fault("sunset_header"))
    response = ask(sim)
    assert response.headers["Sunset"] == "Fri, 01 Jan 2027 00:00:00 GMT"
    assert response.json()["data"] == sim.truth.account_images()[50:100]


def test_missing_rate_headers__leave_the_reply_alone(sim: Simulator) -> None:
    """A good page comes without a word on credits, but is charged."""
    sim.faults.add(Fault("missing_rate_headers"))
    response = ask(sim)
    assert not [name for name in response.headers if "ratelimit" in name]
    assert response.json()["data"] == sim.truth.account_images()[50:100]
    assert sim.credits_spent == 1


def test_strange_record__spoils_the_one_in_the_middle(sim: Simulator) -> None:
    """The record in the middle of a page loses its id, or has a word for its views; the others are well."""
    expected = sim.truth.account_images()[50:100]
    without_id = {key: value for key, value in expected[25].items() if key != "id"}
    for param, strange in (("id", without_id), ("views", expected[25] | {"views": "many"})):
        sim.faults.add(Fault("strange_record", param=param))
        assert ask(sim).json()["data"] == [*expected[:25], strange, *expected[26:]]
    sim.faults.add(Fault("strange_record"))
    items = ask(sim, "/3/gallery/t/cats/time/0").json()["data"]["items"]
    assert sum("id" not in item for item in items) == 1


def test_params__change_the_words(sim: Simulator) -> None:
    """A country and a gateway's status can be chosen."""
    sim.faults.add(Fault("banned_country", param="GB"))
    assert ask(sim).json()["data"]["error"]["message"] == "Banned country attempt (GB)"
    sim.faults.add(Fault("gateway_message", param="429"))
    assert ask(sim).status_code == 429


def test_faults__strike_where_and_when_they_are_told(sim: Simulator) -> None:
    """A fault waits for its path, lets ``after`` requests pass, strikes ``times`` times, and is gone."""
    sim.faults.add(Fault("html_502", path=r"/images/\d", times=2, after=1))
    statuses = [ask(sim, path).status_code for path in ("/3/account/me", PATH, "/3/tags", PATH, PATH, PATH)]
    assert statuses == [200, 200, 200, 502, 502, 200]
    assert sim.faults.waiting == []


def test_faults__can_be_endless_until_cleared(sim: Simulator) -> None:
    """``times=None`` strikes until ``clear``; of two that fit, the first added goes first."""
    sim.faults.add(Fault("html_503"))
    sim.faults.add(Fault("over_capacity_403", times=None))
    assert [ask(sim).status_code for _ in range(4)] == [503, 403, 403, 403]
    sim.faults.clear()
    assert ask(sim).status_code == 200


def test_faults__reach_the_token_endpoint(sim: Simulator) -> None:
    """A refresh can go wrong too, and then no token rotates."""
    held = sim.refresh_token
    form = {
        "grant_type": "refresh_token",
        "refresh_token": held,
        "client_id": sim.client_id,
        "client_secret": sim.client_secret,
    }
    with httpx.Client(transport=httpx.MockTransport(sim), base_url="https://api.imgur.com") as client:
        for kind in ("over_capacity_500", "error_500_string"):
            sim.faults.add(Fault(kind, path="/oauth2/token"))
            assert client.post("/oauth2/token", data=form).status_code == 500
        assert sim.refresh_token == held
        sim.faults.add(Fault("broken_json", path="/oauth2/token"))
        spoilt = client.post("/oauth2/token", data=form)
    assert spoilt.status_code == 200
    assert sim.refresh_token != held  # rotated, and the reply with the new one is lost


def test_fault__must_exist() -> None:
    """An unknown kind is refused with the list of those there are."""
    with pytest.raises(ValueError, match="over_capacity_403"):
        Fault("coffee_spilt")
