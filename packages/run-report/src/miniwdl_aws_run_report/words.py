"""What a report says of a run in sentences. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_core import run_files
from miniwdl_aws_core.sizes import counted, duration
from miniwdl_aws_run_report.model import State

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from miniwdl_aws_run_report.advice import Advice
    from miniwdl_aws_run_report.model import Run
    from miniwdl_aws_run_report.totals import Totals

__all__ = ["biggest_saving", "call_name", "cost_notes", "dollars", "hours", "outcome", "resized"]

_BEGINNINGS = {
    State.SUCCEEDED: "succeeded",
    State.FAILED: "failed",
    State.CACHED: "was answered by the call cache",
    State.RUNNING: "is under way",
    State.WAITING: "has not begun",
}

LEAST_COST, LEAST_HOURS = 0.0001, 0.01
"""Of which a saving is worth a word, in US dollars, and in GiB-hours or vCPU-hours."""

NOT_INCLUDED = (
    "Not in the cost: the file system, which costs by the time that it exists and by its size (its size in GiB times "
    "the price of a GiB-month, for the run's share of the month); S3, by what is kept there and by requests; the "
    "workflow job's own instance; and the time in which hosts start, or have room to spare."
)


def outcome(run: Run, totals: Totals) -> str:
    """Say in one sentence what became of a run."""
    seconds = _lasted(run)
    began = _BEGINNINGS[run.state]
    if seconds is not None and run.state is State.RUNNING:
        began = f"has run for {duration(seconds)}"
    elif seconds is not None:
        began += f" after {duration(seconds)}"
    shown = (State.CACHED, State.FAILED, State.RUNNING, State.WAITING)
    told = [
        counted(totals.calls, "call"),
        *(f"{totals.count(state)} {state}" for state in shown if totals.count(state)),
    ]
    if totals.lost:
        told.append(counted(totals.lost, "lost host"))
    if totals.out_of_memory:
        told.append(f"{counted(totals.out_of_memory, 'time')} out of memory")
    if totals.retries:
        told.append(counted(totals.retries, "retry", "retries"))
    if totals.cost is not None:
        told.append(f"about {dollars(totals.cost)}{' so far' if run.state is State.RUNNING else ''}")
    return f"{run.target or run.name} {began}: {', '.join(told)}."


def call_name(path: str, task: str) -> str:
    """Name a call as users do: ``sub-1/sort-3``, or by its task where the run is a single one."""
    return run_files.call_name(path) or task


def cost_notes(totals: Totals) -> list[str]:
    """Say what the cost leaves out."""
    if totals.cost is None:
        known = totals.unknown < totals.tries
        return ["No prices are known: vCPU-hours and GiB-hours are what was asked for, for as long as it ran."] * known
    notes = ["The cost of a try is its share of its instance, the larger one of vCPUs and memory, at today's price."]
    if totals.unpriced:
        notes.append(f"Of {counted(totals.unpriced, 'try', 'tries')} the price is not known: they are missing in it.")
    return [*notes, NOT_INCLUDED]


def biggest_saving(advice: Sequence[Advice]) -> str:
    """Name the largest saving that is to be had, and by what; empty when there is none."""
    for item in advice:
        less, saved = " and ".join(_less(item)), _saved(item)
        if less and saved:
            return f"{item.task} would do with {less}, and save {saved}"
    return ""


def resized(item: Advice) -> str:
    """Say what is to be changed for a task, and what that saves."""
    told = []
    if item.suggested_memory != item.memory:
        told.append(f"{item.suggested_memory} MiB instead of {item.memory} (peak {item.peak})")
    if item.suggested_vcpus != item.vcpus:
        told.append(_processors(item))
    if saved := _saved(item):
        told.append(f"saves {saved}")
    return f"{item.task}: {', '.join(told)}"


def _processors(item: Advice) -> str:
    return f"{counted(int(item.suggested_vcpus), 'vCPU')} instead of {item.vcpus:g}"


def _less(item: Advice) -> Iterator[str]:
    if item.suggested_memory < item.memory:
        yield f"{item.suggested_memory} MiB instead of {item.memory}"
    if item.suggested_vcpus < item.vcpus:
        yield _processors(item)


def _saved(item: Advice) -> str:
    """Write what is saved; empty where that is nothing, or next to nothing."""
    if item.saved_cost is not None:
        return dollars(item.saved_cost) if item.saved_cost >= LEAST_COST else ""
    told = ((item.saved_gib_hours, "GiB-hours"), (item.saved_vcpu_hours, "vCPU-hours"))
    return " and ".join(f"{hours(amount)} {unit}" for amount, unit in told if amount >= LEAST_HOURS)


def dollars(amount: float) -> str:
    """Write an amount of US dollars: cents, or what is left of them."""
    return f"${amount:.2f}" if amount >= 1 or amount == 0 else f"${amount:.4f}"


def hours(amount: float) -> str:
    """Write vCPU-hours and such, with more digits where there are few."""
    return f"{amount:.2f}" if amount >= 0.1 or amount == 0 else f"{amount:.4f}"


def _lasted(run: Run) -> float | None:
    end = run.ended if run.ended is not None else run.read_at
    return None if run.began is None or end is None else end - run.began
