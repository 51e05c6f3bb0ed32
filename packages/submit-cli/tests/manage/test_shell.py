"""``miniwdl-aws shell``."""

import json
import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_submit_cli.manage.shell import PROGRAMS

Outcome = tuple[int, str, str]
ECS = "arn:aws:ecs:us-west-2:123456789012"
TASK = f"{ECS}:task/hosts_Batch_1/0123abcd"
HOST = f"{ECS}:container-instance/hosts_Batch_1/4567"
WORDS = [
    *("aws", "ecs", "execute-command", "--region", "us-west-2", "--cluster", "hosts_Batch_1", "--task", TASK),
    *("--container", "default", "--interactive", "--command", "/bin/sh"),
]


class Tasks:
    """The task jobs of a run, as AWS Batch would tell of them; the cloud of these tests ends its jobs at once."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    def add(self, call: str, status: str = "RUNNING", **container: Any) -> str:
        job_id = f"t{len(self.jobs)}"
        tags = {"miniwdl-call": f"call-{call}", "miniwdl-task": "sort", "miniwdl-try": "1"}
        detail: dict[str, Any] = {"jobId": job_id, "status": status, "createdAt": len(self.jobs), "tags": tags}
        self.jobs.append(Job.of({**detail, "container": container} if container else detail))
        return job_id

    def add_open(self, call: str) -> str:
        return self.add(call, taskArn=TASK, containerInstanceArn=HOST, enableExecuteCommand=True)


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch) -> Tasks:
    found = Tasks()
    monkeypatch.setattr("miniwdl_aws_submit_cli.runs.runs.TaskJobs.refresh", lambda _self: found.jobs)
    return found


class Replaced(BaseException):
    """This process is another program from here on."""


@pytest.fixture
def at_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """A terminal, and a PATH with what is needed; gives what has taken the place of this process."""
    for name in PROGRAMS:
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "isatty", lambda _stream: True)
    started: list[list[str]] = []

    def execvp(program: str, words: list[str]) -> None:
        started.append(words)
        raise Replaced

    monkeypatch.setattr(os, "execvp", execvp)
    return started


def test_without_a_terminal_it_prints_how(manage: Callable[..., Outcome], job_id: str, tasks: Tasks) -> None:
    tasks.add("sort-0", "SUCCEEDED")
    tasks.add_open("sort-1")
    code, out, err = manage("shell", "last", "sort")
    assert (code, err) == (0, "")
    assert shlex.split(out) == WORDS
    assert shlex.split(manage("shell", "last", "sort-1", "--command", "ls -l /")[1])[-1] == "ls -l /"


def test_json(manage: Callable[..., Outcome], job_id: str, tasks: Tasks) -> None:
    running = tasks.add_open("sub/sort")
    expected = {"call": "sub/sort", "jobId": running, "cluster": "hosts_Batch_1", "taskArn": TASK, "command": WORDS}
    assert json.loads(manage("shell", "last", "sort", "--json")[1]) == expected


def test_at_a_terminal_it_opens_the_shell(
    manage: Callable[..., Outcome], job_id: str, tasks: Tasks, at_terminal: list[list[str]]
) -> None:
    tasks.add_open("sort")
    assert shlex.split(manage("shell", "last", "sort", "--print")[1]) == WORDS
    assert at_terminal == []
    with pytest.raises(Replaced):
        manage("shell", "last", "sort")
    assert at_terminal == [WORDS]


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_opens_it_must_be_there(
    manage: Callable[..., Outcome],
    job_id: str,
    tasks: Tasks,
    at_terminal: list[list[str]],
    tmp_path: Path,
    program: str,
) -> None:
    tasks.add_open("sort")
    (tmp_path / program).unlink()
    code, _, err = manage("shell", "last", "sort")
    assert (code, at_terminal) == (64, [])
    assert err.startswith(f"miniwdl-aws: {program} is not on PATH, and opens the shell\n  hint: install ")
    assert "--print" in err


@pytest.mark.parametrize(
    ("jobs", "name", "message", "hint"),
    [
        ({"sort": "RUNNABLE"}, "sort", "call sort does not run yet: job t0 is runnable", "miniwdl-aws status last"),
        ({"a": "SUCCEEDED", "b": "STARTING"}, "sort", "call b does not run yet: job t1 is starting", "try again"),
        ({"sort": "SUCCEEDED"}, "sort", "call sort runs no more: job t0 succeeded", "logs last --task sort"),
        ({"sort": "RUNNING"}, "merge", "merge: run {run} has no such call on AWS Batch", "it has sort"),
        ({}, "sort", "sort: run {run} has no such call on AWS Batch", "it has none yet"),
        ({"a": "RUNNING", "b": "RUNNING"}, "sort", "2 calls of that name run: a, b", "name one of them"),
        ({"sort": "RUNNING"}, "sort", "AWS Batch does not say by which ECS task job t0 of call sort runs", "try again"),
    ],
)
def test_where_there_is_nothing_to_look_into(
    manage: Callable[..., Outcome], job_id: str, tasks: Tasks, jobs: dict[str, str], name: str, message: str, hint: str
) -> None:
    for call, status in jobs.items():
        tasks.add(call, status)
    code, out, err = manage("shell", "last", name)
    first, second = err.splitlines()
    assert (code, out) == (64, "")
    assert first == f"miniwdl-aws: {message.format(run=job_id)}"
    assert hint in second


def test_the_exit_code_of_an_ended_call_is_told(manage: Callable[..., Outcome], job_id: str, tasks: Tasks) -> None:
    tasks.add("sort", "FAILED", exitCode=3)
    assert "call sort runs no more: job t0 failed with exit code 3\n" in manage("shell", "last", "sort")[2]


def test_a_task_that_was_started_without_it_can_be_reached_on_its_host(
    manage: Callable[..., Outcome], job_id: str, tasks: Tasks
) -> None:
    tasks.add("sort", taskArn=TASK, containerInstanceArn=HOST)
    code, _, err = manage("shell", "last", "sort")
    assert code == 64
    assert "call sort was started without [aws] enable_execute_command" in err
    assert HOST in err
    assert f"docker exec -it $(docker ps -q --filter label=com.amazonaws.ecs.task-arn={TASK}) /bin/sh" in err
