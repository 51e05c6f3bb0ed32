"""
Looks at ``s3://`` inputs before a run is submitted: the ``check_inputs`` hook.

The looks need ``s3:GetObject`` and ``s3:ListBucket``. Without the latter, S3 answers 403 for an object that does not
exist, so nothing is said of what these credentials may not see: the workflow job's role may well see it.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.aws.errors import AwsError, Kind
from miniwdl_aws_core.s3uri import SCHEME, S3Uri, UriError
from miniwdl_aws_hooks import InputFinding, MiniwdlAwsError
from miniwdl_aws_s3_rails.errors import AccessError
from miniwdl_aws_s3_rails.transfer.archives import RESTORE_FIRST, archive_of, archive_of_listed, restore_command
from miniwdl_aws_s3_rails.transfer.meter import Meter
from miniwdl_aws_s3_rails.transfer.reach.access import distance
from miniwdl_aws_s3_rails.transfer.refusals import explained

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniwdl_aws_hooks import InputsContext, RemoteInput
    from miniwdl_aws_s3_rails.transfer.engine import Engine

__all__ = ["check_inputs"]

MAX_LISTED = 10_000
"""Objects of a folder that are looked at: ten requests."""


def check_inputs(context: InputsContext, engine: Engine) -> list[InputFinding]:
    """Look at those inputs that are in S3, several at once."""
    ours = [item for item in context.inputs if item.uri.startswith(SCHEME)]
    meter = Meter("looking at inputs", len(ours), 0, context.progress)

    def look(item: RemoteInput) -> InputFinding:
        finding = _look(item, engine)
        meter.finish_one()
        return finding

    futures = [engine.pool.submit(look, item) for item in ours]
    with meter.reporting():
        engine.gather(futures)
    return [future.result() for future in futures]


def _look(item: RemoteInput, engine: Engine) -> InputFinding:
    try:
        uri = S3Uri.parse(item.uri, what="the URI")
        look = _look_at_folder if item.directory else _look_at_object
        size, archived = look(uri, engine)
        if archived:
            return _archived(item.uri, size, *archived)
        return InputFinding(item.uri, size, doubt=distance(engine.access, uri.bucket, "read"))
    except MiniwdlAwsError as exc:
        if isinstance(exc, UriError) or (isinstance(exc, AwsError) and exc.kind is Kind.MISSING):
            return InputFinding(item.uri, problem=exc.message, hint=exc.hint)
        return InputFinding(item.uri, doubt=f"{exc.message}; the job may have other rights")


def _look_at_object(uri: S3Uri, engine: Engine) -> tuple[int, tuple[S3Uri, str] | None]:
    """Give its size, and in which archive it lies, if it does."""
    if not uri.key:  # s3://BUCKET, of which miniwdl sees no slash at the end
        hint = "name a file in it, or declare the input as a Directory"
        raise AccessError(f"{SCHEME}{uri.bucket} is a bucket, not a file", kind=Kind.MISSING, hint=hint)

    def attempt(signed: bool) -> Mapping[str, Any]:
        with explained(f"read {uri}"):
            return engine.client(signed=signed).head_object(Bucket=uri.bucket, Key=uri.key)

    try:
        head = engine.reading(uri.bucket, attempt)
    except AwsError as exc:
        if exc.kind is not Kind.MISSING:
            raise
        engine.access.region_of(uri.bucket)  # raises where it is the bucket that does not exist
        raise AccessError(f"{uri} does not exist", kind=Kind.MISSING, hint=_folder_instead(uri, engine)) from exc
    words = archive_of(head)
    return head["ContentLength"], (uri, words) if words else None


def _folder_instead(uri: S3Uri, engine: Engine) -> str:
    with suppress(MiniwdlAwsError):
        if engine.peek(uri.as_folder(), 1):
            return f"{uri.as_folder()} is a folder there: name a file in it, or declare the input as a Directory"
    return "check the key: case counts, and nothing in it is decoded"


def _file_instead(folder: S3Uri, engine: Engine) -> str | None:
    uri = S3Uri(folder.bucket, folder.key.rstrip("/"))
    with suppress(MiniwdlAwsError):
        if uri.key:
            _look_at_object(uri, engine)
            return f"{uri} is a file there: name a folder, or declare the input as a File"
    return None


def _look_at_folder(uri: S3Uri, engine: Engine) -> tuple[int | None, tuple[S3Uri, str] | None]:
    """Give the size of all that lies there, unless that is too much to look at, and the first object in an archive."""
    folder = uri.as_folder()

    def attempt(signed: bool) -> list[Mapping[str, Any]]:
        entries = engine.entries(folder, signed=signed, OptionalObjectAttributes=["RestoreStatus"])
        return list(islice(entries, MAX_LISTED + 1))

    found = engine.reading(folder.bucket, attempt)
    if not found:
        raise AccessError(f"there is nothing under {folder}", kind=Kind.MISSING, hint=_file_instead(folder, engine))
    archived = ((S3Uri(folder.bucket, item["Key"]), words) for item in found if (words := archive_of_listed(item)))
    size = sum(item["Size"] for item in found) if len(found) <= MAX_LISTED else None
    return size, next(archived, None)


def _archived(text: str, size: int | None, uri: S3Uri, words: str) -> InputFinding:
    hint = f"{RESTORE_FIRST}: `{restore_command(uri, words)}`"
    return InputFinding(text, size, problem=f"{uri} can't be read: {words}", hint=hint)
