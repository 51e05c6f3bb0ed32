"""Giving the file system's space back: data that is safely in S3 need not lie on Lustre, too."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniwdl_aws_core.s3uri import SCHEME, S3Uri
from miniwdl_aws_fsx_mount.errors import FsxError
from miniwdl_aws_hooks import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from miniwdl_aws_fsx_mount.aws.associations import PathMap

__all__ = ["Holdings", "compare", "describe", "local_sizes", "target_of"]


@dataclass(frozen=True)
class Holdings:
    """What S3 holds of a folder."""

    count: int
    size: int
    missing: tuple[str, ...]
    """Files that are not in S3, or have another size there: FSx keeps them. Empty where the mount can't be seen."""


def target_of(text: str, mapping: PathMap, mount_point: str) -> tuple[str, str]:
    """
    Read what the user wants to release.

    :param text: a path under the mount point, or an ``s3://`` URI.
    :return: path from the root of the file system, and the URI it is linked with.
    """
    if text.startswith(SCHEME):
        located = mapping.locate_folder(text)
        relative = located.relative if located else None
    else:
        root, path = os.path.normpath(mount_point), os.path.normpath(text)
        if not path.startswith(root + "/"):
            raise ConfigurationError(f"{text} is not under the mount point {mount_point}", hint="see --mount")
        relative = path.removeprefix(root + "/")
    uri = mapping.uri_of(relative) if relative is not None else None
    if not relative or uri is None:
        raise FsxError(
            f"{text} is not under a data repository association, so nothing of it is kept in S3 by FSx",
            hint="`miniwdl-aws fsx show` lists the associations",
        )
    return relative, uri


def local_sizes(path: Path) -> dict[str, int]:
    """Sizes of the regular files under a folder, or of one file, by path from it."""
    if path.is_file():
        return {"": path.stat().st_size}
    return {
        item.relative_to(path).as_posix(): item.stat().st_size
        for item in path.rglob("*")
        if item.is_file() and not item.is_symlink()
    }


def compare(local: Mapping[str, int] | None, remote: Mapping[str, int], uri: str) -> Holdings:
    """
    Compare what lies on the file system with what S3 has.

    :param local: sizes by path from the folder; ``None`` where the mount can't be seen.
    :param remote: sizes by key, of everything that begins as the folder does.
    """
    key = S3Uri.parse(uri).key
    prefix = key.removesuffix("/") + "/" if key else ""
    # Keys ending in a slash are how FSx keeps folders.
    held = {
        name.removeprefix(prefix) if name != key else "": size
        for name, size in remote.items()
        if (name == key or name.startswith(prefix)) and not name.endswith("/")
    }
    missing = () if local is None else tuple(sorted(name for name, size in local.items() if held.get(name) != size))
    if local is not None:
        held = {name: size for name, size in held.items() if name in local and name not in missing}
    return Holdings(len(held), sum(held.values()), missing)


def describe(relative: str, uri: str, holdings: Holdings) -> list[str]:
    """Say it in lines of text."""
    lines = [f"/{relative}: {holdings.count} files, {_human(holdings.size)} are in S3 ({uri})"]
    lines += [f"  stays, since S3 does not have it: {name or '(the file itself)'}" for name in holdings.missing[:10]]
    if len(holdings.missing) > 10:
        lines.append(f"  and {len(holdings.missing) - 10} more")
    return lines


def _human(size: float) -> str:
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
