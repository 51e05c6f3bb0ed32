"""What a Batch job is here: what was asked for, and the JobDetail that DescribeJobs shows. Pure."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["ENDED", "QUEUED", "STATES", "Job", "JobSpec", "Status", "merge_container", "now_ms"]


class Status:
    """States of a job, in order."""

    SUBMITTED = "SUBMITTED"
    PENDING = "PENDING"
    RUNNABLE = "RUNNABLE"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


QUEUED = frozenset({Status.SUBMITTED, Status.PENDING, Status.RUNNABLE})
"""States in which CancelJob has an effect."""
ENDED = frozenset({Status.SUCCEEDED, Status.FAILED})
STATES = QUEUED | ENDED | {Status.STARTING, Status.RUNNING}

_OVERRIDABLE = ("command", "environment", "instanceType", "resourceRequirements", "vcpus", "memory")


def now_ms() -> int:
    """Milliseconds since the epoch, AWS's unit of time."""
    return int(time.time() * 1000)


def merge_container(definition: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Apply SubmitJob's overrides to the definition's container properties, as Batch does."""
    merged = dict(definition)
    for key in _OVERRIDABLE:
        if key not in overrides:
            continue
        if key == "environment":
            variables = {item["name"]: item["value"] for item in definition.get("environment") or ()}
            variables.update({item["name"]: item.get("value", "") for item in overrides["environment"]})
            merged[key] = [{"name": name, "value": value} for name, value in variables.items()]
        elif key == "resourceRequirements":
            needs = {item["type"]: item for item in definition.get(key) or ()}
            needs.update({item["type"]: item for item in overrides[key]})
            merged[key] = list(needs.values())
        else:
            merged[key] = overrides[key]
    return merged


def _requirement(container: Mapping[str, Any], kind: str, older: str) -> str | None:
    for item in container.get("resourceRequirements") or ():
        if item["type"] == kind:
            return str(item["value"])
    value = container.get(older)
    return None if value is None else str(value)


@dataclass(frozen=True)
class JobSpec:
    """What a job is to do, everything resolved."""

    name: str
    queue: str
    """Name of its job queue."""
    priority: int
    """Of the queue: higher ones go first where queues share a compute environment."""
    environment_name: str
    """Name of the compute environment."""
    cluster: str
    """Name of the ECS cluster, for ARNs."""
    definition_name: str
    container: Mapping[str, Any]
    """Container properties, overrides applied."""
    parameters: Mapping[str, str]
    attempts: int
    evaluate_on_exit: Sequence[Mapping[str, Any]]
    timeout: float | None
    depends_on: Sequence[str]
    rejected: str | None = None
    """Why the job fails at once, although it was accepted."""

    @property
    def command(self) -> list[str]:
        """The command, with ``Ref::name`` replaced by parameters."""
        return [self._substituted(word) for word in self.container.get("command") or ()]

    def _substituted(self, word: str) -> str:
        for name, value in self.parameters.items():
            word = word.replace(f"Ref::{name}", value)
        return word

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables of the definition and of the request."""
        return {item["name"]: item.get("value", "") for item in self.container.get("environment") or ()}

    @property
    def vcpus(self) -> float:
        """Processors asked for."""
        return float(_requirement(self.container, "VCPU", "vcpus") or 1)

    @property
    def memory_mib(self) -> int:
        """Memory asked for, in MiB."""
        return int(float(_requirement(self.container, "MEMORY", "memory") or 512))

    @property
    def log_options(self) -> Mapping[str, str]:
        """Options of the awslogs driver."""
        options: Mapping[str, str] = (self.container.get("logConfiguration") or {}).get("options") or {}
        return options

    def log_stream(self, task_id: str) -> str:
        """Name of an attempt's log stream."""
        prefix = self.log_options.get("awslogs-stream-prefix") or self.definition_name[:200]
        return f"{prefix}/default/{task_id}"


class Family(Protocol):
    """An array, as its jobs know it; see :mod:`~miniwdl_aws_local_cloud.batch.arrays`."""

    @property
    def parent(self) -> Job:
        """The job that runs nothing."""

    @property
    def children(self) -> Sequence[Job]:
        """Those that run, in the order of their indices."""

    @property
    def over(self) -> bool:
        """Whether all children have ended."""

    @property
    def outcome(self) -> tuple[str, str | None]:
        """State and statusReason of the parent once it is over."""

    def moved(self, before: str, after: str) -> None:
        """Hear that a child has got into another state."""


@dataclass(eq=False)
class Job:
    """
    A job and its JobDetail.

    The detail is never changed in place: each transition makes a new one, so that any thread may read it at any time
    without a lock, and its JSON is made at most once per transition.
    """

    spec: JobSpec
    detail: Mapping[str, Any]
    hidden_until: float = 0.0
    """Seconds since the epoch until which DescribeJobs doesn't know it."""
    array: Family | None = field(default=None, repr=False)
    """To which it belongs, as the parent or as a child."""
    _json: tuple[Mapping[str, Any], str] | None = field(default=None, repr=False)

    @property
    def id(self) -> str:
        """Its jobId."""
        return str(self.detail["jobId"])

    @property
    def arn(self) -> str:
        """Its jobArn."""
        return str(self.detail["jobArn"])

    @property
    def status(self) -> str:
        """Its state."""
        return str(self.detail["status"])

    @property
    def attempt(self) -> int:
        """Number of the attempt under way, or of the next one: 1 is the first."""
        return len(self.detail["attempts"]) + 1

    @property
    def is_child(self) -> bool:
        """Whether it is a child of an array."""
        return self.array is not None and self.array.parent is not self

    @property
    def array_environment(self) -> dict[str, str]:
        """
        Variables by which a child knows which one it is; none of other jobs.

        Source: https://docs.aws.amazon.com/batch/latest/userguide/job_env_vars.html
        """
        if self.array is None or not self.is_child:
            return {}
        index, size = self.detail["arrayProperties"]["index"], len(self.array.children)
        return {"AWS_BATCH_JOB_ARRAY_INDEX": str(index), "AWS_BATCH_JOB_ARRAY_SIZE": str(size)}

    def change(self, container: Mapping[str, Any] | None = None, **changes: Any) -> None:
        """
        Make a new detail.

        :param container: changes of the detail's container.
        :param changes: new values of the other keys; ``None`` removes a key.
        """
        detail = {key: value for key, value in {**self.detail, **changes}.items() if value is not None}
        if container is not None:
            merged = {**self.detail["container"], **container}
            detail["container"] = {key: value for key, value in merged.items() if value is not None}
        before, self.detail = self.status, detail
        if self.array is not None and self.is_child and before != self.status:
            self.array.moved(before, self.status)

    def to_json(self) -> str:
        """Serialize the detail."""
        detail = self.detail
        if self._json is None or self._json[0] is not detail:
            self._json = (detail, json.dumps(detail))
        return self._json[1]

    def summary(self) -> dict[str, Any]:
        """Make the JobSummary that ListJobs shows."""
        keys = ("jobId", "jobArn", "jobName", "createdAt", "status", "statusReason", "startedAt", "stoppedAt")
        summary = {key: self.detail[key] for key in (*keys, "jobDefinition", "arrayProperties") if key in self.detail}
        container = {
            key: self.detail["container"][key] for key in ("exitCode", "reason") if key in self.detail["container"]
        }
        return {**summary, "container": container} if container else summary
