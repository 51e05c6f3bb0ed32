"""
How long to wait before another try: longer each time, and never quite as long as others who began to wait together.

Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Backoff"]

_MANY = 64
"""Pauses after which all are the longest one, whatever the factor; further powers would only overflow."""


@dataclass(frozen=True)
class Backoff:
    """Pauses between tries; decides only."""

    first: float
    """Seconds of the first pause at most."""
    longest: float
    """Seconds of any pause at most."""
    factor: float = 2.0
    """From one pause to the next; 1 is no growth."""

    def pause(self, number: int, chance: float) -> float:
        """
        Seconds to wait.

        :param number: which pause it is, from 1.
        :param chance: between 0 and 1; with 0 the pause is half as long as with 1.
        """
        grown = self.first * self.factor ** min(number - 1, _MANY)
        return min(self.longest, grown) * (0.5 + chance / 2)
