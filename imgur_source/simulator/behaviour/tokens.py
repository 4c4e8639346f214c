"""The application's id and secret, and the tokens of the account that logged in with it."""

from collections.abc import Mapping

from imgur_source.simulator.endpoints import Answer, bare, failure
from imgur_source.simulator.world import Dice, Person

_HEX = "0123456789abcdef"
_PATH = "/oauth2/token"


class Tokens:
    """Who may ask for what: access tokens that expire, refresh tokens that rotate.

    ``access_token`` and ``refresh_token`` are the newest ones. A refresh does not end the
    access tokens given before, unless *refresh_ends_old* says so, as some users reported.
    """

    def __init__(
        self, *, seed: int, owner: Person, now: int, life: int, rotate: bool, refresh_ends_old: bool
    ) -> None:
        self._dice = Dice(seed, "tokens")
        self._owner = owner
        self._life = life
        self._rotate = rotate
        self._refresh_ends_old = refresh_ends_old
        self._expiries: dict[str, int] = {}
        self.client_id = self._dice.text(_HEX, 15)
        self.client_secret = self._dice.text(_HEX, 40)
        self.refresh_token = self._dice.text(_HEX, 40)
        self.access_token = self._new_access_token(now)

    def __repr__(self) -> str:
        return f"Tokens(client_id={self.client_id[:4]}…)"

    def is_live(self, access_token: str, *, now: int) -> bool:
        """Say whether *access_token* was given out and has not expired."""
        return now < self._expiries.get(access_token, 0)

    def expire(self) -> None:
        """End all access tokens now; the refresh token goes on working."""
        self._expiries.clear()

    def revoke(self, *, now: int) -> None:
        """End the login, as when the person logs in anew: the tokens held so far are dead."""
        self.expire()
        self.refresh_token = self._dice.text(_HEX, 40)
        self.access_token = self._new_access_token(now)

    def answer(self, form: Mapping[str, str], *, now: int) -> Answer:
        """Answer ``POST /oauth2/token``: new tokens, in a bare object, or a 400."""
        if form.get("grant_type") != "refresh_token" or not form.get("refresh_token"):
            return self._refusal("Invalid grant_type parameter or parameter missing")
        if (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            return self._refusal("The client credentials are invalid")
        if form["refresh_token"] != self.refresh_token:
            return self._refusal("Refresh token doesn't exist or is invalid for the client")
        if self._rotate:
            self.refresh_token = self._dice.text(_HEX, 40)
        if self._refresh_ends_old:
            self.expire()
        self.access_token = self._new_access_token(now)
        return bare(
            {
                "access_token": self.access_token,
                "expires_in": self._life,
                "token_type": "bearer",
                "scope": None,
                "refresh_token": self.refresh_token,
                "account_id": self._owner.id,
                "account_username": self._owner.name,
            }
        )

    def _new_access_token(self, now: int) -> str:
        token = self._dice.text(_HEX, 40)
        self._expiries[token] = now + self._life
        return token

    def _refusal(self, text: str) -> Answer:
        return failure(400, text, path=_PATH, method="POST")
