"""Errors of the task backend; whatever leaves it for miniwdl is turned into miniwdl's own at the edge."""

from __future__ import annotations

from miniwdl_aws_hooks import MiniwdlAwsError

__all__ = ["TaskSettingError"]


class TaskSettingError(MiniwdlAwsError):
    """A value in a task's ``runtime`` section that AWS Batch would refuse."""
