"""
Reads objects of a bucket: their content, and what S3 says of it along with it.

Unlike obstore's, these requests ask for the checksum that S3 keeps: it comes in the same answer as the content, but not
with a range of it. See https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html (x-amz-checksum-mode).
"""

from __future__ import annotations

import html
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from miniwdl_aws_core.aws.errors import SERVICE
from miniwdl_aws_core.aws.surprises import refusal
from miniwdl_aws_core.options.kinds import MIB
from miniwdl_aws_s3_rails.errors import LineError
from miniwdl_aws_s3_rails.transfer.reach.connections import Connections, pieces
from miniwdl_aws_s3_rails.transfer.reach.signature import sign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from http.client import HTTPResponse

    from obstore.store import S3Credential

__all__ = ["CHUNK", "CRC", "Answer", "Reader"]

CHUNK = MIB // 4
"""What is read at once, while the rest is still on its way."""

OK, PARTIAL, REDIRECTED, BROKEN, NOT_IMPLEMENTED = 200, 206, 300, 500, 501
BUSY = frozenset({408, 429})

CODE, MESSAGE = r"<Code>(\w+)</Code>", r"<Message>([^<]*)</Message>"
"""In a refusal: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"""

MAX_REFUSAL = 64 * 1024
"""Bytes of a refusal that are read."""

CRC = "x-amz-checksum-crc64nvme"
"""Header that tells the checksum of an object as a whole; AWS sends it along with no range of the object."""

METADATA = "x-amz-meta-"


@dataclass(frozen=True)
class Answer:
    """An object, or a range of it, on its way."""

    headers: Mapping[str, str]
    """What the server says of the object, by names in lower case."""
    response: HTTPResponse

    @property
    def metadata(self) -> dict[str, str]:
        """What whoever wrote the object says of it."""
        said = self.headers.items()
        return {name.removeprefix(METADATA): value for name, value in said if name.startswith(METADATA)}

    def chunks(self) -> Iterator[memoryview]:
        """
        Give the content piece by piece; each is only good until the next is asked for.

        :raises LineError: when the connection breaks, or ends too early.
        """
        return pieces(self.response, CHUNK)


@dataclass(frozen=True)
class Reader:
    """Reads objects of one bucket; safe to share between threads. Each request is tried once."""

    url: str
    """Of the bucket, without a slash at its end."""
    region: str
    connections: Connections
    credentials: Callable[[], S3Credential] | None = None
    """Gives the credentials of the moment; ``None`` for requests that nobody signs."""
    more: Mapping[str, str] = field(default_factory=dict)
    """Headers that all requests get, by names in lower case."""

    @contextmanager
    def get(self, key: str, span: tuple[int, int] | None = None, etag: str = "") -> Iterator[Answer]:
        """
        Ask for an object.

        :param span: where the wanted range starts, and before which byte it ends; all of it when ``None``.
        :param etag: of the version that it has to be, where that matters.
        :raises LineError: when nobody can be served now.
        :raises Exception: of botocore's, when S3 refuses: see :func:`~miniwdl_aws_core.aws.surprises.refusal`.
        """
        wanted = {"if-match": etag} if etag else {}
        if span:
            wanted["range"] = f"bytes={span[0]}-{span[1] - 1}"
        with self._answered("GET", key, "", wanted) as response:
            _check(response, "GetObject", PARTIAL if span else OK)
            yield Answer(_described(response), response)

    def head(self, key: str, part: int | None = None) -> Mapping[str, str]:
        """
        Ask what S3 says of an object, its checksum included; raises as :meth:`get`.

        :param part: number of the part of its upload that is meant, from 1; the whole when ``None``.
        :return: headers, by names in lower case.
        """
        with self._answered("HEAD", key, f"?partNumber={part}" if part else "", {}) as response:
            _check(response, "HeadObject", *((OK, PARTIAL) if part else (OK,)))
            return _described(response)

    def _answered(
        self, method: str, key: str, query: str, wanted: Mapping[str, str]
    ) -> AbstractContextManager[HTTPResponse]:
        url = urlsplit(self.url)
        target = f"{url.path}/{quote(key)}{query}"
        headers = {"host": url.netloc, "x-amz-checksum-mode": "ENABLED", **self.more, **wanted}
        if self.credentials:
            headers = sign(method, target, headers, self.credentials(), self.region, datetime.now(UTC))
        return self.connections.answered(f"{url.scheme}://{url.netloc}", method, target, headers)


def _described(response: HTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _check(response: HTTPResponse, operation: str, *expected: int) -> None:
    """Raise what an answer means that isn't the one that was asked for."""
    status = response.status
    if status in expected:
        return
    text = bytes(next(pieces(response, MAX_REFUSAL), b"")).decode(errors="replace")
    code, message = (found[1] if (found := re.search(pattern, text)) else "" for pattern in (CODE, MESSAGE))
    if status < REDIRECTED or status in BUSY or (status >= BROKEN and status != NOT_IMPLEMENTED):
        raise LineError(f"the server answers with status {status} {code}".rstrip())
    error = {"Code": code or str(status), "Message": html.unescape(message)}
    raise refusal(operation, error, {"HTTPStatusCode": status, SERVICE: "s3"})
