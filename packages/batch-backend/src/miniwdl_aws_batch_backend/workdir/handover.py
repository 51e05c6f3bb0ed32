"""
Hands a task's files over to its job, and takes back what the job made of them.

A task directory (``call-x``) belongs to this process: miniwdl and the backend write logs, commands and JSON there, and
under ``[aws] isolation = run`` no job can. What a job writes lies in a folder of its own meanwhile, its *place*,
``{run directory}/jobs/{name}``: all places together are the one part of the file system that the jobs of a run can
write to. The work directory is made in the task directory, moved out to the place when the job is submitted, and moved
back when it has ended; links stand in for it wherever it is not.

Jobs may do to each other's places what they like. So nothing is looked for by the path of a place: folders are opened
without following links, and what comes back is a real work directory and regular files, or nothing.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniwdl_aws_batch_backend.workdir.paths import JobPaths
from miniwdl_aws_core.beneath import folder, holds, read_bytes
from miniwdl_aws_core.records.usage import MAX_USAGE, parse_usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from miniwdl_aws_core.records.usage import Usage

__all__ = [
    "JOBS",
    "Place",
    "discard",
    "hand_over",
    "has_begun",
    "is_there",
    "lie_elsewhere",
    "move_results",
    "new_place",
    "read_claim",
    "read_exit_code",
    "read_usage",
    "take_back",
]

JOBS = "jobs"
"""Folder of a run directory that its jobs can write to."""

_READABLE_NAME = 200
"""Characters of a call's id in the name of its place; the rest of the 255 that a file name may have is for ours."""


@dataclass(frozen=True)
class Place:
    """Where one job of a task works."""

    run_dir: str
    """Of the whole run: the topmost one."""
    name: str
    number: int
    """Of the job in its task directory; the files have the same names here as there."""

    @property
    def paths(self) -> JobPaths:
        """Its files, as the job sees them."""
        return JobPaths(f"{self.run_dir}/{JOBS}/{self.name}", self.number)

    @property
    def below(self) -> str:
        """Its path within the run directory."""
        return f"{JOBS}/{self.name}"

    @classmethod
    def at(cls, work: str) -> Place:
        """Tell a place by the path of its work directory."""
        run_dir, _, name, last = work.rsplit("/", 3)
        return cls(run_dir, name, int(last.removeprefix("work") or 1))


def new_place(run_dir: str, run_id: str, number: int) -> Place:
    """Name a place that no other job has, or can know of before it is there."""
    readable = re.sub(r"[^\w.-]", "_", run_id)[:_READABLE_NAME].lstrip(".") or "task"
    return Place(
        run_dir, f"{readable.encode()[:_READABLE_NAME].decode(errors='ignore')}-{secrets.token_hex(6)}", number
    )


def hand_over(paths: JobPaths, place: Place, *, to_any_user: bool) -> None:
    """
    Move the work directory out to the place, and leave links for who looks for it or for the streams.

    :param to_any_user: let the job write there whoever it runs as: an image may name any user, and Batch can't add a
        group to it.
    :raises OSError: when the file system does not let us.
    """
    with suppress(FileExistsError):
        os.mkdir(f"{place.run_dir}/{JOBS}")  # noqa: PTH102 - beside the other calls of the operating system
    with folder(paths.task_dir) as home, folder(place.run_dir, JOBS) as jobs:
        # Made where no job can get at it, and moved as a whole.
        os.mkdir(place.name, dir_fd=home)
        with folder(home, place.name) as made:
            _move(_name(paths.work), home, made)
            with folder(made, _name(paths.work)) as work:
                for descriptor in (made, work) if to_any_user else ():
                    os.fchmod(descriptor, 0o777)
            _make_pipe(_name(place.paths.pipe), made, to_any_user=to_any_user)
        _move(place.name, home, jobs)
        _leave_links(home, paths, place)


def _make_pipe(name: str, parent: int, *, to_any_user: bool) -> None:
    """Make the job's pipe, which costs a job ten times as much; where that can't be done, the job tries itself."""
    with suppress(OSError, NotImplementedError):
        os.mkfifo(name, dir_fd=parent)
        if to_any_user:
            os.chmod(name, 0o666, dir_fd=parent)  # noqa: S103 - as the place


def lie_elsewhere(paths: JobPaths, place: Place) -> None:
    """Let links stand for what a job of another run has in its place, instead of a work directory of our own."""
    shutil.rmtree(paths.work)
    with folder(paths.task_dir) as home:
        _leave_links(home, paths, place)


def take_back(place: Place, paths: JobPaths) -> None:
    """
    Move what a job made into the task directory: see :func:`move_results`.

    :raises OSError: when the file system does not let us; the links of the task directory then lead to the place.
    """
    with folder(place.run_dir, place.below) as source:
        _fetch(source, place.paths, paths)


def move_results(theirs: JobPaths, paths: JobPaths) -> None:
    """
    Move work directory, streams, exit code and usage, leaving links for absolute links among the results.

    Whatever is not what it must be is left behind: a link to elsewhere in the place of a stream, for instance. There
    is a work directory in the end in any case.

    :raises OSError: when the file system does not let us.
    """
    with _opened(theirs) as source:
        _fetch(source, theirs, paths)


