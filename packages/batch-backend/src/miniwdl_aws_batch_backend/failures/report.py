"""What is told of a job: in miniwdl's error.json, in the task directory, and to other parts."""

from __future__ import annotations

import os
import re
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.beneath import open_file, read_tail
from miniwdl_aws_core.wdl_log import VERBOSE_LEVEL, TailLogger

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator

    from miniwdl_aws_batch_backend.workdir.handover import Place
    from miniwdl_aws_core.batch.job import Job
    from miniwdl_aws_hooks import FailureVerdict

__all__ = ["Rewritten", "failure_info", "stderr_tail", "tailed"]

TAIL_LINES = 20
TAIL_BYTES = 16 * 1024

_INSTANCE = re.compile(r"\bi-[0-9a-f]{8,17}\b")


@dataclass(frozen=True)
class Rewritten:
    """An image that is not what its task names, by ``[aws] image_rewrite``."""

    named: str
    used: str

    def explained(self, verdict: FailureVerdict) -> FailureVerdict:
        """Have a failure to get the image say which one it is: AWS's reason shows one of the names at most."""
        if not verdict.failure_class.startswith("image-"):
            return verdict
        return replace(
            verdict, message=f"{verdict.message} ([aws] image_rewrite made {self.used} of the task's {self.named})"
        )


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


def failure_info(job: Job, verdict: FailureVerdict, stderr: str, rewritten: Rewritten | None = None) -> dict[str, Any]:
    """Facts of a failed job for miniwdl's error.json; what isn't known is left out."""
    instance = _INSTANCE.search(" ".join(job.reasons))
    facts = {
        "class": verdict.failure_class.value,
        "explanation": verdict.message,
        "jobId": job.job_id,
        "jobQueue": job.queue_arn or None,
        "statusReason": job.status_reason or (job.attempts[-1].status_reason if job.attempts else "") or None,
        "reason": job.container_reason or None,
        "exitCode": job.exit_code,
        "logGroupName": job.stream.group if job.stream else None,
        "logStreamName": job.stream.name if job.stream else None,
        "instanceId": instance.group() if instance else None,
        "containerInstanceArn": job.container_instance_arn,
        "taskArn": job.task_arn,
        "image": rewritten.used if rewritten else None,
        "imageOfTask": rewritten.named if rewritten else None,
        "stderr": stderr.splitlines() or None,
    }
    return {key: value for key, value in facts.items() if value is not None}
