"""Plain types about looking at things: log lines and preflight checks."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from miniwdl_aws_hooks.settings import Settings

__all__ = ["Check", "CheckState", "FollowRequest", "LogEvent", "PreflightContext", "TaskNeeds"]


@dataclass(frozen=True)
class FollowRequest:
    """A log stream to follow."""

    group: str
    """Log group."""
    stream: str
    """Log stream in the group."""
    job_ended: Callable[[], bool]
    """Whether nothing more will be written, apart from what is still on its way."""
    end_marker: str | None = None
    """A line that ends the log; it is not shown."""
    start_time: int | None = None
    """
    Leave out older events, in milliseconds since the epoch; ``None`` begins with the first one. A time shortly before
    the job's start is worth giving when it is known: the log service has less to search.
    """
    grace: float | None = None
    """
    Seconds of silence after the job's end that end the log where no marker does; ``None`` leaves them to the plugin,
    0 shows what there is now.
    """
    region: str | None = None
    """Where the stream is, if not in the region that is configured."""


@dataclass(frozen=True)
class LogEvent:
    """One event of a log stream."""

    timestamp: int
    """Milliseconds since the epoch, as the writer's clock had it."""
    message: str
    """The line as it was written, control characters and all."""
    stream: str
    """Log stream that it comes from."""


class CheckState(StrEnum):
    """Outcome of a preflight check."""

    OK = "ok"
    """Nothing is to be done."""
    WARNING = "warning"
    """Runs work, and might do so better."""
    FAILED = "failed"
    """Runs would fail, or some of them."""
    UNKNOWN = "unknown"
    """It could not be looked at, for lack of a permission for instance, or can't be known before a run."""


@dataclass(frozen=True)
class PreflightContext:
    """What is to be checked before a run."""

    workflow_queue: str | None
    """Job queue of workflow jobs; ``None`` where none is configured."""
    task_queue: str | None
    """Job queue of task jobs; ``None`` where none is configured."""
    mount_point: str
    """Absolute path of the shared file system inside every job."""
    settings: Settings
    """The configuration."""
    tasks: Sequence[TaskNeeds] = ()
    """The calls of tasks of a workflow that is to run, where one is named; each plugin looks at what it knows of."""


@dataclass(frozen=True)
class TaskNeeds:
    """A call of a task, and what its runtime section says, as far as that can be told before a run."""

    call: str
    """How it is called: ``align``, or ``per_sample.align`` in a subworkflow."""
    task: str
    """Name of the WDL task."""
    runtime: Mapping[str, Any]
    """JSON values by the keys of ``runtime`` (WDL 1.2: ``requirements``), as WDL has them: ``{"memory": "8 GiB"}``."""
    unknown: Mapping[str, str] = field(default_factory=dict)
    """Keys whose value depends on what a run finds out first, with what that is: ``an output of call trim``."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    subject: str
    """What was looked at, a few words: ``file system fs-0123``."""
    state: CheckState
    """What came of it."""
    message: str
    """What was found, one sentence."""
    hint: str | None = None
    """What to do about it."""
    why: str | None = None
    """Why it matters: what would happen else."""
    command: str | None = None
    """The command line that mends it, as it can be typed; capitals stand for what only the user knows."""
