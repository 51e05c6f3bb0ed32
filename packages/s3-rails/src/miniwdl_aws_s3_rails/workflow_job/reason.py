"""Why a run failed, in one sentence: what miniwdl says at its end (``--error-json``), put into words. Pure."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.run_files import call_name, cause_of, failed_call
from miniwdl_aws_hooks.types import FailureClass

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["hint_of", "reason_of"]

LONGEST = 600
"""Characters of a message of others; what comes after them is in error.json."""

_HINTS = {
    FailureClass.HOST_LOST: "let the task be tried again (runtime.preemptible), or name a queue of on-demand hosts for "
    "those that lost a host (--task-queue-fallback)",
    FailureClass.OUT_OF_MEMORY: "let it ask for more (runtime.memory), or have each new try ask for more "
    "(runtime.maxRetries with [aws] memory_retry_multiplier)",
    FailureClass.TIMEOUT: "let it take longer (runtime.timeout, or [aws] job_timeout)",
    FailureClass.STUCK_IN_QUEUE: "compare what the task asks for with what the queue's compute environments have",
    FailureClass.MOUNT_MISSING: "see the hosts' user data (miniwdl-aws fsx user-data), and their cloud-init logs",
}


def reason_of(said: Mapping[str, Any], code: int) -> str:
    """
    Say why a run failed.

    :param said: what miniwdl printed, the result of ``WDL.runtime.error_json``; empty when that was nothing.
    :param code: its exit code.
    :return: ``call sub/sort (workflow.wdl, line 7): the task's command failed with exit code 3``.
    """
    if not said.get("error"):
        return f"miniwdl ended with exit code {code}, and says why in its log alone"
    cause = cause_of(said)
    return f"{_where(said, cause)}{_what(cause)}"


def hint_of(said: Mapping[str, Any]) -> str:
    """Say what to do about it, where that is known."""
    return next((hint for kind, hint in _HINTS.items() if cause_of(said).get("class") == kind.value), "")


def _what(cause: Mapping[str, Any]) -> str:
    told = next((str(cause[key]) for key in ("explanation", "message") if cause.get(key)), "")
    if not told:
        status = cause.get("exit_status")
        told = f"its command failed with exit code {status}" if status is not None else str(cause.get("error"))
    words = " ".join(told.split())
    return words if len(words) <= LONGEST else f"{words[:LONGEST]}..."


def _where(said: Mapping[str, Any], cause: Mapping[str, Any]) -> str:
    """Name the call, by its folder within the run's, and the place in the WDL."""
    call = call_name("/".join(PurePosixPath(failed_call(said)).parts))
    named = f"call {call}" if call else _run(said)
    position = cause.get("pos")
    place = ""
    if isinstance(position, dict) and position.get("line"):
        source = PurePosixPath(str(position.get("source") or "")).name
        place = f" ({source}, line {position['line']})" if source else f" (line {position['line']})"
    return f"{named}{place}: " if named else ""


def _run(said: Mapping[str, Any]) -> str:
    return next((f"{kind} {said[kind]}" for kind in ("workflow", "task") if said.get(kind)), "")
