"""
What it means that a job waits for a host, in words, and how long that may go on.

AWS Batch gives a reason only for the job at the head of a queue, and reasons come and go while a compute environment
grows from nothing. So a reason counts from when it was first seen without a break, and is looked at once more before
anything is given up for it.

Source: https://docs.aws.amazon.com/batch/latest/userguide/job_stuck_in_runnable.html
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from miniwdl_aws_core.batch.job import Job

__all__ = ["EXPLANATIONS", "QueueWait", "WaitStep", "explain", "position_in"]

EXPLANATIONS: Sequence[tuple[str, str]] = (
    (
        "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
        "EC2 has no such instances to give at the moment: wait, or add instance types or zones",
    ),
    (
        "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
        "the task asks for more processors than the compute environment's maxvCpus; raise it, or ask for less",
    ),
    (
        "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
        "no instance type of the queue has the vCPUs, memory and GPUs asked for: add larger ones, or ask for less",
    ),
    (
        "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS",
        "AWS Batch's service role lacks a permission that it needs to start hosts",
    ),
    (
        "MISCONFIGURATION:EC2_INSTANCE_CONFIGURATION_UNSUPPORTED",
        "EC2 refuses the compute environment's combination of instance type, image and settings",
    ),
    ("MISCONFIGURATION", "the compute environments of the queue can't run the job as they are configured"),
    ("ACTION_REQUIRED", "the compute environments of the queue are invalid or disabled; their own status says why"),
    ("CAPACITY", "there is not enough capacity for the job at the moment"),
    ("UNDETERMINED", "AWS Batch itself does not know why the job can't start"),
)
"""Beginnings of a statusReason, the longer ones first, and what they mean to somebody who can act on it."""


def explain(reason: str) -> str | None:
    """Say in words why a job stays RUNNABLE; ``None`` when nothing is known about the reason."""
    # Only beginnings: what follows is separated by a hyphen or a dash, and worded differently over time.
    return next((words for start, words in EXPLANATIONS if start in reason), None)


def position_in(snapshot: Mapping[str, Any], job_id: str) -> int | None:
    """Place of a job in GetJobQueueSnapshot's answer, 1 for the next to run; it lists the first 100 only."""
    arns = [job["jobArn"] for job in snapshot.get("frontOfQueue", {}).get("jobs", [])]
    return next((place for place, arn in enumerate(arns, 1) if arn.endswith(f"/{job_id}")), None)


class WaitStep(Enum):
    """What is to be done about a waiting job."""

    NOTHING = "nothing"
    REPORT = "report"
    """Say where it stands."""
    CHECK = "check"
    """Look whether the reason still holds, and give up if so."""


@dataclass
class QueueWait:
    """How long one job has been waiting; decides only."""

    limit: float
    """Seconds that a reason may hold; 0 for ever."""
    report_after: float = 300.0
    """Seconds until the first report, doubled for each later one."""
    reason: str | None = None
    _reason_since: float = 0.0
    _report_at: float | None = None

    def observe(self, job: Job, now: float) -> bool:
        """Take in how the job stands; tells whether there is a reason now that is not the one before."""
        waits = job.status == "RUNNABLE"
        reason = (job.status_reason or None) if waits else None
        if not waits:
            self._report_at = None
        elif self._report_at is None:
            self._report_at = now + self.report_after
        news = reason is not None and reason != self.reason
        if reason is not None and self.reason is None:
            self._reason_since = now
        self.reason = reason
        return news

    def delay(self, now: float) -> float | None:
        """Seconds until something is to be done; ``None`` when only news matter."""
        times = [time for time in (self._report_at, self._deadline) if time is not None]
        return max(0.0, min(times) - now) if times else None

    def step(self, now: float) -> WaitStep:
        """What is to be done now."""
        if self._deadline is not None and now >= self._deadline:
            return WaitStep.CHECK
        if self._report_at is not None and now >= self._report_at:
            self.report_after *= 2
            self._report_at = now + self.report_after
            return WaitStep.REPORT
        return WaitStep.NOTHING

    def held(self, now: float) -> float:
        """Seconds for which there has been a reason without a break."""
        return now - self._reason_since if self.reason is not None else 0.0

    @property
    def _deadline(self) -> float | None:
        return self._reason_since + self.limit if self.limit and self.reason is not None else None
