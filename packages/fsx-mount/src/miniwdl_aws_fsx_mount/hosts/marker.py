"""
The marker file by which jobs know that the file system is mounted where they run.

Hosts set up by this project's user data write it. On a file system that is mounted by other means nobody does, so the
workflow job may: it can see in /proc/self/mounts whether what lies at the mount point really is Lustre.
"""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path

from miniwdl_aws_core.beneath import open_file

__all__ = ["ensure_marker", "mounted_type"]

logger = logging.getLogger(__name__)

PROC_MOUNTS = Path("/proc/self/mounts")
LUSTRE = "lustre"


def mounted_type(mounts: str, mount_point: str) -> str | None:
    """
    Type of the file system that is mounted exactly at a path.

    :param mounts: text of /proc/self/mounts; see fstab(5).
    :return: ``None`` when nothing is mounted there.
    """
    found = None
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) >= 3 and _unescape(fields[1]) == mount_point:
            # A later mount hides an earlier one at the same place.
            found = fields[2]
    return found


def _unescape(field: str) -> str:
    """Blanks and backslashes are written as octal numbers there."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), field)


def ensure_marker(mount_point: str, name: str, *, proc_mounts: Path = PROC_MOUNTS) -> bool:
    """
    Make sure that the marker exists where Lustre is mounted, and nowhere else.

    :return: whether it exists now.
    """
    marker = Path(mount_point) / name
    if marker.exists():
        return True
    try:
        if mounted_type(proc_mounts.read_text(encoding="utf-8"), mount_point) != LUSTRE:
            return False
        os.close(open_file(mount_point, name, os.O_WRONLY | os.O_CREAT))
    except OSError as exc:
        logger.warning("could not write the marker %s, so jobs will refuse to start: %s", marker, exc)
        return False
    logger.info("wrote the marker %s, since Lustre is mounted at %s", marker, mount_point)
    return True
