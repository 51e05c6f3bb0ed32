"""Sends one file to S3 and makes sure that it arrived as it was."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from typing import IO, TYPE_CHECKING, Any

from miniwdl_aws_core.options.kinds import MIB
from miniwdl_aws_s3_rails.errors import AccessError, TransferError
from miniwdl_aws_s3_rails.transfer.checksums.crc import Crc64, crc_of_ranges
from miniwdl_aws_s3_rails.transfer.checksums.etags import PartDigest, Verdict, file_etag, judge, parts_of
from miniwdl_aws_s3_rails.transfer.engine import expressible
from miniwdl_aws_s3_rails.transfer.in_parts.parts import put_in_parts
from miniwdl_aws_s3_rails.transfer.refusals import explained
from miniwdl_aws_s3_rails.transfer.writing import PutOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from miniwdl_aws_core.s3uri import S3Uri
    from miniwdl_aws_s3_rails.transfer.engine import Engine, Found

    Opener = Callable[[Path], IO[bytes]]
    """Opens a file for reading, unbuffered."""

__all__ = ["Check", "Sender", "part_size_for", "sent_in_parts"]

MAX_PARTS = 10_000
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html"""

PARTS_AT_ONCE = 5
"""Of one file."""

UNCONDITIONAL = "this S3 server does not offer the conditional writes that --no-overwrite needs"
UPLOAD_GONE = "NoSuchUpload"
"""Code of S3's answer when an upload in parts has ended before, whole or given up."""
OCCUPIED = "there is another object already, which --no-overwrite protects"


def open_chosen(path: Path) -> IO[bytes]:
    """Open a file that the user chose: where its path leads is what is meant."""
    return path.open("rb", buffering=0)


class Check(StrEnum):
    """How we know that an object is what we sent."""

    MD5 = "md5"
    """Its ETag is the MD5 of the content, or of the parts' MD5s."""
    CRC64NVME = "crc64nvme"
    """The server compared the checksum that went along with the data, and keeps it with the object as a whole."""
    SIZE = "size"
    """The server tells neither: the size is right, and each request was signed with the hash of what it brought."""


