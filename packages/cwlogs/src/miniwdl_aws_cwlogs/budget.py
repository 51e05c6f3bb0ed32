"""
How many requests a second the whole process makes of CloudWatch Logs.

GetLogEvents has a fixed quota per account and Region that all users of the account share, so a follower must be
modest, and get more modest when it is throttled.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DEFAULT_RATE", "Budget"]

DEFAULT_RATE = 5.0
"""Requests a second: half of the smallest quota that AWS documented for GetLogEvents (10 a second)."""

_FLOOR = 1 / 20
_RECOVERY_STEPS = 50


class Budget:
    """
    A token bucket (in its equivalent form of a theoretical arrival time) that threads may share.

    A throttled request halves the rate, down to a twentieth of the nominal one; each answered request gives back a
    fiftieth of the nominal rate.
    """

    def __init__(
        self,
        rate: float = DEFAULT_RATE,
        *,
        burst: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """
        Start with a full bucket.

        :param rate: requests a second in the long run.
        :param burst: seconds' worth of requests that may be made at once after a pause.
        """
        if rate <= 0:
            raise ValueError(f"the rate must be above 0, not {rate}")
        self._nominal = self._rate = rate
        self._burst = burst
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._arrival = clock()

    @property
    def rate(self) -> float:
        """Requests a second at present."""
        return self._rate

    def acquire(self) -> None:
        """Sleep until the next request may be made, and take it."""
        with self._lock:
            now = self._clock()
            # One request's own interval counts against the burst, so `burst * rate` requests fit into it.
            tolerance = max(self._burst - 1 / self._rate, 0.0)
            slot = max(now, self._arrival - tolerance)
            self._arrival = max(slot, self._arrival) + 1 / self._rate
        if slot > now:
            self._sleep(slot - now)

    def throttled(self) -> None:
        """Note that AWS refused a request because there were too many: halve the rate and forget the burst."""
        with self._lock:
            self._rate = max(self._rate / 2, self._nominal * _FLOOR)
            self._arrival = max(self._arrival, self._clock() + self._burst)

    def answered(self) -> None:
        """Note that a request was answered: recover a little."""
        if self._rate < self._nominal:
            with self._lock:
                self._rate = min(self._rate + self._nominal / _RECOVERY_STEPS, self._nominal)
