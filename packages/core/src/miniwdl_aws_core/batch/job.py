"""
The one reader of what AWS Batch tells of a job: a JobDetail of DescribeJobs, or the JobSummary of ListJobs. Pure.

Where AWS has several places for one fact, this is where all of them are looked at. What is not told is empty or
``None``; only the id and the status must be there.

Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_JobDetail.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["DEFAULT_LOG_GROUP", "ENDED", "STARTED", "UNFINISHED", "Attempt", "Job", "StreamName"]

UNFINISHED = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING")
"""States of a job on its way, in their order."""
STARTED = frozenset({"STARTING", "RUNNING"})
ENDED = frozenset({"SUCCEEDED", "FAILED"})

DEFAULT_LOG_GROUP = "/aws/batch/job"
"""CloudWatch Logs group of jobs whose log configuration names none."""

_SAYS_NOTHING = "Essential container in task exited"
"""AWS's reason for the end of every container that ended by itself; the container's own reason may say more."""


@dataclass(frozen=True)
class StreamName:
    """Where one container of one attempt of a job logs."""

    group: str
    name: str
    region: str | None = None
    """``None`` for the job's own."""


@dataclass(frozen=True)
class Attempt:
    """An attempt that AWS Batch itself made of a job, and that is over."""

    status_reason: str
    container_reason: str
    exit_code: int | None
    started_at: int | None
    """Milliseconds since the epoch."""
    stopped_at: int | None
    """The same."""
    streams: tuple[StreamName, ...] = ()
    """Where its containers logged; none where it never ran, or logged elsewhere."""

    @property
    def reason(self) -> str:
        """All reasons that say more than that a container exited; empty when there are none."""
        return _joined((self.status_reason, self.container_reason))


