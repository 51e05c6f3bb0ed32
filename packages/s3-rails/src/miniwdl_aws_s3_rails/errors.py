"""What can go wrong on the rails, each as something a user can act on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_core.aws.errors import AwsError
from miniwdl_aws_hooks import ConfigurationError, ExitCode, MiniwdlAwsError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "AccessError",
    "AlreadyBegunError",
    "ArchivedError",
    "CredentialsError",
    "FileSystemError",
    "LineError",
    "MountMissingError",
    "OptionError",
    "OutageError",
    "PayloadError",
    "RailsError",
    "StoppedError",
    "TransferError",
    "UploadError",
]


class RailsError(MiniwdlAwsError):
    """Anything of this package."""


class OptionError(RailsError, ConfigurationError):
    """An option of the command or of ``[s3_rails]`` is wrong or lacks another one."""

    exit_code = ExitCode.USAGE


class AccessError(RailsError, AwsError):
    """A bucket or an object can't be reached, read or written: credentials, permissions, names, the network."""


class ArchivedError(AccessError):
    """An object's bytes lie in an archive, and nobody can read them before they are restored."""


class CredentialsError(AccessError):
    """No credentials could be had at the moment."""


class TransferError(RailsError):
    """One object could not be transferred, or did not arrive as it left."""


class OutageError(TransferError):
    """S3 can't be reached, or says that it can't serve anybody at the moment; that passes."""


class LineError(RailsError):
    """One request got no answer, or only a part of one, or the server can't serve anybody now: worth another try."""


class StoppedError(RailsError):
    """The process is about to end: nothing new begins, what had begun is given up."""

    exit_code = ExitCode.TERMINATED


class PayloadError(RailsError):
    """The workflow that came along with the job can't be unpacked."""

    exit_code = ExitCode.USAGE


class AnswerError(RailsError):
    """What miniwdl said of a run that succeeded can't be read, so that nobody knows what to upload."""

    exit_code = ExitCode.UPLOAD_FAILED


class MountMissingError(RailsError):
    """The job's host lacks the shared file system."""

    exit_code = ExitCode.MOUNT_MISSING


class FileSystemError(RailsError):
    """The shared file system, or the job's own disk, is full, read-only or gone: the run could not go on."""

    exit_code = ExitCode.UPLOAD_FAILED


class AlreadyBegunError(RailsError):
    """The run was submitted twice, and the other job has begun."""

    exit_code = ExitCode.ALREADY_BEGUN


class UploadError(RailsError):
    """Products of the run are not all in S3."""

    exit_code = ExitCode.UPLOAD_FAILED

    def __init__(self, failed: Mapping[str, str], *, folder: str, run_dir: str) -> None:
        """
        Say what is missing and what to do.

        :param failed: reason by name under the folder.
        """
        shown = [f"{name} ({reason})" for name, reason in list(failed.items())[:SHOWN]]
        more = f" and {len(failed) - SHOWN} more" if len(failed) > SHOWN else ""
        super().__init__(
            f"{len(failed)} of the run's products could not be uploaded to {folder}: {'; '.join(shown)}{more}",
            hint=f"the run directory is kept; once the cause is gone: "
            f"miniwdl-run-s3upload --upload-only {run_dir} --s3upload {folder}",
            more_info={"failed": dict(failed)},
        )


SHOWN = 5
"""How many failures a message spells out."""
