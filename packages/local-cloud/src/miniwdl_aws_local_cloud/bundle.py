"""
The public files that ``miniwdl run_self_test`` reads, in this distribution, so that it needs no internet.

``alyssa_ben.txt`` has the content of miniwdl's own; the two files of the 1000 Genomes bucket are stand-ins, since the
test only counts them.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

__all__ = ["BUNDLED_BUCKET", "bundled_objects", "bundled_url"]

BUNDLED_BUCKET = "1000genomes"


def _data() -> Path:
    return Path(str(files("miniwdl_aws_local_cloud").joinpath("data")))


def bundled_objects() -> dict[str, Path]:
    """Files of the bundled bucket, by key."""
    root = _data() / BUNDLED_BUCKET
    return {path.relative_to(root).as_posix(): path for path in sorted(root.rglob("*")) if path.is_file()}


def bundled_url(url: str) -> Path | None:
    """Find the file of a URL, if it is among the bundled ones."""
    root = _data() / "https"
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or parts.query:
        return None
    path = (root / f"{parts.netloc}{parts.path}").resolve()
    return path if path.is_relative_to(root.resolve()) and path.is_file() else None
