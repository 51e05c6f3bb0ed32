"""
What a value of an option can be: one reader for each kind of value, and the words that say what it reads.

A switch follows miniwdl's own rule (``WDL.runtime.config``), so that an option of ours and one of miniwdl's beside it
take the same words.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "GIB",
    "MIB",
    "OBJECT",
    "PATH",
    "SIZE",
    "SWITCH",
    "TEXT",
    "TEXTS",
    "TIME_UNITS",
    "Kind",
    "choice",
    "duration",
    "number",
    "text_like",
    "texts_of",
    "whole",
    "whole_seconds",
]

T_co = TypeVar("T_co", covariant=True)

MIB = 1024 * 1024
GIB = 1024 * MIB
LARGEST = 2**60
"""Bytes: no file system of AWS has more."""
SIZE_UNITS = {"": 1, "K": 1024, "M": MIB, "G": GIB, "T": 1024 * GIB}
TIME_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
"""Seconds by unit."""

_SIZE = r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?"
_DURATION = r"(\d+(?:\.\d+)?)\s*([smhdw])"
_ON, _OFF = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")


@dataclass(frozen=True)
class Kind(Generic[T_co]):
    """A kind of value."""

    expected: str
    """What a value must be, completing "it must be ..."."""
    parse: Callable[[str], T_co]
    """Gives the value of a text without blanks around it, or raises ``ValueError``."""
    write: Callable[[Any], str] = str
    """Writes a value so that ``parse`` reads it."""


def _parse_text(text: str) -> str:
    if not text.isprintable():
        raise ValueError
    return text


def _parse_path(text: str) -> str:
    if not text.startswith("/") or ":" in text or ".." in text.split("/"):
        raise ValueError
    return _parse_text(text)


def _parse_switch(text: str) -> bool:
    if text.lower() in _ON:
        return True
    if text.lower() in _OFF:
        return False
    raise ValueError


def _parse_size(text: str) -> int:
    found = re.fullmatch(_SIZE, text, re.IGNORECASE)
    if not found:
        raise ValueError
    return int(_within(float(found[1]) * SIZE_UNITS[found[2].upper()], 0, LARGEST))


def _write_size(size: int) -> str:
    unit = max((unit for unit, factor in SIZE_UNITS.items() if size % factor == 0), key=lambda unit: SIZE_UNITS[unit])
    return f"{size // SIZE_UNITS[unit]}{unit}"


def _parse_object(text: str) -> Mapping[str, Any]:
    from miniwdl_aws_core.options.json_text import read_json  # few commands have objects in them, and each has `--help`

    value = read_json(text)
    if not isinstance(value, dict):
        raise ValueError  # noqa: TRY004 - one exception for all ways in which a value can be wrong
    return value


def _parse_texts(text: str) -> Mapping[str, str]:
    value = _parse_object(text)
    if not all(isinstance(item, str) for item in value.values()):
        raise ValueError
    return value


def _write_object(value: Mapping[str, Any]) -> str:
    import json

    return json.dumps(value, separators=(",", ":"), sort_keys=True)


TEXT: Kind[str] = Kind("a text without control characters", _parse_text)
PATH: Kind[str] = Kind("an absolute path without .., colons and control characters, such as /mnt/fsx", _parse_path)
"""Where something is mounted: a colon ends a path in the words by which containers get their volumes."""
SWITCH: Kind[bool] = Kind("true or false", _parse_switch, lambda value: "true" if value else "false")
SIZE: Kind[int] = Kind("a size such as 256M", _parse_size, _write_size)
"""A number of bytes: ``256M``, ``1.5 GiB``, ``4096``. Units are powers of 1024."""
OBJECT: Kind[Mapping[str, Any]] = Kind("a JSON object", _parse_object, _write_object)
TEXTS: Kind[Mapping[str, str]] = Kind("a JSON object whose values are texts", _parse_texts, _write_object)


def number(low: float, high: float = math.inf) -> Kind[float]:
    """Make the kind of a number between two, both included."""
    return Kind(f"a number {_bounds(low, high)}", lambda text: _within(float(text), low, high), _plain)


def whole(low: int, high: float = math.inf) -> Kind[int]:
    """Make the kind of a whole number between two, both included."""
    return Kind(f"a whole number {_bounds(low, high)}", lambda text: int(_within(int(text), low, high)))


def duration(low: float = 0, high: float = math.inf) -> Kind[float]:
    """Make the kind of a time in seconds, or with a unit: ``90``, ``1.5m``, ``24h``, ``7d``."""
    return Kind(
        f"a time {_bounds(low, high)} seconds, such as 90, 10m, 2h or 1d",
        lambda text: _within(_seconds(text), low, high),
        _plain,
    )


def whole_seconds(low: int, high: float = math.inf) -> Kind[int]:
    """Make the kind of a time of which only whole seconds count."""
    kind = duration(low, high)
    return Kind(kind.expected, lambda text: int(kind.parse(text)))


def choice(*values: str) -> Kind[str]:
    """Make the kind of one of several words, in whatever case it is written."""

    def parse(text: str) -> str:
        for value in values:
            if value.lower() == text.lower():
                return value
        raise ValueError

    return Kind(f"{', '.join(values[:-1])} or {values[-1]}", parse)


def text_like(pattern: str | re.Pattern[str], expected: str) -> Kind[str]:
    """
    Make the kind of a text of which all must match a pattern.

    :param expected: the pattern in words, such as ``a file name``.
    """

    def parse(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError
        return text

    return Kind(expected, parse)


def texts_of(name: Callable[[str], str], value: Callable[[str], str], expected: str) -> Kind[Mapping[str, str]]:
    """
    Make the kind of a JSON object from texts to texts that have a form of their own.

    :param name: reads a name, or raises ``ValueError``; two names may not mean the same.
    :param value: the same for values.
    """

    def parse(text: str) -> Mapping[str, str]:
        written = _parse_texts(text)
        read = {name(key): value(item) for key, item in written.items()}
        if len(read) < len(written):
            raise ValueError
        return read

    return Kind(expected, parse, _write_object)


def _seconds(text: str) -> float:
    found = re.fullmatch(_DURATION, text, re.IGNORECASE)
    return float(found[1]) * TIME_UNITS[found[2].lower()] if found else float(text)


def _within(value: float, low: float, high: float) -> float:
    if not low <= value <= high:  # false for "nan" as well
        raise ValueError
    return value


def _bounds(low: float, high: float) -> str:
    return f"of at least {_plain(low)}" if math.isinf(high) else f"between {_plain(low)} and {_plain(high)}"


def _plain(value: float) -> str:
    return f"{value:.15g}"
