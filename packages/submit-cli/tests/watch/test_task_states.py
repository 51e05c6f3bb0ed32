from typing import Any

from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_core.batch.tags import TaskTags
from miniwdl_aws_submit_cli.errors import RefusedError
from miniwdl_aws_submit_cli.watch.progress import Progress
from miniwdl_aws_submit_cli.watch.task_states import TaskStates

WORKFLOW = {"environment": [{"name": "MINIWDL__AWS__TASK_QUEUE", "value": "task"}]}


class Batch:
    """A run with one task that waits."""

    def __init__(self, front: list[str] | None) -> None:
        tags = TaskTags("run", "call-a", "a", 1, "w").written()
        self.jobs: dict[str, dict[str, Any]] = {
            "w": {"jobId": "w", "status": "RUNNING", "createdAt": 1, "container": WORKFLOW},
            "t": {"jobId": "t", "status": "RUNNABLE", "createdAt": 2, "jobQueue": "task", "tags": tags},
        }
        self.front = front

    def describe(self, ids: list[str]) -> dict[str, Job]:
        return {job_id: Job.of(self.jobs[job_id]) for job_id in ids}

    def list_jobs(self, _queue: str, *, filters: list[dict[str, Any]]) -> list[Job]:
        assert filters
        return [Job.of(self.jobs["t"])]

    def queue_front(self, queue: str) -> list[str]:
        assert queue == "task"
        if self.front is None:
            raise RefusedError("no", retryable=False)
        return self.front


def test_whoever_asks_for_positions_pays_for_it() -> None:
    batch: Any = Batch(["other", "t"])
    progress = Progress()
    look = TaskStates(batch, "w", progress)
    assert look() == 1 + 1 + 1, "the list, the job and the front"
    assert progress.queue_position == 2
    batch.front = ["t"]
    assert [look(), progress.queue_position] == [1, 2], "the list alone"
    assert [look(), progress.queue_position] == [1, 1], "the front alone"
    batch.jobs["t"]["status"] = "RUNNING"
    assert [look(), look(), look()] == [1 + 1, 1, 1]
    assert progress.queue_position is None


def test_what_failed_is_never_told_from_an_earlier_look() -> None:
    batch: Any = Batch(["t"])
    tasks = TaskStates(batch, "w", Progress())
    assert [tasks(), tasks()] == [3, 1]
    batch.jobs["t"]["status"] = "FAILED"
    assert [failed.job_id for failed in tasks.failures()] == ["t"]


def test_positions_are_asked_for_once_where_aws_will_not_say() -> None:
    batch: Any = Batch(None)
    look = TaskStates(batch, "w", Progress())
    look()
    assert look() == 1
