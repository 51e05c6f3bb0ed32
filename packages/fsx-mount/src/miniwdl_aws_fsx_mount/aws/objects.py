"""The edge to S3, as far as FSx's own transfers need to be looked after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_core.aws.errors import AwsError, Kind
from miniwdl_aws_fsx_mount.aws.fsx_service import asking, make_client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["Objects"]


class Objects:
    """Objects in S3."""

    def __init__(self, client: S3Client) -> None:
        self._client = client

    @classmethod
    def connect(cls, region: str | None = None) -> Objects:
        """Make a client; nothing is sent yet."""
        return cls(make_client("s3", region))

    def size(self, bucket: str, key: str) -> int | None:
        """Size of an object; ``None`` when there is none."""
        try:
            with asking(f"look up s3://{bucket}/{key}"):
                return self._client.head_object(Bucket=bucket, Key=key)["ContentLength"]
        except AwsError as exc:
            if _is_missing(exc):
                return None
            raise

    def read(self, bucket: str, key: str) -> str | None:
        """Text of a small object; ``None`` when there is none."""
        try:
            with asking(f"read s3://{bucket}/{key}"):
                return self._client.get_object(Bucket=bucket, Key=key)["Body"].read().decode(errors="replace")
        except AwsError as exc:
            if _is_missing(exc):
                return None
            raise

    def remove(self, bucket: str, key: str) -> None:
        """Remove an object."""
        with asking(f"remove s3://{bucket}/{key}"):
            self._client.delete_object(Bucket=bucket, Key=key)

    def sizes(self, bucket: str, prefix: str) -> dict[str, int]:
        """Sizes of all objects under a prefix, by key."""
        found: dict[str, int] = {}
        with asking(f"list s3://{bucket}/{prefix}"):
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                _ = page["IsTruncated"]  # which no page of S3's lacks, unlike the contents
                found.update((item["Key"], item["Size"]) for item in page.get("Contents", []))
        return found


def _is_missing(exc: AwsError) -> bool:
    return exc.kind is Kind.MISSING and exc.code != "NoSuchBucket"
