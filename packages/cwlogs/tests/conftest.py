"""Doubles: a clock that only moves when somebody sleeps, a log service in memory, and the same behind HTTP."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from miniwdl_aws_cwlogs.errors import StreamMissingError, TokenRefusedError
from miniwdl_aws_cwlogs.stream import Page
from miniwdl_aws_hooks import LogEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class FakeClock:
    def __init__(self) -> None:
        self.now = 1000.0
        self.on_sleep: list[Callable[[float], None]] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds
        for callback in self.on_sleep:
            callback(self.now)


@dataclass
class FakeLogs:
    """CloudWatch Logs as its API reference describes it: pages of limited size, tokens, streams that appear late."""

    page_size: int = 10_000
    streams: dict[str, list[LogEvent]] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    faults: list[Exception | None] = field(default_factory=list)
    """What the next requests raise; ``None`` lets one pass."""
    empty_pages: int = 0
    """How many of the next pages are empty although there is more."""
    generation: int = 0
    """Raise it to make all tokens handed out so far invalid."""

    def write(self, stream: str, *messages: str, at: int = 0) -> None:
        self.streams.setdefault(stream, []).extend(LogEvent(at, message, stream) for message in messages)

    def get(self, group: str, stream: str, *, token: str | None, start_time: int | None) -> Page:
        self.requests[stream] += 1
        if self.faults:
            fault = self.faults.pop(0)
            if fault is not None:
                raise fault
        if stream not in self.streams:
            raise StreamMissingError("the specified log stream does not exist")
        generation, position, hops = (int(part) for part in (token or f"{self.generation}/0/0").split("/"))
        if generation != self.generation:
            raise TokenRefusedError("the specified nextToken is invalid")
        events = [event for event in self.streams[stream] if start_time is None or event.timestamp >= start_time]
        if self.empty_pages:
            self.empty_pages -= 1
            return Page([], f"{generation}/{position}/{hops + 1}")
        page = events[position : position + self.page_size]
        if not page and token:
            return Page([], token)
        return Page(page, f"{generation}/{position + len(page)}/{hops}")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def logs() -> FakeLogs:
    return FakeLogs()


@pytest.fixture(scope="session")
def make_logs() -> type[FakeLogs]:
    """For tests that hypothesis runs many times."""
    return FakeLogs


class FakeAws:
    """GetLogEvents and DescribeJobs over HTTP on the loopback interface."""

    def __init__(self, logs: FakeLogs) -> None:
        self.logs = logs
        self.jobs: dict[str, dict[str, Any]] = {}
        self.on_request: Callable[[str], None] = lambda _operation: None
        self.refuse: tuple[int, str, str] | None = None
        """Status, code and message of the answer to every request."""
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or "{}")
                operation = self.headers.get("X-Amz-Target", self.path).rpartition(".")[2]
                status, code, answer = owner.answer(operation, body)
                data = json.dumps(answer).encode()
                self.send_response(status)
                if code:
                    self.send_header("x-amzn-ErrorType", code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name for it
                """Be quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def answer(self, operation: str, body: dict[str, Any]) -> tuple[int, str | None, dict[str, Any]]:
        self.on_request(operation)
        if self.refuse:
            status, code, message = self.refuse
            return status, code, {"__type": code, "message": message}
        if operation == "/v1/describejobs":
            return 200, None, {"jobs": [self.jobs[job] for job in body["jobs"] if job in self.jobs]}
        assert operation == "GetLogEvents"
        assert body["startFromHead"] is True
        try:
            page = self.logs.get(
                body["logGroupName"],
                body["logStreamName"],
                token=body.get("nextToken"),
                start_time=body.get("startTime"),
            )
        except StreamMissingError:
            code = "ResourceNotFoundException"
            return 400, code, {"__type": code, "message": "The specified log stream does not exist."}
        events = [{"timestamp": event.timestamp, "message": event.message} for event in page.events]
        return 200, None, {"events": events, "nextForwardToken": page.token, "nextBackwardToken": "b"}


@pytest.fixture
def aws(logs: FakeLogs, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAws]:
    """A fake AWS that the environment points to."""
    fake = FakeAws(logs)
    thread = threading.Thread(target=fake.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_PROFILE", "NO_COLOR", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "AWS_ENDPOINT_URL": fake.url,
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/nonexistent",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        "NO_PROXY": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)
    yield fake
    fake.server.shutdown()
    thread.join()
    fake.server.server_close()
