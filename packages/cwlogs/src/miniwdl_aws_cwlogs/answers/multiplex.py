"""
One follower for all who follow logs in this process.

Whoever follows many streams through the hook asks for them one by one. Here they come together, so that they share
not only the budget but also the requests that read many streams at once.
"""

from __future__ import annotations

import queue
import threading
from functools import lru_cache
from typing import TYPE_CHECKING

from miniwdl_aws_cwlogs.follower import Follower

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from miniwdl_aws_cwlogs.asking.turns import Reader
    from miniwdl_aws_cwlogs.follower import Delivery, Followed
    from miniwdl_aws_hooks import LogEvent

__all__ = ["Multiplexer", "multiplexer"]

WAITING = 20
"""Groups of events that wait for a reader: while there are more, its stream is not asked for."""


class _Mailbox:
    """What has come for one reader; the last item is ``None``, or what went wrong."""

    def __init__(self) -> None:
        self.gone = False
        self._items: queue.SimpleQueue[Sequence[LogEvent] | BaseException | None] = queue.SimpleQueue()

    @property
    def full(self) -> bool:
        """Has more than it can take at present."""
        return self._items.qsize() > WAITING

    def put(self, item: Sequence[LogEvent] | BaseException | None) -> None:
        """Deliver."""
        self._items.put(item)

    def take(self) -> Sequence[LogEvent] | BaseException | None:
        """Wait for the next item."""
        return self._items.get()


class Multiplexer:
    """Runs a follower in a thread of its own for as long as somebody follows something."""

    def __init__(self, make: Callable[[], Follower]) -> None:
        """
        Be ready; nothing runs yet.

        :param make: makes the follower for each time that somebody begins.
        """
        self._make = make
        self._lock = threading.Lock()
        self._new: list[Followed] = []
        self._open: dict[Followed, _Mailbox] = {}
        self._running = False

    def follow(self, followed: Callable[[Reader], Followed]) -> Iterator[LogEvent]:
        """
        Follow a stream along with the others.

        :param followed: makes the description of the stream for its reader.
        :return: its events. While they are not taken, the stream isn't asked for any more; closing it ends that.
        """
        mailbox = _Mailbox()
        self._add(followed(mailbox), mailbox)
        try:
            while (item := mailbox.take()) is not None:
                if isinstance(item, BaseException):
                    raise item
                yield from item
        finally:
            mailbox.gone = True

    def _add(self, followed: Followed, mailbox: _Mailbox) -> None:
        with self._lock:
            if not self._running:
                threading.Thread(target=self._run, name="cwlogs", daemon=True).start()
                # Not before: where no thread could be started, the next reader's turn is to try.
                self._running = True
            self._new.append(followed)
            self._open[followed] = mailbox

    def new(self) -> list[Followed]:
        """Those that came since the last call (for the follower)."""
        with self._lock:
            new, self._new = self._new, []
            return new

    def complete(self) -> bool:
        """Whether nobody follows anything any more (for the follower)."""
        with self._lock:
            return not self._open

    def _run(self) -> None:
        """Follow until nobody wants it any more; what is wrong is raised where the events are read."""
        while True:
            try:
                for delivery in self._make().deliveries(self):
                    self._deliver(delivery)
            except BaseException as exc:  # noqa: BLE001 - raised again by all who read
                with self._lock:
                    waiting, self._open, self._new, self._running = self._open, {}, [], False
                for mailbox in waiting.values():
                    mailbox.put(exc)
                return
            with self._lock:
                if not self._open:
                    self._running = False
                    return

    def _deliver(self, delivery: Delivery) -> None:
        mailbox = self._open[delivery.followed]
        if delivery.events:
            mailbox.put(delivery.events)
        if delivery.over:
            mailbox.put(None)
            with self._lock:
                del self._open[delivery.followed]


@lru_cache(maxsize=1)
def multiplexer() -> Multiplexer:
    """Multiplexer of this process."""
    from miniwdl_aws_cwlogs.log_source import shared_budget

    return Multiplexer(lambda: Follower(shared_budget()))
