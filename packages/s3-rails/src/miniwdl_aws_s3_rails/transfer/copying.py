"""Copies an object within a bucket, without its bytes leaving S3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from miniwdl_aws_s3_rails.transfer.in_parts.parts import copy_in_parts
from miniwdl_aws_s3_rails.transfer.sender import PARTS_AT_ONCE, part_size_for

if TYPE_CHECKING:
    from miniwdl_aws_core.s3uri import S3Uri
    from miniwdl_aws_s3_rails.transfer.engine import Engine, Found
    from miniwdl_aws_s3_rails.transfer.writing import PutOptions

__all__ = ["copy_object"]

MAX_COPY = 5 * 2**30
"""Bytes that one request copies. https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html"""

COPIED_PART = 2**29
"""Bytes of a part: few requests, and each has an answer before the connection is taken for dead."""


def copy_object(
    engine: Engine, found: Found, target: S3Uri, options: PutOptions, *, limit: int = MAX_COPY, part: int = COPIED_PART
) -> None:
    """
    Copy an object to another key of its bucket; what has changed since it was found is not copied.

    :param options: what the copy gets; nothing is taken over from the object.
    :param limit: bytes above which it goes in parts; tests lower it.
    :raises AccessError: when it can't be read, or the copy not be written.
    """
    client = engine.access.client
    source: dict[str, Any] = {
        "CopySource": {"Bucket": target.bucket, "Key": found.key},
        "CopySourceIfMatch": found.etag,
    }

    def attempt() -> None:
        if found.size > limit:
            size = part_size_for(found.size, part)
            copy_in_parts(client, target, source, (found.size, size), options, at_once=PARTS_AT_ONCE)
            return
        where: dict[str, Any] = {"Bucket": target.bucket, "Key": target.key}
        client.copy_object(**where, **source, MetadataDirective="REPLACE", **options.parameters())

    engine.persist(f"copy s3://{target.bucket}/{found.key} to {target}", attempt)
