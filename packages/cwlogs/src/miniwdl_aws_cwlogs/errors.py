"""What can go wrong when logs are read."""

from miniwdl_aws_core.aws.errors import AwsError
from miniwdl_aws_hooks import ExitCode, MiniwdlAwsError

__all__ = [
    "CwlogsError",
    "LogAccessError",
    "LostContactError",
    "NoLogError",
    "StreamMissingError",
    "ThrottledError",
    "TokenRefusedError",
    "UnreachableError",
]


class CwlogsError(MiniwdlAwsError):
    """Base of this package's errors."""


class LogAccessError(CwlogsError, AwsError):
    """AWS refuses: credentials, permissions, or a request that it finds invalid. Trying again doesn't help."""


class NoLogError(CwlogsError):
    """What the user named has no log in CloudWatch, or none yet."""

    exit_code = ExitCode.FAILED


class StreamMissingError(CwlogsError, AwsError):
    """The log stream, or its group, does not exist (yet)."""


class ThrottledError(CwlogsError, AwsError):
    """More requests than AWS allows the account; worth another try at a lower rate."""


class TokenRefusedError(CwlogsError, AwsError):
    """The position in the stream that we hold isn't valid any more; tokens live for 24 hours."""


class UnreachableError(CwlogsError, AwsError):
    """No answer, one that says that the service has trouble, or one that can't be AWS's; worth another try."""


class LostContactError(CwlogsError):
    """The service stayed unreachable for longer than anybody wants to wait."""

    exit_code = ExitCode.LOST_CONTACT
