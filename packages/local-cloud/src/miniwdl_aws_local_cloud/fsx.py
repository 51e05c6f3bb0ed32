"""FSx for Lustre as moto has it, with what DescribeFileSystems tells of a real one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from moto.fsx.exceptions import FileSystemNotFound
from moto.fsx.models import FileSystem, FSxBackend

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LustreBackend", "LustreFileSystem"]


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
            "VpcId": "vpc-local",
            "FileSystemTypeVersion": self.version,
        }


class LustreBackend(FSxBackend):
    """moto's FSx, which knows such file systems and refuses unknown ones."""

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
