"""The commands of the project, run against a cloud as a user runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import boto3

if TYPE_CHECKING:
    from collections.abc import Mapping

BIN = Path(sys.executable).parent
TIMEOUT = 900
"""Seconds after which a hanging command fails its test: no measure of anything, since machines may be busy."""


class Cloud(Protocol):
    """What a shell needs of a cloud."""

    @property
    def environ(self) -> Mapping[str, str]:
        """Environment variables for whoever is to use it."""
        ...


@dataclass
class Finished:
    """A command that has ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def job_id(self) -> str:
        """The id that the submit command prints, alone on standard output."""
        lines = self.stdout.splitlines()
        assert len(lines) == 1, f"expected the job id alone on stdout, got {self.stdout!r}\n{self.stderr}"
        return lines[0]


@dataclass
class Shell:
    """Runs commands in a folder of their own, with the cloud's environment and nothing of the test runner's."""

    cloud: Cloud
    cwd: Path
    environ: dict[str, str] = field(default_factory=dict)

    def run(self, command: str, *arguments: str, env: Mapping[str, str] | None = None) -> Finished:
        done = subprocess.run(
            [str(BIN / command), *arguments],
            cwd=self.cwd,
            env={**self.environ, **(env or {})},
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    def submit(self, *arguments: str, env: Mapping[str, str] | None = None) -> Finished:
        return self.run("miniwdl-aws-submit", *arguments, env=env)

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.cloud.environ["AWS_ENDPOINT_URL"],
            region_name=self.cloud.environ["AWS_DEFAULT_REGION"],
            aws_access_key_id=self.cloud.environ["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.cloud.environ["AWS_SECRET_ACCESS_KEY"],
        )

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        pages = self.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def read(self, uri: str) -> bytes:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return self.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()

    def read_json(self, uri: str) -> Any:
        return json.loads(self.read(uri))

    def job(self, job_id: str) -> Any:
        return self.client("batch").describe_jobs(jobs=[job_id])["jobs"][0]

    def jobs(self) -> set[str]:
        """Ids of all jobs that the cloud has ever had; one that goes on meanwhile may be listed twice."""
        batch = self.client("batch")
        return {
            item["jobId"]
            for queue in ("workflow", "task", "task-fallback")
            for state in ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED")
            for item in batch.list_jobs(jobQueue=queue, jobStatus=state)["jobSummaryList"]
        }

    def children(self, job_id: str) -> list[Any]:
        """Task jobs of a workflow job."""
        batch = self.client("batch")
        ids = sorted(self.jobs())
        described = [
            job for at in range(0, len(ids), 100) for job in batch.describe_jobs(jobs=ids[at : at + 100])["jobs"]
        ]
        return [job for job in described if job.get("tags", {}).get("AWS_BATCH_PARENT_JOB_ID") == job_id]
