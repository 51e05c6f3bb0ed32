"""A token bucket, for throttling requests as AWS does."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["RateLimit"]


class RateLimit:
    """So many a second, with a burst of one second's worth. Callers keep two threads from taking at once."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        """
        Start with a full bucket.

        :param rate: tokens that flow in each second.
        """
        self._rate = rate
        self._clock = clock
        self._burst = max(1.0, rate)
        self._tokens = self._burst
        self._at = clock()

    def take(self) -> bool:
        """Take one token; ``False`` when there is none."""
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True
