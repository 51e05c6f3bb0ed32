"""miniwdl as far as it downloads inputs."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from WDL.runtime.cache import new as new_call_cache
from WDL.runtime.config import Loader
from WDL.runtime.download import run_cached

__all__ = ["Miniwdl"]


class Miniwdl:
    """A run of miniwdl's that is about to download."""

    def __init__(self, root: Path, *, backend: str = "dir", revalidate: str = "false", **download_cache: Any) -> None:
        self.run_dir = root / "20250101_000000_wf"
        self.run_dir.mkdir(exist_ok=True)
        overrides = {
            "file_io": {"root": str(root)},
            "call_cache": {"backend": backend},
            "download_cache": {"dir": str(root / "cache"), "disable_patterns": [], "flock": False, **download_cache},
            "s3_rails": {"revalidate": revalidate},
        }
        self.logger = logging.getLogger(f"test.{id(self)}")
        self.cfg = Loader(self.logger, filenames=[], overrides=overrides)
        self.cache = new_call_cache(self.cfg, self.logger)

    def download(self, uri: str, *, directory: bool = False) -> tuple[bool, Path]:
        """Download, and tell whether it came from the cache."""
        handler = logging.FileHandler(self.run_dir / "workflow.log")
        self.logger.addHandler(handler)
        try:
            run_dir = str(self.run_dir / "download/0/.")
            cached, path = run_cached(self.cfg, self.logger, self.cache, uri, run_dir, directory=directory)
        finally:
            self.logger.removeHandler(handler)
            handler.close()
        return cached, Path(path)
