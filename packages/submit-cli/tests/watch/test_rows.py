"""Waiting for many runs, without a clock."""

import pytest

from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_submit_cli.errors import LostContactError, RefusedError
from miniwdl_aws_submit_cli.watch.rows import wait_for_rows

ROWS = {"b": 2, "a": 1}


def job(job_id: str, status: str) -> Job:
    return Job.of({"jobId": job_id, "jobName": f"run-{job_id}-0123456789", "status": status, "createdAt": 1})


def test_each_end_is_told_and_only_those_that_go_on_are_asked_about() -> None:
    answers = [{}, {"a": job("a", "RUNNING"), "b": job("b", "SUCCEEDED")}, {"a": job("a", "SUCCEEDED")}]
    asked: list[list[str]] = []
    said: list[str] = []

    def describe(ids: list[str]) -> dict[str, Job]:
        asked.append(ids)
        return answers[len(asked) - 1]

    ended = wait_for_rows(describe, ROWS, said.append, clock=lambda: 0.0, sleep=lambda _seconds: None)
    assert [found.job_id for found in ended] == ["a", "b"]
    assert asked == [["b", "a"], ["b", "a"], ["a"]]
    assert said == ["row 2, run-b (b): succeeded", "row 1, run-a (a): succeeded"]


@pytest.mark.parametrize("trouble", ["refused", "incomplete", "empty"])
def test_contact_is_lost_in_the_end(trouble: str) -> None:
    time = [0.0]

    def describe(_ids: list[str]) -> dict[str, Job]:
        if trouble == "refused":
            raise RefusedError("can't look up the job", retryable=True)
        return {"a": job("a", "RUNNING")} if trouble == "incomplete" else {}

    def sleep(seconds: float) -> None:
        time[0] += seconds
        assert time[0] < 2000

    with pytest.raises(LostContactError, match="lost contact with 2 jobs for 10 minutes"):
        wait_for_rows(describe, ROWS, lambda _line: None, clock=lambda: time[0], sleep=sleep)
