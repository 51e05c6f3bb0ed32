"""Fetches one object from S3 and makes sure that it arrived as it is there."""

from __future__ import annotations

import os
from concurrent.futures import FIRST_EXCEPTION, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniwdl_aws_s3_rails.engine import Found, expressible
from miniwdl_aws_s3_rails.errors import AccessError, TransferError
from miniwdl_aws_s3_rails.etags import Verdict, judge, md5_of
from miniwdl_aws_s3_rails.uri import S3Uri

if TYPE_CHECKING:
    from collections.abc import Iterable
    from concurrent.futures import Future
    from pathlib import Path

    from obstore import GetOptions

    from miniwdl_aws_s3_rails.engine import Engine

__all__ = ["Receiver"]


@dataclass(frozen=True)
class Receiver:
    """Fetches objects through an engine."""

    engine: Engine

    def fetch(self, uri: S3Uri, path: Path) -> int:
        """
        Fetch an object into a new file, and return its size.

        :raises AccessError: when it does not exist or may not be read.
        :raises TransferError: when it could not be brought here whole.
        """
        found = self.engine.find(uri)
        if found is None:
            raise AccessError(f"{uri} does not exist")
        self.fetch_all(uri.bucket, [(found, path)])
        return found.size

    def read(self, uri: S3Uri) -> bytes:
        """Fetch a small object into memory."""
        what = f"cannot read {uri}"
        return self.engine.reading(
            uri.bucket,
            lambda signed: self.engine.persist(what, lambda: self._get(uri, None, None, signed=signed)),
        )

    def fetch_all(self, bucket: str, wanted: Iterable[tuple[Found, Path]]) -> None:
        """Fetch objects of one bucket, each into a file of its own; the first that can't be had ends it."""
        futures: list[Future[None]] = []
        for found, path in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                file.truncate(found.size)
            futures += [
                self.engine.pool.submit(self._fetch_range, S3Uri(bucket, found.key), found, path, start)
                for start in range(0, found.size, self.engine.options.part_size)
            ]
        done, pending = wait(futures, return_when=FIRST_EXCEPTION)
        for future in pending:
            future.cancel()
        wait(pending)
        for future in done:
            future.result()

    def _fetch_range(self, uri: S3Uri, found: Found, path: Path, start: int) -> None:
        end = min(start + self.engine.options.part_size, found.size)

        def attempt(signed: bool) -> None:
            data = self._get(uri, (start, end), found.etag, signed=signed)
            if len(data) != end - start:
                raise TransferError(f"cannot read {uri}: the answer was cut short", retryable=True)
            whole = start == 0 and end == found.size
            if whole and judge(md5_of(data).hex(), found.etag) is Verdict.DIFFERENT and not self._opaque(uri, signed):
                raise TransferError(f"cannot read {uri}: it arrived damaged", retryable=True)
            file = os.open(path, os.O_WRONLY)
            try:
                os.pwrite(file, data, start)
            finally:
                os.close(file)

        with self.engine.budget.draw(end - start):
            self.engine.reading(
                uri.bucket, lambda signed: self.engine.persist(f"cannot read {uri}", lambda: attempt(signed))
            )

    def _opaque(self, uri: S3Uri, signed: bool) -> bool:
        # With SSE-KMS an ETag looks like an MD5, but is none.
        head = self.engine.client(signed=signed).head_object(Bucket=uri.bucket, Key=uri.key)
        return head.get("ServerSideEncryption", "").startswith("aws:kms") or "SSECustomerAlgorithm" in head

    def _get(self, uri: S3Uri, span: tuple[int, int] | None, etag: str | None, *, signed: bool) -> bytes:
        import obstore

        if not expressible(uri.key):
            more: Any = {"Range": f"bytes={span[0]}-{span[1] - 1}", "IfMatch": etag} if span else {}
            return self.engine.client(signed=signed).get_object(Bucket=uri.bucket, Key=uri.key, **more)["Body"].read()
        options: GetOptions | None = {"range": span, "if_match": etag} if span else None
        # If-Match: all ranges must come from one version of the object.
        result = obstore.get(self.engine.access.store(uri.bucket, signed=signed), uri.key, options=options)
        return result.bytes().to_bytes()
