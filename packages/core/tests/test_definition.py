from __future__ import annotations

import re
from typing import Any

import pytest

from miniwdl_aws_core.batch.definition import TASK_PREFIX, build_definition, keeping_log_lines
from miniwdl_aws_core.batch.limits import LimitError
from miniwdl_aws_core.batch.mounts import MountPlan

MOUNTS = MountPlan([{"name": "fsx", "host": {"sourcePath": "/mnt/fsx"}}], [], isolated=False)


def build(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {"image": "ubuntu:22.04", "mounts": MOUNTS, "properties": {}, "subject": "task t"}
    return build_definition(TASK_PREFIX, **{**values, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"image": "ubuntu:24.04"},
        {"properties": {"readonlyRootFilesystem": True}},
        {"mounts": MountPlan([], [], isolated=False)},
        {"fair_share": True},
    ],
)
def test_other_content_gives_another_name(changes: dict[str, Any]) -> None:
    assert build(**changes)["jobDefinitionName"] != build()["jobDefinitionName"]


def test_neither_the_order_of_keys_nor_whose_it_is_does() -> None:
    one = build(properties={"a": 1, "b": 2})
    other = build(properties={"b": 2, "a": 1}, subject="task u")
    assert one == other


def test_tags_say_whose_it_is_and_are_no_content() -> None:
    tagged = build(tags={"miniwdl-run-dir": "r"})
    assert tagged.pop("tags") == {"miniwdl-run-dir": "r"}
    assert tagged == build()
    assert "tags" not in build(tags={})


@pytest.mark.parametrize("image", ["ubuntu:22.04", "a.b/" + "c" * 240 + ":1", "x@sha256:" + "0" * 64, "...", "--/--"])
def test_names_are_valid(image: str) -> None:
    name = build(image=image)["jobDefinitionName"]
    assert re.fullmatch(r"miniwdl-task-[A-Za-z0-9_-]{1,115}", name)


@pytest.mark.parametrize("image", ["", "i" * 256])
def test_impossible_images(image: str) -> None:
    with pytest.raises(LimitError, match="task t: the name of its image"):
        build(image=image)


def test_too_large() -> None:
    with pytest.raises(LimitError, match=r"task t: its job definition has .* AWS Batch allows 24576"):
        build(properties={"environment": [{"name": "A", "value": "x" * 30000}]})


def test_jobs_run_on_instances_and_their_tags_reach_the_containers() -> None:
    made = build()
    assert made["platformCapabilities"] == ["EC2"]
    assert made["propagateTags"] is True
    assert build(fair_share=True)["schedulingPriority"] == 0


NON_BLOCKING = {"mode": "non-blocking", "max-buffer-size": "25m"}


@pytest.mark.parametrize(
    ("said", "becomes"),
    [
        (None, {"logDriver": "awslogs", "options": NON_BLOCKING}),
        (
            {"options": {"awslogs-group": "/lab"}},
            {"logDriver": "awslogs", "options": {**NON_BLOCKING, "awslogs-group": "/lab"}},
        ),
        (
            {"logDriver": "awslogs", "options": {"mode": "blocking"}},
            {"logDriver": "awslogs", "options": {"mode": "blocking"}},
        ),
        ({"logDriver": "splunk"}, {"logDriver": "splunk"}),
    ],
)
def test_a_log_that_loses_no_lines_in_bursts(said: dict[str, Any] | None, becomes: dict[str, Any]) -> None:
    properties = {"jobRoleArn": "r", **({"logConfiguration": said} if said else {})}
    assert keeping_log_lines(properties) == {"jobRoleArn": "r", "logConfiguration": becomes}
