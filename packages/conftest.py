"""What may stand between this machine and AWS, for the tests of every package that asks AWS for something."""

from __future__ import annotations

import importlib.util
import threading
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PAGE = b"<html>Please log in to the guests' network.</html>"


class Answers(ThreadingHTTPServer):
    """Gives the answers that it holds, one by one, and the last of them again and again."""

    def __init__(self, answers: list[tuple[int, bytes]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = answers
        self.asked = 0


class _Handler(BaseHTTPRequestHandler):
    server: Answers

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked += 1
        answers = self.server.answers
        status, body = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if body == PAGE else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - the names are the standard library's

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture(scope="session", autouse=True)
def _botocore_reads_each_file_once() -> Iterator[None]:
    """
    Let the sessions of botocore share what they have read.

    Nearly every test has a session of its own, and most of its time went into parsing the same megabytes of JSON, into
    listing some hundred folders for the names of services, and into inspecting the same hundred handlers of events.
    """
    if importlib.util.find_spec("botocore") is None:  # hooks alone
        yield
        return
    from botocore import hooks
    from botocore.loaders import JSONFileLoader, Loader

    load = cache(JSONFileLoader().load_file)
    list_services = Loader.list_available_services
    listed: dict[tuple[str, ...], list[str]] = {}

    def list_once(loader: Loader, type_name: str) -> list[str]:
        key = (type_name, *loader.search_paths)
        if key not in listed:
            listed[key] = list_services(loader, type_name)
        return listed[key]

    # Of a method it is the function that is looked at: a method would keep its object alive.
    accepts_kwargs = cache(hooks.accepts_kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hooks, "accepts_kwargs", lambda handler: accepts_kwargs(getattr(handler, "__func__", handler)))
        patch.setattr(JSONFileLoader, "load_file", lambda _self, path: load(path))
        patch.setattr(Loader, "list_available_services", list_once)
        yield


@pytest.fixture(autouse=True)
def without_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask nothing of the machine that the tests run on, which may be an instance of EC2 with a region of its own."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("MINIWDL__AWS__REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def portal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Answers]]:
    """
    Make a server that stands in AWS's place, and lead botocore to it.

    It is given its answers: a body with status 200, or both; without any, it gives a page to log in at.
    """
    with ExitStack() as stack:

        def make(*answers: bytes | tuple[int, bytes]) -> Answers:
            server = stack.enter_context(
                Answers([item if isinstance(item, tuple) else (200, item) for item in answers or (PAGE,)])
            )
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            for name, value in {
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
                "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": "testing",
                "AWS_SECRET_ACCESS_KEY": "testing",
                "AWS_CONFIG_FILE": "/nonexistent",
                "NO_PROXY": "127.0.0.1",
            }.items():
                monkeypatch.setenv(name, value)
            monkeypatch.delenv("AWS_PROFILE", raising=False)
            return server

        yield make


@pytest.fixture
def credential_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """
    Have botocore ask a process for credentials, before each request anew since they are about to expire.

    It is given what the process prints at its first calls; later, and where that is ``None``, they are credentials.
    """

    def configure(*outputs: str | None) -> None:
        folder = tmp_path / "credentials"
        folder.mkdir()
        soon = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
        good = (
            f'{{"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": "{soon}"}}'
        )
        for number, text in enumerate(outputs, 1):
            (folder / str(number)).write_text(good if text is None else text)
        (folder / "later").write_text(good)
        script = folder / "process"
        script.write_text(
            f"#!/bin/sh\ncd '{folder}' && echo >> calls && number=$(wc -l < calls) && "
            "cat $((number)) 2> /dev/null || cat later\n"
        )
        script.chmod(0o755)
        config = folder / "config"
        config.write_text(f"[default]\nregion = us-east-1\ncredential_process = {script}\n")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    return configure
