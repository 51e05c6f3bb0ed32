"""``miniwdl-aws`` and its subcommands against a cloud in memory."""

import json
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pluggy
import pytest

from miniwdl_aws_hooks import (
    Check,
    CheckState,
    Command,
    MiniwdlAwsError,
    PluginError,
    SubmitEnvironment,
    SubmitOption,
    hookimpl,
)
from miniwdl_aws_submit_cli.errors import RefusedError
from miniwdl_aws_submit_cli.manage.cancel import stop
from miniwdl_aws_submit_cli.manage.command import build_parser, main
from miniwdl_aws_submit_cli.manage.rerun import resubmission
from miniwdl_aws_submit_cli.manage.sweep import orphans
from miniwdl_aws_submit_cli.runs.runs import Run
from miniwdl_aws_submit_cli.runs.workflow_job import given_name
from miniwdl_aws_submit_cli.submit import command as submit_command

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


def test_commands_take_the_options_that_say_where_a_run_is(manager: pluggy.PluginManager, job_id: str) -> None:
    class Options:
        @hookimpl
        def miniwdl_aws_submit_options(self) -> list[SubmitOption]:
            return [
                SubmitOption("--where", "place", lambda _args: nullcontext(SubmitEnvironment())),
                SubmitOption("--how", "manner", lambda _args: nullcontext(SubmitEnvironment()), submit_only=True),
            ]

    manager.register(Options())
    assert main(["status", job_id, "--where"]) == 0
    assert main(["status", job_id, "--how"]) == 64
    assert submit_command.main(["hello.wdl", "n=1", "--where", "--how"]) == 0


