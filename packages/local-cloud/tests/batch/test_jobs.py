from __future__ import annotations

import json

from miniwdl_aws_local_cloud.batch.jobs import Job, JobSpec, merge_container


def spec(container: dict[str, object], **changes: object) -> JobSpec:
    values = {
        "name": "j",
        "queue": "q",
        "priority": 1,
        "environment_name": "e",
        "cluster": "c",
        "definition_name": "d" * 250,
        "container": container,
        "parameters": {},
        "attempts": 1,
        "evaluate_on_exit": (),
        "timeout": None,
        "depends_on": (),
    }
    return JobSpec(**{**values, **changes})


def test_overrides() -> None:
    definition = {
        "image": "i",
        "command": ["a"],
        "environment": [{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}],
        "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "64"}],
    }
    merged = merge_container(
        definition,
        {
            "command": ["b"],
            "environment": [{"name": "Y", "value": "3"}],
            "resourceRequirements": [{"type": "VCPU", "value": "2"}],
            "image": "ignored",
        },
    )
    job = spec(merged)
    assert merged["image"] == "i"
    assert job.command == ["b"]
    assert job.environment == {"X": "1", "Y": "3"}
    assert (job.vcpus, job.memory_mib) == (2, 64)
    assert definition["command"] == ["a"]


def test_older_ways_of_asking_for_resources() -> None:
    assert spec({"vcpus": 3, "memory": 100}).vcpus == 3
    assert spec({"vcpus": 3, "memory": 100}).memory_mib == 100


def test_parameters_in_the_command() -> None:
    job = spec({"command": ["cp", "Ref::from", "x-Ref::to"]}, parameters={"from": "a", "to": "b"})
    assert job.command == ["cp", "a", "x-b"]


def test_log_stream() -> None:
    assert spec({}).log_stream("t") == "d" * 200 + "/default/t"
    named = {"logConfiguration": {"options": {"awslogs-stream-prefix": "p"}}}
    assert spec(named).log_stream("t") == "p/default/t"


def test_a_detail_is_never_changed_in_place() -> None:
    job = Job(spec({}), {"jobId": "1", "status": "RUNNING", "container": {"exitCode": 1, "image": "i"}, "attempts": []})
    before = job.detail
    text = job.to_json()
    job.change(container={"exitCode": None}, status="FAILED", statusReason="why")
    assert before["status"] == "RUNNING"
    assert json.loads(text)["container"] == {"exitCode": 1, "image": "i"}
    assert json.loads(job.to_json()) == {
        "jobId": "1",
        "status": "FAILED",
        "statusReason": "why",
        "container": {"image": "i"},
        "attempts": [],
    }
