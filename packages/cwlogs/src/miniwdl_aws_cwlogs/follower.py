"""
Many log streams at once, as one sequence of events, within one request budget.

There are two ways to ask. GetLogEvents asks for one stream and is the authority: its turns go round, and a stream that
has just said something is asked again soon, a silent one less and less often. Where there are more streams than the
budget can go round in a second, FilterLogEvents asks for all of them at once (see ``lane``): it gets up to half of the
requests and shows nearly everything first, while GetLogEvents goes round at leisure and shows what is missing.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from miniwdl_aws_cwlogs.asking.contact import Contact
from miniwdl_aws_cwlogs.asking.lane import Lane
from miniwdl_aws_cwlogs.asking.pace import Pace
from miniwdl_aws_cwlogs.asking.turns import Followed, Turn, Turns
from miniwdl_aws_cwlogs.errors import (
    CwlogsError,
    StreamMissingError,
    ThrottledError,
    TokenRefusedError,
    UnreachableError,
)
from miniwdl_aws_cwlogs.stream import FULL_PAGE, Polled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from miniwdl_aws_core.aws.rate import SelfTuningRate
    from miniwdl_aws_cwlogs.asking.lane import Request
    from miniwdl_aws_hooks import LogEvent

__all__ = ["Delivery", "Discovery", "FixedStreams", "Followed", "Follower", "Pace"]

logger = logging.getLogger(__name__)

LANE_AHEAD = 200_000
"""Events that the lane may have shown before GetLogEvents came by; they have to be remembered until then."""


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
class Delivery:
    """News of one stream."""

    followed: Followed
    events: Sequence[LogEvent]
    over: bool = False
    """Nothing more will come."""


class Follower:
    """Merges streams until all of them are over."""

    def __init__(
        self,
        budget: SelfTuningRate,
        *,
        pace: Pace | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._budget = budget
        self._pace = pace or Pace()
        self._clock = clock
        self._sleep = sleep
        self._turns = Turns()
        self._contact = Contact(self._pace)
        self._lane: Lane[Turn] = Lane()
        self._lane_due = self._ends_due = 0.0
        self._lane_interval = self._pace.active
        self._lane_allowed = True
        self._cycle_began = 0.0

    def events(self, discovery: Discovery) -> Iterator[LogEvent]:
        """
        Deliver every event once, in order within its stream.

        :raises CwlogsError: when AWS refuses, or contact is lost for good.
        """
        for page in self.pages(discovery):
            yield from page

    def pages(self, discovery: Discovery) -> Iterator[Sequence[LogEvent]]:
        """Deliver the same events in groups that arrived together, never empty ones; a group is of one stream."""
        for delivery in self.deliveries(discovery):
            if delivery.events:
                yield delivery.events

    def deliveries(self, discovery: Discovery) -> Iterator[Delivery]:
        """Deliver the same events with the stream that they belong to, and tell of each stream when it is over."""
        while True:
            for followed in discovery.new():
                turn = Turn(followed.stream, followed=followed, interval=self._pace.active)
                self._turns.put(turn, self._clock())
            if not self._turns and discovery.complete():
                return
            due = min(self._turns.due(), self._lane_due if self._crowded() else float("inf"))
            pause = due - self._clock()
            if not discovery.complete():
                # Streams not known yet must not wait for the silent ones that are.
                pause = min(pause, self._pace.active)
            if pause > 0:
                self._sleep(pause)
            now = self._clock()
            if self._crowded() and self._lane_due <= now:
                yield from self._ask_lane()
            elif self._turns.due() <= now:
                yield from self._ask_stream(self._turns.first())

    def _crowded(self) -> bool:
        """Whether asking for the streams one by one would take too long."""
        return self._lane_allowed and len(self._turns) > self._budget.rate * self._pace.crowded

    def _request(self, ask: Callable[[], None]) -> CwlogsError | None:
        """Make a request within the budget; return what is wrong if it is worth to go on."""
        self._budget.acquire()
        try:
            ask()
        except ThrottledError as exc:
            self._budget.throttled()
            return exc
        except UnreachableError as exc:
            self._contact.failed(exc, self._clock())
            return exc
        except StreamMissingError as exc:
            self._contact.answered()
            return exc
        self._budget.succeeded()
        self._contact.answered()
        return None

    # --- one by one

    def _ask_stream(self, turn: Turn) -> Iterator[Delivery]:
        """Ask for a stream's next page, and say when its turn comes again, if at all."""
        followed, now = turn.followed, self._clock()
        if followed.reader.gone:
            self._turns.close(turn)
            yield Delivery(followed, (), over=True)
            return
        if followed.reader.full:
            self._turns.put(turn, now + self._pace.active)
            return
        polled = Polled(at_end=True)

        def ask() -> None:
            nonlocal polled
            polled = followed.stream.poll()

        wrong = self._request(ask)
        now = self._clock()
        if isinstance(wrong, ThrottledError):
            self._turns.put(turn, now)
            return
        if isinstance(wrong, UnreachableError):
            self._turns.put(turn, now + self._pace.idle)
            return
        turn.barred = wrong is not None
        turn.proven = not turn.barred
        events, marked = _until(followed.end_marker, polled.events)
        if events:
            turn.quiet_since = now
        over = marked or (polled.at_end and self._is_over(turn, now))
        if over:
            self._turns.close(turn)
        else:
            self._reschedule(turn, polled, now)
        if events or over:
            yield Delivery(followed, events, over)

    def _reschedule(self, turn: Turn, polled: Polled, now: float) -> None:
        if polled.events:
            turn.interval = self._pace.active
        elif polled.at_end:
            turn.interval = min(turn.interval * self._pace.growth, self._pace.idle)
        watched = self._crowded() and turn.proven and not turn.done
        at_once = polled.read >= FULL_PAGE or not (polled.read or polled.at_end)
        if turn.done and polled.at_end:
            # The lane has seen an end marker that isn't after our position, so it must be before it.
            turn.followed.stream.settle()
        if at_once or (not polled.at_end and (turn.done or (watched and turn.ended))):
            self._turns.put(turn, now)
        elif not watched:
            self._turns.put(turn, now + turn.interval)
        elif turn.ended:
            self._turns.put(turn, max(turn.quiet_since + self._grace(turn), now + self._pace.active))
        else:
            self._turns.put(turn, now + self._pace.sweep)

    def _is_over(self, turn: Turn, now: float) -> bool:
        if not turn.ended and not self._has_ended(turn, now):
            return False
        if now - turn.quiet_since < self._grace(turn):
            return False
        # Where nobody waits for what is still on its way, nothing is.
        if self._grace(turn) == 0 or not turn.followed.stream.settle():
            return True
        turn.interval = self._pace.active
        return False

    def _has_ended(self, turn: Turn, now: float) -> bool:
        if not turn.followed.job_ended():
            return False
        turn.ended, turn.quiet_since = True, now
        return True

    def _grace(self, turn: Turn) -> float:
        return self._pace.grace if turn.followed.grace is None else turn.followed.grace

    # --- all at once

    def _ask_lane(self) -> Iterator[Delivery]:
        """Make the lane's next request."""
        request = self._next_lane_request()
        asked_at = self._clock()
        if request is None:
            self._lane_due = max(self._cycle_began + self._lane_interval, asked_at + self._pace.active)
            return
        news: list[tuple[Turn, Sequence[LogEvent]]] = []

        def ask() -> None:
            nonlocal asked_at
            asked_at = self._clock()
            page = request.source.filter(
                request.group, list(request.members), token=request.token, start_time=request.start_time
            )
            news.extend(self._lane.answered(page))

        try:
            wrong = self._request(ask)
        except TokenRefusedError:
            self._lane.restart()
            wrong = None
        except CwlogsError as exc:
            self._close_lane(exc)
            return
        now = self._clock()
        self._lane_due = asked_at + max(2 / self._budget.rate, self._pace.lane_gap)
        if isinstance(wrong, UnreachableError):
            self._lane_due = now + self._pace.idle
        elif isinstance(wrong, StreamMissingError):
            for turn in self._lane.missing():
                self._turns.put(turn, now)
        for turn, events in news:
            fresh = self._take(turn, events, request, now)
            if fresh:
                self._lane_interval = self._pace.active
                yield Delivery(turn.followed, fresh)

    def _next_lane_request(self) -> Request[Turn] | None:
        """Return the next one of the cycle, or the first of a new cycle when its time has come."""
        request, now = self._lane.next(), self._clock()
        if request is not None or now < self._cycle_began + self._lane_interval:
            return request
        self._lane_interval = min(self._lane_interval * self._pace.growth, self._pace.idle)
        self._cycle_began = now
        self._look_for_ends(now)
        if sum(turn.stream.ahead for turn in self._turns) < LANE_AHEAD:
            self._lane.begin(turn for turn in self._turns if not turn.followed.reader.full)
        return self._lane.next()

    def _take(self, turn: Turn, events: Sequence[LogEvent], request: Request[Turn], now: float) -> Sequence[LogEvent]:
        """Pick a stream's events that were not shown yet; after the end marker the stream is GetLogEvents' own."""
        if turn.done or turn.ticket < 0:
            return ()
        events, turn.done = _until(turn.followed.end_marker, events)
        if turn.done:
            self._turns.put(turn, now)
        fresh = turn.stream.take(events, self._lane.reading(request, turn))
        if fresh:
            turn.quiet_since = now
        return fresh

    def _look_for_ends(self, now: float) -> None:
        """Ask whose job has ended, since streams in the lane have their turn too seldom to be asked then."""
        if now < self._ends_due:
            return
        self._ends_due = now + self._pace.idle
        for turn in self._turns:
            if not turn.ended and self._has_ended(turn, now):
                self._turns.put(turn, now + self._grace(turn))

    def _close_lane(self, exc: CwlogsError) -> None:
        """Go on without the lane."""
        self._lane_allowed = False
        logger.warning(
            "log lines of %d streams may take up to %.0f seconds to appear: %s%s",
            len(self._turns),
            len(self._turns) / self._budget.rate,
            exc.message,
            f" ({exc.hint})" if exc.hint else "",
        )
        for turn in self._turns:
            self._turns.put(turn, self._clock())


def _until(marker: str | None, events: Sequence[LogEvent]) -> tuple[Sequence[LogEvent], bool]:
    """Events before the end marker, and whether it was there."""
    if marker is not None:
        for index, event in enumerate(events):
            if event.message.rstrip() == marker:
                return events[:index], True
    return events, False
