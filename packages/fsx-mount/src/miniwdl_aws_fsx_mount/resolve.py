"""From the configured id to a file system that was looked at: where the pure parts and the edge meet."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from miniwdl_aws_core.aws.errors import Kind
from miniwdl_aws_core.options.shared import AwsOptions, task_queues
from miniwdl_aws_fsx_mount.aws.file_system import check_id, require_usable
from miniwdl_aws_fsx_mount.aws.fsx_service import FsxService
from miniwdl_aws_fsx_mount.checks.preflight import check_mount_here, check_mount_path
from miniwdl_aws_fsx_mount.checks.survey import take_survey
from miniwdl_aws_fsx_mount.errors import FsxAccessError
from miniwdl_aws_fsx_mount.hosts.compute import Hosts
from miniwdl_aws_fsx_mount.hosts.marker import ensure_marker
from miniwdl_aws_fsx_mount.mounts import lustre_mount, sentinel_name
from miniwdl_aws_hooks import Check, CheckState, JobRole, MiniwdlAwsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniwdl_aws_hooks import FileSystemContext, Mount, MountContext, PreflightContext, Settings

__all__ = ["checks_for", "mounts_for", "prepare"]

logger = logging.getLogger(__name__)


def mounts_for(context: MountContext, environ: Mapping[str, str] = os.environ) -> list[Mount] | None:
    """
    Answer the ``mounts`` hook.

    :raises MiniwdlAwsError: when the configured file system can't be used.
    """
    configured = AwsOptions(context.settings).fs
    if configured is None:
        return None
    fsid = check_id(configured)
    mount = lustre_mount(context.settings, context.mount_point)
    # The workflow job itself runs on the file system, which was looked up when it was submitted; its role need not be
    # allowed to look it up again.
    if context.role is not JobRole.TASK or "AWS_BATCH_JOB_ID" not in environ:
        _look_up(fsid, context.settings)
    return [mount]


def prepare(context: FileSystemContext, environ: Mapping[str, str] = os.environ) -> bool | None:
    """Answer the ``prepare_file_system`` hook: in a workflow job, which runs on the file system, write the marker."""
    configured = AwsOptions(context.settings).fs
    if configured is None:
        return None
    check_id(configured)
    name = sentinel_name(context.settings)
    if name is None or "AWS_BATCH_JOB_ID" not in environ:
        return None
    return ensure_marker(context.mount_point, name)


def _look_up(fsid: str, settings: Settings) -> None:
    try:
        require_usable(FsxService.connect(AwsOptions(settings).region).file_system(fsid))
    except FsxAccessError as exc:
        if exc.kind is not Kind.DENIED:
            raise
        # Who may submit jobs may not be allowed to look at file systems. The jobs check the mount themselves.
        logger.warning("did not check file system %s: %s", fsid, exc)


def checks_for(context: PreflightContext) -> list[Check]:
    """Answer the ``preflight`` hook."""
    settings = context.settings
    configured = AwsOptions(settings).fs
    if configured is None:
        return []
    region = AwsOptions(settings).region
    queues = [queue for queue in (context.workflow_queue, *task_queues(context).values()) if queue]
    checks = [check_mount_path(context.mount_point)]
    try:
        service, hosts = FsxService.connect(region), Hosts.connect(region)
        checks += take_survey(service, hosts, check_id(configured), queues, settings).checks
    except MiniwdlAwsError as exc:
        checks.append(Check(f"file system {configured}", CheckState.FAILED, exc.message, exc.hint))
    checks += check_mount_here(context.mount_point, sentinel_name(settings))
    return checks
