"""The SubmitJob request of one try of a task, within AWS's limits."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from miniwdl_aws_batch_backend.errors import RequestTooLargeError, TaskSettingError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from miniwdl_aws_batch_backend.resources import Resources

__all__ = ["JobPlan", "check_tags", "job_name", "submit_request"]

MAX_NAME = 128
MAX_TAGS = 50
MAX_OVERRIDES = 8192
"""Beyond it AWS takes the job and fails it later: ``Container Overrides length must be at most 8192``."""
MAX_REQUEST = 30 * 1024
"""https://docs.aws.amazon.com/batch/latest/userguide/service_limits.html"""
_TAG_TEXT = re.compile(r"[\w\s+\-=.:/@]*")


@dataclass(frozen=True)
class JobPlan:
    """Everything about one try that goes into its SubmitJob request."""

    name: str
    queue: str
    command: Sequence[str]
    resources: Resources
    timeout: int
    tags: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    scheduling_priority: int | None = None
    share_identifier: str | None = None


def job_name(run_id: str, task_dir: str, number: int, process: str) -> str:
    """
    Name the n-th job of a task: readable, and like no other job's, so that a lost answer can be looked up by it.

    :param run_id: miniwdl's, such as ``call-align-3``.
    :param process: a text that no other process has, since a later run may use the same directory.
    """
    token = hashlib.sha256(f"{process}#{task_dir}#{number}".encode()).hexdigest()[:10]
    suffix = f"{f'-try{number}' if number > 1 else ''}-{token}"
    readable = re.sub(r"[^A-Za-z0-9_-]+", "-", run_id.removeprefix("call-")).lstrip("-_") or "task"
    return readable[: MAX_NAME - len(suffix)] + suffix


def check_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """
    Make sure that AWS takes the tags; values are cut to size, since they may come from file names.

    :raises TaskSettingError: naming the tag.
    """
    if len(tags) > MAX_TAGS:
        raise TaskSettingError(f"a job may have {MAX_TAGS} tags, not {len(tags)}", hint="see [aws] job_tags")
    for key in tags:
        if not 1 <= len(key) <= 128 or not _TAG_TEXT.fullmatch(key) or key.lower().startswith("aws:"):
            raise TaskSettingError(
                f"{key!r} is not a name for a tag",
                hint="AWS takes 1 to 128 letters, digits, spaces and + - = . _ : / @, but not the prefix aws:",
            )
    return {key: re.sub(r"[^\w\s+\-=.:/@]", "_", value)[:256] for key, value in tags.items()}


def submit_request(plan: JobPlan, definition_arn: str) -> dict[str, Any]:
    """
    Write the request.

    :raises RequestTooLargeError: when AWS would refuse it.
    """
    resources = [
        {"type": "VCPU", "value": str(plan.resources.vcpu)},
        {"type": "MEMORY", "value": str(plan.resources.memory_mib)},
    ]
    if plan.resources.gpu:
        resources.append({"type": "GPU", "value": str(plan.resources.gpu)})
    overrides: dict[str, Any] = {"command": list(plan.command), "resourceRequirements": resources}
    if plan.environment:
        overrides["environment"] = [{"name": name, "value": value} for name, value in plan.environment.items()]
    request: dict[str, Any] = {
        "jobName": plan.name,
        "jobQueue": plan.queue,
        "jobDefinition": definition_arn,
        "containerOverrides": overrides,
        "timeout": {"attemptDurationSeconds": plan.timeout},
        # miniwdl owns retries: each is counted, logged, and has files of its own.
        "retryStrategy": {"attempts": 1},
        "propagateTags": True,
        "tags": check_tags(plan.tags),
    }
    if plan.share_identifier is not None:
        request["shareIdentifier"] = plan.share_identifier
    if plan.scheduling_priority is not None:
        request["schedulingPriorityOverride"] = plan.scheduling_priority
    _check_size(plan.name, "container overrides", overrides, MAX_OVERRIDES)
    _check_size(plan.name, "SubmitJob request", request, MAX_REQUEST)
    return request


def _check_size(name: str, what: str, value: Mapping[str, Any], limit: int) -> None:
    size = len(json.dumps(value, separators=(",", ":")))
    if size > limit:
        raise RequestTooLargeError(
            f"the {what} of job {name} has {size} bytes; AWS takes {limit}",
            hint="a shorter run directory, or fewer environment variables from plugins",
        )
