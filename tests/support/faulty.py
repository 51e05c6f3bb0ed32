"""A proxy in front of an S3 server that does to requests what networks and busy servers do."""

from __future__ import annotations

import http.client
import random
import socket
import threading
from collections import Counter
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["FAULTS", "Faults", "Proxy", "Share", "faulty_proxy"]

SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
INTERNAL = b"<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>"
PAGE = b"<!DOCTYPE html><html><body><h1>Sign in to the network</h1></body></html>"
"""What a proxy or a portal answers in the place of AWS."""


IN_A_ROW = 5
"""
Events that are drawn in a row at most, unless all are to be.

Requests are tried eight times, and eight failures rightly end a run.
"""


class Share:
    """A share of events, drawn by chance; one is drawn as soon as one is due, since a few requests may be all."""

    def __init__(self, share: float, chance: random.Random) -> None:
        self._share, self._chance = share, chance
        self._due = 1 / share if share else float("inf")
        self._most = IN_A_ROW if share < 1 else float("inf")
        self._in_a_row = 0

    def draws(self) -> bool:
        """Whether the next event is one of them."""
        self._due -= 1
        drawn = (self._chance.random() < self._share and self._in_a_row < self._most) or self._due <= 0
        if drawn:
            self._due = float("inf")
        self._in_a_row = self._in_a_row + 1 if drawn else 0
        return drawn


class Faults:
    """Decides which request meets which fault, and remembers."""

    def __init__(self, share: float, kinds: tuple[str, ...], seed: int = 1) -> None:
        self._random, self._lock = random.Random(seed), threading.Lock()
        self._share, self._kinds = Share(share, self._random), kinds
        self.met: Counter[str] = Counter()
        self.requests = 0
        self.order: list[tuple[str, str]] = []
        """Method and path of what got through, in order."""

    def next(self, path: str) -> str | None:
        with self._lock:
            self.requests += 1
            kind = self._random.choice(self._kinds) if self._share.draws() else None
            if kind:
                self.met[kind] += 1
            return kind

    def passed(self, method: str, path: str) -> None:
        with self._lock:
            self.order.append((method, path))


class Proxy(BaseHTTPRequestHandler):
    """Passes requests on unless a fault says otherwise."""

    protocol_version = "HTTP/1.1"
    upstream: ClassVar[str]
    faults: ClassVar[Faults]

    def log_message(self, *_args: object) -> None:
        pass

    def handle_any(self) -> None:
        kind = self.faults.next(self.path)
        if kind == "reset in the request":
            self.rfile.read(min(10, int(self.headers.get("Content-Length") or 0)))
            self._reset()
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if kind in ("503", "slow down"):
            self._answer(503 if kind == "slow down" else 500, {}, SLOW_DOWN if kind == "slow down" else INTERNAL)
            return
        if kind == "page":
            self._answer(200, {"Content-Type": "text/html"}, PAGE)
            return
        if kind == "damaged upload" and self.command == "PUT" and body:
            body = bytes([body[0] ^ 1]) + body[1:]
        status, headers, data = self._forward(body)
        if kind == "answer lost":
            self._reset()
        elif kind in ("truncated answer", "reset in the answer") and self.command == "GET" and data:
            self._begin(status, headers, len(data))
            self.wfile.write(data[: len(data) // 2])
            self.wfile.flush()
            self._reset(hard=kind == "reset in the answer")
        elif kind == "wrong answer" and self.command == "GET" and status in (200, 206) and b"<?xml" not in data[:5]:
            self._answer(status, headers, bytes([data[0] ^ 1]) + data[1:] if data else data)
        else:
            self._answer(status, headers, data)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any  # noqa: N815 - http.server's names

    def _forward(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(self.upstream, timeout=60)
        try:
            # The signature covers the host that the client saw.
            connection.request(self.command, self.path, body, dict(self.headers.items()))
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        if answer.status < 300:
            self.faults.passed(self.command, urlsplit(self.path).path)
        hop = ("connection", "transfer-encoding", "content-length", "date", "server", "keep-alive")
        headers = {name: value for name, value in answer.getheaders() if name.lower() not in hop}
        if self.command == "HEAD":
            headers["Content-Length"] = answer.getheader("Content-Length") or "0"
        return answer.status, headers, data

    def _begin(self, status: int, headers: dict[str, str], length: int) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def _answer(self, status: int, headers: dict[str, str], data: bytes) -> None:
        self._begin(status, headers, len(data))
        self.wfile.write(b"" if self.command == "HEAD" else data)

    def _reset(self, *, hard: bool = True) -> None:
        with suppress(OSError):
            if hard:  # RST instead of FIN
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.wfile.flush()
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR) if not hard else self.connection.close()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_args: object) -> None:
        """Say nothing: connections break on purpose here."""


FAULTS = (
    "503", "slow down", "reset in the request", "answer lost", "truncated answer", "reset in the answer",
    "damaged upload", "wrong answer",
)  # fmt: skip


@contextmanager
def faulty_proxy(url: str, faults: Faults, proxy: type[Proxy] = Proxy) -> Iterator[str]:
    """Run a proxy in front of a server."""
    handler: Callable[..., BaseHTTPRequestHandler] = type(
        "Handler", (proxy,), {"upstream": urlsplit(url).netloc, "faults": faults}
    )
    with Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
