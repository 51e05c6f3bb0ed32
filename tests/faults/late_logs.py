"""A CloudWatch Logs between the commands and the cloud that throttles, lags, leaves gaps and loses answers."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from faulty import Faults, Proxy, Share, faulty_proxy

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

__all__ = ["BadLogs", "bad_logs"]

GET = "Logs_20140328.GetLogEvents"
PER_PAGE = 1000
GAP = "gap/"
"""What the tokens of empty pages begin with: the one to go on by follows."""
KINDS = ("throttled", "answer lost", "503", "gap")
THROTTLED = b'{"__type": "ThrottlingException", "message": "Rate exceeded"}'


class BadLogs(Faults):
    """What goes wrong with GetLogEvents, by chance."""

    def __init__(self, chance: random.Random, share: float, lag: float) -> None:
        """
        Let nothing go wrong yet.

        :param share: of the requests.
        :param lag: seconds for which an event is not told of after it could have been for the first time.
        """
        super().__init__(0.0, ())
        self.url, self.lag = "", lag
        self._chance, self._bad, self._guard = chance, Share(share, chance), threading.Lock()
        self._first_seen: dict[int, float] = {}
        self.met: Counter[str] = Counter()

    def is_told(self, taken_in: int) -> bool:
        """
        Whether an event is old enough to be told of.

        Its age is counted from the first time that somebody asks, so that it is late however slow this machine is.

        :param taken_in: when CloudWatch took it in, in milliseconds.
        """
        now = time.monotonic()
        with self._guard:
            return self._first_seen.setdefault(taken_in, now) + self.lag <= now

    def draw(self) -> str | None:
        """Choose what happens to a request."""
        with self._guard:
            self.requests += 1
            kind = self._chance.choice(KINDS) if self._bad.draws() else None
            if kind:
                self.met[kind] += 1
        return kind


class LogsProxy(Proxy):
    """Changes requests for events and their answers."""

    faults: ClassVar[BadLogs]

    def _forward(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        if self.headers.get("X-Amz-Target") != GET:
            return super()._forward(body)
        kind, request = self.faults.draw(), json.loads(body)
        token = request.pop("nextToken", "")
        if kind in ("throttled", "503"):
            return (400, {}, THROTTLED) if kind == "throttled" else (503, {}, b"")
        if kind == "gap":  # the next token is another one: there may be more
            page = {"events": [], "nextForwardToken": GAP + token.removeprefix(GAP), "nextBackwardToken": "b"}
            if page["nextForwardToken"] != token:
                return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(page).encode()
        request |= {"limit": PER_PAGE} | ({"nextToken": known} if (known := token.removeprefix(GAP)) else {})
        status, headers, data = self._ask(request)
        if status == 200:
            data = self._without_late_ones(request, data)
        if kind == "answer lost":
            raise ConnectionResetError("the answer is lost, and asked for again")
        return status, headers, data

    def _ask(self, request: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        body = json.dumps(request).encode()
        self.headers.replace_header("Content-Length", str(len(body)))
        return super()._forward(body)

    def _without_late_ones(self, request: dict[str, Any], data: bytes) -> bytes:
        events = json.loads(data)["events"]
        known = [event for event in events if self.faults.is_told(event["ingestionTime"])]
        if len(known) == len(events):
            return data
        self.faults.met["late"] += 1
        less: dict[str, Any] = {"limit": len(known)} if known else {"limit": 1, "startTime": 0, "endTime": 1}
        return self._ask(request | less)[2]


@contextmanager
def bad_logs(endpoint: str, chance: random.Random, *, share: float, lag: float) -> Iterator[BadLogs]:
    """Open one."""
    faults = BadLogs(chance, share, lag)
    with faulty_proxy(endpoint, faults, LogsProxy) as faults.url:
        yield faults
