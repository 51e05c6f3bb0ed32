"""
What the page shows, as plain values: everything is counted and worded here, and the page's script draws it. Pure.

Calls and tries are columns, and texts that recur are numbers of a list: ten thousand tasks take two megabytes so.
"""

from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from miniwdl_aws_core.records.remedies import remedy_for
from miniwdl_aws_core.s3uri import S3Uri, UriError
from miniwdl_aws_core.terminal import plain
from miniwdl_aws_run_report.advice import MIB, advise
from miniwdl_aws_run_report.model import State, TryEnd
from miniwdl_aws_run_report.totals import HOUR, MIB_PER_GIB, by_task, quantile, totals_of, totals_of_run
from miniwdl_aws_run_report.words import call_name, cost_notes, dollars, hours, outcome
from miniwdl_aws_run_report.writing.charts import chart

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from miniwdl_aws_run_report.model import Call, Run, Try
    from miniwdl_aws_run_report.totals import Totals

__all__ = ["page_data"]

MOST = 10
"""Calls in a list of the worst."""

MOST_VALUES, MOST_ITEMS, LONGEST = 200, 50, 1000
"""Inputs or outputs, files of one, and characters of a value that are shown."""

ENDS = (
    TryEnd.UNDER_WAY, TryEnd.SUCCEEDED, TryEnd.FAILED, TryEnd.HOST_LOST, TryEnd.OUT_OF_MEMORY, TryEnd.STOPPED,
)  # fmt: skip
"""In the order in which report.js knows them."""


PROCESSORS = "vCPUs"
MEMORY_KNOWN = (
    "Memory counts caches of files, which the kernel takes back when it needs to; without caches it was sampled each "
    "second. A task needs something between the two."
)
MEMORY_UNKNOWN = "What memory they used is not known: the kernel counts it for containers, not for mere processes."


