"""An S3 server that says yes to everything and remembers the headers of each request."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Recorder", "recording_server"]

STARTED = b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
COMPLETED = b'<CompleteMultipartUploadResult><ETag>"x-1"</ETag></CompleteMultipartUploadResult>'
LISTED = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"


class Recorder(BaseHTTPRequestHandler):
    """Answers, and keeps what came by the name of the operation."""

    protocol_version = "HTTP/1.1"
    seen: ClassVar[list[tuple[str, dict[str, str]]]]
    answers: ClassVar[dict[str, tuple[int, bytes]]]
    """Status and body by operation, where it is another one than yes."""
    described: ClassVar[dict[str, str]]
    """Headers that describe an object."""
    public: ClassVar[bool]
    """Whether signed requests are refused: by a bucket that lets everybody read but doesn't know who asks."""
    paths: ClassVar[list[str]]
    hanging: ClassVar[set[str]]
    """Operations that get no answer, until the server ends."""
    ended: ClassVar[threading.Event]

    def log_message(self, *_args: object) -> None:
        pass

    def handle_any(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        query = parse_qs(url.query, keep_blank_values=True)
        operation = self.command
        if "list-type" in query:
            operation = "LIST"
        elif "uploads" in query:
            operation = "START"
        elif "uploadId" in query:
            operation = {"PUT": "PART", "POST": "COMPLETE", "DELETE": "ABORT"}[self.command]
        self.seen.append((operation, {name.lower(): value for name, value in self.headers.items()}))
        self.paths.append(url.path)
        if operation in self.hanging:
            self.ended.wait(60)
            self.close_connection = True
            return
        bodies = {"START": STARTED, "COMPLETE": COMPLETED, "LIST": LISTED}
        status, body = self.answers.get(operation, (200, bodies.get(operation, b"")))
        if self.public and "Authorization" in self.headers:
            status, body = 403, b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
        if status == 200 and (span := self.headers.get("Range")):
            status = 206
            self.send_response(status)
            self.send_header("Content-Range", f"{span.replace('=', ' ')}/{len(body)}")
        else:
            self.send_response(status)
        for name, value in self.described.items():
            self.send_header(name, value)
        self.send_header(
            "Content-Length", self.described.get("Size", "0") if self.command == "HEAD" else str(len(body))
        )
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any  # noqa: N815 - http.server's names


@contextmanager
def recording_server() -> Iterator[tuple[str, type[Recorder]]]:
    """Run such a server, and give its URL and what it remembers."""
    described = {"ETag": '"e"', "Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT"}
    state = {
        "seen": [], "paths": [], "answers": {}, "described": described, "public": False, "hanging": set(),
        "ended": threading.Event(),
    }  # fmt: skip
    handler = type("Handler", (Recorder,), state)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", handler
        finally:
            handler.ended.set()
            server.shutdown()
            thread.join()
