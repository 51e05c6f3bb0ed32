"""
The SubmitJob request of a job, be it the workflow's or a task's, within AWS's limits. Pure.

What differs between jobs of one definition goes in here: command, environment, processors, memory, GPUs, timeout, tags.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.batch.attempts import ONE_ATTEMPT
from miniwdl_aws_core.batch.limits import MAX_NAME, MAX_OVERRIDES, MAX_REQUEST, LimitError, sent_size
from miniwdl_aws_core.batch.run_end import without_end
from miniwdl_aws_core.batch.tags import check_tags

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from miniwdl_aws_core.batch.job import Job

__all__ = ["JobRequest", "again", "command_of", "fits", "job_name", "resources", "submit_request"]


@dataclass(frozen=True)
class JobRequest:
    """Everything about a job that its definition leaves open."""

    name: str
    queue: str
    command: Sequence[str]
    resources: Mapping[str, str]
    """As :func:`resources` gives it; what is left out, the definition says."""
    environment: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    timeout: int | None = None
    """Seconds of an attempt; ``None`` for as long as it takes."""
    retries: Mapping[str, Any] = field(default_factory=lambda: ONE_ATTEMPT)
    """When AWS Batch itself tries again: a ``retryStrategy``."""
    scheduling_priority: int | None = None
    share_identifier: str | None = None
    """Queues with a scheduling policy want one, and a priority, here or in the definition; others take none."""
    consumables: Mapping[str, int] = field(default_factory=dict)
    """How much of which consumable resources it holds while it runs, by their names or ARNs: licences, for instance."""
    array_size: int | None = None
    """Number of children, where it is the parent of an array."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """What is to be read in the job's description; commands of this project refer to none."""
    subject: str = "the job"
    """How errors name it: ``task align``."""
    advice: str | None = None
    """What to do when it is too large."""


def job_name(text: str, suffix: str = "", default: str = "job", prefix: str = "") -> str:
    """
    Make a valid name of a job.

    :param suffix: what is not cut off, such as ``-1f0c``.
    :param default: where nothing is left of the text.
    :param prefix: what stands before it, such as ``1f0c-``.
    """
    readable = re.sub(r"[^A-Za-z0-9_-]+", "-", text).lstrip("-_")
    if readable != text:  # what stands for odd characters is left out at the end, too; what a user wrote there stays
        readable = readable.rstrip("-_")
    readable = prefix + (readable or default)
    return readable[: MAX_NAME - len(suffix)] + suffix


def resources(vcpu: int, memory_mib: int, gpu: int = 0) -> dict[str, str]:
    """Write what a job asks for by AWS's names."""
    found = {"VCPU": str(vcpu), "MEMORY": str(memory_mib)}
    return {**found, "GPU": str(gpu)} if gpu else found


def again(job: Job, name: str, environment: Mapping[str, str], retries: Mapping[str, Any]) -> JobRequest:
    """
    Ask for the same once more.

    :param retries: not the job's own: it may be of a version that had others.
    :param environment: variables that are new or have other values; those that AWS Batch adds it takes from nobody.
    """
    kept = {key: value for key, value in job.environment.items() if not key.startswith("AWS_BATCH")}
    return JobRequest(
        name=name,
        queue=job.queue_arn,
        command=job.command,
        resources=job.resources,
        environment={**kept, **environment},
        tags=without_end(job.tags),
        retries=retries,
        scheduling_priority=job.scheduling_priority,
        share_identifier=job.share_identifier,
        consumables=job.consumables,
    )


def fits(job: JobRequest) -> bool:
    """Whether AWS takes what the job overrides of its definition."""
    return _size(_overrides(job)) <= MAX_OVERRIDES


def submit_request(job: JobRequest, definition: str) -> dict[str, Any]:
    """
    Write the request.

    :param definition: ARN or name of the job definition.
    :raises LimitError: when AWS would refuse it now, or fail the job later.
    """
    overrides = _overrides(job)
    if "" in job.command:
        raise LimitError(f"{job.subject}: its command has an empty argument, which AWS Batch does not take")
    request: dict[str, Any] = {
        "jobName": job.name,
        "jobQueue": job.queue,
        "jobDefinition": definition,
        "containerOverrides": overrides,
        "retryStrategy": dict(job.retries),
        "propagateTags": True,
    }
    if tags := check_tags(job.tags, job.subject):
        request["tags"] = tags
    if job.timeout is not None:
        request["timeout"] = {"attemptDurationSeconds": job.timeout}
    if job.share_identifier is not None:
        request["shareIdentifier"] = job.share_identifier
    if job.scheduling_priority is not None:
        request["schedulingPriorityOverride"] = job.scheduling_priority
    if job.array_size is not None:
        request["arrayProperties"] = {"size": job.array_size}
    if job.parameters:
        request["parameters"] = dict(job.parameters)
    if job.consumables:
        needs = [{"consumableResource": name, "quantity": quantity} for name, quantity in job.consumables.items()]
        request["consumableResourcePropertiesOverride"] = {"consumableResourceList": needs}
    _check_size(job, "command and environment", _size(overrides), MAX_OVERRIDES)
    _check_size(job, "SubmitJob request", sent_size(request), MAX_REQUEST)
    return request


def command_of(request: Mapping[str, Any]) -> tuple[list[str], dict[str, str]]:
    """Tell what a request runs: its command, and its environment variables."""
    overrides = request["containerOverrides"]
    return list(overrides["command"]), {item["name"]: item["value"] for item in overrides.get("environment", ())}


def _overrides(job: JobRequest) -> dict[str, Any]:
    overrides: dict[str, Any] = {"command": list(job.command)}
    if job.resources:
        overrides["resourceRequirements"] = [{"type": kind, "value": value} for kind, value in job.resources.items()]
    if job.environment:
        variables = sorted(job.environment.items())
        overrides["environment"] = [{"name": name, "value": value} for name, value in variables]
    return overrides


def _size(value: Mapping[str, Any]) -> int:
    """Bytes of it as JSON, an upper bound of what AWS counts."""
    return len(json.dumps(value, separators=(",", ":")))


def _check_size(job: JobRequest, what: str, size: int, limit: int) -> None:
    if size > limit:
        raise LimitError(
            f"{job.subject}: {size} bytes are too much for its {what}, of which AWS Batch takes {limit};"
            f" the largest is {_largest(job)}",
            hint=job.advice,
        )


def _largest(job: JobRequest) -> str:
    word = max(job.command, key=len, default="")
    name, value = max(job.environment.items(), key=lambda item: len(item[1]), default=("", ""))
    if len(value) >= len(word):
        return f"environment variable {name} ({len(value)} bytes)"
    return f"argument {word[:40]}... ({len(word)} bytes)"
