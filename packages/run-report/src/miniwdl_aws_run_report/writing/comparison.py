"""Two runs side by side: as lines of text, as a document, and as a page without a script. Pure."""

from __future__ import annotations

import html
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.sizes import duration
from miniwdl_aws_core.terminal import plain
from miniwdl_aws_run_report.advice import MIB
from miniwdl_aws_run_report.model import State
from miniwdl_aws_run_report.totals import by_task, totals_of, totals_of_run
from miniwdl_aws_run_report.words import dollars, hours
from miniwdl_aws_run_report.writing.page import page_file, policy_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from miniwdl_aws_run_report.model import Call, Run
    from miniwdl_aws_run_report.totals import Totals

__all__ = ["compare", "compare_document", "compare_page"]

VERSION = 1


@dataclass(frozen=True)
class _Row:
    """One figure of both runs, of a task or of all."""

    task: str
    """Empty for the run."""
    name: str
    key: str
    """Its name in the document, with the unit."""
    values: tuple[float | None, float | None]
    write: Callable[[float], str]

    def cells(self) -> list[str]:
        """Write name, both values, and how much more or less the second one is."""
        one, other = self.values
        shown = ["-" if value is None else self.write(value) for value in self.values]
        percent = round((other / one - 1) * 100) if one and other is not None else 0
        change = f"{percent:+} %" if percent else ""
        return [f"{self.task}: {self.name}" if self.task else self.name, *shown, change]


def compare(first: Run, second: Run) -> list[str]:
    """Write what both runs took, line by line, and how much more or less the second one did."""
    lines = [["", first.name, second.name, "change"], *_lines(first, second)]
    shown = [[plain(cell) for cell in line] for line in lines]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    return [
        "  ".join(cell.ljust(width) if place == 0 else cell.rjust(width) for place, (cell, width) in enumerate(
            zip(line, widths, strict=True))).rstrip()
        for line in shown
    ]  # fmt: skip


def compare_document(first: Run, second: Run) -> dict[str, Any]:
    """
    Write both for programs.

    :return: of the runs, and by the name of each task: what it is, ``new``, ``gone`` or ``both``, and each figure as a
        pair, with ``null`` for what isn't known.
    """
    tasks = by_task(first), by_task(second)
    told: dict[str, Any] = {task: {"in": _where(task, *tasks), "figures": {}} for task in _names(*tasks)}
    whole: dict[str, Any] = {}
    for row in _rows(first, second):
        pair = [None if value is None else round(value, 6) for value in row.values]
        (told[row.task]["figures"] if row.task else whole)[row.key] = pair
    runs = [{"name": run.name, "jobId": run.job_id or None, "state": run.state.value} for run in (first, second)]
    return {"version": VERSION, "runs": runs, "figures": whole, "tasks": told}


def compare_page(first: Run, second: Run) -> str:
    """Write both as HTML that loads nothing: every text of others is escaped, and no script may run."""
    style = page_file("report.css")
    heads = ["", f"first: {first.name}", f"second: {second.name}", "change"]
    head = "".join(f'<th scope="col">{_text(cell)}</th>' for cell in heads)
    body = "".join(
        f'<tr><th scope="row">{_text(name)}</th>{"".join(f"<td>{_text(cell)}</td>" for cell in cells)}</tr>\n'
        for name, *cells in _lines(first, second)
    )
    title = _text(f"{first.name} and {second.name}")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy_for(style)}">\n'
        '<meta name="color-scheme" content="light dark">\n<link rel="icon" href="data:,">\n'
        f"<title>{title}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f'<header><p class="kind">Two runs side by side</p><h1>{title}</h1></header>\n<main>\n'
        '<div class="scroll" tabindex="0" role="region" aria-label="Both runs"><table>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table></div>\n</main>\n</body>\n</html>\n"
    )


def _text(text: str) -> str:
    return html.escape(plain(text))


def _lines(first: Run, second: Run) -> list[list[str]]:
    """Write what there is to compare: no row in which neither has anything, and nothing of a task that isn't there."""
    lines = [["state", first.state.value, second.state.value, ""]]
    tasks, told = (by_task(first), by_task(second)), set()
    for row in _rows(first, second):
        where = _where(row.task, *tasks) if row.task else "both"
        if where != "both" and row.task not in told:
            told.add(row.task)
            lines.append([f"{row.task}: task", "", where, ""])
        one, other = row.values
        told_of = replace(row, values=(None if where == "new" else one, None if where == "gone" else other))
        if any(told_of.values):
            lines.append(told_of.cells())
    return lines


def _names(*tasks: dict[str, list[Call]]) -> list[str]:
    return list(dict.fromkeys(task for calls in tasks for task in calls))


def _where(task: str, first: dict[str, list[Call]], second: dict[str, list[Call]]) -> str:
    return "both" if task in first and task in second else "gone" if task in first else "new"


def _rows(first: Run, second: Run) -> list[_Row]:
    tasks = by_task(first), by_task(second)
    rows = [_Row("", "time", "seconds", (_lasted(first), _lasted(second)), duration)]
    rows += _figures("", (totals_of_run(first), totals_of_run(second)), (first.calls, second.calls))
    for task in _names(*tasks):
        calls = tasks[0].get(task, ()), tasks[1].get(task, ())
        sums = totals_of(calls[0], first.read_at), totals_of(calls[1], second.read_at)
        rows += _figures(task, sums, calls)
    return rows


def _figures(task: str, totals: tuple[Totals, Totals], calls: tuple[Sequence[Call], Sequence[Call]]) -> list[_Row]:
    def row(name: str, key: str, value: Callable[[Totals], float | None], write: Callable[[float], str]) -> _Row:
        return _Row(task, name, key, (value(totals[0]), value(totals[1])), write)

    return [
        row("calls", "calls", lambda one: one.calls, _whole),
        row("cached", "cached", lambda one: one.count(State.CACHED), _whole),
        row("failed", "failed", lambda one: one.count(State.FAILED), _whole),
        row("lost hosts", "lostHosts", lambda one: one.lost, _whole),
        row("ran", "runningSeconds", lambda one: one.running, duration),
        row("waited", "waitingSeconds", lambda one: one.waiting, duration),
        _Row(task, "peak, MiB", "peakMiB", (_peak(calls[0]), _peak(calls[1])), _whole),
        row("vCPU-hours", "vcpuHours", lambda one: one.vcpu_hours, hours),
        row("GiB-hours", "gibHours", lambda one: one.gib_hours, hours),
        row("cost", "cost", lambda one: one.cost, dollars),
    ]


def _peak(calls: Sequence[Call]) -> float | None:
    peaks = [item.used.peak_memory for call in calls for item in call.tries if item.used.peak_memory is not None]
    return max(peaks) / MIB if peaks else None


def _lasted(run: Run) -> float | None:
    end = run.ended if run.ended is not None else run.read_at
    return None if run.began is None or end is None else end - run.began


def _whole(value: float) -> str:
    return f"{value:.0f}"
