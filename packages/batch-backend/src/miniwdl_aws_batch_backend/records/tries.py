"""The record of a try: what AWS Batch says of its job, what the task says it used, and what followed. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.records.jobs import Followed, JobRecord
from miniwdl_aws_hooks import FailureClass, FailurePolicy, FailureVerdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniwdl_aws_core.batch.job import Job
    from miniwdl_aws_core.records.usage import Usage

__all__ = ["try_record", "what_follows"]


def what_follows(
    verdict: FailureVerdict,
    runtime: Mapping[str, Any],
    *,
    tries: int,
    interruptions: int,
    faults_left: int,
    grows: bool,
) -> Followed:
    """
    Tell what a failure leads to, of which this backend decides a part and miniwdl the rest.

    Source: ``WDL.runtime.task._try_task``

    :param runtime: the task's, with its ``maxRetries`` and ``preemptible``.
    :param tries: that miniwdl has begun, this one included.
    :param interruptions: how many of those before this one were lost with their host.
    :param faults_left: jobs that may still be submitted again within this try.
    :param grows: whether a try after one that ran out of memory gets more.
    """
    if verdict.policy is FailurePolicy.INFRASTRUCTURE and faults_left > 0:
        return Followed.RESUBMITTED
    preemptible = runtime.get("preemptible", 0)
    if verdict.policy is FailurePolicy.INTERRUPTED and interruptions < preemptible:
        return Followed.SPOT
    retries = tries - 1 - min(interruptions, preemptible)
    if verdict.policy is FailurePolicy.FAIL or retries >= runtime.get("maxRetries", 0):
        return Followed.FAILED
    if verdict.failure_class is FailureClass.OUT_OF_MEMORY and grows:
        return Followed.MEMORY_GROWN
    return Followed.RETRY


def try_record(
    job: Job,
    followed: Followed,
    *,
    call_path: str,
    task: str,
    number: int,
    exit_code: int | None = None,
    failure_class: FailureClass | None = None,
    usage: Usage | None = None,
) -> JobRecord:
    """
    Put a record together.

    :param job: as AWS Batch told of it last.
    :param call_path: see :attr:`~miniwdl_aws_core.records.jobs.JobRecord.call_path`.
    :param number: of the job in its task's directory.
    """
    last = job.attempts[-1] if job.attempts else None
    return JobRecord(
        job_id=job.job_id,
        job_name=job.name,
        call_path=call_path,
        task_name=task,
        try_number=number,
        status=job.status,
        followed=followed,
        queue=job.queue_arn,
        definition=job.definition,
        image=job.image,
        exit_code=exit_code,
        reason=job.reason,
        failure_class=failure_class.value if failure_class else None,
        log_group=job.stream.group if job.stream else None,
        log_stream=job.stream.name if job.stream else None,
        created_at=job.created_at or None,
        started_at=job.started_at or (last.started_at if last else None),
        stopped_at=job.stopped_at or (last.stopped_at if last else None),
        vcpus=_number(job, "VCPU"),
        memory_mib=_whole(job, "MEMORY"),
        gpus=_whole(job, "GPU") or 0,
        container_instance_arn=job.container_instance_arn,
        task_arn=job.task_arn,
        usage=usage,
    )


def _number(job: Job, resource: str) -> float | None:
    try:
        return float(job.resources[resource])
    except (KeyError, ValueError):
        return None


def _whole(job: Job, resource: str) -> int | None:
    number = _number(job, resource)
    return None if number is None else int(number)
