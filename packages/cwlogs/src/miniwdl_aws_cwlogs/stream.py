"""
One log stream, read from its head to its end: no event lost, none twice, in order.

The position is CloudWatch's forward token, so a request that failed is simply made again. Two things a token can't do.
It expires (after 24 hours; think of a laptop that slept over the weekend). And it begins with the time of an event (see
the one in https://github.com/boto/boto3/issues/3718), so an event that arrives late with an older time may be behind
it, as readers of streams with several writers have found (https://github.com/aws/aws-sdk-cpp/issues/1073). So the
stream is read in *rounds*: now and then, and once before its end, reading restarts by time a little before where the
round before began, and the ledger leaves out what was shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from miniwdl_aws_cwlogs.errors import TokenRefusedError
from miniwdl_aws_cwlogs.ledger import Ledger, Pass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniwdl_aws_hooks import LogEvent

__all__ = ["FULL_PAGE", "OVERLAP_MS", "LogStream", "Page", "Polled", "Source"]

OVERLAP_MS = 10_000
"""How late an event may arrive, by its time, and still be shown whatever tokens mean: clocks may step back a little."""

ROUND_MS = 30_000
"""A round ends when the stream has gone on for so long."""

ROUND_EVENTS = 10_000
"""A round ends after so many events, so that they can be forgotten."""

FULL_PAGE = 1000
"""Events on a page that make it worth asking for the next one at once; fewer mean that the end is near."""


@dataclass(frozen=True)
class Page:
    """Answer to a request for events."""

    events: Sequence[LogEvent]
    token: str | None
    """
    Where to go on reading. GetLogEvents returns the one sent when there is nothing more at present, FilterLogEvents
    none.
    """
    served: int | None = None
    """Milliseconds since the epoch by the service's clock."""
    ids: Sequence[str] = ()
    """Of the events, in the same order; only FilterLogEvents tells."""
    ingested: Sequence[int] = ()
    """When the service took in each event, by its clock; read from FilterLogEvents only."""


@dataclass(frozen=True)
class Polled:
    """What came of asking for a stream's next page."""

    events: Sequence[LogEvent] = ()
    """Those that were not shown before."""
    read: int = 0
    """How many there were on the page."""
    at_end: bool = False
    """There was nothing after them. An empty page doesn't say so: only a token that did not move does."""


class Source(Protocol):
    """Whoever makes requests of CloudWatch Logs; raises this package's errors."""

    def get(self, group: str, stream: str, *, token: str | None, start_time: int | None) -> Page:
        """Read the page of a stream after a token, or the first one, from its oldest event on (GetLogEvents)."""
        ...

    def filter(self, group: str, streams: Sequence[str], *, token: str | None, start_time: int) -> Page:
        """Read a page of the events of several streams, by time (FilterLogEvents)."""
        ...


class LogStream:
    """Reads a stream page by page, and knows what was shown of it."""

    def __init__(self, source: Source, group: str, name: str, *, start_time: int | None = None) -> None:
        """
        Stand before the first event.

        :param start_time: leave out what is older, in milliseconds since the epoch.
        """
        self.group = group
        self.name = name
        self.source = source
        self.newest: int | None = None
        """Time of the newest event shown."""
        self.ahead = 0
        """Events shown by others' readings that this one hasn't come by yet."""
        self._start_time = start_time
        self._ledger = Ledger(start_time or 0)
        self._token: str | None = None
        self._round = Pass()
        self._mark: int | None = None
        """Newest event when the round began: whatever arrives later can't be much older."""
        self._reached: int | None = None
        """Newest event that the round has come by."""
        self._in_round = 0
        self._near_end = False
        self._is_last = False

    @property
    def floor(self) -> int:
        """Time before which nothing will be shown any more."""
        return self._ledger.floor

    @property
    def remembered(self) -> int:
        """Kinds of events that are remembered as shown."""
        return self._ledger.remembered

    def poll(self) -> Polled:
        """
        Make one request.

        :raises StreamMissingError: while the stream does not exist.
        :raises CwlogsError: as the source does; the position is kept, so the call can simply be repeated.
        """
        if self._near_end and self._round_is_long():
            self._begin_round()
        try:
            page = self.source.get(self.group, self.name, token=self._token, start_time=self._start_time)
        except TokenRefusedError:
            if self._token is None:
                raise
            self._begin_round()
            return Polled()
        at_end = page.token == self._token
        self._token = page.token
        events = self.take(page.events, self._round)
        self._advance(page.events)
        return Polled(events, len(page.events), at_end)

    def take(self, events: Sequence[LogEvent], reading: Pass) -> list[LogEvent]:
        """
        Pick those of this stream's events that were not shown yet, and take them as shown.

        :param reading: the traversal that has met them.
        """
        fresh = self._ledger.new(events, reading, late=reading is self._round)
        if fresh:
            newest = max(event.timestamp for event in fresh)
            self.newest = newest if self.newest is None else max(self.newest, newest)
            self._in_round += len(fresh)
            if reading is not self._round:
                self.ahead += len(fresh)
        return fresh

    def settle(self) -> bool:
        """Begin a last round, unless the present one is that and nothing came since; return whether there is one."""
        if self.newest is None or (self._is_last and self._in_round == 0):
            return False
        self._begin_round()
        self._is_last = True
        return True

    def _advance(self, events: Sequence[LogEvent]) -> None:
        self._near_end = len(events) < FULL_PAGE
        if self._near_end:
            self.ahead = 0
        if not events:
            return
        newest = max(event.timestamp for event in events)
        self._reached = newest if self._reached is None else max(self._reached, newest)
        if self._mark is None:
            self._mark = newest
        if self._in_round > 2 * ROUND_EVENTS and not self._near_end:
            # A backlog, whose events are all long there; to remember them could take any amount of memory.
            self._mark, self._in_round = self._reached, 0
            self._round.forget(self._next_start())
            self._ledger.forget(self._next_start())

    def _round_is_long(self) -> bool:
        if self.newest is None or self._mark is None:
            return False
        return self._in_round >= ROUND_EVENTS or (self._in_round > 0 and self.newest - self._mark >= ROUND_MS)

    def _next_start(self) -> int:
        if self._mark is None or self._reached is None:
            return self._ledger.floor
        return max(self._ledger.floor, min(self._mark, self._reached) - OVERLAP_MS)

    def _begin_round(self) -> None:
        start = self._next_start()
        self._ledger.forget(start)
        # Zero would be a time, too, but AWS has more to search then.
        self._start_time = start or self._start_time
        self._token = None
        self._round = Pass()
        self._mark, self._reached = self.newest, None
        self._in_round = 0
        self._near_end = self._is_last = False
