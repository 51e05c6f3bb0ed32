"""
Whether a value is what an annotation says: the return annotations of the hooks, and the fields of the types. Pure.

There is no second list of what hooks may return: this reads what :mod:`miniwdl_aws_hooks.specs` and
:mod:`miniwdl_aws_hooks.types` declare.
"""

from __future__ import annotations

import builtins
import collections.abc
import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin

__all__ = ["declared", "misfit", "part", "series"]

_SERIES = (Iterable, Sequence, Iterator)


class _Names(dict[str, Any]):
    """What the names of annotations mean; what nobody could check, such as a parser, is anything."""

    def __missing__(self, name: str) -> Any:
        import miniwdl_aws_hooks.types as ours

        homes = ([ours] if name in ours.__all__ else []) + [collections.abc, contextlib, builtins]
        return next((getattr(home, name) for home in homes if hasattr(home, name)), Any)


@cache
def declared(annotation: str) -> Any:
    """Read an annotation, as modules that postpone its evaluation have it."""
    return eval(annotation, {}, _Names())  # noqa: S307 - the text is our own source


def misfit(value: object, wanted: Any) -> str:
    """
    Say what is wrong with a value; nothing when it is what is wanted.

    :param wanted: a type, as :func:`declared` gives it.
    :return: such as ``item 2: container_path is None, not text``.
    """
    if wanted is Any:
        return ""
    origin, arguments = get_origin(wanted), get_args(wanted)
    if origin is UnionType:
        found = [misfit(value, option) for option in arguments]
        return "" if "" in found else found[0]
    if origin in _SERIES:
        return _misfit_of_items(value, arguments[0])
    if origin is Mapping:
        return _misfit_of_entries(value, *arguments)
    if origin is Callable:
        return "" if callable(value) else _is_not(value, "a function")
    return _misfit_of_kind(value, type(None) if wanted is None else wanted)


def series(wanted: Any) -> tuple[Any, Any]:
    """Say of a type how it holds items, such as ``Iterator``, and which; ``None`` for both where it doesn't."""
    for option in get_args(wanted) if get_origin(wanted) is UnionType else (wanted,):
        if get_origin(option) in _SERIES:
            return get_origin(option), get_args(option)[0]
    return None, None


def _misfit_of_items(value: object, wanted: Any) -> str:
    if not isinstance(value, Iterable) or isinstance(value, str | bytes | Mapping):
        return _is_not(value, f"a sequence of {_name(wanted)}")
    return _first((f"item {number}", item, wanted) for number, item in enumerate(value, 1))


def _misfit_of_entries(value: object, key: Any, wanted: Any) -> str:
    if not isinstance(value, Mapping):
        return _is_not(value, "a mapping")
    keys = _first(("a key", item, key) for item in value)
    return keys or _first((f"the value of {str(name)[:40]!r}", item, wanted) for name, item in value.items())


def _misfit_of_kind(value: object, kind: type) -> str:
    accepted = (int, float) if kind is float else kind
    if not isinstance(value, accepted) or (isinstance(value, bool) and kind in (int, float)):
        return _is_not(value, _name(kind))
    return _first((name, getattr(value, name), wanted) for name, wanted in _fields(kind))


def part(name: str, wrong: str) -> str:
    """Say of which part it is that something is wrong."""
    return f"{name} {wrong}" if wrong.startswith("is ") else f"{name}: {wrong}"


def _first(parts: Iterable[tuple[str, object, Any]]) -> str:
    """Say what is wrong with the first part that doesn't fit."""
    for name, value, wanted in parts:
        if wrong := misfit(value, wanted):
            return part(name, wrong)
    return ""


@cache
def _fields(kind: type) -> tuple[tuple[str, Any], ...]:
    from dataclasses import fields, is_dataclass

    found = fields(kind) if is_dataclass(kind) else ()
    return tuple((field.name, declared(str(field.type))) for field in found)


def _name(kind: Any) -> str:
    known = {str: "text", bool: "True or False", int: "a whole number", float: "a number", type(None): "None"}
    return known.get(kind) or str(getattr(kind, "__name__", kind))


def _is_not(value: object, wanted: str) -> str:
    return f"is {'None' if value is None else f'of type {type(value).__name__}'}, not {wanted}"
