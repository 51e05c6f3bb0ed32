"""
An HTTP server for moto with connections that stay open.

Werkzeug's own closes each connection after one request, which costs every AWS request a connection, a thread and 10 ms
of waiting for it to end.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import ThreadedWSGIServer
from werkzeug.wsgi import LimitedStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["HttpServer"]

DRAIN_SIZE = 1024 * 1024
POLL_PERIOD = 0.05
"""Seconds within which the server notices that it is to stop."""


class _Handler(MotoRequestHandler):
    """Answers requests on one connection until the client closes it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are written apart, and would wait for each other's receipt
    wbufsize = -1
    timeout = 3600  # a client may keep an idle connection in its pool for long

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Stay quiet: the cloud counts requests."""

    def run_wsgi(self) -> None:
        """Answer one request and leave the connection ready for the next one."""
        if self.headers.get("Expect", "").lower().strip() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()
        environ = self.make_environ()
        if not environ.get("wsgi.input_terminated"):
            # Never read beyond this request's body: the next request follows it.
            length = int(environ.get("CONTENT_LENGTH") or 0)
            environ["wsgi.input"] = LimitedStream(environ["wsgi.input"], length)
        answer: list[Any] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], _exc_info: Any = None
        ) -> Callable[[bytes], int]:
            answer[:] = [status, headers]
            return self.wfile.write

        chunks = self.server.app(environ, start_response)
        try:
            self._send(answer[0], answer[1], chunks, environ["REQUEST_METHOD"])
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
        while environ["wsgi.input"].read(DRAIN_SIZE):
            pass

    def _send(self, status: str, headers: list[tuple[str, str]], chunks: Iterable[bytes], method: str) -> None:
        code, _, words = status.partition(" ")
        self.send_response(int(code), words)
        names = set()
        for name, value in headers:
            self.send_header(name, value)
            names.add(name.lower())
        empty = method == "HEAD" or code in {"204", "304"}
        if "content-length" in names or empty:
            if empty and "content-length" not in names:
                self.send_header("Content-Length", "0")
            self.end_headers()
            for chunk in chunks:
                if not empty:
                    self.wfile.write(chunk)
        else:
            body = b"".join(chunks)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        self.wfile.flush()


class HttpServer:
    """Serves a WSGI application on a free port of the loopback interface, in threads of this process."""

    def __init__(self, application: Callable[..., Iterable[bytes]], port: int = 0) -> None:
        """
        Bind the port and begin to serve.

        :param port: 0 takes a free one.
        :raises OSError: when the port is taken.
        """
        self._server = ThreadedWSGIServer("127.0.0.1", port, application, handler=_Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(POLL_PERIOD,), name="local-cloud-http", daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._server.port}"

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
