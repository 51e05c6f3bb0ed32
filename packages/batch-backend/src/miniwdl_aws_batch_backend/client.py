"""
The edge to AWS: the one boto3 client of the process, and the one place that knows how requests fail.

Requests are repeated here and not by botocore, which would also repeat a SubmitJob that may have been carried out.
"""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING, Any

from miniwdl_aws_batch_backend.errors import BatchRequestError
from miniwdl_aws_core.aws.surprises import NOT_AWS, in_words, is_page, lacks_credentials
from miniwdl_aws_hooks import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mypy_boto3_batch import BatchClient

__all__ = ["ATTEMPTS", "BatchApi", "connect", "translate"]

CONCURRENCY = 32
"""Requests in flight at once, and connections kept."""

ATTEMPTS = 8
"""Tries of a request: with the pauses between them, a service that is away for half a minute fails no run."""

_THROTTLED = frozenset(
    {"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded", "ThrottledException"}
)
_FORBIDDEN = frozenset({"AccessDeniedException", "AccessDenied", "UnauthorizedOperation"})
_CREDENTIALS = frozenset(
    {"ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", "InvalidClientTokenId",
     "InvalidSignatureException", "MissingAuthenticationTokenException"}
)  # fmt: skip
_NOT_SENT = frozenset({"EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError"})
"""botocore's exceptions for requests that never left."""
_NOT_CONFIGURED = frozenset({"NoCredentialsError", "PartialCredentialsError", "ProfileNotFound", "SSOError"})
"""botocore's exceptions, or bases of them, that only the user can do something about."""
_ANSWERS: Mapping[str, tuple[str, Sequence[str]]] = {
    "describe_job_definitions": ("jobDefinitions", ("jobDefinitionArn", "revision")),
    "describe_job_queues": ("jobQueues", ()),
    "describe_jobs": ("jobs", ("jobId", "status")),
    "list_jobs": ("jobSummaryList", ("jobId",)),
    "register_job_definition": ("jobDefinitionArn", ()),
    "submit_job": ("jobId", ()),
}
"""What answers must have, and each item where it is a list: of a proxy's page, botocore makes an empty answer."""


def connect(region: str | None) -> BatchClient:
    """
    Make the client.

    :param region: from ``[aws] region``; when ``None``, that of the AWS configuration or of this instance.
    """
    import boto3
    from botocore.config import Config

    config = Config(
        retries={"total_max_attempts": 1},
        connect_timeout=10,
        read_timeout=30,
        max_pool_connections=CONCURRENCY,
        user_agent_extra="miniwdl-aws-batch-backend",
    )
    client: BatchClient | None = None
    try:
        session = boto3.Session()
        region = region or session.region_name or _instance_region()
        if region:
            client = session.client("batch", region_name=region, config=config)
    except Exception as exc:
        raise translate(exc, "configuration") from exc
    if client is None:
        raise ConfigurationError(
            "no AWS region is configured",
            hint="set [aws] region (MINIWDL__AWS__REGION), or AWS_DEFAULT_REGION, or a region in ~/.aws/config",
        )
    return client


def _instance_region() -> str | None:
    from botocore.utils import InstanceMetadataRegionFetcher

    region: str | None = InstanceMetadataRegionFetcher(timeout=1, num_attempts=2).retrieve_region()
    return region


def translate(exc: Exception, operation: str) -> BatchRequestError:
    """
    Turn whatever a request raised into our own error.

    botocore lets anything through that happens on the way: what is none of its own exceptions may pass, as an outage
    does, and leaves it open whether AWS acted on the request.
    """
    response = getattr(exc, "response", None)
    name = type(exc).__name__
    kinds = {kind.__name__ for kind in type(exc).__mro__}
    if name == "ParamValidationError":
        hint = "see [aws] container_properties and plugins that add to jobs"
        return BatchRequestError(f"the request for {operation} is malformed: {exc}", code=name, hint=hint)
    if kinds & _NOT_CONFIGURED or lacks_credentials(exc):
        return BatchRequestError(
            f"there are no AWS credentials for {operation}: {in_words(exc)}",
            code=name,
            retryable=not kinds & _NOT_CONFIGURED,
            hint="configure credentials as for the AWS CLI: https://docs.aws.amazon.com/cli/latest/userguide/",
        )
    if "ClientError" in kinds and response:
        return _refused(response, operation)
    if "BotoCoreError" in kinds:
        message = f"AWS Batch could not be reached for {operation}: {in_words(exc)}"
        return BatchRequestError(message, code=name, ambiguous=name not in _NOT_SENT, retryable=True)
    return _unusable(operation, in_words(exc), name)


