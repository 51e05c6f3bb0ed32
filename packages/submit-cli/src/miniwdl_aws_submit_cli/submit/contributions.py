"""What plugins contribute to a workflow job, collected and checked for contradictions."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniwdl_aws_hooks.errors import ConfigurationError, MissingPartError, PluginError
from miniwdl_aws_hooks.types import JobChanges, JobContext, JobRole, MountContext, StageRequest
from miniwdl_aws_submit_cli.options.table import option

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pluggy

    from miniwdl_aws_hooks.settings import EnvironSettings
    from miniwdl_aws_hooks.types import Mount, StageItem, StageResult
    from miniwdl_aws_submit_cli.options.resolve import Settings

__all__ = ["Stager", "collect_changes", "collect_mounts", "merge", "sentinel_of"]

_OURS = frozenset(
    {"image", "command", "mountPoints", "volumes", "resourceRequirements", "environment", "vcpus", "memory"}
)


def collect_mounts(manager: pluggy.PluginManager, settings: Settings, reader: EnvironSettings) -> list[Mount]:
    """
    Ask the plugins what to mount.

    :raises ConfigurationError: when nothing would be at the mount point.
    """
    context = MountContext(role=JobRole.WORKFLOW, mount_point=settings.mount, settings=reader)
    answers = manager.hook.miniwdl_aws_mounts(context=context)
    mounts = [mount for answer in answers for mount in answer or ()]
    if any(mount.container_path == settings.mount for mount in mounts):
        return mounts
    if settings.fsid:
        raise MissingPartError.of(f"file system {settings.fsid} at {settings.mount}", "miniwdl-aws-fsx-mount")
    raise ConfigurationError(f"--fsid is missing: {option('--fsid').sources}")


def sentinel_of(mounts: Sequence[Mount], mount_point: str) -> str | None:
    """Absolute path of the marker file of the mount at the mount point."""
    for mount in mounts:
        if mount.container_path == mount_point and mount.sentinel:
            return posixpath.join(mount_point, mount.sentinel)
    return None


def collect_changes(manager: pluggy.PluginManager, context: JobContext) -> JobChanges:
    """Ask the plugins what to add to the job."""
    answers = [answer for answer in manager.hook.miniwdl_aws_prepare_job(context=context) if answer]
    changes = JobChanges(
        tags=merge("tag", *(answer.tags for answer in answers)),
        environment=merge("environment variable", *(answer.environment for answer in answers)),
        container_properties=merge("container property", *(answer.container_properties for answer in answers)),
    )
    refused = sorted(_OURS & changes.container_properties.keys())
    if refused:
        raise PluginError(
            f"a plugin sets the container property {refused[0]} of the workflow job, which is not its own"
        )
    return changes


def merge(what: str, *parts: Mapping[str, Any]) -> dict[str, Any]:
    """
    Put mappings together.

    :param what: what a key is, for the error.
    :raises PluginError: when two of them want different values for one key.
    """
    merged: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            if merged.setdefault(key, value) != value:
                raise PluginError(
                    f"two values for the {what} {key} of the workflow job: {merged[key]!r} and {value!r}",
                    hint="a plugin contradicts another one, or an option; MINIWDL_AWS_TRACE_HOOKS=1 shows which",
                )
    return merged


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
