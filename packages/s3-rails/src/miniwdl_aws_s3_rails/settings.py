"""Reads miniwdl's configuration the way miniwdl does: environment, then its configuration file, then defaults."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from miniwdl_aws_s3_rails.upload import Layout

if TYPE_CHECKING:
    from WDL.runtime.config import Loader

__all__ = ["MiniwdlSettings", "load_settings", "read_layout"]


class MiniwdlSettings:
    """The ``Settings`` of this project on top of miniwdl's configuration loader."""

    def __init__(self, cfg: Loader) -> None:
        """Wrap a loader."""
        self.cfg = cfg

    def get(self, section: str, key: str) -> str | None:
        """Value of ``[section] key``; empty strings count as unset."""
        return (self.cfg.get(section, key) if self.cfg.has_option(section, key) else None) or None


def load_settings(cfg_file: str | None) -> MiniwdlSettings:
    """
    Load the configuration that ``miniwdl run`` is going to load.

    :param cfg_file: what its option ``--cfg`` names, if given.
    """
    from WDL.runtime.config import Loader

    quiet = logging.getLogger(__name__ + ".loader")
    quiet.setLevel(logging.ERROR)
    return MiniwdlSettings(Loader(quiet, filenames=[cfg_file] if cfg_file else None))


def read_layout(settings: MiniwdlSettings) -> Layout:
    """Read how run directories are laid out."""
    file_io = settings.cfg["file_io"]
    return Layout(
        root=Path(file_io["root"]),
        output_hardlinks=file_io.get_bool("output_hardlinks"),
        use_relative_output_paths=file_io.get_bool("use_relative_output_paths"),
    )