@dataclass(frozen=True)
class Job:
    """A job, as AWS Batch tells of it."""

    job_id: str
    status: str
    name: str = ""
    queue_arn: str = ""
    """Its queue, by ARN or by name."""
    definition: str = ""
    image: str = ""
    """The container's, as its definition names it."""
    status_reason: str = ""
    """The job's own: for a waiting one, why it waits."""
    container_reason: str = ""
    """The container's, or that of the last attempt's; empty while it goes on."""
    reasons: tuple[str, ...] = ()
    """
    How it ended, each once: the job's, its last attempt's, its container's, its last attempt's container's. While it
    goes on, the job's alone: what ended an earlier attempt says nothing of this one.
    """
    exit_code: int | None = None
    """The container's, or that of the last attempt's; ``None`` while it goes on."""
    was_stopped: bool = False
    """Whether somebody cancelled or terminated it."""
    created_at: int = 0
    """Milliseconds since the epoch."""
    started_at: int | None = None
    """The same."""
    stopped_at: int | None = None
    """The same."""
    tags: Mapping[str, str] = field(default_factory=dict)
    share_identifier: str | None = None
    scheduling_priority: int | None = None
    """Its own, or its definition's."""
    consumables: Mapping[str, int] = field(default_factory=dict)
    """How much of which consumable resources it holds while it runs, by their names or ARNs."""
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables that AWS Batch adds included."""
    resources: Mapping[str, str] = field(default_factory=dict)
    """What it asks for, by the names that AWS has for it: ``VCPU``, ``MEMORY`` (MiB), ``GPU``."""
    streams: tuple[StreamName, ...] = ()
    """Log streams of all attempts so far, the first one first; empty until it runs, and where it logs elsewhere."""
    log_drivers: tuple[str, ...] = ()
    """By what its containers log."""
    attempts: tuple[Attempt, ...] = ()
    """Those that are over."""
    max_attempts: int = 1
    """How many AWS Batch itself makes at most."""
    array_size: int | None = None
    """Number of children, of the parent of an array."""
    array_index: int | None = None
    """Which child it is, from 0, of one of an array."""
    array_summary: Mapping[str, int] = field(default_factory=dict)
    """How many children are in which state, as the parent tells; empty where it doesn't, or not yet."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    nodes: int | None = None
    """Number of nodes, of a multi-node job."""
    on_eks: bool = False
    task_arn: str | None = None
    container_instance_arn: str | None = None
    execute_command: bool = False
    """Whether ECS Exec has a way into its container."""
    detail: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """AWS's own words, to be handed on; not to be read by anybody else here."""

    @classmethod
    def of(cls, detail: Mapping[str, Any]) -> Job:
        """
        Read a JobDetail or a JobSummary.

        :raises KeyError: when it has no id or no status, so that it can't be AWS's.
        """
        attempts: Sequence[Mapping[str, Any]] = detail.get("attempts") or ()
        containers = list(_containers(detail))
        container = containers[0] if containers else {}
        last_attempt = attempts[-1] if attempts else {}
        last = next(_containers(last_attempt), {})
        array: Mapping[str, Any] = detail.get("arrayProperties") or {}
        reasons = [_text(item, "statusReason") for item in (detail, last_attempt)]
        container_reasons = [_text(item, "reason") for item in (container, last)]
        status = str(detail["status"])
        ended = status in ENDED
        if not ended:
            # AWS Batch may show a job that is tried again with the container of the attempt before.
            reasons, container_reasons = reasons[:1], []
        return cls(
            job_id=str(detail["jobId"]),
            status=status,
            name=_text(detail, "jobName"),
            queue_arn=_text(detail, "jobQueue"),
            definition=_text(detail, "jobDefinition"),
            image=_text(container, "image"),
            status_reason=reasons[0],
            container_reason=next(filter(None, container_reasons), ""),
            reasons=tuple(dict.fromkeys(filter(None, [*reasons, *container_reasons]))),
            exit_code=container.get("exitCode", last.get("exitCode")) if ended else None,
            was_stopped=bool(detail.get("isTerminated") or detail.get("isCancelled")),
            created_at=int(detail.get("createdAt") or 0),
            started_at=detail.get("startedAt") or None,
            stopped_at=detail.get("stoppedAt") or None,
            tags=dict(detail.get("tags") or {}),
            share_identifier=detail.get("shareIdentifier") or None,
            scheduling_priority=detail.get("schedulingPriority"),
            consumables=_consumables(detail),
            command=tuple(container.get("command") or ()),
            environment=_pairs(container.get("environment"), "name", default=""),
            resources=_pairs(container.get("resourceRequirements"), "type"),
            streams=tuple(dict.fromkeys(_all_streams(attempts, containers))),
            log_drivers=tuple(dict.fromkeys(_driver(item) for item in containers)),
            attempts=tuple(_attempt(item, containers) for item in attempts),
            max_attempts=(detail.get("retryStrategy") or {}).get("attempts") or 1,
            array_size=array.get("size"),
            array_index=array.get("index"),
            array_summary=dict(array.get("statusSummary") or {}),
            parameters=dict(detail.get("parameters") or {}),
            nodes=detail["nodeProperties"].get("numNodes", 1) if "nodeProperties" in detail else None,
            on_eks="eksProperties" in detail,
            task_arn=container.get("taskArn"),
            container_instance_arn=container.get("containerInstanceArn"),
            execute_command=bool(container.get("enableExecuteCommand")),
            detail=detail,
        )

    @classmethod
    def made_up(cls, job_id: str, status: str, *, name: str, queue: str, reason: str = "") -> Job:
        """Tell of a job what AWS Batch does not tell, or not yet."""
        told = {"jobId": job_id, "jobName": name, "jobQueue": queue, "status": status, "statusReason": reason}
        return cls.of({key: value for key, value in told.items() if value})

    def failed_for(self, reason: str) -> Job:
        """Tell of it as AWS would of a job that failed, for a reason that is not AWS's."""
        return Job.of({**self.detail, "status": "FAILED", "statusReason": reason})

    @property
    def queue(self) -> str:
        """Name of its queue."""
        return self.queue_arn.rpartition("/")[2]

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.status in ENDED

    @property
    def reason(self) -> str:
        """All reasons that say more than that a container exited; empty when there are none."""
        return _joined(self.reasons)

    @property
    def stream(self) -> StreamName | None:
        """The newest log stream."""
        return self.streams[-1] if self.streams else None

    @property
    def attempt(self) -> int:
        """Number of the attempt that is under way, or to come, or was the last one: 1 is the first."""
        made = len(self.attempts)
        return max(made, 1) if self.ended and not self._newest_streams else made + 1

    def streams_of(self, attempt: int) -> tuple[StreamName, ...]:
        """
        Tell where the containers of an attempt log; none before it runs.

        :param attempt: its number; 1 is the first.
        """
        if attempt <= len(self.attempts):
            return self.attempts[attempt - 1].streams
        return self._newest_streams if attempt == self.attempt else ()

    @property
    def _newest_streams(self) -> tuple[StreamName, ...]:
        """Those of an attempt that isn't among the others yet."""
        told = {stream for item in self.attempts for stream in item.streams}
        return tuple(stream for stream in self.streams if stream not in told)

    def seconds(self, now: float) -> float | None:
        """
        How long it ran, or has been running; ``None`` before it starts, and while it waits to be tried again.

        :param now: seconds since the epoch.
        """
        if not self.started_at or not (self.ended or self.status in STARTED):
            return None
        return (self.stopped_at or now * 1000) / 1000 - self.started_at / 1000


