from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from miniwdl_aws_local_cloud import CloudSettings, LocalCloud

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

PATIENCE = 120.0
"""Seconds in which anything happens, also on a machine that is busy otherwise."""
ENDED = {"SUCCEEDED", "FAILED"}
_pause = threading.Event()


@dataclass
class User:
    """Somebody with boto3 and a definition to run commands with."""

    cloud: LocalCloud
    definition: str = "shell"
    batch: Any = field(init=False)

    def __post_init__(self) -> None:
        self.batch = self.client("batch")
        self.define(self.definition)

    def client(self, service: str, **options: Any) -> Any:
        config = Config(retries={"total_max_attempts": 1})
        return boto3.client(service, **{**self.cloud.client_options, "config": config, **options})

    def define(self, name: str, **properties: Any) -> str:
        needs = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "64"}]
        container = {"image": "none", "command": ["true"], "resourceRequirements": needs, **properties}
        return self.batch.register_job_definition(
            jobDefinitionName=name, type="container", containerProperties=container
        )["jobDefinitionArn"]

    def submit(self, script: str | None = None, *, queue: str = "task", name: str = "job", **request: Any) -> str:
        request.setdefault("jobDefinition", self.definition)
        if script is not None:
            request.setdefault("containerOverrides", {})["command"] = ["sh", "-c", script]
        return self.batch.submit_job(jobName=name, jobQueue=queue, **request)["jobId"]

    def describe(self, job_id: str) -> dict[str, Any] | None:
        return next(iter(self.batch.describe_jobs(jobs=[job_id])["jobs"]), None)

    def until(self, job_id: str, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            job = self.describe(job_id)
            if job is not None and condition(job):
                return job
            _pause.wait(0.01)
        raise AssertionError(f"never happened: {self.describe(job_id)}")

    def reach(self, job_id: str, status: str) -> dict[str, Any]:
        return self.until(job_id, lambda job: job["status"] == status)

    def ended(self, job_id: str) -> dict[str, Any]:
        return self.until(job_id, lambda job: job["status"] in ENDED)

    def run(self, script: str | None = None, **request: Any) -> dict[str, Any]:
        return self.ended(self.submit(script, **request))

    def log(self, job: dict[str, Any]) -> list[str]:
        stream = job["container"]["logStreamName"]
        events = self.client("logs").get_log_events(
            logGroupName="/aws/batch/job", logStreamName=stream, startFromHead=True
        )
        return [event["message"] for event in events["events"]]


SETTINGS = CloudSettings(slots=4, stop_timeout=PATIENCE, minimum_timeout=1)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with LocalCloud(tmp_path_factory.mktemp("cloud"), SETTINGS) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def user(cloud: LocalCloud) -> User:
    return User(cloud)


@pytest.fixture
def open_cloud() -> Callable[..., AbstractContextManager[User]]:
    """Give what starts one more cloud, with somebody who uses it."""

    @contextmanager
    def start(state: Path, **settings: Any) -> Iterator[User]:
        with LocalCloud(state, replace(SETTINGS, **settings)) as cloud:
            yield User(cloud)

    return start


@pytest.fixture(autouse=True)
def _no_faults(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "cloud" in request.fixturenames:
        request.getfixturevalue("cloud").faults.clear()
