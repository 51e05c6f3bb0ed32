from typing import Any

from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_submit_cli.runs.attempts import attempts_of

LOST = {
    "statusReason": "Host EC2 (instance i-0) terminated.",
    "container": {"logStreamName": "s1"},
    "startedAt": 2,
    "stoppedAt": 3,
}
EXITED = {"statusReason": "Essential container in task exited", "container": {"exitCode": 3, "logStreamName": "s2"}}


def job(status: str, *attempts: dict[str, Any], **details: Any) -> Job:
    return Job.of({"jobId": "j", "status": status, "attempts": list(attempts), "startedAt": 2, **details})


def test_the_attempt_under_way_comes_last() -> None:
    first, second = attempts_of(job("RUNNABLE", LOST, container={"logStreamName": "s1"}))
    assert first == {
        "attempt": 1,
        "status": "FAILED",
        "reason": "Host EC2 (instance i-0) terminated.",
        "exitCode": None,
        "logStream": "s1",
        "startedAt": 2,
        "stoppedAt": 3,
    }
    told = {"attempt": 2, "status": "RUNNABLE", "reason": "", "exitCode": None, "logStream": None}
    assert second == {**told, "startedAt": None, "stoppedAt": None}
    _first, second = attempts_of(job("RUNNING", LOST, container={"logStreamName": "s2"}, startedAt=5))
    assert (second["status"], second["logStream"], second["startedAt"]) == ("RUNNING", "s2", 5)


def test_the_last_attempt_ended_as_the_job_did() -> None:
    assert [told["status"] for told in attempts_of(job("FAILED", LOST, EXITED))] == ["FAILED", "FAILED"]
    assert [told["status"] for told in attempts_of(job("SUCCEEDED", LOST, EXITED))] == ["FAILED", "SUCCEEDED"]
    assert [(told["reason"], told["exitCode"]) for told in attempts_of(job("FAILED", EXITED))] == [("", 3)]


def test_a_job_that_waits_for_its_first_attempt_has_one() -> None:
    assert [told["status"] for told in attempts_of(Job("j", "SUBMITTED"))] == ["SUBMITTED"]
