"""What checks before a run say when they can't look at something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_hooks.types import Check, CheckState

if TYPE_CHECKING:
    from miniwdl_aws_hooks.errors import MiniwdlAwsError

__all__ = ["not_checked"]


def not_checked(subject: str, exc: MiniwdlAwsError, otherwise: CheckState = CheckState.FAILED) -> Check:
    """
    Say why something could not be looked at.

    Whoever looks may be allowed less than those who run workflows: that a permission is missing is no fault of what is
    looked at. The hint, which is the error's, names the permission.

    :param otherwise: the state where anything but a permission is missing.
    """
    if exc.lacks_permission:
        return Check(subject, CheckState.UNKNOWN, f"not checked: {exc.message}", exc.hint)
    return Check(subject, otherwise, exc.message, exc.hint)
