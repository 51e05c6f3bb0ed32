"""
Objects in S3's archives: they can be listed and looked at, and nobody can read them before they are restored. Pure.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/archived-objects.html
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniwdl_aws_core.s3uri import S3Uri

__all__ = ["ARCHIVED_CODE", "RESTORE_FIRST", "RESTORE_SOMEHOW", "archive_of", "archive_of_listed", "restore_command"]

ARCHIVED_CODE = "InvalidObjectState"
"""With status 403, what S3 answers to whoever reads such an object: it is no lack of permissions."""

RESTORE_FIRST = "restore it first, which takes from minutes to two days"
RESTORE_SOMEHOW = f"{RESTORE_FIRST}: `aws s3api restore-object`, or copy what is restored to another storage class"
"""What to do where only S3's refusal is known."""

_CLASSES = frozenset({"GLACIER", "DEEP_ARCHIVE"})
"""Storage classes that are archives. GLACIER_IR is none: its objects are read at once."""


def archive_of(head: Mapping[str, Any]) -> str | None:
    """
    Tell in which archive an object lies, in words.

    :param head: answer of HeadObject.
    :return: ``None`` when it can be read, as a restored copy can.
    """
    tier = head.get("ArchiveStatus")
    kind = head.get("StorageClass", "")
    if kind not in _CLASSES and not tier:
        return None
    # `ongoing-request="false", expiry-date="..."` once there is a copy: API_HeadObject, x-amz-restore
    restore = head.get("Restore", "").replace(" ", "")
    if 'ongoing-request="false"' in restore:
        return None
    return _words(f"{kind}, {tier}" if tier else kind, being_restored='ongoing-request="true"' in restore)


def archive_of_listed(item: Mapping[str, Any]) -> str | None:
    """
    Tell the same of an entry of ListObjectsV2, which knows no archive tiers of Intelligent-Tiering.

    :param item: asked for with ``RestoreStatus`` among its optional attributes.
    """
    restore = item.get("RestoreStatus", {})
    if item.get("StorageClass") not in _CLASSES or "RestoreExpiryDate" in restore:
        return None
    return _words(item["StorageClass"], being_restored=restore.get("IsRestoreInProgress", False))


def _words(kind: str, *, being_restored: bool) -> str:
    return f"it is archived ({kind}){', and is being restored' if being_restored else ''}"


def restore_command(uri: S3Uri, archive: str) -> str:
    """Name what restores an object; ``archive`` as above."""
    # Intelligent-Tiering brings an object back for good, and refuses a number of days.
    request = "{}" if "_ACCESS" in archive else "Days=7"
    words = ("aws", "s3api", "restore-object", "--bucket", uri.bucket, "--key", uri.key, "--restore-request", request)
    return shlex.join(words)
