from __future__ import annotations

import re
from typing import Any

import pytest

from miniwdl_aws_batch_backend.definition import RESERVED, build_definition, merge_properties
from miniwdl_aws_batch_backend.errors import TaskSettingError
from miniwdl_aws_batch_backend.mounts import MountPlan
from miniwdl_aws_hooks import ConfigurationError

MOUNTS = MountPlan([{"name": "fsx", "host": {"sourcePath": "/mnt/fsx"}}], [], isolated=False)


def build(**changes: Any) -> dict[str, Any]:
    values = {"image": "ubuntu:22.04", "mounts": MOUNTS, "properties": {}, "runtime": {}, "user": None, "task": "t"}
    return build_definition(**{**values, **changes})


def test_what_differs_between_equal_tasks_is_not_in_it() -> None:
    varying = {"cpu": 8, "memory_reservation": 1, "gpu": True, "env": {"A": "b"}, "schedulingPriority": 3, "queue": "q"}
    assert build(runtime=varying) == build()


@pytest.mark.parametrize(
    "changes",
    [
        {"image": "ubuntu:24.04"},
        {"user": "1000:1000"},
        {"runtime": {"privileged": True}},
        {"runtime": {"jobRoleArn": "arn:aws:iam::123456789012:role/r"}},
        {"runtime": {"sharedMemorySize": 64}},
        {"properties": {"readonlyRootFilesystem": True}},
        {"mounts": MountPlan([], [], isolated=False)},
    ],
)
def test_everything_else_gives_another_name(changes: dict[str, Any]) -> None:
    assert build(**changes)["jobDefinitionName"] != build()["jobDefinitionName"]


def test_the_order_of_keys_does_not() -> None:
    one = build(properties={"a": 1, "b": 2})
    other = build(properties={"b": 2, "a": 1})
    assert one["jobDefinitionName"] == other["jobDefinitionName"]


@pytest.mark.parametrize("image", ["ubuntu:22.04", "a.b/" + "c" * 240 + ":1", "x@sha256:" + "0" * 64, "...", "--/--"])
def test_names_are_valid(image: str) -> None:
    name = build(image=image)["jobDefinitionName"]
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}", name)


@pytest.mark.parametrize("image", ["", "i" * 256])
def test_impossible_images(image: str) -> None:
    with pytest.raises(TaskSettingError, match="task t"):
        build(image=image)


def test_too_large() -> None:
    with pytest.raises(TaskSettingError, match="24 KiB"):
        build(properties={"environment": [{"name": "A", "value": "x" * 30000}]})


def test_shared_memory_is_added_to_configured_linux_parameters() -> None:
    made = build(properties={"linuxParameters": {"initProcessEnabled": True}}, runtime={"sharedMemorySize": 64})
    assert made["containerProperties"]["linuxParameters"] == {"initProcessEnabled": True, "sharedMemorySize": 64}


def test_a_task_sets_roles_and_limits_of_its_container() -> None:
    runtime = {
        "jobRoleArn": "arn:aws:iam::123456789012:role/job",
        "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
        "ulimits": [{"name": "nofile", "softLimit": 1024, "hardLimit": 4096}],
    }
    assert runtime.items() <= build(runtime=runtime)["containerProperties"].items()


def test_tasks_run_on_instances_and_their_tags_reach_the_containers() -> None:
    made = build()
    assert made["platformCapabilities"] == ["EC2"]
    assert made["propagateTags"] is True


def test_merging() -> None:
    base = {"linuxParameters": {"a": 1, "b": 1}, "ulimits": [1]}
    assert merge_properties(base, {"linuxParameters": {"b": 2}, "ulimits": [2]}, "x") == {
        "linuxParameters": {"a": 1, "b": 2},
        "ulimits": [2],
    }
    assert base["linuxParameters"] == {"a": 1, "b": 1}


@pytest.mark.parametrize("key", sorted(RESERVED))
def test_reserved_properties(key: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"\[aws\] container_properties may not set {key}"):
        merge_properties({}, {key: 1}, "[aws] container_properties")
