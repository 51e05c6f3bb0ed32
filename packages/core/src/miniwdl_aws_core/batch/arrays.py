"""
Array jobs: the ids of children, and which child is which call of a run. Pure.

Tags belong to the parent, and AWS takes none for its children. So what differs between them, the paths of their calls,
is written into the parent's parameters, which AWS shows to whoever may describe it, and which no command refers to.
Shards of one scatter take a few bytes there, however many they are.

Sources: https://docs.aws.amazon.com/batch/latest/userguide/array_jobs.html,
https://docs.aws.amazon.com/batch/latest/APIReference/API_TagResource.html
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from dataclasses import replace
from os.path import commonprefix
from typing import TYPE_CHECKING

from miniwdl_aws_core.batch.limits import MAX_ARRAY, MAX_TAG_VALUE
from miniwdl_aws_core.options.json_text import read_json
from miniwdl_aws_hooks.protocol import CALL_TAG

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from miniwdl_aws_core.batch.job import Job

__all__ = [
    "CALLS",
    "MAX_CALLS",
    "as_call",
    "calls_order",
    "child_id",
    "child_ids",
    "parent_of",
    "read_calls",
    "shared_call",
    "write_calls",
]

CALLS = "calls"
"""Name of the parameter."""
MAX_CALLS = 4096
"""Characters of it at most: it may be in what DescribeJobs tells of every child, and those are asked about often."""
_MAX_TEXT = 1 << 20
"""Characters of it unpacked, beyond which it is nobody's call paths."""
_NUMBERED = re.compile(r"(.*?)([0-9]{1,9})", re.DOTALL)


def child_id(parent: str, index: int) -> str:
    """Write the id of a child."""
    return f"{parent}:{index}"


def child_ids(parent: Job) -> list[str]:
    """List the ids of all children of an array; none of another job."""
    return [child_id(parent.job_id, index) for index in range(parent.array_size or 0)]


def parent_of(job_id: str) -> str | None:
    """Tell the parent of a child by its id; ``None`` where it is none."""
    parent, colon, _ = job_id.partition(":")
    return parent if colon else None


def calls_order(path: str) -> tuple[str, int]:
    """Sort paths of calls by this, and shards of a scatter stand in the order of their numbers."""
    numbered = _NUMBERED.fullmatch(path)
    return (numbered[1], int(numbered[2])) if numbered else (path, -1)


def shared_call(paths: Sequence[str]) -> str:
    """Write what the paths of an array's calls begin with, for the parent's own tag; a point where that is nothing."""
    return commonprefix(list(paths)) or "."  # noqa: RUF071 - letter by letter: what shards of a scatter share


def write_calls(paths: Sequence[str]) -> str:
    """
    Write the paths of the calls of an array, the first child's first.

    Consecutive shards become one entry: ``["call-align-", "00", "99"]``.
    """
    entries: list[str | list[str]] = []
    for path in paths:
        numbered = _NUMBERED.fullmatch(path)
        if not numbered:
            entries.append(path)
            continue
        stem, number = numbered.groups()
        last = entries[-1] if entries else None
        if isinstance(last, list) and last[0] == stem and _after(last[2]) == number:
            last[2] = number
        else:
            entries.append([stem, number, number])
    text = json.dumps(entries, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode()


def _after(number: str) -> str:
    """Count one on, with as many digits: miniwdl fills the numbers of shards up with zeros."""
    return f"{int(number) + 1:0{len(number)}d}"


def read_calls(text: str) -> list[str]:
    """Read them back; nothing where the text is not what :func:`write_calls` wrote: anybody can submit arrays."""
    try:
        unpacker = zlib.decompressobj()
        content = unpacker.decompress(base64.urlsafe_b64decode(text.encode()), _MAX_TEXT)
        entries = read_json(content)
        found: list[str] = []
        for entry in entries:
            if isinstance(entry, str):
                found.append(entry)
                continue
            stem, first, last = entry
            if not 0 <= int(last) - int(first) < MAX_ARRAY - len(found) or len(stem + first) > MAX_TAG_VALUE:
                return []
            numbers = range(int(first), int(last) + 1)
            found.extend(f"{stem}{number:0{len(first)}d}" for number in numbers)
    except (binascii.Error, zlib.error, ValueError, TypeError):
        return []
    return found


def as_call(child: Job, parent: Job, calls: Sequence[str]) -> Job:
    """
    Give a child the tags that it would have if it had been submitted alone.

    :param calls: of the array, by :func:`read_calls`.
    """
    index = child.array_index
    tags: Mapping[str, str] = parent.tags
    if index is not None and index < len(calls):
        tags = {**tags, CALL_TAG: calls[index]}
    return replace(child, tags=tags)
