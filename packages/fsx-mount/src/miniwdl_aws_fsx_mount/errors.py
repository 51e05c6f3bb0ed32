"""What can go wrong with the file system."""

from miniwdl_aws_core.aws.errors import AwsError
from miniwdl_aws_hooks import MiniwdlAwsError

__all__ = ["FileSystemError", "FsxAccessError", "FsxBusyError", "FsxError", "FsxUnreachableError"]


class FsxError(MiniwdlAwsError):
    """Base of this package's errors."""


class FileSystemError(FsxError, AwsError):
    """The file system does not exist, or can't be used as it is."""


class FsxAccessError(FsxError, AwsError):
    """AWS refuses: credentials, permissions, or a request that it finds invalid."""


class FsxUnreachableError(FsxError, AwsError):
    """No answer from AWS, one that says that the service has trouble, or one that can't be AWS's."""


class FsxBusyError(FsxError, AwsError):
    """Another data repository task keeps the file system from starting one; worth another try."""
