"""
Names in a run directory of miniwdl's and in the folder to which a run is published, and whom ``error.json`` is about.

``outputs.json`` and ``error.json``, which plugins of others that publish have to know, too, are in
:mod:`miniwdl_aws_hooks.protocol`.

Source: ``WDL.runtime.workflow``, ``WDL.runtime.task`` and ``WDL.runtime.task_container``
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from miniwdl_aws_hooks.errors import MiniwdlAwsError
from miniwdl_aws_hooks.protocol import ERROR_JSON, OUTPUTS_JSON

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

__all__ = [
    "INPUTS_JSON",
    "JSON_LOGS",
    "OUT",
    "REPORTS",
    "REPORT_HTML",
    "REPORT_JSON",
    "RUN_LOGS",
    "STREAMS",
    "StaleFileError",
    "TRACE_TSV",
    "call_name",
    "cause_of",
    "failed_call",
    "make_way",
]

logger = logging.getLogger(__name__)

RUN_LOGS = ("workflow.log", "task.log")
"""miniwdl's log of a run, of which each run directory has one."""

JSON_LOGS = tuple(f"{name}.json" for name in RUN_LOGS)
"""The same with ``[logging] json``."""

INPUTS_JSON = "inputs.json"
"""What a run was given."""

STREAMS = {stream: f"CommandFailed_{stream}.txt" for stream in ("stderr", "stdout")}
"""Names by which the standard streams leave of the task for which a run failed."""

REPORT_HTML, REPORT_JSON, TRACE_TSV = REPORTS = ("report.html", "report.json", "trace.tsv")
"""What a run did, as a page, a document and a table: written by ``miniwdl_aws_report_run`` at its end."""

OUT = "out"
"""Folder of links to a run's output files."""


def call_name(path: str) -> str:
    """Name a call as users do, by its path within the run: ``sub-1/sort`` for ``call-sub-1/call-sort``."""
    return "/".join(part.removeprefix("call-") for part in path.split("/"))


def cause_of(error: Mapping[str, Any]) -> Mapping[str, Any]:
    """Part of an ``error.json``, which a task may have written, that tells of the task."""
    cause = error.get("cause")
    return cause if isinstance(cause, dict) else error


def failed_call(error: Mapping[str, Any]) -> str:
    """Path, within the run, of the call that an ``error.json`` is about; empty for the run itself, or when unknown."""
    top, inner = str(error.get("dir") or ""), str(cause_of(error).get("dir") or "")
    return inner.removeprefix(f"{top}/") if top and inner.startswith(f"{top}/") else ""


class StaleFileError(MiniwdlAwsError):
    """A file of an earlier run stays in the destination, and does not fit what comes now."""


def make_way(files: Collection[str], remove: Callable[[str], None]) -> None:
    """
    Remove from a destination what an earlier run left there and what would be wrong from now on.

    ``outputs.json`` stands for a whole publication: an older one goes before anything else changes, and the new one
    comes last. An ``error.json`` beside it is only confusing, and so are the streams of a task that failed then.

    :param files: names of what is about to be written.
    :param remove: removes the file of a name from the destination, where there is one.
    :raises StaleFileError: when an ``outputs.json`` stays.
    """
    for name in _stale(files):
        try:
            remove(name)
        except (MiniwdlAwsError, OSError) as exc:
            message = f"{exc.message if isinstance(exc, MiniwdlAwsError) else exc}; it is an earlier run's {name}"
            if name != OUTPUTS_JSON:
                logger.warning("%s", message)
                continue
            raise StaleFileError(
                f"{message}, and does not fit what comes now",
                hint="allow s3:DeleteObject, or publish to another folder",
            ) from exc


def _stale(files: Collection[str]) -> list[str]:
    """Name what does not fit beside files."""
    streams = [name for name in STREAMS.values() if name not in files]
    if OUTPUTS_JSON in files:
        return [ERROR_JSON, *streams]
    return [OUTPUTS_JSON, *streams] if ERROR_JSON in files else [OUTPUTS_JSON]
