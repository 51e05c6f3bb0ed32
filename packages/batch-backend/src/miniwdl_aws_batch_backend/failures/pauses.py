"""
How long a task waits before its next job, by what became of the last one. Pure.

A tool that failed, or a lost host, doesn't get better by waiting. A registry that is busy, or hosts that are being
replaced, do, and a scatter's tasks should not all come back in the same second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_core.aws.backoff import Backoff
from miniwdl_aws_hooks import FailureClass, FailurePolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from miniwdl_aws_hooks import FailureVerdict

__all__ = ["LONGEST", "Pauses"]

LONGEST = 300.0
"""Seconds; a registry that is away for longer is away for good, as far as a run is concerned."""

_GROWTH: Mapping[FailureClass, float] = {
    # Limits of registries are counted in minutes and hours, and full disks are cleaned up every half an hour.
    FailureClass.IMAGE_TRANSIENT: 3.0,
    FailureClass.IMAGE_NO_SPACE: 3.0,
    # Nothing is expected to pass.
    FailureClass.JOB_VANISHED: 1.0,
    FailureClass.ALREADY_BEGUN: 1.0,
    FailureClass.CONFLICTING_EXIT: 1.0,
}


class Pauses:
    """The pauses of one task."""

    def __init__(self, first: float, chance: Callable[[], float]) -> None:
        """
        Wait for the first time that long.

        :param first: ``[aws] retry_wait`` in seconds; longer than :data:`LONGEST` if somebody wants that.
        :param chance: gives numbers between 0 and 1.
        """
        self._first = first
        self._chance = chance
        self._faults = 0
        self.seconds = first
        """Until the next job."""

    def failed(self, verdict: FailureVerdict) -> None:
        """Take in that a job has failed: faults of the infrastructure count while they follow each other."""
        if verdict.policy is not FailurePolicy.INFRASTRUCTURE:
            self._faults, self.seconds = 0, self._first
            return
        self._faults += 1
        growth = _GROWTH.get(verdict.failure_class, 2.0)
        self.seconds = Backoff(self._first, max(LONGEST, self._first), growth).pause(self._faults, self._chance())
