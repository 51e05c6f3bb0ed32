"""Why a run failed, out of the ``error.json`` that miniwdl writes. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.run_files import cause_of, failed_call
from miniwdl_aws_core.terminal import plain
from miniwdl_aws_run_report.model import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["failure_of"]

_EXIT_CODES = ("exitCode", "exit_status")
"""The task backend's word, and miniwdl's."""

LAST_LINES = 20
LONGEST = 2000
"""Characters of a line of a task's, or of a message."""


def failure_of(error: Mapping[str, Any], message: str = "") -> Failure:
    """
    Say why.

    :param error: as ``error_json`` of ``WDL.runtime.error`` writes it, with what the task backend added to it; empty
        when there is none.
    :param message: in the words of the log, when the error has none.
    """
    cause = cause_of(error)
    said = next((cause[key] for key in ("explanation", "message", "error") if cause.get(key)), message)
    stderr = cause.get("stderr")
    exit_code = next((cause[key] for key in _EXIT_CODES if isinstance(cause.get(key), int)), None)
    call = str(cause.get("run") or "")
    return Failure(
        message=_text(said or "it failed"),
        call=_text(failed_call(error)),
        task="" if call == error.get("run") and "workflow" in error else _text(error.get("task") or ""),
        failure_class=_text(cause.get("class") or ""),
        exit_code=exit_code,
        stderr=tuple(_text(line) for line in stderr[-LAST_LINES:]) if isinstance(stderr, list) else (),
        log_stream=_text(cause.get("logStreamName") or ""),
        job_id=_text(cause.get("jobId") or ""),
    )


def _text(value: object) -> str:
    return plain(str(value))[:LONGEST]
