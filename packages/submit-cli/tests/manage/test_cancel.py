"""``miniwdl-aws cancel``."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_submit_cli.errors import RefusedError
from miniwdl_aws_submit_cli.manage.cancel import report_of_batch, report_of_run, stop
from miniwdl_aws_submit_cli.runs.runs import Run

from .jobs import Stoppable

Outcome = tuple[int, str, str]


NOTHING = "there was nothing to stop"


def test_cancel_reports_what_it_stopped(manage: Callable[..., Outcome], job_id: str) -> None:
    code, out, err = manage("cancel", job_id, "--json")
    report = json.loads(out)
    assert code == 0
    assert report["jobId"] == job_id
    assert report["taskJobsStopped"] == []
    stopped = report["workflowJobStopped"]
    assert err.splitlines()[-1] == ("stopped the workflow job, which left no task job" if stopped else NOTHING)


def stop_run(batch: Any, said: list[str] | None = None) -> dict[str, object]:
    time = [0.0]
    tell = (lambda _text: None) if said is None else said.append

    def sleep(seconds: float) -> None:
        time[0] += seconds
        batch.list_jobs("task")

    run = Run(Job.of(batch.jobs["w1"]))
    return report_of_run(run, stop(batch, [run], tell, clock=lambda: time[0], sleep=sleep), tell)


def test_cancel_stops_the_workflow_first_and_then_what_it_left() -> None:
    batch = Stoppable({"w1": "RUNNING", "t1a": "RUNNING", "t1b": "SUCCEEDED", "t1c": "RUNNABLE", "t2a": "RUNNING"})
    report = stop_run(batch)
    assert batch.terminated == ["w1", "t1a", "t1c"]
    assert report == {"jobId": "w1", "workflowJobStopped": True, "taskJobsStopped": ["t1a", "t1c"]}


def test_cancel_of_an_ended_run_stops_what_it_left() -> None:
    batch = Stoppable({"w1": "FAILED", "t1a": "RUNNING"})
    assert stop_run(batch) == {"jobId": "w1", "workflowJobStopped": False, "taskJobsStopped": ["t1a"]}


@pytest.mark.parametrize(
    ("jobs", "last"),
    [
        ({"w1": "RUNNING"}, "stopped the workflow job, which left no task job"),
        ({"w1": "RUNNING", "t1a": "RUNNING"}, "stopped the workflow job, and 1 task job that it had left"),
        ({"w1": "FAILED", "t1a": "RUNNING", "t1b": "RUNNING"}, "stopped 2 task jobs that it had left"),
        ({"w1": "SUCCEEDED"}, NOTHING),
    ],
)
def test_cancel_says_what_it_did(jobs: dict[str, str], last: str) -> None:
    said: list[str] = []
    stop_run(Stoppable(jobs), said)
    assert said[-1] == last


def test_cancel_says_when_jobs_do_not_stop() -> None:
    batch = Stoppable({"w1": "FAILED", "t1a": "RUNNING"}, looks=10_000)
    with pytest.raises(RefusedError, match="1 task job still running: t1a"):
        stop_run(batch)


def test_cancel_of_a_batch_stops_all_workflows_before_it_waits_and_then_what_they_left() -> None:
    batch = Stoppable({"w1": "RUNNING", "w2": "RUNNING", "w3": "SUCCEEDED", "t2a": "RUNNING", "t4a": "RUNNING"})
    time, said = [0.0], list[str]()

    def sleep(seconds: float) -> None:
        time[0] += seconds
        batch.list_jobs("task")

    runs = [Run(Job.of(batch.jobs[job_id])) for job_id in ("w1", "w2", "w3")]
    stopped = stop(batch, runs, said.append, clock=lambda: time[0], sleep=sleep)  # type: ignore[arg-type]
    report = report_of_batch("table", len(runs), stopped, said.append)
    assert batch.terminated == ["w1", "w2", "t2a"]
    assert report == {"batch": "table", "workflowJobsStopped": ["w1", "w2"], "taskJobsStopped": ["t2a"]}
    assert said[-1] == "stopped 2 workflow jobs, and 1 task job left; 1 run had ended before"
