"""What requests to S3 raise, as errors of ours: what only S3's users know on top of core's table."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from miniwdl_aws_core.aws.errors import (
    AwsError,
    Case,
    ErrorFamily,
    Kind,
    error_of,
    is_of_botocore,
    translated,
    without_credentials,
)
from miniwdl_aws_core.aws.surprises import in_words
from miniwdl_aws_s3_rails.errors import (
    AccessError,
    ArchivedError,
    CredentialsError,
    LineError,
    OutageError,
    RailsError,
    StoppedError,
    TransferError,
)
from miniwdl_aws_s3_rails.transfer.archives import ARCHIVED_CODE, RESTORE_SOMEHOW

if TYPE_CHECKING:
    import obstore.exceptions

__all__ = ["NO_BUCKET", "S3_ERRORS", "explained", "judged"]

NO_BUCKET = "create the bucket, or correct its name"

S3_ERRORS = ErrorFamily(
    refused=AccessError,
    unconfigured=AccessError,
    cases=(
        Case("NoSuchBucket", hint=NO_BUCKET),
        Case("404", hint=NO_BUCKET),
        Case(ARCHIVED_CODE, becomes=ArchivedError, hint=RESTORE_SOMEHOW),
        Case("AllAccessDisabled", hint="the bucket's owner has disabled all access"),
    ),
)

explained = partial(translated, family=S3_ERRORS)
"""Turns whatever a request raises into an :class:`AccessError`; what is attempted completes "can't ..."."""

TAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})
"""Errors of conditional writes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html"""

OUTAGE = re.compile(r"HTTP error: |status code: (?:408|429|5(?!01)\d\d)\b")
"""In obstore's first line on a request that failed after all its own tries; 501 is what a server never does."""

CHANGED = "somebody else changed it meanwhile"


def judged(exc: Exception, action: str) -> AwsError | StoppedError | TransferError:
    """
    Turn what an attempt raised, by whichever library, into an error that knows whether to try again.

    :param action: completes "can't ...": ``write s3://b/k``.
    """
    from obstore import exceptions as obstore

    if isinstance(exc, CredentialsError):
        return without_credentials(action, exc.message, S3_ERRORS)
    if isinstance(exc, (AccessError, StoppedError, TransferError)):
        return exc
    if isinstance(exc, LineError):
        return OutageError(f"can't {action}: {exc.message}", retryable=True)
    if is_of_botocore(exc):
        error = error_of(exc, action, S3_ERRORS)
        return TransferError(f"can't {action}: {CHANGED}", retryable=True) if error.code in TAKEN else error
    if isinstance(exc, FileNotFoundError):
        hint = "check the bucket's name, and the key"
        return AccessError(f"can't {action}: it does not exist", kind=Kind.MISSING, hint=hint)
    if isinstance(exc, obstore.BaseError):
        return _of_store(exc, action)
    if isinstance(exc, (OSError, RailsError)):
        return TransferError(f"can't {action}: {_first_line(exc)}", retryable=False)
    return TransferError(f"can't {action}: {in_words(exc)}", retryable=True)


def _of_store(exc: obstore.exceptions.BaseError, action: str) -> AwsError | TransferError:
    from obstore import exceptions

    if isinstance(exc, exceptions.UnauthenticatedError) and (words := _credentials_error(exc)):
        return without_credentials(action, words, S3_ERRORS)
    if isinstance(exc, exceptions.PermissionDeniedError) and f"<Code>{ARCHIVED_CODE}</Code>" in str(exc):
        return ArchivedError(f"can't {action}: it is archived", code=ARCHIVED_CODE, hint=RESTORE_SOMEHOW)
    if isinstance(exc, (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError)):
        hint = "the identity in use lacks a permission on this bucket"
        return AccessError(f"can't {action}: access denied", kind=Kind.DENIED, hint=hint)
    if isinstance(exc, (exceptions.PreconditionError, exceptions.AlreadyExistsError)):
        return TransferError(f"can't {action}: {CHANGED}", retryable=True)
    kind = OutageError if OUTAGE.search(str(exc).partition("\n")[0]) else TransferError
    return kind(f"can't {action}: {_first_line(exc)}", retryable=True)


def _credentials_error(exc: Exception) -> str:
    """Words of the error of ours because of which obstore had no credentials; empty when S3 itself refused."""
    return _first_line(exc).partition(f"{CredentialsError.__name__}: ")[2]


def _first_line(exc: Exception, limit: int = 300) -> str:
    return (str(exc).strip().splitlines() or [repr(exc)])[0][:limit]
