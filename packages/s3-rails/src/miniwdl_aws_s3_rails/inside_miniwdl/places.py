"""
Under which names the objects of S3 lie on a file system: no two keys share a place. Pure.

miniwdl's download cache makes the name of one folder of all that precedes the last part of a key: each ``_`` becomes
``__``, then each ``/`` one ``_``. That is one to one among keys whose parts are not empty and don't end in an
underscore, and those lie here where miniwdl has them. Others would join them: ``a_/b/f`` is ``a/_b/f`` to
it, and ``/a//f`` is ``a/f``. It also reads keys as parts of a URL, so that ``f?`` and ``f`` are one to it, and
``a<TAB>b`` and ``ab``. These get a folder of their own here.

Within a run, whatever the cache does, files and folders that lie in one folder of S3 lie in one folder: tasks are to
see them beside each other. https://github.com/openwdl/wdl/blob/wdl-1.2/SPEC.md#task-input-localization
"""

from __future__ import annotations

import hashlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from miniwdl_aws_s3_rails.errors import AccessError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from miniwdl_aws_core.s3uri import S3Uri
    from miniwdl_aws_s3_rails.transfer.engine import Found

__all__ = ["MAX_NAME", "folder_in_run", "folder_name", "layout", "shares_place", "shortened", "why_no_path"]

MAX_NAME = 255
"""Bytes in the name of a file or folder on Linux."""


def why_no_path(parts: Iterable[str]) -> str | None:
    """Say why parts of a key can't be the names of folders and a file; ``None`` when they can."""
    for part in parts:
        if part in ("", ".", "..") or "\0" in part:
            return "its key makes no path"
        if len(part.encode()) > MAX_NAME:
            return f"a part of its key is longer than the {MAX_NAME} bytes that a file's name may have"
    return None


def layout(folder: S3Uri, found: Iterable[Found]) -> tuple[list[str], dict[str, Found]]:
    """
    Work out the folders and files that objects under a folder become.

    :raises AccessError: when a key can't be a path, or leads out of the folder.
    """
    folders = []
    files = {}
    for item in found:
        name = item.key[len(folder.key) :]
        is_marker = not name or name.endswith("/")
        reason = why_no_path(name.removesuffix("/").split("/")) if name else None
        if is_marker and item.size:
            reason = reason or "it has content, but its key is a folder's"
        if reason:
            raise AccessError(f"s3://{folder.bucket}/{item.key} can't be a file: {reason}")
        if is_marker:
            folders.append(name)
        else:
            files[name] = item
    parents = {str(parent) for name in (*files, *folders) for parent in PurePosixPath(name).parents}
    parents.update(name.removesuffix("/") for name in folders)
    for name in sorted(parents & files.keys()):
        raise AccessError(f"{folder}{name} is a file and a folder at once, which no file system can hold")
    return folders, files


def folder_name(uri: S3Uri) -> str:
    """
    Name the folder of the download cache for all objects, or all folders, that lie beside this one in S3.

    It may be longer than a name can be. It begins with an underscore where it is miniwdl's own, else with two hyphens.
    """
    above = uri.above
    inner = above.removesuffix("/")
    if above.startswith("/") or "//" in above or "_/" in inner or "\0" in above:
        return "--" + hashlib.sha256(above.encode()).hexdigest()
    return "_" + inner.replace("_", "__").replace("/", "_")


def shortened(name: str) -> str:
    """Make a folder's name of one that may be too long; it begins with a hyphen then."""
    return name if len(name.encode()) <= MAX_NAME else "-" + hashlib.sha256(name.encode()).hexdigest()


def folder_in_run(uri: S3Uri) -> str:
    """Name the folder, below a run's downloads, for all that lies beside this one in S3."""
    return f"{uri.bucket}/{shortened(folder_name(uri))}"


def shares_place(uri: S3Uri) -> bool:
    """Whether miniwdl's own download cache has another key at the place of this one."""
    return not folder_name(uri).startswith("_") or any(char in "?#\t\r\n" for char in uri.key)
