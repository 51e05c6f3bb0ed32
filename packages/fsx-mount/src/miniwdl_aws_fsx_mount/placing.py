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
from pathlib import Path, PurePosixPath

from miniwdl_aws_fsx_mount.errors import FsxError

__all__ = ["PARTIAL_SUFFIX", "place", "renew", "target_path"]

PARTIAL_SUFFIX = ".fsx-partial"


def target_path(folder: Path, name: str) -> Path:
    """
    Where a file of that name belongs.

    :raises FsxError: for a name that leads elsewhere, or that FSx could not export.
    """
    parts = name.removesuffix("/").split("/")
    if any(part in {"", ".", ".."} or len(os.fsencode(part)) > 255 for part in parts) or "\0" in name:
        raise FsxError(f"{name!r} can't be a path on the file system")
    return folder / PurePosixPath(*parts)


def place(source: Path, target: Path) -> bool:
    """
    Make the target the source's file; what is there already and is another file is replaced.

    :return: whether it was the source's file already.
    """
    real = source.resolve(strict=True)
    if target.exists() and not target.is_symlink() and target.samefile(real):
        return True
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = _partial(target)
    try:
        partial.hardlink_to(real)
    except OSError:
        # Another file system, too many links to one file, or a file system without hard links.
        shutil.copy2(real, partial)
    partial.replace(target)
    return False


def renew(target: Path) -> None:
    """Replace a placed file by a copy, which FSx has never exported; a folder stays."""
    if target.is_dir():
        return
    partial = _partial(target)
    shutil.copy2(target, partial)
    partial.replace(target)


def _partial(target: Path) -> Path:
    """Name beside a target for what is to become it."""
    partial = target.with_name(f".{os.getpid()}{PARTIAL_SUFFIX}")
    partial.unlink(missing_ok=True)
    return partial
