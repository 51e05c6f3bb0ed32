"""Attempts of AWS Batch's own: when it makes another, and how that is told."""

from __future__ import annotations

import re
from typing import Any

import pytest

from miniwdl_aws_core.batch.attempts import WHERE_NOT_AT_FAULT, attempt_note, lost_hosts
from miniwdl_aws_core.batch.job import Job

LOST = {"statusReason": "Host EC2 (instance i-0f0a) terminated."}
UNPULLED = {
    "statusReason": "Task failed to start",
    "container": {"reason": "CannotPullContainerError: context canceled"},
}
EXITED = {"statusReason": "Essential container in task exited", "container": {"exitCode": 3}}


def job(*attempts: dict[str, Any], **details: Any) -> Job:
    detail = {"jobId": "j", "status": "RUNNING", "attempts": list(attempts), "retryStrategy": {"attempts": 3}}
    return Job.of({**detail, **details})


def test_the_strategy_keeps_to_the_rules_of_aws() -> None:
    conditions = WHERE_NOT_AT_FAULT["evaluateOnExit"]
    assert 1 <= WHERE_NOT_AT_FAULT["attempts"] <= 10
    assert len(conditions) <= 5
    assert conditions[-1] == {"onReason": "*", "action": "EXIT"}, "where none applies, AWS Batch tries again"
    patterns = [text for condition in conditions for key, text in condition.items() if key != "action"]
    assert all(len(text) <= 512 and re.fullmatch(r"[A-Za-z0-9.:\s]*\*?", text) for text in patterns)


@pytest.mark.parametrize(
    ("attempt", "said"),
    [
        (LOST, "the host of attempt 1 was lost (Host EC2 (instance i-0f0a) terminated.)"),
        (UNPULLED, "attempt 1 could not pull its image (CannotPullContainerError: context canceled)"),
        (EXITED, "attempt 1 ended (exit code 3)"),
        ({}, "attempt 1 ended"),
    ],
)
def test_why_there_is_another_attempt(attempt: dict[str, Any], said: str) -> None:
    assert attempt_note(job(attempt), 2) == f"attempt 2 of 3: {said}"


def test_lost_hosts_are_counted_where_one_ended_the_job() -> None:
    assert lost_hosts(job(LOST, UNPULLED, LOST)) == 2
    assert lost_hosts(job(LOST, EXITED)) == 0
    assert lost_hosts(job()) == 0
    assert lost_hosts(job(**LOST)) == 1