def test_who_has_no_aws_is_told_of_the_options_that_say_where_else(
    manager: pluggy.PluginManager, aws: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Options:
        @hookimpl
        def miniwdl_aws_submit_options(self) -> list[SubmitOption]:
            return [
                SubmitOption("--elsewhere", "place", lambda _args: nullcontext(SubmitEnvironment())),
                SubmitOption("--how", "manner", lambda _args: nullcontext(SubmitEnvironment()), submit_only=True),
            ]

    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    assert main(["list"]) == 64
    assert "elsewhere" not in capsys.readouterr().err
    manager.register(Options())
    assert main(["list"]) == 64
    message, hint = capsys.readouterr().err.splitlines()
    assert message == "miniwdl-aws: no AWS region is configured"
    assert hint.endswith("; or give --elsewhere, as when the run was submitted")


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


NAME = "say-0-token"


def child(aws: Any, parent: str, name: str = NAME) -> str:
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
    mine, other = child(aws, job_id), child(aws, "another-run")
    _code, out, _err = manage("status", job_id)
    assert out.startswith(f"hello  {job_id}")
    assert f"└─ {NAME}" in out
    assert mine in out
    assert other not in out
    (call,) = json.loads(manage("status", job_id, "--json")[1])["calls"]
    assert [item["job_id"] for item in call["tries"]] == [mine]


def test_logs(aws: Any, manage: Callable[..., Outcome], parts: Any, job_id: str) -> None:
    child(aws, job_id)
    assert manage("wait", job_id)[0] == 0
    assert manage("logs", job_id)[1] == "first line\nsecond line\n"
    assert manage("logs", job_id, "--grep", "^sec")[1] == "second line\n"
    assert manage("logs", job_id, "--since", "1970-01-01T00:00:00.002+00:00")[1] == "second line\n"
    assert parts.followed[-1].start_time == 2, "the reader of the log looks for no older events"
    assert parts.followed[-1].grace == 0, "what is there now is all"
    assert manage("logs", job_id, "--task", NAME)[1] == f"{NAME} | first line\n{NAME} | second line\n"
    assert manage("logs", job_id, "--all")[1].splitlines() == [
        "hello | first line", "hello | second line", f"{NAME} | first line", f"{NAME} | second line",
    ]  # fmt: skip
    followed = manage("logs", job_id, "--all", "--follow")[1].splitlines()
    assert sorted(followed) == sorted(manage("logs", job_id, "--all")[1].splitlines())
    event = json.loads(manage("logs", job_id, "--json")[1].splitlines()[0])
    assert (event["message"], event["from"], event["timestamp"]) == ("first line", "hello", 1)
    assert parts.followed[0].end_marker == "[miniwdl-aws] end of log"


@pytest.mark.parametrize(
    ("words", "message"),
    [(["--task", "nope"], "--task nope: run"), (["--grep", "("], "--grep (: not a regular expression")],
)
def test_logs_of_nothing(manage: Callable[..., Outcome], job_id: str, words: list[str], message: str) -> None:
    code, _out, err = manage("logs", job_id, *words)
    assert code == 64
    assert message in err


def test_logs_need_a_part(aws: Any, manager: pluggy.PluginManager, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["logs", "last", "--workflow-queue", "workflow"]) == 64
    assert "`miniwdl-aws logs` needs miniwdl-aws-cwlogs: pip install" in capsys.readouterr().err


def test_wait_reproduces_the_exit_code(manage: Callable[..., Outcome], job_id: str) -> None:
    code, out, err = manage("wait", "last", "--json", "--follow")
    assert code == json.loads(out)["exitCode"] == 0
    assert "second line" in err


def test_rerun_submits_the_same(aws: Any, manage: Callable[..., Outcome], job_id: str) -> None:
    code, out, _err = manage("rerun", job_id, "--wait")
    again = out.strip()
    assert code == 0
    assert again != job_id
    first, second = (aws.describe_jobs(jobs=[each])["jobs"][0] for each in (job_id, again))
    for key in ("jobQueue", "jobDefinition", "tags"):
        assert first[key] == second[key]
    assert first["jobName"] != second["jobName"]
    assert given_name(first["jobName"]) == given_name(second["jobName"])
    assert first["container"]["command"] == second["container"]["command"]
    environment = {item["name"]: item["value"] for item in second["container"]["environment"]}
    assert "WDL_PAYLOAD" in environment
    assert environment["WDL_SUBMISSION"] == second["jobName"]


def test_resubmission_leaves_out_what_batch_adds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("miniwdl_aws_submit_cli.manage.rerun.submission_token", lambda: "ffffffffff")
    detail = {
        "jobName": "n-0123456789",
        "jobQueue": "q",
        "jobDefinition": "d:1",
        "tags": {"Group": "x"},
        "container": {
            "command": ["run"],
            "environment": [
                {"name": "A", "value": "1"},
                {"name": "AWS_BATCH_JOB_ID", "value": "j"},
                {"name": "WDL_SUBMISSION", "value": "n-0123456789"},
            ],
            "resourceRequirements": [{"type": "VCPU", "value": "2"}],
        },
    }
    assert resubmission(detail) == {
        "jobName": "n-ffffffffff",
        "jobQueue": "q",
        "jobDefinition": "d:1",
        "containerOverrides": {
            "command": ["run"],
            "environment": [{"name": "A", "value": "1"}, {"name": "WDL_SUBMISSION", "value": "n-ffffffffff"}],
            "resourceRequirements": [{"type": "VCPU", "value": "2"}],
        },
        "propagateTags": True,
        "tags": {"Group": "x"},
    }


NOTHING = "there was nothing to stop"


def test_cancel_reports_what_it_stopped(manage: Callable[..., Outcome], job_id: str) -> None:
    code, out, err = manage("cancel", job_id, "--json")
    report = json.loads(out)
    assert code == 0
    assert report["jobId"] == job_id
    assert report["taskJobsStopped"] == []
    stopped = report["workflowJobStopped"]
    assert err.splitlines()[-1] == ("stopped the workflow job, which left no task job" if stopped else NOTHING)


class Stoppable:
    """Jobs that take a few looks to stop."""

    def __init__(self, jobs: dict[str, str], *, looks: int = 2) -> None:
        self.jobs = {
            job_id: {"jobId": job_id, "jobName": job_id, "createdAt": 100_000, "status": status, "left": looks}
            for job_id, status in jobs.items()
        }
        for job_id, job in self.jobs.items():
            job["tags"] = {} if job_id.startswith("w") else {"AWS_BATCH_PARENT_JOB_ID": "w" + job_id[1:2]}
            job["container"] = {"environment": [{"name": "MINIWDL__AWS__TASK_QUEUE", "value": "task"}]}
        self.terminated: list[str] = []

    def terminate(self, job_id: str, reason: str) -> None:
        assert reason.startswith("stopped by miniwdl-aws cancel")
        self.terminated.append(job_id)

    def describe(self, ids: list[str]) -> dict[str, Any]:
        return {job_id: dict(self.jobs[job_id]) for job_id in ids if job_id in self.jobs}

    def list_jobs(self, queue: str, *, status: str | None = None, **_: Any) -> list[dict[str, Any]]:
        for job_id in self.terminated:
            self.jobs[job_id]["left"] -= 1
            if self.jobs[job_id]["left"] <= 0:
                self.jobs[job_id]["status"] = "FAILED"
        return [job for job in self.jobs.values() if job["tags"] and status in (None, job["status"])]


def stop_run(batch: Any, said: list[str] | None = None) -> dict[str, object]:
    time = [0.0]
    tell = (lambda _text: None) if said is None else said.append

    def sleep(seconds: float) -> None:
        time[0] += seconds
        batch.list_jobs("task")

    return stop(batch, Run(batch.jobs["w1"]), tell, clock=lambda: time[0], sleep=sleep)


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


def test_orphans_are_task_jobs_whose_workflow_job_ended_or_is_forgotten() -> None:
    batch: Any = Stoppable(
        {
            "w1": "RUNNING",
            "t1a": "RUNNING",
            "w2": "FAILED",
            "t2a": "RUNNING",
            "t2b": "SUCCEEDED",
            "t3a": "RUNNABLE",
        }
    )
    assert {job["jobId"] for job in orphans(batch, ["task"])} == {"t2a", "t3a"}


def test_sweep(aws: Any, manage: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch, job_id: str) -> None:
    code, out, err = manage("sweep")
    assert (code, out) == (0, "")
    assert "no task job is left" in err
    left = {"jobId": "t9", "jobName": "say", "status": "RUNNING", "createdAt": 1}
    left["tags"] = {"AWS_BATCH_PARENT_JOB_ID": "w9"}  # type: ignore[assignment]
    monkeypatch.setattr("miniwdl_aws_submit_cli.manage.sweep.orphans", lambda _batch, _queues: [left])
    code, out, err = manage("sweep")
    assert out.split()[0] == "t9"
    assert "--yes stops it" in err
    assert json.loads(manage("sweep", "--json")[1])[0]["parent"] == "w9"
    assert "stopped 1 task job\n" in manage("sweep", "--yes")[2]


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
    code, out, err = manage("doctor")
    assert err.endswith(" 0 failed, 1 warning\n")
    lines = [line.split(maxsplit=1) for line in out.splitlines()]
    assert code == 0
    assert {line[0] for line in lines} == {"ok", "warning", "hint:"}
    assert "renew it" in out
    assert "registry/workflow:1" in out


def test_doctor_fails_and_asks_everybody(
    manager: pluggy.PluginManager, manage: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIWDL__AWS__WORKFLOW_QUEUE", "closed")
    manager.register(Checks(error=MiniwdlAwsError("no licence", hint="buy one")), name="licences")
    manager.register(Checks(Check("moon", CheckState.OK, "is up")), name="moon")
    code, out, err = manage("doctor")
    assert code == 1
    assert err.endswith(" 4 failed, 1 warning\n")
    found = {item["subject"]: item for item in json.loads(manage("doctor", "--json")[1])}
    assert found["moon"] == {"state": "ok", "subject": "moon", "message": "is up", "hint": None}
    assert found["licences"] == {"state": "failed", "subject": "licences", "message": "no licence", "hint": "buy one"}
    assert "job queue closed is DISABLED" in out
    assert "FAILED   licences" in out
    assert "hint: buy one" in out
    assert "is up" in out
