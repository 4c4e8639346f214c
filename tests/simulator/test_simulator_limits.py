"""Credits, strikes and tokens of the simulated Imgur."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from imgur_source.simulator import Simulator

TOO_MANY = {"code": "429", "status": "Too Many Requests", "detail": "Too Many Requests"}


def small(**options: Any) -> Simulator:
    """Return a simulator with hardly any world, for what is not about the world."""
    return Simulator(**{"images": 60, "albums": 2, "posts": 10, "comments": 10, **options})


def ask(sim: Simulator, path: str = "/3/account/me", *, authorization: str | None = None) -> httpx.Response:
    """Send a GET, as the owner unless told otherwise."""
    header = f"Bearer {sim.access_token}" if authorization is None else authorization
    with httpx.Client(transport=httpx.MockTransport(sim), base_url="https://api.imgur.com") as client:
        return client.get(path, headers={"Authorization": header} if header else {})


def refresh(
    sim: Simulator, changes: dict[str, str] | None = None, *, as_json: bool = False
) -> httpx.Response:
    """Ask for new tokens with what the application holds, *changes* apart."""
    form: dict[str, str] = {
        "grant_type": "refresh_token",
        "refresh_token": sim.refresh_token,
        "client_id": sim.client_id,
        "client_secret": sim.client_secret,
        **(changes or {}),
    }
    with httpx.Client(transport=httpx.MockTransport(sim), base_url="https://api.imgur.com") as client:
        return client.post("/oauth2/token", json=form) if as_json else client.post("/oauth2/token", data=form)


def rates(response: httpx.Response) -> dict[str, int]:
    """Return the rate headers of a response, without their prefix."""
    found = response.headers.items()
    return {
        name.removeprefix("x-ratelimit-"): int(value) for name, value in found if name.startswith("x-rate")
    }


# credits


def test_credits__are_charged_and_told() -> None:
    """Each GET takes one credit of both windows, a 404 too; the reset is the first request plus an hour."""
    sim = small()
    opened = int(sim.now().timestamp())
    assert rates(ask(sim)) == {
        "userlimit": 500,
        "userremaining": 499,
        "userreset": opened + 3600,
        "clientlimit": 12_500,
        "clientremaining": 12_499,
    }
    sim.advance(timedelta(minutes=10))
    later = rates(ask(sim, "/3/image/nothing"))
    assert (later["userremaining"], later["clientremaining"], later["userreset"]) == (
        498,
        12_498,
        opened + 3600,
    )
    assert sim.credits_spent == 2
    assert [seen.cost for seen in sim.requests] == [1, 1]


def test_credits_endpoint__is_free_and_has_an_epoch() -> None:
    """``/3/credits`` takes nothing and says the same as the headers."""
    sim = small(user_reset_style="seconds")
    ask(sim)
    reply = ask(sim, "/3/credits")
    now = int(sim.now().timestamp())
    assert reply.json()["data"] == {
        "UserLimit": 500,
        "UserRemaining": 499,
        "UserReset": now + 3600,
        "ClientLimit": 12_500,
        "ClientRemaining": 12_499,
    }
    assert rates(reply)["userreset"] == 3600
    assert rates(reply)["clientreset"] == 86_400
    assert sim.credits_spent == 1


def test_user_window__runs_out_and_reopens() -> None:
    """With the hour spent comes the 429 without envelope, which costs nothing; after the hour all is back."""
    sim = small(user_limit=3)
    assert [ask(sim).status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    refused = ask(sim)
    (error,) = refused.json()["errors"]
    assert {key: error[key] for key in TOO_MANY} == TOO_MANY
    assert set(refused.json()) == {"errors"}
    assert rates(refused)["userremaining"] == 0
    assert rates(refused)["clientremaining"] == 12_497
    assert sim.credits_spent == 3
    assert sim.strikes == 0
    sim.advance(timedelta(minutes=59))
    assert ask(sim).status_code == 429
    sim.advance(timedelta(minutes=1))
    assert rates(ask(sim))["userremaining"] == 2


def test_client_window__brings_a_strike_when_used_up() -> None:
    """The last credit of the day is a strike; the day's credits come back after 24 hours."""
    sim = small(client_limit=2)
    assert [ask(sim).status_code for _ in range(3)] == [200, 200, 429]
    assert rates(ask(sim))["clientremaining"] == 0
    assert sim.strikes == 1
    sim.advance(timedelta(hours=23))
    assert ask(sim).status_code == 429
    sim.advance(timedelta(hours=1))
    assert ask(sim).status_code == 200
    assert sim.strikes == 1


