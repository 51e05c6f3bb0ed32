"""Which jobs have a log in CloudWatch, and where else to look for the others'. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_cwlogs.errors import NoLogError

if TYPE_CHECKING:
    from miniwdl_aws_core.batch.job import Job

__all__ = ["refuse_without_log"]


def refuse_without_log(job: Job) -> None:
    """
    Refuse a job of a kind that has no log in CloudWatch.

    :raises NoLogError: saying where to look instead.
    """
    if job.array_size:
        raise NoLogError(
            f"job {job.job_id} is an array of {job.array_size} jobs, which log one by one",
            hint=f"name a child: {job.job_id}:0 to {job.job_id}:{job.array_size - 1}",
        )
    if job.nodes:
        raise NoLogError(
            f"job {job.job_id} has {job.nodes} nodes, which log one by one",
            hint=f"name a node: '{job.job_id}#0' to '{job.job_id}#{job.nodes - 1}'",
        )
    if job.on_eks:
        raise NoLogError(
            f"job {job.job_id} runs on Amazon EKS, whose logs are not AWS Batch's to keep",
            hint="look where the cluster's log collector writes, and name it with --group and --stream",
        )
    if job.log_drivers and "awslogs" not in job.log_drivers:
        raise NoLogError(
            f"job {job.job_id} logs through the driver {job.log_drivers[0]}, not to CloudWatch Logs",
            hint="its job definition's logConfiguration says where its log is",
        )
