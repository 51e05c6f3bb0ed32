"""Sends one file to S3 and makes sure that it arrived as it was."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from miniwdl_aws_s3_rails.engine import expressible
from miniwdl_aws_s3_rails.errors import TransferError
from miniwdl_aws_s3_rails.etags import PartDigest, Verdict, judge, parts_of
from miniwdl_aws_s3_rails.options import MIB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from miniwdl_aws_s3_rails.engine import Engine
    from miniwdl_aws_s3_rails.uri import S3Uri

__all__ = ["Check", "Sender", "part_size_for"]

MAX_PARTS = 10_000
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html"""

PARTS_AT_ONCE = 6
"""Of one file."""


class Check(str, Enum):
    """How we know that an object is what we sent."""

    MD5 = "md5"
    """Its ETag is the MD5 of the content, or of the parts' MD5s."""
    SIZE = "size"
    """The server's ETag tells nothing (SSE-KMS, say): its size is right, and the request was signed with its hash."""


def part_size_for(size: int, preferred: int) -> int:
    """Part size for a file: the preferred one, unless there would be too many parts."""
    least = -(-size // (MAX_PARTS - 1))
    return max(preferred, -(-least // MIB) * MIB)


@dataclass(frozen=True)
class Sender:
    """Sends files through an engine."""

    engine: Engine
    sent: Callable[[int], None] = lambda _size: None
    """Told of bytes that went out; tries that failed are taken back as negative numbers."""

    def put(self, uri: S3Uri, path: Path, size: int) -> Check:
        """
        Send a file that must have a given size, as it was when it was planned.

        :raises TransferError: when it did not get there whole.
        :raises AccessError: when we may not write there.
        """
        return self.engine.persist(f"cannot write {uri}", lambda: self._counted(uri, path, size))

    def put_bytes(self, uri: S3Uri, data: bytes) -> Check:
        """Send a piece of data."""
        digest = PartDigest()
        digest.add(data)
        return self.engine.persist(
            f"cannot write {uri}",
            lambda: self._verify(uri, self._put_piece(uri, data), digest.etag(multipart=False), len(data)),
        )

    def _counted(self, uri: S3Uri, path: Path, size: int) -> Check:
        total = 0

        def count(amount: int) -> None:
            nonlocal total
            total += amount
            self.sent(amount)

        try:
            return self._put_once(uri, path, size, count)
        except BaseException:
            self.sent(-total)
            raise

    def _put_once(self, uri: S3Uri, path: Path, size: int, count: Callable[[int], None]) -> Check:
        digest = PartDigest()
        part_size = part_size_for(size, self.engine.options.part_size)
        in_parts = size > part_size and expressible(uri.key)
        with self.engine.budget.draw(part_size * (PARTS_AT_ONCE + 2) if in_parts else size):
            parts = _exactly(path, size, part_size if in_parts else max(size, 1))
            if in_parts:
                etag = self._put_parts(uri, _observed(parts, digest, count), part_size)
            else:
                data = b"".join(parts)
                digest.add(data)
                etag = self._put_piece(uri, data)
                count(size)
        return self._verify(uri, etag, digest.etag(multipart=in_parts), size)

    def _put_piece(self, uri: S3Uri, data: bytes) -> str | None:
        import obstore

        if not expressible(uri.key):
            return self.engine.access.client.put_object(Bucket=uri.bucket, Key=uri.key, Body=data)["ETag"]
        return obstore.put(self.engine.access.store(uri.bucket), uri.key, data, use_multipart=False)["e_tag"]

    def _put_parts(self, uri: S3Uri, parts: Iterator[bytes], part_size: int) -> str | None:
        import obstore

        return obstore.put(
            self.engine.access.store(uri.bucket),
            uri.key,
            parts,
            use_multipart=True,
            chunk_size=part_size,
            max_concurrency=PARTS_AT_ONCE,
        )["e_tag"]

    def _verify(self, uri: S3Uri, etag: str | None, expected: str, size: int) -> Check:
        if judge(expected, etag) is Verdict.SAME:
            return Check.MD5
        # With SSE-KMS an ETag looks like an MD5, but is none: only the object's own description tells.
        head = self.engine.access.client.head_object(Bucket=uri.bucket, Key=uri.key)
        opaque = head.get("ServerSideEncryption", "").startswith("aws:kms") or "SSECustomerAlgorithm" in head
        if head["ContentLength"] != size or (not opaque and judge(expected, etag) is Verdict.DIFFERENT):
            raise TransferError(f"cannot write {uri}: it arrived damaged", retryable=True)
        return Check.SIZE


def _exactly(path: Path, size: int, part_size: int) -> Iterator[bytes]:
    """Read a file in parts; that it has another size than planned is an error that no retry mends."""
    seen = 0
    for part in parts_of(path, part_size):
        seen += len(part)
        if seen > size:
            break
        yield part
    if seen != size or os.stat(path).st_size != size:  # noqa: PTH116 - one call, on whatever the path is
        raise TransferError(f"{path} changed while it was being sent", retryable=False)


def _observed(parts: Iterator[bytes], digest: PartDigest, count: Callable[[int], None]) -> Iterator[bytes]:
    for part in parts:
        digest.add(part)
        count(len(part))
        yield part
