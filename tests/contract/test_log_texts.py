"""Log lines that one part writes and another reads: of a real run, each writer's are understood by the live panel."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
import WDL.runtime.task

from miniwdl_aws_core import log_lines
from miniwdl_aws_core.batch.job import DEFAULT_LOG_GROUP
from miniwdl_aws_core.log_lines import is_task_failure, read_line, template_pattern
from miniwdl_aws_hooks.protocol import JOB_CHANGED, JOB_SUBMITTED, UPLOADED, UPLOADER, UPLOADING
from miniwdl_aws_local_cloud import LocalCloud
from miniwdl_aws_submit_cli.watch.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BIN = Path(sys.executable).parent
WORKFLOW = """version 1.1
workflow top {
    call good
    call second { input: after = good.said }
    call bad { input: after = second.said }
}
task good {
    command { echo hello }
    output { String said = read_string(stdout()) }
}
task second {
    input { String after }
    command <<<
        echo ~{after}
        test "$(basename "$PWD")" = work3
    >>>
    output { String said = read_string(stdout()) }
    runtime { maxRetries: 2 }
}
task bad {
    input { String after }
    command { echo "last words of ~{after}" >&2; exit 3 }
    output {}
}
"""
"""One task that succeeds, one that is tried three times, and one that fails."""


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    with LocalCloud(tmp_path_factory.mktemp("cloud")) as cloud:
        yield {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path_factory.mktemp("home")),
            **cloud.environ,
            "MINIWDL__AWS__WORKFLOW_QUEUE": "workflow",
            "MINIWDL__AWS__WORKFLOW_IMAGE": "not-used-by-processes",
        }


def submit(environ: Mapping[str, str]) -> list[str]:
    """Run the workflow, with all that is said at level INFO; return its log."""
    wdl = Path(environ["HOME"]) / "top.wdl"
    wdl.write_text(WORKFLOW)
    done = subprocess.run(
        [str(BIN / "miniwdl-aws-submit"), str(wdl), "--s3upload", "s3://demo/texts/", "--wait", "--verbose"],
        env=environ,
        cwd=wdl.parent,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    clients = {
        name: boto3.client(
            name,
            endpoint_url=environ["AWS_ENDPOINT_URL"],
            region_name=environ["AWS_DEFAULT_REGION"],
            aws_access_key_id=environ["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environ["AWS_SECRET_ACCESS_KEY"],
        )
        for name in ("batch", "logs")
    }
    (job,) = clients["batch"].describe_jobs(jobs=[done.stdout.strip()])["jobs"]
    pages = clients["logs"].get_log_events(
        logGroupName=DEFAULT_LOG_GROUP, logStreamName=job["container"]["logStreamName"], startFromHead=True
    )
    return [event["message"] for event in pages["events"]]


@pytest.fixture(scope="module")
def log(environ: Mapping[str, str]) -> list[str]:
    """Log of a first run, which nothing of is cached."""
    return submit(environ)


def watch(log: list[str]) -> Progress:
    """Show a log to the live panel."""
    progress = Progress()
    for text in log:
        line = read_line(text)
        if line:
            progress.read(line)
        else:
            progress.read_other(text)
    return progress


@pytest.mark.parametrize("name", [name for name in log_lines.__all__ if name.startswith("TASK_")])
def test_texts_of_miniwdl_are_still_in_its_source(name: str) -> None:
    assert f'"{getattr(log_lines, name)}"' in inspect.getsource(WDL.runtime.task)


def test_the_panel_understands_a_whole_run(log: list[str]) -> None:
    progress = watch(log)
    assert {state: number for state, number in progress.counts().items() if number} == {"succeeded": 2, "failed": 1}
    assert progress.retries == 2
    assert progress.uploaded, "the upload is over"
    assert progress.uploading is None
    failure = progress.failure
    assert failure, "\n".join(log)
    assert failure.call == "call-bad"
    assert "3" in failure.message
    assert failure.job_id
    assert failure.log_stream
    assert failure.stderr == ("last words of hello",)


@pytest.mark.parametrize("text", [log_lines.TASK_SETUP, log_lines.TASK_DONE, log_lines.TASK_RETRIED])
def test_lines_of_miniwdl(log: list[str], text: str) -> None:
    assert any(line.is_task and line.message == text and line.call for line in map(read_line, log) if line)


def test_the_line_of_a_failed_task(log: list[str]) -> None:
    (line,) = [line for line in map(read_line, log) if line and line.is_task and is_task_failure(line)]
    assert line.call == "call-bad"


def test_lines_of_the_backend(log: list[str]) -> None:
    lines = [line for line in map(read_line, log) if line and line.is_task]
    submitted = [line.fields for line in lines if line.message == JOB_SUBMITTED]
    assert len(submitted) == 5, "a job for each try"
    assert all(fields.keys() == {"jobId", "jobName", "queue"} for fields in submitted)
    ended = [line.fields for line in lines if line.message == JOB_CHANGED and line.fields["status"] == "FAILED"]
    assert len(ended) == 3
    assert all(fields.keys() == {"jobId", "status", "logStreamName"} for fields in ended)


@pytest.mark.parametrize("template", [UPLOADING, UPLOADED])
def test_lines_of_the_uploader(log: list[str], template: str) -> None:
    (found,) = [text for text in log if UPLOADER in text and template_pattern(template).search(text)]
    assert read_line(found) is None, "it is none of miniwdl's"
    begun = watch(log[: log.index(found) + 1])
    assert begun.uploading == ("s3://demo/texts/" if template == UPLOADING else None)


def test_a_cached_call(environ: Mapping[str, str], log: list[str]) -> None:
    assert watch(submit(environ)).counts()["cached"] == 2
