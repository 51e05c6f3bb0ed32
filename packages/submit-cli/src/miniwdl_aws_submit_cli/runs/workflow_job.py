"""The workflow job as AWS Batch gets it: a definition named by its content, and the request to submit it. Pure."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from miniwdl_aws_hooks.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from miniwdl_aws_hooks.types import Mount

__all__ = [
    "MAX_OVERRIDES",
    "NO_IMAGE",
    "WorkflowJob",
    "check_request",
    "definition",
    "given_name",
    "job_name",
    "overrides_size",
    "request",
    "submission_token",
    "unique_name",
]

DEFINITION_PREFIX = "miniwdl-aws-workflow-"

# https://docs.aws.amazon.com/batch/latest/userguide/service_limits.html; Batch finds longer overrides only after it
# took the job, and fails it then.
MAX_OVERRIDES = 8192
MAX_REQUEST = 30 * 1024
MAX_TAGS = 50
MAX_NAME = 128

TOKEN_BYTES = 5
_TOKEN = re.compile(rf"-[0-9a-f]{{{2 * TOKEN_BYTES}}}\Z")

NO_IMAGE = "none"
"""Image of a job that runs without one: AWS Batch's interface demands a name."""

# A definition must have both; each job says what it really wants.
_LEAST_RESOURCES = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "1024"}]


@dataclass(frozen=True)
class WorkflowJob:
    """Everything about a workflow job."""

    name: str
    queue: str
    image: str
    mounts: Sequence[Mount]
    command: Sequence[str]
    environment: Mapping[str, str]
    cpu: int
    memory_mib: int
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)
    """More properties of the definition, such as ``jobRoleArn``."""


def job_name(text: str) -> str:
    """Make a valid name of a job."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-_")[:MAX_NAME]
    return name or "workflow"


def submission_token() -> str:
    """Make a text that no other submission has."""
    return secrets.token_hex(TOKEN_BYTES)


def unique_name(name: str, token: str) -> str:
    """Make a name of a job that no other job has, so that it can be found by it."""
    return f"{name[: MAX_NAME - len(token) - 1]}-{token}"


def given_name(unique: str) -> str:
    """Take the token out of the name of a job: what its user calls it."""
    return _TOKEN.sub("", unique)


def definition(job: WorkflowJob) -> dict[str, Any]:
    """
    Write the definition, a request of RegisterJobDefinition.

    Its name is a hash of all the rest, so that equal jobs find and share one definition for ever.
    """
    properties = {
        **job.properties,
        "image": job.image,
        "resourceRequirements": _LEAST_RESOURCES,
        "volumes": [{"name": mount.name, **mount.volume} for mount in job.mounts],
        "mountPoints": [
            {"sourceVolume": mount.name, "containerPath": mount.container_path, "readOnly": mount.read_only}
            for mount in job.mounts
        ],
    }
    content = {"type": "container", "platformCapabilities": ["EC2"], "containerProperties": properties}
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return {"jobDefinitionName": DEFINITION_PREFIX + digest[:24], **content}


def request(job: WorkflowJob, job_definition: str) -> dict[str, Any]:
    """
    Write the request of SubmitJob.

    :param job_definition: its ARN or name.
    """
    return {
        "jobName": job.name,
        "jobQueue": job.queue,
        "jobDefinition": job_definition,
        "containerOverrides": {
            "command": list(job.command),
            "environment": [{"name": name, "value": job.environment[name]} for name in sorted(job.environment)],
            "resourceRequirements": [
                {"type": "VCPU", "value": str(job.cpu)},
                {"type": "MEMORY", "value": str(job.memory_mib)},
            ],
        },
        "propagateTags": True,
        **({"tags": dict(job.tags)} if job.tags else {}),
    }


def overrides_size(submission: Mapping[str, Any]) -> int:
    """Length of the container overrides as JSON, an upper bound of what AWS counts."""
    return len(json.dumps(submission["containerOverrides"]))


def check_request(submission: Mapping[str, Any]) -> None:
    """
    Check a request against the limits that AWS Batch would only report later, or in words of its own.

    :raises ConfigurationError: saying what takes the most room.
    """
    size = overrides_size(submission)
    if size > MAX_OVERRIDES:
        overrides = submission["containerOverrides"]
        variable = max(overrides["environment"], key=lambda item: len(item["value"]))
        word = max(overrides["command"], key=len)
        largest = (
            f"environment variable {variable['name']} ({len(variable['value'])} bytes)"
            if len(variable["value"]) >= len(word)
            else f"argument {word[:40]}... ({len(word)} bytes)"
        )
        raise ConfigurationError(
            f"the workflow job's command and environment take {size} bytes, and AWS Batch allows {MAX_OVERRIDES};"
            f" the largest is {largest}",
            hint="give inputs in a file (-i inputs.json); --no-env passes no environment variables",
        )
    if len(json.dumps(submission)) > MAX_REQUEST:
        raise ConfigurationError(f"the request is longer than the {MAX_REQUEST} bytes that AWS Batch allows")
    if len(submission.get("tags", {})) > MAX_TAGS:
        raise ConfigurationError(f"the workflow job has {len(submission['tags'])} tags, and AWS allows {MAX_TAGS}")
