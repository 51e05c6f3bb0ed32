"""Between the cloud's door and moto's manner of answering: the operations that moto doesn't have."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from moto.core.exceptions import JsonRESTError
from moto.core.utils import camelcase_to_underscores

from miniwdl_aws_local_cloud.door.protocols import ApiError, Reply
from miniwdl_aws_local_cloud.fsx.responses import DataRepositoryResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["FsxOperations"]

_NAMES = (
    "CreateDataRepositoryAssociation",
    "DescribeDataRepositoryAssociations",
    "UpdateDataRepositoryAssociation",
    "DeleteDataRepositoryAssociation",
    "CreateDataRepositoryTask",
    "DescribeDataRepositoryTasks",
    "CancelDataRepositoryTask",
)


class FsxOperations:
    """Answers requests about data repositories."""

    def __init__(self, account_id: str, region: str) -> None:
        """Serve one account in one region."""
        self._account_id = account_id
        self._region = region
        self.operations: Mapping[str, Callable[[bytes], Reply]] = {
            name: partial(self._answer, camelcase_to_underscores(name)) for name in _NAMES
        }

    def _answer(self, method: str, body: bytes) -> Reply:
        response = DataRepositoryResponse()
        # What moto's dispatcher would take from the HTTP request.
        response.body = body.decode("utf-8")
        response.current_account = self._account_id
        response.region = self._region
        try:
            answer: str = getattr(response, method)()
        except JsonRESTError as error:
            raise ApiError(error.error_type, error.message) from error
        return Reply(200, {"Content-Type": "application/x-amz-json-1.1"}, answer.encode())
