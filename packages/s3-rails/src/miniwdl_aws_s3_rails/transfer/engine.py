"""
What all transfers of a process share: threads, memory, retries, and the single requests.

Bytes go out through obstore, see :mod:`~miniwdl_aws_s3_rails.transfer.sender`, and come by
:mod:`~miniwdl_aws_s3_rails.transfer.reach.reader`, see :mod:`~miniwdl_aws_s3_rails.transfer.receiver`.
"""

from __future__ import annotations

import random
import threading
from concurrent.futures import Future, InvalidStateError, as_completed, wait
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from miniwdl_aws_core.aws.backoff import Backoff
from miniwdl_aws_core.aws.errors import AwsError, Kind
from miniwdl_aws_s3_rails.errors import (
    AccessError,
    ArchivedError,
    OutageError,
    StoppedError,
)
from miniwdl_aws_s3_rails.transfer.budget import Budget
from miniwdl_aws_s3_rails.transfer.options import Options
from miniwdl_aws_s3_rails.transfer.pool import DaemonPool
from miniwdl_aws_s3_rails.transfer.reach.access import S3Access
from miniwdl_aws_s3_rails.transfer.refusals import explained, judged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from mypy_boto3_s3 import S3Client

    from miniwdl_aws_core.s3uri import S3Uri
    from miniwdl_aws_hooks import Settings

__all__ = ["Engine", "Found", "engine_for", "expressible"]

T = TypeVar("T")

PAGE = 1000
"""Keys per page of a listing, the most that S3 gives."""

BACKOFF = Backoff(0.5, 20.0)
"""Pauses between tries; by chance they differ, so that threads that failed together do not come back together."""

PATIENCE = 120.0
"""
Seconds of pauses, at the least, before an outage of S3 counts as lasting, where S3 has served this process before.

The products of a run of hours are worth waiting for what hosts and networks need to come back. Where S3 has never
answered, its address may be wrong, and who typed it waits: :attr:`Options.attempts` count alone.
"""

STOP_GRACE = 5.0
"""Seconds that running transfers have to give up: time to abort an upload in parts, so that none stays unfinished."""


@dataclass(frozen=True)
class Found:
    """An object that exists."""

    key: str
    size: int
    etag: str


def expressible(key: str) -> bool:
    """
    Whether obstore can name an object: no empty, ``.`` or ``..`` parts, no control characters.

    The few other keys, markers of empty folders among them, go through botocore.
    """
    return all(part not in ("", ".", "..") for part in key.split("/")) and all(
        char >= " " and char != "\x7f" for char in key
    )


@lru_cache(maxsize=4)
def _shared(options: Options) -> Engine:
    return Engine(options, S3Access(options))


def engine_for(settings: Settings) -> Engine:
    """Get this process's engine, so that all transfers share one set of limits."""
    return _shared(Options.read(settings))


