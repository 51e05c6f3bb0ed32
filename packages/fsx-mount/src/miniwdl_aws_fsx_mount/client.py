"""The edge to Amazon FSx: the client, its requests, and one translation of what botocore raises."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import botocore.exceptions

from miniwdl_aws_core.aws.surprises import NOT_AWS, in_words, lacks_credentials
from miniwdl_aws_fsx_mount.associations import Association, read_associations
from miniwdl_aws_fsx_mount.errors import FileSystemError, FsxAccessError, FsxBusyError, FsxUnreachableError
from miniwdl_aws_fsx_mount.file_system import FileSystem, find_file_system
from miniwdl_aws_fsx_mount.tasks import RepositoryTask, TaskType, read_task
from miniwdl_aws_hooks import ConfigurationError, MiniwdlAwsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mypy_boto3_fsx import FSxClient

__all__ = ["CONNECTIONS", "FsxService", "make_client", "translate", "translated"]

CONNECTIONS = 16
"""Requests that a client can have in flight at once."""

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
    Say in this package's terms what a request raised.

    What is none of botocore's own exceptions may pass, as an outage does.

    :param action: what was attempted, completing "can't ...".
    """
    if isinstance(exc, botocore.exceptions.NoRegionError):
        return ConfigurationError(f"can't {action}: no AWS region is configured", hint="set AWS_DEFAULT_REGION")
    if isinstance(exc, botocore.exceptions.ProfileNotFound):
        return ConfigurationError(f"can't {action}: {exc}", hint="see `aws configure list-profiles`")
    if isinstance(exc, _NO_CREDENTIALS):
        return FsxAccessError(f"can't {action}: {exc}", hint=_LOG_IN)
    if isinstance(exc, botocore.exceptions.CredentialRetrievalError) or lacks_credentials(exc):
        words = f"can't {action}: no AWS credentials could be had ({in_words(exc)})"
        return FsxUnreachableError(words, hint=_LOG_IN, retryable=True)
    if isinstance(exc, botocore.exceptions.ClientError):
        return _translate_answer(exc, action)
    if isinstance(exc, _UNREACHABLE):
        hint = "check the network, the region and AWS_ENDPOINT_URL"
        return FsxUnreachableError(f"can't {action}: {exc}", hint=hint, retryable=True)
    if isinstance(exc, botocore.exceptions.BotoCoreError):
        return FsxAccessError(f"can't {action}: {exc}")
    return _unusable(action, in_words(exc))


def _unusable(action: str, what: str) -> FsxUnreachableError:
    return FsxUnreachableError(f"can't {action}: no usable answer ({what})", hint=NOT_AWS, retryable=True)


_ACTIONS = {
    "DeleteObject": "s3:DeleteObject",
    "GetObject": "s3:GetObject",
    "HeadObject": "s3:GetObject",
    "ListObjectsV2": "s3:ListBucket",
    "DescribeComputeEnvironments": "batch:DescribeComputeEnvironments",
    "DescribeJobQueues": "batch:DescribeJobQueues",
    "CreateLaunchTemplate": "ec2:CreateLaunchTemplate",
    "CreateLaunchTemplateVersion": "ec2:CreateLaunchTemplateVersion",
    "ModifyLaunchTemplate": "ec2:ModifyLaunchTemplate",
    "DescribeLaunchTemplates": "ec2:DescribeLaunchTemplates",
    "DescribeLaunchTemplateVersions": "ec2:DescribeLaunchTemplateVersions",
    "DescribeNetworkInterfaces": "ec2:DescribeNetworkInterfaces",
    "DescribeSecurityGroups": "ec2:DescribeSecurityGroups",
    "DescribeSubnets": "ec2:DescribeSubnets",
}
"""What a policy has to allow, by operation; those of FSx are allowed by their own names."""


