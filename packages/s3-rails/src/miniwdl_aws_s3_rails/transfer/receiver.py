"""Fetches one object from S3 and makes sure that it arrived as it is there."""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.beneath import folder, open_file
from miniwdl_aws_core.options.kinds import MIB
from miniwdl_aws_core.s3uri import S3Uri
from miniwdl_aws_s3_rails.errors import AccessError, TransferError
from miniwdl_aws_s3_rails.transfer.checksums.crc import Crc64, crc_of_file, crc_of_ranges
from miniwdl_aws_s3_rails.transfer.checksums.etags import PartDigest, Verdict, file_etag, judge, part_count
from miniwdl_aws_s3_rails.transfer.engine import Found, expressible
from miniwdl_aws_s3_rails.transfer.refusals import explained
from miniwdl_aws_s3_rails.transfer.writing import is_executable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from concurrent.futures import Future
    from typing import IO

    from obstore import Bytes, GetOptions

    from miniwdl_aws_core.beneath import Top
    from miniwdl_aws_s3_rails.transfer.engine import Engine

__all__ = ["Receiver"]


NEW = os.O_CREAT | os.O_EXCL
"""How a file is opened that must not be there."""

MAX_RANGE = 64 * MIB
"""Parts of an object up to this size are fetched as they were uploaded, so that their checksums come for free."""

CHUNK = MIB // 4
"""What is written to disk at once, while the rest of a range is still on its way."""

IN_FLIGHT = 2 * MIB
"""Memory that a range takes while it arrives: a few chunks, here and in the buffers of the connection."""


@dataclass
class _Arrival:
    """An object on its way into a file."""

    uri: S3Uri
    found: Found
    top: Top
    name: str
    """Path of the file from there."""
    range_size: int
    part_size: int | None = None
    """Size of the parts in which it was uploaded; ``None`` where that isn't known, so that its ETag tells nothing."""
    crc: str | None = None
    """Checksum of the whole, where the server tells it and it comes in ranges; nothing else is looked at then."""
    digests: dict[int, bytes] = field(default_factory=dict)
    """Checksum, or MD5, of each range, by where it starts."""

    @property
    def starts(self) -> range:
        """Where its ranges start; there are none in an empty object."""
        return range(0, self.found.size, self.range_size)

    @property
    def is_whole(self) -> bool:
        """Whether it comes in one piece, and is checked as such."""
        return self.found.size <= self.range_size

    def new_digest(self) -> Crc64 | hashlib._Hash:
        """Begin to work out what a range is checked by."""
        return Crc64() if self.crc else hashlib.md5(usedforsecurity=False)

    def has_crc(self) -> bool:
        """Whether all ranges together are what the checksum stands for."""
        ends = [*self.starts[1:], self.found.size]
        ranges = [(self.digests[start], end - start) for start, end in zip(self.starts, ends, strict=True)]
        return crc_of_ranges(ranges) == self.crc

    def etag(self) -> str:
        """ETag that the file would have, had it been uploaded in the same parts."""
        if self.part_size is None:
            return ""
        if self.part_size != self.range_size:
            with self.reading() as file:
                return file_etag(file, self.found.size, self.part_size)
        digest = PartDigest()
        for start in self.starts:
            digest.add_digest(self.digests[start])
        return digest.etag(multipart=True)

    def reading(self) -> IO[bytes]:
        """Open what has arrived."""
        return os.fdopen(open_file(self.top, self.name), "rb", buffering=0)

    def writing(self, new: int = 0) -> IO[bytes]:
        """Open the file, or make it; nothing that a task may have put in its place is written to."""
        return os.fdopen(open_file(self.top, self.name, os.O_WRONLY | new), "wb", buffering=0)


