"""What this distribution answers to the hooks. Heavy imports stay inside the functions: every ``--help`` loads this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_hooks import hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniwdl_aws_hooks import (
        Check,
        FailureVerdict,
        JobChanges,
        JobContext,
        JobFailure,
        PreflightContext,
        QueueContext,
    )

__all__ = [
    "miniwdl_aws_classify_failure",
    "miniwdl_aws_preflight",
    "miniwdl_aws_prepare_job",
    "miniwdl_aws_select_queue",
]


@hookimpl(trylast=True)
def miniwdl_aws_select_queue(context: QueueContext) -> str | None:
    """Take the task's own queue, else that of its architecture, or the fallback once it has lost enough hosts."""
    from miniwdl_aws_batch_backend.jobs.routing import choose_queue

    return choose_queue(context)


@hookimpl(trylast=True)
def miniwdl_aws_classify_failure(failure: JobFailure) -> FailureVerdict | None:
    """Go by what AWS Batch and the ECS agent write."""
    from miniwdl_aws_batch_backend.failures.classify import classify

    return classify(failure)


@hookimpl
def miniwdl_aws_prepare_job(context: JobContext) -> JobChanges | None:
    """Tag task jobs with ``[aws] job_tags``."""
    from miniwdl_aws_batch_backend.configuration import BackendSettings
    from miniwdl_aws_hooks import JobChanges, JobRole

    if context.role is not JobRole.TASK:
        return None
    return JobChanges(tags=dict(BackendSettings(context.settings).job_tags))


@hookimpl
def miniwdl_aws_preflight(context: PreflightContext) -> Sequence[Check]:
    """Look whether the task queue and its fallback take jobs, and whether the options are valid."""
    from miniwdl_aws_batch_backend.preflight.checks import check

    return check(context)
