"""
Uploads to S3 in parts that were begun, and neither ended nor given up: nobody sees them, and their parts cost.

S3 keeps neither metadata nor tags where they could be read before the end, so that only the key, the time and who began
it tell whose an upload is: https://docs.aws.amazon.com/AmazonS3/latest/API/API_MultipartUpload.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniwdl_aws_core.aws.errors import PLAIN, AwsError, ErrorFamily, translated
from miniwdl_aws_core.s3uri import S3Uri

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client

__all__ = ["OpenUpload", "give_up", "open_uploads"]

GONE = "NoSuchUpload"


@dataclass(frozen=True)
class OpenUpload:
    """One of them."""

    uri: S3Uri
    upload_id: str
    begun: float
    """Seconds since the epoch, by S3's clock."""
    initiator: str
    """ARN of a user, or of a role's session; empty where the server doesn't tell."""


def open_uploads(client: S3Client, folder: S3Uri, family: ErrorFamily = PLAIN) -> Iterator[OpenUpload]:
    """
    List those whose keys begin like a folder's, page by page.

    :param folder: as it is: ``s3://b/a`` is also the beginning of ``s3://b/ab``.
    :raises AwsError: of that family.
    """
    with translated(f"list the open uploads of {folder}", family):
        for page in client.get_paginator("list_multipart_uploads").paginate(Bucket=folder.bucket, Prefix=folder.key):
            for item in page.get("Uploads", ()):
                yield OpenUpload(
                    S3Uri(folder.bucket, item["Key"]),
                    item["UploadId"],
                    item["Initiated"].timestamp(),
                    item.get("Initiator", {}).get("ID", ""),
                )


def give_up(client: S3Client, upload: OpenUpload, family: ErrorFamily = PLAIN) -> bool:
    """
    End an upload, and free what its parts take.

    :return: ``False`` where it had come to an end meanwhile.
    :raises AwsError: of that family.
    """
    try:
        with translated(f"give up the upload of {upload.uri}", family):
            client.abort_multipart_upload(Bucket=upload.uri.bucket, Key=upload.uri.key, UploadId=upload.upload_id)
    except AwsError as exc:
        if exc.code == GONE:
            return False
        raise
    return True
