"""
Finds entry points by reading ``entry_points.txt`` of the installed distributions.

``importlib.metadata`` gives the same answer, but its imports (email, zipfile, csv and so on) take as long as everything
else that ``miniwdl-aws-submit --help`` needs. It is still asked where distributions lie in zip files.

Format: https://packaging.python.org/en/latest/specifications/entry-points/#file-format
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["FoundPoint", "PluginPoint", "find_points"]


class PluginPoint(Protocol):
    """What is needed of an entry point; ``importlib.metadata.EntryPoint`` has it."""

    @property
    def name(self) -> str:
        """Its name within the group."""
        ...

    @property
    def value(self) -> str:
        """``package.module`` or ``package.module:attribute``."""
        ...

    def load(self) -> Any:
        """Import what it names."""
        ...


@dataclass(frozen=True)
class FoundPoint:
    """An entry point as its distribution declares it."""

    name: str
    value: str

    def load(self) -> Any:
        """Import the module, and take the attribute where one is named."""
        module, _, attributes = self.value.partition("[")[0].partition(":")
        found: Any = import_module(module.strip())
        for attribute in filter(None, attributes.strip().split(".")):
            found = getattr(found, attribute)
        return found


def find_points(group: str, path: Sequence[str] | None = None) -> list[PluginPoint]:
    """
    Find the entry points of a group.

    :param path: folders to look into; ``sys.path`` when ``None``. Of two distributions of one name, the one in the
        earlier folder counts, as it does for imports.
    """
    points: list[PluginPoint] = []
    seen: set[str] = set()
    for folder in sys.path if path is None else path:
        try:
            names = sorted(os.listdir(folder or "."))  # noqa: PTH208 - pathlib takes 4 ms to import
        except NotADirectoryError:
            from importlib.metadata import distributions

            installed = distributions(path=list(sys.path if path is None else path))
            return [point for item in installed for point in item.entry_points.select(group=group)]
        except OSError:
            continue  # sys.path usually names a zip file of the standard library that does not exist
        for name in filter(_is_distribution, names):
            distribution = name.partition("-")[0].removesuffix(".egg-info").lower().replace(".", "_")
            if distribution not in seen:
                seen.add(distribution)
                points += _declared(f"{folder or '.'}/{name}/entry_points.txt", group)
    return points


def _is_distribution(name: str) -> bool:
    return name.endswith((".dist-info", ".egg-info"))


def _declared(file: str, group: str) -> Iterator[FoundPoint]:
    try:
        with open(file, encoding="utf-8") as opened:  # noqa: PTH123 - as above
            text = opened.read()
    except OSError:
        return  # most distributions have no entry points, and old ones are a file instead of a folder
    inside = False
    for line in map(str.strip, text.splitlines() if group in text else ()):
        if line.startswith("["):
            inside = line[1:].rstrip("]").strip() == group
        elif inside and "=" in line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            yield FoundPoint(name.strip(), value.strip())
