"""What a Batch job gets of the file system: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_fsx_mount.configuration import NO_SENTINEL, FsxOptions
from miniwdl_aws_hooks import Mount

if TYPE_CHECKING:
    from miniwdl_aws_hooks import Settings

__all__ = ["host_path", "lustre_mount", "sentinel_name"]


def sentinel_name(settings: Settings) -> str | None:
    """
    Name of the marker file in the root of the file system; ``None`` when nobody shall look for one.

    :raises ConfigurationError: when it is not a plain file name.
    """
    name = FsxOptions(settings).sentinel
    return None if name == NO_SENTINEL else name


def host_path(settings: Settings, mount_point: str) -> str:
    """
    Where the hosts of the compute environments have the file system mounted; where jobs see it, unless set otherwise.

    :raises ConfigurationError: when it is not an absolute path.
    """
    return (FsxOptions(settings).host_path or mount_point).rstrip("/") or "/"


def lustre_mount(settings: Settings, mount_point: str) -> Mount:
    """
    Pass the host's mount into the job: neither ECS nor Batch can mount Lustre itself.

    Source: https://docs.aws.amazon.com/fsx/latest/LustreGuide/mounting-ecs.html
    """
    return Mount(
        name="fsx",
        container_path=mount_point,
        volume={"host": {"sourcePath": host_path(settings, mount_point)}},
        sentinel=sentinel_name(settings),
    )
