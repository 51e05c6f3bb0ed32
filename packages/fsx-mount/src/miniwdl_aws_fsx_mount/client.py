"""The edge to Amazon FSx: the client, its requests, and one translation of what botocore raises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import botocore.exceptions
from botocore.config import Config

from miniwdl_aws_fsx_mount.errors import FileSystemError, FsxAccessError, FsxUnreachableError
from miniwdl_aws_fsx_mount.file_system import FileSystem, find_file_system
from miniwdl_aws_hooks import ConfigurationError, MiniwdlAwsError

if TYPE_CHECKING:
    from mypy_boto3_fsx import FSxClient

__all__ = ["FsxService", "translate"]

_CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "UnrecognizedClientException",
    }
)
_NO_CREDENTIALS = (
    botocore.exceptions.NoCredentialsError,
    botocore.exceptions.PartialCredentialsError,
    botocore.exceptions.CredentialRetrievalError,
    botocore.exceptions.SSOError,
    botocore.exceptions.TokenRetrievalError,
)
_UNREACHABLE = (
    botocore.exceptions.HTTPClientError,
    botocore.exceptions.ConnectionError,
    botocore.exceptions.IncompleteReadError,
)
_LOG_IN = "log in to AWS again, or name another profile with AWS_PROFILE"


def translate(exc: Exception, action: str) -> MiniwdlAwsError:
    """
    Say in this package's terms what botocore raised.

    :param action: what was attempted, completing "can't ...".
    """
    if isinstance(exc, botocore.exceptions.ClientError):
        return _translate_answer(exc, action)
    if isinstance(exc, botocore.exceptions.NoRegionError):
        return ConfigurationError(f"can't {action}: no AWS region is configured", hint="set AWS_DEFAULT_REGION")
    if isinstance(exc, botocore.exceptions.ProfileNotFound):
        return ConfigurationError(f"can't {action}: {exc}", hint="see `aws configure list-profiles`")
    if isinstance(exc, _NO_CREDENTIALS):
        return FsxAccessError(f"can't {action}: {exc}", hint=_LOG_IN)
    if isinstance(exc, _UNREACHABLE):
        hint = "check the network, the region and AWS_ENDPOINT_URL"
        return FsxUnreachableError(f"can't {action}: {exc}", hint=hint, retryable=True)
    return FsxAccessError(f"can't {action}: {exc}")


def _translate_answer(exc: botocore.exceptions.ClientError, action: str) -> MiniwdlAwsError:
    error = exc.response.get("Error", {})
    code, message = error.get("Code", ""), error.get("Message", "") or str(exc)
    status = exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    info = {"code": code, "status": status}
    if code == "FileSystemNotFound":
        hint = "check --fsid and the region; ids of EFS file systems look the same, but this needs FSx for Lustre"
        return FileSystemError(f"can't {action}: {message}", hint=hint, more_info=info)
    if code in _CREDENTIALS:
        return FsxAccessError(f"can't {action}: {message}", hint=_LOG_IN, more_info=info)
    if code.startswith("AccessDenied"):
        hint = f"allow fsx:{exc.operation_name} in the IAM policy of whoever asks"
        return FsxAccessError(f"can't {action}: {message}", hint=hint, more_info={**info, "denied": True})
    if status >= 500 or code in {"ThrottlingException", "TooManyRequestsException", "InternalServerError"}:
        return FsxUnreachableError(f"can't {action}: {code} {message}", more_info=info, retryable=True)
    return FsxAccessError(f"can't {action}: {code}: {message}", more_info=info)


class FsxService:
    """Amazon FSx, as far as it is needed here."""

    def __init__(self, client: FSxClient) -> None:
        self._client = client

    @classmethod
    def connect(cls, region: str | None = None) -> FsxService:
        """Make a client; nothing is sent yet."""
        config = Config(retries={"total_max_attempts": 5, "mode": "standard"}, connect_timeout=10, read_timeout=30)
        try:
            return cls(boto3.Session(region_name=region).client("fsx", config=config))
        except botocore.exceptions.BotoCoreError as exc:
            raise translate(exc, "use Amazon FSx") from exc

    def file_system(self, fsid: str) -> FileSystem:
        """
        Describe a file system.

        :raises FileSystemError: when there is none, or it is not FSx for Lustre.
        """
        try:
            answer = self._client.describe_file_systems(FileSystemIds=[fsid])
        except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as exc:
            raise translate(exc, f"look up file system {fsid}") from exc
        return find_file_system(answer["FileSystems"], fsid)
