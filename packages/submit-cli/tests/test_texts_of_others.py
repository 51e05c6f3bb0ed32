"""What AWS, tasks, tags and files are called or say reaches the terminal as text, whichever command shows it."""

import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pluggy
import pytest
from rich.console import Console

from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_hooks import Check, CheckState, FollowRequest, LogEvent, hookimpl
from miniwdl_aws_submit_cli.manage import command as manage_command
from miniwdl_aws_submit_cli.runs.batch import Batch
from miniwdl_aws_submit_cli.submit import command as submit_command
from miniwdl_aws_submit_cli.watch.panel import LiveView, render
from miniwdl_aws_submit_cli.watch.progress import Progress

EVIL = "a\x1b]0;title\x07\x1b]52;c;cm0=\x1b\\\x1bc\x9b2J\x07\x7f\u202eb\u2066\u200b\nhint: [red]c[/]\ud800"
SHOWN = "ab hint: [red]c[/]\\ud800"
"""All of it in one line."""
SHOWN_LINES = ["ab", "hint: [red]c[/]\\ud800"]
FAILURE = "2026-11-25 16:42:22 wdl.w:top.t:call-t ERROR task t (x.wdl Ln 1 Col 1) failed :: " + ", ".join(
    f"{key}: {json.dumps(value)}"
    for key, value in {"explanation": EVIL, "jobId": "j", "logStreamName": EVIL, "stderr": [EVIL, "end"]}.items()
)


class EvilParts:
    """A log, and a check, in which there is everything."""

    @hookimpl
    def miniwdl_aws_follow_logs(self, request: FollowRequest) -> Iterator[LogEvent]:
        return iter([LogEvent(1, EVIL, request.stream), LogEvent(2, FAILURE, request.stream)])

    @hookimpl
    def miniwdl_aws_preflight(self) -> list[Check]:
        return [Check(EVIL, CheckState.FAILED, EVIL, EVIL)]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """All that was written, after a look at its characters."""

    def look() -> str:
        text = "".join(capsys.readouterr())
        assert all(char == "\n" or char.isprintable() for char in text), repr(text)
        return text

    return look


@pytest.fixture
def job_id(
    aws: Any,
    manager: pluggy.PluginManager,
    parts: Any,
    here: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: Any,
) -> str:
    """A run of which AWS says everything there is, while it waits as after its end."""
    manager.register(EvilParts())
    monkeypatch.setenv("MINIWDL__AWS__WORKFLOW_QUEUE", "workflow")
    describe = Batch.describe

    def tell(batch: Batch, ids: list[str]) -> dict[str, Any]:
        container = {"logStreamName": "s", "reason": EVIL}
        return {
            key: Job.of(
                {
                    **job.detail,
                    "jobName": EVIL,
                    "status": "FAILED",
                    "statusReason": EVIL,
                    "container": container,
                    "attempts": [],
                }
            )
            for key, job in describe(batch, ids).items()
        }

    assert submit_command.main(["hello.wdl", "n=1"]) == 0
    monkeypatch.setattr(Batch, "describe", tell)
    return capsys.readouterr().out.strip()


def test_status(job_id: str, said: Callable[[], str]) -> None:
    manage_command.main(["status", job_id])
    headline, outcome = said().splitlines()
    assert headline.startswith(f"{SHOWN}  {job_id}  failed")
    assert outcome == f"the workflow job failed without an exit code: {SHOWN}"


def test_logs(job_id: str, said: Callable[[], str]) -> None:
    manage_command.main(["logs", job_id])
    assert said().splitlines()[:2] == SHOWN_LINES
    manage_command.main(["logs", job_id, "--all"])
    assert said().splitlines()[:2] == [f"{SHOWN} | {line}" for line in SHOWN_LINES]


def test_following_a_run_whose_task_fails(job_id: str, said: Callable[[], str]) -> None:
    manage_command.main(["wait", job_id, "--follow"])
    lines = said().splitlines()
    assert lines[:2] == SHOWN_LINES
    assert lines[-5:-1] == [f"t (job j): {SHOWN}", f"  | {SHOWN}", "  | end", f"  log stream: {SHOWN}"]
    assert "hint: [red]c[/]" not in "".join(line[:5] for line in lines[2:])


def test_doctor(job_id: str, said: Callable[[], str]) -> None:
    manage_command.main(["doctor"])
    lines = [line for line in said().splitlines() if SHOWN in line]
    assert [line.split()[0] for line in lines] == ["FAILED", "hint:"]


@pytest.mark.sends_what_aws_refuses("tags-value", reason="whatever AWS lets pass, the terminal does not get it")
def test_tags_of_queues(job_id: str, aws: Any, said: Callable[[], str]) -> None:
    (queue,) = aws.describe_job_queues(jobQueues=["workflow"])["jobQueues"]
    aws.tag_resource(resourceArn=queue["jobQueueArn"], tags={"DefaultTaskQueue": EVIL.replace("\ud800", "")})
    assert submit_command.main(["hello.wdl", "n=1"]) == 64
    assert SHOWN.removesuffix("\\ud800") in said().splitlines()[0]


@pytest.mark.parametrize(
    "name", [EVIL.replace("\ud800", "").replace("/", ""), os.fsdecode(b"caf\xe9.wdl")], ids=["hostile", "latin-1"]
)
def test_names_of_files(job_id: str, said: Callable[[], str], name: str) -> None:
    assert submit_command.main([name]) == 64
    message, *hint = said().splitlines()
    assert message.startswith("miniwdl-aws-submit: ")
    assert all(line.startswith("  hint: ") for line in hint)


def test_json_has_everything(job_id: str, said: Callable[[], str]) -> None:
    manage_command.main(["status", job_id, "--json"])
    assert json.loads(said())["reason"] == EVIL
    manage_command.main(["logs", job_id, "--json"])
    assert json.loads(said().splitlines()[0])["message"] == EVIL


def test_the_panel() -> None:
    stream = io.StringIO()
    progress = Progress(uploading=EVIL, queue_reason=EVIL)
    Console(file=stream, width=200).print(render(EVIL, EVIL, 5, progress))
    title, _states, queue, uploading, _bottom = stream.getvalue().splitlines()
    assert title.startswith(f"╭─ {SHOWN}  {SHOWN}  5s ")
    assert (f"queue: {SHOWN} " in queue, f"uploading to {SHOWN} " in uploading) == (True, True)
    progress.uploaded = EVIL
    stream.seek(stream.truncate(0))
    Console(file=stream, width=200).print(render("n", "", 5, progress))
    assert f"uploaded {SHOWN} " in stream.getvalue().splitlines()[-2]


def test_a_log_above_the_panel() -> None:
    stream = io.StringIO()
    with LiveView("n", Progress(), lambda: 1, stream=stream) as view:
        view.state(Job("j", "RUNNING"))
        view.line(EVIL)
    assert "\n".join(SHOWN_LINES) in stream.getvalue()
