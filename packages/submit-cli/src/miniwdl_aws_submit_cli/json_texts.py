"""
Text in JSON that miniwdl reads: whole characters, where others make two of one.

miniwdl reads inputs as YAML, to which the two escapes that JSON has for one letter beyond the first plane are two
letters, and none that can be written anywhere. So they are put together after miniwdl has read them, and not written in
what it is to read.
"""

from __future__ import annotations

import json
import re

from WDL import Value

__all__ = ["mend", "readable_json"]

_PAIR = re.compile(r"(\\\\)|\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})")


def readable_json(values: object) -> str:
    """Write JSON that YAML reads as JSON does."""

    def join(found: re.Match[str]) -> str:
        return found[1] or _joined(chr(int(found[2], 16)) + chr(int(found[3], 16)))

    # All else stays escaped: YAML takes some control characters by their escapes alone.
    return _PAIR.sub(join, json.dumps(values, indent=2))


def mend(value: Value.Base) -> None:
    """Put together, in place, what miniwdl has read as two halves."""
    if isinstance(value, (Value.String, Value.File, Value.Directory)):
        value.value = _joined(value.value)
    elif isinstance(value, Value.Struct):
        value.value = {_joined(name): inner for name, inner in value.value.items()}
    for child in value.children:
        mend(child)


def _joined(text: str) -> str:
    """Join pairs of surrogates; a lone one, which stands for a byte of a file's name, stays."""
    return text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
