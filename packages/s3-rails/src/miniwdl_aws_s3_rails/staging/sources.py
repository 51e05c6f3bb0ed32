"""What an item to be staged comprises: its files and empty folders, each looked at before anything travels."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from miniwdl_aws_core.s3uri import is_utf8
from miniwdl_aws_s3_rails.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from miniwdl_aws_hooks import StageItem

__all__ = ["Source", "Tree", "read_tree", "unreadable"]


@dataclass(frozen=True)
class Source:
    """One object to be: a file, or the marker of an empty folder."""

    path: Path | None
    size: int
    modified: int | None = None
    executable: bool = False


Tree = dict[str, Source]
"""What an item comprises, by name under it; a file has none."""


def read_tree(item: StageItem) -> Tree:
    """
    Find what an item comprises.

    :raises OptionError: when something in it can't travel; names it.
    """
    path = Path(item.path)
    if path.name in ("", ".."):
        raise OptionError(f"{path} can't be staged: a task sees a file under its own name, and this is none")
    _check_name(path)
    try:
        if not item.directory:
            return {"": _source(path)}
        return {name: _source(path) if path else Source(None, 0) for name, path in _walk(path, "", ())}
    except OSError as exc:
        raise unreadable(exc, path) from exc


def unreadable(exc: OSError, path: Path) -> OptionError:
    """Say which file can't be read, and why."""
    return OptionError(f"{exc.filename or path} can't be read: {exc.strerror or exc}")


def _check_name(path: Path) -> None:
    if not is_utf8(path.name):
        raise OptionError(f"{str(path)!a} can't be staged: its name is not valid UTF-8, which S3 demands")


def _source(path: Path) -> Source:
    """Look at a file before its content is read: a later change is noticed then."""
    now = path.stat()
    if not stat.S_ISREG(now.st_mode):
        # The content of a pipe or device has no end, and may never come.
        raise OptionError(f"{path} can't be staged: it is neither a file nor a folder", hint="move it out of there")
    return Source(path, now.st_size, now.st_mtime_ns, bool(now.st_mode & stat.S_IXUSR))


def _walk(folder: Path, prefix: str, above: tuple[str, ...]) -> Iterator[tuple[str, Path | None]]:
    """Go through a folder, links included: the user chose it, so what they lead to belongs to it."""
    real = os.path.realpath(folder)
    if real in above:
        raise OptionError(f"{folder} leads back to a folder above it, so its content has no end")
    entries = sorted(folder.iterdir())
    if not entries:
        yield prefix, None
    for path in entries:
        _check_name(path)
        if path.is_dir():
            yield from _walk(path, f"{prefix}{path.name}/", (*above, real))
        else:
            yield prefix + path.name, path
