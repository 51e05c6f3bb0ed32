"""What plugins contribute to a workflow job, collected and checked for contradictions."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniwdl_aws_core.batch.changes import merge_changes
from miniwdl_aws_core.batch.mounts import covering_mount
from miniwdl_aws_core.console import say
from miniwdl_aws_hooks.errors import ConfigurationError, MissingPartError
from miniwdl_aws_hooks.types import JobChanges, JobContext, JobRole, MountContext, StageRequest
from miniwdl_aws_submit_cli.options.table import option

if TYPE_CHECKING:
    from collections.abc import Callable

    import pluggy

    from miniwdl_aws_hooks.settings import EnvironSettings
    from miniwdl_aws_hooks.types import Mount, StageItem, StageResult
    from miniwdl_aws_submit_cli.options.resolve import Settings

__all__ = ["WORKFLOW_JOB", "Stager", "collect_changes", "collect_mounts", "make_stager"]

WORKFLOW_JOB = "the workflow job"
"""How errors name it."""


def collect_mounts(manager: pluggy.PluginManager, settings: Settings, reader: EnvironSettings) -> list[Mount]:
    """
    Ask the plugins what to mount.

    :raises ConfigurationError: when nothing would be at the mount point.
    """
    context = MountContext(role=JobRole.WORKFLOW, mount_point=settings.mount, settings=reader)
    answers = manager.hook.miniwdl_aws_mounts(context=context)
    mounts = [mount for answer in answers for mount in answer]
    if covering_mount(mounts, settings.mount):
        return mounts
    if settings.fsid:
        raise MissingPartError.of(f"file system {settings.fsid} at {settings.mount}", "miniwdl-aws-fsx-mount")
    raise ConfigurationError(f"--fsid is missing: {option('--fsid').sources}")


def collect_changes(manager: pluggy.PluginManager, context: JobContext, ours: JobChanges) -> JobChanges:
    """
    Ask the plugins what to add to the job.

    :param ours: what it has without them, which they may not contradict.
    """
    answers = manager.hook.miniwdl_aws_prepare_job(context=context)
    return merge_changes([ours, *answers], WORKFLOW_JOB)


@dataclass(frozen=True)
class Stager:
    """Has local files brought where the workflow job can read them."""

    manager: pluggy.PluginManager
    folder: str | None
    """S3 folder, with a slash at its end; ``None`` when nobody named one."""
    dry_run: bool
    """Find out what there would be to do, and do nothing."""
    progress: Callable[[str], None]
    """Hears what happens."""
    confirm: Callable[[str], bool]
    """Asked before very much is uploaded."""

    def __call__(self, items: tuple[StageItem, ...], what: str) -> StageResult:
        """
        Stage files.

        :param what: what they are, for errors.
        :raises ConfigurationError: when there is no folder for them.
        """
        if not self.folder:
            raise ConfigurationError(
                f"{what} must be staged in S3, and no folder is configured for that",
                hint=f"{option('--staging').sources}; with --s3upload, a folder in its bucket is used",
            )
        request = StageRequest(items, self.folder, self.dry_run, self.progress, self.confirm)
        result: StageResult | None = self.manager.hook.miniwdl_aws_stage(request=request)
        if result is None:
            raise MissingPartError.of(f"staging to {self.folder}", "miniwdl-aws-s3-rails")
        return result


def make_stager(manager: pluggy.PluginManager, folder: str | None, *, dry_run: bool, yes: bool) -> Stager:
    """
    Make the one of a command, which tells its user.

    :param yes: stage very much even from a terminal.
    """
    # Whoever sits at a terminal may have named the wrong folder; a script has been thought about.
    sure = yes or not (sys.stdin and sys.stdin.isatty())
    return Stager(manager, folder, dry_run, progress=say, confirm=lambda _question: sure)
