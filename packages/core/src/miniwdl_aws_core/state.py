"""
What workflow jobs keep on the shared file system beside the runs, in ``{root}/.miniwdl-aws``.

Under ``[aws] isolation = run`` tasks can't write there. Users of one file system share the folders, and each of them
can only delete what is theirs.
"""

from __future__ import annotations

import os
import re
import stat
import time
from contextlib import suppress
from pathlib import Path

from miniwdl_aws_core.beneath import folder

__all__ = ["claim_run", "has_later_attempt", "shared_folder"]

FOLDER = ".miniwdl-aws"
CLAIMS = "claims"
KEPT = 14 * 86400
"""Seconds after which a claim goes: twice as long as AWS Batch knows a job after its end."""

MOST_ATTEMPTS = 10
"""Attempts that AWS Batch makes of a job at most."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,128}")


def shared_folder(root: str, name: str) -> Path:
    """
    Make a folder for all users, if it is missing.

    :param root: of the shared file system.
    :raises OSError: when it can't be made, or when a link stands in its place.
    """
    with folder(root, f"{FOLDER}/{name}", make=True), suppress(PermissionError):  # another user's by now
        for path in (FOLDER, f"{FOLDER}/{name}"):
            with folder(root, path) as descriptor:
                os.fchmod(descriptor, 0o1777)
    return Path(root, FOLDER, name)


def claim_run(root: str, submission: str, job_id: str, attempt: int = 1) -> str:
    """
    Claim a run for a workflow job: of several jobs of one submission, the first to do so is the run.

    :param submission: a text that no other submission has.
    :param attempt: which one of the job's this is: earlier ones can learn that they are not the run any more.
    :return: the id of the job whose run it is; not ``job_id`` when another one was first.
    :raises OSError: when no claim can be laid.
    :raises ValueError: when ``submission`` is no such text.
    """
    if not _TOKEN.fullmatch(submission):
        raise ValueError(submission)
    claims = shared_folder(root, CLAIMS)
    with folder(claims) as descriptor:
        _forget(descriptor)
        first = _claim(descriptor, submission, job_id)
        if first == job_id and attempt > 1:
            _claim(descriptor, f"{submission}.{attempt}", job_id)
    return first


def has_later_attempt(root: str, submission: str, attempt: int) -> bool:
    """
    Tell whether a later attempt of the job that has claimed a run has begun.

    AWS Batch may start one while the host of this one, which it can't reach, is still at work.

    :raises OSError: when that can't be told.
    """
    with folder(root, f"{FOLDER}/{CLAIMS}") as descriptor, os.scandir(descriptor) as entries:
        names = {entry.name for entry in entries}
    return any(f"{submission}.{later}" in names for later in range(attempt + 1, MOST_ATTEMPTS + 1))


def _claim(claims: int, name: str, job_id: str) -> str:
    try:
        # The file system makes one link of a name only, and whole.
        os.symlink(job_id, name, dir_fd=claims)
    except FileExistsError:
        return os.readlink(name, dir_fd=claims)
    return job_id


def _forget(claims: int) -> None:
    with os.scandir(claims) as entries:
        for entry in entries:
            with suppress(OSError):
                found = entry.stat(follow_symlinks=False)
                if stat.S_ISLNK(found.st_mode) and time.time() - found.st_mtime > KEPT:
                    os.unlink(entry.name, dir_fd=claims)
