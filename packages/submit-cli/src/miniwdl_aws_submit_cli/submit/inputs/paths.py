"""Paths of this machine: what is wrong with one is said with the input's name, and where it would be."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from WDL import Type

from miniwdl_aws_hooks.nearest import did_you_mean
from miniwdl_aws_submit_cli.errors import WorkflowError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["check_path", "refuse_folder_for_file"]

KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}

FILE_MEANT = "name a file in it, or declare the input as a Directory"
FOLDER_MEANT = "name the folder that it is in, or declare the input as a File"


def check_path(name: str, given: str, path: str, *, directory: bool) -> None:
    """
    Make sure that a path can be staged.

    :param name: of the input.
    :param given: the path as the user wrote it.
    :param path: the same, absolute.
    :raises WorkflowError: when it can't.
    """
    kind = "Directory" if directory else "File"
    if not given:
        raise WorkflowError(f"input {name}: {kind} not found: its path is empty")
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):  # ValueError: a NUL, which no file has in its name
        raise WorkflowError(f"input {name}: {kind} not found: {given}", hint=_instead(given, path)) from None
    if what := KINDS.get(stat.S_IFMT(mode)):
        raise WorkflowError(f"input {name}: {given} is {what}, not a {kind}", hint="make a file of its content first")
    if stat.S_ISDIR(mode) != directory:
        what, hint = ("file", FOLDER_MEANT) if directory else ("folder", FILE_MEANT)
        raise WorkflowError(f"input {name}: {kind} not found: {given} is a {what}", hint=hint)
    if not os.access(path, os.R_OK | (os.X_OK if directory else 0)):
        raise WorkflowError(f"input {name}: {kind} can't be read: {given}", hint=f"check the permissions of {path}")


def refuse_folder_for_file(name: str, given: str, declared: Type.Base) -> None:
    """
    Say of a File that ends in a slash that it is a folder; miniwdl says that its path is invalid.

    :raises WorkflowError: when that is so.
    """
    inner = declared.item_type if isinstance(declared, Type.Array) else declared
    if isinstance(inner, Type.File) and given.endswith("/"):
        raise WorkflowError(f"input {name}: {given} is a folder, and a File is meant", hint=FILE_MEANT)


def _instead(given: str, path: str) -> str | None:
    """Say where a path was looked for, and which one is there."""
    where = None if given == path else f"it would be {path}"
    return "; ".join(filter(None, [where, did_you_mean(given, _beside(given, path))])) or None


def _beside(given: str, path: str) -> Iterator[str]:
    """List what lies where a file was looked for, as the user would have written it."""
    above, name = os.path.split(path)
    try:
        with os.scandir(above) as entries:
            for entry in entries:
                yield given.removesuffix(name) + entry.name
    except (OSError, ValueError):
        return
