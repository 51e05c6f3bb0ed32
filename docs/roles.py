"""
Show what docstrings say of other names as links: an extension of griffe, which mkdocstrings reads the packages with.

Docstrings name things as editors and ``help()`` know it, with roles such as ``:func:`~module.name```; the site's
Markdown knows none. Enabled under ``mkdocstrings`` in ``mkdocs.yml``.
Source: https://mkdocstrings.github.io/griffe/guide/users/extending/
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

import griffe

if TYPE_CHECKING:
    from typing import Any

ROLE = re.compile(r":[a-z]+:`(~?)\.*([\w.]+)`")


class Roles(griffe.Extension):
    """Turns the roles of each docstring into Markdown."""

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Look at all that a package holds, now that names can be found."""
        _rewrite(pkg)


def _rewrite(item: griffe.Object) -> None:
    if item.docstring:
        item.docstring.value = ROLE.sub(lambda found: _reference(item, found[1], found[2]), item.docstring.value)
    for member in item.members.values():
        if isinstance(member, griffe.Object):
            _rewrite(member)


def _reference(item: griffe.Object, short: str, name: str) -> str:
    """Write a name as a link to where a page shows it; it stays plain where none does, which isn't a fault."""
    text = name.rpartition(".")[2] if short else name
    return f'<autoref identifier="{_path(item, name)}" optional><code>{text}</code></autoref>'


def _path(item: griffe.Object, name: str) -> str:
    """Find the whole name as code at this place would, or else as the module would: nothing refers to itself."""
    first, dot, rest = name.partition(".")
    for place in (item, item.module):
        with suppress(griffe.NameResolutionError):
            found = f"{place.resolve(first)}{dot}{rest}"
            if found != item.path:
                return found
    return name
