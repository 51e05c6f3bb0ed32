"""
Downloads ``s3://`` inputs of miniwdl in its own process.

These are plugins for miniwdl's groups ``file_download`` and ``directory_download``. All downloads of a process share
one set of threads and one memory budget (``[s3_rails]``); miniwdl's download cache works as for any other download.
"""

from __future__ import annotations

import logging
import os
import shutil
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from WDL.runtime.cache import new as new_call_cache

from miniwdl_aws_core.beneath import folder
from miniwdl_aws_core.options.loader import LoaderSettings
from miniwdl_aws_core.s3uri import S3Uri
from miniwdl_aws_s3_rails.errors import AccessError
from miniwdl_aws_s3_rails.inside_miniwdl.cache import sight_of
from miniwdl_aws_s3_rails.inside_miniwdl.neighbours import DOWNLOADS, keep_with_neighbours, run_dir_of
from miniwdl_aws_s3_rails.inside_miniwdl.places import layout, why_no_path
from miniwdl_aws_s3_rails.inside_miniwdl.termination import stopped_on_termination
from miniwdl_aws_s3_rails.transfer.engine import engine_for
from miniwdl_aws_s3_rails.transfer.receiver import Receiver

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from WDL.runtime.config import Loader

    from miniwdl_aws_s3_rails.transfer.engine import Found

__all__ = ["directory_download", "file_download"]

TRIES = 100
"""Times that a folder is made which somebody else takes away."""


def file_download(cfg: Loader, logger: logging.Logger, uri: str, **_kwargs: Any) -> Generator[dict[str, Any]]:
    """Download an object; miniwdl's plugin for File inputs."""
    yield {"outputs": {"file": _download(cfg, logger, uri, directory=False)}}


def directory_download(cfg: Loader, logger: logging.Logger, uri: str, **_kwargs: Any) -> Generator[dict[str, Any]]:
    """Download everything under a URI; miniwdl's plugin for Directory inputs."""
    yield {"outputs": {"directory": _download(cfg, logger, uri, directory=True)}}


def _download(cfg: Loader, logger: logging.Logger, text: str, *, directory: bool) -> str:
    # To miniwdl, a Directory has no slashes at its end.
    text = text.rstrip("/") if directory else text
    uri = S3Uri.parse(text, what="the input")
    if reason := why_no_path(["" if uri.is_folder and not directory else uri.basename]):
        raise AccessError(f"{uri} can't be a {'folder' if directory else 'file'} here: {reason}")
    receiver = Receiver(engine_for(LoaderSettings(cfg)))
    top, parent = _parent(cfg, logger, text, directory=directory)
    stays = parent == DOWNLOADS
    name = f"{parent}/s3-{uuid.uuid4()}"
    place = _make_folder(top, name)
    incomplete = _make_folder(place, "incomplete")

    def fetch() -> None:
        found = sight_of(cfg).objects(text, directory=directory)
        if directory:
            _fetch_folder(receiver, uri.as_folder(), found, incomplete)
        else:
            receiver.fetch_all(uri.bucket, [(found[0], uri.basename)], incomplete)

    try:
        with stopped_on_termination(logger, receiver.engine.stop):
            receiver.engine.apart(fetch)
        # Under its final name it is whole: whoever looks there sees all of it or nothing.
        if stays and (kept := keep_with_neighbours(top, uri, incomplete, directory=directory)):
            shutil.rmtree(top / name, ignore_errors=True)
            return kept
        os.rename(uri.basename, uri.basename, src_dir_fd=incomplete, dst_dir_fd=place)
        os.rmdir("incomplete", dir_fd=place)
    except BaseException:
        shutil.rmtree(top / name, ignore_errors=True)
        raise
    return str(top / name / uri.basename)


class _Folder(int):
    """Descriptor of a folder, closed when nobody has it any more: a transfer that hangs may outlive its download."""

    def __del__(self) -> None:
        os.close(self)


def _make_folder(top: Path | int, name: str) -> _Folder:
    """Make a folder, through no link that a task may have planted."""
    for _ in range(TRIES):
        # miniwdl prunes empty folders after it has moved a download: one above it may vanish in between.
        with suppress(FileNotFoundError), folder(top, name, make=True) as made:
            return _Folder(os.dup(made))
    raise AccessError(f"can't make a folder for downloads in {top}: whatever is made there vanishes")


def _parent(cfg: Loader, logger: logging.Logger, uri: str, *, directory: bool) -> tuple[Path, str]:
    """
    Find where to download to: a folder whose path is trusted, and the one below it.

    What will enter the download cache is moved there, so it must be on the same file system; other downloads belong
    into the run directory.
    """
    cache = new_call_cache(cfg, logging.getLogger(__name__))
    cached = cache.download_cacheable(uri, directory=directory)
    if (not cached or Path(cached).exists()) and (run_dir := run_dir_of(logger)):
        return run_dir, DOWNLOADS
    top = Path(cfg["file_io"]["root"], cfg["download_cache"]["dir"])
    top.mkdir(parents=True, exist_ok=True)
    return top, "ops"


def _fetch_folder(receiver: Receiver, uri: S3Uri, found: Iterable[Found], top: int) -> None:
    folders, files = layout(uri, found)
    for name in ("", *folders):
        with folder(top, f"{uri.basename}/{name}", make=True):
            pass
    receiver.fetch_all(uri.bucket, [(item, f"{uri.basename}/{name}") for name, item in files.items()], top)
