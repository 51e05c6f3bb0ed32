"""What this distribution answers to the hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_hooks import hookimpl

if TYPE_CHECKING:
    from miniwdl_aws_hooks import (
        Check,
        PreflightContext,
        PublishReport,
        PublishRequest,
        StageRequest,
        StageResult,
        SubmitOption,
    )

SCHEME = "s3://"


@hookimpl
def miniwdl_aws_stage(request: StageRequest) -> StageResult | None:
    """Keep local files in S3 by their content."""
    if not request.folder.startswith(SCHEME):
        return None
    from miniwdl_aws_hooks import EnvironSettings
    from miniwdl_aws_s3_rails.stage import stage
    from miniwdl_aws_s3_rails.transfer.engine import engine_for

    return stage(request, engine_for(EnvironSettings()))


@hookimpl
def miniwdl_aws_publish(request: PublishRequest) -> PublishReport | None:
    """Upload to S3."""
    if not request.folder.startswith(SCHEME):
        return None
    from miniwdl_aws_hooks import MissingPartError
    from miniwdl_aws_s3_rails.products.publish import check, publish
    from miniwdl_aws_s3_rails.transfer.engine import engine_for

    if (request.settings.get("aws", "publish") or "").lower() == "export":
        raise MissingPartError.of("[aws] publish = export", "miniwdl-aws-fsx-mount")
    engine = engine_for(request.settings)
    return publish(request, engine) if request.files else check(request, engine)


@hookimpl
def miniwdl_aws_preflight(context: PreflightContext) -> list[Check]:
    """Check that the configured upload and staging folders can be written."""
    from miniwdl_aws_s3_rails.preflight import check_folders
    from miniwdl_aws_s3_rails.transfer.engine import engine_for

    return check_folders(context, engine_for(context.settings))


@hookimpl
def miniwdl_aws_submit_options() -> list[SubmitOption]:
    """Add ``--upload-as-you-go``."""
    from miniwdl_aws_hooks import SubmitOption
    from miniwdl_aws_s3_rails.submitting import enter

    return [
        SubmitOption(
            name="--upload-as-you-go",
            help="with --s3upload: upload the outputs of finished calls while the rest of the workflow runs",
            enter=enter,
            submit_only=True,
        )
    ]
