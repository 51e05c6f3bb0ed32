"""
A run as a report knows it: frozen, and the same whatever it was read from. Pure.

Times are seconds since the epoch, sizes bytes unless a name says otherwise. ``None`` is what nobody has told: a run of
plain miniwdl knows no jobs, a run under way no end.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniwdl_aws_core.records.usage import UsagePoint

__all__ = ["Call", "Failure", "Run", "State", "Try", "TryEnd", "Used"]


class State(StrEnum):
    """Where a run or a call stands."""

    WAITING = "waiting"
    """Begun by miniwdl, with nothing at work for it yet."""
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CACHED = "cached"
    """The call cache had its outputs."""


class TryEnd(StrEnum):
    """How a try of a call ended."""

    UNDER_WAY = "under-way"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    HOST_LOST = "host-lost"
    """The host went away beneath it: a spot instance that AWS took back, for instance."""
    OUT_OF_MEMORY = "out-of-memory"
    STOPPED = "stopped"
    """Somebody stopped it, or the run ended without it."""


@dataclass(frozen=True)
class Used:
    """What a try really used."""

    peak_memory: int | None = None
    """Caches of files included, which the kernel takes back when memory gets short."""
    held_memory: int | None = None
    """Without those, sampled each second: short peaks are missing."""
    cpu_seconds: float | None = None
    read: int | None = None
    written: int | None = None
    wall: float | None = None
    """Seconds of the command itself: without the pull of the image, for instance."""
    source: str = ""
    """What measured it, by :class:`miniwdl_aws_core.records.usage.Source`."""
    series: tuple[UsagePoint, ...] = ()
    """Samples over time, of a try that took longer than a minute and whose directory is at hand."""


@dataclass(frozen=True)
class Try:
    """One try of a call: one job, where calls become jobs."""

    number: int
    end: TryEnd
    created: float | None = None
    """When it was submitted."""
    starting: float | None = None
    """When it had a host."""
    started: float | None = None
    """When its command began."""
    stopped: float | None = None
    exit_code: int | None = None
    reason: str = ""
    failure_class: str = ""
    followed: str = ""
    """What came after it, by :class:`miniwdl_aws_core.records.jobs.Followed`."""
    job_id: str = ""
    queue: str = ""
    log_group: str = ""
    log_stream: str = ""
    image: str = ""
    vcpus: float | None = None
    memory: int | None = None
    """MiB."""
    gpus: int | None = None
    host: str = ""
    """By the name that ECS has for it."""
    instance_type: str = ""
    zone: str = ""
    spot: bool | None = None
    instance_vcpus: float | None = None
    instance_memory: int | None = None
    """MiB of it that jobs can ask for."""
    used: Used = field(default_factory=Used)
    cost: float | None = None
    """US dollars: its share of its host's price."""

    def running(self, now: float | None = None) -> float | None:
        """Seconds for which it ran, or has been running at a time; ``None`` before it starts."""
        end = self.stopped if self.stopped is not None else now
        return None if self.started is None or end is None else max(0.0, end - self.started)

    @property
    def cores(self) -> float | None:
        """Processors that were busy, on average."""
        wall = self.used.wall or self.running()
        return None if self.used.cpu_seconds is None or not wall else self.used.cpu_seconds / wall


@dataclass(frozen=True)
class Call:
    """A call of a task."""

    path: str
    """Within the run, as its directories are named: ``call-sub-1/call-sort``; empty when the run is a single task."""
    task: str
    state: State
    tries: tuple[Try, ...] = ()
    began: float | None = None
    """When miniwdl took it up."""
    ended: float | None = None
    message: str = ""
    """Why it failed."""


@dataclass(frozen=True)
class Failure:
    """Why a run failed: what its first cause says."""

    message: str
    call: str = ""
    """Path of the call; empty when no task is to blame, or when the run is one."""
    task: str = ""
    failure_class: str = ""
    exit_code: int | None = None
    stderr: tuple[str, ...] = ()
    """The task's last lines."""
    log_stream: str = ""
    job_id: str = ""


@dataclass(frozen=True)
class Run:
    """A run."""

    name: str
    """Of its directory: ``20250131_120000_align``."""
    target: str
    """The workflow's name, or that of the task which it consists of."""
    state: State
    calls: tuple[Call, ...] = ()
    began: float | None = None
    ended: float | None = None
    failure: Failure | None = None
    directory: str = ""
    """Where it ran, on the shared file system."""
    folder: str = ""
    """``s3://`` folder of its products; empty where it has none."""
    source: str = ""
    """The WDL, as its submitter named it or as miniwdl saw it."""
    job_id: str = ""
    """Of the workflow job."""
    command: str = ""
    """By which it can be repeated."""
    options: str = ""
    """Those by which commands find the workflow job where it is, such as ``--local``."""
    miniwdl: str = ""
    """Version of miniwdl."""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """What the report lacks, and why: one sentence each."""
    read_at: float | None = None
    """When all this was so."""
