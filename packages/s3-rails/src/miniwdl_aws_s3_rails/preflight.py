"""Looks at the S3 folders that a run is configured to use: the ``preflight`` hook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_core.options.shared import AwsOptions
from miniwdl_aws_hooks import Check, CheckState, MiniwdlAwsError
from miniwdl_aws_s3_rails.products.destination import check_writable

if TYPE_CHECKING:
    from miniwdl_aws_hooks import PreflightContext
    from miniwdl_aws_s3_rails.transfer.engine import Engine

__all__ = ["check_folders"]


def check_folders(context: PreflightContext, engine: Engine) -> list[Check]:
    """Check that each configured folder can be written."""
    checks = []
    aws = AwsOptions(context.settings)
    for name, folder in (("upload folder", aws.s3_upload_folder), ("staging folder", aws.staging)):
        if not folder:
            continue
        subject = f"{name} {folder}"
        try:
            check_writable(engine, folder, what=f"the {name}")
        except MiniwdlAwsError as exc:
            checks.append(Check(subject, CheckState.FAILED, exc.message, exc.hint))
        else:
            checks.append(Check(subject, CheckState.OK, "it can be written"))
    return checks
