"""The only module that speaks HTTP: a request in, a typed reply or an error out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from imgur_source.clock import Clock
from imgur_source.errors import (
    ApplicationRefusedError,
    ConfigurationError,
    PrivateError,
    RefusedError,
    StoppedError,
    TransientError,
)
from imgur_source.meter import FREE_ENDPOINTS, CreditMeter
from imgur_source.replies import Reply, read_reply
from imgur_source.settings import RETRIES, RETRY_WAIT, RETRY_WAIT_LONGEST

logger = logging.getLogger(__name__)

MOST_REDIRECTS = 3  # of one request; each costs a credit, and more is a loop


class ImgurClient:
    """Sends one request at a time, each booked with the meter, and reads what comes back.

    Args:
        oauth_url: where tokens are refreshed, if that is another host.
        public: signs requests that need no login.
        login: signs requests of the account that is logged in; None where there is no login.
        should_stop: asked before each attempt.
        transport: takes the place of the network in tests and in the demo.
    """

    def __init__(
        self,
        *,
        base_url: str,
        oauth_url: str | None = None,
        public: httpx.Auth,
        login: httpx.Auth | None,
        meter: CreditMeter,
        clock: Clock,
        timeout: timedelta,
        user_agent: str,
        should_stop: Callable[[], bool] = lambda: False,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._public = public
        self._login = login
        self._clock = clock
        self.meter = meter
        self.sunsets: dict[str, str] = {}
        self._is_known = False  # whether Imgur has answered this application anything yet
        self._login_trouble: TransientError | None = None
        self._http = httpx.Client(
            base_url=base_url,
            transport=MeteredTransport(
                transport or httpx.HTTPTransport(),
                meter=meter,
                home=httpx.URL(base_url),
                oauth_home=httpx.URL(oauth_url or base_url),
                should_stop=should_stop,
            ),
            timeout=httpx.Timeout(timeout.total_seconds()),
            headers={"User-Agent": user_agent, "Accept": "application/json"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # the login's must not sign the rest
            follow_redirects=True,
            max_redirects=MOST_REDIRECTS,
            trust_env=False,
        )

    @property
    def has_login(self) -> bool:
        return self._login is not None

    def get(
        self, endpoint: str, path: str, *, params: Mapping[str, str] | None = None, as_me: bool = False
    ) -> Reply:
        """Ask for *path*, again where that may help; each attempt costs a credit.

        Args:
            endpoint: the kind of request, for the books and for messages; holds no id or name.
            as_me: ask with the login instead of with the client id.

        Raises:
            ImgurError: one of the tree in ``errors.py``. An application that has been answered before
                is not unknown: a list that refuses it wants a login, which is ``PrivateError``.
        """
        if as_me and self._login_trouble is not None:
            raise self._login_trouble
        attempts = 0

        def once() -> Reply:
            nonlocal attempts
            attempts += 1
            return self._send(endpoint, path, params=params, as_me=as_me)

        try:
            return Retrying(
                stop=stop_after_attempt(RETRIES + 1),
                wait=wait_exponential_jitter(
                    initial=RETRY_WAIT.total_seconds(),
                    max=RETRY_WAIT_LONGEST.total_seconds(),
                    jitter=RETRY_WAIT.total_seconds(),
                ),
                retry=retry_if_exception_type(TransientError),
                sleep=lambda seconds: self._clock.sleep(timedelta(seconds=seconds)),
                reraise=True,
            )(once)
        except TransientError as error:
            trouble = TransientError(error.endpoint, error.reason, attempts=attempts)
            if error.endpoint == "oauth2_token":
                self._login_trouble = trouble  # the next list would only knock at the same door
            raise trouble from error
        except ApplicationRefusedError as error:
            if self._is_known and not as_me:
                raise PrivateError(endpoint, error.reason) from error
            raise

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def _send(self, endpoint: str, path: str, *, params: Mapping[str, str] | None, as_me: bool) -> Reply:
        if as_me and self._login is None:
            raise ConfigurationError("This list needs a login. Run: python pipelines/login.py")
        try:
            response = self._http.get(
                path,
                params=dict(params or {}),
                auth=self._login if as_me and self._login else self._public,
                extensions={"imgur_endpoint": endpoint},
            )
        except httpx.TimeoutException as error:
            raise TransientError(endpoint, "no answer in time") from error
        except httpx.TooManyRedirects as error:
            raise RefusedError(endpoint, 302, f"more than {MOST_REDIRECTS} redirects") from error
        except httpx.RequestError as error:
            raise TransientError(endpoint, f"the connection failed ({type(error).__name__})") from error
        self._heed_sunset(endpoint, response.headers.get("sunset"))
        reply = read_reply(
            endpoint,
            status=response.status_code,
            headers=response.headers,
            body=response.content,
            received_at=self._clock.now(),
            with_login=as_me,
        )
        self._is_known = True
        logger.debug(
            "reply endpoint=%s path=%s bytes=%d spent=%d",
            endpoint, path, len(response.content), self.meter.credits.spent,
        )  # fmt: skip
        return reply

    def _heed_sunset(self, endpoint: str, sunset: str | None) -> None:
        """Warn once of an endpoint that will end; Imgur may say so with an error, too."""
        if sunset and endpoint not in self.sunsets:
            self.sunsets[endpoint] = sunset
            logger.warning("endpoint will be retired endpoint=%s sunset=%s", endpoint, sunset)


class MeteredTransport(httpx.BaseTransport):
    """Every request passes here, retries, redirects and token refreshes too: booked, or not sent.

    Nothing is sent to another origin than the API's own, and the refresh of a
    token to no other than its own: a redirect must not carry a secret away.
    """

    def __init__(
        self,
        inner: httpx.BaseTransport,
        *,
        meter: CreditMeter,
        home: httpx.URL,
        oauth_home: httpx.URL,
        should_stop: Callable[[], bool],
    ) -> None:
        self._inner = inner
        self._meter = meter
        self._home = home
        self._oauth_home = oauth_home
        self._should_stop = should_stop

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        endpoint = str(request.extensions.get("imgur_endpoint", "unknown"))
        if self._should_stop():
            raise StoppedError()
        home = self._oauth_home if endpoint in FREE_ENDPOINTS else self._home
        if _origin(request.url) != _origin(home):
            raise RefusedError(
                endpoint, 302, f"a redirect to another host, {request.url.host}, was not followed"
            )
        self._meter.before(endpoint)
        response = self._inner.handle_request(request)
        self._meter.after(response.headers)
        return response

    def close(self) -> None:
        self._inner.close()


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
