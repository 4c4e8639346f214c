"""How a request says who asks: three small ``httpx.Auth``, and the pair of them that a run needs.

Knows Imgur's headers and when a token is refreshed. Where tokens are kept is
left to ``token_store.py``, what a reply means to ``replies.py`` and ``oauth.py``,
and sending to the client: a refresh is one more request that passes through the
same transport.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import httpx

from imgur_source.api.oauth import REFRESH_ENDPOINT, REFRESH_MARGIN, is_sendable, read_token_reply
from imgur_source.api.replies import error_text, is_dead_token, may_be_dead_token
from imgur_source.api.token_store import Tokens, TokenVault, choose, fingerprint
from imgur_source.clock import Clock
from imgur_source.errors import (
    ConfigurationError,
    LoginExpiredError,
    TransientError,
)
from imgur_source.settings import IMGUR_URL, ImgurCredentials, Settings

logger = logging.getLogger(__name__)

_TIMEOUT = httpx.Timeout(Settings.request_timeout_seconds).as_dict()
_RAPIDAPI_DOMAIN = ".rapidapi.com"


class ClientIdAuth(httpx.Auth):
    """Asks as the application: enough for all that is public."""

    def __init__(self, client_id: str) -> None:
        self._client_id = client_id

    def __repr__(self) -> str:
        return "ClientIdAuth(…)"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Client-ID {self._client_id}"
        yield request


class _BlockingAuth(httpx.Auth):
    """An auth for ``httpx.Client`` only, whose flow is closed with the request it serves.

    httpx's own ``sync_auth_flow`` leaves the inner generator to the garbage
    collector when a request fails; one that holds a lock must end at once.
    """

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        yield from self.auth_flow(request)

    def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        raise RuntimeError(f"{type(self).__name__} waits for a file lock: use httpx.Client, not AsyncClient.")


class BearerAuth(_BlockingAuth):
    """Asks as the account that is logged in, and keeps its access token fresh.

    May be shared by threads. Threads and processes that find the token dead at
    the same time refresh it once: the first one does, the others take what they
    find in the vault.

    Args:
        configured: the login from the configuration, if there is one (``configured_tokens``).
        client_secret: needed for a refresh only.
        token_url: where a refresh is sent (``token_url_of``).
    """

    def __init__(
        self,
        vault: TokenVault,
        *,
        client_id: str,
        client_secret: str | None,
        configured: Tokens | None,
        token_url: str,
        clock: Clock,
    ) -> None:
        self._vault = vault
        self._client_id = client_id
        self._client_secret = client_secret
        self._configured = configured
        self._token_url = token_url
        self._clock = clock
        self._tokens: Tokens | None = None

    def __repr__(self) -> str:
        return f"BearerAuth({self._vault!r})"

    @property
    def tokens(self) -> Tokens:
        """The login in use.

        Raises:
            LoginExpiredError: when none is configured and none is in the vault.
        """
        if self._tokens is None:
            self._tokens = choose(configured=self._configured, stored=self._vault.load())
        if self._tokens is None:
            raise LoginExpiredError("no token is configured or in the vault")
        return self._tokens

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send *request* with a live token: at most one refresh, at most one second sending.

        A 429 is handed on as it is. Where it may be about the token, the token counts as expired.

        Raises:
            LoginExpiredError: when the token is dead and Imgur gives no other.
            ConfigurationError: when a refresh is due and cannot be sent, or its outcome not kept.
            CreditsExhaustedError, TransientError: when the refresh fails; the stored tokens stay as they are.
        """
        tokens, is_brand_new = self.tokens, False
        if self._is_due(tokens):
            why = "the access token has expired" if tokens.access_token else "there is no access token yet"
            tokens, is_brand_new = yield from self._renewed(tokens, request, reason=why)
        response = yield _with_bearer(request, tokens)
        body = response.read()
        if is_dead_token(body, status=response.status_code) and not is_brand_new:
            words = error_text(self.without_secrets(body, tokens)) or f"status {response.status_code}"
            tokens, _ = yield from self._renewed(tokens, request, reason=words)
            yield _with_bearer(request, tokens)
        elif not is_brand_new and may_be_dead_token(
            body, status=response.status_code, headers=response.headers
        ):
            self._expire(tokens)

    def _expire(self, tokens: Tokens) -> None:
        """Have *tokens* refreshed before the next request with the login; where they are stored, in any run.

        A vault that cannot be written must not hide the 429.
        """
        if not self._can_refresh(tokens):
            return
        self._tokens = replace(tokens, expires_at=self._clock.now())
        try:
            with self._vault.lock():
                stored = self._vault.load()
                if stored and stored.access_token == tokens.access_token:  # not refreshed meanwhile
                    self._vault.save(replace(stored, expires_at=self._clock.now()))
        except (ConfigurationError, TransientError) as error:
            logger.warning("a token that may be dead was not marked as expired: %s", error)

    def _can_refresh(self, tokens: Tokens) -> bool:
        return bool(tokens.refresh_token and self._client_secret)

    def _is_due(self, tokens: Tokens) -> bool:
        """Whether to refresh before sending; not where that cannot be done, the expiry being only a hint."""
        if tokens.access_token is None:
            return True
        if tokens.expires_at is None or not self._can_refresh(tokens):
            return False
        return self._clock.now() >= tokens.expires_at - REFRESH_MARGIN

    def _renewed(
        self, stale: Tokens, request: httpx.Request, *, reason: str
    ) -> Generator[httpx.Request, httpx.Response, tuple[Tokens, bool]]:
        """Tokens to use instead of *stale*, and whether Imgur has made them just now.

        The lock is held across the refresh: whoever drives this generator has
        to close it, which ``sync_auth_flow`` and httpx do on every way out.
        """
        with self._vault.lock():
            stored = self._vault.load()
            # A vault that has been taken away does not make an older configured token the better one.
            current = (choose(configured=self._configured, stored=stored) if stored else None) or stale
            if current.access_token not in (None, stale.access_token) and not self._is_due(current):
                logger.info("access token taken from the vault, refreshed by another")
                self._tokens = current
                return current, False
            refresh = self._refresh_request(current, request, reason=reason)
            self._vault.check_writable()
            response = yield refresh
            self._tokens = self._kept(response, before=current)
            return self._tokens, True

    def _refresh_request(self, current: Tokens, request: httpx.Request, *, reason: str) -> httpx.Request:
        if current.refresh_token is None:
            raise LoginExpiredError(f"{reason}; there is no refresh token")
        if self._client_secret is None:
            raise ConfigurationError(
                f"The login has to be refreshed ({reason}), which takes the client secret. "
                f"{_how_to_set('client_secret')}"
            )
        return httpx.Request(
            "POST",
            self._token_url,
            data={
                "grant_type": "refresh_token",
                "refresh_token": current.refresh_token,
                "client_id": self._client_id,
                "client_secret": self._client_secret,
            },
            headers={
                "Accept": "application/json",
                "User-Agent": request.headers.get("User-Agent", "imgur_source"),
            },
            # A request that no client has built would wait for ever, with the lock held.
            extensions={
                "imgur_endpoint": REFRESH_ENDPOINT,
                "timeout": request.extensions.get("timeout", _TIMEOUT),
            },
        )

    def _kept(self, response: httpx.Response, *, before: Tokens) -> Tokens:
        """The tokens of a token reply, already in the vault."""
        try:
            body = response.read()
        except httpx.RequestError as error:
            raise TransientError(REFRESH_ENDPOINT, f"the reply broke off ({type(error).__name__})") from error
        tokens = read_token_reply(
            status=response.status_code,
            headers=response.headers,
            body=body,
            body_to_show=self.without_secrets(body, before),
            before=before,
            received_at=self._clock.now(),
        )
        self._vault.save(tokens)
        logger.info(
            "access token refreshed expires_at=%s refresh_token=%s",
            tokens.expires_at,
            "unchanged" if tokens.refresh_token == before.refresh_token else "rotated",
        )
        return tokens

    def without_secrets(self, body: bytes, tokens: Tokens) -> bytes:
        """An error reply without what was sent to get it, in case Imgur repeats it."""
        for secret in (tokens.access_token, tokens.refresh_token, self._client_secret):
            if secret:
                body = body.replace(secret.encode(), "…".encode())
        return body


