"""
A file system as DescribeFileSystems describes it, and whether jobs can use it: pure.

Source: https://docs.aws.amazon.com/fsx/latest/APIReference/API_FileSystem.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniwdl_aws_fsx_mount.errors import FileSystemError
from miniwdl_aws_hooks import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["AVAILABLE", "WRONG_ID", "FileSystem", "check_id", "find_file_system", "require_usable"]

WRONG_ID = "check --fsid and the region; ids of EFS file systems look the same, but this needs FSx for Lustre"
"""Hint where there is no file system of an id."""

AVAILABLE = "AVAILABLE"
_USABLE = frozenset({AVAILABLE, "UPDATING"})
"""During an update that the owner asked for, a file system goes on serving its clients."""

_ADVICE = {
    "CREATING": "wait until it is AVAILABLE; that takes some 10 minutes",
    "DELETING": "it is being deleted: give another one with --fsid",
    "FAILED": "it can't be recovered: give another one with --fsid",
    "MISCONFIGURED": "the Amazon FSx console says what its configuration lacks",
}


@dataclass(frozen=True)
class FileSystem:
    """What matters here of an FSx for Lustre file system."""

    id: str
    lifecycle: str
    dns_name: str
    mount_name: str
    """``fsx`` for SCRATCH_1 only, else a unique string."""
    version: str
    """Of Lustre, such as ``2.15``."""
    deployment: str
    """SCRATCH_1, SCRATCH_2, PERSISTENT_1 or PERSISTENT_2."""
    storage_type: str
    capacity_gib: int
    throughput: str
    """In words, with its unit."""
    subnets: tuple[str, ...]
    vpc: str | None
    interfaces: tuple[str, ...]
    root_squash: str | None
    """``UID:GID`` that root becomes; ``None`` when root stays root."""
    compression: str


def check_id(text: str) -> str:
    """
    Make sure that a text looks like a file system id.

    :raises ConfigurationError: when it doesn't, naming the option.
    """
    if not re.fullmatch(r"fs-[0-9a-z]{8,}", text):
        raise ConfigurationError(
            f"--fsid must be the id of an FSx for Lustre file system (fs-...), not {text!r}",
            hint="`aws fsx describe-file-systems` lists those of your account",
        )
    return text


def find_file_system(descriptions: Sequence[Mapping[str, Any]], fsid: str) -> FileSystem:
    """
    Read the file system that was asked for.

    :param descriptions: FileSystems of DescribeFileSystems' answer.
    :raises FileSystemError: when it is not there, or not FSx for Lustre.
    """
    for description in descriptions:
        if description["FileSystemId"] == fsid:
            return _read(description)
    raise FileSystemError(
        f"there is no FSx file system {fsid} in this account and region",
        hint=WRONG_ID,
    )


def require_usable(system: FileSystem) -> FileSystem:
    """
    Let only file systems through that jobs can work on now.

    :raises FileSystemError: saying what to do.
    """
    if system.lifecycle not in _USABLE:
        raise FileSystemError(
            f"file system {system.id} is {system.lifecycle}, not {AVAILABLE}",
            hint=_ADVICE.get(system.lifecycle, "look at it in the Amazon FSx console"),
            more_info={"lifecycle": system.lifecycle},
            retryable=system.lifecycle == "CREATING",
        )
    return system


def _read(description: Mapping[str, Any]) -> FileSystem:
    fsid, kind = description["FileSystemId"], description.get("FileSystemType")
    if kind != "LUSTRE":
        raise FileSystemError(
            f"file system {fsid} is of type {kind}, not LUSTRE",
            hint="jobs share files over FSx for Lustre: give such a file system with --fsid",
        )
    lustre = description.get("LustreConfiguration") or {}
    squash = (lustre.get("RootSquashConfiguration") or {}).get("RootSquash")
    return FileSystem(
        id=fsid,
        lifecycle=description.get("Lifecycle", "UNKNOWN"),
        dns_name=description.get("DNSName", ""),
        mount_name=lustre.get("MountName", ""),
        # The API leaves the version out for file systems from before there was a choice.
        version=description.get("FileSystemTypeVersion", "2.10"),
        deployment=lustre.get("DeploymentType", "SCRATCH_1"),
        storage_type=description.get("StorageType", "SSD"),
        capacity_gib=description.get("StorageCapacity", 0),
        throughput=_throughput(description, lustre),
        subnets=tuple(description.get("SubnetIds", ())),
        vpc=description.get("VpcId"),
        interfaces=tuple(description.get("NetworkInterfaceIds", ())),
        root_squash=None if squash in (None, "0:0") else squash,
        compression=lustre.get("DataCompressionType", "NONE"),
    )


def _throughput(description: Mapping[str, Any], lustre: Mapping[str, Any]) -> str:
    if "ThroughputCapacity" in lustre:
        return f"{lustre['ThroughputCapacity']} MB/s"
    # Scratch file systems have a fixed baseline: https://docs.aws.amazon.com/fsx/latest/LustreGuide/performance.html
    per_tib = lustre.get("PerUnitStorageThroughput", 200)
    total = per_tib * description.get("StorageCapacity", 0) / 1024
    return f"{per_tib} MB/s per TiB, {total:.0f} MB/s in all"
