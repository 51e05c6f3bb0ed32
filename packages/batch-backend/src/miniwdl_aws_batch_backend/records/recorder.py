"""What is left of each try in the task's directory, for reports and for who looks into it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from miniwdl_aws_batch_backend.records.tries import try_record
from miniwdl_aws_batch_backend.workdir.handover import read_usage
from miniwdl_aws_batch_backend.workdir.paths import top_run_dir
from miniwdl_aws_core.beneath import write_bytes
from miniwdl_aws_core.records.jobs import BATCH_JOBS
from miniwdl_aws_core.records.lines import append
from miniwdl_aws_core.wdl_log import message

if TYPE_CHECKING:
    import logging

    from miniwdl_aws_batch_backend.workdir.paths import JobPaths
    from miniwdl_aws_core.batch.job import Job
    from miniwdl_aws_core.records.jobs import Followed
    from miniwdl_aws_hooks import FailureVerdict

__all__ = ["Recorder"]


class Recorder:
    """Writes for one task; where there is no room for it, the task goes on."""

    def __init__(self, task_dir: str, root: str, task: str) -> None:
        """
        Write nothing yet.

        :param root: of the shared file system.
        :param task: its name.
        """
        self._task_dir = task_dir
        self._root = root
        self._task = task

    def ended(
        self,
        logger: logging.Logger,
        paths: JobPaths,
        job: Job,
        followed: Followed,
        exit_code: int | None = None,
        verdict: FailureVerdict | None = None,
    ) -> None:
        """Record a try, once its results are where they belong: what it used is among them."""
        path = os.path.relpath(self._task_dir, top_run_dir(self._task_dir, self._root))
        record = try_record(
            job,
            followed,
            call_path="" if path == "." else path,
            task=self._task,
            number=paths.number,
            exit_code=exit_code,
            failure_class=verdict.failure_class if verdict else None,
            usage=read_usage(paths),
        )
        try:
            append(self._task_dir, BATCH_JOBS, record)
        except OSError as exc:
            logger.warning(message("the try could not be recorded", file=BATCH_JOBS, error=str(exc)))

    def note_detail(self, logger: logging.Logger, paths: JobPaths, job: Job) -> None:
        """Leave AWS's last word on a job that failed."""
        try:
            content = json.dumps(job.detail, indent=2, sort_keys=True, default=str)
            write_bytes(self._task_dir, Path(paths.detail).name, content.encode())
        except OSError as exc:
            logger.warning(message("the job's details could not be written", error=str(exc)))
