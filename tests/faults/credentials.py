"""Credentials as a container on AWS gets them: new ones at each question, and none for a moment."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from .network import BatchProxy

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Issuer", "Strict", "issuer"]

LIFETIME = 60.0
"""Seconds: botocore asks for new ones ten minutes before the end of the old ones, so here before each request."""
KEPT = 40
"""So many of the newest are good: whoever keeps one for longer is refused. Counted, since machines may be busy."""
EXPIRED = b'{"__type": "ExpiredTokenException", "message": "The security token included in the request is expired"}'
EXPIRED_XML = b"<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>"


class Issuer:
    """Gives them."""

    def __init__(self, key: str, gone: range) -> None:
        """
        Give none yet.

        :param key: by which the cloud knows who asks.
        :param gone: numbers of the questions that have no answer.
        """
        self.key, self.gone, self.url = key, gone, ""
        self.asked = self.given = self.refused = 0
        self._lock = threading.Lock()

    def answer(self) -> dict[str, str] | None:
        """Answer a question."""
        with self._lock:
            self.asked += 1
            if self.asked in self.gone:
                return None
            self.given += 1
            ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + LIFETIME))
            return {
                "AccessKeyId": self.key, "SecretAccessKey": "x", "Token": str(self.given), "Expiration": ends,
            }  # fmt: skip

    def accepts(self, token: str) -> bool:
        """Whether credentials are still good."""
        with self._lock:
            good = token.isdigit() and int(token) > self.given - KEPT
            self.refused += not good
            return good

    @property
    def environ(self) -> dict[str, str]:
        """Variables that have AWS's clients ask here."""
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": self.url,
            "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": "",
        }  # fmt: skip


class Strict(BatchProxy):
    """Refuses what is signed with old credentials; ``faults.issuer`` knows them."""

    def _forward(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        if self.faults.issuer.accepts(self.headers.get("X-Amz-Security-Token", "")):
            return super()._forward(body)
        if self.path.startswith("/v1/") or self.headers.get("X-Amz-Target"):
            return 400, {"Content-Type": "application/json", "x-amzn-ErrorType": "ExpiredTokenException"}, EXPIRED
        return 400, {"Content-Type": "application/xml"}, EXPIRED_XML


@contextmanager
def issuer(key: str, gone: range = range(0)) -> Iterator[Issuer]:
    """Open one."""
    found = Issuer(key, gone)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = found.answer()
            body = json.dumps(answer or {"code": "InternalServerError"}).encode()
            self.send_response(200 if answer else 500)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        found.url = f"http://127.0.0.1:{server.server_port}/"
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()
