from argparse import Namespace
from typing import Any

import pytest

from miniwdl_aws_hooks import ExitCode
from miniwdl_aws_submit_cli.watch.stay import watch

NAME = "hello-0123456789"


class Twice:
    """Two jobs of one submission, of which the first has begun and the second has ended for it."""

    def __init__(self, *, known: bool = True) -> None:
        self.known = known

    def describe(self, ids: list[str]) -> dict[str, dict[str, Any]]:
        ends = {"begun": ("SUCCEEDED", 0), "late": ("FAILED", int(ExitCode.ALREADY_BEGUN))}
        return {job_id: self.detail(job_id, *ends[job_id]) for job_id in ids}

    def detail(self, job_id: str, status: str, code: int) -> dict[str, Any]:
        job = {"jobId": job_id, "jobName": NAME, "jobQueue": "q", "createdAt": 1}
        return {**job, "status": status, "container": {"exitCode": code}}

    def twins(self, name: str, queue: str) -> list[str]:
        assert (name, queue) == (NAME, "q")
        return ["begun", "late"] if self.known else ["late"]

    def list_jobs(self, *_args: Any, **_more: Any) -> list[Any]:
        return []


class Here:
    """Surroundings without anything to say."""

    words: tuple[str, ...] = ()

    def closing_lines(self) -> list[str]:
        return []


def stay(batch: Any) -> int:
    args = Namespace(json=False, follow=False, follow_task=[], plain=True)
    return watch({"jobId": "late", "jobName": NAME}, args, batch, None, Here())  # type: ignore[arg-type]


def test_of_a_run_that_was_submitted_twice_the_job_that_begun_counts(capsys: pytest.CaptureFixture[str]) -> None:
    assert stay(Twice()) == 0
    err = capsys.readouterr().err
    assert "submitted twice: job begun runs it" in err
    assert "the run succeeded" in err


def test_where_the_other_job_is_unknown_its_end_is_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert stay(Twice(known=False)) == ExitCode.ALREADY_BEGUN
    assert "`miniwdl-aws list` shows it" in capsys.readouterr().err
