"""
Lets few tasks at a time compute.

miniwdl gives each task a thread, and Python lets one thread run. Whenever that one asks the file system something, the
next one that waits takes over, and the first has to wait again: hundreds of tasks that have something to do at once, as
when the children of an array end, spent a third of their processor time on that. So a task is admitted before it
computes, and leaves while it waits for AWS.

What else is slow without computing, such as a download or a file system that answers late, does not hold up others:
after a while, who waits is admitted beside those who are.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from enum import IntEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import logging
    from collections.abc import Generator, Iterator

    from WDL.runtime.config import Loader
    from WDL.Tree import Task

__all__ = ["ADMISSION", "Admission", "Order", "admit_tasks"]

AT_ONCE = 2
"""Tasks that compute: one, and one that may go on whenever that waits for the file system."""

PATIENCE = 0.02
"""
Seconds that a task waits at most for each one before it. miniwdl and this backend compute for 5 to 10 ms between two
waits of a task, so this is for what is no computing.
"""


class Order(IntEnum):
    """Who comes before whom; those of one kind in the order in which they came."""

    LEADS = 1
    """Others may wait for what it does, and be inside meanwhile."""
    SUBMITS = 2
    """AWS has nothing to do for it before it has computed."""
    HEARD = 3
    """It has news of its job: nobody else waits for it."""


class Admission:
    """Who may compute."""

    def __init__(self, at_once: int = AT_ONCE, patience: float = PATIENCE) -> None:
        """
        Admit the first ones as they come.

        :param patience: see ``PATIENCE``.
        """
        self.patience = patience
        self._lock = threading.Lock()
        self._free = at_once
        """Below zero where some have lost patience."""
        self._waiting: dict[Order, deque[threading.Lock]] = {order: deque() for order in sorted(Order)}
        """Each is unlocked when its owner is admitted."""
        self._thread = threading.local()

    def is_inside(self) -> bool:
        """Whether this thread has been admitted."""
        return getattr(self._thread, "inside", False)

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Be inside for a while; a task that runs within another's is, already."""
        if self.is_inside():
            yield
            return
        self.enter()
        try:
            yield
        finally:
            if self.is_inside():
                self.leave()

    @contextmanager
    def outside(self) -> Iterator[None]:
        """Let another one in for a while, if this thread is inside; who comes back with an error stays outside."""
        was_inside = self.is_inside()
        if was_inside:
            self.leave()
        yield
        if was_inside:
            self.enter(Order.LEADS)

    def enter(self, order: Order = Order.SUBMITS) -> None:
        """Wait until this thread is admitted."""
        self._thread.inside = True
        with self._lock:
            if self._free > 0:
                self._free -= 1
                return
            turn = threading.Lock()
            turn.acquire()
            self._waiting[order].append(turn)
            longest = self.patience * sum(len(self._waiting[other]) for other in Order if other <= order)
        if turn.acquire(timeout=longest):
            return
        with self._lock:
            if turn in self._waiting[order]:  # and not admitted at this very moment
                self._waiting[order].remove(turn)
                self._free -= 1

    def leave(self) -> None:
        """Have another thread admitted instead of this one."""
        self._thread.inside = False
        with self._lock:
            waiting = next(filter(None, self._waiting.values()), None)
            if waiting and self._free >= 0:
                waiting.popleft().release()
            else:
                self._free += 1


ADMISSION = Admission()
"""One for the process, as its interpreter is."""


def admit_tasks(
    cfg: Loader,
    _logger: logging.Logger,
    _run_id_stack: list[str],
    _run_dir: str,
    _task: Task,
    **recv: Any,
) -> Generator[dict[str, Any], dict[str, Any], None]:
    """
    Have each task admitted for what miniwdl does for it, where tasks become Batch jobs.

    It is a task plugin of miniwdl's; see its documentation for the three steps.
    """
    if cfg["scheduler"]["container_backend"] != "aws_batch":
        while True:
            recv = yield recv
    with ADMISSION.admitted():
        while True:
            recv = yield recv
