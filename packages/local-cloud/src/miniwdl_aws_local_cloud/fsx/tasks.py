"""
Data repository tasks: importing, exporting and releasing, in the background.

Source: https://docs.aws.amazon.com/fsx/latest/LustreGuide/data-repository-tasks.html
"""

from __future__ import annotations

import csv
import io
import logging
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from moto.core.common_models import BaseModel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from miniwdl_aws_local_cloud.fsx.associations import DataRepositoryAssociation

__all__ = [
    "EXPORT",
    "IMPORT",
    "RELEASE",
    "TYPES",
    "DataRepositoryTask",
    "FileFailureError",
    "PathFailureError",
    "Repository",
    "Step",
    "report_of",
    "run_task",
]

logger = logging.getLogger(__name__)

EXPORT = "EXPORT_TO_REPOSITORY"
IMPORT = "IMPORT_METADATA_FROM_REPOSITORY"
RELEASE = "RELEASE_DATA_FROM_FILESYSTEM"
TYPES = frozenset({EXPORT, IMPORT, RELEASE})
ENDED = frozenset({"SUCCEEDED", "FAILED", "CANCELED"})
_ODD_START = ("@", "+", "-", "=")


class FileFailureError(Exception):
    """One file could not be processed; the others go on."""

    def __init__(self, code: str) -> None:
        """Keep the ErrorCode of the report, such as ``S3AccessDenied``."""
        super().__init__(code)
        self.code = code


class PathFailureError(Exception):
    """A path of the task is invalid: nothing of it is processed."""


@dataclass(frozen=True)
class Step:
    """One file of a task."""

    path: str
    """As the report names it."""
    process: Callable[[], int]
    """Does it; returns the bytes that were released. Raises :class:`FileFailureError`."""


class Repository(Protocol):
    """What really moves files; moto would need none."""

    def plan(self, task: DataRepositoryTask, associations: Sequence[DataRepositoryAssociation]) -> list[Step]:
        """
        List the files of a task.

        :raises PathFailureError: when a path is invalid.
        """

    def write_report(self, uri: str, text: str) -> None:
        """Put a report into S3."""


class DataRepositoryTask(BaseModel):
    """One task."""

    def __init__(self, account_id: str, region: str, request: dict[str, Any]) -> None:
        """Make it from a CreateDataRepositoryTask request."""
        self.task_id = f"task-{uuid.uuid4().hex[:17]}"
        self.arn = f"arn:aws:fsx:{region}:{account_id}:task/{self.task_id}"
        self.type: str = request["Type"]
        self.file_system_id: str = request["FileSystemId"]
        self.paths: list[str] = list(request.get("Paths") or ())
        self.report: dict[str, Any] = dict(request.get("Report") or {"Enabled": False})
        self.release: dict[str, Any] | None = request.get("ReleaseConfiguration")
        self.lifecycle = "PENDING"
        self.created = time.time()
        self.started: float | None = None
        self.ended: float | None = None
        self.updated: float | None = None
        self.total = self.succeeded = self.failed = self.released = 0
        self.problem: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens."""
        return self.lifecycle in ENDED

    def to_dict(self) -> dict[str, Any]:
        """Describe it."""
        status = {
            "TotalCount": self.total,
            "SucceededCount": self.succeeded,
            "FailedCount": self.failed,
            "LastUpdatedTime": self.updated,
        }
        if self.type == RELEASE:
            status["ReleasedCapacity"] = self.released >> 30
        described = {
            "TaskId": self.task_id,
            "ResourceARN": self.arn,
            "Type": self.type,
            "FileSystemId": self.file_system_id,
            "Lifecycle": self.lifecycle,
            "Paths": self.paths,
            "Report": self.report,
            "ReleaseConfiguration": self.release,
            "CreationTime": self.created,
            "StartTime": self.started,
            "EndTime": self.ended,
            "Status": {key: value for key, value in status.items() if value is not None} if self.started else None,
            "FailureDetails": {"Message": self.problem} if self.problem else None,
        }
        return {key: value for key, value in described.items() if value is not None}


def run_task(
    task: DataRepositoryTask, associations: Sequence[DataRepositoryAssociation], repository: Repository
) -> None:
    """Do everything of a task, unless it is cancelled meanwhile."""
    if task.lifecycle != "PENDING":
        task.lifecycle = "CANCELED"
        return
    task.lifecycle, task.started = "EXECUTING", time.time()
    try:
        failures = _run_steps(task, repository.plan(task, associations))
        if failures and task.report.get("Enabled"):
            name = "report.csv" if task.type == IMPORT else "failures.csv"
            repository.write_report(f"{task.report['Path'].rstrip('/')}/{task.task_id}/{name}", report_of(failures))
    except PathFailureError as exc:
        task.problem = str(exc)
    except Exception:
        logger.exception("data repository task %s failed", task.task_id)
        task.problem = "An internal error occurred; see the log of the local cloud."
    task.ended = task.updated = time.time()
    if task.lifecycle == "CANCELING":
        task.lifecycle = "CANCELED"
    else:
        task.lifecycle = "FAILED" if task.problem else "SUCCEEDED"


def _run_steps(task: DataRepositoryTask, steps: Sequence[Step]) -> list[tuple[str, str]]:
    task.total = len(steps)
    failures = []
    for step in steps:
        if task.lifecycle == "CANCELING":
            break
        try:
            task.released += step.process()
        except FileFailureError as exc:
            failures.append((step.path, exc.code))
            task.failed += 1
        else:
            task.succeeded += 1
        task.updated = time.time()
    if failures:
        task.problem = f"{len(failures)} of {task.total} files failed."
    return failures


def report_of(failures: Iterable[tuple[str, str]]) -> str:
    """
    Write a completion report of the format ``REPORT_CSV_20191124``: path, status and error code of each failed file.

    Source: https://docs.aws.amazon.com/fsx/latest/LustreGuide/task-completion-report.html
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for path, code in failures:
        # AWS's own example: @filename.txt becomes """@filename.txt"""
        shown = f'"{path}"' if path.startswith(_ODD_START) else path
        writer.writerow((shown, "failed", code))
    return text.getvalue()
