"""The calls of a run drawn as a tree, as plain text. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from miniwdl_aws_submit_cli.formats import duration, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from miniwdl_aws_submit_cli.runs.calls import Call

__all__ = ["draw"]

FEW = 12
"""So many calls under one node are always shown; of more, those that succeeded are folded."""
KEPT = 3
"""So many of the folded ones are shown all the same."""


@dataclass
class _Node:
    children: dict[str, _Node] = field(default_factory=dict)
    call: Call | None = None


def draw(calls: Sequence[Call], now: float, positions: Mapping[str, int], *, everything: bool = False) -> list[str]:
    """
    Draw the tree.

    :param now: seconds since the epoch.
    :param positions: place in its queue, from 1, by job id.
    :param everything: fold nothing.
    """
    root = _Node()
    for call in calls:
        node = root
        for part in call.parts:
            node = node.children.setdefault(part, _Node())
        node.call = call
    rows = list(_rows(root, "", now, positions, everything))
    return [line.rstrip() for line in table(rows)]


def _rows(
    node: _Node, indent: str, now: float, positions: Mapping[str, int], everything: bool
) -> Iterator[tuple[str, str]]:
    shown, folded = _in_order(node.children), 0
    if not everything and len(shown) > FEW:
        done = [name for name, child in shown if child.call and child.call.latest.status == "SUCCEEDED"]
        hidden = set(done[KEPT:])
        shown = [(name, child) for name, child in shown if name not in hidden]
        folded = len(hidden)
    for index, (name, child) in enumerate(shown):
        last = index == len(shown) - 1 and not folded
        yield f"{indent}{'└─' if last else '├─'} {name}", _describe(child.call, now, positions) if child.call else ""
        yield from _rows(child, indent + ("   " if last else "│  "), now, positions, everything)
    if folded:
        yield f"{indent}└─ ...", f"and {folded} more that succeeded"


def _in_order(children: Mapping[str, _Node]) -> list[tuple[str, _Node]]:
    """Keep calls in the order in which they began, and the shards of each call in that of their numbers."""
    first: dict[str, int] = {}
    for name in children:
        first.setdefault(name.partition("-")[0], len(first))

    def key(item: tuple[str, _Node]) -> tuple[int, list[int]]:
        call, _, index = item[0].partition("-")
        return first[call], [int(part) for part in index.split("-") if part.isdecimal()]

    return sorted(children.items(), key=key)


def _describe(call: Call, now: float, positions: Mapping[str, int]) -> str:
    latest = call.latest
    words = [f"{latest.status.lower():<9}"]
    seconds = latest.seconds(now)
    if seconds is not None:
        words.append(duration(seconds))
    if latest.exit_code is not None:
        words.append(f"exit {latest.exit_code}")
    if latest.number > 1:
        words.append(f"try {latest.number}")
    words.append(latest.queue)
    if latest.job_id in positions:
        words.append(f"position {positions[latest.job_id]}")
    words.append(latest.job_id)
    if latest.reason and latest.status != "SUCCEEDED":
        words.append(latest.reason)
    return "  ".join(words)
