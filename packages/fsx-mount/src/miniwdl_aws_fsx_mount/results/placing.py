"""
Puts results where an export finds them: real files under an association's folder.

miniwdl's ``out/`` is a tree of symbolic links, and FSx exports a link as an object that holds the link's text. So each
file gets a hard link there, which costs nothing, or a copy where the file system doesn't allow one. FSx exports each
hard link as an object of its own.

Source: https://docs.aws.amazon.com/fsx/latest/LustreGuide/hard-links.html
"""

from __future__ import annotations

import os
import shutil
import stat
from typing import TYPE_CHECKING

from miniwdl_aws_core.beneath import folder, open_file, open_resolved, put_in_place
from miniwdl_aws_fsx_mount.errors import FsxError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["check_name", "place", "renew"]

PARTIAL_SUFFIX = ".fsx-partial"

BLOCK = 1024 * 1024
"""Bytes that are copied at once."""


def check_name(name: str) -> str:
    """
    Make sure that a file of that name can be exported.

    :return: its path from the folder.
    :raises FsxError: for a name that leads elsewhere, or that FSx could not export.
    """
    path = name.removesuffix("/")
    if any(part in {"", ".", ".."} or len(os.fsencode(part)) > 255 for part in path.split("/")) or "\0" in name:
        raise FsxError(f"{name!r} can't be a path on the file system")
    return path


def place(source: Path, top: Path, target: str) -> tuple[bool, int]:
    """
    Make the target the source's file; what is there already and is another file is replaced.

    :param source: its real path: a link on it was planted, and is an error, like anything that is no file.
    :param top: a folder below which no link is followed.
    :param target: path from there.
    :return: whether it was the source's file already; its size.
    """
    above, _, name = target.rpartition("/")
    file = open_resolved(source)
    try:
        found = os.fstat(file)
        with folder(top, above, make=True) as parent:
            was_there = _is_at(found, name, parent)
            if not was_there:
                put_in_place(name, parent, lambda partial: _link_or_copy(file, partial, parent), PARTIAL_SUFFIX)
        return was_there, found.st_size
    finally:
        os.close(file)


def renew(top: Path, target: str) -> None:
    """Replace a placed file by a copy, which FSx has never exported."""
    above, _, name = target.rpartition("/")
    with folder(top, above) as parent:
        file = open_file(parent, name)
        try:
            put_in_place(name, parent, lambda partial: _copy(file, partial, parent), PARTIAL_SUFFIX)
        finally:
            os.close(file)


def _is_at(found: os.stat_result, name: str, parent: int) -> bool:
    try:
        return os.path.samestat(found, os.stat(name, dir_fd=parent, follow_symlinks=False))
    except FileNotFoundError:
        return False


def _link_or_copy(file: int, name: str, parent: int) -> None:
    try:
        # By its descriptor: whatever has its name by now, this is the file that was looked at.
        os.link(f"/proc/self/fd/{file}", name, dst_dir_fd=parent, follow_symlinks=True)
    except OSError:
        # Another file system, too many links to one file, or a file system without hard links.
        _copy(file, name, parent)


def _copy(file: int, name: str, parent: int) -> None:
    found = os.fstat(file)
    made = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=parent)
    with os.fdopen(made, "wb", buffering=0) as copy, os.fdopen(os.dup(file), "rb", buffering=0) as content:
        shutil.copyfileobj(content, copy, BLOCK)
        os.fchmod(made, stat.S_IMODE(found.st_mode))
        os.utime(made, ns=(found.st_atime_ns, found.st_mtime_ns))
