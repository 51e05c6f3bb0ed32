from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from miniwdl_aws_core.batch.arrays import CALLS, write_calls
from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_core.batch.tags import TaskTags
from miniwdl_aws_hooks import ConfigurationError
from miniwdl_aws_submit_cli.runs.calls import calls_of
from miniwdl_aws_submit_cli.runs.runs import Run, TaskJobs, find_run, unfinished

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
        self.listed = 0

    def list_jobs(self, queue: str, *, filters: list[dict[str, Any]]) -> Iterator[Job]:
        """Give the newest first, as AWS does."""
        (one,) = filters
        (value,) = one["values"]
        found = [job for job in self.jobs.values() if job.get("queue", QUEUE) == queue]
        if one["name"] == "JOB_NAME":
            found = [job for job in found if str(job["jobName"]).startswith(value.removesuffix("*"))]
        for job in sorted(found, key=lambda job: -int(job["createdAt"])):
            self.listed += 1
            yield Job.of(job)

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
    mine = {"tags": {"AWS_BATCH_PARENT_JOB_ID": "w"}, "jobName": "w-say"}
    batch: Any = FakeBatch(
        m1={**mine, "queue": "task", "createdAt": 100_002},
        m2={**mine, "queue": "spare", "createdAt": 100_001},
        old={**mine, "queue": "task", "createdAt": 5},
        other={"queue": "task", "jobName": "w-say", "tags": {"AWS_BATCH_PARENT_JOB_ID": "else"}},
        bare={"queue": "task"},
    )
    tasks = TaskJobs(batch, workflow_job())
    assert [job.job_id for job in tasks.refresh()] == ["m2", "m1"]
    assert sorted(batch.described) == ["m1", "m2", "other"], "nothing that is named otherwise"
    batch.described.clear()
    tasks.refresh()
    assert batch.described == []
    batch.jobs["m1"]["status"] = "SUCCEEDED"
    batch.jobs["other"]["status"] = "SUCCEEDED"
    assert [job.status for job in tasks.refresh()] == ["RUNNING", "SUCCEEDED"]
    assert batch.described == ["m1"]


def test_jobs_that_have_ended_are_not_listed_again_and_again() -> None:
    mine = {"tags": {"AWS_BATCH_PARENT_JOB_ID": "w"}, "jobName": "w-say", "queue": "task", "status": "SUCCEEDED"}
    jobs = {f"m{hour}": {**mine, "createdAt": hour * 3_600_000} for hour in range(1, 100)}
    batch: Any = FakeBatch(**jobs)
    tasks = TaskJobs(batch, workflow_job())
    assert (len(tasks.refresh()), batch.listed) == (99, 99)
    batch.listed = 0
    batch.jobs["new"] = {**batch.jobs["m99"], "jobId": "new", "createdAt": 100 * 3_600_000, "status": "RUNNING"}
    assert len(tasks.refresh()) == 100
    assert batch.listed == 3, "the new one, the one before it, and where it stops"
    batch.jobs["later"] = {**batch.jobs["new"], "jobId": "later", "createdAt": 200 * 3_600_000}
    batch.jobs["new"]["status"] = "SUCCEEDED"
    assert unfinished(tasks.refresh()) == ["later"]


def test_who_stops_a_run_looks_for_jobs_of_any_name() -> None:
    batch: Any = FakeBatch(m={"queue": "task", "tags": {"AWS_BATCH_PARENT_JOB_ID": "w"}})
    assert TaskJobs(batch, workflow_job()).refresh() == []
    assert [job.job_id for job in TaskJobs(batch, workflow_job(), thorough=True).refresh()] == ["m"]


def array(states: dict[str, str], calls: list[str]) -> dict[str, dict[str, Any]]:
    """An array and its children, by their ids."""
    tags = TaskTags("run", "call-a-", "a", 1, "w").written()
    summary: dict[str, int] = Counter(states.values())
    parent = {
        "queue": "task",
        "jobName": "w-a-array",
        "status": "PENDING",
        "tags": tags,
        "parameters": {CALLS: write_calls(calls)},
        "arrayProperties": {"size": len(calls), "statusSummary": summary},
    }
    children = {
        child: {"queue": "nowhere", "status": state, "arrayProperties": {"index": int(child[2:])}}
        for child, state in states.items()
    }
    return {"p": parent, **children}


