"""``miniwdl-aws sweep``."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_submit_cli.runs.left_behind.leftovers import find_leftovers

from .jobs import Stoppable, child

Outcome = tuple[int, str, str]
FORGOTTEN = "0" * 8 + "-0000" * 3 + "-" + "0" * 12
PROPERTIES = {
    "image": "x",
    "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}],
}


def register(aws: Any, name: str, **tags: str) -> str:
    request = {"jobDefinitionName": name, "type": "container", "containerProperties": PROPERTIES, "tags": tags}
    return str(aws.register_job_definition(**request)["jobDefinitionArn"])


def of_run(aws: Any, name: str, parent: str) -> str:
    return register(aws, name, **{"miniwdl-run-dir": "2026_hello", "AWS_BATCH_PARENT_JOB_ID": parent})


def active(aws: Any) -> set[str]:
    return {item["jobDefinitionArn"] for item in aws.describe_job_definitions(status="ACTIVE")["jobDefinitions"]}


def test_left_are_task_jobs_whose_workflow_job_ended_or_is_forgotten() -> None:
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
    assert {job.job_id for job in find_leftovers(batch, ["task"]).jobs} == {"t2a", "t3a"}


def test_left_are_definitions_that_no_run_and_no_job_needs() -> None:
    batch: Any = Stoppable({"w1": "RUNNING", "t1a": "RUNNING", "w2": "FAILED", "t2a": "RUNNING"})
    batch.jobs["t1a"]["jobDefinition"] = "d/miniwdl-task-adopted:1"
    batch.jobs["t2a"]["jobDefinition"] = "d/miniwdl-task-ended:1"

    def define(name: str, **tags: str) -> None:
        item = {"jobDefinitionArn": f"d/{name}:1", "jobDefinitionName": name}
        batch.registered.append({**item, "tags": tags} if tags else item)

    run = {"miniwdl-run-dir": "r"}
    define("miniwdl-task-ended", **run, AWS_BATCH_PARENT_JOB_ID="w2")
    define("miniwdl-task-forgotten", **run, AWS_BATCH_PARENT_JOB_ID="w3")
    define("miniwdl-task-adopted", **run, AWS_BATCH_PARENT_JOB_ID="w2")
    define("miniwdl-task-live", **run, AWS_BATCH_PARENT_JOB_ID="w1")
    define("miniwdl-task-outside-of-batch", **run)
    define("miniwdl-task-shared")
    define("miniwdl-task-shared-and-tagged", AWS_BATCH_PARENT_JOB_ID="w2")
    define("of-somebody-else", **run, AWS_BATCH_PARENT_JOB_ID="w2")
    found = find_leftovers(batch, ["task"])
    assert [item.name for item in found.definitions] == ["miniwdl-task-ended:1", "miniwdl-task-forgotten:1"]


def test_nothing_to_sweep(aws: Any, manage: Callable[..., Outcome], job_id: str) -> None:
    kept = active(aws)
    assert manage("sweep", "--yes") == (0, "", "no task job is left without its workflow job\n")
    assert manage("sweep", "--json")[1] == "[]\n"
    assert active(aws) == kept


def test_sweep(aws: Any, manage: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch) -> None:
    job = child(aws, FORGOTTEN)
    # This cloud's jobs end at once.
    left = Job(job, "RUNNING", "say", created_at=1, tags={"AWS_BATCH_PARENT_JOB_ID": FORGOTTEN})
    find = "miniwdl_aws_submit_cli.runs.left_behind.leftovers.find_leftovers"
    monkeypatch.setattr(find, lambda *given: replace(find_leftovers(*given), jobs=[left]))
    arns = {of_run(aws, f"miniwdl-task-{name}", FORGOTTEN) for name in "ab"}
    kept = active(aws) - arns

    code, out, err = manage("sweep")
    assert code == 0
    first, *others = out.splitlines()
    assert first.split()[0] == job
    assert sorted(others) == [f"miniwdl-task-{name}:1  of {FORGOTTEN}" for name in "ab"]
    assert "1 task job without a workflow job; --yes stops it\n" in err
    assert "2 job definitions of runs that have ended; --yes deregisters them\n" in err
    facts = json.loads(manage("sweep", "--json")[1])
    assert {item["parent"] for item in facts} == {FORGOTTEN}
    assert {item.get("jobId") or item["jobDefinition"] for item in facts} == {job, *arns}
    assert active(aws) == kept | arns, "nothing has been done so far"

    assert "stopped 1 task job\nderegistered 2 job definitions of runs that have ended\n" in manage("sweep", "--yes")[2]
    assert active(aws) == kept


def test_without_the_permission_it_says_which(
    aws: Any, manage: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    of_run(aws, "miniwdl-task-a", FORGOTTEN)
    real = type(aws)._make_api_call

    def call(self: Any, operation: str, request: Any) -> Any:
        if operation == "DeregisterJobDefinition":
            error = {"Error": {"Code": "AccessDeniedException"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
            raise ClientError(error, operation)  # type: ignore[arg-type]
        return real(self, operation, request)

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", call)
    code, _, err = manage("sweep", "--yes")
    assert code == 69
    assert "can't deregister the job definition: permission is missing" in err
    assert "DeregisterJobDefinition in the IAM policy" in err


class Bucket:
    """A bucket with open uploads, each of a begin that moto doesn't note."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.client = boto3.client("s3", region_name="us-east-1")
        self.client.create_bucket(Bucket="ours")
        self.begun: dict[str, datetime] = {}
        real = type(self.client)._make_api_call

        def call(client: Any, operation: str, request: Any) -> Any:
            answer = real(client, operation, request)
            if operation == "ListMultipartUploads":
                for item in answer.get("Uploads", ()):
                    item["Initiated"] = self.begun[item["UploadId"]]
            return answer

        monkeypatch.setattr("botocore.client.BaseClient._make_api_call", call)

    def begin(self, key: str, ago: float) -> str:
        """Begin an upload so many seconds ago."""
        upload = self.client.create_multipart_upload(Bucket="ours", Key=key)["UploadId"]
        self.begun[upload] = datetime.fromtimestamp(datetime.now(UTC).timestamp() - ago, UTC)
        return upload

    def open(self) -> set[str]:
        """Keys with an open upload."""
        return {item["Key"] for item in self.client.list_multipart_uploads(Bucket="ours").get("Uploads", ())}


