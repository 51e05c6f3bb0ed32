"""The options of ``[s3_rails]``, read once and checked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from miniwdl_aws_s3_rails.errors import OptionError
from miniwdl_aws_s3_rails.transfer.writing import (
    SECTION,
    Protection,
    PutOptions,
    read_protection,
    read_put_options,
    read_switch,
)

if TYPE_CHECKING:
    from miniwdl_aws_hooks import Settings

__all__ = ["GIB", "MIB", "Options", "parse_size"]

MIB = 1024 * 1024
GIB = 1024 * MIB
SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", re.IGNORECASE)
UNITS = {"": 1, "K": 1024, "M": MIB, "G": GIB, "T": 1024 * GIB}


def parse_size(text: str, what: str) -> int:
    """
    Read a number of bytes: ``256M``, ``1.5 GiB``, ``4096``. Units are powers of 1024.

    :param what: name of the option, for the error.
    """
    match = SIZE.fullmatch(text.strip())
    if not match:
        raise OptionError(f"{what} must be a size such as 256M, not {text!r}")
    return int(float(match[1]) * UNITS[match[2].upper()])


@dataclass(frozen=True)
class Options:
    """How transfers are done."""

    concurrency: int = 64
    """Requests in flight at once, over all transfers of the process."""
    max_memory: int = 256 * MIB
    """Bytes held in memory by transfers."""
    part_size: int = 8 * MIB
    """Files larger than this travel in parts of this size, at the same time."""
    attempts: int = 5
    """Tries per object, on top of the retries of single requests."""
    requester_pays: bool = False
    """Whether we pay for requests to buckets whose owners want that."""
    protection: Protection = field(default_factory=Protection)
    """What all objects get that are written."""
    products: PutOptions = field(default_factory=PutOptions)
    """What the products of runs get."""
    confirm_above: int = 10 * GIB
    """Bytes of local files that are staged without asking."""

    @classmethod
    def read(cls, settings: Settings) -> Options:
        """Read ``[s3_rails]``; what isn't set keeps its default."""
        default = cls()
        return cls(
            concurrency=_count(settings, "concurrency", default.concurrency),
            max_memory=max(_size(settings, "max_memory", default.max_memory), 4 * default.part_size),
            requester_pays=read_switch(settings, "requester_pays") is True,
            protection=read_protection(settings),
            products=read_put_options(settings),
            confirm_above=_size(settings, "confirm_above", default.confirm_above),
        )


def _count(settings: Settings, key: str, default: int) -> int:
    text = settings.get(SECTION, key)
    if text is None:
        return default
    if not text.strip().isdigit() or not int(text):
        raise OptionError(f"[{SECTION}] {key} must be a whole number of at least 1, not {text!r}")
    return int(text)


def _size(settings: Settings, key: str, default: int) -> int:
    text = settings.get(SECTION, key)
    return default if text is None else parse_size(text, f"[{SECTION}] {key}")