class RapidApiAuth(_BlockingAuth):
    """Adds the key of the commercial gateway to requests that another auth signs.

    A token refresh gets none: it goes to Imgur itself, past the gateway.

    Args:
        host: the gateway's host name.
    """

    def __init__(self, signer: httpx.Auth, *, key: str, host: str) -> None:
        self._signer = signer
        self._key = key
        self._host = host

    def __repr__(self) -> str:
        return f"RapidApiAuth({self._signer!r}, host={self._host!r})"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        # the documentation names the first, working clients send the other two (docs/imgur-api.md: transport)
        request.headers["X-Mashape-Key"] = self._key
        request.headers["X-RapidAPI-Key"] = self._key
        request.headers["X-RapidAPI-Host"] = self._host
        yield from self._signer.sync_auth_flow(request)


@dataclass(frozen=True, slots=True)
class Authenticators:
    """Who may ask in this run; ``login`` is None where nobody is logged in.

    Attributes:
        descends_from: tells one login from another without holding a token; empty where nobody is logged in.
    """

    public: httpx.Auth
    login: httpx.Auth | None
    descends_from: str = ""


def authenticators(credentials: ImgurCredentials, *, settings: Settings, clock: Clock) -> Authenticators:
    """Make ready what the credentials and the vault allow; nothing is sent.

    Raises:
        ConfigurationError: when there is no client id, or a credential or the vault cannot be used.
    """
    client_id = client_id_of(credentials)
    vault = TokenVault(settings.state_path, client_id, clock=clock)
    configured = configured_tokens(credentials)
    public: httpx.Auth = ClientIdAuth(client_id)
    login: httpx.Auth | None = None
    tokens = choose(configured=configured, stored=vault.load())
    if tokens:
        login = BearerAuth(
            vault,
            client_id=client_id,
            client_secret=credential_of(credentials, "client_secret"),
            configured=configured,
            token_url=token_url_of(settings.base_url),
            clock=clock,
        )
    if key := credential_of(credentials, "rapidapi_key"):
        host = urlsplit(settings.base_url).hostname or ""
        public = RapidApiAuth(public, key=key, host=host)
        login = login and RapidApiAuth(login, key=key, host=host)
    return Authenticators(public, login, descends_from=tokens.descends_from or "" if tokens else "")


