"""
Shares the prices of hosts out to tries. Pure.

A try costs its share of its host, the larger one of vCPUs and memory, for as long as it ran: what it asked for is what
no other job can have. What a host costs while it starts, or has room to spare, is nobody's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from miniwdl_aws_run_report.totals import HOUR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from miniwdl_aws_run_report.model import Run, Try

__all__ = ["Need", "needs_of", "of_unknown_market", "price_at", "priced", "region_of"]

_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d+")

_TYPE = re.compile(r"[a-z0-9-]+\.[a-z0-9-]+")
"""``m5.xlarge``; hosts of the local cloud are of none that AWS has."""


@dataclass(frozen=True, order=True)
class Need:
    """A price that is to be known."""

    region: str
    instance_type: str
    zone: str = ""
    """Of a spot instance; empty for one on demand, which costs the same in all zones, or where that isn't known."""

    @property
    def spot(self) -> bool:
        """Whether it is that of a spot instance."""
        return bool(self.zone)


def region_of(zone: str) -> str:
    """Tell the region of an availability zone, ``eu-central-1a``; empty when it is none."""
    found = _REGION.match(zone)
    return found[0] if found else ""


def needs_of(run: Run) -> dict[Need, tuple[float, float]]:
    """List the prices that a run takes, with the time from the first start to the last end of what ran there."""
    found: dict[Need, tuple[float, float]] = {}
    for item in _tries(run):
        need, started, stopped = _need(item), item.started, item.stopped or run.read_at
        if need and started is not None and stopped is not None:
            first, last = found.get(need, (started, stopped))
            found[need] = (min(first, started), max(last, stopped))
    return found


def priced(run: Run, steps: Callable[[Need], Sequence[tuple[float, float]]]) -> Run:
    """
    Give the tries of a run their cost, as far as prices are known.

    :param steps: the price of a host over time: from when on, in seconds since the epoch, and US dollars an hour, in
        order; empty when it isn't known.
    """
    calls = tuple(
        replace(call, tries=tuple(replace(item, cost=_cost(item, run.read_at, steps)) for item in call.tries))
        for call in run.calls
    )
    return replace(run, calls=calls)


def of_unknown_market(run: Run) -> int:
    """Count the tries with a cost of which nobody knows whether their host was a spot instance."""
    return sum(item.cost is not None and item.spot is None for item in _tries(run))


def price_at(steps: Sequence[tuple[float, float]], at: float) -> float | None:
    """Tell a price at a time: that of the last step before, or else of the first one."""
    before = [price for since, price in steps if since <= at]
    return before[-1] if before else steps[0][1] if steps else None


def _tries(run: Run) -> Iterator[Try]:
    for call in run.calls:
        yield from call.tries


def _need(item: Try) -> Need | None:
    region = region_of(item.zone)
    if not region or not _TYPE.fullmatch(item.instance_type):
        return None
    return Need(region, item.instance_type, item.zone if item.spot else "")


def _cost(item: Try, now: float | None, steps: Callable[[Need], Sequence[tuple[float, float]]]) -> float | None:
    need, seconds = _need(item), item.running(now)
    if need is None or seconds is None or item.started is None or not item.instance_vcpus or not item.instance_memory:
        return item.cost
    price = price_at(steps(need), item.started)
    if price is None:
        return item.cost
    share = max((item.vcpus or 0) / item.instance_vcpus, (item.memory or 0) / item.instance_memory)
    return min(1.0, share) * price * seconds / HOUR
