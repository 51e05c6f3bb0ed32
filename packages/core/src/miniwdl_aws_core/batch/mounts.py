"""Which volumes a job gets, and which of them it may write to. Pure."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from miniwdl_aws_hooks.types import Mount

__all__ = ["MountPlan", "covering_mount", "plan_mounts", "sentinel_of"]

JOBS_VOLUME = "miniwdl-jobs"


@dataclass(frozen=True)
class MountPlan:
    """The volumes and mount points of a job definition."""

    volumes: Sequence[Mapping[str, Any]]
    mount_points: Sequence[Mapping[str, Any]]
    isolated: bool
    """Whether everything but the folder for jobs is read-only."""


def covering_mount(mounts: Sequence[Mount], root: str) -> Mount | None:
    """Find the mount that the shared file system's root lies on: at the root itself, or above it."""
    found = [mount for mount in mounts if _within(root, mount.container_path)]
    return max(found, key=lambda mount: len(mount.container_path), default=None)


def sentinel_of(mount: Mount) -> str | None:
    """Path of the file without which jobs must not start."""
    return posixpath.join(mount.container_path, mount.sentinel) if mount.sentinel else None


def plan_mounts(mounts: Sequence[Mount], root: str, writable: str | None = None) -> MountPlan:
    """
    Lay out the volumes of a job.

    :param writable: with it, the shared file system is read-only apart from this folder.
    """
    shared = covering_mount(mounts, root)
    part = None if writable is None or shared is None else _part_of(shared, writable)
    volumes: list[dict[str, Any]] = []
    points: list[dict[str, Any]] = []
    for mount in mounts:
        read_only = mount.read_only or (mount is shared and part is not None)
        volumes.append({"name": mount.name, **mount.volume})
        points.append(_point(mount.container_path, mount.name, read_only=read_only))
    if writable is not None and part is not None:
        volumes.append({"name": JOBS_VOLUME, **part})
        points.append(_point(writable, JOBS_VOLUME, read_only=False))
    return MountPlan(volumes, points, isolated=part is not None)


def _part_of(mount: Mount, folder: str) -> dict[str, Any] | None:
    """Give a volume for a folder of a mounted file system; ``None`` where AWS has no way to mount only a part."""
    below = posixpath.relpath(folder, mount.container_path)
    host = mount.volume.get("host")
    if host and host.get("sourcePath"):
        return {"host": {"sourcePath": posixpath.join(host["sourcePath"], below)}}
    efs = mount.volume.get("efsVolumeConfiguration")
    # With an access point the root directory is the access point's, and no other may be named.
    if efs and not efs.get("authorizationConfig", {}).get("accessPointId"):
        base = efs.get("rootDirectory", "/")
        return {"efsVolumeConfiguration": {**efs, "rootDirectory": posixpath.join(base, below)}}
    return None


def _point(path: str, volume: str, *, read_only: bool) -> dict[str, Any]:
    return {"containerPath": path, "sourceVolume": volume, "readOnly": read_only}


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
