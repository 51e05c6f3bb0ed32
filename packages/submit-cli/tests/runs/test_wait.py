from collections.abc import Mapping
from typing import Any

import pytest

from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_core.batch.run_end import RunEnd
from miniwdl_aws_hooks import ExitCode
from miniwdl_aws_submit_cli.runs.wait import outcome, state_of

DONE = {"status": "SUCCEEDED", "container": {"exitCode": 0, "logStreamName": "s"}}

LOST = {"statusReason": "Host EC2 (instance i-0) terminated."}
ADVICE = "submit it to a queue of on-demand hosts (--workflow-queue), where it goes on with what was done"


@pytest.mark.parametrize(
    ("detail", "code", "sentence"),
    [
        (DONE, 0, "the run succeeded"),
        ({"status": "FAILED", "container": {"exitCode": 42}}, 42, "the run failed with exit code 42"),
        ({"status": "FAILED", "attempts": [{"container": {"exitCode": 3}}]}, 3, "the run failed with exit code 3"),
        (
            {"status": "FAILED", "statusReason": "Host EC2 (instance i-0) terminated."},
            ExitCode.FAILED,
            f"the workflow job lost its host; {ADVICE}: Host EC2 (instance i-0) terminated.",
        ),
        (
            {"status": "FAILED", "attempts": [LOST, LOST, LOST], "container": {"exitCode": 143}},
            143,
            f"the workflow job lost its host 3 times; {ADVICE}: Host EC2 (instance i-0) terminated.",
        ),
        (
            {"status": "FAILED", "attempts": [LOST, {"container": {"exitCode": 3}}]},
            3,
            "the run failed with exit code 3",
        ),
        (
            {"status": "FAILED", "statusReason": "no host"},
            ExitCode.FAILED,
            "the workflow job failed without an exit code: no host",
        ),
        (
            {"status": "FAILED", "container": {"exitCode": 0}},
            ExitCode.FAILED,
            "the workflow job failed without an exit code: AWS Batch gives no reason",
        ),
        (
            {"status": "FAILED", "statusReason": "stopped by miniwdl-aws cancel (me)", "container": {"exitCode": 137}},
            ExitCode.TERMINATED,
            "the run was stopped",
        ),
        (
            {"status": "FAILED", "isTerminated": True, "statusReason": "too dear", "container": {"exitCode": 143}},
            ExitCode.TERMINATED,
            "the run was stopped: too dear",
        ),
        (
            {"status": "FAILED", "isCancelled": True, "statusReason": "Canceled by JobStateTimeLimit action due to X"},
            ExitCode.FAILED,
            "the workflow job failed without an exit code: Canceled by JobStateTimeLimit action due to X",
        ),
        (
            {"status": "FAILED", "container": {"exitCode": 137, "reason": "OutOfMemoryError: Container killed"}},
            137,
            "the workflow job used more memory than it has: OutOfMemoryError: Container killed",
        ),
        (
            {
                "status": "FAILED",
                "statusReason": "Task failed to start",
                "attempts": [{"container": {"reason": "CannotPullContainerError: denied"}}],
            },
            ExitCode.FAILED,
            "the workflow job failed without an exit code: Task failed to start; CannotPullContainerError: denied",
        ),
        (
            {"status": "FAILED", "container": {"exitCode": 143}},
            ExitCode.TERMINATED,
            "the run was stopped: its workflow job was told to end (SIGTERM)",
        ),
        (
            {"status": "FAILED", "container": {"exitCode": 143}, "tags": {"miniwdl-why": "call a"}},
            143,
            "the run failed with exit code 143",
        ),
        (
            {"status": "FAILED", "container": {"exitCode": 74}},
            ExitCode.UPLOAD_FAILED,
            "the run succeeded, but its results could not all be uploaded (exit code 74)",
        ),
    ],
)
def test_outcome(detail: Mapping[str, Any], code: int, sentence: str) -> None:
    ended = outcome(Job.of({"jobId": "j", **detail}))
    assert (ended.code, ended.sentence) == (code, sentence)


def ended(status: str, code: int, **end: str) -> Job:
    container = {"exitCode": code, "logStreamName": "s"}
    return Job.of({"jobId": "j", "status": status, "container": container, "tags": RunEnd(**end).written()})


def test_why_a_run_failed_is_what_it_said_last() -> None:
    told = outcome(
        ended("FAILED", 3, why="call a: no (such) file", hint="make it", run_dir="/r", results="s3://b/r/", report="R")
    )
    assert told.lines("logs j") == [
        "  logs and error.json: s3://b/r/",
        "  run directory: /r",
        "  report: R",
        "  why: call a: no (such) file",
        "  hint: make it",
    ]
    assert told.short == "call a: no (such) file"
    assert told.facts() == {
        "why": "call a: no (such) file", "hint": "make it", "runDir": "/r", "results": "s3://b/r/", "report": "R",
    }  # fmt: skip


def test_a_run_that_could_not_say_it_has_a_log() -> None:
    told = outcome(ended("FAILED", 3))
    assert told.lines("logs j") == ["  why: its log alone says it: logs j"]
    assert told.facts()["why"] == "the run failed with exit code 3"


def test_where_a_run_that_succeeded_has_its_results() -> None:
    told = outcome(ended("SUCCEEDED", 0, run_dir="/r", results="s3://b/r/"))
    assert told.lines("logs j") == ["  results: s3://b/r/", "  run directory: /r"]
    assert told.short == "s3://b/r/"
    assert outcome(ended("SUCCEEDED", 0, run_dir="/r")).lines("") == ["  run directory: /r"]
    assert told.facts()["why"] is None


def test_what_an_attempt_said_before_somebody_stopped_the_run_is_not_why_it_ended() -> None:
    job = ended("FAILED", 2, why="call a: killed")
    stopped = Job.of({**job.detail, "isTerminated": True})
    assert outcome(stopped).lines("logs j") == []
    assert (state_of(stopped), state_of(job)) == ("stopped", "failed")


@pytest.mark.parametrize(
    ("detail", "option"),
    [({"container": {"exitCode": 137, "reason": "OutOfMemoryError: x"}}, "--memory-GiB"),
     ({"statusReason": "CannotPullContainerError: x"}, "--image")],
)  # fmt: skip
def test_the_option_that_helps_a_workflow_job_is_named(detail: Mapping[str, Any], option: str) -> None:
    assert option in outcome(Job.of({"jobId": "j", "status": "FAILED", **detail})).hint
