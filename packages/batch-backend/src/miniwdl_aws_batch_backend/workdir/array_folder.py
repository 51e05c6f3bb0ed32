"""
The folder in which each child of an array job finds which job it is: ``{run directory}/arrays/{name}``.

It is written before the array is submitted, by this process alone: no job of the run can write there under
``[aws] isolation = run``. Several children share a file, since each file costs a shared file system more than the
lines in it; few enough that a shell, which reads letter by letter, is soon at its own.
"""

from __future__ import annotations

import re
import shutil
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from miniwdl_aws_core.beneath import folder, write_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from miniwdl_aws_batch_backend.workdir.handover import Place
    from miniwdl_aws_batch_backend.workdir.paths import JobPaths

__all__ = ["ARRAYS", "PER_FILE", "ArrayFolder", "can_be_written", "discard_left", "suffix"]

ARRAYS = "arrays"
PER_FILE = 32
"""
Children whose lines are in one file, two for each: the name of its place, and its task's directory as seen from the run
directory.
"""

_SUFFIX = re.compile(r"-array-([0-9a-f]{12})\Z")


def suffix(name: str) -> str:
    """Write what the name of an array job ends with, so that its folder can be found by it."""
    return f"-array-{name}"


def discard_left(run_dir: str, job_name: str) -> None:
    """Delete the folder of an array that nobody watches; nothing where the name is not one of ours."""
    if found := _SUFFIX.search(job_name):
        _delete(run_dir, found[1])


def can_be_written(place: Place, paths: JobPaths) -> bool:
    """Whether lines can tell where the files of a job are."""
    if not paths.task_dir.startswith(f"{place.run_dir}/"):
        return False
    return not any("\n" in path or "\0" in path for path in (place.run_dir, place.name, paths.task_dir))


class ArrayFolder:
    """The folder of one array, there until its last child has ended."""

    def __init__(self, run_dir: str, name: str, jobs: Sequence[tuple[Place, JobPaths]]) -> None:
        """
        Write it.

        :param name: which no other array has, of 12 hexadecimal digits.
        :param jobs: of the children, the first one's first.
        :raises OSError: when the file system does not let us.
        """
        self.path = f"{run_dir}/{ARRAYS}/{name}"
        self._run_dir, self._name = run_dir, name
        self._lock = threading.Lock()
        self._left = len(jobs)
        try:
            with folder(run_dir, f"{ARRAYS}/{name}", make=True) as descriptor:
                for number, text in enumerate(_files(jobs)):
                    write_bytes(descriptor, str(number), text.encode(errors="surrogateescape"))
        except BaseException:
            self.discard()
            raise

    def child_ended(self) -> None:
        """Delete it when that was the last one."""
        with self._lock:
            self._left -= 1
            last = self._left == 0
        if last:
            self.discard()

    def discard(self) -> None:
        """Delete it."""
        _delete(self._run_dir, self._name)


def _delete(run_dir: str, name: str) -> None:
    above = Path(run_dir, ARRAYS)
    with suppress(OSError):
        shutil.rmtree(above / name)
    with suppress(OSError):
        above.rmdir()


def _files(jobs: Sequence[tuple[Place, JobPaths]]) -> Iterator[str]:
    for start in range(0, len(jobs), PER_FILE):
        some = jobs[start : start + PER_FILE]
        yield "".join(f"{place.name}\n{paths.task_dir.removeprefix(f'{place.run_dir}/')}\n" for place, paths in some)
