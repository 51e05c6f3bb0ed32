"""What is told of a job: in miniwdl's error.json, in the task directory, and to other parts."""

from __future__ import annotations

import os
import re
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.beneath import open_file, read_tail
from miniwdl_aws_core.wdl_log import VERBOSE_LEVEL, TailLogger

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator, Mapping

    from miniwdl_aws_batch_backend.workdir.handover import Place
    from miniwdl_aws_hooks import FailureVerdict

__all__ = ["failure_info", "log_stream", "stderr_tail", "tailed"]

TAIL_LINES = 20
TAIL_BYTES = 16 * 1024

_INSTANCE = re.compile(r"\bi-[0-9a-f]{8,17}\b")


def log_stream(job: Mapping[str, Any]) -> str | None:
    """Name of the job's CloudWatch log stream, once it has one."""
    stream: str | None = job.get("container", {}).get("logStreamName")
    return stream


def stderr_tail(task_dir: str, name: str) -> str:
    """Last lines of a task's standard error; empty when there is none, or a link to something else."""
    try:
        text = read_tail(task_dir, name, TAIL_BYTES).decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-TAIL_LINES:])


@contextmanager
def tailed(
    place: Place, logger: logging.Logger, callback: Callable[[str], None] | None
) -> Iterator[Callable[[], None]]:
    """
    Follow the standard error of a job under way, as miniwdl does, but not through a link that a job has put there.

    :param callback: gets each line in place of miniwdl's log.
    :return: a function that looks what is new.
    """
    with ExitStack() as stack:
        poll: Callable[[], None] | None = None

        def look() -> None:
            nonlocal poll
            if poll is None:
                try:
                    descriptor = open_file(place.run_dir, f"{place.below}/{Path(place.paths.stderr).name}")
                except OSError:
                    return  # not there yet, or not a file
                try:
                    # It takes a path, and opens it at the first look.
                    poll = stack.enter_context(TailLogger(logger, f"/dev/fd/{descriptor}", callback=callback))
                    poll()
                finally:
                    os.close(descriptor)
            poll()

        if not logger.isEnabledFor(VERBOSE_LEVEL):
            yield lambda: None
            return
        yield look
        look()


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
