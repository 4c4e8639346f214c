"""The simulator behind a real socket, for clients in other processes."""

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from threading import Lock, Thread
from typing import cast

import httpx

from imgur_source.simulator.simulator import Simulator


class _Server(ThreadingHTTPServer):
    """Holds the simulator for its handlers, and the connections that are open."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, simulator: Simulator, host: str, port: int, *, speed: float) -> None:
        super().__init__((host, port), _Handler)
        self.simulator = simulator
        self._speed = speed
        self._lock = Lock()
        self._last = time.monotonic()
        self._open: set[socket.socket] = set()
        self._to_reset: set[socket.socket] = set()

    def let_time_pass(self) -> None:
        """Bring the world's time up with the clock on the wall, times the speed."""
        if self._speed:
            with self._lock:
                now = time.monotonic()
                self.simulator.advance(timedelta(seconds=(now - self._last) * self._speed))
                self._last = now

    def note_open(self, connection: socket.socket) -> None:
        """Remember a connection until it is closed."""
        with self._lock:
            self._open.add(connection)

    def note_closed(self, connection: socket.socket) -> None:
        """Forget a connection."""
        with self._lock:
            self._open.discard(connection)

    def reset(self, connection: socket.socket) -> None:
        """Let *connection* break instead of ending in order."""
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with self._lock:
            self._to_reset.add(connection)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """Close a connection; with a linger time of 0 and no shutdown before, that sends a reset."""
        with self._lock:
            is_reset = request in self._to_reset
            self._to_reset.discard(cast(socket.socket, request))
        if is_reset:
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def hang_up(self) -> None:
        """End the connections clients keep open, so that their threads end too."""
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the client was faster


class _Handler(BaseHTTPRequestHandler):
    """Turns one HTTP request into an ``httpx.Request`` and its response into bytes."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self._server.note_open(self.connection)

    def finish(self) -> None:
        self._server.note_closed(self.connection)
        super().finish()

    @property
    def _server(self) -> _Server:
        return cast(_Server, self.server)

    def do_GET(self) -> None:
        """Answer a GET."""
        self._answer()

    def do_POST(self) -> None:
        """Answer a POST."""
        self._answer()

    def do_PUT(self) -> None:
        """Answer a PUT, which the API refuses."""
        self._answer()

    def do_DELETE(self) -> None:
        """Answer a DELETE, which only the control plane knows."""
        self._answer()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        host, port = self._server.server_address[:2]
        request = httpx.Request(
            self.command,
            f"http://{host!s}:{port}{self.path}",
            headers=list(self.headers.items()),
            content=body,
        )
        self._server.let_time_pass()
        if self._server.simulator.options.latency:
            time.sleep(self._server.simulator.options.latency)
        try:
            response = self._server.simulator(request)
        except httpx.ReadTimeout:
            self.close_connection = True
            return
        except httpx.ReadError:
            self._server.reset(self.connection)
            self.close_connection = True
            return
        self._send(response)

    def _send(self, response: httpx.Response) -> None:
        lines = [f"HTTP/1.1 {response.status_code} {_phrase(response.status_code)}"]
        headers = {**response.headers, "content-length": str(len(response.content))}
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if headers.get("connection") == "close":
            self.close_connection = True
        # in one write, or the second half waits for the client's acknowledgement of the first
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1") + response.content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing; ``Simulator.requests`` is the log."""


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Unknown"


def is_loopback(host: str) -> bool:
    """Say whether *host* is an address (of IPv4) which only this machine can reach."""
    if host == "localhost":
        return True
    try:
        return IPv4Address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def serve(
    simulator: Simulator, *, port: int = 0, host: str = "127.0.0.1", speed: float = 0.0
) -> Iterator[str]:
    """Serve *simulator* until the block ends; the base URL (without ``/3``) is the value.

    Port 0 takes any free one. *speed* is how many seconds of the world pass with each
    second on the wall: 0 leaves time to ``advance``.

    Raises:
        ValueError: *host* is not a loopback address.
        OSError: the port is taken.
    """
    if not is_loopback(host):
        raise ValueError(f"The simulator serves this machine only; {host} is not a loopback address")
    server = _Server(simulator, host, port, speed=speed)
    thread = Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="imgur-simulator", daemon=True
    )
    thread.start()
    try:
        yield f"http://{host}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        server.hang_up()
        thread.join()
