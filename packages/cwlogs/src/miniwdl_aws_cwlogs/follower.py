"""
Many log streams at once, as one sequence of events, within one request budget.

Streams wait in a heap for their turn: one that has just said something is asked again soon, one that is silent less
and less often. When more is due than the budget allows, the one that has waited longest comes first.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from miniwdl_aws_cwlogs.errors import LostContactError, StreamMissingError, ThrottledError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from miniwdl_aws_cwlogs.budget import Budget
    from miniwdl_aws_cwlogs.stream import LogStream
    from miniwdl_aws_hooks import LogEvent

__all__ = ["Discovery", "FixedStreams", "Followed", "Follower", "Pace"]

logger = logging.getLogger(__name__)

FULL_PAGE = 1000
"""Events on a page that make it worth asking for the next one at once; fewer mean that the end is near."""


@dataclass(frozen=True)
class Followed:
    """A stream with the ways to know that it is over."""

    stream: LogStream
    job_ended: Callable[[], bool]
    """Whether the writer has stopped; asked only when there is nothing to read."""
    end_marker: str | None = None
    """An event that ends the stream and is not delivered."""
    grace: float | None = None
    """Seconds of silence after the job's end that end the stream; ``None`` for the follower's own."""


class Discovery(Protocol):
    """Whoever knows which streams there are; they may become known one after the other."""

    def new(self) -> Iterable[Followed]:
        """Streams that were not returned before; called often, so it must be cheap when there is no news."""
        ...

    def complete(self) -> bool:
        """Whether no further stream will come."""
        ...


class FixedStreams:
    """Streams that are all known beforehand."""

    def __init__(self, streams: Iterable[Followed]) -> None:
        self._pending = list(streams)

    def new(self) -> list[Followed]:
        """All of them, at the first call."""
        pending, self._pending = self._pending, []
        return pending

    def complete(self) -> bool:
        """Yes."""
        return True


@dataclass(frozen=True)
class Pace:
    """How eagerly to ask, in seconds."""

    active: float = 0.5
    """Between two requests for a stream that is talking."""
    idle: float = 3.0
    """The same for one that has been silent for long."""
    growth: float = 1.25
    """Factor by which each answer without news lengthens the interval."""
    grace: float = 10.0
    """Silence after the job's end that ends its stream: the log driver and CloudWatch take a few seconds each."""
    first_patience: float = 20.0
    """How long the service may be unreachable before it has answered once."""
    patience: float = 900.0
    """The same afterwards: networks come back."""


@dataclass
class _Turn:
    """A stream in the heap."""

    followed: Followed
    interval: float
    ended: bool = False
    quiet_since: float = field(default=0.0)


class Follower:
    """Merges streams until all of them are over."""

    def __init__(
        self,
        budget: Budget,
        *,
        pace: Pace | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._budget = budget
        self._pace = pace or Pace()
        self._clock = clock
        self._sleep = sleep
        self._order = itertools.count()
        self._heap: list[tuple[float, int, _Turn]] = []
        self._answered = False
        self._unreachable_since: float | None = None

    def events(self, discovery: Discovery) -> Iterator[LogEvent]:
        """
        Deliver every event once, in order within its stream.

        :raises CwlogsError: when AWS refuses, or contact is lost for good.
        """
        for page in self.pages(discovery):
            yield from page

    def pages(self, discovery: Discovery) -> Iterator[Sequence[LogEvent]]:
        """Deliver the same events in groups that arrived together, never empty ones."""
        while True:
            for followed in discovery.new():
                self._put(_Turn(followed, self._pace.active), 0.0)
            if self._heap:
                wait = self._heap[0][0] - self._clock()
                # Streams not known yet must not wait for the silent ones that are.
                pause = wait if discovery.complete() else min(wait, self._pace.active)
            elif discovery.complete():
                return
            else:
                wait = pause = self._pace.active
            if pause > 0:
                self._sleep(pause)
            if wait > pause or not self._heap:
                continue
            turn = heapq.heappop(self._heap)[2]
            events = self._take(turn)
            if events:
                yield events

    def _put(self, turn: _Turn, delay: float) -> None:
        heapq.heappush(self._heap, (self._clock() + delay, next(self._order), turn))

    def _take(self, turn: _Turn) -> Sequence[LogEvent]:
        """Ask for a stream's next page and put it back into the heap, unless it is over."""
        self._budget.acquire()
        try:
            events, at_end = turn.followed.stream.poll()
        except StreamMissingError:
            events, at_end = (), True
        except ThrottledError:
            self._budget.throttled()
            self._put(turn, 0.0)
            return ()
        except UnreachableError as exc:
            self._endure(exc)
            self._put(turn, self._pace.idle)
            return ()
        self._budget.answered()
        self._in_contact()
        events, marked = _until(turn.followed.end_marker, events)
        if not marked and not (at_end and self._is_over(turn)):
            self._reschedule(turn, events, at_end=at_end)
        return events

    def _reschedule(self, turn: _Turn, events: Sequence[LogEvent], *, at_end: bool) -> None:
        if events:
            turn.interval = self._pace.active
            turn.quiet_since = self._clock()
        elif at_end:
            turn.interval = min(turn.interval * self._pace.growth, self._pace.idle)
        more = len(events) >= FULL_PAGE or not (events or at_end)
        self._put(turn, 0.0 if more else turn.interval)

    def _is_over(self, turn: _Turn) -> bool:
        now = self._clock()
        if not turn.ended:
            if not turn.followed.job_ended():
                return False
            turn.ended = True
            turn.quiet_since = now
        grace = self._pace.grace if turn.followed.grace is None else turn.followed.grace
        return now - turn.quiet_since >= grace

    def _endure(self, exc: UnreachableError) -> None:
        now = self._clock()
        if self._unreachable_since is None:
            self._unreachable_since = now
            if self._answered:
                logger.warning("no contact with CloudWatch Logs (%s); trying on", exc)
        patience = self._pace.patience if self._answered else self._pace.first_patience
        if now - self._unreachable_since >= patience:
            raise LostContactError(
                f"CloudWatch Logs could not be reached for {patience:.0f} seconds: {exc}",
                hint="the job is not affected; come back to its log later",
                more_info=exc.more_info,
                retryable=True,
            ) from exc

    def _in_contact(self) -> None:
        if self._unreachable_since is not None and self._answered:
            logger.warning("in contact with CloudWatch Logs again")
        self._unreachable_since = None
        self._answered = True


def _until(marker: str | None, events: Sequence[LogEvent]) -> tuple[Sequence[LogEvent], bool]:
    """Events before the end marker, and whether it was there."""
    if marker is not None:
        for index, event in enumerate(events):
            if event.message.rstrip() == marker:
                return events[:index], True
    return events, False
