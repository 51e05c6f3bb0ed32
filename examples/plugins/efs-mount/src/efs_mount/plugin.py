"""The hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_hooks import hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniwdl_aws_hooks import Mount, MountContext


@hookimpl
def miniwdl_aws_mounts(context: MountContext) -> Sequence[Mount] | None:
    """Mount the access point in ``[efs] fsap``; nothing when that is unset."""
    from efs_mount.access_point import mounts_for  # here, so that --help does not load boto3

    return mounts_for(context)
