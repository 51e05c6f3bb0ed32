"""
Several log streams shown as one.

Each stream is read by a thread of its own, which sleeps nearly always; whoever reads CloudWatch Logs shares one request
budget among all of them (miniwdl-aws-cwlogs does).
"""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from miniwdl_aws_hooks.errors import MissingPartError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import pluggy

    from miniwdl_aws_hooks.types import FollowRequest, LogEvent

__all__ = ["DISCOVERY_PERIOD", "Merged", "Readable", "Shown", "follower", "read_in_turn", "require_follower"]

BUFFER = 1000
"""Events that wait for the reader, per stream; a full buffer makes its thread wait."""
DISCOVERY_PERIOD = 5.0
"""Seconds between two looks for task jobs that have started to log."""
AHEAD = 16
"""Streams that are read at once when they are shown one after the other."""


class Readable(Protocol):
    """A log, of one stream or of several that follow each other."""

    @property
    def label(self) -> str:
        """What it is called."""
        ...

    @property
    def key(self) -> str:
        """What tells it from others."""
        ...

    def events(self, follow: Callable[[FollowRequest], Iterable[LogEvent]]) -> Iterable[LogEvent]:
        """Read it."""
        ...


@dataclass(frozen=True)
class Shown:
    """A stream and what it is called."""

    label: str
    request: FollowRequest

    @property
    def key(self) -> str:
        """Its name."""
        return self.request.stream

    def events(self, follow: Callable[[FollowRequest], Iterable[LogEvent]]) -> Iterable[LogEvent]:
        """Read it."""
        return follow(self.request)


_Queue = queue.Queue["tuple[str, LogEvent | BaseException | None]"]
"""The last item of a stream is ``None``, or the error that ended it."""


def _start(shown: Readable, follow: Callable[[FollowRequest], Iterable[LogEvent]], out: _Queue) -> None:
    """Read one stream into a queue, in a thread that dies with the command."""

    def read() -> None:
        end: BaseException | None = None
        try:
            for event in shown.events(follow):
                out.put((shown.label, event))
        except BaseException as exc:  # noqa: BLE001 - raised again by whoever reads the queue, and would wait for ever
            end = exc
        out.put((shown.label, end))

    threading.Thread(target=read, name=f"log {shown.label}", daemon=True).start()


def require_follower(manager: pluggy.PluginManager, what: str = "--follow") -> None:
    """
    Check that somebody can follow logs, before anything is submitted.

    :param what: what needs it, as the user wrote it.
    :raises MissingPartError: when nobody can.
    """
    if not manager.hook.miniwdl_aws_follow_logs.get_hookimpls():
        raise MissingPartError.of(what, "miniwdl-aws-cwlogs")


def follower(manager: pluggy.PluginManager) -> Callable[[FollowRequest], Iterable[LogEvent]]:
    """Make a function that follows one stream by whichever plugin can."""
    return lambda request: manager.hook.miniwdl_aws_follow_logs(request=request) or ()


def read_in_turn(
    streams: Iterable[Readable], follow: Callable[[FollowRequest], Iterable[LogEvent]]
) -> Iterator[tuple[str, LogEvent]]:
    """Read streams one after the other; the next ones are fetched meanwhile."""
    waiting: list[_Queue] = []
    remaining = iter(streams)

    def start() -> None:
        shown = next(remaining, None)
        if shown is not None:
            out: _Queue = queue.Queue(BUFFER)
            waiting.append(out)
            _start(shown, follow, out)

    for _ in range(AHEAD):
        start()
    while waiting:
        out = waiting.pop(0)
        while not isinstance((item := out.get())[1], BaseException | None):
            yield item[0], item[1]
        if item[1] is not None:
            raise item[1]
        start()


class Merged:
    """Streams shown as their events arrive; more may be added while they are read."""

    def __init__(self, follow: Callable[[FollowRequest], Iterable[LogEvent]]) -> None:
        self._follow = follow
        self._queue: _Queue = queue.Queue(BUFFER)
        self._known: set[str] = set()
        self._open = 0

    def add(self, streams: Iterable[Readable]) -> None:
        """Begin to read those that are not known yet."""
        for shown in streams:
            if shown.key not in self._known:
                self._known.add(shown.key)
                self._open += 1
                _start(shown, self._follow, self._queue)

    def events(
        self, discover: Callable[[], bool], period: float, clock: Callable[[], float] = time.monotonic
    ) -> Iterator[tuple[str, LogEvent]]:
        """
        Deliver events until all streams are over.

        :param discover: called every so often; may add streams, and says whether no more will come.
        :param period: seconds between two such calls.
        """
        complete, asked = discover(), clock()
        while self._open or not complete:
            if not complete and clock() - asked >= period:
                complete, asked = discover(), clock()
                continue
            try:
                label, item = self._queue.get(timeout=None if complete else max(0.0, asked + period - clock()))
            except queue.Empty:
                continue
            if item is None:
                self._open -= 1
            elif isinstance(item, BaseException):
                raise item
            else:
                yield label, item
