"""Modules whose names are imported when somebody asks for them (PEP 562)."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["names_from"]


def names_from(package: str, homes: Mapping[str, Iterable[str]]) -> Callable[[str], Any]:
    """
    Make the ``__getattr__`` of a package that offers names of its modules without importing them at once.

    Every command imports this project's packages for its ``--help``, which has to answer at once.

    :param package: its name.
    :param homes: names by the module that defines them, relative to the package.
    """
    home_of = {name: f"{package}.{module}" for module, names in homes.items() for name in names}

    def find(name: str) -> Any:
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(home_of[name]), name)
        setattr(sys.modules[package], name, value)
        return value

    return find
