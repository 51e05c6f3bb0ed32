"""Plans an upload: what goes where, how many bytes, and what is there already."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from miniwdl_aws_core.s3uri import MAX_KEY_BYTES, S3Uri
from miniwdl_aws_core.sizes import human_size
from miniwdl_aws_s3_rails.transfer.checksums.etags import Verdict, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from miniwdl_aws_s3_rails.transfer.engine import Found

__all__ = ["Item", "Plan", "describe", "make_plan", "split_present"]

SHOWN = 20
"""How many outputs a described plan spells out."""


@dataclass(frozen=True)
class Item:
    """One object to be written."""

    name: str
    """Under the folder; the marker of an empty folder ends in a slash."""
    path: Path
    size: int
    uri: S3Uri

    @property
    def is_marker(self) -> bool:
        """Whether it only says that there is an empty folder."""
        return self.name.endswith("/")


@dataclass(frozen=True)
class Plan:
    """What is to be done."""

    items: tuple[Item, ...]
    """Large ones first, so that none of them is left for the end alone."""
    failed: Mapping[str, str]
    """What can't be written at all, by name."""

    @property
    def size(self) -> int:
        """Bytes of everything."""
        return sum(item.size for item in self.items)


def make_plan(folder: S3Uri, files: Mapping[str, str], size_of: Callable[[Path], int]) -> Plan:
    """
    Plan to write files under a folder.

    :param files: path by name under the folder.
    :param size_of: tells a file's size, or raises ``OSError``.
    """
    items = []
    failed = {}
    for name, text in files.items():
        path = Path(text)
        try:
            size = 0 if name.endswith("/") else size_of(path)
        except OSError as exc:
            failed[name] = exc.strerror or str(exc)
            continue
        uri = folder.join(name)
        if len(uri.key.encode()) > MAX_KEY_BYTES:
            failed[name] = f"its key would be longer than S3's {MAX_KEY_BYTES} bytes"
        else:
            items.append(Item(name, path, size, uri))
    return Plan(tuple(sorted(items, key=lambda item: (-item.size, item.name))), failed)


def describe(sizes: Mapping[str, int]) -> list[str]:
    """
    Say what a plan comprises, in lines: each output with its objects and bytes, the largest first.

    :param sizes: bytes by name under the folder.
    """
    outputs: dict[str, tuple[int, int]] = {}
    for name, size in sizes.items():
        output = name.partition("/")[0]
        count, total = outputs.get(output, (0, 0))
        outputs[output] = (count + 1, total + size)
    ranked = sorted(outputs.items(), key=lambda item: (-item[1][1], item[0]))
    lines = [f"{output}: {_amount(*amount)}" for output, amount in ranked[:SHOWN]]
    if rest := [amount for _, amount in ranked[SHOWN:]]:
        lines.append(f"{len(rest)} more: {_amount(sum(count for count, _ in rest), sum(size for _, size in rest))}")
    return lines


def _amount(count: int, size: int) -> str:
    return f"{count} object{'' if count == 1 else 's'}, {human_size(size)}"


def split_present(
    items: Iterable[Item], present: Mapping[str, Found], etag_of: Callable[[Item], str]
) -> tuple[list[Item], list[Item]]:
    """
    Tell items that must travel from those that are there, and equal.

    :param present: objects by key.
    :param etag_of: works out the ETag that an item would get; only asked when the size is the same.
    """
    missing: list[Item] = []
    equal: list[Item] = []
    for item in items:
        found = present.get(item.uri.key)
        same = found is not None and found.size == item.size and judge(etag_of(item), found.etag) is Verdict.SAME
        (equal if same else missing).append(item)
    return missing, equal
