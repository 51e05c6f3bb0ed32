from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniwdl_aws_batch_backend.errors import RequestTooLargeError, TaskSettingError
from miniwdl_aws_batch_backend.request import JobPlan, check_tags, job_name, submit_request
from miniwdl_aws_batch_backend.resources import Resources


def plan(**changes: Any) -> JobPlan:
    values: dict[str, Any] = {
        "name": "n", "queue": "q", "command": ["true"], "resources": Resources(2, 100), "timeout": 3600,
    }  # fmt: skip
    return JobPlan(**{**values, **changes})


def test_a_plain_request() -> None:
    assert submit_request(plan(), "arn") == {
        "jobName": "n",
        "jobQueue": "q",
        "jobDefinition": "arn",
        "containerOverrides": {
            "command": ["true"],
            "resourceRequirements": [{"type": "VCPU", "value": "2"}, {"type": "MEMORY", "value": "100"}],
        },
        "timeout": {"attemptDurationSeconds": 3600},
        "retryStrategy": {"attempts": 1},
        "propagateTags": True,
        "tags": {},
    }


def test_everything_else() -> None:
    request = submit_request(
        plan(resources=Resources(1, 4, 2), environment={"A": "b"}, scheduling_priority=0, share_identifier="s"), "arn"
    )
    overrides = request["containerOverrides"]
    assert {"type": "GPU", "value": "2"} in overrides["resourceRequirements"]
    assert overrides["environment"] == [{"name": "A", "value": "b"}]
    assert (request["schedulingPriorityOverride"], request["shareIdentifier"]) == (0, "s")


def test_limits_of_size() -> None:
    with pytest.raises(RequestTooLargeError, match="container overrides of job n"):
        submit_request(plan(environment={"A": "x" * 8192}), "arn")
    tags = {f"{number}{'k' * 120}": "v" * 256 for number in range(50)}
    with pytest.raises(RequestTooLargeError, match=r"container overrides|SubmitJob request"):
        submit_request(plan(tags=tags, environment={"A": "x" * 8000}, command=["y" * 8000]), "arn")


@given(st.text(min_size=1), st.integers(1, 1000))
def test_names_are_valid_and_unlike_any_other(run_id: str, number: int) -> None:
    name = job_name(run_id, "/a", number, "p")
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}", name)
    assert len({name, job_name(run_id, "/b", number, "p"), job_name(run_id, "/a", number, "q")}) == 3


def test_names_are_readable() -> None:
    assert re.fullmatch(r"align-3-[0-9a-f]{10}", job_name("call-align-3", "/a", 1, "p"))
    assert re.fullmatch(r"align-try2-[0-9a-f]{10}", job_name("call-align", "/a", 2, "p"))
    assert len(job_name("x" * 300, "/a", 2, "p")) == 128


@pytest.mark.parametrize("key", ["", "k" * 129, "aws:mine", "AWS:mine", "a;b"])
def test_wrong_tags(key: str) -> None:
    with pytest.raises(TaskSettingError, match="is not a name for a tag"):
        check_tags({key: "v"})


def test_too_many_tags() -> None:
    with pytest.raises(TaskSettingError, match="50"):
        check_tags({str(number): "" for number in range(51)})


def test_values_are_made_to_fit() -> None:
    assert check_tags({"k": "a;b" + "x" * 300}) == {"k": "a_b" + "x" * 253}
