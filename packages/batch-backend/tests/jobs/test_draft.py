from __future__ import annotations

import pytest

from miniwdl_aws_batch_backend.jobs.draft import task_properties
from miniwdl_aws_hooks import ConfigurationError


def test_what_differs_between_equal_tasks_is_not_in_it() -> None:
    varying = {"cpu": 8, "memory_reservation": 1, "gpu": True, "env": {"A": "b"}, "schedulingPriority": 3, "queue": "q"}
    assert task_properties({}, {}, varying, None) == {}


def test_a_task_sets_roles_and_limits_of_its_container() -> None:
    runtime = {
        "jobRoleArn": "arn:aws:iam::123456789012:role/job",
        "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
        "ulimits": [{"name": "nofile", "softLimit": 1024, "hardLimit": 4096}],
        "privileged": True,
    }
    assert task_properties({"jobRoleArn": "other"}, {}, runtime, "1000:1000") == {**runtime, "user": "1000:1000"}


def test_shared_memory_is_added_to_configured_linux_parameters() -> None:
    configured = {"linuxParameters": {"initProcessEnabled": True, "swappiness": 1}}
    made = task_properties(configured, {"linuxParameters": {"swappiness": 2}}, {"sharedMemorySize": 64}, None)
    assert made == {"linuxParameters": {"initProcessEnabled": True, "swappiness": 2, "sharedMemorySize": 64}}


def test_a_way_into_the_container_comes_with_an_init_process_unless_that_is_configured() -> None:
    opened = {"enableExecuteCommand": True, "linuxParameters": {"initProcessEnabled": True, "sharedMemorySize": 64}}
    assert task_properties({}, {}, {"sharedMemorySize": 64}, None, execute_command=True) == opened
    without = {"linuxParameters": {"initProcessEnabled": False}}
    assert task_properties(without, {}, {}, None, execute_command=True) == {"enableExecuteCommand": True, **without}


def test_what_the_backend_sets_itself_can_not_be_configured() -> None:
    with pytest.raises(ConfigurationError, match=r"\[aws\] container_properties may not set image"):
        task_properties({"image": "x"}, {}, {}, None)
