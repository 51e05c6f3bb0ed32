"""
What an ETag says of an object's content, where it says anything.

Without SSE-KMS or SSE-C, the ETag of an object that came in one piece is its MD5, and that of one that came in parts is
the MD5 of the parts' MD5s with their number: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
"""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

__all__ = ["Verdict", "PartDigest", "file_etag", "is_md5", "judge", "md5_of", "part_count", "parts_of"]


BLOCK = 1024 * 1024
"""Bytes read at once where only a digest is wanted."""

MD5 = re.compile(r"[0-9a-f]{32}(?:-(\d+))?")


class Verdict(StrEnum):
    """Whether two ETags are of the same content."""

    SAME = "same"
    DIFFERENT = "different"
    UNKNOWN = "unknown"
    """The server's ETag isn't made of MD5s, or not of the same parts."""


def md5_of(data: bytes | memoryview) -> bytes:
    """MD5 of a piece of data: a checksum here, no protection against anybody."""
    return hashlib.md5(data, usedforsecurity=False).digest()


class PartDigest:
    """Works out the ETag of a file while it is read in parts."""

    def __init__(self) -> None:
        """Start without parts."""
        self._digests: list[bytes] = []

    def add(self, part: bytes | memoryview) -> None:
        """Take the next part, in order."""
        self.add_digest(md5_of(part))

    def add_digest(self, digest: bytes) -> None:
        """Take the MD5 of the next part."""
        self._digests.append(digest)

    def etag(self, *, multipart: bool) -> str:
        """ETag, without quotes, of what was added so far."""
        if not multipart:
            return (self._digests[0] if self._digests else md5_of(b"")).hex()
        return f"{md5_of(b''.join(self._digests)).hex()}-{len(self._digests)}"


def parts_of(file: IO[bytes], size: int) -> Iterator[bytes]:
    """Read a file in parts of a size; a file shorter than one part is one part, an empty file none."""
    while part := _read_fully(file, size):
        yield part


def _read_fully(file: IO[bytes], size: int) -> bytes:
    pieces = []
    missing = size
    while missing and (piece := file.read(missing)):
        pieces.append(piece)
        missing -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def file_etag(file: IO[bytes], size: int, part_size: int) -> str:
    """ETag that a file of a size gets when it is uploaded in parts of another; takes little memory."""
    parts = PartDigest()
    for start in range(0, size, part_size):
        parts.add_digest(_digest(file, min(part_size, size - start)))
    return parts.etag(multipart=size > part_size)


def _digest(file: IO[bytes], size: int) -> bytes:
    digest = hashlib.md5(usedforsecurity=False)
    while size and (block := file.read(min(size, BLOCK))):
        digest.update(block)
        size -= len(block)
    return digest.digest()


def is_md5(etag: str) -> bool:
    """Whether an ETag looks like the MD5 of an object that came in one piece."""
    match = MD5.fullmatch(etag.strip('"'))
    return match is not None and not match[1]


def part_count(etag: str) -> int:
    """In how many parts an object was uploaded, as its ETag says; 1 where it doesn't."""
    match = MD5.fullmatch(etag.strip('"'))
    return int(match[1]) if match and match[1] else 1


def judge(ours: str, theirs: str | None) -> Verdict:
    """Compare the ETag that we worked out with the server's."""
    theirs = (theirs or "").strip('"')
    if ours == theirs:
        return Verdict.SAME
    match = MD5.fullmatch(theirs)
    if not match or ("-" in ours) != bool(match[1]) or (match[1] and not ours.endswith(f"-{match[1]}")):
        return Verdict.UNKNOWN
    return Verdict.DIFFERENT
