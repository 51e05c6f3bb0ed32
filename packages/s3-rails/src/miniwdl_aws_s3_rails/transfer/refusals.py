"""What requests to S3 raise, as errors of ours: what only S3's users know on top of core's table."""

from __future__ import annotations

from functools import partial

from miniwdl_aws_core.aws.errors import Case, ErrorFamily, translated
from miniwdl_aws_s3_rails.errors import AccessError, ArchivedError
from miniwdl_aws_s3_rails.transfer.archives import ARCHIVED_CODE, RESTORE_SOMEHOW

__all__ = ["NO_BUCKET", "S3_ERRORS", "explained"]

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
