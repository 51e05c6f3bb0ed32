"""The edge to Amazon FSx: its requests, and what their errors mean here. Imports botocore once it makes a client."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.aws.errors import Case, ErrorFamily, translated
from miniwdl_aws_core.aws.session import connect
from miniwdl_aws_fsx_mount.aws.associations import Association, read_associations
from miniwdl_aws_fsx_mount.aws.file_system import WRONG_ID, FileSystem, find_file_system
from miniwdl_aws_fsx_mount.aws.tasks import RepositoryTask, TaskType, read_task
from miniwdl_aws_fsx_mount.errors import FileSystemError, FsxAccessError, FsxBusyError, FsxUnreachableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_fsx import FSxClient

__all__ = ["CONNECTIONS", "FsxService", "asking", "make_client"]

CONNECTIONS = 16
"""Requests that a client can have in flight at once."""

_OURS = ErrorFamily(
    refused=FsxAccessError,
    trouble=FsxUnreachableError,
    cases=(
        Case("FileSystemNotFound", FileSystemError, hint=WRONG_ID),
        Case("DataRepositoryTaskExecuting", FsxBusyError, retryable=True),
    ),
)
asking = partial(translated, family=_OURS)
make_client = partial(connect, connections=CONNECTIONS, family=_OURS)


class FsxService:
    """Amazon FSx, as far as it is needed here."""

    def __init__(self, client: FSxClient) -> None:
        self._client = client

    @classmethod
    def connect(cls, region: str | None = None) -> FsxService:
        """Make a client; nothing is sent yet."""
        return cls(make_client("fsx", region))

    def file_system(self, fsid: str) -> FileSystem:
        """
        Describe a file system.

        :raises FileSystemError: when there is none, or it is not FSx for Lustre.
        """
        with asking(f"look up file system {fsid}"):
            return find_file_system(self._client.describe_file_systems(FileSystemIds=[fsid])["FileSystems"], fsid)

    def associations(self, fsid: str) -> tuple[Association, ...]:
        """Data repository associations of a file system; at most 8 exist."""
        found: list[Any] = []
        position: dict[str, Any] = {}
        with asking(f"look up the data repository associations of {fsid}"):
            while True:
                answer = self._client.describe_data_repository_associations(
                    Filters=[{"Name": "file-system-id", "Values": [fsid]}], **position
                )
                found += answer["Associations"]
                if not answer.get("NextToken"):
                    return read_associations(found)
                position = {"NextToken": answer["NextToken"]}

    def start_task(
        self, fsid: str, kind: TaskType, paths: Sequence[str], *, report: str | None = None, unused_days: int = 0
    ) -> str:
        """
        Start a data repository task and return its id.

        :param paths: relative to the file system's root; for an import, ``s3://`` URIs.
        :param report: ``s3://`` folder under which FSx lists the files that failed; within an association.
        :param unused_days: release only what nobody has read or changed for so long.
        """
        wanted: Any = {"Enabled": False}
        if report is not None:
            wanted = {"Enabled": True, "Path": report, "Format": "REPORT_CSV_20191124", "Scope": "FAILED_FILES_ONLY"}
        more: Any = {}
        if kind is TaskType.RELEASE:
            more["ReleaseConfiguration"] = {"DurationSinceLastAccess": {"Unit": "DAYS", "Value": unused_days}}
        with asking(f"start a data repository task on {fsid}"):
            answer = self._client.create_data_repository_task(
                FileSystemId=fsid, Type=kind.value, Paths=list(paths), Report=wanted, **more
            )
            return answer["DataRepositoryTask"]["TaskId"]

    def task(self, task_id: str) -> RepositoryTask:
        """Look at a data repository task."""
        with asking(f"look up data repository task {task_id}"):
            answer = self._client.describe_data_repository_tasks(TaskIds=[task_id])
            return read_task(answer["DataRepositoryTasks"][0])
