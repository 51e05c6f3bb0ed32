"""Has Python collect garbage as suits a process that runs many tasks."""

from __future__ import annotations

import atexit
import gc

__all__ = ["suit_many_tasks"]

THRESHOLD = 10_000
"""
Objects made between two rounds of Python's garbage collector, instead of 700.

Each round in some goes over all objects of all tasks in flight: with 500 tasks that took a tenth of the processor time.
"""


def suit_many_tasks() -> None:
    """Have fewer rounds, and none over what the end of the process frees anyway, which took 0.4 s with 500 tasks."""
    if gc.get_threshold()[0] < THRESHOLD:
        gc.set_threshold(THRESHOLD)
    atexit.register(gc.freeze)
