"""
What a file is as an object, and an object as a file: content, or the text of a link, and POSIX metadata.

All by a descriptor of the file's folder, since jobs may exchange the folders above it at any moment.
"""

from __future__ import annotations

import os
import shutil
import stat
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core import beneath
from miniwdl_aws_local_cloud.s3.store import object_file

if TYPE_CHECKING:
    from moto.s3.models import FakeKey

__all__ = ["content_of", "look", "make_file", "metadata_of"]

DEFAULT_MODE = 0o755
"""Of files whose object tells none."""


def look(name: str, parent: int) -> os.stat_result:
    """See what there is, a link being a link."""
    return os.stat(name, dir_fd=parent, follow_symlinks=False)


def make_file(found: FakeKey, name: str, parent: int) -> None:
    """Make an object a file or link that isn't there yet."""
    mode = _mode_of(found.metadata)
    source = object_file(found)
    if stat.S_ISLNK(mode):
        os.symlink((source.read_bytes() if source else found.value).decode(), name, dir_fd=parent)
        return
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=parent)
    with os.fdopen(descriptor, "wb") as file:
        if source is None:
            file.write(found.value)
        else:
            with source.open("rb") as content:
                shutil.copyfileobj(content, file)
        os.fchmod(descriptor, stat.S_IMODE(mode))


def content_of(name: str, parent: int) -> bytes:
    """Give what a file becomes as an object."""
    if stat.S_ISLNK(look(name, parent).st_mode):
        return os.fsencode(os.readlink(name, dir_fd=parent))
    with os.fdopen(beneath.open_file(parent, name), "rb") as file:
        return file.read()


def _mode_of(metadata: Any) -> int:
    """Read type and permissions from an object's metadata, such as ``0100644``."""
    try:
        return int(metadata["x-amz-meta-file-permissions"], 8)
    except (KeyError, ValueError):
        return stat.S_IFREG | DEFAULT_MODE


def metadata_of(status: os.stat_result) -> dict[str, str]:
    """Write owner, type, permissions and times as FSx does."""
    return {
        "x-amz-meta-file-permissions": f"{status.st_mode:07o}",
        "x-amz-meta-file-owner": str(status.st_uid),
        "x-amz-meta-file-group": str(status.st_gid),
        "x-amz-meta-file-atime": f"{status.st_atime_ns}ns",
        "x-amz-meta-file-mtime": f"{status.st_mtime_ns}ns",
        "x-amz-meta-user-agent": "aws-fsx-lustre",
    }