def _unusable(operation: str, what: str, code: str) -> BatchRequestError:
    message = f"AWS Batch gave no usable answer for {operation}: {what}"
    return BatchRequestError(message, code=code, ambiguous=True, retryable=True, hint=NOT_AWS)


def _refused(response: Mapping[str, Any], operation: str) -> BatchRequestError:
    code = str(response.get("Error", {}).get("Code", "Unknown"))
    text = response.get("Error", {}).get("Message", "")
    metadata = response.get("ResponseMetadata", {})
    status = int(metadata.get("HTTPStatusCode", 0))
    throttled = code in _THROTTLED or status == 429
    broken = status >= 500 and not throttled
    if code.isdigit() and not throttled:
        # AWS gives its errors names; a bare status, with a page for its text, is somebody else's.
        return _unusable(operation, f"HTTP status {code}", code)
    hint: str | None = None
    if code in _FORBIDDEN:
        hint = f"the role of this process needs the permission for batch:{operation.title().replace('_', '')}"
    elif code in _CREDENTIALS:
        hint = "the AWS credentials of this process are invalid or have expired"
    return BatchRequestError(
        f"AWS Batch refused {operation.title().replace('_', '')} ({code}): {text}",
        code=code,
        throttled=throttled,
        ambiguous=broken,
        retryable=throttled or broken,
        hint=hint,
        more_info={"requestId": metadata["RequestId"]} if "RequestId" in metadata else None,
    )


def _lacking(operation: str, answer: Mapping[str, Any]) -> str | None:
    """Name what an answer must have and lacks."""
    if operation not in _ANSWERS:
        return "all but a page" if is_page(answer) else None
    name, members = _ANSWERS[operation]
    if name not in answer:
        return name
    return next((member for member in members if any(member not in item for item in answer[name])), None)


class BatchApi:
    """AWS Batch with translated errors, repeated requests and a limit on those in flight."""

    MAX_BACKOFF = 10.0

    def __init__(
        self,
        client: Any,
        attempts: int = ATTEMPTS,
        *,
        sleep: Callable[[float], object] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """
        Talk through a client.

        :param client: boto3's, or a fake with its methods.
        :param attempts: how often a request is tried, unless the caller does that itself.
        """
        self._client = client
        self._attempts = attempts
        self._sleep = sleep
        self._jitter = jitter
        self._slots = threading.BoundedSemaphore(CONCURRENCY)

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        """
        Send a request that does no harm when it is carried out twice.

        :param operation: method of the client, ``describe_jobs`` for instance.
        :raises BatchRequestError: when it was refused, or failed too often.
        """
        attempt = 1
        while True:
            try:
                return self.call_once(operation, **request)
            except BatchRequestError as exc:
                if not exc.retryable or attempt >= self._attempts:
                    raise
                self._sleep(min(self.MAX_BACKOFF, 0.25 * 2**attempt) * (0.5 + self._jitter() / 2))
                attempt += 1

    def call_once(self, operation: str, **request: Any) -> dict[str, Any]:
        """
        Send a request once.

        :raises BatchRequestError: whatever happened, an answer without what the operation always tells included.
        """
        send = getattr(self._client, operation)
        with self._slots:
            try:
                answer: dict[str, Any] = send(**request)
            except Exception as exc:
                raise translate(exc, operation) from exc
        if missing := _lacking(operation, answer):
            raise _unusable(operation, f"it lacks {missing}", "MalformedAnswer")
        return answer

    def describe(self, job_ids: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        """JobDetails of at most 100 jobs; those unknown to AWS are absent."""
        jobs: Sequence[Mapping[str, Any]] = self.call("describe_jobs", jobs=list(job_ids))["jobs"]
        return jobs
