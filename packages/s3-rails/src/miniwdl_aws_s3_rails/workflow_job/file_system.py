"""
What is wrong with a run's file system when the run failed: it is full, read-only or gone.

miniwdl says of it whatever was hit first: a task's exit code, or an ``OSError`` of its own with a traceback. So the
file system itself is asked, by writing a little to it.
"""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.options.shared import AwsOptions
from miniwdl_aws_core.sizes import human_size
from miniwdl_aws_hooks.protocol import ENV_SENTINEL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniwdl_aws_hooks import Settings

__all__ = ["find_trouble", "trouble_of_run"]

PROBE = 4096
"""Bytes that are written: as many as the smallest block that file systems give out."""

GONE = frozenset(
    {
        errno.ENOENT, errno.ENOTDIR, errno.ESTALE, errno.EIO, errno.ENOTCONN, errno.ESHUTDOWN, errno.ENXIO,
        errno.ENODEV, errno.ETIMEDOUT, errno.EHOSTDOWN,
    }
)  # fmt: skip
"""What paths of a file system that is no more give; ESHUTDOWN and EIO are Lustre's, once its servers let go of us."""

OF_USERS = frozenset({errno.EACCES, errno.EPERM})
"""Refusals that say nothing of the file system: they are about whose a folder is."""


def trouble_of_run(document: Mapping[str, Any] | None, wanted: str | None, settings: Settings) -> str | None:
    """
    Say what is wrong with the file system of a run that failed.

    :param document: what miniwdl said of the run; ``None`` when it had no directory yet.
    :param wanted: where its directory was to be.
    :return: such as ``the file system fs-0123 at /mnt/fsx is read-only``; ``None`` when nothing is wrong.
    """
    if document is not None:
        return find_trouble(Path(document["dir"]), settings)
    place = Path(wanted or settings.get("file_io", "root") or ".").absolute()
    # What is missing would have been made.
    while not os.path.lexists(place) and place != place.parent:
        place = place.parent
    return find_trouble(place, settings)


def find_trouble(folder: Path, settings: Settings) -> str | None:
    """
    Say what is wrong with a file system, by writing to it.

    :param folder: a folder on it that was there.
    """
    name = _name(folder, settings)
    sentinel = os.environ.get(ENV_SENTINEL)
    if sentinel and not os.path.lexists(sentinel):
        return f"{name} is gone: its marker {sentinel} is missing"
    try:
        # It has no name, or none for long: nothing stays of it, whatever happens to this process.
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(PROBE))
            file.flush()
            os.fsync(file.fileno())
    except OSError as exc:
        return None if exc.errno in OF_USERS else f"{name} {_in_words(exc, folder)}"
    return None


def _in_words(exc: OSError, folder: Path) -> str:
    """Say what an error means for the file system that a folder is on: ``is read-only``."""
    if exc.errno == errno.ENOSPC:
        return _full(folder)
    if exc.errno == errno.EDQUOT:
        return "is full: a quota of this user, group or project is used up"
    if exc.errno == errno.EROFS:
        return "is read-only"
    if exc.errno in GONE:
        return f"is gone: {folder}: {exc.strerror}"
    return f"fails: {folder}: {exc.strerror or exc}"


def _full(folder: Path) -> str:
    try:
        found = os.statvfs(folder)
    except OSError:
        return "is full"
    if found.f_files and not found.f_favail:
        return f"is full: it holds as many files and folders as it can, {found.f_files}"
    free, size = (human_size(blocks * found.f_frsize) for blocks in (found.f_bavail, found.f_blocks))
    return f"is full: {free} of {size} are free"


def _name(folder: Path, settings: Settings) -> str:
    """Name the file system by its id and its mount point, as far as they are known."""
    root = settings.get("file_io", "root") or "/"
    if root == "/":
        # No mount point was named: the one above the folder is it, unless it is gone.
        root = next((str(above) for above in (folder, *folder.parents[:-1]) if above.is_mount()), str(folder))
    identity = settings.get(AwsOptions.section, "fs")
    return f"the file system {identity} at {root}" if identity else f"the file system at {root}"
