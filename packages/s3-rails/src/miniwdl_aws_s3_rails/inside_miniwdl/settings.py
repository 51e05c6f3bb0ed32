"""Reads miniwdl's configuration the way miniwdl does: environment, then its configuration file, then defaults."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from miniwdl_aws_hooks import EnvironSettings
from miniwdl_aws_s3_rails.products.upload import Layout

if TYPE_CHECKING:
    from collections.abc import Mapping

    from WDL.runtime.config import Loader

    from miniwdl_aws_hooks import Settings

    Overrides = Mapping[tuple[str, str], str]

__all__ = ["MiniwdlSettings", "load_settings", "read_layout"]


class MiniwdlSettings:
    """The ``Settings`` of this project on top of miniwdl's configuration loader."""

    def __init__(self, cfg: Loader, overrides: Overrides | None = None) -> None:
        """
        Wrap a loader.

        :param overrides: what the command line sets.
        """
        self.cfg = cfg
        self._overrides = overrides or {}

    def get(self, section: str, key: str) -> str | None:
        """Value of ``[section] key``; empty strings count as unset."""
        if (section, key) in self._overrides:
            return self._overrides[section, key] or None
        return (self.cfg.get(section, key) if self.cfg.has_option(section, key) else None) or None


def load_settings(cfg_file: str | None, overrides: Overrides | None = None) -> Settings:
    """
    Load the configuration that ``miniwdl run`` is going to load.

    miniwdl takes a while to import; where no configuration file is involved, the environment tells all that we ask for.

    :param cfg_file: what its option ``--cfg`` names, if given.
    :param overrides: what options of our own set.
    """
    if not cfg_file and not _is_configured(os.environ):
        return EnvironSettings(overrides=overrides)
    from WDL.runtime.config import Loader

    quiet = logging.getLogger(__name__ + ".loader")
    quiet.setLevel(logging.ERROR)
    return MiniwdlSettings(Loader(quiet, filenames=[cfg_file] if cfg_file else None), overrides)


def _is_configured(environ: Mapping[str, str]) -> bool:
    """Whether more than the environment counts, or an option whose text miniwdl interprets in its own way."""
    if any(name == "MINIWDL_CFG" or name.startswith("MINIWDL__FILE_IO__") for name in environ):
        return True
    folders = [environ.get("XDG_CONFIG_HOME") or "~/.config"]
    folders += (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")
    return any(Path(folder, "miniwdl.cfg").expanduser().exists() for folder in folders)


def read_layout(settings: Settings) -> Layout:
    """Read how run directories are laid out."""
    if not isinstance(settings, MiniwdlSettings):
        return Layout()
    file_io = settings.cfg["file_io"]
    return Layout(
        root=Path(file_io["root"]),
        output_hardlinks=file_io.get_bool("output_hardlinks"),
        use_relative_output_paths=file_io.get_bool("use_relative_output_paths"),
    )
