"""
The folder in which each child of an array job finds which job it is: ``{run directory}/arrays/{name}``.

It is written before the array is submitted, by this process alone: no job of the run can write there under
``[aws] isolation = run``. Several children share a file, since each file costs a shared file system more than the
lines in it; few enough that a shell, which reads letter by letter, is soon at its own.
"""

from __future__ import annotations

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

__all__ = ["ARRAYS", "PER_FILE", "ArrayFolder", "can_be_written"]

ARRAYS = "arrays"
PER_FILE = 32
"""Children whose lines are in one file, two for each: its place, and its task's directory."""


def can_be_written(place: Place, paths: JobPaths) -> bool:
    """Whether lines can tell where the files of a job are."""
    return not any("\n" in path or "\0" in path for path in (place.run_dir, place.name, paths.task_dir))


class ArrayFolder:
    """The folder of one array, there until its last child has ended."""

    def __init__(self, run_dir: str, name: str, jobs: Sequence[tuple[Place, JobPaths]]) -> None:
        """
        Write it.

        :param name: which no other array has.
        :param jobs: of the children, the first one's first.
        :raises OSError: when the file system does not let us.
        """
        self.path = f"{run_dir}/{ARRAYS}/{name}"
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
        with suppress(OSError):
            shutil.rmtree(self.path)
        with suppress(OSError):
            Path(self.path).parent.rmdir()


def _files(jobs: Sequence[tuple[Place, JobPaths]]) -> Iterator[str]:
    for start in range(0, len(jobs), PER_FILE):
        some = jobs[start : start + PER_FILE]
        yield "".join(f"{place.paths.task_dir}\n{paths.task_dir}\n" for place, paths in some)
