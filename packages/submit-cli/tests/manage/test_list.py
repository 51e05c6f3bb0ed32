"""``miniwdl-aws list``."""

import json
from collections.abc import Callable

import pytest

from miniwdl_aws_submit_cli.submit import command as submit_command

Outcome = tuple[int, str, str]


def test_list(manage: Callable[..., Outcome], job_id: str) -> None:
    code, out, _err = manage("list")
    header, row = out.splitlines()
    assert code == 0
    assert header.split() == ["STATE", "AGE", "DURATION", "NAME", "RUN"]
    assert row.split()[-2:] == ["hello", job_id]
    assert [job["jobId"] for job in json.loads(manage("list", "--json")[1])] == [job_id]


def test_a_list_of_nothing_says_so(manage: Callable[..., Outcome], job_id: str) -> None:
    assert manage("list", "--since", "2099-01-01") == (0, "", "no run like that in queue workflow\n")
    assert manage("list", "--workflow-queue", "bare") == (0, "", "no run in queue bare\n")
    assert manage("list", "--workflow-queue", "bare", "--json") == (0, "[]\n", "")


def test_list_selects(manage: Callable[..., Outcome], job_id: str, capsys: pytest.CaptureFixture[str]) -> None:
    def listed(*words: str) -> list[str]:
        return [job["jobId"] for job in json.loads(manage("list", "--json", *words)[1])]

    assert submit_command.main(["hello.wdl", "n=1", "--tag", "Group=x", "--wait"]) == 0
    tagged = capsys.readouterr().out.strip()
    assert listed("--tag", "Group=x") == [tagged]
    assert listed("--tag", "Group=y") == []
    assert tagged in listed("--state", "succeeded")
    assert listed("--state", "failed") == []
    assert set(listed("--since", "1h")) == {tagged, job_id}
    assert listed("--since", "2099-01-01") == []
    assert manage("list", "--state", "asleep")[0] == 64
    assert manage("list", "--since", "soon")[0] == 64


def test_the_list_says_where_results_are_and_why_there_are_none(
    manage: Callable[..., Outcome], ended: Callable[..., None], job_id: str
) -> None:
    ended("SUCCEEDED", 0, results="s3://b/out/20260101_000000_hello/")
    header, row = manage("list")[1].splitlines()
    assert header.split()[-1] == "RESULTS"
    assert row.split()[-1] == "s3://b/out/20260101_000000_hello/"
    ended("FAILED", 3, why="call say: no file", hint="make it")
    assert manage("list")[1].splitlines()[1].endswith(f"{job_id}  call say: no file")
    (told,) = json.loads(manage("list", "--json")[1])
    assert (told["why"], told["hint"], told["state"]) == ("call say: no file", "make it", "failed")


def test_the_list_says_where_the_results_of_a_run_that_goes_on_will_be(
    manage: Callable[..., Outcome], ended: Callable[..., None], job_id: str
) -> None:
    ended("RUNNING", 0, run_dir="/mnt/fsx/r")
    assert manage("list")[1].splitlines()[1].endswith(f"{job_id}  /mnt/fsx/r")
    ended("RUNNING", 0, run_dir="/mnt/fsx/r", results_to="s3://b/out/r/")
    assert manage("list")[1].splitlines()[1].endswith(f"{job_id}  s3://b/out/r/")
    (told,) = json.loads(manage("list", "--json")[1])
    assert (told["runDir"], told["results"]) == ("/mnt/fsx/r", "s3://b/out/r/")
    ended("FAILED", 137, run_dir="/mnt/fsx/r", results_to="s3://b/out/r/")
    assert json.loads(manage("list", "--json")[1])[0]["results"] is None, "nobody has seen its upload"


def test_the_list_says_whose_runs_they_are_where_several_share_a_queue(
    manage: Callable[..., Outcome],
    ended: Callable[..., None],
    job_id: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LOGNAME", "ann")
    assert submit_command.main(["hello.wdl", "n=1"]) == 0
    capsys.readouterr()
    header, *rows = manage("list")[1].splitlines()
    assert "USER" in header
    assert sum("  ann  " in row for row in rows) == 1
    assert "ann" in [job["user"] for job in json.loads(manage("list", "--json")[1])]
    monkeypatch.delenv("LOGNAME")
    monkeypatch.delenv("USER", raising=False)
    assert (
        submit_command.main(
            [
                "hello.wdl",
                "n=1",
                "--workflow-queue",
                "bare",
                "--task-queue",
                "task",
                "--fsid",
                "fs-0123",
                "--image",
                "i",
            ]
        )
        == 0
    )
    assert "USER" not in manage("list", "--workflow-queue", "bare")[1]


def test_runs_that_somebody_stopped_are_not_among_those_that_failed(
    manage: Callable[..., Outcome], job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from miniwdl_aws_core.batch.job import Job
    from miniwdl_aws_submit_cli.runs.batch import Batch

    describe = Batch.describe
    stopped = {"status": "FAILED", "isTerminated": True}
    monkeypatch.setattr(
        Batch, "describe",
        lambda self, ids: {key: Job.of({**job.detail, **stopped}) for key, job in describe(self, ids).items()},
    )  # fmt: skip
    monkeypatch.setattr(
        Batch, "list_jobs", lambda *_a, **_m: [Job.of({"jobId": job_id, "jobName": "hello", "createdAt": 1, **stopped})]
    )
    assert manage("list", "--state", "failed")[1] == ""
    assert manage("list", "--state", "stopped")[1].splitlines()[1].startswith("stopped")
    assert "  stopped  " in manage("status", job_id)[1]
