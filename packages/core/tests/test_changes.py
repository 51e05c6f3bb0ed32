from __future__ import annotations

import pytest

from miniwdl_aws_core.batch.changes import RESERVED, merge_changes, override
from miniwdl_aws_hooks import ConfigurationError, JobChanges, PluginError


def test_additions_are_put_together() -> None:
    one, other = JobChanges(tags={"a": "1"}, environment={"E": "x"}), JobChanges(tags={"a": "1", "b": "2"})
    merged = merge_changes([one, other, JobChanges(container_properties={"privileged": True})], "task t")
    assert merged == JobChanges({"a": "1", "b": "2"}, {"E": "x"}, {"privileged": True})


def test_contradictions_are_an_error() -> None:
    with pytest.raises(PluginError, match="two values for the tag a of task t: '1' and '2'"):
        merge_changes([JobChanges(tags={"a": "1"}), JobChanges(tags={"a": "2"})], "task t")


def test_batchs_own_variables_are_not_for_plugins() -> None:
    with pytest.raises(PluginError, match="AWS_BATCH_X"):
        merge_changes([JobChanges(environment={"AWS_BATCH_X": "1"})], "task t")


def test_objects_of_several_layers_are_merged() -> None:
    base = {"linuxParameters": {"a": 1, "b": 1}, "ulimits": [1]}
    assert override(base, {"linuxParameters": {"b": 2}, "ulimits": [2]}, "x") == {
        "linuxParameters": {"a": 1, "b": 2},
        "ulimits": [2],
    }
    assert base["linuxParameters"] == {"a": 1, "b": 1}


@pytest.mark.parametrize("key", sorted(RESERVED))
def test_reserved_properties(key: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"\[aws\] container_properties may not set {key}"):
        override({}, {key: 1}, "[aws] container_properties")
    with pytest.raises(PluginError, match=f"a plugin sets the container property {key} of the workflow job"):
        merge_changes([JobChanges(container_properties={key: 1})], "the workflow job")
