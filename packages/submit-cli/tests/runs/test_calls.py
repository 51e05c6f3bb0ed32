from typing import Any

import pytest

from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_core.batch.tags import TaskTags
from miniwdl_aws_submit_cli.runs.calls import calls_of, matching


def job(job_id: str, path: str, created: int, *, number: int = 1, status: str = "SUCCEEDED", **more: Any) -> Job:
    return Job.of(
        {
            "jobId": job_id,
            "jobName": "n-" + job_id,
            "jobQueue": "arn:aws:batch:r:1:job-queue/task",
            "status": status,
            "createdAt": created,
            "tags": TaskTags("2026_top", path, "align", number, "w").written(),
            "container": {"exitCode": 0, "logStreamName": "s-" + job_id},
            **more,
        }
    )


def test_tries_of_a_call_come_together_and_shards_stay_apart() -> None:
    jobs = [
        job("j3", "call-sub-1/call-t", 3, number=2, startedAt=10_000, stoppedAt=22_500),
        job("j1", "call-sub-0/call-t", 1),
        job("j2", "call-sub-1/call-t", 2, status="FAILED", statusReason="Host EC2 (instance i-1) terminated."),
    ]
    first, second = calls_of(jobs)
    assert (first.path, [item.job_id for item in first.tries]) == ("call-sub-0/call-t", ["j1"])
    assert (second.path, [item.job_id for item in second.tries]) == ("call-sub-1/call-t", ["j2", "j3"])
    assert (second.latest.number, second.latest.seconds(0), second.latest.queue) == (2, 12.5, "task")
    assert second.tries[0].reason == "Host EC2 (instance i-1) terminated."
    assert second.parts == ["sub-1", "t"]


def test_a_running_try_lasts_until_now() -> None:
    (call,) = calls_of([job("j", "call-t", 1, status="RUNNING", startedAt=10_000)])
    assert call.latest.seconds(15) == 5
    (call,) = calls_of([job("j", "call-t", 1, status="RUNNABLE")])
    assert call.latest.seconds(15) is None


def test_a_run_of_a_single_task_has_no_path() -> None:
    (call,) = calls_of([job("j", "", 1)])
    assert (call.path, call.parts) == ("", ["align"])


def test_a_job_that_something_else_submitted_is_a_call_by_its_name() -> None:
    others = [job(f"j{n}", "", n, tags={"AWS_BATCH_PARENT_JOB_ID": "w"}, jobName="extra") for n in (1, 2)]
    (call,) = calls_of(others)
    assert (call.path, call.task, [item.number for item in call.tries]) == ("extra", "extra", [1, 2])


@pytest.mark.parametrize(
    ("name", "paths"),
    [
        ("sort", ["call-sort-0-kx", "call-sort-1", "call-sub-0/call-sort"]),
        ("sort-0", ["call-sort-0-kx"]),
        ("call-sort-1", ["call-sort-1"]),
        ("sub/sort", ["call-sub-0/call-sort"]),
        ("sub-0/sort", ["call-sub-0/call-sort"]),
        ("call-sub-0/call-sort", ["call-sub-0/call-sort"]),
        ("align", ["call-sort-0-kx", "call-sort-1", "call-sub-0/call-sort", "call-sorted"]),
        ("sub", ["call-sub-0/call-sort"]),
        ("call-sub-0", ["call-sub-0/call-sort"]),
        ("sub-1", []),
        ("sub-0/sort/more", []),
        ("nope", []),
    ],
)
def test_calls_are_named_by_their_last_parts(name: str, paths: list[str]) -> None:
    jobs = ["call-sort-0-kx", "call-sort-1", "call-sub-0/call-sort", "call-sorted"]
    calls = calls_of([job(f"j{n}", path, n) for n, path in enumerate(jobs)])
    assert [call.path for call in matching(calls, name)] == paths
