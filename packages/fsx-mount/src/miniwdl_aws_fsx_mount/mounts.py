"""What a Batch job gets of the file system: pure."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from miniwdl_aws_hooks import ConfigurationError, Mount
from miniwdl_aws_hooks.protocol import SENTINEL_NAME

if TYPE_CHECKING:
    from miniwdl_aws_hooks import Settings

__all__ = ["NO_SENTINEL", "host_path", "lustre_mount", "sentinel_name"]

NO_SENTINEL = "none"
"""Value of ``[fsx] sentinel`` that switches the check off."""


def sentinel_name(settings: Settings) -> str | None:
    """
    Name of the marker file in the root of the file system; ``None`` when nobody shall look for one.

    :raises ConfigurationError: when it is not a plain file name.
    """
    name = settings.get("fsx", "sentinel") or SENTINEL_NAME
    if name == NO_SENTINEL:
        return None
    if "/" in name or name in {".", ".."}:
        raise ConfigurationError(
            f"[fsx] sentinel (MINIWDL__FSX__SENTINEL) must be a file name, not {name!r}",
            hint=f"{NO_SENTINEL!r} switches the check off",
        )
    return name


def host_path(settings: Settings, mount_point: str) -> str:
    """
    Where the hosts of the compute environments have the file system mounted; where jobs see it, unless set otherwise.

    :raises ConfigurationError: when it is not an absolute path.
    """
    path = settings.get("fsx", "host_path") or mount_point
    if not PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
        raise ConfigurationError(f"[fsx] host_path (MINIWDL__FSX__HOST_PATH) must be an absolute path, not {path!r}")
    return path.rstrip("/") or "/"


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
