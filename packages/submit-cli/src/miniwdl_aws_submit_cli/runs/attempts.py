"""The attempts that AWS Batch made of a workflow job, for programs: what ``--json`` says of them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniwdl_aws_core.batch.job import Job, StreamName

__all__ = ["attempts_of"]


def attempts_of(job: Job) -> list[dict[str, Any]]:
    """
    Describe each attempt, the first one first, with the one that is under way or to come.

    :return: keys and values as those of the run itself; ``status`` of an attempt that is over is FAILED or SUCCEEDED.
    """
    told = []
    for number, attempt in enumerate(job.attempts, start=1):
        decided = job.ended and number == job.attempt
        told.append(
            {
                "attempt": number,
                "status": job.status if decided else "FAILED",
                "reason": attempt.reason,
                "exitCode": attempt.exit_code,
                "logStream": _name(job.streams_of(number)),
                "startedAt": attempt.started_at,
                "stoppedAt": attempt.stopped_at,
            }
        )
    if len(told) < job.attempt:
        runs = job.seconds(0) is not None
        told.append(
            {
                "attempt": job.attempt,
                "status": job.status,
                "reason": job.reason,
                "exitCode": job.exit_code,
                "logStream": _name(job.streams_of(job.attempt)),
                "startedAt": job.started_at if runs else None,
                "stoppedAt": job.stopped_at if job.ended else None,
            }
        )
    return told


def _name(streams: Sequence[StreamName]) -> str | None:
    return streams[0].name if streams else None
