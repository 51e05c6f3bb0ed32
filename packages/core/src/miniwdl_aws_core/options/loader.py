"""miniwdl's configuration as hooks read it: environment, then miniwdl's configuration file, then its defaults."""

from __future__ import annotations

import configparser
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from miniwdl_aws_hooks.settings import EnvironSettings, variable_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from WDL.runtime.config import Loader

    from miniwdl_aws_hooks.settings import Settings

    Overrides = Mapping[tuple[str, str], str]

OURS = ("MINIWDL_AWS_", "MINIWDL__AWS__")
"""Beginnings of variables of this project's own; a misspelled one is refused elsewhere."""

__all__ = ["LoaderSettings", "load_settings"]


class LoaderSettings:
    """The ``Settings`` of this project on top of miniwdl's configuration loader."""

    def __init__(self, cfg: Loader, overrides: Overrides | None = None) -> None:
        """
        Wrap a loader, which also knows the environment.

        :param overrides: what options of our own set, by section and key.
        """
        self.cfg = cfg
        self._overrides = overrides or {}
        # At the end of a run, miniwdl warns of variables that begin with MINIWDL_ and that nobody has asked it for.
        # Ours are for other programs, or read from the environment. Private, but there is no other way to say so.
        used = getattr(cfg, "_used_env", None)
        if isinstance(used, set):
            used.update(name for name in os.environ if name.startswith(OURS))

    def get(self, section: str, key: str) -> str | None:
        """Value of ``[section] key``; empty texts count as unset."""
        if (section, key) in self._overrides:
            return self._overrides[section, key] or None
        return (self.cfg.get(section, key) if self.cfg.has_option(section, key) else None) or None

    @property
    def file(self) -> str | None:
        """The configuration file that miniwdl has read."""
        return self.cfg.cfg_filename

    def origin(self, section: str, key: str) -> str | None:
        """Name the variable or the file that sets it."""
        if (section, key) in self._overrides:
            return None
        variable = variable_of(section, key)
        if os.environ.get(variable):
            return variable
        return self.file if self.file and key in self.keys(section) else None

    def keys(self, section: str) -> list[str]:
        """Options of a section that the configuration file names."""
        # The loader's own list would count each of them as used, of which miniwdl tells at the end of a run.
        file = configparser.ConfigParser(interpolation=None, strict=False)
        file.read(self.cfg.cfg_filename or ())
        return [key for key in file.options(section) if key not in file.defaults()] if section in file else []


def load_settings(cfg_file: str | None, overrides: Overrides | None = None) -> Settings:
    """
    Load the configuration that ``miniwdl run`` is going to load.

    miniwdl takes a while to import; where no configuration file is involved, the environment tells all that we ask for.

    :param cfg_file: what its option ``--cfg`` names, if given.
    :param overrides: what options of our own set, by section and key.
    """
    if not cfg_file and not _is_configured(os.environ):
        return EnvironSettings(overrides=overrides)
    from WDL.runtime.config import Loader

    quiet = logging.getLogger(__name__ + ".miniwdl")
    quiet.setLevel(logging.ERROR)
    return LoaderSettings(Loader(quiet, filenames=[cfg_file] if cfg_file else None), overrides)


def _is_configured(environ: Mapping[str, str]) -> bool:
    """Whether more than the environment counts, or an option whose text miniwdl interprets in its own way."""
    if any(name == "MINIWDL_CFG" or name.startswith("MINIWDL__FILE_IO__") for name in environ):
        return True
    folders = [environ.get("XDG_CONFIG_HOME") or "~/.config"]
    folders += (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")
    return any(Path(folder, "miniwdl.cfg").expanduser().exists() for folder in folders)
