"""Asks the plugin that answers for a destination, whichever it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_core.s3uri import S3Uri, UriError
from miniwdl_aws_hooks import get_manager
from miniwdl_aws_s3_rails.errors import AccessError

if TYPE_CHECKING:
    from miniwdl_aws_hooks import DestinationContext, MiniwdlAwsError, PublishReport, PublishRequest

__all__ = ["check_by_plugin", "publish_by_plugin"]


def check_by_plugin(context: DestinationContext) -> None:
    """
    Have the plugin that answers for a destination make sure that it could publish there.

    :raises MiniwdlAwsError: when none does.
    """
    if not get_manager().hook.miniwdl_aws_check_destination(context=context):
        raise _nobody(context.folder)


def publish_by_plugin(request: PublishRequest) -> PublishReport:
    """
    Have the plugin that answers for a destination publish there.

    :raises MiniwdlAwsError: when none does.
    """
    report: PublishReport | None = get_manager().hook.miniwdl_aws_publish(request=request)
    if report is None:
        raise _nobody(request.folder)
    return report


def _nobody(folder: str) -> MiniwdlAwsError:
    if "://" not in folder:
        try:
            S3Uri.parse(folder, what="--s3upload")
        except UriError as exc:
            return exc
    return AccessError(f"no plugin can upload to {folder}", hint="s3:// URIs need the plugin s3-rails")
