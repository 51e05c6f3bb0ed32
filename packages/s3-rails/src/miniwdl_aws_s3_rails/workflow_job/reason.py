"""Why a run failed, in one sentence: what miniwdl says at its end (``--error-json``), put into words. Pure."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.records.remedies import remedy_for
from miniwdl_aws_core.run_files import call_name, cause_of, failed_call
from miniwdl_aws_hooks import FailureClass

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["hint_of", "reason_of"]

LONGEST = 600
"""Characters of a message of others; what comes after them is in error.json."""


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
    """Say what to do about it; nothing where the tool itself gave up, as its last words are shown already."""
    kind = str(cause_of(said).get("class") or "")
    return "" if kind == FailureClass.TOOL_ERROR else remedy_for(kind)


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
