"""
What the user named, as log streams: pure readings of Batch's JobDetail.

Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_JobDetail.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniwdl_aws_cwlogs.errors import NoLogError
from miniwdl_aws_hooks.protocol import TASK_LOG_GROUP

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["JobLogs", "StreamName", "read_job"]

TERMINAL = frozenset({"SUCCEEDED", "FAILED"})


@dataclass(frozen=True)
class StreamName:
    """Where one container of one attempt of a job logs."""

    group: str
    name: str
    region: str | None = None
    """``None`` for the job's own."""


@dataclass(frozen=True)
class JobLogs:
    """What DescribeJobs says about a job's log."""

    job_id: str
    name: str
    status: str
    status_reason: str | None
    streams: tuple[StreamName, ...]
    """Of all attempts so far, the first one first; empty until the job is RUNNING."""
    created_at: int
    """Milliseconds since the epoch."""
    stopped_at: int | None
    """The same."""

    @property
    def ended(self) -> bool:
        """Whether the job is over."""
        return self.status in TERMINAL


def read_job(job: Mapping[str, Any]) -> JobLogs:
    """
    Find the log streams of a job.

    :param job: its JobDetail.
    :raises NoLogError: when jobs of this kind have no log in CloudWatch.
    """
    job_id = job["jobId"]
    _refuse_parents(job)
    if "eksProperties" in job:
        raise NoLogError(
            f"job {job_id} runs on Amazon EKS, whose logs are not AWS Batch's to keep",
            hint="look where the cluster's log collector writes, and name it with --group and --stream",
        )
    streams = dict.fromkeys(_streams(job))
    return JobLogs(
        job_id=job_id,
        name=job.get("jobName", job_id),
        status=job["status"],
        status_reason=job.get("statusReason"),
        streams=tuple(streams),
        created_at=job.get("createdAt", 0),
        stopped_at=job.get("stoppedAt"),
    )


def _refuse_parents(job: Mapping[str, Any]) -> None:
    """Array and multi-node jobs only have logs in their children."""
    job_id = job["jobId"]
    array_size = job.get("arrayProperties", {}).get("size")
    if array_size:
        raise NoLogError(
            f"job {job_id} is an array of {array_size} jobs, which log one by one",
            hint=f"name a child: {job_id}:0 to {job_id}:{array_size - 1}",
        )
    if "nodeProperties" in job:
        nodes = job["nodeProperties"].get("numNodes", 1)
        raise NoLogError(
            f"job {job_id} has {nodes} nodes, which log one by one",
            hint=f"name a node: '{job_id}#0' to '{job_id}#{nodes - 1}'",
        )


def _streams(job: Mapping[str, Any]) -> Iterator[StreamName]:
    """Streams in order of attempts; the running attempt is described only outside of ``attempts``."""
    current = list(_containers(job))
    # Attempts don't repeat the log configuration; containers of one job keep their order and their configuration.
    configurations = [_log_options(job["jobId"], container) for container in current]
    for containers in (*map(list, map(_containers, job.get("attempts", ()))), current):
        for container, (group, region) in zip(containers, configurations, strict=False):
            if container.get("logStreamName"):
                yield StreamName(group, container["logStreamName"], region)


def _containers(detail: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Containers of a job or of an attempt, in either of the two shapes that Batch has for them."""
    if detail.get("container"):
        yield detail["container"]
    tasks = detail.get("ecsProperties", detail).get("taskProperties") or ()
    for task in tasks:
        yield from task.get("containers") or ()


def _log_options(job_id: str, container: Mapping[str, Any]) -> tuple[str, str | None]:
    configuration = container.get("logConfiguration") or {}
    driver = configuration.get("logDriver", "awslogs")
    if driver != "awslogs":
        raise NoLogError(
            f"job {job_id} logs through the driver {driver}, not to CloudWatch Logs",
            hint="its job definition's logConfiguration says where its log is",
        )
    options = configuration.get("options") or {}
    return options.get("awslogs-group", TASK_LOG_GROUP), options.get("awslogs-region")
