from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from miniwdl_aws_hooks import EnvironSettings, JobContext, JobRole, MiniwdlAwsError, QueueContext
from miniwdl_aws_hooks.testing import PluginConformance

SETTINGS = EnvironSettings({}, {("aws", "job_tags"): '{"team": "a"}'})
ONE = EnvironSettings({}, {("aws", "task_queue_arm64"): "arm"})
TWO = EnvironSettings({}, {("aws", "task_queue_arm64"): "arm", ("aws", "task_queue_fallback_arm64"): "arm-on-demand"})
ARM = {"architecture": "arm64"}


def queue(**changes: Any) -> QueueContext:
    values: dict[str, Any] = {
        "run_id": "call-a", "task_name": "a", "try_number": 1, "interruptions": 0, "preemptible": 0, "queue": "spot",
        "fallback_queue": "on-demand", "runtime": {}, "settings": SETTINGS,
    }  # fmt: skip
    return QueueContext(**{**values, **changes})


class TestBatchBackendPlugin(PluginConformance):
    plugin_name = "batch-backend"

    @pytest.mark.parametrize(
        ("changes", "chosen"),
        [
            ({}, "spot"),
            ({"interruptions": 1, "preemptible": 2}, "spot"),
            ({"interruptions": 2, "preemptible": 2}, "on-demand"),
            ({"interruptions": 1}, "on-demand"),
            ({"interruptions": 1, "fallback_queue": None}, "spot"),
            ({"runtime": {"queue": "gpu"}, "interruptions": 9}, "gpu"),
            ({"runtime": {"architecture": "x86_64"}, "settings": TWO}, "spot"),
            ({"runtime": ARM, "settings": TWO}, "arm"),
            ({"runtime": ARM, "settings": TWO, "interruptions": 1, "preemptible": 2}, "arm"),
            ({"runtime": ARM, "settings": TWO, "interruptions": 2, "preemptible": 2}, "arm-on-demand"),
            ({"runtime": ARM, "settings": ONE, "interruptions": 9}, "arm"),
            ({"runtime": {**ARM, "queue": "gpu"}}, "gpu"),
        ],
    )
    def test_queues(self, hooks: Any, changes: dict[str, Any], chosen: str) -> None:
        assert hooks.miniwdl_aws_select_queue(context=queue(**changes)) == chosen

    def test_no_queue_of_an_architecture(self, hooks: Any) -> None:
        with pytest.raises(MiniwdlAwsError, match=r"task a: .*architecture is arm64") as caught:
            hooks.miniwdl_aws_select_queue(context=queue(runtime=ARM))
        assert "MINIWDL__AWS__TASK_QUEUE_ARM64" in (caught.value.hint or "")

    def test_tags(self, hooks: Any) -> None:
        context = JobContext(
            role=JobRole.TASK, name="n", queue="q", image="i", settings=SETTINGS, run_id="call-a", task_name="a"
        )
        (changes,) = hooks.miniwdl_aws_prepare_job(context=context)
        assert changes.tags == {"team": "a"}

    def test_workflow_jobs_are_not_ours_to_tag(self, hooks: Any) -> None:
        context = JobContext(role=JobRole.WORKFLOW, name="n", queue="q", image="i", settings=SETTINGS)
        assert hooks.miniwdl_aws_prepare_job(context=context) == []

    def test_importing_it_loads_nothing_heavy(self) -> None:
        code = (
            "import sys, miniwdl_aws_batch_backend.plugin; "
            "print([name for name in ('botocore', 'WDL') if name in sys.modules])"
        )
        assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
