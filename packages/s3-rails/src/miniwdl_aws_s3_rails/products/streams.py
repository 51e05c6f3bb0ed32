"""Finds the standard streams of the task for which a run failed."""

from __future__ import annotations

import os
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.beneath import folder, is_file
from miniwdl_aws_core.run_files import STREAMS, cause_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["find_streams"]


def find_streams(error: Mapping[str, Any], run_dir: Path) -> dict[str, str]:
    """
    Tell which of the streams are files of the run directory, and no links: the task had its hands on them.

    :return: path from the run directory by stream.
    """
    found = {stream: _stream(error, stream, run_dir) for stream in STREAMS}
    return {stream: path for stream, path in found.items() if path and is_file(run_dir, path)}


def _stream(error: Mapping[str, Any], stream: str, run_dir: Path) -> str | None:
    """
    Tell where a standard stream of the failing task is.

    miniwdl (``WDL.runtime.error_json``) names the file only where the command's exit code was the failure. After a
    missing output, a timeout or a lost host there is the task's directory, with a file for each try: ``stderr.txt``,
    ``stderr2.txt``.
    """
    cause = cause_of(error)
    tops = (run_dir, os.path.realpath(run_dir), error.get("dir"))
    if named := cause.get(f"{stream}_file"):
        return _below(named, tops)
    task = _below(cause.get("dir"), tops)
    if task is None:
        return None
    try:
        with folder(run_dir, task) as descriptor, os.scandir(descriptor) as entries:
            names = [entry.name for entry in entries]
    except OSError:
        return None
    tries = re.compile(rf"{stream}(\d*)\.txt")
    found = [(int(match[1] or 1), name) for name in names if (match := tries.fullmatch(name))]
    return f"{task}/{max(found)[1]}" if found else None


def _below(path: object, tops: tuple[object, ...]) -> str | None:
    """Turn a path into one from the run directory, by any of the names that this had."""
    for top in tops:
        if isinstance(path, str) and top and PurePosixPath(path).is_relative_to(str(top)):
            return str(PurePosixPath(path).relative_to(str(top)))
    return None
