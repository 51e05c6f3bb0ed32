"""A budget of memory that transfers draw from."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Budget"]


class Budget:
    """Bytes that may be in use at once; whoever needs more waits until others are done, in order of arrival."""

    def __init__(self, size: int) -> None:
        """
        Start with nothing in use.

        :param size: bytes in all.
        """
        self._size = size
        self._free = size
        self._changed = threading.Condition()
        self._queue: list[object] = []

    @contextmanager
    def draw(self, amount: int) -> Iterator[None]:
        """Hold an amount, the whole budget at most, while the block runs."""
        amount = min(amount, self._size)
        ticket = object()
        with self._changed:
            # First come, first served: otherwise small files would starve a large one.
            self._queue.append(ticket)
            try:
                self._changed.wait_for(lambda: self._queue[0] is ticket and self._free >= amount)
                self._free -= amount
            finally:
                self._queue.remove(ticket)
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._free += amount
                self._changed.notify_all()