def is_there(paths: JobPaths) -> bool:
    """Whether there is a work directory, and not a link in its stead."""
    try:
        with _opened(paths) as descriptor, folder(descriptor, _name(paths.work)):
            return True
    except OSError:
        return False


def read_exit_code(paths: JobPaths) -> int | None:
    """Read the exit code that a job left, a line; ``None`` when it left none, or was killed meanwhile."""
    try:
        with _opened(paths) as descriptor:
            line = read_bytes(descriptor, _name(paths.exit_code), 32)
            return int(line) if line.endswith(b"\n") else None
    except (OSError, ValueError):
        return None


def read_usage(paths: JobPaths) -> Usage | None:
    """Read what a job says of what it used; ``None`` when it said nothing that makes sense."""
    above, _, name = paths.task_dir.rpartition("/")
    try:
        found = parse_usage(read_bytes(above, f"{name}/{_name(paths.usage)}", MAX_USAGE))
    except OSError:
        return None
    return found[0] if found else None


def read_claim(place: Place) -> str | None:
    """
    Tell which job has begun in a place.

    :return: its id as it gave it, not to be trusted: any job of the run can write there. ``None`` before one has begun.
    """
    try:
        with folder(place.run_dir, place.below) as descriptor:
            return os.readlink(_name(place.paths.claim), dir_fd=descriptor)
    except OSError:
        return None


def has_begun(place: Place, paths: JobPaths) -> bool | None:
    """
    Tell whether the command of a job that has ended began: the wrapper claims the place before it does anything else.

    :param paths: where the results were taken back to.
    :return: ``None`` when the place can't be looked at, which says nothing about the job.
    """
    try:
        with folder(place.run_dir, place.below) as descriptor:
            claimed = holds(descriptor, _name(place.paths.claim))
    except OSError:
        return None
    # The claim is not the only witness: other jobs of the run can write in the place, too.
    return claimed or read_exit_code(paths) is not None


def discard(place: Place) -> None:
    """Delete a place; a link in its place is left alone."""
    with suppress(OSError):
        shutil.rmtree(f"{place.run_dir}/{place.below}")


def _opened(paths: JobPaths) -> AbstractContextManager[int]:
    """Open the folder of a job's files, which must not be a link itself."""
    above, _, name = paths.task_dir.rpartition("/")
    return folder(above, name)


def _fetch(source: int, theirs: JobPaths, ours: JobPaths) -> None:
    back = os.path.relpath(ours.task_dir, theirs.task_dir)
    with folder(ours.task_dir) as home:
        for old, new in _names(theirs, ours):
            if _is_kind(new, home, stat.S_ISLNK):
                os.unlink(new, dir_fd=home)
            if _is_kind(old, source, stat.S_ISLNK):
                continue  # moved on before, or planted
            # Looked at once more when it has been moved: it may be another thing by then.
            with suppress(FileNotFoundError):
                os.rename(old, new, src_dir_fd=source, dst_dir_fd=home)
                if _is_kind(new, home, stat.S_ISDIR if new == _name(ours.work) else stat.S_ISREG):
                    _leave_link(f"{back}/{new}", old, source)
                else:
                    _refuse(old, new, source, home)
        with suppress(FileExistsError):
            os.mkdir(_name(ours.work), dir_fd=home)


def _leave_link(target: str, name: str, parent: int) -> None:
    with suppress(OSError):
        os.symlink(target, name, dir_fd=parent)


def _refuse(old: str, new: str, source: int, home: int) -> None:
    if _is_kind(new, home, stat.S_ISLNK):
        os.unlink(new, dir_fd=home)
    else:
        os.rename(new, old, src_dir_fd=home, dst_dir_fd=source)


def _names(theirs: JobPaths, ours: JobPaths) -> Iterator[tuple[str, str]]:
    """Name what a job makes, as it lies there and here: first what links stand for while it is under way."""
    yield _name(theirs.work), _name(ours.work)
    yield _name(theirs.stdout), _name(ours.stdout)
    yield _name(theirs.stderr), _name(ours.stderr)
    yield _name(theirs.exit_code), _name(ours.exit_code)
    yield _name(theirs.usage), _name(ours.usage)


def _leave_links(home: int, paths: JobPaths, place: Place) -> None:
    there = os.path.relpath(place.paths.task_dir, paths.task_dir)
    for new, old in list(_names(place.paths, paths))[:3]:
        os.symlink(f"{there}/{new}", old, dir_fd=home)


def _move(name: str, source: int, target: int) -> None:
    try:
        os.rename(name, name, src_dir_fd=source, dst_dir_fd=target)
    except OSError as exc:
        if exc.errno != errno.EXDEV:
            raise
        raise OSError(errno.EXDEV, "a run directory must lie on one file system", name) from exc


def _is_kind(name: str, parent: int, is_kind: Callable[[int], bool]) -> bool:
    try:
        return is_kind(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)
    except OSError:
        return False


def _name(path: str) -> str:
    return path.rpartition("/")[2]
