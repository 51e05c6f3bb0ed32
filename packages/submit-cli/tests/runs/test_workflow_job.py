from dataclasses import replace

import pytest

from miniwdl_aws_hooks import ConfigurationError, Mount
from miniwdl_aws_submit_cli.runs.workflow_job import (
    MAX_OVERRIDES,
    WorkflowJob,
    check_request,
    definition,
    job_name,
    overrides_size,
    request,
)

JOB = WorkflowJob(
    name="hello",
    queue="wq",
    image="image:1",
    mounts=[Mount("fsx", "/mnt/fsx", {"host": {"sourcePath": "/mnt/fsx"}})],
    command=["miniwdl-run-s3upload", "@payload"],
    environment={"B": "2", "A": "1"},
    cpu=2,
    memory_mib=2048,
    tags={"Group": "x"},
    properties={"jobRoleArn": "arn:role"},
)


def test_definition_is_named_by_what_is_fixed() -> None:
    first = definition(JOB)
    assert first["containerProperties"]["jobRoleArn"] == "arn:role"
    assert first["containerProperties"]["mountPoints"] == [
        {"sourceVolume": "fsx", "containerPath": "/mnt/fsx", "readOnly": False}
    ]
    same = replace(JOB, name="other", queue="q2", command=["x"], environment={}, cpu=8, memory_mib=1, tags={})
    assert definition(same) == first
    for other in (
        replace(JOB, image="image:2"),
        replace(JOB, mounts=[]),
        replace(JOB, properties={"jobRoleArn": "arn:other"}),
    ):
        assert definition(other)["jobDefinitionName"] != first["jobDefinitionName"]


def test_request() -> None:
    assert request(JOB, "arn:definition:1") == {
        "jobName": "hello",
        "jobQueue": "wq",
        "jobDefinition": "arn:definition:1",
        "containerOverrides": {
            "command": ["miniwdl-run-s3upload", "@payload"],
            "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
            "resourceRequirements": [{"type": "VCPU", "value": "2"}, {"type": "MEMORY", "value": "2048"}],
        },
        "propagateTags": True,
        "tags": {"Group": "x"},
    }


def test_a_request_that_fits() -> None:
    room = MAX_OVERRIDES - overrides_size(request(replace(JOB, environment={"X": ""}), "d"))
    check_request(request(replace(JOB, environment={"X": "x" * room}), "d"))
    with pytest.raises(ConfigurationError, match=rf"the largest is environment variable X \({room + 1} bytes\)"):
        check_request(request(replace(JOB, environment={"X": "x" * (room + 1)}), "d"))


def test_the_largest_may_be_an_argument() -> None:
    with pytest.raises(ConfigurationError, match="argument reads=aaa"):
        check_request(request(replace(JOB, command=["run", "reads=" + "a" * MAX_OVERRIDES]), "d"))


def test_tags_have_limits() -> None:
    with pytest.raises(ConfigurationError, match="51 tags"):
        check_request(request(replace(JOB, tags={f"k{n}": "v" for n in range(51)}), "d"))
    with pytest.raises(ConfigurationError, match="longer than the 30720 bytes"):
        check_request(request(replace(JOB, tags={f"k{n}": "v" * 256 * 4 for n in range(40)}), "d"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("hello", "hello"), ("a b/c.wdl", "a-b-c-wdl"), ("-_x", "x"), ("é", "workflow"), ("x" * 200, "x" * 128)],
)
def test_job_name(text: str, expected: str) -> None:
    assert job_name(text) == expected
