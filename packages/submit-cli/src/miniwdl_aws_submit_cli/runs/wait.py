"""How a run ended, in one sentence and by the exit code to reproduce. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_core.batch.attempts import lost_hosts
from miniwdl_aws_hooks.exit_codes import ExitCode

if TYPE_CHECKING:
    from miniwdl_aws_core.batch.job import Job

__all__ = ["STOPPED_BY", "UNEXPLAINED", "outcome"]

STOPPED_BY = "stopped by miniwdl-aws cancel"
"""How the reason begins with which this project terminates jobs."""
UNEXPLAINED = "AWS Batch gives no reason"
"""Said of a failed job that has neither an exit code nor a reason."""


def outcome(job: Job) -> tuple[int, str]:
    """
    Say how an ended job ended.

    :return: the exit code to reproduce, and one sentence.
    """
    if job.status == "SUCCEEDED":
        return ExitCode.OK, "the run succeeded"
    if job.status_reason.startswith(STOPPED_BY):
        return ExitCode.TERMINATED, "the run was stopped"
    if job.exit_code == ExitCode.ALREADY_BEGUN:
        return job.exit_code, "the run was submitted twice, and another job runs it: `miniwdl-aws list` shows it"
    if lost := lost_hosts(job):
        # There may be an exit code, such as 143, which isn't the run's.
        return job.exit_code or ExitCode.FAILED, _without_host(job, lost)
    if job.exit_code:
        return job.exit_code, f"the run failed with exit code {job.exit_code}"
    reason = job.reason or UNEXPLAINED
    return ExitCode.FAILED, f"the workflow job failed without an exit code: {reason}"


def _without_host(job: Job, lost: int) -> str:
    times = f" {lost} times" if lost > 1 else ""
    advice = "submit it to a queue of on-demand hosts (--workflow-queue), where it goes on with what was done"
    return f"the workflow job lost its host{times}; {advice}: {job.reason}"