DAY = 86400


def test_uploads_that_nobody_ends(aws: Any, manage: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = Bucket(monkeypatch)
    monkeypatch.setenv("MINIWDL__AWS__S3_UPLOAD_FOLDER", "s3://ours/results")
    for key, days in {
        "results/run/big.bam": 8,
        "results/run/new.bam": 6,
        "results-of-others/big.bam": 9,
        "miniwdl-aws-staging/x/reads.fq": 20,
        "other": 30,
    }.items():
        bucket.begin(key, days * DAY)
    everything = bucket.open()

    code, out, err = manage("sweep", "--uploads")
    assert code == 0, err
    assert [line.partition("  ")[0] for line in out.splitlines()] == [
        "s3://ours/miniwdl-aws-staging/x/reads.fq",
        "s3://ours/results/run/big.bam",
    ]
    assert "begun 8d" in out
    assert err == "2 uploads that nobody ended; --yes gives them up\n"
    facts = json.loads(manage("sweep", "--uploads", "--json", "--older-than", "5d")[1])
    assert [item["uri"].rpartition("/")[2] for item in facts] == ["reads.fq", "big.bam", "new.bam"]
    assert bucket.open() == everything, "nothing has been done so far"

    assert manage("sweep", "--uploads", "--yes")[2] == "gave up 2 uploads\n"
    assert bucket.open() == {"results/run/new.bam", "results-of-others/big.bam", "other"}
    assert manage("sweep", "--uploads", "--yes")[2] == (
        "no old upload is open below s3://ours/results/ or s3://ours/miniwdl-aws-staging/\n"
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--uploads"], "--s3upload is missing: give --s3upload or set MINIWDL__AWS__S3_UPLOAD_FOLDER"),
        (["--uploads", "--older-than", "a week"], "--older-than must be a time of at least 0 seconds, such as 90"),
        (["--older-than", "7d"], "--older-than is of uploads"),
        (["--uploads", "--s3upload", "/results"], "--s3upload must begin with s3://"),
        (["--uploads", "--s3upload", "s3://not-there/"], "can't list the open uploads of s3://not-there/"),
    ],
)
def test_uploads_that_cant_be_looked_for(
    aws: Any, manage: Callable[..., Outcome], words: list[str], expected: str
) -> None:
    code, out, err = manage("sweep", *words)
    assert code != 0
    assert out == ""
    assert err.startswith(f"miniwdl-aws: {expected}")
