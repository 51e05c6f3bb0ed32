"""What AWS Batch says of one job, and how a run ended. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniwdl_aws_hooks.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ENDED", "STOPPED_BY", "JobState", "outcome", "state_of"]

ENDED = frozenset({"SUCCEEDED", "FAILED"})

_SAYS_NOTHING = "Essential container in task exited"
"""AWS's reason for the end of every container that ended by itself; the container's own reason may say more."""

STOPPED_BY = "stopped by miniwdl-aws cancel"
"""How the reason begins with which this project terminates jobs."""


@dataclass(frozen=True)
class JobState:
    """What AWS Batch says of a job."""

    job_id: str
    status: str
    """Empty while Batch doesn't know the job yet."""
    reason: str = ""
    exit_code: int | None = None
    log_stream: str | None = None
    seconds: float | None = None
    """How long it ran, once it ended."""
    created_at: int | None = None
    """Milliseconds since the epoch."""
    started_at: int | None = None
    """The same."""

    @property
    def ended(self) -> bool:
        """Whether the job is over."""
        return self.status in ENDED


def state_of(job_id: str, detail: Mapping[str, Any] | None) -> JobState:
    """
    Read a JobDetail.

    :param detail: ``None`` when DescribeJobs' answer lacks the job.
    """
    if detail is None:
        return JobState(job_id, "")
    container = detail.get("container") or {}
    attempts = detail.get("attempts") or []
    last = (attempts[-1].get("container") or {}) if attempts else {}
    exit_code = container.get("exitCode", last.get("exitCode"))
    reasons = (detail.get("statusReason"), container.get("reason"), last.get("reason"))
    reason = next((text for text in reasons if text and text != _SAYS_NOTHING), "")
    stream = container.get("logStreamName") or last.get("logStreamName")
    started, stopped = detail.get("startedAt"), detail.get("stoppedAt")
    seconds = (stopped - started) / 1000 if started and stopped else None
    return JobState(
        job_id, detail["status"], reason, exit_code, stream, seconds, detail.get("createdAt"), started or None
    )


def outcome(state: JobState) -> tuple[int, str]:
    """
    Say how an ended job ended.

    :return: the exit code to reproduce, and one sentence.
    """
    if state.status == "SUCCEEDED":
        return ExitCode.OK, "the run succeeded"
    if state.reason.startswith(STOPPED_BY):
        return ExitCode.TERMINATED, "the run was stopped"
    if state.exit_code == ExitCode.ALREADY_BEGUN:
        return state.exit_code, "the run was submitted twice, and another job runs it: `miniwdl-aws list` shows it"
    if state.exit_code:
        return state.exit_code, f"the run failed with exit code {state.exit_code}"
    reason = state.reason or "AWS Batch gives no reason"
    return ExitCode.FAILED, f"the workflow job failed without an exit code: {reason}"
