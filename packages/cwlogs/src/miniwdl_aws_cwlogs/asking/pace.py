"""How eagerly to ask, and when to give up."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Pace"]


@dataclass(frozen=True)
class Pace:
    """Seconds, unless said otherwise."""

    active: float = 0.5
    """Between two requests for a stream that is talking."""
    idle: float = 3.0
    """The same for one that has been silent for long."""
    growth: float = 1.25
    """Factor by which each answer without news lengthens the interval."""
    crowded: float = 1.0
    """When each stream's turn would come less often than this, the shared lane is taken."""
    lane_gap: float = 0.4
    """Between two requests of the shared lane: half of the smallest known quota of FilterLogEvents (5 a second)."""
    sweep: float = 15.0
    """Between two looks at a stream that the shared lane watches."""
    grace: float = 10.0
    """Silence after the job's end that ends its stream: the log driver and CloudWatch take a few seconds each."""
    first_patience: float = 20.0
    """How long the service may be unreachable before it has answered once."""
    patience: float = 900.0
    """The same afterwards: networks come back."""