def _joined(reasons: Iterable[str]) -> str:
    return "; ".join(reason for reason in dict.fromkeys(reasons) if reason and reason != _SAYS_NOTHING)


def _text(item: Mapping[str, Any], key: str) -> str:
    return str(item.get(key) or "")


def _pairs(items: Sequence[Mapping[str, str]] | None, key: str, default: str | None = None) -> Mapping[str, str]:
    """Values by their names; what has no name is left out, and what has no value either, unless there is a default."""
    told = ((item.get(key), item.get("value", default)) for item in items or ())
    return {name: value for name, value in told if name is not None and value is not None}


def _consumables(detail: Mapping[str, Any]) -> Mapping[str, int]:
    listed = (detail.get("consumableResourceProperties") or {}).get("consumableResourceList") or ()
    return {_text(item, "consumableResource"): int(item.get("quantity") or 0) for item in listed}


def _containers(item: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Containers of a job or of an attempt, in either of the two shapes that Batch has for them."""
    if item.get("container"):
        yield item["container"]
    for task in (item.get("ecsProperties") or item).get("taskProperties") or ():
        yield from task.get("containers") or ()


def _attempt(item: Mapping[str, Any], current: Sequence[Mapping[str, Any]]) -> Attempt:
    containers = list(_containers(item))
    container = containers[0] if containers else {}
    return Attempt(
        status_reason=_text(item, "statusReason"),
        container_reason=_text(container, "reason"),
        exit_code=container.get("exitCode"),
        started_at=item.get("startedAt") or None,
        stopped_at=item.get("stoppedAt") or None,
        streams=tuple(dict.fromkeys(_streams(containers, current))),
    )


def _driver(container: Mapping[str, Any]) -> str:
    return _text(container.get("logConfiguration") or {}, "logDriver") or "awslogs"


def _all_streams(attempts: Sequence[Mapping[str, Any]], current: Sequence[Mapping[str, Any]]) -> Iterator[StreamName]:
    """Streams in order of attempts; the running attempt is described only outside of ``attempts``."""
    for containers in chain(map(_containers, attempts), [current]):
        yield from _streams(list(containers), current)


def _streams(containers: Sequence[Mapping[str, Any]], current: Sequence[Mapping[str, Any]]) -> Iterator[StreamName]:
    """Streams of one attempt. Attempts don't repeat the log configuration, and containers of a job keep their order."""
    nothing: Mapping[str, Any] = {}
    for container, configured in zip_longest(containers, current[: len(containers)], fillvalue=nothing):
        name = _text(container, "logStreamName")
        if name and _driver(configured) == "awslogs":
            options = (configured.get("logConfiguration") or {}).get("options") or {}
            group = options.get("awslogs-group") or DEFAULT_LOG_GROUP
            yield StreamName(group, name, options.get("awslogs-region"))
