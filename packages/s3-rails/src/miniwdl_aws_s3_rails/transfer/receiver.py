"""Fetches one object from S3 and makes sure that it arrived as it is there."""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from miniwdl_aws_core.beneath import folder, open_file
from miniwdl_aws_core.options.kinds import MIB
from miniwdl_aws_core.s3uri import S3Uri
from miniwdl_aws_s3_rails.errors import AccessError, TransferError
from miniwdl_aws_s3_rails.transfer.checksums.crc import Crc64, crc_of_file, crc_of_ranges
from miniwdl_aws_s3_rails.transfer.checksums.etags import PartDigest, Verdict, file_etag, is_md5, judge, part_count
from miniwdl_aws_s3_rails.transfer.reach.reader import CHUNK, CRC
from miniwdl_aws_s3_rails.transfer.writing import is_executable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from concurrent.futures import Future
    from typing import IO

    from miniwdl_aws_core.beneath import Top
    from miniwdl_aws_s3_rails.transfer.engine import Engine, Found
    from miniwdl_aws_s3_rails.transfer.reach.reader import Reader

__all__ = ["Receiver"]


NEW = os.O_CREAT | os.O_EXCL
"""How a file is opened that must not be there."""

MAX_RANGE = 64 * MIB
"""Parts of an object up to this size are fetched as they were uploaded, so that their checksums come for free."""

IN_FLIGHT = MIB
"""Memory that a range takes while it arrives: a chunk here, and what the connection holds."""


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
            lambda signed: self.engine.persist(f"read {uri}", lambda: self._read(uri, signed=signed)),
        )

    def _read(self, uri: S3Uri, *, signed: bool) -> bytes:
        with self.engine.access.reader(uri.bucket, signed=signed).get(uri.key) as answer:
            return b"".join(bytes(chunk) for chunk in answer.chunks())

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
        if found.size > default and (crc := self._head(uri).get(CRC)):
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
        size = self._head(uri, number).get("content-length", "")
        return int(size) if size.isdecimal() else None

    def _head(self, uri: S3Uri, part: int | None = None) -> Mapping[str, str]:
        """Describe an object; say nothing where the server doesn't."""

        def head(signed: bool) -> Mapping[str, str]:
            reader = self.engine.access.reader(uri.bucket, signed=signed)
            return self.engine.persist(f"read {uri}", lambda: reader.head(uri.key, part))

        with suppress(AccessError):
            return self.engine.reading(uri.bucket, head)
        return {}

    def _ranges(self, arrival: _Arrival) -> Iterator[Future[None]]:
        for start in arrival.starts:
            yield self.engine.pool.submit(self._fetch_range, arrival, start)

    def _fetch_range(self, arrival: _Arrival, start: int) -> None:
        uri = arrival.uri
        end = min(start + arrival.range_size, arrival.found.size)
        new = NEW if arrival.is_whole else 0
        with self.engine.budget.draw(min(end - start, IN_FLIGHT)):
            with _taking_place(uri, arrival.name):
                opened = arrival.writing(new)
            with opened as file:

                def fetch(signed: bool) -> bytes:
                    reader = self.engine.access.reader(uri.bucket, signed=signed)
                    return self.engine.persist(f"read {uri}", lambda: self._copy(reader, arrival, (start, end), file))

                arrival.digests[start] = self.engine.reading(uri.bucket, fetch)
        self.arrived(end - start)

    def _copy(self, reader: Reader, arrival: _Arrival, span: tuple[int, int], file: IO[bytes]) -> bytes:
        """
        Bring a range into its place in a file; an object that comes in one piece is checked at once.

        :return: what the range is checked by: its checksum, or its MD5.
        """
        uri, found, (at, end) = arrival.uri, arrival.found, span
        # If-Match: all ranges must come from one version of the object.
        with reader.get(uri.key, None if arrival.is_whole else span, found.etag) as answer:
            _take_permissions(file, answer.metadata)
            crc = _crc_along(found, answer.headers) if arrival.is_whole else arrival.crc
            digest = Crc64() if crc else hashlib.md5(usedforsecurity=False)
            for chunk in answer.chunks():
                self.engine.go_on()
                if at + len(chunk) > end:
                    raise _of_another_size(uri)
                digest.update(chunk)
                at += os.pwrite(file.fileno(), chunk, at)
        if at != end:
            raise _of_another_size(uri)
        ours = digest.digest()
        if arrival.is_whole:
            if crc:
                is_intact = crc_of_ranges([(ours, found.size)]) == crc
            else:
                is_intact = judge(ours.hex(), found.etag) is not Verdict.DIFFERENT or _is_opaque(answer.headers)
            if not is_intact:
                raise _damaged(uri)
        return ours

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
        return not found.size or self._is_intact(arrival, ours)

    def _check(self, arrival: _Arrival) -> None:
        """Check an object that came in ranges; one that is damaged is fetched again, and fails this try."""

        def has_etag() -> bool:
            return self._is_intact(arrival, arrival.etag()) or not self._has_equal_parts(arrival)

        if not (arrival.has_crc() if arrival.crc else has_etag()):
            self.engine.gather(self._ranges(arrival))
            raise _damaged(arrival.uri)

    def _is_intact(self, arrival: _Arrival, ours: str) -> bool:
        """Tell whether content is what the ETag stands for, or else the checksum, or whether that can't be known."""
        if judge(ours, arrival.found.etag) is not Verdict.DIFFERENT:
            return True
        head = self._head(arrival.uri)
        if not _is_opaque(head):
            return False
        crc = head.get(CRC)
        if crc is None:
            return True
        with arrival.reading() as file:
            return crc == crc_of_file(file)

    def _has_equal_parts(self, arrival: _Arrival) -> bool:
        """Make sure that all parts were of one size, which nobody must: else the ETag can't be worked out."""
        inner = range(2, part_count(arrival.found.etag))
        return all(self._size_of_part(arrival.uri, number) == arrival.part_size for number in inner)


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


def _of_another_size(uri: S3Uri) -> TransferError:
    return TransferError(f"can't read {uri}: the answer has another size than the object", retryable=True)


def _crc_along(found: Found, headers: Mapping[str, str]) -> str | None:
    """Checksum of an object that comes in one piece; ``None`` where its MD5 is known, and costs less."""
    # Of little data MD5 takes less time than it takes to load what works out the checksum.
    is_better = found.size > CHUNK or not is_md5(found.etag) or _is_opaque(headers)
    return headers.get(CRC) if is_better else None


def _is_opaque(headers: Mapping[str, str]) -> bool:
    """Whether the ETag of an object is no MD5, though it looks like one: with keys of KMS, or of whoever wrote it."""
    kms = headers.get("x-amz-server-side-encryption", "").startswith("aws:kms")
    return kms or "x-amz-server-side-encryption-customer-algorithm" in headers