def client_id_of(credentials: ImgurCredentials) -> str:
    """The configured client id.

    Raises:
        ConfigurationError: when there is none, or it cannot be sent.
    """
    client_id = credential_of(credentials, "client_id")
    if client_id is None:
        raise ConfigurationError(
            "The client id of an Imgur application is missing. "
            f"{_how_to_set('client_id')} Imgur registers no new applications any more; "
            "to see it work without one, run: python pipelines/sync.py --demo"
        )
    return client_id


def configured_tokens(credentials: ImgurCredentials) -> Tokens | None:
    """The login that stands in the configuration, None when there is none.

    Raises:
        ConfigurationError: when a token cannot be sent.
    """
    refresh_token = credential_of(credentials, "refresh_token")
    access_token = credential_of(credentials, "access_token")
    named_by = refresh_token or access_token
    if named_by is None:
        return None
    return Tokens(access_token=access_token, refresh_token=refresh_token, descends_from=fingerprint(named_by))


def oauth_base_of(base_url: str) -> str:
    """Where ``/oauth2`` is served: at *base_url*, but at Imgur where that is the commercial gateway."""
    host = urlsplit(base_url).hostname or ""
    return IMGUR_URL if host.endswith(_RAPIDAPI_DOMAIN) else base_url


def token_url_of(base_url: str) -> str:
    """Where a token is refreshed."""
    return f"{oauth_base_of(base_url)}/oauth2/token"


def _with_bearer(request: httpx.Request, tokens: Tokens) -> httpx.Request:
    request.headers["Authorization"] = f"Bearer {tokens.access_token}"
    return request


def credential_of(credentials: ImgurCredentials, name: str) -> str | None:
    """One credential without the blanks that pasting adds, None when it is not set.

    Raises:
        ConfigurationError: when no header could carry it; an HTTP library would quote it in its own error.
    """
    value = str(getattr(credentials, name) or "").strip()
    if value and not is_sendable(value):
        raise ConfigurationError(
            f"The {name} holds a blank, a line break or a letter outside ASCII. {_how_to_set(name)}"
        )
    return value or None


def _how_to_set(name: str) -> str:
    return (
        f"Set SOURCES__IMGUR__CREDENTIALS__{name.upper()}, or {name} under [sources.imgur.credentials] "
        "in .dlt/secrets.toml."
    )
