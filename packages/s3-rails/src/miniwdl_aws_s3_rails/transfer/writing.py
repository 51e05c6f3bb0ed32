"""How objects are written: encryption, checksum, storage class, tags, and whether they may replace others."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniwdl_aws_s3_rails.configuration import RailsOptions

__all__ = ["CHECKSUM", "EXECUTABLE", "Protection", "PutOptions", "is_executable", "read_protection", "read_put_options"]

CHECKSUM = "CRC64NVME"
"""Of the checksums that S3 compares, the one it recommends; it covers an object as a whole, however many its parts.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

PERMISSIONS = "file-permissions"
EXECUTABLE = ((PERMISSIONS, "0100755"),)
"""
Metadata of an object that is an executable file, as FSx for Lustre, File Gateway and DataSync write it.
https://docs.aws.amazon.com/fsx/latest/LustreGuide/posix-metadata-support.html
"""


@dataclass(frozen=True)
class Protection:
    """What all objects get that are written to S3, staged files too."""

    encryption: str | None = None
    """``AES256``, ``aws:kms`` or ``aws:kms:dsse``; ``None`` leaves it to the bucket."""
    kms_key: str | None = None
    bucket_key: bool | None = None
    checksum: str = "auto"

    def sends_checksum(self, *, aws: bool) -> bool:
        """
        Whether a checksum goes along with the data for the server to compare.

        :param aws: whether the server is AWS's own; many others refuse checksums that they don't know.
        """
        return self.checksum == "crc64nvme" or (self.checksum == "auto" and aws)

    def store_config(self, *, aws: bool) -> dict[str, Any]:
        """Put it in obstore's words."""
        config = {
            "server_side_encryption": self.encryption,
            "sse_kms_key_id": self.kms_key,
            "sse_bucket_key_enabled": self.bucket_key,
            "checksum_algorithm": CHECKSUM if self.sends_checksum(aws=aws) else None,
        }
        return {key: value for key, value in config.items() if value is not None}

    def parameters(self) -> dict[str, Any]:
        """Put it in the words of S3's own operations."""
        config = {
            "ServerSideEncryption": self.encryption,
            "SSEKMSKeyId": self.kms_key,
            "BucketKeyEnabled": self.bucket_key,
        }
        return {key: value for key, value in config.items() if value is not None}


@dataclass(frozen=True)
class PutOptions:
    """What some objects get: the products of runs, and staged files that are executable."""

    storage_class: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    metadata: tuple[tuple[str, str], ...] = ()
    replace: bool = True
    """Whether another object that is there already may be replaced."""

    def store_arguments(self) -> dict[str, Any]:
        """Put it in obstore's words."""
        arguments: dict[str, Any] = {} if self.replace else {"mode": "create"}
        attributes = {**dict(self.metadata), **({"Storage-Class": self.storage_class} if self.storage_class else {})}
        if attributes:
            arguments["attributes"] = attributes
        if self.tags:
            arguments["tags"] = dict(self.tags)
        return arguments

    def parameters(self) -> dict[str, Any]:
        """Put it in the words of PutObject and CreateMultipartUpload."""
        parameters = {
            "StorageClass": self.storage_class,
            "Tagging": urlencode(self.tags),
            "Metadata": dict(self.metadata),
        }
        return {key: value for key, value in parameters.items() if value}

    def condition(self) -> dict[str, str]:
        """Put in the words of PutObject and CompleteMultipartUpload that nothing may be replaced."""
        return {} if self.replace else {"IfNoneMatch": "*"}


def is_executable(metadata: Mapping[str, str]) -> bool:
    """
    Whether an object is a file that its owner may execute.

    :param metadata: as AWS's file services and :data:`EXECUTABLE` write it, ``{"file-permissions": "0100755"}``.
    """
    return re.fullmatch("0*10[0-7]?[1357][0-7]{2}", metadata.get(PERMISSIONS, "")) is not None


def read_protection(options: RailsOptions) -> Protection:
    """Read what concerns all objects, and check that it goes together."""
    options.check_protection()
    return Protection(options.encryption, options.kms_key, options.bucket_key, options.checksum)


def read_put_options(options: RailsOptions) -> PutOptions:
    """Read what concerns the products of runs."""
    options.check_tags()
    return PutOptions(options.storage_class, tuple(options.object_tags.items()))