def test_children_of_arrays_are_task_jobs_with_calls_of_their_own() -> None:
    calls = ["call-a-0", "call-a-1", "call-a-2"]
    batch: Any = FakeBatch(**array({"p:0": "RUNNING", "p:1": "SUCCEEDED", "p:2": "FAILED"}, calls))
    tasks = TaskJobs(batch, workflow_job())
    found = calls_of(tasks.refresh())
    assert [(call.path, call.task, call.latest.job_id, call.latest.status) for call in found] == [
        ("call-a-0", "a", "p:0", "RUNNING"),
        ("call-a-1", "a", "p:1", "SUCCEEDED"),
        ("call-a-2", "a", "p:2", "FAILED"),
    ]
    batch.described.clear()
    tasks.refresh()
    assert batch.described == []


def test_children_are_looked_at_when_their_array_counts_otherwise() -> None:
    batch: Any = FakeBatch(**array({"p:0": "RUNNING", "p:1": "SUCCEEDED"}, ["call-a-0", "call-a-1"]))
    tasks = TaskJobs(batch, workflow_job())
    tasks.refresh()
    batch.described.clear()
    batch.jobs["p:0"]["status"] = "SUCCEEDED"
    assert unfinished(tasks.refresh()) == ["p:0"], "the array has not told"
    batch.jobs["p"]["arrayProperties"]["statusSummary"] = {"SUCCEEDED": 2}
    assert unfinished(tasks.refresh()) == []
    assert batch.described == ["p:0"], "neither those that have ended, nor the array, which the list tells of"


def test_children_of_all_arrays_are_described_together() -> None:
    batch: Any = FakeBatch()
    for number in range(12):
        tags = TaskTags("run", "call-a-", "a", 1, "w").written()
        size = {"size": 20, "statusSummary": {"RUNNING": 20}}
        parent = {"queue": "task", "jobName": "w-a-array", "status": "PENDING", "tags": tags, "arrayProperties": size}
        ids = [f"p{number}", *(f"p{number}:{index}" for index in range(20))]
        child = {"queue": "nowhere", "jobName": "w-a-array", "status": "RUNNING", "arrayProperties": {}}
        batch.jobs.update({job_id: {"jobId": job_id, "createdAt": 100_000, **child} for job_id in ids})
        batch.jobs[f"p{number}"].update(parent)
    tasks = TaskJobs(batch, workflow_job())
    assert len(tasks.refresh()) == 240
    assert tasks.requests == 2 + 1 + 3, "the lists of both queues, the arrays, and their children"


def test_an_array_is_believed_that_all_have_succeeded_where_no_more_is_asked() -> None:
    batch: Any = FakeBatch(**array({"p:0": "RUNNING", "p:1": "RUNNING"}, ["call-a-0", "call-a-1"]))
    tasks, thorough = TaskJobs(batch, workflow_job(), brief=True), TaskJobs(batch, workflow_job())
    tasks.refresh()
    thorough.refresh()
    batch.described.clear()
    ended = {"status": "SUCCEEDED", "exitCode": 0}
    batch.jobs["p:0"].update(ended)
    batch.jobs["p:1"].update(ended)
    batch.jobs["p"].update(status="SUCCEEDED", arrayProperties={"size": 2, "statusSummary": {"SUCCEEDED": 2}})
    found = calls_of(tasks.refresh())
    assert batch.described == []
    assert [(call.path, call.latest.job_id, call.latest.status) for call in found] == [
        ("call-a-0", "p:0", "SUCCEEDED"),
        ("call-a-1", "p:1", "SUCCEEDED"),
    ]
    thorough.refresh()
    assert batch.described == ["p:0", "p:1"]


def test_children_may_come_later_than_their_array() -> None:
    jobs = array({"p:0": "RUNNING"}, ["call-a-0", "call-a-1"])
    batch: Any = FakeBatch(**jobs)
    tasks = TaskJobs(batch, workflow_job())
    assert [job.job_id for job in tasks.refresh()] == ["p:0"]
    batch.jobs["p:1"] = {**batch.jobs["p:0"], "jobId": "p:1", "arrayProperties": {"index": 1}}
    assert [call.path for call in calls_of(tasks.refresh())] == ["call-a-0", "call-a-1"]


def test_a_look_says_how_many_requests_it_took() -> None:
    mine = {"tags": {"AWS_BATCH_PARENT_JOB_ID": "w"}, "jobName": "w-a", "queue": "task", "createdAt": 100_001}
    tasks = TaskJobs(FakeBatch(**{f"m{number}": mine for number in range(250)}), workflow_job())  # type: ignore[arg-type]
    tasks.refresh()
    assert tasks.requests == 3 + 1 + 3  # both queues, and each job once
    tasks.refresh()
    assert tasks.requests == 3 + 1
