"""Plain types about Batch jobs: what is mounted, what is submitted, where, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniwdl_aws_hooks.settings import Settings

__all__ = [
    "FailureClass",
    "FailurePolicy",
    "FailureVerdict",
    "FileSystemContext",
    "JobChange",
    "JobChanges",
    "JobContext",
    "JobFailure",
    "JobRole",
    "Mount",
    "MountContext",
    "QueueContext",
]


class JobRole(StrEnum):
    """What a Batch job is for."""

    WORKFLOW = "workflow"
    """Runs miniwdl itself."""
    TASK = "task"
    """Runs the command of one WDL task."""


@dataclass(frozen=True)
class MountContext:
    """What a ``mounts`` hook may want to know."""

    role: JobRole
    """For which kind of job the volumes are."""
    mount_point: str
    """Absolute path of the shared file system inside every job, ``/mnt/fsx`` by default; no trailing slash."""
    settings: Settings
    """Reads ``[aws] fs`` (the file system's id), ``[aws] region`` and whatever a plugin documents of its own."""


@dataclass(frozen=True)
class FileSystemContext:
    """The shared file system as the workflow job sees it."""

    mount_point: str
    """Absolute path, the same in every job; no trailing slash."""
    settings: Settings
    """The configuration."""


@dataclass(frozen=True)
class Mount:
    """
    One volume of a Batch job with the place where the container sees it.

    Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_Volume.html
    """

    name: str
    """Name of the volume: letters, digits, hyphens and underscores, at most 255; unique within a job."""
    container_path: str
    """Absolute path inside the container, no trailing slash."""
    volume: Mapping[str, Any]
    """A Batch ``Volume`` without its name, such as ``{"host": {"sourcePath": "/mnt/fsx"}}``."""
    read_only: bool = False
    """Whether jobs can't write there."""
    sentinel: str | None = None
    """File that must exist under ``container_path``, relative to it; jobs refuse to start without it."""


@dataclass(frozen=True)
class JobContext:
    """A job about to be submitted."""

    role: JobRole
    """What it is for."""
    name: str
    """The jobName."""
    queue: str
    """Name or ARN of its job queue."""
    image: str
    """Container image, as the job definition names it."""
    settings: Settings
    """The configuration."""
    run_id: str | None = None
    """miniwdl's run id of the task call, such as ``call-align-3``; ``None`` for workflow jobs."""
    task_name: str | None = None
    """Name of the WDL task; ``None`` for workflow jobs."""
    try_number: int = 1
    """1 for the first try."""
    runtime: Mapping[str, Any] = field(default_factory=dict)
    """The task's effective runtime values, as miniwdl evaluated them."""


@dataclass(frozen=True)
class JobChanges:
    """
    What a plugin adds to a job. Two plugins that set the same key to different values are an error.

    Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_SubmitJob.html
    """

    tags: Mapping[str, str] = field(default_factory=dict)
    """At most 50 in all; a key has at most 128 characters, a value 256."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Names cannot begin with ``AWS_BATCH``."""
    container_properties: Mapping[str, Any] = field(default_factory=dict)
    """Properties of the job definition, such as ``ulimits``, ``secrets`` or ``jobRoleArn``; image, command, mounts and
    resources are the backend's and refused here."""


@dataclass(frozen=True)
class QueueContext:
    """A try of a task about to be queued."""

    run_id: str
    """miniwdl's run id of the task call."""
    task_name: str
    """Name of the WDL task."""
    try_number: int
    """1 for the first try."""
    interruptions: int
    """How many tries of this call were lost with their host so far."""
    preemptible: int
    """How many such losses the task allows (``runtime.preemptible``)."""
    queue: str
    """The configured job queue."""
    fallback_queue: str | None
    """The queue for tasks that have lost their hosts; ``None`` without one."""
    runtime: Mapping[str, Any]
    """The task's effective runtime values, as miniwdl evaluated them."""
    settings: Settings
    """The configuration."""


class FailureClass(StrEnum):
    """Why a job failed; the value is what error.json says."""

    TOOL_ERROR = "tool-error"
    """The task's command ended with an exit code of its own."""
    OUT_OF_MEMORY = "out-of-memory"
    """It used more memory than the job had."""
    HOST_LOST = "host-lost"
    """The instance was reclaimed or stopped."""
    IMAGE_TRANSIENT = "image-transient"
    """The image could not be pulled just then."""
    IMAGE_FORBIDDEN = "image-forbidden"
    """There is no such image, or it wants a login."""
    IMAGE_NO_SPACE = "image-no-space"
    """The host's disk is too full for the image."""
    IMAGE_PLATFORM = "image-platform"
    """The image is not made for the processors of the host."""
    IMAGE_NO_COMMAND = "image-no-command"
    """The image lacks the program with which its container begins: a shell, or its entrypoint."""
    IMAGE_ENTRYPOINT = "image-entrypoint"
    """The image's entrypoint does not run the command that it is given."""
    CONTAINER_START = "container-start"
    """The container could not be made or started."""
    TIMEOUT = "timeout"
    """The try took longer than its time limit."""
    STOPPED_BY_USER = "stopped-by-user"
    """Somebody terminated the job, and not this run."""
    MOUNT_MISSING = "mount-missing"
    """The host had not mounted the shared file system."""
    STUCK_IN_QUEUE = "stuck-in-queue"
    """The job stayed RUNNABLE for longer than is allowed."""
    CONFLICTING_EXIT = "conflicting-exit"
    """Batch says FAILED, the exit file says 0."""
    JOB_REJECTED = "job-rejected"
    """Batch took the job, then found its request invalid."""
    JOB_VANISHED = "job-vanished"
    """Batch took the job, and does not know it any more."""
    ALREADY_BEGUN = "already-begun"
    """The task was submitted twice, and the job that had begun can't be found."""
    UNKNOWN = "unknown"
    """Nothing that is known by its text, and no exit code."""


class FailurePolicy(StrEnum):
    """What happens after a failure."""

    FAIL = "fail"
    """The task fails; ``maxRetries`` does not help."""
    RETRY = "retry"
    """Counts against ``runtime.maxRetries``, as a tool's own error does."""
    INTERRUPTED = "interrupted"
    """Counts against ``runtime.preemptible`` first, since the host was lost."""
    INFRASTRUCTURE = "infrastructure"
    """Tried again after a pause, within a small budget of its own; then as ``RETRY``."""


@dataclass(frozen=True)
class JobFailure:
    """A job that Batch reports as FAILED, or as SUCCEEDED although the task's command never began."""

    job: Mapping[str, Any]
    """Its JobDetail, as DescribeJobs returned it."""
    exit_file: int | None
    """Exit code that the task's wrapper left in the task directory; ``None`` when it left none."""
    stderr_tail: str
    """Last lines of the task's standard error."""
    begun: bool | None = None
    """Whether the task's command began, by what its wrapper left on the file system; ``None`` when that isn't known."""


@dataclass(frozen=True)
class FailureVerdict:
    """What a failure is, in one sentence, with what follows from it."""

    failure_class: FailureClass
    """What it is."""
    policy: FailurePolicy
    """What follows."""
    message: str
    """One sentence for the user."""


@dataclass(frozen=True)
class JobChange:
    """A task job that entered another state."""

    job_id: str
    """Id of the Batch job; of a child of an array job, ``PARENT:INDEX``."""
    job_name: str
    """Its jobName."""
    run_id: str
    """miniwdl's run id of the task call."""
    task_name: str
    """Name of the WDL task."""
    try_number: int
    """1 for the first try."""
    queue: str
    """Name or ARN of its job queue."""
    status: str
    """SUBMITTED, PENDING, RUNNABLE, STARTING, RUNNING, SUCCEEDED or FAILED."""
    previous: str | None
    """The state before, ``None`` at submission."""
    log_stream: str | None
    """Name of its CloudWatch log stream, known from RUNNING on."""
    status_reason: str | None
    """What Batch says of the state; ``None`` where it says nothing."""
    run_dir: str
    """The task's run directory."""
    at: float
    """When it was noticed, in seconds since the epoch."""
    log_group: str | None = None
    """CloudWatch log group of the stream."""
