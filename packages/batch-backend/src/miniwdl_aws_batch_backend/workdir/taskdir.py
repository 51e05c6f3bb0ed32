"""Files of a task directory that must be there before its job starts."""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from miniwdl_aws_batch_backend.workdir.paths import JobPaths
from miniwdl_aws_core.beneath import folder, open_file, write_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["first_free", "link_inputs", "write_command"]


def first_free(task_dir: str, start: int = 1) -> JobPaths:
    """
    Paths of the first job whose work directory doesn't exist; a run directory may be used again.

    :param start: number from which to count.
    """
    return next(paths for number in count(start) if not os.path.lexists((paths := JobPaths(task_dir, number)).work))


def link_inputs(paths: JobPaths, inputs: Mapping[str, str], beside: Mapping[str, str]) -> None:
    """
    Put links to the inputs where the command, and files that it reads, look for them.

    :param inputs: where the task sees each input, by its path here; those outside the task directory need no link.
    :param beside: Directories by a second place, beside Files of their folder, unless another input has it.
    """
    links = {place: target.rstrip("/") for place, target in beside.items()}
    for host_path, seen in inputs.items():
        target = host_path.rstrip("/")
        if not seen.startswith(f"{paths.task_dir}/"):
            continue
        if target.startswith(f"{paths.task_dir}/write_/"):
            # Written by this process for itself alone; the task may run as somebody else.
            _let_others_write(paths.task_dir, target)
        links[seen.rstrip("/")] = target
    _make_links(paths, links)
    if paths.number > 1:
        # What an earlier job has made of its directory is no reason to fail.
        with suppress(OSError):
            _make_links(JobPaths(paths.task_dir), links)


def _make_links(paths: JobPaths, links: Mapping[str, str]) -> None:
    wanted: dict[str, dict[str, str]] = {}
    for place, target in links.items():
        above, _, name = paths.retarget(place).removeprefix(f"{paths.task_dir}/").rpartition("/")
        wanted.setdefault(above, {})[name] = target
    for above, targets in wanted.items():
        with folder(paths.task_dir, above, make=True) as descriptor:
            for name, target in targets.items():
                with suppress(FileExistsError):
                    os.symlink(target, name, dir_fd=descriptor)


def _let_others_write(task_dir: str, path: str) -> None:
    descriptor = open_file(task_dir, path.removeprefix(f"{task_dir}/"))
    try:
        os.fchmod(descriptor, 0o664)
    finally:
        os.close(descriptor)


def write_command(paths: JobPaths, text: str) -> None:
    """Write the command, never in place: a first try that is still alive may be reading its own."""
    write_bytes(paths.task_dir, Path(paths.command).name, text.encode(errors="surrogateescape"))