@dataclass(frozen=True)
class Receiver:
    """Fetches objects through an engine."""

    engine: Engine
    arrived: Callable[[int], None] = lambda _size: None
    """Hears how many bytes have arrived with each range."""

    def read(self, uri: S3Uri) -> bytes:
        """Fetch a small object into memory."""
        return self.engine.reading(
            uri.bucket,
            lambda signed: self.engine.persist(
                f"read {uri}", lambda: b"".join(self._get(uri, None, None, signed=signed))
            ),
        )

    def fetch_all(self, bucket: str, wanted: Iterable[tuple[Found, str]], top: Top) -> None:
        """
        Fetch objects of one bucket, each into a file of its own; the first that can't be had ends it.

        :param wanted: objects, and the path of each from ``top``.
        :param top: folder below which no link is followed.
        """
        arrivals: list[_Arrival] = []
        folders: set[str] = set()

        def begin() -> Iterator[Future[None]]:
            for found, name in wanted:
                uri, above = S3Uri(bucket, found.key), str(PurePosixPath(name).parent)
                if above not in folders:
                    with _taking_place(uri, name), folder(top, above, make=True):
                        folders.add(above)
                arrival = self._arrival(uri, found, top, name)
                if not arrival.starts or not arrival.is_whole:
                    with _taking_place(uri, name), arrival.writing(NEW) as file:
                        file.truncate(found.size)
                arrivals.append(arrival)
                yield from self._ranges(arrival)

        self.engine.gather(begin())
        for arrival in arrivals:
            if not arrival.is_whole:
                self.engine.persist(f"read {arrival.uri}", partial(self._check, arrival))

    def _arrival(self, uri: S3Uri, found: Found, top: Top, name: str) -> _Arrival:
        """Decide in which ranges an object comes, and what it is checked by."""
        default = self.engine.options.part_size
        if found.size > default and (crc := self._head(uri, ChecksumMode="ENABLED").get("ChecksumCRC64NVME")):
            return _Arrival(uri, found, top, name, default, crc=crc)
        part_size = self._part_size(uri, found)
        in_parts = part_size is not None and part_size < found.size and part_size <= MAX_RANGE
        return _Arrival(uri, found, top, name, part_size if part_size and in_parts else default, part_size)

    def _part_size(self, uri: S3Uri, found: Found) -> int | None:
        """Size of the parts in which an object was uploaded; ``None`` where the server tells nothing plausible."""
        count = part_count(found.etag)
        if count == 1:
            return found.size
        size = self._size_of_part(uri, 1)
        return size if size and -(-found.size // size) == count else None

    def _size_of_part(self, uri: S3Uri, number: int) -> int | None:
        return self._head(uri, PartNumber=number).get("ContentLength")

    def _head(self, uri: S3Uri, **more: Any) -> Mapping[str, Any]:
        """Describe an object; say nothing where the server doesn't."""

        def head(signed: bool) -> Mapping[str, Any]:
            return self.engine.client(signed=signed).head_object(Bucket=uri.bucket, Key=uri.key, **more)

        with suppress(AccessError), explained(f"read {uri}"):
            return self.engine.reading(uri.bucket, head)
        return {}

    def _ranges(self, arrival: _Arrival) -> Iterator[Future[None]]:
        for start in arrival.starts:
            yield self.engine.pool.submit(self._fetch_range, arrival, start)

    def _fetch_range(self, arrival: _Arrival, start: int) -> None:
        uri, found = arrival.uri, arrival.found
        end = min(start + arrival.range_size, found.size)

        def attempt(file: IO[bytes], signed: bool) -> None:
            digest = arrival.new_digest()
            at = start
            for chunk in self._get(uri, (start, end), found.etag, signed=signed, told=partial(_take_permissions, file)):
                digest.update(chunk)
                at += os.pwrite(file.fileno(), chunk, at)
            if at != end:
                raise TransferError(f"can't read {uri}: the answer was cut short", retryable=True)
            if arrival.is_whole and not self._is_intact(arrival, digest.digest().hex(), signed=signed):
                raise _damaged(uri)
            arrival.digests[start] = digest.digest()

        new = NEW if arrival.is_whole else 0
        with self.engine.budget.draw(min(end - start, IN_FLIGHT)):
            with _taking_place(uri, arrival.name):
                opened = arrival.writing(new)
            with opened as file:
                self.engine.reading(
                    uri.bucket, lambda signed: self.engine.persist(f"read {uri}", lambda: attempt(file, signed))
                )
        self.arrived(end - start)

    def holds(self, uri: S3Uri, found: Found, top: Top, name: str) -> bool:
        """
        Whether a file is what an object is, as far as the server lets that be known.

        :param name: path of the file from ``top``.
        :raises OSError: when there is no such file, or something else in its place.
        """
        arrival = self._arrival(uri, found, top, name)
        with arrival.reading() as file:
            if os.fstat(file.fileno()).st_size != found.size:
                return False
            if arrival.crc:
                return crc_of_file(file) == arrival.crc
            ours = file_etag(file, found.size, arrival.part_size) if arrival.part_size else ""
        if not found.size:
            return True
        return self.engine.reading(uri.bucket, lambda signed: self._is_intact(arrival, ours, signed=signed))

    def _check(self, arrival: _Arrival) -> None:
        """Check an object that came in ranges; one that is damaged is fetched again, and fails this try."""

        def is_intact(signed: bool) -> bool:
            return self._is_intact(arrival, arrival.etag(), signed=signed) or not self._has_equal_parts(arrival)

        if not (arrival.has_crc() if arrival.crc else self.engine.reading(arrival.uri.bucket, is_intact)):
            self.engine.gather(self._ranges(arrival))
            raise _damaged(arrival.uri)

    def _is_intact(self, arrival: _Arrival, ours: str, *, signed: bool) -> bool:
        """Tell whether content is what the ETag stands for, or else the checksum, or whether that can't be known."""
        if judge(ours, arrival.found.etag) is not Verdict.DIFFERENT:
            return True
        # With SSE-KMS an ETag looks like an MD5, but is none.
        where: dict[str, Any] = {"Bucket": arrival.uri.bucket, "Key": arrival.uri.key}
        head: Mapping[str, Any] = self.engine.client(signed=signed).head_object(**where, ChecksumMode="ENABLED")
        if not head.get("ServerSideEncryption", "").startswith("aws:kms") and "SSECustomerAlgorithm" not in head:
            return False
        crc: str | None = head.get("ChecksumCRC64NVME")
        if crc is None:
            return True
        with arrival.reading() as file:
            return crc == crc_of_file(file)

    def _has_equal_parts(self, arrival: _Arrival) -> bool:
        """Make sure that all parts were of one size, which nobody must: else the ETag can't be worked out."""
        inner = range(2, part_count(arrival.found.etag))
        return all(self._size_of_part(arrival.uri, number) == arrival.part_size for number in inner)

    def _get(
        self,
        uri: S3Uri,
        span: tuple[int, int] | None,
        etag: str | None,
        *,
        signed: bool,
        told: Callable[[Mapping[str, str]], None] = lambda _attributes: None,
    ) -> Iterator[bytes | Bytes]:
        """
        Fetch a range of an object, or all of it.

        :param told: gets the metadata that came along.
        """
        import obstore

        if not expressible(uri.key):
            more: Any = {"Range": f"bytes={span[0]}-{span[1] - 1}", "IfMatch": etag} if span else {}
            answer = self.engine.client(signed=signed).get_object(Bucket=uri.bucket, Key=uri.key, **more)
            told(answer["Metadata"])
            yield from answer["Body"].iter_chunks(CHUNK)
            return
        options: GetOptions | None = {"range": span, "if_match": etag} if span else None
        # If-Match: all ranges must come from one version of the object.
        result = obstore.get(self.engine.access.store(uri.bucket, signed=signed), uri.key, options=options)
        told(result.attributes)
        if span and span[1] - span[0] <= CHUNK:
            yield result.bytes()
            return
        for chunk in result.stream(min_chunk_size=CHUNK):
            self.engine.go_on()
            yield chunk


@contextmanager
def _taking_place(uri: S3Uri, name: str) -> Iterator[None]:
    """Say why an object can't have its place; what has it already is never overwritten."""
    try:
        yield
    except (FileExistsError, NotADirectoryError) as exc:
        # Not on Linux: macOS tells names apart neither by case nor by the normal form of their letters.
        raise TransferError(f"can't store {uri} at {name}: another object is there already", retryable=False) from exc
    except OSError as exc:
        raise TransferError(f"can't store {uri} at {name}: {exc.strerror or exc}", retryable=False) from exc


def _take_permissions(file: IO[bytes], metadata: Mapping[str, str]) -> None:
    """Let a file be executed by whoever may read it, where its object says that it is a program."""
    if is_executable(metadata):
        mode = os.fstat(file.fileno()).st_mode
        os.fchmod(file.fileno(), mode | (mode & 0o444) >> 2)


def _damaged(uri: S3Uri) -> TransferError:
    return TransferError(f"can't read {uri}: it arrived damaged", retryable=True)
