"""Errors of the task backend; whatever leaves it for miniwdl is turned into miniwdl's own at the edge."""

from __future__ import annotations

from typing import Any

from miniwdl_aws_hooks import MiniwdlAwsError

__all__ = ["BatchRequestError", "RequestTooLargeError", "TaskSettingError"]


class TaskSettingError(MiniwdlAwsError):
    """A value in a task's ``runtime`` section that AWS Batch would refuse."""


class RequestTooLargeError(MiniwdlAwsError):
    """A SubmitJob request beyond AWS's limits, found before it is sent."""


class BatchRequestError(MiniwdlAwsError):
    """AWS refused a request, or could not be reached."""

    def __init__(
        self,
        message: str,
        *,
        code: str,
        throttled: bool = False,
        ambiguous: bool = False,
        retryable: bool = False,
        hint: str | None = None,
        more_info: dict[str, Any] | None = None,
    ) -> None:
        """
        Keep what the caller decides by.

        :param code: AWS's error code, or the name of botocore's exception.
        :param throttled: too many requests; the same one will be taken later.
        :param ambiguous: nobody knows whether AWS acted on the request.
        """
        super().__init__(message, hint=hint, more_info=more_info, retryable=retryable)
        self.code = code
        self.throttled = throttled
        self.ambiguous = ambiguous
