"""``miniwdl-aws rerun``."""

from collections.abc import Callable
from typing import Any

from miniwdl_aws_core.batch.attempts import WHERE_NOT_AT_FAULT
from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_submit_cli.manage.rerun import resubmission
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


def test_resubmission_leaves_out_what_batch_adds() -> None:
    detail = {
        "jobId": "j",
        "status": "FAILED",
        "jobName": "n-0123456789",
        "jobQueue": "q",
        "jobDefinition": "d:1",
        "tags": {"Group": "x"},
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
