"""
Array jobs: a parent that runs nothing, and children that are jobs like others. Pure.

A child's id is its parent's with its index. The parent counts what states its children are in, and ends when all have:
it succeeds when all of them did. Children have no tags here, since AWS doesn't say whether they have their parent's,
and none can be added to them.

Sources: https://docs.aws.amazon.com/batch/latest/userguide/array_jobs.html and
https://docs.aws.amazon.com/batch/latest/APIReference/API_TagResource.html
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from miniwdl_aws_local_cloud.batch.jobs import ENDED, Job, Status

__all__ = ["CHILD_FAILED", "JobArray", "members", "spawn"]

CHILD_FAILED = "Array Child Job failed"
"""Why a parent fails."""
_ORDER = (
    Status.SUBMITTED,
    Status.PENDING,
    Status.RUNNABLE,
    Status.STARTING,
    Status.RUNNING,
    Status.SUCCEEDED,
    Status.FAILED,
)


@dataclass(eq=False)
class JobArray:
    """A parent with its children, all of which know it."""

    parent: Job
    children: tuple[Job, ...] = ()
    _counts: Counter[str] = field(default_factory=Counter)

    def moved(self, before: str, after: str) -> None:
        """Note that a child has got into another state."""
        self._counts[before] -= 1
        self._counts[after] += 1
        begins = after == Status.RUNNABLE and self.parent.status == Status.SUBMITTED
        self._tell(Status.PENDING if begins else self.parent.status)

    @property
    def over(self) -> bool:
        """Whether all children have ended."""
        return sum(self._counts[status] for status in ENDED) == len(self.children)

    @property
    def outcome(self) -> tuple[str, str | None]:
        """State and statusReason of the parent once it is over."""
        return (Status.FAILED, CHILD_FAILED) if self._counts[Status.FAILED] else (Status.SUCCEEDED, None)

    def _tell(self, status: str) -> None:
        summary = {name: self._counts[name] for name in _ORDER}
        self.parent.change(status=status, arrayProperties={"size": len(self.children), "statusSummary": summary})

    def begin(self) -> None:
        """Count the children for the first time."""
        self._counts.update(child.status for child in self.children)
        self._tell(self.parent.status)


def spawn(parent: Job, size: int) -> JobArray:
    """
    Make a job the parent of so many children.

    :param size: 2 to 10,000.
    """
    array = JobArray(parent)
    kept = {key: value for key, value in parent.detail.items() if key != "tags"}
    array.children = tuple(
        Job(
            parent.spec,
            {
                **kept,
                "jobId": f"{parent.id}:{index}",
                "jobArn": f"{parent.arn}:{index}",
                "arrayProperties": {"statusSummary": {}, "index": index},
            },
            array=array,
        )
        for index in range(size)
    )
    parent.array = array
    array.begin()
    return array


def members(job: Job) -> tuple[Job, ...]:
    """Tell who runs for a job: its children, where it is a parent, or itself."""
    return tuple(job.array.children) if job.array is not None and job.array.parent is job else (job,)
