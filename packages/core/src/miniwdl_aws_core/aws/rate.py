"""
How fast to send requests: as fast as AWS takes them, found out by asking.

AWS's limits are those of an account and Region, which all of its users share; so who is throttled gets more modest.
"""

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

    A token bucket, in its equivalent form of a theoretical arrival time, that threads may share. They queue up behind
    each other, so that a rate that drops holds for all who wait.
    """

    RAISE = 0.02
    """Share of the highest rate that each success adds."""
    MERGE = 1.0
    """Seconds in which several throttled requests count as one, since they were in flight together."""

    def __init__(
        self,
        highest: float,
        *,
        lowest: float | None = None,
        burst: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """
        Start at the highest rate, with a full bucket.

        :param highest: requests a second.
        :param lowest: requests a second that it never falls below; when ``None``, a twentieth of the highest.
        :param burst: seconds' worth of requests that may follow at once on a pause.
        """
        if highest <= 0:
            raise ValueError(f"the rate must be above 0, not {highest}")
        self.highest = highest
        self.rate = highest
        self._lowest = min(highest, highest / 20 if lowest is None else lowest)
        self._burst = burst
        self._clock = clock
        self._sleep = sleep
        self._turn = threading.Lock()
        self._state = threading.Lock()
        self._arrival = clock()
        self._halved = self._arrival - self.MERGE

    def acquire(self, pause: Callable[[float], object] | None = None) -> bool:
        """
        Wait until the next request may go, and take its place.

        :param pause: sleeps so many seconds; returns something true when the wait is to be given up.
        :return: False when it was given up.
        """
        pause = pause or self._sleep
        with self._turn:
            while (delay := self._delay()) > 0:
                if pause(delay):
                    return False
            with self._state:
                self._take()
        return True

    def at_once(self) -> bool:
        """Take a place if no wait is needed for it, and nobody else waits for one; False otherwise."""
        if not self._turn.acquire(blocking=False):
            return False
        try:
            if self._delay() > 0:
                return False
            with self._state:
                self._take()
            return True
        finally:
            self._turn.release()

    def _take(self) -> None:
        self._arrival = max(self._arrival, self._clock()) + 1 / self.rate

    def _delay(self) -> float:
        with self._state:
            # One request's own interval counts against the burst, so `burst * rate` requests fit into it.
            tolerance = max(self._burst - 1 / self.rate, 0.0)
            return self._arrival - tolerance - self._clock()

    def succeeded(self) -> None:
        """Note a request that was taken."""
        with self._state:
            self.rate = min(self.highest, self.rate + self.RAISE * self.highest)

    def throttled(self) -> None:
        """Note a request that was refused for being one too many: forget the burst, and wait an interval at least."""
        with self._state:
            now = self._clock()
            if now - self._halved >= self.MERGE:
                self._halved = now
                self.rate = max(self._lowest, self.rate / 2)
            self._arrival = max(self._arrival, now + max(self._burst, 1 / self.rate))
