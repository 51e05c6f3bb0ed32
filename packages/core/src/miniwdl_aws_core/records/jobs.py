"""The jobs of a task, one record for each try: ``batch_jobs.jsonl`` in its directory."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from miniwdl_aws_core.records.lines import VERSION
from miniwdl_aws_core.records.usage import Usage  # noqa: TC001 - read when records are

__all__ = ["BATCH_JOBS", "Followed", "JobRecord"]

BATCH_JOBS = "batch_jobs.jsonl"
"""Name of the file in a task's directory."""


class Followed(StrEnum):
    """What a try led to."""

    DONE = "done"
    """The job succeeded, or ended with an exit code that the task takes as success."""
    RETRY = "retry"
    """Another try, by the task's ``maxRetries``."""
    SPOT = "spot"
    """Another try, by the task's ``preemptible``: the host was lost."""
    MEMORY_GROWN = "memory-grown"
    """Another try with more memory, by ``[aws] memory_retry_multiplier``."""
    RESUBMITTED = "resubmitted"
    """Another job at once, by ``[aws] infrastructure_retries``: it was not the task's fault."""
    FAILED = "failed"
    """The task failed."""
    STOPPED = "stopped"
    """The run was stopped, and the job with it: it was told of before its end."""


@dataclass(frozen=True)
class JobRecord:
    """A job of AWS Batch that was submitted for a try of a task, as it was told of last."""

    job_id: str
    job_name: str
    call_path: str
    """Of the task's directory within the run's: ``call-sub-1/call-sort``; empty when the run is a single task."""
    task_name: str
    try_number: int
    """
    Of the job in its task's directory, from 1, the number in the names of its files: ``work2``, ``stderr2.txt``. More
    than miniwdl counts when a try took several jobs, and when a run directory was used again.
    """
    status: str
    """AWS's word: SUCCEEDED or FAILED; another one when the run was stopped."""
    followed: Followed | None = None
    queue: str = ""
    """By name or ARN, as AWS says it."""
    definition: str = ""
    """ARN of the job definition."""
    image: str = ""
    """As the definition names it, after ``[aws] image_rewrite``."""
    exit_code: int | None = None
    """AWS's, or else what the task left in its exit file."""
    reason: str = ""
    """All that AWS says of the end, beyond that a container exited."""
    failure_class: str | None = None
    """A value of :class:`miniwdl_aws_hooks.FailureClass`; ``None`` when it didn't fail."""
    log_group: str | None = None
    log_stream: str | None = None
    created_at: int | None = None
    """When AWS Batch took it, in milliseconds since the epoch."""
    started_at: int | None = None
    """When its container started, the same; ``None`` when it never did."""
    stopped_at: int | None = None
    """The same."""
    vcpus: float | None = None
    """What it asked for."""
    memory_mib: int | None = None
    gpus: int = 0
    container_instance_arn: str | None = None
    """Its host, by the name that ECS has for it; see :mod:`~miniwdl_aws_core.records.hosts`."""
    task_arn: str | None = None
    """The same job, as ECS knows it."""
    usage: Usage | None = None
    """What it used; ``None`` when it left nothing that says so: a lost host, for instance."""
    version: int = VERSION
