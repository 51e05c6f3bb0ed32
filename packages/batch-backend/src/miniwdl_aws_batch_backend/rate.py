"""How fast to submit: as fast as AWS takes it, found out by asking."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SelfTuningRate"]


class SelfTuningRate:
    """
    Spaces requests out; halves its rate when one is throttled, and raises it again slowly as they succeed.

    Callers queue up behind each other, so that a rate that drops holds for all who wait.
    """

    MIN_RATE = 0.2
    RAISE = 0.02
    """Share of the highest rate that each success adds."""
    BURST = 10
    """Requests that may follow at once on a pause."""
    MERGE = 1.0
    """Seconds in which several throttled requests count as one, since they were in flight together."""

    def __init__(self, highest: float, clock: Callable[[], float] = time.monotonic) -> None:
        """
        Start at the highest rate.

        :param highest: requests a second.
        """
        self.highest = highest
        self.rate = highest
        self._clock = clock
        self._turn = threading.Lock()
        self._state = threading.Lock()
        self._next = clock()
        self._halved = clock() - self.MERGE

    def acquire(self, pause: Callable[[float], bool]) -> bool:
        """
        Wait until the next request may go.

        :param pause: sleeps so many seconds; returns True when the wait is to be given up.
        :return: False when it was given up.
        """
        with self._turn:
            while (delay := self._delay()) > 0:
                if pause(delay):
                    return False
            with self._state:
                earliest = self._clock() - self.BURST / self.rate
                self._next = max(self._next, earliest) + 1 / self.rate
        return True

    def _delay(self) -> float:
        with self._state:
            return self._next - self._clock()

    def succeeded(self) -> None:
        """Note a request that was taken."""
        with self._state:
            self.rate = min(self.highest, self.rate + self.RAISE * self.highest)

    def throttled(self) -> None:
        """Note a request that was refused for being one too many: wait a whole interval of the new rate."""
        with self._state:
            now = self._clock()
            if now - self._halved >= self.MERGE:
                self._halved = now
                self.rate = max(self.MIN_RATE, self.rate / 2)
            self._next = max(self._next, now + 1 / self.rate)
