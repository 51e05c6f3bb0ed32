from collections.abc import Mapping
from typing import Any

import pytest

from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_hooks import ExitCode
from miniwdl_aws_submit_cli.runs.wait import outcome

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
    ],
)
def test_outcome(detail: Mapping[str, Any], code: int, sentence: str) -> None:
    assert outcome(Job.of({"jobId": "j", **detail})) == (code, sentence)
