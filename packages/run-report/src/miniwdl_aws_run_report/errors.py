"""Errors of this part."""

from __future__ import annotations

from miniwdl_aws_hooks.errors import ConfigurationError, MiniwdlAwsError
from miniwdl_aws_hooks.exit_codes import ExitCode

__all__ = ["NoRunError", "UnreadableError", "UnwritableError"]


class NoRunError(ConfigurationError):
    """What was named is no run, or one of which nothing is left to read."""


class UnreadableError(MiniwdlAwsError):
    """A run is there, but what it has left can't be read."""

    exit_code = ExitCode.FAILED


class UnwritableError(MiniwdlAwsError):
    """The report can't be put where it was wanted."""

    exit_code = ExitCode.FAILED
