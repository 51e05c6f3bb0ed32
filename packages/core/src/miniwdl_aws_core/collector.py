"""Has Python's collector of cyclic garbage suit a process that makes much and keeps most of it to its end."""

from __future__ import annotations

import atexit
import gc

__all__ = ["collect_seldom"]

THRESHOLD = 10_000
"""
Objects made between two rounds of the collector, instead of 700.

Each round in some goes over all objects that there are. Of the processor time of a submission, which makes a parser of
WDL first, they took a sixth, and a tenth of that of a process with 500 tasks in flight.
"""


def collect_seldom() -> None:
    """Have fewer rounds, and none over what the end of the process frees anyway, which took 0.4 s with 500 tasks."""
    if gc.get_threshold()[0] < THRESHOLD:
        gc.set_threshold(THRESHOLD)
    atexit.register(gc.freeze)
