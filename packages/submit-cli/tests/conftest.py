"""A cloud in memory, plugins in place of the sibling parts, and a workflow to submit."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pluggy
import pytest
from moto import mock_aws

from miniwdl_aws_hooks import (
    DestinationContext,
    FollowRequest,
    InputFinding,
    InputsContext,
    LogEvent,
    MiniwdlAwsError,
    Mount,
    MountContext,
    StageRequest,
    StageResult,
    get_manager,
    hookimpl,
)

SIBLINGS = "batch-backend,cwlogs,fsx-mount,local-cloud,s3-rails"

WDL = """version 1.0
workflow hello {
    input { Int n
        Array[File] reads = []
        File? ref
        String greeting = "hello"
    }
    scatter (i in range(n)) { call say { input: i = i, greeting = greeting } }
    output { Array[String] said = say.said }
}
task say {
    input { Int i
        String greeting }
    command { echo ~{greeting} ~{i} }
    output { String said = read_string(stdout()) }
}
"""


class Parts:
    """What the sibling parts would answer, with a record of what they were asked."""

    def __init__(self) -> None:
        self.staged: list[StageRequest] = []
        self.followed: list[FollowRequest] = []
        self.findings: list[InputFinding] = []
        self.looked_at: list[InputsContext] = []
        self.destinations: list[DestinationContext] = []
        self.obstacle: MiniwdlAwsError | None = None

    @hookimpl
    def miniwdl_aws_mounts(self, context: MountContext) -> list[Mount] | None:
        if not context.settings.get("aws", "fs"):
            return None
        volume = {"host": {"sourcePath": "/mnt/fsx"}}
        return [Mount("fsx", context.mount_point, volume, sentinel=".miniwdl-aws-mounted")]

    @hookimpl
    def miniwdl_aws_check_inputs(self, context: InputsContext) -> list[InputFinding]:
        self.looked_at.append(context)
        return self.findings

    @hookimpl
    def miniwdl_aws_check_destination(self, context: DestinationContext) -> bool:
        self.destinations.append(context)
        if self.obstacle:
            raise self.obstacle
        context.note(f"{context.folder} is known")
        return True

    @hookimpl
    def miniwdl_aws_stage(self, request: StageRequest) -> StageResult:
        self.staged.append(request)
        sizes = [0 if item.directory else Path(item.path).stat().st_size for item in request.items]
        uris = {item.path: request.folder + item.path.strip("/") + "/" * item.directory for item in request.items}
        return StageResult(uris, sum(sizes), sum(sizes))

    @hookimpl
    def miniwdl_aws_follow_logs(self, request: FollowRequest) -> Iterator[LogEvent]:
        self.followed.append(request)
        events = [LogEvent(1, "first line", request.stream), LogEvent(2, "second line", request.stream)]
        return iter([event for event in events if event.timestamp >= (request.start_time or 0)])


@pytest.fixture(autouse=True)
def environ(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what the test sets: no AWS configuration and no MINIWDL variables of the machine."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "MINIWDL")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("MINIWDL_AWS_DISABLE_PLUGINS", SIBLINGS)


@pytest.fixture
def manager(environ: None) -> Iterator[pluggy.PluginManager]:
    """The manager of the process, without sibling parts."""
    get_manager.cache_clear()
    yield get_manager()
    get_manager.cache_clear()


@pytest.fixture
def parts(manager: pluggy.PluginManager) -> Parts:
    """Stand-ins for the sibling parts, registered."""
    found = Parts()
    manager.register(found)
    return found


@pytest.fixture
def aws(environ: None) -> Iterator[Any]:
    """An account with the queues `workflow` and `task`; gives a Batch client."""
    with mock_aws(config={"batch": {"use_docker": False}}):
        role = boto3.client("iam").create_role(RoleName="batch", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        client = boto3.client("batch")
        environment = client.create_compute_environment(
            computeEnvironmentName="hosts", type="UNMANAGED", serviceRole=role
        )["computeEnvironmentArn"]

        def queue(name: str, state: str = "ENABLED", policy: str | None = None, **tags: str) -> None:
            order = [{"order": 1, "computeEnvironment": environment}]
            shares = {"schedulingPolicyArn": policy} if policy else {}
            client.create_job_queue(
                jobQueueName=name, priority=1, state=state, computeEnvironmentOrder=order, tags=tags, **shares
            )

        queue("task")
        queue("spare")
        queue("closed", state="DISABLED")
        queue("workflow", DefaultTaskQueue="task", DefaultFsId="fs-0123", WorkflowImage="registry/workflow:1")
        queue("bare")
        policy = client.create_scheduling_policy(name="shares", fairsharePolicy={})["arn"]
        queue("fair-task", policy=policy)
        queue("fair", policy=policy, DefaultTaskQueue="fair-task", DefaultFsId="fs-0123", WorkflowImage="registry/w:1")
        yield client


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with `hello.wdl` in it."""
    (tmp_path / "hello.wdl").write_text(WDL)
    monkeypatch.chdir(tmp_path)
    return tmp_path
