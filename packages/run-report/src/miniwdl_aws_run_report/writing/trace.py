"""
A run as a table, ``trace.tsv``: one line for each try. Pure.

Columns have the names of Nextflow's trace where they mean the same, and its raw units: milliseconds, and bytes.
Source: https://www.nextflow.io/docs/latest/reports.html#trace-file
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from miniwdl_aws_core.terminal import plain
from miniwdl_aws_run_report.advice import MIB
from miniwdl_aws_run_report.model import State, TryEnd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from miniwdl_aws_run_report.model import Call, Run, Try

__all__ = ["COLUMNS", "Column", "write_trace"]

NOTHING = "-"
"""Stands for what isn't known, as in Nextflow's trace."""

_STATUS = {
    TryEnd.SUCCEEDED: "COMPLETED",
    TryEnd.UNDER_WAY: "RUNNING",
    TryEnd.STOPPED: "ABORTED",
}


class Column(NamedTuple):
    """A column."""

    name: str
    meaning: str
    value: Callable[[Call, Try], object]


COLUMNS = (
    Column("task_id", "which line this is, from 1", lambda _call, _item: None),
    Column("native_id", "id of the AWS Batch job", lambda _call, item: item.job_id),
    Column("process", "name of the task", lambda call, _item: call.task),
    Column("name", "path of the call within the run", lambda call, _item: call.path or call.task),
    Column("attempt", "which try of the call it is, from 1", lambda _call, item: item.number),
    Column(
        "status",
        "COMPLETED, FAILED, ABORTED, RUNNING, or CACHED: the call cache had the outputs, and there was no try",
        lambda call, item: "CACHED" if call.state is State.CACHED else _STATUS.get(item.end, "FAILED"),
    ),
    Column("exit", "exit code", lambda _call, item: item.exit_code),
    Column("submit", "when it was submitted, in milliseconds since the epoch", lambda _call, item: _ms(item.created)),
    Column("start", "when its command began, the same", lambda _call, item: _ms(item.started)),
    Column("complete", "when it ended, the same", lambda _call, item: _ms(item.stopped)),
    Column(
        "duration",
        "milliseconds from its submission to its end",
        lambda _call, item: _between(item.created, item.stopped),
    ),
    Column(
        "realtime", "milliseconds from its start to its end", lambda _call, item: _between(item.started, item.stopped)
    ),
    Column("%cpu", "processors that it kept busy on average, times 100", lambda _call, item: _percent(item.cores)),
    Column(
        "peak_memory", "the most memory, caches of files included, in bytes", lambda _call, item: item.used.peak_memory
    ),
    Column("held_memory", "the same without caches, sampled", lambda _call, item: item.used.held_memory),
    Column("read_bytes", "bytes that it read from block devices", lambda _call, item: item.used.read),
    Column("write_bytes", "bytes that it wrote to them", lambda _call, item: item.used.written),
    Column("cpus", "vCPUs that it asked for", lambda _call, item: item.vcpus),
    Column("memory", "bytes that it asked for", lambda _call, item: item.memory and item.memory * MIB),
    Column("gpus", "GPUs that it asked for", lambda _call, item: item.gpus),
    Column("queue", "job queue", lambda _call, item: item.queue),
    Column("container", "image", lambda _call, item: item.image),
    Column("native_type", "type of its EC2 instance", lambda _call, item: item.instance_type),
    Column("zone", "availability zone", lambda _call, item: item.zone),
    Column(
        "market",
        "`spot` or `on-demand`",
        lambda _call, item: None if item.spot is None else "spot" if item.spot else "on-demand",
    ),
    Column("cost", "US dollars, its share of its instance", lambda _call, item: _money(item.cost)),
    Column("failure_class", "why it failed: a [failure class](failures.md)", lambda _call, item: item.failure_class),
    Column("log_stream", "log stream in CloudWatch", lambda _call, item: item.log_stream),
)  # fmt: skip
"""In their order."""


def write_trace(run: Run) -> Iterator[str]:
    """Give the lines, the first of which names the columns."""
    yield "\t".join(column.name for column in COLUMNS)
    number = 0
    for call in run.calls:
        for item in call.tries or _none(call):
            number += 1
            yield "\t".join([str(number), *(_cell(column.value(call, item)) for column in COLUMNS[1:])])


def _none(call: Call) -> tuple[Try, ...]:
    """Give a cached call, which has no try, its line; one that waits for its first has none yet."""
    from miniwdl_aws_run_report.model import Try

    return (Try(0, TryEnd.SUCCEEDED, stopped=call.ended),) if call.state is State.CACHED else ()


def _cell(value: object) -> str:
    text = plain(str(value)).replace("\t", " ") if value not in (None, "") else NOTHING
    return text if text else NOTHING


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)


def _between(start: float | None, end: float | None) -> int | None:
    return None if start is None or end is None else max(0, round((end - start) * 1000))


def _percent(cores: float | None) -> float | None:
    return None if cores is None else round(cores * 100, 1)


def _money(cost: float | None) -> str | None:
    return None if cost is None else f"{cost:.6f}"
