"""
moto's own server in a process of its own, whose Batch runs containers, and an account in it that is set up as on AWS.

Nothing of this project's local cloud is here: this is the second opinion on it.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
import docker

from ..shell import BIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PATIENCE = 120.0
"""Seconds in which anything happens, also on a machine that is busy otherwise."""
KEY, SECRET, REGION = "AKIAIOSFODNN7EXAMPLE", "second-opinion", "us-east-1"
QUEUES = {"workflow": "EC2", "task": "SPOT", "task-fallback": "EC2"}
"""Job queues, and of which type their compute environments are."""
BUCKETS = ("demo", "staging")
_pause = threading.Event()


class NoEngineError(Exception):
    """There is no container engine."""


def until(look: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """Look until there is something, and return it."""
    deadline = time.monotonic() + patience
    while not (found := look()):
        assert time.monotonic() < deadline, f"not in time: {what}"
        _pause.wait(0.05)
    return found


@dataclass(frozen=True)
class Engine:
    """A container engine with Docker's interface."""

    url: str

    @cached_property
    def client(self) -> Any:
        return docker.DockerClient(base_url=self.url)

    @property
    def is_podman(self) -> bool:
        return any("Podman" in part.get("Name", "") for part in self.client.version()["Components"])

    def answers(self) -> bool:
        """Whether somebody listens; where nobody does, the SDK would leave a socket behind in trying."""
        path = self.url.removeprefix("unix://")
        with socket.socket(socket.AF_UNIX) as probe, suppress(OSError):
            return path == self.url or probe.connect(path) is None
        return False


@contextmanager
def found_engine(folder: Path) -> Iterator[Engine]:
    """
    Take the engine that DOCKER_HOST names; else a service of Podman's, started for this; else Docker.

    :param folder: for the service's socket; its path must be short.
    :raises NoEngineError: when none answers.
    """
    named, podman = os.environ.get("DOCKER_HOST"), shutil.which("podman")
    if named or not podman:
        engine = Engine(named or "unix:///var/run/docker.sock")
        if not engine.answers():
            raise NoEngineError(f"no container engine answers at {'DOCKER_HOST=' if named else ''}{engine.url}")
        yield engine
        return
    engine = Engine(f"unix://{folder}/engine.sock")
    # In that folder, since podman's monitor leaves files where it was started.
    with subprocess.Popen([podman, "system", "service", "--time", "0", engine.url], cwd=folder) as service:
        try:
            until(engine.answers, "podman's service answers")
            yield engine
        finally:
            engine.client.close()
            service.terminate()


@dataclass(frozen=True)
class PlainMoto:
    """A server of moto's, as its users start it."""

    url: str
    log: Path
    """Its requests, in their order."""
    engine: Engine

    @property
    def environ(self) -> dict[str, str]:
        """What leads AWS's clients to it."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": REGION,
        }

    def client(self, service: str) -> Any:
        return boto3.client(
            service, endpoint_url=self.url, aws_access_key_id=KEY, aws_secret_access_key=SECRET, region_name=REGION
        )

    def written(self, bucket: str, prefix: str) -> list[str]:
        """Keys below a prefix, in the order in which they were written."""
        return re.findall(rf'"PUT /{bucket}/({re.escape(prefix)}\S*) HTTP/1.1" 200', self.log.read_text())

    def containers(self) -> list[Any]:
        """Containers of its jobs; moto names them after those."""
        ids = {job["jobId"] for job in self.client("batch").describe_jobs(jobs=[])["jobs"]}
        return [item for item in self.engine.client.containers.list(all=True) if item.name[-36:] in ids]


@contextmanager
def moto_server(folder: Path, engine: Engine) -> Iterator[PlainMoto]:
    """Run moto's server until it isn't needed any more, and leave no container of its jobs behind."""
    # Containers reach the server on this machine's loopback interface.
    environ = {**os.environ, "DOCKER_HOST": engine.url, "MOTO_DOCKER_NETWORK_MODE": "host"}
    command, log = [str(BIN / "moto_server"), "-H", "127.0.0.1", "-p", "0"], folder / "moto.log"
    with log.open("wb") as output, subprocess.Popen(command, env=environ, stdout=output, stderr=output) as process:
        try:
            found = until(lambda: re.search(r"Running on (http://\S+)", log.read_text()), "moto's server is up")
            moto = PlainMoto(found[1], log, engine)
            yield moto
            for container in moto.containers():
                container.remove(force=True)
        finally:
            process.terminate()


def set_up(moto: PlainMoto) -> str:
    """
    Make roles, a file system, queues and buckets, as docs/how-to/set-up-aws.md does.

    :return: id of the file system.
    """
    ec2, iam, batch, fsx = map(moto.client, ("ec2", "iam", "batch", "fsx"))
    subnet = ec2.describe_subnets()["Subnets"][0]
    groups = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [subnet["VpcId"]]}])["SecurityGroups"]
    network = {"subnets": [subnet["SubnetId"]], "securityGroupIds": [groups[0]["GroupId"]]}
    system = fsx.create_file_system(
        FileSystemType="LUSTRE", StorageCapacity=1200, FileSystemTypeVersion="2.15",
        SubnetIds=network["subnets"], SecurityGroupIds=network["securityGroupIds"],
        LustreConfiguration={"DeploymentType": "SCRATCH_2"},
    )["FileSystem"]["FileSystemId"]  # fmt: skip
    role = iam.create_role(RoleName="batch", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    profile = iam.create_instance_profile(InstanceProfileName="hosts")["InstanceProfile"]["Arn"]
    ec2.create_launch_template(LaunchTemplateName="hosts", LaunchTemplateData={})
    hosts = {
        "minvCpus": 0, "maxvCpus": 16, "instanceTypes": ["optimal"], "instanceRole": profile, **network,
        "launchTemplate": {"launchTemplateName": "hosts", "version": "$Default"},
        "ec2Configuration": [{"imageType": "ECS_AL2023"}],
    }  # fmt: skip
    for name, kind in QUEUES.items():
        environment = batch.create_compute_environment(
            computeEnvironmentName=name, type="MANAGED", state="ENABLED", serviceRole=role,
            computeResources={"type": kind, **hosts},
        )["computeEnvironmentArn"]  # fmt: skip
        batch.create_job_queue(
            jobQueueName=name, priority=1, state="ENABLED",
            computeEnvironmentOrder=[{"order": 1, "computeEnvironment": environment}],
            tags={"DefaultTaskQueue": "task", "DefaultTaskQueueFallback": "task-fallback", "DefaultFsId": system},
        )  # fmt: skip
    for bucket in BUCKETS:
        moto.client("s3").create_bucket(Bucket=bucket)
    return str(system)
