from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_batch_backend.failures.report import failure_info, stderr_tail
from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_hooks import FailureClass, FailurePolicy, FailureVerdict

if TYPE_CHECKING:
    from pathlib import Path

VERDICT = FailureVerdict(FailureClass.HOST_LOST, FailurePolicy.INTERRUPTED, "gone")


def test_tail(tmp_path: Path) -> None:
    path = tmp_path / "stderr.txt"
    path.write_bytes(b"\xff\n" + b"".join(b"line %d\n" % number for number in range(100_000)))
    lines = stderr_tail(str(tmp_path), "stderr.txt").splitlines()
    assert lines == [f"line {number}" for number in range(99_980, 100_000)]
    assert stderr_tail(str(tmp_path), "absent") == ""


def test_facts() -> None:
    job = {
        "jobId": "j",
        "status": "FAILED",
        "jobQueue": "q",
        "attempts": [{"statusReason": "Host EC2 (instance i-08784105ffff56b4f) terminated."}],
        "container": {"logStreamName": "s", "taskArn": "t", "exitCode": 143},
    }
    assert failure_info(Job.of(job), VERDICT, "a\nb") == {
        "class": "host-lost",
        "explanation": "gone",
        "jobId": "j",
        "jobQueue": "q",
        "statusReason": "Host EC2 (instance i-08784105ffff56b4f) terminated.",
        "exitCode": 143,
        "logGroupName": "/aws/batch/job",
        "logStreamName": "s",
        "instanceId": "i-08784105ffff56b4f",
        "taskArn": "t",
        "stderr": ["a", "b"],
    }


def test_little_is_known_of_a_job_that_never_ran() -> None:
    assert failure_info(Job("j", "FAILED"), VERDICT, "") == {"class": "host-lost", "explanation": "gone", "jobId": "j"}