def part_size_for(size: int, preferred: int) -> int:
    """Part size for a file: the preferred one, unless there would be too many parts."""
    least = -(-size // (MAX_PARTS - 1))
    return max(preferred, -(-least // MIB) * MIB)


def sent_in_parts(size: int, preferred: int) -> bool:
    """Whether a file of a size goes as an upload in parts."""
    return size > part_size_for(size, preferred)


@dataclass(frozen=True)
class _File:
    """A file as it was when it was planned."""

    path: Path
    size: int
    modified: int | None
    opener: Opener

    def read(self, part_size: int) -> Iterator[bytes]:
        """
        Read it in parts.

        :raises TransferError: at its end, before anything has a name in S3, when it is not what it was: no retry helps.
        """
        seen = 0
        with self.opener(self.path) as file:
            for part in parts_of(file, part_size):
                seen += len(part)
                if seen > self.size:
                    break
                yield part
            now = os.fstat(file.fileno())
        if seen != self.size or now.st_size != self.size or self.modified not in (None, now.st_mtime_ns):
            raise TransferError(f"{self.path} changed while it was being sent", retryable=False)

    def etag(self, part_size: int) -> str:
        """ETag that it gets when it is sent in parts of a size."""
        with self.opener(self.path) as file:
            return file_etag(file, self.size, part_size)


@dataclass(frozen=True)
class Sender:
    """Sends files through an engine."""

    engine: Engine
    sent: Callable[[int], None] = lambda _size: None
    """Told of bytes that went out; tries that failed are taken back as negative numbers."""
    options: PutOptions = field(default_factory=PutOptions)
    opener: Opener = open_chosen

    def put(self, uri: S3Uri, path: Path, size: int, modified: int | None = None) -> Check:
        """
        Send a file that must have a given size, as it was when it was planned.

        :param modified: time of its last change in nanoseconds, where its content must be that of then.
        :raises TransferError: when it did not get there whole, or another object may not be replaced.
        :raises AccessError: when we may not write there.
        """
        part_size = part_size_for(size, self.engine.options.part_size)
        file = _File(path, size, modified, self.opener)
        return self._persist(uri, size, lambda: file.etag(part_size), lambda: self._counted(uri, file))

    def put_bytes(self, uri: S3Uri, data: bytes) -> Check:
        """Send a piece of data."""
        digest = PartDigest()
        digest.add(data)
        etag = digest.etag(multipart=False)
        return self._persist(
            uri, len(data), lambda: etag, lambda: self._verify(uri, self._put_piece(uri, data), etag, len(data))
        )

    def _persist(self, uri: S3Uri, size: int, etag_of: Callable[[], str], send: Callable[[], Check]) -> Check:
        """
        Send until it works.

        A try whose answer got lost counts as done, if what is there is what was to be sent. It is only looked for where
        that may be: before another try, and where nothing may be replaced.
        """
        tries = count()

        def attempt() -> Check:
            first = next(tries) == 0
            found = None if first and self.options.replace else self._seen(uri)
            if found and found.size == size and judge(etag_of(), found.etag) is Verdict.SAME:
                return Check.MD5
            if found and not self.options.replace:
                raise TransferError(f"can't write {uri}: {OCCUPIED}", retryable=False)
            return self._refusals_explained(uri, send)

        return self.engine.persist(f"write {uri}", attempt)

    def _refusals_explained(self, uri: S3Uri, send: Callable[[], Check]) -> Check:
        try:
            return send()
        except Exception as exc:
            if UPLOAD_GONE in str(exc):
                # Its end may have been asked for before, by a request whose answer got lost: the next try looks.
                raise TransferError(
                    f"can't write {uri}: its upload in parts is not there any more", retryable=True
                ) from exc
            if self.options.replace or "NotImplemented" not in str(exc):
                raise
            raise TransferError(f"can't write {uri}: {UNCONDITIONAL}", retryable=False) from exc

    def _seen(self, uri: S3Uri) -> Found | None:
        # Not needed where the server knows conditional writes; some ignore what they don't know.
        with suppress(AccessError):
            return self.engine.find(uri)
        return None

    def _counted(self, uri: S3Uri, file: _File) -> Check:
        total = 0

        def count(amount: int) -> None:
            nonlocal total
            total += amount
            self.sent(amount)

        try:
            return self._put_once(uri, file, count)
        except BaseException:
            self.sent(-total)
            raise

    def _put_once(self, uri: S3Uri, file: _File, count: Callable[[int], None]) -> Check:
        size = file.size
        part_size = part_size_for(size, self.engine.options.part_size)
        in_parts = sent_in_parts(size, self.engine.options.part_size)
        if in_parts and self.engine.sends_checksum and self._goes_by_obstore(uri):
            return self._put_with_checksum(uri, file, part_size, count)
        digest = PartDigest()
        with self._memory(size, part_size):
            parts = self._observed(file.read(part_size if in_parts else max(size, 1)), digest.add)
            if in_parts:
                etag = self._put_parts(uri, _counting(parts, count), part_size)
            else:
                etag = self._put_piece(uri, b"".join(parts))
                count(size)
        return self._verify(uri, etag, digest.etag(multipart=in_parts), size)

    def _put_with_checksum(self, uri: S3Uri, file: _File, part_size: int, count: Callable[[int], None]) -> Check:
        """Send a large file, and check it by what costs a tenth of MD5, where the server keeps it."""
        crc = Crc64()
        with self._memory(file.size, part_size):
            etag = self._put_parts(uri, _counting(self._observed(file.read(part_size), crc.update), count), part_size)
        head = self._describe(uri)
        kept = head.get("ChecksumCRC64NVME")
        if kept is None:
            return self._verify(uri, etag, file.etag(part_size), file.size)
        if head["ContentLength"] != file.size or kept != crc_of_ranges([(crc.digest(), file.size)]):
            raise _damaged(uri)
        return Check.CRC64NVME

    def _memory(self, size: int, part_size: int) -> AbstractContextManager[None]:
        return self.engine.budget.draw(part_size * (PARTS_AT_ONCE + 2) if size > part_size else size)

    def _observed(self, parts: Iterator[bytes], see: Callable[[bytes], None]) -> Iterator[bytes]:
        for part in parts:
            self.engine.go_on()
            see(part)
            yield part

    def _goes_by_obstore(self, uri: S3Uri) -> bool:
        """Whether obstore can send it in parts; botocore does the others."""
        return expressible(uri.key) and self.options.replace

    def _put_piece(self, uri: S3Uri, data: bytes) -> str | None:
        import obstore

        if not expressible(uri.key):
            more: dict[str, Any] = {**self.options.parameters(), **self.options.condition()}
            return self.engine.access.client.put_object(Bucket=uri.bucket, Key=uri.key, Body=data, **more)["ETag"]
        more = self.options.store_arguments()
        return obstore.put(self.engine.access.store(uri.bucket), uri.key, data, use_multipart=False, **more)["e_tag"]

    def _put_parts(self, uri: S3Uri, parts: Iterator[bytes], part_size: int) -> str | None:
        import obstore

        if not self._goes_by_obstore(uri):
            client = self.engine.access.client
            return put_in_parts(client, uri, parts, self.options, at_once=PARTS_AT_ONCE)
        return obstore.put(
            self.engine.access.store(uri.bucket),
            uri.key,
            parts,
            use_multipart=True,
            chunk_size=part_size,
            max_concurrency=PARTS_AT_ONCE,
            **self.options.store_arguments(),
        )["e_tag"]

    def _verify(self, uri: S3Uri, etag: str | None, expected: str, size: int) -> Check:
        if judge(expected, etag) is Verdict.SAME:
            return Check.MD5
        # With SSE-KMS an ETag looks like an MD5, but is none: only the object's own description tells.
        head = self._describe(uri)
        opaque = head.get("ServerSideEncryption", "").startswith("aws:kms") or "SSECustomerAlgorithm" in head
        if head["ContentLength"] != size or (not opaque and judge(expected, etag) is Verdict.DIFFERENT):
            raise _damaged(uri)
        compared = self.engine.sends_checksum and "ChecksumCRC64NVME" in head
        return Check.CRC64NVME if compared else Check.SIZE

    def _describe(self, uri: S3Uri) -> Mapping[str, Any]:
        client = self.engine.access.client
        try:
            with explained(f"read {uri}"):
                # With SSE-KMS the checksum is only shown to those who have kms:Decrypt.
                return client.head_object(Bucket=uri.bucket, Key=uri.key, ChecksumMode="ENABLED")
        except AccessError as exc:
            if exc.retryable:
                raise
        return client.head_object(Bucket=uri.bucket, Key=uri.key)


def _damaged(uri: S3Uri) -> TransferError:
    return TransferError(f"can't write {uri}: it arrived damaged", retryable=True)


def _counting(parts: Iterator[bytes], count: Callable[[int], None]) -> Iterator[bytes]:
    for part in parts:
        count(len(part))
        yield part
