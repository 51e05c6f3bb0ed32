"""
Data repository associations: one folder of a file system and one prefix of S3, linked. Pure.

Source: https://docs.aws.amazon.com/fsx/latest/LustreGuide/overview-dra-data-repo.html
"""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

from moto.core.common_models import BaseModel

from miniwdl_aws_local_cloud.fsx.exceptions import BadRequestError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MAX_ASSOCIATIONS", "DataRepositoryAssociation", "check_overlap", "folder_parts", "split_repository"]

MAX_ASSOCIATIONS = 8
DEFAULT_CHUNK_MIB = 1024
_SCHEME = "s3://"


def folder_parts(path: str) -> tuple[str, ...]:
    """
    Split a path on the file system, with or without slashes at its ends, into its parts.

    :raises BadRequestError: when it leaves the file system.
    """
    parts = tuple(part for part in path.split("/") if part)
    if {".", ".."} & set(parts):
        raise BadRequestError(f"The path {path} is invalid.")
    return parts


def split_repository(path: str) -> tuple[str, str]:
    """
    Split ``s3://bucket/prefix/`` into bucket and prefix, without slashes at the ends.

    :raises BadRequestError: when it is no such path.
    """
    bucket, _, prefix = path.removeprefix(_SCHEME).partition("/")
    if not path.startswith(_SCHEME) or not bucket:
        raise BadRequestError(f"The data repository path {path} is invalid.")
    return bucket, prefix.strip("/")


class DataRepositoryAssociation(BaseModel):
    """One link."""

    def __init__(self, account_id: str, region: str, request: dict[str, Any]) -> None:
        """Make it from a CreateDataRepositoryAssociation request."""
        self.association_id = f"dra-{uuid.uuid4().hex[:17]}"
        self.arn = f"arn:aws:fsx:{region}:{account_id}:association/{request['FileSystemId']}/{self.association_id}"
        self.file_system_id: str = request["FileSystemId"]
        self.folder = folder_parts(request.get("FileSystemPath") or "/")
        self.bucket, self.prefix = split_repository(request.get("DataRepositoryPath") or "")
        self.batch_import = bool(request.get("BatchImportMetaDataOnCreate"))
        self.chunk_size = int(request.get("ImportedFileChunkSize") or DEFAULT_CHUNK_MIB)
        self.policies: dict[str, Any] = dict(request.get("S3") or {})
        self.created = time.time()
        self.lifecycle = "AVAILABLE"
        self.problem: str | None = None

    @property
    def key_prefix(self) -> str:
        """What the keys of its objects begin with."""
        return f"{self.prefix}/" if self.prefix else ""

    def events(self, policy: str) -> frozenset[str]:
        """Tell the events of ``AutoImportPolicy`` or ``AutoExportPolicy``."""
        return frozenset((self.policies.get(policy) or {}).get("Events") or ())

    def to_dict(self) -> dict[str, Any]:
        """Describe it."""
        described = {
            "AssociationId": self.association_id,
            "ResourceARN": self.arn,
            "FileSystemId": self.file_system_id,
            "Lifecycle": self.lifecycle,
            "FileSystemPath": "/" + "/".join(self.folder),
            "DataRepositoryPath": f"{_SCHEME}{self.bucket}/{self.key_prefix}",
            "BatchImportMetaDataOnCreate": self.batch_import,
            "ImportedFileChunkSize": self.chunk_size,
            "S3": self.policies,
            "CreationTime": self.created,
        }
        return {**described, "FailureDetails": {"Message": self.problem}} if self.problem else described


def check_overlap(new: DataRepositoryAssociation, others: Iterable[DataRepositoryAssociation]) -> None:
    """Refuse a link that shares a folder or a prefix with another one of the file system."""
    for other in others:
        if _nested(new.folder, other.folder):
            raise BadRequestError(f"The file system path overlaps with that of {other.association_id}.")
        if new.bucket == other.bucket and _nested(folder_parts(new.prefix), folder_parts(other.prefix)):
            raise BadRequestError(f"The data repository path overlaps with that of {other.association_id}.")


def _nested(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]
