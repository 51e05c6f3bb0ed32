"""What this distribution answers to the hooks. Heavy imports stay inside the functions: every ``--help`` loads this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_hooks import Command, hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniwdl_aws_hooks import (
        Check,
        DestinationContext,
        FileSystemContext,
        LocalizeRequest,
        Mount,
        MountContext,
        PreflightContext,
        PublishReport,
        PublishRequest,
    )


@hookimpl
def miniwdl_aws_mounts(context: MountContext) -> Sequence[Mount] | None:
    """Give jobs the host's mount of the file system in ``[aws] fs``; nothing when that is unset."""
    from miniwdl_aws_fsx_mount.resolve import mounts_for

    return mounts_for(context)


@hookimpl
def miniwdl_aws_prepare_file_system(context: FileSystemContext) -> bool | None:
    """Write the marker file where the workflow job sees that Lustre is mounted."""
    from miniwdl_aws_fsx_mount.resolve import prepare

    return prepare(context)


@hookimpl
def miniwdl_aws_check_destination(context: DestinationContext) -> bool | None:
    """Look, with ``--publish export``, whether a data repository association covers the destination."""
    from miniwdl_aws_fsx_mount.results.export import answer_check

    return answer_check(context)


@hookimpl
def miniwdl_aws_preflight(context: PreflightContext) -> Sequence[Check]:
    """Check the file system in ``[aws] fs``, the mount point, and the mount itself where this machine has it."""
    from miniwdl_aws_fsx_mount.resolve import checks_for

    return checks_for(context)


@hookimpl
def miniwdl_aws_localize(request: LocalizeRequest) -> str | None:
    """Use the file system's own path of what a data repository association links, instead of downloading it."""
    from miniwdl_aws_fsx_mount.inputs.localize import answer_localize

    return answer_localize(request)


@hookimpl
def miniwdl_aws_commands() -> Sequence[Command]:
    """Add ``miniwdl-aws fsx``."""
    from miniwdl_aws_fsx_mount.command.commands import configure, run

    help_text = "FSx for Lustre: show it, mount it on hosts, import from S3, release space"
    return [Command("fsx", help_text, configure, run)]


@hookimpl
def miniwdl_aws_publish(request: PublishRequest) -> PublishReport | None:
    """Export results by FSx itself with ``--publish export``; else leave it to others."""
    from miniwdl_aws_fsx_mount.results.export import answer_publish

    return answer_publish(request)
