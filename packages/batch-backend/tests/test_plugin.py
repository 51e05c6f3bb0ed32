from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from miniwdl_aws_hooks import EnvironSettings, JobContext, JobRole, QueueContext
from miniwdl_aws_hooks.testing import PluginConformance

SETTINGS = EnvironSettings({}, {("aws", "job_tags"): '{"team": "a"}'})


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
        ],
    )
    def test_queues(self, hooks: Any, changes: dict[str, Any], chosen: str) -> None:
        assert hooks.miniwdl_aws_select_queue(context=queue(**changes)) == chosen

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
