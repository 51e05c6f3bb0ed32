"""What can go wrong here, and the exit code each of these ends in. Imports nothing heavy."""

from __future__ import annotations

from miniwdl_aws_hooks.errors import ConfigurationError, MiniwdlAwsError, MissingPartError, PluginError
from miniwdl_aws_hooks.exit_codes import ExitCode

__all__ = ["LostContactError", "RefusedError", "WorkflowError", "exit_code_of"]


class WorkflowError(ConfigurationError):
    """The WDL or its inputs are wrong; nothing was submitted."""


class RefusedError(MiniwdlAwsError):
    """AWS refused a request, or could not be reached."""

    ambiguous: bool = False
    """Whether AWS may have done what it was asked for: the request was sent, and there is no answer to it."""


class LostContactError(MiniwdlAwsError):
    """A run's state could not be read any more; the run may well go on."""


def exit_code_of(error: MiniwdlAwsError) -> ExitCode:
    """Exit code of a command that ends with this error."""
    if isinstance(error, (ConfigurationError, MissingPartError, PluginError)):
        return ExitCode.USAGE
    if isinstance(error, LostContactError):
        return ExitCode.LOST_CONTACT
    return ExitCode.REFUSED
