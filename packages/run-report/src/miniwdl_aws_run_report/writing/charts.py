"""
What a try used over time, as the page draws it: columns of equal width, in a letter each. Pure.

A page has ten thousand of these, so a value is one of 64 letters, which are those of Base64, from nothing to the most.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from miniwdl_aws_core.records.usage import UsagePoint

__all__ = ["COLUMNS", "LETTERS", "chart"]

COLUMNS = 48
"""At most: more than a small chart on a telephone can show apart."""

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

MIB = 1 << 20


def chart(points: Sequence[UsagePoint]) -> list[Any] | None:
    """
    Write samples as a chart.

    :param points: whatever a task may have left: those that go back in time are left out.
    :return: seconds; the most memory held, in MiB, with its letters: in each column the most that was sampled; and the
        most processors busy, with theirs: in each column the average. ``None`` without two samples to draw between.
    """
    told = list(_forward(points))
    if len(told) < 2:
        return None
    seconds = told[-1][0]
    columns = min(COLUMNS, len(told))
    ends = [seconds * (place + 1) / columns for place in range(columns)]
    memory, spent, next_one = [], [], 0
    for end in ends:
        held = told[max(0, next_one - 1)][1]
        if next_one < len(told) and told[next_one][0] <= end:
            held = 0
            while next_one < len(told) and told[next_one][0] <= end:
                held = max(held, told[next_one][1])
                next_one += 1
        memory.append(held / MIB)
        spent.append(_at(told, next_one, end))
    width = seconds / columns
    cores = [(after - before) / width for before, after in pairwise([0.0, *spent])]
    return [round(seconds), *_letters(memory, 0), *_letters(cores, 2)]


def _forward(points: Sequence[UsagePoint]) -> Iterator[tuple[float, int, float]]:
    last, spent = 0.0, 0.0
    for point in points:
        if point.seconds > last:
            last, spent = point.seconds, max(spent, point.cpu_seconds)
            yield last, point.memory, spent


def _at(told: Sequence[tuple[float, int, float]], after: int, when: float) -> float:
    """Tell the processor time used until then, between the samples before and after it."""
    before = told[after - 1] if after else (0.0, 0, 0.0)
    if after >= len(told) or before[0] >= when:
        return before[2]
    upper = told[after]
    return before[2] + (upper[2] - before[2]) * (when - before[0]) / (upper[0] - before[0])


def _letters(values: Sequence[float], digits: int) -> tuple[float, str]:
    most = max(values)
    shares = (value / most if most > 0 else 0.0 for value in values)
    return round(most, digits), "".join(LETTERS[round(share * (len(LETTERS) - 1))] for share in shares)
