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
