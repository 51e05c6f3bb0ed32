"""
The state folder belongs to one user, and nobody else gets in.

It holds the commands of tasks, some in folders that every user of a container may write to, and logs and keys.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from miniwdl_aws_local_cloud.errors import StateFolderError

__all__ = ["OTHER_FOLDER", "locate", "make_private", "refuse_strangers"]

OTHER_FOLDER = "choose another one with the environment variable MINIWDL_AWS_LOCAL_DIR"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def locate(named: str | Path) -> Path:
    """
    Give the absolute path of a state folder, without symbolic links on the way there.

    :raises StateFolderError: when it is itself a link, which may lead elsewhere another time.
    """
    path = Path(os.path.abspath(Path(named).expanduser()))  # noqa: PTH100 - without following the link
    if path.is_symlink():
        raise StateFolderError(
            f"the local cloud's folder {path} is a symbolic link",
            hint="name the folder that it leads to with the environment variable MINIWDL_AWS_LOCAL_DIR",
        )
    return path.resolve()


def make_private(state: Path) -> None:
    """
    Make the state folder for its owner alone, or see that it is so.

    :raises StateFolderError: when it is somebody else's.
    :raises OSError: when it can't be made.
    """
    state.parent.mkdir(parents=True, exist_ok=True)
    try:
        state.mkdir(mode=stat.S_IRWXU)
    except FileExistsError:
        refuse_strangers(state)


def refuse_strangers(state: Path) -> None:
    """
    See that a state folder is the user's, and take from others what rights they have there, as earlier versions gave.

    :raises StateFolderError: when it is somebody else's, or its file system keeps no rights.
    :raises OSError: when there is no such folder.
    """
    _check_owner(state, state.lstat())  # before it is opened: a folder of others need not be readable
    descriptor = os.open(state, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        found = os.fstat(descriptor)
        _check_owner(state, found)
        if found.st_mode & _OTHERS:
            os.fchmod(descriptor, stat.S_IMODE(found.st_mode) & ~_OTHERS)
            if os.fstat(descriptor).st_mode & _OTHERS:
                raise StateFolderError(
                    f"the local cloud's folder {state} lies where other users can't be kept out", hint=OTHER_FOLDER
                )
    finally:
        os.close(descriptor)


def _check_owner(state: Path, found: os.stat_result) -> None:
    if found.st_uid != os.geteuid():
        raise StateFolderError(
            f"the local cloud's folder {state} belongs to another user, who could change what jobs run",
            hint=OTHER_FOLDER,
        )
