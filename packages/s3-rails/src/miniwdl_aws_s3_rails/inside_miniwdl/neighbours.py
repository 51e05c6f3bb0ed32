"""
Keeps files and folders together, in a run, that lie in one folder of S3.

miniwdl shows them to a task beside each other if they lie in one folder here. They need not: each may come from the
download cache or not, and revalidated ones lie there by version. So a run has a folder for each folder of S3, with what
it downloaded itself, and links to what is elsewhere.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from miniwdl_aws_core.beneath import folder, holds
from miniwdl_aws_core.run_files import RUN_LOGS
from miniwdl_aws_s3_rails.inside_miniwdl.places import folder_in_run

if TYPE_CHECKING:
    from miniwdl_aws_core.s3uri import S3Uri

__all__ = ["DOWNLOADS", "keep_with_neighbours", "run_dir_of", "show_with_neighbours"]

DOWNLOADS = "download"
"""Folder of a run directory for what it downloads."""


def run_dir_of(logger: logging.Logger) -> Path | None:
    """Tell a run directory by its log: miniwdl doesn't tell plugins, but the loggers that it gives them write there."""
    found: logging.Logger | None = logger
    while found:
        for handler in found.handlers:
            if isinstance(handler, logging.FileHandler) and Path(handler.baseFilename).name in RUN_LOGS:
                return Path(handler.baseFilename).parent
        found = found.parent
    return None


def keep_with_neighbours(run_dir: Path, uri: S3Uri, source: int, *, directory: bool) -> str | None:
    """
    Give a file or folder its place in a run.

    :param source: descriptor of the folder in which it lies as ``uri.basename``.
    :return: its path; ``None`` when the place is taken, as by another key on a file system that tells no case, or can't
        be had.
    """
    place = f"{DOWNLOADS}/{folder_in_run(uri)}"
    with suppress(OSError), folder(run_dir, place, make=True) as target:
        if not directory:
            # Not by renaming, which would replace what is there.
            os.link(uri.basename, uri.basename, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
        elif holds(target, uri.basename):
            return None
        else:
            # A folder replaces an empty one at most.
            os.rename(uri.basename, uri.basename, src_dir_fd=source, dst_dir_fd=target)
        return f"{run_dir}/{place}/{uri.basename}"
    return None


def show_with_neighbours(run_dir: Path, uri: S3Uri, path: str) -> str:
    """
    Leave a link to a file or folder in its place in a run, unless that is where it lies.

    :return: the path of the link; that of the file or folder itself when its place is taken, or can't be had.
    """
    place = f"{DOWNLOADS}/{folder_in_run(uri)}"
    shown = f"{run_dir}/{place}/{uri.basename}"
    with suppress(OSError), folder(run_dir, place, make=True) as target:
        with suppress(FileExistsError):
            os.symlink(os.path.realpath(path), uri.basename, dir_fd=target)
        if Path(shown).samefile(path):
            return shown
    return path
