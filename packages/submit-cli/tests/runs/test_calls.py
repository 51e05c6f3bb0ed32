from typing import Any

import pytest

from miniwdl_aws_submit_cli.runs.calls import calls_of, matching


def job(
    job_id: str, path: str, created: int, *, script: str = "command", status: str = "SUCCEEDED", **more: Any
) -> Any:
    command = ["/bin/sh", "-c", "...", "miniwdl-task"]
    if path is not None:
        command.append(f"/mnt/fsx/runs/2026_top{'/' if path else ''}{path}/{script}")
    return {
        "jobId": job_id,
        "jobName": "n-" + job_id,
        "jobQueue": "arn:aws:batch:r:1:job-queue/task",
        "status": status,
        "createdAt": created,
        "tags": {"miniwdl-run-dir": "2026_top", "miniwdl-run-id": path.split("/")[-1], "miniwdl-task": "align"},
        "container": {"command": command, "exitCode": 0, "logStreamName": "s-" + job_id},
        **more,
    }


def test_tries_of_a_call_come_together_and_shards_stay_apart() -> None:
    jobs = [
        job("j3", "call-sub-1/call-t", 3, script="command2", startedAt=10_000, stoppedAt=22_500),
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


def test_without_the_path_in_the_command_the_tag_must_do() -> None:
    found = job("j", "call-sub/call-t", 1)
    found["container"]["command"] = ["other"]
    assert calls_of([found])[0].path == "call-t"
    del found["tags"]
    assert calls_of([found])[0].path == "n-j"


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
