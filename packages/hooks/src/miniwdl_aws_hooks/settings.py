"""How a hook reads configuration without knowing where it comes from."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PREFIX", "EnvironSettings", "Settings", "origin_of", "variable_of"]

PREFIX = "MINIWDL__"
"""With which the variables begin by which miniwdl lets options be set."""


def variable_of(section: str, key: str) -> str:
    """
    Name the environment variable by which miniwdl lets an option be set.

    Source: ``WDL.runtime.config.Loader``, https://miniwdl.readthedocs.io/en/latest/runner_reference.html#configuration
    """
    return f"{PREFIX}{section.upper()}__{key.upper()}"


class Settings(Protocol):
    """
    A reader of miniwdl configuration options.

    Inside a run it is miniwdl's own loader; on the submitting machine it is the environment.
    """

    def get(self, section: str, key: str) -> str | None:
        """Value of ``[section] key``, or ``None`` when nobody set it."""
        ...


def origin_of(settings: Settings, section: str, key: str) -> str | None:
    """Say where the value of ``[section] key`` comes from, a variable or a file, as far as the settings know it."""
    find = getattr(settings, "origin", None)
    return find(section, key) if find else None


class EnvironSettings:
    """Settings from environment variables named ``MINIWDL__SECTION__KEY``, miniwdl's convention."""

    def __init__(
        self, environ: Mapping[str, str] | None = None, overrides: Mapping[tuple[str, str], str] | None = None
    ) -> None:
        """
        Read from an environment.

        :param environ: the process's own when ``None``.
        :param overrides: values that win over the environment, by (section, key); command-line options, say.
        """
        self._environ = os.environ if environ is None else environ
        self._overrides = dict(overrides or {})

    def get(self, section: str, key: str) -> str | None:
        """Value of the override, else of the environment variable; empty strings count as unset."""
        override = self._overrides.get((section, key))
        return override or self._environ.get(variable_of(section, key)) or None

    def origin(self, section: str, key: str) -> str | None:
        """Name the variable that sets it."""
        variable = variable_of(section, key)
        return variable if self._environ.get(variable) and not self._overrides.get((section, key)) else None
