"""Two runs side by side, as lines of text. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_core.sizes import duration
from miniwdl_aws_core.terminal import plain
from miniwdl_aws_run_report.model import State
from miniwdl_aws_run_report.totals import Totals, by_task, totals_of, totals_of_run
from miniwdl_aws_run_report.words import dollars

if TYPE_CHECKING:
    from collections.abc import Callable

    from miniwdl_aws_run_report.model import Run

__all__ = ["compare"]

Row = tuple[str, float | None, float | None, "Callable[[float], str]"]


def compare(first: Run, second: Run) -> list[str]:
    """Write what both runs took, line by line, and how much more or less the second one did."""
    totals = totals_of_run(first), totals_of_run(second)
    rows: list[Row] = [
        ("time", _lasted(first), _lasted(second), duration),
        *_sums("", *totals),
    ]
    tasks = by_task(first), by_task(second)
    for task in dict.fromkeys((*tasks[0], *tasks[1])):
        sums = [totals_of(calls.get(task, ()), run.read_at) for calls, run in zip(tasks, (first, second), strict=True)]
        rows += _sums(f"{task}: ", *sums)
    states = ["state", first.state.value, second.state.value, ""]
    lines = [["", first.name, second.name, "change"], states, *(_cells(row) for row in rows)]
    shown = [[plain(cell) for cell in line] for line in lines]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    return [
        "  ".join(cell.ljust(width) if place == 0 else cell.rjust(width) for place, (cell, width) in enumerate(
            zip(line, widths, strict=True))).rstrip()
        for line in shown
    ]  # fmt: skip


def _sums(prefix: str, one: Totals, other: Totals) -> list[Row]:
    def row(name: str, value: Callable[[Totals], float | None], write: Callable[[float], str]) -> Row:
        return f"{prefix}{name}", value(one), value(other), write

    return [
        row("calls", lambda totals: totals.calls, _whole),
        row("cached", lambda totals: totals.count(State.CACHED), _whole),
        row("failed", lambda totals: totals.count(State.FAILED), _whole),
        row("lost hosts", lambda totals: totals.lost, _whole),
        row("ran", lambda totals: totals.running, duration),
        row("waited", lambda totals: totals.waiting, duration),
        row("vCPU-hours", lambda totals: totals.vcpu_hours, _hours),
        row("GiB-hours", lambda totals: totals.gib_hours, _hours),
        row("cost", lambda totals: totals.cost, dollars),
    ]


def _cells(row: Row) -> list[str]:
    name, one, other, write = row
    shown = ["-" if value is None else write(value) for value in (one, other)]
    change = f"{(other / one - 1) * 100:+.0f} %" if one and other is not None and one != other else ""
    return [name, *shown, change]


def _lasted(run: Run) -> float | None:
    end = run.ended if run.ended is not None else run.read_at
    return None if run.began is None or end is None else end - run.began


def _whole(value: float) -> str:
    return f"{value:.0f}"


def _hours(value: float) -> str:
    return f"{value:.2f}"
