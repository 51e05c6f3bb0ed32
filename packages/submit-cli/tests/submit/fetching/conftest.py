"""A web server of this machine, and what a submission makes of what it serves."""

import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from miniwdl_aws_submit_cli.submit.passthrough import read_arguments
from miniwdl_aws_submit_cli.submit.workflow_source import read_source


class Server:
    """Answers by path: a body, or where to go in its stead."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self.moved: dict[str, str] = {}
        self.headers: list[dict[str, str]] = []
        self.address = ""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    found = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.headers.append({key.lower(): value for key, value in self.headers.items()})
            if self.path in found.moved:
                self.send_response(302)
                self.send_header("Location", found.moved[self.path])
                self.end_headers()
                return
            body = found.bodies.get(self.path)
            self.send_response(404 if body is None else 200)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setenv("no_proxy", "*")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        found.address = f"http://127.0.0.1:{running.server_address[1]}"
        yield found
        running.shutdown()
        thread.join()


@pytest.fixture
def submitted() -> Callable[..., dict[str, str]]:
    """Read a WDL as a submission does; give the texts of the payload."""

    def read(*words: str) -> dict[str, str]:
        with ExitStack() as stack:
            payload = read_source(read_arguments(words, [], "/mnt/fsx", {}), "/mnt/fsx", stack).build({})
            assert payload
        with zipfile.ZipFile(io.BytesIO(payload.data)) as archive:
            return {name: archive.read(name).decode() for name in archive.namelist()}

    return read
