"""Uploads in parts to the folders of runs that nobody ends any more: their process is gone, and their parts cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_core.aws import session
from miniwdl_aws_core.aws.errors import ErrorFamily
from miniwdl_aws_core.aws.open_uploads import OpenUpload, give_up, open_uploads
from miniwdl_aws_submit_cli.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mypy_boto3_s3 import S3Client

    from miniwdl_aws_core.s3uri import S3Uri

__all__ = ["LeftUploads"]

_OURS = ErrorFamily(refused=RefusedError)


class LeftUploads:
    """Those below some folders."""

    def __init__(self, client: S3Client | None = None) -> None:
        """
        Ask nothing yet.

        :raises RefusedError: when credentials can't be had.
        :raises NotConfiguredError: when the region or a profile is missing or wrong.
        """
        self._client: S3Client = client or session.connect("s3", family=_OURS)

    def find(self, folders: Iterable[S3Uri], before: float) -> list[OpenUpload]:
        """
        List those that are old enough, the oldest first.

        :param before: seconds since the epoch: what began later may be under way.
        :raises RefusedError: when a bucket can't be read.
        """
        found = {upload for folder in folders for upload in open_uploads(self._client, folder, _OURS)}
        return sorted((upload for upload in found if upload.begun < before), key=lambda upload: upload.begun)

    def end(self, uploads: Sequence[OpenUpload]) -> int:
        """
        Give them up.

        :return: how many were still open.
        :raises RefusedError: when one can't be given up.
        """
        return sum(give_up(self._client, upload, _OURS) for upload in uploads)
