"""
The shared lane: what is new in up to a hundred streams, by one FilterLogEvents request.

It decides which request to make next and to whom the answer belongs, and touches neither network nor clock. It only
makes lines appear sooner: that none is lost is GetLogEvents' business (see ``stream``), so the lane may fall behind,
miss what arrives late, or be forbidden.

Limits of the request: 100 names, a page of 10,000 events or 1 MB; pages are sorted by time, may be empty, and are
followed by more as long as there is a token.
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Generic, TypeVar

from miniwdl_aws_cwlogs.ledger import Pass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from miniwdl_aws_cwlogs.stream import LogStream, Page, Source
    from miniwdl_aws_hooks import LogEvent

__all__ = ["Lane", "Member", "Request"]

NAMES_LIMIT = 100
"""Streams that one request may name."""

QUIET_MS = 900_000
"""
A silent stream's next event is taken to be younger than this when it arrives: its writer's clock would have to be that
wrong, or its host cut off for so long. If it is, its lines come later, and maybe not in order.
"""

SETTLED_MS = 1_000
"""What was taken in so long before a traversal began was there when it began."""

SPREAD_MS = 2_000
"""Streams whose newest events are further apart don't share a request: it would read the busy ones' lines again."""


@dataclass(eq=False)
class Member:
    """A stream in the lane."""

    stream: LogStream
    proven: bool = False
    """Whether the stream has answered: one that does not exist makes the whole request fail."""
    barred: bool = False
    """Not to be asked for until GetLogEvents has found it."""
    done: bool = False
    """Its end marker has been seen; the rest is not the lane's business."""
    quiet_until: int = 0
    """Time before which nothing is expected any more, since the service has nothing up to here."""

    @property
    def start(self) -> int:
        """
        Where a request for this stream has to begin, lest it skips something.

        That is where the stream has been shown up to, whatever its writer's clock says: it writes on from there.
        """
        return max(self.stream.floor, self.quiet_until, self.stream.newest or 0)


M = TypeVar("M", bound=Member)


@dataclass
class Request(Generic[M]):
    """One traversal of the events of some streams since a time, page by page."""

    members: dict[str, M]
    start_time: int
    token: str | None = None
    served: int | None = None
    """The service's time when the traversal began."""
    readings: dict[str, Pass] = field(default_factory=dict)
    met: set[str] = field(default_factory=set)
    """Ids of the events so far: what arrives late may push others from one page to the next."""
    cut: set[str] = field(default_factory=set)
    """Streams that have gone on since the traversal began: lines may have come behind the place that it is at."""

    @property
    def source(self) -> Source:
        """Whom to ask."""
        return self._any.stream.source

    @property
    def group(self) -> str:
        """Log group of the streams."""
        return self._any.stream.group

    def sort(self, page: Page) -> dict[str, list[LogEvent]]:
        """
        Tell the events of a page apart by stream, those that may be shown now.

        The first page is of one moment. On later ones, an event that came meanwhile may stand after a place where an
        older one of its stream has come meanwhile, too, and must wait for the next traversal.
        """
        known_until = float("inf") if self.served is None else self.served - SETTLED_MS
        by_stream: dict[str, list[LogEvent]] = {}
        for event, event_id, ingested in zip(page.events, page.ids, page.ingested, strict=True):
            if event_id in self.met:
                continue
            self.met.add(event_id)
            if ingested > known_until:
                self.cut.add(event.stream)
            if event.stream not in self.cut:
                by_stream.setdefault(event.stream, []).append(event)
        return by_stream

    @property
    def _any(self) -> M:
        return next(iter(self.members.values()))


class Lane(Generic[M]):
    """Goes through the streams in cycles: each is asked for once in a cycle, batch after batch."""

    def __init__(self) -> None:
        self._batches: list[list[M]] = []
        self._request: Request[M] | None = None

    def begin(self, members: Iterable[M]) -> None:
        """Start a cycle over some streams."""
        self._request = None
        self._batches = list(_batches([member for member in members if not (member.barred or member.done)]))

    def next(self) -> Request[M] | None:
        """Return the request to make; ``None`` when the cycle is over."""
        if self._request is None and self._batches:
            batch = self._batches.pop(0)
            members = {member.stream.name: member for member in batch}
            self._request = Request(members, min(member.start for member in batch))
        return self._request

    def answered(self, page: Page) -> Iterator[tuple[M, Sequence[LogEvent]]]:
        """Sort the events of a page by stream, whether they were shown or not."""
        request = self._request
        if request is None:
            raise RuntimeError("an answer without a request")
        by_stream = request.sort(page)
        if request.token is None:
            request.served = page.served
        request.token = page.token
        if page.token is None:
            self._request = None
            for member in request.members.values():
                member.proven = True
                if request.served is not None:
                    member.quiet_until = max(member.quiet_until, request.served - QUIET_MS)
        for name, events in by_stream.items():
            yield request.members[name], events

    def reading(self, request: Request[M], member: M) -> Pass:
        """Return the traversal of one stream that a request makes."""
        return request.readings.setdefault(member.stream.name, Pass())

    def missing(self) -> list[M]:
        """Take it that one of the streams asked for does not exist: bar and return those that are not proven."""
        members = list(self._request.members.values()) if self._request else []
        barred = [member for member in members if not member.proven] or members
        for member in barred:
            member.barred = True
        self._request = None
        return barred

    def restart(self) -> None:
        """Give up the request, for instance because its token has expired; the next cycle begins it anew."""
        self._request = None


def _batches(members: list[M]) -> Iterator[list[M]]:
    """
    Put streams together that are in one group and about as far.

    The further behind the most recent, the less exact: silent streams have few lines that would be read again.
    """
    members.sort(key=lambda member: (id(member.stream.source), member.stream.group, -member.start))
    for _group, together in groupby(members, key=lambda member: (id(member.stream.source), member.stream.group)):
        batch: list[M] = []
        latest = room = 0
        for member in together:
            if not batch:
                latest = member.start
            elif len(batch) == NAMES_LIMIT or batch[0].start - member.start > room:
                yield batch
                batch = []
            if not batch:
                room = max(SPREAD_MS, latest - member.start)
            batch.append(member)
        yield batch
