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
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Top = str | Path | int
    """A folder by its path, or by a descriptor of it."""

__all__ = [
    "append_line",
    "folder",
    "holds",
    "is_file",
    "open_file",
    "open_resolved",
    "put_in_place",
    "read_bytes",
    "read_tail",
    "write_bytes",
]

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# A folder on the way need not be readable, and asking for no more than its place is cheap on a shared file system.
_STEP = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC
# Without O_NONBLOCK, a named pipe in the place of a file would be waited for.
_NOT_FOLLOWED = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@contextmanager
def folder(top: Top, relative: str = "", *, make: bool = False) -> Iterator[int]:
    """
    Open a folder.

    :param top: whose own path is trusted, links in it included; or the descriptor of an open folder.
    :param relative: from there on no link is followed; no ``..`` may occur in it.
    :param make: make the parts below ``top`` that are missing.
    :return: its descriptor, closed when the block ends.
    :raises OSError: when a part is missing, or is not a folder: a link to one, for instance.
    """
    with _way(top, _parts(relative), _FOLDER, make=make) as found:
        yield found


def open_file(top: Top, relative: str, flags: int = os.O_RDONLY, mode: int = 0o666) -> int:
    """
    Open a regular file.

    :param top: whose own path is trusted.
    :param flags: of ``os.open``.
    :return: its descriptor, which the caller closes.
    :raises OSError: when a part is missing, or when there is a link, a pipe or a device in the place of the file.
    """
    above, name = _split(relative)
    with _way(top, above) as parent:
        return _open_regular(name, flags, mode, parent)


def open_resolved(path: str | Path) -> int:
    """
    Open a regular file for reading by its real path, as ``os.path.realpath`` told it some time ago.

    Dear where many are opened is what :func:`open_file` does from the root on; so the kernel is asked after the fact
    where the file that it opened lies.

    :return: its descriptor, which the caller closes.
    :raises OSError: as :func:`open_file`: nothing on the path may have become a link since.
    """
    descriptor = _open_regular(_checked(os.fspath(path)))
    try:
        if os.readlink(f"/proc/self/fd/{descriptor}") == os.fspath(path):  # noqa: PTH115 - for each of many files
            return descriptor
    except OSError:  # not on Linux
        pass
    os.close(descriptor)
    return open_file("/", os.fspath(path).lstrip("/"))


def is_file(top: Top, relative: str) -> bool:
    """Whether there is a regular file, and no link on the way to it."""
    try:
        os.close(open_file(top, relative))
    except OSError:
        return False
    return True


def holds(parent: int, name: str) -> bool:
    """Whether a folder, by its descriptor, has anything of a name, a link that leads nowhere included."""
    try:
        os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def read_bytes(top: Top, relative: str, limit: int) -> bytes:
    """
    Read a file.

    :param limit: bytes; a task may have made it larger than memory.
    :raises OSError: as :func:`open_file`, and when the file is larger.
    """
    descriptor = open_file(top, relative)
    content = b""
    try:
        # Not by a file of Python's, which asks the system for twice as much: a few such are read for each task.
        while piece := os.read(descriptor, limit + 1 - len(content)):
            content += piece
    finally:
        os.close(descriptor)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"more than {limit} bytes", relative)
    return content


def read_tail(top: Top, relative: str, limit: int) -> bytes:
    """Read the end of a file, at most ``limit`` bytes; errors as with :func:`open_file`."""
    with os.fdopen(open_file(top, relative), "rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - limit))
        return file.read(limit)


def write_bytes(top: Top, relative: str, content: bytes, mode: int = 0o666) -> None:
    """
    Put a file in its place, whole or not at all; whatever was there is replaced, and a link is not followed.

    :param mode: permissions, less the process's umask.
    """
    above, name = _split(relative)
    with _way(top, above) as parent:

        def make(temporary: str) -> None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOT_FOLLOWED
            descriptor = os.open(temporary, flags, mode, dir_fd=parent)
            try:
                # Not by a file of Python's, as in read_bytes.
                left = memoryview(content)
                while left:
                    left = left[os.write(descriptor, left) :]
            finally:
                os.close(descriptor)

        put_in_place(name, parent, make)


def put_in_place(name: str, parent: int, make: Callable[[str], None], suffix: str = ".tmp") -> None:
    """
    Have a file made under a name that nobody can foresee, and give it its own once it is whole.

    :param parent: descriptor of its folder.
    :param make: makes it there, given the first name.
    :param suffix: of that name, by which people know what is left after a power cut.
    """
    temporary = f".{secrets.token_hex(8)}{suffix}"
    try:
        make(temporary)
        os.replace(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=parent)
        raise


def append_line(top: Top, relative: str, line: bytes) -> None:
    """
    Append a line to a file, which is made when it is missing; a last line without an end gets one first.

    :raises OSError: as :func:`open_file`, and when the file has another name too: it may be somebody else's, linked.
    """
    descriptor = open_file(top, relative, os.O_RDWR | os.O_APPEND | os.O_CREAT)
    try:
        found = os.fstat(descriptor)
        if found.st_nlink > 1:
            raise OSError(errno.EMLINK, "has another name elsewhere", relative)
        # A line that a full disk has cut takes no other one along.
        whole = not found.st_size or os.pread(descriptor, 1, found.st_size - 1) == b"\n"
        os.write(descriptor, line + b"\n" if whole else b"\n" + line + b"\n")
    finally:
        os.close(descriptor)


@contextmanager
def _way(top: Top, parts: tuple[str, ...], last: int = _STEP, *, make: bool = False) -> Iterator[int]:
    """Go down into a folder; its descriptor tells its place only, unless the flags of the last step ask for more."""
    flags = [_STEP] * len(parts) + [last]
    descriptor = os.open(".", flags[0], dir_fd=top) if isinstance(top, int) else os.open(top, flags[0])
    try:
        for part, step in zip(parts, flags[1:], strict=True):
            if make:
                with suppress(FileExistsError):
                    os.mkdir(part, dir_fd=descriptor)
            below = os.open(part, step | os.O_NOFOLLOW, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        os.close(descriptor)


def _open_regular(name: str, flags: int = os.O_RDONLY, mode: int = 0o666, parent: int | None = None) -> int:
    descriptor = os.open(name, flags | _NOT_FOLLOWED, mode, dir_fd=parent)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", name)
    os.set_blocking(descriptor, True)  # content may have to come from afar first, as that of released files on Lustre
    return descriptor


def _parts(relative: str) -> tuple[str, ...]:
    # Not by pathlib, which takes ten times as long: each task asks some thirty times.
    parts = tuple(part for part in _checked(relative).split("/") if part not in {"", "."})
    if relative.startswith("/") or ".." in parts:
        raise OSError(errno.EINVAL, "leads out of its folder", relative)
    return parts


def _split(relative: str) -> tuple[tuple[str, ...], str]:
    parts = _parts(relative)
    if not parts:
        raise OSError(errno.EISDIR, "names no file", relative)
    return parts[:-1], parts[-1]


def _checked(path: str) -> str:
    """Turn the errors of names that no file can have into those of files that are missing."""
    try:
        if b"\0" not in os.fsencode(path):
            return path
    except UnicodeEncodeError:
        pass
    raise OSError(errno.EINVAL, "no file can have such a name", ascii(path))
