"""
Where the files of a task's tries lie.

The file system has the same path in all jobs, so a task sees its real directory. Each job that is submitted for a task
gets a work directory of its own (``work``, ``work2`` ...), and so its own stdout and stderr: a first try that is still
alive on a host given up for lost can't spoil the second. While a job is under way they lie in its place
(:mod:`~miniwdl_aws_batch_backend.workdir.handover`), and links here lead there.

miniwdl writes the task's command for ``{task directory}/work``, whichever try it is; for later ones the text is
rewritten (:meth:`JobPaths.retarget`).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from miniwdl_aws_core.records.usage import usage_name
from miniwdl_aws_core.run_files import RUN_LOGS

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["PIPE", "JobPaths", "leads_to_input", "lies_within", "rebase", "top_run_dir"]

PIPE = ".pipe"
"""What is put behind the path of standard error to name the pipe through which it goes to file and log."""
_MAX_GAP = 1
"""Folders without a log between a run and the run that contains it: a call's ``download/0`` has one."""


@dataclass(frozen=True)
class JobPaths:
    """The files of the n-th job submitted for a task."""

    task_dir: str
    number: int = 1

    def _numbered(self, stem: str, suffix: str = "") -> str:
        return f"{self.task_dir}/{stem}{self.number if self.number > 1 else ''}{suffix}"

    @property
    def work(self) -> str:
        """Working directory of the command."""
        return self._numbered("work")

    @property
    def command(self) -> str:
        """The command itself, a script."""
        return self._numbered("command")

    @property
    def stdout(self) -> str:
        """Standard output."""
        return self._numbered("stdout", ".txt")

    @property
    def stderr(self) -> str:
        """Standard error."""
        return self._numbered("stderr", ".txt")

    @property
    def pipe(self) -> str:
        """A named pipe that ``stderr`` comes out of."""
        return f"{self.stderr}{PIPE}"

    @property
    def exit_code(self) -> str:
        """The command's exit code, written when it ends."""
        return self._numbered("exit_code")

    @property
    def usage(self) -> str:
        """What the command used of its host, written before its exit code."""
        return f"{self.task_dir}/{usage_name(self.number)}"

    @property
    def claim(self) -> str:
        """A link that names the job which has begun here; see :mod:`~miniwdl_aws_batch_backend.workdir.wrapper`."""
        return self._numbered("claim")

    @property
    def detail(self) -> str:
        """What AWS Batch said of the job in the end, when it failed."""
        return self._numbered("batch_job", ".json")

    @property
    def _first_work(self) -> str:
        return f"{self.task_dir}/work"

    def retarget(self, text: str) -> str:
        """Make a text that speaks of the first job's work directory speak of this one's."""
        if self.number == 1:
            return text
        return re.sub(re.escape(self._first_work) + r"(?![\w.-])", lambda _: self.work, text)


def rebase(path: str, old: str, new: str) -> str | None:
    """Move a path from one folder to another; ``None`` when it isn't in the first."""
    return new + path[len(old) :] if path == old or path.startswith(old + "/") else None


def lies_within(path: str, folder: str) -> bool:
    """Whether a path is in a folder once all links and ``..`` are followed."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def leads_to_input(path: str, inputs: Iterable[str]) -> bool:
    """
    Whether a path leads, by links, to an input, or to what is in an input Directory.

    :param path: ends in a slash where a Directory is meant.
    :param inputs: paths of the inputs as this process knows them, not as a task may have changed the links to them;
        those of Directories end in a slash.
    """
    if not (Path(path).is_dir() if path.endswith("/") else Path(path).is_file()):
        return False
    real = os.path.realpath(path)
    return any(
        real == os.path.realpath(place) or (place.endswith("/") and lies_within(real, place)) for place in inputs
    )


def top_run_dir(task_dir: str, root: str) -> str:
    """
    Find the directory of the run that a task belongs to: its topmost ancestor that holds a miniwdl log.

    :param root: of the shared file system; not itself a run directory.
    """
    return _top_from(os.path.dirname(task_dir), root.rstrip("/"), 0) or task_dir  # noqa: PTH120 - asked for each task


@lru_cache(maxsize=4096)
def _top_from(folder: str, root: str, gap: int) -> str | None:
    """Find it from a folder upwards, which all tasks of a scatter have in common."""
    if gap > _MAX_GAP or not folder.startswith(f"{root}/"):
        return None
    above = os.path.dirname(folder)  # noqa: PTH120 - as above
    if any(os.path.lexists(f"{folder}/{name}") for name in RUN_LOGS):
        return _top_from(above, root, 0) or folder
    return _top_from(above, root, gap + 1)
