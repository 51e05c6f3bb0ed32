"""What AWS Batch knows of the task jobs of a run, for whoever stays with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_hooks.errors import MiniwdlAwsError
from miniwdl_aws_submit_cli.runs.calls import calls_of
from miniwdl_aws_submit_cli.runs.runs import Run, TaskJobs
from miniwdl_aws_submit_cli.runs.wait import UNEXPLAINED
from miniwdl_aws_submit_cli.watch.progress import FailedTask

if TYPE_CHECKING:
    from miniwdl_aws_submit_cli.runs.batch import Batch
    from miniwdl_aws_submit_cli.runs.calls import Call, Try
    from miniwdl_aws_submit_cli.watch.progress import Progress

__all__ = ["TaskStates"]


class TaskStates:
    """Tells a progress what AWS Batch knows of the task jobs."""

    def __init__(self, batch: Batch, job_id: str, progress: Progress) -> None:
        self._batch = batch
        self._job_id = job_id
        self._progress = progress
        self._tasks: TaskJobs | None = None
        self._calls: list[Call] = []
        self._asks_for_positions = True

    def __call__(self) -> int:
        """Look once; return about how many requests that took."""
        if self._tasks is None:
            job = self._batch.describe([self._job_id]).get(self._job_id)
            if job is None:
                return 1
            self._tasks = TaskJobs(self._batch, Run(job), brief=True)
        self._calls = calls = calls_of(self._tasks.refresh())
        waiting = sorted({call.latest.queue for call in calls if call.latest.status == "RUNNABLE"})
        asked = waiting[:1] if self._asks_for_positions else []
        self._progress.see(calls, [job_id for queue in asked for job_id in self._front(queue)])
        return self._tasks.requests + len(asked)

    def _front(self, queue: str) -> list[str]:
        """Front of a queue in which jobs wait; not asked for again where AWS won't say."""
        try:
            return self._batch.queue_front(queue)
        except MiniwdlAwsError:
            self._asks_for_positions = False
            return []

    def failures(self) -> list[FailedTask]:
        """Failed calls as AWS Batch knows them; nothing when it can't be asked."""
        try:
            self()
        except MiniwdlAwsError:
            return []
        return [
            FailedTask(
                call=call.path,
                task=call.task,
                message=_why(call.latest),
                job_id=call.latest.job_id,
                log_stream=call.latest.log_stream,
            )
            for call in self._calls
            if call.latest.status == "FAILED"
        ]


def _why(tried: Try) -> str:
    return f"exit code {tried.exit_code}" if tried.exit_code else tried.reason or UNEXPLAINED
