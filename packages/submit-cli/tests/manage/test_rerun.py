"""``miniwdl-aws rerun``."""

from collections.abc import Callable
from typing import Any

import pytest

from miniwdl_aws_core.batch.attempts import WHERE_NOT_AT_FAULT
from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_submit_cli.manage.rerun import resubmission
from miniwdl_aws_submit_cli.options.resolve import Resolved
from miniwdl_aws_submit_cli.runs.names import given_name

Outcome = tuple[int, str, str]


def test_rerun_submits_the_same(aws: Any, manage: Callable[..., Outcome], job_id: str) -> None:
    code, out, _err = manage("rerun", job_id, "--wait")
    again = out.strip()
    assert code == 0
    assert again != job_id
    first, second = (aws.describe_jobs(jobs=[each])["jobs"][0] for each in (job_id, again))
    for key in ("jobQueue", "jobDefinition", "tags"):
        assert first[key] == second[key]
    assert first["jobName"] != second["jobName"]
    assert given_name(first["jobName"]) == given_name(second["jobName"])
    assert first["container"]["command"] == second["container"]["command"]
    environment = {item["name"]: item["value"] for item in second["container"]["environment"]}
    assert "WDL_PAYLOAD" in environment
    assert environment["WDL_SUBMISSION"] == second["jobName"]


def test_options_may_change(aws: Any, manage: Callable[..., Outcome], job_id: str) -> None:
    words = ("--task-queue", "spare", "--task-queue-fallback", "task", "--cpu", "2", "--memory-GiB", "1.5")
    code, out, _err = manage("rerun", job_id, *words, "--s3upload", "s3://bucket/new")
    assert code == 0
    container = aws.describe_jobs(jobs=[out.strip()])["jobs"][0]["container"]
    environment = {item["name"]: item["value"] for item in container["environment"]}
    assert environment["MINIWDL__AWS__TASK_QUEUE"] == "spare"
    assert environment["MINIWDL__AWS__TASK_QUEUE_FALLBACK"] == "task"
    assert container["command"][-2:] == ["--s3upload", "s3://bucket/new"]
    third = manage("rerun", out.strip(), "--s3upload", "s3://bucket/newer")[1].strip()
    command = aws.describe_jobs(jobs=[third])["jobs"][0]["container"]["command"]
    assert command.count("--s3upload") == 1
    assert command[-1] == "s3://bucket/newer"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--task-queue", "nowhere"], "no job queue nowhere"),
        (["--cpu", "many"], "--cpu must be"),
        (["--memory-GiB", "0"], "--memory-GiB must be"),
        (["--s3upload", "here"], "--s3upload must begin with s3://"),
    ],
)
def test_a_wrong_change_submits_nothing(
    aws: Any, manage: Callable[..., Outcome], job_id: str, words: list[str], told: str
) -> None:
    code, out, err = manage("rerun", job_id, *words)
    assert (code, out) == (64, "")
    assert told in err


def test_resubmission_leaves_out_what_batch_adds_and_what_the_run_said_at_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("LOGNAME", "USER", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    detail = {
        "jobId": "j",
        "status": "FAILED",
        "jobName": "n-0123456789",
        "jobQueue": "q",
        "jobDefinition": "d:1",
        "tags": {"Group": "x", "miniwdl-why": "it failed", "miniwdl-results": "s3://b/x/"},
        "container": {
            "command": ["run"],
            "environment": [
                {"name": "A", "value": "1"},
                {"name": "AWS_BATCH_JOB_ID", "value": "j"},
                {"name": "WDL_SUBMISSION", "value": "n-0123456789"},
            ],
            "resourceRequirements": [{"type": "VCPU", "value": "2"}],
        },
    }
    assert resubmission(Job.of(detail), "ffffffffff") == {
        "jobName": "n-ffffffffff",
        "jobQueue": "q",
        "jobDefinition": "d:1",
        "containerOverrides": {
            "command": ["run"],
            "environment": [{"name": "A", "value": "1"}, {"name": "WDL_SUBMISSION", "value": "n-ffffffffff"}],
            "resourceRequirements": [{"type": "VCPU", "value": "2"}],
        },
        "retryStrategy": WHERE_NOT_AT_FAULT,
        "propagateTags": True,
        "tags": {"Group": "x"},
    }


def test_the_workflow_job_may_get_another_size() -> None:
    needs = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"}]
    job = Job.of({"jobId": "j", "status": "FAILED", "jobName": "n", "container": {"resourceRequirements": needs}})
    changed = {name: Resolved(value, name) for name, value in (("--cpu", "2"), ("--memory-GiB", "1.5"))}
    overrides = resubmission(job, "ffffffffff", changed)["containerOverrides"]
    assert [item["value"] for item in overrides["resourceRequirements"]] == ["2", "1536"]
