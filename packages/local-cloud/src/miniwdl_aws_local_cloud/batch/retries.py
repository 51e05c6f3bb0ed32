"""Whether Batch tries a failed job again. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["should_retry"]


def should_retry(
    attempts_made: int,
    attempts: int,
    conditions: Sequence[Mapping[str, Any]],
    *,
    exit_code: int | None,
    reason: str,
    status_reason: str,
) -> bool:
    """
    Decide as Batch does: the first condition that matches says so, and when none does the job is tried again.

    Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_EvaluateOnExit.html
    """
    if attempts_made >= attempts:
        return False
    values = {
        "onExitCode": "" if exit_code is None else str(exit_code),
        "onReason": reason,
        "onStatusReason": status_reason,
    }
    for condition in conditions:
        if all(_matches(str(condition[key]), value) for key, value in values.items() if condition.get(key)):
            return str(condition["action"]).upper() == "RETRY"
    return True


def _matches(pattern: str, value: str) -> bool:
    pattern, value = pattern.lower(), value.lower()
    return value.startswith(pattern[:-1]) if pattern.endswith("*") else value == pattern
