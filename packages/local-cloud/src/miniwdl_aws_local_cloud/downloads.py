"""
miniwdl's ``file_download`` plugin for ``http(s)://`` inside jobs of a local cloud.

miniwdl's own downloader is a task in a container image, which the process runner can't provide. In a job of a local
cloud the file is downloaded by miniwdl's own process instead; everywhere else this hands over to miniwdl's downloader.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from miniwdl_aws_local_cloud.bundle import bundled_url
from miniwdl_aws_local_cloud.cloud_settings import JOB_MARKER

if TYPE_CHECKING:
    import logging
    from collections.abc import Generator

    from WDL.runtime.config import Loader

__all__ = ["file_download"]

TIMEOUT = 60.0
"""Seconds without a byte after which a download fails."""
CHUNK = 1024 * 1024


def file_download(
    cfg: Loader, logger: logging.Logger, uri: str, **kwargs: Any
) -> Generator[dict[str, Any], dict[str, Any], None]:
    """Download a file; see ``WDL.runtime.download`` for the protocol."""
    if JOB_MARKER not in os.environ:
        from WDL.runtime.download import aria2c_downloader

        yield from aria2c_downloader(cfg, logger, uri, **kwargs)
        return
    # Where miniwdl itself downloads to before it moves a file into its download cache.
    holding = Path(cfg["file_io"]["root"], cfg["download_cache"]["dir"], "ops")
    yield {"outputs": {"file": _fetch(uri, holding)}}


def _fetch(uri: str, holding: Path) -> str:
    holding.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="download-", dir=holding))
    path = folder / (Path(unquote(urlsplit(uri).path)).name or "download")
    bundled = bundled_url(uri)
    if bundled is not None:
        shutil.copyfile(bundled, path)
        return str(path)
    request = urllib.request.Request(uri, headers={"User-Agent": "miniwdl-aws-local-cloud"})  # noqa: S310 - http(s) only
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer, path.open("wb") as file:  # noqa: S310 - as above
            shutil.copyfileobj(answer, file, CHUNK)
            expected = answer.headers.get("Content-Length")
    except urllib.error.HTTPError as exc:
        exc.close()  # it is an open answer
        raise
    if expected is not None and int(expected) != path.stat().st_size:
        raise OSError(f"{uri}: got {path.stat().st_size} of {expected} bytes")
    return str(path)
