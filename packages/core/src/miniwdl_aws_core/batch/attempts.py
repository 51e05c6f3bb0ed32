"""
Attempts that AWS Batch itself makes of a job: when it is to make another one, and how they are told of. Pure.

Of task jobs it makes one: miniwdl owns their retries. The workflow job has nobody above it, so AWS Batch starts it
again where it can't be its own fault: its host was lost, or its image could not be pulled just then.

Sources: https://docs.aws.amazon.com/batch/latest/APIReference/API_EvaluateOnExit.html and
https://docs.aws.amazon.com/batch/latest/userguide/job_retries.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniwdl_aws_core.batch.job import Attempt, Job

__all__ = ["ONE_ATTEMPT", "WHERE_NOT_AT_FAULT", "attempt_note", "ending_of", "lost_hosts"]

ONE_ATTEMPT: Mapping[str, Any] = {"attempts": 1}
"""Whoever submits owns retries: each is counted, logged, and has files of its own."""

_HOST_LOST = "Host EC2"
"""Begins the statusReason of an attempt whose host was terminated or stopped."""
_NOT_PULLED = "CannotPull"
"""Begins the reason of a container whose image could not be pulled; ``Task failed to start -`` may stand before it."""

WHERE_NOT_AT_FAULT: Mapping[str, Any] = {
    "attempts": 3,
    # Five at most. A pattern is a beginning, of letters, digits, periods, colons and spaces, so it can't hold what
    # follows in 'Get "https://...": dial tcp: i/o timeout'. What no other attempt would mend begins otherwise: "pull
    # access denied", "manifest for ... not found", "no space left on device".
    "evaluateOnExit": [
        {"onStatusReason": f"{_HOST_LOST}*", "action": "RETRY"},
        {"onReason": "CannotPullContainerError: Error response from daemon: toomanyrequests*", "action": "RETRY"},
        {"onReason": "CannotPullContainerError: Error response from daemon: Get*", "action": "RETRY"},
        {"onReason": "CannotPullContainerError: context canceled*", "action": "RETRY"},
        # Where none applies, AWS Batch tries again.
        {"onReason": "*", "action": "EXIT"},
    ],
}
"""The ``retryStrategy`` of a workflow job."""


def ending_of(attempt: Attempt, number: int) -> str:
    """Say how an attempt that is over ended, in a few words: ``the host of attempt 1 was lost (Host EC2 ...)``."""
    said = attempt.container_reason or attempt.status_reason
    if _lost_host(attempt):
        return f"the host of attempt {number} was lost ({attempt.status_reason})"
    if _NOT_PULLED in said:
        return f"attempt {number} could not pull its image ({said})"
    code = f"exit code {attempt.exit_code}" if attempt.exit_code is not None else ""
    told = ", ".join(filter(None, [code, attempt.reason]))
    return f"attempt {number} ended" + (f" ({told})" if told else "")


def attempt_note(job: Job, number: int) -> str:
    """
    Say that an attempt follows another one, and why: ``attempt 2 of 3: the host of attempt 1 was lost (...)``.

    :param number: of the attempt that follows, from 2 to the job's own.
    """
    return f"attempt {number} of {job.max_attempts}: {ending_of(job.attempts[number - 2], number - 1)}"


def lost_hosts(job: Job) -> int:
    """Count the attempts whose hosts were lost, where the last one's was; else 0."""
    lost = [_lost_host(attempt) for attempt in job.attempts] or [job.status_reason.startswith(_HOST_LOST)]
    return sum(lost) if lost[-1] else 0


def _lost_host(attempt: Attempt) -> bool:
    return attempt.status_reason.startswith(_HOST_LOST)