def _translate_answer(exc: botocore.exceptions.ClientError, action: str) -> MiniwdlAwsError:
    error = exc.response.get("Error", {})
    code, message = str(error.get("Code", "")), error.get("Message", "") or str(exc)
    status = exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    info = {"code": code, "status": status}
    if code.isdigit() and exc.operation_name != "HeadObject":
        # AWS gives its errors names, where an answer can have a text; a page for its text is somebody else's.
        return _unusable(action, f"HTTP status {code}")
    if code == "FileSystemNotFound":
        hint = "check --fsid and the region; ids of EFS file systems look the same, but this needs FSx for Lustre"
        return FileSystemError(f"can't {action}: {message}", hint=hint, more_info=info)
    if code == "DataRepositoryTaskExecuting":
        return FsxBusyError(f"can't {action}: {message}", more_info=info, retryable=True)
    if code in _CREDENTIALS:
        return FsxAccessError(f"can't {action}: {message}", hint=_LOG_IN, more_info=info)
    if code.startswith("AccessDenied"):
        allowed = _ACTIONS.get(exc.operation_name, f"fsx:{exc.operation_name}")
        hint = f"allow {allowed} in the IAM policy of whoever asks"
        return FsxAccessError(f"can't {action}: {message}", hint=hint, more_info={**info, "denied": True})
    if status >= 500 or code in {"ThrottlingException", "TooManyRequestsException", "InternalServerError"}:
        return FsxUnreachableError(f"can't {action}: {code} {message}", more_info=info, retryable=True)
    return FsxAccessError(f"can't {action}: {code}: {message}", more_info=info)


@contextmanager
def translated(action: str) -> Iterator[None]:
    """
    Turn whatever is raised inside the block into this package's errors, a name that an answer lacks included.

    :param action: what is attempted, completing "can't ...".
    """
    try:
        yield
    except MiniwdlAwsError:
        raise
    except Exception as exc:
        raise translate(exc, action) from exc


def make_client(service: str, region: str | None = None) -> Any:
    """Make a client that keeps trying for a while; nothing is sent yet."""
    # A quarter of a second, which hooks that have nothing to do with a request should not cost.
    import boto3
    from botocore.config import Config

    config = Config(
        retries={"total_max_attempts": 5, "mode": "standard"},
        connect_timeout=10,
        read_timeout=30,
        max_pool_connections=CONNECTIONS,
    )
    with translated("use AWS"):
        return boto3.Session(region_name=region).client(service, config=config)


class FsxService:
    """Amazon FSx, as far as it is needed here."""

    def __init__(self, client: FSxClient) -> None:
        self._client = client

    @classmethod
    def connect(cls, region: str | None = None) -> FsxService:
        """Make a client; nothing is sent yet."""
        return cls(make_client("fsx", region))

    def file_system(self, fsid: str) -> FileSystem:
        """
        Describe a file system.

        :raises FileSystemError: when there is none, or it is not FSx for Lustre.
        """
        with translated(f"look up file system {fsid}"):
            return find_file_system(self._client.describe_file_systems(FileSystemIds=[fsid])["FileSystems"], fsid)

    def associations(self, fsid: str) -> tuple[Association, ...]:
        """Data repository associations of a file system; at most 8 exist."""
        found: list[Any] = []
        position: dict[str, Any] = {}
        with translated(f"look up the data repository associations of {fsid}"):
            while True:
                answer = self._client.describe_data_repository_associations(
                    Filters=[{"Name": "file-system-id", "Values": [fsid]}], **position
                )
                found += answer["Associations"]
                if not answer.get("NextToken"):
                    return read_associations(found)
                position = {"NextToken": answer["NextToken"]}

    def start_task(
        self, fsid: str, kind: TaskType, paths: Sequence[str], *, report: str | None = None, unused_days: int = 0
    ) -> str:
        """
        Start a data repository task and return its id.

        :param paths: relative to the file system's root; for an import, ``s3://`` URIs.
        :param report: ``s3://`` folder under which FSx lists the files that failed; within an association.
        :param unused_days: release only what nobody has read or changed for so long.
        """
        wanted: Any = {"Enabled": False}
        if report is not None:
            wanted = {"Enabled": True, "Path": report, "Format": "REPORT_CSV_20191124", "Scope": "FAILED_FILES_ONLY"}
        more: Any = {}
        if kind is TaskType.RELEASE:
            more["ReleaseConfiguration"] = {"DurationSinceLastAccess": {"Unit": "DAYS", "Value": unused_days}}
        with translated(f"start a data repository task on {fsid}"):
            answer = self._client.create_data_repository_task(
                FileSystemId=fsid, Type=kind.value, Paths=list(paths), Report=wanted, **more
            )
            return answer["DataRepositoryTask"]["TaskId"]

    def task(self, task_id: str) -> RepositoryTask:
        """Look at a data repository task."""
        with translated(f"look up data repository task {task_id}"):
            answer = self._client.describe_data_repository_tasks(TaskIds=[task_id])
            return read_task(answer["DataRepositoryTasks"][0])
