"""What can go wrong here, each with the exit code of a command that ends by it. Imports nothing heavy."""

from __future__ import annotations

from miniwdl_aws_core.aws.errors import AwsError
from miniwdl_aws_hooks.errors import ConfigurationError, MiniwdlAwsError
from miniwdl_aws_hooks.exit_codes import ExitCode

__all__ = ["LostContactError", "RefusedError", "WorkflowError"]


class WorkflowError(ConfigurationError):
    """The WDL or its inputs are wrong; nothing was submitted."""


class RefusedError(AwsError):
    """AWS refused a request, or could not be reached; ``retryable`` says whether the same one may succeed later."""


class LostContactError(MiniwdlAwsError):
    """A run's state could not be read any more; the run may well go on."""

    exit_code = ExitCode.LOST_CONTACT
