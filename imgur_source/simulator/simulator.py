"""The simulator itself: a request comes in, the world answers, time can be made to pass."""

import hashlib
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import RLock
from typing import Any
from urllib.parse import parse_qsl

import httpx

from imgur_source.simulator import control
from imgur_source.simulator.behaviour import KINDS, Fault, Faults, Limits, Struck, Tokens
from imgur_source.simulator.endpoints import (
    Answer,
    Call,
    Desk,
    enveloped,
    failure,
    html,
    routes,
    too_many_requests,
)
from imgur_source.simulator.options import Options
from imgur_source.simulator.truth import Truth
from imgur_source.simulator.world import Feeds, Life, Person, World, seeding


@dataclass(frozen=True)
class SeenRequest:
    """A request in the log. Headers are lower-case and may hold tokens, so ``repr`` leaves them out."""

    method: str
    path: str  # with its query
    status: int  # 0 when the connection broke instead
    cost: int  # credits
    at: datetime
    headers: dict[str, str] = field(repr=False)


class Simulator:
    """A local Imgur; give it to ``httpx.MockTransport`` or to ``serve``.

    Built from keywords (``Simulator(seed=7, images=500)``) which are the fields of
    ``Options``. It is safe to call from several threads. ``httpx.ReadTimeout`` and
    ``httpx.ReadError`` are raised when a fault says so.
    """

    def __init__(self, options: Options | None = None, /, **changes: Any) -> None:
        self.options = replace(options or Options(), **changes)
        chosen = self.options
        self._clock = chosen.now.astimezone(UTC)
        self._lock = RLock()
        self.world = World(seed=chosen.seed, now=int(self._clock.timestamp()))
        cast = seeding.create(self.world, chosen.size)
        self._life = Life(self.world, cast, chosen.size)
        self.username = cast.owner.name
        self.other_usernames = tuple(person.name for person in cast.others)
        self.faults = Faults()
        self.limits = Limits(
            user_limit=chosen.user_limit,
            client_limit=chosen.client_limit,
            reset_style=chosen.user_reset_style,
            user_window=chosen.user_window,
            client_window=chosen.client_window,
            plan_limit=chosen.plan_limit,
        )
        self.tokens = Tokens(
            seed=chosen.seed,
            owner=cast.owner,
            now=self.world.now,
            life=chosen.token_life,
            rotate=chosen.rotate_refresh_tokens,
            refresh_ends_old=chosen.refresh_ends_old_tokens,
        )
        self._log: deque[SeenRequest] = deque(maxlen=chosen.requests_kept)
        self._desk = Desk(
            world=self.world,
            feeds=Feeds(self.world),
            per_page=chosen.per_page,
            comment_count_error=chosen.comment_count_error,
            honours_previews=chosen.album_previews,
        )
        self.truth = Truth(self._desk)

    def __repr__(self) -> str:
        chosen = self.options
        return f"Simulator(seed={chosen.seed}, images={chosen.images}, now={self.now():%Y-%m-%d %H:%M:%S})"

    # what an application holds

    @property
    def client_id(self) -> str:
        """The id of the application that exists here."""
        return self.tokens.client_id

    @property
    def client_secret(self) -> str:
        """Its secret."""
        return self.tokens.client_secret

    @property
    def access_token(self) -> str:
        """The newest access token of the owner; it may have expired."""
        return self.tokens.access_token

    @property
    def refresh_token(self) -> str:
        """The refresh token which is valid now."""
        return self.tokens.refresh_token

    # what a test looks at

    @property
    def requests(self) -> list[SeenRequest]:
        """The requests seen, oldest first, those to the control plane left out."""
        with self._lock:
            return list(self._log)

    @property
    def credits_spent(self) -> int:
        """Credits charged since the start."""
        return self.limits.spent

    @property
    def strikes(self) -> int:
        """How often the day's credits were used up in this month of the world."""
        return self.limits.strikes(self.world.now)

    # time

    def now(self) -> datetime:
        """Return the world's time, aware, in UTC."""
        return self._clock

    def advance(self, duration: timedelta) -> None:
        """Let time pass. Two advances of 12 hours do exactly what one of 24 hours does."""
        if duration < timedelta(0):
            raise ValueError("Time only passes forwards")
        with self._lock:
            self._clock += duration
            self._life.run_until(int(self._clock.timestamp()))

    # requests

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer *request* as Imgur would, or raise what httpx raises when a connection breaks."""
        with self._lock:
            if request.url.path.startswith(control.PREFIX):
                return _response(control.answer(self, request), request)
            self.advance(timedelta(seconds=self.options.seconds_per_request))
            spent = self.limits.spent
            status = 0
            try:
                answer = self._answer(request)
                status = answer.status
            finally:
                self._log.append(
                    SeenRequest(
                        method=request.method,
                        path=_target(request),
                        status=status,
                        cost=self.limits.spent - spent,
                        at=self.now(),
                        headers=dict(request.headers),
                    )
                )
            return _response(answer, request)

    def _answer(self, request: httpx.Request) -> Answer:
        path = request.url.path
        fault = self.faults.strike(_target(request))
        if fault is not None and fault.place == "edge":
            return KINDS[fault.kind].effect(Struck(request, fault.param, lambda **_: html(404, "Not Found")))
        if path.startswith("/3/"):
            return self._answer_api(request, fault)
        if path == "/oauth2/token" and request.method == "POST":
            answer = _spoilt(
                request, fault, lambda **_: self.tokens.answer(_form(request), now=self.world.now)
            )
            return answer.having(**self.limits.charge_post(self.world.now))
        if path == "/oauth2/secret":
            viewer = self._viewer(request)
            if viewer is None:  # a client id is no token
                return failure(401, "Authentication required", path=path, method=request.method)
            return viewer if isinstance(viewer, Answer) else enveloped(True)
        return html(404, "imgur: the simple 404 page")

    def _answer_api(self, request: httpx.Request, fault: Fault | None) -> Answer:
        if request.method != "GET":
            return html(405, "405 Not Allowed", text="<hr>nginx")
        viewer = self._viewer(request)
        if isinstance(viewer, Answer):
            return viewer
        now = self.world.now
        if request.url.path.rstrip("/") == "/3/credits":
            return self._with_limits(enveloped(self.limits.record(now)))
        if not self.limits.charge(now):
            return self._with_limits(too_many_requests())
        call = Call(request.method, request.url.path, dict(request.url.params), viewer)
        answer = _spoilt(
            request,
            fault,
            lambda **changes: routes.answer(self._desk, replace(call, **changes)),
        )
        return self._with_limits(self._with_etag(request, answer))

    def _viewer(self, request: httpx.Request) -> Person | Answer | None:
        """Return whose token came along, None for the client id, or the refusal."""
        scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
        path = request.url.path
        if scheme == "Client-ID":
            is_known = credential.strip() == self.client_id
            return None if is_known else failure(403, "Invalid client_id", path=path, method=request.method)
        if scheme.lower() == "bearer":
            if self.tokens.is_live(credential.strip(), now=self.world.now):
                return self.world.owner
            if self.options.expired_token_status == 429:
                return too_many_requests()
            text = "The access token provided is invalid."
            return failure(self.options.expired_token_status, text, path=path, method=request.method)
        return failure(401, "Authentication required", path=path, method=request.method)

    def _with_etag(self, request: httpx.Request, answer: Answer) -> Answer:
        if not self.options.etags or answer.status != 200:
            return answer
        etag = f'"{hashlib.sha1(answer.body, usedforsecurity=False).hexdigest()}"'
        if request.headers.get("If-None-Match") == etag:
            return replace(answer, status=304, body=b"", headers={"ETag": etag})
        return answer.having(ETag=etag)

    def _with_limits(self, answer: Answer) -> Answer:
        if not self.options.credits_headers or not answer.tells_limits:
            return answer
        return answer.having(**self.limits.headers(self.world.now))


def _spoilt(request: httpx.Request, fault: Fault | None, endpoint: Callable[..., Answer]) -> Answer:
    """Return what *endpoint* answers, unless a fault has a hand in it."""
    if fault is None:
        return endpoint()
    return KINDS[fault.kind].effect(Struck(request, fault.param, endpoint))


def _target(request: httpx.Request) -> str:
    return request.url.raw_path.decode()


def _form(request: httpx.Request) -> dict[str, str]:
    """Read the body of a POST, which may be a form or JSON."""
    body = request.read()
    if "json" in request.headers.get("Content-Type", ""):
        content = json.loads(body)
        return {str(name): str(value) for name, value in content.items()}
    return dict(parse_qsl(body.decode()))


def _response(answer: Answer, request: httpx.Request) -> httpx.Response:
    return httpx.Response(answer.status, headers=answer.headers, content=answer.body, request=request)
