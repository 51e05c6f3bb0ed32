"""Files of a task directory that must be there before its job starts."""

from __future__ import annotations

from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from miniwdl_aws_batch_backend.paths import JobPaths

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["first_free", "link_inputs", "open_to_any_user", "write_command"]


def first_free(task_dir: str, start: int = 1) -> JobPaths:
    """
    Paths of the first job whose work directory doesn't exist; a run directory may be used again.

    :param start: number from which to count.
    """
    return next(paths for number in count(start) if not Path((paths := JobPaths(task_dir, number)).work).exists())


def link_inputs(paths: JobPaths, inputs: Mapping[str, str]) -> None:
    """
    Put links to the inputs where the command, and files that it reads, look for them.

    :param inputs: where the task sees each input, by its path here; those outside the task directory need no link.
    """
    places = dict.fromkeys([JobPaths(paths.task_dir), paths])
    made: set[str] = set()
    for host_path, seen in inputs.items():
        target = host_path.rstrip("/")
        if not seen.startswith(f"{paths.task_dir}/"):
            continue
        if target.startswith(f"{paths.task_dir}/write_/"):
            # Written by this process for itself alone; the task may run as somebody else.
            Path(target).chmod(0o664)
        for place in places:
            link = place.retarget(seen.rstrip("/"))
            folder = link[: link.rindex("/")]
            if folder not in made:
                Path(folder).mkdir(parents=True, exist_ok=True)
                made.add(folder)
            with suppress(FileExistsError):
                Path(link).symlink_to(target)


def write_command(paths: JobPaths, text: str) -> None:
    """Write the command, never in place: a first try that is still alive may be reading its own."""
    temporary = Path(f"{paths.command}.tmp")
    temporary.write_text(text)
    temporary.replace(paths.command)


def open_to_any_user(paths: JobPaths) -> None:
    """Let the task write there whoever it runs as: an image may name any user, and Batch can't add a group to it."""
    for path in (paths.task_dir, paths.work):
        Path(path).chmod(0o777)
