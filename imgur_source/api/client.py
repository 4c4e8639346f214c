"""The only module that speaks HTTP: a request in, a typed reply or an error out."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.parse import quote

import httpx
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from imgur_source.api.journal import Journal, request_key
from imgur_source.api.oauth import REFRESH_ENDPOINT
from imgur_source.api.replies import Reply, read_reply
from imgur_source.clock import Clock
from imgur_source.credits import FREE_ENDPOINTS, Answer, CreditMeter
from imgur_source.errors import (
    ApplicationRefusedError,
    ConfigurationError,
    CreditsExhaustedError,
    ImgurError,
    NotFoundError,
    PrivateError,
    RefusedError,
    ReplayEndedError,
    StoppedError,
    TransientError,
)
from imgur_source.plain_text import plain
from imgur_source.settings import RETRIES, RETRY_WAIT, RETRY_WAIT_LONGEST

logger = logging.getLogger(__name__)

MOST_REDIRECTS = 3  # of one request; each costs a credit, and more is a loop
SECRET_HEADERS = ("authorization", "x-rapidapi-key")  # the scheme before it is none
ANSWERS = (200, 404)  # that are worth a replay: what is there, and that something is not


def api_path(template: str, **values: str | int) -> str:
    """``/3/account/{account}/images/{page}`` with its *values*, each quoted, in their places."""
    return template.format(**{name: quote(str(value), safe="") for name, value in values.items()})


class ImgurClient:
    """Sends requests, each booked with the meter, and reads what comes back; may be shared by threads.

    With a journal, what an earlier run has paid for is not asked for again: its
    replies come first, at no credit and with the time they were received.

    Args:
        oauth_url: where tokens are refreshed, if that is another host.
        public: signs requests that need no login.
        login: signs requests of the account that is logged in; None where there is no login.
        should_stop: asked before each attempt.
        transport: takes the place of the network in tests and in the demo.
        journal: keeps what was paid for until it is loaded, and bodies by their ETag; None: nothing is kept.
        scope: stands for the server, the application and the login in the journal, so that another
            login is never given this one's replies.

    Attributes:
        replays_only: while true nothing is asked; what the journal does not hold is ``ReplayEndedError``.
        sunsets: endpoints that Imgur announced to retire, and when; replaced, not changed.
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
        journal: Journal | None = None,
        scope: str = "",
    ) -> None:
        self._public = public
        self._login = login
        self._clock = clock
        self._journal = journal
        self._scope = scope
        self.meter = meter
        self.replays_only = False
        self.sunsets: dict[str, str] = {}
        self._sunset_lock = threading.Lock()
        self._is_known = False  # whether Imgur has answered this application anything yet
        self._login_trouble: TransientError | None = None
        self._exhausted: CreditsExhaustedError | None = None
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

    def get(
        self,
        endpoint: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        as_me: bool = False,
        is_replay_taken: bool = True,
    ) -> Reply:
        """Ask for *path*, again where that may help; each attempt costs a credit, a replay none.

        Args:
            endpoint: the kind of request, for the books and for messages; holds no id or name.
            as_me: ask with the login instead of with the client id.
            is_replay_taken: whether what an earlier run has paid for will do.

        Raises:
            ImgurError: one of the tree in ``errors.py``. An application that has been answered before
                is not unknown: a list that refuses it wants a login, which is ``PrivateError``.
        """
        if as_me and self._login is None:
            raise ConfigurationError("This list needs a login. Run: python pipelines/login.py")
        key = request_key(path, params=params, as_me=as_me, scope=self._scope)
        if is_replay_taken and (reply := self._replayed(endpoint, key, as_me=as_me)) is not None:
            return reply
        if self.replays_only:
            raise ReplayEndedError(endpoint)
        if self._exhausted is not None:
            raise self._exhausted.with_traceback(None)
        try:
            return self._retried(endpoint, path, key=key, params=params, as_me=as_me)
        except CreditsExhaustedError as error:
            refusal = self.meter.heeded(error)
            if not refusal.is_backfill_floor:
                self._exhausted = refusal  # other threads may be about to ask
            raise refusal from (error.__cause__ if refusal is error else error)
        except ApplicationRefusedError as error:
            if self._is_known and not as_me:
                raise PrivateError(endpoint, error.reason) from error
            raise

    def end_replays(self) -> None:
        """Ask for everything from now on; what the journal still holds is left to a later run."""
        self.replays_only = False
        if self._journal:
            self._journal.end_replays()

    def next_round(self) -> None:
        """Ask again: what ended the last round of the run is over."""
        self.replays_only, self._exhausted, self._login_trouble = False, None, None

    def close(self) -> None:
        """Give the connections back, and the meter's ledger."""
        self._http.close()
        self.meter.close()

    def _retried(
        self, endpoint: str, path: str, *, key: str, params: Mapping[str, str] | None, as_me: bool
    ) -> Reply:
        """Send the request, again where that may help.

        Raises:
            TransientError: when it did not; with the number of attempts.
        """
        attempts = 0

        def once() -> Reply:
            nonlocal attempts
            if as_me and self._login_trouble is not None:
                raise self._login_trouble.with_traceback(None)  # it would grow with each list it ends
            attempts += 1
            return self._send(endpoint, path, key=key, params=params, as_me=as_me)

        try:
            return Retrying(
                stop=stop_after_attempt(RETRIES + 1),
                wait=wait_exponential_jitter(
                    initial=RETRY_WAIT.total_seconds(),
                    max=RETRY_WAIT_LONGEST.total_seconds(),
                    jitter=RETRY_WAIT.total_seconds(),
                ),
                retry=retry_if_exception(self._is_worth_a_retry),
                sleep=lambda seconds: self._clock.sleep(timedelta(seconds=seconds)),
                reraise=True,
            )(once)
        except TransientError as error:
            if error is self._login_trouble:
                raise
            trouble = TransientError(error.endpoint, error.reason, attempts=attempts)
            if error.endpoint == REFRESH_ENDPOINT:
                self._login_trouble = trouble  # the next list would only knock at the same door
            raise trouble from error

    def _is_worth_a_retry(self, error: BaseException) -> bool:
        return isinstance(error, TransientError) and error is not self._login_trouble

    def _replayed(self, endpoint: str, key: str, *, as_me: bool) -> Reply | None:
        """The next reply that the journal holds; one that was no answer then is passed over now.

        Raises:
            NotFoundError: when that was the answer.
        """
        while self._journal and (recorded := self._journal.replay(key)):
            try:
                reply = read_reply(
                    endpoint,
                    status=recorded.status,
                    headers=recorded.headers,
                    body=recorded.body,
                    received_at=recorded.received_at,
                    with_login=as_me,
                )
            except NotFoundError:
                self.meter.replayed(endpoint)
                raise
            except ImgurError as error:
                logger.debug("recorded reply passed over endpoint=%s reason=%s", endpoint, error)
                continue
            self.meter.replayed(endpoint)
            self._heed_sunset(endpoint, reply.sunset)
            return replace(reply, is_unchanged=recorded.is_unchanged, is_replayed=True)
        return None

    def _send(
        self, endpoint: str, path: str, *, key: str, params: Mapping[str, str] | None, as_me: bool
    ) -> Reply:
        """Send the request once; the reply is in the journal before it is read."""
        # kept while the request is under way: a 304 always finds the body it stands for
        known = self._journal.known(key) if self._journal else None
        etag = known.etag if known else None
        response = self._response(endpoint, path, params=params, etag=etag, as_me=as_me)
        content = without_secrets(response.content, response.request)
        self._heed_sunset(endpoint, response.headers.get("sunset"))
        received_at = self._clock.now()
        status, body = response.status_code, content
        is_unchanged = known is not None and status == 304
        if known is not None and is_unchanged:
            self.meter.found_unchanged(endpoint)
            status, body = 200, known.body
        if self._journal and status in ANSWERS:
            self._journal.record(
                key,
                status=status,
                body=body,
                headers=response.headers,
                received_at=received_at,
                is_unchanged=is_unchanged,
            )
        reply = read_reply(
            endpoint,
            status=status,
            headers=response.headers,
            body=body,
            received_at=received_at,
            with_login=as_me,
        )
        self._is_known = True
        etag = response.headers.get("etag")
        if self._journal and etag and etag.isascii() and not is_unchanged:
            self._journal.keep(key, etag=etag, body=body)
        logger.debug(
            "reply endpoint=%s path=%s bytes=%d spent=%d",
            endpoint, path, len(content), self.meter.credits.spent,
        )  # fmt: skip
        return replace(reply, is_unchanged=is_unchanged)

    def _response(
        self, endpoint: str, path: str, *, params: Mapping[str, str] | None, etag: str | None, as_me: bool
    ) -> httpx.Response:
        """What the network gives, whatever it means.

        Raises:
            TransientError: when there is no reply.
            RefusedError: when it is one redirect after the other.
        """
        try:
            return self._http.get(
                path,
                params=dict(params or {}),
                headers={"If-None-Match": etag} if etag else {},
                auth=self._login if as_me and self._login else self._public,
                extensions={"imgur_endpoint": endpoint},
            )
        except httpx.TimeoutException as error:
            raise TransientError(endpoint, "no answer in time") from error
        except httpx.TooManyRedirects as error:
            raise RefusedError(endpoint, 302, f"more than {MOST_REDIRECTS} redirects") from error
        except httpx.RequestError as error:
            raise TransientError(endpoint, f"the connection failed ({type(error).__name__})") from error

    def _heed_sunset(self, endpoint: str, sunset: str | None) -> None:
        """Warn once of an endpoint that will end; Imgur may say so with an error, too."""
        with self._sunset_lock:
            if not sunset or endpoint in self.sunsets:
                return
            self.sunsets = {**self.sunsets, endpoint: plain(sunset)}
        logger.warning("endpoint will be retired endpoint=%s sunset=%s", endpoint, sunset)


def without_secrets(body: bytes, request: httpx.Request) -> bytes:
    """*body* without what signed *request*, in case the answer repeats it."""
    for name in SECRET_HEADERS:
        secret = request.headers.get(name, "").rpartition(" ")[2].encode()
        if secret and secret in body:
            body = body.replace(secret, "…".encode())
    return body


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
                endpoint, 302, f"a redirect to another host, {plain(request.url.host)}, was not followed"
            )
        lease = self._meter.before(endpoint, should_stop=self._should_stop)
        answer: Answer | None = None
        try:
            response = self._inner.handle_request(request)
            answer = Answer(response.status_code, response.headers)
        finally:
            self._meter.after(lease, answer)
        return response

    def close(self) -> None:
        self._inner.close()


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
