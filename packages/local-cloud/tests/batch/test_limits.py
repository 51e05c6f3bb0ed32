from __future__ import annotations

import pytest

from miniwdl_aws_local_cloud.batch import limits
from miniwdl_aws_local_cloud.door.protocols import ApiError

SUBMISSION = {"jobName": "j", "jobQueue": "task", "jobDefinition": "d"}


def check(**changes: object) -> None:
    limits.check_submission({**SUBMISSION, **changes}, size=100, minimum_timeout=60)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"jobName": "-x"}, "Job name"),
        ({"jobName": "x" * 129}, "Job name"),
        ({"jobName": "a.b"}, "Job name"),
        ({"jobName": None}, "Job name"),
        ({"tags": {f"t{n}": "" for n in range(51)}}, "number of tags"),
        ({"tags": {"k" * 129: "v"}}, "Tag key"),
        ({"tags": {"": "v"}}, "Tag key"),
        ({"tags": {"aws:x": "v"}}, "aws:"),
        ({"tags": {"k": "v" * 257}}, "Value of tag"),
        ({"tags": {"k": "a;b"}}, "Value of tag"),
        ({"timeout": {"attemptDurationSeconds": 59}}, "at least 60"),
        ({"retryStrategy": {"attempts": 0}}, "between 1 and 10"),
        ({"retryStrategy": {"attempts": 11}}, "between 1 and 10"),
        ({"retryStrategy": {"evaluateOnExit": [{"action": "EXIT"}]}}, "attempts must be specified"),
        ({"retryStrategy": {"attempts": 1, "evaluateOnExit": [{"action": "EXIT"}] * 6}}, "at most 5"),
        ({"retryStrategy": {"attempts": 1, "evaluateOnExit": [{"action": "STOP"}]}}, "RETRY or EXIT"),
        ({"retryStrategy": {"attempts": 1, "evaluateOnExit": [{"action": "EXIT", "onReason": "a(b)"}]}}, "onReason"),
        ({"retryStrategy": {"attempts": 1, "evaluateOnExit": [{"action": "EXIT", "onReason": "a*b"}]}}, "onReason"),
        ({"retryStrategy": {"attempts": 1, "evaluateOnExit": [{"action": "EXIT", "onExitCode": "x"}]}}, "onExitCode"),
        ({"containerOverrides": {"command": ["echo", ""]}}, "empty string"),
        ({"containerOverrides": {"environment": [{"name": "AWS_BATCH_X", "value": ""}]}}, "AWS_BATCH"),
        ({"dependsOn": [{"jobId": "x"}] * 21}, "dependsOn"),
    ],
)
def test_refuses_what_aws_refuses(changes, words) -> None:
    with pytest.raises(ApiError, match=words) as caught:
        check(**changes)
    assert caught.value.code == "ClientException"


def test_accepts_what_is_just_within_the_limits() -> None:
    check(
        jobName="x" * 128,
        tags={f"key {n} +-=._:/@é": "v" * 256 for n in range(50)},
        timeout={"attemptDurationSeconds": 60},
        retryStrategy={
            "attempts": 10,
            "evaluateOnExit": [
                {"action": "RETRY", "onStatusReason": "Host EC2*", "onExitCode": "13*"},
                {"action": "exit", "onReason": "*"},
            ],
        },
        containerOverrides={"environment": [{"name": "X", "value": ""}]},
    )


def test_payload_of_more_than_30_kib() -> None:
    limits.check_submission(SUBMISSION, size=30 * 1024, minimum_timeout=60)
    with pytest.raises(ApiError, match="30 KiB"):
        limits.check_submission(SUBMISSION, size=30 * 1024 + 1, minimum_timeout=60)


def test_long_overrides_are_found_but_not_refused() -> None:
    request = {"containerOverrides": {"command": ["x" * 8192]}}
    assert limits.overrides_fault(request) == "Container Overrides length must be at most 8192"
    assert limits.overrides_fault({"containerOverrides": {"command": ["x" * 8000]}}) is None
    assert limits.overrides_fault({}) is None


@pytest.mark.parametrize(
    ("changes", "size", "words"),
    [
        ({"jobDefinitionName": "a b"}, 1, "jobDefinitionName"),
        ({}, 24 * 1024 + 1, "JobDefinition size must be less than"),
        ({"containerProperties": {"image": "x" * 256}}, 1, "255"),
        ({"containerProperties": {"environment": [{"name": "AWS_BATCH_X"}]}}, 1, "AWS_BATCH"),
        ({"timeout": {"attemptDurationSeconds": 1}}, 1, "at least"),
    ],
)
def test_definitions(changes, size, words) -> None:
    limits.check_definition({"jobDefinitionName": "d"}, 24 * 1024, 60)
    with pytest.raises(ApiError, match=words):
        limits.check_definition({"jobDefinitionName": "d", **changes}, size, 60)
