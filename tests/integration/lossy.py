"""A network between the commands and the cloud that loses answers, and a ListJobs that lags behind."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

SUBMIT, LIST = "/v1/submitjob", "/v1/listjobs"


class Network(ThreadingHTTPServer):
    """Passes requests on; the counts say how many more are to go wrong."""

    def __init__(self, endpoint: str, *, lost: int, lagging: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.endpoint = urlsplit(endpoint)
        self.lost = lost
        """SubmitJob requests that are carried out, and whose answers don't arrive."""
        self.lagging = lagging
        """ListJobs requests by name whose answers lack the job."""
        self.submitted: list[str] = []
        """Ids that the cloud gave."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Network

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        connection = HTTPConnection(self.server.endpoint.hostname or "", self.server.endpoint.port, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if self.path == SUBMIT and answer.status == 200:
            self.server.submitted.append(json.loads(content)["jobId"])
            if self.server.lost > 0:
                self.server.lost -= 1
                self.close_connection = True
                return
        if self.path == LIST and b"JOB_NAME" in body and self.server.lagging > 0:
            self.server.lagging -= 1
            content = b'{"jobSummaryList": []}'
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"content-length", "transfer-encoding", "connection", "date", "server"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _pass_on  # noqa: N815 - the names are the standard library's

    def log_message(self, *_args: object) -> None:
        pass


@contextmanager
def network(endpoint: str, *, lost: int = 0, lagging: int = 0) -> Iterator[Network]:
    """Open one."""
    with Network(endpoint, lost=lost, lagging=lagging) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
