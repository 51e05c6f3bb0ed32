"""
What tasks could do with: right-sizing. Pure.

Memory is never suggested below the highest peak that any try of the task has reached, caches of files included, with a
margin on top; a task that ran out of memory gets more. What a task held without caches is shown beside its peak: it
needs something between the two that nobody can tell, so that is for people to try. Processors are suggested only where
a task kept less than half of them busy, as an average hides a short phase that used them all.

As miniwdl takes such overrides: ``WORKFLOW.CALL.runtime.memory`` among the inputs, from WDL 1.1 on; see
``values_from_json`` of ``WDL``.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.hosts.environments import asking_for, placeable
from miniwdl_aws_run_report.model import State, TryEnd
from miniwdl_aws_run_report.totals import HOUR, MIB_PER_GIB

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from miniwdl_aws_run_report.model import Call, Run, Try

__all__ = ["MARGIN", "Advice", "advise", "input_name", "overrides"]

MARGIN = 1.2
"""What memory is suggested for each byte of the peak."""

AFTER_OUT_OF_MEMORY = 1.5
"""The same for each byte with which a try ran out of it."""

STEP = 128
"""MiB to whose multiples suggestions are rounded up."""

LEAST = 256
"""MiB; AWS Batch starts nothing with less than 4, and a shell with its tools wants some."""

WORTH = 0.9
"""A suggestion above this share of what was asked for changes nothing."""

MOSTLY_CACHES = 0.5
"""Share of the peak below which what was held says that less than the peak may do."""

BUSY = 0.5
"""Share of the processors that a task must keep busy to keep them all."""

MIB = 1 << 20


@dataclass(frozen=True)
class Advice:
    """What a task could do with."""

    task: str
    calls: tuple[str, ...]
    """Names of the inputs' part that stands for its calls: ``align.sort``, without the workflow's own name."""
    measured: int
    """Tries of which the use is known."""
    memory: int
    """MiB that it asked for, at most."""
    peak: int
    """MiB that it reached, at most, caches of files included."""
    held: int | None
    """MiB without caches, at most, sampled; ``None`` where nobody knows."""
    vcpus: float
    """What it asked for, at most."""
    cores: float | None
    """Processors that were busy, at most, on average over a try."""
    suggested_memory: int
    """MiB."""
    runtime_memory: int
    """MiB that ``runtime.memory`` is to say, so that the job gets these: the backend asks AWS Batch for less."""
    suggested_vcpus: float
    saved_gib_hours: float
    """Over these tries; negative where it needs more."""
    saved_vcpu_hours: float
    saved_cost: float | None
    """US dollars; ``None`` where no price is known."""

    @property
    def changes(self) -> bool:
        """Whether anything is to be changed."""
        return self.suggested_memory != self.memory or self.suggested_vcpus != self.vcpus

    @property
    def mostly_caches(self) -> bool:
        """Whether most of the peak was caches of files, so that less than it may do."""
        return self.held is not None and self.held < self.peak * MOSTLY_CACHES


def advise(runs: Sequence[Run]) -> list[Advice]:
    """
    Look at what tasks asked for and what they used, in one run or several of one workflow.

    :return: one for each task that was measured; the largest saving first.
    """
    calls: dict[str, list[Call]] = defaultdict(list)
    for run in runs:
        for call in run.calls:
            if call.state is not State.CACHED:
                calls[call.task].append(call)
    found = [advice for task, of_task in calls.items() if (advice := _advise(task, of_task))]
    return sorted(found, key=lambda item: (-(item.saved_cost or 0), -item.saved_gib_hours, item.task))


def overrides(advice: Iterable[Advice], target: str) -> dict[str, Any]:
    """
    Write them as inputs.

    :param target: name of the workflow, or of the task which is the run.
    """
    written: dict[str, Any] = {}
    for item in advice:
        for call in item.calls:
            prefix = ".".join(filter(None, (target, call, "runtime")))
            if item.suggested_memory != item.memory:
                written[f"{prefix}.memory"] = f"{item.runtime_memory} MiB"
            if item.suggested_vcpus != item.vcpus:
                written[f"{prefix}.cpu"] = int(item.suggested_vcpus)
    return written


def input_name(path: str) -> str:
    """
    Name a call as inputs do, whichever shard of it the path is: ``call-sub-1/call-sort-3-NA12878`` is ``sub.sort``.

    Names in WDL have no hyphens: one begins the index of a shard.
    """
    return ".".join(re.sub(r"^call-([^-]*).*", r"\1", part) for part in path.split("/") if part)


def _advise(task: str, calls: Sequence[Call]) -> Advice | None:
    tries = [item for call in calls for item in call.tries if item.memory and item.vcpus]
    peaks = [item.used.peak_memory / MIB for item in tries if item.used.peak_memory]
    held = max((item.used.held_memory for item in tries if item.used.held_memory), default=None)
    lacking = [item.memory for item in tries if item.end is TryEnd.OUT_OF_MEMORY and item.memory]
    if not peaks and not lacking:
        return None
    memory, vcpus = max(item.memory or 0 for item in tries), max(item.vcpus or 0 for item in tries)
    cores = max((item.cores for item in tries if item.cores is not None and item.end is TryEnd.SUCCEEDED), default=None)
    enough = max([peak * MARGIN for peak in peaks] + [lack * AFTER_OUT_OF_MEMORY for lack in lacking])
    runtime = max(LEAST, math.ceil(asking_for(math.ceil(enough)) / STEP) * STEP)
    suggested = placeable(runtime)
    if suggested >= memory * WORTH and not (lacking and suggested > memory):
        suggested = max(memory, math.ceil(max(peaks, default=0)))
    fewer = float(max(1, math.ceil(cores))) if cores is not None else vcpus
    wanted = fewer if cores is not None and cores < vcpus * BUSY and fewer < vcpus else vcpus
    ran = [(item, seconds) for item in tries if (seconds := item.running()) is not None]
    savings = [saving for item, seconds in ran if (saving := _saved_cost(item, suggested, wanted)) is not None]
    return Advice(
        task=task,
        calls=tuple(dict.fromkeys(input_name(call.path) for call in calls)),
        measured=len(peaks),
        memory=memory,
        peak=math.ceil(max(peaks, default=0)),
        held=None if held is None else math.ceil(held / MIB),
        vcpus=vcpus,
        cores=cores,
        suggested_memory=suggested,
        runtime_memory=runtime,
        suggested_vcpus=wanted,
        saved_gib_hours=sum(((item.memory or 0) - suggested) * seconds for item, seconds in ran) / MIB_PER_GIB / HOUR,
        saved_vcpu_hours=sum(((item.vcpus or 0) - wanted) * seconds for item, seconds in ran) / HOUR,
        saved_cost=sum(savings) if savings else None,
    )


def _saved_cost(item: Try, memory: int, vcpus: float) -> float | None:
    """What the try would have cost less: its cost follows the larger of its shares of the instance."""
    if item.cost is None or not item.instance_vcpus or not item.instance_memory:
        return None
    share = max((item.vcpus or 0) / item.instance_vcpus, (item.memory or 0) / item.instance_memory)
    wanted = max(vcpus / item.instance_vcpus, memory / item.instance_memory)
    return item.cost * (1 - wanted / share) if share else None


def with_overrides(inputs: Mapping[str, Any], written: Mapping[str, Any]) -> dict[str, Any]:
    """Put overrides to the inputs of a run: what ``-i`` takes as a whole."""
    return {**inputs, **written}
