"""The environment variables that lead to a local cloud. Pure."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from miniwdl_aws_core.options.shared import AwsOptions
from miniwdl_aws_hooks.settings import variable_of
from miniwdl_aws_local_cloud.cloud_settings import ENGINE, PROCESS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = [
    "TASK_QUEUE",
    "WORKFLOW_QUEUE",
    "aws_variables",
    "file_system_id",
    "misleading",
    "shell_variables",
    "submit_variables",
    "without_proxy",
]

WORKFLOW_QUEUE = "workflow"
TASK_QUEUE = "task"
NO_IMAGE = "none"
"""Image of workflow jobs that are processes."""
RETRY_WAIT = variable_of("aws", "retry_wait")
"""Of the task backend: seconds before another try."""
SHORT_WAIT = "1"
"""
For containers on this machine: four more tries at a missing image take half a minute instead of seven minutes.
Registries that limit pulls want patience; here an image is missing because its name is wrong.
"""

MISLEADING = frozenset(
    {
        "AWS_PROFILE",
        "AWS_SESSION_TOKEN",
        "AWS_SECURITY_TOKEN",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
        AwsOptions.region.variable,
    }
)
"""Variables that would lead clients elsewhere in spite of the ones set."""
_LOOPBACK = "127.0.0.1"


def aws_variables(endpoint: str, access_key: str, region: str) -> dict[str, str]:
    """Lead every AWS client to the cloud."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def submit_variables(endpoint: str, access_key: str, region: str, state: Path, runner: str) -> dict[str, str]:
    """Lead ``miniwdl-aws-submit`` to the cloud and its file system; the workflow queue's tags name the rest."""
    found = {**aws_variables(endpoint, access_key, region), AwsOptions.workflow_queue.variable: WORKFLOW_QUEUE}
    if runner == PROCESS:
        # A process sees the file system under this machine's own path; for containers it is where it is on AWS.
        found[variable_of("file_io", "root")] = str(state / "fsx")
    if runner == ENGINE:
        found[RETRY_WAIT] = SHORT_WAIT
    return found


def shell_variables(
    endpoint: str, access_key: str, region: str, state: Path, runner: str, environ: Mapping[str, str]
) -> dict[str, str]:
    """
    Lead every command of a shell to the cloud: also those that read no queue's tags, and ``miniwdl run`` itself.

    :param environ: of the shell, whose pause before another try wins.
    """
    found = {
        **submit_variables(endpoint, access_key, region, state, runner),
        AwsOptions.fs.variable: file_system_id(state),
        AwsOptions.task_queue.variable: TASK_QUEUE,
    }
    if runner == PROCESS:
        # Containers see the file system elsewhere than this machine does, so miniwdl has to run in one, too.
        found[AwsOptions.workflow_image.variable] = NO_IMAGE
        found[variable_of("scheduler", "container_backend")] = "aws_batch"
    if environ.get(RETRY_WAIT):
        found.pop(RETRY_WAIT, None)
    return found


def file_system_id(state: Path) -> str:
    """Name the file system of a state folder: the same whenever its cloud is up, so it may stand in a configuration."""
    return f"fs-0{hashlib.sha256(str(state).encode()).hexdigest()[:16]}"


def misleading(environ: Mapping[str, str]) -> list[str]:
    """Name the variables of an environment that must go."""
    return [name for name in environ if name in MISLEADING or name.startswith("AWS_ENDPOINT_URL_")]


def without_proxy(environ: Mapping[str, str]) -> dict[str, str]:
    """Keep a proxy that the environment names from being asked for the cloud's own address."""
    found = {}
    for name in ("NO_PROXY", "no_proxy"):
        hosts = [host for host in environ.get(name, "").split(",") if host]
        found[name] = ",".join(hosts if _LOOPBACK in hosts else [*hosts, _LOOPBACK])
    return found
