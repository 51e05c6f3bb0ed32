"""
Data repository tasks: FSx moves metadata or data between a file system and S3, and one waits.

Source: https://docs.aws.amazon.com/fsx/latest/APIReference/API_DataRepositoryTask.html
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from miniwdl_aws_fsx_mount.errors import FsxBusyError, FsxUnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["PATHS_LIMIT", "RepositoryTask", "TaskService", "TaskType", "read_task", "run_task", "watch"]

PATHS_LIMIT = 32
"""Paths of one task. The API's model has 100, the console's own text 32; the smaller number is safe."""

FIRST_PERIOD, PERIOD = 0.5, 5.0
"""Seconds between two looks at a task, at first and later: each wait is twice the one before."""

PATIENCE = 900.0
"""Seconds of outage of the API that a wait survives; the task goes on meanwhile."""


class TaskType(StrEnum):
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


def run_task(
    service: TaskService,
    fsid: str,
    kind: TaskType,
    paths: Sequence[str],
    progress: Callable[[str], None],
    *,
    report: str | None = None,
    unused_days: int = 0,
    sleep: Callable[[float], None] = time.sleep,
) -> RepositoryTask:
    """
    Start a task, as soon as no other one keeps the file system from it, and wait until it has ended.

    :param progress: as for :func:`watch`; is also told what is waited for.
    """
    task_id = _start(service, fsid, kind, paths, report, unused_days)
    if task_id is None:
        progress("waiting for another data repository task of the file system")
    while task_id is None:
        sleep(PERIOD)
        task_id = _start(service, fsid, kind, paths, report, unused_days)
    return watch(service, task_id, progress, sleep=sleep)


def _start(
    service: TaskService, fsid: str, kind: TaskType, paths: Sequence[str], report: str | None, unused_days: int
) -> str | None:
    """Start a task; ``None`` when another one is in its way."""
    try:
        return service.start_task(fsid, kind, paths, report=report, unused_days=unused_days)
    except FsxBusyError:
        return None


def watch(
    service: TaskService,
    task_id: str,
    progress: Callable[[str], None],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> RepositoryTask:
    """
    Wait until a task has ended.

    :param progress: is told how far the task is whenever that changes.
    :raises FsxUnreachableError: when FSx can't be reached for long; the task goes on.
    """
    said, outage, wait = None, 0.0, FIRST_PERIOD
    while True:
        try:
            task = service.task(task_id)
        except FsxUnreachableError:
            outage += wait
            if outage > PATIENCE:
                raise
        else:
            outage = 0.0
            if task.progress != said:
                progress(task.progress)
                said = task.progress
            if task.ended:
                return task
        sleep(wait)
        wait = min(2 * wait, PERIOD)
