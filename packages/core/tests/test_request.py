from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniwdl_aws_core.batch.attempts import ONE_ATTEMPT, WHERE_NOT_AT_FAULT
from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_core.batch.limits import MAX_OVERRIDES, LimitError
from miniwdl_aws_core.batch.request import JobRequest, again, fits, job_name, resources, submit_request


def job(**changes: Any) -> JobRequest:
    values: dict[str, Any] = {"name": "n", "queue": "q", "command": ["true"], "resources": resources(2, 100)}
    return JobRequest(**{**values, "subject": "task t", **changes})


PLAIN = {
    "jobName": "n",
    "jobQueue": "q",
    "jobDefinition": "arn",
    "containerOverrides": {
        "command": ["true"],
        "resourceRequirements": [{"type": "VCPU", "value": "2"}, {"type": "MEMORY", "value": "100"}],
    },
    "retryStrategy": {"attempts": 1},
    "propagateTags": True,
}


def test_a_plain_request() -> None:
    assert submit_request(job(), "arn") == PLAIN


def test_everything_else() -> None:
    rich = job(
        resources=resources(1, 4, 2),
        environment={"B": "2", "A": "1"},
        tags={"k": "v"},
        timeout=3600,
        scheduling_priority=0,
        share_identifier="s",
        consumables={"licence": 2},
    )
    request = submit_request(rich, "arn")
    overrides = request["containerOverrides"]
    assert {"type": "GPU", "value": "2"} in overrides["resourceRequirements"]
    assert overrides["environment"] == [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    assert (request["schedulingPriorityOverride"], request["shareIdentifier"]) == (0, "s")
    needs = [{"consumableResource": "licence", "quantity": 2}]
    assert request["consumableResourcePropertiesOverride"] == {"consumableResourceList": needs}
    assert (request["timeout"], request["tags"]) == ({"attemptDurationSeconds": 3600}, {"k": "v"})


def test_an_array() -> None:
    assert submit_request(job(array_size=3, parameters={"calls": "x"}), "arn") == {
        **PLAIN,
        "arrayProperties": {"size": 3},
        "parameters": {"calls": "x"},
    }


def test_the_limit_of_overrides_is_met_to_the_byte() -> None:
    room = 0
    while fits(job(environment={"X": "x" * (room + 1)})):
        room += 1
    assert MAX_OVERRIDES - 200 < room < MAX_OVERRIDES
    submit_request(job(environment={"X": "x" * room}), "d")
    with pytest.raises(
        LimitError, match=rf"task t: 8193 bytes .* environment variable X \({room + 1} bytes\)"
    ) as caught:
        submit_request(job(environment={"X": "x" * (room + 1)}, advice="less"), "d")
    assert caught.value.hint == "less"


def test_the_largest_may_be_an_argument() -> None:
    with pytest.raises(LimitError, match="argument reads=aaa"):
        submit_request(job(command=["run", "reads=" + "a" * MAX_OVERRIDES]), "d")


def test_a_whole_request_has_a_limit_as_well() -> None:
    tags = {f"{number}{'k' * 120}": "\u00e9" * 256 for number in range(50)}
    with pytest.raises(LimitError, match="too much for its SubmitJob request, of which AWS Batch takes 30720"):
        submit_request(job(tags=tags), "d")


def test_an_empty_argument_is_refused() -> None:
    with pytest.raises(LimitError, match="task t: its command has an empty argument"):
        submit_request(job(command=["run", ""]), "d")


def test_the_same_once_more() -> None:
    detail = {
        "jobId": "j",
        "status": "FAILED",
        "jobName": "n",
        "jobQueue": "q",
        "tags": {"Group": "x"},
        "container": {
            "command": ["run"],
            "environment": [{"name": "A", "value": "1"}, {"name": "AWS_BATCH_JOB_ID", "value": "j"}],
            "resourceRequirements": [{"type": "VCPU", "value": "2"}],
        },
    }
    request = submit_request(again(Job.of(detail), "m", {"A": "2"}, ONE_ATTEMPT), "d:1")
    assert request["containerOverrides"] == {
        "command": ["run"],
        "environment": [{"name": "A", "value": "2"}],
        "resourceRequirements": [{"type": "VCPU", "value": "2"}],
    }
    assert (request["jobName"], request["jobQueue"], request["tags"]) == ("m", "q", {"Group": "x"})
    assert "shareIdentifier" not in request


def test_the_same_once_more_needs_the_same_licences() -> None:
    needs = {"consumableResourceList": [{"consumableResource": "licence", "quantity": 2}]}
    detail = {"jobId": "j", "status": "FAILED", "consumableResourceProperties": needs}
    request = submit_request(again(Job.of(detail), "m", {}, ONE_ATTEMPT), "d:1")
    assert request["consumableResourcePropertiesOverride"] == needs


def test_the_same_once_more_counts_towards_the_same_share() -> None:
    detail = {"jobId": "j", "status": "FAILED", "shareIdentifier": "blue", "schedulingPriority": 0}
    request = submit_request(again(Job.of(detail), "m", {}, WHERE_NOT_AT_FAULT), "d:1")
    assert request["retryStrategy"] == WHERE_NOT_AT_FAULT
    assert (request["shareIdentifier"], request["schedulingPriorityOverride"]) == ("blue", 0)


@given(st.text())
def test_names_are_valid(text: str) -> None:
    name = job_name(text, "-1f")
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}", name)
    assert name.endswith("-1f")


def test_names_are_readable() -> None:
    assert job_name("a b/c.wdl") == "a-b-c-wdl"
    assert job_name("\u00e9", "-1f", "workflow") == "workflow-1f"
    assert job_name("run!") == "run"
    assert job_name("run_", "-1f") == "run_-1f", "what a user chose is what it is found by"
    assert len(job_name("x" * 300, "-1f")) == 128