class Engine:
    """Threads, memory and retries of transfers; safe to share between threads."""

    def __init__(
        self,
        options: Options,
        access: S3Access,
        *,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        """
        Take the parts; nothing starts before it is needed.

        :param sleep: waits between tries; tests hand in their own.
        """
        self.options = options
        self.access = access
        self.budget = Budget(options.max_memory)
        self._stopping = threading.Event()
        self._stopped: Future[None] = Future()
        self._sleep = sleep or self._stopping.wait
        self._anonymous: set[str] = set()
        self._has_served = False
        self._lock = threading.Lock()

    @cached_property
    def pool(self) -> DaemonPool:
        """Threads for transfers. What runs in them must never wait for the pool itself."""
        return DaemonPool(self.options.concurrency, "s3-rails")

    @property
    def sends_checksum(self) -> bool:
        """Whether a checksum goes along with what is written, for the server to compare."""
        return self.options.protection.sends_checksum(aws=self.access.is_aws)

    def stop(self) -> None:
        """Stop all transfers of the process for good: none begins, those in parts end with their next part."""
        self._stopping.set()
        with suppress(InvalidStateError):
            self._stopped.set_exception(_stopped())

    def go_on(self) -> None:
        """Raise an error when the process is about to end."""
        if self._stopping.is_set():
            raise _stopped()

    def gather(self, futures: Iterable[Future[Any]]) -> None:
        """
        Wait for all; the first that fails ends the wait, and so does the end of the process, even if a server hangs.

        What has not begun by then never does; what runs gets a little time to come to an end.

        :param futures: may begin while they are looked through.
        """
        begun: list[Future[Any]] = []
        try:
            begun.extend(futures)
            missing = len(begun)
            for future in as_completed([*begun, self._stopped]) if begun else ():
                future.result()
                missing -= 1
                if not missing:
                    break
        except BaseException:
            wait([future for future in begun if not future.cancel()], timeout=STOP_GRACE)
            raise

    def apart(self, function: Callable[[], T]) -> T:
        """Run a function that waits for the network in a thread that the end of the process need not wait for."""
        helper = DaemonPool(1, "s3-rails-apart")
        future = helper.submit(function)
        helper.shutdown(wait=False)
        self.gather([future])
        return future.result()

    def give_up(self, futures: Iterable[Future[Any]], grace: float = STOP_GRACE) -> None:
        """Stop all transfers, and let those of the pool that run already come to an end."""
        self.stop()
        wait([future for future in futures if not future.cancel()], timeout=grace)

    def persist(self, action: str, attempt: Callable[[], T]) -> T:
        """
        Try something until it works, the tries are used up, or trying again makes no sense.

        An outage of S3 that had served us before gets as many tries as fit into :data:`PATIENCE`.

        :param action: completes "can't ...": ``write s3://b/k``.
        """
        paused = 0.0
        number = 0
        while True:
            number += 1
            self.go_on()
            try:
                result = attempt()
            except Exception as exc:
                error = judged(exc, action)
                is_outage = isinstance(error, OutageError)
                is_patient = is_outage and self._has_served and paused < PATIENCE
                # One that is an outage already has been waited for by a request within this one.
                is_over = not error.retryable or (is_outage and error is exc)
                if is_over or (number >= self.options.attempts and not is_patient):
                    raise error from exc
            else:
                self._has_served = True
                return result
            pause = BACKOFF.pause(number, random.random())  # noqa: S311 - no secret
            paused += pause
            self._sleep(pause)

    def reading(self, bucket: str, attempt: Callable[[bool], T]) -> T:
        """
        Read with our identity, or without any: a public bucket may refuse the one and accept the other.

        :param attempt: gets whether to sign.
        """
        if bucket in self._anonymous or not self.access.can_sign():
            return attempt(False)
        try:
            return attempt(True)
        except ArchivedError:
            raise  # for whoever asks
        except AccessError as refused:
            try:
                result = attempt(False)
            except AccessError:
                raise refused from None
            with self._lock:
                self._anonymous.add(bucket)
            return result

    def client(self, *, signed: bool) -> S3Client:
        """Client for a single request."""
        return self.access.client if signed else self.access.anonymous_client

    def find(self, uri: S3Uri) -> Found | None:
        """Look an object up, ``None`` when it does not exist."""

        def attempt(signed: bool) -> Found | None:
            if expressible(uri.key):
                return self._head(uri, signed=signed)
            try:
                with explained(f"read {uri}"):
                    head = self.client(signed=signed).head_object(Bucket=uri.bucket, Key=uri.key)
                    return Found(uri.key, head["ContentLength"], head["ETag"])
            except AwsError as exc:
                if exc.kind is Kind.MISSING:
                    return None
                raise

        return self.reading(uri.bucket, attempt)

    def _head(self, uri: S3Uri, *, signed: bool) -> Found | None:
        import obstore

        store = self.access.store(uri.bucket, signed=signed)

        def attempt() -> Found | None:
            try:
                head = obstore.head(store, uri.key)
            except FileNotFoundError:
                return None
            return Found(uri.key, head["size"], head["e_tag"] or "")

        return self.persist(f"read {uri}", attempt)

    def peek(self, folder: S3Uri, limit: int) -> dict[str, Found]:
        """
        Find what lies under a folder, by key.

        :param limit: stop after that many.
        """
        return {found.key: found for found in islice(self._list_exactly(folder, signed=True), limit)}

    def seems_empty(self, folder: S3Uri) -> bool:
        """
        Whether nothing seems to lie under a folder: one request, and no client of botocore's is made for it.

        That client takes a quarter of a second to make. Who must be certain asks :meth:`peek`: obstore takes any page
        for an empty listing.
        """
        import obstore

        if not expressible(folder.key.removesuffix("/")):
            return False
        store = self.access.store(folder.bucket)
        with suppress(obstore.exceptions.BaseError, OSError, ValueError):
            return not next(iter(obstore.list(store, folder.key, chunk_size=1)), None)
        return False

    def remove(self, uri: S3Uri) -> None:
        """Remove an object."""
        with explained(f"remove {uri}"):
            self.access.client.delete_object(Bucket=uri.bucket, Key=uri.key)

    def find_all(self, folder: S3Uri) -> list[Found]:
        """List all that lies under a folder, sorted by key."""
        return self.reading(folder.bucket, lambda signed: self._list(folder, signed=signed))

    def _list(self, folder: S3Uri, *, signed: bool) -> list[Found]:
        found = self._list_plain(folder, signed=signed)
        return list(self._list_exactly(folder, signed=signed)) if found is None else found

    def _list_plain(self, folder: S3Uri, *, signed: bool) -> list[Found] | None:
        """
        List with obstore, four times as fast.

        :return: ``None`` when there may be keys that it can't express, or it found nothing.
        """
        import obstore

        # It drops slashes at the ends of what it is asked for, and of what it finds.
        if not expressible(folder.key.removesuffix("/")):
            return None
        store = self.access.store(folder.bucket, signed=signed)
        found: list[Found] = []
        try:
            for page in obstore.list(store, folder.key, chunk_size=PAGE):
                if not all(item["size"] for item in page):
                    return None  # markers of empty folders look like empty files here
                found += [Found(item["path"], item["size"], item["e_tag"] or "") for item in page]
        except (obstore.exceptions.BaseError, OSError, ValueError):
            return None  # let botocore find the words for what is wrong
        # It takes any page for an empty listing, and a marker with content looks like the file beside it.
        return found if found and len({item.key for item in found}) == len(found) else None

    def _list_exactly(self, folder: S3Uri, *, signed: bool) -> Iterator[Found]:
        return (Found(item["Key"], item["Size"], item["ETag"]) for item in self.entries(folder, signed=signed))

    def entries(self, folder: S3Uri, *, signed: bool, **asked: Any) -> Iterator[Mapping[str, Any]]:
        """
        List all that lies under a folder, in S3's own words, page by page.

        :param asked: further parameters of ListObjectsV2.
        """
        paginator = self.client(signed=signed).get_paginator("list_objects_v2")
        with explained(f"list {folder}"):
            for page in paginator.paginate(Bucket=folder.bucket, Prefix=folder.key, **asked):
                _ = page["IsTruncated"]  # which no page of S3's lacks, unlike the contents
                yield from page.get("Contents", ())


def _stopped() -> StoppedError:
    return StoppedError("the transfer was stopped")
