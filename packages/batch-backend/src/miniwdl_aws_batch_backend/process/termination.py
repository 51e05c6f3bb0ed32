"""
Watches miniwdl's termination flag, so that nobody else has to.

miniwdl's signal handler sets a flag and tells no one. One thread looks at it a few times a second, and wakes the tasks
that wait, for whatever they wait.
"""

from __future__ import annotations

import logging
import queue
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from miniwdl_aws_batch_backend.process.admission import ADMISSION, Admission, Order
from miniwdl_aws_core.aws.surprises import in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

__all__ = ["Mailbox", "Stoppable", "StoppedError", "TerminationWatch"]

logger = logging.getLogger(__name__)

T = TypeVar("T")


class StoppedError(Exception):
    """The run is being terminated, and the job with it; not an error of this project's, only a way out."""

    def __init__(self, *, had_started: bool) -> None:
        super().__init__()
        self.had_started = had_started


class Mailbox(Generic[T]):
    """Where a waiting task gets its news."""

    def __init__(self, order: Order, admission: Admission = ADMISSION) -> None:
        """
        Hold no news yet.

        :param order: in which who waits here goes on.
        :param admission: lets others compute meanwhile.
        """
        self._order = order
        self._admission = admission
        self._items: queue.SimpleQueue[T | None] = queue.SimpleQueue()
        self.woken = False

    def put(self, item: T) -> None:
        """Deliver news."""
        self._items.put(item)

    def wake(self) -> None:
        """End the wait without news, once."""
        if not self.woken:
            self.woken = True
            self._items.put(None)

    def get(self, timeout: float | None = None) -> T | None:
        """Wait for news; ``None`` when there is none in time, or when the run is being terminated."""
        with suppress(queue.Empty):
            return self._items.get_nowait()
        computes = self._admission.is_inside()
        if computes:
            self._admission.leave()
        try:
            return self._items.get(timeout=timeout)
        except queue.Empty:
            return None
        finally:
            # Who has a job to stop doesn't wait for others.
            if computes and not self.woken:
                self._admission.enter(self._order)


class TerminationWatch:
    """The one who looks at the flag."""

    PERIOD = 0.25
    """Seconds between two looks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[Mailbox[Any], Callable[[], bool]] = {}
        self._somebody = threading.Event()
        self._thread: threading.Thread | None = None
        self._never = threading.Event()
        self._warned = False

    @contextmanager
    def waking(self, box: Mailbox[Any], terminating: Callable[[], bool]) -> Iterator[None]:
        """
        Wake a mailbox when the run is being terminated.

        :param terminating: miniwdl's flag.
        """
        with self._lock:
            if self._thread is None:
                thread = threading.Thread(target=self._watch, name="batch-termination", daemon=True)
                thread.start()
                self._thread = thread
            self._waiting[box] = terminating
        self._somebody.set()
        try:
            yield
        finally:
            with self._lock:
                del self._waiting[box]
                if not self._waiting:
                    self._somebody.clear()

    def pause(self, seconds: float, terminating: Callable[[], bool]) -> bool:
        """Sleep; return True at once when the run is being terminated."""
        box: Mailbox[None] = Mailbox(Order.LEADS)
        with self.waking(box, terminating):
            if not terminating():
                box.get(seconds)
        return terminating()

    def _watch(self) -> None:
        while True:
            self._somebody.wait()
            with self._lock:
                boxes = list(self._waiting.items())
            # The flag is one for the whole process, so one look is enough.
            if boxes and self._is_set(boxes[-1][1]):
                for box, _ in boxes:
                    box.wake()
            self._never.wait(self.PERIOD)

    def _is_set(self, terminating: Callable[[], bool]) -> bool:
        try:
            return terminating()
        except Exception as exc:  # noqa: BLE001 - without this thread, nobody would learn of a termination
            if not self._warned:
                self._warned = True
                logger.warning("cannot tell whether the run is being terminated, looking on: %s", in_words(exc))
            return False


@dataclass(frozen=True)
class Stoppable:
    """Somebody who waits for this and that, but no longer when the run is being terminated."""

    watch: TerminationWatch
    terminating: Callable[[], bool]
    """miniwdl's flag."""

    def pause(self, seconds: float) -> bool:
        """Sleep; return True at once when the run is being terminated."""
        return self.watch.pause(seconds, self.terminating)

    def waking(self, box: Mailbox[Any]) -> AbstractContextManager[None]:
        """Wake a mailbox when the run is being terminated."""
        return self.watch.waking(box, self.terminating)
