"""
JSON that a task, a user or anybody may have written, nested so deeply that reading it would end the process. Pure.

Python's reader recurses as deep as the text nests. miniwdl raises the limit of recursion so far that the stack of the
process ends first, and with it the process.
"""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["DEEPEST", "is_too_deep", "read_json"]

DEEPEST = 200
"""Levels of nesting that are read; no list of inputs needs a tenth of them."""

_PARTS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[{\]}]', re.DOTALL)


def read_json(text: str | bytes) -> Any:
    """
    Read JSON.

    :raises ValueError: when it is none, is nested too deeply, or is not in UTF-8.
    """
    found = text.decode() if isinstance(text, bytes) else text
    if is_too_deep(found):
        raise ValueError(f"it is nested more than {DEEPEST} levels deep")
    return json.loads(found)


def is_too_deep(text: str, deepest: int = DEEPEST) -> bool:
    """Say whether brackets and braces that are not part of a text in quotes nest deeper than allowed."""
    if text.count("[") + text.count("{") <= deepest:
        return False
    depth = 0
    for part in _PARTS.finditer(text):
        if part[0] in "[{":
            depth += 1
            if depth > deepest:
                return True
        elif part[0] in "]}":
            depth -= 1
    return False
