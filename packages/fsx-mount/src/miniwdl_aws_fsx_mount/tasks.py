"""
Data repository tasks: FSx moves metadata or data between a file system and S3, and one waits.

Source: https://docs.aws.amazon.com/fsx/latest/APIReference/API_DataRepositoryTask.html
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from miniwdl_aws_fsx_mount.errors import FsxUnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["PATHS_LIMIT", "RepositoryTask", "TaskService", "TaskType", "read_task", "watch"]

PATHS_LIMIT = 32
"""Paths of one task. The API's model has 100, the console's own text 32; the smaller number is safe."""

PERIOD = 5.0
"""Seconds between two looks at a task; they rarely end in less than half a minute."""

PATIENCE = 900.0
"""Seconds of outage of the API that a wait survives; the task goes on meanwhile."""


class TaskType(str, Enum):
    """What a task does."""

    EXPORT = "EXPORT_TO_REPOSITORY"
    IMPORT = "IMPORT_METADATA_FROM_REPOSITORY"
    RELEASE = "RELEASE_DATA_FROM_FILESYSTEM"


@dataclass(frozen=True)
class RepositoryTask:
    """A task as it stands."""

    id: str
    lifecycle: str
    """PENDING, EXECUTING, FAILED, SUCCEEDED, CANCELING or CANCELED."""
    total: int
    succeeded: int
    failed: int
    message: str | None
    """Why it failed."""

    @property
    def ended(self) -> bool:
        """Whether nothing more happens."""
        return self.lifecycle in {"FAILED", "SUCCEEDED", "CANCELED"}

    @property
    def progress(self) -> str:
        """How far it is, in a few words."""
        of_total = f" of {self.total}" if self.total else ""
        failures = f", {self.failed} failed" if self.failed else ""
        return f"{self.lifecycle.lower()}: {self.succeeded}{of_total} files{failures}"


class TaskService(Protocol):
    """Whoever starts tasks and knows how they stand."""

    def start_task(
        self, fsid: str, kind: TaskType, paths: Sequence[str], *, report: str | None = None, unused_days: int = 0
    ) -> str:
        """Start a task and return its id."""
        ...

    def task(self, task_id: str) -> RepositoryTask:
        """Look at a task."""
        ...


def read_task(description: Mapping[str, Any]) -> RepositoryTask:
    """Read an entry of DescribeDataRepositoryTasks' answer."""
    status = description.get("Status") or {}
    return RepositoryTask(
        id=description["TaskId"],
        lifecycle=description["Lifecycle"],
        total=status.get("TotalCount", 0),
        succeeded=status.get("SucceededCount", 0),
        failed=status.get("FailedCount", 0),
        message=(description.get("FailureDetails") or {}).get("Message"),
    )


def watch(
    service: TaskService,
    task_id: str,
    progress: Callable[[str], None],
    *,
    sleep: Callable[[float], None] = time.sleep,
    period: float = PERIOD,
) -> RepositoryTask:
    """
    Wait until a task has ended.

    :param progress: is told how far the task is whenever that changes.
    :raises FsxUnreachableError: when FSx can't be reached for long; the task goes on.
    """
    said, outage = None, 0.0
    while True:
        try:
            task = service.task(task_id)
        except FsxUnreachableError:
            outage += period
            if outage > PATIENCE:
                raise
        else:
            outage = 0.0
            if task.progress != said:
                progress(task.progress)
                said = task.progress
            if task.ended:
                return task
        sleep(period)
