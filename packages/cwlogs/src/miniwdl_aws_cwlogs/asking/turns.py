"""Whose turn it is: streams wait in a heap for their next GetLogEvents request."""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from miniwdl_aws_cwlogs.asking.lane import Member

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from miniwdl_aws_cwlogs.stream import LogStream

__all__ = ["Followed", "Reader", "Turn", "Turns"]


class Reader(Protocol):
    """Whoever takes the events of a stream."""

    @property
    def full(self) -> bool:
        """Has more than it can take at present."""
        ...

    @property
    def gone(self) -> bool:
        """Will take no more."""
        ...


@dataclass(frozen=True)
class _Eager:
    """A reader that takes everything at once."""

    full: bool = False
    gone: bool = False


@dataclass(frozen=True)
class Followed:
    """A stream with the ways to know that it is over."""

    stream: LogStream
    job_ended: Callable[[], bool]
    """Whether the writer has stopped; asked when there is nothing to read, and each few seconds."""
    end_marker: str | None = None
    """An event that ends the stream and is not delivered."""
    grace: float | None = None
    """Seconds of silence after the job's end that end the stream; ``None`` for the follower's own."""
    reader: Reader = field(default_factory=_Eager)


@dataclass(eq=False)
class Turn(Member):
    """A stream in the heap."""

    followed: Followed = field(kw_only=True)
    interval: float = field(kw_only=True)
    ended: bool = False
    """Whether the job was found to have ended."""
    quiet_since: float = 0.0
    """When the last event came, or the end of the job."""
    ticket: int = -1
    """Number of the entry in the heap that counts: it may have been put there again."""


class Turns:
    """The heap; a turn that was put into it again has left its former place."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._heap: list[tuple[float, int, Turn]] = []
        self._open: dict[int, Turn] = {}

    def put(self, turn: Turn, due: float) -> None:
        """Make it a turn's time at some moment."""
        turn.ticket = next(self._numbers)
        self._open[id(turn)] = turn
        heapq.heappush(self._heap, (due, turn.ticket, turn))

    def due(self) -> float:
        """Return when the first one's time comes; infinity when there is none."""
        while self._heap and self._heap[0][1] != self._heap[0][2].ticket:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else float("inf")

    def first(self) -> Turn:
        """Return the one that has waited longest; it stays in the heap until it is put there again or closed."""
        self.due()
        return self._heap[0][2]

    def close(self, turn: Turn) -> None:
        """Take a turn out for good."""
        turn.ticket = -1
        del self._open[id(turn)]

    def __iter__(self) -> Iterator[Turn]:
        """All that are not closed."""
        return iter(self._open.values())

    def __len__(self) -> int:
        """How many are not closed."""
        return len(self._open)
