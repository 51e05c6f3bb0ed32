"""What ``miniwdl-aws doctor`` says about the file system: pure, but for looking at the mount point."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from miniwdl_aws_fsx_mount.aws.file_system import require_usable
from miniwdl_aws_fsx_mount.errors import FileSystemError, FsxError
from miniwdl_aws_fsx_mount.hosts.marker import LUSTRE, PROC_MOUNTS, mounted_type
from miniwdl_aws_fsx_mount.results.export import destination
from miniwdl_aws_hooks import Check, CheckState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from miniwdl_aws_fsx_mount.aws.associations import Association
    from miniwdl_aws_fsx_mount.aws.file_system import FileSystem

__all__ = [
    "check_associations",
    "check_export",
    "check_file_system",
    "check_mount_here",
    "check_mount_path",
    "check_root_squash",
    "check_version",
]

_RESERVED = frozenset({"", "bin", "boot", "dev", "etc", "lib", "lib64", "proc", "run", "sbin", "sys", "usr"})
"""First parts of paths over which neither a container's nor a host's own files must be hidden."""
_ALONE = frozenset({"home", "media", "mnt", "opt", "root", "srv", "tmp", "var"})
"""Folders that have files of others, though a folder somewhere within them may be a mount point."""
_OF_SERVICES = frozenset({"cache", "lib", "log", "run", "spool"})
"""Folders of /var in which services keep files: Docker, and the ECS agent."""


def check_file_system(system: FileSystem) -> Iterator[Check]:
    """Look at the file system's own description."""
    subject = f"file system {system.id}"
    try:
        require_usable(system)
    except FileSystemError as exc:
        yield Check(subject, CheckState.FAILED, exc.message, exc.hint)
    else:
        yield Check(
            subject,
            CheckState.OK,
            f"{system.lifecycle}, {system.deployment}, {system.capacity_gib} GiB, {system.version}",
        )


def check_version(system: FileSystem) -> Check:
    """Compare the file system's Lustre with that of the hosts' clients."""
    subject = f"file system {system.id}"
    if system.version == "2.10":
        return Check(
            subject,
            CheckState.WARNING,
            "Lustre 2.10 can't be mounted by Amazon Linux 2023's client, and can't have data repository associations",
            "use hosts with Amazon Linux 2, or a new file system with FileSystemTypeVersion 2.15",
        )
    return Check(subject, CheckState.OK, f"Lustre {system.version} can be mounted by Amazon Linux 2023")


def check_root_squash(system: FileSystem) -> Iterator[Check]:
    """Most containers run as root, whom root squash makes somebody else."""
    if system.root_squash:
        yield Check(
            f"file system {system.id}",
            CheckState.WARNING,
            f"root is squashed to {system.root_squash}, so tasks that run as root may not be able to write",
            "make the run directory writable for that user, or exempt the hosts from root squash",
        )


def check_associations(associations: Sequence[Association]) -> Iterator[Check]:
    """Look at the links to S3."""
    for item in associations:
        subject = f"{item.uri} at /{item.folder}"
        if item.usable:
            events = ", ".join(sorted(item.auto_import)).lower() or "nothing"
            yield Check(subject, CheckState.OK, f"{item.lifecycle}, imports {events} by itself")
        else:
            yield Check(
                subject,
                CheckState.WARNING,
                f"{item.state}; its objects will be downloaded",
                f"look at data repository association {item.id} in the Amazon FSx console",
            )


def check_export(associations: Sequence[Association], folder: str | None) -> Check:
    """
    Look whether results can be exported over the links to S3.

    :param folder: where results are to go; ``None`` when each submission says so, and any usable link will do.
    """
    subject = "publish = export"
    target = folder or next((item.uri for item in associations if item.usable), None)
    if target is None:
        return Check(
            subject,
            CheckState.FAILED,
            "the file system has no usable data repository association to export over",
            "link the destination's bucket, or unset [aws] publish",
        )
    try:
        destination(associations, target)
    except FsxError as exc:
        return Check(subject, CheckState.FAILED, exc.message, exc.hint)
    return Check(subject, CheckState.OK, f"results can be exported{f' to {folder}' if folder else ''}")


def check_mount_path(mount_point: str) -> Check:
    """Look at the path at which jobs see the file system."""
    subject = f"mount point {mount_point}"
    parts = PurePosixPath(mount_point).parts
    if not mount_point.startswith("/") or ".." in parts:
        return Check(subject, CheckState.FAILED, "is not an absolute path", "give another one with --mount")
    folders = [part for part in parts[1:] if part != "."]
    if _is_of_system(folders):
        return Check(
            subject,
            CheckState.FAILED,
            "is a folder of the system: it would hide files of the host, or of the container's image",
            "give another one with --mount, such as /mnt/fsx",
        )
    return Check(subject, CheckState.OK, "can be used")


def _is_of_system(folders: Sequence[str]) -> bool:
    if not folders or folders[0] in _RESERVED:
        return True
    if len(folders) == 1:
        return folders[0] in _ALONE
    return folders[0] == "var" and folders[1] in _OF_SERVICES


def check_mount_here(mount_point: str, sentinel: str | None, *, proc_mounts: Path = PROC_MOUNTS) -> Iterator[Check]:
    """Look at the mount itself, where this machine has it."""
    if not proc_mounts.exists() or mounted_type(proc_mounts.read_text(encoding="utf-8"), mount_point) != LUSTRE:
        return
    subject = f"{mount_point} on this machine"
    yield Check(subject, CheckState.OK, "Lustre is mounted")
    if sentinel is None:
        yield Check(subject, CheckState.WARNING, "jobs do not check whether it is mounted", "unset [fsx] sentinel")
    elif (Path(mount_point) / sentinel).exists():
        yield Check(subject, CheckState.OK, f"the marker {sentinel} is there")
    else:
        yield Check(
            subject,
            CheckState.FAILED,
            f"the marker {sentinel} is missing, so jobs will refuse to start",
            f"touch {mount_point}/{sentinel}",
        )
