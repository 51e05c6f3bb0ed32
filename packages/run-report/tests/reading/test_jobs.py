from __future__ import annotations

from typing import Any

from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_core.batch.run_end import RunEnd
from miniwdl_aws_core.batch.tags import TaskTags
from miniwdl_aws_run_report.model import State, TryEnd
from miniwdl_aws_run_report.reading.jobs import run_from_jobs

NEEDS = [{"type": "VCPU", "value": "2"}, {"type": "MEMORY", "value": "4096"}]


def task(number: int, status: str, call: str = "call-sort-0", reason: str = "", **times: int) -> Job:
    tags = TaskTags("20261127_120000_align", call, "sort", number, "w").written()
    container = {"resourceRequirements": NEEDS, "image": "ubuntu", "reason": reason}
    detail: dict[str, Any] = {
        "jobId": f"{call}-{number}", "status": status, "tags": tags, "createdAt": 1000 * number, "container": container,
        "jobQueue": "arn:aws:batch:eu-central-1:1:job-queue/spot", "statusReason": reason, **times,
    }  # fmt: skip
    return Job.of(detail)


def test_a_run_under_way() -> None:
    workflow = Job.of({"jobId": "w", "status": "RUNNING", "createdAt": 500, "startedAt": 900})
    jobs = [
        task(1, "FAILED", reason="Host EC2 (instance i-1) terminated.", startedAt=2000, stoppedAt=3000),
        task(2, "RUNNING", startedAt=5000),
        task(1, "RUNNABLE", "call-sort-1"),
        Job.of({"jobId": "stranger", "status": "RUNNING"}),
    ]
    run = run_from_jobs("align", workflow, jobs, now=10)
    assert (run.name, run.target, run.state, run.began, run.job_id) == (
        "20261127_120000_align", "align", State.RUNNING, 0.9, "w",
    )  # fmt: skip
    first, second = run.calls
    assert [(item.end, item.started, item.stopped) for item in first.tries] == [
        (TryEnd.HOST_LOST, 2.0, 3.0), (TryEnd.UNDER_WAY, 5.0, None),
    ]  # fmt: skip
    assert (first.state, second.state, first.task, first.tries[0].queue) == (
        State.RUNNING, State.WAITING, "sort", "spot",
    )  # fmt: skip
    assert (first.tries[1].vcpus, first.tries[1].memory, first.tries[1].image) == (2, 4096, "ubuntu")


def test_one_that_failed_says_why() -> None:
    tags = RunEnd("sort ran out of memory", run_dir="/mnt/fsx/r", results="s3://b/r/").written()
    workflow = Job.of({"jobId": "w", "status": "FAILED", "tags": tags, "stoppedAt": 9000})
    reason = "OutOfMemoryError: Container killed due to memory usage"
    run = run_from_jobs("align", workflow, [task(1, "FAILED", reason=reason)], now=10)
    assert run.failure is not None
    assert (run.state, run.failure.message, run.folder, run.ended) == (
        State.FAILED, "sort ran out of memory", "s3://b/r/", 9.0,
    )  # fmt: skip
    assert run.calls[0].tries[0].end is TryEnd.OUT_OF_MEMORY
    assert run.calls[0].message.startswith("OutOfMemoryError")
