"""How times, numbers and tables are written. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_core.terminal import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ago", "counted", "duration", "table"]


def duration(seconds: float) -> str:
    """Write a duration with at most two units: ``45s``, ``3m12s``, ``2h05m``, ``3d4h``."""
    whole = max(0, int(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d{hours}h"
    if hours:
        return f"{hours}h{minutes:02}m"
    return f"{minutes}m{rest:02}s" if minutes else f"{rest}s"


def counted(number: int, one: str, more: str = "") -> str:
    """Write how many there are of something: ``1 task job``, ``2 task jobs``."""
    return f"{number} {one if number == 1 else more or one + 's'}"


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
