"""Finds out whether a run may have a folder in S3 for its products, without leaving anything there."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.aws.errors import no_credentials
from miniwdl_aws_core.s3uri import S3Uri
from miniwdl_aws_hooks.protocol import OUTPUTS_JSON
from miniwdl_aws_s3_rails.errors import AccessError, OptionError
from miniwdl_aws_s3_rails.transfer.reach.access import distance
from miniwdl_aws_s3_rails.transfer.refusals import S3_ERRORS, explained

if TYPE_CHECKING:
    from miniwdl_aws_hooks import DestinationContext
    from miniwdl_aws_s3_rails.transfer.engine import Engine

__all__ = ["check_vacant", "check_writable", "look_from_afar"]

PROBE = ".miniwdl-aws-write-test"


def check_vacant(engine: Engine, text: str) -> None:
    """
    Make sure, under ``--no-overwrite``, that a folder does not hold the results of a run already.

    :raises AccessError: when it does.
    """
    # A folder of the run's own is as new as the run.
    if not text.endswith("/"):
        return
    uri = S3Uri.parse(text).join(OUTPUTS_JSON)
    if engine.find(uri) is not None:
        raise AccessError(_protected(uri))


def _protected(uri: S3Uri) -> str:
    return f"{uri} is there already, and --no-overwrite protects the run that it belongs to"


def look_from_afar(engine: Engine, context: DestinationContext) -> None:
    """
    Look at a folder by the credentials of whoever submits: whether and where its bucket is, and what is there of a run.

    One request, ListObjectsV2. Whether the job may write says nobody but S3, by the job's own credentials, or IAM's
    simulator, which ``miniwdl-aws doctor`` asks.

    :raises OptionError: when another run's results are protected.
    :raises AwsError: when the bucket isn't there (``Kind.MISSING``), or can't be looked at.
    """
    uri = S3Uri.parse(context.folder, what="--s3upload")
    if words := distance(engine.access, uri.bucket, "write"):
        context.note(words)
    results = uri.join(OUTPUTS_JSON)
    # A listing tells a missing bucket from a missing object; HeadObject doesn't.
    there = results.key in engine.peek(results, 1)
    if not there or not context.folder.endswith("/"):
        return
    if not context.options.overwrite:
        hint = "name another folder; without the slash at its end, the run gets one in it"
        raise OptionError(_protected(results), hint=hint)
    context.note(f"{context.folder} has the results of a run, which those of this one replace (--no-overwrite refuses)")


def check_writable(engine: Engine, text: str, *, what: str = "--s3upload") -> S3Uri:
    """
    Make sure that a folder can be written, by starting an upload in parts and giving it up.

    That needs the same permissions as a whole upload, those for encryption and tags included, but leaves no object
    behind, not even for a moment.

    :param what: who gave the URI, for errors.
    :raises AccessError: when it can't.
    """
    uri = S3Uri.parse(text, what=what)
    probe = uri.join(PROBE)
    engine.access.region_of(uri.bucket)
    if not engine.access.can_sign():
        raise no_credentials(f"write to {text}", S3_ERRORS)
    client = engine.access.client
    parameters: dict[str, Any] = engine.options.products.parameters()
    with explained(f"write to {text}"):
        upload = client.create_multipart_upload(Bucket=probe.bucket, Key=probe.key, **parameters)["UploadId"]
    # s3:AbortMultipartUpload is a permission of its own. Without it, what stays is invisible, empty and free of charge.
    with suppress(AccessError), explained(f"write to {text}"):
        client.abort_multipart_upload(Bucket=probe.bucket, Key=probe.key, UploadId=upload)
    return uri
