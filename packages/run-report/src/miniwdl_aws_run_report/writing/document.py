"""
A run as a JSON document, ``report.json``, and back. Pure.

``report.schema.json`` beside this module describes it. Within a version members are only ever added; what is not known
is left out. Times are milliseconds since the epoch, as AWS has them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from miniwdl_aws_run_report.advice import advise
from miniwdl_aws_run_report.errors import UnreadableError
from miniwdl_aws_run_report.model import Call, Failure, Run, State, Try, TryEnd, Used
from miniwdl_aws_run_report.totals import by_task, totals_of, totals_of_run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniwdl_aws_run_report.totals import Totals

__all__ = ["SCHEMA", "VERSION", "read_document", "totals_document", "write_document"]

VERSION = 1

SCHEMA = Path(__file__).with_name("report.schema.json")

_RUN = {
    "name": "name", "target": "target", "directory": "directory", "folder": "folder", "source": "source",
    "jobId": "job_id", "command": "command", "miniwdl": "miniwdl",
}  # fmt: skip
_TRY = {
    "number": "number", "exitCode": "exit_code", "reason": "reason", "failureClass": "failure_class",
    "followed": "followed", "jobId": "job_id", "queue": "queue", "logGroup": "log_group", "logStream": "log_stream",
    "image": "image", "vcpus": "vcpus", "memoryMiB": "memory", "gpus": "gpus", "host": "host",
    "instanceType": "instance_type", "zone": "zone", "spot": "spot", "instanceVcpus": "instance_vcpus",
    "instanceMemoryMiB": "instance_memory", "cost": "cost",
}  # fmt: skip
_USED = {
    "peakMemory": "peak_memory", "heldMemory": "held_memory", "cpuSeconds": "cpu_seconds", "readBytes": "read",
    "writtenBytes": "written", "wallSeconds": "wall", "source": "source",
}  # fmt: skip
_FAILURE = {
    "message": "message", "call": "call", "task": "task", "failureClass": "failure_class", "exitCode": "exit_code",
    "stderr": "stderr", "logStream": "log_stream", "jobId": "job_id",
}  # fmt: skip
_ADVICE = {
    "task": "task", "calls": "calls", "measured": "measured", "memoryMiB": "memory", "peakMiB": "peak",
    "heldMiB": "held", "vcpus": "vcpus", "cores": "cores", "suggestedMemoryMiB": "suggested_memory",
    "runtimeMemoryMiB": "runtime_memory",
    "suggestedVcpus": "suggested_vcpus", "savedGibHours": "saved_gib_hours", "savedVcpuHours": "saved_vcpu_hours",
    "savedCost": "saved_cost",
}  # fmt: skip
_TOTALS = {
    "calls": "calls", "tries": "tries", "lostHosts": "lost", "outOfMemory": "out_of_memory",
    "waitingSeconds": "waiting", "runningSeconds": "running", "inVainSeconds": "in_vain", "vcpuHours": "vcpu_hours",
    "gibHours": "gib_hours", "gpuHours": "gpu_hours", "unknownTries": "unknown", "cost": "cost",
    "unpricedTries": "unpriced",
}  # fmt: skip


def write_document(run: Run) -> dict[str, Any]:
    """Write a run, with its totals and what its tasks could do with."""
    written: dict[str, Any] = {
        "version": VERSION,
        **_picked(run, _RUN),
        "state": run.state.value,
        **_dates(run, began="beganAt", ended="endedAt", read_at="readAt"),
        "inputs": dict(run.inputs),
        "outputs": dict(run.outputs),
        "notes": list(run.notes),
        "totals": totals_document(totals_of_run(run)),
        "tasks": {task: totals_document(totals_of(calls, run.read_at)) for task, calls in by_task(run).items()},
        "advice": [_picked(item, _ADVICE) for item in advise([run])],
        "calls": [_write_call(call) for call in run.calls],
    }
    if run.failure:
        written["failure"] = _picked(run.failure, _FAILURE)
    return written


def totals_document(totals: Totals) -> dict[str, Any]:
    """Write sums."""
    sums = _picked(totals, _TOTALS).items()
    return {
        **{key: round(value, 6) if isinstance(value, float) else value for key, value in sums},
        "states": {state.value: number for state, number in totals.states.items()},
    }


def read_document(document: Mapping[str, Any], what: str) -> Run:
    """
    Read one back.

    :param what: where it lies, for the error.
    :raises UnreadableError: when it isn't one, or is of a later version.
    """
    version = document.get("version")
    if not isinstance(version, int) or not 1 <= version <= VERSION:
        raise UnreadableError(
            f"{what} is no report of version {VERSION} or before", hint="install a newer miniwdl-aws-run-report"
        )
    try:
        failure = document.get("failure")
        return Run(
            **_read(document, _RUN),
            state=State(document["state"]),
            began=_seconds(document, "beganAt"),
            ended=_seconds(document, "endedAt"),
            read_at=_seconds(document, "readAt"),
            inputs=dict(document.get("inputs") or {}),
            outputs=dict(document.get("outputs") or {}),
            notes=tuple(map(str, document.get("notes") or ())),
            failure=_read_failure(failure) if failure else None,
            calls=tuple(_read_call(item) for item in document.get("calls") or ()),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise UnreadableError(f"{what} is not a report as this project writes it: {exc!r}") from exc


def _write_call(call: Call) -> dict[str, Any]:
    written = {
        "path": call.path,
        "task": call.task,
        "state": call.state.value,
        **_dates(call, began="beganAt", ended="endedAt"),
        "tries": [_write_try(item) for item in call.tries],
    }
    return {**written, "message": call.message} if call.message else written


def _write_try(item: Try) -> dict[str, Any]:
    used = _picked(item.used, _USED)
    dates = _dates(item, created="createdAt", starting="startingAt", started="startedAt", stopped="stoppedAt")
    return {**_picked(item, _TRY), "end": item.end.value, **dates, **({"used": used} if used else {})}


def _read_call(told: Mapping[str, Any]) -> Call:
    return Call(
        path=str(told["path"]),
        task=str(told["task"]),
        state=State(told["state"]),
        tries=tuple(_read_try(item) for item in told.get("tries") or ()),
        began=_seconds(told, "beganAt"),
        ended=_seconds(told, "endedAt"),
        message=str(told.get("message", "")),
    )


def _read_try(told: Mapping[str, Any]) -> Try:
    return Try(
        **_read(told, _TRY),
        end=TryEnd(told["end"]),
        created=_seconds(told, "createdAt"),
        starting=_seconds(told, "startingAt"),
        started=_seconds(told, "startedAt"),
        stopped=_seconds(told, "stoppedAt"),
        used=Used(**_read(told.get("used") or {}, _USED)),
    )


def _read_failure(told: Mapping[str, Any]) -> Failure:
    fields = _read(told, _FAILURE)
    return Failure(**{**fields, "stderr": tuple(map(str, fields.get("stderr", ())))})


def _picked(value: object, names: Mapping[str, str]) -> dict[str, Any]:
    """Take fields of an object by the names that they have in the document, without those that say nothing."""
    found = {key: getattr(value, name) for key, name in names.items()}
    told = {key: item for key, item in found.items() if item not in (None, "", ())}
    return {key: list(item) if isinstance(item, tuple) else item for key, item in told.items()}


def _read(told: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {name: told[key] for key, name in names.items() if key in told}


def _dates(value: object, **names: str) -> dict[str, int]:
    found = {key: getattr(value, name) for name, key in names.items()}
    return {key: round(item * 1000) for key, item in found.items() if item is not None}


def _seconds(told: Mapping[str, Any], key: str) -> float | None:
    value = told.get(key)
    return None if value is None else int(value) / 1000
