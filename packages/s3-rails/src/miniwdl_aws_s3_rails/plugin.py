"""What this distribution answers to the hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_hooks import hookimpl

if TYPE_CHECKING:
    from miniwdl_aws_hooks import (
        Check,
        DestinationContext,
        FetchReport,
        FetchRequest,
        InputFinding,
        InputsContext,
        PreflightContext,
        PublishOptions,
        PublishReport,
        PublishRequest,
        StageRequest,
        StageResult,
    )


@hookimpl
def miniwdl_aws_check_inputs(context: InputsContext) -> list[InputFinding] | None:
    """Look whether objects and folders in S3 exist, how large they are, and whether they must be restored first."""
    from miniwdl_aws_core.s3uri import SCHEME

    if not any(item.uri.startswith(SCHEME) for item in context.inputs):
        return None
    from miniwdl_aws_s3_rails.input_check import check_inputs
    from miniwdl_aws_s3_rails.transfer.engine import engine_for

    return check_inputs(context, engine_for(context.settings))


@hookimpl(trylast=True)  # it claims all of S3
def miniwdl_aws_stage(request: StageRequest) -> StageResult | None:
    """Keep local files in S3 by their content."""
    from miniwdl_aws_core.s3uri import SCHEME
    from miniwdl_aws_hooks import EnvironSettings
    from miniwdl_aws_s3_rails.staging.stage import stage
    from miniwdl_aws_s3_rails.transfer.engine import engine_for

    if not request.folder.startswith(SCHEME):
        return None
    return stage(request, engine_for(EnvironSettings()))


@hookimpl(trylast=True)  # it claims all of S3
def miniwdl_aws_check_destination(context: DestinationContext) -> bool | None:
    """
    Try whether the S3 folder can be written, and whether ``--no-overwrite`` leaves room for a run there.

    From the submitting machine, look at it only: its bucket, its region, results that are there already.
    """
    if not _uploads(context.folder, context.options):
        return None
    from miniwdl_aws_s3_rails.products.s3_publisher import check
    from miniwdl_aws_s3_rails.transfer.engine import engine_for

    check(context, engine_for(context.settings))
    return True


@hookimpl(trylast=True)  # it claims all of S3
def miniwdl_aws_publish(request: PublishRequest) -> PublishReport | None:
    """Upload to S3."""
    if not _uploads(request.folder, request.options):
        return None
    from miniwdl_aws_s3_rails.products.s3_publisher import publish
    from miniwdl_aws_s3_rails.transfer.engine import engine_for

    return publish(request, engine_for(request.settings))


@hookimpl(trylast=True)  # it claims all of S3
def miniwdl_aws_fetch(request: FetchRequest) -> FetchReport | None:
    """Download from S3; what is there already and equal is left out, and what differs is left alone."""
    from miniwdl_aws_core.s3uri import SCHEME

    if not all(uri.startswith(SCHEME) for uri in request.files):
        return None
    from miniwdl_aws_s3_rails.fetch import fetch
    from miniwdl_aws_s3_rails.transfer.engine import engine_for

    return fetch(request, engine_for(request.settings))


def _uploads(folder: str, options: PublishOptions) -> bool:
    from miniwdl_aws_core.options.shared import EXPORT
    from miniwdl_aws_core.s3uri import SCHEME
    from miniwdl_aws_hooks import MissingPartError

    if not folder.startswith(SCHEME):
        return False
    if options.publisher == EXPORT:  # whoever exports is asked first
        raise MissingPartError.of("--publish export", "miniwdl-aws-fsx-mount")
    return True


@hookimpl
def miniwdl_aws_preflight(context: PreflightContext) -> list[Check]:
    """Check that the configured upload and staging folders can be written."""
    from miniwdl_aws_s3_rails.preflight import check_folders
    from miniwdl_aws_s3_rails.transfer.engine import engine_for

    return check_folders(context, engine_for(context.settings))
