"""
Which arrays need not be asked about child by child, since their parents tell that no child has changed. Pure.

A parent counts how many of its children are in which state: one id in a request stands for thousands. What it does not
tell, such as why a child waits, is seen when all children are asked about, which happens now and then in any case.

Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_ArrayPropertiesDetail.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniwdl_aws_core.batch.arrays import parent_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniwdl_aws_core.batch.job import Job

__all__ = ["QuietArrays"]


@dataclass
class _Array:
    asked: float
    """When its parent was last asked about."""
    changed: float
    """Children that were asked about by then may have changed since."""
    summary: Mapping[str, int] | None = None


class QuietArrays:
    """What the parents of watched children have told."""

    FULL_LOOK = 60.0
    """Seconds after which all children are asked about, whatever their parent tells."""

    def __init__(self) -> None:
        self._arrays: dict[str, _Array] = {}

    def add(self, job_id: str, now: float) -> None:
        """Note that a job is watched from now on."""
        if parent := parent_of(job_id):
            array = self._arrays.setdefault(parent, _Array(asked=now, changed=now))
            array.changed = now

    def shrink(self, described: Mapping[str, float]) -> dict[str, float]:
        """
        Put parents in the place of children that can't have changed.

        :param described: when each watched job was last asked about.
        :return: the same of those that are to be asked about.
        """
        found: dict[str, float] = {}
        children: dict[str, dict[str, float]] = {}
        for job_id, at in described.items():
            parent = parent_of(job_id)
            family = children.setdefault(parent, {}) if parent in self._arrays and parent else found
            family[job_id] = at
        for parent, family in children.items():
            array = self._arrays[parent]
            found.update({child: at for child, at in family.items() if at <= array.changed} or {parent: array.asked})
        self._arrays = {parent: self._arrays[parent] for parent in children}
        return found

    def postpone(self, parent: str, now: float) -> None:
        """Note that it was asked about in vain."""
        if parent in self._arrays:
            self._arrays[parent].asked = now

    def observe(self, parent: str, job: Job | None, now: float) -> bool:
        """
        Take in what is told of a parent; whether its children have changed.

        :param job: ``None`` where AWS told nothing of it.
        """
        array = self._arrays.get(parent)
        if array is None:
            return False
        array.asked = now
        summary = job.array_summary if job else None
        is_new = not summary or summary != array.summary
        if is_new or now - array.changed >= self.FULL_LOOK:
            array.summary, array.changed = summary, now
        return is_new
