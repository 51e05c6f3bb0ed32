"""The operations of FSx's API on data repositories, in moto's manner."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.fsx.responses import FSxResponse

if TYPE_CHECKING:
    from miniwdl_aws_local_cloud.fsx.models import LustreBackend

__all__ = ["DataRepositoryResponse"]


class DataRepositoryResponse(FSxResponse):
    """Answers requests about associations and tasks."""

    @property
    def lustre_backend(self) -> LustreBackend:
        """Backend of the account and region of the request."""
        backend: Any = self.fsx_backend
        return backend  # type: ignore[no-any-return]  # the cloud has installed ours

    @property
    def _request(self) -> dict[str, Any]:
        request: dict[str, Any] = json.loads(self.body)
        return request

    def create_data_repository_association(self) -> str:
        """Link a folder with a prefix."""
        return json.dumps(
            {"Association": self.lustre_backend.create_data_repository_association(self._request).to_dict()}
        )

    def describe_data_repository_associations(self) -> str:
        """Describe links."""
        request = self._request
        found = self.lustre_backend.describe_data_repository_associations(
            request.get("AssociationIds") or (), request.get("Filters") or ()
        )
        return json.dumps({"Associations": [item.to_dict() for item in found]})

    def update_data_repository_association(self) -> str:
        """Change a link."""
        return json.dumps(
            {"Association": self.lustre_backend.update_data_repository_association(self._request).to_dict()}
        )

    def delete_data_repository_association(self) -> str:
        """Remove a link."""
        association = self.lustre_backend.delete_data_repository_association(self._request["AssociationId"])
        return json.dumps(
            {
                "AssociationId": association.association_id,
                "Lifecycle": association.lifecycle,
                "DeleteDataInFileSystem": False,
            }
        )

    def create_data_repository_task(self) -> str:
        """Start a task."""
        return json.dumps(
            {"DataRepositoryTask": self.lustre_backend.create_data_repository_task(self._request).to_dict()}
        )

    def describe_data_repository_tasks(self) -> str:
        """Describe tasks."""
        request = self._request
        found = self.lustre_backend.describe_data_repository_tasks(
            request.get("TaskIds") or (), request.get("Filters") or ()
        )
        return json.dumps({"DataRepositoryTasks": [task.to_dict() for task in found]})

    def cancel_data_repository_task(self) -> str:
        """End a task early."""
        task = self.lustre_backend.cancel_data_repository_task(self._request["TaskId"])
        return json.dumps({"TaskId": task.task_id, "Lifecycle": task.lifecycle})
