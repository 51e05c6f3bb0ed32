"""``miniwdl-aws sweep``."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_submit_cli.manage.sweep import orphans

from .jobs import Stoppable

Outcome = tuple[int, str, str]


def test_orphans_are_task_jobs_whose_workflow_job_ended_or_is_forgotten() -> None:
    batch: Any = Stoppable(
        {
            "w1": "RUNNING",
            "t1a": "RUNNING",
            "w2": "FAILED",
            "t2a": "RUNNING",
            "t2b": "SUCCEEDED",
            "t3a": "RUNNABLE",
        }
    )
    assert {job.job_id for job in orphans(batch, ["task"])} == {"t2a", "t3a"}


def test_sweep(aws: Any, manage: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch, job_id: str) -> None:
    code, out, err = manage("sweep")
    assert (code, out) == (0, "")
    assert "no task job is left" in err
    left = Job("t9", "RUNNING", "say", created_at=1, tags={"AWS_BATCH_PARENT_JOB_ID": "w9"})
    monkeypatch.setattr("miniwdl_aws_submit_cli.manage.sweep.orphans", lambda _batch, _queues: [left])
    code, out, err = manage("sweep")
    assert out.split()[0] == "t9"
    assert "--yes stops it" in err
    assert json.loads(manage("sweep", "--json")[1])[0]["parent"] == "w9"
    assert "stopped 1 task job\n" in manage("sweep", "--yes")[2]
