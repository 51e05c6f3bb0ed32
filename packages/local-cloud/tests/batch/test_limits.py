from __future__ import annotations

import pytest

from miniwdl_aws_core.rules.table import RULES
from miniwdl_aws_local_cloud.batch import limits
from miniwdl_aws_local_cloud.door.protocols import ApiError

SUBMISSION = {"jobName": "j", "jobQueue": "task", "jobDefinition": "d"}


def test_refuses_what_breaks_a_rule() -> None:
    """Which rules there are, and what breaks them, is tested where they are."""
    with pytest.raises(ApiError, match="A job's name has up to 128") as caught:
        limits.check("SubmitJob", {**SUBMISSION, "jobName": "-x"})
    assert caught.value.code == "ClientException"
    limits.check("SubmitJob", SUBMISSION)


@pytest.mark.parametrize("name", [None, ""])
def test_a_job_without_a_name_is_refused(name) -> None:
    with pytest.raises(ApiError, match="jobName must be specified") as caught:
        limits.check("SubmitJob", {**SUBMISSION, "jobName": name})
    assert caught.value.code == "ClientException"


@pytest.mark.parametrize("seconds", [0, 59])
def test_short_timeouts_are_refused(seconds) -> None:
    with pytest.raises(ApiError, match="at least 60"):
        limits.check("SubmitJob", {**SUBMISSION, "timeout": {"attemptDurationSeconds": seconds}})


def test_a_cloud_may_take_shorter_timeouts() -> None:
    limits.check("SubmitJob", {**SUBMISSION, "timeout": {"attemptDurationSeconds": 1}}, minimum_timeout=1)
    with pytest.raises(ApiError, match="at least 60"):
        limits.check("SubmitJob", {**SUBMISSION, "timeout": {"attemptDurationSeconds": 0}}, minimum_timeout=1)


def test_long_overrides_are_found_but_not_refused() -> None:
    request = {**SUBMISSION, "containerOverrides": {"command": ["x" * 8192]}}
    limits.check("SubmitJob", request)
    assert limits.overrides_fault(request) == "Container Overrides length must be at most 8192"
    assert limits.overrides_fault({"containerOverrides": {"command": ["x" * 8000]}}) is None
    assert limits.overrides_fault({}) is None


def test_only_one_rule_is_applied_afterwards() -> None:
    assert [rule.id for rule in RULES if rule.later] == ["batch-overrides-size"]


@pytest.mark.parametrize(
    ("share", "fair", "words"),
    [("s", False, "must not be"), (None, True, "must be specified"), ("a-b", True, "letters and digits")],
)
def test_shares(share, fair, words) -> None:
    with pytest.raises(ApiError, match=words):
        limits.check_share(share, fair_share=fair)
    limits.check_share("s*", fair_share=True)
    limits.check_share(None, fair_share=False)
