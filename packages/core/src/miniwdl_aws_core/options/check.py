"""
One check of all options of a run: whoever submits it calls it, and the workflow job does as it begins.

What belongs together in a part's section is checked by that section's own ``check``, so a part that is installed on the
submitting machine says there what it would say in the job.
"""

from __future__ import annotations

import configparser
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from miniwdl_aws_core.options.known import installed_sections, refuse_unknown
from miniwdl_aws_core.options.miniwdl_own import check_miniwdl
from miniwdl_aws_core.options.table import Section
from miniwdl_aws_hooks.errors import ConfigurationError
from miniwdl_aws_hooks.settings import origin_of, variable_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from miniwdl_aws_hooks.settings import Settings

__all__ = ["FileSettings", "check_options"]


@dataclass(frozen=True)
class FileSettings:
    """What a job reads that gets variables and a configuration file; the variables count for more."""

    environ: Mapping[str, str]
    path: str
    """The file, as the user named it."""
    parser: configparser.ConfigParser

    @classmethod
    def read(cls, environ: Mapping[str, str], path: str) -> FileSettings:
        """
        Read a file.

        :raises ConfigurationError: when it can't be read, or has not the form of a configuration file.
        """
        parser = configparser.ConfigParser(interpolation=None)
        try:
            parser.read_string(Path(path).read_text(), path)
        except OSError as exc:
            raise ConfigurationError(f"--cfg {path} can't be read: {exc.strerror}") from exc
        except UnicodeDecodeError as exc:
            raise ConfigurationError(f"--cfg {path} is not text in UTF-8") from exc
        except configparser.Error as exc:
            first = " ".join(str(exc).split())
            raise ConfigurationError(f"--cfg {path} is no configuration file: {first}") from exc
        return cls(environ, path, parser)

    def get(self, section: str, key: str) -> str | None:
        """Value of ``[section] key``; empty texts count as unset."""
        return self.environ.get(variable_of(section, key)) or self.parser.get(section, key, fallback="").strip() or None

    def origin(self, section: str, key: str) -> str | None:
        """Name the variable or the file that sets it."""
        variable = variable_of(section, key)
        if self.environ.get(variable):
            return variable
        return self.path if self.parser.has_option(section, key) else None

    def keys(self, section: str) -> list[str]:
        """Options of a section that the file names."""
        known = self.parser.options(section) if self.parser.has_section(section) else []
        return [key for key in known if key not in self.parser.defaults()]

    @property
    def file(self) -> str | None:
        """The file."""
        return self.path


def check_options(
    settings: Settings,
    environ: Mapping[str, str],
    root: str | None = None,
    sections: Sequence[type[Section]] | None = None,
) -> None:
    """
    Make sure that all options which are set exist, and have values that they can have.

    :param environ: variables that the job's miniwdl reads.
    :param root: where the file system is that all jobs share, for what must lie there.
    :param sections: those of the parts that are installed when ``None``.
    :raises ConfigurationError: for the first that is wrong, naming it and where it is set.
    """
    sections = installed_sections() if sections is None else sections
    refuse_unknown(settings, environ, sections)
    for section in sections:
        try:
            section(settings).check()
        except ConfigurationError as exc:
            _say_where(exc, section, settings)
            raise
    check_miniwdl(settings, root)


def _say_where(error: ConfigurationError, section: type[Section], settings: Settings) -> None:
    """Add where the option is set that an error names, unless the error says so itself."""
    for option in (option for kind in section.__mro__ if issubclass(kind, Section) for option in kind.options()):
        origin = origin_of(settings, option.section, option.name)
        if origin and option.label in error.message and origin not in (error.hint or ""):
            error.hint = f"correct it in {origin}" + (f"; {error.hint}" if error.hint else "")
