"""What this distribution raises on purpose."""

from __future__ import annotations

from miniwdl_aws_core.aws.errors import AwsError
from miniwdl_aws_hooks import ExitCode, MiniwdlAwsError

__all__ = ["DeploymentError", "NoSuchStackError", "NothingToDoError", "StackStateError"]


class NoSuchStackError(AwsError):
    """There is no stack of that name in this account and region."""


class NothingToDoError(AwsError):
    """The stack is as the template and the parameters want it."""


class StackStateError(MiniwdlAwsError):
    """The stack is in a state in which what was asked for can't be done."""


class DeploymentError(MiniwdlAwsError):
    """CloudFormation began, and did not get to the end."""

    exit_code = ExitCode.FAILED