def test_strikes__five_block_the_application_until_the_month_ends() -> None:
    """After five used-up days everything is 429, even with credits left, until the next month begins."""
    sim = small(client_limit=1, now=datetime(2026, 11, 9, tzinfo=UTC))
    for _ in range(5):
        assert ask(sim).status_code == 200
        sim.advance(timedelta(days=1))
    assert sim.strikes == 5
    blocked = ask(sim)
    assert blocked.status_code == 429
    assert rates(blocked)["clientremaining"] == 0
    sim.advance(timedelta(days=17))
    assert sim.now() == datetime(2026, 12, 1, tzinfo=UTC)
    assert ask(sim).status_code == 200
    assert sim.strikes == 1


def test_limits__can_be_set_as_if_others_had_spent() -> None:
    """A test may leave a few credits and put strikes on record without sending hundreds of requests."""
    sim = small()
    sim.limits.leave(now=sim.world.now, user=1, client=300)
    sim.limits.add_strikes(3, now=sim.world.now)
    assert rates(ask(sim))["clientremaining"] == 299
    assert ask(sim).status_code == 429
    assert sim.strikes == 3


def test_headers__can_be_left_out() -> None:
    """With ``credits_headers=False`` nothing tells the credits, which are charged all the same."""
    sim = small(credits_headers=False, user_limit=1)
    assert rates(ask(sim)) == {}
    assert ask(sim).status_code == 429


def test_user_reset__may_be_a_constant() -> None:
    """With ``constant`` each reply says 3600, however far the hour has come."""
    sim = small(user_reset_style="constant")
    ask(sim)
    sim.advance(timedelta(minutes=50))
    assert rates(ask(sim))["userreset"] == 3600
    assert rates(ask(sim))["clientreset"] == 86_400


def test_user_window__may_slide() -> None:
    """With ``sliding`` each credit comes back an hour after it was spent."""
    sim = small(user_limit=2, user_window="sliding")
    ask(sim)
    sim.advance(timedelta(minutes=40))
    ask(sim)
    assert ask(sim).status_code == 429
    sim.advance(timedelta(minutes=20))
    assert [ask(sim).status_code for _ in range(2)] == [200, 429]
    sim.advance(timedelta(minutes=40))
    assert rates(ask(sim))["userremaining"] == 0


def test_client_window__may_begin_at_midnight() -> None:
    """With ``midnight`` the day's credits come back when the day of UTC does, whenever they were spent."""
    sim = small(client_limit=2, client_window="midnight", now=datetime(2026, 11, 9, 23, 59, tzinfo=UTC))
    assert [ask(sim).status_code for _ in range(3)] == [200, 200, 429]
    sim.advance(timedelta(minutes=1))
    assert ask(sim).status_code == 200


def test_plan__has_headers_of_its_own() -> None:
    """Behind the gateway its requests are all that replies tell of, and they can be used up."""
    sim = small(plan_limit=2)
    assert rates(ask(sim)) == {"requests-limit": 2, "requests-remaining": 1}
    assert [ask(sim).status_code for _ in range(2)] == [200, 429]


def test_limits__others_may_spend() -> None:
    """Credits that go elsewhere are missing from both windows, and not ours."""
    sim = small(user_limit=10)
    sim.limits.spend_elsewhere(4, now=sim.world.now)
    left = rates(ask(sim))
    assert (left["userremaining"], left["clientremaining"], sim.credits_spent) == (5, 12_495, 1)


# authorization


@pytest.mark.parametrize(
    ("authorization", "status", "error"),
    [
        ("", 401, "Authentication required"),
        ("Client-ID wrong", 403, "Invalid client_id"),
        ("Bearer wrong", 403, "The access token provided is invalid."),
        ("Basic abc", 401, "Authentication required"),
    ],
)
def test_authorization__bad_ones_are_refused_for_nothing(authorization: str, status: int, error: str) -> None:
    """Without a known id or a live token nothing is answered, nothing charged and no rate header sent."""
    sim = small()
    response = ask(sim, "/3/image/abc", authorization=authorization)
    data = {"error": error, "request": "/3/image/abc", "method": "GET"}
    assert response.json() == {"data": data, "success": False, "status": status}
    assert (response.status_code, rates(response), sim.credits_spent) == (status, {}, 0)


