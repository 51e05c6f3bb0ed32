"""
Reads and writes files beneath a folder without following a single symbolic link.

Tasks can write into run directories and name things as they like: a link ``stderr.txt -> /proc/self/environ`` would
have the workflow job read out its own credentials, and one in the place of a file that it writes would have it
overwrite a file elsewhere. So whoever reads or writes below a run directory does it through here: each folder on the
way is opened from the one above it (``openat`` with ``O_NOFOLLOW``), nothing but regular files is read, and files are
written under random names and put in their place by renaming.

Every failure is an ``OSError``, so that a planted link is to callers what a missing file is.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import contextmanager, suppress
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["append_line", "folder", "is_file", "open_file", "read_bytes", "read_tail", "write_bytes"]

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# Without O_NONBLOCK, a named pipe in the place of a file would be waited for.
_NOT_FOLLOWED = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@contextmanager
def folder(top: str | Path | int, relative: str = "", *, create: bool = False) -> Iterator[int]:
    """
    Open a folder.

    :param top: whose own path is trusted, links in it included; or the descriptor of an open folder.
    :param relative: from there on no link is followed; no ``..`` may occur in it.
    :param create: make the folders that are missing.
    :return: its descriptor, closed when the block ends.
    :raises OSError: when a part is missing, or is not a folder: a link to one, for instance.
    """
    descriptor = os.dup(top) if isinstance(top, int) else os.open(top, _FOLDER)
    try:
        for part in _parts(relative):
            if create:
                with suppress(FileExistsError):
                    os.mkdir(part, dir_fd=descriptor)
            below = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        os.close(descriptor)


def open_file(top: str | Path | int, relative: str, flags: int = os.O_RDONLY, mode: int = 0o666) -> int:
    """
    Open a regular file.

    :param top: whose own path is trusted, or an open folder's descriptor.
    :param flags: of ``os.open``.
    :return: its descriptor, which the caller closes.
    :raises OSError: when a part is missing, or when there is a link, a pipe or a device in the place of the file.
    """
    *above, name = _parts(relative)
    with folder(top, "/".join(above)) as parent:
        return _open_regular(parent, name, flags, mode)


def is_file(top: str | Path | int, relative: str) -> bool:
    """Whether there is a regular file, and no link on the way to it."""
    try:
        os.close(open_file(top, relative))
    except OSError:
        return False
    return True


def read_bytes(top: str | Path | int, relative: str, limit: int) -> bytes:
    """
    Read a file.

    :param limit: bytes; a task may have made it larger than memory.
    :raises OSError: as :func:`open_file`, and when the file is larger.
    """
    with os.fdopen(open_file(top, relative), "rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"more than {limit} bytes", relative)
    return content


def read_tail(top: str | Path | int, relative: str, limit: int) -> bytes:
    """Read the end of a file, at most ``limit`` bytes; errors as with :func:`open_file`."""
    with os.fdopen(open_file(top, relative), "rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - limit))
        return file.read(limit)


def write_bytes(top: str | Path | int, relative: str, content: bytes, mode: int = 0o666) -> None:
    """
    Put a file in its place, whole or not at all; whatever was there is replaced, and a link is not followed.

    :param mode: permissions, less the process's umask.
    """
    *above, name = _parts(relative)
    temporary = f".{secrets.token_hex(8)}.tmp"
    with folder(top, "/".join(above)) as parent:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOT_FOLLOWED, mode, dir_fd=parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            os.replace(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary, dir_fd=parent)
            raise


def append_line(top: str | Path | int, relative: str, line: bytes) -> None:
    """
    Append a line to a file, which is made when it is missing.

    :raises OSError: as :func:`open_file`, and when the file has another name too: it may be somebody else's, linked.
    """
    descriptor = open_file(top, relative, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        if os.fstat(descriptor).st_nlink > 1:
            raise OSError(errno.EMLINK, "has another name elsewhere", relative)
        os.write(descriptor, line + b"\n")
    finally:
        os.close(descriptor)


def _open_regular(parent: int, name: str, flags: int, mode: int) -> int:
    descriptor = os.open(name, flags | _NOT_FOLLOWED, mode, dir_fd=parent)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", name)
    return descriptor


def _parts(relative: str) -> tuple[str, ...]:
    path = PurePosixPath(relative)
    if path.is_absolute() or ".." in path.parts:
        raise OSError(errno.EINVAL, "leads out of its folder", relative)
    return path.parts
