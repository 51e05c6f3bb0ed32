"""The command against a cloud in memory, and a run there."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_core.batch.run_end import RunEnd
from miniwdl_aws_submit_cli.manage.command import main
from miniwdl_aws_submit_cli.runs.batch import Batch
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


@pytest.fixture
def tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each workflow job lost its first host, and runs on its second one."""
    describe, list_jobs = Batch.describe, Batch.list_jobs
    lost = {"statusReason": "Host EC2 (instance i-1) terminated.", "container": {"logStreamName": "s1"}}
    again = {"attempts": [lost], "retryStrategy": {"attempts": 3}, "status": "RUNNING"}
    container = {"logStreamName": "s2"}

    def changed(self: Batch, ids: list[str]) -> dict[str, Job]:
        return {
            key: Job.of({**job.detail, **again, "container": {**job.detail["container"], **container}})
            for key, job in describe(self, ids).items()
        }

    def listed(self: Batch, queue: str, **options: Any) -> Iterator[Job]:
        return (Job.of({**job.detail, "status": "RUNNING"}) for job in list_jobs(self, queue, **options))

    monkeypatch.setattr(Batch, "describe", changed)
    monkeypatch.setattr(Batch, "list_jobs", listed)


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let each workflow job have ended as told."""
    describe = Batch.describe

    def end(status: str, code: int, *, of: dict[str, dict[str, str]] | None = None, **told: str) -> None:
        def changed(self: Batch, ids: list[str]) -> dict[str, Job]:
            container = {"exitCode": code, "logStreamName": "s"}
            return {
                key: Job.of(
                    {
                        **job.detail,
                        "status": status,
                        "container": {**job.detail["container"], **container},
                        "tags": {**job.tags, **RunEnd(**told).written(), **(of or {}).get(key, {})},
                    }
                )
                for key, job in describe(self, ids).items()
            }

        monkeypatch.setattr(Batch, "describe", changed)

    return end
