"""How times, numbers and tables are written. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_core.sizes import counted, duration
from miniwdl_aws_core.terminal import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ago", "counted", "duration", "table"]


def ago(milliseconds: int | None, now: float) -> str:
    """Write how long ago a time of AWS Batch was; nothing when it isn't known."""
    return duration(now - milliseconds / 1000) if milliseconds else ""


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """
    Write rows as lines, with all columns but the last as wide as a terminal shows them.

    What it doesn't show takes no room, and the characters of East Asian scripts take twice as much as others.
    """
    from rich.cells import cell_len  # not needed for `--help`

    shown = [[plain(text) for text in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*shown, strict=True)][:-1]
    return [
        "  ".join([*(text + " " * (width - cell_len(text)) for text, width in zip(row, widths, strict=False)), row[-1]])
        for row in shown
    ]
