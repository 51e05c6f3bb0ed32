"""
Records as lines of JSON: added one at a time, and read back from files that others may have meddled with.

A record is a frozen dataclass with a ``version``. Within a version fields are only ever added, with a default: a reader
leaves out fields that it doesn't know. Whoever changes what a field means, or what values it has, raises the version,
and readers of an older one leave such lines out.

Without ``[aws] isolation = run`` tasks can write where these files are, and a full disk can cut a line. So each line
stands for itself: what is no record is skipped and counted, links are not followed, and sizes are bounded. Texts in
records are other people's still: see :mod:`miniwdl_aws_core.terminal`.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from functools import cache
from types import NoneType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args, get_type_hints

from miniwdl_aws_core.beneath import append_line, open_file
from miniwdl_aws_core.options.json_text import read_json

if TYPE_CHECKING:
    from typing import BinaryIO

    from _typeshed import DataclassInstance

    from miniwdl_aws_core.beneath import Top

__all__ = ["VERSION", "Found", "append", "line_of", "read", "read_file"]

VERSION = 1
"""Of all records; see above."""

MAX_TEXT = 1024
"""Characters of each text; the rest is cut off."""

MAX_LINE = 128 * 1024
"""Bytes, more than any record that is written here has."""

MAX_FILE = 8 * 1024 * 1024
"""Bytes that are read of a file: thousands of tries, or tens of thousands of hosts."""

_JSON = json.JSONEncoder(separators=(",", ":"), allow_nan=False)

R = TypeVar("R", bound="DataclassInstance")


@dataclass(frozen=True)
class Found(Generic[R]):
    """What was read of a file."""

    records: tuple[R, ...]
    """In their order."""
    skipped: int = 0
    """Lines that are no records; all that lies beyond the limit counts as one."""


def line_of(record: DataclassInstance) -> bytes:
    """Write a record, without what is ``None``, and without the end of the line."""
    return _JSON.encode(_told(record)).encode()


def append(top: Top, relative: str, record: DataclassInstance) -> None:
    """
    Add a record to a file, which is made when it is missing.

    :raises OSError: as :func:`~miniwdl_aws_core.beneath.append_line`.
    """
    append_line(top, relative, line_of(record))


def read_file(kind: type[R], top: Top, relative: str) -> Found[R]:
    """
    Read the records of a file.

    :raises OSError: as :func:`~miniwdl_aws_core.beneath.open_file`: when it is missing, or a link stands in its place.
    """
    with os.fdopen(open_file(top, relative), "rb") as file:
        return read(kind, file)


def read(kind: type[R], file: BinaryIO, limit: int = MAX_FILE) -> Found[R]:
    """
    Read records from wherever they come.

    :param limit: bytes that are read.
    """
    records: list[R] = []
    skipped, size, begins = 0, 0, True
    while size <= limit and (piece := file.readline(MAX_LINE)):
        size += len(piece)
        begun, begins = begins, piece.endswith(b"\n")
        if not begun or not piece.strip():
            continue  # the rest of a line that is too long, or an empty one
        try:
            records.append(_made(kind, read_json(piece)))
        except (ValueError, TypeError):
            skipped += 1
    return Found(tuple(records), skipped + (size > limit))


def _told(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if is_dataclass(value):
        # Not asdict, which copies each value deeply: a record is written for every task, by the process that runs all.
        return {name: _told(item) for name, item in vars(value).items() if item is not None}
    return value


def _made(kind: type[R], told: object) -> R:
    """
    Make a record of what a line says.

    :raises ValueError: when a field has a value that it can't have.
    :raises TypeError: when it lacks a field that it must have.
    """
    if not isinstance(told, dict) or not 1 <= _whole(told.get("version", VERSION)) <= VERSION:
        raise ValueError(told)
    kinds = _kinds(kind)
    return kind(**{name: _value(kinds[name], told[name]) for name in kinds if name in told})


@cache
def _kinds(kind: type[Any]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {item.name: hints[item.name] for item in fields(kind)}


def _value(kind: Any, told: object) -> Any:
    alternatives = get_args(kind)
    if NoneType in alternatives:
        return None if told is None else _value(alternatives[0], told)
    if is_dataclass(kind):
        return _made(kind, told)  # type: ignore[arg-type]
    if kind is int:
        return _whole(told)
    if kind is float:
        return _number(told)
    if not isinstance(told, str):
        raise ValueError(told)  # noqa: TRY004 - one error for all that a line may hold
    return kind(told) if issubclass(kind, StrEnum) else _text(told)


def _text(value: str) -> str:
    """Cut a text to size; half a surrogate, which no file takes, becomes a question mark."""
    text = str(value)[:MAX_TEXT]
    return text if text.isascii() else text.encode(errors="replace").decode()


def _whole(told: object) -> int:
    if type(told) is not int or abs(told) >= 1 << 63:
        raise ValueError(told)
    return told


def _number(told: object) -> float:
    if type(told) is not float and type(told) is not int:
        raise ValueError(told)
    number = float(told) if abs(told) < 1 << 63 else math.inf
    if not math.isfinite(number):
        raise ValueError(told)
    return number
