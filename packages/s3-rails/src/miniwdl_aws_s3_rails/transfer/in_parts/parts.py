"""
Sends a file in parts through botocore, for what obstore can't do: odd keys, and conditions on uploads in parts.

An object is copied in parts likewise. Each part answers with the checksum that botocore sent along, if it sent one; S3
wants them again at the end.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar, cast

from miniwdl_aws_s3_rails.errors import AccessError
from miniwdl_aws_s3_rails.transfer.pool import DaemonPool
from miniwdl_aws_s3_rails.transfer.refusals import explained

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from concurrent.futures import Future

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef as Part

    from miniwdl_aws_core.s3uri import S3Uri
    from miniwdl_aws_s3_rails.transfer.writing import PutOptions

__all__ = ["copy_in_parts", "put_in_parts"]

T = TypeVar("T")

CHECKSUMS = frozenset(f"Checksum{name}" for name in ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"))


def put_in_parts(client: S3Client, uri: S3Uri, parts: Iterable[bytes], options: PutOptions, *, at_once: int) -> str:
    """
    Send parts, and return the ETag of the whole.

    :param at_once: parts on their way at the same time.
    """

    def send(upload: Mapping[str, Any], number: int, part: bytes) -> Mapping[str, Any]:
        return client.upload_part(**upload, PartNumber=number, Body=part)

    return _in_parts(client, uri, parts, options, send, at_once)


def copy_in_parts(
    client: S3Client,
    uri: S3Uri,
    source: Mapping[str, Any],
    sizes: tuple[int, int],
    options: PutOptions,
    *,
    at_once: int,
) -> str:
    """
    Copy an object, and return the ETag of the whole.

    :param source: which one, in the words of UploadPartCopy.
    :param sizes: bytes of the object, and of a part.
    """
    size, part_size = sizes

    def copy(upload: Mapping[str, Any], number: int, start: int) -> Mapping[str, Any]:
        span = f"bytes={start}-{min(start + part_size, size) - 1}"
        return client.upload_part_copy(**upload, **source, PartNumber=number, CopySourceRange=span)["CopyPartResult"]

    return _in_parts(client, uri, range(0, size, part_size), options, copy, at_once)


def _in_parts(
    client: S3Client,
    uri: S3Uri,
    parts: Iterable[T],
    options: PutOptions,
    send: Callable[[Mapping[str, Any], int, T], Mapping[str, Any]],
    at_once: int,
) -> str:
    target: dict[str, Any] = {"Bucket": uri.bucket, "Key": uri.key}
    started = client.create_multipart_upload(**target, **options.parameters())
    upload = {**target, "UploadId": started["UploadId"]}
    try:
        sent = _send(parts, lambda number, part: send(upload, number, part), at_once)
        end: dict[str, Any] = {**upload, "MultipartUpload": {"Parts": sent}, **options.condition()}
        return client.complete_multipart_upload(**end)["ETag"]
    except BaseException:
        # What stays is invisible, but costs: a lifecycle rule of the bucket clears up where this isn't allowed.
        with suppress(AccessError), explained(f"give up {uri}"):
            client.abort_multipart_upload(**upload)
        raise


def _send(parts: Iterable[T], send_one: Callable[[int, T], Mapping[str, Any]], at_once: int) -> list[Part]:
    def send(number: int, part: T) -> Part:
        answer = send_one(number, part)
        sent: Any = {name: value for name, value in answer.items() if name == "ETag" or name in CHECKSUMS}
        sent["PartNumber"] = number
        return cast("Part", sent)

    done: list[Part] = []
    running: deque[Future[Part]] = deque()
    # Threads of its own: those of the engine's pool must not wait for one another.
    with DaemonPool(at_once, "s3-rails-parts") as pool:
        for number, part in enumerate(parts, 1):
            running.append(pool.submit(send, number, part))
            if len(running) == at_once:
                done.append(running.popleft().result())
        done += [future.result() for future in running]
    return done
