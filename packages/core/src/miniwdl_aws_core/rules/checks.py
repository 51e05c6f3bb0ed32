"""How values are compared with limits, for the rules. Pure."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sized

__all__ = ["at_most", "between", "compact_size", "matches", "within"]


def matches(pattern: str) -> Callable[[object], bool]:
    """Whether a text is of a form, from its first character to its last."""
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and bool(compiled.fullmatch(value))


def between(least: int, most: int) -> Callable[[object], bool]:
    """Whether a whole number, or digits that mean one, lies between two others or is one of them."""
    return lambda value: str(value).isdecimal() and least <= int(str(value)) <= most


def at_most(most: int) -> Callable[[Sized], bool]:
    """Whether a text or a list is no longer than that."""
    return lambda value: len(value) <= most


def within(most: int, size: Callable[[Any], int]) -> Callable[[object], bool]:
    """Whether something is no larger than that by some measure."""
    return lambda value: size(value) <= most


def compact_size(value: object) -> int:
    """Bytes of it as JSON without spaces."""
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())
