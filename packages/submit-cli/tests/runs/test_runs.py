from typing import Any

import pytest

from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_hooks import ConfigurationError
from miniwdl_aws_submit_cli.runs.runs import Run, TaskJobs, find_run

QUEUE = "workflow"


class FakeBatch:
    """Batch as far as it is asked; counts what was described."""

    region = "us-west-2"

    def __init__(self, **jobs: dict[str, Any]) -> None:
        self.jobs = {
            job_id: {"jobId": job_id, "jobName": "n", "createdAt": 100_000, "status": "RUNNING", **job}
            for job_id, job in jobs.items()
        }
        self.described: list[str] = []

    def list_jobs(self, queue: str, **_: Any) -> list[Job]:
        return [Job.of(job) for job in self.jobs.values() if job.get("queue", QUEUE) == queue]

    def describe(self, ids: list[str]) -> dict[str, Job]:
        self.described += ids
        return {job_id: Job.of(self.jobs[job_id]) for job_id in ids if job_id in self.jobs}


def find(batch: Any, word: str) -> str:
    return find_run(batch, word, QUEUE).job_id


def test_the_newest_run_of_a_name() -> None:
    batch = FakeBatch(a1={"createdAt": 1, "jobName": "x"}, a2={"createdAt": 3, "jobName": "x"}, b1={"createdAt": 9})
    assert find(batch, "x") == "a2"
    assert find(batch, "last") == "b1"
    assert find(batch, "a1") == "a1"
    with pytest.raises(ConfigurationError, match="2 runs in queue workflow begin with a: a2, a1"):
        find(batch, "a")
    with pytest.raises(ConfigurationError, match="there is no run z"):
        find(batch, "z")


def test_an_empty_word_names_no_run_although_every_id_begins_so() -> None:
    """Where it is an unset variable of a script, ``miniwdl-aws cancel "$RUN"`` would stop the only run there is."""
    with pytest.raises(ConfigurationError, match="RUN is empty"):
        find(FakeBatch(a1={"createdAt": 1}), "")


def test_last_of_nothing() -> None:
    with pytest.raises(ConfigurationError, match="there is no run last"):
        find(FakeBatch(), "last")


def workflow_job(**more: str) -> Run:
    variables = {"MINIWDL__AWS__TASK_QUEUE": "task", "MINIWDL__AWS__TASK_QUEUE_FALLBACK": "spare", **more}
    environment = [{"name": name, "value": value} for name, value in variables.items()]
    return Run(
        Job.of({"jobId": "w", "createdAt": 100_000, "status": "RUNNING", "container": {"environment": environment}})
    )


def test_tasks_are_in_queues_of_either_architecture() -> None:
    run = workflow_job(MINIWDL__AWS__TASK_QUEUE_ARM64="arm", MINIWDL__AWS__TASK_QUEUE_FALLBACK_ARM64="spare")
    assert run.task_queues == ["task", "spare", "arm"]
    run = workflow_job(MINIWDL__AWS__TASK_QUEUE_FALLBACK_ARM64="arm-spare")
    assert run.task_queues == ["task", "spare", "arm-spare"]


def test_each_job_is_described_once_and_again_only_when_it_changed() -> None:
    mine = {"tags": {"AWS_BATCH_PARENT_JOB_ID": "w"}}
    batch: Any = FakeBatch(
        m1={**mine, "queue": "task", "createdAt": 100_002},
        m2={**mine, "queue": "spare", "createdAt": 100_001},
        old={**mine, "queue": "task", "createdAt": 5},
        other={"queue": "task", "tags": {"AWS_BATCH_PARENT_JOB_ID": "else"}},
        bare={"queue": "task"},
    )
    tasks = TaskJobs(batch, workflow_job())
    assert [job.job_id for job in tasks.refresh()] == ["m2", "m1"]
    assert sorted(batch.described) == ["bare", "m1", "m2", "other"]
    batch.described.clear()
    tasks.refresh()
    assert batch.described == []
    batch.jobs["m1"]["status"] = "SUCCEEDED"
    batch.jobs["other"]["status"] = "SUCCEEDED"
    assert [job.status for job in tasks.refresh()] == ["RUNNING", "SUCCEEDED"]
    assert batch.described == ["m1"]
