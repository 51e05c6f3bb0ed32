"""What is told of a job: in miniwdl's error.json, in the task directory, and to other parts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniwdl_aws_hooks import FailureVerdict

__all__ = ["failure_info", "log_stream", "stderr_tail"]

TAIL_LINES = 20
TAIL_BYTES = 16 * 1024

_INSTANCE = re.compile(r"\bi-[0-9a-f]{8,17}\b")


def log_stream(job: Mapping[str, Any]) -> str | None:
    """Name of the job's CloudWatch log stream, once it has one."""
    stream: str | None = job.get("container", {}).get("logStreamName")
    return stream


def stderr_tail(path: str) -> str:
    """Last lines of a task's standard error; empty when there is none."""
    try:
        with Path(path).open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - TAIL_BYTES))
            text = stream.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-TAIL_LINES:])


def failure_info(job: Mapping[str, Any], verdict: FailureVerdict, stderr: str) -> dict[str, Any]:
    """Facts of a failed job for miniwdl's error.json; what isn't known is left out."""
    container: Mapping[str, Any] = job.get("container", {})
    attempts = job.get("attempts") or [{}]
    reasons = [job.get("statusReason"), attempts[-1].get("statusReason")]
    instance = _INSTANCE.search(" ".join(filter(None, reasons)))
    facts = {
        "class": verdict.failure_class.value,
        "explanation": verdict.message,
        "jobId": job.get("jobId"),
        "jobQueue": job.get("jobQueue"),
        "statusReason": next(filter(None, reasons), None),
        "reason": container.get("reason"),
        "exitCode": container.get("exitCode"),
        "logStreamName": log_stream(job),
        "instanceId": instance.group() if instance else None,
        "containerInstanceArn": container.get("containerInstanceArn"),
        "taskArn": container.get("taskArn"),
        "stderr": stderr.splitlines() or None,
    }
    return {key: value for key, value in facts.items() if value is not None}
