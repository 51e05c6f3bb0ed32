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
    from collections.abc import Callable, Iterator, Sequence


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
    """Events in the order of their arrival."""
    requests: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """By stream; those for many streams by ``*``."""
    faults: list[Exception | None] = field(default_factory=list)
    """What the next requests raise; ``None`` lets one pass."""
    lane_faults: list[Exception | None] = field(default_factory=list)
    """The same of requests for many streams."""
    empty_pages: int = 0
    """How many of the next pages are empty although there is more."""
    generation: int = 0
    """Raise it to make all tokens handed out so far invalid."""
    tokens_by_time: bool = False
    """Whether a token is a place in time instead of one in the order of arrival; AWS doesn't say."""
    clock: Callable[[], float] | None = None
    asked: list[tuple[list[str], int, str | None]] = field(default_factory=list)
    """Names, start time and token of the requests for many streams."""

    arrived: dict[str, list[int]] = field(default_factory=dict)
    """When each event of a stream arrived, in milliseconds."""

    def write(self, stream: str, *messages: str, at: int = 0) -> None:
        self.streams.setdefault(stream, []).extend(LogEvent(at, message, stream) for message in messages)
        now = int(self.clock() * 1000) if self.clock else 0
        self.arrived.setdefault(stream, []).extend(now for _ in messages)

    def get(self, group: str, stream: str, *, token: str | None, start_time: int | None) -> Page:
        self._count(stream, self.faults)
        if stream not in self.streams:
            raise StreamMissingError("the specified log stream does not exist")
        position, hops = self._position(token)
        kept = [it for it in enumerate(self.streams[stream]) if it[1].timestamp >= (start_time or 0)]
        if self.tokens_by_time:
            kept.sort(key=lambda item: item[1].timestamp)
        place = {number: place for place, (number, _event) in enumerate(kept)}
        if self.tokens_by_time and position is not None:
            after = self.streams[stream][position].timestamp, position
            page = [it for it in kept if (it[1].timestamp, it[0]) > after]
        else:
            page = kept[0 if position is None else place[position] + 1 :]
        if self.empty_pages:
            self.empty_pages -= 1
            return Page([], self._token(position, hops + 1))
        if not page and token:
            return Page([], token)
        page = page[: self.page_size]
        return Page([event for _number, event in page], self._token(page[-1][0] if page else position, hops))

    def filter(self, group: str, streams: Sequence[str], *, token: str | None, start_time: int) -> Page:
        assert 0 < len(streams) <= 100
        assert len(set(streams)) == len(streams)
        self.asked.append((list(streams), start_time, token))
        self._count("*", self.lane_faults)
        if not set(streams) <= set(self.streams):
            raise StreamMissingError("the specified log stream does not exist")
        position, hops = self._position(token)
        found = sorted(
            (event.timestamp, number, name, event)
            for name in streams
            for number, event in enumerate(self.streams[name])
            if event.timestamp >= start_time
        )
        served = None if self.clock is None else int(self.clock() * 1000)
        if self.empty_pages:
            self.empty_pages -= 1
            return Page([], self._token(position, hops + 1), served)
        first = position or 0
        page, rest = found[first : first + self.page_size], found[first + self.page_size :]
        return Page(
            [event for *_key, event in page],
            self._token(first + len(page), hops) if rest else None,
            served,
            [f"{name}/{number}" for _at, number, name, _event in page],
            [self.arrived[name][number] for _at, number, name, _event in page],
        )

    def _count(self, stream: str, faults: list[Exception | None]) -> None:
        self.requests[stream] += 1
        fault = faults.pop(0) if faults else None
        if fault is not None:
            raise fault

    def _token(self, position: int | None, hops: int) -> str:
        return f"{self.generation}/{'' if position is None else position}/{hops}"

    def _position(self, token: str | None) -> tuple[int | None, int]:
        generation, position, hops = (token or f"{self.generation}//0").split("/")
        if int(generation) != self.generation:
            raise TokenRefusedError("the specified nextToken is invalid")
        return int(position) if position else None, int(hops)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def logs() -> FakeLogs:
    return FakeLogs()


@pytest.fixture(scope="session")
def make_clock() -> type[FakeClock]:
    """For tests that need several."""
    return FakeClock


@pytest.fixture(scope="session")
def make_logs() -> type[FakeLogs]:
    """For tests that hypothesis runs many times."""
    return FakeLogs


class FakeAws:
    """GetLogEvents, FilterLogEvents and DescribeJobs over HTTP on the loopback interface."""

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
        read = {"GetLogEvents": self._get, "FilterLogEvents": self._filter}[operation]
        try:
            return 200, None, read(body, body["logGroupName"], body.get("nextToken"))
        except StreamMissingError:
            code = "ResourceNotFoundException"
            return 400, code, {"__type": code, "message": "The specified log stream does not exist."}

    def _get(self, body: dict[str, Any], group: str, token: str | None) -> dict[str, Any]:
        assert body["startFromHead"] is True
        page = self.logs.get(group, body["logStreamName"], token=token, start_time=body.get("startTime"))
        events = [{"timestamp": event.timestamp, "message": event.message} for event in page.events]
        return {"events": events, "nextForwardToken": page.token, "nextBackwardToken": "b"}

    def _filter(self, body: dict[str, Any], group: str, token: str | None) -> dict[str, Any]:
        page = self.logs.filter(group, body["logStreamNames"], token=token, start_time=body["startTime"])
        events = [
            {
                "timestamp": event.timestamp,
                "message": event.message,
                "logStreamName": event.stream,
                "eventId": event_id,
                "ingestionTime": ingested,
            }
            for event, event_id, ingested in zip(page.events, page.ids, page.ingested, strict=True)
        ]
        return {"events": events, "searchedLogStreams": []} | ({"nextToken": page.token} if page.token else {})


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
