"""The environment variables that lead to a local cloud. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_core.options.shared import AwsOptions
from miniwdl_aws_hooks.settings import variable_of
from miniwdl_aws_local_cloud.cloud_settings import PROCESS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["aws_variables", "misleading", "submit_variables", "without_proxy"]

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
    """Lead ``miniwdl-aws-submit`` to the cloud and its file system."""
    # A process sees the file system under this machine's own path; for containers it is where it is on AWS.
    root = {variable_of("file_io", "root"): str(state / "fsx")} if runner == PROCESS else {}
    return {
        **aws_variables(endpoint, access_key, region),
        AwsOptions.workflow_queue.variable: "workflow",
        **root,
    }


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
