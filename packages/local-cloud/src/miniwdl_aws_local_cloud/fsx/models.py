"""FSx as moto has it, with what DescribeFileSystems tells of a real one, and with data repositories."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from moto.fsx.exceptions import FileSystemNotFound
from moto.fsx.models import FileSystem, FSxBackend

from miniwdl_aws_local_cloud.fsx.associations import MAX_ASSOCIATIONS, DataRepositoryAssociation, check_overlap
from miniwdl_aws_local_cloud.fsx.exceptions import (
    AssociationNotFoundError,
    BadRequestError,
    ServiceLimitExceededError,
    TaskEndedError,
    TaskNotFoundError,
)
from miniwdl_aws_local_cloud.fsx.tasks import EXPORT, IMPORT, TYPES, DataRepositoryTask, Repository, run_task

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LustreBackend", "LustreFileSystem"]

MAX_TASK_PATHS = 32


class LustreFileSystem(FileSystem):
    """A file system that is AVAILABLE and can be mounted by name."""

    def __init__(self, *, file_system_type_version: str | None, file_system_id: str | None, **properties: Any) -> None:
        """
        Make it, with the defaults of the real service.

        :param file_system_id: its id, if it isn't to get a new one.
        """
        super().__init__(**properties)
        if file_system_id:
            self.resource_arn = self.resource_arn.replace(self.file_system_id, file_system_id)
            self.dns_name = self.dns_name.replace(self.file_system_id, file_system_id)
            self.file_system_id = file_system_id
        self.created = time.time()
        self.version = file_system_type_version or "2.15"
        self.lustre_configuration = {
            "DeploymentType": "SCRATCH_2",
            "MountName": self.file_system_id.removeprefix("fs-")[:8],
            "DataCompressionType": "NONE",
            **(self.lustre_configuration or {}),
        }

    def to_dict(self) -> dict[str, Any]:
        """Describe it."""
        return {
            **super().to_dict(),
            "OwnerId": self.backend.account_id,
            "CreationTime": self.created,
            "Lifecycle": "AVAILABLE",
            "FileSystemTypeVersion": self.version,
        }


class LustreBackend(FSxBackend):
    """moto's FSx, which knows such file systems, refuses unknown ones, and links them with S3."""

    def __init__(self, region_name: str, account_id: str) -> None:
        """Start empty."""
        super().__init__(region_name, account_id)
        self.repository: Repository | None = None
        """What moves files; without one, tasks succeed and do nothing."""
        self.associations: dict[str, DataRepositoryAssociation] = {}
        self.tasks: dict[str, DataRepositoryTask] = {}
        # One task after the other, as on one file system of AWS.
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="fsx-tasks")

    def create_file_system(  # type: ignore[override]  # everything else is handed on
        self, *, client_request_token: str, file_system_id: str | None = None, **request: Any
    ) -> FileSystem:
        """
        Make a file system.

        :param file_system_id: its id, if it isn't to get a new one; no request has it.
        """
        if request["file_system_type"] != "LUSTRE":
            return super().create_file_system(client_request_token=client_request_token, **request)
        system = LustreFileSystem(
            account_id=self.account_id,
            region_name=self.region_name,
            backend=self,
            file_system_id=file_system_id,
            **request,
        )
        self.file_systems[system.file_system_id] = system
        return system

    def describe_file_systems(  # type: ignore[override]  # moto's decorator hides its parameters
        self, file_system_ids: Sequence[str] | None = None, **paging: Any
    ) -> tuple[list[FileSystem], str | None]:
        """Describe file systems, all of which must exist."""
        for identifier in file_system_ids or ():
            if identifier not in self.file_systems:
                raise FileSystemNotFound(identifier)
        answer: tuple[list[FileSystem], str | None] = super().describe_file_systems(
            file_system_ids=file_system_ids, **paging
        )
        return answer

    def of_file_system(self, file_system_id: str) -> list[DataRepositoryAssociation]:
        """List the associations of a file system."""
        return [item for item in self.associations.values() if item.file_system_id == file_system_id]

    def create_data_repository_association(self, request: dict[str, Any]) -> DataRepositoryAssociation:
        """Link a folder with a prefix."""
        self._check_file_system(request.get("FileSystemId", ""))
        new = DataRepositoryAssociation(self.account_id, self.region_name, request)
        others = self.of_file_system(new.file_system_id)
        if len(others) >= MAX_ASSOCIATIONS:
            raise ServiceLimitExceededError(f"A file system can have {MAX_ASSOCIATIONS} data repository associations.")
        check_overlap(new, others)
        self.associations[new.association_id] = new
        if new.batch_import:
            wanted = {
                "Type": IMPORT,
                "FileSystemId": new.file_system_id,
                "Paths": [new.to_dict()["DataRepositoryPath"]],
            }
            self._start(DataRepositoryTask(self.account_id, self.region_name, wanted))
        return new

    def describe_data_repository_associations(
        self, association_ids: Sequence[str], filters: Sequence[dict[str, Any]]
    ) -> list[DataRepositoryAssociation]:
        """Describe the links with the given ids, or those that pass the filters."""
        for identifier in association_ids:
            if identifier not in self.associations:
                raise AssociationNotFoundError(identifier)
        found = [
            item for item in self.associations.values() if not association_ids or item.association_id in association_ids
        ]
        for item in filters:
            if item["Name"] != "file-system-id":
                raise BadRequestError(f"The filter {item['Name']} is not supported.")
            found = [association for association in found if association.file_system_id in item["Values"]]
        return found

    def update_data_repository_association(self, request: dict[str, Any]) -> DataRepositoryAssociation:
        """Change chunk size and policies of a link."""
        association = self._association(request["AssociationId"])
        association.chunk_size = request.get("ImportedFileChunkSize") or association.chunk_size
        association.policies = {**association.policies, **(request.get("S3") or {})}
        return association

    def delete_data_repository_association(self, association_id: str) -> DataRepositoryAssociation:
        """Remove a link; files and objects stay."""
        association = self._association(association_id)
        del self.associations[association_id]
        association.lifecycle = "DELETING"
        return association

    def create_data_repository_task(self, request: dict[str, Any]) -> DataRepositoryTask:
        """Start a task."""
        self._check_file_system(request.get("FileSystemId", ""))
        if request.get("Type") not in TYPES:
            raise BadRequestError(f"The task type {request.get('Type')} is not supported.")
        report = request.get("Report") or {}
        if report.get("Enabled") and not (report.get("Path") and report.get("Format") and report.get("Scope")):
            raise BadRequestError("An enabled report needs Path, Format and Scope.")
        if len(request.get("Paths") or ()) > MAX_TASK_PATHS:
            raise BadRequestError(f"A task can have at most {MAX_TASK_PATHS} paths.")
        linked = self.of_file_system(request["FileSystemId"])
        if not linked:
            raise BadRequestError(f"File system {request['FileSystemId']} is not linked to a data repository.")
        if request["Type"] == EXPORT and any(item.events("AutoExportPolicy") for item in linked):
            raise BadRequestError("An export task can't be created on a file system with automatic export.")
        task = DataRepositoryTask(self.account_id, self.region_name, request)
        self._start(task)
        return task

    def describe_data_repository_tasks(
        self, task_ids: Sequence[str], filters: Sequence[dict[str, Any]]
    ) -> list[DataRepositoryTask]:
        """Describe the tasks with the given ids, or those that pass the filters."""
        for identifier in task_ids:
            if identifier not in self.tasks:
                raise TaskNotFoundError(identifier)
        found = [task for task in self.tasks.values() if not task_ids or task.task_id in task_ids]
        for item in filters:
            attribute = {"file-system-id": "file_system_id", "task-lifecycle": "lifecycle"}.get(item["Name"])
            if attribute is None:
                raise BadRequestError(f"The filter {item['Name']} is not supported.")
            found = [task for task in found if getattr(task, attribute) in item["Values"]]
        return found

    def cancel_data_repository_task(self, task_id: str) -> DataRepositoryTask:
        """End a task early."""
        if task_id not in self.tasks:
            raise TaskNotFoundError(task_id)
        task = self.tasks[task_id]
        if task.is_over:
            raise TaskEndedError(task_id)
        task.lifecycle = "CANCELING"
        return task

    def close(self) -> None:
        """Cancel what is under way, and wait for it."""
        for task in self.tasks.values():
            if not task.is_over:
                task.lifecycle = "CANCELING"
        self._worker.shutdown()

    def _start(self, task: DataRepositoryTask) -> None:
        self.tasks[task.task_id] = task
        if self.repository is None:
            task.lifecycle = "SUCCEEDED"
        else:
            self._worker.submit(run_task, task, self.of_file_system(task.file_system_id), self.repository)

    def _check_file_system(self, file_system_id: str) -> None:
        if file_system_id not in self.file_systems:
            raise FileSystemNotFound(file_system_id)

    def _association(self, association_id: str) -> DataRepositoryAssociation:
        if association_id not in self.associations:
            raise AssociationNotFoundError(association_id)
        return self.associations[association_id]
