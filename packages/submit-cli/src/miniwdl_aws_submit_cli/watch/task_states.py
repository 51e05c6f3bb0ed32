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
    """
    Tells a progress what AWS Batch knows of the task jobs.

    While nothing changes a look takes one request: it asks for the jobs, and each other time for the front of the queue
    in which they wait.
    """

    def __init__(self, batch: Batch, job_id: str, progress: Progress) -> None:
        self._batch = batch
        self._job_id = job_id
        self._progress = progress
        self._tasks: TaskJobs | None = None
        self._calls: list[Call] = []
        self._front: list[str] = []
        self._nothing_new = False
        self._asks_for_positions = True

    def __call__(self) -> int:
        """Look once; return about how many requests that took."""
        if self._tasks is None:
            job = self._batch.describe([self._job_id]).get(self._job_id)
            if job is None:
                return 1
            self._tasks = TaskJobs(self._batch, Run(job), brief=True)
        of_queue_alone = self._nothing_new and bool(self._waits_in())
        requests = 0 if of_queue_alone else self._ask_for_jobs(self._tasks)
        self._nothing_new = requests == 1
        if not self._nothing_new:
            requests += self._ask_for_front()
        self._progress.see(self._calls, self._front)
        return requests

    def _ask_for_jobs(self, tasks: TaskJobs) -> int:
        """Return how many requests that took: one, the list, when no job has changed."""
        self._calls = calls_of(tasks.refresh())
        return tasks.requests

    def _ask_for_front(self) -> int:
        queue, self._front = self._waits_in(), []
        if not queue:
            return 0
        try:
            self._front = self._batch.queue_front(queue)
        except MiniwdlAwsError:
            self._asks_for_positions = False
        return 1

    def _waits_in(self) -> str:
        """Queue in which jobs wait; none where AWS doesn't tell of its front."""
        waiting = (call.latest.queue for call in self._calls if call.latest.status == "RUNNABLE")
        return min(waiting, default="") if self._asks_for_positions else ""

    def failures(self) -> list[FailedTask]:
        """Failed calls as AWS Batch knows them; nothing when it can't be asked."""
        self._nothing_new = False
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