@pytest.mark.parametrize("status", [401, 403, 429])
def test_access_token__expires(status: int) -> None:
    """After its life a token is refused in the configured way, the 429 with the body of a limit."""
    sim = small(token_life=3600, expired_token_status=status)
    sim.advance(timedelta(seconds=3599))
    assert ask(sim).status_code == 200
    sim.advance(timedelta(seconds=1))
    response = ask(sim)
    assert response.status_code == status
    assert ("errors" in response.json()) == (status == 429)
    assert refresh(sim).status_code == 200
    assert ask(sim).status_code == 200


def test_refresh__gives_new_tokens_in_a_bare_object() -> None:
    """The reply has no envelope, both tokens are new, the old refresh token is dead, all at no credit."""
    sim = small(token_life=3600)
    old_access, old_refresh = sim.access_token, sim.refresh_token
    response = refresh(sim)
    assert response.json() == {
        "access_token": sim.access_token,
        "expires_in": 3600,
        "token_type": "bearer",
        "scope": None,
        "refresh_token": sim.refresh_token,
        "account_id": sim.truth.account()["id"],
        "account_username": "marmalade_fox",
    }
    assert sim.access_token != old_access
    assert sim.refresh_token != old_refresh
    assert len(sim.access_token) == len(sim.refresh_token) == 40
    assert ask(sim, authorization=f"Bearer {old_access}").status_code == 200
    assert refresh(sim, {"refresh_token": old_refresh}).status_code == 400
    assert sim.credits_spent == 1
    assert response.headers["X-Post-Rate-Limit-Limit"] == "1250"
    assert response.headers["X-Post-Rate-Limit-Remaining"] == "1249"
    assert response.headers["X-Post-Rate-Limit-Reset"] == "3600"


def test_refresh__may_keep_the_token_and_may_end_the_old_one() -> None:
    """Both are options: a refresh token that stays, and a refresh that ends earlier access tokens."""
    sim = small(rotate_refresh_tokens=False, refresh_ends_old_tokens=True)
    old_access, old_refresh = sim.access_token, sim.refresh_token
    assert refresh(sim, as_json=True).json()["refresh_token"] == old_refresh == sim.refresh_token
    assert ask(sim, authorization=f"Bearer {old_access}").status_code == 403


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"refresh_token": "x"}, "Refresh token doesn't exist or is invalid for the client"),
        ({"client_secret": "x"}, "The client credentials are invalid"),
        ({"grant_type": "password"}, "Invalid grant_type parameter or parameter missing"),
        ({"refresh_token": ""}, "Invalid grant_type parameter or parameter missing"),
    ],
)
def test_refresh__refuses_with_400(change: dict[str, str], error: str) -> None:
    """A wrong token, secret or grant type is a 400 in the envelope, and no token changes."""
    sim = small()
    held = sim.access_token, sim.refresh_token
    response = refresh(sim, change)
    data = {"error": error, "request": "/oauth2/token", "method": "POST"}
    assert response.json() == {"data": data, "success": False, "status": 400}
    assert (sim.access_token, sim.refresh_token) == held


def test_tokens__can_be_ended_by_a_test() -> None:
    """``expire`` ends access tokens only; ``revoke`` the refresh token too, as a login elsewhere does."""
    sim = small()
    sim.tokens.expire()
    assert ask(sim).status_code == 403
    assert refresh(sim).status_code == 200
    old_access, old_refresh = sim.access_token, sim.refresh_token
    sim.tokens.revoke(now=sim.world.now)
    assert refresh(sim, {"refresh_token": old_refresh}).status_code == 400
    assert ask(sim, authorization=f"Bearer {old_access}").status_code == 403
    assert ask(sim).status_code == 200


def test_secret__checks_a_token_for_nothing() -> None:
    """``/oauth2/secret`` is 200 with a live token and refuses others, at no credit."""
    sim = small()
    assert ask(sim, "/oauth2/secret").json() == {"data": True, "success": True, "status": 200}
    assert ask(sim, "/oauth2/secret", authorization="Bearer x").status_code == 403
    assert ask(sim, "/oauth2/secret", authorization="").status_code == 401
    assert ask(sim, "/oauth2/secret", authorization=f"Client-ID {sim.client_id}").status_code == 401
    assert sim.credits_spent == 0
