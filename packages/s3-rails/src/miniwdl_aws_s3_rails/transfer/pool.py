"""
Threads that do not hold up the end of the process.

Those of the standard library's executor do: the interpreter waits for all of them at exit, even for one that waits for
a server that does not answer. Nothing is lost with a transfer that is cut off: what isn't whole has no name.
"""

from __future__ import annotations

import threading
from concurrent.futures import Executor, Future
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DaemonPool"]

P = ParamSpec("P")
T = TypeVar("T")


class DaemonPool(Executor):
    """Runs functions in up to a number of daemon threads, which start as they are needed."""

    def __init__(self, size: int, name: str) -> None:
        """
        Start without any thread.

        :param size: threads at most.
        :param name: to begin the names of threads with.
        """
        self._size, self._name = size, name
        self._queue: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._closed = False

    def submit(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run a function as soon as a thread is free."""
        future: Future[T] = Future()
        with self._lock:
            if self._closed:
                raise RuntimeError("the pool was shut down")
            self._queue.put(partial(_run, future, partial(function, *args, **kwargs)))
            if not self._idle.acquire(blocking=False) and len(self._threads) < self._size:
                name = f"{self._name}-{len(self._threads)}"
                self._threads.append(threading.Thread(target=self._work, name=name, daemon=True))
                self._threads[-1].start()
        return future

    def _work(self) -> None:
        while task := self._queue.get():
            task()
            del task  # or its result would live until the next one comes
            self._idle.release()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """
        Take nothing more; let what was taken come to its end.

        :param cancel_futures: not possible here; whoever holds a future can cancel it.
        """
        if cancel_futures:
            raise NotImplementedError("cancel the futures themselves")
        with self._lock:
            self._closed = True
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads if wait else ():
            thread.join()


def _run(future: Future[T], function: Callable[[], T]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = function()
    except BaseException as exc:  # noqa: BLE001 - it belongs to whoever waits for the future
        future.set_exception(exc)
    else:
        future.set_result(result)
