"""
Sums over the calls of a run: for all of it, and for each task. Pure.

What a try asked for counts for as long as it ran: vCPU-hours and GiB-hours. A call that the call cache answered counts
as a call, and costs nothing.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from miniwdl_aws_run_report.model import State, TryEnd

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from miniwdl_aws_run_report.model import Call, Run, Try

__all__ = ["Totals", "by_task", "quantile", "totals_of", "totals_of_run"]

_FAILURES = (TryEnd.FAILED, TryEnd.OUT_OF_MEMORY)
HOUR = 3600.0
MIB_PER_GIB = 1024


@dataclass(frozen=True)
class Totals:
    """Sums over some calls."""

    calls: int = 0
    states: dict[State, int] = field(default_factory=dict)
    """How many of them stand where; states without a call are left out."""
    tries: int = 0
    lost: int = 0
    """Tries whose host went away."""
    out_of_memory: int = 0
    retries: int = 0
    """Tries after ones that failed; those after lost hosts are not among them."""
    waiting: float = 0.0
    """Seconds that tries waited for their start, added up."""
    running: float = 0.0
    """Seconds for which tries ran, added up."""
    in_vain: float = 0.0
    """Seconds of these whose tries gave nothing."""
    vcpu_hours: float = 0.0
    gib_hours: float = 0.0
    gpu_hours: float = 0.0
    unknown: int = 0
    """Tries that ran, and of which nobody knows what they asked for."""
    cost: float | None = None
    """US dollars; ``None`` when no price is known."""
    unpriced: int = 0
    """Tries that ran, and of which nobody knows the price."""

    def count(self, state: State) -> int:
        """How many calls stand so."""
        return self.states.get(state, 0)


def totals_of(calls: Iterable[Call], now: float | None = None) -> Totals:
    """
    Add up.

    :param now: seconds since the epoch, up to which what is under way counts.
    """
    calls = list(calls)
    states: dict[State, int] = defaultdict(int)
    for call in calls:
        states[call.state] += 1
    tries = [item for call in calls for item in call.tries]
    ran = [(item, seconds) for item in tries if (seconds := item.running(now)) is not None]
    costs = [item.cost for item, _ in ran if item.cost is not None]
    return Totals(
        calls=len(calls),
        states=dict(states),
        tries=len(tries),
        lost=sum(item.end is TryEnd.HOST_LOST for item in tries),
        out_of_memory=sum(item.end is TryEnd.OUT_OF_MEMORY for item in tries),
        retries=sum(item.end in _FAILURES for call in calls for item in call.tries[:-1]),
        waiting=sum(filter(None, (_waited(item, now) for item in tries))),
        running=sum(seconds for _, seconds in ran),
        in_vain=sum(seconds for item, seconds in ran if item.end not in (TryEnd.SUCCEEDED, TryEnd.UNDER_WAY)),
        vcpu_hours=sum((item.vcpus or 0) * seconds for item, seconds in ran) / HOUR,
        gib_hours=sum((item.memory or 0) * seconds for item, seconds in ran) / MIB_PER_GIB / HOUR,
        gpu_hours=sum((item.gpus or 0) * seconds for item, seconds in ran) / HOUR,
        unknown=sum(item.vcpus is None for item, _ in ran),
        cost=sum(costs) if costs else None,
        unpriced=len(ran) - len(costs),
    )


def totals_of_run(run: Run) -> Totals:
    """Add up all calls of a run."""
    return totals_of(run.calls, run.read_at)


def by_task(run: Run) -> dict[str, list[Call]]:
    """Sort the calls of a run by their tasks' names, in the order in which these began."""
    found: dict[str, list[Call]] = defaultdict(list)
    for call in run.calls:
        found[call.task].append(call)
    return dict(found)


def quantile(values: Sequence[float], share: float) -> float:
    """
    Find the value below which a share of them lies, by linear interpolation.

    :param values: in order; at least one.
    :param share: between 0 and 1.
    """
    place = share * (len(values) - 1)
    below = int(place)
    above = min(below + 1, len(values) - 1)
    return values[below] + (values[above] - values[below]) * (place - below)


def _waited(item: Try, now: float | None) -> float | None:
    start = item.started if item.started is not None else item.stopped or now
    return None if item.created is None or start is None else max(0.0, start - item.created)
