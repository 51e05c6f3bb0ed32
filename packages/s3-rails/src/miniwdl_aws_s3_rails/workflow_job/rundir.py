"""Deletes a run directory, once it is sure that it is one."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from miniwdl_aws_core.beneath import is_file
from miniwdl_aws_core.run_files import INPUTS_JSON, RUN_LOGS
from miniwdl_aws_s3_rails.errors import RailsError
from miniwdl_aws_s3_rails.products.boundary import is_within

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["RunDirError", "delete_run_dir", "should_delete"]

TIMESTAMPED = re.compile(r"\d{8}_\d{6}_.+")
"""How miniwdl names run directories that it creates: ``20250131_120000_align``."""


class RunDirError(RailsError):
    """Something that was to be deleted isn't a run directory, or can't be deleted."""


def should_delete(when: str | None, *, succeeded: bool) -> bool:
    """
    Decide by ``--delete-after``.

    :param when: ``always``, ``success``, ``failure`` or ``None``.
    """
    return when == "always" or when == ("success" if succeeded else "failure")


def delete_run_dir(run_dir: Path, root: Path) -> None:
    """
    Delete a run directory.

    :param root: ``[file_io] root``; the directory must really lie within it.
    :raises RunDirError: when it doesn't look like a run directory of miniwdl's in the place where those are, or
        something in it can't be deleted.
    """
    for problem in _problems(run_dir, root):
        raise RunDirError(f"{run_dir} is not deleted: {problem}")
    try:
        shutil.rmtree(run_dir)
    except (OSError, RecursionError) as exc:
        raise RunDirError(f"{run_dir} is not deleted as a whole: {exc}") from exc


def _problems(run_dir: Path, root: Path) -> Sequence[str]:
    problems = []
    if not run_dir.is_absolute() or run_dir.is_symlink() or not run_dir.is_dir():
        problems.append("it is not a directory")
    if not is_within(run_dir, root) or run_dir.resolve() == root.resolve():
        problems.append(f"it does not lie within the shared file system {root}")
    if is_within(Path.cwd(), run_dir):
        problems.append("this process works in it")
    if not any(is_file(run_dir, name) for name in RUN_LOGS) or not is_file(run_dir, INPUTS_JSON):
        problems.append("it holds no run of miniwdl's")
    if not TIMESTAMPED.fullmatch(run_dir.name):
        problems.append("miniwdl did not create it, since its name is not a timestamp and a workflow's name")
    return problems