class _Names:
    """Texts by numbers, each once; the empty one is the first."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {"": 0}

    def number(self, text: str) -> int:
        """Number of a text."""
        return self._numbers.setdefault(plain(text)[:LONGEST], len(self._numbers))

    def all(self) -> list[str]:
        """List them by their numbers."""
        return list(self._numbers)


def page_data(run: Run) -> dict[str, Any]:
    """Write what the page shows of a run."""
    totals, names = totals_of_run(run), _Names()
    began = run.began if run.began is not None else 0.0
    advice = advise([run])
    use = [row for task, calls in by_task(run).items() for row in _use(task, calls)]
    return {
        "name": plain(run.name),
        "state": run.state.value,
        "outcome": plain(outcome(run, totals)),
        "facts": _facts(run, totals),
        "failure": _failure(run),
        "span": round(max(0.0, _latest(run) - began), 3),
        "states": [state.value for state in State],
        "calls": _calls(run, began, names),
        "tries": _tries(run, began, names),
        "charts": _charts(run),
        "names": names.all(),
        "tasks": [_task(task, totals_of(calls, run.read_at)) for task, calls in by_task(run).items()],
        "costNotes": cost_notes(totals),
        "use": use,
        "useNote": MEMORY_KNOWN if any(row["what"] != PROCESSORS for row in use) else MEMORY_UNKNOWN,
        "slowest": _slowest(run),
        "wasteful": _wasteful(run),
        "advice": [
            {
                "task": plain(item.task), "memory": item.memory, "peak": item.peak, "held": item.held,
                "vcpus": item.vcpus, "cores": item.cores, "suggestedMemory": item.suggested_memory,
                "suggestedVcpus": item.suggested_vcpus, "savedGibHours": item.saved_gib_hours,
                "savedCost": item.saved_cost,
            }
            for item in advice if item.changes or item.mostly_caches
        ],
        "adviceCommand": _advice_command(run),
        "inputs": _values(run.inputs),
        "outputs": _values(run.outputs),
        "command": plain(run.command),
        "versions": [["miniwdl", run.miniwdl], ["WDL", plain(run.source)]],
        "notes": [plain(note) for note in run.notes],
    }  # fmt: skip


def _advice_command(run: Run) -> str:
    place, options = (run.job_id, run.options) if run.job_id else (run.directory or run.folder or "RUN", "")
    return plain(" ".join(filter(None, ("miniwdl-aws report", place, "--right-size", options))))


def _facts(run: Run, totals: Totals) -> list[list[str]]:
    def date(seconds: float | None) -> str:
        if seconds is None:
            return ""
        return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")

    return [
        ["Began", date(run.began)],
        ["Ended", date(run.ended)],
        ["As of", date(run.read_at) if run.state is State.RUNNING else ""],
        ["Calls", str(totals.calls)],
        ["From the call cache", str(totals.count(State.CACHED) or "")],
        ["vCPU-hours", hours(totals.vcpu_hours) if totals.vcpu_hours else ""],
        ["GiB-hours", hours(totals.gib_hours) if totals.gib_hours else ""],
        ["GPU-hours", hours(totals.gpu_hours) if totals.gpu_hours else ""],
        ["Cost", dollars(totals.cost) if totals.cost is not None else ""],
        ["Workflow job", plain(run.job_id)],
        ["Products", plain(run.folder)],
        ["Run directory", plain(run.directory)],
    ]


def _failure(run: Run) -> dict[str, Any] | None:
    failure = run.failure
    if failure is None:
        return None
    name = call_name(failure.call, failure.task)
    return {
        "message": plain(f"{name}: {failure.message}" if name else failure.message),
        "remedy": remedy_for(failure.failure_class),
        "stderr": [plain(line) for line in failure.stderr],
        "facts": [
            ["Class", plain(failure.failure_class)],
            ["Exit code", "" if failure.exit_code is None else str(failure.exit_code)],
            ["Job", plain(failure.job_id)],
            ["Log stream", plain(failure.log_stream)],
        ],
    }


def _latest(run: Run) -> float:
    """When the last thing happened that the timeline shows."""
    if run.ended is not None:
        return run.ended
    return max((at for at in (run.read_at, run.began) if at is not None), default=0.0)


def _calls(run: Run, began: float, names: _Names) -> dict[str, list[Any]]:
    states = list(State)
    return {
        "name": [plain(call_name(call.path, call.task)) for call in run.calls],
        "task": [names.number(call.task) for call in run.calls],
        "state": [states.index(call.state) for call in run.calls],
        "began": [_since(call.began, began) for call in run.calls],
        "ended": [_since(call.ended, began) for call in run.calls],
        "message": [names.number(call.message) for call in run.calls],
    }


def _tries(run: Run, began: float, names: _Names) -> dict[str, list[Any]]:
    tries = [(place, item) for place, call in enumerate(run.calls) for item in call.tries]
    every = [item for _, item in tries]
    return {
        "call": [place for place, _ in tries],
        "end": [ENDS.index(item.end) for item in every],
        "created": [_since(item.created, began) for item in every],
        "starting": [_since(item.starting, began) for item in every],
        "started": [_since(item.started, began) for item in every],
        "stopped": [_since(item.stopped, began) for item in every],
        "exit": [item.exit_code for item in every],
        "memory": [item.memory for item in every],
        "vcpus": [item.vcpus for item in every],
        "peak": [_peak(item) for item in every],
        "held": [_mib(item.used.held_memory) for item in every],
        "cores": [_rounded(item.cores, 2) for item in every],
        "cost": [_rounded(item.cost, 6) for item in every],
        "type": [names.number(_place(item)) for item in every],
        "reason": [names.number(item.reason) for item in every],
        "job": [plain(item.job_id) for item in every],
        "stream": [plain(item.log_stream) for item in every],
    }


def _charts(run: Run) -> dict[str, list[Any]]:
    """Draw what tries used over time, by their places among all; most runs have many that were too short for it."""
    tries = (item for call in run.calls for item in call.tries)
    drawn = {str(place): chart(item.used.series) for place, item in enumerate(tries) if item.used.series}
    return {place: columns for place, columns in drawn.items() if columns}


def _peak(item: Try) -> int | None:
    return _mib(item.used.peak_memory)


def _mib(size: int | None) -> int | None:
    return None if size is None else round(size / MIB)


def _place(item: Try) -> str:
    market = "" if item.spot is None else "spot" if item.spot else "on demand"
    return ", ".join(filter(None, (item.instance_type, item.zone, market)))


def _task(task: str, totals: Totals) -> dict[str, Any]:
    return {
        "task": plain(task), "calls": totals.calls, "cached": totals.count(State.CACHED),
        "failed": totals.count(State.FAILED), "tries": totals.tries, "lost": totals.lost,
        "waiting": round(totals.waiting, 3), "running": round(totals.running, 3),
        "vcpuHours": round(totals.vcpu_hours, 4), "gibHours": round(totals.gib_hours, 4), "cost": totals.cost,
    }  # fmt: skip


def _use(task: str, calls: Iterable[Call]) -> list[dict[str, Any]]:
    """Say which shares of what it asked for a task used: in nine calls of ten, in the middle, at most."""
    tries = [item for call in calls for item in call.tries]
    memory = sorted(
        item.used.peak_memory / MIB / item.memory for item in tries if item.used.peak_memory and item.memory
    )
    held = sorted(item.used.held_memory / MIB / item.memory for item in tries if item.used.held_memory and item.memory)
    cores = sorted(item.cores / item.vcpus for item in tries if item.cores is not None and item.vcpus)
    return [
        {
            "task": plain(task), "what": what, "most": round(shares[-1], 4),
            **{name: round(quantile(shares, at), 4) for name, at in (("low", 0.05), ("median", 0.5), ("high", 0.95))},
        }
        for what, shares in (("memory", memory), ("without caches", held), (PROCESSORS, cores)) if shares
    ]  # fmt: skip


def _slowest(run: Run) -> list[dict[str, Any]]:
    sums = [(call, totals_of([call], run.read_at)) for call in run.calls if call.tries]
    slowest = sorted(sums, key=lambda item: -item[1].running)[:MOST]
    return [
        {
            "call": plain(call_name(call.path, call.task)),
            "running": round(totals.running, 3),
            "waiting": round(totals.waiting, 3),
            "tries": totals.tries,
        }
        for call, totals in slowest
    ]


def _wasteful(run: Run) -> list[dict[str, Any]]:
    """Find the calls that asked for most memory, for as long as they ran, without using it."""
    rows = [(_unused(call, run.read_at), call) for call in run.calls]
    worst = sorted((row for row in rows if row[0] > 0), key=lambda row: -row[0])[:MOST]
    return [
        {
            "call": plain(call_name(call.path, call.task)),
            "unused": round(unused, 4),
            "memory": max(item.memory or 0 for item in call.tries),
            "peak": max((peak for item in call.tries if (peak := _peak(item)) is not None), default=None),
            "why": ", ".join(dict.fromkeys(item.end.value.replace("-", " ") for item in call.tries)),
        }
        for unused, call in worst
    ]  # fmt: skip


def _unused(call: Call, now: float | None) -> float:
    """GiB-hours that a call asked for and did not use: all of a try's that failed."""
    found = 0.0
    for item in call.tries:
        seconds = item.running(now)
        if seconds is None or not item.memory or item.end is TryEnd.UNDER_WAY:
            continue
        failed = item.end is not TryEnd.SUCCEEDED
        if failed or item.used.peak_memory:
            used = 0.0 if failed else (item.used.peak_memory or 0) / MIB
            found += max(0.0, item.memory - used) * seconds / MIB_PER_GIB / HOUR
    return found


def _values(values: Mapping[str, Any]) -> list[list[Any]]:
    """Write inputs or outputs: each with its lines, of which each has a link where it names an object in S3."""
    shown = [[plain(name), _lines(value)] for name, value in list(values.items())[:MOST_VALUES]]
    if len(values) > MOST_VALUES:
        shown.append([f"and {len(values) - MOST_VALUES} more", []])
    return shown


def _lines(value: Any) -> list[list[str]]:
    items = value if isinstance(value, list) and all(isinstance(item, str) for item in value) else [value]
    texts = [item if isinstance(item, str) else json.dumps(item) for item in items[:MOST_ITEMS]]
    lines = [[plain(text)[:LONGEST], _link(text)] for text in texts]
    if len(items) > MOST_ITEMS:
        lines.append([f"and {len(items) - MOST_ITEMS} more", ""])
    return lines


def _link(text: str) -> str:
    """Where the console shows an object; empty for everything else."""
    try:
        uri = S3Uri.parse(text)
    except UriError:
        return ""
    return f"https://s3.console.aws.amazon.com/s3/object/{quote(uri.bucket)}?prefix={quote(uri.key, safe='')}"


def _since(at: float | None, began: float) -> float | None:
    return None if at is None else round(at - began, 3)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
