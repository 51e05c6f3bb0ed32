"""
Which queued job runs next: vCPUs of a compute environment, handed out in order. Pure.

Memory is not accounted for: a laptop that offers 8 GiB would never place a task that asks for 16, although it may well
need less.
"""

from __future__ import annotations

import heapq
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from miniwdl_aws_local_cloud.batch.jobs import Job

__all__ = ["Pool"]


class Pool:
    """
    The vCPUs of one compute environment, and the jobs that wait for them.

    Jobs go first by their queue's priority, then by age; a job that doesn't fit yet holds up those behind it, so that
    large ones are never passed over for ever. A job larger than the environment takes all of it.
    """

    def __init__(self, vcpus: float) -> None:
        """Start with everything free."""
        self.vcpus = vcpus
        self.free = vcpus
        self._waiting: list[tuple[int, int, Job]] = []
        self._order = count()
        self._gone: set[Job] = set()

    def _size(self, job: Job) -> float:
        return min(job.spec.vcpus, self.vcpus)

    def add(self, job: Job) -> None:
        """Queue a job."""
        heapq.heappush(self._waiting, (-job.spec.priority, next(self._order), job))

    def remove(self, job: Job) -> None:
        """Forget a queued job."""
        self._gone.add(job)

    def take(self) -> Job | None:
        """Take the next job if it fits, together with its vCPUs."""
        while self._waiting:
            job = self._waiting[0][2]
            if job in self._gone:
                self._gone.discard(job)
            elif self._size(job) > self.free:
                return None
            else:
                self.free -= self._size(job)
                heapq.heappop(self._waiting)
                return job
            heapq.heappop(self._waiting)
        return None

    def give_back(self, job: Job) -> None:
        """Return the vCPUs of a job that ended."""
        self.free += self._size(job)

    def waiting(self) -> list[Job]:
        """Jobs in the order in which they will run."""
        return [job for _, _, job in sorted(self._waiting, key=lambda item: item[:2]) if job not in self._gone]
