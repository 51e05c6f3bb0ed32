"""
Finds options that nobody knows: a misspelled one would else be taken for one that isn't set.

A section is looked at only where the part that owns it is installed, since it alone knows what else there is in it.
Variables for what is gone, and for what other projects have there, are found everywhere.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from miniwdl_aws_core.options.shared import AwsOptions, UploadOptions
from miniwdl_aws_hooks.discovery import find_points
from miniwdl_aws_hooks.errors import ConfigurationError
from miniwdl_aws_hooks.nearest import nearest
from miniwdl_aws_hooks.settings import PREFIX, variable_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from miniwdl_aws_core.options.table import Section
    from miniwdl_aws_hooks.settings import Settings

__all__ = ["GROUP", "Unknown", "installed_sections", "refuse_unknown", "unknown_in_file", "unknown_variables"]

logger = logging.getLogger(__name__)

GROUP = "miniwdl_aws_options"
"""Entry points that name a :class:`~miniwdl_aws_core.options.table.Section`, by the name of the section."""


@dataclass(frozen=True)
class Unknown:
    """An option that is set and does not exist."""

    written: str
    """As the user wrote it: ``[aws] task_que``, or the name of a variable."""
    advice: str
    """What to do about it."""


@runtime_checkable
class HasFile(Protocol):
    """Settings that come from a configuration file, too."""

    @property
    def file(self) -> str | None:
        """The file, if there is one."""
        ...

    def keys(self, section: str) -> list[str]:
        """Options of a section that the file names."""
        ...


def installed_sections() -> list[type[Section]]:
    """List the sections of the parts that are installed, what they share first."""
    sections: list[type[Section]] = [AwsOptions, UploadOptions]
    for point in sorted(find_points(GROUP), key=lambda point: point.value):
        try:
            sections.append(point.load())
        except Exception as exc:  # noqa: BLE001 - whatever one does at import, the others count without it
            logger.warning("the options of %s are not known, since they can't be loaded: %r", point.value, exc)
    return sections


def refuse_unknown(
    settings: Settings, environ: Mapping[str, str], sections: Sequence[type[Section]] | None = None
) -> None:
    """
    Make sure that what is set in our sections exists, before anything is done by it.

    :param settings: where they come from miniwdl's loader, its configuration file is looked at, too.
    :param environ: variables that miniwdl would read.
    :raises ConfigurationError: naming what is unknown, and the nearest option that there is.
    """
    sections = installed_sections() if sections is None else sections
    found = unknown_variables(environ, sections)
    if isinstance(settings, HasFile):
        found += unknown_in_file(settings, sections)
    if found:
        names = " and ".join(item.written for item in found)
        raise ConfigurationError(
            f"there is no option {names}", hint="; ".join(dict.fromkeys(item.advice for item in found))
        )


def unknown_variables(environ: Mapping[str, str], sections: Sequence[type[Section]]) -> list[Unknown]:
    """Find variables in miniwdl's form that set no option; empty ones set nothing."""
    known = _known(sections)
    found = []
    for name in sorted(name for name, value in environ.items() if value and name.startswith(PREFIX)):
        section, _, key = (part.lower() for part in name.removeprefix(PREFIX).partition("__"))
        names = {item: variable_of(section, item) for item in known.get(section, ())}
        gone = _gone(sections, section, key)
        if gone or (section in known and name not in names.values()):
            found.append(Unknown(name, _advice(key, names, gone)))
    return found


def unknown_in_file(settings: HasFile, sections: Sequence[type[Section]]) -> list[Unknown]:
    """Find options of miniwdl's configuration file."""
    found = []
    for section, names in _known(sections).items():
        for key in settings.keys(section):
            if key not in names:
                where = f" in {settings.file}" if settings.file else ""
                advice = _advice(key, {name: name for name in names}, _gone(sections, section, key))
                found.append(Unknown(f"[{section}] {key}{where}", advice))
    return found


def _known(sections: Sequence[type[Section]]) -> dict[str, list[str]]:
    """List the options of each section that is known as a whole."""
    whole = dict.fromkeys(item.section for item in sections if item.owns_section)
    return {
        section: [option.name for item in sections if item.section == section for option in item.options()]
        for section in whole
    }


def _gone(sections: Sequence[type[Section]], section: str, key: str) -> str | None:
    return next((item.gone[key] for item in sections if item.section == section and key in item.gone), None)


def _advice(key: str, names: Mapping[str, str], gone: str | None) -> str:
    if gone:
        return gone
    near = nearest(key, names)
    return f"did you mean {names[near]}?" if near else f"there are {', '.join(names.values())}"
