"""``miniwdl-aws`` and its subcommands against a cloud in memory."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pluggy
import pytest

from miniwdl_aws_hooks import Check, CheckState, Command, MiniwdlAwsError, PluginError, hookimpl
from miniwdl_aws_submit_cli import submit_command
from miniwdl_aws_submit_cli.manage_command import build_parser, main

Outcome = tuple[int, str, str]


@pytest.fixture
def manage(
    aws: Any, parts: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Outcome]:
    """Run the command; give its exit code, stdout and stderr."""
    monkeypatch.setenv("MINIWDL__AWS__WORKFLOW_QUEUE", "workflow")

    def run(*words: str) -> Outcome:
        code = main(words)
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def job_id(manage: object, here: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """A run."""
    assert submit_command.main(["hello.wdl", "n=1"]) == 0
    return capsys.readouterr().out.strip()


def test_a_command_is_needed(manage: Callable[..., Outcome]) -> None:
    code, _out, err = manage()
    assert code == 64
    assert "COMMAND" in err


def test_two_commands_of_one_name() -> None:
    mine = Command("list", "mine", lambda _parser: None, lambda _args: 0)
    with pytest.raises(PluginError, match="two plugins bring the command miniwdl-aws list"):
        build_parser([mine, mine])


def test_list(manage: Callable[..., Outcome], job_id: str) -> None:
    code, out, _err = manage("list")
    assert code == 0
    assert out.startswith(job_id)
    assert "hello" in out
    assert [job["jobId"] for job in json.loads(manage("list", "--json")[1])] == [job_id]


@pytest.mark.parametrize("word", ["id", "prefix", "hello", "last"])
def test_a_run_has_many_names(manage: Callable[..., Outcome], job_id: str, word: str) -> None:
    code, out, _err = manage("status", {"id": job_id, "prefix": job_id[:6]}.get(word, word), "--json")
    assert code == 0
    assert json.loads(out)["jobId"] == job_id


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("nope", "there is no run nope in queue workflow"),
        ("00000000-0000-0000-0000-000000000000", "AWS Batch does not know job 00000000"),
    ],
)
def test_an_unknown_run(manage: Callable[..., Outcome], job_id: str, word: str, message: str) -> None:
    code, out, err = manage("status", word)
    assert (code, out) == (64, "")
    assert message in err


def test_a_name_needs_the_queue(manage: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MINIWDL__AWS__WORKFLOW_QUEUE")
    code, _out, err = manage("status", "last")
    assert code == 64
    assert "the workflow queue must be known: give --workflow-queue" in err


def child(aws: Any, parent: str, name: str = "call-say-0") -> str:
    """Submit a task job as the workflow job would have."""
    aws.register_job_definition(
        jobDefinitionName="task",
        type="container",
        containerProperties={
            "image": "x",
            "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}],
        },
    )
    tags = {"AWS_BATCH_PARENT_JOB_ID": parent}
    submitted = aws.submit_job(jobName=name, jobQueue="task", jobDefinition="task", tags=tags)
    return str(submitted["jobId"])


def test_status_shows_the_tasks_of_this_run_only(aws: Any, manage: Callable[..., Outcome], job_id: str) -> None:
    mine, _other = child(aws, job_id), child(aws, "another-run")
    _code, out, _err = manage("status", job_id)
    assert [line.split()[2] for line in out.splitlines()][:2] == [job_id, mine]
    assert len(out.splitlines()) == 2


def test_wait_reproduces_the_exit_code(manage: Callable[..., Outcome], job_id: str) -> None:
    code, out, err = manage("wait", "last", "--json", "--follow")
    assert code == json.loads(out)["exitCode"] == 0
    assert "second line" in err


def test_cancel_reports_what_it_stopped(manage: Callable[..., Outcome], job_id: str) -> None:
    code, out, err = manage("cancel", job_id, "--json")
    report = json.loads(out)
    assert code == 0
    assert report["jobId"] == job_id
    assert report["taskJobsStopped"] == []
    assert "0 task jobs" in err


class Checks:
    """A plugin with checks."""

    def __init__(self, *found: Check, error: MiniwdlAwsError | None = None) -> None:
        self.found = found
        self.error = error

    @hookimpl
    def miniwdl_aws_preflight(self) -> tuple[Check, ...]:
        if self.error:
            raise self.error
        return self.found


def test_doctor_is_content(
    manager: pluggy.PluginManager, manage: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIWDL__AWS__STAGING", "s3://bucket/st")
    manager.register(Checks(Check("licence", CheckState.WARNING, "ends soon", "renew it")), name="licences")
    code, out, _err = manage("doctor")
    lines = [line.split(maxsplit=1) for line in out.splitlines()]
    assert code == 0
    assert {line[0] for line in lines} == {"ok", "warning", "hint:"}
    assert "registry/workflow:1" in out


def test_doctor_fails_and_asks_everybody(
    manager: pluggy.PluginManager, manage: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIWDL__AWS__TASK_QUEUE", "closed")
    manager.register(Checks(error=MiniwdlAwsError("no licence", hint="buy one")), name="licences")
    manager.register(Checks(Check("moon", CheckState.OK, "is up")), name="moon")
    code, out, _err = manage("doctor")
    assert code == 1
    assert "job queue closed is DISABLED" in out
    assert "FAILED   licences" in out
    assert "hint: buy one" in out
    assert "is up" in out
