"""
One log stream, read from its head to its end: no event lost, none twice, in order.

The position is CloudWatch's forward token, so a request that failed is simply made again. A token that has expired
(after 24 hours; think of a laptop that slept over the weekend) is replaced by a time: reading restarts a little before
the newest event seen, and what was delivered already is left out by comparison.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from miniwdl_aws_cwlogs.errors import TokenRefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniwdl_aws_hooks import LogEvent

__all__ = ["OVERLAP_MS", "LogStream", "Page", "Source"]

OVERLAP_MS = 10_000
"""How far before the newest event reading restarts, since writers' clocks may step back a little."""


@dataclass(frozen=True)
class Page:
    """Answer to one GetLogEvents request."""

    events: Sequence[LogEvent]
    token: str
    """Where to go on reading; the one sent when there is nothing more at present."""


class Source(Protocol):
    """Whoever makes GetLogEvents requests; raises this package's errors."""

    def get(self, group: str, stream: str, *, token: str | None, start_time: int | None) -> Page:
        """Read the page after a token, or the first one, from its oldest event on."""
        ...


class LogStream:
    """Reads a stream page by page."""

    def __init__(self, source: Source, group: str, name: str, *, start_time: int | None = None) -> None:
        """
        Stand before the first event.

        :param start_time: leave out what is older, in milliseconds since the epoch.
        """
        self.group = group
        self.name = name
        self._source = source
        self._start_time = start_time
        self._token: str | None = None
        self._newest: int | None = None
        self._recent: deque[tuple[int, int]] = deque()
        self._delivered: Counter[tuple[int, int]] = Counter()

    def poll(self) -> tuple[Sequence[LogEvent], bool]:
        """
        Make one request.

        :return: the next events, and whether there was nothing after them at that moment. An empty page alone does
            not say so: only a token that did not move does.
        :raises StreamMissingError: while the stream does not exist.
        :raises CwlogsError: as the source does; the position is kept, so the call can simply be repeated.
        """
        try:
            page = self._source.get(self.group, self.name, token=self._token, start_time=self._start_time)
        except TokenRefusedError:
            if self._token is None:
                raise
            self._restart()
            return (), False
        at_end = page.token == self._token
        self._token = page.token
        events = self._without_delivered(page.events) if self._delivered else page.events
        self._remember(events)
        return events, at_end

    def _restart(self) -> None:
        self._token = None
        if self._newest is not None:
            self._start_time = max(self._start_time or 0, self._newest - OVERLAP_MS)
        self._delivered = Counter(self._recent)

    def _without_delivered(self, events: Sequence[LogEvent]) -> list[LogEvent]:
        fresh = []
        for event in events:
            key = (event.timestamp, hash(event.message))
            if self._delivered[key] > 0:
                self._delivered[key] -= 1
            else:
                fresh.append(event)
        return fresh

    def _remember(self, events: Sequence[LogEvent]) -> None:
        for event in events:
            self._recent.append((event.timestamp, hash(event.message)))
            if self._newest is None or event.timestamp > self._newest:
                self._newest = event.timestamp
        while self._recent and self._newest is not None and self._recent[0][0] < self._newest - OVERLAP_MS:
            self._recent.popleft()
