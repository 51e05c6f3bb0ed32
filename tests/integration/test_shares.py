"""Queues with a scheduling policy: each job names its share, and a queue that would refuse one is named before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .conftest import Shell

TEAM = """version 1.1
workflow team {
    call work
    call urgent
}
task work {
    command { true }
}
task urgent {
    command { true }
    runtime { shareIdentifier: "red" }
}
"""


@pytest.fixture
def fair(shell: Shell) -> Shell:
    """Commands with a workflow queue and a task queue that have a scheduling policy."""
    batch = shell.client("batch")
    tags = batch.describe_job_queues(jobQueues=["workflow"])["jobQueues"][0]["tags"]
    policy = batch.create_scheduling_policy(name="shares")["arn"]

    def queue(name: str, environment: str, tags: dict[str, str]) -> None:
        order = [{"order": 1, "computeEnvironment": environment}]
        batch.create_job_queue(
            jobQueueName=name,
            priority=1,
            state="ENABLED",
            schedulingPolicyArn=policy,
            computeEnvironmentOrder=order,
            tags=tags,
        )

    queue("fair-task", "task", {})
    queue("fair", "workflow", {"DefaultTaskQueue": "fair-task", "DefaultFsId": tags["DefaultFsId"]})
    shell.environ["MINIWDL__AWS__WORKFLOW_QUEUE"] = "fair"
    (shell.cwd / "team.wdl").write_text(TEAM)
    return shell


def test_every_job_of_a_run_names_its_share(fair: Shell) -> None:
    refused = fair.submit("team.wdl")
    assert refused.code == 64
    assert "job queue fair has a scheduling policy: it takes no job without a share identifier" in refused.stderr
    assert fair.run("miniwdl-aws", "doctor").code == 1

    done = fair.submit("team.wdl", "--share", "blue", "--wait")
    assert done.code == 0, done.stderr
    assert fair.job(done.job_id)["shareIdentifier"] == "blue"
    listed = fair.client("batch").list_jobs(jobQueue="fair-task", jobStatus="SUCCEEDED")["jobSummaryList"]
    jobs: list[Any] = [fair.job(item["jobId"]) for item in listed]
    assert {job["tags"]["miniwdl-task"]: job["shareIdentifier"] for job in jobs} == {"work": "blue", "urgent": "red"}

    again = fair.run("miniwdl-aws", "rerun", done.job_id, "--wait")
    assert again.code == 0, again.stderr
    assert fair.job(again.job_id)["shareIdentifier"] == "blue"
